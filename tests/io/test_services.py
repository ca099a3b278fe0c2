from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import io, stations
from stationgeo._resources import sample_city_dir
from stationgeo.errors import ColumnError, DataError, ParameterError

LONG = pd.DataFrame({
    "station_id": ["S1", "S1", "S2"], "service": ["toilets", "饮水", "急能充電"], "status": ["yes", "无", " ✓ "],
})  # fmt: skip


def statuses(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    return {(row.station_id, row.service): row.status for row in table.itertuples()}


def test_the_sample_citys_services_are_read_and_all_belong_to_stations() -> None:
    read = io.read_services(sample_city_dir() / "station_services.csv")
    assert read.report.rows_kept == read.report.rows_read == 1539
    assert (read.report.datum, read.report.notes, read.report.dropped) == (None, (), ())
    assert read.table["status"].value_counts().to_dict() == {"no": 919, "yes": 457, "unknown": 163}
    columns = {"station_id": "编号", "kind": "类型", "lon": "经度", "lat": "纬度", "premises_id": "场所编号"}
    places = io.read_stations(sample_city_dir() / "stations.csv", datum="GCJ-02", columns=columns).table
    made = stations.offers(places, read.table, hours=None)
    assert (made.unmatched, made.untold, made.clusters) == ((), 0, ("S9001", "S9002"))
    assert made.table[["yes", "no", "unknown"]].sum().to_dict() == {"yes": 457, "no": 919, "unknown": 163}
    assert stations.count_premises(places).to_dict("list") == {"stations": [81], "premises": [68]}


def test_rows_are_read_in_the_words_that_offices_use() -> None:
    read = io.read_services(LONG)
    assert statuses(read.table) == {("S1", "toilets"): "yes", ("S1", "water"): "no", ("S2", "phone_charge"): "yes"}
    assert read.report.notes == (
        "services: 饮水 was read as water", "services: 急能充電 was read as phone_charge",
        "statuses: 无 was read as no", "statuses: ✓ was read as yes",
    )  # fmt: skip


def test_columns_are_read_by_their_names_and_blanks_are_unknown() -> None:
    raw = pd.DataFrame({
        "编号": ["S1", "S2"], "名称": ["甲", "乙"], "廁所": ["有", ""], "Drinking Water": ["0", "1"],
        "取暖": ["不详", "是"], "充电": ["有", "无"],
    })  # fmt: skip
    read = io.read_services(raw, columns={"station_id": "编号", "phone_charge": "充电"})
    assert statuses(read.table) == {
        ("S1", "toilets"): "yes", ("S1", "water"): "no", ("S1", "warm"): "unknown", ("S1", "phone_charge"): "yes",
        ("S2", "toilets"): "unknown", ("S2", "water"): "yes", ("S2", "warm"): "yes", ("S2", "phone_charge"): "no",
    }  # fmt: skip
    assert "column '廁所' (toilets): 1 blank of 2 are unknown" in read.report.notes
    assert "columns that name no service were not read: 名称" in read.report.notes
    assert read.report.columns["phone_charge"] == "充电"
    assert (read.report.rows_read, read.report.rows_kept) == (2, 2)


@pytest.mark.parametrize("header", ["是否提供如厕", "有无廁所", "是否有卫生间", "has_toilets", "Has toilets", "WC"])
def test_headers_that_ask_are_columns_of_their_service(header: str) -> None:
    read = io.read_services(pd.DataFrame({"station_id": ["S1"], header: ["有"]}))
    assert statuses(read.table) == {("S1", "toilets"): "yes"}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_every_format_gives_the_same_by_rows_and_by_columns(tmp_path: Path, suffix: str) -> None:
    wide = pd.DataFrame({"station_id": ["S1", "S2"], "如厕": ["有", "无"], "water": ["unknown", "有"]})
    long = wide.melt("station_id", var_name="service", value_name="status")
    for number, raw in enumerate((wide, long)):
        path = tmp_path / f"{number}{suffix}"
        if suffix == ".csv":
            raw.to_csv(path, index=False, encoding="gb18030")
        elif suffix == ".xlsx":
            raw.to_excel(path, index=False)
        else:
            raw.to_parquet(path)
        assert statuses(io.read_services(path).table) == {
            ("S1", "toilets"): "yes", ("S2", "toilets"): "no", ("S1", "water"): "unknown", ("S2", "water"): "yes",
        }  # fmt: skip


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, 0.0], ["1", "0"], ["TRUE", "False"], ["Ｙ", "Ｎ"]])
def test_flags_and_numbers_are_statuses(values: list[object]) -> None:
    read = io.read_services(pd.DataFrame({"station_id": ["S1", "S2"], "toilets": values}))
    assert read.table["status"].tolist() == ["yes", "no"]


def test_hours_and_capacities_of_services_are_read() -> None:
    raw = LONG.assign(opening_hours=["24小时", "", None], seats=["4", "", "12"])
    table = io.read_services(raw, columns={"capacity": "seats"}).table
    assert table["capacity"].tolist()[::2] == [4, 12]
    assert table["capacity"].isna().tolist() == [False, True, False]
    assert list(stations.own_hours(table)) == ["toilets"]
    with pytest.raises(DataError, match=r"'seats' \(capacity\) must be at least 0; 1 of 3 rows"):
        io.read_services(raw.assign(seats=[-1, 0, 0]), columns={"capacity": "seats"})


def test_a_list_of_what_there_is_needs_its_meaning_declared() -> None:
    raw = LONG.drop(columns="status")
    with pytest.raises(ColumnError, match=r"column 'status' \(for status\) is missing"):
        io.read_services(raw)
    read = io.read_services(raw, default_status="yes")
    assert set(read.table["status"]) == {"yes"}
    assert "no status column: every row is 'yes'" in read.report.notes


def test_words_of_ones_own_come_before_the_shipped_ones() -> None:
    raw = pd.DataFrame({"station_id": ["S1", "S1"], "service": ["充電", "休息"], "status": ["租", "有"]})
    read = io.read_services(raw, services={"充电": "phone_charge", "休息": "beds"}, statuses={"租": "yes"})
    assert statuses(read.table) == {("S1", "phone_charge"): "yes", ("S1", "beds"): "yes"}


def test_what_cannot_be_told_is_an_error_or_dropped_and_counted() -> None:
    raw = pd.DataFrame({
        "station_id": ["S1", "S1", None, "S2"], "service": ["充电", "water", "water", "water"],
        "status": ["有", "也许", "有", "有"],
    })  # fmt: skip
    with pytest.raises(DataError) as error:
        io.read_services(raw)
    for said in (
        "column 'service' (service) holds no service; 1 of 4 rows: row 1: 充电",
        "column 'status' (status) says neither yes, no nor unknown; 1 of 4 rows: row 2: 也许",
        "'station_id' (station_id) must not be missing; 1 of 4 rows: row 3",
    ):
        assert said in str(error.value)
    read = io.read_services(raw, bad_rows="drop")
    assert statuses(read.table) == {("S2", "water"): "yes"}
    assert (read.report.rows_read, read.report.rows_kept) == (4, 1)
    wide = pd.DataFrame({"station_id": ["S1", "S2"], "water": ["也许", "有"], "toilets": ["有", "有"]})
    assert set(io.read_services(wide, bad_rows="drop").table["station_id"]) == {"S2"}


@pytest.mark.parametrize("bad_rows", ["error", "drop"])
def test_pairs_that_disagree_are_named_and_never_settled(bad_rows: str) -> None:
    raw = pd.DataFrame(
        {"station_id": ["S1", "S1", "S2"], "service": ["厕所", "toilets", "rest"], "status": ["有", "无", "有"]}
    )
    with pytest.raises(DataError, match=r"1 pairs .* in several ways: 'S1 toilets: yes, no'"):
        io.read_services(raw, bad_rows=bad_rows)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"'S1 toilets: yes'\. Keep one row of each; their hours"):
        io.read_services(raw.assign(status="有", opening_hours=["8-9", "9-10", ""]))


def test_pairs_that_agree_are_kept_once_and_counted() -> None:
    raw = pd.DataFrame(
        {"station_id": ["S1"] * 3, "service": ["厕所", "toilets", "厕所"], "status": ["有", "yes", "有"]}
    )
    read = io.read_services(raw)
    assert statuses(read.table) == {("S1", "toilets"): "yes"}
    assert [(count.rows, count.examples) for count in read.report.repaired] == [(1, ("S1 toilets",))]
    assert [count.rows for count in read.report.dropped] == [1]  # the identical row


def test_wrong_tables_are_named() -> None:
    with pytest.raises(ColumnError, match=r"columns '厕所' and '卫生间' are both 'toilets'"):
        io.read_services(pd.DataFrame({"station_id": ["S1"], "厕所": ["有"], "卫生间": ["无"]}))
    with pytest.raises(ColumnError, match=r"neither a column 'service' nor one that names a service.*'面积'"):
        io.read_services(pd.DataFrame({"station_id": ["S1"], "面积": ["3"]}))
    with pytest.raises(ColumnError, match=r"'station_id' \(for station_id\) is missing"):
        io.read_services(pd.DataFrame({"编号": ["S1"], "厕所": ["有"]}))
    with pytest.raises(ColumnError, match="personal"):
        io.read_services(pd.DataFrame({"station_id": ["S1"], "厕所": ["有"], "联系电话": ["1"]}))
    with pytest.raises(ParameterError, match="unknown status 'ja'; "):
        io.read_services(LONG, statuses={"ja": "ja"})
    with pytest.raises(ParameterError, match="unknown status 'maybe'"):
        io.read_services(LONG, default_status="maybe")
    with pytest.raises(ParameterError, match="columns has no key 'toilet'; did you mean 'toilets'"):
        io.read_services(pd.DataFrame({"station_id": ["S1"], "厕所": ["有"]}), columns={"toilet": "厕所"})


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from(["有", "无", "未知", ""])), min_size=1, max_size=3))
def test_by_columns_and_by_rows_are_one_table(cells: list[tuple[str, str]]) -> None:
    by_id = dict(cells)
    wide = pd.DataFrame({"station_id": list(by_id), "如厕": list(by_id.values()), "取暖": "有"})
    long = wide.melt("station_id", var_name="service", value_name="status")
    assert statuses(io.read_services(wide).table) == statuses(io.read_services(long).table)


def test_stations_kinds_are_recognised_whatever_their_script_and_counted() -> None:
    raw = pd.DataFrame({
        "station_id": list("abcdef"), "lon": 114.0, "lat": 22.5,
        "kind": ["warm_bee", "暖蜂驛站", "熱蜂驿站", "Caring merchant", "小卖部", "咖啡"],
    })  # fmt: skip
    read = io.read_stations(raw, datum="WGS-84", kinds={"小賣部": "merchant"})
    assert read.table["kind"].tolist() == ["warm_bee", "warm_bee", "warm_bee", "merchant", "merchant", "咖啡"]
    (count,) = read.report.repaired
    assert count.rows == 4
    assert count.examples == (
        "row 2: 暖蜂驛站 is warm_bee",
        "row 3: 熱蜂驿站 is warm_bee",
        "row 4: Caring merchant is merchant",
    )
    with pytest.raises(DataError, match="咖啡"):
        stations.check_kinds(read.table)


def test_a_declared_word_for_a_kind_holds_even_if_it_is_a_kind() -> None:
    raw = pd.DataFrame({"station_id": ["a"], "lon": [114.0], "lat": [22.5], "kind": ["merchant"]})
    read = io.read_stations(raw, datum="WGS-84", kinds={"merchant": "red_station"})
    assert read.table["kind"].tolist() == ["red_station"]
    assert read.report.repaired == ()
