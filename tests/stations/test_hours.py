"""Opening hours as bits of bins: weeks derived by hand, laws, and wrong calls."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import demand, stations
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.stations._masks import count_bins, unpack_bins

WINTER, SUMMER, MAY = "2026-11-18", "2026-07-15", "2026-05-13"
DAILY, MO_FR, SA_SU = range(7), range(5), (5, 6)
ALL = frozenset(range(168))
NONE: frozenset[int] = frozenset()


def table(*texts: str | None) -> pd.DataFrame:
    ids = [f"S{number}" for number in range(len(texts))]
    return pd.DataFrame({"station_id": ids, "opening_hours": pd.Series(list(texts), dtype="object")})


def masks(*texts: str | None, as_of: str = WINTER, **how: object) -> stations.OpenHours:
    given_: dict[str, Any] = {"bins": "hour_of_week", "calendar": "CN", "as_of": as_of, **how}
    return stations.open_hours(table(*texts), **given_)


def bins_of(text: str | None, **how: object) -> tuple[frozenset[int], frozenset[int]]:
    """Bins that are sure, and possible, of one text."""
    found = masks(text, **how)
    flags = [unpack_bins(words, n_bins=found.n_bins)[0] for words in (found.low, found.high)]
    return frozenset(np.flatnonzero(flags[0]).tolist()), frozenset(np.flatnonzero(flags[1]).tolist())


def week(days: range | tuple[int, ...], *spans: tuple[int, int]) -> frozenset[int]:
    """Bins of the hours [first, last) of days, 0 for Monday; hours past 24 are of the next day, after Sunday Monday."""
    return frozenset((day * 24 + hour) % 168 for day in days for first, last in spans for hour in range(first, last))


# Of each text of the domain's list (and of its kin) the bins of a week, derived by hand: bin 24 * day + hour, Monday 0.
# Of an hour that is open in part, half of it is enough.
WEEKS = {
    # 9, ..., 17 of Monday to Friday: 9-17, 33-41, 57-65, 81-89, 105-113
    "周一至周五 9:00-18:00": (week(MO_FR, (9, 18)), week(MO_FR, (9, 18))),
    # 8:30-12:00: hour 8 is open for its second half, which is half of it; 14:00-17:30: hour 17 likewise
    "工作日8:30-12:00,14:00-17:30": (week(MO_FR, (8, 12), (14, 18)), week(MO_FR, (8, 12), (14, 18))),
    "24小时": (ALL, ALL),
    "全天候": (ALL, ALL),
    # says nothing of regular days
    "(节假日除外)": (NONE, ALL),
    "9:00-17:00(节假日除外)": (week(DAILY, (9, 17)), week(DAILY, (9, 17))),
    # November is winter: 8:30-17:30 is 8, ..., 17 by halves
    "夏季8:00-18:00;冬季8:30-17:30": (week(DAILY, (8, 18)), week(DAILY, (8, 18))),
    # 9, ..., 23 and 0, 1 of the next day; Sunday's last two hours are Monday's first
    "09:00-次日02:00": (week(DAILY, (9, 26)), week(DAILY, (9, 26))),
    "9点到晚上10点": (week(DAILY, (9, 22)), week(DAILY, (9, 22))),
    "早8晚6": (week(DAILY, (8, 18)), week(DAILY, (8, 18))),
    # Saturday and Sunday are closed (120-167), of the others no hour is said
    "周六日休息": (NONE, week(MO_FR, (0, 24))),
    "同银行营业时间": (NONE, ALL),
    "电话预约": (NONE, ALL),
    "": (NONE, ALL),
    None: (NONE, ALL),
    # Friday's night goes on in Saturday's bins 120 and 121, although Saturday is closed
    "周一至周五18:00-次日2:00,周六日休息": (week(MO_FR, (18, 26)), week(MO_FR, (18, 26))),
    # 143 is Saturday's last hour; Sunday's 22-26 are 166, 167, and Monday's 0 and 1
    "周日22:00-次日2:00": (frozenset({166, 167, 0, 1}), frozenset({166, 167, 0, 1})),
    "工作日9:00-18:00;周末10:00-16:00": (
        week(MO_FR, (9, 18)) | week(SA_SU, (10, 16)), week(MO_FR, (9, 18)) | week(SA_SU, (10, 16)),
    ),
    # at the weekend only by appointment: perhaps, around the clock
    "周一至周五9:00-18:00,周末需预约": (week(MO_FR, (9, 18)), week(MO_FR, (9, 18)) | week(SA_SU, (0, 24))),
    "暂停开放": (NONE, NONE),
    "17:00+": (NONE, week(DAILY, (17, 29))),
    "Mo-Fr 09:00-18:00; Sa 10:00-12:00": (
        week(MO_FR, (9, 18)) | week((5,), (10, 12)), week(MO_FR, (9, 18)) | week((5,), (10, 12)),
    ),
    # what held in 2019 alone says nothing of 2026
    "2019 Mo-Fr 09:00-18:00": (NONE, ALL),
    "2019-2030 Mo-Fr 09:00-18:00": (week(MO_FR, (9, 18)), week(MO_FR, (9, 18))),
}  # fmt: skip


@pytest.mark.parametrize("text", WEEKS)
def test_weeks_are_those_derived_by_hand(text: str | None) -> None:
    assert bins_of(text) == WEEKS[text]


def test_seasons_are_decided_by_the_date() -> None:
    text = "夏季7:00-20:00;冬季9:00-17:00"
    assert bins_of(text, as_of=SUMMER) == (week(DAILY, (7, 20)),) * 2
    assert bins_of(text, as_of=WINTER) == (week(DAILY, (9, 17)),) * 2
    # In May it may be either: 9-17 is open in both, 7-20 in one.
    assert bins_of(text, as_of=MAY) == (week(DAILY, (9, 17)), week(DAILY, (7, 20)))


def test_months_that_are_said_leave_no_doubt() -> None:
    text = "夏季(5月-9月)7:00-20:00;冬季9:00-17:00"
    assert bins_of(text, as_of=MAY) == (week(DAILY, (7, 20)),) * 2


def test_hours_open_in_part_count_by_halves_or_bound() -> None:
    # 8:40-12:20: of hour 8 only 20 minutes are open, of hour 12 too; both are no half hours.
    assert bins_of("周一8:40-12:20") == (week((0,), (9, 12)),) * 2
    assert bins_of("周一8:40-12:20", part_hours="bounds") == (week((0,), (9, 12)), week((0,), (8, 13)))
    assert masks("周一8:40-12:20", "周一8:00-12:00").table["part_hours"].tolist() == [2, 0]


# Bins of types of days: working day 0-23, weekend 24-47, holiday 48-71.
TYPES = {
    "周一至周五9:00-18:00": (range(9, 18), [*range(9, 18), *range(57, 66)]),
    "周一至周五9:00-18:00(节假日除外)": (range(9, 18), range(9, 18)),
    "工作日9:00-18:00": (range(9, 18), range(9, 18)),
    "24小时": (range(72), range(72)),
    "每天9:00-12:00": ([9, 10, 11, 33, 34, 35, 57, 58, 59],) * 2,
    # daily hours hold at weekends; what holds on holidays is not said
    "9:00-12:00": ([9, 10, 11, 33, 34, 35], [9, 10, 11, 33, 34, 35, 57, 58, 59]),
    # Saturday alone is open: no hour is open on both days of the weekend
    "周六10:00-12:00": ([], [34, 35, 58, 59]),
    "节假日10:00-12:00;工作日9:00-10:00": ([9, 58, 59],) * 2,
    "": ([], range(72)),
}  # fmt: skip


@pytest.mark.parametrize("text", TYPES)
def test_types_of_days_are_those_derived_by_hand(text: str) -> None:
    low, high = bins_of(text, bins="hour_of_day_type")
    assert (sorted(low), sorted(high)) == (list(TYPES[text][0]), list(TYPES[text][1]))


def test_days_of_a_type_that_differ_are_counted() -> None:
    found = masks("周一9:00-12:00;周二至周五10:00-12:00", "每天9:00-12:00", bins="hour_of_day_type")
    # Of working days hour 9 is open on Monday alone; Saturdays and Sundays are alike; on holidays the hours
    # 9, 10 and 11 are open on Mondays perhaps, 10 and 11 on Tuesdays to Fridays, and none at the weekend.
    assert found.table["differing_hours"].tolist() == [1 + 3, 0]


def test_weekend_days_worked_instead_are_counted_or_bound_working_days() -> None:
    counted = masks("周一至周五9:00-18:00", "工作日9:00-18:00", bins="hour_of_day_type")
    # By name Saturday is closed, by the calendar it is open: nine hours of which nobody knows.
    assert counted.table["adjusted_hours"].tolist() == [9, 0]
    text = "周一至周五9:00-18:00(节假日除外)"
    bound = bins_of(text, bins="hour_of_day_type", adjusted_days="bound")
    assert bound == (NONE, frozenset(range(9, 18)))
    assert bins_of(text, bins="hour_of_day_type", adjusted_days="bound", calendar=None)[0] == frozenset(range(9, 18))


def days_of(*dates: str) -> np.ndarray:
    return np.array(dates, dtype="datetime64[D]").astype(np.int64)


def test_hours_of_observed_days_are_those_of_their_kinds() -> None:
    # 1 October 2026, a Thursday, is a holiday, 8 October an ordinary Thursday; Saturday 10 October is worked instead.
    text = "工作日9:00-18:00"
    ordinary = week(MO_FR, (9, 18))
    thursday, saturday = week((3,), (9, 18)), week((5,), (9, 18))
    assert bins_of(text, days=days_of("2026-10-08")) == (ordinary, ordinary)
    assert bins_of(text, days=days_of("2026-10-01")) == (ordinary - thursday, ordinary - thursday)
    assert bins_of(text, days=days_of("2026-10-01", "2026-10-08")) == (ordinary - thursday, ordinary)
    assert bins_of(text, days=days_of("2026-10-10")) == (ordinary | saturday, ordinary | saturday)
    assert bins_of(text, days=days_of("2026-10-10", "2026-10-17")) == (ordinary, ordinary | saturday)
    assert bins_of(text, days=days_of()) == bins_of(text)
    # Without a calendar there are no holidays: 1 October is a Thursday like others.
    assert bins_of(text, days=days_of("2026-10-01"), calendar=None) == (ordinary, ordinary)
    told = masks(text, "24/7", days=days_of("2026-10-01", "2026-10-08")).table
    assert told["differing_hours"].tolist() == [9, 0]
    with pytest.raises(ParameterError, match="tell types of days by themselves"):
        masks(text, days=days_of("2026-10-01"), bins="hour_of_day_type")


def test_the_bins_are_those_of_demand() -> None:
    for bins in demand.BINS:
        assert masks("24小时", bins=bins).n_bins == len(demand.bin_table(bins))
    holiday = demand.bin_table("hour_of_day_type")
    low, _ = bins_of("节假日9:00-10:00", bins="hour_of_day_type")
    assert holiday.loc[holiday["bin"].isin(low), ["day_type", "hour"]].to_numpy().tolist() == [["holiday", 9]]


def test_the_table_tells_what_was_understood() -> None:
    found = masks("24小时", None, "电话预约", "周一9:00-10:30", "已关闭", "2019 Mo 09:00-10:00")
    told = found.table
    assert told["station_id"].tolist() == list(found.station_id) == [f"S{number}" for number in range(6)]
    assert told["status"].tolist() == ["known", "unknown", "unknown", "known", "closed", "unknown"]
    assert told["reason"].tolist() == ["", "nothing written", "by appointment", "", "", "of past years"]
    assert told["week_h_low"].tolist() == [168.0, 0.0, 0.0, 1.5, 0.0, 0.0]
    assert told["week_h_high"].tolist() == [168.0, 168.0, 168.0, 1.5, 0.0, 168.0]
    assert told["opening_hours"].tolist()[:3] == ["24小时", "", "电话预约"]
    reasons = found.reasons
    assert reasons["stations"].sum() == 6
    assert reasons.iloc[0].tolist() == ["known", "", 2]
    assert "6 stations" in found._repr_html_()


def test_a_column_that_is_missing_and_no_rows_are_fine() -> None:
    bare = stations.open_hours(pd.DataFrame({"station_id": ["a"]}), bins="hour_of_week", as_of=WINTER, calendar="CN")
    assert (count_bins(bare.low).tolist(), count_bins(bare.high).tolist()) == ([0], [168])
    empty = stations.open_hours(table(), bins="hour_of_week", as_of=WINTER, calendar=None)
    assert empty.low.shape == empty.high.shape == (0, 3)
    assert empty.table.empty
    assert len(empty.reasons) == 0


def test_years_beyond_the_calendar_are_flagged() -> None:
    assert masks("24小时").calendar_known
    assert not masks("24小时", as_of="2027-03-01").calendar_known
    assert masks("24小时", as_of="2027-03-01", calendar=None).calendar_known


def test_dates_may_be_text_dates_or_timestamps() -> None:
    for as_of in (WINTER, dt.date(2026, 11, 18), pd.Timestamp(WINTER)):
        assert stations.open_hours(table("24/7"), bins="hour_of_week", as_of=as_of, calendar="CN").as_of == dt.date(
            2026, 11, 18
        )


def test_the_table_given_is_not_changed() -> None:
    mine = table("24小时", None)
    before = mine.copy()
    stations.open_hours(mine, bins="hour_of_week", as_of=WINTER, calendar="CN")
    pd.testing.assert_frame_equal(mine, before)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"bins": "hours"}, ParameterError, "unknown bins 'hours'"),
        ({"as_of": "last week"}, ParameterError, r"as_of must be a date.*Got 'last week'"),
        ({"as_of": 2026}, ParameterError, r"as_of must be a date.*Got 2026"),
        ({"calendar": "FR"}, ParameterError, "unknown calendar 'FR'"),
        ({"part_hours": "most"}, ParameterError, r"part_hours must be one of 'half', 'bounds'\. Got 'most'"),
        ({"adjusted_days": "no"}, ParameterError, r"adjusted_days must be one of 'counted', 'bound'"),
    ],
)
def test_wrong_calls_are_refused(change: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        masks("24小时", **change)


def test_wrong_tables_are_refused() -> None:
    how: dict[str, Any] = {"bins": "hour_of_week", "as_of": WINTER, "calendar": "CN"}
    with pytest.raises(ColumnError, match="column 'station_id' is missing"):
        stations.open_hours(pd.DataFrame({"id": []}), **how)
    with pytest.raises(DataError, match="1 of 3 rows repeat an earlier one: 'a'"):
        stations.open_hours(pd.DataFrame({"station_id": ["a", "b", "a"]}), **how)
    with pytest.raises(DataError, match="station_id must not be missing; 1 of 2"):
        stations.open_hours(pd.DataFrame({"station_id": ["a", None]}), **how)
    with pytest.raises(DataError, match=r"must hold text; 2 of 3 rows do not: 9, 8\.5"):
        stations.open_hours(pd.DataFrame({"station_id": list("abc"), "opening_hours": [9, "24/7", 8.5]}), **how)


# Laws

_DAYS = "一二三四五六日"
_HOURS = st.integers(0, 23)


@given(st.integers(0, 6), _HOURS, st.integers(1, 24))
@settings(max_examples=60, deadline=None)
def test_hours_shift_with_the_text(day: int, hour: int, length: int) -> None:
    last = hour + length
    end = f"次日{last - 24}:00" if last > 24 else f"{last}:00"
    low, high = bins_of(f"周{_DAYS[day]}{hour}:00-{end}")
    assert low == high == {(day * 24 + hour + step) % 168 for step in range(length)}


@given(st.lists(st.tuples(_HOURS, st.integers(1, 12)), min_size=2, max_size=7), st.permutations(range(7)))
@settings(max_examples=40, deadline=None)
def test_hours_of_several_days_are_those_of_each(spans: list[tuple[int, int]], days: list[int]) -> None:
    texts = []
    for day, (hour, length) in zip(days, spans, strict=False):
        last = hour + length
        texts.append(f"周{_DAYS[day]}{hour}:00-" + (f"次日{last - 24}:00" if last > 24 else f"{last}:00"))
    found = masks(*texts, ";".join(texts))
    flags = unpack_bins(found.low, n_bins=168)
    np.testing.assert_array_equal(flags[-1], flags[:-1].any(axis=0))


_PIECES = st.sampled_from(
    ["周一至周五9:10-18:20", "工作日8:45-17:15", "周末10:00-次日1:40", "每天6:30-22:30", "9:00-17:00,周一休息",
     "夏季8:00-18:00;冬季8:30-17:40", "24小时(节假日除外)", "周六日休息", "电话预约", "周五18:15-次日2:20,周末需预约",
     "Mo-Fr 09:00-12:00; PH 10:00-11:00", "Mo,PH 09:00-20:40; Tu off", ""]
)  # fmt: skip


@given(_PIECES, st.sampled_from(demand.BINS), st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
@settings(max_examples=80, deadline=None)
def test_what_is_sure_is_possible_and_bounds_hold_halves(text: str, bins: str, as_of: dt.date) -> None:
    how = {"bins": bins, "as_of": as_of.isoformat()}
    low, high = bins_of(text, **how)
    for wider in ({"part_hours": "bounds"}, {"part_hours": "bounds", "adjusted_days": "bound"}):
        least, most = bins_of(text, **how, **wider)
        assert least <= low <= high <= most


def test_equal_texts_have_equal_bits_wherever_they_stand() -> None:
    texts = ["24小时", "周一9:00-12:00", None, "24小时", "周一9:00-12:00"]
    one, other = masks(*texts), masks(*texts[::-1])
    np.testing.assert_array_equal(one.low, other.low[::-1])
    np.testing.assert_array_equal(one.high, other.high[::-1])
