"""Fixes that do not come by courier and time: sorted on disk, day by day, in bounded memory."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stationgeo import _clock
from stationgeo.errors import ParameterError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stationgeo.io._scan import FixBatch, FixScan
    from stationgeo.schema import IntArray

__all__ = ["sort_fixes"]

_US_PER_MS = 1_000
# At once there are the rows that wait, their sorted copy, and those that just came; a quarter is left for the rest.
_ROOMS = 4
_ROW_GROUP = 500_000
_TEMPORARY: dict[str, Any] = {"compression": "lz4", "use_dictionary": ["courier_id", "group"]}
_FINAL: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,  # level 3 packs 5% better and takes twice the time
    "use_dictionary": ["courier_id", "group", "accuracy_m"],
    "column_encoding": {"t": "DELTA_BINARY_PACKED", "lon": "BYTE_STREAM_SPLIT", "lat": "BYTE_STREAM_SPLIT"},
    "write_statistics": ["courier_id", "t"],
    "row_group_size": _ROW_GROUP,
}
_TEXTS = pa.dictionary(pa.int32(), pa.string())
_SCHEMA = pa.schema(
    [
        ("courier_id", _TEXTS),
        ("t", pa.timestamp("ms", tz="UTC")),
        ("lon", pa.float64()),
        ("lat", pa.float64()),
        ("accuracy_m", pa.float64()),
        ("group", _TEXTS),
    ]
)


def sort_fixes(
    scan: FixScan, folder: str | Path, *, memory_rows: int, step: Callable[[int], object] | None = None
) -> list[Path]:
    """Sort fixes by local day, courier and time, however many there are.

    Parameters
    ----------
    scan
        What `scan_fixes` found; its time zone says where days begin, UTC where it has none. Its `.report` is complete
        afterwards.
    folder
        Where to; made if need be. Files of the same names are replaced.
    memory_rows
        Most rows in memory at once, copies included, at least 4; about 60 bytes each.
    step
        Called with the number of rows of each batch that was read, for progress.

    Returns
    -------
    list of Path
        ``date=2026-03-12/fixes-000.parquet``, ...: FIXES in WGS-84 and UTC, in order of day. A day of more rows than a
        quarter of `memory_rows` becomes several files, and each courier's day lies in one of them. Each is sorted by
        courier id and time (see `sorted_runs`); what repeats a courier and time keeps the order in which it came.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError
        As `FixScan.batches`; also if the folder cannot be written.
    ParameterError
        If `memory_rows` is less than 4, or a quarter of it holds less than one courier's day; if the zone is unknown.

    Notes
    -----
    O(n log n). Every row is written to a temporary folder beside the results and read again once, twice where a day
    is split: it needs room for a copy of all rows there. Days are told apart first; a day that is too large is split
    by a hash of its couriers, until each part fits.

    Examples
    --------
    >>> from stationgeo import io
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "fixes.csv"
    ...     header, later, sooner = "courier_id,t,lon,lat", "a,2026-11-20 09:00,114,22.5", "a,2026-11-20 08:00,114,22.5"
    ...     _ = path.write_text(chr(10).join([header, later, sooner]))
    ...     scan = io.scan_fixes(path, datum="WGS-84", tz="Asia/Shanghai")
    ...     files = io.sort_fixes(scan, Path(folder) / "sorted", memory_rows=1_000_000)
    ...     [(path.parent.name, path.name, pq.read_metadata(path).num_rows) for path in files]
    [('date=2026-11-20', 'fixes-000.parquet', 2)]
    """
    if memory_rows < _ROOMS:
        raise ParameterError(f"memory_rows must be at least {_ROOMS}. Got {memory_rows} instead.")
    tz = _clock.check_tz(scan.rules.how.tz or "UTC")
    target, room = Path(folder), memory_rows // _ROOMS
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".sorting-") as temporary:
            spill = _Spill(Path(temporary), room)
            columns = _spill_batches(scan, spill, tz=tz, step=step)
            return [
                path
                for day in sorted(spill.rows)
                for path in _write_day(spill, day, target / f"date={np.datetime64(day, 'D')}", columns)
            ]
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{target}: fixes cannot be sorted into it: {error}. Choose another folder.") from error


Place: TypeAlias = "tuple[Path, int]"
"""A temporary file and the row group in it."""


@dataclass(slots=True)
class _Spill:
    """Rows by key on disk: one file each time that the room is full, with a row group for each key."""

    folder: Path
    room: int
    """Most rows that wait in memory."""
    rows: dict[int, int] = field(default_factory=dict)
    """By key."""
    places: dict[int, list[Place]] = field(default_factory=dict)
    """By key, in the order in which the rows came."""
    waiting: list[tuple[pa.Table, IntArray]] = field(default_factory=list)
    n_files: int = 0

    def take(self, table: pa.Table, keys: IntArray) -> None:
        """Add rows, at most as many as there is room for."""
        if sum(len(one) for one, _ in self.waiting) + len(table) > self.room:
            self.flush()
        self.waiting.append((table, keys))

    def flush(self) -> None:
        """Write what waits."""
        if not self.waiting:
            return
        table = pa.concat_tables([one for one, _ in self.waiting]).unify_dictionaries()
        keys = np.concatenate([one for _, one in self.waiting])
        self.waiting = []
        order = np.argsort(keys, kind="stable")
        table, keys = table.take(order), keys[order]
        starts = np.flatnonzero(np.diff(keys, prepend=keys[0] - 1))
        path = self.folder / f"{self.n_files:06d}.parquet"
        self.n_files += 1
        with pq.ParquetWriter(path, table.schema, **_TEMPORARY) as writer:
            for number, (start, stop) in enumerate(zip(starts, [*starts[1:], len(keys)], strict=True)):
                key, rows = int(keys[start]), int(stop - start)
                writer.write_table(table.slice(int(start), rows), row_group_size=rows)
                self.places.setdefault(key, []).append((path, number))
                self.rows[key] = self.rows.get(key, 0) + rows

    def read(self, key: int) -> Iterator[pa.Table]:
        """Give back the rows of a key, in the order in which they came."""
        for path, number in self.places[key]:
            with pq.ParquetFile(path, read_dictionary=["courier_id", "group"]) as file:
                yield file.read_row_group(number)


def _spill_batches(scan: FixScan, spill: _Spill, *, tz: str, step: Callable[[int], object] | None) -> list[str]:
    """Put all rows on disk by their local day, and say which columns any file has."""
    columns = ["courier_id", "t", "lon", "lat"]
    for batch in replace(scan, batch_rows=min(scan.batch_rows, spill.room)).batches():
        days = _clock.days(_clock.local_hours(batch.t_ms * _US_PER_MS, tz=tz))
        spill.take(_table(batch), days)
        if step is not None:
            step(len(batch))
        there = {"accuracy_m": batch.accuracy_m, "group": batch.group}
        columns += [name for name, values in there.items() if values is not None and name not in columns]
    spill.flush()
    return [name for name in _SCHEMA.names if name in columns]


def _table(batch: FixBatch) -> pa.Table:
    lost = pa.nulls(len(batch), pa.float64())
    values = [
        _texts(batch.courier, batch.names),
        pa.array(batch.t_ms).cast(_SCHEMA.field("t").type),
        pa.array(batch.lon),
        pa.array(batch.lat),
        lost if batch.accuracy_m is None else pa.array(batch.accuracy_m, from_pandas=True),
        _texts(np.full(len(batch), -1) if batch.group is None else batch.group, batch.group_names),
    ]
    return pa.Table.from_arrays(values, schema=_SCHEMA)


def _texts(codes: IntArray, names: Any) -> pa.DictionaryArray[Any, Any]:  # noqa: ANN401 - an array of text
    indices: Any = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(names, type=pa.string()))


def _write_day(spill: _Spill, day: int, folder: Path, columns: list[str]) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    for number, table in enumerate(_fitting(spill, day, depth=0)):
        path = folder / f"fixes-{number:03d}.parquet"
        ordered = _sorted(table).select(columns)
        options = _FINAL | {"use_dictionary": [name for name in _FINAL["use_dictionary"] if name in columns]}
        pq.write_table(ordered, path, **options)
        yield path


def _fitting(spill: _Spill, key: int, *, depth: int) -> Iterator[pa.Table]:
    """Read the rows of a key, in parts by courier where they are too many for the room."""
    if spill.rows[key] <= spill.room:
        yield pa.concat_tables(spill.read(key)).unify_dictionaries()
        return
    with tempfile.TemporaryDirectory(dir=spill.folder) as temporary:
        finer = _Spill(Path(temporary), spill.room)
        n_parts = -(-2 * spill.rows[key] // spill.room)
        couriers: set[str] = set()
        for table in spill.read(key):
            names, part = _parts(table, n_parts, salt=depth)
            couriers.update(names[:2])
            finer.take(table, part)
        finer.flush()
        if len(couriers) == 1:
            raise ParameterError(
                f"memory_rows must be at least {_ROOMS} times the fixes of one courier's day, here "
                f"{_ROOMS * spill.rows[key]:,}. Got {_ROOMS * spill.room:,} instead."
            )
        for one in sorted(finer.rows):
            yield from _fitting(finer, one, depth=depth + 1)


def _parts(table: pa.Table, n_parts: int, *, salt: int) -> tuple[list[str], IntArray]:
    """Give each row the part that its courier's hash says, another one for each salt."""
    array: Any = table.column("courier_id").combine_chunks()
    names = [str(name) for name in array.dictionary.to_pylist()]
    part = np.array([int.from_bytes(_hash(name, salt), "big") % n_parts for name in names], dtype=np.int64)
    places = array.indices.to_numpy()
    return [names[place] for place in np.unique(places)], part[places]


def _hash(name: str, salt: int) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8, salt=salt.to_bytes(8, "big")).digest()


def _sorted(table: pa.Table) -> pa.Table:
    array: Any = table.column("courier_id").combine_chunks()
    rank = np.empty(len(array.dictionary), dtype=np.int64)
    rank[pc.sort_indices(array.dictionary).to_numpy()] = np.arange(len(rank))
    order = np.lexsort((table.column("t").cast(pa.int64()).to_numpy(), rank[array.indices.to_numpy()]))
    return table.take(order)
