"""Fixed points: of linear maps in as many steps as they have dimensions, and of one that swings."""

import numpy as np
import pytest

from stationgeo.supply._mixing import Mixing


def rounds_of(matrix: np.ndarray, added: np.ndarray, *, most: int = 200) -> tuple[np.ndarray, int]:
    place, mixing = np.zeros(added.size), Mixing()
    for turn in range(most):
        residual = matrix @ place + added - place
        if np.abs(residual).max() < 1e-10:
            return place, turn
        place = mixing.next(place, residual)
    return place, most


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_map_is_solved_in_a_few_steps(seed: int) -> None:
    # Its fixed point solves (I - M) x = b; mixing of six steps is a Krylov method of up to six dimensions.
    rng = np.random.default_rng(seed)
    matrix, added = rng.uniform(-0.3, 0.3, (4, 4)), rng.uniform(0, 1, 4)
    place, turns = rounds_of(matrix, added)
    np.testing.assert_allclose(place, np.linalg.solve(np.eye(4) - matrix, added), rtol=1e-8)
    assert turns <= 12


def test_what_swings_or_creeps_settles() -> None:
    # Plain steps would swing for ever between 0 and 1, and creep for tens of thousands of rounds.
    assert rounds_of(np.array([[-1.0]]), np.array([1.0]))[0] == pytest.approx([0.5])
    place, turns = rounds_of(np.diag([0.999, -0.999]), np.array([0.001, 1.999]))
    np.testing.assert_allclose(place, [1, 1], rtol=1e-6)
    assert turns < 20
