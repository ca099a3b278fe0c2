"""What stops were for: worked examples for each line of the rule, its edges, and its weight."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import crs, schema, tracks
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.tracks import Evidence, PurposeRule, assign_purpose, purpose_sensitivity
from stationgeo.tracks._evidence import favourite_places, in_hours, night_stays

TZ = "Asia/Shanghai"
PER_LON, PER_LAT = crs.metres_per_degree(22.54)
EMPTY = schema.empty(schema.STOPS)


def stops_of(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """STOPS of courier, local start (day hour:minute of May 2024), minutes, metres east of a place."""
    start = pd.to_datetime([f"2024-05-{row[1]}" for row in rows]).tz_localize(TZ).tz_convert("UTC").as_unit("ms")
    length = pd.to_timedelta([row[2] for row in rows], unit="min")
    table = pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series([row[0] for row in rows], dtype="str"),
            "lon": [114.05 + row[3] / PER_LON for row in rows],
            "lat": 22.54,
            "start": start,
            "end": (start + length).as_unit("ms"),
            "duration_s": length.total_seconds(),
            "n_fixes": 9,
            "purpose": pd.Series("unknown", index=range(len(rows)), dtype="str"),
            "cut": False,
        }
    )
    return schema.validate(table, schema.STOPS)


def stations_at(*east_m: float, **columns: Any) -> gpd.GeoDataFrame:  # noqa: ANN401
    table = pd.DataFrame({"station_id": [str(i) for i in range(len(east_m))], "kind": "warm_bee"} | columns)
    points = [shapely.Point(114.05 + east / PER_LON, 22.54) for east in east_m]
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def orders_of(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    """ORDERS of courier, local time, metres east, kind."""
    return pd.DataFrame(
        {
            "courier_id": pd.Series([row[0] for row in rows], dtype="str"),
            "t": pd.to_datetime([f"2024-05-{row[1]}" for row in rows]).tz_localize(TZ).tz_convert("UTC"),
            "lon": [114.05 + row[2] / PER_LON for row in rows],
            "lat": 22.54,
            "kind": [row[3] for row in rows],
        }
    )


def said(stops: pd.DataFrame, rule: tracks.Rule | None = None, **evidence: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    table = assign_purpose(stops, rule=rule or PurposeRule(), tz=TZ, **evidence).table
    return list(zip(table["purpose"], table["reason"], strict=True))


# Worked examples


def test_rest_is_long_enough_and_not_at_night() -> None:
    stops = stops_of(("a", "06 14:00", 10, 0), ("a", "06 15:00", 9.99, 0), ("a", "07 00:30", 30, 0))
    assert said(stops) == [("rest", "waking hours"), ("unknown", "too short"), ("unknown", "at night")]


def test_a_stay_longer_than_the_cap_is_counted_as_unknown() -> None:
    stops = stops_of(("a", "06 14:00", 180, 0), ("b", "06 14:00", 180.01, 0), ("c", "06 14:00", 400, 900))
    purposes = assign_purpose(stops, rule=PurposeRule(), tz=TZ, stations=stations_at(900.0))
    assert purposes.table["purpose"].tolist() == ["rest", "unknown", "unknown"]
    reasons = purposes.reasons.set_index("reason")
    assert reasons.loc["too long for rest", "stops"] == 1
    assert reasons.loc["too long for at_station", "hours"] == pytest.approx(400 / 60)


def test_overnight_is_home_and_so_is_that_place_by_day_after_two_nights() -> None:
    nights = [("a", "06 22:00", 500, 0), ("a", "07 22:00", 500, 60)]
    lunch = [("a", "08 12:00", 45, 30), ("a", "08 14:00", 45, 500), ("b", "08 12:00", 45, 30)]
    home, rest = ("home", "home place"), ("rest", "waking hours")
    assert said(stops_of(*nights, *lunch)) == [("home", "overnight")] * 2 + [home, rest, rest]
    # One night is an overnight stay, but no habit.
    assert said(stops_of(nights[0], *lunch)) == [("home", "overnight"), rest, rest, rest]


def test_overnight_counts_the_hours_of_one_night() -> None:
    # Three hours of 0-5 o'clock are needed: 22:00-3:00 has them, 22:00-2:59 has not, nor do 2 + 2 hours of two nights.
    stops = stops_of(("a", "06 22:00", 300, 0), ("b", "06 22:00", 299, 0), ("c", "07 03:00", 23 * 60, 0))
    assert [purpose for purpose, _ in said(stops)] == ["home", "unknown", "unknown"]


def test_nights_in_silence_tell_where_home_is() -> None:
    start = pd.to_datetime(["2024-05-06 23:00", "2024-05-07 23:00"]).tz_localize(TZ).tz_convert("UTC")
    silences = pd.DataFrame(
        {
            "courier_id": pd.Series(["a", "a"], dtype="str"),
            "lon": 114.05,
            "lat": 22.54,
            "start": start,
            "end": start + pd.Timedelta(hours=7),
            "duration_s": 25_200.0,
        }
    )
    stops = stops_of(("a", "08 12:00", 45, 30), ("b", "08 12:00", 45, 30))
    assert said(stops) == [("rest", "waking hours")] * 2
    assert said(stops, silences=silences) == [("home", "home place"), ("rest", "waking hours")]


def test_orders_explain_stops_of_their_courier_near_them_in_space_and_time() -> None:
    stops = stops_of(("a", "06 12:00", 12, 0), ("a", "06 13:00", 12, 0), ("b", "06 12:00", 12, 0))
    orders = orders_of(
        ("a", "06 12:05", 99.0, "pick_up"),  # inside
        ("a", "06 12:06", 101.0, "drop_off"),  # too far
        ("a", "06 13:17", 50.0, "drop_off"),  # five minutes after the end: still in time
        ("a", "06 13:18", 10.0, "pick_up"),  # nearer, but too late
        ("c", "06 12:05", 0.0, "pick_up"),  # somebody else's
    )
    assert said(stops, orders=orders) == [("pick_up", "order"), ("drop_off", "order"), ("rest", "waking hours")]
    nearer = pd.concat([orders, orders_of(("a", "06 12:11", 10.0, "drop_off"))], ignore_index=True)
    assert said(stops, orders=nearer)[0] == ("drop_off", "order")


def test_stops_at_stations_that_were_there() -> None:
    stops = stops_of(("a", "06 14:00", 5, 49), ("a", "06 15:00", 30, 51), ("a", "08 00:10", 20, 1_000))
    days = {"valid_from": pd.to_datetime(["2024-01-01", None], utc=True)}
    days["valid_to"] = pd.to_datetime([None, "2024-05-06 16:00"], utc=True)  # 7 May, 0:00 in Shanghai: the last day
    assert said(stops, stations=stations_at(0.0, 1_000.0, **days)) == [
        ("at_station", "station"),
        ("rest", "waking hours"),
        ("unknown", "at night"),
    ]
    days["valid_to"] = pd.to_datetime([None, "2024-05-07 16:00"], utc=True)
    assert said(stops, stations=stations_at(0.0, 1_000.0, **days))[2] == ("at_station", "station")


def test_clusters_are_no_stations() -> None:
    stops = stops_of(("a", "06 14:00", 30, 0))
    clusters = stations_at(0.0).assign(kind="warm_bee_street")
    assert said(stops, stations=clusters) == [("rest", "waking hours")]


def test_a_place_where_many_begin_their_days_is_a_depot_all_day() -> None:
    mornings = [(f"{i}", f"0{day} 08:00", 30, 10.0 * i) for i in range(5) for day in (6, 7)]
    later = [("0", "06 14:00", 30, 0), ("9", "06 14:00", 30, 0), ("9", "06 15:00", 30, 900)]
    depot, rest = ("depot", "morning place"), ("rest", "waking hours")
    assert said(stops_of(*mornings, *later)) == [depot] * 12 + [rest]
    # Four are too few; and who stopped elsewhere first does not begin there.
    assert said(stops_of(*mornings[2:], *later)) == [rest] * 11
    assert said(stops_of(*mornings, ("0", "06 07:00", 30, 5_000), ("0", "07 07:00", 30, 5_000))) == [rest] * 12


def test_known_places_come_before_what_is_guessed() -> None:
    stops = stops_of(("a", "06 14:00", 30, 0), ("a", "06 15:00", 5, 300), ("a", "06 16:00", 400, 0))
    places = pd.DataFrame({"lon": [114.05], "lat": [22.54], "purpose": ["depot"]})
    known = ("depot", "known place")
    assert said(stops, places=places, stations=stations_at(0.0)) == [known, ("unknown", "too short"), known]


def test_counts_add_up_to_all_stops() -> None:
    stops = stops_of(("a", "06 14:00", 30, 0), ("a", "06 15:00", 6, 300), ("b", "06 22:00", 600, 0))
    purposes = assign_purpose(stops, rule=PurposeRule(), tz=TZ)
    counts = purposes.counts.set_index("purpose")
    assert counts.index.tolist() == list(schema.PURPOSES)
    assert counts["stops"].to_dict() == dict.fromkeys(schema.PURPOSES, 0) | {"rest": 1, "unknown": 1, "home": 1}
    assert counts["hours"].sum() == pytest.approx((30 + 6 + 600) / 60)
    assert counts["hours_share"].sum() == pytest.approx(1.0)
    assert purposes.reasons["stops"].sum() == 3
    assert "rest: 1 stops, 0.5 h" in purposes._repr_html_()
    schema.validate(purposes.table, schema.STOPS)


def test_no_stops() -> None:
    purposes = assign_purpose(
        EMPTY, rule=PurposeRule(), tz=TZ, stations=stations_at(0.0), orders=orders_of(("a", "06 12:05", 9.0, "pick_up"))
    )
    assert purposes.table.empty
    assert purposes.counts["stops"].sum() == 0
    assert purposes.counts["hours_share"].isna().all()
    assert purpose_sensitivity(EMPTY, rules={"one": PurposeRule()}, tz=TZ)["hours_share"].isna().all()


# The rule is a parameter


def test_any_callable_is_a_rule() -> None:
    def by_length(stops: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
        assert evidence.tz == TZ
        long = stops["duration_s"] > 1_200
        return pd.DataFrame({"purpose": np.where(long, "rest", "unknown"), "reason": "length"}, index=stops.index)

    stops = stops_of(("a", "06 14:00", 30, 0), ("a", "06 15:00", 15, 300))
    stops.index = pd.Index([7, 3])
    assert said(stops, by_length) == [("rest", "length"), ("unknown", "length")]


def test_rules_that_say_nonsense_are_refused() -> None:
    stops = stops_of(("a", "06 14:00", 30, 0))

    def refuses(answer: pd.DataFrame, match: str) -> None:
        with pytest.raises(DataError, match=match):
            assign_purpose(stops, rule=lambda _stops, _evidence: answer, tz=TZ)

    refuses(pd.DataFrame({"purpose": ["rest"]}), "column 'reason' is missing")
    refuses(pd.DataFrame({"purpose": ["rest"] * 2, "reason": "x"}), "its 2 rows are not the stops'")
    refuses(pd.DataFrame({"purpose": ["nap"], "reason": "x"}), "1 of 1 purposes are not: 'nap'")


def test_sensitivity_shows_what_hangs_on_the_rule() -> None:
    # 30 and 15 minutes: with 20 minutes asked for, the second is no rest; with a cap of 20, the first.
    stops = stops_of(("a", "06 14:00", 30, 0), ("a", "06 15:00", 15, 300))
    rules = {"as given": PurposeRule(), "long": PurposeRule(rest_min_s=1_200), "cap": PurposeRule(longest_stay_s=1_200)}
    table = purpose_sensitivity(stops, rules=rules, tz=TZ)
    assert table["rule"].tolist() == list(rules)
    assert table["hours"].tolist() == [0.75, 0.5, 0.25]
    assert table["hours_share"].tolist() == pytest.approx([1, 2 / 3, 1 / 3])
    assert table["hours_change_share"].tolist() == pytest.approx([0, -1 / 3, -2 / 3])
    assert table["unknown_hours"].tolist() == [0.0, 0.25, 0.5]
    none = purpose_sensitivity(stops, rules=rules, tz=TZ, counted=("home",))
    assert none["hours"].tolist() == [0, 0, 0]
    assert none["hours_change_share"].isna().all()
    with pytest.raises(ParameterError, match="Got 'nap' instead"):
        purpose_sensitivity(stops, rules=rules, tz=TZ, counted=("nap",))
    with pytest.raises(ParameterError, match="at least one rule"):
        purpose_sensitivity(stops, rules={}, tz=TZ)


def test_variants_differ_in_one_number_each() -> None:
    rules = PurposeRule().variants()
    assert next(iter(rules)) == "as given"
    assert rules["rest_min_s = 1200"] == PurposeRule(rest_min_s=1_200.0)
    assert rules["depot_min_couriers = 2"] == PurposeRule(depot_min_couriers=2)
    assert len(rules) == 1 + 2 * 9
    assert len(set(rules.values())) == len(rules)


# Bad input


def test_numbers_out_of_range_are_refused() -> None:
    for name in ("station_radius_m", "place_radius_m", "home_min_nights", "longest_stay_s"):
        with pytest.raises(ParameterError, match=f"{name} must be a finite number greater than 0"):
            PurposeRule(**{name: 0})
    with pytest.raises(ParameterError, match="rest_min_s must be a finite number of at least 0"):
        PurposeRule(rest_min_s=-1.0)
    with pytest.raises(ParameterError, match="night_hours must be two different hours"):
        PurposeRule(night_hours=(5, 5))


def test_evidence_that_breaks_its_contract_is_refused() -> None:
    stops = stops_of(("a", "06 14:00", 30, 0))
    with pytest.raises(ColumnError, match="'purpose' is missing"):
        said(stops, places=pd.DataFrame({"lon": [1.0], "lat": [1.0]}))
    with pytest.raises(DataError, match="1 of 1 are not: 'nap'"):
        said(stops, places=pd.DataFrame({"lon": [1.0], "lat": [1.0], "purpose": ["nap"]}))
    with pytest.raises(DataError, match="lon and lat must not be missing"):
        said(stops, places=pd.DataFrame({"lon": [np.nan], "lat": [1.0], "purpose": ["home"]}))
    with pytest.raises(DataError, match="must be one of pick_up, drop_off"):
        said(stops, orders=orders_of(("a", "06 12:05", 99.0, "picked")))
    with pytest.raises(ParameterError, match="IANA"):
        assign_purpose(stops, rule=PurposeRule(), tz="Shanghai")


# Laws and references

STOPS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(1, 9),
        st.integers(0, 23),
        st.sampled_from([5, 15, 90, 200, 500]),
        st.sampled_from([0, 40, 70, 300, 5_000]),
    ),
    min_size=1,
    max_size=25,
)


@given(rows=STOPS, shuffle=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_of_stops_does_not_matter(rows: list[tuple[str, int, int, int, int]], shuffle: Any) -> None:  # noqa: ANN401
    stops = stops_of(*((who, f"0{day} {hour:02d}:00", length, east) for who, day, hour, length, east in set(rows)))
    mixed = stops.iloc[shuffle.sample(range(len(stops)), len(stops))]
    rule = PurposeRule(depot_min_couriers=2)
    expected = assign_purpose(stops, rule=rule, tz=TZ, stations=stations_at(310.0)).table
    found = assign_purpose(mixed, rule=rule, tz=TZ, stations=stations_at(310.0)).table.sort_index()
    # Of several stops that begin at once the table's first is a day's first; that is all that order may decide.
    if not stops.duplicated(["courier_id", "start"]).any():
        pd.testing.assert_frame_equal(found, expected)


@given(rows=STOPS, first=st.integers(0, 23), length=st.integers(1, 23), min_h=st.sampled_from([0.25, 1.0, 2.5]))
@settings(max_examples=100, deadline=None)
def test_nights_are_those_counted_minute_by_minute(
    rows: list[tuple[str, int, int, int, int]], first: int, length: int, min_h: float
) -> None:
    stops = stops_of(*((who, f"0{day} {hour:02d}:10", minutes, 0) for who, day, hour, minutes, _ in rows))
    start_us, end_us = (
        stops[name].astype("datetime64[us, UTC]").astype("int64").to_numpy() for name in ("start", "end")
    )
    hours = (first, (first + length) % 24)
    found = night_stays(start_us, end_us, hours=hours, min_s=min_h * 3_600, tz=TZ)
    expected = []
    for row, stop in enumerate(stops.itertuples()):
        nights: dict[int, int] = {}
        for minute in pd.date_range(stop.start, stop.end, freq="min", inclusive="left").tz_convert(TZ):
            hour = int(minute.tz_localize(None).timestamp()) // 3_600
            if bool(in_hours(np.array([hour]), hours)[0]):
                night = (hour - first) // 24
                nights[night] = nights.get(night, 0) + 1
        expected += [(row, night) for night, minutes in nights.items() if minutes >= min_h * 60]
    assert list(zip(*(values.tolist() for values in found), strict=True)) == expected


def test_favourite_place_is_that_of_most_days() -> None:
    # Days 0 0 1 at A, 2 3 at B: two days each, and A is first. With a third day at B it is B. Who has one day has none.
    courier, day = np.array([0, 0, 0, 0, 0, 2]), np.array([0, 0, 1, 2, 3, 0])
    lon = np.array([114.0, 114.0, 114.0, 115.0, 115.0, 116.0])
    lat = np.full(6, 22.5)
    place, _ = favourite_places(courier, day, lon, lat, 3, 100.0, 2)
    assert place.tolist() == pytest.approx([114.0, np.nan, np.nan], nan_ok=True)
    more = [np.insert(values, 5, value) for values, value in ((courier, 0), (day, 4), (lon, 115.0), (lat, 22.5))]
    place, _ = favourite_places(*more, 3, 100.0, 2)
    assert place.tolist() == pytest.approx([115.0, np.nan, np.nan], nan_ok=True)
