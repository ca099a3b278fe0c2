"""What is near a stop in space and time: stations, places, orders, the place of one's nights and mornings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from stationgeo import _clock
from stationgeo._compile import kernel
from stationgeo.crs import WGS84_A_M, WGS84_E2
from stationgeo.tracks._plane import metres_per_degree, wrap

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray

__all__ = ["favourite_places", "in_hours", "near", "near_own", "nearest_order", "night_stays", "shared"]

NO_ORDER = -1


def in_hours(hour: IntArray, hours: tuple[int, int]) -> BoolArray:
    """Whether local hours since 1970 lie in hours of the day [first, last), which may go past midnight."""
    first, last = hours
    day = _clock.HOURS_PER_DAY
    return (hour - first) % day < (last - first) % day


def night_stays(
    start_us: IntArray, end_us: IntArray, *, hours: tuple[int, int], min_s: float, tz: str
) -> tuple[IntArray, IntArray]:
    """Rows and nights of intervals that spend at least so long in one night; a night is numbered by when it begins."""
    long = np.flatnonzero(end_us - start_us >= min_s * _clock.US_PER_S)
    row, hour, length_us = _clock.split_hours(start_us[long], end_us[long], tz=tz)
    at_night = in_hours(hour, hours)
    row, hour, length_us = row[at_night], hour[at_night], length_us[at_night]
    night = (hour - hours[0]) // _clock.HOURS_PER_DAY
    if row.size == 0:
        return row, night
    begins = np.flatnonzero(np.diff(row, prepend=-1).astype(bool) | np.diff(night, prepend=night[0] - 1).astype(bool))
    enough = np.add.reduceat(length_us, begins) >= min_s * _clock.US_PER_S
    return long[row[begins[enough]]], night[begins[enough]]


def near(lon: FloatArray, lat: FloatArray, place_lon: FloatArray, place_lat: FloatArray, radius_m: float) -> BoolArray:
    """Whether each point has a place within a radius, inclusive."""
    if lon.size == 0 or place_lon.size == 0:
        return np.zeros(lon.size, dtype=np.bool_)
    away_m, _ = cKDTree(_geocentric_m(place_lon, place_lat)).query(_geocentric_m(lon, lat))
    return np.asarray(away_m <= radius_m, dtype=np.bool_)


def shared(lon: FloatArray, lat: FloatArray, radius_m: float, least: int) -> BoolArray:
    """Whether each place has at least so many places, itself among them, within a radius."""
    if lon.size == 0:
        return np.zeros(0, dtype=np.bool_)
    points = _geocentric_m(lon, lat)
    count = cKDTree(points).query_ball_point(points, radius_m, return_length=True)
    return np.asarray(count >= least, dtype=np.bool_)


def _geocentric_m(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Points of the ellipsoid in space: up to a kilometre the straight line is the geodesic to a micrometre."""
    lam, phi = np.radians(lon), np.radians(lat)
    normal = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * np.sin(phi) ** 2)
    return np.column_stack(
        [
            normal * np.cos(phi) * np.cos(lam),
            normal * np.cos(phi) * np.sin(lam),
            normal * (1.0 - WGS84_E2) * np.sin(phi),
        ]
    )


@kernel
def _is_within(lon1: float, lat1: float, lon2: float, lat2: float, radius_m: float) -> bool:
    per_lon, per_lat = metres_per_degree(lat1)
    return bool((wrap(lon2 - lon1) * per_lon) ** 2 + ((lat2 - lat1) * per_lat) ** 2 <= radius_m * radius_m)


@kernel
def near_own(
    courier: IntArray, lon: FloatArray, lat: FloatArray, place_lon: FloatArray, place_lat: FloatArray, radius_m: float
) -> BoolArray:
    """Whether each point is within a radius of its courier's own place; nan for no place."""
    found = np.zeros(courier.size, np.bool_)
    for i in range(courier.size):
        c = courier[i]
        if not np.isnan(place_lon[c]):
            found[i] = _is_within(place_lon[c], place_lat[c], lon[i], lat[i], radius_m)
    return found


@kernel
def favourite_places(
    courier: IntArray,
    day: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    n_couriers: int,
    radius_m: float,
    least_days: int,
) -> tuple[FloatArray, FloatArray]:
    """For each courier the row on most days of which they were within a radius of it; the first of equals.

    Rows in order of courier and day. nan for couriers whose best row has fewer days than asked. O(m^2) for m rows of a
    courier.
    """
    place_lon, place_lat = np.full(n_couriers, np.nan), np.full(n_couriers, np.nan)
    begin = 0
    while begin < courier.size:
        end = begin
        while end < courier.size and courier[end] == courier[begin]:
            end += 1
        most = least_days - 1
        for i in range(begin, end):
            days, last_day = 0, 0
            for j in range(begin, end):
                if (days == 0 or day[j] != last_day) and _is_within(lon[i], lat[i], lon[j], lat[j], radius_m):
                    days += 1
                    last_day = day[j]
            if days > most:
                most = days
                place_lon[courier[begin]], place_lat[courier[begin]] = lon[i], lat[i]
        begin = end
    return place_lon, place_lat


@kernel
def nearest_order(
    courier: IntArray,
    start: IntArray,
    end: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    order_begins: IntArray,
    order_t: IntArray,
    order_lon: FloatArray,
    order_lat: FloatArray,
    radius_m: float,
    tolerance: int,
) -> IntArray:
    """For each stop the nearest order event of its courier that fits in time and lies within the radius, or -1.

    Orders are in order of courier and time; those of courier c are order_begins[c] to order_begins[c + 1].
    """
    found = np.full(courier.size, NO_ORDER, np.int64)
    for i in range(courier.size):
        begin, stop = order_begins[courier[i]], order_begins[courier[i] + 1]
        j = begin + np.searchsorted(order_t[begin:stop], start[i] - tolerance)
        per_lon, per_lat = metres_per_degree(lat[i])
        best = radius_m * radius_m
        while j < stop and order_t[j] <= end[i] + tolerance:
            away_m2 = (wrap(order_lon[j] - lon[i]) * per_lon) ** 2 + ((order_lat[j] - lat[i]) * per_lat) ** 2
            if away_m2 < best or (away_m2 == best and found[i] == NO_ORDER):
                best = away_m2
                found[i] = j
            j += 1
    return found
