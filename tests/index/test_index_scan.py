"""Files to demand: the same as by tables, in any number of shares, on any number of threads."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from aggregates import assert_same
from stationgeo import demand, engine, index, io, tracks
from stationgeo.errors import ColumnError, DataError, ParameterError, StationgeoError

TZ = "Asia/Shanghai"
RULE = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
PLAN = index.IndexPlan(stops=RULE, resolution=10, tz=TZ, n_replicates=2)
RULES = tracks.CleaningRules(max_accuracy_m=20.0, duplicates=True, max_speed_m_s=30.0, out_of_order=True)
CLEANED = index.IndexPlan(stops=RULE, resolution=10, tz=TZ, cleaning=RULES)
OPTIONS: dict[str, Any] = {"datum": "GCJ-02", "tz": TZ, "bad_rows": "drop"}
ByTables = Callable[[Path, index.IndexPlan], demand.Aggregate]


@pytest.mark.parametrize("plan", [PLAN, CLEANED], ids=["as it is", "cleaned"])
@pytest.mark.parametrize(("workers", "n_shares", "batch_rows"), [(1, 1, 700), (2, 3, 50_000), (3, 7, 997)])
def test_threads_agree_with_tables(
    workers: int, n_shares: int, batch_rows: int, plan: index.IndexPlan, day_files: Path, by_tables: ByTables
) -> None:
    told: list[tuple[int, int | None]] = []
    scan = io.scan_fixes(day_files, **OPTIONS, batch_rows=batch_rows)
    found = index.index_scan(
        scan, plan=plan, engine=engine.LocalEngine(workers=workers), n_shares=n_shares,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert_same(found.aggregate, by_tables(day_files, plan))
    want = io.read_fixes(day_files, **OPTIONS).report
    assert (found.report.rows_read, found.report.rows_kept) == (want.rows_read, want.rows_kept)
    assert {count.reason: count.rows for count in found.report.dropped} == {c.reason: c.rows for c in want.dropped}
    assert sum(count.rows for count in found.report.dropped) > 100
    assert found.report.columns == {k: v for k, v in want.columns.items() if k in found.report.columns}
    assert sum(found.fixes_of) == found.n_fixes == want.rows_kept
    assert [found.report.tz, found.report.datum] == [TZ, "GCJ-02"]
    assert bool(found.cleaned) == (plan is CLEANED)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (want.rows_read, want.rows_read)
    assert found.n_stops == found.aggregate.sums["visits"].sum() > 0


def test_hashed_ids_are_shared_by_what_the_file_has(day_files: Path) -> None:
    scan = io.scan_fixes(day_files, **OPTIONS, courier_key=b"0123456789abcdef")
    one = index.index_scan(scan, plan=PLAN, engine=engine.LocalEngine(workers=1), n_shares=1)
    other = index.index_scan(scan, plan=PLAN, engine=engine.LocalEngine(workers=2), n_shares=5)
    assert_same(one.aggregate, other.aggregate)
    plain = index.index_scan(io.scan_fixes(day_files, **OPTIONS), plan=PLAN, engine=engine.LocalEngine(workers=2))
    assert not set(plain.aggregate.couriers["courier"]) & set(other.aggregate.couriers["courier"])
    assert plain.aggregate.sums["courier_us"].sum() == one.aggregate.sums["courier_us"].sum()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_not_sorted_is_sorted_first_and_noted(
    suffix: str, day_files: Path, by_tables: ByTables, tmp_path: Path
) -> None:
    mixed = pd.concat([pd.read_parquet(path) for path in sorted(day_files.iterdir())])
    # Of repeats the first in order of rows stays: their order is kept.
    mixed = mixed.sort_values("t", kind="stable")
    path = tmp_path / f"mixed{suffix}"
    mixed.to_csv(path, index=False) if suffix == ".csv" else mixed.to_parquet(path, row_group_size=5_000)
    work = tmp_path / "work"
    work.mkdir()
    found = index.index_scan(
        io.scan_fixes(path, **OPTIONS, batch_rows=3_000), plan=PLAN, engine=engine.LocalEngine(workers=2),
        folder=work, memory_rows=40_000,
    )  # fmt: skip
    assert_same(found.aggregate, by_tables(path, PLAN))
    want = io.read_fixes(path, **OPTIONS).report
    assert {count.reason: count.rows for count in found.report.dropped} == {c.reason: c.rows for c in want.dropped}
    assert (found.report.rows_read, found.n_fixes, found.fixes_of) == (want.rows_read, want.rows_kept, ())
    assert "their fixes were sorted first" in found.report.notes[0]
    assert not list(work.iterdir())


def test_times_out_of_order_are_an_error_that_says_how_to_sort(
    day_files: Path, by_tables: ByTables, tmp_path: Path
) -> None:
    for path in sorted(day_files.iterdir()):
        day = pd.read_parquet(path).sort_values(["courier_id", "t"], ascending=[True, False], kind="stable")
        day.to_parquet(tmp_path / path.name, row_group_size=2_000, index=False)
    scan = io.scan_fixes(tmp_path, **OPTIONS)
    for plan in (PLAN, CLEANED):
        with pytest.raises(
            DataError, match=r"must come in order of time.*index_scan\(..., sort=True\), or io.sort_fixes"
        ):
            index.index_scan(scan, plan=plan, engine=engine.LocalEngine(workers=2))
    found = index.index_scan(scan, plan=PLAN, engine=engine.LocalEngine(workers=2), sort=True)
    assert_same(found.aggregate, by_tables(tmp_path, PLAN))


def test_errors_of_files_and_rules_come_through(day_files: Path, tmp_path: Path) -> None:
    local = engine.LocalEngine(workers=2)
    with pytest.raises(DataError, match=r"0\.0, 0\.0"):
        index.index_scan(io.scan_fixes(day_files, datum="GCJ-02", tz=TZ), plan=PLAN, engine=local)
    day = pd.read_parquet(min(day_files.iterdir())).assign(lon=0.0, lat=0.0)
    day.to_parquet(tmp_path / "nowhere.parquet", index=False)
    with pytest.raises(DataError, match="no row is left of"):
        index.index_scan(io.scan_fixes(tmp_path, **OPTIONS), plan=PLAN, engine=local)
    day.assign(lon=114.0, lat=22.5).drop(columns="accuracy_m").to_parquet(tmp_path / "nowhere.parquet", index=False)
    with pytest.raises(ParameterError, match="accuracy_m is needed"):
        index.index_scan(io.scan_fixes(tmp_path, **OPTIONS), plan=CLEANED, engine=local)
    day.drop(columns="lon").to_parquet(tmp_path / "nowhere.parquet", index=False)
    with pytest.raises(ColumnError, match="lon"):
        index.index_scan(io.scan_fixes(tmp_path, **OPTIONS), plan=PLAN, engine=local)


def ride(folder: Path, *, days: int) -> Path:
    """Couriers who never rest, so that nothing but fixes can fill the memory: 40,000 a day."""
    folder.mkdir()
    for day in range(days):
        second = np.tile(np.arange(2_000) * 30, 20)
        table = pd.DataFrame(
            {
                "courier_id": np.repeat([f"c{i:02d}" for i in range(20)], 2_000),
                "t": pd.Timestamp("2026-11-20", tz="UTC") + pd.Timedelta(days=day) + pd.to_timedelta(second, unit="s"),
                "lon": 114.0 + second / 60_000,
                "lat": 22.5,
            }
        )
        table.astype({"t": "datetime64[ms, UTC]"}).to_parquet(folder / f"{day:02d}.parquet", row_group_size=8_000)
    return folder


def test_memory_does_not_grow_with_the_days(tmp_path: Path) -> None:
    peaks = []
    for days in (1, 3, 12):
        scan = io.scan_fixes(ride(tmp_path / str(days), days=days), datum="WGS-84", batch_rows=4_000)
        most = 0

        def look(done: int, total: int | None) -> None:  # noqa: ARG001
            nonlocal most
            most = max(most, pa.total_allocated_bytes())

        before = pa.total_allocated_bytes()
        tracemalloc.start()
        try:
            one = engine.LocalEngine(workers=1)
            found = index.index_scan(scan, plan=PLAN, engine=one, n_shares=2, progress=look)
            peaks.append((tracemalloc.get_traced_memory()[1], most - before))
        finally:
            tracemalloc.stop()
        assert (found.n_fixes, found.n_stops) == (days * 40_000, 0)
    (_, _), (numpy_3, arrow_3), (numpy_12, arrow_12) = peaks
    # 270,000 more fixes would be 6.5 MB as the barest arrays; what is compiled on first use falls into the first run.
    assert numpy_12 < numpy_3 + 1_000_000
    assert arrow_12 < arrow_3 + 1_000_000


def broken(task: int, tell: engine.Tell) -> Any:  # noqa: ANN401 - it gives nothing
    tell(1)
    raise StationgeoError(f"task {task}") if task % 2 else OSError(f"task {task}")
    yield


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_of_a_task_ends_the_rest(workers: int) -> None:
    began: list[int] = []

    def slow(task: int, tell: engine.Tell) -> Any:  # noqa: ANN401
        began.append(task)
        while task:
            tell(1)
        raise OSError("the disk is gone")
        yield

    job = engine.TaskJob(run=slow, merge=lambda batches: batches, merge_by="x", schema=pa.schema([("x", pa.int64())]))
    with pytest.raises(OSError, match="the disk is gone"):
        engine.LocalEngine(workers=workers).run_tasks([0, 1, 2, 3, 4], job)
    assert len(began) <= workers


def test_no_tasks_give_nothing() -> None:
    job = engine.TaskJob(run=broken, merge=lambda b: b, merge_by="x", schema=pa.schema([("x", pa.int64())]))
    assert len(engine.LocalEngine(workers=2).run_tasks([], job)) == 0
