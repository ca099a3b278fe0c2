"""Which stations workers try, one after the other, and how full they find them: a fixed point of blocking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo._compile import kernel
from stationgeo.supply._mixing import Mixing
from stationgeo.supply._queues import blocked_and_bursts

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.supply._pairs import Codes

__all__ = ["Filled", "Tries", "fill", "gather_tries", "nearest_first"]

_MOST_ROUNDS = 1_000
_STEADY = 1e-12
"""Largest change of a blocked share between rounds at which the fixed point is reached."""
_LEAST_BURSTS = 1e-3
"""Below any peakedness that overflow has; a proposal may be beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """A tree of the stations tried in turn: the same tries of many cells are one branch.

    The first nodes are the stations themselves; each later node is one more try after its parent.
    """

    parent: IntArray
    """-1 for first tries."""
    station: IntArray
    mass: FloatArray
    """Erlangs that would come this way if all before were full."""
    begins: tuple[int, ...]
    """Where each try begins among the nodes, their number at the end."""
    pair: IntArray
    """Per later node: the number of its pair (station before, station)."""
    pair_from: IntArray
    pair_to: IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Stations in balance; arrays of one value a station."""

    first: FloatArray
    """Erlangs who come here first."""
    offered: FloatArray
    """With those who were blocked elsewhere."""
    blocked: FloatArray
    """Share."""
    peakedness: FloatArray
    """Of the offered load; nan where there is none."""
    gap: float
    """Largest change of a blocked share in the last round."""


@kernel
def nearest_first(first: IntArray, impedance: FloatArray) -> IntArray:
    """Order the rows of each cell by impedance; equal ones stay in their order."""
    order = np.empty(impedance.size, dtype=np.int64)
    for i in range(first.size - 1):
        begin, end = first[i], first[i + 1]
        order[begin:end] = begin + np.argsort(impedance[begin:end], kind="mergesort")
    return order


@kernel
def _drawn_in_all(begin: int, end: int, station: Codes, drawn: FloatArray, chosen: npt.NDArray[np.bool_]) -> float:
    """Add up what all stations chosen from draw."""
    total = 0.0
    for p in range(begin, end):
        if chosen[station[p]]:
            total += drawn[p]
    return total


@kernel
def _others(
    tries: Codes, skipped: int, begin: int, end: int, station: Codes, drawn: FloatArray, chosen: npt.NDArray[np.bool_]
) -> None:
    """Write behind a first choice, which is skipped, the nearest of the others."""
    made = 1
    for q in range(begin, end):
        if made == tries.size:
            break
        if q != skipped and chosen[station[q]] and drawn[q] > 0.0:
            tries[made] = station[q]
            made += 1


@kernel
def list_tries(
    first: IntArray, station: Codes, drawn: FloatArray, chosen: npt.NDArray[np.bool_], demand: FloatArray, n_tries: int,
    nearest: bool,  # noqa: FBT001
) -> tuple[Codes, FloatArray, FloatArray]:  # fmt: skip
    """List what the workers of each cell try, and how many of them: the first choice, then the nearest of the others.

    Rows of a cell are nearest first; only those chosen from count. Also returns the demand in reach of some station.
    """
    most = demand.size if nearest else station.size
    tries = np.full((most, n_tries), -1, dtype=np.int32)
    mass, reached = np.zeros(most), np.zeros(demand.size)
    n = 0
    for i in range(demand.size):
        begin, end = first[i], first[i + 1]
        total = _drawn_in_all(begin, end, station, drawn, chosen) if demand[i] > 0.0 else 0.0
        if total <= 0.0:
            continue
        reached[i] = demand[i]
        for p in range(begin, end):
            if not chosen[station[p]] or drawn[p] <= 0.0:
                continue
            tries[n, 0] = station[p]
            mass[n] = demand[i] if nearest else demand[i] * drawn[p] / total
            _others(tries[n], p, begin, end, station, drawn, chosen)
            n += 1
            if nearest:
                break
    return tries[:n], mass[:n], reached


def gather_tries(tries: Codes, mass: FloatArray, *, n_stations: int) -> Tries:
    """Make one branch of all tries that begin alike."""
    first = np.bincount(tries[:, 0], weights=mass, minlength=n_stations) if mass.size else np.zeros(n_stations)
    parents, stations, masses = [np.full(n_stations, -1)], [np.arange(n_stations)], [first]
    begins = [0, n_stations]
    node, rows = tries[:, 0].astype(np.int64), np.arange(mass.size)
    for turn in range(1, tries.shape[1]):
        on = tries[rows, turn] >= 0
        rows, node = rows[on], node[on]
        code, keys = pd.factorize(node * n_stations + tries[rows, turn])
        parents.append(keys // n_stations)
        stations.append(keys % n_stations)
        masses.append(np.bincount(code, weights=mass[rows], minlength=len(keys)))
        node = begins[-1] + code.astype(np.int64)
        begins.append(begins[-1] + len(keys))
    parent, station = np.concatenate(parents), np.concatenate(stations)
    later = slice(n_stations, None)
    pair, keys = pd.factorize(station[parent[later]] * n_stations + station[later])
    return Tries(
        parent=parent, station=station, mass=np.concatenate(masses), begins=tuple(begins),
        pair=pair.astype(np.int64), pair_from=keys // n_stations, pair_to=keys % n_stations,
    )  # fmt: skip


def fill(tries: Tries, capacity: FloatArray) -> Filled:
    """Let workers try until the share that each station blocks is that which its load makes."""
    n = capacity.size
    blocked, bursts = np.zeros(n), np.ones(n)
    gap, mixing = 0.0, Mixing()
    for turn in range(_MOST_ROUNDS):
        offered, peakedness = _offered(tries, blocked, bursts, n)
        now, on = _blocked(offered, capacity, peakedness)
        if len(tries.begins) == 2:  # noqa: PLR2004 - one try: nobody goes on, so that nothing is to be balanced
            break
        gap = float(np.abs(now - blocked).max(initial=0.0))
        if turn and gap <= _STEADY:
            break
        ahead = mixing.next(np.concatenate([blocked, bursts]), np.concatenate([now - blocked, on - bursts]))
        blocked, bursts = ahead[:n].clip(0.0, 1.0), ahead[n:].clip(min=_LEAST_BURSTS)
    return Filled(first=tries.mass[:n], offered=offered, blocked=now, peakedness=peakedness, gap=gap)


def _offered(tries: Tries, blocked: FloatArray, bursts: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Load offered to each station, and its peakedness.

    A part p of what goes on from a station with peakedness z has peakedness 1 + p (z - 1); means and variances add.
    """
    arriving = np.ones(tries.mass.size)
    for begin, end in zip(tries.begins[1:], tries.begins[2:], strict=False):
        parent = tries.parent[begin:end]
        arriving[begin:end] = arriving[parent] * blocked[tries.station[parent]]
    load = tries.mass * arriving
    offered = np.bincount(tries.station, weights=load, minlength=n)
    moved = np.bincount(tries.pair, weights=load[n:], minlength=tries.pair_from.size)
    gone = (offered * blocked)[tries.pair_from]
    part = np.divide(moved, gone, out=np.zeros(moved.size), where=gone > 0).clip(max=1.0)
    spread = moved * part * (bursts[tries.pair_from] - 1.0)
    variance = offered + np.bincount(tries.pair_to, weights=spread, minlength=n)
    return np.asarray(offered, dtype=np.float64), np.divide(
        variance, offered, out=np.full(n, np.nan), where=offered > 0
    )


@kernel
def _blocked(offered: FloatArray, capacity: FloatArray, peakedness: FloatArray) -> tuple[FloatArray, FloatArray]:
    share, on = np.zeros(offered.size), np.ones(offered.size)
    for j in range(offered.size):
        if offered[j] > 0.0:
            share[j], bursts = blocked_and_bursts(offered[j], capacity[j], peakedness[j], False)  # noqa: FBT003
            on[j] = bursts if bursts > 0.0 else 1.0
    return share, on
