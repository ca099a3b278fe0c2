"""Demand near where the data ends: by hand, monotone, and with the border of streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import cells, coverage, crs
from stationgeo.errors import DataError, DatumError, ParameterError
from stationgeo.reach import build_network, near_border

if TYPE_CHECKING:
    from tests.coverage.conftest import Town

PER_LON, PER_LAT = (float(metres) for metres in crs.metres_per_degree(22.5))


def demand_at(*rows: tuple[float, float, str, float]) -> pd.DataFrame:
    """Demand of (metres east, metres north, zone, visits) of 114 E, 22.5 N, in cells 4 m apart."""
    east, north, zone, visits = zip(*rows, strict=True)
    cell = cells.from_lonlat(114 + np.array(east) / PER_LON, 22.5 + np.array(north) / PER_LAT, resolution=13)
    return pd.DataFrame(
        {"cell": cell, "zone_id": pd.Series(zone, dtype="str"), "bin": -1, "courier_s": 0.0,
         "visits": np.array(visits, dtype=float), "courier_weight": 0.0, "couriers": np.nan, "observed_days": 1.0}
    )  # fmt: skip


def square(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Give a square in metres east and north of 114 E, 22.5 N."""
    return shapely.box(114 + west / PER_LON, 22.5 + south / PER_LAT, 114 + east / PER_LON, 22.5 + north / PER_LAT)


def near(table: pd.DataFrame, extent: Any, cutoff_m: float, **changes: Any) -> pd.DataFrame:  # noqa: ANN401
    given_ = {"zones": None, "weight": "visits"} | changes
    return coverage.near_edge_share(table, extent=extent, cutoff_m=cutoff_m, **given_)


def test_by_hand() -> None:
    # A square of 2 km. 100 m within its west side; in its middle, 1,000 m from all sides; 50 m outside of it.
    extent = gpd.GeoSeries([square(0, -1000, 2000, 1000)], crs="EPSG:4326")
    table = demand_at((100, 0, "", 1), (1000, 0, "", 2), (-50, 0, "", 4))
    for cutoff_m, amount in ((0, 4), (90, 4), (110, 5), (980, 5), (1020, 7)):
        found = near(table, extent, cutoff_m).iloc[0]
        assert (found["level"], found["zone_id"], found["demand"]) == ("all", "", 7)
        assert found["near_edge_demand"] == amount
        assert found["near_edge_share"] == pytest.approx(amount / 7)


def test_holes_and_cracks_are_no_edges() -> None:
    # Two halves drawn apart, 1.5 m between them; a lake in the middle of one.
    west = square(0, -1000, 999.25, 1000).difference(square(400, -100, 600, 100))
    extent = gpd.GeoSeries([west, square(1000.75, -1000, 2000, 1000)], crs="EPSG:4326")
    table = demand_at((1000, 0, "", 1), (380, 0, "", 2), (500, 0, "", 4))
    assert near(table, extent, 300)["near_edge_demand"].item() == 0
    apart = gpd.GeoSeries([west, square(1010, -1000, 2000, 1000)], crs="EPSG:4326")
    assert near(table, apart, 300)["near_edge_demand"].item() == 1


def test_by_zone(town: Town) -> None:
    # The extent ends 0.0049 degrees, 504 m, east of place 4, which is the last in the zones; place 5 is beyond.
    extent = gpd.GeoSeries([shapely.box(113.9, 22.4, 114.0449, 22.6)], crs="EPSG:4326")
    table = town.demand((0, "west", 9, 1), (3, "east", 9, 2), (4, "east", 9, 4), (5, "", 9, 8))
    found = near(table, extent, 600, zones=town.zones()).set_index("zone_id")
    assert found["level"].tolist() == ["all", "grid", "grid", "community"]
    assert found["near_edge_demand"].to_dict() == {"": 4, "west": 0, "east": 4, "C1": 4}
    assert found.loc["east", "near_edge_share"] == pytest.approx(4 / 6)
    nobody = near(table.iloc[1:], extent, 600, zones=town.zones()).set_index("zone_id")
    assert np.isnan(nobody.loc["west", "near_edge_share"])


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3_000), min_size=2, max_size=4))
def test_longer_cutoffs_have_more_of_it(seed: int, cutoffs: list[int]) -> None:
    rng = np.random.default_rng(seed)
    table = demand_at(*((float(x), float(y), "", 1.0) for x, y in rng.uniform(-1500, 1500, (20, 2))))
    extent = gpd.GeoSeries([square(-1000, -1000, 1000, 1000)], crs="EPSG:4326")
    shares = [near(table.drop_duplicates("cell"), extent, m)["near_edge_share"].item() for m in sorted(cutoffs)]
    assert shares == sorted(shares)


def test_streets_end_at_their_border() -> None:
    nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.02], "lat": [22.5, 22.5]})
    edges = gpd.GeoDataFrame(
        {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [2058.0], "highway": ["residential"]},
        geometry=[shapely.LineString([(114.0, 22.5), (114.02, 22.5)])], crs="EPSG:4326",
    )  # fmt: skip
    network = build_network(edges, nodes, mode="walk")
    table = demand_at(*((x, 0, "", 1) for x in range(-2000, 4000, 250)))
    within = near_border(*cells.centres(table["cell"].to_numpy()), network, within_m=200)
    assert 0 < within.sum() < len(table)
    assert near(table, network, 200)["near_edge_demand"].item() == within.sum()


def test_what_makes_no_sense_is_refused() -> None:
    extent = gpd.GeoSeries([square(0, 0, 1000, 1000)], crs="EPSG:4326")
    table = demand_at((100, 0, "", 1))
    with pytest.raises(ParameterError, match="cutoff_m must be a finite number of metres, 0 or more"):
        near(table, extent, -1)
    with pytest.raises(ParameterError, match="did you mean 'visits'"):
        near(table, extent, 1, weight="visit")
    with pytest.raises(DatumError, match="must be in WGS-84"):
        near(table, extent.to_crs(32650), 1)
    with pytest.raises(DataError, match=r"polygons are needed.*0 of 1"):
        near(table, gpd.GeoSeries([shapely.Point(114, 22.5)], crs="EPSG:4326"), 1)
