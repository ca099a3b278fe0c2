"""Partial coverage, blank spots and criticality at the size of a city: `python benchmarks/partial.py`.

4,000 stations around a centre, 5 million pairs of station and cell, demand in 130,000 cells at some hours of the week,
12 services. Seconds are of processor time, so that other work on the machine hardly counts; a small call compiles the
kernels first.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import cells, coverage, reach
from stationgeo import stations as station_kinds
from stationgeo.stations._masks import pack_bins

if TYPE_CHECKING:
    from collections.abc import Callable

LON, LAT = 114.05, 22.55
RESOLUTION = 10
CUTOFF_M = 2_400.0
RADIUS_M = 30_000.0
N_BINS = 168
N_SERVICES = 12
SERVICES = tuple(station_kinds.services()["service"][:N_SERVICES])
FEW = 300


def stations(n: int, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Scatter stations, two brands to an address, of four hosts, in 100 circles."""
    points = gpd.points_from_xy(LON + rng.normal(0, 0.12, n), LAT + rng.normal(0, 0.1, n))
    table = {
        "station_id": [f"s{i:05}" for i in range(n)],
        "kind": "warm_bee",
        "premises_id": [f"p{i // 2}" for i in range(n)],
        "host": rng.choice(["bank", "post", "shop", "school"], n),
        "circle": rng.choice([f"c{i}" for i in range(100)], n),
    }
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def demand(n_cells: int, n_hours: int, rng: np.random.Generator) -> pd.DataFrame:
    """Give every cell demand in some hours of the week, in the order of DEMAND."""
    around = cells.within_any([LON], [LAT], radius_m=RADIUS_M, resolution=RESOLUTION)
    cell = np.sort(rng.permutation(around)[:n_cells])
    hours = np.sort(rng.permutation(N_BINS)[:n_hours])
    n = cell.size * hours.size
    columns = {"courier_s": 0.0, "courier_weight": 0.0, "couriers": np.nan, "observed_days": 1.0}
    return pd.DataFrame(
        {
            "cell": np.repeat(cell, hours.size),
            "zone_id": pd.Series("", index=range(n), dtype="str"),
            "bin": np.tile(hours, cell.size),
            "visits": rng.random(n),
            **columns,
        }
    )


def offers(places: gpd.GeoDataFrame, rng: np.random.Generator) -> Any:
    """Open each service of each station in half of the hours, and perhaps in a few more."""
    low = rng.random((len(places), N_SERVICES, N_BINS)) < 0.5
    high = low | (rng.random(low.shape) < 0.1)
    return station_kinds.Offers(
        station_id=places["station_id"].to_numpy(dtype=object), services=SERVICES, low=pack_bins(low),
        high=pack_bins(high), open_low=pack_bins(low[:, 0]), open_high=pack_bins(high[:, 0]), n_bins=N_BINS,
        bins="hour_of_week", status=np.full(low.shape[:2], 2, dtype=np.int8), capacity=np.full(low.shape[:2], np.nan),
        timed=True, clusters=(), unmatched=(), untold=0,
    )  # fmt: skip


def measures(places: gpd.GeoDataFrame, told: Any) -> dict[str, Callable[[pd.DataFrame, pd.DataFrame], object]]:
    """Name what is measured."""
    table: dict[str, Any] = {"stations": places, "zones": None, "weight": "visits"}
    decay = reach.linear(cutoff=CUTOFF_M, full_to=500)
    asked = coverage.Standard(
        name="benchmark", version="1", zh="基准", en="a benchmark", source="none", cutoff_m=CUTOFF_M, open_then=True,
        services=SERVICES[:2], together=True,
    )  # fmt: skip
    by_hour: dict[str, Any] = {"offers": told, "standard": asked, **table}
    every: dict[str, Any] = {"offers": told, "services": list(told.services), **table}
    return {
        "gradual": lambda d, r: coverage.gradual(d, r, decay=decay, **table),
        "cooperative": lambda d, r: coverage.cooperative(d, r, decay=decay, rule="chance", **table),
        "backup by premises": lambda d, r: coverage.backup(d, r, n=2, by_premises=True, **table),
        "gradual by hour": lambda d, r: coverage.gradual(d, r, decay=decay, **by_hour),
        "cooperative by hour": lambda d, r: coverage.cooperative(d, r, decay=decay, rule="chance", **by_hour),
        "backup by hour and premises": lambda d, r: coverage.backup(d, r, n=2, by_premises=True, **by_hour),
        "completeness in reach": lambda d, r: coverage.completeness(d, r, together="in_reach", **every),
        "completeness at one": lambda d, r: coverage.completeness(d, r, together="at_one_station", **every),
        "criticality": lambda d, r: coverage.criticality(d, r, group_by="host", **table),
        "criticality by hour": lambda d, r: coverage.criticality(d, r, group_by="host", **by_hour),
        "blank spots of half the cells": lambda d, _: coverage.blank_spots(
            d.groupby("cell", as_index=False)["visits"].sum().rename(columns={"visits": "demand"})
            .assign(covered=lambda t: t.index % 2 == 0),
            min_weight=1.0, min_uncovered_share=0.5, min_covered_share=0.5, rings=1, span_h=168.0, **table,
        ),
        "circles": lambda *_: coverage.circle_links(places, circle_by="circle", hop_m=500.0),
    }  # fmt: skip


def main() -> None:
    """Time each measure once, after a small call."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stations", type=int, default=4_000)
    parser.add_argument("--cells", type=int, default=130_000)
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    places, wanted = stations(asked.stations, rng), demand(asked.cells, asked.hours, rng)
    ways = reach.within_distance(places, cutoff_m=CUTOFF_M, resolution=RESOLUTION, detour_factor=1.0)
    print(f"{len(places):,} stations, {len(ways):,} pairs, {len(wanted):,} rows of demand")
    few = wanted.iloc[: FEW * asked.hours]
    for name, measure in measures(places, offers(places, rng)).items():
        measure(few, ways.iloc[:FEW])
        begin = time.process_time()
        measure(wanted, ways)
        peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(f"{name:<32} {time.process_time() - begin:6.2f} s   (peak so far {peak_gib:.2f} GiB)")


if __name__ == "__main__":
    main()
