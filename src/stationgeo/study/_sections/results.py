"""Parameters of what comes out, and of where it is computed: sites, the map, the engine."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from stationgeo.study._sections.base import Section

__all__ = ["Engine", "Map", "Siting"]


class Siting(Section):
    """How many new stations, and how hard to look for the best plan."""

    n_stations: PositiveInt
    time_limit_s: PositiveFloat = 60.0
    """Seconds after which the solver stops with the best plan so far and its bound."""
    gap: float = Field(default=0.0, ge=0, lt=1)
    """Relative gap at which a plan is good enough; 0 asks for the proven optimum."""


class Map(Section):
    """What the map says."""

    title: str | None = None
    language: Literal["zh", "en", "both"] = "both"
    attribution: str = ""
    """Whose data it shows, for the corner of the map."""


class Engine(Section):
    """Where fixes are worked through, and in how much memory."""

    name: Literal["local", "spark"] = "local"
    """Threads of this machine, or a Spark cluster (the session that is there, else one on this machine)."""
    workers: PositiveInt | None = None
    """Threads, or shares of the couriers on Spark; by default the cores there are."""
    batch_rows: PositiveInt = 1_000_000
    """Most fixes of a batch; memory grows with it and not with the files."""
    sort_rows: int = Field(default=10_000_000, ge=4)
    """Most fixes in memory where they must be sorted first; about 60 bytes each."""
