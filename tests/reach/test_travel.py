from collections.abc import Callable
from typing import Any, Literal

import networkx as nx
import numba
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON, make_stations
from stationgeo import cells, reach
from stationgeo.errors import ParameterError
from stationgeo.schema import REACH, validate

# Kernels that are not compiled take a thousand times as long.
N = 15 if numba.config.DISABLE_JIT else 60
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(
    data=st.data(), direction=st.sampled_from(["to_station", "from_station"]), mode=st.sampled_from(["walk", "ebike"])
)
def test_reach_is_that_of_edges_split_by_brute_force(
    data: DataObject,
    any_streets: Callable[..., st.SearchStrategy[Any]],
    split: Callable[..., nx.MultiDiGraph],
    direction: Literal["to_station", "from_station"],
    mode: str,
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode=mode)
    metres = st.integers(-100, 700)
    stations = make_stations(data.draw(st.lists(st.tuples(metres, metres), min_size=1, max_size=3)))
    cutoff_s = float(data.draw(st.integers(1, 500)))
    got = reach.within_travel_time(stations, network, cutoff_s=cutoff_s, resolution=10, direction=direction)
    validate(got.table, REACH)
    box = np.meshgrid(np.arange(-1300, 1900, 60), np.arange(-1300, 1900, 60))
    every = np.unique(cells.from_lonlat(LON + box[0].ravel() / PER_LON, LAT + box[1].ravel() / PER_LAT, resolution=10))
    # all cells around are asked, not only those near enough to be candidates
    cell_at = reach.snap(*cells.centres(every), network).table
    places = {
        key: (int(row.edge), float(row.share), float(row.off_street_m))
        for keys, table in ((every.tolist(), cell_at), (got.stations.table["station_id"], got.stations.table))
        for key, row in zip(keys, table.itertuples(), strict=True)
        if row.edge >= 0
    }
    graph = split(network, places)
    want = {}
    for name in stations["station_id"]:
        if name not in places:
            continue
        searched = graph.reverse() if direction == "to_station" else graph
        times = nx.single_source_dijkstra_path_length(searched, name, weight="weight")
        want |= {(name, cell): times[cell] for cell in every.tolist() if times.get(cell, np.inf) <= cutoff_s + 1}
    mine = {(row.station_id, row.cell): row.impedance_s for row in got.table.itertuples()}
    # within a rounding of the cutoff either answer is right
    assert {key for key, seconds in want.items() if seconds <= cutoff_s - 1e-6} <= mine.keys()
    assert all(seconds == pytest.approx(want[key], abs=1e-6) for key, seconds in mine.items())
    assert all(seconds <= cutoff_s for seconds in mine.values())


def test_couriers_ride_towards_the_station_and_one_ways_bind_them(streets: Callable[..., Any]) -> None:
    # one street of 2 km, one way to the east; the station is in its middle: only cells to its west come to it
    edges, nodes = streets([(0, 0), (1000, 0), (2000, 0)],
                           [{"ends": (0, 1), "oneway": "yes"}, {"ends": (1, 2), "oneway": "yes"}])  # fmt: skip
    network = reach.build_network(edges, nodes, mode="ebike")
    for direction, sign in (("to_station", -1), ("from_station", 1)):
        got = reach.within_travel_time(
            make_stations([(1000, 0)]), network, cutoff_s=200, resolution=10, direction=direction
        ).table
        met_m = (cells.centres(got["cell"].to_numpy())[0] - LON) * PER_LON - 1000
        assert len(got) > 5
        assert (sign * met_m >= -1).all()


def test_longer_cutoffs_reach_more_and_rows_and_threads_do_not_matter(streets: Callable[..., Any]) -> None:
    points = [(150.0 * (i % 5), 150.0 * (i // 5)) for i in range(25)]
    rows = [{"ends": (i, i + 1)} for i in range(24) if i % 5 < 4] + [{"ends": (i, i + 5)} for i in range(20)]
    network = reach.build_network(*streets(points, rows), mode="walk")
    stations = make_stations([(10, 20), (300, 300), (550, 610)])
    short, long = (
        reach.within_travel_time(stations, network, cutoff_s=cutoff, resolution=11).table for cutoff in (200, 400)
    )
    kept = long[long["impedance_s"] <= 200].reset_index(drop=True)
    pd.testing.assert_frame_equal(short, kept)
    assert len(short) < len(long)
    other = reach.within_travel_time(stations.iloc[::-1], network, cutoff_s=400, resolution=11, workers=1).table
    pd.testing.assert_frame_equal(other, long)


def test_a_station_off_the_streets_has_no_reach_and_is_counted(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (100, 0)], [{"ends": (0, 1)}]), mode="walk")
    got = reach.within_travel_time(make_stations([(0, 50), (0, 900)]), network, cutoff_s=300, resolution=10)
    assert set(got.table["station_id"]) == {"s0"}
    assert got.stations.counts["not snapped"] == 1
    assert "not snapped: 1" in got._repr_html_()
    nothing = reach.within_travel_time(make_stations([]), network, cutoff_s=300, resolution=10)
    validate(nothing.table, REACH)
    assert nothing.table.empty


def test_wrong_numbers_are_named(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (100, 0)], [{"ends": (0, 1)}]), mode="walk")
    with pytest.raises(ParameterError, match="cutoff_s"):
        reach.within_travel_time(make_stations([(0, 0)]), network, cutoff_s=-1, resolution=10)
    with pytest.raises(ParameterError, match="direction"):
        reach.within_travel_time(make_stations([(0, 0)]), network, cutoff_s=1, resolution=10, direction="to")
    with pytest.raises(ParameterError, match="off_street_km_h"):
        reach.within_travel_time(make_stations([(0, 0)]), network, cutoff_s=1, resolution=10, off_street_km_h=0)
