"""What couriers do all day, compiled: orders, waits, rests, ways between them, and what their receivers record.

Chance comes from a counter-based generator of whole numbers and only +, -, x, / and square roots touch it, all of
which IEEE 754 defines to the last bit: the same seed gives the same day on every processor, and a courier's day does
not depend on which batch or thread it was computed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.sample._routes import Roads, Scratch, find_way

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

__all__ = [
    "COURIER",
    "DEPOT",
    "DOOR",
    "DRIVER",
    "GROUPS",
    "HOME",
    "KERB",
    "PICK_UP",
    "REST",
    "RIDER",
    "TILE_M",
    "Recorder",
    "Town",
    "WordArray",
    "simulate_days",
]

WordArray = npt.NDArray[np.uint64]
SecondArray = npt.NDArray[np.int32]
ByteArray = npt.NDArray[np.uint8]

RIDER, COURIER, DRIVER = 0, 1, 2
GROUPS = ("rider", "courier", "driver")

# Sorts of places: restaurants and shops; customers; where one waits for the next order and hands out parcels; where one
# rests, at stations and elsewhere; homes; depots.
PICK_UP, DOOR, KERB, REST, HOME, DEPOT = range(6)

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
# Behaviour: plausible, not measured. Ranges are (least, most) of uniform draws, shares are chances, hours are local.
_EBIKE_M_S = (4.0, 5.6)  # 15-20 km/h; the 2025 standard plans with 15
_CAR_M_S = (6.5, 9.5)
_TRIP_PACE = (0.85, 1.15)  # a trip's speed next to its rider's
_ON_FOOT_M_S = 1.8
_LIGHT_SHARE, _LIGHT_S = 0.25, (5.0, 45.0)
_SPACING_S = (10.0, 15.0)  # platform devices send every 5-30 s
_HEARD_INDOORS_S, _INDOOR_NOISE_M = 30.0, 8.0
_SEARCH_S = 10.0  # until satellites are found again outdoors
_AT_HOME_S = (300.0, 1200.0)  # before and after work
_OPEN_SKY_M = 5.0  # noise at home and in the depot's yard
_REST_SPREAD_M = 7.0
_REST_INDOORS_SHARE = 0.2
_REST_NOISE = 0.8  # who rests stands still: errors drift less
_LONGEST_STINT_S = 4.0 * 3600.0  # then 20 minutes' pause are due (2025 standard)

_LUNCH_H, _DINNER_H, _SLACK_H = (10.5, 13.5), (17.5, 20.5), (13.6, 17.3)
_RIDER_BEGINS_H, _RIDER_EARLY_H, _RIDER_EARLY_SHARE, _RIDER_LASTS_H = (9.2, 10.4), (6.2, 7.0), 0.15, (10.0, 12.2)
_SLACK_REST_SHARE, _SLACK_RESTS = 0.4, 2
_SLACK_REST_S, _SHORT_REST_S = (1200.0, 5400.0), (1200.0, 2400.0)
_IDLE_PEAK_S, _IDLE_SLACK_S, _IDLE_S, _IDLE_SPREAD = 100.0, 900.0, 480.0, (0.4, 1.6)
_IDLE_MOVES_S = 240.0  # who waits longer goes to a kerb where others wait
_MEAL_PEAK_S, _MEAL_S, _MEAL_INDOORS_SHARE = (90.0, 540.0), (90.0, 300.0), 0.35
_SECOND_ORDER_SHARE = 0.45
_DOOR_S, _DOOR_INDOORS_SHARE = (50.0, 200.0), 0.5

_COURIER_BEGINS_H, _COURIER_LASTS_H = (6.9, 7.7), (10.8, 12.0)
_SORTING_SHARE, _NOON_SHARE, _AFTERNOON_SHARE = (0.05, 0.09), (0.42, 0.48), (0.68, 0.74)  # of the day
_LUNCH_S, _LUNCH_INDOORS_SHARE = (900.0, 1800.0), 0.6
_NAP_S, _BREAK_S = (1500.0, 4800.0), (900.0, 2400.0)
_SECOND_LOAD_SHARE, _BREAK_SHARE, _LOADING_S = 0.5, 0.6, (600.0, 1800.0)
_LAST_LEG_S, _CLOSING_S = (900.0, 1800.0), (600.0, 1500.0)
_MOST_DOORS, _DOORS_SPREAD_M, _PARCEL_S, _PARCEL_INDOORS_SHARE = 5.0, 22.0, (30.0, 150.0), 0.45
_KERB_S = (60.0, 420.0)

_DRIVER_BEGINS_H, _DRIVER_LASTS_H = (6.3, 9.0), (9.0, 12.0)
_NOON_H, _TEA_H, _QUIET_STINT_S, _DRIVER_REST_S = (11.7, 13.3), (14.5, 16.8), 2.5 * 3600.0, (1200.0, 3600.0)
_CALL_S, _LONG_CALL_S, _BOARD_S, _ALIGHT_S = 60.0, 780.0, (30.0, 120.0), (20.0, 60.0)

_LATER_AT_WEEKENDS_H = 0.5
_LATEST_H = 23.2
_LONGEST_DAY_S = 0.96 * _DAY_S
# A shift lasts this many times longer than its fixes alone would take, because receivers fall silent indoors.
_SILENCE = 1.35
# How far, in tiles, one looks for the next place.
_NEAR, _AROUND, _FAR, _ANYWHERE = 1, 2, 3, 7
# A tile with this many places of weight 1 is never refused.
_FULL_TILE = 12.0
_DRAWS = 60
# Clock fields.
_NOW, _NEXT, _X, _Y, _EX, _EY, _SPEED, _PERIOD = 0, 1, 2, 3, 4, 5, 6, 7
# Counter fields.
_COUNT, _LIMIT, _SEARCH = 0, 1, 2


class Town(NamedTuple):
    """All that a day needs to know of a city: the network, and places of six sorts, by sort and tile."""

    roads: Roads
    x: FloatArray
    y: FloatArray
    node: IntArray
    """The node of the network from which a place is reached."""
    weight: FloatArray
    """Attraction of a place, above 0."""
    start: IntArray
    """First place of each (sort, tile), tile = column * rows + row; one column more than tiles, for the end."""
    low_x: float
    low_y: float
    columns: int
    rows: int


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
    return z ^ (z >> _S31)  # type: ignore[no-any-return]


@kernel
def _uniform(r: Recorder) -> float:
    return float(_word(r) >> _S11) * _UNIT_53


@kernel
def _within(r: Recorder, limits: tuple[float, float]) -> float:
    return limits[0] + (limits[1] - limits[0]) * _uniform(r)


@kernel
def _happens(r: Recorder, share: float) -> bool:
    return _uniform(r) < share


@kernel
def _is(hour: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= hour < limits[1]


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
    clock[_NEXT] += min(max(step, _SPACING_S[0]), _SPACING_S[1])


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
    heard = min(_HEARD_INDOORS_S, duration_s)
    _stay(r, heard, _INDOOR_NOISE_M)
    clock = r.clock
    clock[_NOW] += duration_s - heard
    if clock[_NEXT] <= clock[_NOW]:
        clock[_NEXT] = np.floor(clock[_NOW]) + 1.0 + np.floor(_SEARCH_S * _uniform(r))


@kernel
def _walk_to(r: Recorder, x: float, y: float, noise_m: float) -> None:
    dx, dy = x - r.clock[_X], y - r.clock[_Y]
    _move(r, x, y, np.sqrt(dx * dx + dy * dy) / _ON_FOOT_M_S, noise_m)


@kernel
def _travel(r: Recorder, town: Town, scratch: Scratch, origin: int, place: int) -> int:
    """Ride from near a node to a place and return the place's node."""
    roads = town.roads
    target = town.node[place]
    r.counter[_SEARCH] += 1
    steps = find_way(roads, scratch, r.counter[_SEARCH], origin, target)
    speed = r.clock[_SPEED] * _within(r, _TRIP_PACE)
    for step in range(steps - 1, -1, -1):
        node = scratch.way[step]
        dx, dy = roads.x[node] - r.clock[_X], roads.y[node] - r.clock[_Y]
        _move(r, roads.x[node], roads.y[node], np.sqrt(dx * dx + dy * dy) / speed, roads.noise_m[node])
        if roads.lights[node] and step > 0 and _happens(r, _LIGHT_SHARE):
            _stay(r, _within(r, _LIGHT_S), roads.noise_m[node])
    _walk_to(r, town.x[place], town.y[place], roads.noise_m[target])
    return target  # type: ignore[no-any-return]


@kernel
def _draw(r: Recorder, town: Town, sort: int, reach: int) -> int:
    """Draw a place of a sort within `reach` tiles, by weight; the last one looked at where chance refuses many."""
    column = int((r.clock[_X] - town.low_x) / TILE_M)
    row = int((r.clock[_Y] - town.low_y) / TILE_M)
    wide = 2.0 * reach + 1.0
    found = -1
    for _ in range(_DRAWS):
        c = column - reach + int(wide * _uniform(r))
        w = row - reach + int(wide * _uniform(r))
        if c < 0 or w < 0 or c >= town.columns or w >= town.rows:
            continue
        first, after = town.start[sort, c * town.rows + w], town.start[sort, c * town.rows + w + 1]
        if after == first:
            continue
        found = first + int(_uniform(r) * (after - first))
        # A tile is met as often as any other: the number of its places counts, so that crowds draw crowds.
        if _uniform(r) * _FULL_TILE < town.weight[found] * (after - first):
            return found  # type: ignore[no-any-return]
    if found < 0:
        first, after = town.start[sort, 0], town.start[sort, -1]
        found = first + int(_uniform(r) * (after - first))
    return found


@kernel
def _draw_near(r: Recorder, town: Town, sort: int, reach: int, tries: int) -> int:
    """Draw some places around and take the nearest of them."""
    x, y = r.clock[_X], r.clock[_Y]
    chosen, least = -1, np.inf
    for _ in range(tries):
        place = _draw(r, town, sort, reach)
        dx, dy = town.x[place] - x, town.y[place] - y
        if dx * dx + dy * dy < least:
            chosen, least = place, dx * dx + dy * dy
    return chosen


@kernel
def _rest(r: Recorder, town: Town, scratch: Scratch, node: int, limits: tuple[float, float]) -> int:
    """Ride to a place to rest, move a little on it, and stay; indoors now and then."""
    place = _draw_near(r, town, REST, _AROUND, 3)
    node = _travel(r, town, scratch, node, place)
    noise_m = town.roads.noise_m[node]
    x, y = town.x[place], town.y[place]
    _walk_to(r, x + _REST_SPREAD_M * _normal(r), y + _REST_SPREAD_M * _normal(r), noise_m)
    half = 0.5 * (limits[0] + _within(r, limits))  # shorter rests are commoner
    long = half + 0.5 * (_within(r, limits) - limits[0])
    if _happens(r, _REST_INDOORS_SHARE):
        _vanish(r, long)
    else:
        _stay(r, long, _REST_NOISE * noise_m)
    return node


@kernel
def _handover(r: Recorder, town: Town, node: int, limits: tuple[float, float], indoors_share: float) -> None:
    long = _within(r, limits)
    if _happens(r, indoors_share):
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
        peak = _is(hour, _LUNCH_H) or _is(hour, _DINNER_H)
        slack = _is(hour, _SLACK_H)
        tired = r.clock[_NOW] - rested > _LONGEST_STINT_S and not peak
        if tired or (slack and afternoon < _SLACK_RESTS and _happens(r, _SLACK_REST_SHARE)):
            afternoon += 1 if slack else 0
            node = _rest(r, town, scratch, node, _SLACK_REST_S if slack else _SHORT_REST_S)
            rested = r.clock[_NOW]
            continue
        idle = _within(r, _IDLE_SPREAD) * (_IDLE_PEAK_S if peak else (_IDLE_SLACK_S if slack else _IDLE_S))
        if idle > _IDLE_MOVES_S:
            place = _draw_near(r, town, KERB, _NEAR, 3)
            node = _travel(r, town, scratch, node, place)
        _stay(r, idle, town.roads.noise_m[node])
        place = _draw_near(r, town, PICK_UP, _AROUND, 2)
        node = _travel(r, town, scratch, node, place)
        _handover(r, town, node, _MEAL_PEAK_S if peak else _MEAL_S, _MEAL_INDOORS_SHARE)
        for _ in range(2 if peak and _happens(r, _SECOND_ORDER_SHARE) else 1):
            place = _draw_near(r, town, DOOR, _FAR, 2)
            node = _travel(r, town, scratch, node, place)
            _handover(r, town, node, _DOOR_S, _DOOR_INDOORS_SHARE)
    return node


@kernel
def _hand_out(r: Recorder, town: Town, scratch: Scratch, node: int, until: float) -> int:
    """Hand out parcels: park at a kerb, go to doors around it, ride on."""
    while r.clock[_NOW] < until and r.counter[_COUNT] < r.counter[_LIMIT]:
        place = _draw_near(r, town, KERB, _NEAR, 2)
        node = _travel(r, town, scratch, node, place)
        noise_m = town.roads.noise_m[node]
        x, y = town.x[place], town.y[place]
        for _ in range(1 + int(_uniform(r) * _MOST_DOORS)):
            _walk_to(r, x + _DOORS_SPREAD_M * _normal(r), y + _DOORS_SPREAD_M * _normal(r), noise_m)
            _handover(r, town, node, _PARCEL_S, _PARCEL_INDOORS_SHARE)
        _walk_to(r, x, y, noise_m)
        _stay(r, _within(r, _KERB_S), noise_m)
    return node


@kernel
def _courier_day(r: Recorder, town: Town, scratch: Scratch, node: int, depot: int, ends: float) -> int:
    """Carry parcels: sort at the depot, hand out, lunch and rest, hand out and collect, depot."""
    began = r.clock[_NOW]
    long = ends - began
    node = _travel(r, town, scratch, node, depot)
    _stay(r, _within(r, _SORTING_SHARE) * long, _OPEN_SKY_M)
    node = _hand_out(r, town, scratch, node, began + _within(r, _NOON_SHARE) * long)
    place = _draw_near(r, town, PICK_UP, _NEAR, 2)
    node = _travel(r, town, scratch, node, place)
    _handover(r, town, node, _LUNCH_S, _LUNCH_INDOORS_SHARE)
    node = _rest(r, town, scratch, node, _NAP_S)
    if _happens(r, _SECOND_LOAD_SHARE):
        node = _travel(r, town, scratch, node, depot)
        _stay(r, _within(r, _LOADING_S), _OPEN_SKY_M)
    node = _hand_out(r, town, scratch, node, began + _within(r, _AFTERNOON_SHARE) * long)
    if _happens(r, _BREAK_SHARE):
        node = _rest(r, town, scratch, node, _BREAK_S)
    node = _hand_out(r, town, scratch, node, ends - _within(r, _LAST_LEG_S))
    node = _travel(r, town, scratch, node, depot)
    _stay(r, _within(r, _CLOSING_S), _OPEN_SKY_M)
    return node


@kernel
def _driver_day(r: Recorder, town: Town, scratch: Scratch, node: int, ends: float) -> int:
    """Carry people across the city; rest at noon and in the afternoon."""
    rested = r.clock[_NOW]
    while r.clock[_NOW] < ends and r.counter[_COUNT] < r.counter[_LIMIT]:
        hour = r.clock[_NOW] / _HOUR_S
        quiet = _is(hour, _NOON_H) or _is(hour, _TEA_H)
        if r.clock[_NOW] - rested > (_QUIET_STINT_S if quiet else _LONGEST_STINT_S):
            node = _rest(r, town, scratch, node, _DRIVER_REST_S)
            rested = r.clock[_NOW]
            continue
        place = _draw_near(r, town, KERB, _AROUND, 2)
        node = _travel(r, town, scratch, node, place)
        _stay(r, _CALL_S + _LONG_CALL_S * _uniform(r) * _uniform(r), town.roads.noise_m[node])
        place = _draw_near(r, town, DOOR, _NEAR, 2)
        node = _travel(r, town, scratch, node, place)
        _stay(r, _within(r, _BOARD_S), town.roads.noise_m[node])
        place = _draw(r, town, DOOR, _ANYWHERE)
        node = _travel(r, town, scratch, node, place)
        _stay(r, _within(r, _ALIGHT_S), town.roads.noise_m[node])
    return node


@kernel
def _hours(r: Recorder, group: int, weekend: int, wanted_s: float) -> tuple[float, float]:
    """When a working day begins and ends, in seconds of the local day."""
    later = _LATER_AT_WEEKENDS_H * weekend
    if group == RIDER:
        early = _happens(r, _RIDER_EARLY_SHARE)
        begins = _within(r, _RIDER_EARLY_H if early else _RIDER_BEGINS_H) + later
        ends = begins + _within(r, _RIDER_LASTS_H)
    elif group == COURIER:
        begins = _within(r, _COURIER_BEGINS_H) + later
        ends = begins + _within(r, _COURIER_LASTS_H)
    else:
        begins = _within(r, _DRIVER_BEGINS_H)
        ends = begins + _within(r, _DRIVER_LASTS_H)
    ends = min(ends, _LATEST_H)
    if wanted_s > 0.0:  # a shift of a given length, about the middle of the day; it ends with its last fix
        day_h, half_h = _DAY_S / _HOUR_S, 0.5 * wanted_s / _HOUR_S
        begins, ends = min(max(0.5 * (begins + ends), half_h), day_h - half_h) - half_h, day_h
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
        clock[_PERIOD] = np.floor(_SPACING_S[0] + 1.0 + 4.0 * _uniform(r))  # 11 to 14, give or take one
        clock[_EX], clock[_EY] = _normal(r), _normal(r)
        wanted_s = quota[courier] * clock[_PERIOD] * _SILENCE
        begins, ends = _hours(r, group, weekend, min(wanted_s, _LONGEST_DAY_S))
        clock[_SPEED] = _within(r, _CAR_M_S if group == DRIVER else _EBIKE_M_S)
        clock[_NOW] = begins - _within(r, _AT_HOME_S)
        clock[_NOW] = max(clock[_NOW], 0.0)
        clock[_NEXT] = np.floor(clock[_NOW]) + 1.0
        clock[_X], clock[_Y] = town.x[home], town.y[home]
        node = town.node[home]
        _move(r, clock[_X], clock[_Y], begins - clock[_NOW], _OPEN_SKY_M)
        if group == RIDER:
            node = _rider_day(r, town, scratch, node, ends)
        elif group == COURIER:
            node = _courier_day(r, town, scratch, node, depot, ends)
        else:
            node = _driver_day(r, town, scratch, node, ends)
        _travel(r, town, scratch, node, home)
        _stay(r, _within(r, _AT_HOME_S), _OPEN_SKY_M)
        while quota[courier] > 0 and r.counter[_COUNT] < r.counter[_LIMIT]:
            _stay(r, _AT_HOME_S[1], _OPEN_SKY_M)
        counts[courier] = r.counter[_COUNT] - first
    return counts
