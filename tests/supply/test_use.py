"""Predictions against check-ins by hand, and decays found again in simulated visits."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import reach as ways
from stationgeo import supply
from stationgeo.errors import ColumnError, DataError, ParameterError

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.Series]
Town = Callable[..., Tables]
Maker = Callable[..., pd.DataFrame]

PREDICTED = pd.DataFrame(
    {"station_id": ["a", "a", "b", "b", "c", "c"], "bin": [9, 21] * 3, "offered": [1.0, 3.0, 2.0, 2.0, 0.0, 4.0]}
)
SEEN = pd.DataFrame(
    {"station_id": ["a", "a", "a", "b", "b"], "bin": [9, 9, 21, 9, 21], "visits": [5.0, 5.0, 20.0, 30.0, 20.0]}
)


class TestCompareUse:
    def test_by_hand(self) -> None:
        # c was not observed. Of 8 predicted at a and b 80 visits came: scale 10, expected 10, 30, 20 and 20.
        found = supply.compare_use(PREDICTED, SEEN, value="offered")
        assert found.rows["expected"].tolist() == [10.0, 30.0, 20.0, 20.0]
        assert found.rows["residual"].tolist() == [0.0, -10.0, 10.0, 0.0]
        assert found.rows["pearson"].tolist() == pytest.approx([0.0, -10 / 30**0.5, 10 / 20**0.5, 0.0])
        assert found.stations["residual"].tolist() == [-10.0, 10.0]
        assert found.headline["n_unobserved"] == 1.0
        # 2 [20 ln(20 / 30) + 30 ln(30 / 20)], where n ln(n / m) is 0 for equal ones and sums are equal.
        assert found.headline["deviance"] == pytest.approx(2 * (20 * np.log(2 / 3) + 30 * np.log(3 / 2)))
        ranks = found.ranks.set_index("over")
        # Ranks of 10, 30, 20, 20 against those of 10, 20, 30, 20: (1, 4, 2.5, 2.5) and (1, 2.5, 4, 2.5).
        a, b = np.array([1, 4, 2.5, 2.5]), np.array([1, 2.5, 4, 2.5])
        assert ranks.loc["stations and bins", "spearman"] == pytest.approx(np.corrcoef(a, b)[0, 1])
        assert ranks.loc["stations", "reason"] == "fewer than 3 values"
        assert np.isnan(ranks.loc["stations", "spearman"])
        assert "rank correlation" in found._repr_html_()

    def test_places_come_along(self) -> None:
        stations = gpd.GeoDataFrame(
            {"station_id": ["b", "a"], "kind": "warm_bee"}, geometry=[shapely.Point(114, 22), shapely.Point(115, 23)],
            crs="EPSG:4326",
        )  # fmt: skip
        found = supply.compare_use(PREDICTED, SEEN, value="offered", stations=stations).stations
        assert isinstance(found, gpd.GeoDataFrame)
        assert found.geometry.x.tolist() == [115.0, 114.0]
        with pytest.raises(DataError, match="stations lack 1 that were observed: 'b'"):
            supply.compare_use(PREDICTED, SEEN, value="offered", stations=stations.iloc[1:])

    def test_hours_are_added_up_where_checkins_have_none(self) -> None:
        seen = pd.DataFrame({"station_id": ["a", "b", "c"], "visits": [4.0, 4.0, 8.0]})
        found = supply.compare_use(PREDICTED, seen, value="offered")
        assert found.rows["expected"].tolist() == pytest.approx([16 / 3] * 3)
        assert found.ranks["reason"].tolist() == ["all expected values are alike"]

    def test_visits_where_nothing_was_expected_are_seen(self) -> None:
        seen = pd.DataFrame({"station_id": ["c", "a"], "bin": [9, 9], "visits": [1.0, 1.0]})
        found = supply.compare_use(PREDICTED, seen, value="offered")
        assert found.headline["deviance"] == np.inf
        assert np.isnan(found.rows.set_index("station_id").loc["c", "pearson"])

    def test_wrong_calls_are_named(self) -> None:
        for changed, error, says in (
            ({"value": "offerd"}, ColumnError, "did you mean 'offered'"),
            ({"checkins": SEEN.assign(visits=-1)}, DataError, "'visits' must be finite and at least 0; 5 of 5"),
            ({"checkins": SEEN.assign(visits=0)}, DataError, "nothing to compare"),
            ({"checkins": SEEN.assign(station_id="z")}, DataError, "have no prediction: 'z'"),
            ({"checkins": SEEN.drop(columns="visits")}, ColumnError, "'visits' is missing"),
            ({"predicted": PREDICTED.drop(columns="bin")}, ColumnError, "Predict by the hour"),
            ({"predicted": pd.concat([PREDICTED, PREDICTED])}, DataError, "must be unique; 6 rows"),
            ({"predicted": PREDICTED.assign(scenario=["low", "high"] * 3)}, DataError, "several scenarios"),
        ):
            asked = {"predicted": PREDICTED, "checkins": SEEN, "value": "offered"} | changed
            with pytest.raises(error, match=says):
                supply.compare_use(asked["predicted"], asked["checkins"], value=asked["value"])


SCALE = 180.0


def exponential(scale: float) -> ways.Decay:
    return ways.exponential(scale=scale)


@pytest.fixture(scope="module")
def town(random_town: Town) -> Tables:
    return random_town(12, cells=60, stations=10)


def visits_of(town: Tables, *, seed: int, n: int = 2_000, bins: tuple[int, ...] = ()) -> pd.DataFrame:
    """Simulate check-ins: each visit is of a worker drawn by demand, at a station drawn by Huff's shares."""
    demand, reach, seats = town
    shares = supply.huff_shares(reach, decay=exponential(SCALE), attraction=seats).merge(
        demand[["cell", "visits"]], on="cell"
    )
    weight = (shares["share"] * shares["visits"]).to_numpy()
    rng = np.random.default_rng(seed)
    drawn = rng.choice(shares["station_id"].to_numpy(), n, p=weight / weight.sum())
    seen = pd.DataFrame({"station_id": drawn, "visits": 1.0})
    return seen.assign(bin=rng.choice(bins, n)) if bins else seen


def fit(town: Tables, seen: pd.DataFrame, **changed: object) -> supply.DecayFit:
    demand, reach, seats = town
    asked = {
        "checkins": seen, "weight": "visits", "decay": exponential, "between": (20.0, 2_000.0), "attraction": seats,
        "overdispersed": False,
    } | changed  # fmt: skip
    return supply.calibrate_decay(asked.pop("demand", demand), asked.pop("reach", reach), **asked)


class TestCalibrateDecay:
    def test_intervals_hold_the_known_parameter_as_often_as_they_say(self, town: Tables) -> None:
        fits = [fit(town, visits_of(town, seed=seed, n=10_000)) for seed in range(60)]
        inside = sum(found.low <= SCALE <= found.high for found in fits)
        # A binomial of 60 at 0.95 is at least 52 with a probability of 99 %.
        assert inside >= 52
        values = np.array([found.value for found in fits])
        assert np.median(values) == pytest.approx(SCALE, rel=0.03)
        # They are no wider than needed: 2 x 1.96 standard deviations of what is found.
        width = np.median([found.high - found.low for found in fits])
        assert width == pytest.approx(2 * 1.96 * values.std(ddof=1), rel=0.3)
        assert all(found.reason == "" for found in fits)

    def test_the_likelihood_is_that_of_the_formula_and_the_best_is_the_best(self, town: Tables) -> None:
        demand, reach, seats = town
        seen = visits_of(town, seed=1)
        found = fit(town, seen)
        counts = seen.groupby("station_id")["visits"].sum()

        def likelihood(scale: float) -> float:
            shares = supply.huff_shares(reach, decay=exponential(scale), attraction=seats)
            rows = shares.merge(demand[["cell", "visits"]], on="cell")
            load = (rows["share"] * rows["visits"]).groupby(rows["station_id"]).sum()[counts.index]
            return float((counts * np.log(load / load.sum())).sum())

        best = likelihood(found.value)
        for end in (found.low, found.high):
            assert 2 * (best - likelihood(end)) == pytest.approx(3.841459, rel=1e-4)
        around = found.profile.set_index("parameter")["log_likelihood"]
        for scale in around.index[::10]:
            assert around[scale] == pytest.approx(likelihood(scale) - best, rel=1e-9, abs=1e-6)
        assert (around <= 1e-9).all()
        assert found.stations["expected"].sum() == pytest.approx(2_000)

    def test_more_visits_tell_more(self, town: Tables) -> None:
        few, many = (fit(town, visits_of(town, seed=3, n=n)) for n in (500, 20_000))
        assert many.high - many.low < 0.3 * (few.high - few.low)

    def test_stations_that_nobody_counted_do_not_matter(self, town: Tables) -> None:
        seen = visits_of(town, seed=4, n=20_000)
        some = seen[seen["station_id"].isin(["s1", "s3", "s4", "s8"])]
        found = fit(town, some)
        assert found.low < SCALE < found.high
        assert set(found.stations["station_id"]) == {"s1", "s3", "s4", "s8"}

    def test_hours_are_conditional_on_their_own_totals(self, town: Tables) -> None:
        demand, _, _ = town
        hourly = pd.concat([demand.assign(bin=9), demand.assign(bin=21)], ignore_index=True)
        seen = visits_of(town, seed=5, bins=(9, 9, 9, 21))
        by_hour, at_once = fit(town, seen, demand=hourly), fit(town, seen.drop(columns="bin"))
        # The same demand at both hours: the split by hour tells nothing of the decay.
        assert by_hour.value == pytest.approx(at_once.value, rel=1e-6)
        per_bin = by_hour.stations.groupby("bin")[["observed", "expected"]].sum()
        np.testing.assert_allclose(per_bin["observed"], per_bin["expected"])

    def test_visits_in_groups_widen_the_interval(self, town: Tables) -> None:
        seen = visits_of(town, seed=6, n=500)
        grouped = seen.assign(visits=5.0)
        plain, wide = (fit(town, grouped, overdispersed=flag) for flag in (False, True))
        assert plain.headline["dispersion"] > 2
        assert (wide.high - wide.low) == pytest.approx(
            (plain.high - plain.low) * plain.headline["dispersion"] ** 0.5, rel=0.25
        )
        assert wide.value == plain.value

    def test_what_cannot_be_told_is_nan_with_its_reason(self, town: Tables, demand_of: Maker, reach_of: Maker) -> None:
        alone = demand_of({1: 5.0, 2: 7.0}), reach_of([("a", 1, 100), ("b", 2, 300)]), pd.Series({"a": 1.0, "b": 1.0})
        seen = pd.DataFrame({"station_id": ["a", "b"], "visits": [50, 70]})
        flat = fit(alone, seen)
        assert np.isnan(flat.value)
        assert flat.reason.startswith("the likelihood is flat")
        assert fit(alone, seen.iloc[:1]).reason.startswith("fewer than 2 observed stations")
        assert fit(alone, seen.assign(visits=0)).reason.startswith("there are no visits")
        beyond = fit(town, visits_of(town, seed=7), between=(300.0, 2_000.0))
        assert np.isnan(beyond.value)
        assert "largest at the bound 300" in beyond.reason
        one_end = fit(town, visits_of(town, seed=7, n=60), between=(20.0, 250.0))
        assert np.isnan(one_end.high)
        assert one_end.reason.endswith("before the bound: high")
        far = fit(
            town, visits_of(town, seed=7), decay=lambda cutoff: ways.step(cutoff=cutoff), between=(1.0, 2.0)
        )  # fmt: skip
        assert far.reason.startswith("no parameter in the range explains all visits")

    def test_visits_that_nothing_explains_are_counted(self, town: Tables) -> None:
        _, _, seats = town
        seen = pd.concat([visits_of(town, seed=8), pd.DataFrame({"station_id": ["far", "zz"], "visits": [3.0, 4.0]})])
        found = fit(town, seen, attraction=pd.concat([seats, pd.Series({"far": 1.0})]))
        assert found.headline["unexplained_visits"] == 7.0
        assert found.value == fit(town, visits_of(town, seed=8)).value
        assert "Decay" in found._repr_html_()

    def test_wrong_calls_are_named(self, town: Tables) -> None:
        seen = visits_of(town, seed=9, n=50)
        for between in ((0, 5), (5, 5), (5, np.inf)):
            with pytest.raises(ParameterError, match="between must be two ascending"):
                fit(town, seen, between=between)
        with pytest.raises(ParameterError, match="level must be between 0 and 1"):
            fit(town, seen, level=95)
