"""Rules of the OpenStreetMap syntax, held as parts, so that days can be given to them before they are evaluated.

The package that evaluates knows neither the holidays of China nor the weekend days worked instead, and takes for open
what is only said in a comment, has no end or hangs on the sun. Here a text is cut into its rules, these parts are
made unknown, and what cannot be held as parts is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from opening_hours import OpeningHours, validate

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "DAYS",
    "WEEKENDS",
    "WHOLE_DAY",
    "WORKING_DAYS",
    "Rule",
    "RuleError",
    "named_days",
    "past_years",
    "read_rules",
    "write_rules",
]

State = Literal["open", "closed", "unknown"]

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
WHOLE_DAY = "00:00-24:00"
WORKING_DAYS = "working days"
"""Comment of a rule whose Mo-Fr are the working days of the calendar."""
WEEKENDS = "weekends"
"""Comment of a rule whose Sa-Su are the days off of the calendar."""

# Where an end is left open, the latest that is thought possible: an assumption, five o'clock next morning.
_LATEST_END = "29:00"

_DAY = "(?:Mo|Tu|We|Th|Fr|Sa|Su)"
_TERM = rf"(?:{_DAY}(?:-{_DAY})?(?:\[[-0-9,]+\])?|PH)"
_TERMS = re.compile(rf"(?:^|(?<= )){_TERM}(?:,{_TERM})*$")
_TIMES = re.compile(r"(?:^|(?<= ))(?:\d\d:\d\d|\(?(?:dawn|sunrise|sunset|dusk))[^ ]*$")
_STATE = re.compile(r"(?:^|(?<= ))(?:closed|unknown)$")
_COMMENT = re.compile(r'(?:^|(?<= ))"[^"]*"$')
_PIECE = re.compile(r'("[^"]*")|(; |, | \|\| )')
_DATES = re.compile(r"(?:[ ,/+-]|\d+|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|week|easter|days?)*")
_SUN = re.compile(r"\(?(?:dawn|sunrise|sunset|dusk)(?:[+-]\d\d:\d\d\))?")
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
_HOURS_WRITTEN = re.compile(r"(?<!\d)(\d{1,2}):\d\d-(\d{1,2}):\d\d")
_QUOTED = re.compile(r'"[^"]*"')
_ALL_DAY_WRITTEN = re.compile(r"24/7|(?<!\d)0?0:00-24:00")
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


class RuleError(Exception):
    """A text of which not every part is understood: the reason, and the part."""

    def __init__(self, reason: str, part: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.part = part


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: on which days, at which times, open or not."""

    joint: str
    """What joins it to the rule before: "; " overrides, ", " adds, " || " falls back; "" for the first."""
    dates: str
    """Years, months and weeks, as written; "" for always."""
    days: str
    """Weekdays and PH, as written; "" for all."""
    times: str
    """Times, as written; "" for the whole day."""
    state: State
    """What holds then."""
    comment: str
    """Without its quotes; "" for none."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Days one by one."""
        return tuple(re.split(r",(?![^\[]*\])", self.days)) if self.days else ()

    @property
    def weekdays(self) -> frozenset[int]:
        """Which weekdays it names, 0 for Monday; all of them where it names no day at all."""
        return frozenset(range(len(DAYS))) if not self.days else named_days(self.terms)

    @property
    def on_holidays(self) -> bool:
        """Tell whether it names public holidays."""
        return "PH" in self.terms

    @property
    def always(self) -> bool:
        """Tell whether it is for every day of every year, around the clock."""
        return not self.dates and not self.days and self.times == WHOLE_DAY

    @property
    def by_calendar(self) -> str:
        """Name the days of the calendar that its weekdays stand for, or none."""
        return self.comment if self.comment in {WORKING_DAYS, WEEKENDS} else ""

    def __str__(self) -> str:
        state = "" if self.state == "open" else self.state
        quoted = f'"{self.comment}"' if self.comment else ""
        times = "24/7" if self.always else self.times
        return " ".join(part for part in (self.dates, self.days, times, state, quoted) if part)


def named_days(terms: Iterable[str]) -> frozenset[int]:
    """Weekdays of terms such as "Mo-Fr" and "Su"; "Sa-Mo" wraps around, and the n-th of a month is left out."""
    found: set[int] = set()
    for term in terms:
        if term == "PH" or "[" in term:
            continue
        first, _, last = term.partition("-")
        start = DAYS.index(first)
        n_days = (DAYS.index(last or first) - start) % len(DAYS) + 1
        found.update((start + step) % len(DAYS) for step in range(n_days))
    return frozenset(found)


def read_rules(text: str) -> tuple[Rule, ...]:
    """Read OpenStreetMap syntax; what would silently be more than it says becomes unknown, and the rest is refused."""
    if not validate(text):
        raise RuleError("not understood", text)
    canonical = str(OpeningHours(text))
    bare = _QUOTED.sub("", text)
    if re.search(rf"PH +{_DAY}", bare):
        raise RuleError("holidays of some weekdays", text)
    if any(int(end) <= int(begin) and len(end) == 1 for begin, end in _HOURS_WRITTEN.findall(bare)):
        raise RuleError("an end that may be of the afternoon or of the next day", text)
    rules = tuple(_cut(joint, part) for joint, part in _pieces(canonical))
    if canonical != write_rules(rules):
        raise RuleError("syntax not supported", text)
    said = len(_ALL_DAY_WRITTEN.findall(bare))
    unsaid = sum(rule.times in {"", WHOLE_DAY} and rule.state == "open" for rule in rules) > said
    return tuple(_careful(rule, all_day=not unsaid) for rule in rules)


def write_rules(rules: Iterable[Rule]) -> str:
    """Write rules as one text."""
    return "".join(rule.joint + str(rule) for rule in rules)


def past_years(rules: Iterable[Rule], *, year: int) -> bool:
    """Tell whether all that is said of open hours is of years before."""
    spoken = [rule for rule in rules if rule.state != "closed"]
    years = [[int(found) for found in _YEAR.findall(rule.dates)] for rule in spoken]
    return bool(spoken) and all(found and max(found) < year for found in years)


def _pieces(text: str) -> list[tuple[str, str]]:
    """Cut a text where rules are joined, but not inside quotes."""
    found, joint, begin = [], "", 0
    for match in _PIECE.finditer(text):
        if match.group(2) is not None:
            found.append((joint, text[begin : match.start()]))
            joint, begin = match.group(2), match.end()
    return [*found, (joint, text[begin:])]


def _cut(joint: str, text: str) -> Rule:
    rest, comment = _tail(text, _COMMENT)
    rest, state = _tail(rest, _STATE)
    if rest == "24/7":
        rest, times, days = "", "", ""
        whole = WHOLE_DAY
    else:
        rest, times = _tail(rest, _TIMES)
        rest, days = _tail(rest, _TERMS)
        whole = ""
    if not _DATES.fullmatch(rest):
        raise RuleError("syntax not supported", text)
    known: State = "closed" if state == "closed" else "unknown" if state == "unknown" else "open"
    return Rule(joint=joint, dates=rest, days=days, times=times or whole, state=known, comment=comment.strip('"'))


def _tail(text: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    match = pattern.search(text)
    return (text, "") if match is None else (text[: match.start()].rstrip(" "), match.group())


def _careful(rule: Rule, *, all_day: bool) -> Rule:
    """Make unknown what is in a comment, has no end, hangs on the sun, or is said of a day but not of its hours."""
    times, state = rule.times, rule.state
    if "/" in times:
        raise RuleError("points in time", str(rule))
    if state == "closed":
        if "+" in times or _SUN.search(times):
            raise RuleError("closed at times that are not said", str(rule))
        return rule
    if any(first == last for first, last in _SPAN.findall(times)):
        raise RuleError("a span without length", str(rule))
    if _SUN.search(times):
        state = "unknown"
        times = ",".join(_around_the_sun(span) for span in times.split(","))
    if "+" in times:
        state = "unknown"
        times = ",".join(_until_late(span) for span in times.split(","))
    if rule.comment and not rule.by_calendar:
        state = "unknown"
    if not times or rule.always:
        state = state if all_day else "unknown"
        times = WHOLE_DAY
    return replace(rule, times=times, state=state)


def _around_the_sun(span: str) -> str:
    """Widen a span to whatever the sun may do."""
    if not _SUN.search(span):
        return span
    first, last = re.split(r"-(?![^(]*\))", span.rstrip("+"), maxsplit=1) if "-" in span else (span.rstrip("+"), "")
    start = "00:00" if _SUN.search(first) else first
    return f"{start}-24:00" if not last or _SUN.search(last) or last <= start else f"{start}-{last}"


def _until_late(span: str) -> str:
    return span if "+" not in span else f"{span.rstrip('+')[:5]}-{_LATEST_END}"
