"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._items import Item
from stationgeo.coverage._result import CLASSES, Coverage
from stationgeo.coverage._score import score
from stationgeo.coverage._standard import Standard, read_standard, standard, standards

__all__ = ["CLASSES", "Coverage", "Item", "Standard", "read_standard", "score", "standard", "standards"]
