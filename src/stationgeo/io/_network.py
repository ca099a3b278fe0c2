"""Street networks of any kind of source to nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd

from stationgeo.errors import ParameterError, first_few
from stationgeo.io._edges import EdgeRules, read_edges
from stationgeo.io._graphs import GRAPHML_SUFFIX, is_graph, read_graph, read_graphml
from stationgeo.io._osm import OSM_SUFFIXES, check_osm_datum, read_osm
from stationgeo.io._raw import VECTOR_SUFFIXES, is_vector, one_file
from stationgeo.io._streets import as_area

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import networkx as nx

    from stationgeo.io._faults import BadRows
    from stationgeo.io._streets import StreetTables, Within

__all__ = ["read_network"]

_OF_GRAPHS = ("columns", "directed")


def read_network(
    source: str | Path | gpd.GeoDataFrame | nx.MultiDiGraph,
    *,
    datum: str | None = None,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
    directed: bool | None = None,
    nodes: str | Path | gpd.GeoDataFrame | None = None,
    tolerance_m: float = 0.0,
    within: Within | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
) -> StreetTables:
    """Read a street network: the nodes where streets meet or end, and the edges between them.

    Parameters
    ----------
    source
        An OSM file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``); a table of edges: a vector file of lines or a
        GeoDataFrame; a MultiDiGraph of OSMnx, or the GraphML file that it was saved to.
    datum
        Of a table, as for `read_zones`. OSM is WGS-84 everywhere; anything else is refused of it. A graph is
        taken for WGS-84 where nothing else is declared.
    crs
        CRS of a table that carries none.
    columns
        Column of EDGES to the table's column, where they differ: ``{"highway": "fclass", "length_m": "len"}``; also
        `node_id` to that of `nodes`. Without `from_node` and `to_node` (or OSMnx's `u` and `v`) ends are matched by
        where they lie. Lengths that are missing are measured along the line.
    directed
        Of a table: whether every row is one way. It may be left out only where a column `oneway` says it of every row
        and no row is another one backwards.
    nodes
        Of a table: points with the numbers (`node_id`, or OSMnx's `osmid`) of the nodes, and `barrier`, `access` and
        `elevation_m` (or OSMnx's `elevation`) where they are known. Where edges do not tell the numbers of their nodes,
        ends are matched to points by where they lie, and points without numbers are counted from 0.
    tolerance_m
        Ends this close are one node where they are matched by where they lie; ends in a chain of such steps are one as
        well. By default they must lie at the very same place.
    within
        Keep only what touches this: a box ``(west, south, east, north)`` in WGS-84 degrees, or a polygon in them. A
        way of OSM, or a row, is kept whole. Without it everything is kept.
    bad_rows
        "error", or "drop" to leave out rows of a table that cannot be used, and count them.
    encoding
        As for `read_zones`.

    Returns
    -------
    StreetTables
        `.nodes` (NODES), `.edges` (EDGES, in WGS-84) and `.report`. Edges say whence they come: `way_id` of OSM,
        `source_row` of a table, counted from 0.

    Raises
    ------
    SourceError
        If the file is missing, empty or unreadable.
    ColumnError
        If a mapped column is missing, only one of `from_node` and `to_node` is there, or a column holds lists.
    DataError
        If rows cannot be used and `bad_rows` is "error"; if no street is left.
    DatumError
        If the datum or CRS of a table is not declared or unknown, or a datum other than WGS-84 is declared of OSM.
    ParameterError
        If `directed` has to be declared; if `within` is no area; if a parameter does not apply to the source, or the
        file is of no kind that can be read.

    Notes
    -----
    Of an OSM file the ways tagged `highway` and the ferries (``route=ferry``) are read; those not in use (proposed,
    construction, ...) and those that are no street (platform, raceway, rest_area, services, bus_stop) are left out
    and counted. Ways are cut at every node that two of them share or one passes twice, and at nodes tagged `barrier`
    or `access`. `elevation_m` of nodes is OSM's `ele`, where any node at an end of an edge has one. A node that a way
    refers to and the file does not have leaves a gap, which no edge leaps. Lengths are geodesics on the ellipsoid. An
    edge across the antimeridian goes on beyond 180 degrees. O(vertices log vertices), and memory for the positions of
    all nodes of the file.

    Edges of a graph are one way each. Where an edge of a simplified graph has a list of words the first is taken and
    counted; where it has no geometry it is a straight line; its length is measured, not taken.

    Lines of a table are not cut: they meet where they end. Loops and edges of length 0 stay, and are noted.

    Examples
    --------
    >>> import shapely
    >>> wkt = ["LINESTRING (114 22.5, 114.01 22.5)", "LINESTRING (114.01 22.5, 114.01 22.6)"]
    >>> frame = gpd.GeoDataFrame({"highway": ["service", "steps"]}, geometry=shapely.from_wkt(wkt), crs="EPSG:4326")
    >>> network = read_network(frame, datum="WGS-84", directed=False)
    >>> network.edges[["from_node", "to_node", "highway"]].values.tolist(), network.edges["length_m"].round().tolist()
    ([[0, 1, 'service'], [1, 2, 'steps']], [1029.0, 11074.0])
    """
    rules = EdgeRules(
        datum=datum, crs=crs, columns=columns or {}, directed=directed, tolerance_m=tolerance_m,
        within=as_area(within), bad_rows=bad_rows, encoding=encoding,
    )  # fmt: skip
    if isinstance(source, gpd.GeoDataFrame):
        return read_edges(source, rules, nodes=nodes)
    if is_graph(source):
        _only_of_tables("the graph given", rules, nodes, taken=_OF_GRAPHS)
        return read_graph(source, rules)
    path = one_file(source)
    if path.name.lower().endswith(OSM_SUFFIXES):
        check_osm_datum(datum, path.name)
        _only_of_tables(path.name, rules, nodes)
        return read_osm(path, within=rules.within)
    if path.name.lower().endswith(GRAPHML_SUFFIX):
        _only_of_tables(path.name, rules, nodes, taken=_OF_GRAPHS)
        return read_graphml(path, rules)
    if not is_vector(path):
        raise ParameterError(
            f"{path.name}: no network can be read of it. Name an OSM file ({', '.join(OSM_SUFFIXES)}), GraphML of "
            f"OSMnx or a vector file "
            f"of lines ({', '.join(VECTOR_SUFFIXES)}, .parquet with geometry)."
        )
    return read_edges(path, rules, nodes=nodes)


def _only_of_tables(name: str, rules: EdgeRules, nodes: object, *, taken: tuple[str, ...] = ()) -> None:
    """Refuse what says how a table is read of a source that says it itself."""
    given = {
        "crs": rules.crs, "columns": rules.columns or None, "directed": rules.directed, "nodes": nodes,
        "tolerance_m": rules.tolerance_m or None, "encoding": rules.encoding,
    }  # fmt: skip
    there = [key for key, value in given.items() if value is not None and key not in taken]
    if there:
        raise ParameterError(f"{name}: {first_few(there)} is of tables of edges, and this is none. Leave it out.")
