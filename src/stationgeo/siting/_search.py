"""Plans without proof: the greedy choice with its bound, and the exchange of single sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.siting._model import Model

# Gains that differ by less than this share of all weight are equal: sums of floats in another order differ by less.
EQUAL_SHARE = 1e-12

# Exchanges end by themselves after a few rounds over all sites; so many never loop for ever.
_MOST_ROUNDS = 1_000


def greedy(model: Model, *, n_sites: int) -> tuple[IntArray, FloatArray, float]:
    """Choose sites one by one, each with the largest gain, and bound what any choice could cover.

    Parameters
    ----------
    model
        The model.
    n_sites
        How many may be chosen.

    Returns
    -------
    sites : ndarray of int64
        Candidates in the order of choice; of equals the first. Those that gain nothing are not chosen, so there may
        be fewer than `n_sites`.
    gains : ndarray of float64
        What each added.
    bound : float
        No choice of `n_sites` candidates covers more.

    Notes
    -----
    Coverage f is monotone and submodular: for any set S in hand, f(best) <= f(S) + the `n_sites` largest gains over
    S. The bound is the least of these over all steps. Gains are kept exact all along, since a class leaves them only
    once: O(pairs + n_sites x candidates).

    References
    ----------
    Nemhauser, G. L., Wolsey, L. A., Fisher, M. L. (1978). An analysis of approximations for maximizing submodular set
    functions I. Mathematical Programming 14, 265-294. doi:10.1007/BF01588971
    """
    least = EQUAL_SHARE * float(model.weight.sum())
    sites, gains = np.zeros(n_sites, dtype=np.int64), np.zeros(n_sites)
    chosen, bound = _greedy(model, n_sites, least, sites, gains)
    return sites[:chosen], gains[:chosen], min(bound, float(model.weight.sum()))


def exchange(model: Model, sites: IntArray) -> IntArray:
    """Exchange single sites as long as that covers more.

    Parameters
    ----------
    model
        The model.
    sites
        Distinct candidates; not changed.

    Returns
    -------
    ndarray of int64
        As many candidates, which no exchange of one for another improves.

    Notes
    -----
    For each site in turn, the best candidate to put in its place: O(pairs of the site's own classes) a step.

    References
    ----------
    Teitz, M. B., Bart, P. (1968). Heuristic methods for estimating the generalized vertex median of a weighted graph.
    Operations Research 16, 955-961. doi:10.1287/opre.16.5.955
    """
    least = EQUAL_SHARE * float(model.weight.sum())
    improved = sites.copy()
    _exchange(model, improved, least)
    return improved


def value(model: Model, sites: IntArray) -> float:
    """Sum the weight that sites cover."""
    covered = np.zeros(model.n_classes, dtype=np.bool_)
    for site in sites:
        covered[model.candidate_class[model.candidate_start[site] : model.candidate_start[site + 1]]] = True
    return float(model.weight[covered].sum())


@kernel
def nth_largest(values: FloatArray, n: int) -> float:
    """Find the n-th largest of more than n - 1 values: Hoare's selection, O(values) on average.

    NumPy's partition does the same, but takes seconds to compile.
    """
    work = values.copy()
    wanted = values.size - n
    low, high = 0, values.size - 1
    while low < high:
        pivot = work[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while work[left] < pivot:
                left += 1
            while work[right] > pivot:
                right -= 1
            if left <= right:
                work[left], work[right] = work[right], work[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    return float(work[wanted])


@kernel
def _largest_sum(gain: FloatArray, count: int) -> float:
    least = nth_largest(gain, count) if count < gain.size else 0.0
    total = 0.0
    for one in range(gain.size):
        if gain[one] > least:
            total += gain[one] - least
    return total + least * count


@kernel
def _greedy(model: Model, n_sites: int, least: float, sites: IntArray, gains: FloatArray) -> tuple[int, float]:
    candidates = model.candidate_start.size - 1
    gain = np.zeros(candidates)
    for one in range(candidates):
        for at in range(model.candidate_start[one], model.candidate_start[one + 1]):
            gain[one] += model.weight[model.candidate_class[at]]
    covered = np.zeros(model.weight.size, dtype=np.bool_)
    total = 0.0
    bound = np.inf
    chosen = 0
    while True:
        bound = min(bound, total + _largest_sum(gain, n_sites))
        best = 0
        for one in range(candidates):
            if gain[one] > gain[best] + least:
                best = one
        if chosen == n_sites or candidates == 0 or gain[best] <= least:
            return chosen, max(bound, total)
        gained = 0.0
        for at in range(model.candidate_start[best], model.candidate_start[best + 1]):
            klass = model.candidate_class[at]
            if not covered[klass]:
                covered[klass] = True
                gained += model.weight[klass]
                for there in range(model.class_start[klass], model.class_start[klass + 1]):
                    gain[model.class_candidate[there]] -= model.weight[klass]
        gain[best] = 0.0
        sites[chosen] = best
        gains[chosen] = gained
        total += gained
        chosen += 1


@kernel
def _exchange(model: Model, sites: IntArray, least: float) -> None:
    candidates = model.candidate_start.size - 1
    inside = np.zeros(candidates, dtype=np.bool_)
    times = np.zeros(model.weight.size, dtype=np.int64)
    gain = np.zeros(candidates)
    for klass in range(model.weight.size):
        for there in range(model.class_start[klass], model.class_start[klass + 1]):
            gain[model.class_candidate[there]] += model.weight[klass]
    for slot in range(sites.size):
        inside[sites[slot]] = True
        _count(model, sites[slot], 1, times, gain)
    unchanged = 0
    for step in range(_MOST_ROUNDS * sites.size):
        slot = step % sites.size
        out = sites[slot]
        inside[out] = False
        _count(model, out, -1, times, gain)
        best = out
        for one in range(candidates):
            if not inside[one] and gain[one] > gain[best] + least:
                best = one
        sites[slot] = best
        inside[best] = True
        _count(model, best, 1, times, gain)
        unchanged = unchanged + 1 if best == out else 0
        if unchanged == sites.size:
            break


@kernel
def _count(model: Model, site: int, change: int, times: IntArray, gain: FloatArray) -> None:
    """Put a site in (change 1) or take it out (-1): `times` each class is covered, and what each candidate adds."""
    for at in range(model.candidate_start[site], model.candidate_start[site + 1]):
        klass = model.candidate_class[at]
        before = times[klass]
        times[klass] = before + change
        if before == 0 or before + change == 0:
            for there in range(model.class_start[klass], model.class_start[klass + 1]):
                gain[model.class_candidate[there]] -= change * model.weight[klass]
