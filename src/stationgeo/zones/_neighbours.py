"""Which zones of a level lie beside which."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from stationgeo import crs
from stationgeo.errors import ParameterError
from stationgeo.zones._place import at_level
from stationgeo.zones._polygons import check_zones, polygons_of

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import FloatArray


def neighbours(
    zones: gpd.GeoDataFrame, *, level: str, gap_m: float
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Pair zones of a level with those that touch them.

    Parameters
    ----------
    zones
        ZONES, of one or more levels.
    level
        The level, one of `schema.LEVELS`.
    gap_m
        Zones at most so many metres apart touch: a metre or two for borders that were drawn twice. A corner is enough.

    Returns
    -------
    zone_id : ndarray of str
        One end of each pair, in the order of the table.
    neighbour : ndarray of str
        The other end, in the order of the table for each zone; never the zone itself. Each pair is there both ways.

    Raises
    ------
    ColumnError
        If a column of ZONES is missing or of another kind.
    DataError
        If a polygon is empty or invalid.
    DatumError
        If the zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If there is no such level, or the gap is not a finite number of metres, 0 or more.

    Notes
    -----
    Metres are those of the middle latitude of the zones: 1 % off a degree and a half north or south of it.
    O(z log z), and the vertices of neighbours.

    Examples
    --------
    >>> import geopandas as gpd
    >>> boxes = [shapely.box(114 + i, 22, 115 + i, 23) for i in range(3)]
    >>> rows = {"zone_id": ["1", "2", "3"], "level": "street", "parent_id": "", "name": "A"}
    >>> zone, neighbour = neighbours(gpd.GeoDataFrame(rows, geometry=boxes, crs="EPSG:4326"), level="street", gap_m=1)
    >>> list(zip(zone.tolist(), neighbour.tolist()))
    [('1', '2'), ('2', '1'), ('2', '3'), ('3', '2')]
    """
    if isinstance(gap_m, bool) or not (math.isfinite(gap_m) and gap_m >= 0):
        raise ParameterError(f"gap_m must be a finite number of metres, 0 or more. Got {gap_m!r}.")
    own = at_level(check_zones(zones), level=level)
    names = own["zone_id"].to_numpy(dtype=np.object_)
    if own.empty:
        return names, names.copy()
    shapes = polygons_of(own)
    bounds = shapely.total_bounds(shapes)
    per_degree = np.array([float(metres) for metres in crs.metres_per_degree((bounds[1] + bounds[3]) / 2.0)])

    def to_metres(points: FloatArray) -> FloatArray:
        return np.asarray((points - bounds[:2]) * per_degree, dtype=np.float64)

    flat = shapely.transform(shapes, to_metres)
    row, other = shapely.STRtree(flat).query(flat, predicate="dwithin", distance=float(gap_m))
    apart = row != other
    row, other = row[apart], other[apart]
    order = np.lexsort((other, row))
    return names[row[order]], names[other[order]]
