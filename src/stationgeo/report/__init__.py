"""Results to tables, workbooks and a text that a planner can sign; computes nothing."""

from __future__ import annotations

from stationgeo.report._chapters import Chapter, chapter_sheets, chapter_text
from stationgeo.report._files import write_geojson, write_json, write_workbook
from stationgeo.report._measures import hours_chapter, rates_chapter, services_chapter, share_text
from stationgeo.report._sheets import site_sheets, zone_sheets
from stationgeo.report._streets import Streets, street_sheets
from stationgeo.report._supply import supply_chapter, use_chapter
from stationgeo.report._text import headline_lines, markdown

__all__ = [
    "Chapter",
    "Streets",
    "chapter_sheets",
    "chapter_text",
    "headline_lines",
    "hours_chapter",
    "markdown",
    "rates_chapter",
    "services_chapter",
    "share_text",
    "site_sheets",
    "street_sheets",
    "supply_chapter",
    "use_chapter",
    "write_geojson",
    "write_json",
    "write_workbook",
    "zone_sheets",
]
