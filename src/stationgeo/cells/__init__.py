"""H3 cells: points and polygons to cells, and cells to names, centres, areas and outlines.

A cell is a uint64 H3 index everywhere in stationgeo. This package is the only importer of `h3`, and the only place
where latitude comes before longitude: H3's order stays inside.
"""

from __future__ import annotations

from stationgeo.cells._clip import areas_m2, polygon_areas
from stationgeo.cells._names import children, from_text, parents, resolution_of, to_text
from stationgeo.cells._near import within, within_any
from stationgeo.cells._neighbours import neighbours
from stationgeo.cells._points import CellCounts, checked_lonlat, count, from_lonlat
from stationgeo.cells._shapes import centres, dissolve, outlines, radii_m, spacing_m

__all__ = [
    "CellCounts",
    "areas_m2",
    "centres",
    "checked_lonlat",
    "children",
    "count",
    "dissolve",
    "from_lonlat",
    "from_text",
    "neighbours",
    "outlines",
    "parents",
    "polygon_areas",
    "radii_m",
    "resolution_of",
    "spacing_m",
    "to_text",
    "within",
    "within_any",
]
