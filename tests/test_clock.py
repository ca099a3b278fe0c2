"""Local hours: minute-by-minute references across changes of the clock, and worked days."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import _clock

MINUTE_US = 60_000_000

# Where and when clocks jump, and what is special there.
JUMPS = {
    "Europe/Paris spring": ("Europe/Paris", "2024-03-31 01:00"),
    "Europe/Paris autumn": ("Europe/Paris", "2024-10-27 01:00"),
    "Asia/Kolkata, half an hour off": ("Asia/Kolkata", "2024-03-31 01:00"),
    "Asia/Kathmandu, three quarters off": ("Asia/Kathmandu", "2024-03-31 01:00"),
    "Asia/Shanghai": ("Asia/Shanghai", "2024-05-05 16:00"),
    "Lord Howe, by half an hour": ("Australia/Lord_Howe", "2024-04-06 15:00"),
    "St John's, at one minute past midnight": ("America/St_Johns", "2010-11-07 02:31"),
    "Samoa, a day left out": ("Pacific/Apia", "2011-12-30 10:00"),
}


def us(text: str) -> int:
    return int(pd.Timestamp(text, tz="UTC").timestamp() * 1_000_000)


def by_minute(start_us: int, end_us: int, tz: str) -> Counter[tuple[str, int, int]]:
    """Count minutes per local date, weekday and hour, minute by minute, by the standard library's clock."""
    zone = ZoneInfo(tz)
    counts: Counter[tuple[str, int, int]] = Counter()
    for minute in range(start_us, end_us, MINUTE_US):
        shown = pd.Timestamp(minute, unit="us", tz="UTC").to_pydatetime().astimezone(zone)
        counts[shown.date().isoformat(), shown.weekday(), shown.hour] += 1
    return counts


def by_split(start_us: int, end_us: int, tz: str) -> Counter[tuple[str, int, int]]:
    row, hour, length = _clock.split_hours(np.array([start_us]), np.array([end_us]), tz=tz)
    assert (row == 0).all()
    assert (length > 0).all()
    counts: Counter[tuple[str, int, int]] = Counter()
    for one, piece in zip(hour, length, strict=True):
        day = _clock.as_dates(_clock.days(np.array([one])))
        of_week = int(_clock.bins(np.array([one]))[0])
        assert of_week // 24 == day["weekday"][0]
        assert piece % MINUTE_US == 0
        counts[day["date"][0], of_week // 24, of_week % 24] += int(piece) // MINUTE_US
    return counts


@pytest.mark.parametrize(("tz", "around"), list(JUMPS.values()), ids=list(JUMPS))
def test_pieces_are_those_of_a_walk_minute_by_minute(tz: str, around: str) -> None:
    centre = us(around)
    for before, after in ((200, 200), (7, 300), (0, 61), (61, 0), (1, 1)):
        start, end = centre - before * MINUTE_US, centre + after * MINUTE_US
        assert by_split(start, end, tz) == by_minute(start, end, tz)


def test_the_hour_that_paris_shows_twice_counts_double_and_the_one_it_skips_not_at_all() -> None:
    # 27 October 2024, a Sunday: from 01:00 local (summer, 23:00 UTC) to 04:00 local (winter, 03:00 UTC) 4 hours pass.
    autumn = by_split(us("2024-10-26 23:00"), us("2024-10-27 03:00"), "Europe/Paris")
    assert autumn == {("2024-10-27", 6, 1): 60, ("2024-10-27", 6, 2): 120, ("2024-10-27", 6, 3): 60}
    # 31 March 2024, a Sunday: from 01:00 (winter, 00:00 UTC) to 04:00 (summer, 02:00 UTC) 2 hours pass.
    spring = by_split(us("2024-03-31 00:00"), us("2024-03-31 02:00"), "Europe/Paris")
    assert spring == {("2024-03-31", 6, 1): 60, ("2024-03-31", 6, 3): 60}


def test_monday_midnight_is_bin_0_and_sunday_night_167() -> None:
    hour = _clock.local_hours(np.array([us("2024-05-06 00:00"), us("2024-05-05 23:59")]), tz="UTC")
    assert _clock.bins(hour).tolist() == [0, 167]


def test_no_length_has_one_piece_and_full_hours_have_no_empty_ones() -> None:
    start, end = us("2024-05-06 07:00"), us("2024-05-06 09:00")
    row, hour, length = _clock.split_hours(np.array([start, start, end]), np.array([start, end, end]), tz="UTC")
    assert row.tolist() == [0, 1, 1, 2]
    assert _clock.bins(hour).tolist() == [7, 7, 8, 9]
    assert length.tolist() == [0, 3_600_000_000, 3_600_000_000, 0]


def test_a_change_of_the_clock_at_either_end_gives_no_empty_piece() -> None:
    # Paris goes from 02:00 to 03:00 on 31 March 2024 at 01:00 UTC: one interval ends there, one begins there.
    change = us("2024-03-31 01:00")
    starts, ends = np.array([change - 60 * MINUTE_US, change]), np.array([change, change + 60 * MINUTE_US])
    row, hour, length = _clock.split_hours(starts, ends, tz="Europe/Paris")
    assert row.tolist() == [0, 1]
    assert _clock.bins(hour).tolist() == [6 * 24 + 1, 6 * 24 + 3]
    assert length.tolist() == [60 * MINUTE_US] * 2


def test_nothing_gives_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert all(part.size == 0 for part in _clock.split_hours(none, none, tz="UTC"))
    assert _clock.as_dates(none).empty


INSTANT = st.integers(us("1975-01-01"), us("2035-01-01"))


@given(
    start=st.lists(INSTANT, min_size=1, max_size=6),
    length=st.integers(0, 3 * 86_400_000_000),
    tz=st.sampled_from([place for place, _ in JUMPS.values()]),
)
@settings(max_examples=60, deadline=None)
def test_pieces_add_up_exactly_and_fit_their_hours(start: list[int], length: int, tz: str) -> None:
    starts = np.array(start)
    row, hour, piece = _clock.split_hours(starts, starts + length, tz=tz)
    assert np.bincount(row, weights=piece, minlength=starts.size).tolist() == [length] * starts.size
    assert (np.diff(row) >= 0).all()
    assert piece.max() <= 3_600_000_000
    first = np.flatnonzero(np.diff(row, prepend=-1))
    assert hour[first].tolist() == _clock.local_hours(starts, tz=tz).tolist()
