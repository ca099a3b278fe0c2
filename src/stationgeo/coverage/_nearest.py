"""The station that is nearest to each of some cells: as somebody measured it, or by the straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from stationgeo import cells as h3_cells
from stationgeo import crs
from stationgeo import stations as station_kinds
from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.reach import as_table, impedance_column

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.reach import NearestStations
    from stationgeo.schema import CellArray, FloatArray

__all__ = ["Nearest", "nearest_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The nearest counted station of each of some cells."""

    station_id: npt.NDArray[np.object_]
    """Per cell; '' where none is known."""
    impedance: FloatArray
    """Per cell, in `unit`; nan where none is known."""
    unit: str
    """m or s."""
    by: str
    """"straight line", or "given" where a table was."""


def nearest_of(
    cells: CellArray, *, stations: gpd.GeoDataFrame, nearest: pd.DataFrame | NearestStations | None,
    catalogue: station_kinds.Catalogue | None,
) -> Nearest:  # fmt: skip
    """Find the nearest counted station of each cell.

    A table has `cell`, `station_id` and one impedance, perhaps `rank`, of which 1 counts, as `reach.nearest_stations`
    and `reach.nearest_over_streets` make it. Without one, it is geodesic metres from the cell's centre; of two at one
    distance either.
    """
    counted = station_kinds.counted(stations, catalogue=catalogue)
    if nearest is None:
        return _straight(cells, counted)
    table = as_table(nearest, name="nearest")
    missing = [name for name in ("cell", "station_id") if name not in table.columns]
    if missing:
        raise ColumnError(f"nearest: column {missing[0]!r} is missing; {suggest(missing[0], map(str, table.columns))}")
    column = impedance_column(table)
    first = table[table["rank"] == 1] if "rank" in table.columns else table
    _check(first, counted)
    found = first.set_index("cell").reindex(pd.Index(cells))
    return Nearest(
        station_id=found["station_id"].astype("object").fillna("").to_numpy(dtype=object),
        impedance=found[column].to_numpy(dtype=np.float64),
        unit=column.rpartition("_")[2],
        by="given",
    )


def _check(table: pd.DataFrame, counted: pd.DataFrame) -> None:
    repeated = table.loc[table["cell"].duplicated(), "cell"]
    if len(repeated):
        raise DataError(
            f"nearest: a cell must have one nearest station; {len(repeated):,} rows repeat one: {first_few(repeated)}. "
            "Give a column 'rank', or only the nearest of each."
        )
    unknown = table.loc[~table["station_id"].isin(counted["station_id"]), "station_id"].unique()
    if len(unknown):
        raise DataError(
            f"nearest names {len(unknown):,} stations that are not counted stations of the table: "
            f"{first_few(map(str, unknown))}. Compute it from stations.counted(stations)."
        )


def _straight(cells: CellArray, counted: gpd.GeoDataFrame) -> Nearest:
    name, metres = np.full(cells.size, "", dtype=object), np.full(cells.size, np.nan)
    if len(counted) and cells.size:
        lon, lat = station_kinds.lonlat(counted)
        centre_lon, centre_lat = h3_cells.centres(cells)
        _, row = cKDTree(crs.geocentric_m(lon, lat)).query(crs.geocentric_m(centre_lon, centre_lat))
        name = counted["station_id"].to_numpy(dtype=object)[row]
        metres = crs.distance_m(centre_lon, centre_lat, lon[row], lat[row])
    return Nearest(station_id=name, impedance=metres, unit="m", by="straight line")
