import math

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import cells, crs
from stationgeo.errors import DataError, ParameterError

SHENZHEN = (114.0579, 22.5431)


def test_points_get_the_cells_of_the_h3_library_lon_first() -> None:
    named = cells.from_lonlat([SHENZHEN[0], -74.0], [SHENZHEN[1], 40.7], resolution=9)
    assert named.dtype == np.uint64
    assert named.tolist() == [h3.latlng_to_cell(SHENZHEN[1], SHENZHEN[0], 9), h3.latlng_to_cell(40.7, -74.0, 9)]


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=20),
    st.integers(0, 15),
)
def test_text_and_back_is_the_same_and_a_centre_lies_in_its_cell(points: list[tuple[float, float]], level: int) -> None:
    lon, lat = np.array(points).reshape(-1, 2).T
    named = cells.from_lonlat(lon, lat, resolution=level)
    assert np.array_equal(cells.from_text(cells.to_text(named)), named)
    assert np.array_equal(cells.from_lonlat(*cells.centres(named), resolution=level), named)
    for coarser in range(level + 1):
        expected = [h3.cell_to_parent(cell, coarser) for cell in named.tolist()]
        assert cells.parents(named, resolution=coarser).tolist() == expected


def test_names_are_checked_as_the_h3_library_checks_them() -> None:
    rng = np.random.default_rng(3)
    good = cells.from_lonlat(rng.uniform(-180, 180, 300), rng.uniform(-90, 90, 300), resolution=5)
    pentagons = np.array(sorted(h3.get_pentagons(3)), dtype=np.uint64)
    known = np.concatenate([good, pentagons, np.array(sorted(h3.get_res0_cells()), dtype=np.uint64)])
    flips = np.uint64(1) << np.arange(64, dtype=np.uint64)
    # every cell with one bit flipped: most are none any more, some are other cells
    tried = np.unique(np.concatenate([known, (known[:, None] ^ flips[None, :]).ravel()]))
    for cell in tried.tolist():
        try:
            cells.to_text(np.array([cell], dtype=np.uint64))
            accepted = True
        except DataError:
            accepted = False
        assert accepted == h3.is_valid_cell(cell)


def test_children_are_those_of_the_h3_library_pentagons_too() -> None:
    hexagons = cells.from_lonlat([SHENZHEN[0], -74.0], [SHENZHEN[1], 40.7], resolution=6)
    pentagons = np.array(sorted(h3.get_pentagons(6))[:3], dtype=np.uint64)
    named = np.concatenate([hexagons, pentagons, cells.from_lonlat([10.0], [50.0], resolution=9)])
    row, child = cells.children(named, resolution=9)
    for at, cell in enumerate(named.tolist()):
        assert child[row == at].tolist() == sorted(h3.cell_to_children(cell, 9))
    assert np.array_equal(row, np.sort(row))
    assert [part.size for part in cells.children(named[:0], resolution=9)] == [0, 0]
    with pytest.raises(DataError, match=r"resolution 8 or coarser.*1 of 6 are finer"):
        cells.children(named, resolution=8)
    with pytest.raises(ParameterError, match="at most 50,000,000 children"):
        cells.children(named, resolution=15)


def test_one_resolution_is_insisted_on() -> None:
    assert cells.resolution_of(cells.from_lonlat([1.0, 2.0], [3.0, 4.0], resolution=7)) == 7
    mixed = np.concatenate([cells.from_lonlat([1.0], [3.0], resolution=level) for level in (7, 7, 9)])
    with pytest.raises(DataError, match=r"one resolution\. Got 2 of resolution 7, 1 of resolution 9\."):
        cells.resolution_of(mixed)
    with pytest.raises(ParameterError, match="no cells, no resolution"):
        cells.resolution_of(np.array([], dtype=np.uint64))
    with pytest.raises(DataError, match="2 of 2 are none"):
        cells.resolution_of(np.array([5, 2**63], dtype=np.uint64))
    with pytest.raises(DataError, match=r"resolution 8 or finer.*2 of 3 are coarser"):
        cells.parents(mixed, resolution=8)


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        ([114.0, math.nan], [22.0, 22.0], r"1 of 2 do not \(1 not finite, 0 out of range\).*row 1"),
        ([22.5, 22.6], [114.0, 114.1], r"2 of 2 do not.*22\.5, 114.*Are lon and lat swapped\?"),
        ([math.inf], [0.0], "not finite"),
        ([500.0], [0.0], "1 out of range"),
    ],
)
def test_points_off_the_globe_are_refused(lon: list[float], lat: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        cells.from_lonlat(lon, lat, resolution=9)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"0 to 15\. Got 16"):
        cells.from_lonlat([1.0], [1.0], resolution=16)
    with pytest.raises(ParameterError, match="one shape"):
        cells.from_lonlat([1.0, 2.0], [1.0], resolution=9)
    with pytest.raises(ParameterError, match="radius_m"):
        cells.within([1.0], [1.0], radius_m=-1, resolution=9)
    with pytest.raises(ParameterError, match="radius_m must be a finite number of metres, 0 or more"):
        cells.within_any([1.0], [1.0], radius_m=math.inf, resolution=9)
    with pytest.raises(DataError, match="1 of 2 are not: 'nonsense' in row 1"):
        cells.from_text(["8a411c852507fff", "nonsense"])
    with pytest.raises(DataError, match="read text with from_text"):
        cells.centres(["8a411c852507fff"])


def test_nothing_gives_nothing() -> None:
    none = cells.from_lonlat([], [], resolution=9)
    assert none.dtype == np.uint64
    assert none.size == 0
    assert all(array.size == 0 for array in cells.centres(none))
    assert cells.outlines(none).size == 0
    assert cells.areas_m2(none).size == 0
    assert all(array.size == 0 for array in cells.within([], [], radius_m=100, resolution=9))
    assert cells.within_any([], [], radius_m=100, resolution=9).size == 0


def test_spacing_is_what_neighbours_have_on_average() -> None:
    rng = np.random.default_rng(4)
    lon, lat = rng.uniform(-180, 180, 500), np.degrees(np.arcsin(rng.uniform(-1, 1, 500)))
    own = cells.from_lonlat(lon, lat, resolution=9)
    between = []
    for cell in own.tolist():
        ring = np.array(sorted(set(h3.grid_disk(cell, 1)) - {cell}), dtype=np.uint64)
        here = cells.centres(np.array([cell], dtype=np.uint64))
        between.append(crs.distance_m(here[0][0], here[1][0], *cells.centres(ring)).mean())
    assert np.mean(between) == pytest.approx(cells.spacing_m(9), rel=0.02)


def test_outlines_stay_whole_across_the_antimeridian() -> None:
    named = cells.from_lonlat([180.0, -180.0, 179.9], [10.0, -20.0, 65.0], resolution=4)
    for drawn in cells.outlines(named):
        assert drawn.is_valid
        assert drawn.bounds[2] - drawn.bounds[0] < 5


@pytest.mark.parametrize(
    ("lon", "lat"),
    [
        SHENZHEN,
        (120.2, 30.3),  # Hangzhou, near an edge of the icosahedron
        (179.9999, -16.5),  # the antimeridian
        (10.536, 64.7),  # beside a pentagon's centre, where distances are shortest
        (0.0, 89.9999),
    ],
)
@pytest.mark.parametrize(("radius_m", "level"), [(0.0, 9), (60.0, 10), (750.0, 10), (3_000.0, 8), (40_000.0, 4)])
def test_within_finds_what_a_search_of_far_more_cells_finds(
    lon: float, lat: float, radius_m: float, level: int
) -> None:
    # Reference: every cell of a disk three times as wide as needed, kept if its centre's geodesic distance is right.
    rings = 3 * math.ceil(radius_m / cells.spacing_m(level)) + 3
    many = np.unique(np.array(h3.grid_disk(h3.latlng_to_cell(lat, lon, level), rings), dtype=np.uint64))
    distance = crs.distance_m(lon, lat, *cells.centres(many))
    inside = distance <= radius_m
    point, cell, distance_m = cells.within([lon], [lat], radius_m=radius_m, resolution=level)
    assert (point == 0).all()
    assert cell.tolist() == many[inside].tolist()
    assert distance_m == pytest.approx(distance[inside], abs=1e-9)
    assert cells.within_any([lon], [lat], radius_m=radius_m, resolution=level).tolist() == many[inside].tolist()


@pytest.mark.parametrize("centre", [SHENZHEN, (10.536, 64.7), (179.99, -16.5), (0.0, 89.999), (120.2, 30.3)])
@pytest.mark.parametrize(("radius_m", "level"), [(0.0, 9), (375.0, 10), (3_000.0, 9), (50_000.0, 6)])
def test_within_any_is_what_within_names(centre: tuple[float, float], radius_m: float, level: int) -> None:
    rng = np.random.default_rng(8)
    lon = (centre[0] + rng.normal(0, 0.02, 60) + 180) % 360 - 180
    lat = np.clip(centre[1] + rng.normal(0, 0.02, 60), -90, 90)
    found = cells.within_any(lon, lat, radius_m=radius_m, resolution=level)
    assert found.tolist() == np.unique(cells.within(lon, lat, radius_m=radius_m, resolution=level)[1]).tolist()


def test_within_counts_a_centre_exactly_at_the_radius() -> None:
    own = cells.from_lonlat(*[[value] for value in SHENZHEN], resolution=9)
    neighbour = np.array(sorted(set(h3.grid_disk(int(own[0]), 1)) - set(own.tolist())), dtype=np.uint64)[:1]
    radius_m = float(crs.distance_m(*SHENZHEN, *cells.centres(neighbour))[0])
    _, cell, distance_m = cells.within([SHENZHEN[0]], [SHENZHEN[1]], radius_m=radius_m, resolution=9)
    assert neighbour[0] in cell
    assert distance_m.max() == radius_m
    at_it = cells.within_any([SHENZHEN[0]], [SHENZHEN[1]], radius_m=radius_m, resolution=9)
    assert neighbour[0] in at_it
    _, less, _ = cells.within([SHENZHEN[0]], [SHENZHEN[1]], radius_m=radius_m - 1e-6, resolution=9)
    assert neighbour[0] not in less


def test_within_refuses_what_would_not_fit_in_memory() -> None:
    with pytest.raises(ParameterError, match=r"cells of resolution 10; 100,000,000 is the most"):
        cells.within([114.0], [22.5], radius_m=1e7, resolution=10)


def test_within_treats_each_point_as_if_it_were_alone() -> None:
    rng = np.random.default_rng(5)
    lon, lat = 114 + rng.uniform(0, 0.05, 40), 22.5 + rng.uniform(0, 0.05, 40)
    point, cell, distance_m = cells.within(lon, lat, radius_m=400, resolution=9)
    assert (np.diff(point) >= 0).all()
    for row in range(40):
        alone = cells.within(lon[row : row + 1], lat[row : row + 1], radius_m=400, resolution=9)
        assert np.array_equal(cell[point == row], alone[1])
        assert np.array_equal(distance_m[point == row], alone[2])


def test_cells_are_of_one_type_wherever_they_come_from() -> None:
    # numpy has two types of 64 bits without a sign, and pandas joins only equal ones.
    own = cells.from_lonlat([SHENZHEN[0]], [SHENZHEN[1]], resolution=8)
    around = {"radius_m": 3_000.0, "resolution": 10}
    for found in (
        own,
        cells.children(own, resolution=10)[1],
        cells.parents(own, resolution=7),
        cells.from_text(cells.to_text(own)),
        cells.within([SHENZHEN[0]], [SHENZHEN[1]], **around)[1],  # type: ignore[arg-type]
        cells.within_any([SHENZHEN[0]], [SHENZHEN[1]], **around),  # type: ignore[arg-type]
        cells.polygon_areas(cells.outlines(own), resolution=10)[1],
        cells.count([SHENZHEN[0]], [SHENZHEN[1]], resolution=10).cells,
    ):
        assert found.dtype.type is np.uint64
