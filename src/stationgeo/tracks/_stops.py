"""Fixes to stops, and to the silences between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError
from stationgeo.schema import FIXES, validate
from stationgeo.tracks._groups import latest_groups
from stationgeo.tracks._order import MS_PER_S, as_times, columns_of, is_sorted
from stationgeo.tracks._windows import (
    DETECTED_GAP_S,
    SILENCE_DTYPE,
    STATE_DTYPE,
    STOP_DTYPE,
    StopRule,
    advance_windows,
    close_windows,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import IntArray
    from stationgeo.tracks._order import BoolArray
    from stationgeo.tracks._windows import Compatible, Records

__all__ = ["BROKEN", "find_silences", "find_stops", "silences_table", "stops_table"]

BROKEN = "broken"
"""Name of the column by which `clean` says that a track is broken just before a fix."""


def find_stops(
    fixes: pd.DataFrame,
    *,
    radius_m: float,
    min_duration_s: float,
    max_gap_s: float,
    detected_gap_s: float = DETECTED_GAP_S,
    compatible: Compatible | None = None,
) -> pd.DataFrame:
    """Find the stays of couriers: windows of fixes that keep near their first one.

    Parameters
    ----------
    fixes
        FIXES, in any order. No rows give no stops. Where a column `broken` is true, as `clean` makes it, the track is
        broken just before the fix, and no stop goes across. Where there is a column `group`, a courier is of the group
        of their latest fix that has one.
    radius_m
        Metres on the ellipsoid from the first fix of a window within which (inclusive) the others belong to it;
        greater than 0.
    min_duration_s
        Seconds from the first to the last fix inside that make a window a stop (inclusive); greater than 0.
    max_gap_s
        Seconds between two fixes in a row beyond which nobody knows where the courier was; a step of exactly this
        length still counts as observed. Greater than 0.
    detected_gap_s
        Seconds between two fixes in a row up to which (inclusive) the courier was seen to be there, 60 by default,
        which is as rarely as couriers' apps report; the time between fixes further apart is interpolated. It changes
        `interpolated_s` and nothing else. Greater than 0; at or above `max_gap_s` nothing is interpolated.
    compatible
        "trackintel" gives the stops of that library's sliding method, start and end to the millisecond; see Notes.

    Returns
    -------
    DataFrame
        STOPS, in order of courier and start. `lon`, `lat` are the mean of the fixes inside, `start` and `end` the
        first and the last fix inside, to the millisecond. `purpose` is "unknown" throughout. `cut` says that a gap,
        a break or the end of the courier's fixes came while the stay was in progress: it may have lasted longer.
        `interpolated_s` is the part of `duration_s` between fixes more than `detected_gap_s` apart; the rest was seen.
        `group`, where fixes have it, is that of the courier, '' where none is known.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If values are missing or out of range, or a courier has two fixes at one time.
    ParameterError
        If a parameter is not a finite number greater than 0, or `compatible` is unknown.

    Notes
    -----
    One pass over each courier's fixes in order of time. A window is anchored at its first fix and grows while the
    next fix is within `radius_m` of the anchor and at most `max_gap_s` after the fix before it. The first fix that is
    not closes the window and anchors the next one. A closed window is a stop if its last fix came at least
    `min_duration_s` after its first.

    It follows that no stop is shorter than asked, none spans a gap, stops of a courier do not overlap, and a stop
    ends when the courier was last seen inside, not when first seen outside. A stay that a gap interrupts is found
    before the gap (cut) and, if fixes go on there, anew after it; `cut` does not speak of a stay's beginning. The gap
    itself is listed by `find_silences`.

    Every moment of a stop lies between two fixes in a row. If these are at most `detected_gap_s` apart the moment is
    detected; if they are further apart it is interpolated: the courier was there before and after, and is taken to have
    been there between. What lies in a gap beyond `max_gap_s` is unknown, and belongs to no stop.

    Distances are taken in a plane that touches the ellipsoid at the anchor: at 60 degrees of latitude they are true
    to 3e-4 at 1 km and to 3e-5 at 100 m, nearer the equator better. Windows may lie across the antimeridian.

    With ``compatible="trackintel"`` the same windows are read as trackintel's sliding method (1.4, without
    `include_last`) reads them: distance is by haversine on a sphere of 6,371 km and a fix at exactly `radius_m` is
    outside; a stop ends at the first fix *outside* and is long enough if that one came late enough, so that stays
    shorter than asked count; a stay in progress at a gap or at the end of the data is dropped, so that `cut` is never
    true. `n_fixes`, `lon` and `lat` speak of the fixes inside, as always; trackintel's centre counts fixes at one
    position once. `interpolated_s` tells the last step, to the first fix outside, apart like any other by its length,
    though the courier left at some time in it.

    O(n) for sorted fixes, O(n log n) otherwise.

    References
    ----------
    The anchored window is the stay point of Li, Q., Zheng, Y., Xie, X., Chen, Y., Liu, W. and Ma, W.-Y. (2008).
    Mining user similarity based on location history. ACM GIS '08. doi:10.1145/1463434.1463477, which however lets a
    stop end at the first fix outside and drops one that the end of the data cuts.

    Examples
    --------
    Ten minutes at a kerb with a fix a minute, then one fix 1 km to the north:

    >>> import pandas as pd
    >>> fixes = pd.DataFrame({
    ...     "courier_id": "a",
    ...     "t": pd.date_range("2024-05-06 07:00", periods=12, freq="min", tz="UTC"),
    ...     "lon": 114.05,
    ...     "lat": [22.54] * 11 + [22.549],
    ... })
    >>> stops = find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> stops[["duration_s", "n_fixes", "cut"]].to_dict("records")
    [{'duration_s': 600.0, 'n_fixes': 11, 'cut': False}]
    >>> theirs = find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900, compatible="trackintel")
    >>> theirs["duration_s"].tolist()
    [660.0]

    A ping every five minutes: nobody saw the courier in between.

    >>> pings = fixes.iloc[[0, 5, 10]]
    >>> stops = find_stops(pings, radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> stops[["duration_s", "interpolated_s"]].to_dict("records")
    [{'duration_s': 600.0, 'interpolated_s': 600.0}]
    """
    rule = StopRule(
        radius_m=radius_m,
        min_duration_s=min_duration_s,
        max_gap_s=max_gap_s,
        detected_gap_s=detected_gap_s,
        compatible=compatible,
    )
    found = _find(fixes, rule)
    return stops_table([found.stops], found.names, groups=found.groups)


def find_silences(fixes: pd.DataFrame, *, radius_m: float, max_gap_s: float) -> pd.DataFrame:
    """List the gaps that begin and end at one place: time that couriers may have spent there, or not.

    Parameters
    ----------
    fixes
        FIXES, in any order. No rows give no silences. A gap that ends where a column `broken` is true is none.
    radius_m
        Metres between the last fix before a gap and the first one after it, inclusive; greater than 0.
    max_gap_s
        Seconds between two fixes in a row beyond which it is a gap; greater than 0.

    Returns
    -------
    DataFrame
        SILENCES, in order of courier and start. `lon`, `lat` lie halfway between the two fixes; `group` as in
        `find_stops`.

    Raises
    ------
    ColumnError, DataError, ParameterError
        As `find_stops` does.

    Notes
    -----
    A phone in a pocket indoors, or an app that is closed for a nap, falls silent and speaks again at the same place.
    Counting that time as a stay would make stays of years; dropping it would lose rests. It is listed, so that it can
    be counted as unknown beside the stops, with which it never overlaps. Gaps whose ends lie further apart say
    nothing about a stay and are not listed. Distances as in `find_stops`, from the fix before the gap. O(n) for
    sorted fixes.

    Examples
    --------
    >>> import pandas as pd
    >>> fixes = pd.DataFrame({
    ...     "courier_id": "a",
    ...     "t": pd.to_datetime(["2024-05-06 07:00", "2024-05-06 07:40", "2024-05-06 07:41"], utc=True),
    ...     "lon": 114.05,
    ...     "lat": 22.54,
    ... })
    >>> find_silences(fixes, radius_m=100, max_gap_s=900)["duration_s"].tolist()
    [2400.0]
    """
    found = _find(fixes, StopRule(radius_m=radius_m, min_duration_s=max_gap_s, max_gap_s=max_gap_s))
    return silences_table([found.silences], found.names, groups=found.groups)


def stops_table(parts: list[Records], names: npt.ArrayLike, *, groups: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Make STOPS of what a `TrackState` found.

    Parameters
    ----------
    parts
        The `stops` of each `Found`, in any order.
    names
        `courier_id` of each courier code.
    groups
        Worker group of each courier code, '' where none is known; None gives no column.

    Returns
    -------
    DataFrame
        STOPS, in order of courier id and start, whatever the codes and parts were.

    Notes
    -----
    O(s log s) for s stops.

    Examples
    --------
    >>> stops_table([np.zeros(0, STOP_DTYPE)], names=["a"]).empty
    True
    """
    stops, ids = _in_order_of_ids(parts, names, STOP_DTYPE)
    table = pd.DataFrame(
        {
            "stop_id": np.arange(stops.size, dtype=np.int64),
            "courier_id": ids,
            "lon": stops["lon"].copy(),
            "lat": stops["lat"].copy(),
            "start": as_times(stops["start"]),
            "end": as_times(stops["end"]),
            "duration_s": (stops["end"] - stops["start"]) / MS_PER_S,
            "n_fixes": stops["n_fixes"].copy(),
            "purpose": pd.Series("unknown", index=range(stops.size), dtype="str"),
            "cut": stops["cut"].copy(),
            "interpolated_s": stops["interpolated_ms"] / MS_PER_S,
        }
    )
    return _with_groups(table, stops["courier"], groups)


def silences_table(parts: list[Records], names: npt.ArrayLike, *, groups: npt.ArrayLike | None = None) -> pd.DataFrame:
    """Make SILENCES of what a `TrackState` found.

    Parameters
    ----------
    parts
        The `silences` of each `Found`, in any order.
    names
        `courier_id` of each courier code.
    groups
        Worker group of each courier code, '' where none is known; None gives no column.

    Returns
    -------
    DataFrame
        SILENCES, in order of courier id and start.

    Notes
    -----
    O(s log s) for s silences.

    Examples
    --------
    >>> silences_table([np.zeros(0, SILENCE_DTYPE)], names=["a"]).empty
    True
    """
    silences, ids = _in_order_of_ids(parts, names, SILENCE_DTYPE)
    table = pd.DataFrame(
        {
            "courier_id": ids,
            "lon": silences["lon"].copy(),
            "lat": silences["lat"].copy(),
            "start": as_times(silences["start"]),
            "end": as_times(silences["end"]),
            "duration_s": (silences["end"] - silences["start"]) / MS_PER_S,
        }
    )
    return _with_groups(table, silences["courier"], groups)


class _Tracks(NamedTuple):
    """Stops and silences of a whole table, by courier code."""

    stops: Records
    silences: Records
    names: pd.Index[Any]
    """Courier ids by code."""
    groups: npt.NDArray[np.object_] | None
    """Worker groups by code; None where the table does not say."""


def _find(fixes: pd.DataFrame, rule: StopRule) -> _Tracks:
    validate(fixes, FIXES)
    if fixes.empty:
        no_codes = np.empty(0, dtype=np.int64)
        none = latest_groups(fixes, no_codes, 0, None)
        return _Tracks(np.empty(0, STOP_DTYPE), np.empty(0, SILENCE_DTYPE), pd.Index([], dtype="str"), none)
    courier, names, t_ms, lon, lat = columns_of(fixes)
    broken = _broken(fixes)
    exact = np.asarray(pd.DatetimeIndex(fixes["t"]).asi8, dtype=np.int64)
    order = None if is_sorted(courier, exact) else np.lexsort((exact, courier))
    groups = latest_groups(fixes, courier, len(names), order)
    if order is not None:
        courier, t_ms, lon, lat = courier[order], t_ms[order], lon[order], lat[order]
        broken = broken[order] if broken.size else broken
    state = np.zeros(len(names), STATE_DTYPE)
    stops, silences = advance_windows(state, courier, t_ms, lon, lat, broken, rule)
    return _Tracks(np.concatenate([stops, close_windows(state, rule)]), silences, names, groups)


def _broken(fixes: pd.DataFrame) -> BoolArray:
    """Where tracks are broken; nothing at all where no column says so."""
    if BROKEN not in fixes.columns:
        return np.zeros(0, dtype=np.bool_)
    if fixes[BROKEN].dtype != np.bool_:
        raise ColumnError(f"FIXES: column {BROKEN!r} must hold true/false. Got {fixes[BROKEN].dtype} instead.")
    return fixes[BROKEN].to_numpy(dtype=np.bool_)


def _in_order_of_ids(
    parts: list[Records], names: npt.ArrayLike, dtype: np.dtype[Any]
) -> tuple[Records, pd.Series[Any]]:
    found = np.concatenate([np.empty(0, dtype), *parts])
    ids = pd.Index(np.asarray(names, dtype=object)).astype("str")
    if found.size and found["courier"].max() >= len(ids):
        raise DataError(
            f"names must give the id of every courier code. Got {len(ids):,} names and code {found['courier'].max():,}."
        )
    rank = np.empty(len(ids), dtype=np.int64)
    rank[ids.argsort()] = np.arange(len(ids))
    found = found[np.lexsort((found["start"], rank[found["courier"]]))]
    return found, pd.Series(ids.take(found["courier"])).astype("str")


def _with_groups(table: pd.DataFrame, courier: IntArray, groups: npt.ArrayLike | None) -> pd.DataFrame:
    if groups is None:
        return table
    known = np.asarray(groups, dtype=object)
    return table.assign(group=pd.Series(known.take(courier), index=table.index, dtype="str"))
