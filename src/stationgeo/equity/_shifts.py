"""Hours of the day as named shifts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

_HOURS_PER_DAY = 24


def shift_of(bins: npt.ArrayLike, *, shifts: Mapping[str, tuple[int, int]]) -> npt.NDArray[np.object_]:
    """Name the shift that each bin of time lies in.

    Parameters
    ----------
    bins
        Hours of the week, of the type of day or of the day, whole numbers: the hour of the day is what is left after
        division by 24. Below 0: the time is not known.
    shifts
        By name, the first hour and the hour it ends before, both 0 to 24; (22, 6) runs past midnight. They may not
        share an hour.

    Returns
    -------
    ndarray of str
        One name per bin; '' where the time is not known, and in hours of no shift.

    Raises
    ------
    DataError
        If bins are not whole numbers.
    ParameterError
        If an hour is not from 0 to 24, a shift has no hour, or two share one.

    Notes
    -----
    O(n + 24).

    Examples
    --------
    >>> shift_of([0, 12, 24 + 23, -1], shifts={"day": (6, 22), "night": (22, 6)})
    array(['night', 'day', 'night', ''], dtype=object)
    """
    given = np.asarray(bins).reshape(-1)
    if given.size and given.dtype.kind not in "iu":
        raise DataError(f"bins must be whole numbers. Got {given.dtype}.")
    name_of = np.full(_HOURS_PER_DAY, "", dtype=np.object_)
    for name, hours in shifts.items():
        run = _run(name, hours)
        taken = [hour for hour in run if name_of[hour]]
        if taken:
            raise ParameterError(
                f"shifts must not share an hour. {name!r} shares {first_few(taken)} with {name_of[taken[0]]!r}."
            )
        name_of[run] = name
    return np.where(given >= 0, name_of[given.astype(np.int64) % _HOURS_PER_DAY], "").astype(np.object_)


def _run(name: str, hours: tuple[int, int]) -> list[int]:
    """List the hours of a shift."""
    first, end = hours
    if not name or not all(isinstance(hour, int) and 0 <= hour <= _HOURS_PER_DAY for hour in hours) or first == end:
        raise ParameterError(
            f"a shift must have a name, a first hour and another that it ends before, 0 to 24. Got {name!r}: {hours!r}."
        )
    n_hours = (end - first) % _HOURS_PER_DAY or _HOURS_PER_DAY
    return [(first + step) % _HOURS_PER_DAY for step in range(n_hours)]
