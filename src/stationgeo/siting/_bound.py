"""The bound: Lagrangian relaxation by the volume algorithm, and what it decides for good.

Every class k pays a price p_k within 0 and its weight w_k to the candidates that reach it. For any prices, no plan of
n sites covers more than::

    L(p) = sum over k of (w_k - p_k)  +  the n largest of  s_j = sum over the classes k of candidate j of p_k

The lowest L is the linear relaxation's bound. The volume algorithm comes near it in a few hundred steps of O(pairs)
each, where a simplex takes minutes. With a plan of value V in hand, a candidate outside the n largest for which
``L - (n-th largest s) + s_j < V`` is in no better plan, and one inside for which
``L - s_j + (n+1-th largest s) < V`` is in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel
from stationgeo.siting._search import nth_largest

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.siting._model import Model

STEPS_AT_ONCE = 20
"""Steps between two looks at the clock, and between two plans."""

# The volume algorithm's own numbers (Barahona & Anbil 2000, with the values of the COIN-OR implementation or near):
# first step length, what lengthens and shortens it and when, the weight of a step's own direction.
_FIRST_LENGTH = 0.1
_LONGEST = 2.0
_SHORTEST = 1e-4
_LENGTHEN = 1.1
_SHORTEN = 0.67
_PATIENCE = 10
_FIRST_BLEND = 0.1
_LEAST_BLEND = 1e-5
_LEAST_BLEND_SHARE = 0.1

# Every so many steps: the blend is halved where the bound fell by less than the first share, and the search ends
# where it fell by less than the second; no search takes more than so many steps.
_REVIEW_STEPS = 100
_SLOW_SHARE = 1e-5
_STILL_SHARE = 1e-6
_MOST_STEPS = 2_000

SURE_SHARE = 1e-9
"""A candidate is decided only if it is this share of all weight on the wrong side: rounding is smaller."""

# Places in the state of a search: length of steps, blend of directions, steps waited for a lower bound, the bound.
_LENGTH, _BLEND, _WAITED, _BOUND = range(4)


@dataclass(slots=True, kw_only=True)
class Dual:
    """The search for the lowest bound: where it stands."""

    model: Model
    n_sites: int
    bound: float = field(init=False)
    """No plan of `n_sites` covers more weight of the model."""
    score: FloatArray = field(init=False)
    """s_j at that bound."""
    done: bool = False
    """Whether further steps are not worth while."""
    steps: int = 0
    _centre: FloatArray = field(init=False)
    _direction: FloatArray = field(init=False)
    _state: FloatArray = field(init=False)
    _reviewed: float = field(init=False)

    def __post_init__(self) -> None:
        self._centre = self.model.price.copy()
        self.score = np.zeros(self.model.n_candidates)
        self._direction = np.zeros(self.model.n_classes)
        inside = np.zeros(self.model.n_candidates, dtype=np.bool_)
        self.bound = _relaxed(self.model, self._centre, self.n_sites, self.score, inside, self._direction)
        self._state = np.array([_FIRST_LENGTH, _FIRST_BLEND, 0.0, self.bound])
        self._reviewed = self.bound

    @property
    def prices(self) -> FloatArray:
        """Prices of the classes at the bound."""
        return self._centre

    def advance(self, target: float) -> IntArray:
        """Take some steps towards the lowest bound.

        Parameters
        ----------
        target
            Value of the best plan in hand, which sets the length of the steps.

        Returns
        -------
        ndarray of int64
            The candidates of the n largest scores at the last step: the seed of a plan.
        """
        inside = np.zeros(self.model.n_candidates, dtype=np.bool_)
        _advance(self.model, self.n_sites, target, self._centre, self._direction, self.score, self._state, inside)
        self.bound = float(self._state[_BOUND])
        self.steps += STEPS_AT_ONCE
        if self.steps % _REVIEW_STEPS == 0:
            self._review()
        return np.flatnonzero(inside)

    def _review(self) -> None:
        fell = self._reviewed - self.bound
        if fell < _SLOW_SHARE * self.bound:
            self._state[_BLEND] = max(self._state[_BLEND] / 2.0, _LEAST_BLEND)
        still = fell < _STILL_SHARE * self.bound and self._state[_LENGTH] < 2.0 * _SHORTEST
        self.done = still or self.steps >= _MOST_STEPS
        self._reviewed = self.bound

    def decided(self, target: float) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Mark the candidates that are in no better plan than one in hand, and those that are in all of them.

        Parameters
        ----------
        target
            Value of the plan in hand. A plan of that very value is never lost.

        Returns
        -------
        out, taken : ndarray of bool
            Per candidate.
        """
        sure = SURE_SHARE * float(self.model.weight.sum())
        if self.n_sites >= self.score.size:
            return np.zeros(self.score.size, dtype=np.bool_), np.ones(self.score.size, dtype=np.bool_)
        ranked = np.sort(self.score)[::-1]
        last_in, first_out = ranked[self.n_sites - 1], ranked[self.n_sites]
        out = (self.score < last_in) & (self.bound - last_in + self.score < target - sure)
        taken = (self.score > first_out) & (self.bound - self.score + first_out < target - sure)
        return out, taken


@kernel
def _relaxed(
    model: Model, price: FloatArray, n_sites: int, score: FloatArray, inside: npt.NDArray[np.bool_],
    slope: FloatArray,
) -> float:  # fmt: skip
    """Evaluate L at the prices; write the scores, who is among the n largest, and the slope of L."""
    candidates = score.size
    bound = 0.0
    for klass in range(price.size):
        bound += model.weight[klass] - price[klass]
        slope[klass] = -1.0
    for one in range(candidates):
        total = 0.0
        for at in range(model.candidate_start[one], model.candidate_start[one + 1]):
            total += price[model.candidate_class[at]]
        score[one] = total
    _mark_largest(score, n_sites, inside)
    for one in range(candidates):
        if inside[one]:
            bound += score[one]
            for at in range(model.candidate_start[one], model.candidate_start[one + 1]):
                slope[model.candidate_class[at]] += 1.0
    return bound


@kernel
def _mark_largest(score: FloatArray, n_sites: int, inside: npt.NDArray[np.bool_]) -> None:
    """Mark the n largest; of equals the first."""
    least = nth_largest(score, n_sites) if n_sites < score.size else -1.0
    left = n_sites
    for one in range(score.size):
        inside[one] = score[one] > least
        left -= inside[one]
    for one in range(score.size):
        if left > 0 and score[one] == least:
            inside[one] = True
            left -= 1


@kernel
def _advance(
    model: Model, n_sites: int, target: float, centre: FloatArray, direction: FloatArray,
    best_score: FloatArray, state: FloatArray, inside: npt.NDArray[np.bool_],
) -> None:  # fmt: skip
    """Take some steps of the volume algorithm; write where they lead."""
    classes = centre.size
    price = np.empty(classes)
    slope = np.empty(classes)
    score = np.empty(best_score.size)
    for _ in range(STEPS_AT_ONCE):
        square = 0.0
        for klass in range(classes):
            pushes_up = direction[klass] < 0.0 and centre[klass] >= model.weight[klass]
            pushes_down = direction[klass] > 0.0 and centre[klass] <= 0.0
            if not (pushes_up or pushes_down):
                square += direction[klass] * direction[klass]
        length = state[_LENGTH] * max(state[_BOUND] - target, 0.0) / square if square > 0.0 else 0.0
        for klass in range(classes):
            price[klass] = min(model.weight[klass], max(0.0, centre[klass] - length * direction[klass]))
        value = _relaxed(model, price, n_sites, score, inside, slope)
        along = _blend(direction, slope, state[_BLEND])
        if value < state[_BOUND]:
            state[_BOUND] = value
            for klass in range(classes):
                centre[klass] = price[klass]
            for one in range(score.size):
                best_score[one] = score[one]
            state[_WAITED] = 0.0
            if along >= 0.0:
                state[_LENGTH] = min(_LONGEST, state[_LENGTH] * _LENGTHEN)
        else:
            state[_WAITED] += 1.0
            if state[_WAITED] >= _PATIENCE:
                state[_WAITED] = 0.0
                state[_LENGTH] = max(_SHORTEST, state[_LENGTH] * _SHORTEN)


@kernel
def _blend(direction: FloatArray, slope: FloatArray, most: float) -> float:
    """Turn the direction towards the slope by the share that makes it shortest; return their product before."""
    apart = 0.0
    towards = 0.0
    along = 0.0
    for klass in range(slope.size):
        difference = slope[klass] - direction[klass]
        apart += difference * difference
        towards -= direction[klass] * difference
        along += direction[klass] * slope[klass]
    share = towards / apart if apart > 0.0 else most
    share = min(most, max(_LEAST_BLEND_SHARE * most, share))
    for klass in range(slope.size):
        direction[klass] = share * slope[klass] + (1.0 - share) * direction[klass]
    return along
