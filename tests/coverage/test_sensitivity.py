"""Runs beside their base: by hand, equal to scoring by itself, and as monotone as they say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from stationgeo import coverage, stations
from stationgeo.coverage import Run
from stationgeo.errors import DataError, ParameterError

if TYPE_CHECKING:
    import pandas as pd
    from tests.coverage.conftest import Town

TOILET = coverage.Standard(
    name="toilet", version="1", zh="厕所", en="a toilet", source="made for this test", cutoff_m=300,
    services=("toilets",),
)  # fmt: skip


@pytest.fixture(scope="session")
def made(town: Town) -> dict[str, Any]:
    """Give what is varied.

    place    0 west   1 west   2 west   3 east   4 east
    visits   1 at 9   2 at 9   4 at 9   8 at 9   16 at 21
    reach    bee 100  bee 301  hall 50  shop 10  bee 200

    bee has a toilet and is open 8 to 20; hall has one, its hours are not known; of shop, always open, nothing is told.
    """
    places = town.stations(bee="warm_bee", hall="service_centre", shop="merchant")
    told = town.services(("bee", "toilets", "yes"), ("hall", "toilets", "yes"), ("shop", "water", "yes"))
    hours = town.hours({"bee": range(8, 20), "hall": [], "shop": range(168)},
                       {"bee": range(8, 20), "hall": range(168), "shop": range(168)})  # fmt: skip
    return {
        "demand": town.demand((0, "west", 9, 1), (1, "west", 9, 2), (2, "west", 9, 4), (3, "east", 9, 8),
                              (4, "east", 21, 16)),
        "reach": town.reach(("bee", 0, 100), ("bee", 1, 301), ("hall", 2, 50), ("shop", 3, 10), ("bee", 4, 200)),
        "stations": places, "zones": town.zones(), "weight": "visits", "standard": TOILET,
        "offers": stations.offers(places, told, hours=hours),
    }  # fmt: skip


def varied(made: dict[str, Any], cutoffs: list[float], **changes: Any) -> pd.DataFrame:  # noqa: ANN401
    given_ = made | changes
    table, reach = given_.pop("demand"), given_.pop("reach")
    return coverage.sensitivity_table(coverage.vary(table, reach, cutoffs=cutoffs, **given_))


def test_a_town_by_hand(made: dict[str, Any]) -> None:
    # For sure place 0 is covered, 1 of 31; hall may serve place 2, shop place 3: 13 at most. Any hour: places 0, 2 (for
    # sure, its hours do not matter) and 4, and 3 at most. No services asked for: 0, 3, and 2 at most. Unknown hours
    # open: 0 and 2. Up to 301 m: place 1 too; up to 99 m: hall and shop alone, for which nothing is sure.
    found = varied(made, [99, 301]).set_index(["varied", "value"])
    expected = {
        ("", "base"): (1, 13), ("cutoff", "99 m"): (0, 12), ("cutoff", "301 m"): (3, 15),
        ("hours", "always open"): (21, 29), ("services", "none"): (9, 13), ("unknown hours", "all open"): (5, 13),
        ("unknown hours and services", "all yes"): (13, 13),
    }  # fmt: skip
    own = found[found["figure"] == "covered_share"]
    assert own.index.tolist() == list(expected)
    for key, (low, high) in expected.items():
        assert own.loc[key, "share"] == pytest.approx(low / 31)
        assert own.loc[key, "share_high"] == pytest.approx(high / 31)
        assert own.loc[key, "delta"] == pytest.approx((low - 1) / 31)
        assert own.loc[key, "delta_high"] == pytest.approx((high - 13) / 31)
    assert own.loc[("cutoff", "99 m"), "swing"] == pytest.approx(3 / 31)
    assert own.loc[("hours", "always open"), "swing"] == pytest.approx(20 / 31)
    assert (own["demand_ratio"] == 1).all()
    # West has 1 of 7, east nothing of 24: the mean of grids is 1 / 14, that of the one community 1 / 31.
    means = found[found["figure"] == "mean_of_zones"]
    assert means["is_base"].tolist() == [True, False]
    assert means["share"].tolist() == pytest.approx([1 / 14, 1 / 31])
    assert means["share_high"].tolist() == pytest.approx([(5 / 7 + 8 / 24) / 2, 13 / 31])


def test_without_a_standard_only_levels_vary(made: dict[str, Any]) -> None:
    found = varied(made, [], standard=None, offers=None)
    assert found["varied"].tolist() == ["", "zone level", "zone level"]
    assert found["share"].iloc[0] == 1
    assert varied(made, [], standard=None, offers=None, zones=None)["varied"].tolist() == [""]


def test_a_study_adds_its_own_runs(made: dict[str, Any]) -> None:
    given_ = dict(made)
    table, reach = given_.pop("demand"), given_.pop("reach")
    half = coverage.score(table.assign(visits=table["visits"] / 2), reach, **given_)
    base = coverage.run_of(coverage.score(table, reach, **given_), varied="", value="base", is_base=True)
    found = coverage.sensitivity_table([base, coverage.run_of(half, varied="purpose rule", value="half of it")])
    assert found["demand_ratio"].tolist() == [1, 0.5]
    assert found["delta"].tolist() == [0, 0]


def test_the_base_is_among_what_a_swing_spans() -> None:
    runs = [Run(varied="", value="base", share=0.5, share_high=0.5, demand=1, is_base=True)]
    runs += [Run(varied="speed", value=str(at), share=at, share_high=at, demand=1) for at in (0.6, 0.9)]
    runs += [Run(varied="noise", value=str(at), share=at, share_high=at, demand=1) for at in (0.4, 0.8)]
    found = coverage.sensitivity_table(runs)
    assert found["swing"].tolist() == pytest.approx([0, 0.4, 0.4, 0.4, 0.4])


def test_what_cannot_be_compared_is_refused(made: dict[str, Any]) -> None:
    run = Run(varied="speed", value="12 km/h", share=0.5, share_high=0.5, demand=1.0, is_base=True)
    with pytest.raises(DataError, match="nothing to hold against a base"):
        coverage.sensitivity_table([])
    with pytest.raises(DataError, match="exactly one base; 'covered_share' has 2"):
        coverage.sensitivity_table([run, dataclasses.replace(run, value="15 km/h")])
    other = dataclasses.replace(run, figure="mean_of_zones", is_base=False)
    with pytest.raises(DataError, match="'mean_of_zones' has 0"):
        coverage.sensitivity_table([run, other])
    with pytest.raises(DataError, match="1 runs repeat an earlier one"):
        coverage.sensitivity_table([run, dataclasses.replace(run, is_base=False)])
    with pytest.raises(ParameterError, match="give standard="):
        varied(made, [100], standard=None, offers=None)
    with pytest.raises(ParameterError, match="cutoffs must be finite numbers above 0"):
        varied(made, [100, 0])
    with pytest.raises(ParameterError, match="reach ends at 200"):
        varied(made, [100, 400], reach=made["reach"].query("impedance_m <= 300"))
