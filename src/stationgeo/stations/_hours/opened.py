"""How many stations are open at each hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo._clock import HOURS_PER_DAY
from stationgeo.errors import ColumnError, DataError, first_few
from stationgeo.stations._checks import FAMILIES
from stationgeo.stations._kinds import family_of, is_cluster
from stationgeo.stations._masks import unpack_bins

if TYPE_CHECKING:
    from stationgeo.stations._data import Catalogue
    from stationgeo.stations._hours.table import OpenHours

__all__ = ["open_by_bin"]

_EVERY = ""


def open_by_bin(hours: OpenHours, stations: pd.DataFrame, *, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """Count the stations that are open at each hour, by family: for sure, and at most.

    Parameters
    ----------
    hours
        What `open_hours` gave, of some stations; may be of none.
    stations
        STATIONS or any table with `station_id` and `kind` of all of these; others in it are not looked at.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`family`, `bin`), family '' for all stations together: `hour` of the day, `n_stations`, `n_open` (for
        sure), `n_open_high` (with those that may be open). Clusters are never counted.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If a station with hours is not in the table or is there twice, or a kind is unknown.

    Notes
    -----
    n_open <= n_open_high <= n_stations; families add up to all. O(stations x bins).

    Examples
    --------
    One is open by day, the other nobody knows when.

    >>> from stationgeo.stations import open_hours
    >>> rows = {"station_id": ["a", "b"], "kind": ["merchant", "service_centre"], "opening_hours": ["09:00-18:00", ""]}
    >>> hours = open_hours(pd.DataFrame(rows), bins="hour_of_week", as_of="2026-11-18", calendar="CN")
    >>> table = open_by_bin(hours, pd.DataFrame(rows))
    >>> table[table["bin"] == 10].to_dict("split", index=False)["data"]
    [['', 10, 10, 2, 1, 2], ['warm_bee', 10, 10, 1, 1, 1], ['service_centre', 10, 10, 1, 0, 1]]
    """
    missing = [name for name in ("station_id", "kind") if name not in stations.columns]
    if missing:
        raise ColumnError(f"stations must have station_id and kind. Missing: {first_few(missing)}.")
    kind = _kinds(hours, stations)
    counted = ~is_cluster(kind, catalogue=catalogue)
    family = family_of(kind, catalogue=catalogue)
    low, high = (unpack_bins(words, n_bins=hours.n_bins) for words in (hours.low, hours.high))
    bins = np.arange(hours.n_bins)
    parts = []
    for name in (_EVERY, *FAMILIES):
        of_family = counted & ((family == name) | (name == _EVERY))
        counts = {
            "n_stations": int(of_family.sum()),
            "n_open": low[of_family].sum(axis=0),
            "n_open_high": high[of_family].sum(axis=0),
        }
        parts.append(pd.DataFrame({"family": name, "bin": bins, "hour": bins % HOURS_PER_DAY, **counts}))
    return pd.concat(parts, ignore_index=True).astype({"family": "str"})


def _kinds(hours: OpenHours, stations: pd.DataFrame) -> list[str]:
    """Look up the kind of each station with hours."""
    index = pd.Index(stations["station_id"])
    known = set(hours.station_id.tolist())
    twice = index[index.duplicated() & index.isin(known)]
    if len(twice):
        raise DataError(
            f"stations must be there once each; {len(twice):,} are there more often: {first_few(twice.tolist())}."
        )
    at = index.get_indexer(pd.Index(hours.station_id))
    if (at < 0).any():
        strange = hours.station_id[at < 0].tolist()
        raise DataError(
            f"stations must hold all that have hours; {len(strange):,} of {at.size:,} are not there: "
            f"{first_few(strange)}. Give the table that the hours were made of."
        )
    found: list[str] = stations["kind"].iloc[at].tolist()
    return found
