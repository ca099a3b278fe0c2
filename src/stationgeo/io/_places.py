"""Stations and candidates: places, from tables with coordinates or from vector files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs, schema
from stationgeo.io._columns import TimeReading, to_utc
from stationgeo.io._coordinates import read_lonlat
from stationgeo.io._faults import BadRows, Faults, Tally, row_names
from stationgeo.io._gather import (
    Gathered,
    Rules,
    filtered,
    joined,
    mapped,
    read_codes,
    read_optional,
    sound_rows,
    with_default,
    without_repeats,
)
from stationgeo.io._raw import is_vector, list_files, one_file
from stationgeo.io._report import Count, Ingest
from stationgeo.io._shapes import read_wgs84_vector
from stationgeo.io._sources import name_of, raw_parts, without_personal
from stationgeo.io._words import kinds_of_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.io._privacy import Personal
    from stationgeo.io._raw import Source
    from stationgeo.io._report import IngestReport

__all__ = ["read_access_points", "read_candidates", "read_stations"]


def read_stations(
    source: Source,
    *,
    datum: str | None,
    columns: Mapping[str, str] | None = None,
    default_kind: str | None = None,
    kinds: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    crs: str | None = None,
    tz: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[gpd.GeoDataFrame]:
    """Read stations from a table with coordinates or from a vector file.

    Parameters
    ----------
    source, datum, columns, where, bad_rows, encoding, personal
        As for `read_fixes`; a station's name and address are not personal, whom to contact there is. Vector files
        (GeoJSON, GeoPackage, Shapefile, FlatGeobuf) may be read too.
    default_kind
        Kind of stations where the file has no `kind` column, or leaves it empty.
    kinds
        The file's word for a kind to the word of the kinds file: ``{"爱心小店": "merchant"}``. Chinese and English
        names, and what else kinds are called, are known (`stations.kind_words`), whatever their script and case.
    crs
        CRS of a vector file that carries none.
    tz
        Time zone of `valid_from` and `valid_to`, where there are such columns.

    Returns
    -------
    Ingest
        `.table` is STATIONS in WGS-84 in the file's order. An outline or line becomes a point inside it, and a kind
        by another name that of the kinds file (both counted as repaired). Identical rows are dropped and counted.

    Raises
    ------
    SourceError, ColumnError, DatumError, ParameterError
        As for `read_fixes`.
    DataError
        If rows cannot be used and `bad_rows` is "error", no row is left, a kind is missing without `default_kind`, or
        a `station_id` repeats.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"station_id": ["S1"], "lon": [114.05], "lat": [22.5]})
    >>> read_stations(raw, datum="BD-09", default_kind="warm_bee").table["kind"].item()
    'warm_bee'
    """
    rules = Rules(
        table=schema.STATIONS, datum=datum, columns=columns or {}, where=where or {}, how=TimeReading(tz=tz),
        bad_rows=bad_rows, encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    return _read_places(source, rules, {"kind": default_kind}, kinds or {}, crs)


def read_candidates(
    source: Source,
    *,
    datum: str | None,
    columns: Mapping[str, str] | None = None,
    default_kind: str | None = None,
    default_action: str = "new",
    kinds: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    crs: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[gpd.GeoDataFrame]:
    """Read candidate places for new stations from a table with coordinates or from a vector file.

    Parameters
    ----------
    source, datum, columns, default_kind, kinds, where, crs, bad_rows, encoding, personal
        As for `read_stations`.
    default_action
        What would be done where the file has no `action` column or leaves it empty: new, upgrade, extend_hours,
        add_service, relocate.

    Returns
    -------
    Ingest
        `.table` is CANDIDATES in WGS-84 in the file's order.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        As for `read_stations`.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"candidate_id": ["C1"], "lon": [114.05], "lat": [22.5]})
    >>> read_candidates(raw, datum="WGS-84", default_kind="warm_bee").table["action"].item()
    'new'
    """
    rules = Rules(
        table=schema.CANDIDATES, datum=datum, columns=columns or {}, where=where or {},
        bad_rows=bad_rows, encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    return _read_places(source, rules, {"kind": default_kind, "action": default_action}, kinds or {}, crs)


def read_access_points(
    source: Source,
    *,
    datum: str | None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    crs: str | None = None,
    bad_rows: BadRows = "error",
    encoding: str | None = None,
    personal: Personal = "refuse",
) -> Ingest[gpd.GeoDataFrame]:
    """Read the doors and gates at which stations are met, from a table with coordinates or from a vector file.

    Parameters
    ----------
    source, datum, columns, where, crs, bad_rows, encoding, personal
        As for `read_stations`.

    Returns
    -------
    Ingest
        `.table` is ACCESS_POINTS, several rows a station perhaps, in WGS-84; `.report` says what was dropped and why.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        As for `read_stations`, except that a `station_id` may repeat. Whether there are such stations is for
        `reach.within_travel_time` to find.

    Notes
    -----
    O(rows).

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"station_id": ["S1", "S1"], "lon": [114.05, 114.051], "lat": [22.5, 22.5]})
    >>> len(read_access_points(raw, datum="WGS-84").table)
    2
    """
    rules = Rules(
        table=schema.ACCESS_POINTS, datum=datum, columns=columns or {}, where=where or {},
        bad_rows=bad_rows, encoding=encoding, personal=personal,
    ).check()  # fmt: skip
    return _read_places(source, rules, {}, {}, crs)


def _read_places(
    source: Source, rules: Rules, defaults: Mapping[str, str | None], kinds: Mapping[str, str], named_crs: str | None
) -> Ingest[gpd.GeoDataFrame]:
    name, got = name_of(source), Gathered()
    vector = _vector_points(source, rules, named_crs)
    if vector is None:
        parts = raw_parts(source, rules, got)
    else:
        raw, report = vector
        got.rows_read, got.dropped = report.rows_read, list(report.dropped)
        parts = iter([(name, filtered(without_personal(raw, name, rules, got), rules.where, name, got))])
        rules = replace(rules, datum="WGS-84", columns={**rules.columns, "lon": "lon", "lat": "lat"})
    for label, raw in parts:
        got.parts.append(_places_of(without_repeats(raw, got), label, rules, defaults, kinds, got))
    flat = joined(got, name)
    places = gpd.GeoDataFrame(
        flat.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(flat["lon"], flat["lat"]), crs=crs.WGS84
    )
    closed = got.report(name, tz=rules.how.tz)
    if vector is not None:
        closed = _with_origin(closed, report)
    return Ingest(table=schema.validate(places, rules.table, source=name), report=closed)


def _places_of(
    raw: pd.DataFrame,
    label: str,
    rules: Rules,
    defaults: Mapping[str, str | None],
    kinds: Mapping[str, str],
    got: Gathered,
) -> pd.DataFrame:
    table = rules.table
    chosen = got.chosen = mapped(raw.columns, table, rules.columns, source=label, optional=tuple(defaults))
    faults, tally = Faults(label, raw.index), Tally(label)
    lon, lat, got.datum = read_lonlat(raw, chosen, datum=rules.datum, faults=faults)
    whose = table.columns[0].name
    read: dict[str, pd.Series[Any]] = {whose: read_codes(raw, chosen, whose, faults, got)}
    for name, default in defaults.items():
        read[name] = with_default(raw, chosen, name, default, faults, got)
    if "kind" in read:
        read["kind"] = kinds_of_words(read["kind"], kinds, got)
    for name in ("valid_from", "valid_to"):
        if name in chosen:
            read[name] = to_utc(raw[chosen[name]], rules.how, faults=faults)
    if "valid_from" in read and "valid_to" in read:
        never = (read["valid_to"] < read["valid_from"]).to_numpy()
        faults.add("valid_to lies before valid_from", never, raw[chosen["valid_to"]], way_out="Mend them")
    read |= {"lon": lon, "lat": lat} | read_optional(raw, chosen, table, faults, skip=read.keys())
    places = sound_rows(read, table, faults, tally, got)
    got.dropped += tally.close(bad_rows=rules.bad_rows)
    return places


def _vector_points(source: Source, rules: Rules, named_crs: str | None) -> tuple[pd.DataFrame, IngestReport] | None:
    """Read a vector source as a table of WGS-84 points, or return None where the source is a plain table."""
    if not isinstance(source, pd.DataFrame):
        if not any(is_vector(path) for path in list_files(source)):
            return None
        source = one_file(source)
    elif not isinstance(source, gpd.GeoDataFrame):
        return None
    frame, report = read_wgs84_vector(
        source, datum=rules.datum, named_crs=named_crs, encoding=rules.encoding, bad_rows=rules.bad_rows
    )
    shapes = np.asarray(frame.geometry, dtype=object)
    outlines = shapely.get_type_id(shapes) != shapely.GeometryType.POINT
    if outlines.any():
        shapes = np.where(outlines, np.asarray(frame.geometry.representative_point(), dtype=object), shapes)
        count = Count(
            reason="outlines and lines became a point inside them",
            rows=int(outlines.sum()),
            examples=row_names(frame.index, outlines),
        )
        report = report.adding(repaired=(count,))
    flat = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    return flat.assign(lon=shapely.get_x(shapes), lat=shapely.get_y(shapes)), report


def _with_origin(closed: IngestReport, origin: IngestReport) -> IngestReport:
    return replace(
        closed,
        files=origin.files,
        datum=origin.datum,
        crs=origin.crs,
        repaired=origin.repaired + closed.repaired,
        notes=origin.notes + closed.notes,
    )
