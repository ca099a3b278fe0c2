"""The words and numbers that tables hold with a meaning of their own: levels, purposes, bins that are no hour."""

from __future__ import annotations

__all__ = [
    "ACTIONS",
    "HOURS_PER_WEEK",
    "LEVELS",
    "ORDER_KINDS",
    "OUTSIDE",
    "PURPOSES",
    "SERVICE_STATUS",
    "UNTIMED_BIN",
    "WEEK_BIN",
]

OUTSIDE = ""
"""The `zone_id` of what lies in no zone. An empty text, not a missing value, so that keys group and join."""

UNTIMED_BIN = -1
"""The `bin` of demand whose time is not known."""

WEEK_BIN = -2
"""The `bin` of demand of an average week whose hours are not told."""

HOURS_PER_WEEK = 168
"""Bins are hours of the week in local time: 0 is Monday 00:00-01:00, 167 is Sunday 23:00-24:00."""

LEVELS = ("grid", "community", "street", "district", "city")
"""Levels of zones, lowest first."""

PURPOSES = ("rest", "at_station", "pick_up", "drop_off", "home", "depot", "unknown")
"""What a stop may have been for."""

ORDER_KINDS = ("pick_up", "drop_off")
"""What is done with an order."""

SERVICE_STATUS = ("yes", "no", "unknown")
"""Whether a station offers a service. Unknown is never taken for yes, nor for no: it gives a range."""

ACTIONS = ("new", "upgrade", "extend_hours", "add_service", "relocate")
"""What may be done at a candidate."""
