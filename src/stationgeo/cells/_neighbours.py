"""Which of some cells lie beside which."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h3.api.numpy_int as h3_arrays
import numpy as np
import numpy.typing as npt

from stationgeo.cells._names import checked_cells, resolution_of
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from stationgeo.schema import CellArray

# Disks are looked up in blocks of so many cells, to bound the memory.
_DISKS_AT_ONCE = 65_536


def neighbours(cells: npt.ArrayLike, *, rings: int) -> tuple[CellArray, CellArray]:
    """Pair cells with those of them that lie within some rings.

    Parameters
    ----------
    cells
        H3 cells of one resolution; repeats are taken once. May be empty.
    rings
        1 for the six (of a pentagon five) cells around each, 2 for these and the twelve around them.

    Returns
    -------
    cell : ndarray of uint64
        One end of each pair, ascending.
    neighbour : ndarray of uint64
        The other end, ascending for each cell; never the cell itself. Each pair is there both ways.

    Raises
    ------
    DataError
        If one of them is no H3 cell, or their resolutions differ.
    ParameterError
        If `rings` is not a whole number, 1 or more.

    Notes
    -----
    O(n rings^2), through the h3 library; n log n to find who is there.

    Examples
    --------
    >>> from stationgeo.cells import from_text, to_text
    >>> beside = from_text(["8a411caa05affff", "8a411caa0587fff", "8a411cb2db6ffff"])
    >>> cell, neighbour = neighbours(beside, rings=1)
    >>> cell.size
    2
    """
    if isinstance(rings, bool) or int(rings) != rings or rings < 1:
        raise ParameterError(f"rings must be a whole number, 1 or more. Got {rings!r}.")
    there = np.unique(checked_cells(cells))
    if there.size == 0:
        return there, there.copy()
    resolution_of(there)
    found = [_pairs(there, start, int(rings)) for start in range(0, there.size, _DISKS_AT_ONCE)]
    cell, other = (np.concatenate(ends) for ends in zip(*found, strict=True))
    order = np.lexsort((other, cell))
    return cell[order], other[order]


def _pairs(there: CellArray, start: int, rings: int) -> tuple[CellArray, CellArray]:
    """Pair a block of cells with all that are there."""
    block = there[start : start + _DISKS_AT_ONCE]
    disks = [h3_arrays.grid_disk(cell, rings) for cell in block.tolist()]
    cell = np.repeat(block, [disk.size for disk in disks])
    other = np.concatenate(disks).view(np.uint64)
    place = np.minimum(np.searchsorted(there, other), there.size - 1)
    kept = (there[place] == other) & (other != cell)
    return cell[kept], other[kept]
