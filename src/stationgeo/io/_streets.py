"""Street tables: what every reader of networks returns, and the parts of it that all of them compute alike."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import scipy.sparse
import shapely
from scipy.sparse.csgraph import connected_components

from stationgeo import crs, schema
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.io._report import IngestReport
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["TAGS", "Lines", "StreetTables", "Within", "as_area", "edge_table", "node_table", "odd_edges", "touching"]

Within: TypeAlias = "tuple[float, float, float, float] | shapely.Geometry"
"""West, south, east, north in WGS-84 degrees, or a polygon in them."""

TAGS = tuple(column.name for column in schema.EDGES.columns if column.kind == "text")
"""Columns of EDGES that are tags of OSM: the street's class, and who may use it which way."""

_FULL_TURN_DEG = 360.0
_M_PER_KM = 1000.0
_BOX_CORNERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class StreetTables:
    """A street network as it was read: nodes, edges between them, and what was done to the source."""

    nodes: pd.DataFrame
    """NODES: one row for every node at which an edge ends."""
    edges: gpd.GeoDataFrame
    """EDGES in WGS-84, in the order of the source."""
    report: IngestReport
    """What was read, dropped and repaired; rows are those of the source (ways of OSM), not edges."""

    @property
    def n_components(self) -> int:
        """How many parts the network has that no edge joins, whatever the direction of the edges."""
        ids = self.nodes["node_id"].to_numpy()
        ends = [np.searchsorted(ids, self.edges[name].to_numpy()) for name in ("from_node", "to_node")]
        links = scipy.sparse.coo_array((np.ones(len(self.edges), dtype=np.int8), ends), shape=(len(ids), len(ids)))
        parts, _ = connected_components(links, directed=False)
        return int(parts)

    def _repr_html_(self) -> str:
        report, length_km = self.report, self.edges["length_m"].sum() / _M_PER_KM
        lines = [
            f"<b>{escape(report.source)}</b>: {report.rows_kept:,} of {report.rows_read:,} rows kept",
            f"{len(self.nodes):,} nodes, {len(self.edges):,} edges, {length_km:,.1f} km, {self.n_components:,} parts",
        ]
        lines += [f"dropped {count.rows:,}: {escape(count.reason)}" for count in report.dropped]
        lines += [f"repaired {count.rows:,}: {escape(count.reason)}" for count in report.repaired]
        lines += [escape(note) for note in report.notes]
        return "<br>".join(lines) + str(self.edges.head(3)._repr_html_())  # type: ignore[operator]


@dataclass(frozen=True, slots=True)
class Lines:
    """Vertices of many lines, one line after the other."""

    lon: FloatArray
    lat: FloatArray
    sizes: IntArray
    """How many vertices each line has: at least two."""

    @property
    def line_of(self) -> IntArray:
        """The line of every vertex."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def lengths_m(self) -> FloatArray:
        """Measure the lines on the ellipsoid."""
        line_of = self.line_of
        same = line_of[1:] == line_of[:-1]
        before, after = np.flatnonzero(same), np.flatnonzero(same) + 1
        metres = crs.distance_m(self.lon[before], self.lat[before], self.lon[after], self.lat[after])
        return np.bincount(line_of[after], weights=metres, minlength=len(self.sizes)).astype(np.float64)

    def unwrapped(self) -> tuple[Lines, npt.NDArray[np.bool_]]:
        """Let lines that cross the antimeridian go on beyond 180 degrees; say which do."""
        line_of, crosses = self.line_of, np.zeros(len(self.sizes), dtype=bool)
        turns = np.zeros(len(self.lon))
        turns[1:] = -np.rint(np.diff(self.lon) / _FULL_TURN_DEG) * (line_of[1:] == line_of[:-1])
        if not turns.any():
            return self, crosses
        crosses[line_of[turns != 0]] = True
        total = np.cumsum(turns)
        first = np.cumsum(self.sizes) - self.sizes
        return Lines(self.lon + _FULL_TURN_DEG * (total - total[first][line_of]), self.lat, self.sizes), crosses

    def shapes(self) -> npt.NDArray[np.object_]:
        """Draw the lines."""
        drawn = shapely.linestrings(np.column_stack([self.lon, self.lat]), indices=self.line_of)
        return np.asarray(drawn, dtype=object)


def edge_table(
    shapes: npt.NDArray[np.object_], from_node: IntArray, to_node: IntArray, length_m: FloatArray, tags: pd.DataFrame
) -> gpd.GeoDataFrame:
    """Put EDGES together, numbered in their order; `tags` may have columns of the source's own as well."""
    table = pd.DataFrame(
        {"edge_id": np.arange(len(shapes)), "from_node": from_node, "to_node": to_node, "length_m": length_m}
    )
    tags = tags.reset_index(drop=True)
    for name in TAGS:
        table[name] = tags[name].astype("str") if name in tags else pd.Series(None, index=table.index, dtype="str")
    table["highway"] = table["highway"].fillna("")
    others = tags.drop(columns=[name for name in tags.columns if name in table.columns])
    return gpd.GeoDataFrame(pd.concat([table, others], axis=1), geometry=list(shapes), crs=crs.WGS84)


def node_table(node_id: IntArray, lon: FloatArray, lat: FloatArray, tags: pd.DataFrame | None = None) -> pd.DataFrame:
    """Put NODES together; `tags` has `barrier`, `access` and `elevation_m` by `node_id` for nodes that have any."""
    nodes = pd.DataFrame({"node_id": node_id, "lon": lon, "lat": lat})
    for name in ("barrier", "access"):
        known = pd.Series(dtype="str") if tags is None or name not in tags else tags[name]
        nodes[name] = pd.Series(known.reindex(node_id).array, index=nodes.index, dtype="str")
    if tags is not None and "elevation_m" in tags and tags["elevation_m"].notna().any():
        nodes["elevation_m"] = tags["elevation_m"].reindex(node_id).to_numpy(dtype=np.float64)
    return nodes


def odd_edges(edges: gpd.GeoDataFrame, crosses: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Note loops, edges without length and edges across the antimeridian, which stay."""
    loops = int((edges["from_node"] == edges["to_node"]).sum())
    flat = int((edges["length_m"] == 0).sum())
    notes = [f"{loops:,} edges end where they begin (loops): kept"] if loops else []
    notes += [f"{flat:,} edges have length 0: kept"] if flat else []
    far = int(crosses.sum())
    notes += [f"{far:,} edges cross the antimeridian: their vertices go on beyond 180 degrees"] if far else []
    return tuple(notes)


def as_area(within: Within | None) -> shapely.Geometry | None:
    """Make one polygon of what `within` can be.

    Raises
    ------
    ParameterError
        If it is neither a box of four degrees nor a polygon.
    """
    if within is None:
        return None
    if isinstance(within, tuple) and len(within) == _BOX_CORNERS:
        west, south, east, north = within
        if west < east and south < north:
            return shapely.box(west, south, east, north)
    elif isinstance(within, shapely.Polygon | shapely.MultiPolygon) and not within.is_empty:
        return within
    raise ParameterError(
        "within must be a box (west, south, east, north) in WGS-84 degrees with west < east and south < north, or a "
        f"polygon. Got {within!r:.80} instead."
    )


def touching(shapes: npt.NDArray[np.object_], area: shapely.Geometry, name: str) -> npt.NDArray[np.bool_]:
    """Say which lines have a point in common with an area.

    Raises
    ------
    DataError
        If none has.
    """
    shapely.prepare(area)
    hits: npt.NDArray[np.bool_] = shapely.intersects(area, shapes)
    if not hits.any():
        raise DataError(
            f"{name}: none of {len(shapes):,} lines touches the area asked for, {_extent(shapely.bounds(area))}. They "
            f"lie in {_extent(shapely.total_bounds(shapes))}: is it one city, and its datum declared rightly?"
        )
    return hits


def _extent(bounds: FloatArray) -> str:
    west, south, east, north = bounds
    return f"{west:.4f}..{east:.4f} east, {south:.4f}..{north:.4f} north"
