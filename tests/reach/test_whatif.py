"""Stations and streets that change: every update is what one gets from scratch, to the last bit."""

import gc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numba
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import lonlat
from stationgeo import reach
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.reach._graph import fingerprint

# Kernels that are not compiled take a thousand times as long.
N = 12 if numba.config.DISABLE_JIT else 40
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])
METRES = st.integers(-300, 900)
PLACE = st.tuples(METRES, METRES)
AnyStreets = Callable[..., st.SearchStrategy[Any]]
StationsAt = Callable[..., gpd.GeoDataFrame]
Direction = Literal["to_station", "from_station"]
DIRECTIONS = st.sampled_from(["to_station", "from_station"])


def assert_same(got: reach.TravelReach, want: reach.TravelReach) -> None:
    """Hold table, snaps, counts and terms against each other, exactly."""
    pd.testing.assert_frame_equal(got.table, want.table, check_exact=True)
    for mine, theirs in ((got.stations, want.stations), (got.cells, want.cells)):
        pd.testing.assert_frame_equal(mine.table, theirs.table, check_exact=True)
        assert mine.counts == theirs.counts
        assert (mine.limit_m, mine.far_m, mine.min_component_nodes) == (
            theirs.limit_m, theirs.far_m, theirs.min_component_nodes
        )  # fmt: skip
    assert got.n_cells.tolist() == want.n_cells.tolist()
    assert got.terms == want.terms


def _lattice(streets: Callable[..., Any], n: int, *, mode: str = "walk", oneway: str | None = None) -> reach.Network:
    points = [(100.0 * (i % n), 100.0 * (i // n)) for i in range(n * n)]
    rows = [{"ends": (i, i + 1), "oneway": oneway} for i in range(n * n) if i % n < n - 1]
    rows += [{"ends": (i, i + n), "oneway": oneway} for i in range(n * (n - 1))]
    return reach.build_network(*streets(points, rows), mode=mode)


@SHARED
@given(data=st.data(), direction=DIRECTIONS, fine=st.sampled_from([None, 11]))
def test_stations_that_change_give_what_one_gets_from_scratch(
    data: DataObject, any_streets: AnyStreets, stations_at: StationsAt, direction: Direction, fine: int | None
) -> None:
    network = reach.build_network(
        *data.draw(any_streets(least_edges=1)), mode=data.draw(st.sampled_from(["walk", "van"]))
    )
    names = [f"s{i}" for i in range(8)]
    now = dict(data.draw(st.lists(st.tuples(st.sampled_from(names), PLACE), max_size=5, unique_by=lambda row: row[0])))
    doors = {name: data.draw(st.lists(PLACE, max_size=2)) for name in now}
    how: dict[str, Any] = {
        "cutoff_s": float(data.draw(st.integers(0, 200))), "resolution": 10, "access_resolution": fine,
        "direction": direction, "snap_limit_m": data.draw(st.sampled_from([80.0, 300.0])),
    }  # fmt: skip

    def table(places: dict[str, Any]) -> gpd.GeoDataFrame:
        return stations_at(list(places.values()), list(places))

    def access(which: dict[str, Any]) -> gpd.GeoDataFrame:
        pairs = [(name, place) for name, places in which.items() for place in places]
        return stations_at([place for _, place in pairs], [name for name, _ in pairs])

    travel = reach.within_travel_time(table(now), network, access=access(doors), **how)
    for _ in range(2):
        # of each name: new where it is not there, else moved, closed, or left alone
        fate = {name: data.draw(st.sampled_from(["stay", "change", "close"])) for name in names}
        fresh = {name: data.draw(PLACE) for name, what in fate.items() if what == "change"}
        fresh_doors = {name: data.draw(st.lists(PLACE, max_size=2)) for name in fresh}
        closed = [name for name, what in fate.items() if what == "close" and name in now]
        travel = reach.change_stations(
            travel, network, close=closed, access=access(fresh_doors),
            add=table({name: place for name, place in fresh.items() if name not in now}),
            move=table({name: place for name, place in fresh.items() if name in now}),
        )  # fmt: skip
        now = {name: place for name, place in (now | fresh).items() if name not in closed}
        doors = {name: places for name, places in (doors | fresh_doors).items() if name in now}
        assert_same(travel, reach.within_travel_time(table(now), network, access=access(doors), **how))


@SHARED
@given(data=st.data(), direction=DIRECTIONS, fine=st.sampled_from([None, 11]))
def test_streets_that_change_give_what_one_gets_from_scratch(
    data: DataObject, any_streets: AnyStreets, stations_at: StationsAt, direction: Direction, fine: int | None
) -> None:
    tables = data.draw(any_streets(least_edges=1))
    mode = "walk" if fine else data.draw(st.sampled_from(["walk", "van"]))
    network = reach.build_network(*tables, mode=mode)
    stations = stations_at(data.draw(st.lists(PLACE, min_size=1, max_size=4)))
    longest_s = 300 if mode == "walk" else 90
    how: dict[str, Any] = {
        "cutoff_s": float(data.draw(st.integers(0, longest_s))), "resolution": 10, "access_resolution": fine,
        "direction": direction, "snap_limit_m": data.draw(st.sampled_from([80.0, 300.0])),
    }  # fmt: skip
    edges = st.lists(st.sampled_from(network.edge_id.tolist()), max_size=3) if network.n_edges else st.just([])
    graphs = [network, *(reach.block_streets(network, edge_id=data.draw(edges)) for _ in range(2)), network]
    travel = reach.within_travel_time(stations, network, **how)
    for before, after in pairwise(graphs):
        travel = reach.follow_streets(travel, before, after)
        assert_same(travel, reach.within_travel_time(stations, after, **how))


@SHARED
@given(data=st.data(), direction=DIRECTIONS)
def test_streets_of_a_lattice_that_break_into_islands(
    data: DataObject, streets: Callable[..., Any], stations_at: StationsAt, direction: Direction
) -> None:
    # 64 nodes are no island; a cut through the middle leaves parts above and below 50 nodes
    network = _lattice(streets, 8, oneway=data.draw(st.sampled_from([None, "yes"])), mode="ebike")
    stations = stations_at(data.draw(st.lists(PLACE, min_size=1, max_size=4)))
    how: dict[str, Any] = {"cutoff_s": float(data.draw(st.integers(10, 120))), "resolution": 10, "direction": direction}
    column = data.draw(st.integers(0, 6))
    wall = shapely.box(*lonlat(100 * column + 40, -50), *lonlat(100 * column + 60, data.draw(METRES) + 500))
    more = data.draw(st.lists(st.sampled_from(network.edge_id.tolist()), max_size=3))
    blocked = reach.block_streets(network, within=wall, edge_id=more)
    travel = reach.within_travel_time(stations, network, **how)
    there = reach.follow_streets(travel, network, blocked)
    assert_same(there, reach.within_travel_time(stations, blocked, **how))
    assert_same(reach.follow_streets(there, blocked, network), travel)


@SHARED
@given(data=st.data(), direction=DIRECTIONS, connector=st.sampled_from(["residential", "ferry"]))
def test_a_street_that_is_cut_off_far_away(
    data: DataObject, streets: Callable[..., Any], stations_at: StationsAt, direction: Direction, connector: str
) -> None:
    # A street beside a lattice of 64 nodes hangs on it by one long edge, that no cell meets if it is a ferry. When that
    # is blocked the street is an island: points beside it meet the lattice now, however far from what was blocked.
    n, off_m = data.draw(st.integers(2, 6)), float(data.draw(st.integers(10, 120)))
    points = [(100.0 * (i % 8), 100.0 * (i // 8)) for i in range(64)]
    points += [(100.0 * i, 700.0 + off_m) for i in range(n)]
    oneway = data.draw(st.sampled_from([None, "yes"]))
    rows: list[dict[str, Any]] = [{"ends": (i, i + 1), "oneway": oneway} for i in range(64) if i % 8 < 7]
    rows += [{"ends": (i, i + 8)} for i in range(56)] + [{"ends": (64 + i, 65 + i)} for i in range(n - 1)]
    rows += [{"ends": (63 + n, 63), "via": [(1400.0, 1000.0)], "highway": connector}]
    network = reach.build_network(*streets(points, rows), mode="ebike")
    near = st.tuples(st.integers(-100, 700), st.integers(600, 900))
    stations = stations_at(data.draw(st.lists(near, min_size=1, max_size=4)))
    how: dict[str, Any] = {
        "cutoff_s": float(data.draw(st.sampled_from([15, 40, 120, 400]))), "resolution": 10, "direction": direction,
        "snap_limit_m": data.draw(st.sampled_from([60.0, 200.0])), "off_street_km_h": 12.0,
    }  # fmt: skip
    blocked = reach.block_streets(network, edge_id=[len(rows) - 1])
    travel = reach.within_travel_time(stations, network, **how)
    there = reach.follow_streets(travel, network, blocked)
    assert_same(there, reach.within_travel_time(stations, blocked, **how))
    assert_same(reach.follow_streets(there, blocked, network), travel)


@SHARED
@given(data=st.data(), mode=st.sampled_from(["walk", "van"]))
def test_blocked_streets_are_those_that_were_never_there(
    data: DataObject, any_streets: AnyStreets, stations_at: StationsAt, mode: str
) -> None:
    edges, nodes = data.draw(any_streets(least_edges=1))
    network = reach.build_network(edges, nodes, mode=mode)
    gone = data.draw(st.lists(st.sampled_from(network.edge_id.tolist()), max_size=4)) if network.n_edges else []
    blocked = reach.block_streets(network, edge_id=gone)
    rebuilt = reach.build_network(edges[~edges["edge_id"].isin(gone)], nodes, mode=mode)
    stations = stations_at(data.draw(st.lists(PLACE, min_size=1, max_size=3)))
    got, want = (reach.within_travel_time(stations, graph, cutoff_s=150, resolution=10) for graph in (blocked, rebuilt))
    pd.testing.assert_frame_equal(got.table, want.table, check_exact=True)
    told = ["edge_id", "share", "lon", "lat", "off_street_m", "component_nodes", "island", "past_island"]
    pd.testing.assert_frame_equal(got.stations.table[told], want.stations.table[told], check_exact=True)
    # nodes that no street leads to any more stay, alone
    alone = network.n_nodes - rebuilt.n_nodes
    assert blocked.weak_nodes.tolist() == [*rebuilt.weak_nodes, *[1] * alone]
    assert blocked.strong_nodes.tolist() == [*rebuilt.strong_nodes, *[1] * alone]
    assert blocked.counts.get("blocked", 0) == len(set(gone))
    assert np.diff(blocked.first_out).sum() == blocked.head_out.size == rebuilt.head_out.size
    assert blocked.vertices is network.vertices
    ways = reach.nodes_within(blocked, blocked.node_id, cutoff_s=1e6, towards=True) if network.n_nodes else None
    if ways is not None and rebuilt.n_nodes:
        of_rebuilt = reach.nodes_within(rebuilt, np.unique(rebuilt.node_id), cutoff_s=1e6, towards=True)
        ids = dict(enumerate(blocked.node_id.tolist()))
        mine = {(ids[row.source], row.node_id): row.seconds for row in ways.itertuples()}
        theirs = np.unique(rebuilt.node_id).tolist()
        assert all(mine[theirs[row.source], row.node_id] == row.seconds for row in of_rebuilt.itertuples())


@SHARED
@given(data=st.data())
def test_a_polygon_blocks_the_streets_that_shapely_says_it_touches(data: DataObject, any_streets: AnyStreets) -> None:
    edges, nodes = data.draw(any_streets(least_edges=1))
    network = reach.build_network(edges, nodes, mode="walk")
    corners = data.draw(st.lists(PLACE, min_size=3, max_size=5))
    area = shapely.MultiPoint([lonlat(*corner) for corner in corners]).convex_hull
    if not isinstance(area, shapely.Polygon):
        return
    blocked = reach.block_streets(network, within=area)
    touched = edges.loc[edges.intersects(area), "edge_id"]
    assert network.edge_id[np.isinf(blocked.forward_s)].tolist() == sorted(set(touched) & set(network.edge_id.tolist()))


def test_only_stations_near_a_blocked_street_are_searched_again(
    streets: Callable[..., Any], stations_at: StationsAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = _lattice(streets, 30)
    stations = stations_at([(100.0 * (i % 5) * 6, 100.0 * (i // 5) * 6) for i in range(25)])
    travel = reach.within_travel_time(stations, network, cutoff_s=200, resolution=10)
    corner = reach.block_streets(network, within=shapely.box(*lonlat(20, 20), *lonlat(30, 110)))
    assert corner.counts["blocked"] == 1
    searched = []
    whole = reach._whatif.follow_streets.search_cells

    def watched(at: pd.DataFrame, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - passes everything on
        searched.extend(at["station_id"])
        return whole(at, *rest, **more)

    monkeypatch.setattr(reach._whatif.follow_streets, "search_cells", watched)
    got = reach.follow_streets(travel, network, corner)
    # 200 s of walking are 250 m: of stations 600 m apart only the one in the corner is near enough
    assert searched == ["s0"]
    assert_same(got, reach.within_travel_time(stations, corner, cutoff_s=200, resolution=10))


def test_a_motorway_that_no_point_meets_is_missed(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    rows = [{"ends": (0, 1)}, {"ends": (1, 2), "highway": "motorway"}, {"ends": (2, 3)}]
    network = reach.build_network(*streets([(0, 0), (500, 0), (2500, 0), (3000, 0)], rows), mode="van")
    stations = stations_at([(250, 0), (2750, 0)])
    blocked = reach.block_streets(network, edge_id=[1])
    for direction in ("to_station", "from_station"):
        how: dict[str, Any] = {"cutoff_s": 250, "resolution": 10, "direction": direction, "snap_limit_m": 60}
        travel = reach.within_travel_time(stations, network, **how)
        after = reach.follow_streets(travel, network, blocked)
        assert_same(after, reach.within_travel_time(stations, blocked, **how))
        assert after.n_cells.sum() < travel.n_cells.sum()
        assert_same(reach.follow_streets(after, blocked, network), travel)


def test_streets_beside_the_antimeridian() -> None:
    # a street to its east and one farther off to its west; the cells between may meet either
    step = 0.0004
    lon = [-180 + step, -180 + 2 * step, 180 - 4 * step, 180 - 3 * step]
    nodes = pd.DataFrame({"node_id": [0, 1, 2, 3], "lon": lon,
                          "lat": [10.0] * 4})  # fmt: skip
    lines = [shapely.LineString(nodes.loc[[i, i + 1], ["lon", "lat"]].to_numpy()) for i in (0, 2)]
    edges = gpd.GeoDataFrame({"edge_id": [0, 1], "from_node": [0, 2], "to_node": [1, 3], "length_m": 43.9,
                              "highway": "residential"}, geometry=lines, crs="EPSG:4326")  # fmt: skip
    network = reach.build_network(edges, nodes, mode="walk")
    points = gpd.points_from_xy([-180 + step, 180 - 3 * step], [10.0001, 10.0001])
    stations = gpd.GeoDataFrame({"station_id": ["east", "west"]}, geometry=points, crs="EPSG:4326")
    travel = reach.within_travel_time(stations, network, cutoff_s=200, resolution=11)
    assert (travel.n_cells > 0).all()
    for edge in (0, 1):
        blocked = reach.block_streets(network, edge_id=[edge])
        after = reach.follow_streets(travel, network, blocked)
        assert_same(after, reach.within_travel_time(stations, blocked, cutoff_s=200, resolution=11))
        assert_same(reach.follow_streets(after, blocked, network), travel)


def test_nothing_changes_nothing(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    network = _lattice(streets, 4)
    travel = reach.within_travel_time(stations_at([(0, 0), (200, 100)]), network, cutoff_s=200, resolution=10)
    assert reach.block_streets(network, edge_id=[]) is network
    assert reach.block_streets(network, within=shapely.box(0, 0, 1, 1)) is network
    assert reach.block_streets(network, within=shapely.Polygon()) is network
    assert_same(reach.follow_streets(travel, network, network), travel)
    assert_same(reach.change_stations(travel, network), travel)
    twice = reach.block_streets(reach.block_streets(network, edge_id=[1]), edge_id=[1, 2])
    assert twice.counts["blocked"] == 2


def test_a_network_is_told_by_what_is_in_it(streets: Callable[..., Any], tmp_path: Path) -> None:
    network = _lattice(streets, 3)
    network.save(tmp_path / "kept")
    assert reach.network_fingerprint(reach.open_network(tmp_path / "kept")) == reach.network_fingerprint(network)
    others = [reach.block_streets(network, edge_id=[0]), reach.block_streets(network, edge_id=[1]),
              _lattice(streets, 3, mode="ebike"), _lattice(streets, 3, mode="van", oneway="yes"), network]  # fmt: skip
    assert len({reach.network_fingerprint(other) for other in others}) == len(others)


def test_a_network_that_is_gone_is_forgotten(streets: Callable[..., Any]) -> None:
    network = _lattice(streets, 3)
    gc.collect()
    known = len(fingerprint._KNOWN)
    told = reach.network_fingerprint(network)
    assert reach.network_fingerprint(network) == told
    assert len(fingerprint._KNOWN) == known + 8
    del network
    gc.collect()
    assert len(fingerprint._KNOWN) == known


def test_what_does_not_fit_is_refused_by_name(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    network, other = _lattice(streets, 3), _lattice(streets, 4)
    travel = reach.within_travel_time(stations_at([(0, 0), (50, 0)]), network, cutoff_s=60, resolution=10)
    blocked = reach.block_streets(network, edge_id=[0])
    with pytest.raises(ParameterError, match="network must be the network that travel was made with, walk-"):
        reach.change_stations(travel, other)
    with pytest.raises(ParameterError, match="before must be the network"):
        reach.follow_streets(travel, blocked, network)
    with pytest.raises(ParameterError, match="after must be of the streets of before"):
        reach.follow_streets(travel, network, other)
    with pytest.raises(DataError, match="edge_id must name edges of the network; 2 of 3 are not in it: 77, -1"):
        reach.block_streets(network, edge_id=[77, 0, -1])
    with pytest.raises(ParameterError, match="whole numbers"):
        reach.block_streets(network, edge_id=[0.5])
    with pytest.raises(ParameterError, match="must be one polygon in WGS-84"):
        reach.block_streets(network, within=shapely.Point(0, 0))
    with pytest.raises(ParameterError, match="Got neither"):
        reach.block_streets(network)
    with pytest.raises(ColumnError, match="must have the column station_id"):
        reach.change_stations(travel, network, add=stations_at([(0, 0)]).rename(columns={"station_id": "candidate_id"}))
    with pytest.raises(DataError, match="add must name new stations; 1 of 1 are there already: 's1'"):
        reach.change_stations(travel, network, add=stations_at([(0, 0)], ["s1"]))
    with pytest.raises(DataError, match="move must name stations of travel; 1 of 1 are not there: 's9'"):
        reach.change_stations(travel, network, move=stations_at([(0, 0)], ["s9"]))
    with pytest.raises(DataError, match="close must name stations of travel; 1 of 2 are not there: 'x'"):
        reach.change_stations(travel, network, close=["s1", "x"])
    with pytest.raises(DataError, match="moved or closed once; 1 are named again: 's1'"):
        reach.change_stations(travel, network, close=["s1"], move=stations_at([(0, 0)], ["s1"]))
    with pytest.raises(DataError, match="access must name stations of the table"):
        reach.change_stations(travel, network, close=["s1"], access=stations_at([(0, 0)], ["s0"]))
    fewer = travel.table.iloc[1:]
    cut = reach.TravelReach(table=fewer, stations=travel.stations, cells=travel.cells, n_cells=travel.n_cells,
                            terms=travel.terms)  # fmt: skip
    with pytest.raises(DataError, match="travel must hold the rows that it was made with"):
        reach.change_stations(cut, network)


def test_both_directions_are_literal(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    # a one-way street to the east, closed ahead of a station in the middle: only who comes from there is touched
    network = reach.build_network(
        *streets([(0, 0), (500, 0), (1000, 0)],
                 [{"ends": (0, 1), "oneway": "yes"}, {"ends": (1, 2), "oneway": "yes"}]), mode="van"
    )  # fmt: skip
    directions: tuple[Direction, ...] = ("to_station", "from_station")
    for direction, lost in zip(directions, (False, True), strict=True):
        travel = reach.within_travel_time(
            stations_at([(300, 0)]), network, cutoff_s=100, resolution=11, direction=direction, snap_limit_m=30
        )
        after = reach.follow_streets(travel, network, reach.block_streets(network, edge_id=[1]))
        assert (len(after.table) < len(travel.table)) == lost
