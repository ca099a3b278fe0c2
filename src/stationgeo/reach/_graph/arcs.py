"""Arcs from node to node, as searches follow them, and the components that they join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from stationgeo.reach._arrays import rows_by

if TYPE_CHECKING:
    from stationgeo.reach._arrays import NodeArray
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Arcs", "components", "list_arcs"]


class Arcs(NamedTuple):
    """Which nodes one comes to next from each node, and in how many seconds (compressed sparse rows)."""

    first: IntArray
    heads: NodeArray
    seconds: FloatArray


def list_arcs(tail: NodeArray, head: NodeArray, forward_s: FloatArray, backward_s: FloatArray, n_nodes: int) -> Arcs:
    """List what leaves each node; with the ends swapped, what comes into it."""
    start = np.concatenate([tail, head])
    end = np.concatenate([head, tail])
    seconds = np.concatenate([forward_s, backward_s])
    open_ = np.isfinite(seconds) & (start != end)
    start, end, seconds = start[open_], end[open_], seconds[open_]
    order = np.lexsort((seconds, end, start))
    first, _ = rows_by(start, n_nodes)
    return Arcs(first, end[order], seconds[order])


def components(arcs: Arcs, connection: Literal["weak", "strong"]) -> tuple[NodeArray, IntArray]:
    """Give numbers to the components by size, then by their first node."""
    n_nodes = arcs.first.size - 1
    # A copy, because taking duplicates out is done in place.
    given = (np.ones(arcs.heads.size), arcs.heads, arcs.first)
    graph = sparse.csr_array(given, shape=(n_nodes, n_nodes), copy=True)
    # Parallel arcs send scipy's search for strong components into an endless loop (seen in 1.17).
    graph.sum_duplicates()
    n, label = csgraph.connected_components(graph, directed=True, connection=connection)
    sizes = np.bincount(label, minlength=n).astype(np.int64)
    least = np.full(n, n_nodes, dtype=np.int64)
    np.minimum.at(least, label, np.arange(n_nodes))
    order = np.lexsort((least, -sizes))
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    return rank[label], sizes[order]
