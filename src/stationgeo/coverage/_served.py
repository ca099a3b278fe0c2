"""What is served at one place: what the stations that reach it offer together, held against what is asked for.

Hours are words of 64 bins, so that an hour of the week is a bit; nothing here knows of demand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import inlined, kernel

if TYPE_CHECKING:
    from stationgeo.coverage._tally import Asked, Offered, Reaching
    from stationgeo.schema import CellArray

__all__ = [
    "ANY",
    "N_FAMILIES",
    "WORD_BITS",
    "best_state",
    "count_bins",
    "join_offers",
    "serve",
    "state_in",
    "untimed_state",
]

ANY = 2
"""Row of what both families together serve, after the warm-bee type and the service centres."""

N_FAMILIES = 3

WORD_BITS = 64
"""Bins are packed as `stations.OpenHours` has them."""

_ONE = np.uint64(1)


@kernel
def join_offers(cell: int, reaching: Reaching, offered: Offered, have: CellArray) -> None:
    """Unite what the stations that reach a cell offer: by family, for sure and perhaps."""
    have[:] = 0
    for at in range(reaching.first[cell], reaching.first[cell + 1]):
        station = reaching.station[at]
        family = 1 if offered.is_centre[station] else 0
        for a in range(have.shape[2]):
            for w in range(have.shape[3]):
                have[family, 0, a, w] |= offered.low[station, a, w]
                have[family, 1, a, w] |= offered.high[station, a, w]


@kernel
def serve(i: int, have: CellArray, asked: Asked, every: CellArray, served: CellArray) -> None:
    """Find the bins in which an item has all of its clauses: by either family alone, and by both together."""
    for sure in range(2):
        for w in range(every.size):
            warm = every[w]
            centre = every[w]
            either = every[w]
            for c in range(asked.item_first[i], asked.item_first[i + 1]):
                of_warm = np.uint64(0)
                of_centre = np.uint64(0)
                for k in range(asked.clause_first[c], asked.clause_first[c + 1]):
                    of_warm |= have[0, sure, asked.atom[k], w]
                    of_centre |= have[1, sure, asked.atom[k], w]
                warm &= of_warm
                centre &= of_centre
                either &= of_warm | of_centre
            served[i, 0, sure, w] = warm
            served[i, 1, sure, w] = centre
            served[i, ANY, sure, w] = either


@kernel
def best_state(served: CellArray) -> int:
    """Give the state in the best hour of each family."""
    state = 0
    for family in range(N_FAMILIES):
        answer = 0
        for sure in range(2):
            if served[family, sure].any():
                answer += 1
        state = 3 * state + answer
    return state


@kernel
def untimed_state(served: CellArray, every: CellArray) -> int:
    """Give the state of demand whose hour is not known: sure is only what is at all hours, perhaps what is at some."""
    state = 0
    for family in range(N_FAMILIES):
        answer = 0
        if every.size > 0 and (served[family, 0] == every).all():
            answer = 2
        elif served[family, 1].any():
            answer = 1
        state = 3 * state + answer
    return state


@kernel
def count_bins(words: CellArray, n_bins: int) -> int:
    n = 0
    for b in range(n_bins):
        n += int((words[b // WORD_BITS] >> np.uint64(b % WORD_BITS)) & _ONE)
    return n


@inlined
def state_in(served: CellArray, word: int, shift: np.uint64) -> int:
    state = 0
    for family in range(N_FAMILIES):
        sure = (served[family, 0, word] >> shift) & _ONE
        perhaps = (served[family, 1, word] >> shift) & _ONE
        state = 3 * state + int(sure + perhaps)
    return state
