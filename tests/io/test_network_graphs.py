"""Graphs of OSMnx: in memory, as GraphML, and from a server that answers from a reply that was written down."""

from __future__ import annotations

import copy
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qs, unquote, urlparse

import geopandas as gpd
import networkx as nx
import osmnx as ox
import pytest
import shapely

from stationgeo import io, schema
from stationgeo.errors import DataError, DatumError, ParameterError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Nodes 1-2-3 from west to east, 2-4-5 north and round to 3; a gate stands at 4; 6-7 lies apart.
NODES = {
    1: (114.00, 22.50), 2: (114.01, 22.50), 3: (114.02, 22.50), 4: (114.01, 22.51), 5: (114.02, 22.51),
    6: (114.03, 22.50), 7: (114.03, 22.51),
}  # fmt: skip
WAYS = [
    (10, [1, 2], {"highway": "residential", "name": "West"}),
    (11, [2, 3], {"highway": "primary", "name": "East", "oneway": "yes"}),
    (12, [2, 4, 5, 3], {"highway": "service", "oneway": "-1", "oneway:bicycle": "no"}),
    (13, [6, 7], {"highway": "proposed"}),
]
FERRY = (14, [3, 6], {"route": "ferry", "foot": "yes"})


def elements(ways: list[tuple[int, list[int], dict[str, str]]]) -> dict[str, object]:
    """Write a reply as Overpass does."""
    nodes: list[dict[str, object]] = [
        {"type": "node", "id": node, "lon": NODES[node][0], "lat": NODES[node][1]}
        for node in sorted({node for _, refs, _ in ways for node in refs})
    ]
    for node in nodes:
        if node["id"] == 4:
            node["tags"] = {"barrier": "gate", "access": "private"}
    lines = [{"type": "way", "id": way, "nodes": refs, "tags": tags} for way, refs, tags in ways]
    return {"version": 0.6, "generator": "written down", "elements": [*nodes, *lines]}


def graph() -> nx.MultiDiGraph:
    """Make a simplified graph by hand: both ways of street 1-2, and one way 2-3 with lists, without geometry."""
    made = nx.MultiDiGraph(crs="epsg:4326")
    for node in (1, 2, 3):
        made.add_node(node, x=NODES[node][0], y=NODES[node][1], **({"barrier": "gate"} if node == 2 else {}))
    bent = shapely.LineString([NODES[1], (114.005, 22.501), NODES[2]])
    made.add_edge(1, 2, osmid=10, highway="residential", oneway=False, reversed=False, length=9.9, geometry=bent)
    made.add_edge(
        2, 1, osmid=10, highway="residential", oneway=False, reversed=True, length=9.9, geometry=bent.reverse()
    )
    made.add_edge(2, 3, osmid=[11, 12], highway=["primary", "trunk"], oneway=True, reversed=False, length=9.9,
                  name=["East", "Far East"], maxspeed="50")  # fmt: skip
    return made


def ends(tables: io.StreetTables) -> list[tuple[int, int]]:
    schema.validate(tables.nodes, schema.NODES)
    schema.validate(tables.edges, schema.EDGES)
    return list(zip(tables.edges["from_node"], tables.edges["to_node"], strict=True))


def test_edges_of_a_graph_are_one_way_each_with_the_first_word_of_lists() -> None:
    given = graph()
    before = copy.deepcopy(given)
    tables = io.read_network(given)
    assert ends(tables) == [(1, 2), (2, 1), (2, 3)]
    assert (tables.edges["oneway"] == "yes").all()
    assert tables.edges["highway"].tolist() == ["residential", "residential", "primary"]
    assert tables.edges["name"].tolist()[2] == "East"
    assert tables.edges["length_m"].round().tolist() == [1053, 1053, 1029]  # measured on the ellipsoid, not 9.9
    assert tables.nodes["barrier"].tolist()[1] == "gate"
    assert tables.nodes["barrier"].isna().tolist() == [True, False, True]
    reasons = [(count.reason, count.rows, count.examples) for count in tables.report.repaired]
    assert ("highway is a list: the first word is taken", 1, ("row 3",)) in reasons
    assert ("name is a list: the first word is taken", 1, ("row 3",)) in reasons
    assert "1 of 3 edges have no geometry: straight lines" in tables.report.notes
    assert (tables.report.datum, tables.report.crs) == ("WGS-84", "EPSG:4326")
    assert nx.utils.graphs_equal(given, before)


def test_graphml_gives_the_same_as_the_graph(tmp_path: Path) -> None:
    path = tmp_path / "town.graphml"
    ox.save_graphml(graph(), path)
    from_file, from_memory = io.read_network(path), io.read_network(graph())
    assert from_file.edges.equals(from_memory.edges)
    assert from_file.nodes.equals(from_memory.nodes)
    assert (from_file.report.source, from_file.report.files[0].name) == ("town.graphml", "town.graphml")
    path.write_text("no graph")
    with pytest.raises(SourceError, match=r"town.graphml: cannot be read as GraphML of OSMnx"):
        io.read_network(path)


def test_a_projected_graph_and_one_in_another_datum_come_to_wgs84() -> None:
    plain = io.read_network(graph())
    projected = io.read_network(ox.project_graph(graph()))
    assert projected.edges.geometry.geom_equals_exact(plain.edges.geometry, 1e-8).all()
    assert projected.edges["length_m"].to_numpy() == pytest.approx(plain.edges["length_m"].to_numpy(), rel=1e-6)
    moved = io.read_network(graph(), datum="GCJ-02")
    assert (moved.nodes["lon"] - plain.nodes["lon"]).abs().min() > 0.001
    with pytest.raises(DatumError, match="unknown datum"):
        io.read_network(graph(), datum="NAD27")


def test_graphs_that_are_none_of_osmnx_say_so() -> None:
    with pytest.raises(ParameterError, match=r"must be a MultiDiGraph of OSMnx.*Got MultiGraph instead"):
        io.read_network(graph().to_undirected())
    with pytest.raises(ParameterError, match="edges of a graph are one way each"):
        io.read_network(graph(), directed=False)
    with pytest.raises(DataError, match="the graph has no edge"):
        io.read_network(nx.MultiDiGraph(crs="epsg:4326"))
    bare = nx.MultiDiGraph()
    bare.add_edge(1, 2)
    with pytest.raises(DataError, match="Its nodes need x and y"):
        io.read_network(bare)
    with pytest.raises(ParameterError, match="'nodes' is of tables of edges"):
        io.read_network(graph(), nodes=gpd.GeoDataFrame())


def test_what_is_not_in_use_is_left_out_of_a_graph_and_ferries_are_named() -> None:
    made = graph()
    made.add_edge(1, 3, osmid=15, highway="construction", oneway=False, length=1)
    made.add_edge(3, 1, osmid=16, route="ferry", oneway=False, length=1)
    tables = io.read_network(made)
    # networkx lists edges by their first node: 1-2, 1-3, 2-1, 2-3, 3-1.
    assert ends(tables) == [(1, 2), (2, 1), (2, 3), (3, 1)]
    assert tables.edges["source_row"].tolist() == [0, 2, 3, 4]
    assert tables.edges["highway"].tolist()[-1] == "ferry"
    assert [(count.reason, count.rows) for count in tables.report.dropped] == [("not in use: highway=construction", 1)]
    assert (tables.report.rows_read, tables.report.rows_kept) == (5, 4)


class _Answers(BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []
    empty: ClassVar[bool] = False

    def do_POST(self) -> None:
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
        self.asked.append(query)
        self._reply(elements([] if self.empty else [FERRY] if "ferry" in query else WAYS))

    def do_GET(self) -> None:
        self.asked.append(unquote(urlparse(self.path).query))
        square = shapely.box(113.99, 22.49, 114.04, 22.52)
        found = {"lat": "22.5", "lon": "114.0", "display_name": "Toy Town", "boundingbox": ["22.49", "22.52", "113.99",
                 "114.04"], "geojson": shapely.geometry.mapping(square), "importance": 1}  # fmt: skip
        self._reply([found] if "Toy" in self.path else [])

    def _reply(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(_Answers, "asked", [])
    monkeypatch.setattr(_Answers, "empty", False)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/api"
        listening.shutdown()
        thread.join()


SQUARE = shapely.box(113.99, 22.49, 114.04, 22.52)


def test_a_polygon_is_asked_of_the_server_once_and_then_of_the_cache(server: str, tmp_path: Path) -> None:
    settings = {name: value for name, value in vars(ox.settings).items() if not name.startswith("__")}
    settings, resolve = (
        copy.deepcopy({k: v for k, v in settings.items() if isinstance(v, str | int | list)}),
        socket.getaddrinfo,
    )
    tables = io.download_network(SQUARE, cache_dir=tmp_path, server=server)
    # 1-2 both ways; 2-3; way 12 is one way against its line: 3-5-4, cut at the gate, 4-2; the ferry 3-6 both ways.
    assert sorted(ends(tables)) == [(1, 2), (2, 1), (2, 3), (3, 4), (3, 6), (4, 2), (6, 3)]
    by_ends = tables.edges.set_index(["from_node", "to_node"])
    assert shapely.get_num_coordinates(by_ends.loc[(3, 4), "geometry"]) == 3
    assert by_ends.loc[(3, 4), ["highway", "oneway_bicycle"]].tolist() == ["service", "no"]
    assert by_ends.loc[(6, 3), ["highway", "foot"]].tolist() == ["ferry", "yes"]
    assert tables.nodes.set_index("node_id").loc[4, ["barrier", "access"]].tolist() == ["gate", "private"]
    assert [count.reason for count in tables.report.dropped] == ["not in use: highway=proposed"]
    asked = len(_Answers.asked)
    assert asked == 2
    assert any(tmp_path.iterdir())
    again = io.download_network(SQUARE, cache_dir=tmp_path, server=server)
    assert again.edges.equals(tables.edges)
    assert len(_Answers.asked) == asked
    assert {name: getattr(ox.settings, name) for name in settings} == settings
    assert socket.getaddrinfo is resolve


def test_a_name_is_asked_of_the_geocoder(server: str, tmp_path: Path) -> None:
    tables = io.download_network("Toy Town", cache_dir=tmp_path, server=server, geocoder=server)
    assert len(tables.edges) == 7
    assert tables.report.source == "Toy Town"
    with pytest.raises(SourceError, match=r"Nowhere: no streets came from .*Check the name or polygon"):
        io.download_network("Nowhere", cache_dir=tmp_path, server=server, geocoder=server)


def test_a_server_that_has_nothing_or_is_not_there_is_an_error(server: str, tmp_path: Path) -> None:
    resolve, address = socket.getaddrinfo, ox.settings.overpass_url
    _Answers.empty = True
    with pytest.raises(SourceError, match="the polygon given: no streets came from"):
        io.download_network(SQUARE, cache_dir=tmp_path, server=server)
    with pytest.raises(SourceError, match="or read an extract with read_network"):
        io.download_network(SQUARE, cache_dir=tmp_path, server="http://127.0.0.1:9/api")
    assert (socket.getaddrinfo, ox.settings.overpass_url) == (resolve, address)
    for wrong in ("", shapely.Point(114, 22), 7):
        with pytest.raises(ParameterError, match="place must be a name or a polygon"):
            io.download_network(wrong, cache_dir=tmp_path, server=server)  # type: ignore[arg-type]


def test_elevations_of_osmnx_are_read(tmp_path: Path) -> None:
    made = graph()
    for node, metres in ((1, 12.5), (3, 30.0)):
        made.nodes[node]["elevation"] = metres
    ox.save_graphml(made, tmp_path / "small.graphml")
    for source in (made, tmp_path / "small.graphml"):
        nodes = io.read_network(source).nodes.set_index("node_id")
        assert nodes["elevation_m"].dropna().to_dict() == {1: 12.5, 3: 30.0}
    made.nodes[2]["elevation"] = "a hill"
    with pytest.raises(DataError, match=r"column 'elevation' \(elevation_m\) holds no metres"):
        io.read_network(made)
