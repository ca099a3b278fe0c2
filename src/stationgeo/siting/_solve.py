"""From a cover model to a plan with a bound: greedy, exchange, Lagrangian bound, reduction, and HiGHS for the rest."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.siting import _highs
from stationgeo.siting._bound import SURE_SHARE, Dual
from stationgeo.siting._model import Model, dominated, restrict
from stationgeo.siting._search import exchange, greedy, value

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import IntArray

PROVEN_SHARE = 1e-6
"""A plan is called optimal if no plan covers more by this share of the bound: the feasibility tolerance of HiGHS."""

# Shaking: so many plans per round are made from the best one by replacing so many sites at random.
_SHAKES = 300
_FEWEST_SHAKEN = 2
_MOST_SHAKEN = 5
_SEED = 0

# Bound, shake, decide: again as long as that leaves less than this share of the candidates, so many times at most.
_WORTH_SHARE = 0.9
_MOST_ROUNDS = 6


# HiGHS is quick up to so many pairs; beyond, candidates are probed one by one where candidates x pairs, the cost of
# that, is less than so many (about a minute); each is given up after so many looks at its bound.
_PAIRS_FOR_HIGHS = 10_000
_MOST_PROBED = 300_000_000
_PROBE_LOOKS = 8


@dataclass(slots=True, kw_only=True)
class Hunt:
    """The search for a plan: the best so far, the bound so far, and the model of what is still undecided."""

    model: Model
    """Undecided candidates; `model.origin` numbers them as the caller does."""
    n_left: int
    """Sites still to be chosen among them."""
    gap: float
    """Share of the bound that the plan may fall short of it."""
    deadline_s: float
    """Moment of the monotonic clock at which to stop."""
    taken: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Candidates (the caller's numbers) that every better plan has."""
    taken_value: float = 0.0
    """What they cover."""
    sites: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """The best plan so far (the caller's numbers)."""
    value: float = 0.0
    """What it covers."""
    bound: float = math.inf
    """No plan covers more."""
    timed_out: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    """How large the model was at which stage."""

    def closed(self) -> bool:
        """Tell whether plan and bound are near enough."""
        return self.bound - self.value <= max(self.gap, PROVEN_SHARE) * self.bound

    def running(self) -> bool:
        """Tell whether there is work and time left."""
        if self.closed():
            return False
        self.timed_out = self.timed_out or time.monotonic() >= self.deadline_s
        return not self.timed_out

    def target(self) -> float:
        """Value of the best plan beyond what is taken."""
        return self.value - self.taken_value

    def local(self) -> IntArray:
        """Give the best plan's undecided sites as candidates of the model."""
        return np.flatnonzero(np.isin(self.model.origin, self.sites)).astype(np.int64)

    def offer(self, local: IntArray) -> None:
        """Take over a plan of the model's candidates if it is better."""
        covered = self.taken_value + value(self.model, local)
        if covered > self.value:
            self.value = covered
            self.sites = np.concatenate([self.taken, self.model.origin[local]])
        self.bound = max(self.bound, self.value)

    def lower(self, bound: float) -> None:
        """Take over a bound on the plans that the model still holds, if it is lower."""
        self.bound = max(self.value, min(self.bound, self.taken_value + bound))

    def narrow(self, *, keep: npt.NDArray[np.bool_], taken: npt.NDArray[np.bool_]) -> None:
        """Leave out candidates and take others for good."""
        self.taken = np.concatenate([self.taken, self.model.origin[taken]])
        self.n_left -= int(taken.sum())
        self.model, covered = restrict(self.model, keep=keep, taken=taken)
        self.taken_value += covered
        if self.model.n_candidates <= self.n_left or self.n_left == 0:
            everything = np.arange(self.model.n_candidates if self.n_left else 0)
            self.offer(everything)
            self.bound = self.value


def hunt(model: Model, *, n_sites: int, time_limit_s: float, gap: float) -> Hunt:
    """Find the plan of at most `n_sites` candidates that covers the most weight, and a bound on any plan.

    Parameters
    ----------
    model
        The model.
    n_sites
        How many candidates may be chosen, at least 1.
    time_limit_s
        Seconds after which the best plan and bound so far are returned; the greedy plan is always made.
    gap
        Share of the bound that the plan may fall short of it.

    Returns
    -------
    Hunt
        `sites` (fewer than `n_sites` where fewer cover everything), `value`, `bound`, `timed_out`, `sizes`.

    Notes
    -----
    Dominated candidates are left out. The greedy plan is improved by exchanges; the volume algorithm lowers the
    bound, and its largest scores give further plans; shaking the best plan gives more. Plan and bound decide most
    candidates for good, what is left merges into a smaller model, and the next round is cheaper. HiGHS proves what
    remains. Each step is exact: no plan of a higher value is ever lost.
    """
    search = Hunt(model=model, n_left=n_sites, gap=gap, deadline_s=time.monotonic() + time_limit_s)
    search.sizes = {"candidates": model.n_candidates, "classes": model.n_classes, "pairs": model.class_candidate.size}
    search.bound = float(model.weight.sum())
    search.narrow(keep=~dominated(model), taken=np.zeros(model.n_candidates, dtype=np.bool_))
    search.sizes["candidates_not_dominated"] = search.model.n_candidates
    if search.closed():
        return search
    sites, _, bound = greedy(search.model, n_sites=n_sites)
    search.offer(sites)
    search.lower(bound)
    if search.running():
        search.offer(exchange(search.model, search.local()))
    for number in range(_MOST_ROUNDS):
        before = search.model.n_candidates
        _round(search, seed=_SEED + number)
        if not search.running() or search.model.n_candidates > _WORTH_SHARE * before:
            break
    while search.running() and _worth_probing(search):
        before = search.model.n_candidates
        _probe(search)
        if search.running():
            _round(search, seed=_SEED)
        if search.model.n_candidates > _WORTH_SHARE * before:
            break
    search.sizes |= {"candidates_for_highs": 0, "classes_for_highs": 0, "pairs_for_highs": 0, "nodes": 0}
    if search.running():
        _prove(search)
    return search


def _round(search: Hunt, *, seed: int) -> None:
    """Lower the bound, look for better plans, and decide candidates."""
    dual = Dual(model=search.model, n_sites=search.n_left)
    search.lower(dual.bound)
    while search.running() and not dual.done:
        scores_first = dual.advance(search.target())
        search.lower(dual.bound)
        search.offer(exchange(search.model, scores_first))
    _shake(search, dual, np.random.default_rng(seed))
    if not search.closed():
        out, taken = dual.decided(search.target())
        search.model = search.model._replace(price=dual.prices)
        search.narrow(keep=~out, taken=taken)


def _shake(search: Hunt, dual: Dual, random: np.random.Generator) -> None:
    """Replace some sites of the best plan at random, half the time by score, and exchange from there."""
    chance = np.maximum(dual.score, 0.0)
    for number in range(_SHAKES):
        if not search.running():
            return
        best = search.local()
        others = np.setdiff1d(np.arange(search.model.n_candidates), best)
        count = min(int(random.integers(_FEWEST_SHAKEN, _MOST_SHAKEN + 1)), best.size, others.size)
        weights = chance[others] if number % 2 else np.ones(others.size)
        if np.count_nonzero(weights) < count:
            weights = np.ones(others.size)
        shaken = best.copy()
        slots = random.choice(best.size, count, replace=False)
        shaken[slots] = random.choice(others, count, replace=False, p=weights / weights.sum())
        search.offer(exchange(search.model, shaken))


def _worth_probing(search: Hunt) -> bool:
    """Tell whether the model is too large for HiGHS to be quick and small enough to ask each candidate."""
    pairs = search.model.class_candidate.size
    return pairs > _PAIRS_FOR_HIGHS and pairs * search.model.n_candidates < _MOST_PROBED and search.n_left > 1


def _probe(search: Hunt) -> None:
    """Ask each candidate whether any better plan can have it: a bound with the candidate taken."""
    model = search.model
    hopeless = np.zeros(model.n_candidates, dtype=np.bool_)
    least = search.target() - SURE_SHARE * float(model.weight.sum())
    for one in range(model.n_candidates):
        if not search.running():
            break
        own = model.candidate_class[model.candidate_start[one] : model.candidate_start[one + 1]]
        weight, price = model.weight.copy(), model.price.copy()
        weight[own] = price[own] = 0.0
        covered = float(model.weight[own].sum())
        dual = Dual(model=model._replace(weight=weight, price=price), n_sites=search.n_left - 1)
        for _ in range(_PROBE_LOOKS):
            dual.advance(search.target() - covered)
            hopeless[one] = covered + dual.bound < least
            if hopeless[one]:
                break
    search.narrow(keep=~hopeless, taken=np.zeros_like(hopeless))


def _prove(search: Hunt) -> None:
    """Let HiGHS solve what is left."""
    model = search.model
    search.sizes |= {
        "candidates_for_highs": model.n_candidates,
        "classes_for_highs": model.n_classes,
        "pairs_for_highs": model.class_candidate.size,
    }
    proof = _highs.prove(
        model,
        n_sites=search.n_left,
        start=search.local(),
        time_limit_s=max(0.0, search.deadline_s - time.monotonic()),
        allowed=max(search.gap, PROVEN_SHARE) / 2.0 * search.value,
    )
    search.sizes["nodes"] = proof.nodes
    search.offer(proof.sites)
    search.lower(proof.bound)
    search.timed_out = search.timed_out or not proof.finished
