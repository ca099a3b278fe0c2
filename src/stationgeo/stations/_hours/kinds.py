"""Kinds of days as opening hours know them: regular ones, public holidays, and weekend days worked instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo import _calendar, _clock
from stationgeo.stations._hours.minutes import ADJUSTED, HOLIDAY, REGULAR, Day

if TYPE_CHECKING:
    from stationgeo.schema import IntArray

__all__ = ["REGULAR_WEEK", "kind_of", "kinds_of_weekdays"]

_SATURDAY = 5
_WEEKDAYS = 7

REGULAR_WEEK: tuple[tuple[Day, ...], ...] = ((REGULAR,),) * _WEEKDAYS
"""The kinds of days of each weekday, Monday first, of a week without holidays."""


def kind_of(day_type: int, weekday: int) -> Day:
    """Tell the kind of a day of the type and weekday given."""
    if day_type == _calendar.HOLIDAY:
        return HOLIDAY
    return ADJUSTED if day_type == _calendar.WORKING_DAY and weekday >= _SATURDAY else REGULAR


def kinds_of_weekdays(days: IntArray, calendar: _calendar.Calendar | None) -> tuple[tuple[Day, ...], ...]:
    """List the kinds of days that there are on each weekday, Monday first; regular ones where there are no days."""
    types = _calendar.day_types(days, bins="hour_of_day_type", calendar=calendar)
    found: list[set[Day]] = [set() for _ in range(_WEEKDAYS)]
    for day_type, weekday in np.unique(np.stack([types, _clock.weekdays(days)]), axis=1).T.tolist():
        found[weekday].add(kind_of(day_type, weekday))
    return tuple(tuple(sorted(kinds)) or (REGULAR,) for kinds in found)
