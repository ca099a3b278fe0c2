"""The rational agent access model: everybody goes where way and crowding together cost least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._threads import in_threads
from stationgeo.errors import DataError
from stationgeo.supply import _raam_kernels as kernels
from stationgeo.supply._checks import positive
from stationgeo.supply._pairs import ALL_BINS, Grouped, group_by_cell, read_capacity, read_demand, read_pairs

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray
    from stationgeo.supply._pairs import Capacity, Wanted

__all__ = ["RationalAgents", "raam"]

_MOST_ROUNDS = 200
_SWEEPS_A_ROUND = 300
_ROUNDS_A_SWEEP = 10
"""After so many rounds each settles by one sweep more at least: where cells pass demand on along a chain, each is near
its own optimum when its turn comes, and yet all of them creep."""
_PART_OF_EXCESS = 0.1
"""Cells that have a choice are settled to a tenth of the excess before all stations are priced again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RationalAgents:
    """Where workers go who know the way and the crowd, with the parameters that made it."""

    cells: pd.DataFrame
    """ACCESS, key `cell` (and `bin` where asked for), every cell with demand: `demand`, `cost` (in units of
    tau: what its workers pay on average, way and crowding; less is better, nan where no station is in reach), `excess`
    (by how much that is above the cheapest station in reach: 0 at the fixed point), `n_used` stations."""
    stations: pd.DataFrame
    """Key `station_id` (and `bin`): `capacity`, `load` in the unit of the weight, `crowding` = load / (rho capacity) in
    units of tau, nan without capacity."""
    flows: pd.DataFrame
    """Key (`station_id`, `cell`, and `bin`), only where somebody goes: `demand`. Adds up to the cells' demand and the
    stations' load."""
    trace: pd.DataFrame
    """One row a round (of each `bin`): `sweeps` so far, `potential` (never rises), `gap`."""
    gap: float
    """Relative gap reached: what all pay beyond what each could pay, over what each could pay; of hours the largest."""
    headline: dict[str, float]
    """`demand`, `unreached_demand`, `mean_cost`, `gap`, and `crowding_error`: no station's crowding is further than
    this from that of the exact equilibrium."""
    parameters: dict[str, Any]
    """tau, rho, weight, impedance, bins, gap asked for."""

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{name}</td><td>{value:,.4g}</td></tr>" for name, value in self.headline.items())
        return f"<b>RAAM</b><table>{rows}</table>"


def raam(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    supply: pd.DataFrame | pd.Series[float],
    weight: str,
    tau: float,
    rho: float | None,
    bins: Collection[int] | None = None,
    hourly: bool = False,
    gap: float = 1e-6,
) -> RationalAgents:
    """Find the equilibrium of workers who weigh the way against the crowd.

    Parameters
    ----------
    demand
        DEMAND. Cells without any are left aside.
    reach
        REACH of the stations, or the `TravelReach` that holds it.
    supply
        Capacity of every station of the reach, as in `floating_catchment`, by bin too where it differs by hour (a bin
        that a station lacks has none: it is closed). Nobody goes where it is 0.
    weight
        The column of demand that counts.
    tau
        The way, in the unit of the reach, that is as bad as a station at its mean load; above 0.
    rho
        Demand per unit of capacity that counts as crowding 1; None takes the mean: demand in reach over capacity in
        reach, of all hours together, so that hours are told on one scale.
    bins
        Bins of demand to count; by default all.
    hourly
        Whether each bin is a town of its own, instead of all added up. Opening hours matter only then.
    gap
        Relative gap at which the equilibrium is good enough; above 0.

    Returns
    -------
    RationalAgents
        Cost per cell, load per station, flows, and the gap that was reached.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, no cell with demand reaches capacity (by the hour and with rho given that is an answer:
        all is shut), a table breaks its contract, or the gap is not reached.
    ParameterError
        If weight, tau, rho or gap are outside their domain, or supply by bin is given for all bins as one.

    Notes
    -----
    A worker of cell i at station j pays C_ij = c_ij / tau + L_j / (rho S_j), where L_j is the demand that goes there.
    In equilibrium nobody can pay less elsewhere. These flows d are the minimum of a convex potential (Beckmann's)::

        F(d) = sum_ij d_ij c_ij / tau + sum_j L_j^2 / (2 rho S_j),   d >= 0,   sum_j d_ij = D_i

    whose slope in d_ij is C_ij, so that its conditions of optimality are those of the equilibrium. F is strictly convex
    in L: loads and costs are unique, flows need not be.

    It is solved cell by cell: with all others as they are, a cell's best flows fill its stations to one level of cost,
    which is computed exactly. Each such step minimises F over one block, so F never rises; the blocks' sets do not
    depend on each other and F is smooth, so every limit is a minimum (Bertsekas, 1999, proposition 2.7.1). Most cells
    use one station: only those with a choice are repeated, and all rows are priced anew between.

    Gap: E = sum_ij d_ij (C_ij - min_k C_ik) is 0 at the equilibrium alone. By convexity F(d) - F* <= E, and by strong
    convexity in L, |L_j - L*_j| / (rho S_j) <= sqrt(2 E / (rho S_j)): the `crowding_error`. What is asked for is E over
    sum_i D_i min_k C_ik.

    Laws: flows add up to the demand in reach, at cells and at stations. At a fixed rho, more capacity or a new station
    raises no cell's cost: if crowding rose at some stations, whoever goes to them now would have preferred them before
    by even more, so that they had at least as much demand at less crowding and no more room, which cannot be. A longer
    cutoff is not monotone: it can bring strangers to one's own station. Unknown capacity therefore gives a range of
    costs between its least and its most. O(reach) a round, a few tens of rounds; 60 bytes a row of reach.

    References
    ----------
    Saxon, J. and Snow, D. (2020). A rational agent model for the spatial accessibility of primary health care. Annals
    of the American Association of Geographers 110, 205-222. doi:10.1080/24694452.2019.1629870
    Beckmann, M., McGuire, C. B. and Winsten, C. B. (1956). Studies in the Economics of Transportation. Yale University
    Press.
    Bertsekas, D. P. (1999). Nonlinear Programming, second edition. Athena Scientific.

    Examples
    --------
    Ten workers beside station a, b 60 s away, both of 5 seats: a is as much more crowded as b is farther. With rho = 1
    and tau = 100 s, L_a / 5 = 0.6 + L_b / 5 and L_a + L_b = 10: 6.5 and 3.5.

    >>> demand = pd.DataFrame({
    ...     "cell": [7], "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": 10.0, "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> reach = pd.DataFrame({"station_id": ["a", "b"], "cell": [7, 7], "impedance_s": [0.0, 60.0]})
    >>> found = raam(
    ...     demand, reach.astype({"cell": "uint64"}), supply=pd.Series({"a": 5.0, "b": 5.0}), weight="visits",
    ...     tau=100, rho=1,
    ... )
    >>> found.stations["load"].round(6).tolist(), found.cells["cost"].round(6).tolist()
    ([6.5, 3.5], [1.3])
    """
    tau, wanted_gap = positive(tau=tau), positive(gap=gap)
    wanted = read_demand(demand, weight=weight, bins=bins, hourly=hourly)
    capacity = read_capacity(supply, bins=wanted.bins)
    pairs = read_pairs(reach, station_id=capacity.station_id, cell=wanted.cell)
    rows = group_by_cell(pairs, n_cells=wanted.cell.size)
    per_room = _mean_load(rows, wanted, capacity)
    if per_room == 0 and (rho is None or not hourly):
        raise DataError("no cell with demand reaches a station with capacity: check cells, reach and capacities.")
    per_room = per_room if rho is None else positive(rho=rho)

    def town(at: int, _next: int) -> _Town:
        solved = _solve(rows, wanted.amount[at], capacity.amount[at], per_room, tau=tau, gap=wanted_gap)
        return _laid_out(solved, wanted, capacity, at)

    return _united(
        in_threads(town, range(wanted.bins.size + 1), None), wanted,
        parameters={
            "tau": tau, "rho": per_room, "weight": weight, "impedance": pairs.column,
            "bins": None if bins is None else sorted(bins), "gap": wanted_gap,
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Solved:
    rows: Grouped
    """Of cells with demand in reach of capacity; impedance in units of tau."""
    reached: npt.NDArray[np.bool_]
    """Which cells these are."""
    flow: FloatArray
    load: FloatArray
    room: FloatArray
    demand: FloatArray
    excess: float
    trace: pd.DataFrame


class _Town(NamedTuple):
    """Tables and figures of one bin."""

    cells: pd.DataFrame
    stations: pd.DataFrame
    flows: pd.DataFrame
    trace: pd.DataFrame
    gap: float
    unreached: float
    paid: float
    """Sum of demand x cost."""
    crowding_error: float


def _with_room(rows: Grouped, demand: FloatArray, capacity: FloatArray) -> Grouped:
    """Leave out the rows of stations without capacity, and of cells without demand."""
    kept = (capacity[rows.station] > 0) & np.repeat(demand > 0, np.diff(rows.first))
    if kept.all():
        return rows
    before = np.concatenate([[0], np.cumsum(kept)])
    return Grouped(first=before[rows.first], station=rows.station[kept], impedance=rows.impedance[kept])


def _mean_load(rows: Grouped, wanted: Wanted, capacity: Capacity) -> float:
    """Demand in reach of capacity over capacity in reach of demand, all bins together; 0 where there is none."""
    demand, room = 0.0, 0.0
    for amount, seats in zip(wanted.amount, capacity.amount, strict=True):
        there = _with_room(rows, amount, seats)
        demand += float(amount[np.diff(there.first) > 0].sum())
        room += float(seats[np.unique(there.station)].sum())
    return demand / room if room > 0 else 0.0


def _solve(
    every: Grouped, amount: FloatArray, capacity: FloatArray, per_room: float, *, tau: float, gap: float
) -> _Solved:
    rows, room = _with_room(every, amount, capacity), per_room * capacity
    reached = np.diff(rows.first) > 0
    first = np.concatenate([[0], rows.first[1:][reached]])
    demand, way = amount[reached], rows.impedance / tau
    flow, load = np.zeros(way.size), np.zeros(room.size)
    kernels.fill_all(first, rows.station, way, room, load, flow, demand)
    trace: list[tuple[int, float, float]] = []
    sweeps = 1
    for turn in range(_MOST_ROUNDS):
        excess, least, potential, cells, begins, some = kernels.price(
            first, rows.station, way, room, load, flow, demand
        )
        reached_gap = excess / least if least > 0 else 0.0
        trace.append((sweeps, potential, reached_gap))
        if reached_gap <= gap:
            break
        sweeps += kernels.settle(
            cells, begins, some, rows.station, way, room, load, flow, demand, _PART_OF_EXCESS * excess,
            turn // _ROUNDS_A_SWEEP, _SWEEPS_A_ROUND,
        )  # fmt: skip
    else:
        raise DataError(
            f"the equilibrium was approached to a gap of {reached_gap:.1e} in {sweeps:,} sweeps, not to {gap:.1e}. "
            "Ask for a larger gap."
        )
    return _Solved(
        rows=Grouped(first=first, station=rows.station, impedance=way), reached=reached, flow=flow, load=load,
        room=room, demand=demand, excess=excess, trace=pd.DataFrame(trace, columns=["sweeps", "potential", "gap"]),
    )  # fmt: skip


def _laid_out(solved: _Solved, wanted: Wanted, capacity: Capacity, at: int) -> _Town:
    rows, flow, demand, reached = solved.rows, solved.flow, solved.demand, solved.reached
    crowding = np.divide(solved.load, solved.room, out=np.full(solved.room.size, np.nan), where=solved.room > 0)
    price = rows.impedance + crowding[rows.station]
    begin = rows.first[:-1]
    paid = np.add.reduceat(flow * price, begin) / demand if begin.size else np.empty(0)
    least = np.minimum.reduceat(price, begin) if begin.size else np.empty(0)
    amount = wanted.amount[at]
    table = pd.DataFrame({"cell": wanted.cell, "demand": amount, "cost": np.nan, "excess": np.nan, "n_used": 0})
    table.loc[reached, "cost"] = paid
    table.loc[reached, "excess"] = np.maximum(paid - least, 0.0)
    if begin.size:
        table.loc[reached, "n_used"] = np.add.reduceat((flow > 0).astype(np.int64), begin)
    names = pd.array(capacity.station_id, dtype="str")
    used = np.flatnonzero(flow > 0)
    of_cell = np.repeat(wanted.cell[reached], np.diff(rows.first))[used]
    smallest = float(solved.room[np.unique(rows.station)].min(initial=np.inf))
    return _Town(
        cells=table[amount > 0].reset_index(drop=True),
        stations=pd.DataFrame(
            {"station_id": names, "capacity": capacity.amount[at], "load": solved.load, "crowding": crowding}
        ),
        flows=pd.DataFrame({"station_id": names[rows.station[used]], "cell": of_cell, "demand": flow[used]}),
        trace=solved.trace,
        gap=float(solved.trace["gap"].iloc[-1]),
        unreached=float(amount[~reached].sum()),
        paid=float((paid * demand).sum()),
        crowding_error=float(np.sqrt(2.0 * solved.excess / smallest)),
    )


def _united(towns: list[_Town], wanted: Wanted, *, parameters: dict[str, Any]) -> RationalAgents:
    """Put the tables of all bins together, and say which is whose."""
    tables = {}
    for name, behind in (("cells", "cell"), ("stations", "station_id"), ("flows", "cell"), ("trace", None)):
        parts = [getattr(one, name) for one in towns]
        table = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        if wanted.bins[0] != ALL_BINS:
            place = 0 if behind is None else table.columns.get_loc(behind) + 1
            table.insert(place, "bin", np.repeat(wanted.bins, [len(part) for part in parts]))
        tables[name] = table
    demand, unreached = float(wanted.amount.sum()), sum(one.unreached for one in towns)
    gap = max(one.gap for one in towns)
    return RationalAgents(
        **tables,
        gap=gap,
        headline={
            "demand": demand,
            "unreached_demand": unreached,
            "mean_cost": sum(one.paid for one in towns) / (demand - unreached) if demand > unreached else np.nan,
            "gap": gap,
            "crowding_error": max(one.crowding_error for one in towns),
        },
        parameters=parameters,
    )
