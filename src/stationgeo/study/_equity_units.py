"""Units of equity: zones or cells, in each shift and group of workers, with what each has and its demand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import cells, equity, schema
from stationgeo.study._demand import demand_by_group
from stationgeo.study._score import score, with_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.coverage import Coverage
    from stationgeo.schema import FloatArray
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study
    from stationgeo.study._supply import Supplied

__all__ = ["GROUP", "SHIFT", "Asking", "Scale", "Units", "units_of"]

SHIFT, GROUP = "shift", "group"

_S_PER_MIN = 60.0
# What a row of demand is sliced by: columns of its own, for demand may have a column `group` that a standard looks at.
_SLICES = ["in_shift", "in_group"]
_NAMELESS = {"in_shift": "no shift", "in_group": "no group"}


class Scale(NamedTuple):
    """What is measured, and from where."""

    variable: str
    unit: str
    better: Literal["higher", "lower"]
    view: Literal["attainment", "shortfall"]
    reference: float
    """The worst there is for attainment, the best for shortfall."""


class Units(NamedTuple):
    """Those over whom something is spread."""

    value: FloatArray
    weight: FloatArray
    """Demand."""
    ids: pd.Series[str]
    groups: pd.DataFrame
    """A row for each: what it lies in."""
    scale: Scale


class Asking(NamedTuple):
    """What a study asks of equity, beside what it was given."""

    given: Given
    scored: Coverage
    supplied: Supplied | None
    tree: pd.DataFrame
    """What `zones.ancestors` gives."""
    level: str
    shifted: bool
    grouped: bool

    @property
    def sliced(self) -> bool:
        """Whether demand is looked at by shift or group."""
        return self.shifted or self.grouped


def units_of(asking: Asking) -> Units:
    """Make the units of what the study asks for."""
    variable = asking.given.study.equity.variable
    if variable == "access" and asking.supplied is not None:
        return _of_access(asking, asking.supplied)
    return _of_ways(asking) if variable == "nearest" else _of_rates(asking)


def _of_rates(asking: Asking) -> Units:
    """Give each zone its covered share, that of a slice scored by itself."""
    level, asked = asking.level, asking.given.study.equity
    rows = pd.concat([_rates_of(part, level).assign(**names) for names, part in _scored(asking)], ignore_index=True)
    view = asked.view or "attainment"
    worst, best = 0.0, 1.0
    return Units(
        value=rows["covered_share"].to_numpy(),
        weight=rows["demand"].to_numpy(),
        ids=_named(rows["zone_id"], rows, asking),
        groups=_lie_in(_parents(asking, rows["zone_id"]), rows),
        scale=Scale(f"covered share of each {level}", "share", "higher", view, worst if view == "attainment" else best),
    )


def _scored(asking: Asking) -> Iterator[tuple[dict[str, str], Coverage]]:
    if not asking.sliced:
        yield dict.fromkeys(_SLICES, ""), asking.scored
        return
    given = asking.given
    for names, table in _sliced(asking, _demand(asking)).groupby(_SLICES, sort=True):
        # A slice may have visits that take no time in it: there is nobody to score.
        if not _inside(table)[given.study.demand_weight].sum() > 0:
            continue
        demanded = replace(given.demanded, table=table.drop(columns=_SLICES), release=None)
        yield dict(zip(_SLICES, map(str, names), strict=True)), score(replace(given, demanded=demanded))


def _rates_of(scored: Coverage, level: str) -> pd.DataFrame:
    own = scored.zones[(scored.zones["level"] == level) & (scored.zones["zone_id"] != schema.OUTSIDE)]
    return pd.DataFrame(own[["zone_id", "demand", "covered_share"]])


def _of_ways(asking: Asking) -> Units:
    """Give each cell its way to the nearest station."""
    study = asking.given.study
    timed = "nearest_s" in asking.scored.cells
    way = asking.scored.cells.set_index("cell")["nearest_s" if timed else "nearest_m"]
    rows = _summed(_sliced(asking, _inside(_demand(asking))), ["cell", "zone_id"], study.demand_weight)
    # A way that is longer than the cutoff is not known: it is infinite.
    value = way.reindex(rows["cell"]).fillna(np.inf).to_numpy() / (_S_PER_MIN if timed else 1.0)
    view = study.equity.view or "shortfall"
    scale = Scale(
        "way to the nearest station", "min" if timed else "m", "lower", view,
        _cutoff(study) if view == "attainment" else 0.0,
    )  # fmt: skip
    return _of_cells(asking, rows, value, scale)


def _of_access(asking: Asking, supplied: Supplied) -> Units:
    """Give each cell or zone what it has of seats, weighted by its demand over the hours."""
    study = asking.given.study
    weight, zoned = study.demand_weight, study.equity.are_zones
    table = _with_scores(asking, supplied)
    if zoned:
        table = _inside(table.assign(zone_id=asking.tree[asking.level].reindex(table["zone_id"]).to_numpy()))
    rows = _summed(table, ["zone_id"] if zoned else ["cell", "zone_id"], weight, "had")
    value = (rows["had"] / rows[weight]).to_numpy()
    per = "worker at once" if supplied.timed else "unit of demand"
    scale = Scale("access to seats", f"seats for each {per}", "higher", "attainment", 0.0)
    if "cost" in supplied.shared:
        scale = Scale("cost of a seat", "1 (way / tau + workers a seat / rho)", "lower", "shortfall", 0.0)
    if not zoned:
        return _of_cells(asking, rows, value, scale)
    return Units(
        value=value,
        weight=rows[weight].to_numpy(),
        ids=_named(rows["zone_id"], rows, asking),
        groups=_lie_in(_parents(asking, rows["zone_id"]), rows),
        scale=scale,
    )


def _with_scores(asking: Asking, supplied: Supplied) -> pd.DataFrame:
    """Give each row of demand what its cell has in its hour, times the demand: `had`."""
    weight, shared = asking.given.study.demand_weight, supplied.shared
    table = _sliced(asking, _inside(_demand(asking)))
    table = table[(table[weight] > 0) & ((table["bin"] >= 0) | (not supplied.timed))]
    keys = [name for name in ("cell", "bin") if name in shared]
    score_is = "cost" if "cost" in shared else "access"
    table = table.merge(shared[[*keys, score_is]], on=keys, how="left")
    # Agents without a station in reach have no cost: theirs is beyond all that are known.
    scores = table[score_is].fillna(np.inf) if score_is == "cost" else table[score_is]
    return table.assign(had=scores * table[weight])


def _of_cells(asking: Asking, rows: pd.DataFrame, value: FloatArray, scale: Scale) -> Units:
    # A cell on a border is a unit in each zone, with the demand that it has there.
    ids = pd.Series(cells.to_text(rows["cell"].to_numpy()), index=rows.index).astype("str") + "/" + rows["zone_id"]
    return Units(
        value=value,
        weight=rows[asking.given.study.demand_weight].to_numpy(),
        ids=_named(ids, rows, asking),
        groups=_lie_in(asking.tree.reindex(rows["zone_id"]), rows),
        scale=scale,
    )


def _demand(asking: Asking) -> pd.DataFrame:
    """Take the demand that is asked about: of each group by itself, or by the hour, where these may be told."""
    given = asking.given
    if asking.grouped:
        return demand_by_group(given.study, given.inputs, given.demanded)
    hourly = asking.shifted or given.study.equity.variable == "access"
    return with_hours(given.demanded.table, given.demanded.release) if hourly else given.demanded.table


def _inside(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["zone_id"] != schema.OUTSIDE]


def _sliced(asking: Asking, table: pd.DataFrame) -> pd.DataFrame:
    """Name the shift and the group of each row; '' where they are not asked for."""
    shift = equity.shift_of(table["bin"], shifts=asking.given.study.equity.shifts) if asking.shifted else None
    found = {"in_shift": shift, "in_group": table[GROUP].to_numpy(dtype=object) if asking.grouped else None}
    return table.assign(
        **{
            name: "" if names is None else pd.Series(np.where(names == "", _NAMELESS[name], names), table.index, "str")
            for name, names in found.items()
        }
    )


def _summed(table: pd.DataFrame, keys: list[str], *amounts: str) -> pd.DataFrame:
    return table.groupby([*keys, *_SLICES], as_index=False, sort=True)[list(amounts)].sum()


def _named(ids: pd.Series[str], rows: pd.DataFrame, asking: Asking) -> pd.Series[str]:
    """Put the shift and the group of a unit behind its id, where they are asked for."""
    for name, wanted in zip(_SLICES, (asking.shifted, asking.grouped), strict=True):
        ids = ids + "/" + rows[name] if wanted else ids
    return ids


def _parents(asking: Asking, zone_ids: pd.Series[str]) -> pd.DataFrame:
    """Give zones of the level what they lie in."""
    return asking.tree.drop_duplicates(asking.level).set_index(asking.level, drop=False).reindex(zone_ids)


def _lie_in(parents: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    return parents.reset_index(drop=True).assign(**{SHIFT: rows["in_shift"], GROUP: rows["in_group"]})


def _cutoff(study: Study) -> float:
    """Give the longest way that was looked for, in the variable's unit."""
    asked = study.reach
    return float(asked.cutoff_m or 0.0) if asked.cutoff_s is None else asked.cutoff_s / _S_PER_MIN
