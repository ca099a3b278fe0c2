"""Stations on the way: what passing by one costs a courier who is on an order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import crs
from stationgeo.cells import checked_lonlat
from stationgeo.errors import ColumnError, suggest
from stationgeo.reach._along.detours import Detours, Ridden, hop_seconds, least_detours, thinned
from stationgeo.reach._arrays import texts
from stationgeo.reach._checks import OFF_STREET_KM_H, SNAP_LIMIT_M, check_at_least_0, check_travel
from stationgeo.reach._graph.modes import M_S_PER_KM_H
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.access import StationPoints, snap_stations, station_points
from stationgeo.reach._meeting.snap import Snaps, snap
from stationgeo.reach._search.bounded import Groups, find_leaves
from stationgeo.reach._search.join import leaves_of, starts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import IntArray

__all__ = ["OnRoute", "stations_on_route"]

# Couriers' apps report once a minute at the rarest: one can leave before any fix and come back after it.
_SKIP_S = 120.0
_POINT_LIMIT_M = 100.0  # about a block's half: a fix farther off was not made on a street
# Two fixes of one place with 8 m of noise each lie nearer than this in 97 cases of 100 (1 - exp(-30^2 / (4 x 8^2))).
_NOISE_M = 30.0
_STATIONS_AT_ONCE = 32  # bounds the memory for fixes near stations


@dataclass(frozen=True, slots=True, kw_only=True)
class OnRoute:
    """Stations within a detour of tracks; made by `stations_on_route`."""

    table: pd.DataFrame
    """Key (the track's, `station_id`): `extra_s`, the seconds that passing by adds at the least; `leave_row` and
    `return_row`, the rows of the fixes (counted from 0 in the table given) where that detour leaves the track and
    comes back to it."""

    tracks: pd.DataFrame
    """A row for each track: `points`, `points_used` of them, `hops_not_joined`, `ridden_s` over the hops that are,
    `stations` within the budget, and `least_extra_s`, nan where there is none."""

    by_station: pd.DataFrame
    """A row for each station: `station_id`, `tracks` that pass by within the budget, `track_share` of the tracks that
    meet the streets."""

    stations: Snaps
    """Where the access points of stations meet the streets; see `TravelReach`."""

    budget_s: float
    """Most seconds that passing by may add."""

    skip_s: float
    """Most seconds of the track between leaving it and coming back."""

    counts: dict[str, int]
    """Points, hops and tracks by what befell them."""

    @property
    def covered_share(self) -> float:
        """Share of the tracks that meet the streets with at least one station within the budget; nan of none."""
        met = self.tracks["points_used"] > 0
        return float((self.tracks.loc[met, "stations"] > 0).mean()) if met.any() else math.nan

    def _repr_html_(self) -> str:
        said = ", ".join(f"{what}: {number:,}" for what, number in self.counts.items())
        return (f"<b>On route: {self.covered_share:.1%} of tracks pass a station within {self.budget_s:g} s more</b>"
                f"<br>{said}<br>stations: {self.stations._repr_html_()}")  # fmt: skip


def stations_on_route(
    tracks: pd.DataFrame,
    stations: gpd.GeoDataFrame,
    network: Network,
    *,
    budget_s: float,
    track_key: str | Sequence[str] = "courier_id",
    skip_s: float = _SKIP_S,
    noise_m: float = _NOISE_M,
    point_limit_m: float = _POINT_LIMIT_M,
    access: gpd.GeoDataFrame | None = None,
    snap_limit_m: float = SNAP_LIMIT_M,
    off_street_km_h: float = OFF_STREET_KM_H,
    workers: int | None = None,
) -> OnRoute:
    """Find the stations that couriers on their way could pass by for some extra seconds.

    Parameters
    ----------
    tracks
        Points (`lon`, `lat`, WGS-84) with the key of their track, such as FIXES of couriers on an order. Where a column
        `t` is there they follow each other in its order, else in that of the rows. Rows without a key belong to no
        track; they are counted.
    stations
        Points in WGS-84 with a unique `station_id` or `candidate_id`; see `within_distance`.
    network
        The street graph of one mode. One-ways count.
    budget_s
        Most extra seconds, inclusive; 0 or more.
    track_key
        Column, or columns, that tell tracks apart: ``"order_id"``, ``["courier_id", "order_id"]``.
    skip_s
        Most seconds of the track between where it is left and where one comes back, inclusive; 0 or more. By default
        120 s: a courier on an order has customers to get to, and couriers' apps report once a minute at the rarest.
    noise_m
        A point no farther than this from the last one used is passed over: a wait is no ride back and forth. By
        default 30 m, which two fixes of one place with 8 m of noise keep within in 97 cases of 100; with 0 only
        repeated places are passed over.
    point_limit_m
        Points farther than this from every street are passed over, in metres; they are counted.
    access
        Points at which stations are met; see `within_travel_time`. One may go in at one and come out
        at another.
    snap_limit_m
        Access points farther than this from every street are not met, in metres; they are counted.
    off_street_km_h
        Speed between an access point and the street, there and back.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    OnRoute
        The least extra of each track past each station within the budget, summaries by track and by station, counts.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If a point is nan or out of range, an id of a station repeats or is missing, or `access` names a station that
        is not there.
    DatumError
        If the stations are not in WGS-84.
    ParameterError
        If a number is out of range.

    Notes
    -----
    With p_1, ..., p_n the points of a track where they meet the streets, and d the seconds over the streets,
    extra_s = max(0, min over i <= j of d(p_i, station) + d(station, p_j) - r(i, j)), r(i, j) = d(p_i, p_i+1) + ... +
    d(p_j-1, p_j), over all i, j with r(i, j) <= skip_s. One leaves at any point used and comes back at the same or a
    later one. The walk between street and station counts, twice; that between point and street does not: it is noise.
    Nothing within this is missed: both legs together take at most budget_s + r(i, j) <= budget_s + skip_s, and all
    points from which, and to which, a station is that far are looked at.

    Where a hop from one point used to the next takes more than `skip_s`, or there is no way, the track is broken: one
    comes back before it. Such hops are counted; with many of them `extra_s` is too large, because a station beside the
    way between two points is a way there and back. Points passed over break nothing: the hop goes from the last one
    used to the next. A track that goes back and forth by noise beyond `noise_m` seems to ride more than it did, most
    of all beside one-ways, and extra_s is too small, by that much at most. Where the rider's own way was longer
    than the shortest one past the station, extra_s would be below 0, and is 0. The tables of tracks speak of single
    couriers, as the fixes do; only shares of many tracks are fit to be told.

    O((n + m) log m) for each hop and station, n and m the nodes and arcs within `skip_s`, or budget_s + skip_s;
    then O(points within that of a station). Memory of the points, of the answer, and of 32 stations' points.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8, 9], "lon": [114.05, 114.06, 114.055], "lat": [22.54, 22.54, 22.541]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0, 1], "from_node": [7, 7], "to_node": [8, 9], "length_m": [1000.0, 500.0], "highway": ""},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)]),
    ...               shapely.LineString([(114.05, 22.54), (114.05, 22.541), (114.055, 22.541)])],
    ...     crs="EPSG:4326",
    ... )
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.05, 22.541)], crs="EPSG:4326")
    >>> ride = pd.DataFrame({"order_id": "o1", "lon": [114.05, 114.052, 114.054], "lat": 22.54})
    >>> found = stations_on_route(
    ...     ride, table, build_network(edges, nodes, mode="ebike"), budget_s=60, track_key="order_id"
    ... )
    >>> found.table.round(1).to_numpy().tolist(), found.covered_share
    ([['o1', 'a', 42.5, 0, 0]], 1.0)
    """
    check_network(network)
    check_at_least_0("seconds", budget_s=budget_s, skip_s=skip_s)
    check_at_least_0("metres", noise_m=noise_m, point_limit_m=point_limit_m)
    check_travel(off_street_km_h, "to_station", snap_limit_m)
    # Kernels would be compiled anew for whole numbers.
    budget_s, skip_s, noise_m = float(budget_s), float(skip_s), float(noise_m)
    keys = _check(tracks, track_key)
    doors = station_points([stations], access)
    at = snap_stations(doors, network, limit_m=snap_limit_m, workers=workers)
    named, row, track = _in_order(tracks, keys)
    counts = {"points": len(tracks), "points of no track": len(tracks) - row.size}
    used, places = _used(
        tracks, row, track, network, noise_m=noise_m, limit_m=point_limit_m, workers=workers, counts=counts
    )
    ridden, tally = _ride(places, track[used], len(named), network, skip_s=skip_s, workers=workers, counts=counts)
    tally.insert(0, "points", np.bincount(track, minlength=len(named)))
    pace = off_street_km_h * M_S_PER_KM_H
    found = _detours(at.table, doors, places, network, ridden, pace, budget_s=budget_s, skip_s=skip_s, workers=workers)
    return _told(found, named, doors.names, row[used], tally, at, budget_s=budget_s, skip_s=skip_s, counts=counts)


def _check(tracks: pd.DataFrame, track_key: str | Sequence[str]) -> list[str]:
    keys = [track_key] if isinstance(track_key, str) else list(track_key)
    missing = [name for name in ("lon", "lat", *keys) if name not in tracks.columns]
    if missing or not keys:
        has = suggest(missing[0] if missing else "", [str(name) for name in tracks.columns])
        raise ColumnError(f"tracks must have lon, lat and the columns of track_key; {missing or 'track_key'} is "
                          f"missing; {has}")  # fmt: skip
    return keys


def _in_order(tracks: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, IntArray, IntArray]:
    """Put points in the order of tracks: the keys of all tracks, the row of each point, and its track."""
    groups = tracks.groupby(keys, sort=True, dropna=True)
    track: IntArray = np.asarray(groups.ngroup().fillna(-1), dtype=np.int64)
    row = np.flatnonzero(track >= 0).astype(np.int64)
    if "t" in tracks.columns:
        row = row[np.argsort(tracks["t"].to_numpy()[row], kind="stable")]
    row = row[np.argsort(track[row], kind="stable")]
    first = np.flatnonzero(np.diff(track[row], prepend=-1))
    return tracks[keys].iloc[row[first]].reset_index(drop=True), row, track[row]


def _used(
    tracks: pd.DataFrame, row: IntArray, track: IntArray, network: Network, *,
    noise_m: float, limit_m: float, workers: int | None, counts: dict[str, int],
) -> tuple[IntArray, pd.DataFrame]:  # fmt: skip
    """Leave out points within noise of the one before, and those off the streets; say which are left, and where."""
    lon, lat = checked_lonlat(tracks["lon"].to_numpy()[row], tracks["lat"].to_numpy()[row])
    kept = np.flatnonzero(thinned(track, lon, lat, *crs.metres_per_degree(lat), noise_m)) if row.size else row
    met = snap(lon[kept], lat[kept], network, limit_m=limit_m, workers=workers).table
    there = np.flatnonzero(met["edge"].to_numpy() >= 0)
    counts["points within noise of the one before"] = row.size - kept.size
    counts["points not snapped"] = kept.size - there.size
    counts["points used"] = there.size
    return kept[there], met.iloc[there].reset_index(drop=True)


def _ride(
    places: pd.DataFrame, track: IntArray, n_tracks: int, network: Network, *,
    skip_s: float, workers: int | None, counts: dict[str, int],
) -> tuple[Ridden, pd.DataFrame]:  # fmt: skip
    """Time the hops, and part tracks where one is not joined."""
    hop = np.flatnonzero(track[1:] == track[:-1])
    edge, share = places["edge"].to_numpy(dtype=np.int64), places["share"].to_numpy(dtype=np.float64)
    hop_s = hop_seconds(network, edge, share, hop, skip_s, workers=workers)
    joined = np.isfinite(hop_s)
    begins = np.ones(track.size, dtype=np.bool_)
    begins[hop[joined] + 1] = False
    run = np.cumsum(begins) - 1
    step_s = np.zeros(track.size)
    step_s[hop[joined] + 1] = hop_s[joined]
    total_s = np.cumsum(step_s)
    counts["hops"], counts["hops not joined"] = hop.size, int((~joined).sum())
    tally = pd.DataFrame({
        "points_used": np.bincount(track, minlength=n_tracks),
        "hops_not_joined": np.bincount(track[hop[~joined]], minlength=n_tracks),
        "ridden_s": np.bincount(track, weights=step_s, minlength=n_tracks).astype(np.float64),
    })  # fmt: skip
    counts["tracks"], counts["tracks off the streets"] = n_tracks, int((tally["points_used"] == 0).sum())
    return Ridden(track, run, total_s - total_s[np.flatnonzero(begins)][run]), tally


def _detours(
    at: pd.DataFrame, doors: StationPoints, places: pd.DataFrame, network: Network, ridden: Ridden, pace: float, *,
    budget_s: float, skip_s: float, workers: int | None,
) -> Detours:  # fmt: skip
    """Search from blocks of stations against and along the streets, and take the least detour of each track."""
    points, each, n = places.assign(off_street_m=0.0), doors.station, doors.names.size
    alone = Groups(np.arange(len(points), dtype=np.int32), np.ones(len(points), dtype=np.int64))
    sought = [
        (network.arcs(towards=towards), starts_of(at, each, n, network, pace, towards=towards),
         leaves_of(points, at, each, n, network, pace, towards=towards))
        for towards in (True, False)
    ]  # fmt: skip
    found = []
    for first in range(0, n, _STATIONS_AT_ONCE):
        ends = slice(first, min(first + _STATIONS_AT_ONCE, n) + 1)
        out, back = (
            find_leaves(
                arcs, starts._replace(first=starts.first[ends]),
                leaves._replace(direct_first=leaves.direct_first[ends]), alone, budget_s + skip_s, workers=workers,
            )
            for arcs, starts, leaves in sought
        )  # fmt: skip
        some = least_detours(out, back, ridden, budget_s, skip_s)
        found.append(some._replace(station=some.station + first))
    nothing = Detours(*(np.empty(0, dtype=np.int64),) * 2, np.empty(0), *(np.empty(0, dtype=np.int64),) * 2)
    return Detours._make(np.concatenate(arrays) for arrays in zip(nothing, *found, strict=True))


def _told(
    found: Detours, named: pd.DataFrame, names: npt.NDArray[np.object_], row: IntArray, tally: pd.DataFrame,
    at: Snaps, *, budget_s: float, skip_s: float, counts: dict[str, int],
) -> OnRoute:  # fmt: skip
    order = np.lexsort((found.station, found.track))
    found = Detours._make(array[order] for array in found)
    extra_s = np.maximum(found.extra_s, 0.0)
    table = named.iloc[found.track].reset_index(drop=True)
    table["station_id"] = texts(names, found.station)
    table["extra_s"], table["leave_row"], table["return_row"] = extra_s, row[found.leave], row[found.back]
    least_s = np.full(len(named), math.inf)
    np.minimum.at(least_s, found.track, extra_s)
    tally["stations"] = np.bincount(found.track, minlength=len(named))
    tally["least_extra_s"] = np.where(np.isfinite(least_s), least_s, math.nan)
    passed = np.bincount(found.station, minlength=names.size)
    met = int((tally["points_used"] > 0).sum())
    by_station = pd.DataFrame({
        "station_id": pd.Series(names, dtype="str"), "tracks": passed,
        "track_share": passed / met if met else np.full(names.size, math.nan),
    })  # fmt: skip
    return OnRoute(
        table=table, tracks=pd.concat([named, tally], axis=1), by_station=by_station, stations=at,
        budget_s=budget_s, skip_s=skip_s, counts=counts,
    )  # fmt: skip
