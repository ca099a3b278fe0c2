"""Centres of cells by the lattice: the way back of `_buckets`, from the H3 index to (face, i, j)."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np

from stationgeo._compile import kernel
from stationgeo.cells._buckets import DIGIT_ROW, MOST_BASE, SIXTHS, UNIT, Bases, bases
from stationgeo.cells._lattice import HALF, ROW_STEP, Lattice, beyond_edges, of_resolution
from stationgeo.cells._names import (
    BASE_MASK,
    BASE_SHIFT,
    DIGIT_BITS,
    DIGIT_MASK,
    FINEST_RESOLUTION,
    N_BASE_CELLS,
    resolutions,
)

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["centres_of"]

_NOWHERE = -1

# On an edge of two faces, in the slivers about pentagons that lie on none, and where a face sees a cell from beyond
# its edge, the library is asked: nearer to an edge than this, as a share of the way there from the face's centre.
_WELL_WITHIN = 1e-9

# The library takes latitudes from an arc sine, which is off near the poles: the answer there is its own.
_POLAR_DEG = 89.0


def centres_of(cells: CellArray) -> tuple[FloatArray, FloatArray]:
    """Tell longitude and latitude of the centres of cells that are known to be some."""
    lon, lat = np.empty(cells.size), np.empty(cells.size)
    levels = resolutions(cells)
    for level in np.unique(levels).tolist():
        rows = np.flatnonzero(levels == level)
        _place(cells.astype(np.int64), rows, level, bases(), _spots(), of_resolution(level), lon, lat)
    asked = np.flatnonzero(~(np.abs(lat) < _POLAR_DEG))
    for row in asked.tolist():
        lat[row], lon[row] = h3.cell_to_latlng(int(cells[row]))
    return lon, lat


@cache
def _spots() -> IntArray:
    """List where each base cell is seen: faces and places in `Bases`, shape (122, faces, 3); -1 behind those."""
    cell = bases().cell
    found = [np.argwhere(cell == base) for base in range(N_BASE_CELLS)]
    spots = np.full((N_BASE_CELLS, max(map(len, found)), 3), _NOWHERE, dtype=np.int64)
    for base, places in enumerate(found):
        spots[base, : len(places)] = places
    spots.flags.writeable = False
    return spots


@kernel
def _place(
    cells: IntArray, rows: IntArray, level: int, known: Bases, spots: IntArray, lattice: Lattice,
    lon: FloatArray, lat: FloatArray,
) -> None:  # fmt: skip
    """Find the centres of some cells on the faces that see them well within; nan where none does."""
    for row in rows:
        cell = cells[row]
        base = (cell >> BASE_SHIFT) & BASE_MASK
        lead = 0
        for place in range(level, 0, -1):
            lead = DIGIT_ROW[(cell >> (DIGIT_BITS * (FINEST_RESOLUTION - place))) & DIGIT_MASK] or lead
        lon[row] = lat[row] = np.nan
        for spot in range(spots.shape[1]):
            face, at_i, at_j = spots[base, spot, 0], spots[base, spot, 1], spots[base, spot, 2]
            if face == _NOWHERE:
                break
            turns = _turned(known, face, at_i, at_j, lead)
            if turns == _NOWHERE:
                continue
            u, v = _descend(cell, level, at_i - MOST_BASE, at_j - MOST_BASE, turns)
            if beyond_edges(u, v, lattice) < -_WELL_WITHIN * lattice.reach:
                lon[row], lat[row] = _lonlat(u, v, lattice, face)
                break


@kernel
def _lonlat(u: float, v: float, lattice: Lattice, face: int) -> tuple[float, float]:
    """Bring a place in the plane of a face back to degrees."""
    axes, scale = lattice.axes, lattice.scale
    x = axes[face, 2, 0] + scale * (u * axes[face, 0, 0] + v * axes[face, 1, 0])
    y = axes[face, 2, 1] + scale * (u * axes[face, 0, 1] + v * axes[face, 1, 1])
    z = axes[face, 2, 2] + scale * (u * axes[face, 0, 2] + v * axes[face, 1, 2])
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


@kernel
def _turned(known: Bases, face: int, at_i: int, at_j: int, lead: int) -> int:
    """Tell how many sixths directions are turned where the coarsest digit that is not 0 reads `lead` in the index."""
    if lead == 0:
        return 0
    for direction in range(1, SIXTHS + 1):
        turns = int(known.turns[face, at_i, at_j, direction])
        if turns >= 0 and (direction - 1 + turns) % SIXTHS + 1 == lead:
            return turns
    return _NOWHERE


@kernel
def _descend(cell: int, level: int, i: int, j: int, turns: int) -> tuple[float, float]:
    """Go down from a lattice point of resolution 0 by the digits of a cell."""
    for place in range(1, level + 1):
        # Odd resolutions lie at 3 - w of the one above, even ones at 2 + w.
        i, j = (3 * i + j, 2 * j - i) if place & 1 else (2 * i - j, i + 3 * j)
        row = DIGIT_ROW[(cell >> (DIGIT_BITS * (FINEST_RESOLUTION - place))) & DIGIT_MASK]
        if row > 0:
            row = (row - 1 - turns) % SIXTHS + 1
        i, j = i + UNIT[row, 0], j + UNIT[row, 1]
    return i + HALF * j, j * ROW_STEP
