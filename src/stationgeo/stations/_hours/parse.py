"""A text of opening hours, understood wholly or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from stationgeo.errors import ParameterError
from stationgeo.stations._hours.chinese import to_osm
from stationgeo.stations._hours.minutes import same_when_adjusted, speaks_of_holidays
from stationgeo.stations._hours.rules import (
    WORKING_DAYS,
    Rule,
    RuleError,
    past_years,
    read_rules,
    write_rules,
)

__all__ = ["Hours", "HoursStatus", "parse_hours", "rules_in"]

HoursStatus = Literal["known", "partly", "closed", "unknown"]
"""What is known: all hours, some of them, that it is closed, or nothing."""

_UNKNOWN = "24/7 unknown"
_ONLY_TIMES = re.compile(r"[-\d:.,; ]*")
# "26:00" is two o'clock of the next day, and "2026" a year, in OpenStreetMap's syntax alone.
_OSM_ALONE = re.compile(r"(?<!\d)(?:2[5-9]|[34]\d):|\d{4}")

# Texts are at most so long; what is longer is no line of opening hours, and would only take time.
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Opening hours as understood."""

    text: str
    """As written; "" where nothing was."""
    osm: str
    """The rules in OpenStreetMap's `opening_hours` syntax. The comments "working days" and "weekends" say that Mo-Fr
    and Sa-Su are those of the calendar; the state `unknown` and every other comment say that it may be open then."""
    status: HoursStatus
    """"known" (of regular days), "partly" (at some times it may be open), "closed" (for the time being), "unknown"."""
    reason: str
    """Why something is unknown, in a few words; "" where nothing is."""
    unparsed: str
    """The part that was not understood; "" where there is none."""
    on_holidays: Literal["open", "closed", "unknown"]
    """What the text says of public holidays."""
    on_adjusted_days: Literal["as working days", "unknown"]
    """What the text says of weekend days that are worked in place of a holiday."""

    def to_osm(self) -> str:
        """Write the rules in OpenStreetMap's syntax; `parse_hours` understands it as the same hours."""
        return self.osm

    def __str__(self) -> str:
        return self.osm if self.status != "unknown" else f"unknown ({self.reason})"


def parse_hours(text: str) -> Hours:
    """Understand a text of opening hours, Chinese or in OpenStreetMap's syntax.

    Parameters
    ----------
    text
        As people write it, in simplified or traditional script, with full-width or plain digits; or OpenStreetMap's
        `opening_hours` syntax. "" means that nothing was written.

    Returns
    -------
    Hours
        The rules that it was understood as. A text that is not understood wholly is unknown, and says why: it is never
        half understood, and never taken for open around the clock.

    Raises
    ------
    ParameterError
        If it is no text.

    Notes
    -----
    O(length). The same text is parsed once.

    Examples
    --------
    >>> parse_hours("工作日8:30-12:00,14:00-17:30").to_osm()
    'Mo-Fr 08:30-12:00,14:00-17:30 "working days"; PH closed'
    >>> print(parse_hours("电话预约"))
    unknown (by appointment)
    """
    if not isinstance(text, str):
        raise ParameterError(f"text must be text. Got {type(text).__name__} instead; write '' where there is none.")
    return _parsed(text)


@lru_cache(maxsize=8192)
def _parsed(text: str) -> Hours:
    written = text.strip()
    if not written:
        return _unknown(text, "nothing written", "")
    if len(written) > _LONGEST_TEXT:
        return _unknown(text, "too long", written)
    try:
        rules = _read(written)
    except RuleError as error:
        return _unknown(text, error.reason, error.part)
    return _hours(text, rules)


def rules_in(hours: Hours, *, year: int) -> tuple[Rule, ...]:
    """Rules that hold in a year: of hours that are all of years before nothing is known any more."""
    rules = _cached_rules(hours.osm)
    return _cached_rules(_UNKNOWN) if past_years(rules, year=year) else rules


@lru_cache(maxsize=8192)
def _cached_rules(osm: str) -> tuple[Rule, ...]:
    return read_rules(osm)


def _read(written: str) -> tuple[Rule, ...]:
    """Read either syntax; times without a letter are read as people write them."""
    if not _ONLY_TIMES.fullmatch(written) or _OSM_ALONE.search(written):
        try:
            return read_rules(written)
        except RuleError as error:
            if error.reason != "not understood":
                raise
    return read_rules(to_osm(written))


def _hours(text: str, rules: tuple[Rule, ...]) -> Hours:
    weekdays = tuple(rule for rule in rules if rule.days != "PH")
    states = {rule.state for rule in weekdays}
    status: HoursStatus
    if "unknown" in states:
        status = "unknown" if len(rules) == 1 and rules[0].always else "partly"
    else:
        status = "known" if "open" in states else "closed"
    return Hours(
        text=text,
        osm=write_rules(rules),
        status=status,
        reason=_reason(weekdays),
        unparsed="",
        on_holidays=_on_holidays(rules),
        on_adjusted_days="as working days" if status != "unknown" and same_when_adjusted(rules) else "unknown",
    )


def _reason(rules: tuple[Rule, ...]) -> str:
    """Name the first reason why hours are unknown: the comment, or that they are not said."""
    unknown = [rule for rule in rules if rule.state == "unknown"]
    said = [rule.comment for rule in unknown if rule.comment]
    return "" if not unknown else said[0] if said else "hours not said"


def _on_holidays(rules: tuple[Rule, ...]) -> Literal["open", "closed", "unknown"]:
    said = [rule.state for rule in rules if rule.on_holidays or rule.always]
    if said:
        return said[-1]
    if speaks_of_holidays(rules):
        return "unknown"
    opened = [rule for rule in rules if rule.state != "closed"]
    return "closed" if all(rule.by_calendar == WORKING_DAYS for rule in opened) else "unknown"


def _unknown(text: str, reason: str, unparsed: str) -> Hours:
    return Hours(
        text=text,
        osm=_UNKNOWN,
        status="unknown",
        reason=reason,
        unparsed=unparsed,
        on_holidays="unknown",
        on_adjusted_days="unknown",
    )
