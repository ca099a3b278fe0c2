"""How unevenly a study's coverage is spread: over units of a level, over cells, between zones and shifts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import cells, equity, report, schema, zones
from stationgeo.errors import StudyError, suggest
from stationgeo.study._measure import Told, as_parquet, records
from stationgeo.study._score import score, with_hours

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage
    from stationgeo.equity import Equity
    from stationgeo.schema import FloatArray
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study

__all__ = ["Evenness", "weigh_equity"]

_S_PER_MIN = 60.0
_SHIFT = "shift"
_NO_SHIFT = "no shift"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evenness:
    """How unevenly one variable is spread."""

    equity: Equity
    """The measures, who drives them, and how much lies between and within."""
    slices: pd.DataFrame
    """The measures of each shift by itself, key (`by`, `measure`); no rows where shifts are not asked for."""
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


class _Asking(NamedTuple):
    given: Given
    scored: Coverage
    tree: pd.DataFrame
    level: str
    shifted: bool


class _Units(NamedTuple):
    value: FloatArray
    weight: FloatArray
    level: str
    variable: str
    unit: str
    ids: pd.Series[str]
    groups: pd.DataFrame


def weigh_equity(given: Given, scored: Coverage) -> Evenness | None:
    """Measure how unevenly the study's variable is spread; None where there are no zones, and nobody asks.

    Raises
    ------
    StudyError
        If [equity] names levels that the study has not.
    """
    study, demanded, asked = given.study, given.demanded, given.study.equity
    if given.inputs.zones is None and not asked.model_fields_set:
        return None
    tree = zones.ancestors(demanded.zones)
    levels = [str(name) for name in tree.columns]
    level = asked.level or levels[0]
    _check_known(study, "level", [level], levels)
    nearest = asked.variable == "nearest"
    # A unit of a level lies in nothing of its own level; a cell does.
    within = levels[levels.index(level) + (0 if nearest else 1) :]
    by = list(within if asked.by is None else asked.by)
    _check_known(study, "by", by, [*within, _SHIFT])
    asking = _Asking(given, scored, tree, level, _SHIFT in by)
    units = _of_cells(asking) if nearest else _of_zones(asking)
    return _weighed(study, units, scored, by, pd.DataFrame(demanded.zones[["level", "zone_id", "name"]]))


def _check_known(study: Study, key: str, words: list[str], known: list[str]) -> None:
    wrong = [word for word in words if word not in known]
    if wrong:
        raise StudyError(
            f"{study.name}: equity.{key}: {wrong[0]!r} is not among what units here lie in; {suggest(wrong[0], known)}"
        )


def _weighed(study: Study, units: _Units, scored: Coverage, by: list[str], names: pd.DataFrame) -> Evenness:
    nearest = study.equity.variable == "nearest"
    view: Literal["attainment", "shortfall"] = study.equity.view or ("shortfall" if nearest else "attainment")
    worst, best = (_cutoff(study), 0.0) if nearest else (0.0, 1.0)
    options: dict[str, Any] = {
        "variable": units.variable, "unit": units.unit, "better": "lower" if nearest else "higher", "view": view,
        "reference": worst if view == "attainment" else best, "weighted_by": scored.unit.en, "zeros": "limit",
    }  # fmt: skip
    weight = units.weight / scored.unit.size
    found = equity.measure(
        units.value, weight, ids=units.ids, groups={name: units.groups[name] for name in by}, **options
    )
    slices = pd.DataFrame()
    if _SHIFT in by:
        slices = equity.measure_each(units.value, weight, by=units.groups[_SHIFT], **options)
    return Evenness(equity=found, slices=slices, names=names, level=units.level)


def _of_zones(asking: _Asking) -> _Units:
    level = asking.level
    parts = [("", asking.scored)]
    if asking.shifted:
        table = asking.given.hourly
        shift = _shifts(asking.given.study, table["bin"])
        parts = [(name, _score_these(asking.given, table[shift == name])) for name in sorted(set(shift))]
    rows = pd.concat([_rates_of(part, level).assign(shift=name) for name, part in parts], ignore_index=True)
    parents = asking.tree.drop_duplicates(level).set_index(level, drop=False).reindex(rows["zone_id"])
    return _Units(
        value=rows["covered_share"].to_numpy(),
        weight=rows["demand"].to_numpy(),
        level=level,
        variable=f"covered share of each {level}",
        unit="share",
        ids=rows["zone_id"] + ("/" + rows["shift"] if asking.shifted else ""),
        groups=parents.reset_index(drop=True).assign(shift=rows["shift"]),
    )


def _score_these(given: Given, table: pd.DataFrame) -> Coverage:
    """Score other demand than the study's own, all else as the study asks."""
    return score(replace(given, demanded=replace(given.demanded, table=table, release=None)))


def _rates_of(scored: Coverage, level: str) -> pd.DataFrame:
    own = scored.zones[(scored.zones["level"] == level) & (scored.zones["zone_id"] != schema.OUTSIDE)]
    return pd.DataFrame(own[["zone_id", "demand", "covered_share"]])


def _of_cells(asking: _Asking) -> _Units:
    timed = "nearest_s" in asking.scored.cells
    way = asking.scored.cells.set_index("cell")["nearest_s" if timed else "nearest_m"]
    study, demanded = asking.given.study, asking.given.demanded
    table = with_hours(demanded.inside, demanded.release) if asking.shifted else demanded.inside
    table = table.assign(shift=_shifts(study, table["bin"]) if asking.shifted else "")
    weight = study.demand_weight
    rows = table.groupby(["cell", "zone_id", "shift"], as_index=False, sort=True)[[weight]].sum()
    # A cell on a border is a unit in each zone, with the demand that it has there.
    ids = pd.Series(cells.to_text(rows["cell"].to_numpy()), index=rows.index).astype("str") + "/" + rows["zone_id"]
    return _Units(
        value=way.reindex(rows["cell"]).fillna(np.inf).to_numpy() / (_S_PER_MIN if timed else 1.0),
        weight=rows[weight].to_numpy(),
        level=asking.level,
        variable="way to the nearest station",
        unit="min" if timed else "m",
        ids=ids + ("/" + rows["shift"] if asking.shifted else ""),
        groups=asking.tree.reindex(rows["zone_id"]).reset_index(drop=True).assign(shift=rows["shift"]),
    )


def _cutoff(study: Study) -> float:
    """Give the longest way that was looked for, in the variable's unit."""
    asked = study.reach
    return float(asked.cutoff_m or 0.0) if asked.cutoff_s is None else asked.cutoff_s / _S_PER_MIN


def _shifts(study: Study, bins: pd.Series[int]) -> pd.Series[str]:
    named = equity.shift_of(bins, shifts=study.equity.shifts)
    return pd.Series(np.where(named == "", _NO_SHIFT, named), index=bins.index, dtype="str")
