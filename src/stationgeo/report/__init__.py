"""Results to tables, workbooks and a text that a planner can sign; computes nothing."""

from __future__ import annotations

from stationgeo.report._blanks import blanks_chapter
from stationgeo.report._certainty import certainty_chapter, interval_text, sensitivity_chapter
from stationgeo.report._changes import changes_chapter
from stationgeo.report._chapters import Chapter, chapter_sheets, chapter_text
from stationgeo.report._criticality import criticality_chapter
from stationgeo.report._equity import equity_chapter
from stationgeo.report._files import write_geojson, write_json, write_workbook
from stationgeo.report._measures import hours_chapter, rates_chapter, services_chapter, share_text
from stationgeo.report._partial import partial_chapter
from stationgeo.report._sheets import site_sheets, zone_sheets
from stationgeo.report._streets import Streets, street_sheets
from stationgeo.report._supply import supply_chapter, use_chapter
from stationgeo.report._targets import targets_chapter
from stationgeo.report._text import headline_lines, markdown

__all__ = [
    "Chapter",
    "Streets",
    "blanks_chapter",
    "certainty_chapter",
    "changes_chapter",
    "chapter_sheets",
    "chapter_text",
    "criticality_chapter",
    "equity_chapter",
    "headline_lines",
    "hours_chapter",
    "interval_text",
    "markdown",
    "partial_chapter",
    "rates_chapter",
    "sensitivity_chapter",
    "services_chapter",
    "share_text",
    "site_sheets",
    "street_sheets",
    "supply_chapter",
    "targets_chapter",
    "use_chapter",
    "write_geojson",
    "write_json",
    "write_workbook",
    "zone_sheets",
]
