"""Fixes whose places are told in metres."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stationgeo import crs

START = pd.Timestamp("2024-05-06 07:00", tz="UTC")


def fixes_of(
    seconds: Any,  # noqa: ANN401 - anything array-like
    east_m: Any = 0.0,  # noqa: ANN401
    north_m: Any = 0.0,  # noqa: ANN401
    *,
    courier: str = "a",
    lon: float = 114.05,
    lat: float = 22.54,
) -> pd.DataFrame:
    """FIXES of one courier, in metres about a place; the first second is 7:00 UTC, 15:00 in Shanghai."""
    per_lon, per_lat = crs.metres_per_degree(lat)
    seconds = np.asarray(seconds, dtype=float)
    return pd.DataFrame(
        {
            "courier_id": pd.Series(courier, index=range(seconds.size), dtype="str"),
            "t": (START + pd.to_timedelta(seconds, unit="s")).as_unit("ms"),
            "lon": (lon + np.asarray(east_m) / per_lon + 180) % 360 - 180 + np.zeros(seconds.size),
            "lat": lat + np.asarray(north_m) / per_lat + np.zeros(seconds.size),
        }
    )
