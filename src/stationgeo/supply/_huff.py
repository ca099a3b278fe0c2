"""Huff's shares: how the workers of a cell divide over the stations in reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.reach import as_table
from stationgeo.supply._pairs import ALL_BINS, pair_weights, read_capacity, read_pairs

if TYPE_CHECKING:
    from stationgeo.reach import Decay, TravelReach

__all__ = ["huff_shares"]


def huff_shares(
    reach: pd.DataFrame | TravelReach, *, decay: Decay, attraction: pd.DataFrame | pd.Series[float] | None
) -> pd.DataFrame:
    """Divide the workers of each cell over the stations in reach.

    Parameters
    ----------
    reach
        REACH of the stations, or the `TravelReach` that holds it; no rows give no rows.
    decay
        What a station is worth at an impedance; `reach.power` is Huff's own.
    attraction
        Of every station of the reach, 0 or more: a table with `station_id` and `capacity`, or a Series by station_id.
        None makes all alike.

    Returns
    -------
    DataFrame
        Key (`station_id`, `cell`), in the order of the reach: `share`, above 0. Those of a cell add up to 1. A cell of
        which no station in reach is worth anything has no row.

    Raises
    ------
    ColumnError
        If a table lacks a column.
    DataError
        If a table breaks its contract, or the attraction of a station is missing.
    ParameterError
        If the decay gives weights outside 0 to 1.

    Notes
    -----
    ``share_ij = A_j w_ij / sum_k A_k w_ik`` with ``w_ij = decay(c_ij)``. A share rises with the station's own
    attraction and falls with that of the others. O(reach log reach).

    References
    ----------
    Huff, D. L. (1964). Defining and estimating a trading area. Journal of Marketing 28, 34-38.

    Examples
    --------
    Twice as far is a quarter by Huff's square, four times as attractive makes up for it:

    >>> from stationgeo.reach import power
    >>> table = pd.DataFrame({"station_id": ["a", "b"], "cell": [7, 7], "impedance_m": [100.0, 200.0]})
    >>> table = table.astype({"cell": "uint64"})
    >>> huff_shares(table, decay=power(exponent=2, least=50), attraction=None)["share"].tolist()
    [0.8, 0.2]
    >>> seats = pd.Series({"a": 5.0, "b": 20.0})
    >>> huff_shares(table, decay=power(exponent=2, least=50), attraction=seats)["share"].tolist()
    [0.5, 0.5]
    """
    table = as_table(reach)
    if attraction is None:
        names = table["station_id"].unique().tolist() if "station_id" in table.columns else []
        attraction = pd.Series(1.0, index=names or [""])
    given = read_capacity(attraction, bins=np.array([ALL_BINS]), name="attraction")
    cell = np.unique(table["cell"].to_numpy()) if len(table) else np.zeros(1, dtype=np.uint64)
    pairs = read_pairs(table, station_id=given.station_id, cell=cell)
    drawn = given.amount[0][pairs.station] * pair_weights(pairs.impedance, decay, column=pairs.column)
    total = np.bincount(pairs.cell, weights=drawn, minlength=cell.size)
    kept = np.flatnonzero(drawn > 0)
    return pd.DataFrame(
        {
            "station_id": pd.array(given.station_id, dtype="str").take(pairs.station[kept]),
            "cell": cell[pairs.cell[kept]],
            "share": drawn[kept] / total[pairs.cell[kept]],
        }
    )
