"""Kinds of arrays, and rows that stand together by a key (compressed sparse rows)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from stationgeo.schema import IntArray

__all__ = ["FlagArray", "Names", "NodeArray", "begins_new", "read_only", "rows_at", "rows_by", "texts"]

FlagArray = npt.NDArray[np.bool_]
NodeArray = npt.NDArray[np.int32]
Names = npt.NDArray[np.object_]


def read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Look at an array so that it cannot be written: kernels are compiled once, wherever the array came from."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def rows_by(key: npt.NDArray[np.integer[Any]], n: int) -> tuple[IntArray, IntArray]:
    """Order by a key from 0 to n - 1: where the rows of each begin, their number at the end, and the order."""
    first = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(key, minlength=n), out=first[1:])
    return first, np.argsort(key, kind="stable")


def rows_at(first: IntArray, key: npt.NDArray[np.integer[Any]]) -> tuple[IntArray, IntArray]:
    """List the rows of some keys, one after the other: which of `key`, and the row."""
    size = first[key + 1] - first[key]
    which = np.repeat(np.arange(key.size), size)
    return which, first[key][which] + np.arange(which.size) - np.repeat(np.cumsum(size) - size, size)


def begins_new(*columns: npt.NDArray[Any]) -> FlagArray:
    """Say which rows differ from the one before in one of the columns; the first one does."""
    new = np.ones(columns[0].size, dtype=np.bool_)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return new


def texts(names: Names, row: npt.NDArray[np.integer[Any]]) -> pd.Series[str]:
    """Write names by their numbers as a column, without looking at millions of texts one by one."""
    return pd.Series(pd.array(names, dtype="str").take(row))
