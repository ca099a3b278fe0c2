"""Rings in the plane of a face: buffers of corners, and cuts by half planes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel
from stationgeo.cells._lattice import CORNER, FACE_CORNERS, HALF, HEXAGON, ROW_STEP, Lattice, beyond_edges

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

ROOM = 64
"""Corners that a new buffer holds."""


@kernel
def with_room(ring: FloatArray, n: int) -> FloatArray:
    """Return the buffer itself, or a larger one with the same content, so that it holds `n` corners."""
    if ring.shape[0] >= n:
        return ring
    larger = np.empty((2 * n, 2))
    copy_corners(ring, 0, ring.shape[0], larger, 0)
    return larger


@kernel
def copy_corners(source: FloatArray, first: int, last: int, target: FloatArray, at: int) -> None:
    """Copy corners; a loop compiles ten times as fast as an assignment of slices."""
    for row in range(first, last):
        target[at + row - first, 0], target[at + row - first, 1] = source[row, 0], source[row, 1]


@kernel
def cut(source: FloatArray, n: int, target: FloatArray, a: float, b: float, reach: float) -> int:
    """Keep what lies where a u + b v <= reach of a ring; target must hold 2 n corners. Returns how many it has."""
    if n == 0:
        return 0
    kept = 0
    x0, y0 = source[n - 1, 0], source[n - 1, 1]
    d0 = a * x0 + b * y0 - reach
    for corner in range(n):
        x1, y1 = source[corner, 0], source[corner, 1]
        d1 = a * x1 + b * y1 - reach
        if (d0 < 0.0 < d1) or (d1 < 0.0 < d0):
            share = d0 / (d0 - d1)
            target[kept, 0] = x0 + share * (x1 - x0)
            target[kept, 1] = y0 + share * (y1 - y0)
            kept += 1
        if d1 <= 0.0:
            target[kept, 0], target[kept, 1] = x1, y1
            kept += 1
        x0, y0, d0 = x1, y1, d1
    return kept


@kernel
def extent(ring: FloatArray, n: int, axis: int) -> tuple[float, float]:
    """Tell the least and the greatest of one coordinate."""
    low, high = math.inf, -math.inf
    for row in range(n):
        low, high = min(low, ring[row, axis]), max(high, ring[row, axis])
    return low, high


@kernel
def inner_points(i: IntArray, j: IntArray, lattice: Lattice) -> FloatArray:
    """Find a point well inside each hexagon and its face: the middle of what they have in common."""
    points = np.empty((i.size, 2))
    one, two = np.empty((ROOM, 2)), np.empty((ROOM, 2))
    for row in range(i.size):
        u, v = i[row] + HALF * j[row], j[row] * ROW_STEP
        points[row, 0], points[row, 1] = u, v
        if beyond_edges(u, v, lattice) < -CORNER:
            continue
        n = HEXAGON.shape[0]
        copy_corners(HEXAGON, 0, n, one, 0)
        for edge in range(FACE_CORNERS):
            a, b = lattice.normals[edge, 0], lattice.normals[edge, 1]
            n = cut(one, n, two, a, b, lattice.reach - (a * u + b * v))
            one, two = two, one
        if n > 0:
            for corner in range(n):
                points[row, 0] += one[corner, 0] / n
                points[row, 1] += one[corner, 1] / n
    return points
