"""Coverage of a study that is more than yes or no: by decay, by a second station, by how much of a profile there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import coverage, reach, stations
from stationgeo.errors import ParameterError, StudyError
from stationgeo.study._score import with_hours

if TYPE_CHECKING:
    from stationgeo.coverage import PartialCoverage, Standard
    from stationgeo.reach import Decay, TravelReach
    from stationgeo.study._demand import Demanded
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering

__all__ = ["ask_partial", "partial_hours", "partial_rates"]

_PROFILE = "six_abilities"
_THRESHOLD = 1.0


def ask_partial(
    study: Study, inputs: Inputs, demanded: Demanded, places: Places, reached: pd.DataFrame | TravelReach,
    offering: Offering, standard: Standard | None,
) -> tuple[PartialCoverage, ...]:  # fmt: skip
    """Tell gradual, cooperative and backup coverage and the completeness of a profile; nothing where nobody asks.

    Raises
    ------
    StudyError
        If a decay does not fit the cutoff, a profile is unknown, or is asked for and no service is told of.
    """
    asked = study.partial
    if asked is None:
        return ()
    signal = None if asked.cooperate == "chance" else asked.threshold or _THRESHOLD
    timed = standard is not None and standard.open_then
    given: dict[str, Any] = {
        "demand": with_hours(demanded.table, demanded.release) if timed else demanded.table, "reach": reached,
        "stations": places.every, "zones": demanded.zones, "weight": study.demand_weight, "standard": standard,
        "offers": None if standard is None else offering.offers, "catalogue": inputs.catalogue,
    }  # fmt: skip
    by_premises = asked.by_premises and "premises_id" in places.every
    try:
        decay = _decay(study)
        far = [
            coverage.gradual(**given, decay=decay),
            coverage.cooperative(**given, decay=decay, rule=asked.cooperate, threshold=signal),
            coverage.backup(**given, n=asked.backup, by_premises=by_premises),
        ]
        whole = _complete(study, inputs, demanded, places, reached, offering, standard)
    except ParameterError as error:
        raise StudyError(f"{study.name}: partial: {error}") from error
    return (*far, *whole)


def _decay(study: Study) -> Decay:
    """Make the decay of the study, that ends at the cutoff of its reach unless it states another."""
    cutoff = study.reach.cutoff
    return reach.linear(cutoff=cutoff) if study.partial is None else study.partial.decay.build(cutoff=cutoff)


def _complete(
    study: Study, inputs: Inputs, demanded: Demanded, places: Places, reached: pd.DataFrame | TravelReach,
    offering: Offering, standard: Standard | None,
) -> tuple[PartialCoverage, ...]:  # fmt: skip
    """Tell how much of the profile is in reach; nothing where the study does not tell of services and names none."""
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
        with_hours(demanded.table, demanded.release) if timed else demanded.table, reached, stations=places.every,
        zones=demanded.zones, weight=study.demand_weight, offers=offering.offers, services=item.clauses,
        together=asked.together, standard=standard, catalogue=inputs.catalogue,
    )  # fmt: skip
    return (found,)


def partial_rates(found: tuple[PartialCoverage, ...]) -> pd.DataFrame:
    """Put the rates of all measures under each other."""
    return pd.concat([one.rates for one in found], ignore_index=True)


def partial_hours(found: tuple[PartialCoverage, ...]) -> pd.DataFrame:
    """Put their rates by bin under each other; no rows where nothing is told by the hour."""
    table = pd.concat([one.bins for one in found], ignore_index=True)
    by_hour: pd.DataFrame = table[table.groupby("rate")["bin"].transform("max") >= 0].reset_index(drop=True)
    return by_hour
