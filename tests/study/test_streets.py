"""The toy town of conftest over its street: what it says in minutes, worked out in the head.

The street runs from P0 to P4, 2.06 km a step: 494 s at 15 km/h, and up to a minute more off the street. Within 600 s a
station serves its own place and those one step away.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import io, reach, study
from stationgeo.errors import DataError, ParameterError, SourceError, StudyError
from stationgeo.study import Study
from stationgeo.study._streets import off_streets
from stationgeo.study._watch import FixWatch

if TYPE_CHECKING:
    from pathlib import Path

STRAIGHT = "[reach]\ncutoff_m = 600\ndetour_factor = 1.2\n"
STREETS = '[network]\npath = "streets.geojson"\ndatum = "WGS-84"\n[reach]\nmode = "ebike"\ncutoff_s = 600\n'
LON0, LAT0, STEP = 114.0, 22.5, 0.02
NO_STOPS = pd.DataFrame({
    "courier_id": pd.Series(dtype="str"), "start": pd.Series(dtype="datetime64[ms, UTC]"),
    "end": pd.Series(dtype="datetime64[ms, UTC]"),
})  # fmt: skip


def lay(path: Path, *, ends: tuple[float, ...] = (0, 1, 2, 3, 4), oneway: int = -1, at: float = LON0) -> None:
    """Edges from one end to the next, in steps; that of the number is one way, eastwards."""
    features = [
        {"type": "Feature", "properties": {"highway": "residential", "oneway": "yes" if i == oneway else "no"},
         "geometry": {"type": "LineString", "coordinates": [[at + STEP * west, LAT0], [at + STEP * east, LAT0]]}}
        for i, (west, east) in enumerate(pairwise(ends))
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def asked(toy: Path, *pairs: tuple[str, str]) -> Study:
    text = toy.read_text(encoding="utf-8").replace(STRAIGHT, STREETS)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = toy.with_name("streets.toml")
    path.write_text(text, encoding="utf-8")
    return Study.read(path)


def test_one_step_either_way_is_served(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    result = study.run(asked(toy_study))
    # P3 is one step from S3 at P2; P4 is two.
    assert result.headline["covered_demand"] == pytest.approx(100)
    assert result.coverage.cells["nearest_s"].max() <= 600
    assert result.plan is not None
    assert result.plan.sites["demand_gain"].tolist() == pytest.approx([50])
    assert result.study.reach.in_words == "10 min by e-bike"


@pytest.mark.parametrize(("direction", "covered"), [("to_station", 60), ("from_station", 100)])
def test_a_one_way_street_serves_one_direction(toy_study: Path, direction: str, covered: float) -> None:
    # Between P2 and P3 there is a piece that goes east alone: who is at P3 cannot come to the station at P2.
    lay(toy_study.with_name("streets.geojson"), ends=(0, 1, 2, 2.4, 2.6, 3, 4), oneway=3)
    result = study.run(asked(toy_study, ("cutoff_s = 600", f'cutoff_s = 600\ndirection = "{direction}"')))
    assert result.headline["covered_demand"] == pytest.approx(covered)


def test_speeds_and_closed_classes_are_the_studys(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    slow = study.run(asked(toy_study, ("cutoff_s = 600", "cutoff_s = 600\nspeeds_km_h = { residential = 10 }")))
    assert slow.headline["covered_demand"] == pytest.approx(60)
    with pytest.raises(
        StudyError, match=r"must name classes of streets .* Got 'residental'; did you mean 'residential'"
    ):
        study.run(asked(toy_study, ("cutoff_s = 600", "cutoff_s = 600\nspeeds_km_h = { residental = 10 }")))
    closed = study.run(asked(toy_study, ("cutoff_s = 600", 'cutoff_s = 600\nclosed = ["residential"]')))
    assert closed.headline["covered_demand"] == 0
    assert closed.streets is not None
    assert (closed.streets.places["finding"] == "not met").all()


def test_what_does_not_meet_a_street_is_named(toy_study: Path, tmp_path: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    result = study.run(asked(toy_study))
    assert result.streets is not None
    found = result.streets.places.set_index("id")
    # The whole street is 5 nodes: an island by any measure; the candidate in the wilderness is far from it.
    assert found["finding"].to_dict() == dict.fromkeys(["S0", "S1", "S2", "S3", "H3", "H4"], "island") | {
        "wild": "not met"
    }
    assert result.travel is not None
    assert result.travel.stations.counts["on an island"] == 4
    study.write(result, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "1 of 3 candidates meet no street within the limit: nobody reaches them: wild wild" in text
    assert "within 10 min by e-bike of one" in text
    assert "10 min by e-bike" in (tmp_path / "out" / "coverage.html").read_text(encoding="utf-8")
    sheets = pd.read_excel(tmp_path / "out" / "streets.xlsx", sheet_name=None)
    assert sheets["places"]["finding"].tolist().count("not met") == 1
    assert set(sheets["columns"]["column"]) == set(sheets["places"].columns)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["network"]["rows_kept"] == 4


def test_streets_far_from_everything_are_not_read(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"), ends=tuple(range(41)))
    text = toy_study.read_text(encoding="utf-8").partition("[candidates]")[0]
    toy_study.write_text(text, encoding="utf-8")
    all_of_it = study.run(asked(toy_study))
    # Zones end at P4.5, and two cutoffs of 2.5 km at the mode's top speed are 2.4 steps more: P0 to P7.
    count = all_of_it.inputs.reports["network"].dropped[0]
    assert (count.reason, count.rows) == ("outside the area asked for", 33)
    assert all_of_it.headline["covered_demand"] == pytest.approx(100)


def test_a_network_of_another_city_is_an_error(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"), at=100.0)
    toy_study.write_text(toy_study.read_text(encoding="utf-8").partition("[candidates]")[0], encoding="utf-8")
    with pytest.raises(DataError, match=r"none of 4 lines touches the area asked for.* is it one city"):
        study.run(asked(toy_study))


def test_a_network_that_was_built_before_gives_the_same(toy_study: Path) -> None:
    file = toy_study.with_name("streets.geojson")
    lay(file)
    tables = io.read_network(file, datum="WGS-84", directed=False)
    reach.build_network(tables.edges, tables.nodes, mode="ebike").save(toy_study.parent / "built")
    built = ('path = "streets.geojson"\ndatum = "WGS-84"', 'path = "built"')
    result, fresh = study.run(asked(toy_study, built)), study.run(asked(toy_study))
    pd.testing.assert_frame_equal(result.reach, fresh.reach)
    assert len(result.inputs.reports["network"].files) > 20
    with pytest.raises(StudyError, match=r"must be that of the network built, 'ebike'. Got 'walk' instead"):
        study.run(asked(toy_study, built, ('"ebike"', '"walk"')))
    with pytest.raises(StudyError, match=r"built is built already: leave datum, reach.closed out"):
        study.run(asked(toy_study, ("streets.geojson", "built"), ("cutoff_s", 'closed = ["service"]\ncutoff_s')))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('[network]\npath = "streets.geojson"\ndatum = "WGS-84"\n', "", r"it needs \[network\]"),
        ('mode = "ebike"\n', "", "cutoff_s needs mode: walk, ebike"),
        ('mode = "ebike"\ncutoff_s = 600', "cutoff_m = 600", "needs detour_factor"),
        ('mode = "ebike"\ncutoff_s = 600', "cutoff_m = 600\ndetour_factor = 1.2", r"\[network\] needs reach.cutoff_s"),
        ("cutoff_s = 600", "cutoff_s = 600\ncutoff_m = 600", "give either cutoff_m and detour_factor"),
        ("cutoff_s = 600", "cutoff_s = 600\ndetour_factor = 1.2", "detour_factor is of straight lines"),
        ("cutoff_s = 600", "cutoff_s = 600\naccess_resolution = 9", "must not be coarser than resolution = 10"),
        ('path = "streets.geojson"', 'path = "streets.geojson"\nplace = "Yunxi"', "give either path"),
        ('path = "streets.geojson"\n', 'place = "Yunxi"\n', "leave datum out"),
        ('path = "streets.geojson"', 'path = "streets.geojson"\nserver = "http://here"', "server is of a place"),
    ],
)
def test_what_does_not_hang_together_is_refused(toy_study: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        asked(toy_study, (old, new))


def test_a_station_is_met_at_its_doors(toy_study: Path) -> None:
    # S3 stands at P2 and is met at P4 alone: P3 and P4 are served, and P2 still is, from P1.
    lay(toy_study.with_name("streets.geojson"))
    doors = pd.DataFrame({"station_id": ["S3"], "lon": [LON0 + 4 * STEP], "lat": [LAT0]})
    doors.to_csv(toy_study.with_name("doors.csv"), index=False)
    access = '[stations.access]\npath = "doors.csv"\ndatum = "WGS-84"\n[network]'
    result = study.run(asked(toy_study, ("[network]", access)))
    assert result.headline["covered_demand"] == pytest.approx(150)
    assert result.inputs.reports["stations.access"].rows_kept == 1
    # P4 has a station at its door: nobody is farther than a step from one.
    assert result.streets is not None
    most = re.search(r"nine in ten within ([\d.]+) min", result.streets.sentences[0])
    assert most is not None
    assert 494 / 60 <= float(most[1]) <= 600 / 60
    doors.assign(station_id="S9").to_csv(toy_study.with_name("doors.csv"), index=False)
    with pytest.raises(DataError, match="S9"):
        study.run(asked(toy_study, ("[network]", access)))


def test_doors_without_streets_are_refused(toy_study: Path) -> None:
    text = toy_study.read_text(encoding="utf-8")
    access = '[stations.access]\npath = "doors.csv"\ndatum = "WGS-84"\n[reach]'
    toy_study.write_text(text.replace("[reach]", access), encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[stations.access\] says where .* it needs \[network\]"):
        Study.read(toy_study)


def test_large_cells_are_met_at_several_points(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    coarse = ("resolution = 10", "resolution = 8")
    result = study.run(asked(toy_study, coarse, ("cutoff_s = 600", "cutoff_s = 600\naccess_resolution = 9")))
    assert result.travel is not None
    assert result.travel.cells.counts["points"] == 7 * result.travel.cells.table["cell"].nunique()


def test_a_cutoff_that_is_short_for_the_cells_is_told_in_its_own_words(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    drawn = json.loads(toy_study.with_name("streets.geojson").read_text(encoding="utf-8"))
    drawn["features"][3]["properties"]["highway"] = "motorway"
    toy_study.with_name("streets.geojson").write_text(json.dumps(drawn), encoding="utf-8")
    by_van = ('mode = "ebike"\ncutoff_s = 600', 'mode = "van"\ncutoff_s = 90')
    # Three of four steps are at 18 km/h: 450 m in 90 s are 3.4 spacings; on the motorway it would be 1,750 m.
    said = next(note for note in study.run(asked(toy_study, by_van)).notes if "spacings" in note)
    assert said.startswith("The cutoff of 1 min 30 s by van, about 450 m, is 3.4 spacings of resolution-10 cells")
    enough = study.run(asked(toy_study, by_van, ("cutoff_s = 90", "cutoff_s = 106"))).notes
    assert not any("spacings" in note for note in enough)


def test_streets_words_without_streets_are_refused(toy_study: Path) -> None:
    text = toy_study.read_text(encoding="utf-8").replace("cutoff_m = 600", 'cutoff_m = 600\nmode = "walk"')
    toy_study.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"mode is of streets: it needs cutoff_s and \[network\], not cutoff_m"):
        Study.read(toy_study)


def test_a_place_is_asked_of_the_server_that_is_named(toy_study: Path) -> None:
    # Nobody listens there: the error names the place and the server, so both were handed on.
    nobody = 'place = "Yunxi"\nserver = "http://127.0.0.1:9/api"\ngeocoder = "http://127.0.0.1:9/"\n'
    with pytest.raises(SourceError, match=r"Yunxi: no streets came from http://127.0.0.1:9/api"):
        study.run(asked(toy_study, ('path = "streets.geojson"\ndatum = "WGS-84"\n', nobody)))


FIXES = """
name = "Two couriers"
tz = "Asia/Shanghai"
resolution = 10
[fixes]
path = "fixes.csv"
datum = "WGS-84"
{synthetic}
[stops]
radius_m = 50
min_duration_s = 300
max_gap_s = 900
[[zones]]
level = "grid"
path = "grids.geojson"
datum = "WGS-84"
[engine]
batch_rows = {rows}
"""


def tracked(toy: Path, *, rows: int, exempt: bool, more: str = "") -> Study:
    """Two couriers ride east from P0, one along the street and one 100 m north of it, and rest there for long."""
    lay(toy.with_name("streets.geojson"))
    parts = []
    for name, off_deg in (("on", 0.0), ("off", 0.0009)):
        lon = np.concatenate([LON0 + np.linspace(0, 3 * STEP, 60), np.full(300, LON0 + 3 * STEP)])
        t = pd.Timestamp("2024-05-10 12:00", tz="Asia/Shanghai") + pd.to_timedelta(np.arange(360) * 20, unit="s")
        parts.append(pd.DataFrame({"courier_id": name, "t": t, "lon": lon, "lat": LAT0 + off_deg}))
    table = pd.concat(parts).sort_values("t", kind="stable")
    table.assign(t=table["t"].dt.strftime("%Y-%m-%dT%H:%M:%S+0800")).to_csv(toy.with_name("fixes.csv"), index=False)
    text = FIXES.format(rows=rows, synthetic="synthetic = true" if exempt else "") + STREETS + more
    path = toy.with_name("tracked.toml")
    path.write_text(text, encoding="utf-8")
    return Study.read(path)


@pytest.mark.parametrize("rows", [7, 100_000])
def test_shares_off_the_streets_are_of_who_is_under_way(toy_study: Path, rows: int) -> None:
    result = study.run(tracked(toy_study, rows=rows, exempt=True))
    assert result.streets is not None
    assert result.streets.zones is not None
    found = result.streets.zones.set_index("zone_id")
    # P0 to P2.5 is west, the rest east; 60 fixes over three steps; the rest at P3 takes its own with it.
    assert found["n_fixes"].to_dict() == {"west": 100, "east": 18}
    assert found["off_street_share"].to_dict() == {"west": 0.5, "east": 0.5}


def test_shares_of_few_couriers_are_not_told(toy_study: Path) -> None:
    made = tracked(toy_study, rows=1_000, exempt=False)
    network, zones = street(made), io.read_zones(toy_study.with_name("grids.geojson"), level="grid", datum="WGS-84")
    seen = watched(made, whole_couriers=False).sample(NO_STOPS)
    assert off_streets(seen, network, zones.table, k=2)[0]["n_fixes"].sum() == 720
    told, _ = off_streets(seen, network, zones.table, k=3)
    assert told["off_street_share"].isna().all()
    assert told["n_fixes"].tolist() == [0, 0]


@pytest.mark.parametrize("whole_couriers", [True, False])
def test_the_same_fixes_are_kept_however_they_are_cut(
    toy_study: Path, monkeypatch: pytest.MonkeyPatch, *, whole_couriers: bool
) -> None:
    monkeypatch.setattr("stationgeo.study._watch._MOST_FIXES", 400)
    kept = []
    for rows in (7, 50, 1_000):
        watch = watched(tracked(toy_study, rows=rows, exempt=True), whole_couriers=whole_couriers)
        sample = watch.sample(NO_STOPS)
        kept.append(sample.fixes)
        # 720 fixes of two couriers: every second one, or one courier or none where hashes of both are alike.
        assert len(kept[-1]) == 360 if not whole_couriers else len(kept[-1]) in {0, 360}
        assert sample.step > 1
    pd.testing.assert_frame_equal(kept[0], kept[1])
    pd.testing.assert_frame_equal(kept[0], kept[2])
    if whole_couriers:
        assert len(set(kept[0]["courier_id"])) in {0, 1}


def test_a_sample_of_one_courier_is_bounded_and_told(toy_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stationgeo.study._watch._MOST_FIXES", 200)
    made = tracked(toy_study, rows=50, exempt=True)
    fixes = pd.read_csv(toy_study.with_name("fixes.csv"))
    fixes[fixes["courier_id"] == "on"].to_csv(toy_study.with_name("fixes.csv"), index=False)
    # 360 fixes of one courier: every second one; but a courier is followed whole.
    assert len(watched(made, whole_couriers=False).sample(NO_STOPS).fixes) == 180
    assert len(watched(made, whole_couriers=True).sample(NO_STOPS).fixes) == 360
    result = study.run(made)
    assert result.streets is not None
    said = "about one in 2 fixes were held against the streets: there are too many for all"
    assert said in result.streets.sentences


def test_streets_are_read_as_far_as_couriers_may_have_been_seen_to_ride(toy_study: Path) -> None:
    made = tracked(toy_study, rows=1_000, exempt=True, more="[reach.track_speeds]\nmin_passes = 1\nmin_couriers = 1\n")
    lay(toy_study.with_name("streets.geojson"), ends=tuple(range(41)))
    # Zones end at P4.5; two cutoffs at thrice 15 km/h are 15 km, 7.3 steps more: P0 to P12.
    assert study.check(made).reports["network"].dropped[0].rows == 28


def test_streets_are_read_as_far_as_one_gets_downhill(toy_study: Path) -> None:
    file = toy_study.with_name("streets.geojson")
    lay(file, ends=tuple(range(41)))
    drawn = json.loads(file.read_text(encoding="utf-8"))
    for i, feature in enumerate(drawn["features"]):
        feature["properties"] |= {"from_node": i, "to_node": i + 1}
    file.write_text(json.dumps(drawn), encoding="utf-8")
    points = gpd.points_from_xy(LON0 + STEP * np.arange(41), np.full(41, LAT0))
    nodes = gpd.GeoDataFrame({"node_id": range(41), "elevation_m": 0.0}, geometry=points, crs="EPSG:4326")
    nodes.to_file(toy_study.with_name("nodes.geojson"))
    toy_study.write_text(toy_study.read_text(encoding="utf-8").partition("[candidates]")[0], encoding="utf-8")
    steep = ('mode = "ebike"', 'mode = "bicycle"\nslope = true')
    made = asked(toy_study, steep, ("[reach]", 'nodes = "nodes.geojson"\n[reach]'))
    # Zones end at P4.5; a bicycle rides 12 km/h, 1.25 times as fast downhill: two cutoffs are 2.43 steps, up to P6.93.
    assert study.check(made).reports["network"].dropped[0].rows == 33


def test_speeds_are_those_that_couriers_rode_at(toy_study: Path) -> None:
    made = tracked(toy_study, rows=1_000, exempt=True, more="[reach.track_speeds]\nmin_passes = 1\nmin_couriers = 1\n")
    result = study.run(made)
    assert result.inputs.network is not None
    # Three steps of 2,058 m in 59 x 20 s, eastwards; nobody was seen riding back, or beyond P3.
    seconds = dict(zip(result.inputs.network.edge_id.tolist(), result.inputs.network.forward_s.tolist(), strict=True))
    assert [seconds[edge] for edge in (0, 1, 2)] == pytest.approx([59 * 20 / 3] * 3, rel=0.02)
    assert seconds[3] == pytest.approx(494, abs=1)
    assert result.inputs.network.backward_s == pytest.approx([494] * 4, abs=1)
    assert any("% of the streets by length have speeds from tracks" in said for said in result.streets.sentences)  # type: ignore[union-attr]


def test_who_passes_a_station_on_the_way(toy_study: Path, tmp_path: Path) -> None:
    more = '[stations]\npath = "stations.csv"\ndatum = "WGS-84"\n[on_route]\nbudget_s = 10\n'
    result = study.run(tracked(toy_study, rows=1_000, exempt=True, more=more))
    assert result.streets is not None
    assert result.streets.on_route is not None
    # The courier on the street passes all of S0 to S3, who rides beside it meets the street and passes them too.
    assert result.streets.on_route.set_index("station_id")["ride_share"].to_dict() == dict.fromkeys(
        ["S0", "S1", "S2", "S3"], 1.0
    )
    assert any("100.0% of 2 ways between stops pass a station" in said for said in result.streets.sentences)
    study.write(result, tmp_path / "out")
    assert len(pd.read_excel(tmp_path / "out" / "streets.xlsx", sheet_name="on_route")) == 4


def watched(made: Study, *, whole_couriers: bool) -> FixWatch:
    assert made.fixes is not None
    scan: Any = io.scan_fixes(
        made.resolve(made.fixes.path), datum="WGS-84", tz=made.tz, batch_rows=made.engine.batch_rows
    )
    watch = FixWatch(whole_couriers=whole_couriers)
    for batch in scan.batches():
        watch.see(batch)
    return watch


def street(made: Study) -> reach.Network:
    tables = io.read_network(made.resolve("streets.geojson"), datum="WGS-84", directed=False)
    return reach.build_network(tables.edges, tables.nodes, mode="ebike")


@pytest.mark.parametrize(
    ("change", "covered", "said"),
    [
        ('close = ["S3"]', 60, "1 station closed"),
        ('close = ["S0", "S3"]', 60, "2 stations closed"),
        ('stations = { path = "new.csv", datum = "WGS-84" }', 150, "1 station moved, 1 station opened"),
        (
            'stations = { path = "new.csv", datum = "WGS-84", access = { path = "doors.csv", datum = "WGS-84" } }',
            60,
            "1 station moved, 1 station opened",
        ),
        ('blocked = { path = "works.geojson", datum = "WGS-84" }', 60, "1 street blocked"),
    ],
)
def test_what_if(toy_study: Path, change: str, covered: float, said: str) -> None:
    # Without S3 at P2, or without the street from P2 to P3, P3 is not served; S1 at P1 serves P0 and P2.
    lay(toy_study.with_name("streets.geojson"))
    works = shapely.geometry.mapping(shapely.box(LON0 + 2.4 * STEP, LAT0 - 0.001, LON0 + 2.6 * STEP, LAT0 + 0.001))
    feature = {"type": "Feature", "properties": {"kind": "works"}, "geometry": works}
    toy_study.with_name("works.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    new = pd.DataFrame({"station_id": ["S3", "S9"], "kind": "warm_bee", "lon": [LON0 + 2 * STEP, LON0 + 4 * STEP]})
    new.assign(lat=LAT0).to_csv(toy_study.with_name("new.csv"), index=False)
    # With doors the new station at P4 and S3 are met at P0 alone.
    pd.DataFrame({"station_id": ["S3", "S9"], "lon": [LON0, LON0], "lat": [LAT0, LAT0]}).to_csv(
        toy_study.with_name("doors.csv"), index=False
    )
    result = study.run(asked(toy_study, ("[reach]", f"[what_if]\n{change}\n[reach]")))
    assert result.changed is not None
    assert result.changed.headline["covered_demand"] == pytest.approx(covered)
    assert result.changed.sentence.startswith(f"What if ({said}): 66.7% covered become {covered / 150:.1%}")
    assert result.changed.sentence in result.notes
    assert result.headline["covered_demand"] == pytest.approx(100)
    assert set(result.changed.zones["level"]) == {"grid", "community"}


def test_what_a_change_does_to_zones_is_in_the_workbook(toy_study: Path, tmp_path: Path) -> None:
    # S3 at P2 closes and S9 opens at P4: S1 at P1 still serves P2, so that west loses nothing, and P3 is one step from
    # P4, so that east has 40 as before and 50 more.
    lay(toy_study.with_name("streets.geojson"))
    pd.DataFrame({"station_id": ["S9"], "kind": "warm_bee", "lon": [LON0 + 4 * STEP], "lat": LAT0}).to_csv(
        toy_study.with_name("new.csv"), index=False
    )
    change = '[what_if]\nclose = ["S3"]\nstations = { path = "new.csv", datum = "WGS-84" }\n'
    study.write(study.run(asked(toy_study, ("[reach]", change + "[reach]"))), tmp_path / "out")
    sheets = pd.read_excel(tmp_path / "out" / "streets.xlsx", sheet_name=None)
    rows = sheets["what_if"].set_index(["level", "zone_id"])
    assert list(rows.index) == [("grid", "east"), ("community", "town")]
    assert rows.loc[("grid", "east")].to_dict() == {
        "name": "东", "demand": 90, "covered_demand_before": 40, "covered_demand_after": 90,
        "covered_demand_change": 50, "covered_share_before": pytest.approx(40 / 90), "covered_share_after": 1,
    }  # fmt: skip
    assert set(sheets["what_if"].columns) <= set(sheets["columns"]["column"])
    assert "after - before: below 0 is lost, events" in sheets["columns"]["meaning"].tolist()
    study.write(study.run(asked(toy_study)), tmp_path / "plain")
    assert "what_if" not in pd.read_excel(tmp_path / "plain" / "streets.xlsx", sheet_name=None)


def test_a_change_that_cannot_be_is_refused(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    with pytest.raises(DataError, match=r"what_if.close must name stations; 1 of 1 are not there: 'S7'"):
        study.run(asked(toy_study, ("[reach]", '[what_if]\nclose = ["S7"]\n[reach]')))
    with pytest.raises(StudyError, match="give close, stations or blocked: nothing is changed"):
        asked(toy_study, ("[reach]", "[what_if]\n[reach]"))
    with pytest.raises(StudyError, match=r"follow couriers: they need \[fixes\]"):
        asked(toy_study, ("[reach]", "[on_route]\nbudget_s = 60\n[reach]"))


def test_isochrones_lie_within_each_other(toy_study: Path, tmp_path: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    result = study.run(asked(toy_study, ("cutoff_s = 600", "cutoff_s = 600\nbands_s = [120, 240]")))
    study.write(result, tmp_path / "out")
    drawn = gpd.read_file(tmp_path / "out" / "isochrones.geojson").set_index(["station_id", "band"]).geometry
    assert len(drawn) == 2 * 4
    assert drawn["S1", 240].contains(drawn["S1", 120])
    with pytest.raises(StudyError, match="bands_s must ascend"):
        asked(toy_study, ("cutoff_s = 600", "cutoff_s = 600\nbands_s = [240, 120]"))


def test_the_network_is_drawn_and_its_source_named(toy_study: Path, tmp_path: Path) -> None:
    nodes = "".join(f'<node id="{i + 1}" lat="{LAT0}" lon="{LON0 + STEP * i}"/>' for i in range(5))
    refs = "".join(f'<nd ref="{i + 1}"/>' for i in range(5))
    way = f'<way id="7">{refs}<tag k="highway" v="residential"/></way>'
    text = f'<osm version="0.6">{nodes}{way}</osm>'
    toy_study.with_name("town.osm").write_text(text, encoding="utf-8")
    made = asked(toy_study, ('path = "streets.geojson"\ndatum = "WGS-84"', 'path = "town.osm"'))
    result = study.run(made)
    # One way without a junction is one edge, met in its midst; P4 is a minute beyond what a station serves.
    assert result.headline["covered_demand"] == pytest.approx(100)
    assert result.inputs.streets is not None
    assert result.inputs.streets["highway"].tolist() == ["residential"]
    study.write(result, tmp_path / "out")
    assert "© OpenStreetMap contributors" in (tmp_path / "out" / "coverage.html").read_text(encoding="utf-8")


def test_of_many_streets_those_that_lead_through_are_drawn(monkeypatch: pytest.MonkeyPatch, toy_study: Path) -> None:
    monkeypatch.setattr("stationgeo.study._network._MOST_DRAWN", 3)
    lay(toy_study.with_name("streets.geojson"))
    assert study.run(asked(toy_study)).inputs.streets is not None
    assert study.run(asked(toy_study)).inputs.streets.empty  # type: ignore[union-attr]


def test_tags_change_speeds(toy_study: Path) -> None:
    lay(toy_study.with_name("streets.geojson"))
    slow = ("cutoff_s = 600", "cutoff_s = 600\ntag_factors = { highway = { residential = 0.5 } }")
    assert study.run(asked(toy_study, slow)).headline["covered_demand"] == pytest.approx(60)
    fast = ("cutoff_s = 600", "cutoff_s = 600\ntag_speeds_km_h = { highway = { residential = 30 } }")
    assert study.run(asked(toy_study, fast)).headline["covered_demand"] == pytest.approx(150)


def test_near_the_border_by_hand() -> None:
    wkt = [f"LINESTRING ({114 + i * 0.005} 22.5, {114 + i * 0.005} 22.6)" for i in range(21)]
    frame: Any = shapely.from_wkt(wkt)
    edges = gpd.GeoDataFrame({"highway": "residential"}, index=range(21), geometry=frame, crs="EPSG:4326")
    tables = io.read_network(edges, datum="WGS-84", directed=False)
    network = reach.build_network(tables.edges, tables.nodes, mode="walk")
    lon, lat = [114.05, 114.0, 114.05, 113.9], [22.55, 22.55, 22.6, 22.55]
    # The middle is 5 km from every border; the rim is within a cell (0.9 km apart) of it; the last is outside.
    assert reach.near_border(lon, lat, network, within_m=1_500).tolist() == [False, True, True, True]
    assert reach.near_border(lon, lat, network, within_m=0).tolist() == [False, False, False, True]
    assert reach.near_border(lon, lat, network, within_m=7_000).all()
    with pytest.raises(ParameterError, match="within_m must be a finite number of metres"):
        reach.near_border(lon, lat, network, within_m=-1)
