"""Sums of lowest-level zones rolled up the tree, with what lies outside at every level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from stationgeo import crs, schema
from stationgeo import zones as zone_tree
from stationgeo.errors import DataError, first_few

if TYPE_CHECKING:
    import numpy.typing as npt

    from stationgeo.schema import FloatArray, IntArray

__all__ = ["Units", "lowest_ids", "numbers_of", "units_of"]


class Units(NamedTuple):
    """The zones of one level, and which of them each lowest-level zone belongs to."""

    level: str
    zones: gpd.GeoDataFrame
    """ZONES of the level; one row more, the last, stands for what lies in none of them."""
    of_lowest: IntArray
    """(n_lowest + 1,): row of `zones` for each lowest-level zone, and for what lies in none."""

    def sum(self, amounts: npt.NDArray[Any]) -> FloatArray:
        """Add up amounts of the lowest level, (n_lowest + 1, ...), along the first axis."""
        total = np.zeros((len(self.zones), *amounts.shape[1:]))
        np.add.at(total, self.of_lowest, amounts)
        return total


def lowest_ids(zones: gpd.GeoDataFrame | None) -> list[str]:
    """List the zones that hold demand, in the order of the table; none where there are no zones."""
    return [] if zones is None else zone_tree.at_level(zones, level=zone_tree.lowest_level(zones))["zone_id"].tolist()


def numbers_of(zone_id: pd.Series[str], lowest: list[str], *, table: str) -> IntArray:
    """Give the zones of rows their numbers in the lowest level; -1 where a row lies in none.

    Raises
    ------
    DataError
        If rows name zones that are not of the lowest level.
    """
    if not lowest:
        return np.full(len(zone_id), -1, dtype=np.int64)
    # Names are few and rows many, and rows of one zone often follow each other: each run is looked up once.
    begins = np.flatnonzero(np.append(True, np.asarray(zone_id.array[1:] != zone_id.array[:-1], dtype=np.bool_)))
    codes, names = pd.factorize(zone_id.iloc[begins[begins < len(zone_id)]])
    found = pd.Index(lowest).get_indexer(pd.Index(names))
    strange = [str(name) for name, at in zip(names, found, strict=True) if at < 0 and name != schema.OUTSIDE]
    if strange:
        raise DataError(
            f"{table}: column 'zone_id' must name zones of the lowest level; {len(strange):,} of {len(names):,} zones "
            f"are not there: {first_few(strange)}. Compute it with the same zones."
        )
    return np.repeat(np.asarray(found[codes], dtype=np.int64), np.diff(np.append(begins, len(zone_id))))


def units_of(zones: gpd.GeoDataFrame) -> list[Units]:
    """Take the levels of a tree apart, lowest first."""
    lowest = lowest_ids(zones)
    tree = zone_tree.ancestors(zones)
    made = []
    for level in (name for name in schema.LEVELS if name in set(zones["level"])):
        own = zone_tree.at_level(zones, level=level)
        above = tree[level] if level in tree.columns else pd.Series(tree.index, index=tree.index)
        at = pd.Index(own["zone_id"]).get_indexer(pd.Index(above.reindex(lowest).fillna(schema.OUTSIDE)))
        of_lowest = np.append(np.where(at < 0, len(own), at), len(own)).astype(np.int64)
        made.append(Units(level, _with_outside(own, level), of_lowest))
    return made


def _with_outside(own: gpd.GeoDataFrame, level: str) -> gpd.GeoDataFrame:
    ids: npt.NDArray[np.object_] = np.append(own["zone_id"].to_numpy(dtype=object), schema.OUTSIDE)
    return gpd.GeoDataFrame(
        {
            "zone_id": pd.Series(ids, dtype="str"),
            "level": level,
            "name": pd.Series([*own["name"], None], dtype="str"),
            "parent_id": pd.Series([*own["parent_id"], schema.OUTSIDE], dtype="str"),
        },
        geometry=gpd.GeoSeries([*own.geometry, None], crs=crs.WGS84),
        crs=crs.WGS84,
    )
