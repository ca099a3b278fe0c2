"""The city's plane of metres and its longitudes and latitudes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stationgeo import crs

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["Plane"]

# 1e-7 degrees are about a centimetre; equal points round to equal points, so that shared edges stay shared.
_DECIMALS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """A plane that is scaled to degrees by constants, so that straight lines stay straight."""

    lon: float
    """Longitude of the centre."""
    lat: float
    """Latitude of the centre."""

    def to_lonlat(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Metres east and north of the centre to degrees, rounded to 1e-7."""
        per_lon, per_lat = crs.metres_per_degree(self.lat)
        lon = self.lon + np.asarray(x, dtype=np.float64) / per_lon
        lat = self.lat + np.asarray(y, dtype=np.float64) / per_lat
        return np.round(lon, _DECIMALS), np.round(lat, _DECIMALS)
