"""What a choice of sites is: the ranked table, what it covers, and how good it can be."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd

from stationgeo.demand import Unit
from stationgeo.demand import unit as demand_unit
from stationgeo.errors import SourceError

if TYPE_CHECKING:
    import os

Status = Literal["optimal", "feasible", "infeasible", "stopped"]

_SITES_FILE = "sites.parquet"
_REST_FILE = "siting.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Siting:
    """Chosen sites, ranked, with the bound that says how good they are."""

    sites: gpd.GeoDataFrame
    """Key `rank`; `candidate_id`, `action`, `kind`, `host`, `name`, `cost_build`, `cost_per_year`, `zone_id`,
    `demand_gain` (weight newly covered, given the ranks above), `cumulative_covered` (with existing stations),
    `cumulative_share` (of all demand), `nearest_station_id`, `nearest_station_m` (existing stations; '' and nan where
    none are known), `geometry` (none where no candidates were given). Sites that would cover nothing more are not
    listed, so there may be fewer rows than were asked for."""
    objective: float
    """Weight newly covered by the sites."""
    bound: float
    """No choice of as many sites newly covers more weight."""
    gap: float
    """(bound - objective) / bound; 0 where the bound is 0."""
    status: Status
    """"optimal": no choice covers more (by more than 1e-6 of the bound). "feasible": a plan within the gap that was
    allowed, or a heuristic's plan with its bound. "stopped": the time ran out, plan and bound hold. "infeasible": no
    plan can satisfy the request; a plain maximal cover never is."""
    existing_covered: float
    """Weight that existing stations cover."""
    total_demand: float
    """All weight."""
    n_stations: int
    """How many sites were asked for."""
    notes: tuple[str, ...]
    """Sentences about what was special, ready for a report."""
    parameters: dict[str, Any]
    """What made this plan: model, weight, limits, and `timed` (see `demand.is_timed`)."""
    sizes: dict[str, int]
    """How large the model was, and what was left of it for the solver."""
    seconds: float
    """How long it took; the one field that differs between two runs of the same input."""

    @property
    def summary(self) -> str:
        """One sentence with the numbers that matter."""
        before, after = self.existing_covered, self.existing_covered + self.objective
        count = "1 new site covers" if len(self.sites) == 1 else f"{len(self.sites):,} new sites cover"
        unit = self.unit
        return (
            f"{count} {unit.text(self.objective)} more of {unit.text(self.total_demand)} {unit.en}: from "
            f"{before / self.total_demand:.1%} to {after / self.total_demand:.1%}, {self.quality}."
        )

    @property
    def unit(self) -> Unit:
        """What people read its amounts in."""
        return demand_unit(str(self.parameters["weight"]), timed=self.parameters.get("timed"))

    @property
    def quality(self) -> str:
        """How good the plan is, in words."""
        if self.status == "infeasible":
            return "no plan can satisfy the request"
        if self.status == "optimal":
            return "proven the best possible"
        stopped = "stopped at the time limit, " if self.status == "stopped" else ""
        return f"{stopped}within {_up(self.gap):.1f}% of the best possible"

    def to_parquet(self, folder: str | os.PathLike[str]) -> Path:
        """Write the result into a folder, which is made if need be.

        Parameters
        ----------
        folder
            Gets `sites.parquet` and `siting.json`.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OSError
            If the folder cannot be written.

        Notes
        -----
        Files of the same names are replaced. O(sites).
        """
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        self.sites.to_parquet(where / _SITES_FILE)
        rest = {name: getattr(self, name) for name in _rest_fields()}
        (where / _REST_FILE).write_text(json.dumps(rest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        return where

    @staticmethod
    def read(folder: str | os.PathLike[str]) -> Siting:
        """Read a result that `to_parquet` wrote.

        Parameters
        ----------
        folder
            The folder.

        Returns
        -------
        Siting
            Equal in every field.

        Raises
        ------
        SourceError
            If a file is missing.

        Notes
        -----
        O(sites).
        """
        where = Path(folder)
        for name in (_SITES_FILE, _REST_FILE):
            if not (where / name).is_file():
                raise SourceError(f"{where / name} is missing: a folder that Siting.to_parquet() wrote is needed.")
        rest = json.loads((where / _REST_FILE).read_text(encoding="utf-8"))
        rest["notes"] = tuple(rest["notes"])
        return Siting(sites=gpd.read_parquet(where / _SITES_FILE), **rest)

    def _repr_html_(self) -> str:
        shown = {
            "rank": "rank",
            "candidate_id": "candidate",
            "name": "place",
            "kind": "kind",
            "demand_gain": f"newly covered, {self.unit.en}",
            "cumulative_share": "covered share after",
            "nearest_station_m": "nearest station, m",
        }
        forms: dict[Any, Any] = {
            shown["demand_gain"]: self.unit.text,
            shown["cumulative_share"]: "{:.1%}".format,
            shown["nearest_station_m"]: "{:,.0f}".format,
        }
        table = (
            self.sites[list(shown)].rename(columns=shown).to_html(index=False, formatters=forms, na_rep="", border=0)
        )
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"<p><b>{html.escape(self.summary)}</b></p><ul>{notes}</ul>{table}"


def _rest_fields() -> list[str]:
    return [name for name in Siting.__dataclass_fields__ if name != "sites"]


def _up(share: float) -> float:
    """Give a share in percent, rounded up to one decimal, so that "within" stays true."""
    tenths = share * 1000
    return -(-tenths // 1) / 10
