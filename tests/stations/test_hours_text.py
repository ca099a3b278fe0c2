"""What texts of opening hours are understood as, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import stations
from stationgeo.errors import ParameterError

# A text, and the rules that it is understood as, derived by reading it.
UNDERSTOOD = {
    # around the clock, which holds on holidays too
    "24小时": "24/7",
    "全天候": "24/7",
    "全天": "24/7",
    "7×24小时自助": "24/7",
    "24小时营业(自助)": "24/7",
    "二十四小时全年无休": "24/7",
    "0:00-24:00": "24/7",
    "00:00-23:59": "24/7",
    "24小时(节假日除外)": "24/7; PH closed",
    "周一至周日 0:00-24:00": "Mo-Su 00:00-24:00",
    # weekdays by name say nothing of holidays
    "周一至周五 9:00-18:00": "Mo-Fr 09:00-18:00",
    "星期一到星期日9:00-18:00": "Mo-Su 09:00-18:00",
    "周一、三、五9:00-12:00": "Mo,We,Fr 09:00-12:00",
    "星期一至五 9:00-18:00; 星期六、日及公眾假期休息": "Mo-Fr 09:00-18:00; PH closed",
    "周六日10:00-16:00": "Sa-Su 10:00-16:00",
    "周五至周一10:00-20:00": "Mo,Fr-Su 10:00-20:00",
    "周1-5 9:00-18:00": "Mo-Fr 09:00-18:00",
    "周一至周四、周日10:00-22:00;周五、周六10:00-23:00": "Mo-Th,Su 10:00-22:00, Fr-Sa 10:00-23:00",
    "周一9:00-12:00;周二14:00-17:00": "Mo 09:00-12:00, Tu 14:00-17:00",
    # days of the calendar
    "工作日8:30-12:00,14:00-17:30": 'Mo-Fr 08:30-12:00,14:00-17:30 "working days"; PH closed',
    "工作日(周一至周五)9:00-17:00": 'Mo-Fr 09:00-17:00 "working days"; PH closed',
    "双休日10:00-16:00": 'Sa-Su 10:00-16:00 "weekends"',
    "工作日9:00-18:00;周末10:00-16:00": 'Mo-Fr 09:00-18:00 "working days", Sa-Su 10:00-16:00 "weekends"',
    "工作日9:00-18:00 双休日及节假日10:00-16:00": (
        'Mo-Fr 09:00-18:00 "working days", Sa-Su 10:00-16:00 "weekends"; PH 10:00-16:00'
    ),
    # holidays
    "周一至周五9:00-17:00(法定节假日除外)": "Mo-Fr 09:00-17:00; PH closed",
    "周一至周五9:00-17:00,法定节假日休息": "Mo-Fr 09:00-17:00; PH closed",
    "除节假日外,9:00-17:00": "09:00-17:00; PH closed",
    "9:00-17:00(周末、节假日除外)": "Mo-Fr 09:00-17:00; PH closed",
    "周一至周五9:00-18:00;节假日10:00-16:00": "Mo-Fr 09:00-18:00; PH 10:00-16:00",
    "每天9:00-18:00(节假日照常)": "Mo-Su,PH 09:00-18:00",
    "9:00-18:00,周末及节假日照常开放": "Mo-Su,PH 09:00-18:00",
    "周一至周五9:00-18:00,节假日照常": 'Mo-Fr 09:00-18:00; PH 09:00-18:00 unknown "holidays"',
    "春节期间休息,每天9:00-18:00": 'Mo-Su 09:00-18:00; PH 09:00-18:00 unknown "some holidays"',
    "每天9:00-21:00": "Mo-Su,PH 09:00-21:00",
    "9:00~21:00(全年无休)": "Mo-Su,PH 09:00-21:00",
    # on a holiday it may be Monday: then which of the two holds is not said
    "每日8:00-20:00,周一闭馆": 'Tu-Su 08:00-20:00; PH 08:00-20:00 unknown "holidays"',
    # days off
    "9:00-17:30,周六日休息": "Mo-Fr 09:00-17:30",
    "周六日休息": "Mo-Fr 00:00-24:00 unknown",
    "(节假日除外)": "24/7 unknown; PH closed",
    "逢周一休息,其余9:00-17:00": "Tu-Su 09:00-17:00",
    # a part of the days overrides the whole
    "9:00-18:00;周六10:00-16:00": "Mo-Fr,Su 09:00-18:00, Sa 10:00-16:00",
    # seasons without months: May and September may be of either, so that 8:30-17:30 is sure, 8:00-18:00 possible
    "夏季8:00-18:00;冬季8:30-17:30": (
        "Oct-Apr 08:30-17:30, May,Sep 08:30-17:30, May,Sep 08:00-08:30,17:30-18:00 unknown "
        '"summer or winter", Jun-Aug 08:00-18:00'
    ),
    "夏季(5月-9月)8:00-18:00;冬季8:30-17:30": "Oct-Apr 08:30-17:30, May-Sep 08:00-18:00",
    "5月1日至9月15日8:00-18:00;9月16日至次年4月30日8:30-17:30": (
        "Sep 16-Apr 30 08:30-17:30, May 1-Sep 15 08:00-18:00"
    ),
    "5-9月8:00-18:00": "Oct-Apr 00:00-24:00 unknown, May-Sep 08:00-18:00",
    # clocks
    "09:00-次日02:00": "09:00-26:00",
    "18:00-2:00": "18:00-26:00",
    "夜间22:00-次日6:00": "22:00-30:00",
    "晚8点-6点": "20:00-30:00",
    "9点到晚上10点": "09:00-22:00",
    "早8晚6": "08:00-18:00",
    "朝九晚五": "09:00-17:00",
    "早上八点半至下午五点": "08:30-17:00",
    "上午9:00-11:30 下午2:00-5:30": "09:00-11:30,14:00-17:30",
    "上午九时至下午五时三十分": "09:00-17:30",
    "中午12点-2点": "12:00-14:00",
    "早上6点-晚上12点": "06:00-24:00",
    "凌晨0点-6点": "00:00-06:00",
    "9-18点": "09:00-18:00",
    "9am-5:30pm": "09:00-17:30",
    "８：００～１８：３０": "08:00-18:30",
    "8:30-17:30(12:00-14:00午休)": "08:30-12:00,14:00-17:30",
    "8:30-17:30,午休12:00-13:30": "08:30-12:00,13:30-17:30",
    # days may come after their times
    "9:00-17:00(周一至周五,节假日除外)": "Mo-Fr 09:00-17:00; PH closed",
    "上午9:00-12:00,下午14:00-17:00 工作日": 'Mo-Fr 09:00-12:00,14:00-17:00 "working days"; PH closed',
    # scripts and languages
    "週一至週五 上午9時至下午6時": "Mo-Fr 09:00-18:00",
    "营业时间：周一至周日8：00—22：00": "Mo-Su 08:00-22:00",
    "周一至周五 09:00-18:00; Sa 10:00-12:00": "Mo-Fr 09:00-18:00, Sa 10:00-12:00",
    "Mon-Fri 9:00-18:00": "Mo-Fr 09:00-18:00",
    "09:00-12:00(周一至周五),10:00-16:00(周末)": 'Mo-Fr 09:00-12:00, Sa-Su 10:00-16:00 "weekends"',
    # by appointment is never sure
    "9:00-18:00(需预约)": '09:00-18:00 unknown "by appointment"',
    "周一至周五9:00-18:00,周末需预约": 'Mo-Fr 09:00-18:00, Sa-Su 00:00-24:00 unknown "by appointment"',
    # closed for the time being
    "暂停开放": "24/7 closed",
    "已关闭": "24/7 closed",
    # OpenStreetMap's syntax, and what the package silently takes for open
    "Mo-Fr 08:00-12:00,13:00-17:30; PH off": "Mo-Fr 08:00-12:00,13:00-17:30; PH closed",
    'Mo-Fr 09:00-18:00 || "call"': 'Mo-Fr 09:00-18:00 || 24/7 unknown "call"',
    '"by appointment"': '24/7 unknown "by appointment"',
    "Mo-Su": "Mo-Su 00:00-24:00 unknown",
    "open": "24/7 unknown",
    "17:00+": "17:00-29:00 unknown",
    "09:00-18:00+": "09:00-29:00 unknown",
    "sunrise-sunset": "24/7 unknown",
    "08:00-(sunset+01:00)": "08:00-24:00 unknown",
    "unknown": "24/7 unknown",
    "off": "24/7 closed",
}  # fmt: skip

REFUSED = {
    "": "nothing written",
    "  ": "nothing written",
    "同银行营业时间": "told elsewhere",
    "9:00-18:00,以门店公示为准": "told elsewhere",
    "电话预约": "by appointment",
    "全年无休": "hours not said",
    "周一至周五": "days without hours",
    "9:00": "a time without its end",
    "9:00-5:30": "an end that may be of the afternoon or of the next day",
    "Mo-Fr 9:00-5:30": "an end that may be of the afternoon or of the next day",
    "上午9:00-5:00": "an end that may be of the afternoon or of the next day",
    "下午2点-12点": "an end that may be noon or midnight",
    "9:00-9:00": "a span without length",
    "Mo 09:00-09:00": "a span without length",
    "25:00-26:00": "no time of the day",
    "9:00-18:70": "a number without a unit",
    "上午13:00-15:00": "no time of the day",
    "周一9-18": "a number without a unit",
    "约9:00-18:00": "not understood",
    "9:00-18:00左右": "not understood",
    "非24小时": "not understood",
    "24小时热线": "not understood",
    "24小时;人工9:00-17:00": "not understood",
    "24小时,9:00-17:00": "times that contradict each other",
    "9:00-18:00;8:30-17:30": "times that contradict each other",
    "周一至周三9:00-17:00,周三至周五10:00-18:00": "times that contradict each other",
    "每天8:00-12:00,周一至周五14:00-18:00": "times that contradict each other",
    "夏季": "a season without hours",
    "周日9:00-12:00,周日休息": "days that contradict each other",
    "周一至周五 夏季8:00-18:00,冬季8:30-17:30;周六9:00-12:00": "days that may be of one season or of all",
    "2月30日-3月31日9:00-12:00": "no month or day of a year",
    "13月8:00-9:00": "no month or day of a year",
    "SH 10:00-12:00": "syntax not supported",
    "PH -1 day off": "syntax not supported",
    "PH Mo-Fr 09:00-18:00": "holidays of some weekdays",
    "10:00-16:00/02:00": "points in time",
    "Mo-Fr": "hours not said",
    "9" * 501: "too long",
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_texts_are_understood(text: str) -> None:
    assert stations.parse_hours(text).to_osm() == UNDERSTOOD[text]


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_what_is_written_is_understood_as_the_same(text: str) -> None:
    once = stations.parse_hours(text)
    again = stations.parse_hours(once.to_osm())
    assert (again.osm, again.status, again.on_holidays, again.on_adjusted_days) == (
        once.osm, once.status, once.on_holidays, once.on_adjusted_days,
    )  # fmt: skip


@pytest.mark.parametrize("text", [text for text in REFUSED if text != "Mo-Fr"])
def test_what_is_not_understood_wholly_is_unknown_and_says_why(text: str) -> None:
    hours = stations.parse_hours(text)
    assert (hours.osm, hours.status, hours.reason) == ("24/7 unknown", "unknown", REFUSED[text])
    assert str(hours) == f"unknown ({hours.reason})"


def test_days_without_hours_are_open_then_perhaps_and_closed_else() -> None:
    hours = stations.parse_hours("Mo-Fr")
    assert (hours.osm, hours.status, hours.reason) == ("Mo-Fr 00:00-24:00 unknown", "partly", "hours not said")


@pytest.mark.parametrize(
    ("text", "holidays", "adjusted"),
    [
        ("工作日9:00-17:00", "closed", "as working days"),
        ("周一至周五9:00-17:00", "unknown", "unknown"),
        ("周一至周五9:00-17:00(节假日除外)", "closed", "unknown"),
        ("每天9:00-17:00", "open", "as working days"),
        ("9:00-17:00", "unknown", "as working days"),
        ("24小时", "open", "as working days"),
        ("周末9:00-17:00", "unknown", "unknown"),
        ("节假日10:00-12:00;周一至周五9:00-17:00", "open", "unknown"),
    ],
)
def test_what_is_said_of_holidays_and_of_days_worked_instead(text: str, holidays: str, adjusted: str) -> None:
    hours = stations.parse_hours(text)
    assert (hours.on_holidays, hours.on_adjusted_days) == (holidays, adjusted)


def test_the_part_that_was_not_understood_is_told() -> None:
    assert stations.parse_hours("9:00-18:00 电话:0755").unparsed == "电话:0755"


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"text must be text\. Got float instead"):
        stations.parse_hours(float("nan"))  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"text must be text\. Got list instead"):
        stations.parse_hours([])  # type: ignore[arg-type]


# Words that opening hours are made of, in any order, mostly without sense.
_WORDS = [
    *(
        "周一",
        "周二",
        "周五",
        "周日",
        "至",
        "到",
        "-",
        "~",
        "9:00",
        "18:00",
        "12:00",
        "8:30",
        "02:00",
        "23:59",
        "00:00",
    ),
    *(
        "24:00",
        "夏季",
        "冬季",
        "5月",
        "9月",
        "5-9月",
        "5月1日",
        "9月30日",
        "节假日",
        "除外",
        "除",
        "外",
        "休息",
        "照常",
    ),
    *("工作日", "双休日", "周末", "每天", "全年无休", "24小时", "全天", "早8", "晚6", "上午", "下午", "晚上", "次日"),
    *("凌晨", "点", "半", "(", ")", ",", ";", "、", "。", "和", "预约", "午休", "春节", "其余", "含", "平日", "周六日"),
    *("一", "五", "日", "9", "18", "九", "时", "无休", "同", "闭馆", "暂停", "Mo-Fr", "PH", "off", "24/7", "+", '"'),
    *("unknown", "week 2", "Jan", "||", "closed", "open"),
]
_SENTENCES = st.builds(str.join, st.sampled_from(["", " "]), st.lists(st.sampled_from(_WORDS), min_size=1, max_size=10))
_TEXTS = st.text(
    alphabet="周星期一二三五日天至到-~:：0123456789点时半上午下晚早次节假工作除外休息每全年无;；,，()、 MoFrPHuS+/|",
    max_size=30,
)

# Only these can make a whole week: they are what is looked for where a text gives one.
_AROUND_THE_CLOCK = ("24", "二十四", "全天", "全日", "次日", "00:00", "0:00", "0点", "0时", "零")


@given(st.one_of(_SENTENCES, _TEXTS))
@settings(max_examples=600, deadline=None)
def test_no_text_raises_and_none_is_around_the_clock_that_does_not_say_so(text: str) -> None:
    hours = stations.parse_hours(text)
    days = stations.hours_on(hours, [f"2026-11-{day}" for day in range(16, 23)], calendar="CN")
    sure = days[days["sure"]]
    if (sure["closes"] - sure["opens"]).sum() == 7 * 1440:
        assert any(word in text.replace("：", ":") for word in _AROUND_THE_CLOCK)
    if hours.status == "unknown":
        assert sure.empty
        assert hours.reason


@given(_SENTENCES)
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_is_understood_as_the_same(text: str) -> None:
    once = stations.parse_hours(text)
    assert stations.parse_hours(once.to_osm()).osm == once.osm


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_gives_an_answer(text: str) -> None:
    assert stations.parse_hours(text).status in {"known", "partly", "closed", "unknown"}
