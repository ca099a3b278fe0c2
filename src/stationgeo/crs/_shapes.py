"""Shapes in any CRS and datum to WGS-84."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from stationgeo.crs._datum import parse_datum, to_wgs84
from stationgeo.crs._ellipsoid import WGS84
from stationgeo.errors import DatumError

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["geometry_to_wgs84"]


def geometry_to_wgs84(geometry: gpd.GeoSeries, *, datum: str, crs: str | None = None) -> gpd.GeoSeries:
    """Bring geometry of a declared CRS and datum to WGS-84 longitude and latitude.

    Parameters
    ----------
    geometry
        Any shapes. Missing and empty ones stay what they are.
    datum
        The datum of the coordinates *after* the CRS is undone: a file tagged EPSG:4326 can still hold GCJ-02.
    crs
        Of a series that carries none; if it carries one, the two must agree.

    Returns
    -------
    GeoSeries
        In EPSG:4326, with the same index; every vertex moved on its own.

    Raises
    ------
    DatumError
        If there is no CRS at all, it contradicts the series' own or leads to no degrees, or the datum is unknown.

    Notes
    -----
    O(vertices). Edges stay straight between moved vertices: an edge of 1 km that was straight in Web Mercator or
    GCJ-02 departs from that by less than 2 cm in Chinese latitudes.

    Examples
    --------
    >>> point = gpd.GeoSeries([shapely.Point(114.0579, 22.5431)], crs="EPSG:4326")
    >>> print(shapely.to_wkt(geometry_to_wgs84(point, datum="GCJ-02").iloc[0], rounding_precision=5))
    POINT (114.05279 22.54583)
    """
    try:
        in_degrees = _with_crs(geometry, crs).to_crs(WGS84)
    except pyproj.exceptions.ProjError as error:
        raise DatumError(
            f"the CRS cannot be undone: {str(error).rstrip('.')}. Name the CRS that the geometry was drawn in."
        ) from error
    if parse_datum(datum) == "WGS-84":
        return in_degrees

    def undo(points: FloatArray) -> FloatArray:
        return np.column_stack(to_wgs84(points[:, 0], points[:, 1], datum=datum))

    moved = shapely.transform(np.asarray(in_degrees, dtype=object), undo)
    return gpd.GeoSeries(moved, index=geometry.index, crs=WGS84, name=geometry.name)


def _with_crs(geometry: gpd.GeoSeries, crs: str | None) -> gpd.GeoSeries:
    """Give geometry the CRS that is declared, or hold the two against each other."""
    if crs is None:
        if geometry.crs is None:
            raise DatumError("the geometry carries no CRS (no .prj?) and none was declared. Declare crs = 'EPSG:4326' "
                             "or the projected CRS it was drawn in.")  # fmt: skip
        return geometry
    try:
        declared = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise DatumError(f"unknown CRS {crs!r}; write it like 'EPSG:4547'.") from error
    if geometry.crs is None:
        return geometry.set_crs(declared)
    if not _same(geometry.crs, declared):
        raise DatumError(
            f"the geometry carries the CRS {geometry.crs.name!r}, and crs = {crs!r} was declared, which is "
            f"{declared.name!r}. Leave crs out, or mend the CRS that the file carries."
        )
    return geometry


def _same(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    """Tell whether two CRS are the same by definition, or by code: every .prj words its definition in its own way."""
    codes = one.to_epsg(), other.to_epsg()
    return bool(one.equals(other, ignore_axis_order=True)) or (codes[0] is not None and codes[0] == codes[1])
