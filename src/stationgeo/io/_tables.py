"""Table files in parts of bounded size: opened once for their header, then read as raw columns; no meaning yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stationgeo.errors import ColumnError, SourceError, first_few, suggest
from stationgeo.io._raw import TABLE_SUFFIXES, reading, suffix_of
from stationgeo.io._text import Rows, TextFile, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from stationgeo.schema import IntArray

__all__ = ["Part", "TableFile", "frame_of", "open_table", "partition_of", "rows_before", "series_of"]

# What a text's fields may be separated by other than what the file's name says.
_SEPARATORS = ";\t|,"
# Parquet columns are fetched in pieces of this size; without it a whole row group's column is held at once.
_PARQUET_BUFFER_BYTES = 1 << 20
# How a Hive partition writes a value that is missing.
_HIVE_MISSING = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a file, in its order."""

    rows: Rows
    start: int = 0
    """Place of the first one in its file, counted from 0, the header aside."""
    places: IntArray | None = None
    """Places of all of them, where they do not follow each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """One table file whose header was read."""

    path: Path
    names: tuple[str, ...]
    """Columns of the file, in order; a text's header may name one twice."""
    in_path: dict[str, str | None]
    """Columns that its folders name (``date=2026-03-12``), of one value each; they stand for those of the file."""
    typed: bool
    """Whether columns are stored one by one with their type, so that others need not be read."""
    encoding: str | None = None
    """Text encoding that fitted; None for binary formats."""
    fetch: Callable[[list[int], int | None, range | None], Iterator[Rows]] = field(repr=False)
    """Places of columns, rows a part (None: all at once), row groups (None: all) to the rows."""

    def parts(
        self, columns: Collection[str], *, rows: int | None = None, groups: range | None = None
    ) -> Iterator[Part]:
        """Read some columns, those that there are, in parts of at most so many rows; None reads them at once.

        Raises
        ------
        SourceError
            If the file cannot be read as what its name says.
        ColumnError
            If none of the columns is there, or one holds lists or bytes.
        """
        places = [place for place, name in enumerate(self.names) if name in columns and name not in self.in_path]
        if not places:
            raise ColumnError(
                f"{self.path.name}: none of the columns {first_few(sorted(columns))} is there; "
                f"{suggest(min(columns, default=''), self.names)}"
            )
        start = 0 if groups is None else rows_before(self.path, groups.start)
        for rows_read in self.fetch(places, rows, groups):
            yield Part(self._with_path(rows_read, columns), start)
            start += len(rows_read)

    def _with_path(self, rows: Rows, columns: Collection[str]) -> Rows:
        for name in self.in_path.keys() & set(columns):
            value = self.in_path[name]
            if isinstance(rows, pd.DataFrame):
                rows = rows.copy(deep=False)
                rows[name] = pd.Series([value] * len(rows), index=rows.index, dtype="str")
            else:
                rows = rows.append_column(name, pa.repeat(pa.scalar(value, pa.string()), len(rows)).dictionary_encode())
        return rows


def open_table(path: Path, *, encoding: str | None = None) -> TableFile:
    """Open a table file and read its header; text stays text (codes keep their zeros), Parquet keeps its types.

    Parameters
    ----------
    path
        CSV (also gzipped), TSV, Parquet or the first sheet of an Excel workbook.
    encoding
        Of a text file, where it is known; else UTF-8 and then gb18030 are tried, strictly, on the whole file.

    Raises
    ------
    SourceError
        If the format is not supported or the file cannot be read as what its name says.
    """
    suffix = suffix_of(path)
    if suffix == ".parquet":
        return _open_parquet(path)
    if suffix == ".xlsx":
        return _open_workbook(path)
    if suffix in TABLE_SUFFIXES:
        return _open_text(path, encoding)
    raise SourceError(
        f"{path.name}: cannot read {suffix or 'a file without a suffix'} as a table. "
        f"Supported: {', '.join(TABLE_SUFFIXES)}."
    )


def partition_of(path: Path) -> dict[str, str | None]:
    """Read the columns that the folders right above a file name, as Hive and Spark write them, outermost first."""
    found: dict[str, str | None] = {}
    for folder in path.parents:
        name, equals, value = folder.name.partition("=")
        if not (name and equals):
            break
        found[unquote(name)] = None if value == _HIVE_MISSING else unquote(value)
    return dict(reversed(found.items()))


def rows_before(path: Path, group: int) -> int:
    """Count the rows of a Parquet file that stand before a row group."""
    with reading(path, "a Parquet file"):
        metadata = pq.read_metadata(path)
        return sum(metadata.row_group(number).num_rows for number in range(min(group, metadata.num_row_groups)))


def frame_of(part: Part) -> pd.DataFrame:
    """Make a pandas frame of a part; the index says which rows of the file they are.

    Parquet columns become what their type says, whatever rows the part holds: whole numbers stay whole where some are
    missing, and text that is stored once per value is text.
    """
    rows = part.rows
    index: pd.Index[Any] = pd.RangeIndex(part.start, part.start + len(rows))
    if part.places is not None:
        index = pd.Index(part.places)
    if isinstance(rows, pd.DataFrame):
        return rows.set_index(index)
    return pd.DataFrame({name: series_of(rows.column(name)) for name in rows.column_names}).set_index(index)


def series_of(column: pa.ChunkedArray[Any]) -> pd.Series[Any]:
    """Make a pandas column of an Arrow column."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = pa.types.is_integer(column.type) and column.null_count
    return column.to_pandas(types_mapper=_nullable if whole else None)


def _nullable(_: pa.DataType) -> pd.Int64Dtype:
    return pd.Int64Dtype()


def _open_parquet(path: Path) -> TableFile:
    what = "a Parquet file"
    with reading(path, what), pq.ParquetFile(path) as opened:
        schema = opened.schema_arrow

    def fetch(places: list[int], rows: int | None, groups: range | None) -> Iterator[Rows]:
        fields = [schema.field(place) for place in places]
        _check_kinds(path, fields)
        names = [one.name for one in fields]
        texts = [one.name for one in fields if _is_text(one.type)] if rows is not None else None
        with reading(path, what):
            file = pq.ParquetFile(path, read_dictionary=texts, buffer_size=_PARQUET_BUFFER_BYTES)
        with file:
            which = list(range(file.num_row_groups) if groups is None else groups)
            if rows is None:
                with reading(path, what):
                    whole = file.read_row_groups(which, columns=names)
                yield whole
                return
            tables = merged(file.iter_batches(batch_size=rows, row_groups=which, columns=names), rows)
            while True:
                with reading(path, what):
                    table = next(tables, None)
                if table is None:
                    return
                yield table

    return TableFile(path=path, names=tuple(schema.names), in_path=partition_of(path), typed=True, fetch=fetch)


def _check_kinds(path: Path, fields: list[pa.Field[Any]]) -> None:
    for one in fields:
        if pa.types.is_nested(one.type) or "binary" in str(one.type):
            raise ColumnError(
                f"{path.name}: column {one.name!r} holds {one.type}: neither numbers, text nor times. Export it as one "
                "of these."
            )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)


def _open_workbook(path: Path) -> TableFile:
    with reading(path, "an Excel workbook"):
        cells = pd.read_excel(path, header=None, dtype=str, engine="openpyxl", keep_default_na=False, na_values=[""])
    names, body = _header(cells, path), cells.iloc[1:]

    def fetch(places: list[int], rows: int | None, _: range | None) -> Iterator[Rows]:
        size = rows or max(len(body), 1)
        for start in range(0, len(body), size):
            yield _named(body.iloc[start : start + size, places], places, names)

    return TableFile(path=path, names=names, in_path=partition_of(path), typed=False, fetch=fetch)


def _open_text(path: Path, declared: str | None) -> TableFile:
    what = f"{declared or 'a table of'} text"
    with reading(path, what):
        separator = "\t" if suffix_of(path) == ".tsv" else ","
        file = TextFile.of(path, separator=separator, encoding=declared, what=what)
        names = _header(file.header(), path)
    used = [mark for mark in _SEPARATORS if len(names) == 1 and mark in names[0]]
    if used:
        raise SourceError(
            f"{path.name}: its one column is {names[0]!r}: fields seem to be separated by {used[0]!r}. Here it "
            f"must be {separator!r}: save it as .csv with commas, or as .tsv with tabs."
        )

    def fetch(places: list[int], rows: int | None, _: range | None) -> Iterator[Rows]:
        for part in file.read(places, rows=rows, width=len(names)):
            yield _named(part, places, names)

    return TableFile(
        path=path, names=names, in_path=partition_of(path), typed=False, encoding=file.encoding, fetch=fetch
    )


def _header(cells: pd.DataFrame, path: Path) -> tuple[str, ...]:
    """Take the first row as names of the columns."""
    if cells.empty:
        raise SourceError(f"{path.name}: the file has no header line. Export it again.")
    return tuple("" if pd.isna(name) else str(name).strip() for name in cells.iloc[0])


def _named(cells: Rows, places: list[int], names: tuple[str, ...]) -> Rows:
    chosen = [names[place] for place in places]
    return cells.set_axis(chosen, axis="columns") if isinstance(cells, pd.DataFrame) else cells.rename_columns(chosen)
