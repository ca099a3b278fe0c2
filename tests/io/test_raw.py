"""Files as people send them: empty, cut off, with another separator, in a folder, zipped."""

import gzip
import io as bytes_io
import shutil
import zipfile
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point, box

from stationgeo import io
from stationgeo.errors import ColumnError, ParameterError, SourceError, StationgeoError

TEXT = "lon,lat,n\n114.05,22.54,1\n114.06,22.55,2\n114.07,22.56,3\n"
FRAME = pd.read_csv(bytes_io.StringIO(TEXT))
ZONES = gpd.GeoDataFrame(
    {"zone_id": ["A", "B"], "name": ["云溪街道", "大冲社区"]},
    geometry=[box(114.0, 22.5, 114.01, 22.51), box(114.01, 22.5, 114.02, 22.51)],
    crs="EPSG:4326",
)


def as_bytes(suffix: str) -> bytes:
    buffer = bytes_io.BytesIO()
    if suffix == ".parquet":
        FRAME.to_parquet(buffer)
    elif suffix == ".xlsx":
        FRAME.to_excel(buffer, index=False)
    else:
        return gzip.compress(TEXT.encode()) if suffix == ".csv.gz" else TEXT.encode()
    return buffer.getvalue()


def read(path: Path, **options: object) -> pd.DataFrame:
    return io.read_events(path, **({"datum": "WGS-84"} | options)).table  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "no header line"),
        (b"lon,lat\n", "a header but no row"),
        (b"lon;lat\n114.05;22.54\n", r"one column is 'lon;lat': .* separated by ';'.*must be ','"),
        (b"lon\tlat\n114.05\t22.54\n", r"separated by '\\t'"),
        # A field more than the header has: not shifted into the next column, not cut off.
        (b"lon,lat,n\n114.05,22.54,1,\n", "Expected 3 fields in line 2, saw 4"),
        (b'lon,lat\n114.05,"22.54\n', "EOF inside string"),
        (TEXT.encode("utf-16"), "neither UTF-8 nor gb18030"),
        (b"lon,lat\n114\0.05,22.54\n", "neither UTF-8 nor gb18030"),
        (b"lon,lat,lon\n114.05,22.54,113\n", "'lon' stands more than once in the header"),
    ],
)
def test_text_that_is_no_table_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    with pytest.raises((SourceError, ColumnError), match=r"^orders\.csv: .*" + message):
        read(path)


def test_a_repeated_column_that_nobody_asked_for_and_blanks_in_the_header_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("note, lon ,lat,note\nx,114.05,22.54,y\n", encoding="utf-8")
    assert read(path)[["lon", "lat"]].to_numpy().tolist() == [[114.05, 22.54]]


@pytest.mark.parametrize("suffix", [".csv.gz", ".parquet", ".xlsx"])
@pytest.mark.parametrize("keep", [0.3, 0.7, 0.97])
def test_files_cut_off_are_errors(tmp_path: Path, suffix: str, keep: float) -> None:
    path, data = tmp_path / f"orders{suffix}", as_bytes(suffix)
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(SourceError, match=rf"^orders{suffix}: cannot be read as"):
        read(path)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet", ".xlsx"])
@pytest.mark.parametrize("at", [0.0, 0.2, 0.4, 0.6, 0.8])
def test_damaged_bytes_never_end_in_a_traceback(tmp_path: Path, suffix: str, at: float) -> None:
    path, data = tmp_path / f"orders{suffix}", bytearray(as_bytes(suffix))
    start = int(len(data) * at)
    data[start : start + 40] = b"\xff" * 40
    path.write_bytes(data)
    try:
        table = read(path)
    except StationgeoError as error:
        assert path.name in str(error)  # noqa: PT017 - some damage leaves a readable file
    else:
        assert len(table) <= len(FRAME)


def test_what_the_system_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").symlink_to(tmp_path / "orders.csv")
    with pytest.raises(SourceError, match=r"orders\.csv"):
        read(tmp_path / "orders.csv")
    with pytest.raises(SourceError, match="File name too long"):
        read(tmp_path / ("x" * 300))
    (tmp_path / "real.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(SourceError, match="klingon text: unknown encoding"):
        read(tmp_path / "real.csv", encoding="klingon")


def test_folders_are_read_without_what_systems_leave_in_them(tmp_path: Path) -> None:
    day = tmp_path / "day=1"
    day.mkdir()
    with pytest.raises(SourceError, match=r"the folder holds no \.csv"):
        read(day)
    (day / "part.csv").write_text(TEXT, encoding="utf-8")
    (day / "._part.csv").write_bytes(b"\0\5\x16")
    (day / "_SUCCESS").write_bytes(b"")
    assert len(read(day)) == len(read(tmp_path / "day=*")) == 3


def test_a_copy_of_a_file_is_counted_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
    report = io.read_events(tmp_path, datum="WGS-84").report
    assert (report.rows_read, report.rows_kept) == (6, 3)
    assert [(count.reason, count.rows, count.examples) for count in report.dropped] == [
        ("in copies of an earlier file", 3, ("b.csv",))
    ]


@pytest.mark.parametrize(
    ("column", "message"),
    [([[114.0]] * 3, "'lon' holds list<"), ([b"114.05"] * 3, "'lon' holds binary"), ([True] * 3, "holds no number"),
     (pd.to_datetime(["2026-11-20"] * 3), "holds no number")],
)  # fmt: skip
def test_parquet_columns_of_other_kinds_are_refused(tmp_path: Path, column: object, message: str) -> None:
    FRAME.assign(lon=column).to_parquet(tmp_path / "orders.parquet")
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "orders.parquet")


def zones_file(folder: Path, suffix: str) -> Path:
    path = folder / f"zones{suffix}"
    if suffix == ".parquet":
        ZONES.to_parquet(path)
    else:
        ZONES.to_file(path)
    return path


@pytest.mark.parametrize("suffix", [".shp", ".gpkg", ".fgb", ".geojson", ".parquet"])
@pytest.mark.parametrize("damage", ["cut", "text"])
def test_damaged_vector_files_are_errors(tmp_path: Path, suffix: str, damage: str) -> None:
    path = zones_file(tmp_path, suffix)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3] if damage == "cut" else b"not really" * 50)
    with pytest.raises(StationgeoError, match=rf"^zones{suffix}: "):
        io.read_zones(path, level="grid", datum="WGS-84")


@pytest.mark.parametrize("part", [".dbf", ".shx"])
def test_a_shapefile_without_its_other_files_says_which(tmp_path: Path, part: str) -> None:
    path = zones_file(tmp_path, ".shp")
    path.with_suffix(part).unlink()
    with pytest.raises(SourceError, match=rf"needs '\{part}' beside it"):
        io.read_zones(path, level="grid", datum="WGS-84")


def test_upper_case_and_zipped_shapefiles_keep_their_chinese_names(tmp_path: Path) -> None:
    path = tmp_path / "zones.shp"
    ZONES.to_file(path, encoding="gb18030")
    path.with_suffix(".cpg").unlink()
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # the language byte, which many exporters leave blank
    path.with_suffix(".dbf").write_bytes(dbf)
    upper, packed = tmp_path / "ZONES.SHP", tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in sorted(tmp_path.glob("zones.*")):
            archive.write(part, f"深圳/{part.name}")
        archive.writestr("__MACOSX/._zones.shp", b"\0")
    for part in sorted(tmp_path.glob("zones.*")):
        shutil.copy(part, tmp_path / part.name.upper())
    for name in (upper, packed):
        ingest = io.read_zones(name, level="street", datum="WGS-84")
        assert ingest.table["name"].tolist() == ZONES["name"].tolist()
        assert ingest.report.files[0].encoding == "gb18030"
    with zipfile.ZipFile(packed, "a") as archive:
        archive.write(path, "again/zones.shp")
    with pytest.raises(SourceError, match=r"must hold one vector file\. It holds 2"):
        io.read_zones(packed, level="street", datum="WGS-84")


def test_layers_are_not_guessed(tmp_path: Path) -> None:
    path = zones_file(tmp_path, ".gpkg")
    ZONES.to_file(path, layer="old")
    with pytest.raises(SourceError, match="holds 2 layers: 'zones', 'old'"):
        io.read_zones(path, level="grid", datum="WGS-84")


def test_geojson_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = zones_file(tmp_path, ".geojson")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    with pytest.raises(SourceError, match="GeoJSON, which is UTF-8 text"):
        io.read_zones(path, level="grid", datum="WGS-84")


def test_vector_files_are_read_one_at_a_time(tmp_path: Path) -> None:
    shutil.copy(zones_file(tmp_path, ".geojson"), tmp_path / "zones2.geojson")
    with pytest.raises(ParameterError, match=r"one at a time. Got 2: 'zones.geojson', 'zones2.geojson'"):
        io.read_zones(tmp_path / "zones*.geojson", level="grid", datum="WGS-84")


@pytest.mark.parametrize("geographic", [True, False])
def test_parquet_stations_with_geometry_or_with_columns(tmp_path: Path, geographic: bool) -> None:  # noqa: FBT001 - a case
    path = tmp_path / "stations.parquet"
    flat = pd.DataFrame({"station_id": ["S"], "lon": [114.05], "lat": [22.54]})
    if geographic:
        flat = gpd.GeoDataFrame(flat[["station_id"]], geometry=[Point(114.05, 22.54)], crs="EPSG:4326")
    flat.to_parquet(path)
    table = io.read_stations(path, datum="WGS-84", default_kind="warm_bee").table
    assert (table.geometry.x.item(), table.geometry.y.item()) == (114.05, 22.54)
