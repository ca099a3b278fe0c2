"""Couriers and their days: batches of fixes in metres of the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from stationgeo.sample._couriers import (
    COURIER,
    DEPOT,
    DRIVER,
    GROUPS,
    HOME,
    RIDER,
    Recorder,
    Town,
    WordArray,
    simulate_days,
)
from stationgeo.sample._routes import Scratch, make_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["MOST_FIXES_A_DAY", "Batch", "Crew", "day_keys", "make_crew", "simulate_batches"]

# Shares of riders, parcel couriers and drivers among those who are tracked.
_SHARES = (0.62, 0.24, 0.14)
MOST_FIXES_A_DAY = 8_700
"""More than a day of 86,400 s holds at the shortest spacing of 10 s."""
_WORKS_SHARE = (0.96, 0.80)  # on a working day, at the weekend


class Batch(NamedTuple):
    """Fixes of some couriers on one day, by courier and time."""

    row: IntArray
    """Row of the courier in the crew, one per courier of the batch."""
    fixes: IntArray
    """Fixes of each of them."""
    second: npt.NDArray[np.int32]
    """Second of the local day."""
    x: FloatArray
    y: FloatArray
    accuracy_m: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who is tracked."""

    ids: npt.NDArray[np.str_]
    who: IntArray
    """Group, home and depot of each."""

    @property
    def groups(self) -> npt.NDArray[np.str_]:
        """Worker group of each."""
        return np.array(GROUPS)[self.who[:, 0]]


def make_crew(rng: np.random.Generator, town: Town, *, n_couriers: int) -> Crew:
    """Hire couriers: a group, a home, and for parcel couriers the depot nearest to it.

    Parameters
    ----------
    rng
        Where chance comes from.
    town
        The city.
    n_couriers
        How many.

    Returns
    -------
    Crew
        Ids sort as their rows do.
    """
    group = rng.choice(np.array([RIDER, COURIER, DRIVER]), size=n_couriers, p=_SHARES)
    homes, depots = (np.arange(town.start[sort, 0], town.start[sort, -1]) for sort in (HOME, DEPOT))
    home = homes[rng.integers(len(homes), size=n_couriers)]
    depot = np.empty(n_couriers, dtype=np.int64)
    for row, place in enumerate(home):
        away = (town.x[depots] - town.x[place]) ** 2 + (town.y[depots] - town.y[place]) ** 2
        depot[row] = depots[away.argmin()]
    width = max(3, len(str(n_couriers)))
    ids = np.array([f"W{number:0{width}d}" for number in range(1, n_couriers + 1)])
    return Crew(ids=ids, who=np.column_stack([group, home, depot]).astype(np.int64))


def day_keys(seed: int, *, day: int, n_couriers: int) -> WordArray:
    """Draw the seeds of all couriers' days, independent between days and couriers."""
    state = np.random.SeedSequence(seed, spawn_key=(day,)).generate_state(n_couriers, np.uint64)
    return np.asarray(state, dtype=np.uint64)


def simulate_batches(
    town: Town, crew: Crew, *, keys: WordArray, weekend: bool, quota: IntArray | None, batch_fixes: int
) -> Iterator[Batch]:
    """Simulate a day of all couriers in batches that share their memory.

    Parameters
    ----------
    town, crew
        The city and who is tracked in it.
    keys
        Seed of each courier's day.
    weekend
        Whether fewer work, and later.
    quota
        Exact number of fixes of each; None lets each work as long as the day goes, and some not at all.
    batch_fixes
        Room of a batch; a batch closes when the next courier might not fit in.

    Yields
    ------
    Batch
        Views that the next batch overwrites.
    """
    # Bits that the day itself does not use decide who works; a courier with a quota always does.
    lucky = (keys >> np.uint64(40)).astype(np.float64) / 2.0**24
    rows = np.flatnonzero(lucky < _WORKS_SHARE[weekend]) if quota is None else np.flatnonzero(quota > 0)
    room = np.full(len(rows), MOST_FIXES_A_DAY) if quota is None else quota[rows]
    size = max(batch_fixes, int(room.max(initial=1)))
    recorder = Recorder(
        np.empty(size, dtype=np.int32), np.empty(size), np.empty(size), np.empty(size, dtype=np.uint8),
        np.zeros(8), np.zeros(3, dtype=np.int64), np.zeros(1, dtype=np.uint64),
    )  # fmt: skip
    scratch = make_scratch(len(town.roads.x), len(town.roads.to))
    first = 0
    while first < len(rows):
        filled = np.cumsum(room[first:])
        after = first + max(1, int(np.searchsorted(filled, size, side="right")))
        yield _simulate(town, scratch, recorder, crew, rows[first:after], keys, weekend=weekend, quota=quota)
        first = after


def _simulate(
    town: Town, scratch: Scratch, recorder: Recorder, crew: Crew, rows: IntArray, keys: WordArray, *, weekend: bool,
    quota: IntArray | None,
) -> Batch:  # fmt: skip
    recorder.counter[0] = 0
    wanted = np.zeros(len(rows), dtype=np.int64) if quota is None else quota[rows]
    with np.errstate(over="ignore"):  # the counter is meant to wrap around; interpreted kernels would warn
        count = simulate_days(town, scratch, recorder, crew.who[rows], keys[rows], int(weekend), wanted)
    n = int(count.sum())
    return Batch(rows, count, recorder.second[:n], recorder.x[:n], recorder.y[:n], recorder.accuracy_m[:n])
