"""Real streets as an Overpass server tells them give the graph of the extract that they were taken from."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import numpy as np
import osmium
import pytest
import shapely

from stationgeo import io, reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

CENTRE = (-8.622, 41.142, -8.608, 41.152)  # of Porto: 1.2 km by 1.1 km


def recorded(path: Path) -> dict[str, Any]:
    """Write the streets of an extract that touch the centre the way Overpass answers: nodes, then ways."""
    west, south, east, north = CENTRE
    nodes: dict[int, dict[str, Any]] = {}
    ways, inside = [], set()
    for one in osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY):
        if one.is_node():
            nodes[one.id] = {"type": "node", "id": one.id, "lat": one.lat, "lon": one.lon, "tags": dict(one.tags)}
            if west <= one.lon <= east and south <= one.lat <= north:
                inside.add(one.id)
        elif "highway" in one.tags:
            refs = [node.ref for node in one.nodes]
            if inside.intersection(refs) and all(ref in nodes for ref in refs):
                ways.append({"type": "way", "id": one.id, "nodes": refs, "tags": dict(one.tags)})
    used = sorted({ref for way in ways for ref in way["nodes"]})
    return {"version": 0.6, "generator": "Overpass API", "elements": [*(nodes[ref] for ref in used), *ways]}


@pytest.fixture(name="server", scope="module")
def _server(real_data: Path) -> Iterator[str]:
    reply = recorded(real_data / "osm" / "porto_portugal.osm.pbf")

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["data"][0]
            body = json.dumps(reply if '["highway"]' in query else {**reply, "elements": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/api"
        listening.shutdown()
        thread.join()


@pytest.mark.parametrize("mode", ["walk", "ebike"])
def test_the_same_seconds_between_all_junctions(server: str, real_data: Path, tmp_path: Path, mode: str) -> None:
    asked = io.download_network(shapely.box(-8.8, 41.0, -8.4, 41.3), cache_dir=tmp_path, server=server)
    read = io.read_network(real_data / "osm" / "porto_portugal.osm.pbf", within=CENTRE)
    graphs = [reach.build_network(tables.edges, tables.nodes, mode=mode) for tables in (asked, read)]
    # Which nodes between two junctions stay is each reader's own affair; how long it takes between them is not.
    shared = np.intersect1d(graphs[0].node_id, graphs[1].node_id)
    assert shared.size > 500
    sources = np.random.default_rng(0).choice(shared, 40, replace=False)
    found = []
    for graph in graphs:
        table = reach.nodes_within(graph, sources, cutoff_s=600, towards=True)
        found.append(table[table["node_id"].isin(shared)].set_index(["source", "node_id"])["seconds"].sort_index())
    assert found[0].index.equals(found[1].index)
    assert len(found[0]) > 5_000
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
