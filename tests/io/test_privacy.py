"""Columns of persons are not read, and with a key no courier id is kept anywhere."""

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

from stationgeo import io
from stationgeo.errors import ColumnError, DataError, ParameterError, SourceError
from stationgeo.io._privacy import personal_columns

KEY = b"0123456789abcdef"
PERSONAL = [
    "姓名",
    "骑手姓名",
    "手机",
    "手机号",
    "手机号码",
    "电话",
    "联系人",
    "身份证",
    "身份证号",
    "政治面貌",
    "党员",
    "是否党员",
    "出生日期",
    "车牌",
    "车牌号",
    "联系人/电话",
    "姓 名",
    "姓　名",
    "姓名（必填）",
    "联系电话",
    "rider_name",
    "courierName",
    "name",
    "Name",
    "Phone",
    "phone_number",
    "Phone No.",
    "mobile",
    "id_card_no",
    "IDCard",
    "birthday",
    "plate_number",
    "email",
    "QQ号",
    "客户地址",
    "收货地址",
    "home_address",
    "customer_address",
    "骑手_姓名",
    "（手机号）",
    "站点电话",
    "负责人电话",
    "用户名",
    "contact_phone",
    "Tel.",
    "电话2",
    "微信号",
    "户籍地址",
    "收件人手机",
    "紧急联系人电话",
]
HARMLESS = [
    "order_id",
    "courier_id",
    "kind_name",
    "phone_charge",
    "手机充电",
    "手机 充电",
    "手机_充电",
    "电话预约",
    "地址",
    "address",
    "station_name",
    "station_id",
    "t",
    "time",
    "lon",
    "lat",
    "lng",
    "经度",
    "纬度",
    "骑手",
    "骑手编号",
    "rider",
    "rider_id",
    "driver_id",
    "user_id",
    "customer_id",
    "contact_id",
    "group",
    "cell",
    "cell_id",
    "aoi_id",
    "党员人数",
    "党群服务中心",
    "plate_type",
    "名称",
    "站点名称",
    "city",
    "event",
    "所属街道",
    "开放时间",
    "mobile_charging",
    "host",
    "owner",
    "member_count",
    "工人数",
    "weight",
    "trips",
    "证件类型",
    "服务热线",
    "birth_rate",
    "filename",
    "订单号",
    "运单号",
    "accuracy_m",
    "",
    "合计",
    "time_window_start",
    "微信公众号",
]


@pytest.mark.parametrize("name", PERSONAL)
def test_headers_of_persons_are_known(name: str) -> None:
    assert personal_columns([name], table="FIXES")


@pytest.mark.parametrize("name", HARMLESS)
def test_other_headers_are_not(name: str) -> None:
    assert not personal_columns([name], table="FIXES")
    assert not personal_columns([name], table="STATIONS")


def test_a_place_has_a_name_and_an_address_and_its_contact_is_a_person() -> None:
    found = personal_columns(
        ["name", "名称", "地址", "站点名字", "联系人", "phone", "owner_name", "姓名"], table="STATIONS"
    )
    assert list(found) == ["联系人", "phone", "owner_name", "姓名"]


def fixes(**more: object) -> pd.DataFrame:
    table: dict[str, object] = {
        "courier_id": ["甲", "甲", "乙"],
        "t": ["2026-11-20 08:00:00", "2026-11-20 08:00:10", "2026-11-20 08:00:00"],
        "lon": [114.05, 114.06, 114.07],
        "lat": [22.54, 22.55, 22.56],
    }
    return pd.DataFrame(table | more)


def saved(frame: pd.DataFrame, folder: Path, suffix: str) -> Path:
    path = folder / f"fixes{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx"])
def test_personal_columns_are_refused_by_name_or_left_unread_and_noted(tmp_path: Path, suffix: str) -> None:
    path = saved(fixes(骑手姓名=["p", "p", "q"], 手机号=["1", "1", "2"]), tmp_path, suffix)
    for reader in (io.read_fixes, io.read_events):
        options = {"datum": "WGS-84", "tz": "Asia/Shanghai"}
        with pytest.raises(ColumnError, match=r"2 columns look personal \(name, phone\): '骑手姓名', '手机号'.*'drop'"):
            reader(path, **options)  # type: ignore[operator]
        read = reader(path, **options, personal="drop")  # type: ignore[operator]
        assert len(read.table) == 3
        assert not {"骑手姓名", "手机号"} & set(read.table.columns)
        assert "personal columns left unread: 手机号, 骑手姓名" in read.report.notes


def test_contacts_of_stations_and_candidates_are_refused_in_tables_and_vector_files(tmp_path: Path) -> None:
    flat = pd.DataFrame(
        {"station_id": ["S"], "name": ["驿站"], "地址": ["某路"], "联系人": ["某"], "lon": [114.0], "lat": [22.5]}
    )
    path = tmp_path / "stations.geojson"
    gpd.GeoDataFrame(flat.drop(columns=["lon", "lat"]), geometry=[Point(114, 22.5)], crs="EPSG:4326").to_file(path)
    for source in (flat, path):
        with pytest.raises(ColumnError, match=r"1 column looks personal \(contact\): '联系人'"):
            io.read_stations(source, datum="WGS-84", default_kind="warm_bee")
        read = io.read_stations(source, datum="WGS-84", default_kind="warm_bee", personal="drop")
        assert read.table["name"].item() == "驿站"
        assert read.report.notes[-1:] == ("no kind column: every row is 'warm_bee'",)
        assert "personal columns left unread: 联系人" in read.report.notes
    with pytest.raises(ColumnError, match="1 column looks personal"):
        io.read_candidates(flat.rename(columns={"station_id": "candidate_id"}), datum="WGS-84", default_kind="warm_bee")


@pytest.mark.parametrize("personal", ["refuse", "drop"])
def test_what_is_personal_cannot_be_asked_for(personal: str) -> None:
    raw = fixes(政治面貌=["党员", "群众", "群众"], 手机=["1", "1", "2"])
    options = {"datum": "WGS-84", "tz": "Asia/Shanghai", "personal": personal}
    with pytest.raises(
        ColumnError, match=r"'政治面貌' looks personal .* columns maps group to it. Leave it out of columns"
    ):
        io.read_fixes(raw, columns={"group": "政治面貌"}, **options)  # type: ignore[arg-type]
    with pytest.raises(ColumnError, match=r"'政治面貌' looks personal .* where selects by it. Leave it out of where"):
        io.read_fixes(raw, where={"政治面貌": "党员"}, **options)  # type: ignore[arg-type]
    with pytest.raises(ColumnError, match=r"maps courier_id to it. Give a courier_key"):
        io.read_fixes(raw, columns={"courier_id": "手机"}, **options)  # type: ignore[arg-type]


def test_a_phone_may_be_the_id_where_ids_are_hashed() -> None:
    raw = fixes(手机=["13800000000", "13800000000", "13900000000"]).drop(columns="courier_id")
    read = io.read_fixes(raw, datum="WGS-84", tz="Asia/Shanghai", columns={"courier_id": "手机"}, courier_key=KEY)
    assert read.table["courier_id"].nunique() == 2
    assert read.table["courier_id"].str.fullmatch("[0-9a-f]{16}").all()


def test_one_word_of_two_for_personal() -> None:
    with pytest.raises(ParameterError, match=r"'refuse' or 'drop'. Got 'keep'"):
        io.read_fixes(fixes(), datum="WGS-84", personal="keep")  # type: ignore[arg-type]


def test_the_same_key_hashes_the_same_id_to_the_same_text_in_every_file_and_format(tmp_path: Path) -> None:
    whole = fixes(courier_id=[7, 7, 8])
    options: dict[str, object] = {"datum": "WGS-84", "tz": "Asia/Shanghai"}
    tables = [
        io.read_fixes(saved(frame, tmp_path, suffix), **options, courier_key=KEY).table  # type: ignore[arg-type]
        for suffix in (".csv", ".parquet")
        for frame in (whole, whole.assign(courier_id=["7", " 7 ", "8"]))
    ]
    for table in tables[1:]:
        pd.testing.assert_frame_equal(table, tables[0])
    other = io.read_fixes(whole, **options, courier_key=KEY + b"!").table  # type: ignore[arg-type]
    assert not set(other["courier_id"]) & set(tables[0]["courier_id"])
    events = io.read_events(whole, **options, courier_key=KEY).table  # type: ignore[arg-type]
    assert set(events["courier_id"]) == set(tables[0]["courier_id"])


def test_hashes_are_those_of_blake2b() -> None:
    # Made once with: hashlib.blake2b(b"7", digest_size=8, key=KEY, person=b"stationgeo.id").hexdigest()
    read = io.read_fixes(fixes(courier_id=[7, 7, 7], lon=114.0), datum="WGS-84", tz="Asia/Shanghai", courier_key=KEY)
    assert set(read.table["courier_id"]) == {"d8d3b8e147114e2e"}


def test_with_a_key_no_message_note_or_report_shows_an_id(tmp_path: Path) -> None:
    planted = ["PLANTED-1", "PLANTED-1", "4.40305E+11"]
    options: dict[str, object] = {"datum": "WGS-84", "tz": "Asia/Shanghai", "courier_key": KEY}
    again = pd.concat([fixes(courier_id=planted), fixes(courier_id=planted, lon=[115.0] * 3)])
    folder = tmp_path / "courier_id=PLANTED-2"
    folder.mkdir()
    for source in (again, saved(again, tmp_path, ".csv"), saved(again.drop(columns="courier_id"), folder, ".parquet")):
        read = io.read_fixes(source, **options, bad_rows="drop")  # type: ignore[arg-type]
        assert read.report.rows_dropped
        said = json.dumps(read.report.to_dict()) + read._repr_html_() + read.table.to_csv()
        assert not any(text in said for text in ("PLANTED", "4.40305E"))
        assert io.key_fingerprint(KEY) in said
        assert KEY.decode() not in said
    for reader in (io.read_fixes, io.read_events):
        with pytest.raises(DataError, match=r"row 3: \(an id, not shown\)") as caught:
            reader(fixes(courier_id=planted), **options)  # type: ignore[operator]
        assert "4.40305E" not in str(caught.value)
    for asked in ({"where": {"courier_id": "PLANTED-1"}}, {"columns": {"group": "courier_id"}}):
        with pytest.raises(ParameterError, match="hashed as it is read") as refused:
            io.read_fixes(again, **options, **asked)  # type: ignore[arg-type]
        assert "PLANTED" not in str(refused.value)


def test_keys_come_from_a_variable_or_a_file_and_are_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.write_bytes(KEY + b"\n")
    monkeypatch.setenv("COURIER_KEY", KEY.decode())
    assert io.courier_key(env="COURIER_KEY") == io.courier_key(file=path) == KEY
    path.write_bytes(b"hush!!")
    monkeypatch.setenv("COURIER_KEY", "hush!!")
    for given, kind, message in [
        ({"env": "COURIER_KEY"}, ParameterError, "'COURIER_KEY': a courier key needs at least 16 bytes.* Got 6"),
        ({"file": path}, ParameterError, "key: a courier key needs at least 16 bytes"),
        ({"env": "NO_SUCH"}, ParameterError, "'NO_SUCH' that holds the courier key is not set"),
        ({"file": tmp_path / "none"}, SourceError, "none: no such file"),
        ({}, ParameterError, "from one place"),
        ({"env": "A", "file": "B"}, ParameterError, "from one place"),
    ]:
        with pytest.raises(kind, match=message) as caught:
            io.courier_key(**given)  # type: ignore[arg-type]
        assert "hush!!" not in str(caught.value)
    with pytest.raises(ParameterError, match="at least 16"):
        io.read_fixes(fixes(), datum="WGS-84", courier_key=b"short")
    with pytest.raises(ParameterError, match=r"must be bytes. Got str"):
        io.key_fingerprint("0123456789abcdef")  # type: ignore[arg-type]


def test_fingerprints_tell_keys_apart_and_long_keys_are_whole() -> None:
    keys = [KEY, KEY + b"0", b"k" * 64, b"k" * 65, b"k" * 1000]
    assert len({io.key_fingerprint(key) for key in keys}) == len(keys)
