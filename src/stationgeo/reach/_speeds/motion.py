"""Fixes of couriers in motion: rests left out, and the others thinned to steps that are longer than their noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import inlined, kernel

if TYPE_CHECKING:
    from stationgeo.reach._arrays import FlagArray
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Fixes", "MotionRule", "anchors", "offset_m", "rests"]

_HALF_TURN_DEG = 180.0


class Fixes(NamedTuple):
    """Fixes in order of courier and time."""

    courier: IntArray
    t_us: IntArray
    lon: FloatArray
    lat: FloatArray
    per_lon: FloatArray
    per_lat: FloatArray


class MotionRule(NamedTuple):
    """What is one way, what is a rest, and how far apart the fixes are that count."""

    max_gap_us: int
    rest_us: int
    rest_radius_m: float
    step_m: float
    step_us: int


@inlined
def offset_m(lon0: float, lat0: float, lon1: float, lat1: float, per_lon: float, per_lat: float) -> tuple[float, float]:
    """Tell the metres east and north from one place to another, by the shorter way around the globe."""
    turn = lon1 - lon0
    if turn > _HALF_TURN_DEG:
        turn -= 2.0 * _HALF_TURN_DEG
    elif turn < -_HALF_TURN_DEG:
        turn += 2.0 * _HALF_TURN_DEG
    return turn * per_lon, (lat1 - lat0) * per_lat


@kernel
def _apart_m(fixes: Fixes, one: int, other: int) -> float:
    east, north = offset_m(fixes.lon[one], fixes.lat[one], fixes.lon[other], fixes.lat[other],
                           fixes.per_lon[one], fixes.per_lat[one])  # fmt: skip
    return math.sqrt(east * east + north * north)


@kernel
def _goes_on(fixes: Fixes, row: int, max_gap_us: int) -> bool:
    """Tell whether the fix after `row` is of the same courier and not too late."""
    following = row + 1
    if following >= fixes.t_us.size or fixes.courier[following] != fixes.courier[row]:
        return False
    return bool(fixes.t_us[following] - fixes.t_us[row] <= max_gap_us)


@kernel
def rests(fixes: Fixes, rule: MotionRule) -> FlagArray:
    """Mark fixes of rests: a run within the radius around its first fix that lasts long enough."""
    at_rest = np.zeros(fixes.t_us.size, dtype=np.bool_)
    first = 0
    while first < at_rest.size:
        last = first
        while _goes_on(fixes, last, rule.max_gap_us) and _apart_m(fixes, first, last + 1) <= rule.rest_radius_m:
            last += 1
        if fixes.t_us[last] - fixes.t_us[first] >= rule.rest_us:
            at_rest[first : last + 1] = True
            first = last + 1
        else:
            first += 1
    return at_rest


@inlined
def _is_near(fixes: Fixes, one: int, other: int, rule: MotionRule) -> bool:
    """Tell whether two fixes are too near to each other, in time or in space, to be the ends of a step."""
    return fixes.t_us[other] - fixes.t_us[one] < rule.step_us or _apart_m(fixes, one, other) < rule.step_m


@kernel
def anchors(fixes: Fixes, at_rest: FlagArray, rule: MotionRule) -> tuple[IntArray, FlagArray]:
    """List the fixes between which couriers moved on by a step, and whether each begins a way of its own.

    The noise of an anchor is in the step before and in the one after, so that over a way it cancels out.
    """
    row, begins = np.empty(at_rest.size, dtype=np.int64), np.empty(at_rest.size, dtype=np.bool_)
    n, open_ = 0, False
    for fix in range(at_rest.size):
        goes_on = open_ and not at_rest[fix] and _goes_on(fixes, fix - 1, rule.max_gap_us)
        if goes_on and _is_near(fixes, row[n - 1], fix, rule):
            continue
        open_ = not at_rest[fix]
        if open_:
            row[n], begins[n] = fix, not goes_on
            n += 1
    return row[:n].copy(), begins[:n].copy()
