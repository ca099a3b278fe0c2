"""What is lost if stations close, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._sheets import in_unit, kind_names

if TYPE_CHECKING:
    from stationgeo.coverage import Criticality
    from stationgeo.demand import Unit
    from stationgeo.stations import Catalogue

__all__ = ["criticality_chapter"]

_SHOWN = 10
_AMOUNTS = (
    "reached_demand", "unique_demand", "unique_demand_low", "unique_demand_high", "rerouted_demand", "lost_demand",
    "lost_demand_low", "lost_demand_high", "sum_of_unique_demand", "demand", "total_lost_demand", "bound_demand",
)  # fmt: skip
_SPANS = {"night": "night 夜间", "weekend": "weekend 周末"}
_COLUMNS = {
    "station_id": ("code of the station", "站点代码"),
    "name": ("its name", "名称"),
    "kind": ("its kind", "类型"),
    "kind_name": ("what that kind is called", "类型名称"),
    "host": ("who runs or hosts it", "承办方"),
    "premises_id": ("the place, where one place carries several brands", "场所编号"),
    "n_cells": ("cells with demand in reach", "可达网格数"),
    "reached_demand": ("demand in reach while it counts, {unit}", "可达需求:{unit}"),
    "unique_demand": ("lost if it closes: no other covers it then, {unit}", "关闭即失去的需求:{unit}"),
    "unique_share": ("the same / all demand", "占全部需求的比例"),
    "unique_demand_low": ("the least that may be, whatever is not known turns out to be, {unit}", "下限:{unit}"),
    "unique_demand_high": ("the most, {unit}", "上限:{unit}"),
    "rerouted_demand": ("demand whose next station is farther, {unit}", "改去较远站点的需求:{unit}"),
    "extra_m": ("mean way more of it, metres", "平均多走距离,米"),
    "extra_s": ("mean way more of it, seconds", "平均多走时间,秒"),
    "redundant": ("whether nothing is lost if it closes alone", "单独关闭是否无损失"),
    "closing_rank": ("its place in the order in which closing loses least", "关闭次序"),
    "group": ("those that close together", "一并关闭的站点组"),
    "n_stations": ("stations of it", "站点数"),
    "lost_demand": ("demand that is lost, {unit}", "失去的需求:{unit}"),
    "lost_share": ("the same / demand", "失去的比例"),
    "lost_demand_low": ("the least that may be, whatever is not known turns out to be, {unit}", "下限:{unit}"),
    "lost_demand_high": ("the most, {unit}", "上限:{unit}"),
    "sum_of_unique_demand": ("what its stations lose closing one at a time, {unit}", "逐一关闭之和:{unit}"),
    "closing": ("a station, or a group", "站点或站点组"),
    "id": ("which", "代码"),
    "span": ("which hours", "时段"),
    "demand": ("all demand of the span, {unit}", "该时段全部需求:{unit}"),
    "total_lost_demand": ("lost with this and all before it closed, {unit}", "累计失去的需求:{unit}"),
    "covered_share": ("share of demand that is left covered", "剩余覆盖率"),
    "bound_demand": (
        "closing so many stations, whichever, loses at least that, {unit}",
        "关闭同样数量站点的损失下限:{unit}",
    ),
}


def criticality_chapter(found: Criticality, unit: Unit, *, catalogue: Catalogue | None = None) -> Chapter:
    """Tell what closing loses.

    Parameters
    ----------
    found
        What `coverage.criticality` gives.
    unit
        What demand is counted in where people read it.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Chapter
        The stations and groups that lose the most, and how many could close; sheets `closing`, `closing_order`, and
        `closing_groups` and `closing_spans` where there are any.

    Notes
    -----
    O(stations log stations).

    Examples
    --------
    Of a scored city::

        criticality_chapter(found, scored.unit)
    """
    stations = found.stations.sort_values("unique_demand", ascending=False, kind="stable", ignore_index=True)
    flat = pd.DataFrame(stations.drop(columns="geometry")).assign(kind_name=kind_names(stations["kind"], catalogue))
    order = found.closing.merge(flat.drop_duplicates("station_id")[[c for c in ("station_id", "name") if c in flat]])
    sheets = {"closing": _shown(flat, unit), "closing_order": _shown(order, unit)}
    parts = [_summary(found, unit)]
    losing = flat[flat["unique_demand"] > 0]
    if len(losing):
        parts.append(_stations(losing.head(_SHOWN), found, unit))
    if len(found.groups):
        groups = found.groups.sort_values("lost_demand", ascending=False, kind="stable", ignore_index=True)
        sheets["closing_groups"] = _shown(groups, unit)
        parts.append(_groups(groups.head(_SHOWN), found, unit))
    if len(found.spans):
        sheets["closing_spans"] = _shown(found.spans, unit)
    return Chapter(
        title="What is lost if a station closes 站点关闭的影响",
        text="\n\n".join(parts),
        sheets=sheets,
        columns=_COLUMNS,
    )


def _shown(rows: pd.DataFrame, unit: Unit) -> pd.DataFrame:
    return in_unit(rows[[name for name in _COLUMNS if name in rows.columns]], _AMOUNTS, unit)


def _summary(found: Criticality, unit: Unit) -> str:
    told = found.headline
    when = "in its hour" if found.parameters["by_hour"] else "at any hour"
    share = f" ({told['backed_up_demand'] / told['demand']:.1%})" if told["demand"] > 0 else ""
    backed = f"{unit.text(told['backed_up_demand'])} of {unit.text(told['demand'])} {unit.en}{share}"
    alone = (
        f"{told['n_redundant']:,} of {told['n_stations']:,} stations could each close alone and nothing would be lost; "
        f"{told['n_closable']:,} of them together, in the order of the sheet closing_order"
    )
    lines = [f"{backed} have a second station, {when}", alone]
    if told["covered_demand"] < told["covered_demand_high"]:
        lines.append(
            "this takes every service and hour that is not known for a no; whatever they are, "
            f"{told['n_redundant_low']:,} could each close alone, and the sheet closing bounds what each loses"
        )
    cut = found.closing[found.closing["total_lost_demand"] > 0]
    if len(cut):
        first = cut.iloc[0]
        lines.append(
            f"closing {first['closing_rank']:,} in that order loses {unit.text(first['total_lost_demand'])}; no choice "
            f"of as many loses less than {unit.text(first['bound_demand'])}"
        )
    return bullets(lines)


def _stations(rows: pd.DataFrame, found: Criticality, unit: Unit) -> str:
    spans = _spans(found, "station")
    header = ["station 站点", "kind 类型", f"lost, {unit.en} 失去的需求", "of all 占比", *_heads(spans)]
    body = [
        [row.get("name") or row["station_id"], row["kind_name"], unit.text(row["unique_demand"]),
         f"{row['unique_share']:.1%}", *_of(spans, row["station_id"])]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return table(header, body)


def _groups(rows: pd.DataFrame, found: Criticality, unit: Unit) -> str:
    spans = _spans(found, "group")
    header = [
        f"{found.parameters['group_by']} 一并关闭", "stations 站点", f"lost together, {unit.en}", "of all 占比",
        "one at a time 逐一之和", *_heads(spans),
    ]  # fmt: skip
    body = [
        [row["group"], f"{row['n_stations']:,}", unit.text(row["lost_demand"]), f"{row['lost_share']:.1%}",
         unit.text(row["sum_of_unique_demand"]), *_of(spans, row["group"])]
        for row in rows.to_dict("records")
    ]  # fmt: skip
    return table(header, body)


def _spans(found: Criticality, closing: str) -> pd.DataFrame:
    """Lay shares that are lost out by what closes and by span."""
    rows = found.spans[found.spans["closing"] == closing]
    return rows.pivot_table(index="id", columns="span", values="lost_share", sort=False, dropna=False)


def _heads(spans: pd.DataFrame) -> list[str]:
    return [_SPANS.get(str(name), str(name)) for name in spans.columns]


def _of(spans: pd.DataFrame, which: Any) -> list[str]:  # noqa: ANN401 - a key of the table
    return ["none" if pd.isna(share) else f"{share:.1%}" for share in (spans.loc[which] if len(spans.columns) else ())]
