"""Fixed points by Anderson's mixing: each step is made of the last few, so that what repeats is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray

__all__ = ["Mixing"]

_MOST_KEPT = 6
"""Steps that are remembered: more are as good as parallel."""
_STEP = 0.8
"""Of the way to the new values: two stations that send workers to each other would swing."""
_WORSE = 4.0
"""A residual so many times the best one says that the memory misleads: it is forgotten."""
_RIDGE = 1e-14
"""Share of the trace that keeps the small system solvable where steps are parallel."""


class Mixing:
    """Proposes where to look next, given what a function made of each place before."""

    def __init__(self) -> None:
        self.steps: list[FloatArray] = []
        self.changes: list[FloatArray] = []
        self.before: tuple[FloatArray, FloatArray] | None = None
        self.best = np.inf

    def next(self, place: FloatArray, residual: FloatArray) -> FloatArray:
        """Go on from a place whose residual is what the function makes of it, less itself."""
        size = float(np.abs(residual).max(initial=0.0))
        if self.before is None:
            self.before = place, residual
            # The first place is a guess: all of the way is taken.
            return place + residual
        if size > _WORSE * self.best:
            self.steps, self.changes = [], []
        else:
            self.steps = [*self.steps, place - self.before[0]][-_MOST_KEPT:]
            self.changes = [*self.changes, residual - self.before[1]][-_MOST_KEPT:]
        self.best = min(self.best, size)
        self.before = place, residual
        onward = place + _STEP * residual
        if not self.steps:
            return onward
        steps, changes = np.array(self.steps), np.array(self.changes)
        # Summed without BLAS, whose order of additions may change with the number of threads.
        gram = np.einsum("ik,jk->ij", changes, changes)
        gram += np.eye(len(gram)) * max(_RIDGE * float(np.trace(gram)), np.finfo(np.float64).tiny)
        part = np.linalg.solve(gram, np.einsum("ik,k->i", changes, residual))
        return np.asarray(onward - np.einsum("i,ik->k", part, steps + _STEP * changes))
