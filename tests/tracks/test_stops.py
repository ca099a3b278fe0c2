"""Stops: worked examples, a slow plain-Python reference, theory where there is one, and laws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from metric_fixes import START, fixes_of
from stationgeo import crs, schema, tracks
from stationgeo.crs._ellipsoid import GEOD
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.tracks._plane import metres_per_degree

RULE = {"radius_m": 100.0, "min_duration_s": 300.0, "max_gap_s": 900.0}


def slow_stops(fixes: pd.DataFrame, *, radius_m: float, min_duration_s: float, max_gap_s: float) -> pd.DataFrame:
    """Say the definition in plain Python: from each anchor the longest run of fixes that all belong."""
    rows = []
    for courier, track in fixes.sort_values(["courier_id", "t"]).groupby("courier_id"):
        t = list(track["t"])
        lon, lat = track["lon"].to_numpy(), track["lat"].to_numpy()
        anchor = 0
        while anchor < len(t):
            per_lon, per_lat = crs.metres_per_degree(lat[anchor])
            east = ((lon - lon[anchor] + 180) % 360 - 180) * per_lon
            inside = np.hypot(east, (lat - lat[anchor]) * per_lat) <= radius_m
            seen = [(t[i] - t[i - 1]).total_seconds() <= max_gap_s for i in range(1, len(t))]
            last = anchor
            while last + 1 < len(t) and all(inside[anchor : last + 2]) and all(seen[anchor : last + 1]):
                last += 1
            lasted = (t[last] - t[anchor]).total_seconds()
            if lasted >= min_duration_s:
                cut = last + 1 == len(t) or not seen[last]
                rows.append((courier, t[anchor], t[last], lasted, last - anchor + 1, cut))
            anchor = last + 1
    return pd.DataFrame(rows, columns=["courier_id", "start", "end", "duration_s", "n_fixes", "cut"])


def assert_same_stops(stops: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert stops[list(expected.columns)].to_numpy().tolist() == expected.to_numpy().tolist()


# Worked examples


def test_a_wait_ends_at_the_last_fix_inside_and_the_next_window_starts_at_the_fix_that_left() -> None:
    # A fix a minute: 0..6 at the kerb, minute 7 is 500 m away, 7..12 there. Waits of 6 and 5 minutes.
    east = [0.0] * 7 + [500.0] * 6
    stops = tracks.find_stops(fixes_of(np.arange(13) * 60, east), **RULE)
    assert stops["start"].tolist() == [START, START + pd.Timedelta(minutes=7)]
    assert stops["end"].tolist() == [START + pd.Timedelta(minutes=6), START + pd.Timedelta(minutes=12)]
    assert stops["duration_s"].tolist() == [360.0, 300.0]
    assert stops["n_fixes"].tolist() == [7, 6]
    assert stops["cut"].tolist() == [False, True]  # the second is still going on when the data end
    assert stops["stop_id"].tolist() == [0, 1]
    assert set(stops["purpose"]) == {"unknown"}
    schema.validate(stops, schema.STOPS)


def test_duration_is_inclusive_and_a_millisecond_less_is_no_stop() -> None:
    assert len(tracks.find_stops(fixes_of([0, 300]), **RULE)) == 1
    assert len(tracks.find_stops(fixes_of([0, 299.999]), **RULE)) == 0


def test_radius_is_inclusive() -> None:
    fixes = fixes_of([0, 300], [0.0, 40.0])
    away_m = (fixes["lon"][1] - fixes["lon"][0]) * metres_per_degree(22.54)[0]
    assert away_m == pytest.approx(40.0, abs=1e-6)
    assert len(tracks.find_stops(fixes, radius_m=away_m, min_duration_s=300, max_gap_s=900)) == 1
    just_less = math.nextafter(away_m, 0.0)
    assert len(tracks.find_stops(fixes, radius_m=just_less, min_duration_s=300, max_gap_s=900)) == 0


def test_position_is_the_mean_of_the_fixes_inside_only() -> None:
    # Three fixes inside at 0, 30 and 60 m east, 0, 0 and -30 m north: the mean is 30 m east, 10 m south. The fix at
    # 400 m does not pull.
    fixes = fixes_of([0, 150, 300, 310], [0.0, 30.0, 60.0, 400.0], [0.0, 0.0, -30.0, 0.0])
    stops = tracks.find_stops(fixes, **RULE)
    per_lon, per_lat = crs.metres_per_degree(22.54)
    assert (stops["lon"][0] - 114.05) * per_lon == pytest.approx(30, abs=1e-6)
    assert (stops["lat"][0] - 22.54) * per_lat == pytest.approx(-10, abs=1e-6)


def test_a_gap_splits_a_wait_and_flags_what_came_before() -> None:
    # 0..10 min, then nothing for 15 min and a second, then 10 minutes more at the same place, then away.
    before, after = np.arange(11) * 60, 600 + 901 + np.arange(11) * 60
    fixes = fixes_of([*before, *after, after[-1] + 60], [0.0] * 22 + [900.0])
    stops = tracks.find_stops(fixes, **RULE)
    assert stops["duration_s"].tolist() == [600.0, 600.0]
    assert stops["cut"].tolist() == [True, False]
    one_second_less = fixes_of([*before, *(after - 1), after[-1] + 59], [0.0] * 22 + [900.0])
    assert tracks.find_stops(one_second_less, **RULE)["duration_s"].tolist() == [600.0 + 900.0 + 600.0]


def test_no_stop_spans_years() -> None:
    stops = tracks.find_stops(fixes_of([0, 200, 126_230_400, 126_230_600]), **RULE)
    assert stops.empty


def test_the_first_fix_after_a_stop_is_not_lost() -> None:
    # The fix that leaves is itself the first of the next wait.
    stops = tracks.find_stops(fixes_of([0, 300, 400, 700], [0.0, 0.0, 200.0, 200.0]), **RULE)
    assert stops["start"].tolist() == [START, START + pd.Timedelta(seconds=400)]


@pytest.mark.parametrize(("east", "mean_m"), [((-40.0, 50.0), 5.0), ((40.0, -50.0), -5.0)])
def test_a_wait_across_the_antimeridian_is_one_stop_there(east: tuple[float, float], mean_m: float) -> None:
    # By turns to the west and to the east of 180 degrees; the mean lies 5 m across it, as seen from the first fix.
    fixes = fixes_of(np.arange(20) * 30, np.tile(east, 10), lon=180.0, lat=-17.0)
    stops = tracks.find_stops(fixes, **RULE)
    assert stops["duration_s"].tolist() == [570.0]
    beyond_deg = mean_m / crs.metres_per_degree(-17.0)[0]
    assert stops["lon"][0] == pytest.approx(math.copysign(180.0, -beyond_deg) + beyond_deg, abs=1e-9)


def test_no_fixes_give_no_stops_with_the_right_kinds_of_columns() -> None:
    stops = tracks.find_stops(schema.empty(schema.FIXES), **RULE)
    none_found = tracks.find_stops(fixes_of([0, 1]), **RULE)
    for table in (stops, none_found):
        assert table.empty
        told = table.dtypes.to_dict()
        assert told.pop("interpolated_s") == np.float64
        assert told == schema.empty(schema.STOPS).dtypes.to_dict()


def test_times_keep_utc_whatever_their_unit() -> None:
    fixes = fixes_of(np.arange(11) * 60.0)
    expected = tracks.find_stops(fixes, **RULE)
    for unit in ("s", "us", "ns"):
        same = fixes.assign(t=fixes["t"].astype(f"datetime64[{unit}, UTC]"))
        pd.testing.assert_frame_equal(tracks.find_stops(same, **RULE), expected)


def test_input_is_not_changed() -> None:
    fixes = fixes_of([300, 0, 100], courier="b")
    kept = fixes.copy(deep=True)
    tracks.find_stops(fixes, **RULE)
    pd.testing.assert_frame_equal(fixes, kept)


# As trackintel does


def test_trackintel_ends_a_stop_at_the_first_fix_outside() -> None:
    # 4 minutes inside, and the first fix outside after 5: a stop for trackintel, though nobody was seen there so long.
    fixes = fixes_of([0, 120, 240, 300, 301], [0.0, 0.0, 0.0, 500.0, 500.0])
    theirs = tracks.find_stops(fixes, **RULE, compatible="trackintel")
    assert theirs[["duration_s", "n_fixes", "cut"]].to_numpy().tolist() == [[300.0, 3, False]]
    assert theirs["end"].tolist() == [START + pd.Timedelta(seconds=300)]
    assert tracks.find_stops(fixes, **RULE).empty


def test_trackintel_drops_what_a_gap_or_the_end_cuts() -> None:
    # 10 minutes, a gap, 10 minutes to the end of the data: nothing for trackintel, two stays here.
    minutes = np.arange(11) * 60
    fixes = fixes_of([*minutes, *(minutes + 2_000)])
    assert tracks.find_stops(fixes, **RULE, compatible="trackintel").empty
    assert tracks.find_stops(fixes, **RULE)["cut"].tolist() == [True, True]


def test_trackintels_radius_is_exclusive() -> None:
    # Straight north on its sphere of 6,371 km a degree has 111,194.93 m.
    per_degree_m = 6_371_000.0 * math.pi / 180
    fixes = fixes_of([0, 300, 400]).assign(lat=[0.0, 0.0009, 1.0], lon=0.0)
    for radius_m, n in ((0.0009 * per_degree_m * (1 + 1e-9), 1), (0.0009 * per_degree_m * (1 - 1e-9), 0)):
        found = tracks.find_stops(fixes, radius_m=radius_m, min_duration_s=400, max_gap_s=900, compatible="trackintel")
        assert len(found) == n


# Silences


def test_a_gap_at_one_place_is_a_silence_and_one_on_the_way_is_none() -> None:
    # Silent for 20 minutes and 60 m away after it; then silent for 20 minutes and 5 km away.
    fixes = fixes_of([0, 60, 1_260, 1_320, 2_520], [0.0, 0.0, 60.0, 60.0, 5_000.0])
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    schema.validate(silences, schema.SILENCES)
    assert silences["duration_s"].tolist() == [1_200.0]
    assert silences["start"].tolist() == [START + pd.Timedelta(seconds=60)]
    per_lon, _ = crs.metres_per_degree(22.54)
    assert (silences["lon"][0] - 114.05) * per_lon == pytest.approx(30, abs=1e-6)
    assert tracks.find_silences(fixes, radius_m=50, max_gap_s=900).empty
    assert tracks.find_silences(fixes, radius_m=100, max_gap_s=1_200).empty
    assert tracks.find_silences(
        fixes.assign(broken=[False, False, True, False, False]), radius_m=100, max_gap_s=900
    ).empty


def test_stops_silences_and_the_way_between_add_up_to_the_whole() -> None:
    fixes = random_walk(9, n=600, lon=114.0, lat=22.5)
    stops = tracks.find_stops(fixes, **RULE)
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    assert len(silences) > 20
    for courier, own in pd.concat([stops, silences]).groupby("courier_id"):
        track = fixes.loc[fixes["courier_id"] == courier, "t"]
        spans = own.sort_values(["start", "end"])
        assert (spans["start"].to_numpy()[1:] >= spans["end"].to_numpy()[:-1]).all()
        assert spans["duration_s"].sum() <= (track.max() - track.min()).total_seconds()


def test_no_silences_of_no_fixes() -> None:
    silences = tracks.find_silences(schema.empty(schema.FIXES), radius_m=100, max_gap_s=900)
    assert silences.dtypes.to_dict() == schema.empty(schema.SILENCES).dtypes.to_dict()


# Bad input


def test_a_repeated_key_is_refused() -> None:
    with pytest.raises(DataError, match=r"FIXES: \(courier_id, t\) must be unique, 1 rows repeat"):
        tracks.find_stops(fixes_of([0, 60, 60]), **RULE)


def test_bad_coordinates_and_missing_columns_are_refused() -> None:
    with pytest.raises(DataError, match="column 'lat' must not be missing"):
        tracks.find_stops(fixes_of([0, 60]).assign(lat=[22.0, np.nan]), **RULE)
    with pytest.raises(ColumnError, match="column 'courier_id' is missing"):
        tracks.find_stops(fixes_of([0, 60]).drop(columns="courier_id"), **RULE)


@pytest.mark.parametrize("name", list(RULE))
@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf])
def test_parameters_must_be_finite_and_positive(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"{name} must be a finite number greater than 0"):
        tracks.find_stops(fixes_of([0, 60]), **(RULE | {name: value}))


def test_compatible_must_be_known() -> None:
    with pytest.raises(ParameterError, match=r"compatible must be 'trackintel' or None\. Got 'movingpandas'"):
        tracks.find_stops(fixes_of([0, 60]), **RULE, compatible="movingpandas")  # type: ignore[arg-type]


# Against the plain-Python reference


def random_walk(seed: int, *, n: int, lon: float, lat: float) -> pd.DataFrame:
    """Three couriers who ride, wait and get lost."""
    rng = np.random.default_rng(seed)
    parts = []
    for courier in ("x", "a", "m"):
        gaps = rng.choice([1, 12, 12, 12, 60, 299, 300, 301, 5_000], n)
        ride = rng.random(n).cumsum() % 10 < 5  # by turns riding and waiting, about ten fixes each
        steps = rng.normal(0, 1, (2, n)) * np.where(ride, 60, 4)
        parts.append(fixes_of(gaps.cumsum(), *steps.cumsum(axis=1), courier=courier, lon=lon, lat=lat))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("lon", "lat"), [(114.05, 22.54), (180.0, -17.0), (25.0, 65.0), (0.0, 0.0)])
def test_equals_the_reference_on_random_walks(lon: float, lat: float) -> None:
    fixes = random_walk(7, n=400, lon=lon, lat=lat)
    rule = {"radius_m": 47.3, "min_duration_s": 60.0, "max_gap_s": 300.0}
    stops = tracks.find_stops(fixes, **rule)
    assert len(stops) > 50  # the walks do wait
    assert stops["cut"].nunique() == 2
    assert_same_stops(stops, slow_stops(fixes, **rule))


TRACKS = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([1, 12, 60, 300, 301]),
        st.integers(-3, 3),
        st.integers(-3, 3),
    ),
    min_size=1,
    max_size=40,
)


@given(rows=TRACKS, duration_s=st.sampled_from([1.0, 12.0, 61.0, 300.0]), gap_s=st.sampled_from([12.0, 60.0, 300.0]))
@settings(max_examples=150, deadline=None)
def test_equals_the_reference_on_any_track(
    rows: list[tuple[str, int, int, int]], duration_s: float, gap_s: float
) -> None:
    courier, gaps, east, north = zip(*rows, strict=True)
    # The grid of 30 m has no two points 70.7 m apart, so that rounding cannot decide.
    fixes = fixes_of(np.cumsum(gaps), 30.0 * np.array(east), 30.0 * np.array(north), lon=-180.0, lat=50.0)
    fixes["courier_id"] = pd.Series(courier, dtype="str")
    rule = {"radius_m": 70.7, "min_duration_s": duration_s, "max_gap_s": gap_s}
    stops = tracks.find_stops(fixes, **rule)
    assert_same_stops(stops, slow_stops(fixes, **rule))
    assert (stops["duration_s"] >= duration_s).all()


# Laws


def test_order_of_rows_does_not_matter() -> None:
    fixes = random_walk(3, n=500, lon=114.0, lat=22.5)
    shuffled = fixes.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(tracks.find_stops(shuffled, **RULE), tracks.find_stops(fixes, **RULE))


def test_couriers_apart_give_the_stops_of_all_together() -> None:
    fixes = random_walk(4, n=500, lon=114.0, lat=22.5)
    together = tracks.find_stops(fixes, **RULE)
    apart = pd.concat(
        [tracks.find_stops(fixes[fixes["courier_id"] == who], **RULE) for who in ("a", "m", "x")], ignore_index=True
    )
    pd.testing.assert_frame_equal(together.drop(columns="stop_id"), apart.drop(columns="stop_id"))


def test_every_stop_keeps_its_promises_by_geodesic_distance() -> None:
    fixes = random_walk(5, n=1_500, lon=114.0, lat=40.0)
    stops = tracks.find_stops(fixes, **RULE)
    assert len(stops) > 30
    for courier, own in stops.groupby("courier_id"):
        track = fixes[fixes["courier_id"] == courier].reset_index(drop=True)
        assert (own["start"].to_numpy()[1:] > own["end"].to_numpy()[:-1]).all()
        for stop in own.itertuples():
            inside = track[(track["t"] >= stop.start) & (track["t"] <= stop.end)]
            assert len(inside) == stop.n_fixes
            first = inside.iloc[0]
            away = crs.distance_m(first["lon"], first["lat"], inside["lon"].to_numpy(), inside["lat"].to_numpy())
            assert away.max() <= RULE["radius_m"] * (1 + 3e-5)
            assert inside["t"].diff().max() <= pd.Timedelta(seconds=RULE["max_gap_s"])
            follow = inside.index[-1] + 1
            if not stop.cut:
                after = track.loc[follow]
                gone = crs.distance_m(first["lon"], first["lat"], after["lon"], after["lat"])
                assert gone > RULE["radius_m"] * (1 - 3e-5)


@pytest.mark.parametrize("lat", [0.0, 22.5, 45.0, 60.0, -60.0])
@pytest.mark.parametrize(("radius_m", "share"), [(100.0, 3e-5), (1_000.0, 3e-4)])
def test_distances_are_as_true_as_stated(lat: float, radius_m: float, share: float) -> None:
    # Fixes on the geodesic circle about the anchor, a share nearer or farther: all inside, or all outside.
    bearing = np.arange(0, 360, 10.0)
    for factor, inside in ((1 - share, True), (1 + share, False)):
        lon, lats, _ = GEOD.fwd(np.full(36, 20.0), np.full(36, lat), bearing, np.full(36, radius_m * factor))
        for i in range(36):
            fixes = fixes_of([0, 300]).assign(lon=[20.0, lon[i]], lat=[lat, lats[i]])
            found = tracks.find_stops(fixes, radius_m=radius_m, min_duration_s=300, max_gap_s=900)
            assert len(found) == inside


def test_kernel_frame_is_that_of_crs() -> None:
    for lat in np.linspace(-89, 89, 30):
        assert metres_per_degree(lat) == pytest.approx(crs.metres_per_degree(lat), rel=1e-14)


# Waits in noise


@pytest.mark.parametrize("noise_m", [3.0, 8.0, 15.0])
def test_a_wait_between_two_rides_is_found(noise_m: float) -> None:
    # 200 couriers ride in at 15 km/h (50 m a fix), wait 20 minutes (100 steps of 12 s), ride off. With 100 m about a
    # first fix that may lie 100 m up the road, a wait may break into two: the longer part lasts 10 minutes or more.
    rng = np.random.default_rng(11)
    east = np.concatenate([np.arange(-40, 0) * 50.0, np.zeros(101), np.arange(1, 41) * 50.0])
    parts = [
        fixes_of(
            np.arange(181) * 12,
            east + rng.uniform(-25, 25) + rng.normal(0, noise_m, 181),
            rng.normal(0, noise_m, 181),
            courier=f"{i:03d}",
        )
        for i in range(200)
    ]
    stops = tracks.find_stops(pd.concat(parts, ignore_index=True), **RULE)
    assert (stops["duration_s"] >= RULE["min_duration_s"]).all()
    longest = stops.groupby("courier_id")["duration_s"].max()
    assert len(longest) == 200
    assert (longest >= 600).all()
    # A ride of 15 km/h crosses a diameter of 200 m in 48 s: nothing but the wait lasts 5 minutes, and the wait's own
    # seconds are missed or overstated by no more than what the radius holds at either end.
    total = stops.groupby("courier_id")["duration_s"].sum()
    assert (total <= 1_200 + 2 * 48).all()
    assert total.mean() > 1_150


def test_the_share_of_unbroken_waits_is_the_one_of_theory() -> None:
    # A wait of n = 50 fixes after the anchor with noise s about one place, radius R = 45 m = 3 s. Given an anchor r
    # from the place, a fix is within R of it with probability F(R^2/s^2), F noncentral chi-squared with 2 degrees of
    # freedom and noncentrality r^2/s^2; r is Rayleigh. So P(unbroken) = E[F^n].
    noise_m, radius_m, n, waits = 15.0, 45.0, 50, 4_000
    theory, _ = integrate.quad(
        lambda r: stats.ncx2.cdf((radius_m / noise_m) ** 2, 2, r * r) ** n * r * math.exp(-r * r / 2), 1e-9, 8
    )
    rng = np.random.default_rng(5)
    steps = n + 1
    fixes = fixes_of(
        np.tile(np.arange(steps) * 12, waits),
        rng.normal(0, noise_m, steps * waits),
        rng.normal(0, noise_m, steps * waits),
    )
    fixes["courier_id"] = pd.Series(np.repeat(np.arange(waits), steps).astype(str), dtype="str")
    stops = tracks.find_stops(fixes, radius_m=radius_m, min_duration_s=12 * n, max_gap_s=60)
    four_sigma = 4 * math.sqrt(theory * (1 - theory) / waits)
    assert 0.1 < theory < 0.9
    assert len(stops) / waits == pytest.approx(theory, abs=four_sigma)


# Dates


def test_observed_dates_are_local_and_each_once() -> None:
    times = pd.Series(pd.to_datetime(["2024-05-06 15:59", "2024-05-06 16:00", "2024-05-05 20:00"], utc=True))
    # In Shanghai (UTC+8): Monday 6 May 23:59, Tuesday 7 May 00:00, Monday 6 May 04:00.
    dates = tracks.observed_dates(times, tz="Asia/Shanghai")
    assert dates.to_dict("list") == {"date": ["2024-05-06", "2024-05-07"], "weekday": [0, 1]}
    assert dates["weekday"].dtype == np.int64
    index = tracks.observed_dates(pd.DatetimeIndex(times), tz="Asia/Shanghai")
    pd.testing.assert_frame_equal(index, dates)


def test_observed_dates_of_nothing_and_before_1970() -> None:
    nothing = tracks.observed_dates(pd.Series(dtype="datetime64[ms, UTC]"), tz="UTC")
    assert nothing.dtypes.astype(str).to_dict() == {"date": "str", "weekday": "int64"}
    old = tracks.observed_dates(pd.DatetimeIndex(["1969-12-31 23:00"], tz="UTC"), tz="UTC")
    assert old.to_dict("list") == {"date": ["1969-12-31"], "weekday": [2]}  # a Wednesday


def test_observed_dates_refuse_unknown_zones_naive_and_missing_times() -> None:
    times = pd.DatetimeIndex(["2024-05-06"], tz="UTC")
    with pytest.raises(ParameterError, match="Got 'Asia/Shanghia' instead; did you mean 'Asia/Shanghai'"):
        tracks.observed_dates(times, tz="Asia/Shanghia")
    with pytest.raises(ParameterError, match=r"as text\. Got 8 instead"):
        tracks.observed_dates(times, tz=8)  # type: ignore[arg-type]
    with pytest.raises(ColumnError, match="UTC times"):
        tracks.observed_dates(times.tz_localize(None), tz="UTC")
    with pytest.raises(DataError, match="1 of 2 are"):
        tracks.observed_dates(pd.DatetimeIndex(["2024-05-06", pd.NaT], tz="UTC"), tz="UTC")
