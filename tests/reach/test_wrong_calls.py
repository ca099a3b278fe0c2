"""Calls as they go wrong: each is told what was needed, and what was given."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from metric_streets import LAT, LON, PER_LON
from stationgeo import reach
from stationgeo.errors import ParameterError, StationgeoError

CROSSED = shapely.Polygon([(114, 22.5), (114.01, 22.51), (114.01, 22.5), (114, 22.51)])
RIDE = pd.DataFrame({"courier_id": "a", "lon": [LON, LON + 200 / PER_LON], "lat": LAT})
FIXES = pd.DataFrame({
    "courier_id": "a", "t": pd.date_range("2026-03-02", periods=10, freq="10s", tz="UTC"),
    "lon": LON + np.arange(10) * 40 / PER_LON, "lat": LAT,
})  # fmt: skip


class Town:
    """A street, a station, and what is made of them."""

    def __init__(self, streets: Callable[..., Any], stations_at: Callable[..., gpd.GeoDataFrame]) -> None:
        self.edges, self.nodes = streets([(0, 0), (900, 0)], [{"ends": (0, 1)}])
        self.network = reach.build_network(self.edges, self.nodes, mode="ebike")
        self.nothing = reach.build_network(self.edges.iloc[:0], self.nodes.iloc[:0], mode="ebike")
        self.station = stations_at([(100, 10)])
        self.far = stations_at([(1_000_000, 0)], ["far"])
        self.travel = self.within()

    def within(self, stations: Any = None, network: Any = None, **options: Any) -> reach.TravelReach:  # noqa: ANN401
        given = self.station if stations is None else stations
        graph = self.network if network is None else network
        return reach.within_travel_time(given, graph, **({"cutoff_s": 60, "resolution": 10} | options))

    def speeds(self, **options: Any) -> reach.TrackSpeeds:  # noqa: ANN401
        how: dict[str, Any] = {"tz": "UTC", "min_passes": 1, "min_couriers": 1} | options
        return reach.speeds_from_tracks(FIXES, self.network, **how)


@pytest.fixture
def town(streets: Callable[..., Any], stations_at: Callable[..., gpd.GeoDataFrame]) -> Town:
    return Town(streets, stations_at)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda town: town.within(cutoff_s="300"), r"^cutoff_s must be a finite number of seconds.* Got '300'"),
        (lambda town: town.within(cutoff_s=1e9), r"^cutoff_s must not reach farther .* ways of 4,166,667 km"),
        (lambda town: town.within(snap_limit_m=np.nan), "^snap_limit_m must be a finite number of metres"),
        (lambda town: town.within(snap_limit_m="far"), "^snap_limit_m must be a finite number of metres"),
        (lambda town: town.within(workers=1.5), "^workers must be a whole number, 1 or more"),
        (lambda town: town.within({"station_id": 1}), "^stations must be a GeoDataFrame of points.* Got dict"),
        (lambda town: town.within(network=town.edges), "^network must be a Network.* Got GeoDataFrame"),
        (lambda town: town.within(network="folder"), "^network must be a Network.* Got str"),
        (lambda town: reach.nodes_within(town.network, [10.5], cutoff_s=9, towards=True), "^node_id must be whole"),
        (lambda town: reach.nodes_within(town.network, ["a"], cutoff_s=9, towards=True), "^node_id must be whole"),
        (lambda town: reach.block_streets(town.network, within=CROSSED), r"valid polygon.* Self-intersection.* Repair"),
        (lambda town: reach.nearest_over_streets(town.station, town.network, within=CROSSED, resolution=10), "valid"),
        (lambda town: reach.street_isochrones(town.travel.table), "^reached must be what reached_streets returns"),
        (lambda town: reach.reached_streets(town.station, town.network, bands_s=["60"]), "^bands_s must be numbers"),
        (lambda town: reach.change_stations(town.travel.table, town.network), "^travel must be what within_travel"),
        (lambda town: reach.change_stations(town.travel, town.network, close=None), "^close must be ids of stations"),
        (lambda town: reach.follow_streets(town.travel, town.network, "after"), "^after must be a Network"),
        (lambda town: reach.with_track_speeds(town.network, town.speeds().table), "^speeds must be what speeds_from"),
        (lambda town: reach.snap([LON], [LAT], town.network, min_component_nodes=-1), "^min_component_nodes must be"),
        (lambda town: reach.snap(["a"], [LAT], town.network), "^lon and lat must be numbers"),
        (lambda town: reach.build_network(town.edges, town.nodes, mode=None), "^mode must be the name of a mode"),
        (lambda town: reach.build_network(town.edges.assign(v="fast"), town.nodes, mode="walk", speed_column="v"),
         r"'v' must hold speeds in km/h.* 'fast'"),
        (lambda _: reach.catchment("reach.parquet", station_id="s0"), "^reach must be a REACH table.* Got str"),
        (lambda town: reach.catchment(town.travel.table, station_id=5), "no row of station 5.* Known: s0"),
        (lambda town: reach.within_distance(town.station, cutoff_m="1", resolution=10, detour_factor=1), "^cutoff_m"),
        (lambda _: reach.step(cutoff="far"), "^cutoff must be a finite number above 0. Got 'far'"),
        (lambda town: reach.decay_weights(town.travel.table, 3), "^decay must be a function of impedances"),
    ],
)  # fmt: skip
def test_wrong_calls_are_told_what_was_needed(town: Town, call: Callable[[Town], object], said: str) -> None:
    with pytest.raises(StationgeoError, match=said):
        call(town)


def test_nothing_and_nobody_near_give_nothing(town: Town) -> None:
    for stations, network in ((town.station, town.nothing), (town.station.iloc[:0], town.network),
                              (town.far, town.network)):  # fmt: skip
        assert town.within(stations, network).table.empty
        assert reach.nearest_over_streets(stations, network, cells=town.travel.table["cell"]).table.empty
        assert reach.reached_streets(stations, network, bands_s=[60]).table.empty
        assert reach.stations_on_route(RIDE, stations, network, budget_s=60).table.empty
    assert reach.snap([LON], [LAT], town.nothing).counts["not snapped"] == 1


def test_gaps_longer_than_time_itself_are_no_gaps(town: Town) -> None:
    assert town.speeds(max_gap_s=1e15).counts == town.speeds(max_gap_s=1e6).counts


def test_ids_are_texts_whatever_they_were(town: Town, stations_at: Callable[..., gpd.GeoDataFrame]) -> None:
    numbered = pd.concat([stations_at([(100, 0), (300, 0)]).assign(station_id=[10, 9]), stations_at([(500, 0)], ["x"])])
    got = town.within(numbered)
    assert got.stations.table["station_id"].tolist() == ["10", "9", "x"]
    changed = reach.change_stations(
        got, town.network, close=[9], add=stations_at([(300, 0)]).assign(station_id=[9]).iloc[:0]
    )
    want = town.within(numbered.iloc[[0, 2]])
    pd.testing.assert_frame_equal(changed.table, want.table)
    with pytest.raises(StationgeoError, match="station_id must be unique; 1 of 2 rows repeat an earlier one: '5'"):
        town.within(stations_at([(1, 0), (2, 0)]).assign(station_id=[5, "5"]))


def test_a_cutoff_that_is_only_too_fine_says_what_cells_say(town: Town) -> None:
    with pytest.raises(ParameterError, match=r"^(?!cutoff_s)"):
        town.within(resolution=15, cutoff_s=36_000)
