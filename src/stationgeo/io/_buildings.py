"""Reading buildings, of which coverage counts those in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.io._faults import row_names
from stationgeo.io._report import Count, Ingest
from stationgeo.io._shapes import read_wgs84_vector

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_buildings"]

_TYPES = ("Point", "Polygon", "MultiPolygon")


def read_buildings(
    source: str | Path | gpd.GeoDataFrame,
    *,
    datum: str | None,
    weight: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
) -> Ingest[gpd.GeoDataFrame]:
    """Read buildings: points or outlines.

    Parameters
    ----------
    source, datum, crs, encoding
        As for `read_zones`.
    weight
        The file's column that says how much each counts: floors, households, m2; None: each counts one.

    Returns
    -------
    Ingest
        `.table` has `amount` (1 where there is no weight) and the geometry in WGS-84. Lines, and rows whose weight is
        missing, no number or below 0, are dropped and counted.

    Raises
    ------
    SourceError, DatumError
        As for `read_zones`.
    ColumnError
        If the weight's column is missing.
    DataError
        If no row is left.

    Notes
    -----
    O(vertices).

    Examples
    --------
    >>> houses = gpd.GeoDataFrame({"floors": [3, None]}, geometry=gpd.points_from_xy([114, 114], [22, 22]), crs=4326)
    >>> read = read_buildings(houses, datum="WGS-84", weight="floors")
    >>> read.table["amount"].tolist(), read.report.dropped[0].rows
    ([3.0], 1)
    """
    frame, report = read_wgs84_vector(source, datum=datum, named_crs=crs, encoding=encoding, bad_rows="drop")
    if weight is not None and weight not in frame.columns:
        names = [str(name) for name in frame.columns]
        raise ColumnError(f"{report.source}: column {weight!r} is missing; {suggest(weight, names)}")
    amount = pd.Series(1.0, index=frame.index)
    if weight is not None:
        amount = pd.to_numeric(frame[weight], errors="coerce").astype("float64")
    odd = ~frame.geometry.geom_type.isin(_TYPES).to_numpy()
    blank = ~(amount.to_numpy() >= 0) & ~odd
    kept = ~(odd | blank)
    if not kept.any():
        raise DataError(
            f"{report.source}: no row is a building with a weight: of {len(frame):,} rows {int(odd.sum()):,} are no "
            f"point or polygon ({first_few(frame.geometry.geom_type.unique())}). Name another file or column."
        )
    counts = (("no point or polygon", odd), (f"no {weight} of 0 or more", blank))
    dropped = tuple(
        Count(reason=reason, rows=int(rows.sum()), examples=row_names(frame.index, rows))
        for reason, rows in counts
        if rows.any()
    )
    table = gpd.GeoDataFrame({"amount": amount}, geometry=frame.geometry, index=frame.index, crs=frame.crs)
    return Ingest(table=table[kept].reset_index(drop=True), report=report.adding(dropped=dropped))
