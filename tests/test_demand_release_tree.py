"""Releases pooled up the zone tree: held against brute force, against subtraction, and spread back to DEMAND."""

import itertools
from collections import defaultdict
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, demand, schema, zones
from stationgeo.errors import DataError, ParameterError, SourceError

TZ = "Asia/Shanghai"
RESOLUTION = 10
WEST, SOUTH, SIDE = 114.0, 22.5, 0.004
N_WIDE, N_HIGH = 4, 2
AMOUNTS = ["courier_s", "visits", "courier_weight"]


def town() -> gpd.GeoDataFrame:
    """Eight grids of 400 m in four communities of two in two streets of two in one district."""
    rows: list[tuple[str, str, str, shapely.Geometry]] = []

    def add(name: str, level: str, parent: str, x: tuple[int, int], y: tuple[int, int]) -> None:
        box = shapely.box(WEST + x[0] * SIDE, SOUTH + y[0] * SIDE, WEST + x[1] * SIDE, SOUTH + y[1] * SIDE)
        rows.append((name, level, parent, box))

    for x, y in itertools.product(range(N_WIDE), range(N_HIGH)):
        add(f"g{x}{y}", "grid", f"c{x // 2}{y}", (x, x + 1), (y, y + 1))
    for x, y in itertools.product(range(N_WIDE // 2), range(N_HIGH)):
        add(f"c{x}{y}", "community", f"s{x}", (2 * x, 2 * x + 2), (y, y + 1))
    for x in range(N_WIDE // 2):
        add(f"s{x}", "street", "d", (2 * x, 2 * x + 2), (0, N_HIGH))
    add("d", "district", "", (0, N_WIDE), (0, N_HIGH))
    names, levels, parents, boxes = zip(*rows, strict=True)
    table = {"zone_id": names, "level": levels, "parent_id": parents, "name": names}
    return gpd.GeoDataFrame(table, geometry=list(boxes), crs="EPSG:4326")


TOWN = town()
PIECES = zones.pieces(TOWN, resolution=RESOLUTION)
PARENT = dict(zip(TOWN["zone_id"], TOWN["parent_id"], strict=True))
LEVEL = dict(zip(TOWN["zone_id"], TOWN["level"], strict=True))
Span = Literal["hour", "part of day", "any time"]
Bins = Literal["hour_of_week", "hour_of_day_type"]
# A stop as a test draws it: courier, hours since Monday, minutes, place in tenths of a grid's side.
Stop = tuple[int, int, int, int, int]


def stops_of(rows: list[Stop]) -> pd.DataFrame:
    courier, hour, minutes, x, y = (np.array(column) for column in zip(*rows, strict=True))
    start = pd.DatetimeIndex(pd.Timestamp("2026-11-02", tz=TZ) + pd.to_timedelta(hour, unit="h"))
    start = start.tz_convert("UTC").as_unit("ms")
    return pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series([f"c{c}" for c in courier], dtype="str"),
            "lon": WEST + (x + 0.5) * SIDE / 10,
            "lat": SOUTH + (y + 0.5) * SIDE / 10,
            "start": start,
            "end": start + pd.to_timedelta(minutes, unit="min").as_unit("ms"),
            "duration_s": minutes * 60.0,
            "n_fixes": 2,
            "purpose": pd.Series("unknown", index=range(len(rows)), dtype="str"),
            "cut": False,
        }
    )


def aggregate_of(rows: list[Stop], *, in_zones: gpd.GeoDataFrame | None = TOWN) -> demand.Aggregate:
    return demand.aggregate(stops_of(rows), zones=in_zones, resolution=RESOLUTION, tz=TZ)


def held_by(zone: str, level: str) -> str:
    """Climb the tree by hand."""
    while zone and PARENT[zone] and schema.LEVELS.index(LEVEL[zone]) < schema.LEVELS.index(level):
        zone = PARENT[zone]
    return zone


PARTS = [(0, 6), (6, 10), (10, 14), (14, 17), (17, 21), (21, 24)]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def by_brute_force(
    rows: list[Stop], steps: pd.DataFrame, *, k: int, most_share: float
) -> tuple[dict[Hashable, list[int]], list[int]]:
    """Stops of each published piece, and those that were dropped: every stop is carried from step to step."""
    stops = stops_of(rows)
    fine = cells.from_lonlat(stops["lon"], stops["lat"], resolution=RESOLUTION)
    zone = zones.locate(stops["lon"], stops["lat"], zones=TOWN)
    left, published = list(range(len(rows))), {}
    for step in steps.itertuples():
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for stop in left:
            _, hours, _, _, _ = rows[stop]
            day, hour = DAYS[hours // 24 % 7], hours % 24
            begin, end = next(part for part in PARTS if part[0] <= hour < part[1])
            when = {
                "hour": (day, f"{hour:02}-{hour + 1:02}"),
                "part of day": (day, f"{begin:02}-{end:02}"),
                "any time": ("", ""),
            }[step.span]
            cell = int(cells.parents(fine[[stop]], resolution=step.resolution)[0])
            groups[(held_by(zone[stop], step.level), cell, step.span, *when)].append(stop)
        left = []
        for key, members in sorted(groups.items(), key=str):
            per_courier: dict[int, int] = defaultdict(int)
            for stop in members:
                per_courier[rows[stop][0]] += rows[stop][2]
            if len(per_courier) >= k and max(per_courier.values()) <= most_share * sum(per_courier.values()):
                published[key] = members
            else:
                left += members
    return published, left


PLACE = st.tuples(st.sampled_from([2, 8, 15, 25, 38, -5]), st.sampled_from([3, 12, 19, 25]))
ROW = st.builds(
    lambda courier, hour, minutes, place: (courier, hour, minutes, *place),
    st.integers(0, 9), st.sampled_from([9, 10, 11, 20, 33, 34, 24 * 7 + 10]), st.integers(0, 60), PLACE,
)  # fmt: skip


@given(rows=st.lists(ROW, min_size=8, max_size=70), k=st.integers(2, 4), most_share=st.sampled_from([0.4, 0.6, 1.0]),
       finest_span=st.sampled_from(["hour", "part of day", "any time"]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_pieces_are_those_of_brute_force_and_published_and_dropped_are_everything(
    rows: list[Stop], k: int, most_share: float, finest_span: Span
) -> None:
    rules: dict[str, Any] = {"k": k, "most_share": most_share, "coarsest_resolution": 8, "finest_span": finest_span}
    if len({row[0] for row in rows}) < k:
        with pytest.raises(DataError, match="fewer than"):
            demand.release(aggregate_of(rows), zones=TOWN, **rules)
        return
    found = demand.release(aggregate_of(rows), zones=TOWN, **rules)
    published, dropped = by_brute_force(rows, found.steps, k=k, most_share=most_share)
    table = found.table.set_index(["zone_id", "cell", "span", "day_type", "hours"])
    assert set(table.index) == set(published)
    # Two Mondays were seen if any stop lies in the second week; an average Monday then has half of their sum.
    n_days = pd.Series([DAYS[day % 7] for day in {row[1] // 24 for row in rows}]).value_counts()
    for key, members in published.items():
        seconds = sum(rows[stop][2] * 60 / n_days[DAYS[rows[stop][1] // 24 % 7]] for stop in members)
        visits = sum(1 / n_days[DAYS[rows[stop][1] // 24 % 7]] for stop in members)
        assert table.loc[key, "courier_s"] == pytest.approx(seconds)
        assert table.loc[key, "visits"] == pytest.approx(visits)
        assert table.loc[key, "couriers"] == len({rows[stop][0] for stop in members}) >= k
        assert table.loc[key, "level"] == LEVEL.get(str(key[0]), "")  # type: ignore[index]
    assert sorted(itertools.chain(dropped, *published.values())) == list(range(len(rows)))
    total = sum(row[2] for row in rows)
    share = sum(rows[stop][2] for stop in dropped) / total if total else 0.0
    assert share - 1e-9 <= found.suppressed_share <= share + 0.01 + 1e-9
    assert found.suppressed_share * 100 == pytest.approx(round(found.suppressed_share * 100))


def test_steps_are_of_geography_alone() -> None:
    # A grid has 0.182 km2, a community 0.365, a street 0.729 and the district 1.458; cells of resolution 10, 9, 8 and 7
    # have 0.015, 0.103, 0.719 and 5.0 km2 here. So cells 10 and 9 give way in the grid, 8 is larger than it and than
    # the community, is smaller than the street, and gives way to 7 there.
    one = demand.release(aggregate_of([(c, 10, 10, 5, 5) for c in range(3)]), k=3, coarsest_resolution=7, zones=TOWN)
    other = demand.release(
        aggregate_of([(c, 10 + c, 10, c, 2 * c) for c in range(9)]), k=9, coarsest_resolution=7, zones=TOWN
    )
    asked = ["resolution", "level", "span"]
    assert one.steps[asked].to_numpy().tolist() == [
        [10, "grid", "hour"],
        [10, "grid", "part of day"],
        [10, "grid", "any time"],
        [9, "grid", "any time"],
        [8, "grid", "any time"],
        [8, "community", "any time"],
        [8, "street", "any time"],
        [7, "street", "any time"],
        [7, "district", "any time"],
    ]
    pd.testing.assert_frame_equal(one.steps[asked], other.steps[asked])
    plain = demand.release(aggregate_of([(c, 10, 10, 5, 5) for c in range(3)]), k=3, coarsest_resolution=9)
    assert plain.steps[asked].to_numpy().tolist()[2:] == [[10, "", "any time"], [9, "", "any time"]]
    assert one.steps["share"].tolist() == [1.0] + [0.0] * 8
    assert (one.finest_share, one.pooled_share) == (1.0, 0.0)


def test_what_a_grid_cannot_say_its_community_says() -> None:
    # Two couriers in one grid of the community c00 and two in the other; k = 4. One more, alone, on the far side.
    rows = [(c, 10, 10, 5, 5) for c in range(2)] + [(c, 10, 10, 11, 5) for c in range(2, 4)] + [(4, 10, 10, 35, 15)]
    alone = demand.release(aggregate_of(rows), k=4, coarsest_resolution=8)
    assert alone.table.empty
    assert alone.suppressed_share == 1.0
    pooled = demand.release(aggregate_of(rows), k=4, coarsest_resolution=8, zones=TOWN)
    assert pooled.table[["zone_id", "level", "resolution", "courier_s", "couriers"]].to_numpy().tolist() == [
        ["c00", "community", 8, 2400.0, 4.0]
    ]
    assert pooled.suppressed_share == 0.2
    # It counts for the community and above, not for the grids.
    assert pooled.totals[["zone_id", "level", "courier_s"]].to_numpy().tolist() == [
        ["c00", "community", 2400.0],
        ["s0", "street", 2400.0],
        ["d", "district", 2400.0],
    ]


def test_a_zone_without_a_parent_stays_where_it_is() -> None:
    orphan = TOWN.assign(parent_id=TOWN["parent_id"].where(TOWN["zone_id"] != "g00", ""))
    rows = [(c, 10, 10, 5, 5) for c in range(2)] + [(c, 10, 10, 11, 5) for c in range(2, 6)]
    found = demand.release(aggregate_of(rows), k=4, coarsest_resolution=8, zones=orphan)
    assert found.table["zone_id"].tolist() == ["g10"]
    assert found.suppressed_share == pytest.approx(0.34)  # a third, rounded up


def test_outside_is_pooled_by_cells_alone() -> None:
    rows = [(c, 10, 10, -5, 5) for c in range(2)] + [(c, 10, 10, -5, 15) for c in range(2, 4)]
    found = demand.release(aggregate_of(rows), k=4, coarsest_resolution=6, zones=TOWN)
    assert found.table[["zone_id", "level"]].to_numpy().tolist() == [["", ""]]
    assert found.totals[["zone_id", "level"]].to_numpy().tolist() == [["", ""]]


def planted_town() -> list[Stop]:
    """Couriers in all grids, some of them often; and one, the last, alone in the far corner of a grid."""
    rng = np.random.default_rng(11)
    rows: list[Stop] = []
    for courier in range(24):
        home = int(rng.integers(0, 4)), int(rng.integers(0, 2))
        for _ in range(5):
            x, y = (10 * at + int(rng.integers(1, 8)) for at in home)
            rows.append((courier, int(rng.integers(9, 15)), int(rng.integers(5, 40)), x, y))
    return [*rows, (99, 15, 47, 19, 9)]


@pytest.mark.parametrize("coarsest", [10, 9, 8, 7])
def test_no_difference_of_published_sums_isolates_fewer_than_k(coarsest: int) -> None:
    rows, k = planted_town(), 5
    found = demand.release(aggregate_of(rows), k=k, most_share=1.0, coarsest_resolution=coarsest, zones=TOWN)
    published, _ = by_brute_force(rows, found.steps, k=k, most_share=1.0)
    assert set(found.table["level"]) > {"grid"} or coarsest == 10
    # All that is published: pieces, totals of zones of every level, what each step says, and all of it.
    sums: list[tuple[float, frozenset[int]]] = []
    keys = ["zone_id", "cell", "span", "day_type", "hours"]
    for key, seconds in found.table.set_index(keys)["courier_s"].items():
        sums.append((seconds, frozenset(published[key])))
    for zone, level, seconds in found.totals[["zone_id", "level", "courier_s"]].itertuples(index=False):
        inside = [stops for key, stops in published.items() if held_by(str(key[0]), level or "grid") == zone]  # type: ignore[index]
        sums.append((seconds, frozenset(itertools.chain(*inside))))
    for number, seconds in found.steps["courier_s"].items():
        of_step = found.table.loc[found.table["step"] == number, keys].itertuples(index=False, name=None)
        sums.append((seconds, frozenset(itertools.chain(*(published[key] for key in of_step)))))
    sums.append((found.table["courier_s"].sum(), frozenset(itertools.chain(*published.values()))))
    for seconds, members in sums:
        assert seconds == pytest.approx(sum(rows[stop][2] * 60 for stop in members))
    secret = 47 * 60.0
    for (one, first), (other, second) in itertools.combinations(sums, 2):
        for isolated in (first - second, second - first, first & second):
            couriers = {rows[stop][0] for stop in isolated}
            assert not 0 < len(couriers) < k
        assert abs(abs(one - other) - secret) > 1.0
        assert abs(one + other - secret) > 1.0


def test_order_of_rows_is_irrelevant() -> None:
    rows = planted_town()
    rules: dict[str, Any] = {"k": 4, "coarsest_resolution": 8}
    stops = stops_of(rows)
    one, other = (
        demand.release(
            demand.aggregate(table, zones=TOWN, resolution=RESOLUTION, tz=TZ), zones=TOWN.iloc[::step], **rules
        )
        for table, step in ((stops, 1), (stops.sample(frac=1.0, random_state=2), -1))
    )
    assert one.fingerprint == other.fingerprint
    for name in ("table", "totals", "steps", "tree"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    shuffled = PIECES.sample(frac=1.0, random_state=1)
    pd.testing.assert_frame_equal(
        demand.spread(one, pieces=PIECES), demand.spread(other, pieces=shuffled), check_exact=True
    )


def test_a_release_goes_to_parquet_and_back(tmp_path: Path) -> None:
    one = demand.release(aggregate_of(planted_town()), k=4, coarsest_resolution=8, zones=TOWN)
    one.to_parquet(tmp_path / "r")
    other = demand.Release.read(tmp_path / "r")
    for name in ("table", "totals", "steps", "tree"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    assert (one.entry, one.days, one.rules) == (other.entry, other.days, other.rules)
    assert "at its finest" in one._repr_html_()
    (tmp_path / "r" / "release.json").write_text("{}")
    with pytest.raises(SourceError, match="is broken"):
        demand.Release.read(tmp_path / "r")
    (tmp_path / "r" / "tree.parquet").unlink()
    with pytest.raises(SourceError, match=r"tree\.parquet is missing"):
        demand.Release.read(tmp_path / "r")


def test_zones_that_demand_was_not_aggregated_in_are_refused() -> None:
    rows = [(c, 10, 10, 5, 5) for c in range(4)]
    strange = TOWN.assign(zone_id=[f"x{name}" if name.startswith("g") else name for name in TOWN["zone_id"]])
    with pytest.raises(DataError, match="1 of its 1 zones are not among the 8 of the lowest level: 'g00'"):
        demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, zones=strange)
    with pytest.raises(ParameterError, match="unknown span 'hours'; did you mean 'hour'"):
        demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, finest_span="hours")  # type: ignore[arg-type]


@given(rows=st.lists(ROW, min_size=12, max_size=70), k=st.integers(2, 4), coarsest=st.integers(7, 10),
       bins=st.sampled_from(["hour_of_week", "hour_of_day_type"]), timed=st.booleans(),
       in_zones=st.sampled_from([TOWN, None]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_spreading_conserves_and_stays_inside_each_piece(
    rows: list[Stop], k: int, coarsest: int, bins: Bins, timed: bool, in_zones: gpd.GeoDataFrame | None  # noqa: FBT001
) -> None:  # fmt: skip
    if len({row[0] for row in rows}) < k:
        return
    found = demand.release(
        aggregate_of(rows, in_zones=in_zones), k=k, most_share=1.0, coarsest_resolution=coarsest, zones=in_zones,
        bins=bins,
    )  # fmt: skip
    pieces = None if in_zones is None else PIECES
    table = demand.spread(found, pieces=pieces, timed=timed)
    schema.validate(table, schema.DEMAND)
    assert table.sort_values(list(schema.DEMAND.key), ignore_index=True).equals(table)
    for name in AMOUNTS:
        assert table[name].sum() == pytest.approx(found.table[name].sum(), rel=1e-9, abs=1e-12)
    if table.empty:
        return
    assert cells.resolution_of(table["cell"].to_numpy()) == RESOLUTION
    if not timed:
        assert set(table["bin"]) == {schema.WEEK_BIN}
        return
    total = demand.spread(found, pieces=pieces, timed=False)
    by_place = table.groupby(["cell", "zone_id"])["courier_s"].sum().to_numpy()
    np.testing.assert_allclose(by_place, total["courier_s"], rtol=1e-9, atol=1e-9)
    # Totals of every zone of every level are those of the pieces at that level or above it, at least.
    for level in found.totals["level"].unique() if in_zones is not None else []:
        held = table["zone_id"].map(lambda zone, level=level: held_by(zone, level) if level else zone)
        spread_over = table.groupby(held)["courier_s"].sum()
        for zone, seconds in found.totals.loc[found.totals["level"] == level, ["zone_id", "courier_s"]].itertuples(
            index=False
        ):
            assert spread_over[zone] >= seconds - 1e-6
    # days that were not observed get nothing
    observed = demand.read_out(aggregate_of(rows, in_zones=in_zones), bins=bins)
    days = dict(zip(observed["bin"] // 24, observed["observed_days"], strict=True))
    assert dict(zip(table["bin"] // 24, table["observed_days"], strict=True)).items() <= days.items()


@given(rows=st.lists(ROW, min_size=1, max_size=70), bins=st.sampled_from(["hour_of_week", "hour_of_day_type"]))
@settings(max_examples=30, deadline=None)
def test_spreading_the_finest_pieces_gives_the_read_out_back(rows: list[Stop], bins: Bins) -> None:
    parts = aggregate_of(rows)
    whole = demand.release(parts, k=1, synthetic=True, coarsest_resolution=8, zones=TOWN, bins=bins)
    assert whole.finest_share == 1.0 or whole.table["courier_s"].sum() == 0
    expected = demand.read_out(parts, bins=bins)
    pd.testing.assert_frame_equal(demand.spread(whole, pieces=PIECES), expected, rtol=1e-12)
    pd.testing.assert_frame_equal(demand.spread(whole, pieces=None), expected, rtol=1e-12)


def test_a_pooled_piece_by_hand() -> None:
    # The community c00 has four couriers in two grids; k = 4: it goes over the PIECES of these two inside the cell of
    # resolution 8, by area, and evenly over the 24 hours of the one Monday.
    rows = [(c, 10, 10, 5, 5) for c in range(2)] + [(c, 10, 10, 11, 5) for c in range(2, 4)]
    found = demand.release(aggregate_of(rows), k=4, coarsest_resolution=8, zones=TOWN)
    (piece,) = found.table.itertuples()
    inside = PIECES[
        PIECES["zone_id"].isin(["g00", "g10"]) & (cells.parents(PIECES["cell"], resolution=8) == piece.cell)
    ]
    expected = inside.set_index(["cell", "zone_id"])["area_m2"] / inside["area_m2"].sum() * 2400.0
    table = demand.spread(found, pieces=PIECES)
    by_place = table.groupby(["cell", "zone_id"])["courier_s"].sum()
    pd.testing.assert_series_equal(by_place, expected.sort_index(), check_names=False)
    assert table["bin"].drop_duplicates().tolist() == list(range(24))
    np.testing.assert_allclose(table.groupby("bin")["courier_s"].sum(), 100.0)
    assert table["couriers"].isna().all()
    assert set(table["observed_days"]) == {1.0}


def test_what_finer_pieces_speak_of_gets_nothing_of_the_coarser() -> None:
    # k = 3. One cell speaks of Monday 10-11 itself, and of the rest of Monday 10-14; of its other hours one courier,
    # and of another cell of the grid two, are pooled in the parent. They cannot be of 10-14 in the first cell.
    rows = [(c, 10, 10, 2, 2) for c in range(3)] + [(c, 11 + c, 10, 2, 2) for c in range(3)]
    rows += [(9, 20, 10, 2, 2), (10, 20, 10, 6, 6), (11, 20, 10, 6, 6)]
    found = demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, zones=TOWN)
    assert sorted(found.table["span"]) == ["any time", "hour", "part of day"]
    table = demand.spread(found, pieces=PIECES).set_index(["cell", "zone_id", "bin"])
    cell = int(found.table.loc[found.table["span"] == "hour", "cell"].iloc[0])
    there = table.loc[(cell, "g00")]
    assert there.loc[10, ["courier_s", "couriers"]].tolist() == [1800.0, 3.0]
    assert there.loc[11:13, "courier_s"].tolist() == [pytest.approx(600.0)] * 3
    assert 0.0 < there.loc[9, "courier_s"] < 100.0
    assert table["courier_s"].sum() == pytest.approx(9 * 600.0)


def test_a_cell_that_speaks_for_itself_gets_nothing_of_its_parent() -> None:
    # k = 3. Three couriers in one cell on three days, one each in three other cells: these are pooled around it.
    rows = [(c, 10 + 24 * c, 10, 2, 2) for c in range(3)] + [(5, 10, 10, 6, 6), (6, 10, 10, 8, 2), (7, 10, 10, 2, 6)]
    found = demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, zones=TOWN)
    assert found.table["resolution"].tolist()[0] < RESOLUTION == found.table["resolution"].tolist()[-1]
    alone = found.table.iloc[-1]
    table = demand.spread(found, pieces=PIECES, timed=False).set_index(["cell", "zone_id"])
    assert table.loc[(alone["cell"], "g00"), ["courier_s", "couriers"]].tolist() == [1800.0, 3.0]
    assert table["courier_s"].sum() == pytest.approx(3600.0)
    assert len(table) > 2


def test_outside_is_spread_over_what_no_zone_covers() -> None:
    rows = [(c, 10, 10, -1, 5) for c in range(2)] + [(c, 10, 10, -9, 5) for c in range(2, 4)]
    found = demand.release(aggregate_of(rows), k=4, coarsest_resolution=7, zones=TOWN)
    (piece,) = found.table.itertuples()
    table = demand.spread(found, pieces=PIECES, timed=False).set_index("cell")
    _, children = cells.children([piece.cell], resolution=RESOLUTION)
    outer = PIECES[PIECES["zone_id"] == ""].set_index("cell")["area_m2"]
    full = pd.Series(cells.areas_m2(children), index=children)
    area = outer.reindex(children).where(np.isin(children, PIECES["cell"]), full).fillna(0.0)
    expected = (area / area.sum() * 2400.0)[lambda amount: amount > 0].sort_index()
    np.testing.assert_allclose(table["courier_s"], expected, rtol=1e-12)
    assert table.index.tolist() == expected.index.tolist()
    evenly = demand.spread(found, pieces=None, timed=False)
    np.testing.assert_allclose(evenly["courier_s"], 2400.0 / len(children))


def test_spreading_refuses_what_does_not_belong_to_the_release() -> None:
    rows = [(c, 10, 10, 5, 5) for c in range(2)] + [(c, 10, 10, 11, 5) for c in range(2, 4)]
    found = demand.release(aggregate_of(rows), k=4, coarsest_resolution=8, zones=TOWN)
    with pytest.raises(ParameterError, match=r"pieces must be given.*1 of 1 published"):
        demand.spread(found, pieces=None)
    with pytest.raises(ParameterError, match=r"of the resolution that was released, 10\. Got 9"):
        demand.spread(found, pieces=zones.pieces(TOWN, resolution=9))
    with pytest.raises(DataError, match=r"of 1 of 1 pooled ones they hold none: cell .* in zone 'c00'"):
        demand.spread(found, pieces=PIECES[~PIECES["zone_id"].isin(["g00", "g10"])])
    nothing = demand.release(
        aggregate_of([(c, 10, 59 if c else 1, 5, 5) for c in range(2)]), k=2, most_share=0.6, coarsest_resolution=10
    )
    assert nothing.table.empty
    assert demand.spread(nothing, pieces=PIECES).empty


def test_hours_of_all_places_together_by_hand() -> None:
    # Three couriers wait 10 and 20 minutes from 9:00 and 12:00 on Monday, each in a grid of their own; one of them also
    # for 30 minutes at 3:00 on Tuesday, alone.
    rows = [(c, hour, minutes, 5 + 10 * c, 5) for c in range(3) for hour, minutes in ((9, 10), (12, 20))]
    found = demand.release(
        aggregate_of([*rows, (0, 24 + 3, 30, 5, 5)]), k=3, coarsest_resolution=5, zones=TOWN, finest_span="any time"
    )
    share = found.hours.set_index("bin")["courier_s_share"]
    # 30 of 120 minutes fall into 9:00, 60 into 12:00; the 30 at night speak of one courier, who has all of it, and
    # stay untold even with all other hours: what was told before is not told again.
    assert share[share > 0].to_dict() == pytest.approx({9: 1 / 3, 12: 2 / 3}, abs=1e-4)
    table = demand.spread(found, pieces=PIECES)
    by_bin = table.groupby("bin")["courier_s"].sum()
    published = found.table["courier_s"].sum()
    assert by_bin.index.tolist() == [9, 12]
    assert by_bin.to_numpy() / published == pytest.approx([1 / 3, 2 / 3], abs=1e-4)
    untimed = demand.spread(found, pieces=PIECES, timed=False)
    assert untimed["courier_s"].sum() == pytest.approx(published, rel=1e-12)


@given(st.lists(st.tuples(*(st.integers(0, n) for n in (6, 60, 59, 39, 19))), min_size=8, max_size=40))
@settings(max_examples=40, deadline=None)
def test_hours_are_told_of_k_couriers_or_with_their_neighbours(rows: list[Stop]) -> None:
    stops = [(c, hour, minutes + 1, x, y) for c, hour, minutes, x, y in rows]
    parts = aggregate_of(stops)
    try:
        found = demand.release(parts, k=3, coarsest_resolution=7, zones=TOWN, finest_span="any time")
    except DataError:
        return  # fewer than three couriers
    hours = found.hours
    for name in AMOUNTS:
        assert hours[f"{name}_share"].sum() == pytest.approx(1.0 if hours[f"{name}_share"].any() else 0.0, abs=0.01)
    # An hour that is told apart from its neighbours in the part of its day speaks of three couriers.
    people = parts.couriers.assign(hour=parts.sums["hour"].to_numpy()[parts.couriers["row"]])
    monday = parts.sums["hour"].min() // 24 * 24
    couriers = people.groupby("hour")["courier"].nunique()
    share = hours.set_index("bin")["courier_s_share"]
    part_of = np.repeat(np.arange(6), [6, 4, 4, 3, 4, 3])
    for hour, n in couriers.items():
        at = int(str(hour)) - monday
        day, within = divmod(at, 24)
        alike = [day * 24 + other for other in np.flatnonzero(part_of == part_of[within])]
        if n < 3:
            assert share.get(day * 24 + within, 0.0) <= share.reindex(alike).min() + 1e-9


def test_late_data_in_the_same_cut_is_another_release() -> None:
    rows = [(c, 9, 10, 5, 5) for c in range(5)]
    one = demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, zones=TOWN)
    again = demand.release(aggregate_of(rows), k=3, coarsest_resolution=8, zones=TOWN)
    late = demand.release(aggregate_of([*rows, (5, 9, 10, 5, 5)]), k=3, coarsest_resolution=8, zones=TOWN)
    assert demand.overlapping(again, [one.entry]) == []
    assert len(demand.overlapping(late, [one.entry])) == 1
