"""Chinese opening hours to OpenStreetMap syntax."""

from __future__ import annotations

from stationgeo.stations._hours.rules import RuleError

__all__ = ["to_osm"]


def to_osm(text: str) -> str:
    """Write a Chinese text in OpenStreetMap's syntax."""
    raise RuleError("not understood", text)
