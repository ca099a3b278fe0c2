"""Tasks that bring their own source: no row passes through the engine but what they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pyarrow as pa

if TYPE_CHECKING:
    from stationgeo.engine._job import BatchFunction

__all__ = ["TaskFunction", "TaskJob", "Tell"]

Tell: TypeAlias = Callable[[int], None]
"""Takes how much was done since it was last told, in whatever unit; it may raise to end the work."""

TaskFunction: TypeAlias = Callable[[Any, Tell], Iterator[pa.RecordBatch]]
"""Takes a task and whom to tell how far it is, and gives batches."""


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
