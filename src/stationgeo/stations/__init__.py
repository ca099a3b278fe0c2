"""Stations: their kinds, tiers and services, the needs that services answer, and what is never counted.

Kinds, services, needs, profiles, weights of needs and aliases are data: files beside this one, each with a version,
Chinese and English names and a note on its source. `read_catalogue` reads a caller's own in their place.
"""

from __future__ import annotations

from stationgeo.stations._checks import FAMILIES, TIERS
from stationgeo.stations._choose import ValidStations, kinds_below, tier_of, valid_at, with_kinds
from stationgeo.stations._data import Catalogue, catalogue, read_catalogue
from stationgeo.stations._hours.dates import hours_on, is_open
from stationgeo.stations._hours.opened import open_by_bin
from stationgeo.stations._hours.parse import Hours, parse_hours
from stationgeo.stations._hours.table import OpenHours, open_hours
from stationgeo.stations._kinds import (
    check_kinds,
    counted,
    data_versions,
    family_of,
    is_cluster,
    kinds,
    services,
)
from stationgeo.stations._make_offers import offers, own_hours
from stationgeo.stations._masks import unpack_bins
from stationgeo.stations._needs import Profile, needs, profile, profiles
from stationgeo.stations._offers import HoursOfStations, Offers
from stationgeo.stations._points import lonlat
from stationgeo.stations._premises import Premises, by_premises, count_premises
from stationgeo.stations._weights import need_weights
from stationgeo.stations._words import fold_name, kind_words, service_words

__all__ = [
    "FAMILIES",
    "TIERS",
    "Catalogue",
    "Hours",
    "HoursOfStations",
    "Offers",
    "OpenHours",
    "Premises",
    "Profile",
    "ValidStations",
    "by_premises",
    "catalogue",
    "check_kinds",
    "count_premises",
    "counted",
    "data_versions",
    "family_of",
    "fold_name",
    "hours_on",
    "is_cluster",
    "is_open",
    "kind_words",
    "kinds",
    "kinds_below",
    "lonlat",
    "need_weights",
    "needs",
    "offers",
    "open_by_bin",
    "open_hours",
    "own_hours",
    "parse_hours",
    "profile",
    "profiles",
    "read_catalogue",
    "service_words",
    "services",
    "tier_of",
    "unpack_bins",
    "valid_at",
    "with_kinds",
]
