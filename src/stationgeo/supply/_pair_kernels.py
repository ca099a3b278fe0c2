"""Kernels that number, check and group the rows of a reach table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.supply._pairs import Codes

__all__ = ["find_rows", "group_rows", "repeats"]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2 ** 64 over the golden ratio: its multiples lie far apart (Knuth, The Art of Computer Programming 3, 6.4)."""


def find_rows(cell: CellArray, known: CellArray) -> tuple[IntArray, Codes]:
    """Find the rows whose cell is known: their numbers, and the place of each one's cell among the known."""
    bits = max(int(2 * known.size - 1).bit_length(), 1)
    row, at, n = _find(cell, _slots(cell, bits), known, _slots(known, bits), 1 << bits)
    return row[:n], at[:n]


def _slots(cell: CellArray, bits: int) -> Codes:
    """Where to look for cells first, in a table of 2 ** bits slots."""
    return ((cell * _GOLDEN) >> np.uint64(64 - bits)).astype(np.int32)


@kernel
def _find(cell: CellArray, begin: Codes, known: CellArray, home: Codes, size: int) -> tuple[IntArray, Codes, int]:
    slot = np.full(size, -1, dtype=np.int32)
    for place in range(known.size):
        at = home[place]
        while slot[at] >= 0:
            at = (at + 1) & (size - 1)
        slot[at] = place
    row = np.empty(cell.size, dtype=np.int64)
    found = np.empty(cell.size, dtype=np.int32)
    n = 0
    for i in range(cell.size):
        at = begin[i]
        while slot[at] >= 0 and known[slot[at]] != cell[i]:
            at = (at + 1) & (size - 1)
        if slot[at] >= 0:
            row[n] = i
            found[n] = slot[at]
            n += 1
    return row, found, n


def repeats(station: Codes, cell: Codes, n_stations: int, n_cells: int) -> bool:
    """Tell whether a pair of station and cell is there twice."""
    return not _ascends(station, cell, n_stations) and _meets_again(station, cell, n_stations, n_cells)


@kernel
def _ascends(station: Codes, cell: Codes, n_stations: int) -> bool:
    """Tell whether rows of a station follow each other, by cell: then none can repeat."""
    ended = np.zeros(n_stations, dtype=np.bool_)
    for i in range(1, station.size):
        if station[i] == station[i - 1]:
            if cell[i] <= cell[i - 1]:
                return False
            continue
        ended[station[i - 1]] = True
        if ended[station[i]]:
            return False
    return True


@kernel
def _meets_again(station: Codes, cell: Codes, n_stations: int, n_cells: int) -> bool:
    """Group rows by cell, and let each station remember the last cell that it was met in."""
    first = np.zeros(n_cells + 1, dtype=np.int64)
    for at in cell:
        first[at + 1] += 1
    for i in range(n_cells):
        first[i + 1] += first[i]
    grouped = np.empty(cell.size, dtype=np.int32)
    for i in range(cell.size):
        grouped[first[cell[i]]] = station[i]
        first[cell[i]] += 1
    last = np.full(n_stations, -1, dtype=np.int64)
    begin = 0
    for i in range(n_cells):
        for p in range(begin, first[i]):
            if last[grouped[p]] == i:
                return True
            last[grouped[p]] = i
        begin = first[i]
    return False


@kernel
def group_rows(cell: Codes, station: Codes, impedance: FloatArray, n_cells: int) -> tuple[IntArray, Codes, FloatArray]:
    """Bring rows together by cell, in the order in which they came."""
    first = np.zeros(n_cells + 1, dtype=np.int64)
    for i in range(cell.size):
        first[cell[i] + 1] += 1
    for i in range(n_cells):
        first[i + 1] += first[i]
    place = first[:-1].copy()
    stations = np.empty(cell.size, dtype=np.int32)
    way = np.empty(cell.size, dtype=np.float64)
    for i in range(cell.size):
        at = place[cell[i]]
        stations[at] = station[i]
        way[at] = impedance[i]
        place[cell[i]] = at + 1
    return first, stations, way
