"""The job that engines run: raw fixes of whole couriers to demand, and the merge of what couriers gave."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stationgeo import crs
from stationgeo.engine import Job
from stationgeo.errors import DataError
from stationgeo.index._batch import Batch
from stationgeo.index._build import Builder, IndexPlan
from stationgeo.index._wire import SCHEMA, merge_batches, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["CLEANING", "RAW_COLUMNS", "cleaned", "demand_of", "index_job"]

RAW_COLUMNS = ("courier_id", "t", "lon", "lat")
"""Columns that raw batches must have; `accuracy_m` and `group` are read where they are there."""

CLEANING = "cleaning: "
"""How counts of what rules removed begin."""

_MOST_LON_DEG, _MOST_LAT_DEG = 180.0, 90.0
_NOWHERE = "coordinates are missing, out of range or (0, 0)"
_MISSING = "courier or time is missing"
LONG_SILENCE = "silences of more than 12 h, not counted as unknown time"


def index_job(plan: IndexPlan, *, datum: str) -> Job:
    """Say how raw fixes become demand.

    Parameters
    ----------
    plan
        How.
    datum
        The datum of the coordinates, as their source declares it.

    Returns
    -------
    Job
        For any engine: its source has `RAW_COLUMNS`, `t` as Arrow timestamps in UTC. Fixes without a courier, time or
        place are dropped and counted, and so are silences too long to be counted as unknown time.

    Raises
    ------
    DatumError
        If the datum is unknown.

    Notes
    -----
    O(n) for n fixes.

    Examples
    --------
    >>> from stationgeo import tracks
    >>> rule = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> index_job(IndexPlan(stops=rule, resolution=10, tz="Asia/Shanghai"), datum="GCJ-02").split_by
    'courier_id'
    """
    return Job(
        map=partial(demand_of, plan=plan, datum=crs.parse_datum(datum)),
        merge=partial(merge_batches, plan=plan),
        split_by="courier_id",
        sort_by=("t",),
        merge_by="cell",
        schema=SCHEMA,
    )


def demand_of(batches: Iterator[pa.RecordBatch], *, plan: IndexPlan, datum: str) -> Iterator[pa.RecordBatch]:
    """Turn raw fixes of some couriers, all of them and each in order of time, into demand.

    Parameters
    ----------
    batches
        With `RAW_COLUMNS`.
    plan
        How.
    datum
        Of the coordinates.

    Yields
    ------
    pyarrow.RecordBatch
        Rows that add, once all batches were taken in.

    Raises
    ------
    DataError
        If a courier's fixes are out of order, or a column has another type.

    Notes
    -----
    O(n); memory holds what `Builder` holds.
    """
    builder = Builder(plan, drop_repeats=True)
    dropped = {_MISSING: 0, _NOWHERE: 0}
    for raw in batches:
        batch = _read(raw, datum, dropped)
        if batch.t_ms.size:
            builder.add(batch)
    aggregate = builder.finish()
    yield from pack(
        aggregate, dropped | builder.followed.repeats | cleaned(builder) | {LONG_SILENCE: builder.n_long_silences}
    )


def cleaned(builder: Builder) -> dict[str, int]:
    """Count what cleaning removed, by rule."""
    report = builder.followed.cleaning
    if report is None:
        return {}
    return {
        f"{CLEANING}{rule}": int(rows) for rule, rows in zip(report["rule"], report["removed"], strict=True) if rows
    }


def _read(raw: pa.RecordBatch, datum: str, dropped: dict[str, int]) -> Batch:
    """Read a raw batch; leave out what cannot be used, and count it."""
    known = pc.and_(pc.is_valid(raw.column("courier_id")), pc.is_valid(raw.column("t")))
    dropped[_MISSING] += raw.num_rows - _true(known)
    raw = raw if _true(known) == raw.num_rows else raw.filter(known)
    lon, lat = (_floats(raw.column(name)) for name in ("lon", "lat"))
    usable = (np.abs(lon) <= _MOST_LON_DEG) & (np.abs(lat) <= _MOST_LAT_DEG) & ((lon != 0) | (lat != 0))
    if not usable.all():
        dropped[_NOWHERE] += int(np.count_nonzero(~usable))
        raw, lon, lat = raw.filter(pa.array(usable)), lon[usable], lat[usable]
    lon, lat = crs.to_wgs84(lon, lat, datum=datum)
    codes, names = _encoded(raw.column("courier_id"))
    return Batch(
        courier=codes,
        names=names,
        t_ms=_milliseconds(raw.column("t")),
        lon=lon,
        lat=lat,
        accuracy_m=_floats(raw.column("accuracy_m")) if "accuracy_m" in raw.schema.names else None,
        group=_groups(raw, codes, len(names)) if "group" in raw.schema.names else None,
    )


def _true(mask: Any) -> int:  # noqa: ANN401 - an Arrow array of flags
    return int(pc.sum(mask).as_py() or 0)


def _floats(column: Any) -> FloatArray:  # noqa: ANN401 - an Arrow array
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _milliseconds(column: Any) -> IntArray:  # noqa: ANN401 - an Arrow array
    if not pa.types.is_timestamp(column.type):
        raise DataError(f"column 't' must hold timestamps. Got {column.type} instead. Cast it when reading.")
    in_ms = pc.cast(column, pa.timestamp("ms", tz=column.type.tz), safe=False)
    return np.asarray(in_ms.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def _encoded(column: Any) -> tuple[IntArray, list[str]]:  # noqa: ANN401 - an Arrow array
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), dtype=np.int64), encoded.dictionary.to_pylist()


def _groups(raw: pa.RecordBatch, courier: IntArray, n_names: int) -> npt.NDArray[np.object_]:
    """Group of each courier: that of one of their fixes."""
    codes, names = _encoded(raw.column("group").fill_null(""))
    one = np.full(n_names, -1, dtype=np.int64)
    one[courier] = codes
    groups = np.array([*names, ""], dtype=object)
    return groups[one]
