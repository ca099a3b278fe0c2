"""The measures one by one: functions of values and weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from stationgeo.equity._numbers import (
    checked,
    cumulated,
    fault,
    gini_terms,
    quantile_of,
    relative,
    theil_terms,
    unreached,
    with_weight,
)
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = [
    "Inequality",
    "Theil",
    "Zeros",
    "checked_groups",
    "checked_zeros",
    "cv",
    "gini",
    "lorenz",
    "palma",
    "percentile_ratio",
    "quantile",
    "theil",
]

Zeros = Literal["limit", "undefined"]
"""What Theil's 0 ln 0 is: 0, its limit, or nothing, so that there is no Theil where a value is 0."""

_ZEROS = ("limit", "undefined")

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Theil:
    """Theil's T, between and within groups. `float(...)` gives the total."""

    total: float
    """Nats, 0 or more; lower is more equal, 0 is equal. nan where it is undefined."""
    between: float
    """Of the groups' means; 0 without groups."""
    within: float
    """Inside the groups, weighted by their shares of the whole. between + within = total."""
    groups: pd.DataFrame
    """Key `group`; `n_units` with weight, `weight_share`, `value_share`, `mean`, `theil` inside it, `between` and
    `within` (what it adds to either, never negative). No rows where it is undefined."""
    reason: str
    """Why it is nan; '' where it is not."""

    def __float__(self) -> float:
        return self.total


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


def theil(values: npt.ArrayLike, weights: npt.ArrayLike, *, zeros: Zeros, groups: npt.ArrayLike | None = None) -> Theil:
    """Theil's T of a variable, between groups and within them.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.
    zeros
        "limit": a value of 0 adds as its limit does (0 ln 0 = 0). "undefined": there is no Theil where a value is 0.
    groups
        The group of each unit (its street, its workers' group, its shift); none for one group of all.

    Returns
    -------
    Theil
        Total, between and within; 0 is equal, ln n the most that n workers can have. nan with a reason for fewer than
        two units, negative or unreached values, a total of 0, and zeros where they are undefined.

    Raises
    ------
    DataError
        If a weight is negative or not finite, a value is nan where there is weight, or a group is missing.
    ParameterError
        If lengths differ, or `zeros` is another word.

    Notes
    -----
    With p the share of weight and r = x / mean: ``T = sum p r ln r``. For groups g with shares p_g of the weight and
    means m_g: ``between = sum p_g (m_g / mean) ln(m_g / mean)``, ``within = sum p_g (m_g / mean) T_g``. They add up to
    T. It does not change with the unit of the values nor when everybody is counted k times, and any transfer from a
    worse to a better value raises it. Groups add p_g (r ln r - r + 1), which is never negative and has the same sum.
    O(n log n).

    References
    ----------
    Theil, H. (1967). Economics and Information Theory. North-Holland, Amsterdam.
    Sen, A. (1973). On Economic Inequality. Clarendon Press, Oxford.

    Examples
    --------
    Two streets, each equal inside, with means 1 and 3: all of it lies between them.

    >>> found = theil([1, 1, 3, 3], [1, 1, 1, 1], zeros="limit", groups=["a", "a", "b", "b"])
    >>> round(found.between, 4), abs(found.within) < 1e-15, found.between + found.within == found.total
    (0.1308, True, True)
    """
    checked_zeros(zeros)
    value, weight = checked(values, weights)
    group = checked_groups(groups, value.size)
    there = weight > 0
    value, weight, group = value[there], weight[there], group[there]
    reason = fault(value, weight) or _no_logarithm(value, zeros)
    if reason:
        return Theil(total=math.nan, between=math.nan, within=math.nan, groups=_per_group().head(0), reason=reason)
    table = _by_group(value, weight, group)
    return Theil(
        total=float(theil_terms(value, weight).sum()),
        between=float(table["between"].sum()),
        within=float(table["within"].sum()),
        groups=table,
        reason="",
    )


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


def quantile(values: npt.ArrayLike, weights: npt.ArrayLike, *, share: float) -> float:
    """Weighted quantile: the smallest value that at least a share of the weight does not exceed.

    Parameters
    ----------
    values
        Of each unit; inf is above all numbers. nan only where the weight is 0.
    weights
        Weight of each unit, 0 or more; a unit with weight 0 does not count.
    share
        0 to 1: 0.5 for the median, of whose two candidates it is the lower.

    Returns
    -------
    float
        One of the values; nan if no unit has weight.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length, or the share is not from 0 to 1.

    Notes
    -----
    ``min { x_i : sum of w_j with x_j <= x_i  >=  share W }``, the inverse of the weighted distribution, type 1 of
    Hyndman & Fan; nothing is interpolated, so that counting everybody k times changes nothing. Sums that are short by
    less than 1e-12 of W count as reached. O(n log n).

    References
    ----------
    Hyndman, R. J. & Fan, Y. (1996). Sample quantiles in statistical packages. The American Statistician 50, 361-365.
    doi:10.1080/00031305.1996.10473566

    Examples
    --------
    >>> quantile([10, 20, 30], [1, 1, 2], share=0.5)
    20.0
    """
    if not 0 <= share <= 1:
        raise ParameterError(f"share must be from 0 to 1. Got {share!r}.")
    value, weight = with_weight(*checked(values, weights))
    return quantile_of(value, weight, float(share)) if value.size else math.nan


def lorenz(values: npt.ArrayLike, weights: npt.ArrayLike) -> pd.DataFrame:
    """Lorenz curve: what share of the whole the worst-off share of workers has.

    Parameters
    ----------
    values
        Of each unit, 0 or more, in any one unit; inf where it is not reached. nan only where the weight is 0.
    weights
        Workers (or their demand) of each unit, 0 or more; a unit with weight 0 does not count.

    Returns
    -------
    DataFrame
        `weight_share`, `value_share` and the `value` up to which both are summed: one row per unit that has weight, the
        smallest value first, after a first row of 0, 0 and nan. No rows where `gini` is undefined.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or a value is nan where there is weight.
    ParameterError
        If values and weights are not of one length.

    Notes
    -----
    From (0, 0) to (1, 1), convex, never above the diagonal; 1 - 2 x the area below it is Gini. O(n log n).

    References
    ----------
    Lorenz, M. O. (1905). Methods of measuring the concentration of wealth. Publications of the American Statistical
    Association 9, 209-219. doi:10.2307/2276207
    Delbosc, A. & Currie, G. (2011). Using Lorenz curves to assess public transport equity. Journal of Transport
    Geography 19, 1252-1259. doi:10.1016/j.jtrangeo.2011.02.008

    Examples
    --------
    >>> lorenz([3, 1], [1, 1])[["weight_share", "value_share"]].to_numpy().tolist()
    [[0.0, 0.0], [0.5, 0.25], [1.0, 1.0]]
    """
    value, weight = with_weight(*checked(values, weights))
    if fault(value, weight):
        return pd.DataFrame({"weight_share": [], "value_share": [], "value": []}, dtype="float64")
    ordered, workers, shared = cumulated(value, weight)
    return pd.DataFrame({"weight_share": workers, "value_share": shared, "value": np.append(np.nan, ordered)})


def checked_zeros(zeros: str) -> None:
    """Insist on a word for Theil's zeros."""
    if zeros not in _ZEROS:
        raise ParameterError(f"zeros must be 'limit' (0 ln 0 = 0) or 'undefined'. Got {zeros!r}.")


def checked_groups(groups: npt.ArrayLike | None, n_units: int, *, name: str = "groups") -> npt.NDArray[np.object_]:
    """Return one group per unit as text, or say which are missing; one group of all for None."""
    if groups is None:
        return np.full(n_units, "all", dtype=np.object_)
    given = np.asarray(groups, dtype=np.object_).reshape(-1)
    if given.size != n_units:
        raise ParameterError(f"{name} must be one per value. Got {given.size:,} for {n_units:,} values.")
    missing = pd.isna(given)
    if missing.any():
        raise DataError(
            f"{name} must not be missing; {int(missing.sum()):,} of {n_units:,} are: rows "
            f"{first_few(np.flatnonzero(missing).tolist())}. Write '' for what is in no group."
        )
    return np.array([str(group) for group in given], dtype=np.object_)


def _said(name: str, value: float, reason: str) -> Inequality:
    return Inequality(name=name, value=value, reason=reason)


def _no_logarithm(value: FloatArray, zeros: Zeros) -> str:
    n_zeros = int((value == 0).sum())
    if zeros == "limit" or n_zeros == 0:
        return ""
    return f"{n_zeros:,} of {value.size:,} values are 0, of which there is no logarithm (zeros='undefined')"


def _per_group(**columns: object) -> pd.DataFrame:
    floats = ("weight_share", "value_share", "mean", "theil", "between", "within")
    kinds = {"group": "str", "n_units": "int64", **dict.fromkeys(floats, "float64")}
    return pd.DataFrame({name: columns.get(name, []) for name in kinds}).astype(kinds)


def _by_group(value: FloatArray, weight: FloatArray, group: npt.NDArray[np.object_]) -> pd.DataFrame:
    code, names = pd.factorize(group, sort=True)
    share, ratio = relative(value, weight)
    weight_share = np.bincount(code, weights=share).astype(np.float64)
    value_share = np.bincount(code, weights=share * ratio).astype(np.float64)
    inside = np.zeros(names.size)
    order = np.argsort(code, kind="stable")
    for number, rows in enumerate(np.split(order, np.cumsum(np.bincount(code))[:-1])):
        # A group that has nothing is equal inside.
        if value[rows].max() > 0:
            inside[number] = float(theil_terms(value[rows], weight[rows]).sum())
    of_means = value_share / weight_share
    return _per_group(
        group=names,
        n_units=np.bincount(code),
        weight_share=weight_share,
        value_share=value_share,
        mean=of_means * float(np.average(value, weights=weight)),
        theil=inside,
        between=theil_terms(of_means, weight_share),
        within=value_share * inside,
    )
