from pathlib import Path

import pytest
from pydantic import ValidationError

from stationgeo.errors import SourceError, StudyError
from stationgeo.study import TEMPLATE, Study
from stationgeo.study._sections import Reach

MINIMAL = """
name = "Toy"
tz = "Asia/Shanghai"
resolution = 10
[events]
path = "orders.csv"
datum = "GCJ-02"
[reach]
cutoff_m = 500
detour_factor = 1.3
"""


def read(tmp_path: Path, text: str) -> Study:
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    return Study.read(path)


def test_minimal_study_and_its_defaults(tmp_path: Path) -> None:
    study = read(tmp_path, MINIMAL)
    assert study.demand_weight == "visits"
    assert study.resolve("orders.csv") == str(tmp_path / "orders.csv")
    assert "folder" not in study.model_dump()


def test_the_template_is_a_valid_study(tmp_path: Path) -> None:
    study = read(tmp_path, TEMPLATE)
    assert study.demand_weight == "courier_s"
    assert [zones.level for zones in study.zones] == ["grid", "community"]


def test_byte_order_mark_of_an_editor_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.encode())
    assert Study.read(path).name == "Toy"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("cutoff_m", "cutof_m"), r"reach\.cutof_m: unknown key 'cutof_m'; did you mean 'cutoff_m'"),
        (("datum", "dtum"), r"events\.dtum: unknown key 'dtum'; did you mean 'datum'"),
        (
            ("resolution", "res"),
            r"resolution: is required and is missing.*res: unknown key 'res'; did you mean 'resolution'",
        ),
        (("[events]", "[evnts]"), r"evnts: unknown key 'evnts'; did you mean 'events'"),
        (
            ("resolution = 10", "resolution = 30"),
            r"resolution: .* less than or equal to 12\. Got 30 instead",
        ),
        (("detour_factor = 1.3", "detour_factor = 0.5"), r"reach\.detour_factor: .*greater than or equal to 1"),
        (("name =", "folder = 'x'\nname ="), r"folder: unknown key"),
        (("name =", 'weight = "courier_s"\nname ='), r"needs \[fixes\]: events have no duration"),
        (("[reach]", "[siting]\nn_stations = 3\n[reach]"), r"\[siting\] needs \[candidates\] too"),
        (("[reach]", "[stops]\nradius_m=1\nmin_duration_s=1\nmax_gap_s=1\n[reach]"), r"there are no \[fixes\]"),
        (("[events]", "[fixes]"), r"\[fixes\] needs \[stops\]"),
        # Values of another type are not bent into the right one: true is not 1, "10" is not 10.
        (("resolution = 10", 'resolution = "10"'), r"resolution: .*valid integer.*Got '10' instead"),
        (("cutoff_m = 500", "cutoff_m = true"), r"reach\.cutoff_m: .*valid number.*Got True instead"),
        (("cutoff_m = 500", "cutoff_m = inf"), r"reach\.cutoff_m: .*finite.*Got inf instead"),
        (("detour_factor = 1.3", "detour_factor = nan"), r"reach\.detour_factor: .*Got nan instead"),
        (("datum =", 'square_m = "500"\ndatum ='), r"events\.square_m: .*valid number"),
        (("datum =", "square_deg = [0.01]\ndatum ="), r"events\.square_deg\.1: is required"),
        (('path = "orders.csv"', 'path = ""'), r"events\.path: .*at least 1 character"),
        (("[events]", "[[events]]"), r"events: must be one table, headed \[events\]"),
    ],
)
def test_what_is_wrong_is_named_with_the_way_out(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    text = MINIMAL.replace(*change)
    with pytest.raises(StudyError, match=r"(?s)study\.toml: .*" + message):
        read(tmp_path, text)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        read(tmp_path, MINIMAL.replace("cutoff_m", "cutof_m").replace("datum", "dtum"))
    assert str(caught.value).count("unknown key") == 2


def test_candidates_come_from_one_place(tmp_path: Path) -> None:
    siting = "\n[siting]\nn_stations = 3\n[candidates]\n"
    with pytest.raises(StudyError, match="either path"):
        read(tmp_path, MINIMAL + siting)
    with pytest.raises(StudyError, match="either path"):
        read(tmp_path, MINIMAL + siting + 'path = "x.csv"\nfrom_cells = true\n')
    with pytest.raises(StudyError, match="from_cells = true reads no file: leave datum, where out"):
        read(tmp_path, MINIMAL + siting + 'from_cells = true\ndatum = "BD-09"\nwhere = { a = "b" }\n')
    with pytest.raises(StudyError, match=r"candidates\.default_action: .*'new', 'upgrade'.*Got 'demolish'"):
        read(tmp_path, MINIMAL + siting + 'from_cells = true\ndefault_action = "demolish"\n')


def test_a_level_may_be_given_once(tmp_path: Path) -> None:
    zones = '\n[[zones]]\nlevel = "grid"\npath = "a.shp"\n'
    with pytest.raises(StudyError, match="each level"):
        read(tmp_path, MINIMAL + zones + zones)


def test_unknown_key_inside_zones_names_the_keys_of_zones(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"zones\.0\.lvel: unknown key 'lvel'; did you mean 'level'"):
        read(tmp_path, MINIMAL + '\n[[zones]]\nlvel = "grid"\npath = "a.shp"\n')


def test_files_that_are_no_study(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="stationgeo init"):
        Study.read(tmp_path / "none.toml")
    with pytest.raises(StudyError, match="not valid TOML"):
        read(tmp_path, "name = ")
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError, match="not a text file"):
        Study.read(tmp_path / "x.toml")
    with pytest.raises(SourceError, match="cannot be read as a study file: Is a directory"):
        Study.read(tmp_path)
    with pytest.raises(SourceError, match="Not a directory"):
        Study.read(tmp_path / "x.toml" / "study.toml")


def test_lists_of_toml_become_what_the_study_freezes(tmp_path: Path) -> None:
    text = MINIMAL.replace("datum =", "square_deg = [0.01, 1]\ndatum =") + '[[zones]]\nlevel = "grid"\npath = "a.shp"\n'
    study = read(tmp_path, text)
    assert study.events is not None
    assert study.events.square_deg == (0.01, 1.0)
    assert isinstance(study.zones, tuple)


def test_a_key_comes_from_one_place(tmp_path: Path) -> None:
    text = MINIMAL.replace("datum =", 'courier_key_env = "A"\ncourier_key_file = "b"\ndatum =')
    with pytest.raises(StudyError, match="events: give either courier_key_env or courier_key_file, not both"):
        read(tmp_path, text)
    with pytest.raises(StudyError, match=r"events\.personal: .*'refuse' or 'drop'"):
        read(tmp_path, MINIMAL.replace("datum =", 'personal = "keep"\ndatum ='))


def test_every_key_of_reach_over_streets_is_refused_by_straight_lines() -> None:
    straight = {"cutoff_m": 600.0, "detour_factor": 1.2}
    assert Reach.model_validate(straight).cutoff_m == 600
    keys = {name: field.default for name, field in Reach.model_fields.items() if name not in {*straight, "cutoff_s"}}
    assert {"mode", "bands_s", "access_resolution"} <= set(keys)
    for name, value in keys.items():
        with pytest.raises(ValidationError, match=rf"{name} is of streets: it needs cutoff_s"):
            Reach.model_validate(straight | {name: value})
