"""Stops to DEMAND."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.demand._make_aggregate import aggregate
from stationgeo.demand._readout import read_out

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = ["from_stops"]


def from_stops(
    stops: pd.DataFrame,
    *,
    zones: gpd.GeoDataFrame | None,
    resolution: int,
    tz: str,
    observed: pd.DataFrame | None = None,
    silences: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count stops per cell, zone and hour of the week, as averages of an observed day.

    Parameters
    ----------
    stops
        STOPS, in any order. No rows (and no silences) give no demand.
    zones
        ZONES whose lowest level is disjoint; None puts everything outside.
    resolution
        H3 resolution of the cells.
    tz
        Time zone of the hours and days, for example ``"Asia/Shanghai"``.
    observed
        The dates on which couriers were observed: `tracks.observed_dates` of the FIXES. By default the dates on which
        any stop or silence has time, which makes averages too high if there were days on which couriers were seen and
        nobody stopped: a lower bound of the days, for want of better.
    silences
        SILENCES of the same fixes, as `tracks.find_silences` lists them, which become `unknown_s`; those of more than
        12 hours are left out (`uncounted_silences` lists them). None leaves unknown time untold.

    Returns
    -------
    DataFrame
        DEMAND, in order of cell, zone and bin. Per observed day of the bin's weekday: `courier_s` seconds; `visits`
        stops, each counted in the bin in which it starts; `courier_weight` shares of courier-days. `couriers`
        counts who ever was there and then, over all days. `interpolated_s`, the part of `courier_s` that was not seen,
        is there if every stop tells it; `unknown_s`, beside it, if silences are given. Rows in which there were only
        silences have 0 in all other columns that add, and no couriers.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If stops or silences break their contract, durations are not end - start, more of a stop is interpolated than
        it lasted, or there are stops or silences on a date that `observed` does not list.
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
    ``sum(visits * n)`` their number, and ``sum(courier_weight * n)`` the number of courier-days;
    ``sum(interpolated_s * n)`` is the interpolated seconds of all stops, ``sum(unknown_s * n)`` those of the silences.

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
    parts = aggregate(stops, zones=zones, resolution=resolution, tz=tz, observed=observed, silences=silences)
    return read_out(parts)
