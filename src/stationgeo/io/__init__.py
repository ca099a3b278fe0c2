"""Files and frames to contract tables, with a report of everything that was dropped, repaired or assumed."""

from __future__ import annotations

from stationgeo.io._buildings import read_buildings
from stationgeo.io._check_ins import read_check_ins
from stationgeo.io._network import read_network
from stationgeo.io._orders import read_known_places, read_orders
from stationgeo.io._overpass import download_network
from stationgeo.io._places import read_access_points, read_candidates, read_stations
from stationgeo.io._privacy import courier_key, key_fingerprint
from stationgeo.io._records import read_events, read_fixes
from stationgeo.io._report import Count, Ingest, IngestReport, SourceFile
from stationgeo.io._runs import SortedRun, sorted_runs
from stationgeo.io._scan import FixBatch, FixScan, scan_fixes
from stationgeo.io._services import read_services
from stationgeo.io._shapes import read_background, read_streets, read_zones
from stationgeo.io._shares import FixShare, check_whole, share_fixes
from stationgeo.io._sort import sort_fixes
from stationgeo.io._streets import StreetTables
from stationgeo.io._workers import read_workers

__all__ = [
    "Count",
    "FixBatch",
    "FixScan",
    "FixShare",
    "Ingest",
    "IngestReport",
    "SortedRun",
    "SourceFile",
    "StreetTables",
    "check_whole",
    "courier_key",
    "download_network",
    "key_fingerprint",
    "read_access_points",
    "read_background",
    "read_buildings",
    "read_candidates",
    "read_check_ins",
    "read_events",
    "read_fixes",
    "read_known_places",
    "read_network",
    "read_orders",
    "read_services",
    "read_stations",
    "read_streets",
    "read_workers",
    "read_zones",
    "scan_fixes",
    "share_fixes",
    "sort_fixes",
    "sorted_runs",
]
