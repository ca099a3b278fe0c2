"""The cells around points: pairs of them with their distance, or all that are near any of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import h3.api.numpy_int as h3_arrays
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from stationgeo import crs
from stationgeo.cells import _lattice as lattice
from stationgeo.cells._names import checked_resolution, children
from stationgeo.cells._points import checked_lonlat, from_lonlat
from stationgeo.cells._shapes import centres
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
# Disks of cells this many steps coarser are united first, where the radius is some of their spacings.
_COARSE_PER_RADIUS = 2.0


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
    near = cKDTree(crs.geocentric_m(x, y)).sparse_distance_matrix(
        cKDTree(crs.geocentric_m(centre_lon, centre_lat)), radius_m + _CHORD_SLACK_M, output_type="ndarray"
    )
    near = near[np.lexsort((near["j"], near["i"]))]
    point, centre = near["i"].astype(np.int64), near["j"].astype(np.int64)
    distance = crs.distance_m(x[point], y[point], centre_lon[centre], centre_lat[centre])
    inside = distance <= radius_m
    return point[inside], cell[centre[inside]], distance[inside]


def within_any(lon: npt.ArrayLike, lat: npt.ArrayLike, *, radius_m: float, resolution: int) -> CellArray:
    """Find every cell whose centre lies within a radius of any of the points.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of the points, of one shape.
    radius_m
        Largest geodesic distance from a point to a centre, in metres, inclusive.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    ndarray of uint64
        The cells, distinct, ascending: those that `within` names.

    Raises
    ------
    DataError
        If a coordinate is nan, infinite or out of range.
    ParameterError
        If the radius is negative or not finite, the shapes differ, there is no such resolution, or more than 50 million
        cells would have to be looked at.

    Notes
    -----
    Disks of coarse cells are united, and their descendants held against the nearest point by its chord; only where that
    leaves a doubt are pairs measured. O(cells log points), whatever the number of pairs.

    Examples
    --------
    >>> within_any([114.0579, 114.0579], [22.5431, 22.5432], radius_m=150, resolution=10).size
    5
    """
    x, y = checked_lonlat(lon, lat)
    level = checked_resolution(resolution)
    if not (math.isfinite(radius_m) and radius_m >= 0):
        raise ParameterError(f"radius_m must be a finite number of metres, 0 or more. Got {radius_m!r}.")
    if not x.size:
        return np.zeros(0, dtype=np.uint64)
    cell = _around(x, y, radius_m, level)
    centre_lon, centre_lat = centres(cell)
    points, at = crs.geocentric_m(x, y), crs.geocentric_m(centre_lon, centre_lat)
    # A chord is shorter than its geodesic, by (d / 2 r)^2 / 6 of it at most.
    doubt_m = _CHORD_SLACK_M + radius_m * min((radius_m / (2.0 * _LEAST_RADIUS_M)) ** 2, 1.0)
    chord_m, _ = cKDTree(points).query(at, distance_upper_bound=radius_m + _CHORD_SLACK_M)
    inside = chord_m < radius_m - doubt_m
    open_ = np.flatnonzero((chord_m <= radius_m + _CHORD_SLACK_M) & ~inside)
    if open_.size:
        near = cKDTree(at[open_]).sparse_distance_matrix(
            cKDTree(points), radius_m + _CHORD_SLACK_M, output_type="ndarray"
        )
        centre, point = open_[near["i"]], near["j"]
        distance = crs.distance_m(x[point], y[point], centre_lon[centre], centre_lat[centre])
        inside = np.union1d(np.flatnonzero(inside), centre[distance <= radius_m])
    return cell[inside]


def _around(x: FloatArray, y: FloatArray, radius_m: float, level: int) -> CellArray:
    """Name cells among which all those within the radius are; ascending."""
    coarse = level
    while coarse > 0 and lattice.spacing(coarse - 1) * _GREATEST_RADIUS_M * _COARSE_PER_RADIUS <= radius_m:
        coarse -= 1
    # Steps from a cell's centre to its descendants' are shorter and shorter: all of them less than one spacing.
    to_descendant_m = 0.0 if coarse == level else lattice.spacing(coarse) * _GREATEST_RADIUS_M
    disks = _disks(from_lonlat(x, y, resolution=coarse), _rings(radius_m + to_descendant_m, coarse))
    return np.sort(children(disks, resolution=level)[1])


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
    # The library's arrays are of unsigned long long, which pandas does not take for the same as uint64.
    return united.view(np.uint64)
