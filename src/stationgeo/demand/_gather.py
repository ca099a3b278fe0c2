"""Rows of one key added up, and the couriers of each united and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["distinct_couriers", "gather", "group_rows"]

_HASH_RANGE = 2.0**64


def gather(
    keys: pd.DataFrame, values: npt.NDArray[Any], couriers: pd.DataFrame, *, most: int
) -> tuple[pd.DataFrame, npt.NDArray[Any], pd.DataFrame]:
    """Add up the rows of one key and unite their couriers.

    Parameters
    ----------
    keys
        One row per row of `values`; the columns are the key.
    values
        What adds, (rows, columns).
    couriers
        `row`, `courier`, `courier_us`: who was there, and for how long.
    most
        How many of the smallest hashes of a key are kept.

    Returns
    -------
    keys, values, couriers
        Each key once and in order, its sums, and its couriers in order of row and hash.
    """
    order, first, place = group_rows(keys)
    total = np.add.reduceat(values[order], first, axis=0) if first.size else values[:0]
    return keys.iloc[order[first]].reset_index(drop=True), total, _united(couriers, place, most)


def group_rows(keys: pd.DataFrame) -> tuple[IntArray, IntArray, IntArray]:
    """Sort rows by their keys: their order, where each key begins in it, and the number of each row's key."""
    codes = [_in_order(keys[name]) for name in keys.columns]
    order = np.lexsort(codes[::-1])
    new = np.zeros(order.size, dtype=bool)
    new[:1] = True
    for code in codes:
        new[1:] |= code[order][1:] != code[order][:-1]
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    return order, np.flatnonzero(new), place


def distinct_couriers(couriers: pd.DataFrame, *, n_rows: int, most: int) -> FloatArray:
    """Count the couriers of each row.

    Parameters
    ----------
    couriers
        `row` and `courier`, as `gather` gives them.
    n_rows
        Number of rows.
    most
        How many couriers of a row were kept.

    Returns
    -------
    ndarray of float64
        Exact below `most`; else (most - 1) / u, where u is the largest hash that was kept as a share of all hashes:
        unbiased, with a standard error of 1 / sqrt(most - 2) of itself (Beyer et al. 2007, see `combine`).
    """
    row = couriers["row"].to_numpy()
    count = np.bincount(row, minlength=n_rows).astype(np.float64)
    full = np.flatnonzero(count >= most)
    if full.size:
        last = np.searchsorted(row, full, side="right") - 1
        share = (couriers["courier"].to_numpy()[last].astype(np.float64) + 1.0) / _HASH_RANGE
        count[full] = (most - 1) / share
    return count


def _in_order(column: pd.Series[Any]) -> npt.NDArray[Any]:
    """Numbers that sort like the column."""
    if column.dtype.kind in "iu":
        return column.to_numpy()
    return pd.factorize(column, sort=True)[0]


def _united(couriers: pd.DataFrame, place: IntArray, most: int) -> pd.DataFrame:
    """Bring couriers to the places of their rows, each once; keep the smallest hashes of each."""
    row, courier = place[couriers["row"].to_numpy()], couriers["courier"].to_numpy()
    order = np.lexsort((courier, row))
    row, courier = row[order], courier[order]
    new = np.ones(row.size, dtype=bool)
    new[1:] = (row[1:] != row[:-1]) | (courier[1:] != courier[:-1])
    first = np.flatnonzero(new)
    lasted = couriers["courier_us"].to_numpy()[order]
    lasted = np.add.reduceat(lasted, first) if first.size else lasted
    row, courier = row[first], courier[first]
    kept = np.arange(row.size) - np.searchsorted(row, row, side="left") < most
    return pd.DataFrame({"row": row[kept], "courier": courier[kept], "courier_us": lasted[kept]})
