"""Visits that Huff's shares make likely, as a function of the parameter of a decay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from stationgeo.supply._pairs import pair_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.reach import Decay
    from stationgeo.schema import FloatArray
    from stationgeo.supply._pairs import Codes, Pairs, Wanted

__all__ = ["ChoiceModel", "Seen", "dispersion_of", "expected_visits", "explained", "log_likelihood"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was observed and can be explained, one row each."""

    station: Codes
    bin_at: Codes
    visits: FloatArray
    table: pd.DataFrame
    unexplained: float


class ChoiceModel:
    """Huff's expected visits as a function of the parameter; the pattern of the sums is laid out once."""

    def __init__(self, pairs: Pairs, wanted: Wanted, attraction: FloatArray, make: Callable[[float], Decay]) -> None:
        order = np.lexsort((pairs.cell, pairs.station))
        self.cell, station = pairs.cell[order], pairs.station[order]
        self.impedance, self.drawn = pairs.impedance[order], attraction[station]
        first = np.zeros(attraction.size + 1, dtype=np.int64)
        np.cumsum(np.bincount(station, minlength=attraction.size), out=first[1:])
        self.first, self.demand, self.make, self.column = first, wanted.amount, make, pairs.column

    def load(self, parameter: float) -> FloatArray:
        """Demand that goes to each station, (stations, bins)."""
        n_cells = self.demand.shape[1]
        worth = self.drawn * pair_weights(self.impedance, self.make(parameter), column=self.column)
        total = np.bincount(self.cell, weights=worth, minlength=n_cells)[self.cell]
        share = np.divide(worth, total, out=np.zeros(worth.size), where=total > 0)
        matrix = sparse.csr_matrix((share, self.cell, self.first), shape=(self.first.size - 1, n_cells))
        return np.asarray(matrix @ self.demand.T)

    def possible(self) -> FloatArray:
        """Demand in reach of each station, (stations, bins)."""
        matrix = sparse.csr_matrix(
            ((self.drawn > 0).astype(np.float64), self.cell, self.first),
            shape=(self.first.size - 1, self.demand.shape[1]),
        )
        return np.asarray(matrix @ self.demand.T)


def explained(seen: pd.DataFrame, wanted: Wanted, station_id: Any, possible: FloatArray) -> Seen:  # noqa: ANN401
    """Keep what was observed at stations with demand in reach."""
    station = pd.Index(station_id).get_indexer(pd.Index(seen["station_id"]))
    when = np.zeros(len(seen), dtype=np.int64)
    if "bin" in seen.columns:
        when = pd.Index(wanted.bins).get_indexer(pd.Index(seen["bin"]))
    known = (station >= 0) & (when >= 0)
    known[known] = possible[station[known], when[known]] > 0
    visits = seen["visits"].to_numpy(dtype=np.float64)
    return Seen(
        station=station[known], bin_at=when[known], visits=visits[known],
        table=seen[known].rename(columns={"visits": "observed"}).reset_index(drop=True),
        unexplained=float(visits[~known].sum()),
    )  # fmt: skip


def expected_visits(model: ChoiceModel, seen: Seen, parameter: float) -> FloatArray:
    """Visits expected of each row, given those of its bin."""
    load = model.load(parameter)[seen.station, seen.bin_at]
    of_bin, came = (np.bincount(seen.bin_at, weights=values)[seen.bin_at] for values in (load, seen.visits))
    return np.divide(load * came, of_bin, out=np.zeros(load.size), where=of_bin > 0)


def log_likelihood(model: ChoiceModel, seen: Seen, parameter: float) -> float:
    some = seen.visits > 0
    expected = expected_visits(model, seen, parameter)[some]
    if (expected <= 0).any():
        return -np.inf
    return float((seen.visits[some] * np.log(expected / seen.visits[some])).sum())


def dispersion_of(model: ChoiceModel, seen: Seen, value: float) -> float:
    expected = expected_visits(model, seen, value)
    some = expected > 0
    free = int(some.sum()) - np.unique(seen.bin_at[some]).size - 1
    if free <= 0:
        return float("nan")
    return float(((seen.visits[some] - expected[some]) ** 2 / expected[some]).sum() / free)
