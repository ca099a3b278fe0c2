"""Zones and streets: polygons and lines of vector files, with CRS and datum declared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from stationgeo import crs, schema
from stationgeo._mend import AMBIGUOUS_SHARE, mend
from stationgeo.errors import DataError, DatumError, ParameterError, first_few, suggest
from stationgeo.io._columns import map_columns, to_codes
from stationgeo.io._coordinates import check_coordinates
from stationgeo.io._faults import Faults, row_names
from stationgeo.io._gather import matching
from stationgeo.io._raw import one_file, read_raw_vector
from stationgeo.io._report import Count, Ingest, IngestReport, SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from stationgeo.io._faults import BadRows

__all__ = ["read_background", "read_streets", "read_wgs84_vector", "read_zones"]

# No zone of a city is wider. One vertex far off makes it so, or an edge that jumps across the antimeridian.
_WIDEST_ZONE_DEG = 20.0
# Put in the place of coordinates that are at fault already, so that no further check finds fault with them.
_HARMLESS_DEG = 0.5
_ZONE_COLUMNS = ("zone_id", "parent_id", "name")


def read_zones(
    source: str | Path | gpd.GeoDataFrame,
    *,
    level: str,
    datum: str | None,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, str] | None = None,
    encoding: str | None = None,
) -> Ingest[gpd.GeoDataFrame]:
    """Read the zones of one level.

    Parameters
    ----------
    source
        A vector file (GeoJSON, GeoPackage, Shapefile, FlatGeobuf, GeoParquet) or a GeoDataFrame.
    level
        grid, community, street, district or city. Levels of several files are joined with `pandas.concat`.
    datum
        Datum of the coordinates once the CRS is undone: WGS-84 (also CGCS2000), GCJ-02 or BD-09. A file that is tagged
        EPSG:4326 can still hold GCJ-02. None is refused with a message that says how many metres are at stake.
    crs
        CRS of a file that carries none, for example ``"EPSG:4547"``.
    columns
        Column of ZONES to the file's column, where they differ: ``{"zone_id": "TAZID", "parent_id": "street"}``.
        Without `parent_id` zones have no parent (see `stationgeo.zones.assign_parents`), without `name` no name.
    where
        Keep only rows whose file columns have these texts; the others are counted.
    encoding
        Of a Shapefile's attributes; else the .cpg, UTF-8 and gb18030 are tried.

    Returns
    -------
    Ingest
        `.table` is ZONES in WGS-84 in the file's order. Polygons that cross themselves are repaired where that is
        unambiguous (as `stationgeo.zones.repair` has it), and counted; identical rows are dropped and counted.

    Raises
    ------
    SourceError
        If the file is missing, empty or unreadable.
    ColumnError
        If a column is missing.
    DatumError
        If the datum or the CRS is not declared or unknown.
    DataError
        If geometry is missing, is no polygon, lies outside the Earth, or cannot be repaired; if a `zone_id` is missing
        or repeats; if no row is left.
    ParameterError
        If `level` or a key of `columns` is unknown.

    Notes
    -----
    O(vertices).

    Examples
    --------
    >>> from stationgeo.sample import city_dir
    >>> streets = read_zones(city_dir() / "zones_street.geojson", level="street", datum="WGS-84")
    >>> len(streets.table), streets.table["name"].iloc[0]
    (5, '望江街道')
    """
    if level not in schema.LEVELS:
        raise ParameterError(f"unknown level {level!r}; {suggest(level, schema.LEVELS)}")
    frame, report = read_wgs84_vector(source, datum=datum, named_crs=crs, encoding=encoding, bad_rows=None)
    frame, report = _select(frame, report, where or {})
    named = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    chosen = map_columns(named.columns, columns or {}, known=_ZONE_COLUMNS, required={"zone_id"}, source=report.source)
    frame, report = _drop_identical(frame, report)
    shapes, repaired = _polygons(frame.geometry, report.source)
    codes, notes = _texts(frame, chosen, report.source)
    zones = gpd.GeoDataFrame(
        {"zone_id": codes["zone_id"], "level": level, "parent_id": codes["parent_id"], "name": codes["name"]},
        geometry=shapes,
        crs=frame.crs,
    ).reset_index(drop=True)
    done = replace(report, columns=chosen).adding(repaired=repaired, notes=notes)
    return Ingest(table=schema.validate(zones, schema.ZONES, source=report.source), report=done)


def read_streets(
    source: str | Path | gpd.GeoDataFrame, *, datum: str | None, crs: str | None = None, encoding: str | None = None
) -> Ingest[gpd.GeoDataFrame]:
    """Read street lines to draw behind a map.

    Parameters
    ----------
    source, datum, crs, encoding
        As for `read_zones`.

    Returns
    -------
    Ingest
        `.table` has `highway` ("" where the file has no such column) and the lines in WGS-84. What is no line, or has
        coordinates that cannot be, is dropped and counted.

    Raises
    ------
    SourceError, DatumError
        As for `read_zones`.
    DataError
        If nothing in the file is a line.

    Notes
    -----
    O(vertices).

    Examples
    --------
    >>> from stationgeo.sample import city_dir
    >>> read_streets(city_dir() / "network_edges.geojson", datum="WGS-84").report.rows_kept
    1897
    """
    return _drawn(source, ("LineString", "MultiLineString"), "line", "highway", datum, crs, encoding)


def read_background(
    source: str | Path | gpd.GeoDataFrame, *, datum: str | None, crs: str | None = None, encoding: str | None = None
) -> Ingest[gpd.GeoDataFrame]:
    """Read areas to draw behind a map: water, hills, parks.

    Parameters
    ----------
    source, datum, crs, encoding
        As for `read_zones`.

    Returns
    -------
    Ingest
        `.table` has `kind` (river, lake, hill, park, ...; "" where the file has no such column) and the polygons in
        WGS-84. What is no polygon, or has coordinates that cannot be, is dropped and counted.

    Raises
    ------
    SourceError, DatumError
        As for `read_zones`.
    DataError
        If nothing in the file is a polygon.

    Notes
    -----
    O(vertices).

    Examples
    --------
    >>> from stationgeo.sample import city_dir
    >>> read_background(city_dir() / "background.geojson", datum="WGS-84").table["kind"].tolist()
    ['river', 'hill']
    """
    return _drawn(source, ("Polygon", "MultiPolygon"), "polygon", "kind", datum, crs, encoding)


def _drawn(
    source: str | Path | gpd.GeoDataFrame,
    types: tuple[str, ...],
    called: str,
    column: str,
    datum: str | None,
    named_crs: str | None,
    encoding: str | None,
) -> Ingest[gpd.GeoDataFrame]:
    """Keep the shapes of some types, with the one column that says how they are drawn."""
    frame, report = read_wgs84_vector(source, datum=datum, named_crs=named_crs, encoding=encoding, bad_rows="drop")
    fits = frame.geometry.geom_type.isin(types).to_numpy()
    if not fits.any():
        raise DataError(
            f"{report.source}: no row is a {called}, all {len(frame):,} are something else: "
            f"{first_few(frame.geometry.geom_type.unique())}. Name another file."
        )
    words = frame[column].astype("str").fillna("") if column in frame.columns else ""
    shapes = gpd.GeoDataFrame({column: words}, geometry=frame.geometry, index=frame.index, crs=frame.crs)
    others = Count(reason=f"no {called}", rows=int((~fits).sum()), examples=row_names(frame.index, ~fits))
    dropped = (others,) if others.rows else ()
    return Ingest(table=shapes[fits].reset_index(drop=True), report=report.adding(dropped=dropped))


def read_wgs84_vector(
    source: str | Path | gpd.GeoDataFrame,
    *,
    datum: str | None,
    named_crs: str | None,
    encoding: str | None,
    bad_rows: BadRows | None,
) -> tuple[gpd.GeoDataFrame, IngestReport]:
    """Read a vector source and bring its geometry to WGS-84; other columns stay raw.

    The frame's index says which rows of the file they are, counted from 0.

    Raises
    ------
    SourceError, DatumError
        As for `read_zones`.
    DataError
        If there is no row; if geometry is missing or its coordinates are no degrees once the CRS is undone, unless
        `bad_rows` is "drop" and others are left.
    """
    name, files, remarks = "the table given", tuple[SourceFile, ...](), tuple[str, ...]()
    if isinstance(source, gpd.GeoDataFrame):
        raw = source.reset_index(drop=True)
    else:
        path = one_file(source)
        raw, fitted, remarks = read_raw_vector(path, encoding=encoding)
        name, files = path.name, SourceFile.with_sidecars(path, encoding=fitted)
    if raw.empty:
        raise DataError(f"{name}: the file has no row. Export it again, or leave it out.")
    degrees = _in_degrees(raw.geometry, named_crs, name)
    missing = (raw.geometry.isna() | raw.geometry.is_empty).to_numpy()
    lon, lat = _corners(degrees)
    declared = crs.declared_datum(datum, lon[~missing], lat[~missing], source=name)
    faults = Faults(name, raw.index)
    faults.add("geometry is missing or broken", missing, raw.geometry.geom_type, way_out="Draw it, or remove the row")
    lon[missing] = lat[missing] = _HARMLESS_DEG
    check_coordinates(pd.Series(lon), pd.Series(lat), datum=declared, faults=faults, columns=None)
    keep, dropped = faults.settle(bad_rows=bad_rows)
    moved = crs.geometry_to_wgs84(gpd.GeoSeries(degrees[keep]), datum=declared)
    frame = gpd.GeoDataFrame(raw[keep].drop(columns=raw.geometry.name), geometry=moved, crs=crs.WGS84)
    report = IngestReport(
        source=name,
        files=files,
        rows_read=len(raw),
        rows_kept=len(raw),
        datum=declared,
        crs=_crs_name(raw, named_crs),
        notes=remarks,
    )
    return frame, report.adding(dropped=dropped)


def _in_degrees(shapes: gpd.GeoSeries, named_crs: str | None, name: str) -> gpd.GeoSeries:
    try:
        return crs.geometry_to_wgs84(shapes, datum="WGS-84", crs=named_crs)
    except DatumError as error:
        raise DatumError(f"{name}: {error}") from error


def _corners(shapes: gpd.GeoSeries) -> tuple[schema.FloatArray, schema.FloatArray]:
    """Take the corner of every shape's box that is farthest out: enough to judge coordinates."""
    west, south, east, north = shapes.bounds.to_numpy().T
    return np.where(np.abs(west) > np.abs(east), west, east), np.where(np.abs(south) > np.abs(north), south, north)


def _crs_name(raw: gpd.GeoDataFrame, named_crs: str | None) -> str | None:
    if raw.crs is None:
        return named_crs
    authority = raw.crs.to_authority()
    return ":".join(authority) if authority else str(raw.crs.name)


def _select(
    frame: gpd.GeoDataFrame, report: IngestReport, where: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, IngestReport]:
    keep = matching(pd.DataFrame(frame.drop(columns=frame.geometry.name)), where, report.source)
    if keep.all():
        return frame, report
    left_out = Count(reason="left out by where", rows=int((~keep).sum()))
    return frame[keep], report.adding(dropped=(left_out,))


def _drop_identical(frame: gpd.GeoDataFrame, report: IngestReport) -> tuple[gpd.GeoDataFrame, IngestReport]:
    flat = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(_wkb=frame.geometry.to_wkb())
    repeated = flat.duplicated().to_numpy()
    if not repeated.any():
        return frame, report
    count = Count(reason="identical rows", rows=int(repeated.sum()), examples=row_names(frame.index, repeated))
    return frame[~repeated], report.adding(dropped=(count,))


def _texts(
    frame: gpd.GeoDataFrame, chosen: Mapping[str, str], name: str
) -> tuple[dict[str, pd.Series[Any]], tuple[str, ...]]:
    read: dict[str, pd.Series[Any]] = {}
    notes: list[str] = []
    faults = Faults(name, frame.index)
    for key in _ZONE_COLUMNS:
        if key not in chosen:
            read[key] = pd.Series("" if key == "parent_id" else None, index=frame.index, dtype="str")
            continue
        values = frame[chosen[key]]
        read[key], wrong, note = to_codes(values)
        faults.add(f"column {chosen[key]!r} ({key}) holds no code", wrong, values, way_out="Store codes as text")
        if note:
            notes.append(f"{chosen[key]}: {note}")
    blank = read["zone_id"].isna().to_numpy() & faults.sound()
    faults.add(
        f"column {chosen['zone_id']!r} (zone_id) must not be missing", blank, read["zone_id"], way_out="Fill it in"
    )
    faults.settle(bad_rows=None)
    read["parent_id"] = read["parent_id"].fillna("")
    return read, tuple(notes)


def _polygons(shapes: gpd.GeoSeries, name: str) -> tuple[gpd.GeoSeries, tuple[Count, ...]]:
    """Insist on polygons, and repair those that cross themselves where that is unambiguous."""
    faults = Faults(name, shapes.index)
    areal = shapes.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    faults.add("geometry is no polygon", ~areal, shapes.geom_type, way_out="Zones are polygons; name another file")
    faults.settle(bad_rows=None)
    wide = _width_deg(shapes) > _WIDEST_ZONE_DEG
    box = shapes.bounds.round(5).astype("str").agg(", ".join, axis=1)
    faults.add(f"polygon is more than {_WIDEST_ZONE_DEG:g} degrees wide", wide, box,
               way_out="Mend the vertex that is far off, or split the polygon at the antimeridian")  # fmt: skip
    faults.settle(bad_rows=None)
    wrong = ~shapes.is_valid.to_numpy()
    if not wrong.any():
        return shapes, ()
    drawn = np.asarray(shapes, dtype=object)
    reasons = pd.Series(shapely.is_valid_reason(drawn), index=shapes.index)
    mended = drawn.copy()
    mended[wrong], change = mend(drawn[wrong])
    ambiguous = np.zeros(wrong.size, dtype=np.bool_)
    ambiguous[wrong] = change > AMBIGUOUS_SHARE
    faults.add(
        "polygon crosses itself and what is inside is ambiguous",
        ambiguous,
        reasons,
        way_out="Mend it in a GIS",
    )
    faults.settle(bad_rows=None)
    rows = tuple(
        f"{row}: {reason}" for row, reason in zip(row_names(shapes.index, wrong), reasons[wrong], strict=False)
    )
    repaired = Count(reason="invalid polygons made valid", rows=int(wrong.sum()), examples=rows)
    return gpd.GeoSeries(mended, index=shapes.index, crs=shapes.crs), (repaired,)


def _width_deg(shapes: gpd.GeoSeries) -> schema.FloatArray:
    """Measure the widest part of each shape, east to west or north to south."""
    parts, row = shapely.get_parts(np.asarray(shapes, dtype=object), return_index=True)
    west, south, east, north = shapely.bounds(parts).T
    widest = np.zeros(len(shapes))
    np.maximum.at(widest, row, np.maximum(east - west, north - south))
    return widest
