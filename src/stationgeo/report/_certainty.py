"""How sure a result is: intervals, what cells cost, where the data ends, and other assumptions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._measures import BY_NAMES, RATE_NAMES, SORT_NAMES, names_of_zones, share_text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage import Item
    from stationgeo.demand import Unit

__all__ = ["certainty_chapter", "interval_text", "sensitivity_chapter"]

_SOURCES = {
    "couriers": "other couriers 换一批骑手",
    "days": "other days 换一些日子",
    "couriers and days": "other couriers and days 换骑手和日子",
}
# Sets of replicates as far as they exist; the last that does tells most.
_ORDER = ("days", "couriers", "couriers and days")
_COLUMNS = {
    "level": ("level of zones", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "demand": ("demand, {unit}", "需求:{unit}"),
    "source": ("what was drawn anew; blank where nothing can be", "重新抽样的对象;空为不适用"),
    "rate": (
        "which rate; after the colon by whom, or which service, need or profile",
        "覆盖率口径;冒号后为由谁覆盖或何种服务",
    ),
    "denominator": ("demand, {unit}; area in m2, corridor in m, else a number", "分母:需求为{unit}"),
    "share": ("the rate for sure; the four classes add up to 1", "比率(确定)"),
    "lower": ("lower end of its interval", "区间下限"),
    "upper": ("upper end of its interval", "区间上限"),
    "share_low": ("the least it may be, whatever the unknowns are", "比率下限(未知项)"),
    "lower_low": ("lower end of the interval of that", "其区间下限"),
    "upper_low": ("upper end of the interval of that", "其区间上限"),
    "share_high": ("the most it may be", "比率上限(未知项)"),
    "lower_high": ("lower end of the interval of that", "其区间下限"),
    "upper_high": ("upper end of the interval of that", "其区间上限"),
    "n_replicates": ("how often was drawn", "抽样次数"),
    "n_empty": ("draws without demand there", "其中无需求的次数"),
    "n_effective": ("of how many equal couriers, or days of one type, it comes in effect", "有效骑手数或天数"),
    "n_fewest": ("the same of those served or of the others, whoever are fewer", "其中较少一方的有效骑手数"),
    "reason": ("why there is no interval", "无区间的原因"),
    "covered_share": ("share that is covered for sure", "确定覆盖率"),
    "covered_share_high": ("share were all that is not known a yes", "未知项全为“有”时的覆盖率"),
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
    "delta": ("run - base", "与基准之差"),
    "delta_high": ("the same of share_high", "与基准之差(未知项全为“有”)"),
    "demand_ratio": ("demand of the run / of the base", "需求之比"),
    "swing": ("largest share - smallest, of what was varied", "摆幅"),
}
_OF_RUNS = {
    "share": ("the figure for sure", "指标(确定)"),
    "share_high": ("the figure were all that is not known a yes", "指标(未知项全为“有”)"),
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
    rate: str = "demand",
    items: Iterable[Item] = (),
) -> Chapter:
    """Tell how sure the headline is.

    Parameters
    ----------
    intervals
        What `coverage.rate_intervals` gives; None where nobody asked.
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
    rate
        Which of the rates the headline is.
    items
        Services, needs and profiles that have intervals, for their names; others are written by their keys.

    Returns
    -------
    Chapter
        A line for each, and the intervals of all rates of all places; sheets `intervals` (these, and the headline's of
        every zone), `cells_error`, `near_edge`. No text where there is nothing to tell.

    Notes
    -----
    O(rows).

    Examples
    --------
    ::

        certainty_chapter(None, None, near_edge, zones=scored.zones, unit=scored.unit, cutoff="750 m", level=None)
    """
    lines, tables = [], []
    sheets = {}
    told = None if intervals is None or intervals.empty else _shown(intervals, rate, unit)
    for name, found in (("intervals", told), ("cells_error", discretisation), ("near_edge", near_edge)):
        if found is not None and len(found):
            shown = found.assign(
                **{column: found[column] / unit.size for column in _AMOUNTS if column in found.columns}
            )
            shown.insert(list(shown.columns).index("zone_id") + 1, "name", names_of_zones(shown, zones))
            sheets[name] = shown
    if told is not None and level is not None:
        of_all = told[told["level"] == "all"]
        own = of_all[of_all["rate"] == rate].to_dict("records")
        lines += [f"With {_SOURCES.get(str(row['source']), row['source'])}: {_interval(row, level)}" for row in own]
        tables.append(_all_rates(of_all, level, items))
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
    text = "\n\n".join(part for part in (bullets(lines), *tables) if part)
    return Chapter(title="How sure this is 结果的把握", text=text, sheets=sheets, columns=_COLUMNS)


def interval_text(intervals: pd.DataFrame, *, rate: str, level: float) -> str:
    """Say how far a rate of all places together might be off, in words that end a sentence about it.

    Parameters
    ----------
    intervals
        What `coverage.rate_intervals` gives.
    rate
        Which of its rates.
    level
        Of the intervals.

    Returns
    -------
    str
        Of couriers and days if there is such an interval, else of couriers, else of days; '' where there is none.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> found = pd.DataFrame({
    ...     "source": ["couriers"], "rate": "demand", "level": "all", "share_low": 0.5, "share_high": 0.5,
    ...     "lower_low": 0.42, "upper_high": 0.57, "n_replicates": 200, "reason": "",
    ... })
    >>> interval_text(found, rate="demand", level=0.9)
    'with other couriers 换一批骑手 the share would be 42.0% to 57.0% (90% interval, 200 draws)'
    """
    if intervals.empty:
        return ""
    own = intervals[(intervals["level"] == "all") & (intervals["rate"] == rate) & (intervals["reason"] == "")]
    rows = {str(row["source"]): row for row in own.to_dict("records")}
    source = next((name for name in reversed(_ORDER) if name in rows), None)
    return "" if source is None else f"with {_SOURCES[source]} the share would be {_interval(rows[source], level)}"


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
        title="Under other assumptions 换一种假设",
        text=text,
        sheets={"sensitivity": shown},
        columns=_COLUMNS | _OF_RUNS,
    )


def _interval(row: Mapping[Hashable, Any], level: float) -> str:
    """Write an interval, what is not known of services and hours within it, or why there is none."""
    if row["reason"]:
        return f"no interval, {row['reason']}"
    known = "" if row["share_low"] == row["share_high"] else ", what is not known within it"
    return f"{_ends(row)} ({level:.0%} interval{known}, {row['n_replicates']:,} draws)"


def _ends(row: Mapping[Hashable, Any]) -> str:
    return f"{row['lower_low']:.1%} to {row['upper_high']:.1%}"


def _shown(intervals: pd.DataFrame, rate: str, unit: Unit) -> pd.DataFrame:
    """Keep all rates of all places, and the headline's of every zone, which a sheet can hold."""
    kept = intervals.replace({"n_effective": np.inf, "n_fewest": np.inf}, np.nan)
    kept = kept[(kept["level"] == "all") | (kept["rate"] == rate)]
    size = (kept["source"] != "").map({True: unit.size, False: 1.0})
    return kept.assign(denominator=kept["denominator"] / size).reset_index(drop=True)


def _all_rates(whole: pd.DataFrame, level: float, items: Iterable[Item]) -> str:
    """Lay the intervals of all rates out, a column for each source; rates without any at the end."""
    sources = [name for name in _ORDER if (whole["source"] == name).any()]
    names = {item.key: f"{SORT_NAMES[item.sort]}: {item.zh} {item.en}" for item in items}
    by_rate: dict[str, dict[str, Mapping[Hashable, Any]]] = {}
    for row in whole.to_dict("records"):
        by_rate.setdefault(str(row["rate"]), {})[str(row["source"])] = row
    rows = []
    for name, own in by_rate.items():
        first = next(iter(own.values()))
        if not first["source"] and ":" in name:
            continue
        cells = [_ends(own[source]) if source in own and not own[source]["reason"] else "" for source in sources]
        rows.append([names.get(name) or _rate_name(name), share_text(first["share_low"], first["share_high"]), *cells])
    said = (
        f"Intervals at level {level:.0%}, what is not known of services and hours within them. Areas, buildings, "
        "corridors and whether there is a station rest on no couriers: they have none. Other blanks: too few couriers "
        "or days to tell."
    )
    return said + "\n\n" + table(["rate 口径", "as it is", *(_SOURCES[name] for name in sources)], rows)


def _rate_name(rate: str) -> str:
    """Name a rate by its meaning and by whom; the key of a service, need or profile stays."""
    base, _, by = rate.partition(":")
    if base not in RATE_NAMES:
        return rate
    return RATE_NAMES[base] + (f"; {BY_NAMES[by]}" if by else "")


def _points(delta: float) -> str:
    return "" if math.isnan(delta) else f"{delta * 100:+.1f}"
