"""Ways from demand and area to the nearest station, taken from a coverage, for targets of distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stationgeo import schema
from stationgeo.coverage._target_inputs import WAYS, Nearest
from stationgeo.errors import ColumnError, DataError, first_few, suggest

if TYPE_CHECKING:
    from stationgeo.coverage._result import Coverage

__all__ = ["ways_to_nearest"]

_KEY = ["cell", "zone_id"]


def ways_to_nearest(
    demand: pd.DataFrame,
    coverage: Coverage,
    *,
    pieces: pd.DataFrame | None,
    cutoff: float,
    mode: str,
    demand_is: str,
) -> Nearest:
    """Give each part of a cell in a zone its demand, its area, and the way from the cell to its nearest station.

    Parameters
    ----------
    demand
        The DEMAND that was scored, or a part of it: some zones, or some hours. What lies in no zone counts in no unit.
    coverage
        What `score` gave: its ways, to stations that have any of what its standard asks for, and its weight.
    pieces
        PIECES of the zones, for criteria about area. None: those stay undecided.
    cutoff
        The largest way that was searched, inclusive, in metres or seconds as the coverage's: where it tells no station,
        the way is longer.
    mode
        How the way is made: "walk", "ebike", "straight line". A criterion that names another mode stays undecided.
    demand_is
        What the weight counts, in words: "seconds of rest a week", "visits".

    Returns
    -------
    Nearest
        For `check_targets`: a row per cell and zone that has demand or area, in that order, all hours together.

    Raises
    ------
    ColumnError
        If a column of DEMAND or PIECES is missing or of another kind.
    DataError
        If demand lies in cells that the coverage lacks, or pieces are of other cells.
    ParameterError
        If the cutoff is not a finite number above 0.

    Notes
    -----
    A cell that two zones share counts in each with the demand and the area that it has there, while `Coverage.cells`
    alone would give all of it to its main zone. O(n log n) for n rows of demand and pieces.

    Examples
    --------
    >>> import geopandas as gpd, numpy as np, shapely
    >>> from stationgeo import cells, coverage
    >>> cell = cells.from_lonlat([114.05, 114.06], [22.54, 22.54], resolution=10)
    >>> demand = pd.DataFrame({"cell": cell[[0, 0, 1]], "zone_id": ["1", "2", "2"], "bin": 9, "courier_s": 0.0,
    ...     "visits": [4.0, 6.0, 3.0], "courier_weight": 0.0, "couriers": np.nan, "observed_days": 1.0})
    >>> reach = pd.DataFrame({"station_id": ["s"], "cell": cell[:1], "impedance_m": [300.0]})
    >>> place = {"geometry": [shapely.Point(114.05, 22.54)], "crs": "EPSG:4326"}
    >>> stations = gpd.GeoDataFrame({"station_id": ["s"], "kind": ["warm_bee"]}, **place)
    >>> scored = coverage.score(demand, reach, stations=stations, zones=None, weight="visits")
    >>> near = ways_to_nearest(demand, scored, pieces=None, cutoff=500, mode="walk", demand_is="visits")
    >>> near.table.to_dict("list")
    {'zone_id': ['1', '2', '2'], 'demand': [4.0, 6.0, 3.0], 'nearest_m': [300.0, 300.0, nan]}
    """
    way = next((name for name in WAYS if name in coverage.cells), None)
    if way is None:
        has = [str(name) for name in coverage.cells]
        raise ColumnError(f"coverage.cells must tell {' or '.join(WAYS)}; {suggest(WAYS[0], has)}")
    weight = str(coverage.parameters["weight"])
    schema.validate(demand, schema.DEMAND)
    table = demand.groupby(_KEY, as_index=False, sort=True)[[weight]].sum().rename(columns={weight: "demand"})
    _check_scored(table, coverage)
    if pieces is not None:
        schema.validate(pieces, schema.PIECES)
        _check_pieces(table, pieces)
        # Demand and area are 0 where only the other is.
        table = table.merge(pieces[[*_KEY, "area_m2"]], on=_KEY, how="outer").fillna({"demand": 0.0, "area_m2": 0.0})
    ways = table.merge(pd.DataFrame(coverage.cells[["cell", way]]), on="cell", how="left").drop(columns="cell")
    return Nearest(table=ways, cutoff=cutoff, mode=mode, demand_is=demand_is)


def _check_scored(table: pd.DataFrame, coverage: Coverage) -> None:
    """Insist that the coverage knows all demand: where it does not, a way would be taken to be long."""
    unknown = ~table["cell"].isin(coverage.cells["cell"])
    if unknown.any():
        raise DataError(
            f"demand must be that of the coverage; {int(unknown.sum()):,} of {len(table):,} parts of cells are not in "
            f"it: {first_few(table.loc[unknown, 'cell'].tolist())}. Score that demand first."
        )


def _check_pieces(table: pd.DataFrame, pieces: pd.DataFrame) -> None:
    placed = table[table["zone_id"] != schema.OUTSIDE]
    if len(placed) and not placed["cell"].isin(pieces["cell"]).any():
        raise DataError(
            f"pieces must be of the cells of demand: none of {len(placed):,} parts of cells is in one. Make them with "
            "the resolution of demand."
        )
