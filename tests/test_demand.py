"""Demand: worked towns, brute force minute by minute, and what is conserved."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, demand, schema, tracks
from stationgeo.errors import ColumnError, DataError, ParameterError

SHANGHAI = "Asia/Shanghai"
RESOLUTION = 10
MONDAY = "2024-05-06"  # in Shanghai (UTC+8) it begins at 16:00 UTC on Sunday


def stops_of(*rows: tuple[str, str, float, float, float], tz: str = SHANGHAI) -> pd.DataFrame:
    """STOPS of (courier, local start, seconds, lon, lat)."""
    courier, start, seconds, lon, lat = zip(*rows, strict=True)
    begin = pd.to_datetime(list(start)).tz_localize(tz).tz_convert("UTC").as_unit("ms")
    lasting = pd.to_timedelta(list(seconds), unit="s").as_unit("ms")
    return pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series(courier, dtype="str"),
            "lon": np.array(lon, dtype=float),
            "lat": np.array(lat, dtype=float),
            "start": begin,
            "end": begin + lasting,
            "duration_s": np.array(seconds, dtype=float),
            "n_fixes": 2,
            "purpose": "unknown",
            "cut": False,
        }
    )


def events_of(*rows: tuple[float, float, float, str | None], tz: str = SHANGHAI, **more: Any) -> pd.DataFrame:  # noqa: ANN401
    """EVENTS of (lon, lat, weight, local time or None)."""
    lon, lat, weight, time = zip(*rows, strict=True)
    shown = pd.Series(pd.to_datetime(list(time))).dt.tz_localize(tz).dt.tz_convert("UTC").astype("datetime64[ms, UTC]")
    return pd.DataFrame({"lon": lon, "lat": lat, "weight": weight, "t": shown} | more)


def zones_of(**boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """Grids given as west, south, east, north."""
    table = {"zone_id": list(boxes), "level": "grid", "parent_id": "", "name": list(boxes)}
    return gpd.GeoDataFrame(table, geometry=[shapely.box(*box) for box in boxes.values()], crs="EPSG:4326")


def dates(*text: str) -> pd.DataFrame:
    return pd.DataFrame({"date": list(text), "weekday": pd.to_datetime(list(text)).day_of_week})


def total(table: pd.DataFrame, column: str) -> float:
    return float((table[column] * table["observed_days"]).sum())


# Two grids side by side, the border at 114.06 E.
TOWN = zones_of(west=(114.04, 22.5, 114.06, 22.6), east=(114.06, 22.5, 114.08, 22.6))


# Stops: worked examples


def test_a_town_of_two_couriers_by_hand() -> None:
    stops = stops_of(
        ("a", f"{MONDAY} 14:50", 1_800, 114.05, 22.55),  # bin 14: 600 s, bin 15: 1,200 s
        ("a", f"{MONDAY} 16:00", 600, 114.07, 22.55),  # bin 16
        ("b", f"{MONDAY} 15:10", 300, 114.05, 22.55),  # bin 15, where a is
    )
    table = demand.from_stops(stops, zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI)
    schema.validate(table, schema.DEMAND)
    west, east = cells.from_lonlat([114.05, 114.07], [22.55, 22.55], resolution=RESOLUTION)
    got = table.set_index(["zone_id", "bin"]).sort_index()
    assert set(table["cell"]) == {west, east}
    assert got["courier_s"].to_dict() == {("east", 16): 600, ("west", 14): 600, ("west", 15): 1_500}
    assert got["visits"].to_dict() == {("east", 16): 1, ("west", 14): 1, ("west", 15): 1}  # a's first began in 14
    # Courier-day a: 2,400 s, of which 600, 1,200 and 600 in the three; b: all in one. 0.25, 0.5 + 1, 0.25.
    assert got["courier_weight"].to_dict() == {("east", 16): 0.25, ("west", 14): 0.25, ("west", 15): 1.5}
    assert got["couriers"].to_dict() == {("east", 16): 1, ("west", 14): 1, ("west", 15): 2}
    assert set(got["observed_days"]) == {1}


def test_values_are_averages_per_observed_day_of_the_weekday() -> None:
    # Three Mondays and a Tuesday were observed. Monday 10:00 has 600 s on one of the Mondays and 300 s on another:
    # 900 / 3 = 300 s a Monday. Tuesday 10:00 has 90 s on one Tuesday. The same courier on both Mondays is one courier.
    stops = stops_of(
        ("a", f"{MONDAY} 10:00", 600, 114.05, 22.55),
        ("a", "2024-05-13 10:00", 300, 114.05, 22.55),
        ("a", "2024-05-14 10:00", 90, 114.05, 22.55),
    )
    seen = dates(MONDAY, "2024-05-13", "2024-05-20", "2024-05-14")
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI, observed=seen).set_index("bin")
    assert table["courier_s"].to_dict() == {10: pytest.approx(300), 34: 90}
    assert table["visits"].to_dict() == {10: pytest.approx(2 / 3), 34: 1}
    assert table["courier_weight"].to_dict() == {10: pytest.approx(2 / 3), 34: 1}  # a courier-day each, per Monday
    assert table["couriers"].to_dict() == {10: 1, 34: 1}
    assert table["observed_days"].to_dict() == {10: 3, 34: 1}
    by_default = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI).set_index("bin")
    assert by_default["courier_s"].to_dict() == {10: 450, 34: 90}  # two Mondays had stops


def test_a_stop_over_midnight_belongs_to_the_courier_day_of_its_start() -> None:
    # Sunday 23:30 to Monday 01:00, 5,400 s: bins 167 (1,800 s) and 0 (3,600 s); one courier-day, weights 1/3 and 2/3.
    stops = stops_of(("a", "2024-05-05 23:30", 5_400, 114.05, 22.55))
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI).set_index("bin")
    assert table["courier_s"].to_dict() == {0: 3_600, 167: 1_800}
    assert table["courier_weight"].to_dict() == {0: pytest.approx(2 / 3), 167: pytest.approx(1 / 3)}
    assert table["visits"].to_dict() == {0: 0, 167: 1}


def test_a_stop_gets_its_zone_from_its_own_position_even_within_one_cell() -> None:
    # 2 m to either side of the border: one cell, two zones.
    stops = stops_of(("a", f"{MONDAY} 10:00", 60, 114.05998, 22.55), ("a", f"{MONDAY} 10:05", 30, 114.06002, 22.55))
    table = demand.from_stops(stops, zones=TOWN, resolution=7, tz=SHANGHAI)
    assert len(set(table["cell"])) == 1
    assert table.set_index("zone_id")["courier_s"].to_dict() == {"east": 30, "west": 60}
    outside = demand.from_stops(stops.assign(lat=23.5), zones=TOWN, resolution=7, tz=SHANGHAI)
    assert outside["zone_id"].tolist() == [schema.OUTSIDE]


def test_stops_of_no_length_share_their_courier_day_equally() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:00", 0, 114.05, 22.55), ("a", f"{MONDAY} 11:00", 0, 114.05, 22.55))
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    assert table["courier_weight"].tolist() == [0.5, 0.5]
    assert table["visits"].tolist() == [1, 1]


def test_paris_counts_the_hour_shown_twice_on_one_sunday() -> None:
    # 27 October 2024: 02:00-03:00 is shown twice. From 01:30 summer time 9,000 s: 1,800 s in hour 1, 7,200 s in hour 2.
    stops = stops_of(("a", "2024-10-27 01:30", 9_000, 2.35, 48.85), tz="Europe/Paris")
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz="Europe/Paris").set_index("bin")
    assert table["courier_s"].to_dict() == {6 * 24 + 1: 1_800, 6 * 24 + 2: 7_200}


def test_kolkata_strikes_the_hour_at_half_past_utc() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:50", 1_200, 77.2, 28.6), tz="Asia/Kolkata")
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz="Asia/Kolkata").set_index("bin")
    assert table["courier_s"].to_dict() == {10: 600, 11: 600}


def test_no_stops_give_no_demand() -> None:
    table = demand.from_stops(
        schema.empty(schema.STOPS), zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI, observed=dates(MONDAY)
    )
    pd.testing.assert_frame_equal(table, schema.empty(schema.DEMAND))


def test_kinds_of_columns_are_those_of_the_contract() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:00", 60, 114.05, 22.55))
    table = demand.from_stops(stops, zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI)
    assert table.dtypes.to_dict() == schema.empty(schema.DEMAND).dtypes.to_dict()
    assert list(table.columns) == list(schema.DEMAND.required)


# Stops: bad input


def test_stops_on_a_date_that_was_not_observed_are_refused() -> None:
    stops = stops_of(("a", f"{MONDAY} 23:59", 120, 114.05, 22.55))
    with pytest.raises(DataError, match=r"1 of 2 dates are not: '2024-05-07'"):
        demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI, observed=dates(MONDAY))


def test_observed_dates_that_contradict_themselves_are_refused() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:00", 60, 114.05, 22.55))

    def run(observed: pd.DataFrame) -> pd.DataFrame:
        return demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI, observed=observed)

    with pytest.raises(DataError, match=r"weekday must be 0 for Monday.*1 of 1 dates break this: '2024-05-06'"):
        run(dates(MONDAY).assign(weekday=1))
    with pytest.raises(DataError, match="dates must be ISO text"):
        run(pd.DataFrame({"date": ["06.05.2024"], "weekday": [0]}))
    with pytest.raises(ColumnError, match="'weekday' is missing"):
        run(dates(MONDAY)[["date"]])
    repeated = run(pd.concat([dates(MONDAY), dates(MONDAY)]))
    assert set(repeated["observed_days"]) == {1}


def test_durations_that_are_not_end_minus_start_are_refused() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:00", 60, 114.05, 22.55))
    with pytest.raises(DataError, match=r"duration_s must be end - start in seconds; 1 of 1 stops break this"):
        demand.from_stops(stops.assign(duration_s=61.0), zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    in_us = stops.assign(start=stops["start"].astype("datetime64[us, UTC]"))
    by_half_a_millisecond = in_us.assign(end=in_us["start"] - pd.Timedelta(microseconds=500), duration_s=0.0)
    with pytest.raises(DataError, match="duration_s must be end - start"):
        demand.from_stops(by_half_a_millisecond, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    turned = stops.assign(start=stops["end"], end=stops["start"], duration_s=0.0)
    with pytest.raises(DataError, match="duration_s must be end - start"):
        demand.from_stops(turned, zones=None, resolution=RESOLUTION, tz=SHANGHAI)


def test_unknown_zones_of_time_and_repeated_stops_are_refused() -> None:
    stops = stops_of(("a", f"{MONDAY} 10:00", 60, 114.05, 22.55))
    with pytest.raises(ParameterError, match="did you mean 'Asia/Shanghai'"):
        demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz="Asia/Shanghi")
    with pytest.raises(DataError, match=r"STOPS: \(stop_id\) must be unique"):
        demand.from_stops(pd.concat([stops, stops]), zones=None, resolution=RESOLUTION, tz=SHANGHAI)


# Stops: brute force and laws

STOP = st.tuples(
    st.sampled_from("abc"),
    st.integers(0, 21 * 24 * 60),  # minutes after the first start
    st.integers(0, 400),  # minutes
    st.sampled_from([114.05, 114.0599, 114.0601, 114.2]),
    st.sampled_from([22.55, 22.551]),
)
ZONES_OF_TIME = {
    "Europe/Paris": "2024-03-20",
    "Asia/Shanghai": "2024-03-20",
    "Asia/Kolkata": "2024-03-20",
    "Australia/Lord_Howe": "2024-04-01",
}


def hypothesis_stops(rows: list[tuple[str, int, int, float, float]], tz: str) -> pd.DataFrame:
    first = pd.Timestamp(ZONES_OF_TIME[tz])
    written = [
        (who, str(first + pd.Timedelta(minutes=start)), 60.0 * minutes, lon, lat)
        for who, start, minutes, lon, lat in rows
    ]
    return stops_of(*written, tz="UTC")


def slow_demand(stops: pd.DataFrame, tz: str) -> pd.DataFrame:
    """Walk through every stop minute by minute with the standard library's clock."""
    zone = ZoneInfo(tz)
    seconds: dict[Any, float] = defaultdict(float)
    visits: dict[Any, float] = defaultdict(float)
    weight: dict[Any, float] = defaultdict(float)
    people: dict[Any, set[str]] = defaultdict(set)
    seen = set()
    began = stops["start"].dt.tz_convert(tz).dt.date
    per_day = stops.groupby([stops["courier_id"], began])["duration_s"].agg(["sum", "size"])
    for stop, date in zip(stops.itertuples(), began, strict=True):
        place = (
            int(cells.from_lonlat([stop.lon], [stop.lat], resolution=RESOLUTION)[0]),
            "west" if stop.lon < 114.06 else "east" if stop.lon < 114.08 else "",
        )
        minutes = int(stop.duration_s // 60)
        all_s, n = per_day.loc[(stop.courier_id, date)]
        for minute in range(max(minutes, 1)):
            shown = (stop.start + pd.Timedelta(minutes=minute)).to_pydatetime().astimezone(zone)
            key = (*place, shown.weekday() * 24 + shown.hour)
            seen.add(shown.date())
            people[key].add(stop.courier_id)
            seconds[key] += 60.0 if minutes else 0.0
            visits[key] += minute == 0
            weight[key] += 60.0 * bool(minutes) / all_s if all_s else 1.0 / n
    days = [sum(date.weekday() == weekday for date in seen) for weekday in range(7)]
    rows = [
        (*key, seconds[key] / n, visits[key] / n, weight[key] / n, float(len(people[key])), float(n))
        for key in sorted(people)
        for n in [days[key[2] // 24]]
    ]
    return pd.DataFrame(rows, columns=list(schema.DEMAND.required)).astype({"cell": "uint64", "zone_id": "str"})


@given(rows=st.lists(STOP, min_size=1, max_size=8), tz=st.sampled_from(list(ZONES_OF_TIME)))
@settings(max_examples=40, deadline=None)
def test_equals_a_walk_minute_by_minute(rows: list[tuple[str, int, int, float, float]], tz: str) -> None:
    stops = hypothesis_stops(rows, tz)
    table = demand.from_stops(stops, zones=TOWN, resolution=RESOLUTION, tz=tz)
    # Shares of a courier-day are whole numbers of 2 ** -40, each rounded once at either end.
    pd.testing.assert_frame_equal(table, slow_demand(stops, tz), rtol=1e-12, atol=len(rows) * 2.0**-40)


@given(rows=st.lists(STOP, min_size=1, max_size=30), tz=st.sampled_from(list(ZONES_OF_TIME)), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_seconds_visits_and_courier_days_are_conserved(
    rows: list[tuple[str, int, int, float, float]], tz: str, seed: int
) -> None:
    stops = hypothesis_stops(rows, tz)
    table = demand.from_stops(stops, zones=TOWN, resolution=RESOLUTION, tz=tz)
    schema.validate(table, schema.DEMAND)
    courier_days = stops.assign(date=stops["start"].dt.tz_convert(tz).dt.date).groupby(["courier_id", "date"]).ngroups
    assert total(table, "courier_s") == pytest.approx(stops["duration_s"].sum(), rel=1e-9)
    assert total(table, "visits") == pytest.approx(len(stops), rel=1e-9)
    assert total(table, "courier_weight") == pytest.approx(courier_days, rel=1e-9)
    shuffled = stops.sample(frac=1, random_state=seed)
    again = demand.from_stops(shuffled, zones=TOWN, resolution=RESOLUTION, tz=tz)
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_order_of_rows_does_not_matter_to_the_last_digit() -> None:
    # Two hundred unequal shares of one courier-day in one cell and hour, which add in some order.
    rng = np.random.default_rng(9)
    stops = stops_of(*[("a", f"{MONDAY} 10:00", float(s), 114.05, 22.55) for s in rng.integers(1, 600, 200)])
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    for seed in range(5):
        shuffled = stops.sample(frac=1, random_state=seed)
        again = demand.from_stops(shuffled, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
        pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_order_of_events_does_not_matter_to_the_last_digit() -> None:
    weights = np.random.default_rng(9).uniform(0, 1, 200)
    events = events_of(*[(114.05, 22.55, float(weight), None) for weight in weights])
    table = demand.from_events(events, zones=None, resolution=RESOLUTION, tz=None)
    for seed in range(5):
        shuffled = events.sample(frac=1, random_state=seed)
        again = demand.from_events(shuffled, zones=None, resolution=RESOLUTION, tz=None)
        pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_fixes_to_demand_conserve_seconds_whatever_the_resolution() -> None:
    rng = np.random.default_rng(2)
    n = 4_000
    fixes = pd.DataFrame(
        {
            "courier_id": pd.Series(np.repeat([f"{i}" for i in range(8)], n // 8), dtype="str"),
            "t": pd.Timestamp(MONDAY, tz="UTC") + pd.to_timedelta(np.tile(np.arange(n // 8) * 60, 8), unit="s"),
            "lon": 114.06 + np.repeat(rng.normal(0, 0.01, n // 20), 20),
            "lat": 22.55 + np.repeat(rng.normal(0, 0.01, n // 20), 20),
        }
    )
    stops = tracks.find_stops(fixes, radius_m=50, min_duration_s=300, max_gap_s=900)
    seen = tracks.observed_dates(fixes["t"], tz=SHANGHAI)
    assert len(stops) == n // 20
    for resolution in (8, 10, 12):
        table = demand.from_stops(stops, zones=TOWN, resolution=resolution, tz=SHANGHAI, observed=seen)
        assert total(table, "courier_s") == pytest.approx(stops["duration_s"].sum(), rel=1e-9)


# Events


def test_timed_and_untimed_events_side_by_side() -> None:
    # Monday 10:00 twice (two Mondays), untimed once; all in one place.
    events = events_of(
        (114.05, 22.55, 4.0, f"{MONDAY} 10:15"),
        (114.05, 22.55, 2.0, "2024-05-13 10:59"),
        (114.05, 22.55, 7.0, None),
    )
    table = demand.from_events(events, zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI)
    schema.validate(table, schema.DEMAND)
    assert table["bin"].tolist() == [-1, 10]
    assert table["visits"].tolist() == [7.0, 3.0]
    assert table["observed_days"].tolist() == [1.0, 2.0]
    assert table["courier_s"].tolist() == [0, 0]
    assert table["courier_weight"].tolist() == [0, 0]
    assert table["couriers"].isna().all()
    assert set(table["zone_id"]) == {"west"}
    assert table.dtypes.to_dict() == schema.empty(schema.DEMAND).dtypes.to_dict()


def test_events_of_known_couriers_count_them_once() -> None:
    events = events_of(*[(114.05, 22.55, 1.0, f"{MONDAY} 10:15")] * 3, courier_id=["a", "a", "b"])
    table = demand.from_events(events, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    assert table["couriers"].tolist() == [2]
    unsure = demand.from_events(
        events.assign(courier_id=["a", None, "b"]), zones=None, resolution=RESOLUTION, tz=SHANGHAI
    )
    assert unsure["couriers"].isna().all()


def test_events_need_a_time_zone_only_where_timed() -> None:
    events = events_of((114.05, 22.55, 1.0, f"{MONDAY} 10:15"), (114.05, 22.55, 1.0, None))
    with pytest.raises(ParameterError, match=r"tz is needed.*1 of 2 events are timed"):
        demand.from_events(events, zones=None, resolution=RESOLUTION, tz=None)
    for untimed in (events.drop(columns="t"), events.iloc[1:]):
        table = demand.from_events(untimed, zones=None, resolution=RESOLUTION, tz=None)
        assert table["bin"].tolist() == [-1]


def test_observed_days_hold_for_events_too() -> None:
    events = events_of((114.05, 22.55, 6.0, f"{MONDAY} 10:15"), (114.05, 22.55, 0.0, "2024-05-13 08:00"))
    # The event of weight 0 counts nothing, but somebody kept records on that second Monday.
    table = demand.from_events(events, zones=None, resolution=RESOLUTION, tz=SHANGHAI)
    assert table["visits"].tolist() == [3.0]
    seen = dates(MONDAY, "2024-05-13", "2024-05-20")
    third = demand.from_events(events, zones=None, resolution=RESOLUTION, tz=SHANGHAI, observed=seen)
    assert third["visits"].tolist() == [2.0]
    with pytest.raises(DataError, match=r"every local date with events.*'2024-05-13'"):
        demand.from_events(events, zones=None, resolution=RESOLUTION, tz=SHANGHAI, observed=dates(MONDAY))


def test_nothing_counted_gives_no_demand() -> None:
    for events in (schema.empty(schema.EVENTS), events_of((114.05, 22.55, 0.0, None))):
        table = demand.from_events(events, zones=TOWN, resolution=RESOLUTION, tz=None)
        pd.testing.assert_frame_equal(table, schema.empty(schema.DEMAND))


EVENT = st.tuples(
    st.sampled_from([114.05, 114.0599, 114.0601, 114.2]),
    st.sampled_from([22.55, 22.551]),
    st.floats(0, 1e6, allow_subnormal=False),
    st.sampled_from([None, f"{MONDAY} 10:15", "2024-05-13 10:20", "2024-05-14 00:00"]),
)


@given(rows=st.lists(EVENT, min_size=1, max_size=20), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_weights_of_events_are_conserved(rows: list[tuple[float, float, float, str | None]], seed: int) -> None:
    events = events_of(*rows)
    table = demand.from_events(events, zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI)
    assert total(table, "visits") == pytest.approx(events["weight"].sum(), rel=1e-9)
    again = demand.from_events(events.sample(frac=1, random_state=seed), zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI)
    pd.testing.assert_frame_equal(again, table, check_exact=True)


# Merging and totals


def demand_of(*rows: tuple[int, str, int, float, float, float, float]) -> pd.DataFrame:
    """DEMAND of (cell, zone, bin, seconds, visits, weight, couriers); two Mondays, three Tuesdays, else one day."""
    table = pd.DataFrame(rows, columns=list(schema.DEMAND.required)[:-1])
    days = table["bin"].floordiv(24).map({0: 2.0, 1: 3.0}).fillna(1.0)
    return table.assign(observed_days=days).astype({"cell": "uint64", "zone_id": "str"})


ROW = st.tuples(
    st.integers(1, 3),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from([-1, 0, 5, 30, 167]),
    *[st.floats(0, 1e6, allow_subnormal=False)] * 3,
    st.one_of(st.integers(0, 9).map(float), st.just(float("nan"))),
)
TABLE = st.lists(ROW, max_size=6, unique_by=lambda row: row[:3]).map(
    lambda rows: demand_of(*rows) if rows else schema.empty(schema.DEMAND)
)


def assert_same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, rtol=1e-12, atol=1e-12)


@given(a=TABLE, b=TABLE, c=TABLE)
@settings(max_examples=60, deadline=None)
def test_merging_is_associative_and_commutative_and_conserves(
    a: pd.DataFrame, b: pd.DataFrame, c: pd.DataFrame
) -> None:
    together = demand.merge([a, b, c])
    schema.validate(together, schema.DEMAND)
    assert_same(demand.merge([demand.merge([a, b]), c]), together)
    assert_same(demand.merge([a, demand.merge([b, c])]), together)
    assert_same(demand.merge([c, a, b]), together)
    for column in ("courier_s", "visits", "courier_weight"):
        parts = sum(total(table, column) for table in (a, b, c))
        assert total(together, column) == pytest.approx(parts, rel=1e-12, abs=1e-12)


def test_couriers_apart_merge_to_the_demand_of_all() -> None:
    rng = np.random.default_rng(3)
    rows = [
        (who, str(pd.Timestamp(MONDAY) + pd.Timedelta(minutes=int(start))), 60.0 * minutes, 114.05 + shift, 22.55)
        for who, start, minutes, shift in zip(
            rng.choice(list("abcdef"), 300),
            rng.integers(0, 10 * 24 * 60, 300),
            rng.integers(1, 200, 300),
            rng.choice([0.0, 0.02], 300),
            strict=True,
        )
    ]
    stops = stops_of(*rows)
    seen = dates(*[str(day.date()) for day in pd.date_range(MONDAY, periods=12)])

    def run(part: pd.DataFrame) -> pd.DataFrame:
        return demand.from_stops(part, zones=TOWN, resolution=RESOLUTION, tz=SHANGHAI, observed=seen)

    half = stops["courier_id"].isin(["a", "b", "c"])
    assert_same(demand.merge([run(stops[half]), run(stops[~half])]), run(stops))


def test_days_apart_merge_with_the_dates_of_all() -> None:
    # 600 s on one Monday, 300 s on the next: averages of one day each, 450 s over both.
    stops = stops_of(("a", f"{MONDAY} 10:00", 600, 114.05, 22.55), ("a", "2024-05-13 10:00", 300, 114.05, 22.55))

    def run(part: pd.DataFrame) -> pd.DataFrame:
        return demand.from_stops(part, zones=None, resolution=RESOLUTION, tz=SHANGHAI)

    both = demand.merge([run(stops[:1]), run(stops[1:])], observed=dates(MONDAY, "2024-05-13"))
    assert both["courier_s"].tolist() == [450]
    assert both["visits"].tolist() == [1]
    assert both["observed_days"].tolist() == [2]
    assert both["couriers"].tolist() == [2]  # the caller vouched, wrongly: it is the same courier


def test_unlike_days_are_refused_and_so_are_too_few() -> None:
    monday = demand_of((1, "a", 0, 60.0, 1.0, 1.0, 1.0))
    more = demand_of((1, "a", 5, 60.0, 1.0, 1.0, 1.0)).assign(observed_days=3.0)
    with pytest.raises(DataError, match=r"differ for 1 weekdays: Monday 2 and 3\. Give observed="):
        demand.merge([monday, more])
    with pytest.raises(DataError, match="fewer days than a table for Monday"):
        demand.merge([monday, more], observed=dates(MONDAY, "2024-05-13"))
    untimed = demand_of((1, "a", -1, 0.0, 1.0, 0.0, 1.0))
    with pytest.raises(DataError, match="untimed demand 1 and 2"):
        demand.merge([untimed, untimed.assign(observed_days=2.0)])


def test_untimed_demand_merges_as_totals() -> None:
    untimed = demand_of((1, "a", -1, 0.0, 5.0, 0.0, 1.0))
    for observed in (None, dates(MONDAY, "2024-05-13")):
        both = demand.merge([untimed, untimed], observed=observed)
        assert both["visits"].tolist() == [10.0]
        assert both["observed_days"].tolist() == [1.0]


def test_unknown_couriers_stay_unknown_when_merged() -> None:
    known = demand_of((1, "a", 0, 60.0, 1.0, 0.5, 3.0), (2, "a", 0, 60.0, 1.0, 0.5, 3.0))
    unknown = demand_of((1, "a", 0, 60.0, 1.0, 0.5, float("nan")))
    merged = demand.merge([known, unknown])["couriers"]
    assert np.array_equal(merged, [np.nan, 3.0], equal_nan=True)


def test_merging_nothing_gives_nothing() -> None:
    pd.testing.assert_frame_equal(demand.merge([]), schema.empty(schema.DEMAND))


def test_totals_by_cell_zone_and_bin() -> None:
    table = demand_of(
        (1, "a", 0, 60.0, 1.0, 0.5, 1.0), (1, "", 0, 30.0, 2.0, 0.25, 1.0), (2, "a", 30, 5.0, 4.0, 0.25, 1.0)
    )
    assert demand.by_cell(table, weight="courier_s").to_dict("list") == {"cell": [1, 2], "courier_s": [90.0, 5.0]}
    assert demand.by_zone(table, weight="visits").to_dict("list") == {"zone_id": ["", "a"], "visits": [2.0, 5.0]}
    by_bin = demand.by_bin(table, weight="courier_weight")
    assert by_bin.to_dict("list") == {"bin": [0, 30], "courier_weight": [0.75, 0.25]}
    assert by_bin["bin"].dtype == np.int64


@pytest.mark.parametrize("helper", [demand.by_cell, demand.by_zone, demand.by_bin])
def test_what_does_not_add_is_not_totalled(helper: Any) -> None:  # noqa: ANN401
    table = demand_of((1, "a", 0, 60.0, 1.0, 0.5, 1.0))
    with pytest.raises(ParameterError, match="'couriers' does not add"):
        helper(table, weight="couriers")
    with pytest.raises(ParameterError, match="did you mean 'visits'"):
        helper(table, weight="visit")
