"""Coverage by more than one station, so that another is there when one closes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo.coverage._ask import ask_standard
from stationgeo.coverage._hourly import NUMBER, held_by_rows, near_by_owner
from stationgeo.coverage._partial import distribution_of, number_in_reach, partial_coverage, whole_number

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._partial import PartialCoverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import IntArray
    from stationgeo.stations import Catalogue, Offers

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
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Cover demand only where at least n stations reach it, so that another one is there when one closes.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
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
        Who counts as served: worker group, kinds and tiers of stations, cutoff, services, and whether stations have to
        be open. None: everybody, and any station in reach, whatever its hours and services.
    offers
        What these stations offer in which hours, as `stations.offers` gives it, where the standard asks for services
        or for stations that are open.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `cells` also has `n_counted`, stations or premises in reach whatever their hours and services; `distribution`
        tells demand by the number that counts in its hour.

    Raises
    ------
    ColumnError
        If a table lacks a column, `premises_id` included where premises are asked for.
    DataError
        If there is no demand, reach names unknown stations, demand names unknown zones, or kinds are unknown.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If `n` is no whole number from 1, `weight` does not add up, resolutions differ, reach is not in the unit of the
        standard's cutoff, or the standard asks for what `offers` does not tell.

    Notes
    -----
    share(A) = sum of d_ib over cells i in A and bins b with at least n stations (premises) in reach that have in b what
    is asked for, divided by the sum of d_ib: larger is better, 0 where there are fewer everywhere, nan without demand.
    Where several stations may share what is asked for, there have to be n for each service or need. Demand whose hour
    is not known has for sure the fewest of all hours, and at most the most. n = 1 is the covered share of `score`,
    range included. Monotone: stations, hours, services and cutoff never lower it, a larger n and counting by premises
    never raise it, so that the range from unknowns holds. O(demand + reach x (log reach + bins)).

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
    question = ask_standard(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    owner = _premises(question.counted) if by_premises else np.arange(len(question.counted))
    near, n_counted = near_by_owner(question, owner)
    count = held_by_rows(question, near, rule=NUMBER)
    return partial_coverage(
        "backup", question, {"backup": (count >= least).astype(np.float64)}, weight=weight, zones=zones,
        standard=standard, catalogue=catalogue, parameters={"n": least, "by_premises": bool(by_premises)},
        of_cells={"n_stations": number_in_reach(question), "n_counted": n_counted},
        distribution=distribution_of(question, count, largest=max(least, int(count.max(initial=0)))),
    )  # fmt: skip


def _premises(counted: pd.DataFrame) -> IntArray:
    """Give numbers to the premises of the counted stations; a station without premises has one of its own."""
    if "premises_id" not in counted.columns:
        schema.validate(counted, schema.Table(name="STATIONS", key=(), columns=(_PREMISES,)))
    known = counted["premises_id"].notna() & (counted["premises_id"] != "")
    code, names = pd.factorize(counted["premises_id"].where(known))
    own = len(names) + np.arange(len(counted))
    return np.where(known, code, own).astype(np.int64)
