"""Points to the streets: each meets them at the nearest point of an edge, not at the nearest node."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo._compile import kernel
from stationgeo.cells import checked_lonlat
from stationgeo.errors import ParameterError, suggest

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._network import Network
    from stationgeo.schema import FloatArray, IntArray

    Places = tuple[IntArray, FloatArray, FloatArray, FloatArray, FloatArray]

__all__ = ["SNAP_LIMIT_M", "Snaps", "counted", "snap"]

SNAP_LIMIT_M = 300.0
"""Farther than this off the street a point does not meet it, unless another limit is given."""

_FAR_M = 100.0  # about a block's half: a snap over more than this may cross a wall or water, so it is counted
_MIN_COMPONENT_NODES = 50  # fewer nodes than this are an island: a yard, a mapping error, not a city

# Most points are this close to a street; only the others are held against all edges within the limit.
_CLOSE_M = 60.0

# The box that finds edges is wider than the limit by this share, so that rounding loses none; the distance decides.
_BOX_SLACK = 1e-6


_COUNTED = ("points", "not snapped", "far", "on an island", "past a nearer island")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snaps:
    """Where points meet the streets; made by `snap`."""

    table: pd.DataFrame
    """A row for each point: `edge` (row in the network, -1 where not snapped), `edge_id`, `share` of the edge from its
    first vertex, `lon`, `lat` of the place, `off_street_m` from the point to it, `component_nodes` of its weak
    component, `island` (fewer nodes than `min_component_nodes`), `past_island` (an island was nearer), and `point_lon`,
    `point_lat` of the point itself."""

    limit_m: float
    """Farther off the street a point is not snapped."""

    far_m: float
    """Farther off the street than this counts as far."""

    min_component_nodes: int
    """Components of fewer nodes are islands, taken only where nothing else is within the limit."""

    counts: dict[str, int]
    """Points: all, not snapped, far, on an island, and past a nearer island."""

    def listed(self, what: str) -> pd.DataFrame:
        """List the points of one of the `counts`, as rows of `table`: ``listed("not snapped")``."""
        return self.table[_told(self.table, self.far_m, what)].reset_index(drop=True)

    def _repr_html_(self) -> str:
        return ", ".join(f"{what}: {number:,}" for what, number in self.counts.items())


def snap(
    lon: npt.ArrayLike, lat: npt.ArrayLike, network: Network, *, limit_m: float = SNAP_LIMIT_M,
    far_m: float = _FAR_M, min_component_nodes: int = _MIN_COMPONENT_NODES,
) -> Snaps:  # fmt: skip
    """Find where points meet the streets: at the nearest point of an edge that the mode may use.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.
    network
        The street graph.
    limit_m
        A point farther than this from every edge is not snapped, in metres, inclusive.
    far_m
        Snaps over more metres are counted.
    min_component_nodes
        Components of fewer nodes are islands: an edge of a larger one goes before them, if one is within the limit.

    Returns
    -------
    Snaps
        A row for each point, in their order, and the counts.

    Raises
    ------
    DataError
        If a point is nan, infinite or out of range.
    ParameterError
        If the shapes differ, or a number of metres is not finite or below 0.

    Notes
    -----
    Metres in the plane that touches the ellipsoid at the point, between vertices along straight lines of longitude and
    latitude; over 300 m that is right to a centimetre. Of edges equally near, the first counts. No point meets a ferry
    or a motorway. The components are weak: whether one gets there and back is for the search to find.
    O((edges + points) log edges + vertices of the edges near each point).

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> snaps = snap([114.00025, 115.0], [22.5001, 22.5], build_network(edges, nodes, mode="walk"))
    >>> snaps.table[["edge_id", "share", "off_street_m"]].round(2).to_numpy().tolist()
    [[0.0, 0.25, 11.07], [-1.0, nan, nan]]
    >>> snaps.counts
    {'points': 2, 'not snapped': 1, 'far': 0, 'on an island': 1, 'past a nearer island': 0}
    """
    for name, metres in (("limit_m", limit_m), ("far_m", far_m)):
        if not (math.isfinite(metres) and metres >= 0):
            raise ParameterError(f"{name} must be a finite number of metres, 0 or more. Got {metres!r}.")
    x, y = checked_lonlat(lon, lat)
    component_nodes = network.weak_nodes[network.weak[network.tail]]
    large, small = _meet(x, y, network, component_nodes < min_component_nodes, limit_m)
    lost = large[0] < 0
    past = ~lost & (small[0] >= 0) & (small[1] < large[1])
    row, off_m, share, place_lon, place_lat = (np.where(lost, b, a) for a, b in zip(large, small, strict=True))
    snapped = row >= 0
    nodes = np.where(snapped, component_nodes[row] if component_nodes.size else 0, 0)
    table = pd.DataFrame({
        "edge": row,
        "edge_id": np.where(snapped, network.edge_id[row] if network.n_edges else -1, -1),
        "share": share, "lon": place_lon, "lat": place_lat, "off_street_m": off_m,
        "component_nodes": nodes, "island": snapped & (nodes < min_component_nodes),
        "past_island": past, "point_lon": x, "point_lat": y,
    })  # fmt: skip
    return counted(table, limit_m=limit_m, far_m=far_m, min_component_nodes=min_component_nodes)


def counted(table: pd.DataFrame, *, limit_m: float, far_m: float, min_component_nodes: int) -> Snaps:
    """Count what befell the points of a table."""
    counts = {what: int(_told(table, far_m, what).sum()) for what in _COUNTED}
    return Snaps(table=table, limit_m=limit_m, far_m=far_m, min_component_nodes=min_component_nodes, counts=counts)


def _told(table: pd.DataFrame, far_m: float, what: str) -> npt.NDArray[np.bool_]:
    """Say which points a count is of."""
    if what not in _COUNTED:
        raise ParameterError(f"what must be one of the counts. Got {what!r}; {suggest(str(what), _COUNTED)}")
    flags = {
        "points": np.ones(len(table), dtype=np.bool_),
        "not snapped": table["edge"].to_numpy() < 0,
        "far": table["off_street_m"].to_numpy() > far_m,
        "on an island": table["island"].to_numpy(),
        "past a nearer island": table["past_island"].to_numpy(),
    }
    return flags[what]


def _meet(
    x: FloatArray, y: FloatArray, network: Network, island: npt.NDArray[np.bool_], limit_m: float
) -> tuple[Places, Places]:
    """Find the nearest place on large components, and that on islands: close by first, then up to the limit."""
    rows = np.flatnonzero(network.may_snap)
    number = np.repeat(np.arange(network.n_edges), np.diff(network.first_vertex))
    lines = np.asarray(shapely.linestrings(network.vertices, indices=number), dtype=object) if rows.size else number
    tree = shapely.STRtree(lines[rows])
    per_lon, per_lat = crs.metres_per_degree(y)
    large, small = _no_places(x.size), _no_places(x.size)
    left = np.arange(x.size)
    for radius_m in (min(_CLOSE_M, limit_m), limit_m):
        at = x[left], y[left], per_lon[left], per_lat[left]
        wide, high = (radius_m * (1 + _BOX_SLACK) / per_degree for per_degree in at[2:])
        near = tree.query(shapely.box(at[0] - wide, at[1] - high, at[0] + wide, at[1] + high))
        point, edge = near[0].astype(np.int64), rows[near[1]].astype(np.int64)
        for places, which in ((large, ~island[edge]), (small, island[edge])):
            got = _nearest(point[which], edge[which], *at, network.first_vertex, network.vertices, radius_m)
            for into, values in zip(places, got, strict=True):
                into[left] = values
        left = np.flatnonzero(large[0] < 0)
    return large, small


def _no_places(n: int) -> Places:
    nothing = np.full((4, n), math.nan)
    return np.full(n, -1, dtype=np.int64), nothing[0], nothing[1], nothing[2], nothing[3]


@kernel
def _nearest(
    point: IntArray, edge: IntArray, x: FloatArray, y: FloatArray, per_lon: FloatArray, per_lat: FloatArray,
    first_vertex: IntArray, vertices: FloatArray, limit_m: float,
) -> Places:  # fmt: skip
    """Find the nearest place of all edges paired with each point: edge or -1, metres, share of the edge, lon, lat."""
    row = np.full(x.size, -1, dtype=np.int64)
    share, off_m = np.full(x.size, math.nan), np.full(x.size, math.nan)
    lon, lat = np.full(x.size, math.nan), np.full(x.size, math.nan)
    for pair in range(point.size):
        at = point[pair]
        nearest_m, along_m, total_m, place_x, place_y = math.inf, 0.0, 0.0, 0.0, 0.0
        first, last = first_vertex[edge[pair]], first_vertex[edge[pair] + 1]
        for vertex in range(first, last - 1):
            x0, y0 = (vertices[vertex, 0] - x[at]) * per_lon[at], (vertices[vertex, 1] - y[at]) * per_lat[at]
            dx = (vertices[vertex + 1, 0] - vertices[vertex, 0]) * per_lon[at]
            dy = (vertices[vertex + 1, 1] - vertices[vertex, 1]) * per_lat[at]
            length2 = dx * dx + dy * dy
            part = min(max(-(x0 * dx + y0 * dy) / length2, 0.0), 1.0) if length2 > 0.0 else 0.0
            metres, length_m = math.hypot(x0 + part * dx, y0 + part * dy), math.sqrt(length2)
            if metres < nearest_m:
                nearest_m, along_m = metres, total_m + part * length_m
                place_x, place_y = x0 + part * dx, y0 + part * dy
            total_m += length_m
        nearer = row[at] < 0 or nearest_m < off_m[at] or (nearest_m == off_m[at] and edge[pair] < row[at])
        if nearest_m <= limit_m and nearer:
            row[at], off_m[at] = edge[pair], nearest_m
            lon[at], lat[at] = x[at] + place_x / per_lon[at], y[at] + place_y / per_lat[at]
            share[at] = min(along_m / total_m, 1.0) if total_m > 0.0 else 0.0
    return row, off_m, share, lon, lat
