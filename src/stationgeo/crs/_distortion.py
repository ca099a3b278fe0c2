"""The distortions of GCJ-02 and BD-09 by their published formulas, and Newton's way back; compiled."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import inlined, kernel
from stationgeo._trig import doubled, sincos_deg, tripled

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["BD", "GCJ", "distort", "undo_distortion"]

# GCJ-02 distorts on the Krassovsky 1940 ellipsoid, about the origin 105 E, 35 N (published forward formula).
_GCJ_A_M = 6_378_245.0
_GCJ_E2 = 0.006_693_421_622_965_943
_GCJ_LON0 = 105.0
_GCJ_LAT0 = 35.0
_GCJ_PER_EAST = 180.0 / (_GCJ_A_M * math.pi)
_GCJ_PER_NORTH = 180.0 / (_GCJ_A_M * (1.0 - _GCJ_E2) * math.pi)
_TWO_THIRDS = 2.0 / 3.0
_WAVE = math.pi * 2.0 / 3.0
_RADIANS = math.pi / 180.0
# BD-09 turns and shifts GCJ-02 (published forward formula); its angular constant is pi x 3000 / 180.
_BD_TURNS = 3000.0
_BD_PI = math.pi * _BD_TURNS / 180.0
_BD_LENGTH = 0.000_02
_BD_ANGLE = 0.000_003
_BD_LON = 0.0065
_BD_LAT = 0.006

# A Newton step squares what is wrong, times less than 1 per degree: from 0.01 degrees off, three steps reach the
# float's end. A last step below _SETTLED_DEG leaves less than 1e-11 degrees, a micrometre.
_NEWTON_STEPS = 3
_SETTLED_DEG = 1e-10
# Where that is not enough (far from China), steps that add what is missing contract by 1e-3; 30 never loop for ever.
_STEP_DEG = 1e-12
_MOST_STEPS = 30
# So many points go through the loops together: their coordinates stay in the fastest cache.
_BLOCK = 512

GCJ = 1
BD = 2


@inlined
def _to_gcj(lon: float, lat: float) -> tuple[float, float, float, float, float, float]:
    """Shift WGS-84 to GCJ-02: longitude, latitude, and their slopes (lon by lon, lon by lat, lat by lon, lat by lat).

    The formula's sines are of pi/30, pi/12, pi/3, pi, 2 pi and 6 pi times x or y: of 6, 15, 60, 180, 360 and 1080
    degrees. Slopes leave out those of sqrt(|x|), which has none at 0, and of the ellipsoid's curvature: below 1e-5.
    """
    x, y = lon - _GCJ_LON0, lat - _GCJ_LAT0
    sin_6x, cos_6x = sincos_deg(6.0 * x)
    sin_15x, cos_15x = sincos_deg(15.0 * x)
    sin_60x, cos_60x = doubled(*doubled(sin_15x, cos_15x))
    sin_180x, cos_180x = tripled(sin_60x, cos_60x)
    sin_360x, cos_360x = doubled(sin_180x, cos_180x)
    sin_1080x, cos_1080x = tripled(sin_360x, cos_360x)
    sin_6y, cos_6y = sincos_deg(6.0 * y)
    sin_15y, cos_15y = sincos_deg(15.0 * y)
    sin_60y, cos_60y = doubled(*doubled(sin_15y, cos_15y))
    sin_180y, cos_180y = tripled(sin_60y, cos_60y)
    root = math.sqrt(abs(x))
    common = (20.0 * sin_1080x + 20.0 * sin_360x) * _TWO_THIRDS
    waves_y = (20.0 * sin_180y + 40.0 * sin_60y + 160.0 * sin_15y + 320.0 * sin_6y) * _TWO_THIRDS
    waves_x = (20.0 * sin_180x + 40.0 * sin_60x + 150.0 * sin_15x + 300.0 * sin_6x) * _TWO_THIRDS
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common + waves_y
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common + waves_x
    steep = (120.0 * cos_1080x + 40.0 * cos_360x) * _WAVE
    steep_y = (20.0 * cos_180y + 40.0 / 3.0 * cos_60y + 160.0 / 12.0 * cos_15y + 320.0 / 30.0 * cos_6y) * _WAVE
    steep_x = (20.0 * cos_180x + 40.0 / 3.0 * cos_60x + 150.0 / 12.0 * cos_15x + 300.0 / 30.0 * cos_6x) * _WAVE
    north_x, north_y = 2.0 + 0.1 * y + steep, 3.0 + 0.4 * y + 0.1 * x + steep_y
    east_x, east_y = 1.0 + 0.2 * x + 0.1 * y + steep + steep_x, 2.0 + 0.1 * x
    sine, cosine = sincos_deg(lat)
    magic = 1.0 - _GCJ_E2 * sine * sine
    root_magic = math.sqrt(magic)
    per_north = _GCJ_PER_NORTH * magic * root_magic
    per_east = np.divide(_GCJ_PER_EAST * root_magic, cosine)
    by_lat = east_y * per_east + east * per_east * np.divide(sine, cosine) * _RADIANS
    return (
        lon + east * per_east,
        lat + north * per_north,
        1.0 + east_x * per_east,
        by_lat,
        north_x * per_north,
        (1.0 + north_y * per_north),
    )


@inlined
def _to_bd(lon: float, lat: float) -> tuple[float, float, float, float, float, float]:
    """Turn GCJ-02 to BD-09: longitude, latitude and their slopes, as `_to_gcj`.

    The formula lengthens (lon, lat) to r + 0.00002 sin(3000 lat) and turns it by 0.000003 cos(3000 lon) radians. The
    turn is so small that its sine is itself and its cosine the parabola, to the last digit. Slopes leave out that of r.
    """
    sin_lon, cos_lon = sincos_deg(_BD_TURNS * lon)
    sin_lat, cos_lat = sincos_deg(_BD_TURNS * lat)
    square = lon * lon + lat * lat
    per_r = np.divide(1.0, math.sqrt(square)) if square > 0.0 else 0.0
    longer, longer_lat = 1.0 + _BD_LENGTH * sin_lat * per_r, _BD_LENGTH * _BD_PI * cos_lat * per_r
    turn, turn_lon = _BD_ANGLE * cos_lon, -_BD_ANGLE * _BD_PI * sin_lon
    upright = 1.0 - 0.5 * turn * turn
    x, y = upright * lon - turn * lat, upright * lat + turn * lon
    return (
        longer * x + _BD_LON,
        longer * y + _BD_LAT,
        longer - turn_lon * lat,
        longer_lat * lon - turn,
        (turn + turn_lon * lon),
        longer + longer_lat * lat,
    )


@kernel
def distort(lon: FloatArray, lat: FloatArray, code: int) -> None:
    for i in range(lon.size):
        x, y, _, _, _, _ = _to_gcj(lon[i], lat[i])
        lon[i], lat[i] = x, y
    if code == BD:
        for i in range(lon.size):
            x, y, _, _, _, _ = _to_bd(lon[i], lat[i])
            lon[i], lat[i] = x, y


@kernel
def undo_distortion(lon: FloatArray, lat: FloatArray, code: int) -> None:
    room = np.empty((3, _BLOCK))
    for first in range(0, lon.size, _BLOCK):
        shown_x, shown_y = lon[first : first + _BLOCK], lat[first : first + _BLOCK]
        if code == BD:
            _undo_block(shown_x, shown_y, room, BD)
        _undo_block(shown_x, shown_y, room, GCJ)


@kernel
def _undo_block(shown_x: FloatArray, shown_y: FloatArray, room: FloatArray, code: int) -> None:
    """Undo one formula in place: Newton's steps for all, then the rest alone."""
    n = shown_x.size
    x, y, step = room[0, :n], room[1, :n], room[2, :n]
    for i in range(n):
        x[i], y[i] = shown_x[i], shown_y[i]
    for _ in range(_NEWTON_STEPS):
        if code == BD:
            for i in range(n):
                x[i], y[i], step[i] = _newton(shown_x[i], shown_y[i], x[i], y[i], *_to_bd(x[i], y[i]))
        else:
            for i in range(n):
                x[i], y[i], step[i] = _newton(shown_x[i], shown_y[i], x[i], y[i], *_to_gcj(x[i], y[i]))
    for i in range(n):
        if not step[i] < _SETTLED_DEG and not math.isnan(shown_x[i]):
            x[i], y[i] = _undo_slowly(shown_x[i], shown_y[i], code)
        shown_x[i], shown_y[i] = x[i], y[i]


@inlined
def _newton(
    shown_x: float, shown_y: float, x: float, y: float,
    is_x: float, is_y: float, xx: float, xy: float, yx: float, yy: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Move (x, y) so that its image meets what is shown if slopes stay; returns it, and how far it moved."""
    off_x, off_y = shown_x - is_x, shown_y - is_y
    per = np.divide(1.0, xx * yy - xy * yx)
    step_x, step_y = (off_x * yy - off_y * xy) * per, (off_y * xx - off_x * yx) * per
    return x + step_x, y + step_y, max(abs(step_x), abs(step_y))


@kernel
def _undo_slowly(shown_x: float, shown_y: float, code: int) -> tuple[float, float]:
    """Undo one formula for one point: add what its image misses, until a step is below `_STEP_DEG`."""
    x, y = shown_x, shown_y
    for _ in range(_MOST_STEPS):
        if code == BD:
            is_x, is_y, _, _, _, _ = _to_bd(x, y)
        else:
            is_x, is_y, _, _, _, _ = _to_gcj(x, y)
        step_x, step_y = shown_x - is_x, shown_y - is_y
        x += step_x
        y += step_y
        if abs(step_x) < _STEP_DEG and abs(step_y) < _STEP_DEG:
            break
    return x, y
