"""Batches of fixes to an aggregate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from stationgeo import _clock, demand, tracks
from stationgeo.index._follow import Follower

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    import geopandas as gpd
    import pandas as pd

    from stationgeo.index._batch import FixBatch

__all__ = ["Builder", "IndexPlan", "aggregate_fixes"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexPlan:
    """How fixes become an aggregate."""

    stops: tracks.StopRule
    """When standing about is a stop."""
    resolution: int
    """H3 resolution."""
    tz: str
    """Time zone of hours and days."""
    cleaning: tracks.CleaningRules | None = None
    """Rules to clean with before stops are looked for; None for none."""
    zones: gpd.GeoDataFrame | None = None
    """ZONES whose lowest level is disjoint; None puts everything outside."""
    n_replicates: int = 0
    """Bootstrap replicates to keep."""
    most_couriers: int = demand.MOST_COURIERS
    """Below so many couriers of a row their count is exact."""


class Builder:
    """Takes in batches of fixes and gives the aggregate of their stops.

    Parameters
    ----------
    plan
        How.

    Notes
    -----
    Memory holds 72 bytes per courier (312 with cleaning), an id and a code each, and 53 bytes per stop; never fixes
    beyond the batch in hand. Each courier's fixes come in order of time, in whichever batches, unless the plan cleans
    what is out of order. Builders of couriers that are apart give aggregates that `demand.combine` adds to that of all.
    """

    __slots__ = ("_cleaning", "_follower", "_plan")

    def __init__(self, plan: IndexPlan) -> None:
        self._plan = plan
        self._follower = Follower(stops=plan.stops, cleaning=plan.cleaning)
        self._cleaning: pd.DataFrame | None = None

    def add(self, batch: FixBatch) -> None:
        """Take in the next batch.

        Parameters
        ----------
        batch
            Arrays of one length; codes are places in `names`.

        Raises
        ------
        OutOfOrderError
            If a courier's fixes are out of order and the plan does not clean that.
        ParameterError
            If a rule of cleaning needs an array that the batch lacks.
        """
        self._follower.add(batch)

    def finish(self, *, dates: Collection[dt.date] | None = None) -> demand.Aggregate:
        """End all tracks and add their stops up.

        Parameters
        ----------
        dates
            Count only stops that start on these local dates, and of the observed days only these; by default all.

        Returns
        -------
        Aggregate
            The same however the fixes were cut into batches.
        """
        followed, plan = self._follower.finish(), self._plan
        stops, days = followed.stops, followed.days(tz=plan.tz)
        if dates is not None:
            wanted = np.array([np.datetime64(date, "D").astype(np.int64) for date in dates], dtype=np.int64)
            start = _clock.days(_clock.local_hours(_clock.instants(stops["start"]), tz=plan.tz))
            stops = stops[np.isin(start, wanted)]
            days = days[np.isin(days, wanted)]
        found = demand.aggregate(
            stops,
            zones=plan.zones,
            resolution=plan.resolution,
            tz=plan.tz,
            n_replicates=plan.n_replicates,
            most_couriers=plan.most_couriers,
        )
        # A stop of the last date may last into the next, which is observed where it is indexed itself.
        self._cleaning = followed.cleaning
        return replace(found, days=days)

    def cleaning_report(self) -> pd.DataFrame | None:
        """Tell what cleaning has removed; None without cleaning, and before the end."""
        return self._cleaning


def aggregate_fixes(batches: Iterable[FixBatch], *, plan: IndexPlan) -> demand.Aggregate:
    """Add up the stops in batches of fixes.

    Parameters
    ----------
    batches
        Batches, each courier's fixes in order of time.
    plan
        How.

    Returns
    -------
    Aggregate
        The same however the fixes were cut into batches.

    Raises
    ------
    DataError
        If a courier's fixes are out of order and the plan does not clean that.
    ParameterError
        If the plan is out of range.

    Notes
    -----
    O(n) for n fixes, and O(s log s) for s stops.

    Examples
    --------
    >>> plan = IndexPlan(stops=tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900), resolution=10,
    ...                  tz="Asia/Shanghai")
    >>> len(aggregate_fixes([], plan=plan).sums)
    0
    """
    builder = Builder(plan)
    for batch in batches:
        builder.add(batch)
    return builder.finish()
