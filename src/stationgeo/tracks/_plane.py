"""Metres between fixes that lie near each other, for kernels."""

from __future__ import annotations

import math

from stationgeo._compile import kernel
from stationgeo.crs import WGS84_A_M, WGS84_E2

__all__ = ["haversine_m", "metres_per_degree", "wrap"]

_RADIANS_PER_DEGREE = math.pi / 180.0
_HALF_TURN_DEG = 180.0
_TURN_DEG = 360.0
# Radius of the sphere on which trackintel measures, in metres (its `point_haversine_dist`).
_SPHERE_M = 6_371_000.0


@kernel
def metres_per_degree(lat: float) -> tuple[float, float]:
    """Do for one latitude what `crs.metres_per_degree` does for many."""
    phi = lat * _RADIANS_PER_DEGREE
    w2 = 1.0 - WGS84_E2 * math.sin(phi) ** 2
    w = math.sqrt(w2)
    per_lon = math.cos(phi) * WGS84_A_M / w
    per_lat = WGS84_A_M * (1.0 - WGS84_E2) / (w2 * w)
    return per_lon * _RADIANS_PER_DEGREE, per_lat * _RADIANS_PER_DEGREE


@kernel
def wrap(lon: float) -> float:
    """Bring a longitude, or a difference of two, into -180 to 180 degrees."""
    if lon > _HALF_TURN_DEG:
        return lon - _TURN_DEG
    if lon < -_HALF_TURN_DEG:
        return lon + _TURN_DEG
    return lon


@kernel
def haversine_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres on trackintel's sphere."""
    phi1, phi2 = lat1 * _RADIANS_PER_DEGREE, lat2 * _RADIANS_PER_DEGREE
    north = math.sin(0.5 * (phi2 - phi1))
    east = math.sin(0.5 * (lon2 - lon1) * _RADIANS_PER_DEGREE)
    share = north * north + math.cos(phi1) * math.cos(phi2) * east * east
    return 2.0 * _SPHERE_M * math.asin(math.sqrt(min(1.0, share)))
