"""Zones by level and by place: which one a point lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import cells, crs
from stationgeo.errors import DataError, ParameterError, suggest
from stationgeo.schema import LEVELS, OUTSIDE, ZONES, validate
from stationgeo.zones._polygons import check_zones, polygons_of

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

HULL_BUFFER_M = 1.0
"""The hull of points is drawn this much wider, so that every point lies within it."""

# At a pole a degree of longitude has no length.
_FARTHEST_LAT_DEG = 89.0

HULL_ID = "all"
"""The `zone_id` and name of the hull of points."""

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
    ColumnError
        If a column of ZONES is missing.
    DataError
        If there are no zones, one has an unknown level, or the table breaks its contract otherwise.

    Notes
    -----
    O(zones).

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
    ColumnError
        If a column of ZONES is missing.
    DataError
        If the table breaks its contract.
    ParameterError
        If there is no such level.

    Notes
    -----
    O(zones).

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
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a coordinate is nan, infinite or out of range, there are no zones, or a polygon is empty or invalid.
    DatumError
        If the zones are not in WGS-84.
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
    lowest = at_level(check_zones(zones), level=lowest_level(zones))
    names = np.append(lowest["zone_id"].to_numpy(dtype=np.object_), OUTSIDE)
    polygons = polygons_of(lowest).copy()
    shapely.prepare(polygons)
    tree = shapely.STRtree(polygons)
    first = np.full(x.size, len(polygons), dtype=np.int64)
    for start in range(0, x.size, _POINTS_AT_ONCE):
        block = slice(start, start + _POINTS_AT_ONCE)
        point, zone = tree.query(shapely.points(x[block], y[block]), predicate="intersects")
        np.minimum.at(first[block], point, zone)
    return names[first]


def hull(lon: npt.ArrayLike, lat: npt.ArrayLike) -> gpd.GeoDataFrame:
    """Draw one zone around points, for a study that has no zones.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape, at least one point.

    Returns
    -------
    GeoDataFrame
        ZONES of one row: the unit "all", of level city, the convex hull of the points and 1 m around it.

    Raises
    ------
    DataError
        If there is no point, or a coordinate is nan, infinite or out of range.
    ParameterError
        If the shapes differ.

    Notes
    -----
    Convex in longitude and latitude. O(n log n).

    Examples
    --------
    >>> hull([114.0, 114.1, 114.05], [22.5, 22.5, 22.6])[["zone_id", "level"]].to_dict("list")
    {'zone_id': ['all'], 'level': ['city']}
    """
    x, y = cells.checked_lonlat(lon, lat)
    if x.size == 0:
        raise DataError("points must not be empty: no points, no hull.")
    # Towards the poles a degree of longitude shrinks: the latitude farthest from the equator keeps 1 m everywhere.
    farthest = min(float(np.abs(y).max()), _FARTHEST_LAT_DEG)
    per_degree = np.array([float(metres) for metres in crs.metres_per_degree(farthest)])

    def to_metres(points: FloatArray) -> FloatArray:
        return np.asarray(points * per_degree, dtype=np.float64)

    def to_degrees(points: FloatArray) -> FloatArray:
        return np.asarray(points / per_degree, dtype=np.float64)

    around = shapely.convex_hull(shapely.multipoints(to_metres(np.column_stack((x, y)))))
    drawn = shapely.transform(np.array([shapely.buffer(around, HULL_BUFFER_M)], dtype=np.object_), to_degrees)
    rows = {"zone_id": [HULL_ID], "level": [LEVELS[-1]], "parent_id": [""], "name": [HULL_ID]}
    return gpd.GeoDataFrame(rows, geometry=drawn, crs=crs.WGS84)
