"""What a rate would be, had other things been assumed: runs beside a base, as one table."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo.coverage._margin import check_ends, cut_at
from stationgeo.coverage._meet import impedance_of
from stationgeo.coverage._qualify import open_where_unknown
from stationgeo.coverage._score import score
from stationgeo.errors import DataError, ParameterError, first_few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import geopandas as gpd

    from stationgeo.coverage._result import Coverage
    from stationgeo.coverage._standard import Standard
    from stationgeo.reach import TravelReach
    from stationgeo.stations import Catalogue, Offers

__all__ = ["Run", "run_of", "sensitivity_table", "vary"]

COVERED = "covered_share"
MEAN_OF_ZONES = "mean_of_zones"
_FIELDS = ("figure", "varied", "value", "is_base", "demand", "share", "share_high")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One figure as it came out under one assumption."""

    varied: str
    """What was varied: "cutoff", "speed", "position error", "purpose rule", "resolution", "zone level", ..."""
    value: str
    """What it was set to, as people read it: "400 m", "12 km/h"."""
    share: float
    """The figure, were every unknown a no; nan where there is none."""
    share_high: float
    """The figure, were every unknown a yes."""
    demand: float
    """What it is a share of: purpose rules and position errors change this too."""
    figure: str = COVERED
    """Which: "covered_share" of demand, or "mean_of_zones", the plain mean of the shares of zones with demand."""
    is_base: bool = False
    """Whether others are held against it."""


def run_of(coverage: Coverage, *, varied: str, value: str, is_base: bool = False) -> Run:
    """Take the headline of a scored study as a run.

    Parameters
    ----------
    coverage
        What `score` gave under the assumption.
    varied
        What was varied.
    value
        What it was set to, as people read it.
    is_base
        Whether others are held against it.

    Returns
    -------
    Run
        Of the figure "covered_share".

    Notes
    -----
    O(1).

    Examples
    --------
    ::

        runs = [run_of(scored[r], varied="resolution", value=str(r), is_base=r == 10) for r in (9, 10, 11)]
    """
    head = coverage.headline
    return Run(
        varied=varied, value=value, share=head["covered_share"], share_high=head["covered_share_high"],
        demand=head["demand"], is_base=is_base,
    )  # fmt: skip


def sensitivity_table(runs: Iterable[Run]) -> pd.DataFrame:
    """Hold runs against their base.

    Parameters
    ----------
    runs
        Of each figure exactly one is the base; what was varied and its value name a run.

    Returns
    -------
    DataFrame
        Key (`figure`, `varied`, `value`), in the order given: `is_base`, `demand`, `share`, `share_high`; `delta` and
        `delta_high`, run - base, above 0 where the assumption makes coverage look better; `demand_ratio`, demand of
        the run / of the base; `swing`, of what was varied: the largest `share` - the smallest, the base among them.

    Raises
    ------
    DataError
        If there is no run, a figure has no base or several, or a run is there twice.

    Notes
    -----
    One thing at a time: what two assumptions do together is in none of it. A swing compares what was tried, so that
    values have to be as far apart as the assumption is unsure. nan where a share is. O(runs).

    Examples
    --------
    >>> runs = [
    ...     Run(varied="cutoff", value="300 m", share=0.5, share_high=0.75, demand=8.0, is_base=True),
    ...     Run(varied="cutoff", value="200 m", share=0.25, share_high=0.25, demand=8.0),
    ...     Run(varied="purpose rule", value="rests alone", share=0.625, share_high=0.75, demand=4.0),
    ... ]
    >>> sensitivity_table(runs)[["value", "delta", "demand_ratio", "swing"]].to_dict("list")
    {'value': ['300 m', '200 m', 'rests alone'], 'delta': [0.0, -0.25, 0.125], 'demand_ratio': [1.0, 1.0, 0.5], 'swing': [0.25, 0.25, 0.125]}
    """  # noqa: E501 - the example shows one table as it is
    rows = list(runs)
    if not rows:
        raise DataError("runs must not be empty: there is nothing to hold against a base.")
    table = pd.DataFrame([{name: getattr(run, name) for name in _FIELDS} for run in rows])
    _check_runs(table)
    base = table[table["is_base"]].set_index("figure")
    ours = base.loc[table["figure"]]
    for end in ("", "_high"):
        table[f"delta{end}"] = table[f"share{end}"] - ours[f"share{end}"].to_numpy()
    table["demand_ratio"] = table["demand"] / np.where(ours["demand"] > 0, ours["demand"], np.nan)
    with_base = table.assign(most=np.fmax(table["delta"], 0.0), least=np.fmin(table["delta"], 0.0))
    spans = with_base.groupby(["figure", "varied"])
    table["swing"] = spans["most"].transform("max") - spans["least"].transform("min")
    return table


def vary(
    demand: pd.DataFrame,
    reach: pd.DataFrame | TravelReach,
    *,
    cutoffs: Sequence[float],
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None,
    weight: str,
    standard: Standard | None = None,
    offers: Offers | None = None,
    catalogue: Catalogue | None = None,
) -> tuple[Run, ...]:
    """Score again under all assumptions that need no file to be read again.

    Parameters
    ----------
    demand
        DEMAND, of H3 cells of one resolution.
    reach
        REACH of the stations, or the `TravelReach` that holds it, made with the longest of the cutoffs.
    cutoffs
        Cutoffs to try in the place of the standard's, in its unit; none are fine.
    stations
        STATIONS; may have no rows.
    zones
        ZONES, the lowest level disjoint; None scores cells and stations alone.
    weight
        The column of demand that counts.
    standard
        Who counts as served: the base. None: any station in reach.
    offers
        What the stations offer in which hours, where the standard asks for it.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    tuple of Run
        The base first; "cutoff" for each given; "hours", were every station always open; "services", were none asked
        for; "unknown hours", were all that are not known open, services as they are for sure; "unknown hours and
        services", were all a yes. Of the figure "mean_of_zones", "zone level" for each, the lowest as the base.

    Raises
    ------
    ColumnError, DataError, DatumError
        As `score`.
    ParameterError
        As `score`; or if cutoffs are given without a standard, are not above 0, or go beyond what reach holds.

    Notes
    -----
    Rates are monotone: longer cutoffs, any hour, no services and unknowns taken for a yes never lower `share`. The mean
    of zones obeys no such law in the level, which is why it is told: it depends on where borders are drawn.
    O(runs x `score`).

    Examples
    --------
    Of a scored city, with what a study varies besides::

        runs = vary(demand, reach, cutoffs=[200, 400], stations=stations, zones=zones, weight="courier_s",
                    standard=standard("idle_750_m"))
        sensitivity_table([*runs, run_of(finer, varied="resolution", value="11")])
    """
    _check_cutoffs(reach, standard, cutoffs)
    scoring = partial(score, demand, stations=stations, zones=zones, weight=weight, catalogue=catalogue)
    base = scoring(reach, standard=standard, offers=offers)
    runs = [run_of(base, varied="", value="base", is_base=True)]
    for cutoff in cutoffs:
        way, by = cut_at(reach, standard, cutoff)
        found = scoring(way, standard=by, offers=offers)
        runs.append(run_of(found, varied="cutoff", value=f"{cutoff:g} {impedance_of(way)[-1]}"))
    if standard is not None:
        for varied, value, by, told in _looser(standard, offers):
            runs.append(run_of(scoring(reach, standard=by, offers=told), varied=varied, value=value))
        if offers is not None:
            known = dataclasses.replace(runs[0], share=runs[0].share_high, is_base=False)
            runs.append(dataclasses.replace(known, varied="unknown hours and services", value="all yes"))
    return (*runs, *_by_level(base))


def _looser(standard: Standard, offers: Offers | None) -> Iterator[tuple[str, str, Standard, Offers | None]]:
    """List what else may be asked: what is varied, its value, and what to score by."""
    if standard.open_then:
        yield "hours", "always open", dataclasses.replace(standard, open_then=False), offers
    if standard.services or standard.needs or standard.profile:
        yield "services", "none", dataclasses.replace(standard, services=(), needs=(), profile=""), offers
    if offers is not None and standard.open_then:
        yield "unknown hours", "all open", standard, open_where_unknown(offers)


def _by_level(base: Coverage) -> Iterator[Run]:
    """Take the plain mean of zones with demand, level by level."""
    own = base.zones[(base.zones["zone_id"] != "") & (base.zones["demand"] > 0)]
    for at, (level, zones) in enumerate(own.groupby("level", sort=False)):
        yield Run(
            varied="zone level", value=str(level), share=float(zones["covered_share"].mean()),
            share_high=float(zones["covered_share_high"].mean()), demand=float(zones["demand"].sum()),
            figure=MEAN_OF_ZONES, is_base=at == 0,
        )  # fmt: skip


def _check_runs(table: pd.DataFrame) -> None:
    n_bases = table.groupby("figure", sort=False)["is_base"].sum()
    wrong = n_bases[n_bases != 1]
    if len(wrong):
        raise DataError(
            f"runs: each figure needs exactly one base; {wrong.index[0]!r} has {int(wrong.iloc[0])}. Mark one by "
            "is_base=True."
        )
    twice = table.duplicated(["figure", "varied", "value"])
    if twice.any():
        raise DataError(
            f"runs: (figure, varied, value) must be unique, {int(twice.sum()):,} runs repeat an earlier one: "
            f"{first_few(table.loc[twice, 'value'])}. Name them by what they were set to."
        )


def _check_cutoffs(reach: pd.DataFrame | TravelReach, standard: Standard | None, cutoffs: Sequence[float]) -> None:
    if not len(cutoffs):
        return
    if standard is None:
        raise ParameterError("cutoffs take the place of a standard's: give standard=, or leave them out.")
    low = [cutoff for cutoff in cutoffs if not (np.isfinite(cutoff) and cutoff > 0)]
    if low:
        raise ParameterError(f"cutoffs must be finite numbers above 0. Got {first_few(low)}.")
    check_ends(reach, standard.cutoff_s or standard.cutoff_m or 0.0, max(cutoffs))
