"""Seasons to parts of the year: which dates are of a season for sure, and which may be of either."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

from stationgeo.stations._hours.clock import number_of
from stationgeo.stations._hours.rules import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationgeo.stations._hours.said import Months, Season
    from stationgeo.stations._hours.words import Token

__all__ = ["MAYBE_SUMMER", "SURE_SUMMER", "parts_of_year", "read_months"]

SURE_SUMMER = frozenset({6, 7, 8})
"""Months that are summer wherever hours of summer are kept. Assumption: the summer of meteorologists."""
MAYBE_SUMMER = frozenset({5, 9})
"""Months that are summer in some places. Assumption: offices that change their hours do so at the beginning of May or
June and of September or October."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A leap year, so that every date has a place.
_DATES = tuple((month, day) for month in range(1, 13) for day in range(1, calendar.monthrange(2024, month)[1] + 1))
_MonthDay = tuple[int, int]


def read_months(words: Sequence[Token], at: int) -> tuple[Months, int]:
    """Read 5月-9月, 5-9月, 5月1日至9月30日 or 7月 from a word on; also the word after it."""
    text = "".join(word.text for word in words)
    first = words[at].parts
    if first.get("m1"):
        begin, end = number_of(first["m1"] or ""), number_of(first["m2"] or "")
        if first.get("list") == "、" and end != begin + 1:
            raise RuleError("dates that are not understood", text)
        return _checked((begin, 0, end, 0), text), at + 1
    ranged = [word.word for word in words[at + 1 : at + 3]] == ["to", "month"]
    last = words[at + 2].parts if ranged else first
    days = [number_of(one.get("d") or "0") for one in (first, last)]
    if (days[0] == 0) != (days[1] == 0) or (not ranged and days[0]):
        raise RuleError("dates that are not understood", text)
    months = [number_of(one["m"] or "") for one in (first, last)]
    return _checked((months[0], days[0], months[1], days[1]), text), at + (3 if ranged else 1)


def _checked(months: Months, text: str) -> Months:
    if any((month, day or 1) not in _DATES for month, day in (months[:2], months[2:])):
        raise RuleError("no month or day of a year", text)
    return months


def parts_of_year(seasons: Sequence[Season], *, months_of: Mapping[str, Months]) -> dict[str, list[Season]]:
    """Cut the year into parts, each with the seasons that it may be of; `None` where no season is said."""
    told = list(dict.fromkeys(seasons))
    owners = [_owners(date, told, months_of) for date in _DATES]
    parts: dict[tuple[Season, ...], list[int]] = {}
    for at, owner in enumerate(owners):
        parts.setdefault(owner, []).append(at)
    return {_written(days): list(owner) for owner, days in parts.items()}


def _owners(date: _MonthDay, told: Sequence[Season], months_of: Mapping[str, Months]) -> tuple[Season, ...]:
    dated = [season for season in told if isinstance(season, tuple) and _within(date, season)]
    named = [season for season in told if isinstance(season, str)]
    may_be = _named(date, months_of) if named else set()
    found: list[Season] = [*dated, *(season for season in ("summer", "winter") if season in may_be)]
    if len(dated) > 1 or (dated and named):
        raise RuleError("seasons that contradict each other", "")
    owners: list[Season] = [season if season in told else None for season in found] or [None]
    return tuple(dict.fromkeys(owners))


def _named(date: _MonthDay, months_of: Mapping[str, Months]) -> set[str]:
    """Summer, winter, or both where a date may be of either."""
    if months_of:
        summer = _within(date, months_of["summer"]) if "summer" in months_of else None
        winter = _within(date, months_of["winter"]) if "winter" in months_of else None
        if summer and winter:
            raise RuleError("seasons that contradict each other", "")
        if summer is None:
            return {"winter"} if winter else {"summer"}
        if winter is None:
            return {"summer"} if summer else {"winter"}
        return {name for name, holds in (("summer", summer), ("winter", winter)) if holds}
    if date[0] in MAYBE_SUMMER:
        return {"summer", "winter"}
    return {"summer"} if date[0] in SURE_SUMMER else {"winter"}


def _within(date: _MonthDay, months: Months) -> bool:
    first, last = (months[0], months[1] or 1), (months[2], months[3] or 31)
    return first <= date <= last if first <= last else date >= first or date <= last


def _written(days: Sequence[int]) -> str:
    """Write dates as ranges of months, or of days where they begin or end within one."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if len(runs) > 1 and runs[0][0] == 0 and runs[-1][-1] == len(_DATES) - 1:
        runs[0] = runs.pop() + runs[0]
    return ",".join(_range(_DATES[run[0]], _DATES[run[-1]]) for run in runs)


def _range(first: _MonthDay, last: _MonthDay) -> str:
    if first[1] == 1 and last[1] == calendar.monthrange(2024, last[0])[1]:
        names = _MONTHS[first[0] - 1], _MONTHS[last[0] - 1]
        return names[0] if names[0] == names[1] else "-".join(names)
    return f"{_MONTHS[first[0] - 1]} {first[1]:02d}-{_MONTHS[last[0] - 1]} {last[1]:02d}"
