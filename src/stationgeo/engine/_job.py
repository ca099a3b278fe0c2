"""What engines are asked to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BatchFunction", "Engine", "Job", "TaskFunction", "TaskJob", "Tell"]

BatchFunction: TypeAlias = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
"""Takes the batches of a part of the rows, one after the other, and gives batches."""

Tell: TypeAlias = Callable[[int], None]
"""Takes how much was done since it was last told, in whatever unit; it may raise to end the work."""

TaskFunction: TypeAlias = Callable[[Any, Tell], Iterator[pa.RecordBatch]]
"""Takes a task and whom to tell how far it is, and gives batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work on rows that fall into parts that have nothing to do with each other, and a merge of what the parts give."""

    map: BatchFunction
    """Given all rows of some values of `split_by`, in order of `sort_by` within each; batches of `schema` come out."""
    merge: BatchFunction
    """Given rows of `schema`, all of some values of `merge_by`; rows of `schema` come out. Associative and commutative:
    it may be applied to what it gave before, and to parts in any order."""
    split_by: str
    """Column of the source whose equal values stay together."""
    sort_by: tuple[str, ...]
    """Columns by which rows come, within a value of `split_by`."""
    merge_by: str
    """Column of the result whose equal values are merged together."""
    schema: pa.Schema
    """Of the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskJob:
    """What is done with each of many tasks that have nothing to do with each other, and a merge of what they give."""

    run: TaskFunction
    """Carries out a task; batches of `schema` come out. It and the tasks can be pickled."""
    merge: BatchFunction
    """Given rows of `schema`, all of some values of `merge_by`; rows of `schema` come out. Associative and commutative:
    it may be applied to what it gave before, and to parts in any order."""
    merge_by: str
    """Column of the result whose equal values are merged together."""
    schema: pa.Schema
    """Of the result."""


class Engine(Protocol):
    """Somewhere that jobs can run."""

    @property
    def slots(self) -> int:
        """How many tasks run at once."""

    def run(self, source: Any, job: Job) -> pa.Table:  # noqa: ANN401 - batches here, a data frame of the cluster there
        """Run a job over all rows of a source.

        Parameters
        ----------
        source
            Rows, in the form that the engine takes.
        job
            What to do.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything.
        """
        ...

    def run_tasks(self, tasks: Sequence[Any], job: TaskJob, *, tell: Tell | None = None) -> pa.Table:
        """Carry out tasks that bring their own source.

        Parameters
        ----------
        tasks
            They can be pickled.
        job
            What to do with each.
        tell
            Told how much was done, in the unit of the job, where the engine can say so.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything.
        """
        ...
