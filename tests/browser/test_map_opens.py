from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import folium
import numpy as np
import pytest

from stationgeo import cells, maps

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from conftest import Opened
    from stationgeo.coverage import Coverage
    from stationgeo.sample import City
    from stationgeo.siting import Siting

    Open = Callable[..., AbstractContextManager[Opened]]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def saved(city: City, scored: Coverage, plan: Siting, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The map of the sample city, in English."""
    page: Any = maps.coverage_map(
        scored, plan, streets=city.edges, background=city.background, title="Yunxi <b>", language="en"
    )
    path = tmp_path_factory.mktemp("map") / "coverage.html"
    page.save(path)
    return path


def tip(seen: Opened) -> str:
    seen.page.wait_for_timeout(60)  # a moved pointer is looked at in the next frame
    node = seen.page.locator(".sg-tip")
    return node.inner_text() if node.is_visible() else ""


def point_at(seen: Opened, lon: float, lat: float) -> None:
    """Bring a place to the middle of the map and the pointer to it."""
    seen.app(f"app.map.setView([{lat}, {lon}], 17, {{ animate: false }})")
    seen.settle()
    place = seen.app(f"app.map.latLngToContainerPoint([{lat}, {lon}])")
    seen.page.mouse.move(place["x"] - 3, place["y"])
    seen.page.mouse.move(place["x"], place["y"])


def test_it_opens_without_a_network_and_draws_everything(saved: Path, opened: Open) -> None:
    with opened(saved) as seen:
        assert seen.page.title() == "Yunxi <b>"
        assert seen.page.locator(".sg-title h1").inner_text() == "Yunxi <b>"
        for pane in ("sg-land", "sg-areas", "sg-fill", "sg-streets", "sg-borders", "sg-stations", "sg-labels"):
            assert seen.inked(pane) > 500, pane
        assert seen.page.locator(".sg-site-icon").count() == 3
        assert seen.app("window.hacked") is None


def test_the_page_reads_back_what_was_scored(saved: Path, opened: Open, scored: Coverage) -> None:
    table = scored.cells.sort_values("cell")
    with opened(saved) as seen:
        ids = seen.app("Array.from({ length: app.cells.n }, (_, i) => app.cells.id(i))")
        demand_h = seen.app("Array.from(app.cells.demand)")
        classes = seen.app("Array.from({ length: app.cells.n }, (_, i) => app.cells.class(i))")
        found = seen.app("Array.from({ length: app.cells.n }, (_, i) => app.cells.find(app.cells.id(i)))")
        x, y = seen.app("[Array.from(app.cells.x), Array.from(app.cells.y)]")
    assert ids == cells.to_text(table["cell"].to_numpy()).tolist()
    assert found == list(range(len(table)))
    np.testing.assert_allclose(demand_h, table["demand"] / 3600, rtol=2e-4)
    assert [maps._colours.CLASSES[code] for code in classes] == table["class"].tolist()
    lon, lat = cells.centres(table["cell"].to_numpy())
    np.testing.assert_allclose(np.array(x) / 256 * 360 - 180, lon, atol=1e-9)
    np.testing.assert_allclose(np.degrees(np.arctan(np.sinh(np.pi * (1 - np.array(y) / 128)))), lat, atol=1e-9)


def test_a_cell_under_the_pointer_says_what_it_is(saved: Path, opened: Open, scored: Coverage) -> None:
    covered = scored.cells[scored.cells["covered"] & (scored.cells["demand"] > 0)].sort_values("demand").iloc[-1]
    lon, lat = cells.centres(np.array([covered["cell"]], dtype=np.uint64))
    with opened(saved) as seen:
        for box in seen.page.locator(".leaflet-control-layers-overlays input").all():
            box.uncheck()  # nothing lies over the cells now
        point_at(seen, float(lon[0]), float(lat[0]))
        text = tip(seen)
        assert cells.to_text(np.array([covered["cell"]], dtype=np.uint64))[0] in text
        assert "Covered\tyes" in text
        assert f"Stations in reach\t{covered['n_stations']}" in text
        name = scored.stations.set_index("station_id").loc[covered["nearest_station_id"], "name"]
        assert str(name) in text
        seen.page.mouse.move(640, 2)
        seen.app("app.map.setView([0, 0], 17, { animate: false })")
        assert tip(seen) == ""


def test_a_zone_under_the_pointer_says_what_it_is(saved: Path, opened: Open, scored: Coverage) -> None:
    zones = scored.zones[scored.zones["level"] == "street"]
    zone = zones[zones["zone_id"] != ""].iloc[0]
    place = zone.geometry.representative_point()
    with opened(saved) as seen:
        for box in seen.page.locator(".leaflet-control-layers-overlays input").all():
            box.uncheck()
        seen.page.get_by_label("Covered share · Subdistrict").check()
        point_at(seen, place.x, place.y)
        text = tip(seen)
        assert text.startswith(zone["name"])
        assert f"Covered share\t{zone['covered_share']:.1%}" in text
        for label in ("Warm-bee type only", "Service centres only", "Both", "Neither"):
            assert label in text


def test_a_name_in_the_data_is_text_wherever_it_is_shown(saved: Path, opened: Open, scored: Coverage) -> None:
    place = scored.stations.geometry.iloc[0]
    with opened(saved) as seen:
        point_at(seen, place.x, place.y)
        assert "<script>window.hacked" in tip(seen)
        assert seen.app("window.hacked") is None


def test_a_door_with_several_brands_names_them_all(saved: Path, opened: Open, scored: Coverage) -> None:
    places = scored.stations.geometry
    shared = scored.stations[places.duplicated(keep=False) & (places == places[places.duplicated()].iloc[0])]
    place = shared.geometry.iloc[0]
    with opened(saved) as seen:
        point_at(seen, place.x, place.y)
        assert all(str(name) in tip(seen) for name in shared["name"])
        assert "Same place" in tip(seen)


def test_sites_are_numbered_and_tell_their_gain_to_pointer_and_keyboard(
    saved: Path, opened: Open, plan: Siting
) -> None:
    with opened(saved) as seen:
        badges = seen.page.locator(".sg-site-icon")
        assert sorted(badges.all_inner_texts()) == ["1", "2", "3"]
        first = badges.filter(has_text="1")
        first.focus()
        assert tip(seen).startswith("Rank 1")
        best = plan.sites.set_index("rank").loc[1]
        assert best["host"] in tip(seen)
        assert f"Cumulative share\t{best['cumulative_share']:.1%}" in tip(seen)
        assert f"Distance\t{round(best['nearest_station_m'])} m" in tip(seen)


def test_the_control_switches_layers_and_the_legend_follows(saved: Path, opened: Open) -> None:
    with opened(saved) as seen:
        legend = seen.page.locator(".sg-legend")
        assert legend.locator("h3").inner_text() == "Coverage class"
        seen.page.get_by_label("Demand", exact=True).check()
        seen.settle()
        assert legend.locator("h3").inner_text() == "Demand"
        assert "hours of rest" in legend.inner_text()
        seen.page.get_by_label("Covered share · Grid").check()
        seen.settle()
        assert seen.inked("sg-fill") > 500
        assert "80–100%" in legend.inner_text()
        seen.page.get_by_label("No shading").check()
        seen.settle()
        assert seen.inked("sg-fill") == 0
        assert "party-and-masses" in legend.inner_text()
        for label in ("Service centres", "Warm-bee type stations", "Clusters (not counted)"):
            seen.page.get_by_label(label, exact=True).uncheck()
        seen.settle()
        assert seen.inked("sg-stations") == 0
        assert "party-and-masses" not in legend.inner_text()


def test_zooming_far_in_and_out_keeps_drawing(saved: Path, opened: Open) -> None:
    with opened(saved) as seen:
        for zoom in (5, 12.5, 13, 16, 19):
            seen.app(f"app.map.setZoom({zoom}, {{ animate: false }})")
            seen.settle()
            assert seen.inked("sg-fill") > 0 or zoom >= 16, zoom
        home = seen.page.locator(".sg-home")
        home.click()
        seen.settle()
        assert seen.app("app.map.getBounds().contains(app.bounds)")


def test_layers_of_the_caller_live_beside_ours(scored: Coverage, opened: Open, tmp_path: Path) -> None:
    page: Any = maps.coverage_map(scored, language="en")
    (south, west), (north, east) = page.get_bounds()
    square = {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, south]]]}
    folium.GeoJson(square, name="Mine", tooltip="my tooltip").add_to(page)
    folium.Marker([north, east], popup="<b>popup</b>", icon=folium.Icon(color="red")).add_to(page)
    folium.Marker([south, west], tooltip="plain").add_to(page)
    page.keep_in_front(folium.FeatureGroup("Front").add_to(page))
    page.save(tmp_path / "mine.html")
    with opened(tmp_path / "mine.html") as seen:
        assert seen.page.get_by_label("Mine").is_checked()
        seen.page.get_by_label("Mine").uncheck()
        assert seen.page.locator(".leaflet-overlay-pane path").count() == 0
        seen.page.get_by_label("Mine").check()
        assert seen.page.locator(".leaflet-overlay-pane path").count() == 1
        assert seen.page.locator(".leaflet-marker-pane img").count() == 2
        seen.page.locator(".leaflet-marker-pane img").first.click(force=True)
        assert seen.page.locator(".leaflet-popup-content b").inner_text() == "popup"


def test_a_notebook_shows_it(scored: Coverage, opened: Open, tmp_path: Path) -> None:
    shown = maps.coverage_map(scored)._repr_html_()
    source = html.unescape(shown.split('srcdoc="', 1)[1].split('"', 1)[0])
    (tmp_path / "inner.html").write_text(source, encoding="utf-8", newline="")
    with opened(tmp_path / "inner.html", viewport={"width": 900, "height": 540}) as seen:
        assert seen.inked("sg-fill") > 500
        card, legend = (seen.page.locator(name).bounding_box() for name in (".sg-title", ".sg-legend"))
        assert card is not None
        assert legend is not None
        assert card["y"] + card["height"] <= legend["y"]


def test_a_telephone_has_room_for_the_map(saved: Path, opened: Open, scored: Coverage) -> None:
    options = {
        "viewport": {"width": 390, "height": 780},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    }
    with opened(saved, **options) as seen:
        card = seen.page.locator(".sg-title").bounding_box()
        assert card is not None
        assert card["height"] < 80
        assert not seen.page.locator(".leaflet-control-layers-list").is_visible()
        at = int(np.argmax(scored.cells.sort_values("cell")["demand"]))
        place = seen.app(f"app.map.latLngToContainerPoint(stationgeo.latLng(app.cells.x[{at}], app.cells.y[{at}]))")
        seen.page.touchscreen.tap(place["x"], place["y"])
        assert tip(seen) != ""
        seen.page.locator(".leaflet-control-layers-toggle").tap()
        assert seen.page.locator(".leaflet-control-layers-list").is_visible()


def test_stations_without_cells_or_zones(scored: Coverage, opened: Open, tmp_path: Path) -> None:
    bare: Any = type(scored)(
        cells=scored.cells.iloc[:0], zones=scored.zones.iloc[:0], stations=scored.stations, bins=scored.bins.iloc[:0],
        headline={}, parameters={},
    )  # fmt: skip
    maps.coverage_map(bare).save(tmp_path / "bare.html")
    with opened(tmp_path / "bare.html") as seen:
        assert seen.inked("sg-stations") > 100


def test_cells_alone(scored: Coverage, opened: Open, tmp_path: Path) -> None:
    bare: Any = type(scored)(
        cells=scored.cells, zones=scored.zones.iloc[:0], stations=scored.stations.iloc[:0], bins=scored.bins,
        headline={}, parameters={"weight": "visits"},
    )  # fmt: skip
    maps.coverage_map(bare, language="both").save(tmp_path / "cells.html")
    with opened(tmp_path / "cells.html") as seen:
        assert seen.inked("sg-fill") > 500
