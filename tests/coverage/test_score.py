"""Coverage against a town worked out by hand, plain loops, and the laws that a rate obeys."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, coverage, schema, stations, zones
from stationgeo.errors import ColumnError, DataError, ParameterError
from towns import LAT0, LON0, PLACES, RESOLUTION, Town, zones_of

KINDS = ("warm_bee", "merchant", "service_centre", "warm_bee_street")


def town() -> gpd.GeoDataFrame:
    """Two grids of three places each in one community, and a grid without demand in another."""
    return zones_of(
        ("west", "grid", "C1", -0.5, 2.5), ("east", "grid", "C1", 2.5, 5.5), ("void", "grid", "C2", 5.5, 6.5),
        ("C1", "community", "", -0.5, 5.5), ("C2", "community", "", 5.5, 6.5),
    )  # fmt: skip


DEMAND = Town.demand((0, "west", 8, 10), (1, "west", 8, 20), (2, "west", 9, 30), (3, "east", 8, 40), (4, "", 9, 100))
STATIONS = Town.stations(bee="warm_bee", shop="merchant", hall="service_centre", street="warm_bee_street")
REACH = Town.reach(
    ("bee", 0, 100), ("bee", 1, 300), ("shop", 1, 200), ("hall", 1, 250), ("hall", 2, 0), ("street", 3, 5),
    ("bee", 5, 7),
)  # fmt: skip


def score(**changes: object) -> coverage.Coverage:
    given_ = {"demand": DEMAND, "reach": REACH, "stations": STATIONS, "zones": town(), "weight": "visits"} | changes
    demand, reach = given_.pop("demand"), given_.pop("reach")
    return coverage.score(demand, reach, **given_)  # type: ignore[arg-type]


def test_toy_town_by_hand() -> None:
    # Inside the zones lie 10 + 20 + 30 + 40 = 100 visits, outside 100.
    # place 0: bee alone -> 10 warm-bee only; place 1: bee, shop (both warm-bee type) and hall -> 20 both;
    # place 2: hall alone -> 30 service centre only; place 3: only the street, a cluster, never counts -> 40 neither.
    result = score()
    head = result.headline
    assert (head["demand"], head["outside_demand"], head["covered_demand"]) == (100, 100, 60)
    assert [head[f"{name}_share"] for name in coverage.CLASSES] == pytest.approx([0.4, 0.1, 0.3, 0.2])
    assert (head["n_stations"], head["n_clusters"], head["n_zones"], head["n_blank_zones"]) == (3, 1, 3, 1)


def test_cells_name_their_nearest_station_and_their_class() -> None:
    table = score().cells.set_index("cell").loc[PLACES]
    assert table["class"].tolist() == [
        "warm_bee_only",
        "both",
        "service_centre_only",
        "neither",
        "neither",
        "warm_bee_only",
    ]
    assert table["nearest_station_id"].tolist() == ["bee", "shop", "hall", "", "", "bee"]
    assert table["nearest_m"].tolist() == pytest.approx([100, 200, 0, np.nan, np.nan, 7], nan_ok=True)
    assert table["n_stations"].tolist() == [1, 3, 1, 0, 0, 1]
    assert table["demand"].tolist() == [10, 20, 30, 40, 100, 0]
    assert table["zone_id"].tolist() == ["west", "west", "west", "east", "", ""]


def test_zones_of_every_level_and_outside() -> None:
    zones_table = score().zones.set_index(["level", "zone_id"])
    assert zones_table.loc[("grid", "west"), "covered_share"] == 1.0
    assert zones_table.loc[("grid", "east"), "covered_share"] == 0.0
    assert np.isnan(zones_table.loc[("grid", "void"), "covered_share"])  # no demand is no rate, not a rate of 0
    assert zones_table.loc[("community", "C1"), "covered_demand"] == 60
    assert zones_table.loc[("community", "C1"), "neither"] == 40
    for level in ("grid", "community"):
        assert zones_table.loc[(level, ""), "demand"] == 100
    assert zones_table.loc[("grid", "west"), "n_stations"] == 3
    assert zones_table.loc[("grid", "east"), "n_stations"] == 0  # the cluster at place 3 is no station
    assert zones_table.index.get_level_values("level").unique().tolist() == ["grid", "community"]


def test_stations_say_what_only_they_reach() -> None:
    table = score().stations.set_index("station_id")
    assert table["demand"].tolist() == [30, 20, 50, 0]
    assert table["unique_demand"].tolist() == [10, 0, 30, 0]
    assert table["n_cells"].tolist() == [3, 1, 2, 0]
    assert table["counted"].tolist() == [True, True, True, False]
    assert table["family"].tolist() == ["warm_bee", "warm_bee", "service_centre", ""]


def test_hours_are_scored_inside_the_zones() -> None:
    # Bin 8: 10 + 20 of 70 are covered; bin 9: 30 of 30 (the 100 outside do not enter).
    bins = score().bins
    assert bins["bin"].tolist() == [8, 9]
    assert bins["covered_share"].tolist() == pytest.approx([30 / 70, 1.0])


def test_without_zones_everything_counts() -> None:
    result = score(zones=None)
    assert result.headline["demand"] == 200
    assert result.headline["outside_demand"] == 0
    assert result.zones.empty
    assert "covered_share" in result.zones.columns


def test_greenfield_covers_nothing() -> None:
    none = STATIONS.iloc[:0]
    result = score(stations=none, reach=REACH.iloc[:0])
    assert result.headline["covered_share"] == 0
    assert (result.cells["class"] == "neither").all()
    assert result.stations.empty


def test_covered_area_comes_from_pieces() -> None:
    grids = town()
    pieces = zones.pieces(grids, resolution=RESOLUTION)
    table = score(pieces=pieces).zones.set_index(["level", "zone_id"])
    west = pieces[pieces["zone_id"] == "west"]
    assert table.loc[("grid", "west"), "area_m2"] == pytest.approx(west["area_m2"].sum(), rel=1e-12)
    # Three cells of the west are covered, each whole within it.
    covered = west[west["cell"].isin(PLACES[:3])]["area_m2"].sum()
    assert table.loc[("grid", "west"), "covered_area_m2"] == pytest.approx(covered, rel=1e-12)
    both = table.loc[[("grid", "west"), ("grid", "east")], "area_m2"].sum()
    assert table.loc[("community", "C1"), "area_m2"] == pytest.approx(both, rel=1e-12)


def test_round_trip_through_files(tmp_path: Path) -> None:
    result = score()
    result.to_parquet(tmp_path)
    back = coverage.Coverage.read(tmp_path)
    pd.testing.assert_frame_equal(back.cells, result.cells)
    pd.testing.assert_frame_equal(pd.DataFrame(back.zones), pd.DataFrame(result.zones))
    pd.testing.assert_frame_equal(back.bins, result.bins)
    assert back.headline == result.headline
    assert "60.0%" in result._repr_html_()


def test_wrong_tables_are_refused() -> None:
    with pytest.raises(DataError, match=r"no demand to cover: visits is 0 in all 5 rows"):
        score(demand=DEMAND.assign(visits=0.0))
    with pytest.raises(DataError, match=r"reach names 1 stations that are not in the stations table: 'ghost'"):
        score(reach=Town.reach(("ghost", 0, 1)))
    with pytest.raises(ParameterError, match=r"weight must be.*Got 'couriers'"):
        score(weight="couriers")
    with pytest.raises(ColumnError, match="column 'station_id' is missing"):
        score(reach=REACH.drop(columns="station_id"))
    finer = REACH.assign(cell=cells.from_lonlat(np.full(7, LON0), np.full(7, LAT0), resolution=9))
    with pytest.raises((ParameterError, DataError)):
        score(reach=finer.drop_duplicates(["station_id"]))
    with pytest.raises(DataError, match="cafe"):
        score(stations=STATIONS.assign(kind="cafe"))


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    weights = draw(st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(any))
    where = draw(st.lists(st.sampled_from(["west", "east", ""]), min_size=6, max_size=6))
    demand = Town.demand(*[(i, where[i], i % 2, float(weights[i])) for i in range(6)])
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    named = {f"s{i}": kind for i, kind in enumerate(kinds)}
    pairs = draw(st.sets(st.tuples(st.sampled_from(sorted(named)), st.integers(0, 5)), max_size=12))
    metres = draw(st.lists(st.integers(0, 500), min_size=len(pairs), max_size=len(pairs)))
    rows = [(*pair, float(m)) for pair, m in zip(sorted(pairs), metres, strict=True)]
    return demand, Town.reach(*rows), Town.stations(**named)


@settings(max_examples=40, deadline=None)
@given(towns())
def test_equal_to_plain_loops(drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]) -> None:
    demand, reach, places = drawn
    family = {
        row.station_id: {"service_centre": 2, "warm_bee_street": 0}.get(str(row.kind), 1) for row in places.itertuples()
    }
    sums = dict.fromkeys(coverage.CLASSES, 0.0)
    for row in demand[demand["zone_id"] != ""].itertuples():
        code = 0
        for way in reach.itertuples():
            if way.cell == row.cell:
                code |= family[way.station_id]
        sums[coverage.CLASSES[code]] += row.visits
    if sum(sums.values()) == 0:
        return
    head = score(demand=demand, reach=reach, stations=places).headline
    for name, value in sums.items():
        assert head[f"{name}_share"] == pytest.approx(value / sum(sums.values()), rel=1e-12, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(towns(), st.integers(0, 500), st.integers(0, 5))
def test_rates_are_monotone_and_totals_add_up(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame], cutoff: int, dropped: int
) -> None:
    demand, reach, places = drawn
    full = score(demand=demand, reach=reach, stations=places)
    shorter = score(demand=demand, reach=reach[reach["impedance_m"] <= cutoff], stations=places)
    fewer = score(demand=demand, reach=reach[reach["station_id"] != f"s{dropped}"], stations=places)
    assert shorter.headline["covered_demand"] <= full.headline["covered_demand"]
    assert fewer.headline["covered_demand"] <= full.headline["covered_demand"]
    total = demand["visits"].sum()
    assert full.cells["demand"].sum() == pytest.approx(total, rel=1e-12)
    for _, level in full.zones.groupby("level"):
        assert level["demand"].sum() == pytest.approx(total, rel=1e-12)
        assert level[list(coverage.CLASSES)].sum().sum() == pytest.approx(total, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(towns(), st.randoms())
def test_row_order_does_not_matter(drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame], chance: object) -> None:
    demand, reach, places = drawn
    seed = chance.randrange(2**32)  # type: ignore[attr-defined]
    plain = score(demand=demand, reach=reach, stations=places)
    mixed = score(
        demand=demand.sample(frac=1, random_state=seed), reach=reach.sample(frac=1, random_state=seed), stations=places
    )
    pd.testing.assert_frame_equal(plain.cells, mixed.cells)
    pd.testing.assert_frame_equal(pd.DataFrame(plain.zones), pd.DataFrame(mixed.zones))


def test_every_kind_but_clusters_counts() -> None:
    kinds = stations.kinds()
    names = {f"s{i}": kind for i, kind in enumerate(kinds["kind"])}
    reach = Town.reach(*[(name, 0, 1.0) for name in names])
    table = score(stations=Town.stations(**names), reach=reach).stations
    assert table["counted"].tolist() == (~kinds["cluster"]).tolist()
    assert schema.validate(table, schema.STATIONS) is table
