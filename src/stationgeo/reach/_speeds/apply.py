"""A street network that goes as fast as couriers were seen to go."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from stationgeo._clock import HOURS_PER_DAY
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.reach._checks import check_kind
from stationgeo.reach._graph.arcs import list_arcs
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._speeds.measure import ALL_HOURS, TrackSpeeds

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import IntArray

__all__ = ["with_track_speeds"]


def with_track_speeds(network: Network, speeds: TrackSpeeds, *, hour: int | None = None) -> Network:
    """Return a network with the seconds that couriers took, where enough of them were seen, and its own elsewhere.

    Parameters
    ----------
    network
        The street graph whose edges the speeds are of.
    speeds
        What `speeds_from_tracks` measured.
    hour
        A local hour of the day, 0 to 23: its own speeds go before those of all hours. None takes those of all hours.

    Returns
    -------
    Network
        Another network. It shares all that has nothing to do with seconds, and its `counts` tell how many ways (edges
        in a direction) have speeds from tracks, and how many of the hour.

    Raises
    ------
    DataError
        If speeds are of edges that are not in the network, or closed in that direction.
    ParameterError
        If the mode is another one, or there is no such hour.

    Notes
    -----
    Seconds of a way: those of the hour, else those over all hours, else the mode's. The seconds are of riding the whole
    edge: what couriers wait at its lights is in them. O(edges log edges).

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, pandas as pd, shapely
    >>> from stationgeo.reach import build_network, speeds_from_tracks
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.01], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [1029.0], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.01, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> fixes = pd.DataFrame({  # 50 m every 10 s
    ...     "courier_id": "a", "t": pd.date_range("2026-03-02 04:00", periods=20, freq="10s", tz="UTC"),
    ...     "lon": 114.0 + np.arange(20) * 50 / 102896.2, "lat": 22.5,
    ... })
    >>> network = build_network(edges, nodes, mode="ebike")
    >>> speeds = speeds_from_tracks(fixes, network, tz="Asia/Shanghai", min_passes=1, min_couriers=1)
    >>> faster = with_track_speeds(network, speeds)
    >>> faster.forward_s.round(1), faster.backward_s.round(1)  # nobody was seen riding back
    (array([205.8]), array([247.]))
    """
    check_network(network)
    _check(network, speeds, hour)
    table = speeds.table
    row = np.searchsorted(network.edge_id, table["edge_id"].to_numpy())
    back = (table["direction"] == "backward").to_numpy()
    own = np.column_stack([network.forward_s, network.backward_s])
    _check_ways(network, table["edge_id"].to_numpy(), row, back)
    of_hour = np.zeros(own.shape, dtype=np.bool_)
    known = np.zeros(own.shape, dtype=np.bool_)
    for which in (ALL_HOURS,) if hour is None else (ALL_HOURS, hour):
        there = (table["hour"] == which).to_numpy()
        at = row[there], back[there].astype(np.int64)
        own[at] = table["seconds"].to_numpy()[there]
        known[at], of_hour[at] = True, which != ALL_HOURS
    moving = known & (own > 0.0)
    fastest = (np.repeat(network.length_m[:, None], 2, axis=1)[moving] / own[moving]).max(initial=0.0)
    forward_s, backward_s = own[:, 0].copy(), own[:, 1].copy()
    out = list_arcs(network.tail, network.head, forward_s, backward_s, network.n_nodes)
    into = list_arcs(network.head, network.tail, forward_s, backward_s, network.n_nodes)
    counts = {"ways with speeds from tracks": int(known.sum()), "of them of the hour": int(of_hour.sum())}
    return dataclasses.replace(
        network,
        speed_m_s=max(network.speed_m_s, float(fastest)),
        counts=network.counts | counts,
        forward_s=forward_s, backward_s=backward_s,
        first_out=out.first, head_out=out.heads, seconds_out=out.seconds,
        first_in=into.first, head_in=into.heads, seconds_in=into.seconds,
    )  # fmt: skip


def _check(network: Network, speeds: TrackSpeeds, hour: int | None) -> None:
    check_kind("speeds", speeds, TrackSpeeds, "what speeds_from_tracks returns, not its table alone")
    if hour is not None and (isinstance(hour, bool) or hour not in range(HOURS_PER_DAY)):
        raise ParameterError(f"hour must be a local hour, 0 to 23, or None for all hours. Got {hour!r}.")
    if speeds.mode != network.mode:
        raise ParameterError(f"speeds must be of the network's mode {network.mode!r}. Got those of {speeds.mode!r}.")


def _check_ways(network: Network, edge_id: IntArray, row: IntArray, back: npt.NDArray[np.bool_]) -> None:
    there = np.zeros(edge_id.size, dtype=np.bool_)
    inside = row < network.n_edges
    there[inside] = network.edge_id[row[inside]] == edge_id[inside]
    seconds = np.where(back[there], network.backward_s[row[there]], network.forward_s[row[there]])
    there[there] = np.isfinite(seconds)
    if not there.all():
        raise DataError(
            f"speeds must be of ways that the network has open; {int((~there).sum()):,} of {edge_id.size:,} are not: "
            f"edge_id {first_few(np.unique(edge_id[~there]))}. Measure them on this network."
        )
