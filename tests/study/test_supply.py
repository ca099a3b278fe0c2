"""Seats against workers in a study: a town by hand, the sample city, check-ins, and what is refused."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from stationgeo import study
from stationgeo.errors import StudyError
from stationgeo.sample import city_dir
from stationgeo.supply import erlang_loss

if TYPE_CHECKING:
    from pathlib import Path

SUPPLY = '[supply]\nmethod = "2SFCA"\ndwell_s = 3600\nchoice = "nearest"\n'
TEN_IN_CHINA = "2026-11-18T02:00:00Z"
TEN_ON_WEDNESDAY = 2 * 24 + 10


def lay(
    path: Path, section: str = SUPPLY, *, timed: bool = True, capacity: tuple[float | None, ...] = (5, 4, 6, 10)
) -> Path:
    """Give the toy town seats, and all of its orders the hour from ten on a Wednesday."""
    stations = pd.read_csv(path.with_name("stations.csv")).assign(capacity=list(capacity))
    stations.to_csv(path.with_name("stations.csv"), index=False)
    if timed:
        orders = pd.read_csv(path.with_name("orders.csv")).assign(t=TEN_IN_CHINA)
        orders.to_csv(path.with_name("orders.csv"), index=False)
    path.write_text(path.read_text(encoding="utf-8") + section, encoding="utf-8")
    return path


def zones_of(result: study.Result) -> pd.DataFrame:
    assert result.supply is not None
    return result.supply.zones.set_index(["level", "zone_id"])


def test_a_town_by_hand(toy_study: Path) -> None:
    # An order takes an hour, so that 10, 20, 30, 40 and 50 workers are there at once. Place 0 has 5 seats for 10: 0.5.
    # Place 1 has 4 + 6 for 20: 0.5. Place 2 has 10 for 30: 1/3. Places 3 and 4 have none. Places are 2 km apart.
    # West: (10 x 0.5 + 20 x 0.5 + 30 / 3) / 60 = 25 / 60; the town 25 / 150. Supply in use: all 25 seats.
    result = study.run(study.Study.read(lay(toy_study)))
    held = result.supply
    assert held is not None
    assert held.timed
    assert held.access["demand"].sum() == pytest.approx(150)
    assert (held.access["demand"] * held.access["access"]).sum() == pytest.approx(25)
    told = zones_of(result)
    assert told["demand"].to_dict() == pytest.approx(
        {("grid", "west"): 60, ("grid", "east"): 90, ("grid", ""): 0, ("community", "town"): 150, ("community", ""): 0}
    )
    assert told.loc[("grid", "west"), "access"] == pytest.approx(25 / 60)
    assert told.loc[("grid", "east"), "access"] == 0
    assert told.loc[("community", "town"), "access"] == pytest.approx(25 / 150)
    assert held.headline["seats"] == held.headline["used_capacity"] == 25
    assert held.headline["demand_with_access_share"] == pytest.approx(60 / 150)
    # Ten workers want the five seats of S0: Erlang's B. Nobody is in reach of a station at places 3 and 4.
    assert held.stations is not None
    first = held.stations.set_index("station_id")
    assert first.loc["S0", "blocked_share"] == pytest.approx(float(erlang_loss(10.0, 5.0)))
    assert first.loc["S3", "peak_bin"] == TEN_ON_WEDNESDAY
    assert held.headline["unreached_share"] == pytest.approx(90 / 150)
    shares = [held.headline[f"{name}_share"] for name in ("served", "blocked", "unreached")]
    assert sum(shares) == pytest.approx(1)
    lost = first["turned_away_h"]
    assert lost.sum() == pytest.approx(held.headline["blocked_share"] * 150)
    assert lost.is_monotonic_decreasing


def test_agents_weigh_way_and_crowd(toy_study: Path) -> None:
    # Nobody has a choice but at place 1, whose two stations are equally far: 20 workers on 10 seats. rho is the mean,
    # 60 workers on 25 seats or 2.4; place 0 pays 10 / 5 / 2.4, place 1 20 / 10 / 2.4, place 2 30 / 10 / 2.4, plus ways.
    asked = study.Study.read(lay(toy_study, SUPPLY.replace('"2SFCA"', '"raam"\ntau = 1e9')))
    result = study.run(asked)
    told = zones_of(result)
    assert told.loc[("grid", "west"), "cost"] == pytest.approx((10 * 2 + 20 * 2 + 30 * 3) / 2.4 / 60, rel=1e-4)
    assert told["cost"].isna()["grid", "east"]
    assert told.loc[("community", "town"), "in_reach"] == pytest.approx(60)
    assert result.supply is not None
    assert result.supply.headline["used_capacity"] == 25


def test_demand_without_hours_shares_seats_and_tells_no_loads(toy_study: Path) -> None:
    result = study.run(study.Study.read(lay(toy_study, timed=False)))
    assert result.supply is not None
    assert result.supply.loads is None
    assert zones_of(result).loc[("grid", "west"), "access"] == pytest.approx(25 / 60)
    assert any("demand has no hours" in note for note in result.notes)


def test_missing_capacities_are_assumed_and_told_or_refused(toy_study: Path) -> None:
    path = lay(toy_study, capacity=(5, None, 6, None))
    with pytest.raises(StudyError, match="2 of 4 stations state no capacity: 'S1', 'S3'"):
        study.run(study.Study.read(path))
    path.write_text(path.read_text(encoding="utf-8") + "default_capacity = 7\n", encoding="utf-8")
    result = study.run(study.Study.read(path))
    assert result.supply is not None
    assert result.supply.capacity.to_dict() == {"S0": 5, "S1": 7, "S2": 6, "S3": 7}
    assert "2 of 4 stations state no capacity: 7 is assumed for each" in result.notes


def test_the_capacity_of_a_service(toy_study: Path) -> None:
    # S0 has no toilet; S1 has two, of S2 it is not known, and S3 states none: one each is assumed.
    services = '[services]\npath = "services.csv"\n'
    told = {"station_id": ["S0", "S1", "S2", "S3"], "service": "toilets", "status": ["no", "yes", "unknown", "yes"],
            "capacity": [None, 2, None, None]}  # fmt: skip
    pd.DataFrame(told).to_csv(toy_study.with_name("services.csv"), index=False)
    path = lay(toy_study, services + SUPPLY + 'service = "toilets"\ndefault_capacity = 1\n')
    result = study.run(study.Study.read(path))
    assert result.supply is not None
    assert result.supply.capacity.to_dict() == {"S0": 0, "S1": 2, "S2": 1, "S3": 1}
    path.write_text(path.read_text(encoding="utf-8").replace("toilets", "sauna"), encoding="utf-8")
    with pytest.raises(StudyError, match=r"supply.service: unknown service 'sauna'"):
        study.run(study.Study.read(path))


def test_a_target_of_the_standard(toy_study: Path) -> None:
    # Half a seat a worker: places 0 and 1 have it, places 2, 3 and 4 have less: 120 of 150 worker-hours.
    path = lay(toy_study)
    standard = (
        'name = "mine"\nversion = "1"\nzh = "座位"\nen = "a seat"\nsource = "made for this test"\ncutoff_m = 600\n'
        "detour_factor = 1.2\nopen_then = false\nseats_per_worker = 0.49\n"
    )
    path.with_name("mine.toml").write_text(standard, encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("cutoff_m = 600\ndetour_factor = 1.2\n", "")
    path.write_text(text + '[standard]\npath = "mine.toml"\n', encoding="utf-8")
    result = study.run(study.Study.read(path))
    assert result.supply is not None
    assert result.supply.headline["below_target_share"] == pytest.approx(120 / 150)
    assert zones_of(result).loc[("grid", "west"), "below_target"] == pytest.approx(30)


def with_standard(path: Path, more: str) -> Path:
    """Let the toy town's study be held against a standard of its own."""
    standard = (
        'name = "mine"\nversion = "1"\nzh = "座位"\nen = "a seat"\nsource = "made for this test"\ncutoff_m = 600\n'
        f"detour_factor = 1.2\n{more}"
    )
    path.with_name("mine.toml").write_text(standard, encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("cutoff_m = 600\ndetour_factor = 1.2\n", "")
    path.write_text(text + '[standard]\npath = "mine.toml"\n', encoding="utf-8")
    return path


def with_columns(path: Path, **columns: list[str]) -> Path:
    """Give the stations of the toy town more columns."""
    stations = pd.read_csv(path.with_name("stations.csv")).assign(**columns)
    stations.to_csv(path.with_name("stations.csv"), index=False)
    return path


@pytest.mark.parametrize("named", ['kinds = ["merchant"]\n', 'tiers = ["partial"]\n'])
def test_only_stations_that_the_standard_counts_share_their_seats(toy_study: Path, named: str) -> None:
    # Merchants, of tier partial, are S0 and S3: 5 seats for 10 at place 0 and 10 for 30 at place 2. S1 and S2 share
    # place 1, where nobody else is: 20 workers have none.
    path = with_columns(with_visits(with_standard(lay(toy_study), named + "open_then = false\n")))
    with_columns(path, kind=["merchant", "service_centre", "service_centre", "merchant"])
    result = study.run(study.Study.read(path))
    assert result.supply is not None
    assert result.supply.capacity.to_dict() == {"S0": 5, "S3": 10}
    assert zones_of(result).loc[("grid", "west"), "access"] == pytest.approx((10 * 0.5 + 30 / 3) / 60)
    assert result.supply.headline["unreached_share"] == pytest.approx(110 / 150)
    # A cell with seats in reach is a cell that coverage says is covered, and the other way round.
    covered = result.coverage.cells.set_index("cell")["covered"]
    access = result.supply.access.set_index("cell")["access"]
    assert ((access > 0) == covered.reindex(access.index)).all()
    assert "seats of 2 of 4 stations are left out: they do not count for 'mine'" in result.notes
    assert any("12 of 28 visits are at 3 stations that do not count" in note for note in result.notes)


HOURS = ["周一至周五9:00-18:00", "19:00-20:00", "电话预约", "24小时"]


@pytest.mark.parametrize("open_then", ["true", "false"])
@pytest.mark.parametrize("method", ["2SFCA", "raam"])
def test_hours_count_where_the_standard_asks_for_open_stations(toy_study: Path, open_then: str, method: str) -> None:
    # At ten on a Wednesday S0 and S3 are open, S1 is shut, and of S2 nobody knows.
    section = SUPPLY if method == "2SFCA" else SUPPLY.replace('"2SFCA"', '"raam"\ntau = 1e9')
    path = with_columns(lay(toy_study, section), opening_hours=HOURS)
    path.write_text("as_of = 2026-11-18\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    result = study.run(study.Study.read(with_standard(path, f"open_then = {open_then}\n")))
    assert result.supply is not None
    west = zones_of(result).loc[("grid", "west")]
    head = result.supply.headline
    shut = open_then == "true"
    low, high = ([5, 0, 10], [5, 6, 10]) if shut else ([5, 10, 10], [5, 10, 10])
    assert (head["capacity"], head["capacity_high"]) == (sum(low), sum(high))
    workers = [10, 20, 30]
    if method == "2SFCA":
        assert west["access"] == pytest.approx(sum(low) / 60)
        assert west["access_high"] == pytest.approx(sum(high) / 60)
        return
    # One scale for both: that of all that may be open.
    rho = 60 / sum(high)
    for of, seats in (("", low), ("_high", high)):
        there = [(w, s) for w, s in zip(workers, seats, strict=True) if s]
        reached = sum(w for w, _ in there)
        assert west[f"in_reach{of}"] == pytest.approx(reached)
        assert west[f"cost{of}"] == pytest.approx(sum(w * w / s for w, s in there) / rho / reached, rel=1e-4)


def with_visits(path: Path, more: str = "") -> Path:
    # S0 5, S1 4, S2 6, S3 10 seats; S9 is no station. S1 and S2 share place 1.
    visits = {"station": ["S0", "S1", "S2", "S3", "S9"], "visits": [5, 3, 7, 11, 2], "t": TEN_IN_CHINA}
    pd.DataFrame(visits).to_csv(path.with_name("visits.csv"), index=False)
    section = '[check_ins]\npath = "visits.csv"\ncolumns = { station_id = "station" }\n'
    path.write_text(path.read_text(encoding="utf-8") + section + more, encoding="utf-8")
    return path


def test_predictions_are_held_against_visits(toy_study: Path, tmp_path: Path) -> None:
    path = with_visits(lay(toy_study, SUPPLY.replace("nearest", "huff")))
    result = study.run(study.Study.read(path))
    used, held = result.use, result.supply
    assert used is not None
    assert held is not None
    assert held.loads is not None
    told = used.comparison.stations.set_index("station_id")
    carried = held.loads.stations.set_index("station_id")["carried"]
    np.testing.assert_allclose(told["expected"], 26 * carried / carried.sum())
    # More seats, more inside: S1 < S0 < S2 < S3 as counted and, by Huff's shares, as predicted.
    ranks = used.comparison.ranks.set_index("over")
    assert ranks.loc["stations", "n"] == 4
    assert ranks.loc["stations", "spearman"] == pytest.approx(1)
    assert any("2 of 28 visits are at 1 stations that do not count" in note for note in result.notes)
    study.write(result, tmp_path / "out")
    drawn = gpd.read_file(tmp_path / "out" / "use_residuals.geojson")
    assert drawn["residual"].sum() == pytest.approx(0, abs=1e-6)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "rank correlation over stations: 1.000 (n = 4)" in text
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["use"]["headline"]["visits"] == 26


def sample_study(**sections: Any) -> study.Study:  # noqa: ANN401 - sections of a study
    values = tomllib.loads((city_dir() / "study.toml").read_text(encoding="utf-8"))
    kept = {name: value for name, value in values.items() if name not in {"siting", "candidates"}}
    return study.Study.of(kept | sections, folder=city_dir())


def test_the_sample_city_shares_its_seats(tmp_path: Path) -> None:
    section = {
        "method": "KD2SFCA", "decay": {"name": "gaussian", "cutoff": 750.0}, "default_capacity": 4.0, "tries": 2
    }  # fmt: skip
    seen = tmp_path / "visits.csv"
    pd.DataFrame({"station_id": ["S0056", "S0042", "S0078", "S0071"], "visits": [17, 18, 13, 12]}).to_csv(seen)
    visits = {"path": str(seen), "calibrate": "cutoff", "between": (300.0, 3000.0)}
    result = study.run(sample_study(supply=section, check_ins=visits))
    held, used = result.supply, result.use
    assert held is not None
    assert held.loads is not None
    assert used is not None
    assert used.fit is not None
    hours = result.demand["courier_s"].sum() / 3600
    assert held.access["demand"].sum() == pytest.approx(hours)
    for _, rows in held.zones.groupby("level"):
        assert rows["demand"].sum() == pytest.approx(hours)
        assert (rows["demand"] * rows["access"].fillna(0)).sum() == pytest.approx(held.headline["used_capacity"])
    for _, rows in held.loads.bins.groupby("scenario"):
        assert rows["demand"].sum() == pytest.approx(hours)
        np.testing.assert_allclose(rows["demand"], rows[["served", "blocked", "unreached"]].sum(axis=1))
    # Who finds a seat is covered in the hour; a worker who is covered may still find none.
    rates = result.measures.rates.query("by == 'any' and level == 'all' and rate == 'time'")
    assert held.headline["unreached_share_low"] >= held.headline["unreached_share_high"]
    assert rates["numerator"].item() > 0
    written = {path.name for path in study.write(result, tmp_path / "a")}
    assert {"access.parquet", "supply.parquet", "use_residuals.geojson"} <= written
    sheets = pd.read_excel(tmp_path / "a" / "coverage.xlsx", sheet_name=None)
    assert {"access_by_zone", "station_loads", "loads_by_hour", "use"} <= set(sheets)
    meanings = sheets["columns"].set_index(["sheet", "column"])["meaning"]
    for name, table in sheets.items():
        for column in table.columns if name != "columns" else ():
            assert meanings[name, column], (name, column)
    text = (tmp_path / "a" / "report.md").read_text(encoding="utf-8")
    assert "## Seats against workers 供需匹配" in text
    assert "of worker-hours find no seat with stations that are open for sure" in text
    assert "cutoff of the decay that fits best" in text
    assert "seats for each worker there at once, on average" in text
    study.write(result, tmp_path / "b")
    for name in written:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (SUPPLY.replace("2SFCA", "E2SFCA"), r"needs \[supply.decay\]"),
        (SUPPLY.replace("2SFCA", "raam"), "needs tau"),
        (SUPPLY + "tau = 300\n", 'tau: only of method = "raam"'),
        (SUPPLY.replace("dwell_s = 3600\n", ""), "dwell_s"),
        (SUPPLY + 'service = "toilets"\n', r"needs \[services\]"),
        (SUPPLY + '[supply.decay]\nname = "gaussian"\ncutoff = 500\n', "2SFCA counts all up to a cutoff"),
        (SUPPLY + '[supply.decay]\nname = "step"\n', "step needs cutoff"),
        (SUPPLY + '[supply.decay]\nname = "step"\ncutoff = 500\nscale = 3\n', "step has no scale"),
        (SUPPLY + '[supply.decay]\nname = "step"\ncutoff = -1\n', "cutoff must be"),
        ('[check_ins]\npath = "visits.csv"\n', r"needs \[supply\]"),
        (SUPPLY + '[check_ins]\npath = "visits.csv"\ncalibrate = "cutoff"\n', "belong together"),
        (SUPPLY + '[check_ins]\npath = "v.csv"\ncalibrate = "cutoff"\nbetween = [1, 2]\n', r"needs \[supply.decay\]"),
        (
            SUPPLY + '[supply.decay]\nname = "step"\ncutoff = 500\n[check_ins]\npath = "v.csv"\ncalibrate = "scale"\n'
            "between = [1, 2]\n",
            "states no number 'scale'",
        ),
    ],
)
def test_what_is_refused(toy_study: Path, section: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        study.Study.read(lay(toy_study, section))
