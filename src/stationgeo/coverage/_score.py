"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour.

Demand is covered if, in its hour, the counted stations that reach its cell have what the standard asks for. Stations
of every kind count except clusters (streets and circles of stations), unless the standard names kinds. Covered demand
is split by who covers it: stations of the warm-bee type only, service centres only, or both; what neither covers
completes the whole. What is not known of services and hours makes a range, never a yes and never a no.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stationgeo import stations as station_kinds
from stationgeo.coverage._items import STATION, lay_out
from stationgeo.coverage._meet import check_tables, impedance_of, meet
from stationgeo.coverage._qualify import offered, qualified
from stationgeo.coverage._result import Coverage
from stationgeo.coverage._tables import (
    bin_table,
    cell_table,
    headline_of,
    located_in,
    station_table,
    useful_ways,
    zone_table,
)
from stationgeo.coverage._tally import N_UNTIMED, Offered, tally
from stationgeo.errors import ParameterError
from stationgeo.reach import as_table

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.stations import Offers

__all__ = ["check_bins", "cutoff_of", "is_centre", "score"]


def score(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    pieces: pd.DataFrame | None = None,
    standard: Standard | None = None,
    offers: Offers | None = None,
) -> Coverage:
    """Score how well stations cover demand.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, in metres or seconds, or the `TravelReach` that holds it; no rows: nothing is covered.
        Rows of stations that do not count, and ways longer than the standard's cutoff, are left aside.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None scores cells and stations alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    pieces
        PIECES of the lowest level, for covered areas; without them areas are nan.
    standard
        Who counts as served. None: any station in reach, whatever its hours and services.
    offers
        What these stations offer in which hours, as `stations.offers` gives it, where the standard asks for services
        or for stations that are open.

    Returns
    -------
    Coverage
        Tables per cell, zone (every level), station and bin, and the headline.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand to cover, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If stations or zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `weight` does not add up, demand and reach are of different resolutions, reach is not in the unit of the
        standard's cutoff, or the standard asks for what `offers` does not tell.

    Notes
    -----
    For a set of places A, covered_share(A) = sum of demand in A that is covered in its hour / sum of demand in A:
    larger is better, 0 means that nothing is covered, nan that there is no demand. It is monotone: a longer cutoff,
    another station, hour or service never lowers it. Therefore the range from unknowns is that from all-no
    (`covered_share`) to all-yes (`covered_share_high`), and the truth lies within. Shares of classes are not monotone
    (a second family turns "only" into "both"): the bounds of each are found state by state and lie in the headline.
    Demand whose hour is not known is covered for sure if it would be at any hour, at most if it would be at some.
    The classes add up to the demand; zones of a level and what lies outside them add up to all cells. Stations beyond a
    zone's border still serve it.
    O(demand + reach x (log reach + services x hours / 64) + zones).

    Examples
    --------
    Two cells; the one station reaches the first.

    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> import shapely
    >>> from stationgeo import cells as h3_cells
    >>> cell = h3_cells.from_lonlat([114.00, 114.05], [22.5, 22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0, 10.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a"], "cell": cell[:1], "impedance_m": [50.0]})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> coverage = score(demand, reach, stations=stations, zones=None, weight="visits")
    >>> coverage.headline["covered_share"], coverage.cells["class"].tolist()
    (0.75, ['warm_bee_only', 'neither'])
    """
    way = as_table(reach)
    check_tables(demand, way, stations, weight)
    item = STATION if standard is None else standard.item
    counted = qualified(stations, standard)
    told = offered(counted, offers, item=item, open_then=standard is not None and standard.open_then)
    check_bins(demand, told)
    things = lay_out([item], told)
    met = meet(
        demand, way, counted=counted, zones=zones, weight=weight, purposes=(),
        group="" if standard is None else standard.group, cutoff=cutoff_of(way, standard),
    )  # fmt: skip
    tallied = tally(
        met.reaching, Offered(is_centre(counted), things.low, things.high, told.n_bins), things.asked, met.placed,
        factor=np.ones((1, 1, told.n_bins + N_UNTIMED)), n_zones=len(met.lowest), inside_only=zones is not None,
        by_hour=False, by_cell=True,
    )  # fmt: skip
    useful = useful_ways(met, things, counted)
    cells = cell_table(met, tallied, useful, demand, weight, pieces, impedance_of(way), told.n_bins)
    located, cluster = located_in(stations, zones), station_kinds.is_cluster(stations["kind"].to_numpy())
    table = zone_table(tallied, met.lowest, zones=zones, cells=cells, pieces=pieces, located=located[~cluster])
    return Coverage(
        cells=cells,
        zones=table,
        stations=station_table(stations, counted, useful, cells, located),
        bins=bin_table(tallied.by_bin[0], told.n_bins),
        headline=headline_of(tallied, table, item, n_counted=len(counted), n_clusters=int(cluster.sum())),
        parameters={
            "weight": weight, "impedance": impedance_of(way), **station_kinds.data_versions(),
            **({} if standard is None else {"standard": standard.to_dict()}),
        },
    )  # fmt: skip


def cutoff_of(way: pd.DataFrame, standard: Standard | None) -> float:
    """Give the longest way that counts, in the unit of reach; endless where there is no standard.

    Raises
    ------
    ParameterError
        If reach is in another unit.
    """
    if standard is None:
        return math.inf
    unit = "s" if standard.cutoff_s is not None else "m"
    if impedance_of(way) != f"impedance_{unit}":
        raise ParameterError(
            f"standard {standard.name!r} asks for {standard.in_words}, but reach is in {impedance_of(way)[-1]}. "
            f"Compute reach by {'within_travel_time' if unit == 's' else 'within_distance'}, or take another standard."
        )
    cutoff = standard.cutoff_s if standard.cutoff_s is not None else standard.cutoff_m
    return math.inf if cutoff is None else cutoff


def check_bins(demand: pd.DataFrame, offers: Offers) -> None:
    """Insist that demand has no hour that offers do not have.

    Raises
    ------
    ParameterError
        If demand is of hours of the week and offers of types of days.
    """
    latest = int(demand["bin"].max())
    if latest >= offers.n_bins:
        raise ParameterError(
            f"demand has bins up to {latest}, offers only {offers.n_bins} ({offers.bins}). Make offers of the hours in "
            "the bins of the demand."
        )


def is_centre(counted: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell which stations are service centres; the others are of the warm-bee type."""
    return np.asarray(station_kinds.family_of(counted["kind"].to_numpy()) == "service_centre", dtype=np.bool_)
