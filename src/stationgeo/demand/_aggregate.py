"""Stops added up so that sums of sums are sums of all: the form in which demand is computed in parts and kept.

Whatever is added here is a whole number: microseconds, stops, and shares of a courier-day in units of 2 ** -40. Whole
numbers add in any order to the same last digit, so that aggregates of parts combine to the aggregate of the whole bit
for bit, on one thread or on a hundred machines. Distinct couriers do not add: they are kept as sets of hashes, of which
the smallest stay where a set grows too large.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._bootstrap import poisson_counts
from stationgeo.demand._gather import gather
from stationgeo.demand._observed import check_among_observed
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.schema import OUTSIDE, STOPS, validate
from stationgeo.zones import locate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "KEY",
    "MOST_COURIERS",
    "WEIGHT_UNITS",
    "Aggregate",
    "aggregate",
    "coarsen",
    "combine",
    "zone_of",
]

KEY = ("cell", "zone_id", "hour", "group", "purpose")
"""Key of `Aggregate.sums`; `hour` counts local hours since 1970-01-01 00:00."""

SUMS = ("courier_us", "visits", "weight_units")
"""The columns of `Aggregate.sums` that add: microseconds, stops, and 2 ** -40 of a courier-day."""

WEIGHT_UNITS = 1 << 40
"""A courier-day in `weight_units`: a share is true to 1e-12, and 8 million courier-days fit into one sum."""

MOST_COURIERS = 4_096
"""So many couriers of a row are kept. Below that the count is exact, beyond its standard error is 1.6 %."""

# Times are kept to the millisecond: duration_s may differ from end - start by that much.
_TOLERANCE_S = 0.001
_HASH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """Stops of some couriers and days, added up per cell, zone, local hour, group and purpose."""

    sums: pd.DataFrame
    """Key `KEY`, in its order; `courier_us`, `visits`, `weight_units`: int64."""

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

    @property
    def n_replicates(self) -> int:
        """Number of bootstrap replicates."""
        return int(self.replicates.shape[1])


def aggregate(
    stops: pd.DataFrame,
    *,
    zones: gpd.GeoDataFrame | None,
    resolution: int,
    tz: str,
    observed: pd.DataFrame | None = None,
    n_replicates: int = 0,
    most_couriers: int = MOST_COURIERS,
) -> Aggregate:
    """Add stops up per cell, zone, local hour, group and purpose.

    Parameters
    ----------
    stops
        STOPS, in any order; `group` where it is given. No rows give no sums.
    zones
        ZONES whose lowest level is disjoint; None puts everything outside.
    resolution
        H3 resolution of the cells.
    tz
        Time zone of the hours and days, for example ``"Asia/Shanghai"``.
    observed
        The dates on which couriers were observed, as `tracks.observed_dates` makes them; by default those on which any
        stop has time.
    n_replicates
        How many replicates of a Poisson bootstrap over couriers to keep; 0 or more.
    most_couriers
        Below so many couriers of a row their count is exact; 3 or more.

    Returns
    -------
    Aggregate
        Sums and sets that `combine` adds to those of other couriers.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If stops break their contract, durations are not end - start, or there are stops on a date that `observed`
        does not list.
    ParameterError
        If the resolution, the time zone or a number is out of range.

    Notes
    -----
    A stop gets its cell and its zone from its own position. It is split exactly where the clock on the wall strikes a
    full hour; it counts as a visit in the hour in which it starts.

    A courier-day is a courier and the local date on which a stop starts. Its stops share 2 ** 40 units in proportion
    to their seconds (equally, if none has any), cumulated in order of time and rounded, so that they add up to it
    exactly.

    A replicate draws each courier k times, k from a Poisson distribution of mean 1 that depends on the hash of the
    courier and the number of the replicate alone: parts that never met draw alike.

    O(s log s) for s stops split by the hour, besides finding zones.

    References
    ----------
    Chamandy, N., Muralidharan, O., Najmi, A. and Naidu, S. (2012). Estimating uncertainty for massive data streams.
    Google technical report (the Poisson bootstrap, keyed by the unit that is drawn).

    Examples
    --------
    Half an hour from 15:50 on a Monday in Shanghai:

    >>> stops = pd.DataFrame({
    ...     "stop_id": [0], "courier_id": ["a"], "lon": [114.05], "lat": [22.54],
    ...     "start": pd.to_datetime(["2024-05-06 07:50"], utc=True),
    ...     "end": pd.to_datetime(["2024-05-06 08:20"], utc=True),
    ...     "duration_s": [1800.0], "n_fixes": [150], "purpose": ["unknown"], "cut": [False],
    ... })
    >>> parts = aggregate(stops, zones=None, resolution=10, tz="Asia/Shanghai")
    >>> parts.sums["courier_us"].tolist(), parts.couriers["row"].tolist()
    ([600000000, 1200000000], [0, 1])
    """
    _clock.check_tz(tz)
    _check_numbers(n_replicates, most_couriers)
    validate(stops, STOPS)
    _check_durations(stops)
    ordered = stops.sort_values(["courier_id", "start", "stop_id"], kind="stable")
    start_us, end_us = _clock.instants(ordered["start"]), _clock.instants(ordered["end"])
    lon, lat = ordered["lon"].to_numpy(dtype=np.float64), ordered["lat"].to_numpy(dtype=np.float64)
    row, hour, length_us = _clock.split_hours(start_us, end_us, tz=tz)
    days = check_among_observed(observed, days=_clock.days(hour), noun="stops")
    code, names = pd.factorize(ordered["courier_id"])
    date = _clock.days(_clock.local_hours(start_us, tz=tz))
    keys = pd.DataFrame(
        {
            "cell": cells.from_lonlat(lon, lat, resolution=resolution)[row],
            "zone_id": zone_of(lon, lat, zones)[row],
            "hour": hour,
            "group": _groups(ordered)[row],
            "purpose": ordered["purpose"].to_numpy(dtype=object)[row],
        }
    )
    sums = np.column_stack(
        [length_us, np.diff(row, prepend=-1).astype(np.int64), _weight_units(code[row], date[row], length_us)]
    )
    courier = courier_hashes(names)[code][row]
    replicates = poisson_counts(courier, n_replicates=n_replicates) * length_us[:, None]
    people = pd.DataFrame({"row": np.arange(row.size), "courier": courier, "courier_us": length_us})
    table, values, people = gather(keys, np.column_stack([sums, replicates]), people, most=most_couriers)
    return _made(table, values, people, days=days, resolution=resolution, tz=tz, most_couriers=most_couriers)


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
        What `aggregate` makes of all their stops at once, bit for bit, whatever their order and grouping.

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
    >>> from stationgeo.schema import empty
    >>> nothing = aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")
    >>> len(combine([nothing, nothing]).sums)
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
    table, values, people = gather(keys, values, people, most=like.most_couriers)
    days = np.unique(np.concatenate([part.days for part in parts]))
    return _made(table, values, people, days=days, resolution=like.resolution, tz=like.tz,
                 most_couriers=like.most_couriers)  # fmt: skip


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
    >>> from stationgeo.schema import empty
    >>> coarsen(aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai"), resolution=8).resolution
    8
    """
    cell = cells.parents(aggregate.sums["cell"].to_numpy(), resolution=resolution)
    keys = aggregate.sums[list(KEY)].assign(cell=cell)
    table, values, people = gather(keys, _values(aggregate), aggregate.couriers, most=aggregate.most_couriers)
    return _made(table, values, people, days=aggregate.days, resolution=resolution, tz=aggregate.tz,
                 most_couriers=aggregate.most_couriers)  # fmt: skip


def zone_of(lon: FloatArray, lat: FloatArray, zones: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    """Lowest-level zone of each point, '' outside and where there are no zones."""
    if zones is None:
        return np.full(lon.size, OUTSIDE, dtype=object)
    return np.asarray(locate(lon, lat, zones=zones), dtype=object)


def courier_hashes(names: Iterable[str]) -> CellArray:
    """Hash ids to 64 bits (BLAKE2b), spread evenly however ids look; of 10 million, two agree with odds of 3e-6."""
    digests = b"".join(hashlib.blake2b(name.encode(), digest_size=_HASH_BYTES).digest() for name in names)
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def _made(
    keys: pd.DataFrame,
    values: IntArray,
    couriers: pd.DataFrame,
    *,
    days: IntArray,
    resolution: int,
    tz: str,
    most_couriers: int,
) -> Aggregate:
    kinds = {"cell": "uint64", "zone_id": "str", "hour": "int64", "group": "str", "purpose": "str"}
    sums = keys.astype(kinds).assign(**{name: values[:, at] for at, name in enumerate(SUMS)})
    return Aggregate(
        sums=sums,
        couriers=couriers,
        replicates=np.ascontiguousarray(values[:, len(SUMS) :]),
        days=days,
        resolution=resolution,
        tz=tz,
        most_couriers=most_couriers,
    )


def _values(part: Aggregate) -> IntArray:
    return np.column_stack([part.sums[list(SUMS)].to_numpy(dtype=np.int64), part.replicates])


def _groups(stops: pd.DataFrame) -> npt.NDArray[np.object_]:
    if "group" not in stops.columns:
        return np.full(len(stops), "", dtype=object)
    return np.asarray(stops["group"].fillna(""), dtype=object)


def _weight_units(courier: IntArray, date: IntArray, length_us: IntArray) -> IntArray:
    """Share of each part in its courier-day; parts are ordered by courier and time."""
    new = np.ones(courier.size, dtype=bool)
    new[1:] = (courier[1:] != courier[:-1]) | (date[1:] != date[:-1])
    first = np.flatnonzero(new)
    if not first.size:
        return np.zeros(0, dtype=np.int64)
    day = np.cumsum(new) - 1
    idle = np.add.reduceat(length_us, first) == 0
    # Where nobody was seen to stay for any time, each stop counts alike; it has one part then.
    share = np.where(idle[day], 1, length_us)
    cumulated = np.cumsum(share)
    before = np.concatenate([[0], cumulated])[first]
    total = cumulated[np.append(first[1:], share.size) - 1] - before
    upto = np.rint((cumulated - before[day]) / total[day] * WEIGHT_UNITS).astype(np.int64)
    since = np.where(new, 0, np.concatenate([[0], upto[:-1]]))
    return np.asarray(upto - since, dtype=np.int64)


def _check_numbers(n_replicates: int, most_couriers: int) -> None:
    for name, value, least in (("n_replicates", n_replicates, 0), ("most_couriers", most_couriers, 3)):
        if isinstance(value, bool) or int(value) != value or value < least:
            raise ParameterError(f"{name} must be a whole number, {least} or more. Got {value!r} instead.")


def _check_durations(stops: pd.DataFrame) -> None:
    lasted = (stops["end"] - stops["start"]).dt.total_seconds()
    wrong = ~((stops["duration_s"] - lasted).abs() <= _TOLERANCE_S) | (lasted < 0)
    if wrong.any():
        raise DataError(
            f"STOPS: duration_s must be end - start in seconds; {int(wrong.sum()):,} of {len(stops):,} stops break "
            f"this, stop_id {first_few(stops.loc[wrong, 'stop_id'])}."
        )


def _check_alike(parts: Sequence[Aggregate]) -> Aggregate:
    for name in ("resolution", "tz", "n_replicates", "most_couriers"):
        values = {getattr(part, name) for part in parts}
        if len(values) > 1:
            raise ParameterError(f"aggregates must have one {name} to be combined. Got {first_few(sorted(values))}.")
    return parts[0]
