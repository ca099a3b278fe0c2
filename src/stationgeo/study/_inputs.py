"""Reading all inputs of a study but its fixes: every file checked and reported before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stationgeo import io
from stationgeo.study._change import Change
from stationgeo.study._inputs_coverage import find_catalogue, read_for_coverage
from stationgeo.study._inputs_places import read_access, read_candidates, read_stations
from stationgeo.study._network import StreetsRead, read_network
from stationgeo.study._progress import unheard
from stationgeo.study._row_options import row_options
from stationgeo.study._territory import read_territory

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

    from stationgeo.io import Ingest, IngestReport
    from stationgeo.reach import Network
    from stationgeo.stations import Catalogue
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Step
    from stationgeo.study._sections import Drawn, KnownPlaces, Orders

__all__ = ["Inputs", "count_inputs", "read_for_index", "read_inputs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The tables of a study, read and checked, with a report for each source.

    Fixes are not among them: they are followed batch by batch, and only their report is here.
    """

    events: pd.DataFrame | None
    """EVENTS."""
    orders: pd.DataFrame | None
    """ORDERS, for purposes."""
    known_places: pd.DataFrame | None
    """PLACES, for purposes."""
    zones: gpd.GeoDataFrame | None
    """ZONES of all levels, the lowest one disjoint; None where the study names none."""
    stations: gpd.GeoDataFrame | None
    """STATIONS; None for a greenfield study."""
    access: gpd.GeoDataFrame | None
    """ACCESS_POINTS of the stations; None where they are met where they stand."""
    services: pd.DataFrame | None
    """SERVICES of the stations; None where the study names none."""
    catalogue: Catalogue | None
    """Services, needs and profiles of the study's own; None for those that ship."""
    overlays: gpd.GeoDataFrame | None
    """Zones that cross the tree: `zone_id`, `name` and polygons."""
    buildings: gpd.GeoDataFrame | None
    """Buildings, with the `amount` that each counts."""
    routes: gpd.GeoDataFrame | None
    """Lines of which the part in reach is measured."""
    workers: pd.DataFrame | None
    """WORKERS by unit; None where no target asks for them."""
    check_ins: pd.DataFrame | None
    """CHECK_INS: visits that were counted; None where the study names none."""
    candidates: gpd.GeoDataFrame | None
    """CANDIDATES of a file; None where they come from cells, or no siting is asked."""
    change: Change | None
    """What is changed to ask what if; None where nothing is."""
    network: Network | None
    """Streets to travel on; None where reach is by straight lines."""
    streets: gpd.GeoDataFrame | None
    """Lines to draw: those of the study, else of its network."""
    background: gpd.GeoDataFrame | None
    """Areas to draw."""
    reports: dict[str, IngestReport]
    """By input: what was read, dropped and repaired."""
    attribution: str
    """Whose data the map has to name, beside what the study says."""
    notes: tuple[str, ...]
    """What a reader of the results should know about the inputs."""


def count_inputs(study: Study) -> int:
    """Count the sources of a study, for a progress bar."""
    single = (study.events, study.orders, study.known_places, study.stations, study.services, study.overlays,
              study.buildings, study.routes, study.check_ins, study.network, study.streets, study.background,
              None if study.targets is None else study.targets.workers)  # fmt: skip
    named = study.candidates is not None and not study.candidates.from_cells
    asked = study.what_if
    changed = (None, None) if asked is None else (asked.stations, asked.blocked)
    doors = sum(one is not None and one.access is not None for one in (study.stations, changed[0]))
    return len(study.zones) + sum(source is not None for source in (*single, *changed)) + named + doors


def read_inputs(study: Study, *, step: Step) -> Inputs:
    """Read and check every source of a study but its fixes.

    Parameters
    ----------
    study
        What to read.
    step
        Called after each source.

    Returns
    -------
    Inputs
        Tables in WGS-84 and UTC.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the readers; also if kinds are unknown or the zones form no tree.
    """
    reports: dict[str, IngestReport] = {}
    events = None
    if study.events is not None:
        squares: dict[str, Any] = {"square_m": study.events.square_m, "square_deg": study.events.square_deg}
        read = io.read_events(study.resolve(study.events.path), **row_options(study, study.events), **squares)
        events, reports["events"] = read.table, read.report
        step()
    orders = _read_orders(study, study.orders, reports, step)
    known_places = _read_known_places(study, study.known_places, reports, step)
    territory, notes = read_territory(study, reports, step)
    catalogue = find_catalogue(study)
    places = read_stations(study, study.stations, reports, step, catalogue=catalogue)
    access = read_access(study, study.stations, reports, step)
    more = read_for_coverage(study, reports, step, catalogue=catalogue)
    candidates = read_candidates(study, study.candidates, reports, step, catalogue=catalogue)
    change = _read_change(study, reports, step, catalogue)
    changed = () if change is None else (change.stations, change.access)
    around = (territory, places, access, candidates, *changed)
    roads = _read_network(study, reports, around, step)
    streets = _read_drawn(study, study.streets, io.read_streets, "streets", reports, step)
    background = _read_drawn(study, study.background, io.read_background, "background", reports, step)
    return Inputs(
        events=events,
        orders=orders,
        known_places=known_places,
        zones=territory,
        stations=places,
        access=access,
        services=more.services,
        catalogue=catalogue,
        overlays=more.overlays,
        buildings=more.buildings,
        routes=more.routes,
        workers=more.workers,
        check_ins=more.check_ins,
        candidates=candidates,
        change=change,
        network=None if roads is None else roads.network,
        streets=roads.lines if streets is None and roads is not None else streets,
        background=background,
        reports=reports,
        attribution="" if roads is None else roads.attribution,
        notes=notes + _what_is_left_out(study),
    )


def read_for_index(study: Study) -> Inputs:
    """Read what stops need to be placed and judged: zones and, where purposes are asked for, what tells them.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the readers.
    """
    judged = study.stops is not None and study.stops.purpose is not None
    needed = study.model_copy(
        update=dict.fromkeys(
            ("events", "candidates", "siting", "network", "what_if", "streets", "background", "supply", "check_ins")
        )
        | ({} if judged else dict.fromkeys(("stations", "orders", "known_places")))
    )
    return read_inputs(needed, step=unheard)


def _read_orders(
    study: Study, source: Orders | None, reports: dict[str, IngestReport], step: Step
) -> pd.DataFrame | None:
    if source is None:
        return None
    named: dict[str, Any] = {"default_kind": source.default_kind, "kinds": source.kinds}
    read = io.read_orders(study.resolve(source.path), **row_options(study, source), **named)
    reports["orders"] = read.report
    step()
    return read.table


def _read_known_places(
    study: Study, source: KnownPlaces | None, reports: dict[str, IngestReport], step: Step
) -> pd.DataFrame | None:
    if source is None:
        return None
    read = io.read_known_places(
        study.resolve(source.path),
        datum=source.datum,
        columns=source.columns,
        default_purpose=source.default_purpose,
        purposes=source.purposes,
        where=source.where,
        bad_rows=source.bad_rows,
        encoding=source.encoding,
        personal=source.personal,
    )
    reports["known_places"] = read.report
    step()
    return read.table


def _read_change(
    study: Study, reports: dict[str, IngestReport], step: Step, catalogue: Catalogue | None
) -> Change | None:
    asked = study.what_if
    if asked is None:
        return None
    given = read_stations(study, asked.stations, reports, step, catalogue=catalogue, name="what_if.stations")
    access = read_access(study, asked.stations, reports, step, name="what_if.stations")
    blocked = _read_drawn(study, asked.blocked, io.read_background, "what_if.blocked", reports, step)
    return Change(close=asked.close, stations=given, access=access, blocked=blocked)


def _read_network(
    study: Study, reports: dict[str, IngestReport], places: tuple[gpd.GeoDataFrame | None, ...], step: Step
) -> StreetsRead | None:
    """Read the streets around zones, stations and candidates; all of them where a way may begin anywhere."""
    if study.network is None:
        return None
    anywhere = study.candidates is not None and study.candidates.from_cells and not study.zones
    known = [] if anywhere else [table for table in places if table is not None]
    roads = read_network(study, study.network, places=known)
    reports["network"] = roads.report
    step()
    return roads


def _read_drawn(
    study: Study,
    source: Drawn | None,
    reader: Callable[..., Ingest[gpd.GeoDataFrame]],
    name: str,
    reports: dict[str, IngestReport],
    step: Step,
) -> gpd.GeoDataFrame | None:
    if source is None:
        return None
    read = reader(study.resolve(source.path), datum=source.datum, crs=source.crs, encoding=source.encoding)
    reports[name] = read.report
    step()
    return read.table


def _what_is_left_out(study: Study) -> tuple[str, ...]:
    notes = []
    if study.stations is None:
        notes.append("no stations are given: a greenfield study, coverage before siting is 0")
    if not study.zones:
        notes.append("no zones are given: the convex hull of demand is the one unit, and areas are not scored")
    return tuple(notes)
