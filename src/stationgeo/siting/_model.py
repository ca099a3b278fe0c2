"""The cover model: weighted classes of demand, the candidates that reach each, and what may be merged or dropped.

A class is all demand that the very same candidates reach: merging it changes no plan's value (isomorphic
aggregation). Candidates and classes are numbered; both directions of their incidence are kept as compressed rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from stationgeo._compile import kernel

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

# Knuth's multiplicative constant (2^32 / golden ratio), for spreading sets over the hash table; collisions are
# resolved by comparing the sets themselves.
_SPREAD = 2_654_435_769
# A hash keeps 31 bits, so that the product stays within 63; its upper half is folded onto the lower.
_KEPT_BITS = 0x7FFF_FFFF
_FOLD_BITS = 15
# The hash table has at least so many places per set.
_PLACES_PER_SET = 2


class Model(NamedTuple):
    """A maximal cover problem on numbered candidates and classes; the arrays are never written to.

    A named tuple, because compiled kernels take it as it is.
    """

    origin: IntArray
    """Per candidate: its number in the caller's list."""
    weight: FloatArray
    """Per class: the demand that is covered as soon as one of its candidates is chosen."""
    price: FloatArray
    """Per class: a Lagrange multiplier within 0 and its weight, carried along so that later bounds start warm."""
    class_start: IntArray
    """Per class: where its candidates begin in `class_candidate`; one more at the end."""
    class_candidate: IntArray
    """Candidates of each class, ascending."""
    candidate_start: IntArray
    """Per candidate: where its classes begin in `candidate_class`; one more at the end."""
    candidate_class: IntArray
    """Classes of each candidate, ascending."""

    @property
    def n_candidates(self) -> int:
        """Number of candidates."""
        return self.candidate_start.size - 1

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return self.class_start.size - 1


def build(demand_point: IntArray, candidate: IntArray, weight: FloatArray, *, n_candidates: int) -> Model:
    """Merge demand points that the same candidates reach.

    Parameters
    ----------
    demand_point, candidate
        Pairs "candidate reaches demand point", distinct.
    weight
        Demand per demand point; points without demand or without a pair are left out.
    n_candidates
        How many candidates there are, also those without a pair.

    Returns
    -------
    Model
        Its classes in the order in which they are first met.

    Notes
    -----
    O(pairs log pairs).
    """
    used = weight[demand_point] > 0
    point, chosen = demand_point[used], candidate[used]
    order = np.lexsort((chosen, point))
    point, chosen = point[order], chosen[order]
    present, first = np.unique(point, return_index=True)
    start = np.append(first, point.size).astype(np.int64)
    return _merged(np.arange(n_candidates), start, chosen, weight[present], weight[present] / 2.0)


def restrict(model: Model, *, keep: npt.NDArray[np.bool_], taken: npt.NDArray[np.bool_]) -> tuple[Model, float]:
    """Leave out candidates and take others for granted, and merge what becomes alike.

    Parameters
    ----------
    model
        The model.
    keep
        Per candidate: whether it stays to be decided.
    taken
        Per candidate: whether it is chosen for good; it does not stay, and its classes are covered.

    Returns
    -------
    model : Model
        The smaller model.
    covered : float
        Weight of the classes that the taken candidates cover.

    Notes
    -----
    O(pairs).
    """
    klass = np.repeat(np.arange(model.n_classes), np.diff(model.class_start))
    covered = np.zeros(model.n_classes, dtype=np.bool_)
    covered[klass[taken[model.class_candidate]]] = True
    stays = keep & ~taken
    renumbered = np.cumsum(stays) - 1
    pair = stays[model.class_candidate] & ~covered[klass]
    left, count = np.unique(klass[pair], return_counts=True)
    start = np.append(0, np.cumsum(count)).astype(np.int64)
    smaller = _merged(
        model.origin[stays], start, renumbered[model.class_candidate[pair]], model.weight[left], model.price[left]
    )
    return smaller, float(model.weight[covered].sum())


def dominated(model: Model) -> npt.NDArray[np.bool_]:
    """Mark candidates that cover nothing that another one would not cover as well.

    Parameters
    ----------
    model
        The model.

    Returns
    -------
    ndarray of bool
        True per candidate whose classes are some of another's; of equals the first stays. Leaving them all out
        changes no optimum, because "is covered by" is transitive.

    Notes
    -----
    Only the candidates of a candidate's rarest class can dominate it. O(pairs x rarest class) at worst.
    """
    return _dominated(model)


def _merged(origin: IntArray, start: IntArray, candidate: IntArray, weight: FloatArray, price: FloatArray) -> Model:
    """Merge equal rows, and write the incidence in both directions."""
    first = _first_equal(start, candidate)
    representative, klass = np.unique(first, return_inverse=True)
    length = np.diff(start)[representative]
    class_start = np.append(0, np.cumsum(length)).astype(np.int64)
    pairs = np.repeat(start[:-1][representative] - class_start[:-1], length) + np.arange(class_start[-1])
    class_candidate = candidate[pairs]
    by_candidate = np.argsort(class_candidate, kind="stable")
    per_candidate = np.bincount(class_candidate, minlength=origin.size)
    return Model(
        origin=origin,
        weight=_sums(klass, weight, representative.size),
        price=_sums(klass, price, representative.size),
        class_start=class_start,
        class_candidate=class_candidate,
        candidate_start=np.append(0, np.cumsum(per_candidate)).astype(np.int64),
        candidate_class=np.repeat(np.arange(representative.size), length)[by_candidate],
    )


def _sums(klass: IntArray, values: FloatArray, classes: int) -> FloatArray:
    return np.asarray(np.bincount(klass, weights=values, minlength=classes), dtype=np.float64)


@kernel
def _first_equal(start: IntArray, member: IntArray) -> IntArray:
    """Per row: the first row with the very same members. Open addressing; sets are compared, never only hashes."""
    rows = start.size - 1
    places = 1
    while places < _PLACES_PER_SET * rows:
        places *= 2
    table = np.full(places, -1, dtype=np.int64)
    first = np.empty(rows, dtype=np.int64)
    for row in range(rows):
        mixed = start[row + 1] - start[row]
        for at in range(start[row], start[row + 1]):
            mixed = ((mixed ^ member[at]) * _SPREAD) & _KEPT_BITS
            mixed ^= mixed >> _FOLD_BITS
        place = mixed & (places - 1)
        while True:
            other = table[place]
            if other < 0:
                table[place] = row
                first[row] = row
                break
            same = start[other + 1] - start[other] == start[row + 1] - start[row]
            step = 0
            while same and step < start[row + 1] - start[row]:
                same = member[start[other] + step] == member[start[row] + step]
                step += 1
            if same:
                first[row] = other
                break
            place = (place + 1) % places
    return first


@kernel
def _dominated(model: Model) -> npt.NDArray[np.bool_]:
    candidates, classes = model.candidate_start.size - 1, model.class_start.size - 1
    out = np.zeros(candidates, dtype=np.bool_)
    mark = np.full(classes, -1, dtype=np.int64)
    reached = model.candidate_start[1:] - model.candidate_start[:-1]
    reaching = model.class_start[1:] - model.class_start[:-1]
    for one in range(candidates):
        if reached[one] == 0:
            out[one] = True
            continue
        rarest = model.candidate_class[model.candidate_start[one]]
        for at in range(model.candidate_start[one], model.candidate_start[one + 1]):
            klass = model.candidate_class[at]
            mark[klass] = one
            if reaching[klass] < reaching[rarest]:
                rarest = klass
        for at in range(model.class_start[rarest], model.class_start[rarest + 1]):
            other = model.class_candidate[at]
            if other == one or reached[other] < reached[one] or (reached[other] == reached[one] and other > one):
                continue
            shared = 0
            for there in range(model.candidate_start[other], model.candidate_start[other + 1]):
                shared += mark[model.candidate_class[there]] == one
            if shared == reached[one]:
                out[one] = True
                break
    return out
