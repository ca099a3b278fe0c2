"""What a study is: every input with its declarations, every parameter with its unit, in one frozen object."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    Strict,
    ValidationError,
    model_validator,
)

from stationgeo.errors import SourceError, StudyError, suggest

__all__ = [
    "Candidates",
    "Cleaning",
    "Drawn",
    "Events",
    "Fixes",
    "Map",
    "Purpose",
    "Reach",
    "Siting",
    "Stations",
    "Stops",
    "Study",
    "Zones",
]

Level = Literal["grid", "community", "street", "district", "city"]
Weight = Literal["courier_s", "visits", "courier_weight"]
Action = Literal["new", "upgrade", "extend_hours", "add_service", "relocate"]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("unknown time zone; write it like Asia/Shanghai") from None
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]
PurposeName = Literal["rest", "at_station", "pick_up", "drop_off", "home", "depot", "unknown"]
Hour = Annotated[int, Field(ge=0, le=24)]


def _two_hours(hours: tuple[int, int]) -> tuple[int, int]:
    if hours[0] == hours[1]:
        raise ValueError("must be two different hours of the day")
    return hours


Hours = Annotated[tuple[Hour, Hour], Strict(strict=False), AfterValidator(_two_hours)]


class _Section(BaseModel):
    """A table of the study file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1)]


class _Source(_Section):
    path: Text
    """File, or for fixes and events also a folder or glob pattern; relative to the study file."""
    datum: str | None = None
    """WGS-84, GCJ-02 or BD-09. There is no default: without it reading stops and says how many metres are at stake."""
    columns: dict[str, str] = {}
    """The table's column = the file's column, where they differ."""
    where: dict[str, str] = {}
    """Keep only rows whose file columns have these texts."""
    encoding: Text | None = None
    """Text encoding; else UTF-8 and then gb18030 are tried."""


class _Rows(_Source):
    bad_rows: Literal["error", "drop"] = "error"
    """Stop at rows that cannot be used, or drop and count them."""
    personal: Literal["refuse", "drop"] = "refuse"
    """Stop at columns that look personal, or leave them unread and note them."""


class Fixes(_Rows):
    """Couriers' GPS records."""

    tz: TimeZone | None = None
    """Time zone of times without an offset; the study's by default."""
    year: int | None = None
    """Year of times that carry none."""
    time_unit: Literal["s", "ms", "us"] | None = None
    """Unit of times that are numbers since 1970-01-01 UTC."""
    time_format: str | None = None
    """strptime format of times that are not ISO 8601."""
    courier_key_env: Text | None = None
    """Environment variable with the key that courier ids are hashed with as they are read."""
    courier_key_file: Text | None = None
    """Or the file that holds it, relative to the study file."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.courier_key_env is not None and self.courier_key_file is not None:
            raise ValueError("give either courier_key_env or courier_key_file, not both")
        return self


class Events(Fixes):
    """Things that happened at places, or counts on squares."""

    square_m: PositiveFloat | None = None
    """Side of the squares that were counted, in metres."""
    square_deg: Annotated[tuple[PositiveFloat, PositiveFloat], Strict(strict=False)] | None = None
    """Or their width and height in degrees of longitude and latitude."""


class Cleaning(_Section):
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


class Purpose(_Section):
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


class Stops(_Section):
    """When a courier's standing about is a stop."""

    radius_m: PositiveFloat
    min_duration_s: PositiveFloat
    max_gap_s: PositiveFloat
    compatible: Literal["trackintel"] | None = None
    """Stops as trackintel's sliding method finds them."""
    cleaning: Cleaning | None = None
    purpose: Purpose | None = None


class Zones(_Source):
    """Polygons of one level."""

    level: Level
    crs: str | None = None
    """CRS of a file that carries none."""


class Stations(_Rows):
    """Existing stations."""

    crs: str | None = None
    tz: TimeZone | None = None
    default_kind: str | None = None
    """Kind where the file names none."""
    kinds: dict[str, str] = {}
    """The file's word for a kind = the word of the kinds file."""


class Candidates(_Section):
    """Places for new stations: from a file, or the centre of every cell with uncovered demand."""

    path: Text | None = None
    datum: str | None = None
    columns: dict[str, str] = {}
    where: dict[str, str] = {}
    encoding: Text | None = None
    bad_rows: Literal["error", "drop"] = "error"
    personal: Literal["refuse", "drop"] = "refuse"
    crs: str | None = None
    default_kind: str | None = None
    default_action: Action = "new"
    kinds: dict[str, str] = {}
    from_cells: bool = False
    """Take the centres of the cells with uncovered demand instead of a file."""

    @model_validator(mode="after")
    def _one_way(self) -> Candidates:
        if (self.path is None) != self.from_cells:
            raise ValueError('give either path = "..." or from_cells = true, not both and not neither')
        of_files = self.model_fields_set - {"from_cells", "path", "default_kind", "default_action"}
        if self.from_cells and of_files:
            raise ValueError(f"from_cells = true reads no file: leave {', '.join(sorted(of_files))} out")
        return self


class Drawn(_Section):
    """Lines or areas that are only drawn behind the map."""

    path: Text
    datum: str | None = None
    crs: str | None = None
    encoding: Text | None = None


class Reach(_Section):
    """How far a station serves."""

    cutoff_m: PositiveFloat
    """Largest way that counts as served, inclusive."""
    detour_factor: float = Field(ge=1)
    """Way on streets by straight line."""


class Siting(_Section):
    """How many new stations, and how hard to look for the best plan."""

    n_stations: PositiveInt
    time_limit_s: PositiveFloat = 60.0
    """Seconds after which the solver stops with the best plan so far and its bound."""
    gap: float = Field(default=0.0, ge=0, lt=1)
    """Relative gap at which a plan is good enough; 0 asks for the proven optimum."""


class Map(_Section):
    """What the map says."""

    title: str | None = None
    language: Literal["zh", "en", "both"] = "both"
    attribution: str = ""
    """Whose data it shows, for the corner of the map."""


class Study(_Section):
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
    overlaps: Literal["first", "smallest", "error"] = "first"
    """Where zones of the lowest level overlap: the first in the file or the smallest keeps it, or it is an error."""
    fixes: Fixes | None = None
    stops: Stops | None = None
    events: Events | None = None
    zones: Annotated[tuple[Zones, ...], Strict(strict=False)] = ()
    stations: Stations | None = None
    reach: Reach
    candidates: Candidates | None = None
    siting: Siting | None = None
    streets: Drawn | None = None
    """Street lines."""
    background: Drawn | None = None
    """Water, hills, parks."""
    map: Map = Map()
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

    @model_validator(mode="after")
    def _hangs_together(self) -> Study:
        if self.fixes is None and self.events is None:
            raise ValueError("there is no demand: give [fixes] (tracks) or [events] (orders, counts), or both")
        if self.fixes is not None and self.stops is None:
            raise ValueError("[fixes] needs [stops] with radius_m, min_duration_s and max_gap_s")
        if self.fixes is None and self.stops is not None:
            raise ValueError("[stops] is given but there are no [fixes] to find them in")
        if self.fixes is not None and self.events is not None and self.weight is None:
            raise ValueError('with both [fixes] and [events] say which demand counts: weight = "courier_s" or "visits"')
        if self.fixes is None and self.weight in {"courier_s", "courier_weight"}:
            raise ValueError(f'weight = "{self.weight}" needs [fixes]: events have no duration. Use "visits"')
        if (self.siting is None) != (self.candidates is None):
            given, lacking = ("siting", "candidates") if self.candidates is None else ("candidates", "siting")
            raise ValueError(f"[{given}] needs [{lacking}] too")
        levels = [zones.level for zones in self.zones]
        if len(set(levels)) < len(levels):
            raise ValueError(f"each level of [[zones]] may be given once. Got {', '.join(levels)}")
        return self

    @property
    def demand_weight(self) -> Weight:
        """The column of demand that counts."""
        return self.weight or ("courier_s" if self.fixes is not None else "visits")

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
