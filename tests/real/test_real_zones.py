"""The 491 traffic zones of Shenzhen: overlaps, pieces, places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely

from stationgeo import cells, crs, zones
from stationgeo.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


@pytest.fixture(name="shenzhen", scope="module")
def _shenzhen(real_data: Path) -> gpd.GeoDataFrame:
    source = gpd.read_file(real_data / "shenzhen" / "SZ_districts.shp")
    codes = source["TAZID"].astype(int).astype(str)
    table = {"zone_id": codes, "level": "grid", "parent_id": "", "name": codes}
    return gpd.GeoDataFrame(table, geometry=crs.geometry_to_wgs84(source.geometry, datum="WGS-84"))


def union_m2(shapes: np.ndarray) -> float:
    union = shapely.segmentize(shapely.union_all(shapes), 0.001)  # 100 m: edges are straight in lon/lat
    return float(crs.geometry_area_m2(gpd.GeoSeries([union], crs="EPSG:4326"))[0])


def test_zones_overlap_as_they_come_and_not_once_resolved(shenzhen: gpd.GeoDataFrame) -> None:
    with pytest.raises(DataError, match="518 pairs do"):
        zones.pieces(shenzhen, resolution=8)
    for rule in ("first", "smallest"):
        done = zones.resolve_overlaps(shenzhen, rule=rule)
        assert len(done.overlaps) == 518
        assert done.overlaps["area_m2"].sum() == pytest.approx(530_891, abs=1)
        assert zones.resolve_overlaps(done.zones, rule="error").overlaps.empty


@pytest.mark.parametrize("resolution", [8, 9, 10])
def test_pieces_add_up_to_the_union_and_to_the_cells(shenzhen: gpd.GeoDataFrame, resolution: int) -> None:
    table = zones.pieces(zones.resolve_overlaps(shenzhen, rule="first").zones, resolution=resolution)
    inside = table[table["zone_id"] != ""]
    assert inside["area_m2"].sum() == pytest.approx(union_m2(shenzhen.geometry.to_numpy()), rel=1e-6)
    assert inside["zone_id"].nunique() == 491
    per_cell = table.groupby("cell")["area_m2"].sum()
    assert per_cell.to_numpy() == pytest.approx(cells.areas_m2(per_cell.index.to_numpy()), rel=1e-12)


def test_places_agree_with_a_spatial_join(shenzhen: gpd.GeoDataFrame) -> None:
    disjoint = zones.resolve_overlaps(shenzhen, rule="first").zones
    rng = np.random.default_rng(8)
    west, south, east, north = shenzhen.total_bounds
    lon, lat = rng.uniform(west, east, 20_000), rng.uniform(south, north, 20_000)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")
    joined = points.sjoin(disjoint[["zone_id", "geometry"]], how="left")
    joined = joined[~joined.index.duplicated()]
    assert zones.locate(lon, lat, zones=disjoint).tolist() == joined["zone_id"].fillna("").tolist()
