"""Reach over the streets: seconds from each cell to each station, or back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stationgeo import cells
from stationgeo.errors import ParameterError
from stationgeo.reach._modes import M_S_PER_KM_H
from stationgeo.reach._search import Leaves, Starts, checked_cutoff, find_leaves
from stationgeo.reach._snap import SNAP_LIMIT_M, Snaps, snap
from stationgeo.reach._straight import named_points

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.reach._network import Network
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["TravelReach", "within_travel_time"]

# A planning assumption, that of the mode walk in modes.toml: the way between a point and the street is walked.
_OFF_STREET_KM_H = 4.5

# Candidate cells lie within cutoff x top speed; lengths of edges are rounded by less than this.
_SEARCH_SLACK = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelReach:
    """Reach over the streets, and where stations and cells meet them; made by `within_travel_time`."""

    table: pd.DataFrame
    """REACH with `impedance_s`, sorted by station and cell."""

    stations: Snaps
    """Where the stations meet the streets, sorted by id (`station_id` stands in front)."""

    cells: Snaps
    """Where the centres of all cells that could be reached meet them (`cell` stands in front)."""

    def _repr_html_(self) -> str:
        return (f"<b>Reach: {len(self.table):,} rows</b><br>stations: {self.stations._repr_html_()}"
                f"<br>cells: {self.cells._repr_html_()}")  # fmt: skip


def within_travel_time(
    stations: gpd.GeoDataFrame,
    network: Network,
    *,
    cutoff_s: float,
    resolution: int,
    direction: Literal["to_station", "from_station"] = "to_station",
    snap_limit_m: float = SNAP_LIMIT_M,
    off_street_km_h: float = _OFF_STREET_KM_H,
    workers: int | None = None,
) -> TravelReach:
    """Find the cells from whose centre one gets to each station over the streets within so many seconds.

    Parameters
    ----------
    stations
        Points in WGS-84 with a unique `station_id` or `candidate_id`; see `within_distance`.
    network
        The street graph of one mode.
    cutoff_s
        Largest impedance that counts as served, in seconds, inclusive; 0 or more.
    resolution
        H3 resolution of the cells, 0 to 15.
    direction
        ``to_station``, or ``from_station``: one-ways make them differ.
    snap_limit_m
        Stations and centres farther than this from every street have no reach; they are counted.
    off_street_km_h
        Speed between a point and the street.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    TravelReach
        The REACH table, and where stations and cells meet the streets.

    Raises
    ------
    ColumnError
        If there is no id column, or no geometry.
    DataError
        If an id repeats or is missing, or a geometry is missing or no point.
    DatumError
        If the geometry is not in WGS-84.
    ParameterError
        If a number is out of range, or there is no such direction or resolution.

    Notes
    -----
    impedance_s = off-street metres of centre and station / off-street speed + seconds over the streets between where
    they meet them, which may be in the midst of edges. A cell meets the streets at the point nearest to its centre,
    wherever demand lies. Nobody cuts across from centre to station without a street between.
    O(stations x nodes and cells within the cutoff), times a logarithm.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1028.7], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.055, 22.54)], crs="EPSG:4326")
    >>> reach = within_travel_time(table, build_network(edges, nodes, mode="ebike"), cutoff_s=90, resolution=10)
    >>> len(reach.table), float(reach.table["impedance_s"].min().round()), reach.stations.counts["not snapped"]
    (6, 44.0, 0)
    """
    cutoff = checked_cutoff(cutoff_s)
    _check(off_street_km_h, direction)
    names, lon, lat = named_points(stations)
    pace = off_street_km_h * M_S_PER_KM_H
    candidates = _candidates(lon, lat, cutoff * max(network.speed_m_s, pace), resolution)
    at = snap(lon, lat, network, limit_m=snap_limit_m)
    centres = snap(*cells.centres(candidates), network, limit_m=snap_limit_m)
    at.table.insert(0, "station_id", pd.Series(names, dtype="str"))
    centres.table.insert(0, "cell", candidates)
    towards = direction == "to_station"
    # Towards a station one searches from it against the arcs, so a station is left backwards and a cell forwards.
    starts = _starts(at.table, network, pace, against=towards)
    leaves = _leaves_of(centres.table, at.table, network, pace, towards=towards)
    got = find_leaves(network.arcs(towards=towards), starts, leaves, cutoff, workers=workers)
    table = pd.DataFrame({
        "station_id": pd.Series(np.repeat(names, np.diff(got.first)), dtype="str"),
        "cell": candidates[got.found],
        "impedance_s": got.seconds,
    })  # fmt: skip
    return TravelReach(table=table, stations=at, cells=centres)


def _check(off_street_km_h: float, direction: str) -> None:
    if not (math.isfinite(off_street_km_h) and off_street_km_h > 0):
        raise ParameterError(f"off_street_km_h must be a finite speed above 0. Got {off_street_km_h!r}.")
    if direction not in {"to_station", "from_station"}:
        raise ParameterError(f"direction must be 'to_station' or 'from_station'. Got {direction!r}.")


def _candidates(lon: FloatArray, lat: FloatArray, radius_m: float, resolution: int) -> CellArray:
    """List the cells that could be reached: the way is no shorter than the straight line."""
    return cells.within_any(lon, lat, radius_m=radius_m * (1 + _SEARCH_SLACK) + 1.0, resolution=resolution)


def _ways(
    table: pd.DataFrame, network: Network, pace: float, *, against: bool
) -> tuple[IntArray, IntArray, FloatArray]:
    """Say which nodes are next to points on edges, and how far: point, node, seconds."""
    point = np.flatnonzero(table["edge"].to_numpy() >= 0)
    edge, share = table["edge"].to_numpy()[point], table["share"].to_numpy()[point]
    off_s = table["off_street_m"].to_numpy()[point] / pace
    forward_s, backward_s = network.forward_s[edge], network.backward_s[edge]
    if against:
        forward_s, backward_s = backward_s, forward_s
    # At an end of the edge one is at its node, whichever way the edge may be used.
    zero = np.zeros(point.size)
    to_head = np.multiply(1.0 - share, forward_s, out=zero.copy(), where=share < 1.0) + off_s
    to_tail = np.multiply(share, backward_s, out=zero, where=share > 0.0) + off_s
    seconds = np.concatenate([to_tail, to_head])
    node = np.concatenate([network.tail[edge], network.head[edge]]).astype(np.int64)
    open_ = np.isfinite(seconds)
    return np.concatenate([point, point])[open_], node[open_], seconds[open_]


def _rows(key: IntArray, n: int) -> tuple[IntArray, IntArray]:
    """Order by key: where each key's rows begin, and the order."""
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n), out=first[1:])
    return first, np.argsort(key, kind="stable")


def _starts(table: pd.DataFrame, network: Network, pace: float, *, against: bool) -> Starts:
    point, node, seconds = _ways(table, network, pace, against=against)
    first, order = _rows(point, len(table))
    return Starts(first, node[order].astype(np.int32), seconds[order])


def _leaves_of(
    centres: pd.DataFrame, at: pd.DataFrame, network: Network, pace: float, *, towards: bool
) -> Leaves:  # fmt: skip
    point, node, seconds = _ways(centres, network, pace, against=not towards)
    first, order = _rows(node, network.n_nodes)
    source, leaf, direct_s = _along_one_edge(centres, at, network, pace, towards=towards)
    direct_first, direct_order = _rows(source, len(at))
    return Leaves(
        first, point[order].astype(np.int32), seconds[order],
        direct_first, leaf[direct_order].astype(np.int32), direct_s[direct_order], len(centres),
    )  # fmt: skip


def _along_one_edge(
    centres: pd.DataFrame, at: pd.DataFrame, network: Network, pace: float, *, towards: bool
) -> tuple[IntArray, IntArray, FloatArray]:
    """Time the ways between stations and cells of one edge, that pass no node."""
    sides = [
        pd.DataFrame({"edge": table["edge"], "row": np.arange(len(table)), "share": table["share"],
                      "off_m": table["off_street_m"]})[table["edge"] >= 0]
        for table in (at, centres)
    ]  # fmt: skip
    both = sides[0].merge(sides[1], on="edge", suffixes=("_at", "_cell"))
    edge = both["edge"].to_numpy(dtype=np.int64)
    ahead = (both["share_at"] - both["share_cell"]).to_numpy() * (1.0 if towards else -1.0)
    seconds = np.where(ahead >= 0.0, network.forward_s[edge], network.backward_s[edge])
    # A way of no length is open even on an edge that is closed that way.
    way_s = np.multiply(np.abs(ahead), seconds, out=np.zeros(edge.size), where=ahead != 0.0)
    total_s = way_s + (both["off_m_at"] + both["off_m_cell"]).to_numpy() / pace
    open_ = np.isfinite(total_s)
    return both["row_at"].to_numpy()[open_], both["row_cell"].to_numpy()[open_], total_s[open_]
