from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON
from stationgeo import reach
from stationgeo.errors import DataError, ParameterError

SHARED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(data=st.data(), limit_m=st.floats(0, 500))
def test_every_point_meets_the_nearest_edge_by_brute_force(
    data: DataObject, any_streets: Callable[..., st.SearchStrategy[Any]], limit_m: float
) -> None:
    network = reach.build_network(*data.draw(any_streets()), mode="ebike")
    metres = st.integers(-200, 800)
    points = data.draw(st.lists(st.tuples(metres, metres), min_size=1, max_size=6))
    lon = [LON + x / PER_LON for x, _ in points]
    lat = [LAT + y / PER_LAT for _, y in points]
    got = reach.snap(lon, lat, network, limit_m=limit_m, min_component_nodes=1).table
    for (x, y), row in zip(points, got.itertuples(), strict=True):
        scale = [PER_LON, PER_LAT]
        # the scale is that of the point, which lies up to 800 m from the origin: a few centimetres
        lines = [
            shapely.LineString((network.vertices[first:last] - [LON, LAT]) * scale)
            for first, last in zip(network.first_vertex[:-1], network.first_vertex[1:], strict=True)
        ]
        offs = np.array([line.distance(shapely.Point(x, y)) for line in lines])
        if row.edge < 0:
            assert not (offs <= limit_m - 0.1).any()
            continue
        assert row.off_street_m <= limit_m
        assert row.off_street_m == pytest.approx(offs.min(), abs=0.1)
        place = shapely.Point((row.lon - LON) * PER_LON, (row.lat - LAT) * PER_LAT)
        assert place.distance(lines[row.edge]) < 0.1
        assert place.distance(shapely.Point(x, y)) == pytest.approx(row.off_street_m, abs=0.2)
        line = lines[row.edge]
        if line.length:
            assert line.interpolate(row.share, normalized=True).distance(place) < 2


def test_an_island_is_taken_only_where_nothing_else_is_near_and_always_told(streets: Callable[..., Any]) -> None:
    # a street of three nodes at y = 0, a yard of two at y = 100
    edges, nodes = streets([(0, 0), (100, 0), (200, 0), (0, 100), (100, 100)],
                           [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (3, 4)}])  # fmt: skip
    network = reach.build_network(edges, nodes, mode="walk")
    lat = [LAT + y / PER_LAT for y in (80, 300, 700, 10)]
    got = reach.snap([LON + 50 / PER_LON] * 4, lat, network, limit_m=250, min_component_nodes=3)
    assert got.table["edge_id"].tolist() == [0, 2, -1, 0]
    assert got.table["off_street_m"].tolist() == pytest.approx([80, 200, np.nan, 10], abs=0.1, nan_ok=True)
    assert got.table["component_nodes"].tolist() == [3, 2, 0, 3]
    assert got.counts == {"points": 4, "not snapped": 1, "far": 1, "on an island": 1, "past a nearer island": 1}


def test_nobody_gets_on_a_ferry_in_mid_river(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (400, 0), (400, 100)], [{"ends": (0, 1), "highway": "ferry"}, {"ends": (1, 2)}])
    got = reach.snap([LON + 200 / PER_LON], [LAT], reach.build_network(edges, nodes, mode="walk")).table
    assert got["edge_id"].tolist() == [1]
    assert got["off_street_m"].tolist() == pytest.approx([200], abs=0.1)


def test_wrong_points_and_limits_are_named(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (1, 0)], [{"ends": (0, 1)}]), mode="walk")
    with pytest.raises(DataError, match="1 of 1 do not"):
        reach.snap([np.nan], [LAT], network)
    with pytest.raises(ParameterError, match="limit_m"):
        reach.snap([LON], [LAT], network, limit_m=-1)
