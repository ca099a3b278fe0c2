from __future__ import annotations

import hashlib
import html
import io
import re
from typing import TYPE_CHECKING, Any

import folium
import pytest
from branca.element import Figure
from folium.plugins import MarkerCluster

from stationgeo.maps import SelfContainedMap, _page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RESOURCE = re.compile(r"(?:\bsrc\s*=|\bhref\s*=|@import|url\()\s*+['\"]?+(?!data:|#)", re.IGNORECASE)


def own_markup(page: str) -> str:
    """Return the page without scripts of others, licences and comments, which may name addresses."""
    for package in ("leaflet/leaflet.js", "h3-js/h3-js.umd.js"):
        text = _page._script(package)
        assert text in page
        page = page.replace(text, "")
    return re.sub(r'<script type="text/plain">.*?</script>|/\*.*?\*/', "", page, flags=re.DOTALL)


def made() -> SelfContainedMap:
    return SelfContainedMap(title="覆盖 <i>", language="zh", location=[22.5, 114.0])


def with_layers_of_the_caller() -> SelfContainedMap:
    page = made()
    square = {"type": "Polygon", "coordinates": [[[0, 0], [0, 1], [1, 1], [0, 0]]]}
    folium.GeoJson(square, name="mine", tooltip="here", popup=folium.Popup("there")).add_to(page)
    folium.Marker([22.5, 114.0], popup="a <b>popup</b>", icon=folium.Icon(color="red")).add_to(page)
    folium.Marker([22.5, 114.1], tooltip="tip", icon=folium.DivIcon(html="1")).add_to(page)
    group = folium.FeatureGroup("group").add_to(page)
    folium.CircleMarker([22.5, 114.2]).add_to(group)
    folium.LayerControl().add_to(page)
    folium.PolyLine([[22, 114], [23, 114]]).add_to(page)
    folium.FeatureGroup("late").add_to(page)
    return page


@pytest.mark.parametrize("make", [made, with_layers_of_the_caller])
def test_nothing_in_the_page_points_to_another_place(make: Callable[[], SelfContainedMap]) -> None:
    page = make().get_root().render()
    assert "<link" not in page
    assert "sourceMappingURL" not in page
    rest = own_markup(page)
    assert "http:" not in rest.replace("http://www.w3.org/2000/svg", "")  # the name of a namespace, in the shim's pin
    assert "https:" not in rest
    assert [rest[match.start() : match.start() + 60] for match in RESOURCE.finditer(rest)] == []


def test_no_script_or_style_can_end_early() -> None:
    for script in _page._SCRIPTS:
        assert not re.search(r"</script|<!--", _page._script(script), re.IGNORECASE)
    for style in _page._STYLES:
        assert "</style" not in _page._style(style).lower()


@pytest.mark.parametrize("make", [made, with_layers_of_the_caller])
def test_same_content_same_bytes(make: Callable[[], SelfContainedMap]) -> None:
    first, second = make(), make()
    page = first.get_root().render()
    assert page == second.get_root().render()
    assert not re.search(r"_[0-9a-f]{32}", page)


def test_rendering_twice_changes_nothing() -> None:
    page = made()
    assert page.get_root().render() == page.get_root().render()


def test_save_and_display_write_what_render_returns(tmp_path: Path) -> None:
    page = made()
    rendered = page.get_root().render()
    page.save(tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text(encoding="utf-8") == rendered
    buffer = io.BytesIO()
    page.save(buffer, close_file=False)
    assert buffer.getvalue().decode("utf-8") == rendered
    shown = page._repr_html_()
    assert "<iframe srcdoc=" in shown
    assert html.unescape(shown).count(rendered) == 1


def test_ids_of_the_data_stay() -> None:
    like_an_id = "0123456789abcdef" * 2
    page = SelfContainedMap(title=f"st_{like_an_id}", language="en").get_root().render()
    assert f"<title>st_{like_an_id}</title>" in page


def test_title_is_text() -> None:
    assert "<title>覆盖 &lt;i&gt;</title>" in made().get_root().render()


def test_the_control_comes_after_layers_that_are_added_later() -> None:
    page = with_layers_of_the_caller().get_root().render()
    control = re.search(r"let layer_control_\d+ = ", page)
    late = list(re.finditer(r"var feature_group_\d+ = ", page))
    assert control is not None
    assert len(late) == 2
    assert late[-1].start() < control.start()


def test_folium_keeps_its_own_scripts() -> None:
    before = (list(folium.Map.default_js), list(folium.Map.default_css))
    page = made()
    page.add_js_link("mine", "mine.js")
    page.get_root().render()
    assert (folium.Map.default_js, folium.Map.default_css) == before
    assert made().default_js == []
    assert '<script src="mine.js">' in page.get_root().render()


def test_scripts_of_a_plugin_come_after_leaflet() -> None:
    page = made()
    MarkerCluster().add_to(page)
    text = page.get_root().render()
    assert text.index("Leaflet 1.9.4, a JS library") < text.index("leaflet.markercluster")


def test_a_figure_of_the_caller_holds_the_map_too() -> None:
    figure = Figure(height=300)
    made().add_to(figure)
    text = figure.render()
    assert "Leaflet 1.9.4" in text
    assert "<link" not in text


def test_licences_are_in_the_page() -> None:
    text = made().get_root().render()
    assert "leaflet 1.9.4, copyright Volodymyr Agafonkin; CloudMade, BSD-2-Clause" in text
    assert "Redistributions in binary form must reproduce the above copyright" in text
    assert "h3-js 4.5.0, copyright Uber Technologies, Inc., Apache-2.0" in text
    assert "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION" in text


def assets() -> list[dict[str, Any]]:
    return [file for package in _page.listing()["package"] for file in package["file"]]


@pytest.mark.parametrize("file", assets(), ids=lambda file: file["path"])
def test_vendored_files_are_as_listed(file: dict[str, Any]) -> None:
    assert hashlib.sha256(_page.asset_bytes(file["path"])).hexdigest() == file["sha256"]


def test_every_vendored_file_is_listed() -> None:
    there = {
        path.relative_to(_page._ASSETS).as_posix()
        for folder in ("leaflet", "h3-js")
        for path in (_page._ASSETS / folder).rglob("*")
        if path.is_file()
    }
    assert there == {file["path"] for file in assets()}


def test_every_script_of_the_project_is_in_the_page() -> None:
    own = {path.name for path in _page._ASSETS.glob("*.js")}
    assert own == {path for path in _page._SCRIPTS if "/" not in path}
