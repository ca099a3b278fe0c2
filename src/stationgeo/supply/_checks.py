"""What numbers given to supply have to be."""

from __future__ import annotations

from numbers import Real

import numpy as np

from stationgeo.errors import ParameterError

__all__ = ["positive", "whole"]


def positive(**number: float) -> float:
    """Insist on a finite number above 0; called with its name."""
    ((name, value),) = number.items()
    if isinstance(value, bool) or not (isinstance(value, Real) and np.isfinite(value) and value > 0):
        raise ParameterError(f"{name} must be a finite number above 0. Got {value!r} instead.")
    return float(value)


def whole(**number: int) -> int:
    """Insist on a whole number of 1 or more; called with its name."""
    ((name, value),) = number.items()
    if isinstance(value, bool) or not (isinstance(value, Real) and value >= 1 and float(value).is_integer()):
        raise ParameterError(f"{name} must be a whole number of 1 or more. Got {value!r} instead.")
    return int(value)
