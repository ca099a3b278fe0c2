"""What is said of a variable's inequality, and its parts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.equity._indices import Inequality, gini
from stationgeo.equity._numbers import ROUNDING, gini_terms, theil_terms
from stationgeo.errors import ParameterError, first_few

if TYPE_CHECKING:
    from stationgeo.equity._theil import Theil
    from stationgeo.schema import FloatArray

__all__ = ["MEASURES", "Equity", "contributions_of", "decomposition_of", "groups_of"]

MEASURES = {"gini": 0.0, "theil": 0.0, "palma": 0.25, "p90_p10": 1.0, "cv": 0.0}
"""The measures in their order, and what each is where all are equal; lower is more equal."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equity:
    """How unevenly one variable is spread, with the parameters that made it."""

    measures: pd.DataFrame
    """Key `measure` (of `MEASURES`); `value` (without unit, lower is more equal; nan where it is undefined), `equal`
    (its value where all are equal) and `reason` why it is nan ('' where it is not)."""
    lorenz: pd.DataFrame
    """`weight_share`, `value_share`, `value`, from the smallest value on; no rows where Gini is undefined."""
    contributions: pd.DataFrame
    """Key `unit_id`, of units with weight, the largest `gini` first: `value` (attained, or short of), `weight`, `side`
    ("above", "below" or "at" the mean), `gini` and `theil` (what it adds, never negative), `gini_share` and
    `theil_share` (of the whole, nan where that is 0), and the groups it is in, by their names."""
    decomposition: pd.DataFrame
    """Key `by` (a name of the groupings); `n_groups`, Theil's `total`, `between`, `within` and `between_share`,
    `reason`."""
    groups: pd.DataFrame
    """Key (`by`, `group`); `n_units`, `weight_share`, `value_share`, `mean`, `theil` and `gini` inside it (with
    `reason` where Gini is nan), `between`, `within` (added to Theil), `gini_share` (of what its units add to Gini)."""
    headline: dict[str, Any]
    """`mean` of attainment or shortfall in the variable's unit, `n_units` with weight, `n_without_weight`,
    `weight`, `unreached_share` of the weight."""
    parameters: dict[str, Any]
    """The variable, its unit and direction, the view, its reference, what the weights are, and Theil's zeros."""

    @property
    def statement(self) -> str:
        """One sentence on what was measured."""
        p = self.parameters
        return (
            f"{p['view']} of {p['variable']} ({p['unit']}, {p['better']} is better), counted from {p['reference']:g}, "
            f"weighted by {p['weighted_by']}"
        )

    def __getitem__(self, name: str) -> Inequality:
        """Return one measure by its name; `KeyError` if there is none of that name."""
        rows = self.measures[["measure", "value", "reason"]].itertuples(index=False, name=None)
        value, reason = {measure: (value, reason) for measure, value, reason in rows}[name]
        return Inequality(name=name, value=float(value), reason=str(reason))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td><td style='text-align:right'>"
            f"{escape(reason) if reason else format(value, '.3f')}</td></tr>"
            for name, value, reason in self.measures[["measure", "value", "reason"]].itertuples(index=False, name=None)
        )
        return f"<b>Equity</b>: {escape(self.statement)}<table>{rows}</table>"


def contributions_of(
    value: FloatArray, weight: FloatArray, units: dict[str, Any], found: dict[str, Inequality]
) -> pd.DataFrame:
    nothing = np.full(value.size, np.nan)
    terms = {
        "gini": nothing if found["gini"].reason else gini_terms(value, weight),
        "theil": nothing if found["theil"].reason else theil_terms(value, weight),
    }
    mean = np.nan if found["gini"].reason else float(np.average(value, weights=weight))
    # By rounding the mean of equal values is not always their value.
    near = np.isclose(value, mean, rtol=ROUNDING, atol=0.0)
    side = np.select([np.full(value.size, math.isnan(mean)), near, value > mean], ["", "at", "above"], "below")
    table = pd.DataFrame({"unit_id": units["unit_id"], "value": value, "weight": weight, "side": side}).assign(
        **terms, **{f"{name}_share": _share(part) for name, part in terms.items()}
    )
    rest = {name: group for name, group in units.items() if name != "unit_id"}
    taken = set(table.columns) & set(rest)
    if taken:
        raise ParameterError(f"groups must not be named like the columns of contributions: {first_few(sorted(taken))}.")
    return table.assign(**rest).sort_values("gini", ascending=False, kind="stable").reset_index(drop=True)


def _share(part: FloatArray) -> FloatArray:
    total = part.sum()
    return part / total if total > 0 else np.full(part.size, np.nan)


def decomposition_of(split: list[tuple[str, Theil]]) -> pd.DataFrame:
    rows = [
        {
            "by": name,
            "n_groups": len(one.groups),
            "total": one.total,
            "between": one.between,
            "within": one.within,
            "between_share": one.between / one.total if one.total > 0 else math.nan,
            "reason": one.reason,
        }
        for name, one in split
    ]
    return pd.DataFrame(rows, columns=["by", "n_groups", "total", "between", "within", "between_share", "reason"])


def groups_of(
    split: list[tuple[str, Theil]], value: FloatArray, weight: FloatArray, units: dict[str, Any],
    contributions: pd.DataFrame,
) -> pd.DataFrame:  # fmt: skip
    columns = [
        "by", "group", "n_units", "weight_share", "value_share", "mean", "theil", "between", "within", "gini", "reason",
        "gini_share",
    ]  # fmt: skip
    parts = []
    for name, one in split:
        rows = pd.Series(units[name]).groupby(units[name]).indices
        inside = [gini(value[rows[group]], weight[rows[group]]) for group in one.groups["group"]]
        driven = contributions.groupby(name)["gini_share"].sum(min_count=1).reindex(one.groups["group"])
        parts.append(
            one.groups.assign(
                by=name,
                gini=[each.value for each in inside],
                reason=[each.reason for each in inside],
                gini_share=driven.to_numpy(dtype=np.float64),
            )
        )
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
