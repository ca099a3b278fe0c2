import dataclasses

import pandas as pd

from stationgeo import report
from stationgeo.report._streets import street_section

PLACES = pd.DataFrame({
    "place": "station", "id": ["S1", "S2"], "name": ["门|前", "<b>外\n卖</b>"], "finding": ["not met", "not met"],
    "off_street_m": [float("nan")] * 2, "component_nodes": 0,
})  # fmt: skip
ZONES = pd.DataFrame({
    "zone_id": ["4403|1"], "name": ["云|<i>溪\n区"], "n_fixes": [1_200], "off_street_share": [0.25],
})  # fmt: skip
STREETS = report.Streets(places=PLACES, zones=ZONES, on_route=None, limit_m=30.0, sentences=("All is well.",))


def test_names_of_zones_stay_in_their_cells() -> None:
    rows = [line for line in street_section(STREETS).splitlines() if line.startswith("|")]
    assert rows == [
        "| zone | name | fixes | off the streets |",
        "| --- | --- | --- | --- |",
        r"| 4403\|1 | 云\|&lt;i>溪 区 | 1,200 | 25.0% |",
    ]


def test_names_of_places_stay_in_their_item() -> None:
    lines = street_section(dataclasses.replace(STREETS, zones=None)).splitlines()
    assert lines == [
        "## Streets",
        "",
        "- All is well.",
        "- 2 of 2 stations meet no street within the limit: nobody reaches them: S1 门|前, S2 &lt;b>外 卖&lt;/b>",
    ]
