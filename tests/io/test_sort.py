"""Sorting more than memory holds, and sharing sorted files between workers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from stationgeo import io
from stationgeo.errors import ColumnError, ParameterError, SourceError

OPTIONS: dict[str, Any] = {"datum": "WGS-84", "tz": "Asia/Shanghai"}
# 2026-11-20 16:00 UTC is midnight in Shanghai.
MIDNIGHT_MS = 1_795_190_400_000 - 1_795_190_400_000 % 86_400_000 + 16 * 3_600_000 - 86_400_000


def shuffled(n: int, *, couriers: int, days: int, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    t_ms = MIDNIGHT_MS + rng.integers(0, days * 8_640, n) * 10_000
    return pd.DataFrame(
        {
            "courier_id": [f"c{i}" for i in rng.integers(0, couriers, n)],
            "t": pd.to_datetime(t_ms, unit="ms", utc=True),
            "lon": np.round(114 + rng.random(n), 5),
            "lat": np.round(22 + rng.random(n), 5),
            "group": pd.Series(np.where(rng.random(n) < 0.5, "x", None), dtype="str"),
        }
    )


def rows_of(paths: list[Path]) -> pd.DataFrame:
    return pd.concat([read(path) for path in paths], ignore_index=True)


def read(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path, partitioning=None)
    return table.astype(dict.fromkeys(table.columns.intersection(["courier_id", "group"]), "str"))


@pytest.mark.parametrize("memory_rows", [600, 4_000, 1_000_000])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_sorted_files_hold_the_same_rows_by_day_courier_and_time(tmp_path: Path, suffix: str, memory_rows: int) -> None:
    raw = shuffled(3_000, couriers=40, days=3)
    path = tmp_path / f"fixes{suffix}"
    raw.to_csv(path, index=False) if suffix == ".csv" else raw.to_parquet(path)
    scan = io.scan_fixes(path, batch_rows=700, **OPTIONS)
    paths = io.sort_fixes(scan, tmp_path / "sorted", memory_rows=memory_rows)
    assert scan.report.rows_kept == 3_000
    assert len(paths) == 3 if memory_rows > 4_000 else len(paths) > 3
    assert max(pq.read_metadata(path).num_rows for path in paths) <= max(memory_rows // 4, 1)
    seen = set()
    for one in paths:
        part = read(one)
        dates = set(part["t"].dt.tz_convert("Asia/Shanghai").dt.strftime("date=%Y-%m-%d"))
        assert dates == {one.parent.name}
        assert all(batch.is_sorted for batch in io.scan_fixes(one, batch_rows=50, **OPTIONS).batches())
        assert not seen & {(one.parent.name, courier) for courier in part["courier_id"]}
        seen |= {(one.parent.name, courier) for courier in part["courier_id"]}
    by = ["courier_id", "t"]
    # What repeats a courier and time keeps the order in which it came: stable sorting of the whole gives the same.
    pd.testing.assert_frame_equal(
        rows_of(paths).sort_values(by, kind="stable", ignore_index=True)[list(raw.columns)],
        raw.sort_values(by, kind="stable", ignore_index=True),
        check_dtype=False,
    )
    assert not list((tmp_path / "sorted").glob(".sorting*"))
    want = io.read_fixes(path, **OPTIONS).table
    pd.testing.assert_frame_equal(io.read_fixes(tmp_path / "sorted", **OPTIONS).table, want, check_dtype=False)


def test_files_with_and_without_optional_columns_are_sorted_together_under_a_key(tmp_path: Path) -> None:
    first, second = shuffled(50, couriers=5, days=1), shuffled(50, couriers=5, days=1, seed=2).drop(columns="group")
    first.assign(accuracy_m=3.5).to_parquet(tmp_path / "1.parquet")
    second.to_parquet(tmp_path / "2.parquet")
    scan = io.scan_fixes(tmp_path, **OPTIONS, courier_key=b"0123456789abcdef")
    table = rows_of(io.sort_fixes(scan, tmp_path / "sorted", memory_rows=1_000))
    assert table["accuracy_m"].notna().sum() == 50
    assert table["group"].isna().sum() >= 50
    assert table["courier_id"].str.fullmatch("[0-9a-f]{16}").all()
    assert table["courier_id"].is_monotonic_increasing


def test_a_couriers_day_must_fit(tmp_path: Path) -> None:
    shuffled(100, couriers=1, days=1).to_parquet(tmp_path / "f.parquet")
    scan = io.scan_fixes(tmp_path / "f.parquet", **OPTIONS)
    with pytest.raises(ParameterError, match=r"one courier's day, here 400. Got 200"):
        io.sort_fixes(scan, tmp_path / "sorted", memory_rows=200)
    with pytest.raises(ParameterError, match=r"at least 4. Got 3"):
        io.sort_fixes(scan, tmp_path / "sorted", memory_rows=3)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="cannot be sorted into it"):
        io.sort_fixes(scan, tmp_path / "file", memory_rows=1_000)


def saved(ids: list[Any], folder: Path, **options: Any) -> Path:  # noqa: ANN401 - options of the writer
    path = folder / "runs.parquet"
    pd.DataFrame({"courier_id": ids, "lon": 114.0}).to_parquet(path, row_group_size=2, **options)
    return path


@pytest.mark.parametrize("statistics", [True, False])
def test_each_courier_is_in_one_run(tmp_path: Path, statistics: bool) -> None:  # noqa: FBT001 - a case
    # Row groups: a a | b c | c c | c d | e
    path = saved(["a", "a", "b", "c", "c", "c", "c", "d", "e"], tmp_path, write_statistics=statistics)
    runs = io.sorted_runs(path)
    assert runs is not None
    assert [(run.row_groups, run.n_rows, run.first, run.begins_after_first, run.last) for run in runs] == [
        (range(1), 2, "a", False, "a"),
        (range(1, 4), 6, "b", False, "c"),
        (range(3, 4), 2, "c", True, "d"),
        (range(4, 5), 1, "e", False, "e"),
    ]
    assert "'c'" not in repr(runs)
    assert io.sorted_runs(saved(["a", "c", "b", "d"], tmp_path, write_statistics=statistics)) is None


def test_ids_are_compared_as_text(tmp_path: Path) -> None:
    # As numbers 9 < 10, as text "10" < "9".
    assert io.sorted_runs(saved([9, 9, 10, 10], tmp_path)) is None
    runs = io.sorted_runs(saved([10, 10, 9, 9], tmp_path))
    assert [(run.first, run.last) for run in runs or ()] == [("10", "10"), ("9", "9")]
    long = "x" * 70
    runs = io.sorted_runs(saved([long + "a", long + "a", long + "b", long + "b"], tmp_path))
    assert len(runs or ()) == 2


@pytest.mark.parametrize("group_rows", [7, 40, 200])
@pytest.mark.parametrize("key", [None, b"0123456789abcdef"])
def test_runs_are_read_one_by_one_and_make_the_whole(tmp_path: Path, group_rows: int, key: bytes | None) -> None:
    raw = shuffled(500, couriers=9, days=1).sort_values(["courier_id", "t"], kind="stable")
    path = tmp_path / "f.parquet"
    raw.to_parquet(path, row_group_size=group_rows, index=False)
    scan = io.scan_fixes(path, **OPTIONS, courier_key=key, batch_rows=30)
    seen: list[set[str]] = []
    rows = 0
    for run in io.sorted_runs(path) or ():
        part = scan.select([path], run=run)
        batches = list(part.batches())
        assert (part.n_rows, part.report.rows_kept) == (run.n_rows, sum(map(len, batches)))
        assert all(batch.is_sorted for batch in batches)
        rows += part.report.rows_kept
        seen.append({name for batch in batches for name in batch.names})
    assert rows == 500
    assert len(seen) == (9 if group_rows < 100 else 3)
    assert sum(map(len, seen)) == len(set.union(*seen)) == 9


def test_runs_say_what_they_cannot_do(tmp_path: Path) -> None:
    path = saved(["a", "b"], tmp_path)
    with pytest.raises(ColumnError, match=r"'rider' \(for courier_id\) is missing"):
        io.sorted_runs(path, columns={"courier_id": "rider"})
    with pytest.raises(ParameterError, match="only Parquet"):
        io.sorted_runs(tmp_path / "f.csv")
    with pytest.raises(SourceError, match="No such file"):
        io.sorted_runs(tmp_path / "none.parquet")
