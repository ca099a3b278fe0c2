"""Demand of a study: from its fixes or its store, and from its events, averaged over the same days."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _clock, demand
from stationgeo.errors import DataError, StudyError
from stationgeo.study._ground import demand_inside, find_territory
from stationgeo.study._privacy import publish
from stationgeo.study._standard import standard_of
from stationgeo.study._store import read_store

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import IntArray
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._tracks import Tracks

__all__ = ["Demanded", "demand_by_group", "gather_demand"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """Demand of a study."""

    table: pd.DataFrame
    """DEMAND that all results are computed from, of all places."""
    inside: pd.DataFrame
    """What of it lies in the zones: all that rates and sites count."""
    zones: gpd.GeoDataFrame
    """ZONES of the study, or the one unit around all demand."""
    full: pd.DataFrame
    """DEMAND before anything was pooled or suppressed: never to be written."""
    by_purpose: pd.DataFrame | None
    """DEMAND of couriers by purpose, where needs are weighted by it; None where nobody asks or it may not be told."""
    aggregate: demand.Aggregate | None
    """What of couriers' stops counts, with its days and replicates: never to be written; None without couriers."""
    release: demand.Release | None
    """The pieces of at least k couriers that `table` is spread from; None where nothing needs to be suppressed."""
    notes: tuple[str, ...]
    """What a reader should know."""


def gather_demand(study: Study, inputs: Inputs, followed: Tracks | None, pieces: pd.DataFrame | None) -> Demanded:
    """Add up what the study's sources say.

    Raises
    ------
    SourceError, ParameterError, DataError
        If the store does not fit the study, or no day or purpose is left that counts, or no demand lies in the zones.
    """
    tracked, of_tracks = _tracked(study, inputs, followed)
    events, of_events = inputs.events, _event_days(study, inputs)
    days, notes = _days(study, np.union1d(of_tracks, of_events))
    observed = _clock.as_dates(days) if days.size else None
    where: dict[str, Any] = {"zones": inputs.zones, "resolution": study.resolution, "tz": study.tz}
    of_couriers, of_events_table, release, aggregate, by_purpose = None, None, None, None, None
    group = _group(study)
    full = []
    if tracked is not None:
        found, more = tracked
        aggregate = demand.select(
            dataclasses.replace(found, days=days), days=days, purposes=_counted(study), groups=group
        )
        if aggregate.sums.empty:
            raise DataError("no rest is left on the days and for the purposes that count. Look at [demand], [stops].")
        # Replicates tell how sure rates are, and stay in the aggregate: they are no demand.
        once = dataclasses.replace(aggregate, replicates=aggregate.replicates[:, :0])
        full.append(demand.read_out(once, expansion=study.demand.expansion or None))
        of_couriers, release, of_release = publish(study, aggregate, full[0], inputs.zones, pieces)
        notes += more + of_release
        if study.coverage.weigh_needs and release is None:
            by_purpose = demand.read_out(once, expansion=study.demand.expansion or None, by=("purpose",))
        if group is not None:
            # All of it is of this group: the column lets a standard see so.
            of_couriers, full[0] = (table.assign(group=group[0]) for table in (of_couriers, full[0]))
            by_purpose = None if by_purpose is None else by_purpose.assign(group=group[0])
            notes += (f"demand is that of workers of group {group[0]!r} alone, of whom the standard speaks",)
    if events is not None:
        kept = events if not study.demand.day_types else events[_are_on(study, events, days)]
        of_events_table = demand.from_events(kept, observed=observed, **where)
        full.append(of_events_table)
    told = _merged([table for table in (of_couriers, of_events_table) if table is not None])
    territory, table = find_territory(inputs, told)
    inside, of_zones = demand_inside(table, study.demand_weight, pooled=release is not None)
    return Demanded(
        table=table,
        inside=inside,
        zones=territory,
        full=_merged(full),
        by_purpose=None if by_purpose is None else find_territory(inputs, by_purpose)[1],
        aggregate=aggregate,
        release=release,
        notes=notes + of_zones,
    )


def demand_by_group(study: Study, inputs: Inputs, demanded: Demanded) -> pd.DataFrame:
    """Tell couriers' demand by group of workers, place by place and hour by hour.

    Raises
    ------
    StudyError
        If couriers are told in pieces of at least k, of which nobody may know whose part is whose; or if no courier has
        a group.
    """
    aggregate = demanded.aggregate
    if aggregate is None or demanded.release is not None:
        raise StudyError(
            f"{study.name}: equity.by: demand of single groups of workers is not known, or may not be told."
        )
    if not (aggregate.sums["group"] != "").any():
        raise StudyError(
            f'{study.name}: equity.by: "group" needs workers with a group, and no courier has one. Name its column by '
            "[fixes] columns."
        )
    once = dataclasses.replace(aggregate, replicates=aggregate.replicates[:, :0])
    table = demand.read_out(once, expansion=study.demand.expansion or None, by=("group",))
    return find_territory(inputs, table)[1]


def _group(study: Study) -> tuple[str] | None:
    """Name the workers of whom the study's standard speaks; None where it speaks of all.

    Raises
    ------
    StudyError
        If there is demand whose workers are not known.
    """
    standard = standard_of(study)
    if standard is None or not standard.group:
        return None
    if study.events is not None:
        raise StudyError(
            f"{study.name}: the standard {standard.name!r} speaks of workers of group {standard.group!r}, and nobody "
            "knows whose the [events] are. Leave them out, or take a standard for all."
        )
    return (standard.group,)


def _merged(tables: list[pd.DataFrame]) -> pd.DataFrame:
    return tables[0] if len(tables) == 1 else demand.merge(tables)


def _tracked(
    study: Study, inputs: Inputs, followed: Tracks | None
) -> tuple[tuple[demand.Aggregate, tuple[str, ...]] | None, IntArray]:
    """Return the aggregate of the couriers, with notes, and the days on which they were observed."""
    if study.store is not None:
        found, notes = read_store(study, inputs.zones)
        return (found, notes), found.days
    if followed is None:
        return None, np.zeros(0, dtype=np.int64)
    found = demand.aggregate(
        followed.counted,
        zones=inputs.zones,
        resolution=study.resolution,
        tz=study.tz,
        observed=_clock.as_dates(followed.days),
        silences=followed.silences,
        n_replicates=_n_replicates(study),
    )
    return (found, ()), followed.days


def _n_replicates(study: Study) -> int:
    asked = study.uncertainty
    return study.demand.replicates if asked is None else max(asked.replicates, study.demand.replicates)


def _counted(study: Study) -> tuple[str, ...] | None:
    """Purposes that are demand; None for all."""
    if study.stops is None or study.stops.purpose is None:
        return None
    return study.stops.purpose.count


def _event_days(study: Study, inputs: Inputs) -> IntArray:
    if inputs.events is None or "t" not in inputs.events:
        return np.zeros(0, dtype=np.int64)
    return np.unique(_local_days(study, inputs.events["t"].dropna()))


def _local_days(study: Study, times: pd.Series[Any]) -> IntArray:
    return _clock.days(_clock.local_hours(_clock.instants(times), tz=study.tz))


def _are_on(study: Study, events: pd.DataFrame, days: IntArray) -> pd.Series[bool]:
    """Tell which events are on some days, or on no day at all."""
    if "t" not in events:
        return pd.Series(True, index=events.index)  # noqa: FBT003 - a value
    untimed = events["t"].isna()
    on = untimed.copy()
    on[~untimed] = np.isin(_local_days(study, events.loc[~untimed, "t"]), days)
    return on


def _days(study: Study, observed: IntArray) -> tuple[IntArray, tuple[str, ...]]:
    """Keep the days that count, and say which."""
    asked = study.demand
    if not asked.day_types:
        return observed, ()
    kept = observed[demand.are_of_type(observed, of_types=asked.day_types, calendar=asked.calendar)]
    if not kept.size:
        raise DataError(
            f"none of {observed.size:,} observed days is a {' or '.join(asked.day_types)}. Look at [demand] day_types."
        )
    notes = [f"only days of the type {' or '.join(asked.day_types)} count: {kept.size:,} of {observed.size:,} observed"]
    beyond = demand.uncalendared(observed, calendar=asked.calendar)
    if beyond.size:
        notes.append(f"{beyond.size:,} days are beyond the calendar and were told by their weekday alone")
    return kept, tuple(notes)
