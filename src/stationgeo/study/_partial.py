"""Coverage of a study that is more than yes or no: by decay, by a second station, by how much of a profile there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import coverage, reach, report, stations
from stationgeo.errors import ParameterError, StudyError
from stationgeo.study._measure import Told, as_parquet

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage, PartialCoverage, Standard
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
        hours = pd.concat([one.bins for one in self.found], ignore_index=True)
        hours = hours[hours.groupby("rate")["bin"].transform("max") >= 0].reset_index(drop=True)
        return Told(
            chapters=(report.partial_chapter(self.found, scored.zones, scored.unit),),
            files={
                "partial.parquet": as_parquet(pd.concat([one.rates for one in self.found], ignore_index=True)),
                **({"partial_by_hour.parquet": as_parquet(hours)} if len(hours) else {}),
            },
            manifest={"partial": {one.measure: one.headline for one in self.found}},
        )


def ask_partial(given: Given) -> Partial | None:
    """Tell gradual, cooperative and backup coverage and the completeness of a profile; None where nobody asks.

    Raises
    ------
    StudyError
        If a decay does not fit the cutoff, a profile is unknown, or is asked for and no service is told of.
    """
    study, places = given.study, given.places
    asked = study.partial
    if asked is None:
        return None
    signal = None if asked.cooperate == "chance" else asked.threshold or _THRESHOLD
    asking: dict[str, Any] = {
        "demand": given.scorable, "reach": given.reached, "stations": places.every, "zones": given.demanded.zones,
        "weight": study.demand_weight, "standard": given.standard, "offers": given.offers,
        "catalogue": given.inputs.catalogue,
    }  # fmt: skip
    by_premises = asked.by_premises and "premises_id" in places.every
    try:
        decay = _decay(study, given.standard)
        far = [
            coverage.gradual(**asking, decay=decay),
            coverage.cooperative(**asking, decay=decay, rule=asked.cooperate, threshold=signal),
            coverage.backup(**asking, n=asked.backup, by_premises=by_premises),
        ]
        whole = _complete(given)
    except ParameterError as error:
        raise StudyError(f"{study.name}: partial: {error}") from error
    return Partial(found=(*far, *whole))


def _decay(study: Study, standard: Standard | None) -> Decay:
    """Make the decay that the study names, else that of its standard, else a linear one that ends with the reach."""
    asked, cutoff = study.partial, study.reach.cutoff
    if asked is not None and "decay" in asked.model_fields_set:
        return asked.decay.build(cutoff=cutoff)
    of_standard = None if standard is None else standard.make_decay()
    return of_standard or reach.linear(cutoff=cutoff)


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
