"""Aggregates on the way between workers: flat batches whose rows add, whatever they count.

What is not demand travels in rows of its own, in cell 0, which is none: a date that was observed, and counts by what
they count (fixes that were dropped for a reason, rows of a file). So one merge adds all of it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stationgeo import demand
from stationgeo.demand import Aggregate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stationgeo.index._build import IndexPlan

__all__ = ["SCHEMA", "merge_batches", "pack", "unpack"]

# Spark knows no unsigned integers: cells and hashes of couriers travel as signed ones of the same bits.
_FIELDS: list[tuple[str, Any]] = [
    ("cell", pa.int64()),
    ("zone_id", pa.string()),
    ("hour", pa.int64()),
    ("group", pa.string()),
    ("purpose", pa.string()),
    ("courier_us", pa.int64()),
    ("visits", pa.int64()),
    ("weight_units", pa.int64()),
    ("interpolated_us", pa.int64()),
    ("unknown_us", pa.int64()),
    ("couriers", pa.list_(pa.int64())),
    ("couriers_us", pa.list_(pa.int64())),
    ("replicates", pa.list_(pa.int64())),
]
_LISTS = ("couriers", "couriers_us", "replicates")
SCHEMA = pa.schema(_FIELDS)
"""Columns of the batches."""

NO_CELL = 0
_OBSERVED = "observed"
_COUNT = "count: "
_BATCH_ROWS = 100_000


def pack(aggregate: Aggregate, counts: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """Write an aggregate, its observed days and any counts as batches of `SCHEMA`."""
    table = demand.to_arrow(aggregate).replace_schema_metadata(None)
    signed = [_signed(table[name], kind) for name, kind in zip(SCHEMA.names, SCHEMA.types, strict=True)]
    yield from pa.Table.from_arrays(signed, schema=SCHEMA).to_batches(max_chunksize=_BATCH_ROWS)
    marks = [(day, _OBSERVED, 1) for day in aggregate.days.tolist()]
    marks += [(0, _COUNT + what, count) for what, count in counts.items() if count]
    yield _marks(marks, aggregate.n_replicates)


def merge_batches(batches: Iterator[pa.RecordBatch], *, plan: IndexPlan) -> Iterator[pa.RecordBatch]:
    """Add up rows of one key; the batches hold all rows of their cells."""
    kept = [batch for batch in batches if batch.num_rows]
    if not kept:
        return
    found, marks = _parted(pa.Table.from_batches(kept, schema=SCHEMA), plan)
    counts: dict[str, int] = {}
    for _, what, count in marks:
        if what.startswith(_COUNT):
            counts[what] = counts.get(what, 0) + count
    days = np.unique([day for day, what, _ in marks if what == _OBSERVED]).astype(np.int64)
    whole = demand.combine([found, _only_days(found, days)])
    yield from pack(whole, {what.removeprefix(_COUNT): count for what, count in sorted(counts.items())})


def unpack(table: pa.Table, *, plan: IndexPlan) -> tuple[Aggregate, dict[str, int]]:
    """Read what an engine made of an `index_job`.

    Parameters
    ----------
    table
        What `Engine.run` returned.
    plan
        The plan of the job.

    Returns
    -------
    aggregate, counts
        Demand, and what the job counted beside it: how many fixes were dropped and silences not counted, by
        reason.

    Notes
    -----
    O(n log n) for n rows.

    Examples
    --------
    >>> from stationgeo import engine, index, tracks
    >>> rule = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> plan = index.IndexPlan(stops=rule, resolution=10, tz="Asia/Shanghai")
    >>> table = engine.LocalEngine(workers=2).run([], index.index_job(plan, datum="WGS-84"))
    >>> len(unpack(table, plan=plan)[0].sums)
    0
    """
    found, marks = _parted(table, plan)
    days = np.unique([day for day, what, _ in marks if what == _OBSERVED]).astype(np.int64)
    counts = {what.removeprefix(_COUNT): count for _, what, count in marks if what.startswith(_COUNT)}
    return demand.combine([found, _only_days(found, days)]), counts


def _parted(table: pa.Table, plan: IndexPlan) -> tuple[Aggregate, list[tuple[int, str, int]]]:
    """Tell demand from marks; the demand is not yet added up."""
    mark = table["cell"].to_numpy() == NO_CELL
    marked = table.filter(pa.array(mark))
    hour, what, count = ([*marked[name].to_numpy().tolist()] for name in ("hour", "purpose", "visits"))
    return _as_aggregate(table.filter(pa.array(~mark)), plan), list(zip(hour, what, count, strict=True))


def _as_aggregate(table: pa.Table, plan: IndexPlan) -> Aggregate:
    text = dict.fromkeys(("zone_id", "group", "purpose"), "str")
    sums = pd.DataFrame({name: table[name].to_pandas() for name in SCHEMA.names if name not in _LISTS}).astype(text)
    flat: dict[str, Any] = {name: table[name].combine_chunks() for name in _LISTS}
    count = flat["couriers"].value_lengths().to_numpy(zero_copy_only=False)
    row = np.repeat(np.arange(count.size, dtype=np.int64), count)
    values = {name: lists.flatten().to_numpy(zero_copy_only=False).astype(np.int64) for name, lists in flat.items()}
    people = {"row": row, "courier": values["couriers"].view(np.uint64), "courier_us": values["couriers_us"]}
    return Aggregate(
        sums=sums.assign(cell=sums["cell"].to_numpy(dtype=np.int64).view(np.uint64)),
        couriers=pd.DataFrame(people),
        replicates=values["replicates"].reshape(len(sums), plan.n_replicates),
        days=np.zeros(0, dtype=np.int64),
        resolution=plan.resolution,
        tz=plan.tz,
        most_couriers=plan.most_couriers,
        # Only what a `Builder` made travels, and it tells both.
        tells_interpolated=True,
        tells_unknown=True,
    )


def _only_days(like: Aggregate, days: Any) -> Aggregate:  # noqa: ANN401 - int64 array
    return dataclasses.replace(
        like, sums=like.sums[:0], couriers=like.couriers[:0], replicates=like.replicates[:0], days=days
    )


def _signed(column: Any, kind: Any) -> Any:  # noqa: ANN401 - Arrow arrays and types
    array = column.combine_chunks()
    if pa.types.is_list(kind) and array.type.value_type == pa.uint64():
        return pa.ListArray.from_arrays(array.offsets, _inner(array))
    return array.view(kind) if array.type == pa.uint64() else array.cast(kind)


def _inner(lists: Any) -> Any:  # noqa: ANN401 - an Arrow array of lists
    return lists.values.view(pa.int64())  # noqa: PD011 - Arrow's, not pandas'


def _marks(marks: list[tuple[int, str, int]], n_replicates: int) -> pa.RecordBatch:
    n = len(marks)
    columns: dict[str, list[Any]] = {
        "cell": [NO_CELL] * n,
        "zone_id": [""] * n,
        "hour": [hour for hour, _, _ in marks],
        "group": [""] * n,
        "purpose": [what for _, what, _ in marks],
        "courier_us": [0] * n,
        "visits": [count for _, _, count in marks],
        "weight_units": [0] * n,
        "interpolated_us": [0] * n,
        "unknown_us": [0] * n,
        "couriers": [[]] * n,
        "couriers_us": [[]] * n,
        "replicates": [[0] * n_replicates] * n,
    }
    return pa.RecordBatch.from_pydict(columns, schema=SCHEMA)
