"""How many of the services that workers need are in reach together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from stationgeo.coverage._ask import ask
from stationgeo.coverage._hourly import count_by_rows
from stationgeo.coverage._items import Item
from stationgeo.coverage._partial import distribution_of, number_in_reach, partial_coverage
from stationgeo.errors import ParameterError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage._partial import PartialCoverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.stations import Catalogue, Offers

__all__ = ["completeness"]

Together = Literal["in_reach", "at_one_station"]
_TOGETHER = ("in_reach", "at_one_station")


def completeness(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    offers: Offers,
    services: Sequence[str | Sequence[str]],
    together: Together,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> PartialCoverage:
    """Tell how many of some services are in reach of demand in its own hour, and of how much all are.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution, in the bins of the offers.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: nothing is in reach.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; None scores cells alone.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    offers
        Which of the stations offers which service in which bins, for sure and perhaps; stations beyond those that are
        counted are passed over.
    services
        The profile: names of services that the offers know, one or more, each once. Instead of a name several, of which
        any will do: `Item.clauses` of a profile, for example.
    together
        "in_reach": a service counts if any station in reach offers it, each its own; "at_one_station": what counts is
        the one station that offers the most of them, so that all of it is met in one stop.
    standard
        Whose worker group, kinds and tiers of stations, and cutoff count, and whether stations have to be open. None:
        everybody, and all stations in reach in the hours of the offers. What it asks of services is left aside:
        `services` says that.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    PartialCoverage
        `rates` has two rates: "completeness", the mean share of the services, and "all_services". `cells` has
        `covered_demand` and `covered_share` by completeness, `all_demand` of which all are in reach, and both with
        `_high`. `distribution` tells demand with n services for sure (0 to all), and `at_least_demand_high`,
        `at_least_share_high` if every unknown is a yes. The headline is that of completeness, with `all_share` and
        `all_share_high`.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If there is no demand, a table names what another does not know, or offers lack a counted station.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If a service is unknown, none is given, there is no such `together`, bins are not those of the offers, `weight`
        does not add up, or resolutions differ.

    Notes
    -----
    With n_ib of the k services in reach of cell i in bin b, completeness = sum of d_ib n_ib / k divided by the sum of
    d_ib; all_services counts where n_ib = k. Shares of demand, larger is better; 0 where nothing is offered in reach,
    nan without demand. Demand whose hour is not known has for sure the fewest services of all hours, and at most the
    most. Both are monotone in stations, cutoff, hours and services offered, so that the range from low (every unknown
    is a no) to high (every unknown is a yes) holds; so is demand with *at least* n services, while demand with exactly
    n is not, and is told for sure services alone. Of demand whose hour is known, "in_reach" completeness is the mean
    over the services of the rate of each by itself; "at_one_station" is at most that, and equal for one service.
    O(demand + reach x (log reach + services x bins)).

    Examples
    --------
    One station offers water and has a toilet, or not: nobody knows.

    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> from stationgeo.stations import offers
    >>> cell = from_lonlat([114.00], [22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": 0, "courier_s": 0.0, "visits": [30.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a"], "cell": cell, "impedance_m": 300.0})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": "warm_bee"}, **place)
    >>> known = pd.DataFrame({"station_id": "a", "service": ["water", "toilets"], "status": ["yes", "unknown"]})
    >>> table = {"stations": stations, "zones": None, "offers": offers(stations, known, hours=None)}
    >>> asked = {"weight": "visits", "services": ["water", "toilets"], "together": "in_reach"}
    >>> told = completeness(demand, reach, **table, **asked).headline
    >>> [told[name] for name in ("share", "share_high", "all_share", "all_share_high")]
    [0.5, 1.0, 0.0, 1.0]
    """
    if together not in _TOGETHER:
        raise ParameterError(
            f"together must be 'in_reach' or 'at_one_station'. Got {together!r}; {suggest(str(together), _TOGETHER)}"
        )
    item = _item(services, offers)
    question = ask(
        demand, reach, items=[item], stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        open_then=offers.timed and (standard is None or standard.open_then), purposes=(), catalogue=catalogue,
    )  # fmt: skip
    k = len(item.clauses)
    count = count_by_rows(question, at_one=together == "at_one_station")
    return partial_coverage(
        "completeness", question,
        {"completeness": count / k, "all_services": (count == k).astype(np.float64)},
        weight=weight, zones=zones, standard=standard, catalogue=catalogue,
        parameters={
            "services": [name if isinstance(name, str) else list(name) for name in services], "together": together,
        },
        of_cells={"n_stations": number_in_reach(question)}, distribution=distribution_of(question, count, largest=k),
    )  # fmt: skip


def _item(services: Sequence[str | Sequence[str]], offers: Offers) -> Item:
    """Ask for all of the services, each a clause of its own."""
    clauses = tuple((part,) if isinstance(part, str) else tuple(part) for part in services)
    if not clauses or not all(clauses) or len(set(clauses)) < len(clauses):
        raise ParameterError(
            f"services must be one or more of those that the offers know, each once. Got {list(services)!r}; "
            f"{suggest('', offers.services)}"
        )
    return Item(name="profile", sort="profile", zh="服务组合", en="a profile", clauses=clauses)
