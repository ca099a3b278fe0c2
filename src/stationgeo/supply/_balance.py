"""How full workers find the stations that they try: a fixed point of blocking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel
from stationgeo.supply._mixing import Mixing
from stationgeo.supply._queues import blocked_and_bursts

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray
    from stationgeo.supply._pairs import Codes
    from stationgeo.supply._tries import Tries

__all__ = ["Filled", "fill"]

_MOST_ROUNDS = 1_000
_STEADY = 1e-12
"""Largest change of a blocked share between rounds at which the fixed point is reached."""
_LEAST_BURSTS = 1e-3
"""Below any peakedness that overflow has; a proposal may be beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Stations in balance; arrays of one value a station."""

    offered: FloatArray
    """Erlangs, with those who were blocked elsewhere."""
    blocked: FloatArray
    """Share."""
    peakedness: FloatArray
    """Of the offered load; nan where there is none."""
    gap: float
    """Largest change of a blocked share in the last round."""


def fill(tries: Tries, mass: FloatArray, capacity: FloatArray) -> Filled:
    """Let workers try until the share that each station blocks is that which its load makes."""
    n = capacity.size
    blocked, bursts = np.zeros(n), np.ones(n)
    gap, mixing, near = 0.0, Mixing(), np.full((n, 2), np.nan)
    for turn in range(_MOST_ROUNDS):
        offered, peakedness = _offered(
            tries.parent, tries.station, tries.pair, tries.pair_from, tries.pair_to, mass, blocked, bursts
        )
        now, on = _blocked(offered, capacity, peakedness, near)
        if not tries.pair_from.size:  # nobody goes on, so that nothing is to be balanced
            break
        gap = float(np.abs(now - blocked).max(initial=0.0))
        if turn and gap <= _STEADY:
            break
        ahead = mixing.next(np.concatenate([blocked, bursts]), np.concatenate([now - blocked, on - bursts]))
        blocked, bursts = ahead[:n].clip(0.0, 1.0), ahead[n:].clip(min=_LEAST_BURSTS)
    return Filled(offered=offered, blocked=now, peakedness=peakedness, gap=gap)


@kernel
def _offered(
    parent: Codes, station: Codes, pair: Codes, pair_from: Codes, pair_to: Codes, mass: FloatArray,
    blocked: FloatArray, bursts: FloatArray,
) -> tuple[FloatArray, FloatArray]:  # fmt: skip
    """Load offered to each station, and its peakedness.

    A part p of what goes on from a station with peakedness z has peakedness 1 + p (z - 1); means and variances add.
    """
    n = blocked.size
    offered, moved = mass[:n].copy(), np.zeros(pair_from.size)
    # The share that goes on from each node.
    onward = np.empty(mass.size)
    onward[:n] = blocked
    for k in range(n, mass.size):
        arriving = onward[parent[k]]
        onward[k] = arriving * blocked[station[k]]
        load = mass[k] * arriving
        offered[station[k]] += load
        moved[pair[k - n]] += load
    variance = offered.copy()
    for k in range(moved.size):
        gone = offered[pair_from[k]] * blocked[pair_from[k]]
        if gone > 0.0:
            variance[pair_to[k]] += moved[k] * min(moved[k] / gone, 1.0) * (bursts[pair_from[k]] - 1.0)
    peakedness = np.full(n, np.nan)
    for j in range(n):
        if offered[j] > 0.0:
            peakedness[j] = variance[j] / offered[j]
    return offered, peakedness


@kernel
def _blocked(
    offered: FloatArray, capacity: FloatArray, peakedness: FloatArray, near: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Blocked shares, and the peakedness of what goes on; searches set out from what the last round found."""
    share, on = np.zeros(offered.size), np.ones(offered.size)
    for j in range(offered.size):
        if offered[j] > 0.0:
            share[j], bursts = blocked_and_bursts(offered[j], capacity[j], peakedness[j], False, near[j])  # noqa: FBT003
            on[j] = bursts if bursts > 0.0 else 1.0
    return share, on
