"""Stations, their doors, services and visits, and where more of them could be."""

from __future__ import annotations

from stationgeo.schema._columns import GEOMETRY
from stationgeo.schema._contract import Column, Table
from stationgeo.schema._words import ACTIONS, HOURS_PER_WEEK, SERVICE_STATUS

__all__ = ["ACCESS_POINTS", "CANDIDATES", "CHECK_INS", "SERVICES", "STATIONS"]

STATIONS = Table(
    name="STATIONS",
    key=("station_id",),
    columns=(
        Column(name="station_id", kind="text", meaning="code, as text"),
        Column(name="kind", kind="text", meaning="a kind of the kinds file"),
        Column(name="tier", kind="text", required=False, nullable=True, meaning="full, partial, ..."),
        Column(name="name", kind="text", nullable=True, required=False, meaning="what people call it"),
        Column(name="premises_id", kind="text", required=False, nullable=True,
               meaning="the place, where one place carries several brands"),
        Column(name="host", kind="text", required=False, nullable=True, meaning="who runs or hosts it"),
        Column(name="capacity", kind="float", required=False, nullable=True, minimum=0, meaning="seats"),
        Column(name="opening_hours", kind="text", required=False, nullable=True, meaning="as written"),
        Column(name="valid_from", kind="time", required=False, nullable=True, meaning="first day"),
        Column(name="valid_to", kind="time", required=False, nullable=True, meaning="last day"),
        GEOMETRY,
    ),
)  # fmt: skip
"""Stations of every kind, clusters included; clusters are never counted as stations."""

ACCESS_POINTS = Table(
    name="ACCESS_POINTS",
    key=(),
    columns=(
        Column(name="station_id", kind="text", meaning="whose it is; a station may have several"),
        GEOMETRY,
    ),
)
"""Doors and gates at which stations are met, instead of where they stand."""

SERVICES = Table(
    name="SERVICES",
    key=("station_id", "service"),
    columns=(
        Column(name="station_id", kind="text", meaning="whose it is, as in STATIONS"),
        Column(name="service", kind="text", meaning="a service of the services file"),
        Column(name="status", kind="text", choices=SERVICE_STATUS, meaning="whether the station offers it"),
        Column(name="opening_hours", kind="text", required=False, nullable=True,
               meaning="the service's own hours, as written; missing: those of the station"),
        Column(name="capacity", kind="float", required=False, nullable=True, minimum=0,
               meaning="seats, sockets, bays: what one user takes one of"),
    ),
)  # fmt: skip
"""What each station offers. Pairs of station and service that the table lacks are unknown."""

CHECK_INS = Table(
    name="CHECK_INS",
    key=(),
    columns=(
        Column(name="station_id", kind="text", meaning="who was visited, as in STATIONS"),
        Column(name="visits", kind="float", minimum=0, meaning="how many"),
        Column(name="t", kind="time", unit="UTC", required=False, nullable=True, meaning="when"),
        Column(name="bin", kind="int", unit="hour of the week", required=False, minimum=0,
               maximum=HOURS_PER_WEEK - 1, meaning="when, of counts by the hour: local, Monday 00:00 is 0"),
    ),
)  # fmt: skip
"""Visits of stations that somebody counted; rows of one station and time add up. No row is not 0 visits."""

CANDIDATES = Table(
    name="CANDIDATES",
    key=("candidate_id",),
    columns=(
        Column(name="candidate_id", kind="text", meaning="code, as text"),
        Column(name="action", kind="text", choices=ACTIONS, meaning="what would be done here"),
        Column(name="kind", kind="text", meaning="kind of station it would become"),
        Column(name="host", kind="text", nullable=True, required=False, meaning="who would host it"),
        Column(name="name", kind="text", nullable=True, required=False, meaning="what people call the place"),
        Column(name="cost_build", kind="float", nullable=True, required=False, minimum=0, meaning="to build"),
        Column(name="cost_per_year", kind="float", nullable=True, required=False, minimum=0, meaning="to run"),
        Column(name="zone_id", kind="text", required=False, nullable=True, meaning="lowest-level zone"),
        GEOMETRY,
    ),
)
"""Places where a station could be."""
