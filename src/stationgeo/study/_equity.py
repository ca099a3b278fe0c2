"""How unevenly what a study measures is spread: over units of a level, over cells, between zones, groups and shifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import equity, report, zones
from stationgeo.errors import StudyError, suggest
from stationgeo.study._equity_units import GROUP, SHIFT, Asking, Units, units_of
from stationgeo.study._measure import Told, as_parquet, records

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage
    from stationgeo.equity import Equity
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study
    from stationgeo.study._supply import Supplied

__all__ = ["Evenness", "weigh_equity"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evenness:
    """How unevenly one variable is spread."""

    equity: Equity
    """The measures, who drives them, and how much lies between and within."""
    slices: pd.DataFrame
    """The measures of each shift and each group of workers by itself, key (`sliced_by`, `by`, `measure`); no rows where
    neither is asked for."""
    names: pd.DataFrame
    """Key (`level`, `zone_id`); `name` of the zones that units and groups are called by."""
    level: str
    """The level of the units, or of the zones that the cells are told by."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell how uneven it is, and write what each unit adds to it."""
        del scored  # zones have their names here, too
        return Told(
            chapters=(report.equity_chapter(self.equity, self.slices, self.names, self.level),),
            files={"equity.parquet": as_parquet(self.equity.contributions)},
            manifest={"equity": records(self.equity.measures)},
        )


def weigh_equity(given: Given, scored: Coverage, supplied: Supplied | None) -> Evenness | None:
    """Measure how unevenly the study's variable is spread; None where nobody asks and there are no zones.

    It is None too where access is asked for and no station counts, so that there are no seats to have access to.

    Raises
    ------
    StudyError
        If [equity] names levels that the study has not, or asks for groups and no courier has one.
    """
    study, demanded, asked = given.study, given.demanded, given.study.equity
    if given.inputs.zones is None and not asked.model_fields_set:
        return None
    if asked.variable == "access" and supplied is None:
        return None
    tree = zones.ancestors(demanded.zones)
    levels = [str(name) for name in tree.columns]
    level = asked.level or levels[0]
    _check_known(study, "level", [level], levels)
    # A unit of a level lies in nothing of its own level; a cell does.
    within = levels[levels.index(level) + (1 if asked.are_zones else 0) :]
    by = list(within if asked.by is None else asked.by)
    _check_known(study, "by", by, [*within, SHIFT, GROUP])
    units = units_of(Asking(given, scored, supplied, tree, level, SHIFT in by, GROUP in by))
    return _weighed(units, scored, by, pd.DataFrame(demanded.zones[["level", "zone_id", "name"]]), level)


def _check_known(study: Study, key: str, words: list[str], known: list[str]) -> None:
    wrong = [word for word in words if word not in known]
    if wrong:
        raise StudyError(
            f"{study.name}: equity.{key}: {wrong[0]!r} is not among what units here lie in; {suggest(wrong[0], known)}"
        )


def _weighed(units: Units, scored: Coverage, by: list[str], names: pd.DataFrame, level: str) -> Evenness:
    scale = units.scale
    options: dict[str, Any] = {
        "variable": scale.variable, "unit": scale.unit, "better": scale.better, "view": scale.view,
        "reference": scale.reference, "weighted_by": scored.unit.en, "zeros": "limit",
    }  # fmt: skip
    weight = units.weight / scored.unit.size
    found = equity.measure(
        units.value, weight, ids=units.ids, groups={name: units.groups[name] for name in by}, **options
    )
    slices = {
        name: equity.measure_each(units.value, weight, by=units.groups[name], **options)
        for name in by
        if name in (SHIFT, GROUP)
    }
    table = pd.concat(slices, names=["sliced_by"]).reset_index("sliced_by") if slices else pd.DataFrame()
    return Evenness(equity=found, slices=table, names=names, level=level)
