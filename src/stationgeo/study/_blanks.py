"""Blank spots of a study: where demand is not covered, by its standard, and how far the nearest station is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stationgeo import coverage, reach, report, schema, stations
from stationgeo.demand import WEIGHTS
from stationgeo.study._measure import Told, as_geojson
from stationgeo.study._reach import way_options

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.coverage import BlankSpots, Coverage, Standard
    from stationgeo.reach import NearestStations
    from stationgeo.study._given import Given
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study

__all__ = ["Blanks", "find_blanks"]

_WEEK_H = 168.0
# Of all demand inside the zones: what a spot has at least where the study does not say; an assumption.
_LEAST_SHARE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blanks:
    """Where demand is not covered."""

    found: BlankSpots
    """What `coverage.blank_spots` gives."""
    way: str
    """How ways to the nearest station are measured."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""

    def tell(self, scored: Coverage) -> Told:
        """Tell where most demand is not covered, and draw each patch."""
        found = self.found
        return Told(
            chapters=(report.blanks_chapter(found, scored.zones, scored.stations, scored.unit, way=self.way),),
            files={"blank_spots.geojson": as_geojson(found.spots)},
            manifest={"blanks": found.headline},
        )


def find_blanks(given: Given, scored: Coverage) -> Blanks | None:
    """Find the blank spots of a scored coverage; None where no demand lies inside the zones."""
    study, inputs, demanded, places = given.study, given.inputs, given.demanded, given.places
    standard = given.standard
    asked = study.blanks
    cells = _by_place(demanded.table, scored, study.demand_weight, standard)
    inside = float(cells.loc[cells["zone_id"] != schema.OUTSIDE, "demand"].sum())
    if not inside > 0:
        return None
    least = asked.min_demand
    found = coverage.blank_spots(
        cells,
        stations=places.every,
        zones=demanded.zones,
        weight=study.demand_weight,
        min_weight=_LEAST_SHARE * inside if least is None else least * scored.unit.size,
        min_uncovered_share=asked.min_uncovered_share,
        min_covered_share=asked.min_covered_share,
        rings=asked.rings,
        span_h=_WEEK_H if study.demand_weight == "courier_s" else None,
        nearest=_over_streets(study, inputs, places, cells, standard),
        standard=standard,
        catalogue=inputs.catalogue,
    )
    mode = study.reach.mode
    straight = mode is None or inputs.network is None
    return Blanks(found=found, way="by the straight line 直线距离" if straight else f"over the streets by {mode} 路网")


def _by_place(table: pd.DataFrame, scored: Coverage, weight: str, standard: Standard | None) -> pd.DataFrame:
    """Add demand up by cell and zone, covered as its cell is: so the zones of a cell share what is covered of it."""
    kept = table if standard is None or not standard.group else table[table["group"] == standard.group]
    places = kept.groupby(["cell", "zone_id"], as_index=False, sort=True)[list(WEIGHTS)].sum()
    of_cell = scored.cells.set_index("cell")
    covered = {}
    for suffix in ("", "_high"):
        share = (of_cell[f"covered_demand{suffix}"] / of_cell["demand"].where(of_cell["demand"] > 0)).clip(0.0, 1.0)
        covered[f"covered_share{suffix}"] = share.reindex(places["cell"]).fillna(0.0).to_numpy()
    # Events stay nowhere: a courier's weight and seconds are known of tracks alone.
    told = places if places["courier_s"].sum() > 0 else places.drop(columns=["courier_s", "courier_weight"])
    return told.assign(demand=places[weight], **covered)


def _over_streets(
    study: Study, inputs: Inputs, places: Places, cells: pd.DataFrame, standard: Standard | None
) -> NearestStations | None:
    """Find the station that is nearest to each cell not all covered, at any distance; None by straight lines."""
    if inputs.network is None:
        return None
    kinds, tiers = (None, None) if standard is None else (standard.kinds or None, standard.tiers or None)
    there: gpd.GeoDataFrame = stations.with_kinds(places.counted, kinds=kinds, tiers=tiers, catalogue=inputs.catalogue)
    blank = np.unique(cells.loc[(cells["demand"] > 0) & (cells["covered_share"] < 1), "cell"].to_numpy(dtype=np.uint64))
    if there.empty or not blank.size:
        return None
    doors = places.access
    return reach.nearest_over_streets(
        there,
        inputs.network,
        cells=blank,
        direction=study.reach.direction,
        access=None if doors is None else doors[doors["station_id"].isin(there["station_id"])],
        **way_options(study),
    )
