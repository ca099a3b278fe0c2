"""Indexing and releasing from the command line, on the embedded city."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from stationgeo import cells, demand, io, sample, study
from stationgeo.cli import app
from stationgeo.errors import ParameterError, SourceError, StudyError
from stationgeo.store import DemandStore

TZ = "Asia/Shanghai"


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample city's fixes, a folder a day; and its study without what is not needed here."""
    folder = tmp_path_factory.mktemp("city")
    table = pq.read_table(sample.city_dir() / "fixes.parquet")
    table = table.set_column(0, "courier_id", table["courier_id"].cast(pa.string()))
    local = pc.strftime(
        pc.assume_timezone(pc.local_timestamp(table["t"].cast(pa.timestamp("ms", TZ))), "UTC"), "%Y-%m-%d"
    )
    for date in pc.unique(local).to_pylist():
        (folder / "fixes" / f"date={date}").mkdir(parents=True)
        pq.write_table(table.filter(pc.equal(local, date)), folder / "fixes" / f"date={date}" / "part-0.parquet")
    text = (sample.city_dir() / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace('path = "', f'path = "{sample.city_dir()}/'), encoding="utf-8")
    return folder


def test_all_days_are_the_demand_of_the_study(days: Path, tmp_path: Path) -> None:
    ran = CliRunner().invoke(
        app, ["index", str(days / "fixes"), "--store", str(tmp_path / "s"), "--study", str(days / "study.toml")]
    )
    assert ran.exit_code == 0, ran.output
    assert "provisional: index it again" in ran.stdout
    kept = DemandStore(tmp_path / "s")
    asked = study.Study.read(days / "study.toml")
    result = study.run(asked)
    pd.testing.assert_frame_equal(demand.read_out(kept.read()), result.demand, check_exact=True)
    # Silences are told beside the stops, and are nobody's rest.
    only_silent = result.demand[result.demand["couriers"] == 0]
    assert (only_silent["unknown_s"] > 0).all()
    assert (only_silent[["courier_s", "visits", "courier_weight", "interpolated_s"]] == 0).all(axis=None)
    assert not set(result.coverage.cells.loc[result.coverage.cells["demand"] > 0, "cell"]) - set(
        result.demand.loc[result.demand["courier_s"] > 0, "cell"]
    )


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")
def test_the_engine_can_be_said_in_the_command(days: Path, tmp_path: Path) -> None:
    command = ["index", str(days / "fixes"), "--study", str(days / "study.toml"), "--quiet"]
    for name in ("local", "spark"):
        ran = CliRunner().invoke(app, [*command, "--store", str(tmp_path / name), "--engine", name, "--workers", "2"])
        assert ran.exit_code == 0, ran.output
    one, other = (DemandStore(tmp_path / name).read() for name in ("local", "spark"))
    pd.testing.assert_frame_equal(one.sums, other.sums, check_exact=True)
    pd.testing.assert_frame_equal(one.couriers, other.couriers, check_exact=True)
    asked = study.Study.read(days / "study.toml")
    assert asked.with_engine() == asked
    with pytest.raises(StudyError, match=r"engine: name: .*'local' or 'spark'.*Got 'dask' instead"):
        asked.with_engine(name="dask")
    with pytest.raises(StudyError, match=r"engine: workers: .*greater than 0"):
        asked.with_engine(workers=0)


def test_one_day_then_the_next(days: Path, tmp_path: Path) -> None:
    names = sorted(path.name for path in (days / "fixes").iterdir())
    asked = study.Study.read(days / "study.toml")
    for name in names:
        study.index_days(asked, days / "fixes" / name, tmp_path / "s")
    study.index_days(asked, days / "fixes", tmp_path / "all")
    one, other = DemandStore(tmp_path / "s").read(), DemandStore(tmp_path / "all").read()
    pd.testing.assert_frame_equal(one.sums, other.sums, check_exact=True)
    with pytest.raises(ParameterError, match="resolution: 10 there, 9 here"):
        study.index_days(asked.model_copy(update={"resolution": 9}), days / "fixes" / names[0], tmp_path / "s")


def test_what_is_missing_is_said(days: Path, tmp_path: Path) -> None:
    asked = study.Study.read(days / "study.toml")
    with pytest.raises(StudyError, match=r"needs \[fixes\] and \[stops\]"):
        study.index_days(asked.model_copy(update={"stops": None}), days / "fixes", tmp_path / "s")
    with pytest.raises(SourceError, match="no such file or folder"):
        study.index_days(asked, tmp_path / "nowhere", tmp_path / "s")
    (tmp_path / "2026-01-01").mkdir()
    (tmp_path / "2026-01-02.csv").touch()
    with pytest.raises(SourceError, match="the folder is empty"):
        study.index_days(asked, tmp_path / "2026-01-01", tmp_path / "s")


def test_a_release_speaks_of_ten_couriers_or_more(days: Path, tmp_path: Path) -> None:
    study.index_days(study.Study.read(days / "study.toml"), days / "fixes", tmp_path / "s")
    command = ["release", "--store", str(tmp_path / "s"), "--out", str(tmp_path / "out"), "--coarsest-resolution", "7"]
    ran = CliRunner().invoke(app, command)
    assert ran.exit_code == 0, ran.output
    assert "warning" not in ran.stdout
    table = pd.read_csv(tmp_path / "out" / "demand.csv", dtype={"zone_id": str})
    totals = pd.read_csv(tmp_path / "out" / "totals.csv", dtype={"zone_id": str})
    assert (table["couriers"] >= 10).all()
    assert totals["courier_s"].sum() == pytest.approx(table["courier_s"].sum())
    assert set(cells.from_text(table["cell"])) <= set(cells.from_text(table["cell"]))
    about = json.loads((tmp_path / "out" / "release.json").read_text())
    assert about["pieces"] == len(table) > 0
    assert about["warnings"] == []
    pd.testing.assert_series_equal(
        demand.Release.read(tmp_path / "out").table["courier_s"], table["courier_s"], rtol=1e-12
    )
    ids = set(io.read_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02").table["courier_id"])
    for path in [*(tmp_path / "out").iterdir(), *(tmp_path / "s").rglob("*.json")]:
        assert not any(name.encode() in path.read_bytes() for name in ids), path
    # the same again is no news; another cut of the same days is
    assert "warning" not in CliRunner().invoke(app, command).stdout
    again = CliRunner().invoke(app, [*command, "--k", "12"])
    assert "cut or counted otherwise" in again.stdout
    assert len(DemandStore(tmp_path / "s").releases()) == 2


def test_a_release_is_pooled_up_the_tree_of_the_study(days: Path, tmp_path: Path) -> None:
    asked = study.Study.read(days / "study.toml")
    study.index_days(asked, days / "fixes", tmp_path / "s")
    command = ["release", "--store", str(tmp_path / "s"), "--coarsest-resolution", "8", "--finest-span", "any time"]
    alone = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "alone")])
    assert "--study pools up the tree of zones" in alone.stdout
    ran = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "out"), "--study", str(days / "study.toml")])
    assert ran.exit_code == 0, ran.output
    assert "note: pooled within each zone only" not in ran.stdout
    pooled, within = demand.Release.read(tmp_path / "out"), demand.Release.read(tmp_path / "alone")
    assert pooled.suppressed_share < within.suppressed_share
    assert {"grid", "community"} < set(pooled.table["level"])
    assert (pooled.rules.finest_span, pooled.rules.synthetic) == ("any time", False)
    totals = pd.read_csv(tmp_path / "out" / "totals.csv", dtype={"zone_id": str})
    city = totals.loc[(totals["level"] == "district") | totals["level"].isna(), "courier_s"].sum()
    assert city == pytest.approx(pooled.table["courier_s"].sum())
    # whoever has the files can compute the demand table again, and nothing that the pieces do not say
    result = study.run(asked)
    table = demand.spread(pooled, pieces=result.pieces, timed=False)
    assert table["courier_s"].sum() == pytest.approx(pooled.table["courier_s"].sum(), rel=1e-9)
    whole = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "whole"), "--k", "1"])
    assert isinstance(whole.exception, ParameterError)
    whole = CliRunner().invoke(app, [*command, "--out", str(tmp_path / "whole"), "--k", "1", "--synthetic"])
    assert "couriers, synthetic" in whole.stdout
    assert json.loads((tmp_path / "whole" / "release.json").read_text())["synthetic"] is True


def test_zones_of_another_study_are_refused(days: Path, tmp_path: Path) -> None:
    asked = study.Study.read(days / "study.toml")
    day = min((days / "fixes").iterdir())
    study.index_days(asked.model_copy(update={"zones": asked.zones[:2]}), day, tmp_path / "s")
    with pytest.raises(ParameterError, match="made in other zones than those of"):
        study.release(asked, tmp_path / "s", tmp_path / "out", k=10, coarsest_resolution=8)
    with pytest.raises(StudyError, match=r"the study needs \[\[zones\]\]"):
        study.release(
            asked.model_copy(update={"zones": ()}), tmp_path / "s", tmp_path / "out", k=10, coarsest_resolution=8
        )


def test_a_store_keeps_to_the_key_that_hides_couriers(
    days: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (days / "study.toml").read_text(encoding="utf-8")
    (days / "keyed.toml").write_text(text.replace("[fixes]", '[fixes]\ncourier_key_env = "KEY"', 1), encoding="utf-8")
    asked = study.Study.read(days / "keyed.toml")
    monkeypatch.setenv("KEY", "a key of at least 16 bytes")
    study.index_days(asked, days / "fixes", tmp_path / "s")
    plain = study.index_days(study.Study.read(days / "study.toml"), days / "fixes", tmp_path / "plain")
    assert plain
    one, other = DemandStore(tmp_path / "s").read(), DemandStore(tmp_path / "plain").read()
    pd.testing.assert_frame_equal(one.sums, other.sums, check_exact=True)
    assert not set(one.couriers["courier"]) & set(other.couriers["courier"])
    monkeypatch.setenv("KEY", "another key of 16 bytes or more")
    with pytest.raises(ParameterError, match=r"made for another plan: .courier_key"):
        study.index_days(asked, days / "fixes", tmp_path / "s")
    assert not any(b"a key of at least" in path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
