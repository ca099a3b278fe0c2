"""Street networks by the name of a place, or within a polygon, from an Overpass server."""

from __future__ import annotations

import copy
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from stationgeo.errors import ParameterError, SourceError
from stationgeo.io._edges import EdgeRules
from stationgeo.io._graphs import read_graph
from stationgeo.io._osm import OSM_KEYS
from stationgeo.io._streets import as_area

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from stationgeo.io._streets import StreetTables

__all__ = ["download_network"]

_FILTERS = ['["highway"]', '["route"="ferry"]']
# osmnx keeps its settings in its module, and a look-up by name in the socket module: one download at a time.
_ONE_AT_A_TIME = threading.Lock()


def download_network(
    place: str | shapely.Polygon | shapely.MultiPolygon,
    *,
    cache_dir: str | Path,
    server: str | None = None,
    geocoder: str | None = None,
    timeout_s: float = 180.0,
) -> StreetTables:
    """Ask an Overpass server of OpenStreetMap for the streets of a place.

    Parameters
    ----------
    place
        A name that the geocoder knows ("Nanshan District, Shenzhen"), or a polygon in WGS-84 degrees.
    cache_dir
        Folder of replies: what was asked before is read from there, and the server is left alone. It is made where it
        is not there.
    server
        Address of the Overpass server, without ``/interpreter``; OSMnx's own choice by default.
    geocoder
        Address of the Nominatim server that finds names; OSMnx's own choice by default.
    timeout_s
        How long a reply may take.

    Returns
    -------
    StreetTables
        As `read_network` reads a graph of OSMnx: every edge is one way, cut where ways begin and end, where they meet,
        and at barriers. Streets that cross the polygon's border are kept up to their next node outside.

    Raises
    ------
    SourceError
        If the server cannot be reached, refuses, or has no street there, or the geocoder does not know the name.
    DataError
        If no street in use is left.
    ParameterError
        If the place is neither a name nor a polygon.

    Notes
    -----
    Settings of OSMnx are put back as they were. O(vertices), and the server's time.

    Examples
    --------
    >>> download_network(shapely.Point(113.93, 22.53), cache_dir="replies")
    Traceback (most recent call last):
    stationgeo.errors.ParameterError: place must be a name or a polygon in WGS-84 degrees. Got <POINT ...> instead.
    """
    import osmnx as ox  # noqa: PLC0415 - takes a second to load, and few need it

    if not isinstance(place, str | shapely.Polygon | shapely.MultiPolygon) or (isinstance(place, str) and not place):
        raise ParameterError(f"place must be a name or a polygon in WGS-84 degrees. Got {place!r:.80} instead.")
    if not isinstance(place, str):
        as_area(place)
    wanted = {
        "use_cache": True,
        "cache_folder": Path(cache_dir),
        "cache_only_mode": False,
        "requests_timeout": timeout_s,
        "all_oneway": False,
        "bidirectional_network_types": [],
        "useful_tags_way": ["highway", "route", "area", *(key for _, key in OSM_KEYS)],
        "useful_tags_node": ["barrier", "access"],
    }
    if server is not None:
        # A server of one's own need not keep slots, which osmnx would ask it for.
        wanted |= {"overpass_url": server, "overpass_rate_limit": False, "doh_url_template": None}
    if geocoder is not None:
        wanted |= {"nominatim_url": geocoder}
    name = place if isinstance(place, str) else "the polygon given"
    with _settings(ox.settings, wanted), _asking(name, server or ox.settings.overpass_url):
        area: Any = ox.geocode_to_gdf(place).geometry.iloc[0] if isinstance(place, str) else place
        graph = ox.graph_from_polygon(
            area, simplify=False, retain_all=True, truncate_by_edge=True, custom_filter=_FILTERS
        )
        graph = ox.simplify_graph(
            graph, node_attrs_include=["barrier", "access"], edge_attrs_differ=["osmid"], remove_rings=False
        )
    rules = EdgeRules(
        datum="WGS-84",
        crs=None,
        columns={},
        directed=True,
        tolerance_m=0.0,
        within=None,
        bad_rows="error",
        encoding=None,
    )
    tables = read_graph(graph, rules, name=name)
    return replace(tables, report=tables.report.adding(notes=("OpenStreetMap, through an Overpass server",)))


@contextmanager
def _settings(settings: ModuleType, wanted: dict[str, object]) -> Iterator[None]:
    """Set osmnx up for one download, and leave everything as it was."""
    with _ONE_AT_A_TIME:
        before = {name: copy.copy(getattr(settings, name)) for name in wanted}
        resolve = socket.getaddrinfo
        try:
            for name, value in wanted.items():
                setattr(settings, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(settings, name, value)
            socket.getaddrinfo = resolve


@contextmanager
def _asking(name: str, server: str) -> Iterator[None]:
    """Let whatever goes wrong on the way become one error that names the place and the server."""
    try:
        yield
    except (OSError, ValueError, TypeError, KeyError) as error:
        # requests and osmnx raise kinds of OSError and ValueError; replies that are no JSON raise the others.
        reason = str(error).partition("\n")[0].rstrip(" .")[:200]
        raise SourceError(
            f"{name}: no streets came from {server}: {reason}. Check the name or polygon, that the server can be "
            "reached, and its load; or read an extract with read_network."
        ) from error
