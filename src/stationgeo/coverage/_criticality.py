"""What is lost if a station closes, or a chain of them; and which could close without any loss."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import stations as station_kinds
from stationgeo.coverage._ask import ask_standard, named_standard
from stationgeo.coverage._closing import close_one_by_one, count_stations, nearest_two, reached_demand
from stationgeo.coverage._critical_tables import closing_table, group_table, groups_of, station_table, worst_of
from stationgeo.coverage._losses import by_bin, by_span, by_zone, checked_spans, losses_of
from stationgeo.coverage._serving import rows_inside, serving

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.stations import Catalogue, Offers

__all__ = ["Criticality", "criticality"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Criticality:
    """What each station, and each group of them, is worth to the demand that it covers; made by `criticality`.

    "Covered" is for sure: a station counts in hours in which it has for sure what is asked for.
    """

    stations: gpd.GeoDataFrame
    """Key `station_id`, the counted stations: STATIONS with `n_cells` with demand in reach, `reached_demand` (while it
    counts), `unique_demand` that no other covers then, which is what is lost if it closes, and `unique_share` of all
    demand; `unique_demand_low` and `unique_demand_high`, between which that lies whatever the unknown services and
    hours are; `rerouted_demand`, of which it is the nearest and another is in reach, and `extra_m` or `extra_s`, the
    mean way more of it to the next nearest (nan for none); `redundant` (no unique demand); `closing_rank`."""
    groups: pd.DataFrame
    """Key `group`: the same of stations that close together: `n_stations`, `lost_demand`, `lost_share`,
    `lost_demand_low`, `lost_demand_high`, `sum_of_unique_demand` of its stations closing one at a time, never more than
    `lost_demand`; `rerouted_demand`, `extra_m` or `extra_s`. No rows without `group_by`."""
    bins: pd.DataFrame
    """Key (`closing`, `id`, `bin`), closing "station" or "group": `lost_demand`, where there is any."""
    spans: pd.DataFrame
    """Key (`closing`, `id`, `span`): `lost_demand`, `demand` of the span, `lost_share`; all, without loss too."""
    zones: pd.DataFrame
    """Key (`closing`, `id`, `level`, `zone_id`): `lost_demand`, `demand` of the zone, `lost_share`; where there is any
    loss, those that lose the most demand first."""
    closing: pd.DataFrame
    """Key `closing_rank`, from 1: `station_id` in the order of a greedy closing, `lost_demand` by this one, all
    before it being closed, `total_lost_demand`, `covered_share` that is left, and `bound_demand`: closing so many
    stations, whichever, loses at least that."""
    headline: dict[str, Any]
    """`demand` inside the zones, `covered_demand`, `backed_up_demand` with a second station, both with `_high`, were
    every unknown a yes; `outside_demand`, `n_stations`, `n_redundant` (each alone), of which `n_redundant_low` whatever
    the unknowns are, `n_closable` (together, in the greedy order), `worst_station_id`,
    `worst_share`."""
    parameters: dict[str, Any]
    """What was asked for."""

    def _repr_html_(self) -> str:
        told = self.headline
        return (
            f"<b>Criticality of {told['n_stations']:,} stations</b><br>"
            f"serve nobody else's gap: {told['n_redundant']:,}, of which {told['n_closable']:,} together<br>"
            f"most is lost with {escape(told['worst_station_id'] or 'none')}: {told['worst_share']:.1%} of demand"
        )


def criticality(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    group_by: str | None = None,
    spans: Mapping[str, Sequence[int]] | None = None,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> Criticality:
    """Tell what is lost if a station closes or a host's stations close together, when, and for whom.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution, in the bins of the offers. Where its time is not known (bin below 0), a
        station counts for sure only if it does in every bin, and perhaps if in any.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: there is nothing to lose.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; demand outside of them is counted and left out. None: everything is inside.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    group_by
        A column of STATIONS whose stations close together where it has the same value: operator, host, premises_id. A
        missing value or '' is no group.
    spans
        Names of times and the bins that are in each: ``{"night": range(0, 6)}``; a bin may be in several.
    standard
        Who counts as served: worker group, kinds and tiers of stations, cutoff, services, and whether stations have to
        be open. None: everybody, and any station in reach, whatever its hours and services. One whose several services
        or needs several stations may share is an error: then no station serves by itself.
    offers
        What these stations offer in which hours, as `stations.offers` gives it, where the standard asks for services
        or for stations that are open.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    Criticality
        Tables by station, group, hour, span and zone, a greedy order of closing, and the headline.

    Raises
    ------
    ColumnError
        If a table lacks a column, `group_by` included.
    DataError
        If there is no demand, a table names what another does not know, or offers lack a counted station.
    DatumError
        If zones are not in WGS-84 (EPSG:4326).
    ParameterError
        If the standard asks for what `offers` do not tell or several stations share, reach is not in the unit of its
        cutoff, bins are not those of the offers, a span names no bin, `weight` does not add up, or resolutions differ.

    Notes
    -----
    unique_demand(s) = sum of demand in reach of s at an hour at which no other station covers it. In units of the
    weight, larger means more critical; 0 means that all of its demand has another station. Unique demand of a station
    falls with every other station and hour that is added; the loss of a set is *supermodular*: at least the sum of its
    stations' own (those are disjoint), more where they back each other up. Therefore redundant stations may each close,
    but not all of them; `closing` removes, again and again, the station that loses the least of what is still covered.
    That is a heuristic (dropping one by one): the best set of so many is hard to find. It never loses less than
    `bound_demand`, the sum of so many smallest unique demands, which holds for every set of that size; where both are
    equal the greedy set is proven best.
    All of this is for sure: every unknown service and hour is a no. Losses are not monotone in unknowns - a yes of
    another station saves what a yes of its own would make unique - so the bounds of each station or group are found row
    by row: at least what it serves for sure where nobody else even perhaps does, at most what it perhaps serves where
    nobody else does for sure. Each is reached by some outcome of the unknowns, not all of them at once.
    `extra_m` or `extra_s` is among those who still have a station: those who lose theirs are in `unique_demand`.
    Words of 64 hours per station; O(demand log demand + reach log reach + reach x hours with demand in the cell).

    References
    ----------
    Feldman, E., Lehrer, F. A. and Ray, T. L. (1966). Warehouse location under continuous economies of scale.
    Management Science 12, 670-684. The heuristic that drops one after the other.

    Examples
    --------
    Cells with 30, 20 and 10 visits: only a reaches the first, a and b the second, only b the third.

    >>> import geopandas as gpd, shapely
    >>> from stationgeo.cells import from_lonlat
    >>> cell = from_lonlat([114.00, 114.05, 114.10], [22.5] * 3, resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0, 20.0, 10.0],
    ...     "courier_weight": 0.0, "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({
    ...     "station_id": ["a", "a", "b", "b"], "cell": cell[[0, 1, 1, 2]], "impedance_m": [100.0, 200.0, 500.0, 50.0]
    ... })
    >>> place = {"geometry": [shapely.Point(114, 22.5)] * 2, "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a", "b"], "kind": "warm_bee", "host": "bank"}, **place)
    >>> found = criticality(demand, reach, stations=stations, zones=None, weight="visits", group_by="host")
    >>> found.stations[["unique_demand", "rerouted_demand", "extra_m"]].to_numpy().tolist()
    [[30.0, 20.0, 300.0], [10.0, 0.0, nan]]
    >>> found.groups[["lost_demand", "sum_of_unique_demand"]].to_numpy().tolist()
    [[60.0, 40.0]]
    """
    question = ask_standard(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    counted, unit = question.counted, question.impedance.removeprefix("impedance_")
    rows = rows_inside(question)
    served = serving(question, rows, standard)
    named = checked_spans(spans)
    groups, group_of = groups_of(counted, group_by)
    alone = np.arange(len(counted))
    impedance = question.met.way["impedance"].to_numpy(dtype=np.float64)
    own = losses_of(nearest_two(served, alone), served.station, impedance, alone)
    chain = losses_of(nearest_two(served, group_of), served.station, impedance, group_of) if groups.size else None
    names = counted["station_id"].to_numpy(dtype=object)
    closers = [("station", names, own), *([("group", groups, chain)] if chain is not None else [])]
    order, lost = close_one_by_one(served, reached_demand(served))
    told = station_table(counted, served, own, order, unit)
    total = float(rows.weight.sum())
    n_sure, n_perhaps = (count_stations(served, words) for words in (served.words, served.words_high))
    closing = closing_table(told, order, lost, float(rows.weight[n_sure > 0].sum()), total)
    return Criticality(
        stations=told,
        groups=group_table(groups, group_of, told, served, chain, unit),
        bins=pd.concat([by_bin(*closer, rows) for closer in closers], ignore_index=True),
        spans=pd.concat([by_span(*closer, rows, named) for closer in closers], ignore_index=True),
        zones=pd.concat([by_zone(*closer, rows, zones) for closer in closers], ignore_index=True),
        closing=closing,
        headline={
            "demand": total,
            "covered_demand": float(rows.weight[n_sure > 0].sum()),
            "covered_demand_high": float(rows.weight[n_perhaps > 0].sum()),
            "backed_up_demand": float(rows.weight[n_sure > 1].sum()),
            "backed_up_demand_high": float(rows.weight[n_perhaps > 1].sum()),
            "outside_demand": float(question.met.placed.weight.sum()) - total if zones is not None else 0.0,
            "n_stations": len(counted),
            "n_redundant": int(told["redundant"].sum()),
            "n_redundant_low": int((told["unique_demand_high"] == 0).sum()),
            "n_closable": int((closing["total_lost_demand"] == 0).sum()),
            **worst_of(told),
        },
        parameters={
            "weight": weight, "group_by": group_by, "by_hour": question.told.timed, **named_standard(standard),
            "spans": {name: bins.tolist() for name, bins in named.items()},
            **station_kinds.data_versions(catalogue=catalogue),
        },
    )  # fmt: skip
