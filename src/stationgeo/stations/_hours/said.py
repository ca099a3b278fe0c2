"""What a text of opening hours says: statements of times on days in seasons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stationgeo.stations._hours.rules import DAYS

__all__ = ["ALL_DAYS", "By", "Group", "Months", "Said", "Season", "Statement"]

By = Literal["plain", "every", "literal", "working days", "weekends"]
"""What names the days: nothing, "every day", weekdays, or the calendar."""

Months = tuple[int, int, int, int]
"""First month and day, last month and day; 0 for a day means the whole month."""
Season = Literal["summer", "winter"] | Months | None

ALL_DAYS = frozenset(range(len(DAYS)))


@dataclass(frozen=True, slots=True)
class Group:
    """Days that are named together."""

    weekdays: frozenset[int] = ALL_DAYS
    holidays: bool = False
    by: By = "plain"


@dataclass(slots=True)
class Statement:
    """Times on some days in some season."""

    season: Season
    group: Group
    spans: list[tuple[int, int]] = field(default_factory=list)
    state: Literal["open", "closed", "by appointment"] = "open"


@dataclass(slots=True)
class Said:
    """All that a text says."""

    statements: list[Statement] = field(default_factory=list)
    as_usual: bool = False
    """Holidays are like any other day."""
    some_holidays: bool = False
    """Something is said of some holidays, which are not told apart."""
    breaks: list[tuple[tuple[int, int], Statement | None]] = field(default_factory=list)
    """Breaks, and the statement that each was said of; None where it was said of none before."""
    by_appointment: bool = False
    months_of: dict[str, Months] = field(default_factory=dict)
