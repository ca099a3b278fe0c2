"""Parameters of stops and demand: when somebody rests, which rests count, and what may be told of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveFloat, PositiveInt, Strict, model_validator

from stationgeo.study._sections.base import DayType, Hours, PurposeName, Section, Text

__all__ = ["Cleaning", "Demand", "Privacy", "Purpose", "Stops"]


class Cleaning(Section):
    """Which fixes are taken out before stops are looked for: every rule is off unless it is given."""

    not_before: AwareDatetime | None = None
    """Earlier fixes have a wrong clock; with an offset: 2026-03-01T00:00:00+08:00."""
    not_after: AwareDatetime | None = None
    """So have later ones."""
    max_accuracy_m: PositiveFloat | None = None
    """Needs a column accuracy_m."""
    max_speed_m_s: PositiveFloat | None = None
    """Spikes go; lasting moves stay and break the track."""
    max_spike_fixes: int | None = Field(default=None, ge=1, le=64)
    speed_slack_m: float | None = Field(default=None, ge=0)
    frozen_after_s: PositiveFloat | None = None
    """Cuts real rests short where an app holds the position of who waits: look at the data first."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Cleaning:
        if self.not_before is not None and self.not_after is not None and self.not_before > self.not_after:
            raise ValueError("not_before must not be later than not_after")
        if self.max_speed_m_s is None and (self.max_spike_fixes is not None or self.speed_slack_m is not None):
            raise ValueError("max_spike_fixes and speed_slack_m need max_speed_m_s")
        return self


class Purpose(Section):
    """What stops were for, and which of them are demand; what is not given is an assumption of stationgeo's."""

    count: Annotated[tuple[PurposeName, ...], Strict(strict=False)] = Field(
        default=("rest", "at_station"), min_length=1
    )
    """Purposes that are demand."""
    station_radius_m: PositiveFloat | None = None
    place_radius_m: PositiveFloat | None = None
    night_hours: Hours | None = None
    home_min_night_s: PositiveFloat | None = None
    home_min_nights: PositiveInt | None = None
    depot_hours: Hours | None = None
    depot_min_couriers: PositiveInt | None = None
    rest_min_s: float | None = Field(default=None, ge=0)
    longest_stay_s: PositiveFloat | None = None


class Stops(Section):
    """When a courier's standing about is a stop."""

    radius_m: PositiveFloat
    min_duration_s: PositiveFloat
    max_gap_s: PositiveFloat
    detected_gap_s: PositiveFloat | None = None
    """Time between fixes of a stop up to so far apart was seen; beyond it is assumed. 60 by default."""
    compatible: Literal["trackintel"] | None = None
    """Stops as trackintel's sliding method finds them."""
    cleaning: Cleaning | None = None
    purpose: Purpose | None = None


class Demand(Section):
    """Which demand of fixes counts, and for how much."""

    day_types: Annotated[tuple[DayType, ...], Strict(strict=False)] = ()
    """Count only days of these types; by default all."""
    calendar: Literal["CN"] | None = None
    """Whose holidays, and weekends worked instead; without one, weekdays alone tell the type of a day."""
    expansion: dict[str, PositiveFloat] = {}
    """How many workers a courier of each group stands for; without it each stands for one."""
    replicates: int = Field(default=0, ge=0, le=1_000)
    """Bootstrap replicates that a store keeps."""


class Privacy(Section):
    """What may leave: no number speaks of fewer than k couriers."""

    k: PositiveInt = 10
    """Fewest distinct couriers of a published piece; 1 publishes everything."""
    most_share: float = Field(default=0.5, gt=0, le=1)
    """Largest share of a piece that one courier may have."""
    coarsest_resolution: int | None = Field(default=None, ge=0, le=12)
    """H3 resolution up to which cells are pooled before anything is dropped; by default three below the study's."""
    log: Text = "releases.json"
    """File that remembers what was told before, beside the study file; with a store, its own log does."""
