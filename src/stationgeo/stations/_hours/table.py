"""Opening hours of a table of stations as bits of bins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stationgeo import _calendar
from stationgeo._clock import HOURS_PER_DAY
from stationgeo.errors import SHOWN_OFFENDERS, ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.stations._hours.bits import BitsOfText, PartHours
from stationgeo.stations._hours.kinds import REGULAR_WEEK, kinds_of_weekdays
from stationgeo.stations._hours.parse import parse_hours
from stationgeo.stations._masks import n_words

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo._calendar import Bins, Calendar
    from stationgeo.schema import CellArray, IntArray

__all__ = ["OpenHours", "checked_date", "open_hours"]

AdjustedDays = Literal["counted", "bound"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenHours:
    """In which hours stations are open, for sure and perhaps."""

    station_id: npt.NDArray[np.object_]
    """(n,) codes, in the order of the table that was given."""
    low: CellArray
    """(n, n_words) bits of the bins in which each is open for sure; bin b is bit b % 64 of word b // 64."""
    high: CellArray
    """(n, n_words) bits of the bins in which each is or may be open; `low` lies within it."""
    bins: Bins
    """Which bins: "hour_of_week" (168, Monday 00:00 is 0) or "hour_of_day_type" (72)."""
    n_bins: int
    """How many bins there are."""
    table: pd.DataFrame
    """Key `station_id`. `opening_hours` as written, `osm` as understood, `status` ("known", "partly", "closed",
    "unknown"), `reason` and `unparsed` ('' where all is known), `on_holidays`, `on_adjusted_days`; `week_h_low` and
    `week_h_high`, hours of a regular week in which it is open for sure and perhaps; `part_hours`, bins of which it is
    open in part; `differing_hours`, bins in which the days of one type, or of one weekday, differ;
    `adjusted_hours`, bins of the working day that are otherwise on weekend days worked instead."""
    as_of: dt.date
    """The date that decides on season and year."""
    calendar: Calendar | None
    """Which public holidays."""
    calendar_known: bool
    """False if the calendar does not hold `as_of`: then nobody knows which days are holidays."""
    part_hours: PartHours
    """What counts of an hour that is open in part."""
    adjusted_days: AdjustedDays
    """Whether weekend days worked instead are counted only, or bound the hours of working days."""

    @property
    def reasons(self) -> pd.DataFrame:
        """How many `stations` have which `status` for which `reason`, the most frequent first."""
        found = self.table.groupby(["status", "reason"], sort=True).size().rename("stations").reset_index()
        return found.sort_values("stations", ascending=False, kind="stable").reset_index(drop=True)

    def _repr_html_(self) -> str:
        table = self.reasons.to_html(index=False, border=0)
        note = "" if self.calendar_known else " The calendar does not hold this date."
        return (
            f"<p><b>Opening hours of {len(self.station_id):,} stations</b> by {escape(self.bins)}, as of "
            f"{self.as_of.isoformat()}.{note}</p>{table}"
        )


def open_hours(
    stations: pd.DataFrame,
    *,
    bins: Bins,
    as_of: dt.date | str,
    calendar: Calendar | None,
    part_hours: PartHours = "half",
    adjusted_days: AdjustedDays = "counted",
    days: IntArray | None = None,
) -> OpenHours:
    """Tell in which hours stations are open, for sure and perhaps.

    Parameters
    ----------
    stations
        STATIONS or any table with `station_id`; of `opening_hours` only texts are read, and where the column or a text
        is missing the hours are unknown. No rows are fine.
    bins
        "hour_of_week": the hours of a regular week, without holidays, or of `days`; "hour_of_day_type": of a working
        day, a weekend day and a holiday. Numbers as in `demand.bin_table`.
    as_of
        The date, or its ISO text, that decides on season and year: the week around it is taken.
    calendar
        "CN" for the public holidays of mainland China; None for none: then `adjusted_days` has no meaning.
    part_hours
        "half": an hour is open that is open for half of it or more. "bounds": for sure if all of it is, perhaps if
        any of it is.
    adjusted_days
        Weekend days that are worked in place of a holiday are working days of the calendar, a few in a year. "counted":
        working days are Monday to Friday, and `adjusted_hours` counts where those few differ. "bound": hours of a
        working day are sure only if they are on those days too, which a text of "Mo-Fr" never is.
    days
        Of hours of the week, the local days that they stand for, counted since 1970-01-01, as those on which demand was
        observed: a weekday of which some were holidays is open for sure if it is on these as on the others, and perhaps
        if it is on any of them. Weekdays without a day, and all where there is None, are those of a regular week.

    Returns
    -------
    OpenHours
        Bits of the bins for each station, and a table of what was understood.

    Raises
    ------
    ColumnError
        If there is no `station_id`.
    DataError
        If codes are missing or repeated, or hours are no text.
    ParameterError
        If there are no such bins, calendar or date, or days are given for bins that know types of days by themselves.

    Notes
    -----
    A bin's variable is open or not; higher is better; no bit set is never open. Law: `low` lies within `high`, and a
    text that says less makes `high` no smaller and `low` no larger. Where days of one type differ (Saturday
    and Sunday, or the weekdays of a holiday) a bin is sure if it is open on all of them, and perhaps if on any.
    Hours past midnight belong to the bins of the next day; Sunday's go on in Monday's.
    O(stations + distinct texts x length).

    Examples
    --------
    >>> from stationgeo.stations._masks import count_bins
    >>> given = pd.DataFrame({"station_id": ["a", "b"], "opening_hours": ["24/7", None]})
    >>> found = open_hours(given, bins="hour_of_week", as_of="2026-11-18", calendar="CN")
    >>> count_bins(found.low).tolist(), count_bins(found.high).tolist()
    ([168, 0], [168, 168])
    """
    known_bins = _calendar.checked_bins(bins)
    date = checked_date(as_of)
    _one_of("part_hours", part_hours, ("half", "bounds"))
    _one_of("adjusted_days", adjusted_days, ("counted", "bound"))
    known_calendar = _calendar.checked_calendar(calendar)
    if days is not None and known_bins != "hour_of_week":
        raise ParameterError(f"days are of hours of the week; bins {bins!r} tell types of days by themselves.")
    week = REGULAR_WEEK if days is None else kinds_of_weekdays(days, known_calendar)
    ids, texts = _ids(stations), _texts(stations)
    distinct, which = np.unique(texts.astype("str"), return_inverse=True) if texts.size else (texts, np.zeros(0, int))
    bound = adjusted_days == "bound" and known_calendar is not None
    found = [
        BitsOfText.of(parse_hours(str(text)), date, known_bins, part_hours, bound=bound, week=week) for text in distinct
    ]
    n_bins = len(_calendar.DAY_TYPES[known_bins]) * HOURS_PER_DAY
    nothing = np.zeros((0, n_words(n_bins)), dtype=np.uint64)
    day = np.array([_calendar.day_number(date)])
    return OpenHours(
        station_id=ids,
        low=np.stack([one.low for one in found])[which] if found else nothing,
        high=np.stack([one.high for one in found])[which] if found else nothing,
        bins=known_bins,
        n_bins=n_bins,
        table=_table(ids, [found[at] for at in which], calendar=known_calendar),
        as_of=date,
        calendar=known_calendar,
        calendar_known=_calendar.unknown_days(day, calendar=known_calendar).size == 0,
        part_hours=part_hours,
        adjusted_days=adjusted_days,
    )


def checked_date(as_of: dt.date | str) -> dt.date:
    """Insist on a date, or the ISO text of one."""
    if isinstance(as_of, dt.datetime):
        return as_of.date()
    if isinstance(as_of, dt.date):
        return as_of
    try:
        return dt.date.fromisoformat(as_of)
    except (TypeError, ValueError):
        raise ParameterError(f"as_of must be a date, or text such as '2026-11-18'. Got {as_of!r} instead.") from None


def _table(ids: npt.NDArray[np.object_], found: list[BitsOfText], *, calendar: Calendar | None) -> pd.DataFrame:
    told = [one.hours for one in found]
    columns: dict[str, Any] = {
        "station_id": pd.Series(ids, dtype="str"),
        "opening_hours": pd.Series([hours.text for hours in told], dtype="str"),
        "osm": pd.Series([hours.osm for hours in told], dtype="str"),
    }
    for name in ("status", "reason", "unparsed", "on_holidays", "on_adjusted_days"):
        values = [one.row.get(name, getattr(one.hours, name)) for one in found]
        columns[name] = pd.Series(values, dtype="str")
    for name in ("week_h_low", "week_h_high"):
        columns[name] = np.array([one.row[name] for one in found], dtype=np.float64)
    for name in ("part_hours", "differing_hours", "adjusted_hours"):
        columns[name] = np.array([one.row[name] for one in found], dtype=np.int64)
    if calendar is None:
        columns["adjusted_hours"] = np.zeros(len(found), dtype=np.int64)
    return pd.DataFrame(columns)


def _ids(stations: pd.DataFrame) -> npt.NDArray[np.object_]:
    if "station_id" not in stations.columns:
        raise ColumnError(
            f"STATIONS: column 'station_id' is missing; {suggest('station_id', [str(name) for name in stations])}"
        )
    ids = stations["station_id"]
    if ids.isna().any():
        raise DataError(
            f"STATIONS: station_id must not be missing; {int(ids.isna().sum()):,} of {len(ids):,} rows are."
        )
    repeated = ids.duplicated()
    if repeated.any():
        raise DataError(
            f"STATIONS: station_id must be unique; {int(repeated.sum()):,} of {len(ids):,} rows repeat an earlier one: "
            f"{first_few(ids[repeated])}. Remove or renumber them."
        )
    return ids.astype("str").to_numpy(dtype=np.object_)


def _texts(stations: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Hours as written, '' where none are."""
    if "opening_hours" not in stations.columns:
        return np.full(len(stations), "", dtype=np.object_)
    written = stations["opening_hours"].astype("object")
    missing = written.isna()
    wrong = ~missing & ~written.map(lambda value: isinstance(value, str)).astype(np.bool_)
    if wrong.any():
        shown = first_few(written[wrong], shown=SHOWN_OFFENDERS)
        raise DataError(
            f"STATIONS: column 'opening_hours' must hold text; {int(wrong.sum()):,} of {len(written):,} rows do not: "
            f"{shown}. Read it as text."
        )
    return written.mask(missing, "").to_numpy(dtype=np.object_)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ParameterError(f"{name} must be one of {', '.join(map(repr, known))}. Got {value!r} instead.")
