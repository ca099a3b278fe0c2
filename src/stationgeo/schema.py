"""The contracts of the tables that flow down the stages: columns, kinds, units, keys and ranges.

A table is a plain pandas DataFrame (a GeoDataFrame in WGS-84 where it has geometry). Its contract says what must be
there; columns of the caller's own may stand beside it and pass through. Nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types as pdt

from stationgeo.errors import ColumnError, DataError, first_few, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "ACCESS",
    "ACCESS_POINTS",
    "CANDIDATES",
    "CHECK_INS",
    "DEMAND",
    "EDGES",
    "EVENTS",
    "FIXES",
    "HOURS_PER_WEEK",
    "LEVELS",
    "NODES",
    "ORDERS",
    "OUTSIDE",
    "PIECES",
    "PLACED",
    "PLACES",
    "REACH",
    "SERVICES",
    "SERVICE_STATUS",
    "SILENCES",
    "STATIONS",
    "STOPS",
    "UNTIMED_BIN",
    "WEEK_BIN",
    "WORKERS",
    "ZONES",
    "CellArray",
    "Column",
    "FloatArray",
    "IntArray",
    "Table",
    "empty",
    "validate",
    "value_faults",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CellArray = npt.NDArray[np.uint64]

OUTSIDE = ""
"""The `zone_id` of what lies in no zone. An empty text, not a missing value, so that keys group and join."""

UNTIMED_BIN = -1
"""The `bin` of demand whose time is not known."""

WEEK_BIN = -2
"""The `bin` of demand of an average week whose hours are not told."""

HOURS_PER_WEEK = 168
"""Bins are hours of the week in local time: 0 is Monday 00:00-01:00, 167 is Sunday 23:00-24:00."""

LEVELS = ("grid", "community", "street", "district", "city")
"""Levels of zones, lowest first."""

PURPOSES = ("rest", "at_station", "pick_up", "drop_off", "home", "depot", "unknown")
"""What a stop may have been for."""

ORDER_KINDS = ("pick_up", "drop_off")
"""What is done with an order."""

SERVICE_STATUS = ("yes", "no", "unknown")
"""Whether a station offers a service. Unknown is never taken for yes, nor for no: it gives a range."""

ACTIONS = ("new", "upgrade", "extend_hours", "add_service", "relocate")
"""What may be done at a candidate."""

_Frame = TypeVar("_Frame", bound=pd.DataFrame)

Kind = Literal["text", "float", "int", "cell", "time", "flag", "geometry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a contract."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A contract: the columns of a table and the key that is unique in it (empty: rows may repeat)."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    splits: tuple[str, ...] = ()
    """Optional columns that belong to the key where they are there."""

    def __getitem__(self, name: str) -> Column:
        """Return the column of that name; `KeyError` if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(column.name for column in self.columns)


def _lon(meaning: str) -> Column:
    return Column(name="lon", kind="float", unit="degree", minimum=-180, maximum=180, meaning=meaning)


def _lat(meaning: str) -> Column:
    return Column(name="lat", kind="float", unit="degree", minimum=-90, maximum=90, meaning=meaning)


_CELL = Column(name="cell", kind="cell", meaning="H3 index")
_ZONE = Column(name="zone_id", kind="text", meaning="lowest-level zone, '' outside all of them")
_GEOMETRY = Column(name="geometry", kind="geometry", meaning="WGS-84 lon/lat")

FIXES = Table(
    name="FIXES",
    key=("courier_id", "t"),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        Column(name="t", kind="time", unit="UTC", meaning="when"),
        _lon("WGS-84 longitude"),
        _lat("WGS-84 latitude"),
        Column(name="accuracy_m", kind="float", unit="m", required=False, nullable=True, minimum=0,
               meaning="radius the receiver states"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
        Column(name="order_id", kind="text", required=False, nullable=True, meaning="order in hand"),
    ),
)  # fmt: skip
"""One GPS record of a courier each."""

EVENTS = Table(
    name="EVENTS",
    key=(),
    columns=(
        _lon("WGS-84 longitude, of the centre where the event is a square"),
        _lat("WGS-84 latitude"),
        Column(name="weight", kind="float", minimum=0, meaning="how many"),
        Column(name="t", kind="time", unit="UTC", required=False, nullable=True, meaning="when"),
        Column(name="kind", kind="text", required=False, nullable=True, meaning="orders, check-ins, reports, ..."),
        Column(name="courier_id", kind="text", required=False, nullable=True, meaning="who, if known"),
        Column(name="square_lon_deg", kind="float", unit="degree", required=False, minimum=0,
               meaning="width of the square that was counted"),
        Column(name="square_lat_deg", kind="float", unit="degree", required=False, minimum=0,
               meaning="height of the square that was counted"),
    ),
)  # fmt: skip
"""Things that happened at a place: points, or counts on squares, which are spread over them by area."""

STOPS = Table(
    name="STOPS",
    key=("stop_id",),
    columns=(
        Column(name="stop_id", kind="int", meaning="running number in order of courier and start"),
        Column(name="courier_id", kind="text", meaning="who"),
        _lon("mean longitude of the fixes"),
        _lat("mean latitude of the fixes"),
        Column(name="start", kind="time", unit="UTC", meaning="first fix inside"),
        Column(name="end", kind="time", unit="UTC", meaning="last fix inside"),
        Column(name="duration_s", kind="float", unit="s", minimum=0, meaning="end - start"),
        Column(name="n_fixes", kind="int", minimum=1, meaning="fixes inside"),
        Column(name="purpose", kind="text", choices=PURPOSES, meaning="what the stop was for"),
        Column(name="cut", kind="flag", meaning="a gap or the data's end cut it short"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
        Column(name="interpolated_s", kind="float", unit="s", required=False, nullable=True, minimum=0,
               meaning="part of duration_s between fixes far apart, nan where not told"),
    ),
)  # fmt: skip
"""Stays of a courier at one place."""

SILENCES = Table(
    name="SILENCES",
    key=("courier_id", "start"),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        _lon("halfway between the fixes before and after"),
        _lat("halfway between the fixes before and after"),
        Column(name="start", kind="time", unit="UTC", meaning="last fix before the gap"),
        Column(name="end", kind="time", unit="UTC", meaning="first fix after the gap"),
        Column(name="duration_s", kind="float", unit="s", minimum=0, meaning="end - start"),
        Column(name="group", kind="text", required=False, nullable=True, meaning="worker group"),
    ),
)
"""Gaps that begin and end at one place: time in which a courier may have stayed there, or not."""

ORDERS = Table(
    name="ORDERS",
    key=(),
    columns=(
        Column(name="courier_id", kind="text", meaning="who"),
        Column(name="t", kind="time", unit="UTC", meaning="when"),
        _lon("WGS-84 longitude"),
        _lat("WGS-84 latitude"),
        Column(name="kind", kind="text", choices=ORDER_KINDS, meaning="what was done"),
    ),
)
"""Where and when couriers picked up and dropped off."""

PLACES = Table(
    name="PLACES",
    key=(),
    columns=(
        _lon("WGS-84 longitude"),
        _lat("WGS-84 latitude"),
        Column(name="purpose", kind="text", choices=PURPOSES, meaning="what whoever stops there stops for"),
    ),
)
"""Known places: depots above all."""

ZONES = Table(
    name="ZONES",
    key=("zone_id",),
    columns=(
        Column(name="zone_id", kind="text", meaning="code, as text"),
        Column(name="level", kind="text", choices=LEVELS, meaning="level in the tree"),
        Column(name="parent_id", kind="text", meaning="zone of the next level up, '' for none"),
        Column(name="name", kind="text", nullable=True, meaning="what people call it"),
        _GEOMETRY,
    ),
)
"""Administrative polygons of one or more levels; the lowest level present places demand."""

PIECES = Table(
    name="PIECES",
    key=("cell", "zone_id"),
    columns=(
        _CELL,
        _ZONE,
        Column(name="area_m2", kind="float", unit="m2", minimum=0, meaning="area of cell and zone in common"),
    ),
)
"""How cells and lowest-level zones cut each other; the rows of one cell add up to the cell."""

PLACED = Table(
    name="PLACED",
    key=("cell", "zone_id"),
    columns=(
        _CELL,
        _ZONE,
        Column(name="amount", kind="float", minimum=0, meaning="how much there is: buildings, metres, ..."),
    ),
)
"""What of something lies in each cell and lowest-level zone."""

DEMAND = Table(
    name="DEMAND",
    key=("cell", "zone_id", "bin"),
    splits=("group", "purpose"),
    columns=(
        _CELL,
        _ZONE,
        Column(name="bin", kind="int", unit="hour of the week", minimum=WEEK_BIN, maximum=HOURS_PER_WEEK - 1,
               meaning="local hour, Monday 00:00 is 0, unless coarser bins were asked for; -1 where time is not known, "
                       "-2 for an average week whose hours are not told"),
        Column(name="group", kind="text", required=False, meaning="worker group, '' where none is known"),
        Column(name="purpose", kind="text", required=False, choices=PURPOSES, meaning="what the stops were for"),
        Column(name="courier_s", kind="float", unit="s per observed day", minimum=0, meaning="rest seconds"),
        Column(name="visits", kind="float", unit="1 per observed day", minimum=0, meaning="stops or events"),
        Column(name="courier_weight", kind="float", unit="courier-days per observed day", minimum=0,
               meaning="worker-equivalents: each courier-day sums to 1"),
        Column(name="couriers", kind="float", nullable=True, minimum=0,
               meaning="distinct couriers, does not add; nan where ids are not known"),
        Column(name="observed_days", kind="float", unit="day", minimum=0,
               meaning="days of this bin's weekday that were observed"),
        Column(name="interpolated_s", kind="float", unit="s per observed day", required=False, minimum=0,
               meaning="part of courier_s between fixes far apart: assumed, not seen"),
        Column(name="unknown_s", kind="float", unit="s per observed day", required=False, minimum=0,
               meaning="beside courier_s: gaps at one place, of which nobody knows; no demand"),
    ),
)  # fmt: skip
"""Demand of an average observed day, per cell, zone and hour of the week."""


def _tag(name: str, meaning: str) -> Column:
    return Column(name=name, kind="text", required=False, nullable=True, meaning=meaning)


NODES = Table(
    name="NODES",
    key=("node_id",),
    columns=(
        Column(name="node_id", kind="int", meaning="number, as the source has it"),
        _lon("WGS-84 longitude"),
        _lat("WGS-84 latitude"),
        _tag("barrier", "OSM's word for what stands in the way: bollard, gate, ..."),
        _tag("access", "who may pass it, as OSM tags it"),
        Column(name="elevation_m", kind="float", unit="m", required=False, nullable=True, minimum=-500, maximum=9000,
               meaning="above the sea, nan where not known; only differences count"),
    ),
)  # fmt: skip
"""Where streets meet or end."""

EDGES = Table(
    name="EDGES",
    key=("edge_id",),
    columns=(
        Column(name="edge_id", kind="int", meaning="running number"),
        Column(name="from_node", kind="int", meaning="node at the first vertex"),
        Column(name="to_node", kind="int", meaning="node at the last vertex; a loop ends where it began"),
        Column(name="length_m", kind="float", unit="m", minimum=0, meaning="along the line, on the ellipsoid"),
        Column(name="highway", kind="text", meaning="OSM's class of street, 'ferry' for a ferry, '' where not known"),
        _tag("oneway", "yes, no, -1 (against the line), reversible, ...; missing means no"),
        _tag("oneway_bicycle", "the same for bicycles, OSM's oneway:bicycle"),
        _tag("junction", "roundabout and circular are one way"),
        _tag("access", "who may use it, as OSM tags it: yes, private, ..."),
        _tag("vehicle", "the same for all vehicles"),
        _tag("motor_vehicle", "the same for those with an engine"),
        _tag("motorcar", "the same for cars"),
        _tag("hgv", "the same for trucks"),
        _tag("bicycle", "the same for bicycles"),
        _tag("foot", "the same for walkers"),
        _tag("service", "what a service way is for: alley, parking_aisle, driveway, ..."),
        _tag("maxspeed", "as OSM has it: 30, 20 mph, CN:urban, ..."),
        _tag("surface", "asphalt, sett, gravel, ..."),
        _tag("lanes", "how many, both ways together, as OSM has it"),
        _tag("name", "what people call it"),
        _GEOMETRY,
    ),
)
"""Pieces of street between two nodes, with the tags that say who may use them which way."""

STATIONS = Table(
    name="STATIONS",
    key=("station_id",),
    columns=(
        Column(name="station_id", kind="text", meaning="code, as text"),
        Column(name="kind", kind="text", meaning="a kind of the kinds file"),
        Column(name="tier", kind="text", required=False, nullable=True, meaning="full, partial, ..."),
        Column(name="name", kind="text", nullable=True, required=False, meaning="what people call it"),
        Column(name="premises_id", kind="text", required=False, nullable=True,
               meaning="the place, where one place carries several brands"),
        Column(name="host", kind="text", required=False, nullable=True, meaning="who runs or hosts it"),
        Column(name="capacity", kind="float", required=False, nullable=True, minimum=0, meaning="seats"),
        Column(name="opening_hours", kind="text", required=False, nullable=True, meaning="as written"),
        Column(name="valid_from", kind="time", required=False, nullable=True, meaning="first day"),
        Column(name="valid_to", kind="time", required=False, nullable=True, meaning="last day"),
        _GEOMETRY,
    ),
)  # fmt: skip
"""Stations of every kind, clusters included; clusters are never counted as stations."""

SERVICES = Table(
    name="SERVICES",
    key=("station_id", "service"),
    columns=(
        Column(name="station_id", kind="text", meaning="whose it is, as in STATIONS"),
        Column(name="service", kind="text", meaning="a service of the services file"),
        Column(name="status", kind="text", choices=SERVICE_STATUS, meaning="whether the station offers it"),
        Column(name="opening_hours", kind="text", required=False, nullable=True,
               meaning="the service's own hours, as written; missing: those of the station"),
        Column(name="capacity", kind="float", required=False, nullable=True, minimum=0,
               meaning="seats, sockets, bays: what one user takes one of"),
    ),
)  # fmt: skip
"""What each station offers. Pairs of station and service that the table lacks are unknown."""

WORKERS = Table(
    name="WORKERS",
    key=("zone_id",),
    columns=(
        Column(name="zone_id", kind="text", meaning="a zone of any level, or all"),
        Column(name="workers", kind="float", minimum=0, meaning="how many there are"),
    ),
)
"""Workers by unit, for stations per worker."""
CHECK_INS = Table(
    name="CHECK_INS",
    key=(),
    columns=(
        Column(name="station_id", kind="text", meaning="who was visited, as in STATIONS"),
        Column(name="visits", kind="float", minimum=0, meaning="how many"),
        Column(name="t", kind="time", unit="UTC", required=False, nullable=True, meaning="when"),
        Column(name="bin", kind="int", unit="hour of the week", required=False, minimum=0,
               maximum=HOURS_PER_WEEK - 1, meaning="when, of counts by the hour: local, Monday 00:00 is 0"),
    ),
)  # fmt: skip
"""Visits of stations that somebody counted; rows of one station and time add up. No row is not 0 visits."""

CANDIDATES = Table(
    name="CANDIDATES",
    key=("candidate_id",),
    columns=(
        Column(name="candidate_id", kind="text", meaning="code, as text"),
        Column(name="action", kind="text", choices=ACTIONS, meaning="what would be done here"),
        Column(name="kind", kind="text", meaning="kind of station it would become"),
        Column(name="host", kind="text", nullable=True, required=False, meaning="who would host it"),
        Column(name="name", kind="text", nullable=True, required=False, meaning="what people call the place"),
        Column(name="cost_build", kind="float", nullable=True, required=False, minimum=0, meaning="to build"),
        Column(name="cost_per_year", kind="float", nullable=True, required=False, minimum=0, meaning="to run"),
        Column(name="zone_id", kind="text", required=False, nullable=True, meaning="lowest-level zone"),
        _GEOMETRY,
    ),
)
"""Places where a station could be."""

ACCESS_POINTS = Table(
    name="ACCESS_POINTS",
    key=(),
    columns=(
        Column(name="station_id", kind="text", meaning="whose it is; a station may have several"),
        _GEOMETRY,
    ),
)
"""Doors and gates at which stations are met, instead of where they stand."""

REACH = Table(
    name="REACH",
    key=("station_id", "cell"),
    columns=(
        Column(name="station_id", kind="text", meaning="a station, or a candidate"),
        _CELL,
        Column(name="impedance_m", kind="float", unit="m", required=False, minimum=0, meaning="way, in metres"),
        Column(name="impedance_s", kind="float", unit="s", required=False, minimum=0, meaning="way, in seconds"),
    ),
)
"""Which station reaches which cell, sparse, for one scenario; never dependent on demand."""

ACCESS = Table(
    name="ACCESS",
    key=("cell",),
    splits=("bin",),
    columns=(
        _CELL,
        Column(name="bin", kind="int", unit="hour of the week", required=False, minimum=WEEK_BIN,
               maximum=HOURS_PER_WEEK - 1, meaning="as in DEMAND, where hours are told apart"),
        Column(name="demand", kind="float", minimum=0, meaning="in the unit of the weight"),
        Column(name="access", kind="float", unit="capacity per unit of demand", required=False, minimum=0,
               meaning="what stations offer to each unit of demand here: more is better, 0 where none is in reach"),
        Column(name="cost", kind="float", required=False, nullable=True, minimum=0,
               meaning="way and crowding together: less is better, nan where no station is in reach"),
    ),
)  # fmt: skip
"""What supply is worth to the demand of each cell, given all others who want it."""

_IS_KIND: dict[str, Callable[[pd.Series[Any]], bool]] = {
    "text": lambda s: pdt.is_string_dtype(s) or pdt.is_object_dtype(s),
    "float": lambda s: pdt.is_numeric_dtype(s) and not pdt.is_bool_dtype(s),
    "int": pdt.is_integer_dtype,
    "cell": lambda s: s.dtype == np.uint64,
    "time": lambda s: isinstance(s.dtype, pd.DatetimeTZDtype) and str(s.dtype.tz) == "UTC",
    "flag": pdt.is_bool_dtype,
    "geometry": lambda s: s.dtype.name == "geometry",
}
_EMPTY_DTYPE: dict[str, Any] = {
    "text": "str",
    "float": "float64",
    "int": "int64",
    "cell": "uint64",
    "time": "datetime64[ms, UTC]",
    "flag": "bool",
    "geometry": "object",
}
_KIND_IN_WORDS = {
    "text": "text",
    "float": "numbers",
    "int": "whole numbers",
    "cell": "uint64 cell indexes",
    "time": "UTC times with a time zone",
    "flag": "true/false",
    "geometry": "geometry",
}


def empty(table: Table, *, optional: bool = False) -> pd.DataFrame:
    """Make a table of no rows with the columns of a contract.

    Parameters
    ----------
    table
        The contract.
    optional
        Whether optional columns are there too.

    Returns
    -------
    DataFrame
        No rows; dtypes as the contract wants them, except that geometry is a plain object column.

    Notes
    -----
    O(columns).

    Examples
    --------
    >>> list(empty(PIECES).columns)
    ['cell', 'zone_id', 'area_m2']
    """
    columns = [column for column in table.columns if column.required or optional]
    return pd.DataFrame({column.name: pd.Series(dtype=_EMPTY_DTYPE[column.kind]) for column in columns})


def validate(frame: _Frame, table: Table, *, source: str | None = None) -> _Frame:
    """Hold a table against its contract.

    Parameters
    ----------
    frame
        The table; it is not changed. Columns that the contract does not know are left alone.
    table
        The contract.
    source
        What to call the table in messages, for example a file's name; the contract's name by default.

    Returns
    -------
    DataFrame
        The very same table, so that calls can be chained.

    Raises
    ------
    ColumnError
        If a column is missing or holds another kind of values.
    DataError
        If values are missing, out of range, not among the choices, or a key repeats.

    Notes
    -----
    O(rows x columns).

    Examples
    --------
    >>> validate(empty(DEMAND), DEMAND).empty
    True
    """
    where = source or table.name
    _check_columns(frame, table, where)
    for column in table.columns:
        if column.name in frame.columns:
            _check_kind(frame[column.name], column, where)
            for mask, wrong in value_faults(frame[column.name], column):
                _raise_rows(frame, column.name, mask, wrong, where)
    _check_key(frame, table, where)
    return frame


def _check_columns(frame: pd.DataFrame, table: Table, where: str) -> None:
    missing = [name for name in table.required if name not in frame.columns]
    if missing:
        has = suggest(missing[0], [str(name) for name in frame.columns])
        raise ColumnError(f"{where}: column {missing[0]!r} is missing ({len(missing)} missing in all: "
                          f"{first_few(missing)}); {has}")  # fmt: skip


def _check_kind(values: pd.Series[Any], column: Column, where: str) -> None:
    if len(values) and not _IS_KIND[column.kind](values):
        raise ColumnError(
            f"{where}: column {column.name!r} must hold {_KIND_IN_WORDS[column.kind]}. "
            f"Got {values.dtype} instead, for example {first_few(values.head(3))}."
        )


def value_faults(values: pd.Series[Any], column: Column) -> Iterator[tuple[pd.Series[bool], str]]:
    """Yield what a column's contract forbids: which rows break it, and what they must be.

    Parameters
    ----------
    values
        The column, of the kind that its contract says.
    column
        The contract.

    Yields
    ------
    rows, wrong
        A mask, which may mark no row, and a phrase that follows the column's name.

    Notes
    -----
    nan is missing; infinite floats are forbidden. O(rows) for each thing that a contract forbids.

    Examples
    --------
    >>> faults = value_faults(pd.Series([1.0, -2.0]), REACH["impedance_m"])
    >>> [wrong for rows, wrong in faults if rows.any()]
    ['must be at least 0']
    """
    missing = values.isna()
    if not column.nullable:
        yield missing, "must not be missing"
    if column.kind == "float":
        yield np.isinf(values), "must be finite"
    if column.minimum is not None:
        yield values < column.minimum, f"must be at least {column.minimum:g}"
    if column.maximum is not None:
        yield values > column.maximum, f"must be at most {column.maximum:g}"
    if column.choices is not None:
        yield ~values.isin(column.choices) & ~missing, f"must be one of {', '.join(column.choices)}"


def _check_key(frame: pd.DataFrame, table: Table, where: str) -> None:
    if not table.key:
        return
    key = [*table.key, *(name for name in table.splits if name in frame.columns)]
    if _is_strictly_ascending(frame, key):
        return
    repeated = frame.duplicated(key)
    if repeated.any():
        keys = frame.loc[repeated, key].drop_duplicates().head(4).itertuples(index=False, name=None)
        shown = [given[0] if len(given) == 1 else given for given in keys]
        raise DataError(
            f"{where}: ({', '.join(key)}) must be unique, {int(repeated.sum()):,} rows repeat an earlier "
            f"one: {first_few(shown)}. Remove or renumber them."
        )


def _is_strictly_ascending(frame: pd.DataFrame, key: list[str]) -> bool:
    """Say whether rows are in order and none repeats: much quicker to see than that none of any order does."""
    tied = np.ones(max(len(frame) - 1, 0), dtype=np.bool_)
    if any(isinstance(frame[name].dtype, pd.CategoricalDtype) for name in key):
        return False
    for name in key:
        before, after = frame[name].array[:-1], frame[name].array[1:]
        if not np.asarray((before <= after) | ~tied, dtype=np.bool_).all():
            return False
        tied &= np.asarray(before == after, dtype=np.bool_)
    return not tied.any()


def _raise_rows(frame: pd.DataFrame, name: str, mask: pd.Series[bool], wrong: str, where: str) -> None:
    if not mask.any():
        return
    rows = [f"{value!s} (row {row})" for row, value in frame.loc[mask, name].head(4).items()]
    raise DataError(
        f"{where}: column {name!r} {wrong}; {int(mask.sum()):,} of {len(frame):,} rows break this: "
        + ", ".join(rows[:3])
        + (", ..." if len(rows) > 3 else "")  # noqa: PLR2004 - three offenders are shown
        + "."
    )
