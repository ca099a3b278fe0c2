"""The table of blank spots: whom each affects, how far its nearest station is, and its outline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo import crs
from stationgeo.coverage._sums import share_of, totals

if TYPE_CHECKING:
    import numpy.typing as npt
    import shapely

    from stationgeo.coverage._blank_cells import Rows
    from stationgeo.coverage._nearest import Nearest
    from stationgeo.schema import FloatArray, IntArray

__all__ = ["spot_table"]

_S_PER_HOUR = 3_600.0
_KINDS = ("access", "mixed", "administrative")


def spot_table(
    table: pd.DataFrame, rows: Rows, number: IntArray, is_spot: npt.NDArray[np.bool_], *, near: Nearest, weight: str,
    span_h: float | None, units: pd.DataFrame, member: IntArray,
) -> tuple[gpd.GeoDataFrame, IntArray, str]:  # fmt: skip
    """Rank the patches that are spots.

    `table` has the rows of `rows`, with workers where they are known; `number` is the patch of each cell, -1 for none;
    `near` is of the cells `member`. Returns the table, the rank of each patch (0 for those that are no spot), and by
    what was ranked.
    """
    patch = number[rows.cell]
    n = is_spot.size

    def summed(values: FloatArray) -> FloatArray:
        return totals(patch[patch >= 0], values[patch >= 0], n)

    amount = summed(rows.uncovered)
    affected = _affected(table, weight, span_h)
    numbers = {name: np.full(n, np.nan) if values is None else summed(values) for name, values in affected.items()}
    ranked_by = next((name for name, values in affected.items() if values is not None), "uncovered_demand")
    order = np.lexsort((np.arange(n), -amount, -numbers.get(ranked_by, amount)))
    order = order[is_spot[order]]
    place = np.zeros(n, dtype=np.int64)
    place[order] = np.arange(1, order.size + 1)
    rank = np.append(place, 0)[number]
    by_zone = _zones_of(rows, rank, units, n_spots=order.size)
    told = {
        "spot_id": np.arange(1, order.size + 1),
        "uncovered_demand": amount[order],
        "demand": summed(rows.demand)[order],
        "uncovered_demand_low": summed(rows.uncovered_low)[order],
        **{name: values[order] for name, values in numbers.items()},
        "n_cells": np.bincount(rank, minlength=order.size + 1)[1:],
        "area_m2": _areas(rows, rank, order.size),
        **by_zone,
        **_nearest(near, rank[member], totals(rows.cell, rows.uncovered, rows.cells.size)[member], order.size),
    }
    shapes = _outlines(rows, rank, order.size)
    return gpd.GeoDataFrame(pd.DataFrame(told), geometry=gpd.GeoSeries(shapes, crs=crs.WGS84)), place, ranked_by


def _affected(table: pd.DataFrame, weight: str, span_h: float | None) -> dict[str, FloatArray | None]:
    """Tell workers present at once and worker-equivalents that are not covered; None where nobody knows."""
    share = share_of(table["uncovered"].to_numpy(), table["demand"].to_numpy())

    def part(name: str) -> FloatArray | None:
        column = "demand" if weight == name else name
        return table[column].to_numpy(dtype=np.float64) * share if column in table.columns else None

    seconds = part("courier_s")
    workers = None if seconds is None or span_h is None else seconds / _S_PER_HOUR / span_h
    return {"mean_workers": workers, "worker_equivalents": part("courier_weight")}


def _zones_of(
    rows: Rows, rank: IntArray, units: pd.DataFrame, *, n_spots: int
) -> dict[str, pd.Series[str] | IntArray | FloatArray]:
    """Tell which lowest-level unit holds most of each spot, how many it touches, and how much lacks a station."""
    if not len(units):
        nothing = pd.Series([""] * n_spots, dtype="str")
        return {"zone_id": nothing, "n_zones": np.zeros(n_spots, dtype=np.int64),
                "administrative_share": np.full(n_spots, np.nan), "kind": nothing}  # fmt: skip
    lowest = units[units["level"] == units["level"].iloc[0]]
    blank = lowest["administrative_blank"].to_numpy(dtype=np.bool_)
    spot = rank[rows.cell]
    kept = (spot > 0) & (rows.uncovered > 0)
    parts = (
        pd.DataFrame({"spot": spot[kept], "zone": rows.zone[kept], "amount": rows.uncovered[kept]})
        .groupby(["spot", "zone"], as_index=False)
        .sum()
        .sort_values(["spot", "amount", "zone"], ascending=[True, False, True])
    )
    main = parts.drop_duplicates("spot")["zone"].to_numpy(dtype=np.int64)
    n_zones: IntArray = np.asarray(parts.groupby("spot").size(), dtype=np.int64)
    amount = parts["amount"].to_numpy(dtype=np.float64)
    lacking, whole = (
        totals(parts["spot"].to_numpy(), values, n_spots + 1)[1:] for values in (amount * blank[parts["zone"]], amount)
    )
    lacks = parts.assign(blank=blank[parts["zone"]]).groupby("spot")["blank"].agg(["all", "any"]).astype("int64")
    kind = np.array(_KINDS, dtype=object)[lacks.sum(axis=1).to_numpy()]
    return {
        "zone_id": pd.Series(lowest["zone_id"].to_numpy(dtype=object)[main], dtype="str"),
        "n_zones": n_zones,
        "administrative_share": share_of(lacking, whole),
        "kind": pd.Series(kind, dtype="str"),
    }


def _nearest(
    near: Nearest, spot: IntArray, uncovered: FloatArray, n_spots: int
) -> dict[str, pd.Series[str] | FloatArray | str]:
    """Tell the nearest station of each spot, the mean way, and of how much of it none is known."""
    known = ~np.isnan(near.impedance)
    least = np.full(n_spots, np.nan)
    name = np.full(n_spots, "", dtype=object)
    order = np.lexsort((near.impedance, spot))
    order = order[known[order] & (spot[order] > 0)]
    first = order[np.unique(spot[order], return_index=True)[1]]
    least[spot[first] - 1], name[spot[first] - 1] = near.impedance[first], near.station_id[first]
    weight = np.where(known, uncovered, 0.0)
    way, told, whole = (
        totals(spot, values, n_spots + 1)[1:] for values in (weight * np.nan_to_num(near.impedance), weight, uncovered)
    )
    return {
        "nearest_station_id": pd.Series(name, dtype="str"),
        f"nearest_{near.unit}": least,
        f"mean_{near.unit}": share_of(way, told),
        "unknown_share": share_of(whole - told, whole),
        "nearest_by": near.by,
    }


def _areas(rows: Rows, rank: IntArray, n_spots: int) -> FloatArray:
    inside = rank > 0
    area_m2 = h3_cells.areas_m2(rows.cells[inside])
    return totals(rank[inside], area_m2, n_spots + 1)[1:]


def _outlines(rows: Rows, rank: IntArray, n_spots: int) -> list[shapely.MultiPolygon]:
    """Dissolve the cells of each spot."""
    order = np.argsort(rank, kind="stable")
    ends = np.searchsorted(rank[order], np.arange(1, n_spots + 2))
    return [h3_cells.dissolve(rows.cells[order[ends[i] : ends[i + 1]]]) for i in range(n_spots)]
