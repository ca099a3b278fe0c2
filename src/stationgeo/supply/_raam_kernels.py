"""Kernels of the rational agent model: one cell after the other is brought to its own optimum, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.supply._pairs import Codes

__all__ = ["fill_all", "price", "settle"]


@kernel
def _fill(
    rows: IntArray, station: Codes, way: FloatArray, room: FloatArray, load: FloatArray, flow: FloatArray, need: float
) -> None:
    """Pour one cell's demand over some of its stations like water: all that are used end at one level of cost.

    Station j alone would cost way + load / room and rises by 1 / room with each worker. The level is found by Newton's
    method from above on a convex function that is piecewise linear: it falls to the root in finitely many steps.
    """
    level = np.inf
    best = rows[0]
    for q in rows:
        j = station[q]
        load[j] -= flow[q]
        alone = way[q] + (load[j] + need) / room[j]
        if alone < level:
            level = alone
            best = q
    falling = True
    while falling:
        width, below = 0.0, 0.0
        for q in rows:
            j = station[q]
            ground = way[q] + load[j] / room[j]
            if ground < level:
                width += room[j]
                below += room[j] * ground
        lower = (need + below) / width if width > 0.0 else level
        falling = lower < level
        if falling:
            level = lower
    poured = 0.0
    for q in rows:
        j = station[q]
        flow[q] = max(room[j] * (level - way[q]) - load[j], 0.0)
        poured += flow[q]
    # Demand too small to raise any level in floating point goes where it is cheapest.
    if poured == 0.0:
        flow[best] = need
        poured = need
    for q in rows:
        flow[q] *= need / poured
        load[station[q]] += flow[q]


@kernel
def fill_all(
    first: IntArray, station: Codes, way: FloatArray, room: FloatArray, load: FloatArray, flow: FloatArray,
    demand: FloatArray,
) -> None:  # fmt: skip
    """Pour the demand of all cells, one after the other."""
    for i in range(demand.size):
        _fill(np.arange(first[i], first[i + 1]), station, way, room, load, flow, demand[i])


@kernel
def _add_up(first: IntArray, station: Codes, room: FloatArray, load: FloatArray, flow: FloatArray) -> float:
    """Add flows up to loads anew, so that rounding does not gather; returns the potential of the crowding."""
    load[:] = 0.0
    for q in range(first[-1]):
        load[station[q]] += flow[q]
    potential = 0.0
    for j in range(room.size):
        if load[j] > 0.0:
            potential += load[j] / room[j] * load[j] / 2.0
    return potential


@kernel
def price(
    first: IntArray, station: Codes, way: FloatArray, room: FloatArray, load: FloatArray, flow: FloatArray,
    demand: FloatArray,
) -> tuple[float, float, float, IntArray, IntArray, IntArray]:  # fmt: skip
    """Hold the flows against the prices that they make.

    Returns the excess of what all pay over what each could pay, the least that all could pay, the potential, and the
    cells that have a choice (two stations or more that are used, or cheaper than one that is) with the rows of these.
    """
    potential = _add_up(first, station, room, load, flow)
    excess, least = 0.0, 0.0
    cells = np.empty(demand.size, dtype=np.int64)
    begins = np.zeros(demand.size + 1, dtype=np.int64)
    rows = np.empty(flow.size, dtype=np.int64)
    n_cells, n_rows = 0, 0
    for i in range(demand.size):
        lowest, highest, paid = np.inf, 0.0, 0.0
        for q in range(first[i], first[i + 1]):
            cost = way[q] + load[station[q]] / room[station[q]]
            lowest = min(lowest, cost)
            if flow[q] > 0.0:
                paid += flow[q] * cost
                highest = max(highest, cost)
                potential += flow[q] * way[q]
        excess += max(paid - demand[i] * lowest, 0.0)
        least += demand[i] * lowest
        begin = n_rows
        for q in range(first[i], first[i + 1]):
            if flow[q] > 0.0 or way[q] + load[station[q]] / room[station[q]] < highest:
                rows[n_rows] = q
                n_rows += 1
        if n_rows - begin > 1:
            cells[n_cells] = i
            n_cells += 1
            begins[n_cells] = n_rows
        else:
            n_rows = begin
    return excess, least, potential, cells[:n_cells].copy(), begins[: n_cells + 1].copy(), rows[:n_rows].copy()


@kernel
def settle(
    cells: IntArray, begins: IntArray, rows: IntArray, station: Codes, way: FloatArray, room: FloatArray,
    load: FloatArray, flow: FloatArray, demand: FloatArray, enough: float, least_sweeps: int, most_sweeps: int,
) -> int:  # fmt: skip
    """Pour the demand of cells that have a choice, forwards and backwards, until their excess is small enough."""
    sweeps, excess = 0, np.inf
    while sweeps < most_sweeps and (excess > enough or sweeps < least_sweeps):
        excess = 0.0
        for turn in range(2 * cells.size):
            k = turn if turn < cells.size else 2 * cells.size - 1 - turn
            some = rows[begins[k] : begins[k + 1]]
            lowest, paid = np.inf, 0.0
            for q in some:
                cost = way[q] + load[station[q]] / room[station[q]]
                lowest = min(lowest, cost)
                paid += flow[q] * cost
            if turn >= cells.size:
                excess += max(paid - demand[cells[k]] * lowest, 0.0)
            _fill(some, station, way, room, load, flow, demand[cells[k]])
        sweeps += 1
    return sweeps
