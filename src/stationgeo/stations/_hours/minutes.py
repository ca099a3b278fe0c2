"""Rules to minutes: open for sure and perhaps open, on dates and in weeks of a kind.

Rules name weekdays; which of them are holidays or worked instead is written into the rules before the package
evaluates them. That is exact for up to seven days in a row, in which every weekday occurs once. What a text leaves open
is read in every way that it may be meant, and what holds in all of them is sure.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from opening_hours import OpeningHours, State

from stationgeo.stations._hours.rules import DAYS, WEEKENDS, WORKING_DAYS, Rule, write_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

__all__ = [
    "ADJUSTED",
    "HOLIDAY",
    "MINUTES_PER_DAY",
    "REGULAR",
    "Day",
    "date_minutes",
    "same_when_adjusted",
    "speaks_of_holidays",
    "week_minutes",
]

MINUTES_PER_DAY = 1440

Day = Literal["regular", "holiday", "adjusted"]
"""`adjusted`: a day of the weekend on which people work, because a holiday took a working day."""
REGULAR: Day = "regular"
HOLIDAY: Day = "holiday"
ADJUSTED: Day = "adjusted"

_Reading = Literal["literal", "closed", "as Friday", "as Sunday"]
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def week_minutes(
    rules: tuple[Rule, ...], *, as_of: dt.date, kind: Day
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Minutes (7, 1440) of the week around a date, Monday first, in which it is open for sure, and perhaps.

    All days are of the kind, but only Saturday and Sunday are worked instead.
    """
    monday = as_of - dt.timedelta(days=as_of.weekday())
    of_kind = (_SATURDAY, _SUNDAY) if kind == ADJUSTED else range(len(DAYS))
    kinds: dict[int, Day] = dict.fromkeys(range(len(DAYS)), REGULAR) | dict.fromkeys(of_kind, kind)
    readings = [
        dict.fromkeys(range(len(DAYS)), "literal") | dict.fromkeys(of_kind, reading)
        for reading in _readings(rules, kind)
    ]
    return _agreed(rules, kinds, readings, start=monday, n_days=len(DAYS))


def date_minutes(
    rules: tuple[Rule, ...], *, date: dt.date, kinds: tuple[Day, Day]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Minutes (1440,) of a date in which it is open for sure, and perhaps; kinds of the day before and of the day."""
    before, today = (date.weekday() - 1) % len(DAYS), date.weekday()
    kind_of: dict[int, Day] = dict.fromkeys(range(len(DAYS)), REGULAR) | {before: kinds[0], today: kinds[1]}
    readings = [
        dict.fromkeys(range(len(DAYS)), "literal") | {before: one, today: other}
        for one, other in product(*(_readings(rules, kind) for kind in kinds))
    ]
    low, high = _agreed(rules, kind_of, readings, start=date, n_days=1)
    return low[0], high[0]


def same_when_adjusted(rules: Sequence[Rule]) -> bool:
    """Tell whether a weekend day that is worked instead can only be meant in one way."""
    kinds = dict.fromkeys(range(len(DAYS)), REGULAR) | dict.fromkeys((_SATURDAY, _SUNDAY), ADJUSTED)
    return len({_given_days(rules, kinds, dict.fromkeys(kinds, way)) for way in _readings(rules, ADJUSTED)}) == 1


def _readings(rules: Sequence[Rule], kind: Day) -> tuple[_Reading, ...]:
    """In which ways a text may be meant on such a day."""
    if kind == HOLIDAY and not speaks_of_holidays(rules):
        return ("literal", "closed", "as Sunday")
    return ("literal", "as Friday") if kind == ADJUSTED else ("literal",)


def speaks_of_holidays(rules: Sequence[Rule]) -> bool:
    """Tell whether a text says what holds on holidays."""
    return any(rule.on_holidays or rule.always for rule in rules)


def _agreed(
    rules: tuple[Rule, ...],
    kinds: Mapping[int, Day],
    readings: Sequence[Mapping[int, str]],
    *,
    start: dt.date,
    n_days: int,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Minutes open in all readings, and those that may be open in any."""
    texts = {_given_days(rules, kinds, reading) for reading in readings}
    states = [_states(text, start, n_days) for text in sorted(texts)]
    low = np.logical_and.reduce([state == _OPEN for state in states])
    high = np.logical_or.reduce([state != _CLOSED for state in states])
    return low, high


_CLOSED, _UNKNOWN, _OPEN = range(3)
_CODE = {"closed": _CLOSED, "unknown": _UNKNOWN, "open": _OPEN}


@lru_cache(maxsize=2048)
def _states(text: str, start: dt.date, n_days: int) -> npt.NDArray[np.int8]:
    """States of the minutes (n_days, 1440) from a date on."""
    found = np.zeros(n_days * MINUTES_PER_DAY, dtype=np.int8)
    if text:
        begin = dt.datetime.combine(start, dt.time())
        for first, last, state, comment in OpeningHours(text).intervals(begin, begin + dt.timedelta(days=n_days)):
            code = _UNKNOWN if comment and state != State.CLOSED else _CODE[str(state)]
            found[_minute(first - begin) : _minute(last - begin)] = code
    found.setflags(write=False)
    return found.reshape(n_days, MINUTES_PER_DAY)


def _minute(since: dt.timedelta) -> int:
    return int(since / dt.timedelta(minutes=1))


def _given_days(rules: Sequence[Rule], kinds: Mapping[int, Day], reading: Mapping[int, str]) -> str:
    """Write the rules with the weekdays on which they hold, as those of these days."""
    holidays = {day for day, kind in kinds.items() if kind == HOLIDAY}
    speaks = speaks_of_holidays(rules)
    works = any(rule.by_calendar == WORKING_DAYS for rule in rules)
    kept: list[tuple[Rule, set[int]]] = []
    for rule in rules:
        held = {
            day for day in range(len(DAYS)) if _holds(rule, day, kinds[day], reading[day], speaks=speaks, works=works)
        }
        partly_closed = rule.state == "closed" and bool(rule.times)
        if rule.on_holidays and rule.joint == "; " and not rule.dates and not partly_closed:
            # A rule for holidays overrides their own hours, not those of the night before that last into them.
            kept = [(earlier, days - holidays) for earlier, days in kept]
            kept.append((rule, held - holidays))
            own = held & holidays if rule.state != "closed" else set()
            kept.append((replace(rule, joint=", ", days="PH"), own))
        else:
            kept.append((rule, held))
    written = [_with_days(rule, days, reading) for rule, days in kept]
    left = [rule for rule in written if rule is not None]
    return write_rules([replace(left[0], joint=""), *left[1:]]) if left else ""


def _holds(rule: Rule, day: int, kind: Day, reading: str, *, speaks: bool, works: bool) -> bool:
    """Tell whether a rule holds on a weekday that is of a kind, in one reading of the text."""
    if kind == HOLIDAY:
        if rule.on_holidays:
            return True
        if rule.by_calendar == WORKING_DAYS or reading == "closed":
            return False
        return (_SUNDAY if reading == "as Sunday" and not speaks else day) in rule.weekdays
    if kind == ADJUSTED:
        if rule.by_calendar == WEEKENDS and works:
            return False
        worked = rule.by_calendar == WORKING_DAYS or reading == "as Friday"
        return (_FRIDAY if worked else day) in rule.weekdays
    return day in rule.weekdays


def _with_days(rule: Rule, held: set[int], reading: Mapping[int, str]) -> Rule | None:
    nth = [term for term in rule.terms if "[" in term and reading[DAYS.index(term[:2])] == "literal"]
    terms = [DAYS[day] for day in sorted(held)] + nth
    if not terms:
        return None
    days = "" if len(held) == len(DAYS) else ",".join(terms)
    return replace(rule, days=days, comment="" if rule.by_calendar else rule.comment)
