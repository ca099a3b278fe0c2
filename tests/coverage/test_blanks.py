"""Blank spots against a street of hexagons worked out by hand, a flood fill, and what must add up."""

from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from stationgeo import cells, coverage, crs
from stationgeo.errors import ColumnError, DataError, ParameterError

START = 0x8A411CAA05AFFFF
# Seven cells in a row, each beside the next, and one far away.
ROW = np.array(h3.grid_path_cells(START, h3.grid_ring(START, 6)[0]), dtype=np.uint64)
FAR = np.array([h3.grid_ring(START, 20)[0]], dtype=np.uint64)
CELLS = np.append(ROW, FAR)
#            -- 20 --   hides   4 of 10       -- 15 --        hides   far
UNCOVERED = [10.0, 10.0, 0.0, 4.0, 10.0, 5.0, 0.0, 3.0]
DEMAND = [10.0] * 7 + [3.0]
ZONE = ["first"] * 4 + ["last"] * 3 + ["far"]
ASKED = {
    "weight": "visits", "min_weight": 15.0, "min_uncovered_share": 0.5, "min_covered_share": 0.5, "rings": 1,
    "span_h": 168.0,
}  # fmt: skip


def table_of(**columns: Any) -> pd.DataFrame:  # noqa: ANN401 - columns
    table = pd.DataFrame({"cell": CELLS, "zone_id": pd.Series(ZONE, dtype="str"), "demand": DEMAND})
    return table.assign(**(columns or {"covered_demand": np.array(DEMAND) - UNCOVERED}))


def stations_of(*where: int, kind: str = "warm_bee") -> gpd.GeoDataFrame:
    """Stations at the centres of cells, named by them."""
    lon, lat = cells.centres(CELLS[list(where)])
    names = {"station_id": pd.Series([f"at {i}" for i in where], dtype="str"), "kind": kind}
    return gpd.GeoDataFrame(names, geometry=gpd.points_from_xy(lon, lat), crs="EPSG:4326")


def zones() -> gpd.GeoDataFrame:
    """Units that hold the centres of their cells, an empty one, and a community around all of them."""
    lon, lat = cells.centres(CELLS)
    points = pd.Series(shapely.points(lon, lat)).groupby(ZONE).agg(lambda some: shapely.MultiPoint(list(some)))
    shapes = [points[name].convex_hull.buffer(1e-4) for name in ("first", "last", "far")]
    void = box(100, 30, 101, 31)
    table = {
        "zone_id": ["first", "last", "far", "void", "all"],
        "level": ["grid"] * 4 + ["community"],
        "parent_id": ["all"] * 4 + [""],
        "name": ["一", "二", None, "四", "全"],
    }
    return gpd.GeoDataFrame(table, geometry=[*shapes, void, box(90, 10, 130, 40)], crs="EPSG:4326")


def blank_spots(table: pd.DataFrame | None = None, **changes: Any) -> coverage.BlankSpots:  # noqa: ANN401
    asked = {"stations": stations_of(6), "zones": zones()} | ASKED | changes
    return coverage.blank_spots(table_of() if table is None else table, **asked)


def test_by_hand() -> None:
    # Cells 0 and 1: 20. Cell 3 is uncovered for 0.4 of it, less than 0.5: scattered. Cells 4 (10) and 5 (5, a share of
    # exactly 0.5): 15, exactly the least weight. The far cell: 3, a patch that is too small. 73 - 42 = 31 are covered.
    found = blank_spots()
    told = {name: found.headline[name] for name in ("demand", "covered_demand", "spot_demand", "small_demand")}
    assert told == {"demand": 73, "covered_demand": 31, "spot_demand": 35, "small_demand": 3}
    assert [found.headline[name] for name in ("scattered_demand", "outside_demand", "n_spots", "n_small")] == [
        4,
        0,
        2,
        1,
    ]
    table = found.cells.set_index("cell").loc[CELLS]
    assert table["spot_id"].tolist() == [1, 1, 0, 0, 2, 2, 0, 0]
    assert table["part"].tolist() == ["spot", "spot", "covered", "scattered", "spot", "spot", "covered", "small"]
    spots = found.spots
    assert spots["uncovered_demand"].tolist() == [20, 15]
    assert spots["demand"].tolist() == [20, 20]
    assert spots["zone_id"].tolist() == ["first", "last"]
    assert spots["kind"].tolist() == ["administrative", "access"]
    assert spots["administrative_share"].tolist() == [1, 0]
    assert spots["area_m2"].tolist() == pytest.approx([cells.areas_m2(ROW[:2]).sum(), cells.areas_m2(ROW[4:6]).sum()])
    assert spots["geometry"].iloc[0].equals(cells.dissolve(ROW[:2]))
    assert found.parameters["ranked_by"] == "uncovered_demand"
    assert "2</b>, ranked by uncovered_demand" in found._repr_html_()
    touched = found.touched.set_index(["spot_id", "level", "zone_id"])["uncovered_demand"].to_dict()
    assert touched == {
        (1, "grid", "first"): 20, (1, "community", "all"): 20, (2, "grid", "last"): 15, (2, "community", "all"): 15,
    }  # fmt: skip


def test_steps_bridge_cells_between() -> None:
    # Two rings join cells 0, 1 with each other but not with 4 (three rings from 1); three rings make one patch of 35.
    assert blank_spots(rings=2).spots["uncovered_demand"].tolist() == [20, 15]
    assert blank_spots(rings=3).spots["uncovered_demand"].tolist() == [35]
    assert blank_spots(rings=3).spots["kind"].tolist() == ["mixed"]


def test_a_patch_is_small_just_below_the_weight() -> None:
    found = blank_spots(min_weight=15.01)
    assert (found.headline["spot_demand"], found.headline["small_demand"], found.headline["n_small"]) == (20, 18, 2)
    assert blank_spots(min_weight=100).spots.empty


def test_nearest_by_the_straight_line() -> None:
    # The station stands in cell 6: spot 2 has its nearest cell in 5, spot 1 in 1.
    lon, lat = cells.centres(ROW)
    metres = crs.distance_m(lon[6], lat[6], lon, lat)
    spots = blank_spots().spots
    assert spots["nearest_station_id"].tolist() == ["at 6", "at 6"]
    assert spots["nearest_m"].tolist() == pytest.approx([metres[1], metres[5]])
    assert spots["mean_m"].tolist() == pytest.approx(
        [(metres[0] + metres[1]) / 2, (10 * metres[4] + 5 * metres[5]) / 15]
    )
    assert (spots["nearest_by"] == "straight line").all()
    none = blank_spots(stations=stations_of(6).iloc[:0]).spots
    assert none["nearest_station_id"].tolist() == ["", ""]
    assert none["nearest_m"].isna().all()
    assert none["unknown_share"].tolist() == [1, 1]


def test_nearest_as_somebody_measured_it() -> None:
    ways = pd.DataFrame(
        {
            "cell": CELLS[[0, 4, 4, 5]],
            "rank": [1, 1, 2, 1],
            "station_id": "at 6",
            "impedance_s": [700.0, 300.0, 1.0, 240.0],
        }
    )
    for nearest in (ways, SimpleNamespace(table=ways)):
        spots = blank_spots(nearest=nearest).spots
        assert spots["nearest_s"].tolist() == [700, 240]
        assert spots["mean_s"].tolist() == [700, (10 * 300 + 5 * 240) / 15]
        assert spots["unknown_share"].tolist() == [0.5, 0]
        assert (spots["nearest_by"] == "given").all()


def test_workers_affected_decide_the_rank() -> None:
    # Cells 0, 1 have few seconds for their visits, cells 4, 5 many: 5 uncovered of 10 are half of the seconds.
    seconds = np.array([0.0, 168, 0, 0, 168 * 20, 168 * 36, 0, 0]) * 3600
    found = blank_spots(table_of().assign(courier_s=seconds, courier_weight=2.0))
    table = table_of().assign(covered_demand=np.array(DEMAND) - UNCOVERED, courier_s=seconds, courier_weight=2.0)
    found = blank_spots(table)
    assert found.spots["uncovered_demand"].tolist() == [15, 20]
    assert found.spots["mean_workers"].tolist() == [20 + 18, 1]
    assert found.spots["worker_equivalents"].tolist() == [2 + 1, 4]
    assert found.parameters["ranked_by"] == "mean_workers"
    # Without hours nobody knows how many at once: worker-equivalents rank.
    untimed = blank_spots(table, span_h=None)
    assert untimed.parameters["ranked_by"] == "worker_equivalents"
    assert untimed.spots["worker_equivalents"].tolist() == [4, 3]
    assert untimed.spots["mean_workers"].isna().all()
    # Demand in courier-seconds tells workers by itself.
    itself = blank_spots(weight="courier_s", span_h=1.0)
    assert itself.spots["mean_workers"].tolist() == pytest.approx([20 / 3600, 15 / 3600])


def test_units_and_their_two_way_table() -> None:
    # first: 16 of 40 covered, no station; last: 15 of 30 (exactly half), a station; far: 0 of 3, no station; and void
    # has no demand at all.
    found = blank_spots()
    units = found.units.set_index(["level", "zone_id"])
    assert units.loc["grid", "access"].tolist() == ["not covered", "covered", "not covered", "no demand"]
    assert units.loc["grid", "administrative_blank"].tolist() == [True, False, True, True]
    assert units.loc["grid", "access_blank"].tolist() == [True, False, True, False]
    assert units.loc["grid", "covered_share"].tolist() == pytest.approx([0.4, 0.5, 0.0, np.nan], nan_ok=True)
    assert units.loc[("community", "all"), "n_stations"] == 1
    grids = found.two_way[found.two_way["level"] == "grid"]
    assert grids["has_station"].tolist() == [True] * 3 + [False] * 3
    assert grids["access"].tolist() == ["covered", "not covered", "no demand"] * 2
    assert grids["n_units"].tolist() == [1, 0, 0, 0, 2, 1]
    assert grids["demand"].tolist() == [30, 0, 0, 0, 43, 0]
    assert grids["covered_demand"].tolist() == [15, 0, 0, 0, 16, 0]
    assert found.off_diagonals["case"].tolist() == ["a station, but not covered"]  # the community: 31 of 73
    assert found.units["name"].isna().sum() == 1


def test_off_diagonals_by_name() -> None:
    # The station stands in "first" where 0.4 are covered; "last" is covered, by a station beyond its border.
    found = blank_spots(stations=stations_of(0, 1), min_covered_share=0.41)
    assert found.off_diagonals[["level", "zone_id", "case"]].to_numpy().tolist() == [
        ["grid", "first", "a station, but not covered"],
        ["grid", "last", "covered, but no station"],
    ]
    assert found.off_diagonals["name"].tolist() == ["一", "二"]


def test_clusters_are_no_stations() -> None:
    found = blank_spots(stations=stations_of(6, kind="warm_bee_street"))
    assert found.units["n_stations"].sum() == 0
    assert found.spots["nearest_station_id"].tolist() == ["", ""]


def test_a_cell_in_two_zones_counts_in_both() -> None:
    table = pd.concat([table_of(), table_of().iloc[[0]].assign(zone_id="last", demand=6.0, covered_demand=1.0)])
    found = blank_spots(table)
    assert found.spots.loc[0, ["uncovered_demand", "demand", "n_zones", "kind"]].tolist() == [25, 26, 2, "mixed"]
    assert found.spots.loc[0, "administrative_share"] == 20 / 25
    assert found.spots.loc[0, "n_cells"] == 2


def test_outside_the_zones_is_counted_and_left_out() -> None:
    table = table_of().assign(zone_id=pd.Series([*ZONE[:7], ""], dtype="str"))
    found = blank_spots(table)
    assert (found.headline["outside_demand"], found.headline["small_demand"]) == (3, 0)
    everything = blank_spots(table, zones=None)
    assert (everything.headline["outside_demand"], everything.headline["small_demand"]) == (0, 3)
    assert everything.units.empty
    assert everything.touched.empty
    assert everything.two_way.empty
    assert everything.spots["kind"].tolist() == ["", ""]


def test_takes_shares_flags_and_what_score_returns() -> None:
    share = (np.array(DEMAND) - UNCOVERED) / DEMAND
    assert blank_spots(table_of(covered_share=share)).headline == blank_spots().headline
    flags = blank_spots(table_of(covered=share > 0.5))
    assert flags.headline["covered_demand"] == 30  # cells 2, 3, 6
    demand = table_of()[["cell", "zone_id"]].assign(
        bin=-1, courier_s=0.0, visits=DEMAND, courier_weight=0.0, couriers=np.nan, observed_days=1.0
    )
    reach = pd.DataFrame({"station_id": "at 6", "cell": CELLS[[2, 6]], "impedance_m": 1.0})
    table = {"stations": stations_of(6), "zones": zones(), "weight": "visits"}
    scored = blank_spots(coverage.score(demand, reach, **table).cells)
    assert scored.spots["uncovered_demand"].tolist() == [30, 20]
    once = blank_spots(coverage.backup(demand, reach, n=1, by_premises=False, **table).cells)
    pd.testing.assert_frame_equal(once.cells, scored.cells)
    pd.testing.assert_frame_equal(once.units, scored.units)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2]), st.floats(0.05, 1.0), st.integers(0, 60))
def test_equal_to_a_flood_fill_and_adds_up(seed: int, rings: int, min_share: float, min_weight: int) -> None:
    chance = np.random.default_rng(seed)
    disk = np.array(h3.grid_disk(START, 6), dtype=np.uint64)
    some = chance.permutation(disk)[: chance.integers(1, disk.size)]
    demand = chance.integers(1, 20, some.size).astype(float)
    covered = np.round(demand * chance.random(some.size) * chance.integers(0, 2, some.size))
    table = pd.DataFrame({"cell": some, "demand": demand, "covered_demand": covered})
    found = blank_spots(table, zones=None, rings=rings, min_uncovered_share=min_share, min_weight=float(min_weight))
    open_ = {
        int(cell): d - c for cell, d, c in zip(some, demand, covered, strict=True) if d > c and (d - c) / d >= min_share
    }
    left, patches = set(open_), []
    while left:
        front, patch = [left.pop()], []
        while front:
            cell = front.pop()
            patch.append(cell)
            near = left & set(h3.grid_disk(cell, rings))
            left -= near
            front.extend(near)
        patches.append(patch)
    expected = sorted((sum(open_[cell] for cell in patch), sorted(patch)) for patch in patches)
    spots = found.cells[found.cells["spot_id"] > 0].groupby("spot_id")["cell"].agg(lambda one: sorted(map(int, one)))
    got = sorted(zip(found.spots["uncovered_demand"], spots, strict=True))
    assert got == [(total, patch) for total, patch in expected if total >= min_weight]
    assert found.spots["uncovered_demand"].is_monotonic_decreasing
    told = found.headline
    parts = ("covered_demand", "spot_demand", "small_demand", "scattered_demand")
    assert sum(told[name] for name in parts) == pytest.approx(told["demand"], rel=1e-12)
    assert told["spot_demand"] == pytest.approx(found.spots["uncovered_demand"].sum(), rel=1e-12)
    assert told["demand"] == pytest.approx(demand.sum(), rel=1e-12)
    shuffled = blank_spots(
        table.sample(frac=1, random_state=1), zones=None, rings=rings, min_uncovered_share=min_share,
        min_weight=float(min_weight),
    )  # fmt: skip
    pd.testing.assert_frame_equal(shuffled.cells, found.cells)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"table": table_of().drop(columns="covered_demand")}, ColumnError, "column 'covered_demand' is missing"),
        ({"table": table_of().drop(columns="zone_id")}, ColumnError, "column 'zone_id' is missing"),
        ({"table": table_of(covered_demand=11.0)}, DataError, "between 0 and demand; 8 of 8"),
        ({"table": table_of(covered_share=np.nan)}, DataError, "between 0 and demand; 8 of 8"),
        ({"table": table_of().assign(demand=-1.0)}, DataError, "demand must be a finite number"),
        ({"table": table_of(demand=0.0, covered_demand=0.0)}, DataError, "no demand"),
        ({"table": table_of().assign(zone_id="nowhere")}, DataError, "zones of the lowest level; 1 of 1.*'nowhere'"),
        ({"table": pd.concat([table_of()] * 2)}, DataError, "must be unique, 8 rows repeat"),
        ({"weight": "couriers"}, ParameterError, "weight must be a column of demand"),
        ({"min_weight": -1}, ParameterError, "min_weight must be a finite number"),
        ({"min_uncovered_share": 0}, ParameterError, "min_uncovered_share must be a share above 0"),
        ({"min_covered_share": 1.1}, ParameterError, "min_covered_share must be a share above 0"),
        ({"span_h": 0}, ParameterError, "span_h must be None or"),
        ({"rings": 0}, ParameterError, "rings must be a whole number"),
        ({"nearest": pd.DataFrame({"cell": CELLS})}, ColumnError, "nearest: column 'station_id'"),
        ({"nearest": pd.DataFrame({"cell": CELLS, "station_id": "at 6"})}, ColumnError, "exactly one of impedance_s"),
        (
            {"nearest": pd.DataFrame({"cell": CELLS, "station_id": "ghost", "impedance_m": 1.0})},
            DataError,
            "nearest names 1 stations .*'ghost'",
        ),
        (
            {"nearest": pd.DataFrame({"cell": np.repeat(CELLS, 2), "station_id": "at 6", "impedance_m": 1.0})},
            DataError,
            "8 rows repeat one",
        ),
    ],
)
def test_wrong_calls(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        blank_spots(**changes)
