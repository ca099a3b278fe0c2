"""How sure a result is: intervals, what cells cost, where the data ends, and other assumptions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._measures import names_of_zones, share_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    import geopandas as gpd
    import pandas as pd

    from stationgeo.demand import Unit

__all__ = ["certainty_chapter", "sensitivity_chapter"]

_SOURCES = {
    "couriers": "other couriers 换一批骑手",
    "days": "other days 换一些日子",
    "couriers and days": "other couriers and days 换骑手和日子",
}
_COLUMNS = {
    "source": ("what was drawn anew", "重新抽样的对象"),
    "level": ("level of zones", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "demand": ("demand, {unit}", "需求:{unit}"),
    "covered_share": ("share that is covered for sure", "确定覆盖率"),
    "lower": ("lower end of its interval", "区间下限"),
    "upper": ("upper end of its interval", "区间上限"),
    "covered_share_high": ("share were all that is not known a yes", "未知项全为“有”时的覆盖率"),
    "lower_high": ("lower end of its interval", "区间下限(未知项全为“有”)"),
    "upper_high": ("upper end of its interval", "区间上限(未知项全为“有”)"),
    "n_replicates": ("how often was drawn", "抽样次数"),
    "n_empty": ("draws without demand there", "其中无需求的次数"),
    "reason": ("why there is no interval", "无区间的原因"),
    "points_share": ("share by points within cells instead of centres", "按网格内多点计算的覆盖率"),
    "points_share_high": ("the same, were all that is not known a yes", "同上,未知项全为“有”"),
    "error": ("by centres - by points: above 0 where centres flatter", "误差(中心减多点)"),
    "disagree_share": (
        "share of demand that a point would class otherwise than its cell's centre",
        "多点与中心不一致的比例",
    ),
    "partly_share": ("share of demand in cells that are covered in part", "部分覆盖网格的需求比例"),
    "n_points": ("points for each cell", "每个网格的点数"),
    "near_edge_demand": ("demand within one cutoff of where the data ends, {unit}", "数据边界一个阈值内的需求:{unit}"),
    "near_edge_share": ("the same as a share", "同上占比"),
    "figure": ("which figure: covered_share of all demand, or the plain mean of the shares of zones", "指标"),
    "varied": ("what was assumed otherwise", "变动的假设"),
    "value": ("how", "取值"),
    "is_base": ("whether others are held against it", "是否基准"),
    "share": ("the figure for sure", "指标(确定)"),
    "share_high": ("the figure were all that is not known a yes", "指标(未知项全为“有”)"),
    "delta": ("run - base", "与基准之差"),
    "delta_high": ("the same of share_high", "与基准之差(未知项全为“有”)"),
    "demand_ratio": ("demand of the run / of the base", "需求之比"),
    "swing": ("largest share - smallest, of what was varied", "摆幅"),
}
_AMOUNTS = ("demand", "near_edge_demand")


def certainty_chapter(
    intervals: pd.DataFrame | None,
    discretisation: pd.DataFrame | None,
    near_edge: pd.DataFrame | None,
    *,
    zones: gpd.GeoDataFrame,
    unit: Unit,
    cutoff: str,
    level: float | None,
) -> Chapter:
    """Tell how sure the headline is.

    Parameters
    ----------
    intervals
        What `coverage.rate_intervals` gives, of several sources one below the other; None where nobody asked.
    discretisation
        What `coverage.discretisation_error` gives; None where nobody asked.
    near_edge
        What `coverage.near_edge_share` gives; None where nothing says where the data ends.
    zones
        The zones of a coverage, for their names.
    unit
        What demand is counted in where people read it.
    cutoff
        The study's cutoff, in words.
    level
        Of the intervals.

    Returns
    -------
    Chapter
        A line for each; sheets `intervals`, `cells_error`, `near_edge`. No text where there is nothing to tell.

    Notes
    -----
    O(rows).

    Examples
    --------
    ::

        certainty_chapter(None, None, near_edge, zones=scored.zones, unit=scored.unit, cutoff="750 m", level=None)
    """
    lines = []
    sheets = {}
    for name, found in (("intervals", intervals), ("cells_error", discretisation), ("near_edge", near_edge)):
        if found is not None and len(found):
            shown = found.assign(
                **{column: found[column] / unit.size for column in _AMOUNTS if column in found.columns}
            )
            shown.insert(list(shown.columns).index("zone_id") + 1, "name", names_of_zones(shown, zones))
            sheets[name] = shown
    if intervals is not None and level is not None and len(intervals):
        lines += [_interval(row, level) for row in intervals[intervals["level"] == "all"].to_dict("records")]
    if discretisation is not None and len(discretisation):
        whole = discretisation.iloc[0]
        lines.append(
            f"Cells are covered whole or not at all, by their centres: {share_text(*[whole['covered_share']] * 2)} "
            f"would be {share_text(*[whole['points_share']] * 2)} by {whole['n_points']:,.0f} points in each, and "
            f"{whole['disagree_share']:.1%} of demand would be classed otherwise"
        )
    if near_edge is not None and len(near_edge):
        whole = near_edge.iloc[0]
        lines.append(
            f"{share_text(*[whole['near_edge_share']] * 2)} of demand lies within one cutoff ({cutoff}) of where the "
            "data ends: stations beyond it that are not in the files would serve it too"
        )
    return Chapter(title="How sure this is 结果的把握", text=bullets(lines), sheets=sheets, columns=_COLUMNS)


def sensitivity_chapter(runs: pd.DataFrame, unit: Unit) -> Chapter:
    """Tell what the headline would be under other assumptions.

    Parameters
    ----------
    runs
        What `coverage.sensitivity_table` gives.
    unit
        What demand is counted in where people read it.

    Returns
    -------
    Chapter
        The runs, those that swing most first; a sheet `sensitivity`.

    Notes
    -----
    O(runs log runs).

    Examples
    --------
    ::

        sensitivity_chapter(sensitivity_table(runs), scored.unit)
    """
    shown = runs.assign(demand=runs["demand"] / unit.size)
    order = shown.sort_values(["figure", "is_base", "swing"], ascending=[True, False, False], kind="stable")
    rows = [
        [row["varied"] or "as it is", row["value"], share_text(row["share"], row["share_high"]), _points(row["delta"])]
        for row in order[order["figure"] == "covered_share"].to_dict("records")
    ]
    text = "One thing at a time; what two assumptions do together is in none of it.\n\n" + table(
        ["assumed otherwise", "how", "covered", "points of percent"], rows
    )
    return Chapter(
        title="Under other assumptions 换一种假设", text=text, sheets={"sensitivity": shown}, columns=_COLUMNS
    )


def _interval(row: Mapping[Hashable, Any], level: float) -> str:
    drawn = _SOURCES.get(str(row["source"]), str(row["source"]))
    lower, upper = float(row["lower"]), float(row["upper"])
    if math.isnan(lower):
        return f"With {drawn}: no interval, {row['reason']}"
    return (
        f"With {drawn} the covered share would lie between {lower:.1%} and {upper:.1%} in {level:.0%} of "
        f"{row['n_replicates']:,} draws"
    )


def _points(delta: float) -> str:
    return "" if math.isnan(delta) else f"{delta * 100:+.1f}"
