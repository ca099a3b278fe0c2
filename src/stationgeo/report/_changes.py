"""What is told of two results held against each other: winners, and beside them losers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.schema import LEVELS

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.coverage import Comparison
    from stationgeo.demand import Unit

__all__ = ["changes_chapter"]

_NAMED = 10
_PERCENT = 100.0
_WORDS = {
    "winner": "better 改善",
    "loser": "worse 变差",
    "same": "same 不变",
    "undecided": "undecided 无法判定",
    "undefined": "without demand 无需求",
    "appeared": "new 新增",
    "vanished": "gone 消失",
}
_SIDES = (("before", "before", "之前"), ("after", "after", "之后"))
_PARTS = {
    "numerator": ("covered: demand in {unit}, else in the rate's unit", "覆盖量"),
    "denominator": ("what there is to cover: demand in {unit}, else in the rate's unit", "总量"),
    "share": ("covered for sure / what there is to cover", "覆盖率(确定)"),
    "share_high": ("the same were all that is not known a yes", "覆盖率(未知按“有”)"),
}
_COLUMNS = {
    "rate": ("which meaning of covered", "覆盖率口径"),
    "unit": ("unit of what is counted", "单位"),
    "level": ("level of zones; all is inside the zones as a whole", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "change": ("winner, loser, same, undecided (unknowns leave both open), undefined, appeared, vanished", "变化"),
    "demand_affected": ("of the change of what is covered, the part that comes from the share", "因覆盖率变化的量"),
    "by_demand": ("the rest, which comes from the change of what there is to cover", "因总量变化的部分"),
    "demand_won": ("affected where it became better", "改善的量"),
    "demand_lost": ("affected where it became worse", "变差的量"),
    "delta_least": ("change of the share at least, whatever the unknowns are", "覆盖率变化下限"),
    "delta_most": ("change of the share at most", "覆盖率变化上限"),
    "h3": ("the cell", "H3网格"),
    "lon": ("longitude of its centre", "经度"),
    "lat": ("latitude of its centre", "纬度"),
    "covered_before": ("covered demand before, {unit}", "之前覆盖的需求:{unit}"),
    "covered_after": ("covered demand after, {unit}", "之后覆盖的需求:{unit}"),
    "value": ("after - before, {unit}", "变化:{unit}"),
    "n_neighbours": ("cells beside it", "相邻网格数"),
    "z": ("Gi*, positive where gains lie together", "Gi*统计量"),
    "p": ("of this cell alone, two-sided", "单个检验p值"),
    "q": ("least false discovery rate at which it is a spot", "错误发现率"),
    "spot": ("hot: gains lie together; cold: losses do", "热点或冷点"),
    "parameter": ("what the two were computed with", "参数"),
    "before": ("before", "之前"),
    "after": ("after", "之后"),
    "allowed": ("whether it was allowed to differ", "允许不同"),
    **{f"{part}_{key}": (f"{en}, {told}", f"{zh},{said}") for part, (en, zh) in _PARTS.items()
       for key, told, said in _SIDES},
    **{f"delta_{part}": (f"{en}: after - before", f"{zh}:之后减之前") for part, (en, zh) in _PARTS.items()},
    **{f"n_{key}": (f"how many became {word.split(' ', maxsplit=1)[0]}", word.split(" ")[-1])
       for key, word in _WORDS.items()},
}  # fmt: skip
_AMOUNTS = (
    "numerator_before", "numerator_after", "delta_numerator", "denominator_before", "denominator_after",
    "delta_denominator", "demand_affected", "by_demand", "demand_won", "demand_lost", "covered_before", "covered_after",
    "value",
)  # fmt: skip
_OF_DEMAND = ("demand", "time")


def changes_chapter(
    zones: Comparison, rates: Comparison, spots: pd.DataFrame, *, unit: Unit, names: tuple[str, str],
    notes: tuple[str, ...],
) -> Chapter:  # fmt: skip
    """Tell what changed between two results.

    Parameters
    ----------
    zones
        The share of demand that is covered, zone by zone.
    rates
        All that covered may mean.
    spots
        What `coverage.hot_spots` gives of cells.
    unit
        What demand is counted in where people read it.
    names
        What the two are called.
    notes
        What a reader should know.

    Returns
    -------
    Chapter
        A summary by level, winners and losers side by side, all rates, spots and differences; sheets `summary`,
        `winners`, `losers`, `zones`, `rates`, `hot_spots`, `differences`.

    Notes
    -----
    O(rows).

    Examples
    --------
    Of two comparisons::

        changes_chapter(zones, rates, spots, unit=scored.unit, names=("2025", "2026"), notes=())
    """
    summary = zones.summary.sort_values("level", key=_order, kind="stable").reset_index(drop=True)
    lowest = str(summary["level"].iloc[0])
    text = [
        f"Before: {names[0]}. After: {names[1]}. Changes are after - before; shares are of demand, covered for sure.",
        _summary_text(summary, unit),
        f"## Winners 改善 ({lowest})\n\n" + _list_text(zones.winners, lowest, unit),
        f"## Losers 变差 ({lowest})\n\n" + _list_text(zones.losers, lowest, unit),
        "## All that covered may mean 各口径\n\n" + _rates_text(rates),
        "## Where changes lie together 变化热点\n\n" + _spots_text(spots),
        "## What the two were computed with 参数差异\n\n" + _differences_text(zones.differences),
        bullets(notes),
    ]
    drawn = spots[spots["spot"] != "none"].drop(columns="cell")
    sheets = {
        "summary": _in_unit(summary, unit),
        "winners": _in_unit(zones.winners, unit),
        "losers": _in_unit(zones.losers, unit),
        "zones": _in_unit(zones.changes, unit),
        "rates": _in_unit(rates.changes, unit),
        "hot_spots": _in_unit(drawn, unit),
        "differences": zones.differences,
    }
    return Chapter(
        title=" → ".join(dict.fromkeys(names)) + ": before and after 前后对比",
        text="\n\n".join(part for part in text if part), sheets=sheets,
        columns=_COLUMNS,
    )  # fmt: skip


def _order(levels: pd.Series[str]) -> pd.Series[int]:
    """Order levels from the lowest up."""
    return levels.map(LEVELS.index)


def _summary_text(summary: pd.DataFrame, unit: Unit) -> str:
    rows = [
        [row["level"], *(row[f"n_{name}"] for name in _WORDS), unit.text(row["demand_won"]),
         unit.text(row["demand_lost"]), _share(row["share_before"]), _share(row["share_after"]),
         _points(row["delta_share"])]
        for row in summary.to_dict("records")
    ]  # fmt: skip
    header = ["zones", *_WORDS.values(), f"won, {unit.en}", f"lost, {unit.en}", "before", "after", "change"]
    return table(header, rows)


def _list_text(rows: pd.DataFrame, level: str, unit: Unit) -> str:
    own = rows[rows["level"] == level]
    if own.empty:
        return "None 无"
    told = [
        [_called(row), unit.text(row["demand_affected"]), _share(row["share_before"]), _share(row["share_after"]),
         _points(row["delta_share"])]
        for row in own.head(_NAMED).to_dict("records")
    ]  # fmt: skip
    more = f"\n\nand {len(own) - _NAMED:,} more" if len(own) > _NAMED else ""
    return table(["zone", f"affected, {unit.en}", "before", "after", "change"], told) + more


def _rates_text(rates: Comparison) -> str:
    whole = rates.changes[rates.changes["level"] == "all"]
    rows = [
        [row["rate"], _share(row["share_before"]), _share(row["share_after"]), _points(row["delta_share"])]
        for row in whole.to_dict("records")
    ]
    return table(["what is covered", "before", "after", "change"], rows)


def _spots_text(spots: pd.DataFrame) -> str:
    number = {name: int((spots["spot"] == name).sum()) for name in ("hot", "cold")}
    return (
        f"Of {len(spots):,} cells {number['hot']:,} are among gains that lie together (hot), {number['cold']:,} among "
        "losses that do (cold). They are in the sheet hot_spots."
    )


def _differences_text(differences: pd.DataFrame) -> str:
    if differences.empty:
        return "None 无"
    return table(["parameter", "before", "after"], differences[["parameter", "before", "after"]].to_numpy().tolist())


def _in_unit(rows: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    """Tell demand in the unit that people read; buildings and areas stay as they are."""
    size = np.where(rows["rate"].isin(_OF_DEMAND), unit.size, 1.0) if "rate" in rows.columns else unit.size
    return rows.assign(**{name: rows[name] / size for name in _AMOUNTS if name in rows.columns})


def _share(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:.1%}"


def _points(value: float) -> str:
    return "none" if np.isnan(value) else f"{value * _PERCENT:+.1f} points"


def _called(row: dict[Any, Any]) -> str:
    name = row.get("name")
    return f"{row['zone_id']} {name}" if isinstance(name, str) and name not in {"", row["zone_id"]} else row["zone_id"]
