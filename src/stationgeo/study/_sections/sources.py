"""What a study reads: files and folders, with all that has to be declared of them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, Strict, model_validator

from stationgeo.study._sections.base import Action, Level, PurposeName, Section, Text, TimeZone

__all__ = [
    "AccessPoints",
    "Candidates",
    "Drawn",
    "Events",
    "Fixes",
    "KnownPlaces",
    "Network",
    "Orders",
    "Stations",
    "Store",
    "Zones",
]


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
