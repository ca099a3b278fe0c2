"""What a study is: every input with its declarations, every parameter with its unit, in one frozen object."""

from __future__ import annotations

import tomllib
from datetime import date  # noqa: TC003 - read at run time, as the type of a key
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, Strict, ValidationError, model_validator

from stationgeo.errors import SourceError, StudyError, suggest
from stationgeo.study import _sections as sections
from stationgeo.study._privacy import is_exempt
from stationgeo.study._sections import Section, Text, TimeZone, Weight
from stationgeo.study._standard import settle_reach

__all__ = ["Study"]


class Study(Section):
    """A whole study: inputs, parameters and where relative paths start.

    Read one from TOML with `Study.read`, or make one in Python. It is frozen; `model_copy(update=...)` makes variants.
    """

    name: Text
    tz: TimeZone
    """Local time zone: bins are hours of its week."""
    resolution: int = Field(ge=5, le=12)
    """H3 resolution of the cells. 10 has cells of about 1-2 ha, 130 m apart."""
    weight: Weight | None = None
    """Which demand counts: courier_s, visits or courier_weight. By default courier_s for fixes, visits for events."""
    as_of: date | None = None
    """Day that the stations are of; by default the last one on which demand was observed."""
    overlaps: Literal["first", "smallest", "error"] = "first"
    """Where zones of the lowest level overlap: the first in the file or the smallest keeps it, or it is an error."""
    fixes: sections.Fixes | None = None
    stops: sections.Stops | None = None
    orders: sections.Orders | None = None
    known_places: sections.KnownPlaces | None = None
    store: sections.Store | None = None
    """Demand that was indexed before; `fixes` and `stops` then only say how days are indexed."""
    events: sections.Events | None = None
    demand: sections.Demand = sections.Demand()
    privacy: sections.Privacy = sections.Privacy()
    zones: Annotated[tuple[sections.Zones, ...], Strict(strict=False)] = ()
    overlays: sections.Overlays | None = None
    """Zones that cross the tree."""
    stations: sections.Stations | None = None
    services: sections.Services | None = None
    """What stations offer."""
    hours: sections.OpeningHours = sections.OpeningHours()
    catalogue: sections.Catalogue | None = None
    standard: sections.StandardNamed | None = None
    """Who counts as served; by default who has any station in reach."""
    coverage: sections.Coverage = sections.Coverage()
    uncertainty: sections.Uncertainty | None = None
    """Asks how sure the rates are."""
    sensitivity: sections.Sensitivity | None = None
    """Asks what they would be under other assumptions."""
    equity: sections.Equity = sections.Equity()
    targets: sections.Targets | None = None
    """What rules and plans ask for."""
    blanks: sections.Blanks = sections.Blanks()
    """What a blank spot is."""
    criticality: sections.Criticality | None = None
    """Asks what closing stations loses."""
    partial: sections.Partial | None = None
    """Asks for coverage that is more than yes or no."""
    buildings: sections.Buildings | None = None
    routes: sections.Drawn | None = None
    """Lines of which the part in reach is measured."""
    network: sections.Network | None = None
    """Streets to travel on, where reach is in seconds."""
    reach: sections.Reach
    on_route: sections.OnRoute | None = None
    """Asks who passes a station on the ways between stops."""
    what_if: sections.WhatIf | None = None
    """A change, and what it does to coverage."""
    supply: sections.Supply | None = None
    """Holds seats against those who want them."""
    check_ins: sections.CheckIns | None = None
    """Visits that were counted, to hold predictions against."""
    candidates: sections.Candidates | None = None
    siting: sections.Siting | None = None
    streets: sections.Drawn | None = None
    """Street lines."""
    background: sections.Drawn | None = None
    """Water, hills, parks."""
    map: sections.Map = sections.Map()
    engine: sections.Engine = sections.Engine()
    folder: Path = Field(default=Path(), exclude=True)
    """Where relative paths start; `Study.read` sets it to the study file's folder."""

    @classmethod
    def read(cls, path: str | Path) -> Study:
        """Read a study file.

        Parameters
        ----------
        path
            TOML in UTF-8; paths in it are relative to its folder.

        Returns
        -------
        Study
            Checked: every key is known and every value in its domain. The inputs are not opened.

        Raises
        ------
        SourceError
            If the file is missing, cannot be read or is not UTF-8.
        StudyError
            If it is not TOML, or keys or values are wrong; unknown keys come with the nearest known one.

        Notes
        -----
        O(keys).

        Examples
        --------
        >>> from stationgeo.sample import city_dir
        >>> Study.read(city_dir() / "study.toml").reach.cutoff_m
        750.0
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            raise SourceError(f"{file}: no such study file. `stationgeo init` writes one to start from.") from None
        except UnicodeDecodeError as error:
            raise SourceError(f"{file}: not a text file in UTF-8: {error}. Save it as UTF-8.") from error
        except OSError as error:
            raise SourceError(f"{file}: cannot be read as a study file: {error.strerror}. Name another.") from error
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise StudyError(f"{file.name}: not valid TOML: {error}") from error
        return cls.of(values, folder=file.parent, source=file.name)

    @classmethod
    def of(cls, values: dict[str, Any], *, folder: str | Path, source: str = "the study") -> Study:
        """Check the values of a study that come from anywhere.

        Parameters
        ----------
        values
            Keys as in the study file; tables are dicts.
        folder
            What paths in it are relative to.
        source
            What to call it in messages.

        Returns
        -------
        Study
            Checked, as `read` does.

        Raises
        ------
        StudyError
            If keys or values are wrong; all faults are named at once.

        Notes
        -----
        O(keys).
        """
        if "folder" in values:
            raise StudyError(f"{source}: folder: unknown key; paths are relative to the study file.")
        try:
            return cls.model_validate({**values, "folder": Path(folder)})
        except ValidationError as error:
            faults = "\n".join(f"{source}: {_in_words(fault)}" for fault in error.errors(include_url=False))
            raise StudyError(faults) from None

    @model_validator(mode="before")
    @classmethod
    def _reach_is_settled(cls, values: Any) -> Any:  # noqa: ANN401 - whatever was given
        return settle_reach(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _has_demand(self) -> Study:
        if not self._is_tracked and self.events is None:
            raise ValueError(
                "there is no demand: give [fixes] (tracks), [store] (indexed tracks) or [events] (orders, counts)"
            )
        if self._is_tracked and self.events is not None and self.weight is None:
            raise ValueError('with both tracks and [events] say which demand counts: weight = "courier_s" or "visits"')
        if not self._is_tracked and self.weight in {"courier_s", "courier_weight"}:
            raise ValueError(f'weight = "{self.weight}" needs [fixes]: events have no duration. Use "visits"')
        if self.uncertainty is not None and (not self._is_tracked or self.demand_weight != "courier_s"):
            raise ValueError('[uncertainty] draws couriers anew: it needs [fixes] or [store], and weight = "courier_s"')
        if not self._is_tracked and self.demand != sections.Demand():
            raise ValueError("[demand] is about tracks: it needs [fixes] or [store]")
        return self

    @model_validator(mode="after")
    def _has_stops(self) -> Study:
        if self.fixes is not None and self.stops is None:
            raise ValueError("[fixes] needs [stops] with radius_m, min_duration_s and max_gap_s")
        if self.fixes is None and self.stops is not None:
            raise ValueError("[stops] is given but there are no [fixes] to find them in")
        judged = self.stops is not None and self.stops.purpose is not None
        for name in ("orders", "known_places"):
            if getattr(self, name) is not None and not judged:
                raise ValueError(f"[{name}] tells what stops were for: it needs [stops.purpose]")
        return self

    @model_validator(mode="after")
    def _hangs_together(self) -> Study:
        if (self.siting is None) != (self.candidates is None):
            given, lacking = ("siting", "candidates") if self.candidates is None else ("candidates", "siting")
            raise ValueError(f"[{given}] needs [{lacking}] too")
        if (self.network is None) != (self.reach.cutoff_s is None):
            raise ValueError(
                "reach.cutoff_s is time over streets: it needs [network]"
                if self.network is None
                else "[network] needs reach.cutoff_s and reach.mode, instead of cutoff_m and detour_factor"
            )
        if self.network is None and self.stations is not None and self.stations.access is not None:
            raise ValueError("[stations.access] says where stations meet the streets: it needs [network]")
        if self.network is None and (self.on_route is not None or self.what_if is not None):
            raise ValueError("[on_route] and [what_if] are about streets: they need [network]")
        followed = self.fixes is not None and self.store is None
        if not followed and (self.on_route is not None or self.reach.track_speeds is not None):
            raise ValueError("[on_route] and [reach.track_speeds] follow couriers: they need [fixes], and no [store]")
        of_stations = (self.services, self.standard, self.targets, self.criticality, self.partial)
        if self.stations is None and any(section is not None for section in of_stations):
            raise ValueError(
                "[services], [standard], [targets], [criticality] and [partial] speak of stations: they need [stations]"
            )
        finer = self.reach.access_resolution
        if finer is not None and finer < self.resolution:
            raise ValueError(f"reach.access_resolution must not be coarser than resolution = {self.resolution}")
        levels = [zones.level for zones in self.zones]
        if len(set(levels)) < len(levels):
            raise ValueError(f"each level of [[zones]] may be given once. Got {', '.join(levels)}")
        coarsest = self.privacy.coarsest_resolution
        if coarsest is not None and coarsest > self.resolution:
            raise ValueError(f"privacy.coarsest_resolution must not be finer than resolution = {self.resolution}")
        return self

    @model_validator(mode="after")
    def _has_a_decay(self) -> Study:
        if self.partial is not None:
            try:
                self.partial.decay.build(cutoff=self.reach.cutoff)
            except ValueError as error:
                raise ValueError(f"partial: {error}; see partial.decay") from None
        return self

    @model_validator(mode="after")
    def _has_supply(self) -> Study:
        if self.supply is None:
            if self.check_ins is not None:
                raise ValueError("[check_ins] are held against what [supply] predicts: it needs [supply]")
            return self
        if self.stations is None:
            raise ValueError("[supply] speaks of seats: it needs [stations]")
        if self.supply.service is not None and self.services is None:
            raise ValueError(f"supply.service = {self.supply.service!r} needs [services]")
        if self.demand_weight == "courier_weight":
            raise ValueError('[supply] counts who is there at once: it needs weight = "courier_s" or "visits"')
        if (self.demand_weight == "visits") != (self.supply.dwell_s is not None):
            raise ValueError("supply.dwell_s, the mean stay of a visit, is needed for visits and for nothing else")
        asked = None if self.check_ins is None else self.check_ins.calibrate
        if asked is not None and self.supply.decay is None:
            raise ValueError("check_ins.calibrate needs [supply.decay]")
        if asked is not None and self.supply.decay is not None:
            for end in self.check_ins.between or () if self.check_ins is not None else ():
                self.supply.decay.with_number(asked, end)
        return self

    @model_validator(mode="after")
    def _has_equity(self) -> Study:
        asked = self.equity
        if asked.grouped:
            self._has_groups()
        if asked.variable != "access":
            return self
        if self.supply is None:
            raise ValueError('equity.variable = "access" is the access that [supply] finds: it needs [supply]')
        agents = self.supply.method == "raam"
        if agents and asked.are_zones:
            raise ValueError(
                "agents with no station in reach have no cost, so that zones with some have no mean: "
                'equity.units = "zones" needs another supply.method than "raam"'
            )
        known, why = ("shortfall", "there is no worst cost") if agents else ("attainment", "there is no best access")
        if asked.view not in {None, known}:
            raise ValueError(f'equity.view = "{asked.view}" of access: {why}. Say "{known}", or leave it out')
        return self

    def _has_groups(self) -> None:
        """Insist on groups of workers that are known, and may be told."""
        if not self._is_tracked or self.events is not None:
            raise ValueError(
                'equity.by = ["group"] tells groups of workers apart, and nobody knows whose [events] are: it needs '
                "[fixes] or [store], and no [events]"
            )
        if not is_exempt(self):
            raise ValueError(
                'equity.by = ["group"]: couriers are told in pieces of at least privacy.k of all groups together, and '
                "parts of a piece would speak of fewer. It needs made-up couriers (fixes.synthetic), or privacy.k = 1 "
                "where all who see the results may know of each courier"
            )

    @property
    def _is_tracked(self) -> bool:
        """Whether couriers are followed, now or before."""
        return self.fixes is not None or self.store is not None

    @property
    def demand_weight(self) -> Weight:
        """The column of demand that counts."""
        return self.weight or ("courier_s" if self._is_tracked else "visits")

    def with_engine(self, *, name: str | None = None, workers: int | None = None) -> Study:
        """Run the same study elsewhere.

        Parameters
        ----------
        name
            "local" or "spark"; None leaves it.
        workers
            Threads, or shares of the couriers on Spark; None leaves it.

        Returns
        -------
        Study
            A new one.

        Raises
        ------
        StudyError
            If there is no such engine, or fewer than one worker is asked for.

        Notes
        -----
        O(1).
        """
        given = {key: value for key, value in (("name", name), ("workers", workers)) if value is not None}
        try:
            engine = sections.Engine.model_validate(self.engine.model_dump() | given)
        except ValidationError as error:
            raise StudyError(f"engine: {_in_words(error.errors(include_url=False)[0])}") from None
        return self.model_copy(update={"engine": engine})

    def resolve(self, path: str) -> str:
        """Bring a path of the study into its folder.

        Parameters
        ----------
        path
            As the study file has it; an absolute one stays what it is.

        Returns
        -------
        str
            The path, seen from where the program runs.

        Notes
        -----
        O(1).
        """
        return str(self.folder / path)


def _in_words(fault: Any) -> str:  # noqa: ANN401 - pydantic's own dictionary of a fault
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        *parents, key = fault["loc"]
        return f"{where}: unknown key {key!r}; {suggest(str(key), _known_keys(parents))}"
    if fault["type"] == "missing":
        return f"{where}: is required and is missing."
    if fault["type"] == "model_type":
        return f"{where}: must be one table, headed [{where}]. Got {fault['input']!r} instead."
    message = fault["msg"].removeprefix("Value error, ")
    given = fault["input"]
    shown = "" if isinstance(given, dict | BaseModel) else f" Got {given!r} instead."
    return f"{where}: {message}.{shown}" if where else f"{message}."


def _known_keys(parents: list[Any]) -> list[str]:
    """Keys of the section at a place of the study file."""
    model: type[BaseModel] = Study
    for part in parents:
        if isinstance(part, str) and part in model.model_fields:
            model = _section_of(model.model_fields[part].annotation) or model
    return [name for name in model.model_fields if name != "folder"]


def _section_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _section_of(inner)
        if found is not None:
            return found
    return None
