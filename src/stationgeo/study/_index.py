"""Day by day into a store, as a study file says."""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from stationgeo import engine, index, io, tracks
from stationgeo.errors import ParameterError, SourceError, StudyError
from stationgeo.store import DemandStore
from stationgeo.study._inputs import courier_key, read_territory, row_options
from stationgeo.study._progress import Silent
from stationgeo.study._tracks import cleaning_rules

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    import geopandas as gpd

    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress

__all__ = ["index_days"]


def index_days(
    study: Study, source: str | Path, store: str | Path, *, progress: Progress | None = None
) -> list[index.DayDone]:
    """Put a day's fixes, or all days of a folder, into a store, by the rules of a study.

    Parameters
    ----------
    study
        Says how fixes are read, what stops are, the zones, resolution and time zone; `path` of its fixes is not used.
    source
        A file or folder of one day, with its ISO date in the name, beside those of its neighbours; or the folder that
        holds the days.
    store
        Folder of the store; made if need be. It keeps to the rules that it was made with.
    progress
        Told after each day.

    Returns
    -------
    list of DayDone
        The days in the order in which they were put, neighbours that were made again included.

    Raises
    ------
    StudyError
        If the study has no fixes and stops.
    SourceError, ColumnError, DatumError, DataError, ParameterError
        Of the readers and of `index.index_days`; `ParameterError` if the store was made by other rules.

    Notes
    -----
    O(n) for the fixes of three days for each day that is indexed.

    Examples
    --------
    >>> from stationgeo import sample
    >>> from stationgeo.study import Study
    >>> index_days(Study.read(sample.city_dir() / "study.toml"), "nowhere/2026-11-20", "demand")
    Traceback (most recent call last):
        ...
    stationgeo.errors.SourceError: nowhere/2026-11-20: no such file or folder.
    """
    if study.fixes is None or study.stops is None:
        raise StudyError(f"{study.name}: to index fixes the study needs [fixes] and [stops].")
    days, dates = _asked(Path(source))
    territory, _ = read_territory(study, {}, lambda: None)
    plan = index.IndexPlan(
        stops=tracks.StopRule(
            radius_m=study.stops.radius_m,
            min_duration_s=study.stops.min_duration_s,
            max_gap_s=study.stops.max_gap_s,
            compatible=study.stops.compatible,
        ),
        cleaning=None if study.stops.cleaning is None else cleaning_rules(study.stops),
        resolution=study.resolution,
        tz=study.tz,
        zones=territory,
    )
    kept = DemandStore.create(store, plan=_in_plain_values(study, territory))
    local = engine.LocalEngine(workers=os.cpu_count() or 1)
    done = []
    with (progress or Silent()).stage("index", steps=len(dates)) as step:
        for day in index.index_days(days, store=kept, plan=plan, scan=_scanner(study), engine=local, dates=dates):
            done.append(day)
            step()
    return done


def _asked(source: Path) -> tuple[dict[dt.date, list[Path]], list[dt.date]]:
    """Find the days that are there, and which of them are asked for."""
    if not source.exists():
        raise SourceError(f"{source}: no such file or folder.")
    date = index.date_of(source)
    if date is None:
        days = index.find_days(source)
        return days, list(days)
    days = index.find_days(source.absolute().parent)
    if date not in days:
        raise SourceError(f"{source}: the folder is empty.")
    return days, [date]


def _scanner(study: Study) -> Callable[[list[Path]], io.FixScan]:
    fixes = study.fixes
    if fixes is None:
        raise ParameterError("the study has no fixes.")
    return partial(io.scan_fixes, **row_options(study, fixes))


def _in_plain_values(study: Study, territory: gpd.GeoDataFrame | None) -> dict[str, Any]:
    """Write down all that decides what an aggregate holds."""
    described = study.model_dump(mode="json", include={"resolution": True, "tz": True, "stops": True, "overlaps": True})
    stops = {key: value for key, value in described.pop("stops").items() if key != "purpose"}
    fixes = study.fixes
    key = None if fixes is None else courier_key(study, fixes)
    return described | {
        "stops": stops,
        "datum": fixes and fixes.datum,
        "zones": _fingerprint(territory),
        # Of the key itself nothing is kept: hashes of another key would be other people.
        "courier_key": "" if key is None else io.key_fingerprint(key),
    }


def _fingerprint(territory: gpd.GeoDataFrame | None) -> str:
    if territory is None:
        return ""
    digest = hashlib.sha256("\n".join(territory["zone_id"]).encode())
    for shape in shapely.to_wkb(territory.geometry.to_numpy(), byte_order=1):
        digest.update(shape)
    return digest.hexdigest()[:16]
