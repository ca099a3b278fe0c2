"""Batches of fixes to an aggregate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd

from stationgeo import _clock, demand, tracks
from stationgeo._compile import kernel

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Batch", "Builder", "FixBatch", "IndexPlan", "aggregate_fixes"]

_MS_PER_HOUR = 3_600_000


class FixBatch(Protocol):
    """A batch of fixes as arrays, in WGS-84 and UTC, as `io.scan_fixes` gives them."""

    @property
    def courier(self) -> IntArray:
        """Codes, places in `names`."""

    @property
    def names(self) -> Sequence[str]:
        """Ids of the couriers of this batch, each once."""

    @property
    def t_ms(self) -> IntArray:
        """UTC milliseconds since 1970."""

    @property
    def lon(self) -> FloatArray:
        """Degrees."""

    @property
    def lat(self) -> FloatArray:
        """Degrees."""

    @property
    def accuracy_m(self) -> FloatArray | None:
        """Metres, nan where unknown; None if the source does not say."""

    @property
    def group(self) -> npt.NDArray[np.object_] | None:
        """Worker group of each of `names`; None if the source does not say."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """A `FixBatch` as plain arrays."""

    courier: IntArray
    names: Sequence[str]
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    accuracy_m: FloatArray | None = None
    group: npt.NDArray[np.object_] | None = None


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


@dataclass(slots=True)
class _Observed:
    """Local days on which fixes were let through, told from the UTC hours that hold any."""

    first_hour: int = 0
    seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def add(self, t_ms: IntArray) -> None:
        if not t_ms.size:
            return
        low, high = int(t_ms.min()) // _MS_PER_HOUR, int(t_ms.max()) // _MS_PER_HOUR
        self._make_room(low, high)
        _mark_hours(t_ms, self.first_hour, self.seen)

    def hours(self) -> IntArray:
        return np.flatnonzero(self.seen) + self.first_hour

    def _make_room(self, low: int, high: int) -> None:
        if not self.seen.size:
            self.first_hour = low
        before = max(0, self.first_hour - low)
        after = max(0, high + 1 - self.first_hour - self.seen.size)
        if before or after:
            self.seen = np.concatenate([np.zeros(before, np.bool_), self.seen, np.zeros(after, np.bool_)])
            self.first_hour -= before


class Builder:
    """Takes in batches of fixes and gives the aggregate of their stops and silences.

    Parameters
    ----------
    plan
        How.

    Notes
    -----
    Memory holds 80 bytes per courier (320 with cleaning), an id and a code each, 61 bytes per stop and 40 per silence;
    never fixes beyond the batch in hand. Each courier's fixes come in order of time, in whichever batches, unless the
    plan cleans what is out of order. Builders of couriers that are apart give aggregates that `demand.combine` adds to
    that of all.
    """

    __slots__ = (
        "_code_of",
        "_groups",
        "_names",
        "_observed",
        "_plan",
        "_silences",
        "_state",
        "_stops",
        "n_fixes",
        "n_long_silences",
    )

    def __init__(self, plan: IndexPlan) -> None:
        self._plan = plan
        self._state = tracks.TrackState(stops=plan.stops, cleaning=plan.cleaning)
        self._code_of: dict[str, int] = {}
        self._names: list[str] = []
        self._groups: list[str] = []
        self._stops: list[tracks.Records] = []
        self._silences: list[tracks.Records] = []
        self._observed = _Observed()
        self.n_fixes = 0
        """Fixes taken in so far."""
        self.n_long_silences = 0
        """Silences of the dates asked for that are too long to be counted as unknown time; known once finished. Of
        fixes that end early not all are seen."""

    def add(self, batch: FixBatch) -> None:
        """Take in the next batch.

        Parameters
        ----------
        batch
            Arrays of one length; codes are places in `names`.

        Raises
        ------
        DataError
            If a courier's fixes are out of order and the plan does not clean that.
        ParameterError
            If a rule of cleaning needs an array that the batch lacks.
        """
        codes = self._codes(batch)
        found = self._state.advance(codes[batch.courier], batch.t_ms, batch.lon, batch.lat, accuracy_m=batch.accuracy_m)
        self._keep(found)
        self.n_fixes += int(batch.t_ms.size)

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
        self._keep(self._state.finish())
        stops = tracks.stops_table(self._stops, names=self._names)
        silences = tracks.silences_table(self._silences, names=self._names)
        stops, silences = (table.assign(group=self._group_of(table["courier_id"])) for table in (stops, silences))
        days = np.unique(_clock.days(_clock.local_hours(_instants_of_hours(self._observed.hours()), tz=self._plan.tz)))
        if dates is not None:
            wanted = np.array([np.datetime64(date, "D").astype(np.int64) for date in dates], dtype=np.int64)
            stops, silences = (self._of_dates(table, wanted) for table in (stops, silences))
            days = days[np.isin(days, wanted)]
        self.n_long_silences = len(demand.uncounted_silences(silences))
        plan = self._plan
        found = demand.aggregate(
            stops,
            zones=plan.zones,
            resolution=plan.resolution,
            tz=plan.tz,
            silences=silences,
            n_replicates=plan.n_replicates,
            most_couriers=plan.most_couriers,
        )
        # A stop of the last date may last into the next, which is observed where it is indexed itself.
        return replace(found, days=days)

    def cleaning_report(self) -> pd.DataFrame | None:
        """Tell what cleaning has removed; None without cleaning."""
        return self._state.report(pd.Index(self._names, dtype="str"))

    def _codes(self, batch: FixBatch) -> IntArray:
        """Code of each of the batch's names, new ones in order of appearance."""
        codes = np.empty(len(batch.names), dtype=np.int64)
        for at, name in enumerate(batch.names):
            code = self._code_of.setdefault(name, len(self._names))
            if code == len(self._names):
                self._names.append(name)
                self._groups.append("")
            codes[at] = code
            if batch.group is not None and batch.group[at]:
                self._groups[code] = str(batch.group[at])
        return codes

    def _group_of(self, ids: pd.Series[str]) -> pd.Series[str]:
        groups = pd.Series(self._groups, index=pd.Index(self._names, dtype="str"), dtype="str")
        return groups.reindex(ids).set_axis(ids.index)

    def _of_dates(self, stays: pd.DataFrame, wanted: IntArray) -> pd.DataFrame:
        start = _clock.days(_clock.local_hours(_clock.instants(stays["start"]), tz=self._plan.tz))
        return stays[np.isin(start, wanted)]

    def _keep(self, found: tracks.Found) -> None:
        self._observed.add(found.kept_ms)
        # Only stops and silences are kept: a Found holds the times of a whole batch.
        self._stops.append(found.stops)
        self._silences.append(found.silences)


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


def _instants_of_hours(hours: IntArray) -> IntArray:
    return hours * (_clock.US_PER_S * 3_600)


@kernel
def _mark_hours(t_ms: IntArray, first_hour: int, seen: npt.NDArray[np.bool_]) -> None:
    for i in range(t_ms.size):
        seen[t_ms[i] // _MS_PER_HOUR - first_hour] = True
