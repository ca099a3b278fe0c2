"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour."""

from __future__ import annotations

from stationgeo.coverage._discretisation import discretisation_error
from stationgeo.coverage._edge import near_edge_share
from stationgeo.coverage._intervals import rate_intervals
from stationgeo.coverage._items import Item, find_items
from stationgeo.coverage._margin import marginal_share
from stationgeo.coverage._rates import RATES, rates
from stationgeo.coverage._result import CLASSES, Coverage
from stationgeo.coverage._score import score
from stationgeo.coverage._sensitivity import Run, run_of, sensitivity_table, vary
from stationgeo.coverage._services import ServiceCoverage, score_services
from stationgeo.coverage._standard import Standard, read_standard, standard, standards
from stationgeo.coverage._things import place_buildings, place_routes

__all__ = [
    "CLASSES",
    "RATES",
    "Coverage",
    "Item",
    "Run",
    "ServiceCoverage",
    "Standard",
    "discretisation_error",
    "find_items",
    "marginal_share",
    "near_edge_share",
    "place_buildings",
    "place_routes",
    "rate_intervals",
    "rates",
    "read_standard",
    "run_of",
    "score",
    "score_services",
    "sensitivity_table",
    "standard",
    "standards",
    "vary",
]
