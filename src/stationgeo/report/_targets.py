"""What is told of targets: which are met, which units fail them, and what nobody knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.coverage import TargetCheck

__all__ = ["targets_chapter"]

_NAMED = 10
_STATUS = {"pass": "pass 达标", "fail": "fail 未达标", "undecided": "undecided 无法判定"}
_COLUMNS = {
    "target": ("the rule or plan", "目标"),
    "criterion": ("what of it", "指标"),
    "kind": ("spacing, distance, presence, ...: spacing is no distance", "类别;间距与距离不同"),
    "level": ("level of the unit; all is the whole area", "区划级别"),
    "zone_id": ("code of the unit", "区划代码"),
    "name": ("its name", "名称"),
    "value": ("were every unknown a no; blank where it is not known", "数值(未知按“无”)"),
    "value_high": ("were every unknown a yes", "数值(未知按“有”)"),
    "unit": ("unit of value, threshold and margin", "单位"),
    "direction": ("on which side of the threshold it is met", "达标方向"),
    "threshold": ("what is asked for", "阈值"),
    "margin": ("how far on the right side, at worst; below 0 it fails", "余量(最差)"),
    "margin_high": ("how far on the right side, at best", "余量(最好)"),
    "status": ("pass, fail, or undecided", "结论"),
    "n": ("stations that were counted, or premises where these count", "计入的站点数"),
    "denominator": ("what was divided by", "分母"),
    "denominator_is": ("what that is", "分母含义"),
    "reason": ("why there is no value, or no certainty", "原因"),
    "n_units": ("units that were asked", "单元数"),
    "n_pass": ("units that pass", "达标数"),
    "n_fail": ("units that fail", "未达标数"),
    "n_undecided": ("units of which nobody knows", "无法判定数"),
    "pass_share": ("share that passes for sure", "达标率"),
    "pass_share_high": ("share that may pass", "可能达标率"),
    "worst_zone_id": ("the unit with the least margin", "余量最小的单元"),
    "evidence": ("how the source was read: text, reprint, newspaper, unseen", "来源可靠性"),
}


def targets_chapter(found: TargetCheck, premises: pd.DataFrame) -> Chapter:
    """Tell which targets are met, which units fail, and of which nobody knows.

    Parameters
    ----------
    found
        What `coverage.check_targets` gives.
    premises
        What `stations.count_premises` gives for the same stations: one row.

    Returns
    -------
    Chapter
        A row per criterion and level, the failing units by name, and the sources; sheets `targets` (a row per unit) and
        `targets_summary`.

    Notes
    -----
    O(units).

    Examples
    --------
    Of a city's stations::

        targets_chapter(check_targets(stations, zones, targets=targets()["zhejiang_2024"]), count_premises(stations))
    """
    rows = [
        [one["target"], one["criterion"], one["level"], one["n_pass"], one["n_fail"], one["n_undecided"],
         _STATUS[one["status"]]]
        for one in found.summary.to_dict("records")
    ]  # fmt: skip
    header = [
        "target 目标",
        "criterion 指标",
        "level 级别",
        "pass 达标",
        "fail 未达标",
        "undecided 无法判定",
        "all 结论",
    ]
    counts = premises.iloc[0]
    said = f"{counts['stations']:,} stations on {counts['premises']:,} premises."
    sources = [f"{one.name}, {one.zh}: {one.source} (read as: {one.evidence})" for one in found.targets]
    units = found.units
    lines = [line for _, own in units.groupby(["target", "criterion", "level"], sort=False) for line in _failing(own)]
    lines += [line for _, own in units.groupby(["target", "criterion"], sort=False) for line in _undecided(own)]
    text = [said, table(header, rows), bullets(lines), bullets(sources)]
    return Chapter(
        title="Targets 目标",
        text="\n\n".join(part for part in text if part),
        sheets={"targets": found.units, "targets_summary": found.summary},
        columns=_COLUMNS,
    )


def _failing(own: pd.DataFrame) -> list[str]:
    """Name the units that fail, the worst first."""
    failing = own[own["status"] == "fail"].sort_values("margin", kind="stable").to_dict("records")
    if not failing:
        return []
    named = [f"{_called(one)} ({one['value']:,.4g})" for one in failing[:_NAMED]]
    more = f", and {len(failing) - _NAMED:,} more" if len(failing) > _NAMED else ""
    first = failing[0]
    asked = f"{first['direction'].replace('_', ' ')} {first['threshold']:g} {first['unit']}"
    head = f"{first['target']}, {first['criterion']}: {len(failing):,} of {len(own):,} by {first['level']} fail"
    return [f"{head} {asked}: {', '.join(named)}{more}"]


def _undecided(own: pd.DataFrame) -> list[str]:
    """Say why nobody knows."""
    open_ = own[own["status"] == "undecided"]
    reasons = open_["reason"].replace("", "what is known leaves both ways open").value_counts(sort=False)
    return [
        f"{own['target'].iloc[0]}, {own['criterion'].iloc[0]}: {number:,} of {len(own):,} undecided: {reason}"
        for reason, number in reasons.items()
    ]


def _called(unit: dict[Any, Any]) -> str:
    name = unit["name"]
    return (
        f"{unit['zone_id']} {name}" if isinstance(name, str) and name not in {"", unit["zone_id"]} else unit["zone_id"]
    )
