"""What the stations of a study offer, in which hours, and which of them there are on the day that it speaks of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import _clock, demand, schema, stations
from stationgeo.errors import StudyError
from stationgeo.study._store import store_days

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd

    from stationgeo.coverage import Standard
    from stationgeo.schema import IntArray
    from stationgeo.stations import Offers, OpenHours
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study

__all__ = ["Offering", "days_that_count", "find_as_of", "find_offers", "observed_days", "there_then"]

_BINS: Literal["hour_of_week"] = "hour_of_week"
_SAY_DAY = "Say as_of = YYYY-MM-DD."


class Offering(NamedTuple):
    """What stations offer, and when."""

    offers: Offers | None
    """None where nothing is known of services and hours, and nothing asks for them."""
    hours: OpenHours | None
    """When stations are open; None where nothing says so."""
    notes: tuple[str, ...] = ()


def observed_days(study: Study, inputs: Inputs, days: IntArray | None) -> IntArray:
    """List the local days of the study's fixes, store and events."""
    parts = [store_days(study) if days is None else days]
    if inputs.events is not None and "t" in inputs.events:
        times = _clock.instants(inputs.events["t"].dropna())
        parts.append(_clock.days(_clock.local_hours(times, tz=study.tz)))
    return np.unique(np.concatenate(parts))


def days_that_count(study: Study, observed: IntArray) -> IntArray:
    """Keep the days of the types that the study counts."""
    asked = study.demand
    if not asked.day_types or not observed.size:
        return observed
    return observed[demand.are_of_type(observed, of_types=asked.day_types, calendar=asked.calendar)]


def find_as_of(study: Study, observed: IntArray) -> tuple[dt.date | None, tuple[str, ...]]:
    """Tell of which day the stations are: the study's, else the last one observed; and whether the two disagree."""
    last = None if not observed.size else pd.Timestamp(int(observed.max()), unit="D").date()
    if study.as_of is None or last is None:
        return study.as_of or last, ()
    first = pd.Timestamp(int(observed.min()), unit="D").date()
    if first <= study.as_of <= last:
        return study.as_of, ()
    note = (
        f"stations are those of {study.as_of.isoformat()}, but demand was observed from {first.isoformat()} to "
        f"{last.isoformat()}: what opened or closed in between is held against demand of another time"
    )
    return study.as_of, (note,)


def there_then(
    study: Study, places: gpd.GeoDataFrame | None, as_of: dt.date | None
) -> tuple[gpd.GeoDataFrame | None, tuple[str, ...]]:
    """Keep the stations that there are on the day, and say how many there are not.

    Raises
    ------
    StudyError
        If stations state days and nobody says of which day the study is.
    """
    if places is None or not {"valid_from", "valid_to"} & set(places.columns):
        return places, ()
    if as_of is None:
        raise StudyError(
            f"{study.name}: stations have valid_from or valid_to, and no day of demand is known. {_SAY_DAY}"
        )
    tz = study.tz if study.stations is None else study.stations.tz or study.tz
    found = stations.valid_at(places, as_of=as_of, tz=tz)
    kept = places[places["station_id"].isin(found.table["station_id"])].reset_index(drop=True)
    gone = len(places) - len(kept)
    if not gone:
        return places, ()
    note = (
        f"{gone:,} of {len(places):,} stations are left out: on {as_of.isoformat()} {len(found.not_yet):,} are not "
        f"there yet and {len(found.no_longer):,} no longer"
    )
    return kept, (note,)


def find_offers(
    study: Study, inputs: Inputs, places: gpd.GeoDataFrame, *, as_of: dt.date | None, standard: Standard | None,
    observed: IntArray,
) -> Offering:  # fmt: skip
    """Read what stations offer and when they are open, if the study says anything of it or asks for it.

    Hours are those of the observed days that count: on holidays, those of holidays.

    Raises
    ------
    StudyError
        If the standard asks for services or open stations and the study does not tell of them, or hours need a day.
    """
    timed = "opening_hours" in places.columns and bool(places["opening_hours"].notna().any())
    if standard is not None and standard.item(catalogue=inputs.catalogue).clauses and inputs.services is None:
        raise StudyError(
            f"{study.name}: the standard {standard.name!r} asks for services: name the file that tells of them by "
            "[services]."
        )
    if standard is not None and standard.open_then and not timed and len(places):
        raise StudyError(
            f"{study.name}: the standard {standard.name!r} asks for open stations, and stations have no opening_hours. "
            "Name their column in [stations], or take a standard with open_then = false."
        )
    if not timed and inputs.services is None:
        return Offering(None, None)
    told = schema.empty(schema.SERVICES) if inputs.services is None else inputs.services
    if not timed:
        return Offering(stations.offers(places, told, hours=None, catalogue=inputs.catalogue), None)
    if as_of is None and (standard is None or not standard.open_then):
        note = f"opening hours are not looked at: they hang on the season, and no day is known. {_SAY_DAY}"
        return Offering(stations.offers(places, told, hours=None, catalogue=inputs.catalogue), None, (note,))
    if as_of is None:
        raise StudyError(f"{study.name}: opening hours hang on the season, and no day is known. {_SAY_DAY}")
    return _timed(study, inputs, places, told, as_of, days_that_count(study, observed))


def _timed(
    study: Study, inputs: Inputs, places: gpd.GeoDataFrame, told: pd.DataFrame, as_of: dt.date, days: IntArray
) -> Offering:
    asked = study.hours
    counted = stations.counted(places, catalogue=inputs.catalogue)
    read = partial(
        stations.open_hours, bins=_BINS, as_of=as_of, calendar=asked.calendar or study.demand.calendar,
        part_hours=asked.part_hours, days=days,
    )  # fmt: skip
    hours = read(counted)
    own = {service: read(table) for service, table in stations.own_hours(told).items()}
    offers = stations.offers(places, told, hours=hours, service_hours=own, catalogue=inputs.catalogue)
    notes = []
    status = hours.table["status"]
    unknown = int((status == "unknown").sum())
    if unknown:
        notes.append(
            f"the hours of {unknown:,} of {len(counted):,} stations are not known: they make ranges, and are open for "
            "sure at no hour"
        )
    differing = int((hours.table["differing_hours"] > 0).sum())
    if differing:
        notes.append(
            f"{differing:,} of {len(counted):,} stations keep other hours on some of the observed days of one weekday, "
            "such as holidays: they are open for sure in what is common to them"
        )
    if not hours.calendar_known:
        notes.append(f"the calendar of holidays does not hold {as_of.isoformat()}")
    if offers.unmatched:
        notes.append(f"[services] tells of {len(offers.unmatched):,} stations that are not among the stations")
    return Offering(offers, hours, tuple(notes))
