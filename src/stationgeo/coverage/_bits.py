"""Hours of stations as bits, and the bit that stands for a time that is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.coverage._items import lay_out
from stationgeo.coverage._qualify import offered as told_of
from stationgeo.errors import DataError, ParameterError, first_few, suggest
from stationgeo.stations._masks import pack_bins, unpack_bins

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from stationgeo.coverage._standard import Standard
    from stationgeo.schema import CellArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["bits_of_bins", "offered", "services_at", "standard_at"]


def bits_of_bins(bins: IntArray, *, n_bins: int) -> IntArray:
    """Give each bin of demand its bit: its own, or the one after the last for a time that is not known."""
    beyond = bins >= n_bins
    if beyond.any():
        raise ParameterError(
            f"demand and offers must have the same bins. Demand has bin {int(bins.max())}, offers have {n_bins}: "
            "make the offers of the bins that the demand was read out in."
        )
    return np.where(bins < 0, n_bins, bins)


def offered(
    offers: Offers, services: Sequence[str | Sequence[str]], *, station_id: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Tell for stations in the order given which of the services they offer, for sure and perhaps, in which bins.

    Where there are several instead of a service, any of them will do. Shape (station, service, bin + 1). The last bin
    is a time that is not known: then a service is offered for sure if it is in every bin, and perhaps if it is in any.
    """
    parts = [(name,) if isinstance(name, str) else tuple(name) for name in services]
    names = [name for part in parts for name in part]
    unknown = [name for name in names if name not in offers.services]
    if unknown or not all(parts) or not parts or len(set(parts)) < len(parts):
        wrong = unknown[0] if unknown else ""
        raise ParameterError(
            f"services must be one or more of those that the offers know, each once. Got {first_few(names) or 'none'}; "
            f"{suggest(wrong, offers.services)}"
        )
    rows = _rows(offers, station_id)
    columns = [[offers.services.index(name) for name in part] for part in parts]
    low, high = (
        unpack_bins(
            np.stack([np.bitwise_or.reduce(words[rows][:, column], axis=1) for column in columns], axis=1),
            n_bins=offers.n_bins,
        )
        for words in (offers.low, offers.high)
    )
    if (low & ~high).any():
        raise DataError("offers: what is offered for sure must be within what is offered perhaps. Make them anew.")
    return (
        np.concatenate([low, low.all(axis=-1, keepdims=True)], axis=-1),
        np.concatenate([high, high.any(axis=-1, keepdims=True)], axis=-1),
    )


def services_at(offers: Offers, services: Sequence[str], *, station_id: npt.NDArray[np.object_]) -> CellArray:
    """Pack the bins in which stations are open for sure and offer all of the services; (station, word).

    One bit more than there are bins: the last one says that this holds in every bin.
    """
    if not services:
        flags = unpack_bins(offers.open_low[_rows(offers, station_id)], n_bins=offers.n_bins)
        return pack_bins(np.concatenate([flags, flags.all(axis=-1, keepdims=True)], axis=-1))
    low, _ = offered(offers, services, station_id=station_id)
    return pack_bins(np.asarray(low.all(axis=1)))


def standard_at(
    counted: pd.DataFrame, offers: Offers | None, standard: Standard, catalogue: Catalogue | None
) -> tuple[CellArray, int]:
    """Pack the bins in which stations by themselves have for sure what a standard asks for; and tell how many bins.

    The words have one bit more, as in `services_at`.

    Raises
    ------
    ParameterError
        If several stations may share what it asks for, or it asks for what offers do not tell.
    """
    item = standard.item(catalogue=catalogue)
    if len(item.clauses) > 1 and not item.together:
        raise ParameterError(
            f"standard {standard.name!r}: several stations may share the {len(item.clauses)} things that it asks for, "
            "so that no station serves demand by itself. Take one with together = true, or with one service or need."
        )
    told = told_of(counted, offers, items=[item], open_then=standard.open_then)
    low = np.bitwise_or.reduce(lay_out([item], told).low, axis=1)
    flags = unpack_bins(low, n_bins=told.n_bins)
    return pack_bins(np.concatenate([flags, flags.all(axis=-1, keepdims=True)], axis=-1)), told.n_bins


def _rows(offers: Offers, station_id: npt.NDArray[np.object_]) -> IntArray:
    rows = pd.Index(offers.station_id).get_indexer(pd.Index(station_id))
    if (rows < 0).any():
        missing = station_id[rows < 0]
        raise DataError(
            f"offers lack {missing.size:,} of {station_id.size:,} counted stations: {first_few(missing)}. Make them "
            "from the same stations; a pair that nothing is known of is 'unknown' there."
        )
    return rows.astype(np.int64)
