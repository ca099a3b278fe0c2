"""The lattice beneath H3: faces of the icosahedron, their planes, and the ellipsoid's area in them.

H3 lays one lattice of equal hexagons over each face of an icosahedron, in the plane that touches the unit sphere at
the face's centre (gnomonic projection: great circles are straight). A point belongs to the face whose centre is
nearest, and there to the nearest lattice point. Everything H3 says of the point follows from that triple (face, i, j).

Plane coordinates (u, v) are counted in spacings of the lattice, so that the hexagon around a lattice point
``u = i + j / 2, v = j sqrt(3) / 2`` is where none of the three products with `HEXAGON_NORMALS` exceeds 1/2.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import crs
from stationgeo._compile import inlined, kernel

if TYPE_CHECKING:
    from stationgeo.schema import FloatArray, IntArray

# At resolution 0 neighbouring lattice points are this far apart in the plane (H3 core library, RES0_U_GNOMONIC, the
# golden ratio to the power -2); each finer resolution divides it by sqrt(7).
RES0_SPACING = 0.381_966_011_250_105_000_03
APERTURE = 7.0
# Odd resolutions ("class III") turn the lattice against the face (H3 core library, M_AP7_ROT_RADS).
CLASS_III_TURN = math.asin(math.sqrt(3.0 / 28.0))
# In a lattice of spacing 1: rows are ROW_STEP apart, and hexagons reach CORNER from their centres.
ROW_STEP = math.sqrt(3.0) / 2.0
CORNER = 1.0 / math.sqrt(3.0)
HALF = 0.5
N_FACES = 20
FACE_CORNERS = 3
_FACE_NORMAL_DEG = (60.0, 180.0, 300.0)
_HEXAGON_NORMAL_DEG = (0.0, 180.0, 60.0, 240.0, 120.0, 300.0)
_HEXAGON_CORNER_DEG = (30.0, 90.0, 150.0, 210.0, 270.0, 330.0)

# Latitude and longitude of the centres of the faces in radians (H3 core library, faceCenterGeo).
_FACE_CENTRES = np.array([
    [0.803582649718989942, 1.248397419617396099], [1.307747883455638156, 2.536945009877921159],
    [1.054751253523952054, -1.347517358900396623], [0.600191595538186799, -0.450603909469755746],
    [0.491715428198773866, 0.401988202911306943], [0.172745327415618701, 1.678146885280433686],
    [0.605929321571350690, 2.953923329812411617], [0.427370518328979641, -1.888876200336285401],
    [-0.079066118549212831, -0.733429513380867741], [-0.230961644455383637, 0.506495587332349035],
    [0.079066118549212831, 2.408163140208925497], [0.230961644455383637, -2.635097066257444203],
    [-0.172745327415618701, -1.463445768309359553], [-0.605929321571350690, -0.187669323777381622],
    [-0.427370518328979641, 1.252716453253507838], [-0.600191595538186799, 2.690988744120037492],
    [-0.491715428198773866, -2.739604450678486295], [-0.803582649718989942, -1.893195233972397139],
    [-1.307747883455638156, -0.604647643711872080], [-1.054751253523952054, 1.794075294689396615],
])  # fmt: skip

# WGS-84: an element of longitude and latitude covers AREA_M2 / (1 - e^2 sin(phi)^2)^2 times its area on a unit sphere,
# the product of the two radii of curvature (a^2 (1 - e^2) at the equator).
_AREA_M2 = crs.WGS84_A_M**2 * (1.0 - crs.WGS84_E2)
_E2 = crs.WGS84_E2

# The area element of the plane is developed to second order about the middle of what is measured. Cells wider than
# _WIDEST (in radii of the sphere) are measured in parts no wider than _WIDEST_PART, of which opposite ones make up for
# each other: what the development leaves out is below 1e-9 of a cell.
_WIDEST = 1e-3
_WIDEST_PART = 4e-3
_LEAST_PARTS = 2


def _directions(degrees: tuple[float, ...], *, turned: float = 0.0) -> FloatArray:
    angles = np.radians(degrees) - turned
    return np.column_stack((np.cos(angles), np.sin(angles)))


HEXAGON_NORMALS = _directions(_HEXAGON_NORMAL_DEG)
HEXAGON = CORNER * _directions(_HEXAGON_CORNER_DEG)


class Lattice(NamedTuple):
    """All that kernels must know of the lattice of one resolution; made by `of_resolution`."""

    axes: FloatArray
    """Per face the unit vectors of u, of v, and of the face's centre; shape (20, 3, 3)."""

    scale: float
    """Distance of neighbouring lattice points, in radii of the sphere."""

    n_parts: int
    """Into how many parts along each side a triangle of a cell's size is split to be measured."""

    normals: FloatArray
    """Outward normals of the three edges of any face, as (u, v); shape (3, 2)."""

    reach: float
    """Distance from a face's centre to its edges, in spacings of the lattice."""


def spacing(resolution: int) -> float:
    """Distance of neighbouring lattice points in the plane of a face, in radii of the sphere."""
    return RES0_SPACING / math.sqrt(APERTURE) ** resolution


@cache
def of_resolution(resolution: int) -> Lattice:
    """Lay the lattice of one resolution over the faces.

    Parameters
    ----------
    resolution
        H3 resolution: the lattice of odd ones is turned against the face.

    Returns
    -------
    Lattice
        Axes and measures; the same object each time, its arrays read-only.

    Notes
    -----
    The axis u of even resolutions points from the centre of the face to one of its corners, which is where no
    neighbouring face is: straight away from a neighbour's centre. Which of the three does not matter, because a
    third of a turn leaves the lattice what it is.
    """
    turn = CLASS_III_TURN if resolution % 2 else 0.0
    centres = unit_vectors(np.degrees(_FACE_CENTRES[:, 1]), np.degrees(_FACE_CENTRES[:, 0]))
    closeness = centres @ centres.T - 2.0 * np.eye(N_FACES)
    away = -centres[np.argmax(closeness, axis=1)]
    along = away - np.sum(away * centres, axis=1, keepdims=True) * centres
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    across = np.cross(centres, along)
    cos, sin = math.cos(turn), math.sin(turn)
    axes = np.stack((cos * along + sin * across, cos * across - sin * along, centres), axis=1)
    normals = _directions(_FACE_NORMAL_DEG, turned=turn)
    for array in (axes, normals):
        array.flags.writeable = False
    scale = spacing(resolution)
    n_parts = 1 if scale <= _WIDEST else max(_LEAST_PARTS, math.ceil(scale / _WIDEST_PART))
    return Lattice(axes, scale, n_parts, normals, RES0_SPACING / scale)


def unit_vectors(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """Place points on the unit sphere; degrees in, one row of (x, y, z) per point out."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))


def lonlat(face: IntArray, uv: FloatArray, lattice: Lattice) -> tuple[FloatArray, FloatArray]:
    """Bring plane coordinates on faces back to degrees."""
    axes = lattice.axes[face]
    xyz = axes[:, 2] + lattice.scale * (uv[:, :1] * axes[:, 0] + uv[:, 1:] * axes[:, 1])
    lon = np.degrees(np.arctan2(xyz[:, 1], xyz[:, 0]))
    return lon, np.degrees(np.arctan2(xyz[:, 2], np.hypot(xyz[:, 0], xyz[:, 1])))


@kernel
def face_of(x: float, y: float, z: float, lattice: Lattice) -> int:
    """Tell the face whose centre is nearest to a unit vector."""
    axes = lattice.axes
    best, closest = -2.0, 0
    for face in range(N_FACES):
        closeness = x * axes[face, 2, 0] + y * axes[face, 2, 1] + z * axes[face, 2, 2]
        if closeness > best:
            best, closest = closeness, face
    return closest


@inlined
def project(x: float, y: float, z: float, lattice: Lattice, face: int) -> tuple[float, float]:
    """Bring a unit vector to the plane of one face."""
    axes = lattice.axes
    depth = lattice.scale * (x * axes[face, 2, 0] + y * axes[face, 2, 1] + z * axes[face, 2, 2])
    u = x * axes[face, 0, 0] + y * axes[face, 0, 1] + z * axes[face, 0, 2]
    v = x * axes[face, 1, 0] + y * axes[face, 1, 1] + z * axes[face, 1, 2]
    return np.divide(u, depth), np.divide(v, depth)


@kernel
def beyond_edges(u: float, v: float, lattice: Lattice) -> float:
    """Tell how far a point of a face's plane lies beyond the nearest edge; negative within the face."""
    farthest = -math.inf
    for edge in range(FACE_CORNERS):
        farthest = max(farthest, lattice.normals[edge, 0] * u + lattice.normals[edge, 1] * v)
    return farthest - lattice.reach


@inlined
def nearest(u: float, v: float) -> tuple[int, int]:
    """Tell the lattice point (i, j) nearest to plane coordinates."""
    row = v / ROW_STEP
    column = u - HALF * row
    third = -row - column
    i, j, k = round(column), round(row), round(third)
    off_i, off_j, off_k = abs(i - column), abs(j - row), abs(k - third)
    if off_i > off_j and off_i > off_k:
        i = -j - k
    elif off_j > off_k:
        j = -i - k
    return int(i), int(j)


@kernel
def density(u: float, v: float, lattice: Lattice, face: int) -> tuple[float, float, float, float, float, float]:
    """Develop the ellipsoid's area per area of the plane about a point.

    Parameters
    ----------
    u, v
        The point, in spacings of the lattice.
    lattice, face
        In the plane of which face of which lattice.

    Returns
    -------
    tuple of float
        Square metres per squared spacing, its two slopes and its three second derivatives (uu, uv, vv).

    Notes
    -----
    With p = 1 + s^2 (u^2 + v^2) the plane's element is p^(-3/2) on the unit sphere, the sine of the latitude is
    w / sqrt(p) with w linear in u and v, and the ellipsoid's element is a^2 (1 - e^2) / (1 - e^2 w^2 / p)^2 of the
    sphere's. Hence f = a^2 (1 - e^2) s^2 sqrt(p) / q^2 with q = p - e^2 w^2: no trigonometry. Derivatives are those
    of ln f times f.
    """
    axes, scale = lattice.axes[face], lattice.scale
    s2 = scale * scale
    p = 1.0 + s2 * (u * u + v * v)
    w = axes[2, 2] + scale * (u * axes[0, 2] + v * axes[1, 2])
    w_u, w_v = scale * axes[0, 2], scale * axes[1, 2]
    q = p - _E2 * w * w
    f = _AREA_M2 * s2 * math.sqrt(p) / (q * q)
    p_u, p_v, p_uu = 2.0 * s2 * u / p, 2.0 * s2 * v / p, 2.0 * s2 / p
    q_u, q_v = (2.0 * s2 * u - 2.0 * _E2 * w * w_u) / q, (2.0 * s2 * v - 2.0 * _E2 * w * w_v) / q
    q_uu, q_vv = (2.0 * s2 - 2.0 * _E2 * w_u * w_u) / q, (2.0 * s2 - 2.0 * _E2 * w_v * w_v) / q
    q_uv = -2.0 * _E2 * w_u * w_v / q
    g_u, g_v = 0.5 * p_u - 2.0 * q_u, 0.5 * p_v - 2.0 * q_v
    uu = 0.5 * (p_uu - p_u * p_u) - 2.0 * (q_uu - q_u * q_u) + g_u * g_u
    uv = -0.5 * p_u * p_v - 2.0 * (q_uv - q_u * q_v) + g_u * g_v
    vv = 0.5 * (p_uu - p_v * p_v) - 2.0 * (q_vv - q_v * q_v) + g_v * g_v
    return f, f * g_u, f * g_v, f * uu, f * uv, f * vv


@kernel
def ring_area_m2(ring: FloatArray, n: int, u: float, v: float, lattice: Lattice, face: int) -> float:
    """Measure a ring on the ellipsoid.

    Parameters
    ----------
    ring
        Corners as (u, v) relative to the point `u`, `v`; the first `n` rows are the ring, open.
    n
        Number of corners.
    u, v
        A point near the ring's middle, in spacings of the lattice.
    lattice, face
        In the plane of which face of which lattice.

    Returns
    -------
    float
        Square metres, positive where the ring runs counter-clockwise.

    Notes
    -----
    The density's development about (u, v) is integrated exactly, by the ring's moments up to the second: rings about
    one point add up exactly, whatever their number and shape. O(n parts^2).
    """
    if lattice.n_parts > 1:
        total = 0.0
        for corner in range(n):
            after = corner + 1 if corner + 1 < n else 0
            total += _triangle_area_m2(
                ring[corner, 0], ring[corner, 1], ring[after, 0], ring[after, 1], u, v, lattice, face
            )
        return total
    m, m_u, m_v, m_uu, m_uv, m_vv = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    x0, y0 = ring[n - 1, 0], ring[n - 1, 1]
    for corner in range(n):
        x1, y1 = ring[corner, 0], ring[corner, 1]
        cross = x0 * y1 - x1 * y0
        m += cross
        m_u += cross * (x0 + x1)
        m_v += cross * (y0 + y1)
        m_uu += cross * (x0 * x0 + x0 * x1 + x1 * x1)
        m_uv += cross * (x0 * y1 + 2.0 * (x0 * y0 + x1 * y1) + x1 * y0)
        m_vv += cross * (y0 * y0 + y0 * y1 + y1 * y1)
        x0, y0 = x1, y1
    f, f_u, f_v, f_uu, f_uv, f_vv = density(u, v, lattice, face)
    flat = f * m / 2.0 + (f_u * m_u + f_v * m_v) / 6.0
    return flat + (f_uu * m_uu + f_uv * m_uv + f_vv * m_vv) / 24.0


@kernel
def _triangle_area_m2(
    x0: float, y0: float, x1: float, y1: float,
    u: float, v: float, lattice: Lattice, face: int,
) -> float:  # fmt: skip
    """Measure the triangle (0, 0), (x0, y0), (x1, y1) about (u, v) in `n_parts`^2 equal parts."""
    n_parts = lattice.n_parts
    ax, ay, bx, by = x0 / n_parts, y0 / n_parts, x1 / n_parts, y1 / n_parts
    cross = ax * by - bx * ay
    # Second moments of a triangle about its centroid: (sum of products of its corners, less 3 times that of the
    # centroid's) / 12 of its area; the same for the parts that point the other way.
    cx, cy = (ax + bx) / 3.0, (ay + by) / 3.0
    m_uu = (ax * ax + bx * bx - 3.0 * cx * cx) / 12.0
    m_uv = (ax * ay + bx * by - 3.0 * cx * cy) / 12.0
    m_vv = (ay * ay + by * by - 3.0 * cy * cy) / 12.0
    total = 0.0
    for a in range(n_parts):
        for b in range(n_parts - a):
            for flipped in range(2 if a + b < n_parts - 1 else 1):
                shift = (1.0 + flipped) / 3.0
                centre_u = u + (a + shift) * ax + (b + shift) * bx
                centre_v = v + (a + shift) * ay + (b + shift) * by
                f, _, _, f_uu, f_uv, f_vv = density(centre_u, centre_v, lattice, face)
                total += f + 0.5 * (f_uu * m_uu + f_vv * m_vv) + f_uv * m_uv
    return 0.5 * cross * total
