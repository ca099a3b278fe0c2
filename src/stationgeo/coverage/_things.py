"""Things that stations may reach besides demand, placed in cells and zones: buildings, and metres of corridor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from stationgeo import cells, crs, schema
from stationgeo import zones as zone_tree
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["place_buildings", "place_routes"]

_WGS84_EPSG = 4326
_LINES = (shapely.GeometryType.LINESTRING, shapely.GeometryType.MULTILINESTRING)
_AREAS = (shapely.GeometryType.POINT, shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
# Pieces of a line: at resolution 10 a fourteenth of the way between neighbouring cells.
_STEP_SHARE = 1 / 14


def place_buildings(
    buildings: gpd.GeoDataFrame, *, zones: gpd.GeoDataFrame | None, resolution: int, weight: str | None = None
) -> pd.DataFrame:
    """Count buildings by cell and zone.

    Parameters
    ----------
    buildings
        Points or polygons in WGS-84; a polygon counts where its representative point lies, which is within it.
    zones
        ZONES; None: all lie in none.
    resolution
        H3 resolution.
    weight
        Column that says how much each counts (floors, households, m2), 0 or more; None: each counts one.

    Returns
    -------
    DataFrame
        PLACED: key (`cell`, `zone_id`), `amount`.

    Raises
    ------
    ColumnError
        If the geometry or the weight is missing.
    DataError
        If a geometry is missing, empty or a line, or a weight is missing or below 0.
    DatumError
        If the geometry is not in WGS-84 (EPSG:4326).

    Notes
    -----
    The amounts add up to those of all buildings. O(n log n).

    Examples
    --------
    >>> import geopandas as gpd
    >>> houses = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.05, 114.05], [22.54, 22.54]), crs="EPSG:4326")
    >>> place_buildings(houses, zones=None, resolution=10)["amount"].tolist()
    [2.0]
    """
    shapes = _shapes(buildings, _AREAS, "buildings", "points or polygons")
    points = shapely.point_on_surface(shapes)
    return _placed(shapely.get_x(points), shapely.get_y(points), _amounts(buildings, weight), zones, resolution)


def place_routes(
    routes: gpd.GeoDataFrame, *, zones: gpd.GeoDataFrame | None, resolution: int, step_m: float | None = None
) -> pd.DataFrame:
    """Measure corridors by cell and zone.

    Parameters
    ----------
    routes
        Lines in WGS-84: freight lines, roads along which truckers rest.
    zones
        ZONES; None: all lie in none.
    resolution
        H3 resolution.
    step_m
        Lines are cut into pieces of about this length, metres, each in the cell and zone of its middle; by default a
        fourteenth of the spacing of cells.

    Returns
    -------
    DataFrame
        PLACED: key (`cell`, `zone_id`), `amount` in metres.

    Raises
    ------
    ColumnError
        If the geometry is missing.
    DataError
        If a geometry is missing, empty or no line.
    DatumError
        If the geometry is not in WGS-84 (EPSG:4326).
    ParameterError
        If the step is not above 0.

    Notes
    -----
    The amounts add up to the length of the lines on the ellipsoid; where a line crosses from a cell to another at most
    half a step is counted in the wrong one. O(length / step).

    Examples
    --------
    >>> import geopandas as gpd
    >>> road = gpd.GeoDataFrame(geometry=[shapely.LineString([(114, 22.5), (114.01, 22.5)])], crs="EPSG:4326")
    >>> round(place_routes(road, zones=None, resolution=10)["amount"].sum())
    1029
    """
    step = _STEP_SHARE * cells.spacing_m(resolution) if step_m is None else step_m
    if not step > 0:
        raise ParameterError(f"step_m must be above 0. Got {step_m!r} instead.")
    parts = shapely.get_parts(_shapes(routes, _LINES, "routes", "lines"))
    lon, lat, length = _pieces_of(parts, step)
    return _placed(lon, lat, length, zones, resolution)


def _pieces_of(lines: npt.NDArray[np.object_], step_m: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cut each straight part of lines into equal pieces: their middles, and their lengths in metres."""
    points, line = shapely.get_coordinates(lines, return_index=True)
    begins = np.flatnonzero(line[1:] == line[:-1])
    start, end = points[begins], points[begins + 1]
    length = crs.distance_m(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    n = np.maximum(1, np.ceil(length / step_m)).astype(np.int64)
    row = np.repeat(np.arange(n.size), n)
    along = (np.arange(row.size) - np.repeat(np.cumsum(n) - n, n) + 0.5) / n[row]
    middle = start[row] + (end - start)[row] * along[:, None]
    return middle[:, 0], middle[:, 1], (length / n)[row]


def _placed(
    lon: FloatArray, lat: FloatArray, amount: FloatArray, zones: gpd.GeoDataFrame | None, resolution: int
) -> pd.DataFrame:
    cell = cells.from_lonlat(lon, lat, resolution=resolution)
    zone = np.full(lon.size, schema.OUTSIDE, dtype=object) if zones is None else zone_tree.locate(lon, lat, zones=zones)
    table = pd.DataFrame({"cell": cell, "zone_id": pd.Series(zone, dtype="str"), "amount": amount})
    added: pd.DataFrame = table.groupby(["cell", "zone_id"], as_index=False, sort=True)[["amount"]].sum()
    return added


def _amounts(things: gpd.GeoDataFrame, weight: str | None) -> FloatArray:
    if weight is None:
        return np.ones(len(things))
    if weight not in things.columns:
        names = [str(name) for name in things.columns]
        raise ColumnError(f"buildings: column {weight!r} is missing; {suggest(weight, names)}")
    amount = things[weight].to_numpy(dtype=np.float64)
    wrong = ~(amount >= 0)
    if wrong.any():
        raise DataError(
            f"buildings: column {weight!r} must be 0 or more; {int(wrong.sum()):,} of {amount.size:,} rows are not: "
            f"{first_few(amount[wrong])}. Fill or drop them."
        )
    return amount


def _shapes(
    things: gpd.GeoDataFrame, kinds: tuple[shapely.GeometryType, ...], what: str, meant: str
) -> npt.NDArray[np.object_]:
    if "geometry" not in things.columns:
        raise ColumnError(f"{what}: column 'geometry' is missing; pass a GeoDataFrame in WGS-84.")
    if things.crs is None or things.crs.to_epsg() != _WGS84_EPSG:
        raise DatumError(
            f"{what}: geometry must be in WGS-84 (EPSG:4326). Got {things.crs}; use crs.geometry_to_wgs84()."
        )
    shapes = np.asarray(things["geometry"], dtype=np.object_)
    wrong = ~np.isin(shapely.get_type_id(shapes), kinds) | shapely.is_empty(shapes)
    if wrong.any():
        rows = things.index[wrong]
        raise DataError(
            f"{what}: geometry must be {meant}; {int(wrong.sum()):,} of {len(things):,} rows are not: rows "
            f"{first_few(rows)}. Leave them out, or give them another geometry."
        )
    return shapes
