"""What centres of cells cost a rate: by hand, against points thrown densely, and inside of what bounds it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, coverage, crs, reach, stations
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    from tests.coverage.conftest import Town

RESOLUTION = 10
LON0, LAT0, WIDE_DEG = 114.0, 22.5, 0.02
STANDARD = coverage.Standard(
    name="near", version="1", zh="近", en="a station", source="made for this test", cutoff_m=300, detour_factor=1.2,
    open_then=False,
)  # fmt: skip


def places_at(lon: Any, lat: Any) -> gpd.GeoDataFrame:  # noqa: ANN401 - numbers
    points = np.atleast_1d(shapely.points(lon, lat))
    names = {"station_id": [f"s{i}" for i in range(len(points))], "kind": "warm_bee"}
    return gpd.GeoDataFrame(names, geometry=points, crs="EPSG:4326")


def demand_of(cell: np.ndarray, visits: Any, zone: str = "") -> pd.DataFrame:  # noqa: ANN401 - numbers
    return pd.DataFrame(
        {"cell": cell, "zone_id": zone, "bin": -1, "courier_s": 0.0, "visits": visits, "courier_weight": 0.0,
         "couriers": np.nan, "observed_days": 1.0}
    )  # fmt: skip


def drawn(seed: int, n_stations: int = 12) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Cells of a square of about 2 km with demand, and stations in it."""
    rng = np.random.default_rng(seed)
    lon, lat = LON0 + WIDE_DEG * rng.random(400), LAT0 + WIDE_DEG * rng.random(400)
    cell = np.unique(cells.from_lonlat(lon, lat, resolution=RESOLUTION))
    return (
        demand_of(cell, rng.integers(1, 9, cell.size).astype(float)),
        places_at(LON0 + WIDE_DEG * rng.random(n_stations), LAT0 + WIDE_DEG * rng.random(n_stations)),
    )


def error_of(table: pd.DataFrame, places: gpd.GeoDataFrame, cutoff_m: float, steps: int = 2) -> pd.Series[Any]:
    near, finer = (
        reach.within_distance(places, cutoff_m=cutoff_m, resolution=RESOLUTION + up, detour_factor=1.0)
        for up in (0, steps)
    )
    found = coverage.discretisation_error(table, near, finer=finer, stations=places, zones=None, weight="visits")
    return found.iloc[0]


def test_one_cell_by_hand() -> None:
    # The station is 55 m east of the centre of its cell. Of the 49 points those within 60 m count, one by one.
    cell = cells.from_lonlat([114.0579], [22.5431], resolution=RESOLUTION)
    lon, lat = cells.centres(cell)
    places = places_at(lon + 0.000535, lat)
    _, points = cells.children(cell, resolution=RESOLUTION + 2)
    away_m = crs.distance_m(lon + 0.000535, lat, *cells.centres(points))
    n = int((away_m <= 60).sum())
    assert 10 < n < 30
    found = error_of(demand_of(cell, [10.0]), places, 60)
    assert found["covered_share"] == 1
    assert found["points_share"] == pytest.approx(n / 49)
    assert found["error"] == found["disagree_share"] == pytest.approx(1 - n / 49)
    assert found["partly_share"] == 1
    assert found["n_points"] == 49
    assert error_of(demand_of(cell, [10.0]), places, 60, steps=1)["n_points"] == 7


@pytest.mark.parametrize("cutoff_m", [100, 300, 750])
def test_points_thrown_densely_agree(cutoff_m: int) -> None:
    # Demand evenly within cells: a million points at random, each classed by its own way and by that of its centre.
    # 49 points for each of the cells leave an error of their own at rims; one in a hundred is allowed for it and for
    # descendants that reach beyond the edges of their cell.
    table, places = drawn(5)
    rng = np.random.default_rng(1)
    east_deg, north_deg = (WIDE_DEG + 0.02) * rng.random((2, 1_000_000)) - 0.01
    lon, lat = LON0 + east_deg, LAT0 + north_deg
    cell = cells.from_lonlat(lon, lat, resolution=RESOLUTION)
    kept = np.isin(cell, table["cell"])
    lon, lat, cell = lon[kept], lat[kept], cell[kept]
    station_lon, station_lat = stations.lonlat(places)
    centre = cells.centres(cell)
    own, of_centre = (
        np.min([crs.distance_m(x, y, *at) for x, y in zip(station_lon, station_lat, strict=True)], axis=0) <= cutoff_m
        for at in ((lon, lat), centre)
    )
    visits = table.set_index("cell")["visits"]
    weight = visits.loc[cell].to_numpy() / pd.Series(cell).value_counts().loc[cell].to_numpy() / visits.sum()
    found = error_of(table, places, cutoff_m)
    assert found["covered_share"] == pytest.approx(weight[of_centre].sum(), abs=1e-9)
    assert found["points_share"] == pytest.approx(weight[own].sum(), abs=0.01)
    assert found["disagree_share"] == pytest.approx(weight[own != of_centre].sum(), abs=0.01)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(60, 900), st.integers(0, 3))
def test_what_bounds_holds_the_points(seed: int, cutoff_m: int, n_stations: int) -> None:
    table, places = drawn(seed, n_stations)
    found = error_of(table, places, cutoff_m)
    assert abs(found["error"]) <= found["disagree_share"] + 1e-12
    assert found["disagree_share"] <= found["partly_share"] + 1e-12
    margin_m = float(cells.radii_m(table["cell"].to_numpy()).max())
    wider = reach.within_distance(
        places, cutoff_m=cutoff_m + 3 * margin_m, resolution=RESOLUTION, detour_factor=1.0
    )  # fmt: skip
    near = coverage.marginal_share(
        table, wider, cutoff=cutoff_m, margin=margin_m, stations=places, zones=None, weight="visits"
    ).iloc[0]  # fmt: skip
    assert near["covered_share"] == found["covered_share"]
    assert near["share_farther"] <= near["covered_share"] <= near["share_nearer"]
    assert near["marginal_share"] == near["share_nearer"] - near["share_farther"]
    # Spacings shrink by sqrt(7) a step: the farthest of 49 points is at most 0.38 + 0.14 spacings from the centre, a
    # corner 0.58.
    assert near["share_farther"] - 1e-12 <= found["points_share"] <= near["share_nearer"] + 1e-12


def test_cells_that_are_wholly_in_reach_have_no_error() -> None:
    table, places = drawn(2)
    found = error_of(table, places, 5_000)
    assert found[["covered_share", "points_share"]].tolist() == [1, 1]
    assert found[["error", "disagree_share", "partly_share"]].tolist() == [0, 0, 0]


def test_hours_services_and_zones_count_as_in_the_score(town: Town) -> None:
    # One station that has what is asked for on Mondays from 8 to 12 for sure, and perhaps till 20. It reaches the
    # centre of place 0 and 21 of its 49 points; place 3 has no station near.
    places = town.stations(a="warm_bee")
    told = town.services(("a", "toilets", "yes"))
    hours = town.hours({"a": range(8, 12)}, {"a": range(8, 20)})
    standard = dataclasses.replace(STANDARD, services=("toilets",), open_then=True)
    table = town.demand((0, "west", 9, 1), (0, "west", 15, 2), (0, "west", 22, 4), (3, "east", 9, 8))
    _, points = cells.children(town.places[:1], resolution=12)
    rows = pd.DataFrame({"station_id": "a", "cell": np.sort(points)[:21], "impedance_m": 300.0})
    beyond = pd.DataFrame({"station_id": "a", "cell": np.sort(points)[21:30], "impedance_m": 301.0})
    made = {"stations": places, "zones": town.zones(), "weight": "visits", "standard": standard,
            "offers": stations.offers(places, told, hours=hours)}  # fmt: skip
    finer = pd.concat([rows, beyond])
    found = coverage.discretisation_error(table, town.reach(("a", 0, 50)), finer=finer, **made).set_index("zone_id")
    assert found["level"].tolist() == ["all", "grid", "grid", "community"]
    assert found.loc["west", "covered_share"] == pytest.approx(1 / 7)
    assert found.loc["west", "covered_share_high"] == pytest.approx(3 / 7)
    assert found.loc["west", "points_share"] == pytest.approx(1 / 7 * 21 / 49)
    assert found.loc["west", "points_share_high"] == pytest.approx(3 / 7 * 21 / 49)
    assert found.loc["C1", "disagree_share"] == pytest.approx(1 / 15 * 28 / 49)
    assert found.loc["", "partly_share"] == pytest.approx(1 / 15)
    assert found.loc["east", ["covered_share", "points_share", "error"]].tolist() == [0, 0, 0]


def test_the_margin_takes_the_place_of_the_standards_cutoff(town: Town) -> None:
    places = town.stations(a="warm_bee")
    table = town.demand((0, "west", 9, 1), (1, "west", 9, 2), (2, "west", 9, 4), (3, "east", 9, 8))
    made = {"stations": places, "zones": town.zones(), "weight": "visits", "standard": STANDARD}
    near = town.reach(("a", 0, 100), ("a", 1, 350), ("a", 2, 450), ("a", 3, 500))
    found = coverage.marginal_share(table, near, cutoff=400, margin=50, **made).iloc[0]
    assert found["share_farther"] == found["covered_share"] == pytest.approx(3 / 15)
    assert found["share_nearer"] == pytest.approx(7 / 15)
    all_or_none = coverage.marginal_share(table, near, cutoff=400, margin=400, **made).iloc[0]
    assert (all_or_none["share_farther"], all_or_none["share_nearer"]) == (0, 1)


def test_over_streets_by_the_points_of_a_finer_reach() -> None:
    # One street of 2 km, a station at its west end. A cell counts by the part of its 7 points that are there in time.
    ends = [(LON0, LAT0), (LON0 + WIDE_DEG, LAT0)]
    length_m = float(crs.distance_m(*ends[0], *ends[1]))
    edges = gpd.GeoDataFrame(
        {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [length_m], "highway": ["residential"]},
        geometry=[shapely.LineString(ends)], crs="EPSG:4326",
    )  # fmt: skip
    nodes = pd.DataFrame({"node_id": [7, 8], "lon": [LON0, LON0 + WIDE_DEG], "lat": [LAT0, LAT0]})
    network = reach.build_network(edges, nodes, mode="ebike")
    places = places_at(LON0, LAT0)
    lon = LON0 + np.linspace(0, WIDE_DEG, 60)
    table = demand_of(np.unique(cells.from_lonlat(lon, np.full(60, LAT0), resolution=RESOLUTION)), 1.0)
    near, finer = (reach.within_travel_time(places, network, cutoff_s=200, resolution=RESOLUTION + up) for up in (0, 1))
    made = {"stations": places, "zones": None, "weight": "visits"}
    found = coverage.discretisation_error(table, near, finer=finer, **made).iloc[0]
    inside = set(finer.table["cell"])
    parts = [
        np.mean([one in inside for one in cells.children([cell], resolution=RESOLUTION + 1)[1]])
        for cell in table["cell"]
    ]
    assert found["points_share"] == pytest.approx(np.mean(parts))
    assert found["partly_share"] == pytest.approx(np.mean([0 < part < 1 for part in parts]))
    assert 0 < found["partly_share"] < 1
    with pytest.raises(ParameterError, match="reach ends at 200"):
        coverage.marginal_share(table, near, cutoff=190, margin=20, **made)
    bracket = coverage.marginal_share(table, near, cutoff=120, margin=80, **made).iloc[0]
    assert bracket["share_nearer"] == found["covered_share"]
    assert bracket["share_farther"] < bracket["covered_share"] < bracket["share_nearer"]


def test_what_cannot_be_told_is_refused(town: Town) -> None:
    places = town.stations(a="warm_bee")
    table = town.demand((0, "west", 9, 1))
    made = {"stations": places, "zones": None, "weight": "visits"}
    near = town.reach(("a", 0, 100))
    for wrong, said in (({"cutoff": 0, "margin": 1}, "cutoff must be"), ({"cutoff": 9, "margin": -1}, "margin must be"),
                        ({"cutoff": 200, "margin": 10}, "reach ends at 100")):  # fmt: skip
        with pytest.raises(ParameterError, match=said):
            coverage.marginal_share(table, near, **wrong, **made)
    with pytest.raises(ParameterError, match="finer than resolution 10"):
        coverage.discretisation_error(table, near, finer=near, **made)
    with pytest.raises(ParameterError, match="finer is in s, reach in m"):
        coverage.discretisation_error(table, near, finer=town.reach(("a", 0, 100), unit="s"), **made)
    _, points = cells.children(town.places[:1], resolution=11)
    strange = pd.DataFrame({"station_id": "z", "cell": points, "impedance_m": 1.0})
    with pytest.raises(DataError, match="finer names 1 stations"):
        coverage.discretisation_error(table, near, finer=strange, **made)
    nothing = coverage.discretisation_error(table, near, finer=strange.iloc[:0], **made).iloc[0]
    assert (nothing["covered_share"], nothing["points_share"], nothing["n_points"]) == (1, 0, 7)


def test_radii_are_those_of_the_farthest_corner() -> None:
    cell = cells.from_lonlat([114.0, -60.0, 10.5], [22.5, 3.0, 89.0], resolution=7)
    for one, radius_m in zip(cell, cells.radii_m(cell), strict=True):
        lon, lat = cells.centres([one])
        corner_lon, corner_lat = np.array(cells.outlines([one])[0].exterior.coords).T
        assert radius_m == pytest.approx(crs.distance_m(lon, lat, corner_lon, corner_lat).max(), rel=1e-9)
    assert cells.radii_m(cell[[0, 0]]).tolist() == [cells.radii_m(cell)[0]] * 2
    assert cells.radii_m([]).size == 0
