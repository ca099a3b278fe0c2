"""Floating catchments against towns worked out by hand, a plain rewrite in pandas, and the laws of each method."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import reach as ways
from stationgeo import schema, supply
from stationgeo.errors import ColumnError, DataError, ParameterError

BANDS = ways.banded([200, 400, 600], [1.0, 0.68, 0.22])
STEP = ways.step(cutoff=400)
DECAYS = {"2SFCA": STEP, "E2SFCA": BANDS, "KD2SFCA": ways.gaussian(cutoff=600), "3SFCA": BANDS, "BFCA": BANDS}
METHODS = tuple(DECAYS)
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.Series]
Town = Callable[..., Tables]
Maker = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def toy(demand_of: Maker, reach_of: Maker) -> Tables:
    """Cells 1 and 2 want 10 and 30; a (6 seats) is near both, b (8 seats) in the second band of 1 and near 2.

    Cell 3 wants 5 and reaches nothing; cell 9 is in reach and wants nothing.
    """
    demand = demand_of({1: 10.0, 2: 30.0, 3: 5.0})
    reach = reach_of([("a", 1, 100), ("a", 2, 200), ("b", 1, 300), ("b", 2, 150), ("b", 9, 50)])
    return demand, reach, pd.Series({"a": 6.0, "b": 8.0, "c": 3.0})


def access(found: supply.FloatingCatchment) -> list[float]:
    return found.cells["access"].tolist()


def test_two_steps_by_hand(toy: Tables) -> None:
    demand, reach, seats = toy
    # Both stations serve 10 + 30: 6 / 40 and 8 / 40 a worker.
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=STEP, method="2SFCA")
    assert access(found) == pytest.approx([0.15 + 0.2, 0.15 + 0.2, 0.0])
    assert found.stations["load"].tolist() == [40.0, 40.0, 0.0]
    assert np.isnan(found.stations["ratio"].iloc[2])
    assert found.headline == pytest.approx(
        {
            "demand": 45.0, "demand_with_access": 40.0, "capacity": 17.0, "used_capacity": 14.0,
            "mean_access": 14.0 / 45.0, "n_rows_elsewhere": 1.0,
        }
    )  # fmt: skip
    schema.validate(found.cells, schema.ACCESS)


def test_enhanced_two_steps_by_hand(toy: Tables) -> None:
    demand, reach, seats = toy
    # b: 0.68 x 10 + 30 = 36.8, so 8 / 36.8 to cell 2 and 0.68 of it to cell 1.
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=BANDS, method="E2SFCA")
    assert access(found) == pytest.approx([0.15 + 0.68 * 8 / 36.8, 0.15 + 8 / 36.8, 0.0])


def test_kernel_by_hand(toy: Tables) -> None:
    demand, reach, seats = toy
    # A straight line to 400 s: weights 0.75 and 0.5 at a, 0.25 and 0.625 at b.
    found = supply.floating_catchment(
        demand, reach, supply=seats, weight="visits", decay=ways.linear(cutoff=400), method="KD2SFCA"
    )
    a, b = 6 / (0.75 * 10 + 0.5 * 30), 8 / (0.25 * 10 + 0.625 * 30)
    assert access(found) == pytest.approx([0.75 * a + 0.25 * b, 0.5 * a + 0.625 * b, 0.0])


def test_three_steps_by_hand(toy: Tables) -> None:
    demand, reach, seats = toy
    # Cell 1 chooses a with 1 / 1.68 and b with 0.68 / 1.68, cell 2 either with 1 / 2; weights multiply once more.
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=BANDS, method="3SFCA")
    p_1a, p_1b, p_2a, p_2b = 1 / 1.68, 0.68 / 1.68 * 0.68, 0.5, 0.5
    a, b = 6 / (p_1a * 10 + p_2a * 30), 8 / (p_1b * 10 + p_2b * 30)
    assert access(found) == pytest.approx([p_1a * a + p_1b * b, p_2a * a + p_2b * b, 0.0])


def test_balance_by_hand(toy: Tables) -> None:
    demand, reach, seats = toy
    # Demand: cell 1 sends 10 / 1.68 to a, the rest to b; cell 2 sends half to each. Supply: a gives half of its
    # ratio to each cell, b 0.68 / 1.68 and 1 / 1.68.
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=BANDS, method="BFCA")
    to_a, to_b = 10 / 1.68 + 15, 6.8 / 1.68 + 15
    assert found.stations["load"].tolist() == pytest.approx([to_a, to_b, 0.0])
    a, b = 6 / to_a, 8 / to_b
    assert access(found) == pytest.approx([a / 2 + b * 0.68 / 1.68, a / 2 + b / 1.68, 0.0])


def test_selection_by_capacity_is_by_huffs_shares(toy: Tables) -> None:
    demand, reach, seats = toy
    method = supply.Method(selection="capacity", balance=False)
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=STEP, method=method)
    # All weights are 1: both cells send 6/14 to a and 8/14 to b; each seat is shared by its 1/14 of 40.
    assert found.stations["load"].tolist() == pytest.approx([40 * 6 / 14, 40 * 8 / 14, 0.0])
    assert access(found) == pytest.approx([14 / 40, 14 / 40, 0.0])


def in_pandas(demand: pd.DataFrame, reach: pd.DataFrame, seats: pd.Series, *, method: str) -> pd.Series:
    """All methods once more, by merging and grouping, as PySAL's access does it."""
    rows = reach.merge(demand[["cell", "visits"]], on="cell").assign(seats=lambda t: t["station_id"].map(seats))
    rows["w"] = DECAYS[method](rows["impedance_s"].to_numpy())
    if method == "3SFCA":
        rows["w"] *= rows["w"] / rows.groupby("cell")["w"].transform("sum")
    rows = rows[rows["w"] > 0]
    given = taken = rows["w"]
    if method == "BFCA":
        given = rows["w"] / rows.groupby("cell")["w"].transform("sum")
        taken = rows["w"] / rows.groupby("station_id")["w"].transform("sum")
    load = (given * rows["visits"]).groupby(rows["station_id"]).transform("sum")
    summed = (taken * rows["seats"] / load).groupby(rows["cell"]).sum()
    return summed.reindex(demand["cell"], fill_value=0.0)


@pytest.mark.parametrize("method", METHODS)
def test_random_towns_are_those_of_the_plain_rewrite(random_town: Town, method: str) -> None:
    for seed in range(20):
        demand, reach, seats = random_town(seed)
        found = supply.floating_catchment(
            demand, reach, supply=seats, weight="visits", decay=DECAYS[method], method=method
        )
        np.testing.assert_allclose(found.cells["access"], in_pandas(demand, reach, seats, method=method), rtol=1e-12)


@pytest.mark.parametrize("method", ["2SFCA", "E2SFCA", "KD2SFCA", "3SFCA"])
@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_demand_times_access_is_the_supply_that_has_demand_in_reach(random_town: Town, method: str, seed: int) -> None:
    demand, reach, seats = random_town(seed, cells=15, share=0.15)
    decay = DECAYS[method]
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=decay, method=method)
    near = reach.loc[decay(reach["impedance_s"].to_numpy()) > 0, "station_id"].unique()
    assert (found.cells["demand"] * found.cells["access"]).sum() == pytest.approx(seats[near].sum(), rel=1e-12)
    assert found.headline["used_capacity"] == pytest.approx(seats[near].sum())


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_balance_counts_nobody_and_no_ratio_twice(random_town: Town, seed: int) -> None:
    demand, reach, seats = random_town(seed, cells=15, share=0.15)
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=BANDS, method="BFCA")
    near = reach.loc[reach["impedance_s"] <= 600, "cell"].unique()
    in_reach = demand.loc[demand["cell"].isin(near), "visits"].sum()
    assert found.stations["load"].sum() == pytest.approx(in_reach, rel=1e-12)
    assert found.cells["access"].sum() == pytest.approx(found.stations["ratio"].sum(), rel=1e-12)


def test_balance_does_not_conserve_supply(demand_of: Maker, reach_of: Maker) -> None:
    # One station of 4 seats, cells of 1 and 3, one weight: load 4, ratio 1, half of it to each: 1 x 1/2 + 3 x 1/2 = 2.
    demand, reach = demand_of({1: 1.0, 2: 3.0}), reach_of([("a", 1, 0), ("a", 2, 0)])
    found = supply.floating_catchment(
        demand, reach, supply=pd.Series({"a": 4.0}), weight="visits", decay=STEP, method="BFCA"
    )
    assert (found.cells["demand"] * found.cells["access"]).sum() == pytest.approx(2.0)


def test_a_longer_cutoff_can_lower_access(demand_of: Maker, reach_of: Maker) -> None:
    # a's one seat is cell 1's alone within 100 s; within 300 s nine others share it: 1, then 1/10.
    demand, reach = demand_of({1: 1.0, 2: 9.0}), reach_of([("a", 1, 50), ("a", 2, 300)])
    of_cell_1 = [
        supply.floating_catchment(
            demand, reach, supply=pd.Series({"a": 1.0}), weight="visits", decay=ways.step(cutoff=cutoff), method="2SFCA"
        ).cells["access"].iloc[0]
        for cutoff in (100, 300)
    ]  # fmt: skip
    assert of_cell_1 == [1.0, 0.1]


def test_a_new_station_can_lower_access_in_three_steps(demand_of: Maker, reach_of: Maker) -> None:
    # s has 2 seats for cells 1 and 2, which want 1 each: 1 a worker. A station t of next to no seats beside cell 1
    # takes half of its choice: s is worth 2 / 1.5, of which cell 1 gets a half.
    demand, rows = demand_of({1: 1.0, 2: 1.0}), [("s", 1, 0), ("s", 2, 0)]
    before, after = (
        supply.floating_catchment(
            demand, reach_of(some), supply=pd.Series({"s": 2.0, "t": 1e-9}), weight="visits", decay=STEP, method="3SFCA"
        ).cells["access"].tolist()
        for some in (rows, [*rows, ("t", 1, 0)])
    )  # fmt: skip
    assert before == [1.0, 1.0]
    assert after == pytest.approx([2 / 3, 4 / 3], abs=1e-8)


def test_a_station_without_seats_is_no_choice(toy: Tables) -> None:
    demand, reach, seats = toy
    closed = reach[reach["station_id"] != "b"]
    for method in METHODS:
        ours, without = (
            supply.floating_catchment(
                demand, some, supply=given, weight="visits", decay=DECAYS[method], method=method
            ).cells["access"].tolist()
            for some, given in ((reach, seats.where(seats.index != "b", 0.0)), (closed, seats))
        )  # fmt: skip
        assert ours == pytest.approx(without)


def test_clusters_have_no_seats_of_their_own(toy: Tables) -> None:
    demand, reach, seats = toy
    table = pd.DataFrame({"station_id": ["a", "b"], "kind": ["warm_bee", "warm_bee_street"], "capacity": [6.0, np.nan]})
    ours, theirs = (
        supply.floating_catchment(demand, reach, supply=given, weight="visits", decay=STEP, method="BFCA")
        for given in (table, seats.where(seats.index != "b", 0.0))
    )
    assert access(ours) == access(theirs)


def test_hours_are_towns_of_their_own(demand_of: Maker, reach_of: Maker) -> None:
    # 9 h: 4 workers at 2 seats. 21 h: 1 worker; a is closed, b has 3 seats.
    demand, reach = demand_of({(1, 9): 4.0, (1, 21): 1.0}), reach_of([("a", 1, 10), ("b", 1, 10)])
    seats = pd.DataFrame({"station_id": ["a", "b", "b"], "bin": [9, 21, 22], "capacity": [2.0, 3.0, 9.0]})
    found = supply.floating_catchment(
        demand, reach, supply=seats, weight="visits", decay=STEP, method="2SFCA", hourly=True
    )
    assert found.cells[["cell", "bin", "access"]].to_numpy().tolist() == [[1, 9, 0.5], [1, 21, 3.0]]
    assert found.stations["capacity"].tolist() == [2.0, 0.0, 0.0, 3.0]
    schema.validate(found.cells, schema.ACCESS)


def test_bins_can_be_chosen(demand_of: Maker, reach_of: Maker) -> None:
    demand, reach = demand_of({(1, 9): 4.0, (1, 21): 1.0, (2, 9): 1.0}), reach_of([("a", 1, 10), ("a", 2, 10)])
    asked = {"supply": pd.Series({"a": 10.0}), "weight": "visits", "decay": STEP, "method": "2SFCA"}
    assert supply.floating_catchment(demand, reach, bins=[9], **asked).cells["access"].tolist() == [2.0, 2.0]
    assert supply.floating_catchment(demand, reach, **asked).cells["demand"].tolist() == [5.0, 1.0]


def test_untimed_demand_can_be_by_the_hour(demand_of: Maker, reach_of: Maker) -> None:
    found = supply.floating_catchment(
        demand_of({1: 4.0}), reach_of([("a", 1, 10)]), supply=pd.Series({"a": 2.0}), weight="visits", decay=STEP,
        method="2SFCA", hourly=True,
    )  # fmt: skip
    assert found.cells[["bin", "access"]].to_numpy().tolist() == [[-1, 0.5]]


@given(seed=st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=20)
def test_the_order_of_rows_does_not_matter(random_town: Town, seed: int) -> None:
    demand, reach, seats = random_town(seed, cells=12)
    for method in METHODS:
        asked = {"supply": seats, "weight": "visits", "decay": DECAYS[method], "method": method}
        ours = supply.floating_catchment(demand, reach, **asked)
        theirs = supply.floating_catchment(
            demand.sample(frac=1, random_state=1), reach.sort_values(["station_id", "cell"]), **asked
        )
        np.testing.assert_allclose(ours.cells["access"], theirs.cells["access"], rtol=1e-12)


@pytest.mark.parametrize(
    "names", [["a", "b", "a"], ["a", "bb", "bb"], ["站", "站二", "站"], ["x1", "x2", "x2"], ["x2"]]
)
def test_stations_are_told_apart_whatever_their_ids_look_like(
    demand_of: Maker, reach_of: Maker, names: list[str]
) -> None:
    demand = demand_of(dict.fromkeys(range(len(names)), 1.0))
    seats = pd.Series({name: float(rank) for rank, name in enumerate(sorted(set(names)), 1)})
    for table in (reach_of([(name, cell, 0) for cell, name in enumerate(names)]), reach_of([("z", 9, 0)]).iloc[:0]):
        whole = pd.concat([reach_of([("skipped", 99, 0)]), table], ignore_index=True).iloc[1:]
        found = supply.floating_catchment(demand, whole, supply=seats, weight="visits", decay=STEP, method="2SFCA")
        assert access(found) == [seats[name] / names.count(name) if len(table) else 0.0 for name in names]


def test_inputs_are_not_changed(toy: Tables) -> None:
    demand, reach, seats = (table.copy() for table in toy)
    supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=BANDS, method="3SFCA")
    for ours, theirs in zip((demand, reach, seats), toy, strict=True):
        assert ours.equals(theirs)


def test_no_reach_is_no_access(toy: Tables, reach_of: Maker) -> None:
    demand, _, seats = toy
    found = supply.floating_catchment(demand, reach_of([]), supply=seats, weight="visits", decay=BANDS, method="BFCA")
    assert access(found) == [0.0, 0.0, 0.0]


def test_notebooks_show_the_headline(toy: Tables) -> None:
    demand, reach, seats = toy
    found = supply.floating_catchment(demand, reach, supply=seats, weight="visits", decay=STEP, method="2SFCA")
    assert "2SFCA" in found._repr_html_()
    assert "used_capacity" in found._repr_html_()


class TestWrongCalls:
    @staticmethod
    def ask(toy: Tables, **changed: object) -> supply.FloatingCatchment:
        demand, reach, seats = toy
        asked = {
            "demand": demand,
            "reach": reach,
            "supply": seats,
            "weight": "visits",
            "decay": STEP,
            "method": "2SFCA",
        }
        given_ = asked | changed
        return supply.floating_catchment(given_.pop("demand"), given_.pop("reach"), **given_)

    def test_methods_and_weights_are_known(self, toy: Tables) -> None:
        with pytest.raises(ParameterError, match="did you mean 'E2SFCA'"):
            self.ask(toy, method="E2SFC")
        with pytest.raises(ParameterError, match="did you mean 'visits'"):
            self.ask(toy, weight="visit")
        with pytest.raises(ParameterError, match="selection"):
            self.ask(toy, method=supply.Method(selection="huff", balance=False))

    def test_two_steps_count_in_full_or_not_at_all(self, toy: Tables) -> None:
        with pytest.raises(ParameterError, match=r"reach\.step"):
            self.ask(toy, decay=BANDS)

    def test_seats_are_there_for_all_stations(self, toy: Tables) -> None:
        _, _, seats = toy
        with pytest.raises(DataError, match=r"reach names 1 stations of which no capacity .* 'b'"):
            self.ask(toy, supply=seats.drop("b"))
        with pytest.raises(DataError, match="1 of 3 rows are not, those of stations 'b'"):
            self.ask(toy, supply=seats.where(seats.index != "b"))
        with pytest.raises(DataError, match="no stations"):
            self.ask(toy, supply=seats.iloc[:0])
        with pytest.raises(DataError, match=r"must be unique; 1 rows .* 'a'"):
            self.ask(toy, supply=pd.concat([seats, seats.iloc[:1]]))
        with pytest.raises(ColumnError, match="'capacity' is missing"):
            self.ask(toy, supply=pd.DataFrame({"station_id": ["a"], "seats": [1.0]}))
        with pytest.raises(ParameterError, match="Got dict"):
            self.ask(toy, supply={"a": 1.0})
        with pytest.raises(ParameterError, match="hourly=True"):
            self.ask(toy, supply=pd.DataFrame({"station_id": ["a"], "bin": [9], "capacity": [1.0]}))

    def test_reach_keeps_its_contract(self, toy: Tables) -> None:
        _, reach, _ = toy
        with pytest.raises(DataError, match="must be unique, 1 rows"):
            self.ask(toy, reach=pd.concat([reach, reach.iloc[:1]], ignore_index=True))
        with pytest.raises(DataError, match="must be at least 0"):
            self.ask(toy, reach=reach.assign(impedance_s=-1.0))
        with pytest.raises(DataError, match="must not be missing"):
            self.ask(toy, reach=reach.assign(impedance_s=np.nan))
        with pytest.raises(DataError, match="must not be missing; 1 rows"):
            self.ask(toy, reach=reach.assign(station_id=["a", "a", None, "b", "b"]))
        with pytest.raises(ColumnError, match="exactly one of"):
            self.ask(toy, reach=reach.assign(impedance_m=1.0))
        with pytest.raises(ColumnError, match="uint64"):
            self.ask(toy, reach=reach.astype({"cell": "int64"}))

    def test_there_is_demand(self, toy: Tables) -> None:
        demand, _, _ = toy
        with pytest.raises(DataError, match="there is no demand: courier_s is 0 in all 3 rows"):
            self.ask(toy, weight="courier_s")
        with pytest.raises(DataError, match="of these bins"):
            self.ask(toy, bins=[7])
        with pytest.raises(ColumnError, match="'visits' is missing"):
            self.ask(toy, demand=demand.drop(columns="visits"))
