"""What it costs a rate that all demand of a cell is taken to be in its centre."""

from __future__ import annotations

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
from stationgeo.reach import as_table

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.stations import Catalogue, Offers

__all__ = ["discretisation_error", "shares"]


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
    table = shares(sums, zones, names)
    table.insert(7, "error", table["covered_share"] - table["points_share"])
    return table.assign(n_points=int(np.diff(first_point).max()))


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


def shares(sums: FloatArray, zones: gpd.GeoDataFrame | None, names: list[str]) -> pd.DataFrame:
    """Divide sums, of which the first is the demand, by it."""
    parts = []
    for level, ids, amounts in by_unit(sums, zones):
        whole = amounts[:, :1]
        part = np.divide(amounts[:, 1:], whole, out=np.full(amounts[:, 1:].shape, np.nan), where=whole > 0)
        table = pd.DataFrame(part, columns=names)
        table.insert(0, "level", pd.Series(level, index=table.index, dtype="str"))
        table.insert(1, "zone_id", pd.Series(ids, dtype="str"))
        table.insert(2, "demand", whole[:, 0])
        parts.append(table)
    return pd.concat(parts, ignore_index=True)
