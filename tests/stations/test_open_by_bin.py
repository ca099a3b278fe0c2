"""How many stations are open when, by hand and hour by hour."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stationgeo import stations
from stationgeo.errors import ColumnError, DataError

DAY, ALWAYS, EVENING = "09:00-18:00", "24/7", "Mo-Fr 18:00-23:00"
KINDS = stations.kinds()


def hours_of(table: pd.DataFrame) -> stations.OpenHours:
    return stations.open_hours(table, bins="hour_of_week", as_of="2026-11-18", calendar="CN")


def town(*rows: tuple[str, str | None]) -> pd.DataFrame:
    kinds, hours = zip(*rows, strict=True) if rows else ((), ())
    names = [f"S{number}" for number in range(len(rows))]
    return pd.DataFrame({"station_id": names, "kind": list(kinds), "opening_hours": list(hours)}, dtype="object")


TOWN = town(
    ("merchant", DAY), ("merchant", ALWAYS), ("service_centre", EVENING), ("service_centre", None), ("merchant", "?")
)  # fmt: skip


@pytest.mark.parametrize(
    ("day", "hour", "low", "high"),
    [
        # One is open day and night, two nobody knows: 1 to 3. By day one more, on working evenings another.
        (0, 3, {"": 1, "warm_bee": 1, "service_centre": 0}, {"": 3, "warm_bee": 2, "service_centre": 1}),
        (0, 9, {"": 2, "warm_bee": 2, "service_centre": 0}, {"": 4, "warm_bee": 3, "service_centre": 1}),
        (4, 21, {"": 2, "warm_bee": 1, "service_centre": 1}, {"": 4, "warm_bee": 2, "service_centre": 2}),
        (5, 21, {"": 1, "warm_bee": 1, "service_centre": 0}, {"": 3, "warm_bee": 2, "service_centre": 1}),
    ],
)
def test_a_town_by_hand(day: int, hour: int, low: dict[str, int], high: dict[str, int]) -> None:
    table = stations.open_by_bin(hours_of(TOWN), TOWN)
    now = table[table["bin"] == 24 * day + hour].set_index("family")
    assert now["n_open"].to_dict() == low
    assert now["n_open_high"].to_dict() == high
    assert now["n_stations"].to_dict() == {"": 5, "warm_bee": 3, "service_centre": 2}
    assert (now["hour"] == hour).all()


def test_clusters_are_no_stations() -> None:
    cluster = KINDS.loc[stations.is_cluster(KINDS["kind"].to_numpy()), "kind"].iloc[0]
    table = town(("merchant", ALWAYS), (cluster, ALWAYS))
    assert set(stations.open_by_bin(hours_of(table), table).query("family == ''")["n_open"]) == {1}


def test_no_station() -> None:
    nothing = town()
    table = stations.open_by_bin(hours_of(nothing), nothing)
    assert len(table) == 3 * 168
    assert not table[["n_stations", "n_open", "n_open_high"]].to_numpy().any()


@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["merchant", "service_centre"]), st.sampled_from([DAY, ALWAYS, EVENING, None])),
        max_size=6,
    ),
    turned=st.booleans(),
)
def test_families_add_up_and_each_hour_is_counted(rows: list[tuple[str, str | None]], turned: bool) -> None:  # noqa: FBT001 - a case
    table = town(*rows)
    hours = hours_of(table)
    found = stations.open_by_bin(hours, table.iloc[::-1] if turned else table)
    counts = found.pivot_table(index="bin", columns="family", values=["n_stations", "n_open", "n_open_high"])
    for name in ("n_stations", "n_open", "n_open_high"):
        np.testing.assert_array_equal(counts[name][""], counts[name]["warm_bee"] + counts[name]["service_centre"])
    assert (found["n_open"] <= found["n_open_high"]).all()
    assert (found["n_open_high"] <= found["n_stations"]).all()
    # One by one: the hours of the week of each add up to those of all.
    every = found[found["family"] == ""]
    assert every["n_open"].sum() == hours.table["week_h_low"].sum()
    assert every["n_open_high"].sum() == hours.table["week_h_high"].sum()


def test_what_is_refused() -> None:
    hours = hours_of(TOWN)
    with pytest.raises(ColumnError, match=r"Missing: 'kind'"):
        stations.open_by_bin(hours, TOWN[["station_id"]])
    with pytest.raises(DataError, match=r"1 of 5 are not there: 'S0'"):
        stations.open_by_bin(hours, TOWN.iloc[1:])
    with pytest.raises(DataError, match=r"1 are there more often: 'S0'"):
        stations.open_by_bin(hours, pd.concat([TOWN, TOWN.iloc[:1]]))
