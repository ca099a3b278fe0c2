"""The shape of a measure: what each module that measures something beside the headline hands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from stationgeo import report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage import Coverage
    from stationgeo.report import Chapter

    Writer = Callable[[Path], None]

__all__ = ["Measure", "Told", "as_geojson", "as_parquet", "records"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """How a measure is told and written."""

    chapters: tuple[Chapter, ...] = ()
    """Of the report and of coverage.xlsx."""
    files: Mapping[str, Writer] = field(default_factory=dict)
    """Name of a machine table to what writes it."""
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """Key of manifest.json to plain values."""


class Measure(Protocol):
    """What was measured beside the headline; `stationgeo.study._measures` lists all."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know, one sentence each."""

    def tell(self, scored: Coverage) -> Told:
        """Say how it is told, beside the coverage that it belongs to."""


def as_parquet(table: pd.DataFrame) -> Writer:
    """Say how a table is written."""
    return lambda path: table.to_parquet(path, index=False)


def as_geojson(shapes: gpd.GeoDataFrame) -> Writer:
    """Say how shapes are written."""
    return lambda path: report.write_geojson(path, shapes)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows ready for JSON; what is not a number is None."""
    return [
        {str(name): None if value != value else value for name, value in row.items()}  # noqa: PLR0124 - nan is not itself
        for row in table.to_dict("records")
    ]
