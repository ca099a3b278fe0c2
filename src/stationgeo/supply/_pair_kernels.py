"""Kernels that number, check and group the rows of a reach table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.supply._pairs import Codes

__all__ = ["find_rows", "group_rows", "number_couples", "repeats"]

_GOLDEN = np.uint64(0x9E3779B1)
"""A prime near 2 ** 32 over the golden ratio: its multiples lie far apart (Knuth, The Art of Computer Programming)."""
_HALF = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFF_FFFF)
_LEAST_BITS = 10
"""Of the first table of couples, which grows."""


def find_rows(cell: CellArray, known: CellArray) -> tuple[Codes, int]:
    """Find the place of each row's cell among the known ones; -1 where it is not among them, and how often that is."""
    bits = max(int(2 * known.size - 1).bit_length(), 1)
    return _find(cell, known, np.uint64(32 - bits), 1 << bits)


@kernel
def _slot(cell: np.uint64, shift: np.uint64) -> np.int64:
    """Where to look for a cell first: products of halves stay below 2 ** 64."""
    mixed = ((cell >> _HALF) ^ cell) & _LOW_HALF
    return np.int64(((mixed * _GOLDEN) & _LOW_HALF) >> shift)


@kernel
def _find(cell: CellArray, known: CellArray, shift: np.uint64, size: int) -> tuple[Codes, int]:
    slot = np.full(size, -1, dtype=np.int32)
    for place in range(known.size):
        at = _slot(known[place], shift)
        while slot[at] >= 0:
            at = (at + 1) & (size - 1)
        slot[at] = place
    found = np.empty(cell.size, dtype=np.int32)
    n_missing = 0
    for i in range(cell.size):
        at = _slot(cell[i], shift)
        while slot[at] >= 0 and known[slot[at]] != cell[i]:
            at = (at + 1) & (size - 1)
        found[i] = slot[at]
        n_missing += slot[at] < 0
    return found, n_missing


def number_couples(left: Codes, right: Codes) -> tuple[Codes, Codes, Codes]:
    """Give numbers to couples in the order in which they come first; returns the number of each, and the couples."""
    return _number(left, right, _LEAST_BITS)


@kernel
def _couple_slot(left: np.int32, right: np.int32, bits: int) -> np.int64:
    """Where to look for a couple first; (a, b) is not (b, a)."""
    return _slot((np.uint64(left) * _GOLDEN) ^ np.uint64(right), np.uint64(32 - bits))


@kernel
def _number(left: Codes, right: Codes, bits: int) -> tuple[Codes, Codes, Codes]:
    code = np.empty(left.size, dtype=np.int32)
    lefts, rights = np.empty(left.size, dtype=np.int32), np.empty(left.size, dtype=np.int32)
    slot = np.full(1 << bits, -1, dtype=np.int32)
    n = 0
    for i in range(left.size):
        at = _couple_slot(left[i], right[i], bits)
        while slot[at] >= 0 and (lefts[slot[at]] != left[i] or rights[slot[at]] != right[i]):
            at = (at + 1) & (slot.size - 1)
        if slot[at] < 0:
            slot[at], lefts[n], rights[n] = n, left[i], right[i]
            n += 1
        code[i] = slot[at]
        # Half full at most, so that few lie side by side; no larger, so that it stays in the cache.
        if 2 * n > slot.size:
            bits += 1
            slot = np.full(1 << bits, -1, dtype=np.int32)
            for k in range(n):
                at = _couple_slot(lefts[k], rights[k], bits)
                while slot[at] >= 0:
                    at = (at + 1) & (slot.size - 1)
                slot[at] = k
    return code, lefts[:n].copy(), rights[:n].copy()


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
