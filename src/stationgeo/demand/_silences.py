"""Silences that count as unknown time, and those that are too long to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.demand._split import check_lengths
from stationgeo.schema import SILENCES, empty, validate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LONGEST_SILENCE_S", "counted_silences", "uncounted_silences"]

LONGEST_SILENCE_S = 43_200.0
"""Silences of more than so many seconds are not counted as unknown time. It is the 12 hours for which tracks are
followed beyond a day that is indexed by itself: of a longer silence the day may not see the end, nor that it ended
where it began. Nor is it likely to be a rest that was missed: it is a night at home, or days off."""


def uncounted_silences(silences: pd.DataFrame) -> pd.DataFrame:
    """List the silences that are too long to be counted as unknown time.

    Parameters
    ----------
    silences
        SILENCES, as `tracks.find_silences` lists them. No rows are fine.

    Returns
    -------
    DataFrame
        SILENCES of more than `LONGEST_SILENCE_S`, 12 hours: those that `aggregate`, `from_stops` and
        `stop_time_shares` leave out whole.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If silences break their contract, or durations are not end - start.

    Notes
    -----
    O(s) for s silences.

    Examples
    --------
    >>> import pandas as pd
    >>> silences = pd.DataFrame({
    ...     "courier_id": ["a", "b"], "lon": 114.05, "lat": 22.54,
    ...     "start": pd.to_datetime(["2024-05-06 15:00"] * 2, utc=True),
    ...     "end": pd.to_datetime(["2024-05-06 16:00", "2024-05-07 23:00"], utc=True),
    ...     "duration_s": [3_600.0, 115_200.0],
    ... })
    >>> uncounted_silences(silences)["courier_id"].tolist()
    ['b']
    """
    _check(silences)
    return silences[silences["duration_s"] > LONGEST_SILENCE_S].reset_index(drop=True)


def counted_silences(silences: pd.DataFrame | None) -> pd.DataFrame:
    """Keep the silences that count; none where none are given."""
    if silences is None:
        return empty(SILENCES)
    _check(silences)
    return silences[silences["duration_s"] <= LONGEST_SILENCE_S]


def _check(silences: pd.DataFrame) -> None:
    validate(silences, SILENCES)
    check_lengths(silences, name="SILENCES", key="courier_id")
