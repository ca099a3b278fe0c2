"""Stops added up so that sums of sums are sums of all: the form in which demand is computed in parts and kept.

Whatever is added here is a whole number: microseconds, stops, and shares of a courier-day in units of 2 ** -40. Whole
numbers add in any order to the same last digit, so that aggregates of parts combine to the aggregate of the whole bit
for bit, on one thread or on a hundred machines. Distinct couriers do not add: they are kept as sets of hashes, of which
the smallest stay where a set grows too large.

Time is told apart by how well it is known: `courier_us` is time of stops, seen or (`interpolated_us` of it) assumed
between far fixes; `unknown_us` is time of silences, stands beside it and is nobody's rest.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import cells
from stationgeo.demand._gather import gather
from stationgeo.errors import ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from stationgeo.schema import IntArray

__all__ = ["KEY", "REST", "SUMS", "Aggregate", "coarsen", "combine", "rows_of", "tables_of"]

KEY = ("cell", "zone_id", "hour", "group", "purpose")
"""Key of `Aggregate.sums`; `hour` counts local hours since 1970-01-01 00:00."""

REST = ("courier_us", "visits", "weight_units")
"""The sums of stops: microseconds, stops, and 2 ** -40 of a courier-day."""

SUMS = (*REST, "interpolated_us", "unknown_us")
"""The columns of `Aggregate.sums` that add: those of stops, the microseconds of them that were not seen, and, beside
them, the microseconds of silences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Stops of some couriers and days, added up per cell, zone, local hour, group and purpose."""

    sums: pd.DataFrame
    """Key `KEY`, in its order; `courier_us`, `visits`, `weight_units`, `interpolated_us` (part of `courier_us`) and
    `unknown_us` (beside it): int64. Where only silences were, `courier_us` and `visits` are 0 and nobody is counted."""

    couriers: pd.DataFrame
    """Who was there: `row` of `sums` and `courier`, a uint64 hash, in this order; `courier_us` of each. Of a row with
    more than `most_couriers` the smallest hashes."""

    replicates: IntArray
    """(rows of `sums`, replicates): `courier_us` of Poisson-bootstrap replicates."""

    days: IntArray
    """Local days since 1970 on which couriers were observed, each once and in order."""

    resolution: int
    """H3 resolution of the cells."""

    tz: str
    """Time zone of hours and days."""

    most_couriers: int
    """How many couriers of a row are kept."""

    tells_interpolated: bool
    """Whether all stops said how much of them is interpolated; if not, `interpolated_us` says nothing."""

    tells_unknown: bool
    """Whether silences were given; if not, `unknown_us` says nothing."""

    @property
    def n_replicates(self) -> int:
        """Number of bootstrap replicates."""
        return int(self.replicates.shape[1])


def combine(aggregates: Iterable[Aggregate]) -> Aggregate:
    """Add aggregates of couriers that are apart, or of days that are.

    Parameters
    ----------
    aggregates
        At least one, all of one resolution, time zone, number of replicates and of couriers kept. The caller vouches
        that no stop is in two of them and that the stops of a courier-day are in one: courier-days of two halves of a
        track would each weigh 1.

    Returns
    -------
    Aggregate
        What `aggregate` makes of all their stops and silences at once, bit for bit, whatever their order and grouping.
        It tells interpolated or unknown time if all of them do.

    Raises
    ------
    ParameterError
        If there is none, or they are of different kinds.

    Notes
    -----
    A commutative monoid: whole numbers add; the k smallest of the union of two sets are the k smallest of the union of
    their k smallest. O(n log n) for n rows and couriers in all.

    References
    ----------
    Beyer, K., Haas, P. J., Reinwald, B., Sismanis, Y. and Gemulla, R. (2007). On synopses for distinct-value estimation
    under multiset operations. SIGMOD '07, 199-210. doi:10.1145/1247480.1247504

    Examples
    --------
    >>> from stationgeo import demand
    >>> from stationgeo.schema import STOPS, empty
    >>> nothing = demand.aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")
    >>> len(demand.combine([nothing, nothing]).sums)
    0
    """
    parts = list(aggregates)
    if not parts:
        raise ParameterError("aggregates must not be empty: there is nothing to combine.")
    like = _check_alike(parts)
    begin = np.cumsum([0, *(len(part.sums) for part in parts)])
    keys = pd.concat([part.sums[list(KEY)] for part in parts], ignore_index=True)
    values = np.concatenate([_values(part) for part in parts])
    people = pd.concat(
        [part.couriers.assign(row=part.couriers["row"] + at) for part, at in zip(parts, begin, strict=False)]
    )
    return dataclasses.replace(
        like,
        **tables_of(keys, values, people, most=like.most_couriers),
        days=np.unique(np.concatenate([part.days for part in parts])),
        tells_interpolated=all(part.tells_interpolated for part in parts),
        tells_unknown=all(part.tells_unknown for part in parts),
    )


def coarsen(aggregate: Aggregate, *, resolution: int) -> Aggregate:
    """Bring an aggregate to the parents of its cells.

    Parameters
    ----------
    aggregate
        Of `resolution` or finer.
    resolution
        H3 resolution of the parents.

    Returns
    -------
    Aggregate
        With the same totals. A parent does not contain its children geometrically: their edges interlock.

    Raises
    ------
    DataError
        If the aggregate is coarser.
    ParameterError
        If there is no such resolution.

    Notes
    -----
    Sums add, sets of couriers unite. O(n log n).

    Examples
    --------
    >>> from stationgeo import demand
    >>> from stationgeo.schema import STOPS, empty
    >>> week = demand.aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")
    >>> demand.coarsen(week, resolution=8).resolution
    8
    """
    cell = cells.parents(aggregate.sums["cell"].to_numpy(), resolution=resolution)
    keys = aggregate.sums[list(KEY)].assign(cell=cell)
    tables = tables_of(keys, _values(aggregate), aggregate.couriers, most=aggregate.most_couriers)
    return dataclasses.replace(aggregate, **tables, resolution=resolution)


def rows_of(aggregate: Aggregate, kept: npt.NDArray[np.bool_]) -> Aggregate:
    """Keep some rows, with their couriers."""
    place = np.cumsum(kept) - 1
    couriers = aggregate.couriers[kept[aggregate.couriers["row"].to_numpy()]]
    return dataclasses.replace(
        aggregate,
        sums=aggregate.sums[kept].reset_index(drop=True),
        couriers=couriers.assign(row=place[couriers["row"].to_numpy()]).reset_index(drop=True),
        replicates=aggregate.replicates[kept],
    )


def tables_of(keys: pd.DataFrame, values: IntArray, couriers: pd.DataFrame, *, most: int) -> dict[str, Any]:
    """Add rows of one key up: the tables of an aggregate."""
    table, total, people = gather(keys, values, couriers, most=most)
    kinds = {"cell": "uint64", "zone_id": "str", "hour": "int64", "group": "str", "purpose": "str"}
    return {
        "sums": table.astype(kinds).assign(**{name: total[:, at] for at, name in enumerate(SUMS)}),
        "couriers": people,
        "replicates": np.ascontiguousarray(total[:, len(SUMS) :]),
    }


def _values(part: Aggregate) -> IntArray:
    return np.column_stack([part.sums[list(SUMS)].to_numpy(dtype=np.int64), part.replicates])


def _check_alike(parts: Sequence[Aggregate]) -> Aggregate:
    for name in ("resolution", "tz", "n_replicates", "most_couriers"):
        values = {getattr(part, name) for part in parts}
        if len(values) > 1:
            raise ParameterError(f"aggregates must have one {name} to be combined. Got {first_few(sorted(values))}.")
    return parts[0]
