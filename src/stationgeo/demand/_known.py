"""How well time at one place is known: seen, assumed between far fixes, or unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo.demand._silences import counted_silences, uncounted_silences
from stationgeo.demand._table import TIMES, untold
from stationgeo.errors import ColumnError, DataError
from stationgeo.schema import DEMAND, STOPS, validate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeShares", "stop_time_shares", "time_shares"]

_S_PER_HOUR = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeShares:
    """Time at one place, told apart by how well it is known; the three parts are disjoint."""

    detected_s: float
    """Seconds of stops between fixes in a row that are near in time."""

    interpolated_s: float
    """Seconds of stops between fixes further apart: the courier was there before and after."""

    unknown_s: float
    """Seconds of silences: gaps at one place, too long to say anything of. Not demand."""

    n_left_out: int = 0
    """Silences of more than 12 hours, which are in none of the parts; 0 where they were left out before."""

    left_out_s: float = 0.0
    """Seconds of these."""

    @property
    def total_s(self) -> float:
        """Seconds of all three parts."""
        return self.detected_s + self.interpolated_s + self.unknown_s

    @property
    def detected_share(self) -> float:
        """Share of the total; nan if there is no time at all."""
        return self._share(self.detected_s)

    @property
    def interpolated_share(self) -> float:
        """Share of the total; nan if there is no time at all."""
        return self._share(self.interpolated_s)

    @property
    def unknown_share(self) -> float:
        """Share of the total; nan if there is no time at all."""
        return self._share(self.unknown_s)

    def __str__(self) -> str:
        if self.total_s == 0:
            return "there is no time at one place"
        text = (
            f"{self.total_s / _S_PER_HOUR:,.1f} h at one place: {self.detected_share:.1%} detected, "
            f"{self.interpolated_share:.1%} interpolated (assumed), "
            f"{self.unknown_share:.1%} unknown (no demand)"
        )
        if self.n_left_out:
            hours = self.left_out_s / _S_PER_HOUR
            text += f"; beside them {self.n_left_out:,} silences of more than 12 h, {hours:,.1f} h in all"
        return text

    def _share(self, part_s: float) -> float:
        return part_s / self.total_s if self.total_s else float("nan")


def time_shares(demand: pd.DataFrame) -> TimeShares:
    """Tell how much of the time at one place was detected, interpolated or unknown, of demand.

    Parameters
    ----------
    demand
        DEMAND with `interpolated_s` and `unknown_s`, as `from_stops` and `read_out` give it where both are told.

    Returns
    -------
    TimeShares
        Totals over the observed days of each bin, not averages. Silences of more than 12 hours were left out of
        DEMAND, and are not known here.

    Raises
    ------
    ColumnError
        If a column is missing.
    DataError
        If the table breaks its contract.

    Notes
    -----
    O(n) for n rows.

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({
    ...     "cell": [7], "zone_id": ["a"], "bin": [9], "courier_s": [90.0], "visits": 1.0, "courier_weight": 0.5,
    ...     "couriers": 1.0, "observed_days": 2.0, "interpolated_s": [30.0], "unknown_s": [60.0],
    ... }).astype({"cell": "uint64"})
    >>> time_shares(demand)
    TimeShares(detected_s=120.0, interpolated_s=60.0, unknown_s=120.0, n_left_out=0, left_out_s=0.0)
    """
    for name in TIMES:
        if name not in demand.columns:
            raise ColumnError(untold(name))
    validate(demand, DEMAND)
    days = demand["observed_days"]
    rest, assumed, unknown = (float((demand[name] * days).sum()) for name in ("courier_s", *TIMES))
    return TimeShares(detected_s=max(0.0, rest - assumed), interpolated_s=assumed, unknown_s=unknown)


def stop_time_shares(stops: pd.DataFrame, *, silences: pd.DataFrame) -> TimeShares:
    """Tell how much of the time at one place was detected, interpolated or unknown, of stops and silences.

    Parameters
    ----------
    stops
        STOPS, all with `interpolated_s`. No rows are fine.
    silences
        SILENCES of the same fixes, as `tracks.find_silences` lists them.

    Returns
    -------
    TimeShares
        With the silences of more than 12 hours, which are not counted, beside them.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If a table breaks its contract, or a stop does not say how much of it is interpolated.

    Notes
    -----
    O(s) for s stops and silences.

    Examples
    --------
    Ten minutes in two steps, then silence for half an hour:

    >>> import pandas as pd
    >>> from stationgeo import tracks
    >>> fixes = pd.DataFrame({
    ...     "courier_id": "a", "lon": 114.05, "lat": 22.54,
    ...     "t": pd.to_datetime([f"2024-05-06 07:{m:02}" for m in (0, 1, 10, 40)], utc=True),
    ... })
    >>> stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    >>> print(stop_time_shares(stops, silences=silences))
    0.7 h at one place: 2.5% detected, 22.5% interpolated (assumed), 75.0% unknown (no demand)
    """
    validate(stops, STOPS)
    if "interpolated_s" not in stops.columns:
        raise ColumnError("STOPS: column 'interpolated_s' is missing, so that such time is not told. Find stops anew.")
    untold_stops = int(stops["interpolated_s"].isna().sum())
    if untold_stops:
        raise DataError(
            f"STOPS: interpolated_s must not be missing to tell time apart; {untold_stops:,} of {len(stops):,} stops "
            "lack it. Leave them out, or find all stops with tracks.find_stops."
        )
    rest, assumed = float(stops["duration_s"].sum()), float(stops["interpolated_s"].sum())
    long = uncounted_silences(silences)
    return TimeShares(
        detected_s=max(0.0, rest - assumed),
        interpolated_s=assumed,
        unknown_s=float(counted_silences(silences)["duration_s"].sum()),
        n_left_out=len(long),
        left_out_s=float(long["duration_s"].sum()),
    )
