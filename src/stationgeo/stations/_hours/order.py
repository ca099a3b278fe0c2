"""The order of words: days before or after their times, and numbers that are times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.stations._hours.rules import RuleError

if TYPE_CHECKING:
    from stationgeo.stations._hours.words import Token, Word

__all__ = ["DAY_WORDS", "JOINTS", "TIME_WORDS", "checked_numbers", "days_first", "times_come_first"]

DAY_WORDS: frozenset[Word] = frozenset({"days", "every", "workdays", "weekends", "holidays", "some holidays"})
TIME_WORDS: frozenset[Word] = frozenset({"time", "bare"})
JOINTS: frozenset[Word] = frozenset({"and", "then", "open bracket", "close bracket"})


def checked_numbers(words: list[Token]) -> list[Token]:
    """Insist that a number without a unit is one end of a span of which the other end has one."""
    for at, word in enumerate(words):
        if word.word == "bare" and not (word.parts.get("part") or word.parts.get("suffix")):
            ends = words[max(at - 2, 0) : at + 3]
            spans = any(end.word == "to" for end in ends)
            if not spans or not any(end.word in TIME_WORDS and _has_unit(end) for end in ends):
                raise RuleError("a number without a unit", word.text)
    return words


def _has_unit(word: Token) -> bool:
    return word.word == "time" or bool(word.parts.get("part") or word.parts.get("suffix"))


def _kind(word: Token) -> str:
    if word.word in TIME_WORDS or word.word in {"to", "whole day"}:
        return "times"
    return "days" if word.word in DAY_WORDS | {"no rest"} else "joint" if word.word in JOINTS else "other"


def times_come_first(words: list[Token]) -> bool:
    """Tell whether each time has its days behind it: 9:00-12:00(周一至周五),10:00-16:00(周末)."""
    kinds = [_kind(word) for word in words if _kind(word) != "joint"]
    return "other" not in kinds and bool(kinds) and kinds[0] == "times" and kinds[-1] == "days"


def days_first(words: list[Token]) -> list[Token]:
    """Put the days of each piece before its times."""
    pieces: list[tuple[list[Token], list[Token]]] = [([], [])]
    for word in words:
        kind = _kind(word)
        if kind == "times" and pieces[-1][1]:
            pieces.append(([], []))
        if kind == "times":
            pieces[-1][0].append(word)
        elif kind == "days":
            pieces[-1][1].append(word)
    return [word for times, days in pieces for word in (*days, *times)]
