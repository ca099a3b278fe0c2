"""What a study tells of couriers: nothing that is computed from fewer than k of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stationgeo import cells, coverage, demand, sample, study
from stationgeo.errors import DataError, SourceError, StudyError
from stationgeo.store import DemandStore
from stationgeo.study import Study, _sections

K = 10


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The sample city's study as if its couriers were people."""
    folder = tmp_path_factory.mktemp("city")
    text = (sample.city_dir() / "study.toml").read_text(encoding="utf-8")
    text = text.replace('path = "', f'path = "{sample.city_dir()}/').replace("synthetic = true", "synthetic = false")
    text += '[privacy]\nlog = "log/../releases.json"\n[stops.purpose]\n[stops.cleaning]\nmax_speed_m_s = 40\n'
    (folder / "log").mkdir()
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return Study.read(folder / "study.toml")


@pytest.fixture(scope="module")
def result(asked: Study) -> study.Result:
    return study.run(asked)


def test_pieces_speak_of_ten_couriers_and_everything_is_computed_from_them(result: study.Result) -> None:
    found = result.release
    assert found is not None
    assert (found.table["couriers"] >= K).all()
    pd.testing.assert_frame_equal(result.demand, demand.spread(found, pieces=result.pieces, timed=False))
    assert result.demand["courier_s"].sum() == pytest.approx(found.table["courier_s"].sum(), rel=1e-9)
    assert result.inputs.zones is not None
    assert result.inputs.stations is not None
    again = coverage.score(
        result.demand,
        result.reach,
        stations=result.inputs.stations,
        zones=result.inputs.zones,
        weight="courier_s",
        pieces=result.pieces,
    )
    assert again.headline == result.coverage.headline
    assert result.coverage.unit.en == "courier-hours of rest a week"
    bins = result.coverage.bins
    assert bins["demand"].sum() == pytest.approx(result.headline["demand"])
    assert bins["covered_demand"].isna().all()  # nobody is told what is covered at an hour
    full = result.full_demand[result.full_demand["zone_id"] != ""].groupby("bin")["courier_s"].sum()
    told = bins.set_index("bin")["demand"]
    assert np.corrcoef(full.reindex(told.index, fill_value=0.0), told)[0, 1] > 0.95
    assert result.plan is not None
    assert result.plan.total_demand == pytest.approx(result.coverage.headline["demand"])


def test_the_house_still_has_the_full_table(result: study.Result) -> None:
    full, told = result.full_demand["courier_s"].sum(), result.demand["courier_s"].sum()
    assert 0.9 * full < told < full
    assert result.inputs.stations is not None
    whole = coverage.score(
        result.full_demand,
        result.reach,
        stations=result.inputs.stations,
        zones=result.inputs.zones,
        weight="courier_s",
    )
    # Pooling moves the headline by a few points, not more.
    assert abs(whole.headline["covered_share"] - result.headline["covered_share"]) < 0.05


def test_outputs_hold_no_number_of_few_couriers(result: study.Result, asked: Study, tmp_path: Path) -> None:
    files = study.write(result, tmp_path / "out")
    assert result.release is not None
    # Demand of a written cell is what the pieces give it, and of no cell that only a few were in.
    written = pd.read_parquet(tmp_path / "out" / "cells.parquet").set_index("cell")["demand"]
    told = result.demand[result.demand["courier_s"] > 0].groupby("cell")["courier_s"].sum()
    assert written[written > 0].sum() == pytest.approx(told.sum())
    pieces = pd.read_parquet(tmp_path / "out" / "release.parquet")
    assert pieces["couriers"].min() >= K
    exported = pd.read_parquet(tmp_path / "out" / "demand.parquet")
    assert exported["courier_s"].sum() == pytest.approx(pieces["courier_s"].sum())
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["release"]["fingerprint"] == result.release.fingerprint
    assert manifest["release"]["k"] == K
    assert set(manifest["purposes"]) == {"rule"}
    ingest = json.loads((tmp_path / "out" / "ingest.json").read_text(encoding="utf-8"))
    assert all(not count.get("examples") for count in ingest["inputs"]["fixes"]["dropped"])
    # No stop's place stands anywhere in the files, to four decimals.
    assert result.stops is not None
    places = {f"{lon:.4f}" for lon in result.stops["lon"].head(200)}
    texts = [path.read_text(encoding="utf-8") for path in files if path.suffix in {".md", ".json"}]
    assert not any(place in text for place in places for text in texts)
    ids = set(result.stops["courier_id"])
    assert not any(f'"{one}"' in text or f" {one} " in text for one in ids for text in texts)
    notes = "\n".join(result.notes)
    assert "pieces of at least 10 couriers each" in notes
    assert "the hours of stops were for: rest" in notes
    assert asked.privacy.k == K


def test_the_map_draws_nothing_that_was_pooled_beyond_the_zones(
    result: study.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stationgeo import maps  # noqa: PLC0415 - only here

    drawn: list[coverage.Coverage] = []
    as_ever = maps.coverage_map
    monkeypatch.setattr(maps, "coverage_map", lambda scored, *a, **k: drawn.append(scored) or as_ever(scored, *a, **k))
    study.write(result, tmp_path / "out")
    assert result.release is not None
    beyond = drawn[0].cells[(drawn[0].cells["zone_id"] == "") & ~drawn[0].cells["covered"]]
    table = result.release.table
    assert len(beyond) <= ((table["zone_id"] == "") & (table["resolution"] == 10)).sum()
    every = result.coverage.cells
    left_out = every[~every["cell"].isin(drawn[0].cells["cell"])]
    assert len(left_out) > 0
    assert (left_out["zone_id"] == "").all()
    assert not left_out["covered"].any()
    assert any("it is drawn where it was not pooled" in note for note in result.notes)


def test_subtraction_gives_pieces_and_never_a_cell_of_few_couriers(result: study.Result) -> None:
    # The finest cells of fewer than k couriers: none of them is a piece, and none is told with its true seconds.
    assert result.release is not None
    assert result.tracks is not None
    counted = result.tracks.counted
    cell = cells.from_lonlat(counted["lon"].to_numpy(), counted["lat"].to_numpy(), resolution=10)
    people = counted.assign(cell=cell).groupby("cell")["courier_id"].nunique()
    few = set(people.index[people < K])
    table = result.release.table
    assert few
    assert not few & set(table.loc[table["step"] == 0, "cell"])
    true = result.full_demand[result.full_demand["cell"].isin(few)].groupby("cell")["courier_s"].sum()
    told = result.demand.groupby("cell")["courier_s"].sum().reindex(true.index, fill_value=0.0)
    assert not np.isclose(told, true, rtol=1e-6, atol=0)[true > 0].any()
    # What a zone is said to hold is what the pieces give its cells: a difference of the two tells nothing more.
    by_zone = result.demand.groupby("zone_id")["courier_s"].sum()
    zones = result.coverage.zones.set_index("zone_id")
    lowest = zones[(zones["level"] == "grid") & (zones.index != "")]
    assert lowest["demand"].to_numpy() == pytest.approx(by_zone.reindex(lowest.index, fill_value=0.0).to_numpy())
    for level in ("community", "street", "district"):
        of_level = zones.loc[(zones["level"] == level) & (zones.index != ""), "demand"]
        assert of_level.sum() == pytest.approx(lowest["demand"].sum())


def test_telling_the_same_days_otherwise_is_warned_of(result: study.Result, asked: Study, tmp_path: Path) -> None:
    study.write(result, tmp_path / "out")
    log = Path(asked.resolve("releases.json"))
    assert len(json.loads(log.read_text(encoding="utf-8"))["releases"]) == 1
    study.write(result, tmp_path / "out")
    assert len(json.loads(log.read_text(encoding="utf-8"))["releases"]) == 1
    again = study.run(asked)
    assert again.notes == result.notes  # the same again is no news
    other = asked.model_copy(update={"privacy": asked.privacy.model_copy(update={"k": 12})})
    assert any("cut or counted otherwise" in note for note in study.run(other).notes)
    log.write_text("junk", encoding="utf-8")
    with pytest.raises(SourceError, match=r"releases.json: not a log of releases.*Name another file"):
        study.run(asked)
    log.unlink()


def test_a_log_that_has_no_place_is_told_before_anything_is(asked: Study) -> None:
    lost = asked.model_copy(update={"privacy": asked.privacy.model_copy(update={"log": "nowhere/log.json"})})
    with pytest.raises(SourceError, match="the log of releases has no folder"):
        study.run(lost)


def test_a_store_tells_couriers_in_pieces_too_and_keeps_the_log(asked: Study, tmp_path: Path) -> None:
    fixes = pd.read_parquet(sample.city_dir() / "fixes.parquet")
    local = fixes["t"].dt.tz_convert("Asia/Shanghai").dt.date
    for date, part in fixes.groupby(local):
        part.to_parquet(tmp_path / f"{date}.parquet", index=False)
    # Depots that couriers share are not told while days are indexed: without purposes both ways give the same.
    assert asked.stops is not None
    plain = asked.model_copy(update={"stops": asked.stops.model_copy(update={"purpose": None, "cleaning": None})})
    study.index_days(plain, tmp_path, tmp_path / "store")
    stored = study.run(plain.model_copy(update={"store": _sections.Store(path=str(tmp_path / "store"))}))
    followed = study.run(plain)
    assert stored.release is not None
    assert followed.release is not None
    pd.testing.assert_frame_equal(stored.release.table, followed.release.table)
    pd.testing.assert_frame_equal(stored.demand, followed.demand)
    assert stored.headline == followed.headline
    assert DemandStore(tmp_path / "store").releases() == []
    for _ in range(2):
        study.write(stored, tmp_path / "out")
    assert [one["fingerprint"] for one in DemandStore(tmp_path / "store").releases()] == [stored.release.fingerprint]


def test_too_few_couriers_are_an_error_with_the_way_out(asked: Study) -> None:
    many = asked.model_copy(update={"privacy": asked.privacy.model_copy(update={"k": 5_000})})
    with pytest.raises(DataError, match="fewer than 5,000 are there in all"):
        study.run(many)


def test_all_may_be_told_where_the_study_says_so(asked: Study, tmp_path: Path) -> None:
    every = asked.model_copy(update={"privacy": asked.privacy.model_copy(update={"k": 1})})
    result = study.run(every)
    assert result.release is None
    pd.testing.assert_frame_equal(result.demand, result.full_demand)
    assert "nothing is suppressed, because privacy.k = 1: numbers may speak of a single courier" in result.notes
    study.write(result, tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert "release" not in manifest
    assert "sensitivity" in manifest["purposes"]
    made_up = study.run(Study.read(sample.city_dir() / "study.toml"))
    assert "nothing is suppressed, because the couriers were made up" in made_up.notes
    with pytest.raises(StudyError, match=r"privacy\.k"):
        Study.of({**every.model_dump(mode="json"), "privacy": {"k": 0}}, folder=tmp_path)
