"""Streams of fixes: exact, sorted, repeatable, and of bounded memory."""

import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from stationgeo import crs
from stationgeo.errors import DatumError, ParameterError
from stationgeo.sample import _stream, stream_fixes
from stationgeo.sample._city import draft_city
from stationgeo.sample._crew import day_keys, simulate_batches


def test_rows_are_exact_sorted_and_of_their_day(tmp_path: Path) -> None:
    paths = stream_fixes(tmp_path, n_fixes=40_001, n_couriers=9, days=3, seed=1, area_km2=4)
    assert [path.name for path in paths] == [f"fixes-2026-03-{day}.parquet" for day in (12, 13, 14)]
    tables = [pq.read_table(path).to_pandas() for path in paths]
    assert sum(len(table) for table in tables) == 40_001
    for table, day in zip(tables, (12, 13, 14), strict=True):
        assert set(table["t"].dt.tz_convert("Asia/Shanghai").dt.day) == {day}
        assert not table.duplicated(["courier_id", "t"]).any()
        ordered = table.sort_values(["courier_id", "t"], kind="stable")
        assert ordered.index.is_monotonic_increasing
        assert table.groupby("courier_id", observed=True).size().isin({1481, 1482}).all()  # 40,001 / 27 = 1,481.5


def test_same_arguments_same_bytes_whatever_the_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = stream_fixes(tmp_path / "a", n_fixes=9000, n_couriers=5, days=1, seed=1, area_km2=4)
    second = stream_fixes(tmp_path / "b", n_fixes=9000, n_couriers=5, days=1, seed=1, area_km2=4)
    assert first[0].read_bytes() == second[0].read_bytes()
    monkeypatch.setattr(_stream, "_BATCH_FIXES", 2000)
    third = stream_fixes(tmp_path / "c", n_fixes=9000, n_couriers=5, days=1, seed=1, area_km2=4)
    assert pq.read_table(first[0]).to_pandas().equals(pq.read_table(third[0]).to_pandas())


def test_compiled_and_interpreted_kernels_write_the_same_bytes(tmp_path: Path) -> None:
    arguments = {"n_fixes": 500, "n_couriers": 6, "days": 1, "seed": 4, "area_km2": 4}
    compiled = stream_fixes(tmp_path / "compiled", **arguments)[0]  # type: ignore[arg-type]
    code = f"from stationgeo.sample import stream_fixes; stream_fixes({str(tmp_path / 'plain')!r}, **{arguments})"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=environment)
    assert (tmp_path / "plain" / compiled.name).read_bytes() == compiled.read_bytes()


def test_memory_does_not_grow_with_the_number_of_fixes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stream, "_BATCH_FIXES", 20_000)

    def peak(days: int) -> int:
        gc.collect()
        tracemalloc.start()
        stream_fixes(tmp_path / str(days), n_fixes=100_000 * days, n_couriers=50, days=days, seed=1, area_km2=4)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    once, often = peak(1), peak(6)
    assert often < 1.1 * once + 200_000
    assert once > 20_000 * 30  # a batch of 20,000 fixes with three doubles and a few bytes each was really seen


def test_partition_datum_and_groups(tmp_path: Path) -> None:
    plain = stream_fixes(tmp_path / "a", n_fixes=3000, n_couriers=30, days=1, seed=2, area_km2=4)[0]
    moved = stream_fixes(tmp_path, n_fixes=3000, n_couriers=30, days=1, seed=2, area_km2=4, datum="GCJ-02",
                         partition=True)[0]  # fmt: skip
    assert moved == tmp_path / "date=2026-03-12" / "fixes.parquet"
    wgs84, gcj02 = (pq.ParquetFile(path).read().to_pandas() for path in (plain, moved))
    lon, lat = crs.to_wgs84(gcj02["lon"], gcj02["lat"], datum="GCJ-02")
    assert crs.distance_m(lon, lat, wgs84["lon"], wgs84["lat"]).max() < 0.2
    assert set(wgs84["group"]) == {"rider", "courier", "driver"}


def test_the_longest_days_end_before_midnight() -> None:
    draft = draft_city(seed=3, area_km2=6, n_couriers=150)
    keys = day_keys(3, day=0, n_couriers=150)
    quota = np.full(150, 4000)
    for batch in simulate_batches(draft.town, draft.crew, keys=keys, weekend=False, quota=quota, batch_fixes=100_000):
        assert (batch.fixes == 4000).all()
        assert batch.second.max() < 86_400
        assert (np.diff(batch.second.reshape(-1, 4000), axis=1) >= 10).all()


def test_more_than_the_days_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"at most 4,000 per courier and day, here 8,000\. Got 8,001 instead"):
        stream_fixes(tmp_path, n_fixes=8001, n_couriers=2, days=1, seed=1)
    with pytest.raises(ParameterError, match=r"n_couriers must be at least 1\. Got 0"):
        stream_fixes(tmp_path, n_fixes=1, n_couriers=0, days=1, seed=1)
    with pytest.raises(DatumError, match="unknown datum"):
        stream_fixes(tmp_path, n_fixes=1, n_couriers=1, days=1, seed=1, datum="MGRS")
