"""What is told of equity: the measures or why there are none, who drives them, and the Lorenz curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.equity import Equity

__all__ = ["equity_chapter"]

_MEASURES = {
    "gini": "Gini 基尼系数",
    "theil": "Theil T 泰尔指数",
    "palma": "Palma 帕尔马比",
    "p90_p10": "P90/P10 分位比",
    "cv": "CV 变异系数",
}
# A workbook is for looking at; equity.parquet has all rows.
_MOST_ROWS = 2000
_NAMED = 5
_COLUMNS = {
    "measure": ("measure of inequality; lower is more equal", "不均等指标;越低越均等"),
    "value": (
        "of a measure: what it is, blank where undefined; of a unit: its attainment or shortfall, in its own unit",
        "指标值,无定义为空;单元:达到值或缺口",
    ),
    "equal": ("what it is where all are equal", "完全均等时的值"),
    "reason": ("why it is undefined", "无定义的原因"),
    "unit_id": ("code of the unit", "单元代码"),
    "name": ("its name", "名称"),
    "weight": ("demand that it counts for, {unit}", "权重(需求):{unit}"),
    "side": ("above, at or below the mean", "高于、等于或低于均值"),
    "gini": ("what it adds to Gini; of a group: Gini inside it", "对基尼系数的贡献;组:组内基尼系数"),
    "theil": ("what it adds to Theil; of a group: Theil inside it", "对泰尔指数的贡献;组:组内泰尔指数"),
    "gini_share": ("share of Gini that comes from it", "占基尼系数的比例"),
    "theil_share": ("share of Theil that comes from it", "占泰尔指数的比例"),
    "by": ("what units are grouped by; of slices: the slice", "分组方式"),
    "group": ("code of the group, or of the group of workers", "组代码"),
    "sliced_by": ("what each slice is one of, shift or group of workers", "切片方式"),
    "n_units": ("units with demand", "有需求的单元数"),
    "weight_share": ("share of demand, the least attainment or shortfall first", "需求累计比例"),
    "value_share": ("share of all attainment or shortfall", "达到值或缺口累计比例"),
    "mean": ("mean, weighted by demand", "加权均值"),
    "between": ("part of Theil that lies between groups", "组间泰尔指数"),
    "within": ("part of Theil that lies within groups", "组内泰尔指数"),
}


def equity_chapter(found: Equity, slices: pd.DataFrame, names: pd.DataFrame, level: str) -> Chapter:
    """Tell how unevenly a variable is spread, and who drives it.

    Parameters
    ----------
    found
        What `equity.measure` gives.
    slices
        What `equity.measure_each` gives, with `sliced_by`, what the slices are; or no rows.
    names
        Key (`level`, `zone_id`); `name` of the zones that units and groups are called by.
    level
        The level of the units.

    Returns
    -------
    Chapter
        The measures, or why they are undefined; sheets `equity`, `equity_units` (the 2,000 that drive it most),
        `equity_groups`, `equity_slices` and `equity_lorenz` (at most 2,000 points), those that have rows.

    Notes
    -----
    O(units).

    Examples
    --------
    Of the streets of a city::

        equity_chapter(measured, pd.DataFrame(), zones[["level", "zone_id", "name"]], "street")
    """
    called = {
        (of, zone): f"{zone} {name}" if isinstance(name, str) and name and name != zone else zone
        for of, zone, name in names[["level", "zone_id", "name"]].itertuples(index=False, name=None)
    }
    units, groups = found.contributions, found.groups
    units = units.assign(name=[_called(called, level, unit) for unit in units["unit_id"]])
    groups = groups.assign(
        name=[called.get((by, zone), "") for by, zone in groups[["by", "group"]].itertuples(index=False, name=None)]
    )
    rows = [
        [_MEASURES[one["measure"]], one["reason"] or f"{one['value']:.3f}", f"{one['equal']:g}"]
        for one in found.measures.to_dict("records")
    ]
    unreached = found.headline["unreached_share"]
    said = f"Measured is the {found.statement}. Lower is more equal. What is not known counts as a no."
    if unreached > 0:
        said += f" {unreached:.1%} of demand has none within what was searched."
    sheets = {
        "equity": found.measures,
        "equity_units": units.replace(np.inf, np.nan).head(_MOST_ROWS),
        "equity_groups": groups,
        "equity_slices": slices,
        "equity_lorenz": _thinned(found.lorenz),
    }
    text = [
        said,
        table(["measure 指标", "value 值", "if all were equal 均等时"], rows),
        bullets([*_drivers(found, units), *_beyond(found, units, called, level)]),
    ]
    return Chapter(
        title="Equity 均等程度",
        text="\n\n".join(part for part in text if part),
        sheets={name: sheet for name, sheet in sheets.items() if len(sheet)},
        columns=_COLUMNS | _levels(units),
    )


def _called(called: dict[tuple[str, str], str], level: str, unit: str) -> str:
    """Call a unit by its zone; a cell is called by itself."""
    if (level, unit) in called:
        return called[level, unit]
    zone, *rest = unit.split("/")
    return " ".join([called.get((level, zone), zone), *rest])


def _drivers(found: Equity, units: pd.DataFrame) -> list[str]:
    most = units[units["gini_share"] > 0].head(_NAMED).to_dict("records")
    lines = [
        f"{one['name']} makes up {one['gini_share']:.0%} of Gini: {one['value']:.3g} is {one['side']} the mean of "
        f"{found.headline['mean']:.3g}"
        for one in most
    ]
    split = found.decomposition[found.decomposition["between_share"].notna() & (found.decomposition["n_groups"] > 1)]
    lines += [
        f"{one['between_share']:.0%} of Theil lies between the {one['n_groups']} groups by {one['by']}, the rest within"
        for one in split.to_dict("records")
    ]
    return lines


def _beyond(found: Equity, units: pd.DataFrame, called: dict[tuple[str, str], str], level: str) -> list[str]:
    """Name the zones with most demand whose way is longer than what was searched."""
    beyond = units[np.isinf(units["value"])]
    if level not in units.columns or beyond.empty:
        return []
    most = beyond.groupby(level)["weight"].sum().sort_values(ascending=False, kind="stable").head(_NAMED)
    return [
        f"{called.get((level, str(zone)), str(zone))}: {weight:,.4g} {found.parameters['weighted_by']} have "
        "none within what was searched"
        for zone, weight in most.items()
    ]


def _levels(units: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Explain the columns that say which groups a unit is in."""
    return {str(name): (f"{name} that it is in", "所属组") for name in units.columns if name not in _COLUMNS}


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    if len(curve) <= _MOST_ROWS:
        return curve
    kept = np.linspace(0, len(curve) - 1, _MOST_ROWS).round().astype(np.int64)
    thinned: pd.DataFrame = curve.iloc[kept].reset_index(drop=True)
    return thinned
