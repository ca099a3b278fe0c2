"""Pieces of a graph, and the nodes without which a piece falls apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import IntArray

__all__ = ["parts_without", "pieces_of"]


def pieces_of(one: IntArray, other: IntArray, n: int) -> IntArray:
    """Tell the connected pieces of n nodes, joined by edges, numbered in the order of their first node."""
    links = coo_array((np.ones(one.size, dtype=np.int8), (one, other)), shape=(n, n))
    _, label = connected_components(links, directed=False)
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[number].astype(np.int64)


def parts_without(one: IntArray, other: IntArray, n: int) -> IntArray:
    """Tell into how many parts the piece of each node falls without it: 0 if it stands alone, 1 if all hold together.

    Tarjan's depth-first search, O(n + edges).
    """
    ends, starts = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.argsort(starts, kind="stable")
    return _parts(np.searchsorted(starts[order], np.arange(n + 1)).astype(np.int64), ends[order].astype(np.int64))


@kernel
def _parts(first: IntArray, neighbour: IntArray) -> IntArray:
    """Walk each piece once; `low` is the earliest node that a subtree reaches beside its own stem."""
    n = first.size - 1
    seen, low = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int64)
    parent, at = np.full(n, -1, dtype=np.int64), first[:n].copy()
    parts, stack = np.zeros(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    time = 0
    for root in range(n):
        if seen[root] >= 0:
            continue
        stack[0], depth = root, 1
        seen[root], low[root], time = time, time, time + 1
        while depth > 0:
            node = stack[depth - 1]
            if at[node] < first[node + 1]:
                near = neighbour[at[node]]
                at[node] += 1
                if seen[near] < 0:
                    parent[near] = node
                    seen[near], low[near], time = time, time, time + 1
                    stack[depth], depth = near, depth + 1
                elif near != parent[node]:
                    low[node] = min(low[node], seen[near])
            else:
                depth -= 1
                stem = parent[node]
                if stem >= 0:
                    low[stem] = min(low[stem], low[node])
                    # What hangs below and reaches nothing above is a part of its own.
                    parts[stem] += low[node] >= seen[stem]
        # A root has nothing above itself; every other node has one part there.
    for node in range(n):
        parts[node] += parent[node] >= 0
    return parts
