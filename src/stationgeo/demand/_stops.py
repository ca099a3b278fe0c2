"""Stops to DEMAND."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._table import Parts, collect, days_per_weekday
from stationgeo.errors import DataError, first_few
from stationgeo.schema import DEMAND, OUTSIDE, STOPS, empty, validate
from stationgeo.zones import locate

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["from_stops", "zone_of"]

# Times are kept to the millisecond: duration_s may differ from end - start by that much.
_TOLERANCE_S = 0.001


def from_stops(
    stops: pd.DataFrame,
    *,
    zones: gpd.GeoDataFrame | None,
    resolution: int,
    tz: str,
    observed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count stops per cell, zone and hour of the week, as averages of an observed day.

    Parameters
    ----------
    stops
        STOPS, in any order. No rows give no demand.
    zones
        ZONES whose lowest level is disjoint; None puts everything outside.
    resolution
        H3 resolution of the cells.
    tz
        Time zone of the hours and days, for example ``"Asia/Shanghai"``.
    observed
        The dates on which couriers were observed: `tracks.observed_dates` of the FIXES. By default the dates on which
        any stop has time, which makes averages too high if there were days on which couriers were seen and nobody
        stopped: a lower bound of the days, for want of better.

    Returns
    -------
    DataFrame
        DEMAND, in order of cell, zone and bin. Per observed day of the bin's weekday: `courier_s` seconds; `visits`
        stops, each counted in the bin in which it starts; `courier_weight` shares of courier-days. `couriers`
        counts who ever was there and then, over all days.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If stops break their contract, durations are not end - start, or there are stops on a date that `observed`
        does not list.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If the resolution or the time zone is unknown.

    Notes
    -----
    A stop gets its cell and its zone from its own position. It is split exactly where the clock on the wall strikes a
    full hour, whatever the time zone's offset; an hour that the clock shows twice in autumn gets the seconds of both.

    A courier-day is a courier and the local date on which a stop starts. Its stops share a weight of 1 in proportion
    to their seconds (equally, if none has any), and each stop's share is split over bins like its seconds.

    What is conserved, for n days observed of a bin's weekday: ``sum(courier_s * n)`` is the seconds of all stops,
    ``sum(visits * n)`` their number, and ``sum(courier_weight * n)`` the number of courier-days.

    O(s log s) for s stops split by the hour, besides finding zones.

    Examples
    --------
    A stop on Monday 6 May 2024 from 15:50 to 16:20 in Shanghai, of one Monday observed:

    >>> import pandas as pd
    >>> stops = pd.DataFrame({
    ...     "stop_id": [0], "courier_id": ["a"], "lon": [114.05], "lat": [22.54],
    ...     "start": pd.to_datetime(["2024-05-06 07:50"], utc=True),
    ...     "end": pd.to_datetime(["2024-05-06 08:20"], utc=True),
    ...     "duration_s": [1800.0], "n_fixes": [150], "purpose": ["unknown"], "cut": [False],
    ... })
    >>> demand = from_stops(stops, zones=None, resolution=10, tz="Asia/Shanghai")
    >>> demand[["bin", "courier_s", "visits"]].to_dict("list")
    {'bin': [15, 16], 'courier_s': [600.0, 1200.0], 'visits': [1.0, 0.0]}
    """
    _clock.check_tz(tz)
    validate(stops, STOPS)
    _check_durations(stops)
    if stops.empty:
        return empty(DEMAND)
    ordered = stops.sort_values("stop_id")  # whoever gives the same stops in another order gets the same bytes
    lon, lat = ordered["lon"].to_numpy(dtype=np.float64), ordered["lat"].to_numpy(dtype=np.float64)
    cell, zone_id = cells.from_lonlat(lon, lat, resolution=resolution), zone_of(lon, lat, zones)
    courier = pd.factorize(ordered["courier_id"], sort=True)[0].astype(np.int64)
    start_us, end_us = _clock.instants(ordered["start"]), _clock.instants(ordered["end"])
    row, hour, length_us = _clock.split_hours(start_us, end_us, tz=tz)
    date = _clock.days(_clock.local_hours(start_us, tz=tz))
    parts = Parts(
        cell=cell[row],
        zone_id=zone_id[row],
        bin=_clock.bins(hour),
        courier=courier[row],
        courier_us=length_us,
        visits=np.diff(row, prepend=-1).astype(np.float64),
        courier_weight=_weights(courier, date, end_us - start_us)[row] * _shares(length_us, (end_us - start_us)[row]),
    )
    weekday_days = days_per_weekday(observed, days=_clock.days(hour), noun="stops")
    return collect(parts, weekday_days=weekday_days)


def zone_of(lon: FloatArray, lat: FloatArray, zones: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    """Lowest-level zone of each point, '' outside and where there are no zones."""
    if zones is None:
        return np.full(lon.size, OUTSIDE, dtype=object)
    return np.asarray(locate(lon, lat, zones=zones), dtype=object)


def _check_durations(stops: pd.DataFrame) -> None:
    lasted = (stops["end"] - stops["start"]).dt.total_seconds()
    wrong = ~((stops["duration_s"] - lasted).abs() <= _TOLERANCE_S) | (lasted < 0)
    if wrong.any():
        raise DataError(
            f"STOPS: duration_s must be end - start in seconds; {int(wrong.sum()):,} of {len(stops):,} stops break "
            f"this, stop_id {first_few(stops.loc[wrong, 'stop_id'])}."
        )


def _weights(courier: IntArray, date: IntArray, duration_us: IntArray) -> FloatArray:
    """Share of each stop in its courier-day."""
    first_date = date.min()
    _, courier_day = np.unique(courier * (date.max() - first_date + 1) + date - first_date, return_inverse=True)
    total = np.bincount(courier_day, weights=duration_us)[courier_day]
    equal = 1.0 / np.bincount(courier_day)[courier_day]
    return np.divide(duration_us, total, out=equal, where=total > 0)


def _shares(length_us: IntArray, duration_us: IntArray) -> FloatArray:
    """Share of each part in its stop; a stop of no length has one part."""
    return np.divide(length_us, duration_us, out=np.ones(length_us.size), where=duration_us > 0)
