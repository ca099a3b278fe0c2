"""A bootstrap over observed days: what demand would be, had other days of each type been seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.demand._bins import day_types, days_per_type
from stationgeo.demand._bootstrap import replicate_columns
from stationgeo.demand._gather import group_rows
from stationgeo.demand._readout import expansion_factors, keys_of, read_out
from stationgeo.demand._select import select
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stationgeo.demand._aggregate import Aggregate
    from stationgeo.demand._bins import Bins, Calendar
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["day_replicates"]

_FEWEST_DAYS = 2


def day_replicates(
    aggregate: Aggregate,
    *,
    n_replicates: int,
    seed: int,
    with_couriers: bool = False,
    bins: Bins = "hour_of_week",
    calendar: Calendar | None = None,
    by: Collection[str] = (),
    purposes: Collection[str] | None = None,
    expansion: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Read demand out with replicates that draw the observed days anew.

    Parameters
    ----------
    aggregate
        What `aggregate` or `combine` made, of all days. No rows give no demand.
    n_replicates
        How many; 1 or more.
    seed
        Of the draws; 0 or more. One seed, and the same observed days, give the same draws.
    with_couriers
        Draw couriers too, by the replicates that the aggregate keeps; it has to have as many.
    bins, calendar, by, purposes, expansion
        As `read_out` takes them. Days are drawn within the types of day of the bins.

    Returns
    -------
    DataFrame
        What `read_out` gives, and replicates of `courier_s`: `courier_s_day_0`, ..., or with couriers
        `courier_s_both_0`, ...; nan in all bins of a type of day that was observed on fewer than 2 days.

    Raises
    ------
    DataError
        As `read_out`.
    ParameterError
        As `read_out`; or if a number is out of range, or the aggregate keeps fewer replicates over couriers than are
        asked for.

    Notes
    -----
    Of the n observed days of a type, each replicate draws n - 1 with replacement and averages over them, so that
    working days and weekends keep their parts and the variance of an average is neither too small by 1 / n nor, where
    n is 2, by half. A day without any demand is a day like the others. Time that lasts beyond the observed days is
    drawn with the last of them before it. With couriers, the draws of both are multiplied: variances of both add, and
    what courier and day have in common counts more than once, so that such intervals are on the safe side.

    Few days make few different replicates: of 2 days of a type there are 2. What comes round less often than the days
    observed (seasons, storms) is in no draw. O(rows of the aggregate x n_replicates).

    References
    ----------
    Rao, J. N. K. and Wu, C. F. J. (1988). Resampling inference with complex survey data. Journal of the American
    Statistical Association 83, 231-241.

    Owen, A. B. (2007). The pigeonhole bootstrap. The Annals of Applied Statistics 1, 386-411. doi:10.1214/07-AOAS122

    Examples
    --------
    A minute on one Monday, three on the next: each replicate has seen one of them.

    >>> from stationgeo.demand import aggregate
    >>> start = pd.to_datetime(["2024-05-06 02:00", "2024-05-13 02:00"], utc=True)
    >>> seconds = [60.0, 180.0]
    >>> stops = pd.DataFrame({
    ...     "stop_id": [0, 1], "courier_id": ["a", "b"], "lon": 114.05, "lat": 22.54, "start": start,
    ...     "end": start + pd.to_timedelta(seconds, unit="s"), "duration_s": seconds, "n_fixes": 9,
    ...     "purpose": "rest", "cut": False,
    ... })
    >>> parts = aggregate(stops, zones=None, resolution=10, tz="Asia/Shanghai")
    >>> demand = day_replicates(parts, n_replicates=50, seed=0)
    >>> drawn = demand.filter(like="courier_s_day_").to_numpy()
    >>> demand["courier_s"].tolist(), np.unique(drawn).tolist()
    ([120.0], [60.0, 180.0])
    """
    _check(aggregate, n_replicates, seed, with_couriers=with_couriers)
    demand = read_out(aggregate, bins=bins, calendar=calendar, by=by, purposes=purposes, expansion=expansion)
    names = replicate_columns(n_replicates, source="couriers and days" if with_couriers else "days")
    part = aggregate if purposes is None else select(aggregate, purposes=purposes)
    drawn = np.zeros((n_replicates, len(demand)))
    if len(demand):
        types = day_types(aggregate.days, bins=bins, calendar=calendar)
        weight = _day_weights(types, n_replicates, seed)
        at = _observed_before(_clock.days(part.sums["hour"].to_numpy()), aggregate.days)
        _, _, place = group_rows(keys_of(part, bins=bins, calendar=calendar, by=by))
        amount = part.sums["courier_us"].to_numpy(dtype=np.float64)
        factor = 1.0 if expansion is None else expansion_factors(part.sums["group"], expansion)
        for number in range(n_replicates):
            counted = part.replicates[:, number] if with_couriers else amount
            drawn[number] = np.bincount(place, counted * factor * weight[at, number], minlength=len(demand))
        drawn *= _per_day(demand, aggregate, bins=bins, calendar=calendar) / _clock.US_PER_S
    return pd.concat([demand, pd.DataFrame(drawn.T, columns=names)], axis=1)


def _day_weights(types: IntArray, n_replicates: int, seed: int) -> FloatArray:
    """Draw how much each observed day counts in each replicate, (days, replicates); on average 1."""
    rng = np.random.default_rng(seed)
    weight = np.ones((types.size, n_replicates))
    for kind in np.unique(types):
        own = np.flatnonzero(types == kind)
        n = own.size
        if n >= _FEWEST_DAYS:
            weight[own] = rng.multinomial(n - 1, np.full(n, 1.0 / n), size=n_replicates).T * (n / (n - 1))
    return weight


def _observed_before(day: IntArray, observed: IntArray) -> IntArray:
    """Find the observed day that each day is, or the last before it; the first, if none is."""
    return np.maximum(np.searchsorted(observed, day, side="right") - 1, 0).astype(np.int64)


def _per_day(demand: pd.DataFrame, aggregate: Aggregate, *, bins: Bins, calendar: Calendar | None) -> FloatArray:
    """Give what totals of each row are multiplied by to make averages; nan where its type of day has too few days."""
    observed = days_per_type(aggregate.days, seen=aggregate.days, bins=bins, calendar=calendar)
    n = observed[demand["bin"].to_numpy() // _clock.HOURS_PER_DAY].astype(np.float64)
    return np.where(n >= _FEWEST_DAYS, 1.0 / np.maximum(n, 1.0), np.nan)


def _check(aggregate: Aggregate, n_replicates: int, seed: int, *, with_couriers: bool) -> None:
    for name, value, least in (("n_replicates", n_replicates, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or int(value) != value or value < least:
            raise ParameterError(f"{name} must be a whole number, {least} or more. Got {value!r} instead.")
    if with_couriers and aggregate.n_replicates < n_replicates:
        raise ParameterError(
            f"with_couriers needs {n_replicates:,} replicates over couriers, the aggregate keeps "
            f"{aggregate.n_replicates:,}: make it by aggregate(..., n_replicates={n_replicates})."
        )
