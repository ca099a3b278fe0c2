import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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
    assets = {path.name for path in (ROOT / "src" / "stationgeo" / "maps" / "assets").rglob("*") if path.is_file()}
    assert assets
    assert assets <= {Path(name).name for name in names}


def test_city_is_found_in_a_wheel_and_in_a_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
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
