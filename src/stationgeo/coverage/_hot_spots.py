"""Where large values, or small ones, lie together: Getis and Ord's Gi*, and how many of them are chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["hot_spots"]


def hot_spots(
    values: pd.Series[Any], neighbours: tuple[npt.ArrayLike, npt.ArrayLike], *, false_discovery_rate: float
) -> pd.DataFrame:
    """Find units whose surroundings have larger, or smaller, values than chance would give.

    Parameters
    ----------
    values
        One number per unit, indexed by its id (cell or zone): changes of covered demand, for example. Leave out units
        that have none.
    neighbours
        Pairs of ids, both ways: `cells.neighbours`, `zones.neighbours`. Pairs with ids that have no value do not count.
    false_discovery_rate
        Of the spots that are found, the share that may be chance; 0 to 1, 0.05 for example.

    Returns
    -------
    DataFrame
        Indexed as `values`; `value`, `n_neighbours`, `z` (Gi*, positive where values are large), `p` (two-sided, of
        one unit alone), `q` (the least false discovery rate at which it is a spot), `spot` ("hot", "cold" or "none").
        z, p and q are nan where all values are equal, and of a unit that all others are beside.

    Raises
    ------
    DataError
        If a value is nan or infinite, an id repeats, or a pair repeats.
    ParameterError
        If the rate is not between 0 and 1, or the ends of pairs are not as many.

    Notes
    -----
    With W_i the unit and its neighbours, of which there are w_i, n units, their mean m and variance s^2 (of n):

        z_i = (sum of values in W_i - w_i m) / (s sqrt(w_i (n - w_i) / (n - 1)))

    that is Gi* with weights 0 and 1. Had the values been dealt out to the places at random, z_i would have mean 0 and
    variance 1, exactly; p takes it for normal, which is poor where w_i is small and most values are 0: read it as a
    ranking there. All units are tested at once, so p is not enough: q is Benjamini and Hochberg's. Tests of places that
    share neighbours are not independent, and of two-sided tests the rate is then not proven, but is held in practice.
    A sum of values over unequal units shows where demand is; divide by area where that is not meant.
    O(pairs + n log n).

    References
    ----------
    Getis, A. & Ord, J. K. (1992). The analysis of spatial association by use of distance statistics. Geographical
    Analysis 24, 189-206. doi:10.1111/j.1538-4632.1992.tb00261.x
    Ord, J. K. & Getis, A. (1995). Local spatial autocorrelation statistics: distributional issues and an application.
    Geographical Analysis 27, 286-306. doi:10.1111/j.1538-4632.1995.tb00912.x
    Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. Journal of the Royal Statistical Society
    B 57, 289-300. doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    Ten places in a row; three with a gain lie together.

    >>> gains = pd.Series([0.0, 0, 0, 0, 0, 0, 0, 5, 6, 5])
    >>> ends = np.arange(9)
    >>> pairs = (np.append(ends, ends + 1), np.append(ends + 1, ends))
    >>> hot_spots(gains, pairs, false_discovery_rate=0.05).query("spot == 'hot'").index.tolist()
    [8]
    """
    if not 0 < false_discovery_rate < 1:
        raise ParameterError(f"false_discovery_rate must be between 0 and 1. Got {false_discovery_rate!r}.")
    value = _checked(values)
    unit, other = _rows(values.index, neighbours)
    n_units = value.size
    near = value.copy()
    np.add.at(near, unit, value[other])
    n_near = np.bincount(unit, minlength=n_units) + 1.0
    mean = value.mean() if n_units else math.nan
    spread = value.std() if n_units else math.nan
    # By rounding, equal values have a spread of some ulps.
    if n_units and spread <= np.abs(value).max() * np.finfo(np.float64).eps:
        spread = 0.0
    expected_spread = spread * np.sqrt(n_near * (n_units - n_near) / max(n_units - 1, 1))
    z = np.divide(near - n_near * mean, expected_spread, out=np.full(n_units, np.nan), where=expected_spread > 0)
    p = 2.0 * np.asarray(special.ndtr(-np.abs(z)), dtype=np.float64)
    q = _adjusted(p)
    found = q <= false_discovery_rate
    return pd.DataFrame(
        {
            "value": value,
            "n_neighbours": (n_near - 1).astype(np.int64),
            "z": z,
            "p": p,
            "q": q,
            "spot": pd.Series(
                np.select([found & (z > 0), found & (z < 0)], ["hot", "cold"], "none"), dtype="str"
            ).array,
        },
        index=values.index,
    )


def _checked(values: pd.Series[Any]) -> FloatArray:
    if not isinstance(values, pd.Series):
        raise ParameterError(f"values must be a Series indexed by unit. Got {type(values).__name__}.")
    value = values.to_numpy(dtype=np.float64).copy()
    wrong = ~np.isfinite(value)
    if wrong.any():
        raise DataError(
            f"values must be finite; {int(wrong.sum()):,} of {value.size:,} are not: units "
            f"{first_few(values.index[wrong].tolist())}. Leave out what has no value: missing is not 0."
        )
    if not values.index.is_unique:
        repeated = values.index[values.index.duplicated()].unique()
        raise DataError(f"values must have one row per unit; {repeated.size:,} repeat: {first_few(repeated.tolist())}.")
    return value


def _rows(index: pd.Index[Any], neighbours: tuple[npt.ArrayLike, npt.ArrayLike]) -> tuple[npt.NDArray[np.intp], ...]:
    """Find the rows of both ends of each pair; pairs that lead elsewhere are left out."""
    one, other = (np.asarray(end).reshape(-1) for end in neighbours)
    if one.size != other.size:
        raise ParameterError(f"neighbours must be pairs. Got {one.size:,} and {other.size:,} ends.")
    rows, others = index.get_indexer(pd.Index(one)), index.get_indexer(pd.Index(other))
    kept = (rows >= 0) & (others >= 0) & (rows != others)
    rows, others = rows[kept], others[kept]
    if pd.MultiIndex.from_arrays([rows, others]).has_duplicates:
        raise DataError("neighbours must name each pair once each way: some repeat.")
    return rows, others


def _adjusted(p: FloatArray) -> FloatArray:
    """Adjust for as many tests as were made, by Benjamini and Hochberg; nan was no test."""
    q = np.full(p.size, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * tested.size / np.arange(1, tested.size + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.asarray(np.minimum(q, 1.0), dtype=np.float64)
