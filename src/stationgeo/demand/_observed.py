"""Observed days: what averages divide by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stationgeo import _clock
from stationgeo.errors import ColumnError, DataError, first_few, suggest

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.schema import IntArray

__all__ = ["check_among_observed", "checked_observed", "per_weekday"]


def check_among_observed(observed: pd.DataFrame | None, *, days: IntArray, noun: str) -> IntArray:
    """Insist that all days with data are among the observed.

    Parameters
    ----------
    observed
        `date`, `weekday` as `tracks.observed_dates` makes them; None takes the days with data.
    days
        Local days since 1970 on which there are data; they may repeat.
    noun
        What is there on those days, for messages.

    Returns
    -------
    ndarray of int64
        The observed local days since 1970, each once and in order.
    """
    seen = np.unique(days)
    if observed is None:
        return seen
    dates = checked_observed(observed)
    lost = seen[~np.isin(seen, dates)]
    if lost.size:
        raise DataError(
            f"observed: every local date with {noun} must be among the observed dates, or averages would be too high. "
            f"{lost.size:,} of {seen.size:,} dates are not: {first_few(_clock.as_dates(lost)['date'])}. Make the dates "
            f"from the same records and in the same time zone, or leave out the {noun} of these dates."
        )
    return dates


def per_weekday(days: IntArray) -> IntArray:
    """Count distinct days by weekday: seven counts, Monday first."""
    return np.bincount(_clock.weekdays(days), minlength=_clock.DAYS_PER_WEEK).astype(np.int64)


def checked_observed(observed: pd.DataFrame) -> IntArray:
    """Return the observed local days since 1970, after a look at whether dates and weekdays belong together."""
    missing = [name for name in ("date", "weekday") if name not in observed.columns]
    if missing:
        raise ColumnError(
            f"observed: columns 'date' and 'weekday' are needed, as tracks.observed_dates makes them. {missing[0]!r} "
            f"is missing; {suggest(missing[0], [str(name) for name in observed.columns])}"
        )
    try:
        days = observed["date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    except ValueError as error:
        raise DataError(f"observed: dates must be ISO text such as '2024-05-06': {error}") from error
    wrong = observed["weekday"].to_numpy() != _clock.weekdays(days)
    if wrong.any():
        raise DataError(
            f"observed: weekday must be 0 for Monday to 6 for Sunday and fit the date; {int(wrong.sum()):,} of "
            f"{len(observed):,} dates break this: {first_few(observed.loc[wrong, 'date'])}."
        )
    return np.unique(days)
