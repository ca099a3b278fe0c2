"""Threads of this machine. Kernels and Arrow release the interpreter's lock, so that threads share the work."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

    from stationgeo.engine._job import Job

__all__ = ["LocalEngine"]

# Batches that wait for a worker: memory is about so many batches per worker.
_WAITING = 2
# Multiplier of a multiplicative hash (Knuth: 2 ** 32 / golden ratio), so that codes in a row spread over workers.
_SPREAD = np.uint64(2_654_435_769)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalEngine:
    """Runs jobs on threads.

    Rows are dealt to the workers by the value of `split_by`, in the order in which they come: that must be the order
    that the job asks for, because nothing is sorted here.
    """

    workers: int
    """How many threads work; one more deals rows."""

    def __post_init__(self) -> None:
        if isinstance(self.workers, bool) or int(self.workers) != self.workers or self.workers < 1:
            raise ParameterError(f"workers must be a whole number, 1 or more. Got {self.workers!r} instead.")

    def run(self, source: Iterable[pa.RecordBatch], job: Job) -> pa.Table:
        """Run a job over batches.

        Parameters
        ----------
        source
            Batches; each column that is text may be dictionary-encoded. They are taken one after the other.
        job
            What to do.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything.

        Raises
        ------
        Exception
            Whatever the source or the job raises first; the other workers are then stopped.

        Notes
        -----
        Memory holds a few batches per worker, and what the job keeps. A worker that falls behind holds the others up.
        """
        if self.workers == 1:
            return _merged(list(job.map(iter(source))), job)
        lines: list[_Line] = [_Line() for _ in range(self.workers)]
        with ThreadPoolExecutor(max_workers=self.workers) as pool:
            works = [pool.submit(_work, line, job) for line in lines]
            try:
                for batch in source:
                    for line, part in zip(lines, _dealt(batch, job.split_by, self.workers), strict=True):
                        if not line.put(part):
                            break
            finally:
                for line in lines:
                    line.end()
            return _merged([batch for work in works for batch in work.result()], job)


class _Line:
    """A queue of batches to one worker, that either end may close."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[pa.RecordBatch | None] = queue.Queue(maxsize=_WAITING)
        self._gone = threading.Event()

    def put(self, batch: pa.RecordBatch) -> bool:
        """Wait for room; False if the worker has gone."""
        while not self._gone.is_set():
            try:
                self._waiting.put(batch, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def end(self) -> None:
        while not self._gone.is_set():
            try:
                self._waiting.put(None, timeout=0.1)
            except queue.Full:
                continue
            return

    def leave(self) -> None:
        self._gone.set()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._waiting.get()) is not None:
            yield batch


def _work(line: _Line, job: Job) -> list[pa.RecordBatch]:
    try:
        return list(job.map(iter(line)))
    finally:
        line.leave()


def _dealt(batch: pa.RecordBatch, column: str, workers: int) -> list[pa.RecordBatch]:
    """Cut a batch by the value of a column: equal values go to one worker, in all batches; missing is a value too."""
    values: Any = batch.column(column)
    encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    names = [*encoded.dictionary.to_pylist(), None]
    codes = encoded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
    to = _places(names, workers)[codes]
    return [batch.take(np.flatnonzero(to == worker)) for worker in range(workers)]


def _places(values: list[str | None], workers: int) -> npt.NDArray[np.int64]:
    """Worker of each value: the same in each batch of a run, whatever the other values are."""
    hashes = np.array([hash(value) & 0xFFFF_FFFF for value in values], dtype=np.uint64)
    return ((hashes * _SPREAD >> np.uint64(16)) % np.uint64(workers)).astype(np.int64)


def _merged(batches: list[pa.RecordBatch], job: Job) -> pa.Table:
    return pa.Table.from_batches(list(job.merge(iter(batches))), schema=job.schema)
