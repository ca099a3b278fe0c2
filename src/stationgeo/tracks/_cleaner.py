"""The cleaning kernels, and what they remember of each courier from one batch of fixes to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._compile import kernel
from stationgeo.errors import SHOWN_OFFENDERS, DataError
from stationgeo.tracks._order import MS_PER_S, OutOfOrderError
from stationgeo.tracks._plane import metres_per_degree, wrap
from stationgeo.tracks._rules import REASONS

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray
    from stationgeo.tracks._rules import CleaningRules
    from stationgeo.tracks._windows import Records

__all__ = ["NO_ROW", "Batch", "Cleaner", "Kept"]

# No degree of longitude or latitude is longer than this: 111,694 m, of latitude at the poles.
_MOST_M_PER_DEGREE = 111_700.0
_FAR = np.iinfo(np.int64)
NO_ROW = int(_FAR.max)
"""Row of an example that is not there."""

_CLOCK_SKEW, _ACCURACY, _OUT_OF_ORDER, _DUPLICATE, _ELSEWHERE, _SPEED, _TELEPORT, _FROZEN = range(len(REASONS))
_NOTHING, _DISORDER = -1, -2

STATE_DTYPE = np.dtype(
    [
        ("seen_t", np.int64), ("seen_lon", np.float64), ("seen_lat", np.float64),
        ("kept_t", np.int64), ("kept_lon", np.float64), ("kept_lat", np.float64),
        ("held_t", np.int64), ("held_lon", np.float64), ("held_lat", np.float64),
        ("n_pending", np.int32), ("has_seen", np.bool_), ("has_kept", np.bool_), ("has_held", np.bool_),
    ],
    align=True,
)  # fmt: skip
"""What cleaning remembers of a courier: the last fix in order of time, the last one that speed allowed, and since when
the position has been the same to the last digit."""

PENDING_DTYPE = np.dtype([("t", np.int64), ("lon", np.float64), ("lat", np.float64), ("row", np.int64)])
"""A fix of which it is not yet known whether it is a spike."""

EXAMPLE_DTYPE = np.dtype(
    [("row", np.int64), ("courier", np.int64), ("t", np.int64), ("lon", np.float64), ("lat", np.float64)]
)
"""A fix that broke a rule; row is its running number."""


class Batch(NamedTuple):
    """Fixes to clean, grouped by courier; accuracy and time received are of no length where no rule asks for them."""

    courier: IntArray
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    accuracy_m: FloatArray
    received_ms: IntArray
    row: IntArray
    """Running number of the fix."""

    def take(self, order: IntArray | None) -> Batch:
        """Return the fixes in another order; None leaves them."""
        if order is None:
            return self
        return Batch(
            self.courier[order], self.t_ms[order], self.lon[order], self.lat[order],
            self.accuracy_m[order] if self.accuracy_m.size else self.accuracy_m,
            self.received_ms[order] if self.received_ms.size else self.received_ms,
            self.row[order],
        )  # fmt: skip


class Kept(NamedTuple):
    """Fixes that came through, in order of courier and time, and the rows of those that did not."""

    courier: IntArray
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    row: IntArray
    broken: BoolArray
    removed_row: IntArray
    removed_reason: IntArray


class _Limits(NamedTuple):
    """The rules as numbers; what is off is so wide that it never objects."""

    not_before_ms: int
    not_after_ms: int
    max_skew_ms: float
    max_accuracy_m: float
    drop_late: bool
    drop_duplicates: bool
    speed_m_ms: float
    slack_m: float
    frozen_after_ms: float


class _Out(NamedTuple):
    """Where the kernels write, with room for all fixes; `n` holds how many stay and how many go."""

    courier: IntArray
    t_ms: IntArray
    lon: FloatArray
    lat: FloatArray
    row: IntArray
    broken: BoolArray
    removed_row: IntArray
    removed_reason: IntArray
    n: IntArray
    counts: IntArray
    examples: Records


@dataclass(slots=True)
class Cleaner:
    """The rules with what they remember of each courier, and their counts."""

    rules: CleaningRules
    state: Records = field(default_factory=lambda: np.zeros(0, STATE_DTYPE))
    pending: Records = field(init=False)
    counts: IntArray = field(default_factory=lambda: np.zeros(len(REASONS), dtype=np.int64))
    examples: Records = field(init=False)
    n_pending: int = 0

    def __post_init__(self) -> None:
        self.pending = np.zeros((0, self._held), PENDING_DTYPE)
        self.examples = np.zeros((len(REASONS), SHOWN_OFFENDERS), EXAMPLE_DTYPE)
        self.examples["row"] = _FAR.max

    @property
    def _held(self) -> int:
        return 0 if self.rules.max_speed_m_s is None else self.rules.max_spike_fixes

    @property
    def bytes_per_courier(self) -> int:
        """Memory of one courier's state."""
        return STATE_DTYPE.itemsize + self._held * PENDING_DTYPE.itemsize

    def grow(self, n_couriers: int) -> None:
        """Make room for so many codes."""
        more = n_couriers - self.state.size
        if more > 0:
            self.state = np.concatenate([self.state, np.zeros(more, STATE_DTYPE)])
            self.pending = np.concatenate([self.pending, np.zeros((more, self._held), PENDING_DTYPE)])

    def advance(self, batch: Batch, *, names: pd.Index[Any] | None = None) -> Kept:
        """Clean the next fixes; `DataError` where order or duplicates need a rule that is off."""
        out = self._room(batch.courier.size)
        wrong = _clean(self.state, self.pending, batch, _limits(self.rules), out)
        if wrong >= 0:
            self._refuse(int(batch.courier[wrong]), int(batch.t_ms[wrong]), names)
        return self._cut(out)

    def finish(self) -> Kept:
        """Decide about what was held back, because no fixes follow; the state is as new."""
        out = self._room(0)
        _finish(self.state, self.pending, _limits(self.rules), out)
        self.state[:] = np.zeros((), STATE_DTYPE)
        return self._cut(out)

    def _room(self, n_fixes: int) -> _Out:
        n = self.n_pending + n_fixes
        ints = [np.empty(n, np.int64) for _ in range(5)]
        size = np.zeros(2, np.int64)
        return _Out(
            ints[0], ints[1], np.empty(n), np.empty(n), ints[2], np.empty(n, np.bool_), ints[3], ints[4], size,
            self.counts, self.examples,
        )  # fmt: skip

    def _cut(self, out: _Out) -> Kept:
        n_kept, n_removed = out.n.tolist()
        self.n_pending = out.row.size - n_kept - n_removed
        return Kept(
            out.courier[:n_kept], out.t_ms[:n_kept], out.lon[:n_kept], out.lat[:n_kept], out.row[:n_kept],
            out.broken[:n_kept], out.removed_row[:n_removed].copy(), out.removed_reason[:n_removed].copy(),
        )  # fmt: skip

    def _refuse(self, code: int, t_ms: int, names: pd.Index[Any] | None) -> None:
        who = f"code {code}" if names is None else repr(str(names[code]))
        when = pd.Timestamp(t_ms, unit="ms", tz="UTC").isoformat()
        if t_ms == self.state["seen_t"][code]:
            raise DataError(
                f"FIXES: (courier_id, t) must be unique. Courier {who} has another fix at {when}. Remove it, or clean "
                "with duplicates=True."
            )
        raise OutOfOrderError(
            f"FIXES: fixes of a courier must come in order of time. Courier {who} has a later fix before that of "
            f"{when}. Sort them, or clean with out_of_order=True."
        )


def _limits(rules: CleaningRules) -> _Limits:
    return _Limits(
        not_before_ms=int(_FAR.min) if rules.not_before is None else _ms(rules.not_before, up=True),
        not_after_ms=int(_FAR.max) if rules.not_after is None else _ms(rules.not_after, up=False),
        max_skew_ms=_or_never(rules.max_clock_skew_s) * MS_PER_S,
        max_accuracy_m=_or_never(rules.max_accuracy_m),
        drop_late=bool(rules.out_of_order),
        drop_duplicates=bool(rules.duplicates),
        speed_m_ms=_or_never(rules.max_speed_m_s) / MS_PER_S,
        slack_m=float(rules.speed_slack_m),
        frozen_after_ms=_or_never(rules.frozen_after_s) * MS_PER_S,
    )


def _or_never(limit: float | None) -> float:
    return math.inf if limit is None else float(limit)


def _ms(time: pd.Timestamp, *, up: bool) -> int:
    """Milliseconds since 1970, rounded into the window."""
    ns = time.as_unit("ns").value
    return -(-ns // 1_000_000) if up else ns // 1_000_000


@kernel
def _objection(
    device: Any,  # noqa: ANN401 - a record
    t: int,
    lon: float,
    lat: float,
    accuracy_m: float,
    skew_ms: float,
    limits: _Limits,
) -> int:
    """Say what is wrong with a fix by itself or in its place in time: nothing, or something that no rule allows for."""
    reason = _NOTHING
    if t < limits.not_before_ms or t > limits.not_after_ms or skew_ms > limits.max_skew_ms:
        reason = _CLOCK_SKEW
    elif accuracy_m > limits.max_accuracy_m:
        reason = _ACCURACY
    elif device["has_seen"] and t < device["seen_t"]:
        reason = _OUT_OF_ORDER if limits.drop_late else _DISORDER
    elif device["has_seen"] and t == device["seen_t"]:
        if not limits.drop_duplicates:
            reason = _DISORDER
        elif lon == device["seen_lon"] and lat == device["seen_lat"]:
            reason = _DUPLICATE
        else:
            reason = _ELSEWHERE
    return reason


@kernel
def _step_m2(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Square of the metres between two fixes."""
    per_lon, per_lat = metres_per_degree(lat1)
    return (wrap(lon2 - lon1) * per_lon) ** 2 + ((lat2 - lat1) * per_lat) ** 2


@kernel
def _is_near(device: Any, t: int, lon: float, lat: float, limits: _Limits) -> bool:  # noqa: ANN401 - a record
    """Whether a step from the last good fix is possible."""
    limit_m = limits.slack_m + limits.speed_m_ms * (t - device["kept_t"])
    d_lon, d_lat = wrap(lon - device["kept_lon"]), lat - device["kept_lat"]
    # Nearly all steps are short enough whatever a degree measures, and need no sine.
    if (d_lon * d_lon + d_lat * d_lat) * _MOST_M_PER_DEGREE**2 <= limit_m * limit_m:
        return True
    away_m2: float = _step_m2(device["kept_lon"], device["kept_lat"], lon, lat)
    return bool(away_m2 <= limit_m * limit_m)


@kernel
def _belongs_to_held(
    device: Any,  # noqa: ANN401 - a record
    last: Any,  # noqa: ANN401
    t: int,
    lon: float,
    lat: float,
    limits: _Limits,
) -> bool:
    """Whether a fix goes on from those held back, rather than from the last good one."""
    limit_m = limits.slack_m + limits.speed_m_ms * (t - last["t"])
    away_m2: float = _step_m2(last["lon"], last["lat"], lon, lat)
    if away_m2 > limit_m * limit_m:
        return False
    if not device["has_kept"] or not _is_near(device, t, lon, lat, limits):
        return True
    from_kept_m2: float = _step_m2(device["kept_lon"], device["kept_lat"], lon, lat)
    return from_kept_m2 >= away_m2


@kernel
def _is_frozen(device: Any, t: int, lon: float, lat: float, limits: _Limits) -> bool:  # noqa: ANN401 - a record
    """Whether a position has been the same for too long."""
    if device["has_held"] and lon == device["held_lon"] and lat == device["held_lat"]:
        return bool(t - device["held_t"] > limits.frozen_after_ms)
    device["has_held"] = True
    device["held_t"], device["held_lon"], device["held_lat"] = t, lon, lat
    return False


@kernel
def _note(out: _Out, reason: int, courier: int, t: int, lon: float, lat: float, row: int) -> None:
    """Count an offender, and keep it if it is among the first rows."""
    out.counts[reason] += 1
    examples = out.examples
    at = examples.shape[1] - 1
    if row >= examples[reason, at]["row"]:
        return
    while at > 0 and examples[reason, at - 1]["row"] > row:
        examples[reason, at] = examples[reason, at - 1]
        at -= 1
    one = examples[reason, at]
    one["row"], one["courier"], one["t"], one["lon"], one["lat"] = row, courier, t, lon, lat


@kernel
def _remove(out: _Out, reason: int, courier: int, t: int, lon: float, lat: float, row: int) -> None:
    _note(out, reason, courier, t, lon, lat, row)
    out.removed_row[out.n[1]], out.removed_reason[out.n[1]] = row, reason
    out.n[1] += 1


@kernel
def _release(
    device: Any,  # noqa: ANN401 - a record
    held: Records,
    limits: _Limits,
    out: _Out,
    courier: int,
) -> None:
    """Let through what was held back: it is no spike. Where there is a good fix before it, it is a teleport."""
    broken = device["has_kept"]
    if broken:
        _note(out, _TELEPORT, courier, held[0]["t"], held[0]["lon"], held[0]["lat"], held[0]["row"])
    for j in range(device["n_pending"]):
        t, lon, lat, row = held[j]["t"], held[j]["lon"], held[j]["lat"], held[j]["row"]
        if _is_frozen(device, t, lon, lat, limits):
            _remove(out, _FROZEN, courier, t, lon, lat, row)
            continue
        k = out.n[0]
        out.courier[k], out.t_ms[k], out.lon[k], out.lat[k] = courier, t, lon, lat
        out.row[k], out.broken[k] = row, broken and j == 0
        out.n[0] += 1
    device["n_pending"] = 0


@kernel
def _give_up(device: Any, held: Records, out: _Out, courier: int) -> None:  # noqa: ANN401 - a record
    """Remove what was held back: it is a spike."""
    for j in range(device["n_pending"]):
        _remove(out, _SPEED, courier, held[j]["t"], held[j]["lon"], held[j]["lat"], held[j]["row"])
    device["n_pending"] = 0


@kernel
def _judge_held(
    device: Any,  # noqa: ANN401 - a record
    held: Records,
    t: int,
    lon: float,
    lat: float,
    limits: _Limits,
    out: _Out,
    courier: int,
) -> bool:
    """Decide about fixes held back by the next one; say whether that one is good, not to be held back itself."""
    n_held = device["n_pending"]
    if _belongs_to_held(device, held[n_held - 1], t, lon, lat, limits):
        if n_held < held.size:
            return False
        _release(device, held, limits, out, courier)
        return True
    _give_up(device, held, out, courier)
    return bool(device["has_kept"] and _is_near(device, t, lon, lat, limits))


@kernel
def _clean(state: Records, pending: Records, batch: Batch, limits: _Limits, out: _Out) -> int:
    """Clean a batch; return a row that is out of order though no rule allows it, or -1.

    What every fix goes through works on numbers alone: bundles of arrays cost more to hand on than the fix itself.
    """
    couriers, times, lons, lats, accuracies, received, rows = batch
    out_courier, out_t, out_lon, out_lat, out_row, out_broken = (
        out.courier, out.t_ms, out.lon, out.lat, out.row, out.broken,
    )  # fmt: skip
    n_out, most = out.n[0], pending.shape[1]
    for i in range(times.size):
        courier, t, lon, lat = couriers[i], times[i], lons[i], lats[i]
        device = state[courier]
        accuracy_m = accuracies[i] if accuracies.size > 0 else 0.0
        skew_ms = float(abs(t - received[i])) if received.size > 0 else 0.0
        reason = _objection(device, t, lon, lat, accuracy_m, skew_ms, limits)
        if reason == _DISORDER:
            return i
        if reason != _NOTHING:
            _remove(out, reason, courier, t, lon, lat, rows[i])
            continue
        device["has_seen"] = True
        device["seen_t"], device["seen_lon"], device["seen_lat"] = t, lon, lat
        if most > 0:
            if device["n_pending"] > 0:
                out.n[0] = n_out
                good = _judge_held(device, pending[courier], t, lon, lat, limits, out, courier)
                n_out = out.n[0]
            else:
                good = device["has_kept"] and _is_near(device, t, lon, lat, limits)
            if not good:
                one = pending[courier, device["n_pending"]]
                one["t"], one["lon"], one["lat"], one["row"] = t, lon, lat, rows[i]
                device["n_pending"] += 1
                continue
        device["has_kept"] = True
        device["kept_t"], device["kept_lon"], device["kept_lat"] = t, lon, lat
        if _is_frozen(device, t, lon, lat, limits):
            _remove(out, _FROZEN, courier, t, lon, lat, rows[i])
            continue
        out_courier[n_out], out_t[n_out], out_lon[n_out], out_lat[n_out] = courier, t, lon, lat
        out_row[n_out], out_broken[n_out] = rows[i], False
        n_out += 1
    out.n[0] = n_out
    return -1


@kernel
def _finish(state: Records, pending: Records, limits: _Limits, out: _Out) -> None:
    """Let short tracks through that nothing contradicts; what contradicts a longer one goes."""
    for courier in range(state.size):
        device = state[courier]
        if device["has_kept"]:
            _give_up(device, pending[courier], out, courier)
        elif device["n_pending"] > 0:
            _release(device, pending[courier], limits, out, courier)
