"""From a store to a release, pooled up the tree of the zones that a study names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationgeo import index
from stationgeo.errors import ParameterError, StudyError
from stationgeo.store import DemandStore
from stationgeo.study._progress import unheard
from stationgeo.study._store import zones_fingerprint
from stationgeo.study._territory import read_territory

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

    from stationgeo import demand
    from stationgeo.study._model import Study

__all__ = ["release"]


def release(
    study: Study,
    store: str | Path,
    out: str | Path,
    *,
    k: int,
    coarsest_resolution: int,
    dates: Collection[dt.date] | None = None,
    most_share: float = 0.5,
    finest_span: demand.Span = "hour",
    synthetic: bool = False,
) -> tuple[demand.Release, list[str]]:
    """Release days of a store as files, pooled up the tree of a study's zones.

    Parameters
    ----------
    study
        Names the zones that the days were indexed in; nothing else of it is read.
    store
        Folder of the store.
    out
        Folder for the files; made if need be.
    k, coarsest_resolution, dates, most_share, finest_span, synthetic
        As for `index.publish`.

    Returns
    -------
    release, warnings
        What was written, and which earlier releases of the store it may be subtracted from.

    Raises
    ------
    StudyError
        If the study names no zones.
    ParameterError
        If the store was made in other zones, or a number is out of range.
    SourceError, ColumnError, DatumError, DataError
        Of the readers of zones and of `index.publish`.

    Notes
    -----
    The store keeps a fingerprint of the zones; polygons that differ in one vertex, or an id, are other zones.
    O(n log n), besides reading the zones.

    Examples
    --------
    >>> from stationgeo import sample
    >>> from stationgeo.study import Study
    >>> city = Study.read(sample.city_dir() / "study.toml")
    >>> release(city, "nowhere", "out", k=10, coarsest_resolution=7)
    Traceback (most recent call last):
        ...
    stationgeo.errors.SourceError: nowhere: there is no store here. `stationgeo index` makes one.
    """
    kept = DemandStore(store)
    territory, _ = read_territory(study, {}, unheard)
    if territory is None:
        raise StudyError(f"{study.name}: to pool up a tree of zones the study needs [[zones]]. Release without it.")
    if kept.plan.get("zones") != zones_fingerprint(territory):
        raise ParameterError(
            f"{kept.folder}: the store was made in other zones than those of {study.name!r}. Give the study that the "
            "days were indexed with."
        )
    return index.publish(
        kept,
        out,
        k=k,
        coarsest_resolution=coarsest_resolution,
        dates=dates,
        most_share=most_share,
        zones=territory,
        finest_span=finest_span,
        synthetic=synthetic,
    )
