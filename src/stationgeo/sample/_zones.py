"""The tree of zones of a sample city: districts of streets (街道) of communities of grids, all unions of faces."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs
from stationgeo.sample._fabric import HILL, INDUSTRIAL, PARK, WATER, WATER_LINE, Fabric
from stationgeo.sample._names import DISTRICTS, STREETS, community_name, numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stationgeo.sample._plane import Plane
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Territory", "make_zones"]

# Fictional: no district of China has a code that begins so.
_DISTRICT_CODE = 449_801
_DISTRICT_KM2, _STREET_KM2, _COMMUNITY_KM2, _GRID_KM2 = 90.0, 6.0, 0.94, 0.132
# What it costs a zone to grow across a line, by the line's class from river to arterial: borders follow streets.
_CROSSING = {0: 1.0, 1: 2.2, 2: 5.0}
_SAME_ESTATE = 0.1

Face = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """The zones, and the grid that each face belongs to."""

    zones: gpd.GeoDataFrame
    """ZONES of four levels, highest first."""
    grid_of_face: IntArray
    """Row number of the grid in `grids` for each face, -1 outside the territory."""
    grids: tuple[str, ...]
    """zone_id of each grid."""

    def grid_at(self, i: int, j: int) -> str:
        """zone_id of a face's grid, '' outside."""
        row = int(self.grid_of_face[i, j])
        return self.grids[row] if row >= 0 else ""


def make_zones(
    rng: np.random.Generator, fabric: Fabric, plane: Plane, *, estates: Sequence[Sequence[Face]] = ()
) -> Territory:
    """Grow the tree of zones on the faces of the fabric.

    Parameters
    ----------
    rng
        Where chance comes from.
    fabric
        The lattice.
    plane
        From metres to degrees.
    estates
        Faces of each gated compound: zones keep them whole where they can.

    Returns
    -------
    Territory
        Every level tiles the territory exactly: zones share every vertex of their common border.
    """
    area = _areas_km2(fabric)
    people = np.where(fabric.land == HILL, 0.15, np.where(fabric.land == WATER, 0.1, 0.35 + fabric.density))
    people[(fabric.land == PARK) | (fabric.land == INDUSTRIAL)] = 0.25
    weight = area * people
    grower = _Grower(
        rng=rng,
        fabric=fabric,
        weight=weight,
        x=fabric.face_x,
        y=fabric.face_y,
        estate={face: number for number, estate in enumerate(estates) for face in estate},
    )
    quads = _quads(fabric, plane)
    rows: list[tuple[str, str, str, str, shapely.Geometry]] = []
    grid_of_face = np.full(fabric.land.shape, -1, dtype=np.int64)
    grids: list[str] = []
    everything = [(int(i), int(j)) for i, j in np.argwhere(fabric.inside)]
    total_km2, total_weight = float(area[fabric.inside].sum()), float(weight[fabric.inside].sum())
    per_weight = total_km2 / total_weight  # an average square kilometre of weight
    streets_named = communities_named = 0

    def count(faces: list[Face], unit_km2: float) -> int:
        return max(1, round(sum(float(weight[face]) for face in faces) * per_weight / unit_km2))

    for d, district in enumerate(grower.split(everything, count(everything, _DISTRICT_KM2))):
        code = str(_DISTRICT_CODE + d)
        rows.append((code, "district", "", numbered(DISTRICTS, d), _union(quads, district)))
        for s, street in enumerate(grower.split(district, count(district, _STREET_KM2)), start=1):
            street_code = f"{code}{s:03d}"
            rows.append((street_code, "street", code, numbered(STREETS, streets_named) + "街道", _union(quads, street)))
            streets_named += 1
            for c, community in enumerate(grower.split(street, count(street, _COMMUNITY_KM2)), start=1):
                community_code = f"{street_code}{c:03d}"
                name = community_name(communities_named) + "社区"
                communities_named += 1
                rows.append((community_code, "community", street_code, name, _union(quads, community)))
                for g, grid in enumerate(grower.split(community, count(community, _GRID_KM2)), start=1):
                    grid_code = f"{community_code}{g:03d}"
                    rows.append((grid_code, "grid", community_code, f"{name}第{g}网格", _union(quads, grid)))
                    for face in grid:
                        grid_of_face[face] = len(grids)
                    grids.append(grid_code)
    frame = pd.DataFrame(rows, columns=["zone_id", "level", "parent_id", "name", "geometry"])
    by_level = frame.sort_values("zone_id", key=lambda codes: codes.str.len(), kind="stable", ignore_index=True)
    zones = gpd.GeoDataFrame(by_level, geometry="geometry", crs=crs.WGS84)
    return Territory(zones=zones, grid_of_face=grid_of_face, grids=tuple(grids))


def _areas_km2(fabric: Fabric) -> FloatArray:
    x, y = fabric.x, fabric.y
    doubled = (x[1:, 1:] - x[:-1, :-1]) * (y[:-1, 1:] - y[1:, :-1]) - (x[:-1, 1:] - x[1:, :-1]) * (
        y[1:, 1:] - y[:-1, :-1]
    )
    return np.asarray(np.abs(doubled) / 2e6)


def _quads(fabric: Fabric, plane: Plane) -> FloatArray:
    """Return the rings of all faces in degrees, (i, j, 5, 2)."""
    lon, lat = plane.to_lonlat(fabric.x, fabric.y)
    corner = np.stack([lon, lat], axis=-1)
    ring = [corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:], corner[:-1, :-1]]
    return np.stack(ring, axis=2)


def _union(quads: FloatArray, faces: list[Face]) -> shapely.Geometry:
    """Unite faces along their shared vertices, and write the ring in one agreed order."""
    i, j = np.array(faces).T
    parts = shapely.get_parts(shapely.normalize(shapely.coverage_union_all(shapely.polygons(quads[i, j]))))
    whole: shapely.Geometry = parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grower:
    """Cuts connected sets of faces into connected parts of about equal weight."""

    rng: np.random.Generator
    fabric: Fabric
    weight: FloatArray
    x: FloatArray
    """Middles of the faces."""
    y: FloatArray
    estate: dict[Face, int]
    """Number of the gated compound of the faces that have one."""

    def split(self, faces: list[Face], parts: int) -> list[list[Face]]:
        """Cut a set of faces into `parts` parts, more if it is not one piece; west to east in each."""
        if parts == 1:
            return [faces]
        pieces = self._pieces(faces)
        weights = [self._sum(piece) for piece in pieces]
        out: list[list[Face]] = []
        for piece, weight in zip(pieces, weights, strict=True):
            share = max(1, round(parts * weight / sum(weights)))
            out.extend(self._grow(piece, min(share, len(piece))))
        return sorted(out, key=lambda part: (round(self._middle(part)[1] / -700), self._middle(part)[0]))

    def _sum(self, faces: Iterable[Face]) -> float:
        return sum(float(self.weight[face]) for face in faces)

    def _middle(self, faces: list[Face]) -> tuple[float, float]:
        i, j = np.array(faces).T
        return float(self.x[i, j].mean()), float(self.y[i, j].mean())

    def _steps(self, face: Face) -> list[tuple[Face, float]]:
        """Neighbours of a face and what it costs to grow into them; the middle of the river is never crossed."""
        i, j = face
        u, v = self.fabric.u_class, self.fabric.v_class
        around = [((i - 1, j), u[i]), ((i + 1, j), u[i + 1]), ((i, j - 1), v[j]), ((i, j + 1), v[j + 1])]
        home = self.estate.get(face, -1)
        return [
            (other, _SAME_ESTATE if self.estate.get(other, -2) == home else _CROSSING[int(kind)])
            for other, kind in around
            if kind != WATER_LINE
        ]

    def _pieces(self, faces: list[Face]) -> list[list[Face]]:
        """Find connected pieces, where the river divides."""
        left, pieces = set(faces), []
        for face in faces:
            if face not in left:
                continue
            left.discard(face)
            piece = [face]
            for member in piece:
                for other, _ in self._steps(member):
                    if other in left:
                        left.discard(other)
                        piece.append(other)
            pieces.append(sorted(piece))
        return pieces

    def _grow(self, faces: list[Face], parts: int) -> list[list[Face]]:
        """Grow parts from seeds, always the lightest one, along the cheapest crossing."""
        if parts == 1:
            return [faces]
        seeds = self._seeds(faces, parts)
        owner = {seed: part for part, seed in enumerate(seeds)}
        members = [[seed] for seed in seeds]
        load = [float(self.weight[seed]) for seed in seeds]
        fronts: list[list[tuple[float, Face]]] = [[] for _ in seeds]
        allowed = set(faces)

        def look_around(part: int, face: Face) -> None:
            for other, cost in self._steps(face):
                if other in allowed and other not in owner:
                    heapq.heappush(fronts[part], (cost * self._far(seeds[part], other), other))

        for part, seed in enumerate(seeds):
            look_around(part, seed)
        queue = [(weight, part) for part, weight in enumerate(load)]
        heapq.heapify(queue)
        while queue:
            _, part = heapq.heappop(queue)
            while fronts[part] and fronts[part][0][1] in owner:
                heapq.heappop(fronts[part])
            if not fronts[part]:
                continue
            _, face = heapq.heappop(fronts[part])
            owner[face] = part
            members[part].append(face)
            load[part] += float(self.weight[face])
            look_around(part, face)
            heapq.heappush(queue, (load[part], part))
        return [sorted(part) for part in members]

    def _far(self, seed: Face, face: Face) -> float:
        x, y = self.x, self.y
        return float(1.0 + ((x[seed] - x[face]) ** 2 + (y[seed] - y[face]) ** 2) / 90_000.0)

    def _seeds(self, faces: list[Face], parts: int) -> list[Face]:
        """Pick well-spread seeds: each the farthest, by distance and weight, of a few drawn by chance."""
        i, j = np.array(faces).T
        x, y = self.x[i, j], self.y[i, j]
        weight = self.weight[i, j]
        chosen = [int(self.rng.integers(len(faces)))]
        nearest = (x - x[chosen[0]]) ** 2 + (y - y[chosen[0]]) ** 2
        while len(chosen) < parts:
            score = nearest * weight * self.rng.uniform(0.6, 1.0, len(faces))
            chosen.append(int(score.argmax()))
            nearest = np.minimum(nearest, (x - x[chosen[-1]]) ** 2 + (y - y[chosen[-1]]) ** 2)
        return [faces[place] for place in chosen]
