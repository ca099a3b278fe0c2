"""Stations: their kinds and services, which family a kind counts for, and which kinds are never counted.

The kinds and services are data: `kinds.toml` and `services.toml` beside this file, each with a version, Chinese and
English names and a note on its source.
"""

from __future__ import annotations

from stationgeo.stations._hours.dates import hours_on, is_open
from stationgeo.stations._hours.parse import Hours, parse_hours
from stationgeo.stations._hours.table import OpenHours, open_hours
from stationgeo.stations._kinds import (
    FAMILIES,
    TIERS,
    check_kinds,
    counted,
    data_versions,
    family_of,
    is_cluster,
    kinds,
    services,
)
from stationgeo.stations._points import lonlat

__all__ = [
    "FAMILIES",
    "TIERS",
    "Hours",
    "OpenHours",
    "check_kinds",
    "counted",
    "data_versions",
    "family_of",
    "hours_on",
    "is_cluster",
    "is_open",
    "kinds",
    "lonlat",
    "open_hours",
    "parse_hours",
    "services",
]
