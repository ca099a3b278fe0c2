"""Who goes where: the cells of a station, outlines of equal way, and the nearest stations of each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import cells, crs
from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.reach._checks import check_bands, check_count
from stationgeo.reach._tables.rows import as_table
from stationgeo.schema import REACH, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationgeo.reach._tables.rows import HoldsTable

__all__ = ["catchment", "impedance_column", "isochrones", "nearest_stations"]


def catchment(reach: pd.DataFrame | HoldsTable, *, station_id: str) -> pd.DataFrame:
    """List the cells that a station reaches.

    Parameters
    ----------
    reach
        REACH, in seconds or metres.
    station_id
        Which.

    Returns
    -------
    DataFrame
        `cell` and the impedance, nearest first; cells of one impedance in order of their index.

    Raises
    ------
    ColumnError
        If the table lacks a column, or has no impedance, or both.
    DataError
        If the table breaks its contract, or the station reaches nothing.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> table = pd.DataFrame({"station_id": ["a", "a"], "cell": [8, 7], "impedance_s": [90.0, 30.0]})
    >>> catchment(table.astype({"cell": "uint64"}), station_id="a")["cell"].tolist()
    [7, 8]
    """
    table = validate(as_table(reach), REACH)
    column = impedance_column(table)
    found = table.loc[table["station_id"] == station_id, ["cell", column]]
    if found.empty:
        raise DataError(
            f"REACH has no row of station {station_id!r}: it reaches nothing, or is not there; "
            f"{suggest(str(station_id), table['station_id'].unique().tolist())}"
        )
    return found.sort_values([column, "cell"], ignore_index=True)


def nearest_stations(reach: pd.DataFrame | HoldsTable, *, k: int = 1) -> pd.DataFrame:
    """Allot each cell to the stations that are nearest to it by the way: a Voronoi diagram of the streets.

    Parameters
    ----------
    reach
        REACH, in seconds or metres.
    k
        How many stations of each cell, 1 or more. A cell within the reach of fewer has fewer.

    Returns
    -------
    DataFrame
        Key (`cell`, `rank`): `station_id` and the impedance, in order of cell; rank 1 is the nearest. Of stations with
        one impedance the one first by its id is nearer.

    Raises
    ------
    ColumnError
        If the table lacks a column, or has no impedance, or both.
    DataError
        If the table breaks its contract.
    ParameterError
        If k is less than 1.

    Notes
    -----
    What lies beyond the reach of every station is in no row. O(n log n).

    Examples
    --------
    >>> table = pd.DataFrame({"station_id": ["a", "b"], "cell": [7, 7], "impedance_m": [500.0, 300.0]})
    >>> nearest_stations(table.astype({"cell": "uint64"}))["station_id"].tolist()
    ['b']
    """
    check_count("k", k)
    table = validate(as_table(reach), REACH)
    column = impedance_column(table)
    ordered = table.sort_values(["cell", column, "station_id"], kind="stable", ignore_index=True)
    rank = ordered.groupby("cell", sort=False).cumcount() + 1
    near = ordered.assign(rank=rank.astype("int64"))[rank <= k]
    return near[["cell", "rank", "station_id", column]].reset_index(drop=True)


def isochrones(reach: pd.DataFrame | HoldsTable, *, bands: Sequence[float], together: bool = False) -> gpd.GeoDataFrame:
    """Draw how far stations reach within some impedances.

    Parameters
    ----------
    reach
        REACH, in seconds or metres.
    bands
        Largest impedances, inclusive, in the unit of the reach: ``[60, 120, 180]``; above 0, ascending. None may be
        larger than the cutoff that the reach was made with: there is nothing beyond it to draw.
    together
        Whether to draw all stations as one, instead of each by itself.

    Returns
    -------
    GeoDataFrame
        Key (`station_id`, `band`), EPSG:4326: `n_cells`, `geometry`, the cells within the band dissolved, those of
        nearer bands included. `station_id` is '' where all are drawn together. A band in which a station reaches no
        cell has no row.

    Raises
    ------
    ColumnError
        If the table lacks a column, or has no impedance, or both.
    DataError
        If the table breaks its contract.
    ParameterError
        If the bands are none, not above 0, or do not ascend.

    Notes
    -----
    The outline is that of cells whose access point is in reach: it is as coarse as they are, and reaches up to a cell's
    half beyond the way; `street_isochrones` follows the streets. O(rows x bands).

    Examples
    --------
    >>> cell = cells.from_lonlat([114.0579, 114.0592], [22.5431, 22.5431], resolution=10)
    >>> table = pd.DataFrame({"station_id": "a", "cell": cell, "impedance_s": [20.0, 70.0]})
    >>> isochrones(table, bands=[60, 120])[["band", "n_cells"]].to_numpy().tolist()
    [[60.0, 1.0], [120.0, 2.0]]
    """
    limits = check_bands("bands", bands)
    table = validate(as_table(reach), REACH)
    column = impedance_column(table)
    table = table.assign(station_id="") if together else table
    rows = []
    for name, one in table.groupby("station_id", sort=True):
        way, cell = one[column].to_numpy(dtype=np.float64), one["cell"].to_numpy()
        for limit in limits:
            inside = np.unique(cell[way <= limit])
            if inside.size:
                rows.append((str(name), limit, int(inside.size), cells.dissolve(inside)))
    found = pd.DataFrame(rows, columns=["station_id", "band", "n_cells", "geometry"])
    kinds = {"station_id": "str", "band": "float64", "n_cells": "int64"}
    return gpd.GeoDataFrame(found.astype(kinds), geometry="geometry", crs=crs.WGS84)


def impedance_column(reach: pd.DataFrame) -> str:
    """Name the one column of impedances that a table has.

    Parameters
    ----------
    reach
        REACH, or a table of nearest stations.

    Returns
    -------
    str
        impedance_s or impedance_m.

    Raises
    ------
    ColumnError
        If the table has neither, or both.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> import pandas as pd
    >>> impedance_column(pd.DataFrame({"impedance_s": [60.0]}))
    'impedance_s'
    """
    there = [name for name in ("impedance_s", "impedance_m") if name in reach.columns]
    if len(there) != 1:
        raise ColumnError(
            f"REACH: exactly one of impedance_s and impedance_m must be there. Got {first_few(there) or 'neither'}."
        )
    return there[0]
