"""Time that was seen, assumed or unknown: a walk over all pairs of fixes, what is conserved, and how parts add."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates import assert_same
from stationgeo import cells, crs, demand, io, sample, schema, tracks
from stationgeo.demand import _split
from stationgeo.errors import ColumnError, DataError
from stationgeo.store import DemandStore

if TYPE_CHECKING:
    from pathlib import Path

TZ = "Asia/Shanghai"
RESOLUTION = 10
RULE = {"radius_m": 100.0, "max_gap_s": 900.0}
LIMIT_S = 60.0
PLACES = (114.05, 114.07)
TOWN = gpd.GeoDataFrame(
    {"zone_id": ["west", "east"], "level": "grid", "parent_id": "", "name": ["W", "E"]},
    geometry=[shapely.box(114.04, 22.5, 114.06, 22.6), shapely.box(114.06, 22.5, 114.08, 22.6)],
    crs="EPSG:4326",
)
WHERE: dict[str, Any] = {"zones": TOWN, "resolution": RESOLUTION, "tz": TZ}


def fixes_of(rows: list[tuple[str, float, int]], *, begin: str = "2026-11-20 15:10", tz: str = TZ) -> pd.DataFrame:
    """FIXES of (courier, seconds since the fix before, place); begins late on a local Friday."""
    courier, steps, place = zip(*rows, strict=True)
    t = pd.Timestamp(begin).tz_localize(tz) + pd.to_timedelta(np.cumsum(steps), unit="s").round("ms")
    return pd.DataFrame(
        {
            "courier_id": pd.Series(courier, dtype="str"),
            "t": pd.DatetimeIndex(t).tz_convert("UTC").as_unit("ms"),
            "lon": [PLACES[p] for p in place],
            "lat": 22.55,
        }
    )


def found_in(fixes: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    stops = tracks.find_stops(fixes, **RULE, min_duration_s=300, detected_gap_s=LIMIT_S)
    return stops, tracks.find_silences(fixes, **RULE)


def slow_demand(fixes: pd.DataFrame, stops: pd.DataFrame, tz: str) -> dict[tuple[int, int, str], float]:
    """Seconds by (cell, hour of the week, class), from each pair of fixes in a row; interpolated time spread evenly."""
    per_lon, _ = crs.metres_per_degree(22.55)
    seconds: dict[tuple[int, int, str], float] = defaultdict(float)

    def add(lon: float, start: dt.datetime, end: dt.datetime, kind: str, factor: float = 1.0) -> None:
        cell = int(cells.from_lonlat([lon], [22.55], resolution=RESOLUTION)[0])
        at = start
        while at < end:
            local = at.astimezone(ZoneInfo(tz))
            left_s = 3_600 - (local.minute * 60 + local.second + local.microsecond / 1e6)
            until = min(end, at + dt.timedelta(seconds=left_s))
            hour = local.weekday() * 24 + local.hour
            seconds[cell, hour, kind] += (until - at).total_seconds() * factor
            at = until

    for courier, track in fixes.sort_values("t").groupby("courier_id"):
        own = stops[stops["courier_id"] == courier]
        unseen: dict[int, float] = defaultdict(float)
        for before, after in itertools.pairwise(track.itertuples()):
            gap_s = (after.t - before.t).total_seconds()
            within = own[(own["start"] <= before.t) & (own["end"] >= after.t)]
            if len(within):
                unseen[int(within.index[0])] += gap_s if gap_s > LIMIT_S else 0.0
            elif RULE["max_gap_s"] < gap_s <= 12 * 3_600 and abs(after.lon - before.lon) * per_lon <= RULE["radius_m"]:
                add((before.lon + after.lon) / 2, before.t.to_pydatetime(), after.t.to_pydatetime(), "unknown")
        for number, stop in own.iterrows():
            start, end = stop["start"].to_pydatetime(), stop["end"].to_pydatetime()
            share = unseen[int(number)] / stop["duration_s"]
            add(stop["lon"], start, end, "interpolated", share)
            add(stop["lon"], start, end, "detected", 1 - share)
    return {key: value for key, value in seconds.items() if value > 1e-6}


GAPS = st.sampled_from([12, 12, 59.999, 60, 60.001, 300, 600, 899, 900, 901, 3_600, 20_000, 43_200, 43_200.001, 90_000])
ROWS = st.lists(st.tuples(st.sampled_from("abc"), GAPS, st.sampled_from([0, 0, 0, 1])), min_size=1, max_size=40)


@given(rows=ROWS, tz=st.sampled_from([TZ, "Asia/Kolkata", "Europe/Paris"]))
@settings(max_examples=80, deadline=None)
def test_each_second_is_detected_interpolated_or_unknown_as_a_walk_says(
    rows: list[tuple[str, float, int]], tz: str
) -> None:
    fixes = fixes_of(rows, tz=tz)
    stops, silences = found_in(fixes)
    observed = tracks.observed_dates(fixes["t"], tz=tz)
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=tz, observed=observed, silences=silences)
    schema.validate(table, schema.DEMAND)
    got: dict[tuple[int, int, str], float] = {}
    for row in table.itertuples() if len(table) else ():
        n = row.observed_days
        parts = {"interpolated": row.interpolated_s, "detected": row.courier_s - row.interpolated_s}
        for kind, value in (parts | {"unknown": row.unknown_s}).items():
            if value * n > 2e-6:  # the share of an hour is a whole number of microseconds
                got[row.cell, row.bin, kind] = value * n
    expected = {key: value for key, value in slow_demand(fixes, stops, tz).items() if value > 2e-6}
    assert set(got) == set(expected)
    for key, value in got.items():
        assert value == pytest.approx(expected[key], abs=1e-5)


@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_sums_are_conserved_to_the_microsecond_and_no_part_is_more_than_its_whole(
    rows: list[tuple[str, float, int]],
) -> None:
    stops, silences = found_in(fixes_of(rows))
    sums = demand.aggregate(stops, silences=silences, **WHERE).sums
    assert sums["courier_us"].sum() == round(stops["duration_s"].sum() * 1e6)
    assert sums["interpolated_us"].sum() == round(stops["interpolated_s"].sum() * 1e6)
    kept = silences[silences["duration_s"] <= 43_200]
    assert sums["unknown_us"].sum() == round(kept["duration_s"].sum() * 1e6)
    assert len(kept) + len(demand.uncounted_silences(silences)) == len(silences)
    assert ((sums["interpolated_us"] >= 0) & (sums["interpolated_us"] <= sums["courier_us"])).all()
    assert (sums["unknown_us"] >= 0).all()


@given(rows=ROWS)
@settings(max_examples=40, deadline=None)
def test_silences_change_nothing_but_unknown_time(rows: list[tuple[str, float, int]]) -> None:
    fixes = fixes_of(rows)
    stops, silences = found_in(fixes)
    observed = tracks.observed_dates(fixes["t"], tz=TZ)
    with_them = demand.aggregate(stops, silences=silences, observed=observed, n_replicates=2, **WHERE)
    without = demand.aggregate(stops, observed=observed, n_replicates=2, **WHERE)
    one, other = demand.read_out(with_them), demand.read_out(without)
    if len(other):
        rest = one[one["couriers"] > 0].drop(columns="unknown_s").reset_index(drop=True)
        pd.testing.assert_frame_equal(rest, other, check_exact=True)
        assert "unknown_s" not in other
        if len(set(with_them.couriers["courier"])) == 1:
            with pytest.raises(DataError, match="fewer than 2 are there in all"):
                demand.release(with_them, k=2, coarsest_resolution=7)
            return
        released = [demand.release(part, k=2, most_share=1.0, coarsest_resolution=7) for part in (with_them, without)]
        pd.testing.assert_frame_equal(released[0].table, released[1].table, check_exact=True)
        assert released[0].entry == released[1].entry
    else:
        with pytest.raises(DataError, match="no demand to release"):
            demand.release(with_them, k=2, coarsest_resolution=7)
    only_silent = one[one["couriers"] == 0]
    amounts = [name for name in one.columns if name.startswith("courier_")]
    assert (only_silent[["visits", *amounts]] == 0).all(axis=None)


# Worked example


def test_a_courier_by_hand() -> None:
    # Friday in Shanghai, a fix at 15:10 and every 30 s until 15:20 (600 s seen), then steps of 10, 15, 15, 10 minutes
    # until 16:10: a stop of an hour, 3,000 s of it interpolated, of which 50/60 fall into hour 15: 2,500 s. Then silent
    # from 16:10 to 18:40: 3,000, 3,600 and 2,400 s.
    seen = [("a", 0 if n == 0 else 30, 0) for n in range(21)]
    later = [("a", step, 0) for step in (600, 900, 900, 600, 9_000)]
    fixes = fixes_of([*seen, *later])
    stops, silences = found_in(fixes)
    assert stops[["duration_s", "interpolated_s"]].to_numpy().tolist() == [[3_600.0, 3_000.0]]
    table = demand.from_stops(stops, silences=silences, **WHERE).set_index("bin")
    friday = 4 * 24
    assert table["courier_s"].to_dict() == {friday + 15: 3_000, friday + 16: 600, friday + 17: 0, friday + 18: 0}
    assert table["interpolated_s"].to_dict() == {friday + 15: 2_500, friday + 16: 500, friday + 17: 0, friday + 18: 0}
    assert table["unknown_s"].to_dict() == {friday + 15: 0, friday + 16: 3_000, friday + 17: 3_600, friday + 18: 2_400}
    assert table["couriers"].to_dict() == {friday + 15: 1, friday + 16: 1, friday + 17: 0, friday + 18: 0}
    assert table["visits"].sum() == 1
    assert set(table["zone_id"]) == {"west"}
    shares = demand.time_shares(table.reset_index())
    assert shares == demand.stop_time_shares(stops, silences=silences)
    assert (shares.detected_s, shares.interpolated_s, shares.unknown_s) == (600, 3_000, 9_000)
    assert str(shares) == ("3.5 h at one place: 4.8% detected, 23.8% interpolated (assumed), 71.4% unknown (no demand)")
    assert demand.by_bin(table.reset_index(), weight="unknown_s")["unknown_s"].tolist() == [0, 3_000, 3_600, 2_400]


def test_silences_have_groups_and_the_purpose_unknown() -> None:
    stops, silences = found_in(fixes_of([("a", 0, 0), ("a", 300, 0), ("a", 2_000, 0)]))
    stops = stops.assign(group="bike", purpose="rest")
    parts = demand.aggregate(stops, silences=silences.assign(group="bike"), **WHERE)
    assert set(parts.sums["group"]) == {"bike"}
    by_purpose = demand.read_out(parts, by=["purpose"]).groupby("purpose")[["courier_s", "unknown_s"]].sum()
    assert by_purpose.to_dict() == {
        "courier_s": {"rest": 300, "unknown": 0},
        "unknown_s": {"rest": 0, "unknown": 2_000},
    }
    # Whoever asks for rests alone is not told of unknown time: zero would be a lie.
    assert "unknown_s" not in demand.read_out(parts, purposes=["rest"])
    assert demand.read_out(parts, purposes=["rest", "unknown"])["unknown_s"].sum() == 2_000
    assert demand.read_out(parts, expansion={"bike": 3.0})["unknown_s"].sum() == 6_000


# Parts


@given(rows=ROWS, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_parts_add_bit_for_bit_in_any_order(rows: list[tuple[str, float, int]], seed: int) -> None:
    stops, silences = found_in(fixes_of(rows))
    whole = demand.aggregate(stops, silences=silences, n_replicates=1, **WHERE)
    parts = [
        demand.aggregate(
            stops[stops["courier_id"] == who],
            silences=silences[silences["courier_id"] == who],
            n_replicates=1,
            **WHERE,
        )
        for who in "abc"
    ]
    np.random.default_rng(seed).shuffle(parts)
    nothing = demand.aggregate(stops.iloc[:0], silences=silences.iloc[:0], n_replicates=1, **WHERE)
    assert_same(demand.combine(parts), whole)
    assert_same(demand.combine([parts[0], demand.combine([nothing, *parts[1:]])]), whole)
    assert_same(demand.from_arrow(demand.to_arrow(whole)), whole)
    parent = demand.coarsen(whole, resolution=7)
    added = ["courier_us", "interpolated_us", "unknown_us"]
    assert parent.sums[added].sum().tolist() == whole.sums[added].sum().tolist()


def test_what_one_part_does_not_tell_the_sum_does_not() -> None:
    stops, silences = found_in(fixes_of([("a", 0, 0), ("a", 300, 0), ("a", 2_000, 0)]))
    told = demand.aggregate(stops, silences=silences, **WHERE)
    untold = demand.aggregate(stops.drop(columns="interpolated_s"), **WHERE)
    some = demand.aggregate(stops.assign(interpolated_s=np.nan), silences=silences, **WHERE)
    assert (told.tells_interpolated, told.tells_unknown) == (True, True)
    assert (untold.tells_interpolated, untold.tells_unknown) == (False, False)
    assert (some.tells_interpolated, some.tells_unknown) == (False, True)
    assert (untold.sums[["interpolated_us", "unknown_us"]] == 0).all(axis=None)
    for parts in ([told, untold], [untold, told], [told, demand.combine([untold, told])]):
        both = demand.read_out(demand.combine(parts))
        assert not {"interpolated_s", "unknown_s"} & set(both.columns)
    assert set(demand.read_out(demand.combine([told, some])).columns) & set(demand.TIMES) == {"unknown_s"}


def test_a_store_of_an_older_version_is_read_and_says_that_it_does_not_tell(tmp_path: Path) -> None:
    stops, silences = found_in(fixes_of([("a", 0, 0), ("a", 300, 0), ("a", 2_000, 0)]))
    store = DemandStore.create(tmp_path, plan={})
    date = dt.date(2026, 11, 20)
    now = demand.aggregate(stops, silences=silences, **WHERE)
    store.put(date, now, provisional=False, about={})
    assert_same(store.read(), now)
    path = next((tmp_path / "parts").iterdir())
    table = pq.read_table(path).drop_columns(["interpolated_us", "unknown_us"])
    about = table.schema.metadata[b"stationgeo"].decode()
    for key in ("tells_interpolated", "tells_unknown"):
        about = about.replace(f', "{key}": true', "")
    assert "tells" not in about
    pq.write_table(table.replace_schema_metadata({b"stationgeo": about.encode()}), path)
    old = store.read()
    assert (old.tells_interpolated, old.tells_unknown) == (False, False)
    assert old.sums["courier_us"].tolist() == now.sums["courier_us"].tolist()
    assert (old.sums[["interpolated_us", "unknown_us"]] == 0).all(axis=None)
    table = demand.read_out(old)
    assert not set(demand.TIMES) & set(table.columns)
    with pytest.raises(ColumnError, match=r"'interpolated_s' is missing.*index old days again"):
        demand.time_shares(table)
    with pytest.raises(DataError, match="no aggregate"):
        demand.from_arrow(pa.table({name: [1] for name in now.sums.columns}))


# DEMAND of several sources


def demand_of(cell: int, courier_s: float, **times: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": np.array([cell], dtype=np.uint64), "zone_id": ["a"], "bin": [9], "courier_s": [courier_s],
            "visits": [1.0], "courier_weight": [0.0], "couriers": [1.0], "observed_days": [2.0],
        }
    ).assign(**times)  # fmt: skip


TELLS = demand_of(1, 60.0, interpolated_s=10.0, unknown_s=5.0)
SILENT = demand_of(1, 30.0)
EVENTS = demand_of(2, 0.0)
NAMES = {"tells": TELLS, "silent": SILENT, "events": EVENTS, "half": demand_of(1, 9.0, unknown_s=1.0)}


def test_merged_demand_tells_what_all_tell_and_events_have_no_say() -> None:
    both = demand.merge([TELLS, EVENTS, TELLS])
    assert both["interpolated_s"].tolist() == [20.0, 0.0]
    assert both["unknown_s"].tolist() == [10.0, 0.0]
    assert not set(demand.TIMES) & set(demand.merge([TELLS, SILENT]).columns)
    assert not set(demand.TIMES) & set(demand.merge([EVENTS, EVENTS]).columns)
    mondays = pd.DataFrame({"date": ["2024-05-06", "2024-05-13", "2024-05-20", "2024-05-27"], "weekday": 0})
    assert demand.merge([TELLS], observed=mondays)["unknown_s"].tolist() == [2.5]


@given(names=st.lists(st.sampled_from(list(NAMES)), min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_merging_tables_that_tell_and_do_not_is_associative_and_commutative(names: list[str]) -> None:
    a, b, c = (NAMES[name] for name in names)
    whole = demand.merge([a, b, c])
    for other in (
        demand.merge([c, a, b]),
        demand.merge([a, demand.merge([b, c])]),
        demand.merge([demand.merge([a, b]), c]),
    ):
        pd.testing.assert_frame_equal(whole, other)


# Whole numbers


@given(
    lengths=st.lists(st.lists(st.integers(0, 3_600_000_000), min_size=1, max_size=9), min_size=1, max_size=6),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_shares_of_whole_amounts_are_whole_and_complete(lengths: list[list[int]], data: st.DataObject) -> None:
    amount = np.array([data.draw(st.integers(0, sum(parts))) for parts in lengths])
    part_of = np.repeat(np.arange(len(lengths)), [len(parts) for parts in lengths])
    share = np.array([part for parts in lengths for part in parts])
    got = _split.apportioned(amount, part_of=part_of, share=share)
    assert np.bincount(part_of, weights=got).astype(int).tolist() == amount.tolist()
    assert (got >= 0).all()
    exact = share * (amount / np.maximum([sum(parts) for parts in lengths], 1))[part_of]
    assert np.abs(got - exact).max() <= 1 + 1e-3


# Tables as they are


def test_the_sample_city() -> None:
    fixes = io.read_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02").table
    stops = tracks.find_stops(fixes, **RULE, min_duration_s=300)
    silences = tracks.find_silences(fixes, **RULE)
    shares = demand.stop_time_shares(stops, silences=silences)
    # Fixes come every 10-15 s while an app is open; 73 % of what is unknown lies between 21:00 and 7:00.
    assert (shares.detected_s, shares.interpolated_s, shares.unknown_s) == (5_164_436, 462_885, 3_173_395)
    assert (shares.n_left_out, shares.left_out_s) == (106, 5_317_579)
    assert shares.detected_share + shares.interpolated_share + shares.unknown_share == pytest.approx(1)
    table = demand.from_stops(stops, zones=None, resolution=RESOLUTION, tz=TZ, silences=silences)
    hour = table["bin"] % 24
    unknown_s = table["unknown_s"] * table["observed_days"]
    assert unknown_s[(hour >= 21) | (hour < 7)].sum() / unknown_s.sum() == pytest.approx(0.73, abs=0.005)
    of_table = demand.time_shares(table)
    assert of_table.detected_s == pytest.approx(shares.detected_s)
    assert of_table.interpolated_s == pytest.approx(shares.interpolated_s)
    assert of_table.unknown_s == pytest.approx(shares.unknown_s)


def test_no_time_has_no_shares() -> None:
    stops, silences = found_in(fixes_of([("a", 0, 0)]))
    shares = demand.stop_time_shares(stops, silences=silences)
    assert np.isnan([shares.detected_share, shares.interpolated_share, shares.unknown_share]).all()
    assert str(shares) == "there is no time at one place"
    assert demand.from_stops(stops, silences=silences, **WHERE).empty


def test_what_cannot_be_is_refused() -> None:
    stops, silences = found_in(fixes_of([("a", 0, 0), ("a", 300, 0), ("a", 2_000, 0)]))
    with pytest.raises(DataError, match=r"interpolated_s must not be more than duration_s; 1 of 1 stops.*stop_id 0"):
        demand.aggregate(stops.assign(interpolated_s=300.1), **WHERE)
    with pytest.raises(DataError, match="'interpolated_s' must be at least 0"):
        demand.aggregate(stops.assign(interpolated_s=-1.0), **WHERE)
    with pytest.raises(DataError, match=r"SILENCES: duration_s must be end - start.*1 of 1 silences.*'a'"):
        demand.aggregate(stops, silences=silences.assign(duration_s=5.0), **WHERE)
    with pytest.raises(ColumnError, match="column 'lon' is missing"):
        demand.from_stops(stops, silences=silences.drop(columns="lon"), **WHERE)
    elsewhen = pd.DataFrame({"date": ["2026-11-19"], "weekday": 3})
    with pytest.raises(DataError, match="every local date with stops or silences must be among the observed"):
        demand.from_stops(stops.iloc[:0], silences=silences, observed=elsewhen, **WHERE)
    with pytest.raises(ColumnError, match=r"'interpolated_s' is missing.*Find stops anew"):
        demand.stop_time_shares(stops.drop(columns="interpolated_s"), silences=silences)
    with pytest.raises(DataError, match="1 of 1 stops lack it"):
        demand.stop_time_shares(stops.assign(interpolated_s=np.nan), silences=silences)
    with pytest.raises(ColumnError, match=r"'unknown_s' is missing.*give silences="):
        demand.by_cell(demand.from_stops(stops, **WHERE), weight="unknown_s")
