"""Reach: which station reaches which cell, and at what impedance. Never dependent on demand.

Each way of getting there is one private file behind this path; all give a REACH table, sparse and sorted.
"""

from __future__ import annotations

from stationgeo.reach._modes import Mode, mode, modes
from stationgeo.reach._straight import cutoff_check, within_distance

__all__ = ["Mode", "cutoff_check", "mode", "modes", "within_distance"]
