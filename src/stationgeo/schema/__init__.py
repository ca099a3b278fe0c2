"""The contracts of the tables that flow down the stages: columns, kinds, units, keys and ranges.

A table is a plain pandas DataFrame (a GeoDataFrame in WGS-84 where it has geometry). Its contract says what must be
there; columns of the caller's own may stand beside it and pass through. Nothing here computes.
"""

from __future__ import annotations

from stationgeo.schema._arrays import CellArray, FloatArray, IntArray
from stationgeo.schema._contract import Column, Kind, Table
from stationgeo.schema._demand import ACCESS, DEMAND
from stationgeo.schema._stations import ACCESS_POINTS, CANDIDATES, CHECK_INS, SERVICES, STATIONS
from stationgeo.schema._streets import EDGES, NODES, REACH
from stationgeo.schema._tracks import EVENTS, FIXES, ORDERS, PLACES, SILENCES, STOPS
from stationgeo.schema._validate import empty, validate, value_faults
from stationgeo.schema._words import (
    ACTIONS,
    HOURS_PER_WEEK,
    LEVELS,
    ORDER_KINDS,
    OUTSIDE,
    PURPOSES,
    SERVICE_STATUS,
    UNTIMED_BIN,
    WEEK_BIN,
)
from stationgeo.schema._zones import PIECES, PLACED, WORKERS, ZONES

__all__ = [
    "ACCESS",
    "ACCESS_POINTS",
    "ACTIONS",
    "CANDIDATES",
    "CHECK_INS",
    "DEMAND",
    "EDGES",
    "EVENTS",
    "FIXES",
    "HOURS_PER_WEEK",
    "LEVELS",
    "NODES",
    "ORDERS",
    "ORDER_KINDS",
    "OUTSIDE",
    "PIECES",
    "PLACED",
    "PLACES",
    "PURPOSES",
    "REACH",
    "SERVICES",
    "SERVICE_STATUS",
    "SILENCES",
    "STATIONS",
    "STOPS",
    "UNTIMED_BIN",
    "WEEK_BIN",
    "WORKERS",
    "ZONES",
    "CellArray",
    "Column",
    "FloatArray",
    "IntArray",
    "Kind",
    "Table",
    "empty",
    "validate",
    "value_faults",
]
