"""Which stations count for a standard, and what they offer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationgeo.coverage._items import Item
    from stationgeo.coverage._standard import Standard
    from stationgeo.stations import Catalogue, Offers

__all__ = ["any_hour", "offered", "open_where_unknown", "qualified"]

_Frame = TypeVar("_Frame", bound=pd.DataFrame)
_YES, _NO = 2, 0
_BY_STATION = ("station_id", "low", "high", "open_low", "open_high", "status", "capacity")


def qualified(stations: _Frame, standard: Standard | None, catalogue: Catalogue | None) -> _Frame:
    """Select the stations that count: no clusters, and only the kinds and tiers that the standard names."""
    kinds, tiers = (None, None) if standard is None else (standard.kinds or None, standard.tiers or None)
    return station_kinds.with_kinds(stations, kinds=kinds, tiers=tiers, catalogue=catalogue)


def offered(
    counted: pd.DataFrame, offers: Offers | None, *, items: Sequence[Item], open_then: bool,
    catalogue: Catalogue | None = None,
) -> Offers:  # fmt: skip
    """Say what the stations that count offer, in their order.

    Raises
    ------
    ParameterError
        If more is asked for than is told.
    DataError
        If offers lack a station, or contradict themselves.
    """
    names = ", ".join(repr(item.name) for item in items)
    if offers is None:
        services = any(item.clauses for item in items)
        if services or open_then:
            raise ParameterError(
                f"{names} asks for {'services' if services else 'open stations'}: give offers=, as "
                "stations.offers(stations, services, hours=...) makes them."
            )
        return station_kinds.offers(counted, schema.empty(schema.SERVICES), hours=None, catalogue=catalogue)
    if open_then and not offers.timed:
        raise ParameterError(
            f"{names} asks for stations that are open, and offers were made without hours: give "
            "stations.offers(..., hours=stations.open_hours(...))."
        )
    if (offers.low & ~offers.high).any():
        raise DataError("offers: what is offered for sure must be within what is offered perhaps. Make them anew.")
    at = pd.Index(offers.station_id).get_indexer(pd.Index(counted["station_id"]))
    if (at < 0).any():
        raise DataError(
            f"offers: {int((at < 0).sum()):,} of {len(counted):,} stations are missing: "
            f"{first_few(counted.loc[at < 0, 'station_id'])}. Make offers of the same stations."
        )
    kept = dataclasses.replace(offers, **{name: getattr(offers, name)[at] for name in _BY_STATION})
    return kept if open_then else any_hour(kept)


def any_hour(offers: Offers) -> Offers:
    """Leave hours aside: what a station offers at all it offers always."""
    whole = station_kinds.offers(
        pd.DataFrame({"station_id": offers.station_id, "kind": "warm_bee"}), schema.empty(schema.SERVICES),
        hours=None, bins=offers.bins,
    )  # fmt: skip
    every = whole.open_low[:, None, :]
    return dataclasses.replace(
        offers,
        low=np.where((offers.status == _YES)[:, :, None], every, np.uint64(0)),
        high=np.where((offers.status != _NO)[:, :, None], every, np.uint64(0)),
        open_low=whole.open_low, open_high=whole.open_high, timed=False,
    )  # fmt: skip


def open_where_unknown(offers: Offers) -> Offers:
    """Take every hour that is not known for open; whether a service is there stays as it is for sure."""
    sure = (offers.status == _YES)[:, :, None]
    return dataclasses.replace(
        offers, low=np.where(sure, offers.high, np.uint64(0)), open_low=offers.open_high
    )  # fmt: skip
