"""Times of the clock as people write them, to spans of minutes of a day, which may last into the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo.stations._hours.rules import RuleError

if TYPE_CHECKING:
    from stationgeo.stations._hours.words import Token

__all__ = ["MINUTES_PER_DAY", "number_of", "read_span"]

MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 1440
_NOON = 720

_MORNING = {"清晨", "早晨", "早上", "早间", "上午", "早", "朝", "晨"}
_SMALL_HOURS = {"凌晨"}
_MIDDAY = {"中午", "午间", "正午"}
_AFTERNOON = {"下午", "午后", "傍晚"}
_NIGHT = {"晚上", "晚间", "夜间", "夜晚", "夜里", "深夜", "夜", "晚"}

# From five o'clock on people say "five in the evening"; "two at night" is of the next day.
_FIRST_EVENING_HOUR = 5
_LAST_MIDDAY_HOUR = 2
# "09:00-02:00" is past midnight, "09:00-05:30" more likely half past five in the afternoon: an assumption.
_LONGEST_NIGHT_MIN = 19 * MINUTES_PER_HOUR

_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_TEN = 10


@dataclass(frozen=True, slots=True)
class _Clock:
    hour: int
    minute: int
    part: str
    next_day: bool
    two_digits: bool

    @property
    def written_min(self) -> int:
        return self.hour * MINUTES_PER_HOUR + self.minute


def read_span(first: Token, last: Token) -> tuple[int, int]:
    """Minutes since midnight at which a span begins and ends; an end past 1440 is of the next day.

    What can be meant in two ways is refused: "9:00-5:30", "上午9:00-5:00".
    """
    text = f"{first.text}-{last.text}"
    begin, end = _read(first), _read(last)
    start_min = _minutes(begin, text)
    if begin.next_day or start_min >= MINUTES_PER_DAY:
        raise RuleError("a beginning after midnight", text)
    end_min = _end(begin, end, start_min, text)
    if end_min == start_min:
        raise RuleError("a span without length", text)
    # One minute to midnight is how forms that know no 24:00 write midnight.
    end_min += end_min % MINUTES_PER_DAY == MINUTES_PER_DAY - 1
    if not start_min < end_min <= start_min + MINUTES_PER_DAY:
        raise RuleError("an end before its beginning", text)
    return start_min, end_min


def number_of(text: str) -> int:
    """Read a whole number in digits, or in Chinese up to 99."""
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if ten:
        if any(len(part) > 1 for part in (tens, ones)) or not set(tens + ones) <= set(_DIGITS):
            raise RuleError("not understood", text)
        return _TEN * (_DIGITS[tens] if tens else 1) + (_DIGITS[ones] if ones else 0)
    if len(text) > 1:
        raise RuleError("not understood", text)
    return _DIGITS[text]


def _read(token: Token) -> _Clock:
    parts = token.parts
    hour_text = parts.get("h1") or parts.get("h2") or ""
    hour, minute = number_of(hour_text), _minute(parts.get("m1") or parts.get("m2") or "", token.text)
    suffix = (parts.get("suffix") or "").replace(".", "")
    part = (parts.get("part") or "").replace(".", "")
    if part and suffix:
        raise RuleError("not understood", token.text)
    if hour * MINUTES_PER_HOUR + minute > MINUTES_PER_DAY:
        raise RuleError("no time of the day", token.text)
    two_digits = hour_text.isdigit() and len(hour_text) > 1
    return _Clock(hour, minute, part or suffix, parts.get("after") is not None, two_digits)


def _minute(text: str, whole: str) -> int:
    known = {"": 0, "整": 0, "半": 30, "一刻": 15, "三刻": 45}
    minute = known[text] if text in known else number_of(text.removesuffix("分"))
    if minute >= MINUTES_PER_HOUR:
        raise RuleError("no time of the day", whole)
    return minute


def _minutes(clock: _Clock, text: str) -> int:
    """Minutes since midnight of a time with its own part of the day."""
    hour, written = clock.hour, clock.written_min
    if not clock.part or (clock.hour > 12 and clock.part in _AFTERNOON | _NIGHT | {"pm"}):  # noqa: PLR2004 - noon
        return written
    if clock.part in _SMALL_HOURS | _MORNING | {"am"} and written < _NOON + MINUTES_PER_HOUR:
        midnight = hour == 12 and clock.part in _SMALL_HOURS | {"am"}  # noqa: PLR2004 - noon
        return written - _NOON if midnight else written
    if clock.part in _MIDDAY and (hour <= _LAST_MIDDAY_HOUR or _NOON - 60 <= written < _NOON + 180):
        if hour == 0:
            raise RuleError("no time of the day", text)
        return written + _NOON if hour <= _LAST_MIDDAY_HOUR else written
    if clock.part in _AFTERNOON | {"pm"} and 1 <= hour <= 12:  # noqa: PLR2004 - noon
        return written if hour == 12 else written + _NOON  # noqa: PLR2004 - noon
    if clock.part in _NIGHT and hour <= 12:  # noqa: PLR2004 - noon
        return written + (_NOON if hour >= _FIRST_EVENING_HOUR else MINUTES_PER_DAY)
    raise RuleError("no time of the day", text)


def _end(begin: _Clock, end: _Clock, start_min: int, text: str) -> int:
    if end.next_day:
        return _minutes(end, text) % MINUTES_PER_DAY + MINUTES_PER_DAY
    if end.part:
        end_min = _minutes(end, text)
        before_noon = end.part in _SMALL_HOURS | _MORNING | {"am"}
        return end_min + MINUTES_PER_DAY if end_min <= start_min and before_noon else end_min
    if begin.part in _MIDDAY | _AFTERNOON | _NIGHT | {"pm"} and end.hour <= 12:  # noqa: PLR2004 - noon
        return _end_of_same_part(begin, end, start_min, text)
    return _end_on_the_clock(end, start_min, text)


def _end_of_same_part(begin: _Clock, end: _Clock, start_min: int, text: str) -> int:
    """下午2:00-5:30 ends in the afternoon, 晚8点-6点 in the morning."""
    if end.hour == 12 and begin.part in _MIDDAY | _AFTERNOON | {"pm"}:  # noqa: PLR2004 - noon
        raise RuleError("an end that may be noon or midnight", text)
    if end.written_min + _NOON > start_min:
        return end.written_min + _NOON
    if begin.part in _NIGHT:
        return end.written_min + MINUTES_PER_DAY
    raise RuleError("an end before its beginning", text)


def _end_on_the_clock(end: _Clock, start_min: int, text: str) -> int:
    if end.written_min >= start_min:
        return end.written_min
    afternoon = end.written_min + _NOON > start_min
    night_min = end.written_min + MINUTES_PER_DAY - start_min
    if afternoon and (not end.two_digits or night_min > _LONGEST_NIGHT_MIN):
        raise RuleError("an end that may be of the afternoon or of the next day", text)
    return end.written_min + MINUTES_PER_DAY
