"""A toy street on real cells, from stations to sites, every number worked out by hand.

Five cells A to E in a row, about 800 m apart, so that a station in one reaches none of the others within 300 m.

cell        A    B    C    D    E
courier_s  100  200  300  400  500     1,500 in all
station    bee  bee
                hall hall                 and a warm-bee street through D and E, a cluster

A is covered by the warm-bee type only (100), C by service centres only (300), B by both (200), D and E by neither
(900), because a cluster is never counted. Covered: 600 of 1,500 = 40%.

Candidates: `d` in D, `e` in E, `mid` half-way between. Within 600 m `d` reaches D, `e` reaches E, and `mid` both: one
site is enough to cover everything. Within 1,000 m all three reach both.
"""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from stationgeo import cells, coverage, crs, reach, schema, siting

RESOLUTION = 10
STEP_DEG = 0.008  # about 823 m of longitude here
ROW = cells.from_lonlat(114.0 + STEP_DEG * np.arange(5), np.full(5, 22.5), resolution=RESOLUTION)
LON, LAT = cells.centres(ROW)
SECONDS = np.array([100.0, 200.0, 300.0, 400.0, 500.0])


def demand() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "cell": ROW,
            "zone_id": pd.Series([""] * 5, dtype="str"),
            "bin": 12,
            "courier_s": SECONDS,
            "visits": 1.0,
            "courier_weight": 0.1,
            "couriers": 1.0,
            "observed_days": 1.0,
        }
    )


def street() -> gpd.GeoDataFrame:
    rows = [
        ("bee1", "warm_bee", 0),
        ("bee2", "merchant", 1),
        ("hall1", "service_centre", 1),
        ("hall2", "service_centre", 2),
    ]
    ids, kinds, places = zip(*rows, strict=True)
    points = [Point(LON[i], LAT[i]) for i in places]
    return gpd.GeoDataFrame({"station_id": ids, "kind": kinds}, geometry=points, crs="EPSG:4326")


def cluster() -> gpd.GeoDataFrame:
    middle = Point((LON[3] + LON[4]) / 2, (LAT[3] + LAT[4]) / 2)
    return gpd.GeoDataFrame({"station_id": ["street"], "kind": ["warm_bee_street"]}, geometry=[middle], crs="EPSG:4326")


def candidates() -> gpd.GeoDataFrame:
    points = [Point(LON[3], LAT[3]), Point(LON[4], LAT[4]), cluster().geometry.iloc[0]]
    table = {"candidate_id": ["d", "e", "mid"], "action": "new", "kind": "warm_bee"}
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def reached(stations: gpd.GeoDataFrame, cutoff_m: float = 300.0, detour_factor: float = 1.3) -> pd.DataFrame:
    return reach.within_distance(stations, cutoff_m=cutoff_m, resolution=RESOLUTION, detour_factor=detour_factor)


def scored(stations: gpd.GeoDataFrame, cutoff_m: float = 300.0) -> coverage.Coverage:
    return coverage.score(demand(), reached(stations, cutoff_m), stations=stations, zones=None, weight="courier_s")


def test_the_town_is_what_the_comment_says() -> None:
    apart_m = crs.distance_m(LON[:-1], LAT[:-1], LON[1:], LAT[1:])
    assert (apart_m > 300).all()
    assert (apart_m < 1000).all()
    middle = cluster().geometry.iloc[0]
    assert (crs.distance_m(middle.x, middle.y, LON[3:], LAT[3:]) < 600).all()


def test_classes_and_headline_by_hand() -> None:
    both = gpd.GeoDataFrame(pd.concat([street(), cluster()], ignore_index=True), crs="EPSG:4326")
    for stations in (street(), both):
        result = scored(stations, 300)
        head = result.headline
        assert (head["demand"], head["covered_demand"]) == pytest.approx((1500, 600))
        shares = [head[f"{name}_share"] for name in ("warm_bee_only", "service_centre_only", "both", "neither")]
        assert shares == pytest.approx([100 / 1500, 300 / 1500, 200 / 1500, 900 / 1500])
        town = result.cells.set_index("cell").loc[ROW]
        expected = ["warm_bee_only", "both", "service_centre_only", "neither", "neither"]
        assert town["class"].tolist() == expected
        assert town["n_stations"].tolist() == [1, 2, 1, 0, 0]


def test_best_sites_by_hand() -> None:
    # Straight-line reach of the candidates at 1,000 m: d reaches C, D, E; e reaches D, E; mid reaches D, E. With the
    # stations at 300 m: C is covered already, so each adds D + E = 900; of equals the first id, d.
    plan = siting.maximal_cover(
        demand(), reached(candidates(), 1000, 1.0), n_stations=1, weight="courier_s", existing=reached(street()),
        candidates=candidates(), stations=street(),
    )  # fmt: skip
    assert plan.sites["candidate_id"].tolist() == ["d"]
    assert (plan.existing_covered, plan.objective, plan.status) == (600, 900, "optimal")
    assert plan.sites["cumulative_share"].tolist() == [1.0]
    assert plan.sites["nearest_station_id"].tolist() == ["hall2"]
    assert plan.sites["nearest_station_m"].item() == pytest.approx(
        float(crs.distance_m(LON[2], LAT[2], LON[3], LAT[3]))
    )
    # At 600 m d reaches only D (400), e only E (500), mid both (900).
    near = reached(candidates(), 600, 1.0)
    best = siting.maximal_cover(demand(), near, n_stations=1, weight="courier_s", existing=reached(street()))
    assert (best.sites["candidate_id"].tolist(), best.objective) == (["mid"], 900)
    # Without mid: first e, then d.
    rest = near[near["station_id"] != "mid"]
    two = siting.maximal_cover(demand(), rest, n_stations=2, weight="courier_s", existing=reached(street()))
    assert two.sites["candidate_id"].tolist() == ["e", "d"]
    assert two.sites["demand_gain"].tolist() == [500, 400]
    assert two.sites["cumulative_covered"].tolist() == [1100, 1500]


def test_no_stations_and_cell_centres_as_candidates() -> None:
    none = street().iloc[:0]
    result = coverage.score(demand(), reached(none), stations=none, zones=None, weight="courier_s")
    assert result.headline["covered_share"] == 0
    places = siting.candidates_from_cells(ROW, kind="warm_bee")
    plan = siting.maximal_cover(
        demand(), reached(places), n_stations=2, weight="courier_s", existing=reached(none), candidates=places
    )
    # each cell reaches only itself among the five: E (500), then D (400)
    assert plan.sites["candidate_id"].tolist() == cells.to_text(ROW[[4, 3]]).tolist()
    assert plan.sites["cumulative_share"].tolist() == pytest.approx([500 / 1500, 900 / 1500])


def test_a_planned_site_scores_what_the_plan_promises() -> None:
    near = reached(candidates(), 600, 1.0)
    plan = siting.maximal_cover(demand(), near, n_stations=1, weight="courier_s", existing=reached(street()))
    built = candidates().rename(columns={"candidate_id": "station_id"}).set_index("station_id")
    built = built.loc[plan.sites["candidate_id"].tolist()].reset_index()[["station_id", "kind", "geometry"]]
    everything = gpd.GeoDataFrame(pd.concat([street(), built], ignore_index=True), crs="EPSG:4326")
    together = pd.concat([reached(street()), near[near["station_id"].isin(built["station_id"])]], ignore_index=True)
    schema.validate(together, schema.REACH)
    after = coverage.score(demand(), together, stations=everything, zones=None, weight="courier_s")
    assert after.headline["covered_demand"] == pytest.approx(plan.existing_covered + plan.objective)


@settings(max_examples=15, deadline=None)
@given(
    cutoff_m=st.floats(100, 1500),
    more_m=st.floats(0, 1500),
    kept=st.sets(st.integers(0, 3)),
    added=st.sets(st.integers(0, 3)),
)
def test_rates_never_fall_with_a_longer_cutoff_or_more_stations(
    cutoff_m: float, more_m: float, kept: set[int], added: set[int]
) -> None:
    few = street().iloc[sorted(kept)]
    more = street().iloc[sorted(kept | added)]
    rate = scored(few, cutoff_m).headline["covered_share"]
    assert scored(few, cutoff_m + more_m).headline["covered_share"] >= rate - 1e-12
    assert scored(more, cutoff_m).headline["covered_share"] >= rate - 1e-12


def test_a_line_is_no_place() -> None:
    line = cluster().assign(geometry=[LineString([(LON[3], LAT[3]), (LON[4], LAT[4])])])
    with pytest.raises(ValueError, match="LineString"):
        reached(line)
