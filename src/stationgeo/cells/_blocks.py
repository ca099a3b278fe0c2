"""Points to hexagons of the lattice, in blocks whose loops compilers make into vector instructions.

The face of a point is the one whose centre is nearest. Points come in swarms that lie on one face, so a block tries
the face of its first point: a point is surely on it if it is nearer to its centre than to the three next faces'. Only
the others search all twenty. That is a short cut, not a guess: no point's hexagon depends on those it comes with.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo._compile import kernel
from stationgeo._trig import sincos_deg
from stationgeo.cells._buckets import Bases, write_cells
from stationgeo.cells._lattice import FACE_CORNERS, N_FACES, Lattice, face_of, nearest, of_resolution, project

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray

MOST_LON_DEG = 180.0
MOST_LAT_DEG = 90.0
BLOCK = 1024
"""So many points go through the loops together: their coordinates stay in the fastest cache."""

UNUSABLE = -1
"""In place of a face: the point is nan, infinite or off the globe."""

ASK_LIBRARY = -2
"""In place of a face: the point is so near to the face's centre that the h3 library's own rounding shows."""

# Nearer to another face by less than this (in products of unit vectors) is for the search of all faces to decide.
_MARGIN = 1e-12
# The library takes a point's distance from its face's centre from an arc cosine, off by up to 4 mm at a metre's
# distance and by 0.04 mm at 100 m: within 100 m (in radii of the Earth) its answer is not the lattice's but its own.
_NEAR_CENTRE = 100.0 / 6_371_000.0


class Faces(NamedTuple):
    """The faces as blocks need them; made by `faces`."""

    lattice: Lattice
    """Of one resolution."""

    inward: FloatArray
    """Per face its centre less those of the three next faces: with a point on the face all products are positive;
    shape (20, 3, 3)."""

    ask_within: float
    """Squared distance from a face's centre within which the library is asked, in spacings of the lattice."""


@cache
def faces(resolution: int) -> Faces:
    """Prepare the faces of one resolution; the same object each time, its arrays read-only."""
    lattice = of_resolution(resolution)
    centres = lattice.axes[:, 2]
    others = np.argsort(-(centres @ centres.T), axis=1, kind="stable")[:, 1 : 1 + FACE_CORNERS]
    inward = centres[:, None, :] - centres[others]
    inward.flags.writeable = False
    return Faces(lattice, inward, (_NEAR_CENTRE / lattice.scale) ** 2)


class Block(NamedTuple):
    """Where the points of a block lie; made by `new_block`, filled by `place`."""

    xyz: FloatArray
    """Unit vectors, then plane coordinates in the first two rows; shape (3, BLOCK)."""

    closest: FloatArray
    """Room for the search of faces."""

    face: IntArray
    """Face, `UNUSABLE` or `ASK_LIBRARY`."""

    ij: IntArray
    """Lattice points, shape (2, BLOCK)."""


def new_block() -> Block:
    """Make room for a block."""
    return Block(
        np.empty((3, BLOCK)), np.empty(BLOCK), np.empty(BLOCK, dtype=np.int64), np.empty((2, BLOCK), dtype=np.int64)
    )


@kernel
def place(lon: FloatArray, lat: FloatArray, first: int, n: int, grid: Faces, block: Block) -> int:
    """Find the hexagons of `n` points from row `first` on; at most `BLOCK`.

    Returns the face that holds them all, or -1 if there are several or some have none.
    """
    x, y, z = block.xyz[0], block.xyz[1], block.xyz[2]
    lattice = grid.lattice
    n_bad = _onto_sphere(lon[first : first + n], lat[first : first + n], x, y, z)
    face = face_of(x[0], y[0], z[0], lattice)
    if _all_on_face(x, y, z, n, grid.inward[face]):
        for p in range(n):
            x[p], y[p] = project(x[p], y[p], z[p], lattice, face)
            block.face[p] = face
    else:
        _find_faces(x, y, z, n, block, lattice.axes)
        for p in range(n):
            x[p], y[p] = project(x[p], y[p], z[p], lattice, block.face[p])
        face = -1
    n_near = _onto_lattice(x, y, n, grid.ask_within, block)
    if n_bad > 0:
        for p in range(n):
            if not (abs(lon[first + p]) <= MOST_LON_DEG and abs(lat[first + p]) <= MOST_LAT_DEG):
                block.face[p] = UNUSABLE
    return -1 if n_near > 0 or n_bad > 0 else face


@kernel
def _onto_lattice(x: FloatArray, y: FloatArray, n: int, ask_within: float, block: Block) -> int:
    """Round plane coordinates to the lattice; mark and count those for the h3 library."""
    i, j = block.ij[0], block.ij[1]
    n_near = 0
    for p in range(n):
        i[p], j[p] = nearest(x[p], y[p])
        n_near += x[p] * x[p] + y[p] * y[p] < ask_within
    if n_near > 0:
        for p in range(n):
            if x[p] * x[p] + y[p] * y[p] < ask_within:
                block.face[p] = ASK_LIBRARY
    return n_near


@kernel
def _onto_sphere(lon: FloatArray, lat: FloatArray, x: FloatArray, y: FloatArray, z: FloatArray) -> int:
    """Place points on the unit sphere, unusable ones at (0, 0), and count these."""
    n_bad = 0
    for p in range(lon.size):
        good = abs(lon[p]) <= MOST_LON_DEG and abs(lat[p]) <= MOST_LAT_DEG
        n_bad += not good
        y[p], x[p] = sincos_deg(lon[p] if good else 0.0)
    for p in range(lon.size):
        good = abs(lon[p]) <= MOST_LON_DEG and abs(lat[p]) <= MOST_LAT_DEG
        sine, cosine = sincos_deg(lat[p] if good else 0.0)
        x[p] *= cosine
        y[p] *= cosine
        z[p] = sine
    return n_bad


@kernel
def _all_on_face(x: FloatArray, y: FloatArray, z: FloatArray, n: int, inward: FloatArray) -> bool:
    """Tell whether all points surely lie on one face."""
    n_off = 0
    for p in range(n):
        a = x[p] * inward[0, 0] + y[p] * inward[0, 1] + z[p] * inward[0, 2]
        b = x[p] * inward[1, 0] + y[p] * inward[1, 1] + z[p] * inward[1, 2]
        c = x[p] * inward[2, 0] + y[p] * inward[2, 1] + z[p] * inward[2, 2]
        n_off += min(a, b, c) <= _MARGIN
    return n_off == 0


@kernel
def _find_faces(x: FloatArray, y: FloatArray, z: FloatArray, n: int, block: Block, axes: FloatArray) -> None:
    """Search all faces for each point, as `face_of` does for one: face by face over the block is ten times as fast."""
    closest, face = block.closest, block.face
    for p in range(n):
        closest[p] = -2.0
        face[p] = 0
    for tried in range(N_FACES):
        a, b, c = axes[tried, 2, 0], axes[tried, 2, 1], axes[tried, 2, 2]
        for p in range(n):
            closeness = x[p] * a + y[p] * b + z[p] * c
            face[p] = tried if closeness > closest[p] else face[p]
            closest[p] = max(closeness, closest[p])


@kernel
def cells_of_points(lon: FloatArray, lat: FloatArray, level: int, grid: Faces, known: Bases, block: Block) -> CellArray:
    """Name the cell of each point; 0 where the h3 library must be asked, or the point is unusable."""
    cells = np.empty(lon.size, dtype=np.uint64)
    for first in range(0, lon.size, BLOCK):
        n = min(BLOCK, lon.size - first)
        place(lon, lat, first, n, grid, block)
        write_cells(block.face, block.ij[0], block.ij[1], level, known, cells, first, first + n)
    return cells
