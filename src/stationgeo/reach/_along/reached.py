"""Streets within reach of stations: which part of which edge, cut where the time runs out, and shapes around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo.reach._along.pieces import cut_lines
from stationgeo.reach._arrays import begins_new, rows_at, rows_by, texts
from stationgeo.reach._checks import (
    OFF_STREET_KM_H,
    SNAP_LIMIT_M,
    Direction,
    check_above_0,
    check_bands,
    check_kind,
    check_travel,
)
from stationgeo.reach._graph.modes import M_S_PER_KM_H
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.access import snap_stations, station_points
from stationgeo.reach._search.bounded import find_nodes
from stationgeo.reach._search.join import starts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.network import Network
    from stationgeo.reach._meeting.snap import Snaps
    from stationgeo.reach._search.bounded import Found
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["ReachedStreets", "reached_streets", "street_isochrones"]

_BUFFER_M = 40.0  # what fronts on a street lies this near to its middle: half a wide street, a pavement and a building
_PER_QUARTER = 4  # corners of a quarter circle: within 2 % of a buffer's width


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedStreets:
    """Parts of streets within reach of stations; made by `reached_streets`."""

    table: gpd.GeoDataFrame
    """Key (`station_id`, `edge_id`, `from_share`), EPSG:4326: the part of an edge from `from_share` to `to_share` of
    its line, seconds `from_s` and `to_s` at both ends, running evenly between them; `band`, the first that holds it;
    `length_m`; `geometry`, a line. Parts do not overlap."""

    stations: Snaps
    """Where the access points of stations meet the streets; see `TravelReach`."""

    bands_s: tuple[float, ...]
    """The bands that were asked for."""

    def _repr_html_(self) -> str:
        km = self.table["length_m"].sum() / 1000.0
        return f"<b>Reached streets: {len(self.table):,} parts, {km:,.1f} km</b><br>{self.stations._repr_html_()}"


class _Sides(NamedTuple):
    """Stretches of edges with the seconds at which one is at their lower and their upper end."""

    station: IntArray
    edge: IntArray
    low: FloatArray
    high: FloatArray
    low_s: FloatArray
    high_s: FloatArray


class _Doors(NamedTuple):
    """Where stations meet the streets, in order of station, edge and share, and the seconds there."""

    station: IntArray
    edge: IntArray
    share: FloatArray
    seconds: FloatArray


class _Parts(NamedTuple):
    """Parts of edges with the seconds at both ends, and the band (by its place) that holds them."""

    station: IntArray
    edge: IntArray
    from_share: FloatArray
    to_share: FloatArray
    from_s: FloatArray
    to_s: FloatArray
    band: IntArray


def reached_streets(
    stations: gpd.GeoDataFrame,
    network: Network,
    *,
    bands_s: Sequence[float],
    direction: Direction = "to_station",
    access: gpd.GeoDataFrame | None = None,
    snap_limit_m: float = SNAP_LIMIT_M,
    off_street_km_h: float = OFF_STREET_KM_H,
    workers: int | None = None,
) -> ReachedStreets:
    """Find the parts of streets from which one gets to each station within some seconds, or to which one gets from it.

    Parameters
    ----------
    stations
        Points in WGS-84 with a unique `station_id` or `candidate_id`; see `within_distance`.
    network
        The street graph of one mode.
    bands_s
        Largest seconds, inclusive: ``[60, 120, 180]``; above 0, ascending.
    direction
        ``to_station``, or ``from_station``: one-ways make them differ.
    access
        Points at which stations are met; see `within_travel_time`.
    snap_limit_m
        Access points farther than this from every street are not met; they are counted.
    off_street_km_h
        Speed between an access point and the street.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    ReachedStreets
        The parts, in order of station, edge and share, and where stations meet the streets.

    Raises
    ------
    ColumnError
        If there is no id column, or no geometry.
    DataError
        If an id repeats or is missing, a geometry is missing or no point, or `access` names a station that is not
        there.
    DatumError
        If the geometry is not in WGS-84.
    ParameterError
        If a number is out of range, or there is no such direction.

    Notes
    -----
    A place at share x of an edge is reached past its first vertex, past its last, or, on the edge where the station
    meets the streets, past neither:
    t(x) = min(t(0) + up x, t(1) + down (1 - x), t(station) + seconds along the edge),
    with up and down the seconds along and against the line (the other way round towards a station), infinite where
    closed; of several doors the nearest counts. Each edge is cut where its two ways meet and where t is one of the
    bands, so that seconds run evenly along each part. The walk between station and street counts; nobody walks on from
    the street, unlike to cells.
    Edges on which no way may begin or end (ferries, motorways) are passed, and are not among what is reached. A single
    point reached at the very last second is no part.
    O((n + m) log m) for each station, n and m the nodes and arcs within the last band, and the vertices of the answer.

    Examples
    --------
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1000.0], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.055, 22.54)], crs="EPSG:4326")
    >>> reached = reached_streets(table, build_network(edges, nodes, mode="ebike"), bands_s=[60])
    >>> reached.table[["from_share", "to_share", "from_s", "to_s"]].round(3).to_numpy().tolist()
    [[0.25, 0.5, 60.0, 0.0], [0.5, 0.75, 0.0, 60.0]]
    """
    check_network(network)
    limits = check_bands("bands_s", bands_s)
    check_travel(off_street_km_h, direction, snap_limit_m)
    points = station_points([stations], access)
    pace = off_street_km_h * M_S_PER_KM_H
    at = snap_stations(points, network, limit_m=snap_limit_m, workers=workers)
    towards = direction == "to_station"
    starts = starts_of(at.table, points.station, points.names.size, network, pace, towards=towards)
    got = find_nodes(network.arcs(towards=towards), starts, limits[-1], workers=workers)
    up_s, down_s = (network.backward_s, network.forward_s) if towards else (network.forward_s, network.backward_s)
    doors = _doors(at.table, points.station, up_s, down_s, pace)
    sides = _at_doors(_sides(got, network), doors, up_s, down_s, limits[-1])
    parts = _parts(sides, up_s, down_s, limits)
    return ReachedStreets(table=_table(parts, points.names, network, limits), stations=at, bands_s=tuple(limits))


def street_isochrones(
    reached: ReachedStreets, *, buffer_m: float = _BUFFER_M, together: bool = False
) -> gpd.GeoDataFrame:
    """Draw how far stations reach over the streets, as shapes around what is reached.

    Parameters
    ----------
    reached
        Of `reached_streets`.
    buffer_m
        How far the shapes reach beside the streets, in metres; above 0. The default, 40 m, takes in what fronts on a
        street, and leaves the inside of large blocks open.
    together
        Whether to draw all stations as one, instead of each by itself.

    Returns
    -------
    GeoDataFrame
        Key (`station_id`, `band`), EPSG:4326: `length_m` of streets within the band, `geometry`, a MultiPolygon with
        its holes, nearer bands included. `station_id` is '' where all are drawn together, and streets that several
        stations reach then count once. A band in which a station reaches nothing has no row.

    Raises
    ------
    ParameterError
        If `buffer_m` is no finite number above 0.

    Notes
    -----
    All points within `buffer_m` of a part of a street that is reached, in a plane scaled in the middle of the station's
    streets; round corners have four vertices a quarter, which lie within 2 % of the width. Every shape is the union
    with that of the band before, so that bands nest. O(vertices log vertices) for each band.

    Examples
    --------
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1000.0], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.055, 22.54)], crs="EPSG:4326")
    >>> reached = reached_streets(table, build_network(edges, nodes, mode="ebike"), bands_s=[60, 90])
    >>> street_isochrones(reached)[["station_id", "band", "length_m"]].round(1).to_numpy().tolist()
    [['a', 60.0, 500.0], ['a', 90.0, 750.0]]
    """
    check_kind("reached", reached, ReachedStreets, "what reached_streets returns")
    check_above_0("metres", buffer_m=buffer_m)
    table = _together(reached.table) if together else reached.table
    rows = []
    for name, one in table.groupby("station_id", sort=True):
        band = one["band"].to_numpy()
        shapes = _grown(one.geometry.to_numpy(), band, reached.bands_s, buffer_m)
        for limit, shape in zip(reached.bands_s, shapes, strict=True):
            if not shapely.is_empty(shape):
                rows.append((str(name), limit, _street_m(one[band <= limit]), shape))
    found = pd.DataFrame(rows, columns=["station_id", "band", "length_m", "geometry"])
    kinds = {"station_id": "str", "band": "float64", "length_m": "float64"}
    return gpd.GeoDataFrame(found.astype(kinds), geometry="geometry", crs=crs.WGS84)


def _sides(got: Found, network: Network) -> _Sides:
    """Pair each station with the edges that end in a node that it found, and the seconds there."""
    station = np.repeat(np.arange(got.first.size - 1), np.diff(got.first))
    low_row, low_edge = _edges_at(network.tail, got.found, network.n_nodes)
    high_row, high_edge = _edges_at(network.head, got.found, network.n_nodes)
    key = np.concatenate([station[low_row] * network.n_edges + low_edge,
                          station[high_row] * network.n_edges + high_edge])  # fmt: skip
    pairs, place = np.unique(key, return_inverse=True)
    low_s, high_s = np.full(pairs.size, math.inf), np.full(pairs.size, math.inf)
    low_s[place[: low_row.size]] = got.seconds[low_row]
    high_s[place[low_row.size :]] = got.seconds[high_row]
    edges = max(network.n_edges, 1)
    return _Sides(pairs // edges, pairs % edges, np.zeros(pairs.size), np.ones(pairs.size), low_s, high_s)


def _edges_at(end: NodeArray, nodes: NodeArray, n_nodes: int) -> tuple[IntArray, IntArray]:
    """List the edges whose end is each of the nodes: the place in `nodes`, and the edge."""
    first, order = rows_by(end, n_nodes)
    place, row = rows_at(first, nodes)
    return place, order[row]


def _doors(at: pd.DataFrame, source: IntArray, up_s: FloatArray, down_s: FloatArray, pace: float) -> _Doors:
    """List where stations meet the streets, with the seconds by the nearest of the doors that one edge has."""
    row = np.flatnonzero(at["edge"].to_numpy() >= 0)
    edge, share = at["edge"].to_numpy(dtype=np.int64)[row], at["share"].to_numpy()[row]
    order = np.lexsort((share, edge, source[row]))
    row, edge, share = row[order], edge[order], share[order]
    own_s = at["off_street_m"].to_numpy()[row] / pace
    table = pd.DataFrame({"station": source[row], "edge": edge, "door": np.arange(row.size)})
    pairs = table.merge(table, on=["station", "edge"], suffixes=("", "_by"))
    door, by = pairs["door"].to_numpy(), pairs["door_by"].to_numpy()
    least_s = own_s.copy()
    np.minimum.at(least_s, door, own_s[by] + _ridden(share[by], share[door], up_s[edge[by]], down_s[edge[by]]))
    return _Doors(source[row], edge, share, least_s)


def _ridden(from_share: FloatArray, to_share: FloatArray, up_s: FloatArray, down_s: FloatArray) -> FloatArray:
    """Time ways along edges; one of no length is open even where the edge is closed."""
    ahead = to_share - from_share
    way_s = np.where(ahead > 0.0, up_s, down_s)
    return np.asarray(np.multiply(np.abs(ahead), way_s, out=np.zeros(ahead.size), where=ahead != 0.0))


def _at_doors(sides: _Sides, doors: _Doors, up_s: FloatArray, down_s: FloatArray, cutoff_s: float) -> _Sides:
    """Part the edges on which stations meet the streets at those very places."""
    n_edges = up_s.size
    key, own_key = (side.station * n_edges + side.edge for side in (sides, doors))
    low_s, high_s = np.full(own_key.size, math.inf), np.full(own_key.size, math.inf)
    place = np.searchsorted(key, own_key)
    there = np.flatnonzero(place < key.size)
    there = there[key[place[there]] == own_key[there]]
    low_s[there], high_s[there] = sides.low_s[place[there]], sides.high_s[place[there]]
    zeros, ones = np.zeros(own_key.size), np.ones(own_key.size)
    up, down = up_s[doors.edge], down_s[doors.edge]
    # A door on another edge may be the nearer one.
    past_s = np.minimum(low_s + _ridden(zeros, doors.share, up, down), high_s + _ridden(ones, doors.share, up, down))
    door_s = np.minimum(doors.seconds, past_s)
    door_s = np.where(door_s <= cutoff_s, door_s, math.inf)
    first = begins_new(own_key)
    last = np.append(first[1:], True)[: first.size]
    before, before_s = np.roll(doors.share, 1), np.roll(door_s, 1)
    others = ~np.isin(key, own_key)
    whole = _Sides._make(array[others] for array in sides)
    lower = _Sides(doors.station, doors.edge, np.where(first, 0.0, before), doors.share,
                   np.where(first, low_s, before_s), door_s)  # fmt: skip
    upper = _Sides(doors.station[last], doors.edge[last], doors.share[last], ones[last], door_s[last], high_s[last])
    return _Sides._make(np.concatenate(arrays) for arrays in zip(whole, lower, upper, strict=True))


def _parts(sides: _Sides, up_s: FloatArray, down_s: FloatArray, limits: list[float]) -> _Parts:
    """Cut stretches where the ways from both ends meet, and where the seconds of the bands run out."""
    up, down = up_s[sides.edge], down_s[sides.edge]
    meet = _meeting(sides, up, down)
    found = []
    for begin, end, begin_s, end_s, row, band in _runs(sides.low, meet, sides.low_s, up, limits):
        found.append((sides.station[row], sides.edge[row], begin, end, begin_s, end_s, band))
    for begin, end, begin_s, end_s, row, band in _runs(sides.high, meet, sides.high_s, down, limits):
        found.append((sides.station[row], sides.edge[row], end, begin, end_s, begin_s, band))
    parts = _Parts._make(np.concatenate(arrays) for arrays in zip(*found, strict=True))
    kept = np.flatnonzero(parts.to_share > parts.from_share)
    order = kept[np.lexsort((parts.from_share[kept], parts.edge[kept], parts.station[kept]))]
    return _Parts._make(array[order] for array in parts)


def _meeting(sides: _Sides, up: FloatArray, down: FloatArray) -> FloatArray:
    """Find the share up to which the way past the lower end is the shorter one."""
    from_low = np.isfinite(sides.low_s) & np.isfinite(up)
    from_high = np.isfinite(sides.high_s) & np.isfinite(down)
    both = from_low & from_high & (up + down > 0.0)
    meet = np.where(from_low & ~(from_high & (sides.high_s < sides.low_s)), sides.high, sides.low)
    ahead_s = sides.high_s[both] - sides.low_s[both] + down[both] * (sides.high[both] - sides.low[both])
    meet[both] = sides.low[both] + ahead_s / (up[both] + down[both])
    return np.clip(meet, sides.low, sides.high)


def _runs(
    start: FloatArray, meet: FloatArray, start_s: FloatArray, pace_s: FloatArray, limits: list[float]
) -> list[tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray, IntArray]]:
    """Cut runs from `start` to `meet` at the bands: shares and seconds of both ends, row, and place of the band."""
    rows = np.flatnonzero((meet != start) & np.isfinite(start_s) & np.isfinite(pace_s))
    start, meet, start_s, pace_s = start[rows], meet[rows], start_s[rows], pace_s[rows]
    end_s = start_s + np.abs(meet - start) * pace_s
    begin, begin_s, found = start, start_s, []
    for band, limit in enumerate(limits):
        # Where no time passes none runs out on the way: all of the run is in reach, or nothing is.
        left = np.divide(limit - start_s, pace_s, out=np.zeros(rows.size), where=(pace_s > 0.0) & (start_s < limit))
        whole = (end_s <= limit) | (left >= np.abs(meet - start))
        end = np.where(whole, meet, start + np.copysign(left, meet - start))
        until_s = np.where(whole, np.minimum(end_s, limit), limit)
        some = (end != begin) & (start_s <= limit)
        found.append((begin[some], end[some], begin_s[some], until_s[some], rows[some],
                      np.full(int(some.sum()), band, dtype=np.int64)))  # fmt: skip
        begin, begin_s = np.where(some, end, begin), np.where(some, until_s, begin_s)
    return found


def _table(parts: _Parts, names: npt.NDArray[np.object_], network: Network, limits: list[float]) -> gpd.GeoDataFrame:
    stays = network.may_snap[parts.edge]
    parts = _Parts._make(array[stays] for array in parts)
    columns = {
        "station_id": texts(names, parts.station),
        "edge_id": network.edge_id[parts.edge],
        "from_share": parts.from_share, "to_share": parts.to_share,
        "from_s": parts.from_s, "to_s": parts.to_s,
        "band": np.asarray(limits)[parts.band],
        "length_m": (parts.to_share - parts.from_share) * network.length_m[parts.edge],
    }  # fmt: skip
    lines = cut_lines(parts.edge, parts.from_share, parts.to_share, network.first_vertex, network.vertices)
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=lines, crs=crs.WGS84)


def _together(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take all stations as one; of parts that several reach alike, the one in the nearest band."""
    rows = table.sort_values("band", kind="stable").drop_duplicates(["edge_id", "from_share", "to_share"])
    return rows.assign(station_id="")


def _street_m(parts: pd.DataFrame) -> float:
    """Add up the lengths of parts of edges; where several overlap, what they share counts once."""
    table = pd.DataFrame(parts).sort_values(["edge_id", "from_share"], kind="stable")
    begin, end = table["from_share"].to_numpy(), table["to_share"].to_numpy()
    # Shares are at most 1, so that the furthest end so far never reaches into the next edge.
    shift = 2.0 * np.unique(table["edge_id"].to_numpy(), return_inverse=True)[1]
    furthest = np.maximum.accumulate(np.concatenate([[-1.0], end + shift]))[:-1] - shift
    new = np.maximum(end - np.maximum(begin, furthest), 0.0)
    return float((table["length_m"].to_numpy() * new / (end - begin)).sum())


def _grown(
    lines: npt.NDArray[np.object_], band: FloatArray, limits: tuple[float, ...], buffer_m: float
) -> list[shapely.Geometry]:
    """Draw the shape of each band around its lines, with those of the nearer ones."""
    if not lines.size:
        return [shapely.MultiPolygon()] * len(limits)
    west, south, east, north = shapely.total_bounds(lines)
    scale = np.array([float(per_degree) for per_degree in crs.metres_per_degree((south + north) / 2.0)])
    middle = np.array([(west + east) / 2.0, (south + north) / 2.0])
    flat = shapely.transform(lines, lambda points: (points - middle) * scale)
    shapes: list[shapely.Geometry] = []
    area: shapely.Geometry = shapely.MultiPolygon()
    for limit, before in zip(limits, (-math.inf, *limits), strict=False):
        new = flat[(band <= limit) & (band > before)]
        if new.size:
            # Line by line, and then as one: to buffer them together takes 25 times as long.
            around = shapely.buffer(new, buffer_m, quad_segs=_PER_QUARTER)
            area = shapely.union(area, shapely.union_all(around))
        shapes.append(_valid(shapely.transform(area, lambda points: points / scale + middle)))
    return shapes


def _valid(shape: shapely.Geometry) -> shapely.MultiPolygon:
    """Return valid polygons: rounding to degrees may let vertices a hair apart change places."""
    sound = shape if shapely.is_valid(shape) else shapely.make_valid(shape, method="structure", keep_collapsed=False)
    return shapely.MultiPolygon(list(shapely.get_parts(sound)))
