"""What coverage that is more than yes or no comes to: by cell, by zone, and in all."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._places import rates_of, totals
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._places import Placed
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import Decay
    from stationgeo.schema import FloatArray, IntArray

__all__ = [
    "PartialCoverage",
    "described",
    "distribution_of",
    "headline_of",
    "named_standard",
    "partial_coverage",
    "whole_number",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartialCoverage:
    """How much of demand is covered where coverage is more than yes or no, with the parameters that made it."""

    measure: str
    """gradual, cooperative, backup or completeness."""
    cells: pd.DataFrame
    """Key (`cell`, `zone_id`), every place that has demand, in this order: `demand`, `covered_demand`,
    `covered_share`, `n_stations` counted in reach; what else a measure knows is said by its function."""
    rates: pd.DataFrame
    """Key (`rate`, `level`, `zone_id`): `numerator`, `numerator_high` (unequal only where services or hours are
    unknown), `denominator`, `share`, `share_high` (nan without demand). Level "all" is everything inside the zones; per
    level zone_id '' is what lies outside."""
    distribution: pd.DataFrame
    """Key `n`, of stations or services: `demand` with exactly so many, `at_least_demand`, `at_least_share`; inside the
    zones. No rows where a measure counts nothing."""
    headline: dict[str, Any]
    """`numerator`, `denominator`, `share` inside the zones, `numerator_high`, `share_high`, and `outside_demand`."""
    parameters: dict[str, Any]
    """What was asked for."""

    def _repr_html_(self) -> str:
        told = {name: self.headline[name] for name in ("share", "share_high", "numerator", "denominator")}
        rows = "".join(
            f"<tr><td style='text-align:left'>{name}</td><td style='text-align:right'>"
            f"{f'{value:.1%}' if name.startswith('share') else f'{value:,.4g}'}</td></tr>"
            for name, value in told.items()
        )
        return f"<b>Partial coverage: {escape(self.measure)}</b><table>{rows}</table>"


def partial_coverage(
    measure: str, rows: Placed, zones: gpd.GeoDataFrame | None, *, covered: FloatArray, n_stations: IntArray,
    extra: dict[str, FloatArray | IntArray], parameters: dict[str, Any], distribution: pd.DataFrame | None = None,
) -> PartialCoverage:  # fmt: skip
    """Assemble the result of a measure that knows a share per row and the rest per cell."""
    amount = rows.demand * covered
    rates = rates_of(rows, zones, rate=measure, numerator=amount, numerator_high=amount)
    table = {
        "cell": rows.cells[rows.cell],
        "zone_id": pd.Series(rows.zones[rows.zone], dtype="str"),
        "demand": rows.demand,
        "covered_demand": amount,
        "covered_share": covered,
        "n_stations": n_stations[rows.cell].astype(np.int64),
        **{name: values[rows.cell] for name, values in extra.items()},
    }
    return PartialCoverage(
        measure=measure,
        cells=pd.DataFrame(table),
        rates=rates,
        distribution=empty_distribution() if distribution is None else distribution,
        headline=headline_of(rates, rows, zones),
        parameters={**parameters, **station_kinds.data_versions()},
    )


def headline_of(rates: pd.DataFrame, rows: Placed, zones: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """Quote the first row of the rates, and say what lies outside."""
    names = ("numerator", "numerator_high", "denominator", "share", "share_high")
    total = {name: float(rates[name].iloc[0]) for name in names}
    outside = rows.zones[rows.zone] == schema.OUTSIDE
    beyond = 0.0 if zones is None else float(rows.demand[outside].sum())
    return {**total, "outside_demand": beyond}


def distribution_of(
    rows: Placed, zones: gpd.GeoDataFrame | None, count: npt.NDArray[np.integer[Any]], *, largest: int
) -> pd.DataFrame:
    """Tell demand inside the zones by a number that each row has."""
    inside = np.ones(count.size, dtype=np.bool_) if zones is None else rows.zones[rows.zone] != schema.OUTSIDE
    exactly = totals(count[inside], rows.demand[inside], largest + 1)
    at_least = exactly[::-1].cumsum()[::-1]
    share = at_least / at_least[0] if at_least[0] > 0 else np.full(at_least.size, np.nan)
    number = np.arange(exactly.size)
    return pd.DataFrame({"n": number, "demand": exactly, "at_least_demand": at_least, "at_least_share": share})


def empty_distribution() -> pd.DataFrame:
    """Return a distribution of nothing."""
    kinds = {"n": "int64", "demand": "float64", "at_least_demand": "float64", "at_least_share": "float64"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def described(decay: Decay) -> str:
    """Write a decay for the record: those of the house say their numbers, others their name."""
    numbers = getattr(decay, "parameters", None)
    if numbers is None:
        return str(getattr(decay, "__name__", type(decay).__name__))
    return f"{getattr(decay, 'name', '')}({', '.join(f'{name}={value}' for name, value in numbers)})"


def named_standard(standard: Standard | None) -> dict[str, Any]:
    """Write the standard for the record; nothing where there is none."""
    return {} if standard is None else {"standard": standard.to_dict()}


def whole_number(name: str, value: int, *, least: int) -> int:
    """Return a whole number that is large enough, or raise `ParameterError`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ParameterError(f"{name} must be a whole number, {least} or more. Got {value!r}.")
    return int(value)
