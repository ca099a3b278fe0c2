"""Places in metres about a point, and stations there."""

from __future__ import annotations

from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import crs

LON, LAT = 114.0, 22.5
PER_LON, PER_LAT = (float(metres) for metres in crs.metres_per_degree(LAT))
_Metres = TypeVar("_Metres", float, np.ndarray)


def lonlat(x_m: _Metres, y_m: _Metres) -> tuple[_Metres, _Metres]:
    """Degrees of a place, or of arrays of them, so many metres east and north of (LON, LAT)."""
    return LON + x_m / PER_LON, LAT + y_m / PER_LAT


def make_stations(points: list[tuple[float, float]], names: list[str] | None = None) -> gpd.GeoDataFrame:
    """Stations at metres east and north; s0, s1, ... unless they are named."""
    geometry = gpd.points_from_xy([lonlat(*point)[0] for point in points], [lonlat(*point)[1] for point in points])
    ids = [f"s{i}" for i in range(len(points))] if names is None else names
    return gpd.GeoDataFrame({"station_id": pd.Series(ids, dtype="str")}, geometry=geometry, crs="EPSG:4326")
