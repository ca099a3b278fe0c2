"""What is lost if a station closes, or a chain of them; and which could close without any loss."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import stations as station_kinds
from stationgeo.coverage._bits import bits_of_bins, services_at, standard_at
from stationgeo.coverage._closing import Served, close_one_by_one, nearest_two, reached_demand
from stationgeo.coverage._losses import Losses, by_bin, by_span, by_zone, checked_spans, losses_of
from stationgeo.coverage._partial import named_standard
from stationgeo.coverage._places import Placed, Ways, checked_places, placed, share_of, ways
from stationgeo.errors import ColumnError, ParameterError, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import CellArray, FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["Criticality", "criticality"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Criticality:
    """What each station, and each group of them, is worth to the demand that it covers; made by `criticality`.

    "Covered" is for sure: a station counts in hours in which it is open for sure and offers what is asked for.
    """

    stations: gpd.GeoDataFrame
    """Key `station_id`, the counted stations: STATIONS with `n_cells` with demand in reach, `reached_demand` (while it
    counts), `unique_demand` that no other covers then, which is what is lost if it closes, and `unique_share` of all
    demand; `rerouted_demand`, of which it is the nearest and another is in reach, and `extra_m` or `extra_s`, the mean
    way more of it to the next nearest (nan for none); `redundant` (no unique demand); `closing_rank`."""
    groups: pd.DataFrame
    """Key `group`: the same of stations that close together: `n_stations`, `lost_demand`, `lost_share`,
    `sum_of_unique_demand` of its stations closing one at a time, never more than `lost_demand`; `rerouted_demand`,
    `extra_m` or `extra_s`. No rows without `group_by`."""
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
    """`demand` inside the zones, `covered_demand`, `backed_up_demand` with a second station, `outside_demand`,
    `n_stations`, `n_redundant` (each alone), `n_closable` (together, in the greedy order), `worst_station_id`,
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
    offers: Offers | None = None,
    services: Sequence[str] = (),
    group_by: str | None = None,
    spans: Mapping[str, Sequence[int]] | None = None,
    standard: Standard | None = None,
    catalogue: Catalogue | None = None,
) -> Criticality:
    """Tell what is lost if a station closes or a host's stations close together, when, and for whom.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution, in the bins of the offers. Where its time is not known (bin below 0), a
        station counts only if it does in every bin.
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows: there is nothing to lose.
    stations
        STATIONS; clusters do not count.
    zones
        ZONES, the lowest level disjoint; demand outside of them is counted and left out. None: everything is inside.
    weight
        The column of demand that counts: courier_s, visits or courier_weight.
    offers
        In which bins stations are open and what they offer then: only what is for sure counts. None: a station that
        reaches a cell serves it at any hour.
    services
        With offers: what a station must offer, all of it, to count; none: that it is open is enough.
    group_by
        A column of STATIONS whose stations close together where it has the same value: operator, host, premises_id. A
        missing value or '' is no group.
    spans
        Names of times and the bins that are in each: ``{"night": range(0, 6)}``; a bin may be in several.
    standard
        Who counts as served, as for `score`, in place of `services`; its services and hours want `offers`. One whose
        several services or needs several stations may share is an error: then no station serves by itself.
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
        If a service is unknown, services are asked for without offers or beside a standard, the standard asks for what
        `offers` do not tell or several stations share, bins are not those of the offers, a span names
        no bin, `weight` does not add up, or resolutions differ.

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
    table = checked_places(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, catalogue=catalogue
    )
    counted = table.counted
    everything = placed(table.demand, weight=weight, by_bin=True)
    rows = everything if zones is None else everything.inside()
    near = ways(table.way, counted=counted, cells=rows.cells)
    named = checked_spans(spans)
    groups, group_of = _groups(counted, group_by)
    words, bit = _times(rows, counted, offers, services, standard, catalogue)
    served = Served(
        first=near.first.astype(np.int64), station=near.station, words=np.ascontiguousarray(words),
        row_first=rows.first.astype(np.int64), bit=bit, demand=rows.demand,
    )  # fmt: skip
    own = losses_of(*nearest_two(served, np.arange(len(counted))), near, np.arange(len(counted)))
    chain = losses_of(*nearest_two(served, group_of), near, group_of) if groups.size else None
    closers = [("station", near.station_id, own), *([("group", groups, chain)] if chain is not None else [])]
    reached = reached_demand(served)
    order, lost = close_one_by_one(served, np.argsort(near.station, kind="stable"), near.cell, reached)
    told = _stations(counted, near, rows, own, reached, order)
    total = float(rows.demand.sum())
    covered = float(rows.demand[own.nearest >= 0].sum())
    closing = _closing(near, told["unique_demand"].to_numpy(), order, lost, covered, total)
    return Criticality(
        stations=told,
        groups=_group_table(groups, group_of, told, rows, chain, near.unit),
        bins=pd.concat([by_bin(*closer, rows) for closer in closers], ignore_index=True),
        spans=pd.concat([by_span(*closer, rows, named) for closer in closers], ignore_index=True),
        zones=pd.concat([by_zone(*closer, rows, zones) for closer in closers], ignore_index=True),
        closing=closing,
        headline={
            "demand": total,
            "covered_demand": covered,
            "backed_up_demand": float(rows.demand[own.second >= 0].sum()),
            "outside_demand": float(everything.demand.sum()) - total if zones is not None else 0.0,
            "n_stations": len(counted),
            "n_redundant": int(told["redundant"].sum()),
            "n_closable": int((closing["total_lost_demand"] == 0).sum()),
            **_worst(told),
        },
        parameters={
            "weight": weight, "services": list(services), "group_by": group_by,
            "by_hour": offers is not None if standard is None else standard.open_then, **named_standard(standard),
            "spans": {name: bins.tolist() for name, bins in named.items()},
            **station_kinds.data_versions(catalogue=catalogue),
        },
    )  # fmt: skip


def _times(
    rows: Placed, counted: gpd.GeoDataFrame, offers: Offers | None, services: Sequence[str], standard: Standard | None,
    catalogue: Catalogue | None,
) -> tuple[CellArray, IntArray]:  # fmt: skip
    """Tell in which times each station counts, as bits, and the bit of each row's time.

    Without offers and standard there is one time, in which everything is open.
    """
    if standard is not None:
        if len(services):
            raise ParameterError("services are what a standard says: give either of the two, not both.")
        words, n_bins = standard_at(counted, offers, standard, catalogue)
        return words, bits_of_bins(rows.bin, n_bins=n_bins)
    if offers is None:
        if len(services):
            raise ParameterError("services need offers, which say who offers them: give offers, or no services.")
        return np.ones((len(counted), 1), dtype=np.uint64), np.zeros(rows.bin.size, dtype=np.int64)
    words = services_at(offers, services, station_id=counted["station_id"].to_numpy(dtype=object))
    return words, bits_of_bins(rows.bin, n_bins=offers.n_bins)


def _groups(counted: gpd.GeoDataFrame, group_by: str | None) -> tuple[npt.NDArray[np.object_], IntArray]:
    """Give numbers to the groups; stations of none follow them, each with its own."""
    n = len(counted)
    if group_by is None:
        return np.zeros(0, dtype=object), np.arange(n)
    if group_by not in counted.columns:
        raise ColumnError(
            f"STATIONS: column {group_by!r} is missing, by which stations would close together; "
            f"{suggest(group_by, map(str, counted.columns))}"
        )
    known = (counted[group_by].notna() & (counted[group_by].astype("str") != "")).to_numpy()
    code, names = pd.factorize(counted.loc[known, group_by].astype("str"), sort=True)
    group_of = len(names) + np.arange(n)
    group_of[known] = code
    return np.asarray(names, dtype=object), group_of


def _stations(
    counted: gpd.GeoDataFrame, near: Ways, rows: Placed, own: Losses, reached: FloatArray, order: IntArray
) -> gpd.GeoDataFrame:
    n = len(counted)
    unique, moved, extra = own.amounts(rows.demand, n)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    with_demand = np.bincount(rows.cell, minlength=rows.cells.size) > 0
    return counted.assign(
        **{
            "n_cells": np.bincount(near.station[with_demand[near.cell]], minlength=n),
            "reached_demand": reached,
            "unique_demand": unique,
            "unique_share": unique / rows.demand.sum() if rows.demand.size else np.nan,
            "rerouted_demand": moved,
            f"extra_{near.unit}": extra,
            "redundant": unique == 0,
            "closing_rank": rank,
        }
    )


def _group_table(
    groups: npt.NDArray[np.object_], group_of: IntArray, told: pd.DataFrame, rows: Placed, chain: Losses | None,
    unit: str,
) -> pd.DataFrame:  # fmt: skip
    n = groups.size
    lost, moved, extra = (np.zeros(0),) * 3 if chain is None else chain.amounts(rows.demand, n)
    member = group_of < n
    unique = told["unique_demand"].to_numpy()
    return pd.DataFrame(
        {
            "group": pd.Series(groups, dtype="str"),
            "n_stations": np.bincount(group_of[member], minlength=n),
            "lost_demand": lost,
            "lost_share": share_of(lost, np.full(n, rows.demand.sum())),
            "sum_of_unique_demand": np.bincount(group_of[member], weights=unique[member], minlength=n),
            "rerouted_demand": moved,
            f"extra_{unit}": extra,
        }
    )


def _closing(
    near: Ways, unique: FloatArray, order: IntArray, lost: FloatArray, covered: float, total: float
) -> pd.DataFrame:
    gone = np.cumsum(lost)
    return pd.DataFrame(
        {
            "closing_rank": np.arange(1, order.size + 1),
            "station_id": pd.Series(near.station_id[order], dtype="str"),
            "lost_demand": lost,
            "total_lost_demand": gone,
            "covered_share": np.maximum(covered - gone, 0.0) / total if total > 0 else np.nan,
            "bound_demand": np.cumsum(np.sort(unique)),
        }
    )


def _worst(told: pd.DataFrame) -> dict[str, Any]:
    if told.empty or not told["unique_demand"].max() > 0:
        return {"worst_station_id": "", "worst_share": 0.0}
    at = int(np.argmax(told["unique_demand"].to_numpy()))
    return {"worst_station_id": str(told["station_id"].iloc[at]), "worst_share": float(told["unique_share"].iloc[at])}
