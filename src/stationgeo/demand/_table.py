"""What stops and events share: observed days, adding pieces up to DEMAND, merging and totalling DEMAND."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.demand._observed import checked_observed, per_weekday
from stationgeo.errors import ColumnError, DataError, ParameterError, suggest
from stationgeo.schema import DEMAND, UNTIMED_BIN, empty, validate

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["TIMES", "WEIGHTS", "Parts", "by_bin", "by_cell", "by_zone", "collect", "merge", "untold"]

WEIGHTS = ("courier_s", "visits", "courier_weight")
"""The columns of DEMAND that add and are demand."""

TIMES = ("interpolated_s", "unknown_s")
"""The optional columns of DEMAND that add and say how well time is known."""

UNKNOWN_COURIER = -1
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OF_UNTIMED = UNTIMED_BIN // _clock.HOURS_PER_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Parts of stops or events, each in one cell, zone and bin; arrays of one length."""

    cell: CellArray
    """H3 index."""
    zone_id: npt.NDArray[np.object_]
    """Text; '' outside all zones."""
    bin: IntArray
    """Hour of the week, -1 untimed."""
    courier: IntArray
    """A number per courier, -1 where nobody knows who."""
    courier_us: IntArray
    """Microseconds."""
    visits: FloatArray
    """Stops or events."""
    courier_weight: FloatArray
    """Shares of courier-days."""


def collect(parts: Parts, *, weekday_days: IntArray) -> pd.DataFrame:
    """Add parts up per cell, zone and bin, and divide by the observed days of the bin's weekday.

    Parts of one key are added in the order of courier, and in the order given for one courier.
    """
    zone, names = pd.factorize(parts.zone_id, sort=True)
    order = np.lexsort((parts.courier, parts.bin, zone, parts.cell))
    cell, zone, bins, courier = parts.cell[order], zone[order], parts.bin[order], parts.courier[order]
    new_key = _changes(cell) | _changes(zone) | _changes(bins)
    first = np.flatnonzero(new_key)
    days = _days_of_bins(bins[first], weekday_days)
    couriers = np.add.reduceat((new_key | _changes(courier)).astype(np.float64), first)
    couriers[np.minimum.reduceat(courier, first) == UNKNOWN_COURIER] = np.nan
    return pd.DataFrame(
        {
            "cell": cell[first],
            "zone_id": pd.Series(names[zone[first]], dtype="str"),
            "bin": bins[first],
            "courier_s": np.add.reduceat(parts.courier_us[order], first) / _clock.US_PER_S / days,
            "visits": np.add.reduceat(parts.visits[order], first) / days,
            "courier_weight": np.add.reduceat(parts.courier_weight[order], first) / days,
            "couriers": couriers,
            "observed_days": days,
        }
    )


def merge(tables: Iterable[pd.DataFrame], *, observed: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add DEMAND of several groups of couriers.

    Parameters
    ----------
    tables
        DEMAND tables. The caller vouches that they count different couriers (or, with `observed`, different
        courier-days): nothing in them could tell. None at all, and tables without rows, add nothing.
    observed
        The dates that all tables together observed, as `tracks.observed_dates` makes them; needed only where the
        tables were averaged over different days. Without it, tables must agree on the observed days of each weekday.

    Returns
    -------
    DataFrame
        DEMAND, in order of cell, zone and bin. `couriers` is the sum: distinct only if no courier is in two tables;
        nan where one of the tables does not know. `interpolated_s` and `unknown_s` are there if all tables have them
        but those in which nothing lasts (all `courier_s` 0, as of events). Columns beyond the contract are left out.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If the tables were averaged over different numbers of days of a weekday and `observed` is not given, if
        `observed` has fewer days of a weekday than one of the tables, or if a table breaks its contract.

    Notes
    -----
    For hours of the week; other bins, and couriers or replicates that shall stay exact, are combined as aggregates, see
    `combine`. Averages over the same days simply add. With `observed` each table's averages are first brought back to
    totals by its own `observed_days` and divided by the days given. Untimed demand is a total already and adds so.
    Commutative and associative, up to rounding of the last digit. O(n log n) for n rows in all.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({
    ...     "cell": [1], "zone_id": ["a"], "bin": [9], "courier_s": [60.0], "visits": [1.0],
    ...     "courier_weight": [0.5], "couriers": [1.0], "observed_days": [2.0],
    ... }).astype({"cell": "uint64"})
    >>> merge([one, one.assign(courier_s=30.0)])["courier_s"].tolist()
    [90.0]

    Over four Mondays in all, of which each table saw two, (2 x 60 + 2 x 30) / 4:

    >>> mondays = pd.DataFrame({"date": ["2024-05-06", "2024-05-13", "2024-05-20", "2024-05-27"], "weekday": 0})
    >>> merge([one, one.assign(courier_s=30.0)], observed=mondays)["courier_s"].tolist()
    [45.0]
    """
    kept = [validate(table, DEMAND) for table in tables]
    kept = [table for table in kept if len(table)]
    if not kept:
        return empty(DEMAND)
    splits, told = _splits(kept), [name for name in TIMES if _all_tell(kept, name)]
    rows = pd.concat(kept, ignore_index=True)
    rows = rows.assign(**{name: rows[name].fillna(0.0) for name in told})
    weekday = rows["bin"] // _clock.HOURS_PER_DAY
    days = rows["observed_days"].astype("float64")
    if observed is not None:
        days = pd.Series(
            _days_of_bins(rows["bin"].to_numpy(), per_weekday(checked_observed(observed))), index=rows.index
        )
        _check_enough(rows, weekday, days)
    _check_agreement(weekday, days)
    factor = rows["observed_days"] / days
    scaled = rows.assign(**{name: rows[name] * factor for name in (*WEIGHTS, *told)}, observed_days=days)
    added = scaled.groupby([*DEMAND.key, *splits], sort=True)
    sums = added[[*WEIGHTS, "couriers"]].sum(skipna=False)
    return sums.assign(observed_days=added["observed_days"].first(), **added[told].sum()).reset_index()


def _all_tell(tables: list[pd.DataFrame], name: str) -> bool:
    """Whether time of one kind is told: not if time that lasted comes from a table that does not tell it."""
    silent = [table for table in tables if name not in table.columns]
    return len(silent) < len(tables) and not any((table["courier_s"] > 0).any() for table in silent)


def _splits(tables: list[pd.DataFrame]) -> list[str]:
    """Tell by what all tables are split; they cannot be added if they are split unlike."""
    kinds = [tuple(name for name in DEMAND.splits if name in table.columns) for table in tables]
    unlike = next((kind for kind in kinds if kind != kinds[0]), None)
    if unlike is not None:
        raise DataError(
            f"tables to merge must be split alike. One is by ({', '.join(kinds[0])}), another by "
            f"({', '.join(unlike)}). Read them out with the same by=."
        )
    return list(kinds[0])


def by_cell(demand: pd.DataFrame, *, weight: str) -> pd.DataFrame:
    """Total demand per cell, over zones and bins.

    Parameters
    ----------
    demand
        DEMAND.
    weight
        The column to total: courier_s, visits or courier_weight; or, where it is there, interpolated_s or unknown_s.

    Returns
    -------
    DataFrame
        `cell` and the column, in order of cell. Bins are averages of an observed day of their weekday: summed over
        the 168 bins they make an average week. Untimed demand is a total, not an average.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If the table breaks its contract.
    ParameterError
        If the column does not add (`couriers` counts somebody in every cell that saw them) or there is none such.

    Notes
    -----
    O(n log n).

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({
    ...     "cell": [7, 7], "zone_id": ["a", ""], "bin": [9, 10], "courier_s": [60.0, 30.0], "visits": 1.0,
    ...     "courier_weight": 0.5, "couriers": 1.0, "observed_days": 1.0,
    ... }).astype({"cell": "uint64"})
    >>> by_cell(demand, weight="courier_s").to_dict("list")
    {'cell': [7], 'courier_s': [90.0]}
    """
    return _total(demand, "cell", weight)


def by_zone(demand: pd.DataFrame, *, weight: str) -> pd.DataFrame:
    """Total demand per lowest-level zone, over cells and bins.

    Parameters
    ----------
    demand
        DEMAND.
    weight
        The column to total: courier_s, visits or courier_weight; or, where it is there, interpolated_s or unknown_s.

    Returns
    -------
    DataFrame
        `zone_id` and the column, in order of zone; '' is what lies outside. See `by_cell` for what the sum over bins
        means.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If the table breaks its contract.
    ParameterError
        If the column does not add or there is none such.

    Notes
    -----
    O(n log n).

    Examples
    --------
    >>> from stationgeo import schema
    >>> list(by_zone(schema.empty(schema.DEMAND), weight="visits").columns)
    ['zone_id', 'visits']
    """
    return _total(demand, "zone_id", weight)


def by_bin(demand: pd.DataFrame, *, weight: str) -> pd.DataFrame:
    """Total demand per hour of the week, over cells and zones.

    Parameters
    ----------
    demand
        DEMAND.
    weight
        The column to total: courier_s, visits or courier_weight; or, where it is there, interpolated_s or unknown_s.

    Returns
    -------
    DataFrame
        `bin` and the column, in order of bin; bins without demand are left out. Courier-seconds of a bin divided by
        3,600 are the mean number of workers who rest at once.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If the table breaks its contract.
    ParameterError
        If the column does not add or there is none such.

    Notes
    -----
    O(n log n).

    Examples
    --------
    >>> from stationgeo import schema
    >>> list(by_bin(schema.empty(schema.DEMAND), weight="visits").columns)
    ['bin', 'visits']
    """
    return _total(demand, "bin", weight)


def _total(demand: pd.DataFrame, key: str, weight: str) -> pd.DataFrame:
    if weight not in {*WEIGHTS, *TIMES}:
        why = f"{weight!r} does not add" if weight in DEMAND.names else f"Got {weight!r}"
        raise ParameterError(f"weight must be a column of DEMAND that adds. {why}; {suggest(weight, WEIGHTS)}")
    if weight not in demand.columns:
        raise ColumnError(untold(weight))
    return validate(demand, DEMAND).groupby(key, sort=True)[weight].sum().reset_index()


def untold(name: str) -> str:
    """Say that demand lacks a column of `TIMES`, and what to do."""
    way_out = {
        "interpolated_s": "make it of stops that have interpolated_s, as tracks.find_stops gives it",
        "unknown_s": "give silences= to demand.from_stops or demand.aggregate",
    }
    return f"DEMAND: column {name!r} is missing, so that such time is not told: {way_out[name]}; index old days again."


def _changes(column: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether each value differs from the one before; the first always does."""
    return np.concatenate([[True], column[1:] != column[:-1]])


def _days_of_bins(bins: IntArray, weekday_days: IntArray) -> FloatArray:
    days = weekday_days[bins // _clock.HOURS_PER_DAY].astype(np.float64)
    return np.where(bins < 0, 1.0, days)


def _check_enough(rows: pd.DataFrame, weekday: pd.Series[int], days: pd.Series[float]) -> None:
    few = days < rows["observed_days"]
    if few.any():
        names = [_name(day) for day in sorted(set(weekday[few]))]
        raise DataError(
            f"observed must list every date that any of the tables observed. It has fewer days than a table for "
            f"{', '.join(names)}."
        )


def _check_agreement(weekday: pd.Series[int], days: pd.Series[float]) -> None:
    spans = days.groupby(weekday).agg(["min", "max"])
    unlike = spans[spans["min"] != spans["max"]]
    if len(unlike):
        shown = [f"{_name(day)} {row['min']:g} and {row['max']:g}" for day, row in unlike.iterrows()]
        raise DataError(
            f"tables to merge must be averages over the same observed days; they differ for {len(unlike)} weekdays: "
            f"{'; '.join(shown[:3])}. Give observed=, the dates that all of them together observed."
        )


def _name(weekday: Any) -> str:  # noqa: ANN401 - a label of an index
    return "untimed demand" if weekday == _OF_UNTIMED else _WEEKDAYS[int(weekday)]
