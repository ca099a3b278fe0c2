"""How much a station is worth at an impedance: weights between 1 and 0 that fall with the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from stationgeo.errors import ParameterError, first_few
from stationgeo.reach._checks import is_finite
from stationgeo.reach._tables.catchments import impedance_column
from stationgeo.reach._tables.rows import as_table

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.reach._tables.rows import HoldsTable
    from stationgeo.schema import FloatArray

__all__ = [
    "Decay",
    "banded",
    "decay_weights",
    "exponential",
    "gaussian",
    "linear",
    "logistic",
    "power",
    "step",
    "tabulated",
]

Decay: TypeAlias = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
"""Takes impedances, any shape, in the unit of its parameters, and gives weights of that shape. Any function will do."""

_AT_BANDWIDTH = math.exp(-0.5)
_LEAST_POINTS = 2


@dataclass(frozen=True, slots=True)
class _Named:
    """A decay that says what it is; two with the same name and numbers are equal, and both can be pickled."""

    name: str
    """step, banded, linear, exponential, gaussian, logistic, power or tabulated."""
    parameters: tuple[tuple[str, float | tuple[float, ...]], ...]
    """By name."""
    _formula: Callable[..., Any] = field(repr=False, compare=False)

    def __call__(self, impedance: npt.ArrayLike) -> FloatArray:
        """Give the weight of each impedance; nan, of what is not reached, has weight 0."""
        way = np.asarray(impedance, dtype=np.float64)
        # One look tells that nothing is nan or below 0, which is how millions of rows come.
        if way.size and way.min() >= 0:
            return np.asarray(self._formula(way, **dict(self.parameters)), dtype=np.float64)
        if (way < 0).any():
            raise ParameterError(
                f"impedances must be 0 or more; {int((way < 0).sum()):,} of {way.size:,} are not: "
                f"{first_few(way[way < 0])}."
            )
        weight = np.zeros(way.shape)
        there = ~np.isnan(way)
        weight[there] = self._formula(way[there], **dict(self.parameters))
        return weight


def step(*, cutoff: float) -> Decay:
    """Count everything within a cutoff alike, and nothing beyond: coverage as it is usually meant.

    Parameters
    ----------
    cutoff
        Largest impedance that counts, inclusive; seconds or metres, as the reach it is used on. Above 0.

    Returns
    -------
    Decay
        1 up to the cutoff, 0 beyond; 0 where the impedance is nan.

    Raises
    ------
    ParameterError
        If the cutoff is not a finite number above 0.

    Notes
    -----
    ``w(c) = 1 if c <= cutoff else 0``. O(n).

    Examples
    --------
    >>> step(cutoff=300)([0, 300, 301]).tolist()
    [1.0, 1.0, 0.0]
    """
    return _Named("step", (("cutoff", _positive(cutoff=cutoff)),), _step)


def banded(upto: npt.ArrayLike, weight: npt.ArrayLike) -> Decay:
    """Count everything within a band alike, and less from band to band.

    Parameters
    ----------
    upto
        Where each band ends, inclusive: one or more, ascending, above 0.
    weight
        Of each band, between 0 and 1, never rising.

    Returns
    -------
    Decay
        The weight of the first band that holds the impedance; 0 beyond the last one, and where it is nan.

    Raises
    ------
    ParameterError
        If the bands break what is said above.

    Notes
    -----
    ``w(c) = weight[r]`` for the first r with ``c <= upto[r]``. One band of weight 1 is `step`. O(n x bands).

    References
    ----------
    Luo, W. and Qi, Y. (2009). An enhanced two-step floating catchment area (E2SFCA) method for measuring spatial
    accessibility to primary care physicians. Health & Place 15, 1100-1107. doi:10.1016/j.healthplace.2009.06.002

    Examples
    --------
    >>> banded([100, 200, 300], [1.0, 0.68, 0.22])([0, 100, 101, 300, 301]).tolist()
    [1.0, 1.0, 0.68, 0.22, 0.0]
    """
    ends, worth = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (upto, weight))
    if ends.size != worth.size or not ends.size:
        raise ParameterError(
            f"upto and weight must be of one length, one or more. Got {ends.size:,} and {worth.size:,}."
        )
    if not (np.isfinite(ends).all() and ends[0] > 0 and (np.diff(ends) > 0).all()):
        raise ParameterError(f"upto must ascend from above 0. Got {first_few(ends)} instead.")
    _check_worth(worth)
    return _Named("banded", (("upto", tuple(ends.tolist())), ("weight", tuple(worth.tolist()))), _banded)


def linear(*, cutoff: float, full_to: float = 0.0) -> Decay:
    """Fall in a straight line from 1 to 0 at the cutoff.

    Parameters
    ----------
    cutoff
        Impedance at which nothing is left; above `full_to`.
    full_to
        Impedance up to which nothing is lost; 0 or more.

    Returns
    -------
    Decay
        Weights; 0 beyond the cutoff, and where the impedance is nan.

    Raises
    ------
    ParameterError
        If the numbers are not finite and ``0 <= full_to < cutoff``.

    Notes
    -----
    ``w(c) = min(1, max(0, (cutoff - c) / (cutoff - full_to)))``, the gradual covering of Berman, Krass and Drezner.
    O(n).

    References
    ----------
    Berman, O., Krass, D. and Drezner, Z. (2003). The gradual covering decay location problem on a network. European
    Journal of Operational Research 151, 474-480. doi:10.1016/S0377-2217(02)00604-5

    Examples
    --------
    >>> linear(cutoff=600, full_to=200)([100, 400, 700]).tolist()
    [1.0, 0.5, 0.0]
    """
    if not (is_finite(full_to) and 0 <= full_to < _positive(cutoff=cutoff)):
        raise ParameterError(f"full_to must be 0 or more and less than cutoff = {cutoff!r}. Got {full_to!r} instead.")
    return _Named("linear", (("cutoff", float(cutoff)), ("full_to", float(full_to))), _linear)


def exponential(*, scale: float, cutoff: float = math.inf) -> Decay:
    """Lose the same share with every further step.

    Parameters
    ----------
    scale
        Impedance at which 1/e is left; above 0.
    cutoff
        Beyond it nothing counts; inclusive, infinite by default.

    Returns
    -------
    Decay
        Weights; 0 beyond the cutoff, and where the impedance is nan.

    Raises
    ------
    ParameterError
        If a number is not above 0.

    Notes
    -----
    ``w(c) = exp(-c / scale)``. O(n).

    References
    ----------
    Kwan, M.-P. (1998). Space-time and integral measures of individual accessibility: a comparative analysis using a
    point-based framework. Geographical Analysis 30, 191-216. doi:10.1111/j.1538-4632.1998.tb00396.x

    Examples
    --------
    >>> exponential(scale=300, cutoff=600)([0, 300, 900]).round(3).tolist()
    [1.0, 0.368, 0.0]
    """
    numbers = (("scale", _positive(scale=scale)), ("cutoff", _above_0(cutoff=cutoff)))
    return _Named("exponential", numbers, _exponential)


def gaussian(*, cutoff: float) -> Decay:
    """Fall like a bell, to 0 at the cutoff.

    Parameters
    ----------
    cutoff
        Impedance at which nothing is left; above 0.

    Returns
    -------
    Decay
        Weights; 0 beyond the cutoff, and where the impedance is nan.

    Raises
    ------
    ParameterError
        If the cutoff is not a finite number above 0.

    Notes
    -----
    ``w(c) = (exp(-(c / cutoff) ** 2 / 2) - exp(-1/2)) / (1 - exp(-1/2))`` up to the cutoff, which Dai made continuous
    there. O(n).

    References
    ----------
    Dai, D. (2010). Black residential segregation, disparities in spatial access to health care facilities, and
    late-stage breast cancer diagnosis in metropolitan Detroit. Health & Place 16, 1038-1052.
    doi:10.1016/j.healthplace.2010.06.012

    Examples
    --------
    >>> gaussian(cutoff=600)([0, 300, 600]).round(3).tolist()
    [1.0, 0.701, 0.0]
    """
    return _Named("gaussian", (("cutoff", _positive(cutoff=cutoff)),), _gaussian)


def logistic(*, midpoint: float, spread: float, cutoff: float = math.inf) -> Decay:
    """Hold at first, then fall quickly around a midpoint.

    Parameters
    ----------
    midpoint
        Impedance at which about half is left; above 0.
    spread
        How slowly it falls there: from about 73 % to 27 % within one spread to either side. Above 0.
    cutoff
        Beyond it nothing counts; inclusive, infinite by default.

    Returns
    -------
    Decay
        Weights; 0 beyond the cutoff, and where the impedance is nan.

    Raises
    ------
    ParameterError
        If a number is not above 0.

    Notes
    -----
    ``w(c) = (1 + exp(-midpoint / spread)) / (1 + exp((c - midpoint) / spread))``, so that ``w(0) = 1``. O(n).

    Examples
    --------
    >>> logistic(midpoint=300, spread=30)([0, 300, 600]).round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    numbers = (
        ("midpoint", _positive(midpoint=midpoint)),
        ("spread", _positive(spread=spread)),
        ("cutoff", _above_0(cutoff=cutoff)),
    )
    return _Named("logistic", numbers, _logistic)


def power(*, exponent: float, least: float, cutoff: float = math.inf) -> Decay:
    """Fall with a power of the way, as gravity does.

    Parameters
    ----------
    exponent
        How fast; above 0. 2 is gravity's.
    least
        Impedance up to which nothing is lost, because the power has no end at 0; above 0.
    cutoff
        Beyond it nothing counts; inclusive, infinite by default.

    Returns
    -------
    Decay
        Weights; 0 beyond the cutoff, and where the impedance is nan.

    Raises
    ------
    ParameterError
        If a number is not above 0.

    Notes
    -----
    ``w(c) = (max(c, least) / least) ** -exponent``. O(n).

    References
    ----------
    Huff, D. L. (1964). Defining and estimating a trading area. Journal of Marketing 28, 34-38.

    Examples
    --------
    >>> power(exponent=2, least=100)([0, 100, 200, 1000]).tolist()
    [1.0, 1.0, 0.25, 0.01]
    """
    numbers = (
        ("exponent", _positive(exponent=exponent)),
        ("least", _positive(least=least)),
        ("cutoff", _above_0(cutoff=cutoff)),
    )
    return _Named("power", numbers, _power)


def tabulated(impedance: npt.ArrayLike, weight: npt.ArrayLike) -> Decay:
    """Read weights off a table of the caller's, in straight lines between its points.

    Parameters
    ----------
    impedance
        Two or more, ascending, 0 or more.
    weight
        Of each, between 0 and 1, never rising: a longer way is not worth more.

    Returns
    -------
    Decay
        Before the first impedance the first weight, beyond the last one 0; 0 where the impedance is nan.

    Raises
    ------
    ParameterError
        If the table breaks what is said above.

    Notes
    -----
    O(n log points).

    Examples
    --------
    >>> tabulated([100, 500], [1.0, 0.2])([0, 300, 500, 501]).tolist()
    [1.0, 0.6, 0.2, 0.0]
    """
    way, worth = (np.asarray(values, dtype=np.float64).reshape(-1) for values in (impedance, weight))
    if way.size != worth.size or way.size < _LEAST_POINTS:
        raise ParameterError(
            f"impedance and weight must be of one length, two or more. Got {way.size:,} and {worth.size:,}."
        )
    if not (np.isfinite(way).all() and way[0] >= 0 and (np.diff(way) > 0).all()):
        raise ParameterError(f"impedance must ascend from 0 or more. Got {first_few(way)} instead.")
    _check_worth(worth)
    return _Named("tabulated", (("impedance", tuple(way.tolist())), ("weight", tuple(worth.tolist()))), _tabulated)


def decay_weights(reach: pd.DataFrame | HoldsTable, decay: Decay) -> FloatArray:
    """Weigh each row of a reach table by its impedance.

    Parameters
    ----------
    reach
        REACH, with `impedance_s` or `impedance_m`.
    decay
        Any function from impedances to weights, in the unit of the reach.

    Returns
    -------
    ndarray of float64
        A weight for each row, between 0 and 1.

    Raises
    ------
    ColumnError
        If the table has no impedance, or both.
    ParameterError
        If the function gives weights of another shape, or outside 0 to 1.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> decay_weights(pd.DataFrame({"impedance_s": [0.0, 400.0]}), step(cutoff=300)).tolist()
    [1.0, 0.0]
    """
    table = as_table(reach)
    if not callable(decay):
        raise ParameterError(f"decay must be a function of impedances, such as step(cutoff=300). Got {decay!r}.")
    column = impedance_column(table)
    weight = np.asarray(decay(table[column].to_numpy(dtype=np.float64)), dtype=np.float64)
    if weight.shape != (len(table),):
        raise ParameterError(f"decay must give one weight a row, {len(table):,} in all. Got shape {weight.shape}.")
    if weight.size and not (weight.min() >= 0 and weight.max() <= 1):
        wrong = ~((weight >= 0) & (weight <= 1))
        raise ParameterError(
            f"weights of a decay must be between 0 and 1; {int(wrong.sum()):,} of {weight.size:,} are not: "
            f"{first_few(weight[wrong])}."
        )
    return weight


def _step(way: FloatArray, cutoff: float) -> FloatArray:
    return (way <= cutoff).astype(np.float64)


def _linear(way: FloatArray, cutoff: float, full_to: float) -> FloatArray:
    return np.clip((cutoff - way) / (cutoff - full_to), 0.0, 1.0)


def _exponential(way: FloatArray, scale: float, cutoff: float) -> FloatArray:
    return np.where(way <= cutoff, np.exp(-way / scale), 0.0)


def _gaussian(way: FloatArray, cutoff: float) -> FloatArray:
    bell = (np.exp(-0.5 * (way / cutoff) ** 2) - _AT_BANDWIDTH) / (1.0 - _AT_BANDWIDTH)
    return np.where(way <= cutoff, np.maximum(bell, 0.0), 0.0)


def _logistic(way: FloatArray, midpoint: float, spread: float, cutoff: float) -> FloatArray:
    # logaddexp(0, x) is log(1 + exp(x)) without overflow.
    logged = np.logaddexp(0.0, -midpoint / spread) - np.logaddexp(0.0, (way - midpoint) / spread)
    return np.where(way <= cutoff, np.minimum(np.exp(logged), 1.0), 0.0)


def _tabulated(way: FloatArray, impedance: tuple[float, ...], weight: tuple[float, ...]) -> FloatArray:
    return np.interp(way, impedance, weight, right=0.0)


def _banded(way: FloatArray, upto: tuple[float, ...], weight: tuple[float, ...]) -> FloatArray:
    # A comparison for each of the few bands, without branches, is several times as fast as a search.
    band = np.zeros(way.shape, dtype=np.int16)
    for end in upto:
        band += way > end
    return np.append(weight, 0.0).take(band)


def _power(way: FloatArray, exponent: float, least: float, cutoff: float) -> FloatArray:
    return np.where(way <= cutoff, (np.maximum(way, least) / least) ** -exponent, 0.0)


def _check_worth(worth: FloatArray) -> None:
    if not ((worth >= 0).all() and (worth <= 1).all() and (np.diff(worth) <= 0).all()):
        raise ParameterError(f"weight must be between 0 and 1 and never rise. Got {first_few(worth)} instead.")


def _positive(**number: float) -> float:
    ((name, value),) = number.items()
    if not is_finite(value):
        raise ParameterError(f"{name} must be a finite number above 0. Got {value!r} instead.")
    return _above_0(**number)


def _above_0(**number: float) -> float:
    ((name, value),) = number.items()
    if not (isinstance(value, Real) and value > 0):
        raise ParameterError(f"{name} must be above 0. Got {value!r} instead.")
    return float(value)
