"""Access points: where stations and cells are met, which may be several places of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import cells
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.reach._arrays import texts
from stationgeo.reach._meeting.snap import Snaps, snap
from stationgeo.reach._stations import checked_ids, id_texts
from stationgeo.stations import lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "StationPoints",
    "candidate_cells",
    "candidate_radius_m",
    "cell_points",
    "checked_access_resolution",
    "snap_cells",
    "snap_stations",
    "station_points",
]

# Candidate cells lie within cutoff x top speed; lengths of edges are rounded by less than this.
_SEARCH_SLACK = 0.01

# Centres of a cell's descendants lie up to 0.63 mean spacings from its own, three steps down (measured around all
# pentagons and at 3,000 random places); each further step adds a seventh of what the last two added.
_SPACINGS_TO_DESCENDANTS = 0.75


# From here on it is the cutoff that is too large, rather than the resolution that is too fine.
_LIKELY_MISTAKE_M = 1_000_000.0
_M_PER_KM = 1000.0


class StationPoints(NamedTuple):
    """The points at which stations are met: those of one station stand together, stations ascend by id."""

    id_column: str
    names: npt.NDArray[np.object_]
    """Ids of the stations, ascending."""
    station: IntArray
    """Station of each point, as row of `names`."""
    number: IntArray
    """Which of its station's points it is, from 0."""
    lon: FloatArray
    lat: FloatArray


def station_points(tables: Sequence[gpd.GeoDataFrame], access: gpd.GeoDataFrame | None) -> StationPoints:
    """Find where the stations of some tables are met: at the points that `access` names, or else at their own."""
    columns, ids = zip(*(checked_ids(table) for table in tables), strict=True)
    if len(set(columns)) > 1:
        raise ColumnError(f"stations that are given together must have one column of ids. Got {first_few(columns)}.")
    id_column, names = columns[0], np.concatenate(ids)
    given, lon, lat = _given(access, id_column, names)
    whose, lons, lats = [given], [lon], [lat]
    for table, own_names in zip(tables, ids, strict=True):
        own = ~pd.Index(own_names).isin(given)
        if access is None or own.any():
            own_lon, own_lat = lonlat(table[own], source=f"the table of {id_column}")
            whose, lons, lats = [*whose, own_names[own]], [*lons, own_lon], [*lats, own_lat]
    names = np.sort(names)
    station = pd.Index(names, dtype=object).get_indexer(pd.Index(np.concatenate(whose), dtype=object)).astype(np.int64)
    order = np.argsort(station, kind="stable")
    station = station[order]
    number = np.arange(station.size) - np.searchsorted(station, station)
    return StationPoints(id_column, names, station, number, np.concatenate(lons)[order], np.concatenate(lats)[order])


def _given(
    access: gpd.GeoDataFrame | None, id_column: str, names: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.object_], FloatArray, FloatArray]:
    """Hold a table of access points against the stations: whose each is, with longitude and latitude."""
    if access is None:
        return np.empty(0, dtype=np.object_), np.empty(0), np.empty(0)
    if id_column not in access.columns:
        has = suggest(id_column, [str(name) for name in access.columns])
        raise ColumnError(f"access must have the column {id_column} of the stations; {has}")
    ids = access[id_column]
    if ids.isna().any():
        raise DataError(
            f"access must name a station in each row; {int(ids.isna().sum()):,} of {len(ids):,} rows name none."
        )
    strange = ids[~np.isin(id_texts(ids), names)]
    if len(strange):
        raise DataError(
            f"access must name stations of the table; {len(strange):,} of {len(ids):,} rows name others: "
            f"{first_few(strange.drop_duplicates())}. Give the table of these stations too, or leave the rows out."
        )
    lon, lat = lonlat(access, source="access")
    return id_texts(ids), lon, lat


def checked_access_resolution(access_resolution: int | None, resolution: int) -> int:
    """Insist that cells are met at points no coarser than they are; their own centres by default."""
    if access_resolution is None:
        return resolution
    if isinstance(access_resolution, bool) or int(access_resolution) != access_resolution:
        raise ParameterError(f"access_resolution must be a whole number. Got {access_resolution!r}.")
    if access_resolution < resolution:
        raise ParameterError(
            f"access_resolution must be the resolution of the cells, {resolution}, or finer. Got {access_resolution}."
        )
    return int(access_resolution)


def candidate_cells(
    lon: FloatArray, lat: FloatArray, *, radius_m: float, resolution: int, access_resolution: int
) -> CellArray:
    """List the cells that could be reached: the way is no shorter than the straight line."""
    wide_m = candidate_radius_m(radius_m, resolution, access_resolution)
    try:
        return cells.within_any(lon, lat, radius_m=wide_m, resolution=resolution)
    except ParameterError as error:
        if wide_m <= _LIKELY_MISTAKE_M:
            raise
        raise ParameterError(
            f"cutoff_s must not reach farther than can be looked at: it allows ways of {radius_m / _M_PER_KM:,.0f} km. "
            f"{error}"
        ) from error


def candidate_radius_m(radius_m: float, resolution: int, access_resolution: int) -> float:
    """Say how far from a station the centre of a cell that it reaches may lie, if no way is longer than the radius."""
    wide_m = radius_m * (1 + _SEARCH_SLACK) + 1.0
    if access_resolution > resolution:
        wide_m += _SPACINGS_TO_DESCENDANTS * cells.spacing_m(resolution)
    return wide_m


def cell_points(named: CellArray, access_resolution: int) -> tuple[CellArray, CellArray]:
    """List the access points of cells, as the finer cells whose centres they are: cell and access point."""
    if not named.size:
        return named, named
    row, access_cell = cells.children(named, resolution=access_resolution)
    return named[row], access_cell


def snap_stations(points: StationPoints, network: Network, *, limit_m: float, workers: int | None) -> Snaps:
    """Find where the points of stations meet the streets, with whose each is."""
    at = snap(points.lon, points.lat, network, limit_m=limit_m, workers=workers)
    at.table.insert(0, "station_id", texts(points.names, points.station))
    at.table.insert(1, "access", points.number)
    return at


def snap_cells(
    named: CellArray, network: Network, *, access_resolution: int, limit_m: float, workers: int | None
) -> Snaps:
    """Find where the access points of cells meet the streets, with whose each is."""
    cell, access_cell = cell_points(named, access_resolution)
    centres = snap(*cells.centres(access_cell), network, limit_m=limit_m, workers=workers)
    centres.table.insert(0, "cell", cell)
    centres.table.insert(1, "access_cell", access_cell)
    return centres
