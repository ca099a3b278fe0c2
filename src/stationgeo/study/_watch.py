"""Fixes that are kept as they pass: a sample of bounded size, the same however the fixes are cut into batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.io import FixBatch
    from stationgeo.schema import IntArray

__all__ = ["FixWatch", "Sample", "Samples", "Watches"]

# Of more fixes than this a sample is kept: shares of zones, speeds of streets and rides need no more.
_MOST_FIXES = 2_000_000
_COARSEST_STEP = 1 << 62


class Sample(NamedTuple):
    """Fixes that were kept."""

    fixes: pd.DataFrame
    """By courier and time: `courier_id`, `t`, `lon`, `lat`, and `at_stop` of its courier."""
    step: int
    """One of about how many fixes, or couriers, was kept."""


class Samples(NamedTuple):
    """What was kept of the fixes of a study, for those who ask; None for what nobody does."""

    of_fixes: Sample | None = None
    of_couriers: Sample | None = None


class FixWatch:
    """Keeps every so manieth fix, or all fixes of every so manieth courier, so that no more than a limit are kept."""

    def __init__(self, *, whole_couriers: bool) -> None:
        self._whole_couriers = whole_couriers
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: the fixes come from the first on."""
        self._step = 1
        self._seen = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._kept: list[pd.DataFrame] = []

    def see(self, batch: FixBatch) -> None:
        """Look at a batch, in the order of the fixes."""
        mark = self._marks(batch)
        rows = np.flatnonzero(mark % self._step == 0)
        # Numbers are small, and names are not: of millions of fixes only numbers are kept.
        number = np.array([self._number(name) for name in batch.names], dtype=np.int32)
        self._kept.append(pd.DataFrame({
            "mark": mark[rows], "courier": number[batch.courier[rows]],
            "t": pd.to_datetime(batch.t_ms[rows], unit="ms", utc=True).as_unit("ms"),
            "lon": batch.lon[rows], "lat": batch.lat[rows],
        }))  # fmt: skip
        self._seen += len(batch)
        while sum(map(len, self._kept)) > _MOST_FIXES and self._can_thin():
            self._step *= 2
            self._kept = [part[part["mark"] % self._step == 0] for part in self._kept]

    def sample(self, stops: pd.DataFrame) -> Sample:
        """Put together what is kept, and say of which fixes their courier rested at one of the stops."""
        kept = pd.concat(self._kept, ignore_index=True).sort_values(["t", "courier"], ignore_index=True)
        rests = pd.DataFrame({
            "courier": stops["courier_id"].map(self._numbers).astype(np.int32),
            "t": stops["start"].dt.as_unit("ms"), "end": stops["end"].dt.as_unit("ms"),
        }).sort_values("t")  # fmt: skip
        held = pd.merge_asof(kept, rests, on="t", by="courier").sort_values(["courier", "t"], ignore_index=True)
        names = pd.array(self._names, dtype="str")
        fixes = pd.DataFrame({
            "courier_id": names.take(held["courier"].to_numpy()), "t": held["t"],
            "lon": held["lon"], "lat": held["lat"], "at_stop": (held["t"] <= held["end"]).to_numpy(),
        })  # fmt: skip
        return Sample(fixes, self._step)

    def _can_thin(self) -> bool:
        """Whether fewer can be kept: a single courier is kept whole, or not at all."""
        return self._step < _COARSEST_STEP and not (self._whole_couriers and len(self._names) == 1)

    def _marks(self, batch: FixBatch) -> IntArray:
        """Give each fix the number of its place, or one that is its courier's own."""
        if not self._whole_couriers:
            return np.arange(self._seen, self._seen + len(batch), dtype=np.int64)
        hashed: npt.NDArray[np.uint64] = pd.util.hash_array(np.asarray(batch.names, dtype=object))
        return (hashed >> np.uint64(1)).astype(np.int64)[batch.courier]

    def _number(self, name: str) -> int:
        number = self._numbers.setdefault(name, len(self._names))
        if number == len(self._names):
            self._names.append(name)
        return number


class Watches:
    """The samples that a study needs: of all fixes for zones, of whole couriers for rides and speeds."""

    def __init__(self, *, of_fixes: bool, of_couriers: bool) -> None:
        self.of_fixes = FixWatch(whole_couriers=False) if of_fixes else None
        self.of_couriers = FixWatch(whole_couriers=True) if of_couriers else None

    def restart(self) -> None:
        """Forget what was seen: the fixes come from the first on."""
        for watch in self._all():
            watch.restart()

    def see(self, batch: FixBatch) -> None:
        """Look at a batch, in the order of the fixes."""
        for watch in self._all():
            watch.see(batch)

    def samples(self, stops: pd.DataFrame) -> Samples:
        """Put together what is kept."""
        return Samples(*(None if one is None else one.sample(stops) for one in (self.of_fixes, self.of_couriers)))

    def _all(self) -> tuple[FixWatch, ...]:
        return tuple(watch for watch in (self.of_fixes, self.of_couriers) if watch is not None)
