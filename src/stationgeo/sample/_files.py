"""The files of a sample city: written so that the same city gives the same bytes, and read back."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from stationgeo import crs
from stationgeo._resources import sample_city_dir
from stationgeo.errors import DataError, SourceError
from stationgeo.sample._city import City

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from stationgeo.schema import FloatArray

__all__ = ["DATUMS", "city_dir", "fixes_options", "load_city", "quantise_deg", "write_city"]

DATUMS = {
    "background.geojson": "WGS-84",
    "candidates.csv": "BD-09",
    "fixes.parquet": "GCJ-02",
    "network_edges.geojson": "WGS-84",
    "network_nodes.csv": "WGS-84",
    "station_services.csv": "",
    "stations.csv": "GCJ-02",
    "zones_community.geojson": "WGS-84",
    "zones_district.geojson": "WGS-84",
    "zones_grid.geojson": "WGS-84",
    "zones_street.geojson": "WGS-84",
}
"""Datum of each file of a city; '' where it has no coordinates."""

_SUMS = "SHA256SUMS"
_STATION_HEADERS = {
    "station_id": "编号", "kind": "类型", "name": "名称", "lon": "经度", "lat": "纬度", "capacity": "座位数",
    "opening_hours": "开放时间", "premises_id": "场所编号", "members": "成员",
}  # fmt: skip
_HOSTS = ("candidate_id", "action", "kind", "host", "name", "cost_build", "cost_per_year", "lon", "lat", "area_m2",
          "street_facing", "power", "water", "tenure", "bike_parking", "consent")  # fmt: skip
_LEVELS = ("district", "street", "community", "grid")
_POINT_DECIMALS = 6
# Fixes are whole multiples of 2 ** -20 degrees (0.1 m): the low half of each float is zero, which packs well.
_STEPS_PER_DEG = float(2**20)
_ROW_GROUP = 1 << 20
_SCHEMA_METADATA = {b"datum": b"GCJ-02"}


def city_dir() -> Path:
    """Find the folder of the embedded city.

    Returns
    -------
    Path
        The folder, inside the installed package or in the repository.

    Raises
    ------
    SourceError
        If it is not there.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> (city_dir() / "stations.csv").is_file()
    True
    """
    return sample_city_dir()


def quantise_deg(degrees: FloatArray) -> FloatArray:
    """Round to whole multiples of 2 ** -20 degrees, about 0.1 m: below any receiver's noise, and packs well."""
    return np.asarray(np.round(degrees * _STEPS_PER_DEG) / _STEPS_PER_DEG)


def fixes_options() -> dict[str, Any]:
    """Parquet options for fixes: dictionaries for texts, differences for times, split bytes for coordinates."""
    return {
        "compression": "zstd",
        "use_dictionary": ["courier_id", "group", "accuracy_m"],
        "column_encoding": {"t": "DELTA_BINARY_PACKED", "lon": "BYTE_STREAM_SPLIT", "lat": "BYTE_STREAM_SPLIT"},
        "write_statistics": ["courier_id", "t"],
        "store_schema": True,
    }


def write_city(city: City, folder: str | Path) -> list[Path]:
    """Write a city as the files of many offices would be: mixed formats, encodings, headers and datums.

    Parameters
    ----------
    city
        The city.
    folder
        Where to; it is made if need be, files of the same names are replaced.

    Returns
    -------
    list of Path
        The files written, by name; ``SHA256SUMS`` among them holds the sums of the others.

    Raises
    ------
    OSError
        If the folder cannot be written.

    Notes
    -----
    The same city gives the same bytes. ``stations.csv`` (with byte order mark, Chinese headers) and ``fixes.parquet``
    are in GCJ-02, ``candidates.csv`` in BD-09, everything else in WGS-84 (see `DATUMS`). O(fixes + features).

    Examples
    --------
    >>> import tempfile
    >>> from stationgeo.sample import make_city
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = write_city(make_city(seed=1, area_km2=2, n_couriers=1, days=1), folder)
    ...     [path.name for path in paths if path.suffix == ".csv"]
    ['candidates.csv', 'network_nodes.csv', 'station_services.csv', 'stations.csv']
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    stations = _in_datum(city.stations, "GCJ-02")[list(_STATION_HEADERS)].rename(columns=_STATION_HEADERS)
    content = {
        "background.geojson": _geojson(city.background),
        "candidates.csv": _csv(_in_datum(city.candidates, "BD-09")[list(_HOSTS)]),
        "fixes.parquet": _fixes_parquet(city.fixes),
        "network_edges.geojson": _geojson(city.edges),
        "network_nodes.csv": _csv(_in_datum(city.nodes, "WGS-84", decimals=7)),
        "station_services.csv": _csv(city.services),
        "stations.csv": codecs.BOM_UTF8 + _csv(stations),
    }
    for level in _LEVELS:
        zones = city.zones[city.zones["level"] == level]
        content[f"zones_{level}.geojson"] = _geojson(zones[["zone_id", "parent_id", "name", "geometry"]])
    sums = "".join(f"{hashlib.sha256(content[name]).hexdigest()}  {name}\n" for name in sorted(content))
    content[_SUMS] = sums.encode()
    paths = [target / name for name in sorted(content)]
    for path in paths:
        path.write_bytes(content[path.name])
    return paths


def load_city(folder: str | Path | None = None) -> City:
    """Read a city that `write_city` wrote, everything in WGS-84 again.

    Parameters
    ----------
    folder
        Where it is; the embedded city by default.

    Returns
    -------
    City
        Clusters come back as their representative points; positions within 0.1 m.

    Raises
    ------
    SourceError
        If a file is missing.

    Notes
    -----
    O(fixes + features).

    Examples
    --------
    >>> city = load_city()
    >>> sorted(city.services["status"].unique())
    ['no', 'unknown', 'yes']
    """
    source = city_dir() if folder is None else Path(folder)
    absent = [name for name in sorted(DATUMS) if not (source / name).is_file()]
    if absent:
        raise SourceError(f"{source}: not a sample city, {len(absent)} files are missing: {', '.join(absent[:3])}. "
                          "Write one with stationgeo.sample.write_city.")  # fmt: skip
    texts = {"编号": str, "场所编号": str, "开放时间": str, "成员": str}
    stations = pd.read_csv(source / "stations.csv", encoding="utf-8-sig", dtype=texts, keep_default_na=False,
                           na_values={"座位数": [""]})  # fmt: skip
    zones = [_read_zones(source / f"zones_{level}.geojson", level) for level in _LEVELS]
    edges = _read_geojson(source / "network_edges.geojson")
    fixes = pq.read_table(source / "fixes.parquet").to_pandas()
    lon, lat = crs.to_wgs84(fixes["lon"].to_numpy(), fixes["lat"].to_numpy(), datum=DATUMS["fixes.parquet"])
    fixes = fixes.assign(lon=lon, lat=lat, accuracy_m=fixes["accuracy_m"].astype("float64"))
    return City(
        zones=pd.concat(zones, ignore_index=True),
        edges=edges,
        nodes=_points(pd.read_csv(source / "network_nodes.csv"), "WGS-84"),
        stations=_points(stations.rename(columns={shown: name for name, shown in _STATION_HEADERS.items()}), "GCJ-02"),
        services=pd.read_csv(source / "station_services.csv"),
        candidates=_points(pd.read_csv(source / "candidates.csv"), "BD-09"),
        fixes=fixes,
        background=_read_geojson(source / "background.geojson"),
        parameters={"folder": str(source)},
    )


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    features = json.loads(path.read_text(encoding="utf-8"))
    return gpd.GeoDataFrame.from_features(features, crs=crs.WGS84)


def _read_zones(path: Path, level: str) -> gpd.GeoDataFrame:
    zones = _read_geojson(path).assign(level=level)
    return zones[["zone_id", "level", "parent_id", "name", "geometry"]]


def _points(frame: pd.DataFrame, datum: str) -> gpd.GeoDataFrame:
    lon, lat = crs.to_wgs84(frame.pop("lon").to_numpy(), frame.pop("lat").to_numpy(), datum=datum)
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(lon, lat, crs=crs.WGS84))


def _in_datum(frame: gpd.GeoDataFrame, datum: str, *, decimals: int = _POINT_DECIMALS) -> pd.DataFrame:
    """Columns lon and lat in place of the geometry; lines and polygons by a point on them."""
    middles = shapely.point_on_surface(frame.geometry.to_numpy())
    lon, lat = crs.from_wgs84(shapely.get_x(middles), shapely.get_y(middles), datum=datum)
    plain = pd.DataFrame(frame.drop(columns="geometry"))
    return plain.assign(lon=np.round(lon, decimals), lat=np.round(lat, decimals))


def _plain(value: object) -> object:
    """Return a cell as Python has it: no NumPy scalar, no nan, whole numbers without a point."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if np.isnan(value):
            return None
        return int(value) if value.is_integer() else value
    return value


def _csv(frame: pd.DataFrame) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([_cell(_plain(value)) for value in row])
    return out.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def _geojson(frame: gpd.GeoDataFrame) -> bytes:
    """One feature a line, keys in the order of the columns, coordinates to 7 decimals."""
    names = [name for name in frame.columns if name != "geometry"]
    lines = []
    for shape, *values in frame[["geometry", *names]].itertuples(index=False, name=None):
        properties = {name: _plain(value) for name, value in zip(names, values, strict=True)}
        feature = {"type": "Feature", "properties": properties, "geometry": _geometry(shape)}
        lines.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def _geometry(shape: shapely.Geometry) -> dict[str, Any]:
    def ring(points: Iterable[Sequence[float]]) -> list[list[float]]:
        return [[round(float(lon), 7), round(float(lat), 7)] for lon, lat in points]

    def rings(polygon: shapely.Polygon) -> list[list[list[float]]]:
        oriented = shapely.orient_polygons(polygon)
        return [ring(oriented.exterior.coords), *(ring(hole.coords) for hole in oriented.interiors)]

    if isinstance(shape, shapely.LineString):
        return {"type": "LineString", "coordinates": ring(shape.coords)}
    if isinstance(shape, shapely.MultiPolygon):
        return {"type": "MultiPolygon", "coordinates": [rings(part) for part in shape.geoms]}
    if isinstance(shape, shapely.Polygon):
        return {"type": "Polygon", "coordinates": rings(shape)}
    raise DataError(f"a line or polygon is required here. Got {shape} instead.")


def _fixes_parquet(fixes: pd.DataFrame) -> bytes:
    lon, lat = crs.from_wgs84(fixes["lon"].to_numpy(), fixes["lat"].to_numpy(), datum="GCJ-02")
    courier = pa.array(fixes["courier_id"].to_numpy(dtype=object)).dictionary_encode()
    group = pa.array(fixes["group"].to_numpy(dtype=object)).dictionary_encode()
    table = pa.table(
        {
            "courier_id": courier.cast(pa.string()),
            "t": pa.array(fixes["t"].astype("int64").to_numpy()).cast(pa.timestamp("ms", tz="UTC")),
            "lon": pa.array(quantise_deg(lon)),
            "lat": pa.array(quantise_deg(lat)),
            "accuracy_m": pa.array(fixes["accuracy_m"].to_numpy()).cast(pa.float32()),
            "group": group.cast(pa.string()),
        },
        metadata=_SCHEMA_METADATA,
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=_ROW_GROUP, compression_level=19, **fixes_options())
    return sink.getvalue()
