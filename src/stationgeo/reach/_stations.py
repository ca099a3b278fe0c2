"""Tables of stations or candidates: the one column of ids that they have, and their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo.errors import ColumnError, DataError, first_few, suggest
from stationgeo.reach._checks import check_kind
from stationgeo.stations import lonlat

if TYPE_CHECKING:
    import geopandas as gpd

    from stationgeo.reach._arrays import Names
    from stationgeo.schema import FloatArray

__all__ = ["checked_ids", "id_texts", "named_points"]

_ID_COLUMNS = ("station_id", "candidate_id")


def named_points(stations: gpd.GeoDataFrame) -> tuple[Names, FloatArray, FloatArray]:
    """Hold stations or candidates against what reach needs: their ids, ascending, with longitude and latitude."""
    id_column, names = checked_ids(stations)
    lon, lat = lonlat(stations, source=f"the table of {id_column}")
    order = np.argsort(names, kind="stable")
    return names[order], lon[order], lat[order]


def checked_ids(stations: pd.DataFrame) -> tuple[str, Names]:
    """Find the one column of ids that a table of stations or candidates has, and its ids, unique, in their order."""
    check_kind("stations", stations, pd.DataFrame, "a GeoDataFrame of points in WGS-84")
    id_column = _id_column(stations)
    return id_column, _unique(stations[id_column])


def id_texts(ids: pd.Series[Any]) -> Names:
    """Write ids as REACH has them: as text."""
    return ids.astype("str").to_numpy(dtype=np.object_)


def _id_column(stations: pd.DataFrame) -> str:
    found = [name for name in _ID_COLUMNS if name in stations.columns]
    if len(found) != 1:
        has = suggest(_ID_COLUMNS[0], [str(name) for name in stations.columns])
        given = "both" if found else "neither"
        raise ColumnError(f"stations must have one of the columns {' and '.join(_ID_COLUMNS)}. Got {given}; {has}")
    return found[0]


def _unique(ids: pd.Series[Any]) -> Names:
    if ids.isna().any():
        raise DataError(f"{ids.name} must not be missing; {int(ids.isna().sum()):,} of {len(ids):,} rows have none.")
    names = id_texts(ids)
    repeated = pd.Series(names).duplicated().to_numpy()
    if repeated.any():
        raise DataError(
            f"{ids.name} must be unique; {int(repeated.sum()):,} of {len(ids):,} rows repeat an earlier one: "
            f"{first_few(pd.unique(names[repeated]))}. Remove or renumber them."
        )
    return names
