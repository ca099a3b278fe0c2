"""The rows of a reach, however it was made."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from stationgeo.errors import ParameterError

__all__ = ["HoldsTable", "as_table"]


class HoldsTable(Protocol):
    """What holds a REACH table, as a `TravelReach` does."""

    @property
    def table(self) -> pd.DataFrame:
        """The table."""


def as_table(reach: pd.DataFrame | HoldsTable, *, name: str = "reach") -> pd.DataFrame:
    """Return the REACH table of what was made by the straight line or over streets.

    Parameters
    ----------
    reach
        A REACH table, as `within_distance` returns it, or a `TravelReach`, as `within_travel_time` does.
    name
        What to call it in messages.

    Returns
    -------
    DataFrame
        The table as it is, or that of the `TravelReach`.

    Raises
    ------
    ParameterError
        If it is neither.

    Notes
    -----
    O(1). Everything that takes a REACH table takes both.

    Examples
    --------
    >>> as_table(pd.DataFrame({"station_id": ["a"]}))["station_id"].tolist()
    ['a']
    """
    table = reach if isinstance(reach, pd.DataFrame) else getattr(reach, "table", None)
    if not isinstance(table, pd.DataFrame):
        raise ParameterError(
            f"{name} must be a REACH table or a TravelReach: what within_distance or within_travel_time returns. Got "
            f"{type(reach).__name__}."
        )
    return table
