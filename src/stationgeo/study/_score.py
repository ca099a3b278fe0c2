"""Scoring as a study asks: by its standard, with what its stations offer, in the hours that may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import coverage
from stationgeo.demand import WEIGHTS
from stationgeo.schema import WEEK_BIN

if TYPE_CHECKING:
    from stationgeo.coverage import Coverage
    from stationgeo.demand import Release
    from stationgeo.study._given import Given

__all__ = ["SAME_HOURS", "score", "with_hours"]


SAME_HOURS = (
    "hours of single places are not told: what is scored by the hour takes every place to have the hours of all places "
    "together"
)


def score(given: Given) -> Coverage:
    """Score the tables of a study as it asks."""
    timed = given.standard is not None and given.standard.open_then
    return coverage.score(
        given.hourly if timed else given.demanded.table, given.reached, stations=given.places.every,
        zones=given.demanded.zones, weight=given.study.demand_weight, pieces=given.pieces, standard=given.standard,
        offers=given.offers, catalogue=given.inputs.catalogue,
    )  # fmt: skip


def with_hours(table: pd.DataFrame, release: Release | None) -> pd.DataFrame:
    """Give demand of an average week the hours that all places together have, where these may be told."""
    if release is None or release.hours.empty or not (table["bin"] == WEEK_BIN).any():
        return table
    hours = release.hours
    weekly = table["bin"].to_numpy() == WEEK_BIN
    untold = table[weekly]
    n, n_hours = len(untold), len(hours)
    spread = untold.iloc[np.repeat(np.arange(n), n_hours)].assign(bin=np.tile(hours["bin"].to_numpy(), n))
    for name in WEIGHTS:
        share = hours[f"{name}_share"].to_numpy(dtype=np.float64)
        total = share.sum()
        share = share / total if total > 0 else np.full(n_hours, 1.0 / n_hours)
        spread[name] = spread[name].to_numpy() * np.tile(share, n)
    added = pd.concat([table[~weekly], spread], ignore_index=True)
    ordered: pd.DataFrame = added.sort_values(["cell", "zone_id", "bin"], kind="stable", ignore_index=True)
    return ordered
