"""What-if and nearest stations on the streets of Jinan and Porto: updates against reach from scratch."""

from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import cells, io, reach

pytestmark = pytest.mark.real

N_STATIONS = 150
HOW: dict[str, Any] = {"cutoff_s": 300, "resolution": 9}


@pytest.fixture(scope="module", params=["jinan", "porto"])
def network(request: pytest.FixtureRequest, real_data: Path) -> reach.Network:
    if request.param == "porto":
        read = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")
    else:
        read = io.read_network(real_data / "jinan" / "edges.shp", datum="WGS-84", crs="EPSG:4326", directed=True)
    return reach.build_network(read.edges, read.nodes, mode="ebike")


def _stations(network: reach.Network, names: list[str], *, seed: int) -> gpd.GeoDataFrame:
    """Points up to about 100 m from nodes of the streets."""
    rng = np.random.default_rng(seed)
    node = rng.choice(network.n_nodes, len(names))
    off = rng.uniform(-0.001, 0.001, (2, len(names)))
    points = gpd.points_from_xy(network.lon[node] + off[0], network.lat[node] + off[1])
    return gpd.GeoDataFrame({"station_id": pd.Series(names, dtype="str")}, geometry=points, crs="EPSG:4326")


def _assert_same(got: reach.TravelReach, want: reach.TravelReach) -> None:
    pd.testing.assert_frame_equal(got.table, want.table, check_exact=True)
    for mine, theirs in ((got.stations, want.stations), (got.cells, want.cells)):
        pd.testing.assert_frame_equal(mine.table, theirs.table, check_exact=True)
        assert mine.counts == theirs.counts
    assert got.n_cells.tolist() == want.n_cells.tolist()
    assert got.terms == want.terms


@pytest.mark.parametrize("direction", ["to_station", "from_station"])
def test_updates_are_what_one_gets_from_scratch(
    network: reach.Network, direction: Literal["to_station", "from_station"]
) -> None:
    how = HOW | {"direction": direction}
    names = [f"s{number}" for number in range(N_STATIONS)]
    stations = _stations(network, names, seed=1)
    travel = reach.within_travel_time(stations, network, **how)
    # stations come, move and go
    add, move = _stations(network, ["new", "newer"], seed=2), _stations(network, ["s3", "s40"], seed=3)
    now = pd.concat([stations[~stations["station_id"].isin(["s3", "s40", "s7", "s99"])], add, move])
    changed = reach.change_stations(travel, network, add=add, move=move, close=["s7", "s99"])
    _assert_same(changed, reach.within_travel_time(now, network, **how))
    # a bridge, a quarter and twenty streets anywhere are closed, then opened
    centre = shapely.Point(float(np.median(network.lon)), float(np.median(network.lat)))
    some = np.random.default_rng(4).choice(network.edge_id, 20, replace=False)
    for blocked in (
        reach.block_streets(network, edge_id=some),
        reach.block_streets(network, within=centre.buffer(0.01)),
    ):
        there = reach.follow_streets(changed, network, blocked)
        _assert_same(there, reach.within_travel_time(now, blocked, **how))
        _assert_same(reach.follow_streets(there, blocked, network), changed)


@pytest.mark.parametrize("direction", ["to_station", "from_station"])
def test_the_nearest_are_those_of_a_reach_without_end(
    network: reach.Network, direction: Literal["to_station", "from_station"]
) -> None:
    names = [f"s{number}" for number in range(12)]
    stations = _stations(network, names, seed=5)
    # within the hour one gets through the whole city; cells of resolution 7 keep that small
    travel = reach.within_travel_time(
        stations, network, cutoff_s=3 * 3600, resolution=7, direction=direction, snap_limit_m=1500
    )
    west, south, east, north = network.extent
    lon, lat = (grid.ravel() for grid in np.meshgrid(np.linspace(west, east, 60), np.linspace(south, north, 60)))
    asked = np.intersect1d(cells.from_lonlat(lon, lat, resolution=7), travel.cells.table["cell"])
    got = reach.nearest_over_streets(stations, network, k=3, cells=asked, direction=direction, snap_limit_m=1500)
    whole = travel.table[travel.table["cell"].isin(asked)]
    brute = reach.nearest_stations(whole, k=3)
    near = got.table[got.table["impedance_s"] <= 3 * 3600].reset_index(drop=True)
    pd.testing.assert_frame_equal(near, brute, check_exact=True)
    assert len(brute) > 100
    assert np.union1d(got.table["cell"], got.unreached).tolist() == asked.tolist()
