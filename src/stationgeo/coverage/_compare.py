"""Before and after, or one plan and another, on one scale: every delta is after - before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stationgeo import cells as h3_cells
from stationgeo.coverage._breaks import common_breaks, symmetric_breaks
from stationgeo.coverage._rate_tables import KEYS, PLACES, Rates, rates_of
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from stationgeo.coverage._rate_tables import HoldsRates

__all__ = ["CHANGES", "Comparison", "compare"]

CHANGES = ("winner", "loser", "same", "undecided", "undefined", "appeared", "vanished")
"""What may have become of a row."""

SCALE = ("weight", "impedance", "unit", "resolution", "standard", "bins", "cutoff_m", "cutoff_s", "mode", "denominator")
"""Parameters that have to be the same on both sides, or the rates are not on one scale."""

# Differences of shares that are smaller are rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What changed between two tables of rates, with what they differ in."""

    changes: pd.DataFrame
    """Key as the tables' (of `rate`, `by`, `item`, `level`, `zone_id`, `cell`, `bin`, `group` those that both have);
    `numerator`, `denominator` and `share` with `_before` and `_after`, `delta_numerator`, `delta_denominator`,
    `delta_share`; `demand_affected` (of the delta of the numerator, the part that comes from the share) and `by_demand`
    (the rest, which comes from the denominator); `change`, one of `CHANGES`. Where a table has ranges also
    `share_high_before`, `share_high_after`, `delta_share_high` (every unknown a yes on both sides), `delta_least` and
    `delta_most` (whatever the unknowns are)."""
    winners: pd.DataFrame
    """The rows of `changes` that became better, most demand affected first."""
    losers: pd.DataFrame
    """The rows that became worse, most demand affected first."""
    appeared: pd.DataFrame
    """The rows that only `after` has."""
    vanished: pd.DataFrame
    """The rows that only `before` has."""
    summary: pd.DataFrame
    """Key: the tables' key without places; how many rows are each of `CHANGES`, `demand_won` and `demand_lost`
    (affected, both 0 or more), numerators, denominators and shares `_before` and `_after` of all rows,
    `delta_share`."""
    differences: pd.DataFrame
    """`parameter`, `before`, `after`, and `allowed`: what the two were computed with that is not the same."""
    share_breaks: tuple[float, ...]
    """Classes for maps of the shares of both sides; see `common_breaks`."""
    delta_breaks: tuple[float, ...]
    """Classes for a map of the deltas, 0 in the middle; see `symmetric_breaks`."""
    parameters: dict[str, Any]
    """`better`, `least_change`, `allow`, `key`."""

    def _repr_html_(self) -> str:
        number = {name: int((self.changes["change"] == name).sum()) for name in CHANGES}
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(name)}</td><td style='text-align:right'>{count:,}</td></tr>"
            for name, count in number.items()
            if count
        )
        return f"<b>Comparison</b>, after - before; {self.parameters['better']} is better<table>{rows}</table>"


def compare(
    before: HoldsRates,
    after: HoldsRates,
    *,
    better: Literal["higher", "lower"],
    least_change: float,
    parameters: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None,
    allow: Collection[str] = (),
    places: Literal["zones", "cells"] = "zones",
) -> Comparison:
    """Compare two tables of rates, or two results that hold them.

    Parameters
    ----------
    before, after
        Long tables with `numerator`, `denominator`, optional `numerator_high`, and a key of some of `rate`, `by`,
        `item`, `level`, `zone_id`, `cell`, `bin`, `group`; or a result that has such a table (`rates`), a
        `Coverage`, or the result of a study.
    better
        Whether "higher" or "lower" shares are better.
    least_change
        Shares that differ by no more are the same; 0 to 1.
    parameters
        What tables (not results, which tell by themselves) were computed with, before and after.
    allow
        Parameters that may differ although they make another scale ("weight"), and columns of the key whose words may
        be others on both sides ("item").
    places
        Of a `Coverage`, whether its "zones" or its "cells" are compared.

    Returns
    -------
    Comparison
        Changes row by row, winners, losers, what appears or vanishes, a summary, and classes for maps.

    Raises
    ------
    ColumnError
        If numerator, denominator or every column of a key is missing.
    DataError
        If a key repeats, a numerator or denominator is negative or missing, or no place is in both.
    ParameterError
        If the two are not on one scale (weight, unit, resolution, standard, ..., words of the key) and this is not
        allowed, or a parameter is outside its domain.

    Notes
    -----
    Shares are numerator / denominator, nan where there is nothing to divide by: such a row is "undefined", not 0. With
    n the numerators, d the denominators, s the shares and 0, 1 before and after:

        n1 - n0 = (s1 - s0) (d0 + d1) / 2 + (d1 - d0) (s0 + s1) / 2

    The first term is the demand affected by the change of the share, the second what the change of demand brought. A
    row wins if its share is better by more than `least_change`, with every unknown a no and with every unknown a yes on
    both sides; it is "undecided" if these two disagree. That takes unknowns for the same on both sides; `delta_least`
    and `delta_most` do not. Exchanging the two sides changes the sign of every delta, and nothing else.
    O(rows log rows).

    Examples
    --------
    >>> rows = {"level": "street", "zone_id": ["A", "B"], "denominator": [100.0, 50.0]}
    >>> before = pd.DataFrame({**rows, "numerator": [20.0, 25.0]})
    >>> found = compare(before, before.assign(numerator=[60.0, 20.0]), better="higher", least_change=0.01)
    >>> found.winners[["zone_id", "delta_share", "demand_affected"]].round(9).to_numpy().tolist()
    [['A', 0.4, 40.0]]
    >>> found.losers["zone_id"].tolist(), float(found.summary["delta_share"].iloc[0].round(3))
    (['B'], 0.233)
    """
    _check_call(better, least_change)
    given = parameters or ({}, {})
    sides = [rates_of(one, places=places, parameters=told) for one, told in zip((before, after), given, strict=True)]
    differences = _differences(sides[0], sides[1], allow)
    key = [name for name in KEYS if name in sides[0].table.columns and name in sides[1].table.columns]
    _check_key(sides[0], sides[1], key, allow)
    changes = _changes(sides[0], sides[1], key, better=better, least_change=float(least_change))
    by_demand = changes.sort_values("demand_affected", key=np.abs, ascending=False, kind="stable")
    picked = {
        name: by_demand[by_demand["change"] == name].reset_index(drop=True)
        for name in ("winner", "loser", "appeared", "vanished")
    }
    return Comparison(
        changes=changes,
        winners=picked["winner"],
        losers=picked["loser"],
        appeared=picked["appeared"],
        vanished=picked["vanished"],
        summary=_summary(changes, [name for name in key if name not in PLACES]),
        differences=differences,
        share_breaks=common_breaks(changes["share_before"], changes["share_after"]),
        delta_breaks=symmetric_breaks(changes["delta_share"]),
        parameters={"better": better, "least_change": float(least_change), "allow": sorted(allow), "key": key},
    )


def _check_call(better: str, least_change: float) -> None:
    if better not in {"higher", "lower"}:
        raise ParameterError(f"better must be 'higher' or 'lower'. Got {better!r}.")
    if not 0 <= least_change <= 1:
        raise ParameterError(f"least_change must be a share from 0 to 1. Got {least_change!r}.")


def _differences(before: Rates, after: Rates, allow: Collection[str]) -> pd.DataFrame:
    """List the parameters that differ; refuse those that make another scale."""
    names = sorted({*before.parameters, *after.parameters})
    rows = [
        {"parameter": name, "before": str(sides[0]), "after": str(sides[1]), "allowed": name in allow}
        for name in names
        if (sides := [side.parameters.get(name, "not told") for side in (before, after)])[0] != sides[1]
    ]
    wrong = [row for row in rows if row["parameter"] in SCALE and not row["allowed"]]
    if wrong:
        told = ", ".join(f"{row['parameter']} ({row['before']} before, {row['after']} after)" for row in wrong)
        raise ParameterError(
            f"before and after must be on one scale. They differ in {told}. Compute both with the same, or say "
            f"allow={[str(row['parameter']) for row in wrong]!r} if that is what is compared."
        )
    return pd.DataFrame(rows, columns=["parameter", "before", "after", "allowed"])


def _check_key(before: Rates, after: Rates, key: list[str], allow: Collection[str]) -> None:
    """Insist on the same words in the key; places alone may appear and vanish."""
    lone = [name for name in KEYS if (name in before.table.columns) != (name in after.table.columns)]
    if lone or not key:
        raise ParameterError(
            f"before and after must have the same key. Only one of them has {first_few(lone) or 'one at all'}; known "
            f"columns of a key are {', '.join(KEYS)}."
        )
    for name in key:
        ours, theirs = (set(side.table[name].unique().tolist()) for side in (before, after))
        if name in PLACES:
            if name == "cell" and ours and theirs:
                resolutions = [h3_cells.resolution_of(side.table[name].to_numpy()) for side in (before, after)]
                if resolutions[0] != resolutions[1]:
                    raise ParameterError(
                        f"cells must be of one resolution. Got {resolutions[0]} before and {resolutions[1]} after."
                    )
            if ours and theirs and not ours & theirs:
                raise DataError(
                    f"no {name} is in both: before has {first_few(sorted(map(str, ours)))}, after has "
                    f"{first_few(sorted(map(str, theirs)))}. Compare results of the same places."
                )
        elif ours != theirs and name not in allow:
            raise ParameterError(
                f"before and after must have the same words in {name!r}. Only one has "
                f"{first_few(sorted(map(str, ours ^ theirs)))}. Leave them out, or say "
                f"allow=[{name!r}]."
            )


def _changes(before: Rates, after: Rates, key: list[str], *, better: str, least_change: float) -> pd.DataFrame:
    high = "numerator_high" in before.table.columns or "numerator_high" in after.table.columns
    columns = [*key, "numerator", "denominator", "share", *(["share_high"] if high else [])]
    names = [side.table[[*key, "name"]] for side in (after, before) if "name" in side.table.columns]
    joined = before.table.assign(share_high=before.share_high)[columns] if high else before.table[columns]
    other = after.table.assign(share_high=after.share_high)[columns] if high else after.table[columns]
    both = joined.merge(other, on=key, how="outer", suffixes=("_before", "_after"), indicator="_from", sort=False)
    for name in ("numerator", "denominator", "share"):
        both[f"delta_{name}"] = both[f"{name}_after"] - both[f"{name}_before"]
    both["demand_affected"] = both["delta_share"] * (both["denominator_before"] + both["denominator_after"]) / 2.0
    both["by_demand"] = both["delta_denominator"] * (both["share_before"] + both["share_after"]) / 2.0
    scenarios = [both["delta_share"]]
    if high:
        both["delta_share_high"] = both["share_high_after"] - both["share_high_before"]
        both["delta_least"] = both["share_after"] - both["share_high_before"]
        both["delta_most"] = both["share_high_after"] - both["share_before"]
        scenarios.append(both["delta_share_high"])
    both["change"] = _verdict(scenarios, both["_from"], better=better, least_change=least_change)
    if names:
        known = pd.concat(names).drop_duplicates(key)
        both = both.merge(known, on=key, how="left")
    return both.drop(columns="_from")


def _verdict(
    scenarios: list[pd.Series[Any]], source: pd.Series[Any], *, better: str, least_change: float
) -> pd.Series[Any]:
    """Say what became of each row; scenarios that disagree leave it undecided."""
    sign = 1.0 if better == "higher" else -1.0
    least = max(least_change, 0.0) + _ROUNDING
    sides = np.stack([np.select([sign * d > least, sign * d < -least], [1.0, -1.0], 0.0) for d in scenarios])
    missing = np.isnan(np.stack([delta.to_numpy(dtype=np.float64) for delta in scenarios])).any(axis=0)
    agree = (sides == sides[0]).all(axis=0)
    conditions = [source == "right_only", source == "left_only", missing, ~agree, sides[0] > 0, sides[0] < 0]
    words = ["appeared", "vanished", "undefined", "undecided", "winner", "loser"]
    return pd.Series(np.select(conditions, words, "same"), index=source.index, dtype="str")


def _summary(changes: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    groups: Any = changes.groupby(key, sort=False) if key else [((), changes)]
    rows = []
    for words, own in groups:
        affected = own["demand_affected"].abs()
        sums = {
            f"{part}_{side}": float(own[f"{part}_{side}"].sum())
            for side in ("before", "after")
            for part in ("numerator", "denominator")
        }
        shares = {
            side: sums[f"numerator_{side}"] / sums[f"denominator_{side}"]
            if sums[f"denominator_{side}"] > 0
            else math.nan
            for side in ("before", "after")
        }
        rows.append(
            {
                **dict(zip(key, words, strict=True)),
                **{f"n_{name}": int((own["change"] == name).sum()) for name in CHANGES},
                "demand_won": float(affected[own["change"] == "winner"].sum()),
                "demand_lost": float(affected[own["change"] == "loser"].sum()),
                **sums,
                "share_before": shares["before"],
                "share_after": shares["after"],
                "delta_share": shares["after"] - shares["before"],
            }
        )
    return pd.DataFrame(rows)
