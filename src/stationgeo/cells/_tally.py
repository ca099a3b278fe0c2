"""Counts of points by hexagon of the lattice, in bounded memory.

Points come in swarms. Where a sample of them lies in a box of (i, j) on a face that is not much larger than their
number, a counter for each hexagon of the box is the fastest table there is. All others go as packed keys into a buffer
that is sorted and merged into what was counted before whenever it is full. Which way a point takes does not show in
the counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel
from stationgeo.cells._blocks import ASK_LIBRARY, BLOCK, Block, Faces, new_block, place
from stationgeo.cells._buckets import Bases, bases, name_buckets, write_cells
from stationgeo.cells._lattice import N_FACES

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray

# Lattice coordinates stay below 2^23 at resolution 15; so many bits hold one with its sign. With the face, or a mark
# where there is none, a key has 55 bits.
_COORDINATE_BITS = 25
_COORDINATE_OFFSET = 1 << 24
_COORDINATE_MASK = (1 << _COORDINATE_BITS) - 1
_FACE_SHIFT = 2 * _COORDINATE_BITS
# Rows that the h3 library must name are kept among the keys, behind all faces; a row number has at most 50 bits.
_ROW_MARK = N_FACES << _FACE_SHIFT

_SAMPLE = 1 << 14
# Counters are at most this many (128 MiB), and at most so many for each point, so that few points need few.
_MOST_COUNTERS = 1 << 24
_COUNTERS_PER_POINT = 8
# A box that the outliers make too large is drawn again without them: so many of a thousand on each side.
_OUTLIERS = 10
_PER_MILLE = 1000
# Beyond the outermost of the sample there are others: boxes are wider by this part on each side, and two hexagons.
_ALLOWANCE = 8
_LEAST_ALLOWANCE = 2
# Keys in the buffer (32 MiB), or as many as there are distinct ones so far.
_LEAST_BUFFER = 1 << 22


def tally(lon: FloatArray, lat: FloatArray, grid: Faces) -> tuple[IntArray, IntArray, IntArray]:
    """Count points by hexagon.

    Parameters
    ----------
    lon, lat
        Degrees, flat; unusable points are left out.
    grid
        The faces, at one resolution.

    Returns
    -------
    keys : ndarray of int64
        The hexagons that hold points, packed; none twice. See `name_keys`.
    counts : ndarray of int64
        How many each holds.
    rows : ndarray of int64
        Rows of the points that the h3 library must name, which are not counted.

    Notes
    -----
    O(n) where boxes hold the points; O(n log n) otherwise. Memory beyond the input and the answer: at most 128 MiB of
    counters and 32 MiB of keys; where more hexagons than that lie outside of the boxes, 40 bytes for each.
    """
    block = new_block()
    boxes, n_counters = _choose_boxes(lon, lat, grid, block)
    counters = np.zeros(n_counters, dtype=np.int64)
    keys, counts = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    row = 0
    while row < lon.size:
        buffer = np.empty(min(max(_LEAST_BUFFER, keys.size), lon.size - row) + BLOCK, dtype=np.int64)
        row, n_keys = _count(lon, lat, row, grid, boxes, counters, buffer, block)
        if n_keys:
            buffer[:n_keys].sort()
            keys, counts = _merge(keys, counts, buffer[:n_keys])
    n_faced = int(np.searchsorted(keys, _ROW_MARK))
    keys_inside, counts_inside = _counted(boxes, counters)
    all_keys, all_counts = keys_inside, counts_inside
    if n_faced:
        all_keys = np.concatenate([keys_inside, keys[:n_faced]])
        all_counts = np.concatenate([counts_inside, counts[:n_faced]])
    return all_keys, all_counts, keys[n_faced:] - _ROW_MARK


def name_keys(keys: IntArray, level: int) -> CellArray:
    """Name the cell of each packed hexagon, as `name_buckets` does."""
    cells = _name_keys(keys, level, bases(), new_block())
    unknown = np.flatnonzero(cells == 0)
    if unknown.size:
        rare = keys[unknown]
        i = (rare >> _COORDINATE_BITS & _COORDINATE_MASK) - _COORDINATE_OFFSET
        cells[unknown] = name_buckets(rare >> _FACE_SHIFT, i, (rare & _COORDINATE_MASK) - _COORDINATE_OFFSET, level)
    return cells


def _choose_boxes(lon: FloatArray, lat: FloatArray, grid: Faces, block: Block) -> tuple[IntArray, int]:
    """Choose a box of counters on each face from a sample.

    Returns a row (first i, first j, number of i, number of j, first counter) per face, and the number of counters. A
    face without a box has no i.
    """
    boxes = np.zeros((N_FACES, 5), dtype=np.int64)
    stride = max(1, lon.size // _SAMPLE)
    where = _hexagons(np.ascontiguousarray(lon[::stride]), np.ascontiguousarray(lat[::stride]), grid, block)
    room = min(_MOST_COUNTERS, _COUNTERS_PER_POINT * lon.size)
    used = 0
    n_on = np.bincount(where[where[:, 0] >= 0, 0], minlength=N_FACES)
    for face in np.argsort(-n_on, kind="stable").tolist():
        ij = np.sort(where[where[:, 0] == face, 1:], axis=0)
        for left_out in (0, _OUTLIERS):
            last = ij.shape[0] - 1
            cut = last * left_out // _PER_MILLE
            if last < 0:
                break
            low, high = ij[cut], ij[last - cut]
            allowance = (high - low) // _ALLOWANCE + _LEAST_ALLOWANCE
            low, n = low - allowance, high - low + 2 * allowance + 1
            if used + int(n.prod()) <= room:
                boxes[face] = (*low, *n, used)
                used += int(n.prod())
                break
    return boxes, used


@kernel
def _counted(boxes: IntArray, counters: IntArray) -> tuple[IntArray, IntArray]:
    """List the counters that counted: packed hexagons and counts."""
    n = 0
    for at in range(counters.size):
        n += counters[at] > 0
    keys, counts = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    out = 0
    for face in range(N_FACES):
        first_i, first_j, n_i, n_j, start = boxes[face]
        for a in range(n_i):
            for b in range(n_j):
                holds = counters[start + a * n_j + b]
                if holds > 0:
                    keys[out], counts[out] = _key(face, first_i + a, first_j + b), holds
                    out += 1
    return keys, counts


@kernel
def _name_keys(keys: IntArray, level: int, known: Bases, block: Block) -> CellArray:
    cells = np.empty(keys.size, dtype=np.uint64)
    face, i, j = block.face, block.ij[0], block.ij[1]
    for first in range(0, keys.size, BLOCK):
        n = min(BLOCK, keys.size - first)
        for p in range(n):
            key = keys[first + p]
            face[p] = key >> _FACE_SHIFT
            i[p] = ((key >> _COORDINATE_BITS) & _COORDINATE_MASK) - _COORDINATE_OFFSET
            j[p] = (key & _COORDINATE_MASK) - _COORDINATE_OFFSET
        write_cells(face, i, j, level, known, cells, first, first + n)
    return cells


@kernel
def _hexagons(lon: FloatArray, lat: FloatArray, grid: Faces, block: Block) -> IntArray:
    """Find (face, i, j) of each point."""
    where = np.empty((lon.size, 3), dtype=np.int64)
    for first in range(0, lon.size, BLOCK):
        n = min(BLOCK, lon.size - first)
        place(lon, lat, first, n, grid, block)
        for p in range(n):
            where[first + p, 0], where[first + p, 1], where[first + p, 2] = (
                block.face[p],
                block.ij[0, p],
                block.ij[1, p],
            )
    return where


@kernel
def _count(
    lon: FloatArray, lat: FloatArray, row: int, grid: Faces, boxes: IntArray, counters: IntArray, buffer: IntArray,
    block: Block,
) -> tuple[int, int]:  # fmt: skip
    """Count points from a row on until all are or the buffer is full; returns the next row and the number of keys."""
    n_keys = 0
    i, j = block.ij[0], block.ij[1]
    while row < lon.size and n_keys + BLOCK <= buffer.size:
        n = min(BLOCK, lon.size - row)
        one = place(lon, lat, row, n, grid, block)
        if one >= 0:
            first_i, first_j, n_i, n_j, start = boxes[one]
            for p in range(n):
                a, b = i[p] - first_i, j[p] - first_j
                if 0 <= a < n_i and 0 <= b < n_j:
                    counters[start + a * n_j + b] += 1
                else:
                    buffer[n_keys] = _key(one, i[p], j[p])
                    n_keys += 1
        else:
            for p in range(n):
                face = block.face[p]
                if face == ASK_LIBRARY:
                    buffer[n_keys] = _ROW_MARK + row + p
                    n_keys += 1
                elif face >= 0:
                    a, b = i[p] - boxes[face, 0], j[p] - boxes[face, 1]
                    if 0 <= a < boxes[face, 2] and 0 <= b < boxes[face, 3]:
                        counters[boxes[face, 4] + a * boxes[face, 3] + b] += 1
                    else:
                        buffer[n_keys] = _key(face, i[p], j[p])
                        n_keys += 1
        row += n
    return row, n_keys


@kernel
def _key(face: int, i: int, j: int) -> int:
    """Pack a hexagon of a face into one number; hexagons of one face stay together."""
    return (face << _FACE_SHIFT) | ((i + _COORDINATE_OFFSET) << _COORDINATE_BITS) | (j + _COORDINATE_OFFSET)


@kernel
def _merge(keys: IntArray, counts: IntArray, more: IntArray) -> tuple[IntArray, IntArray]:
    """Merge sorted keys, which may repeat, into distinct sorted keys and their counts."""
    distinct = 0
    at = 0
    for row in range(more.size):
        if row > 0 and more[row] == more[row - 1]:
            continue
        while at < keys.size and keys[at] < more[row]:
            at += 1
        distinct += not (at < keys.size and keys[at] == more[row])
    all_keys, all_counts = (
        np.empty(keys.size + distinct, dtype=np.int64),
        np.empty(keys.size + distinct, dtype=np.int64),
    )
    at, row, out = 0, 0, 0
    while at < keys.size or row < more.size:
        if row == more.size or (at < keys.size and keys[at] < more[row]):
            all_keys[out], all_counts[out] = keys[at], counts[at]
            at += 1
        else:
            key, n = more[row], 0
            while row < more.size and more[row] == key:
                row += 1
                n += 1
            if at < keys.size and keys[at] == key:
                n += counts[at]
                at += 1
            all_keys[out], all_counts[out] = key, n
        out += 1
    return all_keys, all_counts
