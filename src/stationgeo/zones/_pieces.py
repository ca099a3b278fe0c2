"""How lowest-level zones and cells cut each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import cells
from stationgeo.errors import DataError, phrases
from stationgeo.schema import OUTSIDE
from stationgeo.zones._place import at_level, lowest_level
from stationgeo.zones._polygons import check_zones, overlapping_pairs, polygons_of

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import CellArray, FloatArray

ROUNDING_SHARE = 1e-9
"""What zones leave of a cell is nothing if it is no more than this share of it."""

MOST_EXCESS_SHARE = 0.01
"""Zones that claim more of a cell than this share beyond all of it overlap: rounding explains 1 mm along an edge."""


def pieces(zones: gpd.GeoDataFrame, *, resolution: int) -> pd.DataFrame:
    """Measure what cells and lowest-level zones have in common.

    Parameters
    ----------
    zones
        ZONES; only their lowest level is cut. It must be disjoint, see `resolve_overlaps`.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    DataFrame
        PIECES: every cell that a zone has area in, ordered by cell and then by the order of the zones. What of a cell
        lies in no zone has a row with `zone_id` ''. The rows of one cell add up to its area.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If there are no zones, a polygon is empty or invalid, or zones overlap.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If there is no such resolution, or the answer would not fit in memory.

    Notes
    -----
    Areas are exact (see `cells.polygon_areas`). Where zones claim slightly more than the whole cell, because an edge
    that one of them has in one piece is two edges of its neighbours, all of the cell's rows shrink alike: by about 1
    mm along that edge, and by overlaps of less than 1e-4 m2. No zone is lost, however small.
    O(vertices x rows + pieces).

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> rows = {"zone_id": ["1"], "level": "grid", "parent_id": "", "name": ["A"]}
    >>> zones = gpd.GeoDataFrame(rows, geometry=[shapely.box(114.05, 22.54, 114.051, 22.541)], crs="EPSG:4326")
    >>> table = pieces(zones, resolution=10)
    >>> table.groupby("zone_id")["area_m2"].sum().round().to_dict()
    {'': 47200.0, '1': 11391.0}
    """
    check_zones(zones)
    lowest = at_level(zones, level=lowest_level(zones))
    shapes = polygons_of(lowest)
    names = np.append(lowest["zone_id"].to_numpy(dtype=object), OUTSIDE)
    first, second, common = overlapping_pairs(shapes)
    if common.size:
        shown = phrases(f"{names[a]!r} and {names[b]!r}" for a, b in zip(first, second, strict=True))
        raise DataError(
            f"zones must not overlap; {common.size:,} pairs do, on {common.sum():,.1f} m2 in all: {shown}. Use "
            "resolve_overlaps() with a rule."
        )
    zone, cell, area = cells.polygon_areas(shapes, resolution=resolution)
    distinct, code = np.unique(cell, return_inverse=True)
    whole = cells.areas_m2(distinct)
    covered = np.bincount(code, area, minlength=distinct.size)
    left = whole - covered
    _check_excess(distinct, left / whole)
    full = left <= ROUNDING_SHARE * whole
    area = area * np.where(full, whole / covered, 1.0)[code]
    outside = np.flatnonzero(~full)
    code = np.concatenate((code, outside))
    zone = np.concatenate((zone, np.full(outside.size, len(lowest))))
    area = np.concatenate((area, left[outside]))
    order = np.lexsort((zone, code))
    return pd.DataFrame(
        {"cell": distinct[code[order]], "zone_id": pd.array(names[zone[order]], dtype="str"), "area_m2": area[order]}
    )


def _check_excess(cell: CellArray, left_share: FloatArray) -> None:
    """Hold the areas themselves against overlaps: whether polygons intersect is GEOS's word, and it has been wrong."""
    more = left_share < -MOST_EXCESS_SHARE
    if more.any():
        shown = phrases(
            f"{name!r} by {-share:.1%}" for name, share in zip(cells.to_text(cell[more]), left_share[more], strict=True)
        )
        raise DataError(
            f"zones must not overlap; they claim more than the whole of {int(more.sum()):,} of {cell.size:,} cells: "
            f"{shown}. Use resolve_overlaps() with a rule."
        )
