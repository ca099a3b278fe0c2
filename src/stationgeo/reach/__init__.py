"""Reach: which station reaches which cell, and at what impedance. Never dependent on demand.

Each way of getting there is one private file behind this path; all give a REACH table, sparse and sorted.
"""

from __future__ import annotations

from stationgeo.reach._catchments import catchment, isochrones, nearest_stations
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
from stationgeo.reach._straight import cutoff_check, within_distance

__all__ = [
    "Decay",
    "catchment",
    "cutoff_check",
    "decay_weights",
    "exponential",
    "gaussian",
    "isochrones",
    "linear",
    "logistic",
    "nearest_stations",
    "step",
    "tabulated",
    "within_distance",
]
