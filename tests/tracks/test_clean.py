"""Cleaning: worked examples for each rule, a slow plain-Python reference, and laws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import crs, sample, schema, tracks
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.tracks import CleaningRules, clean

FixesOf: TypeAlias = Callable[..., pd.DataFrame]
START = pd.Timestamp("2024-05-06 07:00", tz="UTC")
SPEED = CleaningRules(max_speed_m_s=33.0)
# At a fix each 12 s this allows steps of 33 * 12 + 100 = 496 m.


def removed(cleaned: tracks.Cleaned) -> dict[str, int]:
    return {rule: n for rule, n in zip(cleaned.report["rule"], cleaned.report["removed"], strict=True) if n}


def breaks(cleaned: tracks.Cleaned) -> int:
    return int(cleaned.report["breaks"].sum())


def east_of(cleaned: tracks.Cleaned) -> list[int]:
    """Metres east of the place, to the metre."""
    per_lon, _ = crs.metres_per_degree(22.54)
    return ((cleaned.table["lon"] - 114.05) * per_lon).round().astype(int).tolist()


# Worked examples


def test_without_rules_fixes_are_put_in_order_and_nothing_else(fixes_of: FixesOf) -> None:
    fixes = fixes_of([24, 0, 12], [9_000.0, 0.0, 5.0]).assign(group="rider")
    cleaned = clean(fixes, rules=CleaningRules())
    assert len(cleaned.report) == 0
    pd.testing.assert_frame_equal(cleaned.table, fixes.iloc[[1, 2, 0]].reset_index(drop=True))
    assert cleaned.removed is None


def test_a_spike_goes_and_its_honest_neighbours_stay(fixes_of: FixesOf) -> None:
    cleaned = clean(fixes_of(np.arange(13) * 12, [0.0] * 6 + [3_000.0] + [10.0] * 6), rules=SPEED)
    assert removed(cleaned) == {"speed": 1}
    assert breaks(cleaned) == 0
    assert east_of(cleaned) == [0] * 6 + [10] * 6
    assert cleaned.report["examples"][0] == ("a at 2024-05-06T07:01:12+00:00: 114.079164, 22.540000",)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_burst_of_bad_fixes_goes_as_a_whole(fixes_of: FixesOf, length: int) -> None:
    bad = [3_000.0 + 20 * k for k in range(length)]
    cleaned = clean(fixes_of(np.arange(12 + length) * 12, [0.0] * 6 + bad + [0.0] * 6), rules=SPEED)
    assert removed(cleaned) == {"speed": length}
    assert east_of(cleaned) == [0] * 12


def test_a_burst_scattered_in_all_directions_goes(fixes_of: FixesOf) -> None:
    bad = [3_000.0, -4_000.0, 9_000.0, -2_000.0]
    cleaned = clean(fixes_of(np.arange(16) * 12, [0.0] * 6 + bad + [0.0] * 6), rules=SPEED)
    assert removed(cleaned) == {"speed": 4}
    assert east_of(cleaned) == [0] * 12


def test_a_slow_return_from_a_spike_is_still_a_return(fixes_of: FixesOf) -> None:
    # 3 km in 12 s is impossible, 3 km back in 120 s is not; but the last fix is nearer to the good ones.
    seconds = [*range(0, 72, 12), 72, *range(192, 264, 12)]
    cleaned = clean(fixes_of(seconds, [0.0] * 6 + [3_000.0] + [0.0] * 6), rules=SPEED)
    assert removed(cleaned) == {"speed": 1}


def test_a_lasting_move_stays_breaks_the_track_and_is_counted(fixes_of: FixesOf) -> None:
    fixes = fixes_of(np.arange(20) * 12, [0.0] * 10 + [3_000.0] * 10)
    cleaned = clean(fixes, rules=SPEED)
    assert removed(cleaned) == {}
    assert breaks(cleaned) == 1
    assert np.flatnonzero(cleaned.table["broken"]).tolist() == [10]
    assert cleaned.report["examples"][1] == ("a at 2024-05-06T07:02:00+00:00: 114.079164, 22.540000",)


def test_six_fixes_are_a_move_and_five_a_spike_also_at_the_end(fixes_of: FixesOf) -> None:
    for length, expected in ((5, {"speed": 5}), (6, {})):
        cleaned = clean(fixes_of(np.arange(10 + length) * 12, [0.0] * 10 + [3_000.0] * length), rules=SPEED)
        assert removed(cleaned) == expected
        assert breaks(cleaned) == (length == 6)


def test_no_stop_goes_across_a_break(fixes_of: FixesOf) -> None:
    # A jump of 150 m in a second (33 + 100 are allowed) does not leave a radius of 200 m. 100 s before, 100 s after.
    fixes = fixes_of(np.arange(202), [0.0] * 101 + [150.0] * 101)
    rule: dict[str, Any] = {"radius_m": 200.0, "max_gap_s": 900.0}
    whole = tracks.find_stops(fixes, min_duration_s=100, **rule)
    assert whole["duration_s"].tolist() == [201.0]
    cleaned = clean(fixes, rules=SPEED)
    assert breaks(cleaned) == 1
    stops = tracks.find_stops(cleaned.table, min_duration_s=100, **rule)
    assert stops["duration_s"].tolist() == [100.0, 100.0]
    assert stops["cut"].tolist() == [True, True]
    for compatible in (None, "trackintel"):
        assert tracks.find_stops(cleaned.table, min_duration_s=150, compatible=compatible, **rule).empty


def test_a_bad_first_fix_goes_and_a_track_too_short_to_judge_stays(fixes_of: FixesOf) -> None:
    cleaned = clean(fixes_of(np.arange(11) * 12, [3_000.0] + [0.0] * 10), rules=SPEED)
    assert removed(cleaned) == {"speed": 1}
    assert east_of(cleaned) == [0] * 10
    assert len(clean(fixes_of([0, 12, 24], [0.0, 30.0, 60.0]), rules=SPEED).table) == 3
    # Two fixes that contradict each other: nothing says which is right; the last part stays.
    assert east_of(clean(fixes_of([0, 12], [0.0, 3_000.0]), rules=SPEED)) == [3_000]


def test_a_step_of_exactly_the_speed_and_slack_is_possible(fixes_of: FixesOf) -> None:
    slow = CleaningRules(max_speed_m_s=10.0, speed_slack_m=0.0, max_spike_fixes=1)
    for away_m, n in ((119.99, 0), (120.01, 1)):
        cleaned = clean(fixes_of(np.arange(5) * 12, [0.0, 0.0, 0.0, away_m, 0.0]), rules=slow)
        assert removed(cleaned).get("speed", 0) == n


def test_duplicates_keep_the_first_row(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 12, 12, 12, 24], [0.0, 5.0, 5.0, 70.0, 0.0])
    cleaned = clean(fixes, rules=CleaningRules(duplicates=True), keep_removed=True)
    assert removed(cleaned) == {"duplicate": 1, "duplicate_elsewhere": 1}
    assert east_of(cleaned) == [0, 5, 0]
    assert cleaned.removed is not None
    assert cleaned.removed[["rule", "row"]].to_dict("list") == {
        "rule": ["duplicate", "duplicate_elsewhere"],
        "row": [2, 3],
    }
    schema.validate(cleaned.table, schema.FIXES)


def test_duplicates_without_the_rule_are_an_error(fixes_of: FixesOf) -> None:
    with pytest.raises(DataError, match=r"Courier 'a' has another fix at 2024-05-06T07:00:12.*duplicates=True"):
        clean(fixes_of([0, 12, 12]), rules=SPEED)


def test_out_of_order_looks_at_the_order_of_rows(fixes_of: FixesOf) -> None:
    # Rows as they came in: 0, 24, 12 (late), 36 of "a"; "b" comes between and is in order.
    a, b = fixes_of([0, 24, 12, 36]), fixes_of([5, 6], courier="b")
    fixes = pd.concat([a[:2], b[:1], a[2:], b[1:]], ignore_index=True)
    cleaned = clean(fixes, rules=CleaningRules(out_of_order=True))
    assert removed(cleaned) == {"out_of_order": 1}
    assert cleaned.table["t"].sub(START).dt.total_seconds().tolist() == [0, 24, 36, 5, 6]
    assert len(clean(fixes, rules=CleaningRules()).table) == 6


def test_one_fix_from_the_future_makes_the_others_late_unless_a_clock_rule_sees_it(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 12, 9_000_000, 24, 36, 48])
    assert removed(clean(fixes, rules=CleaningRules(out_of_order=True))) == {"out_of_order": 3}
    rules = CleaningRules(out_of_order=True, not_after=START + pd.Timedelta(hours=1))
    assert removed(clean(fixes, rules=rules)) == {"clock_skew": 1}


def test_a_clock_that_jumps_is_seen_by_the_clock_of_the_server(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 12, 3_624, 36, 48])
    fixes["received"] = (START + pd.to_timedelta([1, 13, 25, 37, 108.001], unit="s")).as_unit("ms")
    cleaned = clean(fixes, rules=CleaningRules(out_of_order=True, max_clock_skew_s=60.0))
    assert removed(cleaned) == {"clock_skew": 2}
    assert cleaned.table["t"].sub(START).dt.total_seconds().tolist() == [0, 12, 36]


def test_window_is_inclusive(fixes_of: FixesOf) -> None:
    rules = CleaningRules(
        not_before=START + pd.Timedelta(seconds=12),
        not_after=(START + pd.Timedelta(seconds=24)).tz_convert("Asia/Shanghai"),
    )
    assert len(clean(fixes_of([0, 11.999, 12, 24, 24.001]), rules=rules).table) == 2


def test_poor_accuracy_goes_unknown_accuracy_stays(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 12, 24]).assign(accuracy_m=np.array([50.0, 50.5, np.nan], dtype=np.float32))
    cleaned = clean(fixes, rules=CleaningRules(max_accuracy_m=50.0))
    assert removed(cleaned) == {"accuracy": 1}
    assert cleaned.table["accuracy_m"].isna().tolist() == [False, True]


def test_a_poor_fix_does_not_decide_about_its_neighbours(fixes_of: FixesOf) -> None:
    # The first of two at one time is poor: it goes for that, and the second is no duplicate any more.
    fixes = fixes_of([0, 12, 12, 24], [0.0, 400.0, 5.0, 0.0]).assign(accuracy_m=[5.0, 200.0, 5.0, 5.0])
    cleaned = clean(fixes, rules=CleaningRules(max_accuracy_m=50.0, duplicates=True))
    assert removed(cleaned) == {"accuracy": 1}
    assert east_of(cleaned) == [0, 5, 0]


def test_a_frozen_position_ends_after_its_time(fixes_of: FixesOf) -> None:
    # The same to the last digit for 600 s: what comes after more than 120 s goes, 0..120 s stay. A wait is cut short
    # there, and the rest of it is a silence of 492 s.
    fixes = fixes_of(np.arange(52) * 12, [0.0] * 51 + [3.0])
    cleaned = clean(fixes, rules=CleaningRules(frozen_after_s=120.0))
    assert removed(cleaned) == {"frozen": 40}
    stops = tracks.find_stops(cleaned.table, radius_m=100, min_duration_s=100, max_gap_s=300)
    assert (stops["duration_s"].tolist(), stops["cut"].tolist()) == ([120.0], [True])
    assert tracks.find_silences(cleaned.table, radius_m=100, max_gap_s=300)["duration_s"].tolist() == [492.0]


@pytest.mark.parametrize("noise_m", [3.0, 8.0, 15.0])
@pytest.mark.parametrize("every_s", [1, 12])
def test_no_rule_removes_a_fix_of_an_honest_wait(fixes_of: FixesOf, noise_m: float, every_s: int) -> None:
    # 100 waits of 500 fixes, all turns and all steps that noise makes: at a fix a second the walk of 15 m noise runs
    # at 20 m/s on the mean. All rules are on.
    rng = np.random.default_rng(17)
    waits = [
        fixes_of(np.arange(500) * every_s, *rng.normal(0, noise_m, (2, 500)), courier=f"{i:03d}") for i in range(100)
    ]
    fixes = pd.concat(waits, ignore_index=True).assign(accuracy_m=noise_m)
    rules = CleaningRules(
        not_before=START,
        not_after=START + pd.Timedelta(days=1),
        max_accuracy_m=50.0,
        out_of_order=True,
        duplicates=True,
        max_speed_m_s=33.0,
        frozen_after_s=60.0,
    )
    cleaned = clean(fixes, rules=rules)
    assert cleaned.report["removed"].sum() == 0
    assert breaks(cleaned) == 0
    pd.testing.assert_frame_equal(cleaned.table.drop(columns="broken"), fixes)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spikes_put_into_real_looking_tracks_go_and_nothing_else(seed: int) -> None:
    # Ten couriers of the sample city, who ride, wait and go silent with 3 to 15 m of noise. In every 40th place a burst
    # of 1 to 5 fixes is thrown 2 to 6 km away; not beside gaps, across which a courier could have gone there and back.
    rng = np.random.default_rng(seed)
    fixes = pd.read_parquet(sample.city_dir() / "fixes.parquet")
    fixes = fixes[fixes["courier_id"].isin(rng.choice(fixes["courier_id"].unique(), 10, replace=False))]
    fixes = fixes.sort_values(["courier_id", "t"], ignore_index=True)
    assert clean(fixes, rules=SPEED).report[["removed", "breaks"]].to_numpy().sum() == 0
    step_s = fixes.groupby("courier_id")["t"].diff().dt.total_seconds().fillna(np.inf).to_numpy()
    bad = np.zeros(len(fixes), dtype=bool)
    thrown = fixes.copy()
    for first in range(20, len(fixes) - 20, 40):
        length = int(rng.integers(1, 6))
        if (step_s[first - 6 : first + length + 6] > 40).any():
            continue
        angle, away_m = rng.uniform(0, 2 * np.pi), rng.uniform(2_000, 6_000)
        rows = slice(first, first + length)
        per_lon, per_lat = crs.metres_per_degree(22.54)
        thrown.loc[first : first + length - 1, "lon"] += away_m * np.cos(angle) / per_lon
        thrown.loc[first : first + length - 1, "lat"] += away_m * np.sin(angle) / per_lat
        bad[rows] = True
    assert bad.sum() > 500
    cleaned = clean(thrown, rules=SPEED, keep_removed=True)
    assert cleaned.removed is not None
    assert cleaned.removed["row"].tolist() == np.flatnonzero(bad).tolist()
    assert breaks(cleaned) == 0


# Bad input


def test_rules_refuse_what_makes_no_sense() -> None:
    for name in ("max_clock_skew_s", "max_accuracy_m", "max_speed_m_s", "frozen_after_s"):
        with pytest.raises(ParameterError, match=f"{name} must be a finite number greater than 0"):
            CleaningRules(**{name: 0.0})
    with pytest.raises(ParameterError, match="not_before must be a pandas Timestamp with a time zone"):
        CleaningRules(not_before=pd.Timestamp("2024-01-01"))
    with pytest.raises(ParameterError, match="must not be later than"):
        CleaningRules(not_before=START, not_after=START - pd.Timedelta(seconds=1))
    with pytest.raises(ParameterError, match="max_spike_fixes must be 1 to 64"):
        CleaningRules(max_spike_fixes=0)
    with pytest.raises(ParameterError, match="speed_slack_m must be at least 0"):
        CleaningRules(speed_slack_m=-1.0)


def test_rules_say_which_column_they_need(fixes_of: FixesOf) -> None:
    fixes = fixes_of([0, 12])
    with pytest.raises(ColumnError, match="needs the column 'accuracy_m'"):
        clean(fixes, rules=CleaningRules(max_accuracy_m=50.0))
    with pytest.raises(ColumnError, match=r"needs a column 'received' of UTC times.*It is missing"):
        clean(fixes, rules=CleaningRules(max_clock_skew_s=50.0))
    with pytest.raises(ColumnError, match="Got str instead"):
        clean(fixes.assign(received="now"), rules=CleaningRules(max_clock_skew_s=50.0))
    with pytest.raises(DataError, match="1 of 2 are"):
        clean(fixes.assign(received=fixes["t"].where([True, False])), rules=CleaningRules(max_clock_skew_s=50.0))
    with pytest.raises(ColumnError, match="column 'broken' must hold true/false"):
        tracks.find_stops(fixes.assign(broken="no"), radius_m=100, min_duration_s=300, max_gap_s=900)


def test_no_fixes() -> None:
    cleaned = clean(schema.empty(schema.FIXES), rules=CleaningRules(duplicates=True, max_speed_m_s=33.0))
    assert cleaned.table.empty
    assert cleaned.report["removed"].tolist() == [0, 0, 0, 0]
    assert "0 of 0 fixes kept" in cleaned._repr_html_()


# Against a plain-Python reference


def slow_clean(fixes: pd.DataFrame, rules: CleaningRules) -> list[tuple[int, str]]:
    """Say in plain Python what goes and why: row and rule; 'broken' marks a fix before which a track breaks."""
    rows: list[tuple[int, str]] = []
    ordered = fixes if rules.out_of_order else fixes.sort_values("t", kind="stable")
    for _, track in ordered.groupby("courier_id"):
        first = _slow_alone(track, rules, rows)
        left = first if rules.max_speed_m_s is None else _slow_speed(first, rules, rows)
        if rules.frozen_after_s is not None:
            begin = 0
            for i, fix in enumerate(left):
                if (fix.lon, fix.lat) != (left[begin].lon, left[begin].lat):
                    begin = i
                if (fix.t - left[begin].t).total_seconds() > rules.frozen_after_s:
                    rows.append((fix.Index, "frozen"))
    return sorted(rows)


def _slow_alone(track: pd.DataFrame, rules: CleaningRules, rows: list[tuple[int, str]]) -> list[Any]:
    early, late = rules.not_before or START - pd.Timedelta(days=99), rules.not_after or START + pd.Timedelta(days=99)
    first: list[Any] = []
    for fix in track.itertuples():
        if not early <= fix.t <= late:
            rows.append((fix.Index, "clock_skew"))
        elif rules.max_accuracy_m is not None and fix.accuracy_m > rules.max_accuracy_m:
            rows.append((fix.Index, "accuracy"))
        elif first and fix.t < first[-1].t:
            rows.append((fix.Index, "out_of_order"))
        elif first and fix.t == first[-1].t:
            same = (fix.lon, fix.lat) == (first[-1].lon, first[-1].lat)
            rows.append((fix.Index, "duplicate" if same else "duplicate_elsewhere"))
        else:
            first.append(fix)
    return first


def _slow_speed(track: list[Any], rules: CleaningRules, rows: list[tuple[int, str]]) -> list[Any]:
    def away_m(a: Any, b: Any) -> float:  # noqa: ANN401
        per_lon, per_lat = crs.metres_per_degree(a.lat)
        return float(np.hypot(((b.lon - a.lon + 180) % 360 - 180) * per_lon, (b.lat - a.lat) * per_lat))

    def possible(a: Any, b: Any) -> bool:  # noqa: ANN401
        assert rules.max_speed_m_s is not None
        return away_m(a, b) <= rules.max_speed_m_s * (b.t - a.t).total_seconds() + rules.speed_slack_m

    good: list[Any] = []
    doubtful: list[Any] = []
    for fix in track:
        if doubtful:
            back = bool(good) and possible(good[-1], fix)
            on = possible(doubtful[-1], fix)
            if on and not (back and away_m(good[-1], fix) < away_m(doubtful[-1], fix)):
                doubtful.append(fix)
                if len(doubtful) > rules.max_spike_fixes:
                    if good:
                        rows.append((doubtful[0].Index, "teleport"))
                    good, doubtful = good + doubtful, []
                continue
            rows.extend((one.Index, "speed") for one in doubtful)
            doubtful = []
        if good and possible(good[-1], fix):
            good.append(fix)
        else:
            doubtful = [fix]
    if not good:
        return doubtful
    rows.extend((one.Index, "speed") for one in doubtful)
    return good


ROWS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.integers(-2, 40),
        st.sampled_from([0, 0, 0, 30, 60, 700, 701, 1_500]),
        st.sampled_from([0, 0, 0, 1_100]),
        st.sampled_from([5.0, 5.0, 80.0]),
    ),
    max_size=40,
)
RULES = st.builds(
    CleaningRules,
    not_before=st.sampled_from([None, START + pd.Timedelta(seconds=20)]),
    not_after=st.sampled_from([None, START + pd.Timedelta(seconds=400)]),
    max_accuracy_m=st.sampled_from([None, 50.0]),
    out_of_order=st.booleans(),
    duplicates=st.just(value=True),
    max_speed_m_s=st.sampled_from([None, 9.7, 33.3]),
    max_spike_fixes=st.integers(1, 4),
    speed_slack_m=st.sampled_from([0.1, 101.3]),
    frozen_after_s=st.sampled_from([None, 25.0]),
)


def fixes_from(rows: list[tuple[str, int, int, int, float]], fixes_of: FixesOf) -> pd.DataFrame:
    """Steps of -2 to 40 s that go backwards, stand still and jump."""
    if not rows:
        return schema.empty(schema.FIXES).assign(accuracy_m=np.zeros(0))
    courier, step, east, north, accuracy = (list(values) for values in zip(*rows, strict=True))
    fixes = fixes_of(np.cumsum(step), np.array(east, dtype=float), np.array(north, dtype=float), lon=180.0, lat=50.0)
    return fixes.assign(courier_id=pd.Series(courier, dtype="str"), accuracy_m=accuracy)


@given(rows=ROWS, rules=RULES)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_the_reference(
    rows: list[tuple[str, int, int, int, float]], rules: CleaningRules, fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of)
    expected = slow_clean(fixes, rules)
    cleaned = clean(fixes, rules=rules, keep_removed=True)
    assert cleaned.removed is not None
    gone = zip(cleaned.removed["row"].tolist(), cleaned.removed["rule"].tolist(), strict=True)
    assert sorted(gone) == [(row, rule) for row, rule in expected if rule != "teleport"]
    assert breaks(cleaned) == sum(rule == "teleport" for _, rule in expected)
    for rule, part in cleaned.removed.groupby("rule"):
        assert removed(cleaned)[str(rule)] == len(part)
    assert len(cleaned.table) + len(cleaned.removed) == len(fixes)
    schema.validate(cleaned.table, schema.FIXES)


@given(rows=ROWS, rules=RULES)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cleaning_what_is_clean_changes_nothing(
    rows: list[tuple[str, int, int, int, float]], rules: CleaningRules, fixes_of: FixesOf
) -> None:
    if rules.max_speed_m_s is not None and rules.frozen_after_s is not None:
        return  # frozen fixes may have been the proof of a lasting move
    once = clean(fixes_from(rows, fixes_of), rules=rules)
    again = clean(once.table, rules=rules)
    pd.testing.assert_frame_equal(again.table, once.table)
    assert again.report["removed"].sum() == 0


@given(rows=ROWS, rules=RULES, seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_order_of_couriers_does_not_matter(
    rows: list[tuple[str, int, int, int, float]], rules: CleaningRules, seed: int, fixes_of: FixesOf
) -> None:
    fixes = fixes_from(rows, fixes_of)
    parts = [part for _, part in fixes.groupby("courier_id")]
    if len(parts) < 2:
        return
    together = clean(pd.concat(parts[::-1] if seed % 2 else parts), rules=rules)
    pd.testing.assert_frame_equal(together.table, clean(fixes, rules=rules).table)


def test_input_is_not_changed(fixes_of: FixesOf) -> None:
    fixes = fixes_of([300, 0, 0, 100], [0.0, 0.0, 1.0, 90_000.0])
    kept = fixes.copy(deep=True)
    clean(fixes, rules=CleaningRules(duplicates=True, max_speed_m_s=33.0), keep_removed=True)
    pd.testing.assert_frame_equal(fixes, kept)
