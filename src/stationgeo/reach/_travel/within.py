"""Reach over the streets: seconds from each cell to each station, or back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo.reach._arrays import texts
from stationgeo.reach._checks import OFF_STREET_KM_H, SNAP_LIMIT_M, Direction, check_cutoff, check_travel
from stationgeo.reach._graph.fingerprint import network_fingerprint
from stationgeo.reach._graph.modes import M_S_PER_KM_H
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.access import (
    candidate_cells,
    checked_access_resolution,
    snap_cells,
    snap_stations,
    station_points,
)
from stationgeo.reach._search.bounded import find_leaves
from stationgeo.reach._search.join import groups_of, leaves_of, starts_of

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.reach._meeting.snap import Snaps
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = [
    "Rows",
    "TravelReach",
    "TravelTerms",
    "checked_terms",
    "reach_table",
    "search_cells",
    "within_travel_time",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelTerms:
    """What a reach over the streets was made with."""

    cutoff_s: float
    """Largest impedance that counts as served, in seconds, inclusive."""

    resolution: int
    """H3 resolution of the cells."""

    access_resolution: int
    """H3 resolution of the cells in whose centres they are met; their own where each is met in its own centre."""

    direction: Direction
    """``to_station`` or ``from_station``."""

    snap_limit_m: float
    """Farther than this off the streets a point does not meet them."""

    off_street_km_h: float
    """Speed between a point and the street."""

    id_column: str
    """Where the ids came from: `station_id` or `candidate_id`."""

    mode: str
    """Mode of travel of the network."""

    network: str
    """Which network: see `network_fingerprint`."""

    @property
    def towards(self) -> bool:
        """Whether one travels towards the stations."""
        return self.direction == "to_station"

    @property
    def pace_m_s(self) -> float:
        """Metres a second off the streets."""
        return self.off_street_km_h * M_S_PER_KM_H

    def radius_m(self, network: Network) -> float:
        """Give the longest way that the cutoff allows, in metres."""
        return self.cutoff_s * max(network.speed_m_s, self.pace_m_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelReach:
    """Reach over the streets, and where stations and cells meet them; made by `within_travel_time`."""

    table: pd.DataFrame
    """REACH with `impedance_s`, sorted by station and cell."""

    stations: Snaps
    """Where the access points of stations meet the streets, sorted by id (`station_id` stands in front, then `access`,
    which of its station's points it is, from 0)."""

    cells: Snaps
    """Where the access points of all cells that could be reached meet them (`cell` stands in front, then `access_cell`,
    the cell in whose centre it is)."""

    n_cells: IntArray
    """How many cells each station reaches, in order of ids; 0 for those that reach none."""

    terms: TravelTerms
    """What it was made with."""

    def _repr_html_(self) -> str:
        return (f"<b>Reach: {len(self.table):,} rows</b><br>stations: {self.stations._repr_html_()}"
                f"<br>cells: {self.cells._repr_html_()}")  # fmt: skip


class Rows(NamedTuple):
    """What stations reach, one after the other: how many cells each, which, and in how many seconds."""

    n_cells: IntArray
    cell: CellArray
    seconds: FloatArray


def within_travel_time(
    stations: gpd.GeoDataFrame,
    network: Network,
    *,
    cutoff_s: float,
    resolution: int,
    direction: Direction = "to_station",
    access: gpd.GeoDataFrame | None = None,
    access_resolution: int | None = None,
    snap_limit_m: float = SNAP_LIMIT_M,
    off_street_km_h: float = OFF_STREET_KM_H,
    workers: int | None = None,
) -> TravelReach:
    """Find the cells from whose centre one gets to each station over the streets within so many seconds.

    Parameters
    ----------
    stations
        Points in WGS-84 with a unique `station_id` or `candidate_id`; see `within_distance`.
    network
        The street graph of one mode.
    cutoff_s
        Largest impedance that counts as served, in seconds, inclusive; 0 or more.
    resolution
        H3 resolution of the cells, 0 to 15.
    direction
        ``to_station``, or ``from_station``: one-ways make them differ.
    access
        Points in WGS-84 at which stations are met, with the stations' own column of ids; several rows a station. The
        one from which the way is shortest counts. Stations that it does not name are met at their own geometry; of
        those that it names, that is not looked at.
    access_resolution
        H3 resolution, that of the cells or finer. A cell is met in the centres of its descendants of that resolution;
        by default in its own centre. Finer points are for cells that are large beside the cutoff.
    snap_limit_m
        Access points farther than this from every street are not met; they are counted.
    off_street_km_h
        Speed between a point and the street.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    TravelReach
        The REACH table, and where stations and cells meet the streets.

    Raises
    ------
    ColumnError
        If there is no id column, or no geometry.
    DataError
        If an id repeats or is missing, a geometry is missing or no point, or `access` names a station that is not
        there.
    DatumError
        If the geometry is not in WGS-84.
    ParameterError
        If a number is out of range, or there is no such direction or resolution.

    Notes
    -----
    Between two access points, t = off-street metres of both / off-street speed + seconds over the streets between
    where they meet them, which may be in the midst of edges; the least over a station's points is its t. A cell of n
    access points has t(1) <= ... <= t(n), those that are not met or cannot get there infinite, and

        impedance_s = t(ceil(n / 2)):

    the least time within which at least half of them get there, so that a large cell is neither flattered by its best
    corner nor spoiled by its worst. With its own centre alone that is its t. An access point meets the streets at the
    point nearest to it, wherever demand lies. Nobody cuts across from cell to station without a street between.
    O(stations x nodes and access points within the cutoff), times a logarithm.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1028.7], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> table = gpd.GeoDataFrame({"station_id": ["a"]}, geometry=[shapely.Point(114.055, 22.54)], crs="EPSG:4326")
    >>> reach = within_travel_time(table, build_network(edges, nodes, mode="ebike"), cutoff_s=90, resolution=10)
    >>> len(reach.table), float(reach.table["impedance_s"].min().round()), reach.stations.counts["not snapped"]
    (6, 44.0, 0)
    """
    names = station_points([stations], access)
    terms = checked_terms(
        cutoff_s=cutoff_s, resolution=resolution, access_resolution=access_resolution, direction=direction,
        snap_limit_m=snap_limit_m, off_street_km_h=off_street_km_h, id_column=names.id_column, network=network,
    )  # fmt: skip
    candidates = candidate_cells(
        names.lon, names.lat, radius_m=terms.radius_m(network),
        resolution=terms.resolution, access_resolution=terms.access_resolution,
    )  # fmt: skip
    at = snap_stations(names, network, limit_m=snap_limit_m, workers=workers)
    centres = snap_cells(
        candidates, network, access_resolution=terms.access_resolution, limit_m=snap_limit_m, workers=workers
    )
    got = search_cells(at.table, names.station, names.names.size, centres.table, network, terms, workers=workers)
    return TravelReach(
        table=reach_table(names.names, got), stations=at, cells=centres, n_cells=got.n_cells, terms=terms
    )


def checked_terms(
    *, cutoff_s: float, resolution: int, access_resolution: int | None, direction: Direction, snap_limit_m: float,
    off_street_km_h: float, id_column: str, network: Network,
) -> TravelTerms:  # fmt: skip
    """Hold what a reach is to be made with against what it may be."""
    check_network(network)
    cutoff = check_cutoff(cutoff_s)
    check_travel(off_street_km_h, direction, snap_limit_m)
    return TravelTerms(
        cutoff_s=cutoff, resolution=resolution,
        access_resolution=checked_access_resolution(access_resolution, resolution), direction=direction,
        snap_limit_m=float(snap_limit_m), off_street_km_h=float(off_street_km_h), id_column=id_column,
        mode=network.mode, network=network_fingerprint(network),
    )  # fmt: skip


def search_cells(
    at: pd.DataFrame, source: IntArray, n: int, centres: pd.DataFrame, network: Network, terms: TravelTerms, *,
    workers: int | None,
) -> Rows:  # fmt: skip
    """Search from `n` stations, whose points are in `at`, for the cells whose points are in `centres`."""
    pace, towards = terms.pace_m_s, terms.towards
    starts = starts_of(at, source, n, network, pace, towards=towards)
    leaves = leaves_of(centres, at, source, n, network, pace, towards=towards)
    groups = groups_of(centres)
    arcs = network.arcs(towards=towards)
    got = find_leaves(arcs, starts, leaves, groups, terms.cutoff_s, workers=workers)
    return Rows(np.diff(got.first), np.unique(centres["cell"].to_numpy())[got.found], got.seconds)


def reach_table(names: npt.NDArray[np.object_], rows: Rows) -> pd.DataFrame:
    """Write what stations reach as a REACH table."""
    ids = texts(names, np.repeat(np.arange(names.size), rows.n_cells))
    return pd.DataFrame({"station_id": ids, "cell": rows.cell, "impedance_s": rows.seconds})
