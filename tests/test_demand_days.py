"""Replicates over days: equal to loops, balanced by type of day, with the variance of an average of days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import _clock, demand
from stationgeo.demand import _days
from stationgeo.errors import DataError, ParameterError

TZ = "Asia/Shanghai"
WORKING, WEEKEND = 0, 1


def stops_of(rows: list[tuple[str, str, float, str, str]]) -> pd.DataFrame:
    """STOPS of (courier, local start, seconds, purpose, group), all at one place."""
    courier, start, seconds, purpose, group = zip(*rows, strict=True)
    begin = pd.to_datetime(list(start)).tz_localize(TZ).tz_convert("UTC").as_unit("ms")
    return pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series(courier, dtype="str"),
            "lon": 114.05,
            "lat": 22.55,
            "start": begin,
            "end": begin + pd.to_timedelta(list(seconds), unit="s").as_unit("ms"),
            "duration_s": np.array(seconds, dtype=float),
            "n_fixes": 2,
            "purpose": pd.Series(purpose, dtype="str"),
            "cut": False,
            "group": pd.Series(group, dtype="str"),
        }
    )


def drawn_at_random(seed: int, n: int, days: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2026-09-07") + pd.to_timedelta(rng.integers(0, days * 86_400, n), unit="s")
    who, seconds = rng.integers(0, 6, n), rng.integers(0, 9_000, n)
    purpose, group = rng.choice(["rest", "pick_up"], n), rng.choice(["a", "b"], n)
    return stops_of(
        [(f"c{w}", str(t), float(s), p, g) for w, t, s, p, g in zip(who, start, seconds, purpose, group, strict=True)]
    )


def added_up(stops: pd.DataFrame, **changes: Any) -> demand.Aggregate:  # noqa: ANN401
    return demand.aggregate(stops, zones=None, resolution=10, tz=TZ, **changes)


def columns(table: pd.DataFrame, source: str) -> np.ndarray:
    return table[demand.replicates_of(table)[source]].to_numpy()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 20), st.booleans())
def test_equal_to_loops(seed: int, n: int, days: int, with_couriers: bool) -> None:  # noqa: FBT001 - drawn
    found = added_up(drawn_at_random(seed, n, days), n_replicates=3)
    table = demand.day_replicates(
        found, n_replicates=3, seed=seed % 7, with_couriers=with_couriers, bins="hour_of_day_type", by=["group"],
        expansion={"a": 2.0, "b": 5.0},
    )  # fmt: skip
    types = (_clock.weekdays(found.days) >= 5).astype(int)
    weight = _days._day_weights(types, 3, seed % 7)
    expected: dict[tuple[str, int], np.ndarray] = {}
    for at, row in enumerate(found.sums.itertuples()):
        day = list(found.days).index(row.hour // 24)
        n_days = int((types == types[day]).sum())
        seconds = found.replicates[at] if with_couriers else np.full(3, row.courier_us)
        factor = {"a": 2.0, "b": 5.0}[row.group] / 1e6 / n_days if n_days > 1 else np.nan
        key = (row.group, int(types[day] * 24 + row.hour % 24))
        expected[key] = expected.get(key, 0.0) + seconds * weight[day] * factor
    keys = list(zip(table["group"], table["bin"], strict=True))
    assert sorted(keys) == sorted(expected)
    source = "couriers and days" if with_couriers else "days"
    np.testing.assert_allclose(columns(table, source), [expected[key] for key in keys], rtol=1e-12)
    assert table["courier_s"].sum() == pytest.approx(
        demand.read_out(found, bins="hour_of_day_type", expansion={"a": 2.0, "b": 5.0})["courier_s"].sum()
    )


def test_days_that_are_alike_leave_nothing_to_draw() -> None:
    # An hour on each of 10 working days, two on each of 4 days of weekends: whichever are drawn, averages stay.
    rows = [("c", f"2026-09-{day:02} 10:00", 3600.0 * (2 if day % 7 in {5, 6} else 1), "rest", "")
            for day in range(7, 21)]  # fmt: skip
    rows = [(c, t, min(s, 3600.0), p, g) for c, t, s, p, g in rows] + [
        ("d", t, 3600.0, p, g) for _, t, s, p, g in rows if s > 3600
    ]
    table = demand.day_replicates(added_up(stops_of(rows)), n_replicates=20, seed=1, bins="hour_of_day_type")
    assert table["bin"].tolist() == [10, 34]
    assert table["courier_s"].tolist() == [3600, 7200]
    np.testing.assert_allclose(columns(table, "days"), np.repeat([[3600.0], [7200.0]], 20, axis=1))


def test_the_variance_is_that_of_an_average_of_days() -> None:
    # Seconds of four Mondays: 0, 600, 1,200, 3,000. Mean 1,200; sum of squares about it 5,040,000, over 3 it is
    # 1,680,000, over 4 days 420,000: the variance of their mean. Drawn 20,000 times, its estimate is off by about
    # sqrt(2 / 20,000) = 1 %; a bootstrap of four draws would have 3 / 4 of it.
    rows = [("c", f"2026-09-{day:02} 10:00", seconds, "rest", "")
            for day, seconds in ((14, 600.0), (21, 1200.0), (28, 3000.0))]  # fmt: skip
    observed = pd.DataFrame({"date": ["2026-09-07", "2026-09-14", "2026-09-21", "2026-09-28"], "weekday": 0})
    table = demand.day_replicates(added_up(stops_of(rows), observed=observed), n_replicates=20_000, seed=0)
    drawn = columns(table, "days")[0]
    assert table["courier_s"].item() == 1200
    assert drawn.mean() == pytest.approx(1200, abs=4 * np.sqrt(420_000 / 20_000))
    assert drawn.var() == pytest.approx(420_000, rel=0.05)


def test_a_type_of_one_day_has_no_replicates() -> None:
    rows = [("c", f"2026-09-{day:02} 10:00", 60.0, "rest", "") for day in (7, 14, 8)]
    table = demand.day_replicates(added_up(stops_of(rows)), n_replicates=4, seed=0)
    assert table["bin"].tolist() == [10, 34]
    assert np.isnan(columns(table, "days")).all(axis=1).tolist() == [False, True]
    nowhere = demand.interval(table, level=0.9, source="days")
    assert np.isnan(nowhere["lower"].item())
    assert demand.interval(table, level=0.9, source="days", by=["bin"])["lower"].tolist()[0] == 60


def test_time_beyond_the_last_day_is_drawn_with_it() -> None:
    # Observed are Tuesday to Monday twice. The last stop, of two hours, begins at 23:00 on the last Monday; the hour in
    # the Tuesday after it counts where that Monday is drawn.
    whole = added_up(
        stops_of([("c", "2026-09-14 23:00", 7200.0, "rest", ""), ("c", "2026-09-07 12:00", 60.0, "rest", "")])
    )
    days = np.arange(whole.days[0] - 6, whole.days[0] + 8)
    found = demand.select(whole, days=whole.days)
    found = type(found)(**{name: getattr(found, name) for name in found.__slots__} | {"days": days})
    table = demand.day_replicates(found, n_replicates=30, seed=0).set_index("bin")
    drawn = table[demand.replicates_of(table)["days"]]
    last_hour, beyond = drawn.loc[23], drawn.loc[24]
    assert set(last_hour) == {0.0, 3600.0}
    assert last_hour.tolist() == beyond.tolist()


def test_purposes_that_are_left_out_are_in_no_replicate() -> None:
    found = added_up(drawn_at_random(4, 50, 14))
    some = demand.day_replicates(found, n_replicates=5, seed=3, purposes=["rest"])
    only = demand.day_replicates(demand.select(found, purposes=["rest"]), n_replicates=5, seed=3)
    pd.testing.assert_frame_equal(some, only)
    again = demand.day_replicates(found, n_replicates=5, seed=3, purposes=["rest"])
    pd.testing.assert_frame_equal(some, again)
    other = demand.day_replicates(found, n_replicates=5, seed=4, purposes=["rest"])
    assert not np.array_equal(columns(some, "days"), columns(other, "days"))


def test_nothing_has_replicates_of_nothing() -> None:
    nothing = demand.select(added_up(drawn_at_random(1, 3, 2)), purposes=["depot"])
    table = demand.day_replicates(nothing, n_replicates=2, seed=0)
    assert table.empty
    assert demand.replicates_of(table) == {"days": ["courier_s_day_0", "courier_s_day_1"]}


def test_replicates_over_couriers_stand_beside() -> None:
    table = demand.day_replicates(added_up(drawn_at_random(5, 40, 14), n_replicates=2), n_replicates=3, seed=0)
    assert {source: len(names) for source, names in demand.replicates_of(table).items()} == {"couriers": 2, "days": 3}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"n_replicates": 0}, "n_replicates must be a whole number, 1 or more"),
        ({"n_replicates": True}, "n_replicates must be a whole number"),
        ({"seed": -1}, "seed must be a whole number, 0 or more"),
        ({"with_couriers": True}, "the aggregate keeps 0"),
        ({"bins": "hour"}, "unknown bins"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    found = added_up(drawn_at_random(1, 10, 3))
    with pytest.raises(ParameterError, match=said):
        demand.day_replicates(found, **{"n_replicates": 2, "seed": 0} | changes)
    with pytest.raises(DataError, match="expansion"):
        demand.day_replicates(found, n_replicates=2, seed=0, expansion={"z": 1.0})
    with pytest.raises(ParameterError, match="unknown source 'day'"):
        demand.interval(demand.read_out(found), level=0.9, source="day")
