"""Cells as shapes: centres, outlines, and how far apart they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import h3.api.numpy_int as h3_arrays
import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import crs
from stationgeo.cells._centres import centres_of
from stationgeo.cells._names import checked_cells, checked_resolution, resolution_of

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

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
    By the lattice beneath H3, within 1e-9 degrees (0.1 mm) of what the h3 library says. O(n resolution).

    Examples
    --------
    >>> lon, lat = centres(np.array([0x8A411CAA05AFFFF], dtype=np.uint64))
    >>> float(lon[0].round(4)), float(lat[0].round(4))
    (114.0582, 22.5429)
    """
    return centres_of(checked_cells(cells))


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
    >>> from stationgeo.cells import from_lonlat
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


def radii_m(cells: npt.ArrayLike) -> FloatArray:
    """Tell how far the farthest corner of each cell is from its centre.

    Parameters
    ----------
    cells
        H3 cells; they may repeat.

    Returns
    -------
    ndarray of float64
        Geodesic metres, of the shape of `cells`: no point of a cell is farther from its centre.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    O(n), in the h3 library: about 10 microseconds for each distinct cell.

    Examples
    --------
    >>> from stationgeo.cells import from_lonlat
    >>> radii_m(from_lonlat([114.0579], [22.5431], resolution=10)).round(1).tolist()
    [77.4]
    """
    distinct, which = np.unique(checked_cells(cells), return_inverse=True)
    rings = [h3.cell_to_boundary(cell) for cell in distinct.tolist()]
    if not rings:
        return np.zeros(0)
    row = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    lat, lon = np.concatenate([np.asarray(ring, dtype=np.float64) for ring in rings]).T
    centre_lon, centre_lat = centres(distinct)
    away_m = crs.distance_m(centre_lon[row], centre_lat[row], lon, lat)
    farthest = np.maximum.reduceat(away_m, np.searchsorted(row, np.arange(len(rings))))
    return np.asarray(farthest[which], dtype=np.float64).reshape(np.shape(cells))
