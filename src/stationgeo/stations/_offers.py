"""What each station offers, and in which hours: for sure, and perhaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from stationgeo.errors import ParameterError, suggest
from stationgeo.stations._masks import count_bins

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import CellArray, FloatArray

__all__ = ["NO", "UNKNOWN", "YES", "HoursOfStations", "Offers"]

NO, UNKNOWN, YES = range(3)
"""A status as a number: of several, the largest is that of all of them together."""


class HoursOfStations(Protocol):
    """Hours in which stations are open, as everything takes them that asks for hours; `OpenHours` is one."""

    @property
    def station_id(self) -> npt.NDArray[np.object_]:
        """Whose they are, shape (n,), each once."""
        ...

    @property
    def low(self) -> CellArray:
        """Bins in which each is open for sure, as bits, shape (n, words)."""
        ...

    @property
    def high(self) -> CellArray:
        """Bins in which each is or may be open; `low` lies within."""
        ...

    @property
    def bins(self) -> str:
        """Which bins: hour_of_week or hour_of_day_type."""
        ...

    @property
    def n_bins(self) -> int:
        """168 or 72."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Offers:
    """Which service each station offers in which hours, as a range: for sure, and perhaps.

    Bit b % 64 of word b // 64 is bin b. If every unknown were a no, a station would offer what `low` says; if every
    unknown were a yes, what `high` says.
    """

    station_id: npt.NDArray[np.object_]
    """Stations that count, in the order of STATIONS, shape (n,)."""
    services: tuple[str, ...]
    """The k services, in the order of the services file."""
    low: CellArray
    """Bins in which the station offers the service for sure, shape (n, k, words)."""
    high: CellArray
    """Bins in which it does or may, shape (n, k, words); `low` lies within."""
    open_low: CellArray
    """Bins in which the station is open for sure, whatever it offers, shape (n, words)."""
    open_high: CellArray
    """Bins in which it is or may be open, shape (n, words)."""
    bins: str
    """Which bins: hour_of_week or hour_of_day_type."""
    n_bins: int
    """168 or 72."""
    status: npt.NDArray[np.int8]
    """Whether the station offers the service at all: 0 no, 1 unknown, 2 yes, shape (n, k)."""
    capacity: FloatArray
    """Seats, sockets, bays of the service; nan where not stated, shape (n, k)."""
    timed: bool
    """Whether hours were counted; where not, every station is taken to be always open."""
    clusters: tuple[str, ...]
    """Streets and circles of stations that were left out: they are never counted."""
    unmatched: tuple[str, ...]
    """Stations of SERVICES that are not among those given, each once, in order of appearance."""
    untold: int
    """Pairs of station and service that SERVICES lacks; they are unknown."""

    @property
    def table(self) -> pd.DataFrame:
        """Tell per service how many stations offer it, and for how many hours.

        Returns
        -------
        DataFrame
            Key `service`; stations by status, `yes`, `no`, `unknown`; station-hours in which it is offered for sure and
            perhaps, `hours_low` and `hours_high` (of a week, or of one day of each type); stations that state a
            `capacity` and the sum of what they state.

        Notes
        -----
        O(n k).
        """
        by_status = [(self.status == code).sum(axis=0) for code in (YES, NO, UNKNOWN)]
        stated = ~np.isnan(self.capacity)
        return pd.DataFrame(
            {
                "service": pd.Series(self.services, dtype="str"),
                **dict(zip(("yes", "no", "unknown"), by_status, strict=True)),
                "hours_low": count_bins(self.low).sum(axis=0),
                "hours_high": count_bins(self.high).sum(axis=0),
                "with_capacity": stated.sum(axis=0),
                "capacity": np.where(stated, self.capacity, 0.0).sum(axis=0),
            }
        )

    def select(self, stations: npt.ArrayLike) -> Offers:
        """Keep some of the stations.

        Parameters
        ----------
        stations
            Whether each stays, bool, shape (n,).

        Returns
        -------
        Offers
            Of those stations, in their order; what was left out of the whole is still told.

        Raises
        ------
        ParameterError
            If it is not one bool for each station.

        Notes
        -----
        O(n k).
        """
        kept = np.asarray(stations)
        if kept.dtype != np.bool_ or kept.shape != self.station_id.shape:
            raise ParameterError(
                f"stations must be one bool for each of {self.station_id.size:,} stations. "
                f"Got {kept.dtype} of shape {kept.shape} instead."
            )
        by_station = ("station_id", "low", "high", "open_low", "open_high", "status", "capacity")
        parts: dict[str, Any] = {name: getattr(self, name)[kept] for name in by_station}
        return replace(self, **parts)

    def of(self, service: str) -> tuple[CellArray, CellArray]:
        """Read the hours of one service.

        Parameters
        ----------
        service
            One of `services`.

        Returns
        -------
        low, high : ndarray of uint64
            Bins in which each station offers it for sure, and perhaps, shape (n, words).

        Raises
        ------
        ParameterError
            If there is no such service.

        Notes
        -----
        O(1): views of `low` and `high`.
        """
        if service not in self.services:
            raise ParameterError(f"unknown service {service!r}; {suggest(service, self.services)}")
        at = self.services.index(service)
        return self.low[:, at], self.high[:, at]

    def _repr_html_(self) -> str:
        head = f"<b>{self.station_id.size:,} stations, {len(self.services)} services</b>"
        lines = [head, f"{escape(self.bins)}, {'by their hours' if self.timed else 'at any hour'}"]
        if self.clusters:
            lines.append(f"{len(self.clusters):,} clusters left out: never counted as stations")
        if self.unmatched:
            lines.append(f"{len(self.unmatched):,} stations of SERVICES are not among the stations")
        return "<br>".join(lines) + str(self.table._repr_html_())  # type: ignore[operator]
