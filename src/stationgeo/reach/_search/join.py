"""How points join the graph: the nodes next to each, and the ways between two points of one edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.reach._arrays import begins_new, rows_by
from stationgeo.reach._search.bounded import Groups, Leaves, Starts

if TYPE_CHECKING:
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["along_one_edge", "groups_of", "leaves_of", "starts_of", "ways"]


def ways(table: pd.DataFrame, network: Network, pace: float, *, against: bool) -> tuple[IntArray, IntArray, FloatArray]:
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


def starts_of(table: pd.DataFrame, source: IntArray, n: int, network: Network, pace: float, *, towards: bool) -> Starts:
    """Say where the searches of `n` sources begin: at the nodes next to the points of each."""
    # Towards a station one searches from it against the arcs, so a station is left backwards and a cell forwards.
    point, node, seconds = ways(table, network, pace, against=towards)
    first, order = rows_by(source[point], n)
    return Starts(first, node[order].astype(np.int32), seconds[order])


def leaves_of(
    centres: pd.DataFrame, at: pd.DataFrame, source: IntArray, n: int, network: Network, pace: float, *, towards: bool
) -> Leaves:
    """Hang the access points of cells on the nodes next to them, and on sources with a point on the same edge."""
    point, node, seconds = ways(centres, network, pace, against=not towards)
    first, order = rows_by(node, network.n_nodes)
    row, leaf, direct_s = along_one_edge(centres, at, network, pace, towards=towards)
    direct_first, direct_order = rows_by(source[row], n)
    return Leaves(
        first, point[order].astype(np.int32), seconds[order],
        direct_first, leaf[direct_order].astype(np.int32), direct_s[direct_order], len(centres),
    )  # fmt: skip


def groups_of(centres: pd.DataFrame) -> Groups:
    """Say which access points are of one cell, and how many are at least half of them, the not snapped ones too."""
    cell = centres["cell"].to_numpy()
    place = np.cumsum(begins_new(cell)) - 1
    n_points = np.bincount(place).astype(np.int64)
    return Groups(place.astype(np.int32), (n_points + 1) // 2)


def along_one_edge(
    centres: pd.DataFrame, at: pd.DataFrame, network: Network, pace: float, *, towards: bool
) -> tuple[IntArray, IntArray, FloatArray]:
    """Time the ways between points of stations and cells on one edge, that pass no node: rows of both, seconds."""
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
