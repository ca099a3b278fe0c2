"""Tables of edges to street tables: lines of a vector file, with or without numbers of their nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo.errors import ColumnError, DataError, ParameterError, first_few
from stationgeo.io._columns import map_columns, to_codes, to_numbers
from stationgeo.io._faults import Faults, row_names
from stationgeo.io._junctions import NO_NODE, NodePlaces, by_number, by_place, of_table, places_apart_m
from stationgeo.io._report import Count
from stationgeo.io._shapes import read_wgs84_vector
from stationgeo.io._streets import TAGS, Lines, StreetTables, edge_table, node_table, odd_edges, touching

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt

    from stationgeo.io._faults import BadRows
    from stationgeo.io._report import IngestReport
    from stationgeo.schema import FloatArray

__all__ = ["EdgeRules", "read_edges"]

# Further from its node than this an end was not drawn by who numbered it: digits cut off explain less.
_DRAWN_APART_M = 1.0
# Names that other tools give these columns.
_ALIASES = {"from_node": "u", "to_node": "v", "oneway_bicycle": "oneway:bicycle", "node_id": "osmid"}
_EDGE_COLUMNS = ("from_node", "to_node", "length_m", *TAGS)
_NODE_COLUMNS = ("node_id", "barrier", "access")
_ELEVATIONS = ("elevation_m", "elevation")  # ours, and OSMnx's
_ONEWAY_WORDS = {
    "yes": "yes", "true": "yes", "1": "yes", "no": "no", "false": "no", "0": "no", "-1": "-1", "reverse": "-1",
    "reversible": "reversible", "alternating": "alternating",
}  # fmt: skip
# Geofabrik's Shapefiles: forward, to the line's begin, both.
_ONEWAY_LETTERS = {"F": "yes", "T": "-1", "B": "no"}
_POINT, _LINES = 0, (1, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeRules:
    """How a table of edges is to be read."""

    datum: str | None
    crs: str | None
    columns: Mapping[str, str]
    directed: bool | None
    tolerance_m: float
    within: shapely.Geometry | None
    bad_rows: BadRows
    encoding: str | None


def read_edges(
    source: str | Path | gpd.GeoDataFrame, rules: EdgeRules, *, nodes: str | Path | gpd.GeoDataFrame | None
) -> StreetTables:
    """Read a table of edges, and that of their nodes where there is one."""
    if not (np.isfinite(rules.tolerance_m) and rules.tolerance_m >= 0):
        raise ParameterError(f"tolerance_m must be at least 0. Got {rules.tolerance_m!r} instead.")
    frame, report = read_wgs84_vector(
        source, datum=rules.datum, named_crs=rules.crs, encoding=rules.encoding, bad_rows=rules.bad_rows
    )
    known = (*_EDGE_COLUMNS, "node_id") if nodes is not None else _EDGE_COLUMNS
    chosen = _mapped(frame, rules.columns, known, report.source)
    frame, report = _only_lines(frame, report, rules, numbered="from_node" in chosen)
    rows, report = _parts(frame, replace(report, columns=chosen))
    directed, note = _directed(rows, chosen, report.source, declared=rules.directed)
    table = None if nodes is None else _read_nodes(nodes, rules, numbered="from_node" in chosen)
    return _tables(rows, chosen, report.adding(notes=note), rules, directed=directed, nodes=table)


def _mapped(frame: gpd.GeoDataFrame, columns: Mapping[str, str], known: tuple[str, ...], name: str) -> dict[str, str]:
    """Find the columns, also by the names that other tools give them."""
    present = [str(column) for column in frame.columns if column != frame.geometry.name]
    elsewhere = {key: value for key, value in columns.items() if key != "node_id"}
    aliased = {
        key: alias
        for key, alias in _ALIASES.items()
        if key in known and key != "node_id" and key not in {*present, *columns} and alias in present
    }
    if "node_id" in columns and "node_id" not in known:
        raise ParameterError(f"{name}: columns names node_id, and no nodes are given. Give nodes, or leave it out.")
    chosen = map_columns(
        present, aliased | elsewhere, known=tuple(key for key in known if key != "node_id"), required=(), source=name
    )
    if ("from_node" in chosen) != ("to_node" in chosen):
        there, lacking = sorted(("from_node", "to_node"), key=lambda key: key not in chosen)
        raise ColumnError(
            f"{name}: has a column for {there} ({chosen[there]!r}) and none for {lacking}. Map it: columns = "
            f'{{ {lacking} = "..." }}, or rename {chosen[there]!r} and ends are matched by where they lie.'
        )
    return chosen


def _only_lines(
    frame: gpd.GeoDataFrame, report: IngestReport, rules: EdgeRules, *, numbered: bool
) -> tuple[gpd.GeoDataFrame, IngestReport]:
    shapes = frame.geometry
    kinds = shapely.get_type_id(np.asarray(shapes, dtype=object))
    faults = Faults(report.source, frame.index)
    faults.add(
        "geometry is no line", ~np.isin(kinds, _LINES), shapes.geom_type,
        way_out="Remove the row", way_out_if_most="Edges are lines; name another file",
    )  # fmt: skip
    several = shapely.get_num_geometries(np.asarray(shapes, dtype=object)) > 1
    if numbered:
        faults.add(
            "geometry has several parts, and its nodes are those of one line", several, shapes.geom_type,
            way_out="Merge the parts into one line",
        )  # fmt: skip
    keep, dropped = faults.settle(bad_rows=rules.bad_rows)
    frame, report = frame[keep], report.adding(dropped=dropped)
    if rules.within is not None:
        inside = touching(np.asarray(frame.geometry, dtype=object), rules.within, report.source)
        count = Count(
            reason="outside the area asked for", rows=int((~inside).sum()), examples=row_names(frame.index, ~inside)
        )
        frame, report = frame[inside], report.adding(dropped=(count,) if count.rows else ())
    return frame, report


def _parts(frame: gpd.GeoDataFrame, report: IngestReport) -> tuple[gpd.GeoDataFrame, IngestReport]:
    """Make every part of a line a row of its own, in two dimensions, with the row it comes from as index."""
    shapes = np.asarray(frame.geometry, dtype=object)
    several = shapely.get_num_geometries(shapes) > 1
    if several.any():
        count = Count(
            reason="lines of several parts became an edge each",
            rows=int(several.sum()),
            examples=row_names(frame.index, several),
        )
        report = report.adding(repaired=(count,))
    parts, row = shapely.get_parts(shapes, return_index=True)
    flat = pd.DataFrame(frame.drop(columns=frame.geometry.name)).iloc[row]
    return gpd.GeoDataFrame(flat, geometry=list(shapely.force_2d(parts)), crs=frame.crs), report


def _directed(
    rows: gpd.GeoDataFrame, chosen: Mapping[str, str], name: str, *, declared: bool | None
) -> tuple[bool, tuple[str, ...]]:
    """Decide whether rows are one way each: never by guessing."""
    if declared:
        unused = f"column {chosen['oneway']!r} is not used: every row is one way" if "oneway" in chosen else ""
        return True, (unused,) if unused else ()
    if declared is False:
        return False, ()
    forth = pd.Index(shapely.to_wkb(np.asarray(rows.geometry, dtype=object)))
    back = pd.Index(shapely.to_wkb(shapely.reverse(np.asarray(rows.geometry, dtype=object))))
    twins = int((back.isin(forth) & (back != forth)).sum())
    if twins:
        raise ParameterError(
            f"{name}: {twins:,} of {len(rows):,} rows have another row that is the same line backwards: rows may be "
            "directions, or streets of which some are there twice. Declare directed=True (every row is one way), or "
            "directed=False."
        )
    if "oneway" not in chosen:
        raise ParameterError(
            f'{name}: no column says which streets are one way. Map it: columns = {{ oneway = "..." }}, or declare '
            "directed=False (every row is two ways) or directed=True (every row is one way)."
        )
    return False, ()


def _tables(
    rows: gpd.GeoDataFrame,
    chosen: Mapping[str, str],
    report: IngestReport,
    rules: EdgeRules,
    *,
    directed: bool,
    nodes: pd.DataFrame | None,
) -> StreetTables:
    faults = Faults(report.source, rows.index)
    tags = _tags(rows, chosen, faults, directed=directed)
    length_m = _lengths(rows, chosen, faults)
    number = (
        [_numbers(rows, chosen[key], key, faults) for key in ("from_node", "to_node")] if "from_node" in chosen else []
    )
    shapes = np.asarray(rows.geometry, dtype=object)
    ends = np.vstack([shapely.get_coordinates(shapely.get_point(shapes, vertex)) for vertex in (0, -1)])
    sound = np.tile(faults.sound(), 2)
    at, notes = _nodes_of(np.concatenate(number) if number else None, ends, sound, nodes, rules.tolerance_m)
    nowhere = (at.node_of == NO_NODE).reshape(2, -1).any(axis=0) & faults.sound()
    faults.add(
        "an end lies at no node of the nodes given", nowhere, lambda row: f"{ends[row]} to {ends[row + len(rows)]}",
        way_out="Add the node, name a tolerance_m, or leave nodes out",
    )  # fmt: skip
    keep, dropped = faults.settle(bad_rows=rules.bad_rows)
    lines = _lines(shapes[keep])
    start, end = at.node_of.reshape(2, -1)[:, keep]
    measured = lines.lengths_m()
    drawn, crosses = lines.unwrapped()
    lacking = np.isnan(length_m[keep])
    tags["source_row"] = rows.index.to_numpy()
    edges = edge_table(
        drawn.shapes() if crosses.any() else shapes[keep],
        at.node_id[start],
        at.node_id[end],
        np.where(lacking, measured, length_m[keep]),
        tags[keep],
    )
    used = np.unique(np.r_[start, end])
    used = used[np.argsort(at.node_id[used], kind="stable")]
    marked = None if nodes is None else nodes.set_index("node_id")
    table = node_table(at.node_id[used], at.lon[used], at.lat[used], marked)
    if nodes is not None and len(used) < len(nodes):
        notes = (*notes, f"{len(nodes) - len(used):,} of {len(nodes):,} nodes are the end of no edge: left out")
    if "length_m" in chosen and lacking.any():
        notes = (*notes, f"{int(lacking.sum()):,} of {len(lacking):,} lengths are missing: measured along the line")
    if "highway" not in chosen:
        notes = (*notes, "no column highway: classes of streets are not known")
    report = report.adding(dropped=dropped, notes=(*notes, *odd_edges(edges, crosses)))
    return StreetTables(nodes=table, edges=edges, report=report)


def _lines(shapes: npt.NDArray[np.object_]) -> Lines:
    points = shapely.get_coordinates(shapes)
    return Lines(points[:, 0], points[:, 1], np.asarray(shapely.get_num_coordinates(shapes), dtype=np.int64))


def _nodes_of(
    number: FloatArray | None,
    ends: FloatArray,
    sound: npt.NDArray[np.bool_],
    nodes: pd.DataFrame | None,
    tolerance_m: float,
) -> tuple[NodePlaces, tuple[str, ...]]:
    """Find the node of every end: by its number, else by its place."""
    lon, lat = ends.T
    if number is None:
        at, joined = by_place(lon, lat, tolerance_m=tolerance_m, nodes=nodes)
        return at, (f"{joined:,} places within {tolerance_m:g} m of another are one node with it",) if joined else ()
    whole = np.where(sound, number, NO_NODE).astype(np.int64)
    if nodes is None:
        at = by_number(whole, lon, lat)
    else:
        row_of = pd.Index(nodes["node_id"]).get_indexer(pd.Index(whole))
        at = of_table(nodes, np.asarray(row_of, dtype=np.int64))
    apart = np.where(sound & (at.node_of != NO_NODE), places_apart_m(at, lon, lat), 0.0)
    far = int((apart > _DRAWN_APART_M).sum())
    note = (
        f"{far:,} of {len(apart):,} ends are drawn more than {_DRAWN_APART_M:g} m from their node, the farthest "
        f"{apart.max():,.0f} m: the numbers hold, not the lines"
    )
    return at, (note,) if far else ()


def _numbers(rows: pd.DataFrame, column: str, key: str, faults: Faults) -> FloatArray:
    numbers, wrong = to_numbers(rows[column])
    values = numbers.to_numpy()
    fraction = ~np.isnan(values) & (values != np.floor(values))
    faults.add(
        f"column {column!r} ({key}) holds no whole number", wrong | fraction | (np.isnan(values) & ~wrong),
        rows[column], way_out="Number the nodes, or rename both columns and ends are matched by where they lie",
    )  # fmt: skip
    return values


def _elevations(flat: pd.DataFrame, column: str, name: str) -> FloatArray:
    numbers, wrong = to_numbers(flat[column])
    values = numbers.to_numpy()
    faults = Faults(name, flat.index)
    faults.add(
        f"column {column!r} (elevation_m) holds no metres", wrong | np.isinf(values), flat[column],
        way_out="Mend or empty it",
    )  # fmt: skip
    faults.settle(bad_rows=None)
    return values


def _lengths(rows: pd.DataFrame, chosen: Mapping[str, str], faults: Faults) -> FloatArray:
    if "length_m" not in chosen:
        return np.full(len(rows), np.nan)
    column = chosen["length_m"]
    numbers, wrong = to_numbers(rows[column])
    values = numbers.to_numpy()
    wrong = wrong | (values < 0) | np.isinf(values)
    faults.add(f"column {column!r} (length_m) holds no length", wrong, rows[column], way_out="Mend or empty it")
    # The length of a line of several parts is that of none of its parts.
    return np.where(rows.index.duplicated(keep=False), np.nan, values)


def _tags(rows: pd.DataFrame, chosen: Mapping[str, str], faults: Faults, *, directed: bool) -> pd.DataFrame:
    tags = pd.DataFrame(index=pd.RangeIndex(len(rows)))
    for name in TAGS:
        if name not in chosen:
            continue
        values = rows[chosen[name]].reset_index(drop=True)
        lists = _hold_lists(values)
        if lists.any():
            raise ColumnError(
                f"{faults.source}: column {chosen[name]!r} ({name}) holds lists in {int(lists.sum()):,} of "
                f"{len(lists):,} rows: {first_few(values[lists].head(4))}. Keep one word of each, or give the OSMnx "
                "graph or its GraphML itself, of which the first is taken."
            )
        tags[name] = to_codes(values)[0]
    if directed:
        tags["oneway"] = "yes"
    elif "oneway" in tags:
        words, wrong = _oneway(tags["oneway"])
        known = ", ".join(dict.fromkeys(_ONEWAY_WORDS.values()))
        faults.add(
            f"column {chosen['oneway']!r} (oneway) holds other words than {known}",
            wrong, tags["oneway"], way_out="Write it as OSM does",
        )  # fmt: skip
        tags["oneway"] = words
    return tags


def _hold_lists(values: pd.Series[Any]) -> npt.NDArray[np.bool_]:
    """Say which values are lists, or the text that some tools write of them."""
    if pd.api.types.is_numeric_dtype(values):
        return np.zeros(len(values), dtype=bool)
    if values.dtype == object:
        listed = np.array([isinstance(value, list | tuple | set | np.ndarray) for value in values], dtype=bool)
        if listed.any():
            return listed
    return values.astype("str").str.match(r"^\[['\"]").to_numpy(dtype=bool, na_value=False)


def _oneway(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_]]:
    there = values.dropna()
    words = _ONEWAY_LETTERS if len(there) and there.isin(list(_ONEWAY_LETTERS)).all() else _ONEWAY_WORDS
    read = values.map(words) if words is _ONEWAY_LETTERS else values.str.lower().map(words)
    return read.astype("str"), (read.isna() & values.notna()).to_numpy()


def _read_nodes(source: str | Path | gpd.GeoDataFrame, rules: EdgeRules, *, numbered: bool) -> pd.DataFrame:
    """Read the nodes; where edges do not tell their nodes' numbers, rows without numbers are counted from 0."""
    frame, report = read_wgs84_vector(
        source, datum=rules.datum, named_crs=rules.crs, encoding=rules.encoding, bad_rows=None
    )
    shapes, name = np.asarray(frame.geometry, dtype=object), report.source
    faults = Faults(name, frame.index)
    faults.add(
        "geometry of a node is no point", shapely.get_type_id(shapes) != _POINT, frame.geometry.geom_type,
        way_out="Nodes are points; name another file",
    )  # fmt: skip
    flat = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    column = rules.columns.get("node_id", "node_id" if "node_id" in flat else _ALIASES["node_id"])
    if column not in flat and (numbered or "node_id" in rules.columns):
        map_columns(flat.columns, {"node_id": column}, known=_NODE_COLUMNS, required=("node_id",), source=name)
    number = _numbers(flat, column, "node_id", faults) if column in flat else np.arange(len(flat), dtype=np.float64)
    faults.settle(bad_rows=None)
    nodes = pd.DataFrame(
        {"node_id": number.astype(np.int64), "lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}
    )
    for tag in ("barrier", "access"):
        if tag in flat:
            nodes[tag] = to_codes(flat[tag].reset_index(drop=True))[0]
    for column in _ELEVATIONS:
        if column in flat and "elevation_m" not in nodes:
            nodes["elevation_m"] = _elevations(flat, column, name)
    again = nodes.duplicated("node_id")
    if again.any():
        raise DataError(
            f"{name}: node_id must be unique, {int(again.sum()):,} rows repeat an earlier one: "
            f"{first_few(nodes.loc[again, 'node_id'].head(4))}. Remove or renumber them."
        )
    return nodes
