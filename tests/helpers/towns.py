"""A row of places with demand, reach, stations and zones, as tables of a few lines each."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import Point

from stationgeo import cells
from stationgeo.stations import Offers
from stationgeo.stations._masks import pack_bins

RESOLUTION = 10
STEP_DEG = 0.01
LON0, LAT0 = 114.0, 22.5
N_PLACES = 6
PLACES = cells.from_lonlat(LON0 + STEP_DEG * np.arange(N_PLACES), np.full(N_PLACES, LAT0), resolution=RESOLUTION)


class Hours:
    """Opening hours as `stations.offers` takes them."""

    def __init__(self, low: dict[str, Any], high: dict[str, Any], bins: str) -> None:
        self.bins, self.n_bins = bins, {"hour_of_week": 168, "hour_of_day_type": 72}[bins]
        self.station_id = np.array(list(low), dtype=object)
        self.low, self.high = (self._packed([told[name] for name in low]) for told in (low, high))

    def _packed(self, rows: list[Any]) -> np.ndarray:
        flags = np.zeros((len(rows), self.n_bins), dtype=bool)
        for row, bins in zip(flags, rows, strict=True):
            row[list(bins)] = True
        return pack_bins(flags)


def zones_of(*rows: tuple[str, str, str, float, float]) -> gpd.GeoDataFrame:
    """ZONES of (id, level, parent, west, east), in places of the row."""
    ids, levels, parents, west, east = zip(*rows, strict=True)
    south, north = LAT0 - 0.005, LAT0 + 0.005
    lon = [LON0 + STEP_DEG * np.array(ends) for ends in (west, east)]
    table = {"zone_id": ids, "level": levels, "parent_id": parents, "name": ids}
    return gpd.GeoDataFrame(table, geometry=shapely.box(lon[0], south, lon[1], north), crs="EPSG:4326")


class Town:
    """Six places in a row, 1 km apart; the first three in grid west, the next two in grid east, the last outside."""

    places = PLACES

    @staticmethod
    def demand(*rows: tuple[Any, ...], columns: str = "place zone_id bin visits") -> pd.DataFrame:
        """Demand of (place, zone, bin, visits), and more columns where they are named."""
        table = pd.DataFrame(rows, columns=columns.split())
        return pd.DataFrame(
            {
                "cell": PLACES[table["place"].to_numpy(dtype=int)],
                "zone_id": table["zone_id"].astype("str"),
                "bin": table["bin"].astype("int64"),
                **{name: table[name].astype("str") for name in ("group", "purpose") if name in table},
                "courier_s": table["visits"] * 60.0,
                "visits": table["visits"].astype("float64"),
                "courier_weight": table["visits"] / 10.0,
                "couriers": np.nan,
                "observed_days": 1.0,
            }
        )

    @staticmethod
    def reach(*rows: tuple[str, int, float], unit: str = "m") -> pd.DataFrame:
        """Reach of (station, place, metres or seconds)."""
        table = pd.DataFrame(rows, columns=["station_id", "place", "impedance"])
        return pd.DataFrame(
            {
                "station_id": table["station_id"].astype("str"),
                "cell": PLACES[table["place"].to_numpy(dtype=int)],
                f"impedance_{unit}": table["impedance"].astype("float64"),
            }
        )

    @staticmethod
    def stations(**kinds: str) -> gpd.GeoDataFrame:
        """Stations by name and kind, in a row."""
        points = [Point(LON0 + STEP_DEG * i, LAT0) for i in range(len(kinds))]
        names = {
            "station_id": pd.Series(list(kinds), dtype="str"),
            "kind": pd.Series(list(kinds.values()), dtype="str"),
        }
        return gpd.GeoDataFrame(names, geometry=gpd.GeoSeries(points, crs="EPSG:4326"))

    @staticmethod
    def zones() -> gpd.GeoDataFrame:
        """Two grids in one community."""
        return zones_of(
            ("west", "grid", "C1", -0.5, 2.5), ("east", "grid", "C1", 2.5, 4.5), ("C1", "community", "", -0.5, 4.5)
        )

    @staticmethod
    def services(*rows: tuple[str, str, str]) -> pd.DataFrame:
        """SERVICES of (station, service, status)."""
        return pd.DataFrame(rows, columns=["station_id", "service", "status"]).astype("str")

    @staticmethod
    def hours(low: dict[str, Any], high: dict[str, Any] | None = None, *, bins: str = "hour_of_week") -> Hours:
        """Hours by station: the bins in which it is open for sure, and those in which it may be."""
        return Hours(low, low if high is None else high, bins)


def offers_of(names: list[str], low: np.ndarray, high: np.ndarray, *, services: tuple[str, ...]) -> Offers:
    """Offers by flags (station, service, bin), for sure and perhaps; open is who offers anything."""
    return Offers(
        station_id=np.array(names, dtype=object), services=services, low=pack_bins(low), high=pack_bins(high),
        open_low=pack_bins(low.any(axis=1)), open_high=pack_bins(high.any(axis=1)), bins="hour_of_week",
        n_bins=low.shape[-1], status=np.where(low.any(axis=-1), 2, np.where(high.any(axis=-1), 1, 0)).astype(np.int8),
        capacity=np.full(low.shape[:2], np.nan), timed=True, clusters=(), unmatched=(), untold=0,
    )  # fmt: skip
