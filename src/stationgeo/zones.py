"""Zones: which one a point lies in, their tree, their overlaps, and how they cut cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import cells
from stationgeo.errors import DataError, ParameterError, suggest
from stationgeo.schema import LEVELS, OUTSIDE, ZONES, validate

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["at_level", "locate", "lowest_level"]

# Points are looked up in blocks of so many, to bound the memory.
_POINTS_AT_ONCE = 1_000_000


def lowest_level(zones: gpd.GeoDataFrame) -> str:
    """Tell the lowest level that zones have: the one that places demand.

    Parameters
    ----------
    zones
        ZONES, of one or more levels.

    Returns
    -------
    str
        One of `schema.LEVELS`.

    Raises
    ------
    DataError
        If there are no zones, or one has an unknown level.
    ColumnError
        If there is no column `level`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> zone = {"zone_id": ["1"], "level": ["street"], "parent_id": [""], "name": ["A"]}
    >>> lowest_level(gpd.GeoDataFrame(zone, geometry=[shapely.box(114, 22, 115, 23)], crs="EPSG:4326"))
    'street'
    """
    validate(zones, ZONES)
    if zones.empty:
        raise DataError("zones must not be empty: no zones, no lowest level.")
    present = set(zones["level"])
    return next(level for level in LEVELS if level in present)


def at_level(zones: gpd.GeoDataFrame, *, level: str) -> gpd.GeoDataFrame:
    """Select the zones of one level.

    Parameters
    ----------
    zones
        ZONES, of one or more levels.
    level
        One of `schema.LEVELS`.

    Returns
    -------
    GeoDataFrame
        The rows of that level in the order of the table, numbered anew; none if the level is not there.

    Raises
    ------
    ParameterError
        If there is no such level.

    Examples
    --------
    >>> import geopandas as gpd
    >>> zone = {"zone_id": ["1"], "level": ["street"], "parent_id": [""], "name": ["A"]}
    >>> table = gpd.GeoDataFrame(zone, geometry=[shapely.box(114, 22, 115, 23)], crs="EPSG:4326")
    >>> len(at_level(table, level="street")), len(at_level(table, level="grid"))
    (1, 0)
    """
    if level not in LEVELS:
        raise ParameterError(f"unknown level {level!r}; {suggest(level, LEVELS)}")
    return validate(zones, ZONES).loc[zones["level"] == level].reset_index(drop=True)


def locate(lon: npt.ArrayLike, lat: npt.ArrayLike, *, zones: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Tell which lowest-level zone each point lies in.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.
    zones
        ZONES; only their lowest level is used.

    Returns
    -------
    ndarray of str
        `zone_id` per point, '' outside all zones. A point on a boundary, or in several zones, goes to the one that
        comes first in the table.

    Raises
    ------
    DataError
        If a coordinate is nan, infinite or out of range, or there are no zones.
    ParameterError
        If the shapes differ.

    Notes
    -----
    O(n log z), by a tree of the zones' boxes and prepared polygons.

    Examples
    --------
    >>> import geopandas as gpd
    >>> zone = {"zone_id": ["1"], "level": ["street"], "parent_id": [""], "name": ["A"]}
    >>> table = gpd.GeoDataFrame(zone, geometry=[shapely.box(114, 22, 115, 23)], crs="EPSG:4326")
    >>> locate([114.5, 113.0], [22.5, 22.5], zones=table)
    array(['1', ''], dtype=object)
    """
    x, y = cells.checked_lonlat(lon, lat)
    lowest = at_level(zones, level=lowest_level(zones))
    names = np.append(lowest["zone_id"].to_numpy(dtype=np.object_), OUTSIDE)
    polygons = lowest.geometry.to_numpy().copy()
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)
    first = np.full(x.size, len(polygons), dtype=np.int64)
    for start in range(0, x.size, _POINTS_AT_ONCE):
        block = slice(start, start + _POINTS_AT_ONCE)
        point, zone = tree.query(shapely.points(x[block], y[block]), predicate="intersects")
        np.minimum.at(first[block], point, zone)
    return names[first]
