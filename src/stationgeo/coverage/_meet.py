"""Demand and the stations that reach it, cell by cell, as arrays that can be tallied."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo import schema, stations
from stationgeo.coverage._tally import Placed, Reaching
from stationgeo.coverage._units import lowest_ids, numbers_of
from stationgeo.demand import WEIGHTS
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few, suggest

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import CellArray, IntArray

__all__ = ["Met", "check_tables", "firsts", "impedance_of", "meet", "of_group", "ways"]


class Met(NamedTuple):
    """Cells in order, with what reaches each and the demand in each."""

    cells: CellArray
    """Every cell that has demand or is in reach, each once, ascending."""
    reaching: Reaching
    """Stations by cell, as rows of `counted`."""
    placed: Placed
    """Demand by cell."""
    way: pd.DataFrame
    """REACH of the stations that count: `cell`, `station` (row of `counted`) and `impedance`, by cell and nearest."""
    lowest: list[str]
    """Zones of the lowest level, in the order of their numbers."""


def check_tables(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    places: gpd.GeoDataFrame,
    weight: str,
    catalogue: stations.Catalogue | None,
) -> None:
    """Insist on tables that belong together.

    Raises
    ------
    ColumnError, DataError, ParameterError
        See `score`.
    """
    schema.validate(demand, schema.DEMAND)
    schema.validate(reach, schema.REACH)
    schema.validate(places, schema.STATIONS)
    stations.check_kinds(places, catalogue=catalogue)
    if weight not in WEIGHTS:
        raise ParameterError(
            f"weight must be a column of demand that adds up. Got {weight!r}; {suggest(weight, WEIGHTS)}"
        )
    if not demand[weight].sum() > 0:
        raise DataError(
            f"there is no demand to cover: {weight} is 0 in all {len(demand):,} rows. Choose another weight, or check "
            "that stops or events were found."
        )
    unknown = ~reach["station_id"].isin(places["station_id"])
    if unknown.any():
        names = reach.loc[unknown, "station_id"].unique()
        raise DataError(
            f"reach names {len(names):,} stations that are not in the stations table: {first_few(names)}. "
            "Compute reach from the same stations."
        )
    if len(reach):
        ours, theirs = (h3_cells.resolution_of(_distinct(table["cell"].to_numpy())) for table in (demand, reach))
        if ours != theirs:
            raise ParameterError(
                f"demand is of resolution {ours} and reach of {theirs}. Compute both with one resolution."
            )


def impedance_of(reach: pd.DataFrame) -> str:
    """Name the column that says how far: impedance_s where there is one, else impedance_m."""
    return "impedance_s" if "impedance_s" in reach.columns else "impedance_m"


def meet(
    demand: pd.DataFrame,
    reach: pd.DataFrame,
    *,
    counted: pd.DataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    group: str,
    purposes: tuple[str, ...],
    cutoff: float,
) -> Met:
    """Bring demand and reach together by cell.

    Parameters
    ----------
    demand, reach
        DEMAND and REACH, checked.
    counted
        The stations that count; reach of others is left out.
    zones
        ZONES; None: everything lies in none.
    weight
        Column of demand that counts; rows without any are left out.
    group
        Worker group to keep, '' for all.
    purposes
        Purposes in the order of their numbers, '' for what has none; others are an error. Empty: all are number 0.
    cutoff
        Longest way that counts, inclusive.

    Raises
    ------
    ColumnError
        If demand has no groups or no purposes where they are asked for.
    DataError
        If demand names a zone that is not of the lowest level, or no demand is of the group.

    Notes
    -----
    O(demand + reach x log reach); demand that is sorted by cell is not sorted again.
    """
    there = of_group(_with_demand(demand, weight), group)
    way = ways(reach, counted, cutoff)
    cell = there["cell"].to_numpy(dtype=np.uint64)
    is_sorted = not (cell[1:] < cell[:-1]).any()
    order = slice(None) if is_sorted else np.argsort(cell, kind="stable")
    names = np.union1d(_distinct(cell[order]), _distinct(way["cell"].to_numpy(dtype=np.uint64)))
    lowest = lowest_ids(zones)
    placed = Placed(
        first=firsts(cell[order], names),
        zone=numbers_of(there["zone_id"], lowest, table="DEMAND")[order],
        bin=there["bin"].to_numpy(dtype=np.int64)[order],
        purpose=_purposes(there, purposes)[order],
        weight=there[weight].to_numpy(dtype=np.float64)[order],
    )
    reaching = Reaching(
        first=firsts(way["cell"].to_numpy(dtype=np.uint64), names), station=way["station"].to_numpy(dtype=np.int64)
    )
    return Met(cells=names, reaching=reaching, placed=placed, way=way, lowest=lowest)


def _with_demand(demand: pd.DataFrame, weight: str) -> pd.DataFrame:
    """Keep the columns that are looked at, and the rows that have demand."""
    names = ["cell", "zone_id", "bin", *(name for name in ("group", "purpose") if name in demand.columns), weight]
    some = demand[weight].to_numpy() > 0
    table: pd.DataFrame = demand[names]
    return table if some.all() else table[some]


def _distinct(ordered: CellArray) -> CellArray:
    """Give each value of sorted ones once; of others, each of a run once."""
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if ordered.size else ordered


def of_group(demand: pd.DataFrame, group: str) -> pd.DataFrame:
    """Keep the demand of one worker group, or of all of them."""
    if not group:
        return demand
    if "group" not in demand.columns:
        raise ColumnError(
            f"DEMAND: column 'group' is missing, and the standard speaks of workers of group {group!r} alone. Keep "
            "groups where demand is made, or take a standard for all."
        )
    kept: pd.DataFrame = demand[demand["group"].to_numpy() == group]
    if kept.empty:
        known = sorted(demand["group"].unique())
        raise DataError(f"DEMAND: nobody is of group {group!r}, which the standard speaks of. {suggest(group, known)}")
    return kept


def _purposes(demand: pd.DataFrame, purposes: tuple[str, ...]) -> IntArray:
    if not purposes:
        return np.zeros(len(demand), dtype=np.int64)
    if "purpose" not in demand.columns:
        return np.full(len(demand), purposes.index(""), dtype=np.int64)
    codes, names = pd.factorize(demand["purpose"])
    return np.asarray(pd.Index(purposes).get_indexer(pd.Index(names))[codes], dtype=np.int64)


def ways(reach: pd.DataFrame, counted: pd.DataFrame, cutoff: float) -> pd.DataFrame:
    """Keep the ways that count, by cell and nearest first; of equally near ones by station_id."""
    codes, names = pd.factorize(reach["station_id"], sort=True)
    row = pd.Index(counted["station_id"]).get_indexer(pd.Index(names))
    station = row[codes]
    impedance = reach[impedance_of(reach)].to_numpy(dtype=np.float64)
    kept = (station >= 0) & (impedance <= cutoff)
    cell = reach["cell"].to_numpy(dtype=np.uint64)
    order = np.lexsort((codes[kept], impedance[kept], cell[kept]))
    return pd.DataFrame(
        {"cell": cell[kept][order], "station": station[kept][order], "impedance": impedance[kept][order]}
    )


def firsts(ordered: CellArray, names: CellArray) -> IntArray:
    """Tell where each cell's rows begin, and where the last one's end."""
    return np.append(np.searchsorted(ordered, names), ordered.size).astype(np.int64)
