"""Streets, water, hills and parks as columns for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.errors import DataError, first_few
from stationgeo.maps._encode import small_text
from stationgeo.maps._frames import check_wgs84
from stationgeo.maps._paths import lines, rings

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.schema import IntArray

__all__ = ["background_columns", "street_columns"]

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
