"""What closing stations loses, against a town worked out by hand, plain loops over closures, and the laws of sets."""

from itertools import combinations, product
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from stationgeo import cells, coverage
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.stations import Offers, unpack_bins
from towns import offers_of

STEP_DEG = 0.01
LON0, LAT0 = 114.0, 22.5
N_PLACES = 5
PLACES = np.sort(cells.from_lonlat(LON0 + STEP_DEG * np.arange(N_PLACES), np.full(N_PLACES, LAT0), resolution=10))


def demand_of(*rows: tuple[int, str, int, float]) -> pd.DataFrame:
    """Rows of (place, zone, bin, visits)."""
    table = pd.DataFrame(rows, columns=["place", "zone_id", "bin", "visits"])
    return pd.DataFrame(
        {
            "cell": PLACES[table["place"].to_numpy(dtype=int)],
            "zone_id": table["zone_id"].astype("str"),
            "bin": table["bin"].astype("int64"),
            "courier_s": 0.0,
            "visits": table["visits"].astype("float64"),
            "courier_weight": 0.0,
            "couriers": np.nan,
            "observed_days": 1.0,
        }
    )


def reach_of(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Rows of (station, place, seconds)."""
    table = pd.DataFrame(rows, columns=["station_id", "place", "impedance_s"])
    return pd.DataFrame(
        {
            "station_id": table["station_id"].astype("str"),
            "cell": PLACES[table["place"].to_numpy(dtype=int)],
            "impedance_s": table["impedance_s"].astype("float64"),
        }
    )


def stations_of(**hosts: str | None) -> gpd.GeoDataFrame:
    """Stations with their host; the one named "street" is a cluster."""
    kinds = ["warm_bee_street" if name == "street" else "warm_bee" for name in hosts]
    points = gpd.GeoSeries([Point(LON0 + STEP_DEG * i, LAT0) for i in range(len(hosts))], crs="EPSG:4326")
    texts = {"station_id": list(hosts), "kind": kinds, "host": list(hosts.values())}
    return gpd.GeoDataFrame({name: pd.Series(rows, dtype="str") for name, rows in texts.items()}, geometry=points)


def town() -> gpd.GeoDataFrame:
    """Two grids in one community."""
    shapes = [box(113 + a, 22, 113 + b, 23) for a, b in ((0, 1), (1, 2), (0, 2))]
    table = {
        "zone_id": ["west", "east", "C"],
        "level": ["grid", "grid", "community"],
        "parent_id": ["C", "C", ""],
        "name": ["west", "east", "C"],
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


# place 0: a alone. place 1: a (100 s) and b (250 s). place 2: b and c, both of one bank, c nearer by 30 s.
# place 3: nobody but a cluster. place 4, outside: b alone.
DEMAND = demand_of(
    (0, "west", 8, 10), (1, "west", 8, 20), (1, "east", 22, 5), (2, "east", 8, 40), (3, "east", 8, 25), (4, "", 8, 9)
)
STATIONS = stations_of(a="post", b="bank", c="bank", d=None, street="bank")
REACH = reach_of(
    ("a", 0, 50), ("a", 1, 100), ("b", 1, 250), ("b", 2, 90), ("c", 2, 60), ("street", 3, 1), ("b", 4, 10)
)  # fmt: skip


def critical(**changes: Any) -> coverage.Criticality:  # noqa: ANN401 - what a test changes
    asked = {"demand": DEMAND, "reach": REACH, "stations": STATIONS, "zones": town(), "weight": "visits"} | changes
    return coverage.criticality(asked.pop("demand"), asked.pop("reach"), **asked)


def test_stations_by_hand() -> None:
    found = critical()
    table = found.stations.set_index("station_id")
    assert table.index.tolist() == ["a", "b", "c", "d"]
    assert table["reached_demand"].tolist() == [35, 65, 40, 0]
    assert table["unique_demand"].tolist() == [10, 0, 0, 0]
    assert table["unique_share"].tolist() == [0.1, 0, 0, 0]
    # a is the nearest of 25 that go 150 s farther to b, c of 40 that go 30 s farther to b.
    assert table["rerouted_demand"].tolist() == [25, 0, 40, 0]
    assert table["extra_s"].tolist() == pytest.approx([150, np.nan, 30, np.nan], nan_ok=True)
    assert table["n_cells"].tolist() == [2, 2, 1, 0]
    assert table["redundant"].tolist() == [False, True, True, True]
    told = found.headline
    assert (told["demand"], told["covered_demand"], told["backed_up_demand"]) == (100, 75, 65)
    assert (told["outside_demand"], told["n_stations"], told["n_redundant"], told["n_closable"]) == (9, 4, 3, 2)
    assert (told["worst_station_id"], told["worst_share"]) == ("a", 0.1)
    assert "4 stations" in found._repr_html_()


def test_closing_list_by_hand() -> None:
    # d reaches nobody and goes first. b and c lose nothing; c reaches less and goes first. Then b alone has place 2,
    # and of 40 with it; a has place 0 (10) alone: a goes, 10. b last: 40 + 25, for place 1 is its own by then.
    closing = critical().closing
    assert closing["station_id"].tolist() == ["d", "c", "a", "b"]
    assert closing["lost_demand"].tolist() == [0, 0, 10, 65]
    assert closing["total_lost_demand"].tolist() == [0, 0, 10, 75]
    assert closing["covered_share"].tolist() == [0.75, 0.75, 0.65, 0]
    assert closing["bound_demand"].tolist() == [0, 0, 0, 10]  # 0, 0, 0, 10 are the unique demands
    ranks = critical().stations.set_index("station_id")["closing_rank"]
    assert ranks.to_dict() == {"d": 1, "c": 2, "a": 3, "b": 4}


def test_a_chain_loses_more_than_its_stations() -> None:
    groups = critical(group_by="host").groups.set_index("group")
    assert groups.index.tolist() == ["bank", "post"]
    assert groups["n_stations"].tolist() == [2, 1]
    # The bank alone covers place 2 (40), though neither of its stations does; a is nearer at place 1.
    assert groups["lost_demand"].tolist() == [40, 10]
    assert groups["lost_share"].tolist() == [0.4, 0.1]
    assert groups["sum_of_unique_demand"].tolist() == [0, 10]
    assert groups["rerouted_demand"].tolist() == [0, 25]
    assert groups["extra_s"].tolist() == pytest.approx([np.nan, 150], nan_ok=True)
    assert critical().groups.empty


def test_for_whom_and_when() -> None:
    found = critical(group_by="host", spans={"night": [22, 23], "rush": range(8, 10)})
    zones = found.zones.set_index(["closing", "id", "level", "zone_id"])
    assert zones["lost_demand"].to_dict() == {
        ("station", "a", "grid", "west"): 10, ("station", "a", "community", "C"): 10,
        ("group", "bank", "grid", "east"): 40, ("group", "bank", "community", "C"): 40,
        ("group", "post", "grid", "west"): 10, ("group", "post", "community", "C"): 10,
    }  # fmt: skip
    assert zones.loc[("group", "bank", "grid", "east"), "lost_share"] == 40 / 70
    spans = found.spans[found.spans["closing"] == "group"].set_index(["id", "span"])
    assert spans["lost_demand"].to_dict() == {
        ("bank", "night"): 0, ("post", "night"): 0, ("bank", "rush"): 40, ("post", "rush"): 10
    }  # fmt: skip
    assert spans.loc[("bank", "rush"), "lost_share"] == 40 / 95
    assert found.bins[found.bins["closing"] == "station"].to_numpy().tolist() == [["station", "a", 8, 10.0]]


SERVICES = ("water", "toilets")


def standard(**fields: Any) -> coverage.Standard:  # noqa: ANN401 - fields of one
    words = {"name": "asked", "version": "1", "zh": "问", "en": "what is asked", "source": "a test", "mode": "walk"}
    return coverage.Standard(**({**words, "cutoff_s": 1_000.0, "open_then": True} | fields))


def test_hours_and_services_by_hand() -> None:
    # At 22 b is closed: place 1 then has a alone. Toilets: only a and c, so that b's backup does not count.
    low = np.zeros((4, 2, 168), dtype=bool)
    low[:, 0] = True
    low[1, 0, 22] = False
    low[[0, 2], 1] = True
    offers = offers_of(["a", "b", "c", "d"], low, low, services=SERVICES)
    by_hour = critical(offers=offers, standard=standard(), spans={"night": [22]})
    assert by_hour.stations["unique_demand"].tolist() == [15, 0, 0, 0]
    assert by_hour.spans.set_index("id").loc["a", "lost_share"] == 1
    toilets = critical(offers=offers, standard=standard(services=("toilets", "water"), together=True))
    assert toilets.stations["unique_demand"].tolist() == [35, 0, 40, 0]
    assert toilets.headline["covered_demand"] == 75
    # Demand of an unknown hour is served for sure by who is there in every hour: not by b, who may be.
    unknown = critical(demand=DEMAND.assign(bin=-1), offers=offers, standard=standard())
    assert unknown.stations["unique_demand"].tolist() == [35, 0, 40, 0]
    assert unknown.stations["unique_demand_low"].tolist() == [10, 0, 0, 0]
    assert unknown.stations["unique_demand_high"].tolist() == [35, 0, 40, 0]


def test_what_is_not_known_makes_a_range_by_hand() -> None:
    # Nobody knows whether b and c are open at 8. At place 2 (40) either may be the only one; at place 1, where a is for
    # sure, b saves it or not: a loses 10 there where only it reaches, and 20 more at most; at 22 all is known.
    low = np.ones((4, 2, 168), dtype=bool)
    low[1:3, :, 8] = False
    offers = offers_of(["a", "b", "c", "d"], low, np.ones_like(low), services=SERVICES)
    found = critical(offers=offers, standard=standard(), group_by="host")
    assert found.stations["unique_demand"].tolist() == [30, 0, 0, 0]
    assert found.stations["unique_demand_low"].tolist() == [10, 0, 0, 0]
    assert found.stations["unique_demand_high"].tolist() == [30, 40, 40, 0]
    # The bank has both of place 2: it loses nothing for sure, and all of it at most.
    groups = found.groups.set_index("group")
    assert groups[["lost_demand_low", "lost_demand", "lost_demand_high"]].loc["bank"].tolist() == [0, 0, 40]
    told = found.headline
    assert (told["covered_demand"], told["covered_demand_high"]) == (35, 75)
    assert (told["backed_up_demand"], told["backed_up_demand_high"]) == (5, 65)
    assert (told["n_redundant"], told["n_redundant_low"]) == (3, 1)


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame, np.ndarray]:
    n_bins = draw(st.sampled_from([2, 70]))
    bins = [0, n_bins - 1, -1]
    weights = draw(st.lists(st.integers(0, 30), min_size=10, max_size=10).filter(any))
    where = draw(st.lists(st.sampled_from(["west", "east"]), min_size=10, max_size=10))
    demand = demand_of(*[(i % N_PLACES, where[i], bins[i % 3], float(weights[i])) for i in range(10)])
    n = draw(st.integers(1, 5))
    hosts = draw(st.lists(st.sampled_from(["bank", "post", None]), min_size=n, max_size=n))
    stations = stations_of(**{f"s{i}": host for i, host in enumerate(hosts)})
    pairs = sorted(draw(st.sets(st.tuples(st.integers(0, n - 1), st.integers(0, N_PLACES - 1)), max_size=16)))
    seconds = draw(st.lists(st.integers(0, 9), min_size=len(pairs), max_size=len(pairs)))
    reach = reach_of(*[(f"s{i}", place, float(s)) for (i, place), s in zip(pairs, seconds, strict=True)])
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = chance.random((n, 2, n_bins)) < chance.choice([0.6, 0.95])
    return demand, reach, stations, low


def offered(stations: gpd.GeoDataFrame, low: np.ndarray) -> Offers:
    return offers_of(stations["station_id"].tolist(), low, low, services=SERVICES)


def covered_by(demand: pd.DataFrame, reach: pd.DataFrame, offers: Any, names: set[str]) -> np.ndarray:  # noqa: ANN401
    """Tell per row of demand whether one of the stations covers it: open for sure, in an unknown hour always."""
    flags = unpack_bins(offers.open_low, n_bins=offers.n_bins)
    found = []
    for row in demand.itertuples():
        there = set(reach.loc[reach["cell"] == row.cell, "station_id"]) & names
        numbers = [int(name[1:]) for name in there]
        found.append(any(flags[i].all() if row.bin < 0 else flags[i, row.bin] for i in numbers))
    return np.array(found)


@settings(max_examples=15, deadline=None)
@given(towns())
def test_equal_to_closing_them_one_by_one(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame, np.ndarray],
) -> None:  # fmt: skip
    demand, reach, stations, low = drawn
    offers = offered(stations, low)
    result = critical(
        demand=demand, reach=reach, stations=stations, offers=offers, standard=standard(), group_by="host",
        spans={"x": [0]},
    )  # fmt: skip
    visits, names = demand["visits"].to_numpy(), set(stations["station_id"])

    def covered(open_: set[str]) -> float:
        return float(visits[covered_by(demand, reach, offers, open_)].sum())

    full = covered(names)
    assert result.headline["covered_demand"] == pytest.approx(full)
    unique = dict(zip(result.stations["station_id"], result.stations["unique_demand"], strict=True))
    for name in names:
        assert unique[name] == pytest.approx(full - covered(names - {name}))
        lost = covered_by(demand, reach, offers, names) & ~covered_by(demand, reach, offers, names - {name})
        told = result.zones[(result.zones["id"] == name) & (result.zones["level"] == "grid")]
        expected = demand[lost].groupby("zone_id")["visits"].sum()
        assert told.set_index("zone_id")["lost_demand"].to_dict() == expected[expected > 0].to_dict()
        first_bin = float(visits[lost & (demand["bin"] == 0).to_numpy()].sum())
        assert result.spans.set_index("id").loc[name, "lost_demand"] == first_bin
    for row in result.groups.itertuples():
        members = set(stations.loc[stations["host"] == row.group, "station_id"])
        assert row.lost_demand == pytest.approx(full - covered(names - members))
        assert row.lost_demand >= row.sum_of_unique_demand - 1e-9
    # The greedy list loses what it says it does, is greedy, and never beats the bound, which holds for every set.
    left, gone = set(names), 0.0
    for row in result.closing.itertuples():
        losses = {name: covered(left) - covered(left - {name}) for name in left}
        assert row.lost_demand == pytest.approx(min(losses.values()))
        assert losses[row.station_id] == pytest.approx(row.lost_demand)
        left -= {row.station_id}
        gone += row.lost_demand
        assert row.total_lost_demand == pytest.approx(gone)
        best = min(full - covered(names - set(some)) for some in combinations(sorted(names), row.closing_rank))
        assert row.bound_demand <= best + 1e-9
        assert best <= row.total_lost_demand + 1e-9
    assert result.closing["total_lost_demand"].iloc[-1] == pytest.approx(full)


@settings(max_examples=20, deadline=None)
@given(towns())
def test_the_way_to_the_next_nearest_equals_plain_loops(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame, np.ndarray],
) -> None:  # fmt: skip
    demand, reach, stations, low = drawn
    offers = offered(stations, low)
    result = critical(demand=demand, reach=reach, stations=stations, offers=offers, standard=standard()).stations
    moved, more = dict.fromkeys(stations["station_id"], 0.0), dict.fromkeys(stations["station_id"], 0.0)
    for i, row in enumerate(demand.itertuples()):
        there = reach[reach["cell"] == row.cell].sort_values(["impedance_s", "station_id"])
        ways = [
            (way.station_id, way.impedance_s)
            for way in there.itertuples()
            if covered_by(demand.iloc[[i]], reach, offers, {way.station_id})[0]
        ]
        if len(ways) > 1:
            moved[ways[0][0]] += row.visits
            more[ways[0][0]] += row.visits * (ways[1][1] - ways[0][1])
    assert result["rerouted_demand"].tolist() == pytest.approx(list(moved.values()))
    expected = [more[name] / amount if amount else np.nan for name, amount in moved.items()]
    assert result["extra_s"].tolist() == pytest.approx(expected, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(towns())
def test_without_hours_unique_demand_is_that_of_score(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame, np.ndarray],
) -> None:
    demand, reach, stations, _ = drawn
    table = {"stations": stations, "zones": None, "weight": "visits"}
    scored = coverage.score(demand, reach, **table)
    found = coverage.criticality(demand, reach, **table)
    for name, other in (("unique_demand", "unique_demand"), ("demand", "reached_demand")):
        assert found.stations[other].tolist() == pytest.approx(scored.stations[name].tolist())
    assert found.headline["covered_demand"] == pytest.approx(scored.headline["covered_demand"])
    twice = coverage.backup(demand, reach, n=2, by_premises=False, **table)
    assert found.headline["backed_up_demand"] == pytest.approx(twice.headline["numerator"])


@settings(max_examples=8, deadline=None)
@given(towns(), st.integers(0, 2**32 - 1))
def test_bounds_hold_whatever_the_unknowns_are_and_are_reached(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame, np.ndarray], seed: int,
) -> None:  # fmt: skip
    demand, reach, stations, low = drawn
    demand = demand.iloc[:N_PLACES].assign(bin=0, visits=lambda table: table["visits"] + 1.0)
    low[:] = low[:, :1, :1]
    n, names = len(stations), stations["station_id"].tolist()
    unknown = np.isin(np.arange(n), np.random.default_rng(seed).integers(n, size=3))
    high = low | unknown[:, None, None]
    asked = {"demand": demand, "reach": reach, "stations": stations, "group_by": "host", "standard": standard()}
    found = critical(offers=offers_of(names, low, high, services=SERVICES), **asked)
    outcomes = []
    for answers in product([False, True], repeat=int(unknown.sum())):
        as_it_is = low.copy()
        as_it_is[unknown] |= np.array(answers, dtype=bool)[:, None, None]
        outcomes.append(critical(offers=offers_of(names, as_it_is, as_it_is, services=SERVICES), **asked))
    for table, column in (("stations", "unique_demand"), ("groups", "lost_demand")):
        all_of_them = np.array([getattr(one, table)[column].to_numpy() for one in outcomes])
        if all_of_them.size:
            told_table = getattr(found, table)
            assert told_table[f"{column}_low"].tolist() == pytest.approx(all_of_them.min(axis=0))
            assert told_table[f"{column}_high"].tolist() == pytest.approx(all_of_them.max(axis=0))
    for name in ("covered_demand", "backed_up_demand"):
        values = [one.headline[name] for one in outcomes]
        assert (found.headline[name], found.headline[f"{name}_high"]) == pytest.approx((min(values), max(values)))


def test_nothing_in_reach_and_no_stations() -> None:
    empty = critical(reach=REACH.iloc[:0], group_by="host")
    assert empty.headline["n_closable"] == 4
    assert empty.headline["worst_station_id"] == ""
    none = critical(reach=REACH.iloc[:0], stations=STATIONS.iloc[:0], zones=None, group_by="host")
    assert none.closing.empty
    assert none.headline["outside_demand"] == 0
    assert none.stations.empty


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"standard": standard(services=("water",))}, ParameterError, "give offers="),
        ({"group_by": "hosts"}, ColumnError, "'hosts' is missing.*did you mean 'host'"),
        ({"spans": {"night": []}}, ParameterError, r"spans\['night'\] must be one or more bins"),
        ({"spans": {"night": [-1]}}, ParameterError, r"spans\['night'\]"),
        ({"spans": {"night": [1.5]}}, ParameterError, r"spans\['night'\]"),
        ({"weight": "people"}, ParameterError, "weight must be"),
        ({"reach": reach_of(("ghost", 0, 1))}, DataError, "reach names 1 stations .*'ghost'"),
    ],
)
def test_wrong_calls(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        critical(**changes)


@pytest.mark.parametrize(
    ("names", "n_bins", "error", "words"),
    [
        (["a"], 168, DataError, "3 of 4 stations are missing"),
        (["a", "b", "c", "d"], 9, ParameterError, "bins up to 22, offers only 9"),
    ],
)
def test_offers_of_other_stations_or_hours(names: list[str], n_bins: int, error: type[Exception], words: str) -> None:
    flags = np.ones((len(names), 2, n_bins), dtype=bool)
    with pytest.raises(error, match=words):
        critical(offers=offers_of(names, flags, flags, services=SERVICES), standard=standard())
