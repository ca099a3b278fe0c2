"""Text tables row by row: the parser of Arrow where a text is plain, that of pandas where it is not, to one result."""

from __future__ import annotations

import codecs
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from stationgeo.errors import SourceError
from stationgeo.io._raw import ENCODINGS, reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pandas.io.parsers import TextFileReader

__all__ = ["Rows", "TextFile", "merged"]

Rows: TypeAlias = "pd.DataFrame | pa.Table"

_DECODED_BYTES = 1 << 20
# Arrow reads up to 32 blocks ahead, whatever becomes of them.
_BLOCK_BYTES = 1 << 20
_NOT_PLAIN = r'^ |["\r\n]'
# pandas' rows that are read again to get past them.
_SKIPPED_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A text table whose encoding is known."""

    path: Path
    encoding: str
    separator: str
    n_quotes: int
    """Where there are any, every column is looked at for what they may hide; an odd one is never closed."""
    what: str
    """What messages call a text that cannot be read."""

    @classmethod
    def of(cls, path: Path, *, separator: str, encoding: str | None, what: str) -> TextFile:
        """Look through a text for its encoding, where that is not declared, and for quotes; O(1) memory.

        Raises
        ------
        SourceError
            If neither of the encodings that are tried fits.
        """
        fitted, n_quotes = _look_through(path, encoding)
        return cls(path=path, encoding=fitted, separator=separator, n_quotes=n_quotes, what=what)

    def header(self) -> pd.DataFrame:
        """Read the first row; empty where there is none."""
        try:
            with self._reader() as reader:
                return _next_rows(reader, 1)
        except pd.errors.EmptyDataError:
            return pd.DataFrame()

    def read(self, places: list[int], *, rows: int | None, width: int) -> Iterator[Rows]:
        """Read columns by their place under a header of some width, in parts of at most so many rows (None: at once).

        Parts are first read by Arrow, six times as fast. What it refuses (rows that are too short) or reads in another
        way (blanks before a quoted field), pandas reads, from that part on.

        Raises
        ------
        SourceError
            If rows have more fields than the header, or the text ends within quotes.
        """
        done = 0
        if rows is not None and self.n_quotes % 2 == 0:
            try:
                for table in self._plain(places, rows, width):
                    yield table
                    done += len(table)
            except (pa.ArrowException, UnicodeError):
                pass
            else:
                return
        yield from self._any(places, rows, skip=done)

    def _plain(self, places: list[int], rows: int, width: int) -> Iterator[pa.Table]:
        """Read as Arrow does, as long as no value shows that pandas would read it in another way."""
        wanted = [f"f{place}" for place in places]
        names = [f"f{place}" for place in range(width)] if self.n_quotes else wanted
        with (
            csv.open_csv(
                self.path,
                read_options=csv.ReadOptions(
                    use_threads=False,
                    block_size=_BLOCK_BYTES,
                    autogenerate_column_names=True,
                    encoding="utf8" if self.encoding == "utf-8-sig" else self.encoding,
                ),
                parse_options=csv.ParseOptions(delimiter=self.separator, newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    include_columns=names,
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            ) as blocks,
        ):
            for table in merged(self._checked(blocks, rows), rows):
                yield table.select(wanted)

    def _checked(self, blocks: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
        """Cut blocks to at most so many rows without the header; stop with an error at what pandas reads otherwise."""
        header = 1
        for block in blocks:
            body = block.slice(header)
            header = max(header - len(block), 0)
            for column in body.columns:
                odd = pc.match_substring_regex(column, _NOT_PLAIN) if self.n_quotes else pc.starts_with(column, " ")
                if pc.any(odd).as_py():
                    raise pa.ArrowInvalid("blanks before a value, or quotes or line ends in it")
            for start in range(0, len(body), rows):
                yield body.slice(start, rows)

    def _any(self, places: list[int], rows: int | None, *, skip: int) -> Iterator[pd.DataFrame]:
        with self._reader() as reader:
            with reading(self.path, self.what):
                _next_rows(reader, 1)
                while skip:
                    skip -= len(_next_rows(reader, min(skip, _SKIPPED_ROWS)))
            while True:
                with reading(self.path, self.what):
                    frame = _next_rows(reader, rows)
                if frame.empty:
                    return
                yield frame.iloc[:, places]

    def _reader(self) -> TextFileReader:
        return pd.read_csv(
            self.path,
            header=None,  # read as a row: pandas would rename what repeats, and shift rows that are too long
            dtype=str,
            encoding=self.encoding,
            sep=self.separator,
            keep_default_na=False,
            na_values=[""],
            skipinitialspace=True,
            iterator=True,
        )


def merged(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Join what comes in small pieces, as from small row groups, into tables of at most so many rows."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        if pending and sum(map(len, pending)) + len(batch) > rows:
            yield pa.Table.from_batches(pending)
            pending = []
        pending.append(batch)
    if pending:
        yield pa.Table.from_batches(pending)


def _look_through(path: Path, declared: str | None) -> tuple[str, int]:
    """Find the encoding of a text, the first that all of it decodes in, strictly; and count its quotes."""
    for encoding in [declared] if declared else ENCODINGS:
        n_quotes = 0
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
                while chunk := stream.read(_DECODED_BYTES):
                    if b"\0" in chunk and not declared:
                        break
                    n_quotes += chunk.count(b'"')
                    if not declared:
                        decoder.decode(chunk)
                else:
                    decoder.decode(b"", final=True)
                    return encoding, n_quotes
        except UnicodeDecodeError:
            continue
    raise SourceError(f"{path.name}: neither UTF-8 nor gb18030 text. Declare its encoding, or save it as UTF-8.")


def _next_rows(reader: TextFileReader, rows: int | None) -> pd.DataFrame:
    try:
        return reader.read(rows)
    except StopIteration:
        return pd.DataFrame()
