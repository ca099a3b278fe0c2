"""Gi* against its definition, all permutations and an independent adjustment; neighbours by brute force."""

import itertools
import math

import geopandas as gpd
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from stationgeo import cells, coverage, zones
from stationgeo.errors import DataError, ParameterError

VALUES = st.lists(st.integers(-20, 20), min_size=3, max_size=12)


def path(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Neighbours of places in a row."""
    ends = np.arange(n - 1)
    return np.append(ends, ends + 1), np.append(ends + 1, ends)


def spots(values: list[float], pairs: tuple[np.ndarray, np.ndarray], rate: float = 0.05) -> pd.DataFrame:
    return coverage.hot_spots(pd.Series(values, dtype="float64"), pairs, false_discovery_rate=rate)


def test_four_places_in_a_row_by_hand() -> None:
    # 0, 0, 0, 4: mean 1, variance 3. The last and its neighbour have 4, expected 2: 2 / sqrt(3 x 2 x 2 / 3) = 1.
    # The third with both has 4, expected 3: 1 / sqrt(3 x 3 x 1 / 3) = 0.5774.
    found = spots([0, 0, 0, 4], path(4))
    assert found["z"].tolist() == pytest.approx([-1, -math.sqrt(3), 1 / math.sqrt(3), 1])
    assert found["n_neighbours"].tolist() == [1, 2, 2, 1]
    assert found.loc[3, "p"] == pytest.approx(0.31731, abs=1e-5)


@settings(deadline=None)
@given(VALUES)
def test_gi_star_is_the_published_formula(values: list[int]) -> None:
    n = len(values)
    found = spots(values, path(n))
    x, weights = np.array(values, dtype=float), np.eye(n) + np.eye(n, k=1) + np.eye(n, k=-1)
    spread = math.sqrt((x**2).sum() / n - x.mean() ** 2) if len(set(values)) > 1 else 0.0
    for i in range(n):
        w = weights[i]
        below = spread * math.sqrt((n * (w**2).sum() - w.sum() ** 2) / (n - 1))
        expected = (w @ x - x.mean() * w.sum()) / below if below > 0 else math.nan
        assert found.loc[i, "z"] == pytest.approx(expected, abs=1e-9, nan_ok=True)


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(-9, 9), min_size=5, max_size=5).filter(lambda values: len(set(values)) > 1))
def test_over_all_deals_of_the_values_gi_star_has_mean_0_and_variance_1(values: list[int]) -> None:
    z = np.array([spots(list(deal), path(5))["z"] for deal in itertools.permutations(values)])
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(z.var(axis=0), 1, atol=1e-9)


@settings(deadline=None)
@given(VALUES, st.floats(0.1, 10), st.floats(-5, 5))
def test_units_and_zero_points_do_not_matter_and_the_sign_turns(values: list[int], scale: float, shift: float) -> None:
    found = spots(values, path(len(values)))
    moved = spots([scale * value + shift for value in values], path(len(values)))
    turned = spots([-value for value in values], path(len(values)))
    np.testing.assert_allclose(moved["z"], found["z"], atol=1e-6)
    np.testing.assert_allclose(turned["z"], -found["z"], atol=1e-9)


def test_chance_is_adjusted_for_all_tests_at_once() -> None:
    rng = np.random.default_rng(7)
    values = rng.normal(size=400)
    values[100:110] += 4.0
    values[300:310] -= 4.0
    found = spots(values.tolist(), path(400))
    np.testing.assert_allclose(found["q"], stats.false_discovery_control(found["p"], method="bh"), atol=1e-12)
    hot, cold = (set(found.index[found["spot"] == word]) for word in ("hot", "cold"))
    assert set(range(102, 108)) <= hot <= set(range(98, 112))
    assert set(range(302, 308)) <= cold <= set(range(298, 312))
    # Of noise alone nothing is found, though 5 % of the tests alone would be.
    noise = spots(rng.normal(size=400).tolist(), path(400))
    assert (noise["p"] < 0.05).any()
    assert (noise["spot"] == "none").all()


def test_what_cannot_be_told_is_nan() -> None:
    assert spots([0.1] * 5, path(5))["z"].isna().all()
    assert (spots([0.1] * 5, path(5))["spot"] == "none").all()
    # The middle of three has all beside it; the ends do not.
    assert np.isnan(spots([1, 2, 4], path(3))["z"]).tolist() == [False, True, False]
    assert spots([], path(1)).empty
    alone = spots([3], (np.array([], dtype=int), np.array([], dtype=int)))
    assert alone["z"].isna().all()


def test_pairs_that_lead_elsewhere_do_not_count() -> None:
    values = pd.Series([1.0, 5.0, 2.0], index=["a", "b", "c"])
    found = coverage.hot_spots(values, (["a", "b", "a", "x"], ["b", "a", "x", "a"]), false_discovery_rate=0.1)
    assert found["n_neighbours"].to_dict() == {"a": 1, "b": 1, "c": 0}


def test_hot_spots_of_a_comparison_on_cells() -> None:
    centre = cells.from_lonlat([114.0], [22.5], resolution=9)[0]
    cell = np.array(sorted(h3.grid_disk(int(centre), 6)), dtype=np.uint64)
    near = np.isin(cell, np.array(h3.grid_disk(int(centre), 1), dtype=np.uint64))
    before = pd.DataFrame({"cell": cell, "numerator": 0.0, "denominator": 10.0})
    found = coverage.compare(before, before.assign(numerator=near * 8.0), better="higher", least_change=0.0)
    gains = found.changes.set_index("cell")["demand_affected"]
    table = coverage.hot_spots(gains, cells.neighbours(cell, rings=1), false_discovery_rate=0.01)
    assert table["z"].idxmax() == centre
    assert set(table.index[table["spot"] == "hot"]) >= set(cell[near])
    assert not (table["spot"] == "cold").any()


@pytest.mark.parametrize("rings", [1, 3])
def test_neighbouring_cells_are_those_of_the_library(rings: int) -> None:
    rng = np.random.default_rng(rings)
    # A disk with gaps, about a pentagon.
    disk = np.array(h3.grid_disk(h3.get_pentagons(7)[0], 7), dtype=np.uint64)
    there = rng.choice(disk, size=disk.size // 2, replace=False)
    cell, neighbour = cells.neighbours(np.append(there, there[:3]), rings=rings)
    expected = {(int(a), b) for a in there for b in h3.grid_disk(int(a), rings) if b != a and b in set(there.tolist())}
    assert set(zip(cell.tolist(), neighbour.tolist(), strict=True)) == expected
    assert cell.size == len(expected)
    assert (np.diff(cell.astype(object)) >= 0).all()
    assert {(b, a) for a, b in expected} == expected


def test_zones_touch_within_a_gap() -> None:
    # Three in a row, the second 1 m short of the third; one far off.
    step, metre = 0.01, 1 / 102_900
    shapes = [
        shapely.box(114, 22.5, 114 + step, 22.51),
        shapely.box(114 + step, 22.5, 114 + 2 * step - metre, 22.51),
        shapely.box(114 + 2 * step, 22.5, 114 + 3 * step, 22.51),
        shapely.box(115, 22.5, 115 + step, 22.51),
    ]
    rows = {"zone_id": list("abcd"), "level": "street", "parent_id": "", "name": ""}
    table = gpd.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")

    def pairs(gap_m: float) -> list[str]:
        ends = zones.neighbours(table, level="street", gap_m=gap_m)
        return ["".join(pair) for pair in zip(*ends, strict=True)]

    assert pairs(0.5) == ["ab", "ba"]
    assert pairs(1.1) == ["ab", "ba", "bc", "cb"]
    assert zones.neighbours(table, level="grid", gap_m=1)[0].size == 0
    with pytest.raises(ParameterError, match="gap_m must be a finite number of metres"):
        pairs(-1)
    with pytest.raises(ParameterError, match="unknown level"):
        zones.neighbours(table, level="village", gap_m=1)


def test_wrong_calls() -> None:
    with pytest.raises(DataError, match=r"values must be finite; 1 of 3 are not: units 1\. Leave out"):
        spots([1, math.nan, 2], path(3))
    with pytest.raises(DataError, match="one row per unit; 1 repeat: 'a'"):
        coverage.hot_spots(pd.Series([1.0, 2.0], index=["a", "a"]), ([], []), false_discovery_rate=0.1)
    with pytest.raises(DataError, match="each pair once"):
        spots([1, 2, 3], (np.array([0, 0]), np.array([1, 1])))
    with pytest.raises(ParameterError, match="between 0 and 1"):
        spots([1, 2, 3], path(3), rate=5)
    with pytest.raises(ParameterError, match=r"must be pairs\. Got 1 and 2"):
        spots([1, 2, 3], (np.array([0]), np.array([1, 2])))
    with pytest.raises(ParameterError, match="a Series indexed by unit"):
        coverage.hot_spots([1, 2], ([], []), false_discovery_rate=0.1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="rings must be a whole number"):
        cells.neighbours([], rings=0)
    assert cells.neighbours([], rings=1)[0].size == 0
