"""Kinds of days: weekdays, working days, weekends and public holidays, and which days a calendar does not hold.

The one place that asks a calendar of holidays. Days are local, counted since 1970-01-01.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from stationgeo import _clock
from stationgeo.errors import ParameterError, suggest

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.schema import IntArray

__all__ = [
    "BINS",
    "DAY_TYPES",
    "HOLIDAY",
    "WEEKEND",
    "WORKING_DAY",
    "Bins",
    "Calendar",
    "checked_bins",
    "checked_calendar",
    "day_number",
    "day_types",
    "unknown_days",
]

Bins = Literal["hour_of_week", "hour_of_day_type"]
"""`hour_of_week`: 168, Monday 00:00 is 0. `hour_of_day_type`: 72, 24 each of working days, weekends and holidays."""

Calendar = Literal["CN"]
"""Public holidays and the weekend days worked instead. `CN`: the mainland of China."""

BINS: tuple[Bins, ...] = get_args(Bins)
_CALENDARS: tuple[Calendar, ...] = get_args(Calendar)

DAY_TYPES: dict[Bins, tuple[str, ...]] = {
    "hour_of_week": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "hour_of_day_type": ("working day", "weekend", "holiday"),
}
WORKING_DAY, WEEKEND, HOLIDAY = range(3)
_SATURDAY = 5
_DAY_0 = dt.date(1970, 1, 1).toordinal()


def checked_bins(bins: str) -> Bins:
    """Insist on bins that are known."""
    for known in BINS:
        if bins == known:
            return known
    raise ParameterError(f"unknown bins {bins!r}; {suggest(str(bins), BINS)}")


def checked_calendar(calendar: str | None) -> Calendar | None:
    """Insist on a calendar that is known, or on none."""
    if calendar is None:
        return None
    for known in _CALENDARS:
        if calendar == known:
            return known
    raise ParameterError(f"unknown calendar {calendar!r}; {suggest(str(calendar), _CALENDARS)}")


def day_number(date: dt.date) -> int:
    """Count the days since 1970 of a date."""
    return date.toordinal() - _DAY_0


def day_types(days: IntArray, *, bins: Bins, calendar: Calendar | None) -> IntArray:
    """Tell the type of each local day since 1970: its weekday, or whether people work, rest or celebrate.

    Days that the calendar does not know are told by their weekday alone, see `unknown_days`.
    """
    if bins == "hour_of_week":
        return _clock.weekdays(days)
    types = np.where(_clock.weekdays(days) >= _SATURDAY, WEEKEND, WORKING_DAY).astype(np.int64)
    if calendar is None:
        return types
    distinct, which = np.unique(days, return_inverse=True)
    told = [_of_calendar(_date(day), _calendar(calendar)) for day in distinct.tolist()]
    known = np.array([-1 if type_ is None else type_ for type_ in told], dtype=np.int64)[which]
    return np.where(known < 0, types, known)


def unknown_days(days: IntArray, *, calendar: Calendar | None) -> IntArray:
    """List the days that a calendar does not hold, each once and in order."""
    if calendar is None:
        return days[:0]
    detail = _calendar(calendar)
    return np.array(
        [day for day in np.unique(days).tolist() if _of_calendar(_date(day), detail) is None], dtype=np.int64
    )


def _date(day: int) -> dt.date:
    return dt.date.fromordinal(_DAY_0 + day)


def _calendar(calendar: Calendar) -> Callable[[dt.date], tuple[bool, str | None]]:
    checked_calendar(calendar)
    import chinese_calendar  # noqa: PLC0415 - read only where a calendar is asked for

    return chinese_calendar.get_holiday_detail  # type: ignore[no-any-return]


def _of_calendar(date: dt.date, detail: Callable[[dt.date], tuple[bool, str | None]]) -> int | None:
    """Type of a date; None beyond the years that the calendar holds."""
    try:
        off, holiday = detail(date)
    except NotImplementedError:
        return None
    if not off:
        return WORKING_DAY
    return HOLIDAY if holiday is not None else WEEKEND
