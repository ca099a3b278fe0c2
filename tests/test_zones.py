import math
from collections.abc import Sequence

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, crs, zones
from stationgeo.errors import DataError, DatumError, ParameterError
from stationgeo.schema import PIECES, ZONES, validate

LON, LAT = 114.0, 22.5


def make(
    shapes: Sequence[object],
    *,
    ids: Sequence[str] | None = None,
    level: str | Sequence[str] = "grid",
    parents: str | Sequence[str] = "",
) -> gpd.GeoDataFrame:
    names = list(ids) if ids is not None else [f"z{i}" for i in range(len(shapes))]
    table = pd.DataFrame({"zone_id": names, "level": level, "parent_id": parents, "name": names})
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs="EPSG:4326")


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """Draw a box in thousandths of a degree (about 100 m) from the corner of the town."""
    return shapely.box(LON + west / 1000, LAT + south / 1000, LON + east / 1000, LAT + north / 1000)


def area_m2(*shapes: object) -> float:
    return float(crs.geometry_area_m2(gpd.GeoSeries(list(shapes), crs="EPSG:4326")).sum())


#  The town: district D holds streets S1 (west) and S2 (east), each of two grids of 10 x 10; G5 lies apart.
TOWN = make(
    [box(0, 0, 20, 20), box(0, 0, 10, 20), box(10, 0, 20, 20), box(0, 0, 10, 10), box(0, 10, 10, 20),
     box(10, 0, 20, 10), box(10, 10, 20, 20), box(30, 0, 40, 10)],
    ids=["D", "S1", "S2", "G1", "G2", "G3", "G4", "G5"],
    level=["district", "street", "street", "grid", "grid", "grid", "grid", "grid"],
    parents=["", "D", "D", "S1", "S1", "S2", "S2", ""],
)  # fmt: skip


class TestLevels:
    def test_lowest_level_is_that_of_the_least_zones_whatever_the_order(self) -> None:
        assert zones.lowest_level(TOWN) == "grid"
        assert zones.lowest_level(TOWN.iloc[:3]) == "street"
        assert zones.at_level(TOWN, level="street")["zone_id"].tolist() == ["S1", "S2"]
        assert zones.at_level(TOWN, level="city").empty
        assert zones.at_level(TOWN, level="street").crs == TOWN.crs

    def test_no_zones_and_unknown_levels_are_refused(self) -> None:
        with pytest.raises(DataError, match="no zones, no lowest level"):
            zones.lowest_level(TOWN.iloc[:0])
        with pytest.raises(ParameterError, match="unknown level 'gird'; did you mean 'grid'"):
            zones.at_level(TOWN, level="gird")


class TestLocate:
    def test_points_inside_outside_and_on_borders(self) -> None:
        lon = LON + np.array([5, 5, 15, 25, 35, 10, 10, 0]) / 1000
        lat = LAT + np.array([5, 15, 5, 5, 5, 5, 10, 0]) / 1000
        # the last three: on the border of G1 and G3, where all four grids meet, on the outer corner of G1
        assert zones.locate(lon, lat, zones=TOWN).tolist() == ["G1", "G2", "G3", "", "G5", "G1", "G1", "G1"]

    def test_of_several_zones_the_first_in_the_table_counts(self) -> None:
        turned = TOWN.iloc[::-1].reset_index(drop=True)
        assert zones.locate([LON + 0.01], [LAT + 0.01], zones=turned).tolist() == ["G4"]

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1))
    def test_it_is_what_a_loop_over_zones_and_points_finds(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        lon, lat = rng.uniform(LON - 0.01, LON + 0.05, 50), rng.uniform(LAT - 0.01, LAT + 0.03, 50)
        centre = rng.uniform(0, 30, (6, 2))
        shapes = [box(x, y, x + 12, y + 12).buffer(-0.001).buffer(0.002) for x, y in centre]
        table = make(shapes)
        expected = [
            next((f"z{i}" for i, shape in enumerate(shapes) if shape.intersects(shapely.Point(x, y))), "")
            for x, y in zip(lon, lat, strict=True)
        ]
        assert zones.locate(lon, lat, zones=table).tolist() == expected

    def test_input_is_left_alone_and_bad_input_refused(self) -> None:
        before = TOWN.copy(deep=True)
        zones.locate([LON], [LAT], zones=TOWN)
        pd.testing.assert_frame_equal(TOWN, before)
        assert zones.locate([], [], zones=TOWN).size == 0
        with pytest.raises(DataError, match="1 of 1 do not"):
            zones.locate([math.nan], [LAT], zones=TOWN)
        with pytest.raises(DatumError, match=r"EPSG:4326.*Got WGS 84 / Pseudo-Mercator"):
            zones.locate([LON], [LAT], zones=TOWN.to_crs(3857))
        bow_tie = shapely.Polygon([(114, 22), (115, 23), (115, 22), (114, 23)])
        with pytest.raises(DataError, match=r"valid polygons; 1 of 1 are not: 'z0'\. repair\(\)"):
            zones.locate([LON], [LAT], zones=make([bow_tie]))
        with pytest.raises(DataError, match=r"not be empty.*'z1'"):
            zones.locate([LON], [LAT], zones=make([box(0, 0, 1, 1), shapely.Polygon()]))
        with pytest.raises(DataError, match=r"be polygons or multipolygons.*'z0'"):
            zones.locate([LON], [LAT], zones=make([shapely.Point(LON, LAT)]))


class TestTree:
    def test_a_whole_tree_passes(self) -> None:
        zones.check_tree(TOWN)

    def test_orphans_and_misplaced_parents_are_named(self) -> None:
        without_s1 = TOWN[TOWN["zone_id"] != "S1"]
        with pytest.raises(DataError, match=r"2 of 7 do not: 'G1' \(parent 'S1'\), 'G2' \(parent 'S1'\)\. Add"):
            zones.check_tree(without_s1)
        skipping = TOWN.assign(parent_id=["", "D", "D", "D", "S1", "G1", "S2", ""])
        with pytest.raises(
            DataError,
            match=r"grid < street < district\); 2 of 8 do not: 'G1' \(a grid, its parent 'D' a district\), 'G3' \(a "
            r"grid, its parent 'G1' a grid\)",
        ):
            zones.check_tree(skipping)

    def test_parents_beyond_the_highest_level_are_not_looked_for(self) -> None:
        zones.check_tree(TOWN.iloc[1:])
        grids = TOWN[TOWN["level"] == "grid"]
        assert zones.ancestors(grids).columns.tolist() == ["grid"]

    def test_a_level_that_is_missing_from_the_table_is_skipped(self) -> None:
        zones.check_tree(make([box(0, 0, 9, 9), box(0, 0, 1, 1)], level=["city", "grid"], parents=["", "z0"]))

    def test_ancestors_are_read_up_the_tree(self) -> None:
        table = zones.ancestors(TOWN)
        assert table.index.name == "zone_id"
        assert table.columns.tolist() == ["grid", "street", "district"]
        assert table.loc["G3"].tolist() == ["G3", "S2", "D"]
        assert table.loc["G5"].tolist() == ["G5", "", ""]
        assert table["street"].tolist() == ["S1", "S1", "S2", "S2", ""]

    def test_parents_are_found_by_largest_overlap(self) -> None:
        # G6 lies 70 % in S1 and 30 % in S2; G5 outside of all.
        town = pd.concat([TOWN.assign(parent_id=""), make([box(3, 5, 13, 8)], ids=["G6"])], ignore_index=True)
        filled, doubtful = zones.assign_parents(town)
        assert filled["parent_id"].tolist() == ["", "D", "D", "S1", "S1", "S2", "S2", "", "S1"]
        assert doubtful[["zone_id", "parent_id", "other_id"]].to_numpy().tolist() == [
            ["G5", "", ""],
            ["G6", "S1", "S2"],
        ]
        assert doubtful["share"].tolist() == pytest.approx([0.0, 0.7])
        assert doubtful["other_share"].tolist() == pytest.approx([0.0, 0.3])
        assert (town["parent_id"] == "").all()
        zones.check_tree(filled)

    def test_parents_that_are_given_stay(self) -> None:
        given_parent = TOWN.assign(parent_id=["", "D", "D", "S2", "S1", "S2", "S2", ""])
        filled, _ = zones.assign_parents(given_parent)
        assert filled["parent_id"].tolist() == given_parent["parent_id"].tolist()


class TestOverlaps:
    def test_first_keeps_by_order_and_smallest_by_size(self) -> None:
        # A = 10 x 10, B = 6 x 10: they share 2 x 10.
        pair = make([box(0, 0, 10, 10), box(8, 0, 14, 10)], ids=["A", "B"])
        first = zones.resolve_overlaps(pair, rule="first")
        assert first.zones.geometry.iloc[0].equals(box(0, 0, 10, 10))
        assert first.zones.geometry.iloc[1].equals(box(10, 0, 14, 10))
        assert first.overlaps[["kept_by", "taken_from"]].to_numpy().tolist() == [["A", "B"]]
        assert first.overlaps["area_m2"].tolist() == pytest.approx([area_m2(box(8, 0, 10, 10))])
        smallest = zones.resolve_overlaps(pair, rule="smallest")
        assert smallest.zones.geometry.iloc[0].equals(box(0, 0, 8, 10))
        assert smallest.zones.geometry.iloc[1].equals(box(8, 0, 14, 10))
        assert smallest.overlaps[["kept_by", "taken_from"]].to_numpy().tolist() == [["B", "A"]]
        assert pair.geometry.iloc[0].equals(box(0, 0, 10, 10))

    def test_an_island_cut_out_of_a_zone_leaves_a_hole(self) -> None:
        pair = make([box(0, 0, 10, 10), box(4, 4, 6, 6)], ids=["sea", "island"])
        done = zones.resolve_overlaps(pair, rule="smallest").zones
        assert done.geometry.iloc[0].equals(box(0, 0, 10, 10).difference(box(4, 4, 6, 6)))
        with pytest.raises(DataError, match=r"1 of 2 lie wholly within others under rule 'first': 'island'"):
            zones.resolve_overlaps(pair, rule="first")

    def test_error_names_pairs_and_areas_and_touching_is_no_overlap(self) -> None:
        # 0.002 x 0.01 degrees at 22.505 N: 205.8 m x 1107.4 m
        with pytest.raises(DataError, match=r"1 pairs do, on 227,8\d\d\.\d m2 in all: 'z0' and 'z1'"):
            zones.resolve_overlaps(make([box(0, 0, 10, 10), box(8, 0, 14, 10)]), rule="error")
        same = zones.resolve_overlaps(TOWN, rule="error")
        assert same.overlaps.empty
        pd.testing.assert_frame_equal(same.zones, TOWN)
        with pytest.raises(ParameterError, match="unknown rule 'frist'; did you mean 'first'"):
            zones.resolve_overlaps(TOWN, rule="frist")

    def test_slivers_are_counted_too(self) -> None:
        # 1 mm x 1 km: 1 m2
        west, east = box(0, 0, 10, 9), shapely.box(LON + 0.01 - 1e-8, LAT, LON + 0.02, LAT + 0.009)
        overlaps = zones.resolve_overlaps(make([west, east]), rule="first").overlaps
        assert overlaps["area_m2"].tolist() == pytest.approx([1.03], rel=0.02)

    def test_only_areal_parts_are_kept(self) -> None:
        # What a comb leaves of a box is two boxes; a third zone that only touches both is left alone.
        comb = box(-1, 4, 11, 6)
        done = zones.resolve_overlaps(make([comb, box(0, 0, 10, 10), box(10, 6, 12, 10)]), rule="first").zones
        assert done.geometry.geom_type.tolist() == ["Polygon", "MultiPolygon", "Polygon"]
        assert done.geometry.iloc[1].equals(shapely.MultiPolygon([box(0, 0, 10, 4), box(0, 6, 10, 10)]))

    def test_splinters_that_a_cut_leaves_go(self) -> None:
        # Of the second's strip of 1 m x 1 km, 0.01 mm x 1 m sticks out of the first: 1e-5 m2. Its field stays.
        keeper, field = shapely.box(LON, LAT, LON + 0.01 - 1e-10, LAT + 0.01), box(0, 12, 10, 20)
        strip = shapely.box(LON, LAT + 0.005, LON + 0.01, LAT + 0.00501)
        done = zones.resolve_overlaps(make([keeper, shapely.union(field, strip)]), rule="first").zones
        assert done.geometry.iloc[1].equals(field)
        # A hole as small goes too.
        holed = box(0, 0, 10, 10).difference(shapely.box(LON + 0.002, LAT + 0.002, LON + 0.002 + 1e-9, LAT + 0.002001))
        done = zones.resolve_overlaps(make([box(9, 0, 12, 10), holed]), rule="first").zones
        assert not done.geometry.iloc[1].interiors

    def test_an_overlap_in_two_places_is_one_pair_with_both_areas(self) -> None:
        # An E whose outer teeth reach into the box and whose back touches it: two areas and a line in common.
        teeth = shapely.union_all([box(10, 0, 14, 10), box(8, 0, 10, 2), box(8, 8, 10, 10)])
        overlaps = zones.resolve_overlaps(make([box(0, 0, 10, 10), teeth]), rule="first").overlaps
        assert overlaps["area_m2"].tolist() == pytest.approx([area_m2(box(8, 0, 10, 2), box(8, 8, 10, 10))])

    def test_higher_levels_pass_through(self) -> None:
        clash = pd.concat([TOWN, make([box(0, 0, 20, 20)], ids=["D2"], level="district")], ignore_index=True)
        done = zones.resolve_overlaps(clash, rule="error")
        pd.testing.assert_frame_equal(done.zones, clash)

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(3, 15), st.integers(3, 15)),
                 min_size=1, max_size=6, unique_by=lambda square: square[:2]),
        st.sampled_from(["first", "smallest"]),
    )  # fmt: skip
    def test_the_union_stays_and_overlap_goes(self, squares: list[tuple[int, int, int, int]], rule: str) -> None:
        shapes = [box(x, y, x + width, y + height) for x, y, width, height in squares]
        try:
            done = zones.resolve_overlaps(make(shapes), rule=rule)
        except DataError as error:
            assert "lie wholly within others" in str(error)  # noqa: PT017 - allowed, and only this
            return
        union = shapely.union_all(shapes)
        assert shapely.union_all(done.zones.geometry.to_numpy()).symmetric_difference(union).area < 1e-15
        assert shapely.area(done.zones.geometry.to_numpy()).sum() == pytest.approx(union.area, rel=1e-9)
        assert zones.resolve_overlaps(done.zones, rule="error").overlaps.empty


class TestPieces:
    def test_rows_of_a_cell_add_up_to_it_and_zones_to_themselves(self) -> None:
        table = validate(zones.pieces(TOWN, resolution=9), PIECES)
        names = np.unique(table["cell"].to_numpy())
        assert table.groupby("cell")["area_m2"].sum().to_numpy() == pytest.approx(cells.areas_m2(names), rel=1e-12)
        per_zone = table.groupby("zone_id")["area_m2"].sum()
        assert sorted(per_zone.index) == ["", "G1", "G2", "G3", "G4", "G5"]
        for name in ("G1", "G2", "G3", "G4", "G5"):
            shape = TOWN.loc[TOWN["zone_id"] == name, "geometry"].iloc[0]
            assert per_zone[name] == pytest.approx(area_m2(shapely.segmentize(shape, 1e-4)), rel=1e-6)
        assert (table["area_m2"] > 0).all()

    def test_a_cell_within_one_zone_is_one_row_without_outside(self) -> None:
        table = zones.pieces(make([box(0, 0, 100, 100)]), resolution=8)
        whole = shapely.contains(box(0, 0, 100, 100), cells.outlines(table["cell"].to_numpy()))
        assert whole.sum() > 100
        inside = table[whole]
        assert (inside["zone_id"] == "z0").all()
        assert not inside["cell"].duplicated().any()
        assert inside["area_m2"].to_numpy() == pytest.approx(cells.areas_m2(inside["cell"].to_numpy()), rel=1e-12)

    def test_a_grid_of_20_m_inside_one_cell_keeps_its_area(self) -> None:
        lon, lat = (float(value[0]) for value in cells.centres(cells.from_lonlat([LON], [LAT], resolution=9)))
        per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree(lat))
        table = zones.pieces(make([shapely.box(lon, lat, lon + 20 / per_lon, lat + 20 / per_lat)]), resolution=9)
        assert table["zone_id"].tolist() == ["z0", ""]
        assert set(table["cell"]) == {h3.latlng_to_cell(lat, lon, 9)}
        assert table["area_m2"].iloc[0] == pytest.approx(400, rel=1e-5)

    def test_a_long_edge_beside_short_ones_fills_cells_all_the_same(self) -> None:
        # The parallel between them is one edge of 1 km in the south and edges of 400 m and 600 m in the north: their
        # great circles bulge differently, by up to 1 mm, so that together they claim more than the cells there.
        table = zones.pieces(make([box(0, 0, 10, 10), box(0, 10, 4, 20), box(4, 10, 10, 20)]), resolution=11)
        per_cell = table.groupby("cell")["area_m2"].sum()
        assert per_cell.to_numpy() == pytest.approx(cells.areas_m2(per_cell.index.to_numpy()), rel=1e-12)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.integers(7, 11), st.sampled_from([(114.0, 22.5), (120.5188, 30.005)]))
    def test_a_patchwork_fills_cells_in_any_order(self, seed: int, level: int, at: tuple[float, float]) -> None:
        # A box of about 1 km cut by random lines into zones with shared, T-shaped and oblique borders.
        rng = np.random.default_rng(seed)
        whole = shapely.box(at[0], at[1], at[0] + 0.01, at[1] + 0.01)
        ends = rng.uniform(-0.001, 0.011, (4, 2))
        lines = [[(at[0] - 0.001, at[1] + a), (at[0] + 0.011, at[1] + b)] for a, b in ends[:2]]
        lines += [[(at[0] + a, at[1] - 0.001), (at[0] + b, at[1] + 0.011)] for a, b in ends[2:]]
        network = shapely.union_all([whole.exterior, *(shapely.LineString(line) for line in lines)])
        faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(network)))
        shapes = [face for face in faces if face.area > 1e-14 and whole.buffer(1e-9).contains(face)]
        table = zones.pieces(make(shapes), resolution=level)
        names = np.unique(table["cell"].to_numpy())
        totals = table.groupby("cell")["area_m2"].sum().to_numpy()
        assert totals == pytest.approx(cells.areas_m2(names), rel=1e-9)
        inside = table[table["zone_id"] != ""]
        own = area_m2(shapely.segmentize(whole, 1e-4))
        assert inside["area_m2"].sum() == pytest.approx(own, rel=3e-6)
        assert set(inside["zone_id"]) == {f"z{i}" for i in range(len(shapes))}
        order = rng.permutation(len(shapes))
        ids = [f"z{i}" for i in order]
        turned = zones.pieces(make([shapes[i] for i in order], ids=ids), resolution=level)
        key = ["cell", "zone_id"]
        pd.testing.assert_frame_equal(
            table.sort_values(key, ignore_index=True), turned.sort_values(key, ignore_index=True), rtol=1e-9, atol=1e-9
        )

    def test_overlaps_and_nothing_are_refused(self) -> None:
        with pytest.raises(DataError, match=r"must not overlap; 1 pairs do.*'z0' and 'z1'.*resolve_overlaps"):
            zones.pieces(make([box(0, 0, 10, 10), box(8, 0, 14, 10)]), resolution=9)
        with pytest.raises(DataError, match="no zones"):
            zones.pieces(TOWN.iloc[:0], resolution=9)

    def test_an_overlap_that_the_overlay_misses_is_seen_in_the_areas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nothing = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        monkeypatch.setattr("stationgeo.zones._pieces.overlapping_pairs", lambda _: nothing)
        with pytest.raises(DataError, match=r"claim more than the whole of \d+ of \d+ cells: '89.* by 100\.0%"):
            zones.pieces(make([box(0, 0, 30, 30), box(0, 0, 30, 30)]), resolution=9)


class TestRepair:
    def test_valid_zones_stay_and_nothing_is_listed(self) -> None:
        done, repaired = zones.repair(TOWN)
        pd.testing.assert_frame_equal(done, TOWN)
        assert repaired.empty

    def test_a_spike_and_a_touching_ring_have_one_reading(self) -> None:
        spike = shapely.Polygon([(114, 22), (114.2, 22), (114.1, 22), (114.1, 22.1)])
        # a ring that runs round a hole and back over one point, instead of shell and hole
        keyhole = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10), (0, 0), (3, 6), (6, 3), (0, 0)])
        done, repaired = zones.repair(make([spike, keyhole, box(0, 0, 1, 1)], ids=["spike", "keyhole", "fine"]))
        assert repaired["zone_id"].tolist() == ["spike", "keyhole"]
        assert (repaired["change_share"] < 1e-12).all()
        assert done.is_valid.all()
        assert done.geometry.iloc[0].equals(shapely.Polygon([(114, 22), (114.1, 22), (114.1, 22.1)]))
        # 100 less the triangle (0, 0), (3, 6), (6, 3), whose area is |3 x 3 - 6 x 6| / 2
        assert done.geometry.iloc[1].area == pytest.approx(100 - 13.5)

    def test_what_has_several_readings_is_refused(self) -> None:
        bow_tie = shapely.Polygon([(114, 22), (115, 23), (115, 22), (114, 23)])
        flat = shapely.Polygon([(114, 22), (115, 23), (114.5, 22.5)])
        infinite = shapely.Polygon([(114, 22), (math.inf, 23), (115, 22)])
        table = make([box(0, 0, 1, 1), bow_tie, flat, infinite], ids=["fine", "bow tie", "flat", "infinite"])
        with pytest.raises(DataError, match=r"3 of 4 can be read.*'bow tie' \(Self-intersection.*'flat'.*'infinite'"):
            zones.repair(table)


class TestGaps:
    def test_holes_of_the_union_are_listed_largest_first(self) -> None:
        block = [box(0, 0, 30, 10), box(0, 20, 30, 30), box(0, 10, 10, 20), box(20, 10, 30, 20)]
        lake = box(40, 0, 80, 40).difference(box(50, 10, 70, 30))
        found = zones.gaps(make([*block, lake]))
        assert found["area_m2"].tolist() == pytest.approx([area_m2(box(50, 10, 70, 30)), area_m2(box(10, 10, 20, 20))])
        assert found.geometry.iloc[1].equals(box(10, 10, 20, 20))
        assert zones.gaps(TOWN).empty


class TestHull:
    @settings(max_examples=50, deadline=None)
    @given(
        st.lists(st.tuples(st.floats(-179, 179), st.floats(-85, 85)), min_size=1, max_size=20),
        st.floats(1e-6, 1.0),
    )
    def test_every_point_lies_in_it(self, points: list[tuple[float, float]], scale: float) -> None:
        lon, lat = np.array(points).T * scale
        unit = validate(zones.hull(lon, lat), ZONES)
        assert len(unit) == 1
        assert (zones.locate(lon, lat, zones=unit) == "all").all()

    def test_one_point_becomes_a_disk_of_one_metre(self) -> None:
        unit = zones.hull([LON], [LAT])
        assert area_m2(unit.geometry.iloc[0]) == pytest.approx(math.pi, rel=0.01)
        assert zones.locate([LON, LON], [LAT + 0.9 / 110_737, LAT + 1.1 / 110_737], zones=unit).tolist() == ["all", ""]

    def test_no_point_has_no_hull(self) -> None:
        with pytest.raises(DataError, match="no points, no hull"):
            zones.hull([], [])
