"""Blank spots, criticality and partial coverage in studies: the toy town by hand, and the files of the sample city."""

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from stationgeo import sample, study
from stationgeo.errors import StudyError

ASKED = """
[criticality]
group_by = "premises_id"
[partial]
"""


def read(path: Path, *more: str) -> study.Study:
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(more), encoding="utf-8")
    return study.Study.read(path)


def with_column(path: Path, name: str, values: list[str]) -> None:
    file = path.parent / "stations.csv"
    pd.read_csv(file).assign(**{name: values}).to_csv(file, index=False)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[study.Result, Path]]:
    """The sample city by straight lines and over streets, with everything asked for, run and written."""
    made = {}
    for name in ("study.toml", "study_streets.toml"):
        text = (sample.city_dir() / name).read_text(encoding="utf-8") + ASKED
        values = study.Study.read(_beside(tmp_path_factory.mktemp("city"), name, text))
        result = study.run(values)
        out = tmp_path_factory.mktemp("out")
        study.write(result, out)
        made[name] = (result, out)
    return made


def _beside(folder: Path, name: str, text: str) -> Path:
    """Write a study into a folder that has the sample's files."""
    for file in sample.city_dir().iterdir():
        if file.name != name:
            (folder / file.name).symlink_to(file.resolve())
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_blank_spots_of_the_toy_town(toy_study: Path) -> None:
    # P3 (40) and P4 (50) are reached by nobody and 2 km apart: two spots, the larger first. Nobody knows how many
    # workers events are. S3 stands at P2, 4.12 km from P4 and 2.06 km from P3; cells are off by less than 80 m.
    found = study.run(study.Study.read(toy_study)).blanks
    assert found is not None
    spots = found.spots
    assert spots["uncovered_demand"].tolist() == pytest.approx([50, 40])
    assert spots["zone_id"].tolist() == ["east", "east"]
    assert spots["kind"].tolist() == ["administrative", "administrative"]
    assert spots["nearest_station_id"].tolist() == ["S3", "S3"]
    assert spots["nearest_m"].tolist() == pytest.approx([4_116, 2_058], abs=80)
    assert spots[["mean_workers", "worker_equivalents"]].isna().all(axis=None)
    # West has stations and all of it is covered; east neither; of the town 60 of 150 are covered, less than a half.
    names = found.off_diagonals[["level", "zone_id", "case"]].to_numpy().tolist()
    assert names == [["community", "town", "a station, but not covered"]]


def test_the_study_says_what_a_blank_spot_is(toy_study: Path) -> None:
    asked = read(toy_study, "[blanks]", "min_demand = 45", "min_covered_share = 0.4")
    found = study.run(asked).blanks
    assert found is not None
    assert found.spots["uncovered_demand"].tolist() == pytest.approx([50])
    assert found.headline["small_demand"] == pytest.approx(40)
    assert found.off_diagonals.empty


def test_stations_of_other_kinds_than_the_standards_leave_blanks(toy_study: Path) -> None:
    # Of service centres only S2 (P1) and S3 (P2) count: P0's 10 are a third spot, and S2 is its nearest.
    text = toy_study.read_text(encoding="utf-8").replace("cutoff_m = 600\ndetour_factor = 1.2\n", "")
    standard = toy_study.parent / "centres.toml"
    words = {"name": "centres", "version": "1", "zh": "服务中心", "en": "a service centre", "source": "a test"}
    lines = [f'{key} = "{value}"' for key, value in words.items()]
    more = ["cutoff_m = 600", "detour_factor = 1.2", "open_then = false", 'kinds = ["service_centre"]']
    standard.write_text("\n".join(lines + more), encoding="utf-8")
    toy_study.write_text(text, encoding="utf-8")
    result = study.run(
        read(toy_study, "[standard]", 'path = "centres.toml"', "[criticality]", "[partial]", "backup = 1")
    )
    assert result.blanks is not None
    assert result.criticality is not None
    assert result.blanks.spots["nearest_station_id"].tolist() == ["S3", "S3", "S2"]
    assert result.blanks.headline["covered_demand"] == pytest.approx(50)
    # S2 alone has P1 (20), S3 alone P2 (30).
    assert result.criticality.stations["unique_demand"].tolist() == pytest.approx([20, 30])
    assert [one.headline["share"] for one in result.partial if one.measure == "backup"] == pytest.approx([50 / 150])


def test_closing_in_the_toy_town(toy_study: Path) -> None:
    # Only S0 has P0 (10), only S3 has P2 (30); S1 and S2 both have P1 (20): each alone loses nothing, together 20.
    with_column(toy_study, "host", ["bank", "post", "post", ""])
    found = study.run(read(toy_study, "[criticality]", 'group_by = "host"')).criticality
    assert found is not None
    assert found.stations["unique_demand"].tolist() == pytest.approx([10, 0, 0, 30])
    groups = found.groups.set_index("group")
    assert groups["lost_demand"].to_dict() == pytest.approx({"bank": 10, "post": 20})
    assert groups["sum_of_unique_demand"].to_dict() == pytest.approx({"bank": 10, "post": 0})
    assert (found.headline["n_redundant"], found.headline["n_closable"]) == (2, 1)
    # Orders have no time: there is no night to lose.
    assert found.spans.empty


def test_partial_coverage_of_the_toy_town(toy_study: Path) -> None:
    # By a step everything in reach is covered wholly: 60 of 150. A second station is there at P1 alone.
    asked = read(toy_study, "[partial]", 'decay = { name = "step" }')
    found = {one.measure: one.headline["share"] for one in study.run(asked).partial}
    assert found == {
        "gradual": pytest.approx(0.4),
        "cooperative": pytest.approx(0.4),
        "backup": pytest.approx(20 / 150),
    }


def test_brands_at_one_address_are_no_backup(toy_study: Path) -> None:
    with_column(toy_study, "premises_id", ["p0", "p1", "p1", "p2"])
    found = {one.measure: one.headline["share"] for one in study.run(read(toy_study, "[partial]")).partial}
    assert found["backup"] == 0


def test_how_much_of_a_profile_is_in_reach(toy_study: Path) -> None:
    # S0 offers water and rest of the six abilities: P0's 10 have two of six. S3, for sure three of six: P2's 30. Nobody
    # knows anything of S1 and S2. (10 x 2 + 30 x 3) / 6 = 18.33 of 150, all of them nowhere.
    rows = [("S0", "water"), ("S0", "rest"), ("S3", "water"), ("S3", "rest"), ("S3", "warm")]
    told = pd.DataFrame(rows, columns=["station_id", "service"]).assign(status="yes")
    told.to_csv(toy_study.parent / "services.csv", index=False)
    asked = read(toy_study, "[services]", 'path = "services.csv"', "[partial]")
    (found,) = (one for one in study.run(asked).partial if one.measure == "completeness")
    assert found.headline["numerator"] == pytest.approx(110 / 6)
    assert found.headline["all_share"] == 0
    assert found.headline["all_share_high"] == pytest.approx(60 / 150)


def test_what_nobody_asks_for_is_not_computed(toy_study: Path, tmp_path: Path) -> None:
    result = study.run(study.Study.read(toy_study))
    assert (result.criticality, result.partial) == (None, ())
    names = {path.name for path in study.write(result, tmp_path / "out")}
    assert "blank_spots.geojson" in names
    assert not names & {"criticality.parquet", "partial.parquet"}


def test_a_greenfield_study_is_one_blank(toy_study: Path, tmp_path: Path) -> None:
    text = toy_study.read_text(encoding="utf-8")
    start, end = text.index("[stations]"), text.index("[reach]")
    toy_study.write_text(text[:start] + text[end:], encoding="utf-8")
    result = study.run(study.Study.read(toy_study))
    assert result.blanks is not None
    assert result.blanks.headline["spot_demand"] == pytest.approx(150)
    assert (result.blanks.spots["nearest_station_id"] == "").all()
    study.write(result, tmp_path / "out")
    assert "none known" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[criticality]\ngroup_by = "hosts"', "criticality.group_by: stations have no column 'hosts'"),
        ('[partial]\nprofile = "six_abilities"', "partial.profile: name the file"),
        ("[partial]\ndecay = { full_to = 700 }", "partial: full_to must be"),
    ],
)
def test_what_a_study_cannot_answer_names_the_key(toy_study: Path, more: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study.run(read(toy_study, more))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[partial]\ndecay = { name = 'exponential' }", "needs scale"),
        ("[partial]\ndecay = { name = 'step', scale = 3 }", "has no scale"),
        ("[partial]\nthreshold = 2", "leave it out"),
        ("[blanks]\nmin_covered_share = 0", "greater than 0"),
        ("[criticality]\nnight_hours = [3, 3]", "two different hours"),
    ],
)
def test_keys_that_do_not_fit_are_errors(toy_study: Path, more: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(toy_study, more)


@pytest.mark.parametrize("name", ["study.toml", "study_streets.toml"])
def test_the_sample_city_conserves_its_demand(city: dict[str, tuple[study.Result, Path]], name: str) -> None:
    result, _ = city[name]
    found, closing, head = result.blanks, result.criticality, result.headline
    assert found is not None
    assert closing is not None
    told = found.headline
    assert told["covered_demand"] == pytest.approx(head["covered_demand"])
    parts = (told["covered_demand"], told["spot_demand"], told["small_demand"], told["scattered_demand"])
    assert sum(parts) == pytest.approx(head["demand"])
    assert closing.headline["covered_demand"] == pytest.approx(head["covered_demand"])
    assert [one.headline["denominator"] for one in result.partial] == pytest.approx([head["demand"]] * 4)
    assert set(closing.spans["span"]) == {"night", "weekend"}
    # Covered by zone as the zones' own table has it, and hours of a week to workers at once.
    units = found.units.set_index(["level", "zone_id"])["covered_demand"]
    zones = result.coverage.zones.query("zone_id != ''").set_index(["level", "zone_id"])["covered_demand"]
    pd.testing.assert_series_equal(units.sort_index(), zones.sort_index(), check_names=False)
    spots = found.spots
    assert spots["mean_workers"].tolist() == pytest.approx((spots["uncovered_demand"] / 3_600 / 168).tolist())


def test_over_streets_the_nearest_station_is_beyond_the_cutoff(city: dict[str, tuple[study.Result, Path]]) -> None:
    result, _ = city["study_streets.toml"]
    assert result.blanks is not None
    spots, cutoff_s = result.blanks.spots, result.study.reach.cutoff_s
    assert spots["nearest_s"].notna().any()
    assert not (spots["nearest_s"] <= cutoff_s).any()


@pytest.mark.parametrize("name", ["study.toml", "study_streets.toml"])
def test_files_and_words_of_the_sample_city(city: dict[str, tuple[study.Result, Path]], name: str) -> None:
    result, out = city[name]
    assert result.blanks is not None
    drawn = gpd.read_file(out / "blank_spots.geojson")
    assert drawn["uncovered_demand"].tolist() == pytest.approx(result.blanks.spots["uncovered_demand"].tolist())
    text = (out / "report.md").read_text(encoding="utf-8")
    for title in ("## Blank spots", "## What is lost if a station closes", "## Partial coverage"):
        assert title in text
    assert ("minutes over the streets by ebike" in text) == (name == "study_streets.toml")
    sheets = pd.read_excel(out / "coverage.xlsx", sheet_name=None)
    told = set(zip(sheets["columns"]["sheet"], sheets["columns"]["column"], strict=True))
    mine = [sheet for sheet in sheets if sheet.startswith(("blank", "two_way", "off_", "closing", "partial"))]
    assert len(mine) == 11
    assert {(sheet, column) for sheet in mine for column in sheets[sheet].columns} - told == set()
    assert len(pd.read_parquet(out / "criticality.parquet")) == result.headline["n_stations"]


def test_a_second_run_gives_the_same_bytes(toy_study: Path, tmp_path: Path) -> None:
    asked = read(toy_study, "[criticality]", "[partial]")
    for name in ("a", "b"):
        study.write(study.run(asked), tmp_path / name)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("a", "b")
    )  # fmt: skip
    assert first == second
