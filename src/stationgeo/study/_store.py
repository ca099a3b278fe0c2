"""The store of a study: what its days have in common, and the demand that it holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from stationgeo import demand, io
from stationgeo.errors import DataError, ParameterError
from stationgeo.store import DemandStore
from stationgeo.study._row_options import courier_key

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.schema import IntArray
    from stationgeo.store import Day
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._sections import Store

__all__ = ["plan_values", "read_store", "store_days", "zones_fingerprint"]


def plan_values(study: Study, inputs: Inputs) -> dict[str, Any]:
    """Write down all that decides what an aggregate holds, as plain values."""
    described = study.model_dump(mode="json", include={"resolution", "tz", "stops", "overlaps"})
    fixes = study.fixes
    key = None if fixes is None else courier_key(study, fixes)
    judged = study.stops is not None and study.stops.purpose is not None
    return described | {
        "datum": fixes and fixes.datum,
        "zones": zones_fingerprint(inputs.zones),
        "n_replicates": study.demand.replicates,
        # Only purposes look at stations and places. Orders grow day by day, and are not held against each other.
        "stations": _places_fingerprint(inputs.stations, ("station_id", "kind")) if judged else "",
        "known_places": _places_fingerprint(inputs.known_places, ("lon", "lat", "purpose")) if judged else "",
        # Of the key itself nothing is kept: hashes of another key would be other people.
        "courier_key": "" if key is None else io.key_fingerprint(key),
    }


def read_store(study: Study, territory: gpd.GeoDataFrame | None) -> tuple[demand.Aggregate, tuple[str, ...]]:
    """Combine the days of a study's store, and say what to know of them.

    Raises
    ------
    SourceError
        If there is no store, or it is broken.
    ParameterError
        If it was made for other zones, another time zone, or coarser cells.
    DataError
        If it has no day of those asked for.
    """
    if study.store is None:
        raise ParameterError("the study has no [store].")
    asked = study.store
    kept = DemandStore(study.resolve(asked.path))
    _check_alike(study, territory, kept)
    days = _days_asked(asked, kept)
    if not days:
        raise DataError(
            f"{asked.path}: the store has none of the days asked for, from {asked.since or 'its first'} to "
            f"{asked.until or 'its last'}; it has {len(kept.days()):,} in all. Index them first."
        )
    finest = kept.plan.get("resolution")
    resolution = None if finest == study.resolution else study.resolution
    found = kept.read([day.date for day in days], resolution=resolution)
    notes = [f"demand of {len(days):,} days from the store, {days[0].date} to {days[-1].date}"]
    provisional = sum(day.provisional for day in days)
    if provisional:
        notes.append(
            f"{provisional:,} of these days are provisional: waits over their midnight may be cut. Index them again "
            "when the next day is there"
        )
    return found, tuple(notes)


def store_days(study: Study) -> IntArray:
    """List the local days of the store that the study asks for; none where it has no store."""
    if study.store is None:
        return np.zeros(0, dtype=np.int64)
    days = _days_asked(study.store, DemandStore(study.resolve(study.store.path)))
    return np.array([day.date for day in days], dtype="datetime64[D]").astype(np.int64)


def _days_asked(asked: Store, kept: DemandStore) -> list[Day]:
    return [
        day
        for day in kept.days()
        if (asked.since is None or day.date >= asked.since) and (asked.until is None or day.date <= asked.until)
    ]


def zones_fingerprint(territory: gpd.GeoDataFrame | None) -> str:
    """Tell zones from others by their ids and outlines; '' for none."""
    if territory is None:
        return ""
    return _digest(territory["zone_id"].tolist(), territory.geometry.to_numpy())


def _places_fingerprint(places: pd.DataFrame | None, columns: tuple[str, ...]) -> str:
    if places is None:
        return ""
    shapes = places.geometry.to_numpy() if isinstance(places, gpd.GeoDataFrame) else np.zeros(0, dtype=object)
    return _digest(places[list(columns)].astype("str").agg("|".join, axis=1).tolist(), shapes)


def _digest(texts: list[str], shapes: np.ndarray[Any, Any]) -> str:
    digest = hashlib.sha256("\n".join(texts).encode())
    for shape in shapely.to_wkb(shapes, byte_order=1):
        digest.update(shape)
    return digest.hexdigest()[:16]


def _check_alike(study: Study, territory: gpd.GeoDataFrame | None, kept: DemandStore) -> None:
    plan, path = kept.plan, kept.folder
    if plan.get("tz") != study.tz:
        raise ParameterError(f"{path}: the store counts hours of {plan.get('tz')!r}, the study of {study.tz!r}.")
    if int(plan.get("resolution", -1)) < study.resolution:
        raise ParameterError(
            f"{path}: the store has cells of resolution {plan.get('resolution')}, the study asks for finer ones, "
            f"{study.resolution}. Lower resolution, or index the days again."
        )
    if plan.get("zones", "") != zones_fingerprint(territory):
        raise ParameterError(
            f"{path}: the store was indexed with other zones than the study's, and a stop gets its zone when it is "
            "indexed. Index the days again with these zones."
        )
