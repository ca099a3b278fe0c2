"""Tables of edges and nodes to the compact street graph of one mode."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import shapely

from stationgeo.crs import WGS84
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, first_few, suggest
from stationgeo.reach._arrays import begins_new
from stationgeo.reach._checks import check_kind
from stationgeo.reach._graph.arcs import components, list_arcs
from stationgeo.reach._graph.grid import build_grid
from stationgeo.reach._graph.modes import Mode
from stationgeo.reach._graph.modes import mode as named_mode
from stationgeo.reach._graph.network import Network
from stationgeo.reach._graph.rules import passage, stopped_nodes
from stationgeo.reach._graph.slopes import edge_grades
from stationgeo.schema import EDGES, NODES, validate

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.reach._arrays import FlagArray, NodeArray
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["build_network"]

# Bits of each coordinate in the order of nodes: 360 degrees in so many steps are 0.6 m each at the equator.
_CURVE_BITS = 26


def build_network(
    edges: gpd.GeoDataFrame,
    nodes: pd.DataFrame,
    *,
    mode: str | Mode,
    speed_column: str | None = None,
    slope: bool = False,
) -> Network:
    """Build the street graph of one mode of travel.

    Parameters
    ----------
    edges
        EDGES, in WGS-84. Parallel edges, loops and edges of no length are fine.
    nodes
        NODES: at least those that the edges name.
    mode
        Name of a mode (see `modes`), or a `Mode` of one's own.
    speed_column
        A column of `edges` with speeds in km/h that go before those of the class, nan where there is none.
    slope
        Whether grades change speeds (`Mode.slope`), by the `elevation_m` of the nodes; then uphill and downhill differ.
        An edge with an end whose elevation is not known is flat; such edges are counted.

    Returns
    -------
    Network
        Edges that the mode may use at least one way, and the nodes at their ends; its `counts` tell of the others.

    Raises
    ------
    ColumnError
        If a column is missing or holds another kind of values.
    DataError
        If a table breaks its contract, an edge names a node that is not there, or a geometry is no line.
    DatumError
        If the edges are not in WGS-84.
    ParameterError
        If there is no such mode, or `slope` is asked for and the mode has none.

    Notes
    -----
    seconds = length_m / speed, plus the wait of the class (ferries). speed is that of the class, or of the last tag
    rule that speaks of the edge, times the factors of the others, times that of the grade (rise / length_m, at most
    30 % either way; none on steps and ferries, whose own speeds hold), at most the limit; a speed of `speed_column`
    stands as it is. Bridges and tunnels have the grade between their ends. Nobody passes a node whose barrier stops the
    mode or that is closed to the public, but one comes up to it: each edge gets an end of its own there.
    Nodes are numbered along a Z-order curve, so that a search finds what it needs close together. The lines are entered
    into buckets of 100 m for `snap`. O((nodes + edges) log(nodes + edges) + metres of line).

    References
    ----------
    Morton, G. M. (1966). A computer oriented geodetic data base and a new technique in file sequencing. IBM.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="walk")
    >>> network.n_nodes, network.forward_s.round(2)
    (2, array([82.32]))
    """
    rule = named_mode(mode) if isinstance(mode, str) else mode
    check_kind("mode", rule, Mode, "the name of a mode, or a Mode")
    _check(edges, nodes, speed_column)
    given = edges.sort_values("edge_id", kind="stable").reset_index(drop=True)
    slopes: Counter[str] = Counter()
    grade = _grades(given, nodes, rule, slopes) if slope else None
    way = passage(given, rule, speed_column=speed_column, grade=grade)
    used = np.isfinite(way.forward_s) | np.isfinite(way.backward_s)
    kept = given[used]
    counts = way.counts | slopes
    node_row, tail, head = _ends(kept, nodes, stopped_nodes(nodes, rule), counts)
    forward_s, backward_s = way.forward_s[used], way.backward_s[used]
    out = list_arcs(tail, head, forward_s, backward_s, node_row.size)
    back = list_arcs(head, tail, forward_s, backward_s, node_row.size)
    weak, weak_nodes = components(out, "weak")
    strong, strong_nodes = components(out, "strong")
    vertices, rows = shapely.get_coordinates(kept.geometry.to_numpy(), return_index=True)
    first_vertex = np.searchsorted(rows, np.arange(len(kept) + 1)).astype(np.int64)
    grid = build_grid(first_vertex, vertices, way.may_snap[used])
    return Network(
        mode=rule.name,
        speed_m_s=float(way.speed_m_s[used].max(initial=0.0)),
        counts=counts,
        node_id=nodes["node_id"].to_numpy(dtype=np.int64)[node_row],
        lon=nodes["lon"].to_numpy(dtype=np.float64)[node_row],
        lat=nodes["lat"].to_numpy(dtype=np.float64)[node_row],
        weak=weak, strong=strong, weak_nodes=weak_nodes, strong_nodes=strong_nodes,
        first_out=out.first, head_out=out.heads, seconds_out=out.seconds,
        first_in=back.first, head_in=back.heads, seconds_in=back.seconds,
        edge_id=kept["edge_id"].to_numpy(dtype=np.int64).copy(),
        tail=tail, head=head, forward_s=forward_s, backward_s=backward_s,
        length_m=kept["length_m"].to_numpy(dtype=np.float64).copy(),
        may_snap=way.may_snap[used],
        first_vertex=first_vertex, vertices=vertices,
        grid_frame=grid.frame, grid_first_in_row=grid.first_in_row, grid_column=grid.column,
        grid_first=grid.first, grid_vertex=grid.vertex, grid_edge=grid.edge,
    )  # fmt: skip


def _check(edges: gpd.GeoDataFrame, nodes: pd.DataFrame, speed_column: str | None) -> None:
    validate(edges, EDGES, source="edges")
    validate(nodes, NODES, source="nodes")
    if len(edges) and (edges.crs is None or edges.crs != WGS84):
        raise DatumError(f"edges must be in {WGS84} (WGS-84 longitude and latitude). Got {edges.crs}: convert them.")
    if speed_column is not None and speed_column not in edges.columns:
        has = suggest(speed_column, [str(name) for name in edges.columns])
        raise ColumnError(f"edges: column {speed_column!r} (speed_column) is missing; {has}")
    lines = edges.geometry.to_numpy()
    fine = (shapely.get_type_id(lines) == shapely.GeometryType.LINESTRING) & ~shapely.is_empty(lines)
    if not fine.all():
        offenders = first_few(edges["edge_id"].to_numpy()[~fine])
        raise DataError(f"edges must be lines; {int((~fine).sum()):,} of {len(edges):,} are not: edge_id {offenders}.")
    known = np.isin(edges[["from_node", "to_node"]].to_numpy(), nodes["node_id"].to_numpy()).all(axis=1)
    if not known.all():
        offenders = first_few(edges["edge_id"].to_numpy()[~known])
        raise DataError(
            f"edges must end in nodes of the table of nodes; {int((~known).sum()):,} of {len(edges):,} do not: "
            f"edge_id {offenders}. Give both tables of one reading."
        )


def _grades(edges: pd.DataFrame, nodes: pd.DataFrame, mode: Mode, counts: Counter[str]) -> FloatArray:
    if mode.slope is None:
        raise ParameterError(
            f"slope=True needs a mode with speeds by grade, and {mode.name!r} has none. Leave slope out, or give it a "
            "Slope by dataclasses.replace(mode, slope=...)."
        )
    return edge_grades(edges, nodes, counts)


def _ends(
    edges: pd.DataFrame, nodes: pd.DataFrame, stopped: FlagArray, counts: dict[str, int]
) -> tuple[IntArray, NodeArray, NodeArray]:
    """Give numbers to the nodes that edges end in: the row of each in `nodes`, and the ends of each edge."""
    ids = nodes["node_id"].to_numpy(dtype=np.int64)
    by_id = np.argsort(ids, kind="stable")
    ends = edges[["from_node", "to_node"]].to_numpy(dtype=np.int64).reshape(-1)
    row = by_id[np.searchsorted(ids, ends, sorter=by_id)]
    # Where nobody passes, the end of an edge is a node of its own: its place among all ends tells it apart.
    own = np.where(stopped[row], np.arange(ends.size, dtype=np.int64), -1)
    counts["nodes that cannot be passed"] = int(np.unique(row[stopped[row]]).size)
    curve = _curve(nodes["lon"].to_numpy(dtype=np.float64)[row], nodes["lat"].to_numpy(dtype=np.float64)[row])
    order = np.lexsort((own, ids[row], curve))
    new = begins_new(ids[row][order], own[order])
    number = np.empty(order.size, dtype=np.int32)
    number[order] = np.cumsum(new) - 1
    pairs = number.reshape(-1, 2)
    return row[order[new]], pairs[:, 0].copy(), pairs[:, 1].copy()


def _curve(lon: FloatArray, lat: FloatArray) -> npt.NDArray[np.uint64]:
    """Place points along a Z-order curve: the bits of both coordinates, in turn."""
    scale = float(1 << _CURVE_BITS)
    key = np.zeros(lon.size, dtype=np.uint64)
    for shift, share in ((0, (lon + 180.0) / 360.0), (1, (lat + 90.0) / 180.0)):
        whole = np.minimum(share * scale, scale - 1.0).astype(np.uint64)
        for bit in range(_CURVE_BITS):
            key |= ((whole >> np.uint64(bit)) & np.uint64(1)) << np.uint64(2 * bit + shift)
    return key
