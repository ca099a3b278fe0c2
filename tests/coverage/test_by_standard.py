"""Coverage by standards that ask for services and open stations: a town by hand, plain loops, and the laws."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import coverage, schema, stations
from stationgeo.errors import ColumnError, DataError, ParameterError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.coverage.conftest import Town

TOILET = coverage.Standard(
    name="toilet",
    version="1",
    zh="厕所",
    en="a toilet",
    source="made for this test",
    cutoff_m=300,
    services=("toilets",),
)
DAY, NIGHT = range(8, 20), range(20, 24)


def asked(**changes: object) -> coverage.Standard:
    return dataclasses.replace(TOILET, **changes)


@pytest.fixture(scope="session")
def made(town: Town) -> dict[str, Any]:
    """Give what the tests by hand score.

    place   0 west   1 west     2 west    3 east    5 outside
    visits  10 at 9  20 at 9    40 at 9   80 at 9   1,000 at 9
            1 at 21  2 at 21    4 at 21   8 at 21
    reach   bee      bee, hall  hall      shop      shop

    bee (warm-bee type) has a toilet and is open on Monday 8-20; hall (service centre) has one, its hours are not known;
    of shop (warm-bee type, always open) it is not known whether it has one.
    """
    places = town.stations(bee="warm_bee", hall="service_centre", shop="merchant")
    told = town.services(("bee", "toilets", "yes"), ("hall", "toilets", "yes"), ("shop", "water", "yes"))
    hours = town.hours(
        {"bee": DAY, "hall": [], "shop": range(168)}, {"bee": DAY, "hall": range(168), "shop": range(168)}
    )
    rows = [(p, "west" if p < 3 else "east", b, n) for b, amounts in ((9, (10, 20, 40, 80)), (21, (1, 2, 4, 8)))
            for p, n in enumerate(amounts)]  # fmt: skip
    return {
        "demand": town.demand(*rows, (5, "", 9, 1000)),
        "reach": town.reach(("bee", 0, 100), ("bee", 1, 300), ("hall", 1, 200), ("hall", 2, 50), ("shop", 3, 1),
                            ("shop", 5, 1), ("bee", 4, 301)),
        "stations": places, "zones": town.zones(), "weight": "visits",
        "offers": stations.offers(places, told, hours=hours), "standard": TOILET,
    }  # fmt: skip


def score(made: dict[str, Any], **changes: object) -> coverage.Coverage:
    given_ = made | changes
    demand, reach = given_.pop("demand"), given_.pop("reach")
    return coverage.score(demand, reach, **given_)


def test_a_town_by_hand(made: dict[str, Any]) -> None:
    # At 9: bee serves places 0 and 1 for sure, 30; hall may serve place 2, 40, shop place 3, 80.
    # At 21: bee is closed; hall may serve places 1 and 2, 6, shop place 3, 8; place 0, 1, is not served.
    head = score(made).headline
    assert head["demand"] == 165
    assert head["outside_demand"] == 1000
    assert (head["covered_demand"], head["covered_demand_high"]) == (30, 30 + 40 + 80 + 6 + 8)
    # Warm-bee type only: place 0 at 9 for sure; at most also 1 at 9 (were hall closed) and 3 at either hour.
    assert head["warm_bee_only_share_low"] == pytest.approx(10 / 165)
    assert head["warm_bee_only_share_high"] == pytest.approx((10 + 20 + 80 + 8) / 165)
    # Where every unknown is a no, place 1 at 9 is bee's alone.
    assert head["warm_bee_only_share"] == pytest.approx(30 / 165)
    assert (head["both_share_low"], head["both_share_high"]) == (0, pytest.approx(20 / 165))
    assert head["service_centre_only_share_high"] == pytest.approx((40 + 6) / 165)
    assert head["neither_share_low"] == pytest.approx(1 / 165)
    assert head["neither_share_high"] == head["neither_share"] == pytest.approx(135 / 165)


def test_hours_and_zones_by_hand(made: dict[str, Any]) -> None:
    result = score(made)
    bins = result.bins.set_index("bin")
    assert bins.loc[9, ["demand", "covered_demand", "covered_demand_high"]].tolist() == [150, 30, 150]
    assert bins.loc[21, ["demand", "covered_demand", "covered_demand_high"]].tolist() == [15, 0, 14]
    zones = result.zones.set_index(["level", "zone_id"])
    assert zones.loc[("grid", "west"), ["demand", "covered_demand", "covered_demand_high"]].tolist() == [77, 30, 76]
    assert zones.loc[("grid", "east"), ["demand", "covered_demand", "covered_demand_high"]].tolist() == [88, 0, 88]
    assert zones.loc[("community", "C1"), ["covered_demand", "covered_demand_high"]].tolist() == [30, 164]
    assert zones.loc[("community", ""), ["demand", "covered_demand_high"]].tolist() == [1000, 1000]
    assert zones.loc[("grid", "west"), "covered_share_high"] == pytest.approx(76 / 77)


def test_cells_and_stations_by_hand(made: dict[str, Any], town: Town) -> None:
    result = score(made)
    cells = result.cells.set_index("cell").loc[town.places[:4]]
    assert cells["covered_demand"].tolist() == [10, 20, 0, 0]
    assert cells["covered_demand_high"].tolist() == [10, 22, 44, 88]
    assert cells["open_share"].tolist() == pytest.approx([12 / 168, 12 / 168, 0, 0])
    assert cells["open_share_high"].tolist() == pytest.approx([12 / 168, 1, 1, 1])
    assert cells["covered"].tolist() == [True, True, False, False]
    assert cells["class"].tolist() == ["warm_bee_only", "warm_bee_only", "neither", "neither"]
    assert cells["n_stations"].tolist() == [1, 2, 1, 1]
    assert cells["nearest_station_id"].tolist() == ["bee", "hall", "hall", "shop"]
    # Place 4 is 301 m from bee, beyond the standard's 300 m.
    assert town.places[4] not in set(result.cells["cell"])
    places = result.stations.set_index("station_id")
    assert places["unique_demand"].tolist() == [10, 0, 0]


def test_the_standard_is_carried(made: dict[str, Any], tmp_path: Path) -> None:
    result = score(made)
    assert result.standard == TOILET
    assert score(made, standard=None, offers=None).standard is None
    result.to_parquet(tmp_path)
    back = coverage.Coverage.read(tmp_path)
    assert back.standard == TOILET
    pd.testing.assert_frame_equal(back.cells, result.cells)
    assert "厕所" in result._repr_html_()
    assert "were every unknown a yes" in result._repr_html_()
    assert "were every unknown a yes" not in score(made, standard=None, offers=None)._repr_html_()


def test_hours_are_left_aside_where_the_standard_says_so(made: dict[str, Any]) -> None:
    # Whatever the hour, bee and hall serve places 0, 1 and 2 for sure.
    head = score(made, standard=asked(open_then=False)).headline
    assert (head["covered_demand"], head["covered_demand_high"]) == (77, 165)


def test_a_station_is_enough_where_nothing_is_asked_for(made: dict[str, Any]) -> None:
    # shop is always open: place 3 is served for sure; hall's hours are not known.
    head = score(made, standard=asked(services=())).headline
    assert (head["covered_demand"], head["covered_demand_high"]) == (30 + 88, 164)


def test_kinds_and_tiers_that_count(made: dict[str, Any]) -> None:
    only = score(made, standard=asked(kinds=("service_centre",)))
    assert (only.headline["covered_demand"], only.headline["covered_demand_high"]) == (0, 60 + 6)
    assert only.stations["counted"].tolist() == [False, True, False]
    assert only.headline["n_stations"] == 1
    partial = score(made, standard=asked(tiers=("partial",)))
    assert partial.headline["covered_demand_high"] == 88


def test_hour_unknown_is_a_range(made: dict[str, Any], town: Town) -> None:
    # bee is open at some hours, so demand at place 0 of an unknown hour may be served, and is not for sure.
    for bin_ in (schema.UNTIMED_BIN, schema.WEEK_BIN):
        one = town.demand((0, "west", bin_, 10))
        head = score(made, demand=one).headline
        assert (head["covered_demand"], head["covered_demand_high"]) == (0, 10)
        assert score(made, demand=one).bins["bin"].tolist() == [bin_]
        always = score(made, demand=one, standard=asked(open_then=False)).headline
        assert always["covered_demand"] == 10


def test_groups(made: dict[str, Any], town: Town) -> None:
    demand = town.demand(
        (0, "west", 9, 10, "rider"), (2, "west", 9, 5, "trucker"), columns="place zone_id bin visits group"
    )
    head = score(made, demand=demand, standard=asked(group="rider")).headline
    assert (head["demand"], head["covered_demand"]) == (10, 10)
    with pytest.raises(DataError, match=r"nobody is of group 'walker'.*rider, trucker"):
        score(made, demand=demand, standard=asked(group="walker"))
    with pytest.raises(ColumnError, match="column 'group' is missing"):
        score(made, standard=asked(group="rider"))


def test_together_or_from_several(made: dict[str, Any], town: Town) -> None:
    # bee has toilets, shop water: together they have both where both are in reach, at place 0; no station has both.
    told = town.services(
        ("bee", "toilets", "yes"), ("bee", "water", "no"), ("shop", "water", "yes"), ("shop", "toilets", "no"),
        ("hall", "water", "yes"), ("hall", "toilets", "no"),
    )  # fmt: skip
    offers = stations.offers(made["stations"], told, hours=None)
    reach = town.reach(("bee", 0, 1), ("shop", 0, 1), ("bee", 1, 1), ("hall", 1, 1), ("bee", 2, 1))
    both = asked(services=("toilets", "water"), open_then=False)
    result = score(made, offers=offers, reach=reach, standard=both)
    assert result.headline["covered_demand"] == 11 + 22
    # At place 0 two warm-bee stations share it; at place 1 neither family has it alone: that is both.
    assert result.headline["warm_bee_only_share"] == pytest.approx(11 / 165)
    assert result.headline["both_share"] == pytest.approx(22 / 165)
    alone = score(made, offers=offers, reach=reach, standard=dataclasses.replace(both, together=True))
    assert alone.headline["covered_demand"] == 0


def test_wrong_calls(made: dict[str, Any], town: Town) -> None:
    with pytest.raises(ParameterError, match="'toilet' asks for services: give offers="):
        score(made, offers=None)
    with pytest.raises(ParameterError, match="reach is in m"):
        score(made, standard=asked(cutoff_m=None, cutoff_s=60, mode="ebike"))
    with pytest.raises(ParameterError, match="offers were made without hours"):
        score(made, offers=stations.offers(made["stations"], town.services(), hours=None))
    with pytest.raises(DataError, match=r"offers: 1 of 3 stations are missing: 'bee'"):
        score(made, offers=made["offers"].select(np.array([False, True, True])))
    with pytest.raises(DataError, match=r"1 of 2 zones are not there: 'nowhere'"):
        score(made, demand=town.demand((0, "west", 9, 1), (1, "nowhere", 9, 1)))
    days = town.hours({"bee": [], "hall": [], "shop": []}, bins="hour_of_day_type")
    with pytest.raises(ParameterError, match="demand has bins up to 100, offers only 72"):
        score(made, demand=town.demand((0, "west", 100, 1)),
              offers=stations.offers(made["stations"], town.services(), hours=days))  # fmt: skip


@st.composite
def drawn(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what six places, four stations and three services may be like."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["warm_bee", "merchant", "service_centre"], 4).tolist()
    return {
        "kinds": {f"s{i}": kind for i, kind in enumerate(kinds)},
        "status": rng.choice(["yes", "no", "unknown"], (4, 3)),
        "low": (low := rng.random((4, 72)) < rng.choice([0.3, 0.9])),
        "high": low | (rng.random((4, 72)) < 0.3),
        "ways": {(s, p): int(rng.integers(0, 500)) for s in range(4) for p in range(6) if rng.random() < 0.5},
        "rows": [
            (p, rng.choice(["west", "east", ""]), b, int(rng.integers(0, 9)))
            for p in range(6) for b in rng.choice(np.arange(-2, 72), 3, replace=False).tolist()
        ],
        "cutoff": int(rng.integers(0, 500)),
    }  # fmt: skip


SERVICES = ("toilets", "water", "meals")


def scored(town: Town, case: dict[str, Any], items: list[coverage.Item], **changes: object) -> coverage.ServiceCoverage:
    case = case | changes
    places = town.stations(**case["kinds"])
    told = town.services(*[
        (f"s{s}", service, case["status"][s][k]) for s in range(4) for k, service in enumerate(SERVICES)
    ])  # fmt: skip
    hours = town.hours(
        {f"s{s}": np.flatnonzero(case["low"][s]) for s in range(4)},
        {f"s{s}": np.flatnonzero(case["high"][s]) for s in range(4)}, bins="hour_of_day_type",
    )  # fmt: skip
    demand = town.demand(*case["rows"]).drop_duplicates(["cell", "zone_id", "bin"])
    ways = [(f"s{s}", p, float(m)) for (s, p), m in case["ways"].items()]
    return coverage.score_services(
        demand, town.reach(*ways), stations=places, offers=stations.offers(places, told, hours=hours), items=items,
        zones=town.zones(), weight="visits", by_hour=True, by_cell=True,
        standard=dataclasses.replace(TOILET, services=(), cutoff_m=case["cutoff"] + 1),
    )  # fmt: skip


def items() -> list[coverage.Item]:
    station, toilets, water = coverage.find_items(["station", "service:toilets", "service:water"])
    named = {"sort": "profile", "zh": "甲", "en": "a"}
    either = coverage.Item(name="either", clauses=(("toilets", "meals"),), **named)
    both = coverage.Item(name="both", clauses=(("toilets", "meals"), ("water",)), **named)
    alone = dataclasses.replace(both, name="alone", together=True)
    return [station, toilets, water, either, both, alone]


def served(case: dict[str, Any], place: int, bin_: int, item: coverage.Item, *, sure: bool) -> bool:
    """Ask the long way whether an item is served at a place in a bin."""
    if bin_ < 0:
        every = [served(case, place, b, item, sure=sure) for b in range(72)]
        return all(every) if sure else any(every)
    near = [s for (s, p), m in case["ways"].items() if p == place and m <= case["cutoff"] + 1]

    def has(s: int, service: str) -> bool:
        status = case["status"][s][SERVICES.index(service)]
        is_open = case["low" if sure else "high"][s][bin_]
        return bool(is_open and (status == "yes" or (status == "unknown" and not sure)))

    if not item.clauses:
        return any(case["low" if sure else "high"][s][bin_] for s in near)
    if item.together:
        return any(all(any(has(s, name) for name in clause) for clause in item.clauses) for s in near)
    return all(any(has(s, name) for name in clause for s in near) for clause in item.clauses)


@settings(max_examples=25, deadline=None)
@given(case=drawn())
def test_equal_to_asking_the_long_way(town: Town, case: dict[str, Any]) -> None:
    table = town.demand(*case["rows"]).drop_duplicates(["cell", "zone_id", "bin"])
    if not table["visits"].sum():
        return
    found = scored(town, case, items())
    where = {cell: place for place, cell in enumerate(town.places)}
    for item in items():
        sums = dict.fromkeys([("west", 0), ("west", 1), ("east", 0), ("east", 1), ("", 0), ("", 1)], 0.0)
        for row in table.itertuples():
            for high in (0, 1):
                if served(case, where[row.cell], row.bin, item, sure=not high):
                    sums[row.zone_id, high] += row.visits
        zones = found.zones.set_index(["item", "level", "zone_id"])
        for (zone, high), amount in sums.items():
            name = "covered_demand_high" if high else "covered_demand"
            assert zones.loc[(item.name, "grid", zone), name] == amount
        by_cell = found.cells[found.cells["item"] == item.name]
        assert by_cell["covered_demand"].sum() == sums["west", 0] + sums["east", 0] + sums["", 0]


@settings(max_examples=25, deadline=None)
@given(case=drawn(), extra=st.integers(0, 300), station=st.integers(0, 3))
def test_rates_are_monotone_and_totals_add_up(town: Town, case: dict[str, Any], extra: int, station: int) -> None:
    table = town.demand(*case["rows"]).drop_duplicates(["cell", "zone_id", "bin"])
    if not table["visits"].sum():
        return
    base = scored(town, case, items())
    assert (base.items["covered_demand"] <= base.items["covered_demand_high"]).all()
    longer = scored(town, case, items(), cutoff=case["cutoff"] + extra)
    open_more = case["low"].copy()
    open_more[station] = True
    more_hours = scored(town, case, items(), low=open_more, high=case["high"] | open_more)
    status = case["status"].copy()
    status[station] = "yes"
    more_services = scored(town, case, items(), status=status)
    fewer = scored(town, case, items(), ways={k: m for k, m in case["ways"].items() if k[0] != station})
    for name in ("covered_demand", "covered_demand_high"):
        for better in (longer, more_hours, more_services):
            assert (better.items[name] >= base.items[name]).all()
        assert (fewer.items[name] <= base.items[name]).all()
    for _, part in base.zones.groupby(["item", "level"]):
        assert part["demand"].sum() == pytest.approx(table["visits"].sum())
        assert part[list(coverage.CLASSES)].sum().sum() == pytest.approx(table["visits"].sum())
    hours = base.hours(level="grid")
    timed = base.bins[base.bins["bin"] >= 0]
    inside = hours[hours["zone_id"] != ""]
    assert inside["covered_demand"].sum() == pytest.approx(timed["covered_demand"].sum())


def test_hours_by_zone(made: dict[str, Any]) -> None:
    plain = {name: made[name] for name in ("stations", "offers", "zones", "weight", "standard")}
    result = coverage.score_services(
        made["demand"], made["reach"], items=coverage.find_items(["station", "service:toilets"]), by_hour=True, **plain
    )
    found = result.hours(level="grid", items=["service:toilets"], hours=[9, 21]).set_index(["zone_id", "hour"])
    assert found.loc[("west", 9), ["demand", "covered_demand", "covered_demand_high"]].tolist() == [70, 30, 70]
    assert found.loc[("west", 21), ["demand", "covered_demand", "covered_demand_high"]].tolist() == [7, 0, 6]
    assert "厕" in result._repr_html_()
    with pytest.raises(ParameterError, match="unknown level 'street'"):
        result.hours(level="street")
    with pytest.raises(ParameterError, match="hours of the day, 0 to 23"):
        result.hours(level="grid", hours=[24])
    with pytest.raises(ParameterError, match="item 'service:meals' was not scored"):
        result.hours(level="grid", items=["service:meals"])
    bare = coverage.score_services(made["demand"], made["reach"], items=["station"], **plain)
    with pytest.raises(ParameterError, match="hours by zone were not kept"):
        bare.hours(level="grid")


def test_items_by_name(made: dict[str, Any]) -> None:
    plain = {name: made[name] for name in ("demand", "reach", "stations", "offers", "zones", "weight", "standard")}
    toilets = coverage.find_items(["service:toilets"])
    mixed = coverage.score_services(**plain, items=["station", *toilets])
    assert mixed.items["item"].tolist() == ["station", "toilets"]
    every = coverage.score_services(**plain)
    assert every.items["item"].tolist() == [item.name for item in coverage.find_items()]
    pd.testing.assert_frame_equal(
        coverage.score_services(**plain, items=toilets).zones,
        every.zones.query("sort == 'service' and item == 'toilets'").reset_index(drop=True),
    )
    with pytest.raises(ParameterError, match="unknown item 'service:sauna'"):
        coverage.score_services(**plain, items=["station", "service:sauna"])


def test_needs_are_weighted(made: dict[str, Any], town: Town) -> None:
    demand = town.demand(
        (0, "west", 9, 10, "rest"), (0, "west", 9, 4, "pick_up"), (2, "west", 9, 100, "rest"),
        columns="place zone_id bin visits purpose",
    )  # fmt: skip
    weights = stations.need_weights(bins="hour_of_week")
    key = weights.set_index(["need", "purpose", "bin"])["weight"]
    plain = {name: made[name] for name in ("stations", "offers", "zones", "weight", "standard")}
    wanted = coverage.find_items(["need:toilets", "service:toilets"])
    result = coverage.score_services(demand, made["reach"], items=wanted, need_weights=weights, **plain)
    told = result.items.set_index("sort")
    rest, pick_up = key["toilets", "rest", 9], key["toilets", "pick_up", 9]
    assert told.loc["need", "demand"] == pytest.approx(110 * rest + 4 * pick_up)
    assert told.loc["need", "covered_demand"] == pytest.approx(10 * rest + 4 * pick_up)
    assert told.loc["service", "demand"] == 114
    with pytest.raises(DataError, match="missing for need 'toilets'"):
        coverage.score_services(
            demand, made["reach"], items=wanted, need_weights=weights[weights["bin"] < 100], **plain
        )  # fmt: skip
