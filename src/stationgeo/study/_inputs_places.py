"""Reading the stations of a study, the doors at which they are met, and the candidates for new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stationgeo import io, stations
from stationgeo.errors import DataError, first_few
from stationgeo.study._inputs_coverage import kind_words

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.io import IngestReport
    from stationgeo.stations import Catalogue
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Step
    from stationgeo.study._sections import Candidates, Stations

__all__ = ["CELL_KIND", "read_access", "read_candidates", "read_stations"]

CELL_KIND = "warm_bee"
"""What a candidate from a cell would become where the study does not say: the full station."""


def read_stations(
    study: Study, source: Stations | None, reports: dict[str, IngestReport], step: Step, *,
    catalogue: Catalogue | None, name: str = "stations",
) -> gpd.GeoDataFrame | None:  # fmt: skip
    """Read stations, whose report goes by `name`; None where the study names none.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the reader; also if kinds are unknown.
    """
    if source is None:
        return None
    read = io.read_stations(
        study.resolve(source.path),
        datum=source.datum,
        columns=source.columns,
        default_kind=source.default_kind,
        kinds=kind_words(catalogue, source.kinds),
        where=source.where,
        crs=source.crs,
        tz=source.tz or study.tz,
        bad_rows=source.bad_rows,
        encoding=source.encoding,
        personal=source.personal,
    )
    stations.check_kinds(read.table, source=read.report.source, catalogue=catalogue)
    reports[name] = read.report
    step()
    return read.table


def read_access(
    study: Study, asked: Stations | None, reports: dict[str, IngestReport], step: Step, *, name: str = "stations"
) -> gpd.GeoDataFrame | None:
    """Read the doors and gates of stations; None where they are met where they stand.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the reader.
    """
    if asked is None or asked.access is None:
        return None
    source = asked.access
    read = io.read_access_points(
        study.resolve(source.path),
        datum=source.datum,
        columns=source.columns,
        where=source.where,
        crs=source.crs,
        bad_rows=source.bad_rows,
        encoding=source.encoding,
        personal=source.personal,
    )
    reports[f"{name}.access"] = read.report
    step()
    return read.table


def read_candidates(
    study: Study, source: Candidates | None, reports: dict[str, IngestReport], step: Step, *,
    catalogue: Catalogue | None,
) -> gpd.GeoDataFrame | None:  # fmt: skip
    """Read the candidates of a file; None where they come from cells, or no siting is asked.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the reader; also if kinds are unknown or clusters, or there are fewer candidates than sites.
    """
    if source is None:
        return None
    if source.path is None:
        named = pd.DataFrame({"kind": [source.default_kind or CELL_KIND]})
        _check_no_cluster(named, "candidates.default_kind", catalogue)
        return None
    read = io.read_candidates(
        study.resolve(source.path),
        datum=source.datum,
        columns=source.columns,
        default_kind=source.default_kind,
        default_action=source.default_action,
        kinds=kind_words(catalogue, source.kinds),
        where=source.where,
        crs=source.crs,
        bad_rows=source.bad_rows,
        encoding=source.encoding,
        personal=source.personal,
    )
    _check_no_cluster(read.table, read.report.source, catalogue)
    if study.siting is not None and len(read.table) < study.siting.n_stations:
        raise DataError(
            f"{read.report.source}: {len(read.table):,} candidates are fewer than {study.siting.n_stations:,} sites "
            "asked for. Add candidates, lower siting.n_stations, or take candidates.from_cells = true."
        )
    reports["candidates"] = read.report
    step()
    return read.table


def _check_no_cluster(candidates: pd.DataFrame, source: str, catalogue: Catalogue | None) -> None:
    stations.check_kinds(candidates, source=source, catalogue=catalogue)
    clusters = candidates.loc[stations.is_cluster(candidates["kind"], catalogue=catalogue), "kind"]
    if len(clusters):
        raise DataError(
            f"{source}: column 'kind' must hold kinds of stations; {len(clusters):,} of {len(candidates):,} rows hold "
            f"clusters: {first_few(clusters.unique())}. A cluster is made of stations, and is no site of its own."
        )
