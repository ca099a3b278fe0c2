"""Where and when workers need something: stops or events to DEMAND per cell, zone and hour of the week.

What is a point gets its cell *and* its zone from its own position. Only what comes as areas is spread by area: rest
seconds of real tracks put into 300 m grids through resolution-10 cells land in the wrong grid one time in seven.
"""

from __future__ import annotations

from stationgeo.demand._aggregate import Aggregate, coarsen, combine
from stationgeo.demand._arrow import from_arrow, to_arrow
from stationgeo.demand._bins import BINS, bin_table, uncalendared
from stationgeo.demand._bootstrap import SOURCES, interval, replicates_of
from stationgeo.demand._days import day_replicates
from stationgeo.demand._events import from_events
from stationgeo.demand._known import TimeShares, stop_time_shares, time_shares
from stationgeo.demand._make_aggregate import MOST_COURIERS, aggregate
from stationgeo.demand._readout import read_out
from stationgeo.demand._release import release
from stationgeo.demand._released import Release, Rules, overlapping
from stationgeo.demand._select import are_of_type, select
from stationgeo.demand._silences import LONGEST_SILENCE_S, uncounted_silences
from stationgeo.demand._spread import spread
from stationgeo.demand._steps import SPANS, Span
from stationgeo.demand._stops import from_stops
from stationgeo.demand._table import TIMES, WEIGHTS, by_bin, by_cell, by_zone, merge
from stationgeo.demand._units import Unit, is_timed, unit

__all__ = [
    "BINS",
    "LONGEST_SILENCE_S",
    "MOST_COURIERS",
    "SOURCES",
    "SPANS",
    "TIMES",
    "WEIGHTS",
    "Aggregate",
    "Release",
    "Rules",
    "Span",
    "TimeShares",
    "Unit",
    "aggregate",
    "are_of_type",
    "bin_table",
    "by_bin",
    "by_cell",
    "by_zone",
    "coarsen",
    "combine",
    "day_replicates",
    "from_arrow",
    "from_events",
    "from_stops",
    "interval",
    "is_timed",
    "merge",
    "overlapping",
    "read_out",
    "release",
    "replicates_of",
    "select",
    "spread",
    "stop_time_shares",
    "time_shares",
    "to_arrow",
    "uncalendared",
    "uncounted_silences",
    "unit",
]
