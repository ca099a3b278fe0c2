"""How sure a study is of its rates, and what they would be under other assumptions."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError
from stationgeo.sample import city_dir

if TYPE_CHECKING:
    from pathlib import Path

UNCERTAIN = "\n[uncertainty]\nreplicates = 40\n"
SENSITIVE = (
    "\n[sensitivity]\ncutoffs = [500, 1000]\nresolutions = [9]\nposition_errors_m = [30]\nlongest_stays_s = [3600]\n"
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the sample city, and ask how sure it is."""
    folder = tmp_path_factory.mktemp("sure") / "city"
    shutil.copytree(city_dir(), folder)
    path = folder / "study.toml"
    path.write_text(path.read_text(encoding="utf-8") + UNCERTAIN + SENSITIVE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def result(asked: Path) -> study.Result:
    return study.run(study.Study.read(asked))


def test_intervals_of_couriers_and_days(result: study.Result) -> None:
    assert result.uncertain is not None
    table = result.uncertain.intervals
    whole = table[table["level"] == "all"].set_index("source")
    assert whole.index.tolist() == ["couriers", "days", "couriers and days"]
    assert whole["covered_share"].to_numpy() == pytest.approx(result.headline["covered_share"])
    assert whole.loc["couriers", "lower"] < result.headline["covered_share"] < whole.loc["couriers", "upper"]
    # Thursday, Friday and Saturday were seen once each.
    assert np.isnan(whole.loc["days", "lower"])
    assert "fewer than 2 days" in whole.loc["days", "reason"]
    assert set(table["level"]) == {"all", "grid", "community", "street", "district"}


def test_cells_and_the_edge_of_the_data(result: study.Result) -> None:
    assert result.uncertain is not None
    assert result.near_edge is not None
    cells = result.uncertain.discretisation.iloc[0]
    assert cells["covered_share"] == pytest.approx(result.headline["covered_share"])
    assert cells["n_points"] == 49
    assert 0 < cells["disagree_share"] < 0.1
    assert 0 < result.near_edge.iloc[0]["near_edge_share"] < 1


def test_other_assumptions(result: study.Result) -> None:
    assert result.sensible is not None
    table = result.sensible.table
    runs = table[table["figure"] == "covered_share"].set_index(["varied", "value"])
    base = runs[runs["is_base"]].iloc[0]
    assert base["share"] == pytest.approx(result.headline["covered_share"])
    assert runs.loc[("cutoff", "500 m"), "share"] < base["share"] < runs.loc[("cutoff", "1000 m"), "share"]
    for key in (("resolution", "9"), ("position error", "30 m"), ("longest stay", "3600 s")):
        assert abs(runs.loc[key, "delta"]) < 0.05
    assert runs.loc[("longest stay", "3600 s"), "demand_ratio"] < 1
    # What a study asks anew it gets by itself, too.
    other = result.study.model_copy(update={"resolution": 9, "uncertainty": None, "sensitivity": None})
    again = study.run(other).headline["covered_share"]
    assert runs.loc[("resolution", "9"), "share"] == pytest.approx(again)
    assert set(table.loc[table["figure"] == "mean_of_zones", "value"]) == {"grid", "community", "street", "district"}


def test_it_is_told(result: study.Result, tmp_path: Path) -> None:
    study.write(result, tmp_path)
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "## How sure this is" in text
    assert "in 90% of 40 draws" in text
    assert "## Under other assumptions" in text
    sheets = pd.read_excel(tmp_path / "coverage.xlsx", sheet_name=None)
    assert {"intervals", "cells_error", "near_edge", "sensitivity"} <= set(sheets)
    told = set(sheets["columns"]["sheet"] + "." + sheets["columns"]["column"])
    for name in ("intervals", "cells_error", "near_edge", "sensitivity"):
        assert {f"{name}.{column}" for column in sheets[name].columns} <= told
    # Replicates stay in the house.
    assert not [name for name in pd.read_parquet(tmp_path / "demand.parquet").columns if "_rep_" in name]


def test_couriers_who_may_not_be_told_alone(asked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(asked.parent, folder)
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8").replace("synthetic = true", "synthetic = false")
    path.write_text(text, encoding="utf-8")
    found = study.run(study.Study.read(path))
    assert found.uncertain is not None
    assert found.sensible is not None
    assert set(found.uncertain.intervals["level"]) == {"all"}
    assert not set(found.sensible.table["varied"]) & {"resolution", "position error", "longest stay"}
    assert any("could be subtracted from these" in note for note in found.notes)
    assert any("would speak of few couriers" in note for note in found.notes)


def test_events_have_nobody_to_draw_anew(toy_study: Path) -> None:
    toy_study.write_text(toy_study.read_text(encoding="utf-8") + UNCERTAIN, encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[uncertainty\] draws couriers anew"):
        study.Study.read(toy_study)


def test_assumptions_of_events_are_varied_too(toy_study: Path) -> None:
    toy_study.write_text(
        toy_study.read_text(encoding="utf-8") + "\n[sensitivity]\ncutoffs = [2600]\nresolutions = [9]\n",
        encoding="utf-8",
    )
    found = study.run(study.Study.read(toy_study))
    assert found.sensible is not None
    runs = found.sensible.table.set_index(["varied", "value"])
    # Places lie apart by 2,060 m, 2,470 m of way: place 3 is in reach of the station at place 2.
    assert runs.loc[("cutoff", "2600 m"), "share"] > found.headline["covered_share"]
