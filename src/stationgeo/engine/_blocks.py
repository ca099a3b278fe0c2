"""Record batches as blocks of bytes: between Spark's workers rows travel in blocks, which Java only passes on."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa

from stationgeo.errors import StationgeoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stationgeo.engine._job import BatchFunction, TaskJob

__all__ = ["BLOCKS", "merge_blocks", "read_blocks", "run_task"]

_FIELDS: list[tuple[str, Any]] = [("part", pa.int64()), ("block", pa.binary())]
BLOCKS = pa.schema(_FIELDS)
"""Columns of rows that carry blocks: which part of the values of `merge_by` they are of, and an Arrow stream."""

# An error travels as a row of its own: a task that raises would be tried again, and lose its type on the way.
_ERROR = -1
# A row of lists takes a few hundred bytes: blocks are then some megabytes, far from what one value may hold.
_BLOCK_ROWS = 32_768

Row: TypeAlias = "tuple[int, bytes]"


def run_task(
    numbers: Iterator[pa.RecordBatch], *, tasks: Sequence[Any], job: TaskJob, n_parts: int
) -> Iterator[pa.RecordBatch]:
    """Carry out the tasks of some numbers; give what they gave in blocks, by part of the values of `merge_by`."""
    for batch in numbers:
        for number in batch.column(0).to_numpy().tolist():
            yield from _rows(_blocks_of(number, tasks[number], job, n_parts))


def merge_blocks(rows: Iterator[pa.RecordBatch], *, job: TaskJob) -> Iterator[pa.RecordBatch]:
    """Merge the blocks of whole parts to blocks; errors go through."""
    errors: list[bytes] = []
    merged = list(_merged(rows, job.merge, errors))
    if errors:
        yield from _rows((_ERROR, block) for block in errors)
    elif merged:
        yield from _rows((0, block) for block in _streams(pa.Table.from_batches(merged, schema=job.schema)))


def read_blocks(rows: pa.Table, *, schema: pa.Schema) -> pa.Table:
    """Put blocks together again.

    Raises
    ------
    StationgeoError
        If a task did: that of the first such task.
    """
    errors: list[bytes] = []
    batches = list(_batches(rows.to_batches(), errors))
    if errors:
        failed: list[tuple[int, StationgeoError]] = [pickle.loads(block) for block in errors]  # noqa: S301 - our own
        raise min(failed, key=_number)[1]
    return pa.Table.from_batches(batches, schema=schema)


def _number(failed: tuple[int, StationgeoError]) -> int:
    return failed[0]


def _blocks_of(number: int, task: Any, job: TaskJob, n_parts: int) -> Iterator[Row]:  # noqa: ANN401 - any task
    try:
        table = pa.Table.from_batches(list(job.run(task, _tell_nobody)), schema=job.schema)
    except StationgeoError as error:
        yield _ERROR, pickle.dumps((number, error))
        return
    part = pd.util.hash_array(table[job.merge_by].to_numpy()) % np.uint64(n_parts)
    order = np.argsort(part, kind="stable")
    ends = np.searchsorted(part[order], np.arange(n_parts + 1, dtype=np.uint64)).tolist()
    ordered = table.take(order)
    for at in range(n_parts):
        for block in _streams(ordered.slice(ends[at], ends[at + 1] - ends[at])):
            yield at, block


def _tell_nobody(done: int) -> None:
    """Workers of a cluster have nobody to tell how far they are."""


def _merged(rows: Iterator[pa.RecordBatch], merge: BatchFunction, errors: list[bytes]) -> Iterator[pa.RecordBatch]:
    found = list(_batches(rows, errors))
    if found and not errors:
        yield from merge(iter(found))


def _batches(rows: Iterable[pa.RecordBatch], errors: list[bytes]) -> Iterator[pa.RecordBatch]:
    for batch in rows:
        for part, block in zip(batch.column(0).to_pylist(), batch.column(1), strict=True):
            if part == _ERROR:
                errors.append(block.as_py())
            else:
                with pa.ipc.open_stream(block.as_buffer()) as stream:
                    yield from stream


def _streams(table: pa.Table) -> Iterator[bytes]:
    for begin in range(0, len(table), _BLOCK_ROWS):
        piece = table.slice(begin, _BLOCK_ROWS)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, piece.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(piece)
        yield sink.getvalue().to_pybytes()


def _rows(blocks: Iterable[Row]) -> Iterator[pa.RecordBatch]:
    """Make a batch of each block: several of them could pass the 2 GiB that a column of bytes holds."""
    for part, block in blocks:
        yield pa.RecordBatch.from_arrays([pa.array([part], pa.int64()), pa.array([block], pa.binary())], schema=BLOCKS)
