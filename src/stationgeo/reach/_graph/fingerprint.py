"""Which network it is: what is brought up to date has to be of the network that is named."""

from __future__ import annotations

import hashlib
import weakref
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.reach._graph.network import check_network

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network

__all__ = ["network_fingerprint"]

# All that searches and snaps depend on follows from these; arcs and components too.
_TELLING = ("edge_id", "tail", "head", "forward_s", "backward_s", "may_snap", "first_vertex", "vertices")
_DIGITS = 16

# Arrays of a network do not change, and blocked networks share most of theirs: each is read once while it lives.
_KNOWN: dict[int, tuple[weakref.ref[npt.NDArray[np.generic]], bytes]] = {}


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
    SHA-256 over edges, ends, seconds and vertices. O(vertices) once, then O(1) as long as the network is there.

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
        digest.update(_digest(getattr(network, name)))
    return f"{network.mode}-{digest.hexdigest()[:_DIGITS]}"


def _digest(array: npt.NDArray[np.generic]) -> bytes:
    key = id(array)
    known = _KNOWN.get(key)
    if known is not None and known[0]() is array:
        return known[1]
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    digest = hashlib.sha256(repr(array.shape).encode() + hashlib.sha256(content.data).digest()).digest()
    _KNOWN[key] = weakref.ref(array, lambda _: _KNOWN.pop(key, None)), digest
    return digest
