"""Who gets to which station: by the straight line, or over the streets, as the study says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stationgeo import reach

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from stationgeo.study._model import Study

__all__ = ["coarse_cells", "reach_places", "span_m", "way_options"]


def reach_places(
    study: Study,
    network: reach.Network | None,
    places: gpd.GeoDataFrame,
    *,
    access: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame | reach.TravelReach:
    """Find the cells from which one gets to stations or candidates within the study's cutoff.

    Returns
    -------
    DataFrame or TravelReach
        REACH with `impedance_m` by straight lines; over streets the reach that knows where its places meet them.
    """
    asked = study.reach
    if network is None or asked.cutoff_s is None:
        return reach.within_distance(
            places,
            cutoff_m=asked.cutoff_m or 0.0,
            resolution=study.resolution,
            detour_factor=asked.detour_factor or 1.0,
        )
    return reach.within_travel_time(
        places,
        network,
        cutoff_s=asked.cutoff_s,
        resolution=study.resolution,
        direction=asked.direction,
        access=access,
        access_resolution=asked.access_resolution,
        **way_options(study),
    )


def way_options(study: Study) -> dict[str, Any]:
    """Say how places meet the streets, as arguments of reach; what the study leaves open keeps its default."""
    asked = study.reach
    given = {"snap_limit_m": asked.snap_limit_m, "off_street_km_h": asked.off_street_km_h}
    return {name: value for name, value in given.items() if value is not None}


def coarse_cells(study: Study, network: reach.Network | None) -> tuple[str, ...]:
    """Say that the cells are too coarse for the cutoff; nothing where they are not, or where there is no street."""
    asked = study.reach
    if network is None or asked.cutoff_s is None:
        said = reach.cutoff_check(
            cutoff_m=asked.cutoff_m or 0.0, resolution=study.resolution, detour_factor=asked.detour_factor or 1.0
        )
        return (said,) if said else ()
    # As far as one mostly gets: the fastest street of a city would speak for cells that most ways are too short for.
    way_m = asked.cutoff_s * network.typical_speed_m_s
    if math.isnan(way_m):
        return ()
    called = f"{asked.in_words}, about {way_m:,.0f} m,"
    said = reach.cutoff_check(cutoff_m=way_m, resolution=study.resolution, called=called)
    return (said,) if said else ()


def span_m(study: Study, network: reach.Network) -> float:
    """Tell how long a way over the streets may be at most: what the cutoff is good for at the fastest speed."""
    return (study.reach.cutoff_s or 0.0) * network.speed_m_s
