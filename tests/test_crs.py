import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely

from stationgeo import crs
from stationgeo.errors import DatumError, ParameterError


@pytest.mark.parametrize("datum", ["GCJ-02", "BD-09"])
def test_inverse_undoes_the_published_forward_formula_to_less_than_a_millimetre(datum: str) -> None:
    rng = np.random.default_rng(1)
    lon, lat = rng.uniform(70, 140, 50_000), rng.uniform(0, 56, 50_000)
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
    lon, lat = rng.uniform(105 - 1e-9, 122, 500), rng.uniform(20, 45, 500)
    together = np.array(crs.to_wgs84(lon, lat, datum=datum))
    alone = np.array([crs.to_wgs84(lon[i], lat[i], datum=datum) for i in range(500)]).T
    assert np.array_equal(together, alone)


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


def test_a_crs_that_leads_to_no_degrees_is_named() -> None:
    site = pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1],AXIS["E",EAST],AXIS["N",NORTH]]')
    with pytest.raises(DatumError, match=r"cannot be undone.*Name the CRS"):
        crs.geometry_to_wgs84(gpd.GeoSeries([shapely.Point(1, 2)], crs=site), datum="WGS-84")
