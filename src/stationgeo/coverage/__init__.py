"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour.

Beside it, what is made of such tables: targets of rules and plans, met or not, and comparisons of before and after.
"""

from __future__ import annotations

from stationgeo.coverage._backup import backup
from stationgeo.coverage._blanks import BlankSpots, blank_spots
from stationgeo.coverage._breaks import common_breaks, symmetric_breaks
from stationgeo.coverage._check_targets import TargetCheck, check_targets
from stationgeo.coverage._circles import CircleLinks, circle_links
from stationgeo.coverage._compare import CHANGES, Comparison, compare
from stationgeo.coverage._completeness import completeness
from stationgeo.coverage._criticality import Criticality, criticality
from stationgeo.coverage._discretisation import discretisation_error
from stationgeo.coverage._edge import near_edge_share
from stationgeo.coverage._gradual import cooperative, gradual
from stationgeo.coverage._hot_spots import hot_spots
from stationgeo.coverage._intervals import rate_intervals
from stationgeo.coverage._items import Item, find_items
from stationgeo.coverage._margin import marginal_share
from stationgeo.coverage._partial import PartialCoverage
from stationgeo.coverage._rates import RATES, rates
from stationgeo.coverage._result import CLASSES, Coverage
from stationgeo.coverage._score import score
from stationgeo.coverage._sensitivity import Run, run_of, sensitivity_table, vary
from stationgeo.coverage._services import ServiceCoverage, score_services
from stationgeo.coverage._spacing import lattice_farthest_m, lattice_spacing_m
from stationgeo.coverage._standard import Standard, read_standard, standard, standards
from stationgeo.coverage._target_inputs import Nearest, Workers
from stationgeo.coverage._targets import TARGET_KINDS, Criterion, Target, read_targets, targets
from stationgeo.coverage._things import place_buildings, place_routes
from stationgeo.coverage._ways_to_nearest import ways_to_nearest

__all__ = [
    "CHANGES",
    "CLASSES",
    "RATES",
    "TARGET_KINDS",
    "BlankSpots",
    "CircleLinks",
    "Comparison",
    "Coverage",
    "Criterion",
    "Criticality",
    "Item",
    "Nearest",
    "PartialCoverage",
    "Run",
    "ServiceCoverage",
    "Standard",
    "Target",
    "TargetCheck",
    "Workers",
    "backup",
    "blank_spots",
    "check_targets",
    "circle_links",
    "common_breaks",
    "compare",
    "completeness",
    "cooperative",
    "criticality",
    "discretisation_error",
    "find_items",
    "gradual",
    "hot_spots",
    "lattice_farthest_m",
    "lattice_spacing_m",
    "marginal_share",
    "near_edge_share",
    "place_buildings",
    "place_routes",
    "rate_intervals",
    "rates",
    "read_standard",
    "read_targets",
    "run_of",
    "score",
    "score_services",
    "sensitivity_table",
    "standard",
    "standards",
    "symmetric_breaks",
    "targets",
    "vary",
    "ways_to_nearest",
]
