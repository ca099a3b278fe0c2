"""Demand that may leave the house: no number speaks of fewer than so many couriers, not even by subtraction."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._aggregate import REST, Aggregate, rows_of
from stationgeo.demand._bins import checked_bins, day_type_names, day_types, days_per_type
from stationgeo.demand._gather import distinct_couriers, gather
from stationgeo.demand._split import WEIGHT_UNITS
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stationgeo.demand._bins import Bins, Calendar
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["PARTS_OF_DAY", "Release", "overlapping", "release"]

FEWEST_COURIERS = 10
"""A number is published if it speaks of at least so many couriers, unless another k is asked for."""

MOST_SHARE = 0.5
"""Of the seconds that a number counts, one courier may have this share at most (a dominance rule)."""

PARTS_OF_DAY = ("00-06", "06-10", "10-14", "14-17", "17-21", "21-24")
"""Local hours of the parts of a day: night, morning, noon, afternoon, evening and late."""

_PART_OF_HOUR = np.repeat(np.arange(6), [6, 4, 4, 3, 4, 3])
_HOUR, _PART, _ANY = "hour", "part of day", "any time"
_SHARE_STEP = 0.01
# Columns of the values that are pooled: raw microseconds, for the shares of couriers, and averages per observed day.
_RAW, _SECONDS, _VISITS, _WEIGHT = range(4)
_POOLED = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Demand in pieces that may be published, and all that may be said of the rest."""

    table: pd.DataFrame
    """One row per piece: `zone_id`, `cell`, `span` ("hour", "part of day" or "any time"), `day_type` and `hours` in
    words ('' where any), `courier_s`, `visits`, `courier_weight` (per observed day of that type; an average week where
    any), `couriers`. Pieces are apart: no stop is in two of them. A cell coarser than the others holds what its
    children, and a longer span what its hours, could not publish by themselves."""

    totals: pd.DataFrame
    """`zone_id`, `courier_s`, `visits`, `courier_weight`: sums of the rows of `table`, for an average week."""

    suppressed_share: float
    """Share of all seconds that is in no row, rounded up to whole percent, so that nothing can be computed from it."""

    k: int
    """Fewest couriers of a row."""

    most_share: float
    """Largest share of one courier in a row's seconds."""

    days: tuple[str, ...]
    """The observed dates."""

    fingerprint: str
    """Of what was released: parameters, dates, territory."""

    @property
    def entry(self) -> dict[str, Any]:
        """What to remember of it: plain values, as JSON has them."""
        return {
            "fingerprint": self.fingerprint,
            "days": list(self.days),
            "k": self.k,
            "most_share": self.most_share,
            "pieces": len(self.table),
            "suppressed_share": self.suppressed_share,
        }

    def _repr_html_(self) -> str:
        text = (
            f"{len(self.table):,} pieces of demand, each of {self.k} couriers or more; less than "
            f"{self.suppressed_share:.0%} of the seconds suppressed"
        )
        return f"<b>{escape(text)}</b>{self.table.head(3)._repr_html_()}"  # type: ignore[operator]


def release(
    aggregate: Aggregate,
    *,
    k: int = FEWEST_COURIERS,
    most_share: float = MOST_SHARE,
    coarsest_resolution: int,
    bins: Bins = "hour_of_week",
    calendar: Calendar | None = None,
) -> Release:
    """Cut demand into pieces that speak of at least k couriers each; coarsen before dropping.

    Parameters
    ----------
    aggregate
        What `aggregate` or `combine` made. Interpolated and unknown time are not published.
    k
        Fewest distinct couriers of a piece; 2 or more. 1 releases everything: for synthetic data alone.
    most_share
        Largest share of a piece's seconds that one courier may have; above 0 and up to 1.
    coarsest_resolution
        H3 resolution up to which cells may be pooled; what is too small even there is dropped.
    bins, calendar
        As for `read_out`.

    Returns
    -------
    Release
        The pieces, totals made from them, and the share that was dropped.

    Raises
    ------
    DataError
        If there is nothing to release.
    ParameterError
        If a number is out of range, or bins or calendar are unknown.

    Notes
    -----
    Zone by zone, pieces are tried from fine to coarse: an hour of a cell; what is left of a part of the day in the
    cell; what is left of the cell; what is left of its parent, and so on. A piece is published if at least k couriers
    are in it and none of them has more than `most_share` of its seconds. What is not goes on to the next coarser
    piece, together with everything else that was not published below it. What is left in the end is dropped.

    So the pieces are disjoint and each of them is safe, and everything that is published (totals too) is a sum of
    pieces: a difference of any two published sums is again a sum of whole pieces, never a part of one. It is
    k-suppression of tables by couriers; it does not hide that a group of k was somewhere, does not protect against
    somebody who knows all but one of them, and says nothing of releases of other cuts of the same days: see
    `overlapping`.

    Where a piece has more couriers than the aggregate keeps, the share of one courier is judged by those kept.
    O(n log n) for each step.

    References
    ----------
    Sweeney, L. (2002). k-anonymity: a model for protecting privacy. International Journal of Uncertainty, Fuzziness and
    Knowledge-Based Systems 10, 557-570. doi:10.1142/S0218488502001648

    Examples
    --------
    >>> from stationgeo.demand import aggregate
    >>> from stationgeo.schema import STOPS, empty
    >>> release(aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai"), coarsest_resolution=8)
    Traceback (most recent call last):
        ...
    stationgeo.errors.DataError: there is no demand to release: the aggregate has no rows.
    """
    _check(k=k, most_share=most_share, coarsest=coarsest_resolution, resolution=aggregate.resolution)
    checked_bins(bins)
    # Silences are nobody's rest, and have no couriers by whom their safety could be judged.
    aggregate = rows_of(aggregate, np.isin(np.arange(len(aggregate.sums)), aggregate.couriers["row"].to_numpy()))
    if aggregate.sums.empty:
        raise DataError("there is no demand to release: the aggregate has no rows.")
    hour = aggregate.sums["hour"].to_numpy()
    types = day_types(_clock.days(hour), bins=bins, calendar=calendar)
    observed = days_per_type(aggregate.days, seen=_clock.days(hour), bins=bins, calendar=calendar)
    keys = aggregate.sums[["zone_id", "cell"]].assign(day_type=types, hour=hour % _clock.HOURS_PER_DAY)
    left = _Pieces(keys=keys, amounts=_per_day(aggregate, observed[types]), couriers=aggregate.couriers)
    published = []
    for resolution, span in _ladder(aggregate.resolution, coarsest_resolution):
        pooled = _pooled(left, resolution, span, most=aggregate.most_couriers)
        safe = _are_safe(pooled, k=k, most_share=most_share, most=aggregate.most_couriers)
        published.append(_as_table(_taken(pooled, safe), span, bins, most=aggregate.most_couriers))
        left = _taken(pooled, ~safe)
    table = pd.concat([part for part in published if len(part)] or published[:1], ignore_index=True)
    table = table.sort_values(["zone_id", "cell", "span", "day_type", "hours"], ignore_index=True)
    everything = float(aggregate.sums["courier_us"].sum())
    dropped = float(left.amounts[:, _RAW].sum()) / everything if everything else 0.0
    days = tuple(_clock.as_dates(aggregate.days)["date"])
    return Release(
        table=table,
        totals=table.groupby("zone_id")[["courier_s", "visits", "courier_weight"]].sum().reset_index(),
        suppressed_share=math.ceil(round(dropped / _SHARE_STEP, 9)) * _SHARE_STEP,
        k=k,
        most_share=most_share,
        days=days,
        fingerprint=_fingerprint(table, days, k=k, most_share=most_share, bins=bins, coarsest=coarsest_resolution),
    )


def overlapping(new: Release, logged: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say which earlier releases share days with a new one and cut them differently.

    Parameters
    ----------
    new
        What is about to be published.
    logged
        What was published before: `Release.entry` of each.

    Returns
    -------
    list of str
        A warning for each: two cuts of the same days can be subtracted from each other, which the safety of each by
        itself does not cover. The very same release again is none.

    Notes
    -----
    O(releases x days).

    Examples
    --------
    >>> table = pd.DataFrame({"courier_s": [3600.0]})
    >>> one = Release(table=table, totals=table, suppressed_share=0.0, k=10, most_share=0.5, days=("2026-11-20",),
    ...               fingerprint="5f2a")
    >>> overlapping(one, [one.entry])
    []
    """
    warnings = []
    for number, earlier in enumerate(logged, start=1):
        shared = sorted(set(new.days) & set(earlier["days"]))
        if shared and earlier["fingerprint"] != new.fingerprint:
            warnings.append(
                f"release {number} ({earlier['fingerprint']}) speaks of {len(shared):,} of the same days, from "
                f"{shared[0]} to {shared[-1]}, in other pieces: subtracting one from the other may single out few. "
                "Publish the same cut again, or other days."
            )
    return warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """Disjoint pieces of demand."""

    keys: pd.DataFrame
    """`zone_id`, `cell`, `day_type`, `hour` (or part of the day); -1 where pooled."""
    amounts: FloatArray
    """(pieces, 4): what adds."""
    couriers: pd.DataFrame
    """`row`, `courier`, `courier_us`."""


def _ladder(finest: int, coarsest: int) -> Iterator[tuple[int, str]]:
    """Resolutions and spans, from fine to coarse; each piece of a step is made of pieces of the one before."""
    for span in (_HOUR, _PART, _ANY):
        yield finest, span
    for resolution in range(finest - 1, coarsest - 1, -1):
        yield resolution, _ANY


def _per_day(aggregate: Aggregate, days: IntArray) -> FloatArray:
    sums = aggregate.sums[list(REST)].to_numpy(dtype=np.float64)
    per_day = sums / days[:, None] / np.array([_clock.US_PER_S, 1.0, WEIGHT_UNITS])
    return np.column_stack([sums[:, 0], per_day])


def _pooled(pieces: _Pieces, resolution: int, span: str, *, most: int) -> _Pieces:
    keys = pieces.keys
    if span == _PART:
        keys = keys.assign(hour=_PART_OF_HOUR[keys["hour"].to_numpy()])
    elif span == _ANY:
        keys = keys.assign(day_type=_POOLED, hour=_POOLED)
        keys = keys.assign(cell=cells.parents(keys["cell"].to_numpy(), resolution=resolution))
    table, amounts, couriers = gather(keys, pieces.amounts, pieces.couriers, most=most)
    return _Pieces(keys=table, amounts=amounts, couriers=couriers)


def _are_safe(pieces: _Pieces, *, k: int, most_share: float, most: int) -> npt.NDArray[np.bool_]:
    """Whether a piece has enough couriers and none that has most of it."""
    n_rows = len(pieces.keys)
    row, lasted = pieces.couriers["row"].to_numpy(), pieces.couriers["courier_us"].to_numpy(dtype=np.float64)
    count = distinct_couriers(pieces.couriers, n_rows=n_rows, most=most)
    longest = np.zeros(n_rows)
    np.maximum.at(longest, row, lasted)
    fair: npt.NDArray[np.bool_] = longest <= most_share * pieces.amounts[:, _RAW]
    return (count >= k) & (fair | (k == 1))


def _taken(pieces: _Pieces, rows: npt.NDArray[np.bool_]) -> _Pieces:
    place = np.cumsum(rows) - 1
    couriers = pieces.couriers[rows[pieces.couriers["row"].to_numpy()]]
    return _Pieces(
        keys=pieces.keys[rows].reset_index(drop=True),
        amounts=pieces.amounts[rows],
        couriers=couriers.assign(row=place[couriers["row"].to_numpy()]).reset_index(drop=True),
    )


def _as_table(pieces: _Pieces, span: str, bins: Bins, *, most: int) -> pd.DataFrame:
    hour = pieces.keys["hour"].tolist()
    words = [_hours_in_words(span, at) for at in hour]
    names = [*day_type_names(bins), ""]  # the last, -1, where pooled
    return pd.DataFrame(
        {
            "zone_id": pieces.keys["zone_id"].astype("str"),
            "cell": pieces.keys["cell"].astype("uint64"),
            "span": pd.Series(span, index=range(len(hour)), dtype="str"),
            "day_type": pd.Series([names[at] for at in pieces.keys["day_type"].tolist()], dtype="str"),
            "hours": pd.Series(words, dtype="str"),
            "courier_s": pieces.amounts[:, _SECONDS],
            "visits": pieces.amounts[:, _VISITS],
            "courier_weight": pieces.amounts[:, _WEIGHT],
            "couriers": np.floor(distinct_couriers(pieces.couriers, n_rows=len(hour), most=most)),
        }
    )


def _hours_in_words(span: str, at: int) -> str:
    if span == _HOUR:
        return f"{at:02}-{at + 1:02}"
    return PARTS_OF_DAY[at] if span == _PART else ""


def _fingerprint(table: pd.DataFrame, days: Sequence[str], **parameters: Any) -> str:  # noqa: ANN401
    digest = hashlib.sha256(repr((sorted(parameters.items()), tuple(days))).encode())
    for name in ("zone_id", "cell", "span", "day_type", "hours"):
        digest.update("\n".join(map(str, table[name].tolist())).encode())
    return digest.hexdigest()[:16]


def _check(*, k: int, most_share: float, coarsest: int, resolution: int) -> None:
    if isinstance(k, bool) or int(k) != k or k < 1:
        raise ParameterError(f"k must be a whole number, 1 or more. Got {k!r} instead.")
    if not 0.0 < most_share <= 1.0:
        raise ParameterError(f"most_share must be a share above 0 and up to 1. Got {most_share!r} instead.")
    if isinstance(coarsest, bool) or int(coarsest) != coarsest or not 0 <= coarsest <= resolution:
        raise ParameterError(
            f"coarsest_resolution must be a whole number from 0 to the resolution of the aggregate, {resolution}. Got "
            f"{coarsest!r} instead."
        )
