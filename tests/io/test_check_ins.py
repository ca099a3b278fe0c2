"""Visits of stations: rows, counts, hours, and what is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from stationgeo import io
from stationgeo.errors import ColumnError, DataError


def test_a_row_for_each_visit_in_local_time() -> None:
    # Two people at S1 in one second are two visits; 09:00 in China is 01:00 UTC.
    raw = pd.DataFrame({"station_id": ["S1", "S1", "S2"], "t": ["2026-11-20 09:00:00"] * 3})
    read = io.read_check_ins(raw, tz="Asia/Shanghai")
    assert read.table["visits"].tolist() == [1, 1, 1]
    assert read.table["t"].dt.hour.tolist() == [1, 1, 1]
    assert read.report.rows_kept == 3
    assert "no visits column: each row counts 1" in read.report.notes


def test_counts_by_the_hour_and_bad_rows() -> None:
    raw = pd.DataFrame({"station_id": ["S1", "S2", "S3", ""], "visits": ["4", "-1", "x", "2"], "bin": [9, 9, 9, 9]})
    with pytest.raises(DataError, match="visits"):
        io.read_check_ins(raw)
    read = io.read_check_ins(raw, bad_rows="drop")
    assert read.table.to_dict("list") == {"station_id": ["S1"], "visits": [4.0], "bin": [9]}
    assert sum(count.rows for count in read.report.dropped) == 3


@pytest.mark.parametrize("hour", [168, -1, 9.5])
def test_an_hour_is_one_of_the_week(hour: float) -> None:
    with pytest.raises(DataError, match="bin"):
        io.read_check_ins(pd.DataFrame({"station_id": ["S1"], "bin": [hour]}))


def test_what_is_refused() -> None:
    with pytest.raises(ColumnError, match="both say when"):
        io.read_check_ins(pd.DataFrame({"station_id": ["S1"], "bin": [9], "t": ["2026-11-20"]}), tz="Asia/Shanghai")
    with pytest.raises(ColumnError, match="station_id"):
        io.read_check_ins(pd.DataFrame({"visits": [1]}))
    with pytest.raises(DataError, match="no visits"):
        io.read_check_ins(pd.DataFrame({"station_id": ["S1"], "visits": [0]}))
    with pytest.raises(ColumnError, match="手机"):
        io.read_check_ins(pd.DataFrame({"station_id": ["S1"], "手机": ["13800000000"]}))
