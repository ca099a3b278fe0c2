"""Huff's shares and expected loads: by hand, by exact queues, by a simulation of a small town."""

import heapq
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import reach as ways
from stationgeo import supply
from stationgeo.errors import DataError, ParameterError
from stationgeo.stations._masks import pack_bins

HOUR_S = 3600.0
Tables = tuple[pd.DataFrame, pd.DataFrame, pd.Series]
Town = Callable[..., Tables]
Maker = Callable[..., pd.DataFrame]


def workers_of(demand_of: Callable[..., pd.DataFrame], amounts: dict[tuple[int, int], float]) -> pd.DataFrame:
    return demand_of({key: workers * HOUR_S for key, workers in amounts.items()}, weight="courier_s")


def load_of(demand: pd.DataFrame, reach: pd.DataFrame, seats: object, **changed: object) -> supply.ExpectedLoad:
    asked = {"capacity": seats, "weight": "courier_s", "decay": None, "n_tries": 1} | changed
    return supply.expected_load(demand, reach, **asked)


def hours_of(n_bins: int, **stations: tuple[list[int], list[int]]) -> SimpleNamespace:
    """Stations with the bins in which they are open for sure, and may be."""
    flags = np.zeros((2, len(stations), n_bins), dtype=bool)
    for row, bins in enumerate(stations.values()):
        for which in (0, 1):
            flags[which, row, bins[which]] = True
    low, high = pack_bins(flags)
    return SimpleNamespace(station_id=np.array(list(stations), dtype=object), low=low, high=high, n_bins=n_bins)


class TestHuffShares:
    def test_by_hand(self, reach_of: Maker) -> None:
        # Seats 1 and 3, weights 0.5 and 0.25 in cell 1: 0.5 to 0.75. Cell 2 reaches b alone; cell 3 is too far.
        reach = reach_of([("a", 1, 200), ("b", 1, 300), ("b", 2, 390), ("a", 3, 400)])
        found = supply.huff_shares(reach, decay=ways.linear(cutoff=400), attraction=pd.Series({"a": 1.0, "b": 3.0}))
        assert found["station_id"].tolist() == ["a", "b", "b"]
        assert found["share"].tolist() == pytest.approx([0.4, 0.6, 1.0])

    @given(seed=st.integers(0, 2**32 - 1))
    @settings(deadline=None, max_examples=20)
    def test_shares_add_up_and_rise_with_ones_own_attraction(self, random_town: Town, seed: int) -> None:
        _, reach, seats = random_town(seed, cells=12)
        decay = ways.exponential(scale=200)
        before = supply.huff_shares(reach, decay=decay, attraction=seats).set_index(["station_id", "cell"])["share"]
        np.testing.assert_allclose(before.groupby("cell").sum(), 1.0, rtol=1e-12)
        more = seats.where(seats.index != "s0", 2 * seats)
        after = supply.huff_shares(reach, decay=decay, attraction=more).set_index(["station_id", "cell"])["share"]
        own = before.index.get_level_values(0) == "s0"
        assert (after[own] >= before[own] - 1e-12).all()
        assert (after[~own] <= before[~own] + 1e-12).all()

    def test_no_reach_no_shares(self, reach_of: Maker) -> None:
        found = supply.huff_shares(reach_of([]), decay=ways.step(cutoff=1), attraction=None)
        assert found.empty
        assert list(found.columns) == ["station_id", "cell", "share"]

    def test_power_and_bands_are_what_they_say(self) -> None:
        assert ways.power(exponent=1, least=10, cutoff=100)([5, 20, 100, 101]).tolist() == [1.0, 0.5, 0.1, 0.0]
        assert ways.banded([10], [0.5])([0, 10, 10.1, np.nan]).tolist() == [0.5, 0.5, 0.0, 0.0]
        for wrong in (([], []), ([2, 1], [1, 0.5]), ([0, 1], [1, 0.5]), ([1, 2], [0.5, 1]), ([1, 2], [1])):
            with pytest.raises(ParameterError, match=r"upto|weight"):
                ways.banded(*wrong)
        with pytest.raises(ParameterError, match="least"):
            ways.power(exponent=1, least=0)


class TestConcurrentWorkers:
    def test_seconds_of_an_hour_and_littles_law(self, demand_of: Maker) -> None:
        # Three workers of 20 minutes in an hour: one at once. Six visits of ten minutes likewise.
        seconds = supply.concurrent_workers(demand_of({(1, 9): 3 * 1200.0}, weight="courier_s"), weight="courier_s")
        visits = supply.concurrent_workers(demand_of({(1, 9): 6.0}), weight="visits", dwell_s=600)
        assert seconds["workers"].tolist() == visits["workers"].tolist() == [1.0]
        assert seconds[["cell", "bin"]].to_numpy().tolist() == [[1, 9]]

    def test_wrong_calls_are_named(self, demand_of: Maker) -> None:
        with pytest.raises(ParameterError, match="visits need dwell_s"):
            supply.concurrent_workers(demand_of({(1, 9): 1.0}), weight="visits")
        with pytest.raises(ParameterError, match="leave dwell_s out"):
            supply.concurrent_workers(demand_of({(1, 9): 1.0}, weight="courier_s"), weight="courier_s", dwell_s=1)
        with pytest.raises(ParameterError, match="courier_s or visits"):
            supply.concurrent_workers(demand_of({(1, 9): 1.0}), weight="courier_weight")
        with pytest.raises(ParameterError, match=r"no hour \(bin -1\)"):
            supply.concurrent_workers(demand_of({1: 1.0, (1, 9): 1.0}), weight="visits", dwell_s=60)
        with pytest.raises(ParameterError, match="dwell_s must be a finite number above 0"):
            supply.concurrent_workers(demand_of({(1, 9): 1.0}), weight="visits", dwell_s=0)


class TestExpectedLoad:
    def test_one_station_is_erlangs_formula(self, demand_of: Maker, reach_of: Maker) -> None:
        found = load_of(
            workers_of(demand_of, {(1, 9): 3.0, (2, 9): 2.0, (3, 9): 1.0}), reach_of([("a", 1, 5), ("a", 2, 9)]),
            pd.Series({"a": 10.0}),
        )  # fmt: skip
        row = found.stations.iloc[0]
        assert (row["offered"], row["capacity"]) == (5.0, 10.0)
        assert row["blocked_share"] == pytest.approx(0.018385, abs=5e-7)
        assert row["utilisation"] == pytest.approx(0.5 * (1 - 0.0183846))
        assert found.bins.iloc[0][["demand", "unreached"]].tolist() == [6.0, 1.0]
        assert found.stations["scenario"].unique().tolist() == ["known"]
        assert "served" in found._repr_html_()

    def test_the_nearest_gets_all_and_ties_go_to_the_first_name(self, demand_of: Maker, reach_of: Maker) -> None:
        demand = workers_of(demand_of, {(1, 9): 1.0, (2, 9): 2.0, (3, 9): 4.0})
        reach = reach_of([("b", 1, 5), ("a", 1, 6), ("b", 2, 7), ("a", 2, 7), ("c", 3, 1)]).sort_values(
            ["station_id", "cell"], ignore_index=True
        )
        found = load_of(demand, reach, pd.Series({"a": 1.0, "b": 1.0, "c": 0.0}))
        assert found.stations["first_choice"].tolist() == [2.0, 1.0, 0.0]
        assert found.bins["unreached"].tolist() == [4.0]
        assert found.stations["utilisation"].isna().tolist() == [False, False, True]

    def test_huffs_choice_by_hand(self, demand_of: Maker, reach_of: Maker) -> None:
        # As in the shares above: of 10 workers 4 to a and 6 to b, of the 5 of cell 2 all to b.
        found = load_of(
            workers_of(demand_of, {(1, 9): 10.0, (2, 9): 5.0}), reach_of([("a", 1, 200), ("b", 1, 300), ("b", 2, 390)]),
            pd.Series({"a": 1.0, "b": 3.0}), decay=ways.linear(cutoff=400),
        )  # fmt: skip
        assert found.stations["first_choice"].tolist() == pytest.approx([4.0, 11.0])

    def test_huffs_loads_are_shares_times_workers(self, random_town: Town) -> None:
        demand, reach, seats = random_town(2)
        timed = demand.assign(bin=9, courier_s=demand["visits"] * HOUR_S)
        decay = ways.exponential(scale=150)
        shares = supply.huff_shares(reach, decay=decay, attraction=seats).merge(demand[["cell", "visits"]], on="cell")
        theirs = (shares["share"] * shares["visits"]).groupby(shares["station_id"]).sum()
        found = load_of(timed, reach, seats, decay=decay, n_tries=3).stations.set_index("station_id")
        np.testing.assert_allclose(found["first_choice"], theirs.reindex(found.index, fill_value=0.0))

    def test_two_stations_in_turn_are_one_with_all_seats(self, demand_of: Maker, reach_of: Maker) -> None:
        reach = reach_of([("a", 1, 5), ("b", 1, 9), ("c", 1, 12)])
        found = load_of(
            workers_of(demand_of, {(1, 9): 8.0}), reach, pd.Series({"a": 5.0, "b": 3.0, "c": 2.0}), n_tries=3
        )
        assert found.bins["blocked"].iloc[0] == pytest.approx(8.0 * float(supply.erlang_loss(8, 10)), rel=1e-9)
        assert found.bins["served"].iloc[0] == pytest.approx(found.stations["carried"].sum())

    @given(seed=st.integers(0, 2**32 - 1), n_tries=st.integers(1, 4), nearest=st.booleans())
    @settings(deadline=None, max_examples=15)
    def test_nobody_is_lost(self, random_town: Town, seed: int, n_tries: int, nearest: object) -> None:
        demand, reach, seats = random_town(seed, cells=15, stations=5)
        timed = demand.assign(bin=np.arange(15) % 2, courier_s=demand["visits"] * HOUR_S / 4)
        found = load_of(timed, reach, seats, n_tries=n_tries, decay=None if nearest else ways.linear(cutoff=500))
        bins = found.bins
        np.testing.assert_allclose(bins["demand"], bins["served"] + bins["blocked"] + bins["unreached"])
        assert (bins[["served", "blocked", "unreached"]].to_numpy() >= -1e-9).all()
        assert (bins["gap"] <= 1e-9).all()
        stations = found.stations
        assert (stations["utilisation"].dropna() <= 1.0 + 1e-12).all()
        assert (stations["first_choice"] <= stations["offered"] + 1e-12).all()
        carried = stations.groupby("bin")["carried"].sum().to_numpy()
        np.testing.assert_allclose(carried, bins["served"])

    @given(seed=st.integers(0, 2**32 - 1), n_tries=st.integers(2, 4), nearest=st.booleans())
    @settings(deadline=None, max_examples=15)
    def test_is_in_balance_worker_by_worker(self, random_town: Town, seed: int, n_tries: int, nearest: object) -> None:
        # No tree: the workers of each cell and first choice go from station to station, as blocked shares say.
        demand, reach, seats = random_town(seed, cells=12, stations=5)
        decay = None if nearest else ways.linear(cutoff=500)
        seats["s1"] = 0.0
        timed = demand.assign(bin=9, courier_s=demand["visits"] * HOUR_S / 4)
        found = load_of(timed, reach, seats, n_tries=n_tries, decay=decay).stations.set_index("station_id")
        blocked, offered, pairs = found["blocked_share"].fillna(0.0), dict.fromkeys(seats.index, 0.0), {}
        worth = 1.0 if nearest else ways.linear(cutoff=500)(reach["impedance_s"].to_numpy())
        rows = reach.assign(drawn=worth * reach["station_id"].map(seats).to_numpy())
        rows = rows[rows["drawn"] > 0].sort_values(["impedance_s"], kind="stable")
        for cell, near in rows.groupby("cell"):
            workers = float(demand.set_index("cell")["visits"][cell]) / 4
            names = near["station_id"].tolist()
            firsts = names[:1] if nearest else names
            for name in firsts:
                going = workers * (
                    1.0 if nearest else float(near.set_index("station_id")["drawn"][name]) / near["drawn"].sum()
                )
                before = None
                for station in [name, *(other for other in names if other != name)][:n_tries]:
                    offered[station] += going
                    if before is not None:
                        pairs[before, station] = pairs.get((before, station), 0.0) + going
                    going *= blocked[station]
                    before = station
        np.testing.assert_allclose(found["offered"], pd.Series(offered).reindex(found.index), rtol=1e-9)
        there = found["offered"] > 0
        after = supply.overflow(found["offered"], found["capacity"], peakedness=found["peakedness"])
        np.testing.assert_allclose(after.blocked_share[there], blocked[there], atol=1e-9)
        variance = found["offered"].copy()
        bursts = pd.Series(after.peakedness, index=found.index)
        for (here, there), moved in pairs.items():
            gone = offered[here] * blocked[here]
            if gone > 0:
                variance[there] += moved * min(moved / gone, 1.0) * (bursts[here] - 1.0)
        some = found["offered"] > 0
        np.testing.assert_allclose((variance / found["offered"])[some], found["peakedness"][some], rtol=1e-7)

    def test_hours_that_share_a_tree_are_as_each_alone(self, random_town: Town) -> None:
        demand, reach, seats = random_town(4, cells=10, stations=5)
        rng = np.random.default_rng(4)
        timed = pd.concat(
            [demand.assign(bin=b, courier_s=demand["visits"] * rng.integers(0, 3, 10) * HOUR_S / 4) for b in range(12)],
            ignore_index=True,
        )
        flags = {name: (sorted({0, 3, 7, k}), sorted({0, 3, 4, 7, 8, k})) for k, name in enumerate(seats.index)}
        hours = hours_of(12, **flags)
        asked = {"decay": ways.linear(cutoff=500), "n_tries": 3, "hours": hours}
        whole = load_of(timed, reach, seats, **asked).stations
        for at in range(12):
            alone = load_of(timed[timed["bin"] == at], reach, seats, **asked).stations
            same = whole[(whole["bin"] == at) & whole["scenario"].isin([*alone["scenario"].unique(), "low"])]
            if "known" in alone["scenario"].tolist():
                same = whole[(whole["bin"] == at) & (whole["scenario"] == "low")].assign(scenario="known")
            pd.testing.assert_frame_equal(same.reset_index(drop=True), alone, check_exact=True)

    def test_two_stations_that_send_to_each_other_lie_near_a_simulation(
        self, demand_of: Maker, reach_of: Maker
    ) -> None:
        # Cells 1 and 2, 6 and 3 workers at once, each beside a station of 5 and 4 seats, the other one next.
        rng = np.random.default_rng(8)
        seats, near = (5, 4), {0: (0, 1), 1: (1, 0)}
        busy: tuple[list[float], list[float]] = ([], [])
        now, batches = 0.0, []
        for _ in range(16):
            lost, n = 0, 5_000
            for gap, stay, cell in zip(
                rng.exponential(1 / 9, n).tolist(), rng.exponential(1.0, n).tolist(), (rng.random(n) < 1 / 3).tolist(),
                strict=True,
            ):  # fmt: skip
                now += gap
                for ends in busy:
                    while ends and ends[0] <= now:
                        heapq.heappop(ends)
                free = next((j for j in near[int(cell)] if len(busy[j]) < seats[j]), None)
                if free is None:
                    lost += 1
                else:
                    heapq.heappush(busy[free], now + stay)
            batches.append(lost / n)
        shares = np.array(batches[1:])
        # Together they are 9 seats for 9 workers, whoever comes first: the simulation holds the exact share.
        half = 2.977 * shares.std(ddof=1) / np.sqrt(shares.size)
        assert abs(shares.mean() - float(supply.erlang_loss(9, 9))) < half
        reach = reach_of([("a", 1, 5), ("a", 2, 50), ("b", 1, 50), ("b", 2, 5)])
        demand = workers_of(demand_of, {(1, 9): 6.0, (2, 9): 3.0})
        found = load_of(demand, reach, pd.Series({"a": 5.0, "b": 4.0}), n_tries=2)
        assert found.bins["blocked"].iloc[0] / 9 == pytest.approx(shares.mean(), rel=0.15)

    def test_hours_close_stations_and_unknown_ones_make_two_scenarios(self, demand_of: Maker, reach_of: Maker) -> None:
        demand = workers_of(demand_of, {(1, 9): 2.0, (1, 21): 2.0})
        reach = reach_of([("a", 1, 5), ("b", 1, 9)])
        seats = pd.Series({"a": 3.0, "b": 4.0})
        known = load_of(demand, reach, seats, hours=hours_of(168, b=([9, 21], [9, 21]), a=([9], [9])))
        first = known.stations.set_index(["bin", "station_id"])["first_choice"]
        assert [first[9, "a"], first[9, "b"], first[21, "a"], first[21, "b"]] == [2.0, 0.0, 0.0, 2.0]
        assert known.stations.set_index(["bin", "station_id"])["capacity"][21, "a"] == 0.0
        assert known.bins["scenario"].tolist() == ["known", "known"]
        both = load_of(demand, reach, seats, hours=hours_of(168, a=([9], [9]), b=([9], [9, 21])))
        assert both.bins[["scenario", "bin", "unreached"]].to_numpy().tolist() == [
            ["low", 9, 0.0], ["low", 21, 2.0], ["high", 9, 0.0], ["high", 21, 0.0]
        ]  # fmt: skip

    def test_a_small_station_that_opens_can_lower_what_is_served(self, demand_of: Maker, reach_of: Maker) -> None:
        demand, reach = workers_of(demand_of, {(1, 9): 4.0}), reach_of([("big", 1, 9), ("tiny", 1, 5)])
        seats = pd.Series({"big": 20.0, "tiny": 1.0})
        found = load_of(demand, reach, seats, hours=hours_of(72, big=([9], [9]), tiny=([], [9]))).bins
        assert found["unreached"].tolist() == [0.0, 0.0]
        # 4 workers at 20 seats are nearly all served, at one seat 4 / 5 are not.
        assert found["served"].tolist() == pytest.approx([4.0, 0.8], abs=1e-6)

    def test_seats_may_differ_by_hour(self, demand_of: Maker, reach_of: Maker) -> None:
        seats = pd.DataFrame({"station_id": ["a", "a"], "bin": [9, 10], "capacity": [1.0, 2.0]})
        demand = workers_of(demand_of, {(1, 9): 1.0, (1, 10): 1.0, (1, 11): 1.0})
        found = load_of(demand, reach_of([("a", 1, 5)]), seats)
        assert found.bins["served"].tolist() == pytest.approx([0.5, 0.8, 0.0])

    def test_wrong_calls_are_named(self, demand_of: Maker, reach_of: Maker) -> None:
        demand, reach, seats = workers_of(demand_of, {(1, 100): 1.0}), reach_of([("a", 1, 5)]), pd.Series({"a": 1.0})
        with pytest.raises(ParameterError, match="n_tries must be a whole number of 1 or more"):
            load_of(demand, reach, seats, n_tries=0)
        with pytest.raises(ParameterError, match="hours are of 72 bins, demand has bin 100"):
            load_of(demand, reach, seats, hours=hours_of(72, a=([], [])))
        with pytest.raises(DataError, match="hours lack 1 stations: 'a'"):
            load_of(demand, reach, seats, hours=hours_of(168, b=([], [])))
        with pytest.raises(DataError, match="capacity: column 'capacity' must be finite"):
            load_of(demand, reach, pd.Series({"a": np.nan}))
