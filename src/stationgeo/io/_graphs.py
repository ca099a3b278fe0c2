"""Graphs of OSMnx, in memory or as GraphML, to street tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.errors import DataError, ParameterError
from stationgeo.io._edges import read_edges
from stationgeo.io._faults import row_names
from stationgeo.io._osm import left_out_as
from stationgeo.io._raw import reading
from stationgeo.io._report import Count, SourceFile
from stationgeo.io._streets import TAGS

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import networkx as nx
    import numpy.typing as npt

    from stationgeo.io._edges import EdgeRules
    from stationgeo.io._streets import StreetTables

__all__ = ["GRAPHML_SUFFIX", "is_graph", "read_graph", "read_graphml"]

GRAPHML_SUFFIX = ".graphml"
_CALLED = "the graph given"


def is_graph(source: object) -> bool:
    """Tell whether something is a graph of networkx, without loading it."""
    return hasattr(source, "is_multigraph") and hasattr(source, "is_directed")


def read_graphml(path: Path, rules: EdgeRules) -> StreetTables:
    """Read a graph that OSMnx saved."""
    import osmnx as ox  # noqa: PLC0415 - takes a second to load, and few need it

    with reading(path, "GraphML of OSMnx"):
        graph = ox.load_graphml(path)
    tables = read_graph(graph, rules, name=path.name)
    return replace(tables, report=replace(tables.report, files=SourceFile.with_sidecars(path)))


def read_graph(graph: nx.MultiDiGraph, rules: EdgeRules, *, name: str = _CALLED) -> StreetTables:
    """Read a graph as a table of directed edges, with straight lines where it has no geometry."""
    import osmnx as ox  # noqa: PLC0415 - as above

    if not (graph.is_directed() and graph.is_multigraph()):
        raise ParameterError(
            f"{name}: must be a MultiDiGraph of OSMnx, whose edges are one way each. Got "
            f"{type(graph).__name__} instead. Give the graph as it was before it was made undirected."
        )
    if rules.directed is False:
        raise ParameterError(f"{name}: edges of a graph are one way each. Leave directed out.")
    if not graph.number_of_edges():
        raise DataError(f"{name}: the graph has no edge. Build it of another place, or with another filter.")
    drawn = sum("geometry" in edge for _, _, edge in graph.edges(data=True))
    try:
        nodes, edges = ox.convert.graph_to_gdfs(graph)
    except (KeyError, ValueError, AttributeError) as error:
        raise DataError(
            f"{name}: the graph cannot be drawn ({error!r}). Its nodes need x and y, and it needs a "
            "crs, as graphs of OSMnx have them."
        ) from error
    table, counts = _flat(edges.reset_index())
    straight = len(edges) - drawn
    notes = (f"{straight:,} of {len(edges):,} edges have no geometry: straight lines",) if straight else ()
    keep, left_out = _in_use(table, name)
    rules = replace(rules, datum=rules.datum or "WGS-84", directed=True)
    done = read_edges(table[keep].drop(columns=["oneway"], errors="ignore"), rules, nodes=nodes.reset_index())
    done.edges["source_row"] = np.flatnonzero(keep)[done.edges["source_row"].to_numpy()]
    report = replace(
        done.report, source=name, rows_read=len(table), rows_kept=done.report.rows_kept + int((~keep).sum())
    )
    return replace(done, report=report.adding(dropped=left_out, repaired=counts, notes=notes))


def _flat(edges: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Count, ...]]:
    """Take the first word where simplified edges have a list of them, and name ferries."""
    counts = []
    for name in (*TAGS, "oneway:bicycle"):
        if name not in edges or edges[name].dtype != object:
            continue
        lists = np.array([isinstance(value, list | tuple) for value in edges[name]], dtype=bool)
        if lists.any():
            edges[name] = [value[0] if listed else value for value, listed in zip(edges[name], lists, strict=True)]
            counts.append(
                Count(
                    reason=f"{name} is a list: the first word is taken",
                    rows=int(lists.sum()),
                    examples=row_names(edges.index, lists),
                )
            )
    ferries = edges["route"].eq("ferry") if "route" in edges else pd.Series(data=False, index=edges.index)
    if "highway" in edges:
        ferries &= edges["highway"].isna()
    if ferries.any():
        words = edges["highway"].astype("str") if "highway" in edges else pd.Series(None, edges.index, dtype="str")
        edges["highway"] = words.mask(ferries, "ferry")
    return edges, tuple(counts)


def _in_use(edges: gpd.GeoDataFrame, name: str) -> tuple[npt.NDArray[np.bool_], tuple[Count, ...]]:
    """Leave out what no OSM file is read for either."""
    if "highway" not in edges:
        return np.ones(len(edges), dtype=bool), ()
    reasons: list[Any] = [left_out_as({"highway": str(word)}) for word in edges["highway"]]
    reason = pd.Series(reasons, index=edges.index)
    keep = (reason == "").to_numpy()
    if not keep.any():
        raise DataError(
            f"{name}: none of {len(edges):,} edges is a street in use. Build the graph with another filter."
        )
    counts = reason[~keep].value_counts().sort_index()
    return keep, tuple(
        Count(reason=str(why), rows=int(rows), examples=row_names(edges.index, (reason == why).to_numpy()))
        for why, rows in counts.items()
    )
