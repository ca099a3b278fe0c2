"""What the other modules need of zones as polygons: checks, areal parts, and pairs that overlap."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import crs
from stationgeo.errors import DataError, DatumError, phrases
from stationgeo.schema import ZONES, FloatArray, IntArray, validate

Objects = npt.NDArray[np.object_]
Flags = npt.NDArray[np.bool_]

LEAST_OVERLAP_M2 = 1e-4
"""Overlaps no larger than this are rounding: a float moves a vertex by 2e-9 m, and an edge is some kilometres long."""

_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def check_zones(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Hold zones against their contract, their CRS included; return the same table."""
    validate(zones, ZONES)
    if zones.crs is None or zones.crs != crs.WGS84:
        given = "none" if zones.crs is None else zones.crs.name
        raise DatumError(f"zones must be in WGS-84 longitude and latitude (EPSG:4326). Got {given}; use "
                         "crs.geometry_to_wgs84().")  # fmt: skip
    return zones


def polygons_of(zones: gpd.GeoDataFrame) -> Objects:
    """Return the polygons of zones, all valid and not empty, or raise `DataError` naming the zones at fault."""
    shapes: Objects = zones.geometry.to_numpy()
    areal = np.isin(shapely.get_type_id(shapes), _AREAL)
    _refuse(zones, ~areal, "be polygons or multipolygons", "Leave the others out.")
    _refuse(zones, shapely.is_empty(shapes), "not be empty", "Leave them out.")
    _refuse(zones, ~shapely.is_valid(shapes), "be valid polygons", "repair() mends what is unambiguous.")
    return shapes


def _refuse(zones: gpd.GeoDataFrame, wrong: Flags, must: str, way_out: str) -> None:
    if wrong.any():
        shown = phrases(f"{zone!r}" for zone in zones.loc[wrong, "zone_id"])
        raise DataError(f"zones must {must}; {int(wrong.sum()):,} of {wrong.size:,} are not: {shown}. {way_out}")


def areal(shapes: Objects) -> Objects:
    """Keep the parts of shapes that have an area: each becomes a polygon or a multipolygon, empty if it has none."""
    done = shapes.copy()
    for row in np.flatnonzero(~np.isin(shapely.get_type_id(shapes), _AREAL)).tolist():
        parts = shapely.get_parts(shapely.get_parts(shapes[row]))
        polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        done[row] = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons.tolist())
    return done


def area_m2(shapes: Objects) -> FloatArray:
    """Measure WGS-84 polygons on the ellipsoid."""
    return crs.geometry_area_m2(gpd.GeoSeries(shapes, crs=crs.WGS84))


def overlapping_pairs(shapes: Objects) -> tuple[IntArray, IntArray, FloatArray]:
    """Find the pairs of polygons that have more than rounding in common.

    Returns rows `first` < `second` and the area in common in square metres, ordered by them.
    """
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    ahead = first < second
    first, second = first[ahead].astype(np.int64), second[ahead].astype(np.int64)
    order = np.lexsort((second, first))
    first, second = first[order], second[order]
    common = areal(shapely.intersection(shapes[first], shapes[second]))
    some = shapely.area(common) > 0.0
    first, second, area = first[some], second[some], area_m2(common[some])
    more = area > LEAST_OVERLAP_M2
    return first[more], second[more], area[more]
