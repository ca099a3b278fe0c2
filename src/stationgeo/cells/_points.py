"""Points to cells, and how many points each cell holds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.cells._blocks import MOST_LAT_DEG, MOST_LON_DEG, cells_of_points, faces, new_block
from stationgeo.cells._buckets import ask_library, bases
from stationgeo.cells._names import checked_resolution
from stationgeo.cells._tally import name_keys, tally
from stationgeo.errors import DataError, ParameterError, phrases

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCounts:
    """How many points each cell holds, and how many points could not be placed; made by `count`."""

    cells: CellArray
    """The cells that hold points: distinct, ascending."""

    counts: IntArray
    """Number of points in each of them, at least 1."""

    resolution: int
    """H3 resolution of the cells."""

    n_nan: int
    """Points whose longitude or latitude is nan."""

    n_infinite: int
    """Points, none of them counted as nan, whose longitude or latitude is infinite."""

    n_out_of_range: int
    """Finite points with longitude beyond -180..180 or latitude beyond -90..90 degrees."""

    @property
    def n_unusable(self) -> int:
        """Points that are in no cell: nan, infinite or out of range. With the counts they add up to all points."""
        return self.n_nan + self.n_infinite + self.n_out_of_range


def checked_lonlat(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Insist that points are finite and on the globe.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.

    Returns
    -------
    lon, lat : ndarray of float64
        The same values, flat and contiguous.

    Raises
    ------
    ParameterError
        If the shapes differ.
    DataError
        If a value is nan, infinite or out of range: how many, and the first three.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> checked_lonlat([114.05], [22.54])
    (array([114.05]), array([22.54]))
    """
    x, y = _flat(lon, lat)
    usable = (np.abs(x) <= MOST_LON_DEG) & (np.abs(y) <= MOST_LAT_DEG)
    if not usable.all():
        rows = np.flatnonzero(~usable)
        finite = np.isfinite(x[rows]) & np.isfinite(y[rows])
        swapped = bool((np.abs(y[rows]) > MOST_LAT_DEG).any() and (np.abs(x[rows][finite]) <= MOST_LAT_DEG).all())
        shown = phrases(f"({x[row]:g}, {y[row]:g}) in row {row}" for row in rows)
        raise DataError(
            f"points must have lon within -180..180 and lat within -90..90 degrees; {rows.size:,} of {x.size:,} do "
            f"not ({int((~finite).sum()):,} not finite, {int(finite.sum()):,} out of range): {shown}. "
            + ("Are lon and lat swapped?" if swapped else "Leave them out, and count them.")
        )
    return x, y


def from_lonlat(lon: npt.ArrayLike, lat: npt.ArrayLike, *, resolution: int) -> CellArray:
    """Name the cell that each point lies in.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    ndarray of uint64
        One cell per point, flat; the one that the h3 library names.

    Raises
    ------
    DataError
        If a value is nan, infinite or out of range.
    ParameterError
        If the shapes differ, or there is no such resolution.

    Notes
    -----
    H3 lays one lattice of hexagons over the plane of each face of an icosahedron, and its index is the address of the
    hexagon in that lattice. With c the centre of the face nearest to the unit vector p of the point, and a, b the
    axes of its plane, ``u = (p . a) / (s p . c)`` and ``v = (p . b) / (s p . c)`` where s is the lattice's spacing
    0.381966 / sqrt(7)^resolution; the nearest lattice point (i, j) gives the digits by division. A point within a
    nanometre of a cell's edge may fall on either side. Near the centre of a face, and where base cells interlock
    beside a pentagon, the library is asked. A point's cell does not depend on the points that it comes with,
    which is why few points take the same way, although for fewer than 20 the library would be faster (by 8
    microseconds at most). O(n resolution), about 40 ns a point at resolution 10.

    References
    ----------
    Sahr, K., White, D. and Kimerling, A. J. (2003). Geodesic discrete global grid systems. Cartography and Geographic
    Information Science 30(2), 121-134. doi:10.1559/152304003100011090

    Examples
    --------
    >>> from stationgeo.cells import to_text
    >>> to_text(from_lonlat([114.0579], [22.5431], resolution=10))
    array(['8a411caa05affff'], dtype=object)
    """
    x, y = _flat(lon, lat)
    level = checked_resolution(resolution)
    cells = cells_of_points(x, y, level, faces(level), bases(), new_block())
    unnamed = np.flatnonzero(cells == 0)
    if unnamed.size:
        checked_lonlat(x, y)
        cells[unnamed] = ask_library(x[unnamed], y[unnamed], level)
    return cells


def count(lon: npt.ArrayLike, lat: npt.ArrayLike, *, resolution: int) -> CellCounts:
    """Count the points in each cell.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape. Points that are nan, infinite or out of range are in no cell, and counted apart.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    CellCounts
        Cells, ascending, the number of points in each, and of those in none. The points are those of `from_lonlat`.

    Raises
    ------
    ParameterError
        If the shapes differ, or there is no such resolution.

    Notes
    -----
    Points are counted by hexagon of the lattice (see `from_lonlat`), and only hexagons that hold some are named. Where
    points lie close together a table of counters over (i, j) takes them; else their keys are sorted. The order of
    the points does not matter. O(n), or O(n log n) where they are scattered; beyond the input and the answer 160 MiB
    at most, or 40 bytes for each hexagon where they are scattered.

    Examples
    --------
    >>> counted = count([114.0579, 114.0578, float("nan")], [22.5431, 22.5432, 22.5], resolution=10)
    >>> [f"{cell:x}" for cell in counted.cells.tolist()], counted.counts, counted.n_unusable
    (['8a411caa05affff'], array([2]), 1)
    """
    x, y = _flat(lon, lat)
    level = checked_resolution(resolution)
    keys, counts, rows = tally(x, y, faces(level))
    names = np.concatenate([name_keys(keys, level), ask_library(x[rows], y[rows], level)])
    cells, counts = _added_up(names, np.concatenate([counts, np.ones(rows.size, dtype=np.int64)]))
    n_nan, n_infinite, n_out_of_range = _unusable_kinds(x, y) if int(counts.sum()) < x.size else (0, 0, 0)
    return CellCounts(
        cells=cells, counts=counts, resolution=level,
        n_nan=n_nan, n_infinite=n_infinite, n_out_of_range=n_out_of_range,
    )  # fmt: skip


def _flat(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    try:
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"lon and lat must be numbers, in degrees. Got what is none: {error}.") from error
    if x.shape != y.shape:
        raise ParameterError(f"lon and lat must have one shape. Got {x.shape} and {y.shape} instead.")
    return np.ascontiguousarray(x).reshape(-1), np.ascontiguousarray(y).reshape(-1)


def _added_up(cells: CellArray, counts: IntArray) -> tuple[CellArray, IntArray]:
    """Add up the counts of hexagons of two faces that are one cell; ascending."""
    order = np.argsort(cells)
    ordered = cells[order]
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])
    return ordered[first], np.add.reduceat(counts[order], first) if first.size else counts


@kernel
def _unusable_kinds(lon: FloatArray, lat: FloatArray) -> tuple[int, int, int]:
    """Count the points with nan, the others with an infinite value, and the others off the globe."""
    n_nan, n_infinite, n_out_of_range = 0, 0, 0
    for row in range(lon.size):
        if math.isnan(lon[row]) or math.isnan(lat[row]):
            n_nan += 1
        elif math.isinf(lon[row]) or math.isinf(lat[row]):
            n_infinite += 1
        elif abs(lon[row]) > MOST_LON_DEG or abs(lat[row]) > MOST_LAT_DEG:
            n_out_of_range += 1
    return n_nan, n_infinite, n_out_of_range
