"""What it costs a rate that all demand of a cell is taken to be in its centre."""

from __future__ import annotations

import dataclasses
import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo import schema
from stationgeo.coverage._ask import cutoff_of
from stationgeo.coverage._meet import firsts, impedance_of, ways
from stationgeo.coverage._rows import AskedRows, ask_rows, by_unit, covered_parts, own_centres, sums_by_zone
from stationgeo.coverage._tally import Reaching
from stationgeo.errors import DataError, ParameterError, first_few
from stationgeo.reach import TravelReach, as_table

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["check_ends", "cut_at", "discretisation_error", "marginal_share"]


def discretisation_error(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    finer: pd.DataFrame | TravelReach,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> pd.DataFrame:
    """Say how far rates are off because a cell is covered as a whole or not at all.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations in these cells, as rates are scored by it, or the `TravelReach` that holds it.
    finer
        The same stations, cutoff and way of getting there in cells one or more resolutions finer:
        `reach.within_distance` or `reach.within_travel_time` with a larger `resolution`. Two steps, 49 points for each
        cell, tell more than one.
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
        `covered_share_high` from centres, as `score` has them; `points_share` and `points_share_high` from the points;
        `error`, covered_share - points_share: above 0 where centres flatter; `disagree_share`, of demand that a point
        would class otherwise than its centre; `partly_share`, of demand in cells of which some points are covered in
        its hour and some are not. nan where there is no demand. `n_points`, for each cell (fewer for a pentagon).

    Raises
    ------
    ColumnError, DataError, DatumError
        As `score`; or if `finer` names unknown stations.
    ParameterError
        As `score`; or if `finer` is not finer or in another unit than `reach`.

    Notes
    -----
    A row of demand counts as covered by the share of the points in its cell that are covered in its hour: what is
    known of the cell is taken to be spread evenly over its descendants. That is an estimate, no bound (`marginal_share`
    brackets): where demand is on one side of a cell, at a mall or along a street, the error of that cell is up to its
    whole demand. One of the points is the centre, so that |error| <= disagree_share <= partly_share. Errors of cells at
    the rims of catchments mostly cancel: `error` of a city may be small where `disagree_share`, which speaks for its
    single places, is not. Descendants do not fill a cell exactly: their edges interlock.
    O(descendants x (stations in reach + rows of their cell)).

    Examples
    --------
    One cell, whose centre is just within 60 m of the station: seen from 49 points, less than half of it is.

    >>> import geopandas as gpd
    >>> import shapely
    >>> from stationgeo.reach import within_distance
    >>> cell = h3_cells.from_lonlat([114.0579], [22.5431], resolution=10)
    >>> demand = pd.DataFrame({
    ...     "cell": cell, "zone_id": "", "bin": -1, "courier_s": 0.0, "visits": [10.0], "courier_weight": 0.0,
    ...     "couriers": float("nan"), "observed_days": 1.0,
    ... })
    >>> lon, lat = h3_cells.centres(cell)
    >>> place = {"geometry": shapely.points(lon + 0.00058, lat), "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["a"], "kind": ["warm_bee"]}, **place)
    >>> reach, finer = (within_distance(stations, cutoff_m=60, resolution=r, detour_factor=1) for r in (10, 12))
    >>> found = discretisation_error(demand, reach, finer=finer, stations=stations, zones=None, weight="visits")
    >>> found[["covered_share", "points_share", "n_points"]].round(2).to_dict("list")
    {'covered_share': [1.0], 'points_share': [0.37], 'n_points': [49]}
    """
    asked = ask_rows(
        demand, reach, stations=stations, zones=zones, weight=weight, standard=standard, offers=offers,
        catalogue=catalogue,
    )  # fmt: skip
    first_point, reaching = _points(asked, reach, finer, stations, standard)
    centre = covered_parts(asked.question, *own_centres(asked.question))
    point = covered_parts(asked.question, first_point, reaching)
    amount = asked.question.met.placed.weight[:, None]
    disagree = np.abs(point[:, :1] - centre[:, :1])
    partly = ((point[:, :1] > 0) & (point[:, :1] < 1)).astype(np.float64)
    sums = sums_by_zone(asked, amount * np.hstack([np.ones_like(partly), centre, point, disagree, partly]))
    names = [
        "covered_share",
        "covered_share_high",
        "points_share",
        "points_share_high",
        "disagree_share",
        "partly_share",
    ]
    table = _shares(sums, zones, names)
    table.insert(7, "error", table["covered_share"] - table["points_share"])
    return table.assign(n_points=int(np.diff(first_point).max()))


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
    >>> import shapely
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
    table = _shares(sums, zones, names)
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


def _points(
    asked: AskedRows,
    reach: pd.DataFrame | TravelReach,
    finer: pd.DataFrame | TravelReach,
    stations: gpd.GeoDataFrame,
    standard: Standard | None,
) -> tuple[IntArray, Reaching]:
    """Find the descendants of all cells, and the stations that reach them."""
    way, counted = as_table(finer, name="finer"), asked.question.counted
    schema.validate(way, schema.REACH)
    _check_finer(asked, as_table(reach), way, stations)
    cells, first_row = asked.question.met.cells, asked.question.met.placed.first
    held = np.diff(first_row) > 0
    of_cell, points = h3_cells.children(cells[held], resolution=_resolution(asked, way))
    n_points = np.zeros(cells.size, dtype=np.int64)
    n_points[held] = np.bincount(of_cell, minlength=int(held.sum()))
    near = ways(way, counted, cutoff_of(way, standard))
    at = np.searchsorted(points, near["cell"].to_numpy())
    near = near[points[np.minimum(at, points.size - 1)] == near["cell"].to_numpy()]
    reaching = Reaching(firsts(near["cell"].to_numpy(), points), near["station"].to_numpy(dtype=np.int64))
    return np.append(0, np.cumsum(n_points)), reaching


def _resolution(asked: AskedRows, finer: pd.DataFrame) -> int:
    """Tell how fine it is; where nothing is reached, one step finer is as good as any."""
    own = h3_cells.resolution_of(asked.question.met.cells)
    return h3_cells.resolution_of(finer["cell"].to_numpy()) if len(finer) else own + 1


def _check_finer(asked: AskedRows, reach: pd.DataFrame, finer: pd.DataFrame, stations: gpd.GeoDataFrame) -> None:
    if impedance_of(finer) != impedance_of(reach):
        raise ParameterError(
            f"finer is in {impedance_of(finer)[-1]}, reach in {impedance_of(reach)[-1]}: make both in one way."
        )
    own = h3_cells.resolution_of(asked.question.met.cells)
    if _resolution(asked, finer) <= own:
        raise ParameterError(
            f"finer must be of cells finer than resolution {own}. Got {_resolution(asked, finer)}: make reach with "
            f"resolution={own + 2}, the same stations and the same cutoff."
        )
    strange = ~finer["station_id"].isin(stations["station_id"])
    if strange.any():
        names = finer.loc[strange, "station_id"].unique()
        raise DataError(
            f"finer names {len(names):,} stations that are not in the stations table: {first_few(names)}. Make it of "
            "the same stations."
        )


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


def _shares(sums: FloatArray, zones: gpd.GeoDataFrame | None, names: list[str]) -> pd.DataFrame:
    """Divide sums, of which the first is the demand, by it."""
    parts = []
    for level, ids, amounts in by_unit(sums, zones):
        whole = amounts[:, :1]
        shares = np.divide(amounts[:, 1:], whole, out=np.full(amounts[:, 1:].shape, np.nan), where=whole > 0)
        table = pd.DataFrame(shares, columns=names)
        table.insert(0, "level", pd.Series(level, index=table.index, dtype="str"))
        table.insert(1, "zone_id", pd.Series(ids, dtype="str"))
        table.insert(2, "demand", whole[:, 0])
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
