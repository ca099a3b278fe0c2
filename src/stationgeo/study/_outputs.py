"""A result into a folder: the files that a planner keeps, signs and sends on."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from stationgeo import cells, maps, reach, report, schema, stations
from stationgeo.study._manifest import flat_parameters, manifest
from stationgeo.study._privacy import log_release
from stationgeo.study._progress import Progress, Silent
from stationgeo.study._reach import way_options
from stationgeo.study._staging import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage import Coverage
    from stationgeo.io import IngestReport
    from stationgeo.reach import Network
    from stationgeo.report import Chapter
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._result import Result

__all__ = ["write", "write_ingest"]


def write(result: Result, out: str | Path, *, progress: Progress | None = None) -> tuple[Path, ...]:
    """Write a result into a folder.

    Parameters
    ----------
    result
        What `run` returned.
    out
        The folder; made if it is not there. Files of the same names are replaced once all are written, so that an
        interruption leaves the old ones or the new ones; other files are left alone.
    progress
        Somebody who wants to know how far it is.

    Returns
    -------
    tuple of Path
        The files: demand.parquet, cells.parquet, zones.parquet, zones.xlsx, stations.parquet, release.parquet and
        release_hours.parquet (where couriers are told in pieces), sites.geojson and sites.xlsx (where sites were asked
        for), isochrones.geojson (where bands are), streets.xlsx (where reach is over streets), rates.parquet,
        services.parquet and services_by_hour.parquet (where the study tells what stations offer, and when),
        stations_open.parquet (where it tells when they are open),
        equity.parquet (where there are zones), blank_spots.geojson, targets.parquet, criticality.parquet,
        criticality_zones.parquet, partial.parquet, access.parquet, supply.parquet and use_residuals.geojson (where they
        are asked for), coverage.xlsx, coverage.html, report.md, ingest.json, manifest.json.

    Raises
    ------
    SourceError
        If the folder cannot be written.

    Notes
    -----
    The same result gives the same bytes: no file holds a time or a path of the machine. O(rows).

    Examples
    --------
    ::

        result = run(Study.read("study.toml"))
        write(result, "out")
    """
    writers = _writers(result)
    # The log is written first: what is told without it could be told otherwise tomorrow, and nobody would know.
    if result.release is not None:
        log_release(result.study, result.release)
    with (progress or Silent()).stage("write", steps=len(writers)) as step, staged(out) as (folder, finish):
        for name, writer in writers.items():
            writer(folder / name)
            step()
        return finish()


def write_ingest(inputs: Inputs, out: str | Path) -> Path:
    """Write ingest.json alone: what was read, dropped, repaired and noted, by input.

    Parameters
    ----------
    inputs
        What `check` returned.
    out
        The folder; made if it is not there.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SourceError
        If the folder cannot be written.

    Notes
    -----
    O(sources).

    Examples
    --------
    ::

        write_ingest(check(Study.read("study.toml")), "out")
    """
    with staged(out) as (folder, finish):
        report.write_json(folder / "ingest.json", _ingest(inputs.reports, inputs.notes))
        return finish()[0]


def _writers(result: Result) -> dict[str, Callable[[Path], None]]:
    """Say how each file is written, in order."""
    plan = result.plan
    sheets = report.zone_sheets(result.coverage, result.headline)
    writers: dict[str, Callable[[Path], None]] = {
        "demand.parquet": lambda path: result.demand.to_parquet(path, index=False),
        "cells.parquet": lambda path: _cell_table(result).to_parquet(path, index=False),
        "zones.parquet": lambda path: result.coverage.zones.to_parquet(path, index=False),
        "zones.xlsx": lambda path: report.write_workbook(path, sheets),
        "stations.parquet": lambda path: result.coverage.stations.to_parquet(path, index=False),
    }
    release = result.release
    if release is not None:
        writers["release.parquet"] = lambda path: release.table.to_parquet(path, index=False)
        writers["release_hours.parquet"] = lambda path: release.hours.to_parquet(path, index=False)
    if plan is not None:
        rows = report.site_sheets(plan, result.coverage, catalogue=result.inputs.catalogue)
        writers["sites.geojson"] = lambda path: report.write_geojson(path, plan.sites)
        writers["sites.xlsx"] = lambda path: report.write_workbook(path, rows)
    network = result.inputs.network
    if network is not None and result.study.reach.bands_s:
        writers["isochrones.geojson"] = lambda path: report.write_geojson(path, _isochrones(result, network))
    if result.streets is not None:
        changed = None if result.changed is None else result.changed.zones
        found = report.street_sheets(result.streets, unit=result.coverage.unit, what_if=changed)
        writers["streets.xlsx"] = lambda path: report.write_workbook(path, found)
    told = [one.tell(result.coverage) for one in result.measured]
    chapters = [chapter for one in told for chapter in one.chapters]
    measures = report.chapter_sheets(chapters, result.coverage.unit)
    for one in told:
        writers |= one.files
    writers["coverage.xlsx"] = lambda path: report.write_workbook(path, measures)
    writers["coverage.html"] = lambda path: _map(result).save(str(path))
    writers["report.md"] = lambda path: _write_text(path, _text(result, chapters))
    writers["ingest.json"] = lambda path: report.write_json(path, _ingest(result.inputs.reports, result.notes))
    writers["manifest.json"] = lambda path: report.write_json(path, manifest(result, told))
    return writers


def _isochrones(result: Result, network: Network) -> gpd.GeoDataFrame:
    """Draw how far stations reach over the streets, each by itself."""
    asked = result.study.reach
    reached = reach.reached_streets(
        stations.counted(result.coverage.stations, catalogue=result.inputs.catalogue),
        network,
        bands_s=asked.bands_s,
        direction=asked.direction,
        **way_options(result.study),
    )
    return reach.street_isochrones(reached)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _cell_table(result: Result) -> pd.DataFrame:
    table = result.coverage.cells
    lon, lat = cells.centres(table["cell"].to_numpy())
    return table.assign(h3=cells.to_text(table["cell"].to_numpy()), lon=lon, lat=lat)


def _map(result: Result) -> Any:  # noqa: ANN401 - folium has no types
    study = result.study
    return maps.coverage_map(
        _drawn(result),
        result.plan,
        streets=result.inputs.streets,
        background=result.inputs.background,
        title=study.map.title or study.name,
        language=study.map.language,
        attribution=_attribution(study.map.attribution, result.inputs.attribution),
        cutoff=study.reach.in_words_of(study.map.language),
        catalogue=result.inputs.catalogue,
    )


def _attribution(said: str, owed: str) -> str:
    """Name whose data the map shows, also where the study does not say it: licences ask for it."""
    return said if owed in said else "; ".join(name for name in (said, owed) if name)


def _drawn(result: Result) -> Coverage:
    """Leave out what was pooled beyond the zones: spread over square kilometres it would draw land that nobody saw."""
    scored, release = result.coverage, result.release
    if release is None or result.inputs.zones is None:
        return scored
    finest = release.table.loc[release.table["resolution"] == result.study.resolution, "cell"]
    table = scored.cells
    shown = (table["zone_id"] != schema.OUTSIDE) | table["covered"] | table["cell"].isin(finest)
    return dataclasses.replace(scored, cells=table[shown].reset_index(drop=True))


def _text(result: Result, chapters: Sequence[Chapter]) -> str:
    return report.markdown(
        result.coverage,
        result.plan,
        title=result.study.name,
        cutoff=result.study.reach.in_words,
        interval="" if result.uncertain is None else result.uncertain.in_words,
        parameters=flat_parameters(result.study.model_dump(mode="json")),
        reports=result.inputs.reports,
        notes=result.notes,
        streets=result.streets,
        chapters=chapters,
        catalogue=result.inputs.catalogue,
    )


def _ingest(reports: Mapping[str, IngestReport], notes: tuple[str, ...]) -> dict[str, Any]:
    return {"inputs": {name: one.to_dict() for name, one in reports.items()}, "notes": list(notes)}
