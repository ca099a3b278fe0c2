"""Batches of fixes to an aggregate: the same however the fixes are cut."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from aggregates import assert_same
from stationgeo import demand, index, io, sample, tracks
from stationgeo.errors import ParameterError

TZ = "Asia/Shanghai"
RULE = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
PLAN = index.IndexPlan(stops=RULE, resolution=10, tz=TZ, n_replicates=2)


def batch_of(fixes: pd.DataFrame) -> index.Batch:
    codes, names = pd.factorize(fixes["courier_id"])
    groups = fixes.groupby("courier_id")["group"].first().reindex(names).to_numpy(dtype=object)
    return index.Batch(
        courier=codes.astype(np.int64),
        names=[str(name) for name in names],
        t_ms=pd.DatetimeIndex(fixes["t"]).as_unit("ms").asi8.astype(np.int64),
        lon=fixes["lon"].to_numpy(dtype=np.float64),
        lat=fixes["lat"].to_numpy(dtype=np.float64),
        accuracy_m=None,
        group=groups,
    )


@pytest.fixture(scope="module")
def fixes() -> pd.DataFrame:
    table = io.read_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02").table
    return table[table["courier_id"].isin(sorted(table["courier_id"].unique())[:12])].reset_index(drop=True)


@pytest.fixture(scope="module")
def whole(fixes: pd.DataFrame) -> demand.Aggregate:
    """The same by tables alone."""
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    observed = tracks.observed_dates(fixes["t"], tz=TZ)
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    return demand.aggregate(
        stops, zones=None, resolution=10, tz=TZ, observed=observed, silences=silences, n_replicates=2
    )


@pytest.mark.parametrize("seed", range(6))
def test_any_cut_gives_what_tables_give(seed: int, fixes: pd.DataFrame, whole: demand.Aggregate) -> None:
    rng = np.random.default_rng(seed)
    # by courier or by time, or couriers mixed as they come; each in order of time
    order = [["courier_id", "t"], ["t", "courier_id"]][seed % 2]
    rows = fixes.sort_values(order, ignore_index=True)
    cuts = np.sort(rng.integers(0, len(rows), rng.integers(0, 40)))
    parts = [rows.iloc[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    assert_same(index.aggregate_fixes((batch_of(part) for part in parts), plan=PLAN), whole)


def test_couriers_apart_combine(fixes: pd.DataFrame, whole: demand.Aggregate) -> None:
    who = pd.factorize(fixes["courier_id"])[0] % 3
    parts = [index.aggregate_fixes([batch_of(fixes[who == part])], plan=PLAN) for part in range(3)]
    assert_same(demand.combine(parts), whole)


def test_dates_apart_combine_and_hold_stops_that_start_then(fixes: pd.DataFrame, whole: demand.Aggregate) -> None:
    days = []
    for day in whole.days.tolist():
        builder = index.Builder(PLAN)
        builder.add(batch_of(fixes))
        date = dt.date(1970, 1, 1) + dt.timedelta(days=day)
        part = builder.finish(dates=[date])
        assert part.days.tolist() == [day]
        days.append(part)
    assert_same(demand.combine(days), whole)


def test_days_without_stops_are_observed_and_no_batches_give_nothing() -> None:
    minute = pd.DataFrame(
        {
            "courier_id": pd.Series(["a"], dtype="str"),
            "t": pd.to_datetime(["2026-11-20 15:59:59.999"], utc=True).as_unit("ms"),
            "lon": 114.05,
            "lat": 22.5,
            "group": "bike",
        }
    )
    found = index.aggregate_fixes([batch_of(minute)], plan=PLAN)
    assert found.sums.empty
    assert found.days.tolist() == [np.datetime64("2026-11-20", "D").astype(int)]
    assert index.aggregate_fixes([], plan=PLAN).days.size == 0


def test_groups_come_along(whole: demand.Aggregate, fixes: pd.DataFrame) -> None:
    assert set(whole.sums["group"]) == set(fixes["group"])
    by_group = demand.read_out(whole, by=["group"])
    assert by_group["courier_s"].sum() == pytest.approx(demand.read_out(whole)["courier_s"].sum())


def test_days_of_a_zone_with_half_an_hour_begin_at_its_midnight() -> None:
    # 18:40 UTC on 5 May is ten minutes past midnight of 6 May in India.
    minutes = pd.Timestamp("2024-05-05 18:40", tz="UTC").value // 1_000_000 + np.arange(11) * 60_000
    batch = index.Batch(
        courier=np.zeros(11, np.int64), names=["a"], t_ms=minutes, lon=np.full(11, 77.2), lat=np.full(11, 28.6)
    )
    follower = index.Follower(stops=PLAN.stops, cleaning=None)
    follower.add(batch)
    followed = follower.finish()
    assert [str(np.datetime64(day, "D")) for day in followed.days(tz="Asia/Kolkata").tolist()] == ["2024-05-06"]
    assert [str(np.datetime64(day, "D")) for day in followed.days(tz="UTC").tolist()] == ["2024-05-05"]
    assert (followed.n_fixes, followed.n_couriers, len(followed.stops)) == (11, 1, 1)


def test_depots_are_not_inferred_from_the_couriers_of_a_share() -> None:
    with pytest.raises(ParameterError, match="depots that several share cannot be inferred"):
        index.IndexPlan(stops=RULE, resolution=10, tz=TZ, purpose=tracks.PurposeRule())
    rule = tracks.PurposeRule(depot_min_couriers=None)
    assert index.IndexPlan(stops=RULE, resolution=10, tz=TZ, purpose=rule).purpose == rule
    assert not any("depot_min" in name for name in rule.variants())


def test_what_tracks_came_to_is_known_at_the_end() -> None:
    builder = index.Builder(PLAN)
    with pytest.raises(ParameterError, match=r"once finish\(\) was called"):
        _ = builder.followed
    builder.finish()
    assert builder.followed.n_fixes == 0
