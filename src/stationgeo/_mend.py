"""Polygons that break the rules of geometry, made valid where there is only one way to read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["AMBIGUOUS_SHARE", "mend"]

AMBIGUOUS_SHARE = 1e-6
"""Where mending a polygon changes its area by more than this share of it, there is more than one way to read it. A
district of 10 km2 may lose or win a loop of 10 m2 that was drawn by mistake."""


def mend(shapes: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Make invalid polygons valid, and tell by which share that changes the area that their rings enclose.

    Parameters
    ----------
    shapes
        shapely Polygons and MultiPolygons, none missing.

    Returns
    -------
    mended : ndarray of object
        What GEOS makes of their structure; those with infinite coordinates as they were.
    change_share : ndarray of float64
        0 for a spike, or a ring that touches itself. The rings of a polygon that crosses itself enclose another area,
        because lobes that run backwards count against the others. Infinite where nothing would be left, or
        coordinates are not finite. Above `AMBIGUOUS_SHARE` a polygon is not to be mended but refused.

    Notes
    -----
    O(vertices log vertices).

    Examples
    --------
    >>> spike = shapely.Polygon([(0, 0), (2, 0), (1, 0), (1, 1)])
    >>> bow_tie = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    >>> (mend(np.array([spike, bow_tie]))[1] > AMBIGUOUS_SHARE).tolist()
    [False, True]
    """
    finite = np.array([bool(np.isfinite(shapely.get_coordinates(shape)).all()) for shape in shapes], dtype=np.bool_)
    mended, change = shapes.copy(), np.full(shapes.size, np.inf)
    mended[finite] = shapely.make_valid(shapes[finite], method="structure", keep_collapsed=False)
    before, after = np.abs(shapely.area(shapes[finite])), shapely.area(mended[finite])
    differs = np.abs(after - before) / np.maximum(before, np.finfo(np.float64).tiny)
    change[finite] = np.where(after > 0.0, differs, np.inf)
    return mended, change
