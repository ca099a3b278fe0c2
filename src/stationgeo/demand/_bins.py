"""Bins of time: hours of the week, or hours of a kind of day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo._calendar import BINS, DAY_TYPES, Bins, Calendar, checked_bins, day_types, unknown_days

if TYPE_CHECKING:
    from stationgeo.schema import IntArray

__all__ = [
    "BINS",
    "Bins",
    "Calendar",
    "bin_table",
    "checked_bins",
    "day_type_names",
    "day_types",
    "days_per_type",
    "uncalendared",
]


def bin_table(bins: Bins) -> pd.DataFrame:
    """Say what the numbers of bins mean.

    Parameters
    ----------
    bins
        Which bins.

    Returns
    -------
    DataFrame
        `bin`, `day_type` and `hour` (0 to 23, local) of every bin, in order.

    Raises
    ------
    ParameterError
        If there are no such bins.

    Notes
    -----
    O(bins).

    Examples
    --------
    >>> bin_table("hour_of_day_type").iloc[[0, 71]].to_dict("list")
    {'bin': [0, 71], 'day_type': ['working day', 'holiday'], 'hour': [0, 23]}
    """
    names = DAY_TYPES[checked_bins(bins)]
    number = np.arange(len(names) * _clock.HOURS_PER_DAY)
    named = [names[at] for at in number // _clock.HOURS_PER_DAY]
    return pd.DataFrame(
        {"bin": number, "day_type": pd.Series(named, dtype="str"), "hour": number % _clock.HOURS_PER_DAY}
    )


def day_type_names(bins: Bins) -> tuple[str, ...]:
    """Name the types of days in the order of their numbers."""
    return DAY_TYPES[bins]


def days_per_type(observed: IntArray, *, seen: IntArray, bins: Bins, calendar: Calendar | None) -> IntArray:
    """Count the observed days of each type: what averages divide by.

    Parameters
    ----------
    observed
        Local days since 1970, each once.
    seen
        Local days of the rows to average; they may repeat. What begins late on the last observed date lasts into a date
        that may not be observed: where no day of a type is, those of it on which there are rows count.
    bins, calendar
        As for `day_types`.

    Returns
    -------
    ndarray of int64
        A number for each type, 0 where there are neither days nor rows.
    """
    n_types = len(DAY_TYPES[bins])
    counts, spilled = (
        np.bincount(day_types(days, bins=bins, calendar=calendar), minlength=n_types)
        for days in (observed, np.unique(seen))
    )
    return np.where(counts > 0, counts, spilled).astype(np.int64)


def uncalendared(days: IntArray, *, calendar: Calendar | None) -> IntArray:
    """List the days that a calendar does not hold, and that are told by their weekday alone.

    Parameters
    ----------
    days
        Local days since 1970, in any order.
    calendar
        "CN", or None, which lacks nothing.

    Returns
    -------
    ndarray of int64
        Those days, each once and in order.

    Raises
    ------
    ParameterError
        If there is no such calendar.

    Notes
    -----
    O(days).

    Examples
    --------
    1 January 1970 is before the years that it holds:

    >>> uncalendared(np.array([0, 20_000]), calendar="CN")
    array([0])
    """
    return unknown_days(days, calendar=calendar)
