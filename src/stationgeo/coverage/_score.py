"""How well stations cover demand: the one definition of "covered", per cell, zone, station and hour.

Demand is covered if, in its hour, the counted stations that reach its cell have what the standard asks for. Stations
of every kind count except clusters (streets and circles of stations), unless the standard names kinds. Covered demand
is split by who covers it: stations of the warm-bee type only, service centres only, or both; what neither covers
completes the whole. What is not known of services and hours makes a range, never a yes and never a no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import answer, ask_standard, named_standard
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

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.stations import Catalogue, Offers

__all__ = ["score"]


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
    catalogue: Catalogue | None = None,
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
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

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
    asked = ask_standard(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    tallied = answer(asked, by_hour=False, by_cell=True)
    useful = useful_ways(asked.met, asked.things, asked.counted)
    cells = cell_table(asked.met, tallied, useful, demand, weight, pieces, asked.impedance, asked.told.n_bins)
    located = located_in(stations, zones)
    cluster = station_kinds.is_cluster(stations["kind"].to_numpy(), catalogue=catalogue)
    table = zone_table(tallied, asked.met.lowest, zones=zones, cells=cells, pieces=pieces, located=located[~cluster])
    return Coverage(
        cells=cells,
        zones=table,
        stations=station_table(stations, asked.counted, useful, cells, located, catalogue),
        bins=bin_table(tallied.by_bin[0], asked.told.n_bins),
        headline=headline_of(
            tallied, table, asked.items[0], n_counted=len(asked.counted), n_clusters=int(cluster.sum())
        ),
        parameters={
            "weight": weight, "impedance": asked.impedance, **station_kinds.data_versions(catalogue=catalogue),
            **named_standard(standard),
        },
    )  # fmt: skip
