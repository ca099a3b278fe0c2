"""The street network of a sample city: which lines of the fabric are streets, and what is not on a line."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from stationgeo import crs
from stationgeo.sample._fabric import (
    ARTERIAL,
    COLLECTOR,
    COMMERCIAL,
    HILL,
    INDUSTRIAL,
    LOCAL,
    OLD_TOWN,
    PARK,
    RESIDENTIAL,
    WATER,
    WATER_LINE,
    Fabric,
)
from stationgeo.sample._names import COMPOUNDS, numbered, road_name

if TYPE_CHECKING:
    from stationgeo.sample._plane import Plane
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Compound", "Street", "Streets", "edge_tables", "make_streets"]

BoolArray = npt.NDArray[np.bool_]

# Share of the lanes between two collectors that exist, by land use.
_LANE_SHARE = {RESIDENTIAL: 0.46, COMMERCIAL: 0.75, OLD_TOWN: 0.92, INDUSTRIAL: 0.2, PARK: 0.0, HILL: 0.0, WATER: 0.0}
_FOOTWAY_SHARE = 0.30  # of the lanes that do not exist, which a path follows
_ONE_WAY_SHARE = {OLD_TOWN: 0.6, COMMERCIAL: 0.35}
_COLLECTOR_SHARE = 0.85
_GATED_SHARE = 0.30  # of residential quarters
_RING = 0.58  # where a compound's ring road runs, between its middle (0) and its edge (1)
# Degree of a node that only hands one street on.
_PASSING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """One piece of street between two nodes, before pieces are joined."""

    a: int
    b: int
    highway: str
    name: str
    oneway: bool = False
    access: str = "yes"

    @property
    def rideable(self) -> bool:
        """Whether an e-bike or a car may use it."""
        return self.highway != "footway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """A gated estate: streets of its own, one entrance."""

    name: str
    gate: int
    """Node on the public street."""
    nodes: tuple[int, ...]
    """Nodes of its ring road."""
    faces: tuple[tuple[int, int], ...]


@dataclass(slots=True, kw_only=True)
class Streets:
    """Nodes, pieces of street, and compounds."""

    x: FloatArray
    y: FloatArray
    face_i: IntArray
    """A face that each node touches."""
    face_j: IntArray
    busy: BoolArray
    """Whether a node is a crossing of arterials or collectors, with lights."""
    pieces: list[Street] = field(default_factory=list)
    compounds: list[Compound] = field(default_factory=list)


def make_streets(rng: np.random.Generator, fabric: Fabric) -> Streets:
    """Draw streets on the fabric: arterials, collectors, lanes, paths, bridges, compounds; strongly connected by bike.

    Parameters
    ----------
    rng
        Where chance comes from.
    fabric
        The lattice.

    Returns
    -------
    Streets
        Every piece hangs together; every node on a rideable piece reaches every other one by bike.
    """
    rows, columns = fabric.x.shape
    i, j = np.divmod(np.arange(rows * columns), columns)
    busy = (fabric.u_class[i] >= COLLECTOR) & (fabric.v_class[j] >= COLLECTOR)
    streets = Streets(
        x=fabric.x.ravel(),
        y=fabric.y.ravel(),
        face_i=np.minimum(i, rows - 2),
        face_j=np.minimum(j, columns - 2),
        busy=busy & (np.maximum(fabric.u_class[i], fabric.v_class[j]) == ARTERIAL),
    )
    gated = _gated_quarters(rng, fabric)
    taken = np.zeros(fabric.land.shape, dtype=np.bool_)
    for i0, i1, j0, j1 in gated:
        taken[i0:i1, j0:j1] = True
    bridges = _bridges(fabric)
    for line in range(rows):
        if fabric.u_class[line] != WATER_LINE:
            _lay_line(rng, streets, fabric, line, east=False, taken=taken, bridges=bridges)
    for line in range(columns):
        _lay_line(rng, streets, fabric, line, east=True, taken=taken, bridges=bridges)
    streets.pieces = _largest_part(streets)
    public = {end for piece in streets.pieces if piece.rideable for end in (piece.a, piece.b)}
    for number, quarter in enumerate(gated):
        _build_compound(rng, streets, fabric, quarter, name=numbered(COMPOUNDS, number), public=public)
    streets.pieces = _open_one_ways(streets)
    return streets


def _bridges(fabric: Fabric) -> dict[int, str]:
    """Every second arterial that meets the river crosses it; one lane between two of them is a footbridge."""
    arterials = [int(line) for line in np.flatnonzero(fabric.v_class == ARTERIAL)]
    crossing = dict.fromkeys(arterials[1::2] if len(arterials) > 4 else arterials[1:-1], "road")  # noqa: PLR2004
    if len(arterials) > 4:  # noqa: PLR2004 - a city of one or two superblocks has no room for a footbridge
        lanes = [line for line in range(arterials[2], arterials[3]) if fabric.v_class[line] == COLLECTOR]
        crossing[lanes[0]] = "foot"
    return crossing


def _sides(fabric: Fabric, line: int, step: int, *, east: bool) -> list[tuple[int, int]]:
    """Faces on the two sides of a piece of line."""
    pairs = [(step, line - 1), (step, line)] if east else [(line - 1, step), (line, step)]
    shape = fabric.land.shape
    return [(i, j) for i, j in pairs if 0 <= i < shape[0] and 0 <= j < shape[1]]


def _lay_line(
    rng: np.random.Generator,
    streets: Streets,
    fabric: Fabric,
    line: int,
    *,
    east: bool,
    taken: BoolArray,
    bridges: dict[int, str],
) -> None:
    """Lay the streets of one line, stretch by stretch between the larger lines that cross it."""
    own = int((fabric.v_class if east else fabric.u_class)[line])
    crossing = fabric.u_class if east else fabric.v_class
    columns = fabric.x.shape[1]
    name = road_name(line, east=east, arterial=own == ARTERIAL)
    cuts = [int(cut) for cut in np.flatnonzero(crossing >= COLLECTOR)]
    for start, end in itertools.pairwise(cuts):
        sides = [_sides(fabric, line, step, east=east) for step in range(start, end)]
        lands = [int(fabric.land[face]) for faces in sides for face in faces]
        wet = east and start == fabric.river
        highway, oneway, backward = _stretch(rng, own, lands, line)
        if wet:
            highway = {"road": _HIGHWAYS[own], "foot": "footway"}.get(bridges.get(line, ""), "")
            oneway = False
        for step, faces in zip(range(start, end), sides, strict=True):
            if not highway or (not wet and _blocked(fabric, faces, taken, highway)):
                continue
            a, b = ((step * columns + line), ((step + 1) * columns + line)) if east else (
                line * columns + step, line * columns + step + 1)  # fmt: skip
            if backward:
                a, b = b, a
            streets.pieces.append(Street(a=a, b=b, highway=highway, oneway=oneway,
                                         name="" if highway == "footway" else name))  # fmt: skip


_HIGHWAYS = {ARTERIAL: "primary", COLLECTOR: "tertiary", LOCAL: "residential"}


def _stretch(rng: np.random.Generator, own: int, lands: list[int], line: int) -> tuple[str, bool, bool]:
    """Decide a stretch: its highway class ('' for none), whether it is one-way, and whether backward."""
    exists, path, turns = rng.uniform(size=3)
    backward = line % 2 == 1
    land = max(set(lands), key=lambda kind: (lands.count(kind), kind))
    one_way = bool(turns < _ONE_WAY_SHARE.get(land, 0.0))
    if own == ARTERIAL:
        return "primary", False, backward
    if own == COLLECTOR:
        present = exists < _COLLECTOR_SHARE or land in {COMMERCIAL, OLD_TOWN}
        highway = "secondary" if line % 3 == 0 else "tertiary"
        return (highway if present else ""), one_way and turns < 0.15, backward  # noqa: PLR2004 - few wide one-ways
    if land in {PARK, HILL}:
        return ("footway" if land == PARK else ""), False, backward
    if exists < np.mean([_LANE_SHARE[kind] for kind in lands]):
        return ("unclassified" if land == INDUSTRIAL else "residential"), one_way, backward
    return ("footway" if path < _FOOTWAY_SHARE else ""), False, backward


def _blocked(fabric: Fabric, faces: list[tuple[int, int]], taken: BoolArray, highway: str) -> bool:
    """Whether a hill, water or a compound lies on both sides, or a path would start from nowhere."""
    lands = {int(fabric.land[face]) for face in faces}
    within_compound = len(faces) > 1 and all(taken[face] for face in faces)
    return lands <= {HILL, WATER} or (within_compound and highway not in {"primary", "secondary", "tertiary"})


def _gated_quarters(rng: np.random.Generator, fabric: Fabric) -> list[tuple[int, int, int, int]]:
    """Quarters between collectors that are homes throughout: some of them are gated."""
    u_cuts = [int(cut) for cut in np.flatnonzero(fabric.u_class >= COLLECTOR)]
    v_cuts = [int(cut) for cut in np.flatnonzero(fabric.v_class >= COLLECTOR)]
    quarters = []
    for i0, i1 in itertools.pairwise(u_cuts):
        for j0, j1 in itertools.pairwise(v_cuts):
            homes = bool((fabric.land[i0:i1, j0:j1] == RESIDENTIAL).all())
            if homes and rng.uniform() < _GATED_SHARE:
                quarters.append((i0, i1, j0, j1))
    return quarters


def _build_compound(
    rng: np.random.Generator,
    streets: Streets,
    fabric: Fabric,
    quarter: tuple[int, int, int, int],
    *,
    name: str,
    public: set[int],
) -> None:
    """Lay a ring road inside a quarter, a lane across it, a path to its garden, and one entrance."""
    i0, i1, j0, j1 = quarter
    columns = fabric.x.shape[1]
    rim = ([(i, j0) for i in range(i0, i1)] + [(i1, j) for j in range(j0, j1)]
           + [(i, j1) for i in range(i1, i0, -1)] + [(i0, j) for j in range(j1, j0, -1)])  # fmt: skip
    rim_nodes = [i * columns + j for i, j in rim]
    corners = {rim_nodes.index(i * columns + j) for i, j in ((i0, j0), (i1, j0), (i1, j1), (i0, j1))}
    gates = [place for place, node in enumerate(rim_nodes) if node in public and place not in corners]
    if not gates:
        return
    entrance = gates[int(rng.integers(len(gates)))]
    rim_x, rim_y = streets.x[rim_nodes], streets.y[rim_nodes]
    middle_x, middle_y = float(rim_x.mean()), float(rim_y.mean())
    first = len(streets.x)
    new_x = np.append(middle_x + _RING * (rim_x - middle_x), middle_x)
    new_y = np.append(middle_y + _RING * (rim_y - middle_y), middle_y)
    streets.x = np.concatenate([streets.x, np.round(new_x, 2)])
    streets.y = np.concatenate([streets.y, np.round(new_y, 2)])
    streets.face_i = np.concatenate([streets.face_i, [min(i, i1 - 1) for i, _ in rim], [(i0 + i1) // 2]])
    streets.face_j = np.concatenate([streets.face_j, [min(j, j1 - 1) for _, j in rim], [(j0 + j1) // 2]])
    streets.busy = np.concatenate([streets.busy, np.zeros(len(rim) + 1, dtype=np.bool_)])
    ring = [first + place for place in range(len(rim))]
    lane = replace(Street(a=0, b=0, highway="service", name=name), access="private")
    streets.pieces.append(replace(lane, a=rim_nodes[entrance], b=ring[entrance]))
    streets.pieces += [replace(lane, a=a, b=b) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
    far = (entrance + len(ring) // 2) % len(ring)
    garden = first + len(rim)
    path = Street(a=ring[entrance], b=garden, highway="footway", name="", access="private")
    streets.pieces += [path, replace(path, a=garden, b=ring[far])]
    faces = tuple((i, j) for i in range(i0, i1) for j in range(j0, j1))
    streets.compounds.append(Compound(name=name, gate=rim_nodes[entrance], nodes=tuple(ring), faces=faces))


def _components(streets: Streets, pieces: list[Street], *, strong: bool) -> IntArray:
    a = np.array([piece.a for piece in pieces])
    b = np.array([piece.b for piece in pieces])
    both = np.array([not piece.oneway for piece in pieces])
    size = len(streets.x)
    rows, columns = np.concatenate([a, b[both]]), np.concatenate([b, a[both]])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size)).tocsr()
    _, labels = connected_components(graph, directed=True, connection="strong" if strong else "weak")
    return np.asarray(labels, dtype=np.int64)


def _largest_part(streets: Streets) -> list[Street]:
    """Keep the rideable pieces that hang together, then the paths that hang on them."""
    rideable = [piece for piece in streets.pieces if piece.rideable]
    labels = _components(streets, rideable, strong=False)
    counts = np.bincount(labels[[piece.a for piece in rideable]], minlength=int(labels.max()) + 1)
    main = int(counts.argmax())
    kept = [piece for piece in streets.pieces if not piece.rideable or labels[piece.a] == main]
    everything = _components(streets, kept, strong=False)
    anchor = everything[next(piece.a for piece in kept if piece.rideable)]
    return [piece for piece in kept if everything[piece.a] == anchor]


def _open_one_ways(streets: Streets) -> list[Street]:
    """Open one-ways in both directions where they would cut a place off."""
    while True:
        rideable = [piece for piece in streets.pieces if piece.rideable]
        labels = _components(streets, rideable, strong=True)
        cut = [piece.rideable and piece.oneway and labels[piece.a] != labels[piece.b] for piece in streets.pieces]
        if not any(cut):
            return streets.pieces
        streets.pieces = [
            replace(piece, oneway=False) if is_cut else piece for piece, is_cut in zip(streets.pieces, cut, strict=True)
        ]


def edge_tables(streets: Streets, plane: Plane) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Join pieces end to end into edges, and give edges and nodes as tables.

    Parameters
    ----------
    streets
        The pieces.
    plane
        From metres to degrees.

    Returns
    -------
    edges : GeoDataFrame
        edge_id, u, v, highway, oneway, access, name, length_m, geometry; a one-way runs from u to v.
    nodes : GeoDataFrame
        node_id, gate (whether it is a compound's entrance), geometry.
    """
    chains = _chains(streets)
    ends = sorted({end for nodes, _ in chains for end in (nodes[0], nodes[-1])}, key=lambda n: (-streets.y[n], n))
    number = {node: place + 1 for place, node in enumerate(ends)}
    lon, lat = plane.to_lonlat(streets.x, streets.y)
    gates = {compound.gate for compound in streets.compounds}
    rows = []
    for nodes, piece in sorted(chains, key=lambda chain: (number[chain[0][0]], number[chain[0][-1]], chain[0])):
        xs, ys = lon[nodes], lat[nodes]
        metres = float(crs.distance_m(xs[:-1], ys[:-1], xs[1:], ys[1:]).sum())
        rows.append((number[nodes[0]], number[nodes[-1]], piece.highway, piece.oneway, piece.access, piece.name,
                     round(metres, 1), shapely.LineString(np.column_stack([xs, ys]))))  # fmt: skip
    names = ["u", "v", "highway", "oneway", "access", "name", "length_m", "geometry"]
    edges = pd.DataFrame(rows, columns=names)
    edges.insert(0, "edge_id", np.arange(1, len(edges) + 1))
    ending = pd.DataFrame({"node_id": np.arange(1, len(ends) + 1), "gate": [node in gates for node in ends]})
    points = gpd.points_from_xy(lon[ends], lat[ends], crs=crs.WGS84)
    return gpd.GeoDataFrame(edges, geometry="geometry", crs=crs.WGS84), gpd.GeoDataFrame(ending, geometry=points)


def _chains(streets: Streets) -> list[tuple[list[int], Street]]:
    """Walk from every real node along its pieces until the next real node."""
    touching: dict[int, list[int]] = {}
    for place, piece in enumerate(streets.pieces):
        touching.setdefault(piece.a, []).append(place)
        touching.setdefault(piece.b, []).append(place)
    keep = {compound.gate for compound in streets.compounds}
    for compound in streets.compounds:  # so that a ring never becomes a loop or two equal edges
        keep.update(compound.nodes[:: max(1, len(compound.nodes) // 4)])
    real = {node for node, places in touching.items() if node in keep or not _passes(streets.pieces, node, places)}
    used = [False] * len(streets.pieces)
    chains = []
    for node in sorted(real):
        for place in touching[node]:
            piece = streets.pieces[place]
            if used[place] or (piece.oneway and piece.b == node):
                continue
            used[place] = True
            walk = [node, piece.b if piece.a == node else piece.a]
            while walk[-1] not in real:
                onward = next(other for other in touching[walk[-1]] if not used[other])
                used[onward] = True
                step = streets.pieces[onward]
                walk.append(step.b if step.a == walk[-1] else step.a)
            chains.append((walk, piece))
    return chains


def _passes(pieces: list[Street], node: int, places: list[int]) -> bool:
    """Whether a node only hands one and the same street on."""
    if len(places) != _PASSING:
        return False
    first, second = pieces[places[0]], pieces[places[1]]
    same = replace(first, a=0, b=0) == replace(second, a=0, b=0)
    flows = not first.oneway or (first.b == node) != (second.b == node)
    return same and flows
