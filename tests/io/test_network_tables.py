"""Tables of edges, with answers derived by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from stationgeo import crs, io, schema
from stationgeo.errors import ColumnError, DataError, DatumError, ParameterError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

# West, middle and east of a street, and the north of one that leaves the middle.
W, M, E, N = (114.00, 22.50), (114.01, 22.50), (114.02, 22.50), (114.01, 22.51)
TEE = [LineString([W, M]), LineString([M, E]), LineString([M, N])]


def frame(lines: list[shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=lines, crs="EPSG:4326")


def points(*places: tuple[float, float], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[Point(place) for place in places], crs="EPSG:4326")


def read(table: gpd.GeoDataFrame, **options: object) -> io.StreetTables:
    tables = io.read_network(table, **({"datum": "WGS-84", "directed": False} | options))  # type: ignore[arg-type]
    schema.validate(tables.nodes, schema.NODES)
    schema.validate(tables.edges, schema.EDGES)
    assert tables.report.rows_kept == tables.report.rows_read - tables.report.rows_dropped
    return tables


def ends(tables: io.StreetTables) -> list[tuple[int, int]]:
    return list(zip(tables.edges["from_node"], tables.edges["to_node"], strict=True))


def test_ends_at_one_place_are_one_node_numbered_from_west_to_east() -> None:
    tables = read(frame(TEE, highway=["residential", None, "steps"]))
    # From west to east, then south to north: W 0, M 1, N 2, E 3.
    assert ends(tables) == [(0, 1), (1, 3), (1, 2)]
    assert tables.nodes[["lon", "lat"]].to_numpy().tolist() == [list(place) for place in (W, M, N, E)]
    assert tables.edges["highway"].tolist() == ["residential", "", "steps"]
    assert tables.edges["oneway"].isna().all()
    expected = crs.distance_m([114.00, 114.01, 114.01], 22.5, [114.01, 114.02, 114.01], [22.5, 22.5, 22.51])
    assert tables.edges["length_m"].to_numpy() == pytest.approx(expected)


def test_files_of_every_kind_give_the_same(tmp_path: Path) -> None:
    table = frame(TEE, highway=["residential", "road", "steps"])
    whole = read(table)
    for suffix in ("shp", "gpkg", "geojson", "parquet"):
        path = tmp_path / f"edges.{suffix}"
        _ = table.to_parquet(path) if suffix == "parquet" else table.to_file(path)
        again = read(path)  # type: ignore[arg-type]
        assert again.edges.drop(columns="geometry").equals(whole.edges.drop(columns="geometry")), suffix
        assert again.report.files[0].name == path.name
    (tmp_path / "edges.prj").unlink()
    with pytest.raises(DatumError, match="no CRS"):
        read(tmp_path / "edges.shp")  # type: ignore[arg-type]
    assert ends(read(tmp_path / "edges.shp", crs="EPSG:4326")) == ends(whole)  # type: ignore[arg-type]


def test_every_vertex_is_moved_to_wgs84_from_any_crs_and_datum() -> None:
    def shifted(line: LineString) -> LineString:
        lon, lat = crs.from_wgs84(*np.array(line.coords).T, datum="GCJ-02")
        return LineString(np.column_stack([lon, lat]))

    drawn = frame([shifted(line) for line in TEE]).to_crs("EPSG:3857")
    tables, straight = read(drawn, datum="GCJ-02"), read(frame(TEE))
    assert ends(tables) == ends(straight)
    assert tables.edges.geometry.geom_equals_exact(straight.edges.geometry, 1e-8).all()
    assert tables.edges["length_m"].to_numpy() == pytest.approx(straight.edges["length_m"], rel=1e-6)


def test_a_datum_is_needed_of_a_table() -> None:
    with pytest.raises(DatumError, match="datum"):
        read(frame(TEE), datum=None)


def test_numbers_of_nodes_hold_and_lie_where_their_first_end_lies() -> None:
    for names in (("from_node", "to_node"), ("u", "v")):
        tables = read(frame(TEE, **{names[0]: [7, 5, 5], names[1]: ["5", "9", "3"]}))
        assert ends(tables) == [(7, 5), (5, 9), (5, 3)]
        assert tables.nodes["node_id"].tolist() == [3, 5, 7, 9]
        assert tables.nodes.loc[1, ["lon", "lat"]].tolist() == list(M)
    # A bridge over the middle: other numbers at the same place do not meet.
    bridge = read(frame(TEE, u=[7, 8, 5], v=[5, 9, 3]))
    assert ends(bridge)[1] == (8, 9)
    assert bridge.n_components == 2


def test_ends_drawn_far_from_their_node_are_noted() -> None:
    tables = read(frame(TEE, u=[7, 5, 7], v=[5, 9, 3]))
    # Node 7 lies in the west, and row 3 begins in the middle, 1,029 m away.
    assert "1 of 6 ends are drawn more than 1 m from their node, the farthest 1,029 m" in tables.report.notes[0]


def test_numbers_that_are_none_are_named_and_dropped_on_demand() -> None:
    table = frame(TEE, u=[7, 5.5, 5], v=["5", "9", "x"])
    with pytest.raises(DataError, match=r"'u' \(from_node\) holds no whole number; 1 of 3 rows: row 2: 5.5"):
        read(table)
    tables = read(table, bad_rows="drop")
    assert ends(tables) == [(7, 5)]
    assert [count.rows for count in tables.report.dropped] == [1, 1]
    with pytest.raises(ColumnError, match=r"has a column for from_node \('u'\) and none for to_node. Map it"):
        read(frame(TEE, u=[1, 2, 3]))


def test_nodes_of_a_table_give_their_numbers_and_tags() -> None:
    nodes = points(M, W, E, N, (115, 23), node_id=[50, 10, 90, 30, 1], barrier=["gate", None, None, None, None])
    tables = read(frame(TEE), nodes=nodes)
    assert ends(tables) == [(10, 50), (50, 90), (50, 30)]
    assert tables.nodes.set_index("node_id")["barrier"].dropna().to_dict() == {50: "gate"}
    assert "1 of 5 nodes are the end of no edge: left out" in tables.report.notes
    numbered = read(frame(TEE, u=[10, 50, 50], v=[50, 90, 30]), nodes=nodes.rename(columns={"node_id": "osmid"}))
    assert numbered.nodes.equals(tables.nodes)
    counted = read(frame(TEE), nodes=nodes.drop(columns="node_id"))
    assert ends(counted) == [(1, 0), (0, 2), (0, 3)]
    named = read(frame(TEE), nodes=nodes.rename(columns={"node_id": "FID"}), columns={"node_id": "FID"})
    assert ends(named) == ends(tables)


def test_ends_at_no_node_and_nodes_that_are_none_are_named() -> None:
    with pytest.raises(
        DataError, match=r"an end lies at no node of the nodes given; 1 of 3 rows: row 3: .*Add the node"
    ):
        read(frame(TEE), nodes=points(W, M, E))
    with pytest.raises(DataError, match="an end lies at no node"):
        read(frame(TEE, u=[1, 2, 2], v=[2, 3, 4]), nodes=points(W, M, E, node_id=[1, 2, 3]))
    tables = read(frame(TEE), nodes=points(W, M, E), bad_rows="drop")
    assert ends(tables) == [(0, 1), (1, 2)]
    with pytest.raises(DataError, match="node_id must be unique, 1 rows repeat an earlier one: 1"):
        read(frame(TEE), nodes=points(W, M, E, node_id=[1, 1, 3]))
    with pytest.raises(DataError, match="geometry of a node is no point"):
        read(frame(TEE), nodes=frame(TEE))
    with pytest.raises(ColumnError, match=r"column 'osmid' \(for node_id\) is missing"):
        read(frame(TEE, u=[1, 2, 2], v=[2, 3, 4]), nodes=points(W, M, E))
    with pytest.raises(ParameterError, match="names node_id, and no nodes are given"):
        read(frame(TEE), columns={"node_id": "FID"})


def test_ends_within_the_tolerance_are_one_node_and_no_others() -> None:
    near = (114.01 + 5e-6, 22.50)  # 0.51 m east of the middle
    lines = [LineString([W, M]), LineString([near, E])]
    assert read(frame(lines)).n_components == 2
    assert read(frame(lines), tolerance_m=0.5).n_components == 2
    tables = read(frame(lines), tolerance_m=0.6)
    assert ends(tables) == [(0, 1), (1, 2)]
    assert tables.report.notes[0] == "1 places within 0.6 m of another are one node with it"
    assert ends(read(frame(lines), nodes=points(W, M, E), tolerance_m=0.6)) == [(0, 1), (1, 2)]
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ParameterError, match="tolerance_m must be at least 0"):
            read(frame(lines), tolerance_m=wrong)


def test_rows_that_may_be_directions_are_asked_about() -> None:
    both = frame([TEE[0], TEE[0].reverse(), TEE[2]], oneway=["no", "no", "yes"])
    with pytest.raises(ParameterError, match="2 of 3 rows have another row that is the same line backwards"):
        read(both, directed=None)
    assert read(both, directed=True).edges["oneway"].tolist() == ["yes", "yes", "yes"]
    assert read(both, directed=False).edges["oneway"].tolist() == ["no", "no", "yes"]
    with pytest.raises(ParameterError, match="no column says which streets are one way"):
        read(frame(TEE), directed=None)
    assert read(frame(TEE, oneway=["no", "-1", None]), directed=None).edges["oneway"].tolist()[:2] == ["no", "-1"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([True, False, True], ["yes", "no", "yes"]),
        ([1, 0, -1], ["yes", "no", "-1"]),
        (["F", "T", "B"], ["yes", "-1", "no"]),
        (["Yes", "reversible", "reverse"], ["yes", "reversible", "-1"]),
    ],
)
def test_oneway_is_read_in_the_words_of_many_tools(words: list[object], expected: list[str]) -> None:
    assert read(frame(TEE, oneway=words), directed=None).edges["oneway"].tolist() == expected


def test_oneway_in_other_words_is_an_error() -> None:
    with pytest.raises(DataError, match=r"'oneway' \(oneway\) holds other words than yes, no, -1.*row 2: FT"):
        read(frame(TEE, oneway=["yes", "FT", "no"]))


def test_lengths_are_measured_where_the_column_has_none_and_columns_are_mapped() -> None:
    table = frame(TEE, len=[1000.0, None, 7], fclass=["primary", "road", "road"], maxspeed=[50.0, None, 30.0])
    tables = read(table, columns={"length_m": "len", "highway": "fclass"})
    assert tables.edges["length_m"].round().tolist() == [1000, 1029, 7]
    assert tables.edges["highway"].tolist() == ["primary", "road", "road"]
    assert tables.edges["maxspeed"].tolist()[::2] == ["50", "30"]
    assert "1 of 3 lengths are missing: measured along the line" in tables.report.notes
    assert tables.report.columns == {"length_m": "len", "highway": "fclass", "maxspeed": "maxspeed"}
    with pytest.raises(DataError, match=r"'len' \(length_m\) holds no length; 1 of 3 rows: row 1: -1"):
        read(frame(TEE, len=[-1, 2, 3]), columns={"length_m": "len"})
    with pytest.raises(ColumnError, match="column 'lenght'"):
        read(table, columns={"length_m": "lenght"})


def test_parts_become_edges_and_heights_go() -> None:
    tables = read(frame([MultiLineString(TEE[:2]), LineString([(*M, 4.0), (*N, 9.0)])]))
    assert ends(tables) == [(0, 1), (1, 3), (1, 2)]
    assert tables.edges["source_row"].tolist() == [0, 0, 1]
    # The length of the whole is that of none of its parts.
    told = read(frame([MultiLineString(TEE[:2]), TEE[2]], length_m=[9.0, 7.0]))
    assert told.edges["length_m"].round().tolist() == [1029, 1029, 7]
    assert (tables.report.repaired[0].rows, tables.report.rows_read) == (1, 2)
    assert not shapely.has_z(tables.edges.geometry.to_numpy()).any()
    with pytest.raises(DataError, match="geometry has several parts, and its nodes are those of one line"):
        read(frame([MultiLineString(TEE[:2]), TEE[2]], u=[1, 2], v=[3, 4]))
    assert len(read(frame([MultiLineString(TEE[:1]), TEE[2]], u=[1, 2], v=[3, 4])).edges) == 2


def test_loops_and_edges_without_length_stay_and_are_noted() -> None:
    tables = read(frame([LineString([W, M, N, W]), LineString([E, E])]))
    assert ends(tables) == [(0, 0), (1, 1)]
    assert "2 edges end where they begin (loops): kept" in tables.report.notes
    assert "1 edges have length 0: kept" in tables.report.notes


def test_an_edge_across_the_antimeridian_is_short() -> None:
    tables = read(frame([LineString([(179.9, -17), (-179.9, -17)]), LineString([(-179.9, -17), (-179.8, -17)])]))
    assert tables.n_components == 1
    assert tables.edges["length_m"].to_numpy() == pytest.approx(crs.distance_m(0, -17, [0.2, 0.1], -17), rel=1e-6)
    assert shapely.get_coordinates(tables.edges.geometry.iloc[0])[:, 0].tolist() == pytest.approx([179.9, 180.1])
    assert tables.report.notes[-1] == "1 edges cross the antimeridian: their vertices go on beyond 180 degrees"


def test_what_is_no_line_is_an_error_or_dropped() -> None:
    table = frame([*TEE, Point(W)])
    with pytest.raises(DataError, match="geometry is no line; 1 of 4 rows: row 4: Point"):
        read(table)
    assert read(table, bad_rows="drop").report.dropped[0].rows == 1
    with pytest.raises(DataError, match="Edges are lines; name another file"):
        read(points(W, M))


@pytest.mark.parametrize("lists", [["a", ["b", "c"], "d"], ["a", "['b', 'c']", "d"]])
def test_lists_in_columns_are_an_error_with_a_way_out(lists: list[object]) -> None:
    with pytest.raises(ColumnError, match=r"'highway' \(highway\) holds lists in 1 of 3 rows.*Keep one word of each"):
        read(frame(TEE, highway=lists))


def test_within_keeps_rows_that_touch_it() -> None:
    tables = read(frame(TEE), within=(114.015, 22.4, 114.03, 22.6))
    assert tables.edges["source_row"].tolist() == [1]
    assert tables.report.dropped[0].reason == "outside the area asked for"


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ParameterError, match=r"edges.csv: no network can be read of it. Name an OSM file \(.pbf"):
        io.read_network(tmp_path / "edges.csv", datum="WGS-84")
    with pytest.raises(SourceError, match="no such file"):
        io.read_network(tmp_path / "edges.gpkg", datum="WGS-84")
    (tmp_path / "x.osm").write_text("<osm/>")
    with pytest.raises(ParameterError, match=r"x.osm: 'columns', 'directed' is of tables of edges"):
        io.read_network(tmp_path / "x.osm", directed=True, columns={"highway": "fclass"})


STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1)


@settings(max_examples=50, deadline=None)
@given(steps=STEPS, tolerance_m=st.sampled_from([0.0, 0.4, 1.2]), seed=st.integers(0, 99))
def test_nodes_are_the_groups_of_a_search_of_all_pairs_in_any_order(
    steps: list[tuple[int, int, int, int]], tolerance_m: float, seed: int
) -> None:
    # A lattice of about 1.03 m by 1.11 m.
    lines = [LineString([(114 + a / 1e5, 22 + b / 1e5), (114 + c / 1e5, 22 + d / 1e5)]) for a, b, c, d in steps]
    tables = read(frame(lines), tolerance_m=tolerance_m)
    at = [end for line in lines for end in line.coords]
    group = list(range(len(at)))
    for one in range(len(at)):
        for other in range(one):
            if at[one] == at[other] or crs.distance_m(*at[one], *at[other]) <= tolerance_m:
                group = [group[one] if name == group[other] else name for name in group]
    found = [node for pair in ends(tables) for node in pair]
    assert [[a == b for a in group] for b in group] == [[a == b for a in found] for b in found]
    order = np.random.default_rng(seed).permutation(len(lines))
    shuffled = read(frame([lines[row] for row in order]), tolerance_m=tolerance_m)
    assert ends(shuffled) == [ends(tables)[row] for row in order]
