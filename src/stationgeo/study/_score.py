"""Scoring as a study asks: by its standard, with what its stations offer, in the hours that may be told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import coverage, stations
from stationgeo.demand import WEIGHTS
from stationgeo.schema import WEEK_BIN
from stationgeo.study._offers import find_offers

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import geopandas as gpd

    from stationgeo.coverage import Coverage, ServiceCoverage, Standard
    from stationgeo.demand import Release
    from stationgeo.reach import TravelReach
    from stationgeo.stations import OpenHours
    from stationgeo.study._demand import Demanded
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering

__all__ = ["Asked", "Measures", "measure", "score_of", "scorer", "with_hours"]


_SAME_HOURS = (
    "hours of single places are not told: what is scored by the hour takes every place to have the hours of all places "
    "together"
)


class Asked(NamedTuple):
    """Who counts as served in a study, on which day."""

    standard: Standard | None
    as_of: dt.date | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measures:
    """What is told beside the headline."""

    rates: pd.DataFrame
    """What `coverage.rates` gives: all that covered may mean, by zone of every level."""
    services: ServiceCoverage | None
    """By service, need and profile, and by hour; None where the study does not tell what stations offer."""
    hours: OpenHours | None
    """When stations are open; None where nothing says so."""
    notes: tuple[str, ...]
    """What a reader should know."""


def scorer(
    study: Study, inputs: Inputs, demanded: Demanded, pieces: pd.DataFrame | None, asked: Asked
) -> Callable[..., Coverage]:
    """Make what scores a reach, given its `stations`, as the study asks."""
    standard = asked.standard
    timed = standard is not None and standard.open_then
    table = with_hours(demanded.table, demanded.release) if timed else demanded.table

    def score(reached: pd.DataFrame | TravelReach, *, stations: gpd.GeoDataFrame) -> Coverage:
        offering = find_offers(study, inputs, stations, as_of=asked.as_of, standard=standard)
        return coverage.score(
            table, reached, stations=stations, zones=demanded.zones, weight=study.demand_weight, pieces=pieces,
            standard=standard, offers=None if standard is None else offering.offers, catalogue=inputs.catalogue,
        )  # fmt: skip

    return score


def score_of(
    study: Study, inputs: Inputs, demanded: Demanded, pieces: pd.DataFrame | None, asked: Asked, *,
    reached: pd.DataFrame | TravelReach, places: gpd.GeoDataFrame,
) -> Callable[[pd.DataFrame], Coverage]:  # fmt: skip
    """Make what scores other demand than the study's own, all else as the study asks."""

    def score(table: pd.DataFrame) -> Coverage:
        of_these = replace(demanded, table=table, release=None)
        return scorer(study, inputs, of_these, pieces, asked)(reached, stations=places)

    return score


def measure(
    study: Study, inputs: Inputs, demanded: Demanded, pieces: pd.DataFrame | None, *, places: gpd.GeoDataFrame,
    reached: pd.DataFrame | TravelReach, offering: Offering, standard: Standard | None,
) -> Measures:  # fmt: skip
    """Tell all rates, and coverage service by service where the study says what stations offer."""
    offers, timed = offering.offers, offering.hours is not None
    table = with_hours(demanded.table, demanded.release) if timed else demanded.table
    placed = partial(coverage.place_buildings, zones=inputs.zones, resolution=study.resolution, weight="amount")
    along = partial(coverage.place_routes, zones=inputs.zones, resolution=study.resolution)
    rates = coverage.rates(
        table, reached, stations=places, zones=demanded.zones, weight=study.demand_weight, standard=standard,
        offers=offers, pieces=pieces, buildings=None if inputs.buildings is None else placed(inputs.buildings),
        routes=None if inputs.routes is None else along(inputs.routes), overlays=inputs.overlays,
        catalogue=inputs.catalogue,
    )  # fmt: skip
    services = None
    if inputs.services is not None and offers is not None:
        asked = study.coverage
        weights = stations.need_weights(bins=offers.bins, catalogue=inputs.catalogue) if asked.weigh_needs else None
        # Purposes weigh where they may be told, else the hour alone.
        wanted = demanded.by_purpose if weights is not None and demanded.by_purpose is not None else table
        services = coverage.score_services(
            wanted, reached, stations=places, offers=offers, zones=demanded.zones, weight=study.demand_weight,
            items=coverage.find_items(asked.items, catalogue=inputs.catalogue), standard=standard,
            need_weights=weights, by_hour=timed, catalogue=inputs.catalogue,
        )  # fmt: skip
    spread = timed and demanded.release is not None and len(demanded.release.hours) > 0
    notes = offering.notes + ((_SAME_HOURS,) if spread else ())
    return Measures(rates=rates, services=services, hours=offering.hours, notes=notes)


def with_hours(table: pd.DataFrame, release: Release | None) -> pd.DataFrame:
    """Give demand of an average week the hours that all places together have, where these may be told."""
    if release is None or release.hours.empty or not (table["bin"] == WEEK_BIN).any():
        return table
    hours = release.hours
    weekly = table["bin"].to_numpy() == WEEK_BIN
    untold = table[weekly]
    n, n_hours = len(untold), len(hours)
    spread = untold.iloc[np.repeat(np.arange(n), n_hours)].assign(bin=np.tile(hours["bin"].to_numpy(), n))
    for name in WEIGHTS:
        share = hours[f"{name}_share"].to_numpy(dtype=np.float64)
        total = share.sum()
        share = share / total if total > 0 else np.full(n_hours, 1.0 / n_hours)
        spread[name] = spread[name].to_numpy() * np.tile(share, n)
    added = pd.concat([table[~weekly], spread], ignore_index=True)
    ordered: pd.DataFrame = added.sort_values(["cell", "zone_id", "bin"], kind="stable", ignore_index=True)
    return ordered
