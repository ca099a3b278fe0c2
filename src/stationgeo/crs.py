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

from stationgeo._compile import inlined, kernel
from stationgeo._trig import doubled, sincos_deg, tripled
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
_GCJ_PER_EAST = 180.0 / (_GCJ_A_M * math.pi)
_GCJ_PER_NORTH = 180.0 / (_GCJ_A_M * (1.0 - _GCJ_E2) * math.pi)
_TWO_THIRDS = 2.0 / 3.0
_WAVE = math.pi * 2.0 / 3.0
_RADIANS = math.pi / 180.0
# BD-09 turns and shifts GCJ-02 (published forward formula); its angular constant is pi x 3000 / 180.
_BD_TURNS = 3000.0
_BD_PI = math.pi * _BD_TURNS / 180.0
_BD_LENGTH = 0.000_02
_BD_ANGLE = 0.000_003
_BD_LON = 0.0065
_BD_LAT = 0.006

# A Newton step squares what is wrong, times less than 1 per degree: from 0.01 degrees off, three steps reach the
# float's end. A last step below _SETTLED_DEG leaves less than 1e-11 degrees, a micrometre.
_NEWTON_STEPS = 3
_SETTLED_DEG = 1e-10
# Where that is not enough (far from China), steps that add what is missing contract by 1e-3; 30 never loop for ever.
_STEP_DEG = 1e-12
_MOST_STEPS = 30
# So many points go through the loops together: their coordinates stay in the fastest cache.
_BLOCK = 512

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
    The published forward formula `f` distorts a true position by a few hundred metres, smoothly. The inverse solves
    ``f(x) = y`` by three steps of Newton's method, ``x <- x + f'(x)^-1 (y - f(x))``, with the formula's own slopes. A
    point whose last step is not below 1e-10 degrees (none in China) is solved again by the fixed point of
    ``x <- x + (y - f(x))``, until a step is below 1e-12 degrees. Each point is on its own, so that a result never
    depends on the other points. BD-09 is undone to GCJ-02 first. O(n), about 60 ns a point for GCJ-02; the error is
    below a micrometre to 80 degrees of latitude. Within a degree of the poles the
    formula has no inverse, and what comes out means nothing and may be nan.

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
    O(n), about 25 ns a point. The formula's sines are of multiples of one angle and come from two of them.

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


@inlined
def _to_gcj(lon: float, lat: float) -> tuple[float, float, float, float, float, float]:
    """Shift WGS-84 to GCJ-02: longitude, latitude, and their slopes (lon by lon, lon by lat, lat by lon, lat by lat).

    The formula's sines are of pi/30, pi/12, pi/3, pi, 2 pi and 6 pi times x or y: of 6, 15, 60, 180, 360 and 1080
    degrees. Slopes leave out those of sqrt(|x|), which has none at 0, and of the ellipsoid's curvature: below 1e-5.
    """
    x, y = lon - _GCJ_LON0, lat - _GCJ_LAT0
    sin_6x, cos_6x = sincos_deg(6.0 * x)
    sin_15x, cos_15x = sincos_deg(15.0 * x)
    sin_60x, cos_60x = doubled(*doubled(sin_15x, cos_15x))
    sin_180x, cos_180x = tripled(sin_60x, cos_60x)
    sin_360x, cos_360x = doubled(sin_180x, cos_180x)
    sin_1080x, cos_1080x = tripled(sin_360x, cos_360x)
    sin_6y, cos_6y = sincos_deg(6.0 * y)
    sin_15y, cos_15y = sincos_deg(15.0 * y)
    sin_60y, cos_60y = doubled(*doubled(sin_15y, cos_15y))
    sin_180y, cos_180y = tripled(sin_60y, cos_60y)
    root = math.sqrt(abs(x))
    common = (20.0 * sin_1080x + 20.0 * sin_360x) * _TWO_THIRDS
    waves_y = (20.0 * sin_180y + 40.0 * sin_60y + 160.0 * sin_15y + 320.0 * sin_6y) * _TWO_THIRDS
    waves_x = (20.0 * sin_180x + 40.0 * sin_60x + 150.0 * sin_15x + 300.0 * sin_6x) * _TWO_THIRDS
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common + waves_y
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common + waves_x
    steep = (120.0 * cos_1080x + 40.0 * cos_360x) * _WAVE
    steep_y = (20.0 * cos_180y + 40.0 / 3.0 * cos_60y + 160.0 / 12.0 * cos_15y + 320.0 / 30.0 * cos_6y) * _WAVE
    steep_x = (20.0 * cos_180x + 40.0 / 3.0 * cos_60x + 150.0 / 12.0 * cos_15x + 300.0 / 30.0 * cos_6x) * _WAVE
    north_x, north_y = 2.0 + 0.1 * y + steep, 3.0 + 0.4 * y + 0.1 * x + steep_y
    east_x, east_y = 1.0 + 0.2 * x + 0.1 * y + steep + steep_x, 2.0 + 0.1 * x
    sine, cosine = sincos_deg(lat)
    magic = 1.0 - _GCJ_E2 * sine * sine
    root_magic = math.sqrt(magic)
    per_north = _GCJ_PER_NORTH * magic * root_magic
    per_east = np.divide(_GCJ_PER_EAST * root_magic, cosine)
    by_lat = east_y * per_east + east * per_east * np.divide(sine, cosine) * _RADIANS
    return (
        lon + east * per_east,
        lat + north * per_north,
        1.0 + east_x * per_east,
        by_lat,
        north_x * per_north,
        (1.0 + north_y * per_north),
    )


@inlined
def _to_bd(lon: float, lat: float) -> tuple[float, float, float, float, float, float]:
    """Turn GCJ-02 to BD-09: longitude, latitude and their slopes, as `_to_gcj`.

    The formula lengthens (lon, lat) to r + 0.00002 sin(3000 lat) and turns it by 0.000003 cos(3000 lon) radians. The
    turn is so small that its sine is itself and its cosine the parabola, to the last digit. Slopes leave out that of r.
    """
    sin_lon, cos_lon = sincos_deg(_BD_TURNS * lon)
    sin_lat, cos_lat = sincos_deg(_BD_TURNS * lat)
    square = lon * lon + lat * lat
    per_r = np.divide(1.0, math.sqrt(square)) if square > 0.0 else 0.0
    longer, longer_lat = 1.0 + _BD_LENGTH * sin_lat * per_r, _BD_LENGTH * _BD_PI * cos_lat * per_r
    turn, turn_lon = _BD_ANGLE * cos_lon, -_BD_ANGLE * _BD_PI * sin_lon
    upright = 1.0 - 0.5 * turn * turn
    x, y = upright * lon - turn * lat, upright * lat + turn * lon
    return (
        longer * x + _BD_LON,
        longer * y + _BD_LAT,
        longer - turn_lon * lat,
        longer_lat * lon - turn,
        (turn + turn_lon * lon),
        longer + longer_lat * lat,
    )


@kernel
def _distort(lon: FloatArray, lat: FloatArray, code: int) -> None:
    for i in range(lon.size):
        x, y, _, _, _, _ = _to_gcj(lon[i], lat[i])
        lon[i], lat[i] = x, y
    if code == _BD:
        for i in range(lon.size):
            x, y, _, _, _, _ = _to_bd(lon[i], lat[i])
            lon[i], lat[i] = x, y


@kernel
def _undo_distortion(lon: FloatArray, lat: FloatArray, code: int) -> None:
    room = np.empty((3, _BLOCK))
    for first in range(0, lon.size, _BLOCK):
        shown_x, shown_y = lon[first : first + _BLOCK], lat[first : first + _BLOCK]
        if code == _BD:
            _undo_block(shown_x, shown_y, room, _BD)
        _undo_block(shown_x, shown_y, room, _GCJ)


@kernel
def _undo_block(shown_x: FloatArray, shown_y: FloatArray, room: FloatArray, code: int) -> None:
    """Undo one formula in place: Newton's steps for all, then the rest alone."""
    n = shown_x.size
    x, y, step = room[0, :n], room[1, :n], room[2, :n]
    for i in range(n):
        x[i], y[i] = shown_x[i], shown_y[i]
    for _ in range(_NEWTON_STEPS):
        if code == _BD:
            for i in range(n):
                x[i], y[i], step[i] = _newton(shown_x[i], shown_y[i], x[i], y[i], *_to_bd(x[i], y[i]))
        else:
            for i in range(n):
                x[i], y[i], step[i] = _newton(shown_x[i], shown_y[i], x[i], y[i], *_to_gcj(x[i], y[i]))
    for i in range(n):
        if not step[i] < _SETTLED_DEG and not math.isnan(shown_x[i]):
            x[i], y[i] = _undo_slowly(shown_x[i], shown_y[i], code)
        shown_x[i], shown_y[i] = x[i], y[i]


@inlined
def _newton(
    shown_x: float, shown_y: float, x: float, y: float,
    is_x: float, is_y: float, xx: float, xy: float, yx: float, yy: float,
) -> tuple[float, float, float]:  # fmt: skip
    """Move (x, y) so that its image meets what is shown if slopes stay; returns it, and how far it moved."""
    off_x, off_y = shown_x - is_x, shown_y - is_y
    per = np.divide(1.0, xx * yy - xy * yx)
    step_x, step_y = (off_x * yy - off_y * xy) * per, (off_y * xx - off_x * yx) * per
    return x + step_x, y + step_y, max(abs(step_x), abs(step_y))


@kernel
def _undo_slowly(shown_x: float, shown_y: float, code: int) -> tuple[float, float]:
    """Undo one formula for one point: add what its image misses, until a step is below `_STEP_DEG`."""
    x, y = shown_x, shown_y
    for _ in range(_MOST_STEPS):
        if code == _BD:
            is_x, is_y, _, _, _, _ = _to_bd(x, y)
        else:
            is_x, is_y, _, _, _, _ = _to_gcj(x, y)
        step_x, step_y = shown_x - is_x, shown_y - is_y
        x += step_x
        y += step_y
        if abs(step_x) < _STEP_DEG and abs(step_y) < _STEP_DEG:
            break
    return x, y
