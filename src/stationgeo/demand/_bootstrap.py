"""A Poisson bootstrap over couriers whose draws depend on the courier alone, so that parts draw alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.errors import ParameterError, suggest
from stationgeo.schema import DEMAND, validate

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from stationgeo.schema import CellArray, IntArray

__all__ = ["SOURCES", "interval", "poisson_counts", "replicate_columns", "replicates_of"]

# Steps of SplitMix64 (Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195): a bijection of 64 bits whose output
# passes as random even for counters.
_GOLDEN = 0x9E37_79B9_7F4A_7C15
_MIX_1 = np.uint64(0xBF58_476D_1CE4_E5B9)
_MIX_2 = np.uint64(0x94D0_49BB_1331_11EB)
# Beyond 20 draws a Poisson variable of mean 1 has less than 2 ** -64 of its mass.
_MOST_DRAWS = 20

SOURCES = {"couriers": "courier_s_rep_", "days": "courier_s_day_", "couriers and days": "courier_s_both_"}
"""What may be drawn anew, and how the columns of DEMAND begin that hold replicates of `courier_s` of it."""


def interval(demand: pd.DataFrame, *, level: float, by: Sequence[str] = (), source: str = "couriers") -> pd.DataFrame:
    """Say how far totals of rest seconds might be off, had other couriers or other days been seen.

    Parameters
    ----------
    demand
        DEMAND with replicates, as `read_out` gives it of an aggregate that keeps some, or `day_replicates`.
    level
        Share of the replicates that lie within, for example 0.9; between 0 and 1.
    by
        Columns of DEMAND to total by; none makes one row.
    source
        What was drawn anew: one of `SOURCES`.

    Returns
    -------
    DataFrame
        `by`, `courier_s`, `lower` and `upper`: the total, and quantiles of it over the replicates; nan where
        replicates are.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If the table breaks its contract.
    ParameterError
        If the source is unknown, there are no replicates of it, or the level is not between 0 and 1.

    Notes
    -----
    Percentiles of a bootstrap: those over couriers tell what the choice of couriers does, not that of days, and the
    other way round; none tells whether the sample leans. Where few couriers were seen the interval is too narrow.
    O(n replicates).

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. The Annals of Statistics 7, 1-26.
    doi:10.1214/aos/1176344552

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({
    ...     "cell": [7], "zone_id": ["a"], "bin": [9], "courier_s": [60.0], "visits": 1.0, "courier_weight": 0.5,
    ...     "couriers": 1.0, "observed_days": 1.0, "courier_s_rep_0": [0.0], "courier_s_rep_1": [120.0],
    ... }).astype({"cell": "uint64"})
    >>> interval(demand, level=0.5).to_dict("list")
    {'courier_s': [60.0], 'lower': [30.0], 'upper': [90.0]}
    """
    validate(demand, DEMAND)
    if not 0.0 < level < 1.0:
        raise ParameterError(f"level must be between 0 and 1. Got {level!r} instead.")
    if source not in SOURCES:
        raise ParameterError(f"unknown source {source!r}; {suggest(source, SOURCES)}")
    names = replicates_of(demand).get(source)
    if not names:
        raise ParameterError(
            f"demand must have replicates over {source}: couriers come of aggregate(..., n_replicates=200) and "
            "read_out(), days of day_replicates()."
        )
    kept = demand[[*by, "courier_s", *names]]
    total = kept.groupby(list(by), sort=True).sum(skipna=False) if by else kept.sum(skipna=False).to_frame().T
    tail = (1.0 - level) / 2.0
    lower, upper = np.quantile(total[names].to_numpy(dtype=np.float64), [tail, 1.0 - tail], axis=1)
    found = total[["courier_s"]].assign(lower=lower, upper=upper)
    return found.reset_index() if by else found


def replicate_columns(n_replicates: int, *, source: str = "couriers") -> list[str]:
    """Names of the columns of DEMAND that hold bootstrap replicates of `courier_s`."""
    return [f"{SOURCES[source]}{number}" for number in range(n_replicates)]


def replicates_of(demand: pd.DataFrame) -> dict[str, list[str]]:
    """Find the columns of replicates that DEMAND has.

    Parameters
    ----------
    demand
        DEMAND; may have none.

    Returns
    -------
    dict
        Source, of `SOURCES` and in their order, to the names of its columns as they stand; sources without any are
        left out.

    Notes
    -----
    O(columns).

    Examples
    --------
    >>> import pandas as pd
    >>> replicates_of(pd.DataFrame(columns=["cell", "courier_s_day_0", "courier_s_day_1"]))
    {'days': ['courier_s_day_0', 'courier_s_day_1']}
    """
    found = {
        source: [name for name in map(str, demand.columns) if name.startswith(prefix)]
        for source, prefix in SOURCES.items()
    }
    return {source: names for source, names in found.items() if names}


def poisson_counts(courier: CellArray, *, n_replicates: int) -> IntArray:
    """Draw how often each courier counts in each replicate.

    Parameters
    ----------
    courier
        64-bit hashes.
    n_replicates
        How many replicates.

    Returns
    -------
    ndarray of int64
        (couriers, replicates), each from a Poisson distribution of mean 1, and the same for the same hash and number
        of replicate wherever it is drawn.
    """
    distinct, which = np.unique(courier, return_inverse=True)
    counts = np.empty((distinct.size, n_replicates), dtype=np.int64)
    for number in range(n_replicates):
        counts[:, number] = np.searchsorted(_LEVELS, _mixed(distinct, number), side="right")
    return counts[which]


def _mixed(courier: CellArray, number: int) -> CellArray:
    bits = courier + np.uint64(_GOLDEN * (number + 1) % 2**64)
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))


def _levels() -> CellArray:
    """Cumulated Poisson probabilities as shares of 2 ** 64: a number at or above the k-th counts more than k."""
    mass = np.cumsum([math.exp(-1.0) / math.factorial(k) for k in range(_MOST_DRAWS)])
    return np.array([min(int(share * 2**64), 2**64 - 1) for share in mass], dtype=np.uint64)


_LEVELS = _levels()
