import errno
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from stationgeo import io, study
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, SourceError, StudyError

CANDIDATES = 'path = "hosts.csv"\ndatum = "WGS-84"\ndefault_kind = "warm_bee"'


def change(path: Path, *pairs: tuple[str, str]) -> study.Study:
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return study.Study.read(path)


def test_toy_town_as_worked_out_in_the_head(toy_study: Path) -> None:
    # See tests/conftest.py for the town and its answers.
    result = study.run(study.Study.read(toy_study))
    head = result.headline
    assert head["demand"] == pytest.approx(150)
    assert head["warm_bee_only_share"] == pytest.approx(10 / 150)
    assert head["service_centre_only_share"] == pytest.approx(30 / 150)
    assert head["both_share"] == pytest.approx(20 / 150)
    assert head["neither_share"] == pytest.approx(90 / 150)
    zones = result.coverage.zones.set_index("zone_id")
    assert zones.loc["west", "covered_share"] == pytest.approx(1.0)
    assert zones.loc["east", "covered_share"] == pytest.approx(0.0)
    assert zones.loc["town", "covered_demand"] == pytest.approx(60)
    plan = result.plan
    assert plan is not None
    assert plan.sites["candidate_id"].tolist() == ["H4", "H3"]
    assert plan.sites["demand_gain"].tolist() == pytest.approx([50, 40])
    assert plan.sites["zone_id"].tolist() == ["east", "east"]
    assert (plan.status, plan.objective, plan.bound) == ("optimal", pytest.approx(90), pytest.approx(90))


def test_demand_is_conserved_from_events_to_cells_and_zones(toy_study: Path) -> None:
    result = study.run(study.Study.read(toy_study))
    assert result.demand["visits"].sum() == pytest.approx(150, rel=1e-9)
    assert result.coverage.cells["demand"].sum() == pytest.approx(150, rel=1e-9)
    assert result.coverage.zones.groupby("level")["demand"].sum().tolist() == pytest.approx([150, 150], rel=1e-9)


def test_a_second_run_gives_the_same_bytes(toy_study: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        study.write(study.run(study.Study.read(toy_study)), tmp_path / name)
    first = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    second = {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_outputs_hold_no_path_of_the_machine(toy_study: Path, tmp_path: Path) -> None:
    for path in study.write(study.run(study.Study.read(toy_study)), tmp_path / "out"):
        assert str(tmp_path).encode() not in path.read_bytes(), path.name


def test_written_tables_read_back(toy_study: Path, tmp_path: Path) -> None:
    result = study.run(study.Study.read(toy_study))
    study.write(result, tmp_path)
    cells = pd.read_parquet(tmp_path / "cells.parquet")
    assert cells["cell"].dtype == np.uint64
    assert cells["demand"].sum() == pytest.approx(150)
    assert gpd.read_parquet(tmp_path / "zones.parquet").crs.to_epsg() == 4326
    assert len(gpd.read_file(tmp_path / "sites.geojson")) == 2
    assert pd.read_excel(tmp_path / "sites.xlsx")["candidate_id"].tolist() == ["H4", "H3"]
    sheets = pd.read_excel(tmp_path / "zones.xlsx", sheet_name=None)
    assert list(sheets) == ["grid", "community", "hours", "headline", "columns"]


def test_greenfield_without_stations_and_zones(toy_study: Path) -> None:
    text = toy_study.read_text(encoding="utf-8")
    start, end = text.index("[[zones]]"), text.index("[reach]")
    toy_study.write_text(text[:start] + text[end:], encoding="utf-8")
    result = study.run(study.Study.read(toy_study))
    assert result.headline["covered_share"] == 0
    assert result.plan is not None
    assert result.plan.objective == pytest.approx(90)
    assert any("greenfield" in note for note in result.notes)
    assert any("one unit" in note for note in result.notes)
    assert len(result.coverage.zones[result.coverage.zones["zone_id"] != ""]) == 1


def test_candidates_from_the_cells_that_are_uncovered(toy_study: Path) -> None:
    asked = change(toy_study, (CANDIDATES, "from_cells = true"))
    plan = study.run(asked).plan
    assert plan is not None
    assert plan.objective == pytest.approx(90)
    assert plan.status == "optimal"


def test_everything_covered_needs_no_site(toy_study: Path) -> None:
    pd.DataFrame({"lon": [114.0], "lat": [22.5], "orders": [3]}).to_csv(toy_study.parent / "orders.csv", index=False)
    asked = change(toy_study, (CANDIDATES, "from_cells = true"))
    result = study.run(asked)
    assert result.plan is None
    assert any("covered already" in note for note in result.notes)


def test_demand_outside_the_zones_is_counted_apart(toy_study: Path) -> None:
    path = toy_study.parent / "orders.csv"
    orders = pd.read_csv(path)
    pd.concat([orders, pd.DataFrame({"lon": [115.0], "lat": [22.5], "orders": [50]})]).to_csv(path, index=False)
    result = study.run(study.Study.read(toy_study))
    zones = result.coverage.zones
    outside = zones[(zones["zone_id"] == "") & (zones["level"] == "grid")]
    assert outside["demand"].item() == pytest.approx(50)
    assert zones.loc[zones["level"] == "grid", "demand"].sum() == pytest.approx(200)


@pytest.mark.parametrize(
    ("file", "content", "error", "message"),
    [
        ("orders.csv", None, SourceError, r"orders\.csv: no such file"),
        ("orders.csv", "", SourceError, r"orders\.csv: the file is empty"),
        ("orders.csv", "lon,lat,orders\n", SourceError, "a header but no row"),
        ("orders.csv", "lon,lat\n114,22.5\n", ColumnError, r"column 'orders' \(for weight\) is missing"),
        ("orders.csv", "lon,lat,orders\n114,22.5,0\n", DataError, r"'orders' \(weight\) is 0 in all 1 rows"),
        (
            "orders.csv",
            "lon,lat,orders\n,22.5,1\n",
            DataError,
            "coordinates are missing or infinite; 1 of 1 rows: row 1",
        ),
        ("stations.csv", "station_id,kind,lon,lat\nA,cafe,114,22.5\n", DataError, "cafe"),
        ("stations.csv", "station_id,kind,lon,lat\nA,warm_bee,114,22.5\nA,warm_bee,114.1,22.5\n", DataError, "unique"),
        ("stations.csv", "station_id,kind,lon,lat\n", SourceError, "no row"),
        ("hosts.csv", "candidate_id,lon,lat\nA,114,22.5\n", DataError, "1 candidates are fewer than 2 sites"),
        ("grids.geojson", '{"type":"FeatureCollection","features":[]}', (DataError, SourceError), "no row"),
        ("grids.geojson", "junk", SourceError, "cannot be read as a vector file"),
    ],
)
def test_bad_files_are_named(
    toy_study: Path, file: str, content: str | None, error: type[Exception], message: str
) -> None:
    path = toy_study.parent / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=message):
        study.run(study.Study.read(toy_study))


@pytest.mark.parametrize(
    ("change_of", "message"),
    [
        ((CANDIDATES, 'from_cells = true\ndefault_kind = "cafe"'), "candidates.default_kind: .*'cafe'"),
        ((CANDIDATES, 'from_cells = true\ndefault_kind = "service_circle"'), "hold clusters: 'service_circle'"),
        (
            ('default_kind = "warm_bee"', 'kinds = { warm_bee = "warm_bee_street" }'),
            r"hosts\.csv: .*3 of 3 rows hold clu",
        ),
        (("[stations]", '[stations]\nkinds = { warm_bee = "cafe" }'), r"'cafe' \(station_id 'S0'\), 'cafe' \(.*'S1'\)"),
    ],
)
def test_check_finds_kinds_that_no_station_can_have(toy_study: Path, change_of: tuple[str, str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        study.check(change(toy_study, change_of))


def test_stations_count_within_their_days(toy_study: Path) -> None:
    path = toy_study.parent / "stations.csv"
    pd.read_csv(path).assign(valid_to=["2001-01-01", "", "", ""]).to_csv(path, index=False)
    with pytest.raises(StudyError, match=r"no day of demand is known. Say as_of = YYYY-MM-DD"):
        study.run(study.Study.read(toy_study))
    text = toy_study.read_text(encoding="utf-8")
    for day, n_stations in (("2001-01-01", 4), ("2001-01-02", 3)):
        toy_study.write_text(text.replace("resolution", f"as_of = {day}\nresolution", 1), encoding="utf-8")
        result = study.run(study.Study.read(toy_study))
        assert result.headline["n_stations"] == n_stations
        said = [note for note in result.notes if "1 of 4 stations are left out: on 2001-01-02" in note]
        assert len(said) == (n_stations == 3)


def test_what_would_be_done_at_a_cell_is_what_the_study_says(toy_study: Path) -> None:
    plan = study.run(change(toy_study, (CANDIDATES, 'from_cells = true\ndefault_action = "upgrade"'))).plan
    assert plan is not None
    assert set(plan.sites["action"]) == {"upgrade"}


@pytest.mark.parametrize("out", ["orders.csv/out", "x" * 300])
def test_a_folder_that_cannot_be_is_refused_before_the_work(toy_study: Path, out: str) -> None:
    with pytest.raises(SourceError, match=r"cannot be written.*Choose another --out"):
        study.check_out(toy_study.parent / out)
    study.check_out(toy_study.parent / "new" / "folder")
    assert not (toy_study.parent / "new").exists()


def test_a_folder_in_the_way_of_a_file_leaves_all_files_as_they_were(toy_study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "report.md").mkdir(parents=True)
    (out / "cells.parquet").write_text("old", encoding="utf-8")
    with pytest.raises(SourceError, match=r"report\.md: is a folder where a file is to be written"):
        study.write(study.run(study.Study.read(toy_study)), out)
    assert (out / "cells.parquet").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in out.iterdir()) == ["cells.parquet", "report.md"]


def test_a_full_disk_is_an_error_that_names_the_folder(
    toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("stationgeo.report.write_workbook", full)
    with pytest.raises(SourceError, match="out: cannot be written: No space left on device"):
        study.write(study.run(study.Study.read(toy_study)), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_undeclared_datum_names_source_and_metres(toy_study: Path) -> None:
    asked = change(toy_study, ('path = "stations.csv"\ndatum = "WGS-84"', 'path = "stations.csv"'))
    with pytest.raises(DatumError, match=r"stations\.csv: the datum is not declared.*m off"):
        study.run(asked)


def test_unknown_time_zone_is_refused_even_where_no_time_is_read(toy_study: Path) -> None:
    with pytest.raises(StudyError, match=r"tz: unknown time zone.*Got 'Asia/Nowhere' instead"):
        change(toy_study, ('tz = "Asia/Shanghai"', 'tz = "Asia/Nowhere"'))


def test_both_inputs_need_a_weight(toy_study: Path) -> None:
    stops = "[stops]\nradius_m = 100\nmin_duration_s = 300\nmax_gap_s = 900\n"
    with pytest.raises(StudyError, match="say which demand counts"):
        change(toy_study, ("[events]", '[fixes]\npath = "f.csv"\n' + stops + "[events]"))


FIXES = """
[fixes]
path = "fixes.csv"
datum = "WGS-84"
bad_rows = "drop"
synthetic = true
{}
[stops]
radius_m = 100
min_duration_s = 300
max_gap_s = 900
[events]"""


def with_fixes(toy_study: Path, more: str) -> study.Study:
    """Give the toy town couriers who wait at P4, one of them twice at once, one with an id that is none."""
    waits = [
        {
            "courier_id": who,
            "t": f"2026-11-20 08:{minute:02d}:00",
            "lon": 114.08,
            "lat": 22.5,
            "手机": "PLANTED-13800000000",
        }
        for who in ("PLANTED-A", "PLANTED-B")
        for minute in range(20)
    ]
    rows = [*waits, waits[0], waits[0] | {"lon": 114.0}, waits[1] | {"courier_id": "4.40305E+11"}]
    pd.DataFrame(rows).to_csv(toy_study.parent / "fixes.csv", index=False)
    return change(
        toy_study, ("[events]", FIXES.format(more)), ('name = "Toy town"', 'name = "Toy"\nweight = "courier_s"')
    )


def test_personal_columns_stop_a_study_before_anything_is_computed(toy_study: Path) -> None:
    with pytest.raises(ColumnError, match=r"fixes\.csv: 1 column looks personal \(phone\): '手机'"):
        study.check(with_fixes(toy_study, ""))


@pytest.mark.parametrize("source", ["env", "file"])
def test_with_a_key_no_output_of_a_study_holds_an_id_or_the_key(
    toy_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    key = "a key that nobody should ever see"
    monkeypatch.setenv("COURIER_KEY", key)
    (toy_study.parent / "secret").write_text(key + "\n", encoding="utf-8")
    named = {"env": 'courier_key_env = "COURIER_KEY"', "file": 'courier_key_file = "secret"'}[source]
    result = study.run(with_fixes(toy_study, f'personal = "drop"\n{named}'))
    assert result.tracks is not None
    assert result.tracks.n_couriers == 2
    paths = study.write(result, tmp_path / "out")
    planted = ("PLANTED", "4.40305E", key, "13800000000")
    for path in paths:
        data = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as archive:
                data = b"".join(archive.read(name) for name in archive.namelist())
        elif path.suffix == ".parquet":
            data = pd.read_parquet(path).to_csv().encode()
        assert not [text for text in planted if text.encode() in data], path.name
    ingest = (tmp_path / "out" / "ingest.json").read_text(encoding="utf-8")
    assert "personal columns left unread: 手机" in ingest
    assert io.key_fingerprint(key.encode()) in ingest
    assert "same courier and time at another place" in ingest


def test_a_key_that_is_not_there_stops_a_study(toy_study: Path) -> None:
    made = with_fixes(toy_study, 'personal = "drop"\ncourier_key_env = "NO_SUCH_KEY"')
    with pytest.raises(ParameterError, match="'NO_SUCH_KEY' that holds the courier key is not set"):
        study.check(made)
