"""Events, points or squares, timed or not, to DEMAND."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.demand._areal import Spread, spread
from stationgeo.demand._observed import check_among_observed, per_weekday
from stationgeo.demand._split import zone_of
from stationgeo.demand._table import UNKNOWN_COURIER, Parts, collect
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few
from stationgeo.schema import DEMAND, EVENTS, UNTIMED_BIN, empty, validate

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import IntArray

__all__ = ["from_events"]

_SIDES = ("square_lon_deg", "square_lat_deg")


def from_events(
    events: pd.DataFrame,
    *,
    zones: gpd.GeoDataFrame | None,
    resolution: int,
    tz: str | None,
    observed: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count events per cell, zone and hour of the week; spread those that were counted on squares.

    Parameters
    ----------
    events
        EVENTS, in any order. `weight` counts; an event of weight 0 counts nothing, though its date was observed.
        Without `t`, or where it is missing, an event is untimed. Where `square_lon_deg` and `square_lat_deg` are
        both greater than 0 the event is a square about its centre with edges along meridians and parallels;
        otherwise a point. No rows give no demand.
    zones
        ZONES whose lowest level is disjoint; None puts everything outside.
    resolution
        H3 resolution of the cells.
    tz
        Time zone of the hours and days. May be None only if every event is untimed.
    observed
        The dates on which timed events were recorded, as `tracks.observed_dates` makes them. By default the dates of
        the timed events, which makes averages too high if on some days records were kept and nothing happened.

    Returns
    -------
    DataFrame
        DEMAND, in order of cell, zone and bin. `visits` holds the weights: per observed day of the bin's weekday, or
        in bin -1 the total of the untimed (`observed_days` is 1 there). `courier_s` and `courier_weight` are 0:
        events do not last. `couriers` counts the distinct `courier_id` of points; it is nan where one of the events
        does not say who, and wherever a square reaches, because nobody knows where in it somebody was.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind, or only one side of the squares is given.
    DataError
        If events break their contract, a square has only one side greater than 0 or crosses the antimeridian or a
        pole, zones overlap where there are squares, or there are events on a date that `observed` does not list.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If the resolution or the time zone is unknown, or events are timed and `tz` is None.

    Notes
    -----
    A point gets its cell and its zone from its own position. A square's weight goes to cells and zones in proportion
    to the area of the square that lies in them, and to "outside all zones" for the rest of each cell: shares are areas
    divided by the sum over the square, so that ``sum(visits * observed_days)`` is the sum of the weights.

    O(n log n) for points; each distinct square is cut once.

    Examples
    --------
    >>> import pandas as pd
    >>> events = pd.DataFrame({"lon": [114.05, 114.05], "lat": [22.54, 22.54], "weight": [2.0, 3.0]})
    >>> from_events(events, zones=None, resolution=9, tz=None)[["bin", "visits", "observed_days"]].to_dict("list")
    {'bin': [-1], 'visits': [5.0], 'observed_days': [1.0]}
    """
    validate(events, EVENTS)
    hour, timed = _hours(events, tz)
    days = _clock.days(hour[timed])
    counted = events["weight"].to_numpy() > 0
    if not counted.any():
        return empty(DEMAND)
    weekday_days = per_weekday(check_among_observed(observed, days=days, noun="events"))
    bins = np.where(timed, _clock.bins(hour), UNTIMED_BIN)[counted]
    kept = events[counted]
    placed = _place(kept, zones, resolution)
    visits = kept["weight"].to_numpy(dtype=np.float64)[placed.row] * placed.share
    # Sums run from small to large, so that whoever gives the same events in another order gets the same bytes.
    order = np.argsort(visits, kind="stable")
    row = placed.row[order]
    nothing = np.zeros(row.size)
    parts = Parts(
        cell=placed.cell[order],
        zone_id=placed.zone_id[order],
        bin=bins[row],
        courier=_couriers(kept)[row],
        courier_us=nothing.astype(np.int64),
        visits=visits[order],
        courier_weight=nothing,
    )
    return collect(parts, weekday_days=weekday_days)


def _hours(events: pd.DataFrame, tz: str | None) -> tuple[IntArray, npt.NDArray[np.bool_]]:
    """Local hours since 1970, 0 where untimed, and which events are timed."""
    hour = np.zeros(len(events), dtype=np.int64)
    timed = events["t"].notna().to_numpy() if "t" in events.columns else hour.astype(bool)
    if tz is not None:
        _clock.check_tz(tz)
    if timed.any():
        if tz is None:
            raise ParameterError(
                f"tz is needed to tell the local hour: {int(timed.sum()):,} of {len(events):,} events are timed. Give "
                "the time zone, for example 'Asia/Shanghai', or drop the column 't'."
            )
        hour[timed] = _clock.local_hours(_clock.instants(events.loc[timed, "t"]), tz=tz)
    return hour, timed


def _place(events: pd.DataFrame, zones: gpd.GeoDataFrame | None, resolution: int) -> Spread:
    """Put points and squares into cells and zones; `row` counts the events given."""
    centre = events[["lon", "lat"]].to_numpy(dtype=np.float64)
    areal = _areal(events)
    at = np.flatnonzero(~areal)
    lon, lat = centre[at].T
    points = Spread(
        row=at,
        cell=cells.from_lonlat(lon, lat, resolution=resolution),
        zone_id=zone_of(lon, lat, zones),
        share=np.ones(at.size),
    )
    if not areal.any():
        return points
    squares = np.column_stack([centre[areal], events.loc[areal, list(_SIDES)].to_numpy(dtype=np.float64)])
    cut = spread(squares, zones=zones, resolution=resolution)
    return Spread(
        row=np.concatenate([points.row, np.flatnonzero(areal)[cut.row]]),
        cell=np.concatenate([points.cell, cut.cell]),
        zone_id=np.concatenate([points.zone_id, cut.zone_id]),
        share=np.concatenate([points.share, cut.share]),
    )


def _areal(events: pd.DataFrame) -> npt.NDArray[np.bool_]:
    given = [side for side in _SIDES if side in events.columns]
    if len(given) == 1:
        lacking = next(side for side in _SIDES if side not in given)
        raise ColumnError(f"EVENTS: {given[0]!r} is there and {lacking!r} is missing; a square needs both sides.")
    if not given:
        return np.zeros(len(events), dtype=bool)
    width, height = (events[side].to_numpy() > 0 for side in _SIDES)
    flat = width != height
    if flat.any():
        raise DataError(
            f"EVENTS: square_lon_deg and square_lat_deg must both be greater than 0, or both 0 for a point; "
            f"{int(flat.sum()):,} of {len(events):,} events break this, rows {first_few(events.index[flat])}."
        )
    return np.asarray(width, dtype=bool)


def _couriers(events: pd.DataFrame) -> IntArray:
    if "courier_id" not in events.columns:
        return np.full(len(events), UNKNOWN_COURIER, dtype=np.int64)
    codes: npt.NDArray[Any] = pd.factorize(events["courier_id"], sort=True)[0]  # -1 where missing
    return np.where(_areal(events), UNKNOWN_COURIER, codes).astype(np.int64)
