"""Streets: searches and building against peers: `python benchmarks/streets.py [extract.osm.pbf]`.

Without an extract of OpenStreetMap on a lattice of 300,304 junctions 82 m apart, 2,020 km2; a tenth of its streets is
missing and lengths vary by a tenth. Each row does the same work in both ways, in turn, on the same graph, and checks
that the answers agree; a graph of pandana's is built once, because that can take minutes.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely

import stationgeo as sg
from run import Row, measure

if TYPE_CHECKING:
    from stationgeo.reach import Network

SIDE = 548
SPACING_M = 82.0
LON0, LAT0 = 114.0, 22.5
WALK_M_S = 4.5 / 3.6
N_SOURCES, N_SLOW = 2_000, 500
CUTOFF_M = 1_000.0
KEPT = ("edge_id", "from_node", "to_node", "highway", "length_m")


def make_city(*, seed: int = 4) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Lay out EDGES and NODES."""
    rng = np.random.default_rng(seed)
    row, column = (index.ravel() for index in np.indices((SIDE, SIDE)))
    per_lon, per_lat = (float(metres) for metres in sg.crs.metres_per_degree(LAT0))
    lon, lat = LON0 + column * SPACING_M / per_lon, LAT0 + row * SPACING_M / per_lat
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    tail = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    head = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    kept = rng.random(tail.size) < 0.9
    tail, head = tail[kept], head[kept]
    ends = np.stack([np.column_stack([lon[tail], lat[tail]]), np.column_stack([lon[head], lat[head]])], axis=1)
    edges = gpd.GeoDataFrame(
        {
            "edge_id": np.arange(tail.size), "from_node": tail, "to_node": head, "highway": "residential",
            "length_m": SPACING_M * (1.0 + 0.2 * rng.random(tail.size)),
        },
        geometry=shapely.linestrings(ends),
        crs="EPSG:4326",
    )  # fmt: skip
    return edges, pd.DataFrame({"node_id": number.ravel(), "lon": lon, "lat": lat})


def peers_graph(edges: gpd.GeoDataFrame, nodes: pd.DataFrame) -> object:
    """Build pandana's network of the same edges, in metres."""
    import pandana

    at = nodes.set_index("node_id")
    return pandana.Network(
        at["lon"], at["lat"], edges["from_node"], edges["to_node"], edges[["length_m"]], twoway=True
    )  # fmt: skip


def rows(edges: gpd.GeoDataFrame, network: Network, theirs: Any) -> list[Row]:
    """Rows of searches."""
    rng = np.random.default_rng(1)
    sources = rng.choice(network.node_id, N_SOURCES, replace=False)
    graph = nx.MultiGraph()
    graph.add_weighted_edges_from(
        zip(edges["from_node"].tolist(), edges["to_node"].tolist(), edges["length_m"].tolist(), strict=True)
    )

    def ours(some: np.ndarray[tuple[int], np.dtype[np.int64]], workers: int) -> pd.DataFrame:
        return sg.reach.nodes_within(
            network, some, cutoff_s=CUTOFF_M / WALK_M_S, towards=False, workers=workers
        )  # fmt: skip

    def by_networkx() -> list[dict[int, float]]:
        return [nx.single_source_dijkstra_path_length(graph, one, cutoff=CUTOFF_M) for one in sources[:N_SLOW].tolist()]

    def same_sizes(a: object, b: object) -> str:
        return f"{len(a):,} and {len(b):,} rows"  # type: ignore[arg-type]

    def same_metres(a: object, b: object) -> str:
        flat = np.concatenate([sorted(one.values()) for one in b])  # type: ignore[attr-defined]
        return f"metres differ by at most {np.abs(a['seconds'].to_numpy() * WALK_M_S - flat).max():.0e}"  # type: ignore[index]

    return [
        Row(
            work=f"nodes within 1 km of {N_SOURCES:,} sources, a table, two threads",
            peer="pandana nodes_in_range, its threads",
            ours=lambda: ours(sources, 2),
            theirs=lambda: theirs.nodes_in_range(list(sources), CUTOFF_M),
            agree=same_sizes,
        ),
        Row(
            work=f"the same of {N_SLOW} sources, one thread",
            peer="networkx, one thread",
            ours=lambda: ours(sources[:N_SLOW], 1),
            theirs=by_networkx,
            agree=same_metres,
            rounds=3,
        ),
    ]


def whole_city(network: Network, nodes: pd.DataFrame) -> None:
    """Reach of 5,000 stations within 15 minutes by e-bike, to cells of resolution 10."""
    rng = np.random.default_rng(2)
    at = nodes.iloc[rng.choice(len(nodes), 5_000, replace=False)]
    points = gpd.points_from_xy(at["lon"] + 1e-4, at["lat"] + 1e-4)
    stations = gpd.GeoDataFrame({"station_id": [f"s{i:04d}" for i in range(5_000)]}, geometry=points, crs="EPSG:4326")
    sg.reach.within_travel_time(stations.iloc[:2], network, cutoff_s=60, resolution=10)
    started = time.perf_counter()
    reach = sg.reach.within_travel_time(stations, network, cutoff_s=900, resolution=10)
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"5,000 stations, 15 min by e-bike: {took:.1f} s, {len(reach.table):,} rows, peak {peak:.1f} GB")


def curve(network: Network) -> None:
    """Seconds against sources x reached nodes: one line a cutoff."""
    rng = np.random.default_rng(3)
    print("| cutoff m | sources | nodes reached | ms a source | ns a reached node |\n| --- | --- | --- | --- | --- |")
    for metres, n in ((250, 4_000), (500, 4_000), (1_000, 2_000), (2_000, 1_000), (4_000, 400), (8_000, 100)):
        some = rng.choice(network.node_id, n, replace=False)
        times, found = [], 0
        for _ in range(3):
            started = time.perf_counter()
            got = sg.reach.nodes_within(network, some, cutoff_s=metres / WALK_M_S, towards=False, workers=1)
            times.append(time.perf_counter() - started)
            found = len(got)
        took = float(np.median(times))
        print(f"| {metres:,} | {n:,} | {found:,} | {took / n * 1e3:.3f} | {took / found * 1e9:.0f} |")


def both_graphs(edges: gpd.GeoDataFrame, nodes: pd.DataFrame) -> tuple[Network, Any]:
    """Build the graph in both ways, ours three times."""
    times = []
    for _ in range(4):
        started = time.perf_counter()
        network = sg.reach.build_network(edges, nodes, mode="walk")
        times.append(time.perf_counter() - started)
    started = time.perf_counter()
    theirs = peers_graph(edges, nodes)
    took, ours = time.perf_counter() - started, float(np.median(times[1:]))
    print("| work | peer | ours ms | theirs ms | ratio | same answer? |\n| --- | --- | --- | --- | --- | --- |")
    times_ms = f"{ours * 1e3:,.0f} | {took * 1e3:,.0f} | {took / ours:.1f}x"
    sizes = f"{times_ms} | {network.n_nodes:,} and {len(theirs.node_ids):,} nodes"
    print(f"| the graph from tables | pandana.Network | {sizes} |")
    return network, theirs


def walkable(path: str) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Read the streets of an extract that one may walk, so that both graphs are of the same ones."""
    tables = sg.io.read_network(path)
    network = sg.reach.build_network(tables.edges, tables.nodes, mode="walk")
    edges = tables.edges[tables.edges["edge_id"].isin(network.edge_id)].reset_index(drop=True)
    return edges.assign(highway="residential")[[*KEPT, "geometry"]], tables.nodes[["node_id", "lon", "lat"]]


def main() -> None:
    """Print the table, the whole city and the curve."""
    path = sys.argv[1] if len(sys.argv) > 1 else None
    edges, nodes = make_city() if path is None else walkable(path)
    network, theirs = both_graphs(edges, nodes)
    for row in rows(edges, network, theirs):
        print(measure(row), flush=True)
    if path is None:
        whole_city(sg.reach.build_network(edges, nodes, mode="ebike"), nodes)
    curve(network)


if __name__ == "__main__":
    main()
