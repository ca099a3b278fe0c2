"""The streets of Jinan and Porto: searches against networkx."""

from itertools import pairwise
from pathlib import Path
from typing import Literal

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import crs, io, reach

pytestmark = pytest.mark.real

N_SOURCES = 200


@pytest.fixture(scope="module")
def jinan(real_data: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    lines = gpd.read_file(real_data / "jinan" / "edges.shp").set_crs("EPSG:4326", allow_override=True)
    geometry = lines.geometry.to_numpy()
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(geometry, which)) for which in (0, -1)])
    places, number = np.unique(ends, axis=0, return_inverse=True)
    vertices, line = shapely.get_coordinates(geometry, return_index=True)
    same = line[1:] == line[:-1]
    steps_m = crs.distance_m(*vertices[:-1].T, *vertices[1:].T)[same]
    edges = gpd.GeoDataFrame(
        {
            "edge_id": lines["eid"].to_numpy(dtype=np.int64),
            "from_node": number[: len(lines)].astype(np.int64),
            "to_node": number[len(lines) :].astype(np.int64),
            "length_m": np.bincount(line[1:][same], weights=steps_m, minlength=len(lines)),
            "highway": lines["highway"],
            "oneway": "yes",
        },
        geometry=geometry,
        crs="EPSG:4326",
    )
    nodes = pd.DataFrame({"node_id": np.arange(len(places)), "lon": places[:, 0], "lat": places[:, 1]})
    return edges, nodes


@pytest.fixture(scope="module")
def porto(real_data: Path) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    tables = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")
    return tables.edges, tables.nodes


@pytest.mark.parametrize("towards", [False, True])
@pytest.mark.parametrize(("mode", "cutoff_s"), [("van", 150.0), ("walk", 800.0)])  # with one-ways and without
@pytest.mark.parametrize("city", ["jinan", "porto"])
def test_times_are_those_of_networkx(
    request: pytest.FixtureRequest, city: str, mode: str, cutoff_s: float, *, towards: bool
) -> None:
    network = reach.build_network(*request.getfixturevalue(city), mode=mode)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for start, end, seconds in (
        (network.tail, network.head, network.forward_s),
        (network.head, network.tail, network.backward_s),
    ):
        open_ = np.isfinite(seconds)
        ends = (end, start) if towards else (start, end)
        ids = [array[open_].tolist() for array in ends]
        graph.add_weighted_edges_from(zip(*ids, seconds[open_].tolist(), strict=True))
    sources = np.random.default_rng(4).choice(np.unique(network.node_id), N_SOURCES, replace=False)
    got = reach.nodes_within(network, sources, cutoff_s=cutoff_s, towards=towards)
    of_source = dict(tuple(got.groupby("source")))
    for row, source in enumerate(sources.tolist()):
        # A node that nobody passes is there once for each edge that ends in it; the nearest of them counts.
        starts = set(np.flatnonzero(network.node_id == source).tolist())
        found = nx.multi_source_dijkstra_path_length(graph, starts, cutoff=cutoff_s, weight="weight")
        want: dict[int, float] = {}
        for node, seconds in found.items():
            name = int(network.node_id[node])
            want[name] = min(seconds, want.get(name, seconds))
        mine = dict(zip(of_source[row]["node_id"].tolist(), of_source[row]["seconds"].tolist(), strict=True))
        assert mine.keys() == want.keys()
        assert max(abs(mine[node] - seconds) for node, seconds in want.items()) <= 1e-6


@pytest.mark.parametrize("direction", ["to_station", "from_station"])
def test_streets_reached_in_jinan_have_the_seconds_that_cells_have(
    jinan: tuple[gpd.GeoDataFrame, pd.DataFrame], direction: Literal["to_station", "from_station"]
) -> None:
    network = reach.build_network(*jinan, mode="van")
    at = np.random.default_rng(5).choice(network.n_nodes, 30, replace=False)
    points = gpd.points_from_xy(network.lon[at] + 2e-4, network.lat[at])
    stations = gpd.GeoDataFrame({"station_id": [f"s{row:02d}" for row in range(30)]}, geometry=points, crs="EPSG:4326")
    bands = [100.0, 200.0, 300.0]
    reached = reach.reached_streets(stations, network, bands_s=bands, direction=direction)
    by_cell = reach.within_travel_time(stations, network, cutoff_s=bands[-1], resolution=10, direction=direction)
    of_cell = by_cell.cells.table.set_index(by_cell.cells.table["cell"].astype(str))
    met = by_cell.table.join(of_cell[["edge_id", "share", "off_street_m"]], on=by_cell.table["cell"].astype(str))
    # at a node one may leave by another edge than the one that is asked, sooner than any place along it
    met = met[met["share"].between(0.0, 1.0, inclusive="neither")]
    met["street_s"] = met["impedance_s"] - met["off_street_m"] / (4.5 / 3.6)
    rows = met.merge(reached.table, on=["station_id", "edge_id"])
    rows = rows[rows["share"].between(rows["from_share"], rows["to_share"])]
    along = (rows["share"] - rows["from_share"]) / (rows["to_share"] - rows["from_share"])
    mine = rows["from_s"] + along * (rows["to_s"] - rows["from_s"])
    assert len(met) > 1000
    # every cell in reach meets a part, and the part knows its seconds and its band
    assert len(rows.drop_duplicates(["station_id", "cell"])) == len(met)
    assert (mine - rows["street_s"]).abs().max() < 1e-6
    assert (mine <= rows["band"] + 1e-9).all()
    shapes = reach.street_isochrones(reached)
    assert shapes.geometry.is_valid.all()
    areas = crs.geometry_area_m2(shapes.geometry)
    # no street is wider than its buffer both ways, and round ends add a circle at most to each part
    assert (areas > 0).all()
    assert (areas <= 80.0 * shapes["length_m"] + 30 * np.pi * 1600).all()


Parts = dict[tuple[str, int], list[tuple[float, float, float, float]]]


def _parts(reached: reach.ReachedStreets) -> Parts:
    parts: Parts = {}
    for row in reached.table.itertuples():
        parts.setdefault((row.station_id, row.edge_id), []).append((row.from_share, row.to_share, row.from_s, row.to_s))
    return parts


def _seconds_at(parts: Parts, station_id: str, edge_id: int, share: float) -> float:
    """Seconds of a station at a place, by the parts of streets that it reaches; inf beyond them."""
    return min(
        (from_s + (share - begin) / (end - begin) * (to_s - from_s)
         for begin, end, from_s, to_s in parts.get((station_id, edge_id), []) if begin <= share <= end),
        default=np.inf,
    )  # fmt: skip


def test_detours_in_jinan_are_the_least_over_all_pairs_of_points(
    jinan: tuple[gpd.GeoDataFrame, pd.DataFrame],
) -> None:
    network = reach.build_network(*jinan, mode="van")
    rng = np.random.default_rng(6)
    graph = nx.MultiDiGraph()
    graph.add_weighted_edges_from(zip(network.tail.tolist(), network.head.tolist(), network.forward_s, strict=True))
    rides = []
    for ride, start in enumerate(rng.choice(np.flatnonzero(network.strong == 0), 20, replace=False).tolist()):
        there = nx.single_source_dijkstra_path(graph, start, cutoff=400, weight="weight")
        way = max(there.values(), key=len)
        # in the midst of edges, because at a node one may turn before the edge
        at = np.column_stack([network.lon[way], network.lat[way]])
        middle = (0.6 * at[:-1] + 0.4 * at[1:])[::2]
        rides.append(pd.DataFrame({"courier_id": f"c{ride:02d}", "lon": middle[:, 0], "lat": middle[:, 1]}))
    tracks = pd.concat(rides, ignore_index=True)
    picked = tracks.iloc[rng.choice(len(tracks), 40, replace=False)]
    points = gpd.points_from_xy(picked["lon"] + 4e-4, picked["lat"] + 3e-4)
    stations = gpd.GeoDataFrame({"station_id": [f"s{row:02d}" for row in range(40)]}, geometry=points, crs="EPSG:4326")
    budget_s, skip_s = 90.0, 60.0
    found = reach.stations_on_route(tracks, stations, network, budget_s=budget_s, skip_s=skip_s, noise_m=0)
    mine = found.table.set_index(["courier_id", "station_id"])["extra_s"].to_dict()

    far_s = [budget_s + skip_s]
    out = reach.reached_streets(stations, network, bands_s=far_s)
    back = reach.reached_streets(stations, network, bands_s=far_s, direction="from_station")
    both = _parts(out), _parts(back)
    places = reach.snap(tracks["lon"], tracks["lat"], network, limit_m=100).table
    want: dict[tuple[str, str], float] = {}
    for name, rows in tracks.groupby("courier_id").groups.items():
        on = [places.loc[row] for row in rows if places.loc[row, "edge"] >= 0]
        hops = [_hop_s(graph, network, one, other) for one, other in pairwise(on)]
        for station in out.stations.table.loc[out.stations.table["edge"] >= 0, "station_id"]:
            legs = [
                [_seconds_at(parts, station, int(place["edge_id"]), float(place["share"])) for place in on]
                for parts in both
            ]
            extras = [
                max(0.0, legs[0][i] + legs[1][j] - sum(hops[i:j]))
                for i in range(len(on))
                for j in range(i, len(on))
                if sum(hops[i:j]) <= skip_s
            ]
            if min(extras, default=np.inf) <= budget_s:
                want[str(name), station] = min(extras)
    assert len(want) >= 30
    assert mine == pytest.approx(want, abs=1e-6)


def _hop_s(graph: nx.MultiDiGraph, network: reach.Network, one: pd.Series, other: pd.Series) -> float:
    """Seconds from a place on a one-way edge to another one."""
    here, there = int(one["edge"]), int(other["edge"])
    if here == there and other["share"] >= one["share"]:
        return float((other["share"] - one["share"]) * network.forward_s[here])
    start, end = int(network.head[here]), int(network.tail[there])
    times = nx.single_source_dijkstra_path_length(graph, start, cutoff=200, weight="weight")
    first = (1.0 - one["share"]) * network.forward_s[here]
    return float(first + times.get(end, np.inf) + other["share"] * network.forward_s[there])
