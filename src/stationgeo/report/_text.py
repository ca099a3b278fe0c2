"""The report as text: headline, worst zones, sites with their bound, what was dropped and assumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from stationgeo.coverage import Coverage
    from stationgeo.io import IngestReport
    from stationgeo.siting import Siting

__all__ = ["headline_lines", "markdown"]

_WORST_ZONES = 10
_CLASSES = (
    ("warm_bee_only_share", "covered by warm-bee type stations only 仅暖蜂类"),
    ("service_centre_only_share", "covered by service centres only 仅党群服务中心"),
    ("both_share", "covered by both 两者皆有"),
    ("neither_share", "covered by neither 均未覆盖"),
)
_WEIGHTS = {
    "courier_s": "seconds of stops in an average week of the observed days",
    "visits": "visits or events",
    "courier_weight": "worker-equivalents in an average week of the observed days",
}


def headline_lines(coverage: Coverage, plan: Siting | None) -> list[str]:
    """Say the headline of a result in a few lines of plain text.

    Parameters
    ----------
    coverage
        The scored coverage.
    plan
        The proposed sites, if any.

    Returns
    -------
    list of str
        One fact a line.
    """
    head = coverage.headline
    lines = [f"{_percent(head['covered_share'])} of demand is covered by {head['n_stations']:,} stations"]
    lines += [f"  {_percent(head[key])} {label}" for key, label in _CLASSES]
    if plan is not None:
        before = plan.existing_covered / plan.total_demand
        after = (plan.existing_covered + plan.objective) / plan.total_demand
        lines.append(
            f"{len(plan.sites):,} new sites raise the covered share from {_percent(before)} to {_percent(after)}"
        )
        lines.append(f"  {plan.summary}")
    return lines


def markdown(
    coverage: Coverage,
    plan: Siting | None,
    *,
    title: str,
    parameters: Mapping[str, Any],
    reports: Mapping[str, IngestReport],
    notes: Sequence[str],
) -> str:
    """Write the report of a study in Markdown.

    Parameters
    ----------
    coverage
        The scored coverage.
    plan
        The proposed sites, if any.
    title
        First heading.
    parameters
        Name to value, as the study has them.
    reports
        By input: what was read and dropped.
    notes
        What a reader should know; one sentence each.

    Returns
    -------
    str
        Text without any time or path, so that the same study gives the same text.
    """
    weight = str(coverage.parameters["weight"])
    parts = [
        f"# {title}",
        "\n".join(f"- {line.strip()}" for line in headline_lines(coverage, plan)),
        (
            f"Demand is counted in {_WEIGHTS.get(weight, weight)} (`{weight}`). "
            "Coverage here ignores opening hours and services."
        ),
        _levels(coverage),
        _worst(coverage),
        _sites(plan),
        "## What to know\n\n" + _bullets(notes) if notes else "",
        "## Inputs\n\n" + _inputs(reports),
        "## Parameters\n\n"
        + _table(["parameter", "value"], [[f"`{name}`", value] for name, value in parameters.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _levels(coverage: Coverage) -> str:
    zones = coverage.zones
    if zones.empty:
        return ""
    rows = []
    for level, part in zones.groupby("level", sort=False):
        named = part[part["zone_id"] != ""]
        blank = named[named["covered_demand"].eq(0) & named["demand"].gt(0)]
        rows.append([level, f"{len(named):,}", f"{int(named['demand'].gt(0).sum()):,}", f"{len(blank):,}"])
    return "## Zones\n\n" + _table(["level", "zones", "with demand", "with demand and nothing covered"], rows)


def _worst(coverage: Coverage) -> str:
    zones = coverage.zones
    if zones.empty:
        return ""
    lowest = zones["level"].iloc[0]
    named = zones[(zones["level"] == lowest) & (zones["zone_id"] != "")]
    missing = (named["demand"] - named["covered_demand"]).rename("uncovered")
    worst = named.assign(uncovered=missing).sort_values(["uncovered", "zone_id"], ascending=[False, True])
    rows = [
        [row.zone_id, _text(row.name_), f"{row.uncovered:,.0f}", _percent(row.covered_share)]
        for row in worst.rename(columns={"name": "name_"}).head(_WORST_ZONES).itertuples()
        if row.uncovered > 0
    ]
    if not rows:
        return ""
    return f"## Where most demand is uncovered ({lowest})\n\n" + _table(
        ["zone", "name", "uncovered demand", "covered share"], rows
    )


def _sites(plan: Siting | None) -> str:
    if plan is None:
        return ""
    columns = [
        "rank",
        "place",
        "host",
        "kind",
        "zone",
        "gain",
        "covered share after",
        "cost to build",
        "nearest station",
    ]
    rows = [_site_row(row) for _, row in plan.sites.iterrows()]
    bound = (
        f"{plan.summary} Objective {plan.objective:,.1f}, bound {plan.bound:,.1f}, "
        f"gap {plan.gap:.4%}, status {plan.status}."
    )
    return "## Proposed sites\n\n" + bound + "\n\n" + _table(columns, rows)


def _site_row(row: pd.Series[Any]) -> list[str]:
    metres = row["nearest_station_m"]
    nearest = "" if _missing(metres) else f"{row['nearest_station_id']}, {metres:,.0f} m"
    cost = row.get("cost_build")
    return [
        str(row["rank"]),
        _text(row.get("name")) or str(row["candidate_id"]),
        _text(row.get("host")),
        str(row["kind"]),
        _text(row.get("zone_id")),
        f"{row['demand_gain']:,.0f}",
        _percent(row["cumulative_share"]),
        "" if _missing(cost) else f"{cost:,.0f}",
        nearest,
    ]


def _inputs(reports: Mapping[str, IngestReport]) -> str:
    rows = [
        [name, report.source, f"{report.rows_read:,}", f"{report.rows_kept:,}", report.datum or "", _losses(report)]
        for name, report in reports.items()
    ]
    return _table(["input", "source", "rows read", "kept", "datum", "dropped, repaired, noted"], rows)


def _losses(report: IngestReport) -> str:
    lost = [f"{count.rows:,} {count.reason}" for count in report.dropped + report.repaired]
    return "; ".join(lost + list(report.notes))


def _table(header: list[str], rows: Iterable[list[Any]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(_escaped(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _escaped(value: Any) -> str:  # noqa: ANN401 - any cell
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _text(value: Any) -> str:  # noqa: ANN401 - text or missing
    return "" if _missing(value) else str(value)


def _missing(value: Any) -> bool:  # noqa: ANN401 - any cell
    return value is None or (isinstance(value, float) and math.isnan(value))


def _percent(share: float) -> str:
    return "none" if _missing(share) else f"{share:.1%}"
