"""Points, lines and rings as short text: coordinates in steps of 1e-5 degrees, about 2 bytes an axis.

The reading side is ``assets/core.js``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stationgeo.maps._encode import delta_text, varint_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["COORDINATE_DEG", "lines", "points", "rings"]

COORDINATE_DEG = 1e-5
"""Outlines and streets are drawn to this many degrees: about 1.1 m, a third of a pixel at zoom 15."""

_POINTS_OF_A_RING = 3
_POINTS_OF_A_LINE = 2


def points(lon: FloatArray, lat: FloatArray) -> dict[str, str]:
    """Write points to 1e-5 degrees.

    Parameters
    ----------
    lon, lat
        Degrees, finite.

    Returns
    -------
    dict
        ``x`` and ``y``, each as differences.

    Examples
    --------
    >>> points(np.array([0.00001]), np.array([0.0]))
    {'x': 'Ag==', 'y': 'AA=='}
    """
    return {"x": delta_text(_quantised(lon)), "y": delta_text(_quantised(lat))}


def lines(shapes: npt.NDArray[np.object_]) -> tuple[dict[str, Any], IntArray]:
    """Write lines to 1e-5 degrees, each once in whatever direction it was drawn.

    Parameters
    ----------
    shapes
        shapely LineStrings and MultiLineStrings in WGS-84 degrees; missing and empty ones are left out.

    Returns
    -------
    text : dict
        ``n`` points of each line, ``x`` and ``y``.
    row : ndarray of int64
        The row of `shapes` that each line came from.

    Notes
    -----
    O(points log lines). A street network has each two-way street twice: a line that repeats an earlier one, forwards
    or backwards, and points that fall together are left out.

    Examples
    --------
    >>> street = shapely.LineString([(0, 0), (0, 1)])
    >>> lines(np.array([street, street.reverse()]))[1].tolist()
    [0]
    """
    parts, part_row = shapely.get_parts(shapes, return_index=True)
    xy, of_line, counts = _vertices(parts)
    keep, start = [], np.concatenate([[0], np.cumsum(counts)])
    seen: set[bytes] = set()
    for line in np.flatnonzero(counts >= _POINTS_OF_A_LINE):
        path = xy[start[line] : start[line + 1]]
        key = min(path.tobytes(), path[::-1].tobytes())
        if key not in seen:
            seen.add(key)
            keep.append(int(line))
    kept = np.array(keep, dtype=np.int64)
    inside = np.isin(of_line, kept)
    return _path_text(xy[inside], counts[kept]), part_row[kept].astype(np.int64)


def rings(shapes: npt.NDArray[np.object_]) -> dict[str, Any]:
    """Write polygons to 1e-5 degrees as rings, outer ones and holes alike, to be filled by the even-odd rule.

    Parameters
    ----------
    shapes
        shapely Polygons and MultiPolygons in WGS-84 degrees; missing and empty ones have no ring.

    Returns
    -------
    dict
        ``rings`` of each shape, ``n`` points of each ring (the first one is not repeated), ``x`` and ``y``.

    Examples
    --------
    >>> rings(np.array([shapely.box(0, 0, 1, 1), None], dtype=object))["rings"]
    'AQA='
    """
    parts, part_row = shapely.get_parts(shapes, return_index=True)
    outlines, ring_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring, counts = _vertices(outlines)
    last = np.flatnonzero(np.diff(of_ring, append=-1))
    first = np.flatnonzero(np.diff(of_ring, prepend=-1))
    closed = (xy[last] == xy[first]).all(axis=1) & (last > first)
    xy, of_ring = np.delete(xy, last[closed], axis=0), np.delete(of_ring, last[closed])
    counts = np.bincount(of_ring, minlength=len(outlines))
    whole = counts >= _POINTS_OF_A_RING
    xy = xy[whole[of_ring]]
    per_shape = np.bincount(part_row[ring_part[whole]], minlength=len(shapes))
    return {"rings": varint_text(per_shape), **_path_text(xy, counts[whole])}


def _quantised(degrees: FloatArray) -> IntArray:
    return np.rint(np.asarray(degrees, dtype=np.float64) / COORDINATE_DEG).astype(np.int64)


def _vertices(paths: npt.NDArray[np.object_]) -> tuple[IntArray, IntArray, IntArray]:
    """Quantised vertices, the path of each, and how many each path has; none twice in a row."""
    coordinates, of_path = shapely.get_coordinates(paths, return_index=True)
    xy = _quantised(coordinates)
    fresh = np.ones(len(xy), dtype=bool)
    fresh[1:] = (xy[1:] != xy[:-1]).any(axis=1) | (of_path[1:] != of_path[:-1])
    of_path = of_path[fresh].astype(np.int64)
    return xy[fresh], of_path, np.bincount(of_path, minlength=len(paths)).astype(np.int64)


def _path_text(xy: IntArray, counts: IntArray) -> dict[str, Any]:
    return {"n": varint_text(counts), "x": delta_text(xy[:, 0]), "y": delta_text(xy[:, 1])}
