"""Aggregates to DEMAND: averages of an observed day, per bin."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.demand._aggregate import SUMS, Aggregate
from stationgeo.demand._bins import checked_bins, day_types, days_per_type
from stationgeo.demand._bootstrap import replicate_columns
from stationgeo.demand._gather import distinct_couriers, gather
from stationgeo.demand._select import check_purposes, select
from stationgeo.demand._split import WEIGHT_UNITS
from stationgeo.errors import DataError, ParameterError, first_few, suggest
from stationgeo.schema import DEMAND, empty

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from stationgeo.demand._bins import Bins, Calendar
    from stationgeo.schema import FloatArray

__all__ = ["check_expansion", "expansion_factors", "keys_of", "read_out"]

SPLITS = ("group", "purpose")
_COURIER_US, _VISITS, _WEIGHT, _INTERPOLATED_US, _UNKNOWN_US = range(len(SUMS))


def read_out(
    aggregate: Aggregate,
    *,
    bins: Bins = "hour_of_week",
    calendar: Calendar | None = None,
    by: Collection[str] = (),
    purposes: Collection[str] | None = None,
    expansion: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Average an aggregate over the observed days of each type.

    Parameters
    ----------
    aggregate
        What `aggregate` or `combine` made. No rows give no demand.
    bins
        Of time: "hour_of_week", or "hour_of_day_type" for working days, weekends and holidays.
    calendar
        "CN" for the public holidays of the mainland of China and the weekends worked instead; only for
        "hour_of_day_type". Years that the calendar does not hold are told by weekdays alone: `demand.uncalendared`
        lists their days.
    by
        Columns to keep apart: "group", "purpose", both or none.
    purposes
        Purposes to count; by default all. Silences have the purpose "unknown".
    expansion
        How many workers a sampled courier of each group stands for. Seconds, visits and weights are multiplied by it;
        `couriers` stay those seen.

    Returns
    -------
    DataFrame
        DEMAND, in order of its key. Per observed day of the bin's type of day: `courier_s` seconds; `visits` stops,
        each counted in the bin in which it starts; `courier_weight` shares of courier-days. `couriers` counts who ever
        was there and then, over all days: exactly below `aggregate.most_couriers`, see `Aggregate`. With replicates
        there is a column `courier_s_rep_0`, ... for each.

        Where the aggregate tells them: `interpolated_s`, the part of `courier_s` that was not seen, and `unknown_s`,
        seconds of silences, which are in no other column. A bin in which there were only silences has a row with
        `courier_s`, `visits`, `courier_weight` and `couriers` 0.

    Raises
    ------
    DataError
        If a group has no expansion weight.
    ParameterError
        If bins, calendar, a column or a purpose is unknown, a weight is not a number greater than 0, or a calendar is
        given for hours of the week.

    Notes
    -----
    Stops of the last observed date may last into the next. Where no day of that one's type was observed, the days on
    which such time lies are taken for observed, so that its average is one, and time is conserved.

    O(n log n) for n rows and couriers.

    Examples
    --------
    >>> from stationgeo.demand import aggregate
    >>> from stationgeo.schema import STOPS
    >>> read_out(aggregate(empty(STOPS), zones=None, resolution=10, tz="Asia/Shanghai")).empty
    True
    """
    _check(bins=bins, calendar=calendar, by=by, purposes=purposes, expansion=expansion)
    part = aggregate if purposes is None else select(aggregate, purposes=purposes)
    if part.sums.empty:
        return empty(DEMAND)
    keys = keys_of(part, bins=bins, calendar=calendar, by=by)
    values: npt.NDArray[Any] = np.column_stack([part.sums[list(SUMS)].to_numpy(dtype=np.int64), part.replicates])
    if expansion is not None:
        values = values * expansion_factors(part.sums["group"], expansion)[:, None]
    table, total, couriers = gather(keys, values, part.couriers, most=part.most_couriers)
    seen = _clock.days(aggregate.sums["hour"].to_numpy())
    observed = days_per_type(part.days, seen=seen, bins=bins, calendar=calendar)
    days = observed[table["bin"].to_numpy() // _clock.HOURS_PER_DAY].astype(np.float64)
    told = {"interpolated_s": part.tells_interpolated, "unknown_s": part.tells_unknown}
    count = distinct_couriers(couriers, n_rows=len(table), most=part.most_couriers)
    return _demand(table, total, count, days).drop(columns=[name for name, tells in told.items() if not tells])


def keys_of(part: Aggregate, *, bins: Bins, calendar: Calendar | None, by: Collection[str]) -> pd.DataFrame:
    """Give the rows of an aggregate the keys that they have in DEMAND."""
    hour = part.sums["hour"].to_numpy()
    types = day_types(_clock.days(hour), bins=bins, calendar=calendar)
    keys = part.sums[["cell", "zone_id"]].assign(bin=types * _clock.HOURS_PER_DAY + hour % _clock.HOURS_PER_DAY)
    return keys.assign(**{name: part.sums[name] for name in SPLITS if name in by})


def _demand(table: pd.DataFrame, total: npt.NDArray[Any], couriers: FloatArray, days: FloatArray) -> pd.DataFrame:
    n_sums = len(SUMS)
    replicates = total[:, n_sums:] / _clock.US_PER_S / days[:, None]
    columns = {
        "cell": table["cell"],
        "zone_id": table["zone_id"],
        "bin": table["bin"],
        **{name: table[name] for name in SPLITS if name in table.columns},
        "courier_s": total[:, _COURIER_US] / _clock.US_PER_S / days,
        "visits": total[:, _VISITS] / days,
        "courier_weight": total[:, _WEIGHT] / WEIGHT_UNITS / days,
        "couriers": couriers,
        "observed_days": days,
        "interpolated_s": total[:, _INTERPOLATED_US] / _clock.US_PER_S / days,
        "unknown_s": total[:, _UNKNOWN_US] / _clock.US_PER_S / days,
    }
    names = replicate_columns(replicates.shape[1])
    return pd.DataFrame(columns | {name: replicates[:, at] for at, name in enumerate(names)})


def expansion_factors(group: pd.Series[str], expansion: Mapping[str, float]) -> FloatArray:
    """Weight of each row by its group."""
    lacking = sorted(set(group) - set(expansion))
    if lacking:
        raise DataError(
            f"expansion must have a weight for every group; {len(lacking)} of {group.nunique()} have none: "
            f"{first_few(lacking)}. Couriers without a group have the group ''."
        )
    return np.array([float(expansion[name]) for name in group], dtype=np.float64)


def _check(
    *,
    bins: str,
    calendar: str | None,
    by: Collection[str],
    purposes: Collection[str] | None,
    expansion: Mapping[str, float] | None,
) -> None:
    if checked_bins(bins) == "hour_of_week" and calendar is not None:
        raise ParameterError("calendar needs bins='hour_of_day_type': hours of the week know no holidays.")
    unknown = [name for name in by if name not in SPLITS]
    if unknown:
        raise ParameterError(f"by may name {' and '.join(SPLITS)}. Got {unknown[0]!r}; {suggest(unknown[0], SPLITS)}")
    check_purposes(purposes or ())
    check_expansion(expansion)


def check_expansion(expansion: Mapping[str, float] | None) -> None:
    """Insist on weights greater than 0."""
    wrong = [group for group, weight in (expansion or {}).items() if not (math.isfinite(weight) and weight > 0)]
    if wrong:
        raise ParameterError(f"expansion weights must be numbers greater than 0; {first_few(wrong)} is not.")
