"""The sheets of the workbooks: in the units that people read, with a sheet that says what each column means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.schema import OUTSIDE
from stationgeo.stations import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.coverage import Coverage
    from stationgeo.demand import Unit
    from stationgeo.siting import Siting
    from stationgeo.stations import Catalogue

__all__ = ["OUTSIDE_NAME", "WEEKDAYS", "in_unit", "kind_names", "names_of", "site_sheets", "zone_sheets"]

WEEKDAYS = ("Mon 周一", "Tue 周二", "Wed 周三", "Thu 周四", "Fri 周五", "Sat 周六", "Sun 周日")
"""By the weekday's number, Monday is 0."""

OUTSIDE_NAME = "outside all zones 区划之外"
"""Name of the row of each level that holds what lies in no zone."""

_HOURS_PER_DAY = 24
_DIGITS = 7  # of degrees: 1 cm
_AMOUNTS = (
    "demand",
    "covered_demand",
    "covered_demand_high",
    "warm_bee_only",
    "service_centre_only",
    "both",
    "neither",
)
_SITE_AMOUNTS = ("demand_gain", "cumulative_covered")
_HEADLINE_AMOUNTS = (
    "demand", "covered_demand", "covered_demand_high", "outside_demand", "siting_objective", "siting_bound"
)  # fmt: skip
_UNTIMED_NAME = "untimed 无时间"

# Column to meaning in English and in Chinese; {unit} is what demand is counted in.
_ZONE_COLUMNS = {
    "zone_id": ("code of the zone, as text", "区划代码"),
    "name": ("name of the zone; the last row holds what lies in no zone", "名称;末行为区划之外"),
    "parent_id": ("code of the zone one level up", "上级区划代码"),
    "demand": ("{unit}", "需求:{unit}"),
    "covered_demand": ("demand that is covered for sure, {unit}", "确定已覆盖需求:{unit}"),
    "covered_share": ("covered demand / demand; blank where there is no demand", "覆盖率;无需求为空"),
    "covered_demand_high": (
        "covered at most, were all that is not known a yes, {unit}",
        "未知项全为“有”时的覆盖需求:{unit}",
    ),
    "covered_share_high": ("the same / demand", "未知项全为“有”时的覆盖率"),
    "warm_bee_only": ("demand covered by warm-bee type stations only, {unit}", "仅暖蜂类覆盖:{unit}"),
    "service_centre_only": ("demand covered by service centres only, {unit}", "仅党群服务中心覆盖:{unit}"),
    "both": ("demand covered by both, {unit}", "两类都覆盖:{unit}"),
    "neither": ("demand covered by neither, {unit}", "均未覆盖:{unit}"),
    "n_stations": ("stations in the zone, without clusters", "区内站点数,不含站点群"),
    "area_m2": ("area, square metres", "面积,平方米"),
    "covered_area_m2": ("area of the zone in cells that a station reaches, square metres", "已覆盖面积,平方米"),
    "covered_area_share": ("covered area / area", "面积覆盖率"),
    "weekday": ("weekday of the hour, sheet hours", "星期(工作表 hours)"),
    "hour": ("the hour begins at this local time, sheet hours", "起始时刻(工作表 hours)"),
}
_SITE_MEANINGS = {
    "rank": ("1 adds most, each next one most to those above it", "排名:每一位在前面各位之外新增最多"),
    "candidate_id": ("code of the candidate", "候选点代码"),
    "action": ("what would be done: new, upgrade, ...", "措施:新建、升级等"),
    "kind": ("kind of station it would become", "建成后的站点类型"),
    "kind_name": ("what that kind is called", "站点类型名称"),
    "host": ("who would host it", "承办方"),
    "name": ("name of the place", "名称"),
    "cost_build": ("cost to build, in the currency of the candidates' file", "建设成本,货币同候选点文件"),
    "cost_per_year": ("cost to run for a year, in the same currency", "年运行成本,货币同上"),
    "zone_id": ("code of the zone it lies in", "所属区划代码"),
    "zone": ("name of that zone", "所属区划名称"),
    "demand_gain": ("demand newly covered, given the ranks above, {unit}", "新增覆盖需求:{unit}"),
    "cumulative_covered": ("demand covered with this and the ranks above, {unit}", "累计覆盖需求:{unit}"),
    "cumulative_share": ("the same as a share of all demand", "累计覆盖率"),
    "nearest_station_id": ("code of the nearest station that is there", "最近现有站点代码"),
    "nearest_station": ("name of that station", "最近现有站点名称"),
    "nearest_station_m": ("straight distance to it, metres", "到该站直线距离,米"),
    "lon": ("longitude, WGS-84 degrees", "经度,WGS-84"),
    "lat": ("latitude, WGS-84 degrees", "纬度,WGS-84"),
}
_CLASS_NAMES = (
    ("neither", "neither", "均未覆盖"),
    ("warm_bee_only", "warm-bee type stations only", "仅暖蜂类覆盖"),
    ("service_centre_only", "service centres only", "仅党群服务中心覆盖"),
    ("both", "both", "两类都覆盖"),
)
_METRICS = {
    "demand": ("demand in the zones, {unit}", "区内需求:{unit}"),
    "covered_demand": ("demand that is covered for sure, {unit}", "确定已覆盖需求:{unit}"),
    "covered_share": ("share of demand that is covered for sure", "需求覆盖率（确定）"),
    "covered_demand_high": (
        "covered at most, were all that is not known a yes, {unit}",
        "未知项全为“有”时的覆盖需求:{unit}",
    ),
    "covered_share_high": ("the same as a share", "未知项全为“有”时的覆盖率"),
    "neither_share": ("share covered by neither", "均未覆盖占比"),
    "warm_bee_only_share": ("share covered by warm-bee type stations only", "仅暖蜂类覆盖占比"),
    "service_centre_only_share": ("share covered by service centres only", "仅党群服务中心覆盖占比"),
    "both_share": ("share covered by both", "两类都覆盖占比"),
    **{
        f"{name}_share_{end}": (f"share covered by {en}: {bound} of what it may be", f"{zh}占比:{limit}")
        for name, en, zh in _CLASS_NAMES
        for end, bound, limit in (("low", "the least", "下限"), ("high", "the most", "上限"))
    },
    "outside_demand": ("demand outside all zones, in no other figure, {unit}", "区划之外的需求,不计入其他数字:{unit}"),
    "n_stations": ("stations that count", "计入的站点数"),
    "n_clusters": ("clusters of stations, not counted", "站点群数,不计入"),
    "n_zones": ("zones of the lowest level", "最低一级区划数"),
    "n_zones_with_demand": ("of them with demand", "其中有需求"),
    "n_blank_zones": ("of these with nothing covered", "其中完全未覆盖"),
    "n_sites": ("proposed sites", "建议选址数"),
    "siting_objective": ("demand they newly cover, {unit}", "新增覆盖需求:{unit}"),
    "siting_bound": ("no choice of as many sites newly covers more, {unit}", "同样数量选址的上限:{unit}"),
    "siting_gap": ("how far the plan may be from the best, as a share", "与最优的差距上限"),
    "siting_status": ("optimal: proven the best", "状态:optimal 即已证明最优"),
    "covered_share_with_sites": ("share of demand covered with the sites", "加上建议选址后的覆盖率"),
}


def zone_sheets(coverage: Coverage, headline: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Lay out the workbook of the zones.

    Parameters
    ----------
    coverage
        The scored coverage.
    headline
        Metric to value: the coverage's own, and those of a plan where there is one.

    Returns
    -------
    dict of DataFrame
        A sheet per level, lowest first; `hours`; `headline`; `columns`, which says what each column means. Amounts of
        demand are in `coverage.unit`: hours where the coverage holds seconds of rest.

    Notes
    -----
    O(zones).

    Examples
    --------
    Of a coverage ``scored`` of grids in communities::

        write_workbook(Path("zones.xlsx"), zone_sheets(scored, scored.headline))

    gives the sheets grid, community, hours, headline and columns.
    """
    unit = coverage.unit
    zones = pd.DataFrame(coverage.zones.drop(columns="geometry"))
    named = zones.assign(name=zones["name"].mask(zones["zone_id"] == OUTSIDE, OUTSIDE_NAME))
    shown = in_unit(named, _AMOUNTS, unit)
    sheets = {str(level): part.drop(columns="level") for level, part in shown.groupby("level", sort=False)}
    sheets["hours"] = _hours(in_unit(coverage.bins, _AMOUNTS, unit))
    sheets["headline"] = _headline(headline, unit)
    sheets["columns"] = _meanings(_ZONE_COLUMNS, unit)
    return sheets


def site_sheets(plan: Siting, coverage: Coverage, *, catalogue: Catalogue | None = None) -> dict[str, pd.DataFrame]:
    """Lay out the workbook of the proposed sites.

    Parameters
    ----------
    plan
        The plan.
    coverage
        The coverage it starts from, for the names of zones and stations.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    dict of DataFrame
        `sites` in the order of ranks, with place names and coordinates beside the codes, and `columns`, which says
        what each column means. Amounts of demand are in `plan.unit`.

    Notes
    -----
    O(sites + zones + stations).

    Examples
    --------
    ::

        write_workbook(Path("sites.xlsx"), site_sheets(plan, scored))
    """
    sites = plan.sites
    flat = in_unit(pd.DataFrame(sites.drop(columns="geometry")), _SITE_AMOUNTS, plan.unit).assign(
        kind_name=kind_names(sites["kind"], catalogue),
        zone=names_of(sites["zone_id"], coverage.zones, "zone_id"),
        nearest_station=names_of(sites["nearest_station_id"], coverage.stations, "station_id"),
        lon=sites.geometry.x.round(_DIGITS),
        lat=sites.geometry.y.round(_DIGITS),
    )
    return {"sites": flat[list(_SITE_MEANINGS)], "columns": _meanings(_SITE_MEANINGS, plan.unit)}


def names_of(ids: pd.Series[Any], table: pd.DataFrame, key: str) -> pd.Series[Any]:
    """Look up what places are called; '' where nobody says."""
    if "name" not in table.columns:
        return pd.Series("", index=ids.index, dtype="str")
    known = table.drop_duplicates(key).set_index(key)["name"]
    return ids.map(known).astype("object").fillna("")


def kind_names(codes: pd.Series[Any], catalogue: Catalogue | None) -> pd.Series[Any]:
    """Say what kinds of stations are called, in English and Chinese; a kind that nobody knows stays its code."""
    table = kinds(catalogue=catalogue)
    called = dict(zip(table["kind"], table["en"] + " " + table["zh"], strict=True))
    return codes.map(lambda code: called.get(code, code)).astype("object")


def in_unit(table: pd.DataFrame, amounts: tuple[str, ...], unit: Unit) -> pd.DataFrame:
    """Tell amounts of demand in the unit that people read."""
    return table.assign(**{name: table[name] / unit.size for name in amounts if name in table.columns})


def _hours(bins: pd.DataFrame) -> pd.DataFrame:
    """Write hours of the week as weekday and time."""
    timed = [bin_ >= 0 for bin_ in bins["bin"]]
    weekday = [
        WEEKDAYS[bin_ // _HOURS_PER_DAY] if known else _UNTIMED_NAME
        for bin_, known in zip(bins["bin"], timed, strict=True)
    ]
    hour = [f"{bin_ % _HOURS_PER_DAY:02d}:00" if known else "" for bin_, known in zip(bins["bin"], timed, strict=True)]
    return pd.concat(
        [pd.DataFrame({"weekday": weekday, "hour": hour}, index=bins.index), bins.drop(columns="bin")], axis=1
    )


def _headline(headline: Mapping[str, Any], unit: Unit) -> pd.DataFrame:
    values = [value / unit.size if name in _HEADLINE_AMOUNTS else value for name, value in headline.items()]
    meanings = [_METRICS.get(name, ("", "")) for name in headline]
    return pd.DataFrame(
        {
            "metric": list(headline),
            "value": pd.Series(values, dtype="object"),
            "meaning": [en.format(unit=unit.en) for en, _ in meanings],
            "含义": [zh.format(unit=unit.zh) for _, zh in meanings],
        }
    )


def _meanings(columns: Mapping[str, tuple[str, str]], unit: Unit) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": list(columns),
            "meaning": [en.format(unit=unit.en) for en, _ in columns.values()],
            "含义": [zh.format(unit=unit.zh) for _, zh in columns.values()],
        }
    )
