"""What targets are held against beside stations: ways to the nearest, and workers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo.errors import ColumnError, DataError, ParameterError, first_few

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["WAYS", "Nearest", "Workers"]

WAYS = ("nearest_m", "nearest_s")
"""Columns that may tell the way to the nearest station."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """How far it is from demand or area to the nearest station, on whichever side of a border that stands."""

    table: pd.DataFrame
    """`zone_id` (of the lowest level, '' outside), `nearest_m` or `nearest_s` (nan: none within the cutoff), `demand`
    or `area_m2` or both; rows may repeat. `ways_to_nearest` makes it."""
    cutoff: float
    """The largest way that was searched, in metres or seconds as the table's."""
    mode: str
    """How the way is made: "walk", "ebike", "straight line"."""
    demand_is: str
    """What the column `demand` counts: "courier-hours of rest a week"."""

    def __post_init__(self) -> None:
        """Insist on columns, and on a cutoff."""
        has = [str(name) for name in self.table.columns]
        if "zone_id" not in has or not set(WAYS) & set(has) or not {"demand", "area_m2"} & set(has):
            raise ColumnError(
                f"nearest must have zone_id, nearest_m or nearest_s, and demand or area_m2. Got {first_few(has)}."
            )
        if not (math.isfinite(self.cutoff) and self.cutoff > 0):
            raise ParameterError(f"cutoff must be a finite number above 0. Got {self.cutoff!r}.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workers:
    """How many workers each unit has."""

    table: pd.DataFrame
    """Key `zone_id`, of any level ("all" for the whole area); `workers`, 0 or more."""
    denominator: str
    """Which workers: "couriers who rest there in an observed week", "registered delivery workers"."""
    least: float
    """Units with fewer workers are hidden: a ratio of few is noise, and tells of persons."""

    def __post_init__(self) -> None:
        """Insist on columns, a name, and numbers."""
        missing = [name for name in ("zone_id", "workers") if name not in self.table.columns]
        if missing:
            raise ColumnError(f"workers: column {missing[0]!r} is missing.")
        if not self.denominator.strip() or not self.least > 0:
            raise ParameterError("workers must say which workers they are, and the least that is shown, above 0.")
        wrong = ~(self.table["workers"] >= 0) | self.table["zone_id"].duplicated()
        if wrong.any():
            raise DataError(
                f"workers must be 0 or more, one row per zone; {int(wrong.sum()):,} of {len(wrong):,} rows are not: "
                f"{first_few(self.table.loc[wrong, 'zone_id'].tolist())}."
            )
