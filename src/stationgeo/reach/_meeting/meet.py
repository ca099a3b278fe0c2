"""Where points meet the nearest street, in compiled code that looks into the buckets of the network's grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import crs
from stationgeo._compile import inlined, kernel
from stationgeo._threads import in_threads
from stationgeo.reach._arrays import read_only
from stationgeo.reach._graph.grid import TURNS_DEG, Frame, Grid, first_from, frame_of, touches, window

if TYPE_CHECKING:
    from stationgeo.reach._arrays import FlagArray
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Met", "meet", "nearest_part", "place_on_edge"]

# Most points are closer to a street; for the others the circle grows by this factor until there is one.
_CLOSE_M = 24.0
_WIDEN = 3.0

# Squares of distances that are apart by less than this share may be in another order than the distances.
_SQUARE_SLACK = 1e-12

# Points are shared out in blocks of so many, always the same ones, whatever the number of threads.
_POINTS_AT_ONCE = 65_536


class Met(NamedTuple):
    """Where each point meets a street."""

    edge: IntArray
    """Row of the edge in the network, -1 where none is within the limit."""

    off_m: FloatArray
    share: FloatArray
    """Of the edge from its first vertex."""

    lon: FloatArray
    lat: FloatArray
    past_island: FlagArray
    """Whether an edge of an island was nearer than that of the large component which was taken."""


class Best(NamedTuple):
    """The nearest pieces to a point so far, as entries of the grid (-1 is none), and the longitude seen from."""

    large_m: float
    large: int
    large_x: float
    small_m: float
    small: int
    small_x: float


def meet(
    x: FloatArray, y: FloatArray, network: Network, island: FlagArray, *, limit_m: float, workers: int | None = None
) -> Met:
    """Find the nearest place on large components within the limit, or where there is none that on islands."""
    edge, past_island = np.empty(x.size, dtype=np.int64), np.empty(x.size, dtype=np.bool_)
    met = Met(edge, np.empty(x.size), np.empty(x.size), np.empty(x.size), np.empty(x.size), past_island)
    grid, limit = network.grid, float(limit_m)
    x, y = read_only(x), read_only(y)

    def run(begin: int, end: int) -> None:
        part = slice(begin, end)
        per_lon, per_lat = crs.metres_per_degree(y[part])
        out = Met(met.edge[part], met.off_m[part], met.share[part], met.lon[part], met.lat[part], met.past_island[part])
        _meet(x[part], y[part], per_lon, per_lat, grid, network.first_vertex, network.vertices, island, limit, out)

    in_threads(run, [*range(0, x.size, _POINTS_AT_ONCE), x.size], workers)
    return met


@kernel
def _meet(
    x: FloatArray, y: FloatArray, per_lon: FloatArray, per_lat: FloatArray,
    grid: Grid, first_vertex: IntArray, vertices: FloatArray, island: FlagArray, limit_m: float, met: Met,
) -> None:  # fmt: skip
    frame = frame_of(grid)
    for at in range(x.size):
        best = _nearest(x[at], y[at], per_lon[at], per_lat[at], frame, grid, vertices, island, limit_m)
        met.past_island[at] = best.large >= 0 and best.small >= 0 and best.small_m < best.large_m
        entry, from_x, off_m = best.large, best.large_x, best.large_m
        if entry < 0:
            entry, from_x, off_m = best.small, best.small_x, best.small_m
        if entry < 0:
            met.edge[at] = -1
            met.off_m[at] = met.share[at] = met.lon[at] = met.lat[at] = math.nan
            continue
        edge = grid.edge[entry]
        east_m, north_m, share = place_on_edge(
            from_x, y[at], per_lon[at], per_lat[at], vertices, first_vertex[edge], grid.vertex[entry],
            first_vertex[edge + 1],
        )  # fmt: skip
        met.edge[at], met.off_m[at], met.share[at] = edge, off_m, share
        met.lon[at], met.lat[at] = x[at] + east_m / per_lon[at], y[at] + north_m / per_lat[at]


@inlined
def _nearest(
    x: float, y: float, per_lon: float, per_lat: float,
    frame: Frame, grid: Grid, vertices: FloatArray, island: FlagArray, limit_m: float,
) -> Best:  # fmt: skip
    """Look around a point in a circle that grows until nothing nearer can be beyond it."""
    best = Best(math.inf, -1, x, math.inf, -1, x)
    radius_m = min(_CLOSE_M, limit_m)
    while True:
        for turn in TURNS_DEG:
            if touches(frame, x + turn, radius_m / per_lon):
                best = _look(x + turn, y, per_lon, per_lat, radius_m, frame, grid, vertices, island, limit_m, best)
        if best.large_m <= radius_m or radius_m >= limit_m:
            return best
        radius_m = min(best.large_m if best.large >= 0 else _WIDEN * radius_m, limit_m)


@inlined
def _look(
    x: float, y: float, per_lon: float, per_lat: float, radius_m: float,
    frame: Frame, grid: Grid, vertices: FloatArray, island: FlagArray, limit_m: float, best: Best,
) -> Best:  # fmt: skip
    """Hold all pieces in the buckets around a point against the best so far."""
    large_m, large, large_x, small_m, small, small_x = best
    bound_m = min(large_m, limit_m)
    bound_m2 = bound_m * bound_m * (1.0 + _SQUARE_SLACK)
    bottom, top, left, right = window(frame, x, y, radius_m / per_lon, radius_m / per_lat)
    for row in range(bottom, top + 1):
        end = grid.first_in_row[row + 1]
        bucket = first_from(grid.column, grid.first_in_row[row], end, left)
        last = bucket
        while last < end and grid.column[last] <= right:
            last += 1
        for entry in range(grid.first[bucket], grid.first[last]):
            vertex = grid.vertex[entry]
            x0, y0 = (vertices[vertex, 0] - x) * per_lon, (vertices[vertex, 1] - y) * per_lat
            dx = (vertices[vertex + 1, 0] - vertices[vertex, 0]) * per_lon
            dy = (vertices[vertex + 1, 1] - vertices[vertex, 1]) * per_lat
            part = nearest_part(x0, y0, dx, dy)
            off_x, off_y = x0 + part * dx, y0 + part * dy
            if off_x * off_x + off_y * off_y > bound_m2:
                continue
            metres = float(np.hypot(off_x, off_y))
            if metres > limit_m:
                continue
            if island[grid.edge[entry]]:
                # Vertices ascend with the edges: of pieces equally near the first one counts.
                if metres < small_m or (metres == small_m and vertex < grid.vertex[small]):
                    small_m, small, small_x = metres, entry, x
            elif metres < large_m or (metres == large_m and vertex < grid.vertex[large]):
                large_m, large, large_x = metres, entry, x
                bound_m2 = metres * metres * (1.0 + _SQUARE_SLACK)
    return Best(large_m, large, large_x, small_m, small, small_x)


@inlined
def nearest_part(x0: float, y0: float, dx: float, dy: float) -> float:
    """Say at which part of a piece that begins at (x0, y0) it is nearest to the origin."""
    length2 = dx * dx + dy * dy
    return min(max(-(x0 * dx + y0 * dy) / length2, 0.0), 1.0) if length2 > 0.0 else 0.0


@inlined
def place_on_edge(
    x: float, y: float, per_lon: float, per_lat: float, vertices: FloatArray, first: int, nearest: int, end: int
) -> tuple[float, float, float]:
    """Say where an edge is met on its piece from vertex `nearest` on: metres east and north, share of the edge."""
    along_m, total_m, east_m, north_m = 0.0, 0.0, 0.0, 0.0
    for vertex in range(first, end - 1):
        dx = (vertices[vertex + 1, 0] - vertices[vertex, 0]) * per_lon
        dy = (vertices[vertex + 1, 1] - vertices[vertex, 1]) * per_lat
        length_m = math.sqrt(dx * dx + dy * dy)
        if vertex == nearest:
            x0, y0 = (vertices[vertex, 0] - x) * per_lon, (vertices[vertex, 1] - y) * per_lat
            part = nearest_part(x0, y0, dx, dy)
            along_m = total_m + part * length_m
            east_m, north_m = x0 + part * dx, y0 + part * dy
        total_m += length_m
    return east_m, north_m, min(along_m / total_m, 1.0) if total_m > 0.0 else 0.0
