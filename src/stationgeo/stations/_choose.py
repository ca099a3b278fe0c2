"""Which stations count: by kind and what is above it, by tier, by the day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import pandas as pd

from stationgeo._clock import check_tz
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest
from stationgeo.stations._checks import TIERS
from stationgeo.stations._data import chosen
from stationgeo.stations._kinds import check_kinds, counted

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from stationgeo.stations._data import Catalogue

__all__ = ["ValidStations", "kinds_below", "tier_of", "valid_at", "with_kinds"]

_Frame = TypeVar("_Frame", bound=pd.DataFrame)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidStations:
    """The stations that there are on a day, and those that there are not."""

    table: pd.DataFrame
    """STATIONS of that day, in their order, numbered anew; a GeoDataFrame stays one."""
    as_of: dt.date
    """The day."""
    not_yet: tuple[str, ...]
    """Stations whose first day comes later."""
    no_longer: tuple[str, ...]
    """Stations whose last day has passed."""
    undated: int
    """Stations that state neither a first nor a last day, and are taken to be there."""

    def _repr_html_(self) -> str:
        said = f"{len(self.not_yet):,} not yet, {len(self.no_longer):,} no longer, {self.undated:,} say nothing of it"
        head = f"<b>{len(self.table):,} stations on {self.as_of.isoformat()}</b>: {escape(said)}"
        return head + str(self.table.head(3)._repr_html_())  # type: ignore[operator]


def kinds_below(name: str, *, catalogue: Catalogue | None = None) -> tuple[str, ...]:
    """List a kind, or the kinds of a group, with all that are below.

    Parameters
    ----------
    name
        A kind or a group of kinds.toml.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    tuple of str
        Kinds, in the order of the file, clusters too.

    Raises
    ------
    ParameterError
        If it is neither a kind nor a group.

    Notes
    -----
    O(kinds x depth of the tree).

    Examples
    --------
    >>> kinds_below("warm_bee_network")
    ('warm_bee', 'warm_bee_street', 'merchant')
    >>> kinds_below("merchant")
    ('merchant',)
    """
    file = chosen(catalogue).files["kinds.toml"]
    kinds, groups = file["kinds"], file.get("groups", {})
    parents = {key: entry.get("parent", "") for key, entry in {**groups, **kinds}.items()}
    if name not in parents:
        raise ParameterError(f"unknown kind or group {name!r}; {suggest(str(name), parents)}")
    return tuple(kind for kind in kinds if name in _line(kind, parents))


def tier_of(stations: pd.DataFrame, *, catalogue: Catalogue | None = None) -> npt.NDArray[np.object_]:
    """Tell what may be expected of each station.

    Parameters
    ----------
    stations
        STATIONS. Where a row of the column `tier` is not empty, it stands; else the tier of the kind.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    ndarray of str
        One of `TIERS` per station, as Python strings in an object array.

    Raises
    ------
    ColumnError
        If there is no column `kind`.
    DataError
        If a kind or tier is unknown, or a row says "cluster" of a kind that is none, or the other way round.

    Notes
    -----
    O(stations).

    Examples
    --------
    >>> tier_of(pd.DataFrame({"kind": ["merchant", "merchant"], "tier": ["full", None]})).tolist()
    ['full', 'partial']
    """
    check_kinds(stations, catalogue=catalogue)
    entries = chosen(catalogue).files["kinds.toml"]["kinds"]
    of_kind = stations["kind"].map({kind: entry["tier"] for kind, entry in entries.items()}).astype("object")
    if "tier" not in stations.columns:
        return of_kind.to_numpy(dtype=np.object_)
    own = stations["tier"].astype("object")
    own = own.mask(own.isna() | (own.astype("str").str.strip() == ""))
    strange = own.notna() & ~own.isin(TIERS)
    if strange.any():
        raise DataError(
            f"STATIONS: column 'tier' must be one of {', '.join(TIERS)}, or empty; {int(strange.sum()):,} of "
            f"{len(stations):,} rows are not: {first_few(own[strange])}."
        )
    tiers = own.where(own.notna(), of_kind)
    torn = (tiers == "cluster") != (of_kind == "cluster")
    if torn.any():
        raise DataError(
            f"STATIONS: {int(torn.sum()):,} rows have the tier 'cluster' without such a kind, or the other way round: "
            f"{first_few(stations.loc[torn, 'kind'])}. What groups stations has a kind of its own."
        )
    return tiers.to_numpy(dtype=np.object_)


def with_kinds(
    stations: _Frame,
    *,
    kinds: Collection[str] | None = None,
    tiers: Collection[str] | None = None,
    catalogue: Catalogue | None = None,
) -> _Frame:
    """Select the stations of some kinds and tiers; clusters are never among them.

    Parameters
    ----------
    stations
        STATIONS; it is not changed.
    kinds
        Kinds and groups of kinds.toml, each with all that is below it; by default all.
    tiers
        Of "full", "partial" and "host"; by default all. A row's own `tier` stands before that of its kind.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        The rows in their order, numbered anew; a GeoDataFrame stays one. May be empty.

    Raises
    ------
    ColumnError
        If there is no column `kind`.
    DataError
        As for `tier_of`.
    ParameterError
        If a kind, group or tier that is asked for is unknown, or the tier is "cluster".

    Notes
    -----
    More kinds or tiers never select fewer stations. O(stations).

    Examples
    --------
    >>> places = pd.DataFrame({"station_id": ["a", "b", "c"], "kind": ["warm_bee", "merchant", "service_centre"]})
    >>> with_kinds(places, kinds=["outdoor"], tiers=["full"])["station_id"].tolist()
    ['a']
    """
    there = counted(stations, catalogue=catalogue)
    keep = np.ones(len(there), dtype=np.bool_)
    if kinds is not None:
        asked = {kind for name in _several(kinds, "kinds") for kind in kinds_below(name, catalogue=catalogue)}
        keep &= there["kind"].isin(asked).to_numpy()
    if tiers is not None:
        countable = tuple(tier for tier in TIERS if tier != "cluster")
        strange = [tier for tier in _several(tiers, "tiers") if tier not in countable]
        if strange:
            raise ParameterError(f"unknown tier {strange[0]!r}; {suggest(str(strange[0]), countable)}")
        keep &= np.isin(tier_of(there, catalogue=catalogue), list(tiers))
    return there.loc[keep].reset_index(drop=True)


def valid_at(stations: pd.DataFrame, *, as_of: dt.date | str, tz: str) -> ValidStations:
    """Select the stations that there are on a day.

    Parameters
    ----------
    stations
        STATIONS; it is not changed. Without `valid_from` and `valid_to` all are there.
    as_of
        The day, as a date or like "2026-11-20".
    tz
        Time zone in which the days of `valid_from` and `valid_to` begin, as they were read with.

    Returns
    -------
    ValidStations
        The rows of that day, and the names of the others.

    Raises
    ------
    ColumnError
        If there is no `station_id`, or the columns hold no UTC times.
    DataError
        If a first day lies after the last.
    ParameterError
        If the day or the time zone is none.

    Notes
    -----
    A station is there on the days d with valid_from <= d <= valid_to, both days included, both as local dates; a
    missing one leaves that end open. O(stations).

    Examples
    --------
    >>> days = pd.to_datetime(["2026-01-01", "2026-06-01"]).tz_localize("Asia/Shanghai").tz_convert("UTC")
    >>> places = pd.DataFrame({"station_id": ["a", "b"], "valid_from": days})
    >>> made = valid_at(places, as_of="2026-03-12", tz="Asia/Shanghai")
    >>> made.table["station_id"].tolist(), made.not_yet
    (['a'], ('b',))
    """
    day = _day(as_of)
    zone = check_tz(tz)
    if "station_id" not in stations.columns:
        raise ColumnError(
            f"STATIONS: column 'station_id' is missing; {suggest('station_id', list(map(str, stations.columns)))}"
        )
    first, last = (_local_days(stations, name, zone) for name in ("valid_from", "valid_to"))
    never = (last < first).to_numpy()
    if never.any():
        raise DataError(
            f"STATIONS: valid_to lies before valid_from in {int(never.sum()):,} of {len(stations):,} rows: "
            f"{first_few(stations.loc[never, 'station_id'])}. Mend them."
        )
    at = pd.Timestamp(day)
    early, late = (first > at).to_numpy(), (last < at).to_numpy()
    return ValidStations(
        table=stations.loc[~(early | late)].reset_index(drop=True),
        as_of=day,
        not_yet=tuple(stations.loc[early, "station_id"]),
        no_longer=tuple(stations.loc[late, "station_id"]),
        undated=int((first.isna() & last.isna()).sum()),
    )


def _line(kind: str, parents: dict[str, str]) -> list[str]:
    """List a kind and all above it."""
    line = [kind]
    while parents[line[-1]]:
        line.append(parents[line[-1]])
    return line


def _several(names: Collection[str], what: str) -> Collection[str]:
    if isinstance(names, str):
        raise ParameterError(f"{what} must be several names: [{names!r}]. Got {names!r} instead.")
    return names


def _day(as_of: dt.date | str) -> dt.date:
    try:
        day = dt.date.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError as error:
        raise ParameterError(f"as_of must be a day like '2026-11-20'. Got {as_of!r} instead.") from error
    if isinstance(day, dt.datetime) or not isinstance(day, dt.date):
        raise ParameterError(f"as_of must be a day without an hour. Got {as_of!r} instead.")
    return day


def _local_days(stations: pd.DataFrame, name: str, tz: str) -> pd.Series[pd.Timestamp]:
    """Take instants to the days on which a clock on the wall shows them; missing ones stay missing."""
    if name not in stations.columns:
        return pd.Series(pd.NaT, index=stations.index, dtype="datetime64[ms]")
    values = stations[name]
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        raise ColumnError(
            f"STATIONS: column {name!r} must hold UTC times. Got {values.dtype} instead; read it with tz, "
            "or say .dt.tz_localize."
        )
    return cast("pd.Series[pd.Timestamp]", values.dt.tz_convert(tz).dt.tz_localize(None).dt.normalize())
