"""What a study loses if stations close, one by one or the stations of one host together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import coverage
from stationgeo.errors import ParameterError, StudyError, suggest
from stationgeo.study._score import with_hours

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.coverage import Criticality, Standard
    from stationgeo.reach import TravelReach
    from stationgeo.study._demand import Demanded
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering

__all__ = ["ask_criticality"]

_DAYS, _HOURS = 7, 24
_WEEKEND = (5, 6)


def ask_criticality(
    study: Study, inputs: Inputs, demanded: Demanded, places: Places, reached: pd.DataFrame | TravelReach,
    offering: Offering, standard: Standard | None,
) -> Criticality | None:  # fmt: skip
    """Tell what closing loses; None where the study does not ask.

    Raises
    ------
    StudyError
        If stations do not have the column by which they would close, or no station serves by itself.
    """
    asked = study.criticality
    if asked is None:
        return None
    columns = [str(name) for name in places.every.columns if name != "geometry"]
    if asked.group_by is not None and asked.group_by not in columns:
        raise StudyError(
            f"{study.name}: criticality.group_by: stations have no column {asked.group_by!r}; name it by [stations] "
            f"columns, or another: {suggest(asked.group_by, columns)}"
        )
    timed = standard is not None and standard.open_then
    table = with_hours(demanded.table, demanded.release) if timed else demanded.table
    try:
        return coverage.criticality(
            table, reached, stations=places.every, zones=demanded.zones, weight=study.demand_weight,
            offers=None if standard is None else offering.offers, group_by=asked.group_by,
            spans=_spans(asked.night_hours) if (table["bin"] >= 0).any() else None, standard=standard,
            catalogue=inputs.catalogue,
        )  # fmt: skip
    except ParameterError as error:
        raise StudyError(f"{study.name}: criticality: {error}") from error


def _spans(night: tuple[int, int]) -> dict[str, list[int]]:
    """Name the hours of the week that are night, and those of its end."""
    first, last = night
    hours = range(first, last) if first < last else (*range(last), *range(first, _HOURS))
    return {
        "night": [day * _HOURS + hour for day in range(_DAYS) for hour in hours],
        "weekend": [day * _HOURS + hour for day in _WEEKEND for hour in range(_HOURS)],
    }
