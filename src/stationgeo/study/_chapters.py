"""What a study tells beside the headline, chapter by chapter: in the report and in coverage.xlsx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import report, stations

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from stationgeo.report import Chapter
    from stationgeo.study._result import Result
    from stationgeo.study._supply import Supplied

__all__ = ["tell_measures"]


def tell_measures(result: Result) -> tuple[Chapter, ...]:
    """Put together the chapters of a result, in the order in which they are told."""
    return (*_of_rates(result), *_of_gaps(result), *_of_fairness(result), *_of_seats(result), *_of_certainty(result))


def _of_rates(result: Result) -> Iterator[Chapter]:
    zones, unit, measures = result.coverage.zones, result.coverage.unit, result.measures
    yield report.rates_chapter(measures.rates, zones, unit)
    if result.partial:
        yield report.partial_chapter(result.partial, zones, unit)
    if measures.services is not None:
        yield report.services_chapter(measures.services, zones, unit)
    if measures.hours is not None:
        yield report.hours_chapter(measures.hours)


def _of_gaps(result: Result) -> Iterator[Chapter]:
    scored = result.coverage
    if result.blanks is not None:
        yield report.blanks_chapter(result.blanks, scored.zones, scored.stations, scored.unit, way=_way(result))
    if result.criticality is not None:
        yield report.criticality_chapter(result.criticality, scored.unit, catalogue=result.inputs.catalogue)


def _of_fairness(result: Result) -> Iterator[Chapter]:
    even = result.evenness
    if even is not None:
        yield report.equity_chapter(even.equity, even.slices, even.names, even.level)
    if result.targets is not None:
        yield report.targets_chapter(
            result.targets, stations.count_premises(result.coverage.stations, catalogue=result.inputs.catalogue)
        )


def _of_seats(result: Result) -> Iterator[Chapter]:
    if result.supply is not None:
        yield _of_supply(result.supply, result.coverage.zones)
    if result.use is not None:
        yield report.use_chapter(result.use.comparison, result.use.fit, calibrated=result.use.calibrated)


def _of_certainty(result: Result) -> Iterator[Chapter]:
    sure, scored = result.uncertain, result.coverage
    yield report.certainty_chapter(
        None if sure is None else sure.intervals, None if sure is None else sure.discretisation, result.near_edge,
        zones=scored.zones, unit=scored.unit, cutoff=result.study.reach.in_words,
        level=None if sure is None else sure.level,
    )  # fmt: skip
    if result.sensible is not None:
        yield report.sensitivity_chapter(result.sensible.table, scored.unit)


def _of_supply(held: Supplied, zones: gpd.GeoDataFrame) -> Chapter:
    return report.supply_chapter(
        method=held.method, headline=held.headline, zones=held.zones, names=zones, stations=held.stations,
        bins=None if held.loads is None else held.loads.bins, target=held.target,
    )  # fmt: skip


def _way(result: Result) -> str:
    """Say how ways to the nearest station are measured."""
    mode = result.study.reach.mode
    return (
        "by the straight line 直线距离"
        if mode is None or result.inputs.network is None
        else f"over the streets by {mode} 路网"
    )
