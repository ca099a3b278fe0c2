"""What arguments have to be, in one place for all questions to reach; and what they are where nobody says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Literal

import numpy as np
import shapely

from stationgeo.errors import ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from stationgeo.schema import IntArray

__all__ = [
    "OFF_STREET_KM_H",
    "SNAP_LIMIT_M",
    "Direction",
    "check_area",
    "check_at_least_0",
    "check_bands",
    "check_count",
    "check_cutoff",
    "check_travel",
]

OFF_STREET_KM_H = 4.5
"""A planning assumption, that of the mode walk in modes.toml: the way between a point and the street is walked."""

SNAP_LIMIT_M = 300.0
"""Farther than this off the street a point does not meet it, unless another limit is given."""

Direction = Literal["to_station", "from_station"]
_DIRECTIONS = ("to_station", "from_station")


def is_finite(value: object) -> bool:
    """Say whether something is a finite number."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def check_at_least_0(unit: str, **given: float) -> None:
    """Insist that numbers are finite, 0 or more."""
    for name, value in given.items():
        if not (is_finite(value) and value >= 0):
            raise ParameterError(f"{name} must be a finite number of {unit}, 0 or more. Got {value!r}.")


def check_above_0(unit: str, **given: float) -> None:
    """Insist that numbers are finite and above 0."""
    for name, value in given.items():
        if not (is_finite(value) and value > 0):
            raise ParameterError(f"{name} must be a finite number of {unit} above 0. Got {value!r}.")


def check_cutoff(cutoff_s: float) -> float:
    """Insist that a cutoff is a finite number of seconds, 0 or more."""
    check_at_least_0("seconds", cutoff_s=cutoff_s)
    return float(cutoff_s)


def check_count(name: str, value: int) -> int:
    """Insist that a number of things is whole, 1 or more."""
    if not is_finite(value) or int(value) != value or value < 1:
        raise ParameterError(f"{name} must be a whole number, 1 or more. Got {value!r} instead.")
    return int(value)


def check_bands(name: str, bands: Sequence[float]) -> list[float]:
    """Insist that bands are numbers above 0 that ascend."""
    given = list(bands) if isinstance(bands, Iterable) and not isinstance(bands, str) else [bands]
    fine = all(isinstance(band, Real) for band in given) and all(near < far for near, far in pairwise([0.0, *given]))
    if not given or not fine:
        raise ParameterError(f"{name} must be numbers above 0 that ascend. Got {first_few(given) or 'none'} instead.")
    return [float(band) for band in given]


def check_travel(off_street_km_h: float, direction: str, snap_limit_m: float) -> None:
    """Insist on a speed off the streets, on a direction, and on how far off the streets is too far."""
    check_above_0("km/h", off_street_km_h=off_street_km_h)
    check_at_least_0("metres", snap_limit_m=snap_limit_m)
    if direction not in _DIRECTIONS:
        raise ParameterError(f"direction must be 'to_station' or 'from_station'. Got {direction!r}.")


def check_area(within: shapely.Polygon | shapely.MultiPolygon) -> None:
    """Insist on one polygon, or several as one, with an inside and an outside."""
    check_kind("within", within, (shapely.Polygon, shapely.MultiPolygon), "one polygon in WGS-84, or several as one")
    if not shapely.is_valid(within):
        raise ParameterError(
            f"within must be a valid polygon. Got one with this fault: {shapely.is_valid_reason(within)}. Repair it, "
            "for example by shapely.make_valid."
        )


def check_kind(name: str, value: object, kind: type | tuple[type, ...], what: str) -> None:
    """Insist that something is what its maker returned, rather than one of its tables, or a path."""
    if not isinstance(value, kind):
        raise ParameterError(f"{name} must be {what}. Got {type(value).__name__}.")


def whole_numbers(name: str, values: npt.ArrayLike) -> IntArray:
    """Read whole numbers, in one row."""
    given = np.asarray(values)
    if given.size and given.dtype.kind not in "iu":
        raise ParameterError(f"{name} must be whole numbers. Got {given.dtype}.")
    return given.astype(np.int64).reshape(-1)
