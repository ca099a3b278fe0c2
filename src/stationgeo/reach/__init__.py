"""Reach: which station reaches which cell, and at what impedance. Never dependent on demand.

Each way of getting there is one private file behind this path; all give a REACH table, sparse and sorted.
"""

from __future__ import annotations

from stationgeo.reach._block import block_streets
from stationgeo.reach._border import near_border
from stationgeo.reach._build import build_network
from stationgeo.reach._catchments import catchment, isochrones, nearest_stations
from stationgeo.reach._change_stations import change_stations
from stationgeo.reach._completeness import off_street_share
from stationgeo.reach._decay import (
    Decay,
    decay_weights,
    exponential,
    gaussian,
    linear,
    logistic,
    step,
    tabulated,
)
from stationgeo.reach._fingerprint import network_fingerprint
from stationgeo.reach._follow_streets import follow_streets
from stationgeo.reach._modes import Mode, TagRule, mode, modes
from stationgeo.reach._nearest import NearestStations, nearest_over_streets
from stationgeo.reach._network import Network, open_network
from stationgeo.reach._onroute import OnRoute, stations_on_route
from stationgeo.reach._reached import ReachedStreets, reached_streets, street_isochrones
from stationgeo.reach._search import nodes_within
from stationgeo.reach._slopes import Slope
from stationgeo.reach._snap import Snaps, snap
from stationgeo.reach._speeds import ALL_HOURS, TrackSpeeds, speeds_from_tracks
from stationgeo.reach._straight import cutoff_check, within_distance
from stationgeo.reach._tracked import with_track_speeds
from stationgeo.reach._travel import TravelReach, TravelTerms, within_travel_time

__all__ = [
    "ALL_HOURS",
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
    "block_streets",
    "build_network",
    "catchment",
    "change_stations",
    "cutoff_check",
    "decay_weights",
    "exponential",
    "follow_streets",
    "gaussian",
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
