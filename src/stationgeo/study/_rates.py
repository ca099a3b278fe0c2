"""All rates of a study: all that covered may mean, by zone of every level."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from stationgeo import coverage, report
from stationgeo.study._measure import Told, as_parquet

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.coverage import Coverage
    from stationgeo.study._given import Given

__all__ = ["Rates", "ask_rates"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rates:
    """All that covered may mean."""

    table: pd.DataFrame
    """What `coverage.rates` gives."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell the rates of all zones together, and write those of each."""
        return Told(
            chapters=(report.rates_chapter(self.table, scored.zones, scored.unit),),
            files={"rates.parquet": as_parquet(self.table)},
        )


def ask_rates(given: Given) -> Rates:
    """Tell all rates, by the hour where stations have hours."""
    study, inputs = given.study, given.inputs
    placed = partial(coverage.place_buildings, zones=inputs.zones, resolution=study.resolution, weight="amount")
    along = partial(coverage.place_routes, zones=inputs.zones, resolution=study.resolution)
    table = coverage.rates(
        given.demanded.table if given.offering.hours is None else given.hourly, given.reached,
        stations=given.places.every, zones=given.demanded.zones, weight=study.demand_weight, standard=given.standard,
        offers=given.offering.offers, pieces=given.pieces,
        buildings=None if inputs.buildings is None else placed(inputs.buildings),
        routes=None if inputs.routes is None else along(inputs.routes), overlays=inputs.overlays,
        catalogue=inputs.catalogue,
    )  # fmt: skip
    return Rates(table=table)
