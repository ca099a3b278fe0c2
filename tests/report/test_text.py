from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from stationgeo import report, sample, study


@pytest.fixture(scope="module")
def demo() -> study.Result:
    return study.run(study.Study.read(sample.city_dir() / "study.toml"))


def test_headline_says_unit_cutoff_and_days_and_no_column_names(demo: study.Result) -> None:
    lines = report.headline_lines(demo.coverage, demo.plan, cutoff="750 m")
    head = demo.headline
    hours = f"{head['covered_demand'] / 3600:,.0f} of {head['demand'] / 3600:,.0f} courier-hours of rest a week"
    assert lines[0].endswith(f"covered by 81 stations: {hours} lie within 750 m of one")
    assert lines[-1] == "A week here is Thu, Fri, Sat: no other day has demand"
    assert not any("_" in line for line in lines)


def test_report_names_places_kinds_and_costs(demo: study.Result) -> None:
    text = report.markdown(demo.coverage, demo.plan, title="T", parameters={}, reports={}, notes=[])
    assert demo.plan is not None
    best = demo.plan.sites.iloc[0]
    row = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    stations = demo.coverage.stations.set_index("station_id")["name"]
    assert stations[best["nearest_station_id"]] in row
    assert "caring merchant 爱心商户" in row
    assert f"{best['demand_gain'] / 3600:.3g}" in row
    assert f"{best['cost_per_year']:,.0f}" in row


def test_untimed_events_are_events_of_no_week(toy_study: Path) -> None:
    result = study.run(study.Study.read(toy_study))
    lines = report.headline_lines(result.coverage, result.plan)
    assert lines[0] == "40.0% of demand is covered by 4 stations: 60 of 150 events lie in reach of one"
    # tests/conftest.py: two sites cover everything; grid east has nothing covered.
    assert lines[-2:] == [
        "1 of 2 zones with demand have nothing covered",
        "2 new sites cover 90 more of 150 events: from 40.0% to 100.0%, proven the best possible",
    ]


def test_workbooks_are_in_hours_and_explain_every_column(demo: study.Result, tmp_path: Path) -> None:
    assert demo.plan is not None
    zones = report.zone_sheets(demo.coverage, demo.headline)
    sites = report.site_sheets(demo.plan, demo.coverage)
    district = zones["district"].set_index("zone_id")
    assert district.loc["449801", "demand"] == pytest.approx(demo.headline["demand"] / 3600)
    assert district.loc["", "name"] == "outside all zones 区划之外"
    assert zones["hours"]["demand"].sum() == pytest.approx(demo.headline["demand"] / 3600)
    assert zones["hours"]["weekday"].str[:3].unique().tolist() == ["Thu", "Fri", "Sat"]
    assert (zones["headline"]["meaning"] != "").all()
    named = {name for title, sheet in zones.items() if title not in {"headline", "columns"} for name in sheet.columns}
    assert named == set(zones["columns"]["column"])
    assert list(sites["sites"].columns) == sites["columns"]["column"].tolist()
    report.write_workbook(tmp_path / "a.xlsx", zones | sites)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    shown = {row[0].value: row[1].number_format for row in book["headline"].iter_rows(min_row=2)}
    assert (shown["covered_share"], shown["demand"], shown["n_stations"]) == ("0.0%", "#,##0.0", "#,##0")
    at = {cell.value: cell.column for cell in book["sites"][1]}
    assert book["sites"].cell(row=2, column=at["lon"]).number_format == "0.000000"
    assert pd.read_excel(tmp_path / "a.xlsx", sheet_name="sites")["rank"].tolist() == list(range(1, 11))
