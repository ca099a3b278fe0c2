"""Small streets whose nodes lie on a lattice of 100 m, and the network of Jinan where it is at hand."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import strategies as st

from stationgeo import crs, reach

LON, LAT = 114.0, 22.5
PER_LON, PER_LAT = (float(metres) for metres in crs.metres_per_degree(LAT))
Tables = tuple[gpd.GeoDataFrame, pd.DataFrame]


def lonlat(x_m: float, y_m: float) -> tuple[float, float]:
    return LON + x_m / PER_LON, LAT + y_m / PER_LAT


def make_streets(points: list[tuple[float, float]], rows: list[dict[str, Any]]) -> Tables:
    """Nodes at metres east and north; edges with `ends`, `via` (vertices between) and tags."""
    nodes = pd.DataFrame({"node_id": 10 * np.arange(len(points), dtype=np.int64),
                          "lon": [lonlat(*point)[0] for point in points],
                          "lat": [lonlat(*point)[1] for point in points]})  # fmt: skip
    lines = [[points[row["ends"][0]], *row.get("via", []), points[row["ends"][1]]] for row in rows]
    edges = gpd.GeoDataFrame(
        {
            "edge_id": np.arange(len(rows), dtype=np.int64),
            "from_node": np.array([10 * row["ends"][0] for row in rows], dtype=np.int64),
            "to_node": np.array([10 * row["ends"][1] for row in rows], dtype=np.int64),
            "length_m": [float(shapely.LineString(line).length) for line in lines],
            "highway": [row.get("highway", "residential") for row in rows],
            "oneway": [row.get("oneway") for row in rows],
        },
        geometry=[shapely.LineString([lonlat(*vertex) for vertex in line]) for line in lines],
        crs="EPSG:4326",
    )
    return edges, nodes


@pytest.fixture
def streets() -> Callable[..., Tables]:
    return make_streets


_METRES = st.integers(0, 6).map(lambda step: 100.0 * step)
_POINT = st.tuples(_METRES, _METRES)


@st.composite
def random_streets(draw: st.DrawFn, *, least_edges: int = 0) -> Tables:
    """Up to 8 nodes (some on one spot) and 14 edges: loops, parallels, no length, bends, one-ways, steps."""
    points = draw(st.lists(_POINT, min_size=2, max_size=8))
    end = st.integers(0, len(points) - 1)
    row = st.fixed_dictionaries({
        "ends": st.tuples(end, end),
        "via": st.lists(_POINT, max_size=2),
        "oneway": st.sampled_from([None, None, "yes", "-1"]),
        "highway": st.sampled_from(["residential", "residential", "service", "steps", "motorway"]),
    })  # fmt: skip
    return make_streets(points, draw(st.lists(row, min_size=least_edges, max_size=14)))


@pytest.fixture
def any_streets() -> Callable[..., st.SearchStrategy[Tables]]:
    return random_streets


def as_networkx(network: reach.Network) -> nx.MultiDiGraph:
    """The edges of a network, one arc each way that is open, by row of its nodes."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for row in range(network.n_edges):
        tail, head = int(network.tail[row]), int(network.head[row])
        for start, end, seconds in ((tail, head, network.forward_s[row]), (head, tail, network.backward_s[row])):
            if np.isfinite(seconds):
                graph.add_edge(start, end, weight=float(seconds), edge=row)
    return graph


@pytest.fixture
def peer() -> Callable[[reach.Network], nx.MultiDiGraph]:
    return as_networkx
