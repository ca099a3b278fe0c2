"""A study: the one place that wires files, stages and outputs together.

``Study.read("study.toml")`` reads and checks the study file, `run` computes it, `write` writes the results.
"""

from __future__ import annotations

from stationgeo.study._compare import Changes, compare, write_changes
from stationgeo.study._index import index_days
from stationgeo.study._inputs import Inputs
from stationgeo.study._model import Study
from stationgeo.study._outputs import write, write_ingest
from stationgeo.study._progress import Progress, Silent, Step
from stationgeo.study._release import release
from stationgeo.study._result import Result
from stationgeo.study._run import check, run
from stationgeo.study._staging import check_out
from stationgeo.study._template import TEMPLATE

__all__ = [
    "TEMPLATE",
    "Changes",
    "Inputs",
    "Progress",
    "Result",
    "Silent",
    "Step",
    "Study",
    "check",
    "check_out",
    "compare",
    "index_days",
    "release",
    "run",
    "write",
    "write_changes",
    "write_ingest",
]
