"""Coverage of a study service by service, and when its stations are open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stationgeo import coverage, report, stations
from stationgeo.study._measure import Told, as_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.coverage import Coverage, ServiceCoverage
    from stationgeo.report import Chapter
    from stationgeo.stations import OpenHours
    from stationgeo.study._given import Given
    from stationgeo.study._measure import Writer

__all__ = ["Services", "ask_services"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Services:
    """What stations offer to demand, and when they are open."""

    found: ServiceCoverage | None
    """By service, need and profile, and by hour; None where the study does not tell what stations offer."""
    hours: OpenHours | None
    """When stations are open; None where nothing says so."""
    opened: pd.DataFrame | None
    """What `stations.open_by_bin` gives of these hours."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell services and hours, each where it is known."""
        files = {} if self.found is None else _files(self.found)
        if self.opened is not None:
            files["stations_open.parquet"] = as_parquet(self.opened)
        manifest = {} if self.hours is None else {"as_of": self.hours.as_of.isoformat()}
        return Told(chapters=tuple(self._chapters(scored)), files=files, manifest=manifest)

    def _chapters(self, scored: Coverage) -> Iterator[Chapter]:
        if self.found is not None:
            yield report.services_chapter(self.found, scored.zones, scored.unit)
        if self.hours is not None and self.opened is not None:
            yield report.hours_chapter(self.hours, self.opened)


def ask_services(given: Given) -> Services | None:
    """Score service by service where the study says what stations offer; None where nothing tells of hours either."""
    found, hours = _score(given), given.offering.hours
    if found is None and hours is None:
        return None
    opened = None
    if hours is not None:
        opened = stations.open_by_bin(hours, given.places.every, catalogue=given.inputs.catalogue)
    return Services(found=found, hours=hours, opened=opened)


def _score(given: Given) -> ServiceCoverage | None:
    inputs, offers, demanded, asked = given.inputs, given.offering.offers, given.demanded, given.study.coverage
    if inputs.services is None or offers is None:
        return None
    timed = given.offering.hours is not None
    weights = stations.need_weights(bins=offers.bins, catalogue=inputs.catalogue) if asked.weigh_needs else None
    # Purposes weigh where they may be told, else the hour alone.
    wanted = demanded.by_purpose if weights is not None else None
    if wanted is None:
        wanted = given.hourly if timed else demanded.table
    return coverage.score_services(
        wanted, given.reached, stations=given.places.every, offers=offers, zones=demanded.zones,
        weight=given.study.demand_weight, items=asked.items, standard=given.standard,
        need_weights=weights, by_hour=timed, catalogue=inputs.catalogue,
    )  # fmt: skip


def _files(found: ServiceCoverage) -> dict[str, Writer]:
    writers = {"services.parquet": as_parquet(found.zones)}
    if found.parameters["timed"] and len(found.zones):
        writers["services_by_hour.parquet"] = lambda path: _by_hour(found).to_parquet(path, index=False)
    return writers


def _by_hour(found: ServiceCoverage) -> pd.DataFrame:
    """Tell services hour by hour where there is demand; of zones above the lowest, where there are any, for size."""
    levels = list(dict.fromkeys(found.zones["level"]))
    table = pd.concat([found.hours(level=level) for level in levels[1:] or levels], ignore_index=True)
    there: pd.DataFrame = table[table["demand"] > 0].reset_index(drop=True)
    return there
