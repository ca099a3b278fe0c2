"""A folium map in one file that opens without a network, and comes out as the same bytes each time."""

from __future__ import annotations

import base64
import html
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure
from folium.template import Template

__all__ = ["Page", "SelfContainedMap", "asset_bytes", "listing", "renumbered"]

_ASSETS = Path(__file__).resolve().parent / "assets"

_SCRIPTS = (
    "leaflet/leaflet.js",
    "h3-js/h3-js.umd.js",
    "shims.js",
    "core.js",
    "cells.js",
    "zones.js",
    "background.js",
    "points.js",
    "labels.js",
    "panel.js",
    "app.js",
)
_STYLES = ("leaflet/leaflet.css", "map.css")
_ICONS = ("marker-icon.png", "marker-icon-2x.png", "marker-shadow.png")

_URL_OF_IMAGE = re.compile(r"url\((images/[\w-]+\.png)\)")
_SOURCE_MAP = re.compile(r"^//[#@] sourceMappingURL=.*$", re.MULTILINE)
_FOLIUM_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")


def asset_bytes(path: str) -> bytes:
    """Read a file that maps carry.

    Parameters
    ----------
    path
        Below ``maps/assets``, with forward slashes.

    Returns
    -------
    bytes
        As it is on disk.

    Examples
    --------
    >>> asset_bytes("leaflet/LICENSE").startswith(b"BSD 2-Clause License")
    True
    """
    return (_ASSETS / path).read_bytes()


def listing() -> dict[str, Any]:
    """Return ``assets.toml``: what maps carry of other people's work.

    Returns
    -------
    dict
        ``package``: a list of name, version, licence, copyright and files with their checksums.

    Examples
    --------
    >>> [package["name"] for package in listing()["package"]]
    ['leaflet', 'h3-js']
    """
    return tomllib.loads(asset_bytes("assets.toml").decode("utf-8"))


def renumbered(page: str, ids: set[str]) -> str:
    """Replace folium's random ids by 1, 2, 3, ... in the order in which they appear.

    Parameters
    ----------
    page
        Rendered HTML.
    ids
        The ids, 32 hexadecimal digits each; whatever else looks like one (a station's code, say) stays.

    Returns
    -------
    str
        The page with short ids.

    Notes
    -----
    O(length of the page).

    Examples
    --------
    >>> renumbered("map_" + "a" * 32 + " " + "b" * 32, {"a" * 32})
    'map_1 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'
    """
    numbers: dict[str, str] = {}

    def short(match: re.Match[str]) -> str:
        given = match.group()
        if given not in ids:
            return given
        return numbers.setdefault(given, str(len(numbers) + 1))

    return _FOLIUM_ID.sub(short, page)


class Page(Figure):
    """The HTML document around a map.

    Parameters
    ----------
    title
        Of the document; plain text.
    language
        Its language tag.

    Examples
    --------
    >>> '<html lang="en">' in Page(title="Coverage", language="en").render()
    True
    """

    _template = Template(
        "<!DOCTYPE html>\n"
        '<html lang="{{ this.language }}">\n'
        "<head>\n"
        "<title>{{ this.title }}</title>\n"
        "{{ this.header.render(**kwargs) }}\n"
        "</head>\n"
        "<body>\n"
        "{{ this.html.render(**kwargs) }}\n"
        "<script>\n"
        "{{ this.script.render(**kwargs) }}\n"
        "</script>\n"
        "</body>\n"
        "</html>\n",
    )

    def __init__(self, *, title: str, language: str) -> None:
        super().__init__(title=html.escape(title))
        self.language = html.escape(language)

    def render(self, **kwargs: Any) -> str:  # noqa: ANN401 - branca's signature
        """Render the document with ids that depend on nothing but its content.

        Parameters
        ----------
        **kwargs
            Handed to every element.

        Returns
        -------
        str
            HTML; twice the same for the same content. `save`, `get_root().render()` and the display in notebooks
            all come through here.
        """
        return renumbered(super().render(**kwargs), _ids_below(self))


class SelfContainedMap(folium.Map):
    """A folium map whose page asks nobody for anything.

    Leaflet, h3-js and this package's scripts stand in the page itself; folium's stock scripts (jQuery, Bootstrap,
    icon fonts) do not, and there are no map tiles. Layers of your own may be added as to any folium map, before or
    after the layer control. Vector layers, `folium.GeoJson`, markers, pop-ups and tooltips work without a network;
    `folium.Icon` draws a plain coloured pin, because its glyph is a font. Give a `folium.TileLayer` as
    ``overlay=True``, so that it does not take turns with the shading. Tiles and plugins bring their own links, and
    then the page needs a network for those.

    Parameters
    ----------
    title
        Of the document; plain text.
    language
        Its language tag.
    **options
        Of `folium.Map`.

    Examples
    --------
    >>> page = SelfContainedMap(title="Coverage", language="en").get_root().render()
    >>> "<link" in page or "<script src" in page
    False
    """

    def __init__(self, *, title: str, language: str, **options: Any) -> None:  # noqa: ANN401 - folium's options
        super().__init__(tiles=None, **options)
        # folium keeps these on the class, for all maps of the process: this map's own lists start empty.
        self.default_js: list[tuple[str, str]] = []
        self.default_css: list[tuple[str, str]] = []
        Page(title=title, language=language).add_child(self)

    def render(self, **kwargs: Any) -> Any:  # noqa: ANN401 - folium's signature
        """Put scripts and styles into the page's head, then render the map and what was added to it.

        Parameters
        ----------
        **kwargs
            Handed to every element.

        Returns
        -------
        object
            What folium returns: nothing. The page is ``get_root().render()``.
        """
        head = self.get_root()
        if isinstance(head, Figure):
            head.header.add_child(_Inline(), name="stationgeo_assets", index=1)
        self._children = type(self._children)(sorted(self._children.items(), key=_place_in_script))
        return super().render(**kwargs)  # type: ignore[no-untyped-call]


class _Inline(Element):
    """Scripts, styles and licences as text. Not a template: minified scripts may hold what looks like one."""

    def __init__(self) -> None:
        super().__init__()
        self._name = "Inline"

    def render(self, **_: Any) -> str:  # noqa: ANN401 - branca's signature
        return _inline_text()


class Closing(folium.MacroElement):
    """An element that is rendered after everything else of its map, layer control included."""


def _place_in_script(child: tuple[str, Element]) -> int:
    """Order of the map's children: layers that a user adds must come before the control that lists them."""
    _, element = child
    if isinstance(element, Closing):
        return 2
    return 1 if isinstance(element, folium.LayerControl) else 0


@cache
def _inline_text() -> str:
    parts = [f"<style>{_style(path)}</style>" for path in _STYLES]
    parts += [f"<script>{_script(path)}</script>" for path in _SCRIPTS]
    icons = {name: _data_uri(f"leaflet/images/{name}") for name in _ICONS}
    parts.append(f"<script>stationgeo.inlineIcons({', '.join(repr(icons[name]) for name in _ICONS)});</script>")
    parts += [f'<script type="text/plain">{_notice(package)}</script>' for package in listing()["package"]]
    return "\n".join(parts)


def _text(path: str) -> str:
    return asset_bytes(path).decode("utf-8").replace("\r\n", "\n")


def _script(path: str) -> str:
    """Return a script that cannot end its element early and does not make developer tools fetch a source map."""
    text = _SOURCE_MAP.sub("", _text(path))
    return re.sub(r"<(?=/script|!--)", r"\\x3c", text, flags=re.IGNORECASE)


def _style(path: str) -> str:
    text = _text(path)
    folder = path.rpartition("/")[0]
    return _URL_OF_IMAGE.sub(lambda match: f"url({_data_uri(f'{folder}/{match.group(1)}')})", text)


def _data_uri(path: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(asset_bytes(path)).decode('ascii')}"


def _notice(package: dict[str, Any]) -> str:
    """Licence texts, which both licences want beside every copy."""
    head = f"{package['name']} {package['version']}, copyright {package['copyright']}, {package['licence']}"
    kept = [file["path"] for file in package["file"] if file["path"].endswith(("/LICENSE", "/NOTICE"))]
    return "\n\n".join([head, *(_text(path) for path in kept)])


def _ids_below(root: Element) -> set[str]:
    """Ids of all elements of a page, those that elements keep as attributes included (a marker's icon, say)."""
    found: set[str] = set()
    left: list[Element] = [root]
    while left:
        element = left.pop()
        if element._id not in found:  # noqa: SLF001 - branca has no public name for it
            found.add(element._id)  # noqa: SLF001 - same
            left.extend(element._children.values())  # noqa: SLF001 - same
            left.extend(part for part in vars(element).values() if isinstance(part, Element))
    return found
