"""Supply against demand: capacity shared among those who reach it, loads of stations, queues, and how it fits use."""

from __future__ import annotations

from stationgeo.stations import HoursOfStations as Hours
from stationgeo.supply._calibrate import DecayFit, calibrate_decay
from stationgeo.supply._floating import METHODS, FloatingCatchment, Method, floating_catchment
from stationgeo.supply._huff import huff_shares
from stationgeo.supply._load import ExpectedLoad, concurrent_workers, expected_load
from stationgeo.supply._queues import Overflow, erlang_loss, overflow
from stationgeo.supply._raam import RationalAgents, raam
from stationgeo.supply._use import UseComparison, compare_use

__all__ = [
    "METHODS",
    "DecayFit",
    "ExpectedLoad",
    "FloatingCatchment",
    "Hours",
    "Method",
    "Overflow",
    "RationalAgents",
    "UseComparison",
    "calibrate_decay",
    "compare_use",
    "concurrent_workers",
    "erlang_loss",
    "expected_load",
    "floating_catchment",
    "huff_shares",
    "overflow",
    "raam",
]
