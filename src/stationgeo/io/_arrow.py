"""Clean batches of typed columns straight to arrays: each distinct text is read once, the rest is checked by column.

The rules are those of the slow path, applied to the distinct values of text columns and to the extremes of numbers.
Whatever they find wrong, or cannot decide so, is None here: then the slow path names the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stationgeo import crs, schema
from stationgeo.io._columns import FIRST_MS, LAST_MS, check_dates, same_text, to_codes, to_numbers, to_utc
from stationgeo.io._coordinates import plainly_sound
from stationgeo.io._faults import Faults
from stationgeo.io._tables import series_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.io._fixes import FixFile
    from stationgeo.io._tables import Part
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Clean", "Split", "clean_of_frame", "clean_of_table"]

# Steps of an Arrow time in a second.
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_NONE = np.empty(0, dtype=object)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clean:
    """Sound rows of one part: WGS-84, UTC, ids as the file has them."""

    courier: IntArray
    names: npt.NDArray[np.object_]
    """Ascending."""
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    accuracy_m: FloatArray | None
    group: IntArray | None
    """-1 where there is none."""
    group_names: npt.NDArray[np.object_]

    def of_names(self, start: int, stop: int) -> Clean:
        """Keep the rows of the couriers at some places of `names`."""
        rows = (self.courier >= start) & (self.courier < stop)
        return (
            self
            if rows.all()
            else replace(
                self,
                courier=self.courier[rows] - start,
                names=self.names[start:stop],
                t_ms=self.t_ms[rows],
                lon=self.lon[rows],
                lat=self.lat[rows],
                accuracy_m=None if self.accuracy_m is None else self.accuracy_m[rows],
                group=None if self.group is None else self.group[rows],
            )
        )


def clean_of_table(part: Part, file: FixFile) -> Clean | None:
    """Read a part by its columns; None where a row is at fault, or it takes a closer look to say."""
    chosen, rows = file.chosen, _table_of(part, file)
    table = _of_where(rows, file)
    where = _coordinates(table, file) if len(table) else None
    if where is None:
        return None
    courier = _codes(table.column(chosen["courier_id"]), file, note_for="courier_id")
    t_ms = _t_ms(table.column(chosen["t"]), file)
    accuracy_m = _accuracy(table.column(chosen["accuracy_m"])) if "accuracy_m" in chosen else None
    group = _codes(table.column(chosen["group"]), file) if "group" in chosen else None
    unread = ("accuracy_m" in chosen and accuracy_m is None) or ("group" in chosen and group is None)
    if courier is None or t_ms is None or unread or (courier[0] < 0).any():
        return None
    file.count(rows=len(rows), matched=len(table))
    file.tally.take_sound(len(table))
    return Clean(
        courier=courier[0],
        names=courier[1],
        t_ms=t_ms,
        lon=where[0],
        lat=where[1],
        accuracy_m=accuracy_m,
        group=None if group is None else group[0],
        group_names=_NONE if group is None else group[1],
    )


def clean_of_frame(fixes: pd.DataFrame) -> Clean:
    """Turn rows that the slow path read into the same arrays."""
    courier, names = _ranked(fixes["courier_id"])
    group = _ranked(fixes["group"]) if "group" in fixes else None
    return Clean(
        courier=courier,
        names=names,
        t_ms=_as_ms(fixes["t"]),
        lon=fixes["lon"].to_numpy(dtype=np.float64),
        lat=fixes["lat"].to_numpy(dtype=np.float64),
        accuracy_m=fixes["accuracy_m"].to_numpy(dtype=np.float64) if "accuracy_m" in fixes else None,
        group=None if group is None else group[0],
        group_names=_NONE if group is None else group[1],
    )


def _table_of(part: Part, file: FixFile) -> pa.Table:
    if isinstance(part.rows, pa.Table):
        return part.rows
    asked = [name for name in part.rows.columns if name in file.chosen.values() or name in file.rules.where]
    return pa.Table.from_pandas(part.rows[asked], preserve_index=False)


def _of_where(table: pa.Table, file: FixFile) -> pa.Table:
    for column, text in file.rules.where.items():
        if column not in table.column_names:
            return table.slice(0, 0)
        split = Split.of(table.column(column))
        mask = split.spread(same_text(split.distinct, text), missing=False)
        if not mask.all():
            table = table.filter(pa.array(mask))
    return table


def _coordinates(table: pa.Table, file: FixFile) -> tuple[FloatArray, FloatArray] | None:
    degrees = [_floats(table.column(file.chosen[name])) for name in ("lon", "lat")]
    lon, lat = degrees
    if lon is None or lat is None:
        return None
    got = file.got
    got.datum = crs.declared_datum(file.rules.datum, lon, lat, source=file.label)
    if not plainly_sound(lon, lat, datum=got.datum):
        return None
    return (lon, lat) if got.datum == "WGS-84" else crs.to_wgs84(lon, lat, datum=got.datum)


def _floats(column: pa.ChunkedArray[Any], *, nullable: bool = False) -> FloatArray | None:
    if column.null_count and not nullable:
        return None
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return np.array(column.to_numpy(), dtype=np.float64)
    try:
        values = np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowInvalid:
        values = None
    if values is not None and np.isnan(values).sum() == column.null_count:
        return values
    numbers, wrong = to_numbers(series_of(column))
    return None if wrong.any() else numbers.to_numpy(dtype=np.float64)


def _accuracy(column: pa.ChunkedArray[Any]) -> FloatArray | None:
    values = _floats(column, nullable=True)
    if values is None or (values.size and values.min() >= 0 and values.max() < np.inf):
        return values
    faults = schema.value_faults(pd.Series(values, copy=False), schema.FIXES["accuracy_m"])
    return None if any(rows.any() for rows, _ in faults) else values


def _t_ms(column: pa.ChunkedArray[Any], file: FixFile) -> IntArray | None:
    if column.null_count:
        return None
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        steps, per_second = column.cast(pa.int64()).to_numpy(), _PER_SECOND[column.type.unit]
        t_ms = np.asarray(steps * 1000 if per_second == 1 else steps // (per_second // 1000), dtype=np.int64)
        return t_ms if t_ms.min() >= FIRST_MS and t_ms.max() < LAST_MS else None
    split = Split.of(column) if _is_text(column.type) else None
    raw = series_of(column) if split is None else split.distinct
    file.look_at(raw)
    faults = Faults(file.label, raw.index)
    times = to_utc(raw, file.how, faults=faults)
    check_dates(times, raw, faults=faults)
    if not faults.sound().all() or times.isna().any():
        return None
    return _as_ms(times) if split is None else split.spread(_as_ms(times), missing=0)


def _as_ms(times: pd.Series[Any]) -> IntArray:
    return np.asarray(times.dt.as_unit("ms").to_numpy(dtype="datetime64[ms]").astype(np.int64))


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)


def _codes(
    column: pa.ChunkedArray[Any], file: FixFile, *, note_for: str = ""
) -> tuple[IntArray, npt.NDArray[np.object_]] | None:
    """Read a column of identifiers by its distinct ones; None if one of them cannot have been a code."""
    split = Split.of(column)
    texts, wrong, note = to_codes(split.distinct)
    if wrong.any():
        return None
    if note and note_for:
        file.got.notes[f"{file.chosen[note_for]}: {note}"] = None
    rank, names = _ranked(texts)
    return split.spread(rank, missing=-1), names


@dataclass(frozen=True, slots=True)
class Split:
    """A column as its distinct values and where they stand."""

    places: npt.NDArray[Any]
    """Of every row in the column's dictionary; -1 for missing."""
    used: npt.NDArray[np.bool_]
    """Which of the dictionary stand anywhere."""
    distinct: pd.Series[Any]
    """Those that do."""

    @classmethod
    def of(cls, column: pa.ChunkedArray[Any]) -> Split:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        array: Any = column.unify_dictionaries().combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0)
        indices = array.indices.fill_null(-1) if array.indices.null_count else array.indices
        places = indices.to_numpy()
        used = np.zeros(len(array.dictionary) + 1, dtype=bool)
        used[places] = True
        there: Any = array.dictionary.filter(pa.array(used[:-1]))
        return cls(places, used[:-1], series_of(pa.chunked_array([there])))

    def spread(self, values: npt.NDArray[Any], *, missing: int) -> npt.NDArray[Any]:
        """Put a value for each distinct one back to the rows."""
        full = np.full(len(self.used) + 1, missing, dtype=values.dtype)
        full[:-1][self.used] = values
        rows: npt.NDArray[Any] = full[self.places]
        return rows


def _ranked(texts: pd.Series[Any]) -> tuple[IntArray, npt.NDArray[np.object_]]:
    """Give each text its number in the order of the distinct ones, -1 for missing."""
    places, distinct = pd.factorize(texts, use_na_sentinel=True)
    names = pa.array(np.asarray(distinct, dtype=object), type=pa.string())
    order = pc.sort_indices(names).to_numpy()
    rank = np.full(len(order) + 1, -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[places], np.asarray(names.take(pa.array(order)).to_pylist(), dtype=object)
