"""The report as text: headline, worst zones, sites with their bound, what was dropped and assumed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stationgeo.report._chapters import chapter_text
from stationgeo.report._markdown import bullets, table
from stationgeo.report._measures import share_text
from stationgeo.report._sheets import WEEKDAYS, kind_names, names_of
from stationgeo.report._streets import street_section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from stationgeo.coverage import Coverage
    from stationgeo.demand import Unit
    from stationgeo.io import IngestReport
    from stationgeo.report._chapters import Chapter
    from stationgeo.report._streets import Streets
    from stationgeo.siting import Siting
    from stationgeo.stations import Catalogue

__all__ = ["headline_lines", "markdown"]

_WORST_ZONES = 10
_CLASSES = (
    ("warm_bee_only_share", "covered by warm-bee type stations only 仅暖蜂类"),
    ("service_centre_only_share", "covered by service centres only 仅党群服务中心"),
    ("both_share", "covered by both 两者皆有"),
    ("neither_share", "covered by neither 均未覆盖"),
)
_LEVELS = {"grid": "grid 网格", "community": "community 社区", "street": "street 街道", "district": "district 区",
           "city": "city 市"}  # fmt: skip
_HOURS_PER_DAY = 24


def headline_lines(
    coverage: Coverage, plan: Siting | None, *, cutoff: str | None = None, interval: str = ""
) -> list[str]:
    """Say the headline of a result in a few lines of plain text.

    Parameters
    ----------
    coverage
        The scored coverage.
    plan
        The proposed sites, if any.
    cutoff
        Largest way that counts as served, in words that follow "within", to say what "covered" means: "750 m", "3 min
        by e-bike". Left out where it is None.
    interval
        How far the share might be off, as `interval_text` says it; '' where nobody asked.

    Returns
    -------
    list of str
        One fact a line; those that split up the line above begin with two spaces.

    Notes
    -----
    O(1).

    Examples
    --------
    Of the embedded sample city::

        76.9% of demand is covered by 81 stations: 1,101 of 1,432 courier-hours of rest a week lie within 750 m of one
          30.4% covered by warm-bee type stations only 仅暖蜂类
    """
    head, unit = coverage.headline, coverage.unit
    near = "in reach of one" if cutoff is None else f"within {cutoff} of one"
    asked = coverage.standard
    if asked is not None:
        near += f" by the standard {asked.name} {asked.version}: {asked.zh}, {asked.en}"
    covered = share_text(head["covered_share"], head["covered_share_high"])
    first = f"{covered} of demand is covered by {_count(head['n_stations'], 'station')}"
    lines = [f"{first}: {unit.text(head['covered_demand'])} of {unit.text(head['demand'])} {unit.en} lie {near}"]
    if interval:
        lines[0] += f"; {interval}"
    if head["covered_demand_high"] > head["covered_demand"]:
        lines.append(
            "  the range is from services and hours that are not known: up to "
            f"{unit.text(head['covered_demand_high'])} {unit.en}, were all of them a yes"
        )
    lines += [f"  {_percent(head[key])} {label}" for key, label in _CLASSES]
    if head["n_blank_zones"]:
        lines.append(
            f"{head['n_blank_zones']:,} of {_count(head['n_zones_with_demand'], 'zone')} with demand have nothing "
            "covered"
        )
    if plan is not None:
        lines.append(plan.summary.removesuffix("."))
    seen = sorted({int(bin_) // _HOURS_PER_DAY for bin_ in coverage.bins["bin"] if bin_ >= 0})
    if 0 < len(seen) < len(WEEKDAYS):
        lines.append(f"A week here is {', '.join(WEEKDAYS[day].split()[0] for day in seen)}: no other day has demand")
    return lines


def markdown(
    coverage: Coverage,
    plan: Siting | None,
    *,
    title: str,
    cutoff: str | None = None,
    interval: str = "",
    parameters: Mapping[str, Any],
    reports: Mapping[str, IngestReport],
    notes: Sequence[str],
    streets: Streets | None = None,
    chapters: Sequence[Chapter] = (),
    catalogue: Catalogue | None = None,
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
    cutoff, interval
        As for `headline_lines`.
    parameters
        Name to value, as the study has them.
    reports
        By input: what was read and dropped.
    notes
        What a reader should know; one sentence each.
    streets
        What was found out about the streets, where reach is over streets.
    chapters
        What else was asked, in the order in which it is told.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    str
        Text without any time or path, so that the same study gives the same text.

    Notes
    -----
    O(zones log zones + sites).

    Examples
    --------
    Of a scored coverage without sites::

        markdown(scored, None, title="My district", cutoff="750 m", parameters={"resolution": 10}, reports={}, notes=[])
    """
    parts = [
        f"# {title}",
        bullets(headline_lines(coverage, plan, cutoff=cutoff, interval=interval)),
        _definitions(coverage, cutoff),
        _levels(coverage),
        _worst(coverage),
        *chapter_text(chapters),
        _sites(plan, coverage, catalogue),
        "" if streets is None else street_section(streets),
        "## What to know\n\n" + bullets(notes) if notes else "",
        "## Inputs\n\n" + _inputs(reports),
        "## Parameters\n\n"
        + table(["parameter", "value"], [[f"`{name}`", value] for name, value in parameters.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _definitions(coverage: Coverage, cutoff: str | None) -> str:
    """Say what the headline's words mean, for somebody who reads nothing else."""
    way = "in reach of" if cutoff is None else f"within a way of {cutoff} of"
    asked = coverage.standard
    counted = (
        f"Demand is counted in {coverage.unit.en} (`{coverage.parameters['weight']}` in the tables). It is covered if "
    )
    if asked is None:
        return f"{counted}it is {way} a station, whatever the station's opening hours and services."
    when = "in its hour" if asked.open_then else "whatever the hour"
    return (
        f"{counted}it is {way} what the standard asks for, {when}: {asked.zh} ({asked.en}). Standard `{asked.name}` "
        f"{asked.version}; source: {asked.source}."
    )


def _levels(coverage: Coverage) -> str:
    zones = coverage.zones
    if zones.empty:
        return ""
    rows = []
    for level, part in zones.groupby("level", sort=False):
        named = part[part["zone_id"] != ""]
        blank = named[named["covered_demand"].eq(0) & named["demand"].gt(0)]
        rows.append(
            [
                _LEVELS.get(str(level), level),
                f"{len(named):,}",
                f"{int(named['demand'].gt(0).sum()):,}",
                f"{len(blank):,}",
            ]
        )
    return "## Zones\n\n" + table(["level", "zones", "with demand", "with demand and nothing covered"], rows)


def _worst(coverage: Coverage) -> str:
    zones = coverage.zones
    if zones.empty:
        return ""
    lowest = zones["level"].iloc[0]
    named = zones[(zones["level"] == lowest) & (zones["zone_id"] != "")]
    missing = (named["demand"] - named["covered_demand"]).rename("uncovered")
    worst = named.assign(uncovered=missing).sort_values(["uncovered", "zone_id"], ascending=[False, True])
    rows = [
        [row.zone_id, _text(row.name_), coverage.unit.text(row.uncovered), _percent(row.covered_share)]
        for row in worst.rename(columns={"name": "name_"}).head(_WORST_ZONES).itertuples()
        if row.uncovered > 0
    ]
    if not rows:
        return ""
    return f"## Where most demand is uncovered ({_LEVELS.get(str(lowest), lowest)})\n\n" + table(
        ["zone", "name", f"uncovered, {coverage.unit.en}", "covered share"], rows
    )


def _sites(plan: Siting | None, coverage: Coverage, catalogue: Catalogue | None) -> str:
    if plan is None:
        return ""
    unit, n = plan.unit, f"{plan.n_stations:,}"
    columns = [
        "rank",
        "place",
        "action",
        "kind",
        "host",
        "zone",
        f"newly covered, {unit.en}",
        "covered share after",
        "cost to build",
        "cost per year",
        "nearest station",
    ]
    sites = plan.sites.assign(
        kind_name=kind_names(plan.sites["kind"], catalogue),
        zone=names_of(plan.sites["zone_id"], coverage.zones, "zone_id"),
        station=names_of(plan.sites["nearest_station_id"], coverage.stations, "station_id"),
    )
    rows = [_site_row(row, unit) for _, row in sites.iterrows()]
    bound = (
        f"{plan.summary} No choice of {n} of these candidates newly covers more than {unit.text(plan.bound)} "
        f"{unit.en} (status {plan.status}, gap {plan.gap:.4%})."
    )
    return "## Proposed sites\n\n" + bound + "\n\n" + table(columns, rows)


def _site_row(row: pd.Series[Any], unit: Unit) -> list[str]:
    metres = row["nearest_station_m"]
    nearest = "" if _missing(metres) else f"{row['station'] or row['nearest_station_id']}, {metres:,.0f} m"
    return [
        str(row["rank"]),
        _text(row["name"]) or str(row["candidate_id"]),
        _text(row["action"]),
        row["kind_name"],
        _text(row["host"]),
        row["zone"] or _text(row["zone_id"]),
        unit.text(row["demand_gain"]),
        _percent(row["cumulative_share"]),
        _amount(row["cost_build"]),
        _amount(row["cost_per_year"]),
        nearest,
    ]


def _inputs(reports: Mapping[str, IngestReport]) -> str:
    rows = [
        [name, report.source, f"{report.rows_read:,}", f"{report.rows_kept:,}", report.datum or "", _losses(report)]
        for name, report in reports.items()
    ]
    return table(["input", "source", "rows read", "kept", "datum", "dropped, repaired, noted"], rows)


def _losses(report: IngestReport) -> str:
    lost = [f"{count.rows:,} {count.reason}" for count in report.dropped + report.repaired]
    return "; ".join(lost + list(report.notes))


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _amount(value: Any) -> str:  # noqa: ANN401 - a number or missing
    return "" if _missing(value) else f"{value:,.0f}"


def _text(value: Any) -> str:  # noqa: ANN401 - text or missing
    return "" if _missing(value) else str(value)


def _missing(value: Any) -> bool:  # noqa: ANN401 - any cell
    return value is None or (isinstance(value, float) and math.isnan(value))


def _percent(share: float) -> str:
    return "none" if _missing(share) else f"{share:.1%}"
