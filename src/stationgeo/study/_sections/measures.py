"""Parameters of what is measured beside the rates: blank spots, what closing loses, coverage that is partial."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from stationgeo.study._sections.base import Hours, Section, Text

__all__ = ["Blanks", "Criticality", "Decay", "Partial"]

_Share = Annotated[float, Field(gt=0, le=1)]

# What each decay is given beside the cutoff of the reach.
_NEEDS = {
    "step": (),
    "linear": (),
    "exponential": ("scale",),
    "gaussian": (),
    "logistic": ("midpoint", "spread"),
}
_MAY = {"linear": ("full_to",)}
_NUMBERS = ("full_to", "scale", "midpoint", "spread")


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


class Decay(Section):
    """How much a station is worth at a distance; all fall to 0 beyond the cutoff of the reach."""

    name: Literal["step", "linear", "exponential", "gaussian", "logistic"] = "linear"
    full_to: float | None = Field(default=None, ge=0)
    """Of linear: up to here a station is worth all, in the unit of the cutoff; 0 by default."""
    scale: PositiveFloat | None = None
    """Of exponential: here a station is worth 1/e."""
    midpoint: PositiveFloat | None = None
    """Of logistic: here a station is worth a half."""
    spread: PositiveFloat | None = None
    """Of logistic: the larger, the flatter."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = {number for number in _NUMBERS if getattr(self, number) is not None}
        needs = set(_NEEDS[self.name])
        strange = sorted(given - needs - set(_MAY.get(self.name, ())))
        missing = sorted(needs - given)
        if missing:
            raise ValueError(f"the decay {self.name!r} needs {' and '.join(missing)}")
        if strange:
            raise ValueError(f"the decay {self.name!r} has no {' and no '.join(strange)}: leave it out")
        return self


class Partial(Section):
    """Asks for coverage that is more than yes or no."""

    decay: Decay = Decay()
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
