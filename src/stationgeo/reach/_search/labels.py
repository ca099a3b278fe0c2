"""Shortest paths from many sources at once, of which each node keeps the few nearest: in compiled code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import kernel
from stationgeo.reach._search.heap import is_before, pop, push, with_room

if TYPE_CHECKING:
    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.arcs import Arcs
    from stationgeo.reach._search.bounded import Starts
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Nearest", "Ways", "nearest_of_nodes", "nearest_of_places"]


class Nearest(NamedTuple):
    """The nearest sources of each place, `k` each, nearest first: -1 and inf behind those that there are."""

    source: NodeArray
    seconds: FloatArray


class Ways(NamedTuple):
    """Nodes, or sources, next to each place, and the seconds to them (compressed sparse rows)."""

    first: IntArray
    there: NodeArray
    seconds: FloatArray


@kernel
def nearest_of_nodes(arcs: Arcs, starts: Starts, k: int, cutoff_s: float) -> Nearest:
    """Search from all sources at once; of sources equally near, those of lower number are nearer."""
    n_nodes = arcs.first.size - 1
    best = Nearest(np.full(n_nodes * k, -1, dtype=np.int32), np.full(n_nodes * k, math.inf))
    keys, items = np.empty(n_nodes + 1), np.empty(n_nodes + 1, dtype=np.int64)
    size = 0
    for source in range(starts.first.size - 1):
        for start in range(starts.first[source], starts.first[source + 1]):
            node, spent = starts.nodes[start], starts.seconds[start]
            if spent <= cutoff_s and _offer(best, node * k, k, source, spent):
                keys, items = with_room(keys, size, 1), with_room(items, size, 1)
                push(keys, items, size, spent, source * n_nodes + node)
                size += 1
    while size > 0:
        spent, item = keys[0], items[0]
        pop(keys, items, size)
        size -= 1
        source = item // n_nodes
        node = item - source * n_nodes
        if not _holds(best, node * k, k, source, spent):
            continue
        for arc in range(arcs.first[node], arcs.first[node + 1]):
            there, other = spent + arcs.seconds[arc], arcs.heads[arc]
            if there <= cutoff_s and _offer(best, other * k, k, source, there):
                keys, items = with_room(keys, size, 1), with_room(items, size, 1)
                push(keys, items, size, there, source * n_nodes + other)
                size += 1
    return best


@kernel
def nearest_of_places(best: Nearest, by_nodes: Ways, direct: Ways, k: int, cutoff_s: float) -> Nearest:
    """Find the nearest sources of places beside the graph: by the nodes next to them, and past all nodes."""
    n_places = by_nodes.first.size - 1
    got = Nearest(np.full(n_places * k, -1, dtype=np.int32), np.full(n_places * k, math.inf))
    for place in range(n_places):
        for way in range(direct.first[place], direct.first[place + 1]):
            if direct.seconds[way] <= cutoff_s:
                _offer(got, place * k, k, direct.there[way], direct.seconds[way])
        for way in range(by_nodes.first[place], by_nodes.first[place + 1]):
            for row in range(by_nodes.there[way] * k, by_nodes.there[way] * k + k):
                spent = best.seconds[row] + by_nodes.seconds[way]
                if best.source[row] >= 0 and spent <= cutoff_s:
                    _offer(got, place * k, k, best.source[row], spent)
    return got


@kernel
def _offer(best: Nearest, at: int, k: int, source: int, spent: float) -> bool:
    """Take a source into the `k` rows of a place, if it is nearer than its own entry there, or than the last."""
    row = at
    while row < at + k - 1 and best.source[row] != source:
        row += 1
    if not is_before(spent, source, best.seconds[row], best.source[row]):
        return False
    while row > at and is_before(spent, source, best.seconds[row - 1], best.source[row - 1]):
        best.seconds[row], best.source[row] = best.seconds[row - 1], best.source[row - 1]
        row -= 1
    best.seconds[row], best.source[row] = spent, source
    return True


@kernel
def _holds(best: Nearest, at: int, k: int, source: int, spent: float) -> bool:
    """Say whether an entry still stands: a nearer way, or nearer sources, may have taken its place since."""
    for row in range(at, at + k):
        if best.source[row] == source:
            return bool(best.seconds[row] == spent)
    return False
