"""What scoring gives: tables per cell, zone, station and hour, and the figures that are quoted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from stationgeo.coverage._standard import Standard, standard_of
from stationgeo.demand import Unit, is_timed
from stationgeo.demand import unit as demand_unit
from stationgeo.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLASSES", "Coverage"]

CLASSES = ("neither", "warm_bee_only", "service_centre_only", "both")
"""Who covers. "both" is either of them alone, or what only both together have."""

_TABLES = ("cells", "zones", "stations", "bins")

# The headline as a notebook shows it, in this order.
_LABELS = {
    "covered_share": "demand that is covered",
    "covered_share_high": "at most, were every unknown a yes",
    "warm_bee_only_share": "by warm-bee type stations only",
    "service_centre_only_share": "by service centres only",
    "both_share": "by both",
    "neither_share": "by neither",
    "demand": "demand",
    "covered_demand": "covered demand",
    "outside_demand": "demand outside the zones, not counted above",
    "n_stations": "stations",
    "n_clusters": "clusters of stations, not counted",
    "n_zones": "zones of the lowest level",
    "n_zones_with_demand": "zones with demand",
    "n_blank_zones": "zones with demand and nothing covered",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """How well stations cover demand, with the parameters that made it."""

    cells: pd.DataFrame
    """Key `cell`; every cell that has demand or is in reach. `zone_id` (where most of its demand is, else most of its
    area), `demand`, `covered_demand` and `covered_demand_high` (in the weight's unit), `covered` (in some hour, for
    sure), `open_share` and `open_share_high` (of the hours: in how many it is), `n_stations` in reach that have any of
    what is asked for, `nearest_m` or `nearest_s` (nan where none is in reach), `nearest_station_id` ('' for none),
    `class` (one of `CLASSES`: that of most of its demand or, where it has none, of its best hour)."""
    zones: gpd.GeoDataFrame
    """Key (`level`, `zone_id`), lowest level first, per level a last row with zone_id '' for what lies outside.
    `demand`, `covered_demand` and `covered_share` (for sure), `covered_demand_high` and `covered_share_high` (were
    every unknown a yes; shares are nan where there is no demand), the four `CLASSES` in the weight's unit, as they
    are for sure, `n_stations` in it, `area_m2`, `covered_area_m2`, `covered_area_share` (in some hour; nan without
    pieces)."""
    stations: gpd.GeoDataFrame
    """Key `station_id`; STATIONS with `family` ('' for clusters), `counted`, `zone_id`, `n_cells` and `demand` in
    reach, and `unique_demand`: covered in cells that no other station reaches that has any of what is asked for,
    whatever its hours; `criticality` asks hour by hour."""
    bins: pd.DataFrame
    """Key `bin`; `demand`, `covered_demand`, `covered_share`, and the last two as `_high`, inside the zones."""
    headline: dict[str, Any]
    """The figures that are quoted: of demand inside the zones; `outside_demand` says what lies beyond them. Shares of
    classes are those that are for sure; `_low` and `_high` say between which bounds each lies."""
    parameters: dict[str, Any]
    """The weight that was scored, the standard, and the versions of the data files that decide what counts."""

    def to_parquet(self, folder: str | Path) -> None:
        """Write the tables and figures into a folder, for `Coverage.read`.

        Parameters
        ----------
        folder
            Made if it is not there; files of the same names are replaced.

        Raises
        ------
        OSError
            If the folder cannot be written.

        Notes
        -----
        `coverage_cells.parquet`, `coverage_zones.parquet`, `coverage_stations.parquet`, `coverage_bins.parquet`, and
        `coverage.json` for headline and parameters. O(rows).
        """
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in _TABLES:
            getattr(self, name).to_parquet(target / f"coverage_{name}.parquet")
        figures = {"headline": self.headline, "parameters": self.parameters}
        (target / "coverage.json").write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: str | Path) -> Coverage:
        """Read what `to_parquet` wrote.

        Parameters
        ----------
        folder
            The folder.

        Returns
        -------
        Coverage
            Equal in every table and figure to the one that was written.

        Raises
        ------
        SourceError
            If a file is missing.

        Notes
        -----
        O(rows).
        """
        source = Path(folder)
        for name in ("coverage.json", *(f"coverage_{table}.parquet" for table in _TABLES)):
            if not (source / name).is_file():
                raise SourceError(f"{source / name} is missing: a folder that Coverage.to_parquet() wrote is needed.")
        figures = json.loads((source / "coverage.json").read_text(encoding="utf-8"))
        return cls(
            cells=pd.read_parquet(source / "coverage_cells.parquet"),
            zones=gpd.read_parquet(source / "coverage_zones.parquet"),
            stations=gpd.read_parquet(source / "coverage_stations.parquet"),
            bins=pd.read_parquet(source / "coverage_bins.parquet"),
            **figures,
        )

    @property
    def unit(self) -> Unit:
        """What people read its amounts of demand in."""
        return demand_unit(str(self.parameters.get("weight", "")), timed=is_timed(self.bins))

    @property
    def standard(self) -> Standard | None:
        """The standard that was scored; None: any station in reach, whatever its hours and services."""
        told: Mapping[str, Any] | None = self.parameters.get("standard")
        return None if told is None else standard_of(told)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(label)}</td>"
            f"<td style='text-align:right'>{_figure(name, self.headline[name], self.unit)}</td></tr>"
            for name, label in _LABELS.items()
            if name in self.headline and not (name == "covered_share_high" and _is_exact(self.headline))
        )
        asked = self.standard
        by = "" if asked is None else f" by {escape(asked.name)} {escape(asked.version)}: {escape(asked.zh)}"
        return f"<b>Coverage</b>{by}; demand in {escape(self.unit.en)}<table>{rows}</table>"


def _figure(name: str, value: float, unit: Unit) -> str:
    if name.endswith("_share"):
        return f"{value:.1%}"
    return unit.text(value) if isinstance(value, float) else f"{value:,}"


def _is_exact(headline: Mapping[str, Any]) -> bool:
    """Whether nothing is unknown, so that there is no range to tell."""
    return bool(headline.get("covered_demand_high") == headline.get("covered_demand"))
