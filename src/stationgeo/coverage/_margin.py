"""Rates at a cutoff that is a little longer or shorter, as a bracket about those that centres of cells give."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from stationgeo.coverage._discretisation import shares
from stationgeo.coverage._meet import impedance_of
from stationgeo.coverage._rows import ask_rows, covered_parts, own_centres, sums_by_zone
from stationgeo.errors import ParameterError
from stationgeo.reach import TravelReach, as_table

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage._standard import Standard
    from stationgeo.stations import Catalogue, Offers

__all__ = ["check_ends", "cut_at", "marginal_share"]


def marginal_share(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    cutoff: float,
    margin: float,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Bracket rates: were all demand nearer to stations than its cells' centres are by a margin, or farther.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, or the `TravelReach` that holds it, made with a cutoff of `cutoff` + `margin` or more, so
        that it tells what lies just beyond.
    cutoff
        Longest way that counts as served, in the unit of `reach`, inclusive; above 0. It stands in the place of the
        standard's own.
    margin
        How much longer or shorter the way may be from elsewhere in a cell, in the unit of `reach`; 0 or more.
        `cells.radii_m` times the detour factor for straight lines; that over the speed for ways in seconds.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None takes all demand as one.
    weight
        The column of demand that counts.
    standard
        Who counts as served. None: any station in reach.
    offers
        What the stations offer in which hours, where the standard asks for it.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    DataFrame
        Key (`level`, `zone_id`), "all" (everything inside the zones, `zone_id` '') first. `demand`; `covered_share` and
        `covered_share_high` at the cutoff; `share_farther` and `share_farther_high`, with ways longer by the margin;
        `share_nearer` and `share_nearer_high`, with ways shorter by it; `marginal_share`, share_nearer - share_farther.
        nan where there is no demand.

    Raises
    ------
    ColumnError, DataError, DatumError
        As `score`.
    ParameterError
        As `score`; or if a number is out of range, or reach does not go beyond the cutoff.

    Notes
    -----
    share_farther is the rate at cutoff - margin, share_nearer that at cutoff + margin: both are monotone, so that

        share_farther <= covered_share <= share_nearer.

    By straight lines this is a bound: no point of a cell is farther from its centre than its farthest corner, so
    wherever in the cells demand is, its rate lies within. Over streets it is an estimate: a river may part a cell.
    The bracket is wide, because it moves all demand in one direction at once. O(demand + reach x log reach).

    Examples
    --------
    >>> import geopandas as gpd
    >>> import pandas as pd
    >>> import shapely
    >>> from stationgeo import cells as h3_cells
    >>> cell = h3_cells.from_lonlat([114.00, 114.05, 114.1], [22.5, 22.5, 22.5], resolution=9)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [30.0, 20.0, 50.0],
    ...     "courier_weight": 0.0, "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> reach = pd.DataFrame({"station_id": ["a", "a"], "cell": cell[:2], "impedance_m": [250.0, 310.0]})
    >>> place = {"geometry": [shapely.Point(114, 22.5)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> found = marginal_share(demand, reach, cutoff=300, margin=20, stations=stations, zones=None, weight="visits")
    >>> found[["share_farther", "covered_share", "share_nearer"]].to_dict("list")
    {'share_farther': [0.3], 'covered_share': [0.3], 'share_nearer': [0.5]}
    """
    _check_margin(reach, cutoff, margin)
    asking = partial(
        ask_rows, demand, stations=stations, zones=zones, weight=weight, offers=offers, catalogue=catalogue
    )
    parts = []
    for limit in (cutoff, cutoff - margin, cutoff + margin):
        table, by = cut_at(reach, standard, limit)
        asked = asking(table, standard=by)
        parts.append(covered_parts(asked.question, *own_centres(asked.question)))
    amount = asked.question.met.placed.weight[:, None]
    sums = sums_by_zone(asked, amount * np.hstack([np.ones_like(amount), *parts]))
    names = [f"{name}{end}" for name in ("covered_share", "share_farther", "share_nearer") for end in ("", "_high")]
    table = shares(sums, zones, names)
    return table.assign(marginal_share=table["share_nearer"] - table["share_farther"])


def cut_at(
    reach: pd.DataFrame | TravelReach, standard: Standard | None, cutoff: float
) -> tuple[pd.DataFrame, Standard | None]:
    """Put another cutoff in the place of that of reach and standard."""
    way = as_table(reach)
    impedance = impedance_of(way)
    kept: pd.DataFrame = way[way[impedance].to_numpy() <= cutoff] if impedance in way.columns else way
    if standard is None or not cutoff > 0:
        return kept, standard
    if standard.cutoff_s is not None:
        return kept, dataclasses.replace(standard, cutoff_s=float(cutoff))
    return kept, dataclasses.replace(standard, cutoff_m=float(cutoff))


def _check_margin(reach: pd.DataFrame | TravelReach, cutoff: float, margin: float) -> None:
    for name, value, least in (("cutoff", cutoff, 0.0), ("margin", margin, 0.0)):
        if not (math.isfinite(value) and (value > least or (value == least and name == "margin"))):
            raise ParameterError(f"{name} must be a finite number, {'above 0' if name == 'cutoff' else '0 or more'}. "
                                 f"Got {value!r} instead.")  # fmt: skip
    check_ends(reach, cutoff, cutoff + margin)


def check_ends(reach: pd.DataFrame | TravelReach, own: float, most: float) -> None:
    """Insist on a reach that tells what lies beyond a cutoff, up to a longer one."""
    if isinstance(reach, TravelReach):
        ends, short = reach.terms.cutoff_s, reach.terms.cutoff_s < most
    else:
        way = as_table(reach)
        ends = float(way[impedance_of(way)].max()) if len(way) and impedance_of(way) in way.columns else math.inf
        short = own < most and ends <= own
    if short:
        raise ParameterError(
            f"reach ends at {ends:g}, so that it does not tell what lies beyond {own:g}, up to {most:g}: make it with "
            f"a cutoff of {most:g} or more."
        )
