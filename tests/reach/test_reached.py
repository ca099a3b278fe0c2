"""Parts of streets within reach: against edges split at every place that is asked, and by hand."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

import geopandas as gpd
import networkx as nx
import numba
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON, make_stations
from stationgeo import crs, reach
from stationgeo.errors import ParameterError

PACE_M_S = 4.5 / 3.6
ASKED = (np.arange(13) + 0.5) / 13
# Kernels that are not compiled take a thousand times as long.
N = 20 if numba.config.DISABLE_JIT else 60
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _split(network: reach.Network, doors: list[tuple[int, float, float]]) -> nx.MultiDiGraph:
    """The streets, every edge cut at the places asked and at the doors of the station, which hang on their own."""
    graph = nx.MultiDiGraph()
    for row in range(network.n_edges):
        stops = [(0.0, int(network.tail[row])), *((float(one), (row, at)) for at, one in enumerate(ASKED)),
                 *((share, ("door", at)) for at, (edge, share, _) in enumerate(doors) if edge == row),
                 (1.0, int(network.head[row]))]  # fmt: skip
        for (share0, one), (share1, other) in pairwise(sorted(stops, key=lambda stop: stop[0])):
            part = share1 - share0
            for start, end, seconds in ((one, other, network.forward_s[row]), (other, one, network.backward_s[row])):
                if np.isfinite(seconds) or part == 0:
                    graph.add_edge(start, end, weight=part * float(seconds) if part else 0.0)
    for at, (_, _, off_s) in enumerate(doors):
        graph.add_edge("station", ("door", at), weight=off_s)
        # nobody passes through the station
        graph.add_edge(("door", at), "home", weight=off_s)
    return graph


@SHARED
@given(
    data=st.data(), direction=st.sampled_from(["to_station", "from_station"]), mode=st.sampled_from(["walk", "ebike"])
)
def test_parts_and_their_seconds_are_those_of_edges_split_by_brute_force(
    data: DataObject,
    any_streets: Callable[..., st.SearchStrategy[Any]],
    direction: Literal["to_station", "from_station"],
    mode: str,
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode=mode)
    metres = st.integers(-100, 700)
    stations = make_stations(data.draw(st.lists(st.tuples(metres, metres), min_size=1, max_size=3)))
    doors = data.draw(st.lists(st.tuples(st.integers(0, len(stations) - 1), metres, metres), max_size=4))
    access = make_stations([(x, y) for _, x, y in doors], [f"s{which}" for which, _, _ in doors])
    bands = sorted(data.draw(st.sets(st.integers(1, 500), min_size=1, max_size=3)))
    got = reach.reached_streets(stations, network, bands_s=bands, direction=direction, access=access)
    table = got.table
    assert (table["from_share"] < table["to_share"]).all()
    assert (np.maximum(table["from_s"], table["to_s"]) <= table["band"]).all()
    row_of = {int(edge): row for row, edge in enumerate(network.edge_id)}
    for name, at in got.stations.table.groupby("station_id"):
        mine = table[table["station_id"] == name]
        met = at[at["edge"] >= 0]
        if met.empty:
            assert mine.empty
            continue
        graph = _split(network, list(zip(met["edge"], met["share"], met["off_street_m"] / PACE_M_S, strict=True)))
        if direction == "to_station":
            graph = graph.reverse()
        begin = "home" if direction == "to_station" else "station"
        times = nx.single_source_dijkstra_path_length(graph, begin, weight="weight")
        for edge, row in row_of.items():
            parts = mine[mine["edge_id"] == edge]
            assert (parts["to_share"].to_numpy()[:-1] <= parts["from_share"].to_numpy()[1:]).all()
            for place, share in enumerate(ASKED):
                want = times.get((row, place), np.inf)
                held = parts[(parts["from_share"] <= share) & (share <= parts["to_share"])]
                if min(abs(want - band) for band in bands) < 1e-6:
                    continue  # within a rounding of a band either answer is right
                if want > bands[-1] or not network.may_snap[row]:
                    assert held.empty
                    continue
                along = (share - held["from_share"]) / (held["to_share"] - held["from_share"])
                seconds = held["from_s"] + along * (held["to_s"] - held["from_s"])
                # Where two parts meet at a door on a one-way, that which ends there has come around.
                assert seconds.min() == pytest.approx(want, abs=1e-6)
                assert held["band"][seconds.idxmin()] == min(band for band in bands if want <= band)


def test_an_edge_is_cut_where_the_time_runs_out_from_either_end_by_hand(streets: Callable[..., Any]) -> None:
    # 1,000 m east and on to 1,400 m, 15 km/h: 0.24 s/m. The station stands 300 m from the first end, on the street.
    edges, nodes = streets([(0, 0), (1000, 0), (1400, 0)], [{"ends": (0, 1)}, {"ends": (1, 2), "oneway": "yes"}])
    network = reach.build_network(edges, nodes, mode="ebike")
    out = reach.reached_streets(make_stations([(300, 0)]), network, bands_s=[60, 240], direction="from_station").table
    # west 300 m are 72 s: 250 m in 60 s; east 250 m in 60 s, 700 m in 168 s; then 72 s are left, 300 m of 400.
    want = [
        (0, 0.0, 0.05, 72.0, 60.0, 240.0), (0, 0.05, 0.3, 60.0, 0.0, 60.0), (0, 0.3, 0.55, 0.0, 60.0, 60.0),
        (0, 0.55, 1.0, 60.0, 168.0, 240.0), (1, 0.0, 0.75, 168.0, 240.0, 240.0),
    ]  # fmt: skip
    names = ["edge_id", "from_share", "to_share", "from_s", "to_s", "band"]
    assert out[names].to_numpy() == pytest.approx(np.array(want), abs=1e-3)
    assert out["length_m"].to_numpy() == pytest.approx([50, 250, 250, 450, 300], abs=0.5)
    # nobody comes back against the one-way
    back = reach.reached_streets(make_stations([(300, 0)]), network, bands_s=[240]).table
    assert back["edge_id"].unique().tolist() == [0]
    # a walk of 50 m to the street is 40 s of the 60: 20 s are left, 83 m either way
    off = reach.reached_streets(make_stations([(300, 50)]), network, bands_s=[60]).table
    assert off["length_m"].to_numpy() == pytest.approx([83.3, 83.3], abs=0.1)
    assert off["from_s"].to_numpy() == pytest.approx([60, 40], abs=0.01)


def test_the_two_ways_round_a_block_meet_in_the_middle_of_an_edge(streets: Callable[..., Any]) -> None:
    # a block of 4 x 100 m on foot, 80 s a side; from the corner 0 the far sides are met where both ways are as long
    edges, nodes = streets(
        [(0, 0), (100, 0), (100, 100), (0, 100)],
        [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (2, 3)}, {"ends": (3, 0), "highway": "steps"}],
    )
    network = reach.build_network(edges, nodes, mode="walk")
    table = reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[1000]).table
    # steps are 180 s: the corner 3 is 180 s past them and 240 s the other way; 180 + x = 160 + 80 - x: x = 30 s
    far = table[table["edge_id"] == 2]
    assert far["to_share"].to_numpy() == pytest.approx([50 / 80, 1.0], abs=1e-6)
    assert far["to_s"].to_numpy() == pytest.approx([210, 180], abs=0.01)
    assert table["length_m"].sum() == pytest.approx(400, abs=0.1)


def test_lines_are_cut_at_their_shares_round_their_bends(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (200, 0)], [{"ends": (0, 1), "via": [(0, 100), (200, 100)]}])
    network = reach.build_network(edges, nodes, mode="walk")
    table = reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[40, 120, 1000]).table
    shape = [np.round((shapely.get_coordinates(line) - [LON, LAT]) * [PER_LON, PER_LAT], 2) for line in table.geometry]
    assert shape[0].tolist() == [[0, 0], [0, 50]]
    assert shape[1] == pytest.approx(np.array([[0, 50], [0, 100], [50, 100]]), abs=0.05)
    assert shape[2] == pytest.approx(np.array([[50, 100], [200, 100], [200, 0]]), abs=0.05)


@SHARED
@given(data=st.data())
def test_shapes_hold_their_streets_and_nearer_bands_and_are_valid(
    data: DataObject, any_streets: Callable[..., st.SearchStrategy[Any]]
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode="walk")
    metres = st.integers(0, 600)
    stations = make_stations(data.draw(st.lists(st.tuples(metres, metres), min_size=1, max_size=3)))
    reached = reach.reached_streets(stations, network, bands_s=[60, 180, 400])
    drawn = reach.street_isochrones(reached)
    assert drawn.crs == "EPSG:4326"
    assert drawn.geometry.is_valid.all()
    assert set(drawn.geom_type) <= {"MultiPolygon"}
    for name, shapes in drawn.groupby("station_id"):
        for nearer, farther in pairwise(shapes.geometry):
            assert nearer.difference(farther).area * PER_LON * PER_LAT < 1e-3
        for row in shapes.itertuples():
            parts = reached.table[(reached.table["station_id"] == name) & (reached.table["band"] <= row.band)]
            assert row.length_m == pytest.approx(parts["length_m"].sum(), abs=1e-6)
            vertices = shapely.points(shapely.get_coordinates(parts.geometry.to_numpy()))
            assert shapely.contains(row.geometry, vertices).all()
            assert shapely.contains(row.geometry, shapely.line_interpolate_point(parts.geometry.to_numpy(), 0.3,
                                                                                  normalized=True)).all()  # fmt: skip
    everybody = reach.street_isochrones(reached, together=True)
    assert everybody["station_id"].unique().tolist() in ([""], [])
    for row in everybody.itertuples():
        apart = drawn.loc[drawn["band"] == row.band, "length_m"]
        assert apart.max() - 1e-6 <= row.length_m <= apart.sum() + 1e-6
        assert row.length_m <= network.length_m.sum() + 1e-6


def test_the_inside_of_a_large_block_stays_open_and_metres_are_metres(streets: Callable[..., Any]) -> None:
    corners = [(0.0, 0.0), (400.0, 0.0), (400.0, 400.0), (0.0, 400.0)]
    edges, nodes = streets(corners, [{"ends": (i, (i + 1) % 4)} for i in range(4)])
    network = reach.build_network(edges, nodes, mode="walk")
    reached = reach.reached_streets(make_stations([(0, 0), (400, 400)]), network, bands_s=[2000])
    shape = reach.street_isochrones(reached, buffer_m=50).geometry.iloc[0]
    assert [len(part.interiors) for part in shape.geoms] == [1]
    # 500 m square with round corners, less 300 m square: 250,000 - (4 - pi) 2,500 - 90,000
    area = crs.geometry_area_m2(gpd.GeoSeries([shape], crs="EPSG:4326"))
    assert area == pytest.approx([160_000 - (4 - np.pi) * 2500], rel=2e-3)
    both = reach.street_isochrones(reached, together=True)
    assert both["length_m"].to_numpy() == pytest.approx([1600], abs=0.5)


def test_threads_and_row_order_do_not_matter_and_far_stations_are_counted(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (300, 0)], [{"ends": (0, 1)}]), mode="walk")
    stations = make_stations([(10, 0), (250, 0), (0, 900)])
    one = reach.reached_streets(stations, network, bands_s=[100], workers=1)
    other = reach.reached_streets(stations.iloc[::-1], network, bands_s=[100], workers=3)
    assert one.table.equals(other.table)
    assert one.stations.counts["not snapped"] == 1
    assert "not snapped: 1" in one._repr_html_()
    nothing = reach.reached_streets(make_stations([]), network, bands_s=[100])
    assert nothing.table.empty
    assert reach.street_isochrones(nothing).empty
    assert reach.street_isochrones(nothing, together=True).empty


def test_wrong_numbers_are_named(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (100, 0)], [{"ends": (0, 1)}]), mode="walk")
    with pytest.raises(ParameterError, match="bands_s must be numbers above 0 that ascend"):
        reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[60, 30])
    with pytest.raises(ParameterError, match="direction"):
        reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[60], direction="to")
    with pytest.raises(ParameterError, match="buffer_m"):
        reach.street_isochrones(reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[60]), buffer_m=0)


def test_a_part_that_comes_around_a_one_way_ends_where_the_next_begins(streets: Callable[..., Any]) -> None:
    # A loop of 200 m, 48 s, one way; the station stands half-way: on from it at once, up to it after all of the loop.
    network = reach.build_network(
        *streets([(0, 0)], [{"ends": (0, 0), "via": [(0, 100)], "oneway": "yes"}]), mode="ebike"
    )
    got = reach.reached_streets(make_stations([(0, 100)]), network, bands_s=[90], direction="from_station").table
    columns = ["from_share", "to_share", "from_s", "to_s"]
    assert got[columns].to_numpy() == pytest.approx(np.array([(0, 0.5, 24, 48), (0.5, 1, 0, 24)]), abs=1e-3)


def test_two_doors_on_one_street_by_hand(streets: Callable[..., Any]) -> None:
    # 1,000 m of street, 0.24 s/m; doors at 200 m, and at 400 m after a walk of 40 m (32 s): from 200 m one gets there
    # in 48 s, so that both meet at 400 - 16 / 2 / 0.24 = 367 m.
    network = reach.build_network(*streets([(0, 0), (1000, 0)], [{"ends": (0, 1)}]), mode="ebike")
    doors = make_stations([(400, 40), (200, 0)], ["s0", "s0"])
    got = reach.reached_streets(make_stations([(0, 0)]), network, bands_s=[60], direction="from_station", access=doors)
    want = [(0.0, 0.2, 48, 0), (0.2, 0.3667, 0, 40), (0.3667, 0.4, 40, 32), (0.4, 0.5167, 32, 60)]
    columns = ["from_share", "to_share", "from_s", "to_s"]
    assert got.table[columns].to_numpy() == pytest.approx(np.array(want), abs=0.02)
    assert got.stations.table["access"].tolist() == [0, 1]
