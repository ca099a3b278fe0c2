"""Where the street data ends: beyond it there may be streets and stations that nobody told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from stationgeo import cells, crs
from stationgeo.reach._checks import check_at_least_0
from stationgeo.reach._graph.network import check_network

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray

__all__ = ["near_border"]

# Cells 0.9 km apart: coarser than the blocks between streets, finer than what lies beyond a city.
_COVER_RESOLUTION = 8

# About 400 m: a long street without a bend touches every cell that it crosses.
_STEP_DEG = 0.004


def near_border(
    lon: npt.ArrayLike, lat: npt.ArrayLike, network: Network, *, within_m: float
) -> npt.NDArray[np.bool_]:  # fmt: skip
    """Say which points lie so close to where the street data ends that ways from beyond may be missing.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.
    network
        The street graph.
    within_m
        How close, in metres, inclusive; 0 or more. One cutoff times the speed is what a way can span.

    Returns
    -------
    ndarray of bool
        Per point. True also outside of the street data; all True where there is none.

    Raises
    ------
    DataError
        If a point is nan, infinite or out of range.
    ParameterError
        If the shapes differ, or `within_m` is not finite or below 0.

    Notes
    -----
    The data reaches as far as the cells of resolution 8 (0.9 km apart) that a street passes, with their
    holes filled: a lake within the city is no border, the sea is one. Metres in a plane at the middle latitude: a
    hundredth off a degree away from it. O(vertices + (points + border) log border).

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="walk")
    >>> near_border([114.0, 115.0], [22.5, 22.5], network, within_m=5).tolist()
    [False, True]
    """
    check_network(network)
    check_at_least_0("metres", within_m=within_m)
    x, y = cells.checked_lonlat(lon, lat)
    if not network.vertices.size:
        return np.ones(x.shape, dtype=np.bool_)
    east, north = _along(network)
    # Edges across the antimeridian go on beyond 180 degrees; cells do not.
    cell = cells.from_lonlat((east + 180.0) % 360.0 - 180.0, north, resolution=_COVER_RESOLUTION)
    cover = cells.dissolve(np.unique(cell))
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in cover.geoms])
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree(np.array((north.min() + north.max()) / 2.0)))
    ground = shapely.transform(filled, lambda at: at * (per_lon, per_lat))
    points = np.asarray(shapely.points(x * per_lon, y * per_lat), dtype=np.object_)
    shapely.prepare(ground)
    near: npt.NDArray[np.bool_] = ~np.asarray(shapely.contains(ground, points), dtype=np.bool_)
    inner = np.flatnonzero(~near)
    near[inner] = _distance_m(points[inner], ground) <= within_m
    return near


def _along(network: Network) -> tuple[FloatArray, FloatArray]:
    """Take the vertices of all edges, and points between those that are far apart."""
    line = np.repeat(np.arange(network.n_edges), np.diff(network.first_vertex))
    begin = np.flatnonzero(line[1:] == line[:-1])
    step = network.vertices[begin + 1] - network.vertices[begin]
    parts = np.maximum(np.ceil(np.abs(step).max(axis=1) / _STEP_DEG), 1.0).astype(np.int64)
    segment = np.repeat(np.arange(begin.size), parts)
    share = (np.arange(segment.size) - np.repeat(np.cumsum(parts) - parts, parts)) / parts[segment]
    between = network.vertices[begin][segment] + step[segment] * share[:, None]
    every = np.concatenate([network.vertices, between])
    return every[:, 0], every[:, 1]


def _distance_m(points: npt.NDArray[np.object_], ground: shapely.Geometry) -> FloatArray:
    lines = shapely.get_parts(shapely.boundary(ground))
    corners, ring = shapely.get_coordinates(lines, return_index=True)
    same = ring[1:] == ring[:-1]
    sides = shapely.linestrings(np.stack([corners[:-1][same], corners[1:][same]], axis=1))
    nearest = shapely.STRtree(np.asarray(sides, dtype=np.object_)).query_nearest(
        points, return_distance=True, all_matches=False
    )
    metres = np.empty(len(points))
    metres[nearest[0][0]] = nearest[1]
    return metres
