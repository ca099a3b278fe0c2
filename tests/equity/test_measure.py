"""A variable with a name, a unit and a direction; who drives its inequality; slices and shifts."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import equity
from stationgeo.errors import DataError, ParameterError

SAID: dict[str, Any] = {
    "variable": "covered share", "unit": "share", "better": "higher", "view": "attainment", "reference": 0,
    "weighted_by": "workers", "zeros": "limit",
}  # fmt: skip
RATES = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.1, 100)), min_size=2, max_size=20)


def measured(values: object, weights: object, **changes: object) -> equity.Equity:
    return equity.measure(values, weights, **(SAID | changes))  # type: ignore[arg-type]


def test_who_drives_gini_by_hand() -> None:
    # Mean 2. From all others A (1, four workers) is 4 x 1 + 2 x 3 = 10 away, B (2) 4 x 1 + 2 x 2 = 8, C (4) 12 + 8
    # = 20; times their workers 40, 32, 40, over 2 x 100 x 2 = 400: they add 0.1, 0.08 and 0.1 to Gini.
    found = measured([1, 2, 4], [4, 4, 2], ids=["A", "B", "C"], unit="seats", variable="access score")
    table = found.contributions.set_index("unit_id")
    assert table.loc[["A", "B", "C"], "gini"].tolist() == pytest.approx([0.1, 0.08, 0.1])
    assert table.loc[["A", "B", "C"], "gini_share"].tolist() == pytest.approx([10 / 28, 8 / 28, 10 / 28])
    assert table.loc[["A", "B", "C"], "side"].tolist() == ["below", "at", "above"]
    # Theil: 0.4 (0.5 ln 0.5 + 0.5) = 0.2 - 0.2 ln 2, none, and 0.2 (2 ln 2 - 1) = 0.4 ln 2 - 0.2.
    expected = [0.2 - 0.2 * math.log(2), 0, 0.4 * math.log(2) - 0.2]
    assert table.loc[["A", "B", "C"], "theil"].tolist() == pytest.approx(expected)
    assert found.headline == {
        "mean": 2.0, "n_units": 3, "n_without_weight": 0, "weight": 10.0, "unreached_share": 0.0,
    }  # fmt: skip
    assert found.measures["measure"].tolist() == list(equity.MEASURES)
    assert found["gini"].value == pytest.approx(0.28)
    with pytest.raises(KeyError):
        found["hoover"]


@settings(deadline=None)
@given(RATES, st.lists(st.sampled_from(["", "x", "y"]), min_size=20, max_size=20))
def test_contributions_add_up_whoever_is_grouped(units: list[tuple[float, float]], groups: list[str]) -> None:
    values, weights = np.array(units).T
    street, shift = groups[: len(units)], groups[::-1][: len(units)]
    found = measured(values, weights, groups={"street": street, "shift": shift})
    table = found.contributions
    assert table["gini"].sum() == pytest.approx(found["gini"].value, abs=1e-12)
    assert table["theil"].sum() == pytest.approx(found["theil"].value, abs=1e-12)
    assert (np.diff(table["gini"]) <= 0).all()
    assert (table[["gini", "theil"]] >= 0).all(axis=None)
    assert found.decomposition["by"].tolist() == ["street", "shift"]
    for row in found.decomposition.itertuples():
        assert abs(row.between + row.within - row.total) < 1e-12
    for name in ("street", "shift"):
        own = found.groups[found.groups["by"] == name]
        assert own["weight_share"].sum() == pytest.approx(1)
        if found["gini"].value > 0:
            assert own["gini_share"].sum() == pytest.approx(1)


@settings(deadline=None)
@given(RATES)
def test_attainment_and_shortfall_have_one_mean_difference_and_two_ginis(units: list[tuple[float, float]]) -> None:
    values, weights = np.array(units).T
    have, lack = (measured(values, weights, view=v, reference=r) for v, r in (("attainment", 0), ("shortfall", 1)))
    assert have.headline["mean"] + lack.headline["mean"] == pytest.approx(1)
    assert have["gini"].value * have.headline["mean"] == pytest.approx(
        lack["gini"].value * lack.headline["mean"], abs=1e-12
    )


def test_the_two_views_are_not_complements() -> None:
    # Rates 0.2 and 0.6: Gini 0.4 / 4 / 0.4 = 0.25; their shortfalls 0.8 and 0.4: 0.4 / 4 / 0.6 = 1/6.
    have = measured([0.2, 0.6], [1, 1])
    lack = measured([0.2, 0.6], [1, 1], view="shortfall", reference=1)
    assert (have["gini"].value, lack["gini"].value) == (pytest.approx(0.25), pytest.approx(1 / 6))


def test_of_minutes_the_shortfall_is_what_they_are_and_the_attainment_what_is_left() -> None:
    minutes = {"variable": "minutes to the nearest station", "unit": "min", "better": "lower"}
    short = measured([2, 6], [1, 1], view="shortfall", reference=0, **minutes)
    assert sorted(short.contributions["value"]) == [2, 6]
    left = measured([2, 6], [1, 1], view="attainment", reference=10, **minutes)
    assert sorted(left.contributions["value"]) == [4, 8]
    # Beyond the worst value it is negative, and nothing is clipped.
    assert "1 of 2 values are negative: -1.0" in measured([2, 11], [1, 1], reference=10, **minutes)["gini"].reason


def test_rounding_beyond_the_reference_is_at_it() -> None:
    found = measured([0.5, 1.0000000000000002, 0.7], [1, 1, 1], view="shortfall", reference=1)
    assert sorted(found.contributions["value"]) == pytest.approx([0, 0.3, 0.5])
    assert found["gini"].reason == ""


def test_covered_or_not_is_refused_by_saying_that_gini_is_1_minus_the_rate() -> None:
    found = measured([1, 0, 1], [20, 70, 10], variable="covered or not", unit="yes or no")
    assert found.measures["value"].isna().all()
    assert found.measures["reason"].str.startswith("all values are 0 or 1: Gini is then 1 - rate = 0.7,").all()
    # All covered, or all alike, is no such case, nor is a third value.
    assert measured([1, 1], [1, 1])["gini"].value == 0
    assert measured([0, 0.5, 1], [1, 1, 1])["gini"].reason == ""


def test_minutes_that_nobody_searched_for_are_censored() -> None:
    found = measured([3, 5, math.inf], [60, 35, 5], variable="minutes", unit="min", better="lower", view="shortfall")
    reasons = found.measures.set_index("measure")["reason"]
    assert (reasons.drop("p90_p10") == "1 of 3 units (5.0% of the weight) are not reached: censored values").all()
    assert found["p90_p10"].value == pytest.approx(5 / 3)
    assert found.headline["unreached_share"] == pytest.approx(0.05)
    assert math.isnan(found.headline["mean"])
    assert found.contributions[["gini", "theil", "gini_share"]].isna().all(axis=None)
    assert (found.contributions["side"] == "").all()
    assert found.lorenz.empty


def test_units_without_weight_are_counted_and_may_have_no_value() -> None:
    found = measured([0.2, math.nan, 0.6], [1, 0, 1], ids=["a", "void", "b"])
    assert (found.headline["n_units"], found.headline["n_without_weight"]) == (2, 1)
    assert sorted(found.contributions["unit_id"]) == ["a", "b"]
    assert measured([], [])["gini"].reason.startswith("fewer than two units")


def test_groups_of_one_say_why_they_have_no_gini() -> None:
    found = measured([0.2, 0.6, 0.9], [1, 1, 1], groups={"street": ["s", "s", "t"]})
    table = found.groups.set_index("group")
    assert table.loc["s", "gini"] == pytest.approx(0.25)
    assert math.isnan(table.loc["t", "gini"])
    assert table.loc["t", "reason"].startswith("fewer than two units")
    assert found.contributions["street"].isin(["s", "t"]).all()


def test_a_notebook_shows_measures_and_reasons() -> None:
    text = measured([1, 0], [3, 7])._repr_html_()
    assert "1 - rate" in text
    assert "attainment of covered share (share, higher is better), counted from 0, weighted by workers" in text
    assert "0.250" in measured([0.2, 0.6], [1, 1])._repr_html_()


def test_slices_are_measured_on_their_own() -> None:
    values, weights, hour = [1, 3, 2, 2, 9], [1, 1, 4, 4, 0], np.array([23, 24 + 1, 9, 10, 12])
    by = equity.shift_of(hour, shifts={"night": (22, 6), "day": (6, 22)})
    table = equity.measure_each(values, weights, by=by, **SAID)
    assert table["by"].unique().tolist() == ["day", "night"]
    gini = table[table["measure"] == "gini"].set_index("by")
    assert gini["value"].to_dict() == {"day": 0.0, "night": 0.25}
    assert gini["n_units"].to_dict() == {"day": 2, "night": 2}
    assert equity.measure_each([], [], by=[], **SAID).empty


def test_shifts_run_past_midnight_and_leave_hours_out() -> None:
    named = equity.shift_of(np.arange(24), shifts={"late": (21, 3), "noon": (11, 13)})
    assert np.flatnonzero(named == "late").tolist() == [0, 1, 2, 21, 22, 23]
    assert np.flatnonzero(named == "noon").tolist() == [11, 12]
    assert (named == "").sum() == 16
    assert (equity.shift_of([0, 23], shifts={"all": (0, 24)}) == "all").all()
    assert equity.shift_of([-1, -2], shifts={"all": (0, 24)}).tolist() == ["", ""]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"better": "more"}, "better must be 'higher' or 'lower'"),
        ({"view": "both"}, "view must be 'attainment' or 'shortfall'"),
        ({"reference": math.nan}, "reference must be a finite value"),
        ({"zeros": ""}, "zeros must be"),
        ({"variable": " ", "unit": ""}, "variable, unit must not be empty"),
        ({"groups": {"gini": ["a", "b"]}}, "groups must not be named like the columns of contributions: 'gini'"),
        ({"ids": ["a"]}, "ids must be one per value"),
    ],
)
def test_wrong_calls(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        measured([0.2, 0.6], [1, 1], **changes)


def test_wrong_data() -> None:
    with pytest.raises(DataError, match="ids must be unique; 1 of 2 repeat an earlier one: 'a'"):
        measured([0.2, 0.6], [1, 1], ids=["a", "a"])
    with pytest.raises(DataError, match="by must not be missing"):
        equity.measure_each([0.2, 0.6], [1, 1], by=["a", None], **SAID)
    with pytest.raises(ParameterError, match="'b' shares 5, 6 with 'a'"):
        equity.shift_of([1], shifts={"a": (5, 8), "b": (22, 7)})
    with pytest.raises(ParameterError, match="must have a name, a first hour"):
        equity.shift_of([1], shifts={"a": (5, 25)})
    with pytest.raises(DataError, match="bins must be whole numbers"):
        equity.shift_of([1.5], shifts={"a": (5, 6)})
