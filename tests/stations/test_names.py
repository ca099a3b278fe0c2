import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import stations
from stationgeo.errors import DataError

SIGNS = st.sampled_from(list("热熱蜂暖年夜冲沖大驿驛站（）() ·ＡaＡ１1臺台湾灣薴苧后後ßﬁİe¨\u0301\u3000\u200b\n"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("暖蜂驛站", "暖蜂驿站"),
        ("熱蜂驛站", "暖蜂驿站"),  # script and alias
        ("年夜沖社區", "大冲社区"),
        ("黨群服務中心", "党群服务中心"),
        ("戶外勞動者驛站", "户外劳动者驿站"),
        ("暖蜂驿站（大冲店）", "暖蜂驿站(大冲店)"),
        ("Ｗarm-Bee  Station", "warm-bee station"),
        ("暖蜂\u3000驿\u200b站\n", "暖蜂驿站"),
    ],
)
def test_names_that_differ_in_nothing_else_fold_to_one(one: str, other: str) -> None:
    assert stations.fold_name(one) == stations.fold_name(other)


@pytest.mark.parametrize(("one", "other"), [("暖蜂驿站", "暖蜂街"), ("大冲", "小冲"), ("A1", "A2"), ("", "站")])
def test_other_names_stay_apart(one: str, other: str) -> None:
    assert stations.fold_name(one) != stations.fold_name(other)


@given(st.one_of(st.text(SIGNS), st.text()))
def test_folding_twice_is_folding_once(text: str) -> None:
    once = stations.fold_name(text)
    assert stations.fold_name(once) == once


@given(
    st.text(st.sampled_from("驛站黨群服務戶外勞動者臺灣後門裏")),
    st.text(st.sampled_from("驛站黨群服務戶外勞動者臺灣後門裏")),
)
def test_parts_fold_as_the_whole_does(one: str, other: str) -> None:
    assert stations.fold_name(one + other) == stations.fold_name(one) + stations.fold_name(other)


def test_aliases_of_ones_own_come_beside_the_shipped_ones() -> None:
    mine = {"小蜂": "暖蜂"}
    assert stations.fold_name("小蜂驛站", aliases=mine) == stations.fold_name("熱蜂驿站", aliases=mine) == "暖蜂驿站"
    assert stations.fold_name("小蜂驿站") == "小蜂驿站"
    # Written in traditional script, they fold too.
    assert stations.fold_name("蜜蜂驿站", aliases={"蜜蜂驛": "暖蜂驛"}) == "暖蜂驿站"
    # The longest goes first, whatever their order.
    assert stations.fold_name("甲乙", aliases={"甲": "丙", "甲乙": "丁"}) == "丁"
    with pytest.raises(DataError, match=r"no alias replaces; 1 of 3 do not: '小蜂 -> 热蜂'"):
        stations.fold_name("站", aliases={"小蜂": "热蜂"})
    with pytest.raises(DataError, match="aliases must lead to names"):
        stations.fold_name("站", aliases={" ": "暖蜂"})


def test_all_names_of_kinds_and_services_are_words_for_them() -> None:
    kinds, services = stations.kind_words(), stations.service_words()
    for row in stations.kinds().itertuples():
        assert {kinds[stations.fold_name(word)] for word in (row.kind, row.zh, row.en, row.en.upper())} == {row.kind}
    for row in stations.services().itertuples():
        named = [word for word in (row.service, row.zh, row.en, row.ability) if word]
        assert {services[stations.fold_name(word)] for word in named} == {row.service}
    assert stations.fold_name("充电") not in services  # any of four services
    assert services[stations.fold_name("廁所")] == "toilets"
