"""What reading a source did to it: counts of what was read, kept, dropped, repaired, and why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pandas as pd

from stationgeo.io._raw import shapefile_parts

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Count", "Ingest", "IngestReport", "SourceFile"]

_HASH_CHUNK_BYTES = 1 << 20

T_co = TypeVar("T_co", bound=pd.DataFrame, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file that was read."""

    name: str
    """File name without its folder, so that reports do not depend on the machine."""
    size_bytes: int
    sha256: str
    encoding: str | None = None
    """Text encoding that fitted; None for binary formats."""

    @classmethod
    def of(cls, path: Path, *, encoding: str | None = None) -> SourceFile:
        """Describe a file; reads it once for its hash.

        Parameters
        ----------
        path
            The file.
        encoding
            Text encoding that fitted; None for binary formats.

        Returns
        -------
        SourceFile
            With its size and SHA-256.

        Raises
        ------
        OSError
            If it cannot be read.

        Notes
        -----
        O(bytes), in bounded memory.
        """
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_HASH_CHUNK_BYTES):
                digest.update(chunk)
        return cls(name=path.name, size_bytes=path.stat().st_size, sha256=digest.hexdigest(), encoding=encoding)

    @classmethod
    def with_sidecars(cls, path: Path, *, encoding: str | None = None) -> tuple[SourceFile, ...]:
        """Describe a file and, where it is a Shapefile, the files beside it that hold its attributes and CRS.

        Parameters
        ----------
        path
            The file.
        encoding
            Text encoding that fitted; None for binary formats.

        Returns
        -------
        tuple of SourceFile
            The file first; of `.dbf`, `.shx`, `.prj` and `.cpg` those that are there.

        Raises
        ------
        OSError
            If one of them cannot be read.

        Notes
        -----
        O(bytes), in bounded memory.
        """
        parts = shapefile_parts(path).values() if path.suffix.lower() == ".shp" else (path,)
        return tuple(cls.of(part, encoding=encoding) for part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Rows that something was done to."""

    reason: str
    rows: int
    examples: tuple[str, ...] = ()
    """The first three of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """How a source became a table."""

    source: str
    """What the source is called in messages."""
    files: tuple[SourceFile, ...] = ()
    rows_read: int = 0
    rows_kept: int = 0
    datum: str | None = None
    crs: str | None = None
    tz: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    """Contract column to file column."""
    dropped: tuple[Count, ...] = ()
    repaired: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows_dropped(self) -> int:
        """All rows that were dropped."""
        return sum(count.rows for count in self.dropped)

    def adding(
        self, *, dropped: tuple[Count, ...] = (), repaired: tuple[Count, ...] = (), notes: tuple[str, ...] = ()
    ) -> IngestReport:
        """Return this report with more counts; dropped rows come off those kept.

        Parameters
        ----------
        dropped, repaired
            Counts to add; those of `dropped` are taken off `rows_kept`.
        notes
            Sentences to add.

        Returns
        -------
        IngestReport
            A new one; this one stays what it is.

        Notes
        -----
        O(counts).
        """
        return replace(
            self,
            rows_kept=self.rows_kept - sum(count.rows for count in dropped),
            dropped=self.dropped + dropped,
            repaired=self.repaired + repaired,
            notes=self.notes + notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and dicts, ready for JSON.

        Returns
        -------
        dict
            Every field by its name, `columns` in the order of their names.

        Notes
        -----
        O(counts + columns).
        """
        return {
            "source": self.source,
            "files": [
                {"name": f.name, "size_bytes": f.size_bytes, "sha256": f.sha256, "encoding": f.encoding}
                for f in self.files
            ],
            "rows_read": self.rows_read,
            "rows_kept": self.rows_kept,
            "datum": self.datum,
            "crs": self.crs,
            "tz": self.tz,
            "columns": dict(sorted(self.columns.items())),
            "dropped": [_count_dict(count) for count in self.dropped],
            "repaired": [_count_dict(count) for count in self.repaired],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest(Generic[T_co]):
    """A table that was read, and how."""

    table: T_co
    """The contract table."""
    report: IngestReport
    """What was read, dropped and repaired on the way."""

    def _repr_html_(self) -> str:
        report = self.report
        lines = [f"<b>{escape(report.source)}</b>: {report.rows_kept:,} of {report.rows_read:,} rows kept"]
        lines += [f"dropped {count.rows:,}: {escape(count.reason)}" for count in report.dropped]
        lines += [f"repaired {count.rows:,}: {escape(count.reason)}" for count in report.repaired]
        lines += [escape(note) for note in report.notes]
        return "<br>".join(lines) + str(self.table.head(3)._repr_html_())  # type: ignore[operator]


def _count_dict(count: Count) -> dict[str, Any]:
    return {"reason": count.reason, "rows": count.rows, "examples": list(count.examples)}
