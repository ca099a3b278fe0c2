"""Several access points of stations and cells: by brute force over edges that are split at every point."""

import math
from collections.abc import Callable
from typing import Any, Literal

import geopandas as gpd
import networkx as nx
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON
from stationgeo import cells, crs, reach
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.schema import REACH, validate

# Kernels that are not compiled take a thousand times as long.
N = 15 if numba.config.DISABLE_JIT else 40
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])
METRES = st.integers(-100, 700)
POINTS = st.lists(st.tuples(METRES, METRES), min_size=1, max_size=3)
StationsAt = Callable[..., gpd.GeoDataFrame]


def _cells_around(resolution: int) -> np.ndarray:
    box = np.meshgrid(np.arange(-1600, 2200, 100), np.arange(-1600, 2200, 100))
    return np.unique(
        cells.from_lonlat(LON + box[0].ravel() / PER_LON, LAT + box[1].ravel() / PER_LAT, resolution=resolution)
    )


def _brute_force(
    split: Callable[..., nx.MultiDiGraph], network: reach.Network, got: reach.TravelReach, every: np.ndarray
) -> dict[tuple[str, int], float]:
    """Sort the times of each cell's points, those never met at the end, and take the one in the middle."""
    row, fine = cells.children(every, resolution=got.terms.access_resolution)
    met = reach.snap(*cells.centres(fine), network).table
    at = got.stations.table
    tables = ((list(zip(["c"] * len(met), fine.tolist(), strict=True)), met),
              (list(zip(at["station_id"], at["access"], strict=True)), at))  # fmt: skip
    places = {
        key: (int(place.edge), float(place.share), float(place.off_street_m))
        for keys, table in tables
        for key, place in zip(keys, table.itertuples(), strict=True)
        if place.edge >= 0
    }
    graph = split(network, places)
    searched = graph.reverse() if got.terms.direction == "to_station" else graph
    want = {}
    for name in at["station_id"].unique():
        sources = {key for key in places if key[0] == name}
        times = nx.multi_source_dijkstra_path_length(searched, sources, weight="weight") if sources else {}
        for number, cell in enumerate(every.tolist()):
            each = sorted(times.get(("c", point), math.inf) for point in fine[row == number].tolist())
            want[name, cell] = each[(len(each) + 1) // 2 - 1]
    return want


@SHARED
@given(
    data=st.data(),
    direction=st.sampled_from(["to_station", "from_station"]),
    resolutions=st.sampled_from([(9, 10), (8, 10), (9, 9)]),
)
def test_many_points_of_stations_and_cells_by_brute_force(
    data: DataObject,
    any_streets: Callable[..., st.SearchStrategy[Any]],
    split: Callable[..., nx.MultiDiGraph],
    stations_at: StationsAt,
    direction: Literal["to_station", "from_station"],
    resolutions: tuple[int, int],
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode="walk")
    points = data.draw(POINTS)
    doors = data.draw(st.lists(st.tuples(st.integers(0, len(points) - 1), METRES, METRES), max_size=5))
    stations = stations_at(points)
    access = stations_at([(x, y) for _, x, y in doors], [f"s{which}" for which, _, _ in doors])
    cutoff_s = float(data.draw(st.integers(1, 900)))
    got = reach.within_travel_time(
        stations, network, cutoff_s=cutoff_s, resolution=resolutions[0], access_resolution=resolutions[1],
        access=access, direction=direction,
    )  # fmt: skip
    validate(got.table, REACH)
    assert got.n_cells.sum() == len(got.table)
    want_rows = sorted((f"s{which}", number) for which in range(len(points))
                       for number in range(max(1, sum(door[0] == which for door in doors))))  # fmt: skip
    assert list(got.stations.table[["station_id", "access"]].itertuples(index=False, name=None)) == want_rows
    every = _cells_around(resolutions[0])
    want = _brute_force(split, network, got, every)
    mine = {(row.station_id, row.cell): row.impedance_s for row in got.table.itertuples()}
    # within a rounding of the cutoff either answer is right
    assert {key for key, seconds in want.items() if seconds <= cutoff_s - 1e-6} <= mine.keys()
    assert all(seconds == pytest.approx(want[key], abs=1e-6) for key, seconds in mine.items())
    assert all(seconds <= cutoff_s for seconds in mine.values())


def test_the_nearest_door_counts_and_a_station_with_doors_needs_no_place(
    streets: Callable[..., Any], stations_at: StationsAt
) -> None:
    network = reach.build_network(*streets([(0, 0), (2000, 0)], [{"ends": (0, 1)}]), mode="walk")
    stations = stations_at([(0, 0), (1000, 0)])
    stations.loc[0, "geometry"] = None
    doors = stations_at([(100, 0), (1900, 0)], ["s0", "s0"])
    got = reach.within_travel_time(stations, network, cutoff_s=80, resolution=11, access=doors)
    met_m = {name: (cells.centres(rows["cell"].to_numpy())[0] - LON) * PER_LON
             for name, rows in got.table.groupby("station_id")}  # fmt: skip
    # 80 s of walking are 100 m: from both doors of s0, from the place of s1 itself
    assert (np.minimum(abs(met_m["s0"] - 100), abs(met_m["s0"] - 1900)) <= 100).all()
    assert (met_m["s0"] < 250).any()
    assert (met_m["s0"] > 1750).any()
    assert (abs(met_m["s1"] - 1000) <= 100).all()
    assert got.stations.table["access"].tolist() == [0, 1, 0]


def test_half_of_a_large_cell_decides(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    # A cell of resolution 9 has 7 points of resolution 10: the fourth that gets there decides. The street runs past
    # its middle row; a limit of 60 m leaves the points of the rows above and below unmet.
    cell = cells.from_lonlat([LON], [LAT], resolution=9)
    lon, lat = (float(value[0]) for value in cells.centres(cell))
    x, y = (lon - LON) * PER_LON, (lat - LAT) * PER_LAT
    network = reach.build_network(*streets([(x - 900, y), (x + 900, y)], [{"ends": (0, 1)}]), mode="walk")
    _, fine = cells.children(cell, resolution=10)
    for limit_m in (60.0, 300.0):
        got = reach.within_travel_time(
            stations_at([(x - 300, y)]), network, cutoff_s=900, resolution=9, access_resolution=10, snap_limit_m=limit_m
        )
        place = cells.centres(fine)
        off_m = abs(place[1] - lat) * PER_LAT
        way_s = np.sort(np.where(off_m <= limit_m, (abs(place[0] - lon + 300 / PER_LON) * PER_LON + off_m) / 1.25,
                                 np.inf))  # fmt: skip
        mine = got.table.set_index("cell")["impedance_s"]
        if way_s[3] == np.inf:
            assert int(cell[0]) not in mine.index
        else:
            assert mine[cell[0]] == pytest.approx(way_s[3], abs=0.5)
        assert len(got.cells.listed("not snapped")) == got.cells.counts["not snapped"]


def test_lists_have_a_row_for_each_point_that_is_counted(streets: Callable[..., Any]) -> None:
    # a street of three nodes at y = 0, a yard of two at y = 300
    tables = streets([(0, 0), (100, 0), (200, 0), (0, 300), (100, 300)],
                     [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (3, 4)}])  # fmt: skip
    lon = [LON + 50 / PER_LON] * 4
    lat = [LAT + y / PER_LAT for y in (10, 160, 450, 900)]
    snaps = reach.snap(lon, lat, reach.build_network(*tables, mode="walk"), min_component_nodes=3)
    rows = {what: snaps.listed(what)["point_lat"].tolist() for what in snaps.counts}
    assert {what: len(lats) for what, lats in rows.items()} == snaps.counts
    assert rows == {"points": lat, "not snapped": lat[3:], "far": lat[1:3], "on an island": lat[2:3],
                    "past a nearer island": lat[1:2]}  # fmt: skip
    with pytest.raises(ParameterError, match="did you mean 'far'"):
        snaps.listed("fa")


def test_access_that_does_not_fit_is_named(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    network = reach.build_network(*streets([(0, 0), (100, 0)], [{"ends": (0, 1)}]), mode="walk")
    stations = stations_at([(0, 0), (50, 0)])

    def reached(**more: Any) -> reach.TravelReach:  # noqa: ANN401 - any parameter
        return reach.within_travel_time(stations, network, **{"cutoff_s": 100, "resolution": 10} | more)

    with pytest.raises(DataError, match="1 of 2 rows name others: 's7'"):
        reached(access=stations_at([(0, 0), (1, 0)], ["s7", "s1"]))
    with pytest.raises(DataError, match="1 of 1 rows name none"):
        reached(access=stations_at([(0, 0)], [None]))
    with pytest.raises(ColumnError, match="access must have the column station_id"):
        reached(access=stations_at([(0, 0)]).rename(columns={"station_id": "candidate_id"}))
    doors = stations_at([(0, 0), (1, 0)], ["s0", "s0"])
    doors.loc[1, "geometry"] = None
    with pytest.raises(DataError, match="access: geometry must be points; 1 of 2"):
        reached(access=doors)
    with pytest.raises(ParameterError, match="access_resolution must be the resolution of the cells, 10, or finer"):
        reached(access_resolution=9)
    with pytest.raises(ParameterError, match="whole number"):
        reached(access_resolution=10.5)
    pd.testing.assert_frame_equal(reached(access=doors.iloc[:0]).table, reached().table)


def test_descendants_lie_as_near_to_their_cell_as_the_search_supposes() -> None:
    lon, lat = np.random.default_rng(3).uniform([-180, -89], [180, 89], (60, 2)).T
    for resolution in (6, 9):
        whole = cells.from_lonlat(lon, lat, resolution=resolution)
        row, fine = cells.children(whole, resolution=resolution + 3)
        centre_lon, centre_lat = cells.centres(whole)
        off_m = crs.distance_m(centre_lon[row], centre_lat[row], *cells.centres(fine))
        assert off_m.max() < 0.7 * cells.spacing_m(resolution)


def test_as_many_threads_as_asked_for_meet_the_streets(
    streets: Callable[..., Any], stations_at: StationsAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = reach.build_network(*streets([(0, 0), (2000, 0)], [{"ends": (0, 1)}]), mode="walk")
    stations, more = stations_at([(0, 0)]), stations_at([(900, 0)], ["new"])
    ride = pd.DataFrame({"courier_id": "a", "lon": [LON, LON + 200 / PER_LON], "lat": LAT})
    asked: list[int | None] = []
    whole = reach._meeting.snap.meet

    def watched(*args: object, workers: int | None, **options: object) -> object:
        asked.append(workers)
        return whole(*args, workers=workers, **options)

    monkeypatch.setattr(reach._meeting.snap, "meet", watched)
    travel = reach.within_travel_time(stations, network, cutoff_s=80, resolution=10, workers=3)
    reach.change_stations(travel, network, add=more, workers=3)
    closed = reach.block_streets(network, edge_id=[0])
    reach.follow_streets(travel, network, closed, workers=3)
    reach.nearest_over_streets(stations, network, cells=travel.table["cell"], workers=3)
    reach.reached_streets(stations, network, bands_s=[60], workers=3)
    reach.stations_on_route(ride, stations, network, budget_s=60, workers=3)
    assert set(asked) == {3}
