"""The words in which amounts of demand are told to people, the same on maps, in reports and in a plan's summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationgeo.schema import UNTIMED_BIN

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Unit", "is_timed", "unit"]

_S_PER_HOUR = 3600.0
_WHOLE_FROM = 100.0

_NAMES = {
    "courier_s": ("停留小时", "courier-hours of rest"),
    "visits": ("到访次数", "visits"),
    "courier_weight": ("折算人数", "worker-equivalents"),
}
_UNTIMED_NAMES = {"visits": ("事件数", "events")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a weight of demand is counted in where people read it."""

    size: float
    """How much of the table's column makes one of this unit: 3,600 where seconds are told as hours."""
    zh: str
    """In Chinese, for example 停留小时/周."""
    en: str
    """In English, for example "courier-hours of rest a week"; follows a number."""

    def text(self, amount: float) -> str:
        """Write an amount of the table's column in this unit, without the unit's name.

        Parameters
        ----------
        amount
            In the unit of the column.

        Returns
        -------
        str
            Whole from 100 on, with thousands separators; three significant digits below; "nan" for nan.

        Notes
        -----
        O(1).

        Examples
        --------
        >>> unit("courier_s", timed=True).text(5_154_360)
        '1,432'
        >>> unit("visits", timed=None).text(2.5)
        '2.5'
        """
        shown = amount / self.size
        return f"{shown:,.0f}" if abs(shown) >= _WHOLE_FROM else f"{shown:.3g}"


def unit(weight: str, *, timed: bool | None) -> Unit:
    """Say in which unit people read a weight of demand.

    Parameters
    ----------
    weight
        A column of DEMAND: courier_s, visits or courier_weight. Any other text is its own unit.
    timed
        Whether the demand is one of hours of the week (see `is_timed`): its sum over the bins then is that of an
        average week, and the unit says so. None says nothing about time.

    Returns
    -------
    Unit
        Seconds of rest are told as hours; the others stay what they are.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> unit("courier_s", timed=True).en
    'courier-hours of rest a week'
    >>> unit("visits", timed=False).en
    'events'
    """
    names = _UNTIMED_NAMES if timed is False and weight in _UNTIMED_NAMES else _NAMES
    zh, en = names.get(weight, (weight, weight))
    if timed:
        zh, en = f"{zh}/周", f"{en} a week"
    return Unit(size=_S_PER_HOUR if weight == "courier_s" else 1.0, zh=zh, en=en)


def is_timed(table: pd.DataFrame) -> bool | None:
    """Tell whether demand lies in hours of the week.

    Parameters
    ----------
    table
        DEMAND, the bins of a coverage, or any table with a column `bin`.

    Returns
    -------
    bool or None
        True if every row has an hour, False if none has, None if some have, there are no rows, or no such column.

    Notes
    -----
    O(n).

    Examples
    --------
    >>> import pandas as pd
    >>> is_timed(pd.DataFrame({"bin": [9, 10]})), is_timed(pd.DataFrame({"bin": [-1]})), is_timed(pd.DataFrame())
    (True, False, None)
    """
    if "bin" not in table.columns or table.empty:
        return None
    untimed = table["bin"] == UNTIMED_BIN
    return None if untimed.any() and not untimed.all() else not bool(untimed.any())
