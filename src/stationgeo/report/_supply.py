"""What is told of seats: who shares them, which stations are too full, and how that fits what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.report._chapters import Chapter
from stationgeo.report._markdown import bullets, table
from stationgeo.report._measures import names_of_zones, share_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from stationgeo.supply import DecayFit, UseComparison

__all__ = ["supply_chapter", "use_chapter"]

_SHOWN = 10
_HOURS_PER_DAY = 24
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KEYS = {
    "level": ("level of zones", "区划级别"),
    "zone_id": ("code of the zone", "区划代码"),
    "name": ("its name", "名称"),
    "scenario": (
        "known; or low and high: stations open only when they are for sure, or whenever they may be",
        "情景:known为已知;low为仅计确定开放,high为计可能开放",
    ),
    "station_id": ("code of the station", "站点代码"),
    "bin": ("local hour of the week, Monday 00:00 is 0", "周内小时,周一零时为0"),
}
_ACCESS = {
    "demand": ("worker-hours a week; {unit} where demand has no hours", "需求:工时/周;无时间时为{unit}"),
    "access": (
        "seats for each worker there at once, shared with all in reach, mean over workers; else for each of {unit}",
        "每名同时在场劳动者可用座位数(与可达的其他人共享,按劳动者加权平均)",
    ),
    "access_high": ("the same were stations open whenever they may be", "同上,计入可能开放的站点"),
    "below_target": ("of demand, with fewer seats than the standard asks for", "低于标准座位数的需求"),
    "below_target_high": ("the same were stations open whenever they may be", "同上,计入可能开放的站点"),
    "cost": ("way and crowding together that workers pay; less is better", "路程与拥挤的综合代价,越小越好"),
    "cost_high": ("the same were stations open whenever they may be", "同上,计入可能开放的站点"),
    "in_reach": ("of demand, with a station in reach that is open then", "当时有开放站点可达的需求"),
    "in_reach_high": ("the same were stations open whenever they may be", "同上,计入可能开放的站点"),
}
_STATIONS = {
    "capacity": ("seats", "座位数"),
    "peak_bin": ("hour of the week with most workers a seat", "最拥挤的周内小时"),
    "offered": ("workers at once who want a seat then, with those turned away elsewhere", "该时段同时求座人数"),
    "blocked_share": ("share of them who find none", "无座比例"),
    "utilisation": ("share of seats taken then", "座位利用率"),
    "offered_h": ("worker-hours a week that are wanted", "每周求座工时"),
    "carried_h": ("worker-hours a week that are spent inside", "每周在座工时"),
    "turned_away_h": ("worker-hours a week that are turned away here", "每周被拒工时"),
}
_HOURLY = {
    "workers": ("workers there at once", "同时在场人数"),
    "served": ("of them, with a seat", "有座人数"),
    "blocked": ("of them, who found all seats taken", "座位已满人数"),
    "unreached": ("of them, with no open station in reach", "无开放站点可达人数"),
}
_USE = {
    "observed": ("visits that were counted", "实测到访"),
    "expected": ("visits predicted, brought to the same total", "预测到访(总量调整一致)"),
    "residual": ("observed - expected: above 0 is used more than predicted", "实测减预测"),
    "pearson": ("residual / square root of expected", "标准化残差"),
}


def supply_chapter(
    *, method: str, headline: Mapping[str, float], zones: pd.DataFrame, names: gpd.GeoDataFrame,
    stations: pd.DataFrame | None, bins: pd.DataFrame | None, target: float | None,
) -> Chapter:  # fmt: skip
    """Tell what seats are worth to workers, and which stations are too full.

    Parameters
    ----------
    method
        How seats are shared.
    headline
        Figures: seats, shares of demand.
    zones
        Access by (`level`, `zone_id`).
    names
        The zones of a coverage, for their names.
    stations
        Loads by (`scenario`, `station_id`), most turned away first; None where demand has no hours.
    bins
        Workers served, blocked and unreached by (`scenario`, `bin`); None likewise.
    target
        Seats for each worker that are asked for; None for no target.

    Returns
    -------
    Chapter
        Method, supply, who finds no seat, the fullest stations; sheets `access_by_zone`, `station_loads`,
        `loads_by_hour`.

    Notes
    -----
    O(rows).

    Examples
    --------
    Of a study's result::

        supply_chapter(
            method="E2SFCA", headline=head, zones=access, names=scored.zones, stations=None, bins=None, target=None
        )
    """
    lines = [f"{headline['seats']:,.0f} seats, shared by {method}", *_of_supply(headline, timed=stations is not None)]
    if target is not None and "below_target_share" in headline:
        below = (headline["below_target_share"], headline["below_target_high_share"])
        lines.append(f"{share_text(*sorted(below))} of worker-hours have fewer than {target:g} seats a worker")
    shown = zones.copy()
    shown.insert(2, "name", names_of_zones(shown, names))
    sheets = {"access_by_zone": shown}
    text = bullets(lines)
    if stations is not None and bins is not None:
        text = bullets([*lines, *_of_seats(headline)]) + "\n\n" + _fullest(stations)
        sheets |= {
            "station_loads": stations,
            "loads_by_hour": bins.drop(columns="gap").rename(columns={"demand": "workers"}),
        }
    return Chapter(
        title="Seats against workers 供需匹配", text=text, sheets=sheets, columns=_KEYS | _ACCESS | _STATIONS | _HOURLY
    )


def use_chapter(use: UseComparison, fit: DecayFit | None, *, calibrated: str) -> Chapter:
    """Tell how predictions fit what was counted.

    Parameters
    ----------
    use
        What `supply.compare_use` gives.
    fit
        What `supply.calibrate_decay` gives; None for nothing.
    calibrated
        Which number of the decay that is.

    Returns
    -------
    Chapter
        Rank correlations, the calibrated number with its interval, stations farthest off; a sheet `use`.

    Notes
    -----
    O(stations log stations).

    Examples
    --------
    Of a comparison::

        use_chapter(compare_use(predicted, seen, value="carried"), None, calibrated="")
    """
    head = use.headline
    lines = [
        f"{head['visits']:,.0f} visits at {head['n_stations']:,.0f} stations; {head['n_unobserved']:,.0f} not counted"
    ]
    for row in use.ranks.to_dict("records"):
        told = f"none: {row['reason']}" if row["reason"] else f"{row['spearman']:.3f}"
        lines.append(f"rank correlation over {row['over']}: {told} (n = {row['n']:,})")
    if fit is not None:
        level = f"{fit.parameters['level']:.0%}"
        within = f"({level}: {_number(fit.low)} to {_number(fit.high)})"
        told = "not told" if np.isnan(fit.value) else f"{fit.value:,.4g} {within}"
        lines.append(f"{calibrated} of the decay that fits best: {told}" + (f"; {fit.reason}" if fit.reason else ""))
    shown = pd.DataFrame(use.stations.drop(columns="geometry", errors="ignore"))
    far = shown.reindex(shown["residual"].abs().sort_values(ascending=False, kind="stable").index).head(_SHOWN)
    rows = [
        [row["station_id"], f"{row['observed']:,.0f}", f"{row['expected']:,.0f}", f"{row['residual']:+,.0f}"]
        for row in far.to_dict("records")
    ]
    return Chapter(
        title="Predictions against use 预测与实际到访",
        text=bullets(lines) + "\n\nStations farthest off:\n\n" + table(["station", "observed", "expected", ""], rows),
        sheets={"use": shown}, columns={"station_id": _KEYS["station_id"]} | _USE,
    )  # fmt: skip


def _of_supply(headline: Mapping[str, float], *, timed: bool) -> list[str]:
    used = [headline["used_capacity"] / headline["capacity"]] if headline["capacity"] > 0 else [float("nan")]
    if headline.get("capacity_high", 0.0) > 0:
        used.append(headline["used_capacity_high"] / headline["capacity_high"])
    reached = [headline["demand_with_access_share"], headline.get("demand_with_access_share_high", np.nan)]
    lines = [
        f"{_span(used)} of what they offer has demand in reach",
        f"{_span(reached)} of demand has seats in reach, wherever it is",
    ]
    if "mean_cost" in headline:
        costs = sorted({f"{headline[name]:.3f}" for name in ("mean_cost", "mean_cost_high")}, key=float)
        return [*lines, f"mean cost of way and crowding {' to '.join(costs)}, solved to a gap of {headline['gap']:.0e}"]
    access = sorted({f"{headline[name]:.3g}" for name in ("mean_access", "mean_access_high")}, key=float)
    whom = "worker there at once" if timed else "unit of demand"
    return [*lines, f"{' to '.join(access)} seats for each {whom}, on average"]


def _of_seats(headline: Mapping[str, float]) -> list[str]:
    """Tell who finds a seat; scenarios are no bounds, and told one by one."""
    scenarios = {"": "", "_low": " with stations that are open for sure", "_high": " with all that may be open"}
    return [
        f"{headline[f'blocked_share{of}'] + headline[f'unreached_share{of}']:.1%} of worker-hours find no seat"
        f"{words}: {headline[f'blocked_share{of}']:.1%} find all taken, {headline[f'unreached_share{of}']:.1%} have no "
        "open station in reach"
        for of, words in scenarios.items()
        if f"blocked_share{of}" in headline
    ]


def _fullest(stations: pd.DataFrame) -> str:
    first = stations["scenario"].iloc[0]
    rows = [
        [row["station_id"], f"{row['capacity']:g}", _hour(row["peak_bin"]), f"{row['offered']:.3g}",
         share_text(row["blocked_share"], row["blocked_share"]), f"{row['turned_away_h']:,.1f}"]
        for row in stations[stations["scenario"] == first].head(_SHOWN).to_dict("records")
        if row["turned_away_h"] > 0
    ]  # fmt: skip
    if not rows:
        return "No station turns workers away."
    header = ["station", "seats", "fullest hour", "workers then", "turned away then", "worker-hours turned away a week"]
    return "Stations that turn most workers away:\n\n" + table(header, rows)


def _hour(bin_: int) -> str:
    day, hour = divmod(int(bin_), _HOURS_PER_DAY)
    return f"{_DAYS[day]} {hour:02d}:00"


def _span(shares: list[float]) -> str:
    known = sorted(share for share in shares if not np.isnan(share))
    return share_text(known[0], known[-1]) if known else "none"


def _number(value: float) -> str:
    return "open" if np.isnan(value) else f"{value:,.4g}"
