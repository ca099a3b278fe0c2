"""Results to tables, workbooks and a text that a planner can sign; computes nothing."""

from __future__ import annotations

from stationgeo.report._files import write_geojson, write_json, write_workbook
from stationgeo.report._text import headline_lines, markdown

__all__ = ["headline_lines", "markdown", "write_geojson", "write_json", "write_workbook"]
