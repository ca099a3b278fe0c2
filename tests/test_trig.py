import math

import numpy as np

from stationgeo._trig import sincos_deg


def test_sine_and_cosine_are_off_by_at_most_a_rounding() -> None:
    rng = np.random.default_rng(1)
    # Reference: the C library on angles within an eighth of a turn, and the symmetries of the circle for the others.
    for eighth in rng.uniform(-45.0, 45.0, 2_000).tolist():
        sine, cosine = math.sin(math.radians(eighth)), math.cos(math.radians(eighth))
        turned = [(sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine)]
        for quarters in range(-9, 10):
            degrees = eighth + 90.0 * quarters
            rounding = math.radians(abs((degrees - 90.0 * quarters) - eighth))
            found = sincos_deg(degrees)
            expected = turned[quarters % 4]
            assert abs(found[0] - expected[0]) <= 2.3e-16 + rounding
            assert abs(found[1] - expected[1]) <= 2.3e-16 + rounding


def test_quarter_turns_are_exact() -> None:
    assert [sincos_deg(90.0 * quarters) for quarters in range(-4, 5)] == [
        (0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0),
    ]  # fmt: skip


def test_nan_and_infinite_give_nan() -> None:
    assert all(math.isnan(value) for angle in (math.nan, math.inf) for value in sincos_deg(angle))
