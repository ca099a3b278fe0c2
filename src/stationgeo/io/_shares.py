"""Scans of sorted Parquet files cut into shares of couriers, so that workers read side by side and share no row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stationgeo.errors import DataError, ParameterError
from stationgeo.io._arrow import Split
from stationgeo.io._columns import to_codes
from stationgeo.io._coordinates import EXCHANGED
from stationgeo.io._cuts import Span, sorted_files, spans_of
from stationgeo.io._fixes import FixFile
from stationgeo.io._gather import Gathered, Rules
from stationgeo.io._scan import UNUSED, Order, batch_of, clean_of
from stationgeo.io._sources import checked, label_of, name_of
from stationgeo.io._tables import Part, open_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy.typing as npt
    import pandas as pd

    from stationgeo.io._cuts import SortedFile
    from stationgeo.io._report import Count, IngestReport
    from stationgeo.io._scan import FixBatch, FixScan
    from stationgeo.io._sources import Opened

__all__ = ["FixShare", "check_whole", "share_fixes"]

_OTHERS, _MINE, _NOBODYS = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mixed:
    """Rows of a row group that holds couriers of several shares."""

    rows: range
    """Places in the file."""
    begins_here: bool
    """Whether its first courier is of this share, and so the rows that have no courier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What a share reads of one file."""

    file_at: int
    path: Path
    groups: range
    mixed: tuple[_Mixed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FixShare:
    """Some couriers of a scan, with all their fixes; what `share_fixes` cuts. It can be pickled."""

    source: str
    """What messages call the whole."""
    rules: Rules = field(repr=False)
    """What the caller declared."""
    batch_rows: int
    """Most rows of a batch."""
    span: Span = field(repr=False)
    """Whose fixes: ids as the files have them, not shown, because a key may be in use."""
    pieces: tuple[_Piece, ...] = field(repr=False)
    """What is read, file by file."""
    settled: tuple[tuple[Count, ...], tuple[str, ...]] = field(default=((), ()), repr=False)
    """Rows that were dropped before anything was read, and notes, which one of the shares tells for all."""
    _reports: list[IngestReport] = field(default_factory=list, repr=False, compare=False)

    @property
    def report(self) -> IngestReport:
        """What was read, dropped and assumed of this share's rows: that of the last time `batches` came to its end.

        Counts of all shares add up to those of the scan. It names no files: each belongs to several shares.

        Raises
        ------
        ParameterError
            If it never did.
        """
        if not self._reports:
            raise ParameterError("the report is complete once batches() has come to its end. Read all batches first.")
        return self._reports[-1]

    def batches(self) -> Iterator[FixBatch]:
        """Read the share, one batch after the other, file by file.

        Yields
        ------
        FixBatch
            At most `batch_rows` rows of one file, those of the share that can be used; none is empty.

        Raises
        ------
        SourceError, ColumnError, DatumError, DataError, ParameterError
            As `FixScan.batches`, but for what only the whole can tell (see `check_whole`).
        """
        got = Gathered()
        got.dropped += self.settled[0]
        got.rows_read += sum(count.rows for count in got.dropped)
        for piece in self.pieces:
            label = label_of(piece.path, self.rules)
            table = open_table(piece.path, encoding=self.rules.encoding)
            yield from self._of_file(checked(table, label, self.rules, got, all_columns=False), piece, got)
        got.notes |= dict.fromkeys(self.settled[1])
        self._reports[:] = [got.report(self.source, tz=self.rules.how.tz, key=self.rules.key)]

    def _of_file(self, one: Opened, piece: _Piece, got: Gathered) -> Iterator[FixBatch]:
        file = FixFile.of(one, self.rules, got, skip=UNUSED, whole=False)
        order = Order()
        for read in one.parts(rows=self.batch_rows, groups=piece.groups):
            part = self._mine(read, piece, file.chosen["courier_id"])
            got.rows_read += len(part.rows)
            clean = clean_of(part, file) if len(part.rows) else None
            if clean is not None and len(clean.t_ms) and not file.spoilt:
                yield batch_of(clean, order, file, at=piece.file_at, row=part.start)
        file.close()

    def _mine(self, part: Part, piece: _Piece, column: str) -> Part:
        """Keep the rows of the share: a row without courier belongs to the first one of its row group."""
        rows = part.rows
        ends = range(part.start, part.start + len(rows))
        mixed = [one for one in piece.mixed if one.rows.start < ends.stop and ends.start < one.rows.stop]
        if not mixed or not isinstance(rows, pa.Table):
            return part
        split = Split.of(rows.column(column))
        whose = split.spread(self._whose(split.distinct), missing=_NOBODYS)
        mine = np.ones(len(rows), dtype=bool)
        for one in mixed:
            at = slice(max(one.rows.start - ends.start, 0), max(one.rows.stop - ends.start, 0))
            mine[at] = (whose[at] == _MINE) | ((whose[at] == _NOBODYS) & one.begins_here)
        if mine.all():
            return part
        places = np.flatnonzero(mine) + ends.start
        start = int(places[0]) if places.size else ends.start
        return replace(part, rows=rows.filter(pa.array(mine)), start=start, places=places)

    def _whose(self, distinct: pd.Series[Any]) -> npt.NDArray[np.int8]:
        texts = to_codes(distinct)[0]
        known = texts.notna().to_numpy()
        held = [self.span.holds(text) for text in texts.fillna("").astype(str)]
        return np.where(known, np.where(held, _MINE, _OTHERS), _NOBODYS).astype(np.int8)


def share_fixes(scan: FixScan, *, n_shares: int) -> tuple[FixShare, ...] | None:
    """Cut a scan of sorted Parquet files into shares of couriers that can be read side by side, on any machine.

    Parameters
    ----------
    scan
        What `scan_fixes` found: any number of files, each sorted by courier id.
    n_shares
        How many shares to make, at least 1. They are fewer where the files do not allow as many: where row groups are
        so large that a share would read more rows of others than of its own.

    Returns
    -------
    tuple of FixShare, or None
        Each courier, whole, in one of them; in order of courier ids. None where the files cannot be shared as they
        are: one is no Parquet file, is not sorted by courier id as text, has courier or time in the names of its
        folders, or times as text. Then `sort_fixes`, and share what it wrote.

    Raises
    ------
    SourceError
        If a file cannot be read, or has no row.
    ColumnError
        If a column is missing.
    ParameterError
        If `n_shares` is less than 1, or the scan is of a run.
    DataError
        If `where` leaves no file.

    Notes
    -----
    All shares together give the rows of the scan, and their reports add up to its report: what one row group holds of
    several shares is read by each and counted by its own; a row without courier is counted with the first courier of
    its row group. Shares hold about equally many rows, by the row groups' extremes. O(g log g) for g row groups of all
    files; files are hashed only where two have the same length. Rows in a row group may have any order, and times
    are not looked at: whoever needs them in order (`FixBatch.is_sorted`) must look.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from stationgeo import io
    >>> fixes = pd.DataFrame({"courier_id": ["a", "a", "b", "c", "d", "e"], "lon": 114.05, "lat": 22.5,
    ...                       "t": pd.date_range("2026-11-20", periods=6, freq="min", tz="UTC")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fixes.to_parquet(Path(folder) / "fixes.parquet", row_group_size=2)
    ...     shares = share_fixes(io.scan_fixes(folder, datum="WGS-84"), n_shares=2) or ()
    ...     [[name for batch in share.batches() for name in batch.names] for share in shares]
    [['a', 'b', 'c'], ['d', 'e']]
    """
    if n_shares < 1:
        raise ParameterError(f"n_shares must be at least 1. Got {n_shares} instead.")
    if scan.run is not None:
        raise ParameterError("a run is a part of a file already. Share the scan that it was selected from.")
    found = sorted_files(scan)
    if found is None:
        return None
    shares = [
        FixShare(
            source=name_of(list(scan.files)),
            rules=scan.rules,
            batch_rows=scan.batch_rows,
            span=span,
            pieces=tuple(piece for file in found.files if (piece := _piece(file, span)) is not None),
        )
        for span in spans_of(found.files, n_shares)
    ]
    shares[0] = replace(shares[0], settled=(tuple(found.dropped), tuple(found.notes)))
    return tuple(shares)


def check_whole(report: IngestReport) -> IngestReport:
    """Hold the counts of all shares against what a scan refuses, and a share cannot tell.

    Parameters
    ----------
    report
        The reports of all shares as one.

    Returns
    -------
    IngestReport
        The same.

    Raises
    ------
    DataError
        If no row is left, or longitude and latitude are exchanged in most rows of all files together.

    Notes
    -----
    O(counts).

    Examples
    --------
    >>> from stationgeo.io import IngestReport
    >>> check_whole(IngestReport(source="fixes.parquet", rows_read=2))
    Traceback (most recent call last):
        ...
    stationgeo.errors.DataError: fixes.parquet: no row is left of 2 read. Leave the source out, or mend it.
    """
    exchanged = sum(count.rows for count in report.dropped if count.reason.endswith(EXCHANGED))
    if 2 * exchanged > report.rows_read:
        raise DataError(
            f"{report.source}: {EXCHANGED} in {exchanged:,} of {report.rows_read:,} rows. Exchange them: map lon to "
            "the one, lat to the other column."
        )
    if not report.rows_kept:
        raise DataError(
            f"{report.source}: no row is left of {report.rows_read:,} read. Leave the source out, or mend it."
        )
    return report


def _piece(file: SortedFile, span: Span) -> _Piece | None:
    """Find the row groups of a file that may hold couriers of a span."""
    groups = [group for group in file.groups if span.meets(group.first, group.last)]
    if not groups:
        return None
    mixed = [
        _Mixed(rows=group.rows, begins_here=span.holds(group.first))
        for group in groups
        if not (span.holds(group.first) and span.holds(group.last))
    ]
    numbers = range(groups[0].number, groups[-1].number + 1)
    return _Piece(file_at=file.at, path=file.path, groups=numbers, mixed=tuple(mixed))
