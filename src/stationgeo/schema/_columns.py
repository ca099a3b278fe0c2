"""Columns that several contracts have."""

from __future__ import annotations

from stationgeo.schema._contract import Column

__all__ = ["CELL", "GEOMETRY", "ZONE", "lat", "lon"]


def lon(meaning: str) -> Column:
    """Return the column of longitudes."""
    return Column(name="lon", kind="float", unit="degree", minimum=-180, maximum=180, meaning=meaning)


def lat(meaning: str) -> Column:
    """Return the column of latitudes."""
    return Column(name="lat", kind="float", unit="degree", minimum=-90, maximum=90, meaning=meaning)


CELL = Column(name="cell", kind="cell", meaning="H3 index")
ZONE = Column(name="zone_id", kind="text", meaning="lowest-level zone, '' outside all of them")
GEOMETRY = Column(name="geometry", kind="geometry", meaning="WGS-84 lon/lat")
