"""Where and when workers need something: stops or events to DEMAND per cell, zone and hour of the week.

What is a point gets its cell *and* its zone from its own position. Only what comes as areas is spread by area: rest
seconds of real tracks put into 300 m grids through resolution-10 cells land in the wrong grid one time in seven.
"""

from __future__ import annotations

from stationgeo.demand._events import from_events
from stationgeo.demand._stops import from_stops
from stationgeo.demand._table import WEIGHTS, by_bin, by_cell, by_zone, merge
from stationgeo.demand._units import Unit, is_timed, unit

__all__ = [
    "WEIGHTS",
    "Unit",
    "by_bin",
    "by_cell",
    "by_zone",
    "from_events",
    "from_stops",
    "is_timed",
    "merge",
    "unit",
]
