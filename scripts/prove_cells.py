"""Prove that points get the cells of the h3 library: `python scripts/prove_cells.py --points 10_000_000`.

Every point is named at all sixteen resolutions by `stationgeo.cells` and by the h3 library. Where they differ the point
must lie within a millimetre of an edge that both cells share; the distance is measured, on the outlines that the
library draws. The classes are where an index can go wrong: on the edges of the icosahedron's faces, around the twelve
pentagons, at the poles and the antimeridian, at the centres of the faces (where the library itself rounds) and at the
corners of cells.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from itertools import repeat
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import numpy as np

from stationgeo import cells
from stationgeo.cells import _lattice as lattice

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

EARTH_M = 6_371_008.8
FREE_M = 1e-3
"""A point this near to an edge of a cell may fall on either side of it."""

EDGE_BAND_M = 100.0
RESOLUTIONS = range(16)
AT_ONCE = 1_000_000
SEED = 20_240_601


def uniform(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points evenly over the globe."""
    return rng.uniform(-180.0, 180.0, n), np.degrees(np.arcsin(rng.uniform(-1.0, 1.0, n)))


def face_edges(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points within 100 m of an edge of a face, on either side."""
    plane = lattice.of_resolution(0)
    normal = plane.normals[rng.integers(0, 3, n)]
    along = rng.uniform(-1.0, 1.0, n) * math.sqrt(3.0) * plane.reach
    # In the gnomonic plane at angle t from the centre a length across an edge is up to 1 / cos(t)^2 times its own.
    stretch = 1.0 + plane.scale**2 * (along**2 + plane.reach**2)
    across = plane.reach + rng.uniform(-1.0, 1.0, n) * EDGE_BAND_M / EARTH_M * np.sqrt(stretch) / plane.scale
    uv = across[:, None] * normal + along[:, None] * np.column_stack((-normal[:, 1], normal[:, 0]))
    return lattice.lonlat(rng.integers(0, 20, n), uv, plane)


def around(rng: np.random.Generator, lon: Floats, lat: Floats, least_m: float, most_m: float) -> tuple[Floats, Floats]:
    """Draw a point around each, at distances whose logarithms are even."""
    centre = lattice.unit_vectors(lon, lat)
    step = rng.normal(size=centre.shape)
    step -= np.sum(step * centre, axis=1, keepdims=True) * centre
    step /= np.linalg.norm(step, axis=1, keepdims=True)
    angle = np.exp(rng.uniform(math.log(least_m), math.log(most_m), lon.size)) / EARTH_M
    x, y, z = (centre * np.cos(angle)[:, None] + step * np.sin(angle)[:, None]).T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def pentagons(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points around the twelve pentagons, from 1 mm to 1,500 km away."""
    lat, lon = np.array([h3.cell_to_latlng(cell) for cell in sorted(h3.get_pentagons(15))]).T
    which = rng.integers(0, lon.size, n)
    return around(rng, lon[which], lat[which], 1e-3, 1.5e6)


def face_centres(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points around the centres of the faces, from 0.1 mm to 1,000 km away."""
    faces = rng.integers(0, 20, n)
    lon, lat = lattice.lonlat(faces, np.zeros((n, 2)), lattice.of_resolution(0))
    return around(rng, lon, lat, 1e-4, 1e6)


def poles(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points around both poles, one in twenty exactly there."""
    off = np.exp(rng.uniform(math.log(1e-12), math.log(5.0), n)) * (rng.random(n) > 0.05)  # noqa: PLR2004
    return rng.uniform(-180.0, 180.0, n), np.where(rng.random(n) < 0.5, -1.0, 1.0) * (90.0 - off)  # noqa: PLR2004


def antimeridian(rng: np.random.Generator, n: int, _level: int) -> tuple[Floats, Floats]:
    """Draw points on both sides of the antimeridian, one in twenty exactly on it."""
    off = np.exp(rng.uniform(math.log(1e-12), math.log(1.0), n)) * (rng.random(n) > 0.05)  # noqa: PLR2004
    _, lat = uniform(rng, n, 0)
    return np.where(rng.random(n) < 0.5, -1.0, 1.0) * (180.0 - off), lat  # noqa: PLR2004


def cell_corners(rng: np.random.Generator, n: int, level: int) -> tuple[Floats, Floats]:
    """Draw points around corners of cells, from 1 nm to a tenth of a cell away."""
    lon, lat = uniform(rng, max(1, n // 6), level)
    rings = [
        h3.cell_to_boundary(h3.latlng_to_cell(y, x, level)) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
    ]
    corners = np.array([corner for ring in rings for corner in ring])[
        rng.permutation(n) % (6 * len(rings) - len(rings))
    ]
    return around(rng, corners[:, 1], corners[:, 0], 1e-9, 0.1 * cells.spacing_m(level))


CLASSES: dict[str, Callable[[np.random.Generator, int, int], tuple[Floats, Floats]]] = {
    "uniform": uniform,
    "face edges": face_edges,
    "pentagons": pentagons,
    "face centres": face_centres,
    "poles": poles,
    "antimeridian": antimeridian,
    "cell corners": cell_corners,
}


def from_edge_m(lon: float, lat: float, cell: int) -> float:
    """Measure how far a point is from the nearest edge of a cell, on a sphere."""
    point = lattice.unit_vectors(np.array([lon]), np.array([lat]))[0]
    ring = np.array(h3.cell_to_boundary(cell))
    start = lattice.unit_vectors(ring[:, 1], ring[:, 0])
    edge = np.roll(start, -1, axis=0) - start
    off = point - start
    # Differences of neighbouring points keep their digits; the plane of an edge goes through the Earth's centre.
    normal = np.cross(start, edge)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    share = np.sum(off * edge, axis=1) / np.sum(edge * edge, axis=1)
    ends = np.minimum(np.linalg.norm(off, axis=1), np.linalg.norm(off - edge, axis=1))
    return EARTH_M * float(np.where((share >= 0) & (share <= 1), np.abs(np.sum(off * normal, axis=1)), ends).min())


def compare(lon: Floats, lat: Floats, level: int) -> tuple[int, int, float]:
    """Compare with the library: how many points differ, how many of them wrongly, and the farthest from an edge."""
    ours = cells.from_lonlat(lon, lat, resolution=level)
    theirs = np.fromiter(map(h3.latlng_to_cell, lat.tolist(), lon.tolist(), repeat(level)), np.uint64, lon.size)
    rows = np.flatnonzero(ours != theirs).tolist()
    off = [max(from_edge_m(lon[row], lat[row], int(named[row])) for named in (ours, theirs)) for row in rows]
    return len(rows), sum(not distance <= FREE_M for distance in off), max(off, default=0.0)


def main(arguments: list[str] | None = None) -> None:
    """Compare all classes at all resolutions, print what differs, and fail if anything does that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="uniform points; a tenth in the other classes")
    asked = parser.parse_args(arguments)
    rng = np.random.default_rng(SEED)
    failed = 0
    print("| class | points | comparisons | differ within 1 mm of an edge | farthest, m | wrong | s |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, draw in CLASSES.items():
        started = time.perf_counter()
        n = asked.points if name == "uniform" else max(1, asked.points // 10)
        differ, wrong, farthest, compared = 0, 0, 0.0, 0
        for first in range(0, n, AT_ONCE):
            at_once = min(AT_ONCE, n - first)
            lon, lat = draw(rng, at_once, 0)
            for level in RESOLUTIONS:
                if draw is cell_corners:
                    lon, lat = draw(rng, at_once, level)
                found = compare(lon, lat, level)
                differ, wrong, farthest = differ + found[0], wrong + found[1], max(farthest, found[2])
                compared += at_once
        failed += wrong
        taken = time.perf_counter() - started
        print(
            f"| {name} | {n:,} | {compared:,} | {differ - wrong:,} | {farthest:.1e} | {wrong:,} | {taken:,.0f} |",
            flush=True,
        )
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
