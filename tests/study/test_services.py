"""A study that says what stations offer and when: a town by hand, the sample city, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import stations, study
from stationgeo.errors import ParameterError, StudyError
from stationgeo.sample import city_dir
from stationgeo.study._score import with_hours

OPEN = '[services]\npath = "services.csv"\n\n'
STANDARD = '[standard]\npath = "mine.toml"\n\n'
TOILET = (
    'name = "mine"\nversion = "1"\nzh = "厕所"\nen = "a toilet"\nsource = "made for this test"\ncutoff_m = 600\n'
    'detour_factor = 1.3\nservices = ["toilets"]\n'
)  # fmt: skip


def lay(path: Path, *, standard: str | None = TOILET, more: str = "") -> Path:
    """Give the toy town services, hours and a standard."""
    stations = pd.read_csv(path.with_name("stations.csv"))
    hours = ["24小时", "工作日9:00-18:00", "电话预约", "24小时"]
    stations.assign(opening_hours=hours).to_csv(path.with_name("stations.csv"), index=False)
    told = pd.DataFrame({"station_id": ["S0", "S1", "S2", "S3"], "厕所": ["有", "有", "有", ""]})
    told.to_csv(path.with_name("services.csv"), index=False)
    orders = pd.read_csv(path.with_name("orders.csv"))
    # 18 November 2026 is a Wednesday; at 21:00 and at 10:00 in China.
    times = ["2026-11-18T13:00:00Z", *["2026-11-18T02:00:00Z"] * 4]
    orders.assign(t=times).to_csv(path.with_name("orders.csv"), index=False)
    text = path.read_text(encoding="utf-8")
    if standard is not None:
        path.with_name("mine.toml").write_text(standard, encoding="utf-8")
        start = text.index("[reach]")
        end = text.index("[", start + 1)
        text = text[:start] + STANDARD + text[end:]
    path.write_text(text.replace("[[zones]]", OPEN + more + "[[zones]]", 1), encoding="utf-8")
    return path


def test_a_town_by_hand(toy_study: Path, tmp_path: Path) -> None:
    # 10 orders at place 0 at 21:00: S0, always open, has a toilet. 20 at place 1 at 10:00: S1 is open on a Wednesday at
    # 10; S2's hours are not known. 30 at place 2 at 10:00: only S3 is there, always open, and nobody knows of a toilet.
    # 40 and 50 at places 3 and 4 have no station. (Places are 2 km apart.)
    result = study.run(study.Study.read(lay(toy_study)))
    head = result.headline
    assert (head["covered_demand"], head["covered_demand_high"]) == (30, 60)
    assert result.coverage.standard is not None
    assert result.coverage.standard.name == "mine"
    assert result.study.reach.cutoff_m == 600
    assert result.measures.services is not None
    told = result.measures.services.items.set_index(["sort", "item"])
    assert told.loc[("station", "station"), ["covered_demand", "covered_demand_high"]].tolist() == [60, 60]
    assert told.loc[("service", "toilets"), ["covered_demand", "covered_demand_high"]].tolist() == [30, 60]
    rates = result.measures.rates.query("by == 'any' and level == 'all'").set_index("rate")
    assert rates.loc["demand", ["numerator", "numerator_high", "denominator"]].tolist() == [30, 60, 150]
    assert rates.loc["time", ["numerator", "numerator_high", "denominator"]].tolist() == [30, 60, 150]
    study.write(result, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "20.0% to 40.0% of demand is covered by 4 stations" in text
    assert "Standard `mine` 1; source: made for this test." in text
    assert "the hours of 1 of 4 stations are not known" in text
    by_hour = pd.read_parquet(tmp_path / "out" / "services_by_hour.parquet").query("sort == 'service'")
    toilets = by_hour[by_hour["item"] == "toilets"].groupby(["level", "hour"])
    told = toilets[["demand", "covered_demand", "covered_demand_high"]].sum()
    assert told.groupby("hour").first().loc[[10, 21]].to_numpy().tolist() == [[140, 20, 50], [10, 10, 10]]


def test_what_is_not_known_makes_a_range_of_every_measure(toy_study: Path, tmp_path: Path) -> None:
    # As above: 10 for sure, 20 by S1 for sure and perhaps by S2, 30 only if S3 has a toilet. Closing S1 loses 20 unless
    # S2 is open; closing S3 loses 30 only if there is anything to lose.
    asked = '[partial]\ndecay = { name = "step" }\nbackup = 1\n\n[criticality]\n\n'
    result = study.run(study.Study.read(lay(toy_study, more=asked)))
    for one in result.partial[:3]:
        assert (one.headline["numerator"], one.headline["numerator_high"]) == (30, 60)
        assert one.bins["numerator_high"].tolist() == [50, 10]
    assert result.criticality is not None
    stations = result.criticality.stations.set_index("station_id")
    ends = stations[["unique_demand_low", "unique_demand", "unique_demand_high"]]
    assert ends.loc[["S0", "S1", "S2", "S3"]].to_numpy().tolist() == [[10, 10, 10], [0, 20, 20], [0, 0, 0], [0, 0, 30]]
    assert result.blanks is not None
    told = result.blanks.headline
    assert (told["covered_demand"], told["covered_demand_high"]) == (30, 60)
    study.write(result, tmp_path / "out")
    by_hour = pd.read_parquet(tmp_path / "out" / "partial_by_hour.parquet").query("rate == 'backup'")
    assert by_hour["numerator"].tolist() == [20, 10]
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "1 could each close alone, and the sheet closing bounds what each loses" in text


def test_partial_coverage_takes_the_decay_of_the_standard_unless_the_study_names_one(toy_study: Path) -> None:
    # By a step everything in reach is worth all: 30 for sure. The default, linear, would make less of it.
    path = lay(toy_study, standard=TOILET + 'decay = { name = "step" }\n', more="[partial]\n\n")
    told = {one.measure: one for one in study.run(study.Study.read(path)).partial}
    assert told["gradual"].parameters["decay"] == "step(cutoff=600.0)"
    assert told["gradual"].headline["numerator"] == 30
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[partial]", '[partial]\ndecay = { name = "linear" }'), encoding="utf-8")
    told = {one.measure: one for one in study.run(study.Study.read(path)).partial}
    assert told["gradual"].parameters["decay"].startswith("linear(")
    assert told["gradual"].headline["numerator"] < 30


def test_hours_matter_where_the_standard_says_so(toy_study: Path) -> None:
    # By night S1 is closed: with all orders at 21:00 place 1 may only be served by S2, whose hours are not known.
    path = lay(toy_study)
    orders = pd.read_csv(path.with_name("orders.csv")).assign(t="2026-11-18T13:00:00Z")
    orders.to_csv(path.with_name("orders.csv"), index=False)
    asked = study.Study.read(path)
    head = study.run(asked).headline
    assert (head["covered_demand"], head["covered_demand_high"]) == (10, 60)
    path.with_name("mine.toml").write_text(TOILET + "open_then = false\n", encoding="utf-8")
    assert study.run(study.Study.read(path)).headline["covered_demand"] == 30


def test_on_holidays_stations_keep_the_hours_of_holidays(toy_study: Path) -> None:
    # 1 October 2026 is a Thursday and a holiday: S1, open on working days, is closed; S0 and S3 always open. With an
    # ordinary Thursday beside it S1 is open on one of the two, so that its 20 are no more covered for sure.
    path = lay(toy_study, more='[hours]\ncalendar = "CN"\n\n')
    orders = pd.read_csv(path.with_name("orders.csv"))
    orders.assign(t="2026-10-01T02:00:00Z").to_csv(path.with_name("orders.csv"), index=False)
    head = study.run(study.Study.read(path)).headline
    assert (head["covered_demand"], head["covered_demand_high"]) == (10, 60)
    both = pd.concat([orders.assign(t=f"2026-10-{day}T02:00:00Z") for day in ("01", "08")])
    both.to_csv(path.with_name("orders.csv"), index=False)
    result = study.run(study.Study.read(path))
    assert result.headline["covered_share"] == pytest.approx(10 / 150)
    assert any("1 of 4 stations keep other hours on some of the observed days" in note for note in result.notes)
    # Without a calendar nobody knows that the day is a holiday.
    path.write_text(path.read_text(encoding="utf-8").replace('calendar = "CN"\n', ""), encoding="utf-8")
    assert study.run(study.Study.read(path)).headline["covered_share"] == pytest.approx(30 / 150)


def test_the_sample_city_tells_services_and_hours(tmp_path: Path) -> None:
    result = study.run(study.Study.read(city_dir() / "study.toml"))
    assert result.measures.services is not None
    assert result.measures.hours is not None
    # The headline is still of any station in reach, whatever its hours: services only add to it.
    assert result.headline["covered_demand"] == result.headline["covered_demand_high"]
    rates = result.measures.rates
    whole = rates[(rates["level"] == "all") & (rates["by"] == "any")].set_index("rate")
    assert whole.loc["demand", "share"] == pytest.approx(result.headline["covered_share"])
    assert whole.loc["time", "share"] < whole.loc["demand", "share"]
    items = result.measures.services.items.set_index(["sort", "item"])
    assert items.loc[("station", "station"), "covered_share"] == pytest.approx(whole.loc["time", "share"])
    assert items.loc[("need", "toilets"), "covered_share"] < items.loc[("need", "water"), "covered_share"]
    out = tmp_path / "out"
    study.write(result, out)
    sheets = pd.read_excel(out / "coverage.xlsx", sheet_name=None)
    assert {"rates", "items", "items_by_zone", "items_by_bin", "opening_hours", "stations_open", "columns"} <= set(
        sheets
    )
    meanings = sheets["columns"].set_index(["sheet", "column"])["meaning"]
    for name, table in sheets.items():
        for column in table.columns if name != "columns" else ():
            assert meanings[name, column], (name, column)
    opened = pd.read_parquet(out / "stations_open.parquet")
    every = opened[opened["family"] == ""]
    # An hour that is open for half of it counts: bits of bins, not minutes.
    assert every["n_open"].sum() == np.bitwise_count(result.measures.hours.low).sum()
    assert every["n_open_high"].sum() == np.bitwise_count(result.measures.hours.high).sum()
    assert set(every["n_stations"]) == {len(result.measures.hours.table)}
    assert "- fewest are open on Monday at " in (out / "report.md").read_text(encoding="utf-8")
    page = (Path(__file__).parents[2] / "docs" / "reference" / "outputs.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in ("stations_open.parquet", *opened.columns))
    saved = pd.read_parquet(out / "rates.parquet")
    pd.testing.assert_frame_equal(saved, rates)
    zones = pd.read_parquet(out / "services.parquet")
    by_hour = pd.read_parquet(out / "services_by_hour.parquet")
    assert list(dict.fromkeys(by_hour["level"])) == ["community", "street", "district"]
    asked = {"items": ["service:toilets"], "hours": [21]}
    late = by_hour.query("sort == 'service' and item == 'toilets' and level == 'street' and hour == 21")
    told = result.measures.services.hours(level="street", **asked).query("demand > 0")
    pd.testing.assert_frame_equal(late.reset_index(drop=True), told.reset_index(drop=True))
    grids = zones.query("sort == 'need' and item == 'toilets' and level == 'grid'")
    assert grids["demand"].sum() == pytest.approx(result.full_demand["courier_s"].sum())


def test_buildings_corridors_and_zones_that_cross_the_tree(toy_study: Path) -> None:
    folder = toy_study.parent
    orders = pd.read_csv(folder / "orders.csv")
    points = gpd.points_from_xy(orders["lon"], orders["lat"])
    houses = gpd.GeoDataFrame({"floors": [1, 2, 3, 4, 5]}, geometry=points, crs="EPSG:4326")
    (folder / "houses.geojson").write_text(houses.to_json(), encoding="utf-8")
    road = gpd.GeoDataFrame(geometry=[shapely.LineString([points[0], points[4]])], crs="EPSG:4326")
    (folder / "road.geojson").write_text(road.to_json(), encoding="utf-8")
    grids = (folder / "grids.geojson").read_text(encoding="utf-8")
    (folder / "ports.geojson").write_text(grids.replace("west", "port"), encoding="utf-8")
    more = "".join(
        f'[{name}]\npath = "{file}"\ndatum = "WGS-84"\n' + extra
        for name, file, extra in (
            ("buildings", "houses.geojson", 'weight = "floors"\n'), ("routes", "road.geojson", ""),
            ("overlays", "ports.geojson", ""),
        )
    )  # fmt: skip
    rates = study.run(study.Study.read(lay(toy_study, standard=None, more=more))).measures.rates
    whole = rates[(rates["level"] == "all") & (rates["by"] == "any")].set_index("rate")
    # Places 0, 1 and 2 have a station within reach, and 1 + 2 + 3 of 15 floors.
    assert whole.loc["building", ["numerator", "denominator"]].tolist() == [6, 15]
    assert 0 < whole.loc["route", "share"] < 1
    port = rates[(rates["level"] == "overlay") & (rates["by"] == "any") & (rates["zone_id"] == "port")].set_index(
        "rate"
    )
    assert port.loc["demand", ["numerator", "denominator"]].tolist() == pytest.approx([60, 60])


def test_what_is_refused(toy_study: Path) -> None:
    plain = toy_study.read_text(encoding="utf-8")
    path = lay(toy_study)
    with_reach = path.read_text(encoding="utf-8") + "\n[reach]\ncutoff_m = 500\n"
    path.write_text(with_reach, encoding="utf-8")
    with pytest.raises(
        StudyError, match=r"reach.cutoff_m is settled by the standard 'mine', which says 600.0, not 500"
    ):
        study.Study.read(path)
    path.write_text(plain.replace("[reach]", '[standard]\nname = "idle"\n\n[reach]'), encoding="utf-8")
    with pytest.raises(StudyError, match="unknown standard 'idle'; did you mean 'idle_rider'"):
        study.Study.read(path)
    path.write_text(plain, encoding="utf-8")
    kept = lay(path).read_text(encoding="utf-8")
    path.write_text(kept.replace(OPEN, ""), encoding="utf-8")
    with pytest.raises(StudyError, match="asks for services: name the file that tells of them by"):
        study.run(study.Study.read(path))
    stations = pd.read_csv(path.with_name("stations.csv")).drop(columns="opening_hours")
    stations.to_csv(path.with_name("stations.csv"), index=False)
    path.write_text(kept, encoding="utf-8")
    with pytest.raises(StudyError, match="asks for open stations, and stations have no opening_hours"):
        study.run(study.Study.read(path))


def test_couriers_hours_are_those_of_all_places() -> None:
    table = pd.DataFrame({
        "cell": np.array([1, 2], dtype=np.uint64), "zone_id": "", "bin": [-2, 5], "courier_s": [100.0, 7.0],
        "visits": [4.0, 1.0], "courier_weight": [1.0, 1.0],
    })  # fmt: skip
    hours = pd.DataFrame({
        "bin": [9, 10], "courier_s_share": [0.25, 0.75], "visits_share": [0.5, 0.5], "courier_weight_share": [0.0, 0.0],
    })  # fmt: skip

    class Told:
        pass

    told = Told()
    told.hours = hours
    found = with_hours(table, told)
    assert found["bin"].tolist() == [9, 10, 5]
    assert found["courier_s"].tolist() == [25, 75, 7]
    assert found["visits"].tolist() == [2, 2, 1]
    # Nothing is known of weights by hour: they are spread evenly, and conserved.
    assert found["courier_weight"].tolist() == [0.5, 0.5, 1]
    assert with_hours(table, None) is table


def city_of(folder: Path, *, group: str, more: str = "") -> study.Study:
    """Copy the sample city, and ask by a standard that speaks of one group."""
    shutil.copytree(city_dir(), folder)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace("cutoff_m = 750", "").replace("detour_factor = 1.3", "")
    (folder / "mine.toml").write_text(
        TOILET.replace("600", "750") + f'group = "{group}"\nopen_then = false\n', encoding="utf-8"
    )
    (folder / "study.toml").write_text(text.replace("[reach]", STANDARD + "[reach]") + more, encoding="utf-8")
    return study.Study.read(folder / "study.toml")


def test_a_study_speaks_of_the_group_that_its_standard_is_about(tmp_path: Path) -> None:
    heads = [study.run(city_of(tmp_path / group, group=group)).headline for group in ("rider", "courier", "driver")]
    whole = study.run(study.Study.read(city_dir() / "study.toml")).headline
    assert sum(head["demand"] for head in heads) == pytest.approx(whole["demand"])
    assert len({round(head["covered_share"], 6) for head in heads}) == 3
    with pytest.raises(ParameterError, match=r"nobody is of group 'trucker'. Known: courier, driver, rider"):
        study.run(city_of(tmp_path / "none", group="trucker"))


def test_purposes_weigh_needs_where_they_may_be_told(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(city_dir(), folder)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    # Without a rule every stop counts, and is of purpose "unknown".
    weighed = '\n[coverage]\nitems = ["need:meals", "station"]\nweigh_needs = true\n'
    purposes = "\n[stops.purpose]\nrest_min_s = 600\n"
    (folder / "study.toml").write_text(text + weighed + purposes, encoding="utf-8")
    result = study.run(study.Study.read(folder / "study.toml"))
    assert result.measures.services is not None
    told = result.measures.services.items.set_index("item")
    aggregate_by = stations.need_weights(bins="hour_of_week").set_index(["need", "purpose", "bin"])["weight"]
    table = result.by_purpose
    assert table is not None
    inside = table[table["zone_id"] != ""]
    weight = aggregate_by["meals"].reindex(pd.MultiIndex.from_frame(inside[["purpose", "bin"]])).to_numpy()
    assert told.loc["meals", "demand"] == pytest.approx((inside["courier_s"] * weight).sum())
    assert told.loc["station", "demand"] == pytest.approx(result.headline["demand"])
