"""Threads of this machine. Kernels and Arrow release the interpreter's lock, so that threads share the work."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from stationgeo.engine._threads import run_on_threads
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from stationgeo.engine._job import Job, TaskJob, Tell

__all__ = ["LocalEngine"]

# Batches that wait for a worker: memory is about so many batches per worker.
_WAITING = 4
# With more cuts than these in a batch, rows are gathered by worker.
_MOST_SLICES = 64


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
                self._deal(source, lines, job.split_by)
            finally:
                for line in lines:
                    line.end()
            return _merged([batch for work in works for batch in work.result()], job)

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        return self.workers

    def run_tasks(self, tasks: Sequence[Any], job: TaskJob, *, tell: Tell | None = None) -> pa.Table:
        """Carry out tasks that bring their own source.

        Parameters
        ----------
        tasks
            Taken from a queue by the workers.
        job
            What to do with each.
        tell
            Told how much was done, in the unit of the job, by one thread at a time.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything.

        Raises
        ------
        Exception
            Whatever a task raises first; the others end when they tell next.

        Notes
        -----
        Memory holds what as many tasks as there are workers need, and what all have given.
        """
        return _merged(run_on_threads(tasks, job.run, workers=self.workers, tell=tell), job)

    def _deal(self, source: Iterable[pa.RecordBatch], lines: list[_Line], column: str) -> None:
        dealer = _Dealer(column, self.workers)
        for batch in source:
            for worker, part in dealer.deal(batch):
                if not lines[worker].put(part):
                    return


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


class _Dealer:
    """Cuts batches by the value of a column: equal values go to one worker, in all batches; missing is a value too.

    A value goes where it came first: to the first worker from the first part of its batch, and so on. Of rows that
    come in order of the column the cuts are then few, and each part is a slice of the batch, not a copy.
    """

    def __init__(self, column: str, workers: int) -> None:
        self._column = column
        self._workers = workers
        self._worker_of: dict[str | None, int] = {}

    def deal(self, batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield worker and part; the parts of a worker in the order of the rows."""
        values: Any = batch.column(self._column)
        encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        names = [*encoded.dictionary.to_pylist(), None]
        codes = encoded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
        first = np.full(len(names), codes.size)
        first[codes[::-1]] = np.arange(codes.size)[::-1]
        to = np.zeros(len(names), dtype=np.int64)
        for code in np.flatnonzero(first < codes.size).tolist():
            to[code] = self._worker_of.setdefault(names[code], int(first[code]) * self._workers // codes.size)
        worker = to[codes]
        cuts = np.flatnonzero(np.diff(worker)) + 1
        if cuts.size > _MOST_SLICES:
            yield from ((number, batch.take(np.flatnonzero(worker == number))) for number in range(self._workers))
            return
        for begin, end in zip([0, *cuts.tolist()], [*cuts.tolist(), codes.size], strict=True):
            if begin < end:
                yield int(worker[begin]), batch.slice(begin, end - begin)


def _merged(batches: list[pa.RecordBatch], job: Job | TaskJob) -> pa.Table:
    return pa.Table.from_batches(list(job.merge(iter(batches))), schema=job.schema)
