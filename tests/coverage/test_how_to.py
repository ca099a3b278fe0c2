"""The pages on services, hours and standards run as they stand, and do what they say."""

import re
import shutil
from pathlib import Path

import pytest

from stationgeo import coverage, io, stations
from stationgeo.sample import city_dir

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (HOW_TO / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def run_python_of(page: str) -> dict[str, object]:
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page, "exec"), names)  # noqa: S102 - the page's own code
    return names


def test_the_page_on_services_and_hours_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(city_dir(), tmp_path, dirs_exist_ok=True)
    (added,) = blocks("score-services-and-hours.md", "toml")
    text = Path("study_streets.toml").read_text(encoding="utf-8")
    # What the page adds takes the place of what the sample's study says of the same, and of its reach and sites.
    for section in ("services", "hours", "reach", "candidates", "siting"):
        text, n_found = re.subn(rf"^\[{section}\]\n(?:(?!\[).*\n)*", "", text, flags=re.MULTILINE)
        assert n_found == 1, section
    Path("study.toml").write_text(text + "\n" + added, encoding="utf-8")
    names = run_python_of("score-services-and-hours.md")
    result, late = names["result"], names["late"]
    assert result.coverage.standard.name == "open_toilet_5_min"
    # The study scores the same: its reach, demand and hours are those of the tables.
    asked = {"level": "community", "items": ["service:toilets"], "hours": [21]}
    told = result.measures.services.hours(**asked)
    assert told["covered_demand"].tolist() == pytest.approx(late["covered_demand"].tolist())
    assert told["demand"].tolist() == pytest.approx(late["demand"].tolist())
    low, high = (float(share) for share in re.findall(r"(\d+)%", capsys.readouterr().out))
    assert low < high


def test_the_tables_on_the_page_are_read(tmp_path: Path) -> None:
    (table,) = blocks("score-services-and-hours.md", "csv")
    (tmp_path / "services.csv").write_text(table, encoding="utf-8")
    told = io.read_services(tmp_path / "services.csv", columns={"station_id": "编号"}).table
    assert told["service"].tolist() == ["toilets", "water", "phone_charge"] * 2
    assert told["status"].tolist() == ["yes", "yes", "unknown", "no", "yes", "unknown"]


def test_hours_on_the_page_are_understood() -> None:
    page = (HOW_TO / "score-services-and-hours.md").read_text(encoding="utf-8")
    understood = {
        "工作日8:30-12:00,14:00-17:30": "known",
        "09:00-次日02:00": "known",
        "夏季8:00-18:00;冬季8:30-17:30": "partly",
        "24小时": "known",
        "Mo-Fr 09:00-18:00; PH off": "known",
        "电话预约": "unknown",
    }
    assert all(text in page for text in understood)
    assert {text: stations.parse_hours(text).status for text in understood} == understood


def test_the_page_on_standards_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (own,) = blocks("write-a-standard.md", "toml")
    Path("night_needs.toml").write_text(own, encoding="utf-8")
    names = run_python_of("write-a-standard.md")
    rows = re.findall(r"(\w+): (\d+)% to (\d+)%", capsys.readouterr().out)
    low = {name: int(least) for name, least, _ in rows}
    assert all(int(least) <= int(most) for _, least, most in rows)
    # Dropping a condition never lowers a share; a shorter way never raises it.
    assert min(low["shared"], low["any_kind"], low["any_hour"]) >= low["night_needs"] >= low["three_minutes"]
    assert low["any_hour"] > low["night_needs"] > low["three_minutes"]
    assert names["mine"].item().together


def test_the_page_on_standards_names_every_key() -> None:
    page = (HOW_TO / "write-a-standard.md").read_text(encoding="utf-8")
    assert [name for name in coverage.Standard.__dataclass_fields__ if f"`{name}`" not in page] == []
