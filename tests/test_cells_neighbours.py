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
    near = {int(cell): set(h3.grid_disk(int(cell), steps)) for cell in some}
    expected = [(a, b) for a in sorted(near) for b in sorted(near) if a != b and b in near[a]]
    one, other = cells.neighbours(some, rings=steps)
    assert list(zip(one.tolist(), other.tolist(), strict=True)) == expected


def test_a_cell_has_six_neighbours_and_a_pentagon_five() -> None:
    for centre, n in ((0x8A411CAA05AFFFF, 6), (0x870800000FFFFFF, 5)):
        disk = np.array(h3.grid_disk(centre, 1), dtype=np.uint64)
        one, _ = cells.neighbours(disk, rings=1)
        assert int((one == centre).sum()) == n
        assert one.size == 4 * n  # the ring itself is closed, and each pair is there both ways


def test_no_cells_have_no_pairs() -> None:
    one, other = cells.neighbours(np.zeros(0, dtype=np.uint64), rings=1)
    assert (one.size, other.size) == (0, 0)


def test_wrong_calls() -> None:
    cell = np.array([0x8A411CAA05AFFFF], dtype=np.uint64)
    assert cells.neighbours(np.repeat(cell, 2), rings=1)[0].size == 0
    for rings in (0, 1.5, True):
        with pytest.raises(ParameterError, match="rings must be a whole number"):
            cells.neighbours(cell, rings=rings)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="one resolution"):
        cells.neighbours(np.append(cell, cells.parents(cell, resolution=9)), rings=1)
