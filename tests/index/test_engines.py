"""Engines give one table: threads of this machine and Spark, on any number of parts."""

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aggregates import assert_same
from stationgeo import demand, engine, index, io, sample, tracks
from stationgeo.errors import DataError, ParameterError

TZ = "Asia/Shanghai"
PLAN = index.IndexPlan(
    stops=tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900), resolution=10, tz=TZ, n_replicates=2
)
JOB = index.index_job(PLAN, datum="GCJ-02")


@pytest.fixture(scope="module")
def raw() -> pa.Table:
    """Fixes of some couriers as they are in the file, and rows that cannot be used."""
    table = pq.read_table(sample.city_dir() / "fixes.parquet")
    names = sorted(set(table["courier_id"].to_pylist()))[:9]
    table = table.filter(pa.compute.is_in(table["courier_id"], pa.array(names))).combine_chunks()
    bad = table.slice(0, 5).to_pydict()
    bad["lon"] = [float("nan"), 200.0, 0.0, bad["lon"][3], bad["lon"][4]]
    bad["lat"] = [22.5, 22.5, 0.0, bad["lat"][3], bad["lat"][4]]
    bad["t"][3] = None
    bad["courier_id"][4] = None
    return pa.concat_tables([table, pa.table(bad, schema=table.schema)])


@pytest.fixture(scope="module")
def whole() -> demand.Aggregate:
    fixes = io.read_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02").table
    fixes = fixes[fixes["courier_id"].isin(sorted(fixes["courier_id"].unique())[:9])]
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    observed = tracks.observed_dates(fixes["t"], tz=TZ)
    return demand.aggregate(
        stops, zones=None, resolution=10, tz=TZ, observed=observed, silences=silences, n_replicates=2
    )


def check(result: pa.Table, whole: demand.Aggregate) -> None:
    found, dropped = index.unpack(result, plan=PLAN)
    assert_same(found, whole)
    assert dropped == {
        "coordinates are missing, out of range or (0, 0)": 3,
        "courier or time is missing": 2,
        "silences of more than 12 h, not counted as unknown time": 10,  # nights
    }


@pytest.mark.parametrize("workers", [1, 3, 7])
@pytest.mark.parametrize("batch_rows", [997, 50_000])
def test_threads_agree_with_tables(workers: int, batch_rows: int, raw: pa.Table, whole: demand.Aggregate) -> None:
    batches = iter(raw.to_batches(max_chunksize=batch_rows))
    check(engine.LocalEngine(workers=workers).run(batches, JOB), whole)


def test_merging_what_was_merged_changes_nothing(raw: pa.Table, whole: demand.Aggregate) -> None:
    once = engine.LocalEngine(workers=2).run(raw.to_batches(), JOB)
    again = pa.Table.from_batches(list(JOB.merge(iter(once.to_batches()))), schema=JOB.schema)
    check(again, whole)


def test_no_batches_give_nothing() -> None:
    found, dropped = index.unpack(engine.LocalEngine(workers=2).run([], JOB), plan=PLAN)
    assert found.sums.empty
    assert dropped == {}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_comes_through(workers: int, raw: pa.Table) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield from raw.to_batches(max_chunksize=1000)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        engine.LocalEngine(workers=workers).run(broken(), JOB)
    backwards = raw.filter(pa.compute.is_valid(raw["t"])).sort_by([("t", "descending")])
    with pytest.raises(DataError, match="in order of time"):
        engine.LocalEngine(workers=workers).run(backwards.to_batches(max_chunksize=1000), JOB)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError, match="workers must be a whole number, 1 or more"):
        engine.LocalEngine(workers=0)
    with pytest.raises(ParameterError, match="partitions must be 1 or more"):
        engine.SparkEngine(partitions=0)


def test_times_that_are_no_times_are_refused(raw: pa.Table) -> None:
    text = raw.set_column(1, "t", raw["t"].cast(pa.string()))
    with pytest.raises(DataError, match="'t' must hold timestamps"):
        engine.LocalEngine(workers=1).run(text.to_batches(), JOB)


@pytest.fixture(scope="module", params=["local[2]", "local-cluster[2,1,1024]"])
def session(request: pytest.FixtureRequest) -> Iterator[Any]:
    from pyspark import sql  # noqa: PLC0415 - slow to load, and only here

    os.environ["PYSPARK_PYTHON"] = sys.executable
    source = str(Path(engine.__file__).parents[2])
    built = sql.SparkSession.builder.master(request.param).appName("stationgeo tests")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.executorEnv.PYTHONPATH": source,
        "spark.sql.execution.arrow.maxRecordsPerBatch": "5000",
        "spark.sql.shuffle.partitions": "3",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }.items():
        built = built.config(key, value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", source)
        found = built.getOrCreate()
        yield found
        found.stop()
        # Sockets to the Java side that nobody closes would be reported in whichever test comes next.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.mark.spark
# PySpark warns that it does not know pandas 3 yet, and leaves sockets open.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")
def test_spark_agrees_with_tables(session: Any, raw: pa.Table, whole: demand.Aggregate, tmp_path: Path) -> None:  # noqa: ANN401
    plain = raw.cast(
        pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in raw.schema])
    )
    pq.write_table(plain, tmp_path / "fixes.parquet")
    frame = session.read.parquet(str(tmp_path / "fixes.parquet"))
    for partitions in (1, 3, 7) if session.sparkContext.master == "local[2]" else (3,):
        spark = engine.SparkEngine(session=session, partitions=partitions)
        check(spark.run(frame.repartition(5), JOB), whole)


SPARK_WARNS = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning")
OPTIONS: dict[str, Any] = {"datum": "GCJ-02", "tz": TZ}


@pytest.mark.spark
@SPARK_WARNS
def test_spark_reads_files_by_itself_and_agrees_with_threads_and_tables(
    session: Any,  # noqa: ANN401
    day_files: Path,
    by_tables: Callable[[Path, index.IndexPlan], demand.Aggregate],
) -> None:
    scan = io.scan_fixes(day_files, **OPTIONS, bad_rows="drop", batch_rows=5_000)
    local = index.index_scan(scan, plan=PLAN, engine=engine.LocalEngine(workers=2))
    assert_same(local.aggregate, by_tables(day_files, PLAN))
    for n_shares in (1, 3, 7) if session.sparkContext.master == "local[2]" else (3,):
        told: list[tuple[int, int | None]] = []
        found = index.index_scan(
            scan, plan=PLAN, engine=engine.SparkEngine(session=session, partitions=3), n_shares=n_shares,
            progress=lambda *rows, told=told: told.append(rows),  # type: ignore[misc]
        )  # fmt: skip
        assert_same(found.aggregate, local.aggregate)
        assert (found.report, found.fixes_of, found.cleaned) == (local.report, local.fixes_of, local.cleaned)
        assert told == [(found.report.rows_read, found.report.rows_read)]


@pytest.mark.spark
@SPARK_WARNS
def test_errors_of_tasks_keep_their_kind_on_spark(session: Any, day_files: Path) -> None:  # noqa: ANN401
    spark = engine.SparkEngine(session=session)
    with pytest.raises(DataError, match=r"(?s)0\.0, 0\.0.*Or declare bad_rows = 'drop'") as caught:
        index.index_scan(io.scan_fixes(day_files, **OPTIONS), plan=PLAN, engine=spark)
    assert type(caught.value) is DataError
    cleaned = replace(PLAN, cleaning=tracks.CleaningRules(max_clock_skew_s=60.0))
    with pytest.raises(ParameterError, match="received_ms is needed"):
        index.index_scan(io.scan_fixes(day_files, **OPTIONS, bad_rows="drop"), plan=cleaned, engine=spark)


@pytest.mark.spark
@SPARK_WARNS
def test_no_tasks_give_nothing_on_spark(session: Any) -> None:  # noqa: ANN401
    job = engine.TaskJob(run=lambda _, __: iter(()), merge=JOB.merge, merge_by="cell", schema=JOB.schema)
    spark = engine.SparkEngine(session=session)
    assert (spark.run_tasks([], job).num_rows, spark.slots) == (0, 2)
    # A task that gives nothing is not one that failed.
    assert spark.run_tasks(["x"], job).num_rows == 0
