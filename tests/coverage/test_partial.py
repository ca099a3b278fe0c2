"""Coverage that is more than yes or no against hand-made towns, plain loops, and the laws that it obeys."""

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
from stationgeo.reach import linear, step
from stationgeo.stations import Offers
from towns import offers_of

RESOLUTION = 10
STEP_DEG = 0.01
LON0, LAT0 = 114.0, 22.5
N_PLACES = 4
PLACES = np.sort(
    cells.from_lonlat(LON0 + STEP_DEG * np.arange(N_PLACES), np.full(N_PLACES, LAT0), resolution=RESOLUTION)
)
N_BINS = 6
SERVICES = ("water", "toilet", "rest")
DECAY = linear(cutoff=500, full_to=100)


def demand_of(*rows: tuple[int, str, int, float]) -> pd.DataFrame:
    """Rows of (place, zone, bin, visits)."""
    table = pd.DataFrame(rows, columns=["place", "zone_id", "bin", "visits"])
    return pd.DataFrame(
        {
            "cell": PLACES[table["place"].to_numpy(dtype=int)],
            "zone_id": table["zone_id"].astype("str"),
            "bin": table["bin"].astype("int64"),
            "courier_s": table["visits"] * 60.0,
            "visits": table["visits"].astype("float64"),
            "courier_weight": table["visits"] / 10.0,
            "couriers": np.nan,
            "observed_days": 1.0,
        }
    )


def reach_of(*rows: tuple[str, int, float]) -> pd.DataFrame:
    """Rows of (station, place, metres)."""
    table = pd.DataFrame(rows, columns=["station_id", "place", "impedance_m"])
    return pd.DataFrame(
        {
            "station_id": table["station_id"].astype("str"),
            "cell": PLACES[table["place"].to_numpy(dtype=int)],
            "impedance_m": table["impedance_m"].astype("float64"),
        }
    )


def stations_of(names: list[str], *, premises: list[str | None] | None = None) -> gpd.GeoDataFrame:
    """Stations named "street..." are clusters."""
    kinds = ["warm_bee_street" if name.startswith("street") else "warm_bee" for name in names]
    points = gpd.GeoSeries([Point(LON0 + STEP_DEG * i, LAT0) for i in range(len(names))], crs="EPSG:4326")
    table: dict[str, Any] = {"station_id": pd.Series(names, dtype="str"), "kind": pd.Series(kinds, dtype="str")}
    if premises is not None:
        table["premises_id"] = pd.Series(premises, dtype="str")
    return gpd.GeoDataFrame(table, geometry=points)


def town() -> gpd.GeoDataFrame:
    """Two grids of two places each; both in one community."""
    y0, y1 = LAT0 - 0.005, LAT0 + 0.005
    shapes = [box(LON0 + STEP_DEG * a, y0, LON0 + STEP_DEG * b, y1) for a, b in ((-0.5, 1.5), (1.5, 3.5), (-0.5, 3.5))]
    table = {
        "zone_id": ["west", "east", "C"],
        "level": ["grid", "grid", "community"],
        "parent_id": ["C", "C", ""],
        "name": ["west", "east", "C"],
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


DEMAND = demand_of((0, "west", 0, 10), (0, "west", 1, 10), (1, "west", 0, 30), (2, "east", 0, 50), (3, "", 0, 7))
STATIONS = stations_of(["a", "b", "street"], premises=["hall", "hall", None])
# Weights by DECAY: 100 m -> 1, 300 m -> 1/2, 400 m -> 1/4; "street" is a cluster and never counts.
REACH = reach_of(("a", 0, 300), ("b", 0, 400), ("a", 1, 100), ("street", 2, 0), ("b", 3, 100))
GIVEN = {"stations": STATIONS, "zones": town(), "weight": "visits"}


def rate(result: coverage.PartialCoverage, level: str, zone: str, name: str = "share") -> float:
    rows = result.rates[(result.rates["level"] == level) & (result.rates["zone_id"] == zone)]
    return float(rows[name].iloc[0])


def test_gradual_by_hand() -> None:
    # Inside: place 0 has 20 at 1/2 -> 10; place 1 has 30 at 1 -> 30; place 2 has 50 reached by a cluster alone -> 0.
    # 40 of 100; outside, 7 of 7 at weight 1 from a station that stands inside.
    result = coverage.gradual(DEMAND, REACH, decay=DECAY, **GIVEN)
    assert result.headline == {
        "numerator": 40, "numerator_high": 40, "denominator": 100, "share": 0.4, "share_high": 0.4, "outside_demand": 7,
    }  # fmt: skip
    assert [rate(result, "grid", zone) for zone in ("west", "east", "")] == [0.8, 0.0, 1.0]
    assert rate(result, "community", "C", "numerator") == 40
    assert result.cells["best_weight"].tolist() == [0.5, 1.0, 0.0, 1.0]
    assert result.cells["nearest_m"].tolist() == pytest.approx([300, 100, np.nan, 100], nan_ok=True)
    assert result.cells["n_stations"].tolist() == [2, 1, 0, 1]
    assert result.parameters["decay"] == "linear(cutoff=500.0, full_to=100.0)"
    assert "40.0%" in result._repr_html_()


def test_cooperative_by_hand() -> None:
    # Place 0: 1 - (1 - 1/2) (1 - 1/4) = 5/8 -> 12.5 of 20; place 1: 30. Signals: 3/4 and 1.
    chance = coverage.cooperative(DEMAND, REACH, decay=DECAY, rule="chance", **GIVEN)
    assert chance.headline["numerator"] == 42.5
    assert chance.cells["signal"].tolist() == [0.75, 1.0, 0.0, 1.0]
    for threshold, covered in ((0.75, 50), (0.76, 30), (1.01, 0)):
        signal = coverage.cooperative(DEMAND, REACH, decay=DECAY, rule="signal", threshold=threshold, **GIVEN)
        assert signal.headline["numerator"] == covered


def test_signals_that_miss_the_threshold_by_rounding_reach_it() -> None:
    # Ten tenths add up to 0.9999999999999999 in floating point.
    names = [f"s{i}" for i in range(10)]
    reach = reach_of(*[(name, 0, 460.0) for name in names])  # (500 - 460) / 400 = 0.1
    result = coverage.cooperative(
        demand_of((0, "", 0, 1)), reach, stations=stations_of(names), zones=None, weight="visits", decay=DECAY,
        rule="signal", threshold=1.0,
    )  # fmt: skip
    assert result.cells["signal"].iloc[0] < 1.0
    assert result.headline["share"] == 1.0


def test_backup_by_hand() -> None:
    # Place 0 has two stations, at one address; place 1 has one; place 2 none.
    by_station = coverage.backup(DEMAND, REACH, n=2, by_premises=False, **GIVEN)
    by_premises = coverage.backup(DEMAND, REACH, n=2, by_premises=True, **GIVEN)
    assert (by_station.headline["numerator"], by_premises.headline["numerator"]) == (20, 0)
    assert by_station.distribution["demand"].tolist() == [50, 30, 20]
    assert by_station.distribution["at_least_demand"].tolist() == [100, 50, 20]
    assert by_premises.distribution["at_least_share"].tolist() == [1.0, 0.5, 0.0]
    assert by_premises.cells["n_counted"].tolist() == [1, 1, 0, 1]


def test_stations_without_premises_stand_for_themselves() -> None:
    reach = reach_of(("a", 0, 1), ("b", 0, 1), ("c", 0, 1))
    for premises in ([None, None, "hall"], ["", "", "hall"]):
        given_ = {"stations": stations_of(["a", "b", "c"], premises=premises), "zones": None, "weight": "visits"}
        result = coverage.backup(demand_of((0, "", 0, 1)), reach, n=3, by_premises=True, **given_)  # type: ignore[arg-type]
        assert result.headline["share"] == 1.0


def toy_offers() -> Offers:
    """a: water always; toilet perhaps in bin 0.  b: toilet in bin 0 for sure, rest never."""
    low = np.zeros((2, 3, N_BINS), dtype=bool)
    low[0, 0] = True
    low[1, 1, 0] = True
    high = low.copy()
    high[0, 1, 0] = True
    return offers_of(["a", "b"], low, high, services=SERVICES)


def complete(demand: pd.DataFrame = DEMAND, **changes: Any) -> coverage.PartialCoverage:  # noqa: ANN401
    asked = {"offers": toy_offers(), "services": ["water", "toilet"], "together": "in_reach"} | GIVEN | changes
    return coverage.completeness(demand, asked.pop("reach", REACH), **asked)


def test_completeness_by_hand() -> None:
    # Place 0, bin 0 (10): a water, b toilet -> 2 of 2; bin 1 (10): water -> 1; place 1, bin 0 (30): a: water, toilet
    # perhaps -> 1 or 2; place 2 (50): 0. Mean: (10 + 5 + 15) / 100, high (10 + 5 + 30) / 100; all: 10, high 40.
    result = complete()
    told = result.headline
    assert [told[name] for name in ("share", "share_high", "all_share", "all_share_high")] == [0.3, 0.45, 0.1, 0.4]
    assert result.distribution["demand"].tolist() == [50, 40, 10]
    assert result.distribution["at_least_demand_high"].tolist() == [100, 50, 40]
    assert result.cells["covered_share"].tolist() == [0.75, 0.5, 0.0, 0.5]
    assert result.cells["all_demand_high"].tolist() == [10, 30, 0, 0]
    assert result.rates["rate"].unique().tolist() == ["completeness", "all_services"]


def test_completeness_at_one_station_by_hand() -> None:
    # Place 0, bin 0: a has one for sure (two perhaps), b one -> 1, high 2; bin 1: 1; place 1: 1, high 2:
    # 5 + 5 + 15 of 100, and 10 + 5 + 30 if every unknown is a yes.
    told = complete(together="at_one_station").headline
    assert [told[name] for name in ("share", "share_high", "all_share", "all_share_high")] == [0.25, 0.45, 0.0, 0.4]


@pytest.mark.parametrize("bins", [-1, -2])
def test_a_time_that_is_not_known_takes_what_is_offered_always_or_ever(bins: int) -> None:
    # Place 0: water in every bin (sure), toilet in bin 0 only (perhaps).
    told = complete(demand_of((0, "west", bins, 10))).headline
    assert (told["share"], told["share_high"]) == (0.5, 1.0)


@st.composite
def towns(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    weights = draw(st.lists(st.integers(0, 50), min_size=8, max_size=8).filter(any))
    where = draw(st.lists(st.sampled_from(["west", "east", ""]), min_size=8, max_size=8))
    demand = demand_of(*[(i % N_PLACES, where[i], i // N_PLACES, float(weights[i])) for i in range(8)])
    names = [*(f"s{i}" for i in range(draw(st.integers(1, 5)))), "street"]
    premises = draw(st.lists(st.sampled_from(["hall", "shop", None]), min_size=len(names), max_size=len(names)))
    pairs = sorted(draw(st.sets(st.tuples(st.sampled_from(names), st.integers(0, N_PLACES - 1)), max_size=12)))
    metres = draw(st.lists(st.integers(0, 600), min_size=len(pairs), max_size=len(pairs)))
    reach = reach_of(*[(*pair, float(m)) for pair, m in zip(pairs, metres, strict=True)])
    return demand, reach, stations_of(names, premises=premises)


def looped(demand: pd.DataFrame, reach: pd.DataFrame, share: Any) -> tuple[float, float]:  # noqa: ANN401 - a function
    """Add demand inside the zones up, weighted by a function of the (station, metres) that reach its cell."""
    covered = total = 0.0
    for row in demand[demand["zone_id"] != ""].itertuples():
        there = reach[(reach["cell"] == row.cell) & (reach["station_id"] != "street")]
        covered += row.visits * share(list(zip(there["station_id"], there["impedance_m"], strict=True)), row.bin)
        total += row.visits
    return covered, total


def weight_of(metres: float) -> float:
    return min(1.0, max(0.0, (500 - metres) / 400))


@settings(max_examples=15, deadline=None)
@given(towns(), st.sampled_from([0.3, 0.9, 1.4]), st.integers(1, 3))
def test_equal_to_plain_loops(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame], threshold: float, n: int
) -> None:
    demand, reach, places = drawn
    table = {"stations": places, "zones": town(), "weight": "visits"}
    address = dict(zip(places["station_id"], places["premises_id"], strict=True))

    def premises(pairs: list[tuple[str, float]]) -> int:
        return len({address[name] if isinstance(address[name], str) else (name,) for name, _ in pairs})

    def chance(pairs: list[tuple[str, float]], _: int) -> float:
        return 1 - float(np.prod([1 - weight_of(m) for _, m in pairs]))

    expected = [
        (coverage.gradual(demand, reach, decay=DECAY, **table),
         lambda pairs, _: max((weight_of(m) for _, m in pairs), default=0.0)),
        (coverage.cooperative(demand, reach, decay=DECAY, rule="chance", **table), chance),
        (coverage.cooperative(demand, reach, decay=DECAY, rule="signal", threshold=threshold, **table),
         lambda pairs, _: float(sum(weight_of(m) for _, m in pairs) >= threshold - 1e-9)),
        (coverage.backup(demand, reach, n=n, by_premises=False, **table), lambda pairs, _: float(len(pairs) >= n)),
        (coverage.backup(demand, reach, n=n, by_premises=True, **table), lambda pairs, _: float(premises(pairs) >= n)),
    ]  # fmt: skip
    for result, share in expected:
        covered, total = looped(demand, reach, share)
        assert result.headline["numerator"] == pytest.approx(covered, rel=1e-12, abs=1e-12)
        assert result.headline["denominator"] == pytest.approx(total, rel=1e-12)
        assert np.isnan(result.headline["share"]) == (total == 0)
        for _, level in result.rates[result.rates["level"] != "all"].groupby("level"):
            assert level["denominator"].sum() == pytest.approx(demand["visits"].sum(), rel=1e-12)
            assert level["numerator"].sum() == pytest.approx(result.cells["covered_demand"].sum(), rel=1e-12)


@settings(max_examples=12, deadline=None)
@given(towns(), st.integers(1, 600), st.integers(0, 4))
def test_monotone_and_equal_to_step_coverage(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame], cutoff: int, dropped: int
) -> None:
    demand, reach, places = drawn
    table = {"stations": places, "zones": town(), "weight": "visits"}
    measures = {
        "gradual": lambda rows: coverage.gradual(demand, rows, decay=DECAY, **table),
        "chance": lambda rows: coverage.cooperative(demand, rows, decay=DECAY, rule="chance", **table),
        "signal": lambda rows: coverage.cooperative(demand, rows, decay=DECAY, rule="signal", threshold=0.8, **table),
        "backup": lambda rows: coverage.backup(demand, rows, n=2, by_premises=True, **table),
    }
    full = {name: measure(reach).cells["covered_demand"].to_numpy() for name, measure in measures.items()}
    for fewer in (reach[reach["station_id"] != f"s{dropped}"], reach[reach["impedance_m"] <= cutoff]):
        for name, measure in measures.items():
            assert (measure(fewer).cells["covered_demand"].to_numpy() <= full[name] + 1e-12).all()
    assert (full["gradual"] <= full["chance"] + 1e-12).all()
    near = reach[reach["impedance_m"] <= cutoff]
    covered = coverage.score(demand, near, **table).headline["covered_demand"]
    sharp = {"decay": step(cutoff=cutoff), **table}
    results = [
        coverage.gradual(demand, reach, **sharp),
        coverage.cooperative(demand, reach, rule="chance", **sharp),
        coverage.cooperative(demand, reach, rule="signal", threshold=1.0, **sharp),
        coverage.backup(demand, near, n=1, by_premises=True, **table),
    ]
    assert [one.headline["numerator"] for one in results] == pytest.approx([covered] * 4, rel=1e-12)
    two = coverage.backup(demand, near, n=2, by_premises=False, **table).headline["numerator"]
    signals = coverage.cooperative(demand, reach, rule="signal", threshold=2.0, **sharp).headline["numerator"]
    assert signals == pytest.approx(two, rel=1e-12)


@settings(max_examples=12, deadline=None)
@given(towns(), st.integers(0, 2**32 - 1), st.sampled_from([70, 168]))
def test_completeness_equals_plain_loops_and_keeps_its_laws(
    drawn: tuple[pd.DataFrame, pd.DataFrame, gpd.GeoDataFrame],
    seed: int,
    n_bins: int,
) -> None:
    demand, reach, places = drawn
    demand["bin"] = demand["bin"].map({0: -1, 1: n_bins - 1})
    names = [name for name in places["station_id"] if name != "street"]
    chance = np.random.default_rng(seed)
    low = chance.random((len(names), 3, n_bins)) < chance.choice([0.5, 1.0])
    high = low | (chance.random(low.shape) < 0.3)
    offers = offers_of(names, low, high, services=SERVICES)
    table = {"stations": places, "zones": town(), "weight": "visits", "offers": offers}

    results = {}
    for together in ("in_reach", "at_one_station"):
        result = coverage.completeness(demand, reach, services=SERVICES, together=together, **table)  # type: ignore[arg-type]
        for flags, perhaps, name in ((low, False, "numerator"), (high, True, "numerator_high")):

            def share(
                pairs: list[tuple[str, float]], bins: int, flags: np.ndarray = flags, perhaps: bool = perhaps,  # noqa: FBT001
                together: str = together,
            ) -> float:  # fmt: skip
                if not pairs:
                    return 0.0
                found = flags[[names.index(station) for station, _ in pairs]]
                by_bin = found.any(axis=0).sum(axis=0) if together == "in_reach" else found.sum(axis=1).max(axis=0)
                unknown = by_bin.max() if perhaps else by_bin.min()
                return float(by_bin[bins] if bins >= 0 else unknown) / 3

            expected, _ = looped(demand, reach, share)
            assert result.headline[name] == pytest.approx(expected, rel=1e-12, abs=1e-12)
        assert result.distribution["demand"].sum() == pytest.approx(result.headline["denominator"], rel=1e-12)
        results[together] = result
    assert results["at_one_station"].headline["numerator"] <= results["in_reach"].headline["numerator"] + 1e-9
    alone = [coverage.completeness(demand, reach, services=[s], together="in_reach", **table) for s in SERVICES]  # type: ignore[arg-type]
    # Law: in each hour that is known, the mean of the services' own rates.
    known = [one.bins[one.bins["bin"] >= 0] for one in (results["in_reach"], *alone)]
    whole, *single = (one.loc[one["rate"] == "completeness", "numerator"].to_numpy() for one in known)
    assert whole == pytest.approx(np.mean(single, axis=0), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"rule": "sum"}, ParameterError, "rule must be 'chance' or 'signal'"),
        ({"rule": "chance", "threshold": 1.0}, ParameterError, "threshold must be None"),
        ({"rule": "signal"}, ParameterError, "threshold must be a finite number above 0"),
        ({"rule": "chance", "weight": "couriers"}, ParameterError, "weight must be a column of demand"),
        ({"rule": "chance", "decay": lambda way: 2.0 + 0 * way}, ParameterError, "between 0 and 1"),
        ({"rule": "chance", "stations": stations_of(["a"])}, DataError, "reach names 2 stations .* 'b', 'street'"),
        ({"rule": "chance", "zones": town().iloc[1:]}, DataError, "zones of the lowest level; 1 of 3.*'west'"),
    ],
)
def test_wrong_calls_of_cooperative(changes: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        coverage.cooperative(DEMAND, REACH, **({"decay": DECAY} | GIVEN | changes))


def test_other_wrong_calls() -> None:
    with pytest.raises(ParameterError, match="n must be a whole number, 1 or more"):
        coverage.backup(DEMAND, REACH, n=0, by_premises=False, **GIVEN)
    with pytest.raises(ColumnError, match="premises_id"):
        coverage.backup(DEMAND, REACH, n=2, by_premises=True, **GIVEN | {"stations": stations_of(["a", "b", "street"])})
    with pytest.raises(DataError, match="no demand to cover"):
        coverage.gradual(DEMAND.assign(visits=0.0), REACH, decay=DECAY, **GIVEN)
    with pytest.raises(ParameterError, match="resolution 10 and reach of 9"):
        coverage.gradual(
            DEMAND, REACH.iloc[:1].assign(cell=cells.parents(PLACES[:1], resolution=9)), decay=DECAY, **GIVEN
        )
    with pytest.raises(ParameterError, match="did you mean 'toilet'"):
        complete(services=["toilets"])
    with pytest.raises(ParameterError, match="one or more"):
        complete(services=[])
    with pytest.raises(ParameterError, match="each once"):
        complete(services=["water", "water"])
    with pytest.raises(ParameterError, match="together must be"):
        complete(together="anyhow")
    with pytest.raises(ParameterError, match="bins up to 9, offers only 6"):
        complete(demand_of((0, "west", 9, 1)))
    with pytest.raises(DataError, match="1 of 3 stations are missing: 'c'"):
        complete(stations=stations_of(["a", "b", "street", "c"]))


def test_offers_must_have_for_sure_no_more_than_perhaps() -> None:
    flags = np.zeros((2, 3, N_BINS), dtype=bool)
    with pytest.raises(DataError, match="within what is offered perhaps"):
        complete(offers=offers_of(["a", "b"], ~flags, flags, services=SERVICES))


def test_row_order_does_not_matter_and_repeats_of_a_place_add_up() -> None:
    # Groups of workers repeat (cell, zone, bin): they are added up.
    split = pd.concat([DEMAND.assign(group="riders"), DEMAND.assign(group="drivers")], ignore_index=True)
    plain = coverage.gradual(split, REACH, decay=DECAY, **GIVEN)
    mixed = coverage.gradual(
        split.sample(frac=1, random_state=3), REACH.sample(frac=1, random_state=3), decay=DECAY, **GIVEN
    )
    pd.testing.assert_frame_equal(plain.cells, mixed.cells)
    pd.testing.assert_frame_equal(plain.rates, mixed.rates)
    assert plain.headline["numerator"] == 80


def test_no_reach_and_no_zones() -> None:
    result = coverage.gradual(DEMAND, REACH.iloc[:0], decay=DECAY, **GIVEN | {"zones": None})
    assert (result.headline["share"], result.headline["denominator"], result.headline["outside_demand"]) == (0, 107, 0)
    assert len(result.rates) == 1
    assert result.distribution.empty
