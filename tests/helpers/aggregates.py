"""Aggregates held against each other."""

import dataclasses

import numpy as np
import pandas as pd

from stationgeo import demand


def assert_same(one: demand.Aggregate, two: demand.Aggregate) -> None:
    """Insist that two aggregates agree in every field, to the last bit."""
    pd.testing.assert_frame_equal(one.sums, two.sums, check_exact=True)
    pd.testing.assert_frame_equal(one.couriers, two.couriers, check_exact=True)
    for field in dataclasses.fields(demand.Aggregate):
        if field.name not in {"sums", "couriers"}:
            assert np.array_equal(getattr(one, field.name), getattr(two, field.name)), field.name
