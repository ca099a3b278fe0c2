"""Tables of supply: access added up by cell and zone, loads added up by station."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from stationgeo import zones as zone_tree
from stationgeo.schema import OUTSIDE

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.schema import FloatArray, IntArray
    from stationgeo.supply import ExpectedLoad

__all__ = ["WantedRows", "access_by_zone", "summed_loads"]


class WantedRows(NamedTuple):
    """Rows of demand as workers at once, where it has hours."""

    table: pd.DataFrame
    """DEMAND, only rows that count."""
    weight: str
    """The column that counts."""
    timed: bool
    bins: IntArray
    """Ascending."""

    @classmethod
    def of(cls, table: pd.DataFrame, *, weight: str, factor: float, timed: bool) -> WantedRows:
        """Turn a weight into workers."""
        kept = table[table[weight] > 0]
        kept = kept.assign(**{weight: kept[weight] * factor})
        return cls(kept, weight, timed, np.unique(kept["bin"].to_numpy(dtype=np.int64)))


def access_by_zone(
    wanted: WantedRows, cells: pd.DataFrame, zones: gpd.GeoDataFrame, *, target: float | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Weigh what cells have by their workers: over the hours of each cell, and over the cells of each zone."""
    workers = wanted.table[wanted.weight].to_numpy(dtype=np.float64)
    names = [name for name in ("access", "access_high", "cost", "cost_high") if name in cells.columns]
    rows = {"demand": workers}
    for name, value in zip(names, _at_rows(wanted, cells, names), strict=True):
        known = ~np.isnan(value)
        rows[name] = np.where(known, workers * np.nan_to_num(value), 0.0)
        if name.startswith("cost"):
            rows[name.replace("cost", "in_reach")] = np.where(known, workers, 0.0)
        elif target is not None:
            rows[name.replace("access", "below_target")] = workers * (value < target)
    table = pd.DataFrame(rows).assign(cell=wanted.table["cell"].to_numpy(), zone_id=wanted.table["zone_id"].to_numpy())
    of_cell = table.drop(columns="zone_id").groupby("cell", sort=True).sum().reset_index()
    of_lowest = table.drop(columns="cell").groupby("zone_id", sort=True).sum()
    return _means(of_cell, names), _means(_rolled_up(of_lowest, zones), names)


def _at_rows(wanted: WantedRows, cells: pd.DataFrame, names: list[str]) -> list[FloatArray]:
    """Look up what the cell of each row has, in its hour where it is told by the hour."""
    known = np.unique(wanted.table["cell"].to_numpy())
    by_hour = "bin" in cells.columns
    n_bins = wanted.bins.size if by_hour else 1

    def numbers(table: pd.DataFrame) -> IntArray:
        at = np.searchsorted(known, table["cell"].to_numpy())
        return at * n_bins + (np.searchsorted(wanted.bins, table["bin"].to_numpy()) if by_hour else 0)

    of_cells, of_rows = numbers(cells), numbers(wanted.table)
    found = []
    for name in names:
        laid = np.full(known.size * n_bins, np.nan)
        laid[of_cells] = cells[name].to_numpy(dtype=np.float64)
        found.append(laid[of_rows])
    return found


def _rolled_up(of_lowest: pd.DataFrame, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Add the lowest zones up, level by level; what lies in none is a row of each level."""
    above = zone_tree.ancestors(zones)
    parts = []
    for level in above.columns:
        ids = above[level].reindex(of_lowest.index).fillna(OUTSIDE)
        every = [*dict.fromkeys(name for name in above[level] if name != OUTSIDE), OUTSIDE]
        sums = of_lowest.groupby(ids.to_numpy()).sum().reindex(every).fillna(0.0)
        parts.append(sums.rename_axis("zone_id").reset_index().assign(level=level))
    table = pd.concat(parts, ignore_index=True)
    ahead = ["level", "zone_id"]
    return table[ahead + [name for name in table.columns if name not in ahead]]


def _means(sums: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Divide sums over workers by workers; nan where there are none."""
    told = sums.copy()
    for name in names:
        of = told[name.replace("cost", "in_reach")] if name.startswith("cost") else told["demand"]
        told[name] = (told[name] / of).where(of > 0)
    return told


def summed_loads(loads: ExpectedLoad) -> pd.DataFrame:
    """Tell of each station its busiest hour, and what comes to it in a week; most turned away first."""
    table = loads.stations
    blocked = table["blocked_share"].fillna(0.0)
    crowd = (table["offered"] / table["capacity"].where(table["capacity"] > 0)).fillna(0.0)
    table = table.assign(turned_away_h=table["offered"] * blocked, crowd=crowd)
    keys = ["scenario", "station_id"]
    week = table.groupby(keys, sort=False).agg(
        capacity=("capacity", "max"), offered_h=("offered", "sum"), carried_h=("carried", "sum"),
        turned_away_h=("turned_away_h", "sum"),
    )  # fmt: skip
    peak = table.loc[table.groupby(keys, sort=False)["crowd"].idxmax()].set_index(keys)
    peak = peak[["bin", "offered", "blocked_share", "utilisation"]].rename(columns={"bin": "peak_bin"})
    told = week[["capacity"]].join(peak).join(week.drop(columns="capacity")).reset_index()
    ordered: pd.DataFrame = told.assign(at=pd.factorize(told["scenario"])[0]).sort_values(
        ["at", "turned_away_h", "station_id"], ascending=[True, False, True], kind="stable", ignore_index=True
    )
    return ordered.drop(columns="at")
