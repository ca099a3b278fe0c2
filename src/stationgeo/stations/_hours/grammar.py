"""Words of opening hours to statements: in which season, on which days, at which times.

A sentence is read from left to right. Days hold for the times after them, or, where times come first throughout, for
those before. What could be meant in two ways is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.stations._hours.clock import MINUTES_PER_DAY, read_span
from stationgeo.stations._hours.order import (
    DAY_WORDS,
    JOINTS,
    TIME_WORDS,
    checked_numbers,
    days_first,
    times_come_first,
)
from stationgeo.stations._hours.rules import RuleError
from stationgeo.stations._hours.said import ALL_DAYS, By, Group, Said, Season, Statement
from stationgeo.stations._hours.seasons import read_months
from stationgeo.stations._hours.words import tokens, weekdays_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.stations._hours.words import Token, Word

__all__ = ["read"]

_WORKDAYS, _WEEKEND = frozenset(range(5)), frozenset({5, 6})
_WHOLE_DAY = (0, MINUTES_PER_DAY)
_HOLIDAYS: frozenset[Word] = frozenset({"holidays", "some holidays"})


def read(text: str) -> Said:
    """Read a tidy text; a text that is not understood wholly is refused."""
    words = tokens(text)
    if not words:
        raise RuleError("hours not said", text)
    if any(word.word == "elsewhere" for word in words):
        raise RuleError("told elsewhere", next(word.text for word in words if word.word == "elsewhere"))
    words = checked_numbers(words)
    if times_come_first(words):
        words = days_first(words)
    return _Reader(words, text).read()


class _Reader:
    """What is read so far, and where."""

    def __init__(self, words: list[Token], text: str) -> None:
        self.words = words
        self.text = text
        self.at = 0
        self.said = Said()
        self.season: Season = None
        self.group = Group()
        self.waiting = False
        """Days were named, and nothing was said of them yet."""
        self.groups_of_season = 0
        self.days_of_season = "its own"
        """Whether days were named within the season, or hold for several."""

    def read(self) -> Said:
        if all(word.word in {"closed now", "off"} | JOINTS for word in self.words):
            self.said.statements.append(Statement(None, Group(), [], "closed"))
            return self.said
        steps: dict[Word, Callable[[], None]] = {
            **dict.fromkeys(DAY_WORDS, self._days), **dict.fromkeys(TIME_WORDS, self._span),
            **dict.fromkeys(JOINTS, self._skip), "no rest": self._no_rest, "whole day": self._whole_day,
            "off": self._off, "except": self._except, "include": self._include, "usual": self._usual,
            "appointment": self._appointment, "lunch": self._lunch, "summer": self._season, "winter": self._season,
            "month": self._month, "rest": self._others,
        }  # fmt: skip
        while self.at < len(self.words):
            step = steps.get(self.words[self.at].word)
            if step is None:
                raise RuleError("not understood", self._rest())
            step()
        self._end()
        return self.said

    def _end(self) -> None:
        """Let days that come last hold for times that came without days; refuse what is left over."""
        if self.season is not None and not self.groups_of_season:
            raise RuleError("a season without hours", self.text)
        opened = [one for one in self.said.statements if one.state == "open"]
        if self.waiting and (not opened or any(one.group.by != "plain" for one in opened)):
            raise RuleError("days without hours", self.text)
        if self.waiting:
            for one in opened:
                one.group = self.group

    def _rest(self) -> str:
        return "".join(word.text for word in self.words[self.at :])

    def _peek(self, ahead: int = 0) -> Word | None:
        return self.words[self.at + ahead].word if self.at + ahead < len(self.words) else None

    def _skip(self) -> None:
        self.at += 1

    # Days

    def _days(self) -> None:
        """Take days that are named together, and what is said of them at once."""
        group, some, everyday = self._group()
        after = self._peek()
        if some:
            self._of_some_holidays(after)
            return
        if after in {"excepted", "off"}:
            self.at += 1
            self._close(group)
        elif after in {"usual", "no rest"} and group.holidays:
            self.at += 1
            self._likewise(group)
        elif everyday and self._peek_after_joints() in DAY_WORDS - _HOLIDAYS:
            raise RuleError("days that contradict each other", self._rest())
        elif self.groups_of_season and self.days_of_season == "as before":
            raise RuleError("days that may be of one season or of all", self.text)
        else:
            self.group, self.waiting = self._also_called(group), True

    def _also_called(self, group: Group) -> Group:
        """Take two names of the same days as one: 工作日(周一至周五)."""
        if not self.waiting:
            return group
        if (group.weekdays, group.holidays) != (self.group.weekdays, self.group.holidays):
            raise RuleError("days without hours", self.text)
        return self.group if group.by == "literal" else group

    def _peek_after_joints(self) -> Word | None:
        ahead = 0
        while self._peek(ahead) in JOINTS:
            ahead += 1
        return self._peek(ahead)

    def _group(self) -> tuple[Group, bool, bool]:
        """Days in a row; whether they are but some holidays; whether they are every day."""
        members = [self.words[self.at]]
        self.at += 1
        while (step := self._joined(members)) > 0:
            members.append(self.words[self.at + step - 1])
            self.at += step
        if any(member.word == "some holidays" for member in members):
            return Group(), True, False
        weekdays: frozenset[int] = frozenset()
        bys: set[By] = set()
        for member in members:
            days, named_by = _of_word(member)
            weekdays |= days
            bys |= {named_by} if days else set()
        holidays = any(member.word == "holidays" for member in members)
        by: By = bys.pop() if len(bys) == 1 else "literal"
        return Group(weekdays, holidays or by == "every", by), False, by == "every"

    def _joined(self, members: list[Token]) -> int:
        """How many words further a day is that belongs to those before; 0 if there is none."""
        step = 2 if self._peek() == "and" else 1
        word = self._peek(step - 1)
        if word not in DAY_WORDS or word == "every" or members[-1].word == "every":
            return 0
        after = self._peek(step)
        listed = self._peek() == "and" and self.words[self.at].text != ","
        if word in _HOLIDAYS and after in {"excepted", "usual", "no rest", "off"}:
            days_off = all(_of_word(member)[0] <= _WEEKEND for member in members)
            alike = members[-1].word in _HOLIDAYS
            return step if alike or (days_off and (listed or after == "off")) else 0
        return step

    def _of_some_holidays(self, after: Word | None) -> None:
        if after not in {"excepted", "off", "usual", "no rest"}:
            raise RuleError("hours of some holidays", self.text)
        self.at += 1
        self.said.some_holidays = True

    def _close(self, group: Group) -> None:
        self.said.statements.append(Statement(None, group, [], "closed"))

    def _off(self) -> None:
        """Refuse to close what was not named; days and breaks take what closes them with them."""
        raise RuleError("not understood", self._rest())

    def _others(self) -> None:
        """Speak of all other days, which are closed anyway or come without a name."""
        self.at += 1
        if self.waiting:
            raise RuleError("days without hours", self.text)
        if self._peek() == "off":
            self.at += 1
        else:
            self.group = Group()

    def _except(self) -> None:
        self.at += 1
        if self._peek() not in DAY_WORDS:
            raise RuleError("not understood", self.text)
        group, some, _ = self._group()
        ended = False
        while self._peek() in {"excepted", "off"}:
            ended = True
            self.at += 1
        if self._peek() not in JOINTS | {None} and not ended:
            raise RuleError("not understood", self.text)
        if some:
            self.said.some_holidays = True
        else:
            self._close(group)

    def _include(self) -> None:
        self.at += 1
        if self._peek() not in DAY_WORDS:
            raise RuleError("not understood", self.text)
        group, some, _ = self._group()
        self._likewise(group)
        self.said.some_holidays |= some

    def _likewise(self, group: Group) -> None:
        """Let holidays be like other days; weekdays that are named with them must be among those."""
        named = self.group.weekdays if self.waiting or self.said.statements else frozenset()
        if not group.weekdays <= named:
            raise RuleError("days that contradict each other", self.text)
        self.said.as_usual |= group.holidays

    def _usual(self) -> None:
        """Pass over "as usual" where no holidays are named, of which alone it says something."""
        self.at += 1

    def _no_rest(self) -> None:
        """Without rest: on every day, and on holidays too."""
        self.at += 1
        self.said.as_usual = True

    # Times

    def _span(self) -> None:
        span = self._read_span()
        if self._peek() in {"lunch", "off"} and not self.waiting:
            self.at += 1
            self._break(span)
        else:
            self._hold(span)

    def _read_span(self) -> tuple[int, int]:
        first = self.words[self.at]
        if self._peek(1) == "to" and self._peek(2) in TIME_WORDS:
            last = self.words[self.at + 2]
            self.at += 3
        elif self._peek(1) in TIME_WORDS and _is_day_to_night(first, self.words[self.at + 1]):
            last = self.words[self.at + 1]
            self.at += 2
        else:
            raise RuleError("a time without its end", self._rest())
        return read_span(first, last)

    def _break(self, span: tuple[int, int]) -> None:
        opened = [one for one in self.said.statements if one.state == "open"]
        self.said.breaks.append((span, opened[-1] if opened else None))

    def _whole_day(self) -> None:
        self.at += 1
        self._hold(_WHOLE_DAY)

    def _hold(self, span: tuple[int, int]) -> None:
        """Let a span hold on the days that were named last."""
        last = self.said.statements[-1] if self.said.statements else None
        if self.waiting or last is None or (last.season, last.group, last.state) != (self.season, self.group, "open"):
            last = Statement(self.season, self.group)
            self.said.statements.append(last)
            self.groups_of_season += 1
        overlapping = [one for one in last.spans if one[0] < span[1] and span[0] < one[1]]
        if overlapping and overlapping != [span]:
            raise RuleError("times that contradict each other", self.text)
        if not overlapping:
            last.spans.append(span)
        self.waiting = False

    def _appointment(self) -> None:
        self.at += 1
        if self.waiting:
            self.said.statements.append(Statement(self.season, self.group, [_WHOLE_DAY], "by appointment"))
            self.waiting = False
            self.groups_of_season += 1
        else:
            self.said.by_appointment = True

    def _lunch(self) -> None:
        self.at += 1
        if self._peek() not in TIME_WORDS:
            raise RuleError("a break without its times", self.text)
        self._break(self._read_span())

    # Seasons

    def _season(self) -> None:
        name = self.words[self.at].word
        self.at += 1
        season: Season = "summer" if name == "summer" else "winter"
        bracket = self._peek() == "open bracket"
        if self._peek(int(bracket)) == "month":
            self.at += int(bracket)
            self.said.months_of[name], self.at = read_months(self.words, self.at)
        self._begin_season(season)

    def _month(self) -> None:
        months, self.at = read_months(self.words, self.at)
        self._begin_season(months)

    def _begin_season(self, season: Season) -> None:
        if self.season is not None and not self.groups_of_season:
            raise RuleError("a season without hours", self.text)
        follows = self._peek_after_joints()
        if self.season is not None and self.groups_of_season > 1 and follows not in DAY_WORDS:
            raise RuleError("a season without its days", self.text)
        self.season, self.groups_of_season = season, 0
        self.days_of_season = "its own" if follows in DAY_WORDS else "as before"


def _of_word(word: Token) -> tuple[frozenset[int], By]:
    match word.word:
        case "every":
            return ALL_DAYS, "every"
        case "workdays":
            return _WORKDAYS, "working days"
        case "weekends":
            return _WEEKEND, "weekends"
        case "days":
            return weekdays_of(word.text), "literal"
        case _:
            return frozenset(), "literal"


def _is_day_to_night(first: Token, last: Token) -> bool:
    """Tell whether two times in a row are a span: 早8晚6, 朝九晚五."""
    morning = first.parts.get("part") in {"早", "朝", "早上", "上午", "晨"}
    return morning and last.parts.get("part") in {"晚", "晚上", "下午"}
