"""Day by day into a store, as a study file says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stationgeo import engine, index, io, tracks
from stationgeo.errors import SourceError, StudyError
from stationgeo.store import DemandStore
from stationgeo.study._fixes import cleaning_rules, stop_rule
from stationgeo.study._inputs import Inputs, read_for_index
from stationgeo.study._progress import Silent
from stationgeo.study._row_options import row_options
from stationgeo.study._store import plan_values
from stationgeo.study._tracks import purpose_rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress, Step

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
    inputs = read_for_index(study)
    plan = index.IndexPlan(
        stops=stop_rule(study.stops),
        cleaning=cleaning_rules(study.stops),
        resolution=study.resolution,
        tz=study.tz,
        zones=inputs.zones,
        n_replicates=study.demand.replicates,
        **_purpose(study, inputs),
    )
    kept = DemandStore.create(store, plan=plan_values(study, inputs))
    scan = partial(io.scan_fixes, batch_rows=study.engine.batch_rows, **row_options(study, study.fixes))
    with (progress or Silent()).stage("index", steps=_about_rows(days, dates, scan), unit="fixes") as step:
        return list(
            index.index_days(
                days,
                store=kept,
                plan=plan,
                scan=scan,
                engine=_engine(study),
                dates=dates,
                memory_rows=study.engine.sort_rows,
                progress=_Steps(step),
            )
        )


def _purpose(study: Study, inputs: Inputs) -> dict[str, Any]:
    """Say how stops are judged: each courier alone, so that depots are those that are known."""
    if study.stops is None or study.stops.purpose is None:
        return {}
    rule = dataclasses.replace(purpose_rule(study.stops.purpose), depot_min_couriers=None)
    known = tracks.Evidence(
        tz=study.tz, stations=inputs.stations, places=inputs.known_places, orders=inputs.orders, silences=None
    )
    return {"purpose": rule, "counted": study.stops.purpose.count, "evidence": known}


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


def _about_rows(days: dict[dt.date, list[Path]], dates: list[dt.date], scan: Callable[..., io.FixScan]) -> int | None:
    """Guess how many fixes will be read: those of each day and of its neighbours."""
    read = [date + dt.timedelta(days=n) for date in dates for n in (-1, 0, 1)]
    # A folder may hold years of days: only those that will be read are looked into, each once.
    rows = {date: scan(days[date]).about_rows for date in set(read) if date in days}
    known = [rows[date] for date in read if date in rows]
    counts = [count for count in known if count is not None]
    return sum(counts) if len(counts) == len(known) else None


class _Steps:
    """Turns rows read so far of one day after the other into steps."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._done = 0

    def __call__(self, done: int, n_rows: int | None, /) -> None:
        # Another day begins from nothing.
        self._step(done - self._done if done >= self._done else done)
        self._done = 0 if done == n_rows else done


def _engine(study: Study) -> engine.Engine:
    """Make the engine that a study names."""
    asked = study.engine
    if asked.name == "spark":
        return engine.SparkEngine(partitions=asked.workers)
    return engine.LocalEngine(workers=asked.workers or os.cpu_count() or 1)
