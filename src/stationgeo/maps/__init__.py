"""Results as maps: one HTML file that opens without a network.

The page draws cells, zones, stations, proposed sites, streets and borders by itself; nothing is fetched when it is
opened. It is a folium map, to which layers of your own may be added.
"""

from __future__ import annotations

from stationgeo.maps._coverage import CoverageMap, coverage_map
from stationgeo.maps._page import SelfContainedMap

__all__ = ["CoverageMap", "SelfContainedMap", "coverage_map"]
