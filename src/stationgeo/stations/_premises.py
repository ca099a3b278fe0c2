"""Premises: one place with several brands, counted once where places are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import crs
from stationgeo.errors import ColumnError, ParameterError, first_few, suggest
from stationgeo.stations._checks import TIERS
from stationgeo.stations._choose import tier_of
from stationgeo.stations._kinds import counted
from stationgeo.stations._points import lonlat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations._data import Catalogue
    from stationgeo.stations._offers import Offers

__all__ = ["Premises", "by_premises", "count_premises"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Premises:
    """Places, each once whatever the number of its brands."""

    table: pd.DataFrame
    """Key `station_id`, the station that stands for the place: of its best tier the first. `premises_id` ('' where the
    station has none), `n_stations`, `station_ids`, `kinds` and `names` (tuples in the order of STATIONS), `tier` (the
    best), `spread_m` (metres from that station to the farthest of the place, nan without geometry), its `geometry`."""
    offers: Offers | None
    """What the places offer, in the order of `table`; None where no offers were given."""
    far: pd.DataFrame
    """Places of `table` whose `spread_m` is more than `far_m`: one name for two places, or a wrong position."""
    far_m: float
    """From where on stations of one place are far apart."""
    members: IntArray = field(repr=False)
    """Row of `table` for each station that counts, in the order of STATIONS."""

    def _repr_html_(self) -> str:
        several = int((self.table["n_stations"] > 1).sum())
        head = f"<b>{len(self.table):,} premises</b> of {self.members.size:,} stations, {several:,} with several brands"
        head += f"; {len(self.far):,} spread over more than {self.far_m:g} m"
        return head + str(self.table.head(3)._repr_html_())  # type: ignore[operator]


def count_premises(
    stations: pd.DataFrame, *, by: str | Sequence[str] | None = None, catalogue: Catalogue | None = None
) -> pd.DataFrame:
    """Count places, each once however many brands it carries, beside stations.

    Parameters
    ----------
    stations
        STATIONS, also with columns of one's own; clusters are not counted. A station without `premises_id` is a place
        by itself.
    by
        Column or columns to count apart: `kind`, or a zone. By default all together. A place with two kinds counts in
        each of them, so that such counts do not add up to the whole.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key `by`, sorted (one row without it); `stations` and `premises`, how many there are.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If a kind is unknown.

    Notes
    -----
    premises <= stations; another brand at a place that is counted changes stations alone. O(n log n).

    Examples
    --------
    >>> places = pd.DataFrame({"station_id": ["a", "b", "c"], "kind": ["red_station", "service_centre", "merchant"],
    ...                        "premises_id": ["P1", "P1", None]})
    >>> count_premises(places).to_dict("list")
    {'stations': [3], 'premises': [2]}
    """
    there = counted(stations, catalogue=catalogue)
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    missing = [name for name in columns if name not in there.columns]
    if missing:
        raise ColumnError(f"STATIONS: column {missing[0]!r} is missing; {suggest(missing[0], map(str, there.columns))}")
    rows = there.loc[:, columns].assign(place_=_places(there))
    if not columns:
        return pd.DataFrame({"stations": [len(rows)], "premises": [rows["place_"].nunique()]})
    grouped = rows.groupby(columns, sort=True, dropna=False)["place_"]
    return grouped.agg(stations="size", premises="nunique").reset_index()


def by_premises(
    stations: pd.DataFrame, offers: Offers | None = None, *, far_m: float, catalogue: Catalogue | None = None
) -> Premises:
    """Take stations of one place together: its brands, best tier, and all that any of them offers.

    Parameters
    ----------
    stations
        STATIONS; clusters are left out. A station without `premises_id` is a place by itself.
    offers
        What `offers` gave for the same stations; None where only places are asked for.
    far_m
        Metres between stations of one place from which on it is reported as far apart.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Premises
        One row per place, in the order of its first station, with the union of what is offered.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If a kind or tier is unknown.
    DatumError
        If there is geometry that is not in WGS-84.
    ParameterError
        If `far_m` is no length, or `offers` are of other stations.

    Notes
    -----
    Offered at a place is what any of its stations offers: in each bin low = OR of lows, high = OR of highs, and so for
    the hours it is open. OR is monotone, so that the range stays exact. A status is yes if any says yes, else unknown
    if any is unknown, else no. Of capacities the largest counts, because brands of one place tell of the same seats.
    O(n k) for k services.

    Examples
    --------
    >>> places = pd.DataFrame({"station_id": ["a", "b", "c"], "kind": ["service_centre", "red_station", "merchant"],
    ...                        "premises_id": ["P1", "P1", ""]})
    >>> by_premises(places, far_m=50).table[["station_id", "n_stations", "tier"]].to_dict("list")
    {'station_id': ['b', 'c'], 'n_stations': [2, 1], 'tier': ['full', 'partial']}
    """
    if not (isinstance(far_m, int | float) and np.isfinite(far_m) and far_m >= 0):
        raise ParameterError(f"far_m must be a length in metres. Got {far_m!r} instead.")
    there = counted(stations, catalogue=catalogue)
    place = _places(there)
    rank = np.array([TIERS.index(tier) for tier in tier_of(there, catalogue=catalogue)], dtype=np.int64)
    order = np.lexsort((np.arange(len(there)), rank, place)).astype(np.int64)
    best = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
    spread_m = _spread_m(there, place, best)
    table = _table(there, place, best, rank).assign(spread_m=spread_m)
    if "geometry" in there.columns:
        table = there.iloc[best][["geometry"]].reset_index(drop=True).join(table)
        table = table[[name for name in table.columns if name != "geometry"] + ["geometry"]]
    return Premises(
        table=table,
        offers=None if offers is None else _united(offers, there, place, best),
        far=table[table["spread_m"] > far_m].reset_index(drop=True),
        far_m=float(far_m),
        members=place,
    )


def _places(there: pd.DataFrame) -> IntArray:
    """Give each station the number of its place, in the order of first stations; one without an id is alone."""
    if "station_id" not in there.columns:
        raise ColumnError(
            f"STATIONS: column 'station_id' is missing; {suggest('station_id', list(map(str, there.columns)))}"
        )
    if "premises_id" not in there.columns:
        return np.arange(len(there), dtype=np.int64)
    named = _premises_ids(there)
    alone = (named == "").to_numpy()
    keys = pd.MultiIndex.from_arrays([alone, np.where(alone, there["station_id"], named)])
    return keys.factorize()[0].astype(np.int64)


def _premises_ids(there: pd.DataFrame) -> pd.Series[str]:
    if "premises_id" not in there.columns:
        return pd.Series("", index=there.index, dtype="str")
    return there["premises_id"].astype("str").str.strip().fillna("")


def _table(there: pd.DataFrame, place: IntArray, best: IntArray, rank: IntArray) -> pd.DataFrame:
    rows = pd.DataFrame({"place": place, "station_id": there["station_id"], "kind": there["kind"]})
    rows["name"] = there["name"] if "name" in there.columns else None
    grouped = rows.groupby("place", sort=True)
    return pd.DataFrame(
        {
            "station_id": there["station_id"].to_numpy()[best],
            "premises_id": _premises_ids(there).to_numpy()[best],
            "n_stations": np.bincount(place, minlength=best.size),
            "station_ids": _tuples(grouped["station_id"]),
            "kinds": _tuples(grouped["kind"]),
            "names": _tuples(grouped["name"]),
            "tier": pd.Series([TIERS[at] for at in rank[best]], dtype="str"),
        }
    )


def _tuples(grouped: Any) -> pd.Series[Any]:  # noqa: ANN401 - a grouped column
    return pd.Series([tuple(values) for _, values in grouped], dtype="object")


def _spread_m(there: pd.DataFrame, place: IntArray, best: IntArray) -> FloatArray:
    """Measure from the station that stands for a place to the farthest of it."""
    if "geometry" not in there.columns:
        return np.full(best.size, np.nan)
    lon, lat = lonlat(there)
    away = crs.distance_m(lon, lat, lon[best][place], lat[best][place])
    spread = np.zeros(best.size)
    np.maximum.at(spread, place, away)
    return spread


def _united(offers: Offers, there: pd.DataFrame, place: IntArray, best: IntArray) -> Offers:
    ids = there["station_id"].to_numpy(dtype=np.object_)
    if offers.station_id.shape != ids.shape or (offers.station_id != ids).any():
        other = [str(one) for one in offers.station_id if one not in set(ids)]
        raise ParameterError(
            f"offers must be of the same {ids.size:,} stations in the same order. Got {offers.station_id.size:,}"
            f"{', of others: ' + first_few(other) if other else ''}; make them of this table."
        )
    stated = np.where(np.isnan(offers.capacity), -np.inf, offers.capacity)
    capacity = _over(np.maximum, stated, place, best.size, start=-np.inf)
    parts: dict[str, Any] = {
        name: _union(getattr(offers, name), place, best.size) for name in ("low", "high", "open_low", "open_high")
    }
    return replace(
        offers,
        station_id=ids[best],
        status=_over(np.maximum, offers.status, place, best.size, start=0),
        capacity=np.where(np.isinf(capacity), np.nan, capacity),
        **parts,
    )


def _union(words: CellArray, place: IntArray, n: int) -> CellArray:
    return np.asarray(_over(np.bitwise_or, words, place, n, start=0), dtype=np.uint64)


def _over(join: np.ufunc, values: Any, place: IntArray, n: int, *, start: float) -> Any:  # noqa: ANN401 - arrays of any kind
    """Join the rows of each place."""
    joined = np.full((n, *values.shape[1:]), start, dtype=values.dtype)
    join.at(joined, place, values)
    return joined
