"""Taxi trips of Shenzhen, counted on squares of about 500 m, spread over its 491 traffic zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from stationgeo import crs, demand, schema, zones

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

WIDTH_DEG, HEIGHT_DEG = 0.004873, 0.004497


@pytest.fixture(name="shenzhen", scope="module")
def _shenzhen(real_data: Path) -> gpd.GeoDataFrame:
    source = gpd.read_file(real_data / "shenzhen" / "SZ_districts.shp")
    codes = source["TAZID"].astype(int).astype(str)
    table = {"zone_id": codes, "level": "grid", "parent_id": "", "name": codes}
    geometry = crs.geometry_to_wgs84(source.geometry, datum="WGS-84")
    return zones.resolve_overlaps(gpd.GeoDataFrame(table, geometry=geometry), rule="first").zones


@pytest.fixture(name="taxis", scope="module")
def _taxis(real_data: Path) -> pd.DataFrame:
    trips = pd.read_csv(real_data / "shenzhen" / "taxi_trips.csv").rename(columns={"trips": "weight"})
    return trips.assign(square_lon_deg=WIDTH_DEG, square_lat_deg=HEIGHT_DEG)


def share_outside(events: pd.DataFrame, zoning: gpd.GeoDataFrame) -> pd.Series:
    """Measure it in square degrees, which within 500 m is the same to 1e-5."""
    west, south = events["lon"] - WIDTH_DEG / 2, events["lat"] - HEIGHT_DEG / 2
    boxes = shapely.box(west, south, west + WIDTH_DEG, south + HEIGHT_DEG)
    squares = gpd.GeoDataFrame({"square": events.index}, geometry=boxes, crs="EPSG:4326")
    parts = gpd.overlay(squares, zoning[["zone_id", "geometry"]], keep_geom_type=True)
    inside = pd.Series(shapely.area(parts.geometry.to_numpy())).groupby(parts["square"].to_numpy()).sum()
    return 1 - inside.reindex(events.index, fill_value=0.0) / shapely.area(boxes)


@pytest.mark.parametrize("resolution", [8, 9, 10])
def test_trips_are_conserved_and_lie_outside_as_an_overlay_says(
    taxis: pd.DataFrame, shenzhen: gpd.GeoDataFrame, resolution: int
) -> None:
    table = schema.validate(demand.from_events(taxis, zones=shenzhen, resolution=resolution, tz=None), schema.DEMAND)
    assert table["visits"].sum() == pytest.approx(911_290, rel=1e-9)  # the column's own sum
    assert set(table["bin"]) == {schema.UNTIMED_BIN}
    by_zone = demand.by_zone(table, weight="visits").set_index("zone_id")["visits"]
    outside = (taxis["weight"] * share_outside(taxis, shenzhen)).sum()
    # The zones leave out the sea and gaps between them: 1.9% of the trips, spread over their squares, lie there.
    assert by_zone[schema.OUTSIDE] == pytest.approx(outside, rel=1e-4)
    assert by_zone[schema.OUTSIDE] / table["visits"].sum() == pytest.approx(0.019, abs=0.001)


def test_squares_are_not_points(taxis: pd.DataFrame, shenzhen: gpd.GeoDataFrame) -> None:
    # Taken as points, whole squares fall to the zone of their centre: a tenth of all trips changes its zone.
    spread = demand.from_events(taxis, zones=shenzhen, resolution=9, tz=None)
    points = demand.from_events(
        taxis.drop(columns=["square_lon_deg", "square_lat_deg"]), zones=shenzhen, resolution=9, tz=None
    )
    tables = [demand.by_zone(table, weight="visits").set_index("zone_id")["visits"] for table in (spread, points)]
    moved = tables[0].sub(tables[1], fill_value=0.0).abs().sum() / 2
    assert moved / 911_290 == pytest.approx(0.097, abs=0.002)
