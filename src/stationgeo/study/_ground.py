"""What lies where: the stations that count, the zones, the cells cut along them, and which demand lies inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import shapely

from stationgeo import cells, crs, schema, stations, zones
from stationgeo.errors import DataError
from stationgeo.study._offers import there_then
from stationgeo.study._progress import whole

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._progress import Progress

__all__ = ["Places", "cut_pieces", "demand_inside", "find_territory", "gather_places"]


class Places(NamedTuple):
    """The stations of a study."""

    every: gpd.GeoDataFrame
    """STATIONS, clusters too; none in a greenfield study."""
    counted: gpd.GeoDataFrame
    """Those that count: all but clusters, which are only drawn."""
    access: gpd.GeoDataFrame | None
    """ACCESS_POINTS of those that count; None where they are met where they stand."""
    notes: tuple[str, ...] = ()
    """What a reader should know."""


def gather_places(study: Study, inputs: Inputs, as_of: dt.date | None) -> Places:
    """Take the stations that there are on the study's day, and the doors of those that count."""
    every, notes = there_then(study, inputs.stations, as_of)
    if every is None:
        none = schema.empty(schema.STATIONS)
        every = gpd.GeoDataFrame(none.drop(columns="geometry"), geometry=gpd.GeoSeries([], crs=crs.WGS84))
    access = inputs.access
    if access is not None:
        drawn = set(every.loc[stations.is_cluster(every["kind"], catalogue=inputs.catalogue), "station_id"])
        gone = set() if inputs.stations is None else set(inputs.stations["station_id"]) - set(every["station_id"])
        access = access[~access["station_id"].isin(drawn | gone)]
    return Places(every, stations.counted(every, catalogue=inputs.catalogue), access, notes)


def cut_pieces(study: Study, inputs: Inputs, listener: Progress) -> pd.DataFrame | None:
    """Cut cells along the zones; a hull has no pieces: a single far fix would make it a continent of cells."""
    if inputs.zones is None:
        return None
    with whole(listener, "pieces"):
        return zones.pieces(inputs.zones, resolution=study.resolution)


def find_territory(inputs: Inputs, table: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the study's zones and demand placed in them; without zones, one unit around all demand holds it all."""
    if inputs.zones is not None:
        return inputs.zones, table
    corners = shapely.get_coordinates(cells.outlines(table["cell"].unique()))
    unit = zones.hull(corners[:, 0], corners[:, 1])
    return unit, table.assign(zone_id=unit["zone_id"].iloc[0])


def demand_inside(table: pd.DataFrame, weight: str, *, pooled: bool) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Keep the demand that the planner answers for, and say how much lies beyond the zones."""
    outside = table["zone_id"] == schema.OUTSIDE
    total, beyond = table[weight].sum(), table.loc[outside, weight].sum()
    if total > 0 and beyond >= total:
        raise DataError(
            f"no demand lies in the zones: all {total:,.0f} of {weight} are outside them. Are zones and demand of the "
            "same city, and is the datum of both declared rightly?"
        )
    inside = table[~outside]
    if beyond <= 0:
        return inside, ()
    drawn = "it is drawn where it was not pooled" if pooled else "it is drawn"
    note = f"{beyond / total:.1%} of all demand lies outside the zones: {drawn}, but no rate and no site counts it"
    return inside, (note,)
