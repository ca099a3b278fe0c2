"""What a study tells beside the headline, chapter by chapter: in the report and in coverage.xlsx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import report, stations

if TYPE_CHECKING:
    from stationgeo.report import Chapter
    from stationgeo.study._result import Result

__all__ = ["tell_measures"]


def tell_measures(result: Result) -> tuple[Chapter, ...]:
    """Put together the chapters of a result, in the order in which they are told."""
    zones, unit, measures = result.coverage.zones, result.coverage.unit, result.measures
    chapters = [report.rates_chapter(measures.rates, zones, unit)]
    if measures.services is not None:
        chapters.append(report.services_chapter(measures.services, zones, unit))
    if measures.hours is not None:
        chapters.append(report.hours_chapter(measures.hours))
    uncertain = result.uncertain
    chapters.append(
        report.certainty_chapter(
            None if uncertain is None else uncertain.intervals,
            None if uncertain is None else uncertain.discretisation,
            result.near_edge, zones=zones, unit=unit, cutoff=result.study.reach.in_words,
            level=None if uncertain is None else uncertain.level,
        )
    )  # fmt: skip
    if result.sensible is not None:
        chapters.append(report.sensitivity_chapter(result.sensible.table, unit))
    if result.evenness is not None:
        even = result.evenness
        chapters.append(report.equity_chapter(even.equity, even.slices, even.names, even.level))
    if result.targets is not None:
        premises = stations.count_premises(result.coverage.stations)
        chapters.append(report.targets_chapter(result.targets, premises))
    if result.blanks is not None:
        chapters.append(report.blanks_chapter(result.blanks, zones, result.coverage.stations, unit, way=_way(result)))
    if result.criticality is not None:
        chapters.append(report.criticality_chapter(result.criticality, unit))
    if result.partial:
        chapters.append(report.partial_chapter(result.partial, zones, unit))
    return tuple(chapters)


def _way(result: Result) -> str:
    """Say how ways to the nearest station are measured."""
    mode = result.study.reach.mode
    return (
        "by the straight line 直线距离"
        if mode is None or result.inputs.network is None
        else f"over the streets by {mode} 路网"
    )
