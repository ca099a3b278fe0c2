"""Which network it is: what is brought up to date has to be of the network that is named."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.reach._graph.network import check_network

if TYPE_CHECKING:
    from stationgeo.reach._graph.network import Network

__all__ = ["network_fingerprint"]

# All that searches and snaps depend on follows from these; arcs and components too.
_TELLING = ("edge_id", "tail", "head", "forward_s", "backward_s", "may_snap", "first_vertex", "vertices")
_DIGITS = 16


def network_fingerprint(network: Network) -> str:
    """Tell a street graph from others by what is in it.

    Parameters
    ----------
    network
        The street graph.

    Returns
    -------
    str
        Its mode, and 16 hexadecimal digits: the same for the same streets, wherever they were built or opened.

    Notes
    -----
    SHA-256 over edges, ends, seconds and vertices. O(vertices).

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import block_streets, build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="walk")
    >>> network_fingerprint(network) == network_fingerprint(block_streets(network, edge_id=[0]))
    False
    """
    check_network(network)
    digest = hashlib.sha256(repr((network.mode, network.speed_m_s, network.n_nodes)).encode())
    for name in _TELLING:
        array = np.ascontiguousarray(getattr(network, name))
        digest.update(repr((name, array.shape)).encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return f"{network.mode}-{digest.hexdigest()[:_DIGITS]}"
