"""OSM files to street tables: ways in use, cut where they meet and where something stands in the way."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
from pyarrow import csv as pa_csv

from stationgeo import crs, schema
from stationgeo.errors import SHOWN_OFFENDERS, DataError, DatumError, first_few
from stationgeo.io._raw import one_file, reading
from stationgeo.io._report import Count, IngestReport, SourceFile
from stationgeo.io._streets import TAGS, Lines, StreetTables, edge_table, node_table, odd_edges, touching

if TYPE_CHECKING:
    import numpy.typing as npt
    import shapely

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["OSM_KEYS", "OSM_SUFFIXES", "check_osm_datum", "left_out_as", "read_osm"]

OSM_SUFFIXES = (".pbf", ".osm", ".osm.gz", ".osm.bz2")

# Words of the highway key for what is not there yet or any more.
_NOT_IN_USE = frozenset(
    ("abandoned", "construction", "demolished", "destroyed", "dismantled", "disused", "historic", "no", "planned",
     "proposed", "razed", "removed")
)  # fmt: skip
# Words of the highway key for what leads nowhere: places beside the street, and tracks for races.
_NO_STREET = frozenset(("bus_stop", "platform", "raceway", "rest_area", "services"))
OSM_KEYS = tuple((name, {"oneway_bicycle": "oneway:bicycle"}.get(name, name)) for name in TAGS if name != "highway")


_KEYS = tuple(key for _, key in OSM_KEYS)

_WRITTEN_AS = "opl,add_metadata=none,locations_on_ways=true"
_ESCAPED = re.compile("%([0-9a-f]+)%", re.IGNORECASE)
_AS_ROWS = bytes.maketrans(b"xy,", b",,\n")


@dataclass(slots=True)
class _Ways:
    """The ways of a file, and the nodes on them one way after the other."""

    ids: list[int] = field(default_factory=list)
    tags: list[tuple[str | None, ...]] = field(default_factory=list)
    """Highway first, then those of `OSM_KEYS`."""
    sizes: list[int] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    """Nodes of every way that has any, as osmium writes them: ``n17x-8.6y41.1,n18xy``, the latter not in the file."""
    left_out: dict[str, list[int]] = field(default_factory=dict)
    """Ids of ways that are not read, by reason."""
    lists: int = 0
    """Ways whose class is a list of words, of which the first is taken."""
    areas: int = 0
    """Ways that are the edge of a square."""


@dataclass(slots=True)
class _Vertices:
    """Nodes on ways, one after the other; the chains are what is left of ways without their unknown nodes."""

    way: IntArray
    chain: IntArray
    ref: IntArray
    lon: FloatArray
    lat: FloatArray

    def only(self, keep: npt.NDArray[np.bool_]) -> _Vertices:
        return _Vertices(self.way[keep], self.chain[keep], self.ref[keep], self.lon[keep], self.lat[keep])


def check_osm_datum(datum: str | None, name: str) -> None:
    """Insist that OSM is WGS-84, also in China.

    Raises
    ------
    DatumError
        If another datum was declared.
    """
    if datum is not None and crs.parse_datum(datum) != "WGS-84":
        raise DatumError(
            f"{name}: OSM is WGS-84 everywhere, and datum = {datum!r} was declared. Leave datum out, or declare "
            "'WGS-84'."
        )


def read_osm(source: str | Path, *, within: shapely.Geometry | None) -> StreetTables:
    """Read the streets and ferries of an OSM file."""
    path = one_file(source)
    with reading(path, "an OSM file"):
        ways, (tags, notes) = _read_ways(path), _read_marked(path)
    n_read = len(ways.ids) + sum(map(len, ways.left_out.values()))
    report = IngestReport(
        source=path.name, files=SourceFile.with_sidecars(path), rows_read=n_read, rows_kept=n_read, datum="WGS-84"
    )
    if not ways.ids:
        raise DataError(
            f"{path.name}: holds no street in use: of {n_read:,} ways tagged highway or route=ferry none is left. Name "
            "an extract that keeps ways with these tags and their nodes."
        )
    vertices, dropped, repaired = _known(ways, path)
    tables = _cut(ways, vertices, tags, report.adding(notes=notes), within)
    return replace(tables, report=_counted(tables.report, ways, dropped, repaired))


def _read_ways(path: Path) -> _Ways:
    """Read the ways with their nodes' positions, whichever come first in the file.

    Osmium writes them as lines of text, filtered and joined in C++: asking it for every node takes twice as long.
    """
    positions = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    positions.ignore_errors()
    osmium.apply(osmium.io.Reader(str(path), osmium.osm.NODE), positions)
    ways, seen = _Ways(), set[str]()
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "ways.opl"
        writer = osmium.SimpleWriter(osmium.io.File(str(written), _WRITTEN_AS))
        try:
            streets = osmium.filter.KeyFilter("highway", "route")
            osmium.apply(osmium.io.Reader(str(path), osmium.osm.WAY), positions, streets, writer)
        finally:
            writer.close()
        with written.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                _take(ways, line, seen)
    return ways


def _take(ways: _Ways, line: str, seen: set[str]) -> None:
    """Take one way of a line like ``w17 Thighway=steps,name=A%20%B Nn1x8.1y41.2,n2xy``."""
    way, written, nodes = line.rstrip("\n").split(" ")
    tags = dict(tag.split("=") for tag in written[1:].split(","))
    if "highway" not in tags and tags.get("route") != "ferry":
        return
    if "%" in written:
        tags = {key: _ESCAPED.sub(_unescaped, value) for key, value in tags.items()}
        tags |= {_ESCAPED.sub(_unescaped, key): value for key, value in tags.items() if "%" in key}
    reason = "the way is there twice" if way in seen else left_out_as(tags)
    if reason:
        ways.left_out.setdefault(reason, []).append(int(way[1:]))
        return
    seen.add(way)
    word, _, more = tags.get("highway", "ferry").partition(";")
    ways.lists += bool(more)
    ways.areas += tags.get("area") == "yes"
    ways.ids.append(int(way[1:]))
    ways.tags.append((word.strip(), *map(tags.get, _KEYS)))
    ways.sizes.append(nodes.count(",") + 1 if len(nodes) > 1 else 0)
    if len(nodes) > 1:
        ways.nodes.append(nodes[1:])


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def left_out_as(tags: dict[str, str]) -> str:
    word = tags.get("highway", "")
    if word in _NOT_IN_USE:
        return f"not in use: highway={word}"
    return f"no street: highway={word}" if word in _NO_STREET else ""


def _read_marked(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read the nodes that something stands on, that not everybody may pass, or whose elevation is told."""
    keys = osmium.filter.KeyFilter("barrier", "access", "ele")
    marked = osmium.FileProcessor(str(path), osmium.osm.NODE).with_filter(keys)
    rows = {node.id: (node.tags.get("barrier"), node.tags.get("access"), node.tags.get("ele")) for node in marked}
    index = pd.Index(list(rows), dtype=np.int64)
    tags = pd.DataFrame(list(rows.values()), index=index, columns=["barrier", "access", "ele"], dtype="str")
    written = tags.pop("ele")
    tags["elevation_m"] = pd.to_numeric(written.str.removesuffix("m"), errors="coerce")
    for rows_beyond, _ in schema.value_faults(tags["elevation_m"], schema.NODES["elevation_m"]):
        tags["elevation_m"] = tags["elevation_m"].mask(rows_beyond)
    wrong = written.notna() & tags["elevation_m"].isna()
    note = (
        f"{int(wrong.sum()):,} nodes have an ele that is no elevation in metres: left out: {first_few(written[wrong])}"
    )
    return tags, (note,) if wrong.any() else ()


def _known(ways: _Ways, path: Path) -> tuple[_Vertices, tuple[Count, ...], tuple[Count, ...]]:
    """Leave out nodes that the file does not have, and those that repeat the one before; no way leaps a gap."""
    sizes = np.array(ways.sizes, dtype=np.int64)
    way = np.repeat(np.arange(len(sizes)), sizes)
    ref, lon, lat = _nodes(ways, path)
    known = np.isfinite(lon)
    first = np.r_[True, way[1:] != way[:-1]][: len(way)]
    begins = known & (first | ~np.r_[False, known[:-1]][: len(way)])
    all_of_them = _Vertices(way, np.cumsum(begins) - 1, ref, lon, lat)
    again = known & ~begins & (ref == np.r_[0, ref[:-1]][: len(ref)])
    vertices = all_of_them.only(known & ~again)
    vertices = vertices.only(np.bincount(vertices.chain, minlength=1)[vertices.chain] > 1)
    if not len(vertices.ref):
        raise DataError(
            f"{path.name}: of {len(sizes):,} streets none has two nodes in the file: {int((~known).sum()):,} nodes are "
            "missing. Name an extract with complete ways (osmium extract --strategy complete_ways)."
        )
    left = np.bincount(vertices.way, minlength=len(sizes)) > 0
    gaps = np.bincount(way[~known], minlength=len(sizes)) > 0
    doubled = np.bincount(way[again], minlength=len(sizes)) > 0
    missing = (
        f"{int((~known & left[way]).sum()):,} nodes are not in the file; the parts of the ways between them are kept"
    )
    return (
        vertices,
        _counts(ways, ("fewer than two different nodes are in the file", ~left)),
        _counts(ways, (missing, gaps & left), ("a node follows itself: taken once", doubled & left)),
    )


def _nodes(ways: _Ways, path: Path) -> tuple[IntArray, FloatArray, FloatArray]:
    """Read numbers and positions of all nodes in their order; nan where a node is not in the file."""
    rows = ",".join(ways.nodes).encode("ascii").translate(_AS_ROWS, b"n")
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0), np.empty(0)
    table = pa_csv.read_csv(
        BytesIO(rows),
        read_options=pa_csv.ReadOptions(column_names=["ref", "lon", "lat"]),
        convert_options=pa_csv.ConvertOptions(
            column_types={"ref": pa.int64(), "lon": pa.float64(), "lat": pa.float64()}, null_values=[""]
        ),
    )
    ref, lon, lat = (table[name].to_numpy() for name in ("ref", "lon", "lat"))
    return (ref, lon, lat) if ref.min() >= 0 else _with_new_nodes(ref, lon, lat, path)


def _with_new_nodes(
    ref: IntArray, lon: FloatArray, lat: FloatArray, path: Path
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Find nodes that an editor numbered below zero because they are new: osmium's index does not hold them."""
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    new = {node.id: node.location for node in nodes if isinstance(node, osmium.osm.Node) and node.id < 0}
    rows = [row for row in np.flatnonzero(ref < 0) if ref[row] in new and new[ref[row]].valid()]
    lon, lat = lon.copy(), lat.copy()
    lon[rows] = [new[ref[row]].lon for row in rows]
    lat[rows] = [new[ref[row]].lat for row in rows]
    return ref, lon, lat


def _counts(ways: _Ways, *found: tuple[str, npt.NDArray[np.bool_]]) -> tuple[Count, ...]:
    return tuple(
        Count(
            reason=reason,
            rows=int(rows.sum()),
            examples=tuple(f"way {ways.ids[row]}" for row in np.flatnonzero(rows)[:SHOWN_OFFENDERS]),
        )
        for reason, rows in found
        if rows.any()
    )


def _cut(
    ways: _Ways, at: _Vertices, marked: pd.DataFrame, report: IngestReport, within: shapely.Geometry | None
) -> StreetTables:
    """Cut the ways at nodes that are used twice, at those that are marked, and at their ends."""
    ids, node, uses = np.unique(at.ref, return_inverse=True, return_counts=True)
    begins = np.r_[True, at.chain[1:] != at.chain[:-1]]
    ends = np.r_[begins[1:], True]
    barred = marked.index[marked[["barrier", "access"]].notna().any(axis=1)]
    cuts = np.flatnonzero(begins | ends | (uses[node] > 1) | np.isin(ids, barred)[node])
    whole = at.chain[cuts[:-1]] == at.chain[cuts[1:]]
    first, last = cuts[:-1][whole], cuts[1:][whole]
    sizes = last - first + 1
    vertex = np.repeat(first - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
    lines = Lines(at.lon[vertex], at.lat[vertex], sizes)
    drawn, crosses = lines.unwrapped()
    shapes, way, length_m = drawn.shapes(), at.way[first], lines.lengths_m()
    if within is not None:
        inside = np.isin(way, way[touching(shapes, within, report.source)])
        gone = np.zeros(len(ways.ids), dtype=bool)
        gone[way[~inside]] = True
        report = report.adding(dropped=_counts(ways, ("outside the area asked for", gone)))
        first, last, way = first[inside], last[inside], way[inside]
        shapes, length_m, crosses = shapes[inside], length_m[inside], crosses[inside]
    tags = pd.DataFrame(ways.tags, columns=["highway", *(name for name, _ in OSM_KEYS)], dtype="str").take(way)
    tags["way_id"] = np.array(ways.ids, dtype=np.int64)[way]
    edges = edge_table(shapes, at.ref[first], at.ref[last], length_m, tags)
    used, where = np.unique(np.r_[at.ref[first], at.ref[last]], return_index=True)
    vertex = np.r_[first, last][where]
    nodes = node_table(used, at.lon[vertex], at.lat[vertex], marked)
    return StreetTables(nodes=nodes, edges=edges, report=report.adding(notes=odd_edges(edges, crosses)))


def _counted(
    report: IngestReport, ways: _Ways, dropped: tuple[Count, ...], repaired: tuple[Count, ...]
) -> IngestReport:
    reasons = Counter({reason: len(ids) for reason, ids in ways.left_out.items()}).most_common()
    left_out = tuple(
        Count(reason=reason, rows=rows, examples=tuple(f"way {way}" for way in ways.left_out[reason][:SHOWN_OFFENDERS]))
        for reason, rows in sorted(reasons)
    )
    notes = [f"{ways.areas:,} ways are the edge of an area (area=yes): read as ways along it"] if ways.areas else []
    if ways.lists:
        notes.append(f"{ways.lists:,} ways have a list of words as highway: the first is taken")
    return report.adding(dropped=left_out + dropped, repaired=repaired, notes=tuple(notes))
