"""The tree of zones: grids in communities in streets in districts in a city."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from stationgeo.errors import DataError, phrases
from stationgeo.schema import LEVELS
from stationgeo.zones._place import lowest_level
from stationgeo.zones._polygons import Objects, check_zones, polygons_of

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import FloatArray, IntArray

SURE_SHARE = 0.95
"""A parent that holds less than this share of a zone is doubtful."""


def check_tree(zones: gpd.GeoDataFrame) -> None:
    """Insist that each parent is there, and of the next level up.

    Parameters
    ----------
    zones
        ZONES, of one or more levels. A `parent_id` of '' means none and is allowed. Parents of the highest level
        present lie beyond the table and are not looked for: grids alone may name their communities.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a parent is not in the table, or is not of the next level that the table has: how many, and the first
        three.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).

    Notes
    -----
    O(z).

    Examples
    --------
    >>> import geopandas as gpd
    >>> square = shapely.box(114, 22, 115, 23)
    >>> rows = {"zone_id": ["1", "2"], "level": ["street", "grid"], "parent_id": ["", "1"], "name": ["A", "B"]}
    >>> check_tree(gpd.GeoDataFrame(rows, geometry=[square, square], crs="EPSG:4326"))
    """
    check_zones(zones)
    level_of = dict(zip(zones["zone_id"], zones["level"], strict=True))
    present = _levels_present(zones)
    above = dict(pairwise(present))
    named = (zones["parent_id"] != "") & ~zones["level"].isin(present[-1:])
    children = zones.loc[named, ["zone_id", "level", "parent_id"]]
    orphans, misplaced = [], []
    for zone, level, parent in children.itertuples(index=False, name=None):
        if parent not in level_of:
            orphans.append(f"{zone!r} (parent {parent!r})")
        elif above.get(level) != level_of[parent]:
            misplaced.append(f"{zone!r} (a {level}, its parent {parent!r} a {level_of[parent]})")
    if orphans:
        raise DataError(
            f"zones must have their parent in the table; {len(orphans):,} of {len(zones):,} do not: "
            f"{phrases(orphans)}. Add the parents, or leave parent_id empty: parents are then found by area."
        )
    if misplaced:
        raise DataError(
            f"zones must have a parent of the next level up (here {' < '.join(present)}); {len(misplaced):,} of "
            f"{len(zones):,} do not: {phrases(misplaced)}. Leave parent_id empty: parents are then found by area."
        )


def assign_parents(zones: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Give a parent to each zone that has none: the zone of the next level up that holds most of it.

    Parameters
    ----------
    zones
        ZONES, of one or more levels; a `parent_id` that is not '' stays.

    Returns
    -------
    zones : GeoDataFrame
        The table with `parent_id` filled; '' for the highest level, and for a zone outside all of the next level.
    doubtful : DataFrame
        One row per zone of which its parent holds less than 95 %: `zone_id`, `parent_id`, `share` of the zone's area
        in it, and `other_id`, `other_share` of the next best ('' and 0 for none).

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a polygon is empty or invalid.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).

    Notes
    -----
    Of two that hold the same share the one first in the table is taken. O(z log z) and an intersection per pair of
    neighbours.

    Examples
    --------
    >>> import geopandas as gpd
    >>> squares = [shapely.box(114, 22, 115, 23), shapely.box(114.2, 22.2, 114.3, 22.3)]
    >>> rows = {"zone_id": ["1", "2"], "level": ["street", "grid"], "parent_id": ["", ""], "name": ["A", "B"]}
    >>> zones, doubtful = assign_parents(gpd.GeoDataFrame(rows, geometry=squares, crs="EPSG:4326"))
    >>> zones["parent_id"].tolist(), len(doubtful)
    (['', '1'], 0)
    """
    check_zones(zones)
    shapes = polygons_of(zones)
    names, parent = zones["zone_id"].to_numpy(dtype=object), zones["parent_id"].to_numpy(dtype=object).copy()
    present, level = _levels_present(zones), zones["level"].to_numpy(dtype=object)
    doubtful: list[dict[str, object]] = []
    for lower, upper in pairwise(present):
        rows, holders = np.flatnonzero((level == lower) & (parent == "")), np.flatnonzero(level == upper)
        best, share, other, other_share = _largest_shares(shapes[rows], shapes[holders])
        known = np.append(names[holders], "")
        parent[rows] = known[best]
        doubtful.extend(
            {
                "zone_id": names[rows[i]],
                "parent_id": known[best[i]],
                "share": share[i],
                "other_id": known[other[i]],
                "other_share": other_share[i],
            }
            for i in np.flatnonzero(share < SURE_SHARE)
        )
    columns = {"zone_id": "str", "parent_id": "str", "share": "float64", "other_id": "str", "other_share": "float64"}
    return zones.assign(parent_id=pd.array(parent, dtype="str")), pd.DataFrame(doubtful, columns=list(columns)).astype(
        columns
    )


def ancestors(zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell for each lowest-level zone which zones of the levels above it lies in.

    Parameters
    ----------
    zones
        ZONES, of one or more levels.

    Returns
    -------
    DataFrame
        Indexed by the `zone_id` of the lowest level, in the order of the table; one column per level present, lowest
        first, with ids; '' where there is none.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If there are no zones, or their tree is broken (see `check_tree`).
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).

    Notes
    -----
    O(z levels).

    Examples
    --------
    >>> import geopandas as gpd
    >>> square = shapely.box(114, 22, 115, 23)
    >>> rows = {"zone_id": ["1", "2"], "level": ["street", "grid"], "parent_id": ["", "1"], "name": ["A", "B"]}
    >>> ancestors(gpd.GeoDataFrame(rows, geometry=[square, square], crs="EPSG:4326")).to_dict("index")
    {'2': {'grid': '2', 'street': '1'}}
    """
    lowest = lowest_level(zones)
    check_tree(zones)
    parent_of = {"": "", **dict(zip(zones["zone_id"], zones["parent_id"], strict=True))}
    ids = zones.loc[zones["level"] == lowest, "zone_id"].to_list()
    table, current = {}, ids
    for level in _levels_present(zones):
        table[level] = pd.array(current, dtype="str")
        current = [parent_of[zone] for zone in current]
    return pd.DataFrame(table, index=pd.Index(ids, name="zone_id", dtype="str"))


def _levels_present(zones: gpd.GeoDataFrame) -> list[str]:
    present = set(zones["level"])
    return [level for level in LEVELS if level in present]


def _largest_shares(shapes: Objects, holders: Objects) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Find per shape the two holders with most of its area, and the shares; row -1 for none."""
    best, share = np.full((2, shapes.size), -1, dtype=np.int64), np.zeros((2, shapes.size))
    row, holder = shapely.STRtree(holders).query(shapes, predicate="intersects")
    # Shares in degrees are shares in metres: over one zone a degree hardly changes.
    common = shapely.area(shapely.intersection(shapes[row], holders[holder])) / shapely.area(shapes[row])
    row, holder, common = row[common > 0], holder[common > 0], common[common > 0]
    order = np.lexsort((holder, -common, row))
    row, holder, common = row[order], holder[order], common[order]
    place = np.arange(row.size) - np.searchsorted(row, row)
    for rank in (0, 1):
        at = place == rank
        best[rank, row[at]], share[rank, row[at]] = holder[at], common[at]
    return best[0], share[0], best[1], share[1]
