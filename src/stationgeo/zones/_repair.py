"""What is wrong between and within polygons: overlaps, gaps, and rings that cross themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo._mend import AMBIGUOUS_SHARE, mend
from stationgeo.errors import DataError, ParameterError, phrases, suggest
from stationgeo.zones._place import at_level, lowest_level
from stationgeo.zones._polygons import (
    LEAST_OVERLAP_M2,
    Objects,
    area_m2,
    areal,
    check_zones,
    overlapping_pairs,
    polygons_of,
)

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

RULES = ("first", "smallest", "error")
"""Who keeps an area that two zones claim: the earlier in the table, the smaller, or nobody (an error)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Zones whose lowest level is disjoint, and what was done to make it so."""

    zones: gpd.GeoDataFrame
    """ZONES, all levels, in the order given."""

    overlaps: pd.DataFrame
    """One row per pair that overlapped: `kept_by` and `taken_from` (zone ids), `area_m2` in common."""

    rule: str
    """The rule: "first", "smallest" or "error"."""


def resolve_overlaps(zones: gpd.GeoDataFrame, *, rule: str) -> Resolved:
    """Make the zones of the lowest level disjoint.

    Parameters
    ----------
    zones
        ZONES; other levels pass through.
    rule
        Who keeps what two zones claim: "first", the earlier in the table; "smallest", the smaller (the earlier of two
        of one size); "error", nobody: an overlap raises.

    Returns
    -------
    Resolved
        The zones, and every pair that overlapped by more than 1e-4 m2, slivers included.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a polygon is empty or invalid, if zones overlap and the rule is "error", or if nothing would be left of one.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If the rule is unknown.

    Notes
    -----
    A zone gives up what it has in common with those before it in the order of the rule, as these were given, so that
    the union of all stays what it was; parts and holes of no more than 1e-4 m2 that the cut leaves are rounding and
    go. O(z log z) and an intersection per pair of neighbours.

    Examples
    --------
    >>> squares = [shapely.box(114.0, 22, 114.2, 22.1), shapely.box(114.1, 22, 114.3, 22.1)]
    >>> rows = {"zone_id": ["1", "2"], "level": "grid", "parent_id": "", "name": ["A", "B"]}
    >>> resolved = resolve_overlaps(gpd.GeoDataFrame(rows, geometry=squares, crs="EPSG:4326"), rule="first")
    >>> resolved.overlaps[["kept_by", "taken_from"]].to_dict("records")
    [{'kept_by': '1', 'taken_from': '2'}]
    >>> [float(west) for west in resolved.zones.bounds["minx"]]
    [114.0, 114.2]
    """
    if rule not in RULES:
        raise ParameterError(f"unknown rule {rule!r}; {suggest(rule, RULES)}")
    check_zones(zones)
    at = np.flatnonzero(zones["level"] == lowest_level(zones))
    lowest = zones.iloc[at]
    shapes = polygons_of(lowest)
    names = lowest["zone_id"].to_numpy(dtype=object)
    first, second, area = overlapping_pairs(shapes)
    if rule == "error" and area.size:
        shown = phrases(f"{names[a]!r} and {names[b]!r} {m2:,.1f} m2"
                        for a, b, m2 in zip(first, second, area, strict=True))  # fmt: skip
        raise DataError(
            f"zones must not overlap; {area.size:,} pairs do, on {area.sum():,.1f} m2 in all: {shown}. Mend them, or "
            "let the rule be 'first' or 'smallest'."
        )
    keeper, giver = _in_order(first, second, area_m2(shapes) if rule == "smallest" else np.zeros(at.size))
    cut = _give_up(shapes, keeper, giver)
    gone = shapely.is_empty(cut)
    if gone.any():
        raise DataError(
            f"zones must keep some area; {int(gone.sum()):,} of {gone.size:,} lie wholly within others under rule "
            f"{rule!r}: {phrases(repr(name) for name in names[gone])}. Remove them, or take another rule."
        )
    geometry = zones.geometry.to_numpy().copy()
    geometry[at] = cut
    pairs = pd.DataFrame({"kept_by": names[keeper], "taken_from": names[giver], "area_m2": area})
    return Resolved(
        zones=zones.set_geometry(gpd.GeoSeries(geometry, index=zones.index, crs=zones.crs)),
        overlaps=pairs.astype({"kept_by": "str", "taken_from": "str"}),
        rule=rule,
    )


def gaps(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Find the holes that the zones of the lowest level leave between them.

    Parameters
    ----------
    zones
        ZONES; only their lowest level is looked at.

    Returns
    -------
    GeoDataFrame
        `area_m2` and `geometry` of every hole of their union of more than 1e-4 m2, largest first: slivers, and also
        lakes and whatever was left out on purpose.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If there are no zones, or a polygon is empty or invalid.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).

    Notes
    -----
    A gap that opens to the outside is none. O(vertices log vertices).

    Examples
    --------
    >>> ring = shapely.box(114, 22, 114.3, 22.3).difference(shapely.box(114.1, 22.1, 114.2, 22.2))
    >>> rows = {"zone_id": ["1"], "level": "grid", "parent_id": "", "name": ["A"]}
    >>> gaps(gpd.GeoDataFrame(rows, geometry=[ring], crs="EPSG:4326"))["area_m2"].div(1e6).round().tolist()
    [114.0]
    """
    check_zones(zones)
    union = shapely.union_all(polygons_of(at_level(zones, level=lowest_level(zones))))
    rings = [ring for part in shapely.get_parts(union) for ring in part.interiors]
    holes = np.empty(len(rings), dtype=np.object_)
    holes[:] = [shapely.Polygon(ring) for ring in rings]
    area = area_m2(holes)
    order = np.argsort(-area, kind="stable")
    order = order[area[order] > LEAST_OVERLAP_M2]
    return gpd.GeoDataFrame({"area_m2": area[order]}, geometry=holes[order], crs=crs.WGS84)


def repair(zones: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Mend polygons that break the rules of geometry where there is only one way to read them.

    Parameters
    ----------
    zones
        ZONES; valid polygons stay what they are.

    Returns
    -------
    zones : GeoDataFrame
        The table with valid polygons only.
    repaired : DataFrame
        One row per polygon that was mended: `zone_id`, `reason` it was invalid, `change_share` of its area.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a mended polygon would have another area (by more than 1e-6 of it) than its rings enclose, as one that
        crosses itself has, or none: how many, and the first three.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).

    Notes
    -----
    A spike, a ring that touches itself and a repeated ring point have one reading; a figure of eight has several. The
    area that the rings enclose, lobes that run backwards taken off, is compared with that of the mended polygon.
    O(vertices log vertices).

    Examples
    --------
    >>> spike = shapely.Polygon([(114, 22), (114.2, 22), (114.1, 22), (114.1, 22.1)])
    >>> rows = {"zone_id": ["1"], "level": "grid", "parent_id": "", "name": ["A"]}
    >>> zones, repaired = repair(gpd.GeoDataFrame(rows, geometry=[spike], crs="EPSG:4326"))
    >>> bool(zones.is_valid.all()), len(repaired)
    (True, 1)
    """
    check_zones(zones)
    shapes: Objects = zones.geometry.to_numpy()
    wrong = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    names = zones["zone_id"].to_numpy(dtype=object)[wrong]
    reasons = shapely.is_valid_reason(shapes[wrong])
    mended, change = mend(shapes[wrong])
    refused = change > AMBIGUOUS_SHARE
    if refused.any():
        shown = phrases(f"{name!r} ({reason})" for name, reason in zip(names[refused], reasons[refused], strict=True))
        raise DataError(
            f"zones must be valid polygons; {int(refused.sum()):,} of {len(zones):,} can be read in several ways: "
            f"{shown}. Mend them in the source."
        )
    geometry = shapes.copy()
    geometry[wrong] = areal(mended)
    table = pd.DataFrame({"zone_id": names, "reason": reasons, "change_share": change})
    return (
        zones.set_geometry(gpd.GeoSeries(geometry, index=zones.index, crs=zones.crs)),
        table.astype({"zone_id": "str", "reason": "str"}),
    )


def _in_order(first: IntArray, second: IntArray, rank: FloatArray) -> tuple[IntArray, IntArray]:
    """Tell of each pair which one keeps and which one gives; of equal rank the first keeps."""
    swapped = rank[second] < rank[first]
    return np.where(swapped, second, first), np.where(swapped, first, second)


def _give_up(shapes: Objects, keeper: IntArray, giver: IntArray) -> Objects:
    done = shapes.copy()
    for row in np.unique(giver).tolist():
        claimed = shapely.union_all(shapes[keeper[giver == row]])
        done[row] = _without_splinters(areal(np.array([shapely.difference(shapes[row], claimed)], dtype=np.object_))[0])
    return done


def _without_splinters(shape: shapely.Polygon | shapely.MultiPolygon) -> shapely.MultiPolygon | shapely.Polygon:
    """Leave out parts and holes that are rounding: GEOS's overlay has been seen to lose what such a hole crosses."""
    parts = [
        shapely.Polygon(part.exterior, [ring for ring in part.interiors if _is_more(shapely.Polygon(ring))])
        for part in shapely.get_parts(shape).tolist()
        if _is_more(part)
    ]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _is_more(polygon: shapely.Polygon) -> bool:
    return bool(area_m2(np.array([polygon], dtype=np.object_))[0] > LEAST_OVERLAP_M2)
