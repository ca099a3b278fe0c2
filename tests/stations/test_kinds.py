import tomllib
from importlib import resources

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import stations
from stationgeo.errors import ColumnError, DataError, DatumError


def test_every_kind_is_named_placed_and_sourced() -> None:
    table = stations.kinds()
    assert set(table["kind"]) == {
        "warm_bee", "warm_bee_street", "driver_home", "merchant", "service_centre", "red_station", "outdoor_worker",
        "trucker_point", "service_circle",
    }  # fmt: skip
    assert table["kind"].is_unique
    assert table["family"].isin(stations.FAMILIES).all()
    assert table["tier"].isin(stations.TIERS).all()
    for column in ("zh", "en", "source"):
        assert (table[column].str.len() > 0).all()
    for column in ("zh", "en"):
        assert table[column].is_unique


def test_clusters_and_only_clusters_have_the_tier_cluster() -> None:
    table = stations.kinds()
    assert table.loc[table["cluster"], "kind"].tolist() == ["warm_bee_street", "service_circle"]
    assert ((table["tier"] == "cluster") == table["cluster"]).all()


def test_party_and_masses_hosts_are_service_centres_and_all_else_is_warm_bee() -> None:
    table = stations.counted(stations.kinds())
    centres = table.loc[table["family"] == "service_centre", "kind"].tolist()
    assert centres == ["service_centre", "trucker_point"]


def test_services_hold_the_six_abilities_and_the_nine_needs() -> None:
    table = stations.services()
    assert (table["ability"] != "").sum() == 6
    needs = set(table["need"]) - {""}
    assert needs == {"用餐难", "喝水难", "休息难", "如厕难", "停车难", "分拣难", "进门难", "充电难", "住宿难"}
    assert (table["need"] == "充电难").sum() == 4  # phone, e-bike, battery swap and car are four services
    assert table.loc[table["service"] == "toilets", "ability"].item() == ""  # six abilities leave needs unserved


def test_versions_are_those_in_the_shipped_files() -> None:
    for name, version in stations.data_versions().items():
        text = resources.files("stationgeo.stations").joinpath(name).read_text(encoding="utf-8")
        assert tomllib.loads(text)["version"] == version
        assert version


def test_a_caller_cannot_change_the_kinds() -> None:
    mine = stations.kinds()
    mine.loc[:, "family"] = "nothing"
    assert stations.family_of(["merchant"]).tolist() == ["warm_bee"]


def test_family_and_cluster_of_arrays_also_empty_ones() -> None:
    given = np.array(["driver_home", "trucker_point", "service_circle"])
    assert stations.family_of(given).tolist() == ["warm_bee", "service_centre", "service_centre"]
    assert stations.is_cluster(given).tolist() == [False, False, True]
    assert stations.family_of([]).shape == stations.is_cluster([]).shape == (0,)
    assert stations.is_cluster([]).dtype == np.bool_


def test_counted_leaves_out_clusters_and_keeps_the_rest() -> None:
    shapes = [shapely.Point(114, 22.5), shapely.LineString([(114, 22.5), (114.01, 22.5)]), shapely.Point(114.1, 22.5)]
    rows = {"station_id": ["a", "b", "c"], "kind": ["merchant", "warm_bee_street", "red_station"]}
    given = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    kept = stations.counted(given)
    assert isinstance(kept, gpd.GeoDataFrame)
    assert kept["station_id"].tolist() == ["a", "c"]
    assert kept.index.tolist() == [0, 1]
    assert len(given) == 3


def test_unknown_kinds_are_counted_shown_and_corrected() -> None:
    frame = pd.DataFrame({"kind": ["merchant", "warm_be", "x", "y", "z"]}, index=[2, 3, 4, 5, 6])
    said = (
        r"^stations\.csv: .*kinds\.toml; 4 of 5 rows do not: 'warm_be' \(row 3\), 'x' \(row 4\), 'y' \(row 5\), "
        r"\.\.\.\. Did you mean 'warm_bee'\? Known: "
    )
    with pytest.raises(DataError, match=said):
        stations.check_kinds(frame, source="stations.csv")


def test_unknown_kinds_are_named_by_code_where_there_is_one() -> None:
    table = pd.DataFrame({"station_id": ["S1", "S2"], "kind": ["warm_bee", "cafe"]}, index=[7, 8])
    with pytest.raises(DataError, match=r"1 of 2 rows do not: 'cafe' \(station_id 'S2'\)"):
        stations.check_kinds(table)


@pytest.mark.parametrize("name", ["暖蜂驿站", "Warm-bee station"])
def test_the_name_that_people_use_leads_to_its_kind(name: str) -> None:
    with pytest.raises(DataError, match=rf"{name!r} is written 'warm_bee'"):
        stations.check_kinds(pd.DataFrame({"kind": [name]}))


def test_missing_kinds_and_missing_column_are_refused() -> None:
    with pytest.raises(DataError, match="1 of 2 rows do not"):
        stations.check_kinds(pd.DataFrame({"kind": ["merchant", None]}))
    with pytest.raises(ColumnError, match="column 'kind' is missing"):
        stations.check_kinds(pd.DataFrame({"kinds": ["merchant"]}))
    with pytest.raises(DataError, match=r"^kinds: .*1 of 1 rows"):
        stations.family_of(["nothing of the sort"])


def test_coordinates_come_from_points_in_wgs84_only() -> None:
    shapes = [shapely.Point(114, 22.5), None, shapely.Point(), shapely.LineString([(114, 22.5), (114.01, 22.5)])]
    frame = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4326")
    with pytest.raises(
        DataError,
        match=r"a\.xlsx: .*3 of 4 rows are not: none \(row 1\), empty Point \(row 2\), LineString \(row 3\)\.",
    ):
        stations.lonlat(frame, source="a.xlsx")
    lon, lat = stations.lonlat(frame.iloc[:1])
    assert (lon.tolist(), lat.tolist()) == ([114.0], [22.5])
    with pytest.raises(DatumError, match=r"EPSG:4326.*EPSG:3857"):
        stations.lonlat(frame.iloc[:1].to_crs("EPSG:3857"))
    with pytest.raises(ColumnError, match="column 'geometry' is missing"):
        stations.lonlat(pd.DataFrame({"kind": []}))
    assert stations.lonlat(frame.iloc[:0])[0].shape == (0,)
