"""Datum and CRS: everything to WGS-84 longitude and latitude and back; metres on the ellipsoid.

The only module that transforms coordinates. GCJ-02 and BD-09 are deliberate distortions of WGS-84 that Chinese law
and Baidu prescribe; their forward formulas are published, their inverses here iterate those formulas until nothing
moves. The datum is a property of a *source*: it is applied to every point of it wherever the point lies, because the
published rectangle "in China" includes Hong Kong and Korea and a shifted point near it misjudges itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from stationgeo._compile import kernel
from stationgeo.errors import DatumError, ParameterError, suggest

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = [
    "DATUMS",
    "Datum",
    "declared_datum",
    "distance_m",
    "from_wgs84",
    "geometry_area_m2",
    "geometry_to_wgs84",
    "metres_at_stake",
    "metres_per_degree",
    "parse_datum",
    "to_wgs84",
]

Datum = Literal["WGS-84", "GCJ-02", "BD-09"]
DATUMS: tuple[Datum, ...] = get_args(Datum)

WGS84 = "EPSG:4326"
GEOD = pyproj.Geod(ellps="WGS84")

# WGS-84 ellipsoid (NIMA TR8350.2): semi-major axis in metres and first eccentricity squared.
WGS84_A_M = 6_378_137.0
WGS84_E2 = 0.006_694_379_990_141_316

# GCJ-02 distorts on the Krassovsky 1940 ellipsoid, about the origin 105 E, 35 N (published forward formula).
_GCJ_A_M = 6_378_245.0
_GCJ_E2 = 0.006_693_421_622_965_943
_GCJ_LON0 = 105.0
_GCJ_LAT0 = 35.0
# BD-09 turns and shifts GCJ-02 (published forward formula); its angular constant is pi x 3000 / 180.
_BD_PI = math.pi * 3000.0 / 180.0
_BD_LON = 0.0065
_BD_LAT = 0.006

# The inverse stops when a step moves a point by less than this: 1e-12 degrees are 0.1 micrometres.
_STEP_DEG = 1e-12
# The distortion contracts by about 1e-3 a step, so that 5 steps reach the float's end; 30 never loop for ever.
_MOST_STEPS = 30

_GCJ = 1
_BD = 2
_CODES: dict[Datum, int] = {"WGS-84": 0, "GCJ-02": _GCJ, "BD-09": _BD}
_ALIASES: dict[str, Datum] = {
    "wgs84": "WGS-84",
    "epsg4326": "WGS-84",
    "cgcs2000": "WGS-84",  # the two frames differ by centimetres to decimetres
    "gcj02": "GCJ-02",
    "gcj": "GCJ-02",
    "bd09": "BD-09",
    "bd09ll": "BD-09",
}


def parse_datum(datum: str) -> Datum:
    """Read the name of a datum as people write it.

    Parameters
    ----------
    datum
        ``"WGS-84"`` (also for CGCS2000, which differs by decimetres at most), ``"GCJ-02"`` (AMap, Tencent) or
        ``"BD-09"`` (Baidu); case, hyphens, spaces and underscores do not matter.

    Returns
    -------
    Datum
        The name as this library writes it.

    Raises
    ------
    DatumError
        If it is none of them.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> parse_datum("gcj02")
    'GCJ-02'
    """
    plain = "".join(character for character in datum.lower() if character.isalnum())
    if plain not in _ALIASES:
        raise DatumError(f"unknown datum {datum!r}; {suggest(datum.upper(), DATUMS)}")
    return _ALIASES[plain]


def to_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, *, datum: str) -> tuple[FloatArray, FloatArray]:
    """Bring coordinates of a declared datum to WGS-84.

    Parameters
    ----------
    lon, lat
        Degrees in that datum, of one shape. nan and infinite values become nan in both.
    datum
        What the source declares: WGS-84, GCJ-02 or BD-09.

    Returns
    -------
    lon, lat : ndarray of float64
        WGS-84 degrees, of the same shape; new arrays.

    Raises
    ------
    DatumError
        If the datum is unknown.
    ParameterError
        If the shapes differ.

    Notes
    -----
    The published forward formula `f` distorts a true position by a few hundred metres, smoothly. The inverse is the
    fixed point of ``x <- x + (y - f(x))``, iterated for each point on its own until a step is below 1e-12 degrees, so
    that a result never depends on the other points. O(n), about five steps a point; the error is below a micrometre.

    Examples
    --------
    >>> lon, lat = to_wgs84([114.0579], [22.5431], datum="GCJ-02")
    >>> float(lon[0].round(5)), float(lat[0].round(5))
    (114.05279, 22.54583)
    """
    return _transform(lon, lat, datum, inverse=True)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, *, datum: str) -> tuple[FloatArray, FloatArray]:
    """Bring WGS-84 coordinates to another datum, by its published forward formula.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape. nan and infinite values become nan in both.
    datum
        The datum wanted: WGS-84, GCJ-02 or BD-09.

    Returns
    -------
    lon, lat : ndarray of float64
        Degrees in that datum, of the same shape; new arrays.

    Raises
    ------
    DatumError
        If the datum is unknown.
    ParameterError
        If the shapes differ.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> lon, lat = from_wgs84([114.05279], [22.54583], datum="BD-09")
    >>> float(lon[0].round(4)), float(lat[0].round(4))
    (114.0644, 22.5488)
    """
    return _transform(lon, lat, datum, inverse=False)


def declared_datum(datum: str | None, lon: npt.ArrayLike, lat: npt.ArrayLike, *, source: str) -> Datum:
    """Insist that a source declares its datum, and say what is at stake if it does not.

    Parameters
    ----------
    datum
        What was declared, or None.
    lon, lat
        The source's coordinates, to say how many metres the datum moves them; nan is left out.
    source
        What to call the source in the message.

    Returns
    -------
    Datum
        The declared datum.

    Raises
    ------
    DatumError
        If none was declared, or it is unknown.

    Notes
    -----
    O(1) where one was declared, else O(n).

    Examples
    --------
    >>> declared_datum("wgs84", [114.0579], [22.5431], source="stations.csv")
    'WGS-84'
    """
    if datum is not None:
        try:
            return parse_datum(datum)
        except DatumError as error:
            raise DatumError(f"{source}: {error}") from error
    stakes = ", ".join(
        f"{other} read as WGS-84 puts these points {metres_at_stake(lon, lat, datum=other):,.0f} m off"
        for other in DATUMS[1:]
    )
    raise DatumError(
        f"{source}: the datum is not declared. On average {stakes}. Declare datum = 'WGS-84' (GPS, OSM, CGCS2000), "
        "'GCJ-02' (AMap, Tencent) or 'BD-09' (Baidu)."
    )


def metres_at_stake(lon: npt.ArrayLike, lat: npt.ArrayLike, *, datum: str) -> float:
    """Mean distance by which points of a datum are misplaced if they are read as WGS-84.

    Parameters
    ----------
    lon, lat
        Degrees in that datum; pairs with nan are left out.
    datum
        Their true datum.

    Returns
    -------
    float
        Metres; nan if no pair is finite.

    Raises
    ------
    DatumError
        If the datum is unknown.
    ParameterError
        If the shapes differ.

    Notes
    -----
    The mean of the geodesic distances between each pair as it stands and as `to_wgs84` brings it. O(n).

    Examples
    --------
    >>> round(metres_at_stake([114.0579], [22.5431], datum="GCJ-02"))
    606
    """
    shown_lon, shown_lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    true_lon, true_lat = to_wgs84(shown_lon, shown_lat, datum=datum)
    usable = np.isfinite(true_lon) & (np.abs(shown_lat) <= 90) & (np.abs(shown_lon) <= 180)  # noqa: PLR2004
    if not usable.any():
        return math.nan
    shifts = distance_m(shown_lon[usable], shown_lat[usable], true_lon[usable], true_lat[usable])
    return float(shifts.mean())


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


def _transform(lon: npt.ArrayLike, lat: npt.ArrayLike, datum: str, *, inverse: bool) -> tuple[FloatArray, FloatArray]:
    x, y = np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)
    if x.shape != y.shape:
        raise ParameterError(f"lon and lat must have one shape. Got {x.shape} and {y.shape} instead.")
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)
    lost = ~(np.isfinite(flat_x) & np.isfinite(flat_y))
    flat_x[lost] = np.nan
    flat_y[lost] = np.nan
    code = _CODES[parse_datum(datum)]
    if code:
        (_undo_distortion if inverse else _distort)(flat_x, flat_y, code)
    return x, y


def _same(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    """Tell whether two CRS are the same by definition, or by code: every .prj words its definition in its own way."""
    codes = one.to_epsg(), other.to_epsg()
    return bool(one.equals(other, ignore_axis_order=True)) or (codes[0] is not None and codes[0] == codes[1])


@kernel
def _gcj_forward(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - _GCJ_LON0, lat - _GCJ_LAT0
    common = (20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)) * 2.0 / 3.0
    root = math.sqrt(abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    phi = lat / 180.0 * math.pi
    magic = 1.0 - _GCJ_E2 * math.sin(phi) ** 2
    root_magic = math.sqrt(magic)
    north_deg = north * 180.0 / ((_GCJ_A_M * (1.0 - _GCJ_E2)) / (magic * root_magic) * math.pi)
    east_deg = east * 180.0 / (_GCJ_A_M / root_magic * math.cos(phi) * math.pi)
    return lon + east_deg, lat + north_deg


@kernel
def _bd_forward(lon: float, lat: float) -> tuple[float, float]:
    z = math.sqrt(lon * lon + lat * lat) + 0.00002 * math.sin(lat * _BD_PI)
    theta = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD_PI)
    return z * math.cos(theta) + _BD_LON, z * math.sin(theta) + _BD_LAT


@kernel
def _forward(lon: float, lat: float, code: int) -> tuple[float, float]:
    lon, lat = _gcj_forward(lon, lat)
    if code == _BD:
        lon, lat = _bd_forward(lon, lat)
    return lon, lat


@kernel
def _distort(lon: FloatArray, lat: FloatArray, code: int) -> None:
    for i in range(lon.size):
        lon[i], lat[i] = _forward(lon[i], lat[i], code)


@kernel
def _undo_distortion(lon: FloatArray, lat: FloatArray, code: int) -> None:
    for i in range(lon.size):
        x, y = lon[i], lat[i]
        for _ in range(_MOST_STEPS):
            shown_x, shown_y = _forward(x, y, code)
            step_x, step_y = lon[i] - shown_x, lat[i] - shown_y
            x += step_x
            y += step_y
            if abs(step_x) < _STEP_DEG and abs(step_y) < _STEP_DEG:
                break
        lon[i], lat[i] = x, y
