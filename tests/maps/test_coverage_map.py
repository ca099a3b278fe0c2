from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from stationgeo import stations as station_kinds
from stationgeo.coverage import standard
from stationgeo.errors import DataError, DatumError, ParameterError
from stationgeo.maps import CoverageMap, coverage_map

if TYPE_CHECKING:
    from conftest import Plan, Scored

Payload = Callable[[CoverageMap], dict[str, Any]]
Read = Callable[[str], list[int]]

NASTY = "</script><script>alert('x')</script>&\u2028驿站"


def draw(coverage: Scored, plan: Plan | None = None, **options: Any) -> CoverageMap:  # noqa: ANN401 - of coverage_map
    return coverage_map(cast("Any", coverage), cast("Any", plan), **options)


def layer_names(page: CoverageMap) -> tuple[list[str], list[str]]:
    layers = [child for child in page._children.values() if hasattr(child, "overlay")]
    return (
        [layer.layer_name for layer in layers if not layer.overlay],
        [layer.layer_name for layer in layers if layer.overlay],
    )


def test_cells_come_back_from_the_page(coverage: Scored, payload: Payload, deltas: Read, varints: Read) -> None:
    shuffled = replace(coverage, cells=coverage.cells.sample(frac=1, random_state=1))
    cells = payload(draw(shuffled))["cells"]
    table = coverage.cells
    flags = np.frombuffer(base64.b64decode(cells["flags"]), dtype=np.uint8)
    assert cells["resolution"] == 9
    unused = 3 * (15 - 9)
    head = (1 << 59) | (9 << 52)
    assert [head | (key << unused) | ((1 << unused) - 1) for key in deltas(cells["keys"])] == table["cell"].tolist()
    assert (flags & 3).tolist() == [row % 4 for row in range(19)]
    assert (flags >> 2 & 1).tolist() == table["covered"].astype(int).tolist()
    assert deltas(cells["n_stations"]) == table["n_stations"].tolist()
    assert deltas(cells["zone"]) == [0 if row % 2 else 1 for row in range(19)]  # west, east: rows of the page's zones
    assert deltas(cells["nearest"]) == [-1 if row % 4 == 3 else row % 2 for row in range(19)]
    # 1 + the metres, rounded: 10.4, 20.8, (31.2 is out of reach), 41.6, ...
    assert varints(cells["way"])[:6] == [1, 11, 22, 0, 43, 53]


def test_busiest_cells_with_four_fifths_of_demand_are_marked(coverage: Scored, payload: Payload) -> None:
    # Squares 1 to 18 add up to 2109; 18^2 + 17^2 + ... + 11^2 = 1724 >= 0.8 x 2109 = 1687.2 > 1603 without 11^2.
    flags = np.frombuffer(base64.b64decode(payload(draw(coverage))["cells"]["flags"]), dtype=np.uint8)
    assert np.flatnonzero(flags >> 3 & 1).tolist() == list(range(11, 19))


def test_demand_classes_and_legend_belong_together(coverage: Scored, payload: Payload) -> None:
    data = payload(draw(coverage, language="en"))
    theme = data["themes"]["theme:demand"]
    flags = np.frombuffer(base64.b64decode(data["cells"]["flags"]), dtype=np.uint8)
    classes = (flags >> 4).astype(int) - 1
    assert classes[0] == -1  # no demand, no colour
    assert sorted(set(classes[1:].tolist())) == list(range(len(theme["colours"])))
    assert len(theme["rows"]) == len(theme["colours"])
    assert theme["unit"] == "visits a week"
    assert "quantile" in theme["note"]
    # Sixths of 1, 4, 9, ..., 324 lie 2 5/6, 5 2/3, 8 1/2, 11 1/3, 14 1/6 places after the first of these 18:
    # 14.8, 44.7, 90.5, 152.3 and 230.2, with two digits 15, 45, 90, 150 and 230.
    assert [row["label"] for row in theme["rows"]] == [
        "1 – 15",
        "15 – 45",
        "45 – 90",
        "90 – 150",
        "150 – 230",
        "230 – 324",
    ]


def test_names_cannot_break_out_of_the_page(coverage: Scored, plan: Plan, payload: Payload) -> None:
    page = draw(coverage, plan, title=NASTY, attribution=NASTY)
    text = page.get_root().render()
    assert "<script>alert" not in text
    assert "</script><script>alert" not in text
    assert "街角 <b>" not in text
    data = payload(page)
    assert data["stations"]["names"][0] == NASTY
    assert data["zones"]["names"][0] == NASTY
    assert data["title"] == NASTY
    assert data["attribution"].startswith("&lt;/script&gt;")


def test_zones_keep_their_numbers_and_blank_is_not_zero(coverage: Scored, payload: Payload) -> None:
    data = payload(draw(coverage, language="en"))
    zones = data["zones"]
    assert zones["ids"] == ["west", "east", "town"]  # lowest level first, no row for what lies outside
    assert zones["levels"] == ["Grid", "Community"]
    assert zones["level"] == [0, 0, 1]
    assert zones["share"] == [0.75, None, 0.75]
    assert zones["shareClass"] == [4, -1, 4]  # (0.6, 0.8]; hatched
    assert [column[0] for column in zones["classes"]] == [527.25, 421.8, 632.7, 527.25]
    rows = data["themes"]["theme:share:0"]["rows"]
    assert rows[-1] == {"colours": [], "hatch": True, "label": "No demand"}
    assert not any("hatch" in row for row in data["themes"]["theme:share:1"]["rows"])


@pytest.mark.parametrize(("share", "code"), [(0.0, 0), (1e-9, 1), (0.2, 1), (0.2000001, 2), (0.8, 4), (1.0, 5)])
def test_limits_of_covered_share_belong_to_the_class_below(
    coverage: Scored, payload: Payload, share: float, code: int
) -> None:
    zones = coverage.zones.copy()
    zones["covered_share"] = share
    assert payload(draw(replace(coverage, zones=zones)))["zones"]["shareClass"] == [code] * 3


def test_stations_are_grouped_by_family_and_clusters_apart(coverage: Scored, payload: Payload, deltas: Read) -> None:
    page = draw(coverage, language="en")
    names = coverage.stations["kind"]
    stations = payload(page)["stations"]
    kinds = [stations["kinds"][code] for code in deltas(stations["kind"])]
    assert [kind["group"] for kind in kinds] == ["0", "1", "cluster"]
    assert [kind["cluster"] for kind in kinds] == [False, False, True]
    assert [kind["n"] for kind in kinds] == [1, 1, 1]
    assert kinds[0]["shape"] != kinds[1]["shape"]
    assert kinds[0]["colour"] != kinds[1]["colour"]
    assert kinds[2]["colour"] == kinds[0]["colour"]  # a cluster counts for no family, but shows what it is made of
    assert [kind["label"] for kind in kinds] == [
        station_kinds.kinds().set_index("kind").loc[name, "en"] for name in names
    ]
    assert stations["hours"] == ["24小时", "", ""]
    assert stations["demand"] == [100.0, 12345.68, None]
    assert stations["shapes_of"] == [2]  # the street of stations is drawn as a street
    assert layer_names(page)[1] == [
        "Warm-bee type stations", "Service centres", "Clusters (not counted)", "Zone borders", "Names",
    ]  # fmt: skip


def test_sites_come_in_the_order_of_ranks(coverage: Scored, plan: Plan, payload: Payload, deltas: Read) -> None:
    data = payload(draw(coverage, plan))
    sites = data["sites"]
    assert sites["rank"] == [1, 2]
    assert deltas(sites["x"]) == [11_400_400, 11_399_600]
    assert sites["name"] == ["街角 <b>", "c-2"]
    assert sites["label"] == ["街角 <b>", "社区办公室"]
    assert sites["zone"] == ["", NASTY]
    assert sites["nearest"] == ["", NASTY]
    assert sites["cost_build"] == [None, 50_000.0]
    # 0.85 covered with both sites, 0.75 without.
    assert data["headline"]["plan"]["share"] == 0.85
    assert data["headline"]["plan"]["gain"] == pytest.approx(0.1)
    assert data["headline"]["plan"]["n"] == 2


def test_a_plan_that_is_not_proven_says_how_far_it_may_be(coverage: Scored, plan: Plan, payload: Payload) -> None:
    line = payload(draw(coverage, replace(plan, status="stopped", gap=0.0123), language="en"))["headline"]["plan"]
    assert line["note"] == "stopped early; gap to the best possible 1.23%"


def test_what_is_not_known_makes_a_range_beside_the_headline(coverage: Scored, payload: Payload) -> None:
    known = {**coverage.headline, "covered_share_high": 0.75}
    assert all("未知" not in label for label, _ in payload(draw(replace(coverage, headline=known)))["headline"]["rows"])
    told = payload(draw(replace(coverage, headline=known | {"covered_share_high": 0.806})))["headline"]["rows"]
    assert told[0] == ["未知项全为“有”时的覆盖率", "80.6%"]


def test_sites_by_reach_alone_say_so_beside_a_standard_that_asks_for_more(
    coverage: Scored, plan: Plan, payload: Payload
) -> None:
    by_reach, open_then = standard("idle_rider"), standard("idle_rider_open")
    line = payload(draw(replace(coverage, standard=by_reach), plan, language="en"))["headline"]["plan"]
    assert line["note"] == "proven optimal"
    line = payload(draw(replace(coverage, standard=open_then), plan, language="en"))["headline"]["plan"]
    assert line["note"] == "proven optimal; sites are counted by reach alone, whatever stations offer and when"


def test_demand_outside_the_zones_is_named_where_it_counts(coverage: Scored, plan: Plan, payload: Payload) -> None:
    beyond = replace(coverage, headline={**coverage.headline, "outside_demand": 12.0})
    inside = payload(draw(beyond, plan))["headline"]
    assert ["区划之外的需求", "12"] in inside["rows"]
    assert inside["plan"]["note"] == "已证明最优"  # the plan's total is that of the zones
    everywhere = payload(draw(beyond, replace(plan, total_demand=2121.0)))["headline"]["plan"]
    assert everywhere["note"] == "已证明最优; 含区划之外的需求"


def test_a_plan_without_sites_is_no_layer(coverage: Scored, plan: Plan, payload: Payload) -> None:
    data = payload(draw(coverage, replace(plan, sites=plan.sites.iloc[:0], status="infeasible")))
    assert data["sites"] is None
    assert data["headline"]["plan"] is None


def test_a_plan_made_from_ids_alone_has_its_line_but_no_markers(coverage: Scored, plan: Plan, payload: Payload) -> None:
    nowhere = plan.sites.set_geometry(gpd.GeoSeries([None, None], crs="EPSG:4326"))
    data = payload(draw(coverage, replace(plan, sites=nowhere)))
    assert data["sites"] is None
    assert data["headline"]["plan"]["n"] == 2


def test_streets_are_drawn_once_with_their_class(
    coverage: Scored, streets: gpd.GeoDataFrame, payload: Payload, varints: Read
) -> None:
    text = payload(draw(coverage, streets=streets))["streets"]
    assert varints(text["n"]) == [3, 2]
    assert list(base64.b64decode(text["kind"])) == [0, 2]  # primary_link is a through road, residential another street
    assert text["ranked"] is True
    plain = payload(draw(coverage, streets=streets[["geometry"]]))["streets"]
    assert list(base64.b64decode(plain["kind"])) == [2, 2]
    assert plain["ranked"] is False


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("motorway", 0),
        ("tertiary_link", 1),
        ("['secondary', 'service']", 1),
        ("steps", 3),
        (None, 2),
        (("footway",), 3),
    ],
)
def test_classes_of_streets_as_osm_and_osmnx_write_them(
    coverage: Scored, streets: gpd.GeoDataFrame, payload: Payload, value: object, code: int
) -> None:
    one = streets.iloc[:1].copy()
    one["highway"] = pd.Series([value], dtype=object, index=one.index)
    assert list(base64.b64decode(payload(draw(coverage, streets=one))["streets"]["kind"])) == [code]


@pytest.mark.parametrize(
    ("language", "themes"),
    [
        ("zh", ["覆盖类别", "需求", "覆盖率 · 网格", "覆盖率 · 社区", "不着色"]),
        ("en", ["Coverage class", "Demand", "Covered share · Grid", "Covered share · Community", "No shading"]),
    ],
)
def test_layers_in_the_language_asked_for(coverage: Scored, language: str, themes: list[str]) -> None:
    assert layer_names(draw(coverage, language=language))[0] == themes


def test_both_languages_stand_side_by_side(coverage: Scored) -> None:
    assert layer_names(draw(coverage, language="both"))[0][:2] == ["覆盖类别 Coverage class", "需求 Demand"]


def test_same_coverage_same_bytes_in_any_order_of_cells(
    coverage: Scored, plan: Plan, streets: gpd.GeoDataFrame
) -> None:
    pages = [
        draw(replace(coverage, cells=coverage.cells.sample(frac=1, random_state=seed)), plan, streets=streets)
        for seed in (1, 2)
    ]
    assert pages[0].get_root().render() == pages[1].get_root().render()


def test_input_stays_as_it_was(coverage: Scored, plan: Plan, streets: gpd.GeoDataFrame) -> None:
    before = [frame.copy() for frame in (coverage.cells, coverage.zones, coverage.stations, plan.sites, streets)]
    draw(coverage, plan, streets=streets).get_root().render()
    for old, new in zip(before, (coverage.cells, coverage.zones, coverage.stations, plan.sites, streets), strict=True):
        pd.testing.assert_frame_equal(old, new)


def test_greenfield_and_no_zones_still_make_a_map(coverage: Scored, payload: Payload) -> None:
    bare = replace(coverage, zones=coverage.zones.iloc[[1]], stations=coverage.stations.iloc[:0], headline={})
    data = payload(draw(bare))
    assert data["zones"] is None
    assert data["stations"] is None
    assert data["bounds"] is None  # the page takes those of the cells
    assert data["headline"]["covered_share"] is None
    assert set(data["cells"]) >= {"keys", "flags"}


def test_stations_alone_make_a_map(coverage: Scored, plan: Plan, payload: Payload) -> None:
    plan.sites.loc[0, "geometry"] = shapely.Point(114.01, 22.55)
    alone = replace(coverage, cells=coverage.cells.iloc[:0], zones=coverage.zones.iloc[:0])
    page = draw(alone)
    assert payload(page)["bounds"] == [[22.549, 113.995], [22.55, 114.005]]
    assert payload(draw(alone, plan))["bounds"] == [[22.549, 113.995], [22.55, 114.01]]  # the sites are in it
    assert layer_names(page)[0] == ["不着色"]


def test_seconds_of_rest_are_shown_as_hours(coverage: Scored, plan: Plan, payload: Payload) -> None:
    timed = replace(
        coverage, parameters={"weight": "courier_s"}, headline={**coverage.headline, "outside_demand": 1800.0}
    )
    data = payload(draw(timed, plan, language="en"))
    # 2109 s are 0.5858333 h, 100 s 0.02777778 h, 20 s 0.005555556 h, half an hour 0.5 h.
    assert ["Demand in all · courier-hours of rest a week", "0.586"] in data["headline"]["rows"]
    assert ["Demand outside the zones", "0.5"] in data["headline"]["rows"]
    assert data["zones"]["demand"] == [0.5858333, 0.0, 0.5858333]
    assert data["stations"]["demand"][0] == 0.02777778
    assert data["sites"]["gain"][0] == 0.005555556
    assert data["headline"]["plan"]["note"] == "proven optimal"  # both totals are in hours
    assert data["headline"]["plan"]["gain"] == pytest.approx(0.1)
    assert data["themes"]["theme:demand"]["unit"] == "courier-hours of rest a week"


def test_seconds_instead_of_metres(coverage: Scored, payload: Payload, varints: Read) -> None:
    timed = replace(coverage, cells=coverage.cells.rename(columns={"nearest_m": "nearest_s"}))
    data = payload(draw(timed))
    assert data["way_unit"] == "s"
    assert varints(data["cells"]["way"])[:2] == [1, 11]


def test_nothing_to_draw_is_an_error(coverage: Scored) -> None:
    nothing = replace(
        coverage, cells=coverage.cells.iloc[:0], zones=coverage.zones.iloc[:0], stations=coverage.stations.iloc[:0]
    )
    with pytest.raises(DataError, match="nothing to draw"):
        draw(nothing)


def test_wrong_language_crs_class_and_streets_are_refused(coverage: Scored, streets: gpd.GeoDataFrame) -> None:
    with pytest.raises(ParameterError, match="language must be one of"):
        draw(coverage, language="de")
    with pytest.raises(DatumError, match=r"streets: a map needs WGS-84.*Got CRS EPSG:3857"):
        draw(coverage, streets=streets.to_crs(3857))
    with pytest.raises(DatumError, match=r"stations: .*Got CRS none"):
        draw(replace(coverage, stations=coverage.stations.set_crs(None, allow_override=True)))
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], crs="EPSG:4326")
    with pytest.raises(
        DataError, match=r"streets: every geometry must be a line; 1 of 1 rows are not: 'Point \(row 0\)'"
    ):
        draw(coverage, streets=points)
    odd = coverage.cells.assign(**{"class": "some"})
    with pytest.raises(DataError, match=r"column 'class'.*19 of 19 rows are not: 'some'"):
        draw(replace(coverage, cells=odd))


def test_background_is_painted_by_its_kind(coverage: Scored, payload: Payload, varints: Read) -> None:
    shapes = [
        shapely.box(114.0, 22.5, 114.1, 22.51),
        shapely.box(114.0, 22.6, 114.1, 22.7),
        shapely.box(114, 22, 114.1, 22.1),
    ]
    areas = gpd.GeoDataFrame({"kind": ["river", "hill", "desert"]}, geometry=shapes, crs="EPSG:4326")
    text = payload(draw(coverage, background=areas))["background"]
    assert list(base64.b64decode(text["kind"])) == [0, 1, 2]
    assert varints(text["n"]) == [4, 4, 4]
    assert (
        list(base64.b64decode(payload(draw(coverage, background=areas[["geometry"]]))["background"]["kind"])) == [2] * 3
    )
    assert payload(draw(coverage, background=areas.iloc[:0]))["background"] is None
    with pytest.raises(DataError, match="background: every geometry must be a polygon"):
        draw(coverage, background=areas.set_geometry(areas.boundary))


def test_no_streets_left_is_no_layer(coverage: Scored, streets: gpd.GeoDataFrame) -> None:
    assert "道路" not in layer_names(draw(coverage, streets=streets.iloc[:0]))[1]
