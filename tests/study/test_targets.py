"""Targets of a study on the toy town, by hand; see tests/conftest.py for the town: all four stations stand in west."""

import datetime as dt
import json
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import DataError, StudyError
from stationgeo.sample import city_dir

OURS = """
version = "1"
name = "ours"
zh = "本区计划"
en = "Our plan"
evidence = "text"
source = "the plan of the toy town"
[[criteria]]
id = "one_each"
kind = "presence"
level = "grid"
threshold = 3
direction = "at_least"
premises = true
[[criteria]]
id = "near"
kind = "distance"
level = "every"
threshold = 0.4
direction = "at_least"
within_m = 600
of = "demand"
[[criteria]]
id = "enough"
kind = "per_10_000_workers"
level = "grid"
threshold = 80
direction = "at_least"
denominator = "registered couriers"
[[criteria]]
id = "all_day"
kind = "open_24h_share"
level = "all"
threshold = 0.15
direction = "at_least"
"""
SECTION = """
[targets]
paths = ["ours.toml"]
[targets.workers]
path = "workers.csv"
denominator = "registered couriers"
least = 10
"""


@pytest.fixture
def planned(toy_study: Path) -> Path:
    folder = toy_study.parent
    (folder / "ours.toml").write_text(OURS, encoding="utf-8")
    (folder / "workers.csv").write_text("zone_id,workers\nwest,500\neast,5\n", encoding="utf-8")
    places = pd.read_csv(folder / "stations.csv")
    # S1 and S2 stand at one place: three premises.
    places.assign(premises_id=["", "X", "X", ""]).to_csv(folder / "stations.csv", index=False)
    text = toy_study.read_text(encoding="utf-8")
    toy_study.write_text(text[: text.index("[candidates]")] + SECTION, encoding="utf-8")
    return toy_study


def change(path: Path, old: str, new: str) -> study.Study:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return study.Study.read(path)


def test_targets_as_worked_out_in_the_head(planned: Path) -> None:
    # West: 3 premises, all 60 of its demand within 600 m, 4 / 500 x 10,000 = 80 stations per 10,000 workers.
    # East: none; its 5 workers are too few to be told. All: 60 / 150 = 0.4 is within 600 m. No hours are given.
    held = study.run(study.Study.read(planned)).targets
    assert held is not None
    units = held.units.set_index(["criterion", "zone_id"])
    assert units["value"].dropna().to_dict() == pytest.approx(
        {("one_each", "west"): 3, ("one_each", "east"): 0, ("near", "west"): 1, ("near", "east"): 0,
         ("near", "town"): 0.4, ("near", "all"): 0.4, ("enough", "west"): 80}
    )  # fmt: skip
    assert units["status"].to_dict() == {
        ("one_each", "west"): "pass", ("one_each", "east"): "fail", ("near", "west"): "pass", ("near", "east"): "fail",
        ("near", "town"): "pass", ("near", "all"): "pass", ("enough", "west"): "pass", ("enough", "east"): "undecided",
        ("all_day", "all"): "undecided",
    }  # fmt: skip


def test_the_report_names_who_fails_and_the_workbook_explains_itself(planned: Path, tmp_path: Path) -> None:
    result = study.run(study.Study.read(planned))
    for name in ("a", "b"):
        study.write(result, tmp_path / name)
    for name in ("coverage.xlsx", "targets.parquet", "report.md", "manifest.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    text = (tmp_path / "a" / "report.md").read_text(encoding="utf-8")
    assert "4 stations on 3 premises." in text
    assert "- ours, one_each: 1 of 2 by grid fail at least 3 stations: east 东 (0)" in text
    assert "- ours, all_day: 1 of 1 undecided: opening hours were not given" in text
    assert "the plan of the toy town (read as: text)" in text
    sheets = pd.read_excel(tmp_path / "a" / "coverage.xlsx", sheet_name=None)
    told = set(sheets["columns"][["sheet", "column"]].itertuples(index=False, name=None))
    for name in ("targets", "targets_summary"):
        assert {(name, column) for column in sheets[name].columns} <= told
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["targets"][0]["n_fail"] == 1
    assert manifest["inputs"]["targets.workers"]["rows_kept"] == 2


def test_area_counts_where_a_criterion_asks_for_it(planned: Path) -> None:
    target = planned.parent / "ours.toml"
    target.write_text(target.read_text(encoding="utf-8").replace('of = "demand"', 'of = "area_m2"'), encoding="utf-8")
    held = study.run(study.Study.read(planned)).targets
    assert held is not None
    near = held.units[held.units["criterion"] == "near"].set_index("zone_id")
    assert 0 < near.loc["west", "value"] < 1
    # A cell that is cut by a border counts in each zone with the part that lies there.
    scored = near["value"] * near["denominator"]
    assert scored["west"] + scored["east"] == pytest.approx(scored["town"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('paths = ["ours.toml"]', 'names = ["ours"]', r"Toy town: targets: there is no target 'ours' that ships"),
        (
            'paths = ["ours.toml"]',
            'names = ["zhejiang_2024"]',
            r"Toy town: targets: .*each street, and zones have none",
        ),
        ('paths = ["ours.toml"]', 'paths = ["theirs.toml"]', r"Toy town: targets: .*theirs\.toml: a TOML file"),
        ('denominator = "registered couriers"', 'denominator = "riders"', r"Toy town: targets: .*one denominator"),
        ('paths = ["ours.toml"]', "", r"targets: name targets that ship"),
        ("least = 10", "least = 0", r"targets\.workers\.least"),
    ],
)
def test_what_cannot_be_held_against_stations_is_refused(planned: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study.run(change(planned, old, new))


def test_workers_below_zero_are_named(planned: Path) -> None:
    (planned.parent / "workers.csv").write_text("zone_id,workers\nwest,-1\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"workers\.csv: .*workers"):
        study.check(study.Study.read(planned))


def test_the_sample_city_is_told_of_equity_and_targets(tmp_path: Path) -> None:
    asked = tomllib.loads((city_dir() / "study.toml").read_text(encoding="utf-8"))
    del asked["siting"], asked["candidates"]
    asked |= {
        "as_of": dt.date(2026, 11, 18),
        "targets": {"names": ["zhejiang_2024", "life_circles"]},
        "equity": {"variable": "nearest", "by": ["street", "shift"], "shifts": {"day": [6, 22], "night": [22, 6]}},
    }
    result = study.run(study.Study.of(asked, folder=city_dir()))
    assert result.targets is not None
    assert result.evenness is not None
    # Each courier-hour inside the zones weighs once, whatever cells, borders and shifts it is cut by.
    hours = result.coverage.headline["demand"] / result.coverage.unit.size
    assert result.evenness.equity.contributions["weight"].sum() == pytest.approx(hours, rel=1e-9)
    # Who is not reached is who is not covered: neither looks at hours here.
    share = result.coverage.headline["covered_share"]
    assert result.evenness.equity.headline["unreached_share"] == pytest.approx(1 - share, rel=1e-9)
    presence = result.targets.units[result.targets.units["kind"] == "presence"].set_index("zone_id")["value"]
    placed = result.coverage.stations[result.coverage.stations["counted"]]
    assert (presence > 0).sum() == len(presence)
    assert presence.sum() <= len(placed)
    study.write(result, tmp_path)
    sheets = pd.read_excel(tmp_path / "coverage.xlsx", sheet_name=None)
    told = set(sheets["columns"][["sheet", "column"]].itertuples(index=False, name=None))
    wired = [name for name in sheets if name.startswith(("equity", "targets"))]
    assert {(name, column) for name in wired for column in sheets[name].columns} <= told
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert "## Equity" in text
    assert "it is meant for 'walk', the ways are for 'straight line'" in text
