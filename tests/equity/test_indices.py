"""Measures of inequality against arithmetic by hand, brute force over pairs, and the laws that each obeys."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stationgeo import equity
from stationgeo.errors import DataError, ParameterError

VALUES = st.floats(0.001, 1e6, allow_subnormal=False)
WEIGHTS = st.floats(0.01, 1e4, allow_subnormal=False)
UNITS = st.lists(st.tuples(VALUES, WEIGHTS), min_size=2, max_size=30)
# Of any size, with zeros, and with units that nobody is in.
LOOSE = st.lists(st.tuples(st.just(0.0) | VALUES, st.just(0.0) | WEIGHTS), min_size=2, max_size=30)
RATIOS = ("gini", "theil", "palma", "p90_p10", "cv")


def value_of(name: str, values: object, weights: object) -> float:
    if name == "theil":
        return float(equity.theil(values, weights, zeros="limit"))  # type: ignore[arg-type]
    functions = {"gini": equity.gini, "palma": equity.palma, "p90_p10": equity.percentile_ratio, "cv": equity.cv}
    return float(functions[name](values, weights))  # type: ignore[arg-type]


def pairwise_gini(values: np.ndarray, weights: np.ndarray) -> float:
    """Half the mean difference of all pairs over the mean, in exact fractions."""
    x, w = [Fraction(v) for v in values.tolist()], [Fraction(v) for v in weights.tolist()]
    total = sum(w)
    mean = sum(a * b for a, b in zip(x, w, strict=True)) / total
    differences = sum(wi * wj * abs(xi - xj) for xi, wi in zip(x, w, strict=True) for xj, wj in zip(x, w, strict=True))
    return float(differences / (2 * total**2 * mean))


def test_a_village_by_hand() -> None:
    # Ten workers: four with 1, four with 2, two with 4; in all 4 + 8 + 8 = 20, mean 2.
    # Pairs: 2 x (4 x 4 x 1 + 4 x 2 x 3 + 4 x 2 x 2) = 112 over 2 x 100 x 2: Gini 0.28.
    # Theil: 0.4 x 0.5 ln 0.5 + 0 + 0.2 x 2 ln 2 = 0.2 ln 2. Variance (4 + 0 + 8) / 10 = 1.2.
    # The upper tenth is one worker with 4, the lower two fifths have 4: Palma 1. P90 = 4, P10 = 1.
    values, weights = [4, 1, 2], [2, 4, 4]
    assert float(equity.gini(values, weights)) == pytest.approx(0.28, abs=1e-15)
    assert float(equity.theil(values, weights, zeros="limit")) == pytest.approx(0.2 * math.log(2), abs=1e-15)
    assert float(equity.cv(values, weights)) == pytest.approx(math.sqrt(1.2) / 2)
    assert float(equity.palma(values, weights)) == pytest.approx(1.0)
    assert float(equity.percentile_ratio(values, weights)) == 4.0


def test_the_cuts_of_palma_split_a_unit() -> None:
    # Three workers in two units, 2 with 1 and 1 with 4, 6 in all. The lower 40 % are 1.2 workers of the first unit
    # (1.2), the upper 10 % are 0.3 workers of the second (1.2).
    assert float(equity.palma([1, 4], [2, 1])) == pytest.approx(1.0)


def test_a_lorenz_curve_by_hand() -> None:
    table = equity.lorenz([4, 1, 2], [2, 4, 4])
    assert table["weight_share"].tolist() == pytest.approx([0, 0.4, 0.8, 1])
    assert table["value_share"].tolist() == pytest.approx([0, 0.2, 0.6, 1])
    assert table["value"].tolist() == pytest.approx([math.nan, 1, 2, 4], nan_ok=True)


def test_quantiles_are_values_that_a_share_of_the_weight_does_not_exceed() -> None:
    # Cumulated weights 1, 3, 4 of 4: a quarter is reached at 10, anything more at 20, more than three quarters at 30.
    at = [equity.quantile([30, 10, 20], [1, 1, 2], share=share) for share in (0, 0.25, 0.26, 0.75, 0.76, 1)]
    assert at == [10, 10, 20, 20, 30, 30]
    assert equity.quantile(range(10), [0.1] * 10, share=0.9) == 8
    # One of ten is a tenth, although 1 / 9 is less than a tenth of 10 / 9 in floats.
    assert equity.quantile([5, 7], [1, 9], share=0.1) == 5
    assert math.isnan(equity.quantile([1.0], [0.0], share=0.5))


@settings(deadline=None)
@given(LOOSE)
def test_gini_is_that_of_all_pairs(units: list[tuple[float, float]]) -> None:
    values, weights = np.array(units).T
    assume((weights > 0).sum() > 1)
    assume((values * weights).sum() > 0)
    assert abs(float(equity.gini(values, weights)) - pairwise_gini(values, weights)) < 1e-12


@settings(deadline=None)
@given(LOOSE)
def test_gini_is_twice_the_area_above_the_lorenz_curve(units: list[tuple[float, float]]) -> None:
    values, weights = np.array(units).T
    table = equity.lorenz(values, weights)
    assume(len(table))
    x, y = table["weight_share"].to_numpy(), table["value_share"].to_numpy()
    assert float(equity.gini(values, weights)) == pytest.approx(1 - 2 * np.trapezoid(y, x), abs=1e-12)
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert (y <= x + 1e-12).all()
    slopes = np.diff(y)[np.diff(x) > 1e-9] / np.diff(x)[np.diff(x) > 1e-9]
    assert (np.diff(slopes) >= -1e-6 * np.maximum(slopes[1:], 1)).all()


@settings(deadline=None)
@given(UNITS, st.lists(st.sampled_from("abc"), min_size=30, max_size=30))
def test_theil_adds_up_between_and_within(units: list[tuple[float, float]], groups: list[str]) -> None:
    values, weights = np.array(units).T
    found = equity.theil(values, weights, zeros="undefined", groups=groups[: len(units)])
    # By the textbook: sums of r ln r, in one go.
    share = weights / weights.sum()
    ratio = values / (share @ values)
    assert found.total == pytest.approx(float(share @ (ratio * np.log(ratio))), abs=1e-12)
    assert abs(found.between + found.within - found.total) < 1e-12
    assert min(found.between, found.within) >= 0
    table = found.groups
    assert (table[["between", "within", "theil"]] >= 0).all(axis=None)
    assert table["weight_share"].sum() == pytest.approx(1)
    assert table["value_share"].sum() == pytest.approx(1)
    for row in table.itertuples():
        inside = np.array(groups[: len(units)]) == row.group
        assert row.mean == pytest.approx(np.average(values[inside], weights=weights[inside]))


@settings(deadline=None)
@given(UNITS, st.floats(1e-3, 1e3))
def test_the_unit_of_the_values_does_not_matter(units: list[tuple[float, float]], scale: float) -> None:
    values, weights = np.array(units).T
    for name in RATIOS:
        assert value_of(name, values * scale, weights) == pytest.approx(
            value_of(name, values, weights), rel=1e-9, abs=1e-9
        ), name


@settings(deadline=None)
@given(UNITS, st.integers(2, 5))
def test_counting_everybody_again_does_not_matter(units: list[tuple[float, float]], times: int) -> None:
    values, weights = np.array(units).T
    for name in RATIOS:
        once = value_of(name, values, weights)
        assert value_of(name, np.repeat(values, times), np.repeat(weights, times)) == pytest.approx(
            once, rel=1e-9, abs=1e-9
        )
        assert value_of(name, values, weights * times) == pytest.approx(once, rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(UNITS, st.permutations(range(30)))
def test_the_order_of_units_does_not_matter(units: list[tuple[float, float]], order: list[int]) -> None:
    values, weights = np.array(units).T
    mixed = [row for row in order if row < len(units)]
    for name in RATIOS:
        assert value_of(name, values[mixed], weights[mixed]) == pytest.approx(
            value_of(name, values, weights), rel=1e-9, abs=1e-9
        )


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=2, max_size=20), st.data())
def test_a_transfer_from_a_worse_to_a_better_one_never_lessens_inequality(
    wages: list[int], data: st.DataObject
) -> None:
    values = np.sort(np.array(wages, dtype=float))
    poor = data.draw(st.integers(0, len(wages) - 2))
    rich = data.draw(st.integers(poor + 1, len(wages) - 1))
    moved = values.copy()
    moved[poor] -= values[poor] / 2
    moved[rich] += values[poor] / 2
    ones = np.ones(len(wages))
    for name in ("gini", "theil", "cv"):
        # Each of them strictly: the poorer gives half of what it has to one that has at least as much.
        assert value_of(name, moved, ones) > value_of(name, values, ones), name


@settings(deadline=None)
@given(UNITS)
def test_measures_stay_within_their_bounds(units: list[tuple[float, float]]) -> None:
    values, weights = np.array(units).T
    assert 0 <= value_of("gini", values, weights) < 1
    # The smallest share bounds how concentrated anything can be.
    assert 0 <= value_of("theil", values, weights) <= math.log(weights.sum() / weights.min()) + 1e-9
    assert value_of("palma", values, weights) >= 0.25 - 1e-9
    assert value_of("p90_p10", values, weights) >= 1
    assert value_of("cv", values, weights) >= 0


@settings(deadline=None)
@given(VALUES, st.lists(WEIGHTS, min_size=2, max_size=20))
def test_what_is_equal_is_equal(value: float, weights: list[float]) -> None:
    values = [value] * len(weights)
    for name, equal in equity.MEASURES.items():
        assert value_of(name, values, weights) == pytest.approx(equal, abs=1e-12), name


def test_step_coverage_has_a_gini_of_1_minus_its_rate() -> None:
    # 30 of 100 workers are covered.
    assert float(equity.gini([1, 0], [30, 70])) == pytest.approx(0.7)
    assert float(equity.theil([1, 0], [30, 70], zeros="limit")) == pytest.approx(math.log(1 / 0.3))


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ([1], [5], r"fewer than two units with weight \(1\)"),
        ([], [], r"fewer than two units with weight \(0\)"),
        ([1, 2], [5, 0], "fewer than two units"),
        ([0, 0], [1, 1], "all values are 0"),
        ([-1, 2, -3], [1, 1, 1], "2 of 3 values are negative: -1.0, -3.0"),
        ([1, math.inf], [3, 1], r"1 of 2 units \(25.0% of the weight\) are not reached"),
    ],
)
def test_what_is_undefined_says_why(values: list[float], weights: list[float], words: str) -> None:
    found = [equity.gini(values, weights), equity.palma(values, weights), equity.cv(values, weights)]
    found += [equity.percentile_ratio(values, weights)]
    for one in found:
        assert math.isnan(float(one)), one.name
        assert re.search(words, one.reason), one
    theil = equity.theil(values, weights, zeros="limit")
    assert math.isnan(float(theil))
    assert theil.groups.empty
    assert equity.lorenz(values, weights).empty


def test_percentiles_stand_while_less_than_a_tenth_is_not_reached() -> None:
    assert float(equity.percentile_ratio([2, 6, math.inf], [5, 5, 0.9])) == 3.0
    lost = equity.percentile_ratio([2, 6, math.inf], [5, 4, 2])
    assert math.isnan(lost.value)
    assert "P90 lies among what is not reached: 1 of 3 units (18.2% of the weight)" in lost.reason


def test_zeros_have_a_theil_only_in_the_limit() -> None:
    # Two workers, 0 and 2: r = 0 and 2, and 0.5 x 2 ln 2.
    assert float(equity.theil([0, 2], [1, 1], zeros="limit")) == pytest.approx(math.log(2))
    none = equity.theil([0, 2], [1, 1], zeros="undefined")
    assert math.isnan(none.total)
    assert none.reason == "1 of 2 values are 0, of which there is no logarithm (zeros='undefined')"
    assert equity.palma([0, 2], [1, 1]).reason == "the lower two fifths of the weight have 0"
    assert equity.percentile_ratio([0, 2], [1, 1]).reason == "P10 is 0"
    # A group that has nothing is equal inside, and adds its share of workers between: 1/2 (0 - 0 + 1).
    split = equity.theil([0, 0, 2, 2], [1, 1, 1, 1], zeros="limit", groups=["a", "a", "b", "b"])
    assert split.groups["theil"].tolist() == [0, 0]
    assert split.between == pytest.approx(math.log(2))


def test_wrong_calls() -> None:
    with pytest.raises(ParameterError, match="of one length"):
        equity.gini([1, 2], [1])
    with pytest.raises(
        DataError, match=r"weights must be finite, 0 or more; 2 of 3 are not: -1.0, nan \(first in row 0"
    ):
        equity.cv([1, 2, 3], [-1, math.nan, 1])
    with pytest.raises(
        DataError, match=r"values must be numbers where there is weight; 1 of 3 are not: rows 1\. Write inf"
    ):
        equity.palma([1, math.nan, math.nan], [1, 1, 0])
    with pytest.raises(ParameterError, match="zeros must be 'limit'"):
        equity.theil([1, 2], [1, 1], zeros="drop")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="groups must be one per value"):
        equity.theil([1, 2], [1, 1], zeros="limit", groups=["a"])
    with pytest.raises(DataError, match="groups must not be missing; 1 of 2"):
        equity.theil([1, 2], [1, 1], zeros="limit", groups=["a", None])
    with pytest.raises(ParameterError, match="share must be from 0 to 1"):
        equity.quantile([1], [1], share=90)
