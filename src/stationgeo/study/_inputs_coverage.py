"""Reading what coverage is held against beside demand: services, zones that cross the tree, buildings, corridors."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from stationgeo import io, stations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

    from stationgeo.io import Ingest, IngestReport
    from stationgeo.stations import Catalogue
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Step

__all__ = ["ForCoverage", "find_catalogue", "kind_words", "read_for_coverage"]

_OF_KINDS = "kinds.toml"
_T = TypeVar("_T", bound="pd.DataFrame")


class ForCoverage(NamedTuple):
    """See `Inputs`."""

    services: pd.DataFrame | None
    overlays: gpd.GeoDataFrame | None
    buildings: gpd.GeoDataFrame | None
    routes: gpd.GeoDataFrame | None
    workers: pd.DataFrame | None
    check_ins: pd.DataFrame | None


def read_for_coverage(
    study: Study, reports: dict[str, IngestReport], step: Step, *, catalogue: Catalogue | None
) -> ForCoverage:
    """Read and check the sources of a study that only coverage looks at.

    Raises
    ------
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the readers.
    """
    services = overlays = buildings = routes = None
    if study.services is not None:
        asked = study.services
        options = asked.model_dump(exclude={"path", "services"})
        words = stations.service_words(catalogue=catalogue) | asked.services
        read = io.read_services(study.resolve(asked.path), services=words, **options)
        services = _kept("services", read, reports, step)
    if study.overlays is not None:
        # An overlay has no level of the tree; the reader's is dropped again.
        crossing = io.read_zones(
            study.resolve(study.overlays.path), level="grid", datum=study.overlays.datum, crs=study.overlays.crs,
            columns=study.overlays.columns, where=study.overlays.where, encoding=study.overlays.encoding,
        )  # fmt: skip
        overlays = _kept("overlays", crossing, reports, step).drop(columns=["level", "parent_id"])
    if study.buildings is not None:
        houses = io.read_buildings(
            study.resolve(study.buildings.path), datum=study.buildings.datum, weight=study.buildings.weight,
            crs=study.buildings.crs, encoding=study.buildings.encoding,
        )  # fmt: skip
        buildings = _kept("buildings", houses, reports, step)
    if study.routes is not None:
        lines = io.read_streets(
            study.resolve(study.routes.path), datum=study.routes.datum, crs=study.routes.crs,
            encoding=study.routes.encoding,
        )  # fmt: skip
        routes = _kept("routes", lines, reports, step)
    workers = None
    if study.targets is not None and study.targets.workers is not None:
        counted = study.targets.workers
        told = io.read_workers(study.resolve(counted.path), columns=counted.columns, encoding=counted.encoding)
        workers = _kept("targets.workers", told, reports, step)
    check_ins = None
    if study.check_ins is not None:
        seen = study.check_ins
        options = seen.model_dump(exclude={"path", "tz", "calibrate", "between", "overdispersed"})
        visits = io.read_check_ins(study.resolve(seen.path), tz=seen.tz or study.tz, **options)
        check_ins = _kept("check_ins", visits, reports, step)
    return ForCoverage(services, overlays, buildings, routes, workers, check_ins)


def _kept(name: str, read: Ingest[_T], reports: dict[str, IngestReport], step: Step) -> _T:
    reports[name] = read.report
    step()
    return read.table


def find_catalogue(study: Study) -> Catalogue | None:
    """Read the catalogue of a study; None for the shipped one."""
    return None if study.catalogue is None else stations.read_catalogue(study.resolve(study.catalogue.path))


def kind_words(catalogue: Catalogue | None, said: Mapping[str, str]) -> Mapping[str, str]:
    """Tell which words of a file stand for which kind: what the study says, before what a catalogue's own kinds say."""
    if catalogue is None or _OF_KINDS not in catalogue.own:
        return said
    return stations.kind_words(catalogue=catalogue) | dict(said)
