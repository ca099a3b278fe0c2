"""Taking fixes out that no courier can have made, by named rules, each counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError
from stationgeo.schema import FIXES, validate
from stationgeo.tracks._cleaner import NO_ROW, Batch, Cleaner
from stationgeo.tracks._order import by_courier, columns_of, is_sorted, milliseconds
from stationgeo.tracks._rules import REASONS
from stationgeo.tracks._stops import BROKEN

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._cleaner import Kept
    from stationgeo.tracks._rules import CleaningRules

__all__ = ["RECEIVED", "Cleaned", "clean", "report_table"]

RECEIVED = "received"
"""Name of the column that says by another clock when a fix came in: the server's."""


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
    >>> from stationgeo.tracks import CleaningRules
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
        examples = tuple(_in_words(one, names) for one in cleaner.examples[reason] if one["row"] < NO_ROW)
        breaks = name == "teleport"
        rows.append((name, 0 if breaks else count, count if breaks else 0, examples))
    table = pd.DataFrame(rows, columns=["rule", "removed", "breaks", "examples"])
    return table.astype({"rule": "str", "removed": "int64", "breaks": "int64", "examples": "object"})


def _in_words(example: Any, names: pd.Index[Any] | None) -> str:  # noqa: ANN401 - a record
    code = int(example["courier"])
    courier = str(code) if names is None else str(names[code])
    time = pd.Timestamp(int(example["t"]), unit="ms", tz="UTC").isoformat()
    return f"{courier} at {time}: {example['lon']:.6f}, {example['lat']:.6f}"
