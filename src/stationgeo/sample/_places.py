"""Where things happen in a sample city: restaurants, doors, kerbs, homes, depots, and where couriers rest."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from stationgeo.sample._couriers import DEPOT, DOOR, HOME, KERB, PICK_UP, REST, TILE_M, Town
from stationgeo.sample._fabric import COMMERCIAL, HILL, INDUSTRIAL, OLD_TOWN, PARK, RESIDENTIAL, WATER, Fabric
from stationgeo.sample._routes import make_roads

if TYPE_CHECKING:
    from stationgeo.sample._streets import Streets
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Ground", "Spots", "beside_street", "join_spots", "make_ground", "make_town", "rest_spots"]

BoolArray = npt.NDArray[np.bool_]

# GPS noise per axis (metres) by land use: 3 in the open, 8 in canyons (3-8 is usual for platform devices).
_NOISE_M = {RESIDENTIAL: 4.5, COMMERCIAL: 8.0, OLD_TOWN: 7.0, INDUSTRIAL: 3.5, PARK: 3.0, HILL: 3.0, WATER: 4.0}
# How many of each sort per square kilometre of map.
_PICK_UPS_KM2, _DOORS_KM2, _KERBS_KM2, _HOMES_KM2, _DEPOTS_KM2, _RESTS_KM2 = 9.0, 40.0, 5.0, 8.0, 0.16, 1.7
# How far places may stand beyond the outermost nodes.
_RIM_M = 100.0
# The surroundings are seen by these couriers as often as this, next to the territory: they work for it.
_OUTSIDE = 0.25
# Share of restaurants that stand in rows, and how many make a row.
_ROW_SHARE, _ROW_SIZE = 0.6, 22


@dataclass(frozen=True, slots=True, kw_only=True)
class Spots:
    """Points with the node that leads to them and an attraction."""

    x: FloatArray
    y: FloatArray
    node: IntArray
    weight: FloatArray

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: npt.ArrayLike) -> Spots:
        """Return some of the rows."""
        keep = np.asarray(rows)
        return Spots(x=self.x[keep], y=self.y[keep], node=self.node[keep], weight=self.weight[keep])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What each node of the network stands on, and the area of the whole map."""

    streets: Streets
    density: FloatArray
    land: IntArray
    inside: BoolArray
    """Whether the node's face belongs to the territory."""
    pull: FloatArray
    """1 inside the territory, less outside."""
    rideable: IntArray
    """Nodes that a bike reaches."""
    neighbour: tuple[IntArray, ...]
    """Rideable neighbours of each node."""
    map_km2: float
    low: tuple[float, float]
    high: tuple[float, float]


def make_ground(fabric: Fabric, streets: Streets) -> Ground:
    """Look up what each node stands on: the busiest of the faces that it touches.

    Parameters
    ----------
    fabric
        The lattice.
    streets
        The network on it.

    Returns
    -------
    Ground
        One row per node.
    """
    size, lattice = len(streets.x), fabric.x.size
    padded = np.pad(fabric.density, 1, constant_values=-1.0)
    land = np.pad(fabric.land, 1, constant_values=HILL)
    corners = [(slice(None, -1), slice(None, -1)), (slice(1, None), slice(None, -1)),
               (slice(None, -1), slice(1, None)), (slice(1, None), slice(1, None))]  # fmt: skip
    around = np.stack([padded[corner].ravel() for corner in corners])
    lands = np.stack([land[corner].ravel() for corner in corners])
    best = around.argmax(axis=0)
    density = fabric.density[streets.face_i, streets.face_j].copy()
    kind = fabric.land[streets.face_i, streets.face_j].copy()
    density[:lattice] = around[best, np.arange(lattice)]
    kind[:lattice] = lands[best, np.arange(lattice)]
    ends = np.array([(piece.a, piece.b) for piece in streets.pieces if piece.rideable], dtype=np.int64)
    both = np.concatenate([ends, ends[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    starts = np.searchsorted(both[:, 0], np.arange(size + 1))
    inside = fabric.inside[streets.face_i, streets.face_j]
    return Ground(
        streets=streets,
        density=density,
        land=kind,
        inside=inside,
        pull=np.where(inside, 1.0, _OUTSIDE),
        rideable=np.unique(both[:, 0]),
        neighbour=tuple(both[starts[node] : starts[node + 1], 1] for node in range(size)),
        map_km2=float(np.ptp(fabric.x) * np.ptp(fabric.y)) / 1e6,
        low=(float(streets.x.min()), float(streets.y.min())),
        high=(float(streets.x.max()), float(streets.y.max())),
    )


def beside_street(rng: np.random.Generator, ground: Ground, nodes: IntArray, off_m: tuple[float, float]) -> Spots:
    """Put points beside the street, up to half a piece away from their nodes.

    Parameters
    ----------
    rng
        Where chance comes from.
    ground
        The map.
    nodes
        Rideable nodes, one per point; they may repeat.
    off_m
        Least and most metres off the street's middle line.

    Returns
    -------
    Spots
        Of attraction 1.
    """
    x, y = ground.streets.x, ground.streets.y
    chance = rng.uniform(size=(4, len(nodes)))
    other = np.array(
        [
            ground.neighbour[node][int(u * len(ground.neighbour[node]))]
            for node, u in zip(nodes, chance[0], strict=True)
        ],
        dtype=np.int64,
    )
    dx, dy = x[other] - x[nodes], y[other] - y[nodes]
    metres = np.sqrt(dx * dx + dy * dy)
    along = 0.5 * chance[1]
    side = np.where(chance[2] < 0.5, -1.0, 1.0) * (off_m[0] + (off_m[1] - off_m[0]) * chance[3]) / metres  # noqa: PLR2004
    return Spots(
        x=np.round(x[nodes] + along * dx - side * dy, 2),
        y=np.round(y[nodes] + along * dy + side * dx, 2),
        node=nodes,
        weight=np.ones(len(nodes)),
    )


def _choose(rng: np.random.Generator, nodes: IntArray, weight: FloatArray, count: int) -> IntArray:
    return np.asarray(rng.choice(nodes, size=count, p=weight / weight.sum()), dtype=np.int64)


def join_spots(*parts: Spots) -> Spots:
    """Put tables of spots one below the other."""
    return Spots(
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        node=np.concatenate([part.node for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
    )


def _pick_ups(rng: np.random.Generator, ground: Ground) -> Spots:
    """Restaurants: rows of them in busy streets, the others strewn by busyness."""
    count = max(30, round(_PICK_UPS_KM2 * ground.map_km2))
    nodes = ground.rideable
    density = ground.density[nodes] * ground.pull[nodes]
    rows = max(2, round(count * _ROW_SHARE / _ROW_SIZE))
    hearts = _choose(rng, nodes, density**3, rows)
    row_nodes = [heart for heart in hearts for _ in range(_ROW_SIZE)]
    walked = []
    for place, node in enumerate(row_nodes):  # the far half of a row stands at the neighbours of its heart
        near = ground.neighbour[node]
        walked.append(int(near[place % len(near)]) if place % 2 else int(node))
    in_rows = beside_street(rng, ground, np.array(walked, dtype=np.int64), (8.0, 18.0))
    strewn = beside_street(rng, ground, _choose(rng, nodes, density, count - len(walked) // 2), (8.0, 25.0))
    return join_spots(in_rows, strewn)


def rest_spots(rng: np.random.Generator, ground: Ground) -> Spots:
    """Draw where people rest without being asked: gates of compounds, restaurant doors, parks, quays, lorry parks.

    Parameters
    ----------
    rng
        Where chance comes from.
    ground
        The map.

    Returns
    -------
    Spots
        Few draw many: attraction falls steeply from the best to the rest.
    """
    count = max(12, round(_RESTS_KM2 * ground.map_km2))
    nodes, density, land = ground.rideable, ground.density, ground.land
    gates = np.array([compound.gate for compound in ground.streets.compounds], dtype=np.int64)
    at_gates = rng.choice(gates, size=min(len(gates), count * 2 // 5), replace=False) if len(gates) else gates
    green = nodes[(land[nodes] == PARK) | (land[nodes] == INDUSTRIAL)]
    at_green = rng.choice(green, size=min(len(green), count // 6), replace=False) if len(green) else green
    elsewhere = _choose(rng, nodes, ground.pull[nodes] * density[nodes] ** 1.5, count - len(at_gates) - len(at_green))
    chosen = np.concatenate([at_gates, at_green, elsewhere]).astype(np.int64)
    spots = beside_street(rng, ground, chosen, (4.0, 14.0))
    steep = rng.uniform(size=len(chosen)) ** 3
    weight = (0.4 + 11.0 * steep) * (0.35 + np.minimum(1.0, density[chosen])) * ground.pull[chosen]
    return Spots(x=spots.x, y=spots.y, node=spots.node, weight=weight)


def make_town(rng: np.random.Generator, ground: Ground, rests: Spots) -> Town:
    """Put all places of a city into tables by tile.

    Parameters
    ----------
    rng
        Where chance comes from.
    ground
        The map.
    rests
        Where couriers rest, stations among them.

    Returns
    -------
    Town
        What the simulation of days reads.
    """
    nodes, density, land = ground.rideable, ground.density[ground.rideable], ground.land[ground.rideable]
    km2 = ground.map_km2
    pull = ground.pull[nodes]
    people = pull * np.where(land == INDUSTRIAL, 0.05, 0.15 + density)
    gates = np.array([compound.gate for compound in ground.streets.compounds], dtype=np.int64)
    doors = beside_street(rng, ground, _choose(rng, nodes, people, max(60, round(_DOORS_KM2 * km2))), (10.0, 40.0))
    strewn = beside_street(rng, ground, _choose(rng, nodes, people, max(20, round(_KERBS_KM2 * km2))), (3.0, 6.0))
    at_gates = beside_street(rng, ground, gates, (3.0, 6.0))
    kerbs = join_spots(strewn, Spots(x=at_gates.x, y=at_gates.y, node=gates, weight=8.0 * ground.pull[gates]))
    flats = pull * np.where(land == RESIDENTIAL, 1.0, 0.1)
    homes = beside_street(rng, ground, _choose(rng, nodes, flats, max(40, round(_HOMES_KM2 * km2))), (12.0, 35.0))
    yards = pull * np.where(land == INDUSTRIAL, 1.0, 0.2 / (0.3 + density))
    depots = beside_street(rng, ground, _choose(rng, nodes, yards, max(3, round(_DEPOTS_KM2 * km2))), (10.0, 25.0))
    sorts = {PICK_UP: _pick_ups(rng, ground), DOOR: doors, KERB: kerbs, REST: rests, HOME: homes, DEPOT: depots}
    low_x, low_y = ground.low[0] - _RIM_M, ground.low[1] - _RIM_M
    columns = math.ceil((ground.high[0] + _RIM_M - low_x) / TILE_M)
    rows = math.ceil((ground.high[1] + _RIM_M - low_y) / TILE_M)
    starts, tables, before = [], [], 0
    for sort in sorted(sorts):
        spots = sorts[sort]
        tile = ((spots.x - low_x) // TILE_M).astype(np.int64) * rows + ((spots.y - low_y) // TILE_M).astype(np.int64)
        tables.append(spots.take(np.argsort(tile, kind="stable")))
        starts.append(before + np.concatenate([[0], np.cumsum(np.bincount(tile, minlength=columns * rows))]))
        before += len(spots)
    places = join_spots(*tables)
    noise_m = np.array([_NOISE_M[int(kind)] for kind in ground.land])
    return Town(
        make_roads(ground.streets, noise_m), places.x, places.y, places.node, places.weight,
        np.array(starts, dtype=np.int64), low_x, low_y, columns, rows,
    )  # fmt: skip
