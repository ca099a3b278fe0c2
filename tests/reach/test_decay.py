"""Weights that fall with the way."""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import reach
from stationgeo.errors import ColumnError, ParameterError

ALL: list[Any] = [
    reach.step(cutoff=300),
    reach.linear(cutoff=300),
    reach.linear(cutoff=300, full_to=100),
    reach.exponential(scale=100),
    reach.exponential(scale=100, cutoff=300),
    reach.gaussian(cutoff=300),
    reach.logistic(midpoint=150, spread=20),
    reach.logistic(midpoint=150, spread=0.01, cutoff=300),
    reach.tabulated([0, 100, 300], [1.0, 0.7, 0.0]),
]


@pytest.mark.parametrize("decay", ALL, ids=lambda one: one.name)
@given(ways=st.lists(st.floats(0, 1e6), min_size=2, max_size=20))
def test_weights_start_at_1_never_rise_and_stay_between_0_and_1(decay: reach.Decay, ways: list[float]) -> None:
    weight = decay(sorted(ways))
    assert ((weight >= 0) & (weight <= 1)).all()
    assert (np.diff(weight) <= 0).all()
    assert decay([0.0]).tolist() == [1.0]
    assert decay([np.nan]).tolist() == [0.0]
    assert decay(np.zeros((2, 3))).shape == (2, 3)
    assert decay([]).size == 0


@pytest.mark.parametrize("decay", ALL, ids=lambda one: one.name)
def test_decays_are_values_that_travel(decay: reach.Decay) -> None:
    again = pickle.loads(pickle.dumps(decay))  # noqa: S301 - our own bytes
    assert again == decay
    assert again([10.0, 200.0]).tolist() == decay([10.0, 200.0]).tolist()


def test_formulas_by_hand() -> None:
    assert reach.step(cutoff=300)([300, np.nextafter(300, 301)]).tolist() == [1.0, 0.0]
    assert reach.linear(cutoff=400)([100, 300]).tolist() == [0.75, 0.25]
    assert reach.exponential(scale=200)([200]).item() == pytest.approx(math.exp(-1))
    # Half way to the cutoff: (e^-0.125 - e^-0.5) / (1 - e^-0.5) = (0.882497 - 0.606531) / 0.393469.
    assert reach.gaussian(cutoff=300)([150]).item() == pytest.approx(0.701367, abs=1e-6)
    # (1 + e^-3) / (1 + e^1) = 1.049787 / 3.718282.
    assert reach.logistic(midpoint=150, spread=50)([200]).item() == pytest.approx(0.282331, abs=1e-6)
    assert reach.tabulated([100, 200], [0.8, 0.4])([0, 150, 200, 201]).tolist() == pytest.approx([0.8, 0.6, 0.4, 0.0])


def test_a_reach_table_is_weighed_row_by_row() -> None:
    table = pd.DataFrame({"station_id": ["a", "a"], "cell": [1, 2], "impedance_m": [0.0, 600.0]})
    assert reach.decay_weights(table, reach.linear(cutoff=1200)).tolist() == [1.0, 0.5]
    assert reach.decay_weights(table, lambda way: 1 / (1 + way / 600)).tolist() == [1.0, 0.5]
    with pytest.raises(ParameterError, match="one weight a row, 2 in all"):
        reach.decay_weights(table, lambda way: way[:1])
    with pytest.raises(ParameterError, match="between 0 and 1; 1 of 2 are not: 600"):
        reach.decay_weights(table, lambda way: way)
    with pytest.raises(ColumnError, match=r"exactly one of impedance_s and impedance_m.*Got 'impedance_s', 'imp"):
        reach.decay_weights(table.assign(impedance_s=1.0), reach.step(cutoff=1))
    with pytest.raises(ColumnError, match="Got neither"):
        reach.decay_weights(table[["cell"]], reach.step(cutoff=1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: reach.step(cutoff=0), "cutoff must be above 0"),
        (lambda: reach.step(cutoff=math.inf), "cutoff must be a finite number"),
        (lambda: reach.linear(cutoff=300, full_to=300), "full_to must be 0 or more and less than cutoff = 300"),
        (lambda: reach.exponential(scale=-1), "scale must be above 0"),
        (lambda: reach.exponential(scale=1, cutoff=math.nan), "cutoff must be above 0"),
        (lambda: reach.logistic(midpoint=1, spread=math.nan), "spread must be a finite number"),
        (lambda: reach.tabulated([1], [1]), "two or more. Got 1 and 1"),
        (lambda: reach.tabulated([2, 1], [1, 0]), "must ascend"),
        (lambda: reach.tabulated([1, 2], [0.5, 0.6]), "never rise"),
        (lambda: reach.step(cutoff=1)([-1.0, 2.0]), "0 or more; 1 of 2 are not: -1"),
    ],
)
def test_what_cannot_be_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        make()
