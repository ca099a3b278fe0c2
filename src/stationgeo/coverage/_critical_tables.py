"""The tables of criticality: what each station and group is worth, and the order in which they may close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.coverage._closing import least_and_most, reached_demand
from stationgeo.coverage._sums import share_of
from stationgeo.errors import ColumnError, suggest

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.coverage._closing import Served
    from stationgeo.coverage._losses import Losses
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["closing_table", "group_table", "groups_of", "station_table", "worst_of"]


def groups_of(counted: pd.DataFrame, group_by: str | None) -> tuple[npt.NDArray[np.object_], IntArray]:
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


def station_table(
    counted: gpd.GeoDataFrame, served: Served, own: Losses, order: IntArray, unit: str
) -> gpd.GeoDataFrame:
    """Tell of each station what it reaches, and what its closing loses; `unit` is that of impedances."""
    n = len(counted)
    unique, moved, extra = own.amounts(served.demand, n)
    bounds = least_and_most(served, np.arange(n), n)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(1, n + 1)
    with_demand = np.repeat(np.diff(served.row_first) > 0, np.diff(served.first))
    return counted.assign(
        **{
            "n_cells": np.bincount(served.station[with_demand], minlength=n),
            "reached_demand": reached_demand(served),
            "unique_demand": unique,
            "unique_share": share_of(unique, np.full(n, served.demand.sum())),
            "unique_demand_low": bounds[:, 0],
            "unique_demand_high": bounds[:, 1],
            "rerouted_demand": moved,
            f"extra_{unit}": extra,
            "redundant": unique == 0,
            "closing_rank": rank,
        }
    )


def group_table(
    groups: npt.NDArray[np.object_], group_of: IntArray, told: pd.DataFrame, served: Served, chain: Losses | None,
    unit: str,
) -> pd.DataFrame:  # fmt: skip
    """Tell of each group what its closing loses; no rows where nothing closes together."""
    n = groups.size
    lost, moved, extra = (np.zeros(0),) * 3 if chain is None else chain.amounts(served.demand, n)
    bounds = np.zeros((0, 2)) if chain is None else least_and_most(served, group_of, int(group_of.max()) + 1)[:n]
    member = group_of < n
    unique = told["unique_demand"].to_numpy()
    return pd.DataFrame(
        {
            "group": pd.Series(groups, dtype="str"),
            "n_stations": np.bincount(group_of[member], minlength=n),
            "lost_demand": lost,
            "lost_share": share_of(lost, np.full(n, served.demand.sum())),
            "lost_demand_low": bounds[:, 0],
            "lost_demand_high": bounds[:, 1],
            "sum_of_unique_demand": np.bincount(group_of[member], weights=unique[member], minlength=n),
            "rerouted_demand": moved,
            f"extra_{unit}": extra,
        }
    )


def closing_table(told: pd.DataFrame, order: IntArray, lost: FloatArray, covered: float, total: float) -> pd.DataFrame:
    """Tell what is left as stations close in some order."""
    gone = np.cumsum(lost)
    return pd.DataFrame(
        {
            "closing_rank": np.arange(1, order.size + 1),
            "station_id": pd.Series(told["station_id"].to_numpy(dtype=object)[order], dtype="str"),
            "lost_demand": lost,
            "total_lost_demand": gone,
            "covered_share": np.maximum(covered - gone, 0.0) / total if total > 0 else np.nan,
            "bound_demand": np.cumsum(np.sort(told["unique_demand"].to_numpy())),
        }
    )


def worst_of(told: pd.DataFrame) -> dict[str, Any]:
    """Name the station whose closing loses most."""
    if told.empty or not told["unique_demand"].max() > 0:
        return {"worst_station_id": "", "worst_share": 0.0}
    at = int(np.argmax(told["unique_demand"].to_numpy()))
    return {"worst_station_id": str(told["station_id"].iloc[at]), "worst_share": float(told["unique_share"].iloc[at])}
