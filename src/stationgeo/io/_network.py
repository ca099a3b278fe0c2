"""Street networks of any kind of source to nodes and edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo.errors import ParameterError
from stationgeo.io._osm import OSM_SUFFIXES, check_osm_datum, read_osm
from stationgeo.io._raw import one_file
from stationgeo.io._streets import as_area

if TYPE_CHECKING:
    from pathlib import Path

    from stationgeo.io._streets import StreetTables, Within

__all__ = ["read_network"]


def read_network(source: str | Path, *, datum: str | None = None, within: Within | None = None) -> StreetTables:
    """Read a street network: the nodes where streets meet or end, and the edges between them.

    Parameters
    ----------
    source
        An OSM file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``).
    datum
        OSM is WGS-84 everywhere; anything else is refused.
    within
        Keep only what touches this: a box ``(west, south, east, north)`` in WGS-84 degrees, or a polygon in them. A
        way of OSM is kept whole. Without it everything is kept.

    Returns
    -------
    StreetTables
        `.nodes` (NODES), `.edges` (EDGES, in WGS-84) and `.report`.

    Raises
    ------
    SourceError
        If the file is missing, empty or unreadable.
    DataError
        If no street is left.
    DatumError
        If a datum other than WGS-84 is declared of OSM.
    ParameterError
        If `within` is no area, or the file is of no kind that can be read.

    Notes
    -----
    Of an OSM file the ways tagged `highway` and the ferries (``route=ferry``) are read; those not in use (proposed,
    construction, ...) and those that are no street (platform, raceway, rest_area, services, bus_stop) are left out
    and counted. Ways are cut at every node that two of them share or one passes twice, and at nodes tagged `barrier`
    or `access`. A node that a way refers to and the file does not have leaves a gap, which no edge leaps. Lengths are
    geodesics on the ellipsoid. An edge across the antimeridian goes on beyond 180 degrees. O(vertices log vertices),
    and memory for the positions of all nodes of the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> text = '''<osm version="0.6">
    ... <node id="1" lon="114.00" lat="22.5"/><node id="2" lon="114.01" lat="22.5"/>
    ... <way id="7"><nd ref="1"/><nd ref="2"/><tag k="highway" v="service"/></way></osm>'''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "one.osm"
    ...     _ = path.write_text(text)
    ...     network = read_network(path)
    >>> network.edges[["from_node", "to_node", "highway"]].values.tolist(), network.edges["length_m"].round().tolist()
    ([[1, 2, 'service']], [1029.0])
    """
    path = one_file(source)
    if path.name.lower().endswith(OSM_SUFFIXES):
        check_osm_datum(datum, path.name)
        return read_osm(path, within=as_area(within))
    raise ParameterError(f"{path.name}: no network can be read of it. Name an OSM file: {', '.join(OSM_SUFFIXES)}.")
