"""Candidates where no hosts are known: the centres of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from stationgeo import cells, crs, zones
from stationgeo.errors import DataError, ParameterError, suggest
from stationgeo.schema import ACTIONS
from stationgeo.stations import is_cluster

if TYPE_CHECKING:
    from stationgeo.schema import CellArray
    from stationgeo.stations import Catalogue


def candidates_from_cells(
    candidate_cells: CellArray,
    *,
    kind: str,
    action: str = "new",
    within: gpd.GeoDataFrame | None = None,
    catalogue: Catalogue | None = None,
) -> gpd.GeoDataFrame:
    """Make a candidate of each cell's centre.

    Parameters
    ----------
    candidate_cells
        Distinct H3 cells; no cells give no candidates.
    kind
        Kind of station that each would become; no cluster.
    action
        What would be done there: "new" as a rule.
    within
        ZONES, to fill in `zone_id`; without them it is ''.
    catalogue
        What `stations.read_catalogue` gave, in place of the shipped files.

    Returns
    -------
    GeoDataFrame
        CANDIDATES: `candidate_id` is the cell as H3 writes it, `geometry` its centre; sorted by cell.

    Raises
    ------
    ColumnError
        If `within` lacks a column of ZONES.
    DataError
        If a cell repeats or is no H3 cell, or the kind is unknown.
    DatumError
        If `within` is not in WGS-84 (EPSG:4326).
    ParameterError
        If the kind is a cluster, or the action is unknown.

    Notes
    -----
    O(cells). A centre may lie in a river or on a motorway: such a plan says where to look for a host.

    Examples
    --------
    >>> table = candidates_from_cells(cells.from_text(["8a411caa05affff"]), kind="warm_bee")
    >>> table["candidate_id"].item(), table["action"].item()
    ('8a411caa05affff', 'new')
    """
    if is_cluster([kind], catalogue=catalogue)[0]:
        raise ParameterError(f"kind must be a station, not a cluster. Got {kind!r}.")
    if action not in ACTIONS:
        raise ParameterError(f"unknown action {action!r}; {suggest(action, ACTIONS)}")
    ordered: npt.NDArray[np.uint64] = np.unique(candidate_cells).astype(np.uint64)
    if ordered.size < np.size(candidate_cells):
        raise DataError(
            f"candidate cells must be distinct; {np.size(candidate_cells) - ordered.size:,} of "
            f"{np.size(candidate_cells):,} repeat an earlier one. Pass numpy.unique() of them."
        )
    lon, lat = cells.centres(ordered)
    zone = np.full(ordered.size, "", dtype=np.object_) if within is None else zones.locate(lon, lat, zones=within)
    return gpd.GeoDataFrame(
        {
            "candidate_id": pd.Series(cells.to_text(ordered), dtype="str"),
            "action": pd.Series([action] * ordered.size, dtype="str"),
            "kind": pd.Series([kind] * ordered.size, dtype="str"),
            "zone_id": pd.Series(zone, dtype="str"),
        },
        geometry=gpd.points_from_xy(lon, lat),
        crs=crs.WGS84,
    )
