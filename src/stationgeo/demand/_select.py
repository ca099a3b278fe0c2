"""Parts of an aggregate: some purposes, some days."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from stationgeo import _clock
from stationgeo.demand._aggregate import rows_of
from stationgeo.demand._bins import day_type_names, day_types
from stationgeo.errors import ParameterError, suggest
from stationgeo.schema import DEMAND

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from stationgeo.demand._aggregate import Aggregate
    from stationgeo.demand._bins import Calendar
    from stationgeo.schema import IntArray

__all__ = ["are_of_type", "check_purposes", "select"]


def select(
    aggregate: Aggregate,
    *,
    purposes: Collection[str] | None = None,
    days: IntArray | None = None,
    groups: Collection[str] | None = None,
) -> Aggregate:
    """Keep the demand of some purposes, of some days and of some groups of workers.

    Parameters
    ----------
    aggregate
        What `aggregate` or `combine` made.
    purposes
        Purposes to keep; by default all. Days stay observed on which nobody stopped for them. Silences have the purpose
        "unknown": without it unknown time is not told any more.
    days
        Local days since 1970 to keep; by default all. Of the observed days only these stay.
    groups
        Worker groups to keep, '' for those of none; by default all. Days stay observed on which none of them was seen.

    Returns
    -------
    Aggregate
        A smaller one, whose parts add like those of the whole.

    Raises
    ------
    ParameterError
        If a purpose is unknown, or nobody is of a group.

    Notes
    -----
    A stop over midnight is on two days, each with the seconds of its own. O(n) for n rows and couriers.

    Examples
    --------
    >>> from stationgeo.demand import aggregate
    >>> from stationgeo.schema import STOPS, empty
    >>> nothing = aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")
    >>> len(select(nothing, purposes=["rest"]).sums)
    0
    """
    kept = np.ones(len(aggregate.sums), dtype=np.bool_)
    observed, tells_unknown = aggregate.days, aggregate.tells_unknown
    if purposes is not None:
        check_purposes(purposes)
        kept &= aggregate.sums["purpose"].isin(list(purposes)).to_numpy()
        tells_unknown &= "unknown" in purposes
    if groups is not None:
        known = sorted(aggregate.sums["group"].unique())
        strange = [group for group in groups if group not in known]
        if strange:
            raise ParameterError(f"nobody is of group {strange[0]!r}. {suggest(strange[0], known)}")
        kept &= aggregate.sums["group"].isin(list(groups)).to_numpy()
    if days is not None:
        kept &= np.isin(_clock.days(aggregate.sums["hour"].to_numpy()), days)
        observed = observed[np.isin(observed, days)]
    return dataclasses.replace(rows_of(aggregate, kept), days=observed, tells_unknown=tells_unknown)


def are_of_type(days: IntArray, *, of_types: Collection[str], calendar: Calendar | None) -> npt.NDArray[np.bool_]:
    """Tell which days are working days, weekends or holidays.

    Parameters
    ----------
    days
        Local days since 1970, shape (n,).
    of_types
        Of "working day", "weekend" and "holiday".
    calendar
        "CN" for the public holidays of the mainland of China and the weekends worked instead; None tells days by
        their weekday, and knows no holidays.

    Returns
    -------
    ndarray of bool
        Whether each day is of one of the types, shape (n,).

    Raises
    ------
    ParameterError
        If a type or the calendar is unknown.

    Notes
    -----
    Days beyond the calendar are told by their weekday: `uncalendared` lists them. O(n).

    Examples
    --------
    6 and 11 May 2024: a Monday, and a Saturday worked for the holidays before.

    >>> days = np.array(["2024-05-06", "2024-05-11"], dtype="datetime64[D]").astype(np.int64)
    >>> are_of_type(days, of_types=["working day"], calendar="CN").tolist()
    [True, True]
    >>> are_of_type(days, of_types=["working day"], calendar=None).tolist()
    [True, False]
    """
    names = day_type_names("hour_of_day_type")
    strange = [name for name in of_types if name not in names]
    if strange:
        raise ParameterError(f"unknown day type {strange[0]!r}; {suggest(strange[0], names)}")
    wanted = [names.index(name) for name in of_types]
    return np.isin(day_types(days, bins="hour_of_day_type", calendar=calendar), wanted)


def check_purposes(purposes: Collection[str]) -> None:
    """Insist on purposes that there are."""
    known = DEMAND["purpose"].choices or ()
    strange = [name for name in purposes if name not in known]
    if strange:
        raise ParameterError(f"unknown purpose {strange[0]!r}; {suggest(strange[0], known)}")
