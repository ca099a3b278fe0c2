"""Which pieces of street run through each small bucket of the map, so that a point finds those next to it at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import crs
from stationgeo._compile import inlined, kernel

if TYPE_CHECKING:
    from stationgeo.reach._arrays import FlagArray, NodeArray
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["TURNS_DEG", "Frame", "Grid", "Window", "build_grid", "first_from", "frame_of", "touches", "window"]

# The height of a bucket, and its width in the network's middle latitude. From 48 to 100 m fixes take the same time; the
# largest has the fewest entries, and is the fastest for centres of cells, which lie farther from the street.
_BUCKET_M = 100.0
FULL_TURN_DEG = 360.0

TURNS_DEG = (0.0, FULL_TURN_DEG, -FULL_TURN_DEG)
"""Lines across the antimeridian go on beyond 180 degrees, so that a point may see them a turn away."""

# Boxes are wider than what they are to hold by this share, so that rounding loses nothing; the distance decides.
_BOX_SLACK = 1e-6

# A piece is entered into buckets that it misses by this share of one: more than rounding, less than matters.
_ENTRY_SLACK = 1e-7


class Grid(NamedTuple):
    """Pieces of street by the buckets they cross: rows of latitude, in each the columns that are not empty.

    Memory is that of the pieces, and of a number for each row between the south and the north of the network.
    """

    frame: FloatArray
    """West, south and east of all pieces, and width and height of a bucket, in degrees."""

    first_in_row: IntArray
    """Where the buckets of each row begin, and their number at the end."""

    column: NodeArray
    """Column of each bucket, ascending in each row; counted from the west."""

    first: IntArray
    """Where the pieces of each bucket begin, and their number at the end."""

    vertex: NodeArray
    """Vertex at which each piece begins, ascending in each bucket; the next vertex is its end."""

    edge: NodeArray
    """Edge of each piece."""


class Frame(NamedTuple):
    """How the buckets lie, in degrees, and the number of the northernmost row (-1 where there is none)."""

    west: float
    south: float
    east: float
    width: float
    height: float
    last_row: int


class Window(NamedTuple):
    """Rows and columns that a box touches, both ends included; none where the first is after the last."""

    bottom: int
    top: int
    left: int
    right: int


def build_grid(first_vertex: IntArray, vertices: FloatArray, may_snap: FlagArray) -> Grid:
    """Enter the pieces of all edges that points may meet into the buckets they cross."""
    frame = _frame(vertices[np.repeat(may_snap, np.diff(first_vertex))])
    n = _enter(first_vertex, vertices, may_snap, frame, *(np.empty(0, dtype=np.int32) for _ in range(4)))
    row, column, vertex, edge = (np.empty(n, dtype=np.int32) for _ in range(4))
    _enter(first_vertex, vertices, may_snap, frame, row, column, vertex, edge)
    width = int(column.max(initial=0)) + 1
    key = row.astype(np.int64) * width + column
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[:n]).astype(np.int64)
    of_row = np.bincount(ordered[first] // width)
    return Grid(
        frame=frame,
        first_in_row=np.append(0, np.cumsum(of_row)).astype(np.int64),
        column=(ordered[first] % width).astype(np.int32),
        first=np.append(first, n),
        vertex=vertex[order],
        edge=edge[order],
    )


def _frame(vertices: FloatArray) -> FloatArray:
    """Lay the buckets out: as many metres wide as high where the network's middle is."""
    if not vertices.size:
        return np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    west, south = vertices.min(axis=0)
    east, north = vertices.max(axis=0)
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree((south + north) / 2))
    # Around a pole a bucket of that width would be more than all the way around.
    width = min(_BUCKET_M / max(per_lon, _BUCKET_M / FULL_TURN_DEG), FULL_TURN_DEG)
    return np.array([west, south, east, width, _BUCKET_M / per_lat])


@kernel
def _enter(
    first_vertex: IntArray, vertices: FloatArray, may_snap: FlagArray, frame: FloatArray,
    row_of: NodeArray, column_of: NodeArray, vertex_of: NodeArray, edge_of: NodeArray,
) -> int:  # fmt: skip
    """Write where each piece is entered, as far as there is room, and say how many entries there are."""
    n = 0
    for edge in range(first_vertex.size - 1):
        if not may_snap[edge]:
            continue
        for vertex in range(first_vertex[edge], first_vertex[edge + 1] - 1):
            y0, y1 = vertices[vertex, 1], vertices[vertex + 1, 1]
            low, high = _number(min(y0, y1), frame[1], frame[4]), _number(max(y0, y1), frame[1], frame[4])
            for row in range(low, high + 1):
                west, east = _part_in_row(vertices, vertex, row, frame)
                begin = max(_number(west, frame[0], frame[3]), 0)
                for column in range(begin, _number(east, frame[0], frame[3]) + 1):
                    if n < row_of.size:
                        row_of[n], column_of[n], vertex_of[n], edge_of[n] = row, column, vertex, edge
                    n += 1
    return n


@inlined
def _number(degrees: float, begin: float, step: float) -> int:
    """Tell which row or column a place is in; never descending, whatever the rounding."""
    return math.floor((degrees - begin) / step)


@inlined
def _part_in_row(vertices: FloatArray, vertex: int, row: int, frame: FloatArray) -> tuple[float, float]:
    """Say from where to where in longitude a piece runs through a row, a little more rather than less."""
    x0, y0, x1, y1 = vertices[vertex, 0], vertices[vertex, 1], vertices[vertex + 1, 0], vertices[vertex + 1, 1]
    begin, end = 0.0, 1.0
    if y0 != y1:
        below = frame[1] + (row - _ENTRY_SLACK) * frame[4]
        above = frame[1] + (row + 1.0 + _ENTRY_SLACK) * frame[4]
        one, other = (below - y0) / (y1 - y0), (above - y0) / (y1 - y0)
        begin, end = max(min(one, other), 0.0), min(max(one, other), 1.0)
    at_begin, at_end = x0 + begin * (x1 - x0), x0 + end * (x1 - x0)
    slack = _ENTRY_SLACK * frame[3]
    return min(at_begin, at_end) - slack, max(at_begin, at_end) + slack


@kernel
def frame_of(grid: Grid) -> Frame:
    """Take the frame as plain numbers: arrays that are handed on cost a count of their holders each time."""
    frame = grid.frame
    return Frame(frame[0], frame[1], frame[2], frame[3], frame[4], grid.first_in_row.size - 2)


@inlined
def touches(frame: Frame, x: float, wide: float) -> bool:
    """Tell whether anything can be up to so many degrees of longitude from a point."""
    slack = wide * (1.0 + _BOX_SLACK)
    return x + slack >= frame.west and x - slack <= frame.east


@inlined
def window(frame: Frame, x: float, y: float, wide: float, high: float) -> Window:
    """Tell which buckets may hold what is up to so many degrees from a point; its box `touches` the frame."""
    high, wide = high * (1.0 + _BOX_SLACK), wide * (1.0 + _BOX_SLACK)
    bottom = max(math.floor((y - high - frame.south) / frame.height), 0)
    top = min(math.floor((y + high - frame.south) / frame.height), frame.last_row)
    # No column is beyond that of the east: a box around a pole may be wider than any number of columns.
    left = math.floor((max(x - wide, frame.west) - frame.west) / frame.width)
    right = math.floor((min(x + wide, frame.east) - frame.west) / frame.width)
    return Window(bottom, top, left, right)


@inlined
def first_from(column: NodeArray, begin: int, end: int, least: int) -> int:
    """Find the first of ascending columns from `begin` to before `end` that is `least` or more; `end` if there is none.

    Columns are whole numbers that ascend, so that where none is empty the bounds meet at once.
    """
    if begin == end or column[end - 1] < least:
        return end
    low = max(begin, end - 1 - (int(column[end - 1]) - least))
    high = max(begin, min(end - 1, begin + (least - int(column[begin]))))
    while low < high:
        middle = (low + high) // 2
        if column[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low
