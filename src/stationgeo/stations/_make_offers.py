"""Stations, their services and their hours to what they offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.schema import SERVICES, validate
from stationgeo.stations._kinds import counted, is_cluster
from stationgeo.stations._kinds import services as known_services
from stationgeo.stations._masks import N_BINS, n_words, pack_bins
from stationgeo.stations._offers import NO, UNKNOWN, YES, Offers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from stationgeo.schema import CellArray, IntArray
    from stationgeo.stations._data import Catalogue
    from stationgeo.stations._offers import HoursOfStations

__all__ = ["offers", "own_hours"]

_CODES = {"no": NO, "unknown": UNKNOWN, "yes": YES}


def offers(
    stations: pd.DataFrame,
    services: pd.DataFrame,
    *,
    hours: HoursOfStations | None,
    service_hours: Mapping[str, HoursOfStations] | None = None,
    bins: str | None = None,
    catalogue: Catalogue | None = None,
) -> Offers:
    """Tell which station offers which service in which hours.

    Parameters
    ----------
    stations
        STATIONS; clusters are left out, and named in the result.
    services
        SERVICES. A pair that it lacks is unknown; rows of other stations are left out, and their stations named.
    hours
        When stations are open, what `open_hours` gives; it may hold more stations. None: at any hour.
    service_hours
        Service to the hours of stations that keep other hours for it, what `open_hours` gives for the tables of
        `own_hours`. They replace the station's: toilets may be open when the house is closed.
    bins
        "hour_of_week" or "hour_of_day_type", where no hours say so; hours of the week by default.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Offers
        Bits of hours per station and service, for sure and perhaps.

    Raises
    ------
    ColumnError, DataError
        If a table breaks its contract, a kind or service is unknown, a station has no hours, or none of the stations
        of SERVICES is among those given.
    ParameterError
        If bins are unknown or differ, or services have hours of their own and `service_hours` lacks them.

    Notes
    -----
    For a station that is open in the bins L for sure and H perhaps, with L within H::

        status     low    high
        yes        L      H
        unknown    none   H
        no         none   none

    Both are monotone: more hours, or a no that becomes unknown and an unknown that becomes yes, take no bin away.
    Whatever the truth is, it lies between `low` and `high`. More is better. No station gives arrays of no rows.
    O(n k) for n stations and k services, beside O(rows).

    Examples
    --------
    >>> places = pd.DataFrame({"station_id": ["a", "b"], "kind": "warm_bee"})
    >>> told = pd.DataFrame({"station_id": ["a", "b"], "service": "toilets", "status": ["yes", "unknown"]})
    >>> made = offers(places, told, hours=None)
    >>> from stationgeo.stations._masks import count_bins
    >>> low, high = made.of("toilets")
    >>> count_bins(low).tolist(), count_bins(high).tolist()
    ([168, 0], [168, 168])
    """
    places = counted(stations, catalogue=catalogue)
    ids = _ids(places)
    names = tuple(known_services(catalogue=catalogue)["service"])
    told = _checked(services, names)
    own = dict(service_hours or {})
    kind = _bins(hours, own, bins)
    row, column, inside = _places_in(told, ids, names)
    if len(told) and len(ids) and not inside.any():
        raise DataError(
            f"SERVICES: none of its {told['station_id'].nunique():,} stations is among the {len(ids):,} given: "
            f"{first_few(told['station_id'].unique())}. Are the codes written in one way?"
        )
    status = np.full((len(ids), len(names)), UNKNOWN, dtype=np.int8)
    capacity = np.full(status.shape, np.nan)
    status[row, column] = told["status"].map(_CODES).to_numpy(dtype=np.int8)[inside]
    if "capacity" in told.columns:
        capacity[row, column] = told["capacity"].to_numpy(dtype=np.float64)[inside]
    open_low, open_high = _hours_of(ids, hours, kind)
    base_low, base_high = (np.repeat(words[:, None, :], len(names), axis=1) for words in (open_low, open_high))
    if hours is not None:
        _lay_own_hours(base_low, base_high, told[inside], own, ids, names)
    return Offers(
        station_id=ids, services=names, bins=kind, n_bins=N_BINS[kind],
        low=np.where((status == YES)[:, :, None], base_low, np.uint64(0)),
        high=np.where((status != NO)[:, :, None], base_high, np.uint64(0)),
        open_low=open_low, open_high=open_high, status=status, capacity=capacity, timed=hours is not None,
        clusters=tuple(stations.loc[is_cluster(stations["kind"].to_numpy(), catalogue=catalogue), "station_id"]),
        unmatched=tuple(told.loc[~inside, "station_id"].unique()),
        untold=status.size - len(row),
    )  # fmt: skip


def own_hours(services: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Take the services apart that keep other hours than their stations.

    Parameters
    ----------
    services
        SERVICES; it is not changed.

    Returns
    -------
    dict
        Service to its rows that have `opening_hours` of their own and are not a "no": `station_id` and
        `opening_hours`, ready for `open_hours`. Empty where the table has no such column.

    Raises
    ------
    ColumnError, DataError
        If the table breaks its contract.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> told = pd.DataFrame({"station_id": ["a", "b"], "service": "toilets", "status": "yes",
    ...                      "opening_hours": ["24/7", None]})
    >>> own_hours(told)["toilets"].to_dict("list")
    {'station_id': ['a'], 'opening_hours': ['24/7']}
    """
    validate(services, SERVICES)
    return {
        str(service): rows.loc[:, ["station_id", "opening_hours"]].reset_index(drop=True)
        for service, rows in _with_own_hours(services).groupby("service", sort=True)
    }


def _with_own_hours(services: pd.DataFrame) -> pd.DataFrame:
    if "opening_hours" not in services.columns:
        return services.iloc[:0].assign(opening_hours=pd.Series(dtype="str"))
    written = services["opening_hours"].notna() & (services["opening_hours"].astype("str").str.strip() != "")
    return services[written & (services["status"] != "no")]


def _ids(places: pd.DataFrame) -> npt.NDArray[np.object_]:
    if "station_id" not in places.columns:
        raise ColumnError(
            f"STATIONS: column 'station_id' is missing; {suggest('station_id', [str(name) for name in places.columns])}"
        )
    repeated = places["station_id"].duplicated()
    if repeated.any():
        raise DataError(
            f"STATIONS: (station_id) must be unique, {int(repeated.sum()):,} rows repeat an earlier one: "
            f"{first_few(places.loc[repeated, 'station_id'])}. Remove or renumber them."
        )
    return places["station_id"].to_numpy(dtype=np.object_)


def _checked(services: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    validate(services, SERVICES)
    strange = ~services["service"].isin(names)
    if strange.any():
        first = services.loc[strange, "service"].unique()
        raise DataError(
            f"SERVICES: column 'service' must hold services of services.toml; {int(strange.sum()):,} of "
            f"{len(services):,} rows do not: {first_few(first)}; {suggest(str(first[0]), names)}"
        )
    return services


def _bins(hours: HoursOfStations | None, own: Mapping[str, HoursOfStations], asked: str | None) -> str:
    """Find the kind of bins that everything is told in."""
    found = {given.bins for given in ((hours,) if hours is not None else ()) + tuple(own.values())}
    found |= {asked} if asked is not None else set()
    if len(found) > 1:
        raise ParameterError(f"hours must all be told in one kind of bins. Got {first_few(sorted(found))}.")
    kind = next(iter(found), "hour_of_week")
    if kind not in N_BINS:
        raise ParameterError(f"unknown bins {kind!r}; {suggest(kind, N_BINS)}")
    return kind


def _places_in(
    told: pd.DataFrame, ids: npt.NDArray[np.object_], names: Sequence[str]
) -> tuple[IntArray, IntArray, npt.NDArray[np.bool_]]:
    """Find row and column of each pair of SERVICES, of those whose station is given."""
    row = pd.Index(ids).get_indexer(pd.Index(told["station_id"].to_numpy(dtype=np.object_)))
    inside = row >= 0
    column = pd.Index(names).get_indexer(pd.Index(told["service"]))
    return row[inside].astype(np.int64), column[inside].astype(np.int64), inside


def _hours_of(ids: npt.NDArray[np.object_], hours: HoursOfStations | None, kind: str) -> tuple[CellArray, CellArray]:
    if hours is None:
        always = np.broadcast_to(pack_bins(np.ones(N_BINS[kind], dtype=np.bool_)), (len(ids), n_words(N_BINS[kind])))
        return always.copy(), always.copy()
    at = pd.Index(hours.station_id).get_indexer(pd.Index(ids))
    if (at < 0).any():
        raise DataError(
            f"hours: {int((at < 0).sum()):,} of {len(ids):,} stations are missing: {first_few(ids[at < 0])}. "
            "Read the hours of the same STATIONS."
        )
    return hours.low[at], hours.high[at]


def _lay_own_hours(
    low: CellArray,
    high: CellArray,
    told: pd.DataFrame,
    own: Mapping[str, HoursOfStations],
    ids: npt.NDArray[np.object_],
    names: Sequence[str],
) -> None:
    """Put the hours that services keep for themselves in the place of their stations', in arrays made for it."""
    strange = [service for service in own if service not in names]
    if strange:
        raise ParameterError(f"service_hours names service {strange[0]!r}; {suggest(strange[0], names)}")
    written = _with_own_hours(told)
    for service, rows in written.groupby("service", sort=True):
        given = own.get(str(service))
        lacking = set(rows["station_id"]) - set(() if given is None else given.station_id)
        if lacking:
            raise ParameterError(
                f"SERVICES: {len(lacking):,} stations keep hours of their own for {service!r}: "
                f"{first_few(sorted(lacking))}, and service_hours lacks them. "
                "Pass open_hours of the tables of own_hours()."
            )
    index = pd.Index(ids)
    for service, given in own.items():
        at = index.get_indexer(pd.Index(given.station_id))
        kept, column = at >= 0, names.index(service)
        low[at[kept], column], high[at[kept], column] = given.low[kept], given.high[kept]
