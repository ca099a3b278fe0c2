"""What the headline of a study would be under other assumptions, one at a time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import coverage, crs
from stationgeo.study._demand import gather_demand
from stationgeo.study._ground import cut_pieces
from stationgeo.study._privacy import is_exempt
from stationgeo.study._progress import Silent
from stationgeo.study._reach import reach_places
from stationgeo.study._score import scorer, with_hours

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from stationgeo.coverage import Run, Standard
    from stationgeo.schema import FloatArray
    from stationgeo.study._demand import Demanded
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._offers import Offering
    from stationgeo.study._score import Asked
    from stationgeo.study._sections import Sensitivity
    from stationgeo.study._tracks import Tracks

__all__ = ["Ran", "Sensible", "try_others"]

# Draws of positions are the same in each run.
_SEED = 0


class Ran(NamedTuple):
    """What a study was run on."""

    inputs: Inputs
    tracks: Tracks | None
    demanded: Demanded
    places: Places
    offering: Offering
    asked: Asked


class Sensible(NamedTuple):
    """The headline under other assumptions."""

    table: pd.DataFrame
    """What `coverage.sensitivity_table` gives."""
    notes: tuple[str, ...] = ()


def try_others(study: Study, ran: Ran) -> Sensible | None:
    """Score again under other assumptions, one at a time; None where the study does not ask.

    Cutoffs, speeds, unknown hours and levels of zones need the same demand. Resolutions, positions and longest stays
    make demand anew: of couriers that are told in pieces that would be another release, and is not done.
    """
    wanted = study.sensitivity
    if wanted is None:
        return None
    runs = list(_of_reach(study, ran, wanted))
    anew = bool(wanted.resolutions or wanted.position_errors_m or wanted.longest_stays_s)
    if not anew:
        return Sensible(coverage.sensitivity_table(runs))
    if not is_exempt(study) and ran.demanded.release is not None:
        note = (
            "sensitivity to resolution, position and longest stay is not told: couriers' demand would be cut into "
            "other pieces, which could be subtracted from these"
        )
        return Sensible(coverage.sensitivity_table(runs), (note,))
    return Sensible(coverage.sensitivity_table([*runs, *_of_demand(study, ran, wanted)]))


def _of_reach(study: Study, ran: Ran, wanted: Sensitivity) -> Iterator[Run]:
    """Vary the cutoff, the speed and what is not known."""
    asked, own = study.reach, study.reach.cutoff_s or study.reach.cutoff_m or 0.0
    name = "cutoff_m" if asked.cutoff_s is None else "cutoff_s"
    # Twice as fast one gets as far as in twice the time, but for waits and the way to the street.
    at_speed = {factor: own * factor for factor in wanted.speed_factors} if asked.cutoff_s is not None else {}
    longest = max([own, *wanted.cutoffs, *at_speed.values()])
    far = study.model_copy(update={"reach": asked.model_copy(update={name: longest})})
    reached = reach_places(far, ran.inputs.network, ran.places.counted, access=ran.places.access)
    by = ran.asked.standard or _plain(study)
    timed = by.open_then
    table = with_hours(ran.demanded.table, ran.demanded.release) if timed else ran.demanded.table
    runs = coverage.vary(
        table, reached, cutoffs=[*wanted.cutoffs, *at_speed.values()], stations=ran.places.every,
        zones=ran.demanded.zones, weight=study.demand_weight, standard=by,
        offers=None if ran.asked.standard is None else ran.offering.offers, catalogue=ran.inputs.catalogue,
    )  # fmt: skip
    cut = iter([*(("cutoff", None) for _ in wanted.cutoffs), *(("speed", f"x {factor:g}") for factor in at_speed)])
    for run in runs:
        if run.varied == "cutoff":
            varied, value = next(cut)
            yield dataclasses.replace(run, varied=varied, value=value or run.value)
        else:
            yield run


def _of_demand(study: Study, ran: Ran, wanted: Sensitivity) -> Iterator[Run]:
    """Vary the cells, the positions of stops and which stops count."""
    for resolution in wanted.resolutions:
        other = study.model_copy(update={"resolution": resolution})
        yield _again(other, ran, ran.tracks, varied="resolution", value=str(resolution))
    if ran.tracks is None:
        return
    for metres in wanted.position_errors_m:
        moved = dataclasses.replace(ran.tracks, counted=_moved(ran.tracks.counted, metres))
        yield _again(study, ran, moved, varied="position error", value=f"{metres:g} m")
    for longest_s in wanted.longest_stays_s:
        counted = ran.tracks.counted
        kept = dataclasses.replace(ran.tracks, counted=counted[counted["duration_s"] <= longest_s])
        yield _again(study, ran, kept, varied="longest stay", value=f"{longest_s:g} s")


def _again(study: Study, ran: Ran, tracks: Tracks | None, *, varied: str, value: str) -> Run:
    pieces = cut_pieces(study, ran.inputs, Silent())
    demanded = gather_demand(study, ran.inputs, tracks, pieces)
    reached = reach_places(study, ran.inputs.network, ran.places.counted, access=ran.places.access)
    score = scorer(study, ran.inputs, demanded, pieces, ran.asked)
    return coverage.run_of(score(reached, stations=ran.places.every), varied=varied, value=value)


def _moved(stops: pd.DataFrame, metres: float) -> pd.DataFrame:
    """Move stops by a normal error, the same in every run."""
    rng = np.random.default_rng(_SEED)
    lon, lat = (stops[name].to_numpy(dtype=np.float64) for name in ("lon", "lat"))
    east, north = crs.metres_per_degree(lat)
    errors: FloatArray = rng.normal(0.0, metres, (2, len(stops)))
    return stops.assign(lon=lon + errors[0] / east, lat=lat + errors[1] / north)


def _plain(study: Study) -> Standard:
    """Write down what a study without a standard asks for: any station within the cutoff, at any hour."""
    asked = study.reach
    return coverage.Standard(
        name="any station", version="1", zh="任一站点", en="any station", source="the study's [reach]",
        mode=asked.mode or "", cutoff_s=asked.cutoff_s, cutoff_m=asked.cutoff_m, detour_factor=asked.detour_factor,
        open_then=False,
    )  # fmt: skip
