"""The nearest stations of each cell over the streets, at any distance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from stationgeo import cells as h3_cells
from stationgeo import crs
from stationgeo.errors import ParameterError, first_few
from stationgeo.reach._arrays import rows_by, texts
from stationgeo.reach._checks import OFF_STREET_KM_H, SNAP_LIMIT_M, check_area, check_count, check_cutoff, check_travel
from stationgeo.reach._graph.modes import M_S_PER_KM_H
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.access import snap_stations, station_points
from stationgeo.reach._meeting.snap import Snaps, counted, snap
from stationgeo.reach._search.join import along_one_edge, starts_of, ways
from stationgeo.reach._search.labels import Nearest, Ways, nearest_of_nodes, nearest_of_places

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.reach._checks import Direction
    from stationgeo.reach._graph.network import Network
    from stationgeo.reach._meeting.access import StationPoints
    from stationgeo.schema import CellArray, FloatArray, IntArray

__all__ = ["NearestStations", "nearest_over_streets"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestStations:
    """The nearest stations of cells over the streets; made by `nearest_over_streets`."""

    table: pd.DataFrame
    """Key (`cell`, `rank`): `station_id`, `impedance_s`, in order of cell; rank 1 is the nearest."""

    unreached: CellArray
    """Cells of the question without a row, ascending: not snapped, or no station can be reached (within the cutoff)."""

    stations: Snaps
    """Where the access points of stations meet the streets; see `TravelReach`."""

    cells: Snaps
    """Where the centres of the cells meet them (`cell` stands in front)."""

    def _repr_html_(self) -> str:
        return (f"<b>Nearest stations: {len(self.table):,} rows</b><br>cells that reach none: {self.unreached.size:,}"
                f"<br>stations: {self.stations._repr_html_()}<br>cells: {self.cells._repr_html_()}")  # fmt: skip


def nearest_over_streets(
    stations: gpd.GeoDataFrame,
    network: Network,
    *,
    k: int = 1,
    cells: npt.ArrayLike | None = None,
    within: shapely.Polygon | shapely.MultiPolygon | None = None,
    resolution: int | None = None,
    cutoff_s: float | None = None,
    direction: Direction = "to_station",
    access: gpd.GeoDataFrame | None = None,
    snap_limit_m: float = SNAP_LIMIT_M,
    off_street_km_h: float = OFF_STREET_KM_H,
    workers: int | None = None,
) -> NearestStations:
    """Find the k stations that are nearest to each cell over the streets, however far they are.

    Parameters
    ----------
    stations
        Points in WGS-84 with a unique `station_id` or `candidate_id`; see `within_distance`.
    network
        The street graph of one mode.
    k
        How many stations of each cell, 1 or more. A cell that reaches fewer has fewer.
    cells
        The cells that are asked about; a cell that is named twice is asked about once.
    within
        Instead: a polygon in WGS-84. The cells that meet the streets in it, and those that meet them nowhere and whose
        centre lies in it.
    resolution
        H3 resolution of the cells within the polygon.
    cutoff_s
        Largest impedance, in seconds, inclusive; none by default.
    direction
        ``to_station``, or ``from_station``: one-ways make them differ.
    access
        Points at which stations are met; see `within_travel_time`.
    snap_limit_m
        Access points farther than this from every street are not met; they are counted.
    off_street_km_h
        Speed between a point and the street.
    workers
        Threads that find where points meet the streets (the search is one); as many as there are processors by
        default. The answer does not depend on it.

    Returns
    -------
    NearestStations
        The stations, the cells that reach none, and where both meet the streets.

    Raises
    ------
    ColumnError
        If there is no id column, or no geometry.
    DataError
        If an id repeats or is missing, a geometry is missing or no point, or what is given as a cell is none.
    DatumError
        If the geometry is not in WGS-84.
    ParameterError
        If a number is out of range, or not exactly one of `cells` and (`within`, `resolution`) is given.

    Notes
    -----
    The impedance is that of `within_travel_time` with each cell met in its own centre; of stations with one impedance
    the one first by its id is nearer. Dijkstra's algorithm from all stations at once, in which every node keeps its k
    nearest: a way to the next node can only lead on from one of these. Two impedances that differ by no more than the
    rounding of their sums may change places. O(k arcs (log(k nodes) + k)), whatever the number of stations; memory
    O(k nodes).

    References
    ----------
    Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1, 269-271.
    doi:10.1007/BF01386390

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1028.7], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> points = gpd.points_from_xy([114.051, 114.058], [22.54, 22.54])
    >>> table = gpd.GeoDataFrame({"station_id": ["a", "b"]}, geometry=points, crs="EPSG:4326")
    >>> asked = from_lonlat([114.053, 114.5], [22.54, 22.54], resolution=10)
    >>> near = nearest_over_streets(table, build_network(edges, nodes, mode="walk"), k=2, cells=asked)
    >>> near.table["station_id"].tolist(), near.unreached.size
    (['a', 'b'], 1)
    """
    check_network(network)
    n_nearest = check_count("k", k)
    cutoff = math.inf if cutoff_s is None else check_cutoff(cutoff_s)
    check_travel(off_street_km_h, direction, snap_limit_m)
    points = station_points([stations], access)
    at = snap_stations(points, network, limit_m=snap_limit_m, workers=workers)
    centres = _asked(cells, within, resolution, network, snap_limit_m, workers)
    # More than there are stations would only take room.
    kept = max(1, min(n_nearest, points.names.size))
    pace, towards = off_street_km_h * M_S_PER_KM_H, direction == "to_station"
    found = _search(at.table, points, centres.table, network, kept, cutoff, pace, towards=towards)
    named = centres.table["cell"].to_numpy()
    place = np.flatnonzero(found.source >= 0)
    table = pd.DataFrame({
        "cell": named[place // kept],
        "rank": place % kept + 1,
        "station_id": texts(points.names, found.source[place]),
        "impedance_s": found.seconds[place],
    })  # fmt: skip
    return NearestStations(table=table, unreached=named[found.source[::kept] < 0], stations=at, cells=centres)


def _asked(
    cells: npt.ArrayLike | None, within: shapely.Polygon | shapely.MultiPolygon | None, resolution: int | None,
    network: Network, limit_m: float, workers: int | None,
) -> Snaps:  # fmt: skip
    """Snap the centres of the cells that the question is about."""
    if (cells is None) == (within is None) or (within is None) != (resolution is None):
        question = {"cells": cells, "within": within, "resolution": resolution}
        given = [name for name, value in question.items() if value is not None]
        raise ParameterError(
            "cells, or both within and resolution, must say which cells are asked about. "
            f"Got {first_few(given) or 'none of them'}."
        )
    if within is None or resolution is None:
        named = np.unique(np.asarray(cells))
        return _snapped(named.astype(np.uint64) if not named.size else named, network, limit_m, workers)
    check_area(within)
    snaps = _snapped(_cells_about(within, resolution, limit_m), network, limit_m, workers)
    table = snaps.table
    met = table["edge"].to_numpy() >= 0
    lon, lat = (np.where(met, table[axis], table[f"point_{axis}"]) for axis in ("lon", "lat"))
    inside = shapely.intersects_xy(within, lon, lat)
    return counted(
        table[inside].reset_index(drop=True), limit_m=snaps.limit_m, far_m=snaps.far_m,
        min_component_nodes=snaps.min_component_nodes,
    )  # fmt: skip


def _snapped(named: CellArray, network: Network, limit_m: float, workers: int | None) -> Snaps:
    centres = snap(*h3_cells.centres(named), network, limit_m=limit_m, workers=workers)
    centres.table.insert(0, "cell", named)
    return centres


def _cells_about(within: shapely.Polygon | shapely.MultiPolygon, resolution: int, limit_m: float) -> CellArray:
    """List cells of which some may meet the streets in an area: a centre lies at most the limit outside it."""
    if within.is_empty:
        return np.empty(0, dtype=np.uint64)
    _, south, _, north = within.bounds
    least = min(float(metres.min()) for metres in crs.metres_per_degree(np.array([south, north])))
    # Wider by a tenth, because a degree of longitude is shorter towards the pole within the margin too.
    wide = shapely.buffer(within, 1.1 * limit_m / least)
    _, named, _ = h3_cells.polygon_areas(np.array([wide]), resolution=resolution)
    return np.unique(named)


def _search(
    at: pd.DataFrame, points: StationPoints, centres: pd.DataFrame, network: Network, k: int, cutoff_s: float,
    pace: float, *, towards: bool,
) -> Nearest:  # fmt: skip
    starts = starts_of(at, points.station, points.names.size, network, pace, towards=towards)
    best = nearest_of_nodes(network.arcs(towards=towards), starts, k, cutoff_s)
    n_places = len(centres)
    place, node, seconds = ways(centres, network, pace, against=not towards)
    row, leaf, direct_s = along_one_edge(centres, at, network, pace, towards=towards)
    by_nodes = _by_place(place, node, seconds, n_places)
    return nearest_of_places(best, by_nodes, _by_place(leaf, points.station[row], direct_s, n_places), k, cutoff_s)


def _by_place(place: IntArray, there: IntArray, seconds: FloatArray, n_places: int) -> Ways:
    first, order = rows_by(place, n_places)
    return Ways(first, there[order].astype(np.int32), seconds[order])
