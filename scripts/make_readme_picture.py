"""Take the README's picture of the sample city's map: `python scripts/make_readme_picture.py`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from stationgeo import sample, study

TARGET = Path(__file__).resolve().parents[1] / "docs" / "images" / "coverage.png"
SIZE = {"width": 1280, "height": 800}
READY_MS = 1_500


def main() -> None:
    """Run the study of the sample city, open its map without a network, and save what it shows."""
    asked = study.Study.read(sample.city_dir() / "study.toml")
    english = asked.model_copy(update={"map": asked.map.model_copy(update={"language": "en"})})
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        study.write(study.run(english), folder)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE)
        page.context.set_offline(offline=True)
        page.goto((Path(folder) / "coverage.html").as_uri())
        page.wait_for_timeout(READY_MS)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=TARGET)
        browser.close()
    print(f"wrote {TARGET.name}")


if __name__ == "__main__":
    main()
