"""A Spark cluster: rows are shuffled by the column that holds them together, sorted, and given to the job as Arrow."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stationgeo.errors import ParameterError, require_extra

if TYPE_CHECKING:
    import pyarrow as pa

    from stationgeo.engine._job import Job

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
    """Parts of the source and of the result; None leaves it to the session's `spark.sql.shuffle.partitions`."""
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
        parts = source.repartition(*n, job.split_by).sortWithinPartitions(job.split_by, *job.sort_by)
        types = _spark_schema(job.schema)
        mapped = parts.mapInArrow(job.map, types)
        merged = mapped.repartition(*n, job.merge_by).mapInArrow(job.merge, types)
        found: pa.Table = merged.toArrow().cast(job.schema)
        return found


def _spark_schema(schema: pa.Schema) -> Any:  # noqa: ANN401 - a StructType
    types = require_extra("pyspark.sql.pandas.types", extra="spark")
    return types.from_arrow_schema(schema)
