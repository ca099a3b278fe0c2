"""The files of a source, one after the other: headers checked, copies told apart, rows counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pandas as pd

from stationgeo.errors import ColumnError, DataError, SourceError, first_few
from stationgeo.io._gather import Gathered, Rules, filtered
from stationgeo.io._privacy import unread
from stationgeo.io._raw import list_files, reading
from stationgeo.io._report import Count, SourceFile
from stationgeo.io._tables import Part, frame_of, open_table, partition_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from stationgeo.io._raw import Source
    from stationgeo.io._tables import TableFile

__all__ = [
    "COPIES",
    "FRAME",
    "NO_ROW",
    "Opened",
    "checked",
    "label_of",
    "left_in",
    "name_of",
    "opened",
    "raw_parts",
    "used_in_path",
    "without_personal",
]

FRAME = "the table given"
COPIES = "in copies of an earlier file"
NO_ROW = "the file has a header but no row. Export it again, or leave it out."

PartsOf = Callable[[int | None, range | None], Iterator[Part]]


@dataclass(slots=True)
class Opened:
    """One file, or frame, whose header was checked."""

    label: str
    """What messages call it."""
    names: tuple[str, ...]
    """Columns that may be read."""
    fetch: PartsOf = field(repr=False)
    path: Path | None = None
    """None for a frame."""
    rows: int = 0
    """Read so far."""

    def parts(self, *, rows: int | None = None, groups: range | None = None) -> Iterator[Part]:
        """Read it from its beginning, and count."""
        for part in self.fetch(rows, groups):
            self.rows += len(part.rows)
            yield part


def name_of(source: Source) -> str:
    if isinstance(source, pd.DataFrame):
        return FRAME
    files = list_files(source)
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more files"


def opened(source: Source, rules: Rules, got: Gathered, *, all_columns: bool) -> Iterator[Opened]:
    """Open every file of a source; each is accounted for when the next one is asked for.

    A file that is the copy of an earlier one is not opened, but counted. Files whose folders (``date=2026-03-12``) say
    that `where` leaves them out are not opened either, and noted. `all_columns` are read where a format does not keep
    columns apart; else those of the contract.

    Raises
    ------
    SourceError
        If a file cannot be read, or has no row.
    ColumnError
        If columns look personal; if one that is to be read is there twice.
    DataError
        If `where` leaves no file.
    """
    if isinstance(source, pd.DataFrame):
        frame = without_personal(source.reset_index(drop=True), FRAME, rules, got)
        one = Opened(FRAME, tuple(map(str, frame.columns)), lambda *_: iter([Part(frame)]))
        yield one
        got.rows_read += one.rows
        return
    seen: dict[tuple[object, ...], tuple[SourceFile, int]] = {}
    for path in left_in(list_files(source), rules, got):
        label = label_of(path, rules)
        with reading(path, "a file"):
            file = replace(SourceFile.of(path), name=label)
        same = (file.sha256, *used_in_path(path, rules).items())
        if same in seen:
            first, rows = seen[same]
            got.dropped.append(Count(reason=COPIES, rows=rows, examples=(label,)))
            file = replace(file, encoding=first.encoding)
        else:
            table = open_table(path, encoding=rules.encoding)
            file = replace(file, encoding=table.encoding)
            one = checked(table, label, rules, got, all_columns=all_columns)
            yield one
            rows, seen[same] = one.rows, (file, one.rows)
            if not rows:
                raise SourceError(f"{label}: {NO_ROW}")
        got.rows_read += rows
        got.files.append(file)


def raw_parts(source: Source, rules: Rules, got: Gathered) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield (label, raw frame) of every file, rows outside `where` counted off.

    The frame's index says which rows of the file they are, counted from 0.
    """
    for one in opened(source, rules, got, all_columns=True):
        for part in one.parts():
            if len(part.rows):
                yield one.label, filtered(frame_of(part), rules.where, one.label, got)


def without_personal(frame: pd.DataFrame, label: str, rules: Rules, got: Gathered) -> pd.DataFrame:
    """Take the personal columns out of a frame, and note them.

    Raises
    ------
    ColumnError
        If there are any and the rules refuse them.
    """
    gone = _left_unread([str(name) for name in frame.columns], label, rules, got)
    return frame.loc[:, [str(name) not in gone for name in frame.columns]] if gone else frame


def checked(table: TableFile, label: str, rules: Rules, got: Gathered, *, all_columns: bool) -> Opened:
    """Choose the columns of a file that are read."""
    names = tuple(dict.fromkeys((*table.names, *table.in_path)))
    gone = _left_unread(names, label, rules, got)
    wanted = {rules.columns.get(name, name) for name in (*rules.table.names, "lon", "lat")} | set(rules.where)
    wanted -= gone
    repeated = [name for name in dict.fromkeys(table.names) if name in wanted and table.names.count(name) > 1]
    if repeated:
        raise ColumnError(
            f"{label}: {first_few(repeated)} stands more than once in the header. Rename the columns that are not "
            "meant."
        )
    columns = set(names) - gone if rules.every_column or (all_columns and not table.typed) else wanted
    return Opened(
        label,
        tuple(name for name in names if name not in gone),
        lambda rows, groups: table.parts(columns, rows=rows, groups=groups),
        table.path,
    )


def _left_unread(names: Collection[str], label: str, rules: Rules, got: Gathered) -> set[str]:
    gone = unread(
        names,
        rules.table,
        source=label,
        personal=rules.personal,
        columns=rules.columns,
        where=rules.where,
        keyed=rules.key is not None,
    )
    if gone:
        got.notes[f"personal columns left unread: {', '.join(sorted(gone))}"] = None
    return gone


def left_in(files: Sequence[Path], rules: Rules, got: Gathered) -> list[Path]:
    """Leave out the files whose folders say that no row of them is asked for."""
    left = [path for path in files if all(_may_match(path, name, text) for name, text in rules.where.items())]
    if not left:
        raise DataError(
            f"{files[0].name}: no folder of {len(files):,} files matches where = {dict(rules.where)}. Check its "
            "spelling against the folders."
        )
    if len(left) < len(files):
        got.notes[f"{len(files) - len(left):,} of {len(files):,} files lie in folders left out by where"] = None
    return left


def _may_match(path: Path, name: str, text: str) -> bool:
    in_path = partition_of(path)
    return name not in in_path or in_path[name] == str(text).strip()


def used_in_path(path: Path, rules: Rules) -> dict[str, str | None]:
    """Take what the folders say of columns of the table: there, the same bytes are not the same rows."""
    wanted = {rules.columns.get(name, name) for name in rules.table.names}
    return {name: value for name, value in partition_of(path).items() if name in wanted}


def label_of(path: Path, rules: Rules) -> str:
    """Call a file by its name and what its folders say, so that reports do not depend on the machine."""
    named = [f"{name}={value}" for name, value in partition_of(path).items() if name != rules.hidden]
    return "/".join([*named, path.name])
