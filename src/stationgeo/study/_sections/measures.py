"""Parameters of what is measured beside the rates: blank spots, what closing loses, coverage that is partial."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, model_validator

from stationgeo.study._sections.base import Hours, Section, Text
from stationgeo.study._sections.decay import DecayNamed

__all__ = ["Blanks", "Criticality", "Partial"]

_Share = Annotated[float, Field(gt=0, le=1)]


class Blanks(Section):
    """What a blank spot is."""

    min_demand: float | None = Field(default=None, ge=0)
    """Least uncovered demand of a spot, in the unit that people read (hours of rest a week, visits); by default 0.1% of
    all demand inside the zones."""
    min_uncovered_share: _Share = 0.5
    """From which uncovered share of its demand on a cell belongs to a patch."""
    min_covered_share: _Share = 0.5
    """From which covered share of its demand on a unit counts as covered."""
    rings: int = Field(default=1, ge=1, le=10)
    """Cells within so many rings of each other belong to one patch."""


class Criticality(Section):
    """Asks what is lost if a station closes, or several together."""

    group_by: Text | None = None
    """Column of the stations: those with one value in it close together; "host", "premises_id"."""
    night_hours: Hours = (22, 6)
    """Local hours of the night, first and beyond the last."""


def _linear_unless_named(given: object) -> object:
    return {"name": "linear", **given} if isinstance(given, dict) else given


class Partial(Section):
    """Asks for coverage that is more than yes or no."""

    decay: Annotated[DecayNamed, BeforeValidator(_linear_unless_named)] = DecayNamed(name="linear")
    """How much a station is worth at a way; its cutoff is that of the reach where it states none."""
    cooperate: Literal["chance", "signal"] = "chance"
    """How several stations add up: as chances that one serves, or as signals that must reach `threshold`."""
    threshold: PositiveFloat | None = None
    """Of "signal"; 1 by default."""
    backup: PositiveInt = 2
    """So many stations have to be in reach."""
    by_premises: bool = True
    """Whether stations at one address count once, where stations have premises_id."""
    profile: Text | None = None
    """Profile of the catalogue of whose parts it is told how many are in reach together; by default six_abilities where
    the study has [services]."""
    together: Literal["in_reach", "at_one_station"] = "in_reach"
    """Whether several stations may share the profile."""

    @model_validator(mode="after")
    def _signal_has_threshold(self) -> Self:
        if self.cooperate == "chance" and self.threshold is not None:
            raise ValueError('threshold is of cooperate = "signal": leave it out')
        return self
