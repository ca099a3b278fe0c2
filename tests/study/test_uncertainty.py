"""How sure a study is of its rates, and what they would be under other assumptions."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError
from stationgeo.sample import city_dir
from stationgeo.study._uncertainty import told_of

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
    whole = table[(table["level"] == "all") & (table["rate"] == result.uncertain.rate)].set_index("source")
    assert whole.index.tolist() == ["couriers", "days", "couriers and days"]
    assert whole["share"].to_numpy() == pytest.approx(result.headline["covered_share"])
    assert whole.loc["couriers", "lower"] < result.headline["covered_share"] < whole.loc["couriers", "upper"]
    # Thursday, Friday and Saturday were seen once each.
    assert np.isnan(whole.loc["days", "lower"])
    assert "fewer than 2 days" in whole.loc["days", "reason"]
    assert set(table["level"]) == {"all", "grid", "community", "street", "district"}


def shares_agree(result: study.Result) -> tuple[pd.DataFrame, set[str]]:
    """Hold the shares that have intervals against those that are told beside the headline; return their names."""
    assert result.uncertain is not None
    assert result.measures.services is not None
    table = result.uncertain.intervals
    assert not table.duplicated(["source", "rate", "level", "zone_id"]).any()
    rates = result.measures.rates
    rates = rates.assign(rate=rates["rate"] + np.where(rates["by"] == "any", "", ":" + rates["by"]))
    items = result.measures.services.items.assign(level="all", zone_id="")
    items["rate"] = (items["sort"] + ":" + items["item"]).replace("station:station", "station")
    for told, share in ((rates, "share"), (items, "covered_share")):
        of_rate = told.set_index(["rate", "level", "zone_id"])[share]
        for _, own in table.groupby("source"):
            keyed = own.set_index(["rate", "level", "zone_id"])["share"]
            both = keyed.index.intersection(of_rate.index)
            np.testing.assert_allclose(keyed.loc[both], of_rate.loc[both], rtol=1e-9)
    return table, set(rates["rate"]) | set(items["rate"])


def test_intervals_are_of_every_rate_and_service_that_the_study_tells(result: study.Result) -> None:
    table, names = shares_agree(result)
    assert set(table["rate"]) == names
    couriers = table[(table["source"] == "couriers") & (table["level"] == "all")].set_index("rate")
    assert couriers.loc["need:toilets", "lower"] < couriers.loc["need:toilets", "upper"]
    assert (table.loc[table["rate"].str.startswith("area"), "reason"] != "").all()


def test_groups_purposes_and_open_stations_count_in_intervals_as_in_the_study(asked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(asked.parent, folder)
    (folder / "mine.toml").write_text(
        'name = "mine"\nversion = "1"\nzh = "水"\nen = "water"\nsource = "made for this test"\ncutoff_m = 750\n'
        'detour_factor = 1.3\nservices = ["water"]\ngroup = "rider"\n',
        encoding="utf-8",
    )
    text = (folder / "study.toml").read_text(encoding="utf-8").replace(SENSITIVE, "")
    text = text.replace("cutoff_m = 750", "").replace("detour_factor = 1.3", "")
    text = text.replace("[reach]", '[standard]\npath = "mine.toml"\n\n[reach]').replace("= 40", "= 20")
    text += '\n[coverage]\nitems = ["need:meals", "station"]\nweigh_needs = true\n\n[stops.purpose]\nrest_min_s = 600\n'
    (folder / "study.toml").write_text(text, encoding="utf-8")
    found = study.run(study.Study.read(folder / "study.toml"))
    table, names = shares_agree(found)
    assert set(table["rate"]) == names
    assert found.uncertain is not None
    assert found.uncertain.rate == "time"
    whole = table[(table["level"] == "all") & (table["source"] == "couriers")].set_index("rate")
    assert whole.loc["time", "share"] == pytest.approx(found.headline["covered_share"])
    assert whole.loc["time", "share_high"] == pytest.approx(found.headline["covered_share_high"])
    assert whole.loc["need:meals", "denominator"] < whole.loc["station", "denominator"]
    assert "what is not known within it" in found.uncertain.in_words


def test_without_zones_all_places_are_one(asked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(asked.parent, folder)
    text = (folder / "study.toml").read_text(encoding="utf-8").replace(SENSITIVE, "").replace("= 40", "= 20")
    for level in ("grid", "community", "street", "district"):
        text = text.replace(f'[[zones]]\nlevel = "{level}"\npath = "zones_{level}.geojson"\ndatum = "WGS-84"\n', "")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    found = study.run(study.Study.read(folder / "study.toml"))
    table, _ = shares_agree(found)
    assert found.study.zones == ()
    assert len(set(table["zone_id"]) - {""}) == 1


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
    lines = text.splitlines()
    assert "of demand is covered by" in lines[2]
    assert "% (90% interval, 40 draws)" in lines[2]
    assert any(line.startswith("| demand, at any hour") and line.count("% to ") == 1 for line in lines)
    assert any(line.startswith("| need 需求: ") and "toilet" in line for line in lines)
    assert "## Under other assumptions" in text
    sheets = pd.read_excel(tmp_path / "coverage.xlsx", sheet_name=None)
    assert {"intervals", "cells_error", "near_edge", "sensitivity"} <= set(sheets)
    told = set(sheets["columns"]["sheet"] + "." + sheets["columns"]["column"])
    for name in ("intervals", "cells_error", "near_edge", "sensitivity"):
        assert {f"{name}.{column}" for column in sheets[name].columns} <= told
    assert result.uncertain is not None
    saved = pd.read_parquet(tmp_path / "intervals.parquet")
    pd.testing.assert_frame_equal(saved, result.uncertain.intervals)
    page = (Path(__file__).parents[2] / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    assert [name for name in (*saved.columns, "intervals.parquet") if f"`{name}`" not in page] == []
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
    told = found.uncertain.intervals
    assert set(told["level"]) == {"all"}
    assert found.uncertain.rate in set(told["rate"])
    assert (told.loc[told["source"] == "couriers", "n_fewest"] >= found.study.privacy.k).all()
    note = next(note for note in found.notes if "may speak of fewer than" in note)
    hidden = note.rpartition(": ")[2].split(", ")
    assert not set(told.loc[told["source"] != "", "rate"]) & set(hidden)
    assert not set(found.sensible.table["varied"]) & {"resolution", "position error", "longest stay"}
    assert any("could be subtracted from these" in note for note in found.notes)
    assert any("would speak of few couriers" in note for note in found.notes)


def test_where_couriers_were_not_drawn_only_the_headline_is_told(asked: Path, tmp_path: Path) -> None:
    # Without replicates of couriers nobody knows how many are behind a rate.
    path = tmp_path / "study.toml"
    path.write_text(
        asked.read_text(encoding="utf-8").replace("synthetic = true", "synthetic = false"), encoding="utf-8"
    )
    table = pd.DataFrame(
        {"source": ["days", "days", "days", ""], "rate": ["demand", "demand", "service:toilets", "area"],
         "level": ["all", "grid", "all", "all"], "n_fewest": np.nan}
    )  # fmt: skip
    told, notes = told_of(study.Study.read(path), table, "demand")
    assert told[["rate", "level"]].to_numpy().tolist() == [["demand", "all"], ["area", "all"]]
    assert notes[-1].endswith("because they may speak of fewer than 10 couriers: 'service:toilets'")
    drawn = table.assign(source=["couriers", "couriers", "couriers", ""], n_fewest=[30.0, 30.0, 9.9, np.nan])
    assert told_of(study.Study.read(path), drawn, "demand")[0]["rate"].tolist() == ["demand", "area"]
    assert len(told_of(study.Study.read(asked), table, "demand")[0]) == 4


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
