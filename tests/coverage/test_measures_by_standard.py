"""Blank spots, criticality and partial coverage by a standard: who counts, how far, and when, as `score` has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import coverage, reach
from stationgeo import stations as station_kinds
from stationgeo.errors import ParameterError

if TYPE_CHECKING:
    from tests.coverage.conftest import Town

OPEN, ALWAYS = range(8, 20), range(168)


def asked(**fields: object) -> coverage.Standard:
    words = {"name": "asked", "version": "1", "zh": "问", "en": "what is asked", "source": "a test"}
    return coverage.Standard(**({**words, "cutoff_m": 500.0, "open_then": False} | fields))


@pytest.fixture(scope="module")
def case(town: Town) -> dict[str, Any]:
    """Places 0 and 1 have 10 and 20 visits at 10:00, place 2 has 40 at 02:00, place 3 has 5 of truckers at 10:00.

    a (warm_bee, open 8-20) reaches 0 and 1; b (service_centre, always) reaches 1 and 2; c (warm_bee) reaches 3 at 600.
    """
    demand = town.demand(
        (0, "west", 10, 10, "rider"), (1, "west", 10, 20, "rider"), (2, "west", 2, 40, "rider"),
        (3, "east", 10, 5, "trucker"), columns="place zone_id bin visits group",
    )  # fmt: skip
    ways = town.reach(("a", 0, 100), ("a", 1, 200), ("b", 1, 300), ("b", 2, 400), ("c", 3, 600))
    places = town.stations(a="warm_bee", b="service_centre", c="warm_bee")
    told = town.services(("a", "toilets", "yes"), ("b", "toilets", "yes"), ("b", "water", "yes"), ("c", "water", "yes"))
    hours = town.hours({"a": OPEN, "b": ALWAYS, "c": ALWAYS})
    offers = station_kinds.offers(places, told, hours=hours)
    return {"demand": demand, "reach": ways, "stations": places, "zones": town.zones(), "weight": "visits",
            "offers": offers}  # fmt: skip


def on(case: dict[str, Any], *, offers: bool = True) -> dict[str, Any]:
    return {name: value for name, value in case.items() if offers or name != "offers"}


def test_the_cutoff_of_the_standard_is_the_one_that_counts(case: dict[str, Any]) -> None:
    # c's way of 600 m is beyond 500 m: 70 of 75 are covered, by a alone 10, by b alone 40.
    found = coverage.criticality(**on(case), standard=asked())
    assert (found.headline["demand"], found.headline["covered_demand"]) == (75, 70)
    assert found.stations["unique_demand"].tolist() == [10, 40, 0]


def test_kinds_and_groups_of_the_standard_count(case: dict[str, Any]) -> None:
    # Of riders, 70 in all, service centres cover 20 + 40; b is the only one.
    standard = asked(kinds=("service_centre",), group="rider")
    found = coverage.criticality(**on(case), standard=standard)
    assert found.stations["station_id"].tolist() == ["b"]
    assert (found.headline["demand"], found.headline["covered_demand"]) == (70, 60)
    second = coverage.backup(**on(case, offers=False), n=1, by_premises=False, standard=standard)
    assert (second.headline["numerator"], second.headline["denominator"]) == (60, 70)
    assert second.parameters["standard"]["kinds"] == ["service_centre"]


def test_hours_and_services_of_the_standard_count(case: dict[str, Any]) -> None:
    # Toilets that are open: a for 0 and 1 at 10:00, b for 1 at 10:00 and 2 at 02:00; 0 is a's alone, 2 is b's alone.
    found = coverage.criticality(**on(case), standard=asked(services=("toilets",), open_then=True))
    assert found.stations["unique_demand"].tolist() == [10, 40, 0]
    # Of water only b has any within 500 m.
    found = coverage.criticality(**on(case), standard=asked(services=("water",), open_then=True))
    assert found.stations["unique_demand"].tolist() == [0, 60, 0]
    # Both at one station: b again.
    found = coverage.criticality(**on(case), standard=asked(services=("water", "toilets"), together=True))
    assert found.stations["unique_demand"].tolist() == [0, 60, 0]


def test_a_station_that_is_closed_at_the_hour_is_no_second_one(case: dict[str, Any], town: Town) -> None:
    night = town.demand((1, "west", 2, 20))
    found = coverage.criticality(**on(case) | {"demand": night}, standard=asked(open_then=True))
    assert found.stations["unique_demand"].tolist() == [0, 20, 0]
    assert found.headline["backed_up_demand"] == 0
    assert coverage.criticality(**on(case) | {"demand": night}, standard=asked()).headline["backed_up_demand"] == 20


def test_decay_counts_the_stations_of_the_standard(case: dict[str, Any]) -> None:
    # Half of 1,000 m: a is worth .9 at place 0; b .7 at 1 and .6 at 2. Of service centres: 20 x .7 + 40 x .6 = 38.
    decay = reach.linear(cutoff=1_000)
    found = coverage.gradual(**on(case, offers=False), decay=decay, standard=asked(kinds=("service_centre",)))
    assert found.headline["numerator"] == pytest.approx(38)
    # a and b together at 1: 1 - .2 x .3 = .94, so 10 x .9 + 20 x .94 + 40 x .6 = 51.8.
    found = coverage.cooperative(**on(case, offers=False), decay=decay, rule="chance", standard=asked())
    assert found.headline["numerator"] == pytest.approx(51.8)


def test_a_standard_may_say_what_a_way_is_worth(case: dict[str, Any]) -> None:
    # Linear to the cutoff of 500 m: a .8 at 0 and .6 at 1; b .4 at 1 and .2 at 2: 10 x .8 + 20 x .6 + 40 x .2 = 28.
    falling = asked(decay={"name": "linear"})
    assert coverage.gradual(**on(case, offers=False), standard=falling).headline["numerator"] == pytest.approx(28)
    chance = coverage.cooperative(**on(case, offers=False), rule="chance", standard=falling)
    assert chance.headline["numerator"] == pytest.approx(8 + 20 * (1 - 0.4 * 0.6) + 8)
    # One that is given counts before it, and one of the two there has to be.
    sharp = coverage.gradual(**on(case, offers=False), decay=reach.step(cutoff=500), standard=falling)
    assert sharp.headline["numerator"] == 70
    assert sharp.parameters["standard"]["decay"] == {"name": "linear"}
    for standard in (None, asked()):
        with pytest.raises(ParameterError, match="nothing says what a station is worth on the way"):
            coverage.gradual(**on(case, offers=False), standard=standard)


def test_partial_coverage_in_the_hours_and_by_the_services_of_the_standard(case: dict[str, Any], town: Town) -> None:
    # Open toilets, half of the worth at 500 m: a .9 at 0 and .8 at 1 at 10:00; b .7 at 1 and .6 at 2; c has none.
    # Best: 10 x .9 + 20 x .8 + 40 x .6 = 49; by chance 1 has 1 - .2 x .3 = .94; a second one only at 1 (20).
    open_toilets = asked(services=("toilets",), open_then=True)
    decay = reach.linear(cutoff=1_000)
    best = coverage.gradual(**on(case), decay=decay, standard=open_toilets)
    assert best.headline["numerator"] == pytest.approx(49)
    assert best.bins[["bin", "numerator", "denominator"]].to_numpy().tolist() == pytest.approx(
        np.array([[2, 24, 40], [10, 25, 35]])
    )
    together = coverage.cooperative(**on(case), decay=decay, rule="chance", standard=open_toilets)
    assert together.headline["numerator"] == pytest.approx(9 + 18.8 + 24)
    second = coverage.backup(**on(case), n=2, by_premises=False, standard=open_toilets)
    assert second.headline["numerator"] == 20
    assert second.distribution["demand"].tolist() == [5, 50, 20]
    # At 02:00 a is closed: place 1 has b alone, and no second one.
    night = on(case) | {"demand": town.demand((1, "west", 2, 20))}
    assert coverage.gradual(**night, decay=decay, standard=open_toilets).headline["numerator"] == pytest.approx(14)
    assert coverage.backup(**night, n=2, by_premises=False, standard=open_toilets).headline["numerator"] == 0
    # Water and toilets, of several stations: what there is least of. At 1 water is b's alone (.7), at 0 nobody's.
    both = coverage.gradual(**on(case), decay=decay, standard=asked(services=("toilets", "water"), open_then=True))
    assert both.headline["numerator"] == pytest.approx(20 * 0.7 + 40 * 0.6)


def test_several_services_of_which_any_will_do(case: dict[str, Any]) -> None:
    # Any of water and toilets: a and b have it in their hours. And water: only b. Mean over the two, of 75:
    # place 0 has one of two (5), 1 and 2 both (60).
    found = coverage.completeness(
        **on(case), services=[("water", "toilets"), "water"], together="in_reach", standard=asked()
    )
    assert found.headline["numerator"] == pytest.approx(65)
    assert found.headline["all_share"] == pytest.approx(60 / 75)
    with pytest.raises(ParameterError, match="each once"):
        coverage.completeness(**on(case), services=[()], together="in_reach")


def test_stations_of_other_kinds_fill_no_administrative_blank(case: dict[str, Any]) -> None:
    standard = asked(kinds=("service_centre",))
    scored = coverage.score(**on(case), standard=standard)
    limits = {"min_weight": 0, "rings": 1, "min_uncovered_share": 0.5, "min_covered_share": 0.5, "span_h": None}
    table = {name: case[name] for name in ("stations", "zones", "weight")}
    found = coverage.blank_spots(scored.cells, **table, **limits, standard=standard)
    # a, b and c stand in west; of these only b is a service centre. a's place, 0, has the nearest one 1 km away, at b.
    assert found.units.set_index("zone_id")["n_stations"].to_dict() == {"west": 1, "east": 0, "C1": 1}
    assert set(found.spots["nearest_station_id"]) == {"b"}
    assert found.headline["covered_demand"] == scored.headline["covered_demand"]


def test_what_several_stations_share_has_no_critical_one(case: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="several stations may share"):
        coverage.criticality(**on(case), standard=asked(services=("water", "toilets")))
    with pytest.raises(ParameterError, match="give offers="):
        coverage.criticality(**on(case, offers=False), standard=asked(services=("water",)))
    with pytest.raises(ParameterError, match="reach is in m"):
        coverage.criticality(**on(case), standard=asked(cutoff_m=None, cutoff_s=60.0, mode="walk"))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_covered_is_what_score_says(town: Town, seed: int) -> None:
    # Law: what a step covers, one station in reach and what criticality may lose are the coverage of score, range
    # included. Of unknown hours criticality asks each station by itself, so that it looks at timed demand here.
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    places = town.stations(**dict(zip(names, rng.choice(["warm_bee", "service_centre"], 4), strict=True)))
    demand = town.demand(
        *((int(p), "", int(h), float(1 + rng.integers(9))) for p in range(6) for h in (3, 12, 100, -1))
    )
    pairs = [(n, p, float(rng.integers(100, 900))) for n in names for p in range(6) if rng.random() < 0.5]
    ways = town.reach(*pairs) if pairs else town.reach(("a", 0, 1.0))
    status = [(n, s, str(rng.choice(["yes", "no", "unknown"]))) for n in names for s in ("toilets", "water")]
    hours = town.hours({n: rng.permutation(168)[:90] for n in names})
    offers = station_kinds.offers(places, town.services(*status), hours=hours)
    table: dict[str, Any] = {"stations": places, "zones": None, "weight": "visits"}
    for standard in (
        asked(open_then=True), asked(services=("toilets",), open_then=True), asked(kinds=("warm_bee",)),
        asked(services=("toilets", "water"), together=True, open_then=True),
    ):  # fmt: skip
        scored = coverage.score(demand, ways, **table, standard=standard, offers=offers)
        timed = demand[demand["bin"] >= 0]
        found = coverage.criticality(timed, ways, **table, standard=standard, offers=offers)
        of_timed = coverage.score(timed, ways, **table, standard=standard, offers=offers)
        assert found.headline["covered_demand"] == pytest.approx(of_timed.headline["covered_demand"])
        ends = (scored.headline["covered_demand"], scored.headline["covered_demand_high"])
        assert found.headline["covered_demand_high"] == pytest.approx(of_timed.headline["covered_demand_high"])
        sharp = {"standard": standard, "offers": offers, **table}
        for same in (
            coverage.backup(demand, ways, n=1, by_premises=False, **sharp),
            coverage.gradual(demand, ways, decay=reach.step(cutoff=1_000), **sharp),
            coverage.cooperative(demand, ways, decay=reach.step(cutoff=1_000), rule="chance", **sharp),
        ):
            assert (same.headline["numerator"], same.headline["numerator_high"]) == pytest.approx(ends)
            amounts = same.bins[["numerator", "numerator_high", "denominator"]].sum()
            assert amounts.tolist() == pytest.approx([*ends, scored.headline["demand"]])
