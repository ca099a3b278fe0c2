"""Tasks on threads: taken from a queue, given back in their order; the first error ends all."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from stationgeo.engine._job import TaskFunction, Tell

__all__ = ["run_on_threads"]


class _Ended(Exception):  # noqa: N818 - no error: another task failed
    """Ends a task in its midst."""


class _Progress:
    """Hands on what tasks tell, one at a time, and ends them when one has failed."""

    def __init__(self, tell: Tell | None) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.first_error: BaseException | None = None

    def __call__(self, done: int) -> None:
        if self._over.is_set():
            raise _Ended
        if self._tell is not None:
            with self._lock:
                self._tell(done)

    def fail(self, error: BaseException) -> None:
        with self._lock:
            self.first_error = self.first_error or error
        self.end()

    def end(self) -> None:
        self._over.set()


def run_on_threads(tasks: Sequence[Any], run: TaskFunction, *, workers: int, tell: Tell | None) -> list[pa.RecordBatch]:
    """Run tasks on so many threads, and give back their batches in order of the tasks."""
    progress = _Progress(tell)
    if workers == 1 or len(tasks) <= 1:
        return [batch for task in tasks for batch in run(task, progress)]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        works = [pool.submit(_done, run, task, progress) for task in tasks]
        try:
            wait(works, return_when=FIRST_EXCEPTION)
        finally:
            # Also where this thread is interrupted while it waits.
            if any(not work.done() for work in works):
                progress.end()
            for work in works:
                work.cancel()
    if progress.first_error is not None:
        raise progress.first_error
    return [batch for work in works for batch in work.result()]


def _done(run: TaskFunction, task: Any, progress: _Progress) -> list[pa.RecordBatch]:  # noqa: ANN401 - any task
    progress(0)
    try:
        return list(run(task, progress))
    except _Ended:
        raise
    except BaseException as error:
        progress.fail(error)
        raise
