"""The city that ships: what its files promise."""

import hashlib
import importlib.util
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from stationgeo import crs, schema
from stationgeo.sample import DATUMS, City, city_dir, load_city

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "data" / "sample_city"
LEVELS = ("district", "street", "community", "grid")
KINDS = {"warm_bee", "warm_bee_street", "driver_home", "merchant", "service_centre", "red_station", "outdoor_worker",
         "trucker_point", "service_circle"}  # fmt: skip


@pytest.fixture(scope="module")
def city() -> City:
    return load_city(FOLDER)


def level(city: City, name: str) -> gpd.GeoDataFrame:
    return city.zones[city.zones["level"] == name]


def metres(frame: gpd.GeoDataFrame | pd.DataFrame, lat: float = 22.55) -> np.ndarray:
    per_lon, per_lat = crs.metres_per_degree(lat)
    lon, lat_ = (frame["lon"], frame["lat"]) if "lon" in frame else (frame.geometry.x, frame.geometry.y)
    return np.column_stack([np.asarray(lon) * float(per_lon), np.asarray(lat_) * float(per_lat)])


def test_sums_hold_for_every_file_and_the_folder_stays_within_5_mb() -> None:
    lines = (FOLDER / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert set(sums) == set(DATUMS)
    for name, digest in sums.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5_000_000
    assert city_dir() == FOLDER


def test_the_script_makes_the_same_files_again(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_sample_city", ROOT / "scripts" / "make_sample_city.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main([str(tmp_path)])
    # Another pyarrow may pack the same rows into other bytes: rows are compared here, bytes by the sums above.
    for name in sorted(DATUMS.keys() - {"fixes.parquet"}):
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name
    assert pq.read_table(tmp_path / "fixes.parquet").equals(pq.read_table(FOLDER / "fixes.parquet"))


def test_the_readme_states_the_rows_of_every_file(city: City) -> None:
    rows = {
        "background.geojson": len(city.background),
        "candidates.csv": len(city.candidates),
        "fixes.parquet": len(city.fixes),
        "network_edges.geojson": len(city.edges),
        "network_nodes.csv": len(city.nodes),
        "station_services.csv": len(city.services),
        "stations.csv": len(city.stations),
    } | {f"zones_{name}.geojson": len(level(city, name)) for name in LEVELS}
    table = (FOLDER / "README.md").read_text(encoding="utf-8")
    stated = {name: (int(count.replace(",", "")), datum) for name, count, datum in
              re.findall(r"^\| `([\w.]+)` \| ([\d,]+) \| ([\w-]+) \|", table, flags=re.MULTILINE)}  # fmt: skip
    assert stated == {name: (count, DATUMS[name] or "none") for name, count in rows.items()}


def test_tables_keep_their_contracts(city: City) -> None:
    schema.validate(city.zones, schema.ZONES)
    schema.validate(city.stations, schema.STATIONS)
    schema.validate(city.candidates, schema.CANDIDATES)
    schema.validate(city.fixes, schema.FIXES)


def test_zones_are_a_tree_by_their_codes(city: City) -> None:
    digits = {"district": 6, "street": 9, "community": 12, "grid": 15}
    assert len(level(city, "district")) == 1
    assert len(level(city, "grid")) >= 200
    for name, parent in zip(LEVELS[1:], LEVELS[:-1], strict=True):
        zones = level(city, name)
        assert (zones["zone_id"].str.len() == digits[name]).all()
        assert (zones["parent_id"] == zones["zone_id"].str[: digits[parent]]).all()
        assert set(zones["parent_id"]) == set(level(city, parent)["zone_id"])


@pytest.mark.parametrize("name", LEVELS)
def test_each_level_tiles_the_district_without_gap_or_overlap(city: City, name: str) -> None:
    zones, district = level(city, name), level(city, "district").geometry.iloc[0]
    assert zones.is_valid.all()
    assert shapely.coverage_is_valid(zones.geometry.to_numpy())
    areas = crs.geometry_area_m2(zones.geometry)
    whole = crs.geometry_area_m2(level(city, "district").geometry)[0]
    assert areas.sum() == pytest.approx(whole, rel=1e-6)
    assert shapely.coverage_union_all(zones.geometry.to_numpy()).symmetric_difference(district).area == 0.0
    assert whole == pytest.approx(30e6, rel=1e-3)


def test_grids_are_no_lattice(city: City) -> None:
    grids = level(city, "grid")
    areas = crs.geometry_area_m2(grids.geometry)
    assert areas.std() / areas.mean() > 0.3
    assert areas.max() / areas.min() > 5
    shapes = grids.geometry.to_numpy()
    assert np.median(shapely.area(shapes) / shapely.area(shapely.oriented_envelope(shapes))) < 0.95


def test_coordinates_are_rounded_so_that_shared_borders_stay_shared(city: City) -> None:
    points = shapely.get_coordinates(city.zones.geometry.to_numpy())
    assert np.array_equal(points, np.round(points, 7))


def test_edges_meet_their_nodes_and_state_their_length(city: City) -> None:
    edges, nodes = city.edges, city.nodes.set_index("node_id").geometry
    starts = shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), 0))
    ends = shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), -1))
    assert np.array_equal(starts, shapely.get_coordinates(nodes.loc[edges["u"]].to_numpy()))
    assert np.array_equal(ends, shapely.get_coordinates(nodes.loc[edges["v"]].to_numpy()))
    assert edges["length_m"].to_numpy() == pytest.approx(edges.geometry.to_crs("EPSG:32649").length, rel=3e-3)
    assert edges["edge_id"].is_unique
    assert not edges.duplicated(["u", "v"]).any()
    assert (edges["u"] != edges["v"]).all()
    assert 500 <= len(edges) <= 2000


def components(city: City, edges: pd.DataFrame, *, strong: bool) -> np.ndarray:
    both = edges[~edges["oneway"]]
    a, b = np.concatenate([edges["u"], both["v"]]), np.concatenate([edges["v"], both["u"]])
    size = len(city.nodes) + 1
    graph = coo_array((np.ones(len(a)), (a, b)), shape=(size, size))
    return connected_components(graph, directed=True, connection="strong" if strong else "weak")[1]


def test_bikes_reach_everything_but_footways(city: City) -> None:
    rideable = city.edges[city.edges["highway"] != "footway"]
    labels = components(city, rideable, strong=True)
    assert len(np.unique(labels[np.unique(rideable[["u", "v"]])])) == 1
    walkable = components(city, city.edges, strong=False)
    assert len(np.unique(walkable[1:])) == 1
    assert rideable["oneway"].sum() >= 20
    assert (city.edges["highway"] == "footway").sum() >= 50
    assert not city.edges.loc[city.edges["highway"] == "footway", "oneway"].any()


def test_compounds_are_dead_ends_with_one_gate(city: City) -> None:
    private = city.edges["access"] == "private"
    labels = components(city, city.edges[private], strong=False)
    public_nodes = np.unique(city.edges.loc[~private, ["u", "v"]])
    inside = np.unique(city.edges.loc[private, ["u", "v"]])
    gates = city.nodes.loc[city.nodes["gate"], "node_id"].to_numpy()
    entrances = np.intersect1d(inside, public_nodes)
    assert np.array_equal(entrances, gates)
    estates = set(labels[inside])
    assert len(estates) >= 5
    assert sorted(labels[entrances]) == sorted(estates)  # each estate has one entrance


def test_the_hill_has_no_street_and_the_river_few_bridges(city: City) -> None:
    shape = city.background.dissolve("kind").geometry
    assert not city.edges.intersects(shape["hill"]).any()
    bridges = city.edges[city.edges.intersects(shape["river"])]
    assert 3 <= len(bridges) <= 8
    assert set(bridges["highway"]) >= {"primary", "footway"}
    assert shape["river"].bounds[3] - shape["river"].bounds[1] > 0.05  # degrees: it runs through the whole map
    district = level(city, "district").geometry.iloc[0]
    assert crs.geometry_area_m2(gpd.GeoSeries([shape["hill"].intersection(district)]))[0] > 1e6


def test_stations_are_of_every_kind_and_share_premises(city: City) -> None:
    stations = city.stations
    assert set(stations["kind"]) == KINDS
    clusters = stations["kind"].isin({"warm_bee_street", "service_circle"})
    single = stations[~clusters]
    assert (
        shapely.contains_xy(level(city, "district").geometry.iloc[0], single.geometry.x, single.geometry.y).sum() >= 60
    )
    brands = single.groupby("premises_id")["kind"].nunique()
    assert (brands >= 2).sum() >= 3
    places = single.assign(x=single.geometry.x, y=single.geometry.y).groupby("premises_id")[["x", "y"]].nunique()
    assert (places == 1).all(axis=None)
    for members in stations.loc[clusters, "members"]:
        assert len(members.split(";")) >= 3
        assert set(members.split(";")) <= set(single["station_id"])
    assert 0.05 < single["capacity"].isna().mean() < 0.3


def test_opening_hours_are_written_in_every_way(city: City) -> None:
    written = set(
        city.stations.loc[~city.stations["kind"].isin({"warm_bee_street", "service_circle"}), "opening_hours"]
    )
    assert written >= {
        "24小时", "全天候", "周一至周五 9:00-18:00", "工作日8:30-12:00,14:00-17:30", "夏季8:00-18:00;冬季8:30-17:30",
        "09:00-次日02:00", "9点到晚上10点", "早8晚6", "同银行营业时间", "电话预约", "",
    }  # fmt: skip
    assert any("(节假日除外)" in text for text in written)
    assert any("周六日休息" in text for text in written)


def test_services_are_three_valued_for_every_station_and_service(city: City) -> None:
    single = city.stations.loc[~city.stations["kind"].isin({"warm_bee_street", "service_circle"}), "station_id"]
    table = city.services.set_index(["station_id", "service"])["status"].unstack()  # noqa: PD010 - raises if a pair repeats
    assert set(table.index) == set(single)
    assert table.notna().all(axis=None)
    assert table.shape[1] == 19
    assert set(table["toilets"]) == {"yes", "no", "unknown"}
    assert set(city.services["status"]) == {"yes", "no", "unknown"}


def test_candidates_have_hosts_and_costs(city: City) -> None:
    candidates = city.candidates
    assert len(candidates) >= 100
    assert set(candidates["host"]) == {"银行", "社区工作站", "商户", "报刊亭"}
    assert (candidates[["cost_build", "cost_per_year", "area_m2"]] > 0).all(axis=None)
    assert set(candidates["action"]) == {"new", "upgrade"}
    upgrades = candidates[candidates["action"] == "upgrade"]
    away, _ = cKDTree(metres(city.stations)).query(metres(upgrades))
    assert away.max() < 0.5  # an upgrade stands where a station stands; BD-09 and GCJ-02 are undone alike


def test_fixes_are_of_three_days_in_order_and_10_to_15_s_apart(city: City) -> None:
    fixes = city.fixes
    local = fixes["t"].dt.tz_convert("Asia/Shanghai")
    assert sorted(local.dt.day_name().unique()) == ["Friday", "Saturday", "Thursday"]
    assert fixes["courier_id"].nunique() >= 60
    assert set(fixes["group"]) == {"courier", "rider", "driver"}
    same = fixes["courier_id"].to_numpy()[1:] == fixes["courier_id"].to_numpy()[:-1]
    assert fixes["courier_id"].is_monotonic_increasing
    step = np.diff(fixes["t"].astype("int64"))[same] / 1000
    assert step.min() >= 10
    gaps = step > 15
    assert 0.001 < gaps.mean() < 0.05
    assert np.median(step) in {11, 12, 13, 14}
    day_hours = fixes.groupby(local.dt.hour.to_numpy())["courier_id"].size()
    assert day_hours.loc[12] > 10 * day_hours.get(5, 1)


def test_fixes_lie_on_streets_once_their_datum_is_undone(city: City) -> None:
    few = city.fixes.iloc[::2000]
    streets = shapely.union_all(city.edges.to_crs("EPSG:32649").geometry.to_numpy())
    points = gpd.GeoSeries(gpd.points_from_xy(few["lon"], few["lat"], crs=crs.WGS84))
    assert points.to_crs("EPSG:32649").distance(streets).median() < 15
    raw = pq.read_table(FOLDER / "fixes.parquet", columns=["lon", "lat"]).to_pandas().iloc[::2000]
    shifted = gpd.GeoSeries(gpd.points_from_xy(raw["lon"], raw["lat"], crs=crs.WGS84))
    assert shifted.to_crs("EPSG:32649").distance(streets).median() > 20
    bounds = city.edges.total_bounds
    assert city.fixes["lon"].between(bounds[0] - 1e-3, bounds[2] + 1e-3).all()
    assert city.fixes["lat"].between(bounds[1] - 1e-3, bounds[3] + 1e-3).all()


def test_rests_are_about_half_covered_so_that_siting_has_something_to_do(city: City) -> None:
    xy, t = metres(city.fixes), city.fixes["t"].astype("int64").to_numpy() / 1000
    who = city.fixes["courier_id"].to_numpy()
    later = 30  # fixes, some 6 minutes
    still = (who[later:] == who[:-later]) & (t[later:] - t[:-later] < 900)
    still &= np.hypot(*(xy[later:] - xy[:-later]).T) < 30
    rest = xy[:-later][still]
    places = city.fixes[["lon", "lat"]].to_numpy()[:-later][still]
    inside = shapely.contains_xy(level(city, "district").geometry.iloc[0], *places.T)
    single = city.stations[~city.stations["kind"].isin({"warm_bee_street", "service_circle"})]
    away, _ = cKDTree(metres(single)).query(rest[inside])
    assert 0.45 < (away <= 300).mean() < (away <= 500).mean() < 0.8
    assert inside.mean() > 0.8
