"""Files of fixes to demand, on any engine: workers read shares of couriers, and no fix passes between them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from stationgeo import crs, io
from stationgeo.engine import TaskJob
from stationgeo.index._batch import batch_of
from stationgeo.index._build import Builder, IndexPlan
from stationgeo.index._job import CLEANING, LONG_SILENCE, cleaned
from stationgeo.index._wire import SCHEMA, merge_batches, pack, unpack
from stationgeo.tracks import OutOfOrderError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    import pyarrow as pa

    from stationgeo.demand import Aggregate
    from stationgeo.engine import Engine, Tell

__all__ = ["Indexed", "Progress", "index_scan", "share_job", "sorted_scan"]

Progress: TypeAlias = "Callable[[int, int | None], None]"
"""Takes the rows that were read so far and those in all, None where nobody knows."""

# Enough that no worker waits long for the last share, few enough that little is read twice.
_SHARES_PER_SLOT = 4
_READ, _DROPPED, _FILE, _NOTE, _COLUMN = "rows read", "dropped: ", "file: ", "note: ", "column: "
_SORTED_NOTE = "the files are not all Parquet files sorted by courier: their fixes were sorted first"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Indexed:
    """Demand of a scan, and what became of its rows."""

    aggregate: Aggregate
    """Sums of the stops."""
    report: io.IngestReport
    """Rows read, dropped and kept; those that repeat a courier and time are dropped, as by `io.read_fixes`. It names no
    files."""
    cleaned: dict[str, int]
    """Fixes that the plan's cleaning removed, by rule: of those kept, within `between`."""
    n_long_silences: int
    """Silences of the dates asked for that are too long to be counted as unknown time; of fixes that end early not all
    are seen."""
    fixes_of: tuple[int, ...]
    """Fixes kept of each file, by its place in `files` of the scan; empty where they were sorted first."""

    @property
    def n_fixes(self) -> int:
        """Fixes kept, cleaning aside."""
        return self.report.rows_kept

    @property
    def n_stops(self) -> int:
        """Stops that were counted."""
        return int(self.aggregate.sums["visits"].sum())


def index_scan(
    scan: io.FixScan,
    *,
    plan: IndexPlan,
    engine: Engine,
    between: tuple[int, int] | None = None,
    dates: Collection[dt.date] | None = None,
    sort: bool = False,
    folder: str | Path | None = None,
    memory_rows: int = 10_000_000,
    n_shares: int | None = None,
    progress: Progress | None = None,
) -> Indexed:
    """Turn files of fixes into demand.

    Parameters
    ----------
    scan
        Files in the order in which they are to be read: each sorted by courier, and each courier's fixes in order of
        time from file to file, as with a file a day.
    plan
        How.
    engine
        Where. Its workers read the files themselves.
    between
        Follow tracks only within this span of UTC milliseconds, the end not included; by default all of them.
    dates
        Count only stops that start on these local dates, and of the observed days only these; by default all.
    sort
        Sort the fixes into temporary files first. That is done in any case where footers show that the files cannot be
        shared as they are (see `io.share_fixes`): CSV, or ids in another order.
    folder
        Where temporary files go, a folder that all workers see; by default that of the system.
    memory_rows
        Most rows in memory while sorting (see `io.sort_fixes`).
    n_shares
        How many shares to make at most; by default four for each task that runs at once.
    progress
        Told how many rows were read so far and are there in all, by one thread at a time; on engines that cannot say,
        at the end only. While files are sorted nothing is told.

    Returns
    -------
    Indexed
        The same, to the last bit, on any engine in any number of shares, and as `io.read_fixes`, `tracks.clean`,
        `tracks.find_stops` and `demand.aggregate` give.

    Raises
    ------
    SourceError, ColumnError, DatumError
        As `FixScan.batches`.
    DataError
        As `FixScan.batches`; or if a courier's fixes turn out not to be in order of time. Then call it again with
        ``sort=True``.
    ParameterError
        If a number is out of range, or a rule of cleaning needs a column that is not there.

    Notes
    -----
    A courier's group is that of their latest fix that has one. O(n) for n fixes, and O(n log n) where they are sorted.
    Memory of each worker holds a few times `batch_rows` of the scan, and what `Builder` holds of its couriers; it does
    not grow with the number of files.

    Examples
    --------
    >>> from stationgeo import engine, index, io, sample, tracks
    >>> rule = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> plan = index.IndexPlan(stops=rule, resolution=10, tz="Asia/Shanghai")
    >>> scan = io.scan_fixes(sample.city_dir() / "fixes.parquet", datum="GCJ-02")
    >>> found = index_scan(scan, plan=plan, engine=engine.LocalEngine(workers=2))
    >>> found.n_fixes == found.report.rows_read, found.n_stops > 0
    (True, True)
    """
    n = engine.slots * _SHARES_PER_SLOT if n_shares is None else n_shares
    shares = None if sort else io.share_fixes(scan, n_shares=n)
    work = partial(_index_shares, plan=plan, engine=engine, between=between, dates=dates, progress=progress)
    if shares is not None:
        return work(shares, scan=scan)
    with tempfile.TemporaryDirectory(dir=folder, prefix="stationgeo-") as temporary:
        ordered = sorted_scan(scan, temporary, memory_rows=memory_rows)
        found = work(io.share_fixes(ordered, n_shares=n) or (), scan=ordered)
    dropped = tuple(count for count in found.report.dropped if count.rows)
    report = scan.report.adding(dropped=dropped, notes=(_SORTED_NOTE, *found.report.notes))
    return replace(found, report=replace(report, files=()), fixes_of=())


def sorted_scan(scan: io.FixScan, folder: str | Path, *, memory_rows: int) -> io.FixScan:
    """Sort the fixes of a scan into a folder, and scan what was written."""
    files = io.sort_fixes(scan, folder, memory_rows=memory_rows)
    # Ids are hashed already, and the folders' dates are not columns of the source.
    return io.scan_fixes(files, datum="WGS-84", batch_rows=scan.batch_rows)


def share_job(
    plan: IndexPlan, *, between: tuple[int, int] | None = None, dates: Collection[dt.date] | None = None
) -> TaskJob:
    """Say how a share becomes demand: work for any engine, whose tasks are `io.FixShare`."""
    return TaskJob(
        run=partial(demand_of_share, plan=plan, between=between, dates=None if dates is None else tuple(dates)),
        merge=partial(merge_batches, plan=plan),
        merge_by="cell",
        schema=SCHEMA,
    )


def demand_of_share(
    share: io.FixShare,
    tell: Tell,
    *,
    plan: IndexPlan,
    between: tuple[int, int] | None,
    dates: tuple[dt.date, ...] | None,
) -> Iterator[pa.RecordBatch]:
    """Read a share, and give its demand, observed days and counts; tell the rows that were read."""
    builder = Builder(plan, drop_repeats=True, between=between)
    fixes_of: dict[str, int] = {}
    told = 0
    for batch in share.batches():
        before = builder.n_fixes
        _add(builder, batch)
        name = f"{_FILE}{batch.file_at}"
        fixes_of[name] = fixes_of.get(name, 0) + builder.n_fixes - before
        tell(len(batch))
        told += len(batch)
    report = share.report
    tell(report.rows_read - told)
    said = [*(_NOTE + note for note in report.notes), *(f"{_COLUMN}{a}={b}" for a, b in report.columns.items())]
    counts = {_READ: report.rows_read} | fixes_of | dict.fromkeys(said, 1)
    aggregate = builder.finish(dates=dates)
    dropped = {count.reason: count.rows for count in report.dropped}
    repeats = {reason: rows + dropped.pop(reason, 0) for reason, rows in builder.followed.repeats.items()}
    counts |= {_DROPPED + reason: rows for reason, rows in (dropped | repeats).items()}
    yield from pack(aggregate, counts | cleaned(builder) | {LONG_SILENCE: builder.n_long_silences})


def _add(builder: Builder, batch: io.FixBatch) -> None:
    try:
        builder.add(batch_of(batch))
    except OutOfOrderError as error:
        raise OutOfOrderError(
            f"{batch.file}: fixes of a courier must come in order of time, in each file and from one file to the next: "
            f"{error} (found from row {batch.row + 1} on). Sort them: index_scan(..., sort=True), or io.sort_fixes "
            "into a folder."
        ) from error


@dataclass(slots=True)
class _Rows:
    """Rows that were read so far."""

    n_rows: int | None
    progress: Progress | None
    done: int = 0

    def add(self, more: int) -> None:
        self.done += more
        if self.progress is not None and more:
            self.progress(self.done, self.n_rows)

    def end(self, done: int) -> None:
        """Tell at the end what was not told on the way."""
        self.add(done - self.done)


def _index_shares(
    shares: tuple[io.FixShare, ...],
    *,
    scan: io.FixScan,
    plan: IndexPlan,
    engine: Engine,
    between: tuple[int, int] | None,
    dates: Collection[dt.date] | None,
    progress: Progress | None,
) -> Indexed:
    rows = _Rows(scan.n_rows, progress)
    table = engine.run_tasks(shares, share_job(plan, between=between, dates=dates), tell=rows.add)
    aggregate, counts = unpack(table, plan=plan)
    rows.end(counts.get(_READ, 0))
    dropped = tuple(io.Count(reason=reason, rows=n) for reason, n in _named(counts, _DROPPED).items())
    report = io.IngestReport(
        source=shares[0].source,
        rows_read=counts.get(_READ, 0),
        rows_kept=counts.get(_READ, 0) - sum(count.rows for count in dropped),
        datum=None if scan.rules.datum is None else crs.parse_datum(scan.rules.datum),
        tz=scan.rules.how.tz,
        columns={name: column for name, _, column in (text.partition("=") for text in _named(counts, _COLUMN))},
        dropped=dropped,
        notes=tuple(_named(counts, _NOTE)),
    )
    return Indexed(
        aggregate=aggregate,
        report=io.check_whole(report),
        cleaned=_named(counts, CLEANING),
        n_long_silences=counts.get(LONG_SILENCE, 0),
        fixes_of=tuple(counts.get(f"{_FILE}{at}", 0) for at in range(len(scan.files))),
    )


def _named(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {what.removeprefix(prefix): n for what, n in sorted(counts.items()) if what.startswith(prefix)}
