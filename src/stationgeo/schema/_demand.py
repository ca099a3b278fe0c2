"""Demand, and what supply is worth to it."""

from __future__ import annotations

from stationgeo.schema._columns import CELL, ZONE
from stationgeo.schema._contract import Column, Table
from stationgeo.schema._words import HOURS_PER_WEEK, PURPOSES, WEEK_BIN

__all__ = ["ACCESS", "DEMAND"]

DEMAND = Table(
    name="DEMAND",
    key=("cell", "zone_id", "bin"),
    splits=("group", "purpose"),
    columns=(
        CELL,
        ZONE,
        Column(name="bin", kind="int", unit="hour of the week", minimum=WEEK_BIN, maximum=HOURS_PER_WEEK - 1,
               meaning="local hour, Monday 00:00 is 0, unless coarser bins were asked for; -1 where time is not known, "
                       "-2 for an average week whose hours are not told"),
        Column(name="group", kind="text", required=False, meaning="worker group, '' where none is known"),
        Column(name="purpose", kind="text", required=False, choices=PURPOSES, meaning="what the stops were for"),
        Column(name="courier_s", kind="float", unit="s per observed day", minimum=0, meaning="rest seconds"),
        Column(name="visits", kind="float", unit="1 per observed day", minimum=0, meaning="stops or events"),
        Column(name="courier_weight", kind="float", unit="courier-days per observed day", minimum=0,
               meaning="worker-equivalents: each courier-day sums to 1"),
        Column(name="couriers", kind="float", nullable=True, minimum=0,
               meaning="distinct couriers, does not add; nan where ids are not known"),
        Column(name="observed_days", kind="float", unit="day", minimum=0,
               meaning="days of this bin's weekday that were observed"),
        Column(name="interpolated_s", kind="float", unit="s per observed day", required=False, minimum=0,
               meaning="part of courier_s between fixes far apart: assumed, not seen"),
        Column(name="unknown_s", kind="float", unit="s per observed day", required=False, minimum=0,
               meaning="beside courier_s: gaps at one place, of which nobody knows; no demand"),
    ),
)  # fmt: skip
"""Demand of an average observed day, per cell, zone and hour of the week."""

ACCESS = Table(
    name="ACCESS",
    key=("cell",),
    splits=("bin",),
    columns=(
        CELL,
        Column(name="bin", kind="int", unit="hour of the week", required=False, minimum=WEEK_BIN,
               maximum=HOURS_PER_WEEK - 1, meaning="as in DEMAND, where hours are told apart"),
        Column(name="demand", kind="float", minimum=0, meaning="in the unit of the weight"),
        Column(name="access", kind="float", unit="capacity per unit of demand", required=False, minimum=0,
               meaning="what stations offer to each unit of demand here: more is better, 0 where none is in reach"),
        Column(name="cost", kind="float", required=False, nullable=True, minimum=0,
               meaning="way and crowding together: less is better, nan where no station is in reach"),
    ),
)  # fmt: skip
"""What supply is worth to the demand of each cell, given all others who want it."""
