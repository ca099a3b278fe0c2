"""Percentile intervals that allow for how few were drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["FEWEST", "day_numbers", "ends", "kish_numbers", "tails"]

FEWEST = 2.0
"""One alone does not tell how far others are from it."""

# Beyond so many, t quantiles are normal ones to nine digits, and their computation stays within its range.
_MANY = 1e9


def kish_numbers(seen: FloatArray, drawn: FloatArray) -> FloatArray:
    """Tell how many couriers of equal seconds would vary as much as these do, from Poisson replicates of their total.

    Parameters
    ----------
    seen
        (n,): totals as they were seen.
    drawn
        (n, replicates): the same, drawn anew.

    Notes
    -----
    A replicate is sum k_i x_i with k_i Poisson of mean 1, so that its variance is sum x_i ** 2: with the total squared
    over it this is Kish's effective number, (sum x_i) ** 2 / sum x_i ** 2. O(n replicates).
    """
    spread = drawn.var(axis=1, ddof=1) if drawn.shape[1] > 1 else np.zeros(seen.size)
    found: FloatArray = np.divide(seen**2, spread, out=np.full(seen.size, np.inf), where=spread > 0)
    return found


def day_numbers(by_type: FloatArray, n_days: FloatArray) -> FloatArray:
    """Tell how many days of one type would leave as much freedom as these do.

    Parameters
    ----------
    by_type
        (n, types): amounts on each type of day.
    n_days
        (types,): days observed of each.

    Notes
    -----
    Satterthwaite's degrees of freedom, (sum v_h) ** 2 / sum (v_h ** 2 / (n_h - 1)), and 1, the variance v_h of a type
    taken to be as its amount. O(n types).
    """
    square = np.where(by_type > 0, by_type**2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = np.where(square > 0, square / np.maximum(n_days - 1.0, 0.0), 0.0).sum(axis=1)
        found: FloatArray = 1.0 + np.where(parts > 0, by_type.sum(axis=1) ** 2 / parts, np.inf)
    return found


def tails(number: FloatArray, *, level: float, unbiased: bool) -> FloatArray:
    """Give the share of the replicates that is to lie beyond each end, by the number that was drawn from.

    Parameters
    ----------
    number
        How many, above 1; may be infinite.
    level
        Of the interval.
    unbiased
        Whether the variance of the replicates is already that of n - 1; else it lacks a factor of n / (n - 1).

    Notes
    -----
    Hesterberg's expanded percentile: Phi(sqrt(n / (n - 1)) t), t the quantile of Student's distribution with n - 1
    degrees of freedom at (1 - level) / 2. It is never above (1 - level) / 2 and falls with the level. O(n).
    """
    n = np.minimum(number, _MANY)
    t = special.stdtrit(n - 1.0, (1.0 - level) / 2.0)
    return np.asarray(special.ndtr(t if unbiased else t * np.sqrt(n / (n - 1.0))), dtype=np.float64)


def ends(rate: FloatArray, tail: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take quantiles of each row of (n, replicates) over what is not nan; nan where the tail is, or nothing is told."""
    ordered = np.sort(rate, axis=1)
    n_told = (~np.isnan(ordered)).sum(axis=1)
    lost = np.isnan(tail) | (n_told == 0)
    last, share = np.where(lost, 0, n_told - 1), np.where(lost, 0.0, tail)
    lower, upper = (np.where(lost, np.nan, _at(ordered, place)) for place in (last * share, last * (1.0 - share)))
    return lower, upper


def _at(ordered: FloatArray, place: FloatArray) -> FloatArray:
    """Read sorted rows at a place, linear between neighbours."""
    before, after = np.floor(place).astype(np.int64), np.ceil(place).astype(np.int64)
    row = np.arange(len(ordered))
    low, high = ordered[row, before], ordered[row, after]
    return np.clip(low + (high - low) * (place - before), low, high)
