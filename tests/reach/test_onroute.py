"""Stations on the way of tracks: against networkx over all pairs of points, and by hand."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import networkx as nx
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON, make_stations
from stationgeo import reach
from stationgeo.errors import ColumnError, DataError, ParameterError

PACE_M_S = 4.5 / 3.6
# Kernels that are not compiled take a thousand times as long.
N = 30 if numba.config.DISABLE_JIT else 60
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])
Rides = dict[str, list[tuple[float, float]]]


def _tracks(rides: Rides) -> pd.DataFrame:
    rows = [(name, LON + x / PER_LON, LAT + y / PER_LAT) for name, points in rides.items() for x, y in points]
    return pd.DataFrame(rows, columns=["courier_id", "lon", "lat"])


def _times(network: reach.Network, places: list[tuple[int, float]]) -> list[dict[int, float]]:
    """Seconds from each place to each other, over edges that are cut at all places."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(-1 - place for place in range(len(places)))
    for row in range(network.n_edges):
        on = [(share, -1 - place) for place, (edge, share) in enumerate(places) if edge == row]
        stops = [(0.0, int(network.tail[row])), *sorted(on), (1.0, int(network.head[row]))]
        for (share0, one), (share1, other) in pairwise(stops):
            part = share1 - share0
            for start, end, seconds in ((one, other, network.forward_s[row]), (other, one, network.backward_s[row])):
                if np.isfinite(seconds) or part == 0:
                    graph.add_edge(start, end, weight=part * float(seconds) if part else 0.0)
    every = [nx.single_source_dijkstra_path_length(graph, -1 - place, weight="weight") for place in range(len(places))]
    return [{-1 - node: seconds for node, seconds in found.items() if node < 0} for found in every]


def _by_brute_force(
    network: reach.Network, tracks: pd.DataFrame, doors: gpd.GeoDataFrame, *, skip_s: float
) -> dict[tuple[str, str], float]:
    """The formula as it stands, over all pairs of points and of doors, whatever the budget."""
    fixes = reach.snap(tracks["lon"], tracks["lat"], network, limit_m=100).table
    at = reach.snap(doors.geometry.x, doors.geometry.y, network).table
    met = {name: [d for d in rows if at["edge"][d] >= 0] for name, rows in doors.groupby("station_id").groups.items()}
    off_s = at["off_street_m"] / PACE_M_S
    places = [(int(edge), float(share)) for edge, share in zip(fixes["edge"], fixes["share"], strict=True)]
    times = _times(network, places + list(zip(at["edge"].astype(int), at["share"], strict=True)))
    want: dict[tuple[str, str], float] = {}
    for name, rows in tracks.groupby("courier_id").groups.items():
        on = [row for row in rows if places[row][0] >= 0]
        hops = [times[one].get(other, np.inf) for one, other in pairwise(on)]
        for station, own in met.items():
            for i in range(len(on)):
                for j in range(i, len(on)):
                    ridden = sum(hops[i:j])
                    out = min((times[on[i]].get(len(places) + d, np.inf) + off_s[d] for d in own), default=np.inf)
                    back = min((times[len(places) + d].get(on[j], np.inf) + off_s[d] for d in own), default=np.inf)
                    if ridden <= skip_s and np.isfinite(out + back):
                        key = (str(name), str(station))
                        want[key] = min(want.get(key, np.inf), max(0.0, out + back - ridden))
    return want


_METRES = st.integers(-20, 620).map(float)
_RIDE = st.lists(st.tuples(_METRES, _METRES), min_size=1, max_size=6)


@SHARED
@given(
    data=st.data(),
    mode=st.sampled_from(["walk", "ebike"]),
    budget_s=st.integers(0, 300).map(lambda number: number + 0.123),
    skip_s=st.integers(0, 400).map(lambda number: number + 0.456),
)
def test_the_extra_is_the_least_over_all_pairs_of_points(
    data: DataObject, any_streets: Callable[..., st.SearchStrategy[Any]], mode: str, budget_s: float, skip_s: float
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=2)), mode=mode)
    tracks = _tracks(data.draw(st.dictionaries(st.sampled_from("abc"), _RIDE, min_size=1)))
    stations = make_stations(data.draw(st.lists(st.tuples(_METRES, _METRES), min_size=1, max_size=3)))
    doors = data.draw(st.lists(st.tuples(st.integers(0, len(stations) - 1), _METRES, _METRES), max_size=3))
    access = make_stations([(x, y) for _, x, y in doors], [f"s{which}" for which, _, _ in doors])
    # noise_m of 0 passes over repeated places, which changes nothing
    got = reach.stations_on_route(
        tracks, stations, network, budget_s=budget_s, skip_s=skip_s, noise_m=0, access=access
    )  # fmt: skip
    own = stations[~stations["station_id"].isin(access["station_id"])]
    want = _by_brute_force(network, tracks, pd.concat([own, access], ignore_index=True), skip_s=skip_s)
    mine = {(row.courier_id, row.station_id): row.extra_s for row in got.table.itertuples()}
    assert mine == pytest.approx({key: extra for key, extra in want.items() if extra <= budget_s}, abs=1e-6)
    for row in got.table.itertuples():
        assert 0 <= row.extra_s <= budget_s
        assert row.leave_row <= row.return_row
        assert (tracks["courier_id"].iloc[[row.leave_row, row.return_row]] == row.courier_id).all()
    assert got.tracks["stations"].sum() == got.by_station["tracks"].sum() == len(got.table)


@settings(SHARED, max_examples=N * 2 // 3)
@given(data=st.data())
def test_more_budget_and_more_to_skip_never_lose_a_station(
    data: DataObject, any_streets: Callable[..., st.SearchStrategy[Any]]
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=2)), mode="ebike")
    tracks = _tracks(data.draw(st.dictionaries(st.sampled_from("abc"), _RIDE, min_size=1)))
    stations = make_stations(data.draw(st.lists(st.tuples(_METRES, _METRES), min_size=1, max_size=3)))

    def extras(budget_s: float, skip_s: float) -> pd.Series:
        found = reach.stations_on_route(tracks, stations, network, budget_s=budget_s, skip_s=skip_s).table
        return found.set_index(["courier_id", "station_id"])["extra_s"]

    little, much, far = extras(60.1, 100.2), extras(120.1, 100.2), extras(120.1, 200.2)
    pd.testing.assert_series_equal(little, much[much <= 60.1])
    assert (far.reindex(much.index) <= much + 1e-9).all()


def _corner(streets: Callable[..., Any]) -> reach.Network:
    # a main street of 1,000 m to the east, one way from 400 m on, and a side street of 200 m to the north at 400 m
    edges, nodes = streets(
        [(0, 0), (400, 0), (1000, 0), (400, 200)],
        [{"ends": (0, 1)}, {"ends": (1, 2), "oneway": "yes"}, {"ends": (1, 3)}],
    )
    return reach.build_network(edges, nodes, mode="ebike")


def test_detours_by_hand(streets: Callable[..., Any]) -> None:
    network = _corner(streets)  # 0.24 s/m
    rides: Rides = {"ride": [(0, 0), (300, 0), (600, 0), (1000, 0)]}
    stations = make_stations([(400, 100), (500, 0), (0, 30)])
    found = reach.stations_on_route(_tracks(rides), stations, network, budget_s=60)
    # s0: 100 m into the side street and back, 48 s; one leaves at 300 m, and rejoins at 600 m.
    # s1 lies on the way: 0 s. s2: 30 m on foot from where the ride begins, 24 s each way.
    assert found.table["extra_s"].to_numpy() == pytest.approx([48, 0, 48], abs=0.05)
    assert found.table["leave_row"].tolist() == [1, 1, 0]
    assert found.table["return_row"].tolist() == [2, 2, 0]
    assert found.tracks.loc[0, ["stations", "points_used"]].tolist() == [3, 4]
    assert found.tracks.loc[0, "ridden_s"] == pytest.approx(240, abs=0.1)
    assert found.by_station["track_share"].tolist() == [1, 1, 1]
    assert (found.covered_share, found.counts["hops not joined"]) == (1.0, 0)
    # Who may skip nothing leaves and comes back at one fix: from 300 m 48 + 2 x 100 m; nobody comes back from s1.
    strict = reach.stations_on_route(_tracks(rides), stations, network, budget_s=100, skip_s=0)
    assert strict.table["station_id"].tolist() == ["s0", "s2"]
    assert strict.table["extra_s"].to_numpy() == pytest.approx([96, 48], abs=0.05)
    # the hops of more than skip_s join nothing
    assert strict.counts["hops not joined"] == 3


def test_a_station_behind_on_a_one_way_is_not_on_the_way(streets: Callable[..., Any]) -> None:
    network = _corner(streets)
    late: Rides = {"late": [(600, 0), (1000, 0)]}
    found = reach.stations_on_route(
        _tracks(late), make_stations([(500, 0), (800, 0)]), network, budget_s=600, skip_s=600
    )
    assert found.table["station_id"].tolist() == ["s1"]


def test_a_ride_that_was_longer_than_the_way_past_the_station_costs_nothing(streets: Callable[..., Any]) -> None:
    # round three sides of a block, 300 m; the station is on the fourth side
    edges, nodes = streets([(0, 0), (0, 100), (100, 100), (100, 0)], [{"ends": (i, (i + 1) % 4)} for i in range(4)])
    network = reach.build_network(edges, nodes, mode="ebike")
    ride: Rides = {"a": [(0, 0), (0, 100), (100, 100), (100, 0)]}
    found = reach.stations_on_route(_tracks(ride), make_stations([(50, 0)]), network, budget_s=0)
    assert found.table.iloc[0].tolist() == ["a", "s0", 0.0, 0, 3]
    # a side is 24 s: who may skip no more than 20 s of the ride goes there and back from a corner, 2 x 50 m
    less = reach.stations_on_route(_tracks(ride), make_stations([(50, 0)]), network, budget_s=60, skip_s=20)
    assert less.table["extra_s"].to_numpy() == pytest.approx([24], abs=0.05)


def test_noise_points_off_the_streets_and_gaps_are_counted(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (400, 0), (400, 800), (800, 800)], [{"ends": (0, 1)}, {"ends": (2, 3)}])
    network = reach.build_network(edges, nodes, mode="ebike")
    points = [(0, 0), (5, 3), (100, 0), (100, 250), (300, 0), (500, 800), (600, 800)]
    tracks = pd.concat([_tracks({"a": points, "b": [(5000, 5000)]}), _tracks({"nobody": [(0, 0)]})], ignore_index=True)
    tracks.loc[tracks["courier_id"] == "nobody", "courier_id"] = None
    found = reach.stations_on_route(tracks, make_stations([(200, 0), (0, 3000)]), network, budget_s=10)
    assert found.counts == {
        "points": 9, "points of no track": 1, "points within noise of the one before": 1, "points not snapped": 2,
        "points used": 5, "hops": 4, "hops not joined": 1, "tracks": 2, "tracks off the streets": 1,
    }  # fmt: skip
    # over the point off the street the ride goes on from 100 m to 300 m
    assert found.table["extra_s"].to_numpy() == pytest.approx([0], abs=1e-6)
    assert found.table[["leave_row", "return_row"]].to_numpy().tolist() == [[2, 4]]
    assert found.tracks["hops_not_joined"].tolist() == [1, 0]
    assert found.covered_share == 1.0
    assert found.by_station["tracks"].tolist() == [1, 0]
    assert found.stations.counts["not snapped"] == 1
    assert "100.0% of tracks pass a station within 10 s more" in found._repr_html_()


def test_a_wait_that_jitters_beside_a_one_way_is_no_ride_round_the_block(streets: Callable[..., Any]) -> None:
    # a block whose streets are one way: 4 m back is 396 m on, 95 s
    corners = [(0, 0), (100, 0), (100, 100), (0, 100)]
    edges, nodes = streets(corners, [{"ends": (i, (i + 1) % 4), "oneway": "yes"} for i in range(4)])
    network = reach.build_network(edges, nodes, mode="ebike")
    wait: Rides = {"a": [(50, 0), (46, 0)] * 3}
    stations = make_stations([(50, 100)])
    believed = reach.stations_on_route(_tracks(wait), stations, network, budget_s=200, noise_m=0)
    assert believed.table["extra_s"].to_numpy() == pytest.approx([0], abs=1e-6)
    told = reach.stations_on_route(_tracks(wait), stations, network, budget_s=200)
    assert told.table["extra_s"].to_numpy() == pytest.approx([96], abs=0.05)


def test_rows_threads_and_blocks_do_not_matter(streets: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    points = [(100.0 * (i % 5), 100.0 * (i // 5)) for i in range(25)]
    rows = [{"ends": (i, i + 1), "oneway": "yes" if i % 2 else None} for i in range(24) if i % 5 < 4]
    network = reach.build_network(*streets(points, rows + [{"ends": (i, i + 5)} for i in range(20)]), mode="ebike")
    rng = np.random.default_rng(2)
    tracks = _tracks({f"c{i}": [tuple(point) for point in rng.uniform(0, 400, (12, 2))] for i in range(20)})
    tracks["t"] = pd.date_range("2026-01-01", periods=len(tracks), freq="10s", tz="UTC")
    tracks["order_id"] = np.where(np.arange(len(tracks)) % 12 < 6, 1, 2)
    stations = make_stations([tuple(point) for point in rng.uniform(0, 400, (9, 2))])
    keys = ["courier_id", "order_id"]
    one = reach.stations_on_route(tracks, stations, network, budget_s=40, track_key=keys, workers=1)
    assert len(one.tracks) == 40
    assert one.table.columns[:3].tolist() == [*keys, "station_id"]
    shuffled = tracks.sample(frac=1, random_state=1)
    monkeypatch.setattr("stationgeo.reach._along.onroute._STATIONS_AT_ONCE", 2)
    other = reach.stations_on_route(shuffled, stations, network, budget_s=40, track_key=keys, workers=3)
    place = np.arange(len(tracks))[shuffled.index]
    for name in ("leave_row", "return_row"):
        other.table[name] = place[other.table[name]]
    pd.testing.assert_frame_equal(one.table, other.table)
    pd.testing.assert_frame_equal(one.tracks, other.tracks)
    pd.testing.assert_frame_equal(one.by_station, other.by_station)


def test_no_tracks_and_no_stations_give_empty_tables_of_the_same_kind(streets: Callable[..., Any]) -> None:
    network = _corner(streets)
    ride = _tracks({"a": [(0, 0), (300, 0)]})
    some = reach.stations_on_route(ride, make_stations([(200, 0)]), network, budget_s=10)
    for tracks, stations in ((ride.iloc[:0], make_stations([(200, 0)])), (ride, make_stations([]))):
        none = reach.stations_on_route(tracks, stations, network, budget_s=10)
        assert none.table.empty
        assert none.table.dtypes.to_dict() == some.table.dtypes.to_dict()
        assert none.tracks.dtypes.to_dict() == some.tracks.dtypes.to_dict()
    assert np.isnan(reach.stations_on_route(ride.iloc[:0], make_stations([]), network, budget_s=1).covered_share)


def test_what_cannot_be_is_refused(streets: Callable[..., Any]) -> None:
    network, ride, stations = _corner(streets), _tracks({"a": [(0, 0)]}), make_stations([(0, 0)])
    for name in ("budget_s", "skip_s", "noise_m", "off_street_km_h"):
        with pytest.raises(ParameterError, match=f"^{name} must be a finite number"):
            reach.stations_on_route(ride, stations, network, **{"budget_s": 1, name: -1.0})
    with pytest.raises(ColumnError, match=r"'order_id'.* is missing"):
        reach.stations_on_route(ride, stations, network, budget_s=1, track_key="order_id")
    with pytest.raises(ColumnError, match="track_key is missing"):
        reach.stations_on_route(ride, stations, network, budget_s=1, track_key=[])
    with pytest.raises(DataError, match="1 of 1 do not"):
        reach.stations_on_route(ride.assign(lon=np.nan), stations, network, budget_s=1)
