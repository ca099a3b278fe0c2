"""Real files are read in batches as they are read whole, and none of their columns is taken for a person's."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest

from stationgeo import io
from stationgeo.errors import DataError
from stationgeo.io._privacy import personal_columns

pytestmark = pytest.mark.real


def test_no_header_of_real_files_looks_personal(real_data: Path) -> None:
    for path in sorted(real_data.rglob("*")):
        if path.name.endswith((".csv", ".csv.gz")):
            names = pd.read_csv(path, nrows=0).columns
        elif path.suffix == ".parquet":
            names = pq.read_schema(path).names
        elif path.suffix in {".shp", ".json"}:
            names = gpd.read_file(path, rows=1).columns
        else:
            continue
        for table in ("FIXES", "STATIONS"):
            # The name of a district, in a file that is no table of fixes.
            found = set(personal_columns(names, table=table)) - ({"name"} if path.suffix == ".json" else set())
            assert not found, path.name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("geolife/fixes.parquet", {"datum": "WGS-84"}),
        (
            "lade/lade_gps_events.csv.gz",
            {
                "datum": "GCJ-02",
                "tz": "Asia/Shanghai",
                "year": 2022,
                "columns": {"lon": "lng"},
                "where": {"city": "Shanghai"},
            },
        ),
    ],
)
@pytest.mark.parametrize("batch_rows", [999, 1_000_000])
def test_batches_of_real_fixes_are_those_of_read_fixes(
    real_data: Path, name: str, options: dict[str, Any], batch_rows: int
) -> None:
    want = io.read_fixes(real_data / name, **options)
    scan = io.scan_fixes(real_data / name, **options, batch_rows=batch_rows)
    batches = list(scan.batches())
    got = pd.concat(
        pd.DataFrame({"courier_id": b.names[b.courier], "t": b.t_ms, "lon": b.lon, "lat": b.lat}) for b in batches
    )
    got = got[~got.duplicated(["courier_id", "t"])].sort_values(["courier_id", "t"], ignore_index=True)
    table = want.table.assign(t=want.table["t"].dt.as_unit("ms").astype("int64"))[list(got.columns)]
    pd.testing.assert_frame_equal(got, table, check_dtype=False)
    assert scan.report.rows_read == want.report.rows_read


def test_orders_of_real_couriers(real_data: Path) -> None:
    options = {"tz": "Asia/Shanghai", "year": 2024, "columns": {"lon": "lng", "kind": "event"}}
    path = real_data / "lade" / "lade_gps_events.csv.gz"
    picked = io.read_orders(path, datum="GCJ-02", kinds={"pickup": "pick_up"}, where={"event": "pickup"}, **options)
    assert picked.report.rows_read == 7_965
    assert {count.reason: count.rows for count in picked.report.dropped}["left out by where"] == 3_509
    assert len(picked.table) == 7_965 - sum(count.rows for count in picked.report.dropped)
    assert set(picked.table["kind"]) == {"pick_up"}
    with pytest.raises(DataError, match="must be one of pick_up, drop_off"):
        io.read_orders(path, datum="GCJ-02", kinds={"pickup": "pick_up"}, **options)
