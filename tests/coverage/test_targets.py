"""Targets held against towns worked out by hand; what passes, fails, and stays undecided."""

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from stationgeo import coverage, crs
from stationgeo.coverage import Criterion, Nearest, Target, Workers
from stationgeo.coverage._spacing import nearest_other_m
from stationgeo.errors import ColumnError, DataError, ParameterError, SourceError
from stationgeo.stations._masks import pack_bins

LON0, LAT0 = 114.0, 22.5
# Metres of a degree of longitude at 22.5 N, as crs tells.
PER_LON = float(crs.metres_per_degree(LAT0)[0])
WEEK = 168


def at(east_m: float) -> Point:
    return Point(LON0 + east_m / PER_LON, LAT0)


def town() -> gpd.GeoDataFrame:
    """Streets A and B, 10 km of each side by side, in one district; A has two grids, B one."""

    def between(west_m: float, east_m: float) -> object:
        return box(LON0 + west_m / PER_LON, LAT0 - 0.01, LON0 + east_m / PER_LON, LAT0 + 0.01)

    rows = [
        ("a1", "grid", "A", between(0, 5000)),
        ("a2", "grid", "A", between(5000, 10_000)),
        ("b1", "grid", "B", between(10_000, 20_000)),
        ("A", "street", "", between(0, 10_000)),
        ("B", "street", "", between(10_000, 20_000)),
    ]
    ids, levels, parents, shapes = zip(*rows, strict=True)
    table = {"zone_id": ids, "level": levels, "parent_id": parents, "name": ids}
    return gpd.GeoDataFrame(table, geometry=list(shapes), crs="EPSG:4326")


def stations_at(*east_m: float, **columns: object) -> gpd.GeoDataFrame:
    table = {"station_id": [f"s{number}" for number in range(len(east_m))], "kind": "warm_bee", **columns}
    return gpd.GeoDataFrame(table, geometry=[at(x) for x in east_m], crs="EPSG:4326")


def target(**changes: object) -> Target:
    criterion = Criterion(**{"id": "it", "level": "street", "threshold": 1, "direction": "at_least"} | changes)
    return Target(
        name="ours", version="1", zh="自定", en="ours", source="a test", evidence="text", criteria=(criterion,)
    )


def checked(stations: gpd.GeoDataFrame, asked: Target, **more: object) -> pd.DataFrame:
    return coverage.check_targets(stations, town(), targets=asked, **more).units.set_index("zone_id")


PRESENCE = {"kind": "presence"}
SPACING = {"kind": "spacing", "threshold": 1000, "direction": "below", "rule": "nearest_anywhere"}
DISTANCE = {"kind": "distance", "threshold": 0.5, "within_m": 500, "of": "demand"}
WORKERS = {"kind": "per_10_000_workers", "threshold": 5, "denominator": "couriers"}
HOURS_24 = {"kind": "open_24h_share", "threshold": 0.5}


def test_presence_by_hand() -> None:
    # Two in A, none in B, one beyond the border of both.
    found = checked(stations_at(1000, 6000, 25_000), target(**PRESENCE))
    assert found["value"].to_dict() == {"A": 2, "B": 0}
    assert found["status"].to_dict() == {"A": "pass", "B": "fail"}
    assert found["margin"].to_dict() == {"A": 1, "B": -1}
    assert (found["unit"] == "stations").all()


@pytest.mark.parametrize(
    ("direction", "status"),
    [
        ("at_least", ["fail", "pass", "pass"]),
        ("at_most", ["pass", "pass", "fail"]),
        ("below", ["pass", "fail", "fail"]),
    ],
)
def test_a_threshold_belongs_to_at_least_and_at_most_and_not_to_below(direction: str, status: list[str]) -> None:
    found = [checked(stations_at(*range(1, n + 1)), target(**PRESENCE | {"threshold": 2}, direction=direction))
             for n in (1, 2, 3)]  # fmt: skip
    assert [one.loc["A", "status"] for one in found] == status


def test_clusters_never_count_and_premises_once_where_asked() -> None:
    given_ = stations_at(
        1000, 1000, 1001, 12_000, kind=["warm_bee", "service_centre", "merchant", "warm_bee_street"],
        premises_id=["p", "p", None, None],
    )  # fmt: skip
    assert checked(given_, target(**PRESENCE))["value"].to_dict() == {"A": 3, "B": 0}
    assert checked(given_, target(**PRESENCE, premises=True))["value"].to_dict() == {"A": 2, "B": 0}
    assert checked(given_, target(**PRESENCE, kinds=("merchant",)))["value"].to_dict() == {"A": 1, "B": 0}
    # One place is no spacing of 0 between its two brands: the merchant is 1 m off, and p has no other near.
    spaced = checked(given_, target(**SPACING, premises=True))
    assert spaced.loc["A", "value"] == pytest.approx(1, abs=1e-3)
    assert checked(given_, target(**SPACING))["value"].loc["A"] == pytest.approx(1, abs=1e-3)


def test_spacing_by_hand() -> None:
    # In A at 0.5, 1.2 and 9.9 km, in B at 10.3 and 12 km: across the border the third's nearest is 400 m away.
    given_ = stations_at(500, 1200, 9900, 10_300, 12_000)
    anywhere = checked(given_, target(**SPACING))
    assert anywhere["value"].to_dict() == pytest.approx({"A": 700, "B": 1700}, abs=1e-2)
    assert anywhere["status"].to_dict() == {"A": "pass", "B": "fail"}
    assert anywhere["n"].to_dict() == {"A": 3, "B": 2}
    inside = checked(given_, target(**SPACING | {"rule": "nearest_in_unit"}))
    assert inside["value"].to_dict() == pytest.approx({"A": 8700, "B": 1700}, abs=1e-1)
    assert inside["status"].to_dict() == {"A": "fail", "B": "fail"}
    alone = checked(stations_at(500), target(**SPACING))
    assert alone["status"].to_dict() == {"A": "undecided", "B": "undecided"}
    assert alone["reason"].to_dict() == {"A": "no other station to be near", "B": "no station in it"}


def test_a_rule_of_nearest_neighbours_bounds_no_distance_and_is_not_monotone() -> None:
    # Two pairs, 100 m apart, at the ends of 20 km: the spacing passes, and demand in the middle is 9.9 km away.
    pairs = stations_at(0.1, 100, 19_900, 19_999)
    everywhere = target(**SPACING | {"level": "all"})
    passed = checked(pairs, everywhere)
    assert passed["status"].to_dict() == {"all": "pass"}
    middle = Nearest(
        table=pd.DataFrame({"zone_id": ["b1"], "nearest_m": [9900.0], "demand": [1.0]}), cutoff=20_000, mode="walk",
        demand_is="visits",
    )  # fmt: skip
    far = checked(pairs, target(**DISTANCE | {"level": "all"}), nearest=middle)
    assert far["status"].to_dict() == {"all": "fail"}
    # A station in the middle helps workers, and breaks the rule.
    assert checked(stations_at(0.1, 100, 19_900, 19_999, 10_000), everywhere)["status"].to_dict() == {"all": "fail"}


def test_lattices_tell_the_spacing_that_so_many_stations_would_have() -> None:
    given_ = stations_at(1000, 6000)
    for rule, share in (("square_lattice", 1.0), ("triangular_lattice", 2 / math.sqrt(3))):
        found = checked(given_, target(**SPACING | {"rule": rule}))
        area = crs.geometry_area_m2(town().geometry)[3]
        assert found.loc["A", "value"] == pytest.approx(math.sqrt(share * area / 2))
        assert (found.loc["B", "value"], found.loc["B", "margin"]) == (math.inf, -math.inf)
        assert (found.loc["B", "status"], found.loc["B", "reason"]) == ("fail", "no station in it")


@pytest.mark.parametrize("lattice", ["triangular", "square"])
def test_the_farthest_place_on_a_lattice_by_brute_force(lattice: str) -> None:
    along = np.arange(-5, 6) * 1.0
    x, y = (grid.ravel() for grid in np.meshgrid(along, along))
    if lattice == "triangular":
        x, y = x + y / 2, y * math.sqrt(3) / 2
    places = np.stack([grid.ravel() for grid in np.meshgrid(np.linspace(0, 1, 301), np.linspace(0, 1, 301))], axis=1)
    nearest = np.hypot(places[:, :1] - x, places[:, 1:] - y).min(axis=1)
    assert coverage.lattice_farthest_m(1.0, lattice=lattice) == pytest.approx(nearest.max(), abs=4e-3)
    # 100 points on 100 unit cells of the lattice.
    cell = abs(np.linalg.det(np.array([[x[1] - x[0], y[1] - y[0]], [x[11] - x[0], y[11] - y[0]]])))
    assert coverage.lattice_spacing_m(100 * cell, 100, lattice=lattice) == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=30))
def test_nearest_neighbours_are_those_of_all_pairs(places: list[tuple[int, int]]) -> None:
    lon, lat = (np.array(line) / 1000 + start for line, start in zip(zip(*places, strict=True), (113, 22), strict=True))
    found = nearest_other_m(lon, lat)
    for i in range(len(places)):
        others = [j for j in range(len(places)) if j != i]
        expected = crs.distance_m(lon[i], lat[i], lon[others], lat[others]).min() if others else np.nan
        assert found[i] == pytest.approx(expected, abs=1e-6, nan_ok=True)


def test_distance_by_hand_with_what_lies_beyond_the_search() -> None:
    # A: 30 at 400 m, 20 at 600 m, 50 found nowhere within 700 m. Within 500 m: 30 %, and no more. Within 800 m: 50 %
    # for sure, and 100 % perhaps. B: nothing.
    table = pd.DataFrame(
        {"zone_id": ["a1", "a2", "a2", ""], "nearest_m": [400, 600, np.nan, 1], "demand": [30.0, 20, 50, 9]}
    )
    ways = Nearest(table=table, cutoff=700, mode="walk", demand_is="visits")
    near = checked(stations_at(25_000), target(**DISTANCE), nearest=ways)
    assert near.loc["A", ["value", "value_high", "denominator", "n"]].tolist() == [0.3, 0.3, 100, 0]
    assert near.loc["A", ["status", "denominator_is"]].tolist() == ["fail", "visits"]
    assert near.loc["B", ["status", "reason"]].tolist() == ["undecided", "nothing in it to be near"]
    far = checked(stations_at(25_000), target(**DISTANCE | {"within_m": 800, "threshold": 0.6}), nearest=ways)
    assert far.loc["A", ["value", "value_high", "status"]].tolist() == [0.5, 1.0, "undecided"]
    assert far.loc["A", ["margin", "margin_high"]].tolist() == pytest.approx([-0.1, 0.4])
    whole = checked(stations_at(25_000), target(**DISTANCE | {"level": "all"}), nearest=ways)
    assert whole.loc["all", "denominator"] == 100


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0.1, 9)), min_size=1, max_size=9), st.floats(0, 900))
def test_shares_near_enough_only_rise_with_the_limit(rows: list[tuple[float, float]], limit: float) -> None:
    way, weight = np.array(rows).T
    table = pd.DataFrame({"zone_id": "a1", "nearest_m": np.where(way > 700, np.nan, way), "demand": weight})
    ways = Nearest(table=table, cutoff=700, mode="walk", demand_is="visits")
    near, far = (
        checked(stations_at(1), target(**DISTANCE | {"within_m": metres}), nearest=ways).loc["A"]
        for metres in (limit, limit + 100)
    )
    assert near["value"] <= far["value"] + 1e-12
    # The truth, which the search knows only up to 700 m, is in the range.
    share = float(weight[way <= limit].sum() / weight.sum())
    assert near["value"] - 1e-12 <= share <= near["value_high"] + 1e-12


def test_ways_of_another_kind_decide_nothing() -> None:
    table = pd.DataFrame({"zone_id": ["a1"], "nearest_s": [60.0], "area_m2": [10.0]})
    ways = Nearest(table=table, cutoff=700, mode="ebike", demand_is="visits")

    def reason(**changes: object) -> str:
        found = checked(stations_at(1), target(**DISTANCE | changes), nearest=ways)
        assert (found["status"] == "undecided").all()
        return str(found.loc["A", "reason"])

    assert reason() == "it needs nearest_m, which the ways to the nearest station lack"
    seconds = {"within_m": None, "within_s": 60}
    assert reason(**seconds) == "it needs demand, which the ways to the nearest station lack"
    assert reason(**seconds, of="area_m2", mode="walk") == "it is meant for 'walk', the ways are for 'ebike'"
    fine = checked(stations_at(1), target(**DISTANCE | seconds | {"of": "area_m2", "mode": "ebike"}), nearest=ways)
    assert fine.loc["A", ["status", "denominator_is"]].tolist() == ["pass", "m2"]
    without = checked(stations_at(1), target(**DISTANCE))
    assert (without["reason"] == "ways to the nearest station were not given").all()


def hours_of(**hours: tuple[int, int]) -> SimpleNamespace:
    """Stations by the number of bins, from the first, in which they are open for sure and perhaps."""
    flags = np.arange(WEEK) < np.array(list(hours.values())).reshape(-1, 2, 1)
    low, high = pack_bins(flags[:, 0]), pack_bins(flags[:, 1])
    return SimpleNamespace(station_id=np.array(list(hours), dtype=object), low=low, high=high, n_bins=WEEK)


def test_open_24_hours_by_hand() -> None:
    # In A: always, never, perhaps, and one of which nobody told (perhaps): 1 to 3 of 4. In B: one hour short of always.
    given_ = stations_at(1000, 2000, 3000, 4000, 12_000)
    hours = hours_of(s0=(168, 168), s1=(0, 40), s2=(0, 168), s4=(167, 167), elsewhere=(168, 168))
    found = checked(given_, target(**HOURS_24), hours=hours)
    assert found.loc["A", ["value", "value_high", "n", "denominator", "status"]].tolist() == [
        0.25, 0.75, 4, 4, "undecided",
    ]  # fmt: skip
    assert found.loc["B", ["value", "value_high", "status"]].tolist() == [0, 0, "fail"]
    assert checked(given_, target(**HOURS_24 | {"threshold": 0.25}), hours=hours)["status"].loc["A"] == "pass"
    assert checked(given_, target(**HOURS_24 | {"threshold": 0.8}), hours=hours)["status"].loc["A"] == "fail"
    assert (checked(given_, target(**HOURS_24))["reason"] == "opening hours were not given").all()
    nobody = checked(stations_at(25_000), target(**HOURS_24), hours=hours)
    assert (nobody["reason"] == "no station in it").all()


def test_premises_are_open_when_any_of_their_stations_is() -> None:
    given_ = stations_at(1000, 1000, 2000, premises_id=["p", "p", ""])
    flags = np.zeros((3, WEEK), dtype=bool)
    flags[0, :100], flags[1, 100:] = True, True
    words = pack_bins(flags)
    hours = SimpleNamespace(station_id=np.array(["s0", "s1", "s2"], dtype=object), low=words, high=words, n_bins=WEEK)
    assert checked(given_, target(**HOURS_24), hours=hours).loc["A", ["value", "n"]].tolist() == [0, 3]
    assert checked(given_, target(**HOURS_24, premises=True), hours=hours).loc["A", ["value", "n"]].tolist() == [0.5, 2]


def test_stations_per_worker_by_hand() -> None:
    table = pd.DataFrame({"zone_id": ["A", "B"], "workers": [4000, 99]})
    of = Workers(table=table, denominator="couriers", least=100)
    found = checked(stations_at(1000, 2000), target(**WORKERS), workers=of)
    assert found.loc["A", ["value", "denominator", "denominator_is", "status"]].tolist() == [
        5,
        4000,
        "couriers",
        "pass",
    ]
    assert found.loc["A", "unit"] == "stations per 10,000 couriers"
    assert found.loc["B", ["status", "reason"]].tolist() == ["undecided", "hidden: fewer than 100 workers"]
    assert math.isnan(found.loc["B", "denominator"])
    shown = Workers(table=table, denominator="couriers", least=99)
    assert checked(stations_at(1000), target(**WORKERS), workers=shown).loc["B", "denominator"] == 99
    some = Workers(table=table.head(1), denominator="couriers", least=100)
    assert checked(stations_at(1), target(**WORKERS), workers=some).loc["B", "reason"] == "workers not told"
    assert (checked(stations_at(1), target(**WORKERS))["reason"] == "workers were not given").all()


def test_classes_of_units_are_told_or_nothing_is_decided() -> None:
    asked = target(**PRESENCE, where="dense")
    assert (checked(stations_at(1), asked)["reason"] == "which units are 'dense' is not told").all()
    assert checked(stations_at(1), asked, where={"dense": ["A", "a1"]})["status"].to_dict() == {"A": "pass"}
    empty = coverage.check_targets(stations_at(1), town(), targets=asked, where={"dense": []})
    assert empty.units.empty
    assert empty.summary.empty
    assert "n_undecided" in empty._repr_html_()
    assert list(empty.units.columns) == list(
        coverage.check_targets(stations_at(1), town(), targets=asked).units.columns
    )


def test_every_level_is_every_level_and_all() -> None:
    found = coverage.check_targets(stations_at(1), town(), targets=target(**PRESENCE | {"level": "every"}))
    assert found.units["zone_id"].tolist() == ["a1", "a2", "b1", "A", "B", "all"]
    summary = found.summary.set_index("level")
    assert summary["n_units"].to_dict() == {"grid": 3, "street": 2, "all": 1}
    assert summary["n_pass"].to_dict() == {"grid": 1, "street": 1, "all": 1}
    assert summary["status"].to_dict() == {"grid": "fail", "street": "fail", "all": "pass"}
    assert summary["worst_zone_id"].to_dict() == {"grid": "a2", "street": "B", "all": "all"}
    assert "n_undecided" in found._repr_html_()


def test_the_share_that_passes_has_a_range() -> None:
    hours = hours_of(s0=(0, 168))
    found = coverage.check_targets(stations_at(1, 12_000), town(), targets=target(**HOURS_24), hours=hours)
    row = found.summary.iloc[0]
    assert row[["n_pass", "n_fail", "n_undecided", "pass_share", "pass_share_high"]].tolist() == [0, 0, 2, 0, 1]
    assert row["status"] == "undecided"


def test_shipped_targets_are_sourced_and_can_be_held_against_a_town() -> None:
    shipped = coverage.targets()
    assert list(shipped) == ["life_circles", "shandong_2022", "wuhan", "zhejiang_2024"]
    # None of them was read in the rule's own text, and each says so.
    assert {one.evidence for one in shipped.values()} == {"unseen", "reprint", "newspaper"}
    ours = {(one.name, each.id): each for one in shipped.values() for each in one.criteria}
    assert (ours["shandong_2022", "spacing"].threshold, ours["shandong_2022", "spacing"].direction) == (1000, "below")
    assert (ours["shandong_2022", "spacing_dense"].threshold, ours["shandong_2022", "spacing_dense"].where) == (
        500,
        "dense",
    )
    assert ours["zhejiang_2024", "open_24h"].threshold == 0.15
    assert [ours["life_circles", f"circle_{m}_min"].within_m for m in (5, 10, 15)] == [300, 500, 1000]
    found = coverage.check_targets(stations_at(1000, 1500), town(), targets=shipped.values())
    status = found.summary.set_index(["criterion", "level"])["status"]
    assert status["spacing", "all"] == "pass"
    assert status["each_street", "street"] == "fail"
    assert status["walk_15_min", "all"] == "undecided"
    assert found.parameters["targets"]["wuhan"] == "2026.1"


def test_files_come_back(tmp_path: Path) -> None:
    folder = Path(coverage.__file__).parent / "target_files"
    assert coverage.read_targets(folder) == coverage.targets()
    assert coverage.read_targets(folder / "wuhan.toml") == {"wuhan": coverage.targets()["wuhan"]}
    with pytest.raises(SourceError, match="a TOML file of a target, or a folder of them"):
        coverage.read_targets(tmp_path)
    text = (folder / "wuhan.toml").read_text(encoding="utf-8")
    for old, new, words in (
        (
            "version =",
            "vversion =",
            r"wuhan\.toml: the target has 'vversion', which nobody knows; did you mean 'version'",
        ),
        ('zh = "武汉 步行10-15分钟"\n', "", "the target lacks 'zh'"),
        ('evidence = "newspaper"', 'evidence = "hearsay"', "evidence must be one of text, reprint"),
        ('kind = "distance"', 'kind = "distanse"', "kind of criterion 'walk_15_min' must be a word .* 'distance'"),
        ("threshold = 1\n", "", "criterion 'walk_15_min' lacks 'threshold'"),
        ("threshold = 1\n", "thresold = 1\n", "criterion 'walk_15_min' has 'thresold'"),
        ("within_s = 900", "within_s = -1", "within_s of criterion 'walk_15_min' must be a finite number"),
        ("within_s = 900", "within_s = 900\nwithin_m = 9", "must say of, within"),
        ("walk_10_min", "walk_15_min", "each with an id of its own"),
        ('level = "every"', 'kinds = ["warm_be"]\nlevel = "every"', "criterion 'walk_15_min': column 'kind' must hold"),
        ("version", "[", "must be TOML"),
        ('source = "a', 'source = "" # "a', "a target must say source"),
    ):
        (tmp_path / "wuhan.toml").write_text(text.replace(old, new, 2), encoding="utf-8")
        with pytest.raises(DataError, match=words):
            coverage.read_targets(tmp_path)
    (tmp_path / "wuhan.toml").write_text(text, encoding="utf-8")
    (tmp_path / "again.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="another file has a target with the name 'wuhan'"):
        coverage.read_targets(tmp_path)


def test_wrong_calls() -> None:
    given_ = stations_at(1)
    for asked, words in (
        ([], "at least one. Got none"),
        (["wuhan"], "Got 'str'. Pass targets"),
        ([target(**PRESENCE)] * 2, "names of their own"),
        (target(**PRESENCE | {"level": "community"}), "is about each community, and zones have none"),
    ):
        with pytest.raises(ParameterError, match=words):
            coverage.check_targets(given_, town(), targets=asked)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"of kind 'spacing' must say rule .* says within"):
        target(**DISTANCE | {"kind": "spacing", "of": None})
    ways = pd.DataFrame({"zone_id": ["a1"], "nearest_m": [1.0], "demand": [1.0]})
    said = {"cutoff": 500, "mode": "walk", "demand_is": "visits"}
    with pytest.raises(ColumnError, match="nearest must have zone_id"):
        Nearest(table=ways.drop(columns="demand"), **said)
    with pytest.raises(ParameterError, match="cutoff must be a finite number above 0"):
        Nearest(table=ways, **said | {"cutoff": math.inf})
    with pytest.raises(DataError, match="nearest names 1 zones that are not among the zones: 'x'"):
        checked(given_, target(**DISTANCE), nearest=Nearest(table=ways.assign(zone_id="x"), **said))
    with pytest.raises(DataError, match="column 'demand' must be 0 or more; 1 of 1"):
        checked(given_, target(**DISTANCE), nearest=Nearest(table=ways.assign(demand=np.nan), **said))
    with pytest.raises(DataError, match=r"where\['dense'\] names 1 zones"):
        checked(given_, target(**PRESENCE), where={"dense": ["x"]})
    people = pd.DataFrame({"zone_id": ["A"], "workers": [500]})
    with pytest.raises(ParameterError, match="divides by 'couriers', and the workers given are 'truckers'"):
        checked(given_, target(**WORKERS), workers=Workers(table=people, denominator="truckers", least=1))
    with pytest.raises(DataError, match="one row per zone; 1 of 1"):
        Workers(table=people.assign(workers=-1), denominator="couriers", least=1)
    with pytest.raises(ColumnError, match="column 'workers' is missing"):
        Workers(table=people[["zone_id"]], denominator="couriers", least=1)
    with pytest.raises(ParameterError, match="the least that is shown"):
        Workers(table=people, denominator="couriers", least=0)
    with pytest.raises(ParameterError, match="lattice must be"):
        coverage.lattice_spacing_m(1, 1, lattice="hexagonal")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="must be 0 or more"):
        coverage.lattice_spacing_m(-1, 1, lattice="square")
    with pytest.raises(ParameterError, match="must be 0 or more"):
        coverage.lattice_farthest_m(-1, lattice="square")


def test_inputs_are_not_changed() -> None:
    stations, zones = stations_at(1000, 2000), town()
    before = stations.copy(), zones.copy()
    coverage.check_targets(stations, zones, targets=coverage.targets().values())
    pd.testing.assert_frame_equal(stations, before[0])
    pd.testing.assert_frame_equal(zones, before[1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        target(**PRESENCE).name = "other"  # type: ignore[misc]
