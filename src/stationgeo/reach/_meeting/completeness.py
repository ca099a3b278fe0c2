"""How complete the map is: the share of fixes that lie beside every street, zone by zone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo.cells import checked_lonlat
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.reach._checks import check_at_least_0
from stationgeo.reach._graph.network import check_network
from stationgeo.reach._meeting.meet import meet
from stationgeo.schema import OUTSIDE
from stationgeo.zones import at_level, locate, lowest_level

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.reach._graph.network import Network
    from stationgeo.schema import IntArray

__all__ = ["off_street_share"]

# Phones are off by 10 m and more between houses, and the lines of wide roads lie in their middle: an assumption.
_OFF_STREET_M = 30.0


def off_street_share(
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    network: Network,
    *,
    zones: gpd.GeoDataFrame | npt.ArrayLike,
    limit_m: float = _OFF_STREET_M,
    workers: int | None = None,
) -> pd.DataFrame:
    """Tell blanks of the map from blanks of access: the share of fixes with no street near, zone by zone.

    Where many couriers are seen and no street is near, the map lacks the street (or the tag that opens it to the mode),
    and a low reach there says nothing about the stations.

    Parameters
    ----------
    lon, lat
        Places where couriers were, as FIXES have them: WGS-84 degrees, of one shape.
    network
        The street graph of their mode.
    zones
        ZONES, of which the lowest level is used; or a label for each fix (a cell, a zone found before), of which a
        categorical also tells those that have none.
    limit_m
        Farther than this from every street a fix is off the street, in metres.
    workers
        Threads; as many as there are processors by default. The answer does not depend on it.

    Returns
    -------
    DataFrame
        `zone_id`, `fixes`, `off_street` (how many of them lie off the street) and `off_street_share`, nan in a zone
        without fixes. All zones of the lowest level in their order, and '' for what lies outside, if anything does;
        labels are sorted, or in the order of the categories. The counts add up to the fixes.

    Raises
    ------
    ColumnError
        If the zones lack a column.
    DataError
        If a place is nan, infinite or out of range, a label is missing, or the zones break their contract.
    DatumError
        If the zones are not in WGS-84.
    ParameterError
        If shapes differ, or the limit is not finite or below 0.

    Notes
    -----
    off_street_share = fixes with no street within limit_m / fixes. Ferries and motorways, on which no way begins, do
    not count as streets, islands do. A fix counts once, however long its courier stood there: leave out stops indoors
    to look at streets alone. O(fixes x pieces of street near each), and finding the zones.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.reach import build_network
    >>> nodes = pd.DataFrame({"node_id": [7, 8], "lon": [114.0, 114.001], "lat": [22.5, 22.5]})
    >>> edges = gpd.GeoDataFrame(
    ...     {"edge_id": [0], "from_node": [7], "to_node": [8], "length_m": [102.9], "highway": ["residential"]},
    ...     geometry=[shapely.LineString([(114.0, 22.5), (114.001, 22.5)])],
    ...     crs="EPSG:4326",
    ... )
    >>> network = build_network(edges, nodes, mode="ebike")
    >>> off_street_share([114.0, 114.0, 114.0], [22.5, 22.501, 22.5001], network, zones=["a", "a", "b"])
      zone_id  fixes  off_street  off_street_share
    0       a      2           1               0.5
    1       b      1           0               0.0
    """
    check_network(network)
    check_at_least_0("metres", limit_m=limit_m)
    x, y = checked_lonlat(lon, lat)
    if isinstance(zones, gpd.GeoDataFrame):
        names, row = _by_zones(locate(x, y, zones=zones), zones)
    else:
        names, row = _by_labels(zones, x.size)
    nowhere = np.zeros(network.n_edges, dtype=np.bool_)
    off = meet(x, y, network, nowhere, limit_m=limit_m, workers=workers).edge < 0
    fixes, off_street = (np.bincount(which, minlength=len(names)).astype(np.int64) for which in (row, row[off]))
    share = np.divide(off_street, fixes, out=np.full(fixes.size, math.nan), where=fixes > 0)
    return pd.DataFrame({"zone_id": names, "fixes": fixes, "off_street": off_street, "off_street_share": share})


def _by_zones(found: npt.NDArray[np.object_], zones: gpd.GeoDataFrame) -> tuple[pd.Index[Any], IntArray]:
    names: pd.Index[Any] = pd.Index(at_level(zones, level=lowest_level(zones))["zone_id"].astype("str"))
    row = names.get_indexer(pd.Index(found, dtype="str"))
    if (row < 0).any():
        names = names.append(pd.Index([OUTSIDE], dtype=names.dtype))
    return names, np.where(row < 0, len(names) - 1, row).astype(np.int64)


def _by_labels(labels: npt.ArrayLike, n: int) -> tuple[pd.Index[Any], IntArray]:
    given = pd.Series(labels)
    if len(given) != n:
        raise ParameterError(f"zones must be ZONES, or a label for each fix. Got {len(given):,} labels of {n:,} fixes.")
    if given.isna().any():
        rows = np.flatnonzero(given.isna())
        raise DataError(f"zones: a label must not be missing; {rows.size:,} of {n:,} are: rows {first_few(rows)}. "
                        f"Label what lies outside all zones {OUTSIDE!r}.")  # fmt: skip
    kinds = given.astype("category") if not isinstance(given.dtype, pd.CategoricalDtype) else given
    return pd.Index(kinds.cat.categories), np.asarray(kinds.cat.codes, dtype=np.int64)
