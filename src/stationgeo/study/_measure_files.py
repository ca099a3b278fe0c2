"""The machine tables of a study's measures: what each is written as."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from stationgeo import report
from stationgeo.study._partial import partial_rates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd

    from stationgeo.coverage import ServiceCoverage
    from stationgeo.study._result import Result

    Writer = Callable[[Path], None]

__all__ = ["measure_files"]


def measure_files(result: Result) -> dict[str, Writer]:
    """Say how the tables of all measures are written, in order."""
    return {
        "rates.parquet": _parquet(result.measures.rates),
        **_of_services(result.measures.services),
        **_of_certainty(result),
        **_of_coverage(result),
        **_of_supply(result),
    }


def _parquet(table: pd.DataFrame) -> Writer:
    return lambda path: table.to_parquet(path, index=False)


def _of_services(services: ServiceCoverage | None) -> dict[str, Writer]:
    if services is None:
        return {}
    writers = {"services.parquet": _parquet(services.zones)}
    if services.parameters["timed"] and len(services.zones):
        writers["services_by_hour.parquet"] = lambda path: _by_hour(services).to_parquet(path, index=False)
    return writers


def _of_certainty(result: Result) -> dict[str, Writer]:
    return {} if result.uncertain is None else {"intervals.parquet": _parquet(result.uncertain.intervals)}


def _of_coverage(result: Result) -> dict[str, Writer]:
    evenness, held, blanks, closing = result.evenness, result.targets, result.blanks, result.criticality
    writers: dict[str, Writer] = {}
    if evenness is not None:
        writers["equity.parquet"] = _parquet(evenness.equity.contributions)
    if held is not None:
        writers["targets.parquet"] = _parquet(held.units)
    if blanks is not None:
        writers["blank_spots.geojson"] = lambda path: report.write_geojson(path, blanks.spots)
    if closing is not None:
        writers["criticality.parquet"] = _parquet(closing.stations)
        writers["criticality_zones.parquet"] = _parquet(closing.zones)
    if result.partial:
        writers["partial.parquet"] = _parquet(partial_rates(result.partial))
    return writers


def _of_supply(result: Result) -> dict[str, Writer]:
    """Say how access, loads and residuals are written, where the study asks for them."""
    held, used = result.supply, result.use
    writers: dict[str, Writer] = {}
    if held is not None:
        writers["access.parquet"] = lambda path: held.access.to_parquet(path, index=False)
        if held.loads is not None:
            loads = held.loads.stations
            writers["supply.parquet"] = lambda path: loads.to_parquet(path, index=False)
    if used is not None:
        residuals = cast("gpd.GeoDataFrame", used.comparison.stations)
        writers["use_residuals.geojson"] = lambda path: report.write_geojson(path, residuals)
    return writers


def _by_hour(services: ServiceCoverage) -> pd.DataFrame:
    """Tell services hour by hour where there is demand; of zones above the lowest, where there are any, for size."""
    levels = list(dict.fromkeys(services.zones["level"]))
    table = pd.concat([services.hours(level=level) for level in levels[1:] or levels], ignore_index=True)
    there: pd.DataFrame = table[table["demand"] > 0].reset_index(drop=True)
    return there
