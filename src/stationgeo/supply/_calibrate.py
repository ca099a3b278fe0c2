"""The decay that fits check-ins best, and how well they tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import optimize, stats

from stationgeo.errors import ParameterError
from stationgeo.supply._choice_model import ChoiceModel, dispersion_of, expected_visits, explained, log_likelihood
from stationgeo.supply._pairs import ALL_BINS, read_capacity, read_demand, read_pairs
from stationgeo.supply._use import read_checkins

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.reach import Decay, TravelReach
    from stationgeo.schema import FloatArray
    from stationgeo.supply._choice_model import Seen

__all__ = ["DecayFit", "calibrate_decay"]

_GRID = 41
"""Values of the parameter at which the likelihood is looked at first, so that a second hill is not missed."""
_LEAST_STATIONS = 2
_TOLERANCE = 1e-10
"""Of the logarithm of the parameter."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecayFit:
    """The parameter of a decay that check-ins speak for, with what made it."""

    value: float
    """The most likely parameter; nan where check-ins cannot tell, see `reason`."""
    low: float
    """Lower end of the interval; nan where the likelihood does not fall enough down to the bound."""
    high: float
    """Upper end; nan likewise."""
    reason: str
    """Why something is nan; '' where nothing is."""
    profile: pd.DataFrame
    """`parameter` and `log_likelihood`, less that of the best, over the range that was looked at; minus infinity where
    some visits cannot be."""
    stations: pd.DataFrame
    """Key `station_id` (and `bin`), what was observed and can be explained: `observed`, `expected` visits at the best
    parameter (nan without one)."""
    headline: dict[str, float]
    """`visits`, `unexplained_visits` (at stations without demand in reach, left aside), `log_likelihood`, `dispersion`
    (Pearson's chi-squared over its degrees of freedom: 1 for independent visits, more if they come in groups)."""
    parameters: dict[str, Any]
    """weight, impedance, between, level, overdispersed."""

    def _repr_html_(self) -> str:
        return f"<b>Decay</b>: {self.value:,.4g} ({self.low:,.4g} to {self.high:,.4g}) {self.reason}"


def calibrate_decay(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    checkins: pd.DataFrame,
    weight: str,
    decay: Callable[[float], Decay],
    between: tuple[float, float],
    attraction: pd.DataFrame | pd.Series[float],
    overdispersed: bool,
    level: float = 0.95,
) -> DecayFit:
    """Find the parameter of a decay with which Huff's shares explain observed visits best.

    Parameters
    ----------
    demand
        DEMAND; by the hour where check-ins are.
    reach
        REACH of all stations that compete, observed or not, or the `TravelReach` that holds it.
    checkins
        As in `compare_use`: what has no row was not observed.
    weight
        The column of demand that counts.
    decay
        From the parameter to a decay: ``lambda scale: reach.exponential(scale=scale)``.
    between
        Least and largest parameter to look at, above 0.
    attraction
        Of every station of the reach, as in `huff_shares`.
    overdispersed
        Whether to widen the interval by the dispersion, where visits are not independent of each other.
    level
        Confidence of the interval, between 0 and 1.

    Returns
    -------
    DecayFit
        The parameter with its interval, or nan and the reason.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, or a table breaks its contract.
    ParameterError
        If an argument is outside its domain.

    Notes
    -----
    Given their number in a bin, visits n_j of the observed stations are taken as multinomial, with probabilities in
    proportion to ``m_j(theta) = sum_i D_i share_ij(theta)``; so neither the number of visits a worker makes nor
    stations that nobody counted matter. ``l(theta) = sum n_j log(m_j / sum m)`` is laid out on 41 values, evenly in
    log theta, and refined around the best. The interval is that of the profile: all theta next to it with
    ``2 (l_max - l) <= f chi2_1(level)``, f the dispersion if it is asked for and above 1, else 1.

    The parameter is nan if fewer than two observed stations have demand in reach, if l never falls by that much (as
    where each cell reaches one station only), or if l is largest at a bound. O((reach + stations) x bins) for each of
    about a hundred values.

    References
    ----------
    Huff, D. L. (1964). Defining and estimating a trading area. Journal of Marketing 28, 34-38.
    McCullagh, P. and Nelder, J. A. (1989). Generalized Linear Models, second edition. Chapman and Hall.

    Examples
    --------
    One cell is 100 s from a and 300 s from b, the other reaches b alone. With a scale of 200 s the share of a in the
    first is e / (1 + e) = 0.7311, and that is what was seen:

    >>> from stationgeo.reach import exponential
    >>> demand = pd.DataFrame({
    ...     "cell": [7, 8], "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [100.0, 100.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> reach = pd.DataFrame({
    ...     "station_id": ["a", "b", "b"], "cell": [7, 7, 8], "impedance_s": [100.0, 300.0, 50.0],
    ... }).astype({"cell": "uint64"})
    >>> seen = pd.DataFrame({"station_id": ["a", "b"], "visits": [7311, 12689]})
    >>> fit = calibrate_decay(
    ...     demand, reach, checkins=seen, weight="visits", decay=lambda scale: exponential(scale=scale),
    ...     between=(20, 2000), attraction=pd.Series({"a": 1.0, "b": 1.0}), overdispersed=False,
    ... )
    >>> bool(abs(fit.value - 200) < 1), bool(fit.low < 200 < fit.high)
    (True, True)
    """
    low, high = _checked(between, level)
    seen = read_checkins(checkins)
    wanted = read_demand(demand, weight=weight, bins=None, hourly="bin" in seen.columns)
    drawn = read_capacity(attraction, bins=np.array([ALL_BINS]), name="attraction")
    pairs = read_pairs(reach, station_id=drawn.station_id, cell=wanted.cell)
    model = ChoiceModel(pairs, wanted, drawn.amount[0], decay)
    there = explained(seen, wanted, drawn.station_id, model.possible())
    made = {
        "weight": weight, "impedance": pairs.column, "between": (low, high), "level": level,
        "overdispersed": overdispersed,
    }  # fmt: skip
    return _fit(model, there, low=low, high=high, level=level, overdispersed=overdispersed, parameters=made)


def _checked(between: tuple[float, float], level: float) -> tuple[float, float]:
    low, high = (float(end) for end in between)
    if not 0 < low < high < np.inf:
        raise ParameterError(f"between must be two ascending numbers above 0. Got {between!r}.")
    if not 0 < level < 1:
        raise ParameterError(f"level must be between 0 and 1. Got {level!r}.")
    return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan
    reason: str = ""
    best: float = np.nan
    dispersion: float = np.nan


def _fit(
    model: ChoiceModel,
    seen: Seen,
    *,
    low: float,
    high: float,
    level: float,
    overdispersed: bool,
    parameters: dict[str, Any],
) -> DecayFit:
    grid = np.exp(np.linspace(np.log(low), np.log(high), _GRID))
    grid[[0, -1]] = low, high
    height, found = np.full(_GRID, np.nan), _Found(reason=_too_little(seen))
    if not found.reason:
        height = np.array([log_likelihood(model, seen, parameter) for parameter in grid])
        found = _look(model, seen, grid, height, level=level, overdispersed=overdispersed)
    told = np.isfinite(found.value)
    return DecayFit(
        value=found.value, low=found.low, high=found.high, reason=found.reason,
        profile=pd.DataFrame({"parameter": grid, "log_likelihood": height - np.nan_to_num(found.best)}),
        stations=seen.table.assign(
            expected=expected_visits(model, seen, found.value) if told else np.full(seen.visits.size, np.nan)
        ),
        headline={
            "visits": float(seen.visits.sum()), "unexplained_visits": seen.unexplained,
            "log_likelihood": found.best if told else np.nan, "dispersion": found.dispersion,
        },
        parameters=parameters,
    )  # fmt: skip


def _look(
    model: ChoiceModel, seen: Seen, grid: FloatArray, height: FloatArray, *, level: float, overdispersed: bool
) -> _Found:
    """Find the best parameter and its interval, given the likelihood on a grid."""
    if not np.isfinite(height).any():
        return _Found(reason="no parameter in the range explains all visits: some came from beyond every cutoff")
    value, best = _best(model, seen, grid, height)
    dispersion = dispersion_of(model, seen, value)
    widened = max(dispersion, 1.0) if overdispersed and np.isfinite(dispersion) else 1.0
    fall = 0.5 * float(stats.chi2.ppf(level, 1)) * widened
    reason = _unclear(grid, height, best, fall, value)
    if reason:
        return _Found(reason=reason, best=best, dispersion=dispersion)
    low, high = (_end(model, seen, grid, height, value, best - fall, down=down) for down in (True, False))
    open_ends = [name for name, end in (("low", low), ("high", high)) if np.isnan(end)]
    reason = f"the likelihood does not fall enough before the bound: {', '.join(open_ends)}" if open_ends else ""
    return _Found(value=value, low=low, high=high, reason=reason, best=best, dispersion=dispersion)


def _too_little(seen: Seen) -> str:
    per_bin = np.bincount(seen.bin_at, minlength=1)
    if not (per_bin >= _LEAST_STATIONS).any():
        return f"fewer than {_LEAST_STATIONS} observed stations have demand in reach at once"
    return "" if seen.visits.sum() > 0 else "there are no visits at stations with demand in reach"


def _best(model: ChoiceModel, seen: Seen, grid: FloatArray, height: FloatArray) -> tuple[float, float]:
    """Refine the best value of the grid between its neighbours."""
    at = int(np.argmax(height))
    around = np.log(grid[[max(at - 1, 0), min(at + 1, grid.size - 1)]])
    found = optimize.minimize_scalar(
        lambda logged: -log_likelihood(model, seen, float(np.exp(logged))), bounds=tuple(around), method="bounded",
        options={"xatol": _TOLERANCE},
    )  # fmt: skip
    refined = float(np.exp(found.x)), float(-found.fun)
    return refined if refined[1] > height[at] else (float(grid[at]), float(height[at]))


def _unclear(grid: FloatArray, height: FloatArray, best: float, fall: float, value: float) -> str:
    if best - height.min() <= fall:
        return "the likelihood is flat: these visits do not tell the parameter"
    ends = [end for end in (0, -1) if height[end] >= best - _TOLERANCE * abs(best) or value == grid[end]]
    return f"the likelihood is largest at the bound {grid[ends[0]]:g}: look further" if ends else ""


def _end(
    model: ChoiceModel, seen: Seen, grid: FloatArray, height: FloatArray, value: float, floor: float, *, down: bool
) -> float:
    """Walk from the best value until the likelihood is below the floor, and find the crossing; nan at the bound."""
    beyond = np.flatnonzero((grid < value) if down else (grid > value))
    inner = value
    for at in beyond[::-1] if down else beyond:
        if height[at] <= floor:
            # A likelihood of minus infinity has no crossing to interpolate: it counts as far below.
            return float(
                optimize.brentq(
                    lambda parameter: max(log_likelihood(model, seen, parameter) - floor, -1e300),
                    inner,
                    float(grid[at]),
                )
            )
        inner = float(grid[at])
    return float("nan")
