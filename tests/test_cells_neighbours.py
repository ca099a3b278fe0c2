"""Which cells lie side by side, against the h3 library's own distances."""

import h3.api.basic_int as h3
import numpy as np
import pytest

from stationgeo import cells
from stationgeo.errors import DataError, ParameterError


@pytest.mark.parametrize("steps", [1, 2, 3])
# Shenzhen; a pentagon of resolution 7; where two faces of the icosahedron meet, between Hangzhou and Shanghai.
@pytest.mark.parametrize(
    "start", [0x8A411CAA05AFFFF, 0x870800000FFFFFF, int(cells.from_lonlat([120.9], [30.6], resolution=8)[0])]
)
def test_pairs_are_those_that_lie_so_many_steps_apart(start: int, steps: int) -> None:
    chance = np.random.default_rng(steps)
    disk = np.array(h3.grid_disk(start, 5), dtype=np.uint64)
    some = chance.permutation(disk)[: disk.size * 2 // 3]
    near = [set(h3.grid_disk(int(cell), steps)) for cell in some]
    expected = [(i, j) for i in range(some.size) for j in range(i + 1, some.size) if int(some[j]) in near[i]]
    one, other = cells.neighbours(some, steps=steps)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected


def test_a_cell_has_six_neighbours_and_a_pentagon_five() -> None:
    for centre, n in ((0x8A411CAA05AFFFF, 6), (0x870800000FFFFFF, 5)):
        disk = np.array(h3.grid_disk(centre, 1), dtype=np.uint64)
        one, other = cells.neighbours(disk, steps=1)
        middle = int(np.flatnonzero(disk == centre)[0])
        assert int(((one == middle) | (other == middle)).sum()) == n
        assert one.size == 2 * n  # the ring itself is closed


def test_no_cells_have_no_pairs() -> None:
    one, other = cells.neighbours(np.zeros(0, dtype=np.uint64), steps=1)
    assert (one.size, other.size) == (0, 0)


def test_wrong_calls() -> None:
    cell = np.array([0x8A411CAA05AFFFF], dtype=np.uint64)
    with pytest.raises(DataError, match="once each; 1 repeat"):
        cells.neighbours(np.repeat(cell, 2), steps=1)
    for steps in (0, 1.5, True):
        with pytest.raises(ParameterError, match="steps must be a whole number"):
            cells.neighbours(cell, steps=steps)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="one resolution"):
        cells.neighbours(np.append(cell, cells.parents(cell, resolution=9)), steps=1)
