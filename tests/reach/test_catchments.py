"""Catchments of a reach table: by brute force, and as shapes."""

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, reach, siting
from stationgeo.errors import ColumnError, DataError, ParameterError

CELLS = np.unique(cells.from_lonlat(114.05 + 0.0006 * np.arange(40), np.full(40, 22.54), resolution=10))
ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, len(CELLS) - 1), st.integers(0, 5)), min_size=1, max_size=60,
    unique_by=lambda row: row[:2],
)  # fmt: skip


def table_of(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    station, at, minutes = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "station_id": pd.Series(station, dtype="str"),
            "cell": CELLS[list(at)],
            "impedance_s": np.array(minutes) * 60.0,
        }
    )


@given(rows=ROWS, k=st.integers(1, 3))
@settings(deadline=None)
def test_the_nearest_stations_are_those_of_brute_force(rows: list[tuple[str, int, int]], k: int) -> None:
    found = reach.nearest_stations(table_of(rows), k=k)
    expected = []
    for at in sorted({row[1] for row in rows}):
        near = sorted((minutes * 60.0, station) for station, cell, minutes in rows if cell == at)[:k]
        expected += [(int(CELLS[at]), rank, name, way) for rank, (way, name) in enumerate(near, start=1)]
    assert list(found.itertuples(index=False, name=None)) == sorted(expected)


@given(rows=ROWS)
@settings(deadline=None, max_examples=30)
def test_isochrones_hold_the_cells_of_their_band_and_those_of_nearer_ones(rows: list[tuple[str, int, int]]) -> None:
    drawn = reach.isochrones(table_of(rows), bands=[60, 180])
    for station in {row[0] for row in rows}:
        shapes = drawn[drawn["station_id"] == station].set_index("band")
        for band in (60, 180):
            inside = [int(CELLS[cell]) for name, cell, minutes in rows if name == station and minutes * 60 <= band]
            if not inside:
                assert band not in shapes.index
                continue
            assert shapes.loc[band, "n_cells"] == len(inside)
            lon, lat = cells.centres(CELLS)
            holds = shapely.contains_xy(shapes.loc[band, "geometry"], lon, lat)
            assert CELLS[holds].tolist() == sorted(inside)
    everybody = reach.isochrones(table_of(rows), bands=[360], together=True)
    assert everybody["station_id"].tolist() == [""]
    assert everybody["n_cells"].item() == len({row[1] for row in rows})


def test_dissolved_cells_leave_holes_and_no_cracks() -> None:
    lon, lat = np.meshgrid(np.linspace(114.0, 114.02, 120), np.linspace(22.5, 22.52, 120))
    area = np.unique(cells.from_lonlat(lon.ravel(), lat.ravel(), resolution=10))
    whole = cells.dissolve(area)
    assert len(whole.geoms) == 1
    assert len(whole.geoms[0].interiors) == 0
    outlines = cells.outlines(area)
    assert whole.area == pytest.approx(shapely.area(outlines).sum(), rel=1e-9)
    middle = cells.from_lonlat([114.01], [22.51], resolution=10)
    ring = cells.dissolve(area[area != middle[0]])
    assert len(ring.geoms[0].interiors) == 1
    assert ring.area == pytest.approx(whole.area - shapely.area(cells.outlines(middle)).sum(), rel=1e-9)
    assert cells.dissolve(np.zeros(0, np.uint64)).is_empty
    assert cells.dissolve(np.repeat(middle, 3)).equals(cells.dissolve(middle))
    across = cells.dissolve(np.unique(cells.from_lonlat([179.9995, -179.9995], [0.0, 0.0], resolution=10)))
    assert 179.9 < across.bounds[0] < across.bounds[2] < 180.1
    with pytest.raises(DataError, match="of one resolution"):
        cells.dissolve(np.concatenate([middle, cells.parents(middle, resolution=9)]))
    with pytest.raises(DataError, match="H3"):
        cells.dissolve(np.array([1], dtype=np.uint64))


def test_a_catchment_is_in_order_of_the_way() -> None:
    table = table_of([("a", 3, 2), ("a", 1, 1), ("b", 1, 0), ("a", 2, 1)])
    found = reach.catchment(table, station_id="a")
    assert found["cell"].tolist() == [*sorted(CELLS[[1, 2]].tolist()), int(CELLS[3])]
    with pytest.raises(DataError, match="no row of station 'c'"):
        reach.catchment(table, station_id="c")
    with pytest.raises(ColumnError, match="Got 'impedance_s', 'impedance_m'"):
        reach.catchment(table.assign(impedance_m=1.0), station_id="a")


@pytest.mark.parametrize("bands", [[], [0], [60, 60], [120, 60], [float("nan")]])
def test_bands_ascend(bands: list[float]) -> None:
    with pytest.raises(ParameterError, match="bands must be numbers above 0 that ascend"):
        reach.isochrones(table_of([("a", 1, 1)]), bands=bands)


@pytest.mark.parametrize("k", [0, -1, True, 1.5])
def test_k_is_a_whole_number(k: int) -> None:
    with pytest.raises(ParameterError, match="k must be a whole number"):
        reach.nearest_stations(table_of([("a", 1, 1)]), k=k)


def test_everything_that_takes_a_reach_takes_that_over_streets(
    streets: Callable[..., Any], stations_at: Callable[..., gpd.GeoDataFrame]
) -> None:
    network = reach.build_network(*streets([(0, 0), (300, 0)], [{"ends": (0, 1)}]), mode="walk")
    travel = reach.within_travel_time(stations_at([(0, 0)]), network, cutoff_s=200, resolution=10)
    name = travel.table["station_id"].iloc[0]
    assert reach.as_table(travel) is travel.table
    assert reach.catchment(travel, station_id=name).equals(reach.catchment(travel.table, station_id=name))
    assert reach.nearest_stations(travel).equals(reach.nearest_stations(travel.table))
    assert reach.isochrones(travel, bands=[200]).equals(reach.isochrones(travel.table, bands=[200]))
    assert reach.decay_weights(travel, reach.step(cutoff=200)).min() == 1.0
    demand = pd.DataFrame({"cell": travel.table["cell"], "visits": 1.0})
    assert siting.maximal_cover(demand, travel, n_stations=1, weight="visits").objective == len(demand)
    with pytest.raises(ParameterError, match=r"candidate_reach must be a REACH table or a TravelReach.* Got str"):
        siting.maximal_cover(demand, "reach", n_stations=1, weight="visits")  # type: ignore[arg-type]
