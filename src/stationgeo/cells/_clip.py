"""Polygons to cells: how much of each polygon lies in each cell.

In the plane of a face of H3's icosahedron every cell is the same regular hexagon with straight edges (see `_lattice`),
so that the part of a polygon in a cell is a clip by six half planes. Rings are clipped one by one and keep the sign of
their area, so that concave rings and holes come out right although a clipped ring may run along an edge twice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import crs
from stationgeo._compile import kernel
from stationgeo.cells._buckets import name_buckets
from stationgeo.cells._lattice import (
    CORNER,
    FACE_CORNERS,
    HALF,
    HEXAGON,
    HEXAGON_NORMALS,
    N_FACES,
    ROW_STEP,
    Lattice,
    beyond_edges,
    face_of,
    nearest,
    of_resolution,
    project,
    ring_area_m2,
    unit_vectors,
)
from stationgeo.cells._names import checked_cells, checked_resolution, resolutions
from stationgeo.cells._rings import ROOM, copy_corners, cut, extent, with_room
from stationgeo.errors import DataError, ParameterError, phrases

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.schema import CellArray, FloatArray, IntArray

    Objects = npt.NDArray[np.object_]

EDGE_TOLERANCE_M = 1e-3
"""Edges are straight in longitude and latitude; they are split until the great circle between two vertices departs
from that by no more than this."""

LEAST_PIECE_M2 = 1e-6
"""Pieces no larger than this are rounding and are dropped; the largest piece of a polygon never is."""

WIDEST_POLYGON_DEG = 20.0
"""Largest extent of one part of a polygon in longitude and in latitude."""

MOST_PIECES = 50_000_000
"""More pieces than this (about 2 GB) are refused before they are computed."""

_MOST_LAT_DEG = 90.0
_MOST_LON_DEG = 360.0
_MEAN_RADIUS_M = 6_371_008.8  # of the WGS-84 ellipsoid (2a + b) / 3, for tolerances only
# A face farther than this from a vertex (cosine of 73 degrees) cannot hold any of a polygon that is 20 degrees wide:
# its own corners are 37.4 degrees from its centre, and a diagonal of 20 x 20 degrees is 28 degrees.
_FAR_FACE = 0.29


def polygon_areas(polygons: npt.ArrayLike, *, resolution: int) -> tuple[IntArray, CellArray, FloatArray]:
    """Measure how much of each polygon lies in each cell.

    Parameters
    ----------
    polygons
        Shapely polygons and multipolygons in WGS-84 lon/lat, valid and not empty. Edges are meant straight in
        longitude and latitude. A polygon across the antimeridian is drawn beyond 180 or -180 degrees, or split there
        into parts.
    resolution
        H3 resolution, 0 to 15.

    Returns
    -------
    polygon : ndarray of int64
        Row of the polygon, ascending.
    cell : ndarray of uint64
        The cells that it has area in common with, ascending for each polygon.
    area_m2 : ndarray of float64
        That area, on the WGS-84 ellipsoid. The areas of a polygon add up to its own.

    Raises
    ------
    DataError
        If one is missing, empty, invalid, no polygon, not in degrees, or wider than 20 degrees (as a polygon is whose
        edges jump across the antimeridian): how many, and the first three.
    ParameterError
        If there is no such resolution, or the answer would not fit in memory.

    Notes
    -----
    Edges are split until they depart from great circles by at most 1 mm, and taken to the plane of their face of the
    icosahedron; a polygon on several faces is first cut along their edges, so that cells that are bent there come out
    right. Each ring is clipped to the rows of the lattice and then to its hexagons (Sutherland and Hodgman), and the
    ellipsoid's area is integrated over what is left. Pieces of at most
    1e-6 m2 are dropped unless they are all that a polygon has. O(vertices x rows + pieces).

    References
    ----------
    Sutherland, I. E. and Hodgman, G. W. (1974). Reentrant polygon clipping. Communications of the ACM 17(1), 32-42.
    doi:10.1145/360767.360802

    Examples
    --------
    >>> square = shapely.box(114.05, 22.54, 114.051, 22.541)
    >>> polygon, cell, area_m2 = polygon_areas([square], resolution=10)
    >>> cell.size, round(float(area_m2.sum()))
    (4, 11391)
    """
    level = checked_resolution(resolution)
    shapes = np.asarray(polygons, dtype=np.object_).reshape(-1)
    _check_polygons(shapes)
    _check_size(shapes, level)
    part_shapes, part_polygon = shapely.get_parts(shapes, return_index=True)
    rings, ring_part = shapely.get_rings(part_shapes, return_index=True)
    corners, corner_ring = shapely.get_coordinates(rings, return_index=True)
    part_start = np.searchsorted(ring_part, np.arange(len(part_shapes) + 1))
    is_hole = np.ones(len(rings), dtype=np.bool_)
    is_hole[part_start[:-1]] = False
    xyz, ring_start = _place(corners, np.searchsorted(corner_ring, np.arange(len(rings) + 1)), is_hole)
    lattice = of_resolution(level)
    where, area = _clip_parts(xyz, ring_start, part_start, lattice)
    polygon = part_polygon.astype(np.int64)[where[:, 0]]
    kept = _large_enough(polygon, area)
    return _merge(polygon[kept], _name(where[kept, 1:], level), area[kept])


def areas_m2(cells: npt.ArrayLike) -> FloatArray:
    """Measure each cell on the ellipsoid.

    Parameters
    ----------
    cells
        H3 cells, of any resolution.

    Returns
    -------
    ndarray of float64
        Square metres on the WGS-84 ellipsoid.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    The hexagon of the lattice around each cell's centre; the outline from the h3 library where the cell crosses an
    edge of the icosahedron and is bent. O(n), a call of the h3 library per cell.

    Examples
    --------
    >>> round(float(areas_m2([0x8A411CAA05AFFFF])[0]), -1)
    14650.0
    """
    flat = checked_cells(cells)
    levels = resolutions(flat)
    areas = np.zeros(flat.size)
    for level in np.unique(levels).tolist():
        areas[levels == level] = _areas_at(flat[levels == level], level)
    return areas


def _areas_at(cells: CellArray, level: int) -> FloatArray:
    named = cells.tolist()
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in named], dtype=np.float64).T
    lattice = of_resolution(level)
    areas = _hexagon_areas(unit_vectors(lon, lat), lattice)
    for row in np.flatnonzero(np.isnan(areas)).tolist():
        ring_lat, ring_lon = np.array(h3.cell_to_boundary(named[row]), dtype=np.float64).T
        areas[row] = _outline_area(unit_vectors(ring_lon, ring_lat), lattice)
    return areas


def _check_polygons(shapes: Objects) -> None:
    _refuse(shapes, ~shapely.is_geometry(shapes), "be shapes, not missing", lambda shape: str(type(shape).__name__))
    _refuse(shapes, ~np.isin(shapely.get_type_id(shapes), (3, 6)), "be polygons or multipolygons",
            lambda shape: str(shape.geom_type))  # fmt: skip
    _refuse(shapes, shapely.is_empty(shapes), "not be empty", lambda _: "empty")
    _refuse(shapes, ~shapely.is_valid(shapes), "be valid", lambda shape: str(shapely.is_valid_reason(shape)))
    parts, row = shapely.get_parts(shapes, return_index=True)
    west, south, east, north = shapely.bounds(parts).T
    reach_lon, reach_lat = np.maximum(-west, east), np.maximum(-south, north)
    extent = np.maximum(east - west, north - south)
    off, wide = np.zeros(shapes.size, dtype=np.bool_), np.zeros(shapes.size, dtype=np.bool_)
    off[row[(reach_lon > _MOST_LON_DEG) | (reach_lat > _MOST_LAT_DEG)]] = True
    wide[row[extent > WIDEST_POLYGON_DEG]] = True

    def bounds(shape: shapely.Geometry) -> str:
        west, south, east, north = shapely.bounds(shape)
        return f"bounds ({west:g}, {south:g}, {east:g}, {north:g})"

    _refuse(shapes, off, "be in WGS-84 longitude and latitude, in degrees", bounds)
    _refuse(shapes, wide, f"be at most {WIDEST_POLYGON_DEG:g} degrees wide; draw one that crosses the antimeridian "
            "beyond 180 degrees, or split it there", bounds)  # fmt: skip


def _refuse(shapes: Objects, wrong: npt.NDArray[np.bool_], must: str, shown: Callable[[Any], str]) -> None:
    if wrong.any():
        rows = np.flatnonzero(wrong)
        offenders = phrases(f"{shown(shapes[row])} in row {row}" for row in rows)
        raise DataError(f"polygons must {must}; {rows.size:,} of {shapes.size:,} break this: {offenders}.")


def _check_size(shapes: Objects, level: int) -> None:
    _, south, _, north = shapely.bounds(shapes).T
    per_lon, per_lat = crs.metres_per_degree((south + north) / 2.0)
    cell_m2 = h3.average_hexagon_area(level, unit="m^2")
    n_pieces = float((shapely.area(shapes) * per_lon * per_lat).sum()) / cell_m2
    if n_pieces > MOST_PIECES:
        raise ParameterError(
            f"resolution {level} would cut these polygons into about {n_pieces:,.0f} pieces; {MOST_PIECES:,} is the "
            "most. Ask for a coarser resolution, or for some polygons at a time."
        )


def _large_enough(polygon: IntArray, area: FloatArray) -> npt.NDArray[np.bool_]:
    """Mark the pieces that are more than rounding, and the largest of each polygon; `polygon` ascends."""
    first = np.flatnonzero(_is_new(polygon))
    largest = np.repeat(np.maximum.reduceat(area, first), np.diff(np.append(first, area.size)))
    kept: npt.NDArray[np.bool_] = (area > LEAST_PIECE_M2) | ((area == largest) & (area > 0.0))
    return kept


def _is_new(*keys: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Mark the rows that differ from the row before."""
    new = np.zeros(keys[0].size, dtype=np.bool_)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def _name(bucket: IntArray, level: int) -> CellArray:
    face, i, j = np.ascontiguousarray(bucket.T)
    return name_buckets(face, i, j, level)


def _merge(polygon: IntArray, cell: CellArray, area: FloatArray) -> tuple[IntArray, CellArray, FloatArray]:
    """Add up the parts of one cell that lie on several faces, or in several parts of one polygon."""
    order = np.lexsort((cell, polygon))
    polygon, cell, area = polygon[order], cell[order], area[order]
    first = np.flatnonzero(_is_new(polygon, cell))
    return polygon[first], cell[first], np.add.reduceat(area, first)


@kernel
def _n_splits(lon0: float, lat0: float, lon1: float, lat1: float) -> int:
    """Count the parts of an edge that keep the great circle of each within the tolerance of straight lon/lat.

    From a straight edge in lon/lat the great circle departs by R d_lon^2 sin cos / 8 northward and, because meridians
    converge, by R 2 d_lon d_lat sin / 8 eastward; both fall with the square of the number of parts.
    """
    d_lon, d_lat = math.radians(lon1 - lon0), math.radians(lat1 - lat0)
    phi = math.radians(max(abs(lat0), abs(lat1)))
    sine, cosine = math.sin(phi), min(1.0, math.cos(phi) + abs(d_lat))
    departure_m = _MEAN_RADIUS_M * sine * math.hypot(cosine * d_lon * d_lon, 2.0 * d_lon * d_lat) / 8.0
    return max(1, math.ceil(math.sqrt(departure_m / EDGE_TOLERANCE_M)))


@kernel
def _runs_backwards(ring: FloatArray, is_hole: bool) -> bool:  # noqa: FBT001 - numba calls by position
    """Tell whether a closed ring must be turned for shells to run counter-clockwise and holes clockwise."""
    doubled = 0.0
    for row in range(ring.shape[0] - 1):
        x0, y0 = ring[row, 0] - ring[0, 0], ring[row, 1] - ring[0, 1]
        x1, y1 = ring[row + 1, 0] - ring[0, 0], ring[row + 1, 1] - ring[0, 1]
        doubled += x0 * y1 - x1 * y0
    return (doubled > 0.0) == is_hole


@kernel
def _place(corners: FloatArray, start: IntArray, is_hole: npt.NDArray[np.bool_]) -> tuple[FloatArray, IntArray]:
    """Split edges and place all vertices on the unit sphere; rings come closed and leave open."""
    n_rings = start.size - 1
    ring_start = np.zeros(n_rings + 1, dtype=np.int64)
    for ring in range(n_rings):
        n = 0
        for row in range(start[ring], start[ring + 1] - 1):
            n += _n_splits(corners[row, 0], corners[row, 1], corners[row + 1, 0], corners[row + 1, 1])
        ring_start[ring + 1] = ring_start[ring] + n
    xyz = np.empty((ring_start[n_rings], 3))
    for ring in range(n_rings):
        backwards = _runs_backwards(corners[start[ring] : start[ring + 1]], is_hole[ring])
        at, stride = (ring_start[ring + 1] - 1, -1) if backwards else (ring_start[ring], 1)
        for row in range(start[ring], start[ring + 1] - 1):
            lon, lat = corners[row, 0], corners[row, 1]
            d_lon, d_lat = corners[row + 1, 0] - lon, corners[row + 1, 1] - lat
            n = _n_splits(lon, lat, corners[row + 1, 0], corners[row + 1, 1])
            for step in range(n):
                lam, phi = math.radians(lon + d_lon * step / n), math.radians(lat + d_lat * step / n)
                xyz[at, 0] = math.cos(phi) * math.cos(lam)
                xyz[at, 1] = math.cos(phi) * math.sin(lam)
                xyz[at, 2] = math.sin(phi)
                at += stride
    return xyz, ring_start


@kernel
def _is_far(xyz: FloatArray, lattice: Lattice, face: int) -> bool:
    """Tell whether any vertex is so far from a face that the polygon cannot lie on it."""
    centre = lattice.axes[face, 2]
    for row in range(xyz.shape[0]):
        if xyz[row, 0] * centre[0] + xyz[row, 1] * centre[1] + xyz[row, 2] * centre[2] < _FAR_FACE:
            return True
    return False


@kernel
def _only_face(xyz: FloatArray, lattice: Lattice) -> int:
    """Tell the face that holds all vertices, or -1."""
    face = face_of(xyz[0, 0], xyz[0, 1], xyz[0, 2], lattice)
    if _is_far(xyz, lattice, face):
        return -1
    for row in range(xyz.shape[0]):
        u, v = project(xyz[row, 0], xyz[row, 1], xyz[row, 2], lattice, face)
        if beyond_edges(u, v, lattice) > 0.0:
            return -1
    return face


@kernel
def _onto_face(
    xyz: FloatArray,
    rings: IntArray,
    lattice: Lattice,
    face: int,
    several: bool,  # noqa: FBT001 - numba calls by position
) -> tuple[FloatArray, IntArray]:
    """Bring the rings of one part to the plane of a face, and cut them to the face where they lie on several."""
    plane = np.empty((rings[rings.size - 1] - rings[0], 2))
    starts = np.zeros(rings.size, dtype=np.int64)
    one, two = np.empty((ROOM, 2)), np.empty((ROOM, 2))
    for ring in range(rings.size - 1):
        n = rings[ring + 1] - rings[ring]
        one = with_room(one, n)
        for row in range(n):
            point = rings[ring] + row
            one[row, 0], one[row, 1] = project(xyz[point, 0], xyz[point, 1], xyz[point, 2], lattice, face)
        for edge in range(FACE_CORNERS if several else 0):
            two = with_room(two, 2 * n)
            n = cut(one, n, two, lattice.normals[edge, 0], lattice.normals[edge, 1], lattice.reach)
            one, two = two, one
        at = starts[ring]
        plane = with_room(plane, at + n)
        copy_corners(one, 0, n, plane, at)
        starts[ring + 1] = at + n
    return plane, starts


@kernel
def _clip_parts(
    xyz: FloatArray, ring_start: IntArray, part_start: IntArray, lattice: Lattice
) -> tuple[IntArray, FloatArray]:
    """Clip parts (a shell and its holes each) to the hexagons of their faces.

    Returns one row (part, face, i, j) per piece, and the area of each.
    """
    where, area, used = np.empty((ROOM, 4), dtype=np.int64), np.empty(ROOM), np.zeros(1, dtype=np.int64)
    for part in range(part_start.size - 1):
        rings = ring_start[part_start[part] : part_start[part + 1] + 1]
        vertices = xyz[rings[0] : rings[rings.size - 1]]
        only = _only_face(vertices, lattice)
        for face in range(N_FACES):
            if only not in (-1, face) or (only == -1 and _is_far(vertices, lattice, face)):
                continue
            plane, starts = _onto_face(xyz, rings, lattice, face, only == -1)
            before = used[0]
            where, area = _clip_to_rows(plane, starts, lattice, face, where, area, used)
            for row in range(before, used[0]):
                where[row, 0], where[row, 1] = part, face
    return where[: used[0]], area[: used[0]]


@kernel
def _doubled(where: IntArray, area: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return larger tables with the same content."""
    n, width = where.shape
    more_where, more_area = np.empty((2 * n, width), dtype=np.int64), np.empty(2 * n)
    for row in range(n):
        more_area[row] = area[row]
        for column in range(width):
            more_where[row, column] = where[row, column]
    return more_where, more_area


@kernel
def _clip_to_rows(
    plane: FloatArray, starts: IntArray, lattice: Lattice, face: int, where: IntArray, area: FloatArray, used: IntArray
) -> tuple[IntArray, FloatArray]:
    """Clip the rings of one part on one face to the rows of the lattice, and each row to its hexagons.

    Appends to `where` and `area`, of which `used[0]` rows are in use, and hands them back, maybe larger.
    """
    n_rings = starts.size - 1
    strip, one, two = np.empty((ROOM, 2)), np.empty((ROOM, 2)), np.empty((ROOM, 2))
    strip_starts = np.zeros(n_rings + 1, dtype=np.int64)
    if starts[n_rings] == 0:
        return where, area
    low, high = extent(plane, starts[n_rings], 1)
    for j in range(math.ceil((low - CORNER) / ROW_STEP), math.floor((high + CORNER) / ROW_STEP) + 1):
        middle = j * ROW_STEP
        for ring in range(n_rings):
            own = plane[starts[ring] : starts[ring + 1]]
            one = with_room(one, 2 * own.shape[0])
            n_cut = cut(own, own.shape[0], one, 0.0, 1.0, middle + CORNER)
            at = strip_starts[ring]
            strip = with_room(strip, at + 2 * n_cut)
            strip_starts[ring + 1] = at + cut(one, n_cut, strip[at:], 0.0, -1.0, CORNER - middle)
        if strip_starts[n_rings] == 0:
            continue
        west, east = extent(strip, strip_starts[n_rings], 0)
        for i in range(math.ceil(west - HALF - j * HALF), math.floor(east + HALF - j * HALF) + 1):
            total, one, two = _area_in_hexagon(strip, strip_starts, i + j * HALF, middle, lattice, face, one, two)
            if total != 0.0:
                n = used[0]
                if n == area.size:
                    where, area = _doubled(where, area)
                where[n, 2], where[n, 3], area[n] = i, j, total
                used[0] = n + 1
    return where, area


@kernel
def _area_in_hexagon(
    strip: FloatArray, starts: IntArray, u: float, v: float, lattice: Lattice, face: int,
    one: FloatArray, two: FloatArray,
) -> tuple[float, FloatArray, FloatArray]:  # fmt: skip
    """Add up the areas of all rings within the hexagon about (u, v); hands its two buffers back, maybe larger."""
    total = 0.0
    for ring in range(starts.size - 1):
        n = starts[ring + 1] - starts[ring]
        one = with_room(one, n)
        for row in range(n):
            one[row, 0], one[row, 1] = strip[starts[ring] + row, 0] - u, strip[starts[ring] + row, 1] - v
        for side in range(HEXAGON.shape[0]):
            if n == 0:
                break
            two = with_room(two, 2 * n)
            n = cut(one, n, two, HEXAGON_NORMALS[side, 0], HEXAGON_NORMALS[side, 1], HALF)
            one, two = two, one
        if n > 0:
            total += ring_area_m2(one, n, u, v, lattice, face)
    return total, one, two


@kernel
def _hexagon_areas(xyz: FloatArray, lattice: Lattice) -> FloatArray:
    """Measure the cells about their centres; nan for one that is not wholly on its face."""
    areas = np.full(xyz.shape[0], math.nan)
    for row in range(xyz.shape[0]):
        face = face_of(xyz[row, 0], xyz[row, 1], xyz[row, 2], lattice)
        u, v = project(xyz[row, 0], xyz[row, 1], xyz[row, 2], lattice, face)
        i, j = nearest(u, v)
        u, v = i + HALF * j, j * ROW_STEP
        if beyond_edges(u, v, lattice) < -CORNER:
            areas[row] = ring_area_m2(HEXAGON, HEXAGON.shape[0], u, v, lattice, face)
    return areas


@kernel
def _outline_area(xyz: FloatArray, lattice: Lattice) -> float:
    """Measure an outline whose edges are great circles, in the plane of the face nearest to its first corner."""
    face = face_of(xyz[0, 0], xyz[0, 1], xyz[0, 2], lattice)
    ring = np.empty((xyz.shape[0], 2))
    for row in range(xyz.shape[0]):
        ring[row, 0], ring[row, 1] = project(xyz[row, 0], xyz[row, 1], xyz[row, 2], lattice, face)
    u, v = 0.0, 0.0
    for row in range(ring.shape[0]):
        u += ring[row, 0] / ring.shape[0]
        v += ring[row, 1] / ring.shape[0]
    for row in range(ring.shape[0]):
        ring[row, 0] -= u
        ring[row, 1] -= v
    return ring_area_m2(ring, ring.shape[0], u, v, lattice, face)
