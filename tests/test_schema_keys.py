"""Keys that repeat are found whatever the order of rows, and rows in order are seen to be so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo.errors import DataError
from stationgeo.schema import Column, Table, validate

KEYED = Table(
    name="KEYED", key=("cell", "zone_id", "bin"),
    columns=(
        Column(name="cell", kind="cell", meaning="a cell"), Column(name="zone_id", kind="text", meaning="a zone"),
        Column(name="bin", kind="int", meaning="a bin"),
    ),
)  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc"), st.integers(0, 2)), max_size=8), st.booleans())
def test_repeated_keys_are_found_in_any_order(rows: list[tuple[int, str, int]], ordered: bool) -> None:  # noqa: FBT001
    table = pd.DataFrame(sorted(rows) if ordered else rows, columns=["cell", "zone_id", "bin"])
    table = table.astype({"cell": "uint64", "zone_id": "str", "bin": "int64"})
    if len(set(rows)) == len(rows):
        assert validate(table, KEYED) is table
    else:
        with pytest.raises(DataError, match=rf"{len(rows) - len(set(rows))} rows repeat an earlier one"):
            validate(table, KEYED)


def test_times_are_keys_too() -> None:
    timed = Table(name="TIMED", key=("t",), columns=(Column(name="t", kind="time", meaning="when"),))
    table = pd.DataFrame({"t": pd.to_datetime(np.array([1, 2, 2]), unit="s", utc=True)})
    assert len(validate(table.iloc[:2], timed)) == 2
    with pytest.raises(DataError, match="1 rows repeat"):
        validate(table, timed)
