"""Worker groups of fixes go along to stops, silences and demand: a courier is of the group of their latest fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stationgeo import demand, index, schema, tracks
from stationgeo.tracks import StopRule

if TYPE_CHECKING:
    from collections.abc import Callable

    FixesOf = Callable[..., pd.DataFrame]

RULE = {"radius_m": 100.0, "min_duration_s": 300.0, "max_gap_s": 900.0}
SILENT = {"radius_m": 100.0, "max_gap_s": 900.0}


def test_a_stop_has_the_group_that_its_couriers_latest_fix_names(fixes_of: FixesOf) -> None:
    # a was a rider in the morning and drives in the afternoon, and the last fix of all does not say; b never says, and
    # c says so by an empty text. Each stands for ten minutes, a twice, with a silence of an hour between.
    stands, again = np.arange(0, 601, 60), np.arange(4_200, 4_801, 60)
    a = fixes_of([*stands, *again]).assign(group=[*["rider"] * 11, *["driver"] * 10, None])
    b = fixes_of(stands, courier="b").assign(group=None)
    c = fixes_of(stands, courier="c").assign(group="")
    fixes = pd.concat([a, b, c], ignore_index=True).astype({"group": "str"})
    stops = schema.validate(tracks.find_stops(fixes, **RULE), schema.STOPS)
    assert stops[["courier_id", "group"]].to_numpy().tolist() == [
        ["a", "driver"],
        ["a", "driver"],
        ["b", ""],
        ["c", ""],
    ]
    silences = schema.validate(tracks.find_silences(fixes, **SILENT), schema.SILENCES)
    assert silences[["courier_id", "group", "duration_s"]].to_numpy().tolist() == [["a", "driver", 3_600.0]]


def test_without_the_column_there_is_none(fixes_of: FixesOf) -> None:
    fixes = fixes_of(np.arange(0, 2_000, 60))
    assert "group" not in tracks.find_stops(fixes, **RULE)
    assert "group" not in tracks.find_silences(fixes, **SILENT)


def test_no_fixes_with_groups_are_no_stops_with_groups() -> None:
    none = schema.empty(schema.FIXES, optional=True)
    for found in (tracks.find_stops(none, **RULE), tracks.find_silences(none, **SILENT)):
        assert found.empty
        assert found["group"].dtype == "str"


def test_demand_by_group_is_the_hours_of_its_couriers(fixes_of: FixesOf) -> None:
    # Riders a and b stand for 600 and 300 s, driver c for 1,200 s, all in one place and on one day.
    lasted = {"a": (600, "rider"), "b": (300, "rider"), "c": (1_200, "driver")}
    fixes = pd.concat(
        [fixes_of(np.arange(0, s + 1, 60), courier=name).assign(group=group) for name, (s, group) in lasted.items()],
        ignore_index=True,
    )
    parts = demand.aggregate(tracks.find_stops(fixes, **RULE), zones=None, resolution=10, tz="Asia/Shanghai")
    by_group = demand.read_out(parts, by=["group"]).groupby("group")["courier_s"].sum()
    assert by_group.to_dict() == {"driver": 1_200, "rider": 900}


ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(1, 1_000), st.sampled_from(["rider", "driver", "", None])),
    max_size=40,
)


@given(rows=ROWS, seed=st.integers(0, 9))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_groups_of_stops_are_those_of_their_fixes_in_any_order_and_as_in_batches(
    rows: list[tuple[str, int, str | None]], seed: int, fixes_of: FixesOf
) -> None:
    courier, steps, group = ([row[k] for row in rows] for k in range(3))
    fixes = fixes_of(np.cumsum(steps)).assign(
        courier_id=pd.Series(courier, dtype="str"), group=pd.Series(group, dtype="str")
    )
    said: dict[str, str] = {}
    for who, what in zip(courier, group, strict=True):
        said[who] = what or said.get(who, "")
    mixed = fixes.sample(frac=1, random_state=seed)
    stops, silences = tracks.find_stops(mixed, **RULE), tracks.find_silences(mixed, **SILENT)
    assert stops["group"].tolist() == [said[who] for who in stops["courier_id"]]
    assert silences["group"].tolist() == [said[who] for who in silences["courier_id"]]
    follower = index.Follower(stops=StopRule(**RULE), cleaning=None)
    for part in np.array_split(np.arange(len(fixes)), 3):
        follower.add(batch(fixes.iloc[part]))
    followed = follower.finish()
    pd.testing.assert_frame_equal(followed.stops, stops, check_exact=True)
    pd.testing.assert_frame_equal(followed.silences, silences, check_exact=True)


def batch(fixes: pd.DataFrame) -> index.Batch:
    """Fixes with the latest group that each courier is said to be of in them."""
    codes, names = pd.factorize(fixes["courier_id"])
    told = fixes[fixes["group"].fillna("") != ""].groupby("courier_id")["group"].last()
    return index.Batch(
        courier=codes.astype(np.int64),
        names=list(names),
        t_ms=pd.DatetimeIndex(fixes["t"]).as_unit("ms").asi8,
        lon=fixes["lon"].to_numpy(),
        lat=fixes["lat"].to_numpy(),
        group=told.reindex(names).fillna("").to_numpy(dtype=object),
    )
