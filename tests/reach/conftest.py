"""Small streets whose nodes lie on a lattice of 100 m, and the network of Jinan where it is at hand."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import h3.api.basic_int as h3
import networkx as nx
import numba
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import strategies as st

from metric_streets import lonlat, make_stations
from stationgeo import crs, reach

if numba.config.DISABLE_JIT:

    @pytest.fixture(autouse=True)
    def _centres_of_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
        """Ask the library for centres where kernels are not compiled: those of cells are tested with cells."""

        def centres_of(named: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            pairs = np.array([h3.cell_to_latlng(cell) for cell in named.tolist()]).reshape(-1, 2)
            return pairs[:, 1].copy(), pairs[:, 0].copy()

        monkeypatch.setattr("stationgeo.cells._shapes.centres_of", centres_of)


PACE_M_S = 4.5 / 3.6
Tables = tuple[gpd.GeoDataFrame, pd.DataFrame]


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


def places_by_brute_force(
    network: reach.Network, lon: np.ndarray, lat: np.ndarray, *, limit_m: float, least_nodes: int
) -> pd.DataFrame:
    """Hold every point against every piece of every edge, in both turns around the globe: the columns of `snap`."""
    pieces = np.delete(np.arange(len(network.vertices)), network.first_vertex[1:] - 1)
    edge_of = np.searchsorted(network.first_vertex, pieces, side="right") - 1
    open_ = network.may_snap[edge_of]
    pieces, edge_of = pieces[open_], edge_of[open_]
    island = (network.weak_nodes[network.weak[network.tail]] < least_nodes)[edge_of] if pieces.size else edge_of
    rows = []
    # All at once, because NumPy rounds powers of single numbers in another way.
    for x, y, per in zip(lon, lat, np.column_stack(crs.metres_per_degree(lat)), strict=True):
        turns = (0.0, 360.0, -360.0)
        nearest = [_offs(network.vertices, pieces, (x + turn, y), per)[0] for turn in turns]
        best = {}
        for which in (False, True):
            found = [(metres[row], pieces[row], turn, row) for metres, turn in zip(nearest, turns, strict=True)
                     for row in np.flatnonzero((island == which) & (metres <= limit_m))]  # fmt: skip
            if found:
                best[which] = min(found)
        taken = best.get(False, best.get(True))
        if taken is None:
            rows.append((-1, np.nan, np.nan, np.nan, np.nan, False))
            continue
        metres, piece, turn, row = taken
        edge = edge_of[row]
        first, end = network.first_vertex[edge], network.first_vertex[edge + 1]
        steps = np.diff(network.vertices[first:end], axis=0) * per
        lengths = np.sqrt(steps[:, 0] * steps[:, 0] + steps[:, 1] * steps[:, 1])
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        _, part, off = _offs(network.vertices, np.array([piece]), (x + turn, y), per)
        here = along[piece - first] + part[0] * lengths[piece - first]
        share = min(here / along[-1], 1.0) if along[-1] > 0 else 0.0
        past = False in best and True in best and best[True][0] < best[False][0]
        rows.append((edge, share, x + off[0, 0] / per[0], y + off[0, 1] / per[1], metres, past))
    return pd.DataFrame(rows, columns=["edge", "share", "lon", "lat", "off_street_m", "past"])


def _offs(
    vertices: np.ndarray, pieces: np.ndarray, at: tuple[float, float], per: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Metres from a point to pieces, the part of each at which it is nearest, and the way there."""
    start = (vertices[pieces] - at) * per
    step = (vertices[pieces + 1] - vertices[pieces]) * per
    length2 = step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]
    part = np.zeros(pieces.size)
    np.divide(-(start[:, 0] * step[:, 0] + start[:, 1] * step[:, 1]), length2, out=part, where=length2 > 0)
    part = np.minimum(np.maximum(part, 0.0), 1.0)
    off = start + part[:, None] * step
    return np.hypot(off[:, 0], off[:, 1]), part, off


@pytest.fixture
def brute_force() -> Callable[..., pd.DataFrame]:
    return places_by_brute_force


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


def split_streets(network: reach.Network, places: dict[Any, tuple[int, float, float]]) -> nx.MultiDiGraph:
    """Cut every edge at each place that lies on it, and hang the point itself on it, a walk away either way."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(network.n_nodes))
    for row in range(network.n_edges):
        on = sorted((share, str(key), key) for key, (edge, share, _) in places.items() if edge == row)
        stops = [(0.0, int(network.tail[row])), *((share, ("on", key)) for share, _, key in on),
                 (1.0, int(network.head[row]))]  # fmt: skip
        for (share0, one), (share1, other) in pairwise(stops):
            part = share1 - share0
            forward_s, backward_s = float(network.forward_s[row]), float(network.backward_s[row])
            if np.isfinite(forward_s) or part == 0:
                graph.add_edge(one, other, weight=part * forward_s if part else 0.0)
            if np.isfinite(backward_s) or part == 0:
                graph.add_edge(other, one, weight=part * backward_s if part else 0.0)
    for key, (_, _, off_m) in places.items():
        graph.add_edge(key, ("on", key), weight=off_m / PACE_M_S)
        graph.add_edge(("on", key), key, weight=off_m / PACE_M_S)
    return graph


@pytest.fixture
def split() -> Callable[..., nx.MultiDiGraph]:
    return split_streets


@pytest.fixture
def stations_at() -> Callable[..., gpd.GeoDataFrame]:
    return make_stations
