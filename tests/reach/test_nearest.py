"""The nearest stations over the streets, against the whole reach of every station."""

from collections.abc import Callable
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

from metric_streets import LAT, LON, lonlat
from stationgeo import cells, reach
from stationgeo.errors import DataError, ParameterError

# Kernels that are not compiled take a thousand times as long.
N = 15 if numba.config.DISABLE_JIT else 50
SHARED = settings(deadline=None, max_examples=N, suppress_health_check=[HealthCheck.function_scoped_fixture])
PLACE = st.tuples(st.integers(-100, 700), st.integers(-100, 700))
StationsAt = Callable[..., gpd.GeoDataFrame]
Direction = Literal["to_station", "from_station"]
KEY = ["cell", "rank"]


def assert_nearest(got: pd.DataFrame, brute: pd.DataFrame, travel: pd.DataFrame) -> None:
    """Same cells, ranks and seconds; another station only where its seconds differ by no more than rounding."""
    pd.testing.assert_frame_equal(got[KEY], brute[KEY])
    assert got.dtypes.tolist() == brute.dtypes.tolist()
    assert got.columns.tolist() == brute.columns.tolist()
    np.testing.assert_allclose(got["impedance_s"], brute["impedance_s"], rtol=1e-12)
    seconds = travel.set_index(["station_id", "cell"])["impedance_s"]
    mine = seconds.loc[list(zip(got["station_id"], got["cell"], strict=True))].to_numpy() if len(got) else np.empty(0)
    assert mine.tolist() == got["impedance_s"].tolist()
    other = got["station_id"] != brute["station_id"]
    np.testing.assert_allclose(mine[other], brute["impedance_s"][other], rtol=1e-12)
    assert not got.duplicated(["cell", "station_id"]).any()


@SHARED
@given(
    data=st.data(),
    direction=st.sampled_from(["to_station", "from_station"]),
    mode=st.sampled_from(["walk", "ebike"]),
    k=st.integers(1, 4),
)
def test_the_nearest_stations_are_those_of_a_reach_without_end(
    data: DataObject,
    any_streets: Callable[..., st.SearchStrategy[Any]],
    stations_at: StationsAt,
    direction: Direction,
    mode: str,
    k: int,
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode=mode)
    # places repeat, so that stations tie
    stations = stations_at([*data.draw(st.lists(PLACE, max_size=5)), (300, 300), (300, 300)])
    doors = data.draw(st.lists(PLACE, max_size=3))
    access = stations_at(doors, ["s0"] * len(doors))
    how: dict[str, Any] = {"direction": direction, "access": access, "snap_limit_m": 2000.0}
    # cells of resolution 8 keep so wide a reach small
    travel = reach.within_travel_time(stations, network, cutoff_s=3000, resolution=8, **how)
    asked = travel.cells.table["cell"].to_numpy()
    got = reach.nearest_over_streets(stations, network, k=k, cells=asked, cutoff_s=3000, **how)
    brute = reach.nearest_stations(travel.table, k=k)
    assert_nearest(got.table, brute, travel.table)
    assert got.unreached.tolist() == sorted(set(asked.tolist()) - set(brute["cell"].tolist()))
    endless = reach.nearest_over_streets(stations, network, k=k, cells=asked, **how)
    near = endless.table[endless.table["impedance_s"] <= 3000].reset_index(drop=True)
    pd.testing.assert_frame_equal(near, got.table)
    assert endless.cells.counts == travel.cells.counts
    pd.testing.assert_frame_equal(endless.stations.table, travel.stations.table)


@SHARED
@given(data=st.data(), direction=st.sampled_from(["to_station", "from_station"]), k=st.integers(1, 3))
def test_short_cutoffs_and_points_on_one_edge(
    data: DataObject,
    any_streets: Callable[..., st.SearchStrategy[Any]],
    stations_at: StationsAt,
    direction: Direction,
    k: int,
) -> None:
    network = reach.build_network(*data.draw(any_streets(least_edges=1)), mode="ebike")
    stations = stations_at(data.draw(st.lists(PLACE, min_size=1, max_size=6)))
    cutoff_s = float(data.draw(st.integers(0, 200)))
    travel = reach.within_travel_time(stations, network, cutoff_s=cutoff_s, resolution=10, direction=direction)
    asked = travel.cells.table["cell"].to_numpy()
    got = reach.nearest_over_streets(
        stations, network, k=k, cells=asked[::-1], cutoff_s=cutoff_s, direction=direction
    )  # fmt: skip
    assert_nearest(got.table, reach.nearest_stations(travel.table, k=k), travel.table)


def _network(streets: Callable[..., Any]) -> reach.Network:
    return reach.build_network(*streets([(0, 0), (2000, 0), (0, 5000), (100, 5000)],
                                        [{"ends": (0, 1)}, {"ends": (2, 3)}]), mode="walk")  # fmt: skip


def test_an_area_asks_about_the_cells_that_meet_the_streets_in_it(
    streets: Callable[..., Any], stations_at: StationsAt
) -> None:
    network = _network(streets)
    stations = stations_at([(100, 0), (1900, 0)])
    # the street's middle part, a place without streets to its north, and a part that no station gets to
    area = shapely.union_all([shapely.box(*lonlat(x0, y0), *lonlat(x1, y1)) for x0, y0, x1, y1 in (
        (800, -10, 1200, 10), (800, 2000, 1200, 2300), (0, 4900, 100, 5100))])  # fmt: skip
    got = reach.nearest_over_streets(stations, network, within=area, resolution=10)
    box = np.meshgrid(np.arange(-600, 2600, 40), np.arange(-600, 5700, 40))
    every = np.unique(cells.from_lonlat(*lonlat(box[0].ravel(), box[1].ravel()), resolution=10))
    table = reach.snap(*cells.centres(every), network).table
    met = table["edge"].to_numpy() >= 0
    lon, lat = (np.where(met, table[name], table[f"point_{name}"]) for name in ("lon", "lat"))
    want = every[shapely.intersects_xy(area, lon, lat)]
    assert got.cells.table["cell"].tolist() == want.tolist()
    assert sorted([*got.table["cell"].tolist(), *got.unreached.tolist()]) == want.tolist()
    assert got.cells.counts["points"] == want.size
    assert 0 < got.cells.counts["not snapped"] < got.unreached.size
    # west of the middle the first is nearer, east of it the second
    west = got.cells.table.set_index("cell").loc[got.table["cell"], "lon"].to_numpy() < lonlat(1000, 0)[0]
    assert got.table["station_id"].tolist() == np.where(west, "s0", "s1").tolist()
    nowhere = reach.nearest_over_streets(stations, network, within=shapely.Polygon(), resolution=11)
    assert nowhere.table.empty
    assert nowhere.unreached.size == 0


def test_of_stations_at_one_place_the_first_by_id_is_nearer(
    streets: Callable[..., Any], stations_at: StationsAt
) -> None:
    network = _network(streets)
    stations = stations_at([(100, 0)] * 3 + [(1500, 0)], ["c", "a", "b", "d"])
    asked = cells.from_lonlat(*lonlat(np.array([300.0, 1990.0]), np.zeros(2)), resolution=11)
    got = reach.nearest_over_streets(stations, network, k=3, cells=[*asked, asked[0]])
    by_cell = {cell: rows["station_id"].tolist() for cell, rows in got.table.groupby("cell")}
    assert by_cell == {asked[0]: ["a", "b", "c"], asked[1]: ["d", "a", "b"]}
    assert "cells that reach none: 0" in got._repr_html_()
    assert reach.nearest_over_streets(stations, network, k=9, cells=asked).table["rank"].max() == 4
    nobody = reach.nearest_over_streets(stations.iloc[:0], network, k=2, cells=asked)
    assert nobody.table.empty
    assert nobody.unreached.tolist() == sorted(asked.tolist())


def test_a_tie_goes_to_the_first_by_id_even_if_its_way_is_found_later(
    streets: Callable[..., Any], stations_at: StationsAt
) -> None:
    # to the foot of a lane it is 200 m from both, in two edges from a and in one from b, whose way is seen first
    points = [(0, 0), (100, 0), (200, 0), (400, 0), (200, 600)]
    network = reach.build_network(*streets(points, [{"ends": ends} for ends in ((0, 1), (1, 2), (2, 3), (2, 4))]),
                                  mode="walk")  # fmt: skip
    asked = cells.from_lonlat(*lonlat(np.full(2, 200.0), np.array([400.0, 500.0])), resolution=11)
    for names in (["a", "b"], ["b", "a"]):
        for k in (1, 2):
            stations = stations_at([(0, 0), (400, 0)], names)
            got = reach.nearest_over_streets(stations, network, k=k, cells=asked).table
            assert got["station_id"].tolist() == ["a", "b"][:k] * 2
            assert got.groupby("cell")["impedance_s"].nunique().tolist() == [1, 1]


def test_questions_that_cannot_be_answered_are_named(streets: Callable[..., Any], stations_at: StationsAt) -> None:
    network, stations = _network(streets), stations_at([(0, 0)])
    asked = cells.from_lonlat([LON], [LAT], resolution=10)
    for wrong in ({}, {"cells": asked, "within": shapely.box(0, 0, 1, 1), "resolution": 9}, {"resolution": 9},
                  {"within": shapely.box(0, 0, 1, 1)}, {"cells": asked, "resolution": 9}):  # fmt: skip
        with pytest.raises(ParameterError, match="must say which cells are asked about"):
            reach.nearest_over_streets(stations, network, **wrong)
    with pytest.raises(ParameterError, match="k must be a whole number"):
        reach.nearest_over_streets(stations, network, k=0, cells=asked)
    with pytest.raises(ParameterError, match="cutoff_s"):
        reach.nearest_over_streets(stations, network, cutoff_s=-1, cells=asked)
    with pytest.raises(ParameterError, match="direction"):
        reach.nearest_over_streets(stations, network, cells=asked, direction="to")
    with pytest.raises(ParameterError, match="must be one polygon"):
        reach.nearest_over_streets(stations, network, within=shapely.Point(0, 0), resolution=9)
    with pytest.raises(DataError, match="H3"):
        reach.nearest_over_streets(stations, network, cells=np.array([1], dtype=np.uint64))
