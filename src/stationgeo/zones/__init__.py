"""Zones: which one a point lies in, their tree, their overlaps and gaps, and how they cut cells.

Zones are administrative polygons of one or more levels (`schema.LEVELS`). The lowest level present places demand and
must be disjoint: `resolve_overlaps` makes it so by a declared rule. Nothing is mended in silence: whatever changes a
polygon returns a table of what it changed.
"""

from __future__ import annotations

from stationgeo.zones._neighbours import neighbours
from stationgeo.zones._pieces import pieces
from stationgeo.zones._place import at_level, hull, locate, lowest_level
from stationgeo.zones._repair import Resolved, gaps, repair, resolve_overlaps
from stationgeo.zones._tree import ancestors, assign_parents, check_tree

__all__ = [
    "Resolved",
    "ancestors",
    "assign_parents",
    "at_level",
    "check_tree",
    "gaps",
    "hull",
    "locate",
    "lowest_level",
    "neighbours",
    "pieces",
    "repair",
    "resolve_overlaps",
]
