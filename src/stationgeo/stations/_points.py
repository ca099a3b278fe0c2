"""Where stations and candidates stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stationgeo.errors import SHOWN_OFFENDERS, ColumnError, DataError, DatumError

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.schema import FloatArray

__all__ = ["lonlat"]

_WGS84_EPSG = 4326


def lonlat(frame: pd.DataFrame, *, source: str | None = None) -> tuple[FloatArray, FloatArray]:
    """Read the coordinates of a table of points.

    Parameters
    ----------
    frame
        STATIONS, CANDIDATES or any GeoDataFrame in WGS-84 whose geometry is points; no rows are fine.
    source
        What to call the table in messages.

    Returns
    -------
    lon, lat : ndarray of float64
        WGS-84 degrees, one pair per row.

    Raises
    ------
    ColumnError
        If there is no geometry.
    DatumError
        If the geometry is not in WGS-84 longitude and latitude.
    DataError
        If a geometry is missing, empty or no point: how many and the first three. Which point stands for a street or
        a building is the reader's business, and never guessed here.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import geopandas as gpd
    >>> lonlat(gpd.GeoDataFrame(geometry=[shapely.Point(114.05, 22.54)], crs="EPSG:4326"))
    (array([114.05]), array([22.54]))
    """
    where = source or "STATIONS"
    if "geometry" not in frame.columns:
        raise ColumnError(f"{where}: column 'geometry' is missing; pass a GeoDataFrame of points in WGS-84.")
    if frame.empty:
        return np.zeros(0), np.zeros(0)
    crs = getattr(frame, "crs", None)
    if crs is None or crs.to_epsg() != _WGS84_EPSG:
        raise DatumError(f"{where}: geometry must be in WGS-84 (EPSG:4326). Got {crs}; use crs.geometry_to_wgs84().")
    shapes = np.asarray(frame["geometry"], dtype=np.object_)
    wrong = (shapely.get_type_id(shapes) != shapely.GeometryType.POINT) | shapely.is_empty(shapes)
    if wrong.any():
        rows = np.flatnonzero(wrong)
        shown = [f"{_shape_in_words(shapes[row])} (row {frame.index[row]})" for row in rows[:SHOWN_OFFENDERS]]
        more = ", ..." if rows.size > SHOWN_OFFENDERS else ""
        raise DataError(
            f"{where}: geometry must be points; {rows.size:,} of {len(frame):,} rows are not: "
            f"{', '.join(shown)}{more}. Give each a representative point, or leave clusters out by stations.counted()."
        )
    return shapely.get_x(shapes), shapely.get_y(shapes)


def _shape_in_words(shape: Any) -> str:  # noqa: ANN401 - a shape or None
    if shape is None:
        return "none"
    return f"empty {shape.geom_type}" if shape.is_empty else str(shape.geom_type)
