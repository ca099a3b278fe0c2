"""Batches of fixes to an aggregate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo import _clock, demand, tracks
from stationgeo.errors import ParameterError
from stationgeo.index._follow import Follower

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable

    import geopandas as gpd
    import pandas as pd

    from stationgeo.index._batch import FixBatch
    from stationgeo.index._follow import Followed
    from stationgeo.schema import IntArray

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
    purpose: tracks.Rule | None = None
    """Says what stops were for, courier by courier; None leaves them unknown. It sees the couriers of one share, and
    of a day those 12 hours around it: it must not compare couriers, as `PurposeRule` does that infers depots."""
    counted: tuple[str, ...] | None = None
    """Purposes that are demand: a courier-day's weight of 1 is shared among stops for these, others weigh nothing. All
    purposes are kept, and told apart when demand is read out. None weighs every stop."""
    evidence: tracks.Evidence | None = None
    """What the rule may look at: stations, known places, orders. Silences are added from the fixes."""
    n_replicates: int = 0
    """Bootstrap replicates to keep."""
    most_couriers: int = demand.MOST_COURIERS
    """Below so many couriers of a row their count is exact."""

    def __post_init__(self) -> None:
        if isinstance(self.purpose, tracks.PurposeRule) and self.purpose.depot_min_couriers is not None:
            raise ParameterError(
                "while indexing each courier is judged alone: depots that several share cannot be inferred. Give the "
                "rule depot_min_couriers=None, and depots as known places."
            )


class Builder:
    """Takes in batches of fixes and gives the aggregate of their stops and silences.

    Parameters
    ----------
    plan
        How.
    drop_repeats, between
        As for `Follower`.

    Notes
    -----
    Memory holds what `Follower` holds. Each courier's fixes come in order of time, in whichever batches, unless the
    plan cleans what is out of order. Builders of couriers that are apart give aggregates that `demand.combine` adds to
    that of all.
    """

    __slots__ = ("_followed", "_follower", "_plan", "n_long_silences")

    def __init__(self, plan: IndexPlan, *, drop_repeats: bool = False, between: tuple[int, int] | None = None) -> None:
        self._plan = plan
        self._follower = Follower(stops=plan.stops, cleaning=plan.cleaning, drop_repeats=drop_repeats, between=between)
        self._followed: Followed | None = None
        self.n_long_silences = 0
        """Silences of the dates asked for that are too long to be counted as unknown time; known once finished. Of
        fixes that end early not all are seen."""

    @property
    def n_fixes(self) -> int:
        """Fixes taken in so far, repeats aside."""
        return self._follower.n_fixes

    @property
    def followed(self) -> Followed:
        """What tracks came to, with what was dropped and cleaned.

        Raises
        ------
        ParameterError
            If `finish` was not called yet.
        """
        if self._followed is None:
            raise ParameterError("what tracks came to is known once finish() was called. Call it first.")
        return self._followed

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
        """End all tracks and add their stops and silences up.

        Parameters
        ----------
        dates
            Count only stops and silences that start on these local dates, and of the observed days only these; by
            default all.

        Returns
        -------
        Aggregate
            The same however the fixes were cut into batches. It tells interpolated and unknown time.
        """
        plan = self._plan
        followed = self._followed = self._follower.finish()
        stops, silences, days = _judged(followed, plan), followed.silences, followed.days(tz=plan.tz)
        if dates is not None:
            wanted = np.array([np.datetime64(date, "D").astype(np.int64) for date in dates], dtype=np.int64)
            stops, silences = (_of_dates(table, wanted, tz=plan.tz) for table in (stops, silences))
            days = days[np.isin(days, wanted)]
        self.n_long_silences = len(demand.uncounted_silences(silences))
        found = _added_up(stops, silences, plan)
        # A stop of the last date may last into the next, which is observed where it is indexed itself.
        return replace(found, days=days)


def _judged(followed: Followed, plan: IndexPlan) -> pd.DataFrame:
    """Say what the stops were for, where the plan asks."""
    if plan.purpose is None:
        return followed.stops
    known = plan.evidence or tracks.Evidence(tz=plan.tz)
    found = tracks.assign_purpose(
        followed.stops,
        rule=plan.purpose,
        tz=plan.tz,
        stations=known.stations,
        places=known.places,
        orders=known.orders,
        silences=followed.silences,
    )
    return found.table


def _of_dates(stays: pd.DataFrame, wanted: IntArray, *, tz: str) -> pd.DataFrame:
    start = _clock.days(_clock.local_hours(_clock.instants(stays["start"]), tz=tz))
    return stays[np.isin(start, wanted)]


def _added_up(stops: pd.DataFrame, silences: pd.DataFrame, plan: IndexPlan) -> demand.Aggregate:
    """Add stops and silences up; stops for purposes that do not count weigh nothing."""
    how: dict[str, Any] = {
        "zones": plan.zones,
        "resolution": plan.resolution,
        "tz": plan.tz,
        "n_replicates": plan.n_replicates,
        "most_couriers": plan.most_couriers,
    }
    if plan.counted is None:
        return demand.aggregate(stops, silences=silences, **how)
    counts = stops["purpose"].isin(plan.counted)
    others = demand.aggregate(stops[~counts], silences=silences, **how)
    weightless = replace(others, sums=others.sums.assign(weight_units=0))
    counted = demand.aggregate(stops[counts], silences=silences.head(0), **how)
    return demand.combine([counted, weightless])


def aggregate_fixes(batches: Iterable[FixBatch], *, plan: IndexPlan) -> demand.Aggregate:
    """Add up the stops and silences in batches of fixes.

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
