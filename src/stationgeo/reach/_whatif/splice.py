"""Put what was searched again in the place of what it replaces, beside what stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stationgeo.errors import DataError, ParameterError
from stationgeo.reach._arrays import FlagArray, Names, begins_new
from stationgeo.reach._checks import check_kind
from stationgeo.reach._graph.fingerprint import network_fingerprint
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.access import candidate_cells
from stationgeo.reach._travel.within import Rows, TravelReach

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import CellArray, FloatArray, IntArray

    AnyArray = npt.NDArray[Any]

__all__ = ["among", "candidates", "check_fits", "own_cells", "sources", "spliced"]


def check_fits(travel: TravelReach, network: Network, *, name: str) -> None:
    """Insist that a reach is whole, and was made with this network."""
    check_kind("travel", travel, TravelReach, "what within_travel_time returns, not its table alone")
    check_network(network, name)
    if int(travel.n_cells.sum()) != len(travel.table):
        raise DataError(
            f"travel must hold the rows that it was made with, {int(travel.n_cells.sum()):,}. Got "
            f"{len(travel.table):,}: give it as it was returned, and take rows out afterwards."
        )
    given = network_fingerprint(network)
    if given != travel.terms.network:
        raise ParameterError(
            f"{name} must be the network that travel was made with, {travel.terms.network}. Got {given}: name that "
            "one, go on with follow_streets if streets were blocked or opened, or search anew with within_travel_time."
        )


def sources(table: pd.DataFrame) -> tuple[Names, IntArray]:
    """Name the stations of a table of points, which stand together, and the station of each point by number."""
    ids = table["station_id"].to_numpy(dtype=np.object_)
    new = begins_new(ids)
    return ids[new], np.cumsum(new, dtype=np.int64) - 1


def own_cells(centres: pd.DataFrame, near: CellArray) -> pd.DataFrame:
    """Take the access points of cells that some stations can reach: no way leads beyond their candidates."""
    return centres[among(centres["cell"].to_numpy(), near)].reset_index(drop=True)


def among(named: CellArray, ascending: CellArray) -> FlagArray:
    """Say which cells are among others, that ascend."""
    if not ascending.size:
        return np.zeros(named.size, dtype=np.bool_)
    row = np.minimum(np.searchsorted(ascending, named), ascending.size - 1)
    there: FlagArray = ascending[row] == named
    return there


def candidates(travel: TravelReach, network: Network, lon: FloatArray, lat: FloatArray) -> CellArray:
    """List the cells that stations met at these points could reach."""
    return candidate_cells(
        lon, lat, radius_m=travel.terms.radius_m(network),
        resolution=travel.terms.resolution, access_resolution=travel.terms.access_resolution,
    )  # fmt: skip


def spliced(travel: TravelReach, kept: FlagArray, names: Names, found: Rows) -> tuple[Names, Rows]:
    """Merge the rows of the stations that are kept with those found for others, in order of ids."""
    old_names, _ = sources(travel.stations.table)
    every = np.concatenate([old_names[kept], names])
    order = np.argsort(every, kind="stable")
    is_old = order < int(kept.sum())
    sizes = np.concatenate([travel.n_cells[kept], found.n_cells])[order]
    begins = np.concatenate([_begins(travel.n_cells)[kept], _begins(found.n_cells)])[order]
    # Stations that stood one after the other are copied as one.
    follows = (is_old[1:] == is_old[:-1]) & (begins[1:] == begins[:-1] + sizes[:-1])
    cuts = np.concatenate([[0], np.flatnonzero(~follows) + 1]) if order.size else np.empty(0, dtype=np.int64)
    lasts = np.append(cuts[1:], order.size) - 1
    runs = list(zip(is_old[cuts], begins[cuts], begins[lasts] + sizes[lasts], strict=True)) if order.size else []
    cell = _copied(travel.table["cell"].to_numpy(), found.cell, runs)
    seconds = _copied(travel.table["impedance_s"].to_numpy(), found.seconds, runs)
    return every[order], Rows(sizes, cell, seconds)


def _copied(old: AnyArray, new: AnyArray, runs: list[tuple[bool, int, int]]) -> AnyArray:
    parts = [(old if of_old else new)[begin:end] for of_old, begin, end in runs]
    return np.concatenate(parts) if parts else new[:0]


def _begins(sizes: IntArray) -> IntArray:
    begins: IntArray = np.cumsum(sizes) - sizes
    return begins
