"""Adding up by key, and dividing where there is something to divide by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray

__all__ = ["share_of", "totals"]


def totals(key: npt.NDArray[np.integer[Any]], values: FloatArray, n: int) -> FloatArray:
    """Add values up by a key from 0 to n - 1."""
    return np.bincount(key, weights=values, minlength=n).astype(np.float64, copy=False)


def share_of(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Divide; nan where there is nothing to divide by."""
    shares: FloatArray = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
    return shares
