"""The six rates: a town by hand, what they obey, and things placed in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from stationgeo import cells, coverage, crs, schema, stations, zones
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from tests.coverage.conftest import Town

TOILET = coverage.Standard(
    name="toilet",
    version="1",
    zh="厕所",
    en="a toilet",
    source="made for this test",
    cutoff_m=300,
    services=("toilets",),
)


@pytest.fixture(scope="session")
def made(town: Town) -> dict[str, Any]:
    """Give what is scored.

    bee stands at place 0 in grid west and reaches places 0 and 1: it has a toilet and is open on Monday at 9 alone.
    hall stands at place 1 in grid west and reaches place 1; whether it has a toilet is not known; always open.
    place 0: 10 at 9, 30 at 21; place 1: 20 at 9; place 3 (grid east): 40 at 9.
    """
    places = town.stations(bee="warm_bee", hall="service_centre")
    told = town.services(("bee", "toilets", "yes"))
    hours = town.hours({"bee": [9], "hall": range(168)})
    return {
        "demand": town.demand((0, "west", 9, 10), (0, "west", 21, 30), (1, "west", 9, 20), (3, "east", 9, 40)),
        "reach": town.reach(("bee", 0, 100), ("bee", 1, 300), ("hall", 1, 200)),
        "stations": places, "zones": town.zones(), "weight": "visits",
        "offers": stations.offers(places, told, hours=hours), "standard": TOILET,
    }  # fmt: skip


def rates(made: dict[str, Any], **changes: object) -> pd.DataFrame:
    given = made | changes
    demand, reach = given.pop("demand"), given.pop("reach")
    return coverage.rates(demand, reach, **given)


def row(table: pd.DataFrame, rate: str, level: str, zone_id: str = "", by: str = "any") -> list[float]:
    found = table.set_index(["rate", "by", "level", "zone_id"]).loc[(rate, by, level, zone_id)]
    return found[["numerator", "numerator_high", "denominator"]].tolist()


def test_by_hand(made: dict[str, Any]) -> None:
    table = rates(made)
    # Whatever the hour, places 0 and 1 are reached by bee, place 3 by nobody.
    assert row(table, "demand", "all") == [60, 60, 100]
    assert row(table, "demand", "grid", "west") == [60, 60, 60]
    assert row(table, "demand", "grid", "east") == [0, 0, 40]
    assert row(table, "demand", "community", "C1") == [60, 60, 100]
    # At 21 bee is closed, and place 0 has nobody else.
    assert row(table, "time", "all") == [30, 30, 100]
    # One of the two grids has a station with a toilet; the community, too.
    assert row(table, "unit_presence", "grid", "west") == [1, 1, 1]
    assert row(table, "unit_presence", "grid", "east") == [0, 0, 1]
    assert row(table, "unit_presence", "community", "C1") == [1, 1, 2]
    assert row(table, "unit_presence", "all") == [1, 1, 2]
    # Place 0 is the warm-bee type's alone for sure, place 1 if hall has none.
    of_bee = table.query("rate == 'demand' and by == 'warm_bee_only' and level == 'all'").iloc[0]
    assert of_bee[["numerator", "numerator_low", "numerator_high"]].tolist() == [60, 40, 60]
    both = table.query("rate == 'demand' and by == 'both' and level == 'all'").iloc[0]
    assert both[["numerator", "numerator_low", "numerator_high"]].tolist() == [0, 0, 20]
    assert list(dict.fromkeys(table["rate"])) == ["unit_presence", "demand", "time"]


def test_areas_buildings_and_routes_by_hand(made: dict[str, Any], town: Town) -> None:
    lon, lat = cells.centres(town.places)
    houses = gpd.GeoDataFrame(
        {"floors": [1.0, 2.0, 4.0]}, geometry=gpd.points_from_xy(lon[[0, 1, 3]], lat[[0, 1, 3]]), crs="EPSG:4326"
    )
    plain = coverage.place_buildings(houses, zones=made["zones"], resolution=10)
    floors = coverage.place_buildings(houses, zones=made["zones"], resolution=10, weight="floors")
    road = gpd.GeoDataFrame(geometry=[shapely.LineString([(lon[0], lat[0]), (lon[3], lat[3])])], crs="EPSG:4326")
    way = coverage.place_routes(road, zones=made["zones"], resolution=10)
    pieces = zones.pieces(made["zones"], resolution=10)
    table = rates(made, buildings=plain, routes=way, pieces=pieces)
    assert list(dict.fromkeys(table["rate"])) == list(coverage.RATES)
    assert row(table, "building", "all") == [2, 2, 3]
    assert row(rates(made, buildings=floors), "building", "all") == [3, 3, 7]
    assert way["amount"].sum() == pytest.approx(crs.distance_m(lon[0], lat[0], lon[3], lat[3]), rel=1e-6)
    in_reach = way[way["cell"].isin(town.places[:2])]["amount"].sum()
    assert row(table, "route", "all")[0] == pytest.approx(in_reach)
    # Cells of the row are whole within grid west.
    assert row(table, "area", "all")[0] == pytest.approx(cells.areas_m2(town.places[:2]).sum())
    inside = pieces[pieces["zone_id"] != schema.OUTSIDE]["area_m2"].sum()
    assert row(table, "area", "all")[2] == pytest.approx(inside)


def test_what_the_rates_obey(made: dict[str, Any]) -> None:
    table = (
        rates(made, pieces=zones.pieces(made["zones"], resolution=10))
        .set_index(["rate", "level", "zone_id"])
        .sort_index()
    )
    classes = table[table["by"] != "any"]
    whole = table[table["by"] == "any"]
    assert classes.groupby(level=[0, 1, 2])["numerator"].sum().to_dict() == pytest.approx(
        whole["denominator"].to_dict()
    )
    assert (table["numerator_low"] <= table["numerator"] + 1e-9).all()
    assert (table["numerator"] <= table["numerator_high"] + 1e-9).all()
    assert (whole.loc["time", "numerator"] <= whole.loc["demand", "numerator"]).all()
    for rate in ("area", "demand", "time", "unit_presence"):
        grids = whole.loc[(rate, "grid")]["numerator"].sum()
        assert grids == pytest.approx(whole.loc[(rate, "all", ""), "numerator"])


def test_overlays_cross_the_tree(made: dict[str, Any], town: Town) -> None:
    lon, _ = cells.centres(town.places)
    outline = cells.outlines(town.places[1:2])[0]
    _, south, east, north = outline.bounds
    half = outline.intersection(shapely.box(lon[1], south, east, north))
    rows = {"zone_id": ["port", "half", "void"], "name": ["港", "半", "空"]}
    around = shapely.box(*shapely.union_all(cells.outlines(town.places[[1, 3]])).bounds).buffer(0.0001)
    shapes = [around, half,
              shapely.box(110, 20, 110.01, 20.01)]  # fmt: skip
    table = rates(made, overlays=gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326"))
    # The port holds places 1 and 3 whole: 20 of 60; half of place 1's cell holds half of its 20.
    assert row(table, "demand", "overlay", "port") == pytest.approx([20, 20, 60])
    assert row(table, "demand", "overlay", "half") == pytest.approx([10, 10, 10], rel=0.05)
    assert row(table, "demand", "overlay", "void") == [0, 0, 0]
    assert row(table, "unit_presence", "overlay", "port") == [0, 1, 1]
    told = table.set_index(["rate", "by", "level", "zone_id"])
    assert told.loc[("demand", "any", "overlay", "port"), "cut_share"] == 0
    assert told.loc[("demand", "any", "overlay", "half"), "cut_share"] == pytest.approx(1)
    assert np.isnan(told.loc[("demand", "any", "overlay", "void"), "share"])


def test_wrong_calls(made: dict[str, Any]) -> None:
    square = gpd.GeoDataFrame({"zone_id": ["a", "a"]}, geometry=[shapely.box(0, 0, 1, 1)] * 2, crs="EPSG:4326")
    with pytest.raises(DataError, match=r"overlays: \(zone_id\) must be unique, 1 rows"):
        rates(made, overlays=square)
    with pytest.raises(ColumnError, match="overlays: column 'zone_id' is missing"):
        rates(made, overlays=square.drop(columns="zone_id"))
    with pytest.raises(DatumError, match="overlays: geometry must be in WGS-84"):
        rates(made, overlays=square.set_crs("EPSG:4490", allow_override=True))
    line = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])], crs="EPSG:4326")
    with pytest.raises(DataError, match="buildings: geometry must be points or polygons"):
        coverage.place_buildings(line, zones=None, resolution=10)
    with pytest.raises(DataError, match="routes: geometry must be lines; 2 of 2"):
        coverage.place_routes(square, zones=None, resolution=10)
    with pytest.raises(ColumnError, match="buildings: column 'floors' is missing"):
        coverage.place_buildings(square, zones=None, resolution=10, weight="floors")
    with pytest.raises(DataError, match="'floors' must be 0 or more; 1 of 2"):
        coverage.place_buildings(square.assign(floors=[1.0, -1.0]), zones=None, resolution=10, weight="floors")
    with pytest.raises(ParameterError, match="step_m must be above 0"):
        coverage.place_routes(square, zones=None, resolution=10, step_m=0)
    with pytest.raises(DatumError, match="routes: geometry must be in WGS-84"):
        coverage.place_routes(square.to_crs("EPSG:3857"), zones=None, resolution=10)
