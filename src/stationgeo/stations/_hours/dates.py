"""Opening hours of dates: what holds on the very day, holidays and days worked instead included."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _calendar
from stationgeo.errors import ParameterError
from stationgeo.stations._hours.kinds import kind_of
from stationgeo.stations._hours.minutes import Day, date_minutes
from stationgeo.stations._hours.parse import Hours, parse_hours, rules_in
from stationgeo.stations._hours.table import checked_date

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from stationgeo._calendar import Calendar

__all__ = ["hours_on", "is_open"]

_SATURDAY = 5
_MINUTES_PER_HOUR = 60
_CLOSED, _PERHAPS, _OPEN = range(3)
_WORDS = np.array(["no", "unknown", "yes"], dtype=np.object_)


def hours_on(hours: Hours | str, dates: Iterable[dt.date | str], *, calendar: Calendar | None) -> pd.DataFrame:
    """Tell the hours of dates: from when to when it is open, and whether that is sure.

    Parameters
    ----------
    hours
        What `parse_hours` gave, or the text.
    dates
        Dates, or their ISO texts, in any order; none are fine.
    calendar
        "CN" for the public holidays of mainland China and the weekend days worked instead; None for none of either.

    Returns
    -------
    DataFrame
        One row per span, in the order of dates and times: `date` (ISO text), `opens` and `closes` (minutes since
        midnight, at most 1440), `sure` (else it may be open), `day` ("regular", "holiday", "adjusted": a weekend day
        that is worked), `calendar_known` (False where the calendar does not hold the date: then its weekday alone
        counts). A night that lasts past midnight gives a span on both dates. A closed date has no row.

    Raises
    ------
    ParameterError
        If a date is none, the text is no text, or there is no such calendar.

    Notes
    -----
    Law: the spans of a date never overlap, and those of a day before do not change with what is said of the next.
    O(dates x rules).

    Examples
    --------
    1 October 2026 is a holiday, and Saturday 10 October is worked instead:

    >>> found = hours_on("工作日9:00-17:00", ["2026-09-30", "2026-10-01", "2026-10-10"], calendar="CN")
    >>> found[["date", "opens", "day"]]
             date  opens       day
    0  2026-09-30    540   regular
    1  2026-10-10    540  adjusted
    """
    known = parse_hours(hours) if isinstance(hours, str) else hours
    rows: list[dict[str, Any]] = []
    for date in map(checked_date, dates):
        states, kind, calendar_known = _states(known, date, calendar)
        edges = np.flatnonzero(np.diff(states, prepend=-1, append=-1))
        rows.extend(
            {"date": date.isoformat(), "opens": int(first), "closes": int(last), "sure": bool(states[first] == _OPEN),
             "day": kind, "calendar_known": calendar_known}
            for first, last in pairwise(edges)
            if states[first] != _CLOSED
        )  # fmt: skip
    kinds: dict[str, Any] = {
        "date": "str", "opens": "int64", "closes": "int64", "sure": "bool", "day": "str", "calendar_known": "bool"
    }  # fmt: skip
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def is_open(
    hours: Hours | str, moments: Iterable[dt.datetime | str], *, calendar: Calendar | None
) -> npt.NDArray[np.object_]:
    """Tell whether it is open at moments.

    Parameters
    ----------
    hours
        What `parse_hours` gave, or the text.
    moments
        Local times, or their ISO texts, without a time zone, in any order; none are fine.
    calendar
        As for `hours_on`.

    Returns
    -------
    ndarray of object
        "yes", "no" or "unknown" for each moment.

    Raises
    ------
    ParameterError
        If a moment is none or has a time zone, the text is no text, or there is no such calendar.

    Notes
    -----
    A span begins with its first minute and ends before its last: at 18:00 what closes at 18:00 is closed.
    O(dates x rules + moments).

    Examples
    --------
    >>> is_open("09:00-次日02:00", ["2026-11-19 01:59", "2026-11-19 02:00"], calendar=None).tolist()
    ['yes', 'no']
    """
    known = parse_hours(hours) if isinstance(hours, str) else hours
    states: dict[dt.date, npt.NDArray[np.int8]] = {}
    found = []
    for moment in map(_checked_moment, moments):
        date = moment.date()
        if date not in states:
            states[date] = _states(known, date, calendar)[0]
        found.append(int(states[date][moment.hour * _MINUTES_PER_HOUR + moment.minute]))
    return np.asarray(_WORDS[np.array(found, dtype=np.int64)], dtype=np.object_)


def _states(hours: Hours, date: dt.date, calendar: Calendar | None) -> tuple[npt.NDArray[np.int8], Day, bool]:
    """States of the minutes of a date, its kind, and whether the calendar holds it."""
    today = _calendar.day_number(date)
    days = np.array([today - 1, today], dtype=np.int64)
    types = _calendar.day_types(days, bins="hour_of_day_type", calendar=_calendar.checked_calendar(calendar))
    kinds = [kind_of(int(one), (date.weekday() + step) % 7) for step, one in zip((-1, 0), types, strict=True)]
    low, high = date_minutes(rules_in(hours, year=date.year), date=date, kinds=(kinds[0], kinds[1]))
    known = _calendar.unknown_days(days[1:], calendar=calendar).size == 0
    return (high.astype(np.int8) + low), kinds[1], known


def _checked_moment(moment: dt.datetime | str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    except ValueError:
        found = None
    if not isinstance(found, dt.datetime) or found.tzinfo is not None:
        raise ParameterError(f"moments must be local times such as '2026-11-18 09:30'. Got {moment!r} instead.")
    return found
