"""The streets of a study: read, cut to what can matter, and made the graph of the mode that it asks for."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import crs, io, reach
from stationgeo.errors import StudyError, suggest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from stationgeo.io import IngestReport, StreetTables
    from stationgeo.study._model import Study
    from stationgeo.study._sections import Network, Reach

    Box = tuple[float, float, float, float]

__all__ = ["StreetsRead", "mode_of", "read_network"]

# Nobody leaves a circle of one cutoff at top speed around a station; a second one keeps islands apart from streets
# that are only cut off there.
_MARGIN_CUTOFFS = 2.0

_HALF_TURN_DEG = 180.0

# Of more streets than this a map shows those that lead through the city: the others make it slow and no clearer.
_MOST_DRAWN = 20_000
_MAJOR = tuple(
    name + link for name in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
)
_OSM_ATTRIBUTION = "© OpenStreetMap contributors"
# Faster than so many times the mode's highest speed nobody is taken to have been (see `reach.speeds_from_tracks`).
_FASTEST_SEEN = 3.0
_OF_BUILDING = ("speeds_km_h", "closed", "tag_speeds_km_h", "tag_factors", "slope")


class StreetsRead(NamedTuple):
    """The streets of a study."""

    network: reach.Network
    """The graph of its mode."""
    report: IngestReport
    """What was read."""
    lines: gpd.GeoDataFrame | None
    """Streets to draw, with `highway`; None of a network that was built before."""
    attribution: str
    """Whose data it is, where that is known."""


def read_network(study: Study, source: Network, *, places: Sequence[gpd.GeoDataFrame]) -> StreetsRead:
    """Read the streets around everything that the study asks about, and build the graph of its mode.

    Parameters
    ----------
    study
        What to read.
    source
        Its network.
    places
        Where a way may begin or end: zones, stations, candidates. Streets farther off are not read, and none given
        means all of them.

    Returns
    -------
    StreetsRead
        The graph, lines to draw, and what was read; what befell the edges stands in the notes of its report.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the readers.
    StudyError
        If a network that was built before is of another mode, or classes of streets are unknown.
    """
    mode = mode_of(study.reach)
    built = None if source.path is None else Path(study.resolve(source.path))
    if built is not None and (built / "network.json").is_file():
        return StreetsRead(*_opened(built, source, study.reach), None, "")
    tables = _tables(study, source, _box(places, _radius_m(study.reach, mode)))
    network = reach.build_network(tables.edges, tables.nodes, mode=mode, slope=study.reach.slope)
    of_osm = source.place is not None or "way_id" in tables.edges.columns
    report = tables.report.adding(notes=_notes(network))
    return StreetsRead(network, report, _drawn(tables.edges), _OSM_ATTRIBUTION if of_osm else "")


def mode_of(asked: Reach) -> reach.Mode:
    """Take the mode from the shipped table, with the speeds of the study."""
    mode = reach.mode(asked.mode or "")
    known = set(reach.modes()["highway"])
    unknown = sorted({*asked.speeds_km_h, *asked.closed} - known)
    if unknown:
        raise StudyError(
            f"reach: speeds_km_h and closed must name classes of streets (values of OSM's highway). Got "
            f"{unknown[0]!r}; {suggest(unknown[0], sorted(known))}"
        )
    mode = mode.with_speeds(asked.speeds_km_h) if asked.speeds_km_h else mode
    for column, speeds in asked.tag_speeds_km_h.items():
        mode = mode.with_tag_speeds(column, speeds)
    for column, factors in asked.tag_factors.items():
        mode = mode.with_tag_factors(column, factors)
    left = {name: speed for name, speed in mode.speeds_km_h.items() if name not in asked.closed}
    return dataclasses.replace(mode, speeds_km_h=left)


def _opened(folder: Path, source: Network, asked: Reach) -> tuple[reach.Network, IngestReport]:
    """Open a network that was built before: its mode and speeds are what they were then."""
    odd = sorted(source.model_fields_set - {"path"}) + [
        f"reach.{name}" for name in _OF_BUILDING if name in asked.model_fields_set
    ]
    if odd:
        raise StudyError(f"network: {folder.name} is built already: leave {', '.join(odd)} out, or name its source.")
    network = reach.open_network(folder)
    if network.mode != asked.mode:
        raise StudyError(
            f"reach.mode must be that of the network {folder.name}, {network.mode!r}. Got {asked.mode!r} instead."
        )
    report = io.IngestReport(
        source=folder.name,
        files=tuple(io.SourceFile.of(path) for path in sorted(folder.iterdir())),
        rows_read=network.n_edges,
        rows_kept=network.n_edges,
        datum="WGS-84",
        notes=_notes(network),
    )
    return network, report


def _tables(study: Study, source: Network, box: Box | None) -> StreetTables:
    if source.place is not None:
        return io.download_network(
            source.place,
            cache_dir=study.resolve(source.cache or "overpass"),
            server=source.server,
            geocoder=source.geocoder,
        )
    return io.read_network(
        study.resolve(source.path or ""),
        datum=source.datum,
        crs=source.crs,
        columns=source.columns,
        directed=source.directed,
        nodes=None if source.nodes is None else study.resolve(source.nodes),
        tolerance_m=source.tolerance_m,
        within=box,
        bad_rows=source.bad_rows,
        encoding=source.encoding,
    )


def _drawn(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Take the streets to draw: of many, those that lead through the city."""
    lines = edges[["highway", "geometry"]]
    return lines if len(lines) <= _MOST_DRAWN else lines[lines["highway"].isin(_MAJOR)].reset_index(drop=True)


def _radius_m(asked: Reach, mode: reach.Mode) -> float:
    # Factors of tags that multiply, and the fastest way down a slope, may speed one up.
    tagged = [rule.amount for rule in mode.tag_rules if rule.effect == "speed_km_h"]
    faster = [max(1.0, *factors.values()) for factors in asked.tag_factors.values()]
    top_km_h = max([mode.opened_km_h, *mode.speeds_km_h.values(), *tagged]) * math.prod(faster)
    # Steps and ferries keep their speed on any grade.
    top_km_h *= max(1.0, mode.slope.highest_factor) if asked.slope and mode.slope is not None else 1.0
    top_km_h *= _FASTEST_SEEN if asked.track_speeds is not None else 1.0
    return (asked.cutoff_s or 0.0) * top_km_h / 3.6


def _box(places: Sequence[gpd.GeoDataFrame], radius_m: float) -> Box | None:
    """Draw the box that holds every street that can matter; None where that is not known, or it crosses 180 degrees."""
    boxes = [one.total_bounds for one in places if len(one)]
    if not boxes:
        return None
    west, south = np.min([box[:2] for box in boxes], axis=0)
    east, north = np.max([box[2:] for box in boxes], axis=0)
    per_lon, per_lat = crs.metres_per_degree(np.array([south, north]))
    wide, high = (_MARGIN_CUTOFFS * radius_m / float(per_degree.min()) for per_degree in (per_lon, per_lat))
    if west - wide < -_HALF_TURN_DEG or east + wide > _HALF_TURN_DEG:
        return None
    return float(west - wide), float(south - high), float(east + wide), float(north + high)


def _notes(network: reach.Network) -> tuple[str, ...]:
    befell = ", ".join(f"{what}: {number:,}" for what, number in network.counts.items() if number)
    parts = network.strong_nodes
    whole = f"{float(parts[0]) / network.n_nodes:.1%} of nodes in the largest" if network.n_nodes else "no node"
    return (
        f"{network.mode}: {network.n_edges:,} edges, {network.length_m.sum() / 1000:,.1f} km; {befell}",
        f"{parts.size:,} parts in which one gets there and back, {whole}",
    )
