"""Aggregates: parts combine to the whole bit for bit, and are read out by day type, group and purpose."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregates import assert_same
from stationgeo import cells, demand, schema
from stationgeo.demand import _aggregate, _bins, _bootstrap, _gather, _make_aggregate, _split
from stationgeo.errors import DataError, ParameterError

TZ = "Asia/Shanghai"
RESOLUTION = 10
TOWN = gpd.GeoDataFrame(
    {"zone_id": ["west", "east"], "level": "grid", "parent_id": "", "name": ["W", "E"]},
    geometry=[shapely.box(114.04, 22.5, 114.06, 22.6), shapely.box(114.06, 22.5, 114.08, 22.6)],
    crs="EPSG:4326",
)
SUMS = ["courier_us", "visits", "weight_units"]


def stops_of(*rows: Sequence[Any]) -> pd.DataFrame:
    """STOPS of (courier, local start, seconds, lon, lat, purpose, group)."""
    courier, start, seconds, lon, lat, purpose, group = zip(*rows, strict=True)
    begin = pd.to_datetime(list(start)).tz_localize(TZ).tz_convert("UTC").as_unit("ms")
    return pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series(courier, dtype="str"),
            "lon": np.array(lon, dtype=float),
            "lat": np.array(lat, dtype=float),
            "start": begin,
            "end": begin + pd.to_timedelta(list(seconds), unit="s").as_unit("ms"),
            "duration_s": np.array(seconds, dtype=float),
            "n_fixes": 2,
            "purpose": pd.Series(purpose, dtype="str"),
            "cut": False,
            "group": pd.Series(group, dtype="str"),
        }
    )


def many(seed: int, n: int, couriers: int = 7, days: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2026-09-30") + pd.to_timedelta(rng.integers(0, days * 86_400, n), unit="s")
    who = rng.integers(0, couriers, n)
    return stops_of(
        *zip(
            [f"c{w}" for w in who],
            start.astype(str),
            rng.integers(0, 9_000, n),
            114.05 + rng.integers(0, 3, n) * 0.008,
            22.55 + rng.integers(0, 2, n) * 0.008,
            rng.choice(["rest", "unknown"], n),
            np.array(["bike", "van"])[who % 2],
            strict=True,
        )
    )  # fmt: skip


def added_up(stops: pd.DataFrame, **changes: Any) -> demand.Aggregate:  # noqa: ANN401
    return demand.aggregate(stops, **({"zones": TOWN, "resolution": RESOLUTION, "tz": TZ} | changes))


def test_a_courier_day_by_hand() -> None:
    # 09:50-10:20 in the west: 600 s in hour 9, 1,200 s in hour 10. 12:00-12:30 in the east: 1,800 s. In all 3,600 s of
    # one courier-day, of which 1/6, 1/3 and 1/2 of 2 ** 40 = 1,099,511,627,776 units, rounded where cumulated.
    stops = stops_of(
        ("a", "2026-09-30 09:50", 1800, 114.05, 22.55, "rest", "bike"),
        ("a", "2026-09-30 12:00", 1800, 114.07, 22.55, "rest", "bike"),
    )
    found = added_up(stops).sums.sort_values("hour")
    assert (found["hour"] % 24).tolist() == [9, 10, 12]
    assert found["zone_id"].tolist() == ["west", "west", "east"]
    assert found["courier_us"].tolist() == [600_000_000, 1_200_000_000, 1_800_000_000]
    assert found["visits"].tolist() == [1, 0, 1]
    assert found["weight_units"].tolist() == [183_251_937_963, 366_503_875_925, 549_755_813_888]


@given(seed=st.integers(0, 999), n=st.integers(1, 60), parts=st.integers(1, 5))
@settings(max_examples=30, deadline=None)
def test_any_partition_of_couriers_combines_to_the_whole(seed: int, n: int, parts: int) -> None:
    stops = many(seed, n)
    whole = added_up(stops, n_replicates=3, most_couriers=3)
    rng = np.random.default_rng(seed)
    part = stops["courier_id"].map({name: rng.integers(parts) for name in stops["courier_id"].unique()})
    split = [added_up(stops[part == p], n_replicates=3, most_couriers=3) for p in range(parts)]
    assert_same(demand.combine(split), whole)
    rng.shuffle(split)
    nested = demand.combine([split[0], demand.combine(split[1:])]) if parts > 1 else demand.combine(split)
    assert_same(nested, whole)


@given(seed=st.integers(0, 999), n=st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_days_combine_to_the_whole_where_stops_stay_whole(seed: int, n: int) -> None:
    stops = many(seed, n)
    date = stops["start"].dt.tz_convert(TZ).dt.date
    split = [added_up(stops[date == day]) for day in date.unique()]
    assert_same(demand.combine(split), added_up(stops))


@given(seed=st.integers(0, 999), n=st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_what_is_added_is_conserved(seed: int, n: int) -> None:
    stops = many(seed, n)
    found = added_up(stops, n_replicates=2)
    courier_days = stops.assign(date=stops["start"].dt.tz_convert(TZ).dt.date).groupby(["courier_id", "date"]).ngroups
    assert found.sums["courier_us"].sum() == stops["duration_s"].sum() * 1_000_000
    assert found.sums["visits"].sum() == n
    assert found.sums["weight_units"].sum() == courier_days * _split.WEIGHT_UNITS
    assert found.sums["weight_units"].min() >= 0
    hashes = _make_aggregate.courier_hashes(stops["courier_id"])
    drawn = _bootstrap.poisson_counts(hashes, n_replicates=2)
    expected = (drawn * stops["duration_s"].to_numpy(dtype=np.int64)[:, None]).sum(axis=0) * 1_000_000
    assert found.replicates.sum(axis=0).tolist() == expected.tolist()
    assert not found.sums.duplicated(list(_aggregate.KEY)).any()


def test_no_stops_add_up_to_nothing_and_add_nothing() -> None:
    stops = many(1, 20)
    nothing = added_up(stops.iloc[:0], n_replicates=2)
    assert nothing.sums.empty
    assert_same(demand.combine([nothing, added_up(stops, n_replicates=2)]), added_up(stops, n_replicates=2))
    pd.testing.assert_frame_equal(demand.read_out(nothing), schema.empty(schema.DEMAND))


def test_couriers_are_counted_exactly_below_the_limit_and_within_error_beyond() -> None:
    # One cell and hour, 5,000 couriers. Keeping 1,024 has a standard error of 1/sqrt(1022) = 3.1%.
    rows = [(f"c{i}", "2026-09-30 10:00", 60, 114.05, 22.55, "rest", "") for i in range(5_000)]
    stops = stops_of(*rows)
    exact = demand.read_out(added_up(stops, most_couriers=5_001))
    assert exact["couriers"].tolist() == [5_000.0]
    halves = [added_up(stops.iloc[:3_000], most_couriers=1_024), added_up(stops.iloc[2_000:], most_couriers=1_024)]
    both = demand.combine(halves)  # 1,000 couriers are in both halves, and count once
    assert len(both.couriers) == 1_024
    assert demand.read_out(both)["couriers"].item() == pytest.approx(5_000, rel=4 / np.sqrt(1_022))
    once = added_up(stops, most_couriers=1_024).couriers
    assert both.couriers["courier"].tolist() == once["courier"].tolist()
    # who is in both halves was there for two minutes
    twice = set(_make_aggregate.courier_hashes(f"c{i}" for i in range(2_000, 3_000)).tolist())
    expected = [120_000_000 if courier in twice else 60_000_000 for courier in both.couriers["courier"].tolist()]
    assert both.couriers["courier_us"].tolist() == expected


def test_the_estimate_of_distinct_couriers_is_unbiased() -> None:
    rng = np.random.default_rng(3)
    estimates = []
    for _ in range(400):
        hashes = np.sort(rng.integers(0, 2**64 - 1, 500, dtype=np.uint64))[:64]
        table = pd.DataFrame({"row": 0, "courier": hashes})
        estimates.append(_gather.distinct_couriers(table, n_rows=1, most=64)[0])
    # standard error of one 1/sqrt(62) = 12.7%, of the mean of 400 0.64%
    assert np.mean(estimates) == pytest.approx(500, rel=4 * 0.0064)
    assert np.std(estimates) / 500 == pytest.approx(1 / np.sqrt(62), rel=0.2)


def test_replicates_are_poisson_and_depend_on_the_courier_alone() -> None:
    hashes = _make_aggregate.courier_hashes(f"c{i}" for i in range(20_000))
    drawn = _bootstrap.poisson_counts(hashes, n_replicates=5)
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=4 / np.sqrt(20_000))
    assert drawn.var(axis=0) == pytest.approx(np.ones(5), abs=0.06)  # variance of the variance: 3 / n
    assert np.abs(np.corrcoef(drawn.T) - np.eye(5)).max() < 4 / np.sqrt(20_000)
    assert np.array_equal(_bootstrap.poisson_counts(hashes[77:78], n_replicates=5), drawn[77:78])
    share = np.bincount(drawn[:, 0], minlength=3)[:3] / len(drawn)
    assert share == pytest.approx([0.3679, 0.3679, 0.1839], abs=0.015)


def test_intervals_hold_what_theory_says_of_independent_couriers() -> None:
    # 400 couriers with an hour each: the bootstrap total has mean 400 h, standard deviation sqrt(400) = 20 h, so that
    # 90% of the replicates lie within 400 +- 1.645 x 20.
    rows = [(f"c{i}", "2026-09-30 10:00", 3600, 114.05, 22.55, "rest", "") for i in range(400)]
    table = demand.read_out(added_up(stops_of(*rows), n_replicates=1_000))
    found = demand.interval(table, level=0.9) / 3_600
    assert found["courier_s"].item() == pytest.approx(400)
    assert found["lower"].item() == pytest.approx(400 - 32.9, abs=5)
    assert found["upper"].item() == pytest.approx(400 + 32.9, abs=5)
    by_zone = demand.interval(table, level=0.9, by=["zone_id"])
    assert by_zone["zone_id"].tolist() == ["west"]
    with pytest.raises(ParameterError, match="level must be between 0 and 1"):
        demand.interval(table, level=1)
    with pytest.raises(ParameterError, match="n_replicates=200"):
        demand.interval(demand.read_out(added_up(stops_of(*rows))), level=0.9)


def test_groups_and_purposes_add_up_to_all() -> None:
    found = added_up(many(5, 60))
    whole = demand.read_out(found)
    for by in (["group"], ["purpose"], ["group", "purpose"]):
        split = demand.read_out(found, by=by)
        schema.validate(split, schema.DEMAND)
        assert list(split.columns[3 : 3 + len(by)]) == by
        again = split.groupby(["cell", "zone_id", "bin"], sort=True)[["courier_s", "visits", "courier_weight"]].sum()
        expected = whole.set_index(["cell", "zone_id", "bin"])[["courier_s", "visits", "courier_weight"]]
        pd.testing.assert_frame_equal(again, expected)
    rest = demand.read_out(found, purposes=["rest"])
    split = demand.read_out(found, by=["purpose"])
    assert rest["courier_s"].sum() == pytest.approx(split.loc[split["purpose"] == "rest", "courier_s"].sum())
    # a courier who is there for two purposes is one courier
    assert (whole["couriers"] <= 7).all()


def test_expansion_multiplies_what_adds_and_not_who_was_seen() -> None:
    found = added_up(many(6, 60))
    split = demand.read_out(found, by=["group"])
    grown = demand.read_out(found, expansion={"bike": 10.0, "van": 2.5})
    factor = split["group"].map({"bike": 10.0, "van": 2.5})
    assert grown["courier_s"].sum() == pytest.approx((split["courier_s"] * factor).sum())
    assert grown["visits"].sum() == pytest.approx((split["visits"] * factor).sum())
    pd.testing.assert_series_equal(grown["couriers"], demand.read_out(found)["couriers"])
    with pytest.raises(DataError, match="1 of 2 have none: 'van'"):
        demand.read_out(found, expansion={"bike": 10.0})
    with pytest.raises(ParameterError, match="greater than 0; 'bike'"):
        demand.read_out(found, expansion={"bike": 0.0, "van": 1.0})


def test_holidays_are_days_of_their_own() -> None:
    # 30 September 2026 is a working Wednesday, 1 to 7 October the national holiday, Saturday 10 October is worked.
    days = ["2026-09-30", "2026-10-01", "2026-10-02", "2026-10-10", "2026-10-11"]
    stops = stops_of(*[("a", f"{day} 10:00", 3600, 114.05, 22.55, "rest", "") for day in days])
    found = added_up(stops)
    table = demand.read_out(found, bins="hour_of_day_type", calendar="CN")
    assert table["bin"].tolist() == [10, 24 + 10, 48 + 10]
    assert table["observed_days"].tolist() == [2, 1, 2]
    assert table["courier_s"].tolist() == [3600, 3600, 3600]
    plain = demand.read_out(found, bins="hour_of_day_type")
    assert plain["observed_days"].tolist() == [3, 2]
    names = demand.bin_table("hour_of_day_type").set_index("bin")["day_type"]
    assert names[table["bin"]].tolist() == ["working day", "weekend", "holiday"]
    assert demand.bin_table("hour_of_week").iloc[167].tolist() == [167, "Sunday", 23]


def test_years_beyond_the_calendar_are_told_by_weekday_and_listed() -> None:
    new_year = (np.datetime64("2027-01-01") - np.datetime64("1970-01-01")).astype(np.int64)  # a Friday
    days = np.array([new_year - 1, new_year, new_year + 1])
    assert _bins.day_types(days, bins="hour_of_day_type", calendar="CN").tolist() == [0, 0, 1]
    assert demand.uncalendared(days, calendar="CN").tolist() == [new_year, new_year + 1]
    assert demand.uncalendared(days, calendar=None).size == 0


def test_days_without_stops_count_where_they_were_observed() -> None:
    stops = stops_of(("a", "2026-09-30 10:00", 3600, 114.05, 22.55, "rest", ""))
    observed = pd.DataFrame({"date": ["2026-09-23", "2026-09-30"], "weekday": 2})
    found = added_up(stops, observed=observed)
    assert demand.read_out(found)["courier_s"].tolist() == [1800]
    idle = added_up(stops.iloc[:0], observed=observed)
    assert demand.read_out(demand.combine([idle, added_up(stops)]))["courier_s"].tolist() == [1800]


@pytest.mark.parametrize(("day", "bins"), [("2026-09-30", [71, 72]), ("2026-10-04", [167, 0])])
def test_a_day_by_itself_is_read_out_though_stops_last_into_the_next(day: str, bins: list[int]) -> None:
    # 23:50 to 00:20, on a Wednesday or a Sunday; of the day alone, as a store gives it, the next was not observed.
    whole = added_up(stops_of(("a", f"{day} 23:50", 1800, 114.05, 22.55, "rest", "")))
    alone = dataclasses.replace(whole, days=whole.days[:1])
    found = demand.read_out(alone).set_index("bin")
    assert found["courier_s"].to_dict() == dict(zip(bins, [600, 1200], strict=True))
    assert found["observed_days"].to_dict() == dict.fromkeys(bins, 1)
    kept = demand.release(alone, k=1, coarsest_resolution=RESOLUTION, synthetic=True)
    assert kept.totals["courier_s"].tolist() == [1800]
    # the next day, once it is observed, is what counts
    two = dataclasses.replace(whole, days=np.append(whole.days, whole.days[-1] + 7))
    assert demand.read_out(two).set_index("bin").loc[bins[1], "observed_days"] == 2


def test_coarser_cells_hold_the_same() -> None:
    found = added_up(many(8, 60), n_replicates=2)
    parent = demand.coarsen(found, resolution=7)
    assert parent.resolution == 7
    assert cells.resolution_of(parent.sums["cell"].to_numpy()) == 7
    assert parent.sums[SUMS].sum().tolist() == found.sums[SUMS].sum().tolist()
    assert parent.replicates.sum(axis=0).tolist() == found.replicates.sum(axis=0).tolist()
    assert demand.read_out(parent)["couriers"].max() >= demand.read_out(found)["couriers"].max()
    assert_same(demand.coarsen(found, resolution=RESOLUTION), found)
    with pytest.raises(DataError, match="coarser"):
        demand.coarsen(parent, resolution=9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda _: demand.combine([]), "nothing to combine"),
        (lambda a: demand.combine([a, dataclasses.replace(a, resolution=9)]), "one resolution"),
        (lambda a: demand.combine([a, dataclasses.replace(a, most_couriers=9)]), "one most_couriers"),
        (lambda a: demand.read_out(a, bins="hour"), "unknown bins 'hour'"),
        (lambda a: demand.read_out(a, calendar="CN"), "bins='hour_of_day_type'"),
        (lambda a: demand.read_out(a, bins="hour_of_day_type", calendar="FR"), "unknown calendar 'FR'"),
        (lambda a: demand.read_out(a, by=["zone_id"]), "by may name group and purpose"),
        (lambda a: demand.read_out(a, purposes=["sleep"]), "unknown purpose 'sleep'"),
        (lambda _: demand.bin_table("hours"), "unknown bins"),
        (lambda _: added_up(many(1, 3), n_replicates=-1), "n_replicates must be a whole number, 0 or more"),
        (lambda _: added_up(many(1, 3), most_couriers=2), "most_couriers must be a whole number, 3 or more"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(call: Any, said: str) -> None:  # noqa: ANN401
    with pytest.raises(ParameterError, match=said):
        call(added_up(many(1, 10)))


def test_tables_split_unlike_do_not_merge() -> None:
    found = added_up(many(9, 30))
    with pytest.raises(DataError, match="split alike"):
        demand.merge([demand.read_out(found), demand.read_out(found, by=["group"])])
    both = demand.merge([demand.read_out(found, by=["group"])] * 2)
    assert both["courier_s"].sum() == pytest.approx(2 * demand.read_out(found)["courier_s"].sum())
