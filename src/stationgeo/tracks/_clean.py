"""Taking fixes out that no courier can have made, by named rules, each counted."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from stationgeo._compile import kernel
from stationgeo.errors import SHOWN_OFFENDERS, ColumnError, DataError, ParameterError
from stationgeo.schema import FIXES, validate
from stationgeo.tracks._order import MS_PER_S, by_courier, check_positive, columns_of, is_sorted, milliseconds
from stationgeo.tracks._plane import metres_per_degree, wrap
from stationgeo.tracks._stops import BROKEN

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray
    from stationgeo.tracks._stops import Records

__all__ = ["RECEIVED", "Batch", "Cleaned", "Cleaner", "CleaningRules", "Kept", "clean", "report_table"]

RECEIVED = "received"
"""Name of the column that says by another clock when a fix came in: the server's."""

MAX_SPIKE_FIXES = 5
"""Longest burst of bad fixes that is a spike, not a move. Assumption: at a fix per 5-30 s, half a minute to two and a
half of reflected signals in a street canyon."""

SPEED_SLACK_M = 100.0
"""Metres that two fixes may be apart beyond what the speed allows. Assumption: each is off by up to 50 m. Two fixes of
15 m noise on each axis are further apart than that once in 70,000, and than that and 30 m in 100 million."""

# More would be a lasting move by any measure, and is held in memory for every courier.
_MOST_SPIKE_FIXES = 64
# No degree of longitude or latitude is longer than this: 111,694 m, of latitude at the poles.
_MOST_M_PER_DEGREE = 111_700.0
_FAR = np.iinfo(np.int64)

REASONS = (
    "clock_skew", "accuracy", "out_of_order", "duplicate", "duplicate_elsewhere", "speed", "teleport", "frozen",
)  # fmt: skip
"""What may be wrong with a fix, in the order in which the rules look."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningRules:
    """Which rules clean fixes; every rule is off unless its number is given.

    The rules look at a fix in the order of the fields below; the first that objects removes it, and later ones do not
    see it.

    Raises
    ------
    ParameterError
        If a number is out of range, a time has no time zone, or a detail is given of a rule that is off.

    Examples
    --------
    >>> CleaningRules(duplicates=True, max_speed_m_s=33.0).names
    ('duplicate', 'duplicate_elsewhere', 'speed', 'teleport')
    """

    not_before: pd.Timestamp | None = None
    """clock_skew: removes fixes earlier than this time (with a time zone)."""
    not_after: pd.Timestamp | None = None
    """clock_skew: removes fixes later than this time."""
    max_clock_skew_s: float | None = None
    """clock_skew: removes fixes whose `t` and `received`, a column of UTC times by the server's clock, differ by more
    than so many seconds either way. A phone's clock that jumps cannot be told from a late delivery without a second
    clock: rules that guess from `t` alone remove the honest fixes that follow a single one from the future."""
    max_accuracy_m: float | None = None
    """accuracy: removes fixes whose `accuracy_m` is worse than so many metres; unknown accuracy stays."""
    out_of_order: bool = False
    """out_of_order: removes fixes that come in after a later one of the same courier, in order of rows. If off, fixes
    are put in order of time and none is removed. One fix from the future makes all honest ones after it late: give a
    clock rule too."""
    duplicates: bool = False
    """duplicate: removes a fix at the same time as the one before it; of several, the first in order of rows stays.
    Those that repeat its position and those elsewhere (duplicate_elsewhere) are counted apart."""
    max_speed_m_s: float | None = None
    """speed: removes spikes, that is bursts of up to `max_spike_fixes` fixes that nobody could have reached at this
    speed. teleport: longer ones stay, but the track is broken before them, so that no stop goes across."""
    max_spike_fixes: int = MAX_SPIKE_FIXES
    """Longest burst that is a spike; so many fixes of a courier are held back at most."""
    speed_slack_m: float = SPEED_SLACK_M
    """Metres that noise may put two fixes apart beyond what the speed allows."""
    frozen_after_s: float | None = None
    """frozen: removes fixes that repeat the position of those before to the last digit, once they have done so for
    more than so many seconds, until the position changes. What stays is a wait of at most this length and a gap.
    A receiver that waits shows noise, but many apps hold or snap the position of somebody who waits: with them this
    rule cuts real rests short (into a silence, which is counted). Look at the data before switching it on."""

    def __post_init__(self) -> None:
        check_positive(
            max_clock_skew_s=self.max_clock_skew_s,
            max_accuracy_m=self.max_accuracy_m,
            max_speed_m_s=self.max_speed_m_s,
            frozen_after_s=self.frozen_after_s,
        )
        for name, time in (("not_before", self.not_before), ("not_after", self.not_after)):
            if time is not None and (not isinstance(time, pd.Timestamp) or time.tz is None):
                raise ParameterError(f"{name} must be a pandas Timestamp with a time zone. Got {time!r} instead.")
        if self.not_before is not None and self.not_after is not None and self.not_before > self.not_after:
            raise ParameterError(f"not_before = {self.not_before} must not be later than not_after = {self.not_after}.")
        if not 1 <= self.max_spike_fixes <= _MOST_SPIKE_FIXES:
            raise ParameterError(
                f"max_spike_fixes must be 1 to {_MOST_SPIKE_FIXES}. Got {self.max_spike_fixes!r} instead."
            )
        if not (math.isfinite(self.speed_slack_m) and self.speed_slack_m >= 0):
            raise ParameterError(f"speed_slack_m must be at least 0. Got {self.speed_slack_m!r} instead.")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rules that are on, in the order in which they look."""
        clock = (self.not_before, self.not_after, self.max_clock_skew_s)
        on = {
            "clock_skew": any(limit is not None for limit in clock),
            "accuracy": self.max_accuracy_m is not None,
            "out_of_order": self.out_of_order,
            "duplicate": self.duplicates,
            "duplicate_elsewhere": self.duplicates,
            "speed": self.max_speed_m_s is not None,
            "teleport": self.max_speed_m_s is not None,
            "frozen": self.frozen_after_s is not None,
        }
        return tuple(name for name in REASONS if on[name])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cleaned:
    """Fixes that rules left, and what they took."""

    table: pd.DataFrame
    """FIXES, in order of courier and time, with all columns they had. Where a speed rule was on, `broken` says that
    the track is broken just before a fix."""
    report: pd.DataFrame
    """Key `rule`, a row for each rule that was on, in the order in which they look: `removed` fixes, `breaks` of
    tracks, `examples`, the first three fixes (in order of rows) as a tuple of texts."""
    removed: pd.DataFrame | None
    """The fixes that were removed, in order of courier and time, with `rule`, the name of the rule, and `row`, the
    place in the table given; None unless asked for."""
    rules: CleaningRules
    """The rules."""

    def _repr_html_(self) -> str:
        taken = int(self.report["removed"].sum())
        lines = [f"<b>Cleaned</b>: {len(self.table):,} of {len(self.table) + taken:,} fixes kept"]
        for rule, removed, breaks in zip(*(self.report[name] for name in ("rule", "removed", "breaks")), strict=True):
            lines.append(f"{escape(rule)}: {removed:,} removed, {breaks:,} breaks")
        return "<br>".join(lines)


def clean(fixes: pd.DataFrame, *, rules: CleaningRules, keep_removed: bool = False) -> Cleaned:
    """Take out fixes that no courier can have made.

    Parameters
    ----------
    fixes
        FIXES whose key may repeat, rows of a courier in the order in which they came in. No rows are fine.
    rules
        Which rules, with their numbers. With none on, the fixes are only put in order.
    keep_removed
        Whether to keep the removed fixes for an audit.

    Returns
    -------
    Cleaned
        The fixes that stay, and how many each rule removed.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind; the rule for `max_accuracy_m` needs `accuracy_m`, that for
        `max_clock_skew_s` needs `received`.
    DataError
        If values are missing or out of range, or a courier has two fixes at one time and `duplicates` is off.

    Notes
    -----
    One pass over each courier's fixes, from left to right. The rules look in the order clock_skew, accuracy,
    out_of_order, duplicate, speed, frozen, so that a fix with a wrong clock or a poor position does not decide about
    its neighbours.

    Speed. A step from one fix to another is possible if it is at most ``max_speed_m_s * seconds + speed_slack_m`` long.
    A fix that is impossible from the last good one is held back, together with those that follow and are possible
    from it and no nearer to the last good one. If a fix comes that is possible from the last good one and nearer to
    it (or impossible from those held back), they were a spike and go; the good neighbours on both sides stay. If more
    than `max_spike_fixes` follow each other, it was no spike but a move: all stay, the track is broken before the
    first of them, and the break is counted as a teleport. What is held back when a fix comes that is possible from
    neither side, or when the data end, goes as well: one side contradicts it and nothing confirms it. The first fixes
    of a track are held back likewise until enough of them agree; a track that is shorter stays, unless it contradicts
    itself, and then its last part stays. No angle is looked at: in the noise of a wait every turn occurs, and rules
    on angles empty waits of a third of their fixes.

    Distances are taken in the plane that touches the ellipsoid at the earlier fix; up to 50 km they are true to 1 %
    below 60 degrees of latitude.

    Cleaning what is clean changes nothing, with one exception: frozen fixes may have been the proof of a lasting
    move, which a second cleaning would take for a spike.

    O(n) for fixes in order of courier (and of time, where out_of_order is off), O(n log n) otherwise; a fix is held
    back and looked at again at most `max_spike_fixes` fixes later.

    Examples
    --------
    A fix 1 km off, for 12 seconds:

    >>> import pandas as pd
    >>> fixes = pd.DataFrame({
    ...     "courier_id": "a",
    ...     "t": pd.date_range("2024-05-06 07:00", periods=12, freq="12s", tz="UTC"),
    ...     "lon": 114.05,
    ...     "lat": [22.54] * 6 + [22.549] + [22.54] * 5,
    ... })
    >>> cleaned = clean(fixes, rules=CleaningRules(max_speed_m_s=33.0))
    >>> len(cleaned.table), cleaned.report["removed"].to_dict()
    (11, {0: 1, 1: 0})
    """
    validate(fixes, replace(FIXES, key=()))
    _check_columns(fixes, rules)
    courier, names, t_ms, lon, lat = columns_of(fixes)
    order = _order(fixes, courier, len(names), rules)
    cleaner = Cleaner(rules)
    cleaner.grow(len(names))
    accuracy_m, received_ms = _optional(fixes, rules)
    batch = Batch(courier, t_ms, lon, lat, accuracy_m, received_ms, np.arange(courier.size, dtype=np.int64))
    parts = [cleaner.advance(batch.take(order), names=names), cleaner.finish()]
    kept = np.concatenate([part.row for part in parts])
    broken = np.concatenate([part.broken for part in parts])
    if len(parts[1].row):  # what was held back at the end goes where it belongs
        again = np.argsort(courier[kept], kind="stable")
        kept, broken = kept[again], broken[again]
    table = fixes.iloc[kept].reset_index(drop=True)
    if rules.max_speed_m_s is not None:
        table[BROKEN] = broken
    removed = _removed(fixes, parts, courier, t_ms) if keep_removed else None
    return Cleaned(table=table, report=report_table(cleaner, names), removed=removed, rules=rules)


def _check_columns(fixes: pd.DataFrame, rules: CleaningRules) -> None:
    if rules.max_accuracy_m is not None and "accuracy_m" not in fixes.columns:
        raise ColumnError("FIXES: max_accuracy_m needs the column 'accuracy_m', which is missing. Leave the rule out.")
    if rules.max_clock_skew_s is not None:
        dtype = fixes[RECEIVED].dtype if RECEIVED in fixes.columns else None
        if not (isinstance(dtype, pd.DatetimeTZDtype) and str(dtype.tz) == "UTC"):
            given = f"Got {dtype} instead" if dtype is not None else "It is missing"
            raise ColumnError(
                f"FIXES: max_clock_skew_s needs a column {RECEIVED!r} of UTC times with a time zone. {given}. Leave "
                "the rule out, or give not_before and not_after."
            )
        missing = int(fixes[RECEIVED].isna().sum())
        if missing:
            raise DataError(
                f"FIXES: column {RECEIVED!r} must not be missing where max_clock_skew_s is given; {missing:,} of "
                f"{len(fixes):,} are."
            )


def _optional(fixes: pd.DataFrame, rules: CleaningRules) -> tuple[FloatArray, IntArray]:
    """Accuracy and time received, each of no length where no rule asks for it."""
    accuracy, received = np.zeros(0), np.zeros(0, dtype=np.int64)
    if rules.max_accuracy_m is not None:
        accuracy = fixes["accuracy_m"].to_numpy(dtype=np.float64, na_value=np.nan)
    if rules.max_clock_skew_s is not None:
        received = milliseconds(fixes[RECEIVED])
    return accuracy, received


def _order(fixes: pd.DataFrame, courier: IntArray, n_couriers: int, rules: CleaningRules) -> IntArray | None:
    """Order of courier, and of time unless the rule for it wants to see how rows came in; None if they are in it."""
    if rules.out_of_order:
        return by_courier(courier, n_couriers)
    exact = np.asarray(pd.DatetimeIndex(fixes["t"]).asi8, dtype=np.int64)
    return None if is_sorted(courier, exact) else np.lexsort((exact, courier)).astype(np.int64)


def _removed(fixes: pd.DataFrame, parts: list[Kept], courier: IntArray, t_ms: IntArray) -> pd.DataFrame:
    row = np.concatenate([part.removed_row for part in parts])
    reason = np.concatenate([part.removed_reason for part in parts])
    order = np.lexsort((row, t_ms[row], courier[row]))
    row, reason = row[order], reason[order]
    rule = pd.Series(np.array(REASONS, dtype=object)[reason], dtype="str")
    return fixes.iloc[row].reset_index(drop=True).assign(rule=rule, row=row)


def report_table(cleaner: Cleaner, names: pd.Index[Any] | None) -> pd.DataFrame:
    """List counts and first offenders of each rule that was on."""
    rows = []
    for name in cleaner.rules.names:
        reason = REASONS.index(name)
        count = int(cleaner.counts[reason])
        examples = tuple(_in_words(one, names) for one in cleaner.examples[reason] if one["row"] < _FAR.max)
        breaks = name == "teleport"
        rows.append((name, 0 if breaks else count, count if breaks else 0, examples))
    table = pd.DataFrame(rows, columns=["rule", "removed", "breaks", "examples"])
    return table.astype({"rule": "str", "removed": "int64", "breaks": "int64", "examples": "object"})


def _in_words(example: Any, names: pd.Index[Any] | None) -> str:  # noqa: ANN401 - a record
    code = int(example["courier"])
    courier = str(code) if names is None else str(names[code])
    time = pd.Timestamp(int(example["t"]), unit="ms", tz="UTC").isoformat()
    return f"{courier} at {time}: {example['lon']:.6f}, {example['lat']:.6f}"


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
        raise DataError(
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
