"""Ways to the nearest station for targets: cells that zones share, hours together, and what does not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, coverage
from stationgeo.coverage import Criterion, Nearest, Target
from stationgeo.errors import ColumnError, DataError, ParameterError
from towns import PLACES, Town

SAID: dict[str, Any] = {"cutoff": 500, "mode": "walk", "demand_is": "visits"}
STATIONS = Town.stations(near="warm_bee", far="warm_bee", street="warm_bee_street")
# The cell of place 2 lies in both zones. A cluster of stations is no station.
DEMAND = Town.demand(
    (0, "west", 8, 10), (0, "west", 9, 5), (2, "west", 8, 20), (2, "east", 8, 40), (4, "east", 8, 100), (5, "", 8, 7)
)
REACH = Town.reach(("near", 0, 300), ("far", 0, 100), ("far", 2, 450), ("street", 4, 10))
PIECES = pd.DataFrame(
    {
        "cell": PLACES[[0, 2, 2, 3]],
        "zone_id": pd.Series(["west", "west", "east", "east"], dtype="str"),
        "area_m2": [900.0, 600.0, 300.0, 900.0],
    }
)


def scored(demand: pd.DataFrame = DEMAND, reach: pd.DataFrame = REACH) -> coverage.Coverage:
    return coverage.score(demand, reach, stations=STATIONS, zones=Town.zones(), weight="visits")


def rows_of(near: Nearest) -> list[tuple[Any, ...]]:
    return sorted(near.table.fillna(-1).itertuples(index=False, name=None))


def test_each_part_of_a_cell_has_its_own_demand_and_the_way_of_the_cell() -> None:
    # Hours add up: 10 + 5 visits at place 0, whose nearer station is 100 m away. Nobody but a cluster reaches place 4.
    near = coverage.ways_to_nearest(DEMAND, scored(), pieces=None, **SAID)
    assert list(near.table) == ["zone_id", "demand", "nearest_m"]
    assert rows_of(near) == [
        ("", 7, -1), ("east", 40, 450), ("east", 100, -1), ("west", 15, 100), ("west", 20, 450)
    ]  # fmt: skip
    assert (near.cutoff, near.mode, near.demand_is) == (500, "walk", "visits")


def test_pieces_bring_area_also_where_there_is_no_demand() -> None:
    near = coverage.ways_to_nearest(DEMAND[DEMAND["zone_id"] != ""], scored(), pieces=PIECES, **SAID)
    assert near.table["area_m2"].sum() == PIECES["area_m2"].sum()
    assert near.table["demand"].sum() == 175
    told = near.table.set_index("area_m2").loc[[300.0, 600.0], ["zone_id", "demand", "nearest_m"]]
    assert told.to_numpy().tolist() == [["east", 40, 450], ["west", 20, 450]]
    # Place 3 has area alone, place 4 demand alone.
    assert [900.0, 0.0] in near.table.loc[near.table["zone_id"] == "east", ["area_m2", "demand"]].to_numpy().tolist()
    assert [0.0, 100.0] in near.table[["area_m2", "demand"]].to_numpy().tolist()


def test_targets_of_distance_take_them_as_they_come() -> None:
    # In the west 15 of 35 visits are within 400 m, in the east none of 140. By area 900 of 1,500 m2 and none of 1,200.
    near = coverage.ways_to_nearest(DEMAND, scored(), pieces=PIECES, **SAID)
    for of, west in (("demand", 15 / 35), ("area_m2", 900 / 1_500)):
        criterion = Criterion(
            id="it", level="grid", kind="distance", threshold=0.5, direction="at_least", within_m=400, of=of
        )
        asked = Target(
            name="ours", version="1", zh="自定", en="ours", source="a test", evidence="text", criteria=(criterion,)
        )
        found = coverage.check_targets(STATIONS, Town.zones(), targets=asked, nearest=near).units.set_index("zone_id")
        assert found["value"].to_dict() == pytest.approx({"west": west, "east": 0})


def test_seconds_stay_seconds() -> None:
    near = coverage.ways_to_nearest(DEMAND, scored(reach=Town.reach(("near", 0, 60), unit="s")), pieces=None, **SAID)
    assert near.table["nearest_s"].min() == 60


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["west", "east", ""]), st.integers(0, 3), st.integers(1, 50)),
    min_size=1, max_size=20, unique_by=lambda row: row[:3],
)  # fmt: skip
WAYS = st.dictionaries(st.integers(0, 5), st.integers(0, 500), max_size=6)


@given(rows=ROWS, ways=WAYS)
@settings(max_examples=40, deadline=None)
def test_all_demand_is_told_once_and_the_covered_part_is_that_of_the_coverage(
    rows: list[tuple[int, str, int, int]], ways: dict[int, int]
) -> None:
    demand = Town.demand(*rows)
    found = scored(demand, Town.reach(*(("near", place, way) for place, way in ways.items())))
    table = coverage.ways_to_nearest(demand, found, pieces=None, **SAID).table
    want: dict[tuple[int, str], float] = {}
    for place, zone, _, visits in rows:
        want[place, zone] = want.get((place, zone), 0.0) + visits
    assert sorted(table.fillna(-1).itertuples(index=False, name=None)) == sorted(
        (zone, visits, ways.get(place, -1)) for (place, zone), visits in want.items()
    )
    inside = table[table["zone_id"] != ""]
    covered = inside.loc[inside["nearest_m"].notna(), "demand"].sum()
    assert covered == pytest.approx(found.headline["covered_demand"])


def test_what_does_not_fit_is_named() -> None:
    found = scored()
    elsewhere = Town.demand((0, "west", 8, 10)).assign(cell=cells.from_lonlat([0.0], [0.0], resolution=10))
    with pytest.raises(DataError, match=r"demand must be that of the coverage; 1 of 1 parts of cells are not in it"):
        coverage.ways_to_nearest(elsewhere, found, pieces=None, **SAID)
    coarse = PIECES.assign(cell=cells.parents(PIECES["cell"].to_numpy(), resolution=9)).drop_duplicates(
        ["cell", "zone_id"]
    )
    with pytest.raises(DataError, match=r"none of 4 parts of cells is in one. Make them with the resolution"):
        coverage.ways_to_nearest(DEMAND, found, pieces=coarse, **SAID)
    with pytest.raises(ColumnError, match="'visits' is missing"):
        coverage.ways_to_nearest(DEMAND.drop(columns="visits"), found, pieces=None, **SAID)
    with pytest.raises(ParameterError, match="cutoff must be a finite number above 0"):
        coverage.ways_to_nearest(DEMAND, found, pieces=None, **SAID | {"cutoff": np.nan})
