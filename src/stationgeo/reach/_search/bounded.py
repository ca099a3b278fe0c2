"""Bounded shortest paths in compiled code: memory is that of the answer, beside one row of the graph a thread."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._compile import kernel
from stationgeo._threads import even_cuts, in_threads
from stationgeo.errors import DataError, first_few
from stationgeo.reach._checks import check_cutoff, whole_numbers
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._search.heap import pop, push, with_room

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.arcs import Arcs
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Found", "Groups", "Leaves", "Starts", "find_leaves", "find_nodes", "nodes_within"]


class Starts(NamedTuple):
    """Where each search begins, with the seconds already spent there (compressed sparse rows)."""

    first: IntArray
    nodes: NodeArray
    seconds: FloatArray


class Leaves(NamedTuple):
    """Places beside the graph: which hang on each node, seconds away; and which a source reaches past all nodes."""

    first: IntArray
    leaf: NodeArray
    seconds: FloatArray
    direct_first: IntArray
    direct_leaf: NodeArray
    direct_seconds: FloatArray
    n_leaves: int


class Groups(NamedTuple):
    """Which leaves are of one place (those of a place stand together), and how many of them have to be found."""

    place: NodeArray
    needed: IntArray


class Scratch(NamedTuple):
    """Room that the searches of one thread share: the least seconds to each node, and the heap."""

    best: FloatArray
    keys: FloatArray
    items: NodeArray


class Found(NamedTuple):
    """What each source found (compressed sparse rows)."""

    first: IntArray
    found: NodeArray
    seconds: FloatArray


def nodes_within(
    network: Network, node_id: npt.ArrayLike, *, cutoff_s: float, towards: bool, workers: int | None = None
) -> pd.DataFrame:
    """Find the nodes from which one gets to a node, or to which one gets from it, within so many seconds.

    Parameters
    ----------
    network
        The street graph.
    node_id
        Nodes to search from, as numbered in the source.
    cutoff_s
        Most seconds, inclusive; 0 or more.
    towards
        Whether one rides towards the node, rather than away from it.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    DataFrame
        `source` (row of the node in `node_id`), `node_id`, `seconds`; ascending in source and seconds. The node itself
        is there with 0 seconds.

    Raises
    ------
    DataError
        If a node is not in the network.
    ParameterError
        If the cutoff or the number of workers is out of range, or numbers of nodes are not whole.

    Notes
    -----
    Dijkstra's algorithm with a heap of four children a node, ended at the cutoff. O((n + m) log m) for each source,
    n and m the nodes and arcs within the cutoff; memory of the answer, and of one number for each node a thread.

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1, 269-271.
    doi:10.1007/BF01386390

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [100.0], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="walk")
    >>> nodes_within(network, [7], cutoff_s=80, towards=True).to_numpy().tolist()
    [[0.0, 7.0, 0.0], [0.0, 8.0, 80.0]]
    """
    check_network(network)
    cutoff = check_cutoff(cutoff_s)
    starts = _starts_at(network, whole_numbers("node_id", node_id))
    got = find_nodes(network.arcs(towards=towards), starts, cutoff, workers=workers)
    table = pd.DataFrame({
        "source": np.repeat(np.arange(got.first.size - 1), np.diff(got.first)),
        "node_id": network.node_id[got.found],
        "seconds": got.seconds,
    })  # fmt: skip
    twice = _repeated(network)
    if not twice.any():
        return table
    # A node that cannot be passed is there once for each edge: the nearest of them, which comes first, counts.
    some = np.flatnonzero(twice[got.found])
    again = table.iloc[some].duplicated(["source", "node_id"]).to_numpy()
    kept: pd.DataFrame = table.drop(index=some[again]).reset_index(drop=True)
    return kept


def find_nodes(arcs: Arcs, starts: Starts, cutoff_s: float, *, workers: int | None = None) -> Found:
    """Search from every source; what each finds comes in ascending order of seconds."""
    return _shared(starts, workers, lambda first, last: _nodes(arcs, starts, cutoff_s, first, last))


def find_leaves(
    arcs: Arcs, starts: Starts, leaves: Leaves, groups: Groups, cutoff_s: float, *, workers: int | None = None
) -> Found:
    """Search from every source for the places within the cutoff; what each finds comes in order of places.

    A place is found when as many of its leaves are as it needs; its seconds are those of the last of them.
    """
    return _shared(starts, workers, lambda first, last: _leaves(arcs, starts, leaves, groups, cutoff_s, first, last))


def _repeated(network: Network) -> npt.NDArray[np.bool_]:
    """Say which nodes share their number in the source with another: those that nobody passes."""
    if not network.counts.get("nodes that cannot be passed", 1):
        return np.zeros(network.n_nodes, dtype=np.bool_)
    # Nodes are numbered along a curve by place, then by number in the source: those of one number are neighbours.
    same = network.node_id[1:] == network.node_id[:-1]
    repeated = np.zeros(network.n_nodes, dtype=np.bool_)
    repeated[1:] |= same
    repeated[:-1] |= same
    return repeated


def _starts_at(network: Network, ids: IntArray) -> Starts:
    # Of many nodes few are asked for: sorting those alone is what takes no time.
    asked = np.flatnonzero(np.isin(network.node_id, ids))
    order = asked[np.argsort(network.node_id[asked], kind="stable")]
    numbers = network.node_id[order]
    low, high = np.searchsorted(numbers, ids, side="left"), np.searchsorted(numbers, ids, side="right")
    if (low == high).any():
        raise DataError(
            f"node_id must hold nodes of the network; {int((low == high).sum()):,} of {ids.size:,} are not in it: "
            f"{first_few(ids[low == high])}. The mode may use no street there."
        )
    first = np.concatenate([[0], np.cumsum(high - low)])
    rows = np.repeat(low - first[:-1], high - low) + np.arange(first[-1])
    return Starts(first, order[rows].astype(np.int32), np.zeros(rows.size))


def _shared(starts: Starts, workers: int | None, run: Callable[[int, int], tuple[Any, ...]]) -> Found:
    """Share the sources between threads; the parts are put together in their order."""
    done = in_threads(run, even_cuts(starts.first.size - 1, workers), workers)
    sizes, found, seconds = (np.concatenate(arrays) for arrays in zip(*done, strict=True))
    return Found(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), found, seconds)


@kernel
def _scratch(arcs: Arcs, starts: Starts) -> Scratch:
    """Make the room that searches share. Each arc and start is pushed at most once: the heap cannot grow further."""
    capacity = arcs.heads.size + starts.nodes.size + 1
    best = np.full(arcs.first.size - 1, math.inf)
    return Scratch(best, np.empty(capacity), np.empty(capacity, dtype=np.int32))


@kernel
def _settle(
    arcs: Arcs, starts: Starts, source: int, cutoff_s: float,
    scratch: Scratch, nodes: NodeArray, seconds: FloatArray, at: int,
) -> int:  # fmt: skip
    """Search from one source; writes nodes and seconds from `at` on, and leaves `best` as it was: all inf."""
    best, keys, items = scratch.best, scratch.keys, scratch.items
    size, end = 0, at
    for start in range(starts.first[source], starts.first[source + 1]):
        node, spent = starts.nodes[start], starts.seconds[start]
        if spent <= cutoff_s and spent < best[node]:
            best[node] = spent
            push(keys, items, size, spent, node)
            size += 1
    while size > 0:
        spent, node = keys[0], items[0]
        pop(keys, items, size)
        size -= 1
        if spent > best[node]:
            continue
        nodes[end], seconds[end] = node, spent
        end += 1
        for arc in range(arcs.first[node], arcs.first[node + 1]):
            there, other = spent + arcs.seconds[arc], arcs.heads[arc]
            if there <= cutoff_s and there < best[other]:
                best[other] = there
                push(keys, items, size, there, other)
                size += 1
    for row in range(at, end):
        best[nodes[row]] = math.inf
    return end


@kernel
def _nodes(arcs: Arcs, starts: Starts, cutoff_s: float, begin: int, end: int) -> tuple[IntArray, NodeArray, FloatArray]:
    n_nodes = arcs.first.size - 1
    scratch = _scratch(arcs, starts)
    nodes, seconds = np.empty(n_nodes, dtype=np.int32), np.empty(n_nodes)
    sizes = np.empty(end - begin, dtype=np.int64)
    used = 0
    for source in range(begin, end):
        nodes, seconds = with_room(nodes, used, n_nodes), with_room(seconds, used, n_nodes)
        last = _settle(arcs, starts, source, cutoff_s, scratch, nodes, seconds, used)
        sizes[source - begin] = last - used
        used = last
    return sizes, nodes[:used].copy(), seconds[:used].copy()


@kernel
def _leaves(
    arcs: Arcs, starts: Starts, leaves: Leaves, groups: Groups, cutoff_s: float, begin: int, end: int
) -> tuple[IntArray, NodeArray, FloatArray]:
    n_nodes = arcs.first.size - 1
    scratch = _scratch(arcs, starts)
    nodes, seconds = np.empty(n_nodes, dtype=np.int32), np.empty(n_nodes)
    least = np.full(leaves.n_leaves, math.inf)
    found, found_s = np.empty(leaves.n_leaves, dtype=np.int32), np.empty(leaves.n_leaves)
    sizes = np.empty(end - begin, dtype=np.int64)
    used = 0
    for source in range(begin, end):
        found, found_s = with_room(found, used, leaves.n_leaves), with_room(found_s, used, leaves.n_leaves)
        settled = _settle(arcs, starts, source, cutoff_s, scratch, nodes, seconds, 0)
        last = used
        for row in range(leaves.direct_first[source], leaves.direct_first[source + 1]):
            last = _improve(leaves.direct_leaf[row], leaves.direct_seconds[row], cutoff_s, least, found, last)
        for row in range(settled):
            for hung in range(leaves.first[nodes[row]], leaves.first[nodes[row] + 1]):
                there = seconds[row] + leaves.seconds[hung]
                last = _improve(leaves.leaf[hung], there, cutoff_s, least, found, last)
        found[used:last].sort()
        for row in range(used, last):
            found_s[row] = least[found[row]]
            least[found[row]] = math.inf
        last = _together(groups, found, found_s, used, last)
        sizes[source - begin] = last - used
        used = last
    return sizes, found[:used].copy(), found_s[:used].copy()


@kernel
def _improve(place: int, spent: float, cutoff_s: float, least: FloatArray, found: NodeArray, last: int) -> int:
    """Note a way to a leaf; returns the end of those found."""
    if spent > cutoff_s or spent >= least[place]:
        return last
    if least[place] == math.inf:
        found[last] = place
        last += 1
    least[place] = spent
    return last


@kernel
def _together(groups: Groups, found: NodeArray, found_s: FloatArray, begin: int, end: int) -> int:
    """Put places for their leaves, each with the least seconds in which enough of them are found; returns the end."""
    row = at = begin
    while row < end:
        place = groups.place[found[row]]
        stop = row + 1
        while stop < end and groups.place[found[stop]] == place:
            stop += 1
        needed = groups.needed[place]
        if stop - row >= needed:
            if stop - row > 1:
                found_s[row:stop].sort()
            found[at], found_s[at] = place, found_s[row + needed - 1]
            at += 1
        row = stop
    return at
