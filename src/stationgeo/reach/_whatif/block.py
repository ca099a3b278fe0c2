"""Streets that are closed for a while: the same graph without some edges."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stationgeo._compile import kernel
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.reach._arrays import FlagArray, rows_at
from stationgeo.reach._checks import check_area, whole_numbers
from stationgeo.reach._graph.arcs import Arcs, components
from stationgeo.reach._graph.network import check_network

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["block_streets", "vertices_of"]

_BLOCKED = "blocked"


def block_streets(
    network: Network, *, edge_id: npt.ArrayLike | None = None,
    within: shapely.Polygon | shapely.MultiPolygon | None = None,
) -> Network:  # fmt: skip
    """Close streets: those of a list, those that a polygon touches, or both.

    Parameters
    ----------
    network
        The street graph. It stays as it is: to open the streets again, go on with it.
    edge_id
        Edges, as numbered in the source. No edges block nothing.
    within
        A polygon in WGS-84. Every edge that crosses it, lies in it or touches it is closed, over its whole length.

    Returns
    -------
    Network
        The same nodes and edges; nobody rides along a closed edge, and nothing is snapped to it. Its `counts` tell how
        many are blocked, earlier ones too. Components are those without them; `speed_m_s` stays that of all edges.

    Raises
    ------
    DataError
        If an edge is not in the network.
    ParameterError
        If neither edges nor a polygon are given, or what is given is no polygon.

    Notes
    -----
    Arrays that do not change are shared with `network`. O(nodes + edges), and O(vertices) for a polygon.

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
    >>> closed = block_streets(build_network(edges, nodes, mode="walk"), within=shapely.box(114.0004, 22, 114.0005, 23))
    >>> closed.counts["blocked"], closed.forward_s, closed.weak_nodes
    (1, array([inf]), array([1, 1]))
    """
    check_network(network)
    if edge_id is None and within is None:
        raise ParameterError("edge_id or within must say which streets are blocked. Got neither.")
    gone = np.zeros(network.n_edges, dtype=np.bool_)
    if edge_id is not None:
        gone[_edges_named(network, edge_id)] = True
    if within is not None:
        gone |= _edges_touched(network, within)
    gone &= np.isfinite(network.forward_s) | np.isfinite(network.backward_s)
    return _without(network, gone) if gone.any() else network


def _edges_named(network: Network, edge_id: npt.ArrayLike) -> IntArray:
    ids = whole_numbers("edge_id", edge_id)
    row = np.searchsorted(network.edge_id, ids)
    known = row < network.n_edges
    known[known] = network.edge_id[row[known]] == ids[known]
    if not known.all():
        raise DataError(
            f"edge_id must name edges of the network; {int((~known).sum()):,} of {ids.size:,} are not in it: "
            f"{first_few(ids[~known])}. There is no such edge, or {network.mode} may not use it anyway."
        )
    return row


def _edges_touched(network: Network, within: shapely.Polygon | shapely.MultiPolygon) -> FlagArray:
    check_area(within)
    touched = np.zeros(network.n_edges, dtype=np.bool_)
    if within.is_empty or not network.n_edges:
        return touched
    west, south, east, north = within.bounds
    begin = network.first_vertex[:-1]
    low, high = (bound.reduceat(network.vertices, begin, axis=0) for bound in (np.minimum, np.maximum))
    near = np.flatnonzero((low <= [east, north]).all(axis=1) & (high >= [west, south]).all(axis=1))
    if not near.size:
        return touched
    vertices, number = vertices_of(network, near)
    lines = shapely.linestrings(vertices, indices=number)
    shapely.prepare(within)
    touched[near] = shapely.intersects(within, lines)
    return touched


def vertices_of(network: Network, rows: IntArray) -> tuple[FloatArray, IntArray]:
    """Take the vertices of some edges, with the place of each one's edge among them."""
    number, vertex = rows_at(network.first_vertex, rows)
    return network.vertices[vertex], number


def _without(network: Network, gone: FlagArray) -> Network:
    closed = np.flatnonzero(gone)
    ends = network.tail[closed], network.head[closed]
    seconds = network.forward_s[closed], network.backward_s[closed]
    start, end = np.concatenate(ends), np.concatenate(ends[::-1])
    gone_s = np.concatenate(seconds)
    out = _fewer(network.arcs(towards=False), start, end, gone_s)
    back = _fewer(network.arcs(towards=True), end, start, gone_s)
    weak, weak_nodes = components(out, "weak")
    strong, strong_nodes = components(out, "strong")
    forward_s, backward_s = np.where(gone, np.inf, network.forward_s), np.where(gone, np.inf, network.backward_s)
    piece = ~gone[network.grid_edge]
    pieces_before = np.concatenate([[0], np.cumsum(piece)]).astype(np.int64)
    changes: dict[str, Any] = {
        "counts": {**network.counts, _BLOCKED: int((np.isinf(forward_s) & np.isinf(backward_s)).sum())},
        "weak": weak, "weak_nodes": weak_nodes, "strong": strong, "strong_nodes": strong_nodes,
        "first_out": out.first, "head_out": out.heads, "seconds_out": out.seconds,
        "first_in": back.first, "head_in": back.heads, "seconds_in": back.seconds,
        "forward_s": forward_s, "backward_s": backward_s, "may_snap": network.may_snap & ~gone,
        # Buckets that are left without a piece stay: they find nothing.
        "grid_first": pieces_before[network.grid_first],
        "grid_vertex": network.grid_vertex[piece], "grid_edge": network.grid_edge[piece],
    }  # fmt: skip
    return dataclasses.replace(network, **changes)


def _fewer(arcs: Arcs, start: NodeArray, end: NodeArray, seconds: FloatArray) -> Arcs:
    """Leave arcs out; the others stay in their order."""
    keep = _kept(arcs, start, end, seconds)
    before = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return Arcs(before[arcs.first], arcs.heads[keep], arcs.seconds[keep])


@kernel
def _kept(arcs: Arcs, start: NodeArray, end: NodeArray, seconds: FloatArray) -> FlagArray:
    """Find one arc for each that is to go: of parallel ones that are equal it does not matter which."""
    keep = np.ones(arcs.heads.size, dtype=np.bool_)
    for row in range(start.size):
        for arc in range(arcs.first[start[row]], arcs.first[start[row] + 1]):
            if keep[arc] and arcs.heads[arc] == end[row] and arcs.seconds[arc] == seconds[row]:
                keep[arc] = False
                break
    return keep
