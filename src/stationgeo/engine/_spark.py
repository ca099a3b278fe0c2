"""A Spark cluster: tasks read for themselves there, and rows of a data frame are shuffled and given to a job.

What tasks give is shuffled in blocks. Rows of a data frame are shuffled by the column that holds them together, sorted,
and given to the job as Arrow.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from stationgeo.engine._blocks import BLOCKS, merge_blocks, read_blocks, run_task
from stationgeo.errors import ParameterError, require_extra

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stationgeo.engine._job import Job, TaskJob, Tell

__all__ = ["SparkEngine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SparkEngine:
    """Runs jobs on Spark.

    The session is the caller's (YARN, Kubernetes, Databricks), or one on `local[*]` that is started on first use and
    stays. stationgeo must be installed where the executors run.
    """

    session: Any = None
    """A SparkSession, or None to start one of its own."""
    partitions: int | None = None
    """Parts of the source and of the result; None leaves it to the session: `spark.sql.shuffle.partitions` for rows,
    its cores for tasks."""
    _started: list[Any] = field(default_factory=list, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.partitions is not None and self.partitions < 1:
            raise ParameterError(f"partitions must be 1 or more. Got {self.partitions!r} instead.")

    def get_session(self) -> Any:  # noqa: ANN401 - a SparkSession
        """Return the session that jobs run in; start one if there is none.

        Raises
        ------
        MissingExtraError
            If PySpark is not installed.
        """
        if self.session is not None:
            return self.session
        if not self._started:
            sql = require_extra("pyspark.sql", extra="spark")
            # Workers run the interpreter of the driver; else Spark takes the first python3 that it finds.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            builder = sql.SparkSession.builder.master("local[*]").appName("stationgeo")
            with _without_pandas_warning():
                self._started.append(builder.config("spark.ui.enabled", "false").getOrCreate())
        return self._started[0]

    def run(self, source: Any, job: Job) -> pa.Table:  # noqa: ANN401 - a DataFrame of Spark
        """Run a job over a data frame.

        Parameters
        ----------
        source
            A DataFrame of Spark with the columns that the job reads.
        job
            What to do; it is sent to the executors.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything; only this comes to the driver.

        Notes
        -----
        One shuffle of the source by `split_by`, sorted within, and one of what the map gave by `merge_by`.
        """
        n = () if self.partitions is None else (self.partitions,)
        with _without_pandas_warning():
            parts = source.repartition(*n, job.split_by).sortWithinPartitions(job.split_by, *job.sort_by)
            types = _spark_schema(job.schema)
            mapped = parts.mapInArrow(job.map, types)
            merged = mapped.repartition(*n, job.merge_by).mapInArrow(job.merge, types)
            found: pa.Table = merged.toArrow().cast(job.schema)
        return found

    @property
    def slots(self) -> int:
        """How many tasks run at once: `partitions`, or what the session has cores for."""
        return int(self.partitions or self.get_session().sparkContext.defaultParallelism)

    def run_tasks(self, tasks: Sequence[Any], job: TaskJob, *, tell: Tell | None = None) -> pa.Table:  # noqa: ARG002
        """Carry out tasks that bring their own source, each in a partition of its own.

        Parameters
        ----------
        tasks
            Sent to the executors, which read what the tasks name: files must be where all executors find them.
        job
            What to do with each.
        tell
            Not told: executors have nobody to tell.

        Returns
        -------
        pyarrow.Table
            What is left after merging everything; only this comes to the driver.

        Raises
        ------
        StationgeoError
            What a task raised of this kind, once all tasks are done; nothing is tried again for it. Whatever else a
            task raises fails the job as Spark's own error.

        Notes
        -----
        No row of a source passes through Java. What tasks give is shuffled once, by `merge_by`, in compressed blocks.
        """
        if not tasks:
            return pa.Table.from_batches(list(job.merge(iter([]))), schema=job.schema)
        n_parts = self.slots
        with _without_pandas_warning():
            types = _spark_schema(BLOCKS)
            numbers = self.get_session().range(0, len(tasks), 1, len(tasks))
            given = numbers.mapInArrow(partial(run_task, tasks=list(tasks), job=job, n_parts=n_parts), types)
            merged = given.repartition(n_parts, "part").mapInArrow(partial(merge_blocks, job=job), types)
            return read_blocks(merged.toArrow(), schema=job.schema)


@contextmanager
def _without_pandas_warning() -> Iterator[None]:
    """Leave out Spark's doubt about pandas 3: nothing here goes through pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
        yield


def _spark_schema(schema: pa.Schema) -> Any:  # noqa: ANN401 - a StructType
    types = require_extra("pyspark.sql.pandas.types", extra="spark")
    return types.from_arrow_schema(schema)
