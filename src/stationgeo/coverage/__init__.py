"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._backup import backup
from stationgeo.coverage._blanks import BlankSpots, blank_spots
from stationgeo.coverage._circles import CircleLinks, circle_links
from stationgeo.coverage._completeness import completeness
from stationgeo.coverage._criticality import Criticality, criticality
from stationgeo.coverage._gradual import cooperative, gradual
from stationgeo.coverage._items import Item
from stationgeo.coverage._partial import PartialCoverage
from stationgeo.coverage._result import CLASSES, Coverage
from stationgeo.coverage._score import score
from stationgeo.coverage._standard import Standard, read_standard, standard, standards

__all__ = [
    "CLASSES",
    "BlankSpots",
    "CircleLinks",
    "Coverage",
    "Criticality",
    "Item",
    "PartialCoverage",
    "Standard",
    "backup",
    "blank_spots",
    "circle_links",
    "completeness",
    "cooperative",
    "criticality",
    "gradual",
    "read_standard",
    "score",
    "standard",
    "standards",
]
