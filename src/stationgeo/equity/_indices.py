"""The measures one by one: functions of values and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.equity._numbers import (
    checked,
    cumulated,
    fault,
    gini_terms,
    quantile_of,
    relative,
    unreached,
    with_weight,
)

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Inequality", "cv", "gini", "palma", "percentile_ratio"]

# The cuts of Palma's ratio: the upper tenth over the lower two fifths (Cobham, Schlogl & Sumner 2016).
_UPPER_CUT = 0.9
_LOWER_CUT = 0.4
# The percentiles of P90/P10.
_UPPER_PERCENTILE = 0.9
_LOWER_PERCENTILE = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Inequality:
    """One measure of one variable, or why it has no value. `float(...)` gives the value."""

    name: str
    """gini, theil, palma, p90_p10 or cv."""
    value: float
    """Without unit; lower is more equal. nan where it is undefined."""
    reason: str
    """Why the value is nan; '' where it is not."""

    def __float__(self) -> float:
        return self.value


def gini(values: npt.ArrayLike, weights: npt.ArrayLike) -> Inequality:
    """Gini's index of a variable.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.

    Returns
    -------
    Inequality
        0 (all equal) to 1 (one has all, of very many); lower is more equal. nan with a reason for fewer than two
        units, negative or unreached values, and a total of 0.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length.

    Notes
    -----
    ``G = sum_ij w_i w_j abs(x_i - x_j) / (2 W^2 mean)``, W the sum of weights: half the mean difference of two workers
    over the mean. It does not change with the unit of the values nor when everybody is counted k times, and a transfer
    from a worse to a better value, which leaves their order, raises it. Of values that are 0 or 1 it is 1 - rate: use
    `measure`, which says so. O(n log n).

    References
    ----------
    Gini, C. (1912). Variabilita e mutabilita. Bologna.
    Delbosc, A. & Currie, G. (2011). Using Lorenz curves to assess public transport equity. Journal of Transport
    Geography 19, 1252-1259. doi:10.1016/j.jtrangeo.2011.02.008

    Examples
    --------
    Two workers, minutes 1 and 3: half the mean difference, (0 + 2 + 2 + 0) / 4 / 2 = 1/2, over the mean 2.

    >>> gini([1, 3], [1, 1]).value
    0.25
    """
    value, weight = with_weight(*checked(values, weights))
    reason = fault(value, weight)
    return _said("gini", math.nan if reason else float(gini_terms(value, weight).sum()), reason)


def palma(values: npt.ArrayLike, weights: npt.ArrayLike) -> Inequality:
    """Palma's ratio: what the tenth with the largest values has, over what the two fifths with the smallest have.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.

    Returns
    -------
    Inequality
        1/4 if all are equal, more where they are not. nan with a reason as for `gini`, and where the lower two fifths
        have nothing.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length.

    Notes
    -----
    ``(1 - L(0.9)) / L(0.4)`` with the Lorenz curve L, which is straight inside a unit: a unit that a cut falls into is
    split there, and both parts have its value. Hence no change with units or replication; transfers that cross neither
    cut do not show. O(n log n).

    References
    ----------
    Palma, J. G. (2011). Homogeneous middles vs. heterogeneous tails, and the end of the 'inverted-U': it's all about
    the share of the rich. Development and Change 42, 87-153. doi:10.1111/j.1467-7660.2011.01694.x

    Examples
    --------
    Two units of five workers with 1 and 3: the upper tenth has 1 x 3, the lower two fifths 4 x 1.

    >>> round(palma([1, 3], [5, 5]).value, 9)
    0.75
    """
    value, weight = with_weight(*checked(values, weights))
    reason = fault(value, weight)
    if reason:
        return _said("palma", math.nan, reason)
    _, workers, shared = cumulated(value, weight)
    lower = float(np.interp(_LOWER_CUT, workers, shared))
    if lower <= 0:
        return _said("palma", math.nan, "the lower two fifths of the weight have 0")
    upper = 1.0 - float(np.interp(_UPPER_CUT, workers, shared))
    return _said("palma", upper / lower, "")


def percentile_ratio(values: npt.ArrayLike, weights: npt.ArrayLike) -> Inequality:
    """P90/P10: the value that nine in ten do not exceed, over the one that one in ten does not.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.

    Returns
    -------
    Inequality
        1 or more; 1 where at least the middle four fifths are equal. nan with a reason for fewer than two units,
        negative values, P10 = 0, and where P90 lies among what is not reached: unlike the other measures it stands
        while less than a tenth is not reached.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length.

    Notes
    -----
    Percentiles as `quantile` defines them. O(n log n).

    Examples
    --------
    >>> percentile_ratio([2, 4, 6], [1, 8, 1]).value
    2.0
    """
    value, weight = with_weight(*checked(values, weights))
    reason = fault(value, weight)
    beyond = unreached(value, weight)
    if reason and reason != beyond:
        return _said("p90_p10", math.nan, reason)
    upper, lower = (quantile_of(value, weight, share) for share in (_UPPER_PERCENTILE, _LOWER_PERCENTILE))
    if math.isinf(upper):
        return _said("p90_p10", math.nan, f"P90 lies among what is not reached: {beyond}")
    if lower == 0:
        return _said("p90_p10", math.nan, "P10 is 0")
    return _said("p90_p10", upper / lower, "")


def cv(values: npt.ArrayLike, weights: npt.ArrayLike) -> Inequality:
    """Coefficient of variation: standard deviation over mean.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.

    Returns
    -------
    Inequality
        0 is equal, sqrt(n - 1) the most that n workers can have. nan with a reason as for `gini`.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length.

    Notes
    -----
    ``sqrt(sum p (x / mean - 1)^2)``, p shares of weight: of the population, without n - 1, so that counting everybody k
    times changes nothing. O(n).

    Examples
    --------
    >>> cv([1, 3], [1, 1]).value
    0.5
    """
    value, weight = with_weight(*checked(values, weights))
    reason = fault(value, weight)
    if reason:
        return _said("cv", math.nan, reason)
    share, ratio = relative(value, weight)
    return _said("cv", math.sqrt(float(share @ (ratio - 1.0) ** 2)), "")


def _said(name: str, value: float, reason: str) -> Inequality:
    return Inequality(name=name, value=value, reason=reason)
