"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._score import CLASSES, Coverage, score

__all__ = ["CLASSES", "Coverage", "score"]
