"""What the headline of a study would be under other assumptions, one at a time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import coverage, crs, report
from stationgeo.study._demand import gather_demand
from stationgeo.study._ground import cut_pieces
from stationgeo.study._measure import Told
from stationgeo.study._privacy import is_exempt
from stationgeo.study._progress import Silent
from stationgeo.study._reach import reach_places
from stationgeo.study._score import score

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from stationgeo.coverage import Coverage, Run, Standard
    from stationgeo.schema import FloatArray
    from stationgeo.study._given import Given
    from stationgeo.study._model import Study
    from stationgeo.study._sections import Sensitivity

__all__ = ["Sensible", "try_others"]

# Draws of positions are the same in each run.
_SEED = 0


class Sensible(NamedTuple):
    """The headline under other assumptions."""

    table: pd.DataFrame
    """What `coverage.sensitivity_table` gives."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell the headline under each assumption."""
        return Told(chapters=(report.sensitivity_chapter(self.table, scored.unit),))


def try_others(given: Given) -> Sensible | None:
    """Score again under other assumptions, one at a time; None where the study does not ask.

    Cutoffs, speeds, unknown hours and levels of zones need the same demand. Resolutions, positions and longest stays
    make demand anew: of couriers that are told in pieces that would be another release, and is not done.
    """
    study, wanted = given.study, given.study.sensitivity
    if wanted is None:
        return None
    runs = list(_of_reach(given, wanted))
    anew = bool(wanted.resolutions or wanted.position_errors_m or wanted.longest_stays_s)
    if not anew:
        return Sensible(coverage.sensitivity_table(runs))
    if not is_exempt(study) and given.demanded.release is not None:
        note = (
            "sensitivity to resolution, position and longest stay is not told: couriers' demand would be cut into "
            "other pieces, which could be subtracted from these"
        )
        return Sensible(coverage.sensitivity_table(runs), (note,))
    return Sensible(coverage.sensitivity_table([*runs, *_of_demand(given, wanted)]))


def _of_reach(given: Given, wanted: Sensitivity) -> Iterator[Run]:
    """Vary the cutoff, the speed and what is not known."""
    study = given.study
    asked, own = study.reach, study.reach.cutoff_s or study.reach.cutoff_m or 0.0
    name = "cutoff_m" if asked.cutoff_s is None else "cutoff_s"
    # Twice as fast one gets as far as in twice the time, but for waits and the way to the street.
    at_speed = {factor: own * factor for factor in wanted.speed_factors} if asked.cutoff_s is not None else {}
    longest = max([own, *wanted.cutoffs, *at_speed.values()])
    far = study.model_copy(update={"reach": asked.model_copy(update={name: longest})})
    reached = reach_places(far, given.inputs.network, given.places.counted, access=given.places.access)
    by = given.standard or _plain(study)
    runs = coverage.vary(
        given.hourly if by.open_then else given.demanded.table, reached,
        cutoffs=[*wanted.cutoffs, *at_speed.values()], stations=given.places.every, zones=given.demanded.zones,
        weight=study.demand_weight, standard=by, offers=given.offers, catalogue=given.inputs.catalogue,
    )  # fmt: skip
    cut = iter([*(("cutoff", None) for _ in wanted.cutoffs), *(("speed", f"x {factor:g}") for factor in at_speed)])
    for run in runs:
        if run.varied == "cutoff":
            varied, value = next(cut)
            yield dataclasses.replace(run, varied=varied, value=value or run.value)
        else:
            yield run


def _of_demand(given: Given, wanted: Sensitivity) -> Iterator[Run]:
    """Vary the cells, the positions of stops and which stops count."""
    for resolution in wanted.resolutions:
        other = given.study.model_copy(update={"resolution": resolution})
        yield _again(dataclasses.replace(given, study=other), varied="resolution", value=str(resolution))
    if given.tracks is None:
        return
    counted = given.tracks.counted
    for metres in wanted.position_errors_m:
        yield _again(_stopping(given, _moved(counted, metres)), varied="position error", value=f"{metres:g} m")
    for longest_s in wanted.longest_stays_s:
        kept = counted[counted["duration_s"] <= longest_s]
        yield _again(_stopping(given, kept), varied="longest stay", value=f"{longest_s:g} s")


def _stopping(given: Given, counted: pd.DataFrame) -> Given:
    """Let other stops be demand."""
    tracks = None if given.tracks is None else dataclasses.replace(given.tracks, counted=counted)
    return dataclasses.replace(given, tracks=tracks)


def _again(given: Given, *, varied: str, value: str) -> Run:
    study, inputs, places = given.study, given.inputs, given.places
    pieces = cut_pieces(study, inputs, Silent())
    demanded = gather_demand(study, inputs, given.tracks, pieces)
    reached = reach_places(study, inputs.network, places.counted, access=places.access)
    other = dataclasses.replace(given, pieces=pieces, demanded=demanded, reached=reached)
    return coverage.run_of(score(other), varied=varied, value=value)


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
