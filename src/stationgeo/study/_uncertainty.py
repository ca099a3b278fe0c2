"""How sure the rates of a study are: intervals over couriers and days, what cells cost, and where the data ends."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import coverage, demand, reach
from stationgeo.study._privacy import is_exempt
from stationgeo.study._reach import reach_places, span_m

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.coverage import Standard
    from stationgeo.study._demand import Demanded
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering

__all__ = ["Uncertain", "find_near_edge", "find_uncertain"]

# Points within cells: 49 by straight lines, 7 over streets, where each is met with the streets.
_FINER_STRAIGHT, _FINER_STREETS = 2, 1
_FINEST = 15
_BOTH = "couriers and days"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertain:
    """How sure rates are."""

    intervals: pd.DataFrame
    """What `coverage.rate_intervals` gives; of couriers that are told in pieces only what is of all together."""
    discretisation: pd.DataFrame
    """What `coverage.discretisation_error` gives."""
    level: float
    """Share of the replicates that lie within an interval."""
    notes: tuple[str, ...]
    """What a reader should know."""


def find_uncertain(
    study: Study, inputs: Inputs, demanded: Demanded, places: Places, reached: pd.DataFrame | reach.TravelReach,
    offering: Offering, standard: Standard | None,
) -> Uncertain | None:  # fmt: skip
    """Draw couriers and days anew, and look into cells; None where the study does not ask."""
    asked = study.uncertainty
    if asked is None:
        return None
    given: dict[str, Any] = {
        "stations": places.every, "zones": demanded.zones, "standard": standard, "catalogue": inputs.catalogue,
        "offers": None if standard is None else offering.offers,
    }  # fmt: skip
    resolution = study.resolution + (_FINER_STRAIGHT if inputs.network is None else _FINER_STREETS)
    finer = reach_places(
        study.model_copy(update={"resolution": min(resolution, _FINEST)}), inputs.network, places.counted,
        access=places.access,
    )  # fmt: skip
    cells = coverage.discretisation_error(
        demanded.table, reached, finer=finer, weight=study.demand_weight, **given
    )  # fmt: skip
    interval = partial(coverage.rate_intervals, reach=reached, level=asked.level, **given)
    intervals, notes = _intervals(study, demanded, interval)
    return Uncertain(intervals=intervals, discretisation=cells, level=asked.level, notes=notes)


def _intervals(
    study: Study, demanded: Demanded, interval: Callable[[pd.DataFrame], pd.DataFrame]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    asked, aggregate = study.uncertainty, demanded.aggregate
    if asked is None or aggregate is None:
        return pd.DataFrame(), ("no interval is told: there are no couriers to draw anew",)
    drawn: dict[str, Any] = {"expansion": study.demand.expansion or None}
    days: Callable[..., pd.DataFrame] = partial(
        demand.day_replicates, n_replicates=asked.replicates, seed=asked.seed, **drawn
    )
    kept = aggregate.replicates.shape[1]
    once = dataclasses.replace(aggregate, replicates=aggregate.replicates[:, :0])
    tables = [demand.read_out(aggregate, **drawn)] if kept else []
    tables.append(days(once))
    if kept >= asked.replicates:
        both = days(aggregate, with_couriers=True)
        others = [name for source, names in demand.replicates_of(both).items() if source != _BOTH for name in names]
        tables.append(both.drop(columns=others))
    if study.zones:
        placed = tables
    else:
        unit = demanded.zones["zone_id"].iloc[0]
        placed = [table.assign(zone_id=unit) for table in tables]
    found = pd.concat([interval(table) for table in placed], ignore_index=True)
    if is_exempt(study):
        return found, ()
    told = found[found["level"] == "all"].reset_index(drop=True)
    return told, ("intervals are told of all places together alone: those of single zones would speak of few couriers",)


def find_near_edge(study: Study, inputs: Inputs, demanded: Demanded) -> pd.DataFrame | None:
    """Say how much demand lies within one cutoff of where the data ends; None where nothing says where it does."""
    asked = study.reach
    given: dict[str, Any] = {"zones": demanded.zones, "weight": study.demand_weight}
    if inputs.network is not None and asked.cutoff_s is not None:
        return coverage.near_edge_share(
            demanded.table, extent=inputs.network, cutoff_m=span_m(study, inputs.network), **given
        )  # fmt: skip
    if inputs.zones is None:
        return None
    straight_m = (asked.cutoff_m or 0.0) / (asked.detour_factor or 1.0)
    return coverage.near_edge_share(demanded.table, extent=inputs.zones, cutoff_m=straight_m, **given)
