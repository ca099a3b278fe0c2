"""Fixes to clean tracks to stops: where, how long and what for couriers stayed, found in metres before any cell.

Stops are found on positions, not on cells: a waiting courier's fixes scatter over several cells, and a run of equal
cells breaks whenever one of them falls next door (of 20-minute waits with 8 m of noise, one in ten shows as ten
minutes in one resolution-11 cell).

Four steps, each of its own: `clean` takes out what no courier can have done, `find_stops` finds stays, `find_silences`
lists the gaps during which a courier may have stayed too, `assign_purpose` says what stays were for. A city whose
fixes come in batches feeds them to a `TrackState`, which gives the same stops, wherever the input is cut.
"""

from __future__ import annotations

from stationgeo.tracks._clean import Cleaned, clean
from stationgeo.tracks._dates import observed_dates
from stationgeo.tracks._order import OutOfOrderError
from stationgeo.tracks._purpose import Purposes, assign_purpose, purpose_sensitivity
from stationgeo.tracks._purpose_rule import Evidence, PurposeRule, Rule
from stationgeo.tracks._rules import CleaningRules
from stationgeo.tracks._stops import find_silences, find_stops, silences_table, stops_table
from stationgeo.tracks._stream import Found, TrackState
from stationgeo.tracks._windows import DETECTED_GAP_S, Records, StopRule

__all__ = [
    "DETECTED_GAP_S",
    "Cleaned",
    "CleaningRules",
    "Evidence",
    "Found",
    "OutOfOrderError",
    "PurposeRule",
    "Purposes",
    "Records",
    "Rule",
    "StopRule",
    "TrackState",
    "assign_purpose",
    "clean",
    "find_silences",
    "find_stops",
    "observed_dates",
    "purpose_sensitivity",
    "silences_table",
    "stops_table",
]
