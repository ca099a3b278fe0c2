"""Steps of couriers to the streets they took: each anchor to the nearest edge along its way, then the way between."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import inlined, kernel
from stationgeo.reach._arrays import FlagArray, rows_by
from stationgeo.reach._graph.grid import TURNS_DEG, Frame, Grid, first_from, frame_of, touches, window
from stationgeo.reach._meeting.meet import nearest_part, place_on_edge
from stationgeo.reach._search.heap import pop, push, with_room
from stationgeo.reach._speeds.motion import Fixes, offset_m

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._arrays import NodeArray
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import FloatArray, IntArray

    CodeArray = npt.NDArray[np.int8]

__all__ = ["FATES", "Matched", "Passes", "Streets", "follow", "match", "streets_of"]

# A way is taken if it is at most so many times the straight line (around one corner 1.41), and some metres longer.
_DETOUR = 1.5
_DETOUR_SLACK_M = 20.0

# So many nodes looked at, and a step spans too much of the town for the shortest way to be the one that was taken.
_MOST_NODES = 2_000

# Lengths come from the source, and degrees are measured at the step's begin: a straight line may be off by a little.
_STRAIGHT_SHARE = 0.98

_US_PER_S = 1e6

FATES = ("matched", "off the street", "across or against every street", "no way between", "too fast")
"""What becomes of a step."""

_MATCHED, _OFF, _ACROSS, _NO_WAY, _TOO_FAST = range(5)


class Streets(NamedTuple):
    """What of a network couriers are followed on. A way is an edge in a direction: 2 x edge, 1 more if backwards."""

    grid: Grid
    first_vertex: IntArray
    vertices: FloatArray
    open_: FlagArray
    """Whether each way may be used."""

    length_m: FloatArray
    lon: FloatArray
    lat: FloatArray
    end: NodeArray
    """Node at the end of each way; that of the other direction is its begin."""

    first_out: IntArray
    out: IntArray
    """Ways out of each node (compressed sparse rows)."""


class Matched(NamedTuple):
    """Where anchors are on the streets."""

    way: IntArray
    """Edge and direction, or -1."""

    share: FloatArray
    """Of the edge from its first vertex."""

    lon: FloatArray
    lat: FloatArray
    near: FlagArray
    """Whether there was any street within the limit."""


class Passes(NamedTuple):
    """Passes of couriers along edges, in order of courier and time."""

    way: IntArray
    row: IntArray
    """Fix at which the step begins with which the courier came onto the edge."""

    metres: FloatArray
    seconds: FloatArray


class Room(NamedTuple):
    """What searches share: metres to each node, the way that led there, the heap, and the nodes to clear."""

    best: FloatArray
    by: IntArray
    keys: FloatArray
    items: NodeArray
    seen: NodeArray
    path: IntArray


def streets_of(network: Network) -> Streets:
    """Take from a network what couriers can be followed on: neither ferries nor what no way begins on."""
    seconds = np.column_stack([network.forward_s, network.backward_s]).reshape(-1)
    open_ = np.isfinite(seconds) & np.repeat(network.may_snap, 2)
    end = np.column_stack([network.head, network.tail]).reshape(-1)
    begin = np.column_stack([network.tail, network.head]).reshape(-1)
    way = np.flatnonzero(open_)
    first, order = rows_by(begin[way], network.n_nodes)
    return Streets(network.grid, network.first_vertex, network.vertices, open_, network.length_m, network.lon,
                   network.lat, end, first, way[order])  # fmt: skip


@kernel
def match(
    fixes: Fixes, anchor: IntArray, begins: FlagArray, streets: Streets, limit_m: float, least_cosine: float
) -> Matched:
    """Put each anchor on the nearest edge that runs along the step before it or the one after, and is open that way."""
    n = anchor.size
    found = Matched(np.full(n, -1, dtype=np.int64), np.full(n, math.nan), np.full(n, math.nan), np.full(n, math.nan),
                    np.zeros(n, dtype=np.bool_))  # fmt: skip
    frame = frame_of(streets.grid)
    for at in range(n):
        row = anchor[at]
        x, y, per_lon, per_lat = fixes.lon[row], fixes.lat[row], fixes.per_lon[row], fixes.per_lat[row]
        before = _heading(fixes, anchor[at - 1], row) if not begins[at] else (0.0, 0.0)
        after = _heading(fixes, row, anchor[at + 1]) if at + 1 < n and not begins[at + 1] else (0.0, 0.0)
        nearest_m = math.inf
        for turn in TURNS_DEG:
            if not touches(frame, x + turn, limit_m / per_lon):
                continue
            near, metres, way, vertex = _along(
                x + turn, y, per_lon, per_lat, before, after, frame, streets, limit_m, least_cosine
            )
            found.near[at] |= near
            if metres < nearest_m:
                nearest_m = metres
                edge = way >> 1
                first, end = streets.first_vertex[edge], streets.first_vertex[edge + 1]
                east_m, north_m, share = place_on_edge(
                    x + turn, y, per_lon, per_lat, streets.vertices, first, vertex, end
                )
                found.way[at], found.share[at] = way, share
                found.lon[at], found.lat[at] = x + east_m / per_lon, y + north_m / per_lat
    return found


@inlined
def _heading(fixes: Fixes, one: int, other: int) -> tuple[float, float]:
    """Tell the direction from one fix to another, as a vector of length 1; of length 0 where there is none."""
    east, north = offset_m(fixes.lon[one], fixes.lat[one], fixes.lon[other], fixes.lat[other],
                           fixes.per_lon[one], fixes.per_lat[one])  # fmt: skip
    length = math.sqrt(east * east + north * north)
    return (east / length, north / length) if length > 0.0 else (0.0, 0.0)


@inlined
def _along(
    x: float, y: float, per_lon: float, per_lat: float, before: tuple[float, float], after: tuple[float, float],
    frame: Frame, streets: Streets, limit_m: float, least_cosine: float,
) -> tuple[bool, float, int, int]:  # fmt: skip
    """Find the nearest piece along one of two headings: whether any is near, metres, way and vertex."""
    near, nearest_m2, nearest, nearest_way = False, math.inf, -1, -1
    limit_m2 = limit_m * limit_m
    bottom, top, left, right = window(frame, x, y, limit_m / per_lon, limit_m / per_lat)
    for row in range(bottom, top + 1):
        end = streets.grid.first_in_row[row + 1]
        bucket = first_from(streets.grid.column, streets.grid.first_in_row[row], end, left)
        last = bucket
        while last < end and streets.grid.column[last] <= right:
            last += 1
        for entry in range(streets.grid.first[bucket], streets.grid.first[last]):
            vertex = streets.grid.vertex[entry]
            x0, y0 = (streets.vertices[vertex, 0] - x) * per_lon, (streets.vertices[vertex, 1] - y) * per_lat
            dx = (streets.vertices[vertex + 1, 0] - streets.vertices[vertex, 0]) * per_lon
            dy = (streets.vertices[vertex + 1, 1] - streets.vertices[vertex, 1]) * per_lat
            length2 = dx * dx + dy * dy
            if length2 == 0.0:
                continue
            part = nearest_part(x0, y0, dx, dy)
            off_x, off_y = x0 + part * dx, y0 + part * dy
            off_m2 = off_x * off_x + off_y * off_y
            if off_m2 > limit_m2:
                continue
            near = True
            if off_m2 > nearest_m2 or (off_m2 == nearest_m2 and vertex >= nearest):
                continue
            least = least_cosine * math.sqrt(length2)
            one, other = dx * before[0] + dy * before[1], dx * after[0] + dy * after[1]
            way = 2 * streets.grid.edge[entry]
            if max(one, other) >= least and streets.open_[way]:
                nearest_m2, nearest, nearest_way = off_m2, vertex, way
            elif min(one, other) <= -least and streets.open_[way + 1]:
                nearest_m2, nearest, nearest_way = off_m2, vertex, way + 1
    return near, math.sqrt(nearest_m2), nearest_way, nearest


@kernel
def follow(
    fixes: Fixes, anchor: IntArray, begins: FlagArray, matched: Matched, streets: Streets, max_speed_m_s: float
) -> tuple[Passes, IntArray]:
    """Follow couriers from anchor to anchor: their passes along edges, and the number of steps by fate.

    The seconds of a step are shared out over the edges of its way by their metres. What a courier rides on one edge
    without a break is one pass.
    """
    room = _room(streets)
    fates = np.zeros(len(FATES), dtype=np.int64)
    passes = Passes(np.empty(64, dtype=np.int64), np.empty(64, dtype=np.int64), np.empty(64), np.empty(64))
    n, joined = 0, False
    for at in range(1, anchor.size):
        if begins[at]:
            joined = False
            continue
        fate, n_path, begin_m, end_m = _way_between(fixes, anchor, matched, at, streets, room)
        total_m = begin_m + end_m
        for k in range(n_path):
            total_m += streets.length_m[room.path[k] >> 1]
        row = anchor[at - 1]
        step_s = (fixes.t_us[anchor[at]] - fixes.t_us[row]) / _US_PER_S
        if fate == _MATCHED and total_m > max_speed_m_s * step_s:
            fate = _TOO_FAST
        fates[fate] += 1
        joined = joined and fate == _MATCHED
        if fate == _MATCHED:
            passes = _with_space(passes, n, n_path + 2)
            s_per_m = step_s / total_m if total_m > 0.0 else 0.0
            n = _add(passes, n, row, matched.way[at - 1], begin_m, s_per_m, joined=joined)
            for k in range(n_path - 1, -1, -1):
                n = _add(passes, n, row, room.path[k], streets.length_m[room.path[k] >> 1], s_per_m, joined=True)
            n = _add(passes, n, row, matched.way[at], end_m, s_per_m, joined=True)
            joined = True
    return Passes(
        passes.way[:n].copy(), passes.row[:n].copy(), passes.metres[:n].copy(), passes.seconds[:n].copy()
    ), fates


@kernel
def _with_space(passes: Passes, n: int, more: int) -> Passes:
    """Return the passes, or longer arrays of the same content, so that `more` fit behind the first `n`."""
    if n + more <= passes.way.size:
        return passes
    return Passes(with_room(passes.way, n, more), with_room(passes.row, n, more),
                  with_room(passes.metres, n, more), with_room(passes.seconds, n, more))  # fmt: skip


@kernel
def _add(passes: Passes, n: int, row: int, way: int, metres: float, s_per_m: float, joined: bool) -> int:  # noqa: FBT001
    """Add what was ridden on a way to the pass before, if it goes on there, or as a pass of its own."""
    if joined and passes.way[n - 1] == way:
        n -= 1
    else:
        passes.way[n], passes.row[n], passes.metres[n], passes.seconds[n] = way, row, 0.0, 0.0
    passes.metres[n] += metres
    passes.seconds[n] += metres * s_per_m
    return n + 1


@kernel
def _way_between(
    fixes: Fixes, anchor: IntArray, matched: Matched, at: int, streets: Streets, room: Room
) -> tuple[int, int, float, float]:
    """Find the way to an anchor from the one before: its fate, edges between (in `room.path`), metres on both edges."""
    one, other = matched.way[at - 1], matched.way[at]
    if one < 0 or other < 0:
        near = (one >= 0 or matched.near[at - 1]) and (other >= 0 or matched.near[at])
        return (_ACROSS if near else _OFF), 0, 0.0, 0.0
    row = anchor[at - 1]
    east, north = offset_m(matched.lon[at - 1], matched.lat[at - 1], matched.lon[at], matched.lat[at],
                           fixes.per_lon[row], fixes.per_lat[row])  # fmt: skip
    most_m = _DETOUR * math.sqrt(east * east + north * north) + _DETOUR_SLACK_M
    one_m, other_m = streets.length_m[one >> 1], streets.length_m[other >> 1]
    if one == other:
        ahead_m = (matched.share[at] - matched.share[at - 1]) * one_m * (-1.0 if one & 1 else 1.0)
        if 0.0 <= ahead_m <= most_m:
            return _MATCHED, 0, ahead_m, 0.0
    begin_m = one_m * (matched.share[at - 1] if one & 1 else 1.0 - matched.share[at - 1])
    end_m = other_m * (1.0 - matched.share[at] if other & 1 else matched.share[at])
    left_m = most_m - begin_m - end_m
    if left_m < 0.0:
        return _NO_WAY, 0, 0.0, 0.0
    n_path = _shortest(streets.end[one], streets.end[other ^ 1], left_m, streets, room,
                       fixes.per_lon[row], fixes.per_lat[row])  # fmt: skip
    return (_MATCHED, n_path, begin_m, end_m) if n_path >= 0 else (_NO_WAY, 0, 0.0, 0.0)


@kernel
def _room(streets: Streets) -> Room:
    n_nodes = streets.first_out.size - 1
    degree = 0
    for node in range(n_nodes):
        degree = max(degree, streets.first_out[node + 1] - streets.first_out[node])
    size = _MOST_NODES * degree + 1  # a node that is looked at pushes no more than its ways
    return Room(np.full(n_nodes, math.inf), np.empty(n_nodes, dtype=np.int64), np.empty(size),
                np.empty(size, dtype=np.int32), np.empty(size, dtype=np.int32),
                np.empty(size, dtype=np.int64))  # fmt: skip


@kernel
def _shortest(
    begin: int, end: int, most_m: float, streets: Streets, room: Room, per_lon: float, per_lat: float
) -> int:  # fmt: skip
    """Write the shortest way from node to node into `room.path`, last edge first: their number, or -1 if too long."""
    if begin == end:
        return 0
    room.best[begin] = 0.0
    room.seen[0] = begin
    n_seen, size, settled, n_path = 1, 1, 0, -1
    room.keys[0], room.items[0] = 0.0, begin
    while size > 0 and settled < _MOST_NODES:
        key, node = room.keys[0], room.items[0]
        pop(room.keys, room.items, size)
        size -= 1
        if node == end:
            n_path = _trace(begin, end, streets, room)
            break
        spent_m = room.best[node]
        if key > spent_m + _left_m(node, end, streets, per_lon, per_lat):
            continue
        settled += 1
        for k in range(streets.first_out[node], streets.first_out[node + 1]):
            way = streets.out[k]
            there, there_m = streets.end[way], spent_m + streets.length_m[way >> 1]
            if there_m >= room.best[there]:
                continue
            bound_m = there_m + _left_m(there, end, streets, per_lon, per_lat)
            if bound_m > most_m:
                continue
            if room.best[there] == math.inf:
                room.seen[n_seen] = there
                n_seen += 1
            room.best[there], room.by[there] = there_m, way
            push(room.keys, room.items, size, bound_m, there)
            size += 1
    for k in range(n_seen):
        room.best[room.seen[k]] = math.inf
    return n_path


@inlined
def _left_m(node: int, end: int, streets: Streets, per_lon: float, per_lat: float) -> float:
    """Tell the straight line to the end: no way is shorter, but for rounding."""
    east, north = offset_m(streets.lon[node], streets.lat[node], streets.lon[end], streets.lat[end], per_lon, per_lat)
    return _STRAIGHT_SHARE * math.sqrt(east * east + north * north)


@kernel
def _trace(begin: int, end: int, streets: Streets, room: Room) -> int:
    """Write the ways that led to a node, last one first."""
    n, node = 0, end
    while node != begin:
        way = room.by[node]
        room.path[n] = way
        n += 1
        node = streets.end[way ^ 1]
    return n
