"""Fixes to stops: where and how long couriers stayed, found in metres before any cell is looked at.

Stops are found on positions, not on cells: a waiting courier's fixes scatter over several cells, and a run of equal
cells breaks whenever one of them falls next door (of 20-minute waits with 8 m of noise, one in ten shows as ten
minutes in one resolution-11 cell).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo._compile import kernel
from stationgeo.crs import WGS84_A_M, WGS84_E2
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.schema import FIXES, STOPS, empty, validate

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

    BoolArray = npt.NDArray[np.bool_]

__all__ = ["find_stops", "observed_dates"]

_MS_PER_S = 1_000.0
_RADIANS_PER_DEGREE = math.pi / 180.0
_HALF_TURN_DEG = 180.0
_TURN_DEG = 360.0


def find_stops(fixes: pd.DataFrame, *, radius_m: float, min_duration_s: float, max_gap_s: float) -> pd.DataFrame:
    """Find the stays of couriers: windows of fixes that keep near their first one.

    Parameters
    ----------
    fixes
        FIXES, in any order. No rows give no stops.
    radius_m
        Metres on the ellipsoid from the first fix of a window within which (inclusive) the others belong to it;
        greater than 0.
    min_duration_s
        Seconds from the first to the last fix inside that make a window a stop (inclusive); greater than 0.
    max_gap_s
        Seconds between two fixes in a row beyond which nobody knows where the courier was; a step of exactly this
        length still counts as observed. Greater than 0.

    Returns
    -------
    DataFrame
        STOPS, in order of courier and start. `lon`, `lat` are the mean of the fixes inside, `start` and `end` the
        first and the last fix inside, to the millisecond. `purpose` is "unknown" throughout. `cut` says that a gap
        or the end of the courier's fixes came while the stay was in progress: it may have lasted longer.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If values are missing or out of range, or a courier has two fixes at one time.
    ParameterError
        If a parameter is not a finite number greater than 0.

    Notes
    -----
    One pass over each courier's fixes in order of time. A window is anchored at its first fix and grows while the
    next fix is within `radius_m` of the anchor and at most `max_gap_s` after the fix before it. The first fix that is
    not closes the window and anchors the next one. A closed window is a stop if its last fix came at least
    `min_duration_s` after its first.

    It follows that no stop is shorter than asked, none spans a gap, stops of a courier do not overlap, and a stop
    ends when the courier was last seen inside, not when first seen outside. A stay that a gap interrupts is found
    before the gap (cut) and, if fixes go on there, anew after it; `cut` does not speak of a stay's beginning.

    Distances are taken in a plane that touches the ellipsoid at the anchor: at 60 degrees of latitude they are true
    to 3e-4 at 1 km and to 3e-5 at 100 m, nearer the equator better. Windows may lie across the antimeridian.

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
    """
    _check_positive(radius_m=radius_m, min_duration_s=min_duration_s, max_gap_s=max_gap_s)
    validate(fixes, FIXES)
    if fixes.empty:
        return empty(STOPS)
    courier, names, t_ms, lon, lat = _in_order(fixes)
    first, last, cut, mean_lon, mean_lat = _find_windows(
        courier, t_ms, lon, lat, float(radius_m), min_duration_s * _MS_PER_S, max_gap_s * _MS_PER_S
    )
    return pd.DataFrame(
        {
            "stop_id": np.arange(first.size, dtype=np.int64),
            "courier_id": pd.Series(names.take(courier[first])).astype("str"),
            "lon": mean_lon,
            "lat": mean_lat,
            "start": _as_times(t_ms[first]),
            "end": _as_times(t_ms[last]),
            "duration_s": (t_ms[last] - t_ms[first]) / _MS_PER_S,
            "n_fixes": last - first + 1,
            "purpose": pd.Series("unknown", index=range(first.size), dtype="str"),
            "cut": cut,
        }
    )


def observed_dates(times: pd.Series[Any] | pd.DatetimeIndex, *, tz: str) -> pd.DataFrame:
    """List the local dates on which anything was recorded.

    Parameters
    ----------
    times
        UTC times, in any order; as a rule the `t` of FIXES.
    tz
        Time zone, for example ``"Asia/Shanghai"``.

    Returns
    -------
    DataFrame
        `date` ISO text, each once and in order; `weekday` 0 for Monday to 6 for Sunday.

    Raises
    ------
    ColumnError
        If the times carry no time zone or another one than UTC.
    DataError
        If times are missing.
    ParameterError
        If there is no such time zone.

    Notes
    -----
    These dates are what averages per observed day divide by: take them from the fixes, because a day on which
    couriers were seen but nobody stopped counts too. O(n).

    Examples
    --------
    16:30 in London is half past midnight in Shanghai:

    >>> import pandas as pd
    >>> observed_dates(pd.DatetimeIndex(["2024-01-05 16:30"], tz="UTC"), tz="Asia/Shanghai").to_dict("records")
    [{'date': '2024-01-06', 'weekday': 5}]
    """
    _clock.check_tz(tz)
    if not isinstance(times.dtype, pd.DatetimeTZDtype) or str(times.dtype.tz) != "UTC":
        raise ColumnError(f"times must be UTC times with a time zone. Got {times.dtype} instead.")
    missing = int(np.count_nonzero(times.isna()))
    if missing:
        raise DataError(f"times must not be missing; {missing:,} of {len(times):,} are. Drop them first.")
    return _clock.as_dates(_clock.days(_clock.local_hours(_clock.instants(times), tz=tz)))


def _check_positive(**parameters: float) -> None:
    for name, value in parameters.items():
        if not (math.isfinite(value) and value > 0):
            raise ParameterError(f"{name} must be a finite number greater than 0. Got {value!r} instead.")


def _in_order(fixes: pd.DataFrame) -> tuple[IntArray, pd.Index[Any], IntArray, FloatArray, FloatArray]:
    """Give couriers numbers in the order of their ids and bring the fixes in order of courier and time."""
    codes, names = pd.factorize(fixes["courier_id"], sort=True)
    times = pd.DatetimeIndex(fixes["t"])
    arrays = [
        codes.astype(np.int64),
        np.asarray(times.asi8, dtype=np.int64),
        fixes["lon"].to_numpy(dtype=np.float64),
        fixes["lat"].to_numpy(dtype=np.float64),
    ]
    t_ms = np.asarray(times.as_unit("ms").asi8, dtype=np.int64)
    if _is_sorted(arrays[0], arrays[1]):
        return arrays[0], pd.Index(names), t_ms, arrays[2], arrays[3]
    order = np.lexsort((arrays[1], arrays[0]))
    return arrays[0][order], pd.Index(names), t_ms[order], arrays[2][order], arrays[3][order]


def _as_times(t_ms: IntArray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(t_ms.view("datetime64[ms]")).tz_localize("UTC")


@kernel
def _is_sorted(courier: IntArray, t: IntArray) -> bool:
    for i in range(1, t.size):
        if courier[i] < courier[i - 1] or (courier[i] == courier[i - 1] and t[i] < t[i - 1]):
            return False
    return True


@kernel
def _metres_per_degree(lat: float) -> tuple[float, float]:
    """Do for one latitude what `crs.metres_per_degree` does for many."""
    phi = lat * _RADIANS_PER_DEGREE
    w2 = 1.0 - WGS84_E2 * math.sin(phi) ** 2
    w = math.sqrt(w2)
    per_lon = math.cos(phi) * WGS84_A_M / w
    per_lat = WGS84_A_M * (1.0 - WGS84_E2) / (w2 * w)
    return per_lon * _RADIANS_PER_DEGREE, per_lat * _RADIANS_PER_DEGREE


@kernel
def _wrap(lon: float) -> float:
    """Bring a longitude, or a difference of two, into -180 to 180 degrees."""
    if lon > _HALF_TURN_DEG:
        return lon - _TURN_DEG
    if lon < -_HALF_TURN_DEG:
        return lon + _TURN_DEG
    return lon


@kernel
def _find_windows(
    courier: IntArray,
    t_ms: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    radius_m: float,
    min_duration_ms: float,
    max_gap_ms: float,
) -> tuple[IntArray, IntArray, BoolArray, FloatArray, FloatArray]:
    """First and last fix, whether cut, and mean position of every window that lasts; fixes in order."""
    n = t_ms.size
    # Room for the worst case; the system hands out memory only for what is written.
    first, last = np.empty(n, np.int64), np.empty(n, np.int64)
    cut = np.empty(n, np.bool_)
    mean_lon, mean_lat = np.empty(n), np.empty(n)
    found = 0
    anchor = 0
    per_lon, per_lat = _metres_per_degree(lat[0])
    sum_lon, sum_lat = 0.0, 0.0
    for i in range(1, n + 1):
        lost = i == n or courier[i] != courier[i - 1] or t_ms[i] - t_ms[i - 1] > max_gap_ms
        if not lost:
            d_lon, d_lat = _wrap(lon[i] - lon[anchor]), lat[i] - lat[anchor]
            if (d_lon * per_lon) ** 2 + (d_lat * per_lat) ** 2 <= radius_m * radius_m:
                sum_lon += d_lon
                sum_lat += d_lat
                continue
        if t_ms[i - 1] - t_ms[anchor] >= min_duration_ms:
            first[found], last[found], cut[found] = anchor, i - 1, lost
            mean_lon[found] = _wrap(lon[anchor] + sum_lon / (i - anchor))
            mean_lat[found] = lat[anchor] + sum_lat / (i - anchor)
            found += 1
        if i < n:
            anchor = i
            per_lon, per_lat = _metres_per_degree(lat[i])
            sum_lon, sum_lat = 0.0, 0.0
    return (
        first[:found].copy(),
        last[:found].copy(),
        cut[:found].copy(),
        mean_lon[:found].copy(),
        mean_lat[:found].copy(),
    )
