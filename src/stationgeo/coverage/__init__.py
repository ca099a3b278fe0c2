"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._backup import backup
from stationgeo.coverage._blanks import BlankSpots, blank_spots
from stationgeo.coverage._completeness import completeness
from stationgeo.coverage._gradual import cooperative, gradual
from stationgeo.coverage._partial import PartialCoverage
from stationgeo.coverage._score import CLASSES, Coverage, score

__all__ = [
    "CLASSES",
    "BlankSpots",
    "Coverage",
    "PartialCoverage",
    "backup",
    "blank_spots",
    "completeness",
    "cooperative",
    "gradual",
    "score",
]
