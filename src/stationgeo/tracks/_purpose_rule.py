"""The rule that says what stops were for: written down, with every number an assumption that can be replaced."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo import stations as station_tables
from stationgeo.errors import ParameterError
from stationgeo.tracks._evidence import (
    favourite_places,
    in_hours,
    near,
    near_own,
    nearest_order,
    night_stays,
    shared,
)
from stationgeo.tracks._order import check_positive

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.tracks._order import BoolArray

    Texts = npt.NDArray[np.object_]

__all__ = ["COUNTED", "Evidence", "PurposeRule", "Rule"]

COUNTED = ("rest", "at_station")
"""Purposes that are demand for stations: rests wherever they were taken."""

# The numbers of the rule. All are assumptions, to be replaced by what a city knows of itself; `purpose_sensitivity`
# shows how much hangs on each.
STATION_RADIUS_M = 50.0
"""Assumption: half a stop's usual radius of 100 m; a mean of many fixes is good to some 10 m, a building is 20-30 m."""
PLACE_RADIUS_M = 100.0
"""Assumption: a stop's usual radius."""
ORDER_RADIUS_M = 100.0
"""Assumption: a stop's usual radius."""
ORDER_TOLERANCE_S = 300.0
"""Assumption: a rider presses the button within five minutes of the stop."""
NIGHT_HOURS = (0, 5)
"""Assumption: local hours in which few deliver; order peaks are reported for 10:30-13:30 and 17:30-20:30, and station
use after 19:00."""
HOME_MIN_NIGHT_S = 10_800.0
"""Assumption: three of the five hours of a night."""
HOME_MIN_NIGHTS = 2
"""Assumption: twice is a habit."""
DEPOT_HOURS = (6, 10)
"""Assumption: local hours between home and the first peak of orders."""
DEPOT_MIN_COURIERS = 5
"""Assumption: more than the neighbours of a block that work for the same platform."""
REST_MIN_S = 600.0
"""Assumption: longer than most waits at a merchant's counter or a customer's door."""
LONGEST_STAY_S = 10_800.0
"""Assumption: the afternoon lull between the peaks, reported as 14-17 h, is the longest rest of a working day."""

_UNCAPPED = ("home", "depot")
_S_PER_HOUR = 3_600.0
_US_PER_DAY = _clock.HOURS_PER_DAY * 3_600 * _clock.US_PER_S


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What a rule may look at besides the stops; what is None is not known."""

    tz: str
    """Time zone of hours and nights."""
    stations: gpd.GeoDataFrame | None = None
    """STATIONS, points in WGS-84. Clusters are not looked at; nor is a station before `valid_from` or after
    `valid_to`."""
    places: pd.DataFrame | None = None
    """Known places: `lon`, `lat` WGS-84 degrees, `purpose` of whoever stops there, for example "depot"."""
    orders: pd.DataFrame | None = None
    """ORDERS."""
    silences: pd.DataFrame | None = None
    """SILENCES: somebody who switches off at night is at home in silence."""


class Rule(Protocol):
    """Anything that says what stops were for."""

    def __call__(self, stops: pd.DataFrame, evidence: Evidence, /) -> pd.DataFrame:
        """Say it.

        Parameters
        ----------
        stops
            STOPS; not to be changed.
        evidence
            What else is known.

        Returns
        -------
        DataFrame
            A row for each stop, in their order and with their index: `purpose`, one of `schema.PURPOSES`, and
            `reason`, a few words by which stops are counted.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRule:
    """The rule that comes with stationgeo; all its numbers are assumptions.

    Each stop gets the first purpose of this list that fits. What then is longer than `longest_stay_s`, unless it is
    home or depot, becomes "unknown" with the reason "too long for ...".

    ========== ==================== ========================================================================
    purpose    reason               when
    ========== ==================== ========================================================================
    home       overnight            it spends `home_min_night_s` of one night
    home       home place           it is within `place_radius_m` of the courier's home: the place of most of their
                                    nights (stops or silences of that length), if there were `home_min_nights`
    (given)    known place          it is within `place_radius_m` of a known place; of several purposes the one
                                    listed first
    pick_up,   order                an order event of the courier lies within `order_radius_m` and within
    drop_off                        `order_tolerance_s` of its time; the nearest counts
    at_station station              it is within `station_radius_m` of a station that then was there
    depot      morning place        it is within `place_radius_m` of a place at which at least `depot_min_couriers`
                                    couriers begin most of their days, by their first stop in `depot_hours`
    rest       waking hours         it lasts `rest_min_s` and does not begin at night
    unknown    too short, at night  nothing fits
    ========== ==================== ========================================================================

    Raises
    ------
    ParameterError
        If a number is out of range.
    """

    station_radius_m: float = STATION_RADIUS_M
    """Metres from a stop to a station, inclusive."""
    place_radius_m: float = PLACE_RADIUS_M
    """Metres within which stops are at one place, inclusive."""
    order_radius_m: float = ORDER_RADIUS_M
    """Metres from a stop to where something was picked up or dropped off, inclusive."""
    order_tolerance_s: float = ORDER_TOLERANCE_S
    """Seconds by which that may be before or after the stop, inclusive."""
    night_hours: tuple[int, int] = NIGHT_HOURS
    """Local hours of the day, first and beyond the last; may go past midnight."""
    home_min_night_s: float = HOME_MIN_NIGHT_S
    """Seconds of one night that make a stay overnight, inclusive."""
    home_min_nights: int = HOME_MIN_NIGHTS
    """Nights at one place that make it home."""
    depot_hours: tuple[int, int] = DEPOT_HOURS
    """Local hours of the day in which a day's first stop may be at a depot."""
    depot_min_couriers: int | None = DEPOT_MIN_COURIERS
    """Couriers who share a morning place that is a depot; None infers none, so that each courier is judged alone."""
    rest_min_s: float = REST_MIN_S
    """Seconds of the shortest rest, inclusive."""
    longest_stay_s: float = LONGEST_STAY_S
    """Seconds beyond which a stay is none of what it seems."""

    def __post_init__(self) -> None:
        check_positive(
            station_radius_m=self.station_radius_m,
            place_radius_m=self.place_radius_m,
            order_radius_m=self.order_radius_m,
            home_min_night_s=self.home_min_night_s,
            home_min_nights=self.home_min_nights,
            depot_min_couriers=self.depot_min_couriers,
            longest_stay_s=self.longest_stay_s,
        )
        for name, value in (("order_tolerance_s", self.order_tolerance_s), ("rest_min_s", self.rest_min_s)):
            if not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name} must be a finite number of at least 0. Got {value!r} instead.")
        for name, hours in (("night_hours", self.night_hours), ("depot_hours", self.depot_hours)):
            if not (all(0 <= hour <= _clock.HOURS_PER_DAY for hour in hours) and hours[0] != hours[1]):
                raise ParameterError(f"{name} must be two different hours of the day, 0 to 24. Got {hours!r} instead.")

    def variants(self) -> dict[str, PurposeRule]:
        """Make rules that differ from this one in one number each, for `purpose_sensitivity`.

        Returns
        -------
        dict
            "as given" first; then each radius, length and count halved and doubled, by a name that says so.
        """
        rules = {"as given": self}
        for one in fields(self):
            value = getattr(self, one.name)
            if value is None or isinstance(value, tuple) or value == 0:
                continue
            for factor in (0.5, 2.0):
                other = value * factor if isinstance(value, float) else max(1, round(value * factor))
                if other != value:
                    changed: dict[str, Any] = {one.name: other}
                    rules[f"{one.name} = {other:g}"] = replace(self, **changed)
        return rules

    def __call__(self, stops: pd.DataFrame, evidence: Evidence, /) -> pd.DataFrame:
        """Say what stops were for, as the table above says."""
        lon, lat = stops["lon"].to_numpy(dtype=np.float64), stops["lat"].to_numpy(dtype=np.float64)
        start_us, end_us = _clock.instants(stops["start"]), _clock.instants(stops["end"])
        purpose: Texts = np.full(len(stops), "unknown", dtype=object)
        reason: Texts = np.full(len(stops), "", dtype=object)
        is_open = np.ones(len(stops), dtype=np.bool_)

        def settle(mask: BoolArray, what: str | Texts, why: str) -> None:
            mask = mask & is_open
            purpose[mask] = what if isinstance(what, str) else what[mask]
            reason[mask] = why
            is_open[mask] = False

        for mask, why in self._home(stops, start_us, end_us, lon, lat, evidence):
            settle(mask, "home", why)
        if evidence.places is not None:
            for what, place_lon, place_lat in _known_places(evidence.places):
                settle(near(lon, lat, place_lon, place_lat, self.place_radius_m), what, "known place")
        if evidence.orders is not None:
            kinds = self._order_kinds(stops, start_us, end_us, lon, lat, evidence.orders)
            settle(kinds != "", kinds, "order")
        if evidence.stations is not None:
            at = _at_station(evidence.stations, lon, lat, start_us, self.station_radius_m)
            settle(at, "at_station", "station")
        hour = _clock.local_hours(start_us, tz=evidence.tz)
        if self.depot_min_couriers is not None:
            at = self._depot(stops, start_us, hour, lon, lat, is_open, self.depot_min_couriers)
            settle(at, "depot", "morning place")
        long_enough = stops["duration_s"].to_numpy(dtype=np.float64) >= self.rest_min_s
        at_night = in_hours(hour, self.night_hours)
        settle(long_enough & ~at_night, "rest", "waking hours")
        settle(~long_enough, "unknown", "too short")
        settle(at_night, "unknown", "at night")
        too_long = (stops["duration_s"].to_numpy(dtype=np.float64) > self.longest_stay_s) & (purpose != "unknown")
        too_long &= ~np.isin(purpose.astype(str), _UNCAPPED)
        reason[too_long] = [f"too long for {what}" for what in purpose[too_long]]
        purpose[too_long] = "unknown"
        return pd.DataFrame({"purpose": purpose, "reason": reason}, index=stops.index).astype("str")

    def _home(
        self,
        stops: pd.DataFrame,
        start_us: IntArray,
        end_us: IntArray,
        lon: FloatArray,
        lat: FloatArray,
        evidence: Evidence,
    ) -> list[tuple[BoolArray, str]]:
        ids = [stops["courier_id"]]
        starts, ends, lons, lats = [start_us], [end_us], [lon], [lat]
        if evidence.silences is not None:
            silences = evidence.silences
            ids.append(silences["courier_id"])
            starts.append(_clock.instants(silences["start"]))
            ends.append(_clock.instants(silences["end"]))
            lons.append(silences["lon"].to_numpy(dtype=np.float64))
            lats.append(silences["lat"].to_numpy(dtype=np.float64))
        codes, names = pd.factorize(pd.concat(ids, ignore_index=True), sort=True)
        row, night = night_stays(
            np.concatenate(starts),
            np.concatenate(ends),
            hours=self.night_hours,
            min_s=self.home_min_night_s,
            tz=evidence.tz,
        )
        order = np.lexsort((row, night, codes[row]))
        row, night = row[order], night[order]
        home_lon, home_lat = favourite_places(
            codes[row].astype(np.int64),
            night,
            np.concatenate(lons)[row],
            np.concatenate(lats)[row],
            len(names),
            float(self.place_radius_m),
            int(self.home_min_nights),
        )
        overnight = np.zeros(len(stops), dtype=np.bool_)
        overnight[row[row < len(stops)]] = True
        own = codes[: len(stops)].astype(np.int64)
        at_home = near_own(own, lon, lat, home_lon, home_lat, float(self.place_radius_m))
        return [(overnight, "overnight"), (at_home, "home place")]

    def _order_kinds(
        self,
        stops: pd.DataFrame,
        start_us: IntArray,
        end_us: IntArray,
        lon: FloatArray,
        lat: FloatArray,
        orders: pd.DataFrame,
    ) -> Texts:
        codes, names = pd.factorize(pd.concat([stops["courier_id"], orders["courier_id"]], ignore_index=True))
        whose, t_us = codes[len(stops) :], _clock.instants(orders["t"])
        order = np.lexsort((t_us, whose))
        begins = np.searchsorted(whose[order], np.arange(len(names) + 1))
        nearest = nearest_order(
            codes[: len(stops)].astype(np.int64),
            start_us,
            end_us,
            lon,
            lat,
            begins.astype(np.int64),
            t_us[order],
            orders["lon"].to_numpy(dtype=np.float64)[order],
            orders["lat"].to_numpy(dtype=np.float64)[order],
            float(self.order_radius_m),
            round(self.order_tolerance_s * _clock.US_PER_S),
        )
        kinds = np.append(orders["kind"].to_numpy(dtype=object)[order], "")
        return np.asarray(kinds[nearest], dtype=object)  # the last one where there is none

    def _depot(
        self,
        stops: pd.DataFrame,
        start_us: IntArray,
        hour: IntArray,
        lon: FloatArray,
        lat: FloatArray,
        is_open: BoolArray,
        min_couriers: int,
    ) -> BoolArray:
        codes, names = pd.factorize(stops["courier_id"], sort=True)
        row = np.flatnonzero(is_open & in_hours(hour, self.depot_hours))
        row = row[np.lexsort((start_us[row], codes[row]))]
        day = (hour[row] - self.depot_hours[0]) // _clock.HOURS_PER_DAY
        first = np.ones(row.size, dtype=np.bool_)
        first[1:] = (np.diff(codes[row]) != 0) | (np.diff(day) != 0)
        row, day = row[first], day[first]
        place_lon, place_lat = favourite_places(
            codes[row].astype(np.int64), day, lon[row], lat[row], len(names), float(self.place_radius_m), 1
        )
        known = ~np.isnan(place_lon)
        place_lon, place_lat = place_lon[known], place_lat[known]
        common = shared(place_lon, place_lat, self.place_radius_m, min_couriers)
        return near(lon, lat, place_lon[common], place_lat[common], self.place_radius_m)


def _known_places(places: pd.DataFrame) -> list[tuple[str, FloatArray, FloatArray]]:
    """Places by purpose, in the order in which purposes are first listed."""
    return [
        (str(what), part["lon"].to_numpy(dtype=np.float64), part["lat"].to_numpy(dtype=np.float64))
        for what, part in places.groupby("purpose", sort=False)
    ]


def _at_station(
    table: gpd.GeoDataFrame, lon: FloatArray, lat: FloatArray, start_us: IntArray, radius_m: float
) -> BoolArray:
    """Whether each stop is near a station that was there when it began."""
    counted = station_tables.counted(table)
    station_lon, station_lat = station_tables.lonlat(counted)
    first_us = _instants_or(counted, "valid_from", np.iinfo(np.int64).min)
    last_us = _instants_or(counted, "valid_to", np.iinfo(np.int64).max - _US_PER_DAY)
    found = np.zeros(lon.size, dtype=np.bool_)
    for first, last in sorted(set(zip(first_us.tolist(), last_us.tolist(), strict=True))):
        there = (first_us == first) & (last_us == last)
        was_there = (start_us >= first) & (start_us < last + _US_PER_DAY)  # valid_to is the last day
        found |= near(lon, lat, station_lon[there], station_lat[there], radius_m) & was_there
    return found


def _instants_or(table: pd.DataFrame, column: str, missing: int) -> IntArray:
    """Microseconds of a column of times, another number where they or the column are missing."""
    limit = np.full(len(table), missing, dtype=np.int64)
    if column in table.columns:
        known = table[column].notna().to_numpy()
        limit[known] = _clock.instants(pd.to_datetime(table.loc[known, column], utc=True))
    return limit
