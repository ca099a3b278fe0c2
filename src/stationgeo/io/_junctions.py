"""Which ends of lines meet: by the numbers that a source gives its nodes, or by where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from stationgeo import crs

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["NO_NODE", "NodePlaces", "by_number", "by_place", "places_apart_m"]

NO_NODE = -1
"""In place of a row of the nodes where an end has none."""

# Wide enough that no pair within the tolerance on the ellipsoid is missed on the sphere.
_SLACK = 1.01


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlaces:
    """Nodes, and which of them every end of a line is."""

    node_id: IntArray
    lon: FloatArray
    lat: FloatArray
    node_of: IntArray
    """Row of the nodes for every end; `NO_NODE` where there is none."""


def by_number(number: IntArray, lon: FloatArray, lat: FloatArray) -> NodePlaces:
    """Take nodes by the numbers of the ends; each lies where its first end lies. O(ends log ends)."""
    node_id, first, node_of = np.unique(number, return_index=True, return_inverse=True)
    return NodePlaces(node_id=node_id, lon=lon[first], lat=lat[first], node_of=node_of)


def by_place(
    lon: FloatArray, lat: FloatArray, *, tolerance_m: float, nodes: pd.DataFrame | None
) -> tuple[NodePlaces, int]:
    """Let ends at one place be one node, and those within a tolerance of each other, step by step.

    Nodes are numbered from west to east, whatever the order of the rows; where a table of them is given, they are its.
    Also returns how many places were put together with another. O(ends log ends) for no tolerance.
    """
    given = np.empty((0, 2)) if nodes is None else nodes[["lon", "lat"]].to_numpy()
    # Adding 0 makes of -0.0 the 0.0 that it is equal to.
    points = np.vstack([given, np.column_stack([lon, lat])]) + 0.0
    places, place_of = np.unique(points, axis=0, return_inverse=True)
    group_of = _groups(places, tolerance_m)
    _, first, group = np.unique(group_of, return_index=True, return_inverse=True)
    joined = len(places) - len(first)
    ends = group[place_of[len(given) :]]
    if nodes is None:
        here = places[first]
        return NodePlaces(node_id=np.arange(len(first)), lon=here[:, 0], lat=here[:, 1], node_of=ends), joined
    row_of_group = np.full(len(first), NO_NODE)
    rows = np.arange(len(given))[::-1]
    row_of_group[group[place_of[rows]]] = rows  # of several at one place the first is written last, and stays
    return of_table(nodes, row_of_group[ends]), joined


def of_table(nodes: pd.DataFrame, node_of: IntArray) -> NodePlaces:
    """Take nodes as their table has them."""
    lon, lat = nodes["lon"].to_numpy(), nodes["lat"].to_numpy()
    return NodePlaces(node_id=nodes["node_id"].to_numpy(), lon=lon, lat=lat, node_of=node_of)


def places_apart_m(at: NodePlaces, lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Measure how far every end lies from its node."""
    return crs.distance_m(lon, lat, at.lon[at.node_of], at.lat[at.node_of])


def _groups(places: FloatArray, tolerance_m: float) -> IntArray:
    if tolerance_m == 0:
        return np.arange(len(places))
    lon, lat = np.radians(places.T)
    # On a sphere of the ellipsoid's larger radius chords are at most 0.7 % longer than the geodesics.
    points = crs.WGS84_A_M * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    pairs = KDTree(points).query_pairs(tolerance_m * _SLACK, output_type="ndarray")
    apart = crs.distance_m(*places[pairs[:, 0]].T, *places[pairs[:, 1]].T)
    one, other = pairs[apart <= tolerance_m].T
    links = scipy.sparse.coo_array((np.ones(len(one), dtype=np.int8), (one, other)), shape=(len(places),) * 2)
    return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)
