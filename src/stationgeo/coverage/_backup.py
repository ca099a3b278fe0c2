"""Coverage by more than one station, so that another is there when one closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo.coverage._partial import distribution_of, named_standard, partial_coverage, whole_number
from stationgeo.coverage._places import Ways, checked_places, placed, ways

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._partial import PartialCoverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import IntArray
    from stationgeo.stations import Catalogue

__all__ = ["backup"]

_PREMISES = schema.Column(name="premises_id", kind="text", meaning="one place that may carry several brands")


def backup(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    n: int,
    by_premises: bool,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand only where at least n stations reach it, so that another one is there when one closes.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution; its bins are added up.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: nothing is covered.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    n
        How many must be in reach, 1 or more; 2 is the backup coverage of the literature.
    by_premises
        Whether stations of one `premises_id` count once: brands at one address close together. A station without
        premises stands for itself. False counts stations.
    standard
        Whose worker group, kinds and tiers of stations, and cutoff count. None: everybody, and all stations in reach.
        Services and opening hours that it asks for are left aside: this is about stations at any hour.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `n_counted`, stations or premises in reach; `distribution` tells demand by that number.

    Raises
    ------
    ColumnError
        If a table lacks a column, `premises_id` included where premises are asked for.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `n` is no whole number from 1, `weight` does not add up, or resolutions differ.

    Notes
    -----
    share(A) = sum of d_i over cells i in A with at least n stations (premises) in reach, divided by the sum of d_i:
    larger is better, 0 where there are fewer everywhere, nan without demand. n = 1 is the covered share of `score`.
    Monotone: stations and cutoff never lower it, a larger n and counting by premises never raise it.
    O(demand log demand + reach log reach).

    References
    ----------
    Hogan, K. and ReVelle, C. (1986). Concepts and applications of backup coverage. Management Science 32, 1434-1444.
    doi:10.1287/mnsc.32.11.1434

    Examples
    --------
    Two brands at one address are no backup for each other.

    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> cell = from_lonlat([114.00], [22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a", "b"], "cell": cell.repeat(2), "impedance_m": 300.0})
    >>> brands = {"station_id": ["a", "b"], "kind": "warm_bee", "premises_id": "hall"}
    >>> stations = gpd.GeoDataFrame(brands, geometry=[shapely.Point(114, 22.5)] * 2, crs="EPSG:4326")
    >>> asked = {"stations": stations, "zones": None, "weight": "visits", "n": 2}
    >>> [backup(demand, reach, **asked, by_premises=premises).headline["share"] for premises in (False, True)]
    [1.0, 0.0]
    """
    least = whole_number("n", n, least=1)
    table = checked_places(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, catalogue=catalogue
    )
    rows = placed(table.demand, weight=weight, by_bin=False)
    near = ways(table.way, counted=table.counted, cells=rows.cells)
    count = _distinct(_premises(table.counted) if by_premises else np.arange(near.station_id.size), near)
    return partial_coverage(
        "backup", rows, zones, covered=(count >= least)[rows.cell].astype(np.float64), n_stations=np.diff(near.first),
        extra={"n_counted": count},
        distribution=distribution_of(rows, zones, count[rows.cell], largest=max(least, int(count.max(initial=0)))),
        parameters={"weight": weight, "n": least, "by_premises": bool(by_premises), **named_standard(standard)},
    )  # fmt: skip


def _premises(counted: gpd.GeoDataFrame) -> IntArray:
    """Give numbers to the premises of the counted stations; a station without premises has one of its own."""
    if "premises_id" not in counted.columns:
        schema.validate(counted, schema.Table(name="STATIONS", key=(), columns=(_PREMISES,)))
    known = counted["premises_id"].notna() & (counted["premises_id"] != "")
    code, names = pd.factorize(counted["premises_id"].where(known))
    own = len(names) + np.arange(len(counted))
    return np.where(known, code, own).astype(np.int64)


def _distinct(owner: IntArray, near: Ways) -> IntArray:
    """Count the distinct owners of the stations in reach of each cell."""
    mine = owner[near.station]
    order = np.lexsort((mine, near.cell))
    cell, mine = near.cell[order], mine[order]
    new = np.ones(cell.size, dtype=np.bool_)
    new[1:] = (np.diff(cell) != 0) | (np.diff(mine) != 0)
    return np.bincount(cell[new], minlength=near.first.size - 1)
