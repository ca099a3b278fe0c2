"""Points to the streets: each meets them at the nearest point of an edge, not at the nearest node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.cells import checked_lonlat
from stationgeo.errors import ParameterError, suggest
from stationgeo.reach._checks import SNAP_LIMIT_M, check_at_least_0
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.meet import meet

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network

__all__ = ["Snaps", "counted", "snap"]

_FAR_M = 100.0  # about a block's half: a snap over more than this may cross a wall or water, so it is counted
_MIN_COMPONENT_NODES = 50  # fewer nodes than this are an island: a yard, a mapping error, not a city


_COUNTED = ("points", "not snapped", "far", "on an island", "past a nearer island")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snaps:
    """Where points meet the streets; made by `snap`."""

    table: pd.DataFrame
    """A row for each point: `edge` (row in the network, -1 where not snapped), `edge_id`, `share` of the edge from its
    first vertex, `lon`, `lat` of the place, `off_street_m` from the point to it, `component_nodes` of its weak
    component, `island` (fewer nodes than `min_component_nodes`), `past_island` (an island was nearer), and `point_lon`,
    `point_lat` of the point itself."""

    limit_m: float
    """Farther off the street a point is not snapped."""

    far_m: float
    """Farther off the street than this counts as far."""

    min_component_nodes: int
    """Components of fewer nodes are islands, taken only where nothing else is within the limit."""

    counts: dict[str, int]
    """Points: all, not snapped, far, on an island, and past a nearer island."""

    def listed(self, what: str) -> pd.DataFrame:
        """List the points of one of the `counts`, as rows of `table`: ``listed("not snapped")``."""
        return self.table[_told(self.table, self.far_m, what)].reset_index(drop=True)

    def _repr_html_(self) -> str:
        return ", ".join(f"{what}: {number:,}" for what, number in self.counts.items())


def snap(
    lon: npt.ArrayLike, lat: npt.ArrayLike, network: Network, *, limit_m: float = SNAP_LIMIT_M,
    far_m: float = _FAR_M, min_component_nodes: int = _MIN_COMPONENT_NODES, workers: int | None = None,
) -> Snaps:  # fmt: skip
    """Find where points meet the streets: at the nearest point of an edge that the mode may use.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees, of one shape.
    network
        The street graph.
    limit_m
        A point farther than this from every edge is not snapped, in metres, inclusive.
    far_m
        Snaps over more metres are counted.
    min_component_nodes
        Components of fewer nodes are islands: an edge of a larger one goes before them, if one is within the limit.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    Snaps
        A row for each point, in their order, and the counts.

    Raises
    ------
    DataError
        If a point is nan, infinite or out of range.
    ParameterError
        If the shapes differ, a number of metres is not finite or below 0, or there are no workers.

    Notes
    -----
    Metres in the plane that touches the ellipsoid at the point, between vertices along straight lines of longitude and
    latitude; over 300 m that is right to a centimetre. Of edges equally near, the first counts. No point meets a ferry
    or a motorway. The components are weak: whether one gets there and back is for the search to find. A street across
    the antimeridian is met from both sides; `lon` of the place is next to that of the point, even beyond 180 degrees.
    The network brings the pieces of its lines by buckets of 100 m; a point looks into those within 24 m, and then only
    as far as the nearest street may still be. O(points x pieces in those buckets).

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> snaps = snap([114.00025, 115.0], [22.5001, 22.5], build_network(edges, nodes, mode="walk"))
    >>> snaps.table[["edge_id", "share", "off_street_m"]].round(2).to_numpy().tolist()
    [[0.0, 0.25, 11.07], [-1.0, nan, nan]]
    >>> snaps.counts
    {'points': 2, 'not snapped': 1, 'far': 0, 'on an island': 1, 'past a nearer island': 0}
    """
    check_network(network)
    check_at_least_0("metres", limit_m=limit_m, far_m=far_m)
    check_at_least_0("nodes", min_component_nodes=min_component_nodes)
    x, y = checked_lonlat(lon, lat)
    component_nodes = network.weak_nodes[network.weak[network.tail]]
    met = meet(x, y, network, component_nodes < min_component_nodes, limit_m=limit_m, workers=workers)
    snapped = met.edge >= 0
    nodes = np.where(snapped, component_nodes[met.edge] if component_nodes.size else 0, 0)
    table = pd.DataFrame({
        "edge": met.edge,
        "edge_id": np.where(snapped, network.edge_id[met.edge] if network.n_edges else -1, -1),
        "share": met.share, "lon": met.lon, "lat": met.lat, "off_street_m": met.off_m,
        "component_nodes": nodes, "island": snapped & (nodes < min_component_nodes),
        "past_island": met.past_island, "point_lon": x, "point_lat": y,
    })  # fmt: skip
    return counted(table, limit_m=limit_m, far_m=far_m, min_component_nodes=min_component_nodes)


def counted(table: pd.DataFrame, *, limit_m: float, far_m: float, min_component_nodes: int) -> Snaps:
    """Count what befell the points of a table."""
    counts = {what: int(_told(table, far_m, what).sum()) for what in _COUNTED}
    return Snaps(table=table, limit_m=limit_m, far_m=far_m, min_component_nodes=min_component_nodes, counts=counts)


def _told(table: pd.DataFrame, far_m: float, what: str) -> npt.NDArray[np.bool_]:
    """Say which points a count is of."""
    if what not in _COUNTED:
        raise ParameterError(f"what must be one of the counts. Got {what!r}; {suggest(str(what), _COUNTED)}")
    flags = {
        "points": np.ones(len(table), dtype=np.bool_),
        "not snapped": table["edge"].to_numpy() < 0,
        "far": table["off_street_m"].to_numpy() > far_m,
        "on an island": table["island"].to_numpy(),
        "past a nearer island": table["past_island"].to_numpy(),
    }
    return flags[what]
