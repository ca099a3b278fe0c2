"""What a study loses if stations close, one by one or the stations of one host together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo import coverage, report
from stationgeo.errors import ParameterError, StudyError, suggest
from stationgeo.study._measure import Told, as_parquet

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage, Criticality
    from stationgeo.stations import Catalogue
    from stationgeo.study._given import Given

__all__ = ["Closing", "ask_criticality"]

_DAYS, _HOURS = 7, 24
_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closing:
    """What closing stations loses."""

    found: Criticality
    """What `coverage.criticality` gives."""
    catalogue: Catalogue | None
    """Of kinds, for their names; None for the shipped one."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell of the stations without which most is lost."""
        found = self.found
        return Told(
            chapters=(report.criticality_chapter(found, scored.unit, catalogue=self.catalogue),),
            files={
                "criticality.parquet": as_parquet(found.stations),
                "criticality_zones.parquet": as_parquet(found.zones),
            },
            manifest={"criticality": found.headline},
        )


def ask_criticality(given: Given) -> Closing | None:
    """Tell what closing loses; None where the study does not ask.

    Raises
    ------
    StudyError
        If stations do not have the column by which they would close, or no station serves by itself.
    """
    study, places, standard = given.study, given.places, given.standard
    asked = study.criticality
    if asked is None:
        return None
    columns = [str(name) for name in places.every.columns if name != "geometry"]
    if asked.group_by is not None and asked.group_by not in columns:
        raise StudyError(
            f"{study.name}: criticality.group_by: stations have no column {asked.group_by!r}; name it by [stations] "
            f"columns, or another: {suggest(asked.group_by, columns)}"
        )
    table = given.scorable
    try:
        found = coverage.criticality(
            table, given.reached, stations=places.every, zones=given.demanded.zones, weight=study.demand_weight,
            offers=given.offers, group_by=asked.group_by,
            spans=_spans(asked.night_hours) if (table["bin"] >= 0).any() else None, standard=standard,
            catalogue=given.inputs.catalogue,
        )  # fmt: skip
    except ParameterError as error:
        raise StudyError(f"{study.name}: criticality: {error}") from error
    return Closing(found=found, catalogue=given.inputs.catalogue)


def _spans(night: tuple[int, int]) -> dict[str, list[int]]:
    """Name the hours of the week that are night, and those of its end."""
    first, last = night
    hours = range(first, last) if first < last else (*range(last), *range(first, _HOURS))
    return {
        "night": [day * _HOURS + hour for day in range(_DAYS) for hour in hours],
        "weekend": [day * _HOURS + hour for day in _WEEKEND for hour in range(_HOURS)],
    }
