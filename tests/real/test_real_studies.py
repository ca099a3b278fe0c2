"""Whole studies over real data that is not part of the project; outputs stay in temporary folders."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import io, study

pytestmark = pytest.mark.real

FILES = {
    "demand.parquet", "cells.parquet", "zones.parquet", "zones.xlsx", "stations.parquet", "sites.geojson", "sites.xlsx",
    "rates.parquet", "blank_spots.geojson", "coverage.xlsx", "coverage.html", "report.md", "ingest.json",
    "manifest.json",
}  # fmt: skip

SHENZHEN = """
name = "Shenzhen, taxi trips and charging stations"
tz = "Asia/Shanghai"
resolution = 10
[events]
path = "{data}/shenzhen/taxi_trips.csv"
datum = "WGS-84"
columns = {{ weight = "trips" }}
square_deg = [0.004873, 0.004497]
[[zones]]
level = "grid"
path = "{data}/shenzhen/SZ_districts.shp"
datum = "WGS-84"
columns = {{ zone_id = "TAZID" }}
[[zones]]
level = "district"
path = "{data}/shenzhen/districts.json"
datum = "WGS-84"
columns = {{ zone_id = "qh", name = "qh" }}
[stations]
path = "{data}/shenzhen/ev_stations.csv"
datum = "GCJ-02"
columns = {{ lon = "longitude", lat = "latitude", capacity = "count" }}
default_kind = "outdoor_worker"
[reach]
cutoff_m = 1000
detour_factor = 1.3
[candidates]
from_cells = true
[siting]
n_stations = 20
time_limit_s = 60
"""

LADE = """
name = "Shanghai, accept and pick-up pings"
tz = "Asia/Shanghai"
resolution = 10
[events]
path = "{data}/lade/lade_gps_events.csv.gz"
datum = "GCJ-02"
year = 2022
columns = {{ lon = "lng", kind = "event" }}
where = {{ city = "Shanghai" }}
[reach]
cutoff_m = 1000
detour_factor = 1.3
[candidates]
from_cells = true
[siting]
n_stations = 10
"""

GEOLIFE = """
name = "Beijing, dense tracks"
tz = "Asia/Shanghai"
resolution = 10
[fixes]
path = "{data}/geolife/fixes.parquet"
datum = "WGS-84"
[stops]
radius_m = 100
min_duration_s = 300
max_gap_s = 900
[reach]
cutoff_m = 750
detour_factor = 1.3
[privacy]
k = 1
[candidates]
from_cells = true
[siting]
n_stations = 5
"""


def run(text: str, folder: Path, data: Path) -> study.Result:
    path = folder / "study.toml"
    path.write_text(text.format(data=data.as_posix()), encoding="utf-8")
    return study.run(study.Study.read(path))


def test_stations_of_shenzhen_fall_in_its_zones_only_if_their_datum_is_undone(real_data: Path) -> None:
    folder = real_data / "shenzhen"
    zones = io.read_zones(folder / "SZ_districts.shp", level="grid", datum="WGS-84", columns={"zone_id": "TAZID"}).table
    inside = {}
    for datum in ("GCJ-02", "WGS-84"):
        stations = io.read_stations(
            folder / "ev_stations.csv",
            datum=datum,
            columns={"lon": "longitude", "lat": "latitude"},
            default_kind="outdoor_worker",
        ).table
        tree = shapely.STRtree(list(zones.geometry))
        points, _ = tree.query(list(stations.geometry), predicate="intersects")
        inside[datum] = len(np.unique(points))
    assert inside == {"GCJ-02": 1704, "WGS-84": 1645}


def test_shenzhen(real_data: Path, tmp_path: Path) -> None:
    result = run(SHENZHEN, tmp_path, real_data)
    trips = pd.read_csv(real_data / "shenzhen" / "taxi_trips.csv")["trips"].sum()
    assert result.demand["visits"].sum() == pytest.approx(trips, rel=1e-9)
    grids = result.coverage.zones[result.coverage.zones["level"] == "grid"]
    assert grids["demand"].sum() == pytest.approx(trips, rel=1e-9)
    assert len(grids[grids["zone_id"] != ""]) == 491
    assert result.headline["n_stations"] == 1706
    assert result.plan is not None
    assert result.plan.objective <= result.plan.bound * (1 + 1e-9)
    assert result.plan.status in {"optimal", "stopped"}
    files = study.write(result, tmp_path / "out")
    assert {path.name for path in files} == FILES | {"equity.parquet"}


def test_lade_pings_are_events_without_zones_or_stations(real_data: Path, tmp_path: Path) -> None:
    result = run(LADE, tmp_path, real_data)
    raw = pd.read_csv(real_data / "lade" / "lade_gps_events.csv.gz")
    shanghai = raw[raw["city"] == "Shanghai"].drop_duplicates()
    total = (result.demand["visits"] * result.demand["observed_days"]).sum()
    assert total == pytest.approx(len(shanghai), rel=1e-9)
    assert result.headline["covered_share"] == 0
    assert result.plan is not None
    assert result.plan.status == "optimal"
    assert {path.name for path in study.write(result, tmp_path / "out")} == FILES


def test_geolife_tracks_become_stops(real_data: Path, tmp_path: Path) -> None:
    result = run(GEOLIFE, tmp_path, real_data)
    dropped = {count.reason[:14]: count.rows for count in result.inputs.reports["fixes"].dropped}
    assert dropped == {"identical rows": 8, "same courier a": 205}
    assert result.stops is not None
    seconds = (result.demand["courier_s"] * result.demand["observed_days"]).sum()
    assert seconds == pytest.approx(result.stops["duration_s"].sum(), rel=1e-9)
    assert result.plan is not None
    assert result.plan.status == "optimal"
    assert {path.name for path in study.write(result, tmp_path / "out")} == FILES
