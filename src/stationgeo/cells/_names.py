"""Cells by name: from text, to text, and up the hierarchy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.errors import DataError, ParameterError, phrases

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, IntArray

FINEST_RESOLUTION = 15
"""The finest resolution of H3; the coarsest is 0."""

# The bits of an H3 index (H3 core library, "H3 Index bit layout"): from the top 1 reserved, 4 mode, 3 reserved,
# 4 resolution, 7 base cell, then fifteen digits of three bits each, the coarsest first.
_MODE_SHIFT = 59
_RESERVED_SHIFT = 56
RESOLUTION_SHIFT = 52
_RESOLUTION_MASK = 0xF
BASE_SHIFT = 45
BASE_MASK = 0x7F
DIGIT_BITS = 3
DIGIT_MASK = 0b111
_CELL_MODE = 1
_RESERVED_BITS = 0b111
N_BASE_CELLS = 122
_UNUSED_DIGIT = 7
_DELETED_DIGIT = 1
_PENTAGON_BASE_CELLS = np.array([4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117], dtype=np.int64)
_HEXADECIMAL = 16
_N_DIGITS = 7
# More children than this (about 2 GB at once) are refused before they are named.
_MOST_CHILDREN = 50_000_000


def checked_resolution(resolution: int) -> int:
    """Return the resolution as an int, or raise `ParameterError` if H3 has no such resolution."""
    if isinstance(resolution, bool) or int(resolution) != resolution or not 0 <= resolution <= FINEST_RESOLUTION:
        raise ParameterError(f"resolution must be a whole number from 0 to {FINEST_RESOLUTION}. Got {resolution!r}.")
    return int(resolution)


def checked_cells(cells: npt.ArrayLike) -> CellArray:
    """Return the cells as a flat uint64 array, or raise `DataError` if one of them is no H3 cell."""
    array = np.asarray(cells)
    if array.size == 0:
        return np.zeros(0, dtype=np.uint64)
    if array.dtype.kind not in "iu":
        raise DataError(f"cells must be uint64 H3 indexes. Got {array.dtype}; read text with from_text().")
    flat = np.ascontiguousarray(array, dtype=np.uint64).reshape(-1)
    valid = _are_cells(flat, _PENTAGON_BASE_CELLS)
    if not valid.all():
        rows = np.flatnonzero(~valid)
        shown = phrases(f"{int(flat[row]):#x} in row {row}" for row in rows)
        raise DataError(f"cells must be H3 cell indexes; {rows.size:,} of {flat.size:,} are none: {shown}.")
    return flat


def parents(cells: npt.ArrayLike, *, resolution: int) -> CellArray:
    """Name the ancestor of each cell at a coarser resolution.

    Parameters
    ----------
    cells
        H3 cells, all of `resolution` or finer.
    resolution
        H3 resolution of the ancestors; cells that have it already stay what they are.

    Returns
    -------
    ndarray of uint64
        One ancestor per cell. An ancestor does not contain its descendants geometrically: their edges interlock.

    Raises
    ------
    DataError
        If one of them is no H3 cell, or coarser than `resolution`.
    ParameterError
        If there is no such resolution.

    Notes
    -----
    O(n), by bits: the finer digits are set to "unused".

    Examples
    --------
    >>> to_text(parents(from_text(["8a411caa05affff"]), resolution=8))
    array(['88411caa05fffff'], dtype=object)
    """
    level = checked_resolution(resolution)
    flat = checked_cells(cells)
    coarser = resolutions(flat) < level
    if coarser.any():
        shown = phrases(to_text(flat[coarser]))
        raise DataError(
            f"cells must be of resolution {level} or finer to have a parent there; {int(coarser.sum()):,} of "
            f"{flat.size:,} are coarser: {shown}. Ask for a coarser resolution."
        )
    unused = np.uint64((1 << (DIGIT_BITS * (FINEST_RESOLUTION - level))) - 1)
    cleared = flat & ~np.uint64(_RESOLUTION_MASK << RESOLUTION_SHIFT)
    ancestors: CellArray = cleared | np.uint64(level << RESOLUTION_SHIFT) | unused
    return ancestors


def children(cells: npt.ArrayLike, *, resolution: int) -> tuple[IntArray, CellArray]:
    """Name the descendants of each cell at a finer resolution.

    Parameters
    ----------
    cells
        H3 cells, all of `resolution` or coarser.
    resolution
        H3 resolution of the descendants; a cell that has it already is its own.

    Returns
    -------
    row : ndarray of int64
        Which of `cells`; those of a cell stand together.
    child : ndarray of uint64
        Its descendants, in order. They do not fill it geometrically: their edges interlock.

    Raises
    ------
    DataError
        If one of them is no H3 cell, or finer than `resolution`.
    ParameterError
        If there is no such resolution, or there are more than 50 million descendants.

    Notes
    -----
    Seven for each step of resolution, six of a pentagon, whose first digit is left out. O(descendants), by bits.

    Examples
    --------
    >>> row, child = children(from_text(["89411caa05bffff"]), resolution=10)
    >>> row.tolist(), to_text(child[:2]).tolist()
    ([0, 0, 0, 0, 0, 0, 0], ['8a411caa0587fff', '8a411caa058ffff'])
    """
    level = checked_resolution(resolution)
    named = checked_cells(cells)
    above = resolutions(named)
    if (above > level).any():
        shown = phrases(to_text(named[above > level]))
        raise DataError(
            f"cells must be of resolution {level} or coarser to have children there; {int((above > level).sum()):,} of "
            f"{named.size:,} are finer: {shown}. Ask for a finer resolution."
        )
    n_children = int((_N_DIGITS ** (level - above)).sum())
    if n_children > _MOST_CHILDREN:
        raise ParameterError(
            f"cells must have at most {_MOST_CHILDREN:,} children in all. {named.size:,} cells have {n_children:,} of "
            f"resolution {level}. Ask for a coarser resolution, or for fewer cells at a time."
        )
    row = np.arange(named.size, dtype=np.int64)
    while (above < level).any():
        split = np.where(above < level, _N_DIGITS, 1)
        digit = np.arange(int(split.sum())) - np.repeat(np.cumsum(split) - split, split)
        named, row, above = named.repeat(split), row.repeat(split), above.repeat(split)
        named = np.where(above < level, _with_digit(named, above + 1, digit), named)
        above = np.minimum(above + 1, level)
        there = _are_cells(named, _PENTAGON_BASE_CELLS)
        named, row, above = named[there], row[there], above[there]
    return row, named


def _with_digit(cells: CellArray, level: IntArray, digit: IntArray) -> CellArray:
    """Go one step down, to resolution `level`, by a digit."""
    shift = (DIGIT_BITS * (FINEST_RESOLUTION - level)).astype(np.uint64)
    down = (cells & ~(np.uint64(DIGIT_MASK) << shift)) | (digit.astype(np.uint64) << shift)
    stepped: CellArray = down + np.uint64(1 << RESOLUTION_SHIFT)
    return stepped


def resolution_of(cells: npt.ArrayLike) -> int:
    """Tell the one resolution that all cells have.

    Parameters
    ----------
    cells
        H3 cells, at least one.

    Returns
    -------
    int
        0 to 15.

    Raises
    ------
    ParameterError
        If there are no cells, and so no resolution.
    DataError
        If one of them is no H3 cell, or their resolutions differ.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> resolution_of(from_text(["8a411caa05affff"]))
    10
    """
    flat = checked_cells(cells)
    if flat.size == 0:
        raise ParameterError("cells must not be empty: no cells, no resolution.")
    levels, counts = np.unique(resolutions(flat), return_counts=True)
    if levels.size > 1:
        shown = phrases(f"{count:,} of resolution {level}" for level, count in zip(levels, counts, strict=True))
        raise DataError(f"cells must be of one resolution. Got {shown}. Bring them together with parents().")
    return int(levels[0])


def resolutions(cells: CellArray) -> npt.NDArray[np.int64]:
    """Read the resolution of each cell off its bits."""
    return ((cells >> np.uint64(RESOLUTION_SHIFT)) & np.uint64(_RESOLUTION_MASK)).astype(np.int64)


def to_text(cells: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Write cells the way H3 does, in hexadecimal.

    Parameters
    ----------
    cells
        H3 cells.

    Returns
    -------
    ndarray of str
        One text per cell, as Python strings in an object array.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> to_text([622642210455355391])
    array(['8a411caa05affff'], dtype=object)
    """
    flat = checked_cells(cells)
    texts = np.empty(flat.size, dtype=np.object_)
    texts[:] = [f"{cell:x}" for cell in flat.tolist()]
    return texts


def from_text(texts: npt.ArrayLike) -> CellArray:
    """Read cells that are written in hexadecimal.

    Parameters
    ----------
    texts
        For example ``["8a411caa05affff"]``; upper case is read too.

    Returns
    -------
    ndarray of uint64
        One cell per text.

    Raises
    ------
    DataError
        If one of them is no H3 cell.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> from_text(["8a411caa05affff"])
    array([622642210455355391], dtype=uint64)
    """
    flat: list[Any] = np.asarray(texts, dtype=np.object_).reshape(-1).tolist()
    numbers = [_read(text) for text in flat]
    wrong = [row for row, number in enumerate(numbers) if number == 0]
    if wrong:
        shown = phrases(f"{flat[row]!r} in row {row}" for row in wrong)
        raise DataError(
            f"cells must be written as H3 indexes in hexadecimal, such as 8a411caa05affff; {len(wrong):,} of "
            f"{len(flat):,} are not: {shown}."
        )
    return checked_cells(np.array(numbers, dtype=np.uint64))


def _read(text: object) -> int:
    """Read one hexadecimal number; 0, which is no cell, where there is none."""
    try:
        number = int(str(text).strip(), _HEXADECIMAL)
    except ValueError:
        return 0
    return number if 0 < number <= np.iinfo(np.uint64).max else 0


@kernel
def _are_cells(cells: CellArray, pentagons: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    valid = np.zeros(cells.size, dtype=np.bool_)
    for row in range(cells.size):
        cell = np.int64(cells[row])  # the top bit of a cell is 0, so that a cell is never negative here
        level = (cell >> RESOLUTION_SHIFT) & _RESOLUTION_MASK
        base = (cell >> BASE_SHIFT) & BASE_MASK
        good = cell >> _MODE_SHIFT == _CELL_MODE and (cell >> _RESERVED_SHIFT) & _RESERVED_BITS == 0
        good = good and base < N_BASE_CELLS
        leading = True
        for place in range(1, FINEST_RESOLUTION + 1):
            digit = (cell >> (DIGIT_BITS * (FINEST_RESOLUTION - place))) & DIGIT_MASK
            good = good and ((digit == _UNUSED_DIGIT) == (place > level))
            if leading and place <= level and digit != 0:
                leading = False
                good = good and not (digit == _DELETED_DIGIT and np.any(pentagons == base))
        valid[row] = good
    return valid
