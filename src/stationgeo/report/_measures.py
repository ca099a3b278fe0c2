"""What is told beside the headline: all that covered may mean, services and needs, opening hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._sheets import OUTSIDE_NAME
from stationgeo.schema import OUTSIDE

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage import ServiceCoverage
    from stationgeo.demand import Unit
    from stationgeo.stations import OpenHours

__all__ = [
    "BY_NAMES",
    "RATE_NAMES",
    "SORT_NAMES",
    "hours_chapter",
    "names_of_zones",
    "rates_chapter",
    "services_chapter",
    "share_text",
]

RATE_NAMES = {
    "unit_presence": "zones of the lowest level with a station 有站点的基层区划",
    "area": "area 面积",
    "demand": "demand, at any hour 需求（不计开放时间）",
    "building": "buildings 建筑",
    "route": "corridor 线路",
    "time": "demand in its hour, by what is open then 需求（按时段开放）",
}
BY_NAMES = {
    "any": "any station 任一站点",
    "warm_bee_only": "warm-bee type only 仅暖蜂类",
    "service_centre_only": "service centres only 仅党群服务中心",
    "both": "both 两者皆有",
    "neither": "neither 均未覆盖",
}
SORT_NAMES = {"station": "station 站点", "service": "service 服务", "need": "need 需求", "profile": "profile 组合"}
_SHARES = {
    "covered_share": ("share that is covered for sure", "确定覆盖率"),
    "covered_share_high": ("share were all that is not known a yes", "未知项全为“有”时的覆盖率"),
    "demand": ("demand, {unit}", "需求:{unit}"),
    "covered_demand": ("covered for sure, {unit}", "确定覆盖的需求:{unit}"),
    "covered_demand_high": ("covered were all that is not known a yes, {unit}", "未知项全为“有”时覆盖的需求:{unit}"),
    "warm_bee_only": ("covered by warm-bee type stations only, {unit}", "仅暖蜂类覆盖:{unit}"),
    "service_centre_only": ("covered by service centres only, {unit}", "仅党群服务中心覆盖:{unit}"),
    "both": ("covered by both, {unit}", "两类都覆盖:{unit}"),
    "neither": ("covered by neither, {unit}", "均未覆盖:{unit}"),
    "sort": ("station, service, need or profile", "类别"),
    "item": ("its key in the catalogue", "代码"),
    "zh": ("its name in Chinese", "中文名称"),
    "en": ("its name in English", "英文名称"),
    "level": ("level of zones", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "bin": (
        "local hour of the week, Monday 00:00 is 0; -1 and -2: hour not known",
        "周内小时,周一零时为0;-1、-2为时间未知",
    ),
    "hour": ("local hour of the day", "小时"),
}
_RATES = {
    "rate": ("which meaning of covered", "覆盖率口径"),
    "by": ("who covers", "由谁覆盖"),
    "numerator": ("what is covered for sure; the four classes add up to the denominator", "分子(确定)"),
    "numerator_low": ("the least it may be, whatever the unknowns are", "分子下限"),
    "numerator_high": ("the most it may be", "分子上限"),
    "denominator": ("what there is to cover", "分母"),
    "unit": ("unit of numerator and denominator", "单位"),
    "share": ("numerator / denominator; blank where there is nothing to cover", "比率;无分母为空"),
    "share_low": ("the least it may be", "比率下限"),
    "share_high": ("the most it may be", "比率上限"),
    "cut_share": ("of zones that cross the tree: share of the denominator in cells that their edge cuts",
                  "叠加区:边界穿过的网格所占分母比例"),
}  # fmt: skip
_HOURS = {
    "station_id": ("code of the station", "站点代码"),
    "opening_hours": ("as written", "原文"),
    "osm": ("as understood, in the syntax of OpenStreetMap", "解析结果"),
    "status": ("known, partly known, closed or unknown", "状态"),
    "reason": ("why not all is known", "原因"),
    "unparsed": ("what was not understood", "未识别文字"),
    "week_h_low": ("hours of a regular week in which it is open for sure", "每周确定开放小时数"),
    "week_h_high": ("hours in which it is or may be open", "每周至多开放小时数"),
}
_OPEN = {
    "family": ("warm_bee or service_centre; blank for all", "站点大类;空为全部"),
    "n_stations": ("stations", "站点数"),
    "n_open": ("of them open for sure in this hour", "该时段确定开放的站点数"),
    "n_open_high": ("open for sure or perhaps", "该时段确定或可能开放的站点数"),
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS_PER_DAY = 24
_AMOUNTS = (
    "demand", "covered_demand", "covered_demand_high", "warm_bee_only", "service_centre_only", "both", "neither"
)  # fmt: skip
_NUMBERS = ("numerator", "numerator_low", "numerator_high", "denominator")
_OF_DEMAND = ("demand", "time")


def rates_chapter(rates: pd.DataFrame, zones: gpd.GeoDataFrame, unit: Unit) -> Chapter:
    """Tell all that covered may mean.

    Parameters
    ----------
    rates
        What `coverage.rates` gives.
    zones
        The zones of a coverage, for their names.
    unit
        What demand is counted in where people read it.

    Returns
    -------
    Chapter
        The rates of all zones together; a sheet `rates` with every zone.

    Notes
    -----
    O(rows).

    Examples
    --------
    Of a scored city::

        rates_chapter(rates, scored.zones, scored.unit)
    """
    whole = rates[rates["level"] == "all"].set_index(["rate", "by"])
    rows = [[RATE_NAMES[rate], *(_of(whole, rate, by) for by in BY_NAMES)] for rate in dict.fromkeys(rates["rate"])]
    text = table(["what is covered", *BY_NAMES.values()], rows)
    shown = rates.copy()
    of_demand = shown["rate"].isin(_OF_DEMAND)
    for name in _NUMBERS:
        shown[name] = shown[name].where(~of_demand, shown[name] / unit.size)
    shown["unit"] = shown["unit"].where(~of_demand, unit.en)
    shown.insert(4, "name", names_of_zones(shown, zones))
    return Chapter(
        title="All that covered may mean 覆盖率的六种口径", text=text, sheets={"rates": shown},
        columns=_RATES | {name: _SHARES[name] for name in ("level", "zone_id", "name")},
    )  # fmt: skip


def services_chapter(scored: ServiceCoverage, zones: gpd.GeoDataFrame, unit: Unit) -> Chapter:
    """Tell which share of demand has which service, need and profile in reach.

    Parameters
    ----------
    scored
        What `coverage.score_services` gives.
    zones
        The zones of a coverage, for their names.
    unit
        What demand is counted in where people read it.

    Returns
    -------
    Chapter
        A row for each item; sheets `items`, `items_by_zone`, `items_by_bin`.

    Notes
    -----
    O(rows).

    Examples
    --------
    Of a scored city::

        services_chapter(services, scored.zones, scored.unit)
    """
    rows = [
        [SORT_NAMES.get(row["sort"], row["sort"]), f"{row['zh']} {row['en']}", unit.text(row["demand"]),
         share_text(row["covered_share"], row["covered_share_high"])]
        for row in scored.items.to_dict("records")
    ]  # fmt: skip
    when = "in its hour" if scored.parameters["timed"] else "at any hour"
    said = f"Demand with each in reach, {when}. A range is from what is not known: all no to all yes."
    if scored.parameters["weighted_needs"]:
        said += " Demand for a need is weighted by purpose and hour, which is an assumption of the catalogue."
    sheets = {"items": _in_unit(scored.items, unit)}
    by_zone = _in_unit(scored.zones, unit)
    by_zone.insert(4, "name", names_of_zones(by_zone, zones))
    sheets["items_by_zone"] = by_zone
    sheets["items_by_bin"] = _in_unit(scored.bins, unit)
    return Chapter(
        title="Services and needs 服务与需求",
        text=said + "\n\n" + table(["", "what", f"demand, {unit.en}", "in reach"], rows),
        sheets=sheets, columns=_SHARES,
    )  # fmt: skip


def hours_chapter(hours: OpenHours, opened: pd.DataFrame) -> Chapter:
    """Tell which opening hours are known, and how many stations are open when.

    Parameters
    ----------
    hours
        What `stations.open_hours` gives, by the hour of the week.
    opened
        What `stations.open_by_bin` gives of them.

    Returns
    -------
    Chapter
        How many are known and why others are not, and when fewest and most are open; sheets `opening_hours` with every
        station and `stations_open` with every hour of the week.

    Notes
    -----
    O(stations).

    Examples
    --------
    Of a city's stations::

        hours = open_hours(stations, bins="hour_of_week", as_of="2026-11-18", calendar="CN")
        hours_chapter(hours, open_by_bin(hours, stations))
    """
    lines = [
        f"{row['stations']:,} {row['status']}" + (f": {row['reason']}" if row["reason"] else "")
        for row in hours.reasons.to_dict("records")
    ]
    always = int((hours.table["week_h_low"] == hours.table["week_h_low"].max()).sum())
    longest = hours.table["week_h_low"].max() if len(hours.table) else float("nan")
    if len(hours.table):
        lines.append(f"at most {longest:,.0f} of 168 hours a week are sure, at {always:,} stations")
        lines += _extremes(opened)
    shown = hours.table[[name for name in _HOURS if name in hours.table.columns]]
    return Chapter(
        title="Opening hours 开放时间",
        text=f"As of {hours.as_of.isoformat()}.\n\n{bullets(lines)}",
        sheets={"opening_hours": shown, "stations_open": opened},
        columns=_HOURS | _OPEN | {name: _SHARES[name] for name in ("bin", "hour")},
    )  # fmt: skip


def _extremes(opened: pd.DataFrame) -> list[str]:
    """Say when fewest and when most stations are open for sure; the first such hour of the week."""
    every = opened[opened["family"] == ""].to_dict("records")
    found = []
    for most, choose in (("fewest", min), ("most", max)):
        row = choose(every, key=lambda one: one["n_open"])
        low, high = row["n_open"], row["n_open_high"]
        perhaps = "" if low == high else f", {high:,} with those that may be"
        when = f"{_DAYS[row['bin'] // _HOURS_PER_DAY]} at {row['hour']}:00"
        found.append(f"{most} are open on {when}: {low:,} of {row['n_stations']:,} for sure{perhaps}")
    return found


def share_text(low: float, high: float) -> str:
    """Write a share, or the range in which it lies.

    Parameters
    ----------
    low, high
        Shares, 0 to 1; nan says that there is none.

    Returns
    -------
    str
        "57.6%", "57.6% to 60.1%", or "none".

    Notes
    -----
    O(1).

    Examples
    --------
    >>> share_text(0.5, 0.5), share_text(0.5, 0.625), share_text(float("nan"), float("nan"))
    ('50.0%', '50.0% to 62.5%', 'none')
    """
    if np.isnan(low):
        return "none"
    first, last = f"{low:.1%}", f"{high:.1%}"
    return first if first == last else f"{first} to {last}"


def _of(whole: pd.DataFrame, rate: str, by: str) -> str:
    row = whole.loc[[(rate, by)]].iloc[0]
    return share_text(float(row["share_low"]), float(row["share_high"]))


def _in_unit(shown: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    return shown.assign(**{name: shown[name] / unit.size for name in _AMOUNTS if name in shown.columns})


def names_of_zones(shown: pd.DataFrame, zones: gpd.GeoDataFrame) -> pd.Series[str]:
    """Name the zones of a table's rows."""
    names = zones.drop_duplicates(["level", "zone_id"]).set_index(["level", "zone_id"])["name"]
    keys = pd.MultiIndex.from_frame(shown[["level", "zone_id"]])
    found = pd.Series(names.reindex(keys).to_numpy(), index=shown.index)
    outside = (shown["zone_id"] == OUTSIDE) & (shown["level"] != "all")
    return found.mask(outside, OUTSIDE_NAME).fillna("").astype("str")
