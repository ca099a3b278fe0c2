"""Demand that may leave the house: no number speaks of fewer than so many couriers, not even by subtraction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._aggregate import REST, Aggregate, rows_of
from stationgeo.demand._bins import checked_bins, day_type_names, day_types, days_per_type
from stationgeo.demand._gather import distinct_couriers, gather
from stationgeo.demand._readout import check_expansion, expansion_factors
from stationgeo.demand._released import Release, Rules, hours_table, made, no_hours
from stationgeo.demand._split import WEIGHT_UNITS
from stationgeo.demand._steps import (
    ANY_TIME,
    HOUR,
    NO_LEVEL,
    PART_OF_DAY,
    PART_OF_HOUR,
    PARTS_OF_DAY,
    SPANS,
    check_zone_ids,
    checked_span,
    holders,
    no_tree,
    steps_of,
    tree_of,
)
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from stationgeo.demand._bins import Bins, Calendar
    from stationgeo.demand._steps import Span, Step
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["release"]

FEWEST_COURIERS = 10
"""A number is published if it speaks of at least so many couriers, unless another k is asked for."""

MOST_SHARE = 0.5
"""Of the seconds that a number counts, one courier may have this share at most (a dominance rule)."""

_PERCENT = 100
# Columns of the values that are pooled: raw microseconds, for the shares of couriers, and averages per observed day.
_RAW, _SECONDS, _VISITS, _WEIGHT = range(4)
_POOLED = -1


def release(
    aggregate: Aggregate,
    *,
    k: int = FEWEST_COURIERS,
    most_share: float = MOST_SHARE,
    coarsest_resolution: int,
    zones: gpd.GeoDataFrame | None = None,
    finest_span: Span = "hour",
    bins: Bins = "hour_of_week",
    calendar: Calendar | None = None,
    expansion: Mapping[str, float] | None = None,
    synthetic: bool = False,
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
    zones
        ZONES of all levels, the lowest being those of the aggregate: what is too small in a zone is pooled with its
        neighbours in the zone above, and so on to the top. None pools cells within each zone of the aggregate only.
    finest_span
        The shortest span that is tried: "hour", "part of day", or "any time". With "any time" less is pooled in space
        and dropped, and hours are told for all places together (`Release.hours`).
    bins, calendar
        As for `read_out`.
    expansion
        As for `read_out`: what is told is multiplied; who is counted, and who has most of a piece, is not.
    synthetic
        Whether no courier is a real person: then k may be 1, and the release says so.

    Returns
    -------
    Release
        The pieces, totals made from them, and the share that was dropped.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If there is nothing to release, fewer than k couriers are there in all, the zones' tree is broken, or the
        aggregate was made in other zones.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If a number is out of range, span, bins or calendar are unknown, or k is 1 for real data.

    Notes
    -----
    Pieces are tried from fine to coarse (`Release.steps`): an hour of a cell in a zone; what is left of the part of the
    day; what is left of the cell. Then, as long as the cell in the middle of the zones is smaller than the median zone
    of the level, cells give way to their parents, else zones do, up to `coarsest_resolution` and the top of the tree.
    What lies outside all zones is pooled by cells alone; a zone without a parent stays what it is. The steps depend on
    geography, which is public, and never on demand.

    A piece is published if at least k couriers are in it and none of them has more than `most_share` of its seconds.
    What is not goes on to the next coarser piece, together with everything else that was not published below it. What
    is left in the end is dropped.

    So the pieces are disjoint and each of them is safe, and everything that is published (totals of zones of any
    level too) is a sum of pieces: a difference of any two published sums is made of whole pieces, never of a part of
    one. It is k-suppression of tables by couriers; it does not hide that a group of k was somewhere, nor that what is
    missing had fewer; it does not protect against somebody who knows all but one of them, and says nothing of releases
    of other cuts of the same days: see `overlapping`.

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
    rules = Rules(
        k=k,
        most_share=most_share,
        resolution=aggregate.resolution,
        coarsest_resolution=coarsest_resolution,
        finest_span=checked_span(finest_span),
        bins=checked_bins(bins),
        calendar=calendar,
        synthetic=synthetic,
    )
    _check(rules)
    check_expansion(expansion)
    tree = no_tree() if zones is None else tree_of(zones)
    steps = steps_of(
        finest=rules.resolution, coarsest=rules.coarsest_resolution, finest_span=rules.finest_span, zones=zones
    )
    left = _all_of(aggregate, tree, rules, expansion)
    everything = float(left.amounts[:, _RAW].sum())
    hours = _hours(left, rules, most=aggregate.most_couriers) if rules.finest_span == ANY_TIME else no_hours()
    published = []
    for number, step in enumerate(steps):
        pooled = _pooled(left, step, tree, most=aggregate.most_couriers)
        safe = _are_safe(pooled, rules, most=aggregate.most_couriers)
        published.append(_as_table(_taken(pooled, safe), number, step, tree, bins, most=aggregate.most_couriers))
        left = _taken(pooled, ~safe)
    dropped = float(left.amounts[:, _RAW].sum()) / everything if everything else 0.0
    return made(
        pd.concat([part for part in published if len(part)] or published[:1], ignore_index=True),
        hours=hours,
        steps=steps,
        tree=tree,
        suppressed_share=math.ceil(round(dropped * _PERCENT, 9)) / _PERCENT,
        rules=rules,
        days=tuple(_clock.as_dates(aggregate.days)["date"]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """Disjoint pieces of demand."""

    keys: pd.DataFrame
    """`zone_id`, `cell`, `day_type`, `hour` (or part of the day); -1 where pooled."""
    amounts: FloatArray
    """(pieces, 4): what adds."""
    couriers: pd.DataFrame
    """`row`, `courier`, `courier_us`."""


def _all_of(aggregate: Aggregate, tree: pd.DataFrame, rules: Rules, expansion: Mapping[str, float] | None) -> _Pieces:
    """Cut an aggregate into its finest pieces, none of them published yet."""
    # Silences are nobody's rest, and have no couriers by whom their safety could be judged.
    aggregate = rows_of(aggregate, np.isin(np.arange(len(aggregate.sums)), aggregate.couriers["row"].to_numpy()))
    if aggregate.sums.empty:
        raise DataError("there is no demand to release: the aggregate has no rows.")
    if len(tree):
        check_zone_ids(aggregate.sums["zone_id"], tree)
    hour = aggregate.sums["hour"].to_numpy()
    types = day_types(_clock.days(hour), bins=rules.bins, calendar=rules.calendar)
    observed = days_per_type(aggregate.days, seen=_clock.days(hour), bins=rules.bins, calendar=rules.calendar)
    keys = aggregate.sums[["zone_id", "cell"]].assign(day_type=types, hour=hour % _clock.HOURS_PER_DAY)
    amounts = _per_day(aggregate, observed[types])
    if expansion is not None:
        amounts[:, _SECONDS:] *= expansion_factors(aggregate.sums["group"], expansion)[:, None]
    everybody = gather(pd.DataFrame({"all": np.zeros_like(hour)}), amounts, aggregate.couriers,
                       most=aggregate.most_couriers)[2]  # fmt: skip
    # How many there are is not told: it would be a number that speaks of fewer than k.
    if distinct_couriers(everybody, n_rows=1, most=aggregate.most_couriers)[0] < rules.k:
        raise DataError(
            f"a release needs at least k = {rules.k:,} couriers; fewer than {rules.k:,} are there in all, and all "
            "would be dropped. Release more days or a larger area together; whoever answers for the data may lower k; "
            "data of nobody goes with synthetic=True and k=1."
        )
    return _Pieces(keys=keys, amounts=amounts, couriers=aggregate.couriers)


def _per_day(aggregate: Aggregate, days: IntArray) -> FloatArray:
    sums = aggregate.sums[list(REST)].to_numpy(dtype=np.float64)
    per_day = sums / days[:, None] / np.array([_clock.US_PER_S, 1.0, WEIGHT_UNITS])
    return np.column_stack([sums[:, 0], per_day])


def _pooled(pieces: _Pieces, step: Step, tree: pd.DataFrame, *, most: int) -> _Pieces:
    keys = _of_span(pieces.keys, step.span)
    if step.span == ANY_TIME:
        keys = keys.assign(cell=cells.parents(keys["cell"].to_numpy(), resolution=step.resolution))
    if len(tree):
        keys = keys.assign(zone_id=keys["zone_id"].map(holders(tree, step.level)).astype("str"))
    table, amounts, couriers = gather(keys, pieces.amounts, pieces.couriers, most=most)
    return _Pieces(keys=table, amounts=amounts, couriers=couriers)


def _of_span(keys: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Bring hours to their part of the day, or parts of the day to any time."""
    if span == PART_OF_DAY:
        return keys.assign(hour=PART_OF_HOUR[keys["hour"].to_numpy()])
    return keys.assign(day_type=_POOLED, hour=_POOLED) if span == ANY_TIME else keys


def _are_safe(pieces: _Pieces, rules: Rules, *, most: int) -> npt.NDArray[np.bool_]:
    """Whether a piece has enough couriers and none that has most of it."""
    n_rows = len(pieces.keys)
    row, lasted = pieces.couriers["row"].to_numpy(), pieces.couriers["courier_us"].to_numpy(dtype=np.float64)
    count = distinct_couriers(pieces.couriers, n_rows=n_rows, most=most)
    longest = np.zeros(n_rows)
    np.maximum.at(longest, row, lasted)
    fair: npt.NDArray[np.bool_] = longest <= rules.most_share * pieces.amounts[:, _RAW]
    return (count >= rules.k) & (fair | (rules.k == 1))


def _hours(everything: _Pieces, rules: Rules, *, most: int) -> pd.DataFrame:
    """Tell how demand of all places together is spread over the hours: a table of its own, cut like the other one.

    An hour that is not safe goes into its part of the day, and that into all hours; what is not safe even there is left
    out.
    """
    left = _Pieces(keys=everything.keys[["day_type", "hour"]], amounts=everything.amounts, couriers=everything.couriers)
    types = np.unique(left.keys["day_type"].to_numpy())
    n_bins = (int(types.max()) + 1) * _clock.HOURS_PER_DAY
    amounts = np.zeros((n_bins, _WEIGHT + 1))
    bins = np.arange(n_bins)
    day_type, hour = bins // _clock.HOURS_PER_DAY, bins % _clock.HOURS_PER_DAY
    for span in SPANS:
        if span == PART_OF_DAY:
            hour = PART_OF_HOUR[hour]
        table, values, couriers = gather(_of_span(left.keys, span), left.amounts, left.couriers, most=most)
        pooled = _Pieces(keys=table, amounts=values, couriers=couriers)
        safe = _are_safe(pooled, rules, most=most)
        for row in np.flatnonzero(safe).tolist():
            one = table.iloc[row]
            inside = (day_type == one["day_type"]) & (hour == one["hour"])
            inside = inside if span != ANY_TIME else np.isin(day_type, types)
            amounts[inside] += values[row] / inside.sum()
        left = _taken(pooled, ~safe)
    return hours_table(bins, amounts[:, [_SECONDS, _VISITS, _WEIGHT]])


def _taken(pieces: _Pieces, rows: npt.NDArray[np.bool_]) -> _Pieces:
    place = np.cumsum(rows) - 1
    couriers = pieces.couriers[rows[pieces.couriers["row"].to_numpy()]]
    return _Pieces(
        keys=pieces.keys[rows].reset_index(drop=True),
        amounts=pieces.amounts[rows],
        couriers=couriers.assign(row=place[couriers["row"].to_numpy()]).reset_index(drop=True),
    )


def _as_table(pieces: _Pieces, number: int, step: Step, tree: pd.DataFrame, bins: Bins, *, most: int) -> pd.DataFrame:
    names = [*day_type_names(bins), ""]  # the last, -1, where pooled
    level_of = dict(zip(tree["zone_id"], tree["level"], strict=True))
    hour, zone = pieces.keys["hour"].tolist(), pieces.keys["zone_id"].astype("str")
    return pd.DataFrame(
        {
            "zone_id": zone,
            "level": pd.Series([level_of.get(name, NO_LEVEL) for name in zone.tolist()], dtype="str"),
            "cell": pieces.keys["cell"].astype("uint64"),
            "resolution": step.resolution,
            "step": number,
            "span": pd.Series(step.span, index=zone.index, dtype="str"),
            "day_type": pd.Series([names[at] for at in pieces.keys["day_type"].tolist()], dtype="str"),
            "hours": pd.Series([_hours_in_words(step.span, at) for at in hour], dtype="str"),
            "courier_s": pieces.amounts[:, _SECONDS],
            "visits": pieces.amounts[:, _VISITS],
            "courier_weight": pieces.amounts[:, _WEIGHT],
            "couriers": np.floor(distinct_couriers(pieces.couriers, n_rows=len(hour), most=most)),
        }
    )


def _hours_in_words(span: Span, at: int) -> str:
    if span == HOUR:
        return f"{at:02}-{at + 1:02}"
    return PARTS_OF_DAY[at] if span == PART_OF_DAY else ""


def _check(rules: Rules) -> None:
    k, coarsest = rules.k, rules.coarsest_resolution
    if isinstance(k, bool) or int(k) != k or k < 1:
        raise ParameterError(f"k must be a whole number, 1 or more. Got {k!r} instead.")
    if k == 1 and not rules.synthetic:
        raise ParameterError(
            "k must be 2 or more: with 1 everything is released. Got 1; say synthetic=True if no courier is a real "
            "person."
        )
    if not 0.0 < rules.most_share <= 1.0:
        raise ParameterError(f"most_share must be a share above 0 and up to 1. Got {rules.most_share!r} instead.")
    if isinstance(coarsest, bool) or int(coarsest) != coarsest or not 0 <= coarsest <= rules.resolution:
        raise ParameterError(
            "coarsest_resolution must be a whole number from 0 to the resolution of the aggregate, "
            f"{rules.resolution}. Got {coarsest!r} instead."
        )
