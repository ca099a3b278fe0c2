"""Following couriers through batches of fixes: only what a track comes to is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, tracks
from stationgeo._compile import kernel
from stationgeo.index._repeats import REPEATS, Repeats

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.index._batch import FixBatch
    from stationgeo.schema import IntArray

__all__ = ["Followed", "Follower"]

# No offset from UTC is in use that is not a multiple of it: a local day is whole quarters of an hour.
_MS_PER_QUARTER = 900_000
_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Followed:
    """What couriers' fixes came to."""

    stops: pd.DataFrame
    """STOPS, in order of courier and start, with `group`, the last that a courier was said to be of, or ''."""
    silences: pd.DataFrame
    """SILENCES, in order of courier and start, with `group`."""
    quarters: IntArray
    """Quarters of an hour since 1970 in UTC that hold any fix that was let through, each once and in order."""
    cleaning: pd.DataFrame | None
    """What cleaning removed, as `tracks.Cleaned.report`; None without cleaning."""
    repeats: dict[str, int]
    """Fixes that repeated a courier and time and were dropped, by reason."""
    n_fixes: int
    """Fixes that came in, repeats aside."""
    n_couriers: int
    """Couriers that they are of."""

    def days(self, *, tz: str) -> IntArray:
        """Tell the local days on which fixes were let through.

        Parameters
        ----------
        tz
            Time zone.

        Returns
        -------
        ndarray of int64
            Days since 1970, each once and in order.

        Notes
        -----
        O(quarters).

        Examples
        --------
        >>> table = pd.DataFrame()
        >>> quarters = np.array([63, 64])  # 15:45 and 16:00 UTC
        >>> Followed(stops=table, silences=table, quarters=quarters, cleaning=None, repeats={},
        ...          n_fixes=2, n_couriers=1).days(tz="Asia/Shanghai")
        array([0, 1])
        """
        instants_us = self.quarters * (_MS_PER_QUARTER * _clock.US_PER_S // _MS_PER_S)
        return np.unique(_clock.days(_clock.local_hours(instants_us, tz=tz)))


@dataclass(slots=True)
class _Observed:
    """Quarters of an hour that hold any fix."""

    first: int = 0
    seen: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))

    def add(self, t_ms: IntArray) -> None:
        if not t_ms.size:
            return
        low, high = int(t_ms.min()) // _MS_PER_QUARTER, int(t_ms.max()) // _MS_PER_QUARTER
        self._make_room(low, high)
        _mark(t_ms, self.first, self.seen)

    def quarters(self) -> IntArray:
        return np.flatnonzero(self.seen) + self.first

    def _make_room(self, low: int, high: int) -> None:
        if not self.seen.size:
            self.first = low
        before = max(0, self.first - low)
        after = max(0, high + 1 - self.first - self.seen.size)
        if before or after:
            self.seen = np.concatenate([np.zeros(before, np.bool_), self.seen, np.zeros(after, np.bool_)])
            self.first -= before


class Follower:
    """Takes in batches of fixes and keeps the stops and silences of their couriers.

    Parameters
    ----------
    stops
        When standing about is a stop.
    cleaning
        Rules to clean with before stops are looked for; None for none.
    drop_repeats
        Drop and count fixes that repeat a courier and time, before anything else looks at them: the first stays. Fixes
        must then come in order of time, whatever is cleaned. Else the rules say what happens to them.
    between
        Follow tracks only within this span of UTC milliseconds, the end not included; None follows all of them.

    Notes
    -----
    Memory holds `TrackState.bytes_per_courier` per courier with an id and a code, 32 bytes more to know repeats, and 61
    bytes per stop and 40 per silence; never fixes beyond the batch in hand. Each courier's fixes come in order of time,
    in whichever batches, unless a rule takes what is out of order.
    """

    __slots__ = (
        "_between",
        "_code_of",
        "_groups",
        "_names",
        "_observed",
        "_repeats",
        "_silences",
        "_state",
        "_stops",
        "n_fixes",
    )

    def __init__(
        self,
        *,
        stops: tracks.StopRule,
        cleaning: tracks.CleaningRules | None,
        drop_repeats: bool = False,
        between: tuple[int, int] | None = None,
    ) -> None:
        self._between = between
        self._repeats = Repeats() if drop_repeats else None
        self._state = tracks.TrackState(stops=stops, cleaning=cleaning)
        self._code_of: dict[str, int] = {}
        self._names: list[str] = []
        self._groups: list[str] = []
        self._stops: list[tracks.Records] = []
        self._silences: list[tracks.Records] = []
        self._observed = _Observed()
        self.n_fixes = 0
        """Fixes taken in so far, repeats aside; those of other times than `between` are among them."""

    def add(self, batch: FixBatch) -> None:
        """Take in the next batch.

        Parameters
        ----------
        batch
            Arrays of one length; codes are places in `names`.

        Raises
        ------
        OutOfOrderError
            If a courier's fixes are out of order and no rule takes them.
        ParameterError
            If a rule of cleaning needs an array that the batch lacks.
        """
        codes = self._codes(batch)[batch.courier]
        rows = self._rows(codes, batch)
        t_ms, lon, lat, accuracy = batch.t_ms, batch.lon, batch.lat, batch.accuracy_m
        if rows is not None:
            codes, t_ms, lon, lat = codes[rows], t_ms[rows], lon[rows], lat[rows]
            accuracy = None if accuracy is None else accuracy[rows]
        self._keep(self._state.advance(codes, t_ms, lon, lat, accuracy_m=accuracy))

    def finish(self) -> Followed:
        """End all tracks.

        Returns
        -------
        Followed
            The same however the fixes were cut into batches.
        """
        self._keep(self._state.finish())
        return Followed(
            stops=tracks.stops_table(self._stops, self._names, groups=self._groups),
            silences=tracks.silences_table(self._silences, self._names, groups=self._groups),
            quarters=self._observed.quarters(),
            cleaning=self._state.report(pd.Index(self._names, dtype="str")),
            repeats={} if self._repeats is None else dict(zip(REPEATS, self._repeats.counts.tolist(), strict=True)),
            n_fixes=self.n_fixes,
            n_couriers=len(self._names),
        )

    def _rows(self, codes: IntArray, batch: FixBatch) -> npt.NDArray[np.bool_] | None:
        """Say which rows are taken; None for all."""
        new = None if self._repeats is None else self._repeats.find(codes, batch.t_ms, batch.lon, batch.lat)
        self.n_fixes += batch.t_ms.size if new is None else int(np.count_nonzero(new))
        if self._between is not None:
            inside = (batch.t_ms >= self._between[0]) & (batch.t_ms < self._between[1])
            new = inside if new is None else new & inside
        return None if new is None or new.all() else new

    def _codes(self, batch: FixBatch) -> IntArray:
        """Code of each of the batch's names, new ones in order of appearance."""
        codes = np.empty(len(batch.names), dtype=np.int64)
        for at, name in enumerate(batch.names):
            code = self._code_of.setdefault(name, len(self._names))
            if code == len(self._names):
                self._names.append(name)
                self._groups.append("")
            codes[at] = code
            if batch.group is not None and batch.group[at]:
                self._groups[code] = str(batch.group[at])
        return codes

    def _keep(self, found: tracks.Found) -> None:
        self._observed.add(found.kept_ms)
        # Only what tracks come to is kept: a Found holds the times of a whole batch.
        self._stops.append(found.stops)
        self._silences.append(found.silences)


@kernel
def _mark(t_ms: IntArray, first: int, seen: npt.NDArray[np.bool_]) -> None:
    for i in range(t_ms.size):
        seen[t_ms[i] // _MS_PER_QUARTER - first] = True
