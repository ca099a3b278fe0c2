"""How the streets carry a study: what does not meet them, what lies where they end, and where they seem missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stationgeo import cells, reach, schema, zones
from stationgeo.report import Streets
from stationgeo.study._reach import span_m

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.io import FixBatch
    from stationgeo.study._model import Study

__all__ = ["OFF_STREET_M", "StreetWatch", "find_about_streets", "met_places"]

OFF_STREET_M = 30.0
"""Farther than this from every street a fix is off the streets: lanes, kerbs and the noise of receivers lie within."""

# Of more fixes than this every second, fourth, ... is held against the streets: shares of zones need no more.
_WATCHED_FIXES = 2_000_000


class StreetWatch:
    """Keeps every so manieth fix that passes, to be held against the streets; the same however fixes are cut."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what was seen: the fixes come from the first on."""
        self._every = 1
        self._seen = 0
        self._numbers: dict[str, int] = {}
        self._kept: list[pd.DataFrame] = []

    def see(self, batch: FixBatch) -> None:
        """Look at a batch, in the order of the fixes."""
        rows = np.arange(-self._seen % self._every, len(batch), self._every)
        # Numbers are small, and names are not: of millions of fixes only numbers are kept.
        number = np.array([self._numbers.setdefault(name, len(self._numbers)) for name in batch.names], dtype=np.int32)
        self._kept.append(pd.DataFrame({
            "row": self._seen + rows, "courier": number[batch.courier[rows]],
            "t": pd.to_datetime(batch.t_ms[rows], unit="ms", utc=True).as_unit("ms"),
            "lon": batch.lon[rows], "lat": batch.lat[rows],
        }))  # fmt: skip
        self._seen += len(batch)
        while self._seen > self._every * _WATCHED_FIXES:
            self._every *= 2
            self._kept = [part[part["row"] % self._every == 0] for part in self._kept]

    def off_streets(
        self, network: reach.Network, territory: gpd.GeoDataFrame, stops: pd.DataFrame, *, k: int
    ) -> pd.DataFrame:
        """Tell the share of each lowest zone's fixes between stops that are off the streets.

        Who rests does so in buildings, off every street: only who is under way tells where streets are. The share is
        nan where fewer than k couriers were under way.
        """
        moving = self._between(stops)
        lon, lat = moving["lon"].to_numpy(), moving["lat"].to_numpy()
        level = zones.at_level(territory, level=zones.lowest_level(territory))
        every = [*level["zone_id"], schema.OUTSIDE]
        where = pd.Categorical(zones.locate(lon, lat, zones=territory), categories=every)
        couriers = moving["courier"].groupby(pd.CategoricalIndex(where), observed=False).nunique().to_numpy()[:-1]
        found = reach.off_street_share(lon, lat, network, zones=where, limit_m=OFF_STREET_M).iloc[:-1]
        told = couriers >= k
        return pd.DataFrame({
            "zone_id": level["zone_id"].to_numpy(), "name": level["name"].to_numpy(),
            "n_fixes": np.where(told, found["fixes"], 0),
            "off_street_share": found["off_street_share"].where(told).to_numpy(),
        })  # fmt: skip

    def _between(self, stops: pd.DataFrame) -> pd.DataFrame:
        """Return the fixes kept that lie in no stop of their courier."""
        kept = pd.concat(self._kept, ignore_index=True).sort_values(["t", "courier"], ignore_index=True)
        rests = pd.DataFrame({
            "courier": stops["courier_id"].map(self._numbers).astype(np.int32),
            "t": stops["start"].dt.as_unit("ms"), "end": stops["end"].dt.as_unit("ms"),
        }).sort_values("t")  # fmt: skip
        held = pd.merge_asof(kept, rests, on="t", by="courier")
        return held[~(held["t"] <= held["end"])].reset_index(drop=True)


def met_places(place: str, table: gpd.GeoDataFrame, travel: reach.TravelReach) -> pd.DataFrame:
    """List how stations or candidates meet the streets, each at the door that is nearest to one."""
    snaps = travel.stations
    met = snaps.table.sort_values(["station_id", "off_street_m"], kind="stable").drop_duplicates("station_id")
    id_column = next(name for name in ("station_id", "candidate_id") if name in table.columns)
    names = table.set_index(id_column)["name"] if "name" in table.columns else pd.Series(dtype="str")
    finding = np.select(
        [met["edge"] < 0, met["island"], met["off_street_m"] > snaps.far_m], ["not met", "island", "far"], ""
    )
    return pd.DataFrame({
        "place": place, "id": met["station_id"].to_numpy(),
        "name": names.reindex(met["station_id"]).fillna("").to_numpy(dtype=object),
        "finding": finding, "off_street_m": met["off_street_m"].to_numpy(),
        "component_nodes": met["component_nodes"].to_numpy(),
    })  # fmt: skip


def find_about_streets(
    study: Study, network: reach.Network, *, places: list[pd.DataFrame], demand: pd.DataFrame,
    completeness: pd.DataFrame | None,
) -> Streets:  # fmt: skip
    """Put together what is to be known of the streets."""
    weight = demand[demand["zone_id"] != schema.OUTSIDE].groupby("cell")[study.demand_weight].sum()
    lon, lat = cells.centres(weight.index.to_numpy(dtype=np.uint64))
    limit_m = study.reach.snap_limit_m
    snaps = reach.snap(lon, lat, network) if limit_m is None else reach.snap(lon, lat, network, limit_m=limit_m)
    within_m = span_m(study, network)
    near = reach.near_border(lon, lat, network, within_m=within_m)

    def share(which: npt.NDArray[np.bool_]) -> float:
        total = float(weight.sum())
        return float(weight.to_numpy()[which].sum()) / total if total > 0 else math.nan

    lost, island = (snaps.table["edge"] < 0).to_numpy(), snaps.table["island"].to_numpy()
    off = f"more than {snaps.limit_m:g} m from every street that may be used"
    ends = f"within {within_m:,.0f} m of where the street data ends, as far as one gets within the cutoff at most"
    sentences = (
        f"{share(lost):.1%} of demand in the zones is {off}, by its cell's centre: no station reaches it",
        f"{share(island):.1%} of it meets streets which lead nowhere else",
        f"{share(near):.1%} of it lies {ends}: what is there beyond is not known, and its coverage may be too low",
    )
    return Streets(
        places=pd.concat(places, ignore_index=True),
        zones=completeness,
        limit_m=OFF_STREET_M,
        sentences=sentences,
    )
