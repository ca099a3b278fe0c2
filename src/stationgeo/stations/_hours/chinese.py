"""What is said in words, to OpenStreetMap syntax: each day of each season gets its own rule, and no rule overrides.

Rules that override would take from a night what lasts into the next morning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stationgeo.stations._hours.clock import MINUTES_PER_DAY
from stationgeo.stations._hours.grammar import read
from stationgeo.stations._hours.rules import DAYS, WEEKENDS, WORKING_DAYS, RuleError
from stationgeo.stations._hours.said import ALL_DAYS
from stationgeo.stations._hours.seasons import parts_of_year
from stationgeo.stations._hours.words import tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from stationgeo.stations._hours.said import Said, Season, Statement

__all__ = ["to_osm"]

_APPOINTMENT = "by appointment"
_EITHER_SEASON = "summer or winter"
_SOME_HOLIDAYS = "some holidays"
_PH = -1


@dataclass(frozen=True, slots=True)
class _Day:
    """Minutes of a day as bits: open for sure and perhaps, and what names the day."""

    sure: int
    perhaps: int
    by: str
    why: str = ""
    """Why it is not sure."""


_Plan = dict[int, _Day]
"""What holds on each weekday, and on holidays where something is said of them."""

_ALL_DAY = (1 << MINUTES_PER_DAY) - 1
_FOREVER = (1 << 2 * MINUTES_PER_DAY) - 1
_NOT_SAID = _Day(0, _ALL_DAY, "plain")
_CLOSED = _Day(0, 0, "literal")


def to_osm(text: str) -> str:
    """Write a text of opening hours in OpenStreetMap syntax; refuse what is not understood wholly."""
    said = read(tidy(text))
    if len(said.statements) == 1 and said.statements[0].state == "closed" and said.statements[0].group.by == "plain":
        return "off"
    if not said.statements:
        raise RuleError(_APPOINTMENT if said.by_appointment else "hours not said", text)
    seasons = [statement.season for statement in said.statements if statement.season is not None]
    if not seasons:
        return _written({"": _plan(said, None)})
    parts = parts_of_year(seasons, months_of=said.months_of)
    return _written({dates: _mixed([_plan(said, season) for season in meant]) for dates, meant in parts.items()})


def _plan(said: Said, season: Season) -> _Plan:
    """Days of a season; what is said of no season holds where its own says nothing."""
    opened = [one for one in said.statements if one.state != "closed"]
    own = [one for one in opened if one.season == season]
    own = own or [one for one in opened if one.season is None]
    closed = [one for one in said.statements if one.state == "closed"]
    off = _closed_days(closed)
    if any(_days_of(one) <= off.keys() for one in own):
        raise RuleError("days that contradict each other", "")
    plan = _opened(own, said)
    if not own:
        return dict.fromkeys(ALL_DAYS, _NOT_SAID) | off
    everyday = any(one.group.by == "every" for one in own)
    plan |= {day: one for day, one in off.items() if day in plan or day == _PH}
    if _PH not in plan:
        plan |= _unsaid_holidays(plan, likewise=everyday or said.as_usual)
    if said.some_holidays and _PH in plan:
        plan[_PH] = replace(plan[_PH], sure=0, why=_SOME_HOLIDAYS)
    return plan


def _closed_days(statements: Iterable[Statement]) -> _Plan:
    return dict.fromkeys([day for one in statements for day in sorted(_days_of(one))], _CLOSED)


def _days_of(statement: Statement) -> frozenset[int]:
    return statement.group.weekdays | (frozenset({_PH}) if statement.group.holidays else frozenset())


def _opened(statements: Sequence[Statement], said: Said) -> _Plan:
    """Give each day the times that are said of it; a part of days that were named before overrides the whole."""
    plan: _Plan = {}
    owner: dict[int, Statement] = {}
    for one in statements:
        day = _day(one, said)
        for at in sorted(_days_of(one) - ({_PH} if one.group.by == "every" else set())):
            before = owner.get(at)
            found = day
            if before is not None and before.state == "open":
                found = _joined(plan[at], day, before, one)
            plan[at], owner[at] = found, one
    return plan


def _joined(before: _Day, day: _Day, earlier: Statement, later: Statement) -> _Day:
    """Hours of a day of which two statements speak: added if they name the same days, or overridden by a part."""
    if later.state != "open":
        return day
    apart = before.perhaps & day.perhaps == 0
    if earlier.group == later.group and apart:
        return replace(day, sure=before.sure | day.sure, perhaps=before.perhaps | day.perhaps)
    if later.group.weekdays < earlier.group.weekdays and not apart and earlier.group.by in {"plain", "every"}:
        return day
    raise RuleError("times that contradict each other", "")


def _day(statement: Statement, said: Said) -> _Day:
    perhaps = sure = _minutes(statement.spans)
    for span, of in said.breaks:
        sure &= ~_minutes([span])
        perhaps &= ~_minutes([span]) if of is None or of is statement else _FOREVER
    if not perhaps:
        raise RuleError("hours not said", "")
    if statement.state == _APPOINTMENT or said.by_appointment:
        return _Day(0, perhaps, statement.group.by, _APPOINTMENT)
    return _Day(sure, perhaps, statement.group.by)


def _unsaid_holidays(plan: _Plan, *, likewise: bool) -> _Plan:
    """Say what holds on holidays that are not spoken of, where that follows from the days that are."""
    days = [plan.get(day, _CLOSED) for day in sorted(ALL_DAYS)]
    around_the_clock = all(day.sure == _ALL_DAY for day in days) and _is_plain(days)
    if likewise or around_the_clock:
        sure, perhaps = _over(days)
        return {_PH: _Day(sure, perhaps, "literal", days[0].why or "holidays")}
    if {day.by for day in plan.values()} == {WORKING_DAYS}:
        return {_PH: _CLOSED}
    return {}


def _over(days: Sequence[_Day]) -> tuple[int, int]:
    """Minutes that are sure on all days, and possible on any."""
    sure, perhaps = _FOREVER, 0
    for day in days:
        sure, perhaps = sure & day.sure, perhaps | day.perhaps
    return sure, perhaps


def _is_plain(days: Sequence[_Day]) -> bool:
    return all(day.by == "plain" for day in days) and len(days) == len(DAYS)


def _mixed(plans: Sequence[_Plan]) -> _Plan:
    """Days of a part of the year that may be of either season: sure is what is so in both."""
    mixed: _Plan = {}
    for day in sorted({day for plan in plans for day in plan}):
        found = [plan.get(day) for plan in plans]
        if day == _PH and None in found:
            continue
        told = [one or _CLOSED for one in found]
        sure, perhaps = _over(told)
        bys = {one.by for one in told}
        why = _EITHER_SEASON if len(told) > 1 and sure != perhaps else told[0].why
        mixed[day] = _Day(sure, perhaps, bys.pop() if len(bys) == 1 else "literal", why)
    return mixed


def _written(parts: Mapping[str, _Plan]) -> str:
    """Write rules: weekdays first, then holidays, which override."""
    rules: list[str] = []
    holidays: list[tuple[str, _Day]] = []
    for dates, plan in parts.items():
        days = {day: one for day, one in plan.items() if day != _PH}
        whole = len(days) == len(DAYS) and len(set(days.values())) == 1
        ph = plan.get(_PH)
        together = whole and ph is not None and (ph.sure, ph.perhaps) == (days[0].sure, days[0].perhaps)
        for one in dict.fromkeys(days.values()):
            held = [day for day, other in sorted(days.items()) if other == one]
            names = _named(held) + (",PH" if together else "")
            plain = whole and not together and one.by == "plain"
            rules += _lines(dates, "" if plain else names, one)
        if ph is not None and not together:
            holidays.append((dates, ph))
    same = len(holidays) == len(parts) and len({one for _, one in holidays}) == 1
    told = [("", holidays[0][1])] if same else holidays
    tail = [line for dates, ph in told for line in _holiday_lines(dates, ph)]
    return "; ".join([", ".join(rules), *tail]) if rules else "; ".join(tail) or "off"


def _holiday_lines(dates: str, day: _Day) -> list[str]:
    if not day.perhaps:
        return [" ".join(part for part in (dates, "PH", "off") if part)]
    return [", ".join(_lines(dates, "PH", replace(day, by="literal")))]


def _lines(dates: str, days: str, day: _Day) -> list[str]:
    """Write a rule for what is sure and one for what may be."""
    if days == "Mo-Su,PH" and not dates and day.sure == _ALL_DAY == day.perhaps:
        return ["24/7"]
    by = day.by if day.by in {WORKING_DAYS, WEEKENDS} else ""
    parts = ((day.sure, "", by), (day.perhaps & ~day.sure, "unknown", day.why or by))
    return [
        " ".join(part for part in (dates, days, _times(minutes), state, f'"{comment}"' if comment else "") if part)
        for minutes, state, comment in parts
        if minutes
    ]


def _named(days: Sequence[int]) -> str:
    """Write weekdays, those in a row as a range."""
    if not days:
        return ""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _minutes(spans: Iterable[tuple[int, int]]) -> int:
    found = 0
    for first, last in spans:
        found |= (1 << last) - (1 << first)
    return found


def _times(minutes: int) -> str:
    """Write the runs of bits as spans."""
    spans = []
    at = 0
    while minutes >> at:
        first = at + _low_zeros(minutes >> at)
        last = first + _low_zeros(~(minutes >> first))
        spans.append(f"{first // 60:02d}:{first % 60:02d}-{last // 60:02d}:{last % 60:02d}")
        at = last
    return ",".join(spans)


def _low_zeros(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
