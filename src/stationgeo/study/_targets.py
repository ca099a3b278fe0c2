"""What rules and plans ask for, held against the stations of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo import coverage, report, stations
from stationgeo.errors import StationgeoError, StudyError, suggest
from stationgeo.study._measure import Told, as_parquet, records

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage, Nearest, Target, TargetCheck
    from stationgeo.stations import Catalogue
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study

__all__ = ["Targets", "hold_targets"]

_STRAIGHT = "straight line"
_WEIGHT = {"courier_s": "seconds of rest", "visits": "visits", "courier_weight": "worker-equivalents"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """Which units meet what rules and plans ask for."""

    found: TargetCheck
    """What `coverage.check_targets` gives."""
    catalogue: Catalogue | None
    """Of kinds, for their names; None for the shipped one."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell which targets are met, and write what each unit has."""
        premises = stations.count_premises(scored.stations, catalogue=self.catalogue)
        return Told(
            chapters=(report.targets_chapter(self.found, premises),),
            files={"targets.parquet": as_parquet(self.found.units)},
            manifest={"targets": records(self.found.summary)},
        )


def hold_targets(given: Given, scored: Coverage) -> Targets | None:
    """Hold the study's targets against its stations; None where it names none.

    Raises
    ------
    StudyError
        If there is no such target, or it asks for levels, zones or workers that the study has not.
    """
    study, inputs = given.study, given.inputs
    asked = study.targets
    if asked is None:
        return None
    workers = None
    try:
        targets = _named(study)
        if asked.workers is not None and inputs.workers is not None:
            workers = coverage.Workers(
                table=inputs.workers, denominator=asked.workers.denominator, least=asked.workers.least
            )
        found = coverage.check_targets(
            given.places.every, given.demanded.zones, targets=targets, nearest=_nearest(given, scored),
            workers=workers, hours=given.offering.hours, where=asked.where, catalogue=inputs.catalogue,
        )  # fmt: skip
    except StationgeoError as error:
        raise StudyError(f"{study.name}: targets: {error}") from error
    return Targets(found=found, catalogue=given.inputs.catalogue)


def _named(study: Study) -> list[Target]:
    """Find the targets that ship, and read those of the study's own."""
    asked = study.targets
    shipped = coverage.targets()
    found = []
    for name in () if asked is None else asked.names:
        if name not in shipped:
            raise StudyError(f"there is no target {name!r} that ships; {suggest(name, shipped)}")
        found.append(shipped[name])
    for path in () if asked is None else asked.paths:
        found += coverage.read_targets(study.resolve(path)).values()
    return found


def _nearest(given: Given, scored: Coverage) -> Nearest:
    """Take the ways to the nearest station from what was scored."""
    asked = given.study
    return coverage.ways_to_nearest(
        given.demanded.inside, scored, pieces=given.pieces, cutoff=asked.reach.cutoff,
        mode=asked.reach.mode or _STRAIGHT, demand_is=_WEIGHT[asked.demand_weight],
    )  # fmt: skip
