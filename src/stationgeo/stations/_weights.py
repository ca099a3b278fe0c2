"""How much of the demand of a stop is demand for a need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.errors import ParameterError, suggest
from stationgeo.schema import PURPOSES, UNTIMED_BIN, WEEK_BIN
from stationgeo.stations._checks import HOURS_PER_DAY, UNSPLIT
from stationgeo.stations._data import chosen
from stationgeo.stations._masks import N_BINS

if TYPE_CHECKING:
    from stationgeo.stations._data import Catalogue

__all__ = ["need_weights"]


def need_weights(*, bins: str, catalogue: Catalogue | None = None) -> pd.DataFrame:
    """Tell which part of demand is demand for each need, by what the stop was for and by the hour.

    Parameters
    ----------
    bins
        "hour_of_week" or "hour_of_day_type", the bins of DEMAND.
    catalogue
        What `read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`need`, `purpose`, `bin`), one row each; `weight`, without a unit, 0 to 1: what to multiply the demand of
        such stops in such an hour by. `purpose` is one of `schema.PURPOSES`, or '' for demand that tells none;
        `bin` also -1 (no time known) and -2 (an average week), whose weight is the mean over the hours of a day.

    Raises
    ------
    ParameterError
        If there are no such bins.

    Notes
    -----
    weight = purpose factor x hour factor, both of need_weights.toml: **assumptions**, each with its source, to be
    replaced by what is known of a city. The hour of a bin is ``bin % 24``; days are alike. Weights of the needs of one
    stop do not add to 1, because a stop may be for several. Weighted demand is never more than the demand.
    O(needs x purposes x bins).

    Examples
    --------
    >>> table = need_weights(bins="hour_of_week").set_index(["need", "purpose", "bin"])["weight"]
    >>> bool(table["meals", "rest", 13] > table["meals", "rest", 3])
    True
    """
    if bins not in N_BINS:
        raise ParameterError(f"unknown bins {bins!r}; {suggest(str(bins), N_BINS)}")
    entries = chosen(catalogue).files["need_weights.toml"]["weights"]
    purposes = ("", *PURPOSES)
    number = np.array([WEEK_BIN, UNTIMED_BIN, *range(N_BINS[bins])], dtype=np.int64)
    by_purpose = np.array(
        [[entry["purposes"].get(purpose or UNSPLIT, 0.0) for purpose in purposes] for entry in entries.values()]
    )
    by_hour = np.array([entry["hours"] for entry in entries.values()], dtype=np.float64)
    timed = np.where(number < 0, by_hour.mean(axis=1)[:, None], by_hour[:, number % HOURS_PER_DAY])
    weight = by_purpose[:, :, None] * timed[:, None, :]
    keys = pd.MultiIndex.from_product([list(entries), purposes, number], names=["need", "purpose", "bin"])
    return pd.DataFrame({"weight": weight.ravel()}, index=keys).reset_index()
