"""A toy town of five places 2 km apart, whose coverage and best sites can be worked out in the head.

place      P0   P1   P2   P3   P4
orders     10   20   30   40   50     150 in all
warm_bee    x    x
service          x    x
host                       x    x     and one in the wilderness

Only P0 is covered by warm-bee type stations alone (10), P2 by service centres alone (30), P1 by both (20), P3 and P4 by
neither (90). One new site: P4, +50. Two: P4 and P3, everything is covered. Grid west holds P0-P2, grid east P3-P4.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

LON0, LAT0 = 114.0, 22.5
STEP_DEG = 0.02  # about 2.06 km

STUDY = """
name = "Toy town"
tz = "Asia/Shanghai"
resolution = 10
[events]
path = "orders.csv"
datum = "WGS-84"
columns = { weight = "orders" }
[[zones]]
level = "grid"
path = "grids.geojson"
datum = "WGS-84"
[[zones]]
level = "community"
path = "communities.geojson"
datum = "WGS-84"
[stations]
path = "stations.csv"
datum = "WGS-84"
[reach]
cutoff_m = 600
detour_factor = 1.2
[candidates]
path = "hosts.csv"
datum = "WGS-84"
default_kind = "warm_bee"
[siting]
n_stations = 2
"""


def place(i: float) -> tuple[float, float]:
    return LON0 + STEP_DEG * i, LAT0


def _box(west: float, east: float) -> dict[str, object]:
    (x0, y), (x1, _) = place(west), place(east)
    ring = [[x0, y - 0.01], [x1, y - 0.01], [x1, y + 0.01], [x0, y + 0.01], [x0, y - 0.01]]
    return {"type": "Polygon", "coordinates": [ring]}


def _features(*rows: tuple[dict[str, str], dict[str, object]]) -> str:
    features = [{"type": "Feature", "properties": names, "geometry": shape} for names, shape in rows]
    return json.dumps({"type": "FeatureCollection", "features": features})


def _table(path: Path, ids: str, rows: list[tuple[str, str, float]]) -> None:
    lon, lat = np.array([place(i) for _, _, i in rows]).T
    names, kinds = [row[0] for row in rows], [row[1] for row in rows]
    pd.DataFrame({ids: names, "name": names, "kind": kinds, "lon": lon, "lat": lat}).to_csv(path, index=False)


@pytest.fixture
def toy_study(tmp_path: Path) -> Path:
    """The toy town's files in a folder of their own; returns the study file."""
    folder = tmp_path / "toy"
    folder.mkdir()
    lon, lat = np.array([place(i) for i in range(5)]).T
    pd.DataFrame({"lon": lon, "lat": lat, "orders": [10, 20, 30, 40, 50]}).to_csv(folder / "orders.csv", index=False)
    stations = [("S0", "warm_bee", 0), ("S1", "warm_bee", 1), ("S2", "service_centre", 1), ("S3", "service_centre", 2)]
    _table(folder / "stations.csv", "station_id", stations)
    hosts = [("H3", "warm_bee", 3), ("H4", "warm_bee", 4), ("wild", "warm_bee", 30)]
    _table(folder / "hosts.csv", "candidate_id", hosts)
    (folder / "grids.geojson").write_text(
        _features(
            ({"zone_id": "west", "parent_id": "town", "name": "西"}, _box(-0.5, 2.5)),
            ({"zone_id": "east", "parent_id": "town", "name": "东"}, _box(2.5, 4.5)),
        ),
        encoding="utf-8",
    )
    (folder / "communities.geojson").write_text(
        _features(({"zone_id": "town", "name": "镇"}, _box(-0.5, 4.5))), encoding="utf-8"
    )
    path = folder / "study.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path
