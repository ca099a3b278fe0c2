"""Blank spots 空白点 as people read them: ranked, with the nearest station, and units that have or lack a station."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._sheets import in_unit, names_of

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage import BlankSpots
    from stationgeo.demand import Unit

__all__ = ["blanks_chapter"]

_SHOWN = 10
_DIGITS = 7  # of degrees: 1 cm
_S_PER_MIN = 60.0
_AMOUNTS = ("demand", "uncovered_demand", "uncovered_demand_low", "covered_demand", "covered_demand_high")
_KINDS = {
    "administrative": "no station in the unit 行政空白",
    "access": "a station in the unit, but too far 可达空白",
    "mixed": "both 兼有",
    "": "",
}
_CASES = {
    "a station, but not covered": "a station, but not covered 有站未覆盖",
    "covered, but no station": "covered, but no station 无站已覆盖",
}
_TWO_WAY = (
    (True, "covered", "station, covered 有站已覆盖"),
    (True, "not covered", "station, not covered 有站未覆盖"),
    (False, "covered", "no station, covered 无站已覆盖"),
    (False, "not covered", "no station, not covered 无站未覆盖"),
    (True, "no demand", "station, no demand 有站无需求"),
    (False, "no demand", "no station, no demand 无站无需求"),
)
_COLUMNS = {
    "spot_id": ("rank; those that affect most workers come first", "排名"),
    "mean_workers": (
        "workers present at once and not covered, mean over all hours of a week",
        "同时在场而未覆盖的平均人数",
    ),
    "worker_equivalents": ("worker-equivalents that are not covered", "未覆盖的折算人数"),
    "uncovered_demand": ("demand that is not covered for sure, {unit}", "未覆盖需求(未确定覆盖):{unit}"),
    "uncovered_demand_low": (
        "what of it would be left, were all that is not known a yes, {unit}",
        "未知项全为“有”时仍未覆盖的需求:{unit}",
    ),
    "demand": ("demand, {unit}", "需求:{unit}"),
    "covered_demand": ("covered for sure, {unit}", "确定覆盖的需求:{unit}"),
    "covered_share": ("the same / demand", "确定覆盖率"),
    "covered_demand_high": ("covered, were all that is not known a yes, {unit}", "未知项全为“有”时覆盖的需求:{unit}"),
    "covered_share_high": ("the same / demand", "覆盖率上限"),
    "n_cells": ("cells of the spot", "网格数"),
    "area_m2": ("area of its cells, square metres", "面积,平方米"),
    "level": ("level of zones", "区划级别"),
    "zone_id": ("code of the zone; of a spot the one with most of it", "区划代码(空白点取需求最多者)"),
    "zone": ("name of that zone", "区划名称"),
    "name": ("name of the zone", "名称"),
    "n_zones": ("zones of the lowest level that it touches", "涉及的基层区划数"),
    "administrative_share": ("share of it in lowest-level zones without a station", "位于无站基层区划的比例"),
    "kind": ("administrative: no station in its zones; access: stations, but too far; mixed", "空白类型"),
    "nearest_station_id": ("code of the nearest station, from the cell nearest to one", "最近站点代码"),
    "nearest_station": ("its name", "最近站点名称"),
    "nearest_m": ("way from that cell, metres; how: nearest_by", "最近距离,米"),
    "nearest_s": ("way from that cell, seconds; how: nearest_by", "最近用时,秒"),
    "mean_m": ("mean way of its uncovered demand, metres", "平均距离,米"),
    "mean_s": ("mean way of its uncovered demand, seconds", "平均用时,秒"),
    "unknown_share": ("share of it from which no way is known", "路程未知的比例"),
    "nearest_by": ("how these ways were measured", "路程口径"),
    "lon": ("longitude of a point in it, WGS-84 degrees", "经度,WGS-84"),
    "lat": ("latitude of that point, WGS-84 degrees", "纬度,WGS-84"),
    "case": ("which of the two disagree", "情形"),
    "has_station": ("whether a station stands in the zone", "区内是否有站"),
    "access": ("whether its demand is covered", "需求是否被覆盖"),
    "n_units": ("how many zones", "区划数"),
    "n_stations": ("stations in the zone", "区内站点数"),
}


def blanks_chapter(
    found: BlankSpots, zones: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, unit: Unit, *, way: str
) -> Chapter:
    """Tell where demand is not covered.

    Parameters
    ----------
    found
        What `coverage.blank_spots` gives.
    zones, stations
        Those of a coverage, for their names.
    unit
        What demand is counted in where people read it.
    way
        How the way to the nearest station was measured: "by the straight line".

    Returns
    -------
    Chapter
        The worst spots, and zones by "has a station" x "is covered"; sheets `blank_spots`, `blank_spot_zones`,
        `two_way` and `off_diagonals`.

    Notes
    -----
    O(spots + zones).

    Examples
    --------
    Of a scored city::

        blanks_chapter(found, scored.zones, scored.stations, scored.unit, way="by the straight line")
    """
    spots = _spots(found, zones, stations, unit, way)
    parts = [_summary(found, unit)]
    if len(spots):
        parts.append(_worst(spots, unit, way))
    if len(found.two_way):
        parts.append(_two_way(found.two_way))
    if len(found.off_diagonals):
        parts.append(_off_diagonals(found.off_diagonals, unit))
    return Chapter(
        title="Blank spots 空白点", text="\n\n".join(parts), columns=_COLUMNS,
        sheets={
            "blank_spots": spots,
            "blank_spot_zones": in_unit(found.touched, _AMOUNTS, unit),
            "two_way": in_unit(found.two_way, _AMOUNTS, unit),
            "off_diagonals": in_unit(found.off_diagonals, _AMOUNTS, unit),
        },
    )  # fmt: skip


def _summary(found: BlankSpots, unit: Unit) -> str:
    told, asked = found.headline, found.parameters
    spots = (
        f"{unit.text(told['spot_demand'])} of {unit.text(told['demand'])} {unit.en} lie in {told['n_spots']:,} blank "
        f"spots: patches of cells, each at least {asked['min_uncovered_share']:.0%} uncovered, with at least "
        f"{unit.text(asked['min_weight'])} that are not covered"
    )
    rest = (
        f"{unit.text(told['small_demand'])} in {told['n_small']:,} smaller patches, "
        f"{unit.text(told['scattered_demand'])} in cells that are covered for the most part"
    )
    lines = [spots, rest]
    if told["spot_demand_low"] < told["spot_demand"]:
        least = f"{unit.text(told['spot_demand_low'])} of what lies in the blank spots"
        lines.append(f"{least} would be left, were every service and hour that is not known a yes")
    return bullets(lines)


def _spots(
    found: BlankSpots, zones: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, unit: Unit, way: str
) -> pd.DataFrame:  # fmt: skip
    spots = found.spots
    inner = spots.geometry.representative_point()
    told = in_unit(pd.DataFrame(spots.drop(columns="geometry")), _AMOUNTS, unit).assign(
        zone=names_of(spots["zone_id"], zones, "zone_id"),
        nearest_station=names_of(spots["nearest_station_id"], stations, "station_id"),
        nearest_by=way,
        lon=inner.x.round(_DIGITS),
        lat=inner.y.round(_DIGITS),
    )
    known = [name for name in _COLUMNS if name in told.columns and not _untold(told, name)]
    return told[known]


def _untold(told: pd.DataFrame, name: str) -> bool:
    return name in {"mean_workers", "worker_equivalents"} and bool(told[name].isna().all())


def _worst(spots: pd.DataFrame, unit: Unit, way: str) -> str:
    """Write the first spots as a table, with ways in metres or minutes."""
    timed = "nearest_s" in spots.columns
    workers = "mean_workers" in spots.columns
    header = [
        "", *(["workers at once 同时人数"] if workers else []), f"not covered, {unit.en}", "zone 区划",
        f"nearest station 最近站点, {'minutes' if timed else 'm'} {way}", "kind 类型",
    ]  # fmt: skip
    rows = [
        [row["spot_id"], *([f"{row['mean_workers']:.3g}"] if workers else []), _amount(row["uncovered_demand"]),
         row["zone"] or row["zone_id"], _nearest(row, timed=timed), _KINDS[row["kind"]]]
        for row in spots.head(_SHOWN).to_dict("records")
    ]  # fmt: skip
    return table(header, rows)


def _nearest(row: dict[Any, Any], *, timed: bool) -> str:
    if not row["nearest_station_id"]:
        return "none known 未知"
    name = row["nearest_station"] or row["nearest_station_id"]
    return f"{name}, {row['nearest_s'] / _S_PER_MIN:.1f}" if timed else f"{name}, {row['nearest_m']:,.0f}"


def _two_way(rows: pd.DataFrame) -> str:
    """Write how many zones have a station, are covered, both or neither, a level a row."""
    number = rows.set_index(["level", "has_station", "access"])["n_units"]
    body = [
        [level, *(f"{number[(level, has, access)]:,}" for has, access, _ in _TWO_WAY)]
        for level in rows["level"].unique()
    ]
    said = "Zones by whether a station stands in them and whether their demand is covered:"
    return said + "\n\n" + table(["level 级别", *(name for *_, name in _TWO_WAY)], body)


def _off_diagonals(rows: pd.DataFrame, unit: Unit) -> str:
    """Name zones in which the two disagree, first those with a station and of the lowest level."""
    # A zone whose station does not serve it is the more surprising one, and there are fewer of them.
    shown = rows.sort_values("case", kind="stable").head(_SHOWN)
    body = [
        [row["level"], row["name"] or row["zone_id"], _CASES[row["case"]], unit.text(row["demand"]),
         f"{row['covered_share']:.1%}"]
        for row in shown.to_dict("records")
    ]  # fmt: skip
    said = f"Where the two disagree ({len(shown):,} of {len(rows):,}, all in coverage.xlsx):"
    return said + "\n\n" + table(["level 级别", "zone 区划", "", f"demand, {unit.en}", "covered 覆盖率"], body)


def _amount(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - as Unit.text writes amounts
