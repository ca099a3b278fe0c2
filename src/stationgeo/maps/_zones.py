"""Zones as columns for the page, and how each level of them is shaded."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from stationgeo.maps._colours import CLASSES, SHARE_COLOURS, SHARE_LIMITS
from stationgeo.maps._frames import plain_numbers, plain_texts
from stationgeo.maps._paths import points, rings
from stationgeo.schema import LEVELS, OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

__all__ = ["drawn_zones", "zone_columns", "zone_themes"]


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
        "ids": plain_texts(zones["zone_id"]),
        "names": plain_texts(zones["name"]),
        "demand": plain_numbers(zones["demand"]),
        "share": plain_numbers(zones["covered_share"]),
        "shareClass": [-1 if np.isnan(one) else int(np.searchsorted(SHARE_LIMITS, one, side="left")) for one in share],
        "classes": [plain_numbers(zones[name]) for name in CLASSES],
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


def _levels(zones: gpd.GeoDataFrame) -> list[str]:
    """Levels that are present, lowest first (`drawn_zones` has put them in order)."""
    return list(dict.fromkeys(zones["level"]))
