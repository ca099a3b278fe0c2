import re
from pathlib import Path

import pandas as pd
import pytest

from stationgeo import report, sample, schema, study

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

PAGES = [
    path for glob in ("*.md", "docs/*/*.md", "data/**/*.md", "notebooks/*.ipynb") for path in sorted(ROOT.glob(glob))
]


def _run_python_of(page: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page.name, "exec"), names)  # noqa: S102 - the page's own code


def test_readme_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _run_python_of(ROOT / "README.md")
    assert (tmp_path / "coverage.html").stat().st_size > 100_000


def test_isochrones_are_drawn_as_the_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    _run_python_of(ROOT / "docs" / "how-to" / "draw-isochrones.md")
    assert (tmp_path / "isochrones.geojson").stat().st_size > 100_000
    assert "of rides pass a station within a minute more" in capsys.readouterr().out


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_readme_shows_what_the_demo_says() -> None:
    result = study.run(study.Study.read(sample.city_dir() / "study.toml"))
    lines = report.headline_lines(result.coverage, result.plan, cutoff=result.study.reach.in_words)
    assert "\n".join(lines[:7]) in README


def test_readme_says_what_streets_keep_of_circles() -> None:
    circles, streets = (
        study.run(study.Study.read(sample.city_dir() / name)).headline["covered_share"]
        for name in ("study.toml", "study_streets.toml")
    )
    said = " ".join(README.split())
    assert f"a circle promises {100 * circles:.0f} % of the sample city's rest a station within three minutes" in said
    assert f"where the streets keep {100 * streets:.0f} %" in said


def test_every_table_file_of_a_run_is_described(toy_study: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    for path in study.write(study.run(study.Study.read(toy_study)), tmp_path):
        assert f"`{path.name}`" in page, path.name
        columns = pd.read_parquet(path).columns if path.suffix == ".parquet" else ()
        assert [name for name in columns if f"`{name}`" not in page and name not in schema.STATIONS.names] == []
