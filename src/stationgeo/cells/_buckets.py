"""Names for the hexagons of the lattice: from (face, i, j) to the H3 cell, without a call of the library for each.

An H3 index is an address: a base cell of resolution 0, then for each finer resolution one digit, which says where the
hexagon lies within the one above: in its middle, or in one of six directions. In the lattice of a face the ancestors
are plain arithmetic. What arithmetic cannot know is which base cell a face has at a lattice point of resolution 0, and
by how many sixths of a turn that cell's own directions are turned against the face's. That is asked of the h3 library,
once in a process.

Lattice points are Eisenstein integers z = i + j w, with w a sixth of a turn. A finer lattice is sqrt(7) times as dense
and turned by plus or minus 19.1 degrees, so that a point w of the coarser one lies at b w in it, where b = 3 - w or
2 + w has the norm 7. Each z is b w + d in one way only, with d = 0 or one of the six units: d is the digit.
"""

from __future__ import annotations

from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import h3.api.basic_int as h3
import numpy as np

from stationgeo._compile import kernel
from stationgeo.cells._lattice import HALF, N_FACES, ROW_STEP, Lattice, lonlat, of_resolution
from stationgeo.cells._names import (
    BASE_MASK,
    BASE_SHIFT,
    DIGIT_BITS,
    DIGIT_MASK,
    FINEST_RESOLUTION,
    RESOLUTION_SHIFT,
)
from stationgeo.cells._rings import inner_points

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

_CELL_MODE = 1 << 59
# Rotated together: three digits at a time, by tables.
_GROUP_BITS = 9
_GROUP_MASK = (1 << _GROUP_BITS) - 1
_N_GROUPS = 5

SIXTHS = 6
# The unit of each sixth of a turn as (i, j), and the digit that H3 gives the direction (H3 core library, Direction: 4
# is the axis i, 2 the axis j, 1 the axis k, a third of a turn each; 6, 3 and 5 lie between). Row 0 is the middle.
UNIT = np.array([[0, 0], [1, 0], [0, 1], [-1, 1], [-1, 0], [0, -1], [1, -1]], dtype=np.int64)
_DIGIT = np.array([0, 4, 6, 2, 3, 1, 5], dtype=np.int64)
DIGIT_ROW = np.argsort(_DIGIT)
"""Row of `UNIT` of each digit."""
# Multiples of b = 3 - w are where i + 3 j is a multiple of 7, those of b = 2 + w where i + 5 j is; the remainder of
# either tells d. Odd resolutions lie at 3 - w of the one above, even ones at 2 + w.
_SLOPE = (5, 3)
# Two resolutions make a multiple of 7: (3 - w) (2 + w) = 7. They are climbed together, by the remainders of i and j.
_SEVEN = 7
_RECIPROCAL = 613_566_757  # (2^32 + 3) / 7: its product with a whole number below 2^30, shifted by 32, is the quotient
_RECIPROCAL_SHIFT = 32
_PAIR_BITS = 2 * DIGIT_BITS


def _step(i: int, j: int, parity: int) -> tuple[int, int, int]:
    """Climb one resolution: the lattice point above, and the row of `UNIT` of the digit."""
    remainder = (i + _SLOPE[parity] * j) % _SEVEN
    row = int(np.flatnonzero((UNIT[:, 0] + _SLOPE[parity] * UNIT[:, 1]) % _SEVEN == remainder)[0])
    i, j = i - int(UNIT[row, 0]), j - int(UNIT[row, 1])
    over = (2 * i - j, i + 3 * j) if parity else (3 * i + j, 2 * j - i)
    return over[0] // _SEVEN, over[1] // _SEVEN, row


def _pairs() -> npt.NDArray[np.int8]:
    """Tell for the remainders of i and j by 7 what two resolutions, even and odd, add to the quotients, and digits."""
    table = np.zeros((_SEVEN * _SEVEN, 4), dtype=np.int8)
    for i in range(_SEVEN):
        for j in range(_SEVEN):
            *above, low = _step(i, j, 0)
            *carry, high = _step(above[0], above[1], 1)
            table[_SEVEN * i + j] = (*carry, high << DIGIT_BITS | low, high or low)
    return table


def _turned_groups() -> npt.NDArray[np.int16]:
    """Tell for each number of sixths what three digits become, written as rows of `UNIT` before and as H3 after."""
    groups = np.zeros((SIXTHS, 1 << _GROUP_BITS), dtype=np.int16)
    rows = np.minimum(np.arange(1 << _GROUP_BITS)[:, None] >> (DIGIT_BITS * np.arange(3)) & DIGIT_MASK, SIXTHS)
    for turns in range(SIXTHS):
        turned = np.where(rows > 0, (rows - 1 + turns) % SIXTHS + 1, 0)
        groups[turns] = (_DIGIT[turned] << (DIGIT_BITS * np.arange(3))).sum(axis=1)
    return groups


_PAIRS = _pairs()
_TURNED = _turned_groups()

# Added to i and j to keep them positive: more than any is, and a multiple of 7 at every resolution.
_ABOVE_ZERO = 7**9

# Lattice points of resolution 0 on a face: -2 to 2 in i and in j.
MOST_BASE = 2
_WIDTH = 2 * MOST_BASE + 1
_PENTAGON_BASE_CELLS = (4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117)
# At resolution 3 every base cell of a face has a descendant whose centre lies on that face; a thousandth of a spacing
# within, so that no rounding can move it off.
_LEARN_AT = 3
_WELL_WITHIN = 1e-3


class Bases(NamedTuple):
    """What the h3 library says of the base cells of each face; made by `bases`."""

    cell: npt.NDArray[np.int8]
    """Base cell by face and lattice point of resolution 0, shape (20, 5, 5); -1 where there is none."""

    turns: npt.NDArray[np.int8]
    """Sixths of a turn of its directions against the face's, by face, lattice point and first digit that is not 0
    (as a row of `UNIT`; 0 where all are), shape (20, 5, 5, 7); -1 where unknown.

    A pentagon lacks a sixth of its surroundings, so that its turn depends on the direction.
    """


@cache
def bases() -> Bases:
    """Learn the base cells of all faces from the h3 library.

    Returns
    -------
    Bases
        The same object each time, its arrays read-only.

    Notes
    -----
    Of the descendants that a base cell has in one direction on a face, three resolutions down, the library names the
    one farthest from the face's edges. The turn it shows holds for all directions of a hexagon. What lies so deep on
    no face (slivers where the descendants of a pentagon interlock) stays unknown. O(1), some 2,000 calls of the h3
    library: milliseconds, the first time.
    """
    lattice = of_resolution(_LEARN_AT)
    i, j, slot = _samples(lattice)
    u, v = i + HALF * j, j * ROW_STEP
    cell = np.full((N_FACES, _WIDTH, _WIDTH), -1, dtype=np.int8)
    turns = np.full((N_FACES, _WIDTH, _WIDTH, 1 + SIXTHS), -1, dtype=np.int8)
    for face in range(N_FACES):
        lon, lat = lonlat(np.full(i.size, face), np.column_stack((u, v)), lattice)
        for (at_i, at_j, lead), x, y in zip(slot.tolist(), lon.tolist(), lat.tolist(), strict=True):
            named = h3.latlng_to_cell(y, x, _LEARN_AT)
            base = named >> BASE_SHIFT & BASE_MASK
            cell[face, at_i, at_j] = base
            sixths = (int(np.flatnonzero(_lead_digit(named) == _DIGIT)[0]) - lead) % SIXTHS
            if base in _PENTAGON_BASE_CELLS:
                turns[face, at_i, at_j, lead] = sixths
            else:
                turns[face, at_i, at_j] = sixths
    turns[..., 0] = np.where(cell < 0, -1, 0)
    for array in (cell, turns):
        array.flags.writeable = False
    return Bases(cell, turns)


def _samples(lattice: Lattice) -> tuple[IntArray, IntArray, IntArray]:
    """Choose a lattice point well within a face for each base cell and direction: (i, j) and the place in `Bases`."""
    reach = np.arange(-int(2 * lattice.reach), int(2 * lattice.reach) + 1)
    i, j = (axis.reshape(-1) for axis in np.meshgrid(reach, reach))
    beyond = (np.column_stack((i + HALF * j, j * ROW_STEP)) @ lattice.normals.T).max(axis=1) - lattice.reach
    inward = np.argsort(beyond, kind="stable")
    inward = inward[beyond[inward] < -_WELL_WITHIN]
    slot = np.array([address(a, b, _LEARN_AT)[:3] for a, b in zip(i[inward].tolist(), j[inward].tolist(), strict=True)])
    _, first = np.unique(slot, axis=0, return_index=True)
    first = first[slot[first, 2] > 0]
    return i[inward[first]], j[inward[first]], slot[first]


def _lead_digit(cell: int) -> int:
    """Tell the coarsest digit of a cell of resolution `_LEARN_AT` that is not 0."""
    digits = [cell >> DIGIT_BITS * (FINEST_RESOLUTION - place) & DIGIT_MASK for place in range(1, _LEARN_AT + 1)]
    return next(digit for digit in digits if digit)


@kernel
def address(i: int, j: int, level: int) -> tuple[int, int, int, int]:
    """Climb from a lattice point to resolution 0.

    Returns the place of its base cell in `Bases` (by i and by j), the row of `UNIT` of the coarsest digit that is not
    0, and all digits as rows of `UNIT`, at the bits where an H3 index has them.
    """
    if level & 1:  # from the middle of the hexagon one resolution below, to climb by pairs
        i, j = 2 * i - j, i + 3 * j
    i += _ABOVE_ZERO
    j += _ABOVE_ZERO
    digits, lead = 0, 0
    n_pairs = (level + 1) >> 1
    zero = _ABOVE_ZERO
    for pair in range(n_pairs):
        over_i, over_j = (i * _RECIPROCAL) >> _RECIPROCAL_SHIFT, (j * _RECIPROCAL) >> _RECIPROCAL_SHIFT
        row = _SEVEN * (i - _SEVEN * over_i) + j - _SEVEN * over_j
        i, j = over_i + int(_PAIRS[row, 0]), over_j + int(_PAIRS[row, 1])
        zero //= _SEVEN
        digits |= int(_PAIRS[row, 2]) << (_PAIR_BITS * pair)
        lead = int(_PAIRS[row, 3]) or lead
    digits = (digits << (DIGIT_BITS * (FINEST_RESOLUTION + 1 - 2 * n_pairs))) >> DIGIT_BITS
    return i - zero + MOST_BASE, j - zero + MOST_BASE, lead, digits


@kernel
def write_cells(
    face: IntArray, i: IntArray, j: IntArray, level: int, known: Bases, cells: CellArray, first: int, last: int
) -> None:
    """Name the first hexagons of a block into ``cells[first:last]``; 0 where `bases` does not know, or face < 0."""
    turns_of, base_of = known.turns, known.cell
    head = _CELL_MODE | (level << RESOLUTION_SHIFT)
    unused = (1 << (DIGIT_BITS * (FINEST_RESOLUTION - level))) - 1
    for row in range(last - first):
        base_i, base_j, lead, digits = address(i[row], j[row], level)
        cell = 0
        if face[row] >= 0 and 0 <= base_i < _WIDTH and 0 <= base_j < _WIDTH:
            turns = turns_of[face[row], base_i, base_j, lead]
            if turns >= 0:
                cell = head | unused | (int(base_of[face[row], base_i, base_j]) << BASE_SHIFT)
                for group in range(_N_GROUPS):
                    shift = group * _GROUP_BITS
                    cell |= int(_TURNED[turns, (digits >> shift) & _GROUP_MASK]) << shift
        cells[first + row] = cell


def name_buckets(face: IntArray, i: IntArray, j: IntArray, level: int) -> CellArray:
    """Name the cell of each hexagon of the lattice.

    Parameters
    ----------
    face, i, j
        The hexagons, each with a part on its face; of one shape, flat.
    level
        Their resolution.

    Returns
    -------
    ndarray of uint64
        One cell per hexagon. Hexagons of two faces that make up one bent cell get one name.

    Notes
    -----
    By arithmetic; the few that `bases` does not know by the h3 library, which is asked about a point well inside both
    the hexagon and its face. O(n level), about 30 ns each at resolution 10.
    """
    cells = np.empty(face.size, dtype=np.uint64)
    write_cells(face, i, j, level, bases(), cells, 0, face.size)
    unknown = np.flatnonzero(cells == 0)
    if unknown.size:
        lattice = of_resolution(level)
        lon, lat = lonlat(face[unknown], inner_points(i[unknown], j[unknown], lattice), lattice)
        cells[unknown] = ask_library(lon, lat, level)
    return cells


def ask_library(lon: FloatArray, lat: FloatArray, level: int) -> CellArray:
    """Name the cell of each point by the h3 library, one by one."""
    return np.fromiter(
        map(h3.latlng_to_cell, lat.tolist(), lon.tolist(), repeat(level)), dtype=np.uint64, count=lon.size
    )
