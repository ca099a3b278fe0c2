from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stationgeo import crs, io
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, SourceError


def fixes_frame(**columns: object) -> pd.DataFrame:
    table: dict[str, object] = {
        "courier_id": ["a", "a", "b"],
        "t": ["2026-11-20 08:00:00", "2026-11-20 08:00:10", "2026-11-20 08:00:00"],
        "lon": [114.05, 114.06, 114.07],
        "lat": [22.54, 22.55, 22.56],
    }
    return pd.DataFrame(table | columns)


def read(frame: pd.DataFrame, **options: object) -> pd.DataFrame:
    return io.read_fixes(frame, **({"datum": "WGS-84", "tz": "Asia/Shanghai"} | options)).table  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx", ".tsv"])
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    frame = fixes_frame()
    path = tmp_path / f"fixes{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    table = io.read_fixes(path, datum="WGS-84", tz="Asia/Shanghai").table
    pd.testing.assert_frame_equal(table, read(frame), check_dtype=False)


def test_local_times_become_utc() -> None:
    # 08:00 in Shanghai (UTC+8) is 00:00 UTC.
    assert read(fixes_frame())["t"].iloc[0] == pd.Timestamp("2026-11-20T00:00:00Z")


@pytest.mark.parametrize(
    ("times", "options"),
    [
        (["11-20 08:00:00"] * 3, {"year": 2026}),
        (["2026-11-20T08:00:00+08:00"] * 3, {"tz": None}),
        (["2026-11-20T00:00:00Z"] * 3, {"tz": None}),
        (["2026/11/20 8:00"] * 3, {}),
        (["2026年11月20日 08:00"] * 3, {}),
        (["20.11.2026 08h00"] * 3, {"time_format": "%d.%m.%Y %Hh%M"}),
        ([1_795_132_800] * 3, {"time_unit": "s", "tz": None}),
        ([1_795_132_800_000] * 3, {"time_unit": "ms", "tz": None}),
        (["1795132800000"] * 3, {"time_unit": "ms", "tz": None}),
        (pd.to_datetime(["2026-11-20 08:00"] * 3), {}),
    ],
)
def test_one_moment_written_in_many_ways(times: object, options: dict[str, object]) -> None:
    table = read(fixes_frame(courier_id=["a", "b", "c"], t=times), **options)
    assert (table["t"] == pd.Timestamp("2026-11-20T00:00:00Z")).all()


def test_times_without_year_zone_or_unit_are_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"carry no year; 3 of 3 rows: row 1: 11-20 08:00:00.*year = 2026"):
        read(fixes_frame(t=["11-20 08:00:00"] * 3))
    with pytest.raises(DataError, match=r"no time zone.*tz = \"Asia/Shanghai\""):
        read(fixes_frame(), tz=None)
    with pytest.raises(DataError, match=r"unit is not declared.*time_unit"):
        read(fixes_frame(t=[1, 2, 3]))
    with pytest.raises(ParameterError, match="unknown time zone 'Asia/Shenzhen'"):
        read(fixes_frame(), tz="Asia/Shenzhen")


def test_a_local_time_that_never_was_is_a_fault() -> None:
    frame = fixes_frame(t=["2026-03-29 02:30:00", "2026-03-29 04:00:00", "2026-03-29 04:00:00"])
    with pytest.raises(DataError, match=r"Europe/Paris skips or has twice; 1 of 3 rows: row 1: 2026-03-29 02:30:00"):
        read(frame, tz="Europe/Paris")


@pytest.mark.parametrize(
    ("times", "options", "wrong"),
    [
        # Declared in milliseconds, written in seconds, and the other way round: January 1970, and the year 58855.
        (["2026-11-20 08:00:00", "1926-11-20 08:00:00", "2996-11-20 08:00:00"], {}, "1980-2100; 2 of 3 rows: row 2"),
        ([1_795_132_800] * 3, {"time_unit": "ms"}, "1980-2100; 3 of 3 rows"),
        ([1_795_132_800_000] * 3, {"time_unit": "s"}, "1980-2100; 3 of 3 rows"),
        (["11-20 08:00:00"] * 3, {"time_format": "%m-%d %H:%M:%S"}, "1980-2100; 3 of 3 rows"),
        (["1e30", "1795132800", "inf"], {"time_unit": "s"}, "no number of s since 1970; 2 of 3 rows: row 1: 1e"),
        (["2026-11-20 08:00:00", "11-20 08:00:00", "11-20 08:00:00"], {}, "carry no year; 2 of 3 rows: row 2"),
        (["2026-11-20 08:00:00+08:00", "2026-11-20 08:00:00", ""], {}, "lack the offset .*; 1 of 3 rows: row 2"),
        (["2026-11-20 08:00:00", " ", ""], {}, r"'t' \(t\) must not be missing; 2 of 3 rows: row 2"),
    ],
)
def test_times_that_cannot_be_are_named_by_row(times: list[object], options: dict[str, object], wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        read(fixes_frame(t=times), **options)


def test_a_year_is_put_only_where_there_is_none() -> None:
    table = read(fixes_frame(t=["2025-11-20 08:00:00", "11-20 08:00:00", "11-21 08:00:00"]), year=2026)
    assert sorted(table["t"].dt.year) == [2025, 2026, 2026]


def test_a_time_format_that_is_none_is_named() -> None:
    with pytest.raises(ParameterError, match="time_format '%Q' cannot be used"):
        read(fixes_frame(), time_format="%Q")


def test_events_without_time_are_untimed_and_said_so() -> None:
    raw = pd.DataFrame({"lon": [114.0, 114.1], "lat": [22.5, 22.6], "t": ["2026-11-20 08:00:00", ""]})
    ingest = io.read_events(raw, datum="WGS-84", tz="Asia/Shanghai")
    assert ingest.table["t"].isna().tolist() == [False, True]
    assert any("1 of 2 rows have no time" in note for note in ingest.report.notes)


def test_rows_keep_the_numbers_of_their_file_through_where_and_repeats() -> None:
    raw = pd.DataFrame({"lon": ["114", "114", "114", "x"], "lat": ["22.5"] * 4, "city": ["Y", "X", "X", "X"]})
    # Row 1 is left out by where, row 3 repeats row 2, row 4 is wrong.
    with pytest.raises(DataError, match="1 of 2 rows: row 4: x"):
        io.read_events(raw, datum="WGS-84", where={"city": "X"})
    counts = io.read_events(raw, datum="WGS-84", where={"city": "X"}, bad_rows="drop").report.dropped
    assert [(count.reason, count.examples) for count in counts] == [
        ("left out by where", ()),
        ("identical rows", ("row 3",)),
        ("column 'lon' (lon) holds no number", ("row 4: x",)),
    ]


def test_where_finds_numbers_by_the_code_they_are() -> None:
    raw = fixes_frame(city=[1.0, 1.0, 2.0])
    assert len(read(raw, where={"city": "1"})) == 2


def test_unreadable_rows_name_count_and_first_three() -> None:
    frame = fixes_frame(lon=["114.05", "east", None])
    with pytest.raises(DataError) as caught:
        read(frame)
    message = str(caught.value)
    assert "column 'lon' (lon) holds no number; 1 of 3 rows: row 2: east" in message
    assert "coordinates are missing or infinite; 1 of 3 rows: row 3" in message
    assert "bad_rows = 'drop'" in message


def test_bad_rows_are_dropped_on_request_and_counted_once() -> None:
    frame = fixes_frame(lon=[114.05, np.nan, 0.0], lat=[22.5, np.nan, 0.0])
    ingest = io.read_fixes(frame, datum="WGS-84", tz="Asia/Shanghai", bad_rows="drop")
    assert ingest.report.rows_read == 3
    assert ingest.report.rows_kept == len(ingest.table) == 1
    assert sum(count.rows for count in ingest.report.dropped) == 2


def test_dropping_every_row_is_an_error() -> None:
    with pytest.raises(DataError, match="would leave none"):
        read(fixes_frame(lon=[np.nan] * 3), bad_rows="drop")


@pytest.mark.parametrize("datum", ["WGS-84", "GCJ-02", "BD-09"])
def test_exchanged_columns_are_named_with_the_way_out(datum: str) -> None:
    frame = fixes_frame(lon=[22.54] * 3, lat=[114.05] * 3)
    with pytest.raises(DataError, match=r"exchanged in 3 of 3 rows: \(22.54, 114.05\).*lon = 'lat', lat = 'lon'"):
        read(frame, datum=datum)


def test_one_exchanged_row_among_good_ones_is_a_fault_of_that_row() -> None:
    frame = fixes_frame(lon=[114.05, 22.54, 114.07], lat=[22.54, 114.05, 22.56])
    with pytest.raises(DataError, match="exchanged; 1 of 3 rows: row 2"):
        read(frame)


@pytest.mark.parametrize(("lon", "lat"), [(87.6, 43.8), (75.9, 39.5), (114.0, 22.5)])
def test_exchanged_columns_are_seen_in_all_of_china_in_wgs84_too(lon: float, lat: float) -> None:
    with pytest.raises(DataError, match="exchanged in 3 of 3"):
        read(fixes_frame(lon=[lat] * 3, lat=[lon] * 3))


def test_svalbard_is_no_china_exchanged() -> None:
    assert len(read(fixes_frame(lon=[15.6] * 3, lat=[78.2] * 3))) == 3  # Longyearbyen


def test_metres_are_not_degrees() -> None:
    frame = fixes_frame(lon=[12_697_000.0] * 3, lat=[2_570_000.0] * 3)
    with pytest.raises(DataError, match="are these metres of a projected CRS"):
        read(frame)


def test_an_undeclared_datum_says_how_many_metres_are_at_stake() -> None:
    with pytest.raises(
        DatumError, match=r"the table given: the datum is not declared.*GCJ-02 read as WGS-84.*6\d\d m off"
    ):
        read(fixes_frame(), datum=None)
    with pytest.raises(DatumError, match="the table given: unknown datum 'WGS-85'"):
        read(fixes_frame(), datum="WGS-85")


def test_declared_datum_is_undone() -> None:
    table = read(fixes_frame(), datum="GCJ-02")
    lon, lat = crs.to_wgs84([114.05, 114.06, 114.07], [22.54, 22.55, 22.56], datum="GCJ-02")
    assert table["lon"].to_numpy() == pytest.approx(lon)
    assert table["lat"].to_numpy() == pytest.approx(lat)


def test_repeated_fixes_are_counted_by_kind_and_the_first_stays() -> None:
    frame = pd.concat([fixes_frame(), fixes_frame().iloc[[0]], fixes_frame(lon=[115.0] * 3).iloc[[2]]])
    ingest = io.read_fixes(frame, datum="WGS-84", tz="Asia/Shanghai")
    assert [(count.reason[:14], count.rows) for count in ingest.report.dropped] == [
        ("identical rows", 1),
        ("same courier a", 1),
    ]
    assert ingest.report.dropped[1].examples == ("b at 2026-11-20T00:00:00+00:00: 115.000000, 22.560000",)
    pd.testing.assert_frame_equal(ingest.table, read(fixes_frame()))


def test_missing_column_suggests_the_nearest() -> None:
    with pytest.raises(ColumnError, match=r"column 'lon' \(for lon\) is missing.*did you mean 'lng'.*columns = \{ lon"):
        read(fixes_frame().rename(columns={"lon": "lng"}))
    with pytest.raises(ColumnError, match=r"column 'rider' \(for courier_id\)"):
        read(fixes_frame(), columns={"courier_id": "rider"})
    with pytest.raises(ParameterError, match=r"columns has no key 'courier'; did you mean 'courier_id'"):
        read(fixes_frame(), columns={"courier": "courier_id"})


def test_missing_and_empty_files(tmp_path: Path) -> None:
    (tmp_path / "fixes.csv").write_text("courier_id,t,lon,lat\n")
    (tmp_path / "void.csv").write_text("")
    (tmp_path / "junk.parquet").write_text("not parquet")
    (tmp_path / "odd.docx").write_text("x")
    for name, message in {
        "fixs.csv": "no such file.*did you mean 'fixes.csv'",
        "fixes.csv": "a header but no row",
        "void.csv": "the file is empty",
        "junk.parquet": "cannot be read as a Parquet file",
        "odd.docx": "cannot read .docx as a table. Supported: .csv",
    }.items():
        with pytest.raises(SourceError, match=message):
            io.read_fixes(tmp_path / name, datum="WGS-84", tz="Asia/Shanghai")


def test_chinese_text_in_gb18030_is_read_and_the_encoding_reported(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    fixes_frame(courier_id=["张一", "张一", "李二"]).to_csv(path, index=False, encoding="gb18030")
    ingest = io.read_fixes(path, datum="WGS-84", tz="Asia/Shanghai")
    assert set(ingest.table["courier_id"]) == {"张一", "李二"}
    assert ingest.report.files[0].encoding == "gb18030"


def test_many_files_are_one_source_and_faults_name_their_file(tmp_path: Path) -> None:
    fixes_frame().to_csv(tmp_path / "day1.csv", index=False)
    fixes_frame(t=["2026-11-21 08:00:00"] * 3, courier_id=["a", "b", "c"]).to_csv(tmp_path / "day2.csv", index=False)
    for source in (tmp_path, str(tmp_path / "*.csv"), [tmp_path / "day2.csv", tmp_path / "day1.csv"]):
        assert len(io.read_fixes(source, datum="WGS-84", tz="Asia/Shanghai").table) == 6
    fixes_frame(lat=[99.0] * 3).to_csv(tmp_path / "day3.csv", index=False)
    with pytest.raises(DataError, match=r"day3\.csv: .*out of range"):
        io.read_fixes(tmp_path, datum="WGS-84", tz="Asia/Shanghai")


def test_codes_stay_text_and_numbers_lose_no_digit(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    fixes_frame(courier_id=["007", "007", "440305000000123456"]).to_csv(path, index=False)
    assert set(io.read_fixes(path, datum="WGS-84", tz="Asia/Shanghai").table["courier_id"]) == {
        "007",
        "440305000000123456",
    }
    with pytest.raises(DataError, match="holds no code; 1 of 3 rows: row 3"):
        read(fixes_frame(courier_id=[1.0, 2.0, 1.5]))
    # What a spreadsheet leaves of a long code: two couriers would become one.
    with pytest.raises(DataError, match=r"holds no code; 1 of 3 rows: row 2: 4\.40305E\+11"):
        read(fixes_frame(courier_id=["a", "4.40305E+11", "b"]))


def test_events_count_one_each_unless_weighted() -> None:
    raw = pd.DataFrame({"lon": [114.0, 114.1], "lat": [22.5, 22.6]})
    assert io.read_events(raw, datum="WGS-84").table["weight"].tolist() == [1.0, 1.0]
    weighted = io.read_events(raw.assign(n=[3, 4]), datum="WGS-84", columns={"weight": "n"})
    assert weighted.table["weight"].tolist() == [3.0, 4.0]
    with pytest.raises(DataError, match=r"'weight' \(weight\) must be at least 0; 1 of 2"):
        io.read_events(raw.assign(weight=[-1, 4]), datum="WGS-84")
    with pytest.raises(DataError, match=r"'n' \(weight\) must be finite; 1 of 2 rows: row 2"):
        io.read_events(raw.assign(n=[3, np.inf]), datum="WGS-84", columns={"weight": "n"})
    with pytest.raises(DataError, match=r"'n' \(weight\) is 0 in all 2 rows: there is no demand"):
        io.read_events(raw.assign(n=0), datum="WGS-84", columns={"weight": "n"})


def test_identical_events_are_dropped_and_counted() -> None:
    raw = pd.DataFrame({"lon": [114.0, 114.0, 114.0], "lat": [22.5] * 3, "order": ["x", "x", "y"]})
    ingest = io.read_events(raw, datum="WGS-84")
    assert len(ingest.table) == 2
    assert [(count.reason, count.rows) for count in ingest.report.dropped] == [("identical rows", 1)]


def test_squares_in_metres_have_that_side() -> None:
    raw = pd.DataFrame({"lon": [114.0], "lat": [22.5]})
    events = io.read_events(raw, datum="WGS-84", square_m=500).table.iloc[0]
    half = events["square_lon_deg"] / 2
    assert crs.distance_m(114 - half, 22.5, 114 + half, 22.5) == pytest.approx(500, rel=1e-6)
    with pytest.raises(ParameterError, match="twice"):
        io.read_events(raw, datum="WGS-84", square_m=500, square_deg=(0.005, 0.005))
    with pytest.raises(ParameterError, match="positive"):
        io.read_events(raw, datum="WGS-84", square_m=0)
    with pytest.raises(ColumnError, match="only column 'square_lon_deg'"):
        io.read_events(raw.assign(square_lon_deg=0.01), datum="WGS-84")
    with pytest.raises(ParameterError, match="twice"):
        io.read_events(raw.assign(square_lon_deg=0.01, square_lat_deg=0.01), datum="WGS-84", square_m=500)


def test_where_keeps_matching_rows_and_counts_the_rest() -> None:
    raw = fixes_frame(city=["X", "X", "Y"])
    ingest = io.read_fixes(raw, datum="WGS-84", tz="Asia/Shanghai", where={"city": "X"})
    assert len(ingest.table) == 2
    assert ingest.report.dropped[0].reason == "left out by where"
    with pytest.raises(DataError, match="no row matches"):
        read(raw, where={"city": "Z"})
    with pytest.raises(ParameterError, match="where names column 'town'"):
        read(raw, where={"town": "Z"})


def test_row_order_does_not_matter() -> None:
    pd.testing.assert_frame_equal(read(fixes_frame().iloc[::-1]), read(fixes_frame()))
