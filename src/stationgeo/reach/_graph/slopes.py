"""Speeds by grade: how a mode slows uphill, and what the grades of edges are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from stationgeo.errors import ColumnError, ParameterError

if TYPE_CHECKING:
    from collections import Counter

    import pandas as pd

    from stationgeo.schema import FloatArray

__all__ = ["Slope", "edge_grades"]

# Tobler (1993): speed = 6 exp(-3.5 |grade + 0.05|) km/h, the highest at 5 % downhill.
_TOBLER_RATE = 3.5
_TOBLER_BEST_GRADE = -0.05

# Hardly a street is steeper; elevations from a grid of 30 m are, on short edges.
_STEEPEST_GRADE = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """How speed depends on the grade of the street: as Tobler found for walkers, or by a table."""

    form: Literal["tobler", "table"]
    """``tobler``: exp(-3.5 (|grade + 0.05| - 0.05)); ``table``: straight lines between the rows of the table."""

    source: str
    """Where it comes from."""

    grades: tuple[float, ...] = ()
    """Of a table: metres up per metre of way, below 0 downhill, ascending. Beyond its ends the factor stays."""

    factors: tuple[float, ...] = ()
    """Of a table: speed at each grade, as a share of that on the flat; above 0."""

    def __post_init__(self) -> None:
        if self.form not in {"tobler", "table"}:
            raise ParameterError(f"form must be 'tobler' or 'table'. Got {self.form!r}.")
        ascend = all(np.diff(self.grades) > 0)
        positive = all(0.0 < factor < math.inf for factor in self.factors)
        whole = len(self.grades) == len(self.factors) and (len(self.grades) > 1) == (self.form == "table")
        if not (ascend and positive and whole):
            raise ParameterError(
                "grades must ascend, factors must be finite and above 0, and a table needs as many of both, two at "
                f"least. Got {len(self.grades)} grades {self.grades} and {len(self.factors)} factors {self.factors}."
            )

    def factor(self, grade: FloatArray) -> FloatArray:
        """Return the speed at each grade as a share of that on the flat."""
        if self.form == "tobler":
            steep = np.abs(np.asarray(grade) - _TOBLER_BEST_GRADE) - abs(_TOBLER_BEST_GRADE)
            return np.asarray(np.exp(-_TOBLER_RATE * steep), dtype=np.float64)
        return np.asarray(np.interp(grade, self.grades, self.factors), dtype=np.float64)

    @property
    def highest_factor(self) -> float:
        """The largest factor at any grade."""
        best = (_TOBLER_BEST_GRADE,) if self.form == "tobler" else self.grades
        return float(self.factor(np.array(best)).max())


def edge_grades(edges: pd.DataFrame, nodes: pd.DataFrame, counts: Counter[str]) -> FloatArray:
    """Measure the grade of each edge along its line from the elevation of its ends; flat where one is not known."""
    if "elevation_m" not in nodes.columns:
        raise ColumnError(
            "nodes: column 'elevation_m' is missing, and slope=True needs it. Add the elevation of each node in metres "
            "(nan where it is not known), or leave slope out."
        )
    elevation_m = nodes.set_index("node_id")["elevation_m"].astype("float64")
    from_m, to_m = (elevation_m.reindex(edges[end]).to_numpy() for end in ("from_node", "to_node"))
    length_m = edges["length_m"].to_numpy(dtype=np.float64)
    unknown = np.isnan(from_m) | np.isnan(to_m)
    grade = np.divide(to_m - from_m, length_m, out=np.zeros(len(edges)), where=~unknown & (length_m > 0.0))
    steep = np.abs(grade) > _STEEPEST_GRADE
    counts["slope not known, taken as flat"] = int(unknown.sum())
    counts[f"steeper than {_STEEPEST_GRADE:.0%}, taken as that"] = int(steep.sum())
    return np.asarray(np.clip(grade, -_STEEPEST_GRADE, _STEEPEST_GRADE), dtype=np.float64)
