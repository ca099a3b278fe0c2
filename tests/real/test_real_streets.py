"""The streets of Jinan: searches against networkx."""

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import crs, reach

pytestmark = pytest.mark.real

N_SOURCES = 200
CUTOFF_S = 800.0


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


@pytest.mark.parametrize("towards", [False, True])
@pytest.mark.parametrize("mode", ["van", "walk"])  # with one-ways and without
def test_times_in_jinan_are_those_of_networkx(
    jinan: tuple[gpd.GeoDataFrame, pd.DataFrame], mode: str, *, towards: bool
) -> None:
    network = reach.build_network(*jinan, mode=mode)
    graph = nx.MultiDiGraph()
    for start, end, seconds in (
        (network.tail, network.head, network.forward_s),
        (network.head, network.tail, network.backward_s),
    ):
        open_ = np.isfinite(seconds)
        ids = network.node_id[start[open_]], network.node_id[end[open_]]
        graph.add_weighted_edges_from(zip(*(array.tolist() for array in ids), seconds[open_].tolist(), strict=True))
    if towards:
        graph = graph.reverse()
    sources = np.random.default_rng(4).choice(network.node_id, N_SOURCES, replace=False)
    got = reach.nodes_within(network, sources, cutoff_s=CUTOFF_S, towards=towards)
    of_source = dict(tuple(got.groupby("source")))
    for row, source in enumerate(sources.tolist()):
        want = nx.single_source_dijkstra_path_length(graph, source, cutoff=CUTOFF_S, weight="weight")
        mine = dict(zip(of_source[row]["node_id"].tolist(), of_source[row]["seconds"].tolist(), strict=True))
        assert mine.keys() == want.keys()
        assert max(abs(mine[node] - seconds) for node, seconds in want.items()) <= 1e-6
