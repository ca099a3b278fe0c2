import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from stationgeo import reach
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, SourceError

Strategy = Callable[..., st.SearchStrategy[Any]]
Peer = Callable[[reach.Network], nx.MultiDiGraph]

# The fixtures hold no state, so that examples may share them.
SHARED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _found(network: reach.Network, source: int, cutoff_s: float, *, towards: bool) -> dict[int, float]:
    got = reach.nodes_within(network, [source], cutoff_s=cutoff_s, towards=towards)
    return dict(zip(got["node_id"].tolist(), got["seconds"].tolist(), strict=True))


def test_times_both_ways_round_a_block_by_hand(streets: Callable[..., Any]) -> None:
    # a square of 100 m (80 s on foot); the side 0 -> 1 is one way, which binds e-bikes (24 s a side) and not walkers
    edges, nodes = streets(
        [(0, 0), (100, 0), (100, 100), (0, 100)],
        [{"ends": (0, 1), "oneway": "yes"}, {"ends": (1, 2)}, {"ends": (2, 3)}, {"ends": (3, 0)}],
    )
    walk = reach.build_network(edges, nodes, mode="walk")
    ebike = reach.build_network(edges, nodes, mode="ebike")
    assert _found(walk, 10, 1000, towards=False) == pytest.approx({10: 0, 0: 80, 20: 80, 30: 160})
    assert _found(ebike, 10, 1000, towards=False) == pytest.approx({10: 0, 0: 72, 20: 24, 30: 48})
    assert _found(ebike, 10, 1000, towards=True) == pytest.approx({10: 0, 0: 24, 20: 24, 30: 48})


def test_the_cutoff_is_inclusive(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0)], [{"ends": (0, 1)}])
    network = reach.build_network(edges, nodes, mode="walk")
    seconds = float(network.forward_s[0])
    assert set(_found(network, 0, seconds, towards=True)) == {0, 10}
    assert set(_found(network, 0, np.nextafter(seconds, 0), towards=True)) == {0}


@SHARED
@given(data=st.data(), towards=st.booleans(), mode=st.sampled_from(["walk", "ebike", "van"]))
def test_every_search_is_that_of_networkx(
    *, data: DataObject, any_streets: Strategy, peer: Peer, towards: bool, mode: str
) -> None:
    edges, nodes = data.draw(any_streets(least_edges=1))
    network = reach.build_network(edges, nodes, mode=mode)
    cutoff_s = data.draw(st.floats(0, 900))
    graph = peer(network).reverse() if towards else peer(network)
    got = reach.nodes_within(network, network.node_id, cutoff_s=cutoff_s, towards=towards, workers=2)
    assert not got.duplicated(["source", "node_id"]).any()
    for source in range(network.n_nodes):
        want = nx.single_source_dijkstra_path_length(graph, source, weight="weight")
        mine = got[got["source"] == source].set_index("node_id")["seconds"]
        assert mine.to_dict() == pytest.approx(
            {int(network.node_id[node]): seconds for node, seconds in want.items() if seconds <= cutoff_s}, abs=1e-9
        )
        assert mine.is_monotonic_increasing


@SHARED
@given(data=st.data())
def test_triangles_hold_and_walks_are_the_same_there_and_back(data: DataObject, any_streets: Strategy) -> None:
    edges, nodes = data.draw(any_streets(least_edges=1))
    network = reach.build_network(edges, nodes, mode="ebike")
    ids = network.node_id
    got = reach.nodes_within(network, ids, cutoff_s=1e6, towards=False)
    matrix = np.full((ids.size, ids.size), np.inf)
    matrix[got["source"], pd.Index(ids).get_indexer(got["node_id"])] = got["seconds"]
    through = (matrix[:, :, None] + matrix[None, :, :]).min(axis=1, initial=np.inf)
    assert (matrix <= through + 1e-9).all()
    back = reach.nodes_within(network, ids, cutoff_s=1e6, towards=True)
    other = np.full((ids.size, ids.size), np.inf)
    other[back["source"], pd.Index(ids).get_indexer(back["node_id"])] = back["seconds"]
    np.testing.assert_allclose(other, matrix.T, atol=1e-9)
    walk = reach.build_network(edges, nodes, mode="walk")
    there = reach.nodes_within(walk, walk.node_id, cutoff_s=1e6, towards=False)
    here = reach.nodes_within(walk, walk.node_id, cutoff_s=1e6, towards=True)
    keys = ["source", "node_id"]
    pd.testing.assert_frame_equal(
        there.sort_values(keys, ignore_index=True), here.sort_values(keys, ignore_index=True), atol=1e-9
    )


@SHARED
@given(data=st.data())
def test_components_are_those_of_networkx_by_size(data: DataObject, any_streets: Strategy, peer: Peer) -> None:
    edges, nodes = data.draw(any_streets())
    network = reach.build_network(edges, nodes, mode="ebike")
    graph = peer(network)
    for label, sizes, want in (
        (network.weak, network.weak_nodes, nx.weakly_connected_components(graph)),
        (network.strong, network.strong_nodes, nx.strongly_connected_components(graph)),
    ):
        mine = [frozenset(np.flatnonzero(label == part).tolist()) for part in range(sizes.size)]
        assert set(mine) == {frozenset(part) for part in want}
        assert sizes.tolist() == [len(part) for part in mine]
        assert (np.diff(sizes) <= 0).all()


def test_a_bollard_parts_the_street_for_vans_and_not_for_e_bikes(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0), (200, 0)], [{"ends": (0, 1)}, {"ends": (1, 2)}])
    nodes["barrier"] = [None, "bollard", None]
    van, ebike = (reach.build_network(edges, nodes, mode=mode) for mode in ("van", "ebike"))
    assert set(_found(ebike, 0, 1e4, towards=True)) == {0, 10, 20}
    # it comes up to the bollard from either side
    assert set(_found(van, 0, 1e4, towards=True)) == {0, 10}
    assert set(_found(van, 10, 1e4, towards=True)) == {0, 10, 20}
    assert (van.weak_nodes.tolist(), van.counts["nodes that cannot be passed"]) == ([2, 2], 1)


def test_the_order_of_rows_does_not_matter(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0), (100, 100)], [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (0, 2)}])
    one = reach.build_network(edges, nodes, mode="van")
    other = reach.build_network(edges.iloc[::-1], nodes.iloc[::-1], mode="van")
    _same(one, other)


def _same(one: reach.Network, other: reach.Network) -> None:
    for name in reach.Network.__slots__:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert np.array_equal(mine, theirs) if isinstance(mine, np.ndarray) else mine == theirs, name


def test_a_network_cannot_be_changed_and_is_the_same_from_disk_pickle_and_threads(
    streets: Callable[..., Any], tmp_path: Path
) -> None:
    rows = [{"ends": (i, (i * 7 + 3) % 20)} for i in range(20)] + [{"ends": (i, i + 1)} for i in range(19)]
    edges, nodes = streets([(37.0 * i % 500, 91.0 * i % 400) for i in range(20)], rows)
    network = reach.build_network(edges, nodes, mode="ebike")
    network.save(tmp_path / "net")
    opened = reach.open_network(tmp_path / "net")
    pickled = pickle.loads(pickle.dumps(opened))  # noqa: S301 - our own
    for other in (network, opened, pickled):
        _same(network, other)
        with pytest.raises(ValueError, match="read-only"):
            other.seconds_out[0] = 0.0
    want = reach.nodes_within(network, network.node_id, cutoff_s=100, towards=True, workers=1)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for got in pool.map(
            lambda which: reach.nodes_within(which, network.node_id, cutoff_s=100, towards=True, workers=3),
            [network, opened, pickled] * 4,
        ):
            pd.testing.assert_frame_equal(got, want)


def test_a_folder_is_never_taken_for_what_it_is_not(streets: Callable[..., Any], tmp_path: Path) -> None:
    edges, nodes = streets([(0, 0), (100, 0)], [{"ends": (0, 1)}])
    network = reach.build_network(edges, nodes, mode="walk")
    network.save(tmp_path / "net")
    with pytest.raises(SourceError, match="must be new or empty"):
        network.save(tmp_path / "net")
    (tmp_path / "net" / "lon.npy").unlink()
    with pytest.raises(SourceError, match=r"1 are missing: 'lon\.npy'"):
        reach.open_network(tmp_path / "net")
    (tmp_path / "net" / "network.json").write_text('{"format": 99}')
    with pytest.raises(SourceError, match=r"must hold format 2\. Got 99"):
        reach.open_network(tmp_path / "net")


def test_what_a_network_says_of_itself(streets: Callable[..., Any]) -> None:
    edges, nodes = streets(
        [(0, 0), (100, 0), (300, 300), (400, 300)],
        [{"ends": (0, 1)}, {"ends": (2, 3), "oneway": "yes"}, {"ends": (1, 2), "highway": "motorway"}],
    )
    html = reach.build_network(edges, nodes, mode="ebike")._repr_html_()
    for said in ("ebike", "4 nodes, 2 edges, 0.2 km", "2 components (50.0% of nodes", "closed, highway=motorway: 1"):
        assert said in html
    nothing = reach.build_network(edges.iloc[:0], nodes.iloc[:0], mode="ebike")
    assert (nothing.n_nodes, nothing.n_edges) == (0, 0)
    assert "0 nodes, 0 edges" in nothing._repr_html_()


def test_the_typical_speed_is_the_median_by_length(streets: Callable[..., Any]) -> None:
    # vans: 300 m at 18 km/h and 200 m at 30 km/h, both ways, and 350 m of one-way motorway at 70 km/h: of 1,350 m that
    # are open the slowest 600 m are no half, the slowest 1,000 m are; a path is closed to them, a point has no speed
    edges, nodes = streets(
        [(0, 0), (300, 0), (500, 0), (850, 0)],
        [{"ends": (0, 1), "highway": "residential"}, {"ends": (1, 2), "highway": "primary"},
         {"ends": (2, 3), "highway": "motorway"}, {"ends": (0, 3), "highway": "path"},
         {"ends": (1, 1), "highway": "residential"}],
    )  # fmt: skip
    van = reach.build_network(edges, nodes, mode="van")
    assert van.typical_speed_m_s == pytest.approx(30 / 3.6)
    blocked = reach.block_streets(van, edge_id=[int(van.edge_id[1])])
    # 600 m of 950 m that are left are at 18 km/h
    assert blocked.typical_speed_m_s == pytest.approx(18 / 3.6)
    assert np.isnan(reach.block_streets(van, edge_id=van.edge_id).typical_speed_m_s)


@SHARED
@given(data=st.data(), mode=st.sampled_from(["walk", "ebike", "van"]))
def test_no_more_than_half_the_length_is_faster_or_slower_than_typical(
    *, data: DataObject, any_streets: Strategy, mode: str
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode=mode)
    seconds, metres = np.concatenate([network.forward_s, network.backward_s]), np.tile(network.length_m, 2)
    rides = np.isfinite(seconds) & (metres > 0)
    typical = network.typical_speed_m_s
    assert np.isnan(typical) == (not rides.any())
    speeds, metres = metres[rides] / seconds[rides], metres[rides]
    if rides.any():
        assert metres[speeds <= typical].sum() >= metres.sum() / 2 * (1 - 1e-12)
        assert metres[speeds < typical].sum() <= metres.sum() / 2 * (1 + 1e-12)


def test_wrong_tables_are_named(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0)], [{"ends": (0, 1)}])
    with pytest.raises(DataError, match=r"must end in nodes.*1 of 1 do not: edge_id 0"):
        reach.build_network(edges, nodes.iloc[:1], mode="walk")
    with pytest.raises(DatumError, match="must be in EPSG:4326"):
        reach.build_network(edges.to_crs("EPSG:3857"), nodes, mode="walk")
    with pytest.raises(ColumnError, match="'speed'"):
        reach.build_network(edges, nodes, mode="walk", speed_column="speed")
    with pytest.raises(DataError, match="must be lines; 1 of 1 are not"):
        reach.build_network(edges.set_geometry(edges.geometry.representative_point()), nodes, mode="walk")
    network = reach.build_network(edges, nodes, mode="walk")
    with pytest.raises(DataError, match=r"1 of 2 are not in it: 99\."):
        reach.nodes_within(network, [0, 99], cutoff_s=1, towards=True)
    with pytest.raises(ParameterError, match="cutoff_s"):
        reach.nodes_within(network, [0], cutoff_s=float("nan"), towards=True)
    with pytest.raises(ParameterError, match="workers"):
        reach.nodes_within(network, [0], cutoff_s=1, towards=True, workers=0)
