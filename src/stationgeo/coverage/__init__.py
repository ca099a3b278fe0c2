"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._backup import backup
from stationgeo.coverage._blanks import BlankSpots, blank_spots
from stationgeo.coverage._circles import CircleLinks, circle_links
from stationgeo.coverage._completeness import completeness
from stationgeo.coverage._criticality import Criticality, criticality
from stationgeo.coverage._gradual import cooperative, gradual
from stationgeo.coverage._items import Item, find_items
from stationgeo.coverage._partial import PartialCoverage
from stationgeo.coverage._rates import RATES, rates
from stationgeo.coverage._result import CLASSES, Coverage
from stationgeo.coverage._score import score
from stationgeo.coverage._services import ServiceCoverage, score_services
from stationgeo.coverage._standard import Standard, read_standard, standard, standards
from stationgeo.coverage._things import place_buildings, place_routes

__all__ = [
    "CLASSES",
    "RATES",
    "BlankSpots",
    "CircleLinks",
    "Coverage",
    "Criticality",
    "Item",
    "PartialCoverage",
    "ServiceCoverage",
    "Standard",
    "backup",
    "blank_spots",
    "circle_links",
    "completeness",
    "cooperative",
    "criticality",
    "find_items",
    "gradual",
    "place_buildings",
    "place_routes",
    "rates",
    "read_standard",
    "score",
    "score_services",
    "standard",
    "standards",
]
