"""Streets, and who reaches what along them."""

from __future__ import annotations

from stationgeo.schema._columns import CELL, GEOMETRY, lat, lon
from stationgeo.schema._contract import Column, Table

__all__ = ["EDGES", "NODES", "REACH"]


def _tag(name: str, meaning: str) -> Column:
    return Column(name=name, kind="text", required=False, nullable=True, meaning=meaning)


NODES = Table(
    name="NODES",
    key=("node_id",),
    columns=(
        Column(name="node_id", kind="int", meaning="number, as the source has it"),
        lon("WGS-84 longitude"),
        lat("WGS-84 latitude"),
        _tag("barrier", "OSM's word for what stands in the way: bollard, gate, ..."),
        _tag("access", "who may pass it, as OSM tags it"),
        Column(name="elevation_m", kind="float", unit="m", required=False, nullable=True, minimum=-500, maximum=9000,
               meaning="above the sea, nan where not known; only differences count"),
    ),
)  # fmt: skip
"""Where streets meet or end."""

EDGES = Table(
    name="EDGES",
    key=("edge_id",),
    columns=(
        Column(name="edge_id", kind="int", meaning="running number"),
        Column(name="from_node", kind="int", meaning="node at the first vertex"),
        Column(name="to_node", kind="int", meaning="node at the last vertex; a loop ends where it began"),
        Column(name="length_m", kind="float", unit="m", minimum=0, meaning="along the line, on the ellipsoid"),
        Column(name="highway", kind="text", meaning="OSM's class of street, 'ferry' for a ferry, '' where not known"),
        _tag("oneway", "yes, no, -1 (against the line), reversible, ...; missing means no"),
        _tag("oneway_bicycle", "the same for bicycles, OSM's oneway:bicycle"),
        _tag("junction", "roundabout and circular are one way"),
        _tag("access", "who may use it, as OSM tags it: yes, private, ..."),
        _tag("vehicle", "the same for all vehicles"),
        _tag("motor_vehicle", "the same for those with an engine"),
        _tag("motorcar", "the same for cars"),
        _tag("hgv", "the same for trucks"),
        _tag("bicycle", "the same for bicycles"),
        _tag("foot", "the same for walkers"),
        _tag("service", "what a service way is for: alley, parking_aisle, driveway, ..."),
        _tag("maxspeed", "as OSM has it: 30, 20 mph, CN:urban, ..."),
        _tag("surface", "asphalt, sett, gravel, ..."),
        _tag("lanes", "how many, both ways together, as OSM has it"),
        _tag("name", "what people call it"),
        GEOMETRY,
    ),
)
"""Pieces of street between two nodes, with the tags that say who may use them which way."""

REACH = Table(
    name="REACH",
    key=("station_id", "cell"),
    columns=(
        Column(name="station_id", kind="text", meaning="a station, or a candidate"),
        CELL,
        Column(name="impedance_m", kind="float", unit="m", required=False, minimum=0, meaning="way, in metres"),
        Column(name="impedance_s", kind="float", unit="s", required=False, minimum=0, meaning="way, in seconds"),
    ),
)
"""Which station reaches which cell, sparse, for one scenario; never dependent on demand."""
