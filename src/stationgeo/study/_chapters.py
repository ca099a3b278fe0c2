"""What a study tells beside the headline, chapter by chapter: in the report and in coverage.xlsx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import report

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
