"""Zones, and what lies in each of them and in each cell."""

from __future__ import annotations

from stationgeo.schema._columns import CELL, GEOMETRY, ZONE
from stationgeo.schema._contract import Column, Table
from stationgeo.schema._words import LEVELS

__all__ = ["PIECES", "PLACED", "WORKERS", "ZONES"]

ZONES = Table(
    name="ZONES",
    key=("zone_id",),
    columns=(
        Column(name="zone_id", kind="text", meaning="code, as text"),
        Column(name="level", kind="text", choices=LEVELS, meaning="level in the tree"),
        Column(name="parent_id", kind="text", meaning="zone of the next level up, '' for none"),
        Column(name="name", kind="text", nullable=True, meaning="what people call it"),
        GEOMETRY,
    ),
)
"""Administrative polygons of one or more levels; the lowest level present places demand."""

PIECES = Table(
    name="PIECES",
    key=("cell", "zone_id"),
    columns=(
        CELL,
        ZONE,
        Column(name="area_m2", kind="float", unit="m2", minimum=0, meaning="area of cell and zone in common"),
    ),
)
"""How cells and lowest-level zones cut each other; the rows of one cell add up to the cell."""

PLACED = Table(
    name="PLACED",
    key=("cell", "zone_id"),
    columns=(
        CELL,
        ZONE,
        Column(name="amount", kind="float", minimum=0, meaning="how much there is: buildings, metres, ..."),
    ),
)
"""What of something lies in each cell and lowest-level zone."""

WORKERS = Table(
    name="WORKERS",
    key=("zone_id",),
    columns=(
        Column(name="zone_id", kind="text", meaning="a zone of any level, or all"),
        Column(name="workers", kind="float", minimum=0, meaning="how many there are"),
    ),
)
"""Workers by unit, for stations per worker."""
