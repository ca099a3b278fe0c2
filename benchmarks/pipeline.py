"""The whole pipeline beside a tool that merely counts: `python benchmarks/pipeline.py --fixes 100_000_000`.

Ours: GCJ-02 undone, stops found in metres, demand per cell, zone and hour with distinct couriers, on two threads.
Spark: the same on two cores, of files or (spark_frame) of a data frame.
Polars with polars-h3: points counted per cell and hour with distinct couriers, datum and stops left aside, on two
threads. Each runs in a process of its own, so that the peak of its memory is its own. Files: one per day, by courier
and time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DAYS = 10
FIXES_PER_COURIER_DAY = 1_000
THREADS = 2
BATCH_ROWS = 250_000
TZ = "Asia/Shanghai"
GIB = 1 << 20  # kibibytes, in which the system counts resident memory


def plan() -> Any:
    """Say how stops are found."""
    from stationgeo import index, tracks

    rule = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
    return index.IndexPlan(stops=rule, resolution=10, tz=TZ)


def indexed(folder: Path, engine: Any) -> dict[str, float]:
    """Index the files on an engine, start-up aside: what imports and loads kernels is done on one file before."""
    from stationgeo import demand, index, io

    scan = io.scan_fixes(folder, datum="GCJ-02", batch_rows=BATCH_ROWS)
    began = time.perf_counter()
    index.index_scan(scan.select(scan.files[:1]), plan=plan(), engine=engine)
    started = time.perf_counter()
    found = index.index_scan(scan, plan=plan(), engine=engine)
    table = demand.read_out(found.aggregate)
    seconds = time.perf_counter() - started
    return {
        "stops": float(found.n_stops),
        "rows": float(len(table)),
        "first file s": started - began,
        "seconds": seconds,
    }


def ours(folder: Path) -> dict[str, float]:
    """Index on threads."""
    from stationgeo import engine

    return indexed(folder, engine.LocalEngine(workers=THREADS))


def spark_session() -> Any:
    """Start Spark on as many cores as the others have threads."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    built = SparkSession.builder.master(f"local[{THREADS}]").config("spark.ui.enabled", "false")
    session = built.config("spark.driver.memory", "4g").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    session.range(1).count()
    return session


def spark(folder: Path) -> dict[str, float]:
    """Index on Spark, whose workers read the files themselves."""
    from stationgeo import engine

    return indexed(folder, engine.SparkEngine(session=spark_session()))


def spark_frame(folder: Path) -> dict[str, float]:
    """Index a data frame of Spark, row by row."""
    from stationgeo import engine, index

    session = spark_session()
    started = time.perf_counter()
    frame = session.read.parquet(str(folder)).select(*index.RAW_COLUMNS, "group")
    job = index.index_job(plan(), datum="GCJ-02")
    found, _ = index.unpack(engine.SparkEngine(session=session, partitions=8).run(frame, job), plan=plan())
    return {"stops": float(found.sums["visits"].sum()), "seconds": time.perf_counter() - started}


def polars(folder: Path) -> dict[str, float]:
    """Count points per cell and hour with distinct couriers."""
    import polars as pl
    import polars_h3 as plh3

    frame = pl.scan_parquet(str(folder / "*.parquet"))
    cell = plh3.latlng_to_cell("lat", "lon", 10, return_dtype=pl.UInt64).alias("cell")
    hour = pl.col("t").dt.truncate("1h").alias("hour")
    counted = frame.with_columns(cell, hour).group_by("cell", "hour").agg(pl.len(), pl.col("courier_id").n_unique())
    table = counted.collect(engine="streaming")
    return {"points": float(table["len"].sum()), "rows": float(table.height)}


RUNS: dict[str, Callable[[Path], dict[str, float]]] = {
    "ours": ours,
    "spark": spark,
    "spark_frame": spark_frame,
    "polars": polars,
}


def alone(name: str, folder: Path) -> dict[str, float]:
    """Run one of them in a process of its own."""
    environment = os.environ | {"POLARS_MAX_THREADS": str(THREADS), "OMP_NUM_THREADS": str(THREADS)}
    command = [sys.executable, __file__, "--run", name, "--folder", str(folder)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Generate a city, measure each, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixes", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, help="fixes that are there already")
    parser.add_argument("--names", nargs="*", default=["ours", "polars"], choices=list(RUNS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", choices=list(RUNS), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        started = time.perf_counter()
        found = RUNS[asked.run](asked.folder)
        seconds = found.pop("seconds", time.perf_counter() - started)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIB  # Spark's own processes are not in it
        print(json.dumps(found | {"seconds": seconds, "peak_gib": peak}))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = asked.folder or Path(made)
        if asked.folder is None:
            from stationgeo import sample

            n_couriers = max(1, asked.fixes // (DAYS * FIXES_PER_COURIER_DAY))
            sample.stream_fixes(folder, n_fixes=asked.fixes, n_couriers=n_couriers, days=DAYS, seed=3, datum="GCJ-02")
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in asked.names}
        for _ in range(asked.rounds):
            for name in asked.names:  # in turn, so that what else the machine does falls on all alike
                runs[name].append(alone(name, folder))
    print("| run | seconds, median | times the first, median of rounds | peak GiB | result |")
    print("| --- | --- | --- | --- | --- |")
    base = runs[asked.names[0]]
    for name, rounds in runs.items():
        ratio = statistics.median(one["seconds"] / other["seconds"] for one, other in zip(rounds, base, strict=True))
        middle = sorted(rounds, key=lambda found: found["seconds"])[len(rounds) // 2]
        rest = ", ".join(f"{key} {value:,.0f}" for key, value in middle.items() if key not in {"seconds", "peak_gib"})
        peak = max(found["peak_gib"] for found in rounds)
        print(f"| {name} | {middle['seconds']:.1f} | {ratio:.2f} | {peak:.2f} | {rest} |")


if __name__ == "__main__":
    main()
