"""Windows of fixes that keep near their first one: the pass that finds stops and silences."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.errors import ParameterError
from stationgeo.tracks._order import MS_PER_S, check_positive
from stationgeo.tracks._plane import haversine_m, metres_per_degree, wrap

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray

__all__ = [
    "DETECTED_GAP_S",
    "SILENCE_DTYPE",
    "STATE_DTYPE",
    "STOP_DTYPE",
    "Compatible",
    "Records",
    "StopRule",
    "advance_windows",
    "close_windows",
]

Records = npt.NDArray[np.void]
Compatible = Literal["trackintel"]

DETECTED_GAP_S = 60.0
"""Seconds between two fixes in a row up to which the time between them was seen, unless another limit is asked for:
couriers' apps report every 5 to 60 s, so that a longer step says that reports are missing. It decides only how the time
of a stop is told apart, never which stops there are or how long they last."""

# Longer than any time there is, and a whole number of 64 bits.
_FAR_MS = 2.0**62

STATE_DTYPE = np.dtype(
    [
        ("anchor_t", np.int64),
        ("last_t", np.int64),
        ("n_fixes", np.int64),
        ("interpolated_ms", np.int64),
        ("anchor_lon", np.float64),
        ("anchor_lat", np.float64),
        ("sum_lon", np.float64),
        ("sum_lat", np.float64),
        ("last_lon", np.float64),
        ("last_lat", np.float64),
    ]
)
"""The open window of a courier, 80 bytes; `n_fixes` 0 says that no fix of theirs was seen. The sums are of differences
from the anchor, added fix by fix, so that a window that was put away and taken up again has the very same bits;
`interpolated_ms` is what its steps of more than `detected_gap_s` come to."""

STOP_DTYPE = np.dtype(
    [
        ("courier", np.int64),
        ("start", np.int64),
        ("end", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
        ("n_fixes", np.int64),
        ("interpolated_ms", np.int64),
        ("cut", np.bool_),
    ]
)
"""A stop: courier code, UTC milliseconds, WGS-84 degrees; milliseconds of it between fixes that are far apart."""

SILENCE_DTYPE = np.dtype(
    [
        ("courier", np.int64),
        ("start", np.int64),
        ("end", np.int64),
        ("lon", np.float64),
        ("lat", np.float64),
    ]
)
"""A silence: courier code, UTC milliseconds, WGS-84 degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """When a courier's standing about is a stop: the parameters of `find_stops`.

    Raises
    ------
    ParameterError
        If a number is not finite and greater than 0, or `compatible` is unknown.
    """

    radius_m: float
    """Metres from the first fix of a window within which, inclusive, the others belong to it."""
    min_duration_s: float
    """Seconds from first to last fix inside that make a window a stop, inclusive."""
    max_gap_s: float
    """Seconds between two fixes in a row beyond which nobody knows where the courier was."""
    detected_gap_s: float = DETECTED_GAP_S
    """Seconds between two fixes in a row up to which, inclusive, the courier was seen; beyond them, up to `max_gap_s`,
    the time between is interpolated. At or above `max_gap_s` none is."""
    compatible: Compatible | None = None
    """"trackintel" for the stops of its sliding method; None for those of `find_stops`."""

    def __post_init__(self) -> None:
        check_positive(
            radius_m=self.radius_m,
            min_duration_s=self.min_duration_s,
            max_gap_s=self.max_gap_s,
            detected_gap_s=self.detected_gap_s,
        )
        if self.compatible is not None and self.compatible not in get_args(Compatible):
            raise ParameterError(f"compatible must be 'trackintel' or None. Got {self.compatible!r} instead.")


def advance_windows(
    state: Records,
    courier: IntArray,
    t_ms: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    broken: BoolArray,
    rule: StopRule,
) -> tuple[Records, Records]:
    """Take couriers' windows on by their next fixes; return the stops and silences that these closed.

    `state` has STATE_DTYPE and a row for each code; it is changed. Fixes are grouped by courier and in order of time,
    none earlier than the courier's last one; `broken` is empty where no track is broken.
    """
    # Room for the worst case; the system hands out memory only for what is written.
    stops, silences = np.empty(t_ms.size, STOP_DTYPE), np.empty(t_ms.size, SILENCE_DTYPE)
    n_stops, n_silences = _advance(
        state,
        courier,
        t_ms,
        lon,
        lat,
        broken,
        float(rule.radius_m),
        rule.min_duration_s * MS_PER_S,
        (_whole_ms(rule.max_gap_s), _whole_ms(rule.detected_gap_s)),
        rule.compatible is not None,
        stops,
        silences,
    )
    return stops[:n_stops].copy(), silences[:n_silences].copy()


def _whole_ms(limit_s: float) -> int:
    """Milliseconds that a whole number of them must exceed to exceed the limit: whole numbers compare faster."""
    return math.floor(min(limit_s * MS_PER_S, _FAR_MS))


def close_windows(state: Records, rule: StopRule) -> Records:
    """End all windows, because no fixes follow; return the stops. The state is as new."""
    stops = np.empty(state.size, STOP_DTYPE)
    n_stops = _close(state, rule.min_duration_s * MS_PER_S, rule.compatible is not None, stops)
    return stops[:n_stops].copy()


@kernel
def _save(
    window: Any,  # noqa: ANN401 - a record
    anchor: tuple[int, float, float],
    last: tuple[int, float, float],
    n_fixes: int,
    interpolated_ms: int,
    sum_lon: float,
    sum_lat: float,
) -> None:
    window["anchor_t"], window["anchor_lon"], window["anchor_lat"] = anchor
    window["last_t"], window["last_lon"], window["last_lat"] = last
    window["n_fixes"], window["interpolated_ms"] = n_fixes, interpolated_ms
    window["sum_lon"], window["sum_lat"] = sum_lon, sum_lat


@kernel
def _write_stop(
    stop: Any,  # noqa: ANN401 - a record
    courier: int,
    window: Any,  # noqa: ANN401
    end: int,
    interpolated_ms: int,
    cut: bool,  # noqa: FBT001 - a kernel's arguments have no names
) -> None:
    stop["courier"] = courier
    stop["start"] = window["anchor_t"]
    stop["end"] = end
    stop["lon"] = wrap(window["anchor_lon"] + window["sum_lon"] / window["n_fixes"])
    stop["lat"] = window["anchor_lat"] + window["sum_lat"] / window["n_fixes"]
    stop["n_fixes"] = window["n_fixes"]
    stop["interpolated_ms"] = interpolated_ms
    stop["cut"] = cut


@kernel
def _write_silence(silence: Any, courier: int, window: Any, t: int, lon: float, lat: float) -> None:  # noqa: ANN401
    silence["courier"] = courier
    silence["start"] = window["last_t"]
    silence["end"] = t
    silence["lon"] = wrap(window["last_lon"] + 0.5 * wrap(lon - window["last_lon"]))
    silence["lat"] = window["last_lat"] + 0.5 * (lat - window["last_lat"])


@kernel
def _away_m2(last_lon: float, last_lat: float, lon: float, lat: float) -> float:
    """Squared distance from the last fix of a window."""
    per_lon, per_lat = metres_per_degree(last_lat)
    return (wrap(lon - last_lon) * per_lon) ** 2 + ((lat - last_lat) * per_lat) ** 2


@kernel
def _advance(
    state: Records,
    courier: IntArray,
    t_ms: IntArray,
    lon: FloatArray,
    lat: FloatArray,
    broken: BoolArray,
    radius_m: float,
    min_duration_ms: float,
    gaps_ms: tuple[int, int],
    trackintel: bool,  # noqa: FBT001 - a kernel's arguments have no names
    stops: Records,
    silences: Records,
) -> tuple[int, int]:
    n_stops, n_silences = 0, 0
    n = t_ms.size
    limit_m2 = radius_m * radius_m
    max_gap_ms, detected_gap_ms = gaps_ms
    i = 0
    while i < n:
        code = courier[i]
        window = state[code]
        # What the inner loop needs lives in locals; the state is written when a window closes or the fixes end.
        anchor_t, last_t, n_fixes = window["anchor_t"], window["last_t"], window["n_fixes"]
        interpolated_ms = window["interpolated_ms"]
        anchor_lon, anchor_lat = window["anchor_lon"], window["anchor_lat"]
        sum_lon, sum_lat = window["sum_lon"], window["sum_lat"]
        last_lon, last_lat = window["last_lon"], window["last_lat"]
        per_lon, per_lat = metres_per_degree(anchor_lat)
        while i < n and courier[i] == code:
            t, x, y = t_ms[i], lon[i], lat[i]
            gap_ms = t - last_t
            unseen_ms = gap_ms * (gap_ms > detected_gap_ms)
            lost = n_fixes > 0 and (gap_ms > max_gap_ms or (broken.size > 0 and broken[i]))
            if n_fixes > 0 and not lost:
                d_lon, d_lat = wrap(x - anchor_lon), y - anchor_lat
                if trackintel:
                    inside = haversine_m(anchor_lon, anchor_lat, x, y) < radius_m
                else:
                    inside = (d_lon * per_lon) ** 2 + (d_lat * per_lat) ** 2 <= limit_m2
                if inside:
                    sum_lon, sum_lat = sum_lon + d_lon, sum_lat + d_lat
                    n_fixes += 1
                    interpolated_ms += unseen_ms
                    last_t, last_lon, last_lat = t, x, y
                    i += 1
                    continue
            if n_fixes > 0:
                anchor, last = (anchor_t, anchor_lon, anchor_lat), (last_t, last_lon, last_lat)
                _save(window, anchor, last, n_fixes, interpolated_ms, sum_lon, sum_lat)
                end = t if trackintel else last_t
                if end - anchor_t >= min_duration_ms and not (trackintel and lost):
                    # The step to the first fix outside belongs to trackintel's stop, and is told apart like any other.
                    _write_stop(stops[n_stops], code, window, end, interpolated_ms + unseen_ms * trackintel, lost)
                    n_stops += 1
                silent = gap_ms > max_gap_ms and not (broken.size > 0 and broken[i])
                if silent and _away_m2(last_lon, last_lat, x, y) <= limit_m2:
                    _write_silence(silences[n_silences], code, window, t, x, y)
                    n_silences += 1
            anchor_t, anchor_lon, anchor_lat = t, x, y
            last_t, last_lon, last_lat = t, x, y
            n_fixes, interpolated_ms, sum_lon, sum_lat = 1, 0, 0.0, 0.0
            per_lon, per_lat = metres_per_degree(y)
            i += 1
        anchor, last = (anchor_t, anchor_lon, anchor_lat), (last_t, last_lon, last_lat)
        _save(window, anchor, last, n_fixes, interpolated_ms, sum_lon, sum_lat)
    return n_stops, n_silences


@kernel
def _close(state: Records, min_duration_ms: float, trackintel: bool, stops: Records) -> int:  # noqa: FBT001
    n_stops = 0
    for code in range(state.size):
        window = state[code]
        if not trackintel and window["n_fixes"] > 0 and window["last_t"] - window["anchor_t"] >= min_duration_ms:
            _write_stop(stops[n_stops], code, window, window["last_t"], window["interpolated_ms"], True)  # noqa: FBT003
            n_stops += 1
        window["n_fixes"] = 0
    return n_stops
