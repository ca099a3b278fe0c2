"""Day by day into a store: each day from its own fixes and what its neighbours say of its two midnights."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stationgeo.errors import DataError, ParameterError, SourceError, first_few
from stationgeo.index._scan import index_scan, sorted_scan
from stationgeo.io import SourceFile, share_fixes
from stationgeo.tracks import OutOfOrderError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from stationgeo.engine import Engine
    from stationgeo.index._build import IndexPlan
    from stationgeo.index._scan import Progress
    from stationgeo.io import FixScan
    from stationgeo.store import DemandStore

__all__ = ["DayDone", "date_of", "find_days", "index_days"]

OVERLAP_S = 12 * 3_600.0
"""Tracks of a day are followed from so long before it begins until so long after it ends."""

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_ONE_DAY = dt.timedelta(days=1)
_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DayDone:
    """A day that was put into the store."""

    date: dt.date
    """Local date."""
    n_fixes: int
    """Fixes in the day's own files."""
    n_stops: int
    """Stops that start on it."""
    provisional: bool
    """The day after it was not there: the day is to be indexed again when it is."""


def find_days(folder: str | Path) -> dict[dt.date, list[Path]]:
    """Find the files of days by the dates in their names.

    Parameters
    ----------
    folder
        Holds a file or a folder per day, with an ISO date in its name: `2026-11-20/`, `date=2026-11-20/`,
        `fixes-2026-11-20.parquet`. Names without a date, and hidden ones, are passed over.

    Returns
    -------
    dict
        Files by date, both in order.

    Raises
    ------
    SourceError
        If there is no such folder, or no name in it has a date.

    Notes
    -----
    O(names).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "fixes-2026-11-20.csv").touch()
    ...     [str(date) for date in find_days(folder)]
    ['2026-11-20']
    """
    root = Path(folder)
    if not root.is_dir():
        raise SourceError(f"{root}: no such folder. Give the one that holds the days.")
    days: dict[dt.date, list[Path]] = {}
    for path in sorted(root.iterdir()):
        date = date_of(path)
        if date is not None and not path.name.startswith("."):
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
            days.setdefault(date, []).extend(inside if path.is_dir() else [path])
    found = {date: files for date, files in sorted(days.items()) if files}
    if not found:
        raise SourceError(f"{root}: no name in it has a date such as 2026-11-20. Name days so.")
    return found


def date_of(path: Path) -> dt.date | None:
    """Read the date in a name.

    Parameters
    ----------
    path
        Only its last part is looked at.

    Returns
    -------
    date or None
        None if there is none.

    Notes
    -----
    O(1).

    Examples
    --------
    >>> str(date_of(Path("fixes/date=2026-11-20")))
    '2026-11-20'
    """
    match = _DATE.search(path.name)
    try:
        return dt.date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def index_days(
    days: Mapping[dt.date, list[Path]],
    *,
    store: DemandStore,
    plan: IndexPlan,
    scan: Callable[[list[Path]], FixScan],
    engine: Engine,
    dates: Collection[dt.date] | None = None,
    folder: str | Path | None = None,
    memory_rows: int = 10_000_000,
    progress: Progress | None = None,
) -> Iterator[DayDone]:
    """Put days into a store, and days that they change.

    Parameters
    ----------
    days
        Files by local date, as `find_days` gives them: those to index and their neighbours.
    store
        Where to; its days are replaced.
    plan
        How.
    scan
        Scans files of some days, as `io.scan_fixes` does. Fixes that lie in the files of a neighbouring day (of UTC,
        say) are found there.
    engine
        Where; its workers read the files themselves.
    dates
        Which to index; by default all. Beside them, days that are in the store and were made from other files of a
        neighbour than are there now are made again: those that were provisional, and those that late data reach.
    folder
        Where temporary files go, a folder that all workers see; by default that of the system.
    memory_rows
        Most rows in memory while sorting (see `io.sort_fixes`).
    progress
        Told of each day how many rows were read so far and are there in all, neighbours included (see `index_scan`).

    Yields
    ------
    DayDone
        Each day, once it is in the store.

    Raises
    ------
    ParameterError
        If a date has no files.
    DataError
        If fixes cannot be used, or the day's files hold none of it.
    SourceError
        If a file cannot be read, or the store cannot be written.

    Notes
    -----
    A stop belongs to the day on which it starts, and so does a silence. The tracks of a day are followed from 12 hours
    before it begins, so that a wait that began the day before is not taken for one of its own, until 12 hours after it
    ends, so that a wait over midnight is whole, and so is a silence of up to 12 hours; longer ones do not count. The
    days together are what all fixes in one piece would give wherever a courier moves, or is silent for longer than the
    largest gap, at some time in those 12 hours. Nothing of a track is kept: a day whose successor is not there yet is
    marked as provisional and made again when it comes.

    Days whose files cannot be shared by courier as they are (see `io.share_fixes`) are sorted into temporary files,
    each once while its neighbours need it; so are all three days where only one of them must be, or where fixes turn
    out not to be in order of time.

    O(n) for the fixes of three days each. A crash leaves each day as it was before or after.

    Examples
    --------
    >>> import tempfile
    >>> from stationgeo import engine, index, io, store, tracks
    >>> rule = tracks.StopRule(radius_m=100, min_duration_s=300, max_gap_s=900)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     kept = store.DemandStore.create(folder, plan={})
    ...     plan = index.IndexPlan(stops=rule, resolution=10, tz="Asia/Shanghai")
    ...     scan = lambda files: io.scan_fixes(files, datum="GCJ-02")
    ...     list(index_days({}, store=kept, plan=plan, scan=scan, engine=engine.LocalEngine(workers=2)))
    []
    """
    wanted = sorted(days if dates is None else set(dates))
    absent = [date for date in wanted if date not in days]
    if absent:
        raise ParameterError(
            f"{len(absent):,} of {len(wanted):,} dates have no files: {first_few(absent)}. There are "
            f"{first_few(sorted(days)) or 'none'}."
        )
    prints = _Prints(days)
    with tempfile.TemporaryDirectory(dir=folder, prefix="stationgeo-") as temporary:
        sources = _Sources(days, scan, Path(temporary), memory_rows)
        work = partial(_index_day, days=days, prints=prints, store=store, plan=plan, sources=sources, engine=engine)
        for date in wanted:
            yield work(date, progress=progress)
        for date in _outdated(store, prints, beside=wanted):
            yield work(date, progress=progress)


class _Prints:
    """What files of a date are, told from their content; each is read once."""

    def __init__(self, days: Mapping[dt.date, list[Path]]) -> None:
        self._days = days
        self._known: dict[dt.date, str] = {}

    def of(self, date: dt.date) -> str:
        """Tell the files of a date by their hashes; '' where there are none."""
        if date not in self._known:
            hashes = [SourceFile.of(path).sha256 for path in self._days.get(date, [])]
            self._known[date] = "+".join(text[:16] for text in sorted(hashes))
        return self._known[date]

    def around(self, date: dt.date) -> dict[str, str]:
        """Tell the files of a date and its neighbours."""
        return {day.isoformat(): self.of(day) for day in _around(date)}


class _Sources:
    """Scans of days and their neighbours; what is not sorted is, into temporary files."""

    def __init__(
        self,
        days: Mapping[dt.date, list[Path]],
        scan: Callable[[list[Path]], FixScan],
        folder: Path,
        memory_rows: int,
    ) -> None:
        self._days = days
        self._scan = scan
        self._folder = folder
        self._memory_rows = memory_rows
        self._sorted: dict[dt.date, FixScan] = {}

    def of(self, dates: list[dt.date], *, date: dt.date) -> tuple[FixScan, range]:
        """Scan the files of some days in order, and tell which of the scan's files are those of one of them."""
        scan = self._scan([path for day in dates for path in self._days[day]])
        if share_fixes(scan, n_shares=1) is not None:
            return scan, _places(dates, date, {day: len(self._days[day]) for day in dates})
        return self.sorted_of(dates, date=date)

    def sorted_of(self, dates: list[dt.date], *, date: dt.date) -> tuple[FixScan, range]:
        """Do the same with sorted copies."""
        for day in [day for day in self._sorted if day not in dates]:
            shutil.rmtree(self._folder / day.isoformat())
            del self._sorted[day]
        for day in dates:
            if day not in self._sorted:
                target = self._folder / day.isoformat()
                self._sorted[day] = sorted_scan(self._scan(self._days[day]), target, memory_rows=self._memory_rows)
        scans = [self._sorted[day] for day in dates]
        whole = replace(scans[0], files=tuple(path for scan in scans for path in scan.files))
        return whole, _places(dates, date, {day: len(self._sorted[day].files) for day in dates})


def _places(dates: list[dt.date], date: dt.date, n_files: Mapping[dt.date, int]) -> range:
    before = sum(n_files[day] for day in dates if day < date)
    return range(before, before + n_files[date])


def _index_day(
    date: dt.date,
    *,
    days: Mapping[dt.date, list[Path]],
    prints: _Prints,
    store: DemandStore,
    plan: IndexPlan,
    sources: _Sources,
    engine: Engine,
    progress: Progress | None,
) -> DayDone:
    begin_ms, end_ms = (_midnight_ms(day, plan.tz) for day in (date, date + _ONE_DAY))
    overlap_ms = int(OVERLAP_S * _MS)
    around = [day for day in _around(date) if day in days]
    between = (begin_ms - overlap_ms, end_ms + overlap_ms)
    work = partial(index_scan, plan=plan, engine=engine, between=between, dates=[date], progress=progress)
    scan, own = sources.of(around, date=date)
    try:
        found = work(scan)
    except OutOfOrderError:
        scan, own = sources.sorted_of(around, date=date)
        found = work(scan)
    n_fixes = sum(found.fixes_of[at] for at in own)
    if not found.aggregate.days.size:
        raise DataError(
            f"{days[date][0].name}: none of the {n_fixes:,} fixes of its files is of {date}, local time of {plan.tz}. "
            "Check the name, the year and the time zone."
        )
    about: dict[str, Any] = {
        "n_fixes": n_fixes,
        "n_long_silences": found.n_long_silences,
        "files": prints.around(date),
    }
    provisional = date + _ONE_DAY not in days
    store.put(date, found.aggregate, provisional=provisional, about=about)
    return DayDone(date=date, n_fixes=n_fixes, n_stops=found.n_stops, provisional=provisional)


def _outdated(store: DemandStore, prints: _Prints, *, beside: list[dt.date]) -> list[dt.date]:
    """List days of the store beside some dates that were made from other files than are there now."""
    neighbours = {day for date in beside for day in _around(date)} - set(beside)
    return [
        day.date
        for day in store.days()
        if day.date in neighbours and prints.of(day.date) and day.about.get("files") != prints.around(day.date)
    ]


def _around(date: dt.date) -> tuple[dt.date, dt.date, dt.date]:
    return date - _ONE_DAY, date, date + _ONE_DAY


def _midnight_ms(date: dt.date, tz: str) -> int:
    return int(pd.Timestamp(date).tz_localize(tz, ambiguous=True, nonexistent="shift_forward").timestamp() * _MS)
