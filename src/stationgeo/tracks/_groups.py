"""Which worker group a courier is of, when fixes say so one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import IntArray

__all__ = ["latest_groups"]


def latest_groups(
    fixes: pd.DataFrame, courier: IntArray, n_couriers: int, order: IntArray | None
) -> npt.NDArray[np.object_] | None:
    """Give each courier the group of their latest fix that has one, '' where none has; None where no column says.

    Parameters
    ----------
    fixes
        FIXES.
    courier
        Courier codes, row by row.
    n_couriers
        How many codes there are.
    order
        Rows in order of time within each courier; None if they are.
    """
    if "group" not in fixes.columns:
        return None
    codes, names = pd.factorize(fixes["group"].where(fixes["group"] != ""))
    rows = np.arange(len(fixes)) if order is None else order
    rows = rows[codes[rows] >= 0]
    latest = np.full(n_couriers, -1, dtype=np.int64)
    latest[courier[rows]] = codes[rows]  # of several the last stays
    return np.append(np.asarray(names, dtype=object), "")[latest]
