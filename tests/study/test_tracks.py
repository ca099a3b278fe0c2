"""A study that cleans its tracks and counts rests only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import ColumnError, DataError, StudyError

if TYPE_CHECKING:
    from pathlib import Path

STUDY = """
name = "Two couriers"
tz = "Asia/Shanghai"
resolution = 10
[fixes]
path = "fixes.csv"
datum = "WGS-84"
synthetic = true
[stops]
radius_m = 100
min_duration_s = 300
max_gap_s = 900
{more}
[stations]
path = "stations.csv"
datum = "WGS-84"
[reach]
cutoff_m = 600
detour_factor = 1.2
"""
PURPOSE = "[stops.purpose]\nrest_min_s = 600\n"


def waits(courier: str, *stays: tuple[str, int, float]) -> pd.DataFrame:
    """One fix a minute: local start on 6 May 2024, minutes, longitude."""
    parts = [
        pd.DataFrame({"t": pd.date_range(f"2024-05-06 {start}", periods=minutes + 1, freq="min"), "lon": lon})
        for start, minutes, lon in stays
    ]
    return pd.concat(parts, ignore_index=True).assign(courier_id=courier, lat=22.54)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    # "a": 20 minutes at the station (114.05), with one fix 3 km off after 10, and 30 minutes 1 km away after a gap of
    # 40 minutes; "b": 6 minutes, then silent for an hour at one place.
    a = waits("a", ("12:00", 20, 114.05), ("13:00", 30, 114.06))
    a.loc[10, "lon"] = 114.08
    b = waits("b", ("12:00", 6, 114.07), ("13:06", 1, 114.07))
    pd.concat([a, b]).to_csv(tmp_path / "fixes.csv", index=False)
    station = pd.DataFrame({"station_id": ["s"], "kind": ["warm_bee"], "lon": [114.05], "lat": [22.54]})
    station.to_csv(tmp_path / "stations.csv", index=False)
    return tmp_path


def run(folder: Path, more: str = "") -> study.Result:
    path = folder / "study.toml"
    path.write_text(STUDY.format(more=more), encoding="utf-8")
    return study.run(study.Study.read(path))


def test_without_sections_every_stop_counts_and_nothing_is_said(folder: Path) -> None:
    result = run(folder)
    assert result.stops is not None
    assert result.stops["duration_s"].tolist() == [540.0, 540.0, 1_800.0, 360.0]  # the spike cuts the first wait
    assert set(result.stops["purpose"]) == {"unknown"}
    assert (result.demand["courier_s"] * result.demand["observed_days"]).sum() == pytest.approx(3_240)
    assert not any("cleaning" in note or "rest" in note for note in result.notes)
    study.write(result, folder / "out")
    assert "purposes" not in json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))


def test_cleaning_is_counted_with_the_fixes(folder: Path) -> None:
    result = run(folder, "[stops.cleaning]\nmax_speed_m_s = 33\nnot_after = 2024-05-06T13:29:30+08:00\n")
    assert result.stops is not None
    # Whole again; of "a" at 13:00-13:30 the last fix is too late.
    assert result.stops["duration_s"].tolist() == [1_200.0, 1_740.0, 360.0]
    report = result.inputs.reports["fixes"]
    assert {count.reason: count.rows for count in report.dropped} == {"cleaning, clock_skew": 1, "cleaning, speed": 1}
    assert report.dropped[1].examples == ("a at 2024-05-06T04:10:00+00:00: 114.080000, 22.540000",)
    assert (report.rows_read, report.rows_kept) == (61, 59)
    assert "cleaning: clock_skew 1, speed 1, teleport 0 breaks" in report.notes
    study.write(result, folder / "out")
    written = json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert written["inputs"]["fixes"]["dropped"]["cleaning, speed"] == 1
    assert "cleaning: clock_skew 1" in (folder / "out" / "report.md").read_text(encoding="utf-8")


def test_only_rests_are_demand_and_the_rule_shows_its_weight(folder: Path) -> None:
    result = run(folder, "[stops.cleaning]\nmax_speed_m_s = 33\n" + PURPOSE)
    assert result.stops is not None
    assert result.stops["purpose"].tolist() == ["at_station", "rest", "unknown"]
    assert result.stops["reason"].tolist() == ["station", "waking hours", "too short"]
    assert (result.demand["courier_s"] * result.demand["observed_days"]).sum() == pytest.approx(3_000)
    notes = "\n".join(result.notes)
    assert "only stops for rest and at_station are demand" in notes
    assert "3 stops were for: rest 1 (0.5 h), at_station 1 (0.3 h), unknown 1 (0.1 h)" in notes
    assert "with one number halved or doubled they change by +0% (as given) to +12% (rest_min_s = 300)" in notes
    # 3,360 s of stops with a fix a minute, but for the two minutes about the spike, and one silence of an hour.
    assert "1.9 h at one place: 46.6% detected, 1.7% interpolated (assumed), 51.7% unknown (no demand)" in notes
    # 3,360 s of stops, of which 120 s lie where the spike was taken out, and an hour of silence.
    assert "1.9 h at one place: 46.6% detected, 1.7% interpolated (assumed), 51.7% unknown (no demand)" in notes
    study.write(result, folder / "out")
    purposes = json.loads((folder / "out" / "manifest.json").read_text(encoding="utf-8"))["purposes"]
    assert purposes["rule"]["rest_min_s"] == 600
    assert purposes["rule"]["station_radius_m"] == 50
    assert {row["purpose"]: row["stops"] for row in purposes["counts"]}["unknown"] == 1
    assert purposes["sensitivity"][0]["rule"] == "as given"


def test_stations_alone_may_count(folder: Path) -> None:
    result = run(folder, '[stops.cleaning]\nmax_speed_m_s = 33\n[stops.purpose]\ncount = ["at_station"]\n')
    assert (result.demand["courier_s"] * result.demand["observed_days"]).sum() == pytest.approx(1_200)


def test_stops_as_trackintel_finds_them(folder: Path) -> None:
    # It drops what the gap and the end cut: of "a" the two waits beside the spike, each to its first fix outside.
    result = run(folder, 'compatible = "trackintel"')
    assert result.stops is not None
    assert result.stops["duration_s"].tolist() == [600.0]
    assert result.stops["start"].dt.tz_convert("Asia/Shanghai").dt.strftime("%H:%M").tolist() == ["12:00"]


def test_orders_and_depots_tell_stops_for_work(folder: Path) -> None:
    # "b" waits from 12:00 to 12:06 at 114.07; the long wait of "a" from 13:00 is at a depot.
    order = "rider,when,lng,lat,what\nb,2024-05-06 12:04:00,114.0701,22.54,取货\n"
    (folder / "orders.csv").write_text(order, encoding="utf-8")
    (folder / "depots.csv").write_text("lon,lat\n114.0602,22.54\n", encoding="utf-8")
    more = """[stops.cleaning]
max_speed_m_s = 33
[stops.purpose]
[orders]
path = "orders.csv"
datum = "WGS-84"
columns = { courier_id = "rider", t = "when", lon = "lng", kind = "what" }
kinds = { "取货" = "pick_up" }
[known_places]
path = "depots.csv"
datum = "WGS-84"
default_purpose = "depot"
"""
    result = run(folder, more)
    assert result.stops is not None
    assert result.stops[["purpose", "reason"]].to_numpy().tolist() == [
        ["at_station", "station"],
        ["depot", "known place"],
        ["pick_up", "order"],
    ]
    assert result.inputs.reports["orders"].rows_kept == 1
    assert "no purpose column: every row is 'depot'" in result.inputs.reports["known_places"].notes
    with pytest.raises(DataError, match=r"must be one of pick_up, drop_off; 1 of 1 rows: row 1: 取货"):
        run(folder, more.replace('kinds = { "取货" = "pick_up" }', ""))
    with pytest.raises(StudyError, match=r"\[orders\] tells what stops were for: it needs \[stops.purpose\]"):
        run(folder, more.replace("[stops.purpose]", ""))


def test_nothing_left_says_which_rule_took_it(folder: Path) -> None:
    with pytest.raises(DataError, match=r"cleaning left none of 61 fixes: clock_skew took 61"):
        run(folder, "[stops.cleaning]\nnot_before = 2025-01-01T00:00:00+08:00\n")
    with pytest.raises(DataError, match="none of 4 stops is for home"):
        run(folder, '[stops.purpose]\ncount = ["home"]\n')
    with pytest.raises(ColumnError, match="needs the column 'accuracy_m'"):
        run(folder, "[stops.cleaning]\nmax_accuracy_m = 50\n")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[stops.cleaning]\nmax_speed = 33\n", "unknown key 'max_speed'; did you mean 'max_speed_m_s'"),
        ("[stops.cleaning]\nmax_speed_m_s = 0\n", "greater than 0"),
        ("[stops.cleaning]\nmax_spike_fixes = 3\n", "need max_speed_m_s"),
        ("[stops.cleaning]\nnot_before = 2025-01-01T00:00:00\n", "timezone"),
        (
            "[stops.cleaning]\nnot_before = 2025-01-02T00:00:00Z\nnot_after = 2025-01-01T00:00:00Z\n",
            "must not be later",
        ),
        ('[stops.purpose]\ncount = ["nap"]\n', "stops.purpose.count"),
        ("[stops.purpose]\nnight_hours = [5, 5]\n", "two different hours"),
        ("[stops.purpose]\nrest_min = 5\n", "did you mean 'rest_min_s'"),
        ('compatible = "movingpandas"', "trackintel"),
    ],
)
def test_what_is_wrong_with_the_sections_is_said(folder: Path, more: str, message: str) -> None:
    path = folder / "study.toml"
    path.write_text(STUDY.format(more=more), encoding="utf-8")
    with pytest.raises(StudyError, match=message):
        study.Study.read(path)


def test_every_number_of_the_rules_can_be_given() -> None:
    # What the file cannot give needs data that a study does not read (yet): orders, the server's clock, order of rows.
    from dataclasses import fields  # noqa: PLC0415 - only here

    from stationgeo import tracks  # noqa: PLC0415
    from stationgeo.study import _sections  # noqa: PLC0415

    cleaning = {field.name for field in fields(tracks.CleaningRules)} - set(_sections.Cleaning.model_fields)
    assert cleaning == {"max_clock_skew_s", "out_of_order", "duplicates"}
    purpose = {field.name for field in fields(tracks.PurposeRule)} - set(_sections.Purpose.model_fields)
    assert purpose == {"order_radius_m", "order_tolerance_s"}
    assert np.isin(_sections.Purpose().count, ["rest", "at_station"]).all()
