"""Results to tables, workbooks and a text that a planner can sign; computes nothing."""

from __future__ import annotations

from stationgeo.report._files import write_geojson, write_json, write_workbook
from stationgeo.report._sheets import site_sheets, zone_sheets
from stationgeo.report._streets import Streets, street_sheets
from stationgeo.report._text import headline_lines, markdown

__all__ = [
    "Streets",
    "headline_lines",
    "markdown",
    "site_sheets",
    "street_sheets",
    "write_geojson",
    "write_json",
    "write_workbook",
    "zone_sheets",
]
