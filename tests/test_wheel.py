import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from stationgeo import __version__

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_wheel_carries_the_city_the_kinds_and_the_assets(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    city = {path.name for path in (ROOT / "data" / "sample_city").iterdir()}
    assert {f"stationgeo/_sample_city/{name}" for name in city} <= names
    assert {"stationgeo/py.typed", "stationgeo/stations/kinds.toml", "stationgeo/stations/services.toml"} <= names
    assert "stationgeo/reach/_graph/modes.toml" in names
    targets = {path.name for path in (ROOT / "src" / "stationgeo" / "coverage" / "target_files").iterdir()}
    assert {f"stationgeo/coverage/target_files/{name}" for name in targets} <= names
    assets = {
        path.name
        for path in (ROOT / "src" / "stationgeo" / "maps" / "assets").rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert assets
    assert assets <= {Path(name).name for name in names}


def test_wheel_carries_nothing_else(wheel: Path) -> None:
    parts = [Path(name).parts for name in zipfile.ZipFile(wheel).namelist()]
    assert {part[0] for part in parts} == {"stationgeo", f"stationgeo-{__version__}.dist-info"}
    assert [part for part in parts if part[-1].startswith(".") or part[-1].endswith(".pyc")] == []


def test_source_distribution_carries_what_its_readme_leads_to_and_what_make_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {*links, "Makefile", "constraints.txt", "tests/conftest.py", "scripts/make_sample_city.py"} <= names


def test_city_is_found_in_a_wheel_and_in_a_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)  # noqa: S202 - our own wheel, no tar file
    program = "from stationgeo._resources import sample_city_dir; print(sample_city_dir())"
    for source, place in (
        (tmp_path, tmp_path / "stationgeo" / "_sample_city"),
        (ROOT / "src", ROOT / "data" / "sample_city"),
    ):
        ran = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(source)!r}); {program}"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert Path(ran.stdout.strip()).resolve() == place.resolve()
