"""Squares on which something was counted: their shares in cells and zones, by area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from stationgeo import cells
from stationgeo.errors import DataError, first_few
from stationgeo.schema import OUTSIDE
from stationgeo.zones import at_level, lowest_level, resolve_overlaps

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["Spread", "spread"]

_MOST_LON_DEG = 180.0
_MOST_LAT_DEG = 90.0
# What zones leave of a square's part in a cell is nothing if it is less than this share of the square: the edges of a
# whole and of its parts may be 1 mm apart (`cells.polygon_areas`), which is most, 8e-6, for a square of 170 m at 60
# degrees of latitude; narrower ones have straighter edges, wider ones more area.
_ROUNDING_SHARE = 1e-5
# Squares are cut along zones on a grid of so many degrees, 0.01 mm: GEOS's overlay in full floating point has been seen
# to lose a whole square where a hole of no width crosses it (3.14.1); on a grid it does not.
_GRID_DEG = 1e-10
# Squares of less than 0.1 m are no squares, and cells lose their parts as rounding.
_LEAST_AREA_DEG2 = 1e-12
# Dimension of what has an area, as shapely counts.
_AREAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How squares lie over cells and zones; one entry per square, cell and zone, those of a square together."""

    row: IntArray
    """Which square."""
    cell: CellArray
    """H3 index."""
    zone_id: npt.NDArray[np.object_]
    """Lowest-level zone, '' outside."""
    share: FloatArray
    """Share of the square's area; the shares of a square add up to 1."""


def spread(squares: FloatArray, *, zones: gpd.GeoDataFrame | None, resolution: int) -> Spread:
    """Cut squares along cells and lowest-level zones.

    Parameters
    ----------
    squares
        One row per square: longitude and latitude of the centre, width and height, all in degrees. Squares that
        repeat are cut once.
    zones
        ZONES whose lowest level is disjoint, or None.
    resolution
        H3 resolution.

    Returns
    -------
    Spread
        Every square.

    Raises
    ------
    DataError
        If a square crosses the antimeridian or a pole, or has no area, or if zones overlap.

    Notes
    -----
    In each cell, what lies outside all zones is the square's own area there less that of its parts in zones, and never
    less than 0. Shares are areas divided by the sum over the square, so that a square's weight is conserved whatever
    the rounding. O(parts).
    """
    once, which = np.unique(squares, axis=0, return_inverse=True)
    boxes = _boxes(once)
    _check_areas(once, shapely.area(boxes))
    square, cell, area_m2 = cells.polygon_areas(boxes, resolution=resolution)
    parts = [pd.DataFrame({"square": square, "cell": cell, "zone_id": OUTSIDE, "area_m2": area_m2})]
    if zones is not None:
        resolve_overlaps(zones, rule="error")
        parts = _less_zones(parts[0], boxes, at_level(zones, level=lowest_level(zones)), resolution)
    table = pd.concat(parts, ignore_index=True).sort_values(["square", "cell", "zone_id"])
    number, area_m2 = table["square"].to_numpy(), table["area_m2"].to_numpy(dtype=np.float64)
    total_m2: FloatArray = np.bincount(number, weights=area_m2, minlength=len(once)).astype(np.float64)
    share = area_m2 / total_m2[number]
    return _repeat(table, share, which.ravel())


def _boxes(squares: FloatArray) -> npt.NDArray[np.object_]:
    lon, lat, width, height = squares.T
    west, south, east, north = lon - width / 2, lat - height / 2, lon + width / 2, lat + height / 2
    beyond = (west < -_MOST_LON_DEG) | (east > _MOST_LON_DEG) | (south < -_MOST_LAT_DEG) | (north > _MOST_LAT_DEG)
    if beyond.any():
        raise DataError(
            f"EVENTS: squares must not cross the antimeridian or a pole; {int(beyond.sum()):,} of {len(squares):,} "
            f"distinct squares do, with centres {_centres(squares[beyond])}. Cut them in two."
        )
    return np.asarray(shapely.box(west, south, east, north), dtype=object)


def _less_zones(
    whole: pd.DataFrame, boxes: npt.NDArray[np.object_], zones: gpd.GeoDataFrame, resolution: int
) -> list[pd.DataFrame]:
    """Cut the squares along zones: the parts in zones, and what is left of the whole in each cell."""
    polygons = zones.geometry.to_numpy().copy()
    shapely.prepare(polygons)
    square, zone = shapely.STRtree(polygons).query(boxes, predicate="intersects")
    shapes = boxes[square]
    across = np.flatnonzero(~shapely.covers(polygons[zone], shapes))
    shapes[across] = shapely.intersection(shapes[across], polygons[zone[across]], grid_size=_GRID_DEG)
    shapes = _polygonal(shapes)
    real = shapely.area(shapes) > 0
    square, zone = square[real], zone[real]
    part, cell, area_m2 = cells.polygon_areas(shapes[real], resolution=resolution)
    names = zones["zone_id"].to_numpy(dtype=object)
    inside = pd.DataFrame(
        {"square": square[part], "cell": cell, "zone_id": names[zone[part]], "area_m2": area_m2},
    )
    left = whole.set_index(["square", "cell"])["area_m2"]
    left = left.sub(inside.groupby(["square", "cell"])["area_m2"].sum(), fill_value=0.0)
    least = whole.groupby("square")["area_m2"].sum() * _ROUNDING_SHARE
    outside = left.rename("area_m2").reset_index().assign(zone_id=OUTSIDE)
    return [inside, outside[outside["area_m2"].to_numpy() > least[outside["square"]].to_numpy()]]


def _polygonal(shapes: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Leave out lines and points: where borders touch, an intersection may be one, or a collection with some."""
    out = np.asarray(shapes, dtype=object).copy()
    for i in np.flatnonzero(shapely.get_type_id(out) == shapely.GeometryType.GEOMETRYCOLLECTION):
        pieces = shapely.get_parts(out[i])
        out[i] = shapely.union_all(pieces[shapely.get_dimensions(pieces) == _AREAL])
    return out


def _check_areas(squares: FloatArray, area: FloatArray) -> None:
    none = ~(area > _LEAST_AREA_DEG2)
    if none.any():
        raise DataError(
            f"EVENTS: squares must have an area; {int(none.sum()):,} of {len(squares):,} distinct squares have none, "
            f"with centres {_centres(squares[none])}. Set square_lon_deg and square_lat_deg to 0 for points."
        )


def _centres(squares: FloatArray) -> str:
    return first_few(f"({lon:.5f}, {lat:.5f})" for lon, lat in squares[:, :2]).replace("'", "")


def _repeat(table: pd.DataFrame, share: FloatArray, which: IntArray) -> Spread:
    """Give each row its distinct square's parts."""
    count = np.bincount(table["square"])
    begin = np.cumsum(count) - count
    row = np.repeat(np.arange(which.size, dtype=np.int64), count[which])
    from_row = np.cumsum(count[which]) - count[which]
    part = np.arange(row.size) - from_row[row] + begin[which][row]
    return Spread(
        row=row,
        cell=table["cell"].to_numpy(dtype=np.uint64)[part],
        zone_id=table["zone_id"].to_numpy(dtype=object)[part],
        share=share[part],
    )
