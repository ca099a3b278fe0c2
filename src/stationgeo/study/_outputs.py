"""A result into a folder: the files that a planner keeps, signs and sends on."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo import cells, maps, reach, report, schema, stations
from stationgeo.errors import SourceError
from stationgeo.study._chapters import tell_measures
from stationgeo.study._measure_files import measure_files
from stationgeo.study._privacy import log_release
from stationgeo.study._progress import Progress, Silent
from stationgeo.study._reach import way_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import geopandas as gpd

    from stationgeo.coverage import Coverage
    from stationgeo.io import IngestReport
    from stationgeo.reach import Network
    from stationgeo.report import Chapter
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._result import Result

__all__ = ["check_out", "flat_parameters", "staged", "write", "write_ingest"]

# What changes results when its version changes.
_VERSIONED = (
    "stationgeo",
    "folium",
    "geopandas",
    "h3",
    "highspy",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pyproj",
    "shapely",
)


_OTHER_OUT = "Choose another --out."


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


def check_out(out: str | Path) -> None:
    """Insist that a folder can be written, before work is put into what shall go there; nothing is made.

    Parameters
    ----------
    out
        The folder; it need not be there.

    Raises
    ------
    SourceError
        If it cannot.

    Notes
    -----
    It asks what permissions say of the folder, or of the nearest one above that is there. O(depth).

    Examples
    --------
    >>> import tempfile
    >>> check_out(Path(tempfile.gettempdir()) / "results")
    """
    target = Path(out)
    try:
        standing = next(folder for folder in (target, *target.absolute().parents) if folder.exists())
    except OSError as error:
        raise SourceError(f"{target}: cannot be written: {error.strerror}. {_OTHER_OUT}") from error
    if not (standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)):
        raise SourceError(f"{target}: cannot be written: {standing} is no folder that may be written. {_OTHER_OUT}")


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
    chapters = tell_measures(result)
    measures = report.chapter_sheets(chapters, result.coverage.unit)
    writers |= measure_files(result)
    writers["coverage.xlsx"] = lambda path: report.write_workbook(path, measures)
    writers["coverage.html"] = lambda path: _map(result).save(str(path))
    writers["report.md"] = lambda path: _write_text(path, _text(result, chapters))
    writers["ingest.json"] = lambda path: report.write_json(path, _ingest(result.inputs.reports, result.notes))
    writers["manifest.json"] = lambda path: report.write_json(path, _manifest(result))
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
        parameters=flat_parameters(result.study.model_dump(mode="json")),
        reports=result.inputs.reports,
        notes=result.notes,
        streets=result.streets,
        chapters=chapters,
        catalogue=result.inputs.catalogue,
    )


def flat_parameters(study: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of a dumped study as a flat dict; sources by their declarations."""
    flat: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:  # noqa: ANN401 - a tree of plain values
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in value:
                walk(f"{prefix}.{inner.get('level', '')}", inner)
        elif value not in (None, {}, [], ""):
            flat[prefix] = value

    walk("", dict(study))
    return flat


def _ingest(reports: Mapping[str, IngestReport], notes: tuple[str, ...]) -> dict[str, Any]:
    return {"inputs": {name: one.to_dict() for name, one in reports.items()}, "notes": list(notes)}


def _manifest(result: Result) -> dict[str, Any]:
    plan = result.plan
    solver = None
    if plan is not None:
        solver = {
            "status": plan.status,
            "objective": plan.objective,
            "bound": plan.bound,
            "gap": plan.gap,
            "parameters": plan.parameters,
        }
    return (
        {
            "versions": {name: importlib.metadata.version(name) for name in _VERSIONED},
            "study": result.study.model_dump(mode="json", exclude_none=True),
            "inputs": {
                name: {
                    "files": [{"name": f.name, "sha256": f.sha256, "encoding": f.encoding} for f in one.files],
                    "datum": one.datum,
                    "crs": one.crs,
                    "rows_read": one.rows_read,
                    "rows_kept": one.rows_kept,
                    "dropped": {count.reason: count.rows for count in one.dropped},
                    "repaired": {count.reason: count.rows for count in one.repaired},
                }
                for name, one in result.inputs.reports.items()
            },
            "headline": result.headline,
            "standard": None if result.coverage.standard is None else result.coverage.standard.to_dict(),
            "as_of": None if result.measures.hours is None else result.measures.hours.as_of.isoformat(),
            "equity": None if result.evenness is None else _records(result.evenness.equity.measures),
            "targets": None if result.targets is None else _records(result.targets.summary),
            "what_if": None if result.changed is None else result.changed.headline,
            "blanks": None if result.blanks is None else result.blanks.headline,
            "criticality": None if result.criticality is None else result.criticality.headline,
            "partial": {one.measure: one.headline for one in result.partial} or None,
            "solver": solver,
            "notes": list(result.notes),
        }
        | _told_of_supply(result)
        | _of_couriers(result)
    )


def _told_of_supply(result: Result) -> dict[str, Any]:
    """Tell the figures of supply and use; what is not a number is None."""
    told: dict[str, Any] = {}
    if result.supply is not None:
        told["supply"] = result.supply.headline
    if result.use is not None:
        fit = result.use.fit
        ranks = _records(result.use.comparison.ranks)
        found = (
            None if fit is None else _records(pd.DataFrame([{"value": fit.value, "low": fit.low, "high": fit.high}]))
        )
        told["use"] = {"headline": result.use.comparison.headline, "ranks": ranks} | (
            {} if found is None or fit is None
            else {"decay": {"number": result.use.calibrated, **found[0], "reason": fit.reason}}
        )  # fmt: skip
    return told


def _of_couriers(result: Result) -> dict[str, Any]:
    """Tell by which rules couriers' demand was cut and judged; counts by purpose only where all may be told."""
    if result.release is None:
        return _purposes(result)
    rule = _purposes(result).get("purposes", {}).get("rule")
    return {"release": result.release.entry} | ({} if rule is None else {"purposes": {"rule": rule}})


def _purposes(result: Result) -> dict[str, Any]:
    """Every number of the purpose rule, what stops were for by it, and what hangs on it; nothing without a rule."""
    followed = result.tracks
    if followed is None or followed.purposes is None or followed.sensitivity is None:
        return {}
    rule = followed.purposes.rule
    return {
        "purposes": {
            "rule": dataclasses.asdict(rule) if dataclasses.is_dataclass(rule) else str(rule),
            "counts": _records(followed.purposes.counts),
            "reasons": _records(followed.purposes.reasons),
            "sensitivity": _records(followed.sensitivity),
        }
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows ready for JSON; what is not a number is None."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - nan is not itself
        for row in table.to_dict("records")
    ]


@contextlib.contextmanager
def staged(out: str | Path) -> Iterator[tuple[Path, Callable[[], tuple[Path, ...]]]]:
    """Write into a folder beside the target's files, and move them over once all are there."""
    target = Path(out)
    staging: Path | None = None

    def finish(folder: Path) -> tuple[Path, ...]:
        moves = {path: target / path.name for path in sorted(folder.iterdir())}
        for goal in moves.values():
            if goal.is_dir():
                raise SourceError(f"{goal}: is a folder where a file is to be written. {_OTHER_OUT}")
        return tuple(path.replace(goal) for path, goal in moves.items())

    try:
        target.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
        yield staging, partial(finish, staging)
    except SourceError:
        raise
    except OSError as error:
        raise SourceError(f"{target}: cannot be written: {error.strerror or error}. {_OTHER_OUT}") from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
