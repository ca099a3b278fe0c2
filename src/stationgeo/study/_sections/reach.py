"""Parameters of reach: how far a station serves, and what else is asked of the streets."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, Strict, model_validator

from stationgeo.study._sections.base import ModeName, Section, Text
from stationgeo.study._sections.sources import Drawn, Stations

__all__ = ["OnRoute", "Reach", "TrackSpeeds", "WhatIf"]

_BY_MODE = {
    "walk": ("步行", "on foot"), "ebike": ("骑电动车", "by e-bike"), "bicycle": ("骑自行车", "by bicycle"),
    "van": ("开面包车", "by van"), "truck": ("开货车", "by truck"),
}  # fmt: skip
# Keys of [reach] that a study by straight lines may give; a study over streets says what lies between by cutoff_s.
_OF_STRAIGHT_LINES = {"cutoff_m", "detour_factor", "cutoff_s"}


class TrackSpeeds(Section):
    """Speeds measured from the study's own fixes, where enough were seen; the mode's elsewhere."""

    min_passes: PositiveInt = 5
    """Fewest passes of a street in a direction."""
    min_couriers: PositiveInt = 3
    """Of at least so many couriers."""
    hour: Annotated[int, Field(ge=0, le=23)] | None = None
    """Local hour of the day whose speeds go before those of all hours."""


class OnRoute(Section):
    """What stations are worth to couriers under way: who passes one, on the ways between stops."""

    budget_s: float = Field(ge=0)
    """Most seconds that passing by may add."""
    skip_s: float | None = Field(default=None, ge=0)
    """Most seconds of the ride between where it is left and where one comes back; 120 by default."""
    noise_m: float | None = Field(default=None, ge=0)
    """Fixes no farther than this from the last one used are passed over; 30 by default."""


class WhatIf(Section):
    """A change of stations and streets, and what it does to coverage."""

    close: Annotated[tuple[Text, ...], Strict(strict=False)] = ()
    """Stations that close."""
    stations: Stations | None = None
    """Stations that open, or of ids that are there already, move."""
    blocked: Drawn | None = None
    """Areas in which streets are closed."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.close and self.stations is None and self.blocked is None:
            raise ValueError("give close, stations or blocked: nothing is changed")
        return self


class Reach(Section):
    """How far a station serves: metres by the straight line, or seconds over the streets of [network]."""

    cutoff_m: PositiveFloat | None = None
    """Largest way that counts as served, inclusive."""
    detour_factor: float | None = Field(default=None, ge=1)
    """Way on streets by straight line."""
    cutoff_s: PositiveFloat | None = None
    """Longest time over the streets that counts as served, inclusive."""
    mode: ModeName | None = None
    """By what one travels."""
    direction: Literal["to_station", "from_station"] = "to_station"
    """Which way the time is taken: one-ways make them differ."""
    speeds_km_h: dict[str, PositiveFloat] = {}
    """Speeds on some classes of streets, instead of the mode's; a class that was closed is opened by its speed."""
    closed: Annotated[tuple[Text, ...], Strict(strict=False)] = ()
    """Classes of streets that nobody takes."""
    tag_speeds_km_h: dict[str, dict[str, PositiveFloat]] = {}
    """Speeds by the values of a column of the streets."""
    tag_factors: dict[str, dict[str, PositiveFloat]] = {}
    """Factors of speed by the values of a column."""
    slope: bool = False
    """Whether grades change speeds: needs elevation_m of nodes."""
    track_speeds: TrackSpeeds | None = None
    """Speeds measured from the fixes."""
    bands_s: Annotated[tuple[PositiveFloat, ...], Strict(strict=False)] = ()
    """Seconds for which isochrones are written, ascending."""
    off_street_km_h: PositiveFloat | None = None
    """Speed between a place and the street; 4.5 by default."""
    snap_limit_m: PositiveFloat | None = None
    """Places farther than this off every street are not reached; 300 by default."""
    access_resolution: int | None = Field(default=None, ge=0, le=15)
    """Finer H3 resolution whose centres are the access points of a cell; by default the cell's own centre."""

    @model_validator(mode="after")
    def _one_way_of_measuring(self) -> Self:
        straight = self.cutoff_m is not None
        if straight == (self.cutoff_s is not None):
            raise ValueError(
                "give either cutoff_m and detour_factor (straight lines) or cutoff_s and mode (streets of [network])"
            )
        if straight:
            odd = [name for name in type(self).model_fields if name in self.model_fields_set - _OF_STRAIGHT_LINES]
            if odd:
                raise ValueError(f"{', '.join(odd)} is of streets: it needs cutoff_s and [network], not cutoff_m")
            if self.detour_factor is None:
                raise ValueError("cutoff_m needs detour_factor: metres of way per metre of straight line, 1.3 or so")
        elif self.detour_factor is not None:
            raise ValueError("detour_factor is of straight lines: streets know their own way. Leave it out")
        elif self.mode is None:
            raise ValueError("cutoff_s needs mode: walk, ebike, bicycle, van or truck")
        if list(self.bands_s) != sorted(set(self.bands_s)):
            raise ValueError("bands_s must ascend")
        return self

    @property
    def cutoff(self) -> float:
        """The cutoff, in seconds or metres: the model insists on one of them."""
        return self.cutoff_s or self.cutoff_m or 0.0

    @property
    def in_words(self) -> str:
        """How far, in words that follow "within"."""
        return self.in_words_of("en")

    def in_words_of(self, language: Literal["zh", "en", "both"]) -> str:
        """How far, in words of a language."""
        if self.cutoff_s is None:
            return f"{self.cutoff_m:,.0f} {'米' if language == 'zh' else 'm'}"
        minutes, seconds = divmod(self.cutoff_s, 60)
        by_zh, by_en = _BY_MODE[self.mode or "walk"]
        zh = by_zh + f"{minutes:,.0f}分钟" * (minutes > 0) + f"{seconds:g}秒" * (seconds > 0)
        times = [f"{minutes:,.0f} min"] * (minutes > 0) + [f"{seconds:g} s"] * (seconds > 0)
        en = f"{' '.join(times)} {by_en}"
        return {"zh": zh, "en": en, "both": f"{zh} {en}"}[language]
