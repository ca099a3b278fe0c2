"""Stays cut where the clock strikes, and whole amounts shared out over the pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock, cells
from stationgeo.errors import DataError, first_few
from stationgeo.schema import OUTSIDE
from stationgeo.zones import locate

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["WEIGHT_UNITS", "Pieces", "apportioned", "by_the_hour", "check_lengths", "weight_units", "zone_of"]

WEIGHT_UNITS = 1 << 40
"""A courier-day in `weight_units`: a share is true to 1e-12, and 8 million courier-days fit into one sum."""

# Times are kept to the millisecond: duration_s may differ from end - start by that much.
TOLERANCE_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Stays cut at the full hours; those of one stay together and in order of time."""

    row: IntArray
    """Which stay."""
    hour: IntArray
    """Local hour since 1970."""
    length_us: IntArray
    """Microseconds."""
    keys: pd.DataFrame
    """`cell`, `zone_id`, `hour`, `group` and `purpose` of each piece."""


def by_the_hour(
    stays: pd.DataFrame, *, purpose: npt.NDArray[np.object_], zones: gpd.GeoDataFrame | None, resolution: int, tz: str
) -> Pieces:
    """Cut stops or silences at the full hours, each in the cell and zone of its own position."""
    lon, lat = stays["lon"].to_numpy(dtype=np.float64), stays["lat"].to_numpy(dtype=np.float64)
    row, hour, length_us = _clock.split_hours(_clock.instants(stays["start"]), _clock.instants(stays["end"]), tz=tz)
    keys = pd.DataFrame(
        {
            "cell": cells.from_lonlat(lon, lat, resolution=resolution)[row],
            "zone_id": zone_of(lon, lat, zones)[row],
            "hour": hour,
            "group": _groups(stays)[row],
            "purpose": purpose[row],
        }
    )
    return Pieces(row=row, hour=hour, length_us=length_us, keys=keys)


def zone_of(lon: FloatArray, lat: FloatArray, zones: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    """Lowest-level zone of each point, '' outside and where there are no zones."""
    if zones is None:
        return np.full(lon.size, OUTSIDE, dtype=object)
    return np.asarray(locate(lon, lat, zones=zones), dtype=object)


def apportioned(amount: IntArray, *, part_of: IntArray, share: IntArray) -> IntArray:
    """Share whole amounts out over parts so that those of each amount add up to it exactly.

    Parameters
    ----------
    amount
        Whole numbers, below 2 ** 53.
    part_of
        Which amount each part belongs to; those of one together.
    share
        In proportion to what, 0 or more; an amount whose parts have none in all must be 0.

    Returns
    -------
    ndarray of int64
        Of each part. Cumulated shares are rounded, so that no rounding adds up.
    """
    new = np.diff(part_of, prepend=-1) != 0
    first = np.flatnonzero(new)
    if not first.size:
        return np.zeros(0, dtype=np.int64)
    whole = np.cumsum(new) - 1
    cumulated = np.cumsum(share)
    before = np.concatenate([[0], cumulated])[first]
    total = np.maximum(cumulated[np.append(first[1:], share.size) - 1] - before, 1)
    upto = np.rint((cumulated - before[whole]) / total[whole] * amount[part_of]).astype(np.int64)
    since = np.where(new, 0, np.concatenate([[0], upto[:-1]]))
    return np.asarray(upto - since, dtype=np.int64)


def weight_units(courier: IntArray, date: IntArray, length_us: IntArray) -> IntArray:
    """Share of each part in its courier-day; parts are ordered by courier and time."""
    new = np.ones(courier.size, dtype=bool)
    new[1:] = (courier[1:] != courier[:-1]) | (date[1:] != date[:-1])
    day = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    idle = np.add.reduceat(length_us, first) == 0 if first.size else np.zeros(0, dtype=bool)
    # Where nobody was seen to stay for any time, each stop counts alike; it has one part then.
    share = np.where(idle[day], 1, length_us)
    return apportioned(np.full(first.size, WEIGHT_UNITS), part_of=day, share=share)


def check_lengths(stays: pd.DataFrame, *, name: str, key: str) -> None:
    """Insist that durations are end - start."""
    lasted = (stays["end"] - stays["start"]).dt.total_seconds()
    wrong = ~((stays["duration_s"] - lasted).abs() <= TOLERANCE_S) | (lasted < 0)
    if wrong.any():
        raise DataError(
            f"{name}: duration_s must be end - start in seconds; {int(wrong.sum()):,} of {len(stays):,} "
            f"{name.lower()} break this, {key} {first_few(stays.loc[wrong, key])}."
        )


def _groups(stays: pd.DataFrame) -> npt.NDArray[np.object_]:
    if "group" not in stays.columns:
        return np.full(len(stays), "", dtype=object)
    return np.asarray(stays["group"].fillna(""), dtype=object)
