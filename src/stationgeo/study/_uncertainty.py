"""How sure the rates of a study are: intervals over couriers and days, what cells cost, and where the data ends."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import coverage, demand, report
from stationgeo.study._measure import Told
from stationgeo.study._privacy import is_exempt
from stationgeo.study._reach import reach_places, span_m

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.coverage import Coverage
    from stationgeo.study._demand import Demanded
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study

__all__ = ["Certainty", "Uncertain", "find_certainty"]

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certainty:
    """How sure rates are, and how near demand is to what nobody knows."""

    uncertain: Uncertain | None
    """How sure the rates are; None where the study does not ask."""
    near_edge: pd.DataFrame | None
    """What `coverage.near_edge_share` gives; None where nothing says where the data ends."""
    cutoff: str
    """How far the edge of the data speaks, in words."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know."""
        return () if self.uncertain is None else self.uncertain.notes

    def tell(self, scored: Coverage) -> Told:
        """Tell intervals, what cells cost, and the edge of the data, each where it is known."""
        sure = self.uncertain
        chapter = report.certainty_chapter(
            None if sure is None else sure.intervals, None if sure is None else sure.discretisation, self.near_edge,
            zones=scored.zones, unit=scored.unit, cutoff=self.cutoff, level=None if sure is None else sure.level,
        )  # fmt: skip
        return Told(chapters=(chapter,))


def find_certainty(given: Given) -> Certainty:
    """Say how sure the rates are, where the study asks, and how much demand lies near where the data ends."""
    return Certainty(
        uncertain=_find_uncertain(given), near_edge=_find_near_edge(given), cutoff=given.study.reach.in_words
    )


def _find_uncertain(gathered: Given) -> Uncertain | None:
    """Draw couriers and days anew, and look into cells; None where the study does not ask."""
    study, inputs, demanded, places = gathered.study, gathered.inputs, gathered.demanded, gathered.places
    reached = gathered.reached
    asked = study.uncertainty
    if asked is None:
        return None
    given: dict[str, Any] = {
        "stations": places.every, "zones": demanded.zones, "standard": gathered.standard,
        "catalogue": inputs.catalogue, "offers": gathered.offers,
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


def _find_near_edge(gathered: Given) -> pd.DataFrame | None:
    """Say how much demand lies within one cutoff of where the data ends; None where nothing says where it does."""
    study, inputs, demanded = gathered.study, gathered.inputs, gathered.demanded
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
