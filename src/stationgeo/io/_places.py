"""Stations and candidates: places, from tables with coordinates or from vector files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs, schema
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.io._columns import BadRows, Faults, TimeReading, map_columns, to_utc
from stationgeo.io._coordinates import read_lonlat
from stationgeo.io._gather import Gathered, joined, name_of, raw_parts, read_codes, read_optional, settled
from stationgeo.io._raw import list_files, suffix_of
from stationgeo.io._report import Count, Ingest
from stationgeo.io._shapes import read_wgs84_vector

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationgeo.io._raw import Source
    from stationgeo.io._report import IngestReport

__all__ = ["read_candidates", "read_stations"]

_VECTOR_ONLY = (".geojson", ".json", ".gpkg", ".shp", ".fgb", ".geoparquet", ".zip")


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
) -> Ingest[gpd.GeoDataFrame]:
    """Read stations from a table with coordinates or from a vector file.

    Parameters
    ----------
    source, datum, columns, where, bad_rows, encoding
        As for `read_fixes`; vector files (GeoJSON, GeoPackage, Shapefile, FlatGeobuf) may be read too.
    default_kind
        Kind of stations where the file has no `kind` column, or leaves it empty.
    kinds
        The file's word for a kind to the word of the kinds file: ``{"暖蜂驿站": "warm_bee"}``.
    crs
        CRS of a vector file that carries none.
    tz
        Time zone of `valid_from` and `valid_to`, where there are such columns.

    Returns
    -------
    Ingest
        `.table` is STATIONS in WGS-84 in the file's order. An outline or line becomes a point inside it (counted as
        repaired). Identical rows are dropped and counted.

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
    defaults = {"kind": default_kind}
    return _read_places(
        source, schema.STATIONS, datum, columns or {}, defaults, kinds or {}, where or {}, crs, tz, bad_rows, encoding
    )


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
) -> Ingest[gpd.GeoDataFrame]:
    """Read candidate places for new stations from a table with coordinates or from a vector file.

    Parameters
    ----------
    source, datum, columns, default_kind, kinds, where, crs, bad_rows, encoding
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
    defaults = {"kind": default_kind, "action": default_action}
    return _read_places(
        source,
        schema.CANDIDATES,
        datum,
        columns or {},
        defaults,
        kinds or {},
        where or {},
        crs,
        None,
        bad_rows,
        encoding,
    )


def _read_places(
    source: Source,
    table: schema.Table,
    datum: str | None,
    columns: Mapping[str, str],
    defaults: Mapping[str, str | None],
    kinds: Mapping[str, str],
    where: Mapping[str, str],
    named_crs: str | None,
    tz: str | None,
    bad_rows: BadRows,
    encoding: str | None,
) -> Ingest[gpd.GeoDataFrame]:
    name, got = name_of(source), Gathered()
    vector = _vector_points(source, datum, named_crs, encoding)
    if vector is not None:
        raw, report = vector
        source, datum, columns = raw, "WGS-84", {**columns, "lon": "lon", "lat": "lat"}
    for label, raw in raw_parts(source, table, columns, where, encoding, got):
        part_label = label if vector is None else name
        once = raw.drop_duplicates().reset_index(drop=True)
        if len(once) < len(raw):
            got.dropped.append(Count(reason="identical rows", rows=len(raw) - len(once)))
        got.parts.append(_places_of(once, part_label, table, columns, datum, defaults, kinds, tz, bad_rows, got))
    flat = joined(got, name)
    places = gpd.GeoDataFrame(
        flat.drop(columns=["lon", "lat"]), geometry=gpd.points_from_xy(flat["lon"], flat["lat"]), crs=crs.WGS84
    )
    closed = got.report(name, tz=tz)
    if vector is not None:
        closed = _with_origin(closed, report)
    return Ingest(table=schema.validate(places, table, source=name), report=closed)


def _places_of(
    raw: pd.DataFrame,
    label: str,
    table: schema.Table,
    columns: Mapping[str, str],
    datum: str | None,
    defaults: Mapping[str, str | None],
    kinds: Mapping[str, str],
    tz: str | None,
    bad_rows: BadRows,
    got: Gathered,
) -> pd.DataFrame:
    chosen = got.chosen = map_columns(raw, table, columns, source=label, optional=tuple(defaults))
    faults = Faults(label)
    lon, lat, got.datum = read_lonlat(raw, chosen, datum=datum, faults=faults)
    read: dict[str, pd.Series[Any]] = {table.key[0]: read_codes(raw, chosen, table.key[0], faults, got)}
    for name, default in defaults.items():
        read[name] = _with_default(raw, chosen, name, default, faults, got)
    read["kind"] = read["kind"].replace(dict(kinds)) if kinds else read["kind"]
    for name in ("valid_from", "valid_to"):
        if name in chosen:
            read[name] = _day_of(raw[chosen[name]], tz, label, faults)
    read |= {"lon": lon, "lat": lat} | read_optional(raw, chosen, table, faults, skip=read.keys())
    return settled(read, faults, bad_rows, got)


def _with_default(
    raw: pd.DataFrame,
    chosen: Mapping[str, str],
    name: str,
    default: str | None,
    faults: Faults,
    got: Gathered,
) -> pd.Series[Any]:
    if name in chosen and default is None:
        return read_codes(raw, chosen, name, faults, got)
    if default is None:
        raise DataError(
            f"{faults.source}: there is no column {name!r} and no default. Map the column, or declare default_{name} "
            f"for the whole file. The file has {first_few(raw.columns, shown=20)}."
        )
    if name not in chosen:
        got.notes[f"no {name} column: every row is {default!r}"] = None
        return pd.Series(default, index=raw.index, dtype="str")
    values = raw[chosen[name]].astype("str").str.strip()
    empty = values.isna() | (values == "")
    if empty.any():
        got.notes[f"{int(empty.sum()):,} rows without {name} are {default!r}"] = None
    return values.mask(empty, default)


def _day_of(values: pd.Series[Any], tz: str | None, label: str, faults: Faults) -> pd.Series[Any]:
    """Read a date that may be blank: what is blank stays blank and is no fault."""
    there = values.notna() & (values.astype("str").str.strip() != "")
    days = pd.Series(pd.NaT, index=values.index, dtype="datetime64[ms, UTC]")
    if there.any():
        lost = Faults(label)
        days[there] = to_utc(values[there], TimeReading(tz=tz), source=label, faults=lost)
        for wrong, mask, _, way_out in lost.found:
            full = np.zeros(len(values), dtype=bool)
            full[np.flatnonzero(there)] = mask
            faults.add(wrong, full, values, way_out=way_out)
    return days


def _vector_points(
    source: Source, datum: str | None, named_crs: str | None, encoding: str | None
) -> tuple[pd.DataFrame, IngestReport] | None:
    """Read a vector source as a table of WGS-84 points, or return None where the source is a plain table."""
    if isinstance(source, gpd.GeoDataFrame):
        frame, report = read_wgs84_vector(source, datum=datum, named_crs=named_crs, encoding=encoding)
    elif isinstance(source, pd.DataFrame):
        return None
    else:
        files = list_files(source)
        if not any(suffix_of(path) in _VECTOR_ONLY for path in files):
            return None
        if len(files) > 1:
            raise ParameterError(
                f"vector files are read one at a time. Got {len(files)}: {first_few(p.name for p in files)}."
            )
        frame, report = read_wgs84_vector(files[0], datum=datum, named_crs=named_crs, encoding=encoding)
    shapes = frame.geometry
    outlines = ~shapes.is_empty & shapes.notna() & (shapes.geom_type != "Point")
    inside = shapes.where(~outlines, shapes.representative_point())
    if outlines.any():
        count = Count(reason="outlines and lines became a point inside them", rows=int(outlines.sum()))
        report = report.adding(repaired=(count,))
    points = np.asarray(inside, dtype=object)
    return pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(
        lon=shapely.get_x(points), lat=shapely.get_y(points)
    ), report


def _with_origin(closed: IngestReport, origin: IngestReport) -> IngestReport:
    return replace(
        closed,
        files=origin.files,
        datum=origin.datum,
        crs=origin.crs,
        repaired=origin.repaired + closed.repaired,
        notes=origin.notes + closed.notes,
    )
