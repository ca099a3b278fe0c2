"""The streets of Jinan: searches against networkx."""

from pathlib import Path
from typing import Literal

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
