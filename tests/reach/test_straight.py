import time

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, crs, reach
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError
from stationgeo.schema import REACH, validate

LON, LAT = 114.05, 22.54


def _points(lon: list[float], lat: list[float], *, column: str = "station_id") -> gpd.GeoDataFrame:
    ids = [f"s{i}" for i in range(len(lon))]
    return gpd.GeoDataFrame({column: ids}, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def test_reach_is_every_centre_within_the_cutoff_by_brute_force() -> None:
    table = _points([LON, LON + 0.01, LON + 0.003], [LAT, LAT, LAT + 0.02])
    got = reach.within_distance(table, cutoff_m=700, resolution=10, detour_factor=1.3)
    validate(got, REACH)
    # every cell of a box wide enough around the stations, its centre measured to each station
    grid = np.meshgrid(np.arange(LON - 0.02, LON + 0.03, 0.0004), np.arange(LAT - 0.02, LAT + 0.04, 0.0004))
    all_cells = np.unique(cells.from_lonlat(grid[0].ravel(), grid[1].ravel(), resolution=10))
    centre_lon, centre_lat = cells.centres(all_cells)
    want = {
        (name, int(cell))
        for name, point in zip(table["station_id"], table.geometry, strict=True)
        for cell, metres in zip(all_cells, crs.distance_m(point.x, point.y, centre_lon, centre_lat), strict=True)
        if 1.3 * metres <= 700
    }
    assert set(zip(got["station_id"], got["cell"].tolist(), strict=True)) == want


def test_the_cutoff_is_inclusive_and_impedance_is_distance_times_factor() -> None:
    table = _points([LON], [LAT])
    wide = reach.within_distance(table, cutoff_m=500, resolution=10, detour_factor=1.3)
    edge_m = float(wide["impedance_m"].iloc[3])  # the impedance of one cell, exactly
    at_edge = reach.within_distance(table, cutoff_m=edge_m, resolution=10, detour_factor=1.3)
    assert wide["cell"].iloc[3] in set(at_edge["cell"])
    below = reach.within_distance(table, cutoff_m=np.nextafter(edge_m, 0), resolution=10, detour_factor=1.3)
    assert wide["cell"].iloc[3] not in set(below["cell"])
    centre = cells.centres(wide["cell"].to_numpy())
    assert wide["impedance_m"].to_numpy() == pytest.approx(1.3 * crs.distance_m(LON, LAT, *centre), rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    cutoff_m=st.floats(50, 900),
    more_m=st.floats(0, 600),
    factor=st.floats(1, 2),
    offset=st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)),
)
def test_a_longer_cutoff_and_a_smaller_factor_never_lose_a_cell(
    cutoff_m: float, more_m: float, factor: float, offset: tuple[float, float]
) -> None:
    table = _points([LON, LON + offset[0]], [LAT, LAT + offset[1]])

    def pairs(cutoff_m: float, factor: float) -> set[tuple[str, int]]:
        rows = reach.within_distance(table, cutoff_m=cutoff_m, resolution=9, detour_factor=factor)
        return set(zip(rows["station_id"], rows["cell"].tolist(), strict=True))

    assert pairs(cutoff_m, factor) <= pairs(cutoff_m + more_m, factor)
    assert pairs(cutoff_m, factor) <= pairs(cutoff_m, 1.0)


def test_row_order_does_not_matter_and_input_stays() -> None:
    table = _points([LON, LON + 0.01, LON - 0.01], [LAT, LAT, LAT])
    before = table.copy()
    one = reach.within_distance(table, cutoff_m=600, resolution=10, detour_factor=1.0)
    two = reach.within_distance(table.iloc[::-1], cutoff_m=600, resolution=10, detour_factor=1.0)
    pd.testing.assert_frame_equal(one, two)
    assert one.sort_values(["station_id", "cell"]).index.tolist() == one.index.tolist()
    pd.testing.assert_frame_equal(table, before)


def test_candidates_are_renamed_and_no_stations_give_no_reach() -> None:
    candidates = _points([LON], [LAT], column="candidate_id")
    got = reach.within_distance(candidates, cutoff_m=300, resolution=10, detour_factor=1.0)
    assert set(got["station_id"]) == {"s0"}
    none = reach.within_distance(_points([], []), cutoff_m=300, resolution=10, detour_factor=1.0)
    assert none.empty
    validate(none, REACH)
    assert none.dtypes.to_dict() == got.dtypes.to_dict()


def test_bad_tables_are_refused_with_the_way_out() -> None:
    def run(table: pd.DataFrame) -> None:
        reach.within_distance(gpd.GeoDataFrame(table), cutoff_m=300, resolution=10, detour_factor=1.0)

    line = gpd.GeoDataFrame(
        {"station_id": ["a"]}, geometry=[shapely.LineString([(LON, LAT), (LON, LAT + 1)])], crs="EPSG:4326"
    )
    with pytest.raises(
        DataError, match=r"1 of 1 rows are not: LineString \(row 0\)\. Give each a representative point"
    ):
        run(line)
    twice = _points([LON, LON], [LAT, LAT]).assign(station_id="a")
    with pytest.raises(DataError, match="must be unique; 1 of 2 rows repeat an earlier one: 'a'"):
        run(twice)
    with pytest.raises(DataError, match="1 of 2 rows have none"):
        run(_points([LON, LON], [LAT, LAT]).assign(station_id=["a", None]))
    with pytest.raises(ColumnError, match="Got neither"):
        run(_points([LON], [LAT], column="id"))
    with pytest.raises(ColumnError, match="Got both"):
        run(_points([LON], [LAT]).assign(candidate_id="b"))
    with pytest.raises(DatumError, match="WGS-84"):
        run(_points([LON], [LAT]).to_crs("EPSG:3857"))


@pytest.mark.parametrize(
    ("cutoff_m", "detour_factor", "said"),
    [(0, 1, "cutoff_m"), (-5, 1, "cutoff_m"), (float("nan"), 1, "cutoff_m"), (float("inf"), 1, "cutoff_m"),
     (300, 0.99, "detour_factor"), (300, float("nan"), "detour_factor")],
)  # fmt: skip
def test_parameters_out_of_range_are_refused(cutoff_m: float, detour_factor: float, said: str) -> None:
    with pytest.raises(ParameterError, match=f"^{said} must be"):
        reach.within_distance(_points([LON], [LAT]), cutoff_m=cutoff_m, resolution=10, detour_factor=detour_factor)


def test_cutoffs_under_four_spacings_are_spoken_of() -> None:
    # resolution 10: mean spacing 131.8 m, so 527 m is the least; 600 m with factor 1.3 is 461 m straight
    assert reach.cutoff_check(cutoff_m=528, resolution=10) == ""
    assert "is 4.0 spacings" in reach.cutoff_check(cutoff_m=527, resolution=10)
    said = reach.cutoff_check(cutoff_m=600, resolution=10, detour_factor=1.3)
    assert said.startswith("The cutoff of 600 m (462 m straight) is 3.5 spacings of resolution-10 cells (132 m)")
    assert said.endswith("use resolution 11 or finer.")
    assert "score it from points" in reach.cutoff_check(cutoff_m=1, resolution=15)
    said = reach.cutoff_check(cutoff_m=500, resolution=10, called="100 s by van, about 500 m,")
    assert said.startswith("The cutoff of 100 s by van, about 500 m, is 3.8 spacings of resolution-10 cells (132 m)")


def test_five_thousand_stations_take_seconds() -> None:
    rng = np.random.default_rng(3)
    table = _points(rng.uniform(113.8, 114.3, 5000).tolist(), rng.uniform(22.4, 22.8, 5000).tolist())
    start = time.perf_counter()
    got = reach.within_distance(table, cutoff_m=750, resolution=10, detour_factor=1.3)
    assert time.perf_counter() - start < 15
    assert got["station_id"].nunique() == 5000
