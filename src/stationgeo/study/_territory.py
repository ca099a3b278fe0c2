"""Reading the zones of a study: one tree, whose lowest level is disjoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from stationgeo import io, schema, zones

if TYPE_CHECKING:
    from stationgeo.io import IngestReport
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Step

__all__ = ["read_territory"]


def read_territory(
    study: Study, reports: dict[str, IngestReport], step: Step
) -> tuple[gpd.GeoDataFrame | None, tuple[str, ...]]:
    """Read the zones of all levels, the lowest made disjoint, and notes; None where the study names none."""
    if not study.zones:
        return None, ()
    parts = []
    for source in study.zones:
        read = io.read_zones(
            study.resolve(source.path),
            level=source.level,
            datum=source.datum,
            crs=source.crs,
            columns=source.columns,
            where=source.where,
            encoding=source.encoding,
        )
        parts.append(read.table)
        reports[f"zones.{source.level}"] = read.report
        step()
    joined = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=parts[0].crs)
    schema.validate(joined, schema.ZONES, source="zones of all levels")
    return _in_order(study, joined)


def _in_order(study: Study, joined: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Give every zone its parent and make the lowest level disjoint."""
    notes: list[str] = []
    with_parents, doubtful = zones.assign_parents(joined)
    assigned = int((with_parents["parent_id"] != joined["parent_id"]).sum())
    if assigned:
        notes.append(
            f"{assigned:,} zones name no parent and got the one they overlap most; {len(doubtful):,} of them doubtful"
        )
    zones.check_tree(with_parents)
    resolved = zones.resolve_overlaps(with_parents, rule=study.overlaps)
    if len(resolved.overlaps):
        area_m2 = float(resolved.overlaps["area_m2"].sum())
        notes.append(
            f"{len(resolved.overlaps):,} pairs of zones overlapped, by {area_m2:,.0f} m2 in all; "
            f"the rule {study.overlaps!r} settled them"
        )
    return resolved.zones, tuple(notes)
