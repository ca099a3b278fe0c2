"""Where a scan of sorted files can be cut between couriers, told from the extremes of row groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from stationgeo import schema
from stationgeo.errors import SourceError
from stationgeo.io._gather import Gathered, mapped
from stationgeo.io._raw import reading, suffix_of
from stationgeo.io._report import Count, SourceFile
from stationgeo.io._runs import ends_of_groups
from stationgeo.io._sources import COPIES, NO_ROW, label_of, left_in, used_in_path
from stationgeo.io._tables import partition_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from stationgeo.io._gather import Rules
    from stationgeo.io._runs import Ends
    from stationgeo.io._scan import FixScan

__all__ = ["SortedFile", "Span", "sorted_files", "spans_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Ids as text that lie in a range."""

    after: str | None = field(repr=False)
    """Not this one nor those before it; None for no such end."""
    until: str | None = field(repr=False)
    """Up to this one; None for no such end."""

    def holds(self, text: str) -> bool:
        """Tell whether an id lies in the span."""
        return (self.after is None or text > self.after) and (self.until is None or text <= self.until)

    def meets(self, first: str, last: str) -> bool:
        """Tell whether any id from the first to the last may lie in the span."""
        return (self.after is None or last > self.after) and (self.until is None or first <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """A row group."""

    number: int
    rows: range
    """Places in the file."""
    first: str = field(repr=False)
    last: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedFile:
    """A file whose row groups come in order of courier."""

    at: int
    """Place among the files of the scan."""
    path: Path
    groups: tuple[_Group, ...]


@dataclass(slots=True)
class SortedFiles:
    """The files of a scan that are to be read, and what is known of the others."""

    files: list[SortedFile] = field(default_factory=list)
    dropped: list[Count] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sorted_files(scan: FixScan) -> SortedFiles | None:
    """Look at the footers of all files; None if they cannot be shared as they are."""
    if any(suffix_of(path) != ".parquet" for path in scan.files):
        return None
    got = Gathered()
    left = left_in(scan.files, scan.rules, got)
    found = SortedFiles(notes=list(got.notes))
    copies = _copies({at: path for at, path in enumerate(scan.files) if path in left}, scan.rules)
    for at, path in enumerate(scan.files):
        if at in copies:
            rows = pq.read_metadata(path).num_rows
            found.dropped.append(Count(reason=COPIES, rows=rows, examples=(label_of(path, scan.rules),)))
        elif path in left:
            groups = _groups(path, scan.rules)
            if groups is None:
                return None
            found.files.append(SortedFile(at=at, path=path, groups=groups))
    return found


def spans_of(files: Sequence[SortedFile], n_spans: int) -> list[Span]:
    """Cut the ids into about equally many rows each, at ends of row groups, so that none reads mostly others' rows."""
    groups = [group for file in files for group in file.groups]
    ends = Counter[str]()
    for group in groups:
        ends[group.last] += len(group.rows)
    total = sum(ends.values())
    while n_spans > 1:
        cuts = _quantiles(ends, total, n_spans)
        read_twice = max((_straddling(groups, cut) for cut in cuts), default=0)
        if read_twice * n_spans <= total:
            return [Span(after=a, until=b) for a, b in zip([None, *cuts], [*cuts, None], strict=True)]
        n_spans = min(n_spans - 1, max(1, total // read_twice))
    return [Span(after=None, until=None)]


def _quantiles(ends: Counter[str], total: int, n: int) -> list[str]:
    """Choose those of the ends up to which the next n-th of the rows is full; the last one cuts nothing off."""
    cuts, so_far = [], 0
    *inner, _ = sorted(ends.items())
    for text, rows in inner:
        before, so_far = so_far, so_far + rows
        if so_far * n // total > before * n // total:
            cuts.append(text)
    return cuts


def _straddling(groups: Sequence[_Group], cut: str) -> int:
    """Count the rows of row groups that a cut goes through: two shares read them."""
    return sum(len(group.rows) for group in groups if group.first <= cut < group.last)


def _copies(paths: Mapping[int, Path], rules: Rules) -> set[int]:
    """Find the places of files that are copies of earlier ones; only those of one length are read for it."""
    sizes = Counter(path.stat().st_size for path in paths.values())
    seen: set[tuple[object, ...]] = set()
    copies: set[int] = set()
    for at, path in paths.items():
        if sizes[path.stat().st_size] > 1:
            with reading(path, "a file"):
                same = (SourceFile.of(path).sha256, *used_in_path(path, rules).items())
            if same in seen:
                copies.add(at)
            seen.add(same)
    return copies


def _groups(path: Path, rules: Rules) -> tuple[_Group, ...] | None:
    """Tell the row groups of a file; None if it cannot be shared."""
    with reading(path, "a Parquet file"), pq.ParquetFile(path) as file:
        label, kinds = label_of(path, rules), file.schema_arrow
        in_path = partition_of(path)
        chosen = mapped([*kinds.names, *in_path], schema.FIXES, rules.columns, source=label)
        courier, t = chosen["courier_id"], chosen["t"]
        if {courier, t} & set(in_path) or not _are_times(kinds.field(t).type, rules):
            return None
        if not file.metadata.num_rows:
            raise SourceError(f"{label}: {NO_ROW}")
        rows, ends = ends_of_groups(file, courier)
    return _in_order(rows, ends)


def _are_times(kind: pa.DataType, rules: Rules) -> bool:
    """Tell whether each time says by itself what it means: whether texts carry offsets, only a whole file can tell."""
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return pa.types.is_timestamp(kind) or (is_number and rules.how.format is None)


def _in_order(rows: list[int], ends: list[Ends]) -> tuple[_Group, ...] | None:
    """Put row groups together; None where one holds a courier before the last one of the row group before it."""
    groups: list[_Group] = []
    start, last = 0, ""
    for number, (n_rows, found) in enumerate(zip(rows, ends, strict=True)):
        # Without any id a row group is read by whoever reads the end of the one before it.
        lowest, highest = found or (last, last)
        if lowest < last:
            return None
        groups.append(_Group(number=number, rows=range(start, start + n_rows), first=lowest, last=highest))
        start, last = start + n_rows, highest
    return tuple(groups)
