"""The rational agent model against hand-made towns, its own conditions, and a slow solver of another kind."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import schema, supply
from stationgeo.errors import DataError, ParameterError

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.Series]
Town = Callable[..., Tables]
Maker = Callable[..., pd.DataFrame]


def costs(found: supply.RationalAgents, reach: pd.DataFrame) -> pd.DataFrame:
    """What each pair would cost, and how many go there: from the tables alone."""
    crowding = found.stations.set_index("station_id")["crowding"]
    rows = reach.assign(cost=reach["impedance_s"] / found.parameters["tau"] + reach["station_id"].map(crowding))
    return rows.merge(found.flows, on=["station_id", "cell"], how="left").fillna({"demand": 0.0})


def test_a_line_of_three_by_hand(demand_of: Maker, reach_of: Maker) -> None:
    # Cell 1 reaches a alone, cell 2 both, cell 3 b alone; 6, 4 and 1 workers, one seat each, rho 1, tau 10 s. Cell 2 is
    # 10 s from a and 20 s from b: if x of its 4 go to a, 1 + 6 + x = 2 + 1 + (4 - x), so x = 0: both cost it 7.
    demand = demand_of({1: 6.0, 2: 4.0, 3: 1.0})
    reach = reach_of([("a", 1, 0), ("a", 2, 10), ("b", 2, 20), ("b", 3, 0)])
    found = supply.raam(demand, reach, supply=pd.Series({"a": 1.0, "b": 1.0}), weight="visits", tau=10, rho=1)
    assert found.stations["load"].tolist() == pytest.approx([6.0, 5.0])
    assert found.cells["cost"].tolist() == pytest.approx([6.0, 7.0, 5.0])


def test_two_cells_share_by_hand(demand_of: Maker, reach_of: Maker) -> None:
    # Cell 1 beside a, cell 2 beside b, 30 s between; 10 and 2 workers, seats 1 and 2, rho 1, tau 10 s. From cell 1
    # x go to b: 10 - x = 3 + (2 + x) / 2 gives x = 4: loads 6 and 6, crowding 6 and 3.
    demand = demand_of({1: 10.0, 2: 2.0})
    reach = reach_of([("a", 1, 0), ("b", 1, 30), ("a", 2, 30), ("b", 2, 0)])
    found = supply.raam(
        demand, reach, supply=pd.Series({"a": 1.0, "b": 2.0}), weight="visits", tau=10, rho=1, gap=1e-12
    )
    assert found.stations["load"].tolist() == pytest.approx([6.0, 6.0])
    assert found.cells["cost"].tolist() == pytest.approx([6.0, 3.0])
    assert found.cells["n_used"].tolist() == [2, 1]
    assert found.flows.to_numpy().tolist() == [["a", 1, pytest.approx(6)], ["b", 1, pytest.approx(4)], ["b", 2, 2.0]]
    # Mean load of a seat is 12 / 3: the same town with rho left to the mean is four times as roomy.
    assert supply.raam(
        demand, reach, supply=pd.Series({"a": 1.0, "b": 2.0}), weight="visits", tau=10, rho=None
    ).parameters["rho"] == pytest.approx(4.0)


@given(seed=st.integers(0, 2**32 - 1), tau=st.sampled_from([20.0, 200.0, 2000.0]))
@settings(deadline=None, max_examples=30)
def test_nobody_can_do_better_elsewhere_and_nobody_is_lost(random_town: Town, seed: int, tau: float) -> None:
    demand, reach, seats = random_town(seed, cells=25, share=0.3)
    found = supply.raam(demand, reach, supply=seats, weight="visits", tau=tau, rho=None, gap=1e-10)
    rows = costs(found, reach)
    least = rows.groupby("cell")["cost"].transform("min")
    all_pay = (rows["demand"] * rows["cost"]).sum()
    assert (rows["demand"] * (rows["cost"] - least)).sum() <= 2e-10 * all_pay
    going = found.flows.groupby("cell")["demand"].sum()
    there = demand[demand["cell"].isin(reach["cell"])].set_index("cell")["visits"]
    pd.testing.assert_series_equal(going, there, check_names=False, rtol=1e-12)
    arriving = found.flows.groupby("station_id")["demand"].sum().reindex(seats.index, fill_value=0.0)
    np.testing.assert_allclose(arriving, found.stations["load"], rtol=1e-9, atol=1e-9)
    assert found.headline["unreached_demand"] == pytest.approx(demand["visits"].sum() - there.sum())


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_the_potential_never_rises_and_the_gap_bounds_what_is_left(random_town: Town, seed: int) -> None:
    demand, reach, seats = random_town(seed, cells=60, stations=12)
    found = supply.raam(demand, reach, supply=seats, weight="visits", tau=300, rho=None, gap=1e-12)
    potential = found.trace["potential"].to_numpy()
    assert (np.diff(potential) <= 1e-12 * potential[:-1]).all()
    # E >= F - F*, and E <= gap x what all pay, which is at most twice F.
    left = potential - potential[-1]
    assert (left <= 2.0 * found.trace["gap"] * potential * (1 + found.trace["gap"]) + 1e-9 * potential).all()
    rough = supply.raam(demand, reach, supply=seats, weight="visits", tau=300, rho=found.parameters["rho"], gap=1e-3)
    off = (rough.stations["crowding"] - found.stations["crowding"]).abs().max()
    assert off <= rough.headline["crowding_error"] + found.headline["crowding_error"]


def by_averages(demand: pd.DataFrame, reach: pd.DataFrame, seats: pd.Series, *, tau: float, rho: float) -> pd.Series:
    """Crowding by successive averages: each round a smaller part of everybody goes where it is cheapest now."""
    way = reach.pivot_table(index="cell", columns="station_id", values="impedance_s").reindex(columns=seats.index) / tau
    need = demand.set_index("cell")["visits"].reindex(way.index).to_numpy()
    load = np.zeros(len(seats))
    for turn in range(40_000):
        cost = way.to_numpy() + load / (rho * seats.to_numpy())
        there = np.bincount(np.nanargmin(cost, axis=1), weights=need, minlength=len(seats))
        load += (there - load) / (turn + 1)
    return pd.Series(load / (rho * seats.to_numpy()), index=seats.index)


def test_successive_averages_tend_to_the_same_crowding(random_town: Town) -> None:
    demand, reach, seats = random_town(5, cells=30, stations=6)
    found = supply.raam(demand, reach, supply=seats, weight="visits", tau=300, rho=2.0, gap=1e-12)
    theirs = by_averages(demand, reach, seats, tau=300, rho=2.0)
    np.testing.assert_allclose(found.stations["crowding"], theirs, atol=2e-3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_more_seats_raise_nobodys_cost(random_town: Town, seed: int) -> None:
    demand, reach, seats = random_town(seed, cells=25)
    asked = {"weight": "visits", "tau": 300.0, "rho": 2.0, "gap": 1e-11}
    before = supply.raam(demand, reach, supply=seats, **asked).cells["cost"]
    more = supply.raam(demand, reach, supply=seats + np.arange(len(seats)) % 3, **asked).cells["cost"]
    fewer = supply.raam(demand, reach, supply=seats.where(seats.index != "s0", 0.0), **asked).cells["cost"]
    assert (more.dropna() <= before.dropna() + 1e-4).all()
    both = fewer.notna()
    assert (before[both] <= fewer[both] + 1e-4).all()


def test_what_creeps_along_a_chain_of_cells_arrives(random_town: Town) -> None:
    # Single sweeps a round fall by a tenth each here, and did not arrive in two hundred rounds.
    demand, reach, seats = random_town(1021, cells=25)
    assert supply.raam(demand, reach, supply=seats, weight="visits", tau=300, rho=2, gap=1e-11).gap <= 1e-11


def test_hours_are_towns_of_their_own_on_one_scale(random_town: Town) -> None:
    demand, reach, seats = random_town(3, cells=20, stations=5)
    rng = np.random.default_rng(3)
    timed = pd.concat([demand.assign(bin=b, visits=rng.integers(0, 4, 20) * 1.0) for b in (7, 8, 9)], ignore_index=True)
    # In the hour of 9 nothing is open; in that of 8 all but s0.
    by_hour = pd.DataFrame(
        [(name, b, float(seats[name]) * (b == 7 or name != "s0")) for b in (7, 8) for name in seats.index],
        columns=["station_id", "bin", "capacity"],
    )
    asked = {"weight": "visits", "tau": 300.0, "gap": 1e-9}
    found = supply.raam(timed, reach, supply=by_hour, rho=None, hourly=True, **asked)
    schema.validate(found.cells, schema.ACCESS)
    rho = found.parameters["rho"]
    loads = demand_there = room = 0.0
    for b in (7, 8):
        alone = supply.raam(
            timed[timed["bin"] == b], reach, supply=by_hour.loc[by_hour["bin"] == b, ["station_id", "capacity"]],
            rho=rho, **asked,
        )  # fmt: skip
        for name in ("cells", "stations", "flows", "trace"):
            told = getattr(found, name)
            told = told[told["bin"] == b].drop(columns="bin").reset_index(drop=True)
            pd.testing.assert_frame_equal(told, getattr(alone, name), check_exact=True)
        loads += alone.stations["load"].sum()
        demand_there += alone.headline["demand"] - alone.headline["unreached_demand"]
        used = reach.merge(timed[(timed["bin"] == b) & (timed["visits"] > 0)], on="cell")["station_id"].unique()
        room += by_hour[(by_hour["bin"] == b) & by_hour["station_id"].isin(used)]["capacity"].sum()
    assert rho == pytest.approx(demand_there / room)
    assert loads == pytest.approx(found.flows["demand"].sum())
    shut = found.cells[found.cells["bin"] == 9]
    assert len(shut) > 0
    assert shut["cost"].isna().all()
    reached = found.cells.dropna(subset="cost")
    assert found.headline["mean_cost"] == pytest.approx((reached["demand"] * reached["cost"]).sum() / demand_there)
    assert found.headline["unreached_demand"] == pytest.approx(timed["visits"].sum() - demand_there)


def test_seats_by_hour_are_not_forgotten_where_hours_are_one(demand_of: Maker, reach_of: Maker) -> None:
    seats = pd.DataFrame({"station_id": ["a"], "bin": [9], "capacity": [1.0]})
    with pytest.raises(ParameterError, match="given by bin"):
        supply.raam(demand_of({(1, 9): 1.0}), reach_of([("a", 1, 5)]), supply=seats, weight="visits", tau=1, rho=None)


def test_a_longer_cutoff_can_raise_a_cost(demand_of: Maker, reach_of: Maker) -> None:
    # Cell 1 has a for itself, 1 worker a seat; cell 2 with 9 on b's one seat finds a: 4 of them come.
    demand, rows = demand_of({1: 1.0, 2: 9.0}), [("a", 1, 0), ("b", 2, 0)]
    first, later = (
        supply.raam(demand, reach_of(some), supply=pd.Series({"a": 1.0, "b": 1.0}), weight="visits", tau=1, rho=1)
        for some in (rows, [*rows, ("a", 2, 0)])
    )
    assert first.cells["cost"].tolist() == pytest.approx([1.0, 9.0])
    assert later.cells["cost"].tolist() == pytest.approx([5.0, 5.0])


def test_what_reaches_no_seat_has_no_cost(demand_of: Maker, reach_of: Maker) -> None:
    demand = demand_of({1: 1.0, 2: 2.0, 3: 4.0})
    reach = reach_of([("a", 1, 5), ("shut", 1, 0), ("shut", 2, 0)])
    found = supply.raam(demand, reach, supply=pd.Series({"a": 1.0, "shut": 0.0}), weight="visits", tau=10, rho=1)
    assert found.cells["cost"].tolist() == pytest.approx([1.5, np.nan, np.nan], nan_ok=True)
    assert found.headline["unreached_demand"] == 6.0
    assert np.isnan(found.stations.set_index("station_id").loc["shut", "crowding"])
    schema.validate(found.cells, schema.ACCESS)
    assert "unreached_demand" in found._repr_html_()


def test_demand_too_small_to_matter_still_goes_somewhere(demand_of: Maker, reach_of: Maker) -> None:
    found = supply.raam(
        demand_of({1: 1e-30, 2: 1e9}), reach_of([("a", 1, 5e6), ("b", 1, 6e6), ("a", 2, 0)]),
        supply=pd.Series({"a": 1.0, "b": 1e9}), weight="visits", tau=1, rho=1,
    )  # fmt: skip
    assert found.flows["demand"].tolist() == [1e-30, 1e9]


def test_wrong_calls_are_named(demand_of: Maker, reach_of: Maker) -> None:
    demand, reach = demand_of({1: 1.0}), reach_of([("a", 1, 5)])
    asked = {"supply": pd.Series({"a": 1.0}), "weight": "visits", "tau": 10.0, "rho": 1.0}
    for name in ("tau", "rho", "gap"):
        with pytest.raises(ParameterError, match=f"{name} must be a finite number above 0"):
            supply.raam(demand, reach, **(asked | {name: 0.0}))
    with pytest.raises(DataError, match="no cell with demand reaches"):
        supply.raam(demand, reach, **(asked | {"supply": pd.Series({"a": 0.0})}))


def test_a_gap_below_rounding_is_not_reached_and_said_so(random_town: Town) -> None:
    demand, reach, seats = random_town(3)
    with pytest.raises(DataError, match="Ask for a larger gap"):
        supply.raam(demand, reach, supply=seats, weight="visits", tau=300, rho=2.0, gap=1e-300)
