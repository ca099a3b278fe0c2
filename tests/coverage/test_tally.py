"""Demand held against hours: equal to loops over rows, stations and hours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo.coverage._tally import N_STATES, Asked, Offered, Placed, Reaching, Tally, state_of, tally
from stationgeo.stations._masks import pack_bins


class Case:
    """A small town drawn at random, as plain arrays."""

    def __init__(self, seed: int, n_bins: int) -> None:
        rng = np.random.default_rng(seed)
        self.n_bins = n_bins
        self.n_cells, self.n_stations, self.n_atoms, self.n_zones = rng.integers([1, 1, 1, 0], [9, 6, 4, 4]).tolist()
        self.reach = rng.random((self.n_cells, self.n_stations)) < 0.4
        self.is_centre = rng.random(self.n_stations) < 0.4
        self.low = rng.random((self.n_stations, self.n_atoms, n_bins)) < rng.choice([0.3, 1.0])
        self.high = self.low | (rng.random(self.low.shape) < 0.3)
        n_items = int(rng.integers(1, 4))
        self.items = [
            [rng.integers(0, self.n_atoms, rng.integers(1, 3)).tolist() for _ in range(rng.integers(1, 3))]
            for _ in range(n_items)
        ]
        n = int(rng.integers(1, 25))
        self.cell = np.sort(rng.integers(0, self.n_cells, n))
        self.zone = rng.integers(-1, self.n_zones, n) if self.n_zones else np.full(n, -1)
        self.bin = rng.integers(-2, n_bins, n)
        self.purpose = rng.integers(0, 2, n)
        self.weight = rng.integers(0, 9, n).astype(float)
        self.factor = rng.integers(0, 3, (n_items, 2, n_bins + 2)).astype(float)

    def run(self, *, inside_only: bool = True) -> Tally:
        pairs = [np.flatnonzero(row) for row in self.reach]
        reaching = Reaching(np.cumsum([0, *map(len, pairs)]), np.concatenate(pairs).astype(np.int64))
        clauses = [clause for item in self.items for clause in item]
        asked = Asked(
            np.cumsum([0, *map(len, self.items)]), np.cumsum([0, *map(len, clauses)]),
            np.array([atom for clause in clauses for atom in clause]),
        )  # fmt: skip
        first = np.searchsorted(self.cell, np.arange(self.n_cells + 1))
        return tally(
            reaching, Offered(self.is_centre, pack_bins(self.low), pack_bins(self.high), self.n_bins), asked,
            Placed(first, self.zone, self.bin, self.purpose, self.weight), factor=self.factor, n_zones=self.n_zones,
            inside_only=inside_only, by_hour=True, by_cell=True,
        )  # fmt: skip

    def served(self, cell: int, item: int, family: int, offer: np.ndarray) -> np.ndarray:
        """Bins in which the item is served by a family (2: either)."""
        whole = np.ones(self.n_bins, dtype=bool)
        for clause in self.items[item]:
            some = np.zeros(self.n_bins, dtype=bool)
            for s in np.flatnonzero(self.reach[cell]):
                if family in {2, int(self.is_centre[s])}:
                    for atom in clause:
                        some |= offer[s, atom]
            whole &= some
        return whole

    def states(self, cell: int, item: int) -> list[int]:
        """State in each bin, and at last where the hour is not known."""
        sure = [self.served(cell, item, family, self.low) for family in range(3)]
        perhaps = [self.served(cell, item, family, self.high) for family in range(3)]
        told = [state_of(*(int(sure[f][b]) + int(perhaps[f][b]) for f in range(3))) for b in range(self.n_bins)]
        return [*told, state_of(*(2 if sure[f].all() else int(perhaps[f].any()) for f in range(3)))]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 24, 64, 72, 168]), st.booleans())
def test_equal_to_loops(seed: int, n_bins: int, inside_only: bool) -> None:  # noqa: FBT001 - drawn
    case = Case(seed, n_bins)
    found = case.run(inside_only=inside_only)
    by_zone = np.zeros_like(found.by_zone)
    by_bin = np.zeros_like(found.by_bin)
    by_cell = np.zeros((case.n_cells, len(case.items), N_STATES))
    assert found.by_zone_bin is not None
    hours = np.zeros_like(found.by_zone_bin)
    for i in range(len(case.items)):
        told = [case.states(cell, i) for cell in range(case.n_cells)]
        for cell, zone, b, purpose, weight in zip(
            case.cell, case.zone, case.bin, case.purpose, case.weight, strict=True
        ):
            slot = b if b >= 0 else n_bins - 1 - b
            amount = weight * case.factor[i, purpose, slot]
            state = told[cell][min(slot, n_bins)]
            by_zone[zone, i, state] += amount
            if zone >= 0 or not inside_only:
                by_bin[i, slot, state] += amount
            by_cell[cell, i, state] += amount
            hours[zone, i, slot] += amount * np.array([1, state % 3 == 2, state % 3 > 0])
        for cell in range(case.n_cells):
            low, high = case.served(cell, i, 2, case.low), case.served(cell, i, 2, case.high)
            assert found.n_bins[cell, i].tolist() == [low.sum(), high.sum()]
            best = [
                int(case.served(cell, i, f, case.low).any()) + int(case.served(cell, i, f, case.high).any())
                for f in range(3)
            ]
            assert found.ever[cell, i] == state_of(*best)
    # Amounts are small whole numbers: sums are exact in any order.
    np.testing.assert_array_equal(found.by_zone, by_zone)
    np.testing.assert_array_equal(found.by_bin, by_bin)
    np.testing.assert_array_equal(found.by_zone_bin, hours)
    np.testing.assert_array_equal(found.by_cell, by_cell)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_served_alone_is_served_together(seed: int) -> None:
    found = Case(seed, 168).run()
    for state in range(N_STATES):
        if state % 3 < max(state // 9, state // 3 % 3):
            assert not found.by_zone[..., state].any()
