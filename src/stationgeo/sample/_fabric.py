"""The warped lattice under a sample city: lines that become streets, faces that become zones and land uses.

Everything is drawn in a plane of metres about the city's centre. Lines of one family run roughly north (their number
is `i`), of the other roughly east (`j`); a smooth warp bends them, so that streets curve, the river meanders and no
block is a square. Because zones are unions of faces, they tile the city exactly, whatever their shape.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

__all__ = [
    "ARTERIAL",
    "COLLECTOR",
    "COMMERCIAL",
    "HILL",
    "INDUSTRIAL",
    "LOCAL",
    "OLD_TOWN",
    "PARK",
    "RESIDENTIAL",
    "WATER",
    "WATER_LINE",
    "Fabric",
    "make_fabric",
]

BoolArray = npt.NDArray[np.bool_]

# Classes of lines.
WATER_LINE, LOCAL, COLLECTOR, ARTERIAL = -1, 0, 1, 2
# Land uses of faces.
RESIDENTIAL, COMMERCIAL, OLD_TOWN, INDUSTRIAL, PARK, HILL, WATER = range(7)

# Chinese superblocks: arterials 700-1,000 m apart (GB/T 51328-2018 asks for a denser net; older districts look so).
_SUPERBLOCK_M = 860.0
# The smallest lane grid of a superblock.
_LANE_M = 190.0
_RIVER_HALF_M = 55.0
# Width over height of the district.
_ASPECT = 1.35
# How many lanes a bite (negative) or a bump of the border is deep, each as likely as the others.
_NOTCH_DEPTHS = (-2, -1, 0, 0, 0, 1, 2)
# Waves that bend the lattice: height and length in metres. The river's meander and ripple fade away from it.
_MEANDER_M, _RIPPLE_M, _SWAY_M, _SWELL_M, _CROSS_M = (210.0, 3900.0), (70.0, 1700.0), (90.0, 4300.0), (150.0, 5200.0), (
    60.0, 2900.0)  # fmt: skip
_MEANDER_FADES_M = 1900.0
# How far nodes of large streets and of lanes are off their lines at most.
_JITTER_M = (3.0, 14.0)
# Centres: place as shares of the half widths, size in metres, busyness. The core and the old town lie west of the
# river, the new town east of it; more follow by chance for each further 25 km2.
_OLD_TOWN_AT = ((-0.18, -0.42), 800.0)
_CENTRES = (((-0.38, 0.12), 1150.0, 0.95), (*_OLD_TOWN_AT, 0.75), ((0.45, 0.28), 1050.0, 0.85))
_CENTRE_PER_M2 = 25e6
_EVERYWHERE, _BUSY = 0.10, 0.62
_PARKS = (((0.10, -0.55), 260.0), ((0.62, 0.55), 230.0))
_HILL_AT, _HILL_M = (-0.56, 0.58), 1250.0
_INDUSTRY_AT, _INDUSTRY_M = (0.66, -0.66), 1100.0
_WIDEST = 0.41  # hills and industry in small cities, as a share of the half width
# The height of a bump (1 in its middle) at which its land use ends.
_RIM = 0.42
# Every coordinate is a whole number of centimetres: what sin and cos differ in between processors is rounded away.
_DECIMALS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """Lines, nodes and faces of the warped lattice."""

    x: FloatArray
    """Metres east of the centre, (lines i, lines j)."""
    y: FloatArray
    """Metres north of the centre, same shape."""
    u_class: IntArray
    """Class of each north-going line."""
    v_class: IntArray
    """Class of each east-going line."""
    river: int
    """Number of the north-going line on the river's west bank; +1 is its middle, +2 its east bank."""
    land: IntArray
    """Land use of each face, (i, j) between lines i, i+1 and j, j+1."""
    density: FloatArray
    """How busy each face is, 0 to about 1."""
    inside: BoolArray
    """Whether a face belongs to the city's own territory; the rest is its surroundings."""

    @property
    def face_x(self) -> FloatArray:
        """Metres east of each face's middle."""
        return (self.x[:-1, :-1] + self.x[1:, :-1] + self.x[:-1, 1:] + self.x[1:, 1:]) / 4

    @property
    def face_y(self) -> FloatArray:
        """Metres north of each face's middle."""
        return (self.y[:-1, :-1] + self.y[1:, :-1] + self.y[:-1, 1:] + self.y[1:, 1:]) / 4


def make_fabric(rng: np.random.Generator, *, area_km2: float) -> Fabric:
    """Draw the lattice of a city, with one superblock of surroundings on each side.

    Parameters
    ----------
    rng
        Where chance comes from.
    area_km2
        Area of the territory; the scale of the plane is set so that it is met.

    Returns
    -------
    Fabric
        About 45 faces per square kilometre.
    """
    side_km = math.sqrt(area_km2 * _ASPECT)
    wide = max(2, round(side_km * 1000 / _SUPERBLOCK_M))
    high = max(2, round(area_km2 / side_km * 1000 / _SUPERBLOCK_M))
    u, u_class = _lines(rng, wide + 2)
    v, v_class = _lines(rng, high + 2)
    u, u_class, river = _add_river(u, u_class)
    inside = _territory(rng, u_class, v_class, river)
    x, y = _warp(rng, u, v, river, u_class, v_class)
    x, y = _scale(x, y, inside, area_km2)
    land, density = _land_use(rng, x, y, river, inside)
    return Fabric(x=x, y=y, u_class=u_class, v_class=v_class, river=river, land=land, density=density, inside=inside)


def _lines(rng: np.random.Generator, superblocks: int) -> tuple[FloatArray, IntArray]:
    """Place one family of lines: arterials, a collector between them, lanes between those."""
    positions, classes = [0.0], [ARTERIAL]
    for _ in range(superblocks):
        width = _SUPERBLOCK_M * rng.uniform(0.85, 1.15)
        lanes = max(4, round(width / _LANE_M))
        parts = rng.uniform(0.75, 1.25, lanes)
        steps = np.cumsum(parts / parts.sum()) * width + positions[-1]
        middle = lanes // 2
        positions.extend(float(step) for step in steps)
        classes.extend(COLLECTOR if lane == middle else LOCAL for lane in range(1, lanes))
        classes.append(ARTERIAL)
    return np.array(positions), np.array(classes, dtype=np.int64)


def _add_river(u: FloatArray, u_class: IntArray) -> tuple[FloatArray, IntArray, int]:
    """Widen a collector west of the middle into two banks with water between them."""
    collectors = np.flatnonzero(u_class == COLLECTOR)
    wanted = u[0] + 0.47 * (u[-1] - u[0])
    west = int(collectors[np.argmin(np.abs(u[collectors] - wanted))])
    middle, east = u[west] + _RIVER_HALF_M, u[west] + 2 * _RIVER_HALF_M
    lines = np.concatenate([u[: west + 1], [middle, east], u[west + 1 :] + 2 * _RIVER_HALF_M])
    classes = np.concatenate([u_class[: west + 1], [WATER_LINE, COLLECTOR], u_class[west + 1 :]])
    return lines, classes, west


def _territory(rng: np.random.Generator, u_class: IntArray, v_class: IntArray, river: int) -> BoolArray:
    """All but the outer superblocks, with bites taken out of the border and bumps put on it."""
    u_arterial, v_arterial = np.flatnonzero(u_class == ARTERIAL), np.flatnonzero(v_class == ARTERIAL)
    inside = np.zeros((len(u_class) - 1, len(v_class) - 1), dtype=np.bool_)
    low_i, high_i = int(u_arterial[1]), int(u_arterial[-2])
    low_j, high_j = int(v_arterial[1]), int(v_arterial[-2])
    inside[low_i:high_i, low_j:high_j] = True
    for cuts, along_u in ((_stretches(u_class, low_i, high_i), True), (_stretches(v_class, low_j, high_j), False)):
        for start, end in cuts:
            for low_side in (True, False):
                depth = int(rng.choice(_NOTCH_DEPTHS))
                if along_u and start <= river + 1 < end:
                    continue  # the border crosses the river straight
                if along_u:
                    _notch(inside, slice(start, end), low_j if low_side else high_j, depth, low_side=low_side)
                else:
                    _notch(inside.T, slice(start, end), low_i if low_side else high_i, depth, low_side=low_side)
    return inside


def _stretches(classes: IntArray, low: int, high: int) -> list[tuple[int, int]]:
    """Pieces of a border between collectors or arterials, without the corners."""
    cuts = [int(line) for line in np.flatnonzero(classes >= COLLECTOR) if low <= line <= high]
    return list(itertools.pairwise(cuts))


def _notch(inside: BoolArray, along: slice, border: int, depth: int, *, low_side: bool) -> None:
    first, last = (border, border + depth) if low_side else (border - depth, border)
    inside[along, min(first, last) : max(first, last)] = depth < 0


def _warp(
    rng: np.random.Generator, u: FloatArray, v: FloatArray, river: int, u_class: IntArray, v_class: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Bend the lattice: a meander that fades away from the river, two long waves, a turn, and a jitter of lanes."""
    along, across = np.meshgrid(u - u[river + 1], v - v.mean(), indexing="ij")
    phase = rng.uniform(0, 2 * math.pi, 5)

    def wave(size: tuple[float, float], way: FloatArray, number: int) -> FloatArray:
        high_m, long_m = size
        return np.asarray(high_m * np.sin(2 * math.pi * way / long_m + phase[number]))

    fade = 1 / (1 + (along / _MEANDER_FADES_M) ** 2)
    meander = wave(_MEANDER_M, across, 0) + wave(_RIPPLE_M, across, 1)
    x = along + fade * meander + wave(_SWAY_M, across + 0.6 * along, 2)
    y = across + wave(_SWELL_M, along, 3) + wave(_CROSS_M, along - across, 4)
    straight = (np.maximum(u_class[:, None], v_class[None, :]) >= COLLECTOR) | (u_class[:, None] == WATER_LINE)
    jitter = np.where(straight, _JITTER_M[0], _JITTER_M[1])
    x = x + jitter * rng.uniform(-1, 1, x.shape)
    y = y + jitter * rng.uniform(-1, 1, x.shape)
    # A turn by the angle whose tangent is 1/5, written with a square root so that it is the same everywhere.
    cosine, sine = 5 / math.sqrt(26), 1 / math.sqrt(26)
    return cosine * x - sine * y, sine * x + cosine * y


def _scale(x: FloatArray, y: FloatArray, inside: BoolArray, area_km2: float) -> tuple[FloatArray, FloatArray]:
    """Centre the territory, meet its area, and round to centimetres."""
    doubled = (x[1:, 1:] - x[:-1, :-1]) * (y[:-1, 1:] - y[1:, :-1]) - (x[:-1, 1:] - x[1:, :-1]) * (
        y[1:, 1:] - y[:-1, :-1]
    )
    area_m2 = float(np.abs(doubled[inside]).sum() / 2)
    factor = math.sqrt(area_km2 * 1e6 / area_m2)
    centre_x, centre_y = x[:-1, :-1][inside].mean(), y[:-1, :-1][inside].mean()
    return np.round((x - centre_x) * factor, _DECIMALS), np.round((y - centre_y) * factor, _DECIMALS)


def _land_use(
    rng: np.random.Generator, x: FloatArray, y: FloatArray, river: int, inside: BoolArray
) -> tuple[IntArray, FloatArray]:
    """Give every face a land use and a busyness: centres on both banks, an old town, a hill, parks, industry."""
    fx = (x[:-1, :-1] + x[1:, 1:]) / 2
    fy = (y[:-1, :-1] + y[1:, 1:]) / 2
    half_x = float(np.abs(fx[inside]).max())
    half_y = float(np.abs(fy[inside]).max())

    def bump(at: tuple[float, float], size_m: float) -> FloatArray:
        squared = (fx - at[0] * half_x) ** 2 + (fy - at[1] * half_y) ** 2
        return np.asarray(1 / (1 + squared / size_m**2) ** 2)

    def anywhere() -> tuple[float, float]:
        return float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.9, 0.9))

    density = np.zeros(fx.shape)
    for at, size_m, high in _CENTRES:
        density += high * bump(at, size_m)
    more = max(0, round(half_x * half_y * 4 / _CENTRE_PER_M2) - 1)
    for _ in range(more):
        density += rng.uniform(0.4, 0.9) * bump(anywhere(), float(rng.uniform(600, 1300)))
    density = np.clip(density + _EVERYWHERE + rng.uniform(-0.06, 0.06, fx.shape), 0.04, 1.2)

    land = np.full(fx.shape, RESIDENTIAL, dtype=np.int64)
    land[density > _BUSY] = COMMERCIAL
    land[bump(*_OLD_TOWN_AT) > _RIM] = OLD_TOWN
    land[bump(_INDUSTRY_AT, min(_INDUSTRY_M, _WIDEST * half_x)) > _RIM] = INDUSTRIAL
    for park, size_m in _PARKS:
        land[bump(park, size_m) > _RIM] = PARK
    for hill in [_HILL_AT, *(anywhere() for _ in range(more // 2))]:
        ragged = rng.uniform(-0.07, 0.07, fx.shape)
        land[bump(hill, min(_HILL_M, _WIDEST * half_x)) + ragged > _RIM] = HILL
    land[river : river + 2, :] = WATER
    for kind, factor, least in ((HILL, 0.0, 0.01), (WATER, 0.0, 0.0), (PARK, 0.3, 0.0), (INDUSTRIAL, 0.0, 0.18)):
        density[land == kind] = factor * density[land == kind] + least
    return land, density
