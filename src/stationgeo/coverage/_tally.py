"""Demand held against hours: who serves it for sure, perhaps or not, by zone, item and hour, in one pass.

A cell's hours of a service are the union of those of all stations that reach it, as words of 64 bins; an item is
served in the bins that every one of its clauses has, a clause in the bins that any of its services has. Nothing that
is cell x item x hour is ever stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import kernel
from stationgeo._threads import in_threads
from stationgeo.coverage._served import (
    ANY,
    N_FAMILIES,
    WORD_BITS,
    best_state,
    count_bins,
    join_offers,
    serve,
    state_in,
    untimed_state,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "NO",
    "N_STATES",
    "N_UNTIMED",
    "PERHAPS",
    "YES",
    "Asked",
    "Offered",
    "Placed",
    "Reaching",
    "Tally",
    "state_of",
    "tally",
]

NO, PERHAPS, YES = 0, 1, 2
"""Whether something is served: not even if every unknown is a yes, only if some are, even if none is."""

N_UNTIMED = 2
"""Bins -1 and -2 follow those that have an hour."""

N_STATES = 27
"""State of demand: 9 x the warm-bee type's answer + 3 x the service centres' + both families' together."""

# Sums of one part are added in the order of parts: that many, whatever the number of threads, give the same bits.
_PARTS = 16
_ONE = np.uint64(1)


class Reaching(NamedTuple):
    """Which stations reach each cell."""

    first: IntArray
    """(n_cells + 1,): where each cell's stations begin in `station`."""
    station: IntArray
    """Numbers of stations."""


class Offered(NamedTuple):
    """What stations offer in which hours."""

    is_centre: npt.NDArray[np.bool_]
    """(n_stations,): whether it is of the service centres' family, else of the warm-bee type's."""
    low: CellArray
    """(n_stations, n_atoms, n_words): bins in which it offers each thing for sure."""
    high: CellArray
    """The same, perhaps or for sure."""
    n_bins: int


class Asked(NamedTuple):
    """What items ask for: each all of its clauses, a clause any of its atoms."""

    item_first: IntArray
    """(n_items + 1,): where each item's clauses begin."""
    clause_first: IntArray
    """(n_clauses + 1,): where each clause's atoms begin in `atom`."""
    atom: IntArray
    """Numbers of things that stations offer."""


class Placed(NamedTuple):
    """Demand, by cell."""

    first: IntArray
    """(n_cells + 1,): where each cell's rows begin."""
    zone: IntArray
    """Number of the lowest-level zone; -1 outside all of them."""
    bin: IntArray
    """Number of the bin; -1 where the time is not known, -2 where it is an average week whose hours are not told."""
    purpose: IntArray
    """Row of `factor`."""
    weight: FloatArray
    """How much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tally:
    """Demand by state."""

    by_zone: FloatArray
    """(n_zones + 1, n_items, N_STATES), the last row for what lies outside."""
    by_bin: FloatArray
    """(n_items, n_bins + N_UNTIMED, N_STATES) inside the zones, the last for demand whose hour is not known."""
    by_zone_bin: FloatArray | None
    """(n_zones + 1, n_items, n_bins + N_UNTIMED, 3): demand, served for sure, at least perhaps; None unless asked."""
    by_cell: FloatArray | None
    """(n_cells, n_items, N_STATES); None unless asked."""
    ever: npt.NDArray[np.uint8]
    """(n_cells, n_items): state in the best hour of each: whether anything is served at some hour at all."""
    n_bins: npt.NDArray[np.uint8]
    """(n_cells, n_items, 2): number of bins served for sure by either family; and perhaps or for sure."""


def tally(
    reaching: Reaching,
    offered: Offered,
    asked: Asked,
    placed: Placed,
    *,
    factor: FloatArray,
    n_zones: int,
    inside_only: bool,
    by_hour: bool,
    by_cell: bool,
) -> Tally:
    """Hold demand against what stations offer.

    Parameters
    ----------
    reaching, offered, asked, placed
        The four sides of it.
    factor
        (n_items, n_purposes, n_bins + N_UNTIMED): how much demand of a purpose in a bin counts for an item; the last
        ones are bins -1 and -2.
    n_zones
        Number of lowest-level zones.
    inside_only
        Whether what lies in no zone is left out of `by_bin`.
    by_hour, by_cell
        Whether those tables are made.

    Notes
    -----
    Demand whose hour is not known is served for sure if it would be at any hour, and perhaps if it would be at some.
    O(reach x atoms x words + cells x items x words + demand x items).
    """
    n_cells, n_items, n_bins = reaching.first.size - 1, asked.item_first.size - 1, offered.n_bins
    by_cells = _Cells(
        states=np.zeros((n_cells if by_cell else 0, n_items, N_STATES)),
        ever=np.zeros((n_cells, n_items), dtype=np.uint8),
        n_bins=np.zeros((n_cells, n_items, 2), dtype=np.uint8),
    )
    whole = _sums(n_zones, n_items, n_bins, by_hour=by_hour)
    number, names = _renumber(placed.zone, n_zones)
    renumbered = placed._replace(zone=number)

    def run(first: int, last: int) -> tuple[IntArray, _Sums]:
        """Work through some cells, of whose zones only those that are met need room."""
        rows = number[placed.first[first] : placed.first[last]]
        inside = rows[rows >= 0]
        low, n = (int(inside.min()), int(inside.max() - inside.min()) + 1) if inside.size else (0, 0)
        sums = _sums(n, n_items, n_bins, by_hour=by_hour)
        _work(first, last, reaching, offered, asked, renumbered, low, factor, inside_only, sums, by_cells)
        return np.append(names[low : low + n], n_zones), sums

    for at, part in in_threads(run, [n_cells * i // _PARTS for i in range(_PARTS + 1)], None):
        whole.zones[at] += part.zones
        whole.bins[:] += part.bins
        if by_hour:
            whole.hours[at] += part.hours
    return Tally(
        by_zone=whole.zones, by_bin=whole.bins, by_zone_bin=whole.hours if by_hour else None,
        by_cell=by_cells.states if by_cell else None, ever=by_cells.ever, n_bins=by_cells.n_bins,
    )  # fmt: skip


def state_of(warm: int, centre: int, together: int) -> int:
    """Give the number of a state."""
    return 9 * warm + 3 * centre + together


class _Sums(NamedTuple):
    """Room for the sums of some zones, and a last row for what lies outside."""

    zones: FloatArray
    bins: FloatArray
    hours: FloatArray


class _Cells(NamedTuple):
    """Room for what each cell has; `states` has no rows where nobody asks."""

    states: FloatArray
    ever: npt.NDArray[np.uint8]
    n_bins: npt.NDArray[np.uint8]


def _sums(n_zones: int, n_items: int, n_bins: int, *, by_hour: bool) -> _Sums:
    return _Sums(
        zones=np.zeros((n_zones + 1, n_items, N_STATES)),
        bins=np.zeros((n_items, n_bins + N_UNTIMED, N_STATES)),
        hours=np.zeros((n_zones + 1 if by_hour else 0, n_items, n_bins + N_UNTIMED, 3)),
    )


@kernel
def _renumber(zone: IntArray, n_zones: int) -> tuple[IntArray, IntArray]:
    """Give zones numbers in the order in which they are met, so that neighbouring cells meet neighbouring numbers.

    Returns the new number of each row, and the old number of each new one.
    """
    new = np.full(n_zones + 1, -1, dtype=np.int64)
    old = np.empty(n_zones, dtype=np.int64)
    rows = np.empty(zone.size, dtype=np.int64)
    met = 0
    for row in range(zone.size):
        at = zone[row]
        if at >= 0 and new[at] < 0:
            new[at] = met
            old[met] = at
            met += 1
        rows[row] = new[at] if at >= 0 else -1
    return rows, old[:met]


@kernel
def _work(
    first_cell: int, last_cell: int, reaching: Reaching, offered: Offered, asked: Asked, placed: Placed,
    zone_low: int, factor: FloatArray, inside_only: bool, sums: _Sums, cells: _Cells,  # noqa: FBT001
) -> None:  # fmt: skip
    """Fill in what some cells have."""
    n_items, n_words = asked.item_first.size - 1, offered.low.shape[2]
    have = np.zeros((2, 2, offered.low.shape[1], n_words), dtype=np.uint64)
    served = np.zeros((n_items, N_FAMILIES, 2, n_words), dtype=np.uint64)
    weekly = np.zeros(n_items, dtype=np.int64)
    every = np.zeros(n_words, dtype=np.uint64)
    for b in range(offered.n_bins):
        every[b // WORD_BITS] |= _ONE << np.uint64(b % WORD_BITS)
    for cell in range(first_cell, last_cell):
        join_offers(cell, reaching, offered, have)
        for i in range(n_items):
            serve(i, have, asked, every, served)
            cells.ever[cell, i] = best_state(served[i])
            weekly[i] = untimed_state(served[i], every)
            for sure in range(2):
                cells.n_bins[cell, i, sure] = count_bins(served[i, ANY, sure], offered.n_bins)
        _count(cell, placed, served, weekly, zone_low, factor, inside_only, sums, cells.states)


@kernel
def _count(
    cell: int, placed: Placed, served: CellArray, weekly: IntArray, zone_low: int, factor: FloatArray,
    inside_only: bool, sums: _Sums, states: FloatArray,  # noqa: FBT001
) -> None:  # fmt: skip
    """Add up the demand of a cell by its states."""
    for row in range(placed.first[cell], placed.first[cell + 1]):
        b, zone = placed.bin[row], placed.zone[row]
        z = zone - zone_low if zone >= 0 else sums.zones.shape[0] - 1
        slot = b if b >= 0 else sums.bins.shape[1] - N_UNTIMED - 1 - b
        word, shift = b // WORD_BITS, np.uint64(b % WORD_BITS)
        for i in range(served.shape[0]):
            amount = placed.weight[row] * factor[i, placed.purpose[row], slot]
            state = state_in(served[i], word, shift) if b >= 0 else weekly[i]
            sums.zones[z, i, state] += amount
            if zone >= 0 or not inside_only:
                sums.bins[i, slot, state] += amount
            if sums.hours.shape[0] > 0:
                sums.hours[z, i, slot, 0] += amount
                sums.hours[z, i, slot, 1] += amount if state % 3 == YES else 0.0
                sums.hours[z, i, slot, 2] += amount if state % 3 != NO else 0.0
            if states.shape[0] > 0:
                states[cell, i, state] += amount
