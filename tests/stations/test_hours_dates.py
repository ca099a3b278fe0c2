"""Opening hours of dates: against the calendar, and minute by minute against the package that evaluates rules."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours

from stationgeo import stations
from stationgeo.errors import ParameterError
from stationgeo.stations._masks import unpack_bins

YEAR = [dt.date(2026, 1, 1) + dt.timedelta(days=day) for day in range(365)]


def spans(text: str, date: str, *, calendar: str | None = "CN") -> list[tuple[int, int, bool]]:
    found = stations.hours_on(text, [date], calendar=calendar)  # type: ignore[arg-type]
    return list(zip(found["opens"], found["closes"], found["sure"], strict=True))


def test_days_by_the_calendar_are_those_of_the_calendar_all_year() -> None:
    found = stations.hours_on("工作日9:00-17:00", YEAR, calendar="CN")
    assert found["date"].tolist() == [day.isoformat() for day in YEAR if chinese_calendar.is_workday(day)]
    assert found["sure"].all()
    assert set(found["opens"]) == {540}
    assert set(found["closes"]) == {1020}


def test_weekdays_by_name_are_unknown_on_holidays_and_on_days_worked_instead() -> None:
    found = stations.hours_on("周一至周五9:00-17:00", YEAR, calendar="CN")
    named = [day for day in YEAR if day.weekday() < 5]
    off = [day for day in named if chinese_calendar.is_holiday(day)]
    worked = [day for day in YEAR if day.weekday() >= 5 and chinese_calendar.is_workday(day)]
    assert len(off) > 10
    assert len(worked) > 3
    assert found.loc[found["sure"], "date"].tolist() == [day.isoformat() for day in named if day not in off]
    assert found.loc[~found["sure"], "date"].tolist() == [day.isoformat() for day in sorted(off + worked)]
    assert set(found.loc[~found["sure"], "day"]) == {"holiday", "adjusted"}


# 30 September 2026 is a Wednesday; 1 to 7 October is the national holiday; Saturday 10 October is worked instead.
@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        ("周一至周五9:00-17:00(节假日除外)", "2026-10-01", []),
        ("周一至周五9:00-17:00(节假日除外)", "2026-10-10", [(540, 1020, False)]),
        ("每天9:00-17:00", "2026-10-01", [(540, 1020, True)]),
        ("24小时", "2026-10-01", [(0, 1440, True)]),
        ("9:00-17:00", "2026-10-01", [(540, 1020, False)]),
        ("周一至周五9:00-17:00;节假日10:00-12:00", "2026-10-01", [(600, 720, True)]),
        # the weekend's hours may hold on a holiday in the week, those of working days never do
        ("工作日9:00-17:00;周末10:00-12:00", "2026-10-01", [(600, 720, False)]),
        ("工作日9:00-17:00;周末10:00-12:00", "2026-10-10", [(540, 1020, True)]),
        ("工作日9:00-17:00;周末10:00-12:00", "2026-10-11", [(600, 720, True)]),
        # by name: as on Saturday (10-12) or as on Friday (9-17): both are open from 10 to 12
        ("周一至周五9:00-17:00;周六10:00-12:00", "2026-10-10",
         [(540, 600, False), (600, 720, True), (720, 1020, False)]),
        # the night of Wednesday lasts into the holiday, although that is off
        ("工作日18:00-次日2:00", "2026-10-01", [(0, 120, True)]),
        ("周一至周五18:00-次日2:00(节假日除外)", "2026-10-01", [(0, 120, True)]),
        ("周一至周五18:00-次日2:00;节假日10:00-12:00", "2026-10-01", [(0, 120, True), (600, 720, True)]),
        # and the holiday's own night is none
        ("工作日18:00-次日2:00", "2026-10-02", []),
        ("夏季8:00-18:00;冬季9:00-17:00", "2026-09-30", [(480, 540, False), (540, 1020, True), (1020, 1080, False)]),
        ("2019 Mo-Su 09:00-17:00", "2026-09-30", [(0, 1440, False)]),
        ("2019 Mo-Su 09:00-17:00", "2019-09-25", [(540, 1020, True)]),
    ],
)  # fmt: skip
def test_dates_are_those_derived_by_hand(text: str, date: str, expected: list[tuple[int, int, bool]]) -> None:
    assert spans(text, date) == expected


def test_without_a_calendar_no_day_is_a_holiday() -> None:
    assert spans("工作日9:00-17:00", "2026-10-01", calendar=None) == [(540, 1020, True)]
    assert spans("工作日9:00-17:00", "2026-10-10", calendar=None) == []


def test_years_beyond_the_calendar_go_by_weekday_and_are_flagged() -> None:
    found = stations.hours_on("工作日9:00-17:00", ["2026-12-31", "2027-01-01"], calendar="CN")
    assert found["calendar_known"].tolist() == [True, False]
    assert found["day"].tolist() == ["regular", "regular"]


def test_moments_are_told_one_by_one() -> None:
    moments = [
        "2026-11-18 08:59",
        "2026-11-18 09:00",
        dt.datetime.fromisoformat("2026-11-18T17:00"),
        "2026-10-01T09:00",
    ]
    answers = stations.is_open("周一至周五9:00-17:00", moments, calendar="CN")  # type: ignore[arg-type]
    assert answers.tolist() == ["no", "yes", "no", "unknown"]
    assert stations.is_open("24小时", [], calendar=None).shape == (0,)
    assert stations.hours_on("24小时", [], calendar=None).shape == (0, 6)


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ParameterError, match="must be a date"):
        stations.hours_on("24小时", ["tomorrow"], calendar="CN")
    with pytest.raises(ParameterError, match="unknown calendar 'DE'"):
        stations.hours_on("24小时", ["2026-11-18"], calendar="DE")  # type: ignore[arg-type]
    for moment in ("soon", "2026-11-18T09:00+08:00", 9):
        with pytest.raises(ParameterError, match="moments must be local times"):
            stations.is_open("24小时", [moment], calendar="CN")  # type: ignore[list-item]


# Rules of OpenStreetMap's syntax at random, without what the calendar or caution changes: no holidays, comments, open
# ends or days without hours. Times without a letter are read as people write them, where overlapping ones contradict
# each other: the first rule has its days.
_SPAN = st.tuples(st.integers(0, 47), st.integers(1, 30)).map(
    lambda made: "{}-{}".format(*(f"{half // 2:02d}:{half % 2 * 30:02d}" for half in (made[0], made[0] + made[1])))
)
_DAYS = st.sampled_from(
    ["", "Mo", "Mo-Fr", "Sa-Su", "Sa,Su", "Fr-Mo", "Tu,Th", "We-We", "Mo[1]", "Su[-1]", "Mo[2],Th", "Mo-Su"]
)
_DATES = st.sampled_from(
    ["", "", "Nov", "Oct-Apr", "Mar-Oct", "2026", "2026 Nov 16-2026 Nov 19", "Nov 18", "week 40-50", "week 1-53/2"]
)  # fmt: skip
_RULE = st.tuples(
    _DATES,
    _DAYS,
    st.lists(_SPAN, min_size=1, max_size=2).map(",".join),
    st.sampled_from(["", "", "", "off", "unknown"]),
).map(lambda parts: " ".join(part for part in parts if part))
_JOINTS = st.sampled_from(["; ", "; ", ", ", " || "])


def _text(rules: list[tuple[str, str]]) -> str:
    text = rules[0][1] + "".join(joint + rule for joint, rule in rules[1:])
    return text if any(letter.isalpha() for letter in text) else f"Mo-Su {text}"


@given(
    st.lists(st.tuples(_JOINTS, _RULE), min_size=1, max_size=4), st.dates(dt.date(2026, 1, 3), dt.date(2026, 12, 31))
)
@settings(max_examples=150, deadline=None)
def test_rules_agree_with_the_package_minute_by_minute(rules: list[tuple[str, str]], date: dt.date) -> None:
    text = _text(rules)
    hours = stations.parse_hours(text)
    assert hours.unparsed == ""
    package = OpeningHours(text)
    begin = dt.datetime.combine(date, dt.time())
    moments = [begin + dt.timedelta(minutes=minute) for minute in range(1440)]
    told = stations.is_open(hours, moments, calendar=None)
    words = {"open": "yes", "closed": "no", "unknown": "unknown"}
    np.testing.assert_array_equal(told, [words[str(package.state(moment)[0])] for moment in moments])


@given(st.lists(st.tuples(_JOINTS, _RULE), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_the_regular_week_agrees_with_the_package_hour_by_hour(rules: list[tuple[str, str]]) -> None:
    text = _text(rules)
    package = OpeningHours(text)
    given_ = pd.DataFrame({"station_id": ["a"], "opening_hours": [text]})
    found = stations.open_hours(given_, bins="hour_of_week", as_of="2026-11-18", calendar="CN", part_hours="bounds")
    monday = dt.datetime.fromisoformat("2026-11-16")
    states = np.array(
        [str(package.state(monday + dt.timedelta(minutes=minute))[0]) for minute in range(0, 168 * 60, 5)]
    ).reshape(168, 12)
    np.testing.assert_array_equal(unpack_bins(found.low, n_bins=168)[0], (states == "open").all(axis=1))
    np.testing.assert_array_equal(unpack_bins(found.high, n_bins=168)[0], (states != "closed").any(axis=1))
