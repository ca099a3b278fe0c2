"""What leaves the house: pieces of k couriers or more, and nothing smaller by subtraction."""

import itertools

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from stationgeo import cells, demand
from stationgeo.errors import DataError, ParameterError

TZ = "Asia/Shanghai"
TOWN = gpd.GeoDataFrame(
    {"zone_id": ["west", "east"], "level": "grid", "parent_id": "", "name": ["W", "E"]},
    geometry=[shapely.box(114.0, 22.5, 114.06, 22.6), shapely.box(114.06, 22.5, 114.12, 22.6)],
    crs="EPSG:4326",
)


def stops_of(rows: list[tuple[int, int, int, float]]) -> pd.DataFrame:
    """STOPS of (courier, hours since Monday 2 November 2026, minutes, lon)."""
    courier, hour, minutes, lon = (np.array(column) for column in zip(*rows, strict=True))
    start = pd.DatetimeIndex(pd.Timestamp("2026-11-02", tz=TZ) + pd.to_timedelta(hour, unit="h"))
    start = start.tz_convert("UTC").as_unit("ms")
    return pd.DataFrame(
        {
            "stop_id": np.arange(len(rows)),
            "courier_id": pd.Series([f"c{c}" for c in courier], dtype="str"),
            "lon": lon,
            "lat": 22.55,
            "start": start,
            "end": start + pd.to_timedelta(minutes, unit="min").as_unit("ms"),
            "duration_s": minutes * 60.0,
            "n_fixes": 2,
            "purpose": pd.Series("unknown", index=range(len(rows)), dtype="str"),
            "cut": False,
        }
    )


def aggregate_of(rows: list[tuple[int, int, int, float]]) -> demand.Aggregate:
    return demand.aggregate(stops_of(rows), zones=TOWN, resolution=10, tz=TZ)


def test_a_place_by_hand() -> None:
    # k = 3. At 114.05 E: hour 10 has four couriers, published as it is; hours 11 and 12 two and one, other ones,
    # together three in the part of day 10-14; hour 22 one. At 114.10 E, in the east, two couriers: too few.
    rows = [(c, 10, 10, 114.05) for c in range(4)]
    rows += [(10, 11, 10, 114.05), (11, 11, 10, 114.05), (12, 12, 10, 114.05), (13, 22, 10, 114.05)]
    rows += [(c, 10, 10, 114.10) for c in range(2)]
    found = demand.release(aggregate_of(rows), k=3, coarsest_resolution=9)
    kept = found.table[["zone_id", "span", "day_type", "hours", "courier_s", "visits", "couriers"]]
    assert kept.to_numpy().tolist() == [
        ["west", "hour", "Monday", "10-11", 2400.0, 4.0, 4.0],
        ["west", "part of day", "Monday", "10-14", 1800.0, 3.0, 3.0],
    ]
    # dropped: 600 s of hour 22 and 1,200 s of the east, of 6,000 s in all: 30%
    assert found.suppressed_share == pytest.approx(0.30)
    # five whole courier-days, and half of those of the two who were in the east as long
    assert found.totals.to_numpy().tolist() == [["west", "", 4200.0, 7.0, pytest.approx(5 + 2 / 2)]]
    assert found.days == ("2026-11-02",)


def test_what_cells_cannot_say_their_parent_says() -> None:
    cell = cells.from_lonlat([114.05], [22.55], resolution=10)
    lon, _ = cells.centres(cell)
    siblings = cells.from_lonlat(lon + np.array([-0.0012, 0.0, 0.0012]), np.full(3, 22.55), resolution=10)
    assert len(set(siblings.tolist())) > 1
    rows = [(c, 10, 10, float(lon[0]) + 0.0012 * (c % 3 - 1)) for c in range(6)]
    found = demand.release(aggregate_of(rows), k=6, coarsest_resolution=6)
    assert found.table["span"].tolist() == ["any time"]
    assert cells.resolution_of(found.table["cell"].to_numpy()) < 10
    assert found.table["couriers"].tolist() == [6.0]
    assert found.suppressed_share == 0.0


def test_one_courier_may_not_have_most_of_a_number() -> None:
    rows = [(c, 10, 1, 114.05) for c in range(9)] + [(9, 10, 55, 114.05)]  # 55 of 64 minutes are one courier's
    assert demand.release(aggregate_of(rows), k=5, coarsest_resolution=10).table.empty
    found = demand.release(aggregate_of(rows), k=5, most_share=0.9, coarsest_resolution=10)
    assert found.table["couriers"].tolist() == [10.0]


ROW = st.tuples(st.integers(0, 12), st.integers(0, 167), st.integers(0, 59), st.sampled_from([114.05, 114.052, 114.1]))


@given(rows=st.lists(ROW, min_size=1, max_size=60), k=st.integers(2, 5))
@settings(max_examples=40, deadline=None)
def test_every_piece_is_safe_and_pieces_and_the_rest_are_everything(
    rows: list[tuple[int, int, int, float]], k: int
) -> None:
    if len({courier for courier, *_ in rows}) < k:
        with pytest.raises(DataError, match="fewer than"):
            demand.release(aggregate_of(rows), k=k, most_share=1.0, coarsest_resolution=7)
        return
    found = demand.release(aggregate_of(rows), k=k, most_share=1.0, coarsest_resolution=7)
    assert (found.table["couriers"] >= k).all()
    assert not found.table.duplicated(["zone_id", "cell", "span", "day_type", "hours"]).any()
    seconds = sum(minutes for _, _, minutes, _ in rows) * 60
    published = found.table["courier_s"].sum()  # one day of each weekday was observed at most
    rest = 1 - published / seconds if seconds else 0.0
    assert rest <= found.suppressed_share + 1e-9
    assert found.suppressed_share <= rest + 0.01 + 1e-9
    # each stop is in the finest published piece that holds it, or in none: count who is in each piece by hand
    stops = stops_of(rows)
    zone = np.where(stops["lon"] < 114.06, "west", "east")
    fine = cells.from_lonlat(stops["lon"], stops["lat"], resolution=10)
    hour = stops["start"].dt.tz_convert(TZ)
    left = pd.Series(True, index=stops.index)  # noqa: FBT003
    n_seen = 0
    for piece in found.table.sort_values(
        "span", key=lambda s: s.map({"hour": 0, "part of day": 1, "any time": 2})
    ).itertuples():
        resolution = cells.resolution_of([piece.cell])
        inside = left & (zone == piece.zone_id) & (cells.parents(fine, resolution=resolution) == piece.cell)
        if piece.span != "any time":
            begin, end = (int(h) for h in piece.hours.split("-"))
            inside &= (hour.dt.day_name() == piece.day_type) & hour.dt.hour.between(begin, end - 1)
        if resolution == 10:
            assert stops.loc[inside, "courier_id"].nunique() == piece.couriers
            left &= ~inside
            n_seen += 1
    assert n_seen <= len(found.table)


def test_differencing_does_not_give_a_small_cell_back() -> None:
    # Thirty couriers rest in five cells; one rests alone, planted, in a cell beside them. The attacker has everything
    # that is published, adds and subtracts any of it, and knows how long the planted stop lasted: 47 minutes.
    rng = np.random.default_rng(4)
    lons = 114.05 + 0.0015 * np.arange(5)
    rows = [(int(c), int(h), 20, float(lons[c % 5])) for c in range(30) for h in rng.integers(9, 18, 6)]
    planted = (99, 15, 47, 114.0575)
    secret = 47 * 60.0
    found = demand.release(aggregate_of([*rows, planted]), k=5, coarsest_resolution=8)
    without = demand.release(aggregate_of(rows), k=5, coarsest_resolution=8)
    numbers = [*found.table["courier_s"], *found.totals["courier_s"], found.table["courier_s"].sum()]
    for n in (1, 2, 3):
        for chosen in itertools.combinations(numbers, n):
            for signs in itertools.product((1, -1), repeat=n):
                assert abs(abs(float(np.dot(signs, chosen))) - secret) > 1.0
    # Whoever else's piece it was pooled into has at least five couriers in it; nothing finer speaks of its cell.
    cell = cells.from_lonlat([114.0575], [22.55], resolution=10)[0]
    assert cell not in set(found.table["cell"].tolist())
    # The share that was dropped is told in whole percent: far more than the planted stop.
    assert found.suppressed_share * 100 == pytest.approx(round(found.suppressed_share * 100))
    everything = sum(minutes for _, _, minutes, _ in rows) * 60 + secret
    assert abs(found.suppressed_share - without.suppressed_share) * everything != pytest.approx(secret, rel=0.05)


def test_releases_of_the_same_days_in_other_pieces_are_warned_of() -> None:
    found = aggregate_of([(c, 10 + c % 3, 10, 114.05) for c in range(12)])
    one = demand.release(found, k=3, coarsest_resolution=9)
    same = demand.release(found, k=3, coarsest_resolution=9)
    other = demand.release(found, k=6, coarsest_resolution=9)
    assert demand.overlapping(same, [one.entry]) == []
    (warning,) = demand.overlapping(other, [one.entry])
    assert "1 of the same days, from 2026-11-02 to 2026-11-02" in warning
    later = demand.release(aggregate_of([(c, 24 * 7 + 10, 10, 114.05) for c in range(12)]), k=3, coarsest_resolution=9)
    assert demand.overlapping(later, [one.entry]) == []


def test_synthetic_data_may_be_released_whole() -> None:
    parts = aggregate_of([(1, 10, 10, 114.05), (2, 11, 20, 114.1)])
    found = demand.release(parts, k=1, coarsest_resolution=10, synthetic=True)
    assert found.table["span"].tolist() == ["hour", "hour"]
    assert found.suppressed_share == 0.0
    assert found.entry["synthetic"] is True
    assert "synthetic data" in found._repr_html_()
    with pytest.raises(ParameterError, match=r"k must be 2 or more.*say synthetic=True"):
        demand.release(parts, k=1, coarsest_resolution=10)
    assert demand.release(parts, k=2, coarsest_resolution=10).entry["synthetic"] is False


def test_fewer_than_k_couriers_in_all_are_not_counted_out() -> None:
    rows = [(c, 10, 10, 114.05) for c in range(4)]
    with pytest.raises(DataError, match="fewer than 5 are there in all") as raised:
        demand.release(aggregate_of(rows), k=5, coarsest_resolution=7)
    assert "4" not in str(raised.value)


def test_nothing_and_numbers_out_of_range_are_refused() -> None:
    found = aggregate_of([(1, 10, 10, 114.05)])
    with pytest.raises(DataError, match="no demand to release"):
        demand.release(demand.aggregate(stops_of([(1, 1, 1, 114.05)]).iloc[:0], zones=None, resolution=10, tz=TZ),
                       coarsest_resolution=9)  # fmt: skip
    with pytest.raises(ParameterError, match="k must be a whole number"):
        demand.release(found, k=0, coarsest_resolution=9)
    with pytest.raises(ParameterError, match="most_share"):
        demand.release(found, most_share=0, coarsest_resolution=9)
    with pytest.raises(ParameterError, match="from 0 to the resolution of the aggregate, 10"):
        demand.release(found, coarsest_resolution=11)
