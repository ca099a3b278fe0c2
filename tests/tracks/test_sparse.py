"""Time between sparse fixes: each second of a stop is seen or interpolated, as a walk over all pairs of fixes says."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import schema, tracks
from stationgeo.errors import ParameterError
from stationgeo.tracks import StopRule, TrackState

FixesOf: TypeAlias = Callable[..., pd.DataFrame]
RULE = {"radius_m": 100.0, "min_duration_s": 300.0, "max_gap_s": 900.0}


def slow_interpolated_s(fixes: pd.DataFrame, stops: pd.DataFrame, *, detected_gap_s: float) -> list[float]:
    """Walk every pair of fixes in a row between a stop's start and end."""
    found = []
    for stop in stops.itertuples():
        times = fixes.loc[(fixes["courier_id"] == stop.courier_id), "t"].sort_values()
        own = times[times.between(stop.start, stop.end)]
        gaps_ms = [round((after - before).total_seconds() * 1_000) for before, after in itertools.pairwise(own)]
        assert sum(gaps_ms) == round(stop.duration_s * 1_000)
        found.append(sum(gap_ms for gap_ms in gaps_ms if gap_ms > detected_gap_s * 1_000) / 1_000)
    return found


def test_a_minute_is_seen_and_a_millisecond_more_is_not(fixes_of: FixesOf) -> None:
    # Steps of 60 s, 60.001 s, 12 s, 900 s and 300 s: seen 72 s, interpolated 1,260.001 s.
    fixes = fixes_of(np.cumsum([0, 60, 60.001, 12, 900, 300]))
    stops = schema.validate(tracks.find_stops(fixes, **RULE), schema.STOPS)
    assert stops["duration_s"].tolist() == [1_332.001]
    assert stops["interpolated_s"].tolist() == [1_260.001]
    assert tracks.DETECTED_GAP_S == 60
    assert tracks.find_stops(fixes, **RULE, detected_gap_s=12)["interpolated_s"].tolist() == [1_320.001]
    assert tracks.find_stops(fixes, **RULE, detected_gap_s=900)["interpolated_s"].tolist() == [0.0]


def test_each_stop_has_its_own(fixes_of: FixesOf) -> None:
    # Ten minutes seen, a ride of 90 s, five minutes in one step, a gap beyond 900 s, six minutes seen.
    seconds = [*range(0, 601, 60), 690, 990, 2_000, *range(2_060, 2_361, 60)]
    fixes = fixes_of(seconds, [0.0] * 11 + [700.0] * 9)
    stops = tracks.find_stops(fixes, **RULE)
    assert stops["duration_s"].tolist() == [600.0, 300.0, 360.0]
    assert stops["interpolated_s"].tolist() == [0.0, 300.0, 0.0]


def test_trackintels_last_step_is_told_apart_like_any_other(fixes_of: FixesOf) -> None:
    # Seen for 240 s; the first fix outside comes 60 s, or 120 s, later, and their stop lasts until then.
    for step, interpolated_s in ((60, 0.0), (120, 120.0)):
        fixes = fixes_of([0, 60, 120, 180, 240, 240 + step], [0.0] * 5 + [700.0])
        stops = tracks.find_stops(fixes, **RULE, compatible="trackintel")
        assert stops["duration_s"].tolist() == [240.0 + step]
        assert stops["interpolated_s"].tolist() == [interpolated_s]


GAPS = st.sampled_from([1, 12, 59.999, 60, 60.001, 61, 299, 300, 301, 1_000])
ROWS = st.lists(st.tuples(st.sampled_from("ab"), GAPS, st.sampled_from([0, 0, 0, 0, 30, 700])), min_size=1, max_size=50)
LIMITS = st.sampled_from([1.0, 12.0, 60.0, 300.0, 301.0])
ANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def fixes_from(rows: list[tuple[str, float, int]], fixes_of: FixesOf) -> pd.DataFrame:
    courier, step, east = zip(*rows, strict=True)
    fixes = fixes_of(np.round(np.cumsum(step), 3), np.array(east, dtype=float))
    return fixes.assign(courier_id=pd.Series(courier, dtype="str"))


@given(rows=ROWS, limit_s=LIMITS, compatible=st.sampled_from([None, "trackintel"]))
@ANY
def test_every_second_is_classed_as_a_walk_over_all_pairs_says(
    rows: list[tuple[str, float, int]], limit_s: float, compatible: str | None, fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of)
    rule = {"radius_m": 70.7, "min_duration_s": 60.0, "max_gap_s": 300.0, "compatible": compatible}
    stops = tracks.find_stops(fixes, **rule, detected_gap_s=limit_s)
    expected = slow_interpolated_s(fixes, stops, detected_gap_s=limit_s)
    assert stops["interpolated_s"].tolist() == expected
    assert (stops["interpolated_s"] <= stops["duration_s"]).all()
    # the limit tells time apart and decides nothing else
    other = tracks.find_stops(fixes, **rule, detected_gap_s=300.0)
    assert (other["interpolated_s"] == 0).all()
    pd.testing.assert_frame_equal(stops.drop(columns="interpolated_s"), other.drop(columns="interpolated_s"))


@given(rows=ROWS, cuts=st.lists(st.integers(0, 50), max_size=6), compatible=st.sampled_from([None, "trackintel"]))
@ANY
def test_any_cut_tells_the_same(
    rows: list[tuple[str, float, int]], cuts: list[int], compatible: str | None, fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of)
    rule = {"radius_m": 70.7, "min_duration_s": 60.0, "max_gap_s": 300.0, "detected_gap_s": 12.0}
    state = TrackState(stops=StopRule(**rule, compatible=compatible))
    codes, names = pd.factorize(fixes["courier_id"])
    t_ms = fixes["t"].dt.as_unit("ms").astype("int64").to_numpy()
    lon, lat = fixes["lon"].to_numpy(), fixes["lat"].to_numpy()
    edges = [0, *sorted(min(cut, len(fixes)) for cut in cuts), len(fixes)]
    found = [state.advance(codes[a:b], t_ms[a:b], lon[a:b], lat[a:b]) for a, b in itertools.pairwise(edges)]
    stops = tracks.stops_table([part.stops for part in [*found, state.finish()]], names)
    pd.testing.assert_frame_equal(stops, tracks.find_stops(fixes, **rule, compatible=compatible), rtol=0, atol=0)


@pytest.mark.parametrize("compatible", [None, "trackintel"])
def test_one_fix_at_a_time_tells_the_same(compatible: str | None, fixes_of: FixesOf) -> None:
    rng = np.random.default_rng(2)
    step_s = rng.choice([12, 60, 61, 300, 901], 300, p=[0.3, 0.2, 0.2, 0.28, 0.02])
    fixes = fixes_of(np.cumsum(step_s), rng.choice([0.0, 700.0], 300, p=[0.85, 0.15]))
    state = TrackState(stops=StopRule(**RULE, compatible=compatible))
    t_ms = fixes["t"].dt.as_unit("ms").astype("int64").to_numpy()
    found = [state.advance([0], t_ms[i : i + 1], fixes["lon"][i : i + 1], fixes["lat"][i : i + 1]) for i in range(300)]
    stops = tracks.stops_table([part.stops for part in [*found, state.finish()]], ["a"])
    expected = tracks.find_stops(fixes, **RULE, compatible=compatible)
    pd.testing.assert_frame_equal(stops, expected, rtol=0, atol=0)
    assert (expected["interpolated_s"] > 0).sum() > 20


@given(rows=ROWS)
@ANY
def test_a_higher_limit_interpolates_less(rows: list[tuple[str, float, int]], fixes_of: FixesOf) -> None:
    fixes = fixes_from(rows, fixes_of)
    sums = [
        tracks.find_stops(fixes, **RULE, detected_gap_s=limit_s)["interpolated_s"].sum()
        for limit_s in (1.0, 12.0, 60.0, 300.0, 900.0)
    ]
    assert sums == sorted(sums, reverse=True)
    assert sums[-1] == 0


def test_limits_that_are_no_whole_milliseconds_or_endless_hold(fixes_of: FixesOf) -> None:
    # 0.1005 s lies between 100 ms, which is seen, and 101 ms, which is not.
    fixes = fixes_of(np.cumsum([0, 0.1, 0.101, 400]))
    told = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=1e300, detected_gap_s=0.1005)
    assert told[["duration_s", "interpolated_s"]].to_numpy().tolist() == [[400.201, 400.101]]
    endless = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=1e300, detected_gap_s=1e300)
    assert endless["interpolated_s"].tolist() == [0.0]
    assert tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=399.9995).empty


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_the_limit_must_be_a_length_of_time(value: float, fixes_of: FixesOf) -> None:
    with pytest.raises(ParameterError, match="detected_gap_s must be a finite number greater than 0"):
        tracks.find_stops(fixes_of([0, 60]), **RULE, detected_gap_s=value)
