"""Kinds of stations of a city's own: from the catalogue through scoring and siting to map, report and workbook."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from stationgeo import maps, stations, study
from stationgeo.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

TEA = """
[kinds.tea_pavilion]
zh = "路边茶亭"
en = "roadside tea pavilion"
also = ["凉茶亭"]
parent = "outdoor"
family = "service_centre"
tier = "full"
cluster = false
source = "made for this test"

[kinds.tea_lane]
zh = "茶亭一条街"
en = "lane of tea pavilions"
also = []
parent = "outdoor"
family = "service_centre"
tier = "cluster"
cluster = true
source = "made for this test"
"""
SECTIONS = """
[blanks]
[partial]
[criticality]
[targets]
names = ["shandong_2022"]
[supply]
method = "2SFCA"
default_capacity = 4
dwell_s = 3600
choice = "nearest"
"""


def with_catalogue(path: Path, **files: str) -> Path:
    """Give a study copies of shipped files, with more behind them."""
    folder = path.with_name("city")
    folder.mkdir()
    shipped = resources.files("stationgeo.stations")
    for name, more in files.items():
        text = shipped.joinpath(f"{name}.toml").read_text(encoding="utf-8")
        (folder / f"{name}.toml").write_text(text + more, encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8") + '[catalogue]\npath = "city"\n', encoding="utf-8")
    return path


def with_tea(path: Path) -> Path:
    """S3 is a tea pavilion by its other name, S1 and S2 make a lane; a pavilion may come to place 4."""
    table = pd.read_csv(path.with_name("stations.csv"))
    table.loc[table["station_id"] == "S3", "kind"] = "凉茶亭"
    lane = table[table["station_id"] == "S1"].assign(station_id="lane", kind="tea_lane")
    pd.concat([table, lane]).to_csv(path.with_name("stations.csv"), index=False)
    hosts = pd.read_csv(path.with_name("hosts.csv"))
    hosts.loc[hosts["candidate_id"] == "H4", "kind"] = "tea_pavilion"
    hosts.to_csv(path.with_name("hosts.csv"), index=False)
    return with_catalogue(path, kinds=TEA)


def test_a_study_of_own_kinds_runs_to_map_report_and_workbook(toy_study: Path, tmp_path: Path) -> None:
    path = with_tea(toy_study)
    path.write_text(path.read_text(encoding="utf-8") + SECTIONS, encoding="utf-8")
    result = study.run(study.Study.read(path))
    told = result.coverage.stations.set_index("station_id")
    assert told.loc["S3", ["kind", "family", "counted"]].tolist() == ["tea_pavilion", "service_centre", True]
    assert told.loc["lane", ["family", "counted"]].tolist() == ["", False]
    # As in the town without own kinds: S3 is a service centre at place 2, where 30 of 150 orders are.
    assert result.coverage.headline["covered_share"] == pytest.approx(60 / 150)
    assert result.coverage.headline["service_centre_only_share"] == pytest.approx(30 / 150)
    assert result.plan is not None
    assert result.plan.sites["kind"].tolist() == ["tea_pavilion", "warm_bee"]
    assert result.supply is not None
    assert result.supply.headline["seats"] == 16
    study.write(result, tmp_path / "out")
    assert "roadside tea pavilion 路边茶亭" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    sites = pd.read_excel(tmp_path / "out" / "sites.xlsx", sheet_name="sites")
    assert sites["kind_name"].tolist()[0] == "roadside tea pavilion 路边茶亭"
    page = (tmp_path / "out" / "coverage.html").read_text(encoding="utf-8")
    assert "路边茶亭" in page or json.dumps("路边茶亭")[1:-1] in page


def test_the_maps_data_name_an_own_kind(toy_study: Path) -> None:
    result = study.run(study.Study.read(with_tea(toy_study)))
    for language, name, lane in (
        ("zh", "路边茶亭", "茶亭一条街"), ("en", "roadside tea pavilion", "lane of tea pavilions")
    ):  # fmt: skip
        data = maps._coverage._data(
            result.coverage, result.plan, language=language, cutoff="", catalogue=result.inputs.catalogue
        )
        signs = {one["label"].lower(): one for one in data["stations"]["kinds"]}
        centre = signs[stations.kinds().set_index("kind")[language]["service_centre"].lower()]
        own, street = signs[name], signs[lane]
        # It is drawn as its family is: same colour, same layer; a cluster has the colour of its members.
        assert [own[key] for key in ("shape", "colour", "group", "n")] == [
            "square",
            centre["colour"],
            centre["group"],
            1,
        ]
        assert (street["cluster"], street["colour"]) == (True, centre["colour"])
        assert name in {one.lower() for one in data["sites"]["kind"]}


def test_what_no_catalogue_knows_is_still_refused(toy_study: Path) -> None:
    path = with_tea(toy_study)
    text = path.read_text(encoding="utf-8").replace('[catalogue]\npath = "city"\n', "")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="tea"):
        study.run(study.Study.read(path))
    hosts = pd.read_csv(path.with_name("hosts.csv")).assign(kind="tea_lane")
    hosts.to_csv(path.with_name("hosts.csv"), index=False)
    path.write_text(text + '[catalogue]\npath = "city"\n', encoding="utf-8")
    with pytest.raises(DataError, match="rows hold clusters: 'tea_lane'"):
        study.run(study.Study.read(path))


def test_a_catalogue_that_adds_no_kinds_changes_no_byte(toy_study: Path, tmp_path: Path) -> None:
    study.write(study.run(study.Study.read(toy_study)), tmp_path / "without")
    path = with_catalogue(toy_study, aliases="", kinds="")
    written = study.write(study.run(study.Study.read(path)), tmp_path / "with")
    # The manifest and the report name the parameters of the study, of which the catalogue is one.
    for one in written:
        if one.name not in {"manifest.json", "report.md"}:
            assert one.read_bytes() == (tmp_path / "without" / one.name).read_bytes(), one.name
