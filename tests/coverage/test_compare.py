"""Before and after on one scale, against deltas by hand and the laws that they obey."""

import math
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, coverage
from stationgeo.errors import ColumnError, DataError, ParameterError

ROWS = st.lists(
    st.tuples(st.integers(0, 9), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.0, 1.0, 3.5, 100.0])),
    min_size=1, max_size=9, unique_by=lambda row: row[0],
)  # fmt: skip


def rates(rows: dict[str, tuple[float, float]], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame({"zone_id": list(rows), "numerator": [n for n, _ in rows.values()]})
    return table.assign(denominator=[float(d) for _, d in rows.values()], level="street", **columns)


def table_of(rows: list[tuple[int, float, float, float]]) -> pd.DataFrame:
    """Rows of (place, share for sure, share of the rest that is perhaps, denominator)."""
    place, sure, more, whole = (np.array(line, dtype=float) for line in zip(*rows, strict=True))
    return pd.DataFrame(
        {
            "zone_id": [f"z{int(number)}" for number in place], "numerator": sure * whole, "denominator": whole,
            "numerator_high": (sure + (1 - sure) * more) * whole,
        }
    )  # fmt: skip


def compared(before: object, after: object, **changes: object) -> coverage.Comparison:
    return coverage.compare(before, after, **({"better": "higher", "least_change": 0.0} | changes))  # type: ignore[arg-type]


BEFORE = rates({"A": (20, 100), "B": (25, 50), "C": (5, 10), "old": (1, 2), "void": (0, 0)})
AFTER = rates({"A": (60, 100), "B": (20, 50), "C": (10, 20), "new": (3, 4), "void": (1, 2)})


def test_a_town_by_hand() -> None:
    # A: 0.2 -> 0.6 of 100: 40 won. B: 0.5 -> 0.4 of 50: 5 lost. C: 0.5 of 10, then of 20: nothing won, 5 by demand.
    found = compared(BEFORE, AFTER)
    table = found.changes.set_index("zone_id")
    assert table["change"].to_dict() == {
        "A": "winner", "B": "loser", "C": "same", "new": "appeared", "old": "vanished", "void": "undefined",
    }  # fmt: skip
    assert table.loc[["A", "B", "C"], "delta_share"].tolist() == pytest.approx([0.4, -0.1, 0])
    assert table.loc[["A", "B", "C"], "demand_affected"].tolist() == pytest.approx([40, -5, 0])
    assert table.loc[["A", "B", "C"], "by_demand"].tolist() == pytest.approx([0, 0, 5])
    assert table.loc["void", ["delta_numerator", "delta_denominator"]].tolist() == [1, 2]
    assert math.isnan(table.loc["void", "delta_share"])
    assert found.winners["zone_id"].tolist() == ["A"]
    assert found.losers["zone_id"].tolist() == ["B"]
    assert found.appeared["zone_id"].tolist() == ["new"]
    assert found.vanished["zone_id"].tolist() == ["old"]
    row = found.summary.iloc[0]
    assert row[["n_winner", "n_loser", "n_same", "n_undefined", "n_appeared", "n_vanished"]].tolist() == [1] * 6
    assert row[["demand_won", "demand_lost"]].tolist() == pytest.approx([40, 5])
    # 51 of 162 before, 94 of 176 after.
    assert row[["share_before", "share_after"]].tolist() == pytest.approx([51 / 162, 94 / 176])
    assert row["delta_share"] == pytest.approx(94 / 176 - 51 / 162)
    assert "winner" in found._repr_html_()


def test_lower_may_be_better_and_a_delta_stays_after_less_before() -> None:
    found = compared(BEFORE, AFTER, better="lower")
    assert found.winners["zone_id"].tolist() == ["B"]
    assert found.winners["delta_share"].tolist() == pytest.approx([-0.1])
    assert found.losers["zone_id"].tolist() == ["A"]


def test_small_changes_are_none() -> None:
    assert compared(BEFORE, AFTER, least_change=0.1).losers.empty
    assert compared(BEFORE, AFTER, least_change=0.09).losers["zone_id"].tolist() == ["B"]


def test_winners_are_ranked_by_the_demand_affected() -> None:
    before = rates({"few": (0, 10), "many": (0, 1000), "lost": (500, 500)})
    after = rates({"few": (10, 10), "many": (100, 1000), "lost": (0, 500)})
    assert compared(before, after).winners["zone_id"].tolist() == ["many", "few"]


def test_ranges_by_hand() -> None:
    # A: 0.2-0.6, then 0.4-0.6: better if unknowns are noes, the same if they are yeses. B: 0.2-0.6, then 0.3-0.8:
    # better either way. Whatever they are: A changes by -0.2 to 0.4.
    before = rates({"A": (2, 10), "B": (2, 10)}, numerator_high=[6.0, 6.0])
    after = rates({"A": (4, 10), "B": (3, 10)}, numerator_high=[6.0, 8.0])
    table = compared(before, after).changes.set_index("zone_id")
    assert table["change"].to_dict() == {"A": "undecided", "B": "winner"}
    assert table.loc["A", ["delta_share", "delta_share_high"]].tolist() == pytest.approx([0.2, 0])
    assert table.loc["A", ["delta_least", "delta_most"]].tolist() == pytest.approx([-0.2, 0.4])
    # A side without a range knows all.
    known = compared(before.drop(columns="numerator_high"), after).changes.set_index("zone_id")
    assert known.loc["B", ["share_high_before", "share_high_after"]].tolist() == pytest.approx([0.2, 0.8])


@settings(deadline=None, max_examples=25)
@given(ROWS, ROWS)
def test_exchanging_the_sides_changes_the_sign_and_nothing_else(
    ours: list[tuple[int, float, float, float]], theirs: list[tuple[int, float, float, float]]
) -> None:
    first, second = table_of([(0, 0.5, 0.5, 1.0), *(row for row in ours if row[0])]), table_of([*theirs])
    if not set(first["zone_id"]) & set(second["zone_id"]):
        with pytest.raises(DataError, match="no zone_id is in both"):
            compared(first, second)
        return
    there, back = (
        compared(*pair).changes.set_index("zone_id").sort_index() for pair in ((first, second), (second, first))
    )
    for name in ("delta_numerator", "delta_share", "delta_share_high", "demand_affected", "by_demand"):
        np.testing.assert_allclose(there[name], -back[name], rtol=0, atol=1e-12)
    np.testing.assert_allclose(there["delta_least"], -back["delta_most"], rtol=0, atol=1e-12)
    other = {"winner": "loser", "loser": "winner", "appeared": "vanished", "vanished": "appeared"}
    assert [other.get(word, word) for word in there["change"]] == back["change"].tolist()


@settings(deadline=None, max_examples=25)
@given(ROWS, ROWS)
def test_what_the_share_did_and_what_demand_did_add_up(
    ours: list[tuple[int, float, float, float]], theirs: list[tuple[int, float, float, float]]
) -> None:
    first, second = table_of([(11, 0.1, 0, 5.0), *ours]), table_of([(11, 0.7, 0.1, 6.0), *theirs])
    found = compared(first, second)
    table = found.changes
    told = table[table["delta_share"].notna()]
    np.testing.assert_allclose(told["demand_affected"] + told["by_demand"], told["delta_numerator"], atol=1e-9)
    # Every row of either side is somewhere, once.
    assert len(table) == len(set(first["zone_id"]) | set(second["zone_id"]))
    assert set(table["change"]) <= set(coverage.CHANGES)
    row = found.summary.iloc[0]
    assert row["numerator_before"] == pytest.approx(first["numerator"].sum())
    assert row["numerator_after"] == pytest.approx(second["numerator"].sum())
    # A change that is known is among what it may be.
    assert (table["delta_least"] - 1e-12 <= table["delta_share"]).sum() == len(told)
    assert (table["delta_share_high"] <= table["delta_most"] + 1e-12).sum() == len(told)


@settings(deadline=None, max_examples=25)
@given(ROWS)
def test_nothing_changes_against_itself(rows: list[tuple[int, float, float, float]]) -> None:
    table = table_of(rows)
    found = compared(table, table.copy())
    assert set(found.changes["change"]) <= {"same", "undefined"}
    assert (found.changes["delta_numerator"] == 0).all()
    assert found.differences.empty


def test_long_keys_are_joined_whole_and_summed_apart() -> None:
    def both(day: float, night: float) -> pd.DataFrame:
        parts = [rates({"A": (day, 10)}, bin=12, rate="demand"), rates({"A": (night, 10)}, bin=23, rate="demand")]
        return pd.concat(parts, ignore_index=True)

    found = compared(both(5, 5), both(7, 2))
    assert found.parameters["key"] == ["rate", "level", "zone_id", "bin"]
    assert found.summary.set_index("bin")["delta_share"].to_dict() == pytest.approx({12: 0.2, 23: -0.3})
    assert found.winners["bin"].tolist() == [12]


def test_another_scale_is_refused_unless_told() -> None:
    sides = ({"weight": "visits", "resolution": 10, "as_of": "2025"}, {"weight": "courier_s", "resolution": 10})
    with pytest.raises(
        ParameterError, match=r"differ in weight \(visits before, courier_s after\).*allow=\['weight'\]"
    ):
        compared(BEFORE, AFTER, parameters=sides)
    found = compared(BEFORE, AFTER, parameters=sides, allow=["weight"])
    assert found.differences.to_dict("list") == {
        "parameter": ["as_of", "weight"], "before": ["2025", "visits"], "after": ["not told", "courier_s"],
        "allowed": [False, True],
    }  # fmt: skip
    with pytest.raises(ParameterError, match=r"differ in standard \(walk before, ebike after\)"):
        compared(BEFORE.assign(standard="walk"), AFTER.assign(standard="ebike"))
    with pytest.raises(ParameterError, match=r"differ in unit \(h before, not told after\)"):
        compared(BEFORE.assign(unit="h"), AFTER)


def test_other_words_in_the_key_are_refused_unless_told() -> None:
    before = pd.concat([BEFORE.assign(item="toilets"), BEFORE.assign(item="water")], ignore_index=True)
    with pytest.raises(ParameterError, match=r"the same words in 'item'\. Only one has 'water'"):
        compared(before, AFTER.assign(item="toilets"))
    found = compared(before, AFTER.assign(item="toilets"), allow=["item"])
    assert found.summary.set_index("item").loc["water", "n_vanished"] == 5
    with pytest.raises(ParameterError, match=r"must have the same key\. Only one of them has 'item'"):
        compared(before, AFTER)


def covered(east: int) -> coverage.Coverage:
    """Two zones of one cell each, 10 and 30 visits; a station in the second or in the first."""
    lon = np.array([114.0, 114.05])
    cell = cells.from_lonlat(lon, [22.5, 22.5], resolution=9)
    demand = pd.DataFrame(
        {
            "cell": cell, "zone_id": ["w", "e"], "bin": -1, "courier_s": 0.0, "visits": [10.0, 30.0],
            "courier_weight": 0.0, "couriers": float("nan"), "observed_days": 1.0,
        }
    )  # fmt: skip
    reach = pd.DataFrame({"station_id": ["a"], "cell": cell[east : east + 1], "impedance_m": [50.0]})
    stations = gpd.GeoDataFrame(
        {"station_id": ["a"], "kind": ["warm_bee"]}, geometry=[shapely.Point(lon[east], 22.5)], crs="EPSG:4326"
    )
    boxes = [shapely.box(x - 0.02, 22.4, x + 0.02, 22.6) for x in lon]
    names = {"zone_id": ["w", "e"], "level": "community", "parent_id": "", "name": ["West", "East"]}
    zones = gpd.GeoDataFrame(names, geometry=boxes, crs="EPSG:4326")
    return coverage.score(demand, reach, stations=stations, zones=zones, weight="visits")


def test_coverages_and_studies_are_compared_by_zones_and_by_cells() -> None:
    before, after = covered(0), covered(1)
    found = compared(before, after)
    table = found.changes.set_index("zone_id")
    assert table["change"].to_dict() == {"w": "loser", "e": "winner"}
    assert table["demand_affected"].to_dict() == {"w": -10, "e": 30}
    assert table["name"].to_dict() == {"w": "West", "e": "East"}
    study = compared(SimpleNamespace(coverage=before), SimpleNamespace(coverage=after))
    pd.testing.assert_frame_equal(study.changes, found.changes)
    by_cell = compared(before, after, places="cells").changes
    assert sorted(by_cell["demand_affected"]) == [-10, 30]
    holder = SimpleNamespace(rates=BEFORE, parameters={"weight": "visits"})
    assert compared(holder, holder).differences.empty
    with pytest.raises(ParameterError, match="differ in weight"):
        compared(holder, SimpleNamespace(rates=AFTER, parameters={"weight": "courier_s"}))


def test_cells_of_two_resolutions_are_refused() -> None:
    def of(resolution: int) -> pd.DataFrame:
        cell = cells.from_lonlat([114.0], [22.5], resolution=resolution)
        return pd.DataFrame({"cell": cell, "numerator": [1.0], "denominator": [2.0]})

    with pytest.raises(ParameterError, match=r"one resolution\. Got 9 before and 10 after"):
        compared(of(9), of(10))


def test_breaks_hold_both_sides_and_zero_in_the_middle() -> None:
    found = compared(BEFORE, AFTER)
    assert found.share_breaks == pytest.approx(np.linspace(0.2, 0.75, 6).tolist())
    assert found.delta_breaks == pytest.approx([-0.4, -0.24, -0.08, 0.08, 0.24, 0.4])
    nothing = pd.Series([np.nan])
    assert coverage.common_breaks(nothing, nothing) == ()
    assert coverage.common_breaks(pd.Series([0.5]), nothing) == (0.5, 0.5)
    assert coverage.symmetric_breaks(nothing) == ()
    assert coverage.symmetric_breaks(pd.Series([0.0])) == (0.0, 0.0)
    with pytest.raises(ParameterError, match="n_classes must be odd"):
        coverage.symmetric_breaks(nothing, n_classes=4)
    with pytest.raises(ParameterError, match="whole number"):
        coverage.common_breaks(nothing, nothing, n_classes=0)


@pytest.mark.parametrize(
    ("before", "changes", "error", "words"),
    [
        (BEFORE, {"better": "more"}, ParameterError, "better must be 'higher' or 'lower'"),
        (BEFORE, {"least_change": 5}, ParameterError, "least_change must be a share"),
        (BEFORE, {"places": "points"}, ParameterError, "places must be 'zones' or 'cells'"),
        (3, {}, ParameterError, "or a result that has them. Got int"),
        (BEFORE.drop(columns="numerator"), {}, ColumnError, "column 'numerator' is missing"),
        (BEFORE.drop(columns="zone_id"), {}, ColumnError, "a column of places is missing"),
        (BEFORE.assign(numerator=-1.0), {}, DataError, "5 of 5 rows are not: 0, 1, 2, ..."),
        (BEFORE.assign(denominator=np.nan), {}, DataError, "column 'denominator' must be finite, 0 or more"),
        (pd.concat([BEFORE, BEFORE.head(1)]), {}, DataError, r"\(level, zone_id\) must be unique; 1 rows repeat"),
        (BEFORE.assign(zone_id=list("vwxyz")), {}, DataError, "no zone_id is in both"),
    ],
)
def test_wrong_calls(before: object, changes: dict[str, object], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        compared(before, AFTER, **changes)
