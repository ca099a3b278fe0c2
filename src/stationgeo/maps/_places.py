"""Zones, stations, sites and streets as columns for the page."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from stationgeo import stations as station_kinds
from stationgeo.errors import DataError, DatumError, first_few
from stationgeo.maps._colours import (
    CLASSES,
    FAMILY_COLOURS,
    OTHER_FAMILY_COLOUR,
    SHARE_COLOURS,
    SHARE_LIMITS,
)
from stationgeo.maps._encode import delta_text, lines, number, points, rings, small_text
from stationgeo.schema import LEVELS, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import IntArray

__all__ = [
    "background_columns",
    "check_wgs84",
    "drawn_zones",
    "site_columns",
    "station_columns",
    "street_columns",
    "zone_columns",
    "zone_themes",
]

_WGS84 = 4326

# Signs of kinds, as assets/points.js draws them; a kind that is not here has the sign of its family.
_SHAPES = {
    "warm_bee": "circle",
    "driver_home": "triangle",
    "merchant": "dot",
    "outdoor_worker": "hexagon",
    "trucker_point": "inverted",
    "service_centre": "square",
    "red_station": "diamond",
}
_FAMILY_SHAPES = {"warm_bee": "circle", "service_centre": "square"}
_OTHER_SHAPE = "pentagon"

# Values of OSM's `highway`, by the class that assets/background.js draws them in.
_THROUGH, _DISTRIBUTOR, _OTHER_STREET, _PATH = range(4)
_HIGHWAYS = {
    **dict.fromkeys(("motorway", "trunk", "primary"), _THROUGH),
    **dict.fromkeys(("secondary", "tertiary"), _DISTRIBUTOR),
    **dict.fromkeys(("footway", "path", "steps", "pedestrian", "cycleway", "track", "bridleway", "corridor"), _PATH),
}
# Areas for orientation, by the class that assets/background.js paints them in.
_WATER, _GREEN, _OTHER_AREA = range(3)
_AREAS = {
    **dict.fromkeys(("water", "river", "lake", "sea", "canal", "reservoir"), _WATER),
    **dict.fromkeys(("hill", "park", "forest", "wood", "grass", "green"), _GREEN),
}
_AREA_TYPES = ("Polygon", "MultiPolygon")
_LINE_TYPES = ("LineString", "MultiLineString", "LinearRing")


def check_wgs84(frame: gpd.GeoDataFrame, *, what: str) -> None:
    """Refuse geometry that is not in longitude and latitude on WGS-84.

    Parameters
    ----------
    frame
        Any table with geometry.
    what
        What to call it in the message.

    Raises
    ------
    DatumError
        If its CRS is missing or another one.
    """
    if frame.crs is None or frame.crs.to_epsg() != _WGS84:
        given = "none" if frame.crs is None else str(frame.crs.to_string())
        raise DatumError(
            f"{what}: a map needs WGS-84 longitude and latitude (EPSG:4326). Got CRS {given} instead. "
            "Bring it there with stationgeo.crs.geometry_to_wgs84, which also knows the datum."
        )


def drawn_zones(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take the rows that can be drawn: those that have an id and a polygon.

    Parameters
    ----------
    zones
        Zones of a coverage, with a row of no id per level for what lies outside.

    Returns
    -------
    GeoDataFrame
        Lowest level first, in the order given within a level.
    """
    kept = zones[(zones["zone_id"] != OUTSIDE) & zones.geometry.notna() & ~zones.geometry.is_empty]
    order = kept["level"].map({level: rank for rank, level in enumerate(LEVELS)}).fillna(len(LEVELS))
    return kept.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)


def zone_columns(zones: gpd.GeoDataFrame, *, texts: Mapping[str, str]) -> dict[str, Any] | None:
    """Write the zones for the page.

    Parameters
    ----------
    zones
        Of `drawn_zones`.
    texts
        Of the map's language.

    Returns
    -------
    dict or None
        Columns; None if there is no zone.
    """
    if zones.empty:
        return None
    levels = _levels(zones)
    place = zones.geometry.representative_point()
    label = points(shapely.get_x(place.to_numpy()), shapely.get_y(place.to_numpy()))
    share = zones["covered_share"].to_numpy(dtype=np.float64)
    return {
        "levels": [texts.get(f"level:{level}", level) for level in levels],
        "level": [levels.index(level) for level in zones["level"]],
        "ids": _texts(zones["zone_id"]),
        "names": _texts(zones["name"]),
        "demand": _numbers(zones["demand"]),
        "share": _numbers(zones["covered_share"]),
        "shareClass": [-1 if np.isnan(one) else int(np.searchsorted(SHARE_LIMITS, one, side="left")) for one in share],
        "classes": [_numbers(zones[name]) for name in CLASSES],
        "n_stations": [int(count) for count in zones["n_stations"]],
        "label_x": label["x"],
        "label_y": label["y"],
        **rings(zones.geometry.to_numpy()),
    }


def zone_themes(zones: gpd.GeoDataFrame, *, texts: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Describe the shading of each level of zones.

    Parameters
    ----------
    zones
        Of `drawn_zones`.
    texts
        Of the map's language.

    Returns
    -------
    dict
        ``theme:share:0``, ... lowest level first.
    """
    ends = [round(limit * 100) for limit in (*SHARE_LIMITS, 1.0)]
    ranges = ["0%", *(f"{low}–{high}%" if low else f">0–{high}%" for low, high in pairwise(ends))]
    rows = [{"colours": [colour], "label": text} for colour, text in zip(SHARE_COLOURS, ranges, strict=True)]
    themes = {}
    for rank, level in enumerate(_levels(zones)):
        blank = zones.loc[zones["level"] == level, "covered_share"].isna().any()
        themes[f"theme:share:{rank}"] = {
            "title": f"{texts['theme:share']} · {texts.get(f'level:{level}', level)}",
            "unit": "",
            "colours": list(SHARE_COLOURS),
            "rows": [*rows, *([{"colours": [], "hatch": True, "label": texts["no_demand"]}] if blank else [])],
            "note": texts["breaks:equal"],
        }
    return themes


def station_columns(
    stations: gpd.GeoDataFrame,
    *,
    kinds: Mapping[str, str],
    texts: Mapping[str, str],
    catalogue: station_kinds.Catalogue | None = None,
) -> dict[str, Any] | None:
    """Write the stations for the page.

    Parameters
    ----------
    stations
        Stations of a coverage.
    kinds
        What each kind is called; a kind that is not there is shown as it is written.
    texts
        Of the map's language.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    dict or None
        Columns, with ``kinds`` (sign, colour, group, label, count) and ``groups`` (key and label of each layer);
        None if there is no station.
    """
    if stations.empty:
        return None
    place = _places(stations.geometry)
    families = sorted(stations.loc[stations["counted"], "family"].unique(), key=_family_order)
    signs = stations[["kind", "family", "counted"]].drop_duplicates()
    signs = signs.sort_values(["counted", "family", "kind"], ascending=[False, False, True], kind="stable")
    keys = list(signs.itertuples(index=False, name=None))
    counts = stations.groupby(["kind", "family", "counted"]).size()
    groups = [
        {"key": str(rank), "label": texts.get(f"family:{family}", family)} for rank, family in enumerate(families)
    ]
    if not stations["counted"].all():
        groups.append({"key": "cluster", "label": texts["overlay:cluster"]})
    # A cluster counts for no family; it has the colour of what it is made of.
    members = station_kinds.kinds(catalogue=catalogue).set_index("kind")["family"].to_dict()
    outlines, owner = _cluster_shapes(stations.geometry)
    return {
        **points(place[:, 0], place[:, 1]),
        "ids": _texts(stations["station_id"]),
        "names": _texts(stations.get("name")) or [""] * len(stations),
        "hours": _texts(stations.get("opening_hours")) or [""] * len(stations),
        "kind": delta_text(
            [keys.index(key) for key in stations[["kind", "family", "counted"]].itertuples(index=False, name=None)]
        ),
        "demand": _numbers(stations["demand"]),
        "unique": _numbers(stations["unique_demand"]),
        "kinds": [
            {
                "label": kinds.get(kind, kind),
                "shape": _SHAPES.get(kind, _FAMILY_SHAPES.get(family, _OTHER_SHAPE)),
                "colour": FAMILY_COLOURS.get(family or members.get(kind, ""), OTHER_FAMILY_COLOUR),
                "cluster": not counted,
                "group": str(families.index(family)) if counted else "cluster",
                "n": int(counts[kind, family, counted]),
            }
            for kind, family, counted in keys
        ],
        "groups": groups,
        "shapes": outlines,
        "shapes_of": owner,
    }


def site_columns(
    sites: gpd.GeoDataFrame,
    *,
    kinds: Mapping[str, str],
    zone_names: Mapping[str, str],
    station_names: Mapping[str, str],
) -> dict[str, Any] | None:
    """Write the proposed sites for the page.

    Parameters
    ----------
    sites
        Sites of a plan; those without a place (a plan made from ids alone) cannot be drawn.
    kinds
        What each kind is called.
    zone_names, station_names
        Names by id; what is not there is shown by its id.

    Returns
    -------
    dict or None
        Columns in the order of ranks; None if there is no site to draw.
    """
    placed = sites[sites.geometry.notna()]
    if placed.empty:
        return None
    table = placed.sort_values("rank", kind="stable")
    place = _places(table.geometry)
    blank = [""] * len(table)
    names, hosts = _texts(table.get("name")) or blank, _texts(table.get("host")) or blank
    empty = [None] * len(table)
    return {
        **points(place[:, 0], place[:, 1]),
        "rank": [int(rank) for rank in table["rank"]],
        "name": [name or candidate for name, candidate in zip(names, _texts(table["candidate_id"]), strict=True)],
        "label": [name or host for name, host in zip(names, hosts, strict=True)],
        "action": _texts(table["action"]),
        "kind": [kinds.get(kind, kind) for kind in _texts(table["kind"])],
        "host": hosts,
        "zone": [zone_names.get(zone, zone) for zone in _texts(table.get("zone_id")) or blank],
        "gain": _numbers(table["demand_gain"]),
        "share": _numbers(table["cumulative_share"]),
        "cost_build": _numbers(table.get("cost_build")) or empty,
        "cost_per_year": _numbers(table.get("cost_per_year")) or empty,
        "nearest": [station_names.get(one, one) for one in _texts(table.get("nearest_station_id")) or blank],
        "nearest_m": _numbers(table.get("nearest_station_m")) or empty,
    }


def background_columns(background: gpd.GeoDataFrame) -> dict[str, Any] | None:
    """Write water, hills and parks for the page.

    Parameters
    ----------
    background
        Polygons in WGS-84; an optional column ``kind`` (river, hill, ...) sets colours.

    Returns
    -------
    dict or None
        Columns; None if there is no area.

    Raises
    ------
    DataError
        If something is no polygon.
    DatumError
        If the CRS is not WGS-84.
    """
    there = _present(background, what="background", types=_AREA_TYPES, called="a polygon")
    if there.empty:
        return None
    kinds = [_AREAS.get(str(kind), _OTHER_AREA) for kind in there.get("kind", [""] * len(there))]
    return {**rings(there.geometry.to_numpy()), "kind": small_text(kinds, dtype=np.uint8)}


def street_columns(streets: gpd.GeoDataFrame) -> dict[str, Any] | None:
    """Write the streets for the page.

    Parameters
    ----------
    streets
        LineStrings in WGS-84; an optional column ``highway`` with OSM's values (or lists of them) sets widths.

    Returns
    -------
    dict or None
        Columns; None if there is no street.

    Raises
    ------
    DataError
        If something is no line.
    DatumError
        If the CRS is not WGS-84.
    """
    there = _present(streets, what="streets", types=_LINE_TYPES, called="a line")
    if there.empty:
        return None
    kinds = _street_classes(there["highway"]) if "highway" in there.columns else np.full(len(there), _OTHER_STREET)
    paths, row = lines(there.geometry.to_numpy())
    return {**paths, "kind": small_text(kinds[row], dtype=np.uint8), "ranked": "highway" in there.columns}


def _present(frame: gpd.GeoDataFrame, *, what: str, types: tuple[str, ...], called: str) -> gpd.GeoDataFrame:
    """Rows that have geometry, all of them of the right type and in WGS-84."""
    check_wgs84(frame, what=what)
    there = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    strange = ~there.geom_type.isin(types)
    if strange.any():
        raise DataError(
            f"{what}: every geometry must be {called}; {int(strange.sum()):,} of {len(there):,} rows are not: "
            f"{first_few(f'{kind} (row {row})' for row, kind in there.geom_type[strange].head(4).items())}."
        )
    return there


def _street_classes(highway: pd.Series[Any]) -> IntArray:
    def one(value: object) -> int:
        first = next(iter(value), "") if isinstance(value, (list, tuple, np.ndarray)) else value
        return _HIGHWAYS.get(str(first).strip("[]' ").split("'")[0].removesuffix("_link"), _OTHER_STREET)

    return np.array([one(value) for value in highway], dtype=np.int64)


def _levels(zones: gpd.GeoDataFrame) -> list[str]:
    """Levels that are present, lowest first (`drawn_zones` has put them in order)."""
    return list(dict.fromkeys(zones["level"]))


def _family_order(family: str) -> tuple[int, str]:
    known = list(FAMILY_COLOURS)
    return (known.index(family) if family in known else len(known), family)


def _places(geometry: gpd.GeoSeries) -> npt.NDArray[np.float64]:
    """Where the sign goes: the point itself, or a point on the line or in the area that a cluster is."""
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(geometry.to_numpy())), dtype=np.float64)


def _cluster_shapes(geometry: gpd.GeoSeries) -> tuple[dict[str, Any] | None, list[int]]:
    """Lines of what is no point: a street of stations as itself, an area by its border."""
    wide = np.flatnonzero(geometry.geom_type != "Point")
    if wide.size == 0:
        return None, []
    shapes = geometry.to_numpy()[wide]
    areas = shapely.get_dimensions(shapes) == 2  # noqa: PLR2004 - polygons have two dimensions
    paths, row = lines(np.where(areas, shapely.boundary(shapes), shapes))
    return paths, wide[row].tolist()


def _texts(column: pd.Series[Any] | None) -> list[str]:
    return [] if column is None else ["" if pd.isna(value) else str(value) for value in column]


def _numbers(column: pd.Series[Any] | None) -> list[float | None]:
    return [] if column is None else [None if pd.isna(value) else number(value) for value in column]
