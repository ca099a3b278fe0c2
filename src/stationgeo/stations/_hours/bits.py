"""Opening hours of one station as bits of bins, and what is counted on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from stationgeo._clock import HOURS_PER_DAY
from stationgeo.stations._hours.minutes import ADJUSTED, HOLIDAY, REGULAR, Day, week_minutes
from stationgeo.stations._hours.parse import Hours, rules_in
from stationgeo.stations._masks import pack_bins

if TYPE_CHECKING:
    import datetime as dt

    import numpy.typing as npt

    from stationgeo._calendar import Bins
    from stationgeo.schema import CellArray

__all__ = ["BitsOfText", "PartHours"]

PartHours = Literal["half", "bounds"]
"""When an hour is open that is open in part: if it is for half of it or more; or for sure only if it is for all of it,
and perhaps if it is at all."""

_MINUTES_PER_HOUR = 60
_HALF_HOUR = 30
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BitsOfText:
    """Bits of one text, and what is counted on the way."""

    hours: Hours
    """The text as understood."""
    low: CellArray
    """Bins of which it is open for sure."""
    high: CellArray
    """Bins of which it is or may be open."""
    row: dict[str, Any]
    """What `OpenHours.table` counts of it."""

    @classmethod
    def of(
        cls, hours: Hours, as_of: dt.date, bins: Bins, part_hours: PartHours, *, bound: bool,
        week: tuple[tuple[Day, ...], ...],
    ) -> BitsOfText:  # fmt: skip
        """Count the minutes of a week of each kind of day, and make bins of them; `week` has the kinds by weekday."""
        rules = rules_in(hours, year=as_of.year)
        minutes = {kind: week_minutes(rules, as_of=as_of, kind=kind) for kind in (REGULAR, HOLIDAY, ADJUSTED)}
        week_h = [float(flags.sum()) / _MINUTES_PER_HOUR for flags in minutes[REGULAR]]
        days = {kind: _hourly(*flags, part_hours=part_hours) for kind, flags in minutes.items()}
        parts = {kind: _in_part(*flags) for kind, flags in minutes.items()}
        row: dict[str, Any] = {"week_h_low": week_h[0], "week_h_high": week_h[1]}
        if bins == "hour_of_week":
            low, high, differing = _by_weekday(days, week)
            row |= {"part_hours": int(parts[REGULAR].sum()), "differing_hours": differing, "adjusted_hours": 0}
        else:
            low, high, counts = _by_type(days, bound=bound)
            part = [parts[REGULAR][:_SATURDAY], parts[REGULAR][_SATURDAY:], parts[HOLIDAY]]
            row |= counts | {"part_hours": int(sum(flags.any(axis=0).sum() for flags in part))}
        gone = rules_in(hours, year=as_of.year) != rules_in(hours, year=0)
        row |= {"status": "unknown", "reason": "of past years"} if gone else {}
        return cls(hours=hours, low=pack_bins(low), high=pack_bins(high), row=row)


def _hourly(
    low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_], *, part_hours: PartHours
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Minutes (7, 1440) to hours (7, 24)."""
    open_min, perhaps_min = _minutes_of_hours(low), _minutes_of_hours(high)
    if part_hours == "bounds":
        return open_min == _MINUTES_PER_HOUR, perhaps_min > 0
    return open_min >= _HALF_HOUR, perhaps_min >= _HALF_HOUR


def _in_part(low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Hours (7, 24) of which some minutes are open, or may be, and others not."""
    counts = [_minutes_of_hours(flags) for flags in (low, high)]
    found = [(count > 0) & (count < _MINUTES_PER_HOUR) for count in counts]
    return found[0] | found[1]


def _minutes_of_hours(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.asarray(flags.reshape(len(flags), HOURS_PER_DAY, _MINUTES_PER_HOUR).sum(axis=-1), dtype=np.int64)


def _by_weekday(
    days: dict[Day, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]], week: tuple[tuple[Day, ...], ...]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], int]:
    """Hours of the week (168,): sure on all kinds of days of a weekday, possible on any; and how many differ."""
    lows = [np.stack([days[kind][0][weekday] for kind in kinds]) for weekday, kinds in enumerate(week)]
    highs = [np.stack([days[kind][1][weekday] for kind in kinds]) for weekday, kinds in enumerate(week)]
    both = [low.astype(np.int64) + high for low, high in zip(lows, highs, strict=True)]
    return (
        np.concatenate([low.all(axis=0) for low in lows]),
        np.concatenate([high.any(axis=0) for high in highs]),
        sum(int((one != one[0]).any(axis=0).sum()) for one in both),
    )


def _by_type(
    days: dict[Day, tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]], *, bound: bool
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, int]]:
    """Hours of the three types of days (72,), and in how many the days of a type differ."""
    worked_low, worked_high = (flags[_SATURDAY:] for flags in days[ADJUSTED])
    of_types = [
        [flags[:_SATURDAY] for flags in days[REGULAR]],
        [flags[_SATURDAY:] for flags in days[REGULAR]],
        list(days[HOLIDAY]),
    ]
    low, high = of_types[0]
    alike = (worked_low.all(axis=0) == low.all(axis=0)) & (worked_high.any(axis=0) == high.any(axis=0))
    if bound:
        of_types[0] = [np.concatenate([low, worked_low]), np.concatenate([high, worked_high])]
    differing = sum(int((flags != flags[0]).any(axis=0).sum()) for flags in _each_once(of_types))
    counts = {"differing_hours": differing, "adjusted_hours": int((~alike).sum())}
    lows = np.concatenate([one.all(axis=0) for one, _ in of_types])
    highs = np.concatenate([other.any(axis=0) for _, other in of_types])
    return lows, highs, counts


def _each_once(of_types: list[list[npt.NDArray[np.bool_]]]) -> list[npt.NDArray[np.int64]]:
    """Low and high of each day as one number, so that a bin in which either differs counts once."""
    return [low.astype(np.int64) + high for low, high in of_types]
