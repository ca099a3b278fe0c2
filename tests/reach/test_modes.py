import dataclasses
import math

import numpy as np
import pandas as pd
import pytest

from stationgeo import reach
from stationgeo.errors import DataError, ParameterError
from stationgeo.reach._graph.rules import passage, stopped_nodes


def _ways(mode: str, **tags: object) -> tuple[bool, bool]:
    edges = pd.DataFrame(
        {"length_m": [100.0], "highway": ["residential"], **{key: [value] for key, value in tags.items()}}
    )
    got = passage(edges, reach.mode(mode), speed_column=None)
    return bool(np.isfinite(got.forward_s[0])), bool(np.isfinite(got.backward_s[0]))


BOTH, THERE, BACK, CLOSED = (True, True), (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("mode", "tags", "want"),
    [
        ("walk", {}, BOTH),
        ("walk", {"oneway": "yes"}, BOTH),
        ("walk", {"junction": "roundabout"}, BOTH),
        ("walk", {"highway": "motorway"}, CLOSED),
        ("walk", {"highway": "steps"}, BOTH),
        ("ebike", {"highway": "steps"}, CLOSED),
        ("ebike", {"highway": "motorway"}, CLOSED),
        ("ebike", {"highway": "cycleway"}, BOTH),
        ("van", {"highway": "cycleway"}, CLOSED),
        ("van", {"highway": "motorway"}, THERE),
        ("van", {"highway": "motorway", "oneway": "no"}, BOTH),
        # the specific key goes before the general one, whichever closes
        ("ebike", {"access": "no"}, CLOSED),
        ("ebike", {"access": "no", "bicycle": "yes"}, BOTH),
        ("ebike", {"access": "no", "vehicle": "yes"}, BOTH),
        ("ebike", {"vehicle": "yes", "bicycle": "no"}, CLOSED),
        ("ebike", {"motor_vehicle": "no"}, BOTH),
        ("walk", {"vehicle": "no"}, BOTH),
        ("walk", {"access": "private"}, CLOSED),
        ("walk", {"access": "private", "foot": "permissive"}, BOTH),
        ("van", {"motor_vehicle": "no"}, CLOSED),
        ("van", {"motor_vehicle": "no", "motorcar": "destination"}, BOTH),
        ("van", {"hgv": "no"}, BOTH),
        ("truck", {"hgv": "no"}, CLOSED),
        ("truck", {"motorcar": "no"}, BOTH),
        # a key of vehicles opens a footway, the general key does not
        ("ebike", {"highway": "footway"}, CLOSED),
        ("ebike", {"highway": "footway", "bicycle": "designated"}, BOTH),
        ("ebike", {"highway": "footway", "access": "yes"}, CLOSED),
        ("ebike", {"highway": "construction", "bicycle": "yes"}, CLOSED),
        # which way
        ("ebike", {"oneway": "yes"}, THERE),
        ("ebike", {"oneway": "-1"}, BACK),
        ("ebike", {"oneway": "reversible"}, CLOSED),
        ("ebike", {"oneway": "yes", "oneway_bicycle": "no"}, BOTH),
        ("ebike", {"oneway": "no", "oneway_bicycle": "yes"}, THERE),
        ("van", {"oneway": "yes", "oneway_bicycle": "no"}, THERE),
        ("van", {"junction": "roundabout"}, THERE),
        ("ebike", {"junction": "circular"}, THERE),
        ("van", {"junction": "roundabout", "oneway": "-1"}, BACK),
        ("van", {"oneway": None, "access": None}, BOTH),
        ("walk", {"highway": "ferry"}, BOTH),
        ("walk", {"highway": "ferry", "foot": "no"}, CLOSED),
    ],
)
def test_who_may_use_a_street_which_way(mode: str, tags: dict[str, object], want: tuple[bool, bool]) -> None:
    assert _ways(mode, **tags) == want


def test_seconds_are_length_over_the_speed_of_the_class_and_waits_are_added() -> None:
    edges = pd.DataFrame(
        {"length_m": [100.0, 100.0, 0.0, 1000.0], "highway": ["residential", "steps", "path", "ferry"]}
    )
    got = passage(edges, reach.mode("walk"), speed_column=None)
    # 4.5 km/h is 1.25 m/s: 80 s; 2 km/h: 180 s; no way, no time; 10 km/h: 360 s after 300 s at the pier
    assert got.forward_s == pytest.approx([80, 180, 0, 660])
    assert got.may_snap.tolist() == [True, True, True, False]


def test_dismounting_is_walking_pace_and_limits_bind_engines_only() -> None:
    edges = pd.DataFrame({"length_m": [125.0] * 4, "highway": ["primary"] * 4, "bicycle": ["dismount"] + [None] * 3,
                          "maxspeed": [None, "10", "5 mph", "CN:urban"]})  # fmt: skip
    ebike = passage(edges, reach.mode("ebike"), speed_column=None)
    assert ebike.forward_s == pytest.approx([100, 30, 30, 30])
    van = passage(edges, reach.mode("van"), speed_column=None)
    assert van.forward_s == pytest.approx([15, 45, 125 / (5 * 1.609344 / 3.6), 15])
    assert van.counts["unknown value maxspeed=cn:urban"] == 1


def test_speeds_of_ones_own_by_class_and_by_edge() -> None:
    edges = pd.DataFrame({"length_m": [100.0] * 2, "highway": ["primary"] * 2, "measured": [np.nan, 36.0]})
    got = passage(edges, reach.mode("van").with_speeds({"primary": 18.0}), speed_column="measured")
    assert got.forward_s == pytest.approx([20, 10])
    with pytest.raises(DataError, match=r"column 'measured' must hold speeds in km/h above 0.*1 of 2 rows"):
        passage(edges.assign(measured=[1.0, 0.0]), reach.mode("van"), speed_column="measured")
    with pytest.raises(ParameterError, match=r"1 of 1 are not: 'primary': 0"):
        reach.mode("van").with_speeds({"primary": 0})


def test_every_edge_is_used_or_counted_as_closed_and_unknown_values_are_passed_over() -> None:
    edges = pd.DataFrame({
        "length_m": [1.0] * 5,
        "highway": ["residential", "motorway", "elevator", "primary", "primary"],
        "bicycle": [None, None, None, "no", "perhaps"],
        "oneway": [None, None, None, None, "yes"],
    })  # fmt: skip
    counts = passage(edges, reach.mode("ebike"), speed_column=None).counts
    assert counts == {
        "closed, access": 1, "closed, highway=elevator": 1, "closed, highway=motorway": 1, "one way": 1,
        "unknown value bicycle=perhaps": 1, "used": 2,
    }  # fmt: skip


def test_a_bollard_stops_vans_and_not_e_bikes_and_a_private_gate_stops_all() -> None:
    nodes = pd.DataFrame({"barrier": ["bollard", "gate", "gate", None], "access": [None, None, "private", None]})
    assert stopped_nodes(nodes, reach.mode("van")).tolist() == [True, False, True, False]
    assert stopped_nodes(nodes, reach.mode("ebike")).tolist() == [False, False, True, False]


def test_the_table_says_its_speeds_and_sources() -> None:
    table = reach.modes()
    speeds = table.set_index(["mode", "highway"])["speed_km_h"]
    assert (speeds["walk", "residential"], speeds["ebike", "primary"]) == (4.5, 15.0)
    assert not table.duplicated(["mode", "highway"]).any()
    assert (table["source"].str.len() > 0).all()
    for name in table["mode"].unique():
        assert dataclasses.asdict(reach.mode(name))["name"] == name
        assert all(0 < speed < math.inf for speed in reach.mode(name).speeds_km_h.values())
    with pytest.raises(ParameterError, match="did you mean 'ebike'"):
        reach.mode("ebik")
