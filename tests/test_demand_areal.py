"""Counts on squares: halves and quarters by hand, an independent cut by shapely, and what is conserved."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, crs, demand, schema
from stationgeo.errors import ColumnError, DataError

RESOLUTION = 9
# The squares on which taxis are counted in Shenzhen: about 500 m.
WIDTH, HEIGHT = 0.004873, 0.004497


def squares(*rows: tuple[float, float, float], width: float = WIDTH, height: float = HEIGHT) -> pd.DataFrame:
    """EVENTS of (lon, lat, weight), counted on squares."""
    table = pd.DataFrame(rows, columns=["lon", "lat", "weight"], dtype="float64")
    return table.assign(square_lon_deg=width, square_lat_deg=height)


def zones_of(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    table = {"zone_id": list(shapes), "level": "grid", "parent_id": "", "name": list(shapes)}
    return gpd.GeoDataFrame(table, geometry=list(shapes.values()), crs="EPSG:4326")


TOWN = zones_of(west=shapely.box(114.04, 22.5, 114.06, 22.6), east=shapely.box(114.06, 22.5, 114.08, 22.6))


def run(events: pd.DataFrame, zones: gpd.GeoDataFrame | None = TOWN, resolution: int = RESOLUTION) -> pd.DataFrame:
    return demand.from_events(events, zones=zones, resolution=resolution, tz=None)


def of_zone(table: pd.DataFrame) -> dict[str, float]:
    by_zone = demand.by_zone(table, weight="visits")
    return dict(zip(by_zone["zone_id"], by_zone["visits"], strict=True))


def test_a_square_on_the_border_of_two_zones_goes_half_and_half() -> None:
    table = run(squares((114.06, 22.55, 8.0)))
    assert of_zone(table) == {"east": pytest.approx(4, rel=1e-5), "west": pytest.approx(4, rel=1e-5)}
    assert set(table["bin"]) == {-1}
    assert table["couriers"].isna().all()


def test_a_square_at_the_corner_of_the_town_has_three_quarters_outside() -> None:
    # Centred on the north-eastern corner: the quarter in zone "east" is the south-western one. The southern half is
    # larger by tan(22.6 degrees) x half the height = 1.6e-5 only.
    table = run(squares((114.08, 22.6, 8.0)))
    assert of_zone(table) == {"": pytest.approx(6, rel=1e-4), "east": pytest.approx(2, rel=1e-4)}


def test_a_square_within_one_zone_or_wide_of_all_is_not_split_between_them() -> None:
    table = run(squares((114.05, 22.55, 8.0), (115.0, 22.55, 2.0)))
    assert of_zone(table) == {"": pytest.approx(2, rel=1e-9), "west": pytest.approx(8, rel=1e-9)}
    assert of_zone(run(squares((114.05, 22.55, 8.0)), None)) == {"": pytest.approx(8, rel=1e-9)}


def test_squares_and_points_side_by_side() -> None:
    events = pd.concat([squares((114.05, 22.55, 8.0)), squares((114.05, 22.55, 1.0), width=0.0, height=0.0)])
    table = run(events.assign(courier_id="a"))
    here = cells.from_lonlat([114.05], [22.55], resolution=RESOLUTION)[0]
    assert table["visits"].sum() == pytest.approx(9, rel=1e-12)
    assert table.loc[table["cell"] == here, "visits"].item() > 1
    assert table["couriers"].isna().all()  # a square reaches there too, so that nobody knows
    points = run(events[events["square_lon_deg"] == 0].assign(courier_id="a"))
    assert points["couriers"].tolist() == [1]


def test_where_a_zone_only_touches_it_gets_nothing() -> None:
    # The northern zone ends on the square's northern edge; the horseshoe meets the square in a polygon and in a line.
    lon, lat = 114.05, 22.55
    top, right, left = lat + HEIGHT / 2, lon + WIDTH / 2, lon - WIDTH / 2
    horseshoe = shapely.union_all(
        [
            shapely.box(left - 0.02, top - 0.01, left + WIDTH / 4, top + 0.01),  # covers a quarter of the square
            shapely.box(left - 0.02, top, right + 0.02, top + 0.01),  # runs along the northern edge
        ]
    )
    zones = zones_of(horseshoe=horseshoe, north=shapely.box(left, top + 0.01, right, top + 0.02))
    met = shapely.intersection(horseshoe, shapely.box(left, lat - HEIGHT / 2, right, top))
    assert met.geom_type == "GeometryCollection"
    table = run(squares((lon, lat, 8.0)), zones)
    assert of_zone(table) == {"": pytest.approx(6, rel=1e-4), "horseshoe": pytest.approx(2, rel=1e-4)}


def test_a_square_that_a_hole_of_no_width_crosses_is_not_lost() -> None:
    # A hole of 1e-17 square degrees, as cutting zones along each other leaves them: in full floating point GEOS 3.14.1
    # takes the common part of square and zone for nothing but that hole's line.
    south_west, middle, north_east = (
        (114.04962114128257, 22.550807709114054),
        (114.05414264123905, 22.552672051595458),
        (114.05583523476297, 22.55336995583979),
    )
    town = shapely.Polygon(shapely.box(114, 22.5, 114.1, 22.6).exterior, [[south_west, middle, north_east]])
    assert town.is_valid
    square = squares((114.0525, 22.55225, 8.0), width=0.005, height=0.0045)
    assert of_zone(run(square, zones_of(town=town))) == {"town": pytest.approx(8, rel=1e-9)}


def test_equals_an_independent_cut_by_shapely_and_the_geodesic() -> None:
    rng = np.random.default_rng(8)
    events = squares(*[(114.06 + x, 22.6 + y, 1.0) for x, y in rng.uniform(-0.03, 0.03, (12, 2))])
    table = run(events)
    expected: dict[Any, float] = {}
    cell = np.unique(table["cell"].to_numpy())
    outlines = cells.outlines(cell)
    shapes = [*TOWN.geometry, shapely.difference(shapely.box(113, 22, 115, 23), TOWN.union_all())]
    for x, y in zip(events["lon"], events["lat"], strict=True):
        box = shapely.box(x - WIDTH / 2, y - HEIGHT / 2, x + WIDTH / 2, y + HEIGHT / 2)
        whole = crs.geometry_area_m2(gpd.GeoSeries([box]))[0]
        for zone_id, shape in zip(["west", "east", ""], shapes, strict=True):
            part = shapely.intersection(box, shape)
            area = crs.geometry_area_m2(gpd.GeoSeries(shapely.intersection(part, outlines)))
            for i in np.flatnonzero(area > 0):
                expected[cell[i], zone_id] = expected.get((cell[i], zone_id), 0.0) + area[i] / whole
    got = table.set_index(["cell", "zone_id"])["visits"].to_dict()
    assert sum(expected.values()) == pytest.approx(12, rel=1e-6)  # the cells found are all there are
    for key in expected.keys() | got.keys():
        assert got.get(key, 0.0) == pytest.approx(expected.get(key, 0.0), abs=2e-5)


SQUARE = st.tuples(st.integers(-30, 30), st.integers(-70, 70), st.floats(0, 1e6, allow_subnormal=False))


@given(
    rows=st.lists(SQUARE, min_size=1, max_size=8),
    width=st.sampled_from([1e-5, 0.001, WIDTH, 0.05]),
    resolution=st.sampled_from([7, 9, 10]),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_weights_are_conserved_and_order_does_not_matter(
    rows: list[tuple[int, int, float]], width: float, resolution: int, seed: int
) -> None:
    events = squares(*[(114.06 + x / 1_000, 22.55 + y / 1_000, w) for x, y, w in rows], width=width)
    table = run(events, resolution=resolution)
    schema.validate(table, schema.DEMAND)
    assert table["visits"].sum() == pytest.approx(events["weight"].sum(), rel=1e-9)
    again = run(events.sample(frac=1, random_state=seed), resolution=resolution)
    pd.testing.assert_frame_equal(again, table, check_exact=True)


def test_zones_that_overlap_are_refused_because_they_would_share_by_chance() -> None:
    twice = zones_of(one=TOWN.geometry[0], two=TOWN.geometry[0])
    with pytest.raises(DataError, match="zones must not overlap; 1 pairs do"):
        run(squares((114.05, 22.55, 8.0)), twice)


def test_timed_squares_are_averaged_per_observed_day() -> None:
    time = pd.to_datetime(["2024-05-06 02:30", "2024-05-13 02:30"]).tz_localize("UTC")  # 10:30 of two Mondays
    events = squares((114.05, 22.55, 8.0), (114.05, 22.55, 2.0)).assign(t=time)
    table = demand.from_events(events, zones=TOWN, resolution=RESOLUTION, tz="Asia/Shanghai")
    assert set(table["bin"]) == {10}
    assert table["visits"].sum() == pytest.approx(5, rel=1e-9)


def test_squares_that_are_none_are_refused() -> None:
    one = squares((114.05, 22.55, 8.0))
    with pytest.raises(DataError, match=r"must both be greater than 0, or both 0.*1 of 1 events break this, rows 0"):
        run(one.assign(square_lat_deg=0.0))
    with pytest.raises(ColumnError, match="'square_lat_deg' is missing; a square needs both sides"):
        run(one.drop(columns="square_lat_deg"))
    with pytest.raises(DataError, match=r"must not cross the antimeridian.*centres \(179\.99900, -17\.00000\)"):
        run(squares((179.999, -17.0, 1.0)), None)
    for side in (1e-300, 1e-12):
        with pytest.raises(DataError, match=r"squares must have an area; 2 of 2 distinct squares have none"):
            run(squares((114.05, 22.55, 8.0), (114.06, 22.55, 8.0), width=side, height=side))
