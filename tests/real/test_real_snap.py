"""Points on the streets of Porto and Jinan: the grid of buckets against a tree of boxes."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from stationgeo import crs, io, reach

pytestmark = pytest.mark.real

N_POINTS = 20_000
LIMIT_M = 120.0
LEAST_NODES = 50


@pytest.fixture(params=["porto", "jinan"])
def network(request: pytest.FixtureRequest, real_data: Path) -> reach.Network:
    if request.param == "porto":
        tables = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")
    else:
        tables = io.read_network(real_data / "jinan" / "edges.shp", datum="WGS-84", crs="EPSG:4326", directed=True)
    return reach.build_network(tables.edges, tables.nodes, mode="ebike")


def _points(network: reach.Network) -> tuple[np.ndarray, np.ndarray]:
    """Places anywhere, beside streets, and at their vertices, where many edges are equally near."""
    rng = np.random.default_rng(6)
    west, south, east, north = network.extent
    at = network.vertices[rng.integers(0, len(network.vertices), 2 * N_POINTS)]
    at[N_POINTS:] += rng.normal(0, 3e-4, (N_POINTS, 2))
    anywhere = np.column_stack([rng.uniform(west, east, N_POINTS), rng.uniform(south, north, N_POINTS)])
    return tuple(np.concatenate([at, anywhere]).T)


def _by_tree(network: reach.Network, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edge (-1 where there is none) and metres, from all pieces whose boxes are within the limit of each point."""
    piece = np.delete(np.arange(len(network.vertices)), network.first_vertex[1:] - 1)
    edge = np.searchsorted(network.first_vertex, piece, side="right") - 1
    piece, edge = piece[network.may_snap[edge]], edge[network.may_snap[edge]]
    start, end = network.vertices[piece], network.vertices[piece + 1]
    tree = shapely.STRtree(shapely.box(*np.minimum(start, end).T, *np.maximum(start, end).T))
    per = np.column_stack(crs.metres_per_degree(lat))
    wide, high = 1.001 * LIMIT_M / per.T
    point, row = tree.query(shapely.box(lon - wide, lat - high, lon + wide, lat + high))
    begin = (start[row] - np.column_stack([lon, lat])[point]) * per[point]
    step = (end[row] - start[row]) * per[point]
    length2 = step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]
    part = np.zeros(len(row))
    np.divide(-(begin[:, 0] * step[:, 0] + begin[:, 1] * step[:, 1]), length2, out=part, where=length2 > 0)
    off = begin + np.minimum(np.maximum(part, 0), 1)[:, None] * step
    metres = np.hypot(off[:, 0], off[:, 1])
    island = network.weak_nodes[network.weak[network.tail[edge[row]]]] < LEAST_NODES
    near = metres <= LIMIT_M
    order = np.lexsort((row[near], metres[near], island[near], point[near]))
    first = np.unique(point[near][order], return_index=True)
    found_edge, found_m = np.full(lon.size, -1), np.full(lon.size, np.nan)
    found_edge[first[0]] = edge[row[near][order[first[1]]]]
    found_m[first[0]] = metres[near][order[first[1]]]
    return found_edge, found_m


def test_places_are_those_of_a_tree_to_the_last_bit(network: reach.Network) -> None:
    lon, lat = _points(network)
    got = reach.snap(lon, lat, network, limit_m=LIMIT_M, min_component_nodes=LEAST_NODES)
    edge, off_m = _by_tree(network, lon, lat)
    np.testing.assert_array_equal(got.table["edge"].to_numpy(), edge)
    np.testing.assert_array_equal(got.table["off_street_m"].to_numpy(), off_m)
    assert got.counts["past a nearer island"] > 10
    assert 1_000 < got.counts["not snapped"] < N_POINTS


def test_on_both_sides_of_the_antimeridian_of_fiji(real_data: Path) -> None:
    tables = io.read_network(real_data / "osm" / "fiji-ferry.pbf")
    network = reach.build_network(tables.edges, tables.nodes, mode="walk")
    west, _, east, _ = network.extent
    assert west < -179 or east > 179
    vertices = network.vertices[np.repeat(network.may_snap, np.diff(network.first_vertex))]
    lon = np.where(vertices[:, 0] > 180, vertices[:, 0] - 360, vertices[:, 0])
    got = reach.snap(lon, vertices[:, 1], network, min_component_nodes=1)
    assert got.table["off_street_m"].max() < 1e-6


def test_streets_taken_out_of_a_quarter_of_porto_show_there_and_nowhere_else(real_data: Path) -> None:
    tables = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")
    whole = reach.build_network(tables.edges, tables.nodes, mode="ebike")
    rng = np.random.default_rng(8)
    # No tracks lie on Porto: places on its streets, as a receiver that is off by 8 m sees them.
    at = whole.vertices[rng.integers(0, len(whole.vertices), N_POINTS)] + rng.normal(0, 8 / 111_000, (N_POINTS, 2))
    zone = np.where(at[:, 0] < -8.6, "west", "east")
    full = reach.off_street_share(*at.T, whole, zones=zone).set_index("zone_id")
    assert full["off_street_share"].max() < 0.01
    assert full["fixes"].sum() == N_POINTS
    kept = tables.edges[~((tables.edges["highway"] == "residential") & (tables.edges.bounds["maxx"] < -8.6))]
    lacking = reach.build_network(kept, tables.nodes, mode="ebike")
    got = reach.off_street_share(*at.T, lacking, zones=zone).set_index("zone_id")
    assert got.loc["west", "off_street_share"] > 0.1
    assert got.loc["east", "off_street_share"] < 0.01
