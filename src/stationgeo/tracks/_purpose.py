"""What stops were for, by a rule that is written down, can be replaced, and whose weight is shown."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import _clock
from stationgeo.errors import ColumnError, DataError, ParameterError, first_few
from stationgeo.schema import ORDERS, PURPOSES, SILENCES, STOPS, validate
from stationgeo.tracks._purpose_rule import COUNTED, Evidence, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import numpy.typing as npt

    Texts = npt.NDArray[np.object_]

__all__ = ["Purposes", "assign_purpose", "purpose_sensitivity"]

_S_PER_HOUR = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Purposes:
    """Stops with what they were for, and how many of each there are."""

    table: pd.DataFrame
    """STOPS with `purpose` filled in, and `reason`."""
    counts: pd.DataFrame
    """Key `purpose`, a row for each of `schema.PURPOSES`: `stops`, `hours`, `hours_share` of the hours of all stops
    (nan if there are none)."""
    reasons: pd.DataFrame
    """Key (`purpose`, `reason`): `stops`, `hours`. What the cap on length cut is here as "too long for ..."."""
    rule: Rule
    """The rule."""

    def _repr_html_(self) -> str:
        lines = [f"<b>Purposes</b> of {len(self.table):,} stops"]
        for purpose, stops, hours in zip(*(self.counts[name] for name in ("purpose", "stops", "hours")), strict=True):
            lines.append(f"{escape(str(purpose))}: {stops:,} stops, {hours:,.1f} h")
        return "<br>".join(lines)


def assign_purpose(
    stops: pd.DataFrame,
    *,
    rule: Rule,
    tz: str,
    stations: gpd.GeoDataFrame | None = None,
    places: pd.DataFrame | None = None,
    orders: pd.DataFrame | None = None,
    silences: pd.DataFrame | None = None,
) -> Purposes:
    """Say what stops were for.

    Parameters
    ----------
    stops
        STOPS, in any order; no rows are fine. What `purpose` held is replaced.
    rule
        A `PurposeRule`, or any callable with the signature of `Rule`.
    tz
        Time zone of hours and nights, for example ``"Asia/Shanghai"``.
    stations
        STATIONS, points in WGS-84; None if they are not known. Clusters are not looked at.
    places
        Known places: `lon`, `lat` and `purpose`.
    orders
        ORDERS. Without them no stop is a pick-up or drop-off: it is rest if it is long enough, else unknown.
    silences
        SILENCES, by which homes are found of those who switch off at night.

    Returns
    -------
    Purposes
        The stops with their purposes, and counts.

    Raises
    ------
    ColumnError
        If a column is missing or of another kind.
    DataError
        If a table breaks its contract, or the rule does not return a known purpose for each stop.
    DatumError
        If stations are not in WGS-84.
    ParameterError
        If the time zone is unknown.

    Notes
    -----
    Not every stop is rest: home nights, merchants' queues, customers' doors, breakdowns. Which is which is a matter of
    judgement that this function keeps out of sight of nobody: the rule is a parameter, each stop carries its reason,
    and `purpose_sensitivity` says how much the rest depends on the rule. The numbers of `PurposeRule` are assumptions.

    O(s log s) for s stops with `PurposeRule`, and O(m^2) for m nights (or mornings) of one courier.

    Examples
    --------
    Two hours at lunch, and ten minutes:

    >>> import pandas as pd
    >>> stops = pd.DataFrame({
    ...     "stop_id": [0, 1], "courier_id": ["a", "a"], "lon": [114.05, 114.06], "lat": [22.54, 22.54],
    ...     "start": pd.to_datetime(["2024-05-06 05:50", "2024-05-06 08:00"], utc=True),
    ...     "end": pd.to_datetime(["2024-05-06 07:50", "2024-05-06 08:05"], utc=True),
    ...     "duration_s": [7200.0, 300.0], "n_fixes": [600, 25], "purpose": "unknown", "cut": False,
    ... })
    >>> from stationgeo.tracks import PurposeRule
    >>> purposes = assign_purpose(stops, rule=PurposeRule(), tz="Asia/Shanghai")
    >>> purposes.table[["purpose", "reason"]].to_dict("list")
    {'purpose': ['rest', 'unknown'], 'reason': ['waking hours', 'too short']}
    """
    evidence = _evidence(stops, tz, stations, places, orders, silences)
    return _purposes(stops, rule, evidence)


def purpose_sensitivity(
    stops: pd.DataFrame,
    *,
    rules: Mapping[str, Rule],
    tz: str,
    counted: tuple[str, ...] = COUNTED,
    stations: gpd.GeoDataFrame | None = None,
    places: pd.DataFrame | None = None,
    orders: pd.DataFrame | None = None,
    silences: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Show how much the time that counts as rest depends on the rule.

    Parameters
    ----------
    stops
        STOPS.
    rules
        Name to rule, the one to compare with first; `PurposeRule.variants` makes some.
    tz, stations, places, orders, silences
        As for `assign_purpose`.
    counted
        The purposes that count.

    Returns
    -------
    DataFrame
        Key `rule`, in the order given: `stops` and `hours` that count, `hours_share` of all stops' hours,
        `hours_change_share`, hours by those of the first rule, less 1 (nan where these are 0), and hours of each
        purpose as `home_hours` and so on.

    Raises
    ------
    ColumnError, DataError, DatumError, ParameterError
        As `assign_purpose` does; also if there are no rules or a counted purpose is unknown.

    Notes
    -----
    O(rules s log s) for s stops: the cost of `assign_purpose` for each rule.

    Examples
    --------
    >>> import pandas as pd
    >>> stops = pd.DataFrame({
    ...     "stop_id": [0, 1], "courier_id": ["a", "a"], "lon": [114.05, 114.06], "lat": [22.54, 22.54],
    ...     "start": pd.to_datetime(["2024-05-06 05:50", "2024-05-06 08:00"], utc=True),
    ...     "end": pd.to_datetime(["2024-05-06 07:50", "2024-05-06 08:15"], utc=True),
    ...     "duration_s": [7200.0, 900.0], "n_fixes": [600, 75], "purpose": "unknown", "cut": False,
    ... })
    >>> from stationgeo.tracks import PurposeRule
    >>> rules = {"10 min": PurposeRule(), "20 min": PurposeRule(rest_min_s=1200)}
    >>> table = purpose_sensitivity(stops, rules=rules, tz="Asia/Shanghai")
    >>> table[["rule", "hours", "hours_change_share"]].round(3).to_dict("list")
    {'rule': ['10 min', '20 min'], 'hours': [2.25, 2.0], 'hours_change_share': [0.0, -0.111]}
    """
    if not rules:
        raise ParameterError("rules must name at least one rule. Got none.")
    wrong = [purpose for purpose in counted if purpose not in PURPOSES]
    if wrong:
        raise ParameterError(f"counted must be of {', '.join(PURPOSES)}. Got {first_few(wrong)} instead.")
    evidence = _evidence(stops, tz, stations, places, orders, silences)
    rows = []
    for name, rule in rules.items():
        counts = _purposes(stops, rule, evidence).counts
        those = counts[counts["purpose"].isin(counted)]
        hours = {f"{purpose}_hours": value for purpose, value in zip(PURPOSES, counts["hours"].tolist(), strict=True)}
        rows.append({"rule": name, "stops": int(those["stops"].sum()), "hours": float(those["hours"].sum())} | hours)
    table = pd.DataFrame(rows).astype({"rule": "str"})
    every = stops["duration_s"].sum() / _S_PER_HOUR
    first = float(table["hours"].iloc[0])
    table.insert(3, "hours_share", table["hours"] / every if every > 0 else np.nan)
    table.insert(4, "hours_change_share", table["hours"] / first - 1 if first > 0 else np.nan)
    return table


def _evidence(
    stops: pd.DataFrame,
    tz: str,
    stations: gpd.GeoDataFrame | None,
    places: pd.DataFrame | None,
    orders: pd.DataFrame | None,
    silences: pd.DataFrame | None,
) -> Evidence:
    _clock.check_tz(tz)
    validate(stops, STOPS)
    if orders is not None:
        validate(orders, ORDERS)
    if silences is not None:
        validate(silences, SILENCES)
    if places is not None:
        _check_places(places)
    return Evidence(tz=tz, stations=stations, places=places, orders=orders, silences=silences)


def _check_places(places: pd.DataFrame) -> None:
    missing = [name for name in ("lon", "lat", "purpose") if name not in places.columns]
    if missing:
        raise ColumnError(f"places: columns 'lon', 'lat' and 'purpose' are needed. {missing[0]!r} is missing.")
    wrong = ~places["purpose"].isin(PURPOSES)
    if wrong.any():
        raise DataError(
            f"places: purpose must be one of {', '.join(PURPOSES)}; {int(wrong.sum()):,} of {len(places):,} are not: "
            f"{first_few(places.loc[wrong, 'purpose'])}."
        )
    nowhere = places[["lon", "lat"]].isna().any(axis=1)
    if nowhere.any():
        raise DataError(f"places: lon and lat must not be missing; {int(nowhere.sum()):,} of {len(places):,} are.")


def _purposes(stops: pd.DataFrame, rule: Rule, evidence: Evidence) -> Purposes:
    said = rule(stops, evidence)
    missing = [name for name in ("purpose", "reason") if name not in said.columns]
    if missing or not said.index.equals(stops.index):
        what = f"column {missing[0]!r} is missing" if missing else f"its {len(said):,} rows are not the stops'"
        raise DataError(f"a rule must return purpose and reason of each of {len(stops):,} stops; {what}.")
    wrong = ~said["purpose"].isin(PURPOSES)
    if wrong.any():
        raise DataError(
            f"a rule must return one of {', '.join(PURPOSES)}; {int(wrong.sum()):,} of {len(stops):,} purposes are "
            f"not: {first_few(said.loc[wrong, 'purpose'])}."
        )
    table = stops.assign(purpose=said["purpose"].astype("str"), reason=said["reason"].astype("str"))
    hours = table["duration_s"] / _S_PER_HOUR
    of_purpose = hours.groupby(table["purpose"]).agg(["size", "sum"]).reindex(list(PURPOSES), fill_value=0)
    counts = pd.DataFrame(
        {
            "purpose": pd.Series(PURPOSES, dtype="str"),
            "stops": of_purpose["size"].to_numpy(dtype=np.int64),
            "hours": of_purpose["sum"].to_numpy(dtype=np.float64),
        }
    )
    every = float(hours.sum())
    counts["hours_share"] = counts["hours"] / every if every > 0 else np.nan
    grouped = hours.groupby([table["purpose"], table["reason"]]).agg(["size", "sum"]).reset_index()
    reasons = grouped.rename(columns={"size": "stops", "sum": "hours"}).astype({"stops": "int64", "hours": "float64"})
    return Purposes(table=table, counts=counts, reasons=reasons, rule=rule)
