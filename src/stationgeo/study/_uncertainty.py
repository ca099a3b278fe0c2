"""How sure the rates of a study are: intervals over couriers and days, what cells cost, and where the data ends."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import coverage, demand, report, stations
from stationgeo.errors import first_few
from stationgeo.study._measure import Told, as_parquet
from stationgeo.study._privacy import is_exempt
from stationgeo.study._reach import reach_places, span_m

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.coverage import Coverage, Item, Standard
    from stationgeo.study._demand import Demanded
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study

__all__ = ["Certainty", "Uncertain", "find_certainty", "told_of"]

# Points within cells: 49 by straight lines, 7 over streets, where each is met with the streets.
_FINER_STRAIGHT, _FINER_STREETS = 2, 1
_FINEST = 15
_NOBODY: tuple[str, ...] = ("no interval is told: there are no couriers to draw anew",)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertain:
    """How sure rates are."""

    intervals: pd.DataFrame
    """What `coverage.rate_intervals` gives; of couriers that are told in pieces only what is of all together."""
    discretisation: pd.DataFrame
    """What `coverage.discretisation_error` gives."""
    level: float
    """How often an interval is to hold the rate."""
    rate: str
    """Which of the rates the headline is: "demand", or "time" where stations have to be open."""
    notes: tuple[str, ...]
    """What a reader should know."""

    @property
    def in_words(self) -> str:
        """The interval of the headline; '' where there is none."""
        return report.interval_text(self.intervals, rate=self.rate, level=self.level)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Certainty:
    """How sure rates are, and how near demand is to what nobody knows."""

    uncertain: Uncertain | None
    """How sure the rates are; None where the study does not ask."""
    near_edge: pd.DataFrame | None
    """What `coverage.near_edge_share` gives; None where nothing says where the data ends."""
    cutoff: str
    """How far the edge of the data speaks, in words."""
    items: tuple[Item, ...]
    """What demand may ask for."""

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
            rate="demand" if sure is None else sure.rate, items=self.items,
        )  # fmt: skip
        files = {} if sure is None else {"intervals.parquet": as_parquet(sure.intervals)}
        return Told(chapters=(chapter,), files=files)


def find_certainty(given: Given, rates: pd.DataFrame) -> Certainty:
    """Say how sure rates are, where the study asks, and how much demand lies near where the data ends."""
    asked = coverage.find_items(given.study.coverage.items, catalogue=given.inputs.catalogue)
    return Certainty(
        uncertain=_find_uncertain(given, rates),
        near_edge=_find_near_edge(given),
        cutoff=given.study.reach.in_words,
        items=asked,
    )


def _find_uncertain(gathered: Given, rates: pd.DataFrame) -> Uncertain | None:
    """Draw couriers and days anew, and look into cells; None where the study does not ask."""
    study, inputs, demanded, places = gathered.study, gathered.inputs, gathered.demanded, gathered.places
    reached = gathered.reached
    asked = study.uncertainty
    if asked is None:
        return None
    given: dict[str, Any] = {
        "stations": places.every, "zones": demanded.zones, "standard": gathered.standard,
        "catalogue": inputs.catalogue,
    }  # fmt: skip
    resolution = study.resolution + (_FINER_STRAIGHT if inputs.network is None else _FINER_STREETS)
    finer = reach_places(
        study.model_copy(update={"resolution": min(resolution, _FINEST)}), inputs.network, places.counted,
        access=places.access,
    )  # fmt: skip
    cells = coverage.discretisation_error(
        demanded.table, reached, finer=finer, weight=study.demand_weight,
        offers=gathered.offers, **given,
    )  # fmt: skip
    standard = gathered.standard
    rate = "time" if standard is not None and standard.open_then else "demand"
    drawn = _drawn(study, demanded, standard)
    intervals, notes = pd.DataFrame(), _NOBODY
    if drawn is not None:
        found = coverage.rate_intervals(
            drawn, reached, level=asked.level, offers=gathered.offering.offers, others=rates,
            **_items(gathered), **given,
        )  # fmt: skip
        intervals, notes = told_of(study, found, rate)
    return Uncertain(
        intervals=intervals, discretisation=cells, level=asked.level, notes=notes,
        rate=rate,
    )  # fmt: skip


def _items(gathered: Given) -> dict[str, Any]:
    """Ask for the same services, needs and profiles as the study, with the same weights."""
    asked, inputs, offers = gathered.study.coverage, gathered.inputs, gathered.offering.offers
    if inputs.services is None or offers is None:
        return {}
    weights = stations.need_weights(bins=offers.bins, catalogue=inputs.catalogue) if asked.weigh_needs else None
    return {"items": coverage.find_items(asked.items, catalogue=inputs.catalogue), "need_weights": weights}


def _drawn(study: Study, demanded: Demanded, standard: Standard | None) -> pd.DataFrame | None:
    """Read couriers' demand out with replicates of every source; None where there are no couriers."""
    asked, aggregate = study.uncertainty, demanded.aggregate
    if asked is None or aggregate is None:
        return None
    by = () if demanded.by_purpose is None else ("purpose",)
    read: dict[str, Any] = {"expansion": study.demand.expansion or None, "by": by}
    days: Callable[..., pd.DataFrame] = partial(
        demand.day_replicates, n_replicates=asked.replicates, seed=asked.seed, **read
    )
    kept = aggregate.replicates.shape[1]
    once = dataclasses.replace(aggregate, replicates=aggregate.replicates[:, :0])
    parts = [days(once)]
    if kept:
        parts.append(_only(demand.read_out(aggregate, **read), "couriers"))
    if kept >= asked.replicates:
        parts.append(_only(days(aggregate, with_couriers=True), "couriers and days"))
    table = pd.concat(parts, axis=1)
    if standard is not None and standard.group:
        table = pd.concat([table, pd.Series(standard.group, index=table.index, name="group", dtype="str")], axis=1)
    return table if study.zones else table.assign(zone_id=demanded.zones["zone_id"].iloc[0])


def _only(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """Keep the replicates of one source; rows are in the order of their key, the same for all."""
    return table[demand.replicates_of(table)[source]]


def told_of(study: Study, found: pd.DataFrame, rate: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep the intervals that may be told: of all places, and of rates on either side of which are enough couriers."""
    if is_exempt(study):
        return found, ()
    whole = found[found["level"] == "all"]
    of_couriers = whole[whole["source"] == "couriers"]
    few = of_couriers.loc[~(of_couriers["n_fewest"] >= study.privacy.k), "rate"]
    # Without replicates of couriers nobody knows how many there are: only the headline is told.
    secret = set(few) if len(of_couriers) else set(whole["rate"]) - {rate}
    told = whole[~whole["rate"].isin(secret) | (whole["source"] == "")].reset_index(drop=True)
    notes = ["intervals are told of all places together alone: those of single zones would speak of few couriers"]
    if hidden := sorted(secret & set(whole.loc[whole["source"] != "", "rate"])):
        notes.append(
            f"the intervals of {len(hidden):,} rates are not told, because they may speak of fewer than "
            f"{study.privacy.k:,} couriers: {first_few(hidden)}"
        )
    return told, tuple(notes)


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
