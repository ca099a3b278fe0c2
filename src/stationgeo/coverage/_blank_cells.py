"""The cells that blank spots are looked for in: what of their demand is covered, checked and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.coverage._units import lowest_ids, numbers_of
from stationgeo.demand import WEIGHTS
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["Rows", "check_asked", "read_cells", "rows_of"]

_COVERED = ("covered_demand", "covered_share", "covered")
# What is covered may exceed demand by the rounding of sums.
_ROUNDING = 1e-9


class Rows(NamedTuple):
    """Demand by cell and zone, in this order, above 0."""

    cells: CellArray
    """The distinct cells, ascending."""
    cell: IntArray
    """Per row: which of the cells."""
    zone: IntArray
    """Per row: number of its lowest-level zone, -1 where there are no zones."""
    demand: FloatArray
    uncovered: FloatArray
    """Per row: what is not covered for sure."""
    uncovered_low: FloatArray
    """Per row: what would not be covered, were every unknown a yes."""


def check_asked(
    stations: gpd.GeoDataFrame, weight: str, min_weight: float, limits: dict[str, float], span_h: float | None,
    catalogue: station_kinds.Catalogue | None,
) -> None:  # fmt: skip
    """Hold what `blank_spots` is asked against its domain."""
    station_kinds.check_kinds(schema.validate(stations, schema.STATIONS), catalogue=catalogue)
    if weight not in WEIGHTS:
        raise ParameterError(
            f"weight must be a column of demand that adds up. Got {weight!r}; {suggest(weight, WEIGHTS)}"
        )
    if not (np.isfinite(min_weight) and min_weight >= 0):
        raise ParameterError(f"min_weight must be a finite number, 0 or more. Got {min_weight!r}.")
    for name, value in limits.items():
        if not 0 < value <= 1:
            raise ParameterError(f"{name} must be a share above 0 and at most 1. Got {value!r}.")
    if span_h is not None and not (np.isfinite(span_h) and span_h > 0):
        raise ParameterError(f"span_h must be None or a finite number of hours above 0. Got {span_h!r}.")


def read_cells(cells: pd.DataFrame, zones: gpd.GeoDataFrame | None) -> tuple[pd.DataFrame, float]:
    """Order the rows with demand inside the zones, with what is uncovered; and tell the demand outside."""
    named = next((name for name in _COVERED if name in cells.columns), None)
    needed = ["cell", "demand", *(["zone_id"] if zones is not None else []), *([] if named else ["covered_demand"])]
    missing = [name for name in needed if name not in cells.columns]
    if missing:
        raise ColumnError(f"cells: column {missing[0]!r} is missing; {suggest(missing[0], map(str, cells.columns))}")
    demand = cells["demand"].to_numpy(dtype=np.float64)
    zone = cells["zone_id"] if zones is not None else pd.Series(schema.OUTSIDE, index=cells.index, dtype="str")
    ends = {}
    for suffix, column in (("", named), ("_low", f"{named}_high" if f"{named}_high" in cells.columns else named)):
        covered = cells[column].to_numpy(dtype=np.float64) * (1.0 if named == "covered_demand" else demand)
        _check_amounts(cells, demand, covered)
        ends[f"uncovered{suffix}"] = np.maximum(demand - covered, 0.0)
    table = cells.assign(zone_id=zone.astype("str"), **ends)[demand > 0]
    inside = np.ones(len(table), dtype=np.bool_)
    if zones is not None:
        numbers_of(table["zone_id"], lowest_ids(zones), table="cells")
        inside = (table["zone_id"] != schema.OUTSIDE).to_numpy()
    repeated = table.duplicated(["cell", "zone_id"])
    if repeated.any():
        raise DataError(f"cells: (cell, zone_id) must be unique, {int(repeated.sum()):,} rows repeat an earlier one.")
    if not inside.any():
        raise DataError(f"cells: no demand {'inside the zones' if len(table) else ''} in {len(cells):,} rows.")
    kept = table[inside].sort_values(["cell", "zone_id"], ignore_index=True)
    return kept, float(table.loc[~inside, "demand"].sum())


def _check_amounts(cells: pd.DataFrame, demand: FloatArray, covered: FloatArray) -> None:
    for wrong, what in (
        (~(np.isfinite(demand) & (demand >= 0)), "demand must be a finite number, 0 or more"),
        (~(np.isfinite(covered) & (covered >= 0) & (covered <= demand * (1 + _ROUNDING))),
         "covered demand must be between 0 and demand"),
    ):  # fmt: skip
        if wrong.any():
            raise DataError(
                f"cells: {what}; {int(wrong.sum()):,} of {len(cells):,} rows break this: rows "
                f"{first_few(cells.index[wrong])}."
            )


def rows_of(table: pd.DataFrame, zones: gpd.GeoDataFrame | None) -> Rows:
    """Give numbers to the cells and zones of the rows."""
    cell, at = np.unique(table["cell"].to_numpy(dtype=np.uint64), return_inverse=True)
    return Rows(
        cells=cell,
        cell=at.astype(np.int64),
        zone=numbers_of(table["zone_id"], lowest_ids(zones), table="cells"),
        demand=table["demand"].to_numpy(dtype=np.float64),
        uncovered=table["uncovered"].to_numpy(dtype=np.float64),
        uncovered_low=table["uncovered_low"].to_numpy(dtype=np.float64),
    )
