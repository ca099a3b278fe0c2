"""New sites of a study: candidates of a file or of cells, and the choice among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stationgeo import reach, siting, stations, zones
from stationgeo.study._inputs_places import CELL_KIND
from stationgeo.study._reach import reach_places
from stationgeo.study._streets import met_places

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.siting import Siting
    from stationgeo.study._given import Given
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress

__all__ = ["Sited", "choose_sites"]


class Sited(NamedTuple):
    """New sites."""

    plan: Siting | None = None
    """The proposed sites; None where the study asks for none, or nothing is left to cover."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""
    met: tuple[pd.DataFrame, ...] = ()
    """How the candidates meet the streets; nothing by straight lines."""


def choose_sites(given: Given, listener: Progress) -> Sited:
    """Choose sites for the demand in the zones, given the stations that are there and count."""
    study, inputs, demanded, places = given.study, given.inputs, given.demanded, given.places
    if study.siting is None or study.candidates is None:
        return Sited()
    existing, said = _counting(given)
    with listener.stage("siting", steps=2) as step:
        candidates = inputs.candidates
        if candidates is None:
            candidates = _of_cells(study, inputs, demanded.inside, existing)
        if candidates is None:
            return Sited(notes=("all demand is covered already: no site is proposed",))
        lon, lat = candidates.geometry.x.to_numpy(), candidates.geometry.y.to_numpy()
        candidates = candidates.assign(zone_id=zones.locate(lon, lat, zones=demanded.zones))
        candidate_reach = reach_places(study, inputs.network, candidates)
        step()
        plan = siting.maximal_cover(
            demanded.inside,
            candidate_reach,
            n_stations=study.siting.n_stations,
            weight=study.demand_weight,
            existing=existing,
            candidates=candidates,
            stations=places.every,
            time_limit_s=study.siting.time_limit_s,
            gap=study.siting.gap,
            catalogue=inputs.catalogue,
        )
        step()
    return Sited(plan, (*plan.notes, *said), met_places("candidate", candidates, candidate_reach))


def _counting(given: Given) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep the reach of stations that count for the standard, and say what of it sites do not look at."""
    table, standard = reach.as_table(given.reached), given.standard
    if standard is None:
        return table, ()
    counted = stations.with_kinds(
        given.places.every, kinds=standard.kinds or None, tiers=standard.tiers or None,
        catalogue=given.inputs.catalogue,
    )  # fmt: skip
    kept = table[table["station_id"].isin(counted["station_id"])]
    if standard.by_reach_alone:
        return kept, ()
    note = (
        "sites are chosen by reach alone: what the standard asks of services and hours is not looked at, neither "
        "of the stations that are there nor of the sites"
    )
    return kept, (note,)


def _of_cells(study: Study, inputs: Inputs, table: pd.DataFrame, reached: pd.DataFrame) -> gpd.GeoDataFrame | None:
    """Make a candidate of every cell with demand that no station reaches; None where there is none."""
    asked = study.candidates
    blank = np.setdiff1d(table.loc[table[study.demand_weight] > 0, "cell"], reached["cell"])
    if asked is None or blank.size == 0:
        return None
    return siting.candidates_from_cells(
        blank, kind=asked.default_kind or CELL_KIND, action=asked.default_action, catalogue=inputs.catalogue
    )
