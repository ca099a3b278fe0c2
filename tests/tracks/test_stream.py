"""Batches: wherever the input is cut, stops and counts are those of the whole."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import tracks
from stationgeo.errors import DataError, ParameterError
from stationgeo.tracks import CleaningRules, StopRule, TrackState

FixesOf: TypeAlias = Callable[..., pd.DataFrame]
RULE = StopRule(radius_m=70.7, min_duration_s=60.0, max_gap_s=100.0)


def feed(
    state: TrackState, fixes: pd.DataFrame, cuts: list[int], *, restart: object = False
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Feed fixes in parts; codes in order of first appearance."""
    codes, names = pd.factorize(fixes["courier_id"])
    t_ms = fixes["t"].dt.as_unit("ms").astype("int64").to_numpy()
    lon, lat = fixes["lon"].to_numpy(), fixes["lat"].to_numpy()
    accuracy = fixes["accuracy_m"].to_numpy() if "accuracy_m" in fixes else None
    found = []
    edges = [0, *sorted(min(cut, len(fixes)) for cut in cuts), len(fixes)]
    for begin, end in itertools.pairwise(edges):
        rows = slice(begin, end)
        part = None if accuracy is None else accuracy[rows]
        found.append(state.advance(codes[rows], t_ms[rows], lon[rows], lat[rows], accuracy_m=part))
        if restart:
            state = pickle.loads(pickle.dumps(state))  # noqa: S301 - our own
    found.append(state.finish())
    return (
        tracks.stops_table([one.stops for one in found], names),
        tracks.silences_table([one.silences for one in found], names),
        state.report(names),
    )


ROWS = st.lists(
    st.tuples(
        st.sampled_from("cab"),
        st.sampled_from([1, 12, 30, 60, 101]),
        st.sampled_from([0, 0, 0, 30, 60, 700, 5_000]),
        st.sampled_from([0, 0, 30]),
    ),
    min_size=1,
    max_size=60,
)
CUTS = st.lists(st.integers(0, 60), max_size=6)


def fixes_from(rows: list[tuple[str, int, int, int]], fixes_of: FixesOf) -> pd.DataFrame:
    courier, step, east, north = (list(values) for values in zip(*rows, strict=True))
    fixes = fixes_of(np.cumsum(step), np.array(east, dtype=float), np.array(north, dtype=float), lon=180.0)
    return fixes.assign(courier_id=pd.Series(courier, dtype="str"))


@given(rows=ROWS, cuts=CUTS, compatible=st.sampled_from([None, "trackintel"]), restart=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_gives_the_stops_of_the_whole(
    rows: list[tuple[str, int, int, int]], cuts: list[int], compatible: str | None, restart: object, fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of)
    parameters = {"radius_m": 70.7, "min_duration_s": 60.0, "max_gap_s": 100.0}
    rule = StopRule(**parameters, compatible=compatible)
    stops, silences, report = feed(TrackState(stops=rule), fixes, cuts, restart=restart)
    # Exactly: the sums of positions have the same bits.
    pd.testing.assert_frame_equal(stops, tracks.find_stops(fixes, **parameters, compatible=compatible), rtol=0, atol=0)
    pd.testing.assert_frame_equal(silences, tracks.find_silences(fixes, radius_m=70.7, max_gap_s=100.0), rtol=0, atol=0)
    assert report is None


@given(
    rows=ROWS,
    cuts=CUTS,
    rules=st.builds(
        CleaningRules,
        out_of_order=st.booleans(),
        duplicates=st.just(value=True),
        max_speed_m_s=st.sampled_from([None, 9.7]),
        max_spike_fixes=st.integers(1, 4),
        frozen_after_s=st.sampled_from([None, 25.0]),
        max_accuracy_m=st.sampled_from([None, 50.0]),
    ),
    late=st.lists(st.integers(0, 59), max_size=3),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cut_gives_the_clean_stops_of_the_whole(
    rows: list[tuple[str, int, int, int]], cuts: list[int], rules: CleaningRules, late: list[int], fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of).assign(accuracy_m=5.0)
    for i in late:
        if i < len(fixes):
            fixes.loc[i, "accuracy_m"] = 99.0
            back_s = 130 if rules.out_of_order else 0
            fixes.loc[i, "t"] -= pd.Timedelta(seconds=back_s)
    whole = tracks.clean(fixes, rules=rules)
    state = TrackState(stops=RULE, cleaning=rules)
    stops, silences, report = feed(state, fixes, cuts)
    parameters = {"radius_m": 70.7, "min_duration_s": 60.0, "max_gap_s": 100.0}
    pd.testing.assert_frame_equal(stops, tracks.find_stops(whole.table, **parameters), rtol=0, atol=0)
    silent = tracks.find_silences(whole.table, radius_m=70.7, max_gap_s=100.0)
    pd.testing.assert_frame_equal(silences, silent, rtol=0, atol=0)
    assert report is not None
    pd.testing.assert_frame_equal(report, whole.report)


def test_what_is_found_comes_when_it_ends(fixes_of: FixesOf) -> None:
    # A wait of 120 s, then away: it is found with the fix that leaves, not before, not after.
    fixes = fixes_of([0, 60, 120, 150], [0.0, 0.0, 0.0, 900.0])
    t_ms = fixes["t"].dt.as_unit("ms").astype("int64").to_numpy()
    state = TrackState(stops=RULE)
    counts = []
    for i in range(4):
        found = state.advance([0], t_ms[i : i + 1], fixes["lon"][i : i + 1], fixes["lat"][i : i + 1])
        counts.append(found.stops.size)
        assert found.kept_ms.tolist() == [t_ms[i]]
    assert counts == [0, 0, 0, 1]
    assert state.finish().stops.size == 0


def test_finish_begins_anew(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 60, 120])
    state = TrackState(stops=RULE, cleaning=CleaningRules(max_speed_m_s=33.0))
    first, _, _ = feed(state, fixes, [])
    second, _, _ = feed(state, fixes, [])
    pd.testing.assert_frame_equal(first, second)
    assert first["cut"].tolist() == [True]


def test_bytes_per_courier_are_as_documented() -> None:
    assert TrackState(stops=RULE).bytes_per_courier == 80
    with_spikes = TrackState(stops=RULE, cleaning=CleaningRules(max_speed_m_s=33.0))
    assert with_spikes.bytes_per_courier == 80 + 240
    with_spikes.advance([99_999], [0], [114.0], [22.5])
    assert with_spikes._windows.nbytes + with_spikes._cleaner.state.nbytes + with_spikes._cleaner.pending.nbytes == (
        100_000 * 320
    )
    with_spikes.advance([100_000], [0], [114.0], [22.5])
    assert with_spikes.n_couriers == 150_000


def test_fixes_that_cannot_be_are_refused_and_the_state_with_them() -> None:
    def refuses(match: str, *batches: tuple[object, ...], cleaning: CleaningRules | None = None) -> TrackState:
        *fine, wrong = batches
        state = TrackState(stops=RULE, cleaning=cleaning)
        for batch in fine:
            state.advance(*batch)
        with pytest.raises(DataError, match=match):
            state.advance(*wrong)
        return state

    good = ([0, 0], [0, 1], [114.0, 114.0], [22.5, 22.5])
    refuses("in order of time, no two at one time. Courier code 0", ([0, 0], [1, 0], [114.0] * 2, [22.5] * 2))
    state = refuses("Courier code 0 breaks this at t_ms = 1", good, ([0], [1], [114.0], [22.5]))
    with pytest.raises(DataError, match="of no use any more"):
        state.advance(*good)
    refuses("has another fix at", good, (*good[:1], [1, 2], *good[2:]), cleaning=CleaningRules())
    refuses("come in order of time", good, good, cleaning=CleaningRules())
    refuses("codes must be at least 0", ([-1], [0], [114.0], [22.5]))
    refuses("1 of 2 are not, the first is 114.0, nan", ([0, 0], [0, 1], [114.0, 114.0], [22.5, np.nan]))
    with pytest.raises(ParameterError, match=r"one length\. Got 1, 2, 1, 1"):
        TrackState(stops=RULE).advance([0], [0, 1], [114.0], [22.5])
    with pytest.raises(ParameterError, match=r"whole numbers\. Got float64"):
        TrackState(stops=RULE).advance([0], [0.5], [114.0], [22.5])
    for rules, name in (
        (CleaningRules(max_accuracy_m=9.0), "accuracy_m"),
        (CleaningRules(max_clock_skew_s=9.0), "received_ms"),
    ):
        with pytest.raises(ParameterError, match=f"{name} is needed with every batch"):
            TrackState(stops=RULE, cleaning=rules).advance([0], [0], [114.0], [22.5])
    with pytest.raises(ParameterError, match="compatible must be 'trackintel' or None"):
        StopRule(radius_m=1, min_duration_s=1, max_gap_s=1, compatible="other")  # type: ignore[arg-type]
    fine = TrackState(stops=RULE)
    fine.advance([3, 3], [0, 70_000], [114.0] * 2, [22.5] * 2)
    stops = fine.finish().stops
    with pytest.raises(DataError, match="Got 1 names and code 3"):
        tracks.stops_table([stops], ["a"])


def test_the_clock_of_the_server_goes_with_each_batch() -> None:
    state = TrackState(stops=RULE, cleaning=CleaningRules(max_clock_skew_s=60.0))
    found = state.advance([0, 0], [0, 90_000], [114.0] * 2, [22.5] * 2, received_ms=[100, 100])
    assert found.kept_ms.tolist() == [0]
    report = state.report()
    assert report is not None
    assert report["removed"].tolist() == [1]
    assert report["examples"][0] == ("0 at 1970-01-01T00:01:30+00:00: 114.000000, 22.500000",)


def test_few_mixed_fixes_of_many_couriers_are_as_good_as_many() -> None:
    state = TrackState(stops=RULE)
    state.advance([9_999], [0], [114.0], [22.5])
    state.advance([7, 3, 7, 3], [0, 0, 60_000, 70_000], [114.0] * 4, [22.5] * 4)
    rest = state.finish().stops
    assert rest["courier"].tolist() == [3, 7]
    assert (rest["end"] - rest["start"]).tolist() == [70_000, 60_000]


def test_no_fixes_are_fine() -> None:
    state = TrackState(stops=RULE, cleaning=CleaningRules(max_speed_m_s=33.0))
    nothing: list[int] = []
    found = state.advance(nothing, nothing, nothing, nothing)
    assert (found.stops.size, found.silences.size, state.n_couriers) == (0, 0, 0)
    assert state.finish().stops.size == 0
