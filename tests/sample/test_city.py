"""The generator on small and large cities."""

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import shapely

from stationgeo import crs, schema
from stationgeo.errors import ParameterError, SourceError
from stationgeo.sample import City, load_city, make_city, write_city
from stationgeo.sample._city import draft_city
from stationgeo.sample._crew import day_keys, simulate_batches


@pytest.fixture(scope="module")
def town() -> City:
    return make_city(seed=5, area_km2=4, n_couriers=6, days=2)


def test_same_seed_same_bytes(town: City, tmp_path: Path) -> None:
    again = make_city(seed=5, area_km2=4, n_couriers=6, days=2)
    first, second = write_city(town, tmp_path / "a"), write_city(again, tmp_path / "b")
    assert [path.name for path in first] == [path.name for path in second]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_another_seed_is_another_city(town: City) -> None:
    other = make_city(seed=6, area_km2=4, n_couriers=6, days=1)
    assert not other.nodes.geometry.iloc[:50].geom_equals(town.nodes.geometry.iloc[:50]).any()


def test_tables_keep_their_contracts_and_clusters_their_shapes(town: City) -> None:
    schema.validate(town.zones, schema.ZONES)
    schema.validate(town.stations, schema.STATIONS)
    schema.validate(town.candidates, schema.CANDIDATES)
    schema.validate(town.fixes, schema.FIXES)
    shapes = town.stations.set_index("kind").geometry
    assert shapes["warm_bee_street"].geom_type == "LineString"
    assert shapes["service_circle"].geom_type in {"Polygon", "LineString"}
    assert set(shapes.drop(["warm_bee_street", "service_circle"]).geom_type) == {"Point"}


def test_what_is_written_is_read_back_in_wgs84(town: City, tmp_path: Path) -> None:
    write_city(town, tmp_path)
    back = load_city(tmp_path)
    assert back.fixes["t"].equals(town.fixes["t"])
    metres = crs.distance_m(town.fixes["lon"], town.fixes["lat"], back.fixes["lon"], back.fixes["lat"])
    assert metres.max() < 0.1  # half a step of 2 ** -20 degrees is 0.05 m along each axis
    points = town.candidates.geometry, back.candidates.geometry
    assert crs.distance_m(points[0].x, points[0].y, points[1].x, points[1].y).max() < 0.1
    assert back.zones.geometry.geom_equals(town.zones.geometry).all()
    assert back.zones["zone_id"].tolist() == town.zones["zone_id"].tolist()
    assert back.edges.drop(columns="geometry").equals(town.edges.drop(columns="geometry")[back.edges.columns[1:]])


def test_a_day_does_not_depend_on_the_batch_it_is_simulated_in() -> None:
    draft = draft_city(seed=5, area_km2=4, n_couriers=7)
    keys = day_keys(5, day=0, n_couriers=7)

    def run(batch_fixes: int) -> np.ndarray:
        batches = simulate_batches(
            draft.town, draft.crew, keys=keys, weekend=False, quota=None, batch_fixes=batch_fixes
        )
        return np.concatenate([np.column_stack([b.second, b.x, b.y, b.accuracy_m]) for b in batches])

    assert np.array_equal(run(8_700), run(1_000_000))


def test_large_cities_have_several_districts_that_tile_them() -> None:
    territory = draft_city(seed=1, area_km2=180, n_couriers=1).territory
    zones = territory.zones
    assert (zones["level"] == "district").sum() >= 2
    for level, parent in (("street", "district"), ("community", "street"), ("grid", "community")):
        children, parents = zones[zones["level"] == level], zones[zones["level"] == parent]
        assert shapely.coverage_is_valid(children.geometry.to_numpy())
        areas = [shapely.area(rows.geometry.to_numpy()).sum() for rows in (children, parents)]
        assert areas[0] == pytest.approx(areas[1], rel=1e-12)
        assert set(children["parent_id"]) == set(parents["zone_id"])
    assert zones["zone_id"].is_unique
    assert zones.is_valid.all()


def test_fewer_work_at_the_weekend() -> None:
    friday, saturday = (
        make_city(seed=3, area_km2=2, n_couriers=60, days=1, first_day=dt.date(2026, 3, day)) for day in (13, 14)
    )
    assert saturday.fixes["courier_id"].nunique() < friday.fixes["courier_id"].nunique() <= 60
    assert str(friday.fixes["t"].dt.tz_convert("Asia/Shanghai").dt.date.unique()[0]) == "2026-03-13"


def test_gps_noise_is_3_to_8_m_and_drifts() -> None:
    city = make_city(seed=4, area_km2=2, n_couriers=20, days=1)
    per_lon, _ = crs.metres_per_degree(22.55)
    x = city.fixes["lon"].to_numpy() * float(per_lon)
    who = city.fixes["courier_id"].to_numpy()
    window = 40
    runs = np.lib.stride_tricks.sliding_window_view(x, window)
    whole = who[window - 1 :] == who[: -window + 1]
    spread = runs[whole].std(axis=1)
    waiting = spread[spread < 12]  # who stands still for 8 minutes shows only the receiver's noise
    assert len(waiting) > 500
    assert 2 < np.median(waiting) < 8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"area_km2": 1.0}, "area_km2 must be 2 to 20,000. Got 1.0"),
        ({"n_couriers": 0}, "n_couriers must be at least 1. Got 0"),
        ({"days": 0}, "days must be at least 1. Got 0"),
    ],
)
def test_arguments_outside_their_range_are_refused(wrong: dict[str, float], message: str) -> None:
    arguments = {"seed": 1, "area_km2": 2.0, "n_couriers": 1, "days": 1} | wrong
    with pytest.raises(ParameterError, match=message):
        make_city(**arguments)  # type: ignore[arg-type]


def test_a_folder_that_is_no_city_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"11 files are missing: background\.geojson, candidates\.csv"):
        load_city(tmp_path)
