"""Intervals of rates: equal to scoring every replicate by itself, and as often right as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from stationgeo import cells, coverage, demand, stations
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    from tests.coverage.conftest import Town

TOILET = coverage.Standard(
    name="toilet", version="1", zh="厕所", en="a toilet", source="made for this test", cutoff_m=300,
    services=("toilets",), group="rider",
)  # fmt: skip
ENDS = ["lower", "upper", "lower_high", "upper_high"]


def case(town: Town, seed: int, n_replicates: int = 5) -> dict[str, Any]:
    """Draw demand with replicates over couriers and days, in a town in which much is not known."""
    rng = np.random.default_rng(seed)
    rows = [
        (p, "" if p == 5 else "west" if p < 3 else "east", b, int(rng.integers(0, 5)), g)
        for p in range(6) for b in (-1, 9, 21, 100) for g in ("rider", "driver")
    ]  # fmt: skip
    table = town.demand(*rows, columns="place zone_id bin visits group")
    drawn = {
        f"courier_s_{kind}_{r}": table["courier_s"] * rng.integers(0, 3, len(table))
        for kind in ("rep", "day") for r in range(n_replicates)
    }  # fmt: skip
    places = town.stations(bee="warm_bee", hall="service_centre", shop="merchant")
    told = town.services(("bee", "toilets", "yes"), ("hall", "toilets", "yes"), ("shop", "water", "yes"))
    hours = town.hours({"bee": range(8, 20), "hall": [], "shop": range(168)},
                       {"bee": range(8, 20), "hall": range(168), "shop": range(168)})  # fmt: skip
    return {
        "demand": pd.concat([table, pd.DataFrame(drawn)], axis=1).sample(frac=1, random_state=seed),
        "reach": town.reach(("bee", 0, 100), ("bee", 1, 300), ("hall", 1, 200), ("hall", 2, 50), ("shop", 3, 1),
                            ("shop", 5, 1), ("bee", 4, 301)),
        "stations": places, "zones": town.zones(), "offers": stations.offers(places, told, hours=hours),
        "standard": TOILET,
    }  # fmt: skip


def intervals(made: dict[str, Any], **changes: Any) -> pd.DataFrame:  # noqa: ANN401
    given_ = {"level": 0.8} | made | changes
    table, reach = given_.pop("demand"), given_.pop("reach")
    return coverage.rate_intervals(table, reach, **given_)


def scored(made: dict[str, Any], amounts: pd.Series[float]) -> pd.DataFrame:
    """Score one replicate by itself: shares by level and zone, nan where it has no demand."""
    given_ = {**made, "demand": made["demand"].assign(courier_s=amounts), "weight": "courier_s"}
    table, reach = given_.pop("demand"), given_.pop("reach")
    found = coverage.score(table, reach, **given_)
    head = pd.DataFrame([{"level": "all", "zone_id": "", **found.headline}])
    names = ["covered_share", "covered_share_high"]
    both = pd.concat([head, found.zones[found.zones["zone_id"] != ""]])
    return both.set_index(["level", "zone_id"])[names]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), level=st.sampled_from([0.5, 0.8, 0.95]))
def test_equal_to_scoring_every_replicate(town: Town, seed: int, level: float) -> None:
    made = case(town, seed)
    before = made["demand"].copy()
    found = intervals(made, level=level)
    pd.testing.assert_frame_equal(made["demand"], before)
    for source, prefix in (("couriers", "courier_s_rep_"), ("days", "courier_s_day_")):
        own = found[found["source"] == source].set_index(["level", "zone_id"])
        point = scored(made, made["demand"]["courier_s"])
        np.testing.assert_allclose(own[["covered_share", "covered_share_high"]], point.loc[own.index], rtol=1e-12)
        each = [scored(made, made["demand"][f"{prefix}{r}"]) for r in range(5)]
        for suffix in ("", "_high"):
            drawn = np.stack([one.loc[own.index, f"covered_share{suffix}"] for one in each])
            for end, at in (("lower", (1 - level) / 2), ("upper", (1 + level) / 2)):
                empty = np.isnan(drawn).sum(axis=0)
                told = (empty <= (1 - level) / 2 * 5) & own["covered_share"].notna().to_numpy()
                assert own["n_empty"].tolist() == empty.tolist()
                assert ((own["reason"] == "") == told).all()
                expected = np.nanquantile(drawn[:, told], at, axis=0)
                np.testing.assert_allclose(own[f"{end}{suffix}"][told], expected, rtol=1e-9)
                assert own[f"{end}{suffix}"][~told].isna().all()


def test_a_wider_level_never_narrows_and_nothing_lies_outside_of_the_replicates(town: Town) -> None:
    made = case(town, 7, n_replicates=40)
    wide, narrow = intervals(made, level=0.99), intervals(made, level=0.3)
    assert (wide["lower"] <= narrow["lower"]).all()
    assert (wide["upper"] >= narrow["upper"]).all()
    for frame in (wide, narrow):
        assert (frame["lower"] <= frame["upper"]).all()
        assert (frame["lower"] <= frame["lower_high"]).all()
        assert frame[ENDS].stack().between(0, 1).all()  # noqa: PD013 - all values, whatever their place
    assert wide["source"].tolist() == ["couriers"] * 4 + ["days"] * 4
    assert wide["level"].tolist() == ["all", "grid", "grid", "community"] * 2


def test_replicates_without_demand_are_counted_and_too_many_leave_no_interval(town: Town) -> None:
    # 8 replicates; at level 0.5 a quarter of them, 2, may be without demand. West has demand in all but 2, east in all
    # but 3. In west all is covered in 3 replicates and nothing in 3: the quarters of 0, 0, 0, 1, 1, 1 are 0 and 1.
    table = town.demand((0, "west", 9, 1), (1, "west", 9, 1), (3, "east", 9, 1))
    west, east = [1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1, 1]
    drawn = {f"courier_s_rep_{r}": [float(west[r]), float(3 <= r < 6), float(east[r])] for r in range(8)}
    made = {"demand": table.assign(**drawn), "reach": town.reach(("a", 0, 1)), "stations": town.stations(a="warm_bee"),
            "zones": town.zones()}  # fmt: skip
    found = intervals(made, level=0.5).set_index("zone_id")
    assert found["n_empty"].to_dict() == {"": 0, "west": 2, "east": 3, "C1": 0}
    assert found.loc["west", ENDS].tolist() == [0, 1, 0, 1]
    assert found.loc["east", ENDS].isna().all()
    assert found.loc["east", "reason"] == "too many replicates without demand"
    assert found.loc["east", "covered_share"] == 0
    empty = intervals(made | {"demand": made["demand"].iloc[:2]}, level=0.5).set_index("zone_id")
    assert empty.loc["east", "reason"] == "no demand"
    assert np.isnan(empty.loc["east", "covered_share"])


def test_days_that_cannot_be_drawn_leave_no_interval_and_say_why(town: Town) -> None:
    table = town.demand((0, "west", 9, 1), (3, "east", 33, 1)).assign(
        courier_s_day_0=[60.0, np.nan], courier_s_day_1=[60.0, np.nan]
    )
    made = {"demand": table, "reach": town.reach(("a", 0, 1)), "stations": town.stations(a="warm_bee"),
            "zones": town.zones()}  # fmt: skip
    found = intervals(made).set_index("zone_id")
    assert found.loc["west", ENDS].tolist() == [1, 1, 1, 1]
    for name in ("", "east", "C1"):
        assert found.loc[name, "reason"] == "a type of day was observed on fewer than 2 days"
        assert found.loc[name, ENDS].isna().all()


def test_without_zones_all_demand_is_one(town: Town) -> None:
    made = case(town, 3)
    found = intervals(made, zones=None)
    assert found["level"].tolist() == ["all", "all"]
    assert found["demand"].iloc[0] == made["demand"].query("group == 'rider'")["courier_s"].sum()


@pytest.mark.parametrize("level", [0, 1, -0.5, float("nan")])
def test_a_level_has_to_be_a_share(town: Town, level: float) -> None:
    with pytest.raises(ParameterError, match="level must be between 0 and 1"):
        intervals(case(town, 1), level=level)


def test_what_cannot_be_answered_is_refused(town: Town) -> None:
    made = case(town, 1)
    bare = made["demand"].drop(columns=[name for name in made["demand"] if name.startswith("courier_s_")])
    with pytest.raises(ParameterError, match="must have replicates"):
        intervals(made, demand=bare)
    with pytest.raises(DataError, match="there is no demand to cover"):
        intervals(made, demand=made["demand"].assign(courier_s=0.0))
    with pytest.raises(DataError, match=r"nobody is of group 'rider'.*driver"):
        intervals(made, demand=made["demand"].query("group == 'driver'"))
    with pytest.raises(ParameterError, match="give offers="):
        intervals(made, offers=None)


def _stops(rng: np.random.Generator, couriers: int, days: int) -> pd.DataFrame:
    """Couriers who rest at one of two places: each has a leaning of its own, and so has each day of several."""
    n = couriers * days
    who, day = np.divmod(np.arange(n), days)
    leaning = rng.normal(0, 1.5, couriers)[who] + rng.normal(0, 1.0, days)[day] * (days > 1)
    there = rng.random(n) < 1 / (1 + np.exp(-leaning))
    seconds = rng.integers(300, 3_000, n).astype(float)
    start = pd.to_datetime(1_767_574_800 + day * 7 * 86_400, unit="s", utc=True).as_unit("ms")  # Mondays, 09:00
    return pd.DataFrame(
        {
            "stop_id": np.arange(n), "courier_id": pd.Series(who.astype(str), dtype="str"),
            "lon": np.where(there, 114.00, 114.05), "lat": 22.5, "start": start,
            "end": start + pd.to_timedelta(seconds, unit="s"), "duration_s": seconds, "n_fixes": 9,
            "purpose": "rest", "cut": False,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("source", "couriers", "days"), [("couriers", 80, 1), ("days", 800, 25), ("couriers and days", 60, 25)]
)
def test_intervals_hold_the_truth_about_as_often_as_they_say(source: str, couriers: int, days: int) -> None:
    # Leanings are symmetric and seconds do not depend on them: the true share is 1 / 2. Of 120 studies at level 0.9,
    # 108 hold it on average, with a standard deviation of sqrt(120 x 0.9 x 0.1) = 3.3; percentiles of a few dozen units
    # are too narrow by some percent, both together too wide. Within four standard deviations: 95 to 120. Had the
    # spread that is drawn been half of the true one, about 0.59 x 120 = 71 would hold it.
    n_studies, n_replicates = 120, 100
    place = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, geometry=[Point(114, 22.5)], crs="EPSG:4326")
    reach = pd.DataFrame(
        {"station_id": ["a"], "cell": cells.from_lonlat([114.0], [22.5], resolution=10), "impedance_m": [1.0]}
    )
    held = 0
    for study in range(n_studies):
        stops = _stops(np.random.default_rng(study), couriers, days)
        parts = demand.aggregate(
            stops, zones=None, resolution=10, tz="Asia/Shanghai",
            n_replicates=n_replicates if "couriers" in source else 0,
        )  # fmt: skip
        table = (
            demand.read_out(parts) if source == "couriers"
            else demand.day_replicates(parts, n_replicates=n_replicates, seed=study, with_couriers="couriers" in source)
        )  # fmt: skip
        found = coverage.rate_intervals(table, reach, stations=place, zones=None, level=0.9).set_index("source")
        held += found.loc[source, "lower"] <= 0.5 <= found.loc[source, "upper"]
    assert held >= 95
    if source != "couriers and days":
        assert held <= 119
