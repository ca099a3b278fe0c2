"""Bins of time: hours of the week, or hours of a kind of day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.errors import ParameterError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable

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

Bins = Literal["hour_of_week", "hour_of_day_type"]
"""`hour_of_week`: 168, Monday 00:00 is 0. `hour_of_day_type`: 72, 24 each of working days, weekends and holidays."""

Calendar = Literal["CN"]
"""Public holidays and the weekend days worked instead. `CN`: the mainland of China."""

BINS: tuple[Bins, ...] = get_args(Bins)

_DAY_TYPES: dict[Bins, tuple[str, ...]] = {
    "hour_of_week": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "hour_of_day_type": ("working day", "weekend", "holiday"),
}
_WORKING_DAY, _WEEKEND, _HOLIDAY = range(3)
_SATURDAY = 5
_DAY_0 = dt.date(1970, 1, 1).toordinal()


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
    names = _DAY_TYPES[checked_bins(bins)]
    number = np.arange(len(names) * _clock.HOURS_PER_DAY)
    named = [names[at] for at in number // _clock.HOURS_PER_DAY]
    return pd.DataFrame(
        {"bin": number, "day_type": pd.Series(named, dtype="str"), "hour": number % _clock.HOURS_PER_DAY}
    )


def day_type_names(bins: Bins) -> tuple[str, ...]:
    """Name the types of days in the order of their numbers."""
    return _DAY_TYPES[bins]


def checked_bins(bins: str) -> Bins:
    for known in BINS:
        if bins == known:
            return known
    raise ParameterError(f"unknown bins {bins!r}; {suggest(str(bins), BINS)}")


def day_types(days: IntArray, *, bins: Bins, calendar: Calendar | None) -> IntArray:
    """Tell the type of each local day since 1970: its weekday, or whether people work, rest or celebrate.

    Days that the calendar does not know are told by their weekday alone, see `uncalendared`.
    """
    if bins == "hour_of_week":
        return _clock.weekdays(days)
    types = np.where(_clock.weekdays(days) >= _SATURDAY, _WEEKEND, _WORKING_DAY).astype(np.int64)
    if calendar is None:
        return types
    distinct, which = np.unique(days, return_inverse=True)
    told = [_of_calendar(_date(day), _calendar(calendar)) for day in distinct.tolist()]
    known = np.array([-1 if type_ is None else type_ for type_ in told], dtype=np.int64)[which]
    return np.where(known < 0, types, known)


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
    n_types = len(_DAY_TYPES[bins])
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
    if calendar is None:
        return days[:0]
    detail = _calendar(calendar)
    return np.array(
        [day for day in np.unique(days).tolist() if _of_calendar(_date(day), detail) is None], dtype=np.int64
    )


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(_DAY_0 + day)


def _calendar(calendar: Calendar) -> Callable[[dt.date], tuple[bool, str | None]]:
    if calendar != "CN":
        raise ParameterError(f"unknown calendar {calendar!r}; {suggest(str(calendar), get_args(Calendar))}")
    import chinese_calendar  # noqa: PLC0415 - read only where a calendar is asked for

    return chinese_calendar.get_holiday_detail  # type: ignore[no-any-return]


def _of_calendar(date: dt.date, detail: Callable[[dt.date], tuple[bool, str | None]]) -> int | None:
    """Type of a date; None beyond the years that the calendar holds."""
    try:
        off, holiday = detail(date)
    except NotImplementedError:
        return None
    if not off:
        return _WORKING_DAY
    return _HOLIDAY if holiday is not None else _WEEKEND
