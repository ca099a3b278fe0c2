"""Datum and CRS: everything to WGS-84 longitude and latitude and back; metres on the ellipsoid.

The only module that transforms coordinates. GCJ-02 and BD-09 are deliberate distortions of WGS-84 that Chinese law
and Baidu prescribe; their forward formulas are published, their inverses here iterate those formulas until nothing
moves. The datum is a property of a *source*: it is applied to every point of it wherever the point lies, because the
published rectangle "in China" includes Hong Kong and Korea and a shifted point near it misjudges itself.
"""

from __future__ import annotations

from stationgeo.crs._datum import (
    DATUMS,
    Datum,
    declared_datum,
    from_wgs84,
    metres_at_stake,
    parse_datum,
    to_wgs84,
)
from stationgeo.crs._ellipsoid import (
    WGS84,
    WGS84_A_M,
    WGS84_E2,
    distance_m,
    geocentric_m,
    geometry_area_m2,
    metres_per_degree,
)
from stationgeo.crs._shapes import geometry_to_wgs84

__all__ = [
    "DATUMS",
    "WGS84",
    "WGS84_A_M",
    "WGS84_E2",
    "Datum",
    "declared_datum",
    "distance_m",
    "from_wgs84",
    "geocentric_m",
    "geometry_area_m2",
    "geometry_to_wgs84",
    "metres_at_stake",
    "metres_per_degree",
    "parse_datum",
    "to_wgs84",
]
