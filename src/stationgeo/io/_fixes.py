"""Fixes of one source part by part: the one path that every reader of fixes takes, whole files or batches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.errors import DataError
from stationgeo.io._columns import TimeReading, are_dates_in_text, carry_offsets, check_dates, to_utc
from stationgeo.io._coordinates import read_lonlat
from stationgeo.io._faults import Faults, Tally
from stationgeo.io._gather import Gathered, Rules, mapped, read_codes, read_optional, sound_rows, where_mask
from stationgeo.io._report import Count
from stationgeo.io._tables import frame_of

if TYPE_CHECKING:
    from stationgeo.io._sources import Opened
    from stationgeo.io._tables import Part

__all__ = ["FixFile", "read_times"]


@dataclass(slots=True)
class FixFile:
    """Reads the parts of one file, and settles what was wrong with it at its end."""

    label: str
    rules: Rules
    got: Gathered
    chosen: dict[str, str]
    how: TimeReading
    tally: Tally
    left_out: int = 0
    matched: bool = False
    batched: bool = False
    whole: bool = True
    """Whether all of the file is read: where only some row groups are, others may match."""
    skip: tuple[str, ...] = field(default=())
    """Columns of FIXES that the caller has no use for."""

    @classmethod
    def of(cls, one: Opened, rules: Rules, got: Gathered, *, skip: tuple[str, ...] = (), whole: bool = True) -> FixFile:
        """Begin a file.

        Raises
        ------
        ColumnError
            If a column is missing.
        ParameterError
            If a key of the map is not known.
        """
        got.chosen = mapped(one.names, rules.table, rules.columns, source=one.label)
        return cls(one.label, rules, got, got.chosen, rules.how, Tally(one.label), whole=whole, skip=skip)

    @property
    def spoilt(self) -> bool:
        """Whether an error is certain, so that rows are only counted for its message."""
        return self.rules.bad_rows == "error" and not self.tally.clean

    def foresee(self, one: Opened, *, rows: int) -> None:
        """Settle, before a file is read in parts, what only the whole of it can: whether times carry their offset.

        Where rows may be dropped, times in text are read once more before the rest: those that lack the offset that
        others have are dropped from the first one on. Where they are an error, the first part's word holds.
        """
        self.batched = True
        if self.rules.bad_rows == "error":
            return
        for part in one.fetch(rows, None):
            times = self._of_where(frame_of(part))[self.chosen["t"]]
            carried = carry_offsets(times, self.rules.how)
            self.how = self.how if carried is None else replace(self.how, offsets=carried)
            if carried or not are_dates_in_text(times, self.how):
                return

    def look_at(self, times: pd.Series[Any]) -> None:
        """Take the first part's word for whether the times of the file carry their offset, where it is not settled."""
        if self.batched and self.how.offsets is None:
            self.how = replace(self.how, offsets=carry_offsets(times, self.how))

    def sound(self, part: Part) -> pd.DataFrame:
        """Read one part: its sound rows in WGS-84 and UTC, indexed by their place in the file."""
        frame = frame_of(part)
        raw = self._of_where(frame)
        self.count(rows=len(frame), matched=len(raw))
        if raw.empty:
            return pd.DataFrame()
        chosen = {name: column for name, column in self.chosen.items() if name not in self.skip}
        faults = Faults(self.label, raw.index, hidden=self.rules.hidden)
        lon, lat, self.got.datum = read_lonlat(raw, chosen, datum=self.rules.datum, faults=faults)
        read = {"courier_id": read_codes(raw, chosen, "courier_id", faults, self.got)}
        self.look_at(raw[chosen["t"]])
        read["t"] = read_times(raw[chosen["t"]], self.how, faults)
        read |= {"lon": lon, "lat": lat} | read_optional(raw, chosen, self.rules.table, faults, skip=read.keys())
        return sound_rows(read, self.rules.table, faults, self.tally, self.got)

    def count(self, *, rows: int, matched: int) -> None:
        """Count the rows of a part, and those of them that `where` asks for."""
        self.left_out += rows - matched
        self.matched |= matched > 0

    def close(self) -> None:
        """Settle the file.

        Raises
        ------
        DataError
            If no row is what `where` asks for, or rows cannot be used and are not to be dropped.
        """
        if self.left_out and not self.matched and self.whole:
            raise DataError(
                f"{self.label}: no row matches where = {dict(self.rules.where)}. Check its spelling against the file."
            )
        if self.left_out:
            self.got.dropped.append(Count(reason="left out by where", rows=self.left_out))
        self.got.dropped += self.tally.close(bad_rows=self.rules.bad_rows, whole=self.whole)

    def _of_where(self, frame: pd.DataFrame) -> pd.DataFrame:
        keep = where_mask(frame, self.rules.where, self.label)
        return frame if keep.all() else frame[keep]


def read_times(raw: pd.Series[Any], how: TimeReading, faults: Faults) -> pd.Series[Any]:
    times = to_utc(raw, how, faults=faults)
    check_dates(times, raw, faults=faults)
    return times
