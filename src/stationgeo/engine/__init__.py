"""Where work runs: threads of this machine, or a Spark cluster. Knows batches, no word of the domain.

A `Job` is a function on batches of rows that belong together, and one that merges what several of them gave. Both are
plain functions from record batches to record batches; every engine runs the very same.
"""

from __future__ import annotations

from stationgeo.engine._job import BatchFunction, Engine, Job
from stationgeo.engine._local import LocalEngine
from stationgeo.engine._spark import SparkEngine

__all__ = ["BatchFunction", "Engine", "Job", "LocalEngine", "SparkEngine"]
