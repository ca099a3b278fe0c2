"""Which cells lie side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt

from stationgeo.cells._names import checked_cells, resolution_of
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from stationgeo.schema import CellArray, IntArray

# Disks are looked up in blocks of so many cells, to bound the memory.
_DISKS_AT_ONCE = 65_536


def neighbours(cells: npt.ArrayLike, *, steps: int) -> tuple[IntArray, IntArray]:
    """Find the pairs of cells that lie within so many steps of each other.

    Parameters
    ----------
    cells
        H3 cells of one resolution, each once, in any order; none have no pairs.
    steps
        Steps from cell to neighbouring cell, 1 or more: 1 pairs cells that share an edge, 2 also those with one cell
        between them.

    Returns
    -------
    one, other : ndarray of int64
        Rows of `cells`, each pair once with ``one < other``, in order of `one`, then `other`.

    Raises
    ------
    DataError
        If one of them is no H3 cell, they are of several resolutions, or one is there twice.
    ParameterError
        If `steps` is no whole number, 1 or more.

    Notes
    -----
    Steps may lead over cells that are not among those given. The h3 library says what lies around a cell, so that
    pentagons and the edges of faces are right: a call of it per cell. O(n steps^2 log n).

    Examples
    --------
    >>> from stationgeo.cells import from_lonlat
    >>> cell = from_lonlat([114.0579, 114.0592, 114.2], [22.5431, 22.5431, 22.5431], resolution=10)
    >>> [rows.tolist() for rows in neighbours(cell, steps=1)]
    [[0], [1]]
    """
    named = checked_cells(cells)
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise ParameterError(f"steps must be a whole number, 1 or more. Got {steps!r}.")
    if not named.size:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    resolution_of(named)
    order = np.argsort(named, kind="stable")
    ascending = named[order]
    repeated = ascending[1:][ascending[1:] == ascending[:-1]]
    if repeated.size:
        raise DataError(f"cells must be there once each; {repeated.size:,} repeat: {first_few(repeated)}.")
    found = [_pairs(named, start, ascending, order, int(steps)) for start in range(0, named.size, _DISKS_AT_ONCE)]
    one, other = (np.concatenate(rows) for rows in zip(*found, strict=True))
    in_order = np.lexsort((other, one))
    return one[in_order], other[in_order]


def _pairs(
    named: CellArray, start: int, ascending: CellArray, order: IntArray, steps: int
) -> tuple[IntArray, IntArray]:
    """Pair a block of cells with all that are given."""
    disks = [h3.grid_disk(cell, steps) for cell in named[start : start + _DISKS_AT_ONCE].tolist()]
    one = start + np.repeat(np.arange(len(disks)), [len(disk) for disk in disks])
    near = np.concatenate([np.array(disk, dtype=np.uint64) for disk in disks])
    place = np.minimum(np.searchsorted(ascending, near), ascending.size - 1)
    other = order[place]
    kept = (ascending[place] == near) & (one < other)
    return one[kept], other[kept]
