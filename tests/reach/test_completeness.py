from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from metric_streets import LAT, LON, PER_LAT, PER_LON
from stationgeo import reach
from stationgeo.errors import DataError, ParameterError


def _zones(*bounds: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    boxes = [shapely.box(LON + w / PER_LON, LAT + s / PER_LAT, LON + e / PER_LON, LAT + n / PER_LAT)
             for w, s, e, n in bounds]  # fmt: skip
    names = {"zone_id": [f"z{i}" for i in range(len(boxes))], "level": "grid", "parent_id": "", "name": ""}
    return gpd.GeoDataFrame(names, geometry=boxes, crs="EPSG:4326")


def test_a_zone_that_the_map_leaves_blank_stands_out(streets: Callable[..., Any]) -> None:
    # one street along y = 0 in z0; z1 has couriers and no street, z2 neither; two fixes lie outside, one on the street
    network = reach.build_network(*streets([(0, 0), (500, 0)], [{"ends": (0, 1)}]), mode="ebike")
    zones = _zones((0, -50, 450, 100), (0, 100, 450, 300), (0, 300, 450, 500))
    at = np.array([(10, 0), (20, 29.9), (30, 30.1), (40, -20), (50, 120), (60, 200), (480, 5), (700, 0)])
    lon, lat = LON + at[:, 0] / PER_LON, LAT + at[:, 1] / PER_LAT
    got = reach.off_street_share(lon, lat, network, zones=zones)
    assert got["zone_id"].tolist() == ["z0", "z1", "z2", ""]
    assert got["fixes"].tolist() == [4, 2, 0, 2]
    assert got["off_street"].tolist() == [1, 2, 0, 1]
    np.testing.assert_array_equal(got["off_street_share"], [0.25, 1.0, np.nan, 0.5])
    inside = reach.off_street_share(lon[:4], lat[:4], network, zones=zones, limit_m=31)
    assert inside["off_street_share"].tolist() == pytest.approx([0, np.nan, np.nan], nan_ok=True)


def test_a_street_closed_to_the_mode_or_on_the_water_is_none_and_an_island_is_one(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0), (0, 500), (100, 500)],
                           [{"ends": (0, 1), "highway": "steps"}, {"ends": (2, 3), "highway": "ferry"},
                            {"ends": (1, 3), "highway": "residential"}])  # fmt: skip
    lon, lat = [LON + 20 / PER_LON] * 2, [LAT, LAT + 500 / PER_LAT]
    for mode, want in (("walk", [0.0, 1.0]), ("ebike", [1.0, 1.0])):
        network = reach.build_network(edges, nodes, mode=mode)
        got = reach.off_street_share(lon, lat, network, zones=["steps", "water"])
        assert got["off_street_share"].tolist() == want


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), limit_m=st.floats(0, 300))
def test_shares_are_those_of_points_that_do_not_snap(
    data: DataObject, any_streets: Callable[..., st.SearchStrategy[Any]], limit_m: float
) -> None:
    network = reach.build_network(*data.draw(any_streets()), mode="ebike")
    metres = st.floats(-300, 900)
    fixes = data.draw(st.lists(st.tuples(metres, metres, st.sampled_from("abc")), min_size=1, max_size=30))
    lon, lat = [LON + x / PER_LON for x, _, _ in fixes], [LAT + y / PER_LAT for _, y, _ in fixes]
    labels = pd.Categorical([label for _, _, label in fixes], categories=list("cabd"))
    got = reach.off_street_share(lon, lat, network, zones=labels, limit_m=limit_m).set_index("zone_id")
    assert got.index.tolist() == list("cabd")
    off = (reach.snap(lon, lat, network, limit_m=limit_m).table["edge"] < 0).to_numpy()
    for name in "abcd":
        mine = labels == name
        assert got.loc[name, ["fixes", "off_street"]].tolist() == [mine.sum(), off[mine].sum()]
        assert got.loc[name, "off_street_share"] == pytest.approx(
            off[mine].mean() if mine.any() else np.nan, nan_ok=True
        )


def test_wrong_labels_and_limits_are_named(streets: Callable[..., Any]) -> None:
    network = reach.build_network(*streets([(0, 0), (1, 0)], [{"ends": (0, 1)}]), mode="walk")
    with pytest.raises(ParameterError, match="Got 1 labels of 2 fixes"):
        reach.off_street_share([LON, LON], [LAT, LAT], network, zones=["a"])
    with pytest.raises(DataError, match=r"1 of 2 are: rows 1\."):
        reach.off_street_share([LON, LON], [LAT, LAT], network, zones=["a", None])
    with pytest.raises(ParameterError, match="limit_m"):
        reach.off_street_share([LON], [LAT], network, zones=["a"], limit_m=float("inf"))
