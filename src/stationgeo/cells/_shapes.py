"""Cells as shapes: centres, outlines, areas, distances between them, and those around a point."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import h3.api.numpy_int as h3_arrays
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from stationgeo import crs
from stationgeo.cells import _lattice as lattice
from stationgeo.cells._names import checked_cells, checked_resolution, resolution_of
from stationgeo.cells._points import checked_lonlat, from_lonlat
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray

# At angle t from the centre of the face a length of the plane is cos(t) or, towards the centre, cos(t)^2 as long on
# the sphere; the corners of a face are farthest from its centre, two spacings of resolution 0.
_SHRINK_AT_CORNER = 1.0 / (1.0 + (2.0 * lattice.spacing(0)) ** 2)
# The least radius of curvature of the WGS-84 ellipsoid, a (1 - e^2), north-south at the equator.
_LEAST_RADIUS_M = crs.WGS84_A_M * (1.0 - crs.WGS84_E2)
# The greatest, at the poles: a / sqrt(1 - e^2).
_GREATEST_RADIUS_M = crs.WGS84_A_M / math.sqrt(1.0 - crs.WGS84_E2)
# A chord is shorter than its geodesic: a float's rounding is all that this must outweigh (1e-6 m of 10,000 km).
_CHORD_SLACK_M = 1e-6
# More pairs of points and cells than this (about 10 GB) are refused before they are computed.
_MOST_PAIRS = 100_000_000
# Disks are united in blocks of so many, to bound the memory.
_DISKS_AT_ONCE = 4_096
_HALF_TURN_DEG = 180.0
_TURN_DEG = 360.0


def centres(cells: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Tell the centre of each cell.

    Parameters
    ----------
    cells
        H3 cells, of any resolution.

    Returns
    -------
    lon, lat : ndarray of float64
        WGS-84 degrees.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    O(n), a call of the h3 library per cell.

    Examples
    --------
    >>> lon, lat = centres(np.array([0x8A411CAA05AFFFF], dtype=np.uint64))
    >>> float(lon[0].round(4)), float(lat[0].round(4))
    (114.0582, 22.5429)
    """
    flat = checked_cells(cells).tolist()
    pairs = np.array([h3.cell_to_latlng(cell) for cell in flat], dtype=np.float64).reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 1]), np.ascontiguousarray(pairs[:, 0])


def outlines(cells: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Draw each cell.

    Parameters
    ----------
    cells
        H3 cells, of any resolution.

    Returns
    -------
    ndarray of shapely Polygon
        In WGS-84 lon/lat, five to ten corners each. A cell that crosses the antimeridian is drawn whole, beyond 180
        or -180 degrees; one that holds a pole cannot be drawn in lon/lat and is not a usable polygon.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    O(n), a call of the h3 library per cell.

    Examples
    --------
    >>> len(outlines(np.array([0x8A411CAA05AFFFF], dtype=np.uint64))[0].exterior.coords)
    7
    """
    rings = [h3.cell_to_boundary(cell) for cell in checked_cells(cells).tolist()]
    if not rings:
        return np.empty(0, dtype=np.object_)
    row = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    lat, lon = np.concatenate([np.asarray(ring, dtype=np.float64) for ring in rings]).T
    first = np.searchsorted(row, np.arange(len(rings)))
    lon = lon - _TURN_DEG * np.round((lon - lon[first][row]) / _TURN_DEG)
    drawn: npt.NDArray[np.object_] = shapely.polygons(shapely.linearrings(lon, lat, indices=row))
    return drawn


def dissolve(cells: npt.ArrayLike) -> shapely.MultiPolygon:
    """Draw the outline of cells together.

    Parameters
    ----------
    cells
        H3 cells of one resolution, each once or more; none give an empty shape.

    Returns
    -------
    shapely.MultiPolygon
        In WGS-84 lon/lat, with the holes that the cells leave. Cells on both sides of the antimeridian are drawn whole,
        beyond 180 degrees; those around a pole cannot be drawn in lon/lat.

    Raises
    ------
    DataError
        If one of them is no H3 cell, or they are of several resolutions.

    Notes
    -----
    Edges that two cells share are left out by their addresses, so that no rounding leaves a crack: a union of outlines
    would. O(n), in the h3 library.

    Examples
    --------
    >>> cell = from_lonlat([114.0579, 114.0592], [22.5431, 22.5431], resolution=10)
    >>> len(dissolve(cell).geoms[0].exterior.coords)  # 2 hexagons, one edge shared: 10 corners, the first one twice
    11
    """
    flat = np.unique(checked_cells(cells))
    if not flat.size:
        return shapely.MultiPolygon()
    resolution_of(flat)
    rings = h3_arrays.cells_to_h3shape(flat, tight=False).__geo_interface__["coordinates"]
    shape = shapely.MultiPolygon([(part[0], part[1:]) for part in rings])
    west, _, east, _ = shape.bounds
    if east - west <= _HALF_TURN_DEG:
        return shape
    return shapely.transform(shape, lambda at: at + np.where(at[:, :1] < 0, [_TURN_DEG, 0.0], 0.0))


def spacing_m(resolution: int) -> float:
    """Mean distance between the centres of neighbouring cells.

    Parameters
    ----------
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    float
        Metres, over the whole globe; cells near the centre of a face of the icosahedron lie about 1.2 times as far
        apart, near its corners 0.8 times.

    Raises
    ------
    ParameterError
        If there is no such resolution.

    Notes
    -----
    From the mean area A of a hexagon: a lattice of spacing d has cells of d^2 sqrt(3) / 2, so that
    d = sqrt(2 A / sqrt(3)). O(1).

    Examples
    --------
    >>> round(spacing_m(10), 1)
    131.8
    """
    mean_area_m2 = h3.average_hexagon_area(checked_resolution(resolution), unit="m^2")
    return math.sqrt(2.0 * mean_area_m2 / math.sqrt(3.0))


def within(
    lon: npt.ArrayLike, lat: npt.ArrayLike, *, radius_m: float, resolution: int
) -> tuple[IntArray, CellArray, FloatArray]:
    """Find every cell whose centre lies within a radius of each point.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of the points, of one shape.
    radius_m
        Largest geodesic distance from point to centre, in metres; a centre exactly that far away is in.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    point : ndarray of int64
        Row of the point, ascending.
    cell : ndarray of uint64
        The cells of that point, ascending.
    distance_m : ndarray of float64
        Geodesic metres from the point to the cell's centre.

    Raises
    ------
    DataError
        If a coordinate is nan, infinite or out of range.
    ParameterError
        If the radius is negative or not finite, the shapes differ, there is no such resolution, or the answer would
        not fit in memory.

    Notes
    -----
    All cells within so many rings of a point's own cell are candidates, where the number of rings is counted in the
    smallest spacing that cells of this resolution have anywhere; their distinct centres are looked up once, a k-d
    tree on chords picks the pairs, and the geodesic decides. O(n disk + pairs).

    Examples
    --------
    >>> point, cell, distance_m = within([114.0579], [22.5431], radius_m=150, resolution=10)
    >>> cell.size, float(distance_m.min().round()), bool(distance_m.max() <= 150)
    (5, 31.0, True)
    """
    x, y = checked_lonlat(lon, lat)
    if not (math.isfinite(radius_m) and radius_m >= 0):
        raise ParameterError(f"radius_m must be a finite number of metres, 0 or more. Got {radius_m!r}.")
    rings = _rings(radius_m, checked_resolution(resolution))
    pairs = x.size * (3 * rings * (rings + 1) + 1)
    if pairs > _MOST_PAIRS:
        raise ParameterError(
            f"{radius_m:,.0f} m around {x.size:,} points are about {pairs:,} cells of resolution {resolution}; "
            f"{_MOST_PAIRS:,} is the most. Ask for a shorter radius, or for a coarser resolution."
        )
    cell = _disks(from_lonlat(x, y, resolution=resolution), rings)
    if cell.size == 0:
        return np.zeros(0, dtype=np.int64), cell, np.zeros(0)
    centre_lon, centre_lat = centres(cell)
    near = cKDTree(_geocentric_m(x, y)).sparse_distance_matrix(
        cKDTree(_geocentric_m(centre_lon, centre_lat)), radius_m + _CHORD_SLACK_M, output_type="ndarray"
    )
    near = near[np.lexsort((near["j"], near["i"]))]
    point, centre = near["i"].astype(np.int64), near["j"].astype(np.int64)
    distance = crs.distance_m(x[point], y[point], centre_lon[centre], centre_lat[centre])
    inside = distance <= radius_m
    return point[inside], cell[centre[inside]], distance[inside]


def _rings(radius_m: float, resolution: int) -> int:
    """Count the rings around a point's own cell that surely hold every centre within the radius.

    In a lattice of spacing 1 the k-th ring of cells around one is at least k sqrt(3) / 2 away, which is a row's step,
    and the point at most a corner from its cell's centre. That is a ring more than a plane needs: for the bends.
    """
    plane = lattice.spacing(resolution)
    least_spacing_m = plane * _SHRINK_AT_CORNER * _LEAST_RADIUS_M
    own_centre_m = plane * lattice.CORNER * _GREATEST_RADIUS_M
    return math.ceil((radius_m + own_centre_m) / (lattice.ROW_STEP * least_spacing_m))


def _disks(cells: CellArray, rings: int) -> CellArray:
    """Unite the disks around cells; distinct, ascending."""
    around = np.unique(cells)
    united = np.zeros(0, dtype=np.uint64)
    for start in range(0, around.size, _DISKS_AT_ONCE):
        disks = [h3_arrays.grid_disk(cell, rings) for cell in around[start : start + _DISKS_AT_ONCE].tolist()]
        united = np.unique(np.concatenate([united, *disks]))
    return united


def _geocentric_m(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Place points of the ellipsoid in space, so that their chords can be measured."""
    lam, phi = np.radians(lon), np.radians(lat)
    normal = crs.WGS84_A_M / np.sqrt(1.0 - crs.WGS84_E2 * np.sin(phi) ** 2)
    across = normal * np.cos(phi)
    return np.column_stack((across * np.cos(lam), across * np.sin(lam), normal * (1.0 - crs.WGS84_E2) * np.sin(phi)))
