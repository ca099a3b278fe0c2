import pandas as pd
import pytest

from stationgeo import io
from stationgeo.errors import ColumnError, DataError


def test_codes_stay_text_and_numbers_are_read() -> None:
    raw = pd.DataFrame({"zone_id": ["0101", "0102"], "workers": ["1200", "3.5"]})
    table = io.read_workers(raw).table
    assert table["zone_id"].tolist() == ["0101", "0102"]
    assert table["workers"].tolist() == [1200.0, 3.5]


@pytest.mark.parametrize(
    ("raw", "error", "message"),
    [
        ({"zone_id": ["A"]}, ColumnError, r"'workers' \(for workers\) is missing"),
        ({"zone_id": ["A"], "workers": [-1]}, DataError, "workers"),
        ({"zone_id": ["A"], "workers": ["many"]}, DataError, r"'workers' \(workers\) cannot be read"),
        ({"zone_id": ["A"], "workers": [None]}, DataError, "workers"),
        ({"zone_id": ["A", "A"], "workers": [1, 2]}, DataError, "unique"),
    ],
)
def test_what_is_no_table_of_workers_is_refused(
    raw: dict[str, list[object]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        io.read_workers(pd.DataFrame(raw))


def test_bad_rows_are_dropped_and_counted() -> None:
    read = io.read_workers(pd.DataFrame({"zone_id": ["A", "B"], "workers": [-1, 2]}), bad_rows="drop")
    assert read.table["zone_id"].tolist() == ["B"]
    assert sum(count.rows for count in read.report.dropped) == 1
