"""What-if beside reach from scratch: `python benchmarks/whatif.py`.

A lattice of streets 100 m apart, some of them one way, speeds by class; stations at random; each change is made and
held against what one gets from scratch, to the last bit. Times are medians of rounds, the first of which warms up.
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

from stationgeo import crs, reach

if TYPE_CHECKING:
    from collections.abc import Callable

LON, LAT = 114.0, 22.5
BLOCK_M = 100.0


def lattice(side: int, seed: int) -> reach.Network:
    """Build the streets: edges a little longer than straight, so that few ways are equally long."""
    rng = np.random.default_rng(seed)
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree(LAT))
    number = np.arange(side * side)
    nodes = pd.DataFrame({
        "node_id": number,
        "lon": LON + number % side * BLOCK_M / per_lon,
        "lat": LAT + number // side * BLOCK_M / per_lat,
    })  # fmt: skip
    tail = np.concatenate([number[number % side < side - 1], number[:-side]])
    head = tail + np.concatenate([np.ones(side * (side - 1), int), np.full(side * (side - 1), side)])
    at = nodes[["lon", "lat"]].to_numpy()
    edges = gpd.GeoDataFrame(
        {
            "edge_id": np.arange(tail.size), "from_node": tail, "to_node": head,
            "length_m": BLOCK_M * rng.uniform(1.0, 1.3, tail.size),
            "highway": rng.choice(["residential", "tertiary", "secondary"], tail.size, p=[0.7, 0.2, 0.1]),
            "oneway": rng.choice(["no", "yes"], tail.size, p=[0.8, 0.2]),
        },
        geometry=shapely.linestrings(np.stack([at[tail], at[head]], axis=1)),
        crs="EPSG:4326",
    )  # fmt: skip
    return reach.build_network(edges, nodes, mode="ebike")


def stations(network: reach.Network, names: list[str], seed: int) -> gpd.GeoDataFrame:
    """Place stations up to 50 m from crossings."""
    rng = np.random.default_rng(seed)
    at = rng.choice(network.n_nodes, len(names))
    off = rng.uniform(-0.0005, 0.0005, (2, len(names)))
    points = gpd.points_from_xy(network.lon[at] + off[0], network.lat[at] + off[1])
    return gpd.GeoDataFrame({"station_id": pd.Series(names, dtype="str")}, geometry=points, crs="EPSG:4326")


def timed(work: Callable[[], Any], rounds: int) -> tuple[float, Any]:
    """Run once to warm up, then the rounds; the median in seconds, and the answer."""
    seconds = []
    answer = work()
    for _ in range(rounds):
        started = time.perf_counter()
        answer = work()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds), answer


def same(one: reach.TravelReach, other: reach.TravelReach) -> bool:
    """Hold two reaches against each other, exactly."""
    return (
        one.table.equals(other.table)
        and one.stations.table.equals(other.stations.table)
        and one.cells.table.equals(other.cells.table)
        and (one.stations.counts, one.cells.counts) == (other.stations.counts, other.cells.counts)
        and one.terms == other.terms
    )  # fmt: skip


def main() -> None:
    """Build, change, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=550, help="crossings along each side of the lattice")
    parser.add_argument("--stations", type=int, default=5_000)
    parser.add_argument("--cutoff", type=float, default=300.0)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    network = lattice(asked.side, 1)
    names = [f"s{number:05d}" for number in range(asked.stations)]
    table = stations(network, names, 2)
    how: dict[str, Any] = {"cutoff_s": asked.cutoff, "resolution": 10}
    whole_s, travel = timed(lambda: reach.within_travel_time(table, network, **how), 1)
    print(f"{network.n_nodes:,} nodes, {network.n_edges:,} edges, {len(names):,} stations, {len(travel.table):,} rows")
    print("\n| change | update s | from scratch s | ratio | same? |\n| --- | --- | --- | --- | --- |")
    print(f"| none: reach of all stations | | {whole_s:.2f} | | |")
    new, moved, closed = stations(network, ["new"], 3), stations(network, [names[7]], 4), names[100:110]
    changes: dict[str, tuple[dict[str, Any], gpd.GeoDataFrame]] = {
        "add 1 station": ({"add": new}, pd.concat([table, new])),
        "move 1 station": ({"move": moved}, pd.concat([table[table["station_id"] != names[7]], moved])),
        "close 10 stations": ({"close": closed}, table[~table["station_id"].isin(closed)]),
    }
    for what, (change, now) in changes.items():
        update_s, got = timed(lambda change=change: reach.change_stations(travel, network, **change), asked.rounds)
        scratch_s, want = timed(lambda now=now: reach.within_travel_time(now, network, **how), 1)
        print(f"| {what} | {update_s:.3f} | {scratch_s:.2f} | {scratch_s / update_s:.0f}x | {same(got, want)} |")
    middle = network.lon.mean(), network.lat.mean()
    near = np.argsort((network.lon[network.tail] - middle[0]) ** 2 + (network.lat[network.tail] - middle[1]) ** 2)[:20]
    anywhere = np.random.default_rng(5).choice(network.n_edges, 20, replace=False)
    for what, rows in (("block 20 edges of one quarter", near), ("block 20 edges anywhere", anywhere)):
        edge_id = network.edge_id[rows]
        block_s, blocked = timed(lambda edge_id=edge_id: reach.block_streets(network, edge_id=edge_id), asked.rounds)
        update_s, got = timed(lambda blocked=blocked: reach.follow_streets(travel, network, blocked), asked.rounds)
        scratch_s, want = timed(lambda blocked=blocked: reach.within_travel_time(table, blocked, **how), 1)
        print(f"| {what} (beside {block_s:.3f} s to block) | {update_s:.3f} | {scratch_s:.2f} "
              f"| {scratch_s / update_s:.0f}x | {same(got, want)} |")  # fmt: skip
    asked_cells = travel.cells.table["cell"].to_numpy()
    for k in (1, 3):
        near_s, found = timed(
            lambda k=k: reach.nearest_over_streets(table, network, k=k, cells=asked_cells), asked.rounds
        )  # fmt: skip
        print(f"\n{k} nearest of {asked_cells.size:,} cells at any distance: {near_s:.2f} s, {len(found.table):,} rows")


if __name__ == "__main__":
    main()
