"""Fixes of a study, followed batch by batch: however they come, the study is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import demand, study, tracks
from stationgeo.errors import DataError, ParameterError, StudyError
from stationgeo.study import Study

if TYPE_CHECKING:
    from pathlib import Path

TZ = "Asia/Shanghai"
STUDY = """
name = "Three couriers"
tz = "Asia/Shanghai"
resolution = 10
[fixes]
path = "{path}"
datum = "WGS-84"
synthetic = true
[stops]
radius_m = 100
min_duration_s = 300
max_gap_s = 900
[reach]
cutoff_m = 600
detour_factor = 1.2
[engine]
batch_rows = {rows}
{more}
"""


def walk(seed: int) -> pd.DataFrame:
    """Three couriers who wait and ride by turns from Friday evening to Sunday noon, 10 and 12 May 2024."""
    rng = np.random.default_rng(seed)
    parts = []
    for courier, group in (("a", "rider"), ("b", "rider"), ("c", "driver")):
        n = 2_000
        waits = rng.random(n) < 0.97
        lon = 114.05 + np.cumsum(np.where(waits, 0.0, 0.004 * rng.choice([-1, 1], n))) + rng.normal(0, 1e-5, n)
        t = pd.Timestamp("2024-05-10 18:00", tz=TZ) + pd.to_timedelta(np.cumsum(rng.integers(20, 100, n)), unit="s")
        columns = {"courier_id": courier, "group": group, "t": t.tz_convert("UTC"), "lon": lon, "lat": 22.54}
        parts.append(pd.DataFrame(columns))
    fixes = pd.concat(parts, ignore_index=True)
    # 9 decimals are what the text keeps.
    return fixes.assign(lon=fixes["lon"].round(9), t=fixes["t"].dt.as_unit("ms"))


def write(fixes: pd.DataFrame, path: Path) -> None:
    text = fixes.assign(t=fixes["t"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    path.parent.mkdir(exist_ok=True)
    text.to_csv(path, index=False)


def read(folder: Path, path: str, *, rows: int = 1_000_000, more: str = "") -> Study:
    (folder / "study.toml").write_text(STUDY.format(path=path, rows=rows, more=more), encoding="utf-8")
    return Study.read(folder / "study.toml")


def expected(fixes: pd.DataFrame) -> pd.DataFrame:
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    observed = tracks.observed_dates(fixes["t"], tz=TZ)
    silences = tracks.find_silences(fixes, radius_m=100, max_gap_s=900)
    return demand.from_stops(stops, zones=None, resolution=10, tz=TZ, observed=observed, silences=silences)


def assert_same_demand(found: pd.DataFrame, fixes: pd.DataFrame) -> None:
    # Without zones a study places all demand in the hull.
    pd.testing.assert_frame_equal(found.drop(columns="zone_id"), expected(fixes).drop(columns="zone_id"))


@pytest.mark.parametrize("rows", [1, 97, 1_000_000])
def test_batches_of_any_size_give_the_same_demand(tmp_path: Path, rows: int) -> None:
    fixes = walk(1)
    fixes = fixes if rows > 1 else fixes.groupby("courier_id").head(200)
    write(fixes, tmp_path / "fixes.csv")
    result = study.run(read(tmp_path, "fixes.csv", rows=rows))
    assert_same_demand(result.demand, fixes)
    assert result.inputs.reports["fixes"].rows_kept == len(fixes)


@pytest.mark.parametrize("how", ["by time", "shuffled", "files that overlap"])
def test_fixes_in_any_order_give_the_same_demand(tmp_path: Path, how: str) -> None:
    fixes = walk(2)
    if how == "by time":
        write(fixes.sort_values("t", kind="stable"), tmp_path / "fixes" / "all.csv")
    elif how == "shuffled":
        write(fixes.sample(frac=1, random_state=1), tmp_path / "fixes" / "all.csv")
    else:
        write(fixes.iloc[::2], tmp_path / "fixes" / "one.csv")
        write(fixes.iloc[1::2], tmp_path / "fixes" / "two.csv")
    result = study.run(read(tmp_path, "fixes", rows=500))
    assert_same_demand(result.demand, fixes)
    assert result.inputs.reports["fixes"].rows_read == len(fixes)
    assert result.inputs.reports["fixes"].datum == "WGS-84"


def test_more_unsorted_fixes_than_memory_may_hold(tmp_path: Path) -> None:
    fixes = walk(3)
    write(fixes.sample(frac=1, random_state=2), tmp_path / "fixes.csv")
    assert_same_demand(study.run(read(tmp_path, "fixes.csv", rows=300, more="sort_rows = 6000")).demand, fixes)
    with pytest.raises(ParameterError, match="at least 4 times the fixes of one courier's day"):
        study.run(read(tmp_path, "fixes.csv", rows=300, more="sort_rows = 400"))


def test_repeats_are_counted_whatever_the_rules(tmp_path: Path) -> None:
    fixes = walk(4)
    elsewhere = fixes.iloc[[10, 2_500]].assign(lon=114.2)
    doubled = pd.concat([fixes, fixes.iloc[[5, 3_000, 5_999]], elsewhere]).sort_values(
        ["courier_id", "t"], kind="stable"
    )
    # Rows of one file that repeat another in every column are no fixes of their own to begin with.
    write(doubled, tmp_path / "fixes.csv")
    for more in ("", "[stops.cleaning]\nmax_speed_m_s = 40\nspeed_slack_m = 500"):
        result = study.run(read(tmp_path, "fixes.csv", more=more))
        dropped = {count.reason: count.rows for count in result.inputs.reports["fixes"].dropped}
        assert dropped["same courier and time at another place: the first stays"] == 2
        assert dropped["identical rows"] == 3
        assert result.inputs.reports["fixes"].rows_kept == len(fixes)


def test_check_counts_what_a_run_would_drop(tmp_path: Path) -> None:
    fixes = walk(5)
    write(pd.concat([fixes.iloc[:1].assign(lon=114.3), fixes]), tmp_path / "fixes.csv")
    asked = read(tmp_path, "fixes.csv")
    assert study.check(asked).reports["fixes"] == study.run(asked).inputs.reports["fixes"]


def test_progress_is_told_in_fixes(tmp_path: Path) -> None:
    from contextlib import contextmanager  # noqa: PLC0415 - only here

    fixes = walk(6)
    write(fixes.sample(frac=1, random_state=3), tmp_path / "fixes.csv")
    told: list[tuple[str, int | None, str]] = []
    taken: dict[str, int] = {}

    class Listener:
        @contextmanager
        def stage(self, name, *, steps, unit=""):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            told.append((name, steps, unit))

            def step(n: int = 1, /) -> None:
                taken[name] = taken.get(name, 0) + n

            yield step

    study.check(read(tmp_path, "fixes.csv", rows=1_000), progress=Listener())
    assert [name for name, _, unit in told if unit == "fixes"] == ["fixes", "sort", "fixes"]
    assert taken["sort"] == len(fixes)
    guessed, known = (steps for name, steps, _ in told if name == "fixes")
    assert guessed is not None
    assert abs(guessed / len(fixes) - 1) < 0.05
    assert known == len(fixes)


def test_a_store_takes_the_place_of_the_fixes(tmp_path: Path) -> None:
    fixes = walk(7)
    for date, part in fixes.groupby(fixes["t"].dt.tz_convert(TZ).dt.date):
        write(part, tmp_path / "days" / f"{date}.csv")
    write(fixes, tmp_path / "fixes.csv")
    followed = study.run(read(tmp_path, "fixes.csv"))
    asked = read(tmp_path, "fixes.csv", more='[store]\npath = "store"')
    study.index_days(asked, tmp_path / "days", tmp_path / "store")
    (tmp_path / "fixes.csv").unlink()
    stored = study.run(asked)
    pd.testing.assert_frame_equal(stored.demand, followed.demand)
    assert stored.headline == followed.headline
    notes = "\n".join(stored.notes)
    assert "demand of 3 days from the store, 2024-05-10 to 2024-05-12" in notes
    assert "1 of these days are provisional" in notes
    one = study.run(read(tmp_path, "fixes.csv", more='[store]\npath = "store"\nsince = 2024-05-11\nuntil = 2024-05-11'))
    assert set(one.demand["bin"] // 24) == {5}
    with pytest.raises(DataError, match="none of the days asked for, from 2025-01-01 to its last; it has 3"):
        study.run(read(tmp_path, "fixes.csv", more='[store]\npath = "store"\nsince = 2025-01-01'))
    with pytest.raises(StudyError, match="since must not be later than until"):
        read(tmp_path, "fixes.csv", more='[store]\npath = "s"\nsince = 2025-01-01\nuntil = 2024-01-01')
    coarse = study.run(asked.model_copy(update={"resolution": 8}))
    assert coarse.demand["courier_s"].sum() == pytest.approx(followed.demand["courier_s"].sum())
    with pytest.raises(ParameterError, match="asks for finer ones, 11"):
        study.run(asked.model_copy(update={"resolution": 11}))
    with pytest.raises(ParameterError, match="counts hours of 'Asia/Shanghai', the study of 'UTC'"):
        study.run(asked.model_copy(update={"tz": "UTC"}))


PURPOSE = """
[stops.purpose]
rest_min_s = 600
{}
[stations]
path = "stations.csv"
datum = "WGS-84"
[known_places]
path = "places.csv"
datum = "WGS-84"
default_purpose = "depot"
[store]
path = "store"
"""


def test_a_store_keeps_purposes_apart(tmp_path: Path) -> None:
    fixes = walk(10)
    for date, part in fixes.groupby(fixes["t"].dt.tz_convert(TZ).dt.date):
        write(part, tmp_path / "days" / f"{date}.csv")
    write(fixes, tmp_path / "fixes.csv")
    stops = tracks.find_stops(fixes, radius_m=100, min_duration_s=300, max_gap_s=900)
    by_day = stops["start"].dt.tz_convert(TZ).dt.hour.between(8, 20)
    places = stops.loc[by_day & stops["duration_s"].between(600, 7_200), ["lon", "lat"]]
    station = places.iloc[[2]].assign(station_id="s", kind="warm_bee")
    station.to_csv(tmp_path / "stations.csv", index=False)
    places.iloc[[-1]].to_csv(tmp_path / "places.csv", index=False)
    asked = read(tmp_path, "fixes.csv", more=PURPOSE.format(""))
    assert asked.stops is not None
    study.index_days(asked, tmp_path / "days", tmp_path / "store")
    # Nobody shares a depot here, and nights are judged alike, so that a store says what a run over the fixes says.
    followed = study.run(asked.model_copy(update={"store": None}))
    assert followed.tracks is not None
    found = set(followed.tracks.stops["purpose"])
    assert {"rest", "at_station", "depot"} <= found
    stored = study.run(asked)
    pd.testing.assert_frame_equal(stored.demand, followed.demand)
    # What counts may be narrowed when the store is read, but weights were shared out when it was indexed.
    at_stations = read(tmp_path, "fixes.csv", more=PURPOSE.format('count = ["at_station"]'))
    assert 0 < study.run(at_stations).demand["courier_s"].sum() < stored.demand["courier_s"].sum()
    with pytest.raises(ParameterError, match=r"made for another plan: .stops"):
        study.index_days(at_stations, tmp_path / "days", tmp_path / "store")
    # Another station makes other rests.
    station.assign(lon=114.2).to_csv(tmp_path / "stations.csv", index=False)
    with pytest.raises(ParameterError, match=r"made for another plan: .stations"):
        study.index_days(asked, tmp_path / "days", tmp_path / "store")


def test_working_days_by_the_calendar(tmp_path: Path) -> None:
    # Saturday 11 May 2024 was worked for the holidays before it.
    fixes = walk(8)
    write(fixes, tmp_path / "fixes.csv")
    bins = {}
    for calendar in ('calendar = "CN"', ""):
        more = f'[demand]\nday_types = ["working day"]\n{calendar}'
        result = study.run(read(tmp_path, "fixes.csv", more=more))
        bins[calendar] = set(result.demand["bin"] // 24)
        assert any("only days of the type working day count" in note for note in result.notes)
    assert bins == {'calendar = "CN"': {4, 5}, "": {4}}
    with pytest.raises(DataError, match="none of 3 observed days is a holiday"):
        study.run(read(tmp_path, "fixes.csv", more='[demand]\nday_types = ["holiday"]'))


def test_expansion_weighs_groups(tmp_path: Path) -> None:
    fixes = walk(9)
    write(fixes, tmp_path / "fixes.csv")
    plain = study.run(read(tmp_path, "fixes.csv")).demand["courier_s"].sum()
    of_drivers = expected(fixes[fixes["group"] == "driver"])
    # All were observed on the same days.
    heavy = study.run(read(tmp_path, "fixes.csv", more="[demand]\nexpansion = { rider = 1, driver = 3 }"))
    assert heavy.demand["courier_s"].sum() == pytest.approx(plain + 2 * of_drivers["courier_s"].sum())
    with pytest.raises(DataError, match="expansion must have a weight for every group"):
        study.run(read(tmp_path, "fixes.csv", more="[demand]\nexpansion = { rider = 1 }"))


def test_demand_keys_need_tracks(tmp_path: Path) -> None:
    text = (
        'name = "x"\ntz = "UTC"\nresolution = 9\n[events]\npath = "e.csv"\n[reach]\ncutoff_m = 1\ndetour_factor = 1\n'
    )
    (tmp_path / "study.toml").write_text(text + "[demand]\nreplicates = 3\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[demand\] is about tracks"):
        Study.read(tmp_path / "study.toml")
