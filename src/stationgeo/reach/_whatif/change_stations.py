"""What if stations were added, moved or closed: only these are searched, the others stay as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from stationgeo import cells
from stationgeo.crs import WGS84
from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.reach._checks import check_kind
from stationgeo.reach._meeting.access import candidate_radius_m, snap_cells, snap_stations, station_points
from stationgeo.reach._meeting.snap import Snaps, counted
from stationgeo.reach._stations import id_texts
from stationgeo.reach._travel.within import TravelReach, reach_table, search_cells
from stationgeo.reach._whatif.splice import among, candidates, check_fits, own_cells, sources, spliced

if TYPE_CHECKING:
    from stationgeo.reach._arrays import FlagArray, Names
    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import CellArray, FloatArray

__all__ = ["change_stations"]

# A ball of this radius is at most 0.6 % off the ellipsoid along any short way; the share below is more than that.
_BALL_M = 6_371_000.0
_BALL_SLACK = 0.01


def change_stations(
    travel: TravelReach, network: Network, *, add: gpd.GeoDataFrame | None = None,
    move: gpd.GeoDataFrame | None = None, close: Iterable[str] = (), access: gpd.GeoDataFrame | None = None,
    workers: int | None = None,
) -> TravelReach:  # fmt: skip
    """Bring reach up to date when stations are added, moved or closed, without searching from the others.

    Parameters
    ----------
    travel
        A reach, as `within_travel_time`, `follow_streets` or this function returned it.
    network
        The street graph that it was made with.
    add
        New stations, in the column of ids that `travel` was made with, with points in WGS-84.
    move
        Stations of `travel` at their new places: the points at which they were met, several perhaps, are forgotten.
    close
        Ids of stations of `travel` that are no more.
    access
        Points at which added and moved stations are met; see `within_travel_time`.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    TravelReach
        What `within_travel_time` would return for the stations as they are now, to the last bit.

    Raises
    ------
    ColumnError
        If there is no id column, it is another one than that of `travel`, or there is no geometry.
    DataError
        If an added station is there already, a moved or closed one is not, one is named twice, `travel` lacks rows, or
        a geometry is missing or no point.
    DatumError
        If the geometry is not in WGS-84.
    ParameterError
        If `travel` was made with another network.

    Notes
    -----
    What a station reaches does not depend on other stations; the cells that are looked at do, and are kept up with.
    That supposes edges no shorter than their lines, but for 1 %, as `within_travel_time` does.
    O(rows + edges) to copy and to tell networks apart, and the searches from added and moved stations.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network, within_travel_time
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.05, 114.06], "lat": [22.54, 22.54]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1028.7], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.05, 22.54), (114.06, 22.54)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="ebike")
    >>> def at(name, lon):
    ...     return gpd.GeoDataFrame({"station_id": [name]}, geometry=[shapely.Point(lon, 22.54)], crs="EPSG:4326")
    >>> reach = within_travel_time(at("a", 114.055), network, cutoff_s=90, resolution=10)
    >>> change_stations(reach, network, add=at("b", 114.058), close=["a"]).n_cells
    array([6])
    """
    check_fits(travel, network, name="network")
    given = [table for table in (add, move) if table is not None] or [_no_stations(travel.terms.id_column)]
    for table in given:
        _check_column(table, travel.terms.id_column)
    old, source = sources(travel.stations.table)
    moved, closed = _ids(move, travel), _named(close)
    _check_names(old, _ids(add, travel), moved, closed)
    kept = ~pd.Index(old, dtype=object).isin(np.concatenate([moved, closed]))
    fresh = station_points(given, access)
    at = snap_stations(fresh, network, limit_m=travel.terms.snap_limit_m, workers=workers)
    centres, near = _cells_now(travel, network, kept[source], fresh.lon, fresh.lat, workers=workers)
    own = own_cells(centres.table, near)
    found = search_cells(at.table, fresh.station, fresh.names.size, own, network, travel.terms, workers=workers)
    names, rows = spliced(travel, kept, fresh.names, found)
    every = pd.concat([travel.stations.table[kept[source]], at.table], ignore_index=True)
    order = np.argsort(every["station_id"].to_numpy(dtype=np.object_), kind="stable")
    return dataclasses.replace(
        travel, table=reach_table(names, rows), stations=_counted_anew(travel.stations, every.iloc[order]),
        cells=centres, n_cells=rows.n_cells,
    )  # fmt: skip


def _no_stations(id_column: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({id_column: pd.Series([], dtype="str")}, geometry=[], crs=WGS84)


def _check_column(table: pd.DataFrame, id_column: str) -> None:
    if id_column not in table.columns:
        has = suggest(id_column, [str(name) for name in table.columns])
        raise ColumnError(f"stations that change must have the column {id_column}, as those of travel had; {has}")


def _ids(table: gpd.GeoDataFrame | None, travel: TravelReach) -> Names:
    if table is None:
        return np.empty(0, dtype=np.object_)
    return id_texts(table[travel.terms.id_column])


def _named(close: Iterable[str]) -> Names:
    check_kind("close", close, Iterable, "ids of stations")
    names = [close] if isinstance(close, str) else [str(name) for name in close]
    return np.array(names, dtype=np.object_).reshape(-1)


def _check_names(old: Names, added: Names, moved: Names, closed: Names) -> None:
    """Insist that what is added is new, that what is moved or closed is there, and that nothing befalls one twice."""
    there = pd.Index(added, dtype=object).isin(old)
    if there.any():
        raise DataError(
            f"add must name new stations; {int(there.sum()):,} of {added.size:,} are there already: "
            f"{first_few(added[there])}. Move them, or close them first."
        )
    for name, ids in (("move", moved), ("close", closed)):
        strange = ~pd.Index(ids, dtype=object).isin(old)
        if strange.any():
            raise DataError(
                f"{name} must name stations of travel; {int(strange.sum()):,} of {ids.size:,} are not there: "
                f"{first_few(ids[strange])}."
            )
    given = pd.Series(np.concatenate([moved, closed]))
    if given.duplicated().any():
        twice = given[given.duplicated()].drop_duplicates()
        raise DataError(f"a station can be moved or closed once; {len(twice):,} are named again: {first_few(twice)}.")


def _counted_anew(snaps: Snaps, table: pd.DataFrame) -> Snaps:
    return counted(
        table.reset_index(drop=True), limit_m=snaps.limit_m, far_m=snaps.far_m,
        min_component_nodes=snaps.min_component_nodes,
    )  # fmt: skip


def _cells_now(
    travel: TravelReach, network: Network, kept_point: FlagArray, lon: FloatArray, lat: FloatArray, *,
    workers: int | None,
) -> tuple[Snaps, CellArray]:  # fmt: skip
    """Keep up with the cells that could be reached: their snaps, and those near the stations that are new."""
    table, terms = travel.cells.table, travel.terms
    cell = table["cell"].to_numpy()
    near = candidates(travel, network, lon, lat)
    gone = _cells_of_none(travel, network, kept_point, near)
    more = snap_cells(
        near[~among(near, cell)],
        network,
        access_resolution=terms.access_resolution,
        limit_m=terms.snap_limit_m,
        workers=workers,
    )
    if not gone.size and not len(more.table):
        return travel.cells, near
    every = pd.concat([table[~among(cell, gone)], more.table], ignore_index=True)
    order = np.argsort(every["cell"].to_numpy(), kind="stable")
    return _counted_anew(travel.cells, every.iloc[order]), near


def _cells_of_none(travel: TravelReach, network: Network, kept_point: FlagArray, near: CellArray) -> CellArray:
    """List the cells that only stations which left their place could reach."""
    if kept_point.all():
        return np.empty(0, dtype=np.uint64)
    lon, lat = (travel.stations.table[name].to_numpy() for name in ("point_lon", "point_lat"))
    doubtful = candidates(travel, network, lon[~kept_point], lat[~kept_point])
    doubtful = doubtful[~among(doubtful, near)]
    if not doubtful.size or not kept_point.any():
        return doubtful
    stay = lon[kept_point], lat[kept_point]
    off_m, _ = cKDTree(_on_ball(*stay)).query(_on_ball(*cells.centres(doubtful)))
    radius_m = candidate_radius_m(
        travel.terms.radius_m(network), travel.terms.resolution, travel.terms.access_resolution
    )
    doubtful = doubtful[off_m > radius_m * (1 - _BALL_SLACK)]
    # What the ball cannot decide is asked in the way in which candidates are found.
    around = cKDTree(_on_ball(*cells.centres(doubtful)))
    close = around.query(_on_ball(*stay))[0] <= radius_m * (1 + _BALL_SLACK) if doubtful.size else np.zeros(0, bool)
    return np.setdiff1d(doubtful, candidates(travel, network, stay[0][close], stay[1][close]))


def _on_ball(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Place points on a ball, in metres from its middle: chords are short ways."""
    x, y = np.radians(lon), np.radians(lat)
    return _BALL_M * np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
