"""How much demand lies where what is known of stations or streets ends."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from stationgeo import cells as h3_cells
from stationgeo import crs, schema
from stationgeo.coverage._rows import by_unit
from stationgeo.coverage._units import lowest_ids, numbers_of
from stationgeo.demand import WEIGHTS
from stationgeo.errors import DataError, DatumError, ParameterError, suggest
from stationgeo.reach import Network, near_border

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.schema import CellArray

__all__ = ["near_edge_share"]

_WGS84_EPSG = 4326
# Neighbouring zones that were drawn apart leave cracks, which are no edges of the data: those under two of these close.
_CRACK_M = 1.0


def near_edge_share(
    demand: pd.DataFrame,
    *,
    extent: gpd.GeoDataFrame | gpd.GeoSeries | Network,
    cutoff_m: float,
    zones: gpd.GeoDataFrame | None,
    weight: str,
) -> pd.DataFrame:
    """Say which share of demand lies so near to where the data ends that stations beyond might serve it.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    extent
        Where stations are known: polygons in WGS-84, for example the zones for which a register was handed over. Or
        the street network, which ends where its border is (`reach.near_border`).
    cutoff_m
        How far a station serves, in metres of straight line, inclusive; 0 or more. For a cutoff in seconds, that times
        the top speed.
    zones
        ZONES, the lowest level disjoint; None takes all demand as one.
    weight
        The column of demand that counts.

    Returns
    -------
    DataFrame
        Key (`level`, `zone_id`), "all" (everything inside the zones, `zone_id` '') first. `demand`,
        `near_edge_demand`, and `near_edge_share`, nan where there is no demand.

    Raises
    ------
    ColumnError
        If demand lacks a column.
    DataError
        If a table breaks its contract, or there is no polygon.
    DatumError
        If the extent is not in WGS-84 (EPSG:4326).
    ParameterError
        If the weight does not add up, or the cutoff is not a finite number, 0 or more.

    Notes
    -----
    Demand is near the edge if the centre of its cell lies outside of the extent or at most `cutoff_m` from its outline.
    Its coverage may be too low, never too high. Smaller is better; 0 means that the data reaches a cutoff beyond all
    demand. Monotone in the cutoff. Holes of the extent are filled and cracks under 2 m closed: a lake is no edge.
    Metres in a plane at the middle latitude of the extent: a hundredth off a degree away from it.
    O(corners x log corners + cells x log corners + rows).

    Examples
    --------
    A town of 2 km by 2 km, whose stations alone are known: of three places, 20 m, 1 km and 300 m from its outline.

    >>> import geopandas as gpd
    >>> town = gpd.GeoSeries([shapely.box(114.0, 22.5, 114.02, 22.52)], crs="EPSG:4326")
    >>> demand = pd.DataFrame({
    ...     "cell": h3_cells.from_lonlat([114.0002, 114.01, 114.01], [22.51, 22.51, 22.5027], resolution=12),
    ...     "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [10.0, 60.0, 30.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> found = [near_edge_share(demand, extent=town, cutoff_m=m, zones=None, weight="visits") for m in (200, 400)]
    >>> [float(table["near_edge_share"].iloc[0]) for table in found]
    [0.1, 0.4]
    """
    schema.validate(demand, schema.DEMAND)
    if weight not in WEIGHTS:
        raise ParameterError(f"weight must be a column of demand that adds up. Got {weight!r}; "
                             f"{suggest(weight, WEIGHTS)}")  # fmt: skip
    if not (math.isfinite(cutoff_m) and cutoff_m >= 0):
        raise ParameterError(f"cutoff_m must be a finite number of metres, 0 or more. Got {cutoff_m!r}.")
    cell, which = np.unique(demand["cell"].to_numpy(dtype=np.uint64), return_inverse=True)
    near = _near(cell, extent, cutoff_m)[which]
    lowest = lowest_ids(zones)
    zone = numbers_of(demand["zone_id"], lowest, table="DEMAND")
    at = np.where(zone < 0, len(lowest), zone)
    amount = demand[weight].to_numpy(dtype=np.float64)
    both = [np.bincount(at, part, minlength=len(lowest) + 1) for part in (amount, amount * near)]
    sums = np.stack(both, axis=1).astype(np.float64)
    parts = [
        pd.DataFrame({"level": pd.Series(level, index=range(len(ids)), dtype="str"),
                      "zone_id": pd.Series(ids, dtype="str"), "demand": own[:, 0], "near_edge_demand": own[:, 1]})
        for level, ids, own in by_unit(sums, zones)
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    return table.assign(near_edge_share=table["near_edge_demand"] / table["demand"].where(table["demand"] > 0))


def _near(
    cell: CellArray, extent: gpd.GeoDataFrame | gpd.GeoSeries | Network, cutoff_m: float
) -> npt.NDArray[np.bool_]:
    """Tell of each cell whether its centre lies near the edge or beyond it."""
    lon, lat = h3_cells.centres(cell)
    if isinstance(extent, Network):
        return near_border(lon, lat, extent, within_m=cutoff_m)
    shapes = _checked(extent)
    _, south, _, north = shapely.total_bounds(shapes)
    per_lon, per_lat = (float(metres) for metres in crs.metres_per_degree((south + north) / 2.0))
    flat = shapely.transform(shapes, lambda at: at * (per_lon, per_lat))
    closed = shapely.buffer(shapely.buffer(shapely.union_all(flat), _CRACK_M, join_style="mitre"), -_CRACK_M,
                            join_style="mitre")  # fmt: skip
    ground = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(closed)])
    points = np.asarray(shapely.points(lon * per_lon, lat * per_lat), dtype=np.object_)
    outline = shapely.boundary(ground)
    shapely.prepare(ground)
    shapely.prepare(outline)
    inside = np.asarray(shapely.contains(ground, points), dtype=np.bool_)
    return ~inside | np.asarray(shapely.dwithin(outline, points, cutoff_m), dtype=np.bool_)


def _checked(extent: gpd.GeoDataFrame | gpd.GeoSeries) -> npt.NDArray[np.object_]:
    """Insist on polygons in WGS-84."""
    if extent.crs is None or extent.crs.to_epsg() != _WGS84_EPSG:
        raise DatumError(
            f"extent: geometry must be in WGS-84 (EPSG:4326). Got {extent.crs}; use crs.geometry_to_wgs84()."
        )
    shapes = np.asarray(extent.geometry, dtype=np.object_)
    flat = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    if not (shapes.size and flat.all() and not shapely.is_empty(shapes).any()):
        raise DataError(
            f"extent: polygons are needed, where stations are known. {int(flat.sum()):,} of {shapes.size:,} geometries "
            "are."
        )
    return shapes
