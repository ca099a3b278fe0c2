import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from stationgeo import stations
from stationgeo.errors import ColumnError, DatumError, ParameterError
from stationgeo.stations._masks import unpack_bins

CODES = {"no": 0, "unknown": 1, "yes": 2}


def places(*rows: tuple[str, str, str | None], **more: list[object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["station_id", "kind", "premises_id"]).assign(**more)


def told(*rows: tuple[str, str, str], **more: list[object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["station_id", "service", "status"], dtype="str").assign(**more)


# One door with a centre and a red station, a merchant beside whose door has no name, and a cluster over all.
STREET = places(
    ("a", "service_centre", "P1"), ("m", "merchant", None), ("b", "red_station", "P1"), ("c", "service_circle", "P1"),
    ("n", "merchant", ""), name=["中心", "小店", "红站", "圈", None],
)  # fmt: skip


def test_several_brands_at_one_door_are_one_place_and_clusters_none() -> None:
    # Stations a, m, b, n: 4. Places {a, b}, {m}, {n}: 3.
    assert stations.count_premises(STREET).to_dict("list") == {"stations": [4], "premises": [3]}
    by_kind = stations.count_premises(STREET, by="kind").set_index("kind")
    assert by_kind["stations"].to_dict() == {"merchant": 2, "red_station": 1, "service_centre": 1}
    assert by_kind["premises"].sum() == 4  # the door counts for both of its kinds


def test_a_place_tells_its_brands_its_best_tier_and_who_stands_for_it() -> None:
    table = stations.by_premises(STREET, far_m=10).table
    assert table["station_id"].tolist() == ["b", "m", "n"]  # a red station is full, a centre a host
    assert table["premises_id"].tolist() == ["P1", "", ""]
    assert table["station_ids"].tolist() == [("a", "b"), ("m",), ("n",)]
    assert table["kinds"].tolist() == [("service_centre", "red_station"), ("merchant",), ("merchant",)]
    assert table["names"].tolist()[:2] == [("中心", "红站"), ("小店",)]
    assert table["tier"].tolist() == ["full", "partial", "partial"]
    assert table["n_stations"].tolist() == [2, 1, 1]
    assert stations.by_premises(STREET, far_m=10).members.tolist() == [0, 1, 0, 2]


def test_names_of_doors_and_of_stations_are_not_mixed_up() -> None:
    # A station called P1 without a door of its own is not at the door P1.
    given_ = places(("P1", "merchant", None), ("a", "merchant", "P1"), ("b", "merchant", " P1 "))
    assert stations.count_premises(given_)["premises"].item() == 2
    assert stations.count_premises(given_.drop(columns="premises_id"))["premises"].item() == 3


def test_a_place_offers_what_any_of_its_stations_offers() -> None:
    rows = told(
        ("a", "rest", "no"), ("b", "rest", "yes"), ("a", "water", "unknown"), ("b", "water", "no"), ("a", "beds", "no"),
        ("b", "beds", "no"), ("m", "rest", "no"), capacity=[4.0, 6.0, None, None, None, 2.0, None],
    )  # fmt: skip
    made = stations.by_premises(STREET, stations.offers(STREET, rows, hours=None), far_m=10).offers
    assert made is not None
    assert made.station_id.tolist() == ["b", "m", "n"]
    door = dict(zip(made.services, made.status[0].tolist(), strict=True))
    assert (door["rest"], door["water"], door["beds"], door["meals"]) == (2, 1, 0, 1)
    seats = dict(zip(made.services, made.capacity[0].tolist(), strict=True))
    assert (seats["rest"], seats["beds"]) == (6, 2)
    assert np.isnan(seats["water"])
    low, high = made.of("water")
    assert (int(low[0].sum()), unpack_bins(high, n_bins=168)[0].all()) == (0, True)


@given(
    doors=st.lists(st.sampled_from(["P1", "P2", ""]), min_size=1, max_size=6),
    data=st.data(),
)
def test_the_union_is_that_of_the_bins_of_all_stations(doors: list[str], data: st.DataObject) -> None:
    ids = [f"s{i}" for i in range(len(doors))]
    given_ = places(*[(one, "merchant", door) for one, door in zip(ids, doors, strict=True)])
    statuses = data.draw(st.lists(st.sampled_from(list(CODES)), min_size=len(ids), max_size=len(ids)))
    offers = stations.offers(given_, told(*[(i, "rest", s) for i, s in zip(ids, statuses, strict=True)]), hours=None)
    made = stations.by_premises(given_, offers, far_m=0)
    assert made.offers is not None
    at = made.offers.services.index("rest")
    for row in made.table.itertuples():
        rows = [ids.index(one) for one in row.station_ids]
        best = max(CODES[statuses[i]] for i in rows)
        assert made.offers.status[row.Index, at] == best
        for united, single in ((made.offers.low, offers.low), (made.offers.high, offers.high)):
            assert (united[row.Index] == np.bitwise_or.reduce(single[rows], axis=0)).all()
    assert sorted(one for row in made.table["station_ids"] for one in row) == ids  # each station once


def test_doors_whose_stations_lie_apart_are_reported() -> None:
    # At 22.5 N a thousandth of a degree of latitude is 110.7 m (the arc of the meridian there).
    shapes = [Point(114, 22.5), Point(114, 22.5), Point(114, 22.501), Point(114, 22.6), Point(114.2, 22.5)]
    frame = gpd.GeoDataFrame(STREET, geometry=shapes, crs="EPSG:4326")
    made = stations.by_premises(frame, far_m=100)
    assert made.table["spread_m"].tolist() == pytest.approx([110.7, 0, 0], abs=0.1)
    assert made.far["premises_id"].tolist() == ["P1"]
    assert isinstance(made.table, gpd.GeoDataFrame)
    assert made.table.crs.to_epsg() == 4326
    assert made.table.geometry.iloc[0] == Point(114, 22.501)  # where b stands
    assert "1 spread over more than 100 m" in made._repr_html_()
    assert stations.by_premises(frame, far_m=111).far.empty
    assert stations.by_premises(STREET, far_m=1).table["spread_m"].isna().all()


def test_no_station_makes_no_place() -> None:
    made = stations.by_premises(STREET.iloc[:0], far_m=10)
    assert made.table.empty
    assert stations.count_premises(STREET.iloc[:0]).to_dict("list") == {"stations": [0], "premises": [0]}


def test_wrong_calls_are_named() -> None:
    with pytest.raises(ColumnError, match="'zone' is missing"):
        stations.count_premises(STREET, by="zone")
    with pytest.raises(ColumnError, match="'station_id' is missing"):
        stations.count_premises(STREET.drop(columns="station_id"))
    with pytest.raises(ParameterError, match="far_m must be a length in metres"):
        stations.by_premises(STREET, far_m=-1)
    other = stations.offers(places(("z", "merchant", None)), told(), hours=None)
    with pytest.raises(ParameterError, match=r"the same 4 stations in the same order\. Got 1, of others: 'z'"):
        stations.by_premises(STREET, other, far_m=1)
    flat = gpd.GeoDataFrame(STREET, geometry=[Point(0, 0)] * 5, crs="EPSG:3857")
    with pytest.raises(DatumError, match="EPSG:3857"):
        stations.by_premises(flat, far_m=1)
