"""What every reader of rows does: raw parts file by file, faults settled, counts kept, one table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo.errors import DataError, ParameterError, SourceError, suggest
from stationgeo.io._columns import map_columns, to_codes, to_numbers
from stationgeo.io._faults import BadRows, Faults, row_names
from stationgeo.io._raw import Source, list_files, read_raw_table
from stationgeo.io._report import Count, IngestReport, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

__all__ = [
    "Gathered",
    "filtered",
    "joined",
    "mapped",
    "matching",
    "name_of",
    "raw_parts",
    "read_codes",
    "read_optional",
    "settled",
    "without_repeats",
]

_FRAME = "the table given"


@dataclass(slots=True)
class Gathered:
    """What the files of one source gave so far."""

    files: list[SourceFile] = field(default_factory=list)
    parts: list[pd.DataFrame] = field(default_factory=list)
    rows_read: int = 0
    dropped: list[Count] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    datum: crs.Datum = "WGS-84"

    def report(self, name: str, *, tz: str | None) -> IngestReport:
        """Close the books: the rows that are left after what the files lost."""
        return IngestReport(
            source=name,
            files=tuple(self.files),
            rows_read=self.rows_read,
            rows_kept=self.rows_read - sum(count.rows for count in self.dropped),
            datum=self.datum,
            tz=tz,
            columns=self.chosen,
            dropped=_summed(self.dropped),
            notes=tuple(self.notes),
        )


def name_of(source: Source) -> str:
    if isinstance(source, pd.DataFrame):
        return _FRAME
    files = list_files(source)
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more files"


def raw_parts(
    source: Source,
    table: schema.Table,
    columns: Mapping[str, str],
    where: Mapping[str, str],
    encoding: str | None,
    got: Gathered,
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (label, raw frame) of every file, rows outside `where` counted off.

    The frame's index says which rows of the file they are, counted from 0. A file that is the copy of an earlier one
    is not yielded, but counted.
    """
    if isinstance(source, pd.DataFrame):
        got.rows_read += len(source)
        yield _FRAME, filtered(source.reset_index(drop=True), where, _FRAME, got)
        return
    wanted = {columns.get(name, name) for name in (*table.names, "lon", "lat")} | set(where)
    for path in list_files(source):
        raw, fitted = read_raw_table(path, wanted=wanted, encoding=encoding)
        file = SourceFile.of(path, encoding=fitted)
        got.rows_read += len(raw)
        if raw.empty:
            raise SourceError(f"{path.name}: the file has a header but no row. Export it again, or leave it out.")
        if any(file.sha256 == earlier.sha256 for earlier in got.files):
            got.dropped.append(Count(reason="in copies of an earlier file", rows=len(raw), examples=(path.name,)))
        else:
            yield path.name, filtered(raw, where, path.name, got)
        got.files.append(file)


def matching(raw: pd.DataFrame, where: Mapping[str, str], label: str) -> npt.NDArray[np.bool_]:
    """Say which rows have the texts that are asked for.

    Raises
    ------
    ParameterError
        If a column is not there.
    DataError
        If no row has them.
    """
    keep = np.ones(len(raw), dtype=bool)
    for column, text in where.items():
        if column not in raw.columns:
            raise ParameterError(f"{label}: where names column {column!r}; {suggest(column, map(str, raw.columns))}")
        keep &= (to_codes(raw[column])[0] == str(text).strip()).to_numpy(dtype=bool, na_value=False)
    if not keep.any() and len(raw):
        raise DataError(f"{label}: no row matches where = {dict(where)}. Check its spelling against the file.")
    return keep


def filtered(raw: pd.DataFrame, where: Mapping[str, str], label: str, got: Gathered) -> pd.DataFrame:
    """Keep the rows that are asked for, and count the others."""
    keep = matching(raw, where, label)
    if not keep.all():
        got.dropped.append(Count(reason="left out by where", rows=int((~keep).sum())))
    return raw[keep]


def without_repeats(raw: pd.DataFrame, got: Gathered) -> pd.DataFrame:
    """Drop rows that repeat an earlier one in every column, and count them."""
    repeated = raw.duplicated().to_numpy()
    if repeated.any():
        rows = row_names(raw.index, repeated)
        got.dropped.append(Count(reason="identical rows", rows=int(repeated.sum()), examples=rows))
    return raw[~repeated]


def mapped(
    raw: pd.DataFrame, table: schema.Table, columns: Mapping[str, str], *, source: str, optional: tuple[str, ...] = ()
) -> dict[str, str]:
    """Find the file's columns of a table of points; those in `optional` have a default."""
    named = [column.name for column in table.columns if column.kind != "geometry"]
    known = tuple(dict.fromkeys([*named, "lon", "lat"]))
    required = {*table.required, "lon", "lat"} - {"geometry", *optional}
    return map_columns(raw, columns, known=known, required=required, source=source)


def read_codes(
    raw: pd.DataFrame, chosen: Mapping[str, str], name: str, faults: Faults, got: Gathered
) -> pd.Series[Any]:
    values = raw[chosen[name]]
    codes, wrong, note = to_codes(values)
    faults.add(f"column {chosen[name]!r} ({name}) holds no code", wrong, values, way_out="Store codes as text")
    if note:
        got.notes[f"{chosen[name]}: {note}"] = None
    return codes


def read_optional(
    raw: pd.DataFrame,
    chosen: Mapping[str, str],
    table: schema.Table,
    faults: Faults,
    *,
    skip: Any,  # noqa: ANN401
) -> dict[str, pd.Series[Any]]:
    """Read the optional columns that are there by their kind."""
    read: dict[str, pd.Series[Any]] = {}
    for column in table.columns:
        if column.name in skip or column.name not in chosen or column.name in {"lon", "lat"}:
            continue
        values = raw[chosen[column.name]]
        if column.kind == "text":
            read[column.name], wrong, _ = to_codes(values)
        else:
            read[column.name], wrong = to_numbers(values)
        faults.add(f"column {chosen[column.name]!r} ({column.name}) cannot be read", wrong, values, way_out="Mend it")
    return read


def settled(
    read: dict[str, pd.Series[Any]], table: schema.Table, faults: Faults, bad_rows: BadRows, got: Gathered
) -> pd.DataFrame:
    """Hold what was read against the contract, take faulty rows out (or raise), then bring the rest to WGS-84."""
    for column in table.columns:
        if column.name in read and column.name not in {"lon", "lat"}:
            _hold(read[column.name], column, got.chosen.get(column.name, column.name), faults)
    keep, counts = faults.settle(bad_rows=bad_rows)
    got.dropped += counts
    frame = pd.DataFrame(read)[keep]
    lon, lat = crs.to_wgs84(frame["lon"].to_numpy(), frame["lat"].to_numpy(), datum=got.datum)
    return frame.assign(lon=lon, lat=lat)


def _hold(values: pd.Series[Any], column: schema.Column, name: str, faults: Faults) -> None:
    """Add rows that break a column's contract to the faults, but for those that are at fault already."""
    sound = faults.sound()
    for mask, wrong in schema.value_faults(values, column):
        broken = mask.to_numpy(dtype=bool, na_value=False) & sound
        faults.add(f"column {name!r} ({column.name}) {wrong}", broken, values, way_out="Mend it")


def joined(got: Gathered, name: str) -> pd.DataFrame:
    table = pd.concat(got.parts, ignore_index=True) if got.parts else pd.DataFrame()
    if table.empty:
        raise DataError(f"{name}: no row is left of {got.rows_read:,} read. Leave the source out, or mend it.")
    return table


def _summed(counts: list[Count]) -> tuple[Count, ...]:
    """Add up the counts of one reason over the files, in order of first appearance."""
    by_reason: dict[str, Count] = {}
    for count in counts:
        before = by_reason.get(count.reason)
        by_reason[count.reason] = (
            count
            if before is None
            else Count(reason=count.reason, rows=before.rows + count.rows, examples=before.examples)
        )
    return tuple(by_reason.values())
