"""Siting against all combinations, an independent programme, and the laws that plans and bounds obey."""

import dataclasses
import itertools
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import highspy
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from stationgeo import cells, crs, schema, siting
from stationgeo.errors import ColumnError, DataError, ParameterError, SitingError, SourceError
from stationgeo.siting import _bound, _highs, _model, _search, _solve

# A trap for the greedy choice:   cell   1  2  3  4  5
#                                 visits 4  3  2  3  4
# left reaches 1, 2 (7), mid 2, 3, 4 (8), right 4, 5 (7). Greedy takes mid, then left or right: 8 + 4 = 12.
# The best two are left and right: 14. All five cells: 16. The greedy bound is the least of
# 0 + (8 + 7) = 15, 8 + (4 + 4) = 16, 12 + (4 + 0) = 16, so 15.
TRAP_DEMAND = pd.DataFrame({"cell": [1, 2, 3, 4, 5], "visits": [4.0, 3.0, 2.0, 3.0, 4.0]})
TRAP_REACH = pd.DataFrame(
    {"station_id": ["left", "left", "mid", "mid", "mid", "right", "right"], "cell": [1, 2, 2, 3, 4, 4, 5]}
)


def case(seed: int, *, candidates: int = 9, places: int = 25) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """A random small town: demand, reach of candidates, reach of one existing station."""
    rng = np.random.default_rng(seed)
    weight = rng.exponential(1.0, places) if seed % 2 else rng.integers(0, 9, places).astype(float)
    weight[0] = 1.0
    demand = pd.DataFrame({"cell": np.arange(100, 100 + places), "visits": weight})
    reached = rng.random((candidates, places)) < rng.uniform(0.1, 0.4)
    number, place = np.nonzero(reached)
    reach = pd.DataFrame({"station_id": [f"c{i}" for i in number], "cell": place + 100})
    there = pd.DataFrame({"station_id": "old", "cell": np.flatnonzero(rng.random(places) < 0.3) + 100})
    return demand, reach, there


def best_of_all(demand: pd.DataFrame, reach: pd.DataFrame, existing: pd.DataFrame | None, n: int) -> float:
    """The best newly covered weight over all combinations of n candidates."""
    left = demand if existing is None else demand[~demand["cell"].isin(existing["cell"])]
    weight = dict(zip(left["cell"], left["visits"], strict=True))
    sets = [set(rows) for _, rows in reach.groupby("station_id")["cell"]]
    return max(
        sum(weight.get(cell, 0.0) for cell in set().union(*chosen)) for chosen in itertools.combinations(sets, n)
    )


def model_of(demand: pd.DataFrame, reach: pd.DataFrame) -> _model.Model:
    number, ids = pd.factorize(reach["station_id"], sort=True)
    place = reach["cell"].to_numpy() - int(demand["cell"].min())
    return _model.build(place, number.astype(np.int64), demand["visits"].to_numpy(), n_candidates=len(ids))


def town(seed: int, *, places: int, radius: float, size: float = 30.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sites that are demand too, in a square: the class that is hard for a solver."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, size, (places, 2))
    near = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1)) <= radius
    number, place = np.nonzero(near)
    demand = pd.DataFrame({"cell": np.arange(places), "visits": rng.exponential(1.0, places)})
    return demand, pd.DataFrame({"station_id": [f"s{i:04}" for i in number], "cell": place})


def best_by_scipy(demand: pd.DataFrame, reach: pd.DataFrame, n: int) -> float:
    """The optimum by another formulation in another solver interface: y_i <= sum x_j, nothing merged."""
    number, ids = pd.factorize(reach["station_id"])
    places = len(demand)
    cover = sparse.csr_array((np.ones(len(reach)), (reach["cell"], number)), shape=(places, len(ids)))
    rows = sparse.hstack([-cover, sparse.eye_array(places)])
    count = np.concatenate([np.ones(len(ids)), np.zeros(places)])[None, :]
    found = optimize.milp(
        -np.concatenate([np.zeros(len(ids)), demand["visits"]]),
        constraints=[optimize.LinearConstraint(rows, ub=0), optimize.LinearConstraint(count, ub=n)],
        integrality=np.concatenate([np.ones(len(ids)), np.zeros(places)]),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return -float(found.fun)


def test_the_greedy_trap_by_hand() -> None:
    best = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits")
    assert best.sites["candidate_id"].tolist() == ["left", "right"]
    assert best.sites["demand_gain"].tolist() == [7.0, 7.0]
    assert best.sites["cumulative_covered"].tolist() == [7.0, 14.0]
    assert best.sites["cumulative_share"].tolist() == [7 / 16, 14 / 16]
    assert (best.objective, best.status, best.existing_covered, best.total_demand) == (14.0, "optimal", 0.0, 16.0)
    assert best.bound == pytest.approx(14.0, rel=1e-6)
    greedy = siting.greedy_cover(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits")
    assert greedy.sites["candidate_id"].tolist() == ["mid", "left"]
    assert (greedy.objective, greedy.bound, greedy.status) == (12.0, 15.0, "feasible")
    assert greedy.gap == pytest.approx(3 / 15)


def test_existing_stations_are_kept_and_counted_once() -> None:
    # The station covers cells 4 and 5 (7 visits): right adds nothing, left adds 7, mid 3 + 2 = 5. Two sites: left
    # first (7), then mid adds only cell 3 (2).
    old = pd.DataFrame({"station_id": ["old", "old"], "cell": [4, 5]})
    plan = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits", existing=old)
    assert plan.sites["candidate_id"].tolist() == ["left", "mid"]
    assert plan.sites["demand_gain"].tolist() == [7.0, 2.0]
    assert plan.sites["cumulative_covered"].tolist() == [14.0, 16.0]
    assert (plan.existing_covered, plan.objective) == (7.0, 9.0)
    assert plan.summary == ("2 new sites cover 9 more of 16 visits: from 43.8% to 100.0%, proven the best possible.")


@pytest.mark.parametrize("seed", range(50))
def test_brute_force_agrees_with_and_without_existing_stations(seed: int) -> None:
    demand, reach, there = case(seed)
    n = min(1 + seed % 4, reach["station_id"].nunique())
    for existing in (None, there):
        best = best_of_all(demand, reach, existing, n)
        plan = siting.maximal_cover(demand, reach, n_stations=n, weight="visits", existing=existing)
        assert plan.status == "optimal"
        assert plan.objective == pytest.approx(best, rel=1e-6)
        assert plan.bound >= best * (1 - 1e-12)
        greedy = siting.greedy_cover(demand, reach, n_stations=n, weight="visits", existing=existing)
        assert greedy.objective <= best * (1 + 1e-12)
        assert greedy.bound >= best * (1 - 1e-12)
        assert greedy.objective >= (1 - 1 / np.e) * best * (1 - 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_every_stage_by_itself_agrees_with_brute_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    demand, reach, _ = case(seed, candidates=10, places=30)
    n = 2 + seed % 3
    best = best_of_all(demand, reach, None, n)
    model = model_of(demand, reach)
    start = np.arange(n)
    proof = _highs.prove(model, n_sites=n, start=start, time_limit_s=60.0, allowed=0.0)
    assert proof.finished
    assert _search.value(model, proof.sites) == pytest.approx(best, rel=1e-6)
    assert proof.bound >= best * (1 - 1e-6)
    # nothing but probing and HiGHS, and nothing but probing
    monkeypatch.setattr(_solve, "_SHAKES", 0)
    monkeypatch.setattr(_solve, "_PAIRS_FOR_HIGHS", 0)
    monkeypatch.setattr(_bound, "_MOST_STEPS", 20)
    found = _solve.hunt(model, n_sites=n, time_limit_s=60.0, gap=0.0)
    assert found.value == pytest.approx(best, rel=1e-6)
    assert found.bound >= best * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_decided_candidates_never_cost_a_best_plan(seed: int) -> None:
    demand, reach, _ = case(seed, candidates=10, places=30)
    n = 2 + seed % 3
    best = best_of_all(demand, reach, None, n)
    model = model_of(demand, reach)
    dual = _bound.Dual(model=model, n_sites=n)
    bounds = [dual.bound]
    while not dual.done:
        dual.advance(best)
        bounds.append(dual.bound)
    assert min(bounds) >= best * (1 - 1e-12)
    assert (np.diff(bounds) <= 0).all()
    out, taken = dual.decided(best)
    smaller, covered = _model.restrict(model, keep=~out, taken=taken)
    left = n - int(taken.sum())
    assert left >= 0
    rest = max(
        (_search.value(smaller, np.array(chosen, dtype=np.int64))
         for chosen in itertools.combinations(range(smaller.n_candidates), min(left, smaller.n_candidates))),
        default=0.0,
    )  # fmt: skip
    assert covered + rest == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_a_town_agrees_with_an_independent_programme(seed: int) -> None:
    demand, reach = town(seed, places=120, radius=4.0 + seed % 3)
    plan = siting.maximal_cover(demand, reach, n_stations=8, weight="visits")
    assert plan.status == "optimal"
    assert plan.objective == pytest.approx(best_by_scipy(demand, reach, 8), rel=1e-6)


def test_what_bounds_cannot_decide_goes_to_highs() -> None:
    demand, reach = town(2, places=200, radius=2.5)
    plan = siting.maximal_cover(demand, reach, n_stations=12, weight="visits")
    assert plan.status == "optimal"
    assert plan.sizes["candidates_for_highs"] > 12
    assert plan.sizes["nodes"] >= 1
    assert plan.objective == pytest.approx(best_by_scipy(demand, reach, 12), rel=1e-6)


def test_no_time_gives_the_greedy_plan_with_its_bound() -> None:
    plan = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits", time_limit_s=0)
    assert (plan.objective, plan.bound, plan.status) == (12.0, 15.0, "stopped")
    assert plan.quality == "stopped at the time limit, within 20.0% of the best possible"


def test_little_time_gives_a_plan_and_a_bound_that_hold() -> None:
    demand, reach = town(2, places=600, radius=4.0)
    whole = siting.maximal_cover(demand, reach, n_stations=25, weight="visits", gap=0.002)
    for seconds in (0.0, 0.01, 0.2):
        plan = siting.maximal_cover(demand, reach, n_stations=25, weight="visits", time_limit_s=seconds)
        assert plan.status in {"stopped", "optimal"}
        assert plan.objective <= whole.bound * (1 + 1e-9)
        assert plan.bound >= whole.objective * (1 - 1e-9)
    assert whole.gap <= 0.002


def test_a_gap_that_is_allowed_is_kept_and_named() -> None:
    plan = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits", gap=0.25)
    assert (plan.objective, plan.status) == (12.0, "feasible")  # the greedy plan is within 20% of the bound
    assert plan.quality == "within 20.0% of the best possible"


def test_sites_that_add_nothing_are_not_listed() -> None:
    demand = pd.DataFrame({"cell": [1, 2, 9], "visits": [1.0, 1.0, 2.0]})
    reach = pd.DataFrame({"station_id": ["a", "a", "b", "c"], "cell": [1, 2, 1, 2]})
    for choose in (siting.maximal_cover, siting.greedy_cover):
        plan = choose(demand, reach, n_stations=3, weight="visits")
        assert plan.sites["candidate_id"].tolist() == ["a"]
        assert (plan.objective, plan.bound, plan.gap, plan.status) == (2.0, 2.0, 0.0, "optimal")
        assert plan.n_stations == 3
        assert plan.notes == (
            "1 of 3 sites asked for are listed: further ones would cover nothing more.",
            "Neither a station nor a candidate reaches 2 of 4 visits (50.0%).",
        )
        assert plan.summary.startswith("1 new site covers 2 more of 4 visits")


def test_nothing_left_to_cover_is_a_plan_of_no_sites() -> None:
    old = pd.DataFrame({"station_id": "old", "cell": [1, 2, 3, 4, 5]})
    for choose in (siting.maximal_cover, siting.greedy_cover):
        plan = choose(TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits", existing=old)
        assert plan.sites.empty
        assert (plan.objective, plan.bound, plan.gap, plan.status) == (0.0, 0.0, 0.0, "optimal")
        assert plan.notes == ("Existing stations cover all demand already: no site would add anything.",)
        assert "proven the best possible" in plan.summary


def test_candidates_that_reach_no_demand_are_a_plan_of_no_sites() -> None:
    reach = pd.DataFrame({"station_id": ["a", "b"], "cell": [77, 78]})
    plan = siting.maximal_cover(TRAP_DEMAND, reach, n_stations=1, weight="visits")
    assert plan.sites.empty
    assert plan.status == "optimal"
    assert "reaches 16 of 16 visits (100.0%)" in plan.notes[1]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 4))
def test_order_of_rows_and_names_of_cells_do_not_matter(seed: int, n: int) -> None:
    demand, reach, there = case(seed)
    rng = np.random.default_rng(seed)
    n = min(n, reach["station_id"].nunique())

    def plan(demand: pd.DataFrame, reach: pd.DataFrame, there: pd.DataFrame) -> siting.Siting:
        return siting.maximal_cover(demand, reach, n_stations=n, weight="visits", existing=there)

    once = plan(demand, reach, there)
    shuffled = plan(demand.sample(frac=1, random_state=seed), reach.sample(frac=1, random_state=seed), there)
    pd.testing.assert_frame_equal(once.sites, shuffled.sites)
    names = rng.permutation(1_000_000)[:200]
    renamed = [frame.assign(cell=names[frame["cell"].to_numpy()]) for frame in (demand, reach, there)]
    assert plan(*renamed).objective == pytest.approx(once.objective, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_demand_is_conserved_and_more_sites_never_cover_less(seed: int) -> None:
    demand, reach, there = case(seed)
    before = 0.0
    for n in range(1, reach["station_id"].nunique() + 1):
        plan = siting.maximal_cover(demand, reach, n_stations=n, weight="visits", existing=there)
        assert plan.objective >= before - 1e-9
        before = plan.objective
        chosen = reach.loc[reach["station_id"].isin(plan.sites["candidate_id"]), "cell"]
        covered = demand["cell"].isin(chosen) | demand["cell"].isin(there["cell"])
        assert plan.existing_covered + plan.objective == pytest.approx(demand.loc[covered, "visits"].sum(), abs=1e-9)
        assert plan.total_demand == pytest.approx(demand["visits"].sum(), abs=1e-9)
        assert plan.sites["demand_gain"].is_monotonic_decreasing
        assert plan.sites["demand_gain"].sum() == pytest.approx(plan.objective, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_merging_and_leaving_out_the_dominated_change_no_plan_that_matters(seed: int) -> None:
    demand, reach, _ = case(seed, candidates=7)
    model = model_of(demand, reach)
    sets = [set(rows) for _, rows in reach.groupby("station_id")["cell"]]
    weight = dict(zip(demand["cell"], demand["visits"], strict=True))
    for chosen in itertools.combinations(range(model.n_candidates), 2):
        value = sum(weight[cell] for cell in set().union(*(sets[i] for i in chosen)))
        assert _search.value(model, np.array(chosen)) == pytest.approx(value)
    # merged to the last: no two classes have the same candidates
    rows = [
        tuple(model.class_candidate[model.class_start[k] : model.class_start[k + 1]]) for k in range(model.n_classes)
    ]
    assert len(set(rows)) == len(rows)
    # exactly those go whose demand another one covers as well
    useful = [{cell for cell in cells_ if weight[cell] > 0} for cells_ in sets]
    dominated = [
        any(a <= b and (a != b or j < i) for j, b in enumerate(useful) if j != i) or not a for i, a in enumerate(useful)
    ]
    assert _model.dominated(model).tolist() == dominated


@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.floats(0, 1e6) | st.integers(0, 3).map(float), min_size=1, max_size=40), data=st.data())
def test_selection_agrees_with_sorting(values: list[float], data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(values)))
    assert _search.nth_largest(np.array(values), n) == sorted(values, reverse=True)[n - 1]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_exchanging_never_covers_less_and_ends_where_no_exchange_helps(seed: int) -> None:
    demand, reach, _ = case(seed, candidates=8)
    model = model_of(demand, reach)
    start = np.array([0, 1])
    kept = start.copy()
    end = _search.exchange(model, start)
    assert np.array_equal(start, kept)
    assert len(set(end.tolist())) == 2
    reached = _search.value(model, end)
    assert reached >= _search.value(model, start) - 1e-9
    for slot, other in itertools.product(range(2), range(model.n_candidates)):
        if other not in end:
            swapped = end.copy()
            swapped[slot] = other
            assert _search.value(model, swapped) <= reached + 1e-9


def test_the_same_input_gives_the_same_plan_also_from_highs() -> None:
    demand, reach = town(2, places=200, radius=2.5)
    one, two = (siting.maximal_cover(demand, reach, n_stations=12, weight="visits") for _ in range(2))
    pd.testing.assert_frame_equal(one.sites, two.sites)
    assert (one.objective, one.bound, one.sizes) == (two.objective, two.bound, two.sizes)


def _described() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    candidates = gpd.GeoDataFrame(
        {
            "candidate_id": ["right", "left", "mid", "far"],
            "action": ["new", "upgrade", "new", "new"],
            "kind": ["warm_bee", "service_centre", "merchant", "merchant"],
            "name": ["R", None, "M", "F"],
            "cost_build": [3.0, np.nan, 1.0, 1.0],
        },
        geometry=[shapely.Point(114 + 0.01 * i, 22.5) for i in range(4)],
        crs="EPSG:4326",
    )
    stations = gpd.GeoDataFrame(
        {"station_id": ["b", "a", "street"], "kind": ["merchant", "merchant", "warm_bee_street"]},
        geometry=[
            shapely.Point(114.02, 22.5),
            shapely.Point(114.0, 22.5),
            shapely.LineString([(114.0, 22.5), (114.01, 22.5)]),
        ],
        crs="EPSG:4326",
    )
    return candidates, stations


def test_sites_are_described_by_candidates_and_their_nearest_station() -> None:
    candidates, stations = _described()
    before = candidates.copy()
    plan = siting.maximal_cover(
        TRAP_DEMAND, TRAP_REACH, n_stations=2, weight="visits", candidates=candidates, stations=stations
    )
    rows = plan.sites
    assert rows["candidate_id"].tolist() == ["left", "right"]
    assert rows["rank"].tolist() == [1, 2]
    assert rows["action"].tolist() == ["upgrade", "new"]
    assert rows["kind"].tolist() == ["service_centre", "warm_bee"]
    assert rows["name"].tolist() == ["", "R"]
    assert rows["host"].tolist() == ["", ""]
    assert rows["cost_build"].tolist() == pytest.approx([np.nan, 3.0], nan_ok=True)
    assert rows["cost_per_year"].isna().all()
    # left stands at 114.01, half-way between a (114.00) and b (114.02): equal to the nanometre, or nearly;
    # right stands on a itself. The street runs through both and is no station.
    assert rows["nearest_station_id"].iloc[0] in {"a", "b"}
    assert rows["nearest_station_id"].iloc[1] == "a"
    assert rows["nearest_station_m"].tolist() == pytest.approx(
        [float(crs.distance_m(114.01, 22.5, 114.0, 22.5)), 0.0], abs=1e-6
    )
    assert rows.crs.to_epsg() == 4326
    assert rows.geometry.iloc[1].equals(shapely.Point(114.0, 22.5))
    pd.testing.assert_frame_equal(candidates, before)
    # four candidates may be asked for, though one of them reaches nothing
    assert (
        len(siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=4, weight="visits", candidates=candidates).sites)
        == 3
    )


def test_without_descriptions_columns_are_there_and_empty() -> None:
    candidates, stations = _described()
    plan = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=1, weight="visits", stations=stations)
    assert plan.sites["nearest_station_id"].tolist() == [""]
    assert plan.sites["nearest_station_m"].isna().all()
    assert plan.sites.geometry.isna().all()
    only_street = stations.iloc[2:]
    plan = siting.maximal_cover(
        TRAP_DEMAND, TRAP_REACH, n_stations=1, weight="visits", candidates=candidates, stations=only_street
    )
    assert plan.sites["nearest_station_id"].tolist() == [""]


def test_a_result_goes_to_disk_and_back_and_stays_as_it_is(tmp_path: Path) -> None:
    candidates, stations = _described()
    old = pd.DataFrame({"station_id": ["old"], "cell": [5]})
    plan = siting.maximal_cover(
        TRAP_DEMAND, TRAP_REACH, n_stations=3, weight="visits", existing=old, candidates=candidates, stations=stations
    )
    back = siting.Siting.read(plan.to_parquet(tmp_path / "plan"))
    pd.testing.assert_frame_equal(plan.sites, back.sites)
    for field in dataclasses.fields(siting.Siting):
        if field.name != "sites":
            assert getattr(back, field.name) == getattr(plan, field.name)
    with pytest.raises(SourceError, match=r"sites\.parquet is missing"):
        siting.Siting.read(tmp_path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.objective = 1.0  # type: ignore[misc]
    assert "<b>" in plan._repr_html_()
    assert "proven the best possible" in plan._repr_html_()


def test_within_is_rounded_up_and_infeasible_has_words() -> None:
    plan = siting.maximal_cover(TRAP_DEMAND, TRAP_REACH, n_stations=1, weight="visits")
    near = dataclasses.replace(plan, status="feasible", gap=0.00301)
    assert near.quality == "within 0.4% of the best possible"
    assert dataclasses.replace(plan, status="infeasible").quality == "no plan can satisfy the request"


def _choose(**changes: Any) -> siting.Siting:  # noqa: ANN401 - any argument of the function under test
    given_ = {"demand": TRAP_DEMAND, "reach": TRAP_REACH, "n_stations": 1, "weight": "visits"} | changes
    return siting.maximal_cover(given_.pop("demand"), given_.pop("reach"), **given_)


@pytest.mark.parametrize(
    ("changes", "kind", "said"),
    [
        ({"n_stations": 4}, ParameterError, r"at most the number of candidates\. Got 4 sites to choose from 3 "),
        ({"n_stations": 0}, ParameterError, "n_stations must be a whole number, 1 or more. Got 0"),
        ({"n_stations": 1.5}, ParameterError, "n_stations must be a whole number"),
        ({"n_stations": True}, ParameterError, "n_stations must be a whole number"),
        ({"reach": TRAP_REACH.iloc[:0]}, ParameterError, "candidates must not be empty"),
        ({"weight": "visit"}, ParameterError, "did you mean 'visits'"),
        ({"time_limit_s": -1}, ParameterError, "time_limit_s"),
        ({"time_limit_s": float("nan")}, ParameterError, "time_limit_s"),
        ({"gap": 1}, ParameterError, "gap must be a share"),
        ({"gap": float("nan")}, ParameterError, "gap must be a share"),
        ({"demand": TRAP_DEMAND.assign(visits=0.0)}, DataError,
         "no demand to cover: column 'visits' adds up to 0 over 5 rows"),
        ({"demand": TRAP_DEMAND.iloc[:0]}, DataError, "no demand to cover"),
        ({"demand": TRAP_DEMAND.assign(visits=[1, -1, np.nan, np.inf, 2])}, DataError,
         r"3 of 5 rows are not: '-1 \(row 1\)', 'nan \(row 2\)', 'inf \(row 3\)'"),
        ({"demand": TRAP_DEMAND.assign(cell="8a")}, ColumnError, "demand: column 'cell' must hold whole numbers"),
        ({"demand": TRAP_DEMAND.rename(columns={"cell": "cells"})}, ColumnError, "demand: column 'cell' is missing"),
        ({"reach": pd.concat([TRAP_REACH, TRAP_REACH.iloc[:2]])}, DataError, "must be unique; 2 of 9 rows repeat"),
        ({"reach": TRAP_REACH.rename(columns={"station_id": "id"})}, ColumnError, "column 'station_id'"),
        ({"reach": TRAP_REACH.assign(station_id=[*TRAP_REACH["station_id"][:-1], None])}, DataError,
         "station_id must not be missing; 1 rows have none"),
        ({"existing": pd.DataFrame({"station_id": ["a"]})}, ColumnError, "existing: column 'cell' is missing"),
        ({"candidates": _described()[0].iloc[:2]}, DataError,
         "every station_id must be a candidate; 1 ids in 3 of 7 rows are not: 'mid'"),
        ({"candidates": _described()[0].assign(kind="nothing")}, DataError, "CANDIDATES: column 'kind'"),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_from_is_refused(changes: dict[str, Any], kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        _choose(**changes)


def test_a_solver_that_contradicts_itself_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def lie(model: _model.Model, **_: object) -> SimpleNamespace:
        sites = np.array([0])
        return SimpleNamespace(sites=sites, value=99.0, bound=99.0, timed_out=False, sizes={}, model=model)

    monkeypatch.setattr(siting, "hunt", lie)
    with pytest.raises(SitingError, match="newly cover 99; counted again they cover 7"):
        _choose()


def test_other_ends_of_highs_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(highspy.Highs):
        def getModelStatus(self) -> highspy.HighsModelStatus:  # noqa: N802 - HiGHS's name
            return highspy.HighsModelStatus.kSolveError

    monkeypatch.setattr(_highs, "_solver", Broken)
    with pytest.raises(SitingError, match="HiGHS ended with 'Solve error'"):
        _highs.prove(model_of(TRAP_DEMAND, TRAP_REACH), n_sites=1, start=np.array([0]), time_limit_s=9, allowed=0)
    monkeypatch.setitem(_highs._OPTIONS, "no_such_option", 1)
    with pytest.raises(SitingError, match="refused its option no_such_option = 1"):
        _highs.prove(model_of(TRAP_DEMAND, TRAP_REACH), n_sites=1, start=np.array([0]), time_limit_s=9, allowed=0)


def test_highs_out_of_time_returns_the_start_and_no_false_bound() -> None:
    demand, reach = town(3, places=500, radius=4.0)
    model = model_of(demand, reach)
    start = np.arange(20)
    proof = _highs.prove(model, n_sites=20, start=start, time_limit_s=0.0, allowed=0.0)
    assert not proof.finished
    assert _search.value(model, proof.sites) >= _search.value(model, start) - 1e-9
    assert proof.bound >= _search.value(model, _search.greedy(model, n_sites=20)[0])


def test_an_interrupt_stops_highs_and_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    workers: list[threading.Thread] = []

    class Interrupted(threading.Thread):
        """A thread whose watcher is interrupted while it waits."""

        def join(self, timeout: float | None = None) -> None:
            workers.append(self)
            if timeout is not None:
                raise KeyboardInterrupt
            super().join()

    monkeypatch.setattr(_highs.threading, "Thread", Interrupted)
    demand, reach = town(4, places=1000, radius=4.0)
    with pytest.raises(KeyboardInterrupt):
        _highs.prove(model_of(demand, reach), n_sites=25, start=np.arange(25), time_limit_s=600.0, allowed=0.0)
    assert workers
    assert not workers[0].is_alive()


def test_candidates_are_centres_of_cells() -> None:
    some = cells.from_lonlat([114.05, 114.06, 114.07], [22.54, 22.54, 22.54], resolution=10)
    table = siting.candidates_from_cells(some[::-1], kind="warm_bee")
    schema.validate(table, schema.CANDIDATES)
    assert table["candidate_id"].tolist() == cells.to_text(np.sort(some)).tolist()
    centre: tuple[npt.NDArray[np.float64], ...] = cells.centres(np.sort(some))
    assert table.geometry.x.to_numpy() == pytest.approx(centre[0])
    assert table.geometry.y.to_numpy() == pytest.approx(centre[1])
    assert table["zone_id"].tolist() == ["", "", ""]
    assert set(table["action"]) == {"new"}
    zone = gpd.GeoDataFrame(
        {"zone_id": ["z"], "level": ["grid"], "parent_id": [""], "name": ["Z"]},
        geometry=[shapely.box(114.04, 22.53, 114.055, 22.55)],
        crs="EPSG:4326",
    )
    placed = siting.candidates_from_cells(some, kind="warm_bee", within=zone)
    assert sorted(placed["zone_id"]) == ["", "", "z"]
    none = siting.candidates_from_cells(some[:0], kind="warm_bee")
    assert none.empty
    schema.validate(none, schema.CANDIDATES)
    with pytest.raises(DataError, match="1 of 2 repeat"):
        siting.candidates_from_cells(some[[0, 0]], kind="warm_bee")
    with pytest.raises(ParameterError, match="not a cluster"):
        siting.candidates_from_cells(some, kind="warm_bee_street")
    with pytest.raises(ParameterError, match="unknown action 'build'"):
        siting.candidates_from_cells(some, kind="warm_bee", action="build")
