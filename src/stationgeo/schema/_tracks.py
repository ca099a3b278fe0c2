"""What couriers did where and when: fixes, stops, silences, orders, known places and other events."""

from __future__ import annotations

from stationgeo.schema._columns import lat, lon
from stationgeo.schema._contract import Column, Table
from stationgeo.schema._words import ORDER_KINDS, PURPOSES

__all__ = ["EVENTS", "FIXES", "ORDERS", "PLACES", "SILENCES", "STOPS"]

FIXES = Table(
    name="FIXES",
    key=("courier_id", "t"),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        Column(name="t", kind="time", unit="UTC", meaning="when"),
        lon("WGS-84 longitude"),
        lat("WGS-84 latitude"),
        Column(name="accuracy_m", kind="float", unit="m", required=False, nullable=True, minimum=0,
               meaning="radius the receiver states"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
        Column(name="order_id", kind="text", required=False, nullable=True, meaning="order in hand"),
    ),
)  # fmt: skip
"""One GPS record of a courier each."""

STOPS = Table(
    name="STOPS",
    key=("stop_id",),
    columns=(
        Column(name="stop_id", kind="int", meaning="running number in order of courier and start"),
        Column(name="courier_id", kind="text", meaning="who"),
        lon("mean longitude of the fixes"),
        lat("mean latitude of the fixes"),
        Column(name="start", kind="time", unit="UTC", meaning="first fix inside"),
        Column(name="end", kind="time", unit="UTC", meaning="last fix inside"),
        Column(name="duration_s", kind="float", unit="s", minimum=0, meaning="end - start"),
        Column(name="n_fixes", kind="int", minimum=1, meaning="fixes inside"),
        Column(name="purpose", kind="text", choices=PURPOSES, meaning="what the stop was for"),
        Column(name="cut", kind="flag", meaning="a gap or the data's end cut it short"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
        Column(name="interpolated_s", kind="float", unit="s", required=False, nullable=True, minimum=0,
               meaning="part of duration_s between fixes far apart, nan where not told"),
    ),
)  # fmt: skip
"""Stays of a courier at one place."""

SILENCES = Table(
    name="SILENCES",
    key=("courier_id", "start"),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        lon("halfway between the fixes before and after"),
        lat("halfway between the fixes before and after"),
        Column(name="start", kind="time", unit="UTC", meaning="last fix before the gap"),
        Column(name="end", kind="time", unit="UTC", meaning="first fix after the gap"),
        Column(name="duration_s", kind="float", unit="s", minimum=0, meaning="end - start"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
    ),
)
"""Gaps that begin and end at one place: time in which a courier may have stayed there, or not."""

ORDERS = Table(
    name="ORDERS",
    key=(),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        Column(name="t", kind="time", unit="UTC", meaning="when"),
        lon("WGS-84 longitude"),
        lat("WGS-84 latitude"),
        Column(name="kind", kind="text", choices=ORDER_KINDS, meaning="what was done"),
    ),
)
"""Where and when couriers picked up and dropped off."""

PLACES = Table(
    name="PLACES",
    key=(),
    columns=(
        lon("WGS-84 longitude"),
        lat("WGS-84 latitude"),
        Column(name="purpose", kind="text", choices=PURPOSES, meaning="what whoever stops there stops for"),
    ),
)
"""Known places: depots above all."""

EVENTS = Table(
    name="EVENTS",
    key=(),
    columns=(
        lon("WGS-84 longitude, of the centre where the event is a square"),
        lat("WGS-84 latitude"),
        Column(name="weight", kind="float", minimum=0, meaning="how many"),
        Column(name="t", kind="time", unit="UTC", required=False, nullable=True, meaning="when"),
        Column(name="kind", kind="text", required=False, nullable=True, meaning="orders, check-ins, reports, ..."),
        Column(name="courier_id", kind="text", required=False, nullable=True, meaning="who, if known"),
        Column(name="square_lon_deg", kind="float", unit="degree", required=False, minimum=0,
               meaning="width of the square that was counted"),
        Column(name="square_lat_deg", kind="float", unit="degree", required=False, minimum=0,
               meaning="height of the square that was counted"),
    ),
)  # fmt: skip
"""Things that happened at a place: points, or counts on squares, which are spread over them by area."""
