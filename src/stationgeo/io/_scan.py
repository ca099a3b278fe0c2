"""Fixes of any number of files as a stream of batches: the rows of `read_fixes`, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from stationgeo import crs, schema
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.io._arrow import Clean, clean_of_frame, clean_of_table
from stationgeo.io._columns import TimeReading, TimeUnit
from stationgeo.io._fixes import FixFile
from stationgeo.io._gather import Gathered, Rules
from stationgeo.io._privacy import Personal, hashed
from stationgeo.io._raw import list_files, reading, suffix_of
from stationgeo.io._report import Count
from stationgeo.io._sources import name_of, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from stationgeo.io._faults import BadRows
    from stationgeo.io._report import IngestReport
    from stationgeo.io._runs import SortedRun
    from stationgeo.io._sources import Opened
    from stationgeo.io._tables import Part
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["UNUSED", "FixBatch", "FixScan", "Order", "batch_of", "clean_of", "scan_fixes"]

UNUSED = ("order_id",)
"""Columns of FIXES that no batch carries."""
_PLAIN_TEXT = (".csv", ".tsv", ".txt")
# Some hundred lines: enough for a guess to a few percent.
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class FixBatch:
    """Fixes that follow each other in a file: arrays of one length, in the file's order, as it repeats them."""

    courier: IntArray
    """Places in `names`; they order as the ids do in the file."""
    names: npt.NDArray[np.object_]
    """Ids of this batch: each once, ascending as the file has them; hashed where there is a key."""
    t_ms: IntArray
    """Milliseconds since 1970-01-01 UTC."""
    lon: FloatArray
    """WGS-84 degrees."""
    lat: FloatArray
    """WGS-84 degrees."""
    accuracy_m: FloatArray | None
    """Metres, nan where the receiver states none; None where the file has no such column."""
    group: IntArray | None
    """Places in `group_names`, -1 where there is none; None where the file has no such column."""
    group_names: npt.NDArray[np.object_]
    """Groups of this batch: each once, ascending."""
    file: str
    """What messages call the file."""
    file_at: int
    """Its place in the `files` of the scan."""
    row: int
    """Place of the batch's first row in its file, counted from 0, the header aside; rows that were dropped count."""
    is_sorted: bool
    """Whether the file was sorted by courier id (as the file has it) and time, from its beginning to here."""

    def __len__(self) -> int:
        return len(self.t_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixScan:
    """Files of fixes that are ready to be read in batches; what `scan_fixes` returns. It can be pickled."""

    files: tuple[Path, ...]
    """In the order in which they are read: that of their names within each folder or pattern."""
    rules: Rules = field(repr=False)
    """What the caller declared."""
    batch_rows: int
    """Most rows of a batch."""
    run: SortedRun | None = None
    """The couriers that are read of the one Parquet file there is; None for all."""
    _reports: list[IngestReport] = field(default_factory=list, repr=False, compare=False)

    @property
    def n_rows(self) -> int | None:
        """How many rows will be read at most, for progress; None where the files do not tell without being read.

        Raises
        ------
        SourceError
            If a file is no Parquet file, though its name says so.
        """
        if any(suffix_of(path) != ".parquet" for path in self.files):
            return None
        return self.run.n_rows if self.run is not None else sum(map(_rows_of, self.files))

    @property
    def about_rows(self) -> int | None:
        """As `n_rows`; of plain text, which does not tell, what the length of its first lines makes likely.

        None where there are packed texts or workbooks. Never for a count that matters: it is for progress.

        Raises
        ------
        SourceError
            If a file cannot be read.
        """
        if self.run is not None:
            return self.run.n_rows
        counts = [_about(path) for path in self.files]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def report(self) -> IngestReport:
        """What was read, dropped and assumed: that of the last time that `batches` came to its end.

        Raises
        ------
        ParameterError
            If it never did.
        """
        if not self._reports:
            raise ParameterError("the report is complete once batches() has come to its end. Read all batches first.")
        return self._reports[-1]

    def select(self, files: Sequence[Path], *, run: SortedRun | None = None) -> FixScan:
        """Read only some of the files, or some couriers of one of them, in the same way.

        Parameters
        ----------
        files
            Some of `files`, in any order.
        run
            Couriers of one Parquet file (see `sorted_runs`); None for all.

        Returns
        -------
        FixScan
            A new one. Copies are told apart among these files only; rows of couriers of other runs that stand in the
            same row groups are counted as dropped.

        Raises
        ------
        ParameterError
            If a file is not one of them, there is none, or a run of anything but one Parquet file is asked for.
        """
        chosen = tuple(files)
        others = [path.name for path in chosen if path not in self.files]
        if others or not chosen:
            raise ParameterError(f"select needs files of the scan. Got {first_few(others) or 'none'} instead.")
        if run is not None and (len(chosen) > 1 or suffix_of(chosen[0]) != ".parquet"):
            raise ParameterError(
                f"a run is of one Parquet file. Got {first_few(path.name for path in chosen)} instead."
            )
        return replace(self, files=chosen, run=run, _reports=[])

    def batches(self) -> Iterator[FixBatch]:
        """Read the files, one batch after the other.

        Yields
        ------
        FixBatch
            At most `batch_rows` rows of one file, those that can be used; none is empty.

        Raises
        ------
        SourceError, ColumnError, DatumError, DataError, ParameterError
            As `read_fixes`. Rows that are at fault are an error at the end of their file, when all are counted:
            batches before the first fault were given out then.
        """
        got = Gathered()
        kept = 0
        for one in opened(list(self.files), self.rules, got, all_columns=False):
            for batch in self._of_file(one, got):
                kept += len(batch)
                yield batch
        name = name_of(list(self.files))
        if not kept and self.run is None:
            raise DataError(f"{name}: no row is left of {got.rows_read:,} read. Leave the source out, or mend it.")
        self._reports[:] = [got.report(name, tz=self.rules.how.tz, key=self.rules.key)]

    def _of_file(self, one: Opened, got: Gathered) -> Iterator[FixBatch]:
        file = FixFile.of(one, self.rules, got, skip=UNUSED, whole=self.run is None)
        file.foresee(one, rows=self.batch_rows)
        order = Order()
        of_others = 0
        for part in one.parts(rows=self.batch_rows, groups=None if self.run is None else self.run.row_groups):
            clean = clean_of(part, file)
            if clean is not None and self.run is not None:
                rows = len(clean.t_ms)
                clean = clean.of_names(*_between(clean.names, self.run))
                of_others += rows - len(clean.t_ms)
            if clean is not None and len(clean.t_ms) and not file.spoilt:
                yield batch_of(clean, order, file, at=self._place_of(one), row=part.start)
        file.close()
        if of_others:
            got.dropped.append(Count(reason="of couriers of other runs", rows=of_others))

    def _place_of(self, one: Opened) -> int:
        return next(at for at, path in enumerate(self.files) if path == one.path)


def scan_fixes(  # noqa: PLR0913 - each says one thing about the files, by name
    source: str | Path | Sequence[str | Path],
    *,
    datum: str | None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    year: int | None = None,
    time_unit: TimeUnit | None = None,
    time_format: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    batch_rows: int = 1_000_000,
    personal: Personal = "refuse",
    courier_key: bytes | None = None,
) -> FixScan:
    r"""Find files of couriers' GPS records, to read them in batches: the rows of `read_fixes`, in bounded memory.

    Parameters
    ----------
    source
        A file, a glob pattern, a folder (also of Hive partitions like ``date=2026-03-12/``), or a list of files. CSV
        (also gzipped), TSV, Parquet; Excel is read whole, a sheet holds at most a million rows.
    datum, tz, columns, where, year, time_unit, time_format, bad_rows, encoding, personal, courier_key
        As for `read_fixes`. A column `order_id` is not read, and so not checked.
    batch_rows
        Most rows of a batch, at least 1; memory grows with it and not with the files.

    Returns
    -------
    FixScan
        `.batches()` reads; nothing but the names of the files was looked at before.

    Raises
    ------
    SourceError
        If a file is missing or empty.
    DatumError
        If the datum is unknown; one that is not declared is an error when points are read, to say what is at stake.
    ParameterError
        If `batch_rows` is less than 1, `personal` is unknown, the key too short, or the source a table in memory.

    Notes
    -----
    Rows come in the file's order, unsorted and with repeats: sorting and cleaning are the caller's (`sort_fixes`
    sorts more than memory holds). O(rows) time; memory holds a few times `batch_rows` rows (about 350 bytes each), the
    compressed pages at hand, and one id of each courier of a batch.
    Each file is read once more for its hash, which tells copies apart; a text file also for its encoding, and, with
    ``bad_rows="drop"``, for whether its times carry an offset.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fixes.csv"
    ...     _ = path.write_text("courier_id,t,lon,lat\n007,2026-11-20T08:00:00+08:00,114.05,22.54\n")
    ...     scan = scan_fixes(path, datum="WGS-84")
    ...     batches = list(scan.batches())
    >>> batches[0].names[batches[0].courier].tolist(), batches[0].t_ms.tolist(), scan.report.rows_kept
    (['007'], [1795132800000], 1)
    """
    if isinstance(source, pd.DataFrame):
        raise ParameterError("scan_fixes reads files. Give a table in memory to read_fixes.")
    if batch_rows < 1:
        raise ParameterError(f"batch_rows must be at least 1. Got {batch_rows} instead.")
    if datum is not None:
        crs.parse_datum(datum)
    rules = Rules(
        table=schema.FIXES, datum=datum, columns=columns or {}, where=where or {}, bad_rows=bad_rows, encoding=encoding,
        how=TimeReading(tz=tz, year=year, unit=time_unit, format=time_format), personal=personal, key=courier_key,
    ).check()  # fmt: skip
    return FixScan(files=tuple(list_files(source)), rules=rules, batch_rows=batch_rows)


def _rows_of(path: Path) -> int:
    with reading(path, "a Parquet file"):
        return int(pq.read_metadata(path).num_rows)


def _about(path: Path) -> int | None:
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return _rows_of(path)
    if suffix not in _PLAIN_TEXT:
        return None
    with reading(path, "a text file"), path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    lines = head.count(b"\n")
    return round(path.stat().st_size / len(head) * lines) if lines else 0


def _between(names: npt.NDArray[np.object_], run: SortedRun) -> tuple[int, int]:
    """Find the places of a run's couriers among ascending names."""
    start = np.searchsorted(names, run.first, side="right" if run.begins_after_first else "left")
    return int(start), int(np.searchsorted(names, run.last, side="right"))


def clean_of(part: Part, file: FixFile) -> Clean | None:
    """Read a part the fast way where it can be, else the slow one; None where no row of it is left."""
    clean = clean_of_table(part, file)
    if clean is not None:
        return clean
    fixes = file.sound(part)
    return None if fixes.empty else clean_of_frame(fixes)


@dataclass(slots=True)
class Order:
    """Whether the rows of a file came sorted so far."""

    so_far: bool = True
    last: tuple[str, int] = ("", -(2**63))

    def take(self, clean: Clean) -> bool:
        if self.so_far:
            first = (str(clean.names[clean.courier[0]]), int(clean.t_ms[0]))
            before, after = clean.courier[:-1], clean.courier[1:]
            back = (after < before) | ((after == before) & (clean.t_ms[1:] < clean.t_ms[:-1]))
            self.so_far = first >= self.last and not back.any()
            self.last = (str(clean.names[clean.courier[-1]]), int(clean.t_ms[-1]))
        return self.so_far


def batch_of(clean: Clean, order: Order, file: FixFile, *, at: int, row: int) -> FixBatch:
    """Make a batch of clean rows of a file, the one at some place among those of the scan."""
    names: Any = clean.names
    if file.rules.key is not None:
        names = np.array(hashed(names, file.rules.key), dtype=object)
    return FixBatch(
        courier=clean.courier,
        names=names,
        t_ms=clean.t_ms,
        lon=clean.lon,
        lat=clean.lat,
        accuracy_m=clean.accuracy_m,
        group=clean.group,
        group_names=clean.group_names,
        file=file.label,
        file_at=at,
        row=row,
        is_sorted=order.take(clean),
    )
