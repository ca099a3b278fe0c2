"""Which stations workers try, one after the other: a tree in which the same tries of many cells are one branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.supply._pair_kernels import number_couples

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.supply._pairs import Codes, Grouped

__all__ = ["Tries", "find_tries", "nearest_first", "send"]

_NONE = -1
"""No station, or no node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """A tree of the stations tried in turn, for one set of stations to choose from, whatever demand there is.

    The first nodes are the stations themselves; each later node is one more try after its parent.
    """

    parent: Codes
    """-1 for first tries; else less than the node."""
    station: Codes
    pair: Codes
    """Per later node: the number of its pair (station before, station)."""
    pair_from: Codes
    pair_to: Codes
    leaf: Codes
    """Per row of cells and stations: the node where the tries end of those who choose its station first; -1 where
    nobody does."""


@kernel
def nearest_first(first: IntArray, impedance: FloatArray) -> IntArray:
    """Order the rows of each cell by impedance; equal ones stay in their order."""
    order = np.empty(impedance.size, dtype=np.int64)
    for i in range(first.size - 1):
        begin, end = first[i], first[i + 1]
        order[begin:end] = begin + np.argsort(impedance[begin:end], kind="mergesort")
    return order


def find_tries(
    rows: Grouped, worth: FloatArray, chosen: npt.NDArray[np.bool_], *, n_tries: int, nearest: bool
) -> Tries:
    """Make the tree of what the workers of each cell try: the first choice, then the nearest of the others.

    Rows of a cell are nearest first. Only stations that are chosen from count, and only rows that are worth something.
    """
    n = chosen.size
    row, tries = _list_tries(rows.first, rows.station, worth, chosen, n_tries, nearest)
    node = tries[:, 0].copy()
    parents, stations = [np.full(n, _NONE, dtype=np.int32)], [np.arange(n, dtype=np.int32)]
    n_nodes = n
    for turn in range(1, n_tries):
        on = np.flatnonzero(tries[:, turn] >= 0)
        code, parent, station = number_couples(node[on], tries[on, turn])
        parents.append(parent)
        stations.append(station)
        node[on] = n_nodes + code
        n_nodes += parent.size
    parent, station = np.concatenate(parents), np.concatenate(stations)
    pair, pair_from, pair_to = number_couples(station[parent[n:]], station[n:])
    leaf = np.full(rows.station.size, _NONE, dtype=np.int32)
    leaf[row] = node
    return Tries(parent=parent, station=station, pair=pair, pair_from=pair_from, pair_to=pair_to, leaf=leaf)


@kernel
def _others(
    tries: Codes, skipped: int, begin: int, end: int, station: Codes, worth: FloatArray, chosen: npt.NDArray[np.bool_]
) -> None:
    """Write behind a first choice, which is skipped, the nearest of the others."""
    made = 1
    for q in range(begin, end):
        if made == tries.size:
            break
        if q != skipped and chosen[station[q]] and worth[q] > 0.0:
            tries[made] = station[q]
            made += 1


@kernel
def _list_tries(
    first: IntArray, station: Codes, worth: FloatArray, chosen: npt.NDArray[np.bool_], n_tries: int,
    nearest: bool,  # noqa: FBT001
) -> tuple[IntArray, Codes]:  # fmt: skip
    """List the rows of first choices, by station, and what is tried after each; -1 where there is nothing left to try.

    By station, because what begins alike is then met together, and stays in the cache.
    """
    place = np.zeros(chosen.size + 1, dtype=np.int64)
    for i in range(first.size - 1):
        for p in range(first[i], first[i + 1]):
            if chosen[station[p]] and worth[p] > 0.0:
                place[station[p] + 1] += 1
                if nearest:
                    break
    place = np.cumsum(place)
    row = np.empty(place[-1], dtype=np.int64)
    tries = np.full((place[-1], n_tries), _NONE, dtype=np.int32)
    for i in range(first.size - 1):
        for p in range(first[i], first[i + 1]):
            if not (chosen[station[p]] and worth[p] > 0.0):
                continue
            n = place[station[p]]
            place[station[p]] += 1
            row[n] = p
            tries[n, 0] = station[p]
            _others(tries[n], p, first[i], first[i + 1], station, worth, chosen)
            if nearest:
                break
    return row, tries


def send(
    tries: Tries, rows: Grouped, worth: FloatArray, attraction: FloatArray, demand: FloatArray, *, nearest: bool
) -> tuple[FloatArray, FloatArray]:
    """Send the workers of each cell down the tree.

    Returns how many would come by each node if all before were full, and the demand in reach of some station.
    """
    n = attraction.size
    mass, reached = _at_leaves(
        rows.first, rows.station, worth, attraction, demand, tries.leaf, tries.parent.size, nearest
    )
    _towards_root(mass, tries.parent, n)
    return mass, reached


@kernel
def _at_leaves(
    first: IntArray, station: Codes, worth: FloatArray, attraction: FloatArray, demand: FloatArray, leaf: Codes,
    n_nodes: int,
    nearest: bool,  # noqa: FBT001
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    mass, reached = np.zeros(n_nodes), np.zeros(demand.size)
    for i in range(demand.size):
        if not demand[i] > 0.0:
            continue
        total = 0.0
        for p in range(first[i], first[i + 1]):
            if leaf[p] < 0:
                continue
            if nearest:
                mass[leaf[p]] += demand[i]
                reached[i] = demand[i]
                break
            total += worth[p] * attraction[station[p]]
        if nearest or not total > 0.0:
            continue
        reached[i] = demand[i]
        for p in range(first[i], first[i + 1]):
            if leaf[p] >= 0:
                mass[leaf[p]] += demand[i] * (worth[p] * attraction[station[p]]) / total
    return mass, reached


@kernel
def _towards_root(mass: FloatArray, parent: Codes, n_first: int) -> None:
    """Add what comes by later nodes to those before: a parent's number is less than its own."""
    for k in range(mass.size - 1, n_first - 1, -1):
        mass[parent[k]] += mass[k]
