import importlib.util
import math
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import h3.api.basic_int as h3
import numba
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells
from stationgeo.cells import _blocks, _buckets, _lattice, _tally
from stationgeo.errors import DataError, ParameterError

Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

PROOF = Path(__file__).parents[1] / "scripts" / "prove_cells.py"
# Kernels that are not compiled take a thousand times as long.
N = 100 if numba.config.DISABLE_JIT else 3_000


def load_proof() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prove_cells", PROOF)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


proof = load_proof()


def city(rng: np.random.Generator, n: int) -> Points:
    return rng.normal(114.1, 0.1, n), rng.normal(22.6, 0.05, n)


def on_a_face_edge(rng: np.random.Generator, n: int) -> Points:
    return rng.normal(120.5188, 0.02, n), rng.normal(30.005, 0.02, n)


def scattered(rng: np.random.Generator, n: int) -> Points:
    points: Points = proof.uniform(rng, n, 0)
    return points


def city_and_outliers(rng: np.random.Generator, n: int) -> Points:
    lon, lat = city(rng, n)
    far = rng.random(n) < 0.02
    elsewhere = scattered(rng, n)
    return np.where(far, elsewhere[0], lon), np.where(far, elsewhere[1], lat)


SWARMS = {draw.__name__: draw for draw in (city, on_a_face_edge, scattered, city_and_outliers)}


@pytest.mark.parametrize("level", range(16))
@pytest.mark.parametrize("name", proof.CLASSES)
def test_every_point_gets_the_cell_of_the_h3_library(name: str, level: int) -> None:
    # A point may fall on either side of an edge that is measured to be within a millimetre.
    lon, lat = proof.CLASSES[name](np.random.default_rng([level, len(name)]), N, level)
    differ, wrong, _ = proof.compare(lon, lat, level)
    assert wrong == 0
    assert differ <= (0.1 if name == "cell corners" else 0.0) * N


def test_the_proof_measures_how_far_a_point_is_from_an_edge() -> None:
    # A cell's own corners are on its edge; its centre is as far off as the nearest of many points of its outline.
    cell = 0x8A411CAA05AFFFF
    lat, lon = h3.cell_to_boundary(cell)[0]
    assert proof.from_edge_m(lon, lat, cell) == pytest.approx(0.0, abs=1e-6)
    centre_lat, centre_lon = h3.cell_to_latlng(cell)
    ring = np.array([*h3.cell_to_boundary(cell), h3.cell_to_boundary(cell)[0]])
    dense = np.concatenate([np.linspace(a, b, 2_001) for a, b in pairwise(ring)])
    nearest_m = min(h3.great_circle_distance((centre_lat, centre_lon), tuple(point), unit="m") for point in dense)
    assert proof.from_edge_m(centre_lon, centre_lat, cell) == pytest.approx(nearest_m, abs=1e-3)


@pytest.mark.parametrize("swarm", SWARMS)
def test_a_cell_does_not_depend_on_the_company(swarm: str) -> None:
    lon, lat = SWARMS[swarm](np.random.default_rng(1), N)
    together = cells.from_lonlat(lon, lat, resolution=11)
    alone = [int(cells.from_lonlat(lon[row], lat[row], resolution=11)[0]) for row in range(100)]
    assert together[:100].tolist() == alone
    assert np.array_equal(cells.from_lonlat(lon[::-1], lat[::-1], resolution=11)[::-1], together)


@pytest.mark.parametrize("level", [0, 5, 9, 10, 15])
@pytest.mark.parametrize("swarm", SWARMS)
def test_counts_are_those_of_naming_each_point(swarm: str, level: int) -> None:
    lon, lat = SWARMS[swarm](np.random.default_rng(level), 5 * N)
    expected, n = np.unique(cells.from_lonlat(lon, lat, resolution=level), return_counts=True)
    counted = cells.count(lon, lat, resolution=level)
    assert counted.cells.dtype == np.uint64
    assert counted.counts.dtype == np.int64
    assert np.array_equal(counted.cells, expected)
    assert np.array_equal(counted.counts, n)
    assert (counted.resolution, counted.n_unusable) == (level, 0)


@pytest.mark.parametrize("name", ["pentagons", "face centres", "face edges"])
def test_counts_where_the_library_is_asked_and_where_cells_are_bent(name: str) -> None:
    lon, lat = proof.CLASSES[name](np.random.default_rng(2), N, 0)
    expected, n = np.unique(cells.from_lonlat(lon, lat, resolution=6), return_counts=True)
    counted = cells.count(lon, lat, resolution=6)
    assert np.array_equal(counted.cells, expected)
    assert np.array_equal(counted.counts, n)


def test_what_the_lattice_leaves_to_the_library_is_met_by_these_tests() -> None:
    lon, lat = proof.pentagons(np.random.default_rng(3), 20 * N, 0)
    level = 8
    named = _blocks.cells_of_points(lon, lat, level, _blocks.faces(level), _buckets.bases(), _blocks.new_block())
    assert 0 < (named == 0).sum() < 0.01 * lon.size
    keys, _, rows = _tally.tally(lon, lat, _blocks.faces(level))
    assert rows.size == 0
    assert (_tally.name_keys(keys, level) > 0).all()


def test_a_full_buffer_is_merged_as_often_as_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    lon, lat = scattered(np.random.default_rng(4), 5 * N)
    lon, lat = np.tile(lon, 4), np.tile(lat, 4)
    expected = cells.count(lon, lat, resolution=9)
    monkeypatch.setattr(_tally, "_LEAST_BUFFER", N)
    again = cells.count(lon, lat, resolution=9)
    assert np.array_equal(again.cells, expected.cells)
    assert np.array_equal(again.counts, expected.counts)
    assert again.counts.min() == 4


def test_a_box_that_outliers_make_too_large_is_drawn_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tally, "_COUNTERS_PER_POINT", 2_000_000 // N)
    lon, lat = city_and_outliers(np.random.default_rng(5), N)
    boxes, n_counters = _tally._choose_boxes(lon, lat, _blocks.faces(9), _blocks.new_block())
    face = _lattice.face_of(*_lattice.unit_vectors(np.array([114.1]), np.array([22.6]))[0], _lattice.of_resolution(9))
    assert 0 < boxes[face, 2] * boxes[face, 3] <= n_counters <= 2_000_000


def test_keys_hold_the_farthest_lattice_points_of_the_finest_resolution() -> None:
    # The corner of a face is two spacings of resolution 0 from its centre, sqrt(7)^15 times as many at resolution 15.
    farthest = math.ceil(2 * math.sqrt(7) ** 15 * 2 / math.sqrt(3)) + 2
    assert farthest < _tally._COORDINATE_OFFSET
    for face, i, j in [(0, -farthest, farthest), (19, farthest, -farthest), (7, 0, 0)]:
        key = _tally._key(face, i, j)
        assert 0 <= key < _tally._ROW_MARK < 2**62
        assert key >> _tally._FACE_SHIFT == face
        assert (key >> _tally._COORDINATE_BITS & _tally._COORDINATE_MASK) - _tally._COORDINATE_OFFSET == i
        assert (key & _tally._COORDINATE_MASK) - _tally._COORDINATE_OFFSET == j


def test_unusable_points_are_counted_by_kind_and_placed_nowhere() -> None:
    nan, inf = math.nan, math.inf
    lon = [114.0, nan, 114.0, nan, inf, 114.0, -inf, 181.0, 114.0, 1e300, 180.0]
    lat = [22.5, 22.5, nan, inf, 22.5, -inf, 200.0, 22.5, -90.1, 22.5, 90.0]
    counted = cells.count(lon, lat, resolution=9)
    assert (counted.n_nan, counted.n_infinite, counted.n_out_of_range) == (3, 3, 3)
    assert counted.n_unusable == 9
    assert counted.cells.tolist() == sorted([h3.latlng_to_cell(22.5, 114.0, 9), h3.latlng_to_cell(90.0, 180.0, 9)])
    assert counted.counts.tolist() == [1, 1]
    with pytest.raises(DataError, match=r"9 of 11 do not \(6 not finite, 3 out of range\)"):
        cells.from_lonlat(lon, lat, resolution=9)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-200, 200) | st.just(math.nan) | st.just(math.inf), st.floats(-100, 100)), max_size=40
    ),
    st.integers(0, 15),
    st.randoms(use_true_random=False),
)
def test_every_point_is_counted_once_whatever_the_order(
    points: list[tuple[float, float]], level: int, chance: object
) -> None:
    lon, lat = np.array(points).reshape(-1, 2).T
    counted = cells.count(lon, lat, resolution=level)
    assert counted.counts.sum() + counted.n_unusable == lon.size
    assert (np.diff(counted.cells.astype(np.int64)) > 0).all()
    chance.shuffle(points)  # type: ignore[attr-defined]
    again = cells.count(*np.array(points).reshape(-1, 2).T, resolution=level)
    assert np.array_equal(again.cells, counted.cells)
    assert np.array_equal(again.counts, counted.counts)
    assert again.n_unusable == counted.n_unusable


def test_no_points_and_points_that_lie_apart_in_memory() -> None:
    none = cells.count([], [], resolution=9)
    assert (none.cells.size, none.counts.size, none.n_unusable) == (0, 0, 0)
    only_bad = cells.count([math.nan], [0.0], resolution=9)
    assert (only_bad.cells.size, only_bad.n_nan) == (0, 1)
    table = np.column_stack(city(np.random.default_rng(6), 200))
    apart = cells.count(table[::2, 0], table[::2, 1], resolution=9)
    together = cells.count(table[::2, 0].copy(), table[::2, 1].copy(), resolution=9)
    assert np.array_equal(apart.cells, together.cells)
    assert cells.from_lonlat(table[:, 0].reshape(2, 100), table[:, 1].reshape(2, 100), resolution=9).shape == (200,)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"0 to 15\. Got 16"):
        cells.count([1.0], [1.0], resolution=16)
    with pytest.raises(ParameterError, match="one shape"):
        cells.count([1.0, 2.0], [1.0], resolution=9)


def test_hexagons_are_named_by_arithmetic_as_their_centres_are_by_the_library() -> None:
    rng = np.random.default_rng(7)
    for level in range(16):
        plane = _lattice.of_resolution(level)
        uv = rng.uniform(-0.45, 0.45, (100, 2)) * plane.reach  # well within the face, whose edges are `reach` away
        ij = np.array([_lattice.nearest(u, v) for u, v in uv])
        face = rng.integers(0, 20, 100)
        at = np.column_stack((ij[:, 0] + ij[:, 1] / 2, ij[:, 1] * _lattice.ROW_STEP))
        lon, lat = _lattice.lonlat(face, at, plane)
        named = _buckets.name_buckets(face, ij[:, 0].copy(), ij[:, 1].copy(), level)
        assert named.tolist() == [h3.latlng_to_cell(y, x, level) for x, y in zip(lon, lat, strict=True)]


def _assert_centres_of_the_library(named: list[int]) -> None:
    """Nobody needs 1e-9 degrees, a tenth of a millimetre; longitudes on the circle, because -180 is 180."""
    cell = np.unique(np.array(named, dtype=np.uint64))
    lon, lat = cells.centres(cell)
    want = np.array([h3.cell_to_latlng(int(one)) for one in cell])
    assert np.abs(lat - want[:, 0]).max() < 1e-9
    assert np.abs((lon - want[:, 1] + 180.0) % 360.0 - 180.0).max() < 1e-9


@pytest.mark.parametrize("level", range(2 if numba.config.DISABLE_JIT else 4))
def test_centres_of_all_coarse_cells_are_those_of_the_library(level: int) -> None:
    _assert_centres_of_the_library([cell for base in h3.get_res0_cells() for cell in h3.cell_to_children(base, level)])


@pytest.mark.parametrize("level", range(16))
def test_centres_are_those_of_the_library_everywhere(level: int) -> None:
    rng = np.random.default_rng(level)
    xyz = rng.normal(size=(N, 3))
    x, y, z = (xyz / np.linalg.norm(xyz, axis=1)[:, None]).T
    lon, lat = np.degrees(np.arctan2(y, x)), np.degrees(np.arcsin(z))
    # along the edges between faces, where cells are bent, and to slivers about pentagons that lie on no face
    corners = np.array([h3.cell_to_latlng(cell) for cell in h3.get_pentagons(level)])
    one, other = corners[rng.integers(0, 12, (2, N))]
    part = rng.random((N, 1))
    ends = [_lattice.unit_vectors(end[:, 1], end[:, 0]) for end in (one, other)]
    edge = ends[0] * part + ends[1] * (1.0 - part)
    edge /= np.maximum(np.linalg.norm(edge, axis=1), 1e-9)[:, None]
    places = [
        *zip(lat, lon, strict=True),
        *zip(np.degrees(np.arcsin(edge[:, 2])), np.degrees(np.arctan2(edge[:, 1], edge[:, 0])), strict=True),
    ]
    named = [h3.latlng_to_cell(float(one), float(other), level) for one, other in places]
    special = [
        *h3.get_pentagons(level),
        *(h3.latlng_to_cell(*at, level) for at in ((90, 0), (-90, 0), (0, 180), (70, 180))),
    ]
    _assert_centres_of_the_library([*named, *(cell for one in special for cell in h3.grid_disk(one, 2))])


def test_centres_of_mixed_resolutions_keep_their_order() -> None:
    named = np.array([h3.latlng_to_cell(22.5 + level, 114.0, level) for level in (9, 3, 15, 0, 9)], dtype=np.uint64)
    lon, lat = cells.centres(named)
    assert np.column_stack([lat, lon]) == pytest.approx(np.array([h3.cell_to_latlng(int(cell)) for cell in named]))
