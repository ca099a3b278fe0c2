"""What couriers do all day, compiled: orders, waits, rests, ways between them, and what their receivers record.

Chance comes from a counter-based generator of whole numbers and only +, -, x, / and square roots touch it, all of
which IEEE 754 defines to the last bit: the same seed gives the same day on every processor, and a courier's day does
not depend on which batch or thread it was computed in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.sample._routes import Roads, Scratch, find_way
from stationgeo.schema import FloatArray, IntArray

__all__ = ["COURIER", "DRIVER", "GROUPS", "RIDER", "TILE_M", "Places", "Recorder", "Town", "simulate_days"]

WordArray = npt.NDArray[np.uint64]
SecondArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]

RIDER, COURIER, DRIVER = 0, 1, 2
GROUPS = ("rider", "courier", "driver")

# Places are looked up by square tiles of this size.
TILE_M = 600.0

_HOUR_S = 3600.0
_DAY_S = 86_400.0
# SplitMix64 (Steele, Lea and Flood 2014): the golden-ratio step and the two multipliers of its mixer.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11, _S16 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11), np.uint64(16)
_LOW_16 = np.uint64(0xFFFF)
_UNIT_53 = 1.0 / 9_007_199_254_740_992.0  # 2 ** -53
_UNIT_16 = 1.0 / 65_536.0
# The sum of four uniform numbers has mean 2 and variance 1/3.
_ROOT_3 = 1.732_050_807_568_877_2
# GPS errors drift: what is left of an error at the next fix, and the share that is new (their squares add to 1).
_ERROR_KEPT, _ERROR_NEW = 0.8, 0.6
# Riding speeds in m/s: e-bikes 15-20 km/h (the 2025 standard plans with 15), cars in a town, and on foot.
_EBIKE_SLOW, _EBIKE_FAST = 4.0, 5.6
_CAR_SLOW, _CAR_FAST = 6.5, 9.5
_PARKING_SPEED = 1.8
# Clock fields.
_NOW, _NEXT, _X, _Y, _EX, _EY, _SPEED, _PERIOD = 0, 1, 2, 3, 4, 5, 6, 7
# Counter fields.
_COUNT, _LIMIT, _SEARCH = 0, 1, 2


class Places(NamedTuple):
    """Places of one sort, in the order of their tiles."""

    x: FloatArray
    y: FloatArray
    node: IntArray
    """The node of the network from which they are reached."""
    weight: FloatArray
    """Attraction in (0, 1]."""
    start: IntArray
    """First place of each tile, tile = column * rows + row."""
    low_x: float
    low_y: float
    columns: int
    rows: int


class Town(NamedTuple):
    """All that a day needs to know of a city."""

    roads: Roads
    pick_ups: Places
    """Restaurants and shops."""
    doors: Places
    """Customers."""
    kerbs: Places
    """Where one waits for the next order, and where parcels are handed out."""
    rests: Places
    """Where one rests: stations and elsewhere."""
    homes: Places
    depots: Places


class Recorder(NamedTuple):
    """Where fixes are written, and the state of the courier who makes them."""

    second: SecondArray
    """Seconds of the local day, from 0."""
    x: FloatArray
    y: FloatArray
    accuracy_m: ByteArray
    clock: FloatArray
    counter: IntArray
    chance: WordArray


@kernel
def _word(r: Recorder) -> np.uint64:
    r.chance[0] += _STEP
    z = r.chance[0]
    z = (z ^ (z >> _S30)) * _MIX_1
    z = (z ^ (z >> _S27)) * _MIX_2
    return z ^ (z >> _S31)


@kernel
def _uniform(r: Recorder) -> float:
    return np.float64(_word(r) >> _S11) * _UNIT_53


@kernel
def _between(r: Recorder, low: float, high: float) -> float:
    return low + (high - low) * _uniform(r)


@kernel
def _normal(r: Recorder) -> float:
    word = _word(r)
    total = 0.0
    for _ in range(4):
        total += np.float64(word & _LOW_16) * _UNIT_16
        word = word >> _S16
    return (total - 2.0) * _ROOT_3


@kernel
def _record(r: Recorder, x: float, y: float, noise_m: float) -> None:
    """Write one fix at the clock's next time and set the time of the one after."""
    clock = r.clock
    clock[_EX] = _ERROR_KEPT * clock[_EX] + _ERROR_NEW * _normal(r)
    clock[_EY] = _ERROR_KEPT * clock[_EY] + _ERROR_NEW * _normal(r)
    n = r.counter[_COUNT]
    r.second[n] = np.int32(clock[_NEXT])
    r.x[n] = x + noise_m * clock[_EX]
    r.y[n] = y + noise_m * clock[_EY]
    r.accuracy_m[n] = np.uint8(noise_m + 1.0 + 2.0 * _uniform(r))
    r.counter[_COUNT] = n + 1
    step = clock[_PERIOD] + np.floor(3.0 * _uniform(r)) - 1.0
    clock[_NEXT] += min(max(step, 10.0), 15.0)


@kernel
def _move(r: Recorder, x: float, y: float, duration_s: float, noise_m: float) -> None:
    """Go straight to a point in that time, recording on the way."""
    clock = r.clock
    began, from_x, from_y = clock[_NOW], clock[_X], clock[_Y]
    ends = began + duration_s
    while clock[_NEXT] <= ends and r.counter[_COUNT] < r.counter[_LIMIT]:
        share = 1.0 if duration_s <= 0.0 else max(0.0, (clock[_NEXT] - began) / duration_s)
        _record(r, from_x + share * (x - from_x), from_y + share * (y - from_y), noise_m)
    clock[_NOW], clock[_X], clock[_Y] = ends, x, y


@kernel
def _stay(r: Recorder, duration_s: float, noise_m: float) -> None:
    _move(r, r.clock[_X], r.clock[_Y], duration_s, noise_m)


@kernel
def _vanish(r: Recorder, duration_s: float) -> None:
    """Stay indoors: the receiver hears no satellite after the first half minute."""
    heard = min(30.0, duration_s)
    _stay(r, heard, 8.0)
    clock = r.clock
    clock[_NOW] += duration_s - heard
    if clock[_NEXT] <= clock[_NOW]:
        clock[_NEXT] = np.floor(clock[_NOW]) + 1.0 + np.floor(10.0 * _uniform(r))


@kernel
def _walk_to(r: Recorder, x: float, y: float, noise_m: float) -> None:
    dx, dy = x - r.clock[_X], y - r.clock[_Y]
    _move(r, x, y, np.sqrt(dx * dx + dy * dy) / _PARKING_SPEED, noise_m)


@kernel
def _travel(r: Recorder, town: Town, scratch: Scratch, origin: int, places: Places, place: int) -> int:
    """Ride from near a node to a place and return the place's node."""
    roads = town.roads
    target = places.node[place]
    r.counter[_SEARCH] += 1
    steps = find_way(roads, scratch, r.counter[_SEARCH], origin, target)
    speed = r.clock[_SPEED] * _between(r, 0.85, 1.15)
    for step in range(steps - 1, -1, -1):
        node = scratch.way[step]
        dx, dy = roads.x[node] - r.clock[_X], roads.y[node] - r.clock[_Y]
        _move(r, roads.x[node], roads.y[node], np.sqrt(dx * dx + dy * dy) / speed, roads.noise_m[node])
        if roads.lights[node] and step > 0 and _uniform(r) < 0.25:
            _stay(r, _between(r, 5.0, 45.0), roads.noise_m[node])
    _walk_to(r, places.x[place], places.y[place], roads.noise_m[target])
    return target


@kernel
def _draw(r: Recorder, places: Places, x: float, y: float, reach: int) -> int:
    """Draw a place within `reach` tiles, by weight; the last one looked at where chance refuses all of many."""
    column = int((x - places.low_x) / TILE_M)
    row = int((y - places.low_y) / TILE_M)
    found = -1
    for _ in range(60):
        c = column + int(_between(r, -reach, reach + 1) // 1.0)
        w = row + int(_between(r, -reach, reach + 1) // 1.0)
        if c < 0 or w < 0 or c >= places.columns or w >= places.rows:
            continue
        first, after = places.start[c * places.rows + w], places.start[c * places.rows + w + 1]
        if after == first:
            continue
        found = first + int(_uniform(r) * (after - first))
        # A tile is met as often as any other: the number of its places counts, so that crowds draw crowds.
        if _uniform(r) * 12.0 < places.weight[found] * (after - first):
            return found
    if found < 0:
        found = int(_uniform(r) * len(places.x))
    return found


@kernel
def _draw_near(r: Recorder, places: Places, reach: int, tries: int) -> int:
    """Draw some places around and take the nearest of them."""
    x, y = r.clock[_X], r.clock[_Y]
    chosen, least = -1, 1e18
    for _ in range(tries):
        place = _draw(r, places, x, y, reach)
        dx, dy = places.x[place] - x, places.y[place] - y
        if dx * dx + dy * dy < least:
            chosen, least = place, dx * dx + dy * dy
    return chosen


@kernel
def _rest(r: Recorder, town: Town, scratch: Scratch, node: int, low_s: float, high_s: float) -> int:
    """Ride to a place to rest, move a little on it, and stay; indoors now and then."""
    place = _draw_near(r, town.rests, 2, 3)
    node = _travel(r, town, scratch, node, town.rests, place)
    noise_m = town.roads.noise_m[node]
    x, y = town.rests.x[place], town.rests.y[place]
    _walk_to(r, x + 7.0 * _normal(r), y + 7.0 * _normal(r), noise_m)
    long = low_s + (high_s - low_s) * _uniform(r) * (0.4 + 0.6 * _uniform(r))
    if _uniform(r) < 0.2:
        _vanish(r, long)
    else:
        _stay(r, long, 0.8 * noise_m)
    return node


@kernel
def _handover(r: Recorder, town: Town, node: int, low_s: float, high_s: float, indoors: float) -> None:
    long = _between(r, low_s, high_s)
    if _uniform(r) < indoors:
        _vanish(r, long)
    else:
        _stay(r, long, town.roads.noise_m[node])


@kernel
def _rider_day(r: Recorder, town: Town, scratch: Scratch, node: int, ends: float) -> int:
    """Carry meals: orders by the hour, short waits at kerbs, rests between the peaks."""
    rested = r.clock[_NOW]
    afternoon = 0
    while r.clock[_NOW] < ends and r.counter[_COUNT] < r.counter[_LIMIT]:
        hour = r.clock[_NOW] / _HOUR_S
        peak = 10.5 <= hour < 13.5 or 17.5 <= hour < 20.5
        slack = 13.6 <= hour < 17.3
        tired = r.clock[_NOW] - rested > 4.0 * _HOUR_S and not peak
        if tired or (slack and afternoon < 2 and _uniform(r) < 0.4):
            afternoon += 1 if slack else 0
            node = _rest(r, town, scratch, node, 1200.0, 5400.0 if slack else 2400.0)
            rested = r.clock[_NOW]
            continue
        idle = (0.4 + 1.2 * _uniform(r)) * (100.0 if peak else (900.0 if slack else 480.0))
        if idle > 240.0:
            place = _draw_near(r, town.kerbs, 1, 3)
            node = _travel(r, town, scratch, node, town.kerbs, place)
        _stay(r, idle, town.roads.noise_m[node])
        place = _draw_near(r, town.pick_ups, 2, 2)
        node = _travel(r, town, scratch, node, town.pick_ups, place)
        _handover(r, town, node, 90.0, 540.0 if peak else 300.0, 0.35)
        for _ in range(2 if peak and _uniform(r) < 0.45 else 1):
            place = _draw_near(r, town.doors, 3, 2)
            node = _travel(r, town, scratch, node, town.doors, place)
            _handover(r, town, node, 50.0, 200.0, 0.5)
    return node


@kernel
def _hand_out(r: Recorder, town: Town, scratch: Scratch, node: int, until: float) -> int:
    """Hand out parcels: park at a kerb, go to doors around it, ride on."""
    while r.clock[_NOW] < until and r.counter[_COUNT] < r.counter[_LIMIT]:
        place = _draw_near(r, town.kerbs, 1, 2)
        node = _travel(r, town, scratch, node, town.kerbs, place)
        noise_m = town.roads.noise_m[node]
        x, y = town.kerbs.x[place], town.kerbs.y[place]
        for _ in range(1 + int(_uniform(r) * 5.0)):
            _walk_to(r, x + 22.0 * _normal(r), y + 22.0 * _normal(r), noise_m)
            _handover(r, town, node, 30.0, 150.0, 0.45)
        _walk_to(r, x, y, noise_m)
        _stay(r, _between(r, 60.0, 420.0), noise_m)
    return node


@kernel
def _courier_day(r: Recorder, town: Town, scratch: Scratch, node: int, depot: int, ends: float) -> int:
    """Carry parcels: sort at the depot, hand out, lunch and rest, hand out and collect, depot."""
    began = r.clock[_NOW]
    long = ends - began
    node = _travel(r, town, scratch, node, town.depots, depot)
    _stay(r, _between(r, 0.05, 0.09) * long, 5.0)
    node = _hand_out(r, town, scratch, node, began + _between(r, 0.42, 0.48) * long)
    place = _draw_near(r, town.pick_ups, 1, 2)
    node = _travel(r, town, scratch, node, town.pick_ups, place)
    _handover(r, town, node, 900.0, 1800.0, 0.6)
    node = _rest(r, town, scratch, node, 1500.0, 4800.0)
    if _uniform(r) < 0.5:
        node = _travel(r, town, scratch, node, town.depots, depot)
        _stay(r, _between(r, 600.0, 1800.0), 5.0)
    node = _hand_out(r, town, scratch, node, began + _between(r, 0.68, 0.74) * long)
    if _uniform(r) < 0.6:
        node = _rest(r, town, scratch, node, 900.0, 2400.0)
    node = _hand_out(r, town, scratch, node, ends - _between(r, 900.0, 1800.0))
    node = _travel(r, town, scratch, node, town.depots, depot)
    _stay(r, _between(r, 600.0, 1500.0), 5.0)
    return node


@kernel
def _driver_day(r: Recorder, town: Town, scratch: Scratch, node: int, ends: float) -> int:
    """Carry people across the city; rest at noon and in the afternoon."""
    rested = r.clock[_NOW]
    while r.clock[_NOW] < ends and r.counter[_COUNT] < r.counter[_LIMIT]:
        hour = r.clock[_NOW] / _HOUR_S
        quiet = 11.7 <= hour < 13.3 or 14.5 <= hour < 16.8
        if r.clock[_NOW] - rested > (2.5 if quiet else 4.0) * _HOUR_S:
            node = _rest(r, town, scratch, node, 1200.0, 3600.0)
            rested = r.clock[_NOW]
            continue
        place = _draw_near(r, town.kerbs, 2, 2)
        node = _travel(r, town, scratch, node, town.kerbs, place)
        _stay(r, 60.0 + 780.0 * _uniform(r) * _uniform(r), town.roads.noise_m[node])
        place = _draw_near(r, town.doors, 1, 2)
        node = _travel(r, town, scratch, node, town.doors, place)
        _stay(r, _between(r, 30.0, 120.0), town.roads.noise_m[node])
        place = _draw(r, town.doors, r.clock[_X], r.clock[_Y], 7)
        node = _travel(r, town, scratch, node, town.doors, place)
        _stay(r, _between(r, 20.0, 60.0), town.roads.noise_m[node])
    return node


@kernel
def _hours(r: Recorder, group: int, weekend: int, wanted_s: float) -> tuple[float, float]:
    """When a working day begins and ends, in seconds of the local day."""
    if group == RIDER:
        begins = _between(r, 9.2, 10.4) + 0.5 * weekend
        if _uniform(r) < 0.15:
            begins = _between(r, 6.2, 7.0)
        ends = begins + _between(r, 10.0, 12.2)
    elif group == COURIER:
        begins = _between(r, 6.9, 7.7) + 0.5 * weekend
        ends = begins + _between(r, 10.8, 12.0)
    else:
        begins = _between(r, 6.3, 9.0)
        ends = begins + _between(r, 9.0, 12.0)
    ends = min(ends, 23.2)
    if wanted_s > 0.0:  # a shift of a given length, about the middle of the day
        middle = min(max(0.5 * (begins + ends), 0.5 * wanted_s / _HOUR_S), 24.0 - 0.5 * wanted_s / _HOUR_S)
        begins, ends = middle - 0.5 * wanted_s / _HOUR_S, 24.0
    return begins * _HOUR_S, ends * _HOUR_S


@kernel
def simulate_days(
    town: Town, scratch: Scratch, r: Recorder, who: IntArray, keys: WordArray, weekend: int, quota: IntArray
) -> IntArray:
    """Simulate one day of several couriers, one after the other, into the recorder.

    Parameters
    ----------
    town
        The city.
    scratch
        Room for the search of ways.
    r
        Where fixes go; it must hold the quotas, or 8,700 fixes a courier where they are 0.
    who
        Per courier: group, home, depot (rows of the town's tables).
    keys
        Per courier-day: the seed of its chance.
    weekend
        1 on a Saturday or Sunday.
    quota
        Per courier: the exact number of fixes, or 0 for as many as the day gives.

    Returns
    -------
    ndarray of int64
        How many fixes each courier has.
    """
    counts = np.zeros(len(keys), dtype=np.int64)
    clock = r.clock
    for courier in range(len(keys)):
        group, home, depot = who[courier, 0], who[courier, 1], who[courier, 2]
        r.chance[0] = keys[courier]
        first = r.counter[_COUNT]
        r.counter[_LIMIT] = first + quota[courier] if quota[courier] > 0 else len(r.second)
        clock[_PERIOD] = 11.0 + np.floor(4.0 * _uniform(r))
        clock[_EX], clock[_EY] = _normal(r), _normal(r)
        wanted_s = quota[courier] * clock[_PERIOD] * 1.12
        begins, ends = _hours(r, group, weekend, min(wanted_s, 0.96 * _DAY_S))
        clock[_SPEED] = _between(r, _CAR_SLOW, _CAR_FAST) if group == DRIVER else _between(r, _EBIKE_SLOW, _EBIKE_FAST)
        clock[_NOW] = begins - _between(r, 300.0, 1200.0)
        clock[_NOW] = max(clock[_NOW], 0.0)
        clock[_NEXT] = np.floor(clock[_NOW]) + 1.0
        clock[_X], clock[_Y] = town.homes.x[home], town.homes.y[home]
        node = town.homes.node[home]
        _move(r, clock[_X], clock[_Y], begins - clock[_NOW], 5.0)
        if group == RIDER:
            node = _rider_day(r, town, scratch, node, ends)
        elif group == COURIER:
            node = _courier_day(r, town, scratch, node, depot, ends)
        else:
            node = _driver_day(r, town, scratch, node, ends)
        _travel(r, town, scratch, node, town.homes, home)
        _stay(r, _between(r, 300.0, 1200.0), 5.0)
        counts[courier] = r.counter[_COUNT] - first
    return counts
