"""What frames have to be to be drawn, and their columns as plain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.errors import DatumError
from stationgeo.maps._encode import number

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["check_wgs84", "plain_numbers", "plain_texts"]

_WGS84 = 4326


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


def plain_texts(column: pd.Series[Any] | None) -> list[str]:
    """Write a column as texts, '' where there is none; no column gives no texts."""
    return [] if column is None else ["" if pd.isna(value) else str(value) for value in column]


def plain_numbers(column: pd.Series[Any] | None) -> list[float | None]:
    """Round a column's numbers, None where there is none; no column gives no numbers."""
    return [] if column is None else [None if pd.isna(value) else number(value) for value in column]
