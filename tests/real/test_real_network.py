"""Street networks of real files, with their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import osmium
import pytest
import shapely

from stationgeo import crs, io, schema
from stationgeo.errors import DatumError, ParameterError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real


@pytest.fixture(name="porto", scope="module")
def _porto(real_data: Path) -> io.StreetTables:
    return io.read_network(real_data / "osm" / "porto_portugal.osm.pbf")


@pytest.mark.parametrize(
    ("name", "nodes", "edges", "length_m", "read", "kept", "parts"),
    [
        ("porto_portugal.osm.pbf", 78_134, 106_523, 10_919_739.5, 51_349, 51_196, 898),
        ("fiji-ferry.pbf", 1_857, 2_202, 304_429.6, 1_179, 1_176, 16),
        ("delft-station.pbf", 60, 64, 2_004.0, 222, 48, 1),
        ("snake-rd.pbf", 2, 1, 617.9, 9, 1, 1),
        ("missing-nodes.pbf", 2, 1, 371.6, 1, 1, 1),
    ],
)
def test_osm_files(
    real_data: Path, name: str, nodes: int, edges: int, length_m: float, read: int, kept: int, parts: int
) -> None:
    tables = io.read_network(real_data / "osm" / name)
    assert (len(tables.nodes), len(tables.edges)) == (nodes, edges)
    assert tables.edges["length_m"].sum() == pytest.approx(length_m, abs=0.1)
    assert (tables.report.rows_read, tables.report.rows_kept) == (read, kept)
    assert tables.report.rows_read - tables.report.rows_dropped == kept
    assert tables.n_components == parts
    schema.validate(tables.nodes, schema.NODES)
    schema.validate(tables.edges, schema.EDGES)


def test_porto_has_the_lengths_that_osmium_measures_way_by_way(porto: io.StreetTables, real_data: Path) -> None:
    by_way = porto.edges.groupby("way_id")["length_m"].sum()
    path = str(real_data / "osm" / "porto_portugal.osm.pbf")
    ways = osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY).with_locations()
    measured = {
        way.id: osmium.geom.haversine_distance(way.nodes)
        for way in ways.with_filter(osmium.filter.KeyFilter("highway").enable_for(osmium.osm.WAY))
        if way.is_way() and way.id in by_way.index and all(node.location.valid() for node in way.nodes)
    }
    assert len(measured) == len(by_way) == 51_196
    # A sphere is off the ellipsoid by at most 0.6 % in these latitudes.
    assert np.array(list(measured.values())) == pytest.approx(by_way.loc[list(measured)].to_numpy(), rel=6e-3)


def test_porto_edges_end_at_their_nodes_and_share_no_node_inside(porto: io.StreetTables) -> None:
    at = porto.nodes.set_index("node_id")[["lon", "lat"]]
    for column, vertex in (("from_node", 0), ("to_node", -1)):
        ends = shapely.get_coordinates(shapely.get_point(porto.edges.geometry.to_numpy(), vertex))
        assert (ends == at.loc[porto.edges[column]].to_numpy()).all()
    assert porto.nodes["barrier"].notna().sum() > 100
    assert porto.edges["length_m"].max() < 10_000


def test_fiji_has_no_edge_around_the_world(real_data: Path) -> None:
    tables = io.read_network(real_data / "osm" / "fiji-ferry.pbf")
    assert tables.edges["length_m"].max() < 5_000
    straight = crs.distance_m(*(tables.edges.bounds[name] for name in ("minx", "miny", "maxx", "maxy")))
    assert straight.max() < 5_000


def test_the_known_part_of_a_way_with_missing_nodes_is_kept(real_data: Path) -> None:
    tables = io.read_network(real_data / "osm" / "missing-nodes.pbf")
    # Way 26659127 is 1831881213, 298884272, 298884269, then 42, which is missing, then 261728686 alone.
    assert tables.edges[["from_node", "to_node"]].to_numpy().tolist() == [[1831881213, 298884269]]
    assert shapely.get_num_coordinates(tables.edges.geometry.iloc[0]) == 3
    assert tables.report.repaired[0].examples == ("way 26659127",)


def test_jinan_is_directed_without_numbers_and_without_a_crs(real_data: Path) -> None:
    path = real_data / "jinan" / "edges.shp"
    with pytest.raises(DatumError, match="no CRS"):
        io.read_network(path, datum="WGS-84", directed=True)
    with pytest.raises(ParameterError, match="20,958 of 28,597 rows have another row that is the same line backwards"):
        io.read_network(path, datum="WGS-84", crs="EPSG:4326")
    tables = io.read_network(path, datum="WGS-84", crs="EPSG:4326", directed=True)
    assert (len(tables.nodes), len(tables.edges), tables.n_components) == (12_766, 28_597, 26)
    assert (tables.edges["oneway"] == "yes").all()
    assert tables.report.notes == ("23 edges end where they begin (loops): kept", "1 edges have length 0: kept")
    assert tables.edges["length_m"].sum() == pytest.approx(5_128_777.1, abs=0.1)
    schema.validate(tables.nodes, schema.NODES)
    schema.validate(tables.edges, schema.EDGES)


def test_jinan_has_the_same_nodes_with_its_own_and_in_another_datum(real_data: Path) -> None:
    path, nodes = real_data / "jinan" / "edges.shp", real_data / "jinan" / "nodes.shp"
    plain = io.read_network(path, datum="WGS-84", crs="EPSG:4326", directed=True)
    given = io.read_network(
        path, datum="WGS-84", crs="EPSG:4326", directed=True, nodes=nodes, columns={"node_id": "FID"}
    )
    assert len(given.nodes) == 12_766
    assert given.edges["length_m"].equals(plain.edges["length_m"])
    # Points that were one stay one after every vertex was moved.
    moved = io.read_network(path, datum="GCJ-02", crs="EPSG:4326", directed=True)
    assert (len(moved.nodes), moved.n_components) == (12_766, 26)
