"""A week of hours x services x cells x stations, scored at the size of a city: `python benchmarks/services.py`.

168 hours x 12 services x 130,000 cells x 4,000 stations, demand in every cell at every hour: 22 million rows. No peer
scores this; what is told is seconds of the wall and of the processor, the memory of the whole process with its input,
and that a sample of it is what asking station by station and hour by hour gives.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import cells, coverage, reach, stations

LON, LAT = 114.05, 22.55
RESOLUTION = 10
RADIUS_M = 30_000.0
CUTOFF_M = 2_400.0
N_BINS = 168
N_SERVICES = 12
N_ZONES_A_SIDE = 70
N_CHECKED = 40
HOURS = (
    "24小时",
    "工作日8:30-12:00,14:00-17:30",
    "09:00-次日02:00",
    "9点到晚上10点",
    "周一至周五 9:00-18:00",
    "电话预约",
)


def city(n_cells: int, n_stations: int, rng: np.random.Generator) -> dict[str, Any]:
    """Make demand, stations, what they offer, and zones."""
    around = np.sort(cells.within_any([LON], [LAT], radius_m=RADIUS_M, resolution=RESOLUTION))
    cell = np.sort(rng.permutation(around)[:n_cells])
    lon, lat = cells.centres(cell)
    zones, zone = _zones(lon, lat)
    points = gpd.points_from_xy(LON + rng.normal(0, 0.12, n_stations), LAT + rng.normal(0, 0.1, n_stations))
    kinds = rng.choice(["warm_bee", "merchant", "service_centre"], n_stations)
    table = {"station_id": [f"s{i:05}" for i in range(n_stations)], "kind": kinds,
             "opening_hours": rng.choice(HOURS, n_stations)}  # fmt: skip
    places = gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")
    names = stations.services()["service"].tolist()[:N_SERVICES]
    told = pd.DataFrame(
        {
            "station_id": np.repeat(places["station_id"].to_numpy(), len(names)),
            "service": names * n_stations,
            "status": rng.choice(["yes", "no", "unknown"], n_stations * len(names), p=[0.5, 0.3, 0.2]),
        }
    ).astype("str")
    n = n_cells * N_BINS
    ones = np.ones(n)
    demand = pd.DataFrame(
        {
            "cell": np.repeat(cell, N_BINS),
            "zone_id": pd.array(np.repeat(zones["zone_id"].to_numpy()[zone], N_BINS), dtype="str"),
            "bin": np.tile(np.arange(N_BINS), n_cells),
            "courier_s": rng.random(n), "visits": ones, "courier_weight": ones, "couriers": ones,
            "observed_days": ones,
        },
        copy=False,
    )  # fmt: skip
    return {"demand": demand, "places": places, "services": told, "zones": zones, "names": names}


def _zones(lon: np.ndarray, lat: np.ndarray) -> tuple[gpd.GeoDataFrame, np.ndarray]:
    east, north = (np.linspace(x.min() - 0.01, x.max() + 0.01, N_ZONES_A_SIDE + 1) for x in (lon, lat))
    shapes = [
        shapely.box(east[i], north[j], east[i + 1], north[j + 1])
        for j in range(N_ZONES_A_SIDE)
        for i in range(N_ZONES_A_SIDE)
    ]
    ids = [f"4403{k:08}" for k in range(len(shapes))]
    table = {"zone_id": ids, "level": "grid", "parent_id": "", "name": ids}
    zone = (np.searchsorted(north, lat) - 1) * N_ZONES_A_SIDE + np.searchsorted(east, lon) - 1
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326"), zone


def check(made: dict[str, Any], found: coverage.ServiceCoverage, way: pd.DataFrame, offers: Any) -> None:
    """Hold some cells against asking the long way."""
    rng = np.random.default_rng(1)
    by_cell = made["demand"].groupby("cell")
    reaching = way.groupby("cell")["station_id"].apply(list).to_dict()
    row = {name: at for at, name in enumerate(offers.station_id)}
    chosen = rng.choice(made["demand"]["cell"].unique(), N_CHECKED, replace=False)
    table = found.cells.set_index(["item", "cell"])
    for cell in chosen:
        rows = by_cell.get_group(cell)
        near = [row[name] for name in reaching.get(cell, [])]
        for k, name in enumerate(made["names"]):
            for bound, words in (("covered_demand", offers.low), ("covered_demand_high", offers.high)):
                bits = (
                    np.bitwise_or.reduce(words[near, k], axis=0) if near else np.zeros(words.shape[2], dtype=np.uint64)
                )
                open_ = [(int(bits[b // 64]) >> (b % 64)) & 1 for b in rows["bin"]]
                expected = float((rows["courier_s"].to_numpy() * np.array(open_)).sum())
                if abs(table.loc[(name, cell), bound] - expected) > 1e-9 * max(1.0, expected):
                    raise SystemExit(f"{name} in cell {cell}: {bound} is not {expected}")


def main() -> None:
    """Score a small city to check it and to compile, then the large one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=130_000)
    parser.add_argument("--stations", type=int, default=4_000)
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    small = city(300, 50, rng)
    made = city(asked.cells, asked.stations, rng)
    for town in (small, made):
        way = reach.within_distance(town["places"], cutoff_m=CUTOFF_M, resolution=RESOLUTION, detour_factor=1.3)
        began = time.perf_counter()
        hours = stations.open_hours(town["places"], bins="hour_of_week", as_of="2026-11-18", calendar="CN")
        offers = stations.offers(town["places"], town["services"], hours=hours)
        ready_s = time.perf_counter() - began
        items = coverage.find_items([f"service:{name}" for name in town["names"]])
        given: dict[str, Any] = {
            "stations": town["places"], "offers": offers, "items": items, "zones": town["zones"], "weight": "courier_s"
        }  # fmt: skip
        walls, works = [], []
        for _ in range(asked.repeats if town is made else 1):
            wall, work = time.perf_counter(), time.process_time()
            coverage.score_services(town["demand"], way, **given)
            walls.append(time.perf_counter() - wall)
            works.append(time.process_time() - work)
        if town is small:
            check(town, coverage.score_services(town["demand"], way, by_cell=True, **given), way, offers)
            print(f"{N_CHECKED} cells x {N_SERVICES} services: equal to asking station by station and hour by hour")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    n = len(made["demand"])
    print(f"{n:,} rows of demand, {len(way):,} pairs of reach, hours and offers ready in {ready_s:.2f} s")
    print(f"scored: wall {np.median(walls):.1f} s, processor {np.median(works):.1f} s (medians of {len(walls)})")
    print(f"peak of the process, input and all: {peak:.2f} GB; the input alone is {_size_gb(made):.2f} GB")


def _size_gb(made: dict[str, Any]) -> float:
    return float(made["demand"].memory_usage(deep=True).sum()) / 1e9


if __name__ == "__main__":
    main()
