"""Coverage that is more than yes or no, as people read it: one table of rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import table
from stationgeo.report._measures import names_of_zones, share_text
from stationgeo.report._sheets import in_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from stationgeo.coverage import PartialCoverage
    from stationgeo.demand import Unit

__all__ = ["partial_chapter"]

_AMOUNTS = ("numerator", "numerator_high", "denominator", "demand", "at_least_demand", "at_least_demand_high")
_COLUMNS = {
    "rate": ("which rate", "口径"),
    "level": ("level of zones; all: everything inside them", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "bin": ("hour of the week, Monday 00:00 is 0; -1 and -2: not known", "周内小时,周一零点为0;负数为未知"),
    "numerator": ("demand that is covered for sure, in part counted in part, {unit}", "分子(确定):{unit}"),
    "numerator_high": ("the same, were all that is not known a yes, {unit}", "分子上限:{unit}"),
    "denominator": ("demand, {unit}", "分母:{unit}"),
    "share": ("numerator / denominator; blank where there is no demand", "比率;无需求为空"),
    "share_high": ("the most it may be", "比率上限"),
    "measure": ("what is counted: stations or premises (backup), parts of the profile (completeness)", "计数对象"),
    "n": ("so many are in reach", "可达数量"),
    "demand": ("demand with exactly so many, {unit}", "恰为该数量的需求:{unit}"),
    "at_least_demand": ("demand with at least so many, {unit}", "不少于该数量的需求:{unit}"),
    "at_least_share": ("the same / all demand", "不少于该数量的比例"),
    "at_least_demand_high": ("the same, were all that is not known a yes, {unit}", "未知项全为“有”时:{unit}"),
    "at_least_share_high": ("its share", "未知项全为“有”时的比例"),
}


def partial_chapter(found: Sequence[PartialCoverage], zones: gpd.GeoDataFrame, unit: Unit) -> Chapter:
    """Tell coverage that is more than yes or no.

    Parameters
    ----------
    found
        What `coverage.gradual`, `cooperative`, `backup` and `completeness` give.
    zones
        The zones of a coverage, for their names.
    unit
        What demand is counted in where people read it.

    Returns
    -------
    Chapter
        A row for each rate, of all zones together; sheets `partial` with every zone, `partial_counts`, and
        `partial_hours` where anything is told by the hour.

    Notes
    -----
    O(zones).

    Examples
    --------
    Of a scored city::

        partial_chapter([gradual, backup], scored.zones, scored.unit)
    """
    rows = [row for one in found for row in _rows(one, unit)]
    rates = in_unit(pd.concat([one.rates for one in found], ignore_index=True), _AMOUNTS, unit)
    rates.insert(3, "name", names_of_zones(rates, zones))
    counts = [one.distribution.assign(measure=one.measure) for one in found if len(one.distribution)]
    sheets = {"partial": rates}
    if counts:
        every = in_unit(pd.concat(counts, ignore_index=True), _AMOUNTS, unit)
        sheets["partial_counts"] = every[["measure", *(name for name in every.columns if name != "measure")]]
    hours = pd.concat([one.bins for one in found], ignore_index=True)
    if (hours["bin"] >= 0).any():
        sheets["partial_hours"] = in_unit(hours, _AMOUNTS, unit)
    said = (
        "By stations that count, within the cutoff, in the hour of the demand where the standard asks for open ones. "
        "A range says what unknown services and hours may add."
    )
    header = ["rate 口径", f"numerator 分子, {unit.en}", "denominator 分母", "share 比率"]
    return Chapter(
        title="Partial coverage 部分覆盖", text=said + "\n\n" + table(header, rows), sheets=sheets, columns=_COLUMNS
    )


def _rows(one: PartialCoverage, unit: Unit) -> list[list[str]]:
    """Write the rates of a measure, each of all zones together."""
    whole = one.rates[one.rates["level"] == "all"]
    return [
        [_called(one, row["rate"]), unit.text(row["numerator"]), unit.text(row["denominator"]),
         share_text(row["share"], row["share_high"])]
        for row in whole.to_dict("records")
    ]  # fmt: skip


def _called(one: PartialCoverage, rate: str) -> str:
    """Say what a rate is, with the numbers that made it."""
    asked = one.parameters
    if rate == "gradual":
        return f"gradual 渐变覆盖: as much as the best station is worth by {asked['decay']}"
    if rate == "cooperative":
        how = "the chance that one of all serves" if asked["threshold"] is None else (
            f"all together are worth {asked['threshold']:g}"
        )  # fmt: skip
        return f"cooperative 协同覆盖: {how}, by {asked['decay']}"
    if rate == "backup":
        return f"backup 后备覆盖: at least {asked['n']:,} {'premises' if asked['by_premises'] else 'stations'} in reach"
    where = "at one station" if asked["together"] == "at_one_station" else "in reach"
    number = len(asked["services"])
    if rate == "all_services":
        return f"all {number:,} parts of the profile {where} 全部具备"
    return f"completeness 完备度: mean share of {number:,} parts of the profile {where}"
