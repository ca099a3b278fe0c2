import datetime as dt
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import Point

from stationgeo import io, stations
from stationgeo.errors import ColumnError, DataError, ParameterError

KINDS = tuple(stations.kinds()["kind"])
TREE = {
    "outdoor": {"warm_bee", "warm_bee_street", "merchant", "driver_home", "red_station", "outdoor_worker"},
    "warm_bee_network": {"warm_bee", "warm_bee_street", "merchant"},
    "party_masses": {"service_centre", "trucker_point", "service_circle"},
}


def places(*kinds: str, **more: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"station_id": [f"s{i}" for i in range(len(kinds))], "kind": kinds, **more})


@pytest.mark.parametrize("group", TREE)
def test_a_group_holds_all_kinds_below_it(group: str) -> None:
    assert set(stations.kinds_below(group)) == TREE[group]


def test_every_kind_is_below_itself_and_one_group_at_the_top() -> None:
    for kind in KINDS:
        assert kind in stations.kinds_below(kind)
        assert sum(kind in stations.kinds_below(group) for group in ("outdoor", "party_masses")) == 1


def test_a_kind_may_stand_below_a_kind(tmp_path: Path) -> None:
    text = Path(stations.__file__).with_name("kinds.toml").read_text(encoding="utf-8")
    old = 'also = []\nparent = "party_masses"\nfamily = "service_centre"\ntier = "partial"'
    assert text.count(old) == 1
    (tmp_path / "kinds.toml").write_text(
        text.replace(old, old.replace("party_masses", "service_centre")), encoding="utf-8"
    )
    mine = stations.read_catalogue(tmp_path)
    assert stations.kinds_below("service_centre", catalogue=mine) == ("service_centre", "trucker_point")
    assert "trucker_point" in stations.kinds_below("party_masses", catalogue=mine)
    given_ = places("service_centre", "trucker_point", "merchant")
    kept = stations.with_kinds(given_, kinds=["service_centre"], catalogue=mine)
    assert kept["station_id"].tolist() == ["s0", "s1"]


def test_a_rows_own_tier_stands_before_that_of_its_kind() -> None:
    given_ = places("warm_bee", "merchant", "merchant", "service_centre", tier=[None, "full", "", "partial"])
    assert stations.tier_of(given_).tolist() == ["full", "full", "partial", "partial"]
    assert stations.tier_of(given_.drop(columns="tier")).tolist() == ["full", "partial", "partial", "host"]
    kept = stations.with_kinds(given_, tiers=["full"])
    assert kept["station_id"].tolist() == ["s0", "s1"]


def test_clusters_are_never_selected_though_they_stand_below_a_group() -> None:
    given_ = places("warm_bee_street", "warm_bee", "service_circle")
    assert stations.with_kinds(given_, kinds=["warm_bee_network", "warm_bee_street"])["station_id"].tolist() == ["s1"]
    assert stations.with_kinds(given_)["station_id"].tolist() == ["s1"]
    assert len(given_) == 3


@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=8),
    some=st.sets(st.sampled_from([*KINDS, *TREE])),
    more=st.sets(st.sampled_from([*KINDS, *TREE])),
    tiers=st.sets(st.sampled_from(["full", "partial", "host"])),
)
def test_more_kinds_and_tiers_never_select_fewer(
    kinds: list[str], some: set[str], more: set[str], tiers: set[str]
) -> None:
    given_ = places(*kinds)
    few = set(stations.with_kinds(given_, kinds=some, tiers=tiers)["station_id"])
    assert few <= set(stations.with_kinds(given_, kinds=some | more, tiers=tiers)["station_id"])
    assert few <= set(stations.with_kinds(given_, kinds=some)["station_id"])


def test_wrong_kinds_and_tiers_are_named() -> None:
    given_ = places("merchant")
    with pytest.raises(ParameterError, match="unknown kind or group 'outdor'; did you mean 'outdoor'"):
        stations.with_kinds(given_, kinds=["outdor"])
    with pytest.raises(ParameterError, match="unknown tier 'cluster'"):
        stations.with_kinds(given_, tiers=["cluster"])
    with pytest.raises(ParameterError, match=r"kinds must be several names: \['merchant'\]"):
        stations.with_kinds(given_, kinds="merchant")
    with pytest.raises(DataError, match=r"column 'tier' must be one of full, .*1 of 1 rows are not: 'best'"):
        stations.tier_of(given_.assign(tier="best"))
    with pytest.raises(DataError, match=r"1 rows have the tier 'cluster' without such a kind.*'merchant'"):
        stations.tier_of(given_.assign(tier="cluster"))
    with pytest.raises(DataError, match="or the other way round: 'service_circle'"):
        stations.tier_of(places("service_circle").assign(tier="full"))
    with pytest.raises(ColumnError, match="'kind' is missing"):
        stations.with_kinds(given_.drop(columns="kind"))


def dated(first: list[str | None], last: list[str | None]) -> pd.DataFrame:
    days = {
        name: pd.Series(pd.to_datetime(values)).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
        for name, values in (("valid_from", first), ("valid_to", last))
    }
    return places(*["merchant"] * len(first)).assign(**days)


def test_first_and_last_day_both_count() -> None:
    given_ = dated(
        ["2026-03-12", "2026-03-13", "2026-03-01", "2026-03-01", None, "2026-03-12"],
        ["2026-03-12", "2026-03-20", "2026-03-11", None, None, None],
    )
    made = stations.valid_at(given_, as_of="2026-03-12", tz="Asia/Shanghai")
    assert made.table["station_id"].tolist() == ["s0", "s3", "s4", "s5"]
    assert (made.not_yet, made.no_longer, made.undated) == (("s1",), ("s2",), 1)
    assert made.as_of == dt.date(2026, 3, 12)
    assert "1 not yet, 1 no longer, 1 say nothing of it" in made._repr_html_()
    # Shanghai's 12 March begins on the 11th in UTC: with that zone, the first station's day was the day before.
    assert "s0" in stations.valid_at(given_, as_of=dt.date(2026, 3, 11), tz="UTC").table["station_id"].tolist()


def test_days_that_a_reader_read_are_those_of_its_time_zone() -> None:
    raw = pd.DataFrame({
        "station_id": ["A", "B"], "lon": [114.0, 114.1], "lat": [22.5, 22.5],
        "valid_from": ["2026-03-12", ""], "valid_to": ["", "2026-03-11"],
    })  # fmt: skip
    read = io.read_stations(raw, datum="WGS-84", default_kind="warm_bee", tz="Asia/Shanghai").table
    names = [
        stations.valid_at(read, as_of=day, tz="Asia/Shanghai").table["station_id"].tolist()
        for day in ("2026-03-11", "2026-03-12")
    ]
    assert names == [["B"], ["A"]]


@given(
    spans=st.lists(st.tuples(st.none() | st.integers(0, 20), st.none() | st.integers(0, 20)), max_size=6),
    day=st.integers(0, 20),
)
def test_a_day_splits_stations_into_there_not_yet_and_no_longer(
    spans: list[tuple[int | None, int | None]], day: int
) -> None:
    kept = [(a, b) for a, b in spans if a is None or b is None or a <= b]
    text = [[None if x is None else f"2026-01-{x + 1:02d}" for x in pair] for pair in kept]
    given_ = dated([a for a, _ in text], [b for _, b in text])
    made = stations.valid_at(given_, as_of=f"2026-01-{day + 1:02d}", tz="Asia/Shanghai")
    there = [f"s{i}" for i, (a, b) in enumerate(kept) if (a is None or a <= day) and (b is None or day <= b)]
    assert made.table["station_id"].tolist() == there
    assert sorted([*there, *made.not_yet, *made.no_longer]) == sorted(given_["station_id"])


def test_stations_without_days_are_there_and_geometry_stays() -> None:
    frame = gpd.GeoDataFrame(places("merchant"), geometry=[Point(114, 22.5)], crs="EPSG:4326")
    made = stations.valid_at(frame, as_of="2026-03-12", tz="Asia/Shanghai")
    assert isinstance(made.table, gpd.GeoDataFrame)
    assert (len(made.table), made.undated) == (1, 1)


def test_wrong_days_are_named() -> None:
    given_ = dated(["2026-03-12"], ["2026-03-20"])
    with pytest.raises(ParameterError, match=r"a day like '2026-11-20'. Got '12 March'"):
        stations.valid_at(given_, as_of="12 March", tz="Asia/Shanghai")
    with pytest.raises(ParameterError, match="a day without an hour"):
        stations.valid_at(given_, as_of=dt.datetime(2026, 3, 12, tzinfo=dt.UTC), tz="Asia/Shanghai")
    with pytest.raises(ParameterError, match="did you mean 'Asia/Shanghai'"):
        stations.valid_at(given_, as_of="2026-03-12", tz="Asia/Shangai")
    with pytest.raises(ColumnError, match=r"'valid_from' must hold UTC times\. Got str"):
        stations.valid_at(places("merchant", valid_from=["2026"]), as_of="2026-03-12", tz="Asia/Shanghai")
    with pytest.raises(ColumnError, match="'station_id' is missing"):
        stations.valid_at(given_.drop(columns="station_id"), as_of="2026-03-12", tz="Asia/Shanghai")
    with pytest.raises(DataError, match=r"valid_to lies before valid_from in 1 of 1 rows: 's0'"):
        stations.valid_at(dated(["2026-03-13"], ["2026-03-12"]), as_of="2026-03-12", tz="Asia/Shanghai")
