"""Sorted Parquet files cut into runs of couriers, so that several workers can share one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from stationgeo import schema
from stationgeo.errors import ColumnError, ParameterError, suggest
from stationgeo.io._columns import to_codes
from stationgeo.io._raw import reading, suffix_of
from stationgeo.io._tables import series_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Ends", "SortedRun", "ends_of_groups", "sorted_runs"]

Ends: TypeAlias = "tuple[str, str] | None"
"""Smallest and largest id of a row group as text; None where it has none."""

# Some writers cut the extremes of long texts off at this length.
_WHOLE_BYTES = 64
_READ_ROWS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedRun:
    """Couriers that follow each other in one sorted file, with all their rows; each is in one run only."""

    row_groups: range
    """Those that hold them; the first and last one may also hold couriers of the runs beside it."""
    n_rows: int
    """Rows of these row groups."""
    first: str = field(repr=False)
    """Smallest courier id of the row groups, as the file has it: not shown, because a key may be in use."""
    last: str = field(repr=False)
    """Largest courier id of the run."""
    begins_after_first: bool
    """Whether `first` is the last courier of the run before."""


def sorted_runs(path: str | Path, *, columns: Mapping[str, str] | None = None) -> tuple[SortedRun, ...] | None:
    """Cut a Parquet file that is sorted by courier into runs of couriers, which several workers can share.

    Parameters
    ----------
    path
        A Parquet file.
    columns
        Column of FIXES to the file's column, where they differ; only `courier_id` matters.

    Returns
    -------
    tuple of SortedRun, or None
        About one for each row group, in the file's order, for `FixScan.select`: each courier in one of them, whole;
        none for a file without ids. None where a row group holds a courier before the last one of the row group before
        it: not sorted.

    Raises
    ------
    SourceError
        If the file cannot be read.
    ColumnError
        If the courier column is missing.
    ParameterError
        If it is no Parquet file by its name.

    Notes
    -----
    O(row groups) where the file keeps the extremes of its ids, else the column is read once. Ids are compared as
    text. The order within a row group is not looked at, nor that of times: `FixBatch.is_sorted` tells it as rows pass.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fixes.parquet"
    ...     pd.DataFrame({"courier_id": ["a", "a", "a", "b", "c", "c"]}).to_parquet(path, row_group_size=2)
    ...     [(run.row_groups, run.first, run.begins_after_first, run.last) for run in sorted_runs(path)]
    [(range(0, 2), 'a', False, 'a'), (range(1, 2), 'a', True, 'b'), (range(2, 3), 'c', False, 'c')]
    """
    file = Path(path)
    if suffix_of(file) != ".parquet":
        raise ParameterError(f"{file.name}: only Parquet files have row groups. Name one, or let one worker read it.")
    column = (columns or {}).get("courier_id", schema.FIXES.key[0])
    with reading(file, "a Parquet file"), pq.ParquetFile(file) as opened:
        if column not in opened.schema_arrow.names:
            raise ColumnError(
                f"{file.name}: column {column!r} (for courier_id) is missing; "
                f"{suggest(column, opened.schema_arrow.names)}"
            )
        rows, all_ends = ends_of_groups(opened, column)
    runs: list[SortedRun] = []
    for group, ends in enumerate(all_ends):
        if ends is not None and not _add(runs, group, ends):
            return None
    return tuple(replace(run, n_rows=sum(rows[group] for group in run.row_groups)) for run in runs)


def ends_of_groups(file: pq.ParquetFile, column: str) -> tuple[list[int], list[Ends]]:
    """Tell the rows of each row group, and its smallest and largest id."""
    groups = range(file.num_row_groups)
    return [file.metadata.row_group(at).num_rows for at in groups], [_ends(file, at, column) for at in groups]


def _add(runs: list[SortedRun], group: int, ends: tuple[str, str]) -> bool:
    """Add a row group to the runs: what it holds of the last courier to theirs, the others as one of its own."""
    first, last = ends
    shared = bool(runs) and first == runs[-1].last
    if runs and first < runs[-1].last:
        return False
    if shared:
        runs[-1] = replace(runs[-1], row_groups=range(runs[-1].row_groups.start, group + 1))
    if not shared or first != last:
        one = SortedRun(row_groups=range(group, group + 1), n_rows=0, first=first, last=last, begins_after_first=shared)
        runs.append(one)
    return True


def _ends(file: pq.ParquetFile, group: int, column: str) -> Ends:
    place = file.schema_arrow.names.index(column)
    found = file.metadata.row_group(group).column(place).statistics
    if found is not None and found.has_min_max and isinstance(found.min, str) and isinstance(found.max, str):
        kept = [found.min, found.max]
        if all(text == text.strip() and len(text.encode()) < _WHOLE_BYTES for text in kept):
            return found.min, found.max
    seen: set[str] = set()
    for batch in file.iter_batches(batch_size=_READ_ROWS, row_groups=[group], columns=[column]):
        distinct = series_of(pa.chunked_array([batch.column(0)])).drop_duplicates()
        texts = to_codes(distinct)[0].dropna()
        seen = {str(end) for ends in (seen, texts) if len(ends) for end in (min(ends), max(ends))}
    return (min(seen), max(seen)) if seen else None
