"""Parts of lines, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from stationgeo import crs

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["cut_lines"]


def cut_lines(
    line: IntArray, from_share: FloatArray, to_share: FloatArray, first_vertex: IntArray, vertices: FloatArray
) -> npt.NDArray[np.object_]:
    """Draw the part of each line between two shares of its length, in metres; a line of no length is drawn whole."""
    if not line.size:
        return np.empty(0, dtype=object)
    along_m = _along_m(first_vertex, vertices)
    first, last = first_vertex[line], first_vertex[line + 1] - 1
    total_m = along_m[last] - along_m[first]
    from_m, to_m = along_m[first] + from_share * total_m, along_m[first] + to_share * total_m
    inner = np.clip(np.searchsorted(along_m, from_m, side="right"), first + 1, last)
    after = np.clip(np.searchsorted(along_m, to_m, side="left"), inner, last)
    # An end at the line's own end is its vertex, to the last bit, so that parts of edges that meet do so too.
    begin = np.where((from_share <= 0.0) | (total_m == 0.0), vertices[first].T, _at(from_m, inner, along_m, vertices).T)
    end = np.where((to_share >= 1.0) | (total_m == 0.0), vertices[last].T, _at(to_m, after, along_m, vertices).T)
    sizes = after - inner + 2
    ends = np.cumsum(sizes)
    points = np.empty((ends[-1], 2))
    within = np.ones(ends[-1], dtype=np.bool_)
    within[ends - 1] = within[ends - sizes] = False
    # The vertices of a part follow each other: the first of each, and how many come before it.
    points[within] = vertices[np.repeat(inner - (ends - sizes + 1), sizes)[within] + np.flatnonzero(within)]
    points[ends - sizes], points[ends - 1] = begin.T, end.T
    return np.asarray(shapely.linestrings(points, indices=np.repeat(np.arange(line.size), sizes)), dtype=object)


def _along_m(first_vertex: IntArray, vertices: FloatArray) -> FloatArray:
    """Measure to each vertex along all lines, one after the other, in planes that touch where each line begins."""
    line_of = np.repeat(np.arange(first_vertex.size - 1), np.diff(first_vertex))
    per_lon, per_lat = crs.metres_per_degree(vertices[first_vertex[:-1], 1])
    steps = np.diff(vertices, axis=0)
    step_m = np.hypot(steps[:, 0] * per_lon[line_of[1:]], steps[:, 1] * per_lat[line_of[1:]])
    return np.concatenate([[0.0], np.cumsum(np.where(line_of[1:] == line_of[:-1], step_m, 0.0))])


def _at(metres: FloatArray, after: IntArray, along_m: FloatArray, vertices: FloatArray) -> FloatArray:
    """Find the points at so many metres, between a vertex and the one before it."""
    step_m = along_m[after] - along_m[after - 1]
    part = np.divide(metres - along_m[after - 1], step_m, out=np.zeros(metres.size), where=step_m > 0.0)
    before = vertices[after - 1]
    return np.asarray(before + np.clip(part, 0.0, 1.0)[:, None] * (vertices[after] - before), dtype=np.float64)
