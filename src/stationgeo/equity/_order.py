"""Values in their order: quantiles, and the curve of Lorenz."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.equity._numbers import checked, cumulated, fault, quantile_of, with_weight
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["lorenz", "quantile"]


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
