"""Small OSM files with answers derived by hand."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stationgeo import crs, io, schema
from stationgeo.errors import DataError, DatumError, ParameterError, SourceError

if TYPE_CHECKING:
    from pathlib import Path

NodeTags = dict[int, dict[str, str]]
Positions = dict[int, tuple[float, float]]


def osm(
    positions: Positions,
    ways: list[tuple[int, list[int], dict[str, str]]],
    marked: NodeTags | None = None,
    *,
    ways_first: bool = False,
) -> str:
    def tags(given: dict[str, str]) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in given.items())

    nodes = [
        f'<node id="{node}" lon="{lon:.7f}" lat="{lat:.7f}">{tags((marked or {}).get(node, {}))}</node>'
        for node, (lon, lat) in positions.items()
    ]
    lines = [
        f'<way id="{way}">{"".join(f"""<nd ref="{ref}"/>""" for ref in refs)}{tags(given)}</way>'
        for way, refs, given in ways
    ]
    return f'<osm version="0.6">{"".join(lines + nodes if ways_first else nodes + lines)}</osm>'


def read(folder: Path, text: str, **options: object) -> io.StreetTables:
    path = folder / "small.osm"
    path.write_text(text, encoding="utf-8")
    tables = io.read_network(path, **options)  # type: ignore[arg-type]
    schema.validate(tables.nodes, schema.NODES)
    schema.validate(tables.edges, schema.EDGES)
    assert tables.report.rows_kept == tables.report.rows_read - tables.report.rows_dropped
    return tables


def ends(tables: io.StreetTables) -> list[tuple[int, int]]:
    return list(zip(tables.edges["from_node"], tables.edges["to_node"], strict=True))


ROAD = {"highway": "residential"}
# Nodes 1-2-3 from west to east, 4-2-5 from south to north: they cross at 2. Node 6 lies beside.
CROSS = {
    1: (114.00, 22.50), 2: (114.01, 22.50), 3: (114.02, 22.50),
    4: (114.01, 22.49), 5: (114.01, 22.51), 6: (114.02, 22.51),
}  # fmt: skip


@pytest.mark.parametrize("ways_first", [False, True])
def test_ways_are_cut_where_they_cross_and_not_elsewhere(tmp_path: Path, *, ways_first: bool) -> None:
    text = osm(CROSS, [(10, [1, 2, 3], ROAD), (11, [4, 2, 5, 6], {"highway": "primary"})], ways_first=ways_first)
    tables = read(tmp_path, text)
    # 5 is used once: no node. So 1-2, 2-3, 4-2 and 2-5-6.
    assert ends(tables) == [(1, 2), (2, 3), (4, 2), (2, 6)]
    assert tables.nodes["node_id"].tolist() == [1, 2, 3, 4, 6]
    assert tables.edges["highway"].tolist() == ["residential", "residential", "primary", "primary"]
    assert tables.edges["way_id"].tolist() == [10, 10, 11, 11]
    assert (
        shapely.to_wkt(tables.edges.geometry.iloc[3], trim=True)
        == "LINESTRING (114.01 22.5, 114.01 22.51, 114.02 22.51)"
    )
    along = crs.distance_m([114.01, 114.01], [22.5, 22.51], [114.01, 114.02], [22.51, 22.51]).sum()
    assert tables.edges["length_m"].iloc[3] == pytest.approx(along, abs=1e-6)
    assert tables.n_components == 1
    assert "5 nodes, 4 edges" in tables._repr_html_()


def test_a_roundabout_is_cut_where_streets_leave_it_and_a_lone_one_is_a_loop(tmp_path: Path) -> None:
    ring = (10, [2, 5, 6, 3, 2], {"highway": "primary", "junction": "roundabout"})
    tables = read(tmp_path, osm(CROSS, [ring, (11, [1, 2], ROAD)]))
    # The ring begins at 2, where way 11 meets it: one edge all round, and the street.
    assert ends(tables) == [(2, 2), (1, 2)]
    tables = read(tmp_path, osm(CROSS, [ring, (11, [4, 6], ROAD)]))
    # The street meets it at 6: 2-5-6 and 6-3-2.
    assert ends(tables) == [(2, 6), (6, 2), (4, 6)]
    assert tables.edges["junction"].tolist()[:2] == ["roundabout", "roundabout"]
    alone = read(tmp_path, osm(CROSS, [ring]))
    assert ends(alone) == [(2, 2)]
    assert alone.report.notes == ("1 edges end where they begin (loops): kept",)


def test_a_way_that_passes_one_node_twice_is_cut_there(tmp_path: Path) -> None:
    # A lollipop: 1-2, then round 5-6-3 back to 2.
    assert ends(read(tmp_path, osm(CROSS, [(10, [1, 2, 5, 6, 3, 2], ROAD)]))) == [(1, 2), (2, 2)]


def test_barriers_cut_a_way_and_are_nodes_with_their_tags(tmp_path: Path) -> None:
    marked = {2: {"barrier": "bollard", "access": "no"}, 6: {"barrier": "gate"}}
    tables = read(tmp_path, osm(CROSS, [(10, [1, 2, 3], ROAD)], marked))
    assert ends(tables) == [(1, 2), (2, 3)]
    nodes = tables.nodes.set_index("node_id")
    assert nodes.loc[2, ["barrier", "access"]].tolist() == ["bollard", "no"]
    assert nodes.loc[[1, 3], ["barrier", "access"]].isna().all(axis=None)
    assert 6 not in nodes.index  # a gate on no street


def test_no_edge_leaps_a_node_that_the_file_does_not_have(tmp_path: Path) -> None:
    # 99 and 98 are missing: of way 10 remain 1-2 and 3-6, of way 11 a single node, of way 12 nothing.
    ways = [(10, [1, 2, 99, 3, 6], ROAD), (11, [4, 99, 5], ROAD), (12, [98, 99], ROAD)]
    tables = read(tmp_path, osm(CROSS, ways))
    assert ends(tables) == [(1, 2), (3, 6)]
    assert [(count.rows, count.examples) for count in tables.report.dropped] == [(2, ("way 11", "way 12"))]
    assert tables.report.repaired[0].rows == 1
    assert tables.report.repaired[0].reason.startswith("1 nodes are not in the file")


def test_a_node_that_follows_itself_is_taken_once_and_a_twin_at_one_place_stays(tmp_path: Path) -> None:
    tables = read(tmp_path, osm(CROSS | {7: CROSS[2]}, [(10, [1, 2, 2, 3], ROAD), (11, [2, 7], ROAD)]))
    assert ends(tables) == [(1, 2), (2, 3), (2, 7)]
    assert tables.edges["length_m"].iloc[2] == 0
    assert tables.report.repaired[0].rows == 1
    assert tables.report.notes == ("1 edges have length 0: kept",)


def test_tags_are_kept_as_they_are_and_the_first_word_of_a_list_of_classes(tmp_path: Path) -> None:
    tags = {
        "highway": "unclassified;tertiary", "oneway": "-1", "oneway:bicycle": "no", "maxspeed": "20 mph",
        "bicycle": "dismount", "name": "深南大道", "surface": "asphalt",
    }  # fmt: skip
    tables = read(tmp_path, osm(CROSS, [(10, [1, 2], tags), (11, [2, 3], ROAD)]))
    one, other = tables.edges.iloc[0], tables.edges.iloc[1]
    assert (one["highway"], one["oneway"], one["oneway_bicycle"]) == ("unclassified", "-1", "no")
    assert (one["maxspeed"], one["bicycle"], one["name"]) == ("20 mph", "dismount", "深南大道")
    assert other[["oneway", "oneway_bicycle", "maxspeed", "name"]].isna().all()
    assert tables.report.notes == ("1 ways have a list of words as highway: the first is taken",)


@given(name=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Co", "Cs"]), min_size=1, max_size=12))
@example(name='a=b, 100 %20% @ <x> & "y" 深南大道 🚲')
@settings(max_examples=60, deadline=None)
def test_any_text_comes_through(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    tags = {"odd = key, 5 %": "@", "highway": "steps", "name": escape(name, {'"': "&quot;"})}
    tables = read(tmp_path_factory.mktemp("text"), osm(CROSS, [(10, [1, 2], tags)]))
    assert tables.edges["name"].tolist() == [name]


def test_numbers_below_zero_as_editors_give_them_to_what_is_new(tmp_path: Path) -> None:
    tables = read(
        tmp_path, osm({-1: CROSS[1], -2: CROSS[2], 3: CROSS[3]}, [(-10, [-1, -2, 3], ROAD)], {-2: {"barrier": "gate"}})
    )
    assert ends(tables) == [(-1, -2), (-2, 3)]
    assert tables.edges["way_id"].tolist() == [-10, -10]


def test_ferries_are_read_and_what_is_not_in_use_is_left_out_and_counted(tmp_path: Path) -> None:
    words = ["proposed", "construction", "construction", "platform"]
    ways = [(10 + row, [1, 2], {"highway": word}) for row, word in enumerate(words)]
    ways += [
        (20, [2, 3], {"route": "ferry", "foot": "yes"}),
        (21, [3, 6], {"route": "hiking"}),
        (22, [4, 5], {"a": "b"}),
    ]
    tables = read(tmp_path, osm(CROSS, ways))
    assert tables.edges[["way_id", "highway", "foot"]].to_numpy().tolist() == [[20, "ferry", "yes"]]
    assert [(count.reason, count.rows) for count in tables.report.dropped] == [
        ("no street: highway=platform", 1),
        ("not in use: highway=construction", 2),
        ("not in use: highway=proposed", 1),
    ]
    assert tables.report.rows_read == 5  # hiking routes and untagged ways are no rows


def test_an_edge_across_the_antimeridian_is_short_and_goes_on_beyond_180(tmp_path: Path) -> None:
    far = {1: (179.9, -17.0), 2: (-179.9, -17.0), 3: (-179.8, -17.0), 4: (179.8, -17.0)}
    tables = read(tmp_path, osm(far, [(10, [1, 2, 3], ROAD), (11, [3, 2, 1, 4], ROAD)]))
    # 0.2 of a degree on the 17th parallel, then 0.1; both edges of way 10 and 11 are cut at 1 and 2.
    assert ends(tables) == [(1, 2), (2, 3), (3, 2), (2, 1), (1, 4)]
    step_m = crs.distance_m(0, -17, 0.1, -17)
    assert tables.edges["length_m"].to_numpy() == pytest.approx(step_m * np.array([2, 1, 1, 2, 1]), rel=1e-6)
    assert shapely.get_coordinates(tables.edges.geometry.iloc[0])[:, 0].tolist() == pytest.approx([179.9, 180.1])
    assert shapely.get_coordinates(tables.edges.geometry.iloc[3])[:, 0].tolist() == pytest.approx([-179.9, -180.1])
    assert tables.nodes["lon"].abs().max() <= 180
    assert tables.report.notes == ("2 edges cross the antimeridian: their vertices go on beyond 180 degrees",)


def test_a_way_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    tables = read(tmp_path, osm(CROSS, [(10, [1, 2], ROAD), (10, [1, 2], ROAD)]))
    assert len(tables.edges) == 1
    assert tables.report.dropped[0].reason == "the way is there twice"


def test_within_keeps_whole_ways_that_touch_it_with_the_same_cuts(tmp_path: Path) -> None:
    text = osm(CROSS, [(10, [1, 2, 3], ROAD), (11, [4, 2, 5], ROAD), (12, [5, 6], ROAD)])
    tables = read(tmp_path, text, within=(114.015, 22.495, 114.03, 22.505))
    # The box holds node 3: way 10 touches it, cut at 2 although way 11 is gone.
    assert ends(tables) == [(1, 2), (2, 3)]
    assert [(count.reason, count.rows) for count in tables.report.dropped] == [("outside the area asked for", 2)]
    assert ends(read(tmp_path, text, within=shapely.Point(114.02, 22.51).buffer(0.001))) == [(5, 6)]
    with pytest.raises(DataError, match=r"none of 5 lines touches the area .* They lie in 114.0000..114.0200 east"):
        read(tmp_path, text, within=(0, 0, 1, 1))
    for wrong in [(1, 1, 0, 0), (1, 2), "here", shapely.Point(0, 0)]:
        with pytest.raises(ParameterError, match="within must be a box"):
            read(tmp_path, text, within=wrong)


def test_packed_files_give_the_same(tmp_path: Path) -> None:
    text = osm(CROSS, [(10, [1, 2, 3], ROAD)])
    path = tmp_path / "small.osm.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert ends(io.read_network(path)) == ends(read(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", SourceError, "small.osm: the file is empty"),
        ("no xml", SourceError, "small.osm: cannot be read as an OSM file"),
        (osm(CROSS, []), DataError, "holds no street in use: of 0 ways"),
        (osm(CROSS, [(1, [1, 2], {"highway": "razed"})]), DataError, "of 1 ways tagged highway or route=ferry none"),
        (osm({}, [(1, [1, 2], ROAD)]), DataError, "of 1 streets none has two nodes in the file: 2 nodes are missing"),
    ],
)
def test_what_is_no_network_says_so(tmp_path: Path, text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read(tmp_path, text)


def test_a_broken_binary_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "broken.osm.pbf"
    path.write_bytes(b"no pbf at all, but long enough to look for a header in it")
    with pytest.raises(SourceError, match=r"broken.osm.pbf: cannot be read as an OSM file"):
        io.read_network(path)


def test_osm_is_wgs84_and_nothing_else(tmp_path: Path) -> None:
    text = osm(CROSS, [(10, [1, 2, 3], ROAD)])
    assert ends(read(tmp_path, text, datum="WGS-84")) == ends(read(tmp_path, text))
    with pytest.raises(DatumError, match="OSM is WGS-84 everywhere, and datum = 'GCJ-02' was declared"):
        read(tmp_path, text, datum="GCJ-02")


WALKS = st.lists(st.lists(st.integers(1, 8), min_size=2, max_size=7), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(walks=WALKS, missing=st.sets(st.integers(1, 8), max_size=3))
def test_edges_are_those_of_walking_node_by_node(
    tmp_path_factory: pytest.TempPathFactory, walks: list[list[int]], missing: set[int]
) -> None:
    there = {node: (114 + node / 1000, 22.5 + node**2 / 10_000) for node in range(1, 9) if node not in missing}
    expected = _walked(walks, set(there))
    text = osm(there, [(row + 1, walk, ROAD) for row, walk in enumerate(walks)])
    folder = tmp_path_factory.mktemp("walks")
    if not expected:
        with pytest.raises(DataError, match="none has two nodes"):
            read(folder, text)
        return
    tables = read(folder, text)
    assert ends(tables) == [(piece[0], piece[-1]) for piece in expected]
    lines = [shapely.get_coordinates(line) for line in tables.edges.geometry]
    for line, piece in zip(lines, expected, strict=True):
        assert line == pytest.approx(np.array([there[node] for node in piece]))
    assert set(tables.nodes["node_id"]) == {node for piece in expected for node in (piece[0], piece[-1])}


def _walked(walks: list[list[int]], there: set[int]) -> list[list[int]]:
    """Cut walks the slow way: into parts without missing nodes, and those at nodes used twice."""
    parts: list[list[int]] = []
    for walk in walks:
        part: list[int] = []
        for node in [*walk, None]:
            if node in there:
                if part[-1:] != [node]:
                    part.append(node)  # type: ignore[arg-type]
            else:
                parts.append(part)
                part = []
    parts = [part for part in parts if len(part) > 1]
    uses = [node for part in parts for node in part]
    pieces: list[list[int]] = []
    for part in parts:
        piece = part[:1]
        for row, node in enumerate(part[1:], start=1):
            piece.append(node)
            if uses.count(node) > 1 or row == len(part) - 1:
                pieces.append(piece)
                piece = [node]
    return pieces


def test_elevations_are_read_and_cut_no_way(tmp_path: Path) -> None:
    marked = {1: {"ele": "12.5"}, 2: {"ele": "7 m", "barrier": "gate"}, 3: {"ele": "high"}, 5: {"ele": "99"},
              6: {"ele": "1e9"}}  # fmt: skip
    tables = read(
        tmp_path, osm(CROSS, [(10, [1, 2, 3], ROAD), (11, [4, 2, 5, 6], {**ROAD, "surface": "sett"})], marked)
    )
    # 5 is in the midst of a way: its elevation makes no node of it
    assert ends(tables) == [(1, 2), (2, 3), (4, 2), (2, 6)]
    assert tables.nodes["elevation_m"].tolist() == pytest.approx([12.5, 7.0, np.nan, np.nan, np.nan], nan_ok=True)
    assert any("2 nodes have an ele that is no elevation in metres" in note for note in tables.report.notes)
    assert tables.edges["surface"].tolist()[2:] == ["sett", "sett"]
    assert "elevation_m" not in read(tmp_path, osm(CROSS, [(10, [1, 2, 3], ROAD)])).nodes
