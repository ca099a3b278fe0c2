"""Coverage of a study that is more than yes or no: by decay, by a second station, by how much of a profile there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from stationgeo import coverage, reach, report, stations
from stationgeo.errors import ParameterError, StudyError
from stationgeo.study._measure import Told, as_parquet

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage, PartialCoverage
    from stationgeo.reach import Decay
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study

__all__ = ["Partial", "ask_partial"]

_PROFILE = "six_abilities"
_THRESHOLD = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partial:
    """Coverage that is more than yes or no."""

    found: tuple[PartialCoverage, ...]
    """Gradual, cooperative and backup coverage, and the completeness of a profile."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell the rates of all zones together, and write those of each."""
        return Told(
            chapters=(report.partial_chapter(self.found, scored.zones, scored.unit),),
            files={"partial.parquet": as_parquet(pd.concat([one.rates for one in self.found], ignore_index=True))},
            manifest={"partial": {one.measure: one.headline for one in self.found}},
        )


def ask_partial(given: Given) -> Partial | None:
    """Tell gradual, cooperative and backup coverage and the completeness of a profile; None where nobody asks.

    Raises
    ------
    StudyError
        If a decay does not fit the cutoff, a profile is unknown, or is asked for and no service is told of.
    """
    study, inputs, demanded, places = given.study, given.inputs, given.demanded, given.places
    reached, standard = given.reached, given.standard
    asked = study.partial
    if asked is None:
        return None
    signal = None if asked.cooperate == "chance" else asked.threshold or _THRESHOLD
    try:
        decay = _decay(study)
        far = [
            coverage.gradual(
                demanded.table, reached, stations=places.every, zones=demanded.zones, weight=study.demand_weight,
                decay=decay, standard=standard, catalogue=inputs.catalogue,
            ),
            coverage.cooperative(
                demanded.table, reached, stations=places.every, zones=demanded.zones, weight=study.demand_weight,
                decay=decay, rule=asked.cooperate, threshold=signal, standard=standard, catalogue=inputs.catalogue,
            ),
            coverage.backup(
                demanded.table, reached, stations=places.every, zones=demanded.zones, weight=study.demand_weight,
                n=asked.backup, by_premises=asked.by_premises and "premises_id" in places.every, standard=standard,
                catalogue=inputs.catalogue,
            ),
        ]  # fmt: skip
        whole = _complete(given)
    except ParameterError as error:
        raise StudyError(f"{study.name}: partial: {error}") from error
    return Partial(found=(*far, *whole))


def _decay(study: Study) -> Decay:
    """Make the decay of the study, that ends at the cutoff of its reach."""
    asked, way = study.partial.decay if study.partial else None, study.reach
    cutoff = way.cutoff_s if way.cutoff_s is not None else way.cutoff_m or 0.0
    if asked is None or asked.name == "linear":
        return reach.linear(cutoff=cutoff, full_to=0.0 if asked is None else asked.full_to or 0.0)
    if asked.name == "exponential":
        return reach.exponential(scale=asked.scale or 0.0, cutoff=cutoff)
    if asked.name == "logistic":
        return reach.logistic(midpoint=asked.midpoint or 0.0, spread=asked.spread or 0.0, cutoff=cutoff)
    return reach.gaussian(cutoff=cutoff) if asked.name == "gaussian" else reach.step(cutoff=cutoff)


def _complete(given: Given) -> tuple[PartialCoverage, ...]:
    """Tell how much of the profile is in reach; nothing where the study does not tell of services and names none."""
    study, inputs, offering = given.study, given.inputs, given.offering
    asked = study.partial
    name = None if asked is None else asked.profile
    if asked is None or inputs.services is None or offering.offers is None:
        if name is not None:
            raise StudyError(f"{study.name}: partial.profile: name the file that tells of services by [services].")
        return ()
    if name is None and _PROFILE not in set(stations.profiles(catalogue=inputs.catalogue)["profile"]):
        return ()
    (item,) = coverage.find_items([f"profile:{name or _PROFILE}"], catalogue=inputs.catalogue)
    timed = offering.hours is not None
    found = coverage.completeness(
        given.hourly if timed else given.demanded.table, given.reached, stations=given.places.every,
        zones=given.demanded.zones, weight=study.demand_weight, offers=offering.offers, services=item.clauses,
        together=asked.together, standard=given.standard, catalogue=inputs.catalogue,
    )  # fmt: skip
    return (found,)
