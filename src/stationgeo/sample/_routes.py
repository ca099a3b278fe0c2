"""Shortest ways on the street network, compiled: a graph as flat arrays, and A* with a heap of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.sample._streets import Streets
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Roads", "Scratch", "find_way", "make_roads", "make_scratch"]

ByteArray = npt.NDArray[np.uint8]

# Riders do not find the very shortest way: a heuristic this much too eager keeps ways within a few per cent of it and
# looks at a third of the nodes.
_EAGERNESS = 1.2


class Roads(NamedTuple):
    """The rideable network: neighbours of node n are ``to[start[n]:start[n + 1]]``."""

    x: FloatArray
    """Metres east."""
    y: FloatArray
    """Metres north."""
    start: IntArray
    to: IntArray
    metres: FloatArray
    lights: ByteArray
    """1 where a rider may have to wait for a light."""
    noise_m: FloatArray
    """Standard deviation of a receiver there, per axis."""


class Scratch(NamedTuple):
    """Room for one search at a time; it is never cleared, a stamp says what is of this search."""

    best: FloatArray
    stamp: IntArray
    came: IntArray
    heap_key: FloatArray
    heap_node: IntArray
    way: IntArray


def make_roads(streets: Streets, noise_m: FloatArray) -> Roads:
    """Put the rideable pieces of the network into flat arrays.

    Parameters
    ----------
    streets
        The network.
    noise_m
        Standard deviation of a receiver at each node.

    Returns
    -------
    Roads
        With all nodes of the network; those on no rideable piece have no neighbours.
    """
    ways = []
    for piece in streets.pieces:
        if piece.rideable:
            ways.append((piece.a, piece.b))
            if not piece.oneway:
                ways.append((piece.b, piece.a))
    a, b = np.array(sorted(ways), dtype=np.int64).T
    start = np.concatenate([[0], np.cumsum(np.bincount(a, minlength=len(streets.x)))]).astype(np.int64)
    metres = np.sqrt((streets.x[a] - streets.x[b]) ** 2 + (streets.y[a] - streets.y[b]) ** 2)
    return Roads(streets.x, streets.y, start, np.ascontiguousarray(b), metres, streets.busy.astype(np.uint8), noise_m)


def make_scratch(nodes: int, ways: int) -> Scratch:
    """Make room for searches on a network of that many nodes and ways."""
    room = nodes + ways + 1
    return Scratch(
        np.zeros(nodes),
        np.full(nodes, -1, dtype=np.int64),
        np.zeros(nodes, dtype=np.int64),
        np.zeros(room),
        np.zeros(room, dtype=np.int64),
        np.zeros(nodes, dtype=np.int64),
    )


@kernel
def _push(keys: FloatArray, nodes: IntArray, size: int, key: float, node: int) -> int:
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] <= key:
            break
        keys[place] = keys[above]
        nodes[place] = nodes[above]
        place = above
    keys[place] = key
    nodes[place] = node
    return size + 1


@kernel
def _pop(keys: FloatArray, nodes: IntArray, size: int) -> int:
    """Take the top away; the caller has read it."""
    last = size - 1
    key, node = keys[last], nodes[last]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= last:
            break
        if below + 1 < last and keys[below + 1] < keys[below]:
            below += 1
        if keys[below] >= key:
            break
        keys[place] = keys[below]
        nodes[place] = nodes[below]
        place = below
    keys[place] = key
    nodes[place] = node
    return last


@kernel
def find_way(roads: Roads, scratch: Scratch, search: int, origin: int, target: int) -> int:
    """Write the way from origin to target, target first, into ``scratch.way`` and return its number of nodes.

    `search` must be another number each time. 0 is returned if there is no way.
    """
    tx, ty = roads.x[target], roads.y[target]
    scratch.best[origin] = 0.0
    scratch.stamp[origin] = search
    scratch.came[origin] = -1
    size = _push(scratch.heap_key, scratch.heap_node, 0, 0.0, origin)
    while size > 0:
        node = scratch.heap_node[0]
        size = _pop(scratch.heap_key, scratch.heap_node, size)
        if node == target:
            break
        so_far = scratch.best[node]
        for place in range(roads.start[node], roads.start[node + 1]):
            other = roads.to[place]
            metres = so_far + roads.metres[place]
            if scratch.stamp[other] != search or metres < scratch.best[other] - 1e-6:
                scratch.stamp[other] = search
                scratch.best[other] = metres
                scratch.came[other] = node
                dx, dy = roads.x[other] - tx, roads.y[other] - ty
                ahead = metres + _EAGERNESS * np.sqrt(dx * dx + dy * dy)
                if size < len(scratch.heap_key):
                    size = _push(scratch.heap_key, scratch.heap_node, size, ahead, other)
    if scratch.stamp[target] != search:
        return 0
    count = 0
    node = target
    while node >= 0:
        scratch.way[count] = node
        count += 1
        node = scratch.came[node]
    return count
