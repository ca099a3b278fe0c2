"""Fixes and events: rows of what was recorded somewhere, some time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo.errors import ColumnError, DataError, ParameterError
from stationgeo.io._columns import TimeReading, TimeUnit
from stationgeo.io._coordinates import read_lonlat
from stationgeo.io._faults import BadRows, Faults, Tally
from stationgeo.io._fixes import FixFile, read_times
from stationgeo.io._gather import Gathered, Rules, joined, mapped, read_optional, sound_rows, without_repeats
from stationgeo.io._privacy import Personal, hashed_codes
from stationgeo.io._report import Count, Ingest
from stationgeo.io._sources import name_of, opened, raw_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.io._raw import Source

__all__ = ["read_events", "read_fixes"]


def read_fixes(
    source: Source,
    *,
    datum: str | None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    year: int | None = None,
    time_unit: TimeUnit | None = None,
    time_format: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
    courier_key: bytes | None = None,
) -> Ingest[pd.DataFrame]:
    """Read couriers' GPS records.

    Parameters
    ----------
    source
        A file, a glob pattern, a folder, a list of files, or a DataFrame. CSV (also gzipped), TSV, Parquet, Excel.
    datum
        Datum of the coordinates as the source declares it: WGS-84, GCJ-02 or BD-09. None is refused with a message
        that says how many metres are at stake.
    tz
        Time zone of times that carry no offset, for example ``"Asia/Shanghai"``.
    columns
        Column of FIXES to the file's column, where they differ: ``{"courier_id": "rider", "lon": "lng"}``.
    where
        Keep only rows whose file columns have these texts; the others are counted, not dropped as wrong.
    year
        Year of times that carry none.
    time_unit
        Unit of times that are numbers since 1970-01-01 UTC: s, ms or us.
    time_format
        `strptime` format, where times are not ISO 8601 or year-month-day.
    bad_rows
        What to do with rows that cannot be used: "error" (stop with a message) or "drop" (drop and count).
    encoding
        Of text files; else UTF-8 and then gb18030 are tried, strictly.
    personal
        What to do with columns whose header looks personal (name, phone, identity card, political status, address,
        birthday, number plate; Chinese and English): "refuse" (stop with a message) or "drop" (leave them unread, and
        note it).
    courier_key
        At least 16 bytes (see `courier_key`): courier ids are replaced by their keyed hash of 16 hex characters, the
        same for the same key in every file, on every machine; no message, note or report shows an id. None keeps them.

    Returns
    -------
    Ingest
        `.table` is FIXES in WGS-84 and UTC, sorted by courier and time; `.report` counts what was dropped and why:
        identical rows, and rows that put a courier elsewhere at the same time (the first in file order stays).

    Raises
    ------
    SourceError
        If a file is missing, empty or unreadable.
    ColumnError
        If a column is missing, or looks personal.
    DatumError
        If the datum is not declared or unknown.
    DataError
        If rows cannot be used and `bad_rows` is "error"; if no row is left; if a time zone, year or unit is missing.
    ParameterError
        If `columns` names no column of FIXES, the time zone is unknown, or the key is too short.

    Notes
    -----
    O(rows log rows) for sorting. Memory holds the whole table; `scan_fixes` reads the same rows in bounded memory.
    Folders like ``date=2026-03-12`` right above a file are columns of it, for `where` and `columns`; files that they
    leave out are not opened. File names are reported as they are: keep ids out of them.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"rider": [7, 7], "t": ["2026-11-20 08:00:00"] * 2, "lon": [114.05, 114.05],
    ...                     "lat": [22.5, 22.5]})
    >>> fixes = read_fixes(raw, datum="GCJ-02", tz="Asia/Shanghai", columns={"courier_id": "rider"})
    >>> len(fixes.table), fixes.report.dropped[0].reason
    (1, 'identical rows')
    """
    rules = Rules(
        table=schema.FIXES, datum=datum, columns=columns or {}, where=where or {}, bad_rows=bad_rows, encoding=encoding,
        how=TimeReading(tz=tz, year=year, unit=time_unit, format=time_format), personal=personal, key=courier_key,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for one in opened(source, rules, got, all_columns=False):
        file = FixFile.of(one, rules, got)
        got.parts += [file.sound(part) for part in one.parts()]
        file.close()
    fixes = joined(got, name)
    fixes = fixes.assign(courier_id=hashed_codes(fixes["courier_id"], courier_key))
    report = got.report(name, tz=tz, key=courier_key)
    fixes, repeats = _drop_repeated_fixes(fixes)
    fixes = fixes.sort_values(["courier_id", "t"], kind="stable", ignore_index=True)
    return Ingest(table=schema.validate(fixes, schema.FIXES, source=name), report=report.adding(dropped=repeats))


def read_events(  # noqa: PLR0913 - each says one thing about the file, by name
    source: Source,
    *,
    datum: str | None,
    tz: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    year: int | None = None,
    time_unit: TimeUnit | None = None,
    time_format: str | None = None,
    square_m: float | None = None,
    square_deg: tuple[float, float] | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
    courier_key: bytes | None = None,
) -> Ingest[pd.DataFrame]:
    """Read things that happened at places: orders, check-ins, reports, or counts on squares.

    Parameters
    ----------
    source, datum, tz, columns, where, year, time_unit, time_format, bad_rows, encoding, personal, courier_key
        As for `read_fixes`. A time column is optional: without one events are untimed. Without a weight column each
        row counts 1.
    square_m
        Side of the squares on which events were counted, in metres; `lon` and `lat` are then their centres.
    square_deg
        Width and height of the squares in degrees of longitude and latitude, instead of `square_m`.

    Returns
    -------
    Ingest
        `.table` is EVENTS in WGS-84 and UTC; `.report` counts what was dropped and why: rows that are identical in
        every column of the file that is read.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        As for `read_fixes`; also if both `square_m` and `square_deg` are given, or one is not positive, or a weight
        is negative.

    Notes
    -----
    O(rows). A square keeps its size in degrees when its centre changes datum: GCJ-02 and BD-09 stretch lengths by
    less than 0.1 %, half a metre on 500 m.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"lon": [114.05], "lat": [22.5], "trips": [12]})
    >>> events = read_events(raw, datum="WGS-84", columns={"weight": "trips"}, square_m=500)
    >>> events.table["square_lat_deg"].round(6).item()
    0.004515
    """
    rules = Rules(
        table=schema.EVENTS, datum=datum, columns=columns or {}, where=where or {}, bad_rows=bad_rows,
        how=TimeReading(tz=tz, year=year, unit=time_unit, format=time_format), encoding=encoding, personal=personal,
        key=courier_key,
    ).check()  # fmt: skip
    got, name = Gathered(), name_of(source)
    for label, raw in raw_parts(source, rules, got):
        part = _events_of(without_repeats(raw, got), label, rules, got)
        got.parts.append(_with_squares(part, label, square_m=square_m, square_deg=square_deg))
    events = joined(got, name)
    if "courier_id" in events:
        events = events.assign(courier_id=hashed_codes(events["courier_id"], courier_key))
    if not (events["weight"] > 0).any():
        raise DataError(
            f"{name}: column {got.chosen['weight']!r} (weight) is 0 in all {len(events):,} rows: there is no demand. "
            "Map another column, or leave the source out."
        )
    report = got.report(name, tz=tz, key=courier_key)
    return Ingest(table=schema.validate(events, schema.EVENTS, source=name), report=report)


def _events_of(raw: pd.DataFrame, label: str, rules: Rules, got: Gathered) -> pd.DataFrame:
    chosen = got.chosen = mapped(raw.columns, schema.EVENTS, rules.columns, source=label, optional=("weight",))
    faults, tally = Faults(label, raw.index, hidden=rules.hidden), Tally(label)
    lon, lat, got.datum = read_lonlat(raw, chosen, datum=rules.datum, faults=faults)
    table: dict[str, pd.Series[Any]] = {"lon": lon, "lat": lat}
    if "weight" not in chosen:
        table["weight"] = pd.Series(1.0, index=raw.index)
        got.notes["no weight column: each row counts 1"] = None
    if "t" in chosen:
        table["t"] = read_times(raw[chosen["t"]], rules.how, faults)
        untimed = int((table["t"].isna().to_numpy() & faults.sound()).sum())
        if untimed:
            got.notes[f"{label}: {untimed:,} of {len(raw):,} rows have no time and count as untimed"] = None
    table |= read_optional(raw, chosen, schema.EVENTS, faults, skip=table.keys())
    events = sound_rows(table, schema.EVENTS, faults, tally, got)
    got.dropped += tally.close(bad_rows=rules.bad_rows)
    return events


def _drop_repeated_fixes(fixes: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Count, ...]]:
    repeated = fixes.duplicated(["courier_id", "t"]).to_numpy()
    if not repeated.any():
        return fixes, ()
    identical = fixes.duplicated(["courier_id", "t", "lon", "lat"]).to_numpy()
    elsewhere = repeated & ~identical
    counts = [
        Count(reason=reason, rows=int(mask.sum()), examples=_named(fixes[mask]))
        for reason, mask in (
            ("identical rows", identical),
            ("same courier and time at another place: the first stays", elsewhere),
        )
        if mask.any()
    ]
    return fixes[~(identical | elsewhere)], tuple(counts)


def _named(fixes: pd.DataFrame) -> tuple[str, ...]:
    head = fixes.head(3)
    return tuple(
        f"{courier} at {t.isoformat()}: {lon:.6f}, {lat:.6f}"
        for courier, t, lon, lat in zip(head["courier_id"], head["t"], head["lon"], head["lat"], strict=True)
    )


def _with_squares(
    events: pd.DataFrame, label: str, *, square_m: float | None, square_deg: tuple[float, float] | None
) -> pd.DataFrame:
    of_file = [side for side in ("square_lon_deg", "square_lat_deg") if side in events.columns]
    if len(of_file) == 1:
        raise ColumnError(f"{label}: of the squares' two sides there is only column {of_file[0]!r}. Map the other too.")
    if bool(of_file) + (square_m is not None) + (square_deg is not None) > 1:
        raise ParameterError(
            f"{label}: square_m, square_deg and columns of the squares' sides say the same thing twice. Give one."
        )
    if square_m is None and square_deg is None:
        return events
    if square_m is not None:
        per_lon, per_lat = crs.metres_per_degree(events["lat"].to_numpy())
        width, height = square_m / per_lon, square_m / per_lat
    else:
        width, height = (np.full(len(events), side) for side in square_deg or ())
    if not ((width > 0).all() and (height > 0).all()):
        raise ParameterError(
            f"squares need positive sides. Got square_m = {square_m}, square_deg = {square_deg} instead."
        )
    return events.assign(square_lon_deg=width, square_lat_deg=height)
