"""The local dates on which couriers were observed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.errors import ColumnError, DataError

__all__ = ["observed_dates"]


def observed_dates(times: pd.Series[Any] | pd.DatetimeIndex, *, tz: str) -> pd.DataFrame:
    """List the local dates on which anything was recorded.

    Parameters
    ----------
    times
        UTC times, in any order; as a rule the `t` of FIXES.
    tz
        Time zone, for example ``"Asia/Shanghai"``.

    Returns
    -------
    DataFrame
        `date` ISO text, each once and in order; `weekday` 0 for Monday to 6 for Sunday.

    Raises
    ------
    ColumnError
        If the times carry no time zone or another one than UTC.
    DataError
        If times are missing.
    ParameterError
        If there is no such time zone.

    Notes
    -----
    These dates are what averages per observed day divide by: take them from the fixes, because a day on which
    couriers were seen but nobody stopped counts too. O(n).

    Examples
    --------
    16:30 in London is half past midnight in Shanghai:

    >>> import pandas as pd
    >>> observed_dates(pd.DatetimeIndex(["2024-01-05 16:30"], tz="UTC"), tz="Asia/Shanghai").to_dict("records")
    [{'date': '2024-01-06', 'weekday': 5}]
    """
    _clock.check_tz(tz)
    if not isinstance(times.dtype, pd.DatetimeTZDtype) or str(times.dtype.tz) != "UTC":
        raise ColumnError(f"times must be UTC times with a time zone. Got {times.dtype} instead.")
    missing = int(np.count_nonzero(times.isna()))
    if missing:
        raise DataError(f"times must not be missing; {missing:,} of {len(times):,} are. Drop them first.")
    return _clock.as_dates(_clock.days(_clock.local_hours(_clock.instants(times), tz=tz)))
