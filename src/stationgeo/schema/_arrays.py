"""Aliases of the arrays that go in and out of computations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["CellArray", "FloatArray", "IntArray"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CellArray = npt.NDArray[np.uint64]
