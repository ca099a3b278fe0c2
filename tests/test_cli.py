import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stationgeo import __version__, study
from stationgeo.cli import main


def call(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["stationgeo", *map(str, arguments)])
    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def test_run_writes_every_file_and_says_where_the_map_is(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call(monkeypatch, "run", toy_study, "--out", out) == 0
    assert {path.name for path in out.iterdir()} == {
        "demand.parquet", "cells.parquet", "zones.parquet", "zones.xlsx", "stations.parquet", "sites.geojson",
        "sites.xlsx", "rates.parquet", "equity.parquet", "blank_spots.geojson", "coverage.xlsx", "coverage.html",
        "report.md", "ingest.json", "manifest.json",
    }  # fmt: skip
    said = capsys.readouterr()
    assert "40.0% of demand is covered by 4 stations" in said.out
    assert str(out / "coverage.html") in said.out
    assert "siting" in said.err


def test_json_prints_the_headline_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "run", toy_study, "--out", tmp_path / "out", "--json", "--quiet") == 0
    said = capsys.readouterr()
    head = json.loads(said.out)
    assert said.err == ""
    assert head["covered_share"] == pytest.approx(60 / 150)
    assert head["covered_share_with_sites"] == pytest.approx(1.0)
    assert head["siting_status"] == "optimal"


def test_demo_over_streets_speaks_of_minutes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "demo", "--streets", "--out", tmp_path / "out") == 0
    assert "courier-hours of rest a week lie within 3 min by e-bike of one" in capsys.readouterr().out
    assert (tmp_path / "out" / "streets.xlsx").is_file()


def test_quiet_says_nothing(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(monkeypatch, "run", toy_study, "--out", tmp_path / "out", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_check_reads_everything_and_writes_only_the_ingest_report(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call(monkeypatch, "check", toy_study, "--out", out) == 0
    assert [path.name for path in out.iterdir()] == ["ingest.json"]
    assert "stations: stations.csv: 4 of 4 rows kept" in capsys.readouterr().out


def test_init_writes_a_study_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.toml"
    assert call(monkeypatch, "init", path) == 0
    assert study.Study.read(path).name == "My district"
    assert call(monkeypatch, "init", path) == 1
    assert "--force" in capsys.readouterr().err
    assert call(monkeypatch, "init", path, "--force") == 0


@pytest.mark.parametrize("arguments", [["nope"], ["run"], ["run", "a.toml", "--cutof", "3"], ["check", "a", "b"]])
def test_misuse_is_exit_code_two(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    assert call(monkeypatch, *arguments) == 2


def test_wrong_data_is_exit_code_one_with_one_message_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (toy_study.parent / "orders.csv").write_text("lon,lat,orders\n22.5,114.0,5\n", encoding="utf-8")
    out = tmp_path / "out"
    assert call(monkeypatch, "run", toy_study, "--out", out, "--quiet") == 1
    said = capsys.readouterr()
    assert said.err.startswith("DataError: orders.csv: columns 'lon', 'lat': longitude and latitude are exchanged")
    assert "Traceback" not in said.err
    assert not out.exists()


def test_interruption_is_130_and_leaves_the_folder_as_it_was(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.md").write_text("old", encoding="utf-8")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("stationgeo.report.write_json", interrupted)  # the last files of all
    assert call(monkeypatch, "run", toy_study, "--out", out, "--quiet") == 130
    assert [path.name for path in out.iterdir()] == ["report.md"]
    assert (out / "report.md").read_text(encoding="utf-8") == "old"
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["io.read_stations", "siting.maximal_cover"])
def test_a_signal_in_the_middle_leaves_by_130_and_makes_no_folder(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(f"stationgeo.{stage}", interrupted)
    # A shell starts what runs in the background deaf to this signal, and the tests with it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert call(monkeypatch, "run", toy_study, "--out", tmp_path / "out") == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "interrupted" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    monkeypatch: pytest.MonkeyPatch, toy_study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("stationgeo.study.run", pytest.fail)
    assert call(monkeypatch, "run", toy_study, "--out", toy_study / "out") == 1
    assert "is no folder that may be written" in capsys.readouterr().err


def test_version_and_module_call() -> None:
    ran = subprocess.run([sys.executable, "-m", "stationgeo", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == __version__


def test_out_that_is_a_file_is_misuse(monkeypatch: pytest.MonkeyPatch, toy_study: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x", encoding="utf-8")
    assert call(monkeypatch, "run", toy_study, "--out", tmp_path / "out") == 2
