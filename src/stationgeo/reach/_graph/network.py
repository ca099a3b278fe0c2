"""The street graph of one mode: compact, unchangeable, the same from any thread, and on disk as it is in memory."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from stationgeo.errors import SourceError, first_few
from stationgeo.reach._checks import check_kind
from stationgeo.reach._graph.arcs import Arcs
from stationgeo.reach._graph.grid import Grid

if TYPE_CHECKING:
    from stationgeo.reach._arrays import NodeArray
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Network", "check_network", "open_network"]

_FORMAT = 2
_ABOUT = "network.json"
_M_PER_KM = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A street graph for one mode; made by `build_network`, kept by `save`, read by `open_network`.

    All arrays are read-only. Nodes are numbered along a curve that keeps near ones together; a node that the mode
    cannot pass is there once for each edge that ends in it.
    """

    mode: str
    """Name of the mode of travel."""

    speed_m_s: float
    """The highest speed on any edge."""

    counts: dict[str, int]
    """What befell the edges and nodes that were given: used, closed and why, values that no rule knows."""

    node_id: IntArray
    """Number of each node in the source."""

    lon: FloatArray
    """Longitude of each node, WGS-84 degrees."""

    lat: FloatArray
    """Latitude of each node."""

    weak: NodeArray
    """Component of each node if all edges could be used both ways; 0 is the one with the most nodes."""

    strong: NodeArray
    """Component of each node in which one gets from everywhere to everywhere; 0 is the one with the most nodes."""

    weak_nodes: IntArray
    """Nodes of each weak component, descending."""

    strong_nodes: IntArray
    """Nodes of each strong component, descending."""

    first_out: IntArray
    """Where the arcs out of each node begin in `head_out`, and their number at the end."""

    head_out: NodeArray
    """Where each arc leads."""

    seconds_out: FloatArray
    """Seconds along each arc."""

    first_in: IntArray
    """Where the arcs into each node begin in `head_in`."""

    head_in: NodeArray
    """Where each of those arcs comes from."""

    seconds_in: FloatArray
    """Seconds along each of them."""

    edge_id: IntArray
    """Number of each edge that can be used, as in the source; ascending."""

    tail: NodeArray
    """Node at the first vertex of each edge."""

    head: NodeArray
    """Node at the last vertex."""

    forward_s: FloatArray
    """Seconds along the line, inf where closed."""

    backward_s: FloatArray
    """Seconds against the line, inf where closed."""

    length_m: FloatArray
    """Length of each edge."""

    may_snap: npt.NDArray[np.bool_]
    """Whether a way may begin or end on it: not on ferries and motorways."""

    first_vertex: IntArray
    """Where the vertices of each edge begin in `vertices`, and their number at the end."""

    vertices: FloatArray
    """Longitude and latitude of each vertex, shape (vertices, 2)."""

    grid_frame: FloatArray
    """West, south and east of what points may meet, width and height of a bucket in degrees; see `grid`."""

    grid_first_in_row: IntArray
    """Where the buckets of each row begin."""

    grid_column: NodeArray
    """Column of each bucket that is not empty."""

    grid_first: IntArray
    """Where the pieces of line in each bucket begin."""

    grid_vertex: NodeArray
    """Vertex at which each of those pieces begins."""

    grid_edge: NodeArray
    """Edge of each of them."""

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            getattr(self, name).flags.writeable = False

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, ({field.name: getattr(self, field.name) for field in dataclasses.fields(self)},)

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return int(self.node_id.size)

    @property
    def n_edges(self) -> int:
        """Number of edges that can be used at least one way."""
        return int(self.edge_id.size)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north of all vertices; nan where there are none."""
        if not self.vertices.size:
            return (float("nan"),) * 4
        low, high = self.vertices.min(axis=0), self.vertices.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    @property
    def typical_speed_m_s(self) -> float:
        """Median speed by length, of every edge in each direction that is open; nan where none is.

        Edges of no length have no speed; waits for ferries count. O(edges log edges).
        """
        seconds = np.concatenate([self.forward_s, self.backward_s])
        metres = np.concatenate([self.length_m, self.length_m])
        is_open = np.isfinite(seconds) & (metres > 0.0)
        if not is_open.any():
            return math.nan
        speeds, metres = metres[is_open] / seconds[is_open], metres[is_open]
        order = np.argsort(speeds, kind="stable")
        so_far = metres[order].cumsum()
        return float(speeds[order][np.searchsorted(so_far, so_far[-1] / 2)])

    def arcs(self, *, towards: bool) -> Arcs:
        """Return the arcs against which one searches for who comes `towards` a place, or along which one leaves it."""
        if towards:
            return Arcs(self.first_in, self.head_in, self.seconds_in)
        return Arcs(self.first_out, self.head_out, self.seconds_out)

    @property
    def grid(self) -> Grid:
        """The pieces of line that points may meet, by the buckets of the map that they cross."""
        return Grid(self.grid_frame, self.grid_first_in_row, self.grid_column,
                    self.grid_first, self.grid_vertex, self.grid_edge)  # fmt: skip

    def save(self, folder: str | Path) -> None:
        """Write the network into a new folder, an array a file, for `open_network` to map into memory."""
        path = Path(folder)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise SourceError(f"folder must be new or empty, so that no two networks mix. {path} is not: name another.")
        path.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(path / f"{name}.npy", getattr(self, name), allow_pickle=False)
        about = {"format": _FORMAT, **{name: getattr(self, name) for name in _SCALARS}}
        # Last, so that a folder that was not written to its end is not taken for a network.
        (path / _ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _repr_html_(self) -> str:
        if not self.n_edges:
            nothing = (
                f"<b>Street network, {escape(self.mode)}</b>",
                f"{self.n_nodes:,} nodes, 0 edges: none that it may use",
            )
            return "<br>".join([*nothing, *self._counted()])
        west, south, east, north = self.extent
        largest = [float(sizes[0]) / self.n_nodes for sizes in (self.weak_nodes, self.strong_nodes)]
        lines = [
            f"<b>Street network, {escape(self.mode)}</b>",
            f"{self.n_nodes:,} nodes, {self.n_edges:,} edges, {self.length_m.sum() / _M_PER_KM:,.1f} km",
            f"{self.weak_nodes.size:,} components ({largest[0]:.1%} of nodes in the largest)",
            f"{self.strong_nodes.size:,} parts where one gets there and back ({largest[1]:.1%} in the largest)",
            f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}",
            *self._counted(),
        ]
        return "<br>".join(lines)

    def _counted(self) -> list[str]:
        return [f"{escape(what)}: {number:,}" for what, number in self.counts.items()]


_SCALARS = ("mode", "speed_m_s", "counts")
_ARRAYS = tuple(field.name for field in dataclasses.fields(Network) if field.name not in _SCALARS)


def _make(fields: dict[str, Any]) -> Network:
    return Network(**fields)


def check_network(network: Network, name: str = "network") -> None:
    """Insist on a street graph, rather than the tables or the folder that it is made from."""
    check_kind(name, network, Network, "a Network, as build_network and open_network return it")


def open_network(folder: str | Path) -> Network:
    """Open a network that `Network.save` wrote, without reading it.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    Network
        Its arrays are files mapped into memory: processes that open the same folder share them.

    Raises
    ------
    SourceError
        If the folder holds no whole network, or one of another version's format.

    Notes
    -----
    O(1) beside what is then used.

    Examples
    --------
    >>> open_network("nowhere")
    Traceback (most recent call last):
    stationgeo.errors.SourceError: nowhere holds no street network: network.json is not there. Save one with Network.save.
    """  # noqa: E501 - the example shows one sentence as it is
    path = Path(folder)
    about_path = path / _ABOUT
    if not about_path.is_file():
        raise SourceError(f"{path} holds no street network: {_ABOUT} is not there. Save one with Network.save.")
    about = json.loads(about_path.read_text(encoding="utf-8"))
    if about.get("format") != _FORMAT:
        raise SourceError(f"{path} must hold format {_FORMAT}. Got {about.get('format')!r}: build and save it again.")
    missing = [f"{name}.npy" for name in _ARRAYS if not (path / f"{name}.npy").is_file()]
    if missing:
        raise SourceError(f"{path} must hold {len(_ARRAYS)} arrays; {len(missing)} are missing: {first_few(missing)}. "
                          "Build and save it again.")  # fmt: skip
    fields = {name: about[name] for name in _SCALARS}
    return Network(
        **fields, **{name: np.load(path / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in _ARRAYS}
    )
