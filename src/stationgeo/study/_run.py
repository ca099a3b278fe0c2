"""Wiring the stages: tables flow from the inputs to coverage and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import reach
from stationgeo.study._given import gather
from stationgeo.study._measures import measure
from stationgeo.study._privacy import with_told_hours
from stationgeo.study._progress import Progress, Silent, whole
from stationgeo.study._reach import coarse_cells
from stationgeo.study._reading import read_study
from stationgeo.study._result import Result
from stationgeo.study._score import score
from stationgeo.study._siting import choose_sites
from stationgeo.study._streets import find_about_streets, met_places, with_track_speeds
from stationgeo.study._what_if import ask_what_if

if TYPE_CHECKING:
    from stationgeo.demand import Release
    from stationgeo.study._given import Given
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study

__all__ = ["check", "run"]


def check(study: Study, *, progress: Progress | None = None) -> Inputs:
    """Read and check every input of a study, and compute nothing.

    Parameters
    ----------
    study
        What to read.
    progress
        Somebody who wants to know how far it is.

    Returns
    -------
    Inputs
        The tables, and a report for each source.

    Raises
    ------
    StationgeoError
        Whatever is wrong with the inputs: `SourceError`, `ColumnError`, `DatumError` or `DataError`.

    Notes
    -----
    O(rows + vertices).

    Examples
    --------
    >>> from stationgeo.sample import city_dir
    >>> from stationgeo.study import Study
    >>> inputs = check(Study.read(city_dir() / "study.toml"))
    >>> inputs.reports["stations"].rows_kept
    83
    """
    return read_study(study, progress or Silent()).inputs


def run(study: Study, *, progress: Progress | None = None) -> Result:
    """Run a study: from its files to a scored coverage and, where it asks for them, ranked new sites.

    Parameters
    ----------
    study
        What to do.
    progress
        Somebody who wants to know how far it is.

    Returns
    -------
    Result
        All tables. `stationgeo.study.write` writes them into a folder.

    Raises
    ------
    StationgeoError
        Whatever is wrong with the inputs or the study, or `SitingError` where no plan can be found.

    Notes
    -----
    The same inputs and study give the same result; a solver that runs out of `time_limit_s` is the one exception, and
    says so by status "stopped". The cost is that of the stages, each of which states its own; siting is bounded by
    `time_limit_s`, everything else is O(n log n) in fixes, events, cells and reach.

    Examples
    --------
    >>> from stationgeo.sample import city_dir
    >>> from stationgeo.study import Study
    >>> result = run(Study.read(city_dir() / "study.toml"))
    >>> f"{result.headline['covered_share']:.1%}"
    '76.9%'
    """
    listener = progress or Silent()
    reading = read_study(study, listener)
    samples = reading.samples()
    inputs, said = with_track_speeds(study, reading.inputs, samples)
    given = gather(study, inputs, reading, listener)
    with whole(listener, "coverage"):
        scored = with_told_hours(score(given), _hiding(given))
    measured = measure(given, scored, listener)
    sited = choose_sites(given, listener)
    met = (*met_places("station", given.places.counted, given.reached), *sited.met)
    streets = find_about_streets(given, samples, met=met, said=said)
    changed = ask_what_if(given, scored)
    tracks, demanded, reached = given.tracks, given.demanded, given.reached
    return Result(
        study=study,
        inputs=inputs,
        tracks=tracks,
        demand=demanded.table,
        full_demand=demanded.full,
        by_purpose=demanded.by_purpose,
        release=demanded.release,
        pieces=given.pieces,
        reach=reach.as_table(reached),
        travel=reached if isinstance(reached, reach.TravelReach) else None,
        streets=streets,
        changed=changed,
        coverage=scored,
        measured=measured,
        plan=sited.plan,
        notes=(
            *given.notes,
            *(note for one in measured for note in one.notes),
            *(tracks.notes if tracks else ()),
            *demanded.notes,
            *coarse_cells(study, inputs.network),
            *(changed.notes if changed else ()),
            *sited.notes,
        ),
    )


def _hiding(given: Given) -> Release | None:
    """Give the release that hides hours; beside events, whose hours are known, those of couriers stay untold."""
    return given.demanded.release if given.inputs.events is None else None
