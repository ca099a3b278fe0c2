"""Units of territory: whether they have a station, and whether their demand is covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import schema
from stationgeo import stations as station_kinds
from stationgeo import zones as zone_tree
from stationgeo.coverage._sums import share_of
from stationgeo.coverage._units import units_of

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage._blank_cells import Rows

__all__ = ["ACCESS", "off_diagonals", "two_way", "unit_table"]

ACCESS = ("covered", "not covered", "no demand")
"""What may be said of the demand of a unit."""

_UNIT_COLUMNS = (
    "level", "zone_id", "name", "n_stations", "demand", "covered_demand", "covered_share",
    "covered_demand_high", "covered_share_high", "has_station", "access", "administrative_blank", "access_blank",
)  # fmt: skip


def unit_table(
    rows: Rows, *, stations: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None, min_covered_share: float,
    catalogue: station_kinds.Catalogue | None,
) -> pd.DataFrame:  # fmt: skip
    """Tell of every unit of every level, in the order of ZONES, how many stations stand in it and what is covered."""
    if zones is None:
        return _framed({name: np.zeros(0, dtype=object) for name in _UNIT_COLUMNS})
    stand = _where_stations_stand(stations, zones, catalogue)
    amounts = np.stack([rows.demand, rows.demand - rows.uncovered, rows.demand - rows.uncovered_low], axis=1)
    parts = []
    for one in units_of(zones):
        ids = one.zones["zone_id"].to_numpy(dtype=object)[:-1]
        sums = np.zeros((ids.size + 1, 3))
        np.add.at(sums, one.of_lowest[rows.zone], amounts)
        demand, covered, covered_high = sums[:-1].T
        number = stand[one.level].value_counts().reindex(ids, fill_value=0).to_numpy(dtype=np.int64)
        share = share_of(covered, demand)
        access = np.where(np.isnan(share), ACCESS[2], np.where(share >= min_covered_share, ACCESS[0], ACCESS[1]))
        columns = {
            "level": np.full(ids.size, one.level, dtype=object),
            "zone_id": ids,
            "name": one.zones["name"].to_numpy(dtype=object)[:-1],
            "n_stations": number,
            "demand": demand,
            "covered_demand": covered,
            "covered_share": share,
            "covered_demand_high": covered_high,
            "covered_share_high": share_of(covered_high, demand),
            "has_station": number > 0,
            "access": access,
            "administrative_blank": number == 0,
            "access_blank": access == ACCESS[1],
        }
        parts.append(_framed(columns))
    return pd.concat(parts, ignore_index=True)


def two_way(units: pd.DataFrame) -> pd.DataFrame:
    """Count units and their demand by "has a station" x "is covered"; all six kinds of every level, 0 included."""
    kinds = pd.MultiIndex.from_product(
        [units["level"].unique(), [True, False], ACCESS], names=["level", "has_station", "access"]
    )
    sums = units.groupby(["level", "has_station", "access"]).agg(
        n_units=("zone_id", "size"), demand=("demand", "sum"), covered_demand=("covered_demand", "sum")
    )
    table = sums.reindex(kinds, fill_value=0).reset_index()
    whole = {"level": "str", "access": "str", "has_station": "bool", "n_units": "int64"}
    return table.astype({**whole, "demand": "float64", "covered_demand": "float64"})


def off_diagonals(units: pd.DataFrame) -> pd.DataFrame:
    """List the units that have a station and are not covered, and those covered without one; most demand first."""
    station_only = units["has_station"] & units["access_blank"]
    covered_only = ~units["has_station"] & (units["access"] == ACCESS[0])
    case = np.where(station_only, "a station, but not covered", "covered, but no station")
    table = units.assign(case=pd.Series(case, index=units.index, dtype="str"))[station_only | covered_only]
    rank = table["level"].map({level: i for i, level in enumerate(schema.LEVELS)})
    order = np.lexsort((table["zone_id"].to_numpy(dtype=object), -table["demand"].to_numpy(), rank.to_numpy()))
    names = ["level", "zone_id", "name", "case", "n_stations", "demand", "covered_demand", "covered_share"]
    return table.iloc[order][names].reset_index(drop=True)


def _where_stations_stand(
    stations: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, catalogue: station_kinds.Catalogue | None
) -> pd.DataFrame:
    """Name the unit of each level in which each counted station stands."""
    tree = zone_tree.ancestors(zones)
    counted = station_kinds.counted(stations, catalogue=catalogue)
    if counted.empty:
        return tree.iloc[:0]
    lon, lat = station_kinds.lonlat(counted)
    return tree.reindex(zone_tree.locate(lon, lat, zones=zones))


def _framed(columns: dict[str, np.typing.NDArray[np.generic]]) -> pd.DataFrame:
    amounts = ("demand", "covered_demand", "covered_share", "covered_demand_high", "covered_share_high")
    kinds = dict.fromkeys(amounts, "float64")
    kinds |= dict.fromkeys(("level", "zone_id", "name", "access"), "str") | {"n_stations": "int64"}
    kinds |= dict.fromkeys(("has_station", "administrative_blank", "access_blank"), "bool")
    return pd.DataFrame(columns, columns=list(_UNIT_COLUMNS)).astype(kinds)
