from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON
from stationgeo import reach
from stationgeo.errors import ParameterError
from stationgeo.reach._graph.grid import Grid, build_grid, first_from
from stationgeo.reach._meeting import meet

Strategy = Callable[..., st.SearchStrategy[Any]]
SHARED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
COLUMNS = ["edge", "share", "lon", "lat", "off_street_m"]

# In town, across the antimeridian from either side, and so near a pole that no bucket fits around it.
ORIGINS = [(LON, LAT), (179.997, -17.0), (-179.999, 65.0), (0.0, 89.99)]


def _moved(
    tables: tuple[gpd.GeoDataFrame, pd.DataFrame], lon: float, lat: float
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    edges, nodes = tables[0].copy(), tables[1].copy()
    edges.geometry = edges.geometry.translate(lon - LON, lat - LAT)
    nodes["lon"], nodes["lat"] = np.clip(nodes["lon"] + lon - LON, -180, 180), nodes["lat"] + lat - LAT
    return edges, nodes


def _turned(lon: np.ndarray) -> np.ndarray:
    return np.where(lon > 180, lon - 360, np.where(lon < -180, lon + 360, lon))


@SHARED
@given(data=st.data(), origin=st.sampled_from(ORIGINS), limit_m=st.sampled_from([0.0, 30.0, 100.0, 250.0, 900.0]),
       least_nodes=st.integers(1, 5))  # fmt: skip
def test_places_are_those_of_brute_force_to_the_last_bit(
    *, data: DataObject, any_streets: Strategy, brute_force: Callable[..., pd.DataFrame],
    origin: tuple[float, float], limit_m: float, least_nodes: int,
) -> None:  # fmt: skip
    network = reach.build_network(*_moved(data.draw(any_streets()), *origin), mode="ebike")
    # Points halfway between streets, on them and at their ends: many are equally near to several.
    metres = st.integers(-10, 40).map(lambda step: 20.0 * step)
    points = np.array(data.draw(st.lists(st.tuples(metres, metres), min_size=1, max_size=12)))
    lon = _turned(origin[0] + points[:, 0] / PER_LON)
    lat = np.minimum(origin[1] + points[:, 1] / PER_LAT, 90.0)
    want = brute_force(network, lon, lat, limit_m=limit_m, least_nodes=least_nodes)
    got = reach.snap(lon, lat, network, limit_m=limit_m, min_component_nodes=least_nodes)
    for name in COLUMNS:
        np.testing.assert_array_equal(got.table[name].to_numpy(), want[name].to_numpy(), name)
    assert got.counts["past a nearer island"] == want["past"].sum()


@SHARED
@given(data=st.data(), origin=st.sampled_from(ORIGINS))
def test_every_piece_is_in_each_bucket_it_crosses(
    *, data: DataObject, any_streets: Strategy, origin: tuple[float, float]
) -> None:
    network = reach.build_network(*_moved(data.draw(any_streets(least_edges=1)), *origin), mode="ebike")
    grid = network.grid
    row_of = np.repeat(np.arange(grid.first_in_row.size - 1), np.diff(grid.first_in_row))
    bucket_of = np.repeat(np.arange(grid.column.size), np.diff(grid.first))
    entered = set(zip(grid.vertex.tolist(), row_of[bucket_of].tolist(), grid.column[bucket_of].tolist(), strict=True))
    assert len(entered) == grid.vertex.size
    assert (np.lexsort((grid.vertex, grid.column[bucket_of], row_of[bucket_of])) == np.arange(grid.vertex.size)).all()
    along = np.linspace(0, 1, 401)[:, None]
    for edge in range(network.n_edges):
        for vertex in range(network.first_vertex[edge], network.first_vertex[edge + 1] - 1):
            start, end = network.vertices[vertex], network.vertices[vertex + 1]
            line = start + along * (end - start)
            column = np.floor((line[:, 0] - grid.frame[0]) / grid.frame[3]).astype(int)
            row = np.floor((line[:, 1] - grid.frame[1]) / grid.frame[4]).astype(int)
            # rounding may put a place that lies on the very rim outside
            inside = (column >= 0) & (row >= 0) & (row < grid.first_in_row.size - 1)
            crossed = {(vertex, *place) for place in zip(row[inside].tolist(), column[inside].tolist(), strict=True)}
            assert crossed <= entered if network.may_snap[edge] else vertex not in grid.vertex
    of_vertex = np.searchsorted(network.first_vertex, grid.vertex, side="right") - 1
    np.testing.assert_array_equal(grid.edge, of_vertex)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), unique=True), st.integers(-5, 70))
def test_the_first_column_from_one_on_is_that_of_a_search(columns: list[int], least: int) -> None:
    column = np.array([7, *sorted(columns), 3], dtype=np.int32)
    want = 1 + int(np.searchsorted(column[1:-1], least))
    assert first_from(column, 1, column.size - 1, least) == want


def test_memory_is_that_of_the_pieces_and_not_of_the_land_between(streets: Callable[..., Any]) -> None:
    # two streets of 100 m, 1,000 km apart: a bucket or two each, and a number for each row between
    edges, nodes = streets([(0, 0), (100, 0), (9e5, 4e5), (9e5 + 100, 4e5)], [{"ends": (0, 1)}, {"ends": (2, 3)}])
    grid = reach.build_network(edges, nodes, mode="walk").grid
    assert 2 <= grid.column.size <= 4
    assert grid.first_in_row.size == pytest.approx(4e5 / 100, abs=2)
    nothing = build_grid(np.zeros(1, dtype=np.int64), np.empty((0, 2)), np.empty(0, dtype=np.bool_))
    assert [array.size for array in nothing] == [5, 1, 0, 1, 0, 0]
    assert isinstance(nothing, Grid)


def test_a_street_across_the_antimeridian_is_met_from_both_sides(streets: Callable[..., Any]) -> None:
    edges, nodes = _moved(streets([(0, 0), (400, 0)], [{"ends": (0, 1)}]), 180 - 200 / PER_LON, LAT)
    network = reach.build_network(edges, nodes, mode="walk")
    lon = np.array([180 - 100 / PER_LON, -180 + 100 / PER_LON, 180.0, -180.0])
    got = reach.snap(lon, [LAT + 10 / PER_LAT] * 4, network, min_component_nodes=1).table
    assert got["off_street_m"].tolist() == pytest.approx([10] * 4, abs=1e-3)
    assert got["share"].tolist() == pytest.approx([0.25, 0.75, 0.5, 0.5], abs=1e-6)
    # the place is beside the point
    np.testing.assert_allclose(got["lon"], lon, atol=1e-9)


def test_neither_threads_nor_company_change_an_answer(
    streets: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    points = [(150.0 * (i % 5), 130.0 * (i // 5)) for i in range(25)]
    rows = [{"ends": (i, i + 1)} for i in range(24) if i % 5 < 4] + [{"ends": (i, i + 5)} for i in range(20)]
    network = reach.build_network(*streets(points, rows), mode="walk")
    rng = np.random.default_rng(3)
    lon, lat = LON + rng.uniform(-100, 700, 500) / PER_LON, LAT + rng.uniform(-100, 700, 500) / PER_LAT
    want = reach.snap(lon, lat, network, limit_m=80).table
    monkeypatch.setattr(meet, "_POINTS_AT_ONCE", 37)
    for workers in (1, 3, None):
        pd.testing.assert_frame_equal(reach.snap(lon, lat, network, limit_m=80, workers=workers).table, want)
    with pytest.raises(ParameterError, match="workers"):
        reach.snap(lon, lat, network, workers=0)
    nothing = reach.snap([], [], network)
    assert "points: 0" in nothing._repr_html_()
    assert (nothing.counts["points"], len(nothing.table)) == (0, 0)
