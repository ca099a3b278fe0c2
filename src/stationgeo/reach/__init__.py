"""Reach: which station reaches which cell, and at what impedance. Never dependent on demand.

Each way of getting there is one private file behind this path; all give a REACH table, sparse and sorted.
"""

from __future__ import annotations

from stationgeo.reach._build import build_network
from stationgeo.reach._catchments import catchment, isochrones, nearest_stations
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
from stationgeo.reach._modes import Mode, mode, modes
from stationgeo.reach._network import Network, open_network
from stationgeo.reach._search import nodes_within
from stationgeo.reach._snap import Snaps, snap
from stationgeo.reach._speeds import ALL_HOURS, TrackSpeeds, speeds_from_tracks
from stationgeo.reach._straight import cutoff_check, within_distance
from stationgeo.reach._tracked import with_track_speeds
from stationgeo.reach._travel import TravelReach, within_travel_time

__all__ = [
    "ALL_HOURS",
    "Decay",
    "Mode",
    "Network",
    "Snaps",
    "TrackSpeeds",
    "TravelReach",
    "build_network",
    "catchment",
    "cutoff_check",
    "decay_weights",
    "exponential",
    "gaussian",
    "isochrones",
    "linear",
    "logistic",
    "mode",
    "modes",
    "nearest_stations",
    "nodes_within",
    "off_street_share",
    "open_network",
    "snap",
    "speeds_from_tracks",
    "step",
    "tabulated",
    "with_track_speeds",
    "within_distance",
    "within_travel_time",
]
