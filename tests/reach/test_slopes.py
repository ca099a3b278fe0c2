"""Speeds by grade and by tag, with seconds derived by hand."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import reach
from stationgeo.errors import ColumnError, ParameterError
from stationgeo.reach._graph.rules import passage


@pytest.mark.parametrize("mode", ["walk", "bicycle", "ebike"])
@given(grade=st.floats(-0.4, 0.4))
def test_speeds_by_grade_are_those_of_the_flat_times_a_share_that_falls_uphill(mode: str, grade: float) -> None:
    slope = reach.mode(mode).slope
    assert slope is not None
    assert slope.factor(np.zeros(1)).tolist() == pytest.approx([1.0])
    here, steeper = slope.factor(np.array([abs(grade), abs(grade) + 0.05]))
    assert 0 < steeper <= here <= 1
    assert 0 < slope.factor(np.array([grade]))[0] <= slope.highest_factor


def test_nobody_goes_faster_than_the_highest_factor() -> None:
    # walkers at 5 % down: exp(3.5 x 0.05); the tables by their largest number
    highest = {mode: slope.highest_factor for mode in ("walk", "bicycle", "ebike") if (slope := reach.mode(mode).slope)}
    assert highest == {"walk": pytest.approx(math.exp(0.175)), "bicycle": 1.25, "ebike": 1.0}


def test_walkers_are_as_fast_as_tobler_says(streets: Callable[..., Any]) -> None:
    # Tobler: 6 exp(-0.175) = 5.037 km/h on the flat; 10 % up 6 exp(-0.525) = 3.549; 10 % down 6 exp(-0.175) = 5.037;
    # 5 % down 6 km/h. The mode walks 4.5 km/h on the flat, 1.25 m/s: 80 s for 100 m.
    edges, nodes = streets([(0, 0), (100, 0), (200, 0)], [{"ends": (0, 1)}, {"ends": (1, 2)}])
    nodes["elevation_m"] = [20.0, 30.0, 25.0]
    network = reach.build_network(edges, nodes, mode="walk", slope=True)
    assert network.forward_s == pytest.approx([80 * 5.03674 / 3.54933, 80 * 5.03674 / 6], rel=1e-5)
    # back: 10 % down is as fast as the flat; 5 % up is 6 exp(-0.35) = 4.228 km/h
    assert network.backward_s == pytest.approx([80, 80 * 5.03674 / 4.22813], rel=1e-5)
    # searches look far enough for who goes downhill
    assert network.speed_m_s == pytest.approx(1.25 * 6 / 5.03674, rel=1e-5)
    flat = reach.build_network(edges, nodes, mode="walk")
    assert flat.forward_s == pytest.approx([80, 80])


def test_the_motor_of_an_e_bike_keeps_its_speed_and_a_bicycle_is_pushed_up(streets: Callable[..., Any]) -> None:
    # 125 m at 15 km/h are 30 s; 12 % up half as fast; 12 % down 0.8. Bicycle: 12 km/h, 37.5 s; 0.375 of it up; as the
    # flat down.
    edges, nodes = streets([(0, 0), (125, 0)], [{"ends": (0, 1)}])
    nodes["elevation_m"] = [0.0, 15.0]
    ebike = reach.build_network(edges, nodes, mode="ebike", slope=True)
    assert (ebike.forward_s[0], ebike.backward_s[0]) == pytest.approx((60, 37.5), rel=1e-6)
    bicycle = reach.build_network(edges, nodes, mode="bicycle", slope=True)
    assert (bicycle.forward_s[0], bicycle.backward_s[0]) == pytest.approx((100, 37.5), rel=1e-6)
    nodes["elevation_m"] = [0.0, 7.5]
    six = reach.build_network(edges, nodes, mode="ebike", slope=True)
    assert (six.forward_s[0], six.backward_s[0]) == pytest.approx((30, 30))


def test_unknown_elevations_are_flat_steep_ones_are_cut_off_and_both_are_counted(streets: Callable[..., Any]) -> None:
    edges, nodes = streets(
        [(0, 0), (100, 0), (200, 0), (200, 0), (300, 0)],
        [{"ends": (0, 1)}, {"ends": (1, 2)}, {"ends": (2, 3)}, {"ends": (2, 4), "highway": "steps"}],
    )
    nodes["elevation_m"] = [np.nan, 0.0, 90.0, 95.0, 100.0]
    network = reach.build_network(edges, nodes, mode="walk", slope=True)
    # edge 0 is not known; edge 1 is 90 %, taken as 30 %: exp(-3.5 x 0.30); edge 2 has no length; steps keep 2 km/h
    assert network.forward_s == pytest.approx([80, 80 * math.exp(1.05), 0, 180], rel=1e-6)
    assert network.counts["slope not known, taken as flat"] == 1
    assert network.counts["steeper than 30%, taken as that"] == 1


def test_speeds_that_were_measured_and_dismounting_stand_on_slopes(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (125, 0), (250, 0)], [{"ends": (0, 1)}, {"ends": (1, 2)}])
    edges["measured"] = [18.0, np.nan]
    edges["bicycle"] = [None, "dismount"]
    nodes["elevation_m"] = [0.0, 15.0, 7.5]
    network = reach.build_network(edges, nodes, mode="ebike", speed_column="measured", slope=True)
    assert network.forward_s == pytest.approx([25, 100], rel=1e-6)
    assert network.backward_s == pytest.approx([25, 100], rel=1e-6)


def test_slope_is_refused_where_it_cannot_be(streets: Callable[..., Any]) -> None:
    edges, nodes = streets([(0, 0), (100, 0)], [{"ends": (0, 1)}])
    with pytest.raises(ColumnError, match="'elevation_m' is missing"):
        reach.build_network(edges, nodes, mode="walk", slope=True)
    nodes["elevation_m"] = [0.0, 10.0]
    with pytest.raises(ParameterError, match="'van' has none"):
        reach.build_network(edges, nodes, mode="van", slope=True)
    own = reach.Slope(form="table", source="measured", grades=(0.0, 0.1), factors=(1.0, 0.5))
    van = dataclasses.replace(reach.mode("van"), slope=own)
    assert reach.build_network(edges, nodes, mode=van, slope=True).forward_s == pytest.approx([40], rel=1e-6)
    for grades, factors in (((0.0,), (1.0,)), ((0.1, 0.0), (1.0, 1.0)), ((0.0, 0.1), (1.0, 0.0)), ((0.0, 0.1), (1.0,))):
        with pytest.raises(ParameterError, match="grades must ascend"):
            reach.Slope(form="table", source="", grades=grades, factors=factors)
    with pytest.raises(ParameterError, match="form must be"):
        reach.Slope(form="naismith", source="")  # type: ignore[arg-type]


EDGES = pd.DataFrame({
    "length_m": [125.0] * 5,
    "highway": ["residential", "residential", "residential", "footway", "path"],
    "surface": ["Sett", "asphalt", None, "sett", "sett"],
    "lanes": [1.0, 2.0, np.nan, 1.0, np.nan],
})  # fmt: skip


def test_speeds_and_factors_by_the_values_of_any_column() -> None:
    ebike = reach.mode("ebike").with_tag_speeds("surface", {"sett": 9}).with_tag_factors("lanes", {1: 0.5, "2": 2.0})
    got = passage(EDGES, ebike, speed_column=None)
    # 9 km/h x 0.5; 15 x 2; 15; closed all the same; 9 instead of the 10 of paths
    assert got.forward_s == pytest.approx([100, 15, 30, np.inf, 50])
    assert {key: number for key, number in got.counts.items() if key.startswith("speed by")} == {
        "speed by lanes=1": 1, "speed by lanes=2": 1, "speed by surface=sett": 2,
    }  # fmt: skip
    assert reach.mode("ebike").tag_rules == ()
    lit = reach.mode("ebike").with_tag_factors("lit", {"true": 2})
    told = passage(EDGES.assign(lit=[True, False, False, True, False]), lit, speed_column=None)
    assert told.forward_s[:2] == pytest.approx([15, 30])


def test_rules_that_come_later_go_before_and_those_that_meet_nothing_are_told() -> None:
    mode = reach.mode("ebike").with_tag_speeds("surface", {"sett": 9, "mud": 4}).with_tag_speeds("lanes", {1: 18})
    got = passage(EDGES, mode, speed_column=None)
    assert got.forward_s[0] == pytest.approx(25)
    assert got.counts["speed by surface=mud"] == 0
    again = mode.with_tag_speeds("surface", {"SETT ": 15})
    assert passage(EDGES, again, speed_column=None).forward_s[0] == pytest.approx(30)
    assert len(again.tag_rules) == 3


def test_factors_stay_below_limits_and_measured_speeds_stand() -> None:
    edges = EDGES.assign(maxspeed="36", measured=[np.nan, 45.0, np.nan, np.nan, np.nan], highway="primary")
    van = reach.mode("van").with_tag_factors("surface", {"sett": 0.5, "asphalt": 3})
    got = passage(edges, van, speed_column="measured")
    assert got.forward_s[:3] == pytest.approx([30, 10, 15])
    fast = passage(edges.assign(surface="asphalt"), van, speed_column=None)
    assert fast.forward_s == pytest.approx([12.5] * 5)


def test_wrong_speeds_by_tag_are_named() -> None:
    with pytest.raises(ParameterError, match=r"speeds_km_h must hold finite speeds above 0; 1 of 1 are not: 'sett': 0"):
        reach.mode("ebike").with_tag_speeds("surface", {"sett": 0})
    with pytest.raises(ParameterError, match=r"factors must hold finite factors above 0"):
        reach.mode("ebike").with_tag_factors("surface", {"sett": math.nan})
    with pytest.raises(ColumnError, match=r"'surfaces', by which the mode has speeds, is missing.*'surface'"):
        passage(EDGES, reach.mode("ebike").with_tag_speeds("surfaces", {"sett": 1}), speed_column=None)
