"""Whatever holds rates, read as one long table of numerators and denominators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

__all__ = ["KEYS", "PLACES", "HoldsRates", "Rates", "rates_of"]

PLACES = ("zone_id", "cell")
"""Columns of the key that name places, which may come and go."""

KEYS = ("rate", "by", "item", "level", "zone_id", "cell", "bin", "group")
"""Columns that may belong to the key."""

# Columns that tell, row by row, what else would be a parameter.
_TELLING = ("weight", "unit", "standard", "resolution", "mode")
_PARTS = ("numerator", "denominator")


class _Rated(Protocol):
    @property
    def rates(self) -> pd.DataFrame: ...

    @property
    def parameters(self) -> dict[str, Any]: ...


class _Scored(Protocol):
    @property
    def zones(self) -> gpd.GeoDataFrame: ...

    @property
    def cells(self) -> pd.DataFrame: ...

    @property
    def parameters(self) -> dict[str, Any]: ...


class _Studied(Protocol):
    @property
    def coverage(self) -> _Rated | _Scored: ...


HoldsRates: TypeAlias = pd.DataFrame | _Rated | _Scored | _Studied
"""A table of rates, a result that has one, a coverage, or the result of a study."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """A long table of rates, and what it was computed with."""

    table: pd.DataFrame
    """Key: some of `KEYS`; `numerator`, `denominator`, `share`, perhaps `numerator_high` and `name`."""
    parameters: dict[str, Any]
    """By name."""

    @property
    def share_high(self) -> pd.Series[Any]:
        """The share if every unknown is a yes; the share where the table has no range."""
        part = self.table["numerator_high"] if "numerator_high" in self.table.columns else self.table["numerator"]
        return part / self.table["denominator"].where(self.table["denominator"] > 0)


def rates_of(given: HoldsRates, *, places: str, parameters: Mapping[str, Any]) -> Rates:
    """Read rates out of whatever holds them, and hold them against what a rate is."""
    if places not in {"zones", "cells"}:
        raise ParameterError(f"places must be 'zones' or 'cells'. Got {places!r}.")
    if isinstance(given, pd.DataFrame):
        return _checked(given, dict(parameters))
    holder: Any = given
    if hasattr(holder, "rates"):
        return _checked(holder.rates, {**holder.parameters, **parameters})
    if hasattr(holder, "zones") and hasattr(holder, "cells"):
        table = _of_zones(holder.zones) if places == "zones" else _of_cells(holder.cells)
        return _checked(table, {**holder.parameters, **parameters})
    if hasattr(holder, "coverage"):
        return rates_of(holder.coverage, places=places, parameters=parameters)
    raise ParameterError(
        f"rates must be a table with numerator and denominator, or a result that has them. Got {type(given).__name__}."
    )


def _of_zones(zones: pd.DataFrame) -> pd.DataFrame:
    if zones.empty:
        raise DataError("a coverage without zones has no rates of zones: compare places='cells'.")
    inside = pd.DataFrame(zones[zones["zone_id"] != schema.OUTSIDE])
    renamed = inside.rename(columns={"covered_demand": "numerator", "demand": "denominator"})
    return renamed[["level", "zone_id", "name", "numerator", "denominator"]].reset_index(drop=True)


def _of_cells(cells: pd.DataFrame) -> pd.DataFrame:
    there = cells[cells["demand"] > 0].reset_index(drop=True)
    return pd.DataFrame(
        {
            "cell": there["cell"],
            "numerator": there["demand"].where(there["covered"], 0.0),
            "denominator": there["demand"],
        }
    )


def _checked(table: pd.DataFrame, parameters: dict[str, Any]) -> Rates:
    columns = [str(name) for name in table.columns]
    for name in _PARTS:
        if name not in columns:
            raise ColumnError(f"rates: column {name!r} is missing; {suggest(name, columns)}")
    key = [name for name in KEYS if name in columns]
    if not set(key) & set(PLACES):
        raise ColumnError(f"rates: a column of places is missing, zone_id or cell; {suggest('zone_id', columns)}")
    for name in (*_PARTS, "numerator_high"):
        if name in columns:
            wrong = ~(table[name] >= 0) | np.isinf(table[name])
            if wrong.any():
                raise DataError(
                    f"rates: column {name!r} must be finite, 0 or more; {int(wrong.sum()):,} of {len(table):,} rows "
                    f"are not: {first_few(table.index[wrong].tolist())}."
                )
    repeated = table.duplicated(key)
    if repeated.any():
        shown = table.loc[repeated, key].head(4).itertuples(index=False, name=None)
        raise DataError(
            f"rates: ({', '.join(key)}) must be unique; {int(repeated.sum()):,} rows repeat: {first_few(shown)}. "
            "Select one rate, or name what tells them apart by a column of the key."
        )
    told = {name: _one(table[name]) for name in _TELLING if name in columns and name not in key and len(table)}
    kept = [*key, *_PARTS, *(name for name in ("numerator_high", "name") if name in columns)]
    # A table's own share is a rounding away from this one, and both sides have to be made alike.
    share = table["numerator"] / table["denominator"].where(table["denominator"] > 0)
    return Rates(table=table[kept].assign(share=share), parameters={**told, **parameters})


def _one(values: pd.Series[Any]) -> str:
    """Write the one value of a column, or all of them."""
    return ", ".join(sorted(map(str, values.unique())))
