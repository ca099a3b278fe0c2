"""How unevenly a named variable is spread over workers: Gini, Theil, Palma, P90/P10, CV, and who drives them.

A variable is an access score, minutes to a station, or the rate of a unit; its weights are workers or their demand.
Covered or not, worker by worker, is no such variable: its Gini is just 1 - rate. Numbers come in, tables go out: what a
unit is (a cell, a zone, a group of workers, an hour) is the caller's business.
"""

from __future__ import annotations

from stationgeo.equity._indices import Inequality, cv, gini, palma, percentile_ratio
from stationgeo.equity._measure import measure, measure_each
from stationgeo.equity._order import lorenz, quantile
from stationgeo.equity._result import MEASURES, Equity
from stationgeo.equity._shifts import shift_of
from stationgeo.equity._theil import Theil, theil

__all__ = [
    "MEASURES",
    "Equity",
    "Inequality",
    "Theil",
    "cv",
    "gini",
    "lorenz",
    "measure",
    "measure_each",
    "palma",
    "percentile_ratio",
    "quantile",
    "shift_of",
    "theil",
]
