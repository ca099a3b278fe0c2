"""Rows that cannot be used: found part by part, named by their place in the file, settled once for the whole file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from stationgeo.errors import SHOWN_OFFENDERS, DataError
from stationgeo.io._report import Count

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

__all__ = ["BadRows", "Faults", "Tally", "row_names"]

BadRows = Literal["error", "drop"]
Shown: TypeAlias = "pd.Series[Any] | Callable[[int], str]"
"""How the rows of a fault are shown."""
Examples: TypeAlias = "tuple[tuple[str, str], ...]"
"""Rows by name, and what they hold."""

_HIDDEN = "(an id, not shown)"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """One way in which rows of a part are wrong."""

    wrong: str
    rows: npt.NDArray[np.bool_]
    shown: Shown
    way_out: str
    way_out_if_most: str
    """What to do where more than half of a file's rows are wrong in this way; "" for the same."""
    columns_if_most: str
    """The columns that are then wrong themselves, which no dropping of rows mends; "" where none are."""


@dataclass(slots=True)
class Faults:
    """Rows of one part of a file that cannot be used, with the column at fault and the way out."""

    source: str
    rows: pd.Index[Any]
    """Which rows of the file they are, counted from 0; messages count from 1, the header aside."""
    hidden: str | None = None
    """The column of the file whose values no message may show."""
    found: list[_Fault] = field(default_factory=list)

    def add(
        self,
        wrong: str,
        mask: npt.NDArray[np.bool_],
        values: Shown,
        *,
        way_out: str,
        way_out_if_most: str = "",
        columns_if_most: str = "",
    ) -> None:
        """Remember rows that are wrong in one way; that there are none is remembered too, for the order of messages.

        `values` says how a row is shown: a column, or a function of the row, called for offenders only. Where more
        than half of the file's rows are wrong in this way, `way_out_if_most` is the way out instead, and
        `columns_if_most` says that the columns themselves are wrong: an error whatever is to be done with bad rows.
        """
        if isinstance(values, pd.Series) and self.hidden is not None and values.name == self.hidden:
            values = _hide
        self.found.append(
            _Fault(
                wrong=wrong,
                rows=mask,
                shown=values,
                way_out=way_out,
                way_out_if_most=way_out_if_most,
                columns_if_most=columns_if_most,
            )
        )

    def sound(self) -> npt.NDArray[np.bool_]:
        """Say which rows have no fault so far."""
        sound = np.ones(len(self.rows), dtype=bool)
        for fault in self.found:
            sound &= ~fault.rows
        return sound

    def settle(self, *, bad_rows: BadRows | None) -> tuple[npt.NDArray[np.bool_], tuple[Count, ...]]:
        """Raise for all faults of a file that is one part, or say which rows stay and what was dropped.

        `bad_rows` None is "error" where the caller offers no choice.

        Raises
        ------
        DataError
            If there are faults and `bad_rows` is not "drop", or no row is left.
        """
        tally = Tally(self.source)
        keep = tally.take(self)
        return keep, tally.close(bad_rows=bad_rows)

    def examples(self, fault: _Fault, mask: npt.NDArray[np.bool_]) -> Examples:
        """Name the first rows that a mask marks, and show them."""
        show = fault.shown.iloc.__getitem__ if isinstance(fault.shown, pd.Series) else fault.shown
        names = row_names(self.rows, mask)
        return tuple((name, str(show(int(row)))) for name, row in zip(names, np.flatnonzero(mask), strict=False))


@dataclass(slots=True)
class _Total:
    """One way in which rows of a file are wrong, over all its parts."""

    fault: _Fault
    rows: int = 0
    examples: Examples = ()
    dropped: int = 0
    """Those that had no fault counted before this one."""
    dropped_examples: Examples = ()


@dataclass(slots=True)
class Tally:
    """The faults of one file over all its parts: the same counts, rows and message however it was cut."""

    source: str
    rows: int = 0
    kept: int = 0
    totals: dict[str, _Total] = field(default_factory=dict)

    def take(self, faults: Faults) -> npt.NDArray[np.bool_]:
        """Add the faults of the next part, and say which of its rows are sound."""
        left = np.ones(len(faults.rows), dtype=bool)
        for fault in faults.found:
            total = self.totals.setdefault(fault.wrong, _Total(fault))
            if fault.rows.any():
                new = fault.rows & left
                total.rows += int(fault.rows.sum())
                total.dropped += int(new.sum())
                total.examples = (total.examples + faults.examples(fault, fault.rows))[:SHOWN_OFFENDERS]
                total.dropped_examples = (total.dropped_examples + faults.examples(fault, new))[:SHOWN_OFFENDERS]
                left &= ~fault.rows
        self.take_sound(len(left), kept=int(left.sum()))
        return left

    def take_sound(self, rows: int, *, kept: int | None = None) -> None:
        """Count the rows of a part; all are sound where nothing else is said."""
        self.rows += rows
        self.kept += rows if kept is None else kept

    @property
    def clean(self) -> bool:
        """Whether no row was at fault so far."""
        return self.kept == self.rows

    def close(self, *, bad_rows: BadRows | None, whole: bool = True) -> tuple[Count, ...]:
        """Raise for all faults of the file at once, or say what was dropped.

        Where not the whole file was read, nothing is made of most or all rows being at fault: others may be sound.

        Raises
        ------
        DataError
            If there are faults and `bad_rows` is not "drop", or no row is left; if columns as a whole are wrong.
        """
        wrong = [total for total in self.totals.values() if total.rows]
        for total in wrong if whole else ():
            if total.fault.columns_if_most and self._is_most(total):
                first = ", ".join(f"({shown})" for _, shown in total.examples)
                raise DataError(
                    f"{self.source}: {total.fault.wrong} in {total.rows:,} of {self.rows:,} rows: {first}. "
                    f"{total.fault.columns_if_most}."
                )
        if wrong and (bad_rows != "drop" or (whole and not self.kept)):
            raise DataError(self._message(wrong, bad_rows))
        return tuple(
            Count(reason=total.fault.wrong, rows=total.dropped, examples=_joined(total.dropped_examples))
            for total in wrong
            if total.dropped
        )

    def _is_most(self, total: _Total) -> bool:
        return 2 * total.rows > self.rows

    def _message(self, wrong: list[_Total], bad_rows: BadRows | None) -> str:
        lines = [
            f"{self.source}: {total.fault.wrong}; {total.rows:,} of {self.rows:,} rows: "
            f"{'; '.join(_joined(total.examples))}. {self._way_out(total)}"
            for total in wrong
        ]
        if bad_rows == "error":
            lines.append("Or declare bad_rows = 'drop': such rows are then dropped and counted.")
        elif bad_rows == "drop":
            lines.append("Dropping these rows would leave none.")
        return "\n".join(lines)

    def _way_out(self, total: _Total) -> str:
        way_out = total.fault.way_out_if_most if self._is_most(total) else ""
        way_out = way_out or total.fault.way_out
        return f"{way_out.rstrip('.?')}{'?' if way_out.endswith('?') else '.'}"


def row_names(rows: pd.Index[Any], mask: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """Name the first rows that a mask marks, as people count them."""
    return tuple(f"row {int(row) + 1}" for row in rows[np.flatnonzero(mask)[:SHOWN_OFFENDERS]])


def _joined(examples: Examples) -> tuple[str, ...]:
    return tuple(f"{name}: {shown}" for name, shown in examples)


def _hide(row: int) -> str:  # noqa: ARG001 - whatever the row holds
    return _HIDDEN
