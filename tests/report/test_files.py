import json
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
from shapely.geometry import Point

from stationgeo import report


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "name": ["暖蜂", "=1+1", None, "a\x00b"],
            "covered_share": [0.5, np.nan, 0.0, 1.0],
            "n": np.array([1, 2, 3, 4], dtype=np.uint64),
            "when": pd.to_datetime(["2026-11-20T00:00Z", None, None, None]),
        }
    )


def test_workbook_bytes_do_not_depend_on_the_clock(tmp_path: Path) -> None:
    report.write_workbook(tmp_path / "a.xlsx", {"one": table(), "two": table()})
    time.sleep(2.1)  # zip files know times to two seconds
    report.write_workbook(tmp_path / "b.xlsx", {"one": table(), "two": table()})
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_workbook_keeps_values_and_makes_no_formula_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    report.write_workbook(path, {"one": table()})
    sheet = openpyxl.load_workbook(path)["one"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["name", "covered_share", "n", "when"]
    assert rows[1] == ["暖蜂", 0.5, 1, "2026-11-20T00:00:00+00:00"]
    assert rows[2] == ["=1+1", None, 2, None]
    assert sheet["A3"].data_type == "s"
    assert rows[4][0] == "ab"
    assert sheet["B2"].number_format == "0.0%"


def test_empty_table_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    report.write_workbook(path, {"none": table().head(0)})
    assert openpyxl.load_workbook(path)["none"].max_row == 1


def test_geojson_is_rounded_and_has_no_nan(tmp_path: Path) -> None:
    path = tmp_path / "sites.geojson"
    frame = gpd.GeoDataFrame(table().head(2), geometry=[Point(114.123456789, 22.5), None], crs="EPSG:4326")
    report.write_geojson(path, frame)
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert features[0]["geometry"]["coordinates"] == [114.1234568, 22.5]
    assert features[0]["properties"] == {
        "name": "暖蜂",
        "covered_share": 0.5,
        "n": 1,
        "when": "2026-11-20T00:00:00+00:00",
    }
    assert features[1]["geometry"] is None
    assert features[1]["properties"]["covered_share"] is None
