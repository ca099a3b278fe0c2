"""What a study tells beside the headline, chapter by chapter: in the report and in coverage.xlsx."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import report

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.report import Chapter
    from stationgeo.study._result import Result
    from stationgeo.study._supply import Supplied

__all__ = ["tell_measures"]


def tell_measures(result: Result) -> tuple[Chapter, ...]:
    """Put together the chapters of a result, in the order in which they are told."""
    zones, unit, measures = result.coverage.zones, result.coverage.unit, result.measures
    chapters = [report.rates_chapter(measures.rates, zones, unit)]
    if measures.services is not None:
        chapters.append(report.services_chapter(measures.services, zones, unit))
    if measures.hours is not None:
        chapters.append(report.hours_chapter(measures.hours))
    if result.supply is not None:
        chapters.append(_of_supply(result.supply, zones))
    if result.use is not None:
        chapters.append(report.use_chapter(result.use.comparison, result.use.fit, calibrated=result.use.calibrated))
    return tuple(chapters)


def _of_supply(held: Supplied, zones: gpd.GeoDataFrame) -> Chapter:
    return report.supply_chapter(
        method=held.method, headline=held.headline, zones=held.zones, names=zones, stations=held.stations,
        bins=None if held.loads is None else held.loads.bins, target=held.target,
    )  # fmt: skip
