"""Values and weights: what they have to be, when nothing can be said of them, and the sums that all measures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

# What sums and differences of up to 1e9 numbers are off by rounding at most, as a share of the whole.
ROUNDING = 1e-12


def checked(values: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return values and weights as flat floats, or say which of them cannot be used."""
    value, weight = (np.asarray(given, dtype=np.float64).reshape(-1) for given in (values, weights))
    if value.size != weight.size:
        raise ParameterError(f"values and weights must be of one length. Got {value.size:,} and {weight.size:,}.")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        raise DataError(
            f"weights must be finite, 0 or more; {int(bad.sum()):,} of {weight.size:,} are not: "
            f"{first_few(weight[bad].tolist())} (first in row {int(np.flatnonzero(bad)[0])})."
        )
    missing = (weight > 0) & (np.isnan(value) | (value == -np.inf))
    if missing.any():
        raise DataError(
            f"values must be numbers where there is weight; {int(missing.sum()):,} of {value.size:,} are not: rows "
            f"{first_few(np.flatnonzero(missing).tolist())}. Write inf for what is not reached, or leave the unit out."
        )
    return value, weight


def with_weight(value: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keep the units that have weight: the others are nobody's."""
    there = weight > 0
    return value[there], weight[there]


def unreached(value: FloatArray, weight: FloatArray) -> str:
    """Say how much of the weight has no value because it lies beyond what was searched; '' for none."""
    beyond = np.isposinf(value)
    if not beyond.any():
        return ""
    share = float(weight[beyond].sum() / weight.sum())
    return f"{int(beyond.sum()):,} of {value.size:,} units ({share:.1%} of the weight) are not reached: censored values"


def fault(value: FloatArray, weight: FloatArray) -> str:
    """Say why measures of ratios have no value for units that have weight; '' where they have one."""
    if value.size < 2:  # noqa: PLR2004 - one unit is equal to itself, which says nothing
        return f"fewer than two units with weight ({value.size})"
    if (value < 0).any():
        return (
            f"{int((value < 0).sum()):,} of {value.size:,} values are negative: {first_few(value[value < 0].tolist())}"
        )
    beyond = unreached(value, weight)
    if beyond:
        return beyond
    return "" if value.max() > 0 else "all values are 0: nothing is shared out"


def relative(value: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Give shares of the weight, which add to 1, and values over their weighted mean; for values without fault."""
    # Over their largest first, so that no sum overflows.
    share = weight / weight.max()
    share = share / share.sum()
    scaled = value / value.max()
    return share, scaled / (share @ scaled)


def deviations(value: FloatArray, share: FloatArray) -> FloatArray:
    """Give each value's mean absolute distance from all the others, weighted.

    Sums of what is not negative only, so that nothing cancels: going up, the distance from all below grows by each gap
    times the weight below it; going down likewise.
    """
    order = np.argsort(value, kind="stable")
    gap = np.diff(value[order])
    below = np.cumsum(share[order])[:-1]
    above = np.cumsum(share[order][::-1])[::-1][1:]
    found = np.zeros(value.size)
    found[order[1:]] += np.cumsum(gap * below)
    found[order[:-1]] += np.cumsum((gap * above)[::-1])[::-1]
    return found


def gini_terms(value: FloatArray, weight: FloatArray) -> FloatArray:
    """Give what each unit adds to Gini, never negative."""
    share, ratio = relative(value, weight)
    terms: FloatArray = share * deviations(ratio, share) / 2.0
    return terms


def theil_terms(value: FloatArray, weight: FloatArray) -> FloatArray:
    """Give what each unit adds to Theil T, never negative.

    r ln r - r + 1 instead of r ln r: the weighted mean of r - 1 is 0, so the sum is the same.
    """
    share, ratio = relative(value, weight)
    terms: FloatArray = share * np.asarray(special.kl_div(ratio, 1.0), dtype=np.float64)
    return terms


def cumulated(value: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sort by value: values, and the Lorenz curve at each, shares of weight and of what is shared out, from 0 to 1."""
    order = np.argsort(value, kind="stable")
    share, ratio = relative(value, weight)
    part = share * ratio
    along = [np.append(0.0, np.cumsum(shares[order]) / shares.sum()) for shares in (share, part)]
    for line in along:
        line[-1] = 1.0
    return value[order], along[0], along[1]


def quantile_of(value: FloatArray, weight: FloatArray, share: float) -> float:
    """Give the smallest value that at least a share of the weight does not exceed."""
    order = np.argsort(value, kind="stable")
    reached = np.cumsum(weight[order] / weight.max())
    at = int(np.searchsorted(reached, share * reached[-1] - ROUNDING * reached[-1]))
    return float(value[order[min(at, value.size - 1)]])
