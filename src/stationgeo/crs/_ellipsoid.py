"""Metres on the ellipsoid of WGS-84: distances, lengths of degrees, areas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import FloatArray

__all__ = ["WGS84", "WGS84_A_M", "WGS84_E2", "distance_m", "geocentric_m", "geometry_area_m2", "metres_per_degree"]

WGS84 = "EPSG:4326"
GEOD = pyproj.Geod(ellps="WGS84")

# WGS-84 ellipsoid (NIMA TR8350.2): semi-major axis in metres and first eccentricity squared.
WGS84_A_M = 6_378_137.0
WGS84_E2 = 0.006_694_379_990_141_316


def distance_m(lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike) -> FloatArray:
    """Geodesic distance between WGS-84 points, pair by pair.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        Degrees; they are broadcast against each other. nan gives nan.

    Returns
    -------
    ndarray of float64
        Metres on the WGS-84 ellipsoid.

    Raises
    ------
    ParameterError
        If the shapes cannot be broadcast against each other.

    Notes
    -----
    O(n), through PROJ; the error is a few nanometres.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55. doi:10.1007/s00190-012-0578-z

    Examples
    --------
    >>> float(distance_m(114, 22.5, 114, 22.6).round(1))
    11073.8
    """
    given = [np.asarray(values, dtype=np.float64) for values in (lon1, lat1, lon2, lat2)]
    try:
        arrays = np.broadcast_arrays(*given)
    except ValueError:
        shapes = ", ".join(str(values.shape) for values in given)
        raise ParameterError(f"lon1, lat1, lon2, lat2 must have shapes that broadcast. Got {shapes} instead.") from None
    x1, y1, x2, y2 = (np.ascontiguousarray(array).ravel() for array in arrays)
    if x1.size == 0:
        return np.zeros(arrays[0].shape)
    _, _, metres = GEOD.inv(x1, y1, x2, y2)
    return np.asarray(metres, dtype=np.float64).reshape(arrays[0].shape)


def geocentric_m(lon: npt.ArrayLike, lat: npt.ArrayLike) -> FloatArray:
    """Place points of the ellipsoid in space, so that trees of neighbours can measure their chords.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, flat, of one length; nan gives nan.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        Metres from the centre of the Earth: towards (0, 0), (90, 0) and the North Pole.

    Notes
    -----
    A chord is never longer than the geodesic between its ends, and shorter by no more than (d / 2 r)^2 / 6 of it.
    O(n).

    Examples
    --------
    >>> geocentric_m([0.0], [90.0]).round().tolist()
    [[0.0, 0.0, 6356752.0]]
    """
    lam, phi = np.radians(np.asarray(lon, dtype=np.float64)), np.radians(np.asarray(lat, dtype=np.float64))
    normal = WGS84_A_M / np.sqrt(1.0 - WGS84_E2 * np.sin(phi) ** 2)
    across = normal * np.cos(phi)
    return np.column_stack((across * np.cos(lam), across * np.sin(lam), normal * (1.0 - WGS84_E2) * np.sin(phi)))


def metres_per_degree(lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Length of a degree of longitude and of latitude on the WGS-84 ellipsoid.

    Parameters
    ----------
    lat
        Latitude in degrees; nan gives nan.

    Returns
    -------
    per_lon, per_lat : ndarray of float64
        Metres per degree, of the shape of `lat`.

    Notes
    -----
    With w^2 = 1 - e^2 sin^2(lat): cos(lat) a / w along the parallel, a (1 - e^2) / w^3 along the meridian, times
    pi / 180. O(n).

    Examples
    --------
    >>> [round(float(metres), 1) for metres in metres_per_degree(22.5)]
    [102896.2, 110737.1]
    """
    phi = np.radians(np.asarray(lat, dtype=np.float64))
    w2 = 1.0 - WGS84_E2 * np.sin(phi) ** 2
    per_lon = np.cos(phi) * WGS84_A_M / np.sqrt(w2)
    per_lat = WGS84_A_M * (1.0 - WGS84_E2) / w2**1.5
    return per_lon * (math.pi / 180.0), per_lat * (math.pi / 180.0)


def geometry_area_m2(geometry: gpd.GeoSeries) -> FloatArray:
    """Geodesic area of WGS-84 polygons.

    Parameters
    ----------
    geometry
        Polygons and multipolygons in EPSG:4326; anything else, missing or empty has area 0.

    Returns
    -------
    ndarray of float64
        Square metres on the WGS-84 ellipsoid, holes taken off whatever their orientation.

    Notes
    -----
    O(vertices), through PROJ. Edges are geodesics between the vertices.

    References
    ----------
    Karney, C. F. F. (2013). Algorithms for geodesics. Journal of Geodesy 87, 43-55. doi:10.1007/s00190-012-0578-z

    Examples
    --------
    >>> import geopandas as gpd
    >>> box = gpd.GeoSeries([shapely.box(114, 22.5, 114.01, 22.51), None], crs="EPSG:4326")
    >>> geometry_area_m2(box).round().tolist()
    [1139403.0, 0.0]
    """
    oriented = shapely.orient_polygons(np.asarray(geometry, dtype=object))
    return np.array([_one_area_m2(shape) for shape in oriented], dtype=np.float64)


def _one_area_m2(shape: Any) -> float:  # noqa: ANN401 - a shape or None
    if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
        return 0.0
    area, _ = GEOD.geometry_area_perimeter(shape)
    return abs(float(area))
