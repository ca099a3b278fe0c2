"""How much of what is asked for is in reach of a cell, hour by hour, and what each row of demand has of it.

Stations add up by a rule, for each clause of the item by itself; the item has as much as the clause of which there is
least. Demand whose hour is not known has for sure what there is in the worst hour, and at most what there is in the
best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import inlined, kernel
from stationgeo._threads import in_threads
from stationgeo.coverage._served import WORD_BITS

if TYPE_CHECKING:
    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._tally import Placed
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["BEST", "CHANCE", "NUMBER", "SIGNAL", "Clauses", "Near", "clauses_of", "held_by_rows", "near_of"]

BEST, CHANCE, SIGNAL, NUMBER = range(4)
"""How stations add up: the largest worth, the chance that one serves, the sum, the number of owners."""

# Threads take parts of so many; every cell is worked out by itself, so that the cuts decide nothing.
_PARTS = 16


class Near(NamedTuple):
    """Which stations reach each cell, and what each is worth there."""

    first: IntArray
    """(n_cells + 1,): where each cell's ways begin."""
    station: IntArray
    """Per way; of `NUMBER` those of one owner behind each other in each cell."""
    worth: FloatArray
    """Per way, from 0 to 1."""
    owner: IntArray
    """Per station, from 0; looked at by `NUMBER` alone."""


class Clauses(NamedTuple):
    """In which hours stations have the clauses of an item."""

    low: CellArray
    """(n_stations, n_clauses, n_words): bins in which it has the clause for sure."""
    high: CellArray
    """The same, perhaps or for sure."""
    n_bins: int
    """1 where hours are left aside: all of them are the same then."""


def clauses_of(question: Question) -> Clauses:
    """Unite what a clause of the one item that is asked for is content with, station by station."""
    asked = question.things.asked
    low, high = (
        np.bitwise_or.reduceat(words[:, asked.atom], asked.clause_first[:-1], axis=1)
        for words in (question.things.low, question.things.high)
    )
    if not question.told.timed:
        low, high = low[..., :1] & np.uint64(1), high[..., :1] & np.uint64(1)
    n_bins = question.told.n_bins if question.told.timed else 1
    return Clauses(np.ascontiguousarray(low), np.ascontiguousarray(high), n_bins)


def near_of(question: Question, worth: FloatArray | None = None, owner: IntArray | None = None) -> Near:
    """Lay out the ways of a question, each worth 1 and each station its own owner unless told otherwise."""
    first, station = question.met.reaching
    if owner is not None:
        cell = np.repeat(np.arange(first.size - 1), np.diff(first))
        station = station[np.lexsort((owner[station], cell))]
    return Near(
        first=first,
        station=station,
        worth=np.ones(station.size) if worth is None else worth,
        owner=np.arange(len(question.counted)) if owner is None else owner,
    )


def held_by_rows(
    question: Question, near: Near, *, rule: int = BEST, adds_up: bool = False, at_one: bool = False
) -> FloatArray:
    """Tell what is held by each row of demand.

    Parameters
    ----------
    question
        Demand, stations and the one item that is asked for.
    near
        What each station is worth to each cell.
    rule
        How stations add up, for each clause.
    adds_up
        Whether clauses are counted; else the one of which there is least decides.
    at_one
        Whether it is the clauses of one station that are counted, of the one that has most of them.

    Returns
    -------
    ndarray of float64
        (rows of `placed`, 2): for sure, and at most.

    Notes
    -----
    O(ways x clauses x bins + rows), memory of cells x bins / 16 a thread.
    """
    placed, clauses = question.met.placed, clauses_of(question)
    n_cells = near.first.size - 1
    rows = np.zeros((placed.zone.size, 2))
    known = bool((clauses.low == clauses.high).all())

    def fill(words: CellArray, first: int, last: int) -> FloatArray:
        found = np.zeros((last - first, clauses.n_bins))
        if at_one:
            _fill_at_one(first, last, near, placed, words, found)
        else:
            _fill(first, last, near, placed, words, rule, adds_up, found)
        return found

    def run(first: int, last: int) -> None:
        low = fill(clauses.low, first, last)
        high = low if known else fill(clauses.high, first, last)
        _read(first, last, placed, low, high, question.told.timed, rows)

    in_threads(run, [n_cells * i // _PARTS for i in range(_PARTS + 1)], None)
    return rows


@kernel
def _fill(
    first_cell: int, last_cell: int, near: Near, placed: Placed, words: CellArray, rule: int,
    adds_up: bool, found: FloatArray,  # noqa: FBT001
) -> None:  # fmt: skip
    """Fill (cells, bins) with what there is of the item, in cells that have demand."""
    n_bins = found.shape[1]
    held, last_owner = np.empty(n_bins), np.empty(n_bins, dtype=np.int64)
    for cell in range(first_cell, last_cell):
        if placed.first[cell] == placed.first[cell + 1]:
            continue
        into = found[cell - first_cell]
        for clause in range(words.shape[1]):
            _hold(cell, clause, near, words, rule, held, last_owner)
            for b in range(n_bins):
                value = 1.0 - held[b] if rule == CHANCE else held[b]
                if adds_up:
                    into[b] += value
                elif clause == 0 or value < into[b]:
                    into[b] = value


@kernel
def _hold(
    cell: int, clause: int, near: Near, words: CellArray, rule: int, held: FloatArray, last_owner: IntArray
) -> None:
    """Let the stations that reach a cell add up, bin by bin."""
    held[:] = 1.0 if rule == CHANCE else 0.0
    last_owner[:] = -1
    for way in range(near.first[cell], near.first[cell + 1]):
        station = near.station[way]
        for word in range(words.shape[2]):
            bits = words[station, clause, word]
            if bits == np.uint64(0):
                continue
            for b in range(word * WORD_BITS, min(held.size, (word + 1) * WORD_BITS)):
                if (bits >> np.uint64(b % WORD_BITS)) & np.uint64(1):
                    held[b] = _with(rule, held[b], near.worth[way], near.owner[station] != last_owner[b])
                    last_owner[b] = near.owner[station]


@inlined
def _with(rule: int, held: float, worth: float, is_new: bool) -> float:  # noqa: FBT001
    """Add one more station to what there is."""
    if rule == BEST:
        return max(held, worth)
    if rule == CHANCE:
        return held * (1.0 - worth)
    if rule == SIGNAL:
        return held + worth
    return held + 1.0 if is_new else held


@kernel
def _fill_at_one(
    first_cell: int, last_cell: int, near: Near, placed: Placed, words: CellArray, found: FloatArray
) -> None:
    """Fill (cells, bins) with the number of clauses that the station which has most of them has by itself."""
    for cell in range(first_cell, last_cell):
        if placed.first[cell] == placed.first[cell + 1]:
            continue
        into = found[cell - first_cell]
        for way in range(near.first[cell], near.first[cell + 1]):
            station = near.station[way]
            for b in range(found.shape[1]):
                n = 0
                for clause in range(words.shape[1]):
                    n += int((words[station, clause, b // WORD_BITS] >> np.uint64(b % WORD_BITS)) & np.uint64(1))
                into[b] = max(into[b], float(n))


@kernel
def _read(
    first_cell: int, last_cell: int, placed: Placed, low: FloatArray, high: FloatArray, timed: bool,  # noqa: FBT001
    rows: FloatArray,
) -> None:  # fmt: skip
    """Give each row what its cell has in its bin."""
    for cell in range(first_cell, last_cell):
        if placed.first[cell] == placed.first[cell + 1]:
            continue
        at = cell - first_cell
        worst, best = low[at].min(), high[at].max()
        for row in range(placed.first[cell], placed.first[cell + 1]):
            b = placed.bin[row] if timed else 0
            rows[row, 0] = low[at, b] if b >= 0 else worst
            rows[row, 1] = high[at, b] if b >= 0 else best
