"""Wiring the stages: tables flow from the inputs to coverage and sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from stationgeo import cells, coverage, crs, reach, schema, siting, stations, zones
from stationgeo.errors import DataError
from stationgeo.study._demand import gather_demand
from stationgeo.study._fixes import follow_fixes
from stationgeo.study._inputs import CELL_KIND, Inputs, count_inputs, read_inputs
from stationgeo.study._privacy import is_exempt, told_hours
from stationgeo.study._progress import Progress, Silent
from stationgeo.study._reach import coarse_cells, reach_places
from stationgeo.study._streets import find_about_streets, find_on_route, met_places, off_streets, track_network
from stationgeo.study._tracks import Tracks, judge
from stationgeo.study._watch import Samples, Watches
from stationgeo.study._what_if import Changed, try_change

if TYPE_CHECKING:
    import pandas as pd

    from stationgeo import index
    from stationgeo.coverage import Coverage
    from stationgeo.demand import Release
    from stationgeo.reach import TravelReach
    from stationgeo.report import Streets
    from stationgeo.siting import Siting
    from stationgeo.study._model import Study

__all__ = ["Result", "check", "run"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """All tables of a run, with the study that made them."""

    study: Study
    """What was asked."""
    inputs: Inputs
    """What was read, with its reports."""
    tracks: Tracks | None
    """Stops and what they were for; None where the study has no fixes."""
    demand: pd.DataFrame
    """DEMAND that coverage and sites are computed from, of all places. Of couriers it tells only pieces of at least
    `privacy.k`, spread back to cells, for an average week, unless the study is exempt."""
    full_demand: pd.DataFrame
    """DEMAND before anything was pooled or suppressed, to look at in the house: `write` writes nothing of it."""
    release: Release | None
    """The pieces that may be told of couriers; None where nothing needs to be suppressed."""
    pieces: pd.DataFrame | None
    """PIECES of the lowest level of zones; None where the study names none."""
    reach: pd.DataFrame
    """REACH of the existing stations that count: all but clusters."""
    travel: TravelReach | None
    """Where those stations and the cells meet the streets; None where reach is by straight lines."""
    streets: Streets | None
    """What was found out about the streets; None where reach is by straight lines."""
    changed: Changed | None
    """What coverage would be after the change that the study asks about; None where it asks for none."""
    coverage: Coverage
    """The scored coverage."""
    plan: Siting | None
    """The proposed sites; None where the study asks for none, or nothing is left to cover."""
    notes: tuple[str, ...]
    """What a reader of the results should know, one sentence each."""

    @property
    def stops(self) -> pd.DataFrame | None:
        """STOPS, those too that are no demand; None where the study has no fixes."""
        return None if self.tracks is None else self.tracks.stops

    @property
    def headline(self) -> dict[str, Any]:
        """The headline metrics of coverage, and of the plan where there is one."""
        head: dict[str, Any] = dict(self.coverage.headline)
        if self.plan is not None:
            plan = self.plan
            head |= {
                "n_sites": len(plan.sites),
                "siting_objective": plan.objective,
                "siting_bound": plan.bound,
                "siting_gap": plan.gap,
                "siting_status": plan.status,
                "covered_share_with_sites": (plan.existing_covered + plan.objective) / plan.total_demand,
            }
        return head

    def _repr_html_(self) -> str:
        plan = "" if self.plan is None else self.plan._repr_html_()
        return self.coverage._repr_html_() + plan


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
    return _read(study, progress or Silent())[0]


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
    inputs, fixes, watches = _read(study, listener)
    samples = Samples() if fixes is None or watches is None else watches.samples(fixes.stops)
    inputs, speed_notes = _with_track_speeds(study, inputs, samples)
    places = _stations(inputs)
    followed = None if fixes is None else judge(study, fixes, inputs, places)
    pieces = _pieces(study, inputs, listener)
    with listener.stage("demand", steps=1) as step:
        demanded = gather_demand(study, inputs, followed, pieces)
        step()
    territory, table = _territory(inputs, demanded.table)
    within, notes = _inside(table, study.demand_weight, pooled=demanded.release is not None)
    with listener.stage("reach", steps=1) as step:
        reached = reach_places(study, inputs.network, stations.counted(places), access=_of_counted(inputs, places))
        step()
    with listener.stage("coverage", steps=1) as step:
        score = partial(coverage.score, table, zones=territory, weight=study.demand_weight, pieces=pieces)
        scored = score(reached, stations=places)
        if demanded.release is not None and inputs.events is None:
            scored = replace(scored, bins=told_hours(demanded.release, scored))
        step()
    plan, siting_notes, sites = _plan(study, inputs, within, territory, places, reach.as_table(reached), listener)
    travel = reached if isinstance(reached, reach.TravelReach) else None
    met = [] if travel is None else [met_places("station", stations.counted(places), travel)]
    warning = coarse_cells(study, inputs.network)
    streets = _about_streets(
        study, inputs, places, table, met=[*met, *sites],
        samples=samples, said=speed_notes,
    )  # fmt: skip
    changed = None
    if inputs.change is not None and inputs.network is not None and travel is not None:
        changed = try_change(inputs.change, inputs.network, travel, places, scored, score)
    return Result(
        study=study,
        inputs=inputs,
        tracks=followed,
        demand=table,
        full_demand=demanded.full,
        release=demanded.release,
        pieces=pieces,
        reach=reach.as_table(reached),
        travel=travel,
        streets=streets,
        changed=changed,
        coverage=scored,
        plan=plan,
        notes=inputs.notes
        + (followed.notes if followed else ())
        + demanded.notes
        + notes
        + ((warning,) if warning else ())
        + ((changed.sentence,) if changed else ())
        + siting_notes,
    )


def _read(study: Study, listener: Progress) -> tuple[Inputs, index.Followed | None, Watches | None]:
    """Read every input; fixes last, because they are the most, and followed as they are read."""
    with listener.stage("read", steps=count_inputs(study)) as step:
        inputs = read_inputs(study, step=step)
    if study.fixes is None or study.store is not None:
        return inputs, None, None
    whole = study.on_route is not None or study.reach.track_speeds is not None
    watch = None
    if inputs.network is not None:
        watch = Watches(of_fixes=inputs.zones is not None, of_couriers=whole)
    followed, report = follow_fixes(study, listener=listener, watcher=watch)
    return replace(inputs, reports={"fixes": report} | inputs.reports), followed, watch


def _territory(inputs: Inputs, table: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the study's zones and demand placed in them; without zones, one unit around all demand holds it all."""
    if inputs.zones is not None:
        return inputs.zones, table
    corners = shapely.get_coordinates(cells.outlines(table["cell"].unique()))
    unit = zones.hull(corners[:, 0], corners[:, 1])
    return unit, table.assign(zone_id=unit["zone_id"].iloc[0])


def _pieces(study: Study, inputs: Inputs, listener: Progress) -> pd.DataFrame | None:
    """Cut cells along the zones; a hull has no pieces: a single far fix would make it a continent of cells."""
    if inputs.zones is None:
        return None
    with listener.stage("pieces", steps=1) as step:
        pieces = zones.pieces(inputs.zones, resolution=study.resolution)
        step()
    return pieces


def _inside(table: pd.DataFrame, weight: str, *, pooled: bool) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep the demand that the planner answers for, and say how much lies beyond the zones."""
    outside = table["zone_id"] == schema.OUTSIDE
    total, beyond = table[weight].sum(), table.loc[outside, weight].sum()
    if total > 0 and beyond >= total:
        raise DataError(
            f"no demand lies in the zones: all {total:,.0f} of {weight} are outside them. Are zones and demand of the "
            "same city, and is the datum of both declared rightly?"
        )
    if beyond <= 0:
        return table, ()
    drawn = "it is drawn where it was not pooled" if pooled else "it is drawn"
    note = f"{beyond / total:.1%} of all demand lies outside the zones: {drawn}, but no rate and no site counts it"
    return table[~outside], (note,)


def _stations(inputs: Inputs) -> gpd.GeoDataFrame:
    if inputs.stations is not None:
        return inputs.stations
    none = schema.empty(schema.STATIONS)
    return gpd.GeoDataFrame(none.drop(columns="geometry"), geometry=gpd.GeoSeries([], crs=crs.WGS84))


def _of_counted(inputs: Inputs, places: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Return the doors of the stations that count; those of clusters, which are only drawn, are left aside."""
    if inputs.access is None:
        return None
    clusters = places.loc[stations.is_cluster(places["kind"]), "station_id"]
    return inputs.access[~inputs.access["station_id"].isin(clusters)]


def _with_track_speeds(study: Study, inputs: Inputs, samples: Samples) -> tuple[Inputs, tuple[str, ...]]:
    """Give the streets the speeds that were seen, where the study asks for it."""
    if inputs.network is None or samples.of_couriers is None:
        return inputs, ()
    network, said = track_network(study, samples.of_couriers, inputs.network)
    return replace(inputs, network=network), said


def _about_streets(
    study: Study, inputs: Inputs, places: gpd.GeoDataFrame, table: pd.DataFrame, *, met: list[pd.DataFrame],
    samples: Samples, said: tuple[str, ...],
) -> Streets | None:  # fmt: skip
    """Say what was found out about the streets; None where reach is by straight lines."""
    network, territory = inputs.network, inputs.zones
    if network is None:
        return None
    counted, k = stations.counted(places), 1 if is_exempt(study) else study.privacy.k
    access = _of_counted(inputs, places)
    completeness, on_route = None, None
    if samples.of_fixes is not None and territory is not None:
        completeness, more = off_streets(samples.of_fixes, network, territory, k=k)
        said += more
    if samples.of_couriers is not None and study.on_route is not None:
        on_route, more = find_on_route(
            study, study.on_route, samples.of_couriers, network, counted, access=access, k=k
        )  # fmt: skip
        said += more
    return find_about_streets(
        study, network, places=met, stations=counted, access=access, demand=table, completeness=completeness,
        on_route=on_route, said=said,
    )  # fmt: skip


def _plan(
    study: Study,
    inputs: Inputs,
    table: pd.DataFrame,
    territory: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    reached: pd.DataFrame,
    listener: Progress,
) -> tuple[Siting | None, tuple[str, ...], list[pd.DataFrame]]:
    """Choose sites; also what to know of them, and how the candidates meet the streets."""
    if study.siting is None or study.candidates is None:
        return None, (), []
    with listener.stage("siting", steps=2) as step:
        candidates = inputs.candidates
        if candidates is None:
            blank = np.setdiff1d(table.loc[table[study.demand_weight] > 0, "cell"], reached["cell"])
            if blank.size == 0:
                return None, ("all demand is covered already: no site is proposed",), []
            candidates = siting.candidates_from_cells(
                blank, kind=study.candidates.default_kind or CELL_KIND, action=study.candidates.default_action
            )
        candidates = candidates.assign(
            zone_id=zones.locate(candidates.geometry.x.to_numpy(), candidates.geometry.y.to_numpy(), zones=territory)
        )
        candidate_reach = reach_places(study, inputs.network, candidates)
        step()
        plan = siting.maximal_cover(
            table,
            candidate_reach,
            n_stations=study.siting.n_stations,
            weight=study.demand_weight,
            existing=reached,
            candidates=candidates,
            stations=places,
            time_limit_s=study.siting.time_limit_s,
            gap=study.siting.gap,
        )
        step()
    if not isinstance(candidate_reach, reach.TravelReach):
        return plan, tuple(plan.notes), []
    return plan, tuple(plan.notes), [met_places("candidate", candidates, candidate_reach)]
