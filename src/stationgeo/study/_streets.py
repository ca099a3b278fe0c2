"""How the streets carry a study: what does not meet them, what lies where they end, and where they seem missing."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from stationgeo import reach, schema, zones
from stationgeo.report import Streets
from stationgeo.study._privacy import least_couriers
from stationgeo.study._reach import span_m, way_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from stationgeo.study._given import Given
    from stationgeo.study._ground import Places
    from stationgeo.study._inputs import Inputs
    from stationgeo.study._model import Study
    from stationgeo.study._sections import OnRoute
    from stationgeo.study._watch import Sample, Samples

__all__ = ["OFF_STREET_M", "find_about_streets", "find_on_route", "met_places", "off_streets", "with_track_speeds"]

# What floats may take off a sum of shares.
_ROUNDING = 1e-9

OFF_STREET_M = 30.0
"""Farther than this from every street a fix is off the streets: lanes, kerbs and the noise of receivers lie within."""


def off_streets(
    sample: Sample, network: reach.Network, territory: gpd.GeoDataFrame, *, k: int
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Tell the share of each lowest zone's fixes between stops that are off the streets.

    Who rests does so in buildings, off every street: only who is under way tells where streets are. The share is nan
    where fewer than k couriers were under way.
    """
    moving = sample.fixes[~sample.fixes["at_stop"]]
    lon, lat = moving["lon"].to_numpy(), moving["lat"].to_numpy()
    level = zones.at_level(territory, level=zones.lowest_level(territory))
    every = [*level["zone_id"], schema.OUTSIDE]
    where = pd.Categorical(zones.locate(lon, lat, zones=territory), categories=every)
    couriers = moving["courier_id"].groupby(pd.CategoricalIndex(where), observed=False).nunique().to_numpy()[:-1]
    found = reach.off_street_share(lon, lat, network, zones=where, limit_m=OFF_STREET_M).iloc[:-1]
    told = couriers >= k
    table = pd.DataFrame({
        "zone_id": level["zone_id"].to_numpy(), "name": level["name"].to_numpy(),
        "n_fixes": np.where(told, found["fixes"], 0),
        "off_street_share": found["off_street_share"].where(told).to_numpy(),
    })  # fmt: skip
    return table, _of_sample(sample, "fixes", "were held against the streets")


def _of_sample(sample: Sample, what: str, done: str) -> tuple[str, ...]:
    """Say that only some were looked at, where that is so."""
    return () if sample.step == 1 else (f"about one in {sample.step:,} {what} {done}: there are too many for all",)


def met_places(
    place: str, table: gpd.GeoDataFrame, reached: pd.DataFrame | reach.TravelReach
) -> tuple[pd.DataFrame, ...]:
    """List how stations or candidates meet the streets, each at the door nearest to one; nothing by straight lines."""
    if not isinstance(reached, reach.TravelReach):
        return ()
    snaps = reached.stations
    met = snaps.table.sort_values(["station_id", "off_street_m"], kind="stable").drop_duplicates("station_id")
    id_column = next(name for name in ("station_id", "candidate_id") if name in table.columns)
    names = table.set_index(id_column)["name"] if "name" in table.columns else pd.Series(dtype="str")
    finding = np.select(
        [met["edge"] < 0, met["island"], met["off_street_m"] > snaps.far_m], ["not met", "island", "far"], ""
    )
    listed = pd.DataFrame({
        "place": place, "id": met["station_id"].to_numpy(),
        "name": names.reindex(met["station_id"]).fillna("").to_numpy(dtype=object),
        "finding": finding, "off_street_m": met["off_street_m"].to_numpy(),
        "component_nodes": met["component_nodes"].to_numpy(),
    })  # fmt: skip
    return (listed,)


def find_on_route(
    study: Study, asked: OnRoute, sample: Sample, network: reach.Network, places: Places, *, k: int
) -> tuple[pd.DataFrame | None, tuple[str, ...]]:  # fmt: skip
    """Tell who passes a station on the ways between stops: by station, and in a sentence; rides of few are not told."""
    given: dict[str, Any] = {"skip_s": asked.skip_s, "noise_m": asked.noise_m, "access": places.access}
    given = {name: value for name, value in given.items() if value is not None}
    rides = sample.fixes.assign(ride=_rides(sample.fixes, study))
    rides = rides[~rides["at_stop"]].reset_index(drop=True)
    found = reach.stations_on_route(rides, places.counted, network, budget_s=asked.budget_s, track_key="ride", **given)
    met = found.tracks[found.tracks["points_used"] > 0]
    couriers = rides.drop_duplicates("ride").set_index("ride")["courier_id"]
    if couriers.reindex(met["ride"]).nunique() < k:
        return None, (f"fewer than {k:,} couriers were seen under way: who passes a station is not told",)
    passed = found.table.assign(courier=found.table["ride"].map(couriers))
    told = passed.groupby("station_id")["courier"].nunique() >= k
    table = found.by_station[["station_id", "track_share"]].rename(columns={"track_share": "ride_share"})
    table["ride_share"] = table["ride_share"].where(table["station_id"].map(told).eq(True))  # noqa: FBT003 - pandas
    said = (
        f"{found.covered_share:.1%} of {len(met):,} ways between stops pass a station for at most {asked.budget_s:g} s "
        f"more; {found.counts['hops not joined']:,} hops between fixes were not joined"
    )
    return table, (said, *_of_sample(sample, "couriers", "were followed for it"))


def _rides(fixes: pd.DataFrame, study: Study) -> pd.Series[int]:
    """Give a number to each way of a courier between stops; a gap in the track ends one."""
    gap_s = math.inf if study.stops is None else study.stops.max_gap_s
    new = (
        (fixes["courier_id"] != fixes["courier_id"].shift())
        | (fixes["at_stop"] != fixes["at_stop"].shift())
        | (fixes["t"].diff().dt.total_seconds() > gap_s)
    )
    numbers: pd.Series[int] = new.cumsum()
    return numbers


def with_track_speeds(study: Study, inputs: Inputs, samples: Samples) -> tuple[Inputs, tuple[str, ...]]:
    """Give the streets the speeds that couriers rode at, where the study asks for it, and say how much was matched."""
    asked, network, sample = study.reach.track_speeds, inputs.network, samples.of_couriers
    if asked is None or network is None or sample is None:
        return inputs, ()
    speeds = reach.speeds_from_tracks(
        sample.fixes, network, tz=study.tz, min_passes=asked.min_passes, min_couriers=asked.min_couriers
    )
    hour = "" if asked.hour is None else f", at {asked.hour}:00 where seen then"
    said = (
        f"{speeds.length_share:.1%} of the streets by length have speeds from tracks{hour}, the others the mode's; "
        + ", ".join(f"{what}: {number:,}" for what, number in speeds.counts.items())
    )
    timed = reach.with_track_speeds(network, speeds, hour=asked.hour)
    return dataclasses.replace(inputs, network=timed), (
        said,
        *_of_sample(sample, "couriers", "were followed for speeds"),
    )


def find_about_streets(
    given: Given, samples: Samples, *, met: Sequence[pd.DataFrame], said: tuple[str, ...]
) -> Streets | None:
    """Put together what is to be known of the streets; None where reach is by straight lines."""
    study, inputs, places, demanded = given.study, given.inputs, given.places, given.demanded
    network = inputs.network
    if network is None:
        return None
    completeness, on_route, k = None, None, least_couriers(study)
    if samples.of_fixes is not None and inputs.zones is not None:
        completeness, more = off_streets(samples.of_fixes, network, inputs.zones, k=k)
        said += more
    if samples.of_couriers is not None and study.on_route is not None:
        on_route, more = find_on_route(study, study.on_route, samples.of_couriers, network, places, k=k)
        said += more
    return Streets(
        places=pd.concat(met, ignore_index=True),
        zones=completeness,
        on_route=on_route,
        limit_m=OFF_STREET_M,
        sentences=(*_about_demand(study, network, places, demanded.inside), *said),
    )


def _about_demand(study: Study, network: reach.Network, places: Places, demand: pd.DataFrame) -> tuple[str, ...]:
    """Say how far the demand in the zones is from stations, from streets, and from where the street data ends."""
    weight = demand.groupby("cell")[study.demand_weight].sum()
    nearest = reach.nearest_over_streets(
        places.counted, network, cells=weight.index.to_numpy(dtype=np.uint64), direction=study.reach.direction,
        access=places.access, **way_options(study),
    )  # fmt: skip
    met = nearest.cells.table
    within_m = span_m(study, network)
    near = reach.near_border(met["point_lon"], met["point_lat"], network, within_m=within_m)

    def share(which: npt.NDArray[np.bool_]) -> float:
        total = float(weight.sum())
        return float(weight.to_numpy()[which].sum()) / total if total > 0 else math.nan

    lost, island = (met["edge"] < 0).to_numpy(), met["island"].to_numpy()
    off = f"more than {nearest.cells.limit_m:g} m from every street that may be used"
    ends = f"within {within_m:,.0f} m of where the street data ends, as far as one gets within the cutoff at most"
    how_far = () if places.counted.empty else _how_far(nearest.table, weight)
    return (
        *how_far,
        f"{share(lost):.1%} of demand in the zones is {off}, by its cell's centre: no station reaches it",
        f"{share(island):.1%} of it meets streets which lead nowhere else",
        f"{share(near):.1%} of it lies {ends}: what is there beyond is not known, and its coverage may be too low",
    )


def _how_far(nearest: pd.DataFrame, weight: pd.Series[float]) -> tuple[str, ...]:
    """Say how far the nearest station is, beyond the cutoff too; nothing where there is no demand."""
    if not weight.sum() > 0:
        return ()
    minutes = nearest.set_index("cell")["impedance_s"].reindex(weight.index).fillna(math.inf) / 60.0
    order = np.argsort(minutes.to_numpy(), kind="stable")
    share, ascending = weight.to_numpy()[order].cumsum() / weight.sum(), minutes.to_numpy()[order]
    half, most = (float(ascending[share >= part * (1.0 - _ROUNDING)][0]) for part in (0.5, 0.9))
    never = float(weight[np.isinf(minutes.to_numpy())].sum() / weight.sum())
    said = (
        f"half of the demand in the zones is within {half:.1f} min of its nearest station, nine in ten within "
        f"{most:.1f} min, by cells' centres; {never:.1%} reaches none at any distance"
    )
    return (said,)
