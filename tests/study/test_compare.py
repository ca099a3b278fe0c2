"""Two results of the toy town, by hand; see tests/conftest.py for the town.

Before: west is covered wholly, east not at all: 60 of 150. After: the station at P0 is closed, one opens at P3: west
loses 10 of its 60, east wins 40 of its 90: 90 of 150.
"""

import json
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.cli import main
from stationgeo.errors import DataError, ParameterError, SourceError

ASKED = {"least_change": 0.0, "false_discovery_rate": 0.05}
STANDARD = """
name = "ours"
version = "1"
zh = "本区标准"
en = "our standard"
source = "the plan of the toy town"
state = "idle"
cutoff_m = 600
detour_factor = 1.2
open_then = false
"""


@pytest.fixture
def both(toy_study: Path, tmp_path: Path) -> tuple[Path, Path]:
    text = toy_study.read_text(encoding="utf-8")
    toy_study.write_text(text[: text.index("[candidates]")], encoding="utf-8")
    study.write(study.run(study.Study.read(toy_study)), tmp_path / "before")
    path = toy_study.parent / "stations.csv"
    places = pd.read_csv(path)
    new = places.iloc[[0]].assign(station_id="S4", lon=114.06)
    pd.concat([places.iloc[1:], new]).to_csv(path, index=False)
    study.write(study.run(study.Study.read(toy_study)), tmp_path / "after")
    return tmp_path / "before", tmp_path / "after"


def again(toy_study: Path, out: Path, *pairs: tuple[str, str]) -> Path:
    text = toy_study.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    toy_study.write_text(text, encoding="utf-8")
    study.write(study.run(study.Study.read(toy_study)), out)
    return out


def test_winners_stand_beside_losers(both: tuple[Path, Path]) -> None:
    found = study.compare(*both, **ASKED)
    winners = found.zones.winners.set_index("zone_id")
    assert winners["demand_affected"].to_dict() == pytest.approx({"east": 40, "town": 30})
    assert winners["delta_share"].to_dict() == pytest.approx({"east": 4 / 9, "town": 0.2})
    losers = found.zones.losers.set_index("zone_id")
    assert losers["demand_affected"].to_dict() == pytest.approx({"west": -10})
    grids = found.zones.summary.set_index("level").loc["grid"]
    assert [grids["demand_won"], grids["demand_lost"], grids["delta_share"]] == pytest.approx([40, 10, 0.2])
    whole = found.rates.changes.set_index(["rate", "level"])
    assert whole.loc[("demand", "all"), "delta_share"] == pytest.approx(0.2)
    # West alone has stations, then and now both grids do.
    assert whole.loc[("unit_presence", "all"), ["share_before", "share_after"]].tolist() == pytest.approx([0.5, 1])
    assert found.zones.differences.empty
    # Per cell as in all: what is won and lost adds up.
    assert found.spots["value"].sum() == pytest.approx(30)


def test_exchanged_sides_change_every_sign(both: tuple[Path, Path]) -> None:
    one, other = study.compare(*both, **ASKED), study.compare(*both[::-1], **ASKED)
    key = ["level", "zone_id"]
    deltas = [found.zones.changes.set_index(key)["delta_share"].sort_index() for found in (one, other)]
    assert (deltas[0] + deltas[1]).abs().max() == pytest.approx(0, abs=1e-15)
    assert set(one.zones.winners["zone_id"]) == set(other.zones.losers["zone_id"])


def test_results_in_memory_compare_as_their_folders(toy_study: Path, both: tuple[Path, Path]) -> None:
    result = study.run(study.Study.read(toy_study))
    found, of_folders = study.compare(both[0], result, **ASKED), study.compare(*both, **ASKED)
    pd.testing.assert_frame_equal(found.zones.changes, of_folders.zones.changes)
    pd.testing.assert_frame_equal(found.spots, of_folders.spots)
    assert found.unit == of_folders.unit
    assert found.zones.differences.empty


def test_the_command_writes_three_files_and_names_both(
    both: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        monkeypatch.setattr(sys, "argv", ["stationgeo", "compare", *map(str, both), "--out", str(tmp_path / name)])
        with pytest.raises(SystemExit) as leaving:
            main()
        assert not leaving.value.code
    assert "grid: 40.0% before, 60.0% after; 1 better, 1 worse, 0 new, 0 gone" in capsys.readouterr().out
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["changes.geojson", "compare.md", "compare.xlsx"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert str(tmp_path).encode() not in (tmp_path / "a" / name).read_bytes()
    text = (tmp_path / "a" / "compare.md").read_text(encoding="utf-8")
    assert "| east 东 | 40 | 0.0% | 44.4% | +44.4 points |" in text
    assert "| west 西 | -10 | 100.0% | 83.3% | -16.7 points |" in text
    shapes = gpd.read_file(tmp_path / "a" / "changes.geojson").set_index("zone_id")
    assert shapes.loc["west", "change"] == "loser"
    assert shapes.geometry.notna().all()
    sheets = pd.read_excel(tmp_path / "a" / "compare.xlsx", sheet_name=None)
    told = set(sheets["columns"][["sheet", "column"]].itertuples(index=False, name=None))
    own = {(name, column) for name in sheets if name != "columns" for column in sheets[name].columns}
    assert own <= told
    assert {"winners", "losers"} <= set(sheets)


def test_nobody_loses_and_it_is_said(both: tuple[Path, Path], tmp_path: Path) -> None:
    study.write_changes(study.compare(both[0], both[0], **ASKED), tmp_path / "same")
    text = (tmp_path / "same" / "compare.md").read_text(encoding="utf-8")
    assert text.count("None 无") == 3


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("cutoff_m = 600", "cutoff_m = 700", r"cutoff_m \(600\.0 before, 700\.0 after\)"),
        ("resolution = 10", "resolution = 9", r"resolution \(10 before, 9 after\)"),
        (
            "cutoff_m = 600\ndetour_factor = 1.2",
            '\n[standard]\npath = "ours.toml"',
            r"standard \(any station in reach before, ours 1 \(",
        ),
    ],
)
def test_another_scale_is_refused_unless_allowed(
    toy_study: Path, both: tuple[Path, Path], tmp_path: Path, old: str, new: str, named: str
) -> None:
    (toy_study.parent / "ours.toml").write_text(STANDARD, encoding="utf-8")
    other = again(toy_study, tmp_path / "other", (old, new))
    with pytest.raises(ParameterError, match=named):
        study.compare(both[1], other, **ASKED)
    found = study.compare(both[1], other, allow=["cutoff_m", "resolution", "standard"], **ASKED)
    assert found.zones.differences["allowed"].any()
    assert found.spots.empty == ("resolution" in old)


def test_other_towns_are_refused(toy_study: Path, both: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("grids.geojson", "communities.geojson"):
        path = toy_study.parent / name
        text = path.read_text(encoding="utf-8")
        for zone in ("west", "east", "town"):
            text = text.replace(f'"{zone}"', f'"other {zone}"')
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="no zone_id is in both"):
        study.compare(both[1], again(toy_study, tmp_path / "other"), **ASKED)


def test_a_level_that_one_side_lacks_is_noted(toy_study: Path, both: tuple[Path, Path], tmp_path: Path) -> None:
    lower = '[[zones]]\nlevel = "grid"\npath = "grids.geojson"\ndatum = "WGS-84"\n'
    other = again(toy_study, tmp_path / "other", (lower, ""))
    found = study.compare(both[1], other, **ASKED)
    assert "levels of zones that only one side has are not compared: 'grid'" in found.notes
    assert set(found.zones.changes["level"]) == {"community"}


def test_folders_that_no_run_wrote_are_refused(both: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"manifest\.json is missing: a folder that `stationgeo run` wrote"):
        study.compare(tmp_path / "nowhere", both[1], **ASKED)
    (both[0] / "manifest.json").write_text(json.dumps({"study": {}}), encoding="utf-8")
    with pytest.raises(SourceError, match=r"cannot be read as what `stationgeo run` wrote: KeyError"):
        study.compare(*both, **ASKED)
