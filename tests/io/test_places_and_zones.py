import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from stationgeo import crs, io, zones
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError


def zones_frame(*shapes: shapely.Geometry, zone_id: list[object] | None = None) -> gpd.GeoDataFrame:
    ids = zone_id or [f"Z{i}" for i in range(len(shapes))]
    return gpd.GeoDataFrame({"zone_id": ids}, geometry=list(shapes), crs="EPSG:4326")


UNIT = box(114.0, 22.5, 114.01, 22.51)
NEXT = box(114.01, 22.5, 114.02, 22.51)


def read_zones(frame: gpd.GeoDataFrame, **options: object) -> gpd.GeoDataFrame:
    return io.read_zones(frame, **({"level": "grid", "datum": "WGS-84"} | options)).table  # type: ignore[arg-type]


def test_zones_from_a_projected_crs_and_a_chinese_datum() -> None:
    lon, lat = crs.from_wgs84([114.0, 114.01, 114.01, 114.0], [22.5, 22.5, 22.51, 22.51], datum="GCJ-02")
    drawn = zones_frame(Polygon(zip(lon, lat, strict=True))).to_crs("EPSG:3857")
    back = read_zones(drawn, datum="GCJ-02").geometry.iloc[0]
    assert shapely.hausdorff_distance(back, UNIT) < 1e-9


def test_numeric_codes_become_text_with_a_note() -> None:
    ingest = io.read_zones(zones_frame(UNIT, NEXT, zone_id=[1054.0, 1055.0]), level="grid", datum="WGS-84")
    assert ingest.table["zone_id"].tolist() == ["1054", "1055"]
    assert "decimal numbers" in ingest.report.notes[0]


def test_repeated_ids_and_missing_ids_are_errors_and_identical_rows_are_dropped() -> None:
    with pytest.raises(DataError, match=r"\(zone_id\) must be unique, 1 rows repeat.*'A'"):
        read_zones(zones_frame(UNIT, NEXT, zone_id=["A", "A"]))
    with pytest.raises(DataError, match=r"'zone_id' .* must not be missing; 1 of 2"):
        read_zones(zones_frame(UNIT, NEXT, zone_id=["A", None]))
    ingest = io.read_zones(zones_frame(UNIT, UNIT, zone_id=["A", "A"]), level="grid", datum="WGS-84")
    assert len(ingest.table) == 1
    assert ingest.report.dropped[0].rows == 1


def test_a_ring_that_touches_itself_is_repaired_and_counted_but_a_bow_tie_is_refused() -> None:
    touching = Polygon([(0, 0), (2, 0), (2, 2), (1, 0), (0, 2)])
    ingest = io.read_zones(zones_frame(touching), level="grid", datum="WGS-84")
    assert ingest.report.repaired[0].rows == 1
    assert ingest.table.geometry.is_valid.all()
    assert shapely.area(ingest.table.geometry.iloc[0]) == pytest.approx(touching.area)
    bow_tie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(DataError, match=r"ambiguous; 1 of 2 rows: row 2: Self-intersection.*Mend it"):
        read_zones(zones_frame(UNIT, bow_tie))


@pytest.mark.parametrize(("share", "mends"), [(0.5e-6, True), (2e-6, False), (0.5e-3, False)])
def test_reading_and_repairing_draw_the_same_line(share: float, mends: object) -> None:
    # The border of a square of area 1 crosses itself near a corner: two triangles of area s^2 / 4 hang on it,
    # one of them drawn backwards. Its rings enclose 1 + s^2 / 4 - s^2 / 4, mended it has 1 + s^2 / 2.
    s = (2 * share) ** 0.5
    looped = Polygon([(0, 0), (1, 0), (1, 1), (0, 1), (0, s), (-s, 0), (-s, s)])
    frame = zones_frame(looped)
    table = gpd.GeoDataFrame(
        frame[["zone_id"]].assign(level="grid", parent_id="", name="A"), geometry=[looped], crs=4326
    )
    if mends:
        read = io.read_zones(frame, level="grid", datum="WGS-84")
        mended, repaired = zones.repair(table)
        assert read.report.repaired[0].rows == len(repaired) == 1
        assert read.table.geometry.iloc[0].equals(mended.geometry.iloc[0])
    else:
        with pytest.raises(DataError, match="ambiguous; 1 of 1 rows"):
            io.read_zones(frame, level="grid", datum="WGS-84")
        with pytest.raises(DataError, match="1 of 1 can be read in several ways"):
            zones.repair(table)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        (None, "geometry is missing or broken; 1 of 2 rows: row 2"),
        (Polygon(), "geometry is missing or broken; 1 of 2 rows: row 2: Polygon"),
        (Polygon([(114, 22), (114.1, 22), (114.05, 22)]), "ambiguous; 1 of 2 rows: row 2"),
        (Polygon([(114, 22), (114.1, 22), (0, 0)]), "more than 20 degrees wide; 1 of 2 rows: row 2: 0.0, 0.0, 114.1"),
        (Polygon([(114, 22), (114.1, 22), (22, 114.1)]), "out of range .*; 1 of 2 rows: row 2"),
        (Polygon([(114, 22), (np.inf, 22), (114.1, 22.1)]), "missing or infinite; 1 of 2 rows: row 2"),
    ],
)
def test_a_zone_that_cannot_be_is_named_by_its_row(shape: Polygon | None, message: str) -> None:
    frame = gpd.GeoDataFrame({"zone_id": ["A", "B"]}, geometry=[UNIT, shape], crs="EPSG:4326")
    with pytest.raises(DataError, match=message) as caught:
        read_zones(frame)
    assert "bad_rows" not in str(caught.value)  # zones have no such key


def test_a_ring_that_is_not_closed_is_a_broken_geometry(tmp_path: Path) -> None:
    ring = [[114.0, 22.5], [114.1, 22.5], [114.1, 22.6]]
    feature = {
        "type": "Feature",
        "properties": {"zone_id": "A"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path = tmp_path / "grids.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    with pytest.raises(DataError, match=r"grids\.geojson: geometry is missing or broken; 1 of 1 rows: row 1"):
        io.read_zones(path, level="grid", datum="WGS-84")


def test_zones_must_be_polygons_and_be_there() -> None:
    with pytest.raises(DataError, match="no polygon; 1 of 1 rows: row 1: Point"):
        read_zones(zones_frame(Point(114, 22)))
    with pytest.raises(DataError, match="geometry is missing or broken; 1 of 2"):
        read_zones(gpd.GeoDataFrame({"zone_id": ["A", "B"]}, geometry=[UNIT, None], crs="EPSG:4326"))


def test_crs_datum_and_level_must_be_declared() -> None:
    bare = zones_frame(UNIT).set_crs(None, allow_override=True)
    with pytest.raises(DatumError, match=r"carries no CRS.*EPSG:4326"):
        read_zones(bare)
    assert len(read_zones(bare, crs="EPSG:4326")) == 1
    with pytest.raises(DatumError, match=r"datum is not declared.*m off"):
        read_zones(zones_frame(UNIT), datum=None)
    with pytest.raises(DatumError, match="unknown CRS 'EPSG:1'"):
        read_zones(bare, crs="EPSG:1")
    with pytest.raises(DatumError, match=r"carries the CRS 'WGS 84', and crs = 'EPSG:4547' was declared"):
        read_zones(zones_frame(UNIT), crs="EPSG:4547")
    assert len(read_zones(zones_frame(UNIT), crs="OGC:CRS84")) == 1
    with pytest.raises(ParameterError, match="unknown level 'gird'; did you mean 'grid'"):
        read_zones(zones_frame(UNIT), level="gird")


def test_wrong_crs_is_noticed() -> None:
    metres = zones_frame(UNIT).to_crs("EPSG:3857").set_crs("EPSG:4326", allow_override=True)
    with pytest.raises(DataError, match="are these metres of a projected CRS"):
        read_zones(metres)
    exchanged = zones_frame(box(22.5, 114.0, 22.51, 114.01))
    with pytest.raises(DataError, match=r"exchanged .*: longitude comes first"):
        read_zones(exchanged)


def test_missing_zone_column_lists_what_there_is() -> None:
    with pytest.raises(ColumnError, match=r"'TAZI' \(for zone_id\).*did you mean 'TAZID'"):
        read_zones(zones_frame(UNIT).rename(columns={"zone_id": "TAZID"}), columns={"zone_id": "TAZI"})


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_shapefile_without_cpg_keeps_its_chinese_names(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "zones.shp"
    zones_frame(UNIT).assign(name=["云溪街道"]).to_file(path, encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # the language byte, which many exporters leave blank
    path.with_suffix(".dbf").write_bytes(dbf)
    ingest = io.read_zones(path, level="street", datum="WGS-84")
    assert ingest.table["name"].tolist() == ["云溪街道"]
    assert {file.name for file in ingest.report.files} >= {"zones.shp", "zones.dbf"}


def test_stations_from_table_and_from_vector_file_agree(tmp_path: Path) -> None:
    raw = pd.DataFrame(
        {"站点编号": ["001", "002"], "x": [114.05, 114.06], "y": [22.54, 22.55], "类型": ["暖蜂驿站", ""]}
    )
    columns = {"station_id": "站点编号", "lon": "x", "lat": "y", "kind": "类型"}
    flat = io.read_stations(
        raw, datum="GCJ-02", columns=columns, default_kind="merchant", kinds={"暖蜂驿站": "warm_bee"}
    )
    assert flat.table["kind"].tolist() == ["warm_bee", "merchant"]
    assert flat.table["station_id"].tolist() == ["001", "002"]
    path = tmp_path / "stations.geojson"
    gpd.GeoDataFrame(raw, geometry=gpd.points_from_xy(raw["x"], raw["y"]), crs="EPSG:4326").to_file(path)
    drawn = io.read_stations(
        path,
        datum="GCJ-02",
        columns={"station_id": "站点编号", "kind": "类型"},
        default_kind="merchant",
        kinds={"暖蜂驿站": "warm_bee"},
    )
    assert shapely.equals_exact(list(drawn.table.geometry), list(flat.table.geometry), tolerance=1e-9).all()
    assert drawn.report.datum == "GCJ-02"
    assert drawn.report.files[0].name == "stations.geojson"


def test_outlines_become_points_inside_and_are_counted() -> None:
    frame = gpd.GeoDataFrame(
        {"station_id": ["A", "B"]}, geometry=[UNIT, LineString([(114, 22), (114, 22.1)])], crs="EPSG:4326"
    )
    ingest = io.read_stations(frame, datum="WGS-84", default_kind="warm_bee")
    assert ingest.table.geom_type.tolist() == ["Point", "Point"]
    assert ingest.report.repaired[0].rows == 2


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        ([Point(114, 22.5), None], "geometry is missing or broken"),
        ([Point(114, 22.5), Point()], "geometry is missing or broken"),
        ([Point(114, 22.5), Point(0, 0)], "geometry: (0, 0) is no place but a blank"),
        ([Point(114, 22.5), Point(114, 200)], "geometry: out of range (-180..180, -90..90)"),
    ],
)
def test_drawn_stations_that_cannot_be_are_errors_or_dropped_on_request(
    shapes: list[Point | None], reason: str
) -> None:
    frame = gpd.GeoDataFrame({"station_id": ["A", "B"]}, geometry=shapes, crs="EPSG:4326")
    with pytest.raises(DataError, match=f"(?s){re.escape(reason)}; 1 of 2 rows: row 2.*bad_rows = 'drop'"):
        io.read_stations(frame, datum="WGS-84", default_kind="warm_bee")
    ingest = io.read_stations(frame, datum="WGS-84", default_kind="warm_bee", bad_rows="drop")
    assert ingest.table["station_id"].tolist() == ["A"]
    assert (ingest.report.rows_read, ingest.report.rows_kept) == (2, 1)
    assert [(count.reason, count.rows) for count in ingest.report.dropped] == [(reason, 1)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"capacity": [4, -1]}, r"'capacity' \(capacity\) must be at least 0; 1 of 2 rows: row 2: -1"),
        ({"capacity": [4, np.inf]}, r"'capacity' \(capacity\) must be finite; 1 of 2 rows: row 2"),
        (
            {"valid_from": ["2026-01-01"] * 2, "valid_to": ["9999-12-31", "2020-01-01"]},
            "before valid_from; 1 of 2 rows",
        ),
        ({"lon": ["", "x"]}, r"(?s)'lon' \(lon\) holds no number; 1 of 2 rows: row 2: x.*missing.*row 1"),
    ],
)
def test_columns_of_stations_that_break_their_contract_name_the_row(columns: dict[str, object], message: str) -> None:
    raw = pd.DataFrame({"station_id": ["A", "B"], "lon": [114.05, 114.06], "lat": [22.5, 22.5]} | columns)
    with pytest.raises(DataError, match=message):
        io.read_stations(raw, datum="WGS-84", default_kind="warm_bee", tz="Asia/Shanghai")


def test_places_without_a_column_of_coordinates_are_told_so() -> None:
    raw = pd.DataFrame({"station_id": ["A"], "LNG": [114.05], "lat": [22.5]})
    with pytest.raises(ColumnError, match=r"column 'lon' \(for lon\) is missing"):
        io.read_stations(raw, datum="WGS-84", default_kind="warm_bee")


def test_stations_refuse_repeated_ids_missing_kinds_and_blank_places() -> None:
    raw = pd.DataFrame(
        {"station_id": ["A", "A"], "lon": [114.05, 114.06], "lat": [22.5, 22.5], "kind": ["warm_bee"] * 2}
    )
    with pytest.raises(DataError, match=r"\(station_id\) must be unique, 1 rows repeat an earlier one: 'A'"):
        io.read_stations(raw, datum="WGS-84")
    with pytest.raises(DataError, match=r"no column 'kind' and no default.*default_kind"):
        io.read_stations(raw.drop(columns="kind"), datum="WGS-84")
    blank = raw.assign(station_id=["A", "B"], lon=[0, 114.0], lat=[0, 22.5])
    with pytest.raises(DataError, match=r"\(0, 0\) is no place.*1 of 2 rows: row 1"):
        io.read_stations(blank, datum="WGS-84")


def test_candidates_have_an_action_and_refuse_unknown_ones() -> None:
    raw = pd.DataFrame({"candidate_id": ["A"], "lon": [114.05], "lat": [22.5], "cost_build": ["1200"]})
    table = io.read_candidates(raw, datum="BD-09", default_kind="warm_bee").table
    assert table.loc[0, "action"] == "new"
    assert table.loc[0, "cost_build"] == 1200.0
    with pytest.raises(DataError, match=r"'action' \(action\) must be one of new, upgrade.*row 1: demolish"):
        io.read_candidates(raw.assign(action="demolish"), datum="BD-09", default_kind="warm_bee")


def test_valid_days_are_read_in_local_time_and_may_be_blank() -> None:
    raw = pd.DataFrame(
        {"station_id": ["A", "B"], "lon": [114.0] * 2, "lat": [22.5] * 2, "valid_from": ["2026-01-01", ""]}
    )
    table = io.read_stations(raw, datum="WGS-84", default_kind="warm_bee", tz="Asia/Shanghai").table
    assert table["valid_from"].iloc[0] == pd.Timestamp("2025-12-31T16:00Z")
    assert pd.isna(table["valid_from"].iloc[1])


def test_streets_are_lines_only() -> None:
    frame = gpd.GeoDataFrame(
        {"highway": ["primary", None]}, geometry=[LineString([(114, 22), (114.1, 22)]), Point(114, 22)], crs="EPSG:4326"
    )
    ingest = io.read_streets(frame, datum="WGS-84")
    assert ingest.table["highway"].tolist() == ["primary"]
    assert ingest.report.dropped[0].rows == 1
    with pytest.raises(DataError, match="no row is a line, all 1 are something else: 'Point'"):
        io.read_streets(frame.iloc[[1]], datum="WGS-84")
    frame.geometry = [frame.geometry.iloc[0], LineString()]
    assert [count.reason for count in io.read_streets(frame, datum="WGS-84").report.dropped] == [
        "geometry is missing or broken"
    ]


def test_background_is_areas_only() -> None:
    frame = gpd.GeoDataFrame({"kind": ["river", "x"]}, geometry=[UNIT, Point(114, 22)], crs="EPSG:4326")
    ingest = io.read_background(frame, datum="WGS-84")
    assert ingest.table["kind"].tolist() == ["river"]
    assert ingest.report.dropped[0].reason == "no polygon"
    with pytest.raises(DataError, match="no row is a polygon"):
        io.read_background(frame.iloc[[1]], datum="WGS-84")


def test_reports_are_plain_json() -> None:
    ingest = io.read_zones(zones_frame(UNIT), level="grid", datum="WGS-84")
    assert json.loads(json.dumps(ingest.report.to_dict()))["rows_kept"] == 1
    assert "1 of 1 rows kept" in ingest._repr_html_()
