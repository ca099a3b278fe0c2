"""Local days and hours of the week: the one place that turns UTC instants into what a clock on the wall shows.

Instants are int64 microseconds since 1970-01-01 UTC, so that sums of them are exact whatever their order. Offsets
from UTC are read from the time-zone database and their changes are found to the microsecond, so that nothing here
assumes whole hours: Asia/Kolkata is half an hour off, Lord Howe Island's summer time is half an hour long.
"""

from __future__ import annotations

import difflib
import zoneinfo
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.errors import ParameterError
from stationgeo.schema import HOURS_PER_WEEK

if TYPE_CHECKING:
    from stationgeo.schema import IntArray

__all__ = [
    "DAYS_PER_WEEK",
    "HOURS_PER_DAY",
    "US_PER_S",
    "as_dates",
    "bins",
    "check_tz",
    "days",
    "instants",
    "local_hours",
    "split_hours",
    "weekdays",
]

US_PER_S = 1_000_000
US_PER_HOUR = 3_600 * US_PER_S
HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
# 1970-01-01, from which local hours and days are counted, was a Thursday; weeks begin on Monday (ISO 8601).
_WEEKDAY_OF_DAY_0 = 3


def check_tz(tz: object) -> str:
    """Insist on the name of a time zone that the time-zone database knows."""
    if isinstance(tz, str):
        try:
            zoneinfo.ZoneInfo(tz)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            near = difflib.get_close_matches(tz, zoneinfo.available_timezones(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ParameterError(
                f"tz must be a name of the IANA time-zone database, for example 'Asia/Shanghai'. Got {tz!r} "
                f"instead{hint}"
            ) from None
        return tz
    raise ParameterError(f"tz must be a name of the IANA time-zone database as text. Got {tz!r} instead.")


def instants(times: pd.Series[Any] | pd.DatetimeIndex) -> IntArray:
    """UTC times as microseconds since 1970; parts of a microsecond are cut off."""
    return np.asarray(pd.DatetimeIndex(times).as_unit("us").asi8, dtype=np.int64)


def _local(time_us: IntArray, *, tz: str) -> IntArray:
    """Microseconds since 1970 that the clock on the wall shows."""
    shown = pd.DatetimeIndex(time_us.view("datetime64[us]")).tz_localize("UTC").tz_convert(tz).tz_localize(None)
    return np.asarray(shown.as_unit("us").asi8, dtype=np.int64)


def local_hours(time_us: IntArray, *, tz: str) -> IntArray:
    """Full hours since 1970 that the clock on the wall shows."""
    return _local(time_us, tz=tz) // US_PER_HOUR


def days(hour: IntArray) -> IntArray:
    """Local days since 1970 of local hours since 1970."""
    return hour // HOURS_PER_DAY


def bins(hour: IntArray) -> IntArray:
    """Hours of the week, Monday 00:00 is 0, of local hours since 1970."""
    return (hour + _WEEKDAY_OF_DAY_0 * HOURS_PER_DAY) % HOURS_PER_WEEK


def as_dates(day: IntArray) -> pd.DataFrame:
    """Local days since 1970, each once and in order, as a table: `date` as ISO text, `weekday` with 0 for Monday."""
    once = np.unique(day)
    text = once.view("datetime64[D]").astype(str)
    return pd.DataFrame({"date": pd.Series(text, dtype="str"), "weekday": weekdays(once)})


def weekdays(day: IntArray) -> IntArray:
    """Days of the week, 0 for Monday to 6 for Sunday, of local days since 1970."""
    return (day + _WEEKDAY_OF_DAY_0) % DAYS_PER_WEEK


def split_hours(start_us: IntArray, end_us: IntArray, *, tz: str) -> tuple[IntArray, IntArray, IntArray]:
    """Cut intervals where the clock on the wall strikes a full hour.

    Parameters
    ----------
    start_us, end_us
        Intervals [start, end) with start <= end.
    tz
        Time zone.

    Returns
    -------
    row, hour, length_us : ndarray of int64
        The pieces, those of one interval together and in order of time: which interval, the local hour since 1970,
        and how long. The lengths of an interval add up to it exactly. An interval of no length has one piece of no
        length. An hour that a clock set back shows twice gives two pieces of the same hour.

    Notes
    -----
    Between two changes of the offset from UTC local time runs evenly: intervals are cut at the changes first, at full
    hours then. O(pieces), all of it vectorised.
    """
    if start_us.size == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing, nothing
    changes, offset_us = _offsets(int(start_us.min()), int(end_us.max()), tz)
    era_first = np.searchsorted(changes, start_us, side="right")
    era_last = np.maximum(era_first, np.searchsorted(changes, end_us, side="left"))
    row, era = _count_up(era_first, era_last)
    far = np.iinfo(np.int64)
    edges = np.concatenate([[far.min], changes, [far.max]])
    start = np.maximum(start_us[row], edges[era]) + offset_us[era]
    end = np.minimum(end_us[row], edges[era + 1]) + offset_us[era]
    hour_first = start // US_PER_HOUR
    hour_last = np.maximum(hour_first, (end - 1) // US_PER_HOUR)
    part, hour = _count_up(hour_first, hour_last)
    length = np.minimum(end[part], (hour + 1) * US_PER_HOUR) - np.maximum(start[part], hour * US_PER_HOUR)
    return row[part], hour, length


def _offsets(first_us: int, last_us: int, tz: str) -> tuple[IntArray, IntArray]:
    """Instants at which the offset from UTC changes, and the offset before, between and after them."""
    grid = np.arange(first_us, last_us + US_PER_HOUR, US_PER_HOUR, dtype=np.int64)
    offset = _local(grid, tz=tz) - grid
    at = np.flatnonzero(np.diff(offset))
    before, after = grid[at], grid[at + 1]
    while (after - before > 1).any():
        middle = before + (after - before) // 2
        still_old = _local(middle, tz=tz) - middle == offset[at]
        before, after = np.where(still_old, middle, before), np.where(still_old, after, middle)
    return after, np.append(offset[at], offset[-1])


def _count_up(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Row and value of every whole number from first to last, row by row."""
    count = last - first + 1
    row = np.repeat(np.arange(first.size, dtype=np.int64), count)
    begin = np.cumsum(count) - count
    return row, np.arange(row.size, dtype=np.int64) - begin[row] + first[row]
