"""Wiring the stages: tables flow from the inputs to coverage and sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import reach
from stationgeo.study._blanks import find_blanks
from stationgeo.study._criticality import ask_criticality
from stationgeo.study._demand import gather_demand
from stationgeo.study._equity import weigh_equity
from stationgeo.study._ground import cut_pieces, gather_places
from stationgeo.study._offers import find_as_of, find_offers, observed_days
from stationgeo.study._partial import ask_partial
from stationgeo.study._privacy import with_told_hours
from stationgeo.study._progress import Progress, Silent, whole
from stationgeo.study._reach import coarse_cells, reach_places
from stationgeo.study._reading import read_study
from stationgeo.study._result import Result
from stationgeo.study._score import Asked, measure, score_of, scorer
from stationgeo.study._sensitivity import Ran, try_others
from stationgeo.study._siting import choose_sites
from stationgeo.study._standard import standard_of
from stationgeo.study._streets import find_about_streets, met_places, with_track_speeds
from stationgeo.study._supply import ask_supply
from stationgeo.study._targets import hold_targets
from stationgeo.study._tracks import judge
from stationgeo.study._uncertainty import find_near_edge, find_uncertain
from stationgeo.study._use import compare_with_use
from stationgeo.study._what_if import ask_what_if

if TYPE_CHECKING:
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
    observed = observed_days(study, inputs, None if reading.followed is None else reading.followed.days(tz=study.tz))
    as_of, of_day = find_as_of(study, observed)
    places = gather_places(study, inputs, as_of)
    tracks = None if reading.followed is None else judge(study, reading.followed, inputs, places.every)
    pieces = cut_pieces(study, inputs, listener)
    with whole(listener, "demand"):
        demanded = gather_demand(study, inputs, tracks, pieces)
    with whole(listener, "reach"):
        reached = reach_places(study, inputs.network, places.counted, access=places.access)
    standard = standard_of(study)
    offering = find_offers(study, inputs, places.every, as_of=as_of, standard=standard)
    score = scorer(study, inputs, demanded, pieces, Asked(standard, as_of))
    with whole(listener, "coverage"):
        # Beside events, whose hours are known, the hours of couriers stay untold.
        release = demanded.release if inputs.events is None else None
        scored = with_told_hours(score(reached, stations=places.every), release)
        measures = measure(
            study, inputs, demanded, pieces, places=places.every, reached=reached, offering=offering, standard=standard
        )
        near_edge = find_near_edge(study, inputs, demanded)
        evenness = weigh_equity(study, inputs, demanded, scored, score_demand=score_of(
            study, inputs, demanded, pieces, Asked(standard, as_of), reached=reached, places=places.every
        ))  # fmt: skip
        held = hold_targets(study, inputs, demanded, pieces, places=places.every, scored=scored, hours=measures.hours)
        blanks = find_blanks(study, inputs, demanded, places, scored, standard)
        criticality = ask_criticality(study, inputs, demanded, places, reached, offering, standard)
        partial = ask_partial(study, inputs, demanded, places, reached, offering, standard)
        supplied = ask_supply(
            study, demanded, places=places.counted, reached=reached, offering=offering, standard=standard,
            catalogue=inputs.catalogue,
        )  # fmt: skip
        used = compare_with_use(study, inputs, supplied, places=places.counted)
    with whole(listener, "how sure"):
        uncertain = find_uncertain(study, inputs, demanded, places, reached, offering, standard)
        sensible = try_others(study, Ran(inputs, tracks, demanded, places, offering, Asked(standard, as_of)))
    sited = choose_sites(study, inputs, demanded, places, reached, standard, listener)
    met = (*met_places("station", places.counted, reached), *sited.met)
    streets = find_about_streets(study, inputs, samples, places=places, demanded=demanded, met=met, said=said)
    changed = ask_what_if(inputs, places, reached, scored, score)
    return Result(
        study=study,
        inputs=inputs,
        tracks=tracks,
        demand=demanded.table,
        full_demand=demanded.full,
        by_purpose=demanded.by_purpose,
        release=demanded.release,
        pieces=pieces,
        reach=reach.as_table(reached),
        travel=reached if isinstance(reached, reach.TravelReach) else None,
        streets=streets,
        changed=changed,
        coverage=scored,
        measures=measures,
        near_edge=near_edge,
        uncertain=uncertain,
        sensible=sensible,
        evenness=evenness,
        targets=held,
        blanks=blanks,
        criticality=criticality,
        partial=partial,
        supply=supplied,
        use=used,
        plan=sited.plan,
        notes=(
            *inputs.notes,
            *of_day,
            *places.notes,
            *measures.notes,
            *(uncertain.notes if uncertain else ()),
            *(sensible.notes if sensible else ()),
            *(supplied.notes if supplied else ()),
            *(used.notes if used else ()),
            *(tracks.notes if tracks else ()),
            *demanded.notes,
            *coarse_cells(study, inputs.network),
            *(changed.notes if changed else ()),
            *sited.notes,
        ),
    )
