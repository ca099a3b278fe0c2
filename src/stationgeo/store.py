"""A folder that keeps one aggregate of demand per day, whole at every moment.

A day is one Parquet file under a name that its content gives, and one small JSON file that names it. The JSON file is
replaced in one step of the file system: whoever reads finds the day as it was before or as it is after, and a process
that is killed leaves at worst a file that nobody names, which the next writer removes. Writers take turns by a lock.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from stationgeo import demand
from stationgeo.errors import DataError, ParameterError, SourceError, first_few

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["Day", "DemandStore"]

FORMAT = 1
_PLAN = "store.json"
_LOCK = "lock"
_DAYS = "days"
_PARTS = "parts"
_RELEASES = "releases.json"
_HASH_CHARACTERS = 16
_LOCK_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What the store says of one day."""

    date: dt.date
    """Local date."""

    provisional: bool
    """The day after it was not there yet: stops that last beyond midnight may be cut, and the day is to be redone."""

    about: dict[str, Any]
    """What was read and dropped for it, as the writer gave it."""

    part: str
    """Name of its file in the folder `parts`."""


class DemandStore:
    """Aggregates of demand by day in a folder.

    Parameters
    ----------
    folder
        Where the store is.

    Raises
    ------
    SourceError
        If there is no store, or it is broken or of a newer format.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        plan = _read_json(self.folder / _PLAN, missing="there is no store here. `stationgeo index` makes one.")
        if plan.get("format") != FORMAT:
            raise SourceError(
                f"{self.folder}: the store has format {plan.get('format')!r}; this version reads {FORMAT}. Update "
                "stationgeo, or index the days again into a new store."
            )
        self.plan: dict[str, Any] = plan["plan"]
        """Everything that days must have in common, as it was given when the store was made."""

    @classmethod
    def create(cls, folder: str | Path, *, plan: Mapping[str, Any]) -> DemandStore:
        """Open the store of a plan; make it if there is none.

        Parameters
        ----------
        folder
            Where to; made if need be.
        plan
            What days must have in common to be added: resolution, time zone, how stops are found, the fingerprint of
            the key that hides couriers. Plain values, as JSON has them.

        Returns
        -------
        DemandStore
            The store.

        Raises
        ------
        ParameterError
            If there is a store of another plan: what differs.
        SourceError
            If the folder cannot be written.
        """
        target = Path(folder)
        wanted = json.loads(json.dumps(dict(plan)))
        try:
            for name in (_DAYS, _PARTS):
                (target / name).mkdir(parents=True, exist_ok=True)
            with _locked(target):
                if not (target / _PLAN).exists():
                    _replace(target / _PLAN, _as_json({"format": FORMAT, "plan": wanted}))
        except OSError as error:
            raise SourceError(f"{target}: the store cannot be written: {error}") from error
        store = cls(target)
        unlike = [key for key in sorted({*store.plan, *wanted}) if store.plan.get(key) != wanted.get(key)]
        if unlike:
            shown = first_few(f"{key}: {store.plan.get(key)!r} there, {wanted.get(key)!r} here" for key in unlike)
            raise ParameterError(
                f"{target}: the store was made for another plan: {shown}. Index into another folder, or keep the plan."
            )
        return store

    def days(self) -> list[Day]:
        """List the days that are there, in order."""
        return [_day(path) for path in sorted((self.folder / _DAYS).glob("*.json"))]

    def put(self, date: dt.date, aggregate: demand.Aggregate, *, provisional: bool, about: Mapping[str, Any]) -> None:
        """Set a day, or replace it.

        Parameters
        ----------
        date
            Local date.
        aggregate
            All stops that start on that date.
        provisional
            Whether the day is to be redone once its successor is there.
        about
            What to keep beside it: counts of what was read and dropped. Plain values, as JSON has them.

        Raises
        ------
        ParameterError
            If the aggregate is not of the store's plan.
        SourceError
            If it cannot be written: the day is then as it was before.

        Notes
        -----
        The file of sums is written and flushed to disk before the file that names it is replaced, in one step. One
        writer at a time: others wait.
        """
        self._check_like(aggregate)
        buffer = io.BytesIO()
        pq.write_table(demand.to_arrow(aggregate), buffer, compression="zstd")
        digest = hashlib.sha256(buffer.getbuffer()).hexdigest()[:_HASH_CHARACTERS]
        part = f"{date.isoformat()}-{digest}.parquet"
        try:
            with _locked(self.folder):
                _replace(self.folder / _PARTS / part, buffer.getvalue())
                named = {"date": date.isoformat(), "provisional": provisional, "about": dict(about), "part": part}
                _replace(self.folder / _DAYS / f"{date.isoformat()}.json", _as_json(named))
                self._sweep()
        except OSError as error:
            raise SourceError(f"{self.folder}: {date.isoformat()} cannot be written: {error}") from error

    def read(self, dates: Iterable[dt.date] | None = None, *, resolution: int | None = None) -> demand.Aggregate:
        """Combine days.

        Parameters
        ----------
        dates
            Local dates; by default all that are there.
        resolution
            H3 resolution to bring them to; by default that of the store.

        Returns
        -------
        Aggregate
            The same as if all these days had been aggregated at once.

        Raises
        ------
        DataError
            If a date is not there, or the store is empty.
        SourceError
            If a file is missing or broken.

        Notes
        -----
        Days are read as they are at that moment, each whole. O(n log n) for the rows of all days.
        """
        there = {day.date: day for day in self.days()}
        wanted = sorted(there) if dates is None else sorted(set(dates))
        absent = [date for date in wanted if date not in there]
        if absent or not wanted:
            raise DataError(
                f"{self.folder}: {len(absent):,} of {len(wanted):,} dates are not in the store: {first_few(absent)}. "
                f"It has {first_few(sorted(there)) or 'none'}. Index them first."
            )
        parts = [self._read_part(there[date]) for date in wanted]
        if resolution is not None:
            parts = [demand.coarsen(part, resolution=resolution) for part in parts]
        return demand.combine(parts)

    def table(self) -> pd.DataFrame:
        """List the days: `date`, `provisional`, and whatever was kept beside them."""
        return pd.DataFrame([{"date": day.date, "provisional": day.provisional, **day.about} for day in self.days()])

    def releases(self) -> list[dict[str, Any]]:
        """List what was released, in order: whatever `log_release` was given."""
        path = self.folder / _RELEASES
        if not path.exists():
            return []
        logged: list[dict[str, Any]] = _read_json(path, missing="")["releases"]
        return logged

    def log_release(self, entry: Mapping[str, Any]) -> None:
        """Remember a release, so that later ones can be held against it.

        Parameters
        ----------
        entry
            Plain values, as JSON has them.

        Raises
        ------
        SourceError
            If it cannot be written.
        """
        try:
            with _locked(self.folder):
                _replace(self.folder / _RELEASES, _as_json({"releases": [*self.releases(), dict(entry)]}))
        except OSError as error:
            raise SourceError(f"{self.folder}: the release cannot be logged: {error}") from error

    def _read_part(self, day: Day) -> demand.Aggregate:
        path = self.folder / _PARTS / day.part
        try:
            return demand.from_arrow(pq.read_table(path))
        except FileNotFoundError:
            # Replaced since the day was listed: what it names now is as good.
            again = _day(self.folder / _DAYS / f"{day.date.isoformat()}.json")
            if again.part == day.part:
                raise SourceError(f"{path}: the file of {day.date} is missing. Index the day again.") from None
            return self._read_part(again)
        except (pa.ArrowException, OSError, DataError) as error:
            raise SourceError(f"{path}: the file of {day.date} is broken: {error}. Index the day again.") from error

    def _sweep(self) -> None:
        """Remove what no day names: files that were replaced, and what a killed writer left."""
        named = {day.part for day in self.days()}
        for path in [*(self.folder / _PARTS).iterdir(), *(self.folder / _DAYS).glob(".*")]:
            if path.name not in named:
                path.unlink()

    def _check_like(self, aggregate: demand.Aggregate) -> None:
        for name in ("resolution", "tz", "n_replicates", "most_couriers"):
            given = getattr(aggregate, name)
            if name in self.plan and self.plan[name] != given:
                raise ParameterError(f"{self.folder}: the store has {name} {self.plan[name]!r}. Got {given!r} instead.")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    import filelock  # noqa: PLC0415 - only where something is written

    try:
        with filelock.FileLock(folder / _LOCK, timeout=_LOCK_TIMEOUT_S):
            yield
    except filelock.Timeout as error:
        raise SourceError(
            f"{folder}: another process has been writing for {_LOCK_TIMEOUT_S:,.0f} s. Try later."
        ) from error


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever happens to the process or the machine."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # folders cannot be opened there; the file system keeps the order of renames by itself
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _as_json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _read_json(path: Path, *, missing: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise SourceError(f"{path.parent}: {missing}") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: not readable: {error}") from error
    return found


def _day(path: Path) -> Day:
    found = _read_json(path, missing=f"{path.stem} is not in the store.")
    try:
        return Day(
            date=dt.date.fromisoformat(found["date"]),
            provisional=found["provisional"],
            about=found["about"],
            part=found["part"],
        )
    except (KeyError, ValueError) as error:
        raise SourceError(f"{path}: the entry of a day is broken: {error}. Index the day again.") from error
