"""Replicates of demand added up by who is served and where, once for all rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from stationgeo import schema
from stationgeo.coverage._percentiles import FEWEST, day_numbers, ends, kish_numbers, tails
from stationgeo.coverage._rows import ALL
from stationgeo.coverage._units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.coverage._row_states import Alike
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Drawn", "Places", "Share", "Whole", "days_by_class", "places_of", "shares_of", "sums_of", "whole_of"]

_HOURS_PER_DAY = 24
# What is left of a difference of sums that are equal but for the order in which they were added.
_ROUNDING = 1e-12

NO_DEMAND = "no demand"
OFTEN_EMPTY = "too many replicates without demand"
ONE_DAY = "a type of day was observed on fewer than 2 days"
ONE_COURIER = "demand of fewer than 2 couriers"


class Places(NamedTuple):
    """All places that are told of: everything inside the zones, then level by level."""

    level: list[str]
    zone_id: list[str]
    of_lowest: sparse.csr_array
    """(places, n_lowest + 1): 1 where a lowest-level zone, or what lies in none, belongs to a place."""


class Drawn(NamedTuple):
    """What was drawn anew, by class of rows."""

    source: str
    amount: FloatArray
    """(n_classes, 1 + replicates): seen, and drawn."""


class Whole(NamedTuple):
    """Demand of places, seen and drawn, and what it allows to say."""

    amount: FloatArray
    """(places, 1 + replicates)."""
    n_empty: IntArray
    number: FloatArray
    """How many couriers or days it comes of, in effect."""
    tail: FloatArray
    """Share of the replicates beyond each end; nan where there is no interval."""
    reason: npt.NDArray[np.str_]
    """Why there is none, else ''."""


class Share(NamedTuple):
    """A share of places with its interval."""

    seen: FloatArray
    lower: FloatArray
    upper: FloatArray
    number: FloatArray
    """How many couriers it comes of in effect: those served or the others, whoever are fewer; nan of days."""


def places_of(zones: gpd.GeoDataFrame | None) -> Places:
    """List the places of a tree, lowest level first; without zones all is one."""
    if zones is None:
        return Places([ALL], [schema.OUTSIDE], sparse.csr_array(np.ones((1, 1))))
    level, names, units = [ALL], [schema.OUTSIDE], units_of(zones)
    n = units[0].of_lowest.size
    rows, columns = [np.zeros(n - 1, dtype=np.int64)], [np.arange(n - 1)]
    for unit in units:
        own = unit.zones["zone_id"].tolist()[:-1]
        inside = np.flatnonzero(unit.of_lowest < len(own))
        rows.append(len(names) + unit.of_lowest[inside])
        columns.append(inside)
        level += [unit.level] * len(own)
        names += own
    at = (np.concatenate(rows), np.concatenate(columns))
    return Places(level, names, sparse.csr_array((np.ones(at[0].size), at), shape=(len(names), n)))


def sums_of(demand: pd.DataFrame, weight: str, source: str, names: Sequence[str], alike: Alike) -> Drawn:
    """Add columns of demand up by class of rows: the one look at every replicate."""
    n = alike.zone.size
    amount = np.empty((n, 1 + len(names)))
    for at, name in enumerate((weight, *names)):
        amount[:, at] = np.bincount(alike.of_row, demand[name].to_numpy(dtype=np.float64), minlength=n + 1)[:n]
    return Drawn(source, amount)


def days_by_class(demand: pd.DataFrame, weight: str, alike: Alike) -> tuple[FloatArray, FloatArray]:
    """Split what was seen of each class by type of day, (n_classes, types), and count days of each type, (types,)."""
    kept = np.flatnonzero(alike.of_row < alike.zone.size)
    names, kind = np.unique(demand["bin"].to_numpy()[kept] // _HOURS_PER_DAY, return_inverse=True)
    shape = (alike.zone.size, names.size)
    place = alike.of_row[kept] * names.size + kind
    amount = np.bincount(place, demand[weight].to_numpy(dtype=np.float64)[kept], minlength=shape[0] * shape[1])
    n_days = np.full(names.size, np.inf)
    np.fmin.at(n_days, kind, demand["observed_days"].to_numpy(dtype=np.float64)[kept])
    return np.asarray(amount, dtype=np.float64).reshape(shape), n_days


def whole_of(
    drawn: Drawn, days: tuple[FloatArray, FloatArray], alike: Alike, places: Places, *,
    factor: FloatArray | None, level: float,
) -> Whole:  # fmt: skip
    """Add up all demand that counts, and find how much of a replicate's tail an interval has to leave out."""
    every = np.ones(alike.zone.size, dtype=np.bool_)
    amount = _added(drawn.amount, every, factor, alike, places)
    n_empty, untold = (amount[:, 1:] == 0).sum(axis=1), np.isnan(amount[:, 1:]).any(axis=1)
    of_days = drawn.source != "couriers"
    number = (
        day_numbers(_added(days[0], every, factor, alike, places), days[1]) if of_days
        else kish_numbers(amount[:, 0], amount[:, 1:])
    )  # fmt: skip
    often = n_empty > (1.0 - level) / 2.0 * (amount.shape[1] - 1)
    few = untold | ~(number >= FEWEST)
    reason = np.select(
        [amount[:, 0] == 0, few, often], [NO_DEMAND, ONE_DAY if of_days else ONE_COURIER, OFTEN_EMPTY], ""
    )
    # Draws of couriers and days together count twice what both have in common: wide enough without the factor.
    tail = tails(np.where(reason == "", number, np.inf), level=level, unbiased=of_days)
    return Whole(amount, n_empty, number, np.where(reason == "", tail, np.nan), reason)


def shares_of(
    drawn: Drawn, whole: Whole, alike: Alike, places: Places, *, state: npt.NDArray[np.uint8],
    factor: FloatArray | None, masks: npt.NDArray[np.bool_],
) -> Iterator[Share]:  # fmt: skip
    """Give the share of what is in each set of states, (n_states, sets); sets that hold the same rows only once."""
    there = np.zeros(masks.shape[0], dtype=np.bool_)
    there[state] = True
    found: dict[bytes, Share] = {}
    for mask in masks.T:
        key = (mask & there).tobytes()
        if key not in found:
            part = _added(drawn.amount, mask[state], factor, alike, places)
            rate = np.divide(part, whole.amount, out=np.full(part.shape, np.nan), where=whole.amount > 0)
            sides = [_couriers_of(drawn, side) for side in (part, whole.amount - part)]
            found[key] = Share(rate[:, 0], *ends(rate[:, 1:], whole.tail), np.minimum(*sides))
        yield found[key]


def _couriers_of(drawn: Drawn, amount: FloatArray) -> FloatArray:
    """Tell of how many couriers amounts, (places, 1 + replicates), come in effect; infinite where there is nothing."""
    if drawn.source != "couriers":
        return np.full(len(amount), np.nan)
    n = kish_numbers(amount[:, 0], amount[:, 1:])
    return np.where(amount[:, 0] > _ROUNDING * np.abs(amount).max(initial=1.0), n, np.inf)


def _added(
    amount: FloatArray, kept: npt.NDArray[np.bool_], factor: FloatArray | None, alike: Alike, places: Places
) -> FloatArray:
    """Add classes of rows, (n_classes, k), up by place, (places, k); what is not kept is left out, nan of it too."""
    one = np.flatnonzero(kept)
    part = np.ones(one.size) if factor is None else factor[one]
    by_zone = sparse.csr_array((part, (alike.zone[one], one)), shape=(places.of_lowest.shape[1], kept.size))
    return np.asarray(places.of_lowest @ (by_zone @ amount), dtype=np.float64)
