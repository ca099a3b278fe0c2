"""A town of 19 cells, two grids in one community, three stations and two proposed sites."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo.demand import Unit, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.coverage import Standard
    from stationgeo.maps import CoverageMap

LON, LAT, RESOLUTION = 114.0, 22.55, 9
NASTY = "</script><script>alert('x')</script>&\u2028驿站"


@dataclass
class Scored:
    cells: pd.DataFrame
    zones: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    headline: dict[str, Any]
    parameters: dict[str, Any]
    standard: Standard | None = None

    @property
    def unit(self) -> Unit:
        return unit(self.parameters["weight"], timed=True)


@dataclass
class Plan:
    sites: gpd.GeoDataFrame
    existing_covered: float = 1581.75
    total_demand: float = 2109.0
    status: str = "optimal"
    gap: float = 0.0


@pytest.fixture
def coverage() -> Scored:
    ids = sorted(h3.str_to_int(cell) for cell in h3.grid_disk(h3.latlng_to_cell(LAT, LON, RESOLUTION), 2))
    n = len(ids)
    kinds = ["warm_bee_only", "service_centre_only", "both", "neither"]
    cells = pd.DataFrame({
        "cell": np.array(ids, dtype=np.uint64),
        "zone_id": ["west" if row % 2 else "east" for row in range(n)],
        "demand": [0.0, *(float(row) ** 2 for row in range(1, n))],
        "covered": [row % 4 != 3 for row in range(n)],
        "n_stations": [0 if row % 4 == 3 else 1 + row % 2 for row in range(n)],
        "nearest_m": [np.nan if row % 4 == 3 else 10.4 * row for row in range(n)],
        "nearest_station_id": ["" if row % 4 == 3 else f"s{1 + row % 2}" for row in range(n)],
        "class": [kinds[row % 4] for row in range(n)],
    })  # fmt: skip
    return Scored(
        cells=cells,
        zones=_zones(),
        stations=_stations(),
        headline={
            "demand": 2109.0, "covered_share": 0.75, "warm_bee_only_share": 0.25, "service_centre_only_share": 0.2,
            "both_share": 0.3, "neither_share": 0.25, "outside_demand": 0.0, "n_stations": 2, "n_clusters": 1,
            "n_zones": 2, "n_zones_with_demand": 1, "n_blank_zones": 0,
        },
        parameters={"weight": "visits"},
    )  # fmt: skip


@pytest.fixture
def plan() -> Plan:
    sites = gpd.GeoDataFrame(
        {
            "rank": [2, 1],
            "candidate_id": ["c-2", "c-1"],
            "action": ["upgrade", "new"],
            "kind": ["service_centre", "warm_bee"],
            "host": ["社区办公室", None],
            "name": [None, "街角 <b>"],
            "cost_build": [50_000.0, np.nan],
            "cost_per_year": [1_000.0, 2_000.0],
            "zone_id": ["west", ""],
            "demand_gain": [10.0, 20.0],
            "cumulative_share": [0.85, 0.8],
            "nearest_station_id": ["s1", ""],
            "nearest_station_m": [321.0, np.nan],
        },
        geometry=[shapely.Point(LON - 0.004, LAT), shapely.Point(LON + 0.004, LAT)],
        crs="EPSG:4326",
    )
    return Plan(sites=sites)


@pytest.fixture
def streets() -> gpd.GeoDataFrame:
    main = shapely.LineString([(LON - 0.01, LAT), (LON, LAT), (LON + 0.01, LAT + 0.001)])
    side = shapely.LineString([(LON, LAT - 0.01), (LON, LAT + 0.01)])
    return gpd.GeoDataFrame(
        {"highway": ["primary_link", "primary_link", ["residential", "footway"]]},
        geometry=[main, main.reverse(), side],
        crs="EPSG:4326",
    )


@pytest.fixture
def payload() -> Callable[[CoverageMap], dict[str, Any]]:
    """What a page hands to its script."""

    def read(page: CoverageMap) -> dict[str, Any]:
        found = re.search(r"stationgeo\.open\(map_\d+, (\{.*\})\);", page.get_root().render())
        assert found is not None
        data: dict[str, Any] = json.loads(found.group(1))
        return data

    return read


def varints(text: str) -> list[int]:
    """Read LEB128 by its definition, one byte at a time."""
    values, value, shift = [], 0, 0
    for byte in base64.b64decode(text):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            values.append(value)
            value, shift = 0, 0
    return values


def deltas(text: str) -> list[int]:
    values, total = [], 0
    for code in varints(text):
        total += code // 2 if code % 2 == 0 else -(code + 1) // 2
        values.append(total)
    return values


@pytest.fixture(name="varints")
def _varints() -> Callable[[str], list[int]]:
    return varints


@pytest.fixture(name="deltas")
def _deltas() -> Callable[[str], list[int]]:
    return deltas


def _zones() -> gpd.GeoDataFrame:
    west, east = (
        shapely.box(LON - 0.02, LAT - 0.02, LON, LAT + 0.02),
        shapely.box(LON, LAT - 0.02, LON + 0.02, LAT + 0.02),
    )
    return gpd.GeoDataFrame(
        {
            "zone_id": ["town", "", "west", "east", ""],
            "level": ["community", "community", "grid", "grid", "grid"],
            "parent_id": ["", "", "town", "town", ""],
            "name": ["大冲", None, NASTY, "", None],
            "demand": [2109.0, 0.0, 2109.0, 0.0, 0.0],
            "covered_demand": [1581.75, 0.0, 1581.75, 0.0, 0.0],
            "covered_share": [0.75, np.nan, 0.75, np.nan, np.nan],
            "warm_bee_only": [527.25, 0.0, 527.25, 0.0, 0.0],
            "service_centre_only": [421.8, 0.0, 421.8, 0.0, 0.0],
            "both": [632.7, 0.0, 632.7, 0.0, 0.0],
            "neither": [527.25, 0.0, 527.25, 0.0, 0.0],
            "n_stations": [2, 0, 1, 1, 0],
        },
        geometry=[shapely.union(west, east), None, west, east, None],
        crs="EPSG:4326",
    )


def _stations() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "station_id": ["s1", "s2", "k1"],
            "kind": ["warm_bee", "service_centre", "warm_bee_street"],
            "name": [NASTY, None, "暖蜂一条街"],
            "opening_hours": ["24小时", None, None],
            "family": ["warm_bee", "service_centre", ""],
            "counted": [True, True, False],
            "zone_id": ["west", "east", "east"],
            "n_cells": [5, 4, 0],
            "demand": [100.0, 12345.678, np.nan],
            "unique_demand": [50.0, 0.0, np.nan],
        },
        geometry=[
            shapely.Point(LON - 0.005, LAT),
            shapely.Point(LON + 0.005, LAT),
            shapely.LineString([(LON, LAT - 0.001), (LON + 0.002, LAT - 0.001)]),
        ],
        crs="EPSG:4326",
    )
