"""Ways on the network against Dijkstra's of another library."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from stationgeo.sample._city import draft_city
from stationgeo.sample._routes import _EAGERNESS, Roads, find_way, make_scratch


def length_m(roads: Roads, way: np.ndarray) -> float:
    """Length of a way, target first; fails if a step is no street."""
    total = 0.0
    for after, before in itertools.pairwise(way):
        places = np.arange(roads.start[before], roads.start[before + 1])
        total += float(roads.metres[places[roads.to[places] == after]].min())
    return total


def test_ways_on_a_city_are_within_the_stated_factor_of_the_shortest() -> None:
    roads = draft_city(seed=2, area_km2=8, n_couriers=1).town.roads
    size = len(roads.x)
    rideable = np.flatnonzero(np.diff(roads.start))
    rng = np.random.default_rng(0)
    origins, targets = rng.choice(rideable, 40), rng.choice(rideable, 40)
    shortest = dijkstra(csr_array((roads.metres, roads.to, roads.start), shape=(size, size)), indices=origins)
    scratch = make_scratch(size, len(roads.to))
    ratios = []
    for number, (origin, target) in enumerate(zip(origins, targets, strict=True)):
        count = find_way(roads, scratch, number, origin, target)
        way = scratch.way[:count].copy()
        assert (way[0], way[-1]) == (target, origin)
        best = shortest[number, target]
        assert best - 1e-6 <= length_m(roads, way) <= _EAGERNESS * best + 1e-6
        ratios.append(length_m(roads, way) / max(best, 1.0))
    assert np.mean(ratios) < 1.03


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 9), st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=20), st.integers(0, 2**31))
def test_a_way_is_found_exactly_where_one_exists(size: int, pairs: list[tuple[int, int]], seed: int) -> None:
    edges = sorted({(a % size, b % size) for a, b in pairs if a % size != b % size})
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1000, (2, size))
    a, b = (np.array([edge[end] for edge in edges], dtype=np.int64) for end in (0, 1))
    start = np.concatenate([[0], np.cumsum(np.bincount(a, minlength=size))]).astype(np.int64)
    metres = np.hypot(x[a] - x[b], y[a] - y[b])
    roads = Roads(x, y, start, b, metres, np.zeros(size, dtype=np.uint8), np.ones(size))
    shortest = dijkstra(csr_array((metres, b, start), shape=(size, size)))
    scratch = make_scratch(size, len(b))
    for search, (origin, target) in enumerate(np.ndindex(size, size)):
        count = find_way(roads, scratch, search, origin, target)
        assert (count > 0) == np.isfinite(shortest[origin, target])
        if count:
            way = scratch.way[:count]
            assert length_m(roads, way) == pytest.approx(shortest[origin, target], rel=_EAGERNESS - 1, abs=1e-6)
