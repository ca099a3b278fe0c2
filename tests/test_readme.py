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


def test_readme_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - the README's own code
    assert (tmp_path / "coverage.html").stat().st_size > 100_000


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_readme_shows_what_the_demo_says() -> None:
    result = study.run(study.Study.read(sample.city_dir() / "study.toml"))
    lines = report.headline_lines(result.coverage, result.plan, cutoff=result.study.reach.in_words)
    assert "\n".join(lines[:7]) in README


def test_every_table_file_of_a_run_is_described(toy_study: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    for path in study.write(study.run(study.Study.read(toy_study)), tmp_path):
        assert f"`{path.name}`" in page, path.name
        columns = pd.read_parquet(path).columns if path.suffix == ".parquet" else ()
        assert [name for name in columns if f"`{name}`" not in page and name not in schema.STATIONS.names] == []
