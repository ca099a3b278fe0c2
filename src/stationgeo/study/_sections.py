"""The tables of a study file: every key with its type, its unit and its default."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - read at run time, as a type of keys
from typing import Annotated, Literal, Self
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
    model_validator,
)

__all__ = [
    "AccessPoints",
    "Candidates",
    "Cleaning",
    "Demand",
    "Drawn",
    "Engine",
    "Events",
    "Fixes",
    "KnownPlaces",
    "Map",
    "Network",
    "OnRoute",
    "Orders",
    "Privacy",
    "Purpose",
    "Reach",
    "Section",
    "Siting",
    "Stations",
    "Stops",
    "Store",
    "Text",
    "TimeZone",
    "TrackSpeeds",
    "Weight",
    "WhatIf",
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
DayType = Literal["working day", "weekend", "holiday"]
Hour = Annotated[int, Field(ge=0, le=24)]
ModeName = Literal["walk", "ebike", "bicycle", "van", "truck"]
_BY_MODE = {
    "walk": ("步行", "on foot"), "ebike": ("骑电动车", "by e-bike"), "bicycle": ("骑自行车", "by bicycle"),
    "van": ("开面包车", "by van"), "truck": ("开货车", "by truck"),
}  # fmt: skip


def _two_hours(hours: tuple[int, int]) -> tuple[int, int]:
    if hours[0] == hours[1]:
        raise ValueError("must be two different hours of the day")
    return hours


Hours = Annotated[tuple[Hour, Hour], Strict(strict=False), AfterValidator(_two_hours)]


class Section(BaseModel):
    """A table of the study file: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Text = Annotated[str, Field(min_length=1)]


class _Source(Section):
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

    synthetic: bool = False
    """Whether the couriers were made up: then nothing is suppressed, and every output says so."""

    @model_validator(mode="after")
    def _one_key(self) -> Self:
        if self.courier_key_env is not None and self.courier_key_file is not None:
            raise ValueError("give either courier_key_env or courier_key_file, not both")
        return self


class Events(Fixes):
    """Things that happened at places, or counts on squares."""

    synthetic: Literal[False] = False
    """Events speak of places, not of couriers: nothing is suppressed anyway."""

    square_m: PositiveFloat | None = None
    """Side of the squares that were counted, in metres."""
    square_deg: Annotated[tuple[PositiveFloat, PositiveFloat], Strict(strict=False)] | None = None
    """Or their width and height in degrees of longitude and latitude."""


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


class Orders(_Rows):
    """Where and when couriers picked up and dropped off; ids are hashed as those of the fixes are."""

    tz: TimeZone | None = None
    year: int | None = None
    time_unit: Literal["s", "ms", "us"] | None = None
    time_format: str | None = None
    default_kind: Literal["pick_up", "drop_off"] | None = None
    """Where the file does not say."""
    kinds: dict[str, str] = {}
    """The file's word = pick_up or drop_off."""


class KnownPlaces(_Rows):
    """Places at which it is known what couriers stop for."""

    default_purpose: PurposeName | None = None
    """Where the file does not say: depot."""
    purposes: dict[str, str] = {}
    """The file's word = the purpose."""


class Store(Section):
    """Demand that was indexed day by day, instead of following fixes again."""

    path: Text
    """Folder that `stationgeo index` fills; relative to the study file."""
    since: date | None = None
    """First local date to count; by default the first there is."""
    until: date | None = None
    """Last local date to count, inclusive; by default the last there is."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError("since must not be later than until")
        return self


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


class Zones(_Source):
    """Polygons of one level."""

    level: Level
    crs: str | None = None
    """CRS of a file that carries none."""


class AccessPoints(_Rows):
    """Doors and gates at which stations are met over streets."""

    crs: str | None = None


class Stations(_Rows):
    """Existing stations."""

    access: AccessPoints | None = None
    """Where stations are met; those that it does not name are met where they stand."""

    crs: str | None = None
    tz: TimeZone | None = None
    default_kind: str | None = None
    """Kind where the file names none."""
    kinds: dict[str, str] = {}
    """The file's word for a kind = the word of the kinds file."""


class Candidates(Section):
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


class Drawn(Section):
    """Lines or areas that are only drawn behind the map."""

    path: Text
    datum: str | None = None
    crs: str | None = None
    encoding: Text | None = None


class Network(Section):
    """Streets to travel on: a file, a network that was built before, or a place to ask a server for."""

    path: Text | None = None
    """OSM file, table of edges, OSMnx's GraphML, or the folder of a network that `Network.save` wrote."""
    nodes: Text | None = None
    """Of a table of edges: the file of its nodes."""
    datum: str | None = None
    crs: str | None = None
    columns: dict[str, str] = {}
    encoding: Text | None = None
    directed: bool | None = None
    """Of a table of edges: whether each row is one way."""
    tolerance_m: float = Field(default=0.0, ge=0)
    """Of a table of edges: how close two ends are one node."""
    bad_rows: Literal["error", "drop"] = "error"
    place: Text | None = None
    """A name that the geocoder knows, instead of a file."""
    cache: Text | None = None
    """Folder that keeps the server's replies, relative to the study file; overpass by default."""
    server: Text | None = None
    """Address of another Overpass server."""
    geocoder: Text | None = None
    """Address of another Nominatim server."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.place is None):
            raise ValueError('give either path = "..." or place = "...", not both and not neither')
        of_servers = {"cache", "server", "geocoder"}
        of_files = self.model_fields_set - of_servers - {"path", "place"}
        if self.place is not None and of_files:
            raise ValueError(f"place is asked of a server and reads no file: leave {', '.join(sorted(of_files))} out")
        if self.path is not None and self.model_fields_set & of_servers:
            raise ValueError(f"{', '.join(sorted(self.model_fields_set & of_servers))} is of a place, not of a path")
        return self


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


# Keys of [reach] that a study by straight lines may give; a study over streets says what lies between by cutoff_s.
_OF_STRAIGHT_LINES = {"cutoff_m", "detour_factor", "cutoff_s"}


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
