"""Tracks of a city to aggregates of demand, batch by batch and day by day.

Fixes come in batches, in memory that a parameter bounds; only stops are kept, one in a hundred fixes. A courier's
track may be cut anywhere between batches and files: what comes out is the same.
"""

from __future__ import annotations

from stationgeo.index._batch import Batch, FixBatch, batch_of
from stationgeo.index._build import Builder, IndexPlan, aggregate_fixes
from stationgeo.index._days import DayDone, date_of, find_days, index_days
from stationgeo.index._follow import Followed, Follower
from stationgeo.index._job import RAW_COLUMNS, index_job
from stationgeo.index._publish import publish
from stationgeo.index._scan import Indexed, index_scan
from stationgeo.index._wire import unpack

__all__ = [
    "RAW_COLUMNS",
    "Batch",
    "Builder",
    "DayDone",
    "FixBatch",
    "Followed",
    "Follower",
    "IndexPlan",
    "Indexed",
    "aggregate_fixes",
    "batch_of",
    "date_of",
    "find_days",
    "index_days",
    "index_job",
    "index_scan",
    "publish",
    "unpack",
]
