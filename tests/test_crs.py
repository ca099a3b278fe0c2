import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import shapely

from stationgeo import crs
from stationgeo.crs import _distortion
from stationgeo.errors import DatumError, ParameterError

Floats = npt.NDArray[np.float64]
# Kernels that are not compiled take a thousand times as long.
N = 1_000 if numba.config.DISABLE_JIT else 100_000


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_inverse_undoes_the_published_forward_formula_to_less_than_a_millimetre(datum: str) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(70, 140, N), rng.uniform(0, 56, N)
    shown = crs.from_wgs84(lon, lat, datum=datum)
    back = crs.to_wgs84(*shown, datum=datum)
    assert crs.distance_m(*back, lon, lat).max() < 1e-3


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [  # the pairs that the test suites of the public implementations (eviltransform) carry: lat, lon
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
    ],
    ids=["Shanghai", "Shenzhen", "Beijing"],
)
def test_forward_formula_gives_the_published_pairs(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    lon, lat = crs.from_wgs84(wgs84[1], wgs84[0], datum="GCJ-02")
    assert (float(lat), float(lon)) == pytest.approx(gcj02, abs=1e-9)


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_a_point_does_not_depend_on_its_neighbours(datum: str) -> None:
    rng = np.random.default_rng(2)
    # more than a block of the kernel; the last rows are where Newton's method does not settle
    lon = np.concatenate([rng.uniform(105 - 1e-9, 122, 700), rng.uniform(-180, 180, 50)])
    lat = np.concatenate([rng.uniform(20, 45, 700), rng.uniform(84, 88, 50)])
    together = np.array(crs.to_wgs84(lon, lat, datum=datum))
    alone = np.array([crs.to_wgs84(lon[i], lat[i], datum=datum) for i in range(750)]).T
    assert np.array_equal(together, alone)
    order = rng.permutation(750)
    shuffled = np.array(crs.to_wgs84(lon[order], lat[order], datum=datum))
    assert np.array_equal(shuffled, together[:, order])


def test_the_declaration_decides_not_the_place() -> None:
    lon, lat = crs.to_wgs84([114.17, 2.35], [22.30, 48.85], datum="GCJ-02")  # Hong Kong and Paris
    assert (crs.distance_m(lon, lat, [114.17, 2.35], [22.30, 48.85]) > 100).all()


def test_nan_and_infinite_become_nan_in_both_and_input_stays() -> None:
    lon, lat = np.array([114.0, np.nan, np.inf]), np.array([np.nan, 22.0, 22.0])
    out_lon, out_lat = crs.to_wgs84(lon, lat, datum="BD-09")
    assert np.isnan(out_lon).all()
    assert np.isnan(out_lat).all()
    assert lon[0] == 114.0
    assert lat[1] == 22.0


def test_undeclared_datum_says_what_is_at_stake() -> None:
    with pytest.raises(DatumError, match=r"fixes\.csv: the datum is not declared.*GCJ-02.*606 m.*BD-09"):
        crs.declared_datum(None, [114.0579], [22.5431], source="fixes.csv")


def test_unknown_datum_and_unequal_shapes_are_refused() -> None:
    with pytest.raises(DatumError, match="unknown datum 'GCJ-2'"):
        crs.to_wgs84([1.0], [1.0], datum="GCJ-2")
    with pytest.raises(ParameterError, match="one shape"):
        crs.to_wgs84([1.0, 2.0], [1.0], datum="WGS-84")


def test_metres_per_degree_agrees_with_the_geodesic() -> None:
    lat = np.array([0.0, 22.5, 40.0, 60.0])
    per_lon, per_lat = crs.metres_per_degree(lat)
    assert per_lon == pytest.approx(crs.distance_m(0, lat, 1e-4, lat) / 1e-4, rel=1e-7)
    assert per_lat == pytest.approx(crs.distance_m(0, lat - 5e-5, 0, lat + 5e-5) / 1e-4, rel=1e-7)


def published_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Transcribe the published forward formula, sine by sine."""
    x, y, pi = lon - 105.0, lat - 35.0, np.pi
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    north += (20.0 * np.sin(y * pi) + 40.0 * np.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * np.sin(y / 12.0 * pi) + 320.0 * np.sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (20.0 * np.sin(6.0 * x * pi) + 20.0 * np.sin(2.0 * x * pi)) * 2.0 / 3.0
    east += (20.0 * np.sin(x * pi) + 40.0 * np.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * np.sin(x / 12.0 * pi) + 300.0 * np.sin(x / 30.0 * pi)) * 2.0 / 3.0
    a, ee = 6378245.0, 0.00669342162296594323
    phi = lat / 180.0 * pi
    magic = 1.0 - ee * np.sin(phi) ** 2
    north = north * 180.0 / ((a * (1.0 - ee)) / (magic * np.sqrt(magic)) * pi)
    east = east * 180.0 / (a / np.sqrt(magic) * np.cos(phi) * pi)
    return lon + east, lat + north


def published_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Transcribe the published forward formula: first to GCJ-02, then Baidu's turn."""
    x, y = published_gcj02(lon, lat)
    z = np.hypot(x, y) + 0.00002 * np.sin(y * np.pi * 3000.0 / 180.0)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * np.pi * 3000.0 / 180.0)
    return z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006


PUBLISHED = {"GCJ-02": published_gcj02, "BD-09": published_bd09}
PLACES = {
    "China": lambda rng: (rng.uniform(73, 136, N), rng.uniform(3, 54, N)),
    "the Earth": lambda rng: (rng.uniform(-180, 180, N), rng.uniform(-80, 80, N)),
    # where sqrt(|lon - 105|) has no slope
    "105 E": lambda rng: (105 + rng.choice([-1, 1], N) * 10 ** rng.uniform(-16, -2, N), rng.uniform(20, 45, N)),
    "0 E 0 N": lambda rng: (rng.normal(0, 0.01, N), rng.normal(0, 0.01, N)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("datum", PUBLISHED)
def test_forward_is_the_published_formula(datum: str, place: str) -> None:
    lon, lat = PLACES[place](np.random.default_rng(3))
    expected = PUBLISHED[datum](lon, lat)
    found = crs.from_wgs84(lon, lat, datum=datum)
    assert np.abs(np.array(found) - np.array(expected)).max() < 1e-11


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("datum", PUBLISHED)
def test_inverse_undoes_the_published_formula_anywhere(datum: str, place: str) -> None:
    lon, lat = PLACES[place](np.random.default_rng(4))
    back = crs.to_wgs84(*PUBLISHED[datum](lon, lat), datum=datum)
    assert crs.distance_m(*back, lon, lat).max() < 1e-6


def test_newton_settles_in_all_of_china() -> None:
    lon, lat = PLACES["China"](np.random.default_rng(5))
    for code, forward in ((_distortion.GCJ, "GCJ-02"), (_distortion.BD, "BD-09")):
        x, y = crs.from_wgs84(lon, lat, datum=forward)
        alone = np.array([_distortion._undo_slowly(x[row], y[row], code) for row in range(100)]).T
        room = np.empty((3, N))
        _distortion._undo_block(x, y, room, code)
        assert room[2].max() < _distortion._SETTLED_DEG
        assert np.abs(np.array([x, y])[:, :100] - alone).max() < 1e-12


def test_a_crs_that_leads_to_no_degrees_is_named() -> None:
    site = pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1],AXIS["E",EAST],AXIS["N",NORTH]]')
    with pytest.raises(DatumError, match=r"cannot be undone.*Name the CRS"):
        crs.geometry_to_wgs84(gpd.GeoSeries([shapely.Point(1, 2)], crs=site), datum="WGS-84")
