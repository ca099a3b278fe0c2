"""Detours from tracks, in compiled code: seconds from fix to fix, and the least that passing by a station adds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import kernel
from stationgeo._threads import even_cuts, in_threads
from stationgeo.reach._search.heap import pop, push

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.arcs import Arcs
    from stationgeo.reach._graph.network import Network
    from stationgeo.reach._search.bounded import Found
    from stationgeo.schema import FloatArray, IntArray

# Ways that differ by less than this differ by rounding: of those the shortest piece of track is left out.
_TIE_S = 1e-9

__all__ = ["Detours", "Edges", "Ridden", "hop_seconds", "least_detours", "thinned"]


class Edges(NamedTuple):
    """The edges of a network: ends, and seconds either way."""

    tail: NodeArray
    head: NodeArray
    forward_s: FloatArray
    backward_s: FloatArray


class Ridden(NamedTuple):
    """Fixes in the order of tracks: which track, which unbroken run of it, and the seconds ridden since its start."""

    track: IntArray
    run: IntArray
    since_s: FloatArray


class Detours(NamedTuple):
    """The least detour of a track past a station each: which fix is left, and to which one comes back."""

    station: IntArray
    track: IntArray
    extra_s: FloatArray
    leave: IntArray
    back: IntArray


class Wave(NamedTuple):
    """Room that the searches of one thread share: least seconds to each node, heap, nodes touched, and both sizes."""

    best: FloatArray
    keys: FloatArray
    items: NodeArray
    touched: NodeArray
    sizes: IntArray


@kernel
def thinned(
    track: IntArray, lon: FloatArray, lat: FloatArray, per_lon: FloatArray, per_lat: FloatArray, noise_m: float
) -> npt.NDArray[np.bool_]:
    """Keep the first fix of each track, and each that is farther than `noise_m` from the last one kept."""
    kept = np.ones(track.size, dtype=np.bool_)
    last = 0
    for row in range(1, track.size):
        if track[row] == track[last]:
            east_m = (lon[row] - lon[last]) * per_lon[row]
            north_m = (lat[row] - lat[last]) * per_lat[row]
            if math.hypot(east_m, north_m) <= noise_m:
                kept[row] = False
                continue
        last = row
    return kept


def hop_seconds(
    network: Network, edge: IntArray, share: FloatArray, hop: IntArray, cutoff_s: float, *, workers: int | None
) -> FloatArray:
    """Time the way from the places at `hop` to the places after them; inf where there is none within the cutoff."""
    edges = Edges(network.tail, network.head, network.forward_s, network.backward_s)

    def run(first: int, last: int) -> FloatArray:
        return _hops(network.arcs(towards=False), edges, edge, share, hop[first:last], cutoff_s)

    return np.concatenate(in_threads(run, even_cuts(hop.size, workers), workers))


@kernel
def _along(edges: Edges, edge: int, from_share: float, to_share: float) -> float:
    """Time the way along one edge, past no node."""
    if from_share == to_share:
        return 0.0
    if to_share > from_share:
        return float((to_share - from_share) * edges.forward_s[edge])
    return float((from_share - to_share) * edges.backward_s[edge])


@kernel
def _hops(arcs: Arcs, edges: Edges, edge: IntArray, share: FloatArray, hop: IntArray, cutoff_s: float) -> FloatArray:
    room = arcs.heads.size + 3
    wave = Wave(np.full(arcs.first.size - 1, math.inf), np.empty(room), np.empty(room, dtype=np.int32),
                np.empty(arcs.first.size - 1, dtype=np.int32), np.zeros(2, dtype=np.int64))  # fmt: skip
    seconds = np.empty(hop.size)
    for row in range(hop.size):
        here, there = hop[row], hop[row] + 1
        seconds[row] = math.inf
        if edge[here] == edge[there]:
            seconds[row] = _along(edges, edge[here], share[here], share[there])
        for end in range(2):
            node = edges.tail[edge[here]] if end == 0 else edges.head[edge[here]]
            _come_to(wave, node, _along(edges, edge[here], share[here], float(end)), cutoff_s)
        seconds[row] = _past_nodes(arcs, edges, edge[there], share[there], cutoff_s, wave, seconds[row])
        for touched in range(wave.sizes[1]):
            wave.best[wave.touched[touched]] = math.inf
        wave.sizes[:] = 0
        if seconds[row] > cutoff_s:
            seconds[row] = math.inf
    return seconds


@kernel
def _come_to(wave: Wave, node: int, spent: float, cutoff_s: float) -> None:
    """Note a way to a node, where it is within the cutoff and the shortest one yet."""
    if spent > cutoff_s or spent >= wave.best[node]:
        return
    if wave.best[node] == math.inf:
        wave.touched[wave.sizes[1]] = node
        wave.sizes[1] += 1
    wave.best[node] = spent
    push(wave.keys, wave.items, wave.sizes[0], spent, node)
    wave.sizes[0] += 1


@kernel
def _past_nodes(
    arcs: Arcs, edges: Edges, edge: int, share: float, cutoff_s: float, wave: Wave, least_s: float
) -> float:
    """Search on until nothing nearer than the place at `share` of an edge is left: its seconds, or `least_s`."""
    while wave.sizes[0] > 0 and wave.keys[0] < least_s:
        spent, node = wave.keys[0], wave.items[0]
        pop(wave.keys, wave.items, wave.sizes[0])
        wave.sizes[0] -= 1
        if spent > wave.best[node]:
            continue
        for end in range(2):
            if node == (edges.tail[edge] if end == 0 else edges.head[edge]):
                least_s = min(least_s, spent + _along(edges, edge, float(end), share))
        for arc in range(arcs.first[node], arcs.first[node + 1]):
            _come_to(wave, arcs.heads[arc], spent + arcs.seconds[arc], cutoff_s)
    return least_s


@kernel
def least_detours(out: Found, back: Found, ridden: Ridden, budget_s: float, skip_s: float) -> Detours:
    """Find, for each station and track, the least of out + back - ridden between, over fixes left and come back to.

    `out` and `back` list the fixes of each station in ascending order. Fixes that may be left wait in a queue, in
    which the seconds out plus those ridden before ascend: its first is the best one for the fix come back to.
    """
    room = back.found.size
    station, track = np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    extra_s, leave, to = np.empty(room), np.empty(room, dtype=np.int64), np.empty(room, dtype=np.int64)
    queue = np.empty(out.found.size, dtype=np.int64)
    used = 0
    for source in range(back.first.size - 1):
        begin, first, last = used, 0, 0
        row = out.first[source]
        for way in range(back.first[source], back.first[source + 1]):
            come = back.found[way]
            while row < out.first[source + 1] and out.found[row] <= come:
                spent = out.seconds[row] + ridden.since_s[out.found[row]]
                while last > first and not _goes_before(out, ridden, queue[last - 1], row, spent):
                    last -= 1
                queue[last] = row
                last += 1
                row += 1
            while first < last and not _follows(ridden, out.found[queue[first]], come, skip_s):
                first += 1
            if first == last:
                continue
            left = out.found[queue[first]]
            between_s = ridden.since_s[come] - ridden.since_s[left]
            more_s = out.seconds[queue[first]] + back.seconds[way] - between_s
            if more_s > budget_s:
                continue
            if used == begin or track[used - 1] != ridden.track[come]:
                used += 1
            elif more_s >= extra_s[used - 1] - _TIE_S:
                continue
            station[used - 1], track[used - 1] = source, ridden.track[come]
            extra_s[used - 1], leave[used - 1], to[used - 1] = more_s, left, come
    return Detours(station[:used].copy(), track[:used].copy(), extra_s[:used].copy(), leave[:used].copy(),
                   to[:used].copy())  # fmt: skip


@kernel
def _goes_before(out: Found, ridden: Ridden, waiting: int, row: int, spent: float) -> bool:
    """Say whether a fix that waits is still better to leave than a later one that spends so much."""
    same = ridden.run[out.found[waiting]] == ridden.run[out.found[row]]
    return bool(same and out.seconds[waiting] + ridden.since_s[out.found[waiting]] < spent - _TIE_S)


@kernel
def _follows(ridden: Ridden, left: int, come: int, skip_s: float) -> bool:
    """Say whether one may come back to a fix after leaving another."""
    same = ridden.run[left] == ridden.run[come]
    return bool(same and ridden.since_s[come] - ridden.since_s[left] <= skip_s)
