"""Fixes in batches are the fixes of read_fixes, however the files are cut, stored and batched."""

import gzip
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import crs, io
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, SourceError, StationgeoError
from stationgeo.io._coordinates import check_coordinates, plainly_sound
from stationgeo.io._faults import Faults
from stationgeo.io._text import TextFile

OPTIONS: dict[str, Any] = {"datum": "GCJ-02", "tz": "Asia/Shanghai"}
NO_MATTER = {"identical rows", "same courier and time at another place: the first stays"}

ids = st.sampled_from(["a", "007", " 7 ", "b", "张", "0" * 20])
bad_ids = st.sampled_from(["", "4.40305E+11", None])
times = st.integers(0, 40).map(lambda s: f"2026-11-20 08:00:{s:02d}")
other_times = st.sampled_from(["2026/11/20 8:01", "2026年11月20日 08:02", "2026-11-20 08:00:01.5", "11-20 08:00:00"])
bad_times = st.sampled_from(["", "soon", "1926-11-20 08:00:00", "2026-11-20 08:00:00+08:00", None])
degrees = st.floats(0, 1, allow_nan=False, width=32).map(lambda x: round(x, 4))
places = st.tuples(degrees.map(lambda x: 114 + x), degrees.map(lambda x: 22 + x))
bad_places = st.sampled_from(
    [(0.0, 0.0), (22.5, 114.0), (200.0, 10.0), (np.nan, 22.5), (114.0, np.inf), (12_697_000.0, 2_570_000.0)]
)
good = st.tuples(ids, times, places, st.sampled_from([None, 0.0, 5.5]), st.sampled_from([None, "x", " y"]))
odd = st.tuples(ids, other_times, places, st.sampled_from([None, 1.0]), st.sampled_from([None, "x"]))
bad = st.one_of(
    st.tuples(bad_ids, times, places, st.none(), st.none()),
    st.tuples(ids, bad_times, places, st.none(), st.none()),
    st.tuples(ids, times, bad_places, st.none(), st.none()),
    st.tuples(ids, times, places, st.sampled_from([-1.0, np.inf]), st.sampled_from(["4.4E+11"])),
)
rows = st.lists(st.one_of(good, good, good, odd, bad), min_size=1, max_size=14)


def frame_of(drawn: list[Any]) -> pd.DataFrame:
    who, when, where, accuracy, group = zip(*drawn, strict=True)
    lon, lat = zip(*where, strict=True)
    return pd.DataFrame(
        {"courier_id": who, "t": when, "lon": lon, "lat": lat, "accuracy_m": accuracy, "group": group}
    ).astype({"courier_id": "str", "t": "str", "group": "str", "accuracy_m": "float64"})


def saved(frame: pd.DataFrame, path: Path, *, group_rows: int = 3) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False, row_group_size=group_rows)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


def table_of(batches: list[io.FixBatch]) -> pd.DataFrame:
    parts = []
    for batch in batches:
        part = pd.DataFrame({"courier_id": batch.names[batch.courier], "t": batch.t_ms, "lon": batch.lon})
        part["lat"] = batch.lat
        if batch.accuracy_m is not None:
            part["accuracy_m"] = batch.accuracy_m
        if batch.group is not None:
            part["group"] = pd.Series(np.append(batch.group_names, None)[batch.group], dtype="str")
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def settled(table: pd.DataFrame) -> pd.DataFrame:
    """Do what read_fixes does in the end: the first of each courier and time stays, sorted."""
    once = table[~table.duplicated(["courier_id", "t"])]
    return once.sort_values(["courier_id", "t"], kind="stable", ignore_index=True)


def assert_same(source: Path, batch_rows: int, **options: object) -> None:
    """Hold a scan against read_fixes: both fail alike, or give the same rows and the same counts."""
    scan = io.scan_fixes(source, batch_rows=batch_rows, **options)  # type: ignore[arg-type]
    try:
        want = io.read_fixes(source, **options)  # type: ignore[arg-type]
    except StationgeoError as error:
        wanted: StationgeoError = error
    else:
        wanted = StationgeoError()
    if wanted.args:
        with pytest.raises(type(wanted)) as caught:
            list(scan.batches())
        if not {"offset", "unit"} & set((str(wanted) + str(caught.value)).split()):  # those show what a batch shows
            assert str(caught.value) == str(wanted)
        return
    batches = list(scan.batches())
    assert all(0 < len(batch) <= batch_rows for batch in batches)
    got = settled(table_of(batches))
    expected = want.table.assign(t=want.table["t"].dt.as_unit("ms").astype("int64")).drop(
        columns="order_id", errors="ignore"
    )
    pd.testing.assert_frame_equal(got, expected, check_dtype=False)
    report = scan.report.to_dict()
    dropped = [count for count in want.report.to_dict()["dropped"] if count["reason"] not in NO_MATTER]
    assert report["dropped"] == dropped
    assert report["rows_kept"] == sum(map(len, batches))
    for key in ("source", "files", "rows_read", "datum", "tz", "columns", "notes"):
        assert report[key] == want.report.to_dict()[key], key


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=rows, cut=st.integers(1, 14), batch_rows=st.integers(1, 15), bad_rows=st.sampled_from(["error", "drop"]),
       datum=st.sampled_from(["WGS-84", "GCJ-02"]), year=st.sampled_from([None, 2026]))  # fmt: skip
def test_batches_are_what_read_fixes_reads(
    tmp_path: Path,
    suffix: str,
    drawn: list[Any],
    cut: int,
    batch_rows: int,
    bad_rows: str,
    datum: str,
    year: int | None,
) -> None:
    frame = frame_of(drawn)
    folder = tmp_path / "many"
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for number, start in enumerate(range(0, len(frame), cut)):
        saved(frame.iloc[start : start + cut], folder / f"{number:02d}{suffix}")
    options = OPTIONS | {"bad_rows": bad_rows, "datum": datum, "year": year}
    assert_same(folder, batch_rows, **options)
    assert_same(saved(frame, tmp_path / f"one{suffix}"), batch_rows, **options)


TYPES: dict[str, Any] = {
    "text": pa.string(),
    "large text": pa.large_string(),
    "dictionary": pa.dictionary(pa.int16(), pa.string()),
    "int": pa.int32(),
    "float": pa.float64(),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    who=st.lists(st.sampled_from([1, 2, 30, None]), min_size=1, max_size=12),
    kind=st.sampled_from(list(TYPES)),
    unit=st.sampled_from(["s", "ms", "us", "ns"]),
    zone=st.sampled_from([None, "UTC", "Asia/Shanghai", "number"]),
    second=st.integers(-1, 2),
    seed=st.integers(0, 99),
    batch_rows=st.integers(1, 13),
    bad_rows=st.sampled_from(["error", "drop"]),
    narrow=st.booleans(),
)
def test_typed_columns_are_read_by_the_same_rules(
    tmp_path: Path, who: list[int | None], kind: str, unit: str, zone: str | None, second: int, seed: int,
    batch_rows: int, bad_rows: str, narrow: bool,  # noqa: FBT001 - a case
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    steps = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    t = 1_795_132_800 * steps + rng.integers(0, 20 * steps, len(who)) - (second == 2) * 1_700_000_000 * steps
    ids_drawn = pa.array([None if one is None else str(one) for one in who], type=pa.string())
    times_drawn = pa.array(t, mask=rng.random(len(who)) < (0.2 if second == 0 else 0))
    lon = rng.uniform(113.9, 114.1, len(who))
    table = pa.table(
        {
            "courier_id": ids_drawn.cast(TYPES[kind]) if kind != "dictionary" else ids_drawn.dictionary_encode(),
            "t": times_drawn if zone == "number" else times_drawn.cast(pa.timestamp(unit, tz=zone)),
            "lon": pa.array(lon).cast(pa.float32() if narrow else pa.float64()),
            "lat": rng.uniform(22, 23, len(who)),
            "group": pa.array(rng.integers(0, 2, len(who))),
        }
    )
    path = tmp_path / "typed.parquet"
    pq.write_table(table, path, row_group_size=4)
    number = {"time_unit": unit} if zone == "number" and unit != "ns" else {}
    assert_same(path, batch_rows, **OPTIONS, bad_rows=bad_rows, **number)


def frame(n: int = 6, **columns: object) -> pd.DataFrame:
    table: dict[str, Any] = {
        "courier_id": [f"{i // 3:03d}" for i in range(n)],
        "t": [f"2026-11-20 08:00:{i % 3:02d}" for i in range(n)],
        "lon": np.linspace(114.0, 114.1, n),
        "lat": np.linspace(22.5, 22.6, n),
    }
    return pd.DataFrame(table | columns)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv", ".parquet", ".xlsx"])
@pytest.mark.parametrize("batch_rows", [1, 4, 100])
def test_every_format_gives_the_same_batches(tmp_path: Path, suffix: str, batch_rows: int) -> None:
    path = tmp_path / f"fixes{suffix}"
    if suffix in {".tsv", ".csv.gz"}:
        frame().to_csv(path, index=False, sep="\t" if suffix == ".tsv" else ",")
    else:
        saved(frame(), path)
    scan = io.scan_fixes(path, batch_rows=batch_rows, **OPTIONS)
    batches = list(scan.batches())
    assert table_of(batches)["courier_id"].tolist() == ["000"] * 3 + ["001"] * 3
    assert [batch.row for batch in batches] == np.cumsum([0, *map(len, batches)])[:-1].tolist()
    assert scan.n_rows == (6 if suffix == ".parquet" else None)
    assert all(batch.is_sorted for batch in batches)
    assert_same(path, batch_rows, **OPTIONS)


@pytest.mark.parametrize("at", [0, 3, 6])
@pytest.mark.parametrize("batch_rows", [1, 4, 100])
@pytest.mark.parametrize(
    "line",
    [
        "b,2026-11-20 08:00:09,114.5",  # too short
        "b,2026-11-20 08:00:09,114.5,22.5,",  # too long
        'b, "2026-11-20 08:00:09",114.5,22.5',
        'b,"2026-11-20 08:00:09", 114.5 ,"22.5"',
        '"b""c",2026-11-20 08:00:09,114.5,22.5',
        '"b,\nc",2026-11-20 08:00:09,114.5,22.5',
        "b,2026-11-20 08:00:09,nan,22.5",
        "  ",
        "",
        'b,2026-11-20 08:00:09,114.5,"22.5',  # quotes that nothing closes
        '"b,2026-11-20 08:00:09,114.5,22.5',
    ],
)
def test_text_that_is_not_plain_is_read_as_read_fixes_does(tmp_path: Path, line: str, at: int, batch_rows: int) -> None:
    lines = frame().to_csv(index=False).splitlines()
    lines.insert(at + 1, line)
    path = tmp_path / "fixes.csv"
    for ends in ("\n", "\r\n"):
        path.write_text(ends.join(lines), encoding="utf-8-sig")
        for bad_rows in ("error", "drop"):
            assert_same(path, batch_rows, **OPTIONS, bad_rows=bad_rows)


def test_quotes_that_nothing_closes_are_an_error_in_columns_that_are_not_read_too(tmp_path: Path) -> None:
    lines = frame(note=["x"] * 6).to_csv(index=False).splitlines()
    path = tmp_path / "fixes.csv"
    path.write_text("\n".join([*lines[:4], lines[4].replace(",x", ',"x'), *lines[5:]]), encoding="utf-8")
    with pytest.raises(SourceError, match="EOF inside string"):
        list(io.scan_fixes(path, batch_rows=2, **OPTIONS).batches())
    assert_same(path, 2, **OPTIONS)


def test_text_in_gb18030_is_read_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "fixes.csv"
    frame(courier_id=list("张李王赵钱孙"), 备注=["好,\n"] * 6).to_csv(path, index=False, encoding="gb18030")
    assert_same(path, 2, **OPTIONS)
    assert io.scan_fixes(path, **OPTIONS).files == (path,)


def test_order_is_told_from_the_beginning_of_each_file_to_here(tmp_path: Path) -> None:
    unsorted = frame(courier_id=["a", "b", "b", "a", "a", "c"])
    saved(unsorted, tmp_path / "1.csv")
    saved(frame(), tmp_path / "2.csv")
    saved(frame().iloc[::-1], tmp_path / "3.csv")
    batches = list(io.scan_fixes(tmp_path, batch_rows=2, **OPTIONS).batches())
    assert [(batch.file, batch.is_sorted) for batch in batches] == [
        ("1.csv", True), ("1.csv", False), ("1.csv", False),
        ("2.csv", True), ("2.csv", True), ("2.csv", True),
        ("3.csv", False), ("3.csv", False), ("3.csv", False),
    ]  # fmt: skip
    repeated = frame(courier_id=["a"] * 6, t=["2026-11-20 08:00:00"] * 6)
    again = io.scan_fixes(saved(repeated, tmp_path / "4.csv"), batch_rows=2, **OPTIONS)
    assert all(batch.is_sorted for batch in again.batches())


def test_order_is_that_of_the_ids_in_the_file_also_where_they_are_hashed(tmp_path: Path) -> None:
    path = saved(frame(60), tmp_path / "fixes.csv")
    key = b"0123456789abcdef"
    batches = list(io.scan_fixes(path, batch_rows=7, courier_key=key, **OPTIONS).batches())
    assert all(batch.is_sorted for batch in batches)
    want = io.read_fixes(path, courier_key=key, **OPTIONS).table
    assert settled(table_of(batches))["courier_id"].tolist() == want["courier_id"].tolist()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_faults_are_counted_over_the_whole_file_and_named_by_row(tmp_path: Path, suffix: str) -> None:
    lon = np.where(np.arange(100) % 7 == 6, 0.0, 114.0)
    path = saved(frame(100, lon=lon, lat=np.where(lon == 0, 0.0, 22.5)), tmp_path / f"f{suffix}", group_rows=30)
    scan = io.scan_fixes(path, batch_rows=5, **OPTIONS)
    seen = []
    with pytest.raises(DataError, match=r"14 of 100 rows: row 7: 0.0, 0.0; row 14: 0.0, 0.0; row 21: 0.0, 0.0"):
        seen.extend(batch.row for batch in scan.batches())
    assert seen == [0]
    with pytest.raises(ParameterError, match="batches\\(\\) has come to its end"):
        _ = scan.report
    assert_same(path, 5, **OPTIONS, bad_rows="drop")


def test_exchanged_columns_are_an_error_even_where_single_batches_are_not(tmp_path: Path) -> None:
    swapped = np.arange(10) >= 4  # six of ten rows, and none in the first batch
    path = saved(frame(10, lon=np.where(swapped, 22.5, 114.0), lat=np.where(swapped, 114.0, 22.5)), tmp_path / "f.csv")
    for bad_rows in ("error", "drop"):
        with pytest.raises(DataError, match="exchanged in 6 of 10 rows"):
            list(io.scan_fixes(path, batch_rows=4, **OPTIONS, bad_rows=bad_rows).batches())  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_times_without_the_offset_that_later_ones_have_are_dropped_from_the_first_batch_on(
    tmp_path: Path, suffix: str
) -> None:
    times_drawn = ["2026-11-20 08:00:00"] * 4 + ["2026-11-20 08:00:05+08:00"] * 4
    path = saved(frame(8, t=times_drawn, courier_id=list("abcdefgh")), tmp_path / f"f{suffix}")
    for tz in ("Asia/Shanghai", None):
        assert_same(path, 2, datum="WGS-84", tz=tz, bad_rows="drop")
        assert_same(path, 2, datum="WGS-84", tz=tz, bad_rows="error")
    with pytest.raises(DataError, match=r"carry an offset that others lack; 4 of 8 rows: row 5"):
        list(io.scan_fixes(path, batch_rows=2, **OPTIONS).batches())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_where_may_match_in_some_batches_only(tmp_path: Path, suffix: str) -> None:
    path = saved(frame(9, city=[1, 1, 1, 1, 1, 1, 2, 2, 1]), tmp_path / f"f{suffix}")
    assert_same(path, 2, **OPTIONS, where={"city": "2"})
    assert_same(path, 2, **OPTIONS, where={"city": "3"})
    assert_same(path, 2, **OPTIONS, where={"town": "3"})


def test_columns_of_hive_folders_select_and_group(tmp_path: Path) -> None:
    for day, city in (("2026-11-20", "X"), ("2026-11-21", "Y"), ("2026-11-22", "X")):
        folder = tmp_path / f"city={city}" / f"date={day}"
        folder.mkdir(parents=True)
        saved(frame(t=[f"{day} 08:00:0{i}" for i in range(6)]), folder / "part.parquet")
        saved(frame(t=[f"{day} 09:00:0{i}" for i in range(6)]), folder / "part.csv")
    for options in ({"columns": {"group": "city"}}, {"where": {"date": "2026-11-21"}}, {"where": {"city": "X"}}):
        assert_same(tmp_path, 4, **OPTIONS, **options)
    scan = io.scan_fixes(tmp_path, **OPTIONS, where={"city": "X"}, columns={"group": "date"})
    assert {name for batch in scan.batches() for name in batch.group_names} == {"2026-11-20", "2026-11-22"}
    assert scan.report.files[0].name == "city=X/date=2026-11-20/part.csv"
    assert "2 of 6 files lie in folders left out by where" in scan.report.notes
    with pytest.raises(DataError, match="no folder of 6 files matches"):
        list(io.scan_fixes(tmp_path, **OPTIONS, where={"city": "Z"}).batches())


def test_copies_are_counted_but_not_where_their_folders_tell_them_apart(tmp_path: Path) -> None:
    for city in "XY":
        (tmp_path / f"city={city}").mkdir()
        saved(frame(), tmp_path / f"city={city}" / "part.parquet")
    assert_same(tmp_path, 4, **OPTIONS)
    scan = io.scan_fixes(tmp_path, **OPTIONS)
    assert sum(map(len, scan.batches())) == 6
    assert scan.report.dropped[0].reason == "in copies of an earlier file"
    assert sum(map(len, io.scan_fixes(tmp_path, **OPTIONS, columns={"group": "city"}).batches())) == 12


def test_some_files_of_a_scan(tmp_path: Path) -> None:
    first, second = saved(frame(10), tmp_path / "1.parquet"), saved(frame(10, lon=115.0), tmp_path / "2.parquet")
    scan = pickle.loads(pickle.dumps(io.scan_fixes(tmp_path, **OPTIONS)))  # noqa: S301 - what a cluster does
    assert scan.files == (first, second)
    assert (scan.n_rows, scan.select([second]).n_rows) == (20, 10)
    runs = io.sorted_runs(first) or ()
    part = scan.select([first], run=runs[-1])
    batches = list(part.batches())
    assert [(batch.row, batch.names.tolist(), len(batch)) for batch in batches] == [(9, ["003"], 1)]
    with pytest.raises(ParameterError, match=r"files of the scan. Got '3\.parquet'"):
        scan.select([tmp_path / "3.parquet"])
    with pytest.raises(ParameterError, match="one Parquet file"):
        scan.select([first, second], run=runs[0])


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    path = saved(frame(), tmp_path / "fixes.csv")
    for options, kind, message in [
        ({"batch_rows": 0}, ParameterError, "at least 1. Got 0"),
        ({"datum": "WGS-85"}, DatumError, "unknown datum"),
        ({"personal": "keep"}, ParameterError, "'refuse' or 'drop'"),
        ({"courier_key": b"short"}, ParameterError, "at least 16 bytes"),
    ]:
        with pytest.raises(kind, match=message):
            io.scan_fixes(path, **(OPTIONS | options))
    with pytest.raises(ParameterError, match="read_fixes"):
        io.scan_fixes(frame(), **OPTIONS)  # type: ignore[arg-type]
    with pytest.raises(DatumError, match="not declared"):
        list(io.scan_fixes(path, datum=None, tz="Asia/Shanghai").batches())
    with pytest.raises(SourceError, match="no such file"):
        io.scan_fixes(tmp_path / "none.csv", **OPTIONS)
    saved(frame(手机=["1"] * 6), path)
    with pytest.raises(ColumnError, match="'手机'"):
        list(io.scan_fixes(path, **OPTIONS).batches())
    assert sum(map(len, io.scan_fixes(path, **OPTIONS, personal="drop").batches())) == 6


def test_with_a_key_a_scan_shows_no_id(tmp_path: Path) -> None:
    key = b"0123456789abcdef"
    path = saved(frame(courier_id=["PLANTED"] * 5 + ["4.40305E+11"]), tmp_path / "fixes.csv")
    scan = io.scan_fixes(path, **OPTIONS, courier_key=key, bad_rows="drop")
    said = f"{list(scan.batches())} {scan.report.to_dict()} {scan}"
    assert not any(text in said for text in ("PLANTED", "4.40305E", key.decode()))
    with pytest.raises(DataError, match="not shown") as caught:
        list(io.scan_fixes(path, **OPTIONS, courier_key=key).batches())
    assert "4.40305E" not in str(caught.value)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-200, 200) | st.sampled_from([0.0, np.nan, np.inf, 22.5, 114.0])] * 2), max_size=4),
    st.sampled_from(["WGS-84", "GCJ-02"]),
)
def test_what_is_plainly_sound_has_no_fault(points: list[tuple[float, float]], datum: crs.Datum) -> None:
    lon, lat = (np.array([point[axis] for point in points]) for axis in (0, 1))
    faults = Faults("f", pd.RangeIndex(len(points)))
    check_coordinates(pd.Series(lon), pd.Series(lat), datum=datum, faults=faults, columns=None)
    assert plainly_sound(lon, lat, datum=datum) == faults.sound().all()


@pytest.mark.parametrize("size", [0, 5, 2**20 - 2, 2**20 - 1, 2**20, 2**21 + 1])
def test_encodings_are_found_across_the_ends_of_what_is_read_at_a_time(tmp_path: Path, size: int) -> None:
    for encoding in ("utf-8-sig", "gb18030"):
        for path, opened in ((tmp_path / "a.csv", open), (tmp_path / "a.csv.gz", gzip.open)):
            with opened(path, "wb") as stream:  # type: ignore[operator]
                stream.write(b"x" * size + "张".encode(encoding))
            assert TextFile.of(path, separator=",", encoding=None, what="text").encoding == encoding
    (tmp_path / "cut.csv").write_bytes(b"\xff\xff" + b"x" * size)
    with pytest.raises(SourceError, match="neither"):
        TextFile.of(tmp_path / "cut.csv", separator=",", encoding=None, what="text")
