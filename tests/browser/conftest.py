"""The sample city, scored, with three sites proposed; and a browser that has no network."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from stationgeo import coverage, demand, reach, sample, siting, stations, tracks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pandas as pd
    from playwright.sync_api import Browser, Page

    from stationgeo.coverage import Coverage
    from stationgeo.sample import City
    from stationgeo.siting import Siting

NASTY = "<script>window.hacked = true</script><img src=x onerror='window.hacked = true'>"
RESOLUTION = 10
WALK = {"cutoff_m": 500.0, "detour_factor": 1.3}
APP = (
    "Object.entries(window).find(([name, value]) => name.startsWith('map_') && value && value.stationgeo)[1].stationgeo"
)


@dataclass
class Opened:
    """A page, and all that must not happen on it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def app(self, expression: str) -> Any:  # noqa: ANN401 - what the page answers
        """Evaluate an expression of `app`, which the page's script keeps for its map."""
        return self.page.evaluate(f"(() => {{ const app = {APP}; return {expression}; }})()")

    def settle(self) -> None:
        """Wait until two frames have been drawn."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def inked(self, pane: str) -> int:
        """Count pixels that are painted on the canvases of a pane."""
        found: int = self.page.evaluate(
            """(pane) => [...document.querySelectorAll(`.leaflet-${pane}-pane canvas`)].reduce((sum, canvas) => {
                const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
                for (let k = 3; k < data.length; k += 4) if (data[k]) sum++;
                return sum;
            }, 0)""",
            pane,
        )
        return found


@pytest.fixture(scope="session")
def city() -> City:
    return sample.load_city()


@pytest.fixture(scope="session")
def rests(city: City) -> pd.DataFrame:
    stops = tracks.find_stops(city.fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    return demand.from_stops(stops, zones=city.zones, resolution=RESOLUTION, tz="Asia/Shanghai")


@pytest.fixture(scope="session")
def within(city: City) -> pd.DataFrame:
    return reach.within_distance(stations.counted(city.stations), resolution=RESOLUTION, **WALK)


@pytest.fixture(scope="session")
def scored(city: City, rests: pd.DataFrame, within: pd.DataFrame) -> Coverage:
    found = coverage.score(rests, within, stations=city.stations, zones=city.zones, weight="courier_s")
    named = found.stations.copy()
    named.loc[named.index[0], "name"] = NASTY
    return replace(found, stations=named)


@pytest.fixture(scope="session")
def plan(city: City, rests: pd.DataFrame, within: pd.DataFrame) -> Siting:
    places = city.candidates.rename(columns={"candidate_id": "station_id"})
    could = reach.within_distance(places, resolution=RESOLUTION, **WALK)
    return siting.maximal_cover(
        rests,
        could,
        n_stations=3,
        weight="courier_s",
        existing=within,
        candidates=city.candidates,
        stations=city.stations,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        reason = "no Chromium: set CHROMIUM to its path, or install Debian's package chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Callable[..., AbstractContextManager[Opened]]:
    """Open a file with the network blocked and wait for its map."""

    @contextmanager
    def open_file(path: Path, **options: Any) -> Iterator[Opened]:  # noqa: ANN401 - of a browser's context
        context = browser.new_context(offline=True, **{"viewport": {"width": 1280, "height": 800}, **options})
        seen = Opened(context.new_page())
        context.route("**/*", lambda route: route.continue_() if route.request.url == path.as_uri() else route.abort())
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("pageerror", lambda error: seen.errors.append(str(error)))
        seen.page.on("console", lambda message: seen.errors.append(message.text) if message.type == "error" else None)
        seen.page.goto(path.as_uri())
        seen.page.wait_for_function(f"() => {APP}.readyAt > 0", timeout=30_000)
        seen.settle()
        yield seen
        context.close()
        # Data in the page itself are no requests.
        assert [url for url in seen.requests if not url.startswith("data:")] == [path.as_uri()]
        assert seen.errors == []

    return open_file
