import math
from itertools import pairwise

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, crs
from stationgeo.cells import _clip, _lattice, _rings
from stationgeo.errors import DataError, ParameterError

# The surface of the WGS-84 ellipsoid, 2 pi a^2 (1 + (1 - e^2) / e artanh e).
EARTH_M2 = 510_065_621_724_088.0
# Places where H3 is hard: on the edge of the icosahedron between Hangzhou and Shanghai (longitudes found by bisection),
# at the centres of pentagons, at the antimeridian and in the south.
PLACES = {
    "Shenzhen": (114.05, 22.54),
    "face edge west of Shanghai": (120.518_797, 30.005_013),
    "face edge north of Shanghai": (120.882_206, 32.010_025),
    "pentagon in the North Sea": (10.536_199, 64.7),
    "antimeridian": (179.995, -17.0),
    "antimeridian from the east": (-180.002, -17.0),
    "La Paz": (-68.1, -16.5),
    "Oslo": (10.7, 59.9),
}

DEGREE_M = 111_000.0  # of latitude, or a bit more than a degree of longitude


def geodesic_area_m2(shapes: object) -> npt.NDArray[np.float64]:
    return crs.geometry_area_m2(gpd.GeoSeries(np.asarray(shapes, dtype=object).reshape(-1), crs="EPSG:4326"))


def star(rng: np.random.Generator, lon: float, lat: float, radius_m: float) -> shapely.Polygon:
    """Draw a jagged, concave polygon with a hole about a point."""
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree(lat))
    angle = np.sort(rng.uniform(0, 2 * np.pi, 40))
    reach = radius_m * rng.uniform(0.3, 1.0, 40)
    shell = np.column_stack((lon + reach * np.cos(angle) / per_lon, lat + reach * np.sin(angle) / per_lat))
    bay = np.linspace(0, 2 * np.pi, 9)[:-1]
    hole = np.column_stack((lon + 0.1 * radius_m * np.cos(bay) / per_lon, lat + 0.1 * radius_m * np.sin(bay) / per_lat))
    drawn = shapely.Polygon(shell, [hole])
    return drawn if drawn.is_valid else shapely.Polygon(shell)


def brute_force(polygon: shapely.Polygon, resolution: int) -> dict[int, float]:
    """Intersect with the outline of every cell around, by shapely and PROJ."""
    west, south, east, north = polygon.bounds
    reach_m = float(crs.distance_m(west, south, east, north))
    lon = ((west + east) / 2 + 180) % 360 - 180
    rings = math.ceil(1.6 * reach_m / cells.spacing_m(resolution)) + 3
    around = h3.grid_disk(h3.latlng_to_cell((south + north) / 2, lon, resolution), rings)
    candidates = np.array(sorted(around), dtype=np.uint64)
    drawn = cells.outlines(candidates)
    turns = 360 * np.round(((west + east) / 2 - shapely.get_x(shapely.centroid(drawn))) / 360)
    corners, row = shapely.get_coordinates(drawn, return_index=True)
    shapely.set_coordinates(drawn, corners + np.column_stack((turns[row], np.zeros(row.size))))
    area = geodesic_area_m2(shapely.intersection(drawn, polygon))
    return dict(zip(candidates[area > 0].tolist(), area[area > 0].tolist(), strict=True))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("level", "radius_m"), [(7, 3_000), (8, 700), (9, 900), (10, 30), (10, 250), (12, 40)])
def test_areas_are_those_of_a_brute_force_intersection(place: str, level: int, radius_m: float) -> None:
    polygon = star(np.random.default_rng(level), *PLACES[place], radius_m)
    row, cell, area_m2 = cells.polygon_areas([polygon], resolution=level)
    expected = brute_force(polygon, level)
    found = dict(zip(cell.tolist(), area_m2.tolist(), strict=True))
    assert (row == 0).all()
    # The reference draws edges of cells straight in lon/lat and geodesics elsewhere, which moves them by millimetres
    # to a centimetre: 3e-5 of a cell. Its areas carry rounding of 1e-4 m2.
    slack = 3e-5 * float(cells.areas_m2(cell).mean()) + 1e-3
    for name in found.keys() | expected.keys():
        assert found.get(name, 0.0) == pytest.approx(expected.get(name, 0.0), abs=slack)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_all_cells_together_are_the_earth(level: int) -> None:
    bases = h3.get_res0_cells()
    every = [cell for base in bases for cell in (h3.cell_to_children(base, level) if level else [base])]
    assert cells.areas_m2(np.array(every, dtype=np.uint64)).sum() == pytest.approx(EARTH_M2, rel=1e-12)


def test_areas_of_cells_agree_with_the_geodesic_in_any_order_and_resolution() -> None:
    rng = np.random.default_rng(6)
    lon, lat = rng.uniform(-170, 170, 60), rng.uniform(-80, 80, 60)
    mixed = np.concatenate([cells.from_lonlat(lon, lat, resolution=level) for level in (7, 12, 9)])
    order = rng.permutation(mixed.size)
    area_m2 = cells.areas_m2(mixed)
    assert np.array_equal(cells.areas_m2(mixed[order]), area_m2[order])
    # edges of cells are great circles of the sphere, not geodesics: a difference of 1e-6 at resolution 7
    assert area_m2 == pytest.approx(geodesic_area_m2(cells.outlines(mixed)), rel=1e-5)


@pytest.mark.parametrize("level", range(3, 13))
def test_a_polygon_around_a_cell_holds_the_whole_cell_also_where_it_is_bent_or_a_pentagon(level: int) -> None:
    pentagons = [cell for cell in h3.get_pentagons(level) if abs(h3.cell_to_latlng(cell)[0]) < 60]
    bent = [h3.latlng_to_cell(lat, lon, level) for lon, lat in PLACES.values()]
    whole = np.unique(np.array([*pentagons, *bent], dtype=np.uint64))
    polygons = shapely.box(*(shapely.bounds(cells.outlines(whole)) + np.array([-1, -1, 1, 1]) * 2.0**-level).T)
    row, cell, area_m2 = cells.polygon_areas(polygons, resolution=level)
    own = cell == whole[row]
    assert own.sum() == whole.size
    assert area_m2[own] == pytest.approx(cells.areas_m2(whole), rel=2e-9)
    assert np.bincount(row, area_m2) == pytest.approx(geodesic_area_m2(shapely.segmentize(polygons, 0.01)), rel=1e-8)


def test_lattice_points_are_the_centres_of_h3() -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(-180, 180, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    for level in range(16):
        lattice = _lattice.of_resolution(level)
        named = cells.from_lonlat(lon, lat, resolution=level)
        for (x, y, z), cell in zip(_lattice.unit_vectors(lon, lat), named.tolist(), strict=True):
            face = _lattice.face_of(x, y, z, lattice)
            i, j = _lattice.nearest(*_lattice.project(x, y, z, lattice, face))
            uv = np.array([[i + j / 2, j * _lattice.ROW_STEP]])
            if _lattice.beyond_edges(uv[0, 0], uv[0, 1], lattice) < 0:
                centre_lat, centre_lon = h3.cell_to_latlng(cell)
                assert (
                    float(crs.distance_m(*_lattice.lonlat(np.array([face]), uv, lattice), centre_lon, centre_lat)[0])
                    < 1e-5
                )


@pytest.mark.parametrize("level", [7, 9])
def test_hexagons_are_named_by_a_point_of_theirs_that_lies_on_their_face(level: int) -> None:
    lattice = _lattice.of_resolution(level)
    rng = np.random.default_rng(9)
    # points on the edges of a face, and the lattice points around them: at odd resolutions many centres lie beyond
    angle = np.repeat(np.arange(3) * 2 * np.pi / 3, 200) + np.arctan2(*lattice.normals[0, ::-1])
    along = rng.uniform(-math.sqrt(3), math.sqrt(3), angle.size) * lattice.reach
    edge = lattice.reach * np.column_stack((np.cos(angle), np.sin(angle)))
    edge += along[:, None] * np.column_stack((-np.sin(angle), np.cos(angle)))
    i, j = np.array([_lattice.nearest(u, v) for u, v in edge * (1 - 1e-9)]).T
    inner = _rings.inner_points(i, j, lattice)
    centre = np.column_stack((i + j / 2, j * _lattice.ROW_STEP))
    assert (np.array([_lattice.beyond_edges(u, v, lattice) for u, v in centre]) > 0.1).sum() > 100
    assert all(_lattice.beyond_edges(u, v, lattice) < 1e-6 for u, v in inner)
    assert np.array_equal(np.array([_lattice.nearest(u, v) for u, v in inner]), np.column_stack((i, j)))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PLACES)),
    st.integers(6, 12),
    st.floats(0.05, 8.0),
    st.integers(0, 2**32 - 1),
)
def test_pieces_add_up_to_the_polygon_before_any_normalising(place: str, level: int, size: float, seed: int) -> None:
    polygon = star(np.random.default_rng(seed), *PLACES[place], size * cells.spacing_m(level))
    _, _, area_m2 = cells.polygon_areas([polygon], resolution=level)
    assert (area_m2 > 0).all()
    corners, start = shapely.get_coordinates([polygon], return_index=False), [0]
    for ring in shapely.get_rings(polygon):
        start.append(start[-1] + shapely.get_num_coordinates(ring))
    is_hole = np.arange(len(start) - 1) > 0
    xyz, ring_start = _clip._place(corners, np.array(start), is_hole)
    lattice = _lattice.of_resolution(3)  # whole rings in one plane, unclipped, in many parts
    own = sum(_clip._outline_area(xyz[a:b], lattice) for a, b in pairwise(ring_start))
    # A place on the unit sphere is a float: 0.7 nm. On several faces a vertex is rounded several times.
    assert area_m2.sum() == pytest.approx(own, rel=1e-9, abs=3e-9 * float(polygon.length) * DEGREE_M)
    slack = _clip.EDGE_TOLERANCE_M * float(polygon.length) * DEGREE_M
    assert area_m2.sum() == pytest.approx(geodesic_area_m2([shapely.segmentize(polygon, 1e-3)])[0], rel=1e-6, abs=slack)
    # Cut in two, the halves have what the whole has, cell by cell.
    west, south, east, north = polygon.bounds
    middle = (west + east) / 2
    halves = [polygon.intersection(shapely.box(west - 1, south - 1, middle, north + 1)),
              polygon.intersection(shapely.box(middle, south - 1, east + 1, north + 1))]  # fmt: skip
    _, cell, half_m2 = cells.polygon_areas(halves, resolution=level)
    whole_cell, code = np.unique(cell, return_inverse=True)
    _, expected_cell, expected_m2 = cells.polygon_areas([polygon], resolution=level)
    together = dict(zip(whole_cell.tolist(), np.bincount(code, half_m2).tolist(), strict=True))
    # Edges that are cut are split at other places into great circles.
    for name, area in zip(expected_cell.tolist(), expected_m2.tolist(), strict=True):
        assert together.get(name, 0.0) == pytest.approx(area, rel=1e-9, abs=slack)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_order_of_polygons_and_direction_of_rings_do_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    polygons = np.array([star(rng, 120.5188 + d, 30.005, 400) for d in (0, 0.002, 0.01, -0.01)], dtype=object)
    order = rng.permutation(4)
    row, cell, area_m2 = cells.polygon_areas(polygons, resolution=9)
    turned_row, turned_cell, turned_m2 = cells.polygon_areas(shapely.reverse(polygons[order]), resolution=9)
    key = np.lexsort((turned_cell, order[turned_row]))
    assert np.array_equal(order[turned_row][key], row)
    assert np.array_equal(turned_cell[key], cell)
    assert turned_m2[key] == pytest.approx(area_m2, rel=1e-9, abs=1e-7)


def test_a_grid_covers_cells_completely() -> None:
    # 20 x 20 squares of about 300 m side by side: cells far enough inside are made of their pieces.
    x, y = (axis.ravel() for axis in np.meshgrid(114 + 0.003 * np.arange(20), 22.5 + 0.0027 * np.arange(20)))
    squares = shapely.box(x, y, x + 0.003, y + 0.0027)
    _, cell, area_m2 = cells.polygon_areas(squares, resolution=10)
    names, code = np.unique(cell, return_inverse=True)
    inside = shapely.contains(shapely.box(x.min(), y.min(), x.max(), y.max()), cells.outlines(names))
    assert inside.sum() > 1_500
    assert np.bincount(code, area_m2)[inside] == pytest.approx(cells.areas_m2(names[inside]), rel=1e-11)


@pytest.mark.parametrize("side_m", [0.01, 20.0, 100.0])
@pytest.mark.parametrize("level", [7, 9, 10])
def test_no_small_grid_is_lost(side_m: float, level: int) -> None:
    x, y = (axis.ravel() for axis in np.meshgrid(114 + np.arange(12) * 0.0011, 22.5 + np.arange(12) * 0.0013))
    per_lon, per_lat = crs.metres_per_degree(y)
    squares = shapely.box(x, y, x + side_m / per_lon, y + side_m / per_lat)
    row, _, area_m2 = cells.polygon_areas(squares, resolution=level)
    assert np.bincount(row, area_m2, minlength=144) == pytest.approx(side_m**2, rel=2e-5)


def test_the_largest_piece_stays_however_small_and_lesser_rounding_goes() -> None:
    lon, lat = (float(value[0]) for value in cells.centres(cells.from_lonlat([114.0], [22.5], resolution=9)))
    speck = shapely.box(lon, lat, lon + 1e-9, lat + 1e-9)  # 0.1 mm x 0.1 mm: 1e-8 m2
    row, cell, area_m2 = cells.polygon_areas([speck, shapely.box(lon, lat, lon + 0.01, lat + 0.01)], resolution=9)
    assert (row == 0).sum() == 1
    assert cell[0] == cells.from_lonlat([lon], [lat], resolution=9)[0]
    assert 0 < area_m2[0] < _clip.LEAST_PIECE_M2
    assert area_m2[row == 1].min() > _clip.LEAST_PIECE_M2


def test_a_cell_drawn_as_a_polygon_is_that_cell_alone() -> None:
    # Its corners lie on the edges of its neighbours, but for rounding; at resolution 14 an edge of 1.5 m that is
    # straight in lon/lat departs from its great circle by 40 nm: 4e-8 m2.
    rng = np.random.default_rng(10)
    named = np.unique(cells.from_lonlat(rng.uniform(110, 125, 50), rng.uniform(20, 45, 50), resolution=14))
    row, cell, area_m2 = cells.polygon_areas(cells.outlines(named), resolution=14)
    assert row.tolist() == list(range(named.size))
    assert np.array_equal(cell, named)
    assert area_m2 == pytest.approx(cells.areas_m2(named), rel=1e-6)


def test_a_polygon_in_one_cell_is_one_piece_with_its_hole_taken_off() -> None:
    # About the centre of a cell of resolution 8 (spacing 0.9 km): a square of 0.002 degrees with a hole of 0.001.
    lon, lat = (float(value[0]) for value in cells.centres(cells.from_lonlat([114.0], [22.5], resolution=8)))
    hole = shapely.box(lon - 0.0005, lat - 0.0005, lon + 0.0005, lat + 0.0005)
    square = shapely.box(lon - 0.001, lat - 0.001, lon + 0.001, lat + 0.001)
    _, cell, area_m2 = cells.polygon_areas([square.difference(hole), hole, square], resolution=8)
    assert cell.tolist() == [h3.latlng_to_cell(lat, lon, 8)] * 3
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree(lat))
    assert area_m2 == pytest.approx(np.array([3, 1, 4]) * (0.001 * per_lon) * (0.001 * per_lat), rel=1e-6)


def test_parts_of_one_polygon_are_added_up_and_overlap_counts_twice_over_polygons() -> None:
    west, east = shapely.box(114.0, 22.5, 114.001, 22.501), shapely.box(114.002, 22.5, 114.003, 22.501)
    both = shapely.MultiPolygon([west, east])
    row, cell, area_m2 = cells.polygon_areas([both, west, east], resolution=5)
    assert row.tolist() == [0, 1, 2]
    assert len(set(cell.tolist())) == 1
    assert area_m2[0] == pytest.approx(area_m2[1] + area_m2[2], rel=1e-12)


def test_across_the_antimeridian_drawn_beyond_180_or_split() -> None:
    beyond = shapely.box(179.95, -17.05, 180.05, -16.95)
    split = shapely.MultiPolygon([shapely.box(179.95, -17.05, 180, -16.95), shapely.box(-180, -17.05, -179.95, -16.95)])
    row, cell, area_m2 = cells.polygon_areas([beyond, split], resolution=7)
    assert np.array_equal(cell[row == 0], cell[row == 1])
    # an edge that is split elsewhere is off by at most 1 mm over the width of a cell
    assert area_m2[row == 0] == pytest.approx(area_m2[row == 1], rel=1e-9, abs=_clip.EDGE_TOLERANCE_M * 2_500)


def test_edges_are_straight_in_lon_lat() -> None:
    # The northern edge of a box of 8 degrees at 50 N is a parallel. Area between two parallels on the ellipsoid, from
    # PROJ with an edge of 1/400 degree; a great circle would bulge 8 km north: 1e-1 of this strip of 0.1 degrees.
    strip = shapely.box(4, 50, 12, 50.1)
    _, _, area_m2 = cells.polygon_areas([strip], resolution=5)
    assert area_m2.sum() == pytest.approx(geodesic_area_m2([shapely.segmentize(strip, 0.0025)])[0], rel=1e-7)


def test_nothing_gives_nothing() -> None:
    assert all(array.size == 0 for array in cells.polygon_areas([], resolution=9))


BOX = shapely.box(114, 22, 114.1, 22.1)


@pytest.mark.parametrize(
    ("polygon", "message"),
    [
        (None, r"polygons must be shapes, not missing; 1 of 2 break this: NoneType in row 1\."),
        (shapely.Point(114, 22), "be polygons or multipolygons.*Point in row 1"),
        (shapely.GeometryCollection([BOX]), "be polygons or multipolygons.*GeometryCollection"),
        (shapely.Polygon(), "not be empty"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "be valid.*Self-intersection"),
        (shapely.box(500_000, 2_400_000, 501_000, 2_401_000), "in degrees.*bounds"),
        (shapely.box(22, 113.9, 22.1, 114.1), "in WGS-84 longitude and latitude"),
        (shapely.box(-179.9, 10, 179.9, 11), "at most 20 degrees wide.*antimeridian"),
    ],
    ids=["missing", "point", "collection", "empty", "bow tie", "metres", "swapped", "antimeridian"],
)
def test_what_is_no_polygon_in_degrees_is_refused(polygon: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        cells.polygon_areas(np.array([BOX, polygon], dtype=object), resolution=9)


def test_more_pieces_than_memory_holds_are_refused() -> None:
    with pytest.raises(ParameterError, match="coarser resolution"):
        cells.polygon_areas([shapely.box(100, 20, 118, 38)], resolution=12)
    with pytest.raises(ParameterError, match="Got 20"):
        cells.polygon_areas([BOX], resolution=20)
