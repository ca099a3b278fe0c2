"""How long it takes to say how sure rates are: `python benchmarks/intervals.py --cells 130000`.

A square town drawn at random: demand in every cell at some hours of the week with Poisson replicates, stations with
services of which a third are unknown. Beside it what scoring and rating each replicate by itself would take, from a few
of them. Medians of three runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import cells, coverage, reach, stations

if TYPE_CHECKING:
    from collections.abc import Callable

LON, LAT = 114.0, 22.5
CELL_DEG2 = 1.3e-6
CUTOFF_M, DETOUR = 750.0, 1.3
SIDE_ZONES = 30
SCORED = 3
RUNS = 3


def town(n_cells: int, n_hours: int, n_replicates: int, n_stations: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Draw demand with replicates, zones, stations and what they offer."""
    rng = np.random.default_rng(0)
    side = float(np.sqrt(n_cells * CELL_DEG2))
    at = rng.random((2, 6 * n_cells)) * side
    cell = np.unique(cells.from_lonlat(LON + at[0], LAT + at[1], resolution=10))[:n_cells]
    lon, lat = cells.centres(cell)
    column, row = (np.clip((x * SIDE_ZONES / side).astype(int), 0, SIDE_ZONES - 1) for x in (lon - LON, lat - LAT))
    names = np.array([f"g{i}" for i in range(SIDE_ZONES**2)], dtype=object)
    step = side / SIDE_ZONES
    zones = gpd.GeoDataFrame(
        {"zone_id": names, "level": "grid", "parent_id": "", "name": names},
        geometry=[shapely.box(LON + step * (i % SIDE_ZONES), LAT + step * (i // SIDE_ZONES),
                              LON + step * (i % SIDE_ZONES + 1), LAT + step * (i // SIDE_ZONES + 1))
                  for i in range(SIDE_ZONES**2)],
        crs="EPSG:4326",
    )  # fmt: skip
    n = cell.size * n_hours
    seconds = rng.exponential(600, n)
    drawn = rng.poisson(1, (n_replicates, n)) * seconds
    demand = pd.DataFrame(
        {"cell": np.repeat(cell, n_hours), "zone_id": pd.Series(np.repeat(names[row * SIDE_ZONES + column], n_hours)),
         "bin": np.tile(np.sort(rng.choice(168, n_hours, replace=False)), cell.size), "courier_s": seconds,
         "visits": 1.0, "courier_weight": 0.1, "couriers": 1.0, "observed_days": 2.0}
    ).astype({"zone_id": "str"})  # fmt: skip
    replicates = pd.DataFrame(drawn.T, columns=[f"courier_s_rep_{i}" for i in range(n_replicates)])
    places = gpd.GeoDataFrame(
        {"station_id": [f"s{i}" for i in range(n_stations)], "kind": "warm_bee"},
        geometry=shapely.points(LON + side * rng.random(n_stations), LAT + side * rng.random(n_stations)),
        crs="EPSG:4326",
    )
    status = rng.choice(["yes", "no", "unknown"], n_stations)
    told = pd.DataFrame({"station_id": places["station_id"], "service": "toilets", "status": status}).astype("str")
    standard = coverage.Standard(
        name="toilet", version="1", zh="厕所", en="a toilet", source="made for this benchmark", cutoff_m=CUTOFF_M,
        detour_factor=DETOUR, services=("toilets",), open_then=False,
    )  # fmt: skip
    offers = stations.offers(places, told, hours=None)
    return pd.concat([demand, replicates], axis=1), {"stations": places, "zones": zones,
            "standard": standard, "offers": offers}  # fmt: skip


def _median(run: Callable[[], object], *, runs: int = RUNS) -> float:
    """Time something, seconds."""
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def main() -> None:
    """Time intervals, points within cells and the bracket."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("cells", 30_000), ("hours", 8), ("replicates", 200), ("stations", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    demand, made = town(asked.cells, asked.hours, asked.replicates, asked.stations)
    near, finer = (
        reach.within_distance(made["stations"], cutoff_m=CUTOFF_M, resolution=resolution, detour_factor=DETOUR)
        for resolution in (10, 12)
    )
    bare = demand[[name for name in demand if not name.startswith("courier_s_rep_")]]
    items = coverage.find_items()
    given = {name: value for name, value in made.items() if name != "standard"}
    coverage.rate_intervals(demand.iloc[:99], near, level=0.9, items=items, **made)
    size = f"{len(demand):,} rows, {asked.replicates} replicates"
    few = _median(lambda: coverage.rate_intervals(demand, near, level=0.9, **made))
    print(f"{size}: {few:.2f} s for demand by any station and the four classes")
    many = _median(lambda: coverage.rate_intervals(demand, near, level=0.9, items=items, **made))
    print(f"{size}: {many:.2f} s for these and {len(items)} services, needs and profiles, {many / few:.1f} times that")
    scored = [bare.assign(courier_s=demand[f"courier_s_rep_{number}"]) for number in range(SCORED)]
    each = _median(lambda: coverage.score(scored[0], near, weight="courier_s", **made))
    print(f"each scored by itself: {each:.2f} s, {each * asked.replicates:.0f} s for all of them")
    both = [
        _median(lambda one=one: coverage.rates(one, near, weight="courier_s", **made), runs=1)
        + _median(lambda one=one: coverage.score_services(one, near, weight="courier_s", items=items, **given), runs=1)
        for one in scored
    ]
    each = statistics.median(both)
    print(f"each rated by itself, services too: {each:.2f} s, {each * asked.replicates:.0f} s for all of them")
    begin = time.perf_counter()
    coverage.discretisation_error(bare, near, finer=finer, weight="courier_s", **made)
    print(f"points within cells, {len(finer):,} ways: {time.perf_counter() - begin:.2f} s")


if __name__ == "__main__":
    main()
