"""How far stations are apart: nearest neighbours, and what a lattice of as many would have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.spatial import cKDTree

from stationgeo import crs
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["Lattice", "lattice_farthest_m", "lattice_spacing_m", "nearest_other_m"]

Lattice = Literal["triangular", "square"]

# Area of a lattice point's share over spacing^2, and the farthest distance to a point over spacing: the corners of the
# hexagon (triangular) or the square about each point.
_AREA = {"triangular": math.sqrt(3.0) / 2.0, "square": 1.0}
_FARTHEST = {"triangular": 1.0 / math.sqrt(3.0), "square": 1.0 / math.sqrt(2.0)}

# Neighbours that are equally near to this are told apart by the geodesic.
_NEIGHBOURS = 2


def lattice_spacing_m(area_m2: npt.ArrayLike, n_stations: npt.ArrayLike, *, lattice: Lattice) -> FloatArray:
    """Tell how far apart stations would be if as many stood on a lattice over an area.

    Parameters
    ----------
    area_m2
        Areas in square metres, 0 or more; nan gives nan.
    n_stations
        How many stations each has; 0 gives inf. They are broadcast against each other.
    lattice
        "triangular" (six neighbours) or "square" (four).

    Returns
    -------
    ndarray of float64
        Metres between neighbours.

    Raises
    ------
    ParameterError
        If there is no such lattice, or a number is negative.

    Notes
    -----
    ``sqrt(2 A / (sqrt(3) n))`` and ``sqrt(A / n)``, the edges of the area left out of account. A spacing of the ideal:
    of real stations it says only how many there are. Monotone: more stations never make it longer. O(n).

    Examples
    --------
    >>> lattice_spacing_m([4e6, 4e6], [4, 0], lattice="square").tolist()
    [1000.0, inf]
    """
    _check_lattice(lattice)
    area, number = np.broadcast_arrays(np.asarray(area_m2, dtype=np.float64), np.asarray(n_stations, dtype=np.float64))
    if (area < 0).any() or (number < 0).any():
        raise ParameterError("area_m2 and n_stations must be 0 or more.")
    with np.errstate(divide="ignore", invalid="ignore"):
        spacing = np.sqrt(area / (number * _AREA[lattice]))
    return np.where(number == 0, np.inf, spacing)


def lattice_farthest_m(spacing_m: npt.ArrayLike, *, lattice: Lattice) -> FloatArray:
    """Tell how far the farthest place is from a station on a full lattice of a spacing.

    Parameters
    ----------
    spacing_m
        Metres between neighbours, 0 or more; nan gives nan.
    lattice
        "triangular" (six neighbours) or "square" (four).

    Returns
    -------
    ndarray of float64
        Metres in a straight line.

    Raises
    ------
    ParameterError
        If there is no such lattice, or a spacing is negative.

    Notes
    -----
    ``spacing / sqrt(3)`` and ``spacing / sqrt(2)``. Only a full lattice bounds distance by spacing: pairs of stations
    side by side, a day's ride from the next pair, have a short spacing everywhere. O(n).

    Examples
    --------
    >>> [float(lattice_farthest_m(1000, lattice=name).round()) for name in ("triangular", "square")]
    [577.0, 707.0]
    """
    _check_lattice(lattice)
    spacing = np.asarray(spacing_m, dtype=np.float64)
    if (spacing < 0).any():
        raise ParameterError("spacing_m must be 0 or more.")
    return np.asarray(spacing * _FARTHEST[lattice], dtype=np.float64)


def nearest_other_m(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Give geodesic metres from each point to the nearest other one; nan where there is none."""
    if lon.size < _NEIGHBOURS:
        return np.full(lon.size, np.nan)
    points = _from_centre(lon, lat)
    found = cKDTree(points).query(points, k=min(_NEIGHBOURS + 1, lon.size))[1]
    near = np.asarray(found, dtype=np.int64)
    distance = crs.distance_m(lon[:, None], lat[:, None], lon[near], lat[near])
    # Of points at one place, others may be named instead of the point itself.
    distance[near == np.arange(lon.size)[:, None]] = np.inf
    nearest: FloatArray = distance.min(axis=1)
    return nearest


def _from_centre(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Place points on the ellipsoid, metres from the Earth's centre: the nearest by chord are the nearest on it."""
    x, y = np.radians(lon), np.radians(lat)
    across = crs.WGS84_A_M / np.sqrt(1.0 - crs.WGS84_E2 * np.sin(y) ** 2)
    up = across * (1.0 - crs.WGS84_E2) * np.sin(y)
    return np.column_stack((across * np.cos(y) * np.cos(x), across * np.cos(y) * np.sin(x), up))


def _check_lattice(lattice: str) -> None:
    if lattice not in _AREA:
        raise ParameterError(f"lattice must be 'triangular' or 'square'. Got {lattice!r}.")
