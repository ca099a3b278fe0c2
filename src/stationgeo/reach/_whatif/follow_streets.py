"""What if streets were closed, or opened again: only stations that the change can touch are searched again."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stationgeo import crs
from stationgeo.errors import ParameterError, first_few
from stationgeo.reach._graph.fingerprint import network_fingerprint
from stationgeo.reach._graph.grid import TURNS_DEG
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.snap import Snaps, counted, snap
from stationgeo.reach._search.bounded import Starts, find_nodes
from stationgeo.reach._search.join import ways
from stationgeo.reach._travel.within import TravelReach, reach_table, search_cells
from stationgeo.reach._whatif.block import vertices_of
from stationgeo.reach._whatif.splice import candidates, check_fits, own_cells, sources, spliced

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.reach._arrays import FlagArray, NodeArray
    from stationgeo.reach._graph.network import Network
    from stationgeo.reach._travel.within import TravelTerms
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["follow_streets"]

# The way from a station to a street is added up in the other order here: sums may differ by their rounding.
_ROUNDING_SHARE, _ROUNDING_S = 1e-9, 1e-6

# Boxes are wider than the limit by this share, so that rounding loses nothing.
_BOX_SLACK = 1e-6

# What is the same in networks of the same streets, however many of them are blocked.
_STREETS = ("edge_id", "tail", "head", "first_vertex", "vertices", "node_id")


def follow_streets(
    travel: TravelReach, before: Network, after: Network, *, workers: int | None = None
) -> TravelReach:  # fmt: skip
    """Bring reach up to date when streets are blocked or opened, searching again only where that can be felt.

    Parameters
    ----------
    travel
        A reach, as `within_travel_time`, `change_stations` or this function returned it.
    before
        The street graph that it was made with.
    after
        The same streets, of which others are blocked: see `block_streets`. To open streets again, the graph from before
        they were blocked.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    TravelReach
        What `within_travel_time` would return with `after`, to the last bit.

    Raises
    ------
    DataError
        If `travel` lacks rows.
    ParameterError
        If `travel` was not made with `before`, or `after` is of other streets.

    Notes
    -----
    A search that rides along a street that changed comes to one of its ends before, over streets that are the same in
    both graphs; one that finds a cell which is met elsewhere now comes to the nodes next to it, or starts on its edge.
    So one search back from all these ends and nodes, within the cutoff, finds every station that can be touched.
    A point may meet another street only if a street within its limit was blocked, opened, or became (part of) an island
    or no longer is: these are snapped again. Edges are no shorter than their lines, but for 1 %, as everywhere here.
    O(rows + points + edges), and the searches from the stations that can be touched.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import block_streets, build_network, within_travel_time
    >>> nodes = pd.DataFrame({"node_id": [7, 8, 9], "lon": [114.05, 114.055, 114.06], "lat": [22.54] * 3})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0, 1], "from_node": [7, 8], "to_node": [8, 9], "length_m": 514.35, "highway": "residential"},
    ...     geometry=[shapely.LineString([(x, 22.54), (x + 0.005, 22.54)]) for x in (114.05, 114.055)],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="ebike")
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.053, 22.54)], crs="EPSG:4326")
    >>> reach = within_travel_time(table, network, cutoff_s=120, resolution=10)
    >>> follow_streets(reach, network, block_streets(network, edge_id=[1])).n_cells - reach.n_cells
    array([-2])
    """
    check_fits(travel, before, name="before")
    check_network(after, "after")
    _check_streets(before, after)
    changed = (before.forward_s != after.forward_s) | (before.backward_s != after.backward_s)
    doubtful = _doubtful_edges(before, after, travel.stations.min_component_nodes)
    at, moved = _met_again(travel.stations, after, doubtful, workers)
    centres, moved_cells = _met_again(travel.cells, after, doubtful, workers)
    names, source = sources(at.table)
    cells_now = moved_cells | _on(changed, centres.table)
    starts, shared = _seeds(travel, centres.table[cells_now], travel.cells.table[cells_now], before, after, changed)
    felt = moved | _on(changed | shared, at.table) | _comes_to(starts, at.table, before, travel.terms)
    touched = np.bincount(source[felt], minlength=names.size) > 0
    which = touched[source]
    number = np.cumsum(touched) - 1
    again = at.table[which].reset_index(drop=True)
    near = candidates(travel, after, again["point_lon"].to_numpy(), again["point_lat"].to_numpy())
    found = search_cells(
        again, number[source[which]], int(touched.sum()), own_cells(centres.table, near), after, travel.terms,
        workers=workers,
    )  # fmt: skip
    every, rows = spliced(travel, ~touched, names[touched], found)
    terms = dataclasses.replace(travel.terms, network=network_fingerprint(after))
    return TravelReach(table=reach_table(every, rows), stations=at, cells=centres, n_cells=rows.n_cells, terms=terms)


def _check_streets(before: Network, after: Network) -> None:
    other = [name for name in ("mode", "speed_m_s") if getattr(before, name) != getattr(after, name)]
    other += [name for name in _STREETS if not _same(getattr(before, name), getattr(after, name))]
    if other:
        raise ParameterError(
            f"after must be of the streets of before, some blocked or opened. They differ in {first_few(other)}: "
            "search anew with within_travel_time."
        )


def _same(one: npt.NDArray[np.generic], other: npt.NDArray[np.generic]) -> bool:
    return one is other or np.array_equal(one, other)


def _doubtful_edges(before: Network, after: Network, min_component_nodes: int) -> FlagArray:
    """Find edges that points may meet now and could not before, or the other way round, or only as an island."""
    was, is_ = (network.weak_nodes[network.weak[network.tail]] < min_component_nodes for network in (before, after))
    doubtful: FlagArray = (before.may_snap != after.may_snap) | (after.may_snap & (was != is_))
    return doubtful


def _met_again(snaps: Snaps, after: Network, doubtful: FlagArray, workers: int | None) -> tuple[Snaps, FlagArray]:
    """Snap points near doubtful edges again; tells which meet the streets elsewhere."""
    table = snaps.table.copy()
    rows = _near(table, after, doubtful, snaps.limit_m)
    again = snap(
        table["point_lon"].to_numpy()[rows], table["point_lat"].to_numpy()[rows], after, limit_m=snaps.limit_m,
        far_m=snaps.far_m, min_component_nodes=snaps.min_component_nodes, workers=workers,
    ).table  # fmt: skip
    elsewhere = np.zeros(rows.size, dtype=np.bool_)
    for name in ("edge", "share", "off_street_m"):
        was, is_ = table[name].to_numpy()[rows], again[name].to_numpy()
        elsewhere |= (was != is_) & ~(np.isnan(was) & np.isnan(is_))
    moved = np.zeros(len(table), dtype=np.bool_)
    moved[rows] = elsewhere
    for name in again.columns:
        values = table[name].to_numpy(copy=True)
        values[rows] = again[name]
        table[name] = values
    edge = table["edge"].to_numpy()
    nodes = np.where(edge >= 0, after.weak_nodes[after.weak[after.tail[edge]]] if after.n_edges else 0, 0)
    table["component_nodes"] = nodes
    table["island"] = (edge >= 0) & (nodes < snaps.min_component_nodes)
    now = counted(table, limit_m=snaps.limit_m, far_m=snaps.far_m, min_component_nodes=snaps.min_component_nodes)
    return now, moved


def _near(table: pd.DataFrame, network: Network, edges: FlagArray, limit_m: float) -> IntArray:
    """List the points of which an edge may be within the limit: by boxes."""
    rows = np.flatnonzero(edges)
    if not (rows.size and len(table)):
        return np.empty(0, dtype=np.int64)
    vertices, number = vertices_of(network, rows)
    begin = np.searchsorted(number, np.arange(rows.size))
    low, high = (bound.reduceat(vertices, begin, axis=0) for bound in (np.minimum, np.maximum))
    lon, lat = table["point_lon"].to_numpy(), table["point_lat"].to_numpy()
    wide, tall = (limit_m * (1 + _BOX_SLACK) / per_degree for per_degree in crs.metres_per_degree(lat))
    tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))
    in_row = _covered(lat, low[:, 1] - tall.max(), high[:, 1] + tall.max())
    near = []
    # Beside the antimeridian the streets of the other side are near too.
    for turn in TURNS_DEG:
        which = np.flatnonzero(in_row & _covered(lon + turn, low[:, 0] - wide.max(), high[:, 0] + wide.max()))
        x, y, w, h = lon[which] + turn, lat[which], wide[which], tall[which]
        point, _ = tree.query(shapely.box(x - w, y - h, x + w, y + h))
        near.append(which[point])
    return np.unique(np.concatenate(near))


def _covered(values: FloatArray, low: FloatArray, high: FloatArray) -> FlagArray:
    """Say which values lie in one of these intervals: in one that has begun and has not ended."""
    begun = np.searchsorted(np.sort(low), values, side="right")
    covered: FlagArray = begun > np.searchsorted(np.sort(high), values, side="left")
    return covered


def _on(edges: FlagArray, table: pd.DataFrame) -> FlagArray:
    """Say which points meet one of these edges."""
    edge = table["edge"].to_numpy()
    on: FlagArray = (edge >= 0) & (edges[edge] if edges.size else False)
    return on


def _seeds(
    travel: TravelReach, now: pd.DataFrame, earlier: pd.DataFrame, before: Network, after: Network, changed: FlagArray
) -> tuple[Starts, FlagArray]:
    """Say where a search would feel the change: nodes with seconds beyond them, and edges with points that changed."""
    pace, towards = travel.terms.pace_m_s, travel.terms.towards
    ends = np.unique(np.concatenate([before.tail[changed], before.head[changed]])).astype(np.int64)
    nodes, seconds = [ends], [np.zeros(ends.size)]
    shared = np.zeros(before.n_edges, dtype=np.bool_)
    for table, network in ((now, after), (earlier, before)):
        _, node, beyond_s = ways(table, network, pace, against=not towards)
        nodes, seconds = [*nodes, node], [*seconds, beyond_s]
        edge = table["edge"].to_numpy()
        shared[edge[edge >= 0]] = True
    places: NodeArray = np.concatenate(nodes).astype(np.int32)
    return Starts(np.array([0, places.size], dtype=np.int64), places, np.concatenate(seconds)), shared


def _comes_to(starts: Starts, at: pd.DataFrame, before: Network, terms: TravelTerms) -> FlagArray:
    """Say which points of stations come to one of these nodes within the cutoff: by one search back from all."""
    limit_s = terms.cutoff_s * (1 + _ROUNDING_SHARE) + _ROUNDING_S
    got = find_nodes(before.arcs(towards=not terms.towards), starts, limit_s)
    least_s = np.full(before.n_nodes, math.inf)
    least_s[got.found] = got.seconds
    point, node, seconds = ways(at, before, terms.pace_m_s, against=terms.towards)
    comes = np.zeros(len(at), dtype=np.bool_)
    comes[point[least_s[node] + seconds <= limit_s]] = True
    return comes
