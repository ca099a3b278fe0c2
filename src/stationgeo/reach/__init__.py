"""Reach: which station reaches which cell, and at what impedance. Never dependent on demand.

Each way of getting there is one private file behind this path; all give a REACH table, sparse and sorted.
"""

from __future__ import annotations

from stationgeo.reach._along.onroute import OnRoute, stations_on_route
from stationgeo.reach._along.reached import ReachedStreets, reached_streets, street_isochrones
from stationgeo.reach._graph.build import build_network
from stationgeo.reach._graph.fingerprint import network_fingerprint
from stationgeo.reach._graph.modes import Mode, TagRule, mode, modes
from stationgeo.reach._graph.network import Network, open_network
from stationgeo.reach._graph.slopes import Slope
from stationgeo.reach._meeting.border import near_border
from stationgeo.reach._meeting.completeness import off_street_share
from stationgeo.reach._meeting.snap import Snaps, snap
from stationgeo.reach._search.bounded import nodes_within
from stationgeo.reach._speeds.apply import with_track_speeds
from stationgeo.reach._speeds.measure import ALL_HOURS, TrackSpeeds, speeds_from_tracks
from stationgeo.reach._tables.catchments import catchment, impedance_column, isochrones, nearest_stations
from stationgeo.reach._tables.decay import (
    Decay,
    banded,
    decay_weights,
    exponential,
    gaussian,
    linear,
    logistic,
    power,
    step,
    tabulated,
)
from stationgeo.reach._tables.named import DECAYS, decay_named
from stationgeo.reach._tables.rows import as_table
from stationgeo.reach._tables.straight import cutoff_check, within_distance
from stationgeo.reach._travel.nearest import NearestStations, nearest_over_streets
from stationgeo.reach._travel.within import TravelReach, TravelTerms, within_travel_time
from stationgeo.reach._whatif.block import block_streets
from stationgeo.reach._whatif.change_stations import change_stations
from stationgeo.reach._whatif.follow_streets import follow_streets

__all__ = [
    "ALL_HOURS",
    "DECAYS",
    "Decay",
    "Mode",
    "NearestStations",
    "Network",
    "OnRoute",
    "ReachedStreets",
    "Slope",
    "Snaps",
    "TagRule",
    "TrackSpeeds",
    "TravelReach",
    "TravelTerms",
    "as_table",
    "banded",
    "block_streets",
    "build_network",
    "catchment",
    "change_stations",
    "cutoff_check",
    "decay_named",
    "decay_weights",
    "exponential",
    "follow_streets",
    "gaussian",
    "impedance_column",
    "isochrones",
    "linear",
    "logistic",
    "mode",
    "modes",
    "near_border",
    "nearest_over_streets",
    "nearest_stations",
    "network_fingerprint",
    "nodes_within",
    "off_street_share",
    "open_network",
    "power",
    "reached_streets",
    "snap",
    "speeds_from_tracks",
    "stations_on_route",
    "step",
    "street_isochrones",
    "tabulated",
    "with_track_speeds",
    "within_distance",
    "within_travel_time",
]
