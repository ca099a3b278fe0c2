"""Parameters of how sure a result is: other couriers and days, cells, and other assumptions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveFloat, Strict

from stationgeo.study._sections.base import Section

__all__ = ["Sensitivity", "Uncertainty"]


class Uncertainty(Section):
    """How far rates might be off, had other couriers or other days been seen, and because cells are cells."""

    level: float = Field(default=0.9, gt=0, lt=1)
    """How often an interval is to hold the rate."""
    replicates: int = Field(default=200, ge=20, le=1_000)
    """How often couriers and days are drawn anew."""
    seed: int = Field(default=0, ge=0)
    """Of the draws of days; those of couriers hang on the couriers alone."""


class Sensitivity(Section):
    """What the headline would be under other assumptions, one at a time."""

    cutoffs: Annotated[tuple[PositiveFloat, ...], Strict(strict=False)] = ()
    """In the unit of the study's cutoff: seconds over streets, metres by straight lines."""
    speed_factors: Annotated[tuple[PositiveFloat, ...], Strict(strict=False)] = ()
    """Over streets: how many times as fast one goes."""
    resolutions: Annotated[tuple[Annotated[int, Field(ge=5, le=12)], ...], Strict(strict=False)] = ()
    """H3 resolutions of the cells."""
    position_errors_m: Annotated[tuple[PositiveFloat, ...], Strict(strict=False)] = ()
    """Standard deviations, east and north, by which stops are moved."""
    longest_stays_s: Annotated[tuple[PositiveFloat, ...], Strict(strict=False)] = ()
    """Longest stops that are demand."""
