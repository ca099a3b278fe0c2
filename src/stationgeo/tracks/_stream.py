"""A city's fixes batch by batch: the same stops, wherever the input is cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo._compile import kernel
from stationgeo.errors import DataError, ParameterError
from stationgeo.tracks._clean import report_table
from stationgeo.tracks._cleaner import Batch, Cleaner
from stationgeo.tracks._order import OutOfOrderError, by_courier
from stationgeo.tracks._rules import CleaningRules
from stationgeo.tracks._windows import SILENCE_DTYPE, STATE_DTYPE, advance_windows, close_windows

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray
    from stationgeo.tracks._windows import Records, StopRule

__all__ = ["Found", "TrackState"]

_UNBROKEN = np.zeros(0, dtype=np.bool_)
_NO_ACCURACY, _NO_TIMES = np.zeros(0), np.zeros(0, dtype=np.int64)
_MAX_LON_DEG, _MAX_LAT_DEG = 180.0, 90.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What a batch of fixes brought to an end."""

    stops: Records
    """Structured array `courier` (code), `start`, `end` (UTC milliseconds), `lon`, `lat`, `n_fixes`, `interpolated_ms`,
    `cut`; in order of code, and of time within a code."""
    silences: Records
    """Structured array `courier`, `start`, `end`, `lon`, `lat`; in the same order."""
    kept_ms: IntArray
    """UTC milliseconds of the fixes that were let through: the days that were observed come from them."""


class TrackState:
    """Stops of couriers whose fixes come in batches.

    A window of fixes that is open when a batch ends stays open until the courier's next fix, in whichever batch: the
    stops of all batches together are those of `clean` and `find_stops` on the whole table, to the last bit, wherever
    the input is cut. A state holds one row per courier code and no fixes but the few that cleaning still doubts.

    Parameters
    ----------
    stops
        When standing about is a stop.
    cleaning
        Rules to clean with before stops are looked for; None for none.

    Notes
    -----
    Couriers are dense codes 0, 1, 2, ... that the caller gives, the same for a courier in all batches; memory is
    `bytes_per_courier` for each code up to the highest: 80 bytes for the stops, and 240 more to clean with spikes of up
    to five fixes. Split a city by courier to use several cores or machines, one state each: tracks are independent of
    each other, but a part of a track is not independent of what came before it. States can be pickled.

    The class changes itself, against the habit of this project: copying the state of a million couriers for each
    batch would cost more than the batch.

    Examples
    --------
    Ten minutes at a kerb, in two batches:

    >>> import numpy as np
    >>> from stationgeo.tracks import StopRule, stops_table
    >>> state = TrackState(stops=StopRule(radius_m=100, min_duration_s=300, max_gap_s=900))
    >>> minutes = np.arange(11) * 60_000
    >>> for part in (slice(0, 4), slice(4, 11)):
    ...     n = minutes[part].size
    ...     found = state.advance(np.zeros(n, int), minutes[part], np.full(n, 114.05), np.full(n, 22.54))
    >>> rest = state.finish()
    >>> stops_table([found.stops, rest.stops], names=["a"])["duration_s"].tolist()
    [600.0]
    """

    __slots__ = ("_cleaner", "_failed", "_n_rows", "_rule", "_windows")

    def __init__(self, *, stops: StopRule, cleaning: CleaningRules | None = None) -> None:
        self._rule = stops
        self._windows = np.zeros(0, STATE_DTYPE)
        self._cleaner = None if cleaning is None else Cleaner(cleaning)
        self._n_rows = 0
        self._failed = False

    @property
    def bytes_per_courier(self) -> int:
        """Bytes of memory for each courier code."""
        cleaner = self._cleaner
        return int(STATE_DTYPE.itemsize) + (0 if cleaner is None else cleaner.bytes_per_courier)

    @property
    def n_couriers(self) -> int:
        """Codes that there is room for, at least one more than the highest that came."""
        return int(self._windows.size)

    def report(self, names: pd.Index[Any] | None = None) -> pd.DataFrame | None:
        """Tell what cleaning has removed so far.

        Parameters
        ----------
        names
            `courier_id` of each code, for the examples; None shows codes.

        Returns
        -------
        DataFrame or None
            As `Cleaned.report`; None without cleaning. Which fixes are the first three is a matter of the order in
            which they came.
        """
        return None if self._cleaner is None else report_table(self._cleaner, names)

    def advance(
        self,
        courier: npt.ArrayLike,
        t_ms: npt.ArrayLike,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        *,
        accuracy_m: npt.ArrayLike | None = None,
        received_ms: npt.ArrayLike | None = None,
    ) -> Found:
        """Take in the next fixes.

        Parameters
        ----------
        courier
            Courier codes, integers of at least 0, shape (n,). Couriers may be mixed.
        t_ms
            UTC milliseconds since 1970, shape (n,). Each courier's fixes come in order of time, within and across
            batches, unless the rule `out_of_order` is on; two at one time need the rule `duplicates`.
        lon, lat
            WGS-84 degrees, shape (n,), none missing.
        accuracy_m
            Metres, shape (n,), nan where unknown; needed if `max_accuracy_m` is given, else not looked at.
        received_ms
            UTC milliseconds by the server's clock, shape (n,); needed if `max_clock_skew_s` is given.

        Returns
        -------
        Found
            What these fixes brought to an end.

        Raises
        ------
        OutOfOrderError
            If a courier's fixes go back in time, or two are at one time, and no rule takes them.
        DataError
            If codes or positions are out of range. After either error the state is of no use any more.
        ParameterError
            If shapes differ, or an array that a rule needs is not given.

        Notes
        -----
        O(n), and O(couriers) for a batch in which couriers are mixed and that has more fixes than there are couriers.
        """
        if self._failed:
            raise DataError("this state has refused fixes before and is of no use any more. Start with a new one.")
        self._failed = True
        codes, times = (_as_array(values, np.int64) for values in (courier, t_ms))
        x, y = (_as_array(values, np.float64) for values in (lon, lat))
        accuracy, received = self._optional(accuracy_m, received_ms)
        sizes = [a.size for a in (codes, times, x, y)] + [
            a.size for a in (accuracy, received) if a is not _NO_ACCURACY and a is not _NO_TIMES
        ]
        if len(set(sizes)) > 1:
            raise ParameterError(f"all arrays must have one length. Got {', '.join(map(str, sizes))}.")
        _check_ranges(codes, x, y)
        self._grow(int(codes.max(initial=-1)) + 1)
        rows = np.arange(self._n_rows, self._n_rows + codes.size, dtype=np.int64)
        self._n_rows += codes.size
        batch = Batch(codes, times, x, y, accuracy, received, rows).take(by_courier(codes, self.n_couriers))
        if self._cleaner is None:
            self._check_order(batch.courier, batch.t_ms)
            found = self._stop(batch.courier, batch.t_ms, batch.lon, batch.lat, _UNBROKEN)
        else:
            kept = self._cleaner.advance(batch)
            found = self._stop(kept.courier, kept.t_ms, kept.lon, kept.lat, kept.broken)
        self._failed = False
        return found

    def finish(self) -> Found:
        """End all tracks, because no fixes follow.

        Returns
        -------
        Found
            The stays in progress that were long enough, with `cut` true, and what cleaning had held back. The state
            is as new after it, with its counts.
        """
        stops, silences = [], []
        kept_ms = np.zeros(0, dtype=np.int64)
        if self._cleaner is not None:
            kept = self._cleaner.finish()
            held = self._stop(kept.courier, kept.t_ms, kept.lon, kept.lat, kept.broken)
            stops.append(held.stops)
            silences.append(held.silences)
            kept_ms = held.kept_ms
        stops.append(close_windows(self._windows, self._rule))
        joined = np.concatenate(stops)
        return Found(
            stops=joined[np.lexsort((joined["start"], joined["courier"]))],
            silences=np.concatenate([np.empty(0, SILENCE_DTYPE), *silences]),
            kept_ms=kept_ms,
        )

    def _optional(
        self, accuracy_m: npt.ArrayLike | None, received_ms: npt.ArrayLike | None
    ) -> tuple[FloatArray, IntArray]:
        rules = CleaningRules() if self._cleaner is None else self._cleaner.rules
        accuracy, received = _NO_ACCURACY, _NO_TIMES
        if rules.max_accuracy_m is not None:
            if accuracy_m is None:
                raise ParameterError("max_accuracy_m is given: accuracy_m is needed with every batch. Got None.")
            accuracy = _as_array(accuracy_m, np.float64)
        if rules.max_clock_skew_s is not None:
            if received_ms is None:
                raise ParameterError("max_clock_skew_s is given: received_ms is needed with every batch. Got None.")
            received = _as_array(received_ms, np.int64)
        return accuracy, received

    def _grow(self, n_couriers: int) -> None:
        more = n_couriers - self.n_couriers
        if more > 0:
            # By half at least, so that codes that come one by one do not copy the state each time.
            more = max(more, min(self.n_couriers // 2, n_couriers))
            self._windows = np.concatenate([self._windows, np.zeros(more, STATE_DTYPE)])
        if self._cleaner is not None:
            self._cleaner.grow(self.n_couriers)

    def _check_order(self, courier: IntArray, t_ms: IntArray) -> None:
        wrong = _first_disorder(self._windows, courier, t_ms)
        if wrong >= 0:
            raise OutOfOrderError(
                f"fixes of a courier must come in order of time, no two at one time. Courier code {courier[wrong]} "
                f"breaks this at t_ms = {t_ms[wrong]}. Sort them, or clean with out_of_order=True and duplicates=True."
            )

    def _stop(self, courier: IntArray, t_ms: IntArray, lon: FloatArray, lat: FloatArray, broken: BoolArray) -> Found:
        stops, silences = advance_windows(self._windows, courier, t_ms, lon, lat, broken, self._rule)
        return Found(stops=stops, silences=silences, kept_ms=t_ms)


def _as_array(values: npt.ArrayLike, dtype: Any) -> Any:  # noqa: ANN401 - of that dtype
    array = np.asarray(values)
    if dtype is np.int64 and array.size and array.dtype.kind not in "iu":
        raise ParameterError(f"courier codes and times must be whole numbers. Got {array.dtype} instead.")
    return np.ascontiguousarray(array, dtype=dtype).reshape(-1)


def _check_ranges(courier: IntArray, lon: FloatArray, lat: FloatArray) -> None:
    if courier.size and courier.min() < 0:
        raise DataError(f"courier codes must be at least 0. Got {courier.min()}.")
    wrong, at = _count_wrong(lon, lat)
    if wrong:
        raise DataError(
            f"positions must be WGS-84 degrees; {wrong:,} of {lon.size:,} are not, the first is {lon[at]}, {lat[at]} "
            f"(row {at})."
        )


@kernel
def _count_wrong(lon: FloatArray, lat: FloatArray) -> tuple[int, int]:
    """Count positions that are none, nan among them; also the first one's row."""
    wrong, first = 0, -1
    for i in range(lon.size):
        if not (abs(lon[i]) <= _MAX_LON_DEG and abs(lat[i]) <= _MAX_LAT_DEG):
            wrong += 1
            if first < 0:
                first = i
    return wrong, first


@kernel
def _first_disorder(state: Records, courier: IntArray, t_ms: IntArray) -> int:
    """Row of the first fix that is not later than its courier's one before, or -1; fixes grouped by courier."""
    for i in range(courier.size):
        if i > 0 and courier[i] == courier[i - 1]:
            if t_ms[i] <= t_ms[i - 1]:
                return i
        elif state[courier[i]]["n_fixes"] > 0 and t_ms[i] <= state[courier[i]]["last_t"]:
            return i
    return -1
