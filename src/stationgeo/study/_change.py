"""A change of stations and streets that a study asks about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["Change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is changed."""

    close: tuple[str, ...]
    """Stations that close."""
    stations: gpd.GeoDataFrame | None
    """STATIONS that open or, where their id is there already, move."""
    access: gpd.GeoDataFrame | None
    """ACCESS_POINTS at which these are met; the others are met where they stand."""
    blocked: gpd.GeoDataFrame | None
    """Areas in which streets are closed."""
