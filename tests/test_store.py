"""The store of days: whole at every moment, whoever is killed or writes at the same time."""

import datetime as dt
import json
import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from stationgeo import demand
from stationgeo.errors import DataError, ParameterError, SourceError
from stationgeo.store import DemandStore

TZ = "Asia/Shanghai"
PLAN = {"resolution": 10, "tz": TZ, "radius_m": 100.0}
DAY = dt.date(2026, 11, 20)


def stops_of(seed: int, *, day: dt.date = DAY, n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp(day, tz=TZ) + pd.to_timedelta(rng.integers(0, 80_000, n), unit="s")
    start = pd.DatetimeIndex(start).tz_convert("UTC").as_unit("ms")
    seconds = rng.integers(60, 3_000, n)
    return pd.DataFrame(
        {
            "stop_id": np.arange(n),
            "courier_id": pd.Series([f"c{i}" for i in rng.integers(0, 9, n)], dtype="str"),
            "lon": 114.05 + rng.uniform(0, 0.01, n),
            "lat": 22.55,
            "start": start,
            "end": start + pd.to_timedelta(seconds, unit="s").as_unit("ms"),
            "duration_s": seconds.astype(float),
            "n_fixes": 2,
            "purpose": pd.Series("unknown", index=range(n), dtype="str"),
            "cut": False,
        }
    )


def aggregate_of(seed: int, *, day: dt.date = DAY, **changes: Any) -> demand.Aggregate:  # noqa: ANN401
    return demand.aggregate(stops_of(seed, day=day), **({"zones": None, "resolution": 10, "tz": TZ} | changes))


def assert_same(one: demand.Aggregate, two: demand.Aggregate) -> None:
    pd.testing.assert_frame_equal(one.sums, two.sums, check_exact=True)
    pd.testing.assert_frame_equal(one.couriers, two.couriers, check_exact=True)
    assert np.array_equal(one.replicates, two.replicates)
    assert (one.days.tolist(), one.resolution, one.tz, one.most_couriers) == (
        two.days.tolist(), two.resolution, two.tz, two.most_couriers,
    )  # fmt: skip


@pytest.mark.parametrize("n_replicates", [0, 3])
def test_an_aggregate_goes_through_arrow_and_back(n_replicates: int) -> None:
    for given in (aggregate_of(1, n_replicates=n_replicates), aggregate_of(1, n_replicates=n_replicates)):
        assert_same(demand.from_arrow(demand.to_arrow(given)), given)
    nothing = demand.aggregate(stops_of(1).iloc[:0], zones=None, resolution=10, tz=TZ, n_replicates=n_replicates)
    assert_same(demand.from_arrow(demand.to_arrow(nothing)), nothing)
    with pytest.raises(DataError, match="no aggregate"):
        demand.from_arrow(pa.table({"cell": [1]}))


def test_days_combine_to_what_all_of_them_are_at_once(tmp_path: Path) -> None:
    store = DemandStore.create(tmp_path / "s", plan=PLAN)
    days = [DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)]
    for seed, day in enumerate(days):
        store.put(day, aggregate_of(seed, day=day), provisional=day == days[-1], about={"fixes": 10 * seed})
    together = pd.concat([stops_of(seed, day=day) for seed, day in enumerate(days)], ignore_index=True)
    whole = demand.aggregate(together.assign(stop_id=range(len(together))), zones=None, resolution=10, tz=TZ)
    again = DemandStore(tmp_path / "s")
    assert again.plan == PLAN
    assert_same(again.read(), whole)
    assert_same(again.read(days[1:2]), aggregate_of(1, day=days[1]))
    assert_same(again.read(resolution=8), demand.coarsen(whole, resolution=8))
    assert [(day.date, day.provisional) for day in again.days()] == [(d, d == days[-1]) for d in days]
    assert again.table()["fixes"].tolist() == [0, 10, 20]


def test_a_day_that_is_put_again_is_replaced_and_its_file_goes(tmp_path: Path) -> None:
    store = DemandStore.create(tmp_path, plan=PLAN)
    store.put(DAY, aggregate_of(1), provisional=True, about={})
    store.put(DAY, aggregate_of(2), provisional=False, about={})
    assert_same(store.read(), aggregate_of(2))
    assert len(list((tmp_path / "parts").iterdir())) == 1
    assert [day.provisional for day in store.days()] == [False]


def test_the_same_days_give_the_same_bytes(tmp_path: Path) -> None:
    contents = []
    for name in ("a", "b"):
        store = DemandStore.create(tmp_path / name, plan=PLAN)
        store.put(DAY, aggregate_of(1), provisional=False, about={"fixes": 3})
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        contents.append([(path.name, path.read_bytes()) for path in files])
    assert contents[0] == contents[1]


def test_another_plan_is_refused_and_so_is_what_is_no_store(tmp_path: Path) -> None:
    store = DemandStore.create(tmp_path / "s", plan=PLAN)
    with pytest.raises(ParameterError, match=r"radius_m: 100\.0 there, 50\.0 here"):
        DemandStore.create(tmp_path / "s", plan=PLAN | {"radius_m": 50.0})
    with pytest.raises(ParameterError, match=r"the store has resolution 10\. Got 9"):
        store.put(DAY, aggregate_of(1, resolution=9), provisional=False, about={})
    with pytest.raises(SourceError, match="there is no store here"):
        DemandStore(tmp_path)
    with pytest.raises(DataError, match="not in the store"):
        store.read([DAY])
    with pytest.raises(DataError, match="Index them first"):
        store.read()
    (tmp_path / "s" / "store.json").write_text('{"format": 99}')
    with pytest.raises(SourceError, match="format 99"):
        DemandStore(tmp_path / "s")


def test_broken_files_are_named(tmp_path: Path) -> None:
    store = DemandStore.create(tmp_path, plan=PLAN)
    store.put(DAY, aggregate_of(1), provisional=False, about={})
    part = next((tmp_path / "parts").iterdir())
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(SourceError, match=r"2026-11-20 is broken.*Index the day again"):
        store.read()
    part.unlink()
    with pytest.raises(SourceError, match=r"2026-11-20 is missing"):
        store.read()
    (tmp_path / "days" / "2026-11-20.json").write_text("{}")
    with pytest.raises(SourceError, match="entry of a day is broken"):
        store.days()


# A writer that is killed at its n-th call of the system, and says so by its exit code if it was not.
KILLED = """
import os, pathlib, signal, sys
sys.path[:0] = {path!r}
from tests_store_writer import aggregate_of, DAY, PLAN
from stationgeo import store
left = int(sys.argv[2])
given = aggregate_of(2)
found = store.DemandStore(sys.argv[1])
def counted(call):
    def do(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return do
os.fsync, pathlib.Path.replace, pathlib.Path.unlink = (
    counted(os.fsync), counted(pathlib.Path.replace), counted(pathlib.Path.unlink))
store.os.fsync = os.fsync
pathlib.Path.open = counted(pathlib.Path.open)
found.put(DAY, given, provisional=False, about={{}})
"""


def test_a_killed_writer_leaves_the_day_as_it_was_before_or_after(tmp_path: Path) -> None:
    (tmp_path / "tests_store_writer.py").write_text(Path(__file__).read_text(encoding="utf-8"), encoding="utf-8")
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(path=[str(tmp_path)]), encoding="utf-8")
    before, after = aggregate_of(1), aggregate_of(2)
    seen = []
    for step in range(1, 30):
        store = DemandStore.create(tmp_path / f"s{step}", plan=PLAN)
        store.put(DAY, before, provisional=True, about={})
        done = subprocess.run([sys.executable, script, store.folder, str(step)], check=False)
        found = DemandStore(store.folder).read()
        new = len(found.sums) == len(after.sums) and found.sums.equals(after.sums)
        assert_same(found, after if new else before)
        seen.append(new)
        # the next writer goes on, and sweeps
        store.put(DAY, after, provisional=False, about={})
        assert_same(store.read(), after)
        assert [path.name for path in (store.folder / "parts").iterdir()] == [store.days()[0].part]
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert step > 5
    assert seen == sorted(seen)  # before, up to one step; after, from there on
    assert not seen[0]
    assert seen[-1]


def _write_often(folder: Path, seed: int, rounds: int) -> None:
    store = DemandStore(folder)
    for number in range(rounds):
        store.put(DAY + dt.timedelta(days=number % 2), aggregate_of(seed), provisional=False, about={"seed": seed})


def test_two_writers_and_a_reader_never_see_anything_half(tmp_path: Path) -> None:
    store = DemandStore.create(tmp_path, plan=PLAN)
    for day in range(2):
        store.put(DAY + dt.timedelta(days=day), aggregate_of(1), provisional=False, about={"seed": 1})
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_often, args=(tmp_path, seed, 12)) for seed in (1, 2)]
    for writer in writers:
        writer.start()
    whole = {seed: aggregate_of(seed).sums for seed in (1, 2)}
    while any(writer.is_alive() for writer in writers):
        found = store.read([DAY]).sums
        assert any(found.equals(sums) for sums in whole.values())
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    for day in store.days():
        assert store.read([day.date]).sums.equals(whole[day.about["seed"]])
    named = {json.loads(path.read_text())["part"] for path in (tmp_path / "days").glob("*.json")}
    assert {path.name for path in (tmp_path / "parts").iterdir()} == named
