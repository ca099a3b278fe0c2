"""Stations and sites as columns for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stationgeo import stations as station_kinds
from stationgeo.maps._colours import FAMILY_COLOURS, OTHER_FAMILY_COLOUR
from stationgeo.maps._encode import delta_text
from stationgeo.maps._frames import plain_numbers, plain_texts
from stationgeo.maps._paths import lines, points

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import numpy.typing as npt

__all__ = ["site_columns", "station_columns"]

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
        "ids": plain_texts(stations["station_id"]),
        "names": plain_texts(stations.get("name")) or [""] * len(stations),
        "hours": plain_texts(stations.get("opening_hours")) or [""] * len(stations),
        "kind": delta_text(
            [keys.index(key) for key in stations[["kind", "family", "counted"]].itertuples(index=False, name=None)]
        ),
        "demand": plain_numbers(stations["demand"]),
        "unique": plain_numbers(stations["unique_demand"]),
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
    names, hosts = plain_texts(table.get("name")) or blank, plain_texts(table.get("host")) or blank
    empty = [None] * len(table)
    return {
        **points(place[:, 0], place[:, 1]),
        "rank": [int(rank) for rank in table["rank"]],
        "name": [name or candidate for name, candidate in zip(names, plain_texts(table["candidate_id"]), strict=True)],
        "label": [name or host for name, host in zip(names, hosts, strict=True)],
        "action": plain_texts(table["action"]),
        "kind": [kinds.get(kind, kind) for kind in plain_texts(table["kind"])],
        "host": hosts,
        "zone": [zone_names.get(zone, zone) for zone in plain_texts(table.get("zone_id")) or blank],
        "gain": plain_numbers(table["demand_gain"]),
        "share": plain_numbers(table["cumulative_share"]),
        "cost_build": plain_numbers(table.get("cost_build")) or empty,
        "cost_per_year": plain_numbers(table.get("cost_per_year")) or empty,
        "nearest": [station_names.get(one, one) for one in plain_texts(table.get("nearest_station_id")) or blank],
        "nearest_m": plain_numbers(table.get("nearest_station_m")) or empty,
    }


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
