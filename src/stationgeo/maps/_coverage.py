"""The map of a coverage and of the sites that a plan proposes."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd

from stationgeo import stations as station_kinds
from stationgeo.errors import DataError
from stationgeo.maps._backdrop import background_columns, street_columns
from stationgeo.maps._cells import cell_columns, cell_themes, way_unit
from stationgeo.maps._colours import CLASS_COLOURS, CLASSES, short
from stationgeo.maps._encode import number
from stationgeo.maps._frames import check_wgs84
from stationgeo.maps._layers import Bounds, DrawnLayer, Furniture, Opening, layer_control
from stationgeo.maps._page import SelfContainedMap
from stationgeo.maps._places import site_columns, station_columns
from stationgeo.maps._text import Language, check_language, html_language, label, texts
from stationgeo.maps._zones import drawn_zones, zone_columns, zone_themes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import geopandas as gpd

    from stationgeo.coverage import Coverage
    from stationgeo.siting import Siting

_Frame = TypeVar("_Frame", bound=pd.DataFrame)

# Sums in another order differ by less than this share.
_ROUNDING = 1e-9
_WHOLE_FROM = 100

__all__ = ["CoverageMap", "coverage_map"]

_ZOOM_SNAP = 0.5  # stops of the zoom, so that the city fills the page
_START_ZOOM = 11  # until the page's script has fitted the map to its content


class CoverageMap(SelfContainedMap):
    """A map of a coverage, in one file that opens without a network.

    `save` writes it; in a notebook it shows itself. Elements of your own may be added as to any folium map: see
    `SelfContainedMap` for what works without a network.
    """


def coverage_map(
    coverage: Coverage,
    plan: Siting | None = None,
    *,
    streets: gpd.GeoDataFrame | None = None,
    background: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    language: str = "zh",
    attribution: str = "",
    cutoff: str = "",
    catalogue: station_kinds.Catalogue | None = None,
) -> CoverageMap:
    """Draw a coverage, and the sites that a plan proposes.

    Parameters
    ----------
    coverage
        What `stationgeo.coverage.score` returns.
    plan
        What `stationgeo.siting.maximal_cover` returns, if there is a plan.
    streets
        Lines in WGS-84 for orientation, with an optional column ``highway`` (OSM's values) for widths.
    background
        Polygons in WGS-84 for orientation, with an optional column ``kind`` (river, hill, park, ...) for colours.
    title
        Heading of the map and name of the document; plain text.
    language
        ``"zh"``, ``"en"`` or ``"both"``: every word of the page. Names in the data stay as they are.
    attribution
        Whose data it shows, for the corner of the map; plain text. OpenStreetMap data ask for
        ``"© OpenStreetMap contributors"``.
    cutoff
        How far a station serves, in words of the map's language ("750 m", "3 min by e-bike"); plain text. Left out of
        the card where it is ''.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files: what kinds are called, and what they are.

    Returns
    -------
    CoverageMap
        A `folium.Map` with one layer to choose (class of coverage and demand of the cells, covered share of the zones
        of each level) and others to tick (stations by family, clusters, proposed sites, streets, borders, names).

    Raises
    ------
    ParameterError
        If the language is unknown.
    DataError
        If there is nothing to draw, cells have several resolutions, streets are no lines or the background no polygons.
    DatumError
        If zones, stations, sites, streets or background are not in WGS-84.

    Notes
    -----
    The page holds indexes and values of the cells, about 12 bytes each; the browser makes hexagons of them and draws
    them on canvas tiles. Demand is written to 0.02% and shown with three digits, ways to whole metres or seconds, zones
    and streets to 1e-5 degrees (about a metre). Classes of demand are quantiles with limits of two digits, classes of
    covered share are even, and exactly 0 is a class of its own. Seconds of rest (``courier_s``) are shown as hours.
    The same input gives the same bytes.
    O(cells log cells + vertices).

    Examples
    --------
    >>> from stationgeo import maps
    >>> maps.coverage_map.__kwdefaults__["language"]
    'zh'
    """
    spoken = check_language(language)
    words = texts(spoken)
    heading = words["title"] if title is None else title
    frames = {"zones": coverage.zones, "stations": coverage.stations, **({} if plan is None else {"sites": plan.sites})}
    for what, frame in frames.items():
        if len(frame):
            check_wgs84(frame, what=what)
    data = _data(*_in_shown_unit(coverage, plan), language=spoken, cutoff=cutoff, catalogue=catalogue) | {
        "streets": None if streets is None else street_columns(streets),
        "background": None if background is None else background_columns(background),
        "title": heading,
        "attribution": html.escape(attribution),
    }
    (south, west), (north, east) = data["bounds"] or [[0.0, 0.0], [0.0, 0.0]]
    page = CoverageMap(
        title=heading,
        language=html_language(spoken),
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=_START_ZOOM,
        zoom_control=False,
        zoom_snap=_ZOOM_SNAP,
        fade_animation=False,
    )
    page.add_child(Opening(data))
    for layer in _layers(data, words):
        page.add_child(layer)
    page.add_child(layer_control())
    page.add_child(Furniture())
    return page


def _in_shown_unit(coverage: Coverage, plan: Siting | None) -> tuple[Coverage, Siting | None]:
    """Turn amounts into the unit that people read: hours for seconds of rest; other weights stay as they are."""
    size = coverage.unit.size
    known = coverage.headline
    shown = replace(
        coverage,
        cells=_divided(coverage.cells, ("demand",), size),
        zones=_divided(coverage.zones, ("demand", *CLASSES), size),
        stations=_divided(coverage.stations, ("demand", "unique_demand"), size),
        headline={
            **known,
            **{name: known[name] / size for name in ("demand", "outside_demand") if name in known},
        },
    )
    if plan is None:
        return shown, None
    sums = {name: getattr(plan, name) / size for name in ("existing_covered", "total_demand")}
    return shown, replace(plan, sites=_divided(plan.sites, ("demand_gain",), size), **sums)


def _divided(frame: _Frame, columns: tuple[str, ...], size: float) -> _Frame:
    return frame.assign(**{name: frame[name] / size for name in columns})


def _data(
    coverage: Coverage, plan: Siting | None, *, language: Language, cutoff: str,
    catalogue: station_kinds.Catalogue | None,
) -> dict[str, Any]:  # fmt: skip
    """Gather what the page's script is given of the results."""
    words, kinds = texts(language), _kind_names(language, catalogue)
    stations, cells = coverage.stations, coverage.cells
    unit = label(coverage.unit.zh, coverage.unit.en, language=language)
    zones = drawn_zones(coverage.zones)
    columns: dict[str, Any] = {
        "cells": cell_columns(cells, zone_ids=list(zones["zone_id"]), station_ids=list(stations["station_id"])),
        "zones": zone_columns(zones, texts=words),
        "stations": station_columns(stations, kinds=kinds, texts=words, catalogue=catalogue),
        "sites": None,
    }
    if plan is not None:
        columns["sites"] = site_columns(
            plan.sites, kinds=kinds, zone_names=_names(zones, "zone_id"), station_names=_names(stations, "station_id")
        )
    themes: dict[str, Any] = {}
    if columns["cells"]:
        themes |= cell_themes(cells, texts=words, unit=unit)
    if columns["zones"]:
        themes |= zone_themes(zones, texts=words)
    if not themes and not columns["stations"]:
        raise DataError("there is nothing to draw: the coverage has no cell, no zone with a polygon and no station.")
    return {
        "texts": words,
        **columns,
        "themes": themes,
        "class_labels": [words[f"class:{name}"] for name in CLASSES],
        "way_unit": way_unit(cells),
        "unit": unit,
        "bounds": _bounds(zones, plan) if len(zones) else None if columns["cells"] else _bounds(stations, plan),
        "headline": _headline(coverage, plan, words, unit=unit, cutoff=cutoff),
    }


def _layers(data: dict[str, Any], words: Mapping[str, str]) -> Iterator[DrawnLayer]:
    """All layers, in the order of the layer control."""
    bounds: Bounds = data["bounds"] or [[None, None], [None, None]]
    first = True
    for key, theme in data["themes"].items():
        yield DrawnLayer(key, name=html.escape(theme["title"]), overlay=False, show=first, bounds=bounds)
        first = False
    yield DrawnLayer("theme:none", name=words["theme:none"], overlay=False, show=first, bounds=bounds)
    overlays = [
        (f"stations:{group['key']}", group["label"]) for group in (data["stations"] or {"groups": []})["groups"]
    ]
    if data["sites"]:
        overlays.insert(0, ("sites", words["overlay:sites"]))
    if data["streets"]:
        overlays.append(("streets", words["overlay:streets"]))
    if data["zones"]:
        overlays.append(("borders", words["overlay:borders"]))
    overlays.append(("names", words["overlay:names"]))
    for key, name in overlays:
        yield DrawnLayer(key, name=html.escape(name), overlay=True, show=True, bounds=bounds)


def _headline(
    coverage: Coverage, plan: Siting | None, words: Mapping[str, str], *, unit: str, cutoff: str
) -> dict[str, Any]:
    """Gather the numbers on the map's card."""
    known = coverage.headline
    share = number(known.get("covered_share"))
    rows: list[tuple[str, str]] = []
    most = number(known.get("covered_share_high"))
    if share is not None and most is not None and most > share:
        rows.append((words["at_most"], f"{most:.1%}"))
    if number(known.get("demand")) is not None:
        rows.append((f"{words['demand_total']} · {unit}", _total(known["demand"])))
    if "n_stations" in known:
        rows.append((words["stations_counted"], f"{known['n_stations']:,}"))
    if known.get("n_clusters"):
        rows.append((words["clusters"], f"{known['n_clusters']:,}"))
    if known.get("n_zones"):
        where = known.get("n_zones_with_demand", known["n_zones"])
        rows.append((words["blank_zones"], f"{known.get('n_blank_zones', 0):,} / {where:,}"))
    if number(known.get("outside_demand")):
        rows.append((words["outside_demand"], _total(known["outside_demand"])))
    classes = [
        {"label": words[f"class:{name}"], "colour": colour, "share": number(known.get(f"{name}_share")) or 0.0}
        for name, colour in zip(CLASSES, CLASS_COLOURS, strict=True)
    ]
    said = " · ".join(part for part in (words["covered_share"], cutoff) if part)
    return {
        "covered_share": share, "said": said, "classes": classes, "rows": rows,
        "plan": _plan_line(coverage, plan, words),
    }  # fmt: skip


def _total(amount: float) -> str:
    """Write a total as the report writes it, so that the two can be compared."""
    return f"{amount:,.0f}" if amount >= _WHOLE_FROM else short(amount)


def _plan_line(coverage: Coverage, plan: Siting | None, words: Mapping[str, str]) -> dict[str, Any] | None:
    """Say what the sites add, and whether the plan counts demand outside the zones, which the headline does not."""
    if plan is None or plan.sites.empty:
        return None
    after = float(plan.sites.sort_values("rank")["cumulative_share"].iloc[-1])
    before = plan.existing_covered / plan.total_demand
    note = words.get(f"status:{plan.status}", plan.status)
    gap = number(plan.gap)
    if plan.status != "optimal" and gap is not None:
        note = f"{note}; {words['within']} {gap:.2%}"
    if plan.total_demand > coverage.headline.get("demand", np.inf) * (1 + _ROUNDING):
        note = f"{note}; {words['outside_counted']}"
    if coverage.standard is not None and not coverage.standard.by_reach_alone:
        note = f"{note}; {words['by_reach_alone']}"
    return {
        "n": len(plan.sites),
        "share": after,
        "gain": after - before,
        "label": words["with_sites"],
        "note": note,
    }


def _kind_names(language: Language, catalogue: station_kinds.Catalogue | None) -> dict[str, str]:
    table = station_kinds.kinds(catalogue=catalogue)
    return {
        kind: label(zh, en, language=language)
        for kind, zh, en in zip(table["kind"], table["zh"], table["en"], strict=True)
    }


def _names(frame: gpd.GeoDataFrame, key: str) -> dict[str, str]:
    if "name" not in frame.columns:
        return {}
    named = frame[frame["name"].notna()]
    return dict(zip(named[key].astype(str), named["name"].astype(str), strict=True))


def _bounds(frame: gpd.GeoDataFrame, plan: Siting | None) -> Bounds:
    """Box of a table and of the sites, none of which may hide behind the card."""
    boxes = [frame.total_bounds]
    if plan is not None and plan.sites.geometry.notna().any():
        boxes.append(plan.sites.total_bounds)
    lows, highs = np.min(boxes, axis=0), np.max(boxes, axis=0)
    return [[float(lows[1]), float(lows[0])], [float(highs[3]), float(highs[2])]]
