"""How much of what is asked for is in reach of a cell, hour by hour, and what each row of demand has of it.

Stations add up by a rule, for each clause of the item by itself; the item has as much as the clause of which there is
least. Or its clauses are counted. Demand whose hour is not known has for sure what there is in the worst hour, and at
most what there is in the best.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from stationgeo._compile import inlined, kernel
from stationgeo._threads import in_threads
from stationgeo.coverage._served import WORD_BITS
from stationgeo.stations import unpack_bins

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from stationgeo.coverage._ask import Question
    from stationgeo.coverage._tally import Placed
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "BEST",
    "CHANCE",
    "NUMBER",
    "SIGNAL",
    "Clauses",
    "Near",
    "clauses_of",
    "count_by_rows",
    "held_by_rows",
    "near_by_owner",
    "near_of",
]

BEST, CHANCE, SIGNAL, NUMBER = range(4)
"""How stations add up: the largest worth, the chance that one serves, the sum, the number of owners."""

# Threads take parts of so many; every cell is worked out by itself, so that the cuts decide nothing.
_PARTS = 16


T = TypeVar("T", bound="npt.NDArray[Any]")


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


def near_of(question: Question, worth: FloatArray) -> Near:
    """Lay out the ways of a question with what each is worth; every station is its own owner."""
    first, station = question.met.reaching
    return Near(first=first, station=station, worth=worth, owner=np.arange(len(question.counted)))


def near_by_owner(question: Question, owner: IntArray) -> tuple[Near, IntArray]:
    """Lay out the ways of a question by owners of stations, each worth 1; and count the owners in reach of cells."""
    first, station = question.met.reaching
    ordered = station.copy()
    n_owners = _order_by_owner(first, ordered, owner)
    return Near(first=first, station=ordered, worth=np.ones(station.size), owner=owner), n_owners


@kernel
def _order_by_owner(first: IntArray, station: IntArray, owner: IntArray) -> IntArray:
    """Put the stations of one owner behind each other in each cell, in place; return the number of owners by cell."""
    found = np.zeros(first.size - 1, dtype=np.int64)
    for cell in range(first.size - 1):
        begin, end = first[cell], first[cell + 1]
        # Few stations reach a cell: insertion is fastest.
        for at in range(begin + 1, end):
            moved = station[at]
            to = at
            while to > begin and owner[station[to - 1]] > owner[moved]:
                station[to] = station[to - 1]
                to -= 1
            station[to] = moved
        for at in range(begin, end):
            if at == begin or owner[station[at]] != owner[station[at - 1]]:
                found[cell] += 1
    return found


def held_by_rows(question: Question, near: Near, *, rule: int) -> FloatArray:
    """Tell how much of the one item that is asked for each row of demand holds, stations adding up by a rule.

    Returns (rows of `placed`, 2): for sure, and at most. O(ways x clauses x bins + rows), memory of cells x bins / 16 a
    thread.
    """
    clauses = clauses_of(question)

    def fill(first: int, last: int, words: CellArray, found: FloatArray) -> None:
        _fill(first, last, near, question.met.placed, words, rule, found)

    return _by_cells(question, fill, clauses.low, clauses.high, n_bins=clauses.n_bins)


def count_by_rows(question: Question, *, at_one: bool) -> FloatArray:
    """Count the clauses of the one item that each row of demand holds, of all stations in reach or of the best of them.

    Returns (rows of `placed`, 2): for sure, and at most. O(ways x clauses x bins / 64 + rows), at one station
    O(ways x bins + rows).
    """
    placed, reaching, clauses = question.met.placed, question.met.reaching, clauses_of(question)
    if not at_one:

        def fill(first: int, last: int, words: CellArray, found: FloatArray) -> None:
            _fill_in_reach(first, last, reaching.first, reaching.station, placed, words, found)

        return _by_cells(question, fill, clauses.low, clauses.high, n_bins=clauses.n_bins)

    def fill_at_one(first: int, last: int, number: IntArray, found: FloatArray) -> None:
        _fill_at_one(first, last, reaching.first, reaching.station, placed, number, found)

    low, high = (
        unpack_bins(words, n_bins=clauses.n_bins).sum(axis=1, dtype=np.int64) for words in (clauses.low, clauses.high)
    )
    return _by_cells(question, fill_at_one, low, high, n_bins=clauses.n_bins)


def _by_cells(
    question: Question, fill: Callable[[int, int, T, FloatArray], None], low: T, high: T, *, n_bins: int
) -> FloatArray:
    """Fill what cells hold in each bin, some cells at a time, by what stations have for sure and at most; read rows."""
    placed = question.met.placed
    n_cells = placed.first.size - 1
    rows = np.zeros((placed.zone.size, 2))
    known = np.array_equal(low, high)

    def filled(has: T, first: int, last: int) -> FloatArray:
        found = np.zeros((last - first, n_bins))
        fill(first, last, has, found)
        return found

    def run(first: int, last: int) -> None:
        sure = filled(low, first, last)
        most = sure if known else filled(high, first, last)
        _read(first, last, placed, sure, most, question.told.timed, rows)

    in_threads(run, [n_cells * i // _PARTS for i in range(_PARTS + 1)], None)
    return rows


@kernel
def _fill(
    first_cell: int, last_cell: int, near: Near, placed: Placed, words: CellArray, rule: int, found: FloatArray,
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
                into[b] = value if clause == 0 else min(into[b], value)


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
def _fill_in_reach(
    first_cell: int, last_cell: int, first: IntArray, station: IntArray, placed: Placed, words: CellArray,
    found: FloatArray,
) -> None:  # fmt: skip
    """Fill (cells, bins) with the number of clauses that any station in reach has."""
    n_clauses, n_words = words.shape[1], words.shape[2]
    united = np.empty((n_clauses, n_words), dtype=np.uint64)
    for cell in range(first_cell, last_cell):
        if placed.first[cell] == placed.first[cell + 1]:
            continue
        united[:] = np.uint64(0)
        for way in range(first[cell], first[cell + 1]):
            for clause in range(n_clauses):
                for word in range(n_words):
                    united[clause, word] |= words[station[way], clause, word]
        for b in range(found.shape[1]):
            word, shift = b // WORD_BITS, np.uint64(b % WORD_BITS)
            for clause in range(n_clauses):
                found[cell - first_cell, b] += float((united[clause, word] >> shift) & np.uint64(1))


@kernel
def _fill_at_one(
    first_cell: int, last_cell: int, first: IntArray, station: IntArray, placed: Placed, number: IntArray,
    found: FloatArray,
) -> None:  # fmt: skip
    """Fill (cells, bins) with the most clauses of one station; `number` has those of (stations, bins)."""
    for cell in range(first_cell, last_cell):
        if placed.first[cell] == placed.first[cell + 1]:
            continue
        into = found[cell - first_cell]
        for way in range(first[cell], first[cell + 1]):
            for b in range(into.size):
                into[b] = max(into[b], float(number[station[way], b]))


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
