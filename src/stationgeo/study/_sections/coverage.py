"""Parameters of coverage: who counts as served, by what, when; and what else is held against the stations."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import PositiveFloat, Strict, model_validator

from stationgeo.study._sections.base import Hours, Level, Section, Text
from stationgeo.study._sections.sources import Drawn, Source

__all__ = [
    "Buildings",
    "Catalogue",
    "Coverage",
    "Equity",
    "OpeningHours",
    "Overlays",
    "Services",
    "StandardNamed",
    "Targets",
    "Workers",
]


class Services(Section):
    """What stations offer, by rows of station and service or with a column for each service."""

    path: Text
    columns: dict[str, str] = {}
    """The table's column = the file's column, where they differ."""
    services: dict[str, str] = {}
    """The file's word for a service = the word of the services file."""
    statuses: dict[str, str] = {}
    """The file's word = yes, no or unknown."""
    default_status: Literal["yes", "no", "unknown"] | None = None
    """Where the file has no status: "yes" for a list of what there is."""
    where: dict[str, str] = {}
    encoding: Text | None = None
    bad_rows: Literal["error", "drop"] = "error"
    personal: Literal["refuse", "drop"] = "refuse"


class Catalogue(Section):
    """A city's own kinds, services, needs, profiles, weights and aliases, instead of those that ship."""

    path: Text
    """Folder or file, relative to the study file."""


class OpeningHours(Section):
    """How opening hours are read."""

    calendar: Literal["CN"] | None = None
    """Whose public holidays, and weekends worked instead."""
    part_hours: Literal["half", "bounds"] = "half"
    """An hour that is open in part counts from half of it on; or makes a range."""


class StandardNamed(Section):
    """Who counts as served: a standard that ships, or one of a file."""

    name: Text | None = None
    """One of `stationgeo.coverage.standards()`."""
    path: Text | None = None
    """TOML file with the fields of a standard, relative to the study file."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.name is None) == (self.path is None):
            raise ValueError('give either name = "..." or path = "...", not both and not neither')
        return self


class Coverage(Section):
    """What is scored beside the headline."""

    items: Annotated[tuple[Text, ...], Strict(strict=False)] | None = None
    """Services, needs and profiles to score, for example "need:toilets"; by default all of the catalogue."""
    weigh_needs: bool = False
    """Whether the demand for a need is weighted by purpose and hour, which is an assumption of the catalogue."""


class Overlays(Source):
    """Zones that cross the tree: development zones, ports, party-building fusion areas."""

    crs: str | None = None


class Buildings(Drawn):
    """Buildings, of which those in reach are counted."""

    weight: Text | None = None
    """The file's column that says how much each counts; by default each counts one."""


class Equity(Section):
    """How unevenly what is measured is spread over those who need it."""

    variable: Literal["covered_share", "nearest", "access"] = "covered_share"
    """The covered share of units of `level`, the way to the nearest station, cell by cell, or the access to seats that
    [supply] finds."""
    units: Literal["zones", "cells"] | None = None
    """Over whom it is spread: by default zones of covered shares, cells of ways and of access."""
    level: Level | None = None
    """Of the units, or of those that cells are told by; by default the lowest there is."""
    by: Annotated[tuple[Level | Literal["shift", "group"], ...], Strict(strict=False)] | None = None
    """What inequality is told between and within: levels above, "shift", "group"; by default all levels above."""
    view: Literal["attainment", "shortfall"] | None = None
    """How far from the worst, or from the best; by default attainment of shares and access, shortfall of ways."""
    shifts: dict[Text, Hours] = {}
    """Name of a shift = [first hour, hour it ends before]."""

    @property
    def are_zones(self) -> bool:
        """Whether units are zones."""
        return self.variable == "covered_share" if self.units is None else self.units == "zones"

    @property
    def grouped(self) -> bool:
        """Whether groups of workers are told apart."""
        return self.by is not None and "group" in self.by

    @model_validator(mode="after")
    def _has_shifts(self) -> Self:
        if self.by is not None and "shift" in self.by and not self.shifts:
            raise ValueError('by = ["shift"] needs shifts, for example shifts = { day = [6, 22], night = [22, 6] }')
        return self

    @model_validator(mode="after")
    def _has_units(self) -> Self:
        if self.variable == "covered_share" and not self.are_zones:
            raise ValueError('a cell is covered or not, which is no variable: units = "cells" needs another variable')
        if self.variable == "nearest" and self.are_zones:
            raise ValueError(
                'ways beyond the cutoff are not known, so that zones with some have no mean: units = "zones" needs '
                "another variable"
            )
        return self


class Workers(Section):
    """How many workers each unit has."""

    path: Text
    """CSV or Excel with zone_id and workers."""
    denominator: Text
    """Which workers, in the words of the target that divides by them."""
    least: PositiveFloat
    """Units with fewer workers are hidden."""
    columns: dict[str, str] = {}
    encoding: Text | None = None


class Targets(Section):
    """What rules and plans ask for, held against the stations."""

    names: Annotated[tuple[Text, ...], Strict(strict=False)] = ()
    """Of `stationgeo.coverage.targets()`."""
    paths: Annotated[tuple[Text, ...], Strict(strict=False)] = ()
    """Files of one's own, or folders of them."""
    where: dict[Text, Annotated[tuple[Text, ...], Strict(strict=False)]] = {}
    """Class of units that a criterion names = their zone ids."""
    workers: Workers | None = None
    """For stations per worker."""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.names or self.paths):
            raise ValueError('name targets that ship by names = ["..."], or files of your own by paths = ["..."]')
        return self
