"""What closing stations does to demand, row by row: who is nearest, who is next, and a greedy order of closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import inlined, kernel
from stationgeo.stations._masks import WORD_BITS

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["Served", "close_one_by_one", "count_stations", "least_and_most", "nearest_two", "reached_demand"]

_NOBODY, _SEVERAL = -1, -2


class Served(NamedTuple):
    """Who may serve which row of demand: stations in reach of its cell, nearest first, and when they are there."""

    first: IntArray
    """Where the pairs of each cell begin, and at last their number."""
    station: IntArray
    """Per pair."""
    words: CellArray
    """(n_stations, n_words): the bits in which each station counts for sure."""
    words_high: CellArray
    """The same, perhaps or for sure."""
    row_first: IntArray
    """Where the rows of demand of each cell begin, and at last their number."""
    bit: IntArray
    """Per row: the bit of its time."""
    demand: FloatArray
    """Per row."""


@inlined
def _has(words: CellArray, station: int, bit: int) -> bool:
    """Say whether a station counts in a bit."""
    return bool((words[station, bit // WORD_BITS] >> np.uint64(bit % WORD_BITS)) & np.uint64(1))


@kernel
def nearest_two(served: Served, owner: IntArray) -> tuple[IntArray, IntArray]:
    """Find for each row the pair of its nearest station that counts then, and that of the nearest of another owner.

    -1 for none. Two planes of bits per cell, those that want a nearest and those that want a second: pairs that could
    fill neither are passed over without looking at the rows.
    """
    nearest = np.full(served.bit.size, -1, dtype=np.int64)
    second = np.full(served.bit.size, -1, dtype=np.int64)
    n_words = served.words.shape[1]
    want = np.empty(n_words, dtype=np.uint64)
    for cell in range(served.first.size - 1):
        begin, end = served.row_first[cell], served.row_first[cell + 1]
        want[:] = np.uint64(0)
        for row in range(begin, end):
            want[served.bit[row] // WORD_BITS] |= np.uint64(1) << np.uint64(served.bit[row] % WORD_BITS)
        for pair in range(served.first[cell], served.first[cell + 1]):
            station = served.station[pair]
            useful = False
            for word in range(n_words):
                useful = useful or (served.words[station, word] & want[word]) != np.uint64(0)
            if not useful:
                continue
            for row in range(begin, end):
                if not _has(served.words, station, served.bit[row]):
                    continue
                if nearest[row] < 0:
                    nearest[row] = pair
                elif second[row] < 0 and owner[served.station[nearest[row]]] != owner[station]:
                    second[row] = pair
                    want[served.bit[row] // WORD_BITS] &= ~(np.uint64(1) << np.uint64(served.bit[row] % WORD_BITS))
    return nearest, second


@kernel
def reached_demand(served: Served) -> FloatArray:
    """Add up for each station the demand that it reaches while it counts."""
    total = np.zeros(served.words.shape[0])
    for cell in range(served.first.size - 1):
        for pair in range(served.first[cell], served.first[cell + 1]):
            station = served.station[pair]
            for row in range(served.row_first[cell], served.row_first[cell + 1]):
                if _has(served.words, station, served.bit[row]):
                    total[station] += served.demand[row]
    return total


@kernel
def count_stations(served: Served, words: CellArray) -> IntArray:
    """Count for each row the stations that serve it in the bits given."""
    n = np.zeros(served.bit.size, dtype=np.int64)
    for cell in range(served.first.size - 1):
        for way in range(served.first[cell], served.first[cell + 1]):
            for row in range(served.row_first[cell], served.row_first[cell + 1]):
                n[row] += _has(words, served.station[way], served.bit[row])
    return n


@kernel
def least_and_most(served: Served, owner: IntArray, n_owners: int) -> FloatArray:
    """Bound what the closing of each owner alone loses, (n_owners, 2), however the unknowns turn out.

    At least what it serves for sure where nobody else even perhaps does; at most what it perhaps serves where nobody
    else does for sure. Both are reached: by a no of its own unknowns and a yes of all others', and the other way round.
    """
    found = np.zeros((n_owners, 2))
    seen = np.full(n_owners, -1, dtype=np.int64)
    for cell in range(served.first.size - 1):
        begin, end = served.first[cell], served.first[cell + 1]
        for row in range(served.row_first[cell], served.row_first[cell + 1]):
            sure = _only_owner(served, served.words, owner, begin, end, row)
            perhaps = _only_owner(served, served.words_high, owner, begin, end, row)
            if sure >= 0 and perhaps >= 0:
                found[sure, 0] += served.demand[row]
            if sure >= 0:
                found[sure, 1] += served.demand[row]
            if sure != _NOBODY or perhaps == _NOBODY:
                continue
            for way in range(begin, end):
                one = owner[served.station[way]]
                if seen[one] != row and _has(served.words_high, served.station[way], served.bit[row]):
                    seen[one] = row
                    found[one, 1] += served.demand[row]
    return found


@kernel
def _only_owner(served: Served, words: CellArray, owner: IntArray, begin: int, end: int, row: int) -> int:
    """Find the one owner of all stations on some ways that serve a row; or say that there is none, or several."""
    found = _NOBODY
    for way in range(begin, end):
        if _has(words, served.station[way], served.bit[row]):
            one = owner[served.station[way]]
            if found not in (_NOBODY, one):
                return _SEVERAL
            found = one
    return int(found)


def close_one_by_one(served: Served, reached: FloatArray) -> tuple[IntArray, FloatArray]:
    """Close all stations, each time the one that loses the least demand of what is still covered.

    Of equal losses the one that reaches less closes first, then the one first in the table. Returns the order, and what
    each loses.
    """
    by_station = np.argsort(served.station, kind="stable")
    cell_of_way = np.repeat(np.arange(served.first.size - 1), np.diff(served.first))
    return _close(served, by_station, cell_of_way, reached)


@kernel
def _close(
    served: Served, by_station: IntArray, cell_of_way: IntArray, reached: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Close stations; `by_station` orders ways by their station. A row is looked at for its last station once."""
    n = served.words.shape[0]
    closed = np.zeros(n, dtype=np.bool_)
    left, loss = _at_first(served, closed)
    first = np.searchsorted(served.station[by_station], np.arange(n + 1))
    order, lost = np.empty(n, dtype=np.int64), np.zeros(n)
    for rank in range(n):
        station = _cheapest(closed, loss, reached)
        order[rank], closed[station] = station, True
        for at in range(first[station], first[station + 1]):
            cell = cell_of_way[by_station[at]]
            lost[rank] += _without(served, closed, station, cell, left, loss)
    return order, lost


@kernel
def _at_first(served: Served, closed: npt.NDArray[np.bool_]) -> tuple[IntArray, FloatArray]:
    """Count for each row the stations that serve it, and add up for each station what only it does."""
    left = np.zeros(served.bit.size, dtype=np.int64)
    loss = np.zeros(served.words.shape[0])
    for cell in range(served.first.size - 1):
        begin, end = served.row_first[cell], served.row_first[cell + 1]
        for pair in range(served.first[cell], served.first[cell + 1]):
            for row in range(begin, end):
                left[row] += _has(served.words, served.station[pair], served.bit[row])
        for row in range(begin, end):
            if left[row] == 1:
                loss[_last(served, closed, cell, row)] += served.demand[row]
    return left, loss


@kernel
def _without(
    served: Served, closed: npt.NDArray[np.bool_], station: int, cell: int, left: IntArray, loss: FloatArray
) -> float:
    """Take a station that has closed from a cell; return what is lost, and add to `loss` of those left alone."""
    gone = 0.0
    for row in range(served.row_first[cell], served.row_first[cell + 1]):
        if not _has(served.words, station, served.bit[row]):
            continue
        left[row] -= 1
        if left[row] == 0:
            gone += served.demand[row]
        elif left[row] == 1:
            loss[_last(served, closed, cell, row)] += served.demand[row]
    return gone


@kernel
def _last(served: Served, closed: npt.NDArray[np.bool_], cell: int, row: int) -> int:
    """Find the one open station that still serves a row."""
    for pair in range(served.first[cell], served.first[cell + 1]):
        station = served.station[pair]
        if not closed[station] and _has(served.words, station, served.bit[row]):
            return int(station)
    return -1


@kernel
def _cheapest(closed: npt.NDArray[np.bool_], loss: FloatArray, reached: FloatArray) -> int:
    """Find the open station that loses the least."""
    best = -1
    for station in range(loss.size):
        if closed[station]:
            continue
        if best < 0 or loss[station] < loss[best] or (loss[station] == loss[best] and reached[station] < reached[best]):
            best = station
    return best
