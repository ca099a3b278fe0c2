"""What rules and plans ask for, held against the stations of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stationgeo import coverage
from stationgeo.errors import StationgeoError, StudyError, suggest

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.coverage import Coverage, Nearest, Target, TargetCheck
    from stationgeo.stations import OpenHours
    from stationgeo.study._demand import Demanded
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study

__all__ = ["hold_targets"]

_STRAIGHT = "straight line"
_WEIGHT = {"courier_s": "seconds of rest", "visits": "visits", "courier_weight": "worker-equivalents"}


def hold_targets(
    study: Study, inputs: Inputs, demanded: Demanded, pieces: pd.DataFrame | None, *, places: gpd.GeoDataFrame,
    scored: Coverage, hours: OpenHours | None,
) -> TargetCheck | None:  # fmt: skip
    """Hold the study's targets against its stations; None where it names none.

    Raises
    ------
    StudyError
        If there is no such target, or it asks for levels, zones or workers that the study has not.
    """
    asked = study.targets
    if asked is None:
        return None
    workers = None
    try:
        targets = _named(study)
        if asked.workers is not None and inputs.workers is not None:
            workers = coverage.Workers(
                table=inputs.workers, denominator=asked.workers.denominator, least=asked.workers.least
            )
        return coverage.check_targets(
            places, demanded.zones, targets=targets, nearest=_nearest(study, demanded, pieces, scored),
            workers=workers, hours=hours, where=asked.where, catalogue=inputs.catalogue,
        )  # fmt: skip
    except StationgeoError as error:
        raise StudyError(f"{study.name}: targets: {error}") from error


def _named(study: Study) -> list[Target]:
    """Find the targets that ship, and read those of the study's own."""
    asked = study.targets
    shipped = coverage.targets()
    found = []
    for name in () if asked is None else asked.names:
        if name not in shipped:
            raise StudyError(f"there is no target {name!r} that ships; {suggest(name, shipped)}")
        found.append(shipped[name])
    for path in () if asked is None else asked.paths:
        found += coverage.read_targets(study.resolve(path)).values()
    return found


def _nearest(study: Study, demanded: Demanded, pieces: pd.DataFrame | None, scored: Coverage) -> Nearest:
    """Give each part of a cell in a zone its demand, its area and the way from the cell."""
    weight = study.demand_weight
    keys = ["cell", "zone_id"]
    table = demanded.inside.groupby(keys, as_index=False, sort=True)[[weight]].sum().rename(columns={weight: "demand"})
    if pieces is not None:
        area = pieces.groupby(keys, as_index=False, sort=True)[["area_m2"]].sum()
        # Demand and area are 0 where only the other is.
        table = table.merge(area, on=keys, how="outer").fillna({"demand": 0.0, "area_m2": 0.0})
    way = "nearest_s" if "nearest_s" in scored.cells else "nearest_m"
    ways = table.merge(pd.DataFrame(scored.cells[["cell", way]]), on="cell", how="left").drop(columns="cell")
    reach = study.reach
    return coverage.Nearest(
        table=ways,
        cutoff=float(reach.cutoff_s or reach.cutoff_m or 0.0),
        mode=reach.mode or _STRAIGHT,
        demand_is=_WEIGHT[weight],
    )
