"""Where work runs: threads of this machine, or a Spark cluster. Knows batches, no word of the domain.

A `Job` is a function on batches of rows that belong together, a `TaskJob` one on tasks that read for themselves; both
have one that merges what several of them gave. All are plain functions that give record batches, and every engine runs
the very same.
"""

from __future__ import annotations

from stationgeo.engine._job import BatchFunction, Engine, Job, TaskFunction, TaskJob, Tell
from stationgeo.engine._local import LocalEngine
from stationgeo.engine._spark import SparkEngine

__all__ = ["BatchFunction", "Engine", "Job", "LocalEngine", "SparkEngine", "TaskFunction", "TaskJob", "Tell"]
