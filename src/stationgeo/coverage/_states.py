"""From states of demand to who covers it: for sure, at most, and between which bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo.coverage._tally import N_STATES, NO, YES

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["CLASS_OF", "HIGH", "LOW", "class_bounds"]

_N_CLASSES = 4
_NEITHER, _WARM, _CENTRE, _BOTH = range(_N_CLASSES)

_STATE = np.arange(N_STATES)
_WARM_IS, _CENTRE_IS, _ANY_IS = _STATE // 9, _STATE // 3 % 3, _STATE % 3

LOW: npt.NDArray[np.bool_] = _ANY_IS == YES
"""(N_STATES,): covered for sure."""

HIGH: npt.NDArray[np.bool_] = _ANY_IS != NO
"""(N_STATES,): covered, were every unknown a yes."""


def _classes() -> npt.NDArray[np.int64]:
    """Tell the class of each state where every unknown is a no."""
    warm, centre = _WARM_IS == YES, _CENTRE_IS == YES
    together = np.where(LOW, _BOTH, _NEITHER)
    return np.where(warm & ~centre, _WARM, np.where(centre & ~warm, _CENTRE, together))


CLASS_OF = _classes()
"""(N_STATES,): index into CLASSES, for sure: the classes add up to the demand."""


def class_bounds(*, n_clauses: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell which states are of a class however the unknowns turn out, and which may be, (N_STATES, 4) each.

    One family alone: it is served, and the other is not; these two answers turn out independently of each other. Of
    several clauses both families may have what neither has alone, of a single one that cannot be.
    """
    sure = np.zeros((N_STATES, _N_CLASSES), dtype=np.bool_)
    maybe = np.zeros_like(sure)
    for one, other, name in ((_WARM_IS, _CENTRE_IS, _WARM), (_CENTRE_IS, _WARM_IS, _CENTRE)):
        sure[:, name] = (one == YES) & (other == NO)
        maybe[:, name] = (one != NO) & (other != YES)
    sure[:, _NEITHER], maybe[:, _NEITHER] = ~HIGH, ~LOW
    sure[:, _BOTH] = LOW & ~maybe[:, _WARM] & ~maybe[:, _CENTRE]
    several = HIGH & ~sure[:, _WARM] & ~sure[:, _CENTRE]
    maybe[:, _BOTH] = (_WARM_IS != NO) & (_CENTRE_IS != NO) if n_clauses <= 1 else several
    return sure, maybe
