"""Classes for maps that are held side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["common_breaks", "symmetric_breaks"]

_N_CLASSES = 5


def common_breaks(before: pd.Series[Any], after: pd.Series[Any], *, n_classes: int = _N_CLASSES) -> tuple[float, ...]:
    """Cut the values of both sides into classes of one width, so that two maps can be held side by side.

    Parameters
    ----------
    before, after
        Values of both sides; nan is left out.
    n_classes
        How many classes, 1 or more; five to seven can be told apart on a map.

    Returns
    -------
    tuple of float
        `n_classes` + 1 ascending breaks from the smallest to the largest value; one value twice where all are equal;
        none where there are no values.

    Raises
    ------
    ParameterError
        If `n_classes` is not a whole number, 1 or more.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> import pandas as pd
    >>> common_breaks(pd.Series([0.25, 0.5]), pd.Series([0.0, 1.0]), n_classes=4)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    _check_classes(n_classes)
    values = np.concatenate([np.asarray(side, dtype=np.float64) for side in (before, after)])
    there = values[np.isfinite(values)]
    if there.size == 0:
        return ()
    low, high = float(there.min()), float(there.max())
    return (low, high) if low == high else tuple(np.linspace(low, high, int(n_classes) + 1).tolist())


def symmetric_breaks(deltas: pd.Series[Any], *, n_classes: int = _N_CLASSES) -> tuple[float, ...]:
    """Cut changes into classes of one width with 0 in the middle, so that gain and loss are equally strong on a map.

    Parameters
    ----------
    deltas
        Changes; nan is left out.
    n_classes
        How many classes, an odd number: the class in the middle holds 0.

    Returns
    -------
    tuple of float
        `n_classes` + 1 ascending breaks from minus the largest change to plus it; (0, 0) where nothing changed; none
        where there are no values.

    Raises
    ------
    ParameterError
        If `n_classes` is not an odd number, 1 or more.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> import pandas as pd
    >>> symmetric_breaks(pd.Series([0.1, -0.75]), n_classes=3)
    (-0.75, -0.25, 0.25, 0.75)
    """
    _check_classes(n_classes)
    if n_classes % 2 == 0:
        raise ParameterError(f"n_classes must be odd, so that a class holds 0. Got {n_classes!r}.")
    values = np.abs(np.asarray(deltas, dtype=np.float64))
    there = values[np.isfinite(values)]
    if there.size == 0:
        return ()
    largest = float(there.max())
    if largest == 0:
        return (0.0, 0.0)
    upper = [largest * step / n_classes for step in range(1, int(n_classes) + 1, 2)]
    return (*(-step for step in reversed(upper)), *upper)


def _check_classes(n_classes: int) -> None:
    if isinstance(n_classes, bool) or int(n_classes) != n_classes or n_classes < 1:
        raise ParameterError(f"n_classes must be a whole number, 1 or more. Got {n_classes!r}.")
