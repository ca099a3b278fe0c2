"""Day by day into a store: the days together are what all fixes in one piece give."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aggregates import assert_same
from stationgeo import demand, engine, index, io, tracks
from stationgeo.errors import DataError, ParameterError, SourceError
from stationgeo.index._days import OVERLAP_S
from stationgeo.store import DemandStore

TZ = "Asia/Shanghai"
PLAN = index.IndexPlan(
    stops=tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900), resolution=10, tz=TZ, n_replicates=1
)
ENGINE = engine.LocalEngine(workers=2)
FIRST = dt.date(2026, 11, 20)
DAYS = [FIRST + dt.timedelta(days=n) for n in range(4)]


def fixes_of(seed: int) -> pd.DataFrame:
    """Four days of six couriers who wait and ride by turns, also over midnight, and at times switch the device off."""
    rng = np.random.default_rng(seed)
    rows = []
    for courier in range(6):
        t = pd.Timestamp(FIRST, tz=TZ) + pd.Timedelta(seconds=int(rng.integers(0, 20_000)))
        lon = 114.05
        while t.tz_convert(TZ).date() <= DAYS[-1]:
            for _ in range(int(rng.integers(2, 90))):  # a wait of 1 to 45 minutes
                rows.append((f"c{courier}", t, lon + rng.normal(0, 1e-5)))
                t += pd.Timedelta(seconds=30)
            for _ in range(int(rng.integers(3, 40))):  # a ride
                lon += 0.002 * rng.choice([-1, 1])
                rows.append((f"c{courier}", t, lon))
                t += pd.Timedelta(seconds=30)
            if rng.random() < 0.1:
                t += pd.Timedelta(minutes=int(rng.integers(20, 1_100)))
    courier, t, lon = zip(*rows, strict=True)
    times = pd.DatetimeIndex(t).tz_convert("UTC").as_unit("ms")
    table = pd.DataFrame({"courier_id": pd.Series(courier, dtype="str"), "t": times, "lon": lon, "lat": 22.55})
    return table[table["t"].dt.tz_convert(TZ).dt.date <= DAYS[-1]].reset_index(drop=True)


def write(fixes: pd.DataFrame, folder: Path, *, tz: str = TZ) -> None:
    for date, part in fixes.groupby(fixes["t"].dt.tz_convert(tz).dt.date):
        target = folder / str(date)
        target.mkdir(parents=True, exist_ok=True)
        part.to_parquet(target / "fixes.parquet", index=False)


def scan(files: list[Path]) -> io.FixScan:
    return io.scan_fixes(files, datum="WGS-84", batch_rows=5_000)


def whole(fixes: pd.DataFrame) -> demand.Aggregate:
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    observed = tracks.observed_dates(fixes["t"], tz=TZ)
    return demand.aggregate(
        stops, zones=None, resolution=10, tz=TZ, observed=observed, silences=silences, n_replicates=1
    )


def indexed(folder: Path, store: DemandStore, dates: list[dt.date] | None = None) -> list[index.DayDone]:
    return list(
        index.index_days(index.find_days(folder), store=store, plan=PLAN, scan=scan, engine=ENGINE, dates=dates)
    )


@pytest.fixture
def store(tmp_path: Path) -> DemandStore:
    return DemandStore.create(tmp_path / "demand", plan={"resolution": 10, "tz": TZ})


@pytest.mark.parametrize("seed", range(3))
def test_all_days_are_what_all_fixes_in_one_piece_give(seed: int, tmp_path: Path, store: DemandStore) -> None:
    fixes = fixes_of(seed)
    write(fixes, tmp_path / "fixes")
    done = indexed(tmp_path / "fixes", store)
    assert [(day.date, day.provisional) for day in done] == [(date, date == DAYS[-1]) for date in DAYS]
    assert sum(day.n_fixes for day in done) == len(fixes)
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    local = stops[["start", "end"]].apply(lambda times: times.dt.tz_convert(TZ).dt.date)
    assert (local["start"] < local["end"]).any()  # some lie over midnight
    assert_same(store.read(), whole(fixes))
    assert store.read().sums["unknown_us"].sum() > 0


def test_silences_over_midnight_are_whole_up_to_12_hours_and_longer_ones_do_not_count(
    tmp_path: Path, store: DemandStore
) -> None:
    assert demand.LONGEST_SILENCE_S == OVERLAP_S
    # From 23:59 of the first day until 11:59, one second short of 12 h, 12 h to the second and one more, of the second.
    begin = pd.Timestamp(FIRST, tz=TZ) + pd.Timedelta(hours=23, minutes=59)
    half_a_day = [pd.Timedelta(hours=12) + pd.Timedelta(seconds=s) for s in (-1, 0, 1)]
    times = [(f"c{n}", begin + pd.Timedelta(seconds=n) + after) for n, lasts in enumerate(half_a_day)
             for after in (pd.Timedelta(0), lasts)]  # fmt: skip
    courier, t = zip(*times, strict=True)
    fixes = pd.DataFrame({
        "courier_id": pd.Series(courier, dtype="str"), "t": pd.DatetimeIndex(t).tz_convert("UTC").as_unit("ms"),
        "lon": 114.05, "lat": 22.55,
    })  # fmt: skip
    write(fixes, tmp_path / "fixes")
    indexed(tmp_path / "fixes", store)
    assert_same(store.read(), whole(fixes))
    assert store.read([FIRST]).sums["unknown_us"].sum() == (2 * 12 * 3_600 - 1) * 1_000_000
    assert store.table()["n_long_silences"].tolist() == [1, 0]
    assert demand.read_out(store.read([FIRST]))["unknown_s"].sum() == pytest.approx(2 * 12 * 3_600 - 1)


def test_days_that_come_one_by_one_are_redone_when_their_successor_comes(tmp_path: Path, store: DemandStore) -> None:
    fixes = fixes_of(1)
    dates = fixes["t"].dt.tz_convert(TZ).dt.date
    redone = []
    for date in DAYS:
        write(fixes[dates == date], tmp_path / "fixes")
        done = indexed(tmp_path / "fixes", store, [date])
        redone.append([(day.date, day.provisional) for day in done])
    expected = [[(DAYS[0], True)], *[[(date, True), (date - dt.timedelta(days=1), False)] for date in DAYS[1:]]]
    assert redone == expected
    assert_same(store.read(), whole(fixes))
    # nothing has changed: only what is asked for is done
    assert [day.date for day in indexed(tmp_path / "fixes", store, [DAYS[1]])] == [DAYS[1]]
    assert_same(store.read(), whole(fixes))


def test_late_data_redo_their_day_and_its_neighbours(tmp_path: Path, store: DemandStore) -> None:
    fixes = fixes_of(2)
    late = (fixes["courier_id"] == "c3") & (fixes["t"].dt.tz_convert(TZ).dt.date == DAYS[1])
    write(fixes[~late], tmp_path / "fixes")
    indexed(tmp_path / "fixes", store)
    write(fixes, tmp_path / "fixes")
    done = indexed(tmp_path / "fixes", store, [DAYS[1]])
    assert [day.date for day in done] == [DAYS[1], DAYS[0], DAYS[2]]
    assert_same(store.read(), whole(fixes))


def test_files_cut_in_utc_give_local_days(tmp_path: Path, store: DemandStore) -> None:
    fixes = fixes_of(3)
    write(fixes, tmp_path / "fixes", tz="UTC")
    days = index.find_days(tmp_path / "fixes")
    # The first file in UTC begins eight hours before the first local day.
    assert min(days) == DAYS[0] - dt.timedelta(days=1)
    list(index.index_days(days, store=store, plan=PLAN, scan=scan, engine=ENGINE, dates=DAYS[:-1]))
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    before = stops["start"].dt.tz_convert(TZ).dt.date < DAYS[-1]
    assert store.read().sums["visits"].sum() == before.sum()


@pytest.mark.parametrize("memory_rows", [20_000, 10_000_000])
@pytest.mark.parametrize("case", ["csv", "by time", "time falls within a courier"])
def test_days_that_are_not_sorted_are_sorted_first(
    case: str, memory_rows: int, tmp_path: Path, store: DemandStore
) -> None:
    fixes = fixes_of(4)
    by = {"csv": ["t"], "by time": ["t"], "time falls within a courier": ["courier_id"]}[case]
    mixed = fixes.sample(frac=1, random_state=1).sort_values(by, kind="stable")
    write(mixed, tmp_path / "fixes")
    if case == "csv":
        for path in (tmp_path / "fixes").rglob("*.parquet"):
            pd.read_parquet(path).to_csv(path.with_suffix(".csv"), index=False)
            path.unlink()
    days = index.find_days(tmp_path / "fixes")
    work = tmp_path / "work"
    work.mkdir()
    options = {"plan": PLAN, "scan": scan, "engine": ENGINE, "folder": work, "memory_rows": memory_rows}
    done = list(index.index_days(days, store=store, **options))  # type: ignore[arg-type]
    assert sum(day.n_fixes for day in done) == len(fixes)
    assert_same(store.read(), whole(fixes))
    assert not list(work.iterdir())


def test_names_without_dates_are_passed_over(tmp_path: Path) -> None:
    for name in ("date=2026-11-20", "2026-11-21"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part-0.parquet").touch()
        (tmp_path / name / ".part-0.crc").touch()
    for name in ("fixes-2026-11-22.csv", "notes.txt", "2026-13-40.csv", "12026-11-201.csv", ".2026-11-23.csv"):
        (tmp_path / name).touch()
    (tmp_path / "2026-11-24").mkdir()
    found = index.find_days(tmp_path)
    assert [(str(date), [path.name for path in files]) for date, files in found.items()] == [
        ("2026-11-20", ["part-0.parquet"]),
        ("2026-11-21", ["part-0.parquet"]),
        ("2026-11-22", ["fixes-2026-11-22.csv"]),
    ]
    with pytest.raises(SourceError, match="no such folder"):
        index.find_days(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="no name in it has a date"):
        index.find_days(tmp_path / "2026-11-24")


def test_dates_without_files_and_files_of_other_dates_are_refused(tmp_path: Path, store: DemandStore) -> None:
    write(fixes_of(1), tmp_path / "fixes")
    with pytest.raises(ParameterError, match="1 of 1 dates have no files: 2026-12-24"):
        indexed(tmp_path / "fixes", store, [dt.date(2026, 12, 24)])
    (tmp_path / "fixes" / "2026-11-20").rename(tmp_path / "fixes" / "2026-07-01")
    with pytest.raises(DataError, match=r"none of the [\d,]+ fixes of its files is of 2026-07-01"):
        indexed(tmp_path / "fixes", store, [dt.date(2026, 7, 1)])
