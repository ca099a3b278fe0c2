"""What every reader of rows does: columns found, codes and numbers read, faults settled, counts kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo.errors import DataError, ParameterError, first_few, suggest
from stationgeo.io._columns import TimeReading, map_columns, same_text, to_codes, to_numbers
from stationgeo.io._faults import BadRows, Faults, Tally, row_names
from stationgeo.io._privacy import check_key, key_fingerprint
from stationgeo.io._report import Count, IngestReport, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy.typing as npt

    from stationgeo.io._privacy import Personal

__all__ = [
    "Gathered",
    "Rules",
    "filtered",
    "held_rows",
    "joined",
    "mapped",
    "matching",
    "read_codes",
    "read_optional",
    "sound_rows",
    "where_mask",
    "with_default",
    "without_repeats",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the files of one source are to be read, as the caller declares it."""

    table: schema.Table
    datum: str | None
    columns: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    how: TimeReading = field(default_factory=TimeReading)
    bad_rows: BadRows = "error"
    encoding: str | None = None
    personal: Personal = "refuse"
    key: bytes | None = field(default=None, repr=False)
    """What courier ids are hashed with; None leaves them as they are."""
    every_column: bool = False
    """Whether columns beside the contract's are read too, also of files that keep columns apart."""

    @property
    def hidden(self) -> str | None:
        """The file's column of courier ids, where no message may show them."""
        return None if self.key is None else self.columns.get("courier_id", "courier_id")

    def check(self) -> Rules:
        """Return the rules, if they agree with each other.

        Raises
        ------
        ParameterError
            If `personal` is unknown, the key is none, or ids that are to be hashed are asked for as they are.
        """
        if self.personal not in {"refuse", "drop"}:
            raise ParameterError(f"personal must be 'refuse' or 'drop'. Got {self.personal!r} instead.")
        if self.key is None:
            return self
        check_key(self.key)
        others = {name for name in self.table.names if name != "courier_id"}
        if self.hidden in self.where or self.hidden in {self.columns.get(name, name) for name in others}:
            raise ParameterError(
                f"with a courier_key, column {self.hidden!r} is hashed as it is read: neither where nor another column "
                "may use it."
            )
        return self


@dataclass(slots=True)
class Gathered:
    """What the files of one source gave so far."""

    files: list[SourceFile] = field(default_factory=list)
    parts: list[pd.DataFrame] = field(default_factory=list)
    rows_read: int = 0
    dropped: list[Count] = field(default_factory=list)
    repaired: list[Count] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    datum: crs.Datum = "WGS-84"

    def report(self, name: str, *, tz: str | None, key: bytes | None = None) -> IngestReport:
        """Close the books: the rows that are left after what the files lost."""
        if key is not None and "courier_id" in self.chosen:
            self.notes[f"courier ids are hashed with the key of fingerprint {key_fingerprint(key)}"] = None
        return IngestReport(
            source=name,
            files=tuple(self.files),
            rows_read=self.rows_read,
            rows_kept=self.rows_read - sum(count.rows for count in self.dropped),
            datum=self.datum,
            tz=tz,
            columns=self.chosen,
            dropped=_summed(self.dropped),
            repaired=_summed(self.repaired),
            notes=tuple(self.notes),
        )


def where_mask(raw: pd.DataFrame, where: Mapping[str, str], label: str) -> npt.NDArray[np.bool_]:
    """Say which rows have the texts that are asked for.

    Raises
    ------
    ParameterError
        If a column is not there.
    """
    keep = np.ones(len(raw), dtype=bool)
    for column, text in where.items():
        if column not in raw.columns:
            raise ParameterError(f"{label}: where names column {column!r}; {suggest(column, map(str, raw.columns))}")
        keep &= same_text(raw[column], text)
    return keep


def matching(raw: pd.DataFrame, where: Mapping[str, str], label: str) -> npt.NDArray[np.bool_]:
    """Say which rows of a whole file have the texts that are asked for.

    Raises
    ------
    ParameterError
        If a column is not there.
    DataError
        If no row has them.
    """
    keep = where_mask(raw, where, label)
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
    names: Iterable[str],
    table: schema.Table,
    columns: Mapping[str, str],
    *,
    source: str,
    optional: tuple[str, ...] = (),
) -> dict[str, str]:
    """Find the file's columns of a table of points; those in `optional` have a default."""
    named = [column.name for column in table.columns if column.kind != "geometry"]
    known = tuple(dict.fromkeys([*named, "lon", "lat"]))
    required = {*table.required, "lon", "lat"} - {"geometry", *optional}
    return map_columns(names, columns, known=known, required=required, source=source)


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


def with_default(
    raw: pd.DataFrame,
    chosen: Mapping[str, str],
    name: str,
    default: str | None,
    faults: Faults,
    got: Gathered,
) -> pd.Series[Any]:
    """Read a column of codes; where it is missing or empty a row gets the default, and a note says so."""
    if name in chosen and default is None:
        return read_codes(raw, chosen, name, faults, got)
    if default is None:
        raise DataError(
            f"{faults.source}: there is no column {name!r} and no default. Map the column, or declare default_{name} "
            f"for the whole file. The file has {first_few(raw.columns, shown=20)}."
        )
    if name not in chosen:
        got.notes[f"no {name} column: every row is {default!r}"] = None
        return pd.Series(default, index=raw.index, dtype="str")
    values = raw[chosen[name]].astype("str").str.strip()
    empty = values.isna() | (values == "")
    if empty.any():
        got.notes[f"{int(empty.sum()):,} rows without {name} are {default!r}"] = None
    return values.mask(empty, default)


def held_rows(
    read: dict[str, pd.Series[Any]], table: schema.Table, faults: Faults, tally: Tally, got: Gathered
) -> pd.DataFrame:
    """Hold a part against the contract, and take faulty rows out into the tally."""
    for column in table.columns:
        if column.name in read and column.name not in {"lon", "lat"}:
            _hold(read[column.name], column, got.chosen.get(column.name, column.name), faults)
    return pd.DataFrame(read)[tally.take(faults)]


def sound_rows(
    read: dict[str, pd.Series[Any]], table: schema.Table, faults: Faults, tally: Tally, got: Gathered
) -> pd.DataFrame:
    """Hold a part against the contract as `held_rows` does, and bring what is left to WGS-84."""
    frame = held_rows(read, table, faults, tally, got)
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
